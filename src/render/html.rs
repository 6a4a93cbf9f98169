//! The pages of the pack: an index, evidence sheets, and every exception in one place.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;
use tera::{Context, Tera};

use super::columns::{self, Columns};
use super::{RenderError, Sink};
use crate::evidence::Dossier;
use crate::pack::{Pack, Status};

mod charts;
mod exceptions;
mod index;
mod policies;
mod sheets;
mod timeline;

/// Characters of a title or sentence that a page shows; the rest is in the tables.
const LINE_LIMIT: usize = 600;

/// Writes `index.html`, `changes-0001.html` … and `exceptions-0001.html` …
///
/// # Errors
///
/// When a template fails or the sink cannot be written.
pub fn render(pack: &Pack, sink: &dyn Sink) -> Result<(), RenderError> {
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
        tera.set_escape_fn(escape);
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
            repository: columns::one_line(&pack.repository_name),
            asked: columns::one_line(&pack.range.asked),
            start,
            end: pack.range.end.0.short(),
            version: pack.version,
            incomplete: pack.incomplete_because().iter().map(|reason| columns::one_line(reason)).collect(),
        };
        Ok(Self { tera, frame })
    }

    /// Fills one template into one page.
    fn fill(&self, template: &str, page: &str, name: &'static str, body: &impl Serialize) -> Result<String, RenderError> {
        let mut context = Context::new();
        context.insert("frame", &self.frame);
        context.insert(name, body);
        self.tera.render(template, &context).map_err(|source| RenderError::Template { page: page.to_owned(), source })
    }
}

/// Escapes like [`tera::escape_html`], but writes what needs no escape in one go: byte by byte it was a fifth of the time.
pub(crate) fn escape(text: &str, out: &mut dyn io::Write) -> io::Result<()> {
    let mut rest = text;
    while let Some(special) = rest.bytes().position(|byte| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'')) {
        let (plain, after) = rest.split_at(special);
        let (character, after) = after.split_at(1);
        out.write_all(plain.as_bytes())?;
        tera::escape_html(character, out)?;
        rest = after;
    }
    out.write_all(rest.as_bytes())
}

/// Stores one finished page.
fn store(sink: &dyn Sink, page: &str, text: &str) -> Result<(), RenderError> {
    sink.file(page, &mut |out| out.write_all(text.as_bytes()).map_err(|error| RenderError::write(page, error)))
}

/// Does the work for each item, two at a time: a page takes much memory while it is filled.
fn two_at_a_time<T: Sync>(items: &[T], work: impl Fn(&T) -> Result<(), RenderError> + Sync) -> Result<(), RenderError> {
    let next = AtomicUsize::new(0);
    let run = || {
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(item)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let second = std::thread::Builder::new().spawn_scoped(scope, run);
        let first = run();
        // Without a second thread to be had the first one did it all; a panic goes on here, as it would without threads.
        let second = second.map_or(Ok(()), |second| second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        first.and(second)
    })
}

/// Hostile text on one line, cut with a statement where it is too long for a page.
fn line(text: &str) -> String {
    // Cut first: a line of ten megabytes must not be copied several times.
    columns::one_line(&columns::shorten(text.trim(), LINE_LIMIT))
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

    /// Makes something of each row that is shown.
    fn map<U>(self, make: impl FnMut(T) -> U) -> Capped<U> {
        Capped { rows: self.rows.into_iter().map(make).collect(), total: self.total, rest: self.rest }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::checks::Outcome;
    use crate::render::shelf::Shelf;
    use crate::render::specimen::{HOSTILE, incomplete_pack, pack};

    /// Everything between an opening and a closing mark, in order.
    fn all<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
        text.split(open).skip(1).map(|rest| rest.split(close).next().unwrap_or_default()).collect()
    }

    #[test]
    fn hostile_text_stays_text() {
        for (page, bytes) in &Shelf::of(&pack(60), render).0 {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(!text.contains("<script") && !text.contains("<img") && !text.contains("<b>"), "{page}");
            assert_eq!(text.matches("</style>").count(), 1, "{page}");
            assert!(!text.contains(|c| c != '\r' && crate::text::is_hidden(c)), "{page}");
            assert!(text.contains("default-src 'none'"), "{page}");
        }
    }

    #[test]
    fn text_is_escaped_as_tera_does_it() {
        for text in ["", "plain", "<a href=\"x\">'&'</a>", "ü&ö<\u{202e}>", "&&", HOSTILE[0], HOSTILE[5]] {
            let (mut own, mut teras) = (Vec::new(), Vec::new());
            escape(text, &mut own).unwrap();
            tera::escape_html(text, &mut teras).unwrap();
            assert_eq!(own, teras);
        }
    }

    #[test]
    fn every_exception_and_everything_not_assessable_is_listed_once() {
        let pack = pack(1_200);
        let shelf = Shelf::of(&pack, render);
        let listings = shelf.0.keys().filter(|page| page.starts_with("exceptions-"));
        let listed: Vec<_> = listings.flat_map(|page| all(shelf.text(page), "<td class=\"id\">", '<')).collect();
        let columns = Columns::new(&pack);
        let expected: BTreeSet<_> = pack
            .assessments
            .iter()
            .flat_map(|assessment| assessment.findings.iter().map(|finding| (assessment.card, finding)))
            .filter(|(_, finding)| matches!(finding.outcome, Outcome::Exception(_) | Outcome::NotAssessable(_)))
            .map(|(card, finding)| columns::finding_id(card.id, &columns.subject_name(finding.subject)))
            .collect();
        assert_eq!(listed.len(), expected.len());
        assert_eq!(listed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), expected);
    }

    #[test]
    fn every_link_leads_to_an_anchor_that_is_there() {
        let shelf = Shelf::of(&pack(450), render);
        for (page, bytes) in &shelf.0 {
            for link in all(std::str::from_utf8(bytes).unwrap(), "href=\"", '"') {
                let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
                let Some(target) = shelf.0.get(if file.is_empty() { page.as_str() } else { file }) else {
                    assert!(file.starts_with("data/") || file == "REPERFORM.txt", "{page}: {link}");
                    continue;
                };
                let mark = format!("id=\"{anchor}\"");
                assert!(anchor.is_empty() || std::str::from_utf8(target).unwrap().contains(&mark), "{page}: {link}");
            }
        }
    }

    #[test]
    fn every_change_in_scope_has_one_sheet() {
        let pack = pack(450);
        let shelf = Shelf::of(&pack, render);
        let pages = shelf.0.keys().filter(|page| page.starts_with("changes-"));
        let sheets: Vec<_> = pages.flat_map(|page| all(shelf.text(page), "<section class=\"sheet\" id=\"", '"')).collect();
        let in_scope = pack.dossiers.iter().filter(|dossier| dossier.classification.out_of_scope.is_none());
        assert_eq!(sheets, in_scope.map(|dossier| columns::anchor(&dossier.change)).collect::<Vec<_>>());
    }

    #[test]
    fn a_pack_that_is_not_whole_says_so_on_every_page() {
        for (page, bytes) in &Shelf::of(&incomplete_pack(), render).0 {
            let text = std::str::from_utf8(bytes).unwrap();
            assert!(text.contains("<strong>INCOMPLETE.</strong>"), "{page}");
            assert!(text.contains("The clone is shallow") && text.contains("T1 does not hold"), "{page}");
        }
        assert!(!Shelf::of(&pack(3), render).text("index.html").contains("INCOMPLETE"));
    }

    #[test]
    fn caps_are_printed_and_an_empty_period_is_a_pack() {
        let shelf = Shelf::of(&pack(60), render);
        assert!(shelf.text("changes-0001.html").contains("And 70 more of 120 paths in data/files.csv."));
        let empty = Shelf::of(&pack(0), render);
        assert_eq!(empty.0.keys().collect::<Vec<_>>(), ["exceptions-0001.html", "index.html"]);
    }

    #[test]
    fn policies_are_listed_with_what_changed_in_them() {
        let pack = pack(60);
        let shelf = Shelf::of(&pack, render);
        let (index, sheets) = (shelf.text("index.html"), shelf.text("changes-0001.html"));
        assert!(index.contains("Policy objects in the tree of the end commit: 30."));
        assert!(index.contains("Namespaces without a network policy that denies by default: 2 of 9"));
        assert!(index.contains("changes-0001.html#c-") && index.contains(">specimen-rule</td>"));
        assert!(sheets.contains("[&quot;kube-system&quot;,&quot;legacy&quot;]"));
        assert!(sheets.contains("<span class=\"tag exception\">weakened</span>: <strong>"));
        assert!(sheets.contains("And 10 more of 60 policy objects in data/policy-changes.csv."));
    }

    #[test]
    fn an_index_stays_small_with_many_policies_of_long_names() {
        let mut pack = pack(60);
        let mut policy = pack.inventory.policies[0].clone();
        policy.object.name = "\u{202e}".repeat(5_000).into();
        policy.exemptions = vec!["<&>".repeat(5_000); 20].into();
        for family in crate::policies::Family::ALL {
            policy.family = family;
            pack.inventory.policies.extend(std::iter::repeat_n(policy.clone(), 1_000));
        }
        let mut edit = crate::render::specimen::policy_edit(0, 0);
        edit.fields[0].after = Some("\u{202e}".repeat(5_000).into());
        pack.dossiers[0].change.commit.policy_edits = vec![edit; 10_000].into();
        pack.inventory.coverage.without_default_deny = vec!["\"".repeat(5_000).into(); 1_000];
        let index = Shelf::of(&pack, |pack, sink| {
            let columns = Columns::new(pack);
            index::render(&columns, &Pages::new(&columns)?, sink)
        });
        assert!(index.text("index.html").len() < 5_000_000, "{}", index.text("index.html").len());
        assert!(index.text("index.html").contains("more of 1000 in data/policy-inventory.csv"));
    }

    #[test]
    fn a_message_of_a_single_giant_line_is_cut_with_a_statement() {
        let mut pack = pack(1);
        pack.dossiers[0].change.commit.message = "x".repeat(1_000_000).as_str().into();
        let shelf = Shelf::of(&pack, render);
        assert!(shelf.0.values().all(|page| page.len() < 200_000));
        assert!(shelf.text("changes-0001.html").contains("The first 20000 characters of 1000000 bytes"));
    }
}
