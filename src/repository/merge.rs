//! What a merge commit holds that none of its parents has, beyond what an automatic merge gives.

use std::sync::Arc;

use super::commit::MergeContent;
use super::tree_diff::{Differing, Entries, MAX_DEPTH, RawEntry, is_same};
use super::{Reader, git_id, own_id};
use crate::text::{BlobId, CommitId, RepoPath, TreeId};

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
        let [ours, theirs] = *parents else {
            let reason = format!("a merge of {} parents has no automatic merge to compare with: look by hand", parents.len());
            content.unexplained = found.into_iter().map(|path| (path, reason.as_str().into())).collect();
            return;
        };
        let base = self.merge_base(ours, theirs);
        self.hold_against_automatic_merge(tree, base, [ours, theirs], found, content);
    }

    /// Tells for each path whether the merge has what an automatic merge of two parents has.
    pub(super) fn hold_against_automatic_merge(
        &mut self,
        tree: TreeId,
        base: Option<CommitId>,
        [ours, theirs]: [CommitId; 2],
        found: Vec<RepoPath>,
        content: &mut MergeContent,
    ) {
        let (by_file, rest) = self.merge_by_file(tree, base, ours, theirs, found);
        content.automatic = by_file.automatic;
        content.unexplained = by_file.unexplained;
        if rest.is_empty() {
            return;
        }
        match self.automatic_merge(base, ours, theirs) {
            Ok(automatic) => self.hold_against(&automatic, tree, rest, content),
            Err(reason) => content.undecided = Some(reason.into()),
        }
    }

    fn hold_against(&mut self, automatic: &AutomaticMerge, tree: TreeId, paths: Vec<RepoPath>, content: &mut MergeContent) {
        for path in paths {
            let merged = self.tree_entry(automatic.tree, &path);
            if automatic.conflicts.contains(&path) {
                content.unexplained.push((path, BY_HAND.into()));
            } else if merged == self.tree_entry(git_id(tree.0), &path) {
                content.automatic += 1;
            } else {
                content.unexplained.push((path, DIFFERS.into()));
            }
        }
        content.unexplained.sort();
    }

    /// Decides the files that both parents, their merge base and the merge have: there no rename can matter, so the
    /// merge of three texts is the automatic merge. Gives back the others.
    fn merge_by_file(
        &mut self,
        tree: TreeId,
        base: Option<CommitId>,
        ours: CommitId,
        theirs: CommitId,
        found: Vec<RepoPath>,
    ) -> (MergeContent, Vec<RepoPath>) {
        let mut content = MergeContent::default();
        let Some(base) = base else { return (content, found) };
        let roots = [base, ours, theirs].map(|commit| self.tree_of(commit));
        let [Ok(base), Ok(ours), Ok(theirs)] = roots else { return (content, found) };
        let mut rest = Vec::new();
        for path in found {
            match self.merge_file(&path, [base, ours, theirs, tree]) {
                Some(ByFile::Automatic) => content.automatic += 1,
                Some(ByFile::Differs) => content.unexplained.push((path, DIFFERS.into())),
                Some(ByFile::Conflict) => content.unexplained.push((path, BY_HAND.into())),
                None => rest.push(path),
            }
        }
        (content, rest)
    }

    /// `None` unless all four trees (base, ours, theirs, merge) have a small regular file of the same mode at the path.
    fn merge_file(&mut self, path: &RepoPath, trees: [TreeId; 4]) -> Option<ByFile> {
        let entries = trees.map(|tree| self.entry_at(git_id(tree.0), path));
        let [Some(base), Some(ours), Some(theirs), Some(merge)] = entries else { return None };
        let is_file = |mode: u32| mode & 0o170_000 == 0o100_000;
        if [base, ours, theirs, merge].iter().any(|(_, mode)| !is_file(*mode) || *mode != merge.1) {
            return None;
        }
        let mut text = |id: gix::ObjectId| self.blob(BlobId(own_id(&id))).ok();
        let (base, ours, theirs, merge) = (text(base.0)?, text(ours.0)?, text(theirs.0)?, text(merge.0)?);
        if [&base, &ours, &theirs].iter().any(|text| text.contains(&0)) {
            return None;
        }
        let mut result = Vec::new();
        let resolution = gix::merge::blob::builtin_driver::text(
            &mut result,
            &mut gix::diff::blob::InternedInput::default(),
            gix::merge::blob::builtin_driver::text::Labels::default(),
            &ours,
            &base,
            &theirs,
            gix::merge::blob::builtin_driver::text::Options::default(),
        );
        Some(if resolution == gix::merge::blob::Resolution::Conflict {
            ByFile::Conflict
        } else if *result == *merge {
            ByFile::Automatic
        } else {
            ByFile::Differs
        })
    }

    /// Merges in memory; without a single merge base gix finds or makes one.
    pub(super) fn automatic_merge(
        &mut self,
        base: Option<CommitId>,
        ours: CommitId,
        theirs: CommitId,
    ) -> Result<AutomaticMerge, String> {
        let trees = base.map(|base| [base, ours, theirs].map(|commit| self.tree_of(commit)));
        let repo = self.merging_repository();
        let failed = |error: gix::Error| format!("the automatic merge could not be made: {error}");
        let options = repo.tree_merge_options().map_err(failed)?;
        let labels = gix::merge::blob::builtin_driver::text::Labels::default();
        let mut outcome = if let Some([Ok(base), Ok(ours), Ok(theirs)]) = trees {
            repo.merge_trees(git_id(base.0), git_id(ours.0), git_id(theirs.0), labels, options).map_err(failed)?
        } else {
            let options = gix::merge::commit::Options::from(options).with_allow_missing_merge_base(true);
            repo.merge_commits(git_id(ours.0), git_id(theirs.0), labels, options).map_err(failed)?.tree_merge
        };
        let conflicts =
            outcome.conflicts.iter().filter(|conflict| conflict.is_unresolved(gix::merge::tree::TreatAsUnresolved::git()));
        let conflicts = conflicts.flat_map(|conflict| {
            let (ours, theirs) = conflict.changes_in_resolution();
            [RepoPath::new(ours.location()), RepoPath::new(theirs.location())]
        });
        let conflicts = conflicts.collect();
        let tree = outcome.tree.write().map_err(failed)?.detach();
        Ok(AutomaticMerge { tree, conflicts })
    }

    /// A view whose new objects stay in memory, those of the merge before forgotten; what it has read it keeps.
    fn merging_repository(&mut self) -> &gix::Repository {
        let repo = self.merged.get_or_insert_with(|| {
            let mut repo = self.repo.clone().with_object_memory();
            repo.objects.ignore_replacements = true;
            repo
        });
        repo.objects.reset_object_memory();
        repo
    }

    /// The id and mode at a path.
    fn entry_at(&mut self, tree: gix::ObjectId, path: &RepoPath) -> Option<(gix::ObjectId, u32)> {
        let length = self.id_length();
        let mut at = (tree, 0o040_000);
        for part in path.as_bytes().split(|byte| *byte == b'/') {
            let bytes = self.tree(&at.0).ok()?;
            let entry = Entries::new(&bytes, length).find(|entry| entry.name == part)?;
            at = (gix::ObjectId::try_from(entry.id).ok()?, entry.mode);
        }
        Some(at)
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

const BY_HAND: &str = "both sides changed it; the conflict was resolved by hand";
const DIFFERS: &str = "differs from an automatic merge of the parents";

/// How a file of a merge stands to the automatic merge of three texts.
enum ByFile {
    Automatic,
    Differs,
    Conflict,
}

pub(super) struct AutomaticMerge {
    pub tree: gix::ObjectId,
    pub conflicts: std::collections::BTreeSet<RepoPath>,
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
        if parents.contains(&merge) {
            return;
        }
        if depth > MAX_DEPTH {
            let folder = String::from_utf8_lossy(&self.path).into_owned();
            self.trouble.get_or_insert(format!("folder {folder}: nested too deep to be looked at"));
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

    fn read(&mut self, id: Option<gix::ObjectId>) -> Option<Arc<[u8]>> {
        let Some(id) = id else { return Some(Arc::default()) };
        match self.reader.tree(&id) {
            Ok(bytes) => Some(bytes),
            Err(reason) => {
                self.trouble.get_or_insert(reason);
                None
            }
        }
    }

    /// Only what differs from the first parent can differ from all of them.
    fn compare(&mut self, merged: &[u8], sides: &[Arc<[u8]>], depth: usize) {
        let length = self.reader.id_length();
        let Some((first, others)) = sides.split_first() else { return };
        for (in_first, in_merge) in Differing::new(first, merged, length) {
            let Some(name) = in_first.or(in_merge).map(|entry| entry.name) else { continue };
            let named = |tree| Entries::new(tree, length).find(|entry| entry.name == name);
            let is_other_kind = |entry: RawEntry<'_>| in_merge.is_some_and(|merged| merged.is_tree() != entry.is_tree());
            // A file that became a folder stands in another place of the tree: it comes twice and counts once. Whatever
            // else has a name twice, which no tree should, is looked at each time.
            if in_first.is_none() && named(first).is_some_and(is_other_kind) {
                continue;
            }
            let (in_first, in_merge) = (in_first.or_else(|| named(first)), in_merge.or_else(|| named(merged)));
            let in_others = others.iter().map(|side| named(side));
            let in_sides: Vec<Option<RawEntry<'_>>> = std::iter::once(in_first).chain(in_others).collect();
            self.entry(name, in_merge, &in_sides, depth);
        }
    }

    fn entry(&mut self, name: &[u8], merged: Option<RawEntry<'_>>, sides: &[Option<RawEntry<'_>>], depth: usize) {
        if sides.iter().any(|side| is_same(*side, merged)) {
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
