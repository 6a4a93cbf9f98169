//! The policy objects as of a commit, and when each last changed.

mod coverage;
mod lookback;
mod tree;

use crate::changes::{Change, FactsCache};
use crate::classification::Classifier;
use crate::evidence::{self, Dossier};
use crate::manifests::Identity;
use crate::policies::Family;
use crate::repository::{AuditRange, Gap, GapAbout, Repository, RepositoryError};
use crate::settings::Settings;
use crate::text::{BlobId, CommitId, RepoPath, Timestamp};

pub use coverage::Coverage;
use lookback::Lookback;

/// Every policy object in the tree of one commit.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The policy objects, sorted by family, identity and path.
    pub policies: Vec<PolicyObject>,
    /// Those that were there at the start of the period or came inside it, and are gone; as they last were.
    pub removed: Vec<PolicyObject>,
    /// What the namespaces of the tree have and lack.
    pub coverage: Coverage,
    /// How many policy objects there were at the start of the period, out of scope included, counted in its tree.
    pub at_start: usize,
    /// Last changes of policies that lie before the period, with their evidence; oldest first. Their files were not
    /// looked into.
    pub earlier: Vec<Dossier>,
    /// Files that could hold policies and could not be read, and what ended the search for older changes.
    pub gaps: Vec<Gap>,
}

/// One policy object with its history in short.
#[derive(Clone, Debug)]
pub struct PolicyObject {
    /// Which object.
    pub object: Identity,
    /// Its family.
    pub family: Family,
    /// How strictly it is enforced, as [`crate::policies::enforcement`] says.
    pub enforcement: Box<str>,
    /// Who is exempt, as [`crate::policies::exemptions`] says.
    pub exemptions: Box<[String]>,
    /// The environment of its path.
    pub environment: Option<Box<str>>,
    /// Whether its path is in scope.
    pub in_scope: bool,
    /// Its file.
    pub path: RepoPath,
    /// The line, from 1, on which it begins.
    pub line: u32,
    /// The content of its file.
    pub blob: BlobId,
    /// The change that brought it; `None` when history does not reach back to it.
    pub first_seen: Option<Seen>,
    /// The last change that made it say something else, or brought, moved or removed it; `None` when history does not
    /// reach back to it.
    pub last_changed: Option<Seen>,
    /// How many changes of the period edited it.
    pub changes_in_period: u32,
}

/// A change by its commit, with the committer date that it states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The commit on the first-parent chain.
    pub change: CommitId,
    /// Its committer date, when it can be read.
    pub at: Option<Timestamp>,
}

/// Takes stock of the policies in the tree at the end of a range, and looks back along the whole first-parent chain
/// for the changes that brought and last changed each of them.
///
/// `dossiers` are the arrivals of the range; where there are none, the inventory is that of the range's end alone.
///
/// # Errors
///
/// When the references of the repository cannot be listed. What cannot be read beyond that is a gap.
pub fn take(
    repository: &Repository,
    cache: &FactsCache,
    range: &AuditRange,
    dossiers: &[Dossier],
    settings: &Settings,
) -> Result<Inventory, RepositoryError> {
    let mut classifier = Classifier::new(settings);
    let mut inventory = Inventory::default();
    let now = tree::read(repository, range.end, &classifier);
    let before = match dossiers.first() {
        Some(first) => first.change.commit.parents.first().copied(),
        None => Some(range.end),
    };
    inventory.coverage = Coverage::of(&now);
    inventory.gaps = now.gaps;
    inventory.at_start = match before {
        None => 0,
        Some(before) if before == range.end => now.policies.len(),
        Some(before) => tree::count(repository, before, &now.counts, &mut inventory.gaps),
    };

    let mut search = Lookback::begin(now.policies);
    for dossier in dossiers.iter().rev() {
        search.step_in_period(&dossier.change.commit);
    }
    if let Some(before) = before {
        let past = lookback::search(repository, cache, before, &mut search);
        inventory.gaps.extend(past.cut.map(|reason| Gap { about: GapAbout::Commit, reason: reason.into() }));
        let changes = lookback::changes_of(repository, before, past.last_changes);
        let (earlier, problems) = with_evidence(repository, changes, &mut classifier, settings)?;
        inventory.earlier = earlier;
        let about_notes = |problem: String| Gap { about: GapAbout::Notes, reason: problem.into() };
        inventory.gaps.extend(problems.into_iter().map(about_notes));
    }
    (inventory.policies, inventory.removed) = search.finish();
    inventory.gaps.extend(tree::describe(repository, &mut inventory.removed, &classifier));
    inventory.policies.sort_by(|left, right| left.order().cmp(&right.order()));
    inventory.removed.sort_by(|left, right| left.order().cmp(&right.order()));
    Ok(inventory)
}

impl PolicyObject {
    fn order(&self) -> (Family, &Identity, &RepoPath, u32) {
        (self.family, &self.object, &self.path, self.line)
    }
}

/// Single changes before the period with everything that Git says about them, and what notes could not be read.
fn with_evidence(
    repository: &Repository,
    changes: Vec<Change>,
    classifier: &mut Classifier,
    settings: &Settings,
) -> Result<(Vec<Dossier>, Vec<String>), RepositoryError> {
    let ids: Vec<CommitId> = changes.iter().flat_map(Change::commits).map(|commit| commit.id).collect();
    let (notes, problems) = repository.notes(ids.into_iter())?;
    let with_class = changes.into_iter().map(|change| {
        let classification = classifier.classify(&change);
        (change, classification)
    });
    Ok((evidence::gather(with_class.collect(), &notes, settings), problems))
}
