//! Redmine: pages of `/issues.json` and single issues with their journals.

use std::collections::BTreeMap;

use super::object::Object;
use super::{Document, blank, page};
use crate::evidence::exports::recorded::{Account, Fragment, Recognised, RecordedTicket, StatusChange, TicketPage};

const SYSTEM: &str = "Redmine";

pub(super) fn recognise(document: &Document<'_>) -> Result<Option<Recognised>, String> {
    let root = document.root();
    let single = document.value.get("issue").map(|issue| vec![Object::new(issue, format!("{}/issue", root.place))]);
    let is_page = root.has("total_count");
    let Some(issues) = document.rows(Some("issues")).filter(|_| is_page).or(single) else { return Ok(None) };
    let is_issue = |issue: &Object<'_>| issue.has("id") && issue.has("subject") && issue.has("tracker");
    if !issues.first().is_none_or(is_issue) {
        return Ok(None);
    }
    let statuses = statuses(&issues)?;
    let mut fragments = Vec::new();
    for issue in &issues {
        fragments.push(Fragment::Ticket(Box::new(read(document, issue, &statuses)?)));
    }
    let rows = issues.len();
    fragments.push(page(TicketPage {
        system: SYSTEM.to_owned(),
        place: document.place(&root.place),
        start: root.number(&["offset"])?,
        rows: rows as u64,
        total: root.number(&["total_count"])?,
        last: (!is_page).then_some(true),
        full: false,
    }));
    Ok(Some(Recognised { kind: "Redmine issues", fragments, rows, gaps: Vec::new() }))
}

/// Journals name statuses by number; the issues of the same page tell their words.
fn statuses(issues: &[Object<'_>]) -> Result<BTreeMap<String, String>, String> {
    let mut statuses = BTreeMap::new();
    for issue in issues {
        if let Some(id) = issue.word(&["status", "id"])? {
            statuses.insert(id, issue.words(&["status", "name"])?);
        }
    }
    Ok(statuses)
}

fn read(document: &Document<'_>, issue: &Object<'_>, statuses: &BTreeMap<String, String>) -> Result<RecordedTicket, String> {
    let id = issue.needed_number(&["id"])?;
    let mut ticket = blank(format!("#{id}"), SYSTEM, document.place(&issue.place));
    ticket.kind = issue.words(&["tracker", "name"])?;
    ticket.title = issue.words(&["subject"])?;
    ticket.text = issue.prose(&["description"])?;
    ticket.status = issue.words(&["status", "name"])?;
    ticket.requester = account(issue, "author")?;
    ticket.created_at = issue.time(&["created_on"])?;
    if issue.has("journals") {
        read_journals(issue, &mut ticket, statuses)?;
    } else if let Some(at) = issue.time(&["closed_on"])? {
        ticket.history.push(StatusChange { at, to: ticket.status.clone(), by: Account::default() });
    }
    Ok(ticket)
}

fn read_journals(issue: &Object<'_>, ticket: &mut RecordedTicket, statuses: &BTreeMap<String, String>) -> Result<(), String> {
    let word = |id: Option<String>| {
        let id = id.unwrap_or_default();
        statuses.get(&id).cloned().unwrap_or_else(|| format!("status {id}"))
    };
    let mut steps = Vec::new();
    for journal in issue.objects(&["journals"])? {
        for detail in journal.objects(&["details"])? {
            if detail.text(&["name"])? != Some("status_id") {
                continue;
            }
            let at = journal.time(&["created_on"])?;
            let at = at.ok_or_else(|| journal.complaint(&["created_on"], "a time", &serde_json::Value::Null))?;
            let by = account(&journal, "user")?;
            let from = word(detail.word(&["old_value"])?);
            steps.push((from, StatusChange { at, to: word(detail.word(&["new_value"])?), by }));
        }
    }
    steps.sort_by(|(_, left), (_, right)| left.at.cmp(&right.at));
    let first = steps.first().map_or_else(|| ticket.status.clone(), |(from, _)| from.clone());
    let created = ticket.created_at.clone().map(|at| StatusChange { at, to: first, by: ticket.requester.clone() });
    ticket.history = created.into_iter().chain(steps.into_iter().map(|(_, step)| step)).collect();
    ticket.tells_history = true;
    Ok(())
}

/// Redmine shows names, not logins.
fn account(object: &Object<'_>, member: &str) -> Result<Account, String> {
    Ok(Account { name: object.words(&[member, "name"])?, ..Account::default() })
}

#[cfg(test)]
mod tests {
    use super::super::samples::{json, read};

    const PAGE: &str = r#"{"issues": [{"id": 12, "tracker": {"id": 1, "name": "Change"}, "status": {"id": 5, "name": "Closed"},
        "subject": "Close the port", "author": {"id": 3, "name": "Alice Example"}, "created_on": "2024-01-02T10:00:00Z",
        "closed_on": "2024-01-04T10:00:00Z",
        "journals": [{"id": 1, "user": {"id": 4, "name": "Bob"}, "created_on": "2024-01-04T10:00:00Z",
          "details": [{"property": "attr", "name": "status_id", "old_value": "1", "new_value": "5"}]}]}],
        "total_count": 1, "offset": 0, "limit": 25}"#;

    #[test]
    fn journals_are_the_history() {
        let exports = read(&[("1/a.json", PAGE)]);
        let ticket = &exports.tickets[0];
        assert_eq!(
            (ticket.id.as_str(), ticket.kind.as_str(), ticket.requester.name.as_str()),
            ("#12", "Change", "Alice Example")
        );
        let steps: Vec<_> = ticket.history.iter().map(|step| (step.at.as_str(), step.to.as_str())).collect();
        assert_eq!(steps, [("2024-01-02T10:00:00Z", "status 1"), ("2024-01-04T10:00:00Z", "Closed")]);
        assert!(ticket.tells_history && exports.ticket_gaps.is_empty() && exports.ticket_systems["Redmine"]);
        let cut = read(&[("1/a.json", &PAGE.replace("\"total_count\": 1", "\"total_count\": 30"))]);
        assert!(cut.ticket_gaps[0].contains("1 of 30"), "{:?}", cut.ticket_gaps);
    }

    #[test]
    fn a_wrong_shape_names_its_place() {
        let told = json(r#"{"issue": {"id": 1, "subject": 7, "tracker": {"name": "x"}}}"#).unwrap_err();
        assert!(told.starts_with("1/issue/subject: a text is expected"), "{told}");
        assert_eq!(json(r#"{"issue": {"id": 1}}"#), Ok(None), "a webhook of a forge");
    }
}
