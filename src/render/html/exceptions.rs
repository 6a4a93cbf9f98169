//! Every exception and everything that could not be concluded, each exactly once, grouped by check.

use serde::Serialize;

use super::{Pages, line, store, title, two_at_a_time};
use crate::checks::{Assessment, Card, Finding, Outcome, Subject};
use crate::render::columns::{self, Columns};
use crate::render::{RenderError, Sink};

/// Findings on one page.
const PER_PAGE: usize = 500;

/// Writes `exceptions-0001.html` …; one page that says so when there is none.
pub(super) fn render(columns: &Columns<'_>, pages: &Pages, sink: &dyn Sink) -> Result<(), RenderError> {
    let listed: Vec<_> = columns.pack.assessments.iter().flat_map(listed).collect();
    let count = listed.len().div_ceil(PER_PAGE).max(1);
    let numbers: Vec<usize> = (1..=count).collect();
    two_at_a_time(&numbers, |&number| {
        let name = page_name(number);
        let part = listed.chunks(PER_PAGE).nth(number - 1).unwrap_or_default();
        let page = Page {
            number,
            count,
            total: listed.len(),
            previous: (number > 1).then(|| page_name(number - 1)),
            next: (number < count).then(|| page_name(number + 1)),
            groups: groups(columns, part),
        };
        store(sink, &name, &pages.fill("exceptions.html", &name, "page", &page)?)
    })
}

/// The findings of a check that are listed: exceptions first, then what could not be concluded.
fn listed(assessment: &Assessment) -> impl Iterator<Item = (&'static Card, &Finding)> {
    let with = |wanted: fn(&Outcome) -> bool| {
        let findings = assessment.findings.iter().filter(move |finding| wanted(&finding.outcome));
        findings.map(|finding| (assessment.card, finding))
    };
    with(|outcome| matches!(outcome, Outcome::Exception(_))).chain(with(|outcome| matches!(outcome, Outcome::NotAssessable(_))))
}

fn page_name(number: usize) -> String {
    format!("exceptions-{number:04}.html")
}

/// Where the listing of a check begins, by the number of findings listed before it.
pub(super) fn address(listed_before: usize, check: &str, outcome: &Outcome) -> String {
    format!("{}#{}", page_name(listed_before / PER_PAGE + 1), group_anchor(check, outcome))
}

fn group_anchor(check: &str, outcome: &Outcome) -> String {
    format!("{check}-{}", outcome.words().replace(' ', "-"))
}

#[derive(Serialize)]
struct Page {
    number: usize,
    count: usize,
    total: usize,
    previous: Option<String>,
    next: Option<String>,
    groups: Vec<Group>,
}

#[derive(Serialize)]
struct Group {
    anchor: String,
    check: &'static str,
    outcome: &'static str,
    requirement: &'static str,
    remedy: &'static str,
    rows: Vec<Row>,
}

/// One finding in a listing.
#[derive(Serialize)]
pub(super) struct Row {
    finding_id: String,
    subject: String,
    address: Option<String>,
    seq: Option<usize>,
    day: String,
    title: String,
    outcome: &'static str,
    class: &'static str,
    severity: &'static str,
    because: String,
    grade: &'static str,
    waiver: String,
}

fn groups(columns: &Columns<'_>, listed: &[(&'static Card, &Finding)]) -> Vec<Group> {
    let same = |a: &(&'static Card, &Finding), b: &(&'static Card, &Finding)| {
        a.0.id == b.0.id && a.1.outcome.words() == b.1.outcome.words()
    };
    let group = |part: &[(&'static Card, &Finding)]| {
        let (card, first) = part.first()?;
        Some(Group {
            anchor: group_anchor(card.id, &first.outcome),
            check: card.id,
            outcome: first.outcome.words(),
            requirement: card.requirement,
            remedy: card.remedy,
            rows: part.iter().map(|(card, finding)| row(columns, card, finding)).collect(),
        })
    };
    listed.chunk_by(same).filter_map(group).collect()
}

/// The row of one finding.
pub(super) fn row(columns: &Columns<'_>, card: &'static Card, finding: &Finding) -> Row {
    let subject = columns.subject_name(finding.subject);
    let position = Columns::position_of(finding);
    let dossier = position.and_then(|position| columns.pack.dossiers.get(position));
    let day = dossier.map(columns::arrival_day).unwrap_or_default();
    Row {
        finding_id: columns::finding_id(card.id, &subject),
        subject: subject_words(finding.subject, &subject),
        address: position.and_then(|position| columns.sheet_address(position)),
        seq: position.map(|position| position + 1),
        day,
        title: dossier.map(title).unwrap_or_default(),
        outcome: finding.outcome.words(),
        class: if matches!(finding.outcome, Outcome::Exception(_)) { "exception" } else { "unknown" },
        severity: finding.severity.word(),
        because: line(&columns::because(finding)),
        grade: finding.grade.word(),
        waiver: line(&columns.waiver_words(finding)),
    }
}

fn subject_words(subject: Subject, name: &str) -> String {
    let short = name.get(..12).unwrap_or(name);
    match subject {
        Subject::Period => "the period".to_owned(),
        Subject::Change(_) => short.to_owned(),
        Subject::SideCommit(..) => format!("side commit {short}"),
        Subject::Waiver(_) => line(name),
    }
}
