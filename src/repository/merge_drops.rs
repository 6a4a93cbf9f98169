//! What a merge leaves out: paths at which it keeps one parent's content although only the other parent changed it.
//!
//! Such a merge holds nothing of its own, and still takes changes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::commit::MergeContent;
use super::tree_diff::{Entries, MAX_DEPTH, RawEntry};
use super::{Reader, git_id};
use crate::text::{CommitId, RepoPath, TreeId};

impl Reader {
    /// The paths at which a merge of two parents has what one of them has and an automatic merge would not; each with
    /// the reason.
    ///
    /// # Errors
    ///
    /// One sentence when a tree cannot be read, or an automatic merge cannot be made.
    pub fn left_out_by_merge(&mut self, tree: TreeId, parents: [CommitId; 2]) -> Result<Vec<(RepoPath, Box<str>)>, String> {
        let [ours, theirs] = parents;
        let Some(base) = self.merge_base(ours, theirs) else { return self.left_out_without_base(tree, parents) };
        let [base_tree, our_tree, their_tree] = [self.tree_of(base)?, self.tree_of(ours)?, self.tree_of(theirs)?];
        let root = |tree: TreeId| Some(git_id(tree.0));
        let sides = Sides { base: root(base_tree), ours: root(our_tree), theirs: root(their_tree), merge: root(tree) };
        let mut search = Search { reader: self, path: Vec::new(), found: Vec::new() };
        search.descend(&sides, 0)?;
        let found = search.found;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let mut content = MergeContent::default();
        self.hold_against_automatic_merge(tree, Some(base), parents, found, &mut content);
        content.undecided.map_or(Ok(content.unexplained), |reason| Err(reason.into()))
    }

    /// Several merge bases, or none: only the automatic merge as a whole can tell.
    fn left_out_without_base(
        &mut self,
        tree: TreeId,
        [ours, theirs]: [CommitId; 2],
    ) -> Result<Vec<(RepoPath, Box<str>)>, String> {
        let automatic = self.automatic_merge(None, ours, theirs)?;
        if automatic.tree == git_id(tree.0) && automatic.conflicts.is_empty() {
            return Ok(Vec::new());
        }
        let [our_tree, their_tree] = [self.tree_of(ours)?, self.tree_of(theirs)?];
        let found = self.paths_that_differ(tree, our_tree)?.into_iter().chain(self.paths_that_differ(tree, their_tree)?);
        let found: BTreeSet<RepoPath> = found.collect();
        let mut content = MergeContent::default();
        self.hold_against_automatic_merge(tree, None, [ours, theirs], found.into_iter().collect(), &mut content);
        content.undecided.map_or(Ok(content.unexplained), |reason| Err(reason.into()))
    }

    fn paths_that_differ(&mut self, left: TreeId, right: TreeId) -> Result<Vec<RepoPath>, String> {
        let difference = self.tree_difference(Some(left), Some(right));
        match difference.gaps.into_iter().next() {
            Some(gap) => Err(gap.reason.into()),
            None => Ok(difference.edits.into_iter().map(|edit| edit.path).collect()),
        }
    }
}

/// One folder, as each of the four commits has it.
struct Sides<T> {
    base: T,
    ours: T,
    theirs: T,
    merge: T,
}

impl<T: PartialEq> Sides<T> {
    /// Whether the merge has what one parent has, and not what a change of the other side alone asks for.
    fn is_left_out(&self) -> bool {
        let is_of_a_parent = self.merge == self.ours || self.merge == self.theirs;
        is_of_a_parent && !self.is_taken_over()
    }

    /// Whether the merge has what follows when at most one side changed something.
    fn is_taken_over(&self) -> bool {
        (self.ours == self.theirs && self.merge == self.ours)
            || (self.base == self.ours && self.merge == self.theirs)
            || (self.base == self.theirs && self.merge == self.ours)
    }
}

struct Search<'r> {
    reader: &'r mut Reader,
    path: Vec<u8>,
    found: Vec<RepoPath>,
}

type Folder<'a> = BTreeMap<&'a [u8], RawEntry<'a>>;

impl Search<'_> {
    fn descend(&mut self, sides: &Sides<Option<gix::ObjectId>>, depth: usize) -> Result<(), String> {
        if sides.is_taken_over() {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(format!("folder {}: nested too deep to be looked at", String::from_utf8_lossy(&self.path)));
        }
        let mut read = |id: Option<gix::ObjectId>| -> Result<Arc<[u8]>, String> {
            id.map_or_else(|| Ok(Arc::default()), |id| self.reader.tree(&id))
        };
        let (base, ours, theirs, merge) = (read(sides.base)?, read(sides.ours)?, read(sides.theirs)?, read(sides.merge)?);
        let length = self.reader.id_length();
        let folder = |bytes| Entries::new(bytes, length).map(|entry| (entry.name, entry)).collect::<Folder<'_>>();
        let folders = Sides { base: folder(&base), ours: folder(&ours), theirs: folder(&theirs), merge: folder(&merge) };
        let names = folders.base.keys().chain(folders.ours.keys()).chain(folders.theirs.keys()).chain(folders.merge.keys());
        for name in names.copied().collect::<BTreeSet<&[u8]>>() {
            self.entry(name, &folders, depth)?;
        }
        Ok(())
    }

    fn entry(&mut self, name: &[u8], folders: &Sides<Folder<'_>>, depth: usize) -> Result<(), String> {
        let of = |folder: &Folder<'_>| {
            let entry = folder.get(name)?;
            Some((gix::ObjectId::try_from(entry.id).ok()?, entry.mode, entry.is_tree()))
        };
        let sides =
            Sides { base: of(&folders.base), ours: of(&folders.ours), theirs: of(&folders.theirs), merge: of(&folders.merge) };
        if sides.is_taken_over() {
            return Ok(());
        }
        let length = self.path.len();
        self.path.extend_from_slice(name);
        let all = [sides.base, sides.ours, sides.theirs, sides.merge];
        if all.iter().flatten().any(|(_, _, is_tree)| !is_tree) && sides.is_left_out() {
            self.found.push(RepoPath::new(&self.path));
        }
        let tree = |side: Option<(gix::ObjectId, u32, bool)>| side.filter(|(_, _, is_tree)| *is_tree).map(|(id, _, _)| id);
        let below =
            Sides { base: tree(sides.base), ours: tree(sides.ours), theirs: tree(sides.theirs), merge: tree(sides.merge) };
        self.path.push(b'/');
        let result = self.descend(&below, depth + 1);
        self.path.truncate(length);
        result
    }
}
