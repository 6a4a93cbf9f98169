//! The whole pack as JSON: the exact text where pages and tables are made safe.

use std::io::{self, Write};

use serde::Serialize;

use self::change::change;
use self::cover::{check, cover};
use self::finding::finding;
use self::person::listed_person;
use super::columns::{Columns, Counts};
use super::people;
use super::{RenderError, Sink};
use crate::pack::Pack;
use crate::parallel;

mod change;
mod commit;
mod cover;
mod evidence;
mod finding;
mod person;
mod policies;
mod signature;

const PATH: &str = "data/evidence.json";
const SCHEMA_PATH: &str = "data/evidence.schema.json";
const SCHEMA: &str = include_str!("../../report-templates/evidence.schema.json");

/// The name and version of the format.
pub const SCHEMA_NAME: &str = "urn:countersign:evidence:4";

/// Writes `data/evidence.json`, one change at a time, and the schema that it follows.
///
/// # Errors
///
/// When the sink cannot be written.
pub fn render(pack: &Pack, sink: &dyn Sink) -> Result<(), RenderError> {
    let columns = Columns::new(pack);
    sink.file(PATH, &mut |out| {
        let mut out = io::BufWriter::new(out);
        write_evidence(&columns, &mut out).and_then(|()| out.flush()).map_err(|error| RenderError::write(PATH, error))
    })?;
    sink.file(SCHEMA_PATH, &mut |out| out.write_all(SCHEMA.as_bytes()).map_err(|error| RenderError::write(SCHEMA_PATH, error)))
}

fn write_evidence(columns: &Columns<'_>, out: &mut impl Write) -> io::Result<()> {
    let pack = columns.pack;
    let cover = serde_json::to_string(&cover(columns))?;
    // The cover's fields first, then the long lists, one element a line.
    out.write_all(cover.strip_suffix('}').unwrap_or(&cover).as_bytes())?;
    write_list(out, "checks", pack.assessments.iter().map(|assessment| check(pack, assessment.card, Counts::of(assessment))))?;
    write_list(out, "people", people::everyone(pack).iter().map(|(person, seen)| listed_person(columns, person, seen)))?;
    let of_period = columns.findings_of_period().map(|(card, found)| finding(columns, card, found));
    write_list(out, "period_findings", of_period)?;
    let of_waivers = columns.findings_of_waivers().map(|(card, found)| finding(columns, card, found));
    write_list(out, "waiver_findings", of_waivers)?;
    write_list(out, "policies", policies::policies(columns))?;
    write_lines(out, "changes", changes(columns))?;
    out.write_all(b"\n}\n")
}

/// Each change as one line; some hundred are turned into text at once, by several threads.
fn changes(columns: &Columns<'_>) -> impl Iterator<Item = serde_json::Result<Vec<u8>>> {
    const AT_ONCE: usize = 512;
    const PIECE: usize = 32;
    let mut dossiers = columns.dossiers();
    let pieces = std::iter::from_fn(move || {
        let piece: Vec<_> = dossiers.by_ref().take(AT_ONCE).collect();
        (!piece.is_empty()).then_some(piece)
    });
    pieces.flat_map(|piece| {
        let line = |&mut (): &mut (), (position, dossier)| serde_json::to_vec(&change(columns, position, dossier));
        parallel::map(piece, PIECE, || (), line)
    })
}

fn write_list<T: Serialize>(out: &mut impl Write, name: &str, elements: impl Iterator<Item = T>) -> io::Result<()> {
    write_lines(out, name, elements.map(|element| serde_json::to_vec(&element)))
}

fn write_lines(out: &mut impl Write, name: &str, lines: impl Iterator<Item = serde_json::Result<Vec<u8>>>) -> io::Result<()> {
    write!(out, ",\n\"{name}\":[")?;
    for (position, line) in lines.enumerate() {
        out.write_all(if position == 0 { b"\n" } else { b",\n" })?;
        out.write_all(&line?)?;
    }
    out.write_all(b"]")
}

#[cfg(test)]
mod tests;
