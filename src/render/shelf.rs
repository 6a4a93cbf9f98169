//! Files of a pack in memory, for tests to look at.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use super::{RenderError, Renderer, Sink};
use crate::pack::Pack;

/// Files in memory, by path.
pub struct Shelf(pub BTreeMap<String, Vec<u8>>);

impl Shelf {
    /// What one renderer makes of a pack.
    pub fn of(pack: &Pack, renderer: Renderer) -> Self {
        let filling = Filling::default();
        renderer(pack, &filling).expect("memory can be written");
        Self(filling.0.into_inner().expect("no thread panicked"))
    }

    /// The text of one file.
    pub fn text(&self, path: &str) -> &str {
        std::str::from_utf8(&self.0[path]).expect("files are UTF-8")
    }
}

/// Files on their way into memory.
#[derive(Default)]
struct Filling(Mutex<BTreeMap<String, Vec<u8>>>);

impl Sink for Filling {
    fn file(&self, path: &str, write: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), RenderError>) -> Result<(), RenderError> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        self.0.lock().expect("no thread panicked").insert(path.to_owned(), bytes);
        Ok(())
    }
}
