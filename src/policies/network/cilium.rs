//! `CiliumNetworkPolicy` and its cluster-wide kind: rules that allow and rules that deny, for selected endpoints.
//!
//! Format: <https://docs.cilium.io/en/stable/security/policy/language/>. A rule without peers lets everyone use its
//! ports; an empty rule lets no one through. An endpoint is isolated in a direction as soon as a policy has rules for it.

use super::traffic::{Keys, Peer, Placed, Port, TrafficRule, excess, rest_of};
use super::{DEFAULT_DENY, DENY_RULE, POD_SELECTOR, POLICY_PRESENCE, UNRECOGNISED, came_or_went};
use crate::manifests::Node;
use crate::policies::marks::{Item, Marks, Presence, Sides, canonical, items, present};

/// The rules of one direction: the key that allows, the key that denies, the beginning of the keys of peers.
const DIRECTIONS: [(&str, &str, &str); 2] = [("ingress", "ingressDeny", "from"), ("egress", "egressDeny", "to")];

/// Keys of a rule that begin like a key of peers and are none.
const NO_PEERS: [&str; 3] = ["toPorts", "fromRequires", "toRequires"];

pub(super) fn compare(marks: &mut Marks, sides: &Sides) {
    if came_or_went(marks, sides, |policy| specs(Some(policy)).iter().all(|spec| allows_everything(spec.node))) {
        return;
    }
    let (own, others) = (specs(sides.this), specs(sides.that));
    for at in 0..own.len().max(others.len()) {
        let (this, that) = (own.get(at), others.get(at));
        let path = this.or(that).map(|spec| spec.path.clone()).unwrap_or_default();
        compare_specs(marks, &Sides { this: this.map(|spec| spec.node), that: that.map(|spec| spec.node), path });
    }
    marks.unrecognised(UNRECOGNISED, sides, &["apiVersion", "kind", "metadata", "status", "spec", "specs"]);
}

fn specs(policy: Option<&Node>) -> Vec<Item<'_>> {
    let one = present(policy, "spec").map(|node| Item { node, path: "spec".to_owned() });
    one.into_iter().chain(items(present(policy, "specs"), "specs")).collect()
}

fn compare_specs(marks: &mut Marks, sides: &Sides) {
    if marks.presence(POLICY_PRESENCE, sides, Presence::Protects) {
        return;
    }
    marks.selector(POD_SELECTOR, &sides.at("endpointSelector"));
    marks.selector(POD_SELECTOR, &sides.at("nodeSelector"));
    for (allow, deny, peers) in DIRECTIONS {
        match (isolates(sides.this, allow, deny), isolates(sides.that, allow, deny)) {
            // What does not isolate still lets through what other policies shut.
            (true, true) | (false, false) => {
                let lists = sides.at(allow);
                marks.all_weaker(excess(&rules(lists.this, &lists.path, peers), &rules(lists.that, &lists.path, peers)));
            }
            (false, true) => marks.weaker(DEFAULT_DENY, &sides.at(allow).path),
            (true, false) => {}
        }
        let lists = sides.at(deny);
        for (_, path) in excess(&rules(lists.that, &lists.path, peers), &rules(lists.this, &lists.path, peers)) {
            marks.weaker(DENY_RULE, &path);
        }
    }
    let known = ["endpointSelector", "nodeSelector", "enableDefaultDeny", "description", "labels"];
    let lists = ["ingress", "ingressDeny", "egress", "egressDeny"];
    marks.unrecognised(UNRECOGNISED, sides, &[&known[..], &lists[..]].concat());
}

fn isolates(spec: Option<&Node>, allow: &str, deny: &str) -> bool {
    let stated = present(present(spec, "enableDefaultDeny"), allow).and_then(Node::truth);
    let has_rules = |key: &str| present(spec, key).is_some_and(|rules| !rules.items().is_empty());
    stated.unwrap_or_else(|| has_rules(allow) || has_rules(deny))
}

fn allows_everything(spec: &Node) -> bool {
    DIRECTIONS.iter().all(|(allow, deny, peers)| {
        let open = || rules(present(Some(spec), allow), "", peers).iter().any(TrafficRule::is_open);
        !isolates(Some(spec), allow, deny) || (open() && present(Some(spec), deny).is_none_or(Node::is_empty))
    })
}

fn rules<'a>(list: Option<&'a Node>, path: &str, peers: &str) -> Vec<TrafficRule<'a>> {
    items(list, path).into_iter().map(|item| rule(item.node, item.path, peers)).collect()
}

fn rule<'a>(node: &'a Node, path: String, side: &str) -> TrafficRule<'a> {
    let is_peer = |key: &str| key.starts_with(side) && !NO_PEERS.contains(&key);
    let lists: Vec<_> = node.entries().iter().filter(|(key, _)| is_peer(key)).collect();
    let narrows = ["toPorts", "icmps"].iter().any(|key| present(Some(node), key).is_some());
    let peers = (!lists.is_empty() || !narrows)
        .then(|| lists.iter().flat_map(|(key, list)| peers_of(key, list, &format!("{path}.{key}"))).collect());
    let ports_path = format!("{path}.toPorts");
    let ports = present(Some(node), "toPorts").filter(|list| !list.is_empty()).map(|list| ports_of(list, &ports_path));
    let peer_keys: Vec<&str> = lists.iter().map(|(key, _)| &**key).collect();
    let keys = Keys {
        peers: lists.iter().map(|(key, list)| format!("{key}:{}", canonical(list))).collect::<Vec<_>>().join(","),
        ports: present(Some(node), "toPorts").map(canonical).unwrap_or_default(),
        rest: rest_of(node, &[&peer_keys[..], &["toPorts"]].concat()),
    };
    TrafficRule { peers_path: path.clone(), path, peers, ports, ports_path, keys }
}

fn peers_of<'a>(key: &str, list: &'a Node, path: &str) -> Vec<Placed<Peer<'a>>> {
    let place = |item: Item<'a>| Placed { what: peer(key, item.node), path: item.path };
    items(Some(list), path).into_iter().map(place).collect()
}

fn peer<'a>(key: &str, node: &'a Node) -> Peer<'a> {
    let other = || Peer::Other(format!("{key}:{}", canonical(node)));
    match (key, node.text()) {
        ("fromEndpoints" | "toEndpoints", None) => Peer::Endpoints(node),
        ("fromEntities" | "toEntities", Some("all")) => Peer::Everyone,
        ("fromEntities" | "toEntities", Some(entity)) => Peer::Entity(entity),
        ("fromCIDR" | "toCIDR", Some(cidr)) => Peer::addresses(cidr, &[]),
        ("fromCIDRSet" | "toCIDRSet", None) => Peer::block(node).unwrap_or_else(other),
        _ => other(),
    }
}

fn ports_of(list: &Node, path: &str) -> Vec<Placed<Port>> {
    let mut all = Vec::new();
    for entry in items(Some(list), path) {
        let further = rest_of(entry.node, &["ports"]);
        let ports = present(Some(entry.node), "ports").filter(|list| !list.is_empty());
        for item in items(ports, &format!("{}.ports", entry.path)) {
            let protocol = item.node.get("protocol").and_then(Node::text).unwrap_or("ANY");
            let port = Port::new(protocol, present(Some(item.node), "port"), present(Some(item.node), "endPort"));
            all.push(Placed { what: port.zero_is_all(further.clone()), path: item.path });
        }
        if ports.is_none() {
            all.push(Placed { what: Port::new("ANY", None, None).zero_is_all(further), path: entry.path });
        }
    }
    all
}

/// Whether it isolates every endpoint of its namespace in a direction without letting anything through.
pub(super) fn denies_by_default(policy: &Node, direction: &str) -> bool {
    let all_endpoints = |spec: &Node| spec.get("endpointSelector").is_some_and(Node::is_empty);
    let nothing = |spec: &Node, allow: &str, peers: &str| {
        let rules = rules(present(Some(spec), allow), "", peers);
        rules.iter().all(|rule| rule.peers.as_ref().is_some_and(Vec::is_empty))
    };
    let denies = |spec: &Node, (allow, deny, peers): (&str, &str, &str)| {
        allow == direction && all_endpoints(spec) && isolates(Some(spec), allow, deny) && nothing(spec, allow, peers)
    };
    specs(Some(policy)).iter().any(|spec| DIRECTIONS.into_iter().any(|direction| denies(spec.node, direction)))
}
