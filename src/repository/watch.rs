//! Looking back along a branch: its first-parent chain step by step, and which steps touched a watched path.
//!
//! Nothing is compared but the entries on the way to a watched path, so that years of history cost little.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use gix::objs::Kind;

use super::tree_diff::{Differing, FileEdit, MAX_DEPTH, RawEntry, pair_renames};
use super::{Commit, Gap, RawCommit, Reader, Repository, commit, git_id};
use crate::text::{CommitId, RepoPath, TreeId};

/// One commit of a first-parent chain, with what a comparison with its first parent needs.
#[derive(Debug)]
pub struct Step {
    /// The commit, not yet taken apart.
    pub commit: RawCommit,
    /// Its root tree.
    pub tree: TreeId,
    /// The root tree of its first parent; `None` for a root commit.
    pub before: Option<TreeId>,
    /// Its first parent; `None` for a root commit.
    pub parent: Option<CommitId>,
    /// Whether it has further parents.
    pub is_merge: bool,
}

/// A first-parent chain from a commit back to its root, read as it is asked for.
pub struct FirstParents {
    reader: Reader,
    next: Option<Read>,
    /// Why the chain ended before a root commit, if it did.
    pub cut: Option<String>,
}

/// A commit whose headers were read.
struct Read {
    id: CommitId,
    bytes: Arc<[u8]>,
    tree: TreeId,
    parent: Option<CommitId>,
    is_merge: bool,
}

impl Repository {
    /// The first-parent chain that ends with a commit, newest first.
    #[must_use]
    pub fn first_parents(&self, from: CommitId) -> FirstParents {
        let mut chain = FirstParents { reader: self.reader(), next: None, cut: None };
        chain.next = chain.read(from);
        chain
    }

    /// Every path of a commit's tree with its entry, and the folders that cannot be read.
    ///
    /// # Errors
    ///
    /// One sentence when the commit cannot be read.
    pub fn tree_at(&self, commit: CommitId) -> Result<(Vec<FileEdit>, Vec<Gap>), String> {
        let mut reader = self.reader();
        let tree = reader.tree_of(commit)?;
        let difference = reader.tree_difference(None, Some(tree));
        Ok((difference.edits, difference.gaps))
    }
}

impl FirstParents {
    /// A commit of the chain; `None` ends the chain and says why.
    fn read(&mut self, id: CommitId) -> Option<Read> {
        let boundary = self.reader.is_shallow_boundary(&git_id(id.0));
        let bytes = match self.reader.object(&git_id(id.0), Kind::Commit) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.cut = Some(reason);
                return None;
            }
        };
        let Some(tree) = commit::tree(&bytes) else {
            self.cut = Some(format!("commit {id}: has no readable tree header"));
            return None;
        };
        if boundary {
            self.cut = Some(format!("commit {id}: its parent is not in this shallow clone"));
            return None;
        }
        let parents = commit::links(&bytes).parents;
        let parent = parents.first().copied().map(CommitId);
        Some(Read { id, bytes, tree: TreeId(tree), parent, is_merge: parents.len() > 1 })
    }
}

impl Iterator for FirstParents {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let now = self.next.take()?;
        let before = match now.parent {
            None => None,
            Some(parent) => {
                self.next = self.read(parent);
                match &self.next {
                    Some(parent) => Some(parent.tree),
                    // The parent ends the chain; its tree may still be there to compare with.
                    None => self.reader.tree_of(parent).ok().or(Some(now.tree)),
                }
            }
        };
        let Read { id, bytes, tree, parent, is_merge } = now;
        Some(Step { commit: RawCommit { id, bytes }, tree, before, parent, is_merge })
    }
}

impl Reader {
    /// Takes the commit of a step apart and compares it with its first parent; what a merge adds is not looked for.
    #[must_use]
    pub fn compare_step(&mut self, step: &Step) -> Commit {
        let mut commit = commit::parse(step.commit.id, &step.commit.bytes, &mut self.people);
        let difference = self.tree_difference(step.before, Some(step.tree));
        commit.file_edits = pair_renames(difference.edits).into();
        commit.gaps.extend(difference.gaps);
        commit
    }

    /// Whether a watched path differs between two trees; a folder that cannot be read counts as one that differs.
    #[must_use]
    pub fn touches<V>(&mut self, before: Option<TreeId>, after: TreeId, watched: &BTreeMap<RepoPath, V>) -> bool {
        let mut watch = Watch { reader: self, watched, path: Vec::new() };
        watch.descend(before.map(|tree| git_id(tree.0)), Some(git_id(after.0)), 0)
    }
}

struct Watch<'a, V> {
    reader: &'a mut Reader,
    watched: &'a BTreeMap<RepoPath, V>,
    path: Vec<u8>,
}

impl<V> Watch<'_, V> {
    fn descend(&mut self, before: Option<gix::ObjectId>, after: Option<gix::ObjectId>, depth: usize) -> bool {
        if before == after {
            return false;
        }
        if depth > MAX_DEPTH {
            return true;
        }
        let mut read = |id: Option<gix::ObjectId>| id.map_or_else(|| Ok(Arc::default()), |id| self.reader.tree(&id));
        let (Ok(left), Ok(right)) = (read(before), read(after)) else { return true };
        self.compare(&left, &right, depth)
    }

    fn compare(&mut self, left: &[u8], right: &[u8], depth: usize) -> bool {
        let id_length = self.reader.id_length();
        let mut differing = Differing::new(left, right, id_length);
        differing.by_ref().any(|(old, new)| self.pair(old, new, depth)) || differing.is_malformed()
    }

    fn pair(&mut self, old: Option<RawEntry<'_>>, new: Option<RawEntry<'_>>, depth: usize) -> bool {
        let Some(name) = old.or(new).map(|entry| entry.name) else { return false };
        let length = self.path.len();
        self.path.extend_from_slice(name);
        let tree = |entry: Option<RawEntry<'_>>| {
            entry.filter(|entry| entry.is_tree()).and_then(|entry| gix::ObjectId::try_from(entry.id).ok())
        };
        let (old_tree, new_tree) = (tree(old), tree(new));
        let hit = if old_tree.is_some() || new_tree.is_some() {
            self.path.push(b'/');
            self.is_watched_below() && self.descend(old_tree, new_tree, depth + 1)
        } else {
            self.watched.contains_key(self.path.as_slice())
        };
        self.path.truncate(length);
        hit
    }

    fn is_watched_below(&self) -> bool {
        let from = (Bound::Included(self.path.as_slice()), Bound::Unbounded);
        let next = self.watched.range::<[u8], _>(from).next();
        next.is_some_and(|(path, _)| path.as_bytes().starts_with(&self.path))
    }
}
