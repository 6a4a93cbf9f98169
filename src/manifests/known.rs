//! Documents that were read before: versions of a file, and copies of it, repeat most of their documents word for word.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::contents::{ContentGap, Unreadable};
use super::documents::Document;
use super::object::Object;

/// How many documents are remembered; a newcomer takes the slot of whatever stood there.
const SLOTS: usize = 1 << 11;
/// A longer document is not remembered (bytes).
const MAX_TEXT: usize = 32 << 10;
/// How much text is remembered in all (bytes).
const MAX_TEXTS: usize = 8 << 20;

/// What was read of documents, for all threads. It decides nothing: what is recalled is what reading again would give.
#[derive(Debug)]
pub struct KnownDocuments {
    slots: Vec<Mutex<Option<Box<Known>>>>,
    texts: AtomicUsize,
}

#[derive(Debug)]
struct Known {
    line: u32,
    text: Box<[u8]>,
    reading: DocumentReading,
}

/// What reading one document gave.
#[derive(Clone, Debug, Default)]
pub(super) struct DocumentReading {
    /// Its objects.
    pub objects: Arc<[Arc<Object>]>,
    /// What of it could not be read.
    pub gaps: Arc<[ContentGap]>,
    /// How many values it took from the budget of its file.
    pub cost: usize,
}

impl Default for KnownDocuments {
    fn default() -> Self {
        Self { slots: (0..SLOTS).map(|_| Mutex::default()).collect(), texts: AtomicUsize::new(0) }
    }
}

impl KnownDocuments {
    /// What reading a document gave, where the same text was read on the same line.
    pub(super) fn recall(&self, document: &Document<'_>) -> Option<DocumentReading> {
        let slot = self.slot(document)?.lock().unwrap_or_else(PoisonError::into_inner);
        let known = slot.as_ref().filter(|known| known.line == document.line && *known.text == *document.text)?;
        Some(known.reading.clone())
    }

    /// Remembers what reading a document gave, unless it is long, or the budget of its file decided.
    pub(super) fn remember(&self, document: &Document<'_>, reading: &DocumentReading) {
        let ran_out = reading.gaps.iter().any(|gap| gap.reason == Unreadable::OverBudget);
        if document.text.len() > MAX_TEXT || ran_out {
            return;
        }
        let Some(slot) = self.slot(document) else { return };
        // A thread that panicked while it held the lock left a whole entry or none.
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = slot.take() {
            self.texts.fetch_sub(known.text.len(), Ordering::Relaxed);
        }
        let length = document.text.len();
        if self.texts.fetch_add(length, Ordering::Relaxed) + length > MAX_TEXTS {
            self.texts.fetch_sub(length, Ordering::Relaxed);
            return;
        }
        *slot = Some(Box::new(Known { line: document.line, text: document.text.into(), reading: reading.clone() }));
    }

    fn slot(&self, document: &Document<'_>) -> Option<&Mutex<Option<Box<Known>>>> {
        let mut hasher = DefaultHasher::new();
        (document.line, document.text).hash(&mut hasher);
        let hash = usize::try_from(hasher.finish() % SLOTS as u64).ok()?;
        self.slots.get(hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::{read, read_known};

    fn policy(name: &str) -> String {
        format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: {name}\n")
    }

    #[test]
    fn a_second_reading_gives_the_same_as_the_first() {
        let known = KnownDocuments::default();
        let text = format!("{}---\n{}---\nkind: [\napiVersion: v1\n", policy("a"), policy("b"));
        let once = format!("{:?}", read(text.as_bytes(), &|_| true));
        for _ in 0..2 {
            assert_eq!(format!("{:?}", read_known(text.as_bytes(), &|_| true, Some(&known))), once);
        }
        let moved = format!("# one line more\n{}", policy("a"));
        let found = read_known(moved.as_bytes(), &|_| true, Some(&known));
        assert_eq!(found.objects[0].root.line, 2);
    }

    #[test]
    fn only_the_same_text_on_the_same_line_is_recalled() {
        let known = KnownDocuments::default();
        let document = |text: &'static str, line| Document { text: text.as_bytes(), line, is_rest: false };
        known.remember(&document("a: 1", 1), &DocumentReading { cost: 7, ..DocumentReading::default() });
        assert_eq!(known.recall(&document("a: 1", 1)).map(|reading| reading.cost), Some(7));
        assert!(known.recall(&document("a: 1", 2)).is_none() && known.recall(&document("a: 2", 1)).is_none());
    }
}
