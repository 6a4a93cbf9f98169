//! A Kubernetes object as data: what it is called and what it says, without format, order and comments.

use super::ObjectKind;

/// What makes an object the same object, wherever its file lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Group and kind.
    pub kind: ObjectKind,
    /// The namespace as written; empty where the object names none.
    pub namespace: Box<str>,
    /// The name as written; the prefix of `generateName`; empty where neither is written.
    pub name: Box<str>,
    /// Whether the name stands in the file, or only a part of it.
    pub certainty: Certainty,
}

/// How much of an object's name its file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// `metadata.name`.
    Named,
    /// `metadata.generateName`: the server completes it.
    Generated,
    /// Neither is written, or a template or substitution stands in the name.
    Unnamed,
}

impl std::fmt::Display for Identity {
    /// `group/Kind namespace/name`, without what is empty.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.kind.group.is_empty() {
            write!(formatter, "{}/", self.kind.group)?;
        }
        write!(formatter, "{} ", self.kind.kind)?;
        if !self.namespace.is_empty() {
            write!(formatter, "{}/", self.namespace)?;
        }
        match self.certainty {
            Certainty::Named => formatter.write_str(&self.name),
            Certainty::Generated => write!(formatter, "{}*", self.name),
            Certainty::Unnamed => formatter.write_str("(without a name)"),
        }
    }
}

/// One object of a file.
#[derive(Clone, Debug)]
pub struct Object {
    /// What it is called.
    pub identity: Identity,
    /// The version of its `apiVersion`, without the group: `v1`.
    pub version: Box<str>,
    /// Everything it says, `apiVersion` and `kind` included.
    pub root: Node,
}

/// A value and where it stands. Two nodes are equal when they say the same, wherever they stand.
#[derive(Clone, Debug)]
pub struct Node {
    /// The line of the file, from 1, on which it begins.
    pub line: u32,
    /// What it says.
    pub value: Value,
}

/// What a node says: the data model of JSON, as kubectl would send it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// A truth value; YAML 1.1 spellings (`yes`, `off`) are read as kubectl reads them.
    Bool(bool),
    /// A number in its shortest decimal form.
    Number(Box<str>),
    /// A text.
    Text(Box<str>),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, sorted by key, each key once.
    Map(Vec<(Box<str>, Node)>),
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Node {}

impl Node {
    /// The value of a key, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let entries = self.entries();
        let position = entries.binary_search_by(|(name, _)| (**name).cmp(key)).ok()?;
        entries.get(position).map(|(_, node)| node)
    }

    /// The value at the end of a path of keys.
    #[must_use]
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(truth) => Some(*truth),
            Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The items, if it is a sequence; else none.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => &[],
        }
    }

    /// The entries sorted by key, if it is a mapping; else none.
    #[must_use]
    pub fn entries(&self) -> &[(Box<str>, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) => &[],
        }
    }

    /// Whether nothing is said: null, or a sequence or mapping without content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Text(_) => false,
        }
    }
}
