//! What a policy applies to, as Gatekeeper, Kyverno, webhooks and admission policies write it.

use std::collections::BTreeSet;

use super::marks::{About, Item, Marks, Rule, Sides, canonical, items, present, texts};
use super::selectors::{MOST_PAIRS, MOST_WORK, covers};
use crate::manifests::Node;

/// Keys whose values are label selectors.
const SELECTORS: [&str; 4] = ["selector", "labelSelector", "namespaceSelector", "objectSelector"];

/// Whether one condition with several keys takes in all that another one does.
///
/// Each key narrows; a list names alternatives, `*` among them stands for all.
pub(super) fn condition_covers(wide: &Node, narrow: &Node) -> bool {
    wide.entries().iter().all(|(key, wanted)| key_covers(key, wanted, narrow))
}

/// Whether the value of one key takes in what another condition says under that key.
pub(super) fn key_covers(key: &str, wanted: &Node, narrow: &Node) -> bool {
    let given = present(Some(narrow), key);
    match (wanted.is_empty(), given) {
        (true, _) => true,
        (false, None) => texts(Some(wanted)).contains(&"*"),
        (false, Some(_)) if SELECTORS.contains(&key) => covers(Some(wanted), given),
        (false, Some(given)) => value_covers(wanted, given),
    }
}

fn value_covers(wide: &Node, narrow: &Node) -> bool {
    if wide == narrow || wide.text() == Some("*") {
        return true;
    }
    let (outer, inner) = (wide.items(), narrow.items());
    if outer.is_empty() || inner.is_empty() {
        return !wide.entries().is_empty() && !narrow.entries().is_empty() && condition_covers(wide, narrow);
    }
    let beginnings: Vec<&str> = outer.iter().filter_map(|item| item.text()?.strip_suffix('*')).collect();
    let cheap = beginnings.len().saturating_mul(inner.len()) <= MOST_PAIRS;
    let begins = |item: &Node| item.text().is_some_and(|text| cheap && beginnings.iter().any(|start| text.starts_with(start)));
    let known: BTreeSet<String> = outer.iter().map(canonical).collect();
    inner.iter().all(|item| known.contains(&canonical(item)) || begins(item))
}

/// The items of one list that no item of the other takes in.
pub(super) fn uncovered<'a>(own: Vec<Item<'a>>, others: &[Item<'a>], covers: impl Fn(&Node, &Node) -> bool) -> Vec<Item<'a>> {
    let known: BTreeSet<String> = others.iter().map(|item| canonical(item.node)).collect();
    let spelled = own.into_iter().map(|item| (canonical(item.node), item)).filter(|(spelling, _)| !known.contains(spelling));
    let (spellings, new): (Vec<String>, Vec<Item>) = spelled.unzip();
    let bytes = |all: &mut dyn Iterator<Item = &String>| all.map(String::len).fold(0_usize, usize::saturating_add);
    let (new_bytes, known_bytes) = (bytes(&mut spellings.iter()), bytes(&mut known.iter()));
    let work = new.len().saturating_mul(known_bytes).saturating_add(others.len().saturating_mul(new_bytes));
    if work > MOST_WORK {
        return new;
    }
    new.into_iter().filter(|item| !others.iter().any(|other| covers(other.node, item.node))).collect()
}

/// The ids of a family's rules about matching.
#[derive(Clone, Copy, Debug)]
pub(super) struct MatchRules {
    /// Kinds or operations.
    pub resources: Rule,
    /// Kinds or operations that are left out.
    pub excluded: Rule,
    /// Labels of namespaces.
    pub namespaces: Rule,
    /// Labels of objects.
    pub objects: Rule,
    /// Anything else.
    pub other: Rule,
}

/// What it means that a list of resources is empty or absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    /// It applies to nothing.
    Nothing,
    /// It is not limited.
    Everything,
}

/// Compares `matchConstraints` or `matchResources` of an admission policy.
pub(super) fn compare_constraints(marks: &mut Marks, rules: MatchRules, sides: &Sides, empty: Empty) {
    resource_rules(marks, rules.resources, &sides.at("resourceRules"), empty);
    let left_out = sides.at("excludeResourceRules");
    let (this, that) = (items(left_out.this, &left_out.path), items(left_out.that, &left_out.path));
    for item in uncovered(this, &that, condition_covers) {
        marks.weaker_about(rules.excluded, &item.path, About::Exemption);
    }
    marks.selector(rules.namespaces, &sides.at("namespaceSelector"));
    marks.selector(rules.objects, &sides.at("objectSelector"));
    match_policy(marks, rules.resources, &sides.at("matchPolicy"));
    let known = ["resourceRules", "excludeResourceRules", "namespaceSelector", "objectSelector", "matchPolicy"];
    marks.unrecognised(rules.other, sides, &known);
}

/// Compares lists of resources and operations to which a webhook or policy applies.
pub(super) fn resource_rules(marks: &mut Marks, rule: Rule, sides: &Sides, empty: Empty) {
    let (this, that) = (items(sides.this, &sides.path), items(sides.that, &sides.path));
    if empty == Empty::Everything && (this.is_empty() || that.is_empty()) {
        if !this.is_empty() {
            marks.weaker(rule, &sides.path);
        }
        return;
    }
    for item in uncovered(that, &this, condition_covers) {
        marks.weaker(rule, &item.path);
    }
}

/// `Equivalent`, the default, takes in other versions of a resource; `Exact` does not.
pub(super) fn match_policy(marks: &mut Marks, rule: Rule, sides: &Sides) {
    marks.level(rule, sides, |node| match node.map(|node| node.text().unwrap_or("")) {
        None | Some("Equivalent") => Some(1),
        Some("Exact") => Some(0),
        Some(_) => None,
    });
}
