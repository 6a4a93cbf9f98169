//! Istio: mutual TLS between workloads, and which requests are let through.
//!
//! Format: <https://istio.io/latest/docs/reference/config/security/>. A workload without any ALLOW policy lets every
//! request through; with one it lets through what one of them allows. So one ALLOW policy alone tells no direction.

use super::marks::{Kinds, Marks, Presence, Rule, Sides, items, present, rules, set_of, text_at};
use super::matching::{key_covers, uncovered};
use super::selectors::covers;
use crate::manifests::{Node, Object};

/// The kinds of this family by group.
pub(super) const KINDS: Kinds = &[("security.istio.io", &["*"])];

rules! {
    MTLS = "istio-mtls-mode": "Mutual TLS went down from STRICT over PERMISSIVE to DISABLE (weaker) or up (stronger).";
    PORT_MTLS = "istio-port-mtls": "Mutual TLS of a single port went down (weaker) or up (stronger).";
    SELECTOR = "istio-selector": "The policy is about fewer workloads (weaker), more (stronger) or others (undetermined).";
    DENY_PRESENCE = "istio-deny-presence": "A policy that denies, or asks an external authorizer, was added (stronger) or removed (weaker).";
    ALLOW_PRESENCE = "istio-allow-presence": "An ALLOW policy came or went: the first one of a workload shuts it, a further one opens it; undetermined.";
    ALLOW_NOTHING = "istio-allow-nothing-presence": "An ALLOW policy without rules, which lets nothing through, was added (stronger) or removed (weaker).";
    ALLOW_ALL = "istio-allow-all-presence": "An ALLOW policy with an empty rule, which lets everything through, was added (weaker) or removed (stronger).";
    AUDIT = "istio-audit-presence": "A policy that only audits came or went; neutral for what is let through.";
    ACTION = "istio-action": "The action went from denying to auditing (weaker) or back (stronger); between other actions undetermined.";
    ALLOW_RULE = "istio-allow-rule": "An ALLOW policy lets more requests through (weaker) or fewer (stronger).";
    DENY_RULE = "istio-deny-rule": "A policy denies fewer requests (weaker) or more (stronger).";
    AUDIT_RULE = "istio-audit-rule": "A policy audits other requests; neutral for what is let through.";
    REQUEST_PRESENCE = "istio-request-authentication-presence": "A check of request tokens was added (stronger) or removed (weaker).";
    JWT_RULES = "istio-jwt-rules": "The accepted issuers of tokens, or how tokens are read, changed; undetermined.";
    INJECTION = "istio-injection": "A namespace was taken out of the mesh (weaker) or into it (stronger).";
    REVISION = "istio-revision": "The revision of the mesh that a namespace uses changed; undetermined.";
    UNRECOGNISED = "istio-unrecognised": "A field changed that no rule of Istio knows; undetermined.";
}

pub(super) fn compare(marks: &mut Marks, kind: &str, sides: &Sides) {
    match kind {
        "PeerAuthentication" => peer_authentication(marks, sides),
        "AuthorizationPolicy" => authorization_policy(marks, sides),
        "RequestAuthentication" => request_authentication(marks, sides),
        _ => {
            if !marks.presence(UNRECOGNISED, sides, Presence::Unknown) {
                marks.unrecognised(UNRECOGNISED, &sides.at("spec"), &[]);
            }
        }
    }
}

/// How a mode compares; `Inherited` may be any of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Strict,
    Permissive,
    Disabled,
    Inherited,
    Unknown,
}

fn mode(tls: Option<&Node>) -> Mode {
    match present(tls, "mode").map(|mode| mode.text().unwrap_or("?")) {
        None | Some("UNSET") => Mode::Inherited,
        Some("STRICT") => Mode::Strict,
        Some("PERMISSIVE") => Mode::Permissive,
        Some("DISABLE") => Mode::Disabled,
        Some(_) => Mode::Unknown,
    }
}

fn compare_modes(marks: &mut Marks, rule: Rule, path: &str, this: Mode, that: Mode) {
    match (this, that) {
        _ if this == that => {}
        // The strictest is never laxer than what would be inherited, the laxest never stricter.
        (Mode::Disabled | Mode::Permissive | Mode::Inherited, Mode::Strict)
        | (Mode::Disabled, Mode::Permissive | Mode::Inherited) => marks.weaker(rule, path),
        (Mode::Strict, Mode::Disabled | Mode::Permissive | Mode::Inherited)
        | (Mode::Permissive | Mode::Inherited, Mode::Disabled) => {}
        (_, _) => marks.unclear(rule, path),
    }
}

fn peer_authentication(marks: &mut Marks, sides: &Sides) {
    let spec = sides.at("spec");
    let tls = spec.at("mtls");
    let whole = if sides.this.is_some() && sides.that.is_some() { &*tls.path } else { "" };
    let (this, that) = (mode(tls.this), mode(tls.that));
    compare_modes(marks, MTLS, whole, this, that);
    let ports = spec.at("portLevelMtls");
    for (_, port) in ports.others(&[]) {
        let own = |node: Option<&Node>, whole: Mode| if mode(node) == Mode::Inherited { whole } else { mode(node) };
        compare_modes(marks, PORT_MTLS, &port.path, own(port.this, this), own(port.that, that));
    }
    if sides.this.is_none() || sides.that.is_none() {
        if this == that && ports.same() {
            marks.unclear(MTLS, "");
        }
        return;
    }
    selector(marks, &spec.at("selector"), this == Mode::Strict && that == Mode::Strict);
    marks.unrecognised(UNRECOGNISED, &spec, &["mtls", "portLevelMtls", "selector"]);
}

/// Compares which workloads a policy is about, where being about more of them protects more.
fn selector(marks: &mut Marks, sides: &Sides, protects: bool) {
    match (covers(sides.this, sides.that), covers(sides.that, sides.this)) {
        (true, true) => {}
        _ if !protects => marks.unclear(SELECTOR, &sides.path),
        (false, true) => marks.weaker(SELECTOR, &sides.path),
        (true, false) => {}
        (false, false) => marks.unclear(SELECTOR, &sides.path),
    }
}

/// The action of an authorization policy; ALLOW where none is named.
fn action(policy: &Node) -> &str {
    match text_at(policy, &["spec", "action"]) {
        "" => "ALLOW",
        action => action,
    }
}

fn authorization_policy(marks: &mut Marks, sides: &Sides) {
    if let Some(only) = sides.this.xor(sides.that) {
        one_sided(marks, sides, only);
        return;
    }
    let (Some(this), Some(that)) = (sides.this, sides.that) else { return };
    let spec = sides.at("spec");
    let denies = |action: &str| matches!(action, "DENY" | "CUSTOM");
    let rules = spec.at("rules");
    match (action(this), action(that)) {
        (one, other) if one == other => compare_rules(marks, &rules, one),
        ("AUDIT", other) if denies(other) => marks.weaker(ACTION, &spec.at("action").path),
        (one, "AUDIT") if denies(one) => {}
        _ => marks.unclear(ACTION, &spec.at("action").path),
    }
    let protects = denies(action(this)) && denies(action(that));
    for key in ["selector", "targetRef", "targetRefs"] {
        selector(marks, &spec.at(key), protects && key == "selector");
    }
    marks.unrecognised(UNRECOGNISED, &spec, &["action", "rules", "selector", "targetRef", "targetRefs"]);
}

fn one_sided(marks: &mut Marks, sides: &Sides, only: &Node) {
    let rules = only.at(&["spec", "rules"]).map_or(&[][..], Node::items);
    match action(only) {
        "DENY" | "CUSTOM" => marks.presence(DENY_PRESENCE, sides, Presence::Protects),
        "AUDIT" => {
            marks.alike(AUDIT, "");
            true
        }
        "ALLOW" if rules.is_empty() => marks.presence(ALLOW_NOTHING, sides, Presence::Protects),
        "ALLOW" if rules.iter().any(Node::is_empty) => marks.presence(ALLOW_ALL, sides, Presence::Allows),
        _ => marks.presence(ALLOW_PRESENCE, sides, Presence::Unknown),
    };
}

fn compare_rules(marks: &mut Marks, sides: &Sides, action: &str) {
    let (this, that) = (items(sides.this, &sides.path), items(sides.that, &sides.path));
    match action {
        "ALLOW" => uncovered(this, &that, rule_covers).iter().for_each(|item| marks.weaker(ALLOW_RULE, &item.path)),
        "AUDIT" if !sides.same() => marks.alike(AUDIT_RULE, &sides.path),
        "AUDIT" => {}
        _ => uncovered(that, &this, rule_covers).iter().for_each(|item| marks.weaker(DENY_RULE, &item.path)),
    }
}

/// How many pairs of sources or operations of two rules are compared; beyond it only equal lists count as covered.
const MOST_SOURCES: usize = 2_500;

/// Whether a rule is about all requests that another one is about.
fn rule_covers(wide: &Node, narrow: &Node) -> bool {
    let known = ["from", "to", "when"];
    if wide.entries().iter().chain(narrow.entries()).any(|(key, _)| !known.contains(&&**key)) {
        return wide == narrow;
    }
    let any_of = |key: &str, part: &str| {
        let wide = wide.get(key).map_or(&[][..], Node::items);
        let narrow = narrow.get(key).map_or(&[][..], Node::items);
        let covers = |one: &Node, other: &Node| match (one.get(part), other.get(part)) {
            (Some(one), Some(other)) => request_covers(one, other),
            (_, _) => one == other,
        };
        if wide.len().saturating_mul(narrow.len()) > MOST_SOURCES {
            return wide == narrow;
        }
        wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|other| wide.iter().any(|one| covers(one, other))))
    };
    let all_of = || set_of(wide.get("when")).is_subset(&set_of(narrow.get("when")));
    any_of("from", "source") && any_of("to", "operation") && all_of()
}

/// Whether a source or operation takes in another one; keys that begin with `not` leave out.
fn request_covers(wide: &Node, narrow: &Node) -> bool {
    wide.entries().iter().all(|(key, value)| {
        if key.starts_with("not") {
            return set_of(Some(value)).is_subset(&set_of(narrow.get(key)));
        }
        key_covers(key, value, narrow)
    })
}

fn request_authentication(marks: &mut Marks, sides: &Sides) {
    if marks.presence(REQUEST_PRESENCE, sides, Presence::Protects) {
        return;
    }
    let spec = sides.at("spec");
    marks.changed(JWT_RULES, &spec.at("jwtRules"));
    selector(marks, &spec.at("selector"), true);
    marks.unrecognised(UNRECOGNISED, &spec, &["jwtRules", "selector"]);
}

const INJECTION_LABEL: &str = "istio-injection";
const REVISION_LABEL: &str = "istio.io/rev";
const MODE_LABEL: &str = "istio.io/dataplane-mode";

/// The labels of a namespace that are Istio's.
pub(super) const LABELS: [&str; 3] = [INJECTION_LABEL, REVISION_LABEL, MODE_LABEL];

/// A namespace is in the mesh by any of the labels; `disabled` and `none` take it out.
fn in_mesh(labels: Option<&Node>) -> bool {
    let value = |key: &str| present(labels, key).and_then(Node::text).unwrap_or("");
    let revision = !value(REVISION_LABEL).is_empty() && value(INJECTION_LABEL) != "disabled";
    value(INJECTION_LABEL) == "enabled" || revision || value(MODE_LABEL) == "ambient"
}

pub(super) fn compare_labels(marks: &mut Marks, sides: &Sides) {
    let differing: Vec<_> = LABELS.iter().map(|label| sides.at(label)).filter(|label| !label.same()).collect();
    let Some(first) = differing.first() else { return };
    match (in_mesh(sides.this), in_mesh(sides.that)) {
        (false, true) => marks.weaker(INJECTION, &first.path),
        (true, true) => marks.unclear(REVISION, &first.path),
        (_, false) => {}
    }
}

/// The labels of a namespace in short.
pub(super) fn label_words(labels: Option<&Node>) -> String {
    let word = |key: &&str| Some(format!("{key}={}", present(labels, key)?.text()?));
    LABELS.iter().filter_map(word).collect::<Vec<_>>().join(" ")
}

pub(super) fn enforcement(object: &Object) -> String {
    match &*object.identity.kind.kind {
        "PeerAuthentication" => match text_at(&object.root, &["spec", "mtls", "mode"]) {
            "" => "UNSET".to_owned(),
            mode => mode.to_owned(),
        },
        "AuthorizationPolicy" => action(&object.root).to_owned(),
        _ => String::new(),
    }
}
