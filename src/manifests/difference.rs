//! What one object says otherwise than another, in as few fields as people need to see it.

use std::collections::{BTreeMap, BTreeSet};

use super::object::{Node, Value};

/// More differences than this are told as one, of the whole.
const MAX_DIFFERENCES: usize = 2000;

/// Lists whose lengths multiply to more than this are compared item by item.
const MAX_ALIGNED: usize = 1 << 16;

/// A key is cut in a path after so many characters.
const MAX_KEY: usize = 200;

/// The fields by which the items of a list are told apart, where every item has one of its own.
const ITEM_NAMES: [&str; 2] = ["name", "key"];

/// One field that says something else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference<'a> {
    /// Where it stands, as [`child_path`] and [`item_path`] write it; empty for the whole.
    ///
    /// The index of an item that is gone is that in the list before, of any other that in the list after.
    pub path: String,
    /// What it said; `None` when it was not there.
    pub before: Option<&'a Node>,
    /// What it says; `None` when it is gone.
    pub after: Option<&'a Node>,
    /// The line of the file, from 1, on which it stands; that of the file before for a field that is gone.
    pub line: u32,
}

/// What the second object says otherwise, in the order of its keys and items.
///
/// Lists whose items all have a `name` (or all a `key`) are compared by it; of others the equal items are set against
/// each other first. A list that only changed its order is one difference. Empty exactly when the two are equal.
#[must_use]
pub fn difference<'a>(before: &'a Node, after: &'a Node) -> Vec<Difference<'a>> {
    let mut comparison = Comparison { differences: Vec::new(), is_cut: false };
    comparison.nodes("", before, after);
    if comparison.is_cut {
        comparison.differences.insert(0, between(String::new(), Some(before), Some(after)));
    }
    comparison.differences
}

/// The path of a key inside of a mapping: `spec.ingress`, `metadata.labels["app.kubernetes.io/name"]`.
#[must_use]
pub fn child_path(parent: &str, key: &str) -> String {
    let is_simple = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$');
    if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(is_simple) {
        let end = key.char_indices().nth(MAX_KEY).map_or(key.len(), |(end, _)| end);
        return format!("{parent}[{:?}]", key.get(..end).unwrap_or(key));
    }
    if parent.is_empty() { key.to_owned() } else { format!("{parent}.{key}") }
}

/// The path of an item of a list, by its index from 0: `spec.ingress[0]`.
#[must_use]
pub fn item_path(parent: &str, index: usize) -> String {
    format!("{parent}[{index}]")
}

/// The path of an item by its name: `spec.rules[name=check-image]`.
fn named_path(parent: &str, field: &str, name: &str) -> String {
    let end = name.char_indices().nth(MAX_KEY).map_or(name.len(), |(end, _)| end);
    format!("{parent}[{field}={}]", name.get(..end).unwrap_or(name))
}

fn between<'a>(path: String, before: Option<&'a Node>, after: Option<&'a Node>) -> Difference<'a> {
    let line = after.or(before).map_or(0, |node| node.line);
    Difference { path, before, after, line }
}

struct Comparison<'a> {
    differences: Vec<Difference<'a>>,
    is_cut: bool,
}

impl<'a> Comparison<'a> {
    fn add(&mut self, path: String, before: Option<&'a Node>, after: Option<&'a Node>) {
        if self.differences.len() < MAX_DIFFERENCES {
            self.differences.push(between(path, before, after));
        } else {
            self.is_cut = true;
        }
    }

    fn nodes(&mut self, path: &str, before: &'a Node, after: &'a Node) {
        match (&before.value, &after.value) {
            (Value::Map(old), Value::Map(new)) => self.maps(path, old, new),
            (Value::List(old), Value::List(new)) if !old.is_empty() && !new.is_empty() => self.lists(path, before, after),
            (old, new) if old == new => {}
            _ => self.add(path.to_owned(), Some(before), Some(after)),
        }
    }

    /// Walks two sorted mappings side by side.
    fn maps(&mut self, path: &str, before: &'a [(Box<str>, Node)], after: &'a [(Box<str>, Node)]) {
        let (mut old, mut new) = (before.iter().peekable(), after.iter().peekable());
        loop {
            let order = match (old.peek(), new.peek()) {
                (Some((old_key, _)), Some((new_key, _))) => old_key.cmp(new_key),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (None, None) => return,
            };
            let gone = if order.is_le() { old.next() } else { None };
            let come = if order.is_ge() { new.next() } else { None };
            match (gone, come) {
                (Some((_, old)), Some((_, new))) if old == new => {}
                (Some((key, old)), Some((_, new))) => self.nodes(&child_path(path, key), old, new),
                (Some((key, node)), None) => self.add(child_path(path, key), Some(node), None),
                (None, Some((key, node))) => self.add(child_path(path, key), None, Some(node)),
                (None, None) => return,
            }
        }
    }

    fn lists(&mut self, path: &str, before: &'a Node, after: &'a Node) {
        let (old, new) = (before.items(), after.items());
        if let Some((field, old_names, new_names)) = names_of(old, new) {
            self.named(path, field, (old, &old_names), (new, &new_names));
            if is_reordered(&old_names, &new_names) {
                self.add(path.to_owned(), Some(before), Some(after));
            }
        } else {
            self.aligned(path, old, new);
        }
    }

    fn named(&mut self, path: &str, field: &str, before: (&'a [Node], &[&str]), after: (&'a [Node], &[&str])) {
        let old: BTreeMap<&str, &'a Node> = before.1.iter().copied().zip(before.0).collect();
        let new: BTreeSet<&str> = after.1.iter().copied().collect();
        for (name, node) in after.1.iter().zip(after.0) {
            let path = named_path(path, field, name);
            match old.get(name) {
                Some(old) => self.nodes(&path, old, node),
                None => self.add(path, None, Some(node)),
            }
        }
        for (name, node) in before.1.iter().zip(before.0).filter(|(name, _)| !new.contains(*name)) {
            self.add(named_path(path, field, name), Some(node), None);
        }
    }

    fn aligned(&mut self, path: &str, before: &'a [Node], after: &'a [Node]) {
        for (old, new) in align(before, after) {
            let old_node = old.and_then(|index| before.get(index));
            let new_node = new.and_then(|index| after.get(index));
            let path = item_path(path, new.or(old).unwrap_or(0));
            match (old_node, new_node) {
                (Some(old_node), Some(new_node)) => self.nodes(&path, old_node, new_node),
                _ => self.add(path, old_node, new_node),
            }
        }
    }
}

type Names<'a> = (&'static str, Vec<&'a str>, Vec<&'a str>);

/// The names of the items of both lists, where each has one of its own and some are in both.
fn names_of<'a>(before: &'a [Node], after: &'a [Node]) -> Option<Names<'a>> {
    ITEM_NAMES.into_iter().find_map(|field| {
        let (old, new) = (own_names(before, field)?, own_names(after, field)?);
        let old_set: BTreeSet<&str> = old.iter().copied().collect();
        new.iter().any(|name| old_set.contains(name)).then_some((field, old, new))
    })
}

fn own_names<'a>(items: &'a [Node], field: &str) -> Option<Vec<&'a str>> {
    let names: Vec<&str> = items.iter().map(|item| item.get(field).and_then(Node::text)).collect::<Option<_>>()?;
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    (distinct.len() == names.len()).then_some(names)
}

fn is_reordered(before: &[&str], after: &[&str]) -> bool {
    let old: BTreeSet<&str> = before.iter().copied().collect();
    let new: BTreeSet<&str> = after.iter().copied().collect();
    before.iter().filter(|name| new.contains(*name)).ne(after.iter().filter(|name| old.contains(*name)))
}

/// An item before and the one that it became.
type Pair = (Option<usize>, Option<usize>);

/// Sets the items of two lists against each other; equal ones are left out.
fn align(before: &[Node], after: &[Node]) -> Vec<Pair> {
    let head = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let longest_tail = before.len().min(after.len()) - head;
    let tail = before.iter().rev().zip(after.iter().rev()).take(longest_tail).take_while(|(old, new)| old == new).count();
    let (old_end, new_end) = (before.len() - tail, after.len() - tail);
    let old = before.get(head..old_end).unwrap_or(&[]);
    let new = after.get(head..new_end).unwrap_or(&[]);
    let mut pairs = Vec::new();
    let (mut old_at, mut new_at) = (head, head);
    let end = (old.len(), new.len());
    for (old_equal, new_equal) in equal_items(old, new).into_iter().chain([end]) {
        pair_up(old_at..head + old_equal, new_at..head + new_equal, &mut pairs);
        (old_at, new_at) = (head + old_equal + 1, head + new_equal + 1);
    }
    pairs
}

/// Pairs items in their order; what one side has more came or is gone.
fn pair_up(mut old: std::ops::Range<usize>, mut new: std::ops::Range<usize>, pairs: &mut Vec<Pair>) {
    loop {
        match (old.next(), new.next()) {
            (None, None) => return,
            pair => pairs.push(pair),
        }
    }
}

/// The longest common subsequence, as positions in both lists; empty for lists that are too long.
fn equal_items(before: &[Node], after: &[Node]) -> Vec<(usize, usize)> {
    if before.len().saturating_mul(after.len()) > MAX_ALIGNED {
        return Vec::new();
    }
    let mut classes: BTreeMap<&Node, usize> = BTreeMap::new();
    let mut class_of = |node| {
        let next = classes.len();
        *classes.entry(node).or_insert(next)
    };
    let old: Vec<usize> = before.iter().map(&mut class_of).collect();
    let new: Vec<usize> = after.iter().map(&mut class_of).collect();
    common_subsequence(&old, &new)
}

fn common_subsequence(old: &[usize], new: &[usize]) -> Vec<(usize, usize)> {
    let width = new.len() + 1;
    // How many of the items from there on are common; the last row and column are zero.
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    let at = |lengths: &[u32], row: usize, column: usize| lengths.get(row * width + column).copied().unwrap_or(0);
    for (row, old_class) in old.iter().enumerate().rev() {
        for (column, new_class) in new.iter().enumerate().rev() {
            let length = if old_class == new_class {
                at(&lengths, row + 1, column + 1) + 1
            } else {
                at(&lengths, row + 1, column).max(at(&lengths, row, column + 1))
            };
            if let Some(cell) = lengths.get_mut(row * width + column) {
                *cell = length;
            }
        }
    }
    let (mut row, mut column, mut common) = (0, 0, Vec::new());
    while let (Some(old_class), Some(new_class)) = (old.get(row), new.get(column)) {
        if old_class == new_class {
            common.push((row, column));
            (row, column) = (row + 1, column + 1);
        } else if at(&lengths, row + 1, column) >= at(&lengths, row, column + 1) {
            row += 1;
        } else {
            column += 1;
        }
    }
    common
}

#[cfg(test)]
mod tests {
    use super::super::{read, to_text};
    use super::*;

    fn root(spec: &str) -> Node {
        read(format!("apiVersion: v1\nkind: X\nspec: {spec}\n").as_bytes(), &|_| true).objects[0].root.clone()
    }

    /// `path: before -> after`
    fn told(before: &str, after: &str) -> Vec<String> {
        let (before, after) = (root(before), root(after));
        let text = |node: Option<&Node>| node.map_or("-".to_owned(), |node| to_text(node, 40));
        let line = |field: &Difference<'_>| format!("{}: {} -> {}", field.path, text(field.before), text(field.after));
        difference(&before, &after).iter().map(line).collect()
    }

    #[test]
    fn fields_are_named_by_their_path() {
        assert_eq!(
            told("{a: 1, b: {c: x}, d: 1}", "{b: {c: z}, d: 1, e: {f: 1}}"),
            ["spec.a: 1 -> -", "spec.b.c: \"x\" -> \"z\"", "spec.e: - -> {\"f\":1}"]
        );
        assert_eq!(told("{a.b/c: 1, '': 1}", "{a.b/c: 2, '': 2}"), ["spec[\"\"]: 1 -> 2", "spec[\"a.b/c\"]: 1 -> 2"]);
        assert_eq!(told("{a: [], b: null}", "{a: [1]}"), ["spec.a: [] -> [1]", "spec.b: null -> -"]);
        assert_eq!(told("1", "'1'"), ["spec: 1 -> \"1\""]);
    }

    #[test]
    fn lists_are_told_by_the_fewest_items() {
        assert_eq!(told("[a, b, c]", "[x, a, c, z]"), ["spec[0]: - -> \"x\"", "spec[1]: \"b\" -> -", "spec[3]: - -> \"z\""]);
        assert_eq!(told("[a, b]", "[a]"), ["spec[1]: \"b\" -> -"]);
        assert_eq!(told("[{p: 1, q: 1}, {p: 2}]", "[{p: 1, q: 2}, {p: 2}]"), ["spec[0].q: 1 -> 2"]);
        assert_eq!(told("[[1, 2]]", "[[1, 3]]"), ["spec[0][1]: 2 -> 3"]);
        assert_eq!(told("[a, a, a]", "[a, a]"), ["spec[2]: \"a\" -> -"]);
    }

    #[test]
    fn items_with_names_are_told_by_them() {
        assert_eq!(
            told("[{name: a, v: 1}, {name: b}]", "[{name: c}, {name: a, v: 2}]"),
            ["spec[name=c]: - -> {\"name\":\"c\"}", "spec[name=a].v: 1 -> 2", "spec[name=b]: {\"name\":\"b\"} -> -"]
        );
        assert_eq!(told("[{key: a, v: [1]}]", "[{key: a, v: [2]}]"), ["spec[key=a].v[0]: 1 -> 2"]);
        assert_eq!(told("[{name: a}]", "[{name: b}]"), ["spec[0].name: \"a\" -> \"b\""]);
        assert_eq!(
            told("[{name: a}, {name: b}]", "[{name: b}, {name: a}]"),
            ["spec: [{\"name\":\"a\"},{\"name\":\"b\"}] -> [{\"name\":\"b\"},{\"name\":\"a\"}]"]
        );
    }

    #[test]
    fn lines_are_those_after_and_else_those_before() {
        let (before, after) = (root("\n  a: 1\n  b: 1"), root("\n\n  a: 2\n  c: 1"));
        let lines: Vec<_> = difference(&before, &after).iter().map(|field| (field.path.clone(), field.line)).collect();
        assert_eq!(lines, [("spec.a".to_owned(), 5), ("spec.b".to_owned(), 5), ("spec.c".to_owned(), 6)]);
    }

    #[test]
    fn too_many_differences_are_told_as_one_more_of_the_whole() {
        let list = |add: usize| format!("[{}]", (0..3000).map(|number| (number + add).to_string()).collect::<Vec<_>>().join(","));
        let (before, after) = (root(&list(0)), root(&list(5000)));
        let differences = difference(&before, &after);
        assert_eq!((differences.len(), &*differences[0].path), (MAX_DIFFERENCES + 1, ""));
    }

    #[test]
    fn a_text_is_cut_at_its_limit() {
        let text = |limit| to_text(&root("{a: \"é\\n\\u0001\\\"\\\\\", b: [1, true, null, {}]}"), limit);
        assert_eq!(
            text(999),
            "{\"apiVersion\":\"v1\",\"kind\":\"X\",\"spec\":{\"a\":\"é\\n\\u0001\\\"\\\\\",\"b\":[1,true,null,{}]}}"
        );
        assert_eq!(text(0), "…");
        for limit in 0..text(999).len() {
            let cut = text(limit);
            assert!(cut.len() <= limit + '…'.len_utf8() && text(999).starts_with(cut.trim_end_matches('…')), "{limit} {cut}");
        }
    }
}
