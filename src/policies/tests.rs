//! The table of directions under `sample-repos/directions`, and what must hold for every pair of objects.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::manifests::{Certainty, Node, Value};

const TABLES: [&str; 7] = [
    include_str!("../../sample-repos/directions/gatekeeper.txt"),
    include_str!("../../sample-repos/directions/pod-security.txt"),
    include_str!("../../sample-repos/directions/network.txt"),
    include_str!("../../sample-repos/directions/mesh.txt"),
    include_str!("../../sample-repos/directions/kyverno.txt"),
    include_str!("../../sample-repos/directions/admission.txt"),
    include_str!("../../sample-repos/directions/rbac.txt"),
];

/// One pair of the table.
struct Case {
    heading: String,
    direction: String,
    exemption: bool,
    rules: BTreeSet<String>,
    family: Family,
    before: Option<Object>,
    after: Option<Object>,
}

/// Reads one line of YAML in flow style.
struct Flow<'a> {
    text: std::iter::Peekable<std::str::Chars<'a>>,
}

fn flow(text: &str) -> Node {
    let mut reader = Flow { text: text.chars().peekable() };
    let node = reader.node();
    reader.spaces();
    assert!(reader.text.next().is_none(), "more after the value: {text}");
    node
}

impl Flow<'_> {
    fn spaces(&mut self) {
        while self.text.next_if_eq(&' ').is_some() {}
    }

    fn node(&mut self) -> Node {
        self.spaces();
        let value = match self.text.peek() {
            Some('{') => self.map(),
            Some('[') => self.list(),
            _ => self.scalar(),
        };
        Node { line: 1, value }
    }

    fn list(&mut self) -> Value {
        let mut items = Vec::new();
        self.text.next();
        loop {
            self.spaces();
            if self.text.next_if_eq(&']').is_some() {
                return Value::List(items);
            }
            items.push(self.node());
            self.spaces();
            let _ = self.text.next_if_eq(&',');
        }
    }

    fn map(&mut self) -> Value {
        let mut entries: BTreeMap<Box<str>, Node> = BTreeMap::new();
        self.text.next();
        loop {
            self.spaces();
            if self.text.next_if_eq(&'}').is_some() {
                return Value::Map(entries.into_iter().collect());
            }
            let key = self.word();
            assert_eq!(self.text.next(), Some(':'), "after the key {key}");
            let value = self.node();
            entries.insert(key.into(), value);
            self.spaces();
            let _ = self.text.next_if_eq(&',');
        }
    }

    fn word(&mut self) -> String {
        if self.text.next_if_eq(&'"').is_some() {
            return self.quoted();
        }
        let mut word = String::new();
        while let Some(c) = self.text.next_if(|c| !"{}[],:".contains(*c)) {
            word.push(c);
        }
        word
    }

    fn quoted(&mut self) -> String {
        let mut word = String::new();
        while let Some(c) = self.text.next() {
            match c {
                '"' => break,
                '\\' => word.push(if self.text.next() == Some('n') { '\n' } else { '\\' }),
                c => word.push(c),
            }
        }
        word
    }

    fn scalar(&mut self) -> Value {
        if self.text.peek() == Some(&'"') {
            return Value::Text(self.word().into());
        }
        let mut word = self.word();
        while self.text.next_if_eq(&':').is_some() {
            word = format!("{word}:{}", self.word());
        }
        match word.trim() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "" => panic!("an empty scalar"),
            number if number.bytes().all(|byte| byte.is_ascii_digit()) => Value::Number(number.into()),
            text => Value::Text(text.into()),
        }
    }
}

fn map(entries: Vec<(&str, Node)>) -> Node {
    let entries: BTreeMap<Box<str>, Node> = entries.into_iter().map(|(key, node)| (key.into(), node)).collect();
    Node { line: 1, value: Value::Map(entries.into_iter().collect()) }
}

fn text(text: &str) -> Node {
    Node { line: 1, value: Value::Text(text.into()) }
}

/// An object from `group/version Kind place` and its body.
fn object(heading: &str, body: &str) -> Object {
    let mut words = heading.split(' ');
    let (api, kind, place) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
    let body = flow(body);
    let root = match place {
        "root" => body,
        "spec" => map(vec![("apiVersion", text(api)), ("spec", body)]),
        part => map(vec![("apiVersion", text(api)), ("metadata", map(vec![(part, body)]))]),
    };
    let (group, version) = api.split_once('/').unwrap_or(("", api));
    let identity = Identity {
        kind: ObjectKind { group: group.into(), kind: kind.into() },
        namespace: "".into(),
        name: "x".into(),
        certainty: Certainty::Named,
    };
    Object { identity, version: version.into(), root }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for table in TABLES {
        let mut heading = "";
        let mut lines = table.lines().filter(|line| !line.is_empty());
        while let Some(line) = lines.next() {
            if let Some(kind) = line.strip_prefix("kind ") {
                heading = kind;
                continue;
            }
            let (before, after) = (lines.next().unwrap(), lines.next().unwrap());
            let body = |line: &str, sign: &str| {
                let body = line.strip_prefix(sign).unwrap_or_else(|| panic!("{sign:?} expected: {line}"));
                (body != "none").then(|| object(heading, body))
            };
            let (before, after) = (body(before, "- "), body(after, "+ "));
            let expected = line.split(':').next().unwrap();
            let mut words: Vec<&str> = expected.split(' ').collect();
            let exemption = words.contains(&"exemption");
            words.retain(|word| *word != "exemption");
            let family = before.iter().chain(&after).find_map(family_of);
            // A namespace without a label or annotation of a family is judged as one that had or gets one.
            let family = family.or(heading.starts_with("v1 Namespace").then_some(Family::PodSecurity));
            cases.push(Case {
                heading: format!("{heading} / {line}"),
                direction: words[0].to_owned(),
                exemption,
                rules: words[1..].iter().map(|word| (*word).to_owned()).collect(),
                family: family.unwrap_or_else(|| panic!("no family: {heading}")),
                before,
                after,
            });
        }
    }
    cases
}

fn overall(verdicts: &[Verdict]) -> Direction {
    verdicts.iter().map(|verdict| verdict.direction).max().unwrap()
}

#[test]
fn every_pair_of_the_table_has_the_direction_and_rules_that_it_names() {
    let cases = cases();
    assert!(cases.len() >= 150, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let verdicts = judge(case.family, case.before.as_ref(), case.after.as_ref());
        let rules: BTreeSet<String> = verdicts.iter().map(|verdict| verdict.rule.to_owned()).collect();
        let exemption = verdicts.iter().any(|verdict| verdict.exemption);
        let direction = overall(&verdicts).word();
        if (direction, &rules, exemption) != (&*case.direction, &case.rules, case.exemption) {
            wrong.push(format!("{}\n    {direction} {exemption} {verdicts:?}", case.heading));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_rule_is_told_by_the_table() {
    let told: BTreeSet<String> = cases().into_iter().flat_map(|case| case.rules).collect();
    // These speak of files, which the table does not have.
    let of_files = [OTHER_SIDE_UNREADABLE.id, NOT_COMPARED.id];
    let known: BTreeSet<String> = rules().iter().map(|rule| rule.id.to_owned()).filter(|id| !of_files.contains(&&**id)).collect();
    assert_eq!(known.difference(&told).collect::<Vec<_>>(), Vec::<&String>::new(), "known, not told");
    assert_eq!(told.difference(&known).collect::<Vec<_>>(), Vec::<&String>::new(), "told, not known");
}

fn exchanged(verdicts: &[Verdict]) -> BTreeSet<(Direction, &'static str, Box<str>, bool)> {
    let other = |direction| match direction {
        Direction::Weakened => Direction::Strengthened,
        Direction::Strengthened => Direction::Weakened,
        same @ (Direction::Neutral | Direction::Undetermined) => same,
    };
    verdicts.iter().map(|v| (other(v.direction), v.rule, v.field.clone(), v.exemption)).collect()
}

fn assert_antisymmetric(family: Family, before: Option<&Object>, after: Option<&Object>) -> Vec<Verdict> {
    let (there, back) = (judge(family, before, after), judge(family, after, before));
    let back: BTreeSet<_> = back.iter().map(|v| (v.direction, v.rule, v.field.clone(), v.exemption)).collect();
    assert_eq!(exchanged(&there), back, "{before:?}\n{after:?}");
    assert!(!there.is_empty());
    there
}

/// Every object that differs from this one in one place: a part removed, a scalar replaced, an item doubled.
fn mutants(node: &Node) -> Vec<(String, Node)> {
    let at = |value| Node { line: node.line, value };
    match &node.value {
        Value::Map(entries) => {
            let mut all = Vec::new();
            for (at_entry, (key, inner)) in entries.iter().enumerate() {
                let mut without = entries.clone();
                without.remove(at_entry);
                all.push((format!(".{key} removed"), at(Value::Map(without))));
                for (path, mutant) in mutants(inner) {
                    let mut with = entries.clone();
                    with[at_entry].1 = mutant;
                    all.push((format!(".{key}{path}"), at(Value::Map(with))));
                }
            }
            all
        }
        Value::List(items) => {
            let mut all = Vec::new();
            for (at_item, inner) in items.iter().enumerate() {
                let mut without = items.clone();
                without.remove(at_item);
                all.push(("[] removed".to_owned(), at(Value::List(without))));
                for (path, mutant) in mutants(inner) {
                    let mut with = items.clone();
                    with[at_item] = mutant;
                    all.push((format!("[]{path}"), at(Value::List(with.clone()))));
                    with.push(inner.clone());
                    all.push((format!("[]{path} added"), at(Value::List(with))));
                }
            }
            all
        }
        Value::Text(_) => [" changed", " is all", " is open", " is empty"]
            .into_iter()
            .zip(["changed", "*", "0.0.0.0/0", ""])
            .map(|(path, word)| (path.to_owned(), at(Value::Text(word.into()))))
            .collect(),
        Value::Bool(truth) => vec![(" changed".to_owned(), at(Value::Bool(!truth)))],
        Value::Number(_) => vec![(" changed".to_owned(), at(Value::Number("7".into())))],
        Value::Null | Value::Secret(_) => Vec::new(),
    }
}

#[test]
fn exchanging_the_sides_exchanges_weakened_and_strengthened_and_nothing_else() {
    let mut by_kind: BTreeMap<ObjectKind, (Family, Vec<Object>)> = BTreeMap::new();
    for case in cases() {
        assert_antisymmetric(case.family, case.before.as_ref(), case.after.as_ref());
        for object in [case.before, case.after].into_iter().flatten() {
            by_kind.entry(object.identity.kind.clone()).or_insert_with(|| (case.family, Vec::new())).1.push(object);
        }
    }
    let mut pairs = 0;
    for (family, objects) in by_kind.values() {
        for one in objects {
            assert_antisymmetric(*family, Some(one), None);
            for other in objects {
                assert_antisymmetric(*family, Some(one), Some(other));
                pairs += 1;
            }
            for (_, root) in mutants(&one.root) {
                assert_antisymmetric(*family, Some(one), Some(&Object { root, ..one.clone() }));
                pairs += 1;
            }
        }
    }
    assert!(pairs > 10_000, "{pairs}");
}

/// Where another value says the same, or has no say: what a wider rule, list or range beside it holds, and names of rules.
const SILENT: [&str; 9] = [
    "AdminNetworkPolicy .spec.ingress[].name changed",
    "ClusterPolicy .spec.validationFailureAction changed",
    "ClusterRole .rules[].apiGroups[] changed",
    "ClusterRole .rules[].resources[] changed",
    "ClusterRole .rules[].verbs[] changed",
    "Config .spec.match[].processes[] changed",
    "NetworkPolicy .spec.ingress[].from[].podSelector.matchLabels.a changed",
    "PodSecurityPolicy .spec.volumes[] changed",
    "RoleBinding .subjects[].apiGroup changed",
];

#[test]
fn no_changed_value_goes_without_a_word() {
    let mut silent = BTreeSet::new();
    for case in cases() {
        for one in [case.before, case.after].into_iter().flatten() {
            for (path, root) in mutants(&one.root) {
                if !path.ends_with(" changed") || path == ".apiVersion changed" || one.root == root {
                    continue;
                }
                let verdicts = judge(case.family, Some(&one), Some(&Object { root, ..one.clone() }));
                if verdicts.iter().all(|verdict| verdict.rule == SAME_MEANING.id) {
                    silent.insert(format!("{} {path}", one.identity.kind.kind));
                }
            }
        }
    }
    assert_eq!(silent.iter().map(String::as_str).collect::<Vec<_>>(), SILENT);
}

#[test]
fn ids_are_kebab_case_unique_and_begin_with_their_family() {
    let rules = rules();
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), rules.len());
    let general: Vec<&str> = RULES.iter().map(|rule| rule.id).collect();
    for rule in &rules {
        assert!(rule.id.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{}", rule.id);
        assert!(rule.meaning.ends_with('.') && rule.meaning.len() > 20, "{}", rule.id);
        let family = Family::ALL.into_iter().any(|family| rule.id.starts_with(&format!("{}-", family.word())));
        assert!(family != general.contains(&rule.id), "{}", rule.id);
    }
}

#[test]
fn every_family_has_its_kinds() {
    let family =
        |group: &str, kind: &str| family_of_kind(&ObjectKind { group: group.into(), kind: kind.into() }).map(Family::word);
    let known = [
        ("networking.k8s.io", "NetworkPolicy", "network"),
        ("extensions", "NetworkPolicy", "network"),
        ("?", "NetworkPolicy", "network"),
        ("?", "SecurityContextConstraints", "scc"),
        ("crd.projectcalico.org", "GlobalNetworkPolicy", "network"),
        ("policy", "PodSecurityPolicy", "pss"),
        ("extensions", "PodSecurityPolicy", "pss"),
        ("", "Namespace", "pss"),
        ("constraints.gatekeeper.sh", "anykind", "gatekeeper"),
        ("templates.gatekeeper.sh", "ConstraintTemplate", "gatekeeper"),
        ("mutations.gatekeeper.sh", "Assign", "gatekeeper"),
        ("kyverno.io", "ClusterPolicy", "kyverno"),
        ("policies.kyverno.io", "ValidatingPolicy", "kyverno"),
        ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy", "admission"),
        ("policy.linkerd.io", "Server", "linkerd"),
        ("security.istio.io", "PeerAuthentication", "istio"),
        ("rbac.authorization.k8s.io", "ClusterRoleBinding", "rbac"),
        ("security.openshift.io", "SecurityContextConstraints", "scc"),
        ("policy.open-cluster-management.io", "Policy", "other"),
        ("cilium.io", "TracingPolicy", "other"),
    ];
    for (group, kind, word) in known {
        assert_eq!(family(group, kind), Some(word), "{group}/{kind}");
        assert_eq!(Family::from_word(word).map(Family::word), Some(word));
    }
    for (group, kind) in [
        ("apps", "Deployment"),
        ("", "Policy"),
        ("extensions", "Ingress"),
        ("?", "ConfigMap"),
        ("policy", "PodDisruptionBudget"),
        ("?", "SealedSecret"),
        ("wgpolicyk8s.io", "PolicyReport"),
    ] {
        assert_eq!(family(group, kind), None, "{group}/{kind}");
    }
    let namespace = |place: &str, body: &str| family_of(&object(&format!("v1 Namespace {place}"), body)).map(Family::word);
    assert_eq!(namespace("labels", "{team: a}"), None);
    assert_eq!(namespace("labels", "{pod-security.kubernetes.io/warn: baseline}"), Some("pss"));
    assert_eq!(namespace("labels", "{admission.gatekeeper.sh/ignore: x}"), Some("gatekeeper"));
    assert_eq!(namespace("annotations", "{linkerd.io/inject: enabled}"), Some("linkerd"));
    assert_eq!(namespace("labels", "{istio-injection: enabled}"), Some("istio"));
}

#[test]
fn an_object_says_how_it_is_enforced_and_who_is_exempt() {
    let (mut heading, mut enforced, mut exempt, mut looked_at) = ("", "", Vec::new(), 0);
    for line in include_str!("../../sample-repos/directions/enforcement.txt").lines() {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("kind", kind) => heading = kind,
            ("says", words) => enforced = words,
            ("exempt", words) => exempt.push(words),
            ("*", body) => {
                let object = object(heading, body);
                assert_eq!(enforcement(&object), enforced, "{heading} {body}");
                assert_eq!(exemptions(&object), std::mem::take(&mut exempt), "{heading} {body}");
                looked_at += 1;
            }
            other => assert_eq!(other, ("", ""), "a line that is none of these"),
        }
    }
    assert!(looked_at > 20, "{looked_at}");
}

#[test]
fn only_a_policy_that_closes_every_pod_denies_by_default() {
    let denies = |heading: &str, body: &str| denies_by_default(&object(heading, body));
    let kubernetes = "networking.k8s.io/v1 NetworkPolicy spec";
    assert!(denies(kubernetes, "{podSelector: {}}"));
    assert!(denies(kubernetes, "{podSelector: {matchLabels: {}}, policyTypes: [Egress]}"));
    assert!(!denies(kubernetes, "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}"));
    assert!(!denies(kubernetes, "{podSelector: {matchLabels: {a: b}}}"));
    assert!(denies("cilium.io/v2 CiliumNetworkPolicy spec", "{endpointSelector: {}, egress: [{}]}"));
    assert!(!denies("cilium.io/v2 CiliumNetworkPolicy spec", "{endpointSelector: {}, egress: [{toEntities: [all]}]}"));
}

#[test]
fn a_changed_rego_rule_is_named() {
    let template = |value: u8| {
        let rego = format!("package a\\nallow = {value}\\nviolation[x] {{ allow }}");
        object("templates.gatekeeper.sh/v1 ConstraintTemplate spec", &format!("{{targets: [{{rego: \"{rego}\"}}]}}"))
    };
    let verdicts = judge(Family::Gatekeeper, Some(&template(1)), Some(&template(2)));
    assert_eq!(verdicts.iter().map(|verdict| &*verdict.field).collect::<Vec<_>>(), ["spec.targets[0].rego: allow"]);
}

/// Objects that are as large as a file may be are judged by equality where comparing each with each would take too long.
#[test]
fn large_objects_cost_no_more_than_their_size() {
    let many = |count: usize, item: &dyn Fn(usize) -> String| (0..count).map(item).collect::<Vec<_>>().join(", ");
    let policy = |offset: usize| {
        let rule = |at: usize| format!("{{from: [{{ipBlock: {{cidr: 10.{}.{}.0/24}}}}]}}", offset + at / 200, at % 200);
        let body = format!("{{podSelector: {{}}, ingress: [{}]}}", many(20_000, &rule));
        object("networking.k8s.io/v1 NetworkPolicy spec", &body)
    };
    assert_eq!(judge(Family::Network, Some(&policy(0)), Some(&policy(100))).len(), 40_000);
    let role = |offset: usize| {
        let rule = |at: usize| format!("{{apiGroups: [a], resources: [r{}], verbs: [get, list]}}", offset + at);
        object("rbac.authorization.k8s.io/v1 ClusterRole root", &format!("{{rules: [{}]}}", many(5_000, &rule)))
    };
    assert_eq!(judge(Family::Rbac, Some(&role(0)), Some(&role(5_000))).len(), 10_000);
}
