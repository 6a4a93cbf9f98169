//! Bitbucket Cloud (pull requests with participants, activity) and Data Center (pull requests with reviewers, activities).

use std::collections::BTreeMap;

use super::super::recorded::{
    Account, Forge, Fragment, ProposalKey, ProposalState, RecordedDecision, RecordedProposal, RecordedReview,
};
use super::reading::{Node, branch, proposal_address};
use super::votes::Votes;
use super::{Shape, key, proposals, reviews_by_commit};
use crate::text::CommitId;

/// Both kinds of server tell by themselves whether more follow.
const TOLD: &[usize] = &[];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        kind: "Bitbucket Cloud pull requests",
        page_sizes: TOLD,
        is: |item| item.names("id") && item.names("destination") && item.names("source") && item.names("state"),
        read: |items| proposals(items, cloud_pull),
    },
    Shape {
        kind: "Bitbucket Cloud activity",
        page_sizes: TOLD,
        is: |item| {
            item.has("pull_request/id")
                && ["update", "approval", "changes_requested", "comment"].iter().any(|name| item.names(name))
        },
        read: cloud_activity,
    },
    Shape {
        kind: "Bitbucket Data Center pull requests",
        page_sizes: TOLD,
        is: |item| item.names("id") && item.names("fromRef") && item.names("toRef"),
        read: |items| proposals(items, server_pull),
    },
    Shape {
        kind: "Bitbucket Data Center activities",
        page_sizes: TOLD,
        is: |item| item.names("action") && item.names("createdDate") && item.names("user"),
        read: server_activities,
    },
];

/// An account of Cloud, which has no login and no address: the account's id stands for the login.
fn cloud_account(item: &Node<'_>) -> Result<Account, String> {
    let id = ["account_id", "nickname", "uuid"].into_iter().find(|name| item.has(name)).unwrap_or("account_id");
    let is_bot = item.text("type")?.is_some_and(|kind| kind == "app_user");
    Ok(Account { login: item.words(id)?, name: item.words("display_name")?, mail: String::new(), is_bot })
}

fn cloud_pull(item: &Node<'_>) -> Result<RecordedProposal, String> {
    let state = state_of(item)?;
    let is_merged = state == ProposalState::Merged;
    let participants = item.list("participants")?;
    let tells_reviews = participants.is_some();
    let participants = participants.unwrap_or_default();
    let reviews = participants.iter().filter_map(|one| cloud_participant(one).transpose()).collect::<Result<_, _>>()?;
    Ok(RecordedProposal {
        forge: Forge::Bitbucket,
        repository: item.words("destination/repository/full_name")?,
        id: format!("#{}", item.required_number("id")?),
        change_id: None,
        title: item.required("title")?.to_owned(),
        body: item.words("description")?,
        author: item.account("author", cloud_account)?.unwrap_or_default(),
        state,
        target: item.text("destination/branch/name")?.map(branch),
        source: item.text("source/branch/name")?.map(branch),
        head: item.commit("source/commit/hash")?,
        commits: Vec::new(),
        landed: if is_merged { item.commit("merge_commit/hash")?.into_iter().collect() } else { Vec::new() },
        created_at: item.moment("created_on")?,
        // Older answers tell the moment of the merge in the activity only.
        merged_at: if is_merged { item.moment("closed_on")? } else { None },
        merged_by: if is_merged { item.account("closed_by", cloud_account)? } else { None },
        reviews,
        tells_reviews,
        place: item.place(),
    })
}

fn state_of(item: &Node<'_>) -> Result<ProposalState, String> {
    match item.required("state")? {
        "MERGED" => Ok(ProposalState::Merged),
        "OPEN" => Ok(ProposalState::Open),
        "DECLINED" | "SUPERSEDED" => Ok(ProposalState::Closed),
        _ => Err(item.wrong("state", "should be OPEN, MERGED, DECLINED or SUPERSEDED")),
    }
}

/// What a participant decided, and stands by.
fn cloud_participant(item: &Node<'_>) -> Result<Option<RecordedReview>, String> {
    let decision = match item.text("state")? {
        Some("approved") => RecordedDecision::Approved,
        Some("changes_requested") => RecordedDecision::Rejected,
        None if item.flag("approved")? => RecordedDecision::Approved,
        None => return Ok(None),
        Some(_) => return Err(item.wrong("state", "should be approved or changes_requested")),
    };
    let reviewer = item.account("user", cloud_account)?.unwrap_or_default();
    // The time of the last act, which may be a later comment, is not the time of the decision; the activity tells that.
    Ok(Some(RecordedReview { reviewer, decision, at: None, commit: None, place: item.place() }))
}

/// A log of one pull request.
#[derive(Default)]
struct Log {
    votes: Votes,
    /// The head of the source branch, as the log named it last.
    head: Option<CommitId>,
    heads: Vec<CommitId>,
}

/// The activity, oldest first: a decision is taken to be on the head that the log had named last.
fn cloud_activity(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut in_order = Vec::with_capacity(items.len());
    for item in items {
        let path = ["update/date", "approval/date", "changes_requested/date", "comment/created_on"];
        let path = path.into_iter().find(|path| item.has(path)).unwrap_or("update/date");
        in_order.push((item.moment(path)?, item));
    }
    // It comes newest first.
    in_order.reverse();
    in_order.sort_by(|left, right| left.0.cmp(&right.0));
    let mut logs: BTreeMap<ProposalKey, Log> = BTreeMap::new();
    for (at, item) in in_order {
        cloud_event(item, at, logs.entry(cloud_key(item)?).or_default())?;
    }
    Ok(logs.into_iter().map(|(key, log)| Fragment::Reviews(key, log.votes.into_reviews())).collect())
}

fn cloud_key(item: &Node<'_>) -> Result<ProposalKey, String> {
    let number = item.required_number("pull_request/id")?;
    let address = item.text("pull_request/links/self/href")?;
    let repository = address.and_then(|address| proposal_address(address, "/pullrequests/")).map_or("", |(name, _)| name);
    Ok(key(Forge::Bitbucket, repository, format!("#{number}")))
}

fn cloud_event(item: &Node<'_>, at: Option<String>, log: &mut Log) -> Result<(), String> {
    if item.has("update") {
        log.head = item.commit("update/source/commit/hash")?;
        return Ok(());
    }
    let events = [("approval", RecordedDecision::Approved), ("changes_requested", RecordedDecision::Rejected)];
    let Some((name, decision)) = events.into_iter().find(|(name, _)| item.has(name)) else { return Ok(()) };
    let reviewer = item.account(&format!("{name}/user"), cloud_account)?.unwrap_or_default();
    log.votes.add(RecordedReview { reviewer, decision, at, commit: log.head, place: item.place() });
    Ok(())
}

fn server_account(item: &Node<'_>) -> Result<Account, String> {
    Ok(Account {
        login: item.required("name")?.to_owned(),
        name: item.words("displayName")?,
        mail: item.words("emailAddress")?,
        is_bot: item.text("type")? == Some("SERVICE"),
    })
}

fn server_pull(item: &Node<'_>) -> Result<RecordedProposal, String> {
    let state = state_of(item)?;
    let is_merged = state == ProposalState::Merged;
    let reviewers = item.list("reviewers")?;
    let tells_reviews = reviewers.is_some();
    let reviewers = reviewers.unwrap_or_default();
    let reviews = reviewers.iter().filter_map(|one| server_reviewer(one).transpose()).collect::<Result<_, _>>()?;
    Ok(RecordedProposal {
        forge: Forge::Bitbucket,
        repository: server_repository(item)?,
        id: format!("#{}", item.required_number("id")?),
        change_id: None,
        title: item.required("title")?.to_owned(),
        body: item.words("description")?,
        author: item.account("author/user", server_account)?.unwrap_or_default(),
        state,
        target: item.text("toRef/id")?.map(branch),
        source: item.text("fromRef/id")?.map(branch),
        head: item.commit("fromRef/latestCommit")?,
        commits: Vec::new(),
        landed: if is_merged { item.commit("properties/mergeCommit/id")?.into_iter().collect() } else { Vec::new() },
        created_at: item.moment_since_1970("createdDate", 1000)?,
        merged_at: if is_merged { item.moment_since_1970("closedDate", 1000)? } else { None },
        merged_by: None,
        reviews,
        tells_reviews,
        place: item.place(),
    })
}

/// `PROJECT/repository`.
fn server_repository(item: &Node<'_>) -> Result<String, String> {
    let (project, name) = (item.text("toRef/repository/project/key")?, item.words("toRef/repository/slug")?);
    Ok(project.map_or(name.clone(), |project| format!("{project}/{name}")))
}

/// What a reviewer decided, and stands by; the time is in the activities only.
fn server_reviewer(item: &Node<'_>) -> Result<Option<RecordedReview>, String> {
    let decision = match item.required("status")? {
        "APPROVED" => RecordedDecision::Approved,
        "NEEDS_WORK" => RecordedDecision::Rejected,
        "UNAPPROVED" => return Ok(None),
        _ => return Err(item.wrong("status", "should be APPROVED, NEEDS_WORK or UNAPPROVED")),
    };
    let reviewer = item.account("user", server_account)?.unwrap_or_default();
    let commit = item.commit("lastReviewedCommit")?;
    Ok(Some(RecordedReview { reviewer, decision, at: None, commit, place: item.place() }))
}

/// The activities of one pull request, which only commits tie to it: those that were pushed, and the one it became.
fn server_activities(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut in_order = Vec::with_capacity(items.len());
    for item in items {
        in_order.push((item.required_number("createdDate")?, item.required_number("id")?, item));
    }
    in_order.sort_by_key(|(at, id, _)| (*at, *id));
    let mut log = Log::default();
    // Before the first push after the opening, the head is the one that this push replaced.
    let first_push = in_order.iter().find(|(_, _, item)| item.has("previousFromHash"));
    log.head = first_push.map(|(_, _, item)| item.commit("previousFromHash")).transpose()?.flatten();
    for (_, _, item) in in_order {
        server_event(item, &mut log)?;
    }
    let Some(first) = items.first() else { return Ok(Vec::new()) };
    Ok(vec![reviews_by_commit(Forge::Bitbucket, log.heads, log.votes.into_reviews(), first)])
}

fn server_event(item: &Node<'_>, log: &mut Log) -> Result<(), String> {
    let decision = match item.required("action")? {
        "APPROVED" => RecordedDecision::Approved,
        "REVIEWED" => RecordedDecision::Rejected,
        "UNAPPROVED" => RecordedDecision::Dismissed,
        "RESCOPED" => {
            log.head = item.commit("fromHash")?;
            log.heads.extend(log.head);
            return Ok(());
        }
        "MERGED" => {
            log.heads.extend(item.commit("commit/id")?);
            return Ok(());
        }
        _ => return Ok(()),
    };
    let reviewer = item.account("user", server_account)?.unwrap_or_default();
    let at = item.moment_since_1970("createdDate", 1000)?;
    log.votes.add(RecordedReview { reviewer, decision, at, commit: log.head, place: item.place() });
    Ok(())
}
