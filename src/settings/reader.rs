//! Reads TOML tables key by key, keeps every problem with its line, and names keys that nobody asked for.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use globset::{GlobBuilder, GlobMatcher, GlobSet, GlobSetBuilder};
use toml::de::{DeTable, DeValue};

use super::Globs;

/// Settings larger than this are refused unread.
const MAX_BYTES: usize = 4 << 20;
/// Globs longer than this are refused, so that no glob compiles to a giant automaton.
const MAX_GLOB_BYTES: usize = 1000;

/// One mistake in a settings file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// A value with the line it stands on.
#[derive(Clone, Debug)]
pub struct Node {
    /// The line, from 1.
    pub line: usize,
    /// The value.
    pub value: Value,
}

/// A TOML value; dates and floating-point numbers are kept as written.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    String(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A list.
    List(Vec<Node>),
    /// A table.
    Table(BTreeMap<String, Node>),
    /// A date, a time or a floating-point number, as written.
    Other(String),
}

impl Value {
    fn name(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other(_) => "a date or a fraction",
        }
    }
}

/// Parses a TOML document into a table, with every syntax error as a problem.
#[must_use]
pub fn parse(text: &str) -> (Section, Vec<Problem>) {
    if text.len() > MAX_BYTES {
        let message = format!("the settings are larger than {} MiB", MAX_BYTES >> 20);
        return (Section::default(), vec![Problem { line: 1, message, hint: "split what is not settings off".into() }]);
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let line_ends: Vec<usize> = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
    let line_of = |offset: usize| line_ends.partition_point(|end| *end < offset) + 1;
    let problems = errors.iter().map(|error| Problem {
        line: error.span().map_or(1, |span| line_of(span.start)),
        message: format!("not valid TOML: {}", error.message().trim().replace('\n', ", ")),
        hint: "see https://toml.io for how a value is written".into(),
    });
    let problems = problems.collect();
    let keys = convert_table(table.get_ref(), &line_of);
    (Section { line: 1, keys, ..Section::default() }, problems)
}

fn convert_table(table: &DeTable<'_>, line_of: &dyn Fn(usize) -> usize) -> BTreeMap<String, Node> {
    let entry = |(key, value): (&toml::Spanned<std::borrow::Cow<'_, str>>, &toml::Spanned<DeValue<'_>>)| {
        (key.get_ref().to_string(), Node { line: line_of(key.span().start), value: convert(value.get_ref(), line_of) })
    };
    table.iter().map(entry).collect()
}

fn convert(value: &DeValue<'_>, line_of: &dyn Fn(usize) -> usize) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::Other(integer.to_string()), Value::Integer),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Float(float) => Value::Other(float.to_string()),
        DeValue::Datetime(datetime) => Value::Other(datetime.to_string()),
        DeValue::Array(items) => {
            let node = |item: &toml::Spanned<DeValue<'_>>| Node {
                line: line_of(item.span().start),
                value: convert(item.get_ref(), line_of),
            };
            Value::List(items.iter().map(node).collect())
        }
        DeValue::Table(table) => Value::Table(convert_table(table, line_of)),
    }
}

/// A table being read: what is not asked for by the end is an unknown key.
#[derive(Clone, Debug, Default)]
pub struct Section {
    name: String,
    line: usize,
    keys: BTreeMap<String, Node>,
    asked: Vec<&'static str>,
    lines: BTreeMap<&'static str, usize>,
    problems: Vec<Problem>,
}

impl Section {
    /// The line the section begins on.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The line of a key, read already or not; the section's where it is not written.
    #[must_use]
    pub fn line_of(&self, key: &str) -> usize {
        self.keys.get(key).map(|node| node.line).or_else(|| self.lines.get(key).copied()).unwrap_or(self.line)
    }

    /// Records a mistake.
    pub fn complain(&mut self, line: usize, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem { line, message: message.into(), hint: hint.into() });
    }

    fn take(&mut self, key: &'static str) -> Option<Node> {
        self.asked.push(key);
        let node = self.keys.remove(key)?;
        self.lines.insert(key, node.line);
        Some(node)
    }

    fn wrong_type(&mut self, key: &str, node: &Node, wanted: &str) {
        let message = format!("`{}` is {}, expected {wanted}", self.path(key), node.value.name());
        self.complain(node.line, message, format!("write `{key} = …` with {wanted}"));
    }

    fn path(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// A string, if written.
    pub fn string(&mut self, key: &'static str) -> Option<String> {
        let node = self.take(key)?;
        match node.value {
            Value::String(text) | Value::Other(text) => Some(text),
            Value::Integer(_) | Value::Flag(_) | Value::List(_) | Value::Table(_) => {
                self.wrong_type(key, &node, "a string");
                None
            }
        }
    }

    /// A string that must be there and not be blank.
    pub fn required_string(&mut self, key: &'static str) -> String {
        let written = self.keys.contains_key(key);
        let line = self.line_of(key);
        let value = self.string(key).unwrap_or_default();
        if !written || (value.trim().is_empty() && self.problems.iter().all(|problem| problem.line != line)) {
            self.complain(line, format!("`{}` is missing or empty", self.path(key)), format!("write `{key} = \"…\"`"));
        }
        value
    }

    /// A whole number inside a range.
    pub fn integer(&mut self, key: &'static str, default: i64, allowed: RangeInclusive<i64>) -> i64 {
        let Some(node) = self.take(key) else { return default };
        match node.value {
            Value::Integer(number) if allowed.contains(&number) => number,
            Value::Integer(number) => {
                let hint = format!("write a number from {} to {}", allowed.start(), allowed.end());
                self.complain(node.line, format!("`{}` = {number} is out of range", self.path(key)), hint);
                default
            }
            Value::String(_) | Value::Flag(_) | Value::List(_) | Value::Table(_) | Value::Other(_) => {
                self.wrong_type(key, &node, "a whole number");
                default
            }
        }
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let Some(node) = self.take(key) else { return default };
        if let Value::Flag(flag) = node.value {
            return flag;
        }
        self.wrong_type(key, &node, "true or false");
        default
    }

    /// One of several words.
    pub fn choice<T: Copy>(&mut self, key: &'static str, default: T, words: &[(&str, T)]) -> T {
        let line = self.line_of(key);
        let Some(written) = self.string(key) else { return default };
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == written) {
            return *value;
        }
        let list: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let message = format!("`{}` = \"{written}\" is not known", self.path(key));
        self.complain(line, message, format!("{}write one of: {}", did_you_mean(&written, &list), list.join(", ")));
        default
    }

    /// A list of strings, if written; each with its line.
    pub fn strings(&mut self, key: &'static str) -> Option<Vec<(usize, String)>> {
        let node = self.take(key)?;
        let Value::List(items) = &node.value else {
            self.wrong_type(key, &node, "a list of strings");
            return None;
        };
        let mut strings = Vec::new();
        for item in items {
            match &item.value {
                Value::String(text) => strings.push((item.line, text.clone())),
                Value::Integer(_) | Value::Flag(_) | Value::List(_) | Value::Table(_) | Value::Other(_) => {
                    self.wrong_type(key, item, "strings only");
                }
            }
        }
        Some(strings)
    }

    /// A list of globs, if written: `*` stops at `/`, `**` does not.
    pub fn globs(&mut self, key: &'static str) -> Option<Globs> {
        let line = self.line_of(key);
        let written = self.strings(key)?;
        let mut builder = GlobSetBuilder::new();
        let mut texts = Vec::new();
        for (line, glob) in written {
            if let Some(matcher) = self.compile_glob(line, &glob) {
                builder.add(matcher.glob().clone());
                texts.push(glob);
            }
        }
        let set = builder.build().unwrap_or_else(|error| {
            let message = format!("`{}` cannot be used: {}", self.path(key), error.kind());
            self.complain(line, message, "write fewer or simpler globs");
            GlobSet::empty()
        });
        Some(Globs { written: texts, set })
    }

    /// Compiles one glob, or records why it cannot be.
    pub fn compile_glob(&mut self, line: usize, glob: &str) -> Option<GlobMatcher> {
        if glob.is_empty() || glob.len() > MAX_GLOB_BYTES {
            let message = format!("a glob of {} bytes is not usable", glob.len());
            self.complain(line, message, format!("write 1 to {MAX_GLOB_BYTES} bytes, e.g. `security/**`"));
            return None;
        }
        if glob.starts_with('/') || glob.starts_with("./") {
            let hint = "paths begin at the root of the repository: write `security/**`, not `/security/**`";
            self.complain(line, format!("`{glob}` matches no path"), hint);
            return None;
        }
        match GlobBuilder::new(glob).literal_separator(true).build() {
            Ok(glob) => Some(glob.compile_matcher()),
            Err(error) => {
                let hint = "`*` stops at `/`, `**` crosses it, `{a,b}` is either";
                self.complain(line, format!("`{glob}` is not a glob: {}", error.kind()), hint);
                None
            }
        }
    }

    /// A day, if written: `YYYY-MM-DD` as a string or as a TOML date.
    pub fn date(&mut self, key: &'static str) -> Option<String> {
        let line = self.line_of(key);
        let written = self.string(key)?;
        if written.len() == 10 && chrono::NaiveDate::parse_from_str(&written, "%Y-%m-%d").is_ok() {
            return Some(written);
        }
        let message = format!("`{}` = \"{written}\" is not a day", self.path(key));
        self.complain(line, message, "write YYYY-MM-DD, e.g. 2026-03-31");
        None
    }

    /// Whether the key is written.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Everything not yet asked for, by key.
    #[must_use]
    pub fn nodes(&self) -> &BTreeMap<String, Node> {
        &self.keys
    }

    /// Puts another table below this one: its keys count where this one does not have them, tables key by key.
    pub fn put_below(&mut self, lower: Self) {
        merge(&mut self.keys, lower.keys);
    }

    /// A table inside this one; empty when it is not written.
    #[must_use]
    pub fn section(&mut self, key: &'static str) -> Self {
        let name = self.path(key);
        match self.take(key) {
            None => Self { name, line: self.line, ..Self::default() },
            Some(Node { line, value: Value::Table(keys) }) => Self { name, line, keys, ..Self::default() },
            Some(node) => {
                self.wrong_type(key, &node, "a table");
                Self { name, line: node.line, ..Self::default() }
            }
        }
    }

    /// Takes over the problems of a table inside this one, once it has been read.
    pub fn take_over(&mut self, inner: Self) {
        self.problems.extend(inner.finish());
    }

    /// A list of tables (`[[key]]`); empty when it is not written.
    pub fn sections(&mut self, key: &'static str) -> Vec<Self> {
        let name = self.path(key);
        let Some(node) = self.take(key) else { return Vec::new() };
        let Value::List(items) = node.value else {
            self.wrong_type(key, &node, "a list of tables");
            return Vec::new();
        };
        let mut sections = Vec::new();
        for item in items {
            match item.value {
                Value::Table(keys) => sections.push(Self { name: name.clone(), line: item.line, keys, ..Self::default() }),
                Value::String(_) | Value::Integer(_) | Value::Flag(_) | Value::List(_) | Value::Other(_) => {
                    self.wrong_type(key, &item, "a list of tables");
                }
            }
        }
        sections
    }

    /// Every table inside this one by its name, whatever the names are.
    pub fn named_sections(&mut self) -> BTreeMap<String, Self> {
        let mut sections = BTreeMap::new();
        for (key, node) in std::mem::take(&mut self.keys) {
            match node.value {
                Value::Table(keys) => {
                    sections.insert(key.clone(), Self { name: self.path(&key), line: node.line, keys, ..Self::default() });
                }
                Value::String(_) | Value::Integer(_) | Value::Flag(_) | Value::List(_) | Value::Other(_) => {
                    self.wrong_type(&key, &node, "a table");
                }
            }
        }
        sections
    }

    /// Ends the reading: every problem, unknown keys included.
    #[must_use]
    pub fn finish(mut self) -> Vec<Problem> {
        for (key, node) in std::mem::take(&mut self.keys) {
            let hint = format!("{}known here: {}", did_you_mean(&key, &self.asked), self.asked.join(", "));
            let message = format!("`{}` is not a setting", self.path(&key));
            self.complain(node.line, message, hint);
        }
        self.problems
    }
}

/// Keys of a profile stand on no line of the settings file: they get line 0.
fn merge(upper: &mut BTreeMap<String, Node>, lower: BTreeMap<String, Node>) {
    for (key, node) in lower {
        let Some(present) = upper.get_mut(&key) else {
            upper.insert(key, without_line(node));
            continue;
        };
        if let (Value::Table(present), Value::Table(below)) = (&mut present.value, node.value) {
            merge(present, below);
        }
    }
}

fn without_line(node: Node) -> Node {
    let value = match node.value {
        Value::Table(keys) => Value::Table(keys.into_iter().map(|(key, node)| (key, without_line(node))).collect()),
        Value::List(items) => Value::List(items.into_iter().map(without_line).collect()),
        plain @ (Value::String(_) | Value::Integer(_) | Value::Flag(_) | Value::Other(_)) => plain,
    };
    Node { line: 0, value }
}

/// `did you mean …? ` for the nearest word, or nothing.
#[must_use]
pub fn did_you_mean(written: &str, words: &[&str]) -> String {
    const LONGEST_TYPO: usize = 64;
    if written.len() > LONGEST_TYPO {
        return String::new();
    }
    let nearest = words.iter().map(|word| (edit_distance(written, word), *word)).min();
    match nearest {
        Some((distance, word)) if distance <= 2 || (distance <= word.len() / 2 && distance <= 4) => {
            format!("did you mean `{word}`? ")
        }
        _ => String::new(),
    }
}

fn edit_distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, l) in left.chars().enumerate() {
        let mut previous = i;
        let mut next = vec![i + 1];
        for (r, above) in right.iter().zip(row.iter().skip(1)) {
            let insert = next.last().copied().unwrap_or(i) + 1;
            next.push(insert.min(above + 1).min(previous + usize::from(l != *r)));
            previous = *above;
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}
