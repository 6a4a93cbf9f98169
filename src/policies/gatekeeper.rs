//! Gatekeeper: templates with code, constraints that apply them, mutations, and what is exempt from all of it.
//!
//! Format: <https://open-policy-agent.github.io/gatekeeper/website/docs/howto>

use std::collections::{BTreeMap, BTreeSet};

use super::code::{CodeRules, compare_cel, compare_rego};
use super::marks::{About, Kinds, Marks, Presence, Rule, Sides, items, present, rules, text_at, texts};
use super::matching::{condition_covers, uncovered};
use super::selectors::left_out;
use crate::manifests::{Node, Object, Value};

/// The kinds of this family by group.
pub(super) const KINDS: Kinds = &[
    ("templates.gatekeeper.sh", &["ConstraintTemplate"]),
    ("constraints.gatekeeper.sh", &["*"]),
    ("config.gatekeeper.sh", &["Config"]),
    ("mutations.gatekeeper.sh", &["*"]),
    ("externaldata.gatekeeper.sh", &["*"]),
    ("expansion.gatekeeper.sh", &["*"]),
    ("syncset.gatekeeper.sh", &["*"]),
];

rules! {
    CONSTRAINT_PRESENCE = "gatekeeper-constraint-presence": "A constraint was added (stronger) or removed (weaker).";
    TEMPLATE_PRESENCE = "gatekeeper-template-presence": "A constraint template was added (stronger) or removed (weaker).";
    ENFORCEMENT = "gatekeeper-enforcement-action": "`enforcementAction` went down from deny (the default) over warn to dryrun (weaker) or up (stronger).";
    SCOPED = "gatekeeper-scoped-action": "The action at an enforcement point of `scopedEnforcementActions` went down (weaker) or up (stronger).";
    MATCH_KINDS = "gatekeeper-match-kinds": "Fewer kinds (weaker) or more (stronger) are matched.";
    MATCH_NAMESPACES = "gatekeeper-match-namespaces": "Fewer namespaces (weaker) or more (stronger) are matched.";
    EXCLUDED = "gatekeeper-excluded-namespaces": "Excluded namespaces were added (weaker) or removed (stronger).";
    MATCH_LABELS = "gatekeeper-match-labels": "The label selector matches fewer objects (weaker), more (stronger) or others (undetermined).";
    MATCH_NAMESPACE_LABELS = "gatekeeper-match-namespace-labels": "The namespace selector matches fewer namespaces (weaker), more (stronger) or others (undetermined).";
    MATCH_OTHER = "gatekeeper-match-other": "The scope, name or source that is matched became narrower (weaker), wider (stronger) or another (undetermined).";
    EXEMPT_PARAMETERS = "gatekeeper-exempt-parameters": "A parameter that names what is exempt grew (weaker) or shrank (stronger).";
    ALLOWED_PARAMETERS = "gatekeeper-allowed-parameters": "A parameter that names what is allowed grew (weaker) or shrank (stronger).";
    DEMANDED_PARAMETERS = "gatekeeper-demanded-parameters": "A parameter that names what is required or forbidden shrank (weaker) or grew (stronger).";
    PARAMETERS = "gatekeeper-parameters": "Another parameter of a constraint changed; undetermined.";
    CODE = "gatekeeper-code": "A Rego rule or a CEL expression of a template reads differently; undetermined.";
    CODE_WORDING = "gatekeeper-code-wording": "Only comments, spacing or messages of a template's code differ; neutral.";
    VALIDATION = "gatekeeper-validation": "A CEL validation of a template was removed (weaker) or added (stronger).";
    CONDITION = "gatekeeper-match-condition": "A CEL match condition of a template was added (weaker) or removed (stronger).";
    FAILURE_POLICY = "gatekeeper-failure-policy": "The failure policy of a template's CEL went from Fail to Ignore (weaker) or back (stronger).";
    SCHEMA = "gatekeeper-template-schema": "The kind or the parameters that a template defines changed; undetermined.";
    CONFIG_EXCLUSION = "gatekeeper-config-exclusion": "Namespaces were exempted from a process of Gatekeeper (weaker) or no longer are (stronger).";
    CONFIG = "gatekeeper-config": "Another part of Gatekeeper's configuration changed; undetermined.";
    MUTATION = "gatekeeper-mutation": "A mutation came, went or changes objects in another way; undetermined.";
    EXPANSION = "gatekeeper-expansion": "Fewer kinds (weaker) or more (stronger) are expanded to what they create.";
    SUPPORT = "gatekeeper-support": "A provider of external data or a set of synchronised kinds changed; undetermined.";
    NAMESPACE_IGNORED = "gatekeeper-namespace-ignored": "A namespace carries the label `admission.gatekeeper.sh/ignore` (weaker) or no longer does (stronger).";
    UNRECOGNISED = "gatekeeper-unrecognised": "A field changed that no rule of Gatekeeper knows; undetermined.";
}

const CODE_RULES: CodeRules = CodeRules { changed: CODE, validation: VALIDATION, condition: CONDITION, wording: CODE_WORDING };

pub(super) fn compare(marks: &mut Marks, group: &str, sides: &Sides) {
    match group {
        "constraints.gatekeeper.sh" => constraint(marks, sides),
        "templates.gatekeeper.sh" => template(marks, sides),
        "config.gatekeeper.sh" => config(marks, sides),
        "mutations.gatekeeper.sh" => mutation(marks, sides),
        "expansion.gatekeeper.sh" => expansion(marks, sides),
        _ => {
            if !marks.presence(SUPPORT, sides, Presence::Unknown) {
                marks.unrecognised(SUPPORT, &sides.at("spec"), &[]);
            }
        }
    }
}

fn constraint(marks: &mut Marks, sides: &Sides) {
    if marks.presence(CONSTRAINT_PRESENCE, sides, Presence::Protects) {
        return;
    }
    let spec = sides.at("spec");
    enforcement_action(marks, &spec);
    compare_match(marks, &spec.at("match"));
    parameters(marks, &spec.at("parameters"));
    marks.unrecognised(UNRECOGNISED, &spec, &["enforcementAction", "scopedEnforcementActions", "match", "parameters"]);
}

fn action_rank(action: &str) -> Option<u8> {
    match action {
        "deny" | "" => Some(3),
        "warn" => Some(2),
        "dryrun" => Some(1),
        _ => None,
    }
}

/// Where Gatekeeper acts; what other points a constraint names is looked at as well.
const POINTS: [&str; 4] = ["validation.gatekeeper.sh", "audit.gatekeeper.sh", "gator.gatekeeper.sh", "vap.k8s.io"];

fn enforcement_action(marks: &mut Marks, spec: &Sides) {
    let sides = spec.at("enforcementAction");
    let action = |node: Option<&Node>| node.map_or("", |node| node.text().unwrap_or("?")).to_owned();
    let scoped = |node: Option<&Node>| action(node) == "scoped";
    if !scoped(sides.this) && !scoped(sides.that) {
        marks.level(ENFORCEMENT, &sides, |node| action_rank(&action(node)));
        return;
    }
    let (this, that) = (actions_by_point(spec.this), actions_by_point(spec.that));
    let points: BTreeSet<&str> = POINTS.into_iter().chain(this.keys().chain(that.keys()).copied()).collect();
    let path = spec.at("scopedEnforcementActions").path;
    for point in points {
        let strength = |actions: &BTreeMap<&str, Option<u8>>| {
            let everywhere = actions.get("*").copied().unwrap_or(Some(0));
            actions.get(point).map_or(everywhere, |own| Some((*own)?.max(everywhere?)))
        };
        match (strength(&this), strength(&that)) {
            (Some(this), Some(that)) if this < that => marks.weaker(SCOPED, &path),
            (Some(_), Some(_)) => {}
            (None, _) | (_, None) => {
                marks.changed(SCOPED, &sides);
                marks.changed(SCOPED, &spec.at("scopedEnforcementActions"));
            }
        }
    }
}

/// The strongest action at each enforcement point, `*` for all; `None` for an action without rank.
fn actions_by_point(spec: Option<&Node>) -> BTreeMap<&str, Option<u8>> {
    let action = present(spec, "enforcementAction").and_then(Node::text).unwrap_or("");
    if action != "scoped" {
        return [("*", action_rank(action))].into();
    }
    let mut actions: BTreeMap<&str, Option<u8>> = BTreeMap::new();
    for entry in present(spec, "scopedEnforcementActions").map_or(&[][..], Node::items) {
        let rank = action_rank(text_at(entry, &["action"]));
        for point in present(Some(entry), "enforcementPoints").map_or(&[][..], Node::items) {
            let known = actions.entry(text_at(point, &["name"])).or_insert(Some(0));
            *known = known.and_then(|known| Some(known.max(rank?)));
        }
    }
    actions
}

fn compare_match(marks: &mut Marks, sides: &Sides) {
    let kinds = sides.at("kinds");
    match (items(kinds.this, &kinds.path), items(kinds.that, &kinds.path)) {
        (this, _) if this.is_empty() => {}
        (_, that) if that.is_empty() => marks.weaker(MATCH_KINDS, &kinds.path),
        (this, that) => uncovered(that, &this, condition_covers).iter().for_each(|item| marks.weaker(MATCH_KINDS, &item.path)),
    }
    marks.scope(MATCH_NAMESPACES, &sides.at("namespaces"));
    marks.grants(EXCLUDED, &sides.at("excludedNamespaces"), About::Exemption);
    marks.selector(MATCH_LABELS, &sides.at("labelSelector"));
    marks.selector(MATCH_NAMESPACE_LABELS, &sides.at("namespaceSelector"));
    for (key, everything) in [("scope", "*"), ("name", "*"), ("source", "All")] {
        limit(marks, &sides.at(key), everything);
    }
    let known = ["kinds", "namespaces", "excludedNamespaces", "labelSelector", "namespaceSelector", "scope", "name", "source"];
    marks.unrecognised(UNRECOGNISED, sides, &known);
}

/// A single value that limits a match, or stands for everything.
fn limit(marks: &mut Marks, sides: &Sides, everything: &str) {
    let unlimited = |node: Option<&Node>| node.is_none_or(|node| node.text() == Some(everything));
    match (unlimited(sides.this), unlimited(sides.that)) {
        (true, _) => {}
        (false, true) => marks.weaker(MATCH_OTHER, &sides.path),
        (false, false) => marks.changed(MATCH_OTHER, sides),
    }
}

/// What the name of a parameter promises; templates are free to name theirs otherwise.
enum Parameter {
    Exempts,
    Allows,
    Demands,
    Unknown,
}

fn parameter(name: &str) -> Parameter {
    let name = name.to_ascii_lowercase();
    let begins = |words: &[&str]| words.iter().any(|word| name.starts_with(word));
    match () {
        () if ["exempt", "exclu", "ignore"].iter().any(|word| name.contains(word)) => Parameter::Exempts,
        () if begins(&["disallow", "forbid", "deny", "denied", "block", "require"]) => Parameter::Demands,
        () if begins(&["allow"]) => Parameter::Allows,
        () => Parameter::Unknown,
    }
}

fn parameters(marks: &mut Marks, sides: &Sides) {
    for (name, sides) in sides.others(&[]) {
        let is_list = |node: Option<&Node>| node.is_none_or(|node| matches!(node.value, Value::List(_)));
        let lists = is_list(sides.this) && is_list(sides.that);
        let both = sides.this.is_some() && sides.that.is_some();
        match parameter(name) {
            Parameter::Exempts if lists => marks.grants(EXEMPT_PARAMETERS, &sides, About::Exemption),
            // An absent list may mean that nothing is allowed, or that nothing is asked: only the template says.
            Parameter::Allows if lists && both => marks.grants(ALLOWED_PARAMETERS, &sides, About::Protection),
            Parameter::Allows if both => marks.flag(ALLOWED_PARAMETERS, &sides, true, false),
            Parameter::Demands if lists && both => marks.demands(DEMANDED_PARAMETERS, &sides),
            Parameter::Exempts | Parameter::Allows | Parameter::Demands | Parameter::Unknown => {
                marks.changed(PARAMETERS, &sides);
            }
        }
    }
}

fn template(marks: &mut Marks, sides: &Sides) {
    if marks.presence(TEMPLATE_PRESENCE, sides, Presence::Protects) {
        return;
    }
    let spec = sides.at("spec");
    marks.changed(SCHEMA, &spec.at("crd"));
    let targets = spec.at("targets");
    (0..targets.len()).for_each(|at| target(marks, &targets.item(at)));
    marks.unrecognised(UNRECOGNISED, &spec, &["crd", "targets"]);
}

fn target(marks: &mut Marks, sides: &Sides) {
    compare_rego(marks, CODE_RULES, &sides.at("rego"));
    compare_rego(marks, CODE_RULES, &sides.at("libs"));
    let code = sides.at("code");
    let engine = |wanted: &str| -> Sides {
        let of = |node: Option<&'_ Node>| -> Option<usize> {
            node?.items().iter().position(|entry| text_at(entry, &["engine"]) == wanted)
        };
        let at = of(code.this).or(of(code.that)).unwrap_or(0);
        Sides {
            this: of(code.this).and_then(|at| code.this?.items().get(at)),
            that: of(code.that).and_then(|at| code.that?.items().get(at)),
            path: format!("{}[{at}]", code.path),
        }
    };
    for name in ["Rego", "K8sNativeValidation"] {
        source(marks, &engine(name).at("source"));
    }
    let engines = |node: Option<&Node>| -> BTreeSet<String> {
        node.map_or(&[][..], Node::items).iter().map(|entry| text_at(entry, &["engine"]).to_owned()).collect()
    };
    if engines(code.this) != engines(code.that) {
        marks.unclear(CODE, &code.path);
    }
    marks.unrecognised(UNRECOGNISED, sides, &["rego", "libs", "code"]);
}

fn source(marks: &mut Marks, sides: &Sides) {
    compare_rego(marks, CODE_RULES, &sides.at("rego"));
    compare_rego(marks, CODE_RULES, &sides.at("libs"));
    compare_cel(marks, CODE_RULES, sides);
    marks.level(FAILURE_POLICY, &sides.at("failurePolicy"), failure_rank);
    let known = ["rego", "libs", "validations", "variables", "matchConditions", "failurePolicy"];
    marks.unrecognised(UNRECOGNISED, sides, &known);
}

fn failure_rank(node: Option<&Node>) -> Option<u8> {
    match node.map(|node| node.text().unwrap_or("")) {
        None | Some("Fail") => Some(1),
        Some("Ignore") => Some(0),
        Some(_) => None,
    }
}

/// The namespaces exempt from each process.
fn exclusions(spec: Option<&Node>) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut exclusions: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in present(spec, "match").map_or(&[][..], Node::items) {
        for process in texts(entry.get("processes")) {
            exclusions.entry(process).or_default().extend(texts(entry.get("excludedNamespaces")));
        }
    }
    exclusions
}

fn config(marks: &mut Marks, sides: &Sides) {
    let spec = sides.at("spec");
    let (this, that) = (exclusions(spec.this), exclusions(spec.that));
    for (process, namespaces) in &this {
        let known = |of: &str, namespace: &str| that.get(of).is_some_and(|all| all.contains(namespace));
        if namespaces.iter().any(|name| !known(process, name) && !known("*", name)) {
            marks.weaker_about(CONFIG_EXCLUSION, &format!("{}: {process}", spec.at("match").path), About::Exemption);
        }
    }
    marks.unrecognised(CONFIG, &spec, &["match"]);
    if this.is_empty() && that.is_empty() {
        marks.presence(CONFIG, sides, Presence::Unknown);
    }
}

fn mutation(marks: &mut Marks, sides: &Sides) {
    if marks.presence(MUTATION, sides, Presence::Unknown) {
        return;
    }
    let spec = sides.at("spec");
    compare_match(marks, &spec.at("match"));
    marks.unrecognised(MUTATION, &spec, &["match"]);
}

fn expansion(marks: &mut Marks, sides: &Sides) {
    if marks.presence(EXPANSION, sides, Presence::Protects) {
        return;
    }
    let spec = sides.at("spec");
    let kinds = spec.at("applyTo");
    for item in uncovered(items(kinds.that, &kinds.path), &items(kinds.this, &kinds.path), condition_covers) {
        marks.weaker(EXPANSION, &item.path);
    }
    marks.level(ENFORCEMENT, &spec.at("enforcementAction"), |node| action_rank(node?.text().unwrap_or("?")));
    marks.unrecognised(UNRECOGNISED, &spec, &["applyTo", "enforcementAction"]);
}

pub(super) fn enforcement(object: &Object) -> String {
    let root = &object.root;
    match &*object.identity.kind.group {
        "constraints.gatekeeper.sh" => match text_at(root, &["spec", "enforcementAction"]) {
            "" => "deny".to_owned(),
            "scoped" => scoped_words(root),
            action => action.to_owned(),
        },
        "expansion.gatekeeper.sh" => text_at(root, &["spec", "enforcementAction"]).to_owned(),
        _ => String::new(),
    }
}

fn scoped_words(root: &Node) -> String {
    let entries = root.at(&["spec", "scopedEnforcementActions"]).map_or(&[][..], Node::items);
    let word = |entry: &Node| {
        let points = entry.get("enforcementPoints").map_or(&[][..], Node::items);
        let names: Vec<&str> = points.iter().map(|point| text_at(point, &["name"])).collect();
        format!("{} at {}", text_at(entry, &["action"]), names.join(", "))
    };
    format!("scoped: {}", entries.iter().map(word).collect::<Vec<_>>().join("; "))
}

pub(super) fn exemptions(object: &Object) -> Vec<String> {
    let spec = present(Some(&object.root), "spec");
    if &*object.identity.kind.group == "config.gatekeeper.sh" {
        let all = exclusions(spec).into_iter();
        return all
            .flat_map(|(process, names)| names.into_iter().map(move |name| format!("namespace {name} from {process}")))
            .collect();
    }
    let matching = present(spec, "match");
    let mut words: Vec<String> =
        texts(present(matching, "excludedNamespaces")).into_iter().map(|name| format!("namespace {name}")).collect();
    words.extend(left_out(present(matching, "namespaceSelector")).into_iter().map(|label| format!("namespaces with {label}")));
    words.extend(left_out(present(matching, "labelSelector")).into_iter().map(|label| format!("objects with {label}")));
    for (name, value) in present(spec, "parameters").map_or(&[][..], Node::entries) {
        if matches!(parameter(name), Parameter::Exempts) {
            words.extend(texts(Some(value)).into_iter().map(|value| format!("{name} {value}")));
        }
    }
    words
}
