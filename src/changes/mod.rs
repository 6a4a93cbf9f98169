//! What each change says and does: plain facts that follow from object ids alone.

mod cache;
mod content;
mod extraction;
mod pairing;
mod policy_edits;
mod stored;

use crate::parallel;
pub use crate::repository::{
    Commit, EditKind, Entry, FileEdit, Gap, GapAbout, MergeContent, Obstacle, ParseStatus, Signature, SignatureKind, Signed,
};
use crate::repository::{RawArrival, RawCommit, Reader, Repository};
use crate::text::CommitId;
pub use cache::FactsCache;
pub use extraction::{Extraction, Trace};

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

/// Reads every change of a history, in parallel, oldest first; `advance` is called once per change.
///
/// What the cache knows is not read again, and what it does not know is kept in it.
#[must_use]
pub fn collect(
    repository: &Repository,
    arrivals: Vec<RawArrival>,
    cache: &FactsCache,
    advance: &(dyn Fn() + Sync),
) -> Vec<Change> {
    let changes = parallel::map(
        arrivals,
        PIECE,
        || Extraction::new(repository, cache),
        |extraction, arrival| {
            let change = Change {
                commit: extraction.commit(&arrival.commit),
                side_commits: arrival.side_commits.iter().map(|commit| extraction.commit(commit)).collect(),
            };
            advance();
            change
        },
    );
    cache.keep(changes.iter().flat_map(Change::commits));
    changes
}

/// Like [`collect`], but no file is looked into: kinds, statuses and policy edits stay empty.
#[must_use]
pub fn collect_without_content(repository: &Repository, arrivals: Vec<RawArrival>) -> Vec<Change> {
    parallel::map(
        arrivals,
        PIECE,
        || repository.reader(),
        |reader, arrival| Change {
            commit: reader.commit(&arrival.commit),
            side_commits: arrival.side_commits.iter().map(|commit| reader.commit(commit)).collect(),
        },
    )
}

/// What [`collect_without_content`] found, as bytes to be kept.
pub(crate) fn without_content_as_bytes(changes: &[Change]) -> Vec<u8> {
    stored::encode_changes(changes).unwrap_or_default()
}

/// The changes out of such bytes; `None` when they or one of the commits cannot be read.
pub(crate) fn recall_without_content(repository: &Repository, bytes: &[u8]) -> Option<Vec<Change>> {
    fn commit(reader: &mut Reader, (id, facts): stored::Known) -> Option<Commit> {
        let raw: RawCommit = reader.raw_commit(id)?;
        let mut commit = reader.outline(&raw);
        match facts.filter(|_| commit.gaps.is_empty()) {
            Some(facts) => facts.complete(&mut commit),
            None => commit = reader.commit(&raw),
        }
        Some(commit)
    }
    let changes = stored::decode_changes(bytes)?;
    let state = || repository.reader();
    let read = parallel::map(changes, PIECE, state, |reader, (own, sides)| {
        let commit_of_chain = commit(reader, own)?;
        let side_commits = sides.into_iter().map(|side| commit(reader, side)).collect::<Option<_>>()?;
        Some(Change { commit: commit_of_chain, side_commits })
    });
    read.into_iter().collect()
}
