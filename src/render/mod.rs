//! From the pack to named bytes: pages, tables, JSON. Touches no disk, clock or environment.

use std::io;

use crate::pack::Pack;
use crate::parallel;

mod people;
pub(crate) mod columns;
pub mod csv;
pub mod html;
pub mod json;
pub mod raw;
pub mod reperform;
#[cfg(test)]
mod shelf;
#[cfg(test)]
pub(crate) mod specimen;

/// Where artifacts go, several at a time; the pack's writer hashes and stores them, a test keeps them in memory.
pub trait Sink: Sync {
    /// Begins a file, by its path inside the pack with `/`, and writes it by calling back.
    ///
    /// # Errors
    ///
    /// Whatever the writer or the callback fails with.
    fn file(&self, path: &str, write: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), RenderError>) -> Result<(), RenderError>;
}

/// A renderer writes its files to the sink.
pub type Renderer = fn(&Pack, &dyn Sink) -> Result<(), RenderError>;

/// What is written once the tables have been counted. The tables come first: every page says whether the counts agree.
const AFTER_COUNTING: &[Renderer] = &[html::render, json::render, reperform::render, csv::render_reconciliation, raw::render];

/// Writes everything of a frozen pack but its tables, which were written when it was frozen; several renderers at a time.
///
/// # Errors
///
/// The first failure in the order of the renderers.
pub fn render(pack: &Pack, sink: &dyn Sink) -> Result<(), RenderError> {
    parallel::map(AFTER_COUNTING.to_vec(), 1, || (), |(), renderer| renderer(pack, sink)).into_iter().collect()
}

/// Why a file of the pack could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A page template failed.
    #[error("cannot fill the page {page}")]
    Template {
        /// The page.
        page: String,
        /// Why.
        source: tera::Error,
    },
    /// Writing failed.
    #[error("cannot write {path}")]
    Write {
        /// The file inside the pack.
        path: String,
        /// Why.
        source: io::Error,
    },
}

impl RenderError {
    /// A failure to write a file of the pack.
    fn write(path: &str, source: impl Into<io::Error>) -> Self {
        Self::Write { path: path.to_owned(), source: source.into() }
    }
}
