//! An answer as text: one small function for each format.

mod csv;
mod html;
mod json;
mod markdown;
mod table;

use super::{Answer, Provenance};
use crate::render::RenderError;

pub(crate) use table::wrap;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal: the main columns, as wide as the terminal
    Table,
    /// For a spreadsheet: every column; rows whose `record` is `about` say where the answer comes from
    Csv,
    /// For a program: every column
    Json,
    /// For a ticket or a chat: every column that has a value
    Markdown,
    /// A page that needs no network and no script
    Html,
}

/// Writes an answer; `width` is how many characters a line of a table may have.
///
/// # Errors
///
/// When a page template fails.
pub fn write(format: Format, answer: &Answer, provenance: &Provenance, width: usize) -> Result<String, RenderError> {
    match format {
        Format::Table => Ok(table::write(answer, provenance, width)),
        Format::Csv => csv::write(answer, provenance),
        Format::Json => Ok(json::write(answer, provenance)),
        Format::Markdown => Ok(markdown::write(answer, provenance)),
        Format::Html => html::write(answer, provenance),
    }
}

impl Answer {
    /// How much was looked at and how much of it is the answer.
    fn counts(&self) -> String {
        match self.rows.len() {
            0 => format!("{}; none of them is an answer", self.looked_at),
            1 => format!("{}; the answer has 1 row", self.looked_at),
            rows => format!("{}; the answer has {rows} rows", self.looked_at),
        }
    }

    /// Everything that is said beside the rows, in order.
    fn facts<'a>(&'a self, provenance: &'a Provenance) -> Vec<(&'a str, Vec<String>)> {
        let mut facts = vec![("question", vec![self.question.clone()])];
        facts.extend(provenance.facts.iter().map(|(label, lines)| (*label, lines.clone())));
        facts.push(("looked at", vec![self.counts()]));
        if !self.notes.is_empty() {
            facts.push(("notes", self.notes.clone()));
        }
        facts
    }

    /// Positions of the columns in which any row says something; all of them where there is no row.
    fn telling_columns(&self) -> Vec<usize> {
        let says = |position: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(position));
            cells.flat_map(super::Cell::lines).any(|line| !line.is_empty())
        };
        (0..self.columns.len()).filter(|position| self.rows.is_empty() || says(*position)).collect()
    }
}

#[cfg(test)]
mod tests;
