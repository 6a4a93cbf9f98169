//! Gitea and Forgejo: pull requests, reviews and commits of the REST interface, which is built after GitHub's.

use super::super::recorded::{Account, Forge, Fragment, ProposalState, RecordedDecision, RecordedProposal, RecordedReview};
use super::github::{is_commit_of_either, is_pull_of_either, is_review_of_either, list_of_commits};
use super::reading::{Node, branch};
use super::{Shape, blank, proposals, review_at, reviews_by_address};

/// Rows of a full page: the default and the largest as installed.
const PAGE_SIZES: &[usize] = &[30, 50];

pub(super) const SHAPES: &[Shape] = &[
    Shape { kind: "Gitea pull requests", page_sizes: PAGE_SIZES, is: is_pull, read: |items| proposals(items, pull) },
    Shape { kind: "Gitea reviews", page_sizes: PAGE_SIZES, is: is_review, read: reviews },
    Shape {
        kind: "Gitea commits of a pull request",
        page_sizes: PAGE_SIZES,
        is: is_commit,
        read: |items| list_of_commits(Forge::Gitea, items),
    },
];

/// Marks that only Gitea and Forgejo have.
pub(super) fn is_marked(item: &Node<'_>) -> bool {
    let paths = ["merge_base", "base/repo_id", "user/login_name", "official", "stale", "comments_count"];
    let is_address = |name: &str| item.peek(name).and_then(serde_json::Value::as_str).is_some_and(|url| url.contains("/api/v1/"));
    paths.iter().any(|path| item.names(path)) || is_address("url")
}

fn is_pull(item: &Node<'_>) -> bool {
    is_pull_of_either(item) && !super::github::is_marked(item)
}

fn is_review(item: &Node<'_>) -> bool {
    is_review_of_either(item) && !super::github::is_marked(item)
}

fn is_commit(item: &Node<'_>) -> bool {
    is_commit_of_either(item) && !super::github::is_marked(item)
}

fn account(item: &Node<'_>) -> Result<Account, String> {
    let login = item.required("login")?.to_owned();
    Ok(Account { is_bot: login.ends_with("[bot]"), name: item.words("full_name")?, mail: item.words("email")?, login })
}

fn pull(item: &Node<'_>) -> Result<RecordedProposal, String> {
    let merged_at = item.moment("merged_at")?;
    let state = match item.required("state")? {
        _ if item.flag("merged")? || merged_at.is_some() => ProposalState::Merged,
        "open" => ProposalState::Open,
        "closed" => ProposalState::Closed,
        _ => return Err(item.wrong("state", "should be open or closed")),
    };
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
        landed: item.commit("merge_commit_sha")?.into_iter().filter(|_| state == ProposalState::Merged).collect(),
        created_at: item.moment("created_at")?,
        merged_at,
        merged_by: item.account("merged_by", account)?,
        ..blank(Forge::Gitea, item)
    })
}

fn reviews(items: &[Node<'_>]) -> Result<Vec<Fragment>, String> {
    reviews_by_address(Forge::Gitea, items, review)
}

/// One review; none where it is not submitted yet, or was only asked for.
fn review(item: &Node<'_>) -> Result<Option<RecordedReview>, String> {
    let decision = match item.required("state")? {
        "PENDING" | "REQUEST_REVIEW" => return Ok(None),
        "APPROVED" | "REQUEST_CHANGES" if item.flag("dismissed")? => RecordedDecision::Dismissed,
        "APPROVED" => RecordedDecision::Approved,
        "REQUEST_CHANGES" => RecordedDecision::Rejected,
        "COMMENT" => RecordedDecision::Commented,
        _ => return Err(item.wrong("state", "should be the state of a review")),
    };
    let reviewer = item.account("user", account)?.unwrap_or_default();
    let (at, commit) = (item.moment("submitted_at")?, item.commit("commit_id")?);
    Ok(Some(review_at(item, reviewer, decision, at, commit)))
}
