//! Proposals and reviews as forges export them: one file per forge.
//!
//! A document is recognised by its members, never by its name. What tells the alike apart:
//!
//! | shape | marks |
//! |---|---|
//! | GitHub (REST) | `head.sha` and `base` with `_links`, `node_id`, `issue_url` or `author_association` |
//! | Gitea, Forgejo | `head.sha` and `base` with `merge_base`, `base.repo_id` or `user.login_name`; reviews with `official` or `stale` |
//! | GitHub (GraphQL, `gh`) | `number` with `headRefOid`, `baseRefName`, `mergeCommit` or `mergedAt` |
//! | GitLab | `iid` with `source_branch` and `target_branch`; `approved_by`; `approval_rules_overwritten`; `noteable_type` |
//! | Azure DevOps | `pullRequestId`; threads with `comments` and `properties`; iterations with `sourceRefCommit` |
//! | Bitbucket Cloud | `source.commit` and `destination`; activity with `pull_request` |
//! | Bitbucket Data Center | `fromRef` and `toRef`; activities with `action` and `createdDate` |
//! | Gerrit | `change_id` with `_number` (REST); `project` with `owner` and `number` or a row of statistics (`gerrit query`) |
//!
//! A pull request without the marks of GitHub or of Gitea could be either, and is an error, as is one with the marks of both.

mod azure;
mod bitbucket;
mod gerrit;
mod gitea;
mod github;
mod gitlab;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::Value;

use self::reading::{Document, Node, proposal_address};
use super::documents::Piece;
use super::recorded::{
    Account, ByCommit, Forge, Fragment, Page, PageOf, ProposalKey, ProposalState, Recognised, RecordedCheck, RecordedDecision,
    RecordedProposal, RecordedReview, ReviewLog,
};
use crate::text::CommitId;

/// Every shape that is known.
const SHAPES: &[&[Shape]] = &[github::SHAPES, gitea::SHAPES, gitlab::SHAPES, azure::SHAPES, bitbucket::SHAPES, gerrit::SHAPES];

/// A kind of object that a forge exports.
struct Shape {
    /// For people: `GitHub pull requests (REST)`.
    kind: &'static str,
    /// How many rows a full page has, where the answer itself does not tell whether more follow.
    page_sizes: &'static [usize],
    /// Whether an object is of this kind.
    is: fn(&Node<'_>) -> bool,
    /// Reads the objects of one document.
    read: fn(&[Node<'_>]) -> Result<Vec<Fragment>, String>,
}

/// The objects of a document, without what stands around them.
struct Envelope<'a> {
    items: Vec<Node<'a>>,
    paging: Paging,
}

/// What a document says about further pages.
enum Paging {
    /// It is no page.
    None,
    /// Only its size tells.
    BySize,
    /// It tells: whether more follow, and how many there are in all.
    Told { has_more: bool, total: Option<usize> },
}

/// Recognises a JSON document of an export, or a piece of one, by its shape; `file` goes into places.
///
/// # Errors
///
/// One sentence with a JSON pointer, where the shape is known and something in it is not as documented.
pub(super) fn recognise(file: &str, piece: &Piece) -> Result<Option<Recognised>, String> {
    let document = Document::new(file, piece.document, piece.first, &piece.value);
    let found = read(&Node::root(&document, &piece.value), file)?;
    Ok(found.map(|recognised| {
        let mut gaps = document.into_gaps();
        gaps.extend(unlinked(&recognised.fragments));
        Recognised { gaps, ..recognised }
    }))
}

fn read(root: &Node<'_>, file: &str) -> Result<Option<Recognised>, String> {
    let Some(envelope) = open(root)? else { return Ok(None) };
    let Some(first) = envelope.items.first() else {
        let page =
            Page { set: String::new(), of: PageOf::Proposals, file: file.to_owned(), rows: 0, total: None, has_more: false };
        return Ok(Some(Recognised { kind: "an empty page", fragments: vec![Fragment::Page(page)], rows: 0, gaps: Vec::new() }));
    };
    let Some(shape) = shape_of(first)? else { return Ok(None) };
    if let Some(other) = envelope.items.iter().find(|item| !(shape.is)(item)) {
        return Err(other.wrong("", &format!("is not one of the {} before it", shape.kind)));
    }
    let mut fragments = (shape.read)(&envelope.items)?;
    let rows = envelope.items.len();
    // Some answers tell by themselves whether more follow.
    if !fragments.iter().any(|fragment| matches!(fragment, Fragment::Page(_))) {
        fragments.extend(page(shape, &envelope, &fragments, file).map(Fragment::Page));
    }
    Ok(Some(Recognised { kind: shape.kind, fragments, rows, gaps: Vec::new() }))
}

/// The one shape that an object has.
fn shape_of(item: &Node<'_>) -> Result<Option<&'static Shape>, String> {
    let mut fitting = SHAPES.iter().flat_map(|shapes| shapes.iter()).filter(|shape| (shape.is)(item));
    let (first, second) = (fitting.next(), fitting.next());
    match (first, second) {
        (Some(first), Some(second)) => {
            Err(item.wrong("", &format!("could be one of {} or of {}: nothing in it tells which", first.kind, second.kind)))
        }
        (shape, _) => Ok(shape),
    }
}

/// Takes away what stands around the objects: a list, pages of it, the data of GraphQL.
fn open<'a>(root: &Node<'a>) -> Result<Option<Envelope<'a>>, String> {
    if root.value().is_array() {
        return open_list(root).map(Some);
    }
    if !root.value().is_object() {
        return Ok(None);
    }
    refuse_error(root)?;
    if root.names("data") {
        return open_graphql(root);
    }
    if root.peek("value").is_some_and(Value::is_array) {
        let items = root.list("value")?.unwrap_or_default();
        return Ok(Some(Envelope { items, paging: Paging::BySize }));
    }
    if root.peek("values").is_some_and(Value::is_array) {
        let items = root.list("values")?.unwrap_or_default();
        let is_followed = root.has("next") || root.names("isLastPage") && !root.flag("isLastPage")?;
        // The size that Data Center tells is the page's own.
        let total = if root.names("isLastPage") { None } else { root.number("size")? };
        let total = total.and_then(|total| usize::try_from(total).ok());
        return Ok(Some(Envelope { items, paging: Paging::Told { has_more: is_followed, total } }));
    }
    Ok(Some(Envelope { items: vec![root.clone()], paging: Paging::None }))
}

fn open_list<'a>(root: &Node<'a>) -> Result<Envelope<'a>, String> {
    let items = root.items()?;
    let is_slurped = !items.is_empty() && items.iter().all(|item| item.value().is_array());
    if !is_slurped {
        return Ok(Envelope { items, paging: Paging::BySize });
    }
    // Pages in a list, as `gh api --paginate --slurp` gives them: the last one tells.
    let pages = items.iter().map(Node::items).collect::<Result<Vec<_>, _>>()?;
    Ok(Envelope { items: pages.concat(), paging: Paging::None })
}

/// The connection or the object that an answer of GraphQL holds.
fn open_graphql<'a>(root: &Node<'a>) -> Result<Option<Envelope<'a>>, String> {
    for path in ["data/repository/pullRequests", "data/search"] {
        let Some(connection) = root.peek(path).and_then(|_| root.child(path).transpose()).transpose()? else { continue };
        let Some(items) = connection.list("nodes")? else {
            return Err(connection.wrong("nodes", "is missing"));
        };
        let total = connection.number("totalCount")?.and_then(|total| usize::try_from(total).ok());
        let has_more = connection.flag("pageInfo/hasNextPage")?;
        let tells = total.is_some() || connection.names("pageInfo");
        let paging = if tells { Paging::Told { has_more, total } } else { Paging::BySize };
        return Ok(Some(Envelope { items, paging }));
    }
    for path in ["data/repository/pullRequest", "data/node"] {
        if root.has(path) {
            return Ok(root.child(path)?.map(|item| Envelope { items: vec![item], paging: Paging::None }));
        }
    }
    Ok(None)
}

/// An answer that tells an error is no evidence.
fn refuse_error(root: &Node<'_>) -> Result<(), String> {
    let is_error = root.names("message") && root.names("documentation_url") || root.peek("errors").is_some_and(Value::is_array);
    if !is_error || root.names("id") {
        return Ok(());
    }
    let told = root.peek("message").or_else(|| root.peek("errors")?.get(0)?.get("message")).and_then(Value::as_str);
    Err(root.wrong("", &format!("the forge answered with an error: {}", told.unwrap_or("it does not tell which"))))
}

fn page(shape: &Shape, envelope: &Envelope<'_>, fragments: &[Fragment], file: &str) -> Option<Page> {
    let rows = envelope.items.len();
    let (has_more, total) = match envelope.paging {
        Paging::None => return None,
        Paging::BySize => (shape.page_sizes.contains(&rows), None),
        Paging::Told { has_more, total } => (has_more, total),
    };
    Some(Page { set: set_name(shape, fragments), of: page_of(fragments), file: file.to_owned(), rows, total, has_more })
}

fn page_of(fragments: &[Fragment]) -> PageOf {
    let key = |fragment: &Fragment| match fragment {
        Fragment::Reviews(key, _) | Fragment::Log(key, _) => Some(key.clone()),
        Fragment::Proposal(_)
        | Fragment::Commits(..)
        | Fragment::Ticket(_)
        | Fragment::OfTickets(_)
        | Fragment::ByCommit(_)
        | Fragment::Page(_)
        | Fragment::Nothing => None,
    };
    let reviewed: Vec<ProposalKey> = fragments.iter().filter_map(key).collect();
    match fragments.first() {
        Some(Fragment::Proposal(_)) => PageOf::Proposals,
        _ if reviewed.is_empty() => PageOf::Other,
        _ => PageOf::Reviews(reviewed),
    }
}

/// The list that a page belongs to: the proposals of a repository, or the reviews of one proposal.
fn set_name(shape: &Shape, fragments: &[Fragment]) -> String {
    let owner = fragments.iter().find_map(|fragment| match fragment {
        Fragment::Proposal(proposal) => Some(proposal.repository.clone()),
        Fragment::Reviews(key, _) | Fragment::Log(key, _) | Fragment::Commits(key, _) => {
            Some(format!("{} {}", key.repository, key.id))
        }
        Fragment::ByCommit(fragment) => Some(fragment.repository.clone()),
        Fragment::Ticket(_) | Fragment::OfTickets(_) | Fragment::Page(_) | Fragment::Nothing => None,
    });
    match owner.as_deref().map(str::trim) {
        None | Some("") => shape.kind.to_owned(),
        Some(owner) => format!("{} of {owner}", shape.kind),
    }
}

/// Says how many proposals landed without a word about the commit they became.
fn unlinked(fragments: &[Fragment]) -> Option<String> {
    let is_unlinked = |fragment: &Fragment| match fragment {
        Fragment::Proposal(proposal) => proposal.state == ProposalState::Merged && proposal.landed.is_empty(),
        Fragment::Reviews(..)
        | Fragment::Log(..)
        | Fragment::Commits(..)
        | Fragment::Ticket(_)
        | Fragment::OfTickets(_)
        | Fragment::ByCommit(_)
        | Fragment::Page(_)
        | Fragment::Nothing => false,
    };
    let count = fragments.iter().filter(|fragment| is_unlinked(fragment)).count();
    (count > 0).then(|| format!("{count} of the proposals landed, and the export does not tell as which commit"))
}

/// A proposal of which nothing is known yet but where it stands.
fn blank(forge: Forge, item: &Node<'_>) -> RecordedProposal {
    RecordedProposal {
        forge,
        repository: String::new(),
        id: String::new(),
        change_id: None,
        title: String::new(),
        body: String::new(),
        author: Account::default(),
        state: ProposalState::Open,
        target: None,
        source: None,
        head: None,
        commits: Vec::new(),
        heads: Vec::new(),
        pushes: None,
        last_pusher: None,
        landed: Vec::new(),
        is_squashed: false,
        created_at: None,
        merged_at: None,
        merged_by: None,
        reviews: Vec::new(),
        tells_reviews: false,
        has_all_reviews: true,
        checks: Vec::new(),
        tells_checks: false,
        place: item.place(),
    }
}

/// A review that stands at `item`.
fn review_at(
    item: &Node<'_>,
    reviewer: Account,
    decision: RecordedDecision,
    at: Option<String>,
    commit: Option<CommitId>,
) -> RecordedReview {
    RecordedReview { reviewer, decision, at, commit, pushes_before: None, place: item.place() }
}

/// Reads each object as a proposal.
fn proposals(items: &[Node<'_>], read: fn(&Node<'_>) -> Result<RecordedProposal, String>) -> Result<Vec<Fragment>, String> {
    items.iter().map(|item| Ok(Fragment::Proposal(Box::new(read(item)?)))).collect()
}

/// Reviews of a list in which each names its pull request by its address, as GitHub and Gitea write them.
fn reviews_by_address(
    forge: Forge,
    items: &[Node<'_>],
    read: fn(&Node<'_>) -> Result<Option<RecordedReview>, String>,
) -> Result<Vec<Fragment>, String> {
    let mut of_proposal: BTreeMap<ProposalKey, Vec<RecordedReview>> = BTreeMap::new();
    for item in items {
        let address = item.required("pull_request_url")?;
        let (repository, number) = proposal_address(address, "/pulls/")
            .ok_or_else(|| item.wrong("pull_request_url", "should be the address of a pull request"))?;
        of_proposal.entry(key(forge, repository, format!("#{number}"))).or_default().extend(read(item)?);
    }
    Ok(of_proposal.into_iter().map(|(key, reviews)| Fragment::Reviews(key, reviews.into())).collect())
}

/// A key of a proposal that separately exported records name.
fn key(forge: Forge, repository: &str, id: String) -> ProposalKey {
    ProposalKey { forge, repository: repository.to_owned(), id }
}

/// Commits with their parents: the newest are those that are nobody's parent.
fn commit_list(forge: Forge, repository: &str, read: Vec<(CommitId, Vec<CommitId>)>, first: &Node<'_>) -> Fragment {
    let mut parents: Vec<CommitId> = read.iter().flat_map(|(_, parents)| parents.iter().copied()).collect();
    parents.sort_unstable();
    let heads = read.iter().map(|(commit, _)| *commit).filter(|commit| parents.binary_search(commit).is_err()).collect();
    let commits = read.into_iter().map(|(commit, _)| commit).collect();
    Fragment::ByCommit(Box::new(ByCommit { commits, ..by_commit(forge, repository, heads, first) }))
}

/// What names its proposal by any of these commits only.
fn by_commit(forge: Forge, repository: &str, heads: Vec<CommitId>, first: &Node<'_>) -> ByCommit {
    let (commits, all_heads, place) = (Vec::new(), Vec::new(), first.place());
    ByCommit { forge, repository: repository.to_owned(), heads, commits, all_heads, reviews: None, checks: None, place }
}

/// Reviews that name their proposal by a commit only.
fn reviews_by_commit(forge: Forge, heads: Vec<CommitId>, log: ReviewLog, first: &Node<'_>) -> Fragment {
    Fragment::ByCommit(Box::new(ByCommit { reviews: Some(log), ..by_commit(forge, "", heads, first) }))
}

/// Results of checks, each with the commit that it ran on, which names the proposal.
fn checks_by_commit(forge: Forge, repository: &str, checks: Vec<RecordedCheck>, first: &Node<'_>) -> Vec<Fragment> {
    let mut of_commit: BTreeMap<CommitId, Vec<RecordedCheck>> = BTreeMap::new();
    for check in checks {
        of_commit.extend(check.commit.filter(|commit| !of_commit.contains_key(commit)).map(|commit| (commit, Vec::new())));
        if let Some(of_it) = check.commit.and_then(|commit| of_commit.get_mut(&commit)) {
            of_it.push(check);
        }
    }
    let fragment = |(commit, checks)| {
        Fragment::ByCommit(Box::new(ByCommit { checks: Some(checks), ..by_commit(forge, repository, vec![commit], first) }))
    };
    of_commit.into_iter().map(fragment).collect()
}
