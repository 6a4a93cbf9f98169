//! From the pack to named bytes: pages, tables, JSON. Touches no disk, clock or environment.

use std::io;

use crate::pack::Pack;

mod people;
pub(crate) mod columns;
pub mod csv;
pub mod html;
pub mod json;
pub mod reperform;
#[cfg(test)]
pub(crate) mod specimen;

/// Where artifacts go; the pack's writer hashes and stores them, a test keeps them in memory.
pub trait Sink {
    /// Begins a file, by its path inside the pack with `/`, and writes it by calling back.
    ///
    /// # Errors
    ///
    /// Whatever the writer or the callback fails with.
    fn file(
        &mut self,
        path: &str,
        write: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), RenderError>,
    ) -> Result<(), RenderError>;
}

/// A renderer writes its files to the sink, one at a time.
pub type Renderer = fn(&Pack, &mut dyn Sink) -> Result<(), RenderError>;

/// Every renderer by name, in the order in which the pack lists its files.
pub const RENDERERS: &[(&str, Renderer)] =
    &[("html", html::render), ("csv", csv::render), ("json", json::render), ("reperform", reperform::render)];

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
