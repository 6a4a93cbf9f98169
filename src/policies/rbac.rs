//! Roles and bindings: who may do what. More rights are weaker protection.
//!
//! Format: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>

use std::collections::BTreeSet;

use super::marks::{About, Item, Kinds, Marks, Presence, Rule, Sides, canonical, items, present, rules, text_at, texts};
use super::selectors::MOST_PAIRS;
use crate::manifests::{Node, Object};

/// The kinds of this family by group.
pub(super) const KINDS: Kinds = &[("rbac.authorization.k8s.io", ROLES), ("authorization.openshift.io", ROLES)];

const ROLES: &[&str] = &["Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"];

rules! {
    ROLE_PRESENCE = "rbac-role-presence": "A role was added (weaker) or removed (stronger).";
    BINDING_PRESENCE = "rbac-binding-presence": "A binding of subjects to a role was added (weaker) or removed (stronger).";
    WILDCARD = "rbac-wildcard": "A `*` for verbs, resources or groups was added (weaker) or removed (stronger).";
    ESCALATION = "rbac-escalation": "The verbs escalate, bind or impersonate were added (weaker) or removed (stronger).";
    VERBS = "rbac-verbs": "Verbs were added (weaker) or removed (stronger).";
    RESOURCES = "rbac-resources": "Resources, groups, names or addresses were added (weaker) or removed (stronger).";
    RULE = "rbac-rule": "A rule that gives rights was added (weaker) or removed (stronger).";
    AGGREGATION = "rbac-aggregation": "A cluster role takes in the rights of more roles (weaker) or fewer (stronger).";
    AGGREGATE_LABEL = "rbac-aggregate-label": "A cluster role adds its rights to another role (weaker) or no longer does (stronger).";
    SUBJECTS = "rbac-subjects": "Subjects were bound to a role (weaker) or no longer are (stronger).";
    EVERYONE = "rbac-everyone": "Every user, every service account or anonymous requests were bound to a role (weaker) or no longer are (stronger).";
    ROLE_REF = "rbac-role-ref": "A binding gives cluster-admin (weaker) or no longer does (stronger); another role is undetermined.";
    UNRECOGNISED = "rbac-unrecognised": "A field changed that no rule of RBAC knows; undetermined.";
}

pub(super) fn compare(marks: &mut Marks, kind: &str, sides: &Sides) {
    if kind.ends_with("Binding") { binding(marks, sides) } else { role(marks, sides) }
}

/// The keys of a rule, and whether an absent list of them means all.
const KEYS: [(&str, bool); 5] =
    [("apiGroups", false), ("resources", false), ("verbs", false), ("resourceNames", true), ("nonResourceURLs", false)];

fn role(marks: &mut Marks, sides: &Sides) {
    if marks.presence(ROLE_PRESENCE, sides, Presence::Allows) {
        return;
    }
    let rules = sides.at("rules");
    let (new, old) = rules.unmatched();
    let others = items(rules.that, &rules.path);
    let cheap = new.len().saturating_mul(others.len()) <= MOST_PAIRS;
    for item in new.iter().filter(|item| !(cheap && is_granted(item.node, &others))) {
        let (rule, path) = explain(item, if cheap { &old } else { &[] });
        marks.weaker(rule, &path);
    }
    let aggregation = sides.at("aggregationRule");
    marks.grants(AGGREGATION, &aggregation.at("clusterRoleSelectors"), About::Protection);
    marks.unrecognised(UNRECOGNISED, &aggregation, &["clusterRoleSelectors"]);
    for (key, label) in sides.below(&["metadata", "labels"]).others(&[]) {
        let on = |node: Option<&Node>| node.is_some_and(|node| node.text() == Some("true"));
        if key.contains("/aggregate-to-") && on(label.this) && !on(label.that) {
            marks.weaker(AGGREGATE_LABEL, &label.path);
        }
    }
    marks.unrecognised(UNRECOGNISED, sides, &["apiVersion", "kind", "metadata", "rules", "aggregationRule"]);
}

/// Whether the rules give every right that this one gives: each combination by one of them.
fn is_granted(rule: &Node, others: &[Item]) -> bool {
    let listed = KEYS.map(|(key, _)| texts(rule.get(key)));
    let combinations = listed.iter().fold(1_usize, |product, list| product.saturating_mul(list.len().max(1)));
    if combinations.saturating_mul(others.len()) > MOST_PAIRS {
        return others.iter().any(|other| {
            KEYS.iter().zip(&listed).all(|((key, all), list)| {
                let known: BTreeSet<&str> = texts(other.node.get(key)).into_iter().collect();
                let without = list.is_empty() && (!all || known.is_empty());
                without
                    || (*all && known.is_empty())
                    || known.contains("*")
                    || (!list.is_empty() && list.iter().all(|one| known.contains(one)))
            })
        });
    }
    let others: Vec<[BTreeSet<&str>; 5]> =
        others.iter().map(|other| KEYS.map(|(key, _)| texts(other.node.get(key)).into_iter().collect())).collect();
    (0..combinations).all(|number| {
        let right = combination(&listed, number);
        others.iter().any(|other| grants(other, &right))
    })
}

/// One value of each list, `None` of an empty one, by the number of the combination.
fn combination<'a>(lists: &[Vec<&'a str>; 5], number: usize) -> [Option<&'a str>; 5] {
    let mut left = number;
    let mut chosen = [None; 5];
    for (slot, list) in chosen.iter_mut().zip(lists) {
        let length = list.len().max(1);
        *slot = list.get(left % length).copied();
        left /= length;
    }
    chosen
}

fn grants(rule: &[BTreeSet<&str>; 5], right: &[Option<&str>; 5]) -> bool {
    KEYS.iter().zip(rule.iter().zip(right)).all(|((_, empty_is_all), (known, wanted))| match wanted {
        _ if *empty_is_all && known.is_empty() => true,
        Some(wanted) => known.contains("*") || known.contains(wanted) || below_known(known, wanted),
        None => !*empty_is_all,
    })
}

/// Whether an address such as `/healthz/x` stands below a known `/healthz/*`, or a subresource below `*/scale`.
fn below_known(known: &BTreeSet<&str>, wanted: &str) -> bool {
    let below =
        |pattern: &&str| pattern.starts_with('/') && pattern.strip_suffix('*').is_some_and(|start| wanted.starts_with(start));
    known.iter().any(below)
        || wanted.split_once('/').is_some_and(|(_, sub)| !sub.is_empty() && known.contains(&*format!("*/{sub}")))
}

/// Says what of a rule the nearest one of the other side does not have.
fn explain(item: &Item, others: &[Item]) -> (Rule, String) {
    let same = |other: &Item, keys: &[&str]| keys.iter().all(|key| item.node.get(key) == other.node.get(key));
    let by_verbs = others.iter().find(|other| same(other, &["apiGroups", "resources", "resourceNames", "nonResourceURLs"]));
    let by_resources = others.iter().find(|other| same(other, &["verbs", "nonResourceURLs"]));
    let nearest = by_verbs.or(by_resources);
    let new = |key: &str| -> Vec<&str> {
        let known = nearest.map(|other| texts(other.node.get(key))).unwrap_or_default();
        texts(item.node.get(key)).into_iter().filter(|text| !known.contains(text)).collect()
    };
    for (key, _) in KEYS {
        let new = new(key);
        let path = format!("{}.{key}", item.path);
        if new.contains(&"*") {
            return (WILDCARD, path);
        }
        if key == "verbs" && new.iter().any(|verb| matches!(*verb, "escalate" | "bind" | "impersonate")) {
            return (ESCALATION, path);
        }
    }
    match (by_verbs, by_resources) {
        (Some(_), _) => (VERBS, format!("{}.verbs", item.path)),
        (None, Some(_)) => (RESOURCES, item.path.clone()),
        (None, None) => (RULE, item.path.clone()),
    }
}

/// Names that stand for everyone.
const EVERYONE_NAMES: [&str; 4] =
    ["system:authenticated", "system:unauthenticated", "system:anonymous", "system:serviceaccounts"];

fn binding(marks: &mut Marks, sides: &Sides) {
    if marks.presence(BINDING_PRESENCE, sides, Presence::Allows) {
        return;
    }
    for key in ["subjects", "userNames", "groupNames"] {
        let lists = sides.at(key);
        let known: BTreeSet<String> = lists.that.map_or(&[][..], Node::items).iter().map(subject).collect();
        for item in items(lists.this, &lists.path).into_iter().filter(|item| !known.contains(&subject(item.node))) {
            let name = item.node.text().unwrap_or_else(|| text_at(item.node, &["name"]));
            marks.weaker(if EVERYONE_NAMES.contains(&name) { EVERYONE } else { SUBJECTS }, &item.path);
        }
    }
    let role = sides.at("roleRef");
    let is_admin = |node: Option<&Node>| node.is_some_and(|node| text_at(node, &["name"]) == "cluster-admin");
    match (is_admin(role.this), is_admin(role.that)) {
        (true, false) => marks.weaker(ROLE_REF, &role.path),
        (false, true) => {}
        (true, true) | (false, false) => marks.changed(ROLE_REF, &role),
    }
    let known = ["apiVersion", "kind", "metadata", "subjects", "userNames", "groupNames", "roleRef"];
    marks.unrecognised(UNRECOGNISED, sides, &known);
}

/// A subject without its API group, which follows from its kind.
fn subject(node: &Node) -> String {
    if node.text().is_some() {
        return canonical(node);
    }
    let parts = ["kind", "namespace", "name"].map(|key| text_at(node, &[key]));
    format!("{parts:?}")
}

/// What a role gives, in short.
pub(super) fn enforcement(object: &Object) -> String {
    let root = &object.root;
    if object.identity.kind.kind.ends_with("Binding") {
        let role = present(Some(root), "roleRef");
        let text = |key| role.map_or("", |role| text_at(role, &[key]));
        return format!("{} {}", text("kind"), text("name")).trim().to_owned();
    }
    let rules = present(Some(root), "rules").map_or(&[][..], Node::items);
    let wildcard = |key: &str| rules.iter().any(|rule| texts(rule.get(key)).contains(&"*"));
    let all: Vec<&str> = ["verbs", "resources"].into_iter().filter(|key| wildcard(key)).collect();
    if all.is_empty() { String::new() } else { format!("all {}", all.join(" and ")) }
}
