//! Decision records of the gate: what it judged, by which settings, and what it decided.
//!
//! One JSON object, format `urn:countersign:gate-decision:1`. Its `sha256` is the hash of the object without that member,
//! written compactly with sorted keys, so that a later edit shows. It says nothing about who wrote the file: that follows
//! from where it was kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::changes::Change;
use crate::text::{CommitId, ObjectId, TreeId, hex};

/// The format's name.
pub const SCHEMA: &str = "urn:countersign:gate-decision:1";

/// What the gate decided in one run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateRecord {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of countersign.
    pub countersign: String,
    /// When it was decided (RFC 3339 UTC).
    pub decided_at: String,
    /// What was judged, each by itself.
    pub rulings: Vec<RecordedRuling>,
    /// See above; empty until it is sealed.
    #[serde(default)]
    pub sha256: String,
}

/// One ruling of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedRuling {
    /// The repository's name.
    pub repository: String,
    /// What was judged, for people.
    pub subject: String,
    /// The commit before, in hexadecimal digits.
    pub base: Option<String>,
    /// The newest commit that was judged.
    pub head: Option<String>,
    /// Its tree.
    pub head_tree: Option<String>,
    /// Where the settings came from.
    pub settings: String,
    /// Their digest.
    pub settings_digest: String,
    /// Every commit that was judged.
    pub commits: Vec<String>,
    /// Every check that was applied.
    pub checks: Vec<RecordedCheck>,
    /// What they found.
    pub findings: Vec<RecordedFinding>,
    /// `passed`, `refused` or `inconclusive`.
    pub decision: Decided,
}

/// A check of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedCheck {
    /// Its id.
    pub id: String,
    /// The version of countersign that brought it.
    pub since: String,
    /// Whether its exceptions refuse.
    pub refuses: bool,
    /// On how many subjects it found nothing.
    pub passed: usize,
}

/// A finding of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedFinding {
    /// The check's id.
    pub check: String,
    /// The commit that it is about, if it is about one.
    pub commit: Option<String>,
    /// What it meant: `refuses`, `undecided`, `warns`, `unsure`, `waived`.
    pub stance: String,
    /// Why.
    pub because: String,
}

/// What the gate decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decided {
    /// It let it in.
    Passed,
    /// It refused it.
    Refused,
    /// It could not conclude.
    Inconclusive,
}

impl Decided {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Refused => "refused",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// What the gate decided about one change, as recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateDecision {
    /// The decision.
    pub decided: Decided,
    /// When (RFC 3339 UTC).
    pub at: String,
    /// The record's file in the pack.
    pub file: String,
    /// How the ruling was found to be about this change.
    pub matched_by: MatchedBy,
}

/// How a ruling is known to be about a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MatchedBy {
    /// The change's own commit was judged.
    Commit,
    /// Every commit that its merge brought in was judged, and the newest of them was the head.
    SideCommits,
    /// The tree that was judged is the tree that landed.
    Tree,
}

impl MatchedBy {
    /// The words for it in packs.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Commit => "same commit",
            Self::SideCommits => "the merged commits",
            Self::Tree => "same tree",
        }
    }
}

impl GateRecord {
    /// The record as a file, sealed.
    #[must_use]
    pub fn to_json(mut self) -> String {
        self.sha256 = String::new();
        let seal = serde_json::to_value(&self).map(|value| seal(&value)).unwrap_or_default();
        self.sha256 = seal;
        // Strings, numbers and lists can always be written.
        let text = serde_json::to_string_pretty(&self).unwrap_or_default();
        text + "\n"
    }

    /// Reads a record and checks its seal.
    ///
    /// # Errors
    ///
    /// One sentence with the place and what is wrong there.
    pub fn parse(value: Value) -> Result<Self, String> {
        let sealed = seal(&value);
        let record: Self = serde_json::from_value(value).map_err(|error| error.to_string())?;
        if record.schema != SCHEMA {
            return Err(format!("`schema` is `{}`, and this version reads `{SCHEMA}`", record.schema));
        }
        if record.sha256 != sealed {
            return Err("`sha256` does not fit: the record was changed after it was written".into());
        }
        if chrono::DateTime::parse_from_rfc3339(&record.decided_at).is_err() {
            return Err(format!("`decided_at` is `{}`, which is no time", record.decided_at));
        }
        Ok(record)
    }
}

/// The hash over everything but the hash; keys are sorted.
fn seal(value: &Value) -> String {
    let mut value = value.clone();
    if let Some(members) = value.as_object_mut() {
        members.insert("sha256".into(), Value::String(String::new()));
    }
    hex(&Sha256::digest(sorted(&value).to_string().as_bytes()))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<&String, Value> = members.iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(members.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Rulings by the commits and trees they are about.
#[derive(Debug, Default)]
pub(super) struct RulingIndex<'a> {
    rulings: Vec<(&'a GateRecord, &'a RecordedRuling, &'a str)>,
    by_commit: BTreeMap<CommitId, Vec<usize>>,
    by_tree: BTreeMap<TreeId, Vec<usize>>,
}

impl<'a> RulingIndex<'a> {
    pub fn new(records: impl IntoIterator<Item = (&'a GateRecord, &'a str)>) -> Self {
        let mut index = Self::default();
        for (record, file) in records {
            for ruling in &record.rulings {
                let position = index.rulings.len();
                index.rulings.push((record, ruling, file));
                for id in ruling.commits.iter().filter_map(|id| ObjectId::from_hex(id)) {
                    index.by_commit.entry(CommitId(id)).or_default().push(position);
                }
                if let Some(tree) = ruling.head_tree.as_deref().and_then(ObjectId::from_hex) {
                    index.by_tree.entry(TreeId(tree)).or_default().push(position);
                }
            }
        }
        index
    }

    /// The latest ruling about a change, the strongest match first.
    pub fn about(&self, change: &Change) -> Option<GateDecision> {
        let own = self.by_commit.get(&change.id());
        let merged = || self.by_commit.get(&change.side_commits.last()?.id);
        let is_whole = |position: &&usize| {
            let judged = |commit: &CommitId| self.by_commit.get(commit).is_some_and(|rulings| rulings.contains(position));
            change.side_commits.iter().all(|side| judged(&side.id))
        };
        let same_tree = || self.by_tree.get(&change.commit.tree);
        let latest = |positions: Vec<&usize>| positions.into_iter().copied().max_by_key(|position| self.order(*position));
        let found = own
            .and_then(|positions| latest(positions.iter().collect()))
            .map(|position| (position, MatchedBy::Commit))
            .or_else(|| Some((latest(merged()?.iter().filter(is_whole).collect())?, MatchedBy::SideCommits)))
            .or_else(|| Some((latest(same_tree()?.iter().collect())?, MatchedBy::Tree)));
        let (position, matched_by) = found?;
        let (record, ruling, file) = self.rulings.get(position)?;
        Some(GateDecision { decided: ruling.decision, at: record.decided_at.clone(), file: (*file).to_owned(), matched_by })
    }

    /// For each ruling, whether it is about one of the changes.
    pub fn used_by<'c>(&self, changes: impl Iterator<Item = &'c Change>) -> Vec<bool> {
        let mut used = vec![false; self.rulings.len()];
        for change in changes {
            let by_commit = change.commits().filter_map(|commit| self.by_commit.get(&commit.id));
            for position in by_commit.chain(self.by_tree.get(&change.commit.tree)).flatten() {
                if let Some(used) = used.get_mut(*position) {
                    *used = true;
                }
            }
        }
        used
    }

    fn order(&self, position: usize) -> (Option<chrono::DateTime<chrono::FixedOffset>>, usize) {
        let at =
            self.rulings.get(position).and_then(|(record, _, _)| chrono::DateTime::parse_from_rfc3339(&record.decided_at).ok());
        (at, position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> GateRecord {
        let ruling = RecordedRuling {
            repository: "r".into(),
            subject: "refs/heads/main".into(),
            base: None,
            head: Some("11".repeat(20)),
            head_tree: Some("22".repeat(20)),
            settings: "built in".into(),
            settings_digest: String::new(),
            commits: vec!["11".repeat(20)],
            checks: Vec::new(),
            findings: Vec::new(),
            decision: Decided::Refused,
        };
        GateRecord {
            schema: SCHEMA.into(),
            countersign: "0.1.0".into(),
            decided_at: "2026-01-05T12:00:00Z".into(),
            rulings: vec![ruling],
            sha256: String::new(),
        }
    }

    #[test]
    fn a_record_is_read_back_and_an_edit_shows() {
        let text = record().to_json();
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(GateRecord::parse(value).unwrap().rulings, record().rulings);
        let edited = text.replace("\"refused\"", "\"passed\"");
        assert!(GateRecord::parse(serde_json::from_str(&edited).unwrap()).unwrap_err().contains("sha256"));
        let more = text.replacen('{', "{\"x\": 1,", 1);
        assert!(GateRecord::parse(serde_json::from_str(&more).unwrap()).unwrap_err().contains("unknown field"));
    }
}
