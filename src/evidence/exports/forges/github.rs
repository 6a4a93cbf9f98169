//! GitHub: pull requests, reviews and commits of the REST interface, of GraphQL and of `gh pr list --json`.

use super::super::recorded::{
    Account, CheckConclusion, Forge, Fragment, ProposalState, RecordedCheck, RecordedDecision, RecordedProposal, RecordedReview,
};
use super::reading::{Node, branch, proposal_address};
use super::{Shape, blank, checks_by_commit, commit_list, proposals, review_at, reviews_by_address};
use crate::text::CommitId;

/// Rows of a full page: the default and the largest.
const PAGE_SIZES: &[usize] = &[30, 100];

pub(super) const SHAPES: &[Shape] = &[
    Shape { kind: "GitHub pull requests (REST)", page_sizes: PAGE_SIZES, is: is_pull, read: |items| proposals(items, pull) },
    Shape { kind: "GitHub reviews (REST)", page_sizes: PAGE_SIZES, is: is_review, read: reviews },
    Shape { kind: "GitHub commits of a pull request (REST)", page_sizes: PAGE_SIZES, is: is_commit, read: commits },
    Shape {
        kind: "GitHub pull requests (GraphQL or gh)",
        page_sizes: PAGE_SIZES,
        is: is_node,
        read: |items| proposals(items, pull_node),
    },
    Shape { kind: "GitHub check runs (REST)", page_sizes: &[], is: |item| item.names("check_runs"), read: check_runs },
    Shape {
        kind: "GitHub statuses of a commit (REST)",
        page_sizes: &[],
        is: |item| item.names("statuses") && item.names("commit_url") && item.names("sha"),
        read: statuses,
    },
];

/// Whether an object is a pull request of GitHub's or of Gitea's REST interface.
pub(super) fn is_pull_of_either(item: &Node<'_>) -> bool {
    item.names("number") && item.peek("head/sha").is_some() && item.peek("base").is_some_and(serde_json::Value::is_object)
}

/// Whether an object is a review of GitHub's or of Gitea's REST interface.
pub(super) fn is_review_of_either(item: &Node<'_>) -> bool {
    ["state", "user", "commit_id", "pull_request_url"].iter().all(|name| item.names(name))
}

/// Whether an object is a commit of GitHub's or of Gitea's REST interface.
pub(super) fn is_commit_of_either(item: &Node<'_>) -> bool {
    item.names("sha") && item.peek("commit/author").is_some() && item.names("parents")
}

/// Marks that only GitHub has.
pub(super) fn is_marked(item: &Node<'_>) -> bool {
    // Answers from before 2018 have no `node_id`; the address of the interface tells them.
    let address = item.peek("url").and_then(serde_json::Value::as_str).unwrap_or_default();
    let is_address = address.starts_with("https://api.github.com/") || address.contains("/api/v3/");
    is_address || ["_links", "node_id", "author_association", "issue_url"].iter().any(|name| item.names(name))
}

fn is_pull(item: &Node<'_>) -> bool {
    is_pull_of_either(item) && !super::gitea::is_marked(item)
}

fn is_review(item: &Node<'_>) -> bool {
    is_review_of_either(item) && !super::gitea::is_marked(item)
}

fn is_commit(item: &Node<'_>) -> bool {
    is_commit_of_either(item) && !super::gitea::is_marked(item)
}

fn is_node(item: &Node<'_>) -> bool {
    item.names("number") && ["headRefOid", "baseRefName", "mergeCommit", "mergedAt"].iter().any(|name| item.names(name))
}

/// An account; GitHub gives none for one that was deleted.
pub(super) fn account(item: &Node<'_>) -> Result<Account, String> {
    let login = item.required("login")?.to_owned();
    let is_typed = item.text("type")? == Some("Bot") || item.text("__typename")? == Some("Bot");
    let is_bot = is_typed || item.flag("is_bot")? || login.ends_with("[bot]");
    Ok(Account { is_bot, name: item.words("name")?, mail: item.words("email")?, login })
}

fn pull(item: &Node<'_>) -> Result<RecordedProposal, String> {
    let merged_at = item.moment("merged_at")?;
    let state = match (item.required("state")?, &merged_at) {
        (_, Some(_)) => ProposalState::Merged,
        ("open", None) => ProposalState::Open,
        ("closed", None) if item.flag("merged")? => ProposalState::Merged,
        ("closed", None) => ProposalState::Closed,
        _ => return Err(item.wrong("state", "should be open or closed")),
    };
    let landed = item.commit("merge_commit_sha")?;
    Ok(RecordedProposal {
        repository: item.words("base/repo/full_name")?,
        id: format!("#{}", item.required_number("number")?),
        title: item.required("title")?.to_owned(),
        body: item.words("body")?,
        author: item.account("user", account)?.unwrap_or_default(),
        state,
        target: item.text("base/ref")?.map(branch),
        source: item.text("head/ref")?.map(branch),
        head: item.commit("head/sha")?,
        // Before it lands, the forge names the commit of a trial merge here.
        landed: landed.into_iter().filter(|_| state == ProposalState::Merged).collect(),
        created_at: item.moment("created_at")?,
        merged_at,
        merged_by: item.account("merged_by", account)?,
        ..blank(Forge::GitHub, item)
    })
}

fn reviews(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    reviews_by_address(Forge::GitHub, items, |item| review(item, ["user", "submitted_at", "commit_id"]))
}

/// One review; none where it is not submitted yet. The paths are those of the reviewer, of the time and of the commit.
fn review(item: &Node<'_>, [reviewer, at, commit]: [&str; 3]) -> Result<Option<RecordedReview>, String> {
    // Events write the states in lower case.
    let decision = match item.required("state")?.to_ascii_uppercase().as_str() {
        "APPROVED" => RecordedDecision::Approved,
        "CHANGES_REQUESTED" => RecordedDecision::Rejected,
        "COMMENTED" => RecordedDecision::Commented,
        "DISMISSED" => RecordedDecision::Dismissed,
        "PENDING" => return Ok(None),
        _ => return Err(item.wrong("state", "should be the state of a review")),
    };
    let reviewer = item.account(reviewer, account)?.unwrap_or_default();
    let (at, commit) = (item.moment(at)?, item.commit(commit)?);
    Ok(Some(review_at(item, reviewer, decision, at, commit)))
}

fn commits(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    list_of_commits(Forge::GitHub, items)
}

/// The commits of one pull request, which only their newest one ties to it.
pub(super) fn list_of_commits(forge: Forge, items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    let mut read: Vec<(CommitId, Vec<CommitId>)> = Vec::with_capacity(items.len());
    for item in items {
        let parents = item.list("parents")?.unwrap_or_default();
        let parents = parents.iter().filter_map(|parent| parent.commit("sha").transpose()).collect::<Result<_, _>>()?;
        read.extend(item.commit("sha")?.map(|commit| (commit, parents)));
    }
    let repository = items.first().map(|item| item.text("url")).transpose()?.flatten();
    let repository = repository.and_then(repository_of_commit).unwrap_or_default();
    Ok(items.first().map(|item| commit_list(forge, repository, read, item)).into_iter().collect())
}

/// `owner/name` in an address `…/repos/owner/name/commits/…` or `…/repos/owner/name/git/commits/…`.
fn repository_of_commit(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("/repos/")?;
    let end = rest.match_indices('/').nth(1)?.0;
    rest.get(..end)
}

/// A pull request of GraphQL (lists are connections with `nodes`) or of `gh` (lists are lists).
fn pull_node(item: &Node<'_>) -> Result<RecordedProposal, String> {
    let merged_at = item.moment("mergedAt")?;
    let state = match (item.text("state")?, &merged_at) {
        (_, Some(_)) | (Some("MERGED"), None) => ProposalState::Merged,
        (Some("OPEN"), None) => ProposalState::Open,
        (Some("CLOSED"), None) => ProposalState::Closed,
        (Some(_), None) => return Err(item.wrong("state", "should be OPEN, CLOSED or MERGED")),
        (None, None) => return Err(item.wrong("state", "is missing")),
    };
    let id = format!("#{}", item.required_number("number")?);
    let (reviews, tells_reviews, has_all_reviews) = node_reviews(item, &id)?;
    let checks = node_checks(item, &id)?;
    Ok(RecordedProposal {
        repository: node_repository(item)?,
        title: item.words("title")?,
        body: item.words("body")?,
        author: item.account("author", account)?.unwrap_or_default(),
        state,
        target: item.text("baseRefName")?.map(branch),
        source: item.text("headRefName")?.map(branch),
        head: item.commit("headRefOid")?,
        commits: node_commits(item, &id)?,
        landed: item.commit("mergeCommit/oid")?.into_iter().collect(),
        created_at: item.moment("createdAt")?,
        merged_at,
        merged_by: item.account("mergedBy", account)?,
        reviews,
        tells_reviews,
        has_all_reviews,
        tells_checks: checks.is_some(),
        checks: checks.unwrap_or_default(),
        id,
        ..blank(Forge::GitHub, item)
    })
}

fn node_repository(item: &Node<'_>) -> Result<String, String> {
    if let Some(name) = item.text("repository/nameWithOwner")? {
        return Ok(name.to_owned());
    }
    let from_address = item.text("url")?.and_then(|address| proposal_address(address, "/pull/")).map(|(name, _)| name);
    Ok(from_address.unwrap_or(item.document_repository()).to_owned())
}

/// The reviews, whether the answer can say something about them, and whether they are all there.
fn node_reviews(item: &Node<'_>, id: &str) -> Result<(Vec<RecordedReview>, bool, bool), String> {
    // The latest ones leave out what came before; they serve where nothing better was asked for.
    let asked = ["reviews", "latestOpinionatedReviews", "latestReviews"].into_iter().find(|name| item.has(name));
    let Some(name) = asked else { return Ok((Vec::new(), false, true)) };
    let mut reviews = Vec::new();
    let has_all = item.child(name)?.map_or(Ok(true), |child| is_whole(&child))?;
    for node in connection(item, name, id)? {
        let author = if node.names("user") { "user" } else { "author" };
        reviews.extend(review(&node, [author, "submittedAt", "commit/oid"])?);
    }
    Ok((reviews, true, has_all))
}

fn node_commits(item: &Node<'_>, id: &str) -> Result<Vec<CommitId>, String> {
    let mut commits = Vec::new();
    for node in connection(item, "commits", id)? {
        let path = if node.names("commit") { "commit/oid" } else { "oid" };
        commits.extend(node.commit(path)?);
    }
    Ok(commits)
}

/// The results of checks, where they were asked for: of `gh`, a list about the head; of GraphQL, beside a commit.
fn node_checks(item: &Node<'_>, id: &str) -> Result<Option<Vec<RecordedCheck>>, String> {
    let mut checks = item.names("statusCheckRollup").then(Vec::new);
    if let Some(rollup) = item.child("statusCheckRollup")? {
        let head = item.commit("headRefOid")?;
        checks.get_or_insert_default().extend(rollup_checks(&rollup, item, head, id)?);
    }
    for node in connection(item, "commits", id)? {
        let Some(rollup) = node.child("commit")?.filter(|commit| commit.names("statusCheckRollup")) else { continue };
        let (commit, checks) = (rollup.commit("oid")?, checks.get_or_insert_default());
        if let Some(rollup) = rollup.child("statusCheckRollup")? {
            checks.extend(rollup_checks(&rollup, item, commit, id)?);
        }
    }
    Ok(checks)
}

fn rollup_checks(rollup: &Node<'_>, item: &Node<'_>, commit: Option<CommitId>, id: &str) -> Result<Vec<RecordedCheck>, String> {
    let rows = if rollup.value().is_array() { rollup.items()? } else { rows_of(rollup, "contexts", item, id)? };
    rows.iter().map(|row| check(row, commit)).collect()
}

/// A check run or, where there is a context, a status.
fn check(item: &Node<'_>, commit: Option<CommitId>) -> Result<RecordedCheck, String> {
    let is_status = item.names("context");
    let name = item.required(if is_status { "context" } else { "name" })?.to_owned();
    let word = if is_status { "state" } else { "conclusion" };
    // A run that has not ended has no conclusion, or an empty one.
    let told = match item.text(word)? {
        None | Some("") if !is_status => "pending",
        told => told.unwrap_or_default(),
    };
    let conclusion =
        CheckConclusion::of_word(told).ok_or_else(|| item.wrong(word, "should be the state or conclusion of a check"))?;
    Ok(RecordedCheck { name, conclusion, commit, place: item.place() })
}

/// An answer about the check runs of one commit.
fn check_runs(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    each_check(items, "check_runs", |_, run| check(run, run.commit("head_sha")?))
}

/// An answer about the statuses of one commit.
fn statuses(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    each_check(items, "statuses", |answer, status| check(status, answer.commit("sha")?))
}

fn each_check(
    items: &[Node<'_>],
    list: &str,
    read: fn(&Node<'_>, &Node<'_>) -> Result<RecordedCheck, String>,
) -> Result<Vec<Fragment>, String> {
    let mut fragments = Vec::new();
    for item in items {
        let rows = item.list(list)?.unwrap_or_default();
        if item.number("total_count")?.is_some_and(|total| usize::try_from(total).is_ok_and(|total| total > rows.len())) {
            item.gap(format!("not all of its {list} are there"));
        }
        let checks = rows.iter().map(|row| read(item, row)).collect::<Result<_, _>>()?;
        fragments.extend(checks_by_commit(Forge::GitHub, "", checks, item));
    }
    Ok(fragments)
}

/// The rows of a list, or of a connection, which says when it has more.
fn connection<'a>(item: &Node<'a>, name: &str, id: &str) -> Result<Vec<Node<'a>>, String> {
    rows_of(item, name, item, id)
}

/// The rows at `name` in `holder`; that some are missing is a gap of `item`.
fn rows_of<'a>(holder: &Node<'a>, name: &str, item: &Node<'a>, id: &str) -> Result<Vec<Node<'a>>, String> {
    let Some(child) = holder.child(name)? else { return Ok(Vec::new()) };
    if child.value().is_array() {
        return child.items();
    }
    if !is_whole(&child)? {
        item.gap(format!("{id}: not all of its {name} are there"));
    }
    Ok(child.list("nodes")?.unwrap_or_default())
}

/// Whether a connection has all its rows, as far as it tells; a list always does.
fn is_whole(child: &Node<'_>) -> Result<bool, String> {
    if child.value().is_array() {
        return Ok(true);
    }
    let there = child.list("nodes")?.map_or(0, |nodes| nodes.len());
    let total = child.number("totalCount")?.and_then(|total| usize::try_from(total).ok());
    Ok(!child.flag("pageInfo/hasNextPage")? && total.is_none_or(|total| total <= there))
}
