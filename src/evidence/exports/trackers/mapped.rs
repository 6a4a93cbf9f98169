//! Tables of tickets of any system, by the columns that the settings name.

use super::{Table, blank, dates, page};
use crate::evidence::exports::recorded::{Account, Fragment, Recognised, TicketApproval, TicketPage};
use crate::settings::TicketTable;

/// Reads a table that has every column by which the settings recognise it, and that of the id.
pub(super) fn recognise(table: &Table<'_>, mapping: &TicketTable) -> Result<Option<Recognised>, String> {
    let find = |name: &String| table.column(&[name.trim().to_lowercase().as_str()]);
    if mapping.matches.is_empty() && find(&mapping.columns.id).is_none()
        || mapping.matches.iter().any(|name| find(name).is_none())
    {
        return Ok(None);
    }
    let columns = Columns::find(table, mapping)?;
    let created = dates_of(table, mapping, "created_at", columns.created_at);
    let approved = dates_of(table, mapping, "approved_at", columns.approved_at);
    let mut fragments = Vec::new();
    for row in 0..table.rows.len() {
        let id = table.cell(row, columns.id);
        if id.is_empty() {
            return Err(format!("line {}: an id is expected, not nothing", row + 2));
        }
        let mut ticket = blank(id.to_owned(), &mapping.name, table.place(row));
        table.cell(row, columns.status).clone_into(&mut ticket.status);
        table.cell(row, columns.kind).clone_into(&mut ticket.kind);
        table.cell(row, columns.title).clone_into(&mut ticket.title);
        table.cell(row, columns.requester).clone_into(&mut ticket.requester.name);
        ticket.created_at = created.dates.get(row).cloned().flatten();
        ticket.zoned = created.zoned && approved.zoned;
        ticket.tells_approvals = columns.approved_by.is_some() || columns.approved_at.is_some();
        let (by, at) = (table.cell(row, columns.approved_by), approved.dates.get(row).cloned().flatten());
        if !by.is_empty() || at.is_some() {
            let by = Account { name: by.to_owned(), ..Account::default() };
            ticket.approvals.push(TicketApproval { by, at, approved: true });
        }
        fragments.push(Fragment::Ticket(Box::new(ticket)));
    }
    let rows = table.rows.len();
    fragments.push(page(TicketPage {
        system: mapping.name.clone(),
        place: table.place(0),
        start: None,
        rows: rows as u64,
        total: None,
        last: Some(true),
        full: false,
    }));
    let gaps = created.gaps.into_iter().chain(approved.gaps).collect();
    Ok(Some(Recognised { kind: "tickets by the columns of the settings (CSV)", fragments, rows, gaps }))
}

/// Where the columns stand.
struct Columns {
    id: Option<usize>,
    status: Option<usize>,
    kind: Option<usize>,
    title: Option<usize>,
    requester: Option<usize>,
    created_at: Option<usize>,
    approved_by: Option<usize>,
    approved_at: Option<usize>,
}

impl Columns {
    /// Finds every column that the settings name; one that is not there is told.
    fn find(table: &Table<'_>, mapping: &TicketTable) -> Result<Self, String> {
        let find = |name: &Option<String>| {
            let Some(name) = name else { return Ok(None) };
            let found = table.column(&[name.trim().to_lowercase().as_str()]);
            let has = || table.header.join(", ");
            found.map(Some).ok_or_else(|| format!("the settings name the column `{name}`, and the table has: {}", has()))
        };
        let columns = &mapping.columns;
        Ok(Self {
            id: find(&Some(columns.id.clone()))?,
            status: find(&columns.status)?,
            kind: find(&columns.kind)?,
            title: find(&columns.title)?,
            requester: find(&columns.requester)?,
            created_at: find(&columns.created_at)?,
            approved_by: find(&columns.approved_by)?,
            approved_at: find(&columns.approved_at)?,
        })
    }
}

/// The dates of a column, in the form that the settings name or else in one that is recognised.
fn dates_of(table: &Table<'_>, mapping: &TicketTable, name: &str, column: Option<usize>) -> dates::Column {
    let cells = table.cells(column);
    match &mapping.date_format {
        Some(format) => dates::column_by_format(name, &cells, format),
        None => dates::column(name, &cells),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::TicketColumns;

    fn mapping() -> TicketTable {
        let some = |name: &str| Some(name.to_owned());
        TicketTable {
            name: "Change desk".into(),
            matches: vec!["Change no.".into(), "Approved on".into()],
            columns: TicketColumns {
                id: "Change no.".into(),
                status: some("State"),
                approved_by: some("Approver"),
                approved_at: some("approved on"),
                ..TicketColumns::default()
            },
            date_format: some("%d.%m.%y %H:%M"),
        }
    }

    fn read(text: &str) -> Result<Option<Recognised>, String> {
        let mut lines = text.lines().map(|line| line.split('|').map(str::to_owned).collect::<Vec<_>>());
        let (header, rows) = (lines.next().unwrap(), lines.collect::<Vec<_>>());
        recognise(&Table { file: "1/x.csv", header: &header, rows: &rows }, &mapping())
    }

    #[test]
    fn columns_are_found_by_the_names_of_the_settings() {
        let told = read("Change no.|State|Approver|Approved on\nC-7|done|Dana|03.02.25 14:03\nC-8|open||\n").unwrap().unwrap();
        let [Fragment::Ticket(first), Fragment::Ticket(second), _] = told.fragments.as_slice() else { panic!("{told:?}") };
        assert_eq!((first.id.as_str(), first.system.as_str(), first.status.as_str()), ("C-7", "Change desk", "done"));
        assert_eq!(first.approvals[0].at.as_deref(), Some("2025-02-03T14:03:00Z"));
        assert!(first.tells_approvals && !first.zoned && second.approvals.is_empty());
        assert!(told.gaps[0].contains("name no time zone"), "{:?}", told.gaps);
    }

    #[test]
    fn another_table_is_not_meant_and_a_missing_column_is_told() {
        assert_eq!(read("Change no.|State\nC-7|done\n"), Ok(None));
        let told = read("Change no.|Approver|Approved on\nC-7|Dana|\n").unwrap_err();
        assert!(told.contains("`State`"), "{told}");
        assert!(read("Change no.|State|Approver|Approved on\n|done||\n").unwrap_err().starts_with("line 2: an id"));
        let odd = read("Change no.|State|Approver|Approved on\nC-7|done|Dana|2025-02-03\n").unwrap().unwrap();
        assert!(odd.gaps[0].contains("not in the form"), "{:?}", odd.gaps);
    }
}
