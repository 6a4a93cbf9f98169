//! Roundup: the issues of its REST interface and of its CSV export.

use super::object::Object;
use super::{Document, Table, blank, dates, page};
use crate::evidence::exports::recorded::{Account, Fragment, Recognised, RecordedTicket, TicketPage};

const SYSTEM: &str = "Roundup";

/// `GET …/rest/data/issue?@verbose=2&@fields=id,title,status,creation,creator`.
pub(super) fn recognise(document: &Document<'_>) -> Result<Option<Recognised>, String> {
    let root = document.root();
    let Some(collection) = document.value.pointer("/data/collection").filter(|rows| rows.is_array()) else { return Ok(None) };
    let place = |index: usize| format!("{}/data/collection/{index}", root.place);
    let rows = collection.as_array().into_iter().flatten().enumerate();
    let rows: Vec<Object<'_>> = rows.map(|(index, row)| Object::new(row, place(index))).collect();
    let is_issue =
        |row: &Object<'_>| row.text(&["link"]).is_ok_and(|link| link.is_some_and(|link| link.contains("/rest/data/issue/")));
    if !rows.iter().all(is_issue) {
        return Ok(None);
    }
    let mut fragments = Vec::new();
    for row in &rows {
        fragments.push(Fragment::Ticket(Box::new(read(document, row)?)));
    }
    let is_paged = root.find(&["data", "@links"])?.is_some();
    let has_next = root.find(&["data", "@links", "next"])?.is_some();
    fragments.push(page(TicketPage {
        system: SYSTEM.to_owned(),
        place: document.place(&root.place),
        start: None,
        rows: rows.len() as u64,
        total: root.number(&["data", "@total_size"])?.filter(|_| !is_paged),
        last: is_paged.then_some(!has_next),
        full: false,
    }));
    Ok(Some(Recognised { kind: "Roundup issues (REST)", fragments, rows: rows.len(), gaps: Vec::new() }))
}

fn read(document: &Document<'_>, row: &Object<'_>) -> Result<RecordedTicket, String> {
    // Without `@fields` an answer has the ids alone.
    if !row.has("title") || !row.has("status") {
        return Err(format!("{}: title and status are missing; ask for `@fields=id,title,status,creation,creator`", row.place));
    }
    let id = row.word(&["id"])?.unwrap_or_default();
    let mut ticket = blank(format!("#{id}"), SYSTEM, document.place(&row.place));
    ticket.title = row.words(&["title"])?;
    // Without `@verbose=2` a status is its number.
    ticket.status = row
        .text(&["status", "name"])?
        .map_or_else(|| row.word(&["status", "id"]), |name| Ok(Some(name.to_owned())))?
        .unwrap_or_default();
    ticket.requester = Account { login: row.words(&["creator", "username"])?, ..Account::default() };
    ticket.created_at = row.text(&["creation"])?.and_then(dates::known_utc);
    Ok(ticket)
}

/// The table that the page of a query gives, with names (`export_csv`) or with numbers (`export_csv_id`).
pub(super) fn recognise_table(table: &Table<'_>) -> Result<Option<Recognised>, String> {
    let [Some(id), Some(title), Some(status), Some(creation)] =
        ["id", "title", "status", "creation"].map(|name| table.column(&[name]))
    else {
        return Ok(None);
    };
    let creator = table.column(&["creator"]);
    // With numbers the dates are in UTC, with names in the zone of whoever exported.
    let cells = table.cells(Some(creation));
    let in_utc = cells.iter().all(|cell| cell.contains('.'));
    let column = dates::column("creation", if in_utc { &[] } else { &cells });
    let mut fragments = Vec::new();
    for row in 0..table.rows.len() {
        let number = table.cell(row, Some(id));
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(format!("line {}: the number of an issue is expected", row + 2));
        }
        let mut ticket = blank(format!("#{number}"), SYSTEM, table.place(row));
        table.cell(row, Some(title)).clone_into(&mut ticket.title);
        table.cell(row, Some(status)).clone_into(&mut ticket.status);
        let creator = table.cell(row, creator);
        ticket.requester.name = if creator == "None" { String::new() } else { creator.to_owned() };
        ticket.created_at =
            if in_utc { dates::known_utc(table.cell(row, Some(creation))) } else { column.dates.get(row).cloned().flatten() };
        ticket.zoned = in_utc || column.zoned;
        fragments.push(Fragment::Ticket(Box::new(ticket)));
    }
    let rows = table.rows.len();
    let place = table.place(0);
    let told = TicketPage {
        system: SYSTEM.to_owned(),
        place,
        start: None,
        rows: rows as u64,
        total: None,
        last: Some(true),
        full: false,
    };
    fragments.push(page(told));
    Ok(Some(Recognised { kind: "Roundup issues (CSV)", fragments, rows, gaps: column.gaps }))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{json, read, table, tickets};

    const PAGE: &str = r#"{"data": {"collection": [{"id": "1", "link": "http://127.0.0.1/demo/rest/data/issue/1",
        "creation": "2026-11-23.08:24:10", "creator": {"id": "1", "link": "http://127.0.0.1/demo/rest/data/user/1", "username": "alice"},
        "status": {"id": "8", "link": "http://127.0.0.1/demo/rest/data/status/8", "name": "resolved"}, "title": "Close the port"}],
        "@total_size": 1}}"#;

    #[test]
    fn an_answer_is_read_and_its_total_is_believed() {
        let exports = read(&[("1/a.json", PAGE)]);
        let ticket = &exports.tickets[0];
        assert_eq!((ticket.id.as_str(), ticket.status.as_str(), ticket.requester.login.as_str()), ("#1", "resolved", "alice"));
        assert_eq!(ticket.created_at.as_deref(), Some("2026-11-23T08:24:10Z"));
        assert!(ticket.zoned && exports.ticket_gaps.is_empty(), "{:?}", exports.ticket_gaps);
        let cut = read(&[("1/a.json", &PAGE.replace("\"@total_size\": 1", "\"@total_size\": 3"))]);
        assert!(cut.ticket_gaps[0].contains("1 of 3"), "{:?}", cut.ticket_gaps);
        let bare = json(r#"{"data": {"collection": [{"id": "1", "link": "http://h/rest/data/issue/1"}], "@total_size": 1}}"#);
        assert!(bare.unwrap_err().contains("@fields"));
        assert_eq!(json(r#"{"data": {"collection": [{"id": "1", "link": "http://h/rest/data/user/1"}]}}"#), Ok(None));
    }

    #[test]
    fn both_tables_are_read() {
        let told = table("id|title|status|creation|creator\n1|Close the port|resolved|2026-11-23 08:24|None").unwrap().unwrap();
        let ticket = tickets(&told)[0];
        assert_eq!((ticket.created_at.as_deref(), ticket.zoned), (Some("2026-11-23T08:24:00Z"), false));
        let told = table("id|title|status|creation|creator\n1|Close the port|8|2026-11-23.08:24:10|1").unwrap().unwrap();
        let ticket = tickets(&told)[0];
        assert_eq!((ticket.created_at.as_deref(), ticket.zoned), (Some("2026-11-23T08:24:10Z"), true));
        assert!(table("id|title|status|creation\nx|a|b|c").unwrap_err().starts_with("line 2"));
    }
}
