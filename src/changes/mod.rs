//! What each change says and does: plain facts that follow from object ids alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::manifests::{self, ObjectKind};
use crate::parallel;
pub use crate::repository::{
    Commit, EditKind, Entry, FileEdit, Gap, GapAbout, MergeContent, Obstacle, ParseStatus, Signature, SignatureKind,
};
use crate::repository::{RawArrival, RawCommit, Reader, Repository};
use crate::text::{BlobId, CommitId, RepoPath};

/// Arrivals in one piece of work: neighbours share trees, so a piece should hold many, and threads should end together.
const PIECE: usize = 512;

/// One arrival on the audited branch: one step of its first-parent chain. The unit of audit.
#[derive(Clone, Debug)]
pub struct Change {
    /// The commit on the first-parent chain.
    pub commit: Commit,
    /// Commits that became reachable only through this change's other parents, parents before children.
    pub side_commits: Vec<Commit>,
}

impl Change {
    /// The id of the change: that of its commit.
    #[must_use]
    pub fn id(&self) -> CommitId {
        self.commit.id
    }

    /// Its own commit and its side commits.
    pub fn commits(&self) -> impl Iterator<Item = &Commit> {
        std::iter::once(&self.commit).chain(&self.side_commits)
    }
}

/// Reads every change of a history, in parallel, oldest first.
///
/// `wants_kinds` says for which paths the kinds of Kubernetes objects are needed; `advance` is called once per change.
#[must_use]
pub fn collect(
    repository: &Repository,
    arrivals: Vec<RawArrival>,
    wants_kinds: &(dyn Fn(&RepoPath) -> bool + Sync),
    advance: &(dyn Fn() + Sync),
) -> Vec<Change> {
    parallel::map(
        arrivals,
        PIECE,
        || Extraction::new(repository, wants_kinds),
        |extraction, arrival| {
            let change = Change {
                commit: extraction.commit(&arrival.commit),
                side_commits: arrival.side_commits.iter().map(|commit| extraction.commit(commit)).collect(),
            };
            advance();
            change
        },
    )
}

/// One thread's reading, with what it has learnt about blobs.
pub struct Extraction<'a> {
    reader: Reader,
    wants_kinds: &'a (dyn Fn(&RepoPath) -> bool + Sync),
    kinds: BTreeMap<BlobId, Arc<[ObjectKind]>>,
    kind_sets: BTreeMap<Vec<ObjectKind>, Arc<[ObjectKind]>>,
}

impl<'a> Extraction<'a> {
    /// A reading that has learnt nothing yet.
    #[must_use]
    pub fn new(repository: &Repository, wants_kinds: &'a (dyn Fn(&RepoPath) -> bool + Sync)) -> Self {
        Self { reader: repository.reader(), wants_kinds, kinds: BTreeMap::new(), kind_sets: BTreeMap::new() }
    }

    /// Its way into the repository.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// Takes a commit apart, compares it with its first parent and looks into the files.
    #[must_use]
    pub fn commit(&mut self, raw: &RawCommit) -> Commit {
        let mut commit = self.reader.commit(raw);
        let mut gaps = Vec::new();
        for edit in &mut commit.file_edits {
            let Some(blob) = content(edit).filter(|_| (self.wants_kinds)(&edit.path)) else { continue };
            match self.kinds(blob) {
                Ok(kinds) => edit.kinds = Some(kinds),
                Err(reason) => {
                    gaps.push(Gap { about: GapAbout::Content, reason: format!("{}: {reason}", edit.path.to_text()).into() });
                }
            }
        }
        commit.gaps.extend(gaps);
        commit
    }

    fn kinds(&mut self, blob: BlobId) -> Result<Arc<[ObjectKind]>, String> {
        if let Some(kinds) = self.kinds.get(&blob) {
            return Ok(kinds.clone());
        }
        let found = self.reader.with_blob(blob, manifests::scan)?;
        let shared = match self.kind_sets.get(&found) {
            Some(shared) => shared.clone(),
            None => self.kind_sets.entry(found.clone()).or_insert(found.into()).clone(),
        };
        self.kinds.insert(blob, shared.clone());
        Ok(shared)
    }
}

/// The regular file whose content tells what an edit is about: after the change, or before a removal.
fn content(edit: &FileEdit) -> Option<BlobId> {
    edit.after.or(edit.before).filter(|entry| matches!(entry.mode, 0o100_644 | 0o100_755)).map(|entry| entry.blob)
}
