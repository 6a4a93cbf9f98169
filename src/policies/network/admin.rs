//! Network policies of cluster administrators: rules with an action, read in order, before or after those of namespaces.
//!
//! Format: <https://network-policy-api.sigs.k8s.io/api-overview/>

use super::traffic::{Action, Keys, Peer, Placed, Port, TrafficRule, action, compare_actions, rest_of};
use super::{ALLOW_PRESENCE, POLICY_PRESENCE, PRIORITY, SUBJECT, UNRECOGNISED};
use crate::manifests::Node;
use crate::policies::marks::{Marks, Presence, Rule, Sides, canonical, items, present};

pub(super) fn compare(marks: &mut Marks, sides: &Sides) {
    if let Some(only) = sides.this.xor(sides.that) {
        let (rule, presence) = what_it_does(only);
        marks.presence(rule, sides, presence);
        return;
    }
    let spec = sides.at("spec");
    marks.changed(PRIORITY, &spec.at("priority"));
    marks.changed(PRIORITY, &spec.at("tier"));
    marks.changed(SUBJECT, &spec.at("subject"));
    for (key, peers) in [("ingress", "from"), ("egress", "to")] {
        compare_actions(marks, &spec.at(key), |node, path| rule(node, path, peers));
    }
    marks.unrecognised(UNRECOGNISED, &spec, &["priority", "tier", "subject", "ingress", "egress"]);
}

fn what_it_does(policy: &Node) -> (Rule, Presence) {
    let lists = ["ingress", "egress"].map(|key| policy.at(&["spec", key]).map_or(&[][..], Node::items));
    let has = |wanted: Action| lists.iter().flat_map(|rules| rules.iter()).any(|rule| action(rule) == wanted);
    match (has(Action::Deny), has(Action::Allow)) {
        (true, _) => (POLICY_PRESENCE, Presence::Protects),
        (false, true) => (ALLOW_PRESENCE, Presence::Allows),
        (false, false) => (POLICY_PRESENCE, Presence::Unknown),
    }
}

fn rule<'a>(node: &'a Node, path: String, peers_key: &str) -> TrafficRule<'a> {
    let (peers_path, ports_path) = (format!("{path}.{peers_key}"), format!("{path}.ports"));
    let peers = items(present(Some(node), peers_key), &peers_path)
        .into_iter()
        .flat_map(|item| peers_of(item.node).into_iter().map(move |what| Placed { what, path: item.path.clone() }))
        .collect();
    let ports = present(Some(node), "ports").filter(|list| !list.is_empty()).map(|list| {
        items(Some(list), &ports_path).into_iter().map(|item| Placed { what: port(item.node), path: item.path }).collect()
    });
    let spelling = |key: &str| present(Some(node), key).map(canonical).unwrap_or_default();
    let keys = Keys {
        peers: spelling(peers_key),
        ports: spelling("ports"),
        rest: rest_of(node, &[peers_key, "ports", "name", "action"]),
    };
    TrafficRule { path, peers: Some(peers), ports, peers_path, ports_path, keys }
}

fn peers_of(node: &Node) -> Vec<Peer<'_>> {
    if let Some(namespaces) = present(Some(node), "namespaces") {
        return vec![Peer::Pods { namespaces: Some(namespaces), pods: None }];
    }
    if let Some(pods) = present(Some(node), "pods") {
        return vec![Peer::Pods {
            namespaces: present(Some(pods), "namespaceSelector"),
            pods: present(Some(pods), "podSelector"),
        }];
    }
    let networks = node.get("networks").map_or(&[][..], Node::items);
    let networks: Vec<Peer> = networks.iter().filter_map(Node::text).map(|cidr| Peer::addresses(cidr, &[])).collect();
    if networks.is_empty() { vec![Peer::Other(canonical(node))] } else { networks }
}

fn port(node: &Node) -> Port {
    for (key, first, last) in [("portNumber", "port", "port"), ("portRange", "start", "end")] {
        if let Some(numbers) = present(Some(node), key) {
            let protocol = numbers.get("protocol").and_then(Node::text).unwrap_or("TCP");
            return Port::new(protocol, present(Some(numbers), first), present(Some(numbers), last));
        }
    }
    Port::new(&canonical(node), Some(node), None)
}
