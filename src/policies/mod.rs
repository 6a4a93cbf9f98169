//! Which objects protect something, and whether an edit of one made it weaker.
//!
//! Families and rules are data and small functions; a kind is added in the file of its family.

mod marks;
mod selectors;
mod matching;
mod code;
mod pod_limits;
mod gatekeeper;
mod pod_security;
mod network;
mod linkerd;
mod istio;
mod kyverno;
mod admission;
mod rbac;
mod scc;
mod namespace;
mod other;
mod words;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::manifests::{Identity, Object, ObjectKind, UNKNOWN_GROUP};
use crate::text::RepoPath;

pub use self::marks::Rule;
use self::marks::{Kinds, Mark, Marks, Sides, rules};

/// A group of kinds that protect in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Family {
    /// Gatekeeper templates, constraints, mutations and configuration.
    Gatekeeper,
    /// Pod Security Standards as namespace labels, and the pod security policies before them.
    PodSecurity,
    /// Network policies of Kubernetes, Cilium and Calico, admin network policies.
    Network,
    /// Linkerd policy.
    Linkerd,
    /// Istio policy.
    Istio,
    /// Kyverno policies and their exceptions.
    Kyverno,
    /// Validating and mutating admission policies and webhooks of Kubernetes.
    Admission,
    /// Roles and their bindings.
    Rbac,
    /// Security context constraints of `OpenShift`.
    SecurityContext,
    /// Any other kind that the table of kinds puts into the security layer.
    Other,
}

/// Whether protection became less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Direction {
    /// The same protection: only order, comments, format or file changed.
    Neutral,
    /// More protection.
    Strengthened,
    /// No rule can tell.
    Undetermined,
    /// Less protection.
    Weakened,
}

/// What one rule says about one edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The direction.
    pub direction: Direction,
    /// The id of the rule, e.g. `network-rule-open`; stable, printed beside the verdict.
    pub rule: &'static str,
    /// The path of the field it is about, e.g. `spec.ingress[0].from`; empty for the object as a whole.
    pub field: Box<str>,
    /// Whether it is about an exemption: excluded namespaces, exempt images, exception objects.
    pub exemption: bool,
}

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PolicyEditKind {
    /// It is new.
    Added,
    /// It says something else; its file may have changed too.
    Modified,
    /// It says the same in another file.
    Moved,
    /// It is gone.
    Removed,
}

/// One policy object added, removed, modified or moved by a commit against its first parent.
#[derive(Clone, Debug)]
pub struct PolicyEdit {
    /// Which object.
    pub object: Identity,
    /// Its family.
    pub family: Family,
    /// What happened.
    pub kind: PolicyEditKind,
    /// Its file after the change; before it for a removed object.
    pub path: RepoPath,
    /// Its file before the change, where that is another one.
    pub old_path: Option<RepoPath>,
    /// The line of `path`, from 1, on which the object begins.
    pub line: u32,
    /// What it says otherwise than before, sorted by path; empty unless modified.
    pub fields: Box<[FieldEdit]>,
    /// What each rule says; at least one.
    pub verdicts: Box<[Verdict]>,
}

/// One field that says something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldEdit {
    /// Its path, e.g. `spec.ingress[0].from`.
    pub path: Box<str>,
    /// What it said, as compact JSON, cut at a bound; `None` when it was not there. Never a secret's value.
    pub before: Option<Box<str>>,
    /// What it says; `None` when it is gone.
    pub after: Option<Box<str>>,
    /// The line of the file, from 1, on which it stands; before the change for a field that is gone.
    pub line: u32,
}

impl PolicyEdit {
    /// The direction of the whole edit: weakened if any part is, else undetermined if any part is, else strengthened
    /// if any part is.
    #[must_use]
    pub fn direction(&self) -> Direction {
        self.verdicts.iter().map(|verdict| verdict.direction).max().unwrap_or(Direction::Neutral)
    }
}

/// Every family with its word and its kinds, in the order in which they are asked.
const FAMILIES: [(Family, &str, Kinds); 10] = [
    (Family::Gatekeeper, "gatekeeper", gatekeeper::KINDS),
    (Family::PodSecurity, "pss", pod_security::KINDS),
    (Family::Network, "network", network::KINDS),
    (Family::Linkerd, "linkerd", linkerd::KINDS),
    (Family::Istio, "istio", istio::KINDS),
    (Family::Kyverno, "kyverno", kyverno::KINDS),
    (Family::Admission, "admission", admission::KINDS),
    (Family::Rbac, "rbac", rbac::KINDS),
    (Family::SecurityContext, "scc", scc::KINDS),
    (Family::Other, "other", &[]),
];

impl Family {
    /// The word for it, with which the ids of its rules begin.
    #[must_use]
    pub fn word(self) -> &'static str {
        FAMILIES.iter().find(|(family, ..)| *family == self).map_or("other", |(_, word, _)| word)
    }

    /// The family of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        FAMILIES.iter().find(|(_, known, _)| *known == word).map(|(family, ..)| *family)
    }
}

impl Direction {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Strengthened => "strengthened",
            Self::Undetermined => "undetermined",
            Self::Weakened => "weakened",
        }
    }
}

impl PolicyEditKind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Moved => "moved",
            Self::Removed => "removed",
        }
    }
}

rules! {
    METADATA_ONLY = "metadata-only": "Only labels, annotations or other metadata without protective meaning, or the status, differ; neutral.";
    SAME_MEANING = "same-meaning": "What differs says the same: a list in another order, a default written out, another version of the API; neutral.";
    UNCHANGED = "unchanged": "The object says the same; only its file, order, comments or format changed; neutral.";
    OTHER_SIDE_UNREADABLE = "side-unreadable": "The file before or after the change cannot be read, so the object may be there as well; undetermined.";
    NOT_COMPARED = "not-compared": "The object moved and changed, and is too large to be compared with what it was; undetermined.";
}

/// Every rule with its meaning, sorted by id.
#[must_use]
pub fn rules() -> Vec<Rule> {
    let families = [
        RULES,
        gatekeeper::RULES,
        pod_security::RULES,
        network::RULES,
        linkerd::RULES,
        istio::RULES,
        kyverno::RULES,
        admission::RULES,
        rbac::RULES,
        scc::RULES,
        other::RULES,
    ];
    let mut all = families.concat();
    all.sort_by_key(|rule| rule.id);
    all
}

/// Where Kubernetes moved kinds away from; a kind keeps its family under that group.
const FORMER_GROUP: &str = "extensions";

/// The family that a kind may belong to; decides which documents are parsed.
///
/// A namespace is a maybe: only [`family_of`] sees whether it carries a label that protects. So is a kind whose group
/// is not known.
#[must_use]
pub fn family_of_kind(kind: &ObjectKind) -> Option<Family> {
    if is_namespace(kind) {
        return Some(Family::PodSecurity);
    }
    let groupless = &*kind.group == UNKNOWN_GROUP || &*kind.group == FORMER_GROUP;
    let listed = |kinds: &[&str]| kinds.iter().any(|known| *known == &*kind.kind || (*known == "*" && !groupless));
    let known = |kinds: Kinds| kinds.iter().any(|(group, kinds)| (groupless || **group == *kind.group) && listed(kinds));
    // Reports and other kinds that the table lists and no family knows are left to the last one.
    let family = FAMILIES.iter().find(|(_, _, kinds)| known(kinds)).map(|(family, ..)| *family);
    let other = if groupless { other::is_security_in_any_group(&kind.kind) } else { other::is_security(kind) };
    family.or(other.then_some(Family::Other))
}

/// Whether an object of that kind may be a policy, also where a template decides the group of a namespace.
#[must_use]
pub fn may_be_policy(kind: &ObjectKind) -> bool {
    family_of_kind(kind).is_some() || may_be_namespace(kind)
}

/// Whether a kind is that of namespaces, or may be where a template decides its group.
#[must_use]
pub fn may_be_namespace(kind: &ObjectKind) -> bool {
    &*kind.kind == "Namespace" && matches!(&*kind.group, "" | UNKNOWN_GROUP)
}

fn is_namespace(kind: &ObjectKind) -> bool {
    kind.group.is_empty() && &*kind.kind == "Namespace"
}

/// The family of an object; `None` for an object that is no policy.
///
/// A namespace is one where it carries a label or annotation of a family, such as `pod-security.kubernetes.io/enforce`.
#[must_use]
pub fn family_of(object: &Object) -> Option<Family> {
    if is_namespace(&object.identity.kind) {
        return namespace::family(&object.root);
    }
    family_of_kind(&object.identity.kind)
}

/// Says for each part of an edit whether it weakens; `before` is `None` for an added and `after` for a removed object.
///
/// At least one verdict, sorted by direction with the worst first, then by rule and field. Exchanging the two sides
/// exchanges weakened and strengthened and leaves the rest as it is.
#[must_use]
pub fn judge(family: Family, before: Option<&Object>, after: Option<&Object>) -> Vec<Verdict> {
    let forward = pass(family, after, before);
    let backward = pass(family, before, after);
    let unclear: BTreeSet<Mark> = forward.unclear.iter().chain(&backward.unclear).cloned().collect();
    let alike: BTreeSet<Mark> = forward.alike.iter().chain(&backward.alike).cloned().collect();
    let directed = [
        (Direction::Weakened, &forward.weaker),
        (Direction::Undetermined, &unclear),
        (Direction::Strengthened, &backward.weaker),
        (Direction::Neutral, &alike),
    ];
    let verdict = |direction: Direction, mark: &Mark| Verdict {
        direction,
        rule: mark.rule,
        field: mark.field.clone(),
        exemption: mark.exemption,
    };
    let mut verdicts: Vec<Verdict> =
        directed.iter().flat_map(|(direction, marks)| marks.iter().map(|mark| verdict(*direction, mark))).collect();
    if verdicts.is_empty() {
        let rule = without_marks(before, after).id;
        verdicts.push(Verdict { direction: Direction::Neutral, rule, field: "".into(), exemption: false });
    }
    verdicts
}

/// Why nothing was marked.
fn without_marks(before: Option<&Object>, after: Option<&Object>) -> Rule {
    let sides = Sides::new(before.map(|object| &object.root), after.map(|object| &object.root));
    match (sides.same(), sides.others(&["metadata", "status"]).is_empty()) {
        (true, _) => UNCHANGED,
        (false, true) => METADATA_ONLY,
        (false, false) => SAME_MEANING,
    }
}

/// Where `this` protects less than `that`.
fn pass(family: Family, this: Option<&Object>, that: Option<&Object>) -> Marks {
    let mut marks = Marks::default();
    let Some(object) = this.or(that) else { return marks };
    let sides = Sides::new(this.map(|object| &object.root), that.map(|object| &object.root));
    if sides.same() {
        return marks;
    }
    let (group, kind) = (&*object.identity.kind.group, &*object.identity.kind.kind);
    match family {
        _ if is_namespace(&object.identity.kind) => namespace::compare(&mut marks, &sides),
        Family::Gatekeeper => gatekeeper::compare(&mut marks, group, &sides),
        Family::PodSecurity => pod_security::compare(&mut marks, kind, &sides),
        Family::Network => network::compare(&mut marks, kind, group, &sides),
        Family::Linkerd => linkerd::compare(&mut marks, kind, &sides),
        Family::Istio => istio::compare(&mut marks, kind, &sides),
        Family::Kyverno => kyverno::compare(&mut marks, kind, &sides),
        Family::Admission => admission::compare(&mut marks, kind, &sides),
        Family::Rbac => rbac::compare(&mut marks, kind, &sides),
        Family::SecurityContext => scc::compare(&mut marks, &sides),
        Family::Other => other::compare(&mut marks, &sides),
    }
    marks
}

/// What an object says about how strictly it is enforced, e.g. `deny`, `enforce=restricted`; empty where its kind has no such field.
#[must_use]
pub fn enforcement(object: &Object) -> String {
    if is_namespace(&object.identity.kind) {
        return namespace::enforcement(&object.root);
    }
    match family_of(object) {
        Some(Family::Gatekeeper) => gatekeeper::enforcement(object),
        Some(Family::PodSecurity) => pod_security::enforcement(object),
        Some(Family::Network) => network::enforcement(object),
        Some(Family::Linkerd) => linkerd::enforcement(object),
        Some(Family::Istio) => istio::enforcement(object),
        Some(Family::Kyverno) => kyverno::enforcement(object),
        Some(Family::Admission) => admission::enforcement(object),
        Some(Family::Rbac) => rbac::enforcement(object),
        Some(Family::SecurityContext) => scc::enforcement(object),
        Some(Family::Other) | None => String::new(),
    }
}

/// Who is exempt from an object, each in a few words, e.g. `namespace kube-system`.
#[must_use]
pub fn exemptions(object: &Object) -> Vec<String> {
    if is_namespace(&object.identity.kind) {
        return namespace::exemptions(&object.root);
    }
    match family_of(object) {
        Some(Family::Gatekeeper) => gatekeeper::exemptions(object),
        Some(Family::PodSecurity) => pod_security::exemptions(object),
        Some(Family::Kyverno) => kyverno::exemptions(object),
        Some(Family::Admission) => admission::exemptions(object),
        Some(Family::Network | Family::Linkerd | Family::Istio | Family::Rbac | Family::SecurityContext | Family::Other)
        | None => Vec::new(),
    }
}

/// Whether a network policy denies all traffic to or from every pod of its namespace, unless another one allows it.
#[must_use]
pub fn denies_by_default(object: &Object) -> bool {
    family_of(object) == Some(Family::Network) && network::denies_by_default(object)
}
