//! Git objects become plain owned data. The only module that names gix.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::text::{CommitId, Text};

/// The commits an audit is about: reachable from the end and not from the start.
#[derive(Clone, Debug)]
pub struct AuditRange {
    /// The last change before the period; `None` when the period begins with the history.
    pub start: Option<CommitId>,
    /// The last change of the period.
    pub end: CommitId,
    /// The audited branch as resolved, e.g. `refs/heads/main` or a revision as typed.
    pub branch: String,
    /// What was asked for: `2026-Q1` or `v1..main`.
    pub asked: String,
    /// How start and end were found, one sentence each, for people.
    pub resolution: Vec<String>,
    /// Whether the set of commits was confirmed by walking everything behind the start.
    pub confirmed_by: &'static str,
}

/// Facts about how whole and how trustworthy the object database is.
#[derive(Clone, Debug, Default)]
pub struct Completeness {
    /// `sha1` or `sha256`.
    pub object_format: String,
    /// Each fact that makes the record incomplete, one sentence each; empty when whole.
    pub problems: Vec<String>,
    /// Each fact worth knowing that does not make it incomplete (alternates, bare, worktree, notes present …).
    pub remarks: Vec<String>,
    /// Objects that were needed and are missing or corrupt, as `kind id: reason`.
    pub unreadable_objects: Vec<String>,
}

/// A note on a commit.
#[derive(Clone, Debug)]
pub struct Note {
    /// The notes reference, e.g. `refs/notes/review`.
    pub reference: Arc<str>,
    /// The note's text.
    pub text: Text,
}

/// Every review note of the repository, by the commit it is on.
pub type Notes = BTreeMap<CommitId, Vec<Note>>;
