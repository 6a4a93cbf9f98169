//! What the bytes of a file show before anything is parsed, remembered per blob.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;

use crate::manifests::{self, FirstLook, ObjectKind};
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
    kinds.iter().any(|kind| policies::family_of_kind(kind).is_some() || is_namespace(kind))
}

fn is_namespace(kind: &ObjectKind) -> bool {
    *kind.kind == *"Namespace" && matches!(&*kind.group, "" | manifests::UNKNOWN_GROUP)
}

/// Looks at the bytes of a file.
fn look(bytes: &[u8]) -> (FirstLook, bool) {
    static POD_SECURITY_LABEL: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("pod-security.kubernetes.io/"));
    let first = manifests::first_look(bytes);
    let labelled = || POD_SECURITY_LABEL.find(bytes).is_some();
    let is_policy = |kind: &ObjectKind| policies::family_of_kind(kind).is_some() || (is_namespace(kind) && labelled());
    let shows_policy = first.kinds.iter().any(is_policy);
    (first, shows_policy)
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
    if !is_utf16 && bytes.iter().take(LOOKED_AT).any(|byte| *byte == 0) {
        return Some("not a text");
    }
    ENCRYPTED_BY_SOPS.find(bytes).map(|_| "encrypted in part by SOPS")
}

/// What was seen of blobs not long ago; bounded by forgetting the older half.
pub(super) struct Sights {
    /// How many blobs are remembered before the older ones are forgotten; as many sets of kinds.
    limit: usize,
    young: BTreeMap<BlobId, Sight>,
    old: BTreeMap<BlobId, Sight>,
    kind_sets: BTreeMap<Vec<ObjectKind>, Arc<[ObjectKind]>>,
}

impl Default for Sights {
    fn default() -> Self {
        Self { limit: 1 << 15, young: BTreeMap::new(), old: BTreeMap::new(), kind_sets: BTreeMap::new() }
    }
}

impl Sights {
    /// What was seen of a blob.
    pub fn recall(&mut self, blob: BlobId) -> Option<Sight> {
        if let Some(sight) = self.young.get(&blob) {
            return Some(sight.clone());
        }
        let sight = self.old.remove(&blob)?;
        self.remember(blob, &sight);
        Some(sight)
    }

    /// Looks at the content of a blob.
    pub fn see(&mut self, blob: BlobId, bytes: &[u8]) -> Sight {
        let (first, shows_policy) = look(bytes);
        let may_hold_policies = shows_policy || first.unsure;
        let sight = Sight { kinds: self.share(first.kinds), shows_policy, may_hold_policies, obstacle: obstacle(bytes) };
        self.remember(blob, &sight);
        sight
    }

    fn remember(&mut self, blob: BlobId, sight: &Sight) {
        if self.young.len() >= self.limit {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(blob, sight.clone());
    }

    /// Most files have the same few kinds; each set is stored once.
    fn share(&mut self, kinds: Vec<ObjectKind>) -> Arc<[ObjectKind]> {
        if let Some(shared) = self.kind_sets.get(&kinds) {
            return shared.clone();
        }
        if self.kind_sets.len() >= self.limit {
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
    fn memory_is_bounded_and_recent_blobs_stay() {
        let blob = |number: u32| {
            let mut bytes = [0; 20];
            bytes[..4].copy_from_slice(&number.to_le_bytes());
            BlobId(crate::text::ObjectId::from_bytes(&bytes).unwrap_or_else(crate::text::ObjectId::zero))
        };
        let mut sights = Sights { limit: 8, ..Sights::default() };
        for number in 0..24 {
            sights.see(blob(number), b"");
            assert!(sights.recall(blob(0)).is_some());
        }
        assert!(sights.young.len() + sights.old.len() <= 2 * sights.limit);
        assert!(sights.recall(blob(1)).is_none());
    }
}
