//! One commit as the object says it, and the paths it changed.

use serde::Serialize;

use super::person::{JsonPerson, person};
use super::policies::{JsonPolicyEdit, policy_edit};
use super::signature::{JsonSigned, signed};
use crate::changes::{Commit, FileEdit};
use crate::classification::FileClass;
use crate::evidence::Evidence;
use crate::render::columns::{self, Columns};
use crate::settings::Layer;
use crate::text::{CommitId, Moment, RepoPath, Text};

#[derive(Serialize)]
pub(super) struct JsonCommit<'a> {
    commit_id: String,
    tree_id: String,
    parents: Vec<String>,
    author: JsonSignature<'a>,
    committer: JsonSignature<'a>,
    message: JsonText<'a>,
    signature: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed: Option<JsonSigned<'a>>,
    anomalies: Vec<String>,
    files: Vec<JsonFile<'a>>,
    policy_edits: Vec<JsonPolicyEdit<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merge_content: Option<JsonMerge<'a>>,
}

#[derive(Serialize)]
struct JsonText<'a> {
    text: &'a str,
    lossy: bool,
}

#[derive(Serialize)]
struct JsonSignature<'a> {
    #[serde(flatten)]
    person: JsonPerson<'a>,
    time: Option<String>,
    offset_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable_time: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonMerge<'a> {
    unexplained: Vec<JsonUnexplained<'a>>,
    automatic: u32,
    undecided: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonUnexplained<'a> {
    #[serde(flatten)]
    path: JsonPath<'a>,
    reason: &'a str,
}

pub(super) fn commit<'a>(
    columns: &Columns<'_>,
    commit: &'a Commit,
    classes: &'a [FileClass],
    evidence: Option<&'a Evidence>,
) -> JsonCommit<'a> {
    let Text { value, lossy } = &commit.message;
    let facts = columns.signature_facts(commit, evidence);
    JsonCommit {
        commit_id: commit.id.to_string(),
        tree_id: commit.tree.to_string(),
        parents: commit.parents.iter().map(CommitId::to_string).collect(),
        author: signature(&commit.author),
        committer: signature(&commit.committer),
        message: JsonText { text: value, lossy: *lossy },
        signature: columns::signature_words(facts.as_ref()),
        signed: facts.as_ref().map(signed),
        anomalies: columns::anomalies(commit),
        files: columns::classed(&commit.file_edits, classes).map(|(edit, class)| file(edit, class)).collect(),
        policy_edits: commit.policy_edits.iter().map(policy_edit).collect(),
        merge_content: commit.merge.as_deref().map(merge),
    }
}

fn merge(merge: &crate::changes::MergeContent) -> JsonMerge<'_> {
    let unexplained = merge.unexplained.iter();
    JsonMerge {
        unexplained: unexplained.map(|(path, reason)| JsonUnexplained { path: json_path(path), reason }).collect(),
        automatic: merge.automatic,
        undecided: merge.undecided.as_deref(),
    }
}

fn signature(signature: &crate::changes::Signature) -> JsonSignature<'_> {
    JsonSignature {
        person: person(&signature.person),
        time: time(&signature.when),
        offset_seconds: signature.when.known().map(|timestamp| timestamp.offset),
        unreadable_time: match &signature.when {
            Moment::Known(_) => None,
            Moment::Unreadable(raw) => Some(raw),
        },
    }
}

fn time(moment: &Moment) -> Option<String> {
    moment.known().and_then(crate::text::Timestamp::to_utc)
}

#[derive(Serialize)]
pub(super) struct JsonPath<'a> {
    path: std::borrow::Cow<'a, str>,
    /// The bytes in hexadecimal, where they are no UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

pub(super) fn json_path(path: &RepoPath) -> JsonPath<'_> {
    let text = path.to_text();
    JsonPath { path_bytes: (text.as_bytes() != path.as_bytes()).then(|| crate::text::hex(path.as_bytes())), path: text }
}

#[derive(Serialize)]
struct JsonFile<'a> {
    #[serde(flatten)]
    path: JsonPath<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<JsonPath<'a>>,
    edit: char,
    layers: Vec<&'static str>,
    ignored: bool,
    rule: Option<&'a str>,
    environment: Option<&'a str>,
    old_blob: Option<String>,
    new_blob: Option<String>,
    old_mode: Option<String>,
    new_mode: Option<String>,
    parse_status: &'static str,
    parse_reason: String,
}

fn file<'a>(edit: &'a FileEdit, class: Option<&'a FileClass>) -> JsonFile<'a> {
    JsonFile {
        path: json_path(&edit.path),
        old: edit.old_path.as_ref().map(json_path),
        edit: edit.kind.letter(),
        layers: class.map(|class| class.layers.iter().map(Layer::name).collect()).unwrap_or_default(),
        ignored: class.is_some_and(|class| class.ignored),
        rule: class.map(|class| &*class.rule),
        environment: class.and_then(|class| class.environment.as_deref()),
        old_blob: edit.before.map(|entry| entry.blob.to_string()),
        new_blob: edit.after.map(|entry| entry.blob.to_string()),
        old_mode: edit.before.map(|entry| format!("{:06o}", entry.mode)),
        new_mode: edit.after.map(|entry| format!("{:06o}", entry.mode)),
        parse_status: columns::parse_words(&edit.parse),
        parse_reason: columns::parse_reason(&edit.parse),
    }
}
