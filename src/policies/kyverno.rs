//! Kyverno: policies whose rules validate, mutate or generate, exceptions from them, and its policies in CEL.
//!
//! Format: <https://kyverno.io/docs/policy-types/>

use std::collections::{BTreeMap, BTreeSet};

use super::admission;
use super::code::{CodeRules, compare_cel, compare_conditions, compare_validations};
use super::marks::{About, Item, Kinds, Marks, Presence, Rule, Sides, canonical, items, present, rules, text_at, texts};
use super::matching::{Empty, MatchRules, compare_constraints, condition_covers, uncovered};
use crate::manifests::{Node, Object};

/// The kinds of this family by group.
pub(super) const KINDS: Kinds = &[
    (
        "kyverno.io",
        &["Policy", "ClusterPolicy", "PolicyException", "CleanupPolicy", "ClusterCleanupPolicy", "GlobalContextEntry"],
    ),
    ("policies.kyverno.io", &["*"]),
];

rules! {
    POLICY_PRESENCE = "kyverno-policy-presence": "A policy that validates was added (stronger) or removed (weaker).";
    MUTATION_PRESENCE = "kyverno-mutation-presence": "A policy or rule that only mutates, generates or deletes came or went; undetermined.";
    RULE_PRESENCE = "kyverno-rule-presence": "A rule that validates was added (stronger) or removed (weaker).";
    FAILURE_ACTION = "kyverno-failure-action": "The action on a violation went from Enforce to Audit (weaker) or back (stronger).";
    OVERRIDES = "kyverno-failure-action-overrides": "Namespaces were set to Audit (weaker) or Enforce (stronger) by an override, or no longer are.";
    FAILURE_POLICY = "kyverno-failure-policy": "The failure policy went from Fail to Ignore (weaker) or back (stronger).";
    ADMISSION = "kyverno-admission": "The policy no longer judges at admission (weaker) or newly does (stronger).";
    BACKGROUND = "kyverno-background": "The policy no longer judges what exists already (weaker) or newly does (stronger).";
    ACTIONS = "kyverno-validation-actions": "The actions went down from Deny over Warn to Audit (weaker) or up (stronger).";
    MATCH = "kyverno-match": "The rule no longer matches what it did (weaker), or matches more (stronger).";
    EXCLUDE = "kyverno-exclude": "What a rule excludes grew (weaker) or shrank (stronger).";
    MATCH_LABELS = "kyverno-match-labels": "The policy matches fewer namespaces or objects by label (weaker), more (stronger) or others (undetermined).";
    CONDITION = "kyverno-match-condition": "A condition for the policy to apply was added (weaker) or removed (stronger).";
    PRECONDITIONS = "kyverno-preconditions": "Preconditions were added (weaker), removed (stronger) or changed (undetermined).";
    CONTEXT = "kyverno-context": "The data that a rule looks up changed; undetermined.";
    VALIDATE = "kyverno-validate": "What a rule demands changed; undetermined.";
    ALTERNATIVE = "kyverno-alternative": "An alternative pattern was added (weaker) or removed (stronger).";
    CODE = "kyverno-code": "A CEL expression or variable reads differently; undetermined.";
    VALIDATION = "kyverno-validation": "A CEL validation was removed (weaker) or added (stronger).";
    WORDING = "kyverno-wording": "Only a message, spacing or the name of a rule differs; neutral.";
    LEVEL = "kyverno-pod-security-level": "The level of Pod Security that a rule demands went down (weaker) or up (stronger).";
    CONTROLS = "kyverno-pod-security-exclude": "Controls of Pod Security were excluded from a rule (weaker) or no longer are (stronger).";
    IMAGES = "kyverno-verify-images": "Fewer images are verified, or less is demanded of them (weaker), or the reverse (stronger).";
    IMAGES_SKIPPED = "kyverno-skip-images": "Images were excepted from verification (weaker) or no longer are (stronger).";
    IMAGES_CHANGED = "kyverno-image-attestors": "Who must have signed images, or another part of their verification, changed; undetermined.";
    MUTATION = "kyverno-mutation": "What a rule mutates or generates changed; undetermined.";
    AUTOGEN = "kyverno-autogen": "Rules are carried over to fewer kinds of pod controllers (weaker) or more (stronger).";
    EXCEPTION_PRESENCE = "kyverno-exception-presence": "An exception from policies was added (weaker) or removed (stronger).";
    EXCEPTION = "kyverno-exception": "An exception grew: further policies, rules or objects (weaker), or shrank (stronger).";
    SUPPORT = "kyverno-support": "A clean-up policy or data for policies came, went or changed; undetermined.";
    UNRECOGNISED = "kyverno-unrecognised": "A field changed that no rule of Kyverno knows; undetermined.";
}

const CODE_RULES: CodeRules = CodeRules { changed: CODE, validation: VALIDATION, condition: CONDITION, wording: WORDING };

const MATCH_RULES: MatchRules =
    MatchRules { resources: MATCH, excluded: EXCLUDE, namespaces: MATCH_LABELS, objects: MATCH_LABELS, other: UNRECOGNISED };

pub(super) fn compare(marks: &mut Marks, kind: &str, sides: &Sides) {
    match kind {
        "Policy" | "ClusterPolicy" => policy(marks, sides),
        "PolicyException" => exception(marks, sides),
        _ if kind.ends_with("ValidatingPolicy") => cel_policy(marks, sides, (POLICY_PRESENCE, Presence::Protects)),
        _ if kind.ends_with("MutatingPolicy") => cel_policy(marks, sides, (MUTATION_PRESENCE, Presence::Unknown)),
        _ if kind.ends_with("GeneratingPolicy") => cel_policy(marks, sides, (MUTATION_PRESENCE, Presence::Unknown)),
        _ => {
            if !marks.presence(SUPPORT, sides, Presence::Unknown) {
                marks.unrecognised(SUPPORT, &sides.at("spec"), &[]);
            }
        }
    }
}

/// Whether a rule refuses or reports anything.
fn validates(rule: &Node) -> bool {
    rule.get("validate").is_some() || rule.get("verifyImages").is_some()
}

fn rules_of(policy: Option<&Node>) -> Vec<Item<'_>> {
    items(present(present(policy, "spec"), "rules"), "spec.rules")
}

const AUTOGEN_ANNOTATION: &str = "pod-policies.kyverno.io/autogen-controllers";

fn policy(marks: &mut Marks, sides: &Sides) {
    if let Some(only) = sides.this.xor(sides.that) {
        let directs = rules_of(Some(only)).iter().any(|rule| validates(rule.node));
        let (rule, presence) =
            if directs { (POLICY_PRESENCE, Presence::Protects) } else { (MUTATION_PRESENCE, Presence::Unknown) };
        marks.presence(rule, sides, presence);
        return;
    }
    let spec = sides.at("spec");
    marks.flag(ADMISSION, &spec.at("admission"), false, true);
    marks.flag(BACKGROUND, &spec.at("background"), false, true);
    for key in [&["failurePolicy"][..], &["webhookConfiguration", "failurePolicy"]] {
        marks.level(FAILURE_POLICY, &spec.below(key), |node| admission::failure_rank(node, "Fail"));
    }
    overrides(marks, &spec.at("validationFailureActionOverrides"));
    compare_rules(marks, sides);
    autogen(marks, &sides.below(&["metadata", "annotations"]).at(AUTOGEN_ANNOTATION));
    let webhook = spec.at("webhookConfiguration");
    compare_conditions(marks, CODE_RULES, &webhook.at("matchConditions"));
    marks.unrecognised(UNRECOGNISED, &webhook, &["failurePolicy", "matchConditions"]);
    let judged = ["admission", "background", "failurePolicy", "rules", "webhookConfiguration"];
    let actions = ["validationFailureAction", "validationFailureActionOverrides"];
    marks.unrecognised(UNRECOGNISED, &spec, &[&judged[..], &actions[..]].concat());
}

/// The controllers to which a rule about pods is carried over; `None` without the annotation means all.
fn autogen(marks: &mut Marks, sides: &Sides) {
    let kinds = |node: Option<&Node>| -> Option<BTreeSet<String>> {
        let text = node?.text().unwrap_or("none").to_owned();
        Some(text.split(',').map(|kind| kind.trim().to_owned()).filter(|kind| !kind.is_empty() && kind != "none").collect())
    };
    match (kinds(sides.this), kinds(sides.that)) {
        (Some(this), Some(that)) if !that.is_subset(&this) => marks.weaker(AUTOGEN, &sides.path),
        (Some(_), None) => marks.weaker(AUTOGEN, &sides.path),
        (Some(_), Some(_)) | (None, _) => {}
    }
}

/// Each override is a word of action and a namespace; an Audit more or an Enforce less is weaker.
fn overrides(marks: &mut Marks, sides: &Sides) {
    let read = |node: Option<&Node>, wanted: &str| -> BTreeSet<String> {
        let all = node.map_or(&[][..], Node::items).iter();
        let chosen = all.filter(|entry| text_at(entry, &["action"]).eq_ignore_ascii_case(wanted));
        chosen.flat_map(|entry| texts(entry.get("namespaces"))).map(str::to_owned).collect()
    };
    if !read(sides.this, "audit").is_subset(&read(sides.that, "audit")) {
        marks.weaker_about(OVERRIDES, &sides.path, About::Exemption);
    }
    if !read(sides.that, "enforce").is_subset(&read(sides.this, "enforce")) {
        marks.weaker(OVERRIDES, &sides.path);
    }
    let selectors = |node: Option<&Node>| -> BTreeSet<String> {
        let all = node.map_or(&[][..], Node::items).iter();
        all.filter(|entry| entry.get("namespaceSelector").is_some()).map(canonical).collect()
    };
    if selectors(sides.this) != selectors(sides.that) {
        marks.unclear(OVERRIDES, &sides.path);
    }
}

/// Pairs rules by name, then those that differ in nothing but their name.
fn compare_rules(marks: &mut Marks, sides: &Sides) {
    let (own, others) = (rules_of(sides.this), rules_of(sides.that));
    let by_name = |rules: &[Item]| -> BTreeMap<String, usize> {
        rules.iter().enumerate().map(|(at, rule)| (text_at(rule.node, &["name"]).to_owned(), at)).collect()
    };
    let (this_names, that_names) = (by_name(&own), by_name(&others));
    let only = |own: &BTreeMap<String, usize>, other: &BTreeMap<String, usize>| -> Vec<usize> {
        own.iter().filter(|(name, _)| !other.contains_key(*name)).map(|(_, at)| *at).collect()
    };
    for (name, at) in &this_names {
        let (Some(this), Some(that)) = (own.get(*at), that_names.get(name).and_then(|at| others.get(*at))) else { continue };
        let pair = Sides { this: Some(this.node), that: Some(that.node), path: this.path.clone() };
        compare_rule(marks, &pair, sides);
    }
    let spelled = |rules: &[Item], places: Vec<usize>| -> BTreeMap<String, usize> {
        places.into_iter().filter_map(|at| Some((without_name(rules.get(at)?.node), at))).collect()
    };
    let (new, lost) = (spelled(&own, only(&this_names, &that_names)), spelled(&others, only(&that_names, &this_names)));
    for (spelling, at) in &lost {
        let Some(rule) = others.get(*at) else { continue };
        match (new.contains_key(spelling), validates(rule.node)) {
            (true, _) => marks.alike(WORDING, &sides.at("spec").at("rules").path),
            (false, true) => marks.weaker(RULE_PRESENCE, &rule.path),
            (false, false) => marks.unclear(MUTATION_PRESENCE, &rule.path),
        }
    }
    for (_, at) in new.iter().filter(|(spelling, _)| !lost.contains_key(*spelling)) {
        if let Some(rule) = own.get(*at).filter(|rule| !validates(rule.node)) {
            marks.unclear(MUTATION_PRESENCE, &rule.path);
        }
    }
}

fn without_name(rule: &Node) -> String {
    let parts = rule.entries().iter().filter(|(key, _)| &**key != "name");
    parts.map(|(key, node)| format!("{key:?}:{}", canonical(node))).collect::<Vec<_>>().join(",")
}

fn compare_rule(marks: &mut Marks, rule: &Sides, policy: &Sides) {
    let directs = [rule.this, rule.that].iter().flatten().all(|rule| validates(rule));
    failure_action(marks, rule, policy);
    if directs {
        filters(marks, MATCH, &rule.at("match"), About::Protection);
        filters(marks, EXCLUDE, &rule.at("exclude"), About::Exemption);
        preconditions(marks, &rule.at("preconditions"));
        compare_conditions(marks, CODE_RULES, &rule.at("celPreconditions"));
    } else {
        for key in ["match", "exclude", "preconditions", "celPreconditions"] {
            marks.changed(MUTATION, &rule.at(key));
        }
    }
    marks.changed(CONTEXT, &rule.at("context"));
    marks.changed(MUTATION, &rule.at("mutate"));
    marks.changed(MUTATION, &rule.at("generate"));
    let validate = rule.at("validate");
    if !marks.presence(RULE_PRESENCE, &validate, Presence::Protects) {
        compare_validate(marks, &validate);
    }
    verify_images(marks, &rule.at("verifyImages"));
    let known = ["name", "match", "exclude", "preconditions", "celPreconditions", "context", "mutate", "generate"];
    marks.unrecognised(UNRECOGNISED, rule, &[&known[..], &["validate", "verifyImages"]].concat());
}

/// The action of one rule: its own, else that of the policy, else Audit.
fn failure_action(marks: &mut Marks, rule: &Sides, policy: &Sides) {
    let own = rule.below(&["validate", "failureAction"]);
    let whole = policy.below(&["spec", "validationFailureAction"]);
    let rank = |own: Option<&Node>, whole: Option<&Node>| match own.or(whole).map_or("audit", |node| node.text().unwrap_or("?")) {
        action if action.eq_ignore_ascii_case("enforce") => Some(1_u8),
        action if action.eq_ignore_ascii_case("audit") => Some(0),
        _ => None,
    };
    let path = if own.this.is_some() || own.that.is_some() { &own.path } else { &whole.path };
    let judged = [rule.this, rule.that].iter().flatten().any(|rule| validates(rule));
    match (rank(own.this, whole.this), rank(own.that, whole.that)) {
        _ if !judged || (own.same() && whole.same()) => {}
        (Some(this), Some(that)) if this < that => marks.weaker(FAILURE_ACTION, path),
        (Some(_), Some(_)) => {}
        (None, _) | (_, None) => marks.unclear(FAILURE_ACTION, path),
    }
}

/// Compares `match`, where losing something is weaker, or `exclude`, where gaining something is.
fn filters(marks: &mut Marks, rule: Rule, sides: &Sides, about: About) {
    let (this, that) = (alternatives(sides.this, &sides.path), alternatives(sides.that, &sides.path));
    let (Some(this), Some(that)) = (this, that) else {
        marks.changed(rule, sides);
        return;
    };
    let lost = match about {
        About::Protection => uncovered(that, &this, condition_covers),
        About::Exemption => uncovered(this, &that, condition_covers),
    };
    for item in &lost {
        marks.weaker_about(rule, &item.path, about);
    }
}

/// The filters of which one must fit; `None` where several must fit together.
fn alternatives<'a>(filters: Option<&'a Node>, path: &str) -> Option<Vec<Item<'a>>> {
    let Some(node) = filters.filter(|node| !node.is_empty()) else { return Some(Vec::new()) };
    let list = |key: &str| items(node.get(key), &format!("{path}.{key}"));
    match (node.entries().len(), node.get("any"), node.get("all")) {
        (1, Some(_), None) => Some(list("any")),
        (1, None, Some(all)) if all.items().len() == 1 => Some(list("all")),
        (_, None, None) => Some(vec![Item { node, path: path.to_owned() }]),
        (_, Some(_), _) | (_, _, Some(_)) => None,
    }
}

fn preconditions(marks: &mut Marks, sides: &Sides) {
    match (sides.this, sides.that) {
        (Some(_), None) => marks.weaker(PRECONDITIONS, &sides.path),
        (Some(_), Some(_)) => marks.changed(PRECONDITIONS, sides),
        (None, _) => {}
    }
}

fn compare_validate(marks: &mut Marks, sides: &Sides) {
    if !sides.at("message").same() {
        marks.alike(WORDING, &sides.at("message").path);
    }
    overrides(marks, &sides.at("failureActionOverrides"));
    any_pattern(marks, &sides.at("anyPattern"));
    pod_security(marks, &sides.at("podSecurity"));
    let cel = sides.at("cel");
    compare_validations(marks, CODE_RULES, &cel.at("expressions"));
    compare_cel(marks, CODE_RULES, &cel);
    marks.unrecognised(VALIDATE, &cel, &["expressions", "validations", "variables", "matchConditions"]);
    let known = ["message", "failureAction", "failureActionOverrides", "anyPattern", "podSecurity", "cel"];
    marks.unrecognised(VALIDATE, sides, &known);
}

/// One of several patterns must fit: one more is laxer.
fn any_pattern(marks: &mut Marks, sides: &Sides) {
    if sides.this.is_some() != sides.that.is_some() {
        marks.unclear(VALIDATE, &sides.path);
        return;
    }
    let (new, lost) = sides.unmatched();
    let both = new.len().min(lost.len());
    new.iter().take(both).for_each(|item| marks.unclear(VALIDATE, &item.path));
    new.iter().skip(both).for_each(|item| marks.weaker(ALTERNATIVE, &item.path));
}

fn pod_security(marks: &mut Marks, sides: &Sides) {
    marks.level(LEVEL, &sides.at("level"), |node| match node?.text()? {
        "restricted" => Some(2),
        "baseline" => Some(1),
        "privileged" => Some(0),
        _ => None,
    });
    marks.grants(CONTROLS, &sides.at("exclude"), About::Exemption);
    marks.unrecognised(VALIDATE, sides, &["level", "exclude"]);
}

fn verify_images(marks: &mut Marks, sides: &Sides) {
    let (new, lost) = sides.unmatched();
    for (at, lost) in lost.iter().enumerate() {
        match new.get(at) {
            None => marks.weaker(IMAGES, &lost.path),
            Some(new) => {
                compare_images(marks, &Sides { this: Some(new.node), that: Some(lost.node), path: new.path.clone() });
            }
        }
    }
}

fn compare_images(marks: &mut Marks, sides: &Sides) {
    marks.demands(IMAGES, &sides.at("imageReferences"));
    marks.grants(IMAGES_SKIPPED, &sides.at("skipImageReferences"), About::Exemption);
    let flags = ["required", "verifyDigest", "mutateDigest"];
    for flag in &flags {
        marks.flag(IMAGES, &sides.at(flag), false, true);
    }
    let known = ["imageReferences", "skipImageReferences"];
    marks.unrecognised(IMAGES_CHANGED, sides, &[&known[..], &flags].concat());
}

fn exception(marks: &mut Marks, sides: &Sides) {
    if marks.presence_about(EXCEPTION_PRESENCE, sides, Presence::Allows, About::Exemption) {
        return;
    }
    let spec = sides.at("spec");
    for key in ["exceptions", "policyRefs", "podSecurity"] {
        let lists = spec.at(key);
        let new = uncovered(items(lists.this, &lists.path), &items(lists.that, &lists.path), condition_covers);
        for item in &new {
            marks.weaker_about(EXCEPTION, &item.path, About::Exemption);
        }
    }
    filters(marks, EXCEPTION, &spec.at("match"), About::Exemption);
    for key in ["images", "allowedValues"] {
        marks.grants(EXCEPTION, &spec.at(key), About::Exemption);
    }
    for key in ["conditions", "matchConditions"] {
        let sides = spec.at(key);
        match (sides.this, sides.that) {
            (None, Some(_)) => marks.weaker_about(EXCEPTION, &sides.path, About::Exemption),
            (Some(_), Some(_)) if !sides.same() => marks.unclear_about(EXCEPTION, &sides.path, About::Exemption),
            (Some(_), Some(_)) | (_, None) => {}
        }
    }
    let known = ["exceptions", "policyRefs", "podSecurity", "match", "images", "allowedValues", "conditions", "matchConditions"];
    marks.unrecognised(UNRECOGNISED, &spec, &known);
}

fn cel_policy(marks: &mut Marks, sides: &Sides, presence: (Rule, Presence)) {
    if marks.presence(presence.0, sides, presence.1) {
        return;
    }
    let spec = sides.at("spec");
    admission::actions(marks, ACTIONS, &spec.at("validationActions"));
    marks.level(FAILURE_POLICY, &spec.at("failurePolicy"), |node| admission::failure_rank(node, "Fail"));
    compare_constraints(marks, MATCH_RULES, &spec.at("matchConstraints"), Empty::Nothing);
    compare_cel(marks, CODE_RULES, &spec);
    let evaluation = spec.at("evaluation");
    marks.flag(ADMISSION, &evaluation.below(&["admission", "enabled"]), false, true);
    marks.flag(BACKGROUND, &evaluation.below(&["background", "enabled"]), false, true);
    marks.unrecognised(UNRECOGNISED, &evaluation, &["admission", "background"]);
    let images = ["matchImageReferences", "images", "attestors", "attestations", "credentials", "validationConfigurations"];
    for key in &images {
        marks.changed(IMAGES_CHANGED, &spec.at(key));
    }
    let changes = ["mutations", "generate", "reinvocationPolicy", "targetMatchConstraints"];
    for key in &changes {
        marks.changed(MUTATION, &spec.at(key));
    }
    let judged = ["validationActions", "failurePolicy", "matchConstraints", "evaluation"];
    let code = ["validations", "variables", "matchConditions"];
    marks.unrecognised(UNRECOGNISED, &spec, &[&images[..], &changes, &judged, &code].concat());
}

/// How strictly a policy is enforced: the actions of its rules, each once.
pub(super) fn enforcement(object: &Object) -> String {
    let root = &object.root;
    if &*object.identity.kind.group == "policies.kyverno.io" {
        return cel_enforcement(object);
    }
    let whole = text_at(root, &["spec", "validationFailureAction"]);
    let judging = rules_of(Some(root)).into_iter().filter(|rule| validates(rule.node));
    let actions: BTreeSet<String> = judging
        .map(|rule| match text_at(rule.node, &["validate", "failureAction"]) {
            "" if whole.is_empty() => "Audit".to_owned(),
            "" => capitalised(whole),
            own => capitalised(own),
        })
        .collect();
    actions.into_iter().collect::<Vec<_>>().join(", ")
}

fn cel_enforcement(object: &Object) -> String {
    match admission::action_words(&object.root) {
        words if words.is_empty() && object.identity.kind.kind.ends_with("ValidatingPolicy") => {
            "validationActions Deny".to_owned()
        }
        words => words,
    }
}

/// `enforce` was once written in lower case.
fn capitalised(action: &str) -> String {
    match action {
        "enforce" => "Enforce".to_owned(),
        "audit" => "Audit".to_owned(),
        other => other.to_owned(),
    }
}

pub(super) fn exemptions(object: &Object) -> Vec<String> {
    let spec = present(Some(&object.root), "spec");
    if &*object.identity.kind.kind == "PolicyException" {
        return exception_words(spec);
    }
    let mut words = override_words(present(spec, "validationFailureActionOverrides"));
    for rule in rules_of(Some(&object.root)) {
        let name = text_at(rule.node, &["name"]);
        let excluded = alternatives(present(Some(rule.node), "exclude"), "").unwrap_or_default();
        words.extend(excluded.iter().map(|filter| format!("rule {name}: {}", filter_words(filter.node))));
        words.extend(override_words(rule.node.at(&["validate", "failureActionOverrides"])));
        for images in rule.node.get("verifyImages").map_or(&[][..], Node::items) {
            words.extend(texts(images.get("skipImageReferences")).into_iter().map(|image| format!("rule {name}: image {image}")));
        }
        for control in rule.node.at(&["validate", "podSecurity", "exclude"]).map_or(&[][..], Node::items) {
            words.push(format!("rule {name}: control {}", text_at(control, &["controlName"])));
        }
    }
    words.extend(present(spec, "matchConstraints").map(admission::constraint_words).unwrap_or_default());
    words
}

fn override_words(overrides: Option<&Node>) -> Vec<String> {
    let audits = overrides.map_or(&[][..], Node::items).iter();
    let audits = audits.filter(|entry| text_at(entry, &["action"]).eq_ignore_ascii_case("audit"));
    audits.flat_map(|entry| texts(entry.get("namespaces"))).map(|name| format!("namespace {name} (Audit)")).collect()
}

fn exception_words(spec: Option<&Node>) -> Vec<String> {
    let mut words = Vec::new();
    for entry in present(spec, "exceptions").map_or(&[][..], Node::items) {
        words.push(format!("policy {}: {}", text_at(entry, &["policyName"]), texts(entry.get("ruleNames")).join(", ")));
    }
    for entry in present(spec, "policyRefs").map_or(&[][..], Node::items) {
        words.push(format!("{} {}", text_at(entry, &["kind"]), text_at(entry, &["name"])));
    }
    let matched = alternatives(present(spec, "match"), "").unwrap_or_default();
    words.extend(matched.iter().map(|filter| filter_words(filter.node)));
    words
}

/// The texts of a filter by key, e.g. `kinds Pod, namespaces kube-system`.
fn filter_words(filter: &Node) -> String {
    let mut words = Vec::new();
    for (key, value) in filter.entries() {
        match texts(Some(value)) {
            list if !list.is_empty() => words.push(format!("{key} {}", list.join(", "))),
            _ if !value.entries().is_empty() => words.push(filter_words(value)),
            _ => words.push(key.to_string()),
        }
    }
    words.join("; ")
}
