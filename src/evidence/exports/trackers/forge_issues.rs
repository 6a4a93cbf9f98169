//! Issues of GitHub (REST, `gh issue list --json`), Gitea, Forgejo and GitLab.

use super::object::Object;
use super::{Document, blank, page};
use crate::evidence::exports::recorded::{Account, Fragment, Recognised, RecordedTicket, StatusChange, TicketPage};

const GITHUB: &str = "GitHub issues";
const GITEA: &str = "Gitea issues";
const GITLAB: &str = "GitLab issues";

/// Lengths that a page of these systems usually has when more follow.
const PAGE_SIZES: [usize; 4] = [20, 30, 50, 100];

pub(super) fn recognise(document: &Document<'_>) -> Result<Option<Recognised>, String> {
    let root = document.root();
    let rows = document.rows(None).unwrap_or_else(|| vec![root.clone()]);
    let Some(first) = rows.first() else { return Ok(None) };
    let Some(system) = System::of(first) else { return Ok(None) };
    let (mut fragments, mut proposals) = (Vec::new(), 0_usize);
    for row in &rows {
        if row.has("pull_request") {
            proposals += 1;
            continue;
        }
        let ticket = match system {
            System::GitHub | System::Gitea => github(document, row, system.name())?,
            System::GitLab => gitlab(document, row)?,
        };
        fragments.push(Fragment::Ticket(Box::new(ticket)));
    }
    let full = PAGE_SIZES.contains(&rows.len());
    let (place, count) = (document.place(&root.place), rows.len() as u64);
    let told = TicketPage { system: system.name().to_owned(), place, start: None, rows: count, total: None, last: None, full };
    fragments.push(page(told));
    let gaps = (proposals > 0).then(|| format!("{proposals} of {count} rows are pull requests, which are no tickets"));
    Ok(Some(Recognised { kind: system.name(), fragments, rows: rows.len(), gaps: gaps.into_iter().collect() }))
}

#[derive(Clone, Copy)]
enum System {
    GitHub,
    Gitea,
    GitLab,
}

impl System {
    /// Which system a row is of, if it is an issue: its address says so.
    fn of(row: &Object<'_>) -> Option<Self> {
        let address = |name: &str| row.text(&[name]).ok().flatten().unwrap_or_default();
        let is_issue = |address: &str| address.contains("/issues/") || address.contains("/work_items/");
        if row.has("iid") && is_issue(address("web_url")) {
            return Some(Self::GitLab);
        }
        let is_github = is_issue(address("html_url")) || is_issue(address("url")) || row.has("pull_request");
        if !row.has("number") || !row.has("title") || !is_github || row.has("head") {
            return None;
        }
        Some(if row.has("repository") && !row.has("node_id") { Self::Gitea } else { Self::GitHub })
    }

    fn name(self) -> &'static str {
        match self {
            Self::GitHub => GITHUB,
            Self::Gitea => GITEA,
            Self::GitLab => GITLAB,
        }
    }
}

/// What both forms of a member's name say: `created_at` of REST, `createdAt` of `gh`.
fn time(row: &Object<'_>, names: [&str; 2]) -> Result<Option<String>, String> {
    let [first, second] = names;
    match row.time(&[first])? {
        Some(at) => Ok(Some(at)),
        None => row.time(&[second]),
    }
}

fn github(document: &Document<'_>, row: &Object<'_>, system: &str) -> Result<RecordedTicket, String> {
    let number = row.needed_number(&["number"])?;
    let address = match row.text(&["html_url"])? {
        Some(address) => Some(address),
        None => row.text(&["url"])?,
    };
    let project = address.and_then(project).unwrap_or_default();
    let mut ticket = blank(format!("{project}#{number}"), system, document.place(&row.place));
    ticket.kind = row.words(&["type", "name"])?;
    row.needed_text(&["title"])?.clone_into(&mut ticket.title);
    ticket.text = row.prose(&["body"])?;
    let author = if row.has("user") { "user" } else { "author" };
    ticket.requester = account(row, author, "login", "name")?;
    ticket.created_at = time(row, ["created_at", "createdAt"])?;
    let reason = match row.text(&["state_reason"])? {
        Some(reason) => reason,
        None => row.text(&["stateReason"])?.unwrap_or_default(),
    };
    let state = row.words(&["state"])?.to_lowercase();
    ticket.status = match reason.to_lowercase().as_str() {
        "not_planned" if state == "closed" => "closed as not planned".to_owned(),
        "duplicate" if state == "closed" => "closed as duplicate".to_owned(),
        _ => state,
    };
    let by = if row.has("closed_by") { account(row, "closed_by", "login", "name")? } else { Account::default() };
    close(&mut ticket, time(row, ["closed_at", "closedAt"])?, by);
    Ok(ticket)
}

fn gitlab(document: &Document<'_>, row: &Object<'_>) -> Result<RecordedTicket, String> {
    let number = row.needed_number(&["iid"])?;
    let id = match row.text(&["references", "full"])? {
        Some(full) => full.to_owned(),
        None => format!("{}#{number}", row.text(&["web_url"])?.and_then(project).unwrap_or_default()),
    };
    let mut ticket = blank(id, GITLAB, document.place(&row.place));
    ticket.kind = row.words(&["issue_type"])?;
    row.needed_text(&["title"])?.clone_into(&mut ticket.title);
    ticket.text = row.prose(&["description"])?;
    ticket.status = row.words(&["state"])?;
    ticket.requester = account(row, "author", "username", "name")?;
    ticket.created_at = row.time(&["created_at"])?;
    let by = if row.has("closed_by") { account(row, "closed_by", "username", "name")? } else { Account::default() };
    close(&mut ticket, row.time(&["closed_at"])?, by);
    Ok(ticket)
}

/// The last closing is all that these exports tell of the history.
fn close(ticket: &mut RecordedTicket, at: Option<String>, by: Account) {
    if let Some(at) = at.filter(|_| ticket.status.starts_with("closed")) {
        ticket.history.push(StatusChange { at, to: ticket.status.clone(), by });
    }
}

fn account(row: &Object<'_>, member: &str, login: &str, name: &str) -> Result<Account, String> {
    let login = row.words(&[member, login])?;
    let is_bot = row.text(&[member, "type"])? == Some("Bot") || row.flag(&[member, "is_bot"])? == Some(true);
    Ok(Account { login, name: row.words(&[member, name])?, mail: String::new(), is_bot })
}

/// `owner/name` or `group/sub/project` of an address of an issue.
fn project(address: &str) -> Option<&str> {
    let path = address.split_once("://")?.1.split_once('/')?.1;
    let end = ["/-/", "/issues/", "/work_items/"].iter().filter_map(|mark| path.find(mark)).min()?;
    path.get(..end)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{json, tickets};

    #[test]
    fn github_lists_pull_requests_among_issues() {
        let recognised = json(
            r#"[{"number": 1347, "title": "Open port", "state": "closed", "state_reason": "not_planned", "node_id": "x",
                 "html_url": "https://github.com/octocat/Hello-World/issues/1347", "user": {"login": "octocat", "type": "User"},
                 "created_at": "2011-04-22T13:33:48Z", "closed_at": "2011-04-23T13:33:48Z", "closed_by": {"login": "bob"}},
                {"number": 1348, "title": "Close it", "state": "open", "pull_request": {"url": "x"},
                 "html_url": "https://github.com/octocat/Hello-World/pull/1348"}]"#,
        );
        let recognised = recognised.unwrap().unwrap();
        let [ticket] = &tickets(&recognised)[..] else { panic!("{recognised:?}") };
        assert_eq!((ticket.id.as_str(), ticket.status.as_str()), ("octocat/Hello-World#1347", "closed as not planned"));
        assert_eq!(ticket.history[0].by.login, "bob");
        assert!(!ticket.tells_history && recognised.gaps[0].starts_with("1 of 2 rows are pull requests"));
    }

    #[test]
    fn gh_writes_other_names() {
        let recognised = json(
            r#"[{"number": 12, "title": "x", "state": "OPEN", "url": "https://github.com/acme/policies/issues/12",
                 "author": {"login": "app/bot", "is_bot": true}, "createdAt": "2024-01-02T00:00:00Z", "closedAt": null}]"#,
        );
        let recognised = recognised.unwrap().unwrap();
        let ticket = tickets(&recognised)[0];
        assert_eq!((ticket.id.as_str(), ticket.status.as_str(), ticket.requester.is_bot), ("acme/policies#12", "open", true));
        assert_eq!(ticket.created_at.as_deref(), Some("2024-01-02T00:00:00Z"));
    }

    #[test]
    fn gitlab_names_the_whole_path() {
        let recognised = json(
            r#"[{"id": 76, "iid": 6, "title": "x", "state": "opened", "issue_type": "issue", "created_at": "2016-01-04T15:31:51.081Z",
                 "web_url": "http://gitlab.example.com/my-group/sub/my-project/-/issues/6", "author": {"username": "alice", "name": "A"}}]"#,
        );
        let recognised = recognised.unwrap().unwrap();
        let ticket = tickets(&recognised)[0];
        assert_eq!((ticket.id.as_str(), ticket.requester.login.as_str()), ("my-group/sub/my-project#6", "alice"));
    }

    #[test]
    fn a_wrong_shape_names_its_place_and_pull_requests_alone_are_not_taken() {
        let told = json(r#"[{"number": "x", "title": "x", "url": "https://github.com/a/b/issues/1"}]"#).unwrap_err();
        assert!(told.starts_with("1/0/number: a whole number"), "{told}");
        let pull = r#"[{"number": 1, "title": "x", "state": "MERGED", "url": "https://github.com/a/b/pull/1"}]"#;
        assert_eq!(json(pull), Ok(None));
    }
}
