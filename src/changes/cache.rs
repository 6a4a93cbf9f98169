//! A folder that keeps what commits changed between runs, so that a history that was read before costs little.
//!
//! Facts are found by commit id alone, and a commit id stands for everything they follow from: it does not matter which
//! repository they were read from. Each run adds one file, a bundle, written beside and renamed, so a reader sees it
//! whole or not at all. Every part has a checksum; what does not match is read from Git again. What follows from whole
//! histories or trees, and not from one commit, is kept as a record: one small file, found by the ids it follows from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::content::ReadContents;
use super::stored::{self, Facts};
use crate::manifests::KnownDocuments;
use crate::parallel;
use crate::repository::{Commit, Repository};
use crate::text::{CommitId, ObjectId, hex};

/// The first bytes of a bundle.
const MAGIC: &[u8; 16] = b"countersign-fct\n";
/// Magic, offset and length of the index, checksum of the index.
const HEADER: usize = 16 + 8 + 8 + 32;
/// An index beyond this is not read.
const MAX_INDEX: u64 = 256 << 20;
/// Commits in one block.
const BLOCK: usize = 64;
/// Blocks that are encoded together before they are written.
const BLOCKS_AT_ONCE: usize = 64;
/// When there are more bundles than this, the small ones are put together.
const MAX_BUNDLES: usize = 24;
/// A bundle below this size is small.
const SMALL: u64 = 4 << 20;
/// The size of all bundles, beyond which the oldest are removed.
const LIMIT: u64 = 512 << 20;
/// When there are more records of one program than this, the oldest are removed.
const MAX_RECORDS: usize = 64;
/// A record larger than this is not kept.
const MAX_RECORD: u64 = 64 << 20;
/// A file that was not finished within this time was left behind.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3600);

/// Facts of commits that were read before.
#[derive(Default)]
pub struct FactsCache {
    /// The folder of all bundles, and inside it that of bundles by this program; `None` when nothing is kept.
    folders: Option<(PathBuf, PathBuf)>,
    bundles: Vec<Bundle>,
    blocks: Vec<Block>,
    /// Which block holds a commit, sorted.
    places: Vec<(CommitId, u32)>,
    /// Commits that were read from Git in this run and can be kept.
    fresh: Mutex<BTreeSet<CommitId>>,
    /// Bundles in which something is not as it was written.
    damaged: Mutex<BTreeSet<PathBuf>>,
    /// What contents said that were read in this run; nothing of it is kept.
    contents: ReadContents,
}

struct Bundle {
    path: PathBuf,
    file: Mutex<File>,
    size: u64,
}

struct Block {
    bundle: usize,
    offset: u64,
    length: usize,
    checksum: [u8; 32],
    ids: Vec<CommitId>,
    /// `None` until it is read; facts are taken out one by one.
    facts: Mutex<Option<BTreeMap<CommitId, Facts>>>,
}

/// One block in the index of a bundle.
#[derive(Serialize, Deserialize)]
struct Listed {
    offset: u64,
    length: u32,
    checksum: [u8; 32],
    ids: Vec<Vec<u8>>,
}

impl std::fmt::Debug for FactsCache {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("FactsCache").field("folders", &self.folders).finish_non_exhaustive()
    }
}

impl FactsCache {
    /// A cache that keeps nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The cache in a folder, which is made when there is something to keep.
    ///
    /// `program` stands for the very program: facts of another one are not used. Nothing is kept inside the audited
    /// repository.
    #[must_use]
    pub fn open(folder: &Path, program: &str, repository: &Repository) -> Self {
        if repository.holds(folder) {
            return Self::none();
        }
        let program = Sha256::digest(format!("{program}\n{}", stored::FORMAT));
        let own = folder.join(hex(program.get(..8).unwrap_or(&[])));
        let mut cache = Self { folders: Some((folder.to_owned(), own.clone())), ..Self::default() };
        for path in bundles_in(&own) {
            cache.add(path);
        }
        cache.places.sort_unstable();
        cache
    }

    fn add(&mut self, path: PathBuf) {
        let Ok(mut file) = File::open(&path) else { return };
        let Some((listed, size)) = read_index(&mut file) else {
            locked(&self.damaged).insert(path);
            return;
        };
        let bundle = self.bundles.len();
        for Listed { offset, length, checksum, ids } in listed {
            let Ok(number) = u32::try_from(self.blocks.len()) else { break };
            let ids: Vec<CommitId> = ids.iter().filter_map(|id| ObjectId::from_bytes(id)).map(CommitId).collect();
            self.places.extend(ids.iter().map(|id| (*id, number)));
            let (length, facts) = (length as usize, Mutex::default());
            self.blocks.push(Block { bundle, offset, length, checksum, ids, facts });
        }
        self.bundles.push(Bundle { path, file: Mutex::new(file), size });
    }

    /// What was read of contents in this run.
    pub(super) fn contents(&self) -> &ReadContents {
        &self.contents
    }

    /// What was read of documents in this run.
    #[must_use]
    pub fn documents(&self) -> &KnownDocuments {
        &self.contents.documents
    }

    /// The facts of a commit. Taken once, they are to be read from Git the next time.
    pub(super) fn take(&self, id: CommitId) -> Option<Facts> {
        self.find(id, |facts| facts.remove(&id))
    }

    /// A copy of the facts of a commit.
    pub(super) fn copy(&self, id: CommitId) -> Option<Facts> {
        self.find(id, |facts| facts.get(&id).cloned())
    }

    fn find(&self, id: CommitId, look: impl Fn(&mut BTreeMap<CommitId, Facts>) -> Option<Facts>) -> Option<Facts> {
        let first = self.places.partition_point(|(known, _)| *known < id);
        let mut candidates = self.places.get(first..)?.iter().take_while(|(known, _)| *known == id);
        candidates.find_map(|(_, number)| self.blocks.get(*number as usize).and_then(|block| self.in_block(block, &look)))
    }

    fn in_block<R>(&self, block: &Block, look: impl Fn(&mut BTreeMap<CommitId, Facts>) -> R) -> R {
        let mut facts = locked(&block.facts);
        let facts = facts.get_or_insert_with(|| {
            let read = self.bytes(block).and_then(|bytes| stored::decode(&bytes));
            read.unwrap_or_else(|| {
                self.note_damage(block);
                BTreeMap::new()
            })
        });
        look(facts)
    }

    /// The bytes of a block, where they are those that were written.
    fn bytes(&self, block: &Block) -> Option<Vec<u8>> {
        let bundle = self.bundles.get(block.bundle)?;
        let mut bytes = vec![0; block.length];
        let mut file = locked(&bundle.file);
        file.seek(SeekFrom::Start(block.offset)).ok()?;
        file.read_exact(&mut bytes).ok()?;
        (*Sha256::digest(&bytes) == block.checksum).then_some(bytes)
    }

    fn note_damage(&self, block: &Block) {
        if let Some(bundle) = self.bundles.get(block.bundle) {
            locked(&self.damaged).insert(bundle.path.clone());
        }
    }

    /// Remembers that a commit was read from Git, whole, and is worth keeping.
    pub(super) fn note_fresh(&self, id: CommitId) {
        if self.folders.is_some() {
            locked(&self.fresh).insert(id);
        }
    }

    /// What was kept of these ids under that name, if it is as it was written.
    pub(crate) fn record(&self, name: &str, ids: &[CommitId]) -> Option<Vec<u8>> {
        let (_, own) = self.folders.as_ref()?;
        let title = title(name, ids);
        let file = File::open(own.join(file_of(&title))).ok()?;
        let mut bytes = Vec::new();
        file.take(MAX_RECORD + 32).read_to_end(&mut bytes).ok()?;
        let content = bytes.split_off(bytes.len().min(32));
        (bytes == checksum(&title, &content)).then_some(content)
    }

    /// Keeps what follows from these ids alone. What cannot be written is found again next time.
    pub(crate) fn keep_record(&self, name: &str, ids: &[CommitId], content: &[u8]) {
        let Some((all, own)) = &self.folders else { return };
        if content.len() as u64 > MAX_RECORD {
            return;
        }
        let title = title(name, ids);
        let write = || -> io::Result<SystemTime> {
            make_private(own)?;
            let mut file = tempfile::Builder::new().prefix("new-").suffix(".part").tempfile_in(own)?;
            file.write_all(&checksum(&title, content))?;
            file.write_all(content)?;
            file.persist(own.join(file_of(&title))).map_err(|error| error.error)?.metadata()?.modified()
        };
        // Nothing of the result depends on whether a cache could be written.
        let _ = write().and_then(|newest| prune(all, own, newest, LIMIT));
    }

    /// Whether anything is kept.
    pub(crate) fn is_kept(&self) -> bool {
        self.folders.is_some()
    }

    /// Keeps what was read from Git in this run, of these commits. What cannot be written is read again next time.
    pub fn keep<'a>(&self, commits: impl Iterator<Item = &'a Commit>) {
        let Some((all, own)) = &self.folders else { return };
        let mut fresh = std::mem::take(&mut *locked(&self.fresh));
        let commits: Vec<&Commit> = commits.filter(|commit| fresh.remove(&commit.id)).collect();
        if commits.is_empty() && locked(&self.damaged).is_empty() {
            return;
        }
        // Nothing of the result depends on whether a cache could be written.
        let _ = self.write(own, &commits).and_then(|newest| prune(all, own, newest, LIMIT));
    }

    fn write(&self, own: &Path, commits: &[&Commit]) -> io::Result<SystemTime> {
        make_private(own)?;
        let mut bundle = NewBundle::begin(own)?;
        for commits in commits.chunks(BLOCK * BLOCKS_AT_ONCE) {
            let blocks: Vec<&[&Commit]> = commits.chunks(BLOCK).collect();
            let encoded = parallel::map(blocks, 1, || (), |(), block| (stored::encode(block), block));
            for (bytes, block) in encoded {
                let ids: Vec<CommitId> = block.iter().map(|commit| commit.id).collect();
                bytes.map_or(Ok(()), |bytes| bundle.add(&bytes, &ids))?;
            }
        }
        let mut superseded: BTreeSet<PathBuf> = std::mem::take(&mut *locked(&self.damaged));
        superseded.extend(self.put_together(&mut bundle, &superseded)?);
        let (written, newest) = bundle.finish()?;
        for path in superseded.iter().filter(|path| **path != written) {
            let _ = fs::remove_file(path);
        }
        Ok(newest)
    }

    /// Copies the blocks of small bundles into a new one when there are many; gives the bundles that are now needless.
    fn put_together(&self, into: &mut NewBundle, damaged: &BTreeSet<PathBuf>) -> io::Result<Vec<PathBuf>> {
        if self.bundles.len() <= MAX_BUNDLES {
            return Ok(Vec::new());
        }
        let is_small = |bundle: &Bundle| bundle.size < SMALL && !damaged.contains(&bundle.path);
        for block in &self.blocks {
            if self.bundles.get(block.bundle).is_some_and(is_small)
                && let Some(bytes) = self.bytes(block)
            {
                into.add(&bytes, &block.ids)?;
            }
        }
        Ok(self.bundles.iter().filter(|bundle| is_small(bundle)).map(|bundle| bundle.path.clone()).collect())
    }
}

/// A thread that panicked while it held the lock is the end of the run; until then every state is a whole one.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The bundles of a folder, sorted; none when it cannot be read.
fn bundles_in(folder: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut bundles: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|it| it == "facts")).collect();
    bundles.sort();
    bundles
}

/// The index of a bundle and the bundle's size; `None` when it is not as it was written.
fn read_index(file: &mut File) -> Option<(Vec<Listed>, u64)> {
    let size = file.metadata().ok()?.len();
    let mut header = [0; HEADER];
    file.read_exact(&mut header).ok()?;
    let (magic, rest) = header.split_first_chunk::<16>()?;
    let (offset, rest) = rest.split_first_chunk::<8>()?;
    let (length, checksum) = rest.split_first_chunk::<8>()?;
    let (offset, length) = (u64::from_le_bytes(*offset), u64::from_le_bytes(*length));
    if magic != MAGIC || length > MAX_INDEX || offset.checked_add(length) != Some(size) {
        return None;
    }
    let mut index = vec![0; usize::try_from(length).ok()?];
    file.seek(SeekFrom::Start(offset)).ok()?;
    file.read_exact(&mut index).ok()?;
    if *Sha256::digest(&index) != *checksum {
        return None;
    }
    let listed: Vec<Listed> = postcard::from_bytes(&index).ok()?;
    let inside = |block: &Listed| block.offset.checked_add(u64::from(block.length)).is_some_and(|end| end <= offset);
    listed.iter().all(inside).then_some((listed, size))
}

/// A bundle that is being written, under a name that no reader looks for.
struct NewBundle {
    folder: PathBuf,
    file: io::BufWriter<tempfile::NamedTempFile>,
    offset: u64,
    listed: Vec<Listed>,
}

impl NewBundle {
    fn begin(folder: &Path) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix("new-").suffix(".part").tempfile_in(folder)?;
        let mut file = io::BufWriter::new(file);
        file.write_all(&[0; HEADER])?;
        Ok(Self { folder: folder.to_owned(), file, offset: HEADER as u64, listed: Vec::new() })
    }

    fn add(&mut self, bytes: &[u8], ids: &[CommitId]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.file.write_all(bytes)?;
        let ids = ids.iter().map(|id| id.0.as_bytes().to_vec()).collect();
        self.listed.push(Listed { offset: self.offset, length, checksum: Sha256::digest(bytes).into(), ids });
        self.offset += u64::from(length);
        Ok(())
    }

    /// Writes the index and gives the bundle the name under which it is found: that of its index, so that the same
    /// bundle written twice is one. Gives its path and the time at which it was written, by the file system's clock.
    fn finish(mut self) -> io::Result<(PathBuf, SystemTime)> {
        let index = postcard::to_stdvec(&self.listed).map_err(io::Error::other)?;
        let checksum = Sha256::digest(&index);
        self.file.write_all(&index)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(MAGIC)?;
        self.file.write_all(&self.offset.to_le_bytes())?;
        self.file.write_all(&(index.len() as u64).to_le_bytes())?;
        self.file.write_all(&checksum)?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let path = self.folder.join(format!("{}.facts", hex(checksum.get(..16).unwrap_or(&[]))));
        let file = file.persist(&path).map_err(|error| error.error)?;
        Ok((path, file.metadata()?.modified()?))
    }
}

/// What a record is about; its length is fixed by the name and by how many ids of which length there are.
fn title(name: &str, ids: &[CommitId]) -> Vec<u8> {
    let mut title = format!("{name} {}\n", ids.len()).into_bytes();
    for id in ids {
        let id = id.0.as_bytes();
        title.push(u8::try_from(id.len()).unwrap_or(u8::MAX));
        title.extend_from_slice(id);
    }
    title
}

fn file_of(title: &[u8]) -> String {
    format!("{}.record", hex(Sha256::digest(title).get(..16).unwrap_or(&[])))
}

/// Of a record's title and content, so that no record is taken for another.
fn checksum(title: &[u8], content: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(title).chain_update(content).finalize().into()
}

/// Makes a folder that only its owner can read: facts tell what a repository holds.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Removes what was left behind and, beyond a limit, the oldest bundles and records; those of other programs first.
fn prune(all: &Path, own: &Path, newest: SystemTime, limit: u64) -> io::Result<()> {
    let is_ours = |name: &str| name.len() == 16 && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut kept = Vec::new();
    for folder in fs::read_dir(all)?.flatten().filter(|folder| folder.file_name().to_str().is_some_and(is_ours)) {
        for file in fs::read_dir(folder.path())?.flatten() {
            let (path, metadata) = (file.path(), file.metadata()?);
            let written = metadata.modified()?;
            let ending = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
            if ending == "part" && newest.duration_since(written).is_ok_and(|age| age > LEFT_BEHIND) {
                let _ = fs::remove_file(&path);
            } else if matches!(ending, "facts" | "record") {
                kept.push((folder.path() == own, written, path, metadata.len()));
            }
        }
    }
    kept.sort();
    let mut size: u64 = kept.iter().map(|(_, _, _, size)| size).sum();
    let is_own_record = |is_own: bool, path: &Path| is_own && path.extension().is_some_and(|ending| ending == "record");
    let mut records = kept.iter().filter(|(is_own, _, path, _)| is_own_record(*is_own, path)).count();
    for (is_own, _, path, length) in kept {
        let is_record = is_own_record(is_own, &path);
        if size > limit || is_record && records > MAX_RECORDS {
            let _ = fs::remove_file(&path);
            size -= length;
            records -= usize::from(is_record);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    #[test]
    fn beyond_the_limit_the_oldest_bundles_go_and_those_of_other_programs_first() -> TestResult {
        let all = tempfile::tempdir()?;
        let (own, other) = (all.path().join("0123456789abcdef"), all.path().join("fedcba9876543210"));
        let foreign = all.path().join("precious");
        let mut written = Vec::new();
        for (folder, name, age) in [(&own, "old", 9), (&own, "new", 1), (&other, "newest", 0), (&foreign, "theirs", 99)] {
            fs::create_dir_all(folder)?;
            let path = folder.join(format!("{name}.facts"));
            fs::write(&path, [0; 10])?;
            let time = fs::metadata(&path)?.modified()?;
            File::options().write(true).open(&path)?.set_modified(time - Duration::from_secs(age))?;
            written.push(path);
        }
        let left = |limit| -> io::Result<Vec<bool>> {
            prune(all.path(), &own, fs::metadata(&own)?.modified()?, limit)?;
            Ok(written.iter().map(|path| path.exists()).collect())
        };
        assert_eq!(left(30)?, [true, true, true, true]);
        assert_eq!(left(29)?, [true, true, false, true]);
        assert_eq!(left(19)?, [false, true, false, true]);
        Ok(())
    }

    #[test]
    fn of_many_records_the_newest_stay() -> TestResult {
        let all = tempfile::tempdir()?;
        let own = all.path().join("0123456789abcdef");
        fs::create_dir(&own)?;
        let path = |number: usize| own.join(format!("{number}.record"));
        let now = fs::metadata(&own)?.modified()?;
        for number in 0..MAX_RECORDS + 3 {
            File::create(path(number))?.set_modified(now - Duration::from_secs(1000 - number as u64))?;
        }
        fs::write(own.join("old.facts"), "x")?;
        prune(all.path(), &own, now, LIMIT)?;
        assert!(!path(2).exists() && (3..MAX_RECORDS + 3).all(|number| path(number).exists()));
        assert!(own.join("old.facts").exists());
        Ok(())
    }
}
