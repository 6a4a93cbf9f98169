//! Azure Boards: work items as a batch, a list or one by one, and their updates.

use super::object::Object;
use super::{Document, blank, page};
use crate::evidence::exports::recorded::{Account, Fragment, Recognised, StatusChange, TicketPage, TicketPart};

const SYSTEM: &str = "Azure Boards";
/// The most work items that one call gives.
const MOST_ROWS: usize = 200;

pub(super) fn recognise(document: &Document<'_>) -> Result<Option<Recognised>, String> {
    let root = document.root();
    let is_update = |row: &Object<'_>| row.has("workItemId") && row.has("rev");
    let is_item = |row: &Object<'_>| {
        row.has("id") && row.find(&["fields"]).ok().flatten().is_some_and(|fields| fields.get("System.State").is_some())
    };
    let rows = document.rows(Some("value")).or_else(|| document.rows(None)).unwrap_or_else(|| vec![root.clone()]);
    let Some(first) = rows.first() else { return Ok(None) };
    let mut recognised =
        Recognised { kind: "Azure Boards work items", fragments: Vec::new(), rows: rows.len(), gaps: Vec::new() };
    if is_update(first) {
        recognised.kind = "Azure Boards updates";
        for row in &rows {
            recognised.fragments.extend(update(row)?);
        }
    } else if is_item(first) {
        for row in &rows {
            recognised.fragments.push(item(document, row)?);
        }
        let (place, full) = (document.place(&root.place), rows.len() == MOST_ROWS);
        let rows = rows.len() as u64;
        recognised.fragments.push(page(TicketPage {
            system: SYSTEM.to_owned(),
            place,
            start: None,
            rows,
            total: None,
            last: None,
            full,
        }));
    } else {
        return Ok(None);
    }
    Ok(Some(recognised))
}

fn item(document: &Document<'_>, row: &Object<'_>) -> Result<Fragment, String> {
    let id = row.needed_number(&["id"])?;
    let mut ticket = blank(format!("AB#{id}"), SYSTEM, document.place(&row.place));
    ticket.kind = row.words(&["fields", "System.WorkItemType"])?;
    ticket.title = row.words(&["fields", "System.Title"])?;
    ticket.text = row.prose(&["fields", "System.Description"])?;
    ticket.status = row.words(&["fields", "System.State"])?;
    ticket.created_at = row.time(&["fields", "System.CreatedDate"])?;
    ticket.requester = account(row, &["fields", "System.CreatedBy"])?;
    Ok(Fragment::Ticket(Box::new(ticket)))
}

/// `Name <mail>` in former versions of the interface, an object in later ones.
fn account(row: &Object<'_>, path: &[&str]) -> Result<Account, String> {
    if row.find(path)?.is_some_and(serde_json::Value::is_string) {
        let text = row.words(path)?;
        let Some((name, mail)) = text.split_once('<') else { return Ok(Account { name: text, ..Account::default() }) };
        let mail = mail.trim_end().trim_end_matches('>').to_owned();
        return Ok(Account { name: name.trim().to_owned(), mail, ..Account::default() });
    }
    let at = |name| [path, &[name][..]].concat();
    let unique = row.words(&at("uniqueName"))?;
    let (login, mail) = if unique.contains('@') { (String::new(), unique) } else { (unique, String::new()) };
    Ok(Account { login, name: row.words(&at("displayName"))?, mail, is_bot: false })
}

/// One update; most of them change other fields than the state.
fn update(row: &Object<'_>) -> Result<Option<Fragment>, String> {
    let ticket = format!("AB#{}", row.needed_number(&["workItemId"])?);
    let mut changes = Vec::new();
    if let Some(to) = row.text(&["fields", "System.State", "newValue"])? {
        // The newest update is dated in the year 9999; the field has the real time.
        let written = row.time(&["fields", "System.ChangedDate", "newValue"])?;
        let at = match written {
            Some(at) => Some(at),
            None => row.time(&["revisedDate"])?.filter(|at| !at.starts_with("9999")),
        };
        let by = account(row, &["revisedBy"])?;
        match at {
            Some(at) => changes.push(StatusChange { at, to: to.to_owned(), by }),
            None => return Err(format!("{}: the time of the change of System.State is missing", row.place)),
        }
    }
    Ok(Some(Fragment::OfTickets(Box::new(TicketPart::History { ticket, changes }))))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{json, read};

    const ITEMS: &str = r#"{"count": 2, "value": [
        {"id": 297, "rev": 1, "fields": {"System.WorkItemType": "Product Backlog Item", "System.State": "Approved",
         "System.Title": "Close the port", "System.CreatedDate": "2014-12-29T20:49:20.77Z",
         "System.CreatedBy": {"displayName": "Alice", "uniqueName": "alice@example.com"}}},
        {"id": 299, "rev": 7, "fields": {"System.State": "New", "System.CreatedBy": "Bob <bob@example.com>"}}]}"#;
    const UPDATES: &str = r#"{"count": 3, "value": [
        {"id": 1, "workItemId": 297, "rev": 1, "revisedBy": {"displayName": "Alice"}, "revisedDate": "2014-12-30T00:00:00Z",
         "fields": {"System.State": {"newValue": "New"}, "System.ChangedDate": {"newValue": "2014-12-29T20:49:20.77Z"}}},
        {"id": 2, "workItemId": 297, "rev": 2, "revisedBy": {"displayName": "Bob"}, "revisedDate": "2014-12-31T00:00:00Z",
         "fields": {"System.Title": {"newValue": "x"}}},
        {"id": 3, "workItemId": 297, "rev": 3, "revisedBy": {"displayName": "Bob"}, "revisedDate": "9999-01-01T00:00:00Z",
         "fields": {"System.State": {"oldValue": "New", "newValue": "Approved"},
                    "System.ChangedDate": {"newValue": "2015-01-02T00:00:00Z"}}}]}"#;

    #[test]
    fn work_items_get_the_history_of_their_updates() {
        let exports = read(&[("1/a.json", ITEMS), ("1/b.json", UPDATES)]);
        let [first, second] = &exports.tickets[..] else { panic!("{:?}", exports.tickets) };
        assert_eq!((first.id.as_str(), first.requester.mail.as_str()), ("AB#297", "alice@example.com"));
        assert_eq!((second.requester.name.as_str(), second.requester.mail.as_str()), ("Bob", "bob@example.com"));
        let steps: Vec<_> = first.history.iter().map(|step| (step.at.as_str(), step.to.as_str())).collect();
        assert_eq!(steps, [("2014-12-29T20:49:20Z", "New"), ("2015-01-02T00:00:00Z", "Approved")]);
        assert!(first.tells_history && !second.tells_history && exports.ticket_gaps.is_empty(), "{:?}", exports.ticket_gaps);
    }

    #[test]
    fn a_wrong_shape_names_its_place() {
        let told = json(r#"{"value": [{"id": "x", "fields": {"System.State": "New"}}]}"#).unwrap_err();
        assert!(told.starts_with("1/value/0/id: a whole number"), "{told}");
        let told = json(r#"[{"workItemId": 1, "rev": 1, "fields": {"System.State": {"newValue": "New"}}}]"#).unwrap_err();
        assert!(told.contains("the time of the change"), "{told}");
        assert_eq!(json(r#"{"value": [{"pullRequestId": 1}]}"#), Ok(None));
    }
}
