//! Every other kind of the security layer: what changed is listed, no direction is told.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::marks::{Marks, Presence, Rule, Sides, rules};
use crate::manifests::ObjectKind;

rules! {
    PRESENCE = "other-presence": "An object of the security layer that no family of rules knows came or went; undetermined.";
    CHANGED = "other-changed": "A field of such an object changed; undetermined.";
}

/// The layer of each kind by group, read from the table of kinds.
static LAYERS: LazyLock<BTreeMap<&'static str, BTreeMap<&'static str, &'static str>>> = LazyLock::new(|| {
    let mut layers: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for line in include_str!("../classification/kinds-to-layers.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        if let (Some(group), Some(kind), Some(layer)) = (columns.next(), columns.next(), columns.next()) {
            layers.entry(group).or_default().insert(kind, layer);
        }
    }
    layers
});

/// Whether the table puts a kind into the security layer: the kind of the group, then the group.
pub(super) fn is_security(kind: &ObjectKind) -> bool {
    let group = if kind.group.is_empty() { "core" } else { &*kind.group };
    let layer = LAYERS.get(group).and_then(|kinds| kinds.get(&*kind.kind).or_else(|| kinds.get("*")));
    layer == Some(&"security")
}

/// Whether every group that has a kind of that name puts it into the security layer.
pub(super) fn is_security_in_any_group(kind: &str) -> bool {
    let mut layers = LAYERS.values().filter_map(|kinds| kinds.get(kind)).peekable();
    layers.peek().is_some() && layers.all(|layer| *layer == "security")
}

pub(super) fn compare(marks: &mut Marks, sides: &Sides) {
    if marks.presence(PRESENCE, sides, Presence::Unknown) {
        return;
    }
    marks.unrecognised(CHANGED, &sides.at("spec"), &[]);
    marks.unrecognised(CHANGED, sides, &["apiVersion", "kind", "metadata", "status", "spec"]);
}
