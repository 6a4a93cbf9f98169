//! What a merge commit holds that none of its parents has, beyond what an automatic merge gives.

use std::rc::Rc;

use super::commit::MergeContent;
use super::tree_diff::{Entries, RawEntry};
use super::{Reader, git_id};
use crate::text::{CommitId, RepoPath, TreeId};

/// Trees nested deeper than this are not descended into.
const MAX_DEPTH: usize = 512;

impl Reader {
    /// Looks for content that is in none of the parents, and holds it against an automatic merge of two parents.
    pub(super) fn merge_content(&mut self, tree: TreeId, parents: &[CommitId]) -> MergeContent {
        let mut content = MergeContent::default();
        let mut parent_trees = Vec::new();
        for parent in parents {
            match self.tree_of(*parent) {
                Ok(tree) => parent_trees.push(Some(git_id(tree.0))),
                Err(reason) => {
                    content.undecided = Some(reason.into());
                    return content;
                }
            }
        }
        let mut search = Search { reader: self, path: Vec::new(), found: Vec::new(), trouble: None };
        search.descend(Some(git_id(tree.0)), &parent_trees, 0);
        let (found, trouble) = (search.found, search.trouble);
        content.undecided = trouble.map(Into::into);
        if !found.is_empty() {
            self.explain(tree, parents, found, &mut content);
        }
        content
    }

    fn explain(&mut self, tree: TreeId, parents: &[CommitId], found: Vec<RepoPath>, content: &mut MergeContent) {
        let [ours, theirs] = parents else {
            let reason = format!("one of {} parents' merge: no automatic merge to compare with, look by hand", parents.len());
            content.unexplained = found.into_iter().map(|path| (path, reason.as_str().into())).collect();
            return;
        };
        match self.automatic_merge(*ours, *theirs) {
            Ok(automatic) => {
                let same = |reader: &mut Self, path: &RepoPath| {
                    let merged = reader.tree_entry(automatic.tree, path);
                    merged == reader.tree_entry(git_id(tree.0), path)
                };
                for path in found {
                    if automatic.conflicts.contains(&path) {
                        content.unexplained.push((path, "both sides changed it; the conflict was resolved by hand".into()));
                    } else if same(self, &path) {
                        content.automatic += 1;
                    } else {
                        content.unexplained.push((path, "differs from an automatic merge of the parents".into()));
                    }
                }
            }
            Err(reason) => content.undecided = Some(reason.into()),
        }
    }

    fn automatic_merge(&mut self, ours: CommitId, theirs: CommitId) -> Result<AutomaticMerge, String> {
        let mut repo = self.repo.clone().with_object_memory();
        repo.objects.ignore_replacements = true;
        let failed = |error: gix::Error| format!("the automatic merge could not be made: {error}");
        let options = repo.tree_merge_options().map_err(failed)?;
        let labels = gix::merge::blob::builtin_driver::text::Labels::default();
        let options = gix::merge::commit::Options::from(options).with_allow_missing_merge_base(true);
        let outcome = repo.merge_commits(git_id(ours.0), git_id(theirs.0), labels, options).map_err(failed)?.tree_merge;
        let conflicts = outcome.conflicts.iter().filter(|conflict| {
            conflict.is_unresolved(gix::merge::tree::TreatAsUnresolved::git())
        });
        let conflicts = conflicts.flat_map(|conflict| {
            let (ours, theirs) = conflict.changes_in_resolution();
            [RepoPath::new(ours.location()), RepoPath::new(theirs.location())]
        });
        let conflicts = conflicts.collect();
        let mut outcome = outcome;
        let tree = outcome.tree.write().map_err(failed)?.detach();
        self.merged = Some(repo);
        Ok(AutomaticMerge { tree, conflicts })
    }

    /// The blob and mode at a path, looked up in the memory of the last automatic merge as well.
    fn tree_entry(&mut self, tree: gix::ObjectId, path: &RepoPath) -> Option<(gix::ObjectId, u16)> {
        let repo = self.merged.as_ref().unwrap_or(&self.repo);
        let tree = repo.find_tree(tree).ok()?;
        let parts = path.as_bytes().split(|byte| *byte == b'/');
        let entry = tree.lookup_entry(parts).ok()??;
        Some((entry.object_id(), entry.mode().value()))
    }
}

struct AutomaticMerge {
    tree: gix::ObjectId,
    conflicts: std::collections::BTreeSet<RepoPath>,
}

/// Descends only where the merge's tree differs from every parent's, as git's combined diff does.
struct Search<'r> {
    reader: &'r mut Reader,
    path: Vec<u8>,
    found: Vec<RepoPath>,
    trouble: Option<String>,
}

impl Search<'_> {
    fn descend(&mut self, merge: Option<gix::ObjectId>, parents: &[Option<gix::ObjectId>], depth: usize) {
        if parents.contains(&merge) || depth > MAX_DEPTH {
            return;
        }
        let Some(merged) = self.read(merge) else { return };
        let mut sides = Vec::new();
        for parent in parents {
            let Some(side) = self.read(*parent) else { return };
            sides.push(side);
        }
        self.compare(&merged, &sides, depth);
    }

    fn read(&mut self, id: Option<gix::ObjectId>) -> Option<Rc<[u8]>> {
        let Some(id) = id else { return Some(Rc::default()) };
        match self.reader.tree(&id) {
            Ok(bytes) => Some(bytes),
            Err(reason) => {
                self.trouble.get_or_insert(reason);
                None
            }
        }
    }

    fn compare(&mut self, merged: &[u8], sides: &[Rc<[u8]>], depth: usize) {
        let length = self.reader.id_length();
        let entries = |bytes| Entries::new(bytes, length).map(|entry| (entry.name, entry)).collect();
        let merged: std::collections::BTreeMap<&[u8], RawEntry<'_>> = entries(merged);
        let sides: Vec<std::collections::BTreeMap<&[u8], RawEntry<'_>>> = sides.iter().map(|side| entries(side)).collect();
        let first = sides.first().into_iter().flat_map(|side| side.keys());
        let names: std::collections::BTreeSet<&[u8]> = merged.keys().chain(first).copied().collect();
        for name in names {
            let in_merge = merged.get(name).copied();
            let in_sides: Vec<Option<RawEntry<'_>>> = sides.iter().map(|side| side.get(name).copied()).collect();
            self.entry(name, in_merge, &in_sides, depth);
        }
    }

    fn entry(&mut self, name: &[u8], merged: Option<RawEntry<'_>>, sides: &[Option<RawEntry<'_>>], depth: usize) {
        let same = |side: &Option<RawEntry<'_>>| match (side, merged) {
            (None, None) => true,
            (Some(side), Some(merged)) => side.id == merged.id && side.mode == merged.mode,
            (None, Some(_)) | (Some(_), None) => false,
        };
        if sides.iter().any(same) {
            return;
        }
        let tree = |entry: Option<RawEntry<'_>>| {
            entry.filter(|entry| entry.is_tree()).and_then(|entry| gix::ObjectId::try_from(entry.id).ok())
        };
        let length = self.path.len();
        self.path.extend_from_slice(name);
        let file = |entry: &Option<RawEntry<'_>>| entry.is_some_and(|entry| !entry.is_tree());
        if file(&merged) || (tree(merged).is_none() && sides.iter().all(file)) {
            self.found.push(RepoPath::new(&self.path));
        }
        let (merged, sides): (_, Vec<_>) = (tree(merged), sides.iter().map(|side| tree(*side)).collect());
        if merged.is_some() || sides.iter().any(Option::is_some) {
            self.path.push(b'/');
            self.descend(merged, &sides, depth + 1);
        }
        self.path.truncate(length);
    }
}
