//! `NetworkPolicy` of Kubernetes: pods that a policy selects are isolated, its rules let traffic through again.
//!
//! Format: <https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/>

use super::traffic::{Keys, Peer, Placed, Port, TrafficRule, excess, rest_of, spelling};
use super::{POD_SELECTOR, POLICY_TYPES, UNRECOGNISED, came_or_went};
use crate::manifests::Node;
use crate::policies::marks::{Marks, Sides, items, present, texts};

/// The two directions of traffic: the type, the key of its rules, the key of a rule's peers.
const DIRECTIONS: [(&str, &str, &str); 2] = [("Ingress", "ingress", "from"), ("Egress", "egress", "to")];

pub(super) fn compare(marks: &mut Marks, sides: &Sides) {
    if came_or_went(marks, sides, |policy| allows_everything(policy.get("spec"))) {
        return;
    }
    let spec = sides.at("spec");
    marks.selector(POD_SELECTOR, &spec.at("podSelector"));
    for (kind, key, peers) in DIRECTIONS {
        match (applies(spec.this, kind), applies(spec.that, kind)) {
            (true, true) => {
                marks.all_weaker(excess(&rules(spec.this, key, peers), &rules(spec.that, key, peers)));
            }
            (false, true) => marks.weaker(POLICY_TYPES, &spec.at("policyTypes").path),
            (_, false) => {}
        }
    }
    marks.unrecognised(UNRECOGNISED, &spec, &["podSelector", "policyTypes", "ingress", "egress"]);
}

/// Whether the policy isolates in that direction; without `policyTypes` for ingress always, for egress when it has such rules.
pub(super) fn applies(spec: Option<&Node>, kind: &str) -> bool {
    let types = texts(present(spec, "policyTypes"));
    if types.is_empty() {
        return kind == "Ingress" || present(spec, "egress").is_some_and(|rules| !rules.is_empty());
    }
    types.contains(&kind)
}

fn allows_everything(spec: Option<&Node>) -> bool {
    let mut directions = DIRECTIONS.into_iter().filter(|(kind, ..)| applies(spec, kind));
    directions.all(|(_, key, peers)| rules(spec, key, peers).iter().any(TrafficRule::is_open))
}

/// Whether it isolates every pod of its namespace in one direction at least without letting anything through.
pub(super) fn denies_by_default(spec: Option<&Node>, kind: &str) -> bool {
    let all_pods = present(spec, "podSelector").is_none_or(|selector| selector.entries().iter().all(|(_, part)| part.is_empty()));
    let none = |(known, key, _): (&str, &str, &str)| known == kind && present(spec, key).is_none_or(Node::is_empty);
    all_pods && applies(spec, kind) && DIRECTIONS.into_iter().any(none)
}

fn rules<'a>(spec: Option<&'a Node>, key: &str, peers: &str) -> Vec<TrafficRule<'a>> {
    items(present(spec, key), &format!("spec.{key}")).into_iter().map(|item| rule(item.node, item.path, peers)).collect()
}

fn rule<'a>(node: &'a Node, path: String, peers_key: &str) -> TrafficRule<'a> {
    let listed = |key: &str| present(Some(node), key).filter(|list| !list.is_empty());
    let (peers_path, ports_path) = (format!("{path}.{peers_key}"), format!("{path}.ports"));
    let place = |list: Option<&'a Node>, path: &str| list.map(|list| items(Some(list), path));
    let peers = place(listed(peers_key), &peers_path)
        .map(|list| list.into_iter().map(|item| Placed { what: peer(item.node), path: item.path }).collect());
    let ports = place(listed("ports"), &ports_path)
        .map(|list| list.into_iter().map(|item| Placed { what: port(item.node), path: item.path }).collect());
    let keys =
        Keys { peers: spelling(listed(peers_key)), ports: spelling(listed("ports")), rest: rest_of(node, &[peers_key, "ports"]) };
    TrafficRule { path, peers, ports, peers_path, ports_path, keys }
}

fn peer(node: &Node) -> Peer<'_> {
    if let Some(block) = present(Some(node), "ipBlock") {
        return Peer::block(block).unwrap_or_else(|| Peer::Other(rest_of(node, &[])));
    }
    let (namespaces, pods) = (present(Some(node), "namespaceSelector"), present(Some(node), "podSelector"));
    match (namespaces, pods, node.entries().len()) {
        (None, None, _) | (_, _, 3..) => Peer::Other(rest_of(node, &[])),
        _ => Peer::Pods { namespaces, pods },
    }
}

fn port(node: &Node) -> Port {
    let protocol = present(Some(node), "protocol").and_then(Node::text).unwrap_or("TCP");
    Port::new(protocol, present(Some(node), "port"), present(Some(node), "endPort"))
}
