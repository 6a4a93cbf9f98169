//! Calico's network policies: rules with an action, read in order; what no rule of a selected endpoint names is denied.
//!
//! Format: <https://docs.tigera.io/calico/latest/reference/resources/networkpolicy>

use super::traffic::{Action, Keys, Peer, Placed, Port, TrafficRule, compare_actions, rest_of, with_action};
use super::{POD_SELECTOR, POLICY_TYPES, PRIORITY, UNRECOGNISED, came_or_went};
use crate::manifests::Node;
use crate::policies::marks::{Item, Marks, Sides, canonical, items, present, texts};

/// The two directions: the type, the key of its rules, the key of the far side of a rule.
const DIRECTIONS: [(&str, &str, &str); 2] = [("Ingress", "ingress", "source"), ("Egress", "egress", "destination")];

const SELECTORS: [&str; 3] = ["selector", "namespaceSelector", "serviceAccountSelector"];

pub(super) fn compare(marks: &mut Marks, sides: &Sides) {
    if came_or_went(marks, sides, |policy| allows_everything(policy.get("spec"))) {
        return;
    }
    let spec = sides.at("spec");
    marks.changed(PRIORITY, &spec.at("order"));
    marks.changed(PRIORITY, &spec.at("tier"));
    for key in SELECTORS {
        selected(marks, &spec.at(key));
    }
    for (kind, key, far) in DIRECTIONS {
        match (applies(spec.this, kind), applies(spec.that, kind)) {
            (true, true) => compare_actions(marks, &spec.at(key), |node, path| rule(node, path, far)),
            (false, true) => marks.weaker(POLICY_TYPES, &spec.at("types").path),
            (_, false) => {}
        }
    }
    let known = ["order", "tier", "types", "ingress", "egress"];
    marks.unrecognised(UNRECOGNISED, &spec, &[&known[..], &SELECTORS[..]].concat());
}

/// Compares an expression of labels: everything, or by its spelling.
fn selected(marks: &mut Marks, sides: &Sides) {
    let everything =
        |node: Option<&Node>| node.and_then(Node::text).is_none_or(|text| text.trim().is_empty() || text.trim() == "all()");
    match (everything(sides.this), everything(sides.that)) {
        (true, _) => {}
        (false, true) => marks.weaker(POD_SELECTOR, &sides.path),
        (false, false) => marks.changed(POD_SELECTOR, sides),
    }
}

fn applies(spec: Option<&Node>, kind: &str) -> bool {
    let types = texts(present(spec, "types"));
    let has = |key: &str| present(spec, key).is_some_and(|rules| !rules.is_empty());
    match (types.is_empty(), kind) {
        (false, _) => types.contains(&kind),
        (true, "Ingress") => has("ingress") || !has("egress"),
        (true, _) => has("egress"),
    }
}

fn allows_everything(spec: Option<&Node>) -> bool {
    DIRECTIONS.into_iter().filter(|(kind, ..)| applies(spec, kind)).all(|(_, key, far)| {
        let of = |action| with_action(present(spec, key), "", action, |node, path| rule(node, path, far));
        of(Action::Deny).is_empty() && of(Action::Allow).iter().any(|rule| rule.is_open() && rule.keys.rest.is_empty())
    })
}

fn rule<'a>(node: &'a Node, path: String, far: &str) -> TrafficRule<'a> {
    let near = if far == "source" { "destination" } else { "source" };
    let (far_side, target) = (present(Some(node), far), present(Some(node), "destination"));
    let (peers_path, ports_path) = (format!("{path}.{far}"), format!("{path}.destination.ports"));
    let protocol = present(Some(node), "protocol").map(canonical).unwrap_or_default();
    let ports = present(target, "ports").filter(|list| !list.is_empty()).map(|list| {
        let place = |item: Item| Placed { what: Port::new(&protocol, Some(item.node), None), path: item.path };
        items(Some(list), &ports_path).into_iter().map(place).collect()
    });
    let without_ports = |side: Option<&Node>| side.map(|node| rest_of(node, &["ports"])).unwrap_or_default();
    let near_side = without_ports(present(Some(node), near));
    let source_ports = present(present(Some(node), "source"), "ports").map(canonical).unwrap_or_default();
    let keys = Keys {
        peers: without_ports(far_side),
        ports: present(target, "ports").map(canonical).unwrap_or_default(),
        rest: rest_of(node, &["source", "destination", "action", "metadata"]) + &near_side + &source_ports,
    };
    TrafficRule { peers: peers_of(far_side, &peers_path), path, ports, peers_path, ports_path, keys }
}

/// The far side of a rule: everyone, ranges of addresses, or whatever else it says as one.
fn peers_of<'a>(side: Option<&'a Node>, path: &str) -> Option<Vec<Placed<Peer<'a>>>> {
    let side = side.filter(|side| side.entries().iter().any(|(key, node)| &**key != "ports" && !node.is_empty()))?;
    let nets = present(Some(side), "nets").filter(|_| rest_of(side, &["nets", "ports"]).is_empty());
    let place = |what, path| Placed { what, path };
    let Some(nets) = nets else { return Some(vec![place(Peer::Other(rest_of(side, &["ports"])), path.to_owned())]) };
    let ranges = items(Some(nets), &format!("{path}.nets"));
    Some(ranges.into_iter().map(|item| place(Peer::addresses(item.node.text().unwrap_or(""), &[]), item.path)).collect())
}
