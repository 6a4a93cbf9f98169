//! The root of a document becomes objects: its own, and those that it holds. What must not be seen is taken out here.

use super::contents::Unreadable;
use super::object::{Certainty, Identity, Node, Object, SecretValue, Value};
use super::scan::{group_of, is_plausible_kind, is_template};
use super::yaml::Budget;
use super::{ObjectKind, UNKNOWN_GROUP, to_text};

/// Objects inside of objects are opened so many times.
const MAX_NESTING: usize = 8;

const ACM: &str = "policy.open-cluster-management.io";

/// What a document holds.
#[derive(Default)]
pub(super) struct Found {
    /// Its objects; one that holds others stands before them.
    pub objects: Vec<Object>,
    /// What of it is not told by them.
    pub remarks: Vec<Remark>,
}

/// Something of a document that could not be read.
pub(super) struct Remark {
    /// The line of the file, from 1.
    pub line: u32,
    /// Why.
    pub reason: Unreadable,
    /// What.
    pub detail: &'static str,
}

/// Whether objects of that kind hold others that are no part of their own meaning: `List`, `RoleList`, `Template`.
pub(super) fn holds_objects(kind: &ObjectKind) -> bool {
    kind.kind.ends_with("List") || is_openshift_template(kind)
}

fn is_openshift_template(kind: &ObjectKind) -> bool {
    &*kind.kind == "Template" && matches!(&*kind.group, "" | "template.openshift.io" | UNKNOWN_GROUP)
}

/// Finds the objects of a document.
pub(super) fn objects_of(mut root: Node, budget: &mut Budget) -> Found {
    let mut found = Found::default();
    if let Some(line) = conceal_encrypted(&mut root) {
        found.remarks.push(Remark { line, reason: Unreadable::Encrypted, detail: "in part, by SOPS" });
    }
    conceal_secrets(&mut root);
    open(root, None, 0, budget, &mut found);
    found
}

/// Adds an object and those that it holds. A typed list says for its items what they are.
fn open(root: Node, usual: Option<&TypeMeta>, nesting: usize, budget: &mut Budget, found: &mut Found) {
    let Some(meta) = TypeMeta::of(&root).or_else(|| usual.filter(|_| root.get("metadata").is_some()).cloned()) else {
        if is_kind_of_template(&root) {
            found.remarks.push(Remark { line: root.line, reason: Unreadable::Template, detail: "apiVersion" });
        }
        return;
    };
    let mut held = Vec::new();
    for node in held_by(&meta.kind, &root, found) {
        match budget.copy(node).filter(|_| nesting < MAX_NESTING) {
            Some(copy) => held.push(copy),
            None => found.remarks.push(Remark { line: node.line, reason: Unreadable::OverBudget, detail: "nested objects" }),
        }
    }
    let of_items = meta.of_items();
    found.objects.push(Object { identity: identity_of(meta.kind, &root), version: meta.version, root });
    for node in held {
        open(node, of_items.as_ref(), nesting + 1, budget, found);
    }
}

/// Whether a document has a kind, but a template that happens to be YAML in place of its version.
fn is_kind_of_template(root: &Node) -> bool {
    root.get("kind").and_then(Node::text).is_some_and(|kind| is_plausible_kind(kind.as_bytes()))
        && root.get("apiVersion").is_some_and(|version| !version.entries().is_empty())
}

/// What `apiVersion` and `kind` say.
#[derive(Clone)]
struct TypeMeta {
    kind: ObjectKind,
    version: Box<str>,
}

impl TypeMeta {
    fn of(root: &Node) -> Option<Self> {
        let kind = root.get("kind")?.text().filter(|kind| is_plausible_kind(kind.as_bytes()))?;
        let written = root.get("apiVersion")?.text()?;
        let group = if is_template(written.as_bytes()) {
            UNKNOWN_GROUP
        } else {
            std::str::from_utf8(group_of(written.as_bytes())?).ok()?
        };
        let version = written.rsplit('/').next().filter(|_| group != UNKNOWN_GROUP).unwrap_or("");
        Some(Self { kind: ObjectKind { group: group.into(), kind: kind.into() }, version: version.into() })
    }

    /// What the items of a typed list are: `RoleList` holds roles.
    fn of_items(&self) -> Option<Self> {
        let kind = self.kind.kind.strip_suffix("List").filter(|kind| !kind.is_empty())?;
        Some(Self { kind: ObjectKind { group: self.kind.group.clone(), kind: kind.into() }, version: self.version.clone() })
    }
}

/// The nodes that are objects inside of an object.
fn held_by<'n>(kind: &ObjectKind, root: &'n Node, found: &mut Found) -> Vec<&'n Node> {
    let items = |path: &[&str]| root.at(path).map(Node::items).unwrap_or_default();
    let definitions = |path: &[&str]| items(path).iter().filter_map(|item| item.get("objectDefinition")).collect();
    match (&*kind.group, &*kind.kind) {
        (ACM, "Policy") => definitions(&["spec", "policy-templates"]),
        (ACM, "ConfigurationPolicy") => {
            if let Some(raw) = root.at(&["spec", "object-templates-raw"]) {
                found.remarks.push(Remark { line: raw.line, reason: Unreadable::Template, detail: "object-templates-raw" });
            }
            definitions(&["spec", "object-templates"])
        }
        _ if is_openshift_template(kind) => items(&["objects"]).iter().collect(),
        _ if holds_objects(kind) => items(&["items"]).iter().collect(),
        _ => Vec::new(),
    }
}

fn identity_of(kind: ObjectKind, root: &Node) -> Identity {
    let (name, is_name_sure) = written(root.at(&["metadata", "name"]));
    let (namespace, is_namespace_sure) = written(root.at(&["metadata", "namespace"]));
    let (prefix, is_prefix_sure) = written(root.at(&["metadata", "generateName"]));
    let is_generated = name.is_empty() && is_name_sure && !prefix.is_empty();
    let name = if is_generated { prefix } else { name };
    let is_sure = is_namespace_sure && is_name_sure && (!is_generated || is_prefix_sure);
    let certainty = match (name.is_empty() || !is_sure, is_generated) {
        (true, _) => Certainty::Unnamed,
        (false, true) => Certainty::Generated,
        (false, false) => Certainty::Named,
    };
    Identity { kind, namespace, name, certainty }
}

/// A part of a name as written, and whether it is meant as written: a template in it is not.
fn written(node: Option<&Node>) -> (Box<str>, bool) {
    let Some(node) = node else { return (Box::default(), true) };
    match &node.value {
        Value::Null => (Box::default(), true),
        Value::Text(text) => (text.clone(), !["{{", "{%", "%%"].iter().any(|mark| text.contains(mark))),
        Value::Bool(_) | Value::Number(_) => (to_text(node, usize::MAX).into(), true),
        Value::List(_) | Value::Map(_) | Value::Secret(_) => (Box::default(), false),
    }
}

/// Takes out what SOPS encrypted, and its own entry, which is no part of the object. Gives the line of that entry.
fn conceal_encrypted(root: &mut Node) -> Option<u32> {
    let Value::Map(entries) = &mut root.value else { return None };
    let at = entries.iter().position(|(key, value)| &**key == "sops" && value.get("mac").is_some())?;
    let (_, sops) = entries.remove(at);
    conceal_where(root, &|text| text.starts_with("ENC["));
    Some(sops.line)
}

fn conceal_where(node: &mut Node, is_hidden: &dyn Fn(&str) -> bool) {
    match &mut node.value {
        Value::Text(text) if is_hidden(text) => conceal(node),
        Value::List(items) => items.iter_mut().for_each(|item| conceal_where(item, is_hidden)),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| conceal_where(value, is_hidden)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Secret(_) => {}
    }
}

/// Takes out the values of every mapping that is a `Secret`, wherever it stands: in a list, in a policy that makes it.
fn conceal_secrets(node: &mut Node) {
    let is_secret = node.get("kind").and_then(Node::text) == Some("Secret");
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(conceal_secrets),
        Value::Map(entries) => {
            for (key, value) in entries {
                match &**key {
                    "data" | "stringData" if is_secret => conceal_values(value),
                    "metadata" if is_secret => conceal_copies(value),
                    _ => conceal_secrets(value),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Secret(_) => {}
    }
}

fn conceal_values(node: &mut Node) {
    match &mut node.value {
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| conceal(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Secret(_) => conceal(node),
    }
}

/// Takes out annotations that hold a copy of the whole object, as `kubectl apply` leaves one.
fn conceal_copies(metadata: &mut Node) {
    conceal_where(metadata, &|text| text.trim_start().starts_with('{'));
}

fn conceal(node: &mut Node) {
    if node.value != Value::Null {
        node.value = Value::Secret(SecretValue::of(&to_text(node, usize::MAX)));
    }
}
