//! Objects that the pack reader leaves to gix: loose ones, irregular ones, and those that are not there at all.
//!
//! gix looks at the disk again for every object it does not know, since git may have packed it anew in the meantime. An
//! export or a partial clone names very many objects that are not there; so the folders of packs are asked first whether
//! anything in them changed, which is one question to the file system instead of a dozen.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use gix::objs::{Find as _, FindHeader as _};

use super::packs::{Object, Packs};

/// So many searches take longer than the clock of most file systems takes for one step: a folder that shows the same time
/// before and after them has not changed meanwhile. Where that clock is coarser, what was packed in between counts as
/// missing, and is told as such.
const SEARCHES: usize = 1000;

/// One thread's way to gix's objects.
pub(super) struct Unpacked {
    /// Looks at the disk again for what it does not know.
    searching: gix::OdbHandle,
    /// The same objects, as far as they are known.
    known: gix::OdbHandle,
    packs: Arc<Packs>,
    /// When the folders of packs had changed last, as of the last search.
    changed: Vec<SystemTime>,
    /// How many searches there were since then.
    searches: usize,
    buffer: Vec<u8>,
}

impl Unpacked {
    pub fn new(objects: &gix::OdbHandle, packs: Arc<Packs>) -> Self {
        let mut known = objects.clone();
        known.refresh_never();
        Self { searching: objects.clone(), known, packs, changed: Vec::new(), searches: 0, buffer: Vec::new() }
    }

    /// The object; `None` when it is not there.
    pub fn find(&mut self, id: &gix::oid) -> Result<Option<Object>, gix::Error> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let found = self.ask(|objects| {
            let found = objects.try_find(id, &mut buffer)?;
            Ok(found.map(|data| (data.kind, Arc::from(data.data))))
        });
        self.buffer = buffer;
        found
    }

    /// The size of the object in bytes; `None` when it is not there.
    pub fn size(&mut self, id: &gix::oid) -> Result<Option<u64>, gix::Error> {
        self.ask(|objects| Ok(objects.try_header(id)?.map(|header| header.size)))
    }

    fn ask<T>(
        &mut self,
        mut question: impl FnMut(&gix::OdbHandle) -> Result<Option<T>, gix::Error>,
    ) -> Result<Option<T>, gix::Error> {
        match question(&self.known)? {
            None if self.may_have_changed() => question(&self.searching),
            answer => Ok(answer),
        }
    }

    /// Whether the folders of packs may hold something else than at the last search; if so, another one is taken to follow.
    fn may_have_changed(&mut self) -> bool {
        let changed = |folder: &PathBuf| folder.metadata().and_then(|facts| facts.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
        let times: Vec<SystemTime> = self.packs.folders.iter().map(changed).collect();
        if times != self.changed {
            (self.changed, self.searches) = (times, 0);
        }
        self.searches += 1;
        self.searches <= SEARCHES
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::repository::testing::git;

    fn set_time(folder: &std::path::Path, seconds: u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        std::fs::File::open(folder).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn what_git_packs_or_adds_meanwhile_is_found() {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "--bare"], b"");
        let tree = git(folder.path(), &["mktree"], b"");
        let commit = |message: &str| {
            let id = git(folder.path(), &["commit-tree", &tree, "-m", message], b"");
            (gix::ObjectId::from_hex(id.as_bytes()).unwrap(), id)
        };
        let packs = folder.path().join("objects/pack");
        set_time(&packs, 1_000_000_000);
        let repo = gix::open_opts(folder.path(), gix::open::Options::isolated()).unwrap();
        let mut unpacked =
            Unpacked::new(&repo.objects, Arc::new(Packs::open(&[folder.path().join("objects")], repo.object_hash())));
        let absent = gix::ObjectId::from_bytes_or_panic(&[7; 20]);
        for _ in 0..SEARCHES {
            assert!(unpacked.find(&absent).unwrap().is_none());
        }
        assert!(!unpacked.may_have_changed());

        let (loose, name) = commit("loose");
        assert_eq!(unpacked.size(&loose).unwrap(), Some(git(folder.path(), &["cat-file", "-s", &name], b"").parse().unwrap()));
        git(folder.path(), &["update-ref", "refs/heads/main", &name], b"");
        git(folder.path(), &["repack", "-adq"], b"");
        assert!(unpacked.find(&loose).unwrap().is_some());
        assert!(unpacked.may_have_changed(), "a folder that has just changed may change again within one step of its clock");
        assert!(unpacked.find(&absent).unwrap().is_none());
    }
}
