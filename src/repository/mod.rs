//! Git objects become plain owned data. The only module that names gix.

mod armour;
mod commit;
mod merge;
mod merge_base;
mod merge_drops;
mod notes;
mod open;
mod packs;
mod patch;
mod range;
mod references;
mod reading;
mod signed;
#[cfg(test)]
mod testing;
mod tree_diff;
mod unpacked;
mod walk;
mod watch;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;

pub use armour::ssh_fingerprint;
pub use commit::{Commit, Gap, GapAbout, MergeContent, Signature, SignatureKind, Signed};
pub use open::Quarantine;
pub use range::{Asked, Bound, PeriodName, parse_offset};
pub use references::Reference;
pub use signed::{SignedBytes, SignedTag, Unsigned, from_base64, unarmoured};
pub use tree_diff::{EditKind, Entry, FileEdit, Obstacle, ParseStatus};
pub use walk::{History, RawArrival, RawCommit};
pub use watch::{FirstParents, Step};

use crate::text::{CommitId, ObjectId, Text, TreeId};

/// A repository that was opened for reading, under rules that execute nothing of its configuration.
pub struct Repository {
    shared: gix::ThreadSafeRepository,
    packs: Arc<packs::Packs>,
    git_dir: PathBuf,
    work_tree: Option<PathBuf>,
    completeness: Completeness,
    /// Joins the object folders of a hook; held as long as objects are read.
    _joined: Option<tempfile::TempDir>,
}

/// One thread's view of a repository, with its own caches.
pub struct Reader {
    repo: gix::Repository,
    packs: packs::PackReader,
    unpacked: unpacked::Unpacked,
    people: commit::People,
    recent_trees: VecDeque<(CommitId, TreeId)>,
    shallow: Arc<[gix::ObjectId]>,
    /// The repository with the objects of the last automatic merge in memory; nothing is written to disk.
    merged: Option<gix::Repository>,
    ancestry: merge_base::Ancestry,
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

/// The commits an audit is about: reachable from the end and not from the start.
#[derive(Clone, Debug)]
pub struct AuditRange {
    /// The last change before the period; `None` when the period begins with the history.
    pub start: Option<CommitId>,
    /// How the start stands to the end.
    pub standing: Standing,
    /// The last change of the period.
    pub end: CommitId,
    /// The audited branch as resolved, e.g. `refs/heads/main` or a revision as typed.
    pub branch: String,
    /// What was asked for: `2026-Q1` or `v1..main`.
    pub asked: String,
    /// How start and end were found, one sentence each, for people.
    pub resolution: Vec<String>,
    /// How it is known that the set of commits is exact, one sentence.
    pub confirmed_by: String,
}

/// How the start of a range stands to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The range begins with the history, or with a reference that is new.
    NoStart,
    /// The end was made on top of the start: the start is on the first-parent chain of the end.
    OnChain,
    /// The start is an ancestor of the end, but came in through a merge as a side branch.
    OffChain,
    /// The start is no ancestor of the end.
    NotBehind,
}

/// A note on a commit.
#[derive(Clone, Debug)]
pub struct Note {
    /// The notes reference, e.g. `refs/notes/review`.
    pub reference: Arc<str>,
    /// The note's text.
    pub text: Text,
}

/// Every review note of the range, by the commit it is on.
pub type Notes = BTreeMap<CommitId, Vec<Note>>;

/// Why a repository or a range cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// There is no repository at or above the path.
    #[error("no Git repository at or above {}", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is one, and it cannot be opened.
    #[error("cannot open the Git repository at {}", path.display())]
    Open {
        /// Where it is.
        path: PathBuf,
        /// Why.
        source: gix::Error,
    },
    /// It keeps its references in a format that cannot be read.
    #[error("the repository at {} keeps its references as {format}, which cannot be read", path.display())]
    ReferenceFormat {
        /// Where it is.
        path: PathBuf,
        /// `reftable` or another word.
        format: String,
    },
    /// The branch has no commit yet.
    #[error("the branch {branch} has no commit yet")]
    Unborn {
        /// The branch.
        branch: String,
    },
    /// A revision does not name a commit.
    #[error("`{revision}` does not name a readable commit of this repository: {reason}")]
    Revision {
        /// As typed.
        revision: String,
        /// Why, in gix's words.
        reason: String,
    },
    /// The object folders that a hook names cannot be joined with the repository's.
    #[error("cannot read the objects that a push holds in {}", path.display())]
    Quarantine {
        /// Where they are.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A commit that must be read is missing or corrupt.
    #[error("cannot read commit {commit_id}: {reason}")]
    ReadCommit {
        /// Which.
        commit_id: CommitId,
        /// Why.
        reason: String,
    },
    /// What was asked for holds no change.
    #[error("no change arrived in {asked}")]
    Empty {
        /// What was asked for.
        asked: String,
        /// What the branch holds instead.
        hint: String,
    },
    /// A reference store could not be read.
    #[error("cannot list the references under {prefix}")]
    References {
        /// Which.
        prefix: &'static str,
        /// Why.
        source: gix::Error,
    },
}

fn git_id(id: ObjectId) -> gix::ObjectId {
    // An ObjectId always holds 20 or 32 bytes, so this cannot fall back.
    gix::ObjectId::try_from(id.as_bytes()).unwrap_or_else(|_| gix::ObjectId::null(gix::hash::Kind::Sha1))
}

fn own_id(id: &gix::oid) -> ObjectId {
    // gix ids hold 20 or 32 bytes as well.
    ObjectId::from_bytes(id.as_bytes()).unwrap_or_else(ObjectId::zero)
}
