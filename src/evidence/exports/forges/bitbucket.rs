//! Bitbucket Cloud (pull requests with participants, activity) and Data Center (pull requests with reviewers, activities).

use std::collections::BTreeMap;

use super::super::recorded::{
    Account, Forge, Fragment, LogEntry, LogEvent, ProposalKey, ProposalState, RecordedDecision, RecordedProposal, RecordedReview,
};
use super::super::votes::replay;
use super::reading::{Node, branch, proposal_address};
use super::{Shape, blank, key, proposals, review_at, reviews_by_commit};

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
        repository: item.words("destination/repository/full_name")?,
        id: format!("#{}", item.required_number("id")?),
        title: item.required("title")?.to_owned(),
        body: item.words("description")?,
        author: item.account("author", cloud_account)?.unwrap_or_default(),
        state,
        target: item.text("destination/branch/name")?.map(branch),
        source: item.text("source/branch/name")?.map(branch),
        head: item.commit("source/commit/hash")?,
        landed: if is_merged { item.commit("merge_commit/hash")?.into_iter().collect() } else { Vec::new() },
        created_at: item.moment("created_on")?,
        // Older answers tell the moment of the merge in the activity only.
        merged_at: if is_merged { item.moment("closed_on")? } else { None },
        merged_by: if is_merged { item.account("closed_by", cloud_account)? } else { None },
        reviews,
        tells_reviews,
        ..blank(Forge::Bitbucket, item)
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
    Ok(Some(review_at(item, reviewer, decision, None, None)))
}

/// The activity: a decision is taken to be on the head that the log had named last.
fn cloud_activity(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut logs: BTreeMap<ProposalKey, Vec<LogEntry>> = BTreeMap::new();
    // It comes newest first.
    for (number, item) in (0..).zip(items.iter().rev()) {
        let path = ["update/date", "approval/date", "changes_requested/date", "comment/created_on"];
        let path = path.into_iter().find(|path| item.has(path)).unwrap_or("update/date");
        let at = item.moment(path)?;
        let event = cloud_event(item, at.clone())?;
        logs.entry(cloud_key(item)?).or_default().extend(event.map(|event| LogEntry { at, number, event }));
    }
    Ok(logs.into_iter().map(|(key, log)| Fragment::Log(key, log)).collect())
}

fn cloud_key(item: &Node<'_>) -> Result<ProposalKey, String> {
    let number = item.required_number("pull_request/id")?;
    let address = item.text("pull_request/links/self/href")?;
    let repository = address.and_then(|address| proposal_address(address, "/pullrequests/")).map_or("", |(name, _)| name);
    Ok(key(Forge::Bitbucket, repository, format!("#{number}")))
}

fn cloud_event(item: &Node<'_>, at: Option<String>) -> Result<Option<LogEvent>, String> {
    if item.has("update") {
        let by = item.account("update/author", cloud_account)?;
        return Ok(Some(LogEvent::Head { commit: item.commit("update/source/commit/hash")?, by }));
    }
    let events = [("approval", RecordedDecision::Approved), ("changes_requested", RecordedDecision::Rejected)];
    let Some((name, decision)) = events.into_iter().find(|(name, _)| item.has(name)) else { return Ok(None) };
    let reviewer = item.account(&format!("{name}/user"), cloud_account)?.unwrap_or_default();
    Ok(Some(LogEvent::Vote(Box::new(review_at(item, reviewer, decision, at, None)))))
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
        repository: server_repository(item)?,
        id: format!("#{}", item.required_number("id")?),
        title: item.required("title")?.to_owned(),
        body: item.words("description")?,
        author: item.account("author/user", server_account)?.unwrap_or_default(),
        state,
        target: item.text("toRef/id")?.map(branch),
        source: item.text("fromRef/id")?.map(branch),
        head: item.commit("fromRef/latestCommit")?,
        landed: if is_merged { item.commit("properties/mergeCommit/id")?.into_iter().collect() } else { Vec::new() },
        created_at: item.moment_since_1970("createdDate", 1000)?,
        merged_at: if is_merged { item.moment_since_1970("closedDate", 1000)? } else { None },
        reviews,
        tells_reviews,
        ..blank(Forge::Bitbucket, item)
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
    Ok(Some(review_at(item, reviewer, decision, None, commit)))
}

/// The activities of one pull request, which only commits tie to it: those that were pushed, and the one it became.
fn server_activities(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut in_order = Vec::with_capacity(items.len());
    let mut heads = Vec::new();
    for item in items {
        let at = item.required_number("createdDate")?;
        heads.extend(item.commit("fromHash")?.into_iter().chain(item.commit("commit/id")?));
        in_order.push((at, item.required_number("id")?, item));
    }
    in_order.sort_by_key(|(at, number, _)| (*at, *number));
    // Before the first push after the opening, the head is the one that this push replaced.
    let first_push = in_order.iter().find(|(_, _, item)| item.has("previousFromHash"));
    let commit = first_push.map(|(_, _, item)| item.commit("previousFromHash")).transpose()?.flatten();
    let mut log = vec![LogEntry { at: None, number: 0, event: LogEvent::Head { commit, by: None } }];
    for (number, (_, _, item)) in (1..).zip(in_order) {
        log.extend(server_event(item)?.map(|event| LogEntry { at: None, number, event }));
    }
    Ok(items.first().map(|first| reviews_by_commit(Forge::Bitbucket, heads, replay(log), first)).into_iter().collect())
}

fn server_event(item: &Node<'_>) -> Result<Option<LogEvent>, String> {
    let user = item.account("user", server_account)?;
    let decision = match item.required("action")? {
        "APPROVED" => RecordedDecision::Approved,
        "REVIEWED" => RecordedDecision::Rejected,
        "UNAPPROVED" => RecordedDecision::Dismissed,
        "RESCOPED" => return Ok(Some(LogEvent::Head { commit: item.commit("fromHash")?, by: user })),
        _ => return Ok(None),
    };
    let at = item.moment_since_1970("createdDate", 1000)?;
    Ok(Some(LogEvent::Vote(Box::new(review_at(item, user.unwrap_or_default(), decision, at, None)))))
}
