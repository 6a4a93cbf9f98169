//! What a step does to lines, wherever it stands: two commits with the same patch say the same after a rebase or a squash.

use std::sync::Arc;

use gix::diff::blob::{Algorithm, Diff, InternedInput};
use sha2::{Digest as _, Sha256};

use super::{Entry, Reader, commit, git_id};
use crate::text::{CommitId, Person, TreeId};

/// The hash of a patch: its paths, modes and changed lines, without the places of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PatchId([u8; 32]);

impl Reader {
    /// The root tree of a commit; `None` when it is not in this clone.
    pub fn root_tree(&mut self, commit: CommitId) -> Option<TreeId> {
        self.tree_of(commit).ok()
    }

    /// Who wrote and who committed a commit, as written; `None` when it is not in this clone.
    pub fn author_and_committer(&mut self, commit: CommitId) -> Option<(Arc<Person>, Arc<Person>)> {
        let bytes = self.object(&git_id(commit.0), gix::objs::Kind::Commit).ok()?;
        let commit = commit::parse(commit, &bytes, &mut self.people);
        Some((commit.author.person, commit.committer.person))
    }

    /// The only best common ancestor of two commits.
    pub fn common_ancestor(&mut self, ours: CommitId, theirs: CommitId) -> Option<CommitId> {
        self.merge_base(ours, theirs)
    }

    /// A commit's first parent: `Some(None)` for a root, `None` when the commit is not in this clone.
    pub fn first_parent_of(&mut self, commit: CommitId) -> Option<Option<CommitId>> {
        self.parents_of(commit).map(|parents| parents.first().copied())
    }

    /// The patch from one commit's tree to another's; `None` when a part of it cannot be read.
    pub fn patch(&mut self, from: Option<CommitId>, to: CommitId) -> Option<PatchId> {
        let before = match from {
            Some(from) => Some(self.tree_of(from).ok()?),
            None => None,
        };
        let after = self.tree_of(to).ok()?;
        let difference = self.tree_difference(before, Some(after));
        if !difference.gaps.is_empty() {
            return None;
        }
        let mut hash = Sha256::new();
        for edit in &difference.edits {
            hash.update((edit.path.as_bytes().len() as u64).to_le_bytes());
            hash.update(edit.path.as_bytes());
            let mode = |entry: Option<Entry>| entry.map_or(0, |entry| entry.mode).to_le_bytes();
            hash.update([mode(edit.before), mode(edit.after)].concat());
            self.hash_lines(&mut hash, edit.before, edit.after)?;
        }
        Some(PatchId(hash.finalize().into()))
    }

    fn hash_lines(&mut self, hash: &mut Sha256, before: Option<Entry>, after: Option<Entry>) -> Option<()> {
        /// A pointer to a commit of another repository; it has no lines.
        const SUBMODULE: u32 = 0o160_000;
        if [before, after].into_iter().flatten().any(|entry| entry.mode == SUBMODULE) {
            for entry in [before, after] {
                hash.update([u8::from(entry.is_some())]);
                if let Some(entry) = entry {
                    hash.update(entry.blob.0.as_bytes());
                }
            }
            return Some(());
        }
        let mut content = |entry: Option<Entry>| entry.map_or(Ok(Arc::from(&b""[..])), |entry| self.blob(entry.blob));
        let (old, new) = (content(before).ok()?, content(after).ok()?);
        let diff = Diff::compute(Algorithm::Histogram, &InternedInput::new(&*old, &*new));
        let (removed, added) = (lines(&old), lines(&new));
        for hunk in diff.hunks() {
            hash_some(hash, b'-', &removed, hunk.before)?;
            hash_some(hash, b'+', &added, hunk.after)?;
        }
        Some(())
    }
}

fn lines(content: &[u8]) -> Vec<&[u8]> {
    content.split_inclusive(|byte| *byte == b'\n').collect()
}

fn hash_some(hash: &mut Sha256, mark: u8, lines: &[&[u8]], range: std::ops::Range<u32>) -> Option<()> {
    let range = usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?;
    for line in lines.get(range)? {
        hash.update([mark]);
        hash.update((line.len() as u64).to_le_bytes());
        hash.update(line);
    }
    Some(())
}
