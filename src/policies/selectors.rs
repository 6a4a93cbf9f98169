//! Label selectors and address ranges: which of two takes in the other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::marks::{About, Marks, Rule, Sides, canonical};
use crate::manifests::Node;

/// How many pairs are compared one by one; beyond it only equal ones count as covered, so that cost stays linear.
pub(super) const MOST_PAIRS: usize = 20_000;

/// How many bytes are compared so, all pairs together.
pub(super) const MOST_WORK: usize = 16_000_000;

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Condition<'a> {
    In(BTreeSet<&'a str>),
    NotIn(BTreeSet<&'a str>),
    Exists,
    DoesNotExist,
    /// Something that the schema does not know.
    Other(String),
}

/// The conditions of a selector by label; all of them must hold, none means everything.
fn conditions(selector: Option<&Node>) -> BTreeMap<&str, Vec<Condition<'_>>> {
    let mut all: BTreeMap<&str, Vec<Condition>> = BTreeMap::new();
    for (key, node) in selector.map_or(&[][..], Node::entries) {
        match &**key {
            "matchLabels" => {
                for (label, value) in node.entries() {
                    let value =
                        value.text().map_or_else(|| Condition::Other(canonical(value)), |value| Condition::In([value].into()));
                    all.entry(label).or_default().push(value);
                }
            }
            "matchExpressions" => {
                for expression in node.items() {
                    let label = expression.get("key").and_then(Node::text).unwrap_or("");
                    all.entry(label).or_default().push(condition(expression));
                }
            }
            _ => all.entry(key).or_default().push(Condition::Other(canonical(node))),
        }
    }
    all
}

fn condition(expression: &Node) -> Condition<'_> {
    let values = || expression.get("values").map_or(&[][..], Node::items).iter().filter_map(Node::text).collect();
    match expression.get("operator").and_then(Node::text) {
        Some("In") => Condition::In(values()),
        Some("NotIn") => Condition::NotIn(values()),
        Some("Exists") => Condition::Exists,
        Some("DoesNotExist") => Condition::DoesNotExist,
        _ => Condition::Other(canonical(expression)),
    }
}

/// Whether whatever fulfils `given` fulfils `wanted` too; both are about the same label.
fn implies(given: &Condition, wanted: &Condition) -> bool {
    match (given, wanted) {
        (Condition::In(given), Condition::In(wanted)) => given.is_subset(wanted),
        (Condition::In(given), Condition::NotIn(wanted)) => given.is_disjoint(wanted),
        (Condition::NotIn(given), Condition::NotIn(wanted)) => wanted.is_subset(given),
        (Condition::In(_), Condition::Exists) | (Condition::DoesNotExist, Condition::NotIn(_)) => true,
        (
            Condition::In(_) | Condition::NotIn(_) | Condition::Exists | Condition::DoesNotExist | Condition::Other(_),
            Condition::In(_) | Condition::NotIn(_) | Condition::Exists | Condition::DoesNotExist | Condition::Other(_),
        ) => given == wanted,
    }
}

/// Whether a selector takes in all that another one does; one that is absent or empty takes in everything.
pub(super) fn covers(wide: Option<&Node>, narrow: Option<&Node>) -> bool {
    unmet(wide, narrow).is_empty()
}

/// The conditions of `wide` that `narrow` does not imply.
fn unmet<'a>(wide: Option<&'a Node>, narrow: Option<&'a Node>) -> Vec<Condition<'a>> {
    if wide == narrow {
        return Vec::new();
    }
    let given = conditions(narrow);
    let mut left = Vec::new();
    for (label, wanted) in conditions(wide) {
        let given = given.get(label).map_or(&[][..], Vec::as_slice);
        let cheap = given.len().saturating_mul(wanted.len()) <= MOST_PAIRS;
        left.extend(wanted.into_iter().filter(|wanted| !(cheap && given.iter().any(|given| implies(given, wanted)))));
    }
    left
}

impl Marks {
    /// Compares what a selector applies a protection to: narrower is weaker, and an exemption where labels are excluded.
    pub fn selector(&mut self, rule: Rule, sides: &Sides) {
        let added = unmet(sides.this, sides.that);
        let dropped = !covers(sides.that, sides.this);
        let excludes = |c: &Condition| matches!(c, Condition::NotIn(_) | Condition::DoesNotExist);
        let about = if !added.is_empty() && added.iter().all(excludes) { About::Exemption } else { About::Protection };
        match (added.is_empty(), dropped) {
            (true, _) => {}
            (false, false) => self.weaker_about(rule, &sides.path, about),
            (false, true) => self.unclear(rule, &sides.path),
        }
    }
}

/// What a selector leaves out, each in a few words.
pub(super) fn left_out(selector: Option<&Node>) -> Vec<String> {
    let mut words = Vec::new();
    for (label, conditions) in conditions(selector) {
        for condition in conditions {
            match condition {
                Condition::NotIn(values) => words.extend(values.iter().map(|value| format!("{label}={value}"))),
                Condition::DoesNotExist => words.push(format!("label {label}")),
                Condition::In(_) | Condition::Exists | Condition::Other(_) => {}
            }
        }
    }
    words
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    address: IpAddr,
    prefix: u8,
}

impl Block {
    /// Reads `10.0.0.0/8` or a single address.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().ok()?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Some(most), |prefix| prefix.parse().ok())?;
        (prefix <= most).then_some(Self { address, prefix })
    }

    pub fn is_everything(self) -> bool {
        self.prefix == 0
    }

    pub fn covers(self, other: Self) -> bool {
        self.prefix <= other.prefix && self.meets(other)
    }

    /// Whether the two have an address in common.
    pub fn meets(self, other: Self) -> bool {
        let prefix = self.prefix.min(other.prefix);
        match (self.address, other.address) {
            (IpAddr::V4(this), IpAddr::V4(that)) => {
                let differing = u32::from(this) ^ u32::from(that);
                prefix == 0 || differing.leading_zeros() >= u32::from(prefix)
            }
            (IpAddr::V6(this), IpAddr::V6(that)) => {
                let differing = u128::from(this) ^ u128::from(that);
                prefix == 0 || differing.leading_zeros() >= u32::from(prefix)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}
