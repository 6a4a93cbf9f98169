//! What the bytes of a file show before anything is parsed, remembered per blob.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use memchr::memmem::Finder;

use crate::manifests::{self, FirstLook, KnownDocuments, ObjectKind};
use crate::policies;
use crate::text::BlobId;

/// What one file shows at first sight.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    /// The kinds of its objects.
    pub kinds: Arc<[ObjectKind]>,
    /// Whether it shows a policy, or a namespace that carries a label of the Pod Security Standards.
    pub shows_policy: bool,
    /// Whether it shows one, or may hold one that only a parser can see.
    pub may_hold_policies: bool,
    /// Why it cannot be read in full, if so.
    pub obstacle: Option<&'static str>,
}

impl Sight {
    /// Whether an object of it could be what a policy of the other side was or becomes, a namespace without labels too.
    pub fn may_be_counterpart(&self) -> bool {
        self.may_hold_policies || are_wanted(&self.kinds)
    }
}

/// Whether a document with these kinds is parsed: one is a policy, or could be one.
pub(super) fn are_wanted(kinds: &[ObjectKind]) -> bool {
    kinds.iter().any(policies::may_be_policy)
}

/// Looks at the bytes of a file.
fn look(bytes: &[u8]) -> (FirstLook, bool) {
    let first = manifests::first_look(bytes);
    let is_policy = |kind: &ObjectKind| {
        if policies::may_be_namespace(kind) { shows_marked_namespace(bytes) } else { policies::family_of_kind(kind).is_some() }
    };
    let shows_policy = first.kinds.iter().any(is_policy);
    (first, shows_policy)
}

/// Whether a file has any of the labels and annotations that make a namespace a policy.
fn shows_marked_namespace(bytes: &[u8]) -> bool {
    static MARKS: LazyLock<[Finder<'static>; 5]> = LazyLock::new(|| {
        ["pod-security.kubernetes.io/", "podSecurityLabelSync", "gatekeeper.sh/", "linkerd.io/", "istio"].map(Finder::new)
    });
    MARKS.iter().any(|mark| mark.find(bytes).is_some())
}

/// Why the content of a file cannot be read in full, as far as a search for known marks tells.
fn obstacle(bytes: &[u8]) -> Option<&'static str> {
    static ENCRYPTED_BY_SOPS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("ENC[AES256_GCM,data:"));
    const BEGINNINGS: [(&[u8], &str); 5] = [
        (b"version https://git-lfs.github.com/spec/", "kept outside of Git, by Git LFS"),
        (b"\0GITCRYPT\0", "encrypted by git-crypt"),
        (b"$ANSIBLE_VAULT;", "encrypted by Ansible Vault"),
        (b"-----BEGIN AGE ENCRYPTED FILE-----", "encrypted by age"),
        (b"-----BEGIN PGP MESSAGE-----", "encrypted by OpenPGP"),
    ];
    /// How far git itself looks for a zero byte.
    const LOOKED_AT: usize = 8000;
    if let Some((_, obstacle)) = BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning)) {
        return Some(obstacle);
    }
    let is_utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let beginning = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    if !is_utf16 && memchr::memchr(0, beginning).is_some() {
        return Some("not a text");
    }
    ENCRYPTED_BY_SOPS.find(bytes).map(|_| "encrypted in part by SOPS")
}

/// What was read of contents, for all threads.
#[derive(Default)]
pub(super) struct ReadContents {
    /// What blobs show at first sight.
    pub sights: Sights,
    /// What documents say.
    pub documents: KnownDocuments,
}

/// What was seen of blobs, for all threads; a newcomer takes the slot of whatever stood there.
pub(super) struct Sights {
    shards: Vec<Mutex<Shard>>,
}

/// Slots that are locked together; their number is a power of two.
#[derive(Default)]
struct Shard {
    slots: Vec<Option<(BlobId, Sight)>>,
    used: usize,
}

/// How many parts are locked on their own.
const SHARDS: usize = 64;
/// How many blobs each part remembers, once it has grown.
const SLOTS: usize = 1 << 10;
/// How many it remembers when it begins.
const FIRST_SLOTS: usize = 1 << 4;

impl Default for Sights {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }
}

impl Sights {
    /// What was seen of a blob.
    pub fn recall(&self, blob: BlobId) -> Option<Sight> {
        let (shard, slot) = place(blob);
        let shard = self.shards.get(shard)?.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, sight) = shard.slots.get(slot & shard.slots.len().checked_sub(1)?)?.as_ref()?;
        (*known == blob).then(|| sight.clone())
    }

    fn remember(&self, blob: BlobId, sight: &Sight) {
        let (shard, slot) = place(blob);
        let Some(shard) = self.shards.get(shard) else { return };
        // A thread that panicked while it held the lock left a whole entry or none.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if shard.used * 2 >= shard.slots.len() && shard.slots.len() < SLOTS {
            shard.grow();
        }
        shard.set(slot, (blob, sight.clone()));
    }
}

impl Shard {
    fn set(&mut self, slot: usize, entry: (BlobId, Sight)) {
        let last = self.slots.len().saturating_sub(1);
        if let Some(place) = self.slots.get_mut(slot & last) {
            self.used += usize::from(place.replace(entry).is_none());
        }
    }

    fn grow(&mut self) {
        let more = (self.slots.len() * 2).max(FIRST_SLOTS);
        let kept = std::mem::take(&mut self.slots);
        self.slots.resize_with(more, || None);
        self.used = 0;
        for entry in kept.into_iter().flatten() {
            self.set(place(entry.0).1, entry);
        }
    }
}

/// Where a blob is remembered: ids are evenly spread.
fn place(blob: BlobId) -> (usize, usize) {
    let byte = |at: usize| usize::from(blob.0.as_bytes().get(at).copied().unwrap_or(0));
    (byte(0) % SHARDS, byte(1) << 8 | byte(2))
}

/// Looks at blobs, and shares sets of kinds: most files have the same few, and each set is stored once per thread.
#[derive(Default)]
pub(super) struct Looking {
    kind_sets: BTreeMap<Vec<ObjectKind>, Arc<[ObjectKind]>>,
}

impl Looking {
    /// Looks at the content of a blob, and lets every thread know.
    pub fn see(&mut self, blob: BlobId, bytes: &[u8], sights: &Sights) -> Sight {
        let (first, shows_policy) = look(bytes);
        let may_hold_policies = shows_policy || first.unsure;
        let sight = Sight { kinds: self.share(first.kinds), shows_policy, may_hold_policies, obstacle: obstacle(bytes) };
        sights.remember(blob, &sight);
        sight
    }

    fn share(&mut self, kinds: Vec<ObjectKind>) -> Arc<[ObjectKind]> {
        const REMEMBERED: usize = 1 << 15;
        if let Some(shared) = self.kind_sets.get(&kinds) {
            return shared.clone();
        }
        if self.kind_sets.len() >= REMEMBERED {
            self.kind_sets.clear();
        }
        let shared: Arc<[ObjectKind]> = kinds.clone().into();
        self.kind_sets.insert(kinds, shared.clone());
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_yaml_is_named() {
        let named = |bytes: &[u8]| obstacle(bytes).unwrap_or("");
        assert!(named(b"version https://git-lfs.github.com/spec/v1\noid sha256:00").contains("LFS"));
        assert!(named(b"\0GITCRYPT\0x").contains("git-crypt"));
        assert!(named(b"a: \0").contains("not a text"));
        assert!(named(b"apiVersion: v1\nx: ENC[AES256_GCM,data:").contains("SOPS"));
        assert_eq!(named(b"\xff\xfea\0"), "");
        assert_eq!(named(b"a: b"), "");
    }

    #[test]
    fn a_namespace_matters_by_its_label() {
        let matters = |text: &str| look(text.as_bytes()).1;
        assert!(!matters("apiVersion: v1\nkind: Namespace\n"));
        assert!(matters(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  labels:\n    pod-security.kubernetes.io/warn: baseline\n"
        ));
        assert!(!matters("apiVersion: v1\nkind: ConfigMap\ndata: {x: pod-security.kubernetes.io/warn}\n"));
    }

    #[test]
    fn a_blob_is_recalled_until_another_takes_its_slot() {
        let blob = |first: u8, last: u8| {
            let mut bytes = [0; 20];
            (bytes[0], bytes[19]) = (first, last);
            BlobId(crate::text::ObjectId::from_bytes(&bytes).unwrap_or_else(crate::text::ObjectId::zero))
        };
        let (sights, mut looking) = (Sights::default(), Looking::default());
        looking.see(blob(0, 1), b"apiVersion: v1\nkind: Pod\n", &sights);
        looking.see(blob(1, 1), b"", &sights);
        assert_eq!(sights.recall(blob(0, 1)).map(|sight| sight.kinds.len()), Some(1));
        assert!(sights.recall(blob(0, 2)).is_none());
        looking.see(blob(0, 2), b"", &sights);
        assert!(sights.recall(blob(0, 1)).is_none() && sights.recall(blob(0, 2)).is_some());
    }
}
