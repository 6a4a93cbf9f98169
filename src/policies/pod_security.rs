//! Pod Security Standards as labels of namespaces and in the configuration of the API server, and the pod security
//! policies that came before them.
//!
//! Format: <https://kubernetes.io/docs/concepts/security/pod-security-admission/>

use super::marks::{About, Kinds, Marks, Presence, Rule, Sides, present, rules, text_at, texts};
use super::pod_limits::{self, Limit, LimitRules, Limits, SHARED};
use crate::manifests::{Node, Object};

/// The kinds of this family by group, besides namespaces.
pub(super) const KINDS: Kinds =
    &[("policy", &["PodSecurityPolicy"]), ("pod-security.admission.config.k8s.io", &["PodSecurityConfiguration"])];

rules! {
    ENFORCE_LEVEL = "pss-enforce-level": "The enforced level went down from restricted over baseline to privileged or none (weaker) or up (stronger).";
    ENFORCE_ONLY_REPORTED = "pss-enforce-only-reported": "The enforce label was dropped while audit or warn stay (weaker), or came beside them (stronger).";
    ENFORCE_VERSION = "pss-enforce-version": "The version of the enforced level was pinned lower (weaker) or raised, `latest` being the highest (stronger).";
    AUDIT_LEVEL = "pss-audit-level": "The level that is audited went down (weaker) or up (stronger); nothing is refused by it.";
    AUDIT_VERSION = "pss-audit-version": "The version of the audited level was pinned lower (weaker) or raised (stronger).";
    WARN_LEVEL = "pss-warn-level": "The level that users are warned about went down (weaker) or up (stronger); nothing is refused by it.";
    WARN_VERSION = "pss-warn-version": "The version of the level for warnings was pinned lower (weaker) or raised (stronger).";
    PRIVILEGED = "pss-privileged-namespace": "A namespace that names no level before or after is labelled privileged; what it takes away depends on the cluster's default; undetermined.";
    LABEL_SYNC = "pss-label-sync": "OpenShift's synchronisation of the labels of a namespace was switched; undetermined.";
    CONFIGURATION = "pss-configuration": "The API server's configuration of Pod Security came or went; undetermined.";
    EXEMPTIONS = "pss-exemptions": "Namespaces, users or runtime classes were exempted (weaker) or no longer are (stronger).";
    PSP_PRESENCE = "pss-psp-presence": "A pod security policy came or went: it limits pods and lets its users run them; undetermined.";
    PSP_PRIVILEGES = "pss-psp-privileges": "Privileges or host access were allowed (weaker) or forbidden (stronger).";
    PSP_LISTS = "pss-psp-lists": "Allowed capabilities, volumes or paths grew or required ones shrank (weaker), or the reverse (stronger).";
    PSP_STRATEGY = "pss-psp-strategy": "How users, groups or SELinux labels are chosen became laxer (weaker), stricter (stronger) or another (undetermined).";
    PSP_ANNOTATION = "pss-psp-annotation": "Profiles that a pod security policy names in its annotations changed; undetermined.";
    UNRECOGNISED = "pss-unrecognised": "A field changed that no rule of pod security knows; undetermined.";
}

/// The beginning of the labels.
pub(super) const LABEL: &str = "pod-security.kubernetes.io/";

/// The label by which `OpenShift` says whether it sets the others.
pub(super) const SYNC_LABEL: &str = "security.openshift.io/scc.podSecurityLabelSync";

/// What happens to a pod that a level does not admit: the word, the rules for level and version.
const MODES: [(&str, Rule, Rule); 3] =
    [("enforce", ENFORCE_LEVEL, ENFORCE_VERSION), ("audit", AUDIT_LEVEL, AUDIT_VERSION), ("warn", WARN_LEVEL, WARN_VERSION)];

/// Compares labels, or the defaults of a configuration, whose keys have no common beginning.
pub(super) fn compare_levels(marks: &mut Marks, sides: &Sides, beginning: &str) {
    for (mode, level_rule, version_rule) in MODES {
        let level = sides.at(&format!("{beginning}{mode}"));
        let only_reported = mode == "enforce" && level.this.is_none() && reports(sides.this, beginning);
        let rule = if only_reported { ENFORCE_ONLY_REPORTED } else { level_rule };
        compare_level(marks, rule, &level);
        if level.this.is_some() && level.that.is_some() {
            marks.level_of_version(version_rule, &sides.at(&format!("{beginning}{mode}-version")));
        }
    }
}

/// Whether audit or warn still name a level that something can fall short of.
fn reports(labels: Option<&Node>, beginning: &str) -> bool {
    let level = |mode: &str| rank(present(labels, &format!("{beginning}{mode}")));
    [level("audit"), level("warn")].iter().any(|rank| rank.is_some_and(|rank| rank > 1))
}

fn rank(level: Option<&Node>) -> Option<u8> {
    match level.map(|level| level.text().unwrap_or("?")) {
        None => Some(0),
        Some("privileged") => Some(1),
        Some("baseline") => Some(2),
        Some("restricted") => Some(3),
        Some(_) => None,
    }
}

fn compare_level(marks: &mut Marks, rule: Rule, sides: &Sides) {
    match (rank(sides.this), rank(sides.that)) {
        _ if sides.same() => {}
        // Without a label the default of the cluster holds, which is privileged unless it was set otherwise.
        (Some(0 | 1), Some(0 | 1)) => marks.unclear_about(PRIVILEGED, &sides.path, About::Exemption),
        (Some(this), Some(that)) if this < that => marks.weaker(rule, &sides.path),
        (Some(_), Some(_)) => {}
        (None, _) | (_, None) => marks.unclear(UNRECOGNISED, &sides.path),
    }
}

impl Marks {
    /// Compares versions like `v1.29`; `latest`, or none, is the highest.
    fn level_of_version(&mut self, rule: Rule, sides: &Sides) {
        let rank = |node: Option<&Node>| match node.map(|node| node.text().unwrap_or("?")) {
            None | Some("latest") => Some((u32::MAX, u32::MAX)),
            Some(version) => {
                let (major, minor) = version.strip_prefix('v')?.split_once('.')?;
                Some((major.parse().ok()?, minor.parse().ok()?))
            }
        };
        match (rank(sides.this), rank(sides.that)) {
            _ if sides.same() => {}
            (Some(this), Some(that)) if this < that => self.weaker(rule, &sides.path),
            (Some(_), Some(_)) => {}
            (None, _) | (_, None) => self.unclear(rule, &sides.path),
        }
    }
}

pub(super) fn compare(marks: &mut Marks, kind: &str, sides: &Sides) {
    if kind == "PodSecurityPolicy" { pod_security_policy(marks, sides) } else { configuration(marks, sides) }
}

fn configuration(marks: &mut Marks, sides: &Sides) {
    marks.presence(CONFIGURATION, sides, Presence::Unknown);
    compare_levels(marks, &sides.at("defaults"), "");
    let exempt = sides.at("exemptions");
    for key in ["namespaces", "usernames", "runtimeClasses"] {
        marks.grants(EXEMPTIONS, &exempt.at(key), About::Exemption);
    }
    if sides.this.is_some() && sides.that.is_some() {
        marks.unrecognised(UNRECOGNISED, &exempt, &["namespaces", "usernames", "runtimeClasses"]);
        marks.unrecognised(UNRECOGNISED, sides, &["apiVersion", "kind", "metadata", "defaults", "exemptions"]);
    }
}

const OWN: Limits = &[
    ("privileged", Limit::LaxWhenTrue(false)),
    ("hostPID", Limit::LaxWhenTrue(false)),
    ("hostIPC", Limit::LaxWhenTrue(false)),
    ("hostNetwork", Limit::LaxWhenTrue(false)),
    ("hostPorts", Limit::Allows),
    ("allowedCSIDrivers", Limit::Allows),
    ("allowedProcMountTypes", Limit::Allows),
    ("runAsGroup", Limit::Strategy),
    ("seLinux", Limit::Strategy),
];

const LIMIT_RULES: LimitRules = LimitRules { privileges: PSP_PRIVILEGES, lists: PSP_LISTS, strategy: PSP_STRATEGY };

fn pod_security_policy(marks: &mut Marks, sides: &Sides) {
    if marks.presence(PSP_PRESENCE, sides, Presence::Unknown) {
        return;
    }
    let spec = sides.at("spec");
    pod_limits::compare(marks, LIMIT_RULES, &spec, &[SHARED, OWN]);
    host_paths(marks, &spec.at("allowedHostPaths"));
    for (key, annotation) in sides.below(&["metadata", "annotations"]).others(&[]) {
        if key.starts_with("seccomp.security.alpha.kubernetes.io/") || key.starts_with("apparmor.security.beta.kubernetes.io/") {
            marks.unclear(PSP_ANNOTATION, &annotation.path);
        }
    }
    let fields = SHARED.iter().chain(OWN).map(|(field, _)| *field);
    let known: Vec<&str> = fields.chain(["allowedHostPaths"]).collect();
    marks.unrecognised(UNRECOGNISED, &spec, &known);
}

/// No list of host paths means that all are allowed.
fn host_paths(marks: &mut Marks, sides: &Sides) {
    match (sides.this.is_none_or(Node::is_empty), sides.that.is_none_or(Node::is_empty)) {
        (true, false) => marks.weaker(PSP_LISTS, &sides.path),
        (false, false) => marks.grants(PSP_LISTS, sides, About::Protection),
        (_, true) => {}
    }
}

/// The levels that labels or defaults name, e.g. `enforce=restricted audit=baseline`.
pub(super) fn levels(node: Option<&Node>, beginning: &str) -> String {
    let word = |mode: &str| {
        let level = present(node, &format!("{beginning}{mode}"))?.text()?;
        let version = present(node, &format!("{beginning}{mode}-version")).and_then(Node::text);
        let pin = version.filter(|version| *version != "latest").map(|version| format!("@{version}"));
        Some(format!("{mode}={level}{}", pin.unwrap_or_default()))
    };
    MODES.iter().filter_map(|(mode, ..)| word(mode)).collect::<Vec<_>>().join(" ")
}

pub(super) fn enforcement(object: &Object) -> String {
    if &*object.identity.kind.kind == "PodSecurityConfiguration" {
        return levels(object.root.get("defaults"), "");
    }
    let spec = present(Some(&object.root), "spec");
    let flags = OWN.iter().filter(|(field, _)| present(spec, field).and_then(Node::truth) == Some(true));
    let mut words: Vec<&str> = flags.map(|(field, _)| *field).collect();
    let user = text_at(&object.root, &["spec", "runAsUser", "rule"]);
    words.extend((!user.is_empty()).then_some(user));
    words.join(", ")
}

pub(super) fn exemptions(object: &Object) -> Vec<String> {
    let exempt = object.root.get("exemptions");
    let list =
        |key: &str, word: &str| texts(present(exempt, key)).into_iter().map(|name| format!("{word} {name}")).collect::<Vec<_>>();
    [list("namespaces", "namespace"), list("usernames", "user"), list("runtimeClasses", "runtime class")].concat()
}
