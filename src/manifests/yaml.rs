//! YAML, and with it JSON, becomes nodes: the only place that names the crate that reads YAML.
//!
//! It is read as kubectl reads it, which is go-yaml v2 and then JSON. What costs more than a budget is refused before
//! it is built; an alias costs what it stands for.

use std::borrow::Cow;
use std::collections::BTreeMap;

use granit_parser::{ErrorKind, Event, Options, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::contents::Unreadable;
use super::object::{Node, Value};
use super::scalars;
use super::scan::OLD_BREAKS;
use super::to_text;

/// Deeper nesting is refused.
const MAX_DEPTH: usize = 64;

/// More values in one file, aliases counted as what they stand for, are refused.
const MAX_NODES: usize = 1_000_000;

/// A text that is copied by an alias counts as one value for every so many bytes.
const BYTES_PER_NODE: usize = 64;

const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// How many values a file may still have.
pub(super) struct Budget {
    left: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: MAX_NODES }
    }
}

impl Budget {
    /// Pays for a copy of a node; `None` when too little is left.
    pub(super) fn copy(&mut self, node: &Node) -> Option<Node> {
        self.pay_for(node)?;
        Some(node.clone())
    }

    /// How many values may still come.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    pub(super) fn pay(&mut self, count: usize) -> Option<()> {
        self.left = self.left.checked_sub(count)?;
        Some(())
    }

    fn pay_for(&mut self, node: &Node) -> Option<()> {
        match &node.value {
            Value::Text(text) => self.pay(1 + text.len() / BYTES_PER_NODE),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Secret(_) => self.pay(1),
            Value::List(items) => {
                self.pay(1)?;
                items.iter().try_for_each(|item| self.pay_for(item))
            }
            Value::Map(entries) => {
                self.pay(1)?;
                entries.iter().try_for_each(|(key, value)| {
                    self.pay(key.len() / BYTES_PER_NODE)?;
                    self.pay_for(value)
                })
            }
        }
    }
}

/// What a text says: its documents, and what is wrong with it.
#[derive(Default)]
pub(super) struct Reading {
    /// The roots of its documents, up to the first failure.
    pub roots: Vec<Node>,
    /// Keys that a mapping has twice; the last value counts.
    pub duplicates: Vec<Duplicate>,
    /// Why the rest is not there.
    pub failure: Option<Failure>,
}

/// A key that a mapping has twice.
pub(super) struct Duplicate {
    /// The line of the later one.
    pub line: u32,
    /// The key.
    pub key: Box<str>,
}

/// Why a text could not be read.
pub(super) struct Failure {
    /// The line of the file, from 1.
    pub line: u32,
    /// What kind of reason it is.
    pub reason: Unreadable,
    /// In words.
    pub detail: String,
}

/// Reads a text that begins on a line of its file.
pub(super) fn parse(text: &str, first_line: u32, budget: &mut Budget) -> Reading {
    let (text, added_lines) = with_plain_breaks(text);
    let mut reader = Reader {
        parser: Parser::new_from_str_with_options(&text, options()),
        first_line,
        added_lines,
        budget,
        anchors: BTreeMap::new(),
        duplicates: Vec::new(),
    };
    let mut roots = Vec::new();
    let failure = reader.read_documents(&mut roots).err();
    Reading { roots, duplicates: reader.duplicates, failure }
}

/// Writes the line breaks of YAML 1.1 as line feeds, for kubectl takes them as such: a comment ends there.
///
/// Also gives the lines that this adds, which no editor counts.
fn with_plain_breaks(text: &str) -> (Cow<'_, str>, Vec<usize>) {
    if text.is_ascii() || !text.contains(OLD_BREAKS) {
        return (Cow::Borrowed(text), Vec::new());
    }
    let breaks = text.chars().filter(|character| *character == '\n' || OLD_BREAKS.contains(character));
    let added = breaks.zip(2..).filter(|(character, _)| *character != '\n').map(|(_, line)| line).collect();
    (Cow::Owned(text.replace(OLD_BREAKS, "\n")), added)
}

fn options() -> Options {
    granit_parser::options! {
        emit_comments: false,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
        // As libyaml has it: a text that ends without a line feed has none.
        block_scalar_eof_without_line_feed: true,
    }
}

struct Reader<'t, 'b> {
    parser: Parser<'t, StrInput<'t>>,
    first_line: u32,
    /// Lines of the parser that are none of the file.
    added_lines: Vec<usize>,
    budget: &'b mut Budget,
    /// What each anchor stands for, once it is complete.
    anchors: BTreeMap<usize, Node>,
    duplicates: Vec<Duplicate>,
}

type Built<T> = Result<T, Failure>;

impl<'t> Reader<'t, '_> {
    fn read_documents(&mut self, roots: &mut Vec<Node>) -> Built<()> {
        while let Some((event, span)) = self.next()? {
            if event.is_node() {
                roots.push(self.node(event, &span, 0)?);
            } else {
                // Anchors do not reach over documents.
                self.anchors.clear();
            }
        }
        Ok(())
    }

    fn next(&mut self) -> Built<Option<(Event<'t>, Span)>> {
        self.parser.next_event().transpose().map_err(|error| self.failure_of(&error))
    }

    /// The next event inside of a document, where there must be one.
    fn next_inside(&mut self, line: u32) -> Built<(Event<'t>, Span)> {
        self.next()?.ok_or_else(|| not_yaml(line, "the text ends too early"))
    }

    fn line_of(&self, line: usize) -> u32 {
        let line = line - self.added_lines.partition_point(|added| *added <= line);
        self.first_line.saturating_add(u32::try_from(line).unwrap_or(u32::MAX).saturating_sub(1))
    }

    fn failure_of(&self, error: &ScanError) -> Failure {
        let line = self.line_of(error.marker().line());
        if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
            return too_deep(line);
        }
        not_yaml(line, error.info())
    }

    /// Builds the node that begins with an event.
    fn node(&mut self, event: Event<'t>, span: &Span, depth: usize) -> Built<Node> {
        let line = self.line_of(span.start.line());
        if depth > MAX_DEPTH {
            return Err(too_deep(line));
        }
        self.budget.pay(1).ok_or_else(|| too_many(line))?;
        let anchor = event.anchor_id();
        #[allow(clippy::wildcard_enum_match_arm, reason = "only these begin a node; the enum may grow")]
        let value = match event {
            Event::Scalar(text, style, _, tag) => scalar(&text, style, tag.as_deref()),
            Event::SequenceStart(..) => self.sequence(line, depth)?,
            Event::MappingStart(..) => self.mapping(line, depth)?,
            Event::Alias(id) => self.alias(id, line)?,
            _ => return Err(not_yaml(line, "an end without a beginning")),
        };
        let node = Node { line, value };
        if let Some(anchor) = anchor {
            let copy = self.budget.copy(&node).ok_or_else(|| too_many(line))?;
            self.anchors.insert(anchor, copy);
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, line: u32) -> Built<Value> {
        let node = self.anchors.get(&id).ok_or_else(|| not_yaml(line, "an anchor contains itself"))?;
        Ok(self.budget.copy(node).ok_or_else(|| too_many(line))?.value)
    }

    fn sequence(&mut self, line: u32, depth: usize) -> Built<Value> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next_inside(line)?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::List(items));
            }
            items.push(self.node(event, &span, depth + 1)?);
        }
    }

    fn mapping(&mut self, line: u32, depth: usize) -> Built<Value> {
        let mut entries = Vec::new();
        loop {
            let (event, span) = self.next_inside(line)?;
            if matches!(event, Event::MappingEnd) {
                return Ok(self.in_order(entries));
            }
            let merges = is_merge(&event);
            let key = self.node(event, &span, depth + 1)?;
            let (event, span) = self.next_inside(key.line)?;
            let value = self.node(event, &span, depth + 1)?;
            if merges {
                merge(value, key.line, &mut entries)?;
            } else {
                let value = Node { line: key.line, ..value };
                entries.push(Entry { key: key_text(key), value, is_merged: false });
            }
        }
    }

    /// Sorts entries by key; of several with the same key the last one counts.
    fn in_order(&mut self, mut entries: Vec<Entry>) -> Value {
        entries.sort_by(|one, other| one.key.cmp(&other.key));
        let mut sorted: Vec<(Box<str>, Node)> = Vec::with_capacity(entries.len());
        let mut last_is_written = false;
        for Entry { key, value, is_merged } in entries {
            if let Some(last) = sorted.last_mut().filter(|last| last.0 == key) {
                if last_is_written && !is_merged {
                    self.duplicates.push(Duplicate { line: value.line, key });
                }
                last_is_written |= !is_merged;
                last.1 = value;
            } else {
                last_is_written = !is_merged;
                sorted.push((key, value));
            }
        }
        Value::Map(sorted)
    }
}

struct Entry {
    key: Box<str>,
    value: Node,
    /// Whether it came by a merge key, and is not written here.
    is_merged: bool,
}

fn is_merge(event: &Event<'_>) -> bool {
    let Event::Scalar(text, style, _, tag) = event else { return false };
    text == "<<"
        && match tag {
            Some(tag) => tag.suffix_in_namespace(YAML_TAGS).as_deref() == Some("merge"),
            None => *style == ScalarStyle::Plain,
        }
}

/// Adds the entries of a mapping, or of a list of mappings of which the earlier ones count more.
///
/// As in go-yaml v2 they replace what is written above the merge key, and what is written below replaces them.
fn merge(node: Node, line: u32, entries: &mut Vec<Entry>) -> Built<()> {
    match node.value {
        Value::Map(merged) => {
            entries.extend(merged.into_iter().map(|(key, value)| Entry { key, value, is_merged: true }));
            Ok(())
        }
        Value::List(items) => items.into_iter().rev().try_for_each(|item| match item.value {
            Value::List(_) => Err(not_a_mapping(line)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) | Value::Secret(_) => {
                merge(item, line, entries)
            }
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Secret(_) => Err(not_a_mapping(line)),
    }
}

/// A key as JSON has it: always a text.
fn key_text(key: Node) -> Box<str> {
    match key.value {
        Value::Text(text) => text,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) | Value::Secret(_) => {
            to_text(&key, usize::MAX).into()
        }
    }
}

/// Reads a scalar. A tag of the program that wrote it leaves the text as it is.
fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Value {
    let Some(tag) = tag else {
        return if style == ScalarStyle::Plain { scalars::plain(text) } else { Value::Text(text.into()) };
    };
    match tag.suffix_in_namespace(YAML_TAGS).as_deref() {
        Some("int" | "float" | "bool" | "null") => scalars::plain(text),
        _ => Value::Text(text.into()),
    }
}

fn not_yaml(line: u32, detail: impl Into<String>) -> Failure {
    Failure { line, reason: Unreadable::NotYaml, detail: detail.into() }
}

fn not_a_mapping(line: u32) -> Failure {
    not_yaml(line, "a merge key needs a mapping or a list of mappings")
}

fn too_deep(line: u32) -> Failure {
    Failure { line, reason: Unreadable::OverBudget, detail: format!("nested more than {MAX_DEPTH} deep") }
}

fn too_many(line: u32) -> Failure {
    Failure { line, reason: Unreadable::OverBudget, detail: format!("more than {MAX_NODES} values") }
}
