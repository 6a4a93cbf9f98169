//! Gerrit: changes of the REST interface and of `gerrit query --format=JSON`, with the votes on `Code-Review`.

use std::collections::BTreeMap;

use super::super::recorded::{Account, Forge, Fragment, ProposalState, RecordedDecision, RecordedProposal, RecordedReview};
use super::reading::{Node, branch};
use super::votes::Votes;
use super::{Shape, proposals};
use crate::text::CommitId;

/// The label that says whether somebody looked at it.
const LABEL: &str = "Code-Review";

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
    if let Some(last) = items.last()
        && last.flag("_more_changes")?
    {
        last.gap("more changes follow; whether they are in another file cannot be told".into());
    }
    proposals(items, change)
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
    Ok(RecordedProposal {
        forge: Forge::Gerrit,
        repository: item.required("project")?.to_owned(),
        id: item.required_number("_number")?.to_string(),
        change_id: Some(item.required("change_id")?.to_owned()),
        title: item.words("subject")?,
        body: head.map_or(Ok(String::new()), |head| item.words(&format!("revisions/{head}/commit/message")))?,
        author: item.account("owner", account)?.unwrap_or_default(),
        state,
        target: item.text("branch")?.map(branch),
        source: None,
        head,
        commits: Vec::new(),
        // The revision that a submit makes is the commit that landed, other than where it made a merge.
        landed: head.into_iter().filter(|_| is_merged).collect(),
        created_at: item.moment("created")?,
        merged_at: if is_merged { item.moment("submitted")? } else { None },
        merged_by: item.account("submitter", account)?,
        reviews,
        tells_reviews,
        place: item.place(),
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
    let commit = revisions.of_vote(item.number("_account_id")?, vote);
    Ok(Some(RecordedReview { reviewer, decision, at: item.moment("date")?, commit, place: item.place() }))
}

/// The commits of a change's revisions, and which of them each vote was given on.
struct Revisions {
    by_number: BTreeMap<i64, CommitId>,
    /// By voter and vote, from the messages: votes that were copied to later revisions stay on the one they were given on.
    votes: BTreeMap<(i64, i64), i64>,
}

impl Revisions {
    fn read(item: &Node<'_>, current: Option<CommitId>) -> Result<Self, String> {
        let mut by_number = BTreeMap::new();
        for (id, revision) in item.members("revisions")? {
            let commit = revision.commit_named("", id)?;
            by_number.extend(revision.number("_number")?.zip(commit));
        }
        by_number.extend(item.number("current_revision_number")?.zip(current));
        Ok(Self { by_number, votes: votes_in_messages(item)? })
    }

    fn of_vote(&self, voter: Option<i64>, vote: i64) -> Option<CommitId> {
        if let Some(number) = voter.and_then(|voter| self.votes.get(&(voter, vote))) {
            return self.by_number.get(number).copied();
        }
        // Revisions count from 1: where the first is all there is, the vote is on it.
        let is_only = self.by_number.len() == 1 && self.by_number.contains_key(&1);
        is_only.then(|| self.by_number.get(&1).copied()).flatten()
    }
}

/// The last revision on which each voter gave each vote, as messages tell: `Patch Set 2: Code-Review+2`.
fn votes_in_messages(item: &Node<'_>) -> Result<BTreeMap<(i64, i64), i64>, String> {
    let mut votes = BTreeMap::new();
    for message in item.list("messages")?.unwrap_or_default() {
        let line = message.text("message")?.unwrap_or_default().lines().next().unwrap_or_default();
        let vote = line.split_whitespace().find_map(|word| word.strip_prefix(LABEL)).and_then(|vote| vote.parse::<i64>().ok());
        let (author, number) = (message.number("author/_account_id")?, message.number("_revision_number")?);
        if let (Some(author), Some(number), Some(vote)) = (author, number, vote) {
            votes.insert((author, vote), number);
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
    Ok(RecordedProposal {
        forge: Forge::Gerrit,
        repository: item.required("project")?.to_owned(),
        id: number_of(item)?,
        change_id: Some(item.required("id")?.to_owned()),
        title: item.words("subject")?,
        body: item.words("commitMessage")?,
        author: item.account("owner", account)?.unwrap_or_default(),
        state,
        target: item.text("branch")?.map(branch),
        source: None,
        head,
        commits: Vec::new(),
        landed: head.into_iter().filter(|_| is_merged).collect(),
        created_at: item.moment_since_1970("createdOn", 1)?,
        merged_at: merged_at.flatten(),
        merged_by,
        reviews: log.into_reviews(),
        tells_reviews: !sets.is_empty(),
        place: item.place(),
    })
}

/// The number, which older versions write as a text.
fn number_of(item: &Node<'_>) -> Result<String, String> {
    match item.peek("number") {
        Some(serde_json::Value::String(number)) => Ok(number.clone()),
        _ => Ok(item.required_number("number")?.to_string()),
    }
}

/// What the patch sets of a change tell, oldest first.
#[derive(Default)]
struct PatchSets {
    /// By time, voter and vote: a vote that was copied to later patch sets stays on the first one.
    reviews: BTreeMap<(Option<String>, Account, RecordedDecision), RecordedReview>,
    submitted: Option<(Option<String>, Account)>,
}

impl PatchSets {
    fn into_reviews(self) -> Vec<RecordedReview> {
        let mut votes = Votes::default();
        self.reviews.into_values().for_each(|review| votes.add(review));
        votes.into_reviews()
    }

    fn read(&mut self, set: &Node<'_>) -> Result<(), String> {
        let commit = set.commit("revision")?;
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
            let Some(decision) = decision_of(vote, 2).filter(|_| kind == LABEL) else { continue };
            let review = RecordedReview { reviewer: by.clone(), decision, at: at.clone(), commit, place: approval.place() };
            self.reviews.entry((at, by, decision)).or_insert(review);
        }
        Ok(())
    }
}

/// The last line of an answer.
fn statistics(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    for item in items {
        if item.flag("moreChanges")? {
            item.gap("more changes follow; whether they are in another file cannot be told".into());
        }
    }
    Ok(vec![Fragment::Nothing])
}
