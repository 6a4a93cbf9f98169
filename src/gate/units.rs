//! What is judged one by one: each new commit, the change as it will land, the text that will land.

use super::About;
use super::environment::ProposalText;
use crate::changes::{Change, Commit, Extraction, FactsCache, Gap, GapAbout, Signature};
use crate::checks::Gate;
use crate::repository::{Reader, Repository};
use crate::settings::LandingMethod;
use crate::text::{CommitId, Moment, ObjectId, Person, Text, TreeId};

/// Something that is judged by itself, seen as a change.
pub(super) struct Unit {
    pub role: Role,
    pub change: Change,
}

/// What a unit stands for, and which checks look at it.
#[derive(Debug)]
pub(super) struct Role {
    kind: Kind,
    judged_by: Vec<Gate>,
    /// Whether its message will stand on the branch.
    pub message_lands: bool,
}

#[derive(Debug)]
enum Kind {
    /// The new commit at this position, oldest first.
    Commit(usize),
    /// The change as it will land, or its text, by its title.
    Landing(String),
}

impl Role {
    pub fn is_judged_by(&self, gate: Gate) -> bool {
        self.judged_by.contains(&gate)
    }

    pub fn about(&self) -> About {
        match &self.kind {
            Kind::Commit(position) => About::Commit(*position),
            Kind::Landing(title) => About::Landing(title.clone()),
        }
    }
}

/// Commits that will stand on the branch as they are: each arrival is a change, and each side commit a commit of its own.
pub(super) fn of_push(repository: &Repository, changes: Vec<Change>) -> Vec<Unit> {
    let mut reader = repository.reader();
    let mut units = Vec::new();
    let mut position = 0;
    for mut change in changes {
        for side in &mut change.side_commits {
            note_left_out(&mut reader, side);
            units.push(of_commit(side.clone(), position, true));
            position += 1;
        }
        note_left_out(&mut reader, &mut change.commit);
        let role = |judged_by| Role { kind: Kind::Commit(position), judged_by, message_lands: true };
        let judged_by = if change.commit.parents.len() > 1 {
            if !is_quiet_merge(&change.commit) {
                // What it adds has its reason in no commit that it joins, so their tickets do not speak for it.
                let alone = Change { commit: change.commit.clone(), side_commits: Vec::new() };
                units.push(Unit { role: role(vec![Gate::Message]), change: alone });
            }
            vec![Gate::EveryCommit, Gate::Landing, Gate::OnDemand, Gate::Replay]
        } else {
            vec![Gate::Message, Gate::EveryCommit, Gate::Landing, Gate::OnDemand, Gate::Replay]
        };
        units.push(Unit { role: role(judged_by), change });
        position += 1;
    }
    units
}

/// Commits of a proposal: each by itself, all of them as one change, and the text that would stand over them.
pub(super) fn of_proposal(
    repository: &Repository,
    changes: Vec<Change>,
    (target, head): (CommitId, CommitId),
    text: Option<&ProposalText>,
    landing: LandingMethod,
) -> Vec<Unit> {
    let mut commits: Vec<Commit> =
        changes.into_iter().flat_map(|change| change.side_commits.into_iter().chain([change.commit])).collect();
    let mut reader = repository.reader();
    for commit in &mut commits {
        note_left_out(&mut reader, commit);
    }
    // Without a text of its own, the message that lands is made of these.
    let lands = landing != LandingMethod::Squash || text.is_none();
    let mut units: Vec<Unit> =
        commits.iter().enumerate().map(|(position, commit)| of_commit(commit.clone(), position, lands)).collect();
    if commits.is_empty() {
        return units;
    }
    let title = text.map_or_else(|| "all commits together".to_owned(), |text| text.title.clone());
    let message = text.map_or_else(String::new, ProposalText::message);
    let whole = as_one_commit(repository, target, head, &message);
    if let Some(text) = text {
        let role = Role {
            kind: Kind::Landing(text.title.clone()),
            judged_by: vec![Gate::Message],
            message_lands: landing != LandingMethod::Commits,
        };
        units.push(Unit { role, change: Change { commit: text_only(&message, &whole), side_commits: Vec::new() } });
    }
    let role = Role { kind: Kind::Landing(title), judged_by: vec![Gate::Landing], message_lands: true };
    units.push(Unit { role, change: Change { commit: whole, side_commits: commits } });
    units
}

/// A message that nobody has committed yet.
pub(super) fn of_text(message: &str) -> Vec<Unit> {
    let title = message.lines().next().unwrap_or_default().to_owned();
    let role = Role { kind: Kind::Landing(title), judged_by: vec![Gate::Message], message_lands: true };
    vec![Unit { role, change: Change { commit: nobodys_commit(message), side_commits: Vec::new() } }]
}

fn of_commit(commit: Commit, position: usize, message_lands: bool) -> Unit {
    let judged_by = if is_quiet_merge(&commit) { vec![Gate::EveryCommit] } else { vec![Gate::Message, Gate::EveryCommit] };
    Unit {
        role: Role { kind: Kind::Commit(position), judged_by, message_lands },
        change: Change { commit, side_commits: Vec::new() },
    }
}

/// Whether a commit has two parents and is what an automatic merge of them would be.
///
/// Its parents decide, never its message; every commit that it joins is judged by itself.
fn is_quiet_merge(commit: &Commit) -> bool {
    let adds_nothing = commit.merge.as_ref().is_some_and(|merge| merge.unexplained.is_empty() && merge.undecided.is_none());
    commit.parents.len() == 2 && adds_nothing
}

/// Adds to what a merge holds of its own the paths at which it takes changes of one side back.
fn note_left_out(reader: &mut Reader, commit: &mut Commit) {
    let ([ours, theirs], Some(content)) = (&*commit.parents, commit.merge.as_mut()) else { return };
    match reader.left_out_by_merge(commit.tree, [*ours, *theirs]) {
        Ok(left_out) => content.unexplained.extend(left_out),
        Err(reason) => content.undecided = Some(reason.into()),
    }
}

/// All commits of a proposal as one; with a gap where that cannot be told.
fn as_one_commit(repository: &Repository, target: CommitId, head: CommitId, message: &str) -> Commit {
    match repository.squashed(head, target, message) {
        Ok(raw) => Extraction::new(repository, &FactsCache::none()).commit(&raw),
        Err(reason) => {
            let mut commit = nobodys_commit(message);
            commit.gaps.push(Gap { about: GapAbout::FileEdits, reason: reason.into() });
            commit
        }
    }
}

/// The text of a landing change without what it does.
fn text_only(message: &str, whole: &Commit) -> Commit {
    Commit { author: whole.author.clone(), committer: whole.committer.clone(), ..nobodys_commit(message) }
}

fn nobodys_commit(message: &str) -> Commit {
    let nobody =
        Signature { person: std::sync::Arc::new(Person::new("", "")), when: Moment::Unreadable("not committed yet".into()) };
    let zero = ObjectId::zero();
    Commit {
        id: CommitId(zero),
        tree: TreeId(zero),
        // One parent: the first commit of a history needs no reason, and this is none.
        parents: Box::new([CommitId(zero)]),
        author: nobody.clone(),
        committer: nobody,
        message: Text::from(message),
        signed: None,
        file_edits: Box::default(),
        paths_changed: 0,
        merge: None,
        policy_edits: Box::default(),
        gaps: Vec::new(),
    }
}
