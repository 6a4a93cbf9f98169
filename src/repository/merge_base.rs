//! The best common ancestor of two commits, found over parents that are read once and remembered.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::{Reader, commit, git_id};
use crate::text::CommitId;

/// Parents and dates of this many commits are remembered; then all are forgotten and read again.
const REMEMBERED: usize = 1 << 16;

/// Parents and committer dates met so far.
#[derive(Debug, Default)]
pub(super) struct Ancestry {
    known: BTreeMap<CommitId, (Box<[CommitId]>, i64)>,
}

/// What is known of a commit on the way: reachable from the first one, from the second one, behind a common ancestor.
const OURS: u8 = 1;
const THEIRS: u8 = 2;
const STALE: u8 = 4;

/// What is known of each commit met.
type Colours = BTreeMap<CommitId, u8>;

fn is_open(colours: &Colours, commit: CommitId) -> bool {
    colours.get(&commit).is_some_and(|colour| colour & STALE == 0)
}

impl Reader {
    /// The only best common ancestor; `None` when there are several or none, or a commit cannot be read.
    ///
    /// The search of git's `merge-base`: colours flow from children to parents, newest first, until only what lies
    /// behind a common ancestor is left. A second candidate, which skewed clocks can leave behind, gives `None`.
    pub(super) fn merge_base(&mut self, ours: CommitId, theirs: CommitId) -> Option<CommitId> {
        if ours == theirs {
            return Some(ours);
        }
        let mut colours = Colours::from([(ours, OURS), (theirs, THEIRS)]);
        let mut queue = BinaryHeap::from([(self.links(ours)?.1, ours), (self.links(theirs)?.1, theirs)]);
        let mut common = BTreeSet::new();
        while queue.iter().any(|(_, commit)| is_open(&colours, *commit)) {
            let (_, commit) = queue.pop()?;
            let mut flowing = colours.get(&commit).copied()?;
            if flowing == OURS | THEIRS {
                common.insert(commit);
                flowing |= STALE;
            }
            for parent in self.links(commit)?.0.clone() {
                let had = colours.entry(parent).or_insert(0);
                if *had & flowing != flowing {
                    *had |= flowing;
                    queue.push((self.links(parent)?.1, parent));
                }
            }
        }
        common.retain(|commit| is_open(&colours, *commit));
        if common.len() == 1 { common.pop_first() } else { None }
    }

    /// The parents of a commit; `None` when it is not in this clone.
    pub(super) fn parents_of(&mut self, commit: CommitId) -> Option<&[CommitId]> {
        self.links(commit).map(|(parents, _)| &**parents)
    }

    /// The parents and the committer date of a commit.
    fn links(&mut self, commit: CommitId) -> Option<&(Box<[CommitId]>, i64)> {
        if !self.ancestry.known.contains_key(&commit) {
            let id = git_id(commit.0);
            let bytes = self.object(&id, gix::objs::Kind::Commit).ok()?;
            let links = commit::links(&bytes);
            let shallow = self.is_shallow_boundary(&id);
            let parents = links.parents.into_iter().map(CommitId).filter(|_| !shallow).collect();
            if self.ancestry.known.len() >= REMEMBERED {
                self.ancestry.known.clear();
            }
            self.ancestry.known.insert(commit, (parents, links.committed));
        }
        self.ancestry.known.get(&commit)
    }
}
