//! Linkerd: who may speak to a port of a meshed pod.
//!
//! A `Server` denies what no authorization allows; authorizations can only allow more.
//! Format: <https://linkerd.io/2/reference/authorization-policy/>

use std::collections::BTreeSet;

use super::marks::{About, Kinds, Marks, Presence, Rule, Sides, canonical, items, present, rules, text_at, texts};
use super::matching::uncovered;
use crate::manifests::{Node, Object};

/// The kinds of this family by group.
pub(super) const KINDS: Kinds = &[("policy.linkerd.io", &["*"])];

rules! {
    SERVER_PRESENCE = "linkerd-server-presence": "A server, which denies what is not authorized, was added (stronger) or removed (weaker).";
    ACCESS_POLICY = "linkerd-access-policy": "What a server lets through without an authorization grew (weaker) or shrank (stronger).";
    SERVER = "linkerd-server": "The port or protocol of a server changed; undetermined.";
    POD_SELECTOR = "linkerd-pod-selector": "A server selects fewer pods (weaker), more (stronger) or others (undetermined).";
    AUTHORIZATION_PRESENCE = "linkerd-authorization-presence": "An authorization, which lets clients through, was added (weaker) or removed (stronger).";
    TARGET = "linkerd-target": "An authorization is about another target; undetermined.";
    REQUIRED = "linkerd-required-authentication": "Fewer authentications are required (weaker) or more (stronger).";
    CLIENTS = "linkerd-clients": "More clients are let through (weaker) or fewer (stronger).";
    AUTHENTICATION_PRESENCE = "linkerd-authentication-presence": "A list of identities or networks came or went; alone it lets no one through; undetermined.";
    TRAFFIC_POLICY = "linkerd-traffic-policy": "Traffic out of the cluster is allowed (weaker) or denied (stronger) by default.";
    EGRESS = "linkerd-egress-network": "A network outside the cluster was declared, withdrawn or changed; undetermined.";
    ROUTE = "linkerd-route": "A route or rate limit of a server came, went or changed; undetermined.";
    DEFAULT_POLICY = "linkerd-default-inbound-policy": "The default inbound policy of a namespace lets more through (weaker) or less (stronger).";
    SKIP_PORTS = "linkerd-skip-ports": "Ports were taken out of the mesh (weaker) or put back (stronger).";
    INJECTION = "linkerd-injection": "Injection of the proxy was switched off (weaker) or on (stronger).";
    ANNOTATION = "linkerd-annotation": "Another annotation of Linkerd changed; undetermined.";
    UNRECOGNISED = "linkerd-unrecognised": "A field changed that no rule of Linkerd knows; undetermined.";
}

/// What a policy lets through, as sets of clients: a policy whose set holds another's is laxer.
///
/// `audit` lets everything through and reports it.
fn lets_through(policy: &str) -> Option<u8> {
    match policy {
        "deny" => Some(0),
        "cluster-authenticated" => Some(0b0_0001),
        "all-authenticated" => Some(0b0_0011),
        "cluster-unauthenticated" => Some(0b0_0101),
        "audit" => Some(0b0_1111),
        "all-unauthenticated" => Some(0b1_1111),
        _ => None,
    }
}

/// Compares policies; `default` is what an absent one means.
fn compare_policy(marks: &mut Marks, rule: Rule, sides: &Sides, default: &str) {
    let clients = |node: Option<&Node>| lets_through(node.map_or(default, |node| node.text().unwrap_or("?")));
    match (clients(sides.this), clients(sides.that)) {
        _ if sides.same() => {}
        (Some(this), Some(that)) if this == that => {}
        (Some(this), Some(that)) if this & that == that => marks.weaker(rule, &sides.path),
        (Some(this), Some(that)) if this & that == this => {}
        (_, _) => marks.unclear(rule, &sides.path),
    }
}

pub(super) fn compare(marks: &mut Marks, kind: &str, sides: &Sides) {
    match kind {
        "Server" => server(marks, sides),
        "AuthorizationPolicy" => authorization_policy(marks, sides),
        "ServerAuthorization" => server_authorization(marks, sides),
        "MeshTLSAuthentication" | "NetworkAuthentication" => authentication(marks, sides),
        "EgressNetwork" => egress_network(marks, sides),
        _ => {
            if !marks.presence(ROUTE, sides, Presence::Unknown) {
                marks.unrecognised(ROUTE, &sides.at("spec"), &[]);
            }
        }
    }
}

fn server(marks: &mut Marks, sides: &Sides) {
    if marks.presence(SERVER_PRESENCE, sides, Presence::Protects) {
        return;
    }
    let spec = sides.at("spec");
    compare_policy(marks, ACCESS_POLICY, &spec.at("accessPolicy"), "deny");
    marks.selector(POD_SELECTOR, &spec.at("podSelector"));
    marks.changed(SERVER, &spec.at("port"));
    marks.changed(SERVER, &spec.at("proxyProtocol"));
    marks.unrecognised(UNRECOGNISED, &spec, &["accessPolicy", "podSelector", "port", "proxyProtocol"]);
}

fn authorization_policy(marks: &mut Marks, sides: &Sides) {
    if marks.presence(AUTHORIZATION_PRESENCE, sides, Presence::Allows) {
        return;
    }
    let spec = sides.at("spec");
    marks.changed(TARGET, &spec.at("targetRef"));
    marks.demands(REQUIRED, &spec.at("requiredAuthenticationRefs"));
    marks.unrecognised(UNRECOGNISED, &spec, &["targetRef", "requiredAuthenticationRefs"]);
}

fn server_authorization(marks: &mut Marks, sides: &Sides) {
    if marks.presence(AUTHORIZATION_PRESENCE, sides, Presence::Allows) {
        return;
    }
    let spec = sides.at("spec");
    marks.changed(TARGET, &spec.at("server"));
    let client = spec.at("client");
    marks.flag(CLIENTS, &client.at("unauthenticated"), true, false);
    networks(marks, &client.at("networks"));
    let mesh = client.at("meshTLS");
    marks.flag(CLIENTS, &mesh.at("unauthenticatedTLS"), true, false);
    marks.grants(CLIENTS, &mesh.at("identities"), About::Protection);
    marks.grants(CLIENTS, &mesh.at("serviceAccounts"), About::Protection);
    marks.unrecognised(UNRECOGNISED, &mesh, &["unauthenticatedTLS", "identities", "serviceAccounts"]);
    marks.unrecognised(UNRECOGNISED, &client, &["unauthenticated", "networks", "meshTLS"]);
    marks.unrecognised(UNRECOGNISED, &spec, &["server", "client"]);
}

/// Compares lists of networks; without one every network of the cluster, or every one, is meant: undetermined.
fn networks(marks: &mut Marks, sides: &Sides) {
    if sides.this.is_some() != sides.that.is_some() {
        marks.unclear(CLIENTS, &sides.path);
        return;
    }
    let equal = |wide: &Node, narrow: &Node| {
        let cidr = |node| text_at(node, &["cidr"]);
        let except = |node: &Node| texts(node.get("except")).into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
        super::network::block_covers(wide, narrow) || (cidr(wide) == cidr(narrow) && except(wide) == except(narrow))
    };
    for item in uncovered(items(sides.this, &sides.path), &items(sides.that, &sides.path), equal) {
        marks.weaker(CLIENTS, &item.path);
    }
}

fn authentication(marks: &mut Marks, sides: &Sides) {
    if marks.presence(AUTHENTICATION_PRESENCE, sides, Presence::Unknown) {
        return;
    }
    let spec = sides.at("spec");
    marks.grants(CLIENTS, &spec.at("identities"), About::Protection);
    marks.grants(CLIENTS, &spec.at("identityRefs"), About::Protection);
    networks(marks, &spec.at("networks"));
    marks.unrecognised(UNRECOGNISED, &spec, &["identities", "identityRefs", "networks"]);
}

fn egress_network(marks: &mut Marks, sides: &Sides) {
    if marks.presence(EGRESS, sides, Presence::Unknown) {
        return;
    }
    let spec = sides.at("spec");
    marks.level(TRAFFIC_POLICY, &spec.at("trafficPolicy"), |node| match node?.text()? {
        "Deny" => Some(1),
        "Allow" => Some(0),
        _ => None,
    });
    marks.unrecognised(EGRESS, &spec, &["trafficPolicy"]);
}

const DEFAULT_INBOUND: &str = "config.linkerd.io/default-inbound-policy";
const SKIPS: [&str; 2] = ["config.linkerd.io/skip-inbound-ports", "config.linkerd.io/skip-outbound-ports"];
const INJECT: &str = "linkerd.io/inject";

/// Whether an annotation of a namespace is Linkerd's.
pub(super) fn is_annotation(key: &str) -> bool {
    key.starts_with("config.linkerd.io/") || key.starts_with("config.alpha.linkerd.io/") || key == INJECT
}

pub(super) fn compare_annotations(marks: &mut Marks, sides: &Sides) {
    for (key, sides) in sides.others(&[]) {
        match key {
            DEFAULT_INBOUND => default_policy(marks, &sides),
            INJECT => marks.level(INJECTION, &sides, |node| match node.and_then(Node::text) {
                Some("enabled" | "ingress") => Some(1),
                None | Some("disabled") => Some(0),
                Some(_) => None,
            }),
            _ if SKIPS.contains(&key) => skip_ports(marks, &sides),
            _ if is_annotation(key) => marks.unclear(ANNOTATION, &sides.path),
            _ => {}
        }
    }
}

/// Without the annotation the default of the cluster holds, which may be any: `deny` is never laxer than it, and
/// `all-unauthenticated` never stricter.
fn default_policy(marks: &mut Marks, sides: &Sides) {
    let (this, that) = (sides.this.and_then(Node::text), sides.that.and_then(Node::text));
    match (this, that) {
        (None, Some("deny")) | (Some("all-unauthenticated"), None) => marks.weaker(DEFAULT_POLICY, &sides.path),
        (Some("deny"), None) | (None, Some("all-unauthenticated")) => {}
        (None, _) | (_, None) => marks.unclear(DEFAULT_POLICY, &sides.path),
        (Some(_), Some(_)) => compare_policy(marks, DEFAULT_POLICY, sides, "?"),
    }
}

fn skip_ports(marks: &mut Marks, sides: &Sides) {
    let ports = |node: Option<&Node>| -> BTreeSet<String> {
        let text = node.map(canonical).unwrap_or_default();
        text.trim_matches('"').split(',').map(|port| port.trim().to_owned()).filter(|port| !port.is_empty()).collect()
    };
    if !ports(sides.this).is_subset(&ports(sides.that)) {
        marks.weaker_about(SKIP_PORTS, &sides.path, About::Exemption);
    }
}

/// The annotations of a namespace in short.
pub(super) fn annotation_words(annotations: Option<&Node>) -> String {
    let word = |key: &str, word: &str| Some(format!("{word}={}", present(annotations, key)?.text()?));
    [word(INJECT, "inject"), word(DEFAULT_INBOUND, "default-inbound-policy")].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

pub(super) fn enforcement(object: &Object) -> String {
    match &*object.identity.kind.kind {
        "Server" => match text_at(&object.root, &["spec", "accessPolicy"]) {
            "" => "deny".to_owned(),
            policy => policy.to_owned(),
        },
        "EgressNetwork" => text_at(&object.root, &["spec", "trafficPolicy"]).to_owned(),
        _ => String::new(),
    }
}
