//! Admission policies and webhooks of Kubernetes: what the API server asks before it stores an object.
//!
//! Format: <https://kubernetes.io/docs/reference/access-authn-authz/validating-admission-policy/>

use std::collections::BTreeSet;

use super::code::{CodeRules, compare_cel};
use super::marks::{Kinds, Marks, Presence, Rule, Sides, items, present, rules, text_at, texts};
use super::matching::{Empty, MatchRules, compare_constraints, match_policy, resource_rules};
use super::selectors::left_out;
use crate::manifests::{Node, Object};

/// The kinds of this family by group.
pub(super) const KINDS: Kinds = &[(
    "admissionregistration.k8s.io",
    &[
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "MutatingAdmissionPolicy",
        "MutatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
    ],
)];

rules! {
    POLICY_PRESENCE = "admission-policy-presence": "A validating admission policy was added (stronger) or removed (weaker).";
    BINDING_PRESENCE = "admission-binding-presence": "A binding that puts an admission policy into force was added (stronger) or removed (weaker).";
    MUTATION_PRESENCE = "admission-mutation-presence": "A mutating policy, binding or webhook came or went; undetermined.";
    FAILURE_POLICY = "admission-failure-policy": "The failure policy went from Fail to Ignore (weaker) or back (stronger).";
    ACTIONS = "admission-validation-actions": "The actions of a binding went down from Deny over Warn to Audit (weaker) or up (stronger).";
    RESOURCES = "admission-match-resources": "Fewer resources or operations (weaker) or more (stronger) are matched.";
    EXCLUDED = "admission-excluded-resources": "Resources were excluded (weaker) or no longer are (stronger).";
    NAMESPACES = "admission-namespace-selector": "Fewer namespaces (weaker), more (stronger) or others (undetermined) are matched.";
    OBJECTS = "admission-object-selector": "Fewer objects (weaker), more (stronger) or others (undetermined) are matched by label.";
    CODE = "admission-code": "A CEL expression or variable reads differently; undetermined.";
    WORDING = "admission-code-wording": "Only spacing, messages or the order of CEL validations differ; neutral.";
    VALIDATION = "admission-validation": "A CEL validation was removed (weaker) or added (stronger).";
    CONDITION = "admission-match-condition": "A match condition was added (weaker) or removed (stronger).";
    PARAMETERS = "admission-parameters": "The parameters of a policy or binding changed; undetermined.";
    PARAMETER_NOT_FOUND = "admission-parameter-not-found": "What happens without parameters went from Deny to Allow (weaker) or back (stronger).";
    POLICY_NAME = "admission-policy-name": "A binding names another policy; undetermined.";
    MUTATIONS = "admission-mutations": "What a mutating policy changes is different; undetermined.";
    WEBHOOK_PRESENCE = "admission-webhook-presence": "A validating webhook was added (stronger) or removed (weaker).";
    WEBHOOK = "admission-webhook": "The address, certificate or another setting of a webhook changed; undetermined.";
    UNRECOGNISED = "admission-unrecognised": "A field changed that no rule of admission knows; undetermined.";
}

const CODE_RULES: CodeRules = CodeRules { changed: CODE, validation: VALIDATION, condition: CONDITION, wording: WORDING };

const MATCH_RULES: MatchRules =
    MatchRules { resources: RESOURCES, excluded: EXCLUDED, namespaces: NAMESPACES, objects: OBJECTS, other: UNRECOGNISED };

pub(super) fn compare(marks: &mut Marks, kind: &str, sides: &Sides) {
    let mutating = kind.starts_with("Mutating");
    let presence = |rule: Rule| if mutating { (MUTATION_PRESENCE, Presence::Unknown) } else { (rule, Presence::Protects) };
    let (rule, presence) = match kind {
        _ if kind.ends_with("Binding") => presence(BINDING_PRESENCE),
        _ if kind.ends_with("Configuration") => presence(WEBHOOK_PRESENCE),
        _ => presence(POLICY_PRESENCE),
    };
    match kind {
        _ if marks.presence(rule, sides, presence) => {}
        _ if kind.ends_with("Binding") => binding(marks, &sides.at("spec")),
        _ if kind.ends_with("Configuration") => webhooks(marks, sides, (rule, presence)),
        _ => policy(marks, &sides.at("spec")),
    }
}

fn policy(marks: &mut Marks, spec: &Sides) {
    marks.level(FAILURE_POLICY, &spec.at("failurePolicy"), |node| failure_rank(node, "Fail"));
    compare_constraints(marks, MATCH_RULES, &spec.at("matchConstraints"), Empty::Nothing);
    compare_cel(marks, CODE_RULES, spec);
    marks.changed(PARAMETERS, &spec.at("paramKind"));
    marks.changed(MUTATIONS, &spec.at("mutations"));
    marks.changed(MUTATIONS, &spec.at("reinvocationPolicy"));
    let code = ["validations", "variables", "matchConditions", "paramKind", "mutations", "reinvocationPolicy"];
    marks.unrecognised(UNRECOGNISED, spec, &[&code[..], &["failurePolicy", "matchConstraints"]].concat());
}

/// The rank of a failure policy; the default depends on the version.
pub(super) fn failure_rank(node: Option<&Node>, default: &str) -> Option<u8> {
    match node.map_or(default, |node| node.text().unwrap_or("")) {
        "Fail" => Some(1),
        "Ignore" => Some(0),
        _ => None,
    }
}

fn binding(marks: &mut Marks, spec: &Sides) {
    marks.changed(POLICY_NAME, &spec.at("policyName"));
    actions(marks, ACTIONS, &spec.at("validationActions"));
    compare_constraints(marks, MATCH_RULES, &spec.at("matchResources"), Empty::Everything);
    let parameters = spec.at("paramRef");
    marks.level(PARAMETER_NOT_FOUND, &parameters.at("parameterNotFoundAction"), |node| match node?.text()? {
        "Deny" => Some(1),
        "Allow" => Some(0),
        _ => None,
    });
    marks.unrecognised(PARAMETERS, &parameters, &["parameterNotFoundAction"]);
    marks.unrecognised(UNRECOGNISED, spec, &["policyName", "validationActions", "matchResources", "paramRef"]);
}

/// Compares lists of Deny, Warn and Audit: by the strongest, then by which are there. None means Deny.
pub(super) fn actions(marks: &mut Marks, rule: Rule, sides: &Sides) {
    let rank = |name: &str| match name {
        "Deny" => 3_u8,
        "Warn" => 2,
        "Audit" => 1,
        _ => 0,
    };
    let listed = |node: Option<&Node>| -> BTreeSet<String> {
        let all = texts(node).into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
        if all.is_empty() { ["Deny".to_owned()].into() } else { all }
    };
    let (this, that) = (listed(sides.this), listed(sides.that));
    let strongest = |actions: &BTreeSet<String>| actions.iter().map(|name| rank(name)).max();
    if strongest(&this) < strongest(&that) || (strongest(&this) == strongest(&that) && !that.is_subset(&this)) {
        marks.weaker(rule, &sides.path);
    }
}

fn webhooks(marks: &mut Marks, object: &Sides, presence: (Rule, Presence)) {
    let sides = object.at("webhooks");
    let defaults = [object.this, object.that].map(|root| if is_beta(root) { "Ignore" } else { "Fail" });
    let names = |node: Option<&Node>| -> BTreeSet<String> {
        node.map_or(&[][..], Node::items).iter().map(|hook| text_at(hook, &["name"]).to_owned()).collect()
    };
    for name in names(sides.this).union(&names(sides.that)) {
        let find = |node: Option<&Node>| node?.items().iter().position(|hook| text_at(hook, &["name"]) == name);
        let of = |node| find(node).map(|at| sides.item(at));
        let (this, that) = (of(sides.this), of(sides.that));
        let path = this.as_ref().or(that.as_ref()).map(|hook| hook.path.clone()).unwrap_or_default();
        let hook = Sides { this: this.and_then(|hook| hook.this), that: that.and_then(|hook| hook.that), path };
        if !marks.presence(presence.0, &hook, presence.1) {
            webhook(marks, &hook, defaults);
        }
    }
}

/// Whether an object is of the version in which webhooks ignored failures by default.
fn is_beta(root: Option<&Node>) -> bool {
    root.is_some_and(|root| text_at(root, &["apiVersion"]).ends_with("/v1beta1"))
}

fn webhook(marks: &mut Marks, sides: &Sides, defaults: [&str; 2]) {
    let failure = sides.at("failurePolicy");
    let [this, that] = defaults;
    match (failure_rank(failure.this, this), failure_rank(failure.that, that)) {
        (Some(this), Some(that)) if this < that => marks.weaker(FAILURE_POLICY, &failure.path),
        (Some(_), Some(_)) => {}
        (None, _) | (_, None) => marks.changed(FAILURE_POLICY, &failure),
    }
    resource_rules(marks, RESOURCES, &sides.at("rules"), Empty::Nothing);
    marks.selector(NAMESPACES, &sides.at("namespaceSelector"));
    marks.selector(OBJECTS, &sides.at("objectSelector"));
    match_policy(marks, RESOURCES, &sides.at("matchPolicy"));
    compare_cel(marks, CODE_RULES, sides);
    let known = ["failurePolicy", "rules", "namespaceSelector", "objectSelector", "matchPolicy", "matchConditions"];
    marks.unrecognised(WEBHOOK, sides, &[&known[..], &["validations", "variables"]].concat());
}

pub(super) fn enforcement(object: &Object) -> String {
    let root = &object.root;
    match &*object.identity.kind.kind {
        kind if kind.ends_with("Binding") => action_words(root),
        kind if kind.ends_with("Configuration") => {
            let hooks = root.get("webhooks").map_or(&[][..], Node::items);
            let policies: BTreeSet<&str> = hooks.iter().map(|hook| or_fail(text_at(hook, &["failurePolicy"]))).collect();
            policies.into_iter().map(|policy| format!("failurePolicy {policy}")).collect::<Vec<_>>().join(", ")
        }
        _ => format!("failurePolicy {}", or_fail(text_at(root, &["spec", "failurePolicy"]))),
    }
}

fn or_fail(policy: &str) -> &str {
    if policy.is_empty() { "Fail" } else { policy }
}

/// The `validationActions` of an object, in its order.
pub(super) fn action_words(root: &Node) -> String {
    let actions = texts(root.at(&["spec", "validationActions"]));
    if actions.is_empty() { String::new() } else { format!("validationActions {}", actions.join(", ")) }
}

pub(super) fn exemptions(object: &Object) -> Vec<String> {
    let spec = present(Some(&object.root), "spec");
    let mut places: Vec<&Node> =
        ["matchConstraints", "matchResources"].into_iter().filter_map(|key| present(spec, key)).collect();
    places.extend(present(Some(&object.root), "webhooks").map_or(&[][..], Node::items));
    places.into_iter().flat_map(constraint_words).collect()
}

/// What constraints leave out, each in a few words.
pub(super) fn constraint_words(constraints: &Node) -> Vec<String> {
    let selector = |key: &str, word: &str| {
        left_out(present(Some(constraints), key)).into_iter().map(|label| format!("{word} with {label}")).collect::<Vec<_>>()
    };
    let rules = items(present(Some(constraints), "excludeResourceRules"), "");
    let rules = rules.into_iter().map(|rule| format!("resources {}", texts(rule.node.get("resources")).join(", "))).collect();
    [selector("namespaceSelector", "namespaces"), selector("objectSelector", "objects"), rules].concat()
}
