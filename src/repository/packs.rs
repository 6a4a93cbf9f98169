//! Objects out of packs, with every step of a delta chain kept for the neighbours that build on it.
//!
//! Reading a whole history asks for objects in about the order in which they build on each other. gix keeps only final
//! results, so long chains are unpacked again and again; here intermediate results are kept as well, within a bound of
//! memory. gix maps the files, finds offsets and inflates. Whatever looks irregular is left to gix, which then says
//! what is wrong with it: this reader never decides that an object is missing or corrupt.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::odb::pack::{data, index};
use libdeflater::Decompressor;

/// Bytes of unpacked objects that each thread keeps.
const CACHE_BYTES: usize = 8 << 20;
/// Slots of the cache, once it has grown; a power of two.
const CACHE_SLOTS: usize = 1 << 15;
/// Slots of a cache that begins: reading a handful of objects must not cost a page of memory each.
const FIRST_SLOTS: usize = 1 << 8;
/// How many trees each thread keeps by their ids: a tree is looked up as that of a commit, and again as that of its parent.
const RECENT_TREES: usize = 1 << 10;
/// Trees larger than this are not kept by their ids (bytes).
const MAX_RECENT_TREE: usize = 4 << 10;
/// Objects larger than this are not kept.
const MAX_CACHED: usize = 1 << 20;
/// Objects larger than this are left to gix.
const MAX_OBJECT: u64 = 64 << 20;
/// Chains longer than this are left to gix; git makes none longer than 4095.
const MAX_CHAIN: usize = 5000;

/// The packs of a repository, mapped once for all threads.
pub(super) struct Packs {
    mapped: Vec<Pack>,
    /// The folders that packs were looked for in.
    pub folders: Vec<PathBuf>,
    hash: gix::hash::Kind,
}

struct Pack {
    index: index::File,
    data: data::File,
}

impl Packs {
    /// Maps every pack of the object folders; those that cannot be mapped are left to gix.
    pub fn open(object_folders: &[PathBuf], hash: gix::hash::Kind) -> Self {
        let folders: Vec<PathBuf> = object_folders.iter().map(|folder| folder.join("pack")).collect();
        let mut packs = Vec::new();
        for folder in &folders {
            let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let mut indices: Vec<_> =
                files.map(|file| file.path()).filter(|path| path.extension().is_some_and(|e| e == "idx")).collect();
            indices.sort();
            packs.extend(indices.iter().filter_map(|path| Pack::open(path, hash)));
        }
        Self { mapped: packs, folders, hash }
    }
}

impl Pack {
    fn open(index: &Path, hash: gix::hash::Kind) -> Option<Self> {
        let data = data::File::at(index.with_extension("pack"), hash).ok()?;
        Some(Self { index: index::File::at(index, hash).ok()?, data })
    }

    fn offset_of(&self, id: &gix::oid) -> Option<u64> {
        self.position_of(id).map(|position| self.index.pack_offset_at_index(position))
    }

    /// Where an id stands in the index: ids are spread evenly, so a guess is near, and the next guess nearer.
    ///
    /// However they are spread, a search by halves finds the id between the guesses.
    fn position_of(&self, id: &gix::oid) -> Option<u32> {
        const GUESSES: usize = 4;
        let count = self.index.num_objects();
        let wanted = leading_bits(id);
        let (mut low, mut high) = (0, count);
        let (mut near, mut near_bits) = (0, 0);
        for _ in 0..GUESSES {
            if high - low <= 8 {
                break;
            }
            let distance = |bits: u64| u32::try_from((u128::from(bits) * u128::from(count)) >> 64).unwrap_or(count);
            let guess: u32 = if wanted >= near_bits {
                near + distance(wanted - near_bits).min(count - near)
            } else {
                near - distance(near_bits - wanted).min(near)
            };
            near = guess.clamp(low, high - 1);
            let there = self.index.oid_at_index(near);
            near_bits = leading_bits(there);
            match there.cmp(id) {
                std::cmp::Ordering::Equal => return Some(near),
                std::cmp::Ordering::Less => low = near + 1,
                std::cmp::Ordering::Greater => high = near,
            }
        }
        self.search(id, low, high, near)
    }

    /// Searches `low..high`, in widening steps around a place that is likely near, then by halves.
    fn search(&self, id: &gix::oid, mut low: u32, mut high: u32, near: u32) -> Option<u32> {
        let mut step = 4;
        let upwards = near < low;
        while low < high && high - low > step {
            let probe = if upwards { low + step } else { high - step };
            step *= 2;
            match self.index.oid_at_index(probe).cmp(id) {
                std::cmp::Ordering::Equal => return Some(probe),
                std::cmp::Ordering::Less => {
                    low = probe + 1;
                    if !upwards {
                        break;
                    }
                }
                std::cmp::Ordering::Greater => {
                    high = probe;
                    if upwards {
                        break;
                    }
                }
            }
        }
        while low < high {
            let middle = low + (high - low) / 2;
            match self.index.oid_at_index(middle).cmp(id) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    fn bytes_from(&self, offset: u64) -> Option<&[u8]> {
        self.data.entry_slice(offset..self.data.pack_end() as u64)
    }
}

/// The first 64 bits of an id as a number.
fn leading_bits(id: &gix::oid) -> u64 {
    id.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// An object's kind and content.
pub(super) type Object = (gix::objs::Kind, Arc<[u8]>);

/// One thread's way into the packs.
pub(super) struct PackReader {
    packs: Arc<Packs>,
    inflate: Decompressor,
    cache: Cache,
    recent_trees: Vec<Option<(gix::ObjectId, Arc<[u8]>)>>,
    chain: Vec<Step>,
    delta: Vec<u8>,
    result: Vec<u8>,
    last_pack: usize,
}

/// One delta of a chain.
struct Step {
    offset: u64,
    data_offset: u64,
    size: usize,
}

impl PackReader {
    pub fn new(packs: Arc<Packs>) -> Self {
        let cache = Cache { slots: Vec::new(), used: 0, bytes: 0, hand: 0 };
        Self {
            packs,
            inflate: Decompressor::new(),
            cache,
            recent_trees: Vec::new(),
            chain: Vec::new(),
            delta: Vec::new(),
            result: Vec::new(),
            last_pack: 0,
        }
    }

    /// The object, where a pack has it and nothing about it is irregular.
    pub fn find(&mut self, id: &gix::oid) -> Option<Object> {
        self.find_small(id, MAX_OBJECT)
    }

    /// A tree, as [`Self::find`] finds it.
    pub fn find_tree(&mut self, id: &gix::oid) -> Option<Arc<[u8]>> {
        if self.recent_trees.is_empty() {
            self.recent_trees.resize_with(RECENT_TREES, || None);
        }
        let slot = usize::try_from(leading_bits(id)).unwrap_or_default() & (RECENT_TREES - 1);
        let recent = self.recent_trees.get(slot).and_then(Option::as_ref);
        if let Some((_, content)) = recent.filter(|(recent, _)| recent.as_ref() == id) {
            return Some(content.clone());
        }
        let (kind, content) = self.find(id)?;
        if kind != gix::objs::Kind::Tree {
            return None;
        }
        if content.len() <= MAX_RECENT_TREE
            && let Some(place) = self.recent_trees.get_mut(slot)
        {
            *place = Some((id.to_owned(), content.clone()));
        }
        Some(content)
    }

    /// Like [`Self::find`], for objects of at most `limit` bytes that are built on none larger.
    pub fn find_small(&mut self, id: &gix::oid, limit: u64) -> Option<Object> {
        let packs = self.packs.clone();
        let count = packs.mapped.len();
        for step in 0..count {
            let number = (self.last_pack + step) % count;
            let Some(pack) = packs.mapped.get(number) else { continue };
            if let Some(offset) = pack.offset_of(id) {
                self.last_pack = number;
                return self.unpack(pack, number, packs.hash, offset, limit);
            }
        }
        None
    }

    fn unpack(&mut self, pack: &Pack, number: usize, hash: gix::hash::Kind, offset: u64, limit: u64) -> Option<Object> {
        self.chain.clear();
        let (kind, mut content) = self.base(pack, number, hash, offset, limit)?;

        while let Some(step) = self.chain.pop() {
            self.delta.resize(step.size, 0);
            inflate(&mut self.inflate, pack.bytes_from(step.data_offset)?, &mut self.delta)?;
            self.result.clear();
            apply(&content, &self.delta, limit, &mut self.result)?;
            content = Arc::from(self.result.as_slice());
            self.cache.put(number, step.offset, (kind, content.clone()));
        }
        Some((kind, content))
    }

    /// Follows deltas down to a kept object or to a whole one; what was passed waits in `chain`.
    fn base(&mut self, pack: &Pack, number: usize, hash: gix::hash::Kind, offset: u64, limit: u64) -> Option<Object> {
        let mut at = offset;
        while self.chain.len() < MAX_CHAIN {
            if let Some(kept) = self.cache.get(number, at) {
                return Some(kept);
            }
            let entry = data::Entry::from_bytes(pack.bytes_from(at)?, at, hash).ok()?;
            let size = usize::try_from(entry.decompressed_size).ok().filter(|_| entry.decompressed_size <= limit)?;
            let step = Step { offset: at, data_offset: entry.data_offset, size };
            match entry.header {
                data::entry::Header::OfsDelta { base_distance } => {
                    at = at.checked_sub(base_distance).filter(|base| *base < at)?;
                    self.chain.push(step);
                }
                data::entry::Header::RefDelta { base_id } => {
                    at = pack.offset_of(&base_id)?;
                    self.chain.push(step);
                }
                data::entry::Header::Commit
                | data::entry::Header::Tree
                | data::entry::Header::Blob
                | data::entry::Header::Tag => {
                    let kind = entry.header.as_kind()?;
                    self.result.resize(size, 0);
                    inflate(&mut self.inflate, pack.bytes_from(step.data_offset)?, &mut self.result)?;
                    let object = (kind, Arc::from(self.result.as_slice()));
                    if kind != gix::objs::Kind::Commit || !self.chain.is_empty() {
                        self.cache.put(number, at, object.clone());
                    }
                    return Some(object);
                }
            }
        }
        None
    }
}

fn inflate(inflate: &mut Decompressor, compressed: &[u8], out: &mut [u8]) -> Option<()> {
    let written = inflate.zlib_decompress(compressed, out).ok()?;
    (written == out.len()).then_some(())
}

/// Applies a delta: <https://git-scm.com/docs/gitformat-pack#_deltified_representation>. `None` when it is malformed.
fn apply(base: &[u8], delta: &[u8], limit: u64, out: &mut Vec<u8>) -> Option<()> {
    let (base_size, rest) = variable_length(delta)?;
    let (size, mut rest) = variable_length(rest)?;
    if base_size != base.len() as u64 || size > limit {
        return None;
    }
    out.reserve(usize::try_from(size).ok()?);
    while let Some((&command, after)) = rest.split_first() {
        rest = after;
        if command & 0x80 == 0 {
            let length = usize::from(command);
            if length == 0 {
                return None;
            }
            out.extend_from_slice(rest.get(..length)?);
            rest = rest.get(length..)?;
            continue;
        }
        let mut number = |bits: std::ops::Range<u32>| {
            let mut value = 0_usize;
            for (position, bit) in bits.enumerate() {
                if command & (1 << bit) != 0 {
                    let (&byte, after) = rest.split_first()?;
                    rest = after;
                    value |= usize::from(byte) << (8 * position);
                }
            }
            Some(value)
        };
        let (start, length) = (number(0..4)?, number(4..7)?);
        let length = if length == 0 { 0x1_0000 } else { length };
        out.extend_from_slice(base.get(start..start.checked_add(length)?)?);
    }
    (out.len() as u64 == size).then_some(())
}

fn variable_length(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (mut value, mut shift) = (0_u64, 0);
    for (position, byte) in bytes.iter().enumerate().take(9) {
        value |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(position + 1..)?));
        }
    }
    None
}

/// Unpacked objects by their place; a newcomer takes the slot of whatever stood there, and a hand clears when memory is full.
struct Cache {
    slots: Vec<Option<Slot>>,
    used: usize,
    bytes: usize,
    hand: usize,
}

struct Slot {
    pack: usize,
    offset: u64,
    object: Object,
}

impl Cache {
    /// The slot of a place; the number of slots is a power of two.
    fn slot(&self, pack: usize, offset: u64) -> usize {
        let mixed = (offset ^ ((pack as u64) << 48)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        usize::try_from(mixed >> 32).unwrap_or(0) & self.slots.len().saturating_sub(1)
    }

    fn get(&self, pack: usize, offset: u64) -> Option<Object> {
        let slot = self.slots.get(self.slot(pack, offset))?.as_ref()?;
        (slot.pack == pack && slot.offset == offset).then(|| slot.object.clone())
    }

    fn put(&mut self, pack: usize, offset: u64, object: Object) {
        let size = object.1.len();
        if size > MAX_CACHED {
            return;
        }
        if self.used * 2 >= self.slots.len() && self.slots.len() < CACHE_SLOTS {
            self.grow();
        }
        while self.bytes + size > CACHE_BYTES {
            self.hand = (self.hand + 1) & (self.slots.len() - 1);
            self.clear(self.hand);
        }
        self.set(Slot { pack, offset, object });
    }

    fn set(&mut self, slot: Slot) {
        let position = self.slot(slot.pack, slot.offset);
        self.clear(position);
        self.bytes += slot.object.1.len();
        self.used += 1;
        if let Some(place) = self.slots.get_mut(position) {
            *place = Some(slot);
        }
    }

    fn grow(&mut self) {
        let more = (self.slots.len() * 2).max(FIRST_SLOTS);
        let kept = std::mem::take(&mut self.slots);
        self.slots.resize_with(more, || None);
        (self.used, self.bytes, self.hand) = (0, 0, 0);
        for slot in kept.into_iter().flatten() {
            self.set(slot);
        }
    }

    fn clear(&mut self, position: usize) {
        if let Some(slot) = self.slots.get_mut(position).and_then(Option::take) {
            self.bytes -= slot.object.1.len();
            self.used -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use gix::objs::Find as _;

    use super::*;
    use crate::repository::testing::git;

    const HISTORY: &[u8] = include_bytes!("../../sample-repos/stories/flat-monolith/history.fi");

    /// A repository whose objects all lie in one pack, most of them as deltas of deltas.
    fn packed(more: &[&str]) -> (tempfile::TempDir, gix::Repository) {
        let folder = tempfile::tempdir().unwrap();
        git(folder.path(), &["init", "-q", "--bare", "--object-format=sha1"], b"");
        git(folder.path(), &["fast-import", "--quiet"], HISTORY);
        git(folder.path(), &[more, &["repack", "-adfq", "--depth=50", "--window=50"]].concat(), b"");
        let repo = gix::open_opts(folder.path(), gix::open::Options::isolated()).unwrap();
        (folder, repo)
    }

    /// gix reads the same objects; ids of the pack, of no object, and just beside the pack's are looked for.
    fn assert_reads_as_gix_does(more: &[&str]) {
        let (folder, repo) = packed(more);
        let packs = Arc::new(Packs::open(&[folder.path().join("objects")], repo.object_hash()));
        let [pack] = packs.mapped.as_slice() else { panic!("one pack") };
        let mut reader = PackReader::new(packs.clone());
        let count = pack.index.num_objects();
        assert!(count > 100, "{count}");
        let backwards_and_forwards = (0..count).rev().chain(0..count);
        for position in backwards_and_forwards {
            let id = pack.index.oid_at_index(position).to_owned();
            assert_eq!(pack.position_of(&id), Some(position));
            let mut buffer = Vec::new();
            let theirs = repo.objects.try_find(&id, &mut buffer).unwrap().unwrap();
            let (kind, content) = reader.find(&id).unwrap();
            assert_eq!((kind, &*content), (theirs.kind, theirs.data), "{id}");
            let tree = (kind == gix::objs::Kind::Tree).then_some(content);
            assert_eq!((reader.find_tree(&id), reader.find_tree(&id)), (tree.clone(), tree), "{id}");
            for change in [1_u8, 255] {
                let mut beside = id;
                let last = beside.as_mut_slice().last_mut().unwrap();
                *last = last.wrapping_add(change);
                assert_eq!(pack.position_of(&beside), pack.index.lookup(beside));
            }
        }
        for byte in 0..=255_u8 {
            let absent = gix::ObjectId::from_bytes_or_panic(&[byte; 20]);
            assert_eq!(pack.position_of(&absent), None);
            assert!(reader.find(&absent).is_none());
        }
    }

    #[test]
    fn offset_deltas_read_as_gix_reads_them() {
        assert_reads_as_gix_does(&[]);
    }

    #[test]
    fn deltas_by_id_read_as_gix_reads_them() {
        assert_reads_as_gix_does(&["-c", "repack.useDeltaBaseOffset=false"]);
    }

    #[test]
    fn a_damaged_stream_is_no_object() {
        let (folder, repo) = packed(&[]);
        let files = std::fs::read_dir(folder.path().join("objects/pack")).unwrap().flatten().map(|file| file.path());
        let path = files.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "pack")).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let hash = repo.object_hash();
        let read = |content: &[u8]| {
            let copy = tempfile::tempdir().unwrap();
            let objects = copy.path().join("pack");
            std::fs::create_dir(&objects).unwrap();
            std::fs::write(objects.join("p.pack"), content).unwrap();
            std::fs::copy(path.with_extension("idx"), objects.join("p.idx")).unwrap();
            let packs = Arc::new(Packs::open(&[copy.path().to_owned()], hash));
            let mut reader = PackReader::new(packs.clone());
            let index = &packs.mapped[0].index;
            let ids = (0..index.num_objects()).map(|position| index.oid_at_index(position).to_owned());
            ids.map(|id| (id, reader.find(&id))).collect::<Vec<_>>()
        };
        let good = read(&whole);
        assert!(good.iter().all(|(_, object)| object.is_some()));
        let mut lost = 0;
        for step in 0..40 {
            let mut damaged = whole.clone();
            // A run of bytes: it cannot hit only the few of an entry's header, which no checksum covers.
            let at = 12 + step * (whole.len() - 48) / 40;
            damaged[at..at + 16].iter_mut().for_each(|byte| *byte ^= 0x55);
            lost += read(&damaged).iter().filter(|(_, object)| object.is_none()).count();
        }
        assert!(lost >= 40, "{lost}");
    }
}
