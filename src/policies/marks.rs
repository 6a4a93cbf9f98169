//! One pass over two versions of an object: where does this one protect less than that one?
//!
//! Every rule is written once, in that one direction. [`super::judge`] makes the pass twice, with the sides exchanged:
//! what is less after the edit is weakened, what was less before it is strengthened. So the two can never disagree.

use std::collections::BTreeSet;

use crate::manifests::{Node, Value, child_path, item_path};

/// A rule that tells a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The id: kebab-case, stable, never reused; begins with the word of its family.
    pub id: &'static str,
    /// What it looks at, in one sentence.
    pub meaning: &'static str,
}

/// The kinds of a family by group, `*` for every kind of a group.
pub(super) type Kinds = &'static [(&'static str, &'static [&'static str])];

/// Declares the rules of a family, and `RULES`, which lists them.
macro_rules! rules {
    ($($name:ident = $id:literal : $meaning:literal;)*) => {
        $(pub(super) const $name: Rule = Rule { id: $id, meaning: $meaning };)*
        /// Every rule of this family.
        pub(super) const RULES: &[Rule] = &[$($name),*];
    };
}
pub(super) use rules;

/// Where a rule applies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub rule: &'static str,
    pub field: Box<str>,
    pub exemption: bool,
}

/// What one pass found.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Where this protects less than that.
    pub weaker: BTreeSet<Mark>,
    /// Where they differ and no direction can be told.
    pub unclear: BTreeSet<Mark>,
    /// Where they differ without a difference in protection.
    pub alike: BTreeSet<Mark>,
}

/// What it means that an object, or a named part of one, exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It protects.
    Protects,
    /// It gives rights or makes an exception.
    Allows,
    /// Depends on what it is used for.
    Unknown,
}

/// Whether an entry of a list is about who is exempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// The protection itself.
    Protection,
    /// Who or what is exempt from it.
    Exemption,
}

/// Two versions of one part of an object, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Sides<'a> {
    pub this: Option<&'a Node>,
    pub that: Option<&'a Node>,
    pub path: String,
}

impl<'a> Sides<'a> {
    pub fn new(this: Option<&'a Node>, that: Option<&'a Node>) -> Self {
        Self { this, that, path: String::new() }
    }

    /// The value of a key on both sides; null is as good as absent, as for the API server.
    pub fn at(&self, key: &str) -> Self {
        Self { this: present(self.this, key), that: present(self.that, key), path: child_path(&self.path, key) }
    }

    pub fn below(&self, keys: &[&str]) -> Self {
        keys.iter().fold(self.clone(), |sides, key| sides.at(key))
    }

    pub fn same(&self) -> bool {
        self.this == self.that
    }

    /// The keys whose values differ, without those named.
    pub fn others(&self, known: &[&str]) -> Vec<(&'a str, Self)> {
        let entries = |node: Option<&'a Node>| node.map_or(&[][..], Node::entries);
        let keys: BTreeSet<&str> = entries(self.this).iter().chain(entries(self.that)).map(|(key, _)| &**key).collect();
        keys.into_iter()
            .filter(|key| !known.contains(key))
            .map(|key| (key, self.at(key)))
            .filter(|(_, sides)| !sides.same())
            .collect()
    }

    /// The items at one place of two lists.
    pub fn item(&self, at: usize) -> Self {
        let of = |node: Option<&'a Node>| node?.items().get(at);
        Self { this: of(self.this), that: of(self.that), path: item_path(&self.path, at) }
    }

    /// The length of the longer list.
    pub fn len(&self) -> usize {
        let of = |node: Option<&'a Node>| node.map_or(0, |list| list.items().len());
        of(self.this).max(of(self.that))
    }

    /// The items of this side and of that side that the other has not, with their places.
    pub fn unmatched(&self) -> (Vec<Item<'a>>, Vec<Item<'a>>) {
        unmatched(items(self.this, &self.path), items(self.that, &self.path))
    }
}

/// One item of a list and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Item<'a> {
    pub node: &'a Node,
    pub path: String,
}

pub(super) fn items<'a>(node: Option<&'a Node>, path: &str) -> Vec<Item<'a>> {
    let all = node.map_or(&[][..], Node::items);
    all.iter().enumerate().map(|(at, node)| Item { node, path: item_path(path, at) }).collect()
}

fn unmatched<'a>(own: Vec<Item<'a>>, others: Vec<Item<'a>>) -> (Vec<Item<'a>>, Vec<Item<'a>>) {
    let spelled = |items: &[Item]| items.iter().map(|item| canonical(item.node)).collect::<BTreeSet<_>>();
    let (ours, theirs) = (spelled(&own), spelled(&others));
    let without = |items: Vec<Item<'a>>, known: &BTreeSet<String>| {
        items.into_iter().filter(|item| !known.contains(&canonical(item.node))).collect()
    };
    (without(own, &theirs), without(others, &ours))
}

/// The value of a key, unless it is null.
pub(super) fn present<'a>(node: Option<&'a Node>, key: &str) -> Option<&'a Node> {
    node?.get(key).filter(|node| node.value != Value::Null)
}

/// The text at the end of a path of keys; empty where there is none.
pub(super) fn text_at<'a>(node: &'a Node, path: &[&str]) -> &'a str {
    node.at(path).and_then(Node::text).unwrap_or("")
}

/// A spelling that two nodes share when they say the same.
pub(super) fn canonical(node: &Node) -> String {
    let mut text = String::new();
    write_canonical(node, &mut text);
    text
}

fn write_canonical(node: &Node, text: &mut String) {
    match &node.value {
        Value::Null => text.push('~'),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => text.push_str(number),
        Value::Text(words) => text.push_str(&format!("{words:?}")),
        Value::Secret(_) => text.push('?'),
        Value::List(items) => {
            text.push('[');
            for item in items {
                write_canonical(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Map(entries) => {
            text.push('{');
            for (key, value) in entries.iter().filter(|(_, value)| value.value != Value::Null) {
                text.push_str(&format!("{key:?}:"));
                write_canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
    }
}

/// The items of a list as a set; a single value is a list of one.
pub(super) fn set_of(node: Option<&Node>) -> BTreeSet<String> {
    match node.map(|node| &node.value) {
        None | Some(Value::Null) => BTreeSet::new(),
        Some(Value::List(items)) => items.iter().map(canonical).collect(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) | Value::Secret(_)) => {
            node.map(canonical).into_iter().collect()
        }
    }
}

/// The texts of a list; a single text is a list of one.
pub(super) fn texts(node: Option<&Node>) -> Vec<&str> {
    let Some(node) = node else { return Vec::new() };
    node.text().into_iter().chain(node.items().iter().filter_map(Node::text)).collect()
}

/// The number, if it is a whole one that is not negative.
pub(super) fn number(node: Option<&Node>) -> Option<u64> {
    match &node?.value {
        Value::Number(digits) | Value::Text(digits) => digits.parse().ok(),
        Value::Null | Value::Bool(_) | Value::List(_) | Value::Map(_) | Value::Secret(_) => None,
    }
}

/// The spelling that [`canonical`] gives `*`.
const EVERYTHING: &str = "\"*\"";

impl Marks {
    pub fn weaker(&mut self, rule: Rule, field: &str) {
        self.weaker_about(rule, field, About::Protection);
    }

    pub fn weaker_about(&mut self, rule: Rule, field: &str, about: About) {
        self.weaker.insert(Mark { rule: rule.id, field: field.into(), exemption: about == About::Exemption });
    }

    pub fn unclear(&mut self, rule: Rule, field: &str) {
        self.unclear_about(rule, field, About::Protection);
    }

    pub fn unclear_about(&mut self, rule: Rule, field: &str, about: About) {
        self.unclear.insert(Mark { rule: rule.id, field: field.into(), exemption: about == About::Exemption });
    }

    pub fn alike(&mut self, rule: Rule, field: &str) {
        self.alike.insert(Mark { rule: rule.id, field: field.into(), exemption: false });
    }

    pub fn all_weaker(&mut self, found: Vec<(Rule, String)>) {
        for (rule, field) in found {
            self.weaker(rule, &field);
        }
    }

    /// Marks an object or part that only one side has; says whether that was the case.
    pub fn presence(&mut self, rule: Rule, sides: &Sides, presence: Presence) -> bool {
        self.presence_about(rule, sides, presence, About::Protection)
    }

    pub fn presence_about(&mut self, rule: Rule, sides: &Sides, presence: Presence, about: About) -> bool {
        let one_sided = sides.this.is_some() != sides.that.is_some();
        match presence {
            Presence::Unknown if one_sided => self.unclear_about(rule, &sides.path, about),
            Presence::Protects if one_sided && sides.this.is_none() => self.weaker_about(rule, &sides.path, about),
            Presence::Allows if one_sided && sides.that.is_none() => self.weaker_about(rule, &sides.path, about),
            Presence::Unknown | Presence::Protects | Presence::Allows => {}
        }
        one_sided
    }

    /// Marks a difference whose direction cannot be told.
    pub fn changed(&mut self, rule: Rule, sides: &Sides) {
        if !sides.same() {
            self.unclear(rule, &sides.path);
        }
    }

    /// Marks each further key whose values differ: no rule knows it.
    pub fn unrecognised(&mut self, rule: Rule, sides: &Sides, known: &[&str]) {
        for (_, other) in sides.others(known) {
            self.unclear(rule, &other.path);
        }
    }

    /// Compares by rank, higher is stronger; `None` for a value without rank.
    pub fn level(&mut self, rule: Rule, sides: &Sides, rank: impl Fn(Option<&Node>) -> Option<u8>) {
        match (rank(sides.this), rank(sides.that)) {
            _ if sides.same() => {}
            (Some(this), Some(that)) if this < that => self.weaker(rule, &sides.path),
            (Some(_), Some(_)) => {}
            (None, _) | (_, None) => self.unclear(rule, &sides.path),
        }
    }

    /// Compares a truth value of which one answer is the laxer.
    pub fn flag(&mut self, rule: Rule, sides: &Sides, lax: bool, default: bool) {
        let rank = |node: Option<&Node>| {
            let truth = node.map_or(Some(default), Node::truth)?;
            Some(u8::from(truth != lax))
        };
        self.level(rule, sides, rank);
    }

    /// Compares a list of what is allowed or exempt: more is weaker, `*` is everything.
    pub fn grants(&mut self, rule: Rule, sides: &Sides, about: About) {
        let (this, that) = (set_of(sides.this), set_of(sides.that));
        if !that.contains(EVERYTHING) && !this.is_subset(&that) {
            self.weaker_about(rule, &sides.path, about);
        }
    }

    /// Compares a list of what is demanded or forbidden: fewer is weaker, `*` is everything.
    pub fn demands(&mut self, rule: Rule, sides: &Sides) {
        let (this, that) = (set_of(sides.this), set_of(sides.that));
        if !this.contains(EVERYTHING) && !that.is_subset(&this) {
            self.weaker(rule, &sides.path);
        }
    }

    /// Compares a list of what the protection is limited to, where none means no limit: fewer is weaker.
    pub fn scope(&mut self, rule: Rule, sides: &Sides) {
        let (this, that) = (set_of(sides.this), set_of(sides.that));
        if !this.is_empty() && (that.is_empty() || (!this.contains(EVERYTHING) && !that.is_subset(&this))) {
            self.weaker(rule, &sides.path);
        }
    }
}
