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

/// Groups of the security layer whose objects carry secrets, or results of scans and tests: they rule nothing.
const NO_POLICIES: [&str; 25] = [
    "aadpodidentity.k8s.io",
    "aquasecurity.github.io",
    "bitnami.com",
    "certificates.k8s.io",
    "cli.kyverno.io",
    "clustersecret.io",
    "external-secrets.io",
    "generators.external-secrets.io",
    "isindir.github.com",
    "keyvault.azure.com",
    "kubescape.io",
    "onepassword.com",
    "openreports.io",
    "reports.kyverno.io",
    "secretgenerator.mittwald.de",
    "secretmanager.cnrm.cloud.google.com",
    "secrets-store.csi.x-k8s.io",
    "secrets.doppler.com",
    "secrets.hashicorp.com",
    "secrets.infisical.com",
    "secretsmanager.services.k8s.aws",
    "status.gatekeeper.sh",
    "test.gatekeeper.sh",
    "vault.banzaicloud.com",
    "wgpolicyk8s.io",
];

/// Whether the table puts a kind into the security layer and it rules something: the kind of the group, then the group.
pub(super) fn is_security(kind: &ObjectKind) -> bool {
    let group = if kind.group.is_empty() { "core" } else { &*kind.group };
    if NO_POLICIES.contains(&group) {
        return false;
    }
    let layer = LAYERS.get(group).and_then(|kinds| kinds.get(&*kind.kind).or_else(|| kinds.get("*")));
    layer == Some(&"security")
}

/// Whether every group that has a kind of that name puts it into the security layer and rules something with it.
pub(super) fn is_security_in_any_group(kind: &str) -> bool {
    let mut groups = LAYERS.iter().filter(|(_, kinds)| kinds.contains_key(kind)).peekable();
    let rules =
        |(group, kinds): (&&str, &BTreeMap<&str, &str>)| !NO_POLICIES.contains(group) && kinds.get(kind) == Some(&"security");
    groups.peek().is_some() && groups.all(rules)
}

pub(super) fn compare(marks: &mut Marks, sides: &Sides) {
    if marks.presence(PRESENCE, sides, Presence::Unknown) {
        return;
    }
    marks.unrecognised(CHANGED, &sides.at("spec"), &[]);
    marks.unrecognised(CHANGED, sides, &["apiVersion", "kind", "metadata", "status", "spec"]);
}
