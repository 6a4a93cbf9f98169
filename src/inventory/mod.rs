//! The policy objects as of a commit, and when each last changed.

mod coverage;
mod lookback;
mod records;
mod tree;

use crate::changes::{Change, FactsCache};
use crate::classification::Classifier;
use crate::evidence::{self, Dossier};
use crate::manifests::{Identity, KnownDocuments};
use crate::policies::Family;
use crate::repository::{AuditRange, Gap, GapAbout, Repository, RepositoryError};
use crate::settings::Settings;
use crate::text::{BlobId, CommitId, RepoPath, Timestamp};

pub use coverage::Coverage;
use lookback::Lookback;
use records::Records;
use tree::{Placed, Tree};

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
    let before = match dossiers.first() {
        Some(first) => first.change.commit.parents.first().copied(),
        None => Some(range.end),
    };
    let records = Records::of(repository, cache, range.end, before, dossiers);
    let now = records.tree().unwrap_or_else(|| {
        let now = tree::read(repository, cache.documents(), range.end, &tree::without_policies(dossiers));
        records.keep_tree(&now);
        now
    });
    let placed = now.place(&classifier);
    let mut search = Lookback::begin(placed.iter().flat_map(Placed::policies));
    for dossier in dossiers.iter().rev() {
        search.step_in_period(&dossier.change.commit);
    }
    let mut inventory = Inventory { coverage: Coverage::of(&placed), ..Inventory::default() };
    let past = if let Some(past) = records.past().filter(|past| search.recall(past)) {
        (inventory.policies, inventory.removed) = search.finish();
        past.describe(&mut inventory.removed);
        past
    } else {
        let mut past = Past::before(repository, cache, range, before, &now, &mut search);
        (inventory.policies, inventory.removed) = search.finish();
        past.note_removed(repository, cache.documents(), &mut inventory.removed);
        records.keep_past(&past);
        past
    };
    tree::place(&mut inventory.removed, &classifier);
    inventory.at_start = past.at_start;
    let (earlier, problems) = with_evidence(repository, past.earlier, &mut classifier, settings)?;
    inventory.earlier = earlier;
    let about_notes = |problem: String| Gap { about: GapAbout::Notes, reason: problem.into() };
    let gaps = [now.gaps, past.gaps, problems.into_iter().map(about_notes).collect(), past.gaps_of_removed];
    inventory.gaps = gaps.into_iter().flatten().collect();
    inventory.policies.sort_by(|left, right| left.order().cmp(&right.order()));
    inventory.removed.sort_by(|left, right| left.order().cmp(&right.order()));
    Ok(inventory)
}

/// What a look back from the start of a range told, from commit ids alone.
struct Past {
    /// How many policy objects there were at the start.
    at_start: usize,
    /// The change that brought and the one that last changed each object, in the order of the search.
    seen: Vec<(Option<Seen>, Option<Seen>)>,
    /// How strict each removed object was and who was exempt, in the order of the search.
    removed: Vec<(Box<str>, Box<[String]>)>,
    /// Last changes of policies that lie before the start, oldest first.
    earlier: Vec<Change>,
    gaps: Vec<Gap>,
    gaps_of_removed: Vec<Gap>,
    /// Whether everything that was looked at could be read.
    is_whole: bool,
}

impl Past {
    fn before(
        repository: &Repository,
        cache: &FactsCache,
        range: &AuditRange,
        before: Option<CommitId>,
        now: &Tree,
        search: &mut Lookback,
    ) -> Self {
        let mut past = Self {
            at_start: 0,
            seen: Vec::new(),
            removed: Vec::new(),
            earlier: Vec::new(),
            gaps: Vec::new(),
            gaps_of_removed: Vec::new(),
            is_whole: now.is_whole,
        };
        if before == Some(range.end) {
            past.at_start = now.files.iter().map(|file| file.facts.policies.len()).sum();
        } else if let Some(before) = before {
            let (count, is_whole) = tree::count(repository, cache.documents(), before, &now.counts, &mut past.gaps);
            (past.at_start, past.is_whole) = (count, past.is_whole && is_whole);
        }
        if let Some(before) = before {
            let found = lookback::search(repository, cache, before, search);
            past.is_whole &= found.is_whole;
            past.gaps.extend(found.cut.map(|reason| Gap { about: GapAbout::Commit, reason: reason.into() }));
            past.earlier = lookback::changes_of(repository, before, found.last_changes);
        }
        past.seen = search.seen().collect();
        past
    }

    /// Fills in what removed objects said, and remembers it.
    fn note_removed(&mut self, repository: &Repository, documents: &KnownDocuments, removed: &mut [PolicyObject]) {
        self.gaps_of_removed = tree::describe(repository, documents, removed);
        self.is_whole &= self.gaps_of_removed.is_empty();
        self.removed = removed.iter().map(|policy| (policy.enforcement.clone(), policy.exemptions.clone())).collect();
    }

    /// Fills in what is remembered of removed objects.
    fn describe(&self, removed: &mut [PolicyObject]) {
        for (policy, (enforcement, exemptions)) in removed.iter_mut().zip(&self.removed) {
            (policy.enforcement, policy.exemptions) = (enforcement.clone(), exemptions.clone());
        }
    }
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
