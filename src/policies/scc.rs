//! Security context constraints of `OpenShift`: each gives its users and groups further rights for their pods.
//!
//! A pod is admitted when any constraint that its user may use admits it, so a further one can only allow more.
//! Format: <https://docs.redhat.com/en/documentation/openshift_container_platform/4.18/html/authentication_and_authorization/managing-pod-security-policies>

use super::marks::{About, Kinds, Marks, Presence, Rule, Sides, rules, text_at};
use super::pod_limits::{self, Limit, LimitRules, Limits, SHARED};
use crate::manifests::{Node, Object};

/// The kinds of this family by group.
pub(super) const KINDS: Kinds = &[("security.openshift.io", &["SecurityContextConstraints"])];

rules! {
    PRESENCE = "scc-presence": "Security context constraints were added (weaker) or removed (stronger): each lets its users do more.";
    PRIVILEGES = "scc-privileges": "Privileges or host access were allowed (weaker) or forbidden (stronger).";
    LISTS = "scc-lists": "Allowed capabilities, volumes or profiles grew or required ones shrank (weaker), or the reverse (stronger).";
    STRATEGY = "scc-strategy": "How users, groups or SELinux labels are chosen became laxer (weaker), stricter (stronger) or another (undetermined).";
    SUBJECTS = "scc-subjects": "Users or groups may use it that could not (weaker), or no longer may (stronger).";
    PRIORITY = "scc-priority": "The priority changed: another constraint may be chosen first; undetermined.";
    UNRECOGNISED = "scc-unrecognised": "A field changed that no rule of security context constraints knows; undetermined.";
}

const OWN: Limits = &[
    ("allowPrivilegedContainer", Limit::LaxWhenTrue(false)),
    ("allowHostDirVolumePlugin", Limit::LaxWhenTrue(false)),
    ("allowHostIPC", Limit::LaxWhenTrue(false)),
    ("allowHostNetwork", Limit::LaxWhenTrue(false)),
    ("allowHostPID", Limit::LaxWhenTrue(false)),
    ("allowHostPorts", Limit::LaxWhenTrue(false)),
    ("seccompProfiles", Limit::Allows),
    ("seLinuxContext", Limit::Strategy),
];

const LIMIT_RULES: LimitRules = LimitRules { privileges: PRIVILEGES, lists: LISTS, strategy: STRATEGY };

pub(super) fn compare(marks: &mut Marks, sides: &Sides) {
    if marks.presence(PRESENCE, sides, Presence::Allows) {
        return;
    }
    pod_limits::compare(marks, LIMIT_RULES, sides, &[SHARED, OWN]);
    marks.grants(SUBJECTS, &sides.at("users"), About::Protection);
    marks.grants(SUBJECTS, &sides.at("groups"), About::Protection);
    marks.changed(PRIORITY, &sides.at("priority"));
    let fields = SHARED.iter().chain(OWN).map(|(field, _)| *field);
    let known: Vec<&str> = fields.chain(["users", "groups", "priority", "apiVersion", "kind", "metadata", "status"]).collect();
    marks.unrecognised(UNRECOGNISED, sides, &known);
}

/// The laxest rights in a few words.
pub(super) fn enforcement(object: &Object) -> String {
    let root = &object.root;
    let flags = OWN.iter().filter(|(field, _)| root.get(field).and_then(Node::truth) == Some(true));
    let mut words: Vec<&str> = flags.map(|(field, _)| *field).collect();
    let user = text_at(root, &["runAsUser", "type"]);
    words.extend((!user.is_empty()).then_some(user));
    words.join(", ")
}
