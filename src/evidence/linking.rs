//! Which recorded proposal brought each change, and whether what was reviewed is what landed.
//!
//! The landed commit id comes first, then the merged commits, then marks in the message. Time never decides content.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::exports::recorded::{Account, Forge, ProposalState, RecordedDecision, RecordedProposal, RecordedReview};
use super::{Claim, Decision, Dossier, Exports, Grade, Review};
use crate::changes::{Commit, MergeContent};
use crate::repository::{Reader, Repository};
use crate::text::{CommitId, Person};

/// The recorded proposal behind a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its position among the recorded proposals.
    pub proposal: usize,
    /// How it was found.
    pub linked_by: LinkedBy,
    /// What people call it: `#12`.
    pub id: String,
    /// Whether the export can say something about its reviews.
    pub tells_reviews: bool,
    /// Whether every review that the forge has is in the export, as far as its pages tell.
    pub has_all_reviews: bool,
    /// Everybody who wrote or pushed a part of it, as far as its commits and its log are here, and what they are to it: none of
    /// them can be its independent approver.
    pub authors: Vec<(Arc<Person>, &'static str)>,
    /// What else points to another proposal, as a sentence.
    pub conflict: Option<String>,
}

/// How a change was linked to its proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LinkedBy {
    /// The forge names the change's commit as what landed.
    LandedCommit,
    /// The change's commit is one of the proposal's own.
    OwnCommit,
    /// The change merges the proposal's newest commit.
    MergedHead,
    /// The change stands just before the landed commit of a rebase and has the patch of one of the proposal's commits.
    RebasedPatch,
    /// The message names it.
    Mark,
    /// The message has its Change-Id.
    ChangeId,
}

impl LinkedBy {
    /// The words for it in packs.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::LandedCommit => "landed commit id",
            Self::OwnCommit => "one of the proposal's commits",
            Self::MergedHead => "the merge of its newest commit",
            Self::RebasedPatch => "the patch of one of its commits",
            Self::Mark => "the mark in the message",
            Self::ChangeId => "the Change-Id",
        }
    }
}

/// What a forge recorded of a review beyond who and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewRecord {
    /// The commit that was looked at, where the forge keeps it.
    pub commit: Option<CommitId>,
    /// Whether that is what landed.
    pub content: OnContent,
    /// Whether it was given before the change arrived; `None` where a time is missing.
    pub before_arrival: Option<bool>,
    /// Whether it was taken back.
    pub dismissed: bool,
    /// Whether the reviewer opened the proposal.
    pub by_proposer: bool,
    /// Whether the forge says that the reviewer is no person.
    pub by_bot: bool,
}

/// Whether what was reviewed is what landed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OnContent {
    /// The very commit.
    SameCommit,
    /// Another commit with the same tree.
    SameTree,
    /// Another commit that changes the same lines in the same way.
    SamePatch,
    /// Something else.
    Different,
    /// It cannot be told, and why.
    Unknown(&'static str),
}

impl OnContent {
    /// The words for it in packs.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::SameCommit => "same-commit",
            Self::SameTree => "same-tree",
            Self::SamePatch => "same-patch",
            Self::Different => "no",
            Self::Unknown(_) => "unknown",
        }
    }
}

/// What linking leaves open.
#[derive(Debug, Default)]
pub(super) struct Unlinked {
    /// Merged proposals, by position, that arrived inside a change that is linked to another one, or to none: stacked ones,
    /// and those of a batch.
    pub arrived_inside: BTreeMap<usize, CommitId>,
    /// Changes that may be of a proposal whose commits the export does not list, and that proposal.
    pub may_be_of: BTreeMap<CommitId, String>,
}

/// Links every change to its proposal and takes over the reviews that were recorded.
pub(super) fn link(repository: &Repository, exports: &Exports, dossiers: &mut [Dossier]) -> Unlinked {
    if exports.proposals.is_empty() {
        return Unlinked::default();
    }
    let index = Index::of(&exports.proposals);
    let mut reader = repository.reader();
    for position in 0..dossiers.len() {
        if let Some(dossier) = dossiers.get_mut(position) {
            dossier.link = index.find(dossier).map(Box::new);
        }
    }
    link_rebased(&mut reader, &exports.proposals, dossiers);
    let groups = groups(dossiers);
    for group in groups {
        take_over(&mut reader, &exports.proposals, dossiers, group);
    }
    Unlinked { arrived_inside: index.arrived_inside(dossiers), may_be_of: may_be_of(&mut reader, &exports.proposals, dossiers) }
}

/// Proposals by what can point to them.
struct Index<'a> {
    proposals: &'a [RecordedProposal],
    landed: BTreeMap<CommitId, Vec<usize>>,
    own: BTreeMap<CommitId, Vec<usize>>,
    head: BTreeMap<CommitId, Vec<usize>>,
    marks: BTreeMap<&'a str, Vec<usize>>,
    change_ids: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn of(proposals: &'a [RecordedProposal]) -> Self {
        let empty = || (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let ((landed, own, head), (marks, change_ids)) = (empty(), (BTreeMap::new(), BTreeMap::new()));
        let mut index = Self { proposals, landed, own, head, marks, change_ids };
        for (position, proposal) in proposals.iter().enumerate().filter(|(_, one)| one.state == ProposalState::Merged) {
            for id in &proposal.landed {
                index.landed.entry(*id).or_default().push(position);
            }
            proposal.commits.iter().chain(&proposal.head).for_each(|id| index.own.entry(*id).or_default().push(position));
            if let Some(head) = proposal.head {
                index.head.entry(head).or_default().push(position);
            }
            index.marks.entry(proposal.id.as_str()).or_default().push(position);
            if let Some(change_id) = &proposal.change_id {
                index.change_ids.entry(change_id.as_str()).or_default().push(position);
            }
        }
        index
    }

    fn find(&self, dossier: &Dossier) -> Option<Link> {
        let commit = &dossier.change.commit;
        let by_mark = self.by_mark(dossier);
        let only =
            |found: Option<&Vec<usize>>| found.and_then(|found| if let [one] = found.as_slice() { Some(*one) } else { None });
        let landed = self.as_landed(commit).map(|found| (found, LinkedBy::LandedCommit));
        let own = || only(self.own.get(&commit.id)).map(|found| (found, LinkedBy::OwnCommit));
        let merged = || {
            let second = commit.parents.get(1)?;
            self.head.get(second).and_then(|found| found.first()).map(|found| (*found, LinkedBy::MergedHead))
        };
        let (proposal, linked_by) = landed.or_else(own).or_else(merged).or(by_mark)?;
        let other = by_mark.filter(|(marked, _)| *marked != proposal);
        let conflict = other.map(|(marked, how)| {
            let id = |position: usize| self.proposals.get(position).map_or("", |proposal| proposal.id.as_str());
            format!("by {} it is {}, by {} it would be {}", linked_by.words(), id(proposal), how.words(), id(marked))
        });
        Some(linked(self.proposals.get(proposal)?, proposal, linked_by, conflict))
    }

    /// The proposal that the forge says became this commit. Of several that landed through one another, it is the one whose
    /// head was merged.
    fn as_landed(&self, commit: &Commit) -> Option<usize> {
        let found = self.landed.get(&commit.id)?;
        let head = |position: &&usize| self.proposals.get(**position).and_then(|proposal| proposal.head);
        let is_merged = |position: &&usize| head(position).is_some_and(|head| commit.parents.get(1) == Some(&head));
        found.iter().find(is_merged).or(found.first()).copied()
    }

    /// Merged proposals that no change is linked to, whose head, or what it became, a change brought along.
    fn arrived_inside(&self, dossiers: &[Dossier]) -> BTreeMap<usize, CommitId> {
        let linked: BTreeSet<usize> = dossiers.iter().filter_map(|dossier| Some(dossier.link.as_ref()?.proposal)).collect();
        let mut inside = BTreeMap::new();
        for dossier in dossiers {
            let brought = self.landed.get(&dossier.change.id()).into_iter().flatten();
            let side = dossier.change.side_commits.iter().filter_map(|side| self.head.get(&side.id)).flatten();
            let others = brought.chain(side).filter(|position| !linked.contains(position));
            for position in others {
                inside.entry(*position).or_insert_with(|| dossier.change.id());
            }
        }
        inside
    }

    /// A mark is text that anybody can write: it links only to the one merged proposal of that name, and only where the forge
    /// does not tell itself as which commit that landed.
    fn by_mark(&self, dossier: &Dossier) -> Option<(usize, LinkedBy)> {
        let mut named = dossier.evidence.proposals().map(|claim| &*claim.value.id);
        let found = named.find_map(|id| {
            let change_id = self.change_ids.get(id).map(|found| (found, LinkedBy::ChangeId));
            let short = |mark: char| id.rfind(mark).and_then(|at| id.get(at..));
            let mark = self.marks.get(id).or_else(|| self.marks.get(short('#')?)).or_else(|| self.marks.get(short('!')?));
            change_id.or_else(|| mark.map(|found| (found, LinkedBy::Mark)))
        });
        let in_trailer = || {
            let is_change_id = |trailer: &&super::Trailer| trailer.in_block && trailer.key.eq_ignore_ascii_case("Change-Id");
            let trailer = dossier.evidence.trailers.iter().find(is_change_id)?;
            self.change_ids.get(&*trailer.value).map(|found| (found, LinkedBy::ChangeId))
        };
        let (found, how) = found.or_else(in_trailer)?;
        let [one] = found.as_slice() else { return None };
        self.proposals.get(*one).filter(|proposal| proposal.landed.is_empty()).map(|_| (*one, how))
    }
}

fn linked(proposal: &RecordedProposal, position: usize, linked_by: LinkedBy, conflict: Option<String>) -> Link {
    Link {
        proposal: position,
        linked_by,
        id: proposal.id.clone(),
        tells_reviews: proposal.tells_reviews,
        has_all_reviews: proposal.has_all_reviews,
        authors: Vec::new(),
        conflict,
    }
}

/// Changes just before the landed commit of a proposal with several commits: a rebase puts them there one by one.
fn link_rebased(reader: &mut Reader, proposals: &[RecordedProposal], dossiers: &mut [Dossier]) {
    for position in (1..dossiers.len()).rev() {
        let Some(link) = dossiers.get(position).and_then(|dossier| dossier.link.clone()) else { continue };
        let Some(proposal) = proposals.get(link.proposal).filter(|proposal| proposal.commits.len() > 1) else { continue };
        let Some(before) = dossiers.get(position - 1) else { continue };
        if link.linked_by != LinkedBy::LandedCommit && link.linked_by != LinkedBy::RebasedPatch || before.link.is_some() {
            continue;
        }
        let commit = &before.change.commit;
        let Some(patch) = reader.patch(commit.parents.first().copied(), commit.id) else { continue };
        let mut same = |id: &CommitId| {
            let parent = reader.first_parent_of(*id);
            parent.is_some_and(|parent| reader.patch(parent, *id) == Some(patch))
        };
        if commit.parents.len() == 1 && proposal.commits.iter().any(&mut same) {
            let found = linked(proposal, link.proposal, LinkedBy::RebasedPatch, None);
            if let Some(before) = dossiers.get_mut(position - 1) {
                before.link = Some(Box::new(found));
            }
        }
    }
}

/// Changes right before one that a proposal became, where that may have been the last of several: the export does not list its
/// commits, and not all of it landed as this one.
fn may_be_of(reader: &mut Reader, proposals: &[RecordedProposal], dossiers: &[Dossier]) -> BTreeMap<CommitId, String> {
    let mut found = BTreeMap::new();
    // The linked change behind, and whether it may have been the last of several, once somebody asks.
    let mut behind: Option<(&RecordedProposal, &Commit, Option<bool>)> = None;
    for dossier in dossiers.iter().rev() {
        let commit = &dossier.change.commit;
        if let Some(link) = &dossier.link {
            let proposal =
                proposals.get(link.proposal).filter(|proposal| proposal.commits.is_empty() && commit.parents.len() == 1);
            behind = proposal.map(|proposal| (proposal, commit, None));
            continue;
        }
        behind = behind.filter(|_| commit.parents.len() == 1);
        let Some((proposal, last, asked)) = &mut behind else { continue };
        if *asked.get_or_insert_with(|| !landed_at_once(reader, proposal, last)) {
            found.insert(commit.id, proposal.id.clone());
        }
    }
    found
}

/// Whether one commit holds all of a proposal, as a squash does.
fn landed_at_once(reader: &mut Reader, proposal: &RecordedProposal, commit: &Commit) -> bool {
    let before = commit.parents.first().copied();
    let Some(head) = proposal.head.filter(|head| *head != commit.id) else { return false };
    let base = before.and_then(|before| reader.common_ancestor(before, head));
    let whole = reader.root_tree(head).and_then(|_| reader.patch(base, head));
    proposal.is_squashed || whole.is_some() && whole == reader.patch(before, commit.id)
}

/// Neighbouring changes of one proposal: what was reviewed is held against all of them together.
fn groups(dossiers: &[Dossier]) -> Vec<std::ops::Range<usize>> {
    let proposal = |position: usize| dossiers.get(position).and_then(|dossier| dossier.link.as_ref()).map(|link| link.proposal);
    let mut groups: Vec<std::ops::Range<usize>> = Vec::new();
    for position in 0..dossiers.len() {
        if proposal(position).is_none() {
            continue;
        }
        match groups.last_mut() {
            Some(group) if group.end == position && proposal(group.start) == proposal(position) => group.end = position + 1,
            Some(_) | None => groups.push(position..position + 1),
        }
    }
    groups
}

fn take_over(reader: &mut Reader, proposals: &[RecordedProposal], dossiers: &mut [Dossier], group: std::ops::Range<usize>) {
    let Some(changes) = dossiers.get_mut(group) else { return };
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return };
    let Some(proposal) = last.link.as_ref().and_then(|link| proposals.get(link.proposal)) else { return };
    let landed = Landed {
        before: first.change.commit.parents.first().copied(),
        commit: last.change.id(),
        merged: last.change.commit.parents.get(1..).unwrap_or_default().into(),
        merge: last.change.commit.merge.clone(),
        arrived: proposal.merged_at.clone().or_else(|| last.change.commit.committer.when.known()?.to_utc()),
    };
    let reviews: Vec<Claim<Review>> = proposal.reviews.iter().map(|review| claim(reader, proposal, review, &landed)).collect();
    let merger = proposal.merged_by.as_ref().map(|account| recorded(Arc::new(account.person()), &proposal.place));
    let merged_at = proposal.merged_at.as_deref().map(|at| recorded(at.into(), &proposal.place));
    let authors = authors(reader, proposal, changes);
    for dossier in changes {
        if let Some(link) = &mut dossier.link {
            link.authors.clone_from(&authors);
        }
        dossier.evidence.reviews.extend(reviews.iter().cloned());
        dossier.evidence.merger = merger.clone().or_else(|| dossier.evidence.merger.take());
        dossier.evidence.merged_at = merged_at.clone().or_else(|| dossier.evidence.merged_at.take());
    }
}

/// Who wrote and committed the proposal's commits and wrote what they became, who pushed last, and who is named as a co-author
/// there; each once. Whoever committed what it became only let it land.
fn authors(reader: &mut Reader, proposal: &RecordedProposal, changes: &[Dossier]) -> Vec<(Arc<Person>, &'static str)> {
    let mut authors = Vec::new();
    for id in proposal.commits.iter().chain(&proposal.head) {
        let Some((author, committer)) = reader.author_and_committer(*id) else { continue };
        authors.push((author, "an author of the proposal"));
        let is_landed = proposal.landed.contains(id) || changes.iter().any(|dossier| dossier.change.id() == *id);
        authors.extend((!is_landed).then_some((committer, "a committer of the proposal")));
    }
    if changes.len() > 1 {
        let people = changes.iter().map(|dossier| dossier.change.commit.author.person.clone());
        let co_authors = changes.iter().flat_map(|dossier| &dossier.evidence.co_authors).map(|claim| claim.value.clone());
        authors.extend(people.chain(co_authors).map(|person| (person, "an author of the proposal")));
    }
    // The login joins further accounts of whoever opened it, through the register.
    let opener = Some(&proposal.author).filter(|opener| !opener.login.is_empty() && !opener.is_bot);
    authors.extend(opener.map(|opener| (Arc::new(opener.person()), "the author of the proposal")));
    authors.extend(proposal.last_pusher.as_ref().map(|pusher| (Arc::new(pusher.person()), "the last pusher")));
    authors.sort_unstable();
    authors.dedup_by(|later, earlier| later.0 == earlier.0);
    authors
}

/// What a proposal became.
struct Landed {
    before: Option<CommitId>,
    commit: CommitId,
    /// The merged commits, where it landed as a merge; several where a queue let a batch of proposals land at once.
    merged: Box<[CommitId]>,
    /// What the merge holds that none of its parents has.
    merge: Option<Box<MergeContent>>,
    arrived: Option<String>,
}

fn claim(reader: &mut Reader, proposal: &RecordedProposal, review: &RecordedReview, landed: &Landed) -> Claim<Review> {
    let before_arrival =
        review.at.as_deref().zip(landed.arrived.as_deref()).and_then(|(at, arrived)| Some(instant(at)? <= instant(arrived)?));
    let record = ReviewRecord {
        commit: review.commit,
        content: review.commit.map_or(OnContent::Unknown("the forge does not record which commit was reviewed"), |commit| {
            content(reader, commit, landed)
        }),
        before_arrival,
        dismissed: review.decision == RecordedDecision::Dismissed,
        by_proposer: is_same(&review.reviewer, &proposal.author),
        by_bot: review.reviewer.is_bot,
    };
    let value = Review {
        reviewer: Arc::new(review.reviewer.person()),
        decision: decision(review.decision),
        convention: convention(proposal.forge),
        quoted: false,
        at: review.at.as_deref().map(Into::into),
        record: Some(Box::new(record)),
    };
    recorded(value, &review.place)
}

fn recorded<T>(value: T, place: &super::exports::recorded::ExportPlace) -> Claim<T> {
    Claim { value, grade: Grade::Recorded, citation: place.citation() }
}

fn instant(written: &str) -> Option<chrono::DateTime<chrono::FixedOffset>> {
    chrono::DateTime::parse_from_rfc3339(written).ok()
}

/// Whether two accounts of one forge are the same.
fn is_same(left: &Account, right: &Account) -> bool {
    let same = |left: &str, right: &str| !left.is_empty() && left.eq_ignore_ascii_case(right);
    same(&left.login, &right.login) || same(&left.mail, &right.mail) || (left.login.is_empty() && same(&left.name, &right.name))
}

fn decision(decision: RecordedDecision) -> Decision {
    match decision {
        RecordedDecision::Approved => Decision::Approved,
        RecordedDecision::Rejected => Decision::Rejected,
        RecordedDecision::Commented | RecordedDecision::Dismissed => Decision::Commented,
    }
}

fn convention(forge: Forge) -> &'static str {
    match forge {
        Forge::GitHub => "GitHub review",
        Forge::GitLab => "GitLab approval",
        Forge::AzureDevOps => "Azure DevOps vote",
        Forge::Bitbucket => "Bitbucket approval",
        Forge::Gerrit => "Gerrit vote",
        Forge::Gitea => "Gitea review",
    }
}

/// Holds what was reviewed against what landed: the commit, then the tree, then the patch.
fn content(reader: &mut Reader, reviewed: CommitId, landed: &Landed) -> OnContent {
    if reviewed == landed.commit {
        return OnContent::SameCommit;
    }
    match &*landed.merged {
        [merged] if *merged == reviewed => return of_merge(landed.merge.as_deref()),
        merged if merged.contains(&reviewed) => {
            return OnContent::Unknown("other proposals landed in the same commit, and this approval is of one of them");
        }
        _ => {}
    }
    let Some(tree) = reader.root_tree(reviewed) else {
        return OnContent::Unknown("the reviewed commit is not in this clone");
    };
    if reader.root_tree(landed.commit) == Some(tree) {
        return OnContent::SameTree;
    }
    let base = landed.before.and_then(|before| reader.common_ancestor(before, reviewed));
    let patches = (reader.patch(base, reviewed), reader.patch(landed.before, landed.commit));
    match patches {
        (Some(approved), Some(arrived)) if approved == arrived => OnContent::SamePatch,
        (Some(_), Some(_)) => OnContent::Different,
        (None, _) | (_, None) => OnContent::Unknown("a file of the reviewed or the landed content cannot be read"),
    }
}

/// The merged head was reviewed: what landed is that, unless the merge adds something of its own.
fn of_merge(merge: Option<&MergeContent>) -> OnContent {
    match merge {
        Some(merge) if !merge.unexplained.is_empty() => OnContent::Different,
        Some(merge) if merge.undecided.is_none() => OnContent::SameCommit,
        Some(_) | None => OnContent::Unknown("whether the merge adds content of its own cannot be told"),
    }
}
