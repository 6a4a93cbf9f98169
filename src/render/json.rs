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
    write_list(out, "people", people::everyone(pack).into_iter().map(|person| listed_person(columns, person)))?;
    let of_period = columns.findings_of_period().map(|(card, found)| finding(columns, card, found));
    write_list(out, "period_findings", of_period)?;
    let of_waivers = columns.findings_of_waivers().map(|(card, found)| finding(columns, card, found));
    write_list(out, "waiver_findings", of_waivers)?;
    write_list(out, "policies", policies::policies(columns))?;
    write_list(out, "changes", columns.dossiers().map(|(position, dossier)| change(columns, position, dossier)))?;
    out.write_all(b"\n}\n")
}

fn write_list<T: Serialize>(out: &mut impl Write, name: &str, elements: impl Iterator<Item = T>) -> io::Result<()> {
    let mut line = Vec::new();
    write!(out, ",\n\"{name}\":[")?;
    for (position, element) in elements.enumerate() {
        line.clear();
        line.extend_from_slice(if position == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut line, &element)?;
        out.write_all(&line)?;
    }
    out.write_all(b"]")
}

#[cfg(test)]
mod tests;
