//! Azure DevOps: pull requests with the votes that stand, threads with votes and pushes as they came, iterations and commits.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::recorded::{
    Account, ByCommit, Forge, Fragment, LogEntry, LogEvent, ProposalKey, ProposalState, RecordedDecision, RecordedProposal,
    RecordedReview,
};
use super::super::votes::replay;
use super::reading::{Node, branch, number_after};
use super::{Shape, blank, by_commit, key, proposals, review_at, reviews_by_commit};
use crate::text::CommitId;

/// Rows of a full page: what the service and the command line give where nothing else is asked for, and what is often asked for.
const PAGE_SIZES: &[usize] = &[50, 100, 101, 1000];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        kind: "Azure DevOps pull requests",
        page_sizes: PAGE_SIZES,
        is: |item| item.names("pullRequestId") && item.names("targetRefName"),
        read: |items| proposals(items, pull),
    },
    Shape {
        kind: "Azure DevOps threads",
        page_sizes: &[],
        is: |item| item.names("comments") && item.names("publishedDate") && item.names("properties"),
        read: threads,
    },
    Shape {
        kind: "Azure DevOps iterations",
        page_sizes: &[],
        is: |item| item.names("sourceRefCommit") && item.names("id"),
        read: iterations,
    },
    Shape {
        kind: "Azure DevOps commits of a pull request",
        page_sizes: PAGE_SIZES,
        is: |item| item.names("commitId") && item.names("comment") && item.names("committer"),
        read: commits,
    },
];

fn account(item: &Node<'_>) -> Result<Account, String> {
    let login = item.words("uniqueName")?;
    let mail = if login.contains('@') { login.clone() } else { String::new() };
    let is_service = item.text("descriptor")?.is_some_and(|descriptor| descriptor.starts_with("svc."));
    Ok(Account { is_bot: is_service || login.starts_with("Build\\"), name: item.words("displayName")?, mail, login })
}

fn pull(item: &Node<'_>) -> Result<RecordedProposal, String> {
    let state = match item.required("status")? {
        "completed" => ProposalState::Merged,
        "abandoned" => ProposalState::Closed,
        "active" => ProposalState::Open,
        _ => return Err(item.wrong("status", "should be active, abandoned or completed")),
    };
    let is_merged = state == ProposalState::Merged;
    let landed = item.commit("lastMergeCommit/commitId")?;
    let head = item.commit("lastMergeSourceCommit/commitId")?;
    let votes = item.list("reviewers")?;
    let tells_reviews = votes.is_some();
    let reviews =
        votes.unwrap_or_default().iter().filter_map(|vote| standing_vote(vote).transpose()).collect::<Result<_, _>>()?;
    Ok(RecordedProposal {
        repository: repository(item)?,
        id: format!("PR {}", item.required_number("pullRequestId")?),
        title: item.required("title")?.to_owned(),
        body: item.words("description")?,
        author: item.account("createdBy", account)?.unwrap_or_default(),
        state,
        target: item.text("targetRefName")?.map(branch),
        source: item.text("sourceRefName")?.map(branch),
        head,
        // Before it lands, the service names the commit of a trial merge here.
        landed: landed.into_iter().filter(|_| is_merged).collect(),
        is_squashed: item.flag("completionOptions/squashMerge")?
            || item.text("completionOptions/mergeStrategy")?.is_some_and(|strategy| strategy.eq_ignore_ascii_case("squash")),
        created_at: item.moment("creationDate")?,
        merged_at: if is_merged { item.moment("closedDate")? } else { None },
        merged_by: if is_merged { item.account("closedBy", account)? } else { None },
        reviews,
        tells_reviews,
        ..blank(Forge::AzureDevOps, item)
    })
}

/// `project/repository`.
fn repository(item: &Node<'_>) -> Result<String, String> {
    let (project, name) = (item.text("repository/project/name")?, item.words("repository/name")?);
    Ok(project.map_or(name.clone(), |project| format!("{project}/{name}")))
}

/// A vote as it stands, which has no time; none for no vote, and for a group, which repeats what its members voted.
fn standing_vote(item: &Node<'_>) -> Result<Option<RecordedReview>, String> {
    let vote = item.required_number("vote")?;
    if item.flag("isContainer")? {
        return Ok(None);
    }
    let Some(decision) = decision_of(vote).map_err(|problem| item.wrong("vote", problem))? else { return Ok(None) };
    let reviewer = account(item)?;
    Ok(Some(review_at(item, reviewer, decision, None, None)))
}

/// 10 approved, 5 approved with suggestions, 0 none, -5 waits for the author, -10 rejected.
fn decision_of(vote: i64) -> Result<Option<RecordedDecision>, &'static str> {
    match vote {
        10 | 5 => Ok(Some(RecordedDecision::Approved)),
        0 => Ok(None),
        -5 | -10 => Ok(Some(RecordedDecision::Rejected)),
        _ => Err("should be one of 10, 5, 0, -5, -10"),
    }
}

/// Threads in the order in which the service numbered them. A vote is taken to be on the head that the log had named last:
/// the service keeps that order itself, but not the commit of a vote. Before the first push that the log has, it is on the
/// first head, which the iterations name.
fn threads(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut logs: BTreeMap<Option<ProposalKey>, Vec<LogEntry>> = BTreeMap::new();
    for item in items {
        // The number alone tells the order.
        let number = item.required_number("id")?;
        let entry = thread(item)?.map(|event| LogEntry { at: None, number, event });
        logs.entry(proposal_of(item)?).or_default().extend(entry);
    }
    let Some(first) = items.first() else { return Ok(Vec::new()) };
    let fragment = |(key, log): (Option<ProposalKey>, Vec<LogEntry>)| match key {
        Some(key) => Fragment::Log(key, log),
        None => reviews_by_commit(Forge::AzureDevOps, last_head(&log), replay(log), first),
    };
    Ok(logs.into_iter().map(fragment).collect())
}

fn last_head(log: &[LogEntry]) -> Vec<CommitId> {
    let heads = log.iter().filter_map(|entry| match entry.event {
        LogEvent::Head { commit, .. } => Some((entry.number, commit?)),
        LogEvent::Vote(_) | LogEvent::Push { .. } | LogEvent::PushesAreTold | LogEvent::Reset(_) => None,
    });
    heads.max().map(|(_, commit)| commit).into_iter().collect()
}

/// The pull request in the address of a thread, or of its first comment; old versions give neither.
fn proposal_of(item: &Node<'_>) -> Result<Option<ProposalKey>, String> {
    let comments = item.list("comments")?.unwrap_or_default();
    let addresses =
        [item.text("_links/self/href")?, comments.first().map(|comment| comment.text("_links/self/href")).transpose()?.flatten()];
    let number = addresses.into_iter().flatten().find_map(|address| number_after(address, "/pullRequests/"));
    Ok(number.map(|number| key(Forge::AzureDevOps, "", format!("PR {number}"))))
}

fn thread(item: &Node<'_>) -> Result<Option<LogEvent>, String> {
    let Some(kind) = property(item, "CodeReviewThreadType")? else { return Ok(None) };
    Ok(match kind.as_str() {
        "RefUpdate" => {
            let by = identity(item, "CodeReviewRefUpdatedByIdentity")?;
            Some(LogEvent::Head { commit: head(item, "CodeReviewRefNewHeadCommit")?, by })
        }
        "MergeAttempt" => head(item, "CodeReviewSourceCommit")?.map(|commit| LogEvent::Head { commit: Some(commit), by: None }),
        "ResetAllVotes" | "ResetMultipleVotes" => Some(LogEvent::Reset(None)),
        "VoteUpdate" => Some(LogEvent::Vote(Box::new(vote(item)?))),
        _ => None,
    })
}

fn head(item: &Node<'_>, name: &str) -> Result<Option<CommitId>, String> {
    let named = property(item, name)?;
    named.map_or(Ok(None), |commit| item.commit_named(&format!("properties/{name}/$value"), &commit))
}

fn vote(item: &Node<'_>) -> Result<RecordedReview, String> {
    let name = "CodeReviewVoteResult";
    let path = format!("properties/{name}/$value");
    let vote = property(item, name)?.ok_or_else(|| item.wrong(&path, "is missing"))?;
    let vote = vote.parse().map_err(|_| item.wrong(&path, "should be a whole number"))?;
    let decision = decision_of(vote).map_err(|problem| item.wrong(&path, problem))?.unwrap_or(RecordedDecision::Dismissed);
    Ok(review_at(item, voter(item)?, decision, item.moment("publishedDate")?, None))
}

/// The voter among the thread's identities; in old versions only a name is there.
fn voter(item: &Node<'_>) -> Result<Account, String> {
    if let Some(account) = identity(item, "CodeReviewVotedByIdentity")? {
        return Ok(account);
    }
    let name =
        property(item, "CodeReviewVotedByDisplayName")?.ok_or_else(|| item.wrong("identities", "should name the voter"))?;
    Ok(Account { name, ..Account::default() })
}

/// The identity whose number a property has.
fn identity(item: &Node<'_>, name: &str) -> Result<Option<Account>, String> {
    property(item, name)?.map_or(Ok(None), |number| item.account(&format!("identities/{number}"), account))
}

/// A property of a thread, which is a text or a number beside its type.
fn property(item: &Node<'_>, name: &str) -> Result<Option<String>, String> {
    let Some(property) = item.child(&format!("properties/{name}"))? else { return Ok(None) };
    match property.peek("$value") {
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => {
            Err(property.wrong("$value", "should be a text or a number"))
        }
    }
}

/// The heads that a pull request had, one after the other. They are no commits of what landed where a push replaced them;
/// which of them a vote was on is told by the threads.
fn iterations(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut heads = Vec::with_capacity(items.len());
    for item in items {
        heads.push((item.required_number("id")?, item.commit("sourceRefCommit/commitId")?, item));
    }
    heads.sort_by_key(|(id, ..)| *id);
    let Some((_, newest, item)) = heads.last().copied() else { return Ok(Vec::new()) };
    // Iterations count from 1.
    let is_whole = (1..).zip(&heads).all(|(number, (id, commit, _))| *id == number && commit.is_some());
    let all_heads = heads.iter().filter_map(|(_, commit, _)| *commit).filter(|_| is_whole).collect();
    let beside = ByCommit { all_heads, ..by_commit(Forge::AzureDevOps, "", newest.into_iter().collect(), item) };
    Ok(vec![Fragment::ByCommit(Box::new(beside))])
}

/// The commits of one pull request, newest first; their parents are not told.
fn commits(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let read = items.iter().filter_map(|item| item.commit("commitId").transpose()).collect::<Result<Vec<_>, _>>()?;
    let Some(item) = items.first() else { return Ok(Vec::new()) };
    let newest = read.first().copied().into_iter().collect();
    let beside = ByCommit { commits: read, ..by_commit(Forge::AzureDevOps, "", newest, item) };
    Ok(vec![Fragment::ByCommit(Box::new(beside))])
}
