//! One page that opens from disk, in the style of a pack's pages.

use serde::Serialize;
use tera::{Context, Tera};

use crate::query::{Answer, Provenance};
use crate::render::{RenderError, html::escape};

#[derive(Serialize)]
struct Page {
    question: String,
    is_complete: bool,
    facts: Vec<Fact>,
    headings: Vec<&'static str>,
    rows: Vec<Vec<Vec<String>>>,
    counts: String,
    notes: Vec<String>,
    version: &'static str,
}

#[derive(Serialize)]
struct Fact {
    label: &'static str,
    lines: Vec<String>,
}

pub(super) fn write(answer: &Answer, provenance: &Provenance) -> Result<String, RenderError> {
    let columns = answer.telling_columns();
    let row = |row: &Vec<crate::query::Cell>| {
        columns.iter().filter_map(|position| row.get(*position)).map(crate::query::Cell::lines).collect()
    };
    let page = Page {
        question: answer.question.clone(),
        is_complete: provenance.is_complete,
        facts: provenance.facts.iter().map(|(label, lines)| Fact { label, lines: lines.clone() }).collect(),
        headings: columns.iter().filter_map(|position| answer.columns.get(*position)).map(|column| column.heading).collect(),
        rows: answer.rows.iter().map(row).collect(),
        counts: answer.counts(),
        notes: answer.notes.clone(),
        version: env!("CARGO_PKG_VERSION"),
    };
    let failed = |source| RenderError::Template { page: "answer.html".to_owned(), source };
    let mut tera = Tera::new();
    tera.set_escape_fn(escape);
    tera.add_raw_templates([
        ("style.css", include_str!("../../../report-templates/style.css")),
        ("answer.html", include_str!("../../../report-templates/answer.html")),
    ])
    .map_err(failed)?;
    let mut context = Context::new();
    context.insert("page", &page);
    tera.render("answer.html", &context).map_err(failed)
}
