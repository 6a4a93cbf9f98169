//! GitLab: merge requests, approvals, approval states, notes and commits of the REST interface.

use std::collections::BTreeMap;

use super::super::recorded::{
    Account, ByCommit, CheckConclusion, Forge, Fragment, LogEntry, LogEvent, ProposalKey, ProposalState, RecordedCheck,
    RecordedDecision, RecordedProposal, RecordedReview,
};
use super::reading::{Node, branch};
use super::{Shape, blank, by_commit, checks_by_commit, commit_list, key, proposals, review_at};
use crate::text::{CommitId, ObjectId};

/// Rows of a full page: the default and the largest.
const PAGE_SIZES: &[usize] = &[20, 100];

pub(super) const SHAPES: &[Shape] = &[
    Shape {
        kind: "GitLab merge requests",
        page_sizes: PAGE_SIZES,
        is: |item| ["iid", "source_branch", "target_branch"].iter().all(|name| item.names(name)),
        read: |items| proposals(items, merge_request),
    },
    Shape { kind: "GitLab approvals", page_sizes: &[], is: is_approvals, read: |items| each(items, approvals) },
    Shape {
        kind: "GitLab approval state",
        page_sizes: &[],
        is: |item| item.names("approval_rules_overwritten") && item.names("rules"),
        read: |items| each(items, approval_state),
    },
    Shape {
        kind: "GitLab notes",
        page_sizes: PAGE_SIZES,
        is: |item| {
            item.names("noteable_iid") && item.peek("noteable_type").and_then(serde_json::Value::as_str) == Some("MergeRequest")
        },
        read: notes,
    },
    Shape {
        kind: "GitLab commits of a merge request",
        page_sizes: PAGE_SIZES,
        is: |item| ["short_id", "parent_ids", "id"].iter().all(|name| item.names(name)),
        read: commits,
    },
    Shape {
        kind: "GitLab versions of a merge request",
        page_sizes: PAGE_SIZES,
        is: |item| item.names("head_commit_sha") && item.names("merge_request_id"),
        read: versions,
    },
    Shape { kind: "GitLab pipelines", page_sizes: PAGE_SIZES, is: is_pipeline, read: pipelines },
];

fn is_pipeline(item: &Node<'_>) -> bool {
    ["sha", "ref", "status", "web_url"].iter().all(|name| item.names(name)) && !item.names("title") && !item.names("stage")
}

fn is_approvals(item: &Node<'_>) -> bool {
    item.names("approved_by") && !item.names("target_branch") && !item.names("rule_type")
}

fn each(items: &[Node<'_>], read: fn(&Node<'_>) -> Result<Fragment, String>) -> Result<Vec<Fragment>, String> {
    items.iter().map(read).collect()
}

fn account(item: &Node<'_>) -> Result<Account, String> {
    let login = item.required("username")?.to_owned();
    let mail = if item.has("email") { item.words("email")? } else { item.words("public_email")? };
    Ok(Account { is_bot: item.flag("bot")? || is_token_user(&login), name: item.words("name")?, mail, login })
}

/// Users that GitLab makes for access tokens: `project_12_bot`, `group_7_bot_1a2b…`.
fn is_token_user(login: &str) -> bool {
    let rest = login.strip_prefix("project_").or_else(|| login.strip_prefix("group_"));
    let rest = rest.map(|rest| (rest, rest.trim_start_matches(|character: char| character.is_ascii_digit())));
    rest.is_some_and(|(all, rest)| rest.len() < all.len() && (rest == "_bot" || rest.starts_with("_bot_")))
}

fn merge_request(item: &Node<'_>) -> Result<RecordedProposal, String> {
    let state = match item.required("state")? {
        "merged" => ProposalState::Merged,
        "closed" => ProposalState::Closed,
        // It is locked while it lands.
        "opened" | "locked" => ProposalState::Open,
        _ => return Err(item.wrong("state", "should be opened, closed, locked or merged")),
    };
    let merger = if item.has("merge_user") { "merge_user" } else { "merged_by" };
    let head = item.commit("sha")?;
    let pipeline = if item.names("head_pipeline") { "head_pipeline" } else { "pipeline" };
    let check = item.child(pipeline)?.map(|pipeline| check(&pipeline)).transpose()?;
    Ok(RecordedProposal {
        repository: project(item)?,
        id: format!("!{}", item.required_number("iid")?),
        title: item.required("title")?.to_owned(),
        body: item.words("description")?,
        author: item.account("author", account)?.unwrap_or_default(),
        state,
        target: item.text("target_branch")?.map(branch),
        source: item.text("source_branch")?.map(branch),
        head,
        landed: if state == ProposalState::Merged { landed(item, head)? } else { Vec::new() },
        is_squashed: item.has("squash_commit_sha"),
        created_at: item.moment("created_at")?,
        merged_at: item.moment("merged_at")?,
        merged_by: item.account(merger, account)?,
        checks: check.into_iter().collect(),
        tells_checks: item.names(pipeline),
        ..blank(Forge::GitLab, item)
    })
}

/// The merge and the squash; without either it landed as it was (fast-forward).
fn landed(item: &Node<'_>, head: Option<CommitId>) -> Result<Vec<CommitId>, String> {
    let made = [item.commit("merge_commit_sha")?, item.commit("squash_commit_sha")?];
    let made: Vec<CommitId> = made.into_iter().flatten().collect();
    Ok(if made.is_empty() { head.into_iter().collect() } else { made })
}

/// `group/project` of `references.full`, or of the address where an old version does not give it.
fn project(item: &Node<'_>) -> Result<String, String> {
    if let Some(full) = item.text("references/full")? {
        return Ok(full.rsplit_once('!').map_or(full, |(project, _)| project).to_owned());
    }
    let from_address = item.text("web_url")?.and_then(|address| {
        let (before, _) = address.rsplit_once("/merge_requests/")?;
        let (_, path) = before.split_once("://")?.1.split_once('/')?;
        Some(path.strip_suffix("/-").unwrap_or(path))
    });
    Ok(from_address.unwrap_or_default().to_owned())
}

/// The approvals that stand; GitLab does not tell for which commit, and only newer versions tell when.
fn approvals(item: &Node<'_>) -> Result<Fragment, String> {
    let mut reviews = Vec::new();
    for approval in item.list("approved_by")?.unwrap_or_default() {
        let reviewer = approval.account("user", account)?.ok_or_else(|| approval.wrong("user", "is missing"))?;
        reviews.push(approval_of(reviewer, approval.moment("approved_at")?, &approval));
    }
    of_request(item, reviews)
}

/// The approvals that stand, rule by rule; a person may be in several.
fn approval_state(item: &Node<'_>) -> Result<Fragment, String> {
    let mut reviews: BTreeMap<Account, RecordedReview> = BTreeMap::new();
    for rule in item.list("rules")?.unwrap_or_default() {
        for approver in rule.list("approved_by")?.unwrap_or_default() {
            let reviewer = account(&approver)?;
            reviews.entry(reviewer.clone()).or_insert_with(|| approval_of(reviewer, None, &approver));
        }
    }
    of_request(item, reviews.into_values().collect())
}

fn approval_of(reviewer: Account, at: Option<String>, item: &Node<'_>) -> RecordedReview {
    review_at(item, reviewer, RecordedDecision::Approved, at, None)
}

/// Ties reviews to the merge request that the answer names; without a paid plan, and in an approval state, it names none.
fn of_request(item: &Node<'_>, reviews: Vec<RecordedReview>) -> Result<Fragment, String> {
    if let Some(iid) = item.number("iid")? {
        return Ok(Fragment::Reviews(key(Forge::GitLab, "", format!("!{iid}")), reviews.into()));
    }
    let count = reviews.len();
    item.gap(format!("{count} approvals do not name their merge request, and count for none; its notes do"));
    Ok(Fragment::Nothing)
}

/// Notes that the system wrote about approvals and pushes.
fn notes(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut logs: BTreeMap<ProposalKey, Vec<LogEntry>> = BTreeMap::new();
    for item in items {
        let key = key(Forge::GitLab, "", format!("!{}", item.required_number("noteable_iid")?));
        let told = LogEntry { at: None, number: 0, event: LogEvent::PushesAreTold };
        let (at, number) = (item.moment("created_at")?, item.required_number("id")?);
        let log = logs.entry(key).or_insert_with(|| vec![told]);
        log.extend(note(item, at.clone())?.map(|event| LogEntry { at, number, event }));
    }
    Ok(logs.into_iter().map(|(key, log)| Fragment::Log(key, log)).collect())
}

fn note(item: &Node<'_>, at: Option<String>) -> Result<Option<LogEvent>, String> {
    let body = item.required("body")?.trim();
    if !item.flag("system")? {
        return Ok(None);
    }
    if let Some(voters) = body.strip_prefix("reset approvals from ") {
        // Logins with their sign, e.g. `@ana and @ben by pushing to the branch`.
        let named = voters.split([' ', ',']).filter_map(|word| word.strip_prefix('@')).map(str::to_owned).collect();
        return Ok(Some(LogEvent::Reset(Some(named))));
    }
    if is_push(body) {
        // The link to the comparison names the head that was replaced.
        let replaced = body.split_once("start_sha=").and_then(|(_, rest)| rest.get(..40)).and_then(ObjectId::from_hex);
        return Ok(Some(LogEvent::Push { replaced: replaced.map(CommitId), by: item.account("author", account)? }));
    }
    let decision = match body {
        "approved this merge request" => RecordedDecision::Approved,
        "unapproved this merge request" => RecordedDecision::Dismissed,
        "requested changes" | "requested changes to this merge request" => RecordedDecision::Rejected,
        _ => return Ok(None),
    };
    let reviewer = item.account("author", account)?.ok_or_else(|| item.wrong("author", "is missing"))?;
    Ok(Some(LogEvent::Vote(Box::new(review_at(item, reviewer, decision, at, None)))))
}

/// `added 1 commit`, `added 12 commits`, each with a list below.
fn is_push(body: &str) -> bool {
    let rest = body.strip_prefix("added ").map(|rest| rest.trim_start_matches(|digit: char| digit.is_ascii_digit()));
    rest.is_some_and(|rest| rest.starts_with(" commit"))
}

/// The heads that one merge request had, newest first; only the commits tie them to it.
fn versions(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    type Version<'a> = (i64, Option<CommitId>, &'a Node<'a>);
    let mut of_request: BTreeMap<i64, Vec<Version<'_>>> = BTreeMap::new();
    for item in items {
        let version = (item.required_number("id")?, item.commit("head_commit_sha")?, item);
        of_request.entry(item.required_number("merge_request_id")?).or_default().push(version);
    }
    let fragment = |mut versions: Vec<Version<'_>>| {
        versions.sort_by_key(|(id, ..)| *id);
        let (_, newest, item) = *versions.last()?;
        // One without an id would move the others.
        let all_heads = versions.iter().map(|(_, head, _)| *head).collect::<Option<Vec<_>>>().unwrap_or_default();
        let beside = ByCommit { all_heads, ..by_commit(Forge::GitLab, "", newest.into_iter().collect(), item) };
        Some(Fragment::ByCommit(Box::new(beside)))
    };
    Ok(of_request.into_values().filter_map(fragment).collect())
}

fn pipelines(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let checks = items.iter().map(check).collect::<Result<Vec<_>, _>>()?;
    Ok(items.first().map(|item| checks_by_commit(Forge::GitLab, "", checks, item)).unwrap_or_default())
}

/// A pipeline as a whole: its jobs are not told.
fn check(item: &Node<'_>) -> Result<RecordedCheck, String> {
    let conclusion = CheckConclusion::of_word(item.required("status")?)
        .ok_or_else(|| item.wrong("status", "should be the status of a pipeline"))?;
    let name = item.text("name")?.filter(|name| !name.is_empty()).unwrap_or("pipeline").to_owned();
    Ok(RecordedCheck { name, conclusion, commit: item.commit("sha")?, place: item.place() })
}

fn commits(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut read = Vec::with_capacity(items.len());
    for item in items {
        let mut parents = Vec::new();
        for parent in item.list("parent_ids")?.unwrap_or_default() {
            let id = parent.value().as_str().ok_or_else(|| parent.wrong("", "should be a text"))?;
            parents.extend(parent.commit_named("", id)?);
        }
        read.extend(item.commit("id")?.map(|commit| (commit, parents)));
    }
    Ok(items.first().map(|item| commit_list(Forge::GitLab, "", read, item)).into_iter().collect())
}
