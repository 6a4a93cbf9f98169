//! Gerrit: changes of the REST interface and of `gerrit query --format=JSON`, with the votes on `Code-Review`.

use std::collections::BTreeMap;

use super::super::recorded::{
    Account, CheckConclusion, Forge, Fragment, LogEntry, LogEvent, Page, PageOf, ProposalState, RecordedCheck, RecordedDecision,
    RecordedProposal, RecordedReview,
};
use super::super::votes::replay;
use super::reading::{Node, branch};
use super::{Shape, blank, proposals, review_at};
use crate::text::CommitId;

/// The label that says whether somebody looked at it.
const LABEL: &str = "Code-Review";
/// The label that tells whether the automatic checks passed.
const CHECKS: &str = "Verified";

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        kind: "Gerrit changes (REST)",
        page_sizes: &[],
        is: |item| ["change_id", "_number", "project"].iter().all(|name| item.names(name)),
        read: changes,
    },
    Shape {
        kind: "Gerrit changes (gerrit query)",
        page_sizes: &[],
        is: |item| ["project", "branch", "id", "number", "owner"].iter().all(|name| item.names(name)),
        read: |items| proposals(items, line),
    },
    Shape {
        kind: "Gerrit changes (gerrit query)",
        page_sizes: &[],
        is: |item| item.names("rowCount") && item.names("runTimeMilliseconds"),
        read: statistics,
    },
];

fn account(item: &Node<'_>) -> Result<Account, String> {
    let tags = item.list("tags")?.unwrap_or_default();
    let is_bot = tags.iter().any(|tag| tag.value().as_str() == Some("SERVICE_USER"));
    let mut login = item.words("username")?;
    if login.is_empty()
        && let Some(number) = item.number("_account_id")?
    {
        login = number.to_string();
    }
    Ok(Account { login, name: item.words("name")?, mail: item.words("email")?, is_bot })
}

fn changes(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut fragments = proposals(items, change)?;
    if let Some(last) = items.last() {
        let set = format!("Gerrit changes of {}", last.required("project")?);
        fragments.push(page(set, last, items.len(), last.flag("_more_changes")?));
    }
    Ok(fragments)
}

fn page(set: String, item: &Node<'_>, rows: usize, has_more: bool) -> Fragment {
    Fragment::Page(Page { set, of: PageOf::Proposals, file: item.place().file, rows, total: None, has_more })
}

fn state_of(item: &Node<'_>) -> Result<ProposalState, String> {
    match item.required("status")? {
        "MERGED" => Ok(ProposalState::Merged),
        "ABANDONED" => Ok(ProposalState::Closed),
        "NEW" | "DRAFT" | "SUBMITTED" => Ok(ProposalState::Open),
        _ => Err(item.wrong("status", "should be NEW, MERGED or ABANDONED")),
    }
}

fn change(item: &Node<'_>) -> Result<RecordedProposal, String> {
    let state = state_of(item)?;
    let is_merged = state == ProposalState::Merged;
    let head = item.commit("current_revision")?;
    let revisions = Revisions::read(item, head)?;
    let votes = item.list(&format!("labels/{LABEL}/all"))?;
    let tells_reviews = votes.is_some();
    let best = best_vote(item);
    let votes = votes.unwrap_or_default();
    let reviews = votes.iter().filter_map(|vote| standing_vote(vote, best, &revisions).transpose()).collect::<Result<_, _>>()?;
    let verified = item.list(&format!("labels/{CHECKS}/all"))?;
    let tells_checks = verified.is_some();
    let checks = verified.unwrap_or_default();
    let checks = checks.iter().filter_map(|vote| standing_check(vote, &revisions).transpose()).collect::<Result<_, _>>()?;
    let merged_at = if is_merged { item.moment("submitted")? } else { None };
    Ok(RecordedProposal {
        repository: item.required("project")?.to_owned(),
        id: item.required_number("_number")?.to_string(),
        change_id: Some(item.required("change_id")?.to_owned()),
        title: item.words("subject")?,
        body: head.map_or(Ok(String::new()), |head| item.words(&format!("revisions/{head}/commit/message")))?,
        author: item.account("owner", account)?.unwrap_or_default(),
        state,
        target: item.text("branch")?.map(branch),
        head,
        // The revision that a submit makes is the commit that landed, other than where it made a merge.
        landed: head.into_iter().filter(|_| is_merged).collect(),
        // A change is one commit.
        is_squashed: true,
        created_at: item.moment("created")?,
        last_pusher: revisions.last_uploader(merged_at.as_deref()),
        merged_at,
        merged_by: item.account("submitter", account)?,
        reviews,
        tells_reviews,
        checks,
        tells_checks,
        ..blank(Forge::Gerrit, item)
    })
}

/// The best vote that the label has, which approves: 2 where the answer does not tell.
fn best_vote(item: &Node<'_>) -> i64 {
    let values = item.peek(&format!("labels/{LABEL}/values")).and_then(serde_json::Value::as_object);
    let values = values.into_iter().flat_map(serde_json::Map::keys).filter_map(|value| value.trim().parse::<i64>().ok());
    values.max().filter(|best| *best > 0).unwrap_or(2)
}

fn decision_of(vote: i64, best: i64) -> Option<RecordedDecision> {
    match vote {
        0 => None,
        vote if vote >= best => Some(RecordedDecision::Approved),
        vote if vote > 0 => Some(RecordedDecision::Commented),
        _ => Some(RecordedDecision::Rejected),
    }
}

fn standing_vote(item: &Node<'_>, best: i64, revisions: &Revisions) -> Result<Option<RecordedReview>, String> {
    let vote = item.number("value")?.unwrap_or(0);
    let Some(decision) = decision_of(vote, best) else { return Ok(None) };
    let reviewer = account(item)?;
    let commit = revisions.of_vote(item.number("_account_id")?, LABEL, vote);
    Ok(Some(review_at(item, reviewer, decision, item.moment("date")?, commit)))
}

/// A vote of the automatic checks; `+1` is that they passed.
fn standing_check(item: &Node<'_>, revisions: &Revisions) -> Result<Option<RecordedCheck>, String> {
    let vote = item.number("value")?.unwrap_or(0);
    let commit = revisions.of_vote(item.number("_account_id")?, CHECKS, vote);
    Ok(conclusion_of(vote).map(|conclusion| RecordedCheck { name: CHECKS.to_owned(), conclusion, commit, place: item.place() }))
}

fn conclusion_of(vote: i64) -> Option<CheckConclusion> {
    match vote {
        0 => None,
        vote if vote > 0 => Some(CheckConclusion::Passed),
        _ => Some(CheckConclusion::Failed),
    }
}

/// The commits of a change's revisions, and which of them each vote was given on.
struct Revisions {
    by_number: BTreeMap<i64, CommitId>,
    /// By voter, label and vote, from the messages: votes that were copied to later revisions stay on the one they were given on.
    votes: BTreeMap<(i64, &'static str, i64), i64>,
    /// When and by whom each was uploaded.
    uploads: BTreeMap<i64, (Option<String>, Option<Account>)>,
}

impl Revisions {
    fn read(item: &Node<'_>, current: Option<CommitId>) -> Result<Self, String> {
        let (mut by_number, mut uploads) = (BTreeMap::new(), BTreeMap::new());
        for (id, revision) in item.members("revisions")? {
            let commit = revision.commit_named("", id)?;
            let Some(number) = revision.number("_number")? else { continue };
            by_number.extend(commit.map(|commit| (number, commit)));
            uploads.insert(number, (revision.moment("created")?, revision.account("uploader", account)?));
        }
        by_number.extend(item.number("current_revision_number")?.zip(current));
        Ok(Self { by_number, votes: votes_in_messages(item)?, uploads })
    }

    /// Who uploaded the last one. A submit may make one more, at its own moment, which is nobody's push.
    fn last_uploader(&self, submitted: Option<&str>) -> Option<Account> {
        let mut pushed = self.uploads.values().filter(|(at, _)| submitted.is_none() || at.as_deref() != submitted);
        pushed.next_back().and_then(|(_, by)| by.clone())
    }

    fn of_vote(&self, voter: Option<i64>, label: &'static str, vote: i64) -> Option<CommitId> {
        if let Some(number) = voter.and_then(|voter| self.votes.get(&(voter, label, vote))) {
            return self.by_number.get(number).copied();
        }
        // Revisions count from 1: where the first is all there is, the vote is on it.
        let is_only = self.by_number.len() == 1 && self.by_number.contains_key(&1);
        is_only.then(|| self.by_number.get(&1).copied()).flatten()
    }
}

/// The last revision on which each voter gave each vote, as messages tell: `Patch Set 2: Code-Review+2 Verified+1`.
fn votes_in_messages(item: &Node<'_>) -> Result<BTreeMap<(i64, &'static str, i64), i64>, String> {
    let mut votes = BTreeMap::new();
    for message in item.list("messages")?.unwrap_or_default() {
        let line = message.text("message")?.unwrap_or_default().lines().next().unwrap_or_default();
        let (author, number) = (message.number("author/_account_id")?, message.number("_revision_number")?);
        let Some((author, number)) = author.zip(number) else { continue };
        for label in [LABEL, CHECKS] {
            let vote =
                line.split_whitespace().find_map(|word| word.strip_prefix(label)).and_then(|vote| vote.parse::<i64>().ok());
            votes.extend(vote.map(|vote| ((author, label, vote), number)));
        }
    }
    Ok(votes)
}

/// One line of `gerrit query`: patch sets with their approvals.
fn line(item: &Node<'_>) -> Result<RecordedProposal, String> {
    let state = state_of(item)?;
    let is_merged = state == ProposalState::Merged;
    let mut sets = item.list("patchSets")?.unwrap_or_default();
    let current = item.child("currentPatchSet")?;
    let head = match (&current, sets.last()) {
        (Some(current), _) => current.commit("revision")?,
        (None, Some(last)) => last.commit("revision")?,
        (None, None) => None,
    };
    // With all patch sets the current one is among them.
    if sets.is_empty() {
        sets.extend(current);
    }
    let mut log = PatchSets::default();
    for set in &sets {
        log.read(set)?;
    }
    let (merged_at, merged_by) = log.submitted.take().filter(|_| is_merged).unzip();
    let merged_at = merged_at.flatten();
    let mut uploads = log.uploads.iter().filter(|(at, _)| merged_at.is_none() || *at != merged_at);
    Ok(RecordedProposal {
        repository: item.required("project")?.to_owned(),
        id: number_of(item)?,
        change_id: Some(item.required("id")?.to_owned()),
        title: item.words("subject")?,
        body: item.words("commitMessage")?,
        author: item.account("owner", account)?.unwrap_or_default(),
        state,
        target: item.text("branch")?.map(branch),
        head,
        landed: head.into_iter().filter(|_| is_merged).collect(),
        is_squashed: true,
        created_at: item.moment_since_1970("createdOn", 1)?,
        last_pusher: uploads.next_back().and_then(|(_, by)| by.clone()),
        merged_at,
        merged_by,
        checks: log.checks,
        tells_checks: !sets.is_empty(),
        reviews: into_reviews(log.reviews),
        tells_reviews: !sets.is_empty(),
        ..blank(Forge::Gerrit, item)
    })
}

/// The number, which older versions write as a text.
fn number_of(item: &Node<'_>) -> Result<String, String> {
    match item.peek("number") {
        Some(serde_json::Value::String(number)) => Ok(number.clone()),
        _ => Ok(item.required_number("number")?.to_string()),
    }
}

/// Votes by time, voter and decision.
type Reviews = BTreeMap<(Option<String>, Account, RecordedDecision), RecordedReview>;

fn into_reviews(reviews: Reviews) -> Vec<RecordedReview> {
    let vote = |(number, review): (i64, RecordedReview)| LogEntry {
        at: review.at.clone(),
        number,
        event: LogEvent::Vote(Box::new(review)),
    };
    replay((0..).zip(reviews.into_values()).map(vote).collect()).reviews
}

/// What the patch sets of a change tell, oldest first.
#[derive(Default)]
struct PatchSets {
    /// By time, voter and vote: a vote that was copied to later patch sets stays on the first one.
    reviews: Reviews,
    submitted: Option<(Option<String>, Account)>,
    uploads: Vec<(Option<String>, Option<Account>)>,
    checks: Vec<RecordedCheck>,
}

impl PatchSets {
    fn read(&mut self, set: &Node<'_>) -> Result<(), String> {
        let commit = set.commit("revision")?;
        self.uploads.push((set.moment_since_1970("createdOn", 1)?, set.account("uploader", account)?));
        for approval in set.list("approvals")?.unwrap_or_default() {
            let at = approval.moment_since_1970("grantedOn", 1)?;
            let by = approval.account("by", account)?.unwrap_or_default();
            let kind = approval.required("type")?;
            if kind == "SUBM" {
                self.submitted = Some((at, by));
                continue;
            }
            let vote = approval.required("value")?;
            let vote = vote.trim().parse().map_err(|_| approval.wrong("value", "should be a whole number"))?;
            if kind == CHECKS {
                let check = |conclusion| RecordedCheck { name: CHECKS.to_owned(), conclusion, commit, place: approval.place() };
                self.checks.extend(conclusion_of(vote).map(check));
            }
            let Some(decision) = decision_of(vote, 2).filter(|_| kind == LABEL) else { continue };
            let review = review_at(&approval, by.clone(), decision, at.clone(), commit);
            self.reviews.entry((at, by, decision)).or_insert(review);
        }
        Ok(())
    }
}

/// The last line of an answer.
fn statistics(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    items.iter().map(|item| Ok(page("Gerrit changes (gerrit query)".into(), item, 0, item.flag("moreChanges")?))).collect()
}
