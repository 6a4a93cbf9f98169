//! What each commit says and changes: plain facts that follow from object ids alone.

use std::sync::Arc;

use crate::manifests::ObjectKind;
use crate::text::{BlobId, CommitId, Moment, Person, RepoPath, Text, TreeId};

/// One arrival on the audited branch: one step of its first-parent chain. The unit of audit.
#[derive(Clone, Debug)]
pub struct Change {
    /// The commit on the first-parent chain.
    pub commit: Commit,
    /// Commits that became reachable only through this change's other parents, oldest first.
    pub side_commits: Vec<Commit>,
}

impl Change {
    /// The id of the change: that of its commit.
    #[must_use]
    pub fn id(&self) -> CommitId {
        self.commit.id
    }
}

/// One commit with its difference to its first parent.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// Its root tree.
    pub tree: TreeId,
    /// Its parents in order; empty for a root commit.
    pub parents: Box<[CommitId]>,
    /// Who wrote it, as written, and when they say.
    pub author: Signature,
    /// Who committed it, as written, and when they say.
    pub committer: Signature,
    /// The whole message, decoded by its `encoding` header; not trimmed.
    pub message: Text,
    /// Which kind of signature the commit carries; nothing is verified here.
    pub signed: Option<SignatureKind>,
    /// Paths that differ from the first parent (from the empty tree for a root commit), sorted by path.
    pub file_edits: Box<[FileEdit]>,
    /// How many paths the tree comparison found before renames were paired.
    pub paths_changed: u32,
    /// What the merge holds that an automatic merge would not; only for commits with two parents or more.
    pub merge: Option<Box<MergeContent>>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl Commit {
    /// The first line of the message.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.message.value.trim_start().lines().next().unwrap_or("").trim_end()
    }
}

/// A name, an address and a time, as written in a commit header.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The person as written.
    pub person: Arc<Person>,
    /// The time as written.
    pub when: Moment,
}

/// The format of a commit's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureKind {
    /// `-----BEGIN PGP SIGNATURE-----`
    OpenPgp,
    /// `-----BEGIN SSH SIGNATURE-----`
    Ssh,
    /// `-----BEGIN SIGNED MESSAGE-----`
    X509,
    /// Anything else.
    Unknown,
}

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EditKind {
    /// The path is new.
    Added,
    /// Content or executable bit changed.
    Modified,
    /// The path is gone.
    Removed,
    /// The path is new and another one with the same or similar content is gone.
    Renamed,
    /// File, symbolic link or submodule became another of these.
    TypeChanged,
}

impl EditKind {
    /// The letter git uses for it: `A M D R T`.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Modified => 'M',
            Self::Removed => 'D',
            Self::Renamed => 'R',
            Self::TypeChanged => 'T',
        }
    }
}

/// One path added, removed, modified or renamed by a commit against its first parent.
#[derive(Clone, Debug)]
pub struct FileEdit {
    /// What happened.
    pub kind: EditKind,
    /// The path after the change, or the removed path.
    pub path: RepoPath,
    /// The path before, for a rename.
    pub old_path: Option<RepoPath>,
    /// The entry before; `None` for an added path.
    pub before: Option<Entry>,
    /// The entry after; `None` for a removed path.
    pub after: Option<Entry>,
    /// The kinds of Kubernetes objects in the file (after the change, or before it for a removed path);
    /// `None` when the content was not looked at.
    pub kinds: Option<Arc<[ObjectKind]>>,
}

/// One entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The blob, or for a submodule the commit it points to.
    pub blob: BlobId,
    /// The canonical mode: 0o100644, 0o100755, 0o120000 or 0o160000.
    pub mode: u32,
}

/// What a merge commit holds that none of its parents has.
#[derive(Clone, Debug, Default)]
pub struct MergeContent {
    /// Paths whose content differs from every parent's and from the automatic merge of them, with the reason.
    pub unexplained: Vec<(RepoPath, Box<str>)>,
    /// Paths whose content differs from every parent's and equals the automatic merge.
    pub automatic: u32,
    /// Why it could not be decided, if so.
    pub undecided: Option<Box<str>>,
}

/// Something that should have been readable and was not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What it was about.
    pub about: GapAbout,
    /// One sentence that names the object or place.
    pub reason: Box<str>,
}

/// What a gap is about, so that checks know whether they are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapAbout {
    /// The commit object itself.
    Commit,
    /// Which paths changed.
    FileEdits,
    /// The content of a file.
    Content,
    /// Review notes.
    Notes,
    /// What a merge adds.
    MergeContent,
}
