//! What pod security policies and security context constraints say alike: which rights a container may have.

use super::marks::{About, Marks, Rule, Sides, text_at};
use crate::manifests::Node;

/// How a field limits pods.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// True is laxer; the value is what an absent field means.
    LaxWhenTrue(bool),
    /// False is laxer; absent means false.
    LaxWhenFalse,
    /// A list of what is allowed.
    Allows,
    /// A list of what is demanded or forbidden.
    Demands,
    /// A strategy: how an identity is chosen, and from which ranges.
    Strategy,
}

/// The fields by name.
pub(super) type Limits = &'static [(&'static str, Limit)];

/// Fields that both kinds have.
pub(super) const SHARED: Limits = &[
    ("allowPrivilegeEscalation", Limit::LaxWhenTrue(true)),
    ("defaultAllowPrivilegeEscalation", Limit::LaxWhenTrue(true)),
    ("readOnlyRootFilesystem", Limit::LaxWhenFalse),
    ("volumes", Limit::Allows),
    ("allowedCapabilities", Limit::Allows),
    ("defaultAddCapabilities", Limit::Allows),
    ("requiredDropCapabilities", Limit::Demands),
    ("allowedUnsafeSysctls", Limit::Allows),
    ("forbiddenSysctls", Limit::Demands),
    ("allowedFlexVolumes", Limit::Allows),
    ("runAsUser", Limit::Strategy),
    ("supplementalGroups", Limit::Strategy),
    ("fsGroup", Limit::Strategy),
];

/// The rules of a family about limits.
#[derive(Clone, Copy, Debug)]
pub(super) struct LimitRules {
    pub privileges: Rule,
    pub lists: Rule,
    pub strategy: Rule,
}

pub(super) fn compare(marks: &mut Marks, rules: LimitRules, sides: &Sides, limits: &[Limits]) {
    for (field, limit) in limits.iter().copied().flatten() {
        let sides = sides.at(field);
        match limit {
            Limit::LaxWhenTrue(default) => marks.flag(rules.privileges, &sides, true, *default),
            Limit::LaxWhenFalse => marks.flag(rules.privileges, &sides, false, false),
            Limit::Allows => marks.grants(rules.lists, &sides, About::Protection),
            Limit::Demands => marks.demands(rules.lists, &sides),
            Limit::Strategy => strategy(marks, rules.strategy, &sides),
        }
    }
}

/// `RunAsAny` demands nothing, `MayRunAs` only what is written; the others differ in what they demand.
fn strategy(marks: &mut Marks, rule: Rule, sides: &Sides) {
    let (this, that) = (name(sides.this), name(sides.that));
    match (demand(this), demand(that)) {
        _ if sides.same() => {}
        (Some(one), Some(other)) if one < other => marks.weaker(rule, &sides.path),
        (Some(one), Some(other)) if one > other => {}
        (Some(0), Some(0)) => {}
        (Some(_), Some(_)) if this == that => ranges(marks, rule, sides),
        (_, _) => marks.unclear(rule, &sides.path),
    }
}

/// The name of a strategy: `type` in constraints, `rule` in pod security policies.
fn name(strategy: Option<&Node>) -> &str {
    let stated = |key: &str| strategy.map_or("", |node| text_at(node, &[key]));
    ["type", "rule"].into_iter().map(stated).find(|name| !name.is_empty()).unwrap_or("")
}

fn demand(name: &str) -> Option<u8> {
    match name {
        "RunAsAny" => Some(0),
        "MayRunAs" => Some(1),
        "MustRunAs" | "MustRunAsRange" | "MustRunAsNonRoot" => Some(2),
        _ => None,
    }
}

fn ranges(marks: &mut Marks, rule: Rule, sides: &Sides) {
    let listed = sides.at("ranges");
    marks.grants(rule, &listed, About::Protection);
    marks.unrecognised(rule, sides, &["type", "rule", "ranges"]);
}
