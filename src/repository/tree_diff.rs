//! The difference of two trees: raw entries side by side, descending only where ids differ.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::commit::{Gap, GapAbout};
use super::{Reader, git_id};
use crate::manifests::ObjectKind;
use crate::text::{BlobId, RepoPath, TreeId};

/// Trees nested deeper than this are not descended into; Git itself has no bound, stacks do.
pub(super) const MAX_DEPTH: usize = 512;

/// What happened to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EditKind {
    /// The path is new.
    Added,
    /// Content or executable bit changed.
    Modified,
    /// The path is gone.
    Removed,
    /// The path is new and another one with the same content is gone.
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
    /// How far the content was read for policies.
    pub parse: ParseStatus,
}

/// How far the content of an edited file was read for policies, before and after the edit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ParseStatus {
    /// By its name it holds no manifests.
    #[default]
    NotLookedAt,
    /// Kinds were looked for and none is a policy, so nothing was parsed.
    Scanned,
    /// Every policy in it was read.
    Parsed,
    /// A part of it, or all, is not what can be read and judged.
    Unreadable(Box<Obstacle>),
}

/// Why a file cannot be read and judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// A few words: `a symbolic link, which is not followed`, `line 12: neither YAML nor JSON`; may quote the file.
    pub reason: Box<str>,
    /// Whether a line shows the kind of a policy, before or after the edit.
    pub shows_policy: bool,
}

/// One entry of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The blob, or for a submodule the commit it points to.
    pub blob: BlobId,
    /// The canonical mode: 0o100644, 0o100755, 0o120000 or 0o160000.
    pub mode: u32,
}

const FILE: u32 = 0o100_644;
const EXECUTABLE: u32 = 0o100_755;
const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;
const TREE: u32 = 0o040_000;

/// An entry of a tree as its bytes have it.
#[derive(Clone, Copy)]
pub(super) struct RawEntry<'a> {
    pub name: &'a [u8],
    pub id: &'a [u8],
    /// Canonical, see [`Entry::mode`], or that of a tree.
    pub mode: u32,
}

impl RawEntry<'_> {
    pub fn is_tree(self) -> bool {
        self.mode == TREE
    }

    fn entry(self) -> Option<Entry> {
        crate::text::ObjectId::from_bytes(self.id).map(|id| Entry { blob: BlobId(id), mode: self.mode })
    }

    /// Git sorts a tree's name as if a slash followed it.
    pub fn compare(self, other: RawEntry<'_>) -> std::cmp::Ordering {
        let common = self.name.len().min(other.name.len());
        let (left, right) = (self.name.get(..common), other.name.get(..common));
        left.cmp(&right).then_with(|| {
            let after = |entry: RawEntry<'_>| entry.name.get(common).copied().or(entry.is_tree().then_some(b'/'));
            after(self).cmp(&after(other)).then_with(|| self.name.len().cmp(&other.name.len()))
        })
    }
}

/// Takes the entries of a tree one by one; stops at the first malformed one and remembers that it did.
pub(super) struct Entries<'a> {
    rest: &'a [u8],
    id_length: usize,
    pub malformed: bool,
}

impl<'a> Entries<'a> {
    pub fn new(bytes: &'a [u8], id_length: usize) -> Self {
        Self { rest: bytes, id_length, malformed: false }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = RawEntry<'a>;

    fn next(&mut self) -> Option<RawEntry<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let Some((entry, rest)) = split_entry(self.rest, self.id_length) else {
            self.malformed = true;
            self.rest = &[];
            return None;
        };
        self.rest = rest;
        Some(entry)
    }
}

/// The entries in which two sorted trees differ, side by side where the name is the same.
pub(super) struct Differing<'a> {
    left: Entries<'a>,
    right: Entries<'a>,
    old: Option<RawEntry<'a>>,
    new: Option<RawEntry<'a>>,
}

impl<'a> Differing<'a> {
    pub fn new(left: &'a [u8], right: &'a [u8], id_length: usize) -> Self {
        Self { left: Entries::new(left, id_length), right: Entries::new(right, id_length), old: None, new: None }
    }

    /// Whether one of the trees ended too early, once there is no more to come.
    pub fn is_malformed(&self) -> bool {
        self.left.malformed || self.right.malformed
    }

    /// Passes over entries that stand side by side and have the same bytes: mostly all but one.
    fn skip_same(&mut self) {
        while let Some((_, rest)) = split_entry(self.left.rest, self.left.id_length) {
            let (left, right) = (self.left.rest, self.right.rest);
            let length = left.len() - rest.len();
            match right.split_at_checked(length) {
                Some((entry, after)) if left.get(..length) == Some(entry) => (self.left.rest, self.right.rest) = (rest, after),
                Some(_) | None => return,
            }
        }
    }
}

impl<'a> Iterator for Differing<'a> {
    type Item = (Option<RawEntry<'a>>, Option<RawEntry<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.old.is_none() && self.new.is_none() {
                self.skip_same();
                (self.old, self.new) = (self.left.next(), self.right.next());
            }
            let order = match (self.old, self.new) {
                (None, None) => return None,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(old), Some(new)) => old.compare(new),
            };
            match order {
                std::cmp::Ordering::Less => return Some((std::mem::replace(&mut self.old, self.left.next()), None)),
                std::cmp::Ordering::Greater => return Some((None, std::mem::replace(&mut self.new, self.right.next()))),
                std::cmp::Ordering::Equal => {
                    let pair = (self.old.take(), self.new.take());
                    if !is_same(pair.0, pair.1) {
                        return Some(pair);
                    }
                }
            }
        }
    }
}

/// Whether two entries have the same content and mode, or there is none on either side.
pub(super) fn is_same(left: Option<RawEntry<'_>>, right: Option<RawEntry<'_>>) -> bool {
    match (left, right) {
        (None, None) => true,
        (Some(left), Some(right)) => left.id == right.id && left.mode == right.mode,
        (None, Some(_)) | (Some(_), None) => false,
    }
}

fn split_entry(bytes: &[u8], id_length: usize) -> Option<(RawEntry<'_>, &[u8])> {
    let mut mode = 0_u32;
    let mut at = 0;
    for byte in bytes.iter().take(8) {
        at += 1;
        match byte {
            b'0'..=b'7' => mode = mode * 8 + u32::from(byte - b'0'),
            b' ' => break,
            _ => return None,
        }
    }
    let rest = bytes.get(at..)?;
    let name_length = rest.iter().position(|byte| *byte == 0)?;
    let name = rest.get(..name_length)?;
    let id = rest.get(name_length + 1..name_length + 1 + id_length)?;
    Some((RawEntry { name, id, mode: canonical(mode) }, rest.get(name_length + 1 + id_length..)?))
}

fn canonical(mode: u32) -> u32 {
    match mode & 0o170_000 {
        TREE => TREE,
        LINK => LINK,
        SUBMODULE => SUBMODULE,
        _ if mode & 0o111 == 0 => FILE,
        _ => EXECUTABLE,
    }
}

/// The paths that differ, sorted by path, before renames are paired.
#[derive(Debug, Default)]
pub(super) struct Difference {
    pub edits: Vec<FileEdit>,
    pub gaps: Vec<Gap>,
}

impl Reader {
    /// Compares two trees; `None` stands for the empty tree. What cannot be read is a gap.
    pub(super) fn tree_difference(&mut self, before: Option<TreeId>, after: Option<TreeId>) -> Difference {
        let mut walk = TreeWalk { reader: self, path: Vec::new(), difference: Difference::default() };
        walk.descend(before.map(|tree| git_id(tree.0)), after.map(|tree| git_id(tree.0)), 0);
        walk.difference
    }

    /// The bytes of a tree; `Err` says why it cannot be read.
    pub(super) fn tree(&mut self, id: &gix::oid) -> Result<Arc<[u8]>, String> {
        match self.packs.find_tree(id) {
            Some(content) => Ok(content),
            None => self.object(id, gix::objs::Kind::Tree),
        }
    }

    pub(super) fn id_length(&self) -> usize {
        self.repo.object_hash().len_in_bytes()
    }
}

struct TreeWalk<'r> {
    reader: &'r mut Reader,
    path: Vec<u8>,
    difference: Difference,
}

impl TreeWalk<'_> {
    fn descend(&mut self, before: Option<gix::ObjectId>, after: Option<gix::ObjectId>, depth: usize) {
        if before == after {
            return;
        }
        if depth > MAX_DEPTH {
            let reason = format!("folder {}: nested too deep to be looked at", String::from_utf8_lossy(&self.path));
            self.difference.gaps.push(Gap { about: GapAbout::FileEdits, reason: reason.into() });
            return;
        }
        let (left, right) = (self.read(before), self.read(after));
        if let (Some(left), Some(right)) = (&left, &right) {
            self.compare(left, right, depth);
        }
    }

    /// The empty tree reads as no bytes; an unreadable one is a gap, and nothing below it can be compared.
    fn read(&mut self, id: Option<gix::ObjectId>) -> Option<Arc<[u8]>> {
        let Some(id) = id else { return Some(Arc::default()) };
        match self.reader.tree(&id) {
            Ok(bytes) => Some(bytes),
            Err(reason) => {
                self.difference.gaps.push(Gap { about: GapAbout::FileEdits, reason: reason.into() });
                None
            }
        }
    }

    fn compare(&mut self, left: &[u8], right: &[u8], depth: usize) {
        let id_length = self.reader.id_length();
        let mut differing = Differing::new(left, right, id_length);
        for (old, new) in differing.by_ref() {
            self.pair(old, new, depth);
        }
        if differing.is_malformed() {
            let reason = format!("folder {}: the tree object is malformed", String::from_utf8_lossy(&self.path));
            self.difference.gaps.push(Gap { about: GapAbout::FileEdits, reason: reason.into() });
        }
    }

    fn pair(&mut self, old: Option<RawEntry<'_>>, new: Option<RawEntry<'_>>, depth: usize) {
        let Some(name) = old.or(new).map(|entry| entry.name) else { return };
        let length = self.path.len();
        self.path.extend_from_slice(name);
        let tree = |entry: Option<RawEntry<'_>>| {
            entry.filter(|entry| entry.is_tree()).and_then(|entry| gix::ObjectId::try_from(entry.id).ok())
        };
        let file = |entry: Option<RawEntry<'_>>| entry.filter(|entry| !entry.is_tree()).and_then(RawEntry::entry);
        let (old_tree, new_tree) = (tree(old), tree(new));
        if old_tree.is_some() || new_tree.is_some() {
            self.path.push(b'/');
            self.descend(old_tree, new_tree, depth + 1);
        } else {
            self.record(file(old), file(new));
        }
        self.path.truncate(length);
    }

    fn record(&mut self, before: Option<Entry>, after: Option<Entry>) {
        let kind = match (before, after) {
            (None, None) => return,
            (None, Some(_)) => EditKind::Added,
            (Some(_), None) => EditKind::Removed,
            (Some(before), Some(after)) if before.mode & 0o170_000 != after.mode & 0o170_000 => EditKind::TypeChanged,
            (Some(_), Some(_)) => EditKind::Modified,
        };
        let path = RepoPath::new(&self.path);
        self.difference.edits.push(FileEdit {
            kind,
            path,
            old_path: None,
            before,
            after,
            kinds: None,
            parse: ParseStatus::NotLookedAt,
        });
    }
}

/// Pairs removed and added regular files of equal content as renames; files of the same name first, then in path order.
///
/// Files that moved and changed at once stay a removal and an addition: guessing by likeness would put a heuristic
/// under the evidence, and objects are followed by their identity, not by their file.
pub(super) fn pair_renames(edits: Vec<FileEdit>) -> Vec<FileEdit> {
    let has = |kind: EditKind| edits.iter().any(|edit| edit.kind == kind);
    if !has(EditKind::Added) || !has(EditKind::Removed) {
        return edits;
    }
    let is_file = |entry: &Entry| matches!(entry.mode, FILE | EXECUTABLE);
    let mut removed: std::collections::BTreeMap<BlobId, Vec<FileEdit>> = std::collections::BTreeMap::new();
    let (mut kept, mut added) = (Vec::new(), Vec::new());
    for edit in edits {
        match (edit.kind, edit.before.filter(is_file), edit.after.filter(is_file)) {
            (EditKind::Removed, Some(before), _) => removed.entry(before.blob).or_default().push(edit),
            (EditKind::Added, _, Some(_)) => added.push(edit),
            _ => kept.push(edit),
        }
    }
    for same_name in [true, false] {
        added.retain_mut(|edit| {
            let source = edit.after.and_then(|after| take_source(removed.get_mut(&after.blob), edit, same_name));
            let Some(source) = source else { return true };
            (edit.kind, edit.old_path, edit.before) = (EditKind::Renamed, Some(source.path), source.before);
            kept.push(edit.clone());
            false
        });
    }
    kept.extend(added);
    kept.extend(removed.into_values().flatten());
    kept.sort_by(|left, right| left.path.cmp(&right.path));
    kept
}

fn take_source(candidates: Option<&mut Vec<FileEdit>>, edit: &FileEdit, same_name: bool) -> Option<FileEdit> {
    fn name(path: &RepoPath) -> &[u8] {
        path.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or(&[])
    }
    let candidates = candidates?;
    let fits = |candidate: &FileEdit| !same_name || name(&candidate.path) == name(&edit.path);
    let position = candidates.iter().position(fits)?;
    Some(candidates.remove(position))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// Entries by name, with a number for the content and whether it is a folder.
    type Files = BTreeMap<String, (u8, bool)>;

    fn files(seed: u64) -> Files {
        const NAMES: [&str; 9] = ["a", "a-b", "a.b", "a0", "ab", "b", "b.c", "ba", "c"];
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let mut files = Files::new();
        for name in NAMES {
            if next(4) > 0 {
                files.insert(name.into(), (u8::try_from(next(2)).unwrap(), next(3) == 0));
            }
        }
        files
    }

    fn tree(files: &Files) -> Vec<u8> {
        let mut sorted: Vec<_> = files.iter().collect();
        sorted.sort_by_key(|(name, (_, is_folder))| if *is_folder { format!("{name}/") } else { (*name).clone() });
        let entry = |(name, (content, is_folder)): (&String, &(u8, bool))| {
            let mode = if *is_folder { "40000" } else { "100644" };
            [format!("{mode} {name}\0").as_bytes(), &[*content; 20]].concat()
        };
        sorted.into_iter().flat_map(entry).collect()
    }

    #[test]
    fn differing_entries_are_those_that_a_lookup_by_name_finds() {
        let shown =
            |entry: RawEntry<'_>| (String::from_utf8_lossy(entry.name).into_owned(), entry.id.first().copied(), entry.mode);
        for seed in 1..2000 {
            let (left, right) = (files(seed), files(seed + 5000));
            let (old, new) = (tree(&left), tree(&right));
            let mut differing = Differing::new(&old, &new, 20);
            let found: Vec<_> = differing.by_ref().map(|(old, new)| (old.map(shown), new.map(shown))).collect();
            assert!(!differing.is_malformed());
            let mode = |is_folder: bool| if is_folder { TREE } else { FILE };
            let entry = |files: &Files, name: &str, is_folder: bool| {
                let (content, _) = *files.get(name).filter(|(_, folder)| *folder == is_folder)?;
                Some((name.to_owned(), Some(content), mode(is_folder)))
            };
            let names: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            let pairs = names
                .iter()
                .flat_map(|name| [false, true].map(|is_folder| (entry(&left, name, is_folder), entry(&right, name, is_folder))));
            let mut expected: Vec<_> = pairs.filter(|(old, new)| old != new).collect();
            expected.sort();
            let mut sorted = found.clone();
            sorted.sort();
            assert_eq!(sorted, expected, "seed {seed}");
        }
    }

    #[test]
    fn a_malformed_end_is_told_even_where_both_have_it() {
        let good = tree(&files(3));
        let bad = [&good[..], b"100644 x\0short"].concat();
        for (old, new) in [(&bad, &bad), (&good, &bad), (&bad, &good)] {
            let mut differing = Differing::new(old, new, 20);
            assert_eq!(differing.by_ref().count(), 0);
            assert!(differing.is_malformed());
        }
    }
}
