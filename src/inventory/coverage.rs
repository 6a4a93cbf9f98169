//! Which namespaces lack a network policy that denies by default, and which lack a pod security level.
//!
//! This is what Git says, not what a cluster runs: only namespaces with a `Namespace` object and a plain name are looked at,
//! and only what is written beside them counts, not what a build step or a controller adds.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::tree::Placed;
use crate::manifests::{Node, Object};

/// What the namespaces of a tree have and lack.
#[derive(Debug, Default)]
pub struct Coverage {
    /// The namespaces looked at: those that have a `Namespace` object, one for each environment it stands in.
    pub namespaces: usize,
    /// Names that only policy objects mention; they are not looked at.
    pub only_named: usize,
    /// Policies that deny by default and name no namespace, so that the tree does not say where they apply.
    pub unplaced_denials: usize,
    /// Namespaces without a network policy that denies by default, as `name` or `name (environment)`, sorted.
    pub without_default_deny: Vec<Box<str>>,
    /// Namespaces without a `pod-security.kubernetes.io/enforce` label, likewise.
    pub without_enforce_label: Vec<Box<str>>,
}

/// A `Namespace` object.
#[derive(Serialize, Deserialize)]
pub(super) struct NamespaceObject {
    name: Box<str>,
    has_enforce_label: bool,
}

/// A network policy that denies by default in its namespace.
#[derive(Serialize, Deserialize)]
pub(super) struct Denial {
    namespace: Box<str>,
}

/// The namespace that an object describes, if it is one with a name.
pub(super) fn namespace_object(object: &Object) -> Option<NamespaceObject> {
    let identity = &object.identity;
    if !identity.kind.group.is_empty() || &*identity.kind.kind != "Namespace" || !is_plain_name(&identity.name) {
        return None;
    }
    let level = object.root.at(&["metadata", "labels", "pod-security.kubernetes.io/enforce"]).and_then(Node::text);
    Some(NamespaceObject { name: identity.name.clone(), has_enforce_label: level.is_some_and(|level| !level.is_empty()) })
}

/// Whether a name is one, and not what a template or a substitution makes a name of.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Where an object denies all traffic that nothing else allows, if it does.
pub(super) fn default_denial(object: &Object) -> Option<Denial> {
    let identity = &object.identity;
    let denies = match (&*identity.kind.group, &*identity.kind.kind) {
        ("networking.k8s.io", "NetworkPolicy") => denies_by_default(object),
        ("cilium.io", "CiliumNetworkPolicy") => cilium_denies_by_default(object),
        ("projectcalico.org" | "crd.projectcalico.org", "NetworkPolicy") => calico_denies_by_default(object),
        _ => false,
    };
    denies.then(|| Denial { namespace: identity.namespace.clone() })
}

/// Selects every pod and has no rule for one of its directions.
fn denies_by_default(object: &Object) -> bool {
    let selects_all = object.root.at(&["spec", "podSelector"]).is_none_or(selects_everything);
    let types = object.root.at(&["spec", "policyTypes"]).map(Node::items).unwrap_or_default();
    let has = |direction: &str| types.iter().any(|node| node.text() == Some(direction));
    let rules = |direction: &str| object.root.at(&["spec", direction]).is_some_and(|rules| !rules.is_empty());
    // Without policyTypes a policy is about ingress, and about egress where it has such rules.
    let ingress = (types.is_empty() || has("Ingress")) && !rules("ingress");
    object.root.get("spec").is_some() && selects_all && (ingress || has("Egress") && !rules("egress"))
}

/// Cilium denies what no rule allows as soon as a direction has rules, and an empty rule allows nothing.
fn cilium_denies_by_default(object: &Object) -> bool {
    let selects_all = object.root.at(&["spec", "endpointSelector"]).is_some_and(selects_everything);
    let empty_rules =
        |direction: &str| object.root.at(&["spec", direction]).is_some_and(|rules| rules.items().iter().all(Node::is_empty));
    selects_all && (empty_rules("ingress") || empty_rules("egress"))
}

fn calico_denies_by_default(object: &Object) -> bool {
    let selector = object.root.at(&["spec", "selector"]).and_then(Node::text).unwrap_or_default();
    let no_rules = |direction: &str| object.root.at(&["spec", direction]).is_none_or(Node::is_empty);
    let types = object.root.at(&["spec", "types"]).map(Node::items).unwrap_or_default();
    let has = |direction: &str| types.iter().any(|node| node.text() == Some(direction));
    let ingress = (types.is_empty() || has("Ingress")) && no_rules("ingress");
    object.root.get("spec").is_some()
        && matches!(selector.trim(), "" | "all()")
        && (ingress || has("Egress") && no_rules("egress"))
}

fn selects_everything(selector: &Node) -> bool {
    selector.entries().iter().all(|(_, terms)| terms.is_empty())
}

/// The environments in which a namespace stands; `None` for what all of them share.
type Places<'a> = BTreeMap<&'a str, BTreeSet<Option<&'a str>>>;

impl Coverage {
    pub(super) fn of(files: &[Placed<'_>]) -> Self {
        let namespaces =
            || files.iter().flat_map(|file| file.facts.namespaces.iter().map(|it| (it, file.environment.as_deref())));
        let denials = || files.iter().flat_map(|file| file.facts.denials.iter().map(|it| (it, file.environment.as_deref())));
        let policies = files.iter().flat_map(|file| &file.facts.policies);
        let named: BTreeSet<&str> = policies.map(|policy| &*policy.object.namespace).filter(|name| !name.is_empty()).collect();
        let places = gather(namespaces().map(|(namespace, environment)| (&*namespace.name, environment)));
        let labelled = namespaces().filter(|(namespace, _)| namespace.has_enforce_label);
        let labelled = gather(labelled.map(|(namespace, environment)| (&*namespace.name, environment)));
        let denied = gather(denials().map(|(denial, environment)| (&*denial.namespace, environment)));
        // A namespace that overlays describe applies there; what all of them share is a part of it.
        let targets: Vec<(&str, Option<&str>)> =
            places.iter().flat_map(|(name, environments)| targets(name, environments)).collect();
        Self {
            namespaces: targets.len(),
            only_named: named.iter().filter(|name| !places.contains_key(*name)).count(),
            unplaced_denials: denials().filter(|(denial, _)| denial.namespace.is_empty()).count(),
            without_default_deny: lacking(&targets, &denied),
            without_enforce_label: lacking(&targets, &labelled),
        }
    }
}

fn gather<'a>(facts: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Places<'a> {
    let mut places = Places::new();
    for (name, environment) in facts {
        places.entry(name).or_default().insert(environment);
    }
    places
}

fn targets<'a>(name: &'a str, environments: &BTreeSet<Option<&'a str>>) -> Vec<(&'a str, Option<&'a str>)> {
    let own: Vec<_> =
        environments.iter().filter(|environment| environment.is_some()).map(|environment| (name, *environment)).collect();
    if own.is_empty() { vec![(name, None)] } else { own }
}

/// The targets for which nothing stands in the same environment or in what all environments share.
fn lacking(targets: &[(&str, Option<&str>)], there: &Places<'_>) -> Vec<Box<str>> {
    let has = |name: &str, environment: Option<&str>| {
        there.get(name).is_some_and(|places| environment.is_none() || places.contains(&environment) || places.contains(&None))
    };
    let lacking = targets.iter().filter(|(name, environment)| !has(name, *environment));
    lacking
        .map(|(name, environment)| match environment {
            Some(environment) => format!("{name} ({environment})").into(),
            None => (*name).into(),
        })
        .collect()
}
