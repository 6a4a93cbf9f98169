//! The policy objects in one tree: files are scanned by line, and only those with a kind that matters are parsed.

use std::collections::{BTreeMap, BTreeSet};

use super::PolicyObject;
use super::coverage::{Denial, NamespaceObject, default_denial, namespace_object};
use crate::classification::Classifier;
use crate::manifests::{self, ContentGap, Contents, Object, ObjectKind, Unreadable, may_hold_objects};
use crate::parallel;
use crate::policies;
use crate::repository::{FileEdit, Gap, GapAbout, Reader, Repository};
use crate::text::{BlobId, CommitId, RepoPath};

/// Files in one piece of work.
const PIECE: usize = 128;

/// What one tree holds.
#[derive(Default)]
pub(super) struct Tree {
    pub policies: Vec<PolicyObject>,
    pub namespaces: Vec<NamespaceObject>,
    pub denials: Vec<Denial>,
    /// Namespaces that policy objects name.
    pub named: BTreeSet<Box<str>>,
    pub gaps: Vec<Gap>,
    /// How many policy objects each blob that was read holds.
    pub counts: BTreeMap<BlobId, usize>,
}

/// A regular file that may hold objects.
struct Candidate {
    path: RepoPath,
    blob: BlobId,
}

/// Reads the tree of a commit.
pub(super) fn read(repository: &Repository, commit: CommitId, classifier: &Classifier) -> Tree {
    let mut tree = Tree::default();
    let files = candidates(repository, commit, &mut tree.gaps);
    let state = || repository.reader();
    let read = parallel::map(files, PIECE, state, |reader, file| {
        let contents = contents(reader, file.blob);
        (file, contents)
    });
    for (file, contents) in read {
        let gap = |reason: String| Gap { about: GapAbout::Content, reason: format!("{}: {reason}", file.path.to_text()).into() };
        match contents {
            Ok(Contents { objects, gaps }) => {
                let hiding = gaps.iter().filter(|gap| may_hide_policy(gap));
                tree.gaps.extend(hiding.map(|found| gap(sentence(found))));
                tree.take(&file, &objects, classifier);
            }
            Err(reason) => tree.gaps.push(gap(reason)),
        }
    }
    tree
}

impl Tree {
    fn take(&mut self, file: &Candidate, objects: &[Object], classifier: &Classifier) {
        let mut count = 0;
        for object in objects {
            let environment = || classifier.environment_of(&file.path).map(Into::into);
            self.namespaces.extend(namespace_object(object, environment));
            self.denials.extend(default_denial(object, environment));
            let Some(family) = policies::family_of(object) else { continue };
            count += 1;
            if !object.identity.namespace.is_empty() {
                self.named.insert(object.identity.namespace.clone());
            }
            self.policies.push(PolicyObject {
                object: object.identity.clone(),
                family,
                enforcement: policies::enforcement(object).into(),
                exemptions: policies::exemptions(object).into(),
                environment: environment(),
                in_scope: classifier.is_in_scope(&file.path),
                path: file.path.clone(),
                line: object.root.line,
                blob: file.blob,
                first_seen: None,
                last_changed: None,
                changes_in_period: 0,
            });
        }
        self.counts.insert(file.blob, count);
    }
}

/// Counts the policy objects in the tree of a commit; blobs that `known` has are not read again. Folders that cannot be
/// read are added to the gaps.
pub(super) fn count(repository: &Repository, commit: CommitId, known: &BTreeMap<BlobId, usize>, gaps: &mut Vec<Gap>) -> usize {
    let files = candidates(repository, commit, gaps);
    let counts = parallel::map(
        files,
        PIECE,
        || repository.reader(),
        |reader, file| match known.get(&file.blob) {
            Some(count) => *count,
            // What cannot be read counts on neither side.
            None => contents(reader, file.blob)
                .map_or(0, |found| found.objects.iter().filter(|object| policies::family_of(object).is_some()).count()),
        },
    );
    counts.into_iter().sum()
}

/// Fills in what removed objects said, from their blobs; each blob is read once, however many objects it lost. Gives
/// what could not be read.
pub(super) fn describe(repository: &Repository, removed: &mut [PolicyObject], classifier: &Classifier) -> Vec<Gap> {
    let mut by_blob: BTreeMap<BlobId, Vec<&mut PolicyObject>> = BTreeMap::new();
    for policy in removed {
        policy.environment = classifier.environment_of(&policy.path).map(Into::into);
        policy.in_scope = classifier.is_in_scope(&policy.path);
        by_blob.entry(policy.blob).or_default().push(policy);
    }
    let files = by_blob.into_iter().collect();
    let gaps = parallel::map(
        files,
        PIECE / 8,
        || repository.reader(),
        |reader, (blob, removed): (BlobId, Vec<&mut PolicyObject>)| {
            let found = match contents(reader, blob) {
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
fn contents(reader: &mut Reader, blob: BlobId) -> Result<Contents, String> {
    reader.with_blob(blob, |bytes| {
        let wants = |kinds: &[ObjectKind]| kinds.iter().any(policies::may_be_policy);
        let look = manifests::first_look(bytes);
        if look.unsure || wants(&look.kinds) { manifests::read(bytes, &wants) } else { Contents::default() }
    })
}

/// Whether a part that could not be read may hide a policy. A namespace without readable labels may be one.
fn may_hide_policy(gap: &ContentGap) -> bool {
    // What repeats a key is given all the same.
    !matches!(gap.reason, Unreadable::DuplicateKey) && (gap.kinds.is_empty() || gap.kinds.iter().any(policies::may_be_policy))
}
