//! Evidence files exactly as they were given.

use super::{RenderError, Sink};
use crate::pack::Pack;

/// Writes every evidence file below `raw/`.
///
/// # Errors
///
/// When the sink cannot be written.
pub fn render(pack: &Pack, sink: &dyn Sink) -> Result<(), RenderError> {
    for file in &pack.exports.files {
        let path = format!("raw/{}", file.name);
        sink.file(&path, &mut |out| out.write_all(&file.bytes).map_err(|error| RenderError::write(&path, error)))?;
    }
    Ok(())
}
