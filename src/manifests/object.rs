//! A Kubernetes object as data: what it is called and what it says, without format, order and comments.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::ObjectKind;

/// What makes an object the same object, wherever its file lies.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Certainty {
    /// `metadata.name`.
    Named,
    /// `metadata.generateName`: the server completes it.
    Generated,
    /// Neither is written, or a template decides the name or the namespace. What is written of it is kept as text.
    /// A substitution such as `${CLUSTER}` is a name: it is the same in every version of the file.
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
            Certainty::Unnamed if self.name.is_empty() => formatter.write_str("(without a name)"),
            Certainty::Named | Certainty::Unnamed => formatter.write_str(&self.name),
            Certainty::Generated => write!(formatter, "{}*", self.name),
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
    /// The line of the file, from 1, on which it begins; for the value of a key, the line of the key.
    pub line: u32,
    /// What it says.
    pub value: Value,
}

/// What a node says: the data model of JSON, as kubectl would send it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// The value of a secret.
    Secret(SecretValue),
}

/// Stands for a value that must not be seen: it tells whether two are the same, and nothing else.
///
/// The content is gone once a file is read: what is kept is a digest, which nothing outside this module can reach.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretValue(Box<[u8]>);

impl SecretValue {
    /// Takes the place of a value.
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).as_slice().into())
    }
}

impl std::fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("SecretValue")
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Node {}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Node {
    fn cmp(&self, other: &Self) -> Ordering {
        self.value.cmp(&other.value)
    }
}

impl Node {
    /// A digest of everything it says; where it stands does not matter.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        self.absorb_into(&mut digest);
        digest.finalize().into()
    }

    /// Every part is preceded by its kind and length, so that no two values give the same bytes. How deep values are
    /// nested is bounded where they are read.
    fn absorb_into(&self, digest: &mut Sha256) {
        let mut part = |kind: u8, length: usize, content: &[u8]| {
            digest.update([kind]);
            digest.update((length as u64).to_le_bytes());
            digest.update(content);
        };
        match &self.value {
            Value::Null => part(0, 0, &[]),
            Value::Bool(truth) => part(1, usize::from(*truth), &[]),
            Value::Number(number) => part(2, number.len(), number.as_bytes()),
            Value::Text(text) => part(3, text.len(), text.as_bytes()),
            Value::Secret(secret) => part(4, secret.0.len(), &secret.0),
            Value::List(items) => {
                part(5, items.len(), &[]);
                for item in items {
                    item.absorb_into(digest);
                }
            }
            Value::Map(entries) => {
                part(6, entries.len(), &[]);
                for (key, value) in entries {
                    digest.update((key.len() as u64).to_le_bytes());
                    digest.update(key.as_bytes());
                    value.absorb_into(digest);
                }
            }
        }
    }

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
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) | Value::Secret(_) => None,
        }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        match &self.value {
            Value::Bool(truth) => Some(*truth),
            Value::Null | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Map(_) | Value::Secret(_) => None,
        }
    }

    /// The items, if it is a sequence; else none.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) | Value::Secret(_) => &[],
        }
    }

    /// The entries sorted by key, if it is a mapping; else none.
    #[must_use]
    pub fn entries(&self) -> &[(Box<str>, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Secret(_) => &[],
        }
    }

    /// Whether nothing is said: null, or a sequence or mapping without content.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match &self.value {
            Value::Null => true,
            Value::List(items) => items.is_empty(),
            Value::Map(entries) => entries.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Secret(_) => false,
        }
    }
}
