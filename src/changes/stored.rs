//! Facts of commits as bytes: what a cache keeps of a commit beyond its own object.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Change;
use crate::manifests::{Certainty, Identity, ObjectKind};
use crate::parallel;
use crate::policies::{self, Direction, Family, FieldEdit, PolicyEdit, PolicyEditKind, Verdict};
use crate::repository::{Commit, EditKind, Entry, FileEdit, MergeContent, Obstacle, ParseStatus};
use crate::text::{BlobId, CommitId, ObjectId, RepoPath};

/// To be counted up when what is stored, or what it means, changes between two versions of the program.
pub(super) const FORMAT: u32 = 1;

/// What a commit changed, as far as it follows from object ids alone.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    file_edits: Box<[FileEdit]>,
    paths_changed: u32,
    merge: Option<Box<MergeContent>>,
    policy_edits: Box<[PolicyEdit]>,
}

impl Facts {
    /// Completes a commit of which only its own object was read.
    pub fn complete(self, commit: &mut Commit) {
        commit.file_edits = self.file_edits;
        commit.paths_changed = self.paths_changed;
        commit.merge = self.merge;
        commit.policy_edits = self.policy_edits;
    }
}

/// Bytes that are written in one piece and read without a copy.
#[derive(Clone, Copy, Debug)]
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Bytes<'a> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'a [u8]>::deserialize(deserializer).map(Bytes)
    }
}

/// Commits with what they have in common: numbers stand for paths, texts and sets of kinds.
#[derive(Serialize, Deserialize)]
struct Block<'a> {
    #[serde(borrow)]
    paths: Vec<Bytes<'a>>,
    #[serde(borrow)]
    texts: Vec<&'a str>,
    kind_sets: Vec<Vec<(u32, u32)>>,
    #[serde(borrow)]
    commits: Vec<StoredCommit<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StoredCommit<'a> {
    #[serde(borrow)]
    id: Bytes<'a>,
    paths_changed: u32,
    #[serde(borrow)]
    files: Vec<StoredFile<'a>>,
    merge: Option<(Vec<(u32, u32)>, u32)>,
    #[serde(borrow)]
    policies: Vec<StoredPolicy<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StoredFile<'a> {
    kind: EditKind,
    path: u32,
    old_path: Option<u32>,
    #[serde(borrow)]
    before: Option<(Bytes<'a>, u32)>,
    #[serde(borrow)]
    after: Option<(Bytes<'a>, u32)>,
    kinds: Option<u32>,
    parse: StoredParse,
}

#[derive(Serialize, Deserialize)]
enum StoredParse {
    NotLookedAt,
    Scanned,
    Parsed,
    Unreadable(u32, bool),
}

#[derive(Serialize, Deserialize)]
struct StoredPolicy<'a> {
    object: [u32; 4],
    certainty: Certainty,
    family: Family,
    kind: PolicyEditKind,
    path: u32,
    old_path: Option<u32>,
    line: u32,
    #[serde(borrow)]
    fields: Vec<StoredField<'a>>,
    verdicts: Vec<(Direction, u32, u32, bool)>,
}

#[derive(Serialize, Deserialize)]
struct StoredField<'a> {
    path: u32,
    before: Option<&'a str>,
    after: Option<&'a str>,
    line: u32,
}

/// A commit and what is known of it.
pub(super) type Known = (CommitId, Option<Facts>);

/// Changes by the ids of their commits, with blocks of what is known of these.
#[derive(Serialize, Deserialize)]
struct StoredChanges<'a> {
    ids: Vec<(Vec<u8>, Vec<Vec<u8>>)>,
    #[serde(borrow)]
    blocks: Vec<Bytes<'a>>,
}

/// Writes changes; of commits that could not be read in full only the ids.
pub(super) fn encode_changes(changes: &[Change]) -> Option<Vec<u8>> {
    const BLOCK: usize = 256;
    let id = |commit: &Commit| commit.id.0.as_bytes().to_vec();
    let is_whole =
        |commit: &&Commit| commit.gaps.is_empty() && commit.merge.as_ref().is_none_or(|merge| merge.undecided.is_none());
    let whole: Vec<&Commit> = changes.iter().flat_map(Change::commits).filter(is_whole).collect();
    let blocks: Vec<Vec<u8>> = whole.chunks(BLOCK).map(encode).collect::<Option<_>>()?;
    let ids = changes.iter().map(|change| (id(&change.commit), change.side_commits.iter().map(id).collect())).collect();
    postcard::to_stdvec(&StoredChanges { ids, blocks: blocks.iter().map(|block| Bytes(block)).collect() }).ok()
}

/// Reads changes; `None` when anything in them is not as it was written.
pub(super) fn decode_changes(bytes: &[u8]) -> Option<Vec<(Known, Vec<Known>)>> {
    let stored: StoredChanges<'_> = postcard::from_bytes(bytes).ok()?;
    let blocks = parallel::map(stored.blocks, 1, || (), |(), block| decode(block.0));
    let blocks: Vec<BTreeMap<CommitId, Facts>> = blocks.into_iter().collect::<Option<_>>()?;
    let mut facts: BTreeMap<CommitId, Facts> = blocks.into_iter().flatten().collect();
    let mut known = |id: &Vec<u8>| {
        let id = CommitId(ObjectId::from_bytes(id)?);
        Some((id, facts.remove(&id)))
    };
    let mut change =
        |(own, sides): &(Vec<u8>, Vec<Vec<u8>>)| Some((known(own)?, sides.iter().map(&mut known).collect::<Option<_>>()?));
    stored.ids.iter().map(&mut change).collect()
}

/// Writes a block; `None` when it cannot be written, which does not happen in memory.
pub(super) fn encode(commits: &[&Commit]) -> Option<Vec<u8>> {
    let mut writing = Writing::default();
    let stored = commits.iter().map(|commit| writing.commit(commit)).collect();
    let block =
        Block { paths: writing.paths.list, texts: writing.texts.list, kind_sets: writing.kind_sets.list, commits: stored };
    postcard::to_stdvec(&block).ok()
}

/// Things by number; each stands in the list once.
struct Table<K, V> {
    numbers: BTreeMap<K, u32>,
    list: Vec<V>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { numbers: BTreeMap::new(), list: Vec::new() }
    }
}

impl<K: Ord, V> Table<K, V> {
    fn number(&mut self, key: K, value: impl FnOnce() -> V) -> u32 {
        let Self { numbers, list } = self;
        *numbers.entry(key).or_insert_with(|| {
            list.push(value());
            // 2^32 different paths do not fit into memory.
            u32::try_from(list.len() - 1).unwrap_or(u32::MAX)
        })
    }
}

#[derive(Default)]
struct Writing<'a> {
    paths: Table<&'a [u8], Bytes<'a>>,
    texts: Table<&'a str, &'a str>,
    kind_sets: Table<&'a [ObjectKind], Vec<(u32, u32)>>,
}

impl<'a> Writing<'a> {
    fn path(&mut self, path: &'a RepoPath) -> u32 {
        self.paths.number(path.as_bytes(), || Bytes(path.as_bytes()))
    }

    fn text(&mut self, text: &'a str) -> u32 {
        self.texts.number(text, || text)
    }

    fn kinds(&mut self, kinds: &'a [ObjectKind]) -> u32 {
        let texts = &mut self.texts;
        let mut number = |text: &'a str| texts.number(text, || text);
        self.kind_sets.number(kinds, || kinds.iter().map(|kind| (number(&kind.group), number(&kind.kind))).collect())
    }

    fn commit(&mut self, commit: &'a Commit) -> StoredCommit<'a> {
        StoredCommit {
            id: Bytes(commit.id.0.as_bytes()),
            paths_changed: commit.paths_changed,
            files: commit.file_edits.iter().map(|edit| self.file(edit)).collect(),
            merge: commit.merge.as_ref().map(|merge| {
                let unexplained = merge.unexplained.iter().map(|(path, reason)| (self.path(path), self.text(reason))).collect();
                (unexplained, merge.automatic)
            }),
            policies: commit.policy_edits.iter().map(|edit| self.policy(edit)).collect(),
        }
    }

    fn file(&mut self, edit: &'a FileEdit) -> StoredFile<'a> {
        fn entry(entry: Option<&Entry>) -> Option<(Bytes<'_>, u32)> {
            entry.map(|entry| (Bytes(entry.blob.0.as_bytes()), entry.mode))
        }
        StoredFile {
            kind: edit.kind,
            path: self.path(&edit.path),
            old_path: edit.old_path.as_ref().map(|path| self.path(path)),
            before: entry(edit.before.as_ref()),
            after: entry(edit.after.as_ref()),
            kinds: edit.kinds.as_ref().map(|kinds| self.kinds(kinds)),
            parse: match &edit.parse {
                ParseStatus::NotLookedAt => StoredParse::NotLookedAt,
                ParseStatus::Scanned => StoredParse::Scanned,
                ParseStatus::Parsed => StoredParse::Parsed,
                ParseStatus::Unreadable(obstacle) => StoredParse::Unreadable(self.text(&obstacle.reason), obstacle.shows_policy),
            },
        }
    }

    fn policy(&mut self, edit: &'a PolicyEdit) -> StoredPolicy<'a> {
        let Identity { kind, namespace, name, certainty } = &edit.object;
        StoredPolicy {
            object: [&kind.group, &kind.kind, namespace, name].map(|text| self.text(text)),
            certainty: *certainty,
            family: edit.family,
            kind: edit.kind,
            path: self.path(&edit.path),
            old_path: edit.old_path.as_ref().map(|path| self.path(path)),
            line: edit.line,
            fields: edit.fields.iter().map(|field| self.field(field)).collect(),
            verdicts: edit.verdicts.iter().map(|verdict| self.verdict(verdict)).collect(),
        }
    }

    fn field(&mut self, field: &'a FieldEdit) -> StoredField<'a> {
        let FieldEdit { path, before, after, line } = field;
        StoredField { path: self.text(path), before: before.as_deref(), after: after.as_deref(), line: *line }
    }

    fn verdict(&mut self, verdict: &'a Verdict) -> (Direction, u32, u32, bool) {
        (verdict.direction, self.text(verdict.rule), self.text(&verdict.field), verdict.exemption)
    }
}

/// Reads a block; `None` when anything in it is not as it was written.
pub(super) fn decode(bytes: &[u8]) -> Option<BTreeMap<CommitId, Facts>> {
    let block: Block<'_> = postcard::from_bytes(bytes).ok()?;
    let rules: BTreeMap<&str, &'static str> = policies::rules().into_iter().map(|rule| (rule.id, rule.id)).collect();
    let kinds = |set: &Vec<(u32, u32)>| -> Option<Arc<[ObjectKind]>> {
        set.iter().map(|(group, kind)| Some(ObjectKind { group: text(&block, *group)?, kind: text(&block, *kind)? })).collect()
    };
    let reading = Reading {
        paths: block.paths.iter().map(|path| RepoPath::new(path.0)).collect(),
        kind_sets: block.kind_sets.iter().map(kinds).collect::<Option<_>>()?,
        rules,
        block: &block,
    };
    block.commits.iter().map(|commit| Some((CommitId(ObjectId::from_bytes(commit.id.0)?), reading.facts(commit)?))).collect()
}

fn text(block: &Block<'_>, number: u32) -> Option<Box<str>> {
    block.texts.get(number as usize).map(|text| (*text).into())
}

struct Reading<'a> {
    block: &'a Block<'a>,
    paths: Vec<RepoPath>,
    kind_sets: Vec<Arc<[ObjectKind]>>,
    rules: BTreeMap<&'a str, &'static str>,
}

impl Reading<'_> {
    fn text(&self, number: u32) -> Option<Box<str>> {
        text(self.block, number)
    }

    fn path(&self, number: u32) -> Option<RepoPath> {
        self.paths.get(number as usize).cloned()
    }

    fn facts(&self, commit: &StoredCommit<'_>) -> Option<Facts> {
        let merge = |(unexplained, automatic): &(Vec<(u32, u32)>, u32)| {
            let reason = |(path, reason): &(u32, u32)| Some((self.path(*path)?, self.text(*reason)?));
            let unexplained = unexplained.iter().map(reason).collect::<Option<_>>()?;
            Some(Box::new(MergeContent { unexplained, automatic: *automatic, undecided: None }))
        };
        Some(Facts {
            file_edits: commit.files.iter().map(|file| self.file(file)).collect::<Option<_>>()?,
            paths_changed: commit.paths_changed,
            merge: optional(commit.merge.as_ref(), merge)?,
            policy_edits: commit.policies.iter().map(|policy| self.policy(policy)).collect::<Option<_>>()?,
        })
    }

    fn file(&self, file: &StoredFile<'_>) -> Option<FileEdit> {
        let entry = |(id, mode): (Bytes<'_>, u32)| Some(Entry { blob: BlobId(ObjectId::from_bytes(id.0)?), mode });
        Some(FileEdit {
            kind: file.kind,
            path: self.path(file.path)?,
            old_path: optional(file.old_path, |path| self.path(path))?,
            before: optional(file.before, entry)?,
            after: optional(file.after, entry)?,
            kinds: optional(file.kinds, |set| self.kind_sets.get(set as usize).cloned())?,
            parse: match file.parse {
                StoredParse::NotLookedAt => ParseStatus::NotLookedAt,
                StoredParse::Scanned => ParseStatus::Scanned,
                StoredParse::Parsed => ParseStatus::Parsed,
                StoredParse::Unreadable(reason, shows_policy) => {
                    ParseStatus::Unreadable(Box::new(Obstacle { reason: self.text(reason)?, shows_policy }))
                }
            },
        })
    }

    fn policy(&self, policy: &StoredPolicy<'_>) -> Option<PolicyEdit> {
        let [group, kind, namespace, name] = policy.object;
        let kind = ObjectKind { group: self.text(group)?, kind: self.text(kind)? };
        let field = |field: &StoredField<'_>| {
            let (before, after) = (field.before.map(Into::into), field.after.map(Into::into));
            Some(FieldEdit { path: self.text(field.path)?, before, after, line: field.line })
        };
        let verdict = |(direction, rule, field, exemption): &(Direction, u32, u32, bool)| {
            let rule = self.rules.get(self.block.texts.get(*rule as usize)?)?;
            Some(Verdict { direction: *direction, rule, field: self.text(*field)?, exemption: *exemption })
        };
        Some(PolicyEdit {
            object: Identity { kind, namespace: self.text(namespace)?, name: self.text(name)?, certainty: policy.certainty },
            family: policy.family,
            kind: policy.kind,
            path: self.path(policy.path)?,
            old_path: optional(policy.old_path, |path| self.path(path))?,
            line: policy.line,
            fields: policy.fields.iter().map(field).collect::<Option<_>>()?,
            verdicts: policy.verdicts.iter().map(verdict).collect::<Option<_>>()?,
        })
    }
}

/// What is not there stays so; what is there must be readable.
#[expect(clippy::option_option, reason = "the outer one says whether it could be read, the inner one whether it is there")]
fn optional<T, R>(value: Option<T>, read: impl FnOnce(T) -> Option<R>) -> Option<Option<R>> {
    match value {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}
