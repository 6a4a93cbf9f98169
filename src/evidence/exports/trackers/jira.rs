//! Jira: pages of `GET /rest/api/2/search` and `/rest/api/3/search/jql`, single issues, and the CSV export.
//!
//! Jira itself has no approvals: they are changes of the status, which the settings name, or the approvals field of Jira
//! Service Management.

use serde_json::Value;

use super::object::Object;
use super::{Document, Table, blank, dates, page};
use crate::evidence::exports::recorded::{
    Account, Fragment, Recognised, RecordedTicket, StatusChange, TicketApproval, TicketPage, TicketPart,
};

const SYSTEM: &str = "Jira";

pub(super) fn recognise(document: &Document<'_>) -> Result<Option<Recognised>, String> {
    let root = document.root();
    let is_issue = |issue: &Object<'_>| issue.has("key") && issue.has("fields");
    let is_page = ["maxResults", "isLast", "nextPageToken", "startAt"].iter().any(|name| root.has(name));
    let (issues, kind) = match (document.rows(Some("issues")), document.rows(None)) {
        (Some(issues), _) if is_page || issues.first().is_some_and(is_issue) => (issues, "Jira issues (REST search)"),
        (_, Some(issues)) if issues.first().is_some_and(is_issue) => (issues, "Jira issues (list)"),
        (None, None) if is_issue(&root) => (vec![root.clone()], "Jira issue (REST)"),
        (Some(_), _) | (None, None | Some(_)) => return Ok(None),
    };
    let mut recognised = Recognised { kind, fragments: Vec::new(), rows: issues.len(), gaps: Vec::new() };
    for issue in &issues {
        read_issue(document, issue, &mut recognised)?;
    }
    let is_whole = !is_page;
    recognised.fragments.push(page(TicketPage {
        system: SYSTEM.to_owned(),
        place: document.place(&root.place),
        start: if is_page { root.number(&["startAt"])? } else { None },
        rows: issues.len() as u64,
        total: if is_page { root.number(&["total"])? } else { None },
        last: if is_whole { Some(true) } else { is_last(&root)? },
        full: false,
    }));
    Ok(Some(recognised))
}

/// What a page of API 3 says about itself; pages of API 2 count instead.
fn is_last(root: &Object<'_>) -> Result<Option<bool>, String> {
    match root.flag(&["isLast"])? {
        Some(last) => Ok(Some(last)),
        None if root.has("nextPageToken") => Ok(Some(false)),
        None => Ok(None),
    }
}

fn read_issue(document: &Document<'_>, issue: &Object<'_>, recognised: &mut Recognised) -> Result<(), String> {
    let key = issue.needed_text(&["key"])?;
    let mut ticket = blank(key.to_owned(), SYSTEM, document.place(&issue.place));
    ticket.kind = issue.words(&["fields", "issuetype", "name"])?;
    ticket.title = issue.words(&["fields", "summary"])?;
    ticket.text = issue.prose(&["fields", "description"])?;
    ticket.status = issue.words(&["fields", "status", "name"])?;
    ticket.created_at = issue.time(&["fields", "created"])?;
    let requester = if issue.find(&["fields", "reporter"])?.is_some() { "reporter" } else { "creator" };
    ticket.requester = account(issue, &["fields", requester])?;
    read_history(issue, &mut ticket, recognised)?;
    read_approvals(issue, &mut ticket)?;
    recognised.fragments.push(Fragment::Ticket(Box::new(ticket)));
    Ok(())
}

fn account(object: &Object<'_>, path: &[&str]) -> Result<Account, String> {
    let at = |name| [path, &[name][..]].concat();
    let login = match object.text(&at("name"))? {
        Some(name) => Some(name),
        None => object.text(&at("accountId"))?,
    };
    Ok(Account {
        login: login.unwrap_or_default().to_owned(),
        name: object.words(&at("displayName"))?,
        mail: object.words(&at("emailAddress"))?,
        is_bot: object.text(&at("accountType"))? == Some("app"),
    })
}

/// The changes of the status, with the one it was created with before them.
fn read_history(issue: &Object<'_>, ticket: &mut RecordedTicket, recognised: &mut Recognised) -> Result<(), String> {
    if issue.find(&["changelog"])?.is_none() {
        return Ok(());
    }
    let histories = issue.objects(&["changelog", "histories"])?;
    ticket.tells_history = true;
    if let Some(total) = issue.number(&["changelog", "total"])?.filter(|total| *total > histories.len() as u64) {
        ticket.tells_history = false;
        recognised.gaps.push(format!("{} has {} of {total} entries of its history", ticket.id, histories.len()));
    }
    let mut steps = Vec::new();
    for entry in &histories {
        for item in entry.objects(&["items"])? {
            let (from, to) = (item.words(&["fromString"])?, item.words(&["toString"])?);
            match item.text(&["field"])? {
                Some("status") => {
                    let at = entry.time(&["created"])?.ok_or_else(|| entry.complaint(&["created"], "a time", &Value::Null))?;
                    steps.push((from, StatusChange { at, to, by: account(entry, &["author"])? }));
                }
                Some("Key") => recognised.fragments.push(other_name(from, ticket.id.clone())),
                Some(_) | None => {}
            }
        }
    }
    steps.sort_by(|(_, left), (_, right)| left.at.cmp(&right.at));
    let first = steps.first().map_or_else(|| ticket.status.clone(), |(from, _)| from.clone());
    let created = ticket.created_at.clone().map(|at| StatusChange { at, to: first, by: ticket.requester.clone() });
    ticket.history = created.into_iter().chain(steps.into_iter().map(|(_, step)| step)).collect();
    Ok(())
}

/// An issue that was moved to another project is still found by the key it had.
fn other_name(name: String, ticket: String) -> Fragment {
    Fragment::OfTickets(Box::new(TicketPart::OtherName { name, ticket }))
}

/// Approvals of Jira Service Management stand in a custom field: lists of `finalDecision` and `approvers`.
fn read_approvals(issue: &Object<'_>, ticket: &mut RecordedTicket) -> Result<(), String> {
    for (name, value) in issue.members(&["fields"])? {
        let is_approvals = |value: &Value| value.get("approvers").is_some_and(Value::is_array);
        if !value.as_array().is_some_and(|rows| rows.iter().any(is_approvals)) {
            continue;
        }
        ticket.tells_approvals = true;
        for approval in issue.objects(&["fields", name.as_str()])? {
            let at = approval.time(&["completedDate", "iso8601"])?;
            for approver in approval.objects(&["approvers"])? {
                let approved = match approver.text(&["approverDecision"])? {
                    Some("approved") => true,
                    Some("declined") => false,
                    Some(_) | None => continue,
                };
                ticket.approvals.push(TicketApproval { by: account(&approver, &["approver"])?, at: at.clone(), approved });
            }
        }
    }
    ticket.approvals.sort_by(|left, right| left.at.cmp(&right.at));
    Ok(())
}

/// The CSV export, with English or German column names; its dates are in the form and the zone of whoever exported.
pub(super) fn recognise_table(table: &Table<'_>) -> Result<Option<Recognised>, String> {
    /// Jira exports no more rows at once.
    const MOST_ROWS: usize = 1000;
    let Some(key) = table.column(&["issue key", "vorgangsschl\u{fc}ssel", "key"]) else { return Ok(None) };
    let Some(status) = table.column(&["status"]) else { return Ok(None) };
    let kind = table.column(&["issue type", "vorgangstyp", "work type"]);
    let title = table.column(&["summary", "zusammenfassung"]);
    let text = table.column(&["description", "beschreibung"]);
    let reporter = table.column(&["reporter", "autor", "creator"]);
    let created = table.column(&["created", "erstellt"]);
    let created = dates::column("Created", &table.cells(created));
    let mut fragments = Vec::new();
    for row in 0..table.rows.len() {
        let id = table.cell(row, Some(key));
        if id.is_empty() {
            return Err(format!("line {}: a key is expected, not nothing", row + 2));
        }
        let mut ticket = blank(id.to_owned(), SYSTEM, table.place(row));
        table.cell(row, kind).clone_into(&mut ticket.kind);
        table.cell(row, title).clone_into(&mut ticket.title);
        table.cell(row, text).clone_into(&mut ticket.text);
        table.cell(row, Some(status)).clone_into(&mut ticket.status);
        table.cell(row, reporter).clone_into(&mut ticket.requester.name);
        ticket.created_at = created.dates.get(row).cloned().flatten();
        ticket.zoned = created.zoned;
        fragments.push(Fragment::Ticket(Box::new(ticket)));
    }
    let rows = table.rows.len();
    fragments.push(page(TicketPage {
        system: SYSTEM.to_owned(),
        place: table.place(0),
        start: None,
        rows: rows as u64,
        total: None,
        last: None,
        full: rows == MOST_ROWS,
    }));
    Ok(Some(Recognised { kind: "Jira issues (CSV)", fragments, rows, gaps: created.gaps }))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{json, read, table, tickets};

    const ISSUE: &str = r#"{"id": "1", "key": "SEC-1", "fields": {
        "summary": "Close the port", "issuetype": {"name": "Change"}, "status": {"name": "Done"},
        "created": "2015-12-07T14:19:13.000-0800",
        "reporter": {"name": "alice", "displayName": "Alice Example", "emailAddress": "alice@example.com"},
        "customfield_10044": [{"id": "1", "name": "Waiting", "finalDecision": "approved",
            "approvers": [{"approver": {"accountId": "5b", "displayName": "Bob"}, "approverDecision": "approved"},
                          {"approver": {"accountId": "5c"}, "approverDecision": "pending"}],
            "completedDate": {"iso8601": "2015-12-09T10:00:00+0000"}}],
        "customfield_10045": ["x"]},
      "changelog": {"total": 3, "histories": [
        {"author": {"name": "bob"}, "created": "2015-12-10T10:00:00.000+0000",
         "items": [{"field": "status", "fromString": "Approved", "toString": "Done"}]},
        {"author": {"name": "bob"}, "created": "2015-12-09T10:00:00.000+0000",
         "items": [{"field": "labels", "fromString": null, "toString": "x"},
                   {"field": "status", "fromString": "Open", "toString": "Approved"}]},
        {"author": {"name": "bob"}, "created": "2015-12-08T10:00:00.000+0000",
         "items": [{"field": "Key", "fromString": "OLD-7", "toString": "SEC-1"}]}]}}"#;

    #[test]
    fn an_issue_is_read_with_its_history_and_its_approvals() {
        let recognised = json(&format!("{{\"startAt\": 0, \"total\": 1, \"issues\": [{ISSUE}]}}")).unwrap().unwrap();
        let tickets = tickets(&recognised);
        let ticket = tickets[0];
        assert_eq!((ticket.id.as_str(), ticket.kind.as_str(), ticket.status.as_str()), ("SEC-1", "Change", "Done"));
        assert_eq!(ticket.created_at.as_deref(), Some("2015-12-07T22:19:13Z"));
        assert_eq!(ticket.requester.mail, "alice@example.com");
        let steps: Vec<_> = ticket.history.iter().map(|step| (step.at.as_str(), step.to.as_str())).collect();
        assert_eq!(
            steps,
            [("2015-12-07T22:19:13Z", "Open"), ("2015-12-09T10:00:00Z", "Approved"), ("2015-12-10T10:00:00Z", "Done")]
        );
        assert_eq!((ticket.approvals.len(), ticket.approvals[0].by.name.as_str()), (1, "Bob"));
        assert!(ticket.tells_history && ticket.tells_approvals && recognised.gaps.is_empty());
        assert_eq!(ticket.place.place, "1/issues/0");
    }

    #[test]
    fn a_moved_issue_is_found_by_its_old_key() {
        let exports = read(&[("1/a.json", ISSUE)]);
        assert_eq!(exports.ticket_names.get("OLD-7").map(String::as_str), Some("SEC-1"));
    }

    #[test]
    fn pages_are_counted_over_all_documents() {
        let page = |start: u32, key: u32| {
            let issue = format!("{{\"key\": \"SEC-{key}\", \"fields\": {{}}}}");
            format!("{{\"startAt\": {start}, \"maxResults\": 1, \"total\": 2, \"issues\": [{issue}]}}")
        };
        let whole = read(&[("1/a.json", &format!("{}\n{}", page(0, 1), page(1, 2)))]);
        assert!(whole.ticket_gaps.is_empty() && whole.ticket_systems["Jira"], "{:?}", whole.ticket_gaps);
        let cut = read(&[("1/a.json", &page(1, 2))]);
        assert!(cut.ticket_gaps[0].contains("1 of 2") && !cut.ticket_systems["Jira"], "{:?}", cut.ticket_gaps);
        let open = read(&[("1/a.json", r#"{"issues": [], "nextPageToken": "x", "isLast": false}"#)]);
        assert!(open.ticket_gaps[0].contains("last page"), "{:?}", open.ticket_gaps);
        let closed =
            read(&[("1/a.json", r#"{"issues": [], "nextPageToken": "x"}"#), ("1/b.json", r#"{"issues": [], "isLast": true}"#)]);
        assert!(closed.ticket_gaps.is_empty(), "{:?}", closed.ticket_gaps);
    }

    #[test]
    fn a_cut_history_tells_no_status_of_a_moment() {
        let recognised = json(r#"[{"key": "A-1", "fields": {}, "changelog": {"total": 9, "histories": []}}]"#).unwrap().unwrap();
        assert!(!tickets(&recognised)[0].tells_history);
        assert!(recognised.gaps[0].contains("0 of 9"), "{:?}", recognised.gaps);
    }

    #[test]
    fn a_wrong_shape_names_its_place() {
        let told = json(r#"{"issues": [{"key": "A-1", "fields": {"created": "soon"}}]}"#).unwrap_err();
        assert!(told.starts_with("1/issues/0/fields/created: a time such as"), "{told}");
        let told = json(r#"{"issues": [{"key": "A-1", "fields": {"status": "Open"}}]}"#).unwrap_err();
        assert!(told.starts_with("1/issues/0/fields/status: an object is expected"), "{told}");
        assert_eq!(json(r#"{"issues": [{"id": 1, "subject": "x"}], "total_count": 1}"#), Ok(None));
    }

    #[test]
    fn the_csv_export_has_local_dates() {
        let recognised = table(
            "Summary|Issue key|Issue Type|Status|Reporter|Created|Labels|Labels\n\
             Close the port|SEC-1|Change|Done|alice|07/Dec/15 2:19 PM|a|b",
        );
        let recognised = recognised.unwrap().unwrap();
        let ticket = tickets(&recognised)[0];
        assert_eq!((ticket.id.as_str(), ticket.requester.name.as_str(), ticket.zoned), ("SEC-1", "alice", false));
        assert_eq!(ticket.created_at.as_deref(), Some("2015-12-07T14:19:00Z"));
        assert!(recognised.gaps[0].contains("name no time zone"));
        assert!(table("Issue key|Status\n|Open").unwrap_err().starts_with("line 2"));
        assert_eq!(table("a|b\n1|2"), Ok(None));
    }
}
