//! Bytes of a file become Kubernetes objects.
//!
//! A line scan is the cheap first look: it finds `apiVersion:` and `kind:` without parsing, so a Helm template gives its
//! kinds as well. It decides which documents of a file are parsed; what a document says is decided by a YAML parser alone.

mod contents;
mod difference;
mod documents;
mod expansion;
mod json;
mod known;
mod object;
mod print;
mod scalars;
mod scan;
mod yaml;

use serde::{Deserialize, Serialize};

use crate::text::RepoPath;

pub use self::contents::{ContentGap, Contents, Unreadable, first_look, read, read_changed, read_known};
pub use self::difference::{Difference, child_path, difference, item_path};
pub use self::known::KnownDocuments;
pub use self::object::{Certainty, Identity, Node, Object, SecretValue, Value};
pub use self::print::to_text;
pub use self::scan::{FirstLook, scan};

/// The group and kind of an object, e.g. `networking.k8s.io` and `NetworkPolicy`; the core group is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectKind {
    /// The API group without version; empty for the core group, [`UNKNOWN_GROUP`] where a template decides it.
    pub group: Box<str>,
    /// The kind.
    pub kind: Box<str>,
}

/// Stands for the group of an object whose `apiVersion:` is a template.
pub const UNKNOWN_GROUP: &str = "?";

/// Whether a file of that name may hold Kubernetes objects: YAML, and JSON that is not a known other thing.
#[must_use]
pub fn may_hold_objects(path: &RepoPath) -> bool {
    let path = path.as_bytes();
    if ends_with(path, b".yaml") || ends_with(path, b".yml") {
        return !is_lock_file(file_name(path));
    }
    ends_with(path, b".json") && !is_other_json(path)
}

fn ends_with(path: &[u8], suffix: &[u8]) -> bool {
    path.len() > suffix.len()
        && path.len().checked_sub(suffix.len()).and_then(|at| path.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

fn is_lock_file(name: &[u8]) -> bool {
    matches!(name, b"pnpm-lock.yaml" | b"pnpm-workspace.yaml" | b".pre-commit-config.yaml")
}

fn is_other_json(path: &[u8]) -> bool {
    const FOLDERS: [&[u8]; 3] = [b"node_modules", b".vscode", b".devcontainer"];
    const NAMES: [&[u8]; 9] = [
        b"package.json",
        b"package-lock.json",
        b"npm-shrinkwrap.json",
        b"composer.json",
        b"tsconfig.json",
        b"renovate.json",
        b"deno.json",
        b"angular.json",
        b"values.schema.json",
    ];
    const ENDINGS: [&[u8]; 4] = [b".tf.json", b".tfvars.json", b".schema.json", b".lock.json"];
    NAMES.contains(&file_name(path))
        || ENDINGS.iter().any(|ending| ends_with(path, ending))
        || path.split(|byte| *byte == b'/').any(|part| FOLDERS.contains(&part))
}

#[cfg(test)]
mod tests;
