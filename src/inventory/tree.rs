//! The policy objects in one tree: files are scanned by line, and only those with a kind that matters are parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::PolicyObject;
use super::coverage::{Denial, NamespaceObject, default_denial, namespace_object};
use crate::classification::Classifier;
use crate::evidence::Dossier;
use crate::manifests::{self, ContentGap, Contents, Identity, KnownDocuments, Object, ObjectKind, Unreadable, may_hold_objects};
use crate::parallel;
use crate::policies::{self, Family};
use crate::repository::{FileEdit, Gap, GapAbout, ParseStatus, Reader, Repository};
use crate::text::{BlobId, CommitId, RepoPath};

/// Files in one piece of work.
const PIECE: usize = 128;

/// What one tree holds, whatever the settings say about its paths.
#[derive(Default)]
pub(super) struct Tree {
    /// The files that hold anything that counts, in the order of their paths.
    pub files: Vec<TreeFile>,
    pub gaps: Vec<Gap>,
    /// How many policy objects each blob that was read holds.
    pub counts: BTreeMap<BlobId, usize>,
    /// Whether no folder and no file was missing; its gaps then follow from what the files say.
    pub is_whole: bool,
}

/// A file with what it holds.
pub(super) struct TreeFile {
    pub path: RepoPath,
    pub blob: BlobId,
    pub facts: FileFacts,
}

/// What a file holds, from its content alone.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct FileFacts {
    pub policies: Vec<PolicyFacts>,
    pub namespaces: Vec<NamespaceObject>,
    pub denials: Vec<Denial>,
}

/// A policy object, from the content of its file alone.
#[derive(Serialize, Deserialize)]
pub(super) struct PolicyFacts {
    pub object: Identity,
    pub family: Family,
    pub enforcement: Box<str>,
    pub exemptions: Box<[String]>,
    pub line: u32,
}

/// A file in the place that the settings give it.
pub(super) struct Placed<'a> {
    path: &'a RepoPath,
    blob: BlobId,
    pub facts: &'a FileFacts,
    pub environment: Option<Box<str>>,
    in_scope: bool,
}

/// A regular file that may hold objects.
struct Candidate {
    path: RepoPath,
    blob: BlobId,
}

/// Contents in which the changes of a range showed nothing that a tree is read for.
pub(super) fn without_policies(dossiers: &[Dossier]) -> BTreeSet<BlobId> {
    let edits = dossiers.iter().flat_map(|dossier| &dossier.change.commit.file_edits);
    let blob = |edit: &FileEdit| {
        let after = edit.after?.blob;
        // Where only a name or a mode changed, the status says nothing about the content.
        let is_new = edit.before.is_none_or(|before| before.blob != after);
        let shows_none = edit.kinds.as_ref().is_some_and(|kinds| !kinds.iter().any(policies::may_be_policy));
        (is_new && shows_none && edit.parse == ParseStatus::Scanned).then_some(after)
    };
    edits.filter_map(blob).collect()
}

/// Reads the tree of a commit, but for files with a content that is known to hold nothing that counts.
pub(super) fn read(repository: &Repository, documents: &KnownDocuments, commit: CommitId, empty: &BTreeSet<BlobId>) -> Tree {
    let mut tree = Tree::default();
    let files = candidates(repository, commit, &mut tree.gaps);
    tree.is_whole = tree.gaps.is_empty();
    let state = || repository.reader();
    let read = parallel::map(files, PIECE, state, |reader, file| {
        let is_empty = empty.contains(&file.blob);
        let found = if is_empty { Ok(Contents::default()) } else { contents(reader, documents, file.blob) };
        (file, found.map(|found| (FileFacts::of(&found.objects), found.gaps)))
    });
    for (Candidate { path, blob }, facts) in read {
        let gap = |reason: String| Gap { about: GapAbout::Content, reason: format!("{}: {reason}", path.to_text()).into() };
        match facts {
            Ok((facts, gaps)) => {
                let hiding = gaps.iter().filter(|gap| may_hide_policy(gap));
                tree.gaps.extend(hiding.map(|found| gap(sentence(found))));
                tree.counts.insert(blob, facts.policies.len());
                if !facts.is_empty() {
                    tree.files.push(TreeFile { path, blob, facts });
                }
            }
            Err(reason) => {
                tree.gaps.push(gap(reason));
                tree.is_whole = false;
            }
        }
    }
    tree
}

impl Tree {
    /// Its files as the settings see them.
    pub(super) fn place(&self, classifier: &Classifier) -> Vec<Placed<'_>> {
        self.files.iter().map(|file| Placed::of(file, classifier)).collect()
    }
}

impl FileFacts {
    fn of(objects: &[Arc<Object>]) -> Self {
        Self {
            policies: objects.iter().filter_map(|object| PolicyFacts::of(object)).collect(),
            namespaces: objects.iter().filter_map(|object| namespace_object(object)).collect(),
            denials: objects.iter().filter_map(|object| default_denial(object)).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        let Self { policies, namespaces, denials } = self;
        policies.is_empty() && namespaces.is_empty() && denials.is_empty()
    }
}

impl PolicyFacts {
    fn of(object: &Object) -> Option<Self> {
        Some(Self {
            object: object.identity.clone(),
            family: policies::family_of(object)?,
            enforcement: policies::enforcement(object).into(),
            exemptions: policies::exemptions(object).into(),
            line: object.root.line,
        })
    }
}

impl<'a> Placed<'a> {
    fn of(file: &'a TreeFile, classifier: &Classifier) -> Self {
        let TreeFile { path, blob, facts } = file;
        let environment = classifier.environment_of(path).map(Into::into);
        Self { path, blob: *blob, facts, environment, in_scope: classifier.is_in_scope(path) }
    }

    /// The policy objects of the file, their history still unknown.
    pub(super) fn policies(&self) -> impl Iterator<Item = PolicyObject> {
        self.facts.policies.iter().map(|policy| PolicyObject {
            object: policy.object.clone(),
            family: policy.family,
            enforcement: policy.enforcement.clone(),
            exemptions: policy.exemptions.clone(),
            environment: self.environment.clone(),
            in_scope: self.in_scope,
            path: self.path.clone(),
            line: policy.line,
            blob: self.blob,
            first_seen: None,
            last_changed: None,
            changes_in_period: 0,
        })
    }
}

/// Counts the policy objects in the tree of a commit; blobs that `known` has are not read again. Folders that cannot be
/// read are added to the gaps. Says as well whether everything could be read.
pub(super) fn count(
    repository: &Repository,
    documents: &KnownDocuments,
    commit: CommitId,
    known: &BTreeMap<BlobId, usize>,
    gaps: &mut Vec<Gap>,
) -> (usize, bool) {
    let before = gaps.len();
    let files = candidates(repository, commit, gaps);
    let is_policy = |object: &&Arc<Object>| policies::family_of(object).is_some();
    let counts = parallel::map(
        files,
        PIECE,
        || repository.reader(),
        |reader, file| match known.get(&file.blob) {
            Some(count) => Some(*count),
            None => contents(reader, documents, file.blob).ok().map(|found| found.objects.iter().filter(is_policy).count()),
        },
    );
    // What cannot be read counts on neither side.
    (counts.iter().flatten().sum(), gaps.len() == before && counts.iter().all(Option::is_some))
}

/// Puts removed objects in the places that the settings give them.
pub(super) fn place(removed: &mut [PolicyObject], classifier: &Classifier) {
    for policy in removed {
        policy.environment = classifier.environment_of(&policy.path).map(Into::into);
        policy.in_scope = classifier.is_in_scope(&policy.path);
    }
}

/// Fills in what removed objects said, from their blobs; each blob is read once, however many objects it lost. Gives
/// what could not be read.
pub(super) fn describe(repository: &Repository, documents: &KnownDocuments, removed: &mut [PolicyObject]) -> Vec<Gap> {
    let mut by_blob: BTreeMap<BlobId, Vec<&mut PolicyObject>> = BTreeMap::new();
    for policy in removed {
        by_blob.entry(policy.blob).or_default().push(policy);
    }
    let files = by_blob.into_iter().collect();
    let gaps = parallel::map(
        files,
        PIECE / 8,
        || repository.reader(),
        |reader, (blob, removed): (BlobId, Vec<&mut PolicyObject>)| {
            let found = match contents(reader, documents, blob) {
                Ok(found) => found,
                Err(reason) => {
                    let path = removed.first().map(|policy| policy.path.to_text().into_owned()).unwrap_or_default();
                    let reason = format!("{path}, as it was before it was removed: {reason}").into();
                    return Some(Gap { about: GapAbout::Content, reason });
                }
            };
            for policy in removed {
                if let Some(object) = found.objects.iter().find(|object| object.identity == policy.object) {
                    policy.enforcement = policies::enforcement(object).into();
                    policy.exemptions = policies::exemptions(object).into();
                }
            }
            None
        },
    );
    gaps.into_iter().flatten().collect()
}

fn sentence(gap: &ContentGap) -> String {
    let detail = if gap.detail.is_empty() { String::new() } else { format!(" ({})", gap.detail) };
    format!("line {}: {}{detail}", gap.line, gap.reason.words())
}

fn candidates(repository: &Repository, commit: CommitId, gaps: &mut Vec<Gap>) -> Vec<Candidate> {
    let files = match repository.tree_at(commit) {
        Ok((files, unreadable)) => {
            gaps.extend(unreadable);
            files
        }
        Err(reason) => {
            gaps.push(Gap { about: GapAbout::Commit, reason: reason.into() });
            Vec::new()
        }
    };
    let candidate = |FileEdit { path, after, .. }: FileEdit| {
        let entry = after.filter(|entry| matches!(entry.mode, 0o100_644 | 0o100_755))?;
        may_hold_objects(&path).then_some(Candidate { path, blob: entry.blob })
    };
    files.into_iter().filter_map(candidate).collect()
}

/// The objects of a file that holds a policy or a namespace, and what of it could not be read.
fn contents(reader: &mut Reader, documents: &KnownDocuments, blob: BlobId) -> Result<Contents, String> {
    reader.with_blob(blob, |bytes| {
        let wants = |kinds: &[ObjectKind]| kinds.iter().any(policies::may_be_policy);
        let look = manifests::first_look(bytes);
        let may_matter = look.unsure || wants(&look.kinds);
        if may_matter { manifests::read_known(bytes, &wants, Some(documents)) } else { Contents::default() }
    })
}

/// Whether a part that could not be read may hide a policy. A namespace without readable labels may be one.
fn may_hide_policy(gap: &ContentGap) -> bool {
    // What repeats a key is given all the same.
    !matches!(gap.reason, Unreadable::DuplicateKey) && (gap.kinds.is_empty() || gap.kinds.iter().any(policies::may_be_policy))
}
