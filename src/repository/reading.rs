//! A raw commit of the walk becomes a [`Commit`] with its edits, merge content and gaps; blobs are read on demand.

use std::collections::BTreeMap;
use std::sync::Arc;

use gix::objs::Kind;

use super::commit;
use super::packs::Object;
use super::tree_diff::{Entries, Entry, FileEdit, pair_renames};
use super::{Commit, Gap, GapAbout, RawCommit, Reader, Repository, git_id, own_id};
use crate::text::{BlobId, CommitId, ObjectId, Timestamp, TreeId};

/// How many commits' trees are remembered.
const RECENT: usize = 4;
/// Files larger than this are not looked into; their size is read from the object's header first.
const MAX_BLOB: u64 = 8 << 20;

impl Reader {
    /// Takes a commit apart and compares it with its first parent.
    #[must_use]
    pub fn commit(&mut self, raw: &RawCommit) -> Commit {
        let mut commit = self.outline(raw);
        if raw.is_readable() {
            self.compare_with_parents(&mut commit);
        }
        commit
    }

    /// The bytes of a commit; `None` when they cannot be read.
    #[must_use]
    pub fn raw_commit(&mut self, id: CommitId) -> Option<RawCommit> {
        let bytes = self.object(&git_id(id.0), Kind::Commit).ok()?;
        Some(RawCommit { id, bytes })
    }

    /// Takes a commit apart without looking at what it changed.
    #[must_use]
    pub fn outline(&mut self, raw: &RawCommit) -> Commit {
        let mut commit = commit::parse(raw.id, &raw.bytes, &mut self.people);
        if !raw.is_readable() {
            let reason = format!("commit {}: the object is missing or unreadable", raw.id).into();
            commit.gaps = vec![Gap { about: GapAbout::Commit, reason }];
            return commit;
        }
        if !self.has_its_id(raw) {
            let reason = format!("commit {}: its bytes do not hash to its id", raw.id).into();
            commit.gaps.push(Gap { about: GapAbout::Commit, reason });
        }
        if self.is_shallow_boundary(&git_id(commit.id.0)) {
            let reason = "its parent is not in this shallow clone, so what it changed cannot be told".into();
            commit.gaps.push(Gap { about: GapAbout::FileEdits, reason });
        }
        commit
    }

    /// Compares a commit with its first parent, and a merge with all of them.
    pub fn compare_with_parents(&mut self, commit: &mut Commit) {
        self.compare_with_parent(commit);
        self.recent_trees.truncate(RECENT - 1);
        self.recent_trees.push_front((commit.id, commit.tree));
        if commit.parents.len() > 1 {
            let content = self.merge_content(commit.tree, &commit.parents);
            commit.merge = Some(Box::new(content));
        }
    }

    /// Whether the commit's bytes hash to its id: Git itself does not look when it reads.
    #[must_use]
    pub fn has_its_id(&self, raw: &RawCommit) -> bool {
        let id = gix::objs::compute_hash(self.repo.object_hash(), Kind::Commit, &raw.bytes);
        id.is_ok_and(|id| id == git_id(raw.id.0))
    }

    fn compare_with_parent(&mut self, commit: &mut Commit) {
        let gap = |reason: String| Gap { about: GapAbout::FileEdits, reason: reason.into() };
        let before = match commit.parents.first() {
            _ if self.is_shallow_boundary(&git_id(commit.id.0)) => return,
            None => None,
            Some(parent) => match self.tree_of(*parent) {
                Ok(tree) => Some(tree),
                Err(reason) => {
                    commit.gaps.push(gap(reason));
                    return;
                }
            },
        };
        let difference = self.tree_difference(before, Some(commit.tree));
        commit.paths_changed = u32::try_from(difference.edits.len()).unwrap_or(u32::MAX);
        commit.file_edits = pair_renames(difference.edits).into();
        commit.gaps.extend(difference.gaps);
    }

    /// The root tree of a commit; the last ones read are remembered, since a parent was mostly read just before.
    pub(super) fn tree_of(&mut self, commit: CommitId) -> Result<TreeId, String> {
        if let Some((_, tree)) = self.recent_trees.iter().find(|(recent, _)| *recent == commit) {
            return Ok(*tree);
        }
        let content = self.object(&git_id(commit.0), Kind::Commit)?;
        commit::tree(&content).map(TreeId).ok_or_else(|| format!("commit {commit}: has no readable tree header"))
    }

    /// The content of an object of the wanted kind; `Err` names the object and says why it cannot be read.
    pub(super) fn object(&mut self, id: &gix::oid, wanted: Kind) -> Result<Arc<[u8]>, String> {
        match self.object_of_any_kind(id, wanted)? {
            (kind, content) if kind == wanted => Ok(content),
            (kind, _) => Err(format!("{wanted} {}: is a {kind}", own_id(id))),
        }
    }

    /// An annotated tag; `None` where it is another object, which a lightweight tag names.
    pub(super) fn tag(&mut self, id: &gix::oid) -> Result<Option<Arc<[u8]>>, String> {
        let (kind, content) = self.object_of_any_kind(id, Kind::Tag)?;
        Ok((kind == Kind::Tag).then_some(content))
    }

    /// An object; `wanted` is what the complaint calls it.
    fn object_of_any_kind(&mut self, id: &gix::oid, wanted: Kind) -> Result<Object, String> {
        let found = match self.packs.find(id) {
            Some(found) => Some(found),
            None => self.unpacked.find(id).map_err(|error| format!("{wanted} {}: is unreadable: {error}", own_id(id)))?,
        };
        found.ok_or_else(|| format!("{wanted} {}: is missing", own_id(id)))
    }

    /// Reads a file's content and hands it to `look`.
    ///
    /// # Errors
    ///
    /// As [`Self::blob`].
    pub fn with_blob<T>(&mut self, blob: BlobId, look: impl FnOnce(&[u8]) -> T) -> Result<T, String> {
        self.blob(blob).map(|content| look(&content))
    }

    /// Reads a file's content.
    ///
    /// # Errors
    ///
    /// One sentence when it is missing, unreadable, not a file's content, or larger than 8 MiB.
    pub fn blob(&mut self, blob: BlobId) -> Result<Arc<[u8]>, String> {
        let id = git_id(blob.0);
        if let Some((Kind::Blob, content)) = self.packs.find_small(&id, MAX_BLOB) {
            return Ok(content);
        }
        let unreadable = |error: gix::Error| format!("blob {blob}: is unreadable: {error}");
        match self.unpacked.size(&id).map_err(unreadable)? {
            Some(size) if size > MAX_BLOB => Err(format!("blob {blob}: has {size} bytes and is not looked into")),
            Some(_) | None => self.object(&id, Kind::Blob),
        }
    }
}

impl Reader {
    /// What stands at a path of a commit's tree; a folder is nothing.
    ///
    /// # Errors
    ///
    /// One sentence when the commit or a folder cannot be read.
    pub fn entry_of(&mut self, commit: CommitId, path: &str) -> Result<Option<Entry>, String> {
        let mut folder = self.tree_of(commit)?;
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            let content = self.object(&git_id(folder.0), Kind::Tree)?;
            let mut entries = Entries::new(&content, self.repo.object_hash().len_in_bytes());
            let Some(entry) = entries.by_ref().find(|entry| entry.name == name.as_bytes()) else {
                return if entries.malformed { Err(format!("tree {folder}: is malformed")) } else { Ok(None) };
            };
            let id = ObjectId::from_bytes(entry.id).ok_or_else(|| format!("tree {folder}: is malformed"))?;
            match (names.peek().is_some(), entry.is_tree()) {
                (true, true) => folder = TreeId(id),
                (false, false) => return Ok(Some(Entry { blob: BlobId(id), mode: entry.mode })),
                (true, false) | (false, true) => return Ok(None),
            }
        }
        Ok(None)
    }
}

impl Repository {
    /// The commit that would bring in a proposal all at once: its tree and author, on top of where it left the target.
    ///
    /// The commit is nowhere in the repository; what is known of it follows from its bytes.
    ///
    /// # Errors
    ///
    /// One sentence when the proposal's newest commit cannot be read, or has nothing in common with the target.
    pub fn squashed(&self, head: CommitId, target: CommitId, message: &str) -> Result<RawCommit, String> {
        let mut reader = self.reader();
        let onto = reader
            .merge_base(target, head)
            .ok_or_else(|| format!("{} and {} have no single common ancestor", target.0.short(), head.0.short()))?;
        let tree = reader.tree_of(head)?;
        let original = reader.object(&git_id(head.0), Kind::Commit)?;
        let signed: Vec<&[u8]> = original
            .split(|byte| *byte == b'\n')
            .take_while(|line| !line.is_empty())
            .filter(|line| line.starts_with(b"author ") || line.starts_with(b"committer "))
            .collect();
        let mut bytes = format!("tree {tree}\nparent {onto}\n").into_bytes();
        for line in signed {
            bytes.extend_from_slice(line);
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        bytes.extend_from_slice(message.as_bytes());
        let id = gix::objs::compute_hash(reader.repo.object_hash(), Kind::Commit, &bytes).map_err(|error| error.to_string())?;
        Ok(RawCommit { id: CommitId(own_id(&id)), bytes: bytes.into() })
    }

    /// Whether the clone is shallow, or may be.
    #[must_use]
    pub fn is_cut_short(&self) -> bool {
        !matches!(self.shared.to_thread_local().shallow_commits(), Ok(None))
    }

    /// One commit's headers and message, without its difference to its parent; `None` when it cannot be read.
    #[must_use]
    pub fn commit(&self, id: CommitId) -> Option<Commit> {
        let mut reader = self.reader();
        let bytes = reader.object(&git_id(id.0), Kind::Commit).ok()?;
        Some(commit::parse(id, &bytes, &mut reader.people))
    }

    /// The committer dates of some commits; what cannot be read is left out.
    #[must_use]
    pub fn committer_dates(&self, commits: impl IntoIterator<Item = CommitId>) -> BTreeMap<CommitId, Timestamp> {
        let mut reader = self.reader();
        let mut date = |id: CommitId| {
            let bytes = reader.object(&git_id(id.0), Kind::Commit).ok()?;
            commit::parse(id, &bytes, &mut reader.people).committer.when.known()
        };
        commits.into_iter().filter_map(|id| Some((id, date(id)?))).collect()
    }

    /// The content of a file as of a commit; `None` when there is nothing at that path.
    ///
    /// # Errors
    ///
    /// One sentence when the commit, a folder or the content cannot be read, or there is something else than a file.
    pub fn file_at(&self, commit: CommitId, path: &str) -> Result<Option<Vec<u8>>, String> {
        let mut reader = self.reader();
        let tree = reader.tree_of(commit)?;
        let tree = reader.repo.find_tree(git_id(tree.0)).map_err(|error| error.to_string())?;
        let entry = tree.lookup_entry_by_path(path).map_err(|error| error.to_string())?;
        let Some(entry) = entry else { return Ok(None) };
        if !entry.mode().is_blob() {
            return Err(format!("{path} is {} in commit {commit}, not a file", entry.mode().as_str()));
        }
        let blob = BlobId(own_id(&entry.object_id()));
        drop(entry);
        drop(tree);
        reader.with_blob(blob, <[u8]>::to_vec).map(Some)
    }

    /// Every path of a commit's tree with its entry.
    ///
    /// # Errors
    ///
    /// One sentence when the commit cannot be read.
    pub fn files_at(&self, commit: CommitId) -> Result<Vec<FileEdit>, String> {
        let mut reader = self.reader();
        let tree = reader.tree_of(commit)?;
        Ok(reader.tree_difference(None, Some(tree)).edits)
    }
}
