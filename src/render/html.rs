//! The pages of the pack: an index, evidence sheets, and every exception in one place.

use serde::Serialize;
use tera::{Context, Tera};

use super::columns::{self, Columns};
use super::{RenderError, Sink};
use crate::evidence::Dossier;
use crate::pack::{Pack, Status};
use crate::text::visible_line;

mod charts;
mod exceptions;
mod index;
mod sheets;

/// Characters of a title or sentence that a page shows; the rest is in the tables.
const LINE_LIMIT: usize = 600;

/// Writes `index.html`, `changes-0001.html` … and `exceptions-0001.html` …
///
/// # Errors
///
/// When a template fails or the sink cannot be written.
pub fn render(pack: &Pack, sink: &mut dyn Sink) -> Result<(), RenderError> {
    let columns = Columns::new(pack);
    let pages = Pages::new(&columns)?;
    index::render(&columns, &pages, sink)?;
    sheets::render(&columns, &pages, sink)?;
    exceptions::render(&columns, &pages, sink)
}

/// The templates, and what stands on every page.
struct Pages {
    tera: Tera,
    frame: Frame,
}

/// What stands on every page.
#[derive(Serialize)]
struct Frame {
    pack_id: String,
    repository: String,
    asked: String,
    start: String,
    end: String,
    version: &'static str,
    incomplete: Vec<String>,
}

impl Pages {
    fn new(columns: &Columns<'_>) -> Result<Self, RenderError> {
        let pack = columns.pack;
        let mut tera = Tera::new();
        tera.add_raw_templates([
            ("style.css", include_str!("../../report-templates/style.css")),
            ("base.html", include_str!("../../report-templates/base.html")),
            ("index.html", include_str!("../../report-templates/index.html")),
            ("changes.html", include_str!("../../report-templates/changes.html")),
            ("exceptions.html", include_str!("../../report-templates/exceptions.html")),
        ])
        .map_err(|source| RenderError::Template { page: "templates".to_owned(), source })?;
        let start = pack.range.start.map_or_else(|| "beginning of the history".to_owned(), |start| start.0.short());
        let frame = Frame {
            pack_id: columns.pack_id.clone(),
            repository: visible_line(&pack.repository_name),
            asked: visible_line(&pack.range.asked),
            start,
            end: pack.range.end.0.short(),
            version: pack.version,
            incomplete: pack.incomplete_because().iter().map(|reason| visible_line(reason)).collect(),
        };
        Ok(Self { tera, frame })
    }

    /// Fills one template into one page.
    fn fill(&self, template: &str, page: &str, name: &'static str, content: &impl Serialize) -> Result<String, RenderError> {
        let mut context = Context::new();
        context.insert("frame", &self.frame);
        context.insert(name, content);
        self.tera.render(template, &context).map_err(|source| RenderError::Template { page: page.to_owned(), source })
    }
}

/// Stores one finished page.
fn store(sink: &mut dyn Sink, page: &str, text: &str) -> Result<(), RenderError> {
    sink.file(page, &mut |out| out.write_all(text.as_bytes()).map_err(|error| RenderError::write(page, error)))
}

/// Hostile text on one line, cut with a statement where it is too long for a page.
fn line(text: &str) -> String {
    // Cut first: a line of ten megabytes must not be copied several times.
    visible_line(&columns::shorten(text.trim(), LINE_LIMIT))
}

/// The title of a change; a commit without a subject says so.
fn title(dossier: &Dossier) -> String {
    let title = line(dossier.change.commit.subject());
    if title.is_empty() { "(no subject)".to_owned() } else { title }
}

/// The style class that goes with a status; the words always stand beside it.
fn status_class(status: Status) -> &'static str {
    match status {
        Status::Exception => "exception",
        Status::NotAssessableOnly => "unknown",
        Status::WaivedOnly => "waived",
        Status::NoException | Status::OutOfScope => "plain",
    }
}

/// The first rows of a list, and how many there are.
#[derive(Serialize)]
struct Capped<T> {
    rows: Vec<T>,
    total: usize,
    rest: usize,
}

impl<T> Capped<T> {
    /// Keeps the first rows of an iterator and counts the others.
    fn new(mut all: impl Iterator<Item = T>, limit: usize) -> Self {
        let rows: Vec<T> = all.by_ref().take(limit).collect();
        let rest = all.count();
        Self { total: rows.len() + rest, rows, rest }
    }
}
