//! Fragments of exports become whole records: proposals with the reviews that were exported beside them, each once.

use std::collections::{BTreeMap, BTreeSet};

use super::paging::PageSets;
use super::recorded::{
    Account, ByCommit, Forge, Fragment, LogEntry, ProposalKey, RecordedCheck, RecordedDecision, RecordedProposal, RecordedReview,
    ReviewLog,
};
use super::votes::replay;
use crate::text::{CommitId, utc_seconds};

/// Joins what belongs together; what contradicts, or belongs to nothing, becomes a gap. `missing` takes what pages tell about
/// proposals that are not there.
pub(super) fn join(fragments: Vec<Fragment>, gaps: &mut Vec<String>, missing: &mut Vec<String>) -> Vec<RecordedProposal> {
    let mut proposals: BTreeMap<ProposalKey, RecordedProposal> = BTreeMap::new();
    let (mut beside, mut by_commit) = (Vec::new(), Vec::new());
    let mut logs: BTreeMap<ProposalKey, Vec<LogEntry>> = BTreeMap::new();
    let mut pages = PageSets::default();
    for fragment in fragments {
        match fragment {
            Fragment::Proposal(proposal) => add_proposal(&mut proposals, *proposal, gaps),
            Fragment::Reviews(..) | Fragment::Commits(..) => beside.push(fragment),
            Fragment::Log(key, log) => logs.entry(key).or_default().extend(log),
            Fragment::ByCommit(fragment) => by_commit.push(*fragment),
            Fragment::Page(page) => pages.add(page),
            Fragment::Ticket(_) | Fragment::OfTickets(_) | Fragment::Nothing => {}
        }
    }
    beside.extend(logs.into_iter().map(|(key, log)| Fragment::Reviews(key, replay(log))));
    let mut by_id: ById = BTreeMap::new();
    for key in proposals.keys().filter(|_| !beside.is_empty()) {
        by_id.entry((key.forge, key.id.clone())).or_default().push(key.clone());
    }
    for fragment in beside {
        attach(&mut proposals, &by_id, fragment, gaps);
    }
    let (of_checks, by_commit) = by_commit.into_iter().partition(|fragment| fragment.checks.is_some());
    attach_by_commit(&mut proposals, by_commit, gaps);
    attach_checks(&mut proposals, of_checks);
    let pages = pages.missing();
    gaps.extend(pages.gaps);
    missing.extend(pages.proposals);
    for key in &pages.reviews {
        // What names no repository may be about each that has this number.
        for (_, proposal) in proposals.iter_mut().filter(|(other, _)| is_of(other, key)) {
            proposal.has_all_reviews = false;
        }
    }
    for proposal in proposals.values_mut() {
        name_heads(proposal);
        settle(&mut proposal.reviews);
        proposal.checks.sort_unstable();
        proposal.checks.dedup();
    }
    proposals.into_values().collect()
}

/// Proposals by forge and number, over all repositories.
type ById = BTreeMap<(Forge, String), Vec<ProposalKey>>;

/// Whether a record that may not name its repository can be about a proposal.
fn is_of(proposal: &ProposalKey, record: &ProposalKey) -> bool {
    let same = proposal.repository == record.repository || proposal.repository.is_empty() || record.repository.is_empty();
    same && (proposal.forge, &proposal.id) == (record.forge, &record.id)
}

fn key(proposal: &RecordedProposal) -> ProposalKey {
    ProposalKey { forge: proposal.forge, repository: proposal.repository.clone(), id: proposal.id.clone() }
}

fn add_proposal(proposals: &mut BTreeMap<ProposalKey, RecordedProposal>, proposal: RecordedProposal, gaps: &mut Vec<String>) {
    let Some(known) = proposals.get_mut(&key(&proposal)) else {
        proposals.insert(key(&proposal), proposal);
        return;
    };
    let differs = (known.state, &known.head, &known.merged_at) != (proposal.state, &proposal.head, &proposal.merged_at);
    if differs {
        gaps.push(format!(
            "{} is told differently in {} and {}; the first counts",
            proposal.id, known.place.file, proposal.place.file
        ));
    }
    add_commits(&mut known.landed, proposal.landed);
    add_commits(&mut known.commits, proposal.commits);
    add_reviews(known, proposal.reviews);
    known.tells_reviews |= proposal.tells_reviews;
    known.has_all_reviews |= proposal.has_all_reviews;
    known.last_pusher = known.last_pusher.take().or(proposal.last_pusher);
    add_checks(known, proposal.tells_checks.then_some(proposal.checks));
}

fn add_checks(proposal: &mut RecordedProposal, checks: Option<Vec<RecordedCheck>>) {
    proposal.tells_checks |= checks.is_some();
    proposal.checks.extend(checks.unwrap_or_default());
}

/// Adds the reviews of a list or a log, which can say something about reviews also where it has none.
fn add_log(proposal: &mut RecordedProposal, log: ReviewLog) {
    add_reviews(proposal, log.reviews);
    proposal.tells_reviews = true;
    proposal.pushes = proposal.pushes.or(log.pushes);
    proposal.last_pusher = log.last_pusher.or(proposal.last_pusher.take());
}

/// Names the commit of reviews whose log tells how many pushes came before them: the heads have to be as many as the pushes
/// and the first one, or some are missing. Where the log names later heads itself, only the first one is asked for.
fn name_heads(proposal: &mut RecordedProposal) {
    let heads = &proposal.heads;
    let all_there = proposal.pushes.is_none_or(|pushes| heads.len() == pushes + 1);
    let all_there = all_there && proposal.has_all_reviews;
    for review in proposal.reviews.iter_mut().filter(|review| all_there && review.commit.is_none()) {
        let may_ask = |before: &usize| proposal.pushes.is_some() || *before == 0;
        review.commit = review.pushes_before.filter(may_ask).and_then(|before| heads.get(before)).copied();
    }
}

fn add_commits(known: &mut Vec<CommitId>, commits: Vec<CommitId>) {
    let mut seen: BTreeSet<CommitId> = known.iter().copied().collect();
    known.extend(commits.into_iter().filter(|commit| seen.insert(*commit)));
}

fn add_reviews(proposal: &mut RecordedProposal, reviews: Vec<RecordedReview>) {
    if reviews.is_empty() {
        return;
    }
    let told = |review: &RecordedReview| {
        (review.reviewer.clone(), review.decision, review.at.clone(), review.commit, review.pushes_before)
    };
    let mut seen: BTreeSet<_> = proposal.reviews.iter().map(told).collect();
    proposal.reviews.extend(reviews.into_iter().filter(|review| seen.insert(told(review))));
}

/// Puts reviews or commits to the proposal that they name; an unnamed repository fits when only one proposal has the number.
fn attach(proposals: &mut BTreeMap<ProposalKey, RecordedProposal>, by_id: &ById, fragment: Fragment, gaps: &mut Vec<String>) {
    let (Fragment::Reviews(key, _) | Fragment::Commits(key, _)) = &fragment else { return };
    let numbered = by_id.get(&(key.forge, key.id.clone())).map(Vec::as_slice).unwrap_or_default();
    let found: Vec<&ProposalKey> = numbered.iter().filter(|other| is_of(other, key)).collect();
    let [only] = found.as_slice() else {
        let what = if found.is_empty() { "which is in no file" } else { "and several proposals have that number" };
        gaps.push(format!("reviews or commits were given for {} of `{}`, {what}", key.id, key.repository));
        return;
    };
    let Some(proposal) = proposals.get_mut(*only) else { return };
    match fragment {
        Fragment::Reviews(_, log) => add_log(proposal, log),
        Fragment::Commits(_, commits) => add_commits(&mut proposal.commits, commits),
        Fragment::Proposal(_)
        | Fragment::Log(..)
        | Fragment::Ticket(_)
        | Fragment::OfTickets(_)
        | Fragment::ByCommit(_)
        | Fragment::Page(_)
        | Fragment::Nothing => {}
    }
}

/// Sorts reviews, oldest first, and makes one of two that tell the same: a vote that stands, and the event of the log that
/// it came from, which may have no commit.
fn settle(reviews: &mut Vec<RecordedReview>) {
    reviews.sort_by(|left, right| left.at.cmp(&right.at));
    let (standing, mut timed): (Vec<_>, Vec<_>) = reviews.drain(..).partition(|review| review.at.is_none());
    *reviews = standing;
    timed = without_repeated(timed);
    let latest: BTreeMap<_, usize> =
        timed.iter().enumerate().map(|(index, review)| ((review.reviewer.clone(), review.decision), index)).collect();
    reviews.retain(|standing| {
        let event = latest.get(&(standing.reviewer.clone(), standing.decision)).and_then(|index| timed.get_mut(*index));
        // Nobody is not one person: of a deleted account, two votes may be of two people.
        let Some(event) = event.filter(|event| event.reviewer != Account::default()) else { return true };
        event.commit = standing.commit.or(event.commit);
        false
    });
    reviews.extend(timed);
}

/// Leaves out votes with a time and without a commit that an event of a log tells better: GitLab lists the approvals that
/// stand with the time of the note about each.
fn without_repeated(reviews: Vec<RecordedReview>) -> Vec<RecordedReview> {
    const SECONDS: u64 = 60;
    let seconds = |review: &RecordedReview| review.at.as_deref().and_then(utc_seconds).unwrap_or(0);
    let mut logged: BTreeMap<(Account, RecordedDecision), Vec<i64>> = BTreeMap::new();
    for review in reviews.iter().filter(|review| review.pushes_before.is_some()) {
        logged.entry((review.reviewer.clone(), review.decision)).or_default().push(seconds(review));
    }
    let is_repeated = |review: &RecordedReview| {
        let events = logged.get(&(review.reviewer.clone(), review.decision)).map(Vec::as_slice).unwrap_or_default();
        let is_near = |at: &i64| at.abs_diff(seconds(review)) <= SECONDS;
        review.commit.is_none() && review.pushes_before.is_none() && events.iter().any(is_near)
    };
    let kept: Vec<bool> = reviews.iter().map(|review| !is_repeated(review)).collect();
    reviews.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(review, _)| review).collect()
}

/// Puts commits and reviews to the proposal whose head, or landed commit, they name.
fn attach_by_commit(proposals: &mut BTreeMap<ProposalKey, RecordedProposal>, beside: Vec<ByCommit>, gaps: &mut Vec<String>) {
    if beside.is_empty() {
        return;
    }
    let mut by_commit: BTreeMap<CommitId, Vec<ProposalKey>> = BTreeMap::new();
    for proposal in proposals.values() {
        for commit in proposal.head.iter().chain(&proposal.landed) {
            by_commit.entry(*commit).or_default().push(key(proposal));
        }
    }
    for fragment in beside {
        let fits = |key: &&ProposalKey| {
            key.forge == fragment.forge
                && (key.repository == fragment.repository || key.repository.is_empty() || fragment.repository.is_empty())
        };
        let named = fragment.heads.iter().filter_map(|head| by_commit.get(head)).flatten().filter(fits);
        let mut named: Vec<&ProposalKey> = named.collect();
        named.sort_unstable();
        named.dedup();
        let Some(proposal) = (match named.as_slice() {
            [only] => proposals.get_mut(*only),
            _ => None,
        }) else {
            let what = if named.is_empty() { "of no proposal that was given" } else { "of several proposals" };
            gaps.push(format!("{}: {} names commits {what}", fragment.place.file, fragment.place.place));
            continue;
        };
        add_commits(&mut proposal.commits, fragment.commits);
        if proposal.heads.is_empty() {
            proposal.heads = fragment.all_heads;
        }
        if let Some(log) = fragment.reviews {
            add_log(proposal, log);
        }
    }
}

/// Puts results of checks to every proposal that has, or became, the commit they ran on.
fn attach_checks(proposals: &mut BTreeMap<ProposalKey, RecordedProposal>, beside: Vec<ByCommit>) {
    if beside.is_empty() {
        return;
    }
    let mut by_commit: BTreeMap<CommitId, Vec<Vec<RecordedCheck>>> = BTreeMap::new();
    for fragment in beside {
        for commit in fragment.heads {
            by_commit.entry(commit).or_default().extend(fragment.checks.clone());
        }
    }
    for proposal in proposals.values_mut() {
        let commits: BTreeSet<CommitId> =
            [&proposal.landed, &proposal.commits, &proposal.heads].into_iter().flatten().chain(&proposal.head).copied().collect();
        for checks in commits.iter().filter_map(|commit| by_commit.get(commit)).flatten() {
            add_checks(proposal, Some(checks.clone()));
        }
    }
}
