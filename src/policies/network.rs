//! Network policies: which traffic may reach and leave pods.

mod traffic;
mod kubernetes;
mod admin;
mod cilium;
mod calico;

use super::marks::{Kinds, Marks, Presence, Rule, Sides, present, rules};
use crate::manifests::{Node, Object};

/// The kinds of this family by group.
pub(super) const KINDS: Kinds = &[
    ("networking.k8s.io", &["NetworkPolicy"]),
    ("policy.networking.k8s.io", &["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"]),
    (
        "cilium.io",
        &[
            "CiliumNetworkPolicy",
            "CiliumClusterwideNetworkPolicy",
            "CiliumCIDRGroup",
            "CiliumEgressGatewayPolicy",
            "CiliumLocalRedirectPolicy",
        ],
    ),
    ("projectcalico.org", CALICO),
    ("crd.projectcalico.org", CALICO),
];

const CALICO: &[&str] = &[
    "NetworkPolicy",
    "GlobalNetworkPolicy",
    "StagedNetworkPolicy",
    "StagedGlobalNetworkPolicy",
    "StagedKubernetesNetworkPolicy",
    "NetworkSet",
    "GlobalNetworkSet",
    "HostEndpoint",
    "Tier",
];

rules! {
    POLICY_PRESENCE = "network-policy-presence": "A network policy that isolates was added (stronger) or removed (weaker).";
    ALLOW_PRESENCE = "network-allow-presence": "A network policy that lets everything through, or an admin policy with nothing but allow rules, was added (weaker) or removed (stronger).";
    POD_SELECTOR = "network-pod-selector": "The policy selects fewer pods (weaker), more (stronger) or others (undetermined).";
    POLICY_TYPES = "network-policy-types": "A direction of traffic, ingress or egress, is no longer isolated (weaker) or newly so (stronger).";
    DEFAULT_DENY = "network-default-deny": "A Cilium policy no longer denies by default in a direction (weaker) or newly does (stronger).";
    RULE_OPEN = "network-rule-open": "A rule without peers, which lets everyone through, was added (weaker) or removed (stronger).";
    CIDR_OPEN = "network-cidr-open": "Every address, 0.0.0.0/0, ::/0 or the entity world, was added to a rule (weaker) or removed (stronger).";
    NAMESPACES_OPEN = "network-namespaces-open": "All pods of all namespaces were added to a rule (weaker) or removed (stronger).";
    EXCEPT = "network-except": "The exceptions of an address range shrank (weaker) or grew (stronger).";
    PEERS = "network-peers": "Peers were added to a rule (weaker) or removed (stronger).";
    PORTS = "network-ports": "Ports were added to a rule (weaker) or removed (stronger).";
    RULE = "network-rule": "A rule that lets traffic through was added (weaker) or removed (stronger).";
    DENY_RULE = "network-deny-rule": "A rule that denies traffic was removed (weaker) or added (stronger).";
    PASS_RULE = "network-pass-rule": "A rule that passes traffic on or logs it changed; undetermined.";
    RULE_ORDER = "network-rule-order": "Rules with different actions stand in another order; undetermined.";
    PRIORITY = "network-priority": "The order, priority or tier of a policy changed; undetermined.";
    SUBJECT = "network-subject": "The subject of an admin network policy changed; undetermined.";
    STAGED = "network-staged": "A staged policy changed: it is previewed and not enforced; neutral.";
    SUPPORT = "network-support": "A set of addresses, a tier, an endpoint or a gateway that policies refer to changed; undetermined.";
    UNRECOGNISED = "network-unrecognised": "A field changed that no rule of network policies knows; undetermined.";
}

pub(super) fn compare(marks: &mut Marks, kind: &str, group: &str, sides: &Sides) {
    match kind {
        _ if kind.starts_with("Staged") => {
            if !sides.same() && (sides.this.is_none() || sides.that.is_none() || !sides.at("spec").same()) {
                marks.alike(STAGED, "");
            }
        }
        "AdminNetworkPolicy" | "BaselineAdminNetworkPolicy" | "ClusterNetworkPolicy" => admin::compare(marks, sides),
        "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy" => cilium::compare(marks, sides),
        "NetworkPolicy" | "GlobalNetworkPolicy" if group.ends_with("projectcalico.org") => calico::compare(marks, sides),
        "NetworkPolicy" => kubernetes::compare(marks, sides),
        _ => {
            if !marks.presence(SUPPORT, sides, Presence::Unknown) {
                marks.unrecognised(SUPPORT, &sides.at("spec"), &[]);
            }
        }
    }
}

/// Which directions a policy isolates, and `default deny` where it lets nothing through.
pub(super) fn enforcement(object: &Object) -> String {
    let group = &*object.identity.kind.group;
    match &*object.identity.kind.kind {
        kind if kind.starts_with("Staged") => "staged".to_owned(),
        "NetworkPolicy" if !group.ends_with("projectcalico.org") => kubernetes_enforcement(&object.root),
        "CiliumNetworkPolicy" | "CiliumClusterwideNetworkPolicy" => cilium_enforcement(&object.root),
        _ => String::new(),
    }
}

fn kubernetes_enforcement(root: &Node) -> String {
    let spec = present(Some(root), "spec");
    let directions = ["Ingress", "Egress"].into_iter().filter(|kind| kubernetes::applies(spec, kind));
    let word = |kind: &str| {
        let deny = if kubernetes::denies_by_default(spec, kind) { " (default deny)" } else { "" };
        format!("{}{deny}", kind.to_ascii_lowercase())
    };
    directions.map(word).collect::<Vec<_>>().join(", ")
}

fn cilium_enforcement(root: &Node) -> String {
    let directions = ["ingress", "egress"].into_iter().filter(|direction| cilium::denies_by_default(root, direction));
    directions.map(|direction| format!("{direction} (default deny)")).collect::<Vec<_>>().join(", ")
}

/// Whether a policy denies everything by default to every pod of its namespace, in one direction at least.
pub(super) fn denies_by_default(object: &Object) -> bool {
    enforcement(object).contains("default deny")
}

/// Whether an address range with exceptions takes in another one.
pub(super) fn block_covers(wide: &Node, narrow: &Node) -> bool {
    traffic::block_covers(wide, narrow)
}

/// Marks a policy that only one side has, by whether it `opens` everything or isolates; says whether that was the case.
fn came_or_went(marks: &mut Marks, sides: &Sides, opens: impl Fn(&Node) -> bool) -> bool {
    if sides.this.xor(sides.that).is_some_and(opens) {
        marks.presence(ALLOW_PRESENCE, sides, Presence::Allows)
    } else {
        marks.presence(POLICY_PRESENCE, sides, Presence::Protects)
    }
}
