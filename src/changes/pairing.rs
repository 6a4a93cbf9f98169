//! Which object before a commit is which one after it: inside a file first, then over all files by what it is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::manifests::{Certainty, Identity, Object, ObjectKind};
use crate::text::RepoPath;

/// What an object says, in so few bytes that two of them can be compared without keeping the objects.
pub(super) type Fingerprint = [u8; 32];

/// The items of two sides that belong together, as positions; the rest of each side in order.
pub(super) struct Pairing {
    pub pairs: Vec<(usize, usize)>,
    pub before: Vec<usize>,
    pub after: Vec<usize>,
}

impl Pairing {
    fn new(before: usize, after: usize) -> Self {
        Self { pairs: Vec::new(), before: (0..before).collect(), after: (0..after).collect() }
    }

    /// Pairs what has the same key, in order; an item without a key waits for a later pass.
    fn pass<K: Ord>(&mut self, key_before: impl Fn(usize) -> Option<K>, key_after: impl Fn(usize) -> Option<K>) {
        if self.before.is_empty() || self.after.is_empty() {
            return;
        }
        let mut waiting: BTreeMap<K, Vec<usize>> = BTreeMap::new();
        for position in self.before.iter().rev() {
            if let Some(key) = key_before(*position) {
                waiting.entry(key).or_default().push(*position);
            }
        }
        let pairs = &mut self.pairs;
        let known = pairs.len();
        self.after.retain(|position| {
            let partner = key_after(*position).and_then(|key| waiting.get_mut(&key)?.pop());
            pairs.extend(partner.map(|partner| (partner, *position)));
            partner.is_none()
        });
        let mut taken: Vec<usize> = pairs.iter().skip(known).map(|(before, _)| *before).collect();
        taken.sort_unstable();
        self.before.retain(|position| taken.binary_search(position).is_err());
    }
}

/// Pairs the objects of one file before and after an edit: equal names, copies with equal content first; what has no
/// name by its kind and position.
pub(super) fn within_file(before: &[Arc<Object>], after: &[Arc<Object>]) -> Pairing {
    let mut pairing = Pairing::new(before.len(), after.len());
    let identity = |side: &[Arc<Object>], position: usize| side.get(position).map(|object| object.identity.clone());
    if holds_copies(before) || holds_copies(after) {
        let whole =
            |side: &[Arc<Object>], at: usize| side.get(at).map(|object| (object.identity.clone(), object.root.fingerprint()));
        pairing.pass(|position| whole(before, position), |position| whole(after, position));
    }
    pairing.pass(|position| identity(before, position), |position| identity(after, position));
    pairing.pass(|position| unnamed_kind(before.get(position)?), |position| unnamed_kind(after.get(position)?));
    pairing
}

fn holds_copies(objects: &[Arc<Object>]) -> bool {
    let mut identities: Vec<&Identity> = objects.iter().map(|object| &object.identity).collect();
    identities.sort_unstable();
    identities.windows(2).any(|pair| matches!(pair, [left, right] if left == right))
}

fn unnamed_kind(object: &Object) -> Option<ObjectKind> {
    (object.identity.certainty == Certainty::Unnamed).then(|| object.identity.kind.clone())
}

/// An object that one file has lost or won, as far as pairing over files needs it.
pub(super) struct Loose<'a> {
    pub identity: &'a Identity,
    pub path: &'a RepoPath,
    pub fingerprint: &'a Fingerprint,
}

/// Pairs objects that left one file with objects that came into another: equal content before other content, files of
/// the same name before others, then in the order given.
pub(super) fn across_files(before: &[Loose<'_>], after: &[Loose<'_>]) -> Pairing {
    let mut pairing = Pairing::new(before.len(), after.len());
    let named = |side: &'_ [Loose<'_>], position: usize| -> Option<(Identity, Vec<u8>, Fingerprint)> {
        let loose = side.get(position).filter(|loose| loose.identity.certainty != Certainty::Unnamed)?;
        Some((loose.identity.clone(), file_name(loose.path).to_vec(), *loose.fingerprint))
    };
    pairing.pass(|at| named(before, at), |at| named(after, at));
    let content = |(identity, _, fingerprint)| (identity, fingerprint);
    pairing.pass(|at| named(before, at).map(content), |at| named(after, at).map(content));
    let place = |(identity, file_name, _)| (identity, file_name);
    pairing.pass(|at| named(before, at).map(place), |at| named(after, at).map(place));
    let name = |(identity, _, _)| identity;
    pairing.pass(|at| named(before, at).map(name), |at| named(after, at).map(name));
    pairing
}

fn file_name(path: &RepoPath) -> &[u8] {
    path.as_bytes().rsplit(|byte| *byte == b'/').next().unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::{Node, Value};

    fn node(value: Value) -> Node {
        Node { line: 1, value }
    }

    fn object(name: &str, certainty: Certainty, says: &str) -> Object {
        let kind = ObjectKind { group: "networking.k8s.io".into(), kind: "NetworkPolicy".into() };
        let identity = Identity { kind, namespace: "".into(), name: name.into(), certainty };
        Object { identity, version: "v1".into(), root: node(Value::Map(vec![("a".into(), node(Value::Text(says.into())))])) }
    }

    fn named(name: &str, says: &str) -> Object {
        object(name, Certainty::Named, says)
    }

    #[test]
    fn inside_a_file_names_decide_then_content_then_position() {
        let unnamed = |says| object("{{ x }}", Certainty::Unnamed, says);
        let before = [named("a", "1"), named("b", "1"), named("b", "2"), unnamed("u")];
        let after = [object("{{ y }}", Certainty::Unnamed, "v"), named("b", "2"), named("b", "3"), named("c", "1")];
        let pairing = within_file(&before.map(Arc::new), &after.map(Arc::new));
        assert_eq!(pairing.pairs, [(2, 1), (1, 2), (3, 0)]);
        assert_eq!((pairing.before, pairing.after), (vec![0], vec![3]));
    }

    #[test]
    fn across_files_content_comes_before_the_name_of_the_file_and_its_order() {
        let objects = [named("x", "1"), named("x", "2"), named("x", "3"), object("x", Certainty::Unnamed, "1")];
        let prints: Vec<Fingerprint> = objects.iter().map(|object| object.root.fingerprint()).collect();
        let paths = ["a/p.yaml", "b/q.yaml", "c/r.yaml", "d/s.yaml"].map(|path| RepoPath::new(path.as_bytes()));
        let loose = |object: usize, path: usize| Loose {
            identity: &objects[object].identity,
            path: &paths[path],
            fingerprint: &prints[object],
        };
        // The content of b/q.yaml is now in d/s.yaml; c/r.yaml kept its name and changed; without a name nothing is followed.
        let before = [loose(0, 0), loose(1, 1), loose(2, 2), loose(3, 0)];
        let after = [loose(0, 2), loose(1, 3), loose(3, 1)];
        let pairing = across_files(&before, &after);
        assert_eq!(pairing.pairs, [(0, 0), (1, 1)]);
        assert_eq!((pairing.before, pairing.after), (vec![2, 3], vec![2]));
        let renamed = across_files(&[loose(0, 0), loose(1, 1)], &[loose(2, 1)]);
        assert_eq!(renamed.pairs, [(1, 0)]);
    }
}
