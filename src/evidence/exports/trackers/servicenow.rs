//! ServiceNow: `result` of the table API for `change_request` and other tasks, and rows of `sysapproval_approver`; JSON and
//! CSV.
//!
//! With `sysparm_display_value=all` each field is `{display_value, value}`, else a text or `{link, value}`. Values are UTC;
//! display values are in the zone of whoever exported.

use serde_json::Value;

use super::object::Object;
use super::{Document, Table, blank, dates, page};
use crate::evidence::exports::recorded::{
    Account, ExportPlace, Fragment, Recognised, StatusChange, TicketApproval, TicketPage, TicketPart,
};

const SYSTEM: &str = "ServiceNow";

/// The table API and the CSV export give no more rows at once unless asked.
const PAGE_SIZES: [usize; 4] = [1000, 5000, 10_000, 50_000];

pub(super) fn recognise(document: &Document<'_>) -> Result<Option<Recognised>, String> {
    let root = document.root();
    let rows = match document.rows(Some("result")) {
        Some(rows) => rows,
        None if root.has("result") => {
            vec![Object::new(document.value.get("result").unwrap_or(&Value::Null), format!("{}/result", root.place))]
        }
        // The JSON export of a list is named `records`.
        None => match document.rows(Some("records")) {
            Some(rows) => rows,
            None => return Ok(None),
        },
    };
    let is_known = |row: &Object<'_>| row.has("number") || row.has("sysapproval");
    if !rows.first().is_none_or(is_known) {
        return Ok(None);
    }
    let mut recognised = Recognised { kind: "ServiceNow records", fragments: Vec::new(), rows: rows.len(), gaps: Vec::new() };
    for row in &rows {
        let fields = |name: &str| Field::read(row, name);
        let place = document.place(&row.place);
        if row.has("sysapproval") {
            recognised.fragments.push(approver(&fields, &place)?);
        } else {
            task(&fields, &place, &mut recognised)?;
        }
    }
    recognised.fragments.push(last_page(document.place(&root.place), rows.len()));
    Ok(Some(recognised))
}

fn last_page(place: ExportPlace, rows: usize) -> Fragment {
    let full = PAGE_SIZES.contains(&rows);
    page(TicketPage { system: SYSTEM.to_owned(), place, start: None, rows: rows as u64, total: None, last: None, full })
}

/// A field in its two forms; what is not told is empty.
#[derive(Clone, Debug, Default)]
struct Field {
    value: String,
    display: String,
}

impl Field {
    fn read(row: &Object<'_>, name: &str) -> Result<Self, String> {
        let found = row.find(&[name])?;
        if let Some(Value::Object(_)) = found {
            let value = row.word(&[name, "value"])?.unwrap_or_default();
            let display = row.word(&[name, "display_value"])?.unwrap_or_else(|| value.clone());
            return Ok(Self { value, display });
        }
        Ok(Self::plain(&row.word(&[name])?.unwrap_or_default()))
    }

    fn plain(text: &str) -> Self {
        Self { value: text.to_owned(), display: text.to_owned() }
    }

    /// A link shows only the id of a person's record, which serves as the login.
    fn account(&self) -> Account {
        let is_id = self.display.len() == 32 && self.display.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (login, name) = if is_id { (self.value.clone(), String::new()) } else { (String::new(), self.display.clone()) };
        Account { login, name, ..Account::default() }
    }

    /// Whether the row was exported with values, whose times are UTC, or with display values only.
    fn is_raw(&self) -> bool {
        self.value != self.display || self.value.parse::<i64>().is_ok() || self.value.is_empty()
    }

    /// An approval's state has words for values, which labels write with a capital.
    fn is_value_word(&self) -> bool {
        self.value != self.display || !self.value.starts_with(|c: char| c.is_uppercase())
    }
}

type Fields<'a> = dyn Fn(&str) -> Result<Field, String> + 'a;

fn time(fields: &Fields<'_>, name: &str, place: &ExportPlace) -> Result<Option<String>, String> {
    let field = fields(name)?;
    if field.value.is_empty() {
        return Ok(None);
    }
    let told = crate::text::visible_line(&field.value.chars().take(40).collect::<String>());
    let wrong = || format!("{}/{name}: a time such as 2021-03-04 12:00:00 is expected, not {told}", place.place);
    dates::known_utc(&field.value).map(Some).ok_or_else(wrong)
}

fn task(fields: &Fields<'_>, place: &ExportPlace, recognised: &mut Recognised) -> Result<(), String> {
    let number = fields("number")?.display;
    if number.is_empty() {
        return Err(format!("{}/number: a number is expected, not nothing", place.place));
    }
    let state = fields("state")?;
    let mut ticket = blank(number.clone(), SYSTEM, place.clone());
    ticket.zoned = state.is_raw();
    ticket.kind = [fields("type")?.display, fields("sys_class_name")?.display]
        .into_iter()
        .find(|kind| !kind.is_empty())
        .unwrap_or_default();
    ticket.title = fields("short_description")?.display;
    let told = |(label, name)| Ok::<_, String>((label, fields(name)?.display));
    ticket.text = plans(PLANS.into_iter().map(told).collect::<Result<_, _>>()?);
    ticket.status = state_word(&number, &state.display);
    ticket.created_at = time(fields, "sys_created_on", place)?;
    let requested = fields("requested_by")?;
    ticket.requester = if requested.value.is_empty() { fields("opened_by")? } else { requested }.account();
    if let Some(at) = time(fields, "closed_at", place)? {
        ticket.history.push(StatusChange { at, to: ticket.status.clone(), by: fields("closed_by")?.account() });
    }
    (ticket.tells_approvals, ticket.approvals) = summary(&fields("approval")?);
    let sys_id = fields("sys_id")?.value;
    if !sys_id.is_empty() {
        recognised.fragments.push(Fragment::OfTickets(Box::new(TicketPart::OtherName { name: sys_id, ticket: number })));
    }
    recognised.fragments.push(Fragment::Ticket(Box::new(ticket)));
    Ok(())
}

/// Fields of a change request in which its plans are written, and the labels under which they are kept.
const PLANS: [(&str, &str); 4] =
    [("", "description"), ("Justification", "justification"), ("Impact", "risk_impact_analysis"), ("Test plan", "test_plan")];

/// The plans that are there, each under its label.
fn plans(plans: Vec<(&str, String)>) -> String {
    let told = plans.into_iter().filter(|(_, text)| !text.trim().is_empty());
    let labelled = told.map(|(label, text)| if label.is_empty() { text } else { format!("# {label}\n{text}") });
    labelled.collect::<Vec<_>>().join("\n")
}

/// What the record itself says of its approvals, without who and when.
fn summary(approval: &Field) -> (bool, Vec<TicketApproval>) {
    let one = |approved| vec![TicketApproval { by: Account::default(), at: None, approved }];
    match approval.value.to_lowercase().as_str() {
        "approved" => (true, one(true)),
        "rejected" => (true, one(false)),
        "requested" | "not requested" | "not_requested" | "not yet requested" => (true, Vec::new()),
        _ => (false, Vec::new()),
    }
}

/// The states of the base system, where the export has only their numbers.
fn state_word(number: &str, state: &str) -> String {
    let words: &[(&str, &str)] = if number.starts_with("CHG") {
        &[
            ("-5", "New"),
            ("-4", "Assess"),
            ("-3", "Authorize"),
            ("-2", "Scheduled"),
            ("-1", "Implement"),
            ("0", "Review"),
            ("3", "Closed"),
            ("4", "Canceled"),
        ]
    } else if number.starts_with("INC") {
        &[("1", "New"), ("2", "In Progress"), ("3", "On Hold"), ("6", "Resolved"), ("7", "Closed"), ("8", "Canceled")]
    } else {
        &[]
    };
    words.iter().find(|(code, _)| *code == state).map_or(state, |(_, word)| word).to_owned()
}

/// A row of `sysapproval_approver`; who was only asked has not decided.
fn approver(fields: &Fields<'_>, place: &ExportPlace) -> Result<Fragment, String> {
    let task = fields("sysapproval")?;
    let ticket = if task.value == task.display { task.value } else { task.display };
    let state = fields("state")?;
    let approved = match state.value.to_lowercase().as_str() {
        "approved" => Some(true),
        "rejected" => Some(false),
        _ => None,
    };
    let at = if state.is_value_word() { time(fields, "sys_updated_on", place)? } else { None };
    let by = fields("approver")?.account();
    let approvals = approved.map(|approved| TicketApproval { by, at, approved }).into_iter().collect();
    Ok(Fragment::OfTickets(Box::new(TicketPart::Approvals { ticket, approvals })))
}

/// CSV of either table, with field names or English labels; its dates are in the zone of whoever exported.
pub(super) fn recognise_table(table: &Table<'_>) -> Result<Option<Recognised>, String> {
    let number = table.column(&["number"]);
    let approval_for = table.column(&["sysapproval", "approval for", "approving"]);
    let is_task = number.is_some()
        && table.column(&["sys_created_on", "created", "short_description", "short description"]).is_some()
        && table.column(&["state"]).is_some();
    let is_approval = approval_for.is_some() && table.column(&["approver"]).is_some();
    if is_approval {
        return Ok(Some(approvals_table(table, approval_for)));
    }
    if is_task { tasks_table(table, number).map(Some) } else { Ok(None) }
}

fn tasks_table(table: &Table<'_>, number: Option<usize>) -> Result<Recognised, String> {
    let kind = table.column(&["type", "sys_class_name", "task type"]);
    let title = table.column(&["short_description", "short description"]);
    let texts = PLANS.map(|(label, name)| (label, table.column(&[name, &name.replace('_', " ")])));
    let state = table.column(&["state"]);
    let approval = table.column(&["approval"]);
    let requester = table.column(&["requested_by", "requested by", "opened_by", "opened by", "sys_created_by", "created by"]);
    let created = dates::column("Created", &table.cells(table.column(&["sys_created_on", "created", "opened_at", "opened"])));
    let mut fragments = Vec::new();
    for row in 0..table.rows.len() {
        let id = table.cell(row, number);
        if id.is_empty() {
            return Err(format!("line {}: a number is expected, not nothing", row + 2));
        }
        let mut ticket = blank(id.to_owned(), SYSTEM, table.place(row));
        table.cell(row, kind).clone_into(&mut ticket.kind);
        table.cell(row, title).clone_into(&mut ticket.title);
        ticket.text = plans(texts.iter().map(|(label, column)| (*label, table.cell(row, *column).to_owned())).collect());
        ticket.status = state_word(id, table.cell(row, state));
        ticket.requester = Field::plain(table.cell(row, requester)).account();
        ticket.created_at = created.dates.get(row).cloned().flatten();
        ticket.zoned = created.zoned;
        (ticket.tells_approvals, ticket.approvals) = summary(&Field::plain(table.cell(row, approval)));
        fragments.push(Fragment::Ticket(Box::new(ticket)));
    }
    let rows = table.rows.len();
    fragments.push(last_page(table.place(0), rows));
    Ok(Recognised { kind: "ServiceNow records (CSV)", fragments, rows, gaps: created.gaps })
}

fn approvals_table(table: &Table<'_>, approval_for: Option<usize>) -> Recognised {
    let state = table.column(&["state"]);
    let who = table.column(&["approver"]);
    let updated = dates::column("Updated", &table.cells(table.column(&["sys_updated_on", "updated"])));
    let mut fragments = Vec::new();
    for row in 0..table.rows.len() {
        // `Change Request: CHG0030001` in exports with labels.
        let ticket = table.cell(row, approval_for).rsplit(' ').next().unwrap_or_default().to_owned();
        let approved = match table.cell(row, state).to_lowercase().as_str() {
            "approved" => Some(true),
            "rejected" => Some(false),
            _ => None,
        };
        let by = Field::plain(table.cell(row, who)).account();
        // Without its zone, an approval cannot be put before or after an arrival.
        let at = updated.dates.get(row).cloned().flatten().filter(|_| updated.zoned);
        let approvals = approved.map(|approved| TicketApproval { by, at, approved }).into_iter().collect();
        fragments.push(Fragment::OfTickets(Box::new(TicketPart::Approvals { ticket, approvals })));
    }
    let rows = table.rows.len();
    fragments.push(last_page(table.place(0), rows));
    Recognised { kind: "ServiceNow approvals (CSV)", fragments, rows, gaps: updated.gaps }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{json, read, table, tickets};

    const CHANGE: &str = r#"{"result": [{"sys_id": {"value": "c83c5e5347c12200e0ef563dbb9a7190", "display_value": "c83c5e5347c12200e0ef563dbb9a7190"},
        "number": {"value": "CHG0030001", "display_value": "CHG0030001"},
        "state": {"value": "-1", "display_value": "Implement"}, "type": {"value": "normal", "display_value": "Normal"},
        "short_description": {"value": "Close the port", "display_value": "Close the port"},
        "approval": {"value": "approved", "display_value": "Approved"},
        "requested_by": {"value": "6816f79cc0a8016401c5a33be04be441", "display_value": "Alice Example", "link": "https://x"},
        "sys_created_on": {"value": "2021-03-04 12:00:00", "display_value": "04/03/2021 13:00:00"}}]}"#;
    const APPROVERS: &str = r#"{"result": [
        {"approver": {"link": "https://x", "value": "46d44a23a9fe19810012d100cca80666"}, "state": "approved",
         "sys_updated_on": "2021-03-05 12:00:00", "sysapproval": {"link": "https://x", "value": "c83c5e5347c12200e0ef563dbb9a7190"}},
        {"approver": {"display_value": "Bob", "link": "https://x"}, "state": "requested", "sys_updated_on": "2021-03-05 12:00:00",
         "sysapproval": {"value": "c83c5e5347c12200e0ef563dbb9a7190", "display_value": "CHG0030001"}}]}"#;

    #[test]
    fn a_change_gets_the_approvals_of_its_approvers() {
        let exports = read(&[("1/a.json", CHANGE), ("1/b.json", APPROVERS)]);
        let ticket = &exports.tickets[0];
        assert_eq!((ticket.id.as_str(), ticket.kind.as_str(), ticket.status.as_str()), ("CHG0030001", "Normal", "Implement"));
        assert_eq!(ticket.created_at.as_deref(), Some("2021-03-04T12:00:00Z"));
        assert_eq!(ticket.requester.name, "Alice Example");
        assert_eq!(ticket.approvals.len(), 1, "{:?}", ticket.approvals);
        assert_eq!(ticket.approvals[0].at.as_deref(), Some("2021-03-05T12:00:00Z"));
        assert!(ticket.zoned && exports.ticket_gaps.is_empty(), "{:?}", exports.ticket_gaps);
        let alone = read(&[("1/b.json", APPROVERS)]);
        assert!(alone.ticket_gaps[0].contains("in no file"), "{:?}", alone.ticket_gaps);
    }

    #[test]
    fn plain_values_have_numbers_for_states() {
        let recognised = json(
            r#"{"result": {"number": "CHG0000024", "state": "4", "approval": "rejected", "sys_created_on": "2021-03-04 12:00:00"}}"#,
        );
        let recognised = recognised.unwrap().unwrap();
        let ticket = tickets(&recognised)[0];
        assert_eq!((ticket.status.as_str(), ticket.zoned, ticket.approvals[0].approved), ("Canceled", true, false));
        let labels =
            json(r#"{"result": [{"number": "CHG0000024", "state": "Closed", "sys_created_on": "2021-03-04 12:00:00"}]}"#);
        assert!(!tickets(&labels.unwrap().unwrap())[0].zoned, "display values are in a zone that is not told");
    }

    #[test]
    fn a_wrong_shape_names_its_place() {
        let told = json(r#"{"result": [{"number": "CHG0000024", "sys_created_on": "yesterday"}]}"#).unwrap_err();
        assert!(told.starts_with("1/result/0/sys_created_on: a time such as"), "{told}");
        let told = json(r#"{"result": [{"number": ["x"]}]}"#).unwrap_err();
        assert!(told.starts_with("1/result/0/number: a text or a number"), "{told}");
        assert_eq!(json(r#"{"result": [{"name": "x"}]}"#), Ok(None));
    }

    #[test]
    fn both_tables_are_read_from_csv() {
        let changes = "number|state|short_description|approval|sys_created_on\nCHG0030001|Closed|x|approved|2021-03-04 12:00:00";
        let recognised = table(changes).unwrap().unwrap();
        assert_eq!(tickets(&recognised)[0].status, "Closed");
        assert!(recognised.gaps[0].contains("no time zone"), "{:?}", recognised.gaps);
        let approvals = table("Approval for|Approver|State|Updated\nChange Request: CHG0030001|Bob|Approved|2021-03-04 12:00:00");
        assert_eq!(approvals.unwrap().unwrap().rows, 1);
    }
}
