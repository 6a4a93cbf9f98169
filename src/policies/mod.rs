//! Which objects protect something, and whether an edit of one made it weaker.
//!
//! Families and rules are data and small functions; a kind is added in the file of its family.

mod words;

use crate::manifests::{Identity, Object, ObjectKind};
use crate::text::RepoPath;

/// A group of kinds that protect in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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

/// The family of an object; `None` for an object that is no policy.
///
/// A namespace is one where it carries a label of `pod-security.kubernetes.io/`.
#[must_use]
pub fn family_of(object: &Object) -> Option<Family> {
    family_of_kind(&object.identity.kind)
}

/// The family of a kind; `None` for a kind that is no policy. A namespace is one only by its labels.
#[must_use]
pub fn family_of_kind(kind: &ObjectKind) -> Option<Family> {
    match (&*kind.group, &*kind.kind) {
        ("networking.k8s.io", "NetworkPolicy") => Some(Family::Network),
        ("kyverno.io", "ClusterPolicy" | "Policy") => Some(Family::Kyverno),
        ("security.openshift.io", "SecurityContextConstraints") => Some(Family::SecurityContext),
        ("templates.gatekeeper.sh" | "constraints.gatekeeper.sh", _) => Some(Family::Gatekeeper),
        _ => None,
    }
}

/// Says for each part of an edit whether it weakens; `before` is `None` for an added and `after` for a removed object.
#[must_use]
pub fn judge(family: Family, before: Option<&Object>, after: Option<&Object>) -> Vec<Verdict> {
    let _ = (family, before, after);
    Vec::new()
}

/// What an object says about how strictly it is enforced, e.g. `deny`, `enforce=restricted`; empty where its kind has no such field.
#[must_use]
pub fn enforcement(object: &Object) -> String {
    let _ = object;
    String::new()
}

/// Who is exempt from an object, each in a few words, e.g. `namespace kube-system`.
#[must_use]
pub fn exemptions(object: &Object) -> Vec<String> {
    let _ = object;
    Vec::new()
}
