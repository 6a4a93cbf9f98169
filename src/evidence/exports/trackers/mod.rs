//! Tickets as their systems export them: one file per system.

mod azure_boards;
mod dates;
mod forge_issues;
mod joining;
mod jira;
mod mapped;
mod object;
mod prose;
mod redmine;
mod roundup;
mod servicenow;

pub(super) use joining::{check_pages, join};

use serde_json::Value;

use self::object::Object;
use super::documents::Piece;
use super::recorded::{Account, ExportPlace, Fragment, Recognised, RecordedTicket, TicketPage, TicketPart};
use crate::settings::TicketTable;

/// One JSON document of an export.
struct Document<'a> {
    file: &'a str,
    number: usize,
    /// Where in the list that the document is the first row of this piece stands.
    first: usize,
    value: &'a Value,
}

impl<'a> Document<'a> {
    /// The document itself.
    fn root(&self) -> Object<'a> {
        Object::new(self.value, self.number.to_string())
    }

    /// The objects of the list that the document is, or that it has under a name; `None` where there is no such list.
    fn rows(&self, name: Option<&str>) -> Option<Vec<Object<'a>>> {
        let (list, place, first) = match name {
            Some(name) => (self.value.get(name)?, format!("{}/{name}", self.number), 0),
            None => (self.value, self.number.to_string(), self.first),
        };
        let place = |index: usize| format!("{place}/{index}");
        Some((first..).zip(list.as_array()?).map(|(index, row)| Object::new(row, place(index))).collect())
    }

    fn place(&self, place: &str) -> ExportPlace {
        ExportPlace { file: self.file.to_owned(), place: place.to_owned() }
    }
}

/// A table of an export.
struct Table<'a> {
    file: &'a str,
    header: &'a [String],
    rows: &'a [Vec<String>],
}

impl<'a> Table<'a> {
    /// The first column with one of these names, without regard to case.
    fn column(&self, names: &[&str]) -> Option<usize> {
        let is_it = |header: &String, name: &&str| header.trim().to_lowercase() == *name;
        names.iter().find_map(|name| self.header.iter().position(|header| is_it(header, name)))
    }

    /// A cell without the space around it; empty where there is no such column.
    fn cell(&self, row: usize, column: Option<usize>) -> &'a str {
        column.and_then(|column| self.rows.get(row)?.get(column)).map_or("", |cell| cell.trim())
    }

    fn cells(&self, column: Option<usize>) -> Vec<&'a str> {
        (0..self.rows.len()).map(|row| self.cell(row, column)).collect()
    }

    /// Where a row stands; the header is line 1, and a cell with line ends counts as one line.
    fn place(&self, row: usize) -> ExportPlace {
        ExportPlace { file: self.file.to_owned(), place: format!("line {}", row + 2) }
    }
}

/// A ticket of which nothing but its name is known.
fn blank(id: String, system: &str, place: ExportPlace) -> RecordedTicket {
    RecordedTicket {
        id,
        system: system.to_owned(),
        kind: String::new(),
        title: String::new(),
        text: String::new(),
        requester: Account::default(),
        created_at: None,
        zoned: true,
        status: String::new(),
        history: Vec::new(),
        tells_history: false,
        approvals: Vec::new(),
        tells_approvals: false,
        place,
    }
}

fn page(page: TicketPage) -> Fragment {
    Fragment::OfTickets(Box::new(TicketPart::Page(page)))
}

type Reader = fn(&Document<'_>) -> Result<Option<Recognised>, String>;
type TableReader = fn(&Table<'_>) -> Result<Option<Recognised>, String>;

/// Every system; the first one that knows the shape has the word.
const READERS: &[Reader] = &[
    jira::recognise,
    servicenow::recognise,
    azure_boards::recognise,
    forge_issues::recognise,
    redmine::recognise,
    roundup::recognise,
];
const TABLE_READERS: &[TableReader] = &[jira::recognise_table, servicenow::recognise_table, roundup::recognise_table];

/// Recognises a JSON document of an export, or a piece of one, by its shape; `file` goes into places.
///
/// # Errors
///
/// One sentence with a JSON pointer, where the shape is known and something in it is not as documented.
pub(super) fn recognise(file: &str, piece: &Piece) -> Result<Option<Recognised>, String> {
    let document = Document { file, number: piece.document, first: piece.first, value: &piece.value };
    for reader in READERS {
        if let Some(recognised) = reader(&document)? {
            return Ok(Some(recognised));
        }
    }
    Ok(None)
}

/// Recognises a table by its header, the ones that the settings tell of first; `rows` are the records below it.
///
/// # Errors
///
/// One sentence with the line, where the header is known and a row is not as documented.
pub(super) fn recognise_table(
    file: &str,
    header: &[String],
    rows: &[Vec<String>],
    mappings: &[TicketTable],
) -> Result<Option<Recognised>, String> {
    let table = Table { file, header, rows };
    for mapping in mappings {
        if let Some(recognised) = mapped::recognise(&table, mapping)? {
            return Ok(Some(recognised));
        }
    }
    for reader in TABLE_READERS {
        if let Some(recognised) = reader(&table)? {
            return Ok(Some(recognised));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod samples {
    //! What the tests of every system ask of a recognised export.

    use super::*;

    pub fn json(text: &str) -> Result<Option<Recognised>, String> {
        recognise("x.json", &Piece { document: 1, first: 0, value: serde_json::from_str(text).unwrap() })
    }

    pub fn table(text: &str) -> Result<Option<Recognised>, String> {
        let mut lines = text.lines().map(|line| line.split('|').map(str::to_owned).collect::<Vec<_>>());
        let header = lines.next().unwrap();
        recognise_table("x.csv", &header, &lines.collect::<Vec<_>>(), &[])
    }

    pub fn tickets(recognised: &Recognised) -> Vec<&RecordedTicket> {
        let mut tickets = Vec::new();
        for fragment in &recognised.fragments {
            if let Fragment::Ticket(ticket) = fragment {
                tickets.push(&**ticket);
            }
        }
        tickets
    }

    /// Everything joined as a report does it.
    pub fn read(files: &[(&str, &str)]) -> crate::evidence::Exports {
        let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        crate::evidence::Exports::read(files, None).unwrap()
    }
}
