//! What each change says and does: plain facts that follow from object ids alone.

mod cache;
mod content;
mod extraction;
mod pairing;
mod policy_edits;
mod stored;

use std::sync::Arc;

use crate::parallel;
pub use crate::repository::{
    Commit, EditKind, Entry, FileEdit, Gap, GapAbout, MergeContent, Obstacle, ParseStatus, Signature, SignatureKind,
};
use crate::repository::{RawArrival, Repository};
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
    let sights = Arc::default();
    let changes = parallel::map(
        arrivals,
        PIECE,
        || Extraction::sharing(repository, cache, &sights),
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
