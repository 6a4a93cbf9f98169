//! The way back along the first-parent chain, in search of the changes that brought and last changed each policy.

use std::collections::{BTreeMap, BTreeSet};

use super::{Past, PolicyObject, Seen};
use crate::changes::{self, Change, Commit, Extraction, FactsCache, Trace};
use crate::manifests::{Certainty, Identity};
use crate::parallel;
use crate::policies::{PolicyEdit, PolicyEditKind};
use crate::repository::{Asked, Bound, RawArrival, RawCommit, Repository, Step};
use crate::text::{CommitId, RepoPath};

/// Steps of the chain that are looked at together.
const CHUNK: usize = 2048;
/// Steps in one piece of work.
const PIECE: usize = 64;

/// Policy objects and where each of them stood at the point that the search has reached.
pub(super) struct Lookback {
    tracked: Vec<Tracked>,
    /// Objects whose first change is still to be found, by their file and identity at this point.
    open: BTreeMap<RepoPath, BTreeMap<Identity, Vec<usize>>>,
    /// Every file and identity that was at the end or is listed as removed.
    listed: BTreeSet<(RepoPath, Identity)>,
}

struct Tracked {
    policy: PolicyObject,
    is_removed: bool,
}

/// What one change told.
#[derive(Default)]
pub(super) struct Found {
    /// Files that have to be watched from here on and were not before.
    newly_watched: Vec<RepoPath>,
    /// Whether it is the last change of a policy.
    is_last_change: bool,
}

/// What a look back found beside the dates.
pub(super) struct Behind {
    /// Every step that is the last change of a policy, newest first.
    pub last_changes: Vec<Step>,
    /// Why the chain ended too early, if something was still to be found then.
    pub cut: Option<String>,
    /// Whether everything that was looked at could be read and every commit is what its id says.
    pub is_whole: bool,
}

impl Lookback {
    pub(super) fn begin(policies: impl Iterator<Item = PolicyObject>) -> Self {
        let mut search = Self { tracked: Vec::new(), open: BTreeMap::new(), listed: BTreeSet::new() };
        for policy in policies {
            search.track(policy, false);
        }
        search
    }

    fn track(&mut self, policy: PolicyObject, is_removed: bool) {
        self.listed.insert((policy.path.clone(), policy.object.clone()));
        self.put(policy.path.clone(), &policy.object, self.tracked.len());
        self.tracked.push(Tracked { policy, is_removed });
    }

    fn put(&mut self, path: RepoPath, object: &Identity, number: usize) {
        self.open.entry(path).or_default().entry(key(object)).or_default().push(number);
    }

    /// Takes one object that stands in a file at this point.
    fn take(&mut self, path: &RepoPath, object: &Identity) -> Option<usize> {
        let in_file = self.open.get_mut(path)?;
        let object = key(object);
        let numbers = in_file.get_mut(&object)?;
        let number = numbers.pop()?;
        if numbers.is_empty() {
            in_file.remove(&object);
        }
        if in_file.is_empty() {
            self.open.remove(path);
        }
        Some(number)
    }

    /// Goes one change of the period further back.
    pub(super) fn step_in_period(&mut self, commit: &Commit) {
        self.step(commit, &[], true);
        self.note_removals(commit, seen(commit));
    }

    /// Goes one change further back; every object of an added file was added with it.
    fn step(&mut self, commit: &Commit, added: &[RepoPath], in_period: bool) -> Found {
        let now = seen(commit);
        let mut moved = Vec::new();
        let mut found = Found::default();
        for edit in commit.policy_edits.iter().filter(|edit| edit.kind != PolicyEditKind::Removed) {
            let Some(number) = self.take(&edit.path, &edit.object) else { continue };
            let Some(Tracked { policy, .. }) = self.tracked.get_mut(number) else { continue };
            found.is_last_change |= policy.last_changed.is_none();
            policy.last_changed = policy.last_changed.or(Some(now));
            policy.changes_in_period += u32::from(in_period);
            if edit.kind == PolicyEditKind::Added {
                policy.first_seen = Some(now);
            } else {
                moved.push((edit.old_path.as_ref().unwrap_or(&edit.path), &edit.object, number));
            }
        }
        for path in added {
            found.is_last_change |= self.begin_with(path, now);
        }
        for (path, object, number) in moved {
            if !self.open.contains_key(path) {
                found.newly_watched.push(path.clone());
            }
            self.put(path.clone(), object, number);
        }
        found
    }

    /// Every object of a file was first seen now; says whether it is the last change of one of them.
    fn begin_with(&mut self, path: &RepoPath, now: Seen) -> bool {
        let mut is_last_change = false;
        for number in self.open.remove(path).into_iter().flatten().flat_map(|(_, numbers)| numbers) {
            let Some(Tracked { policy, .. }) = self.tracked.get_mut(number) else { continue };
            is_last_change |= policy.last_changed.is_none();
            policy.last_changed = policy.last_changed.or(Some(now));
            policy.first_seen = Some(now);
        }
        is_last_change
    }

    /// From here on a removed object is followed like the others.
    fn note_removals(&mut self, commit: &Commit, seen: Seen) {
        for edit in commit.policy_edits.iter().filter(|edit| edit.kind == PolicyEditKind::Removed) {
            if self.listed.contains(&(edit.path.clone(), edit.object.clone())) {
                continue;
            }
            if let Some(policy) = removed(commit, edit, seen) {
                self.track(policy, true);
            }
        }
    }

    /// The change that brought and the one that last changed each object, in the order in which they were found.
    pub(super) fn seen(&self) -> impl Iterator<Item = (Option<Seen>, Option<Seen>)> {
        self.tracked.iter().map(|Tracked { policy, .. }| (policy.first_seen, policy.last_changed))
    }

    /// Takes over what the same search found before; `false` when it was another one.
    pub(super) fn recall(&mut self, past: &Past) -> bool {
        let removed = self.tracked.iter().filter(|tracked| tracked.is_removed).count();
        if past.seen.len() != self.tracked.len() || past.removed.len() != removed {
            return false;
        }
        for (Tracked { policy, .. }, (first_seen, last_changed)) in self.tracked.iter_mut().zip(&past.seen) {
            (policy.first_seen, policy.last_changed) = (*first_seen, *last_changed);
        }
        true
    }

    /// The objects that are there, and those that are gone.
    pub(super) fn finish(self) -> (Vec<PolicyObject>, Vec<PolicyObject>) {
        let (removed, there): (Vec<_>, Vec<_>) = self.tracked.into_iter().partition(|tracked| tracked.is_removed);
        let policies = |tracked: Vec<Tracked>| tracked.into_iter().map(|tracked| tracked.policy).collect();
        (policies(there), policies(removed))
    }
}

fn seen(commit: &Commit) -> Seen {
    Seen { change: commit.id, at: commit.committer.when.known() }
}

/// What an object is followed by inside a file: its identity; without a name only its kind.
fn key(object: &Identity) -> Identity {
    match object.certainty {
        Certainty::Named | Certainty::Generated => object.clone(),
        Certainty::Unnamed => Identity { namespace: Box::default(), name: Box::default(), ..object.clone() },
    }
}

/// A removed object as its edit tells it; what it said is filled in from its blob later.
fn removed(commit: &Commit, edit: &PolicyEdit, seen: Seen) -> Option<PolicyObject> {
    let before = |path: &RepoPath| {
        let file = commit.file_edits.iter().find(|file| file.old_path.as_ref().unwrap_or(&file.path) == path)?;
        file.before
    };
    Some(PolicyObject {
        object: edit.object.clone(),
        family: edit.family,
        enforcement: Box::default(),
        exemptions: Box::default(),
        environment: None,
        in_scope: true,
        path: edit.path.clone(),
        line: edit.line,
        blob: before(&edit.path)?.blob,
        first_seen: None,
        last_changed: Some(seen),
        changes_in_period: 1,
    })
}

/// Looks back from a commit until everything is found or history ends.
pub(super) fn search(repository: &Repository, cache: &FactsCache, from: CommitId, search: &mut Lookback) -> Behind {
    let mut chain = repository.first_parents(from);
    let mut past = Behind { last_changes: Vec::new(), cut: None, is_whole: true };
    let mut late = Extraction::new(repository, cache);
    while !search.open.is_empty() {
        let steps: Vec<Step> = chain.by_ref().take(CHUNK).collect();
        if steps.is_empty() {
            past.cut = chain.cut;
            past.is_whole &= past.cut.is_none();
            break;
        }
        let open = &search.open;
        let state = || Extraction::new(repository, cache);
        let looked_at = parallel::map(steps, PIECE, state, |extraction, step| {
            let is_touched = extraction.reader().touches(step.before, step.tree, open);
            let trace = is_touched.then(|| extraction.trace(&step, open));
            let has_its_id = !cache.is_kept() || extraction.reader().has_its_id(&step.commit);
            (step, trace, has_its_id)
        });
        // What moves brought into view inside this chunk was not watched when its steps were looked at.
        let mut newly_watched: BTreeMap<RepoPath, CommitId> = BTreeMap::new();
        for (step, trace, has_its_id) in looked_at {
            past.is_whole &= has_its_id;
            let is_missed = !newly_watched.is_empty() && late.reader().touches(step.before, step.tree, &newly_watched);
            let trace = if is_missed { Some(late.trace(&step, &search.open)) } else { trace };
            let Some(Trace { commit, added, is_whole }) = trace else { continue };
            past.is_whole &= is_whole;
            let found = search.step(&commit, &added, false);
            newly_watched.extend(found.newly_watched.into_iter().map(|path| (path, commit.id)));
            if found.is_last_change {
                past.last_changes.push(step);
            }
        }
    }
    past
}

/// Changes out of steps (newest first), oldest first, each with the side commits that it brought.
pub(super) fn changes_of(repository: &Repository, before: CommitId, steps: Vec<Step>) -> Vec<Change> {
    let mut sides = side_commits(repository, before, &steps);
    let arrivals = steps.into_iter().rev().map(|step| {
        let side_commits = sides.remove(&step.commit.id).unwrap_or_default();
        RawArrival { commit: step.commit, side_commits }
    });
    changes::collect_without_content(repository, arrivals.collect())
}

/// The side commits of those steps that are merges. A history without merges is not walked.
fn side_commits(repository: &Repository, before: CommitId, steps: &[Step]) -> BTreeMap<CommitId, Vec<RawCommit>> {
    let Some(oldest) = steps.iter().rev().find(|step| step.is_merge) else { return BTreeMap::new() };
    let commit = |id: CommitId| Bound::Revision(id.to_string());
    let asked = Asked::Between { from: oldest.parent.map(commit), to: Some(commit(before)) };
    // A history that cannot be walked was reported by the search already; the changes stand without their side commits.
    let arrivals = repository.history(&asked, None).map(|history| history.arrivals).unwrap_or_default();
    let wanted: BTreeSet<CommitId> = steps.iter().filter(|step| step.is_merge).map(|step| step.commit.id).collect();
    let named = arrivals.into_iter().filter(|arrival| wanted.contains(&arrival.commit.id));
    named.map(|RawArrival { commit, side_commits }| (commit.id, side_commits)).collect()
}
