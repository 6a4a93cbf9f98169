//! The policy objects as of a commit, and when each last changed.

use crate::evidence::Dossier;
use crate::manifests::Identity;
use crate::policies::Family;
use crate::repository::Gap;
use crate::text::{BlobId, CommitId, RepoPath, Timestamp};

/// Every policy object in the tree of one commit.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The policy objects, sorted by family, identity and path.
    pub policies: Vec<PolicyObject>,
    /// Those that were there at the start of the period or came inside it, and are gone; as they last were.
    pub removed: Vec<PolicyObject>,
    /// Namespaces that have no network policy that denies by default, sorted; what Git says, not what a cluster runs.
    pub without_default_deny: Vec<Box<str>>,
    /// Namespaces without a `pod-security.kubernetes.io/enforce` label, sorted; what Git says, not what a cluster runs.
    pub without_enforce_label: Vec<Box<str>>,
    /// How many policy objects there were at the start of the period.
    pub at_start: usize,
    /// Changes that are named below and lie before the period, with their evidence.
    pub earlier: Vec<Dossier>,
    /// Files that could hold policies and could not be read.
    pub gaps: Vec<Gap>,
}

/// One policy object with its history in short.
#[derive(Clone, Debug)]
pub struct PolicyObject {
    /// Which object.
    pub object: Identity,
    /// Its family.
    pub family: Family,
    /// How strictly it is enforced, as [`crate::policies::enforcement`] says.
    pub enforcement: Box<str>,
    /// Who is exempt, as [`crate::policies::exemptions`] says.
    pub exemptions: Box<[String]>,
    /// The environment of its path.
    pub environment: Option<Box<str>>,
    /// Its file.
    pub path: RepoPath,
    /// The line, from 1, on which it begins.
    pub line: u32,
    /// The content of its file.
    pub blob: BlobId,
    /// The change that brought it.
    pub first_seen: Seen,
    /// The last change that made it say something else, or brought, moved or removed it.
    pub last_changed: Seen,
    /// How many changes of the period edited it.
    pub changes_in_period: u32,
}

/// A change by its commit, with the committer date that it states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The commit on the first-parent chain.
    pub change: CommitId,
    /// Its committer date, when it can be read.
    pub at: Option<Timestamp>,
}
