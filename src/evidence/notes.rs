//! Notes on a change or its side commits, handed to the source that knows their reference.

use std::sync::Arc;

use crate::repository::{Note, Notes};
use crate::text::CommitId;

use super::{Citation, Claim, Evidence, Grade, Place, Source, appraise, gerrit};

/// One note ready to be read.
pub(super) struct NoteRecord<'a> {
    /// The commit it is on.
    pub commit: CommitId,
    /// The notes reference.
    pub reference: &'a Arc<str>,
    /// The text.
    pub text: &'a str,
}

impl NoteRecord<'_> {
    /// A claim that anyone who could write the notes reference could have written.
    pub fn claim<T>(&self, value: T, place: Place) -> Claim<T> {
        let source = Source::Note(self.reference.clone(), self.commit);
        Claim { value, grade: Grade::Asserted, citation: Citation { source, place } }
    }
}

type NoteSource = fn(&NoteRecord<'_>, &mut Evidence);

/// Every source of notes, by its reference.
const SOURCES: &[(&str, NoteSource)] = &[
    ("refs/notes/review", gerrit::read_note),
    ("refs/notes/devtools/reviews", appraise::read_requests),
    ("refs/notes/devtools/discuss", appraise::read_comments),
];

/// Reads the notes on one commit.
pub(super) fn read(commit: CommitId, notes: &Notes, evidence: &mut Evidence) {
    if notes.is_empty() {
        return;
    }
    for Note { reference, text } in notes.get(&commit).into_iter().flatten() {
        if let Some((_, read)) = SOURCES.iter().find(|(name, _)| *name == &**reference) {
            read(&NoteRecord { commit, reference, text: &text.value }, evidence);
        }
    }
}
