//! The evidence sheets: everything known about one change, some 200 changes to a page.

use serde::Serialize;

use super::policies::{self, EditView};
use super::timeline::{self, TimeLine};
use super::{Capped, Pages, line, status_class, store, title, two_at_a_time};
use crate::changes::{Commit, FileEdit};
use crate::checks::{Card, Finding, Outcome, Subject, WeighedReview};
use crate::classification::FileClass;
use crate::evidence::gate_records::GateDecision;
use crate::evidence::{Claim, Dossier, Link, Ticket};
use crate::render::columns::{self, Columns, Facts, SHEETS_PER_PAGE};
use crate::render::{RenderError, Sink};
use crate::text::{Person, visible};

/// Files shown on a sheet; the rest is in `data/files.csv`.
const FILES: usize = 50;
/// Tickets, reviews, side commits, gaps and other rows shown on a sheet.
const ROWS: usize = 50;
/// Paths shown for each side commit.
const SIDE_PATHS: usize = 10;
/// Characters of a message shown on a sheet.
const MESSAGE: usize = 20_000;

/// Writes every page of evidence sheets.
pub(super) fn render(columns: &Columns<'_>, pages: &Pages, sink: &dyn Sink) -> Result<(), RenderError> {
    let in_scope: Vec<_> = in_scope(columns).collect();
    let count = in_scope.len().div_ceil(SHEETS_PER_PAGE);
    let parts: Vec<_> = in_scope.chunks(SHEETS_PER_PAGE).enumerate().collect();
    two_at_a_time(&parts, |&(index, part)| {
        let (name, text) = fill(columns, pages, index + 1, count, part)?;
        store(sink, &name, &text)
    })
}

type Part<'a> = [(usize, &'a Dossier)];

/// Fills one page; pages count from 1.
fn fill(
    columns: &Columns<'_>,
    pages: &Pages,
    number: usize,
    count: usize,
    part: &Part<'_>,
) -> Result<(String, String), RenderError> {
    let name = columns::sheet_page(number);
    let page = Page {
        number,
        count,
        previous: (number > 1).then(|| columns::sheet_page(number - 1)),
        next: (number < count).then(|| columns::sheet_page(number + 1)),
        sheets: part.iter().map(|&(position, dossier)| sheet(columns, position, dossier)).collect(),
    };
    let text = pages.fill("changes.html", &name, "page", &page)?;
    Ok((name, text))
}

/// Every change that gets a sheet, with its position among the dossiers.
pub(super) fn in_scope<'a>(columns: &Columns<'a>) -> impl Iterator<Item = (usize, &'a Dossier)> + use<'a> {
    columns.dossiers().filter(|(_, dossier)| dossier.classification.out_of_scope.is_none())
}

#[derive(Serialize)]
struct Page {
    number: usize,
    count: usize,
    previous: Option<String>,
    next: Option<String>,
    sheets: Vec<Sheet>,
}

#[derive(Serialize)]
struct Sheet {
    anchor: String,
    seq: usize,
    id: String,
    short: String,
    title: String,
    status: &'static str,
    status_class: &'static str,
    day: String,
    origin: Origin,
    times: Option<TimeLine>,
    findings: Vec<FindingRow>,
    no_exception: String,
    not_applicable: String,
    tickets: Capped<TicketRow>,
    reviews: Capped<ReviewRow>,
    nobody: &'static str,
    policies: Capped<EditView>,
    files: Capped<FileRow>,
    sides: Capped<SideRow>,
    merge: Option<MergeBox>,
    gaps: Capped<String>,
    message: String,
    message_cut: Option<String>,
}

/// Who, when and how it arrived.
#[derive(Serialize)]
struct Origin {
    previous: String,
    author: String,
    authored: String,
    committer: String,
    committed: String,
    co_authors: String,
    merger: String,
    arrival: &'static str,
    arrived: String,
    arrived_by: String,
    arrived_grade: &'static str,
    proposals: String,
    proposal_link: Option<String>,
    signature: String,
    tags: String,
    layers: String,
    environments: String,
    bot: String,
    gate: String,
    emergency: String,
    reverts: String,
    picked_from: String,
    anomalies: String,
}

fn sheet(columns: &Columns<'_>, position: usize, dossier: &Dossier) -> Sheet {
    let commit = &dossier.change.commit;
    let facts = columns.facts(position, dossier);
    let status = columns.status(position);
    let (message, message_cut) = message(&commit.message.value);
    Sheet {
        anchor: columns::anchor(&dossier.change),
        seq: position + 1,
        id: commit.id.to_string(),
        short: commit.id.0.short(),
        title: title(dossier),
        status: status.words(),
        status_class: status_class(status),
        day: columns::arrival_day(dossier),
        origin: origin(columns, dossier, &facts),
        times: timeline::draw(&columns::events(columns, dossier, &facts.reviews)),
        findings: columns.findings_of(position).filter_map(|(card, finding)| finding_row(columns, card, finding)).collect(),
        no_exception: facts.no_exception.join(", "),
        not_applicable: facts.not_applicable.join(", "),
        tickets: Capped::new(dossier.evidence.tickets.iter().map(|claim| ticket_row(columns, dossier, claim)), ROWS),
        nobody: nobody(dossier),
        policies: policies::edit_views(dossier),
        files: Capped::new(columns::classed(&commit.file_edits, &dossier.classification.files).map(file_row), FILES),
        sides: Capped::new(dossier.change.side_commits.iter().map(side_row), ROWS),
        merge: merge_box(commit),
        gaps: Capped::new(dossier.gaps.iter().map(|gap| line(&gap.reason)), ROWS),
        reviews: Capped::new(facts.reviews.iter().map(|review| review_row(columns, review)), ROWS),
        message,
        message_cut,
    }
}

fn origin(columns: &Columns<'_>, dossier: &Dossier, facts: &Facts<'_>) -> Origin {
    let commit = &dossier.change.commit;
    let evidence = &dossier.evidence;
    let proposals: Vec<_> = evidence.proposals().map(|claim| &claim.value).collect();
    let arrival = columns::arrival(dossier);
    let co_authors = evidence.co_authors.iter().map(|claim| who(columns, &claim.value));
    let found = columns::anomalies(commit);
    Origin {
        previous: commit.parents.first().map_or_else(|| "none: a root commit".to_owned(), ToString::to_string),
        author: who(columns, &commit.author.person),
        authored: when(&commit.author.when),
        committer: who(columns, &commit.committer.person),
        committed: when(&commit.committer.when),
        co_authors: few(co_authors),
        merger: evidence.merger.as_ref().map(|claim| who(columns, &claim.value)).unwrap_or_default(),
        arrival: dossier.arrival.word(),
        arrived: if arrival.at.is_empty() { "unreadable".to_owned() } else { arrival.at },
        arrived_by: arrival.source,
        arrived_grade: arrival.grade.word(),
        proposal_link: proposals.first().filter(|_| proposals.len() == 1).and_then(|proposal| safe_link(&proposal.id)),
        proposals: few(proposals.into_iter().map(proposal_words).chain(dossier.link.as_deref().map(link_words))),
        signature: columns.signature(commit, Some(evidence)),
        tags: few(dossier.tags.iter().map(|tag| line(&columns::tag_words(tag)))),
        layers: columns::layer_names(facts.layers),
        environments: few(facts.environments.iter().map(|name| line(name))),
        bot: dossier.bot.as_deref().map(line).unwrap_or_default(),
        gate: dossier.gate.as_deref().map(gate_words).unwrap_or_default(),
        emergency: evidence.emergency.as_ref().map(|claim| line(&claim.value)).unwrap_or_default(),
        reverts: few(evidence.reverts.iter().map(|claim| line(&claim.value))),
        picked_from: few(evidence.picked_from.iter().map(|claim| line(&claim.value))),
        anomalies: few(found.iter().map(|anomaly| line(anomaly))),
    }
}

/// What it means that there is no review to list.
fn nobody(dossier: &Dossier) -> &'static str {
    if dossier.link.as_ref().is_some_and(|link| link.tells_reviews) {
        "Git names no reviewer, and the forge recorded no review of its proposal."
    } else {
        "Git names no reviewer. That does not say that nobody reviewed: a forge may hold a record."
    }
}

/// The recorded proposal, and how it was linked.
fn link_words(link: &Link) -> String {
    let conflict = link.conflict.as_ref().map(|conflict| format!("; {conflict}")).unwrap_or_default();
    line(&format!("recorded as {}, linked by {}{conflict}", link.id, link.linked_by.words()))
}

/// What a decision record says about the change.
fn gate_words(decision: &GateDecision) -> String {
    let (word, how) = (decision.decided.word(), decision.matched_by.words());
    line(&format!("{word} at {} (recorded; matched by {how}; raw/{})", decision.at, decision.file))
}

/// The first values of a cell, with the rest as a number.
fn few(values: impl Iterator<Item = String>) -> String {
    let Capped { rows, rest, .. } = Capped::new(values, ROWS);
    let words = rows.join("; ");
    if rest == 0 { words } else { format!("{words}; and {rest} more in data/evidence.json") }
}

/// A person as written, with the registered name where there is one.
fn who(columns: &Columns<'_>, person: &Person) -> String {
    let written = line(&columns::person(person));
    match columns.approvals.registered(person) {
        Some(registered) if *registered.name != *person.name.value => {
            format!("{written} (registered as {})", columns::one_line(&registered.name))
        }
        Some(_) | None => written,
    }
}

/// A time in UTC with the original offset; says so when it cannot be read.
fn when(moment: &crate::text::Moment) -> String {
    let utc = columns::utc(moment);
    if utc.is_empty() { "unreadable".to_owned() } else { format!("{utc} (written at {})", columns::offset(moment)) }
}

fn proposal_words(proposal: &crate::evidence::Proposal) -> String {
    let branch = proposal.branch.as_deref().map(|branch| format!(", branch {branch}")).unwrap_or_default();
    line(&format!("{} ({}{branch})", proposal.id, proposal.convention))
}

/// The address itself where it may stand in a link: `http` and `https` only, printable ASCII only.
fn safe_link(address: &str) -> Option<String> {
    let allowed = address.starts_with("https://") || address.starts_with("http://");
    (allowed && address.len() < 500 && address.bytes().all(|byte| byte.is_ascii_graphic())).then(|| address.to_owned())
}

#[derive(Serialize)]
struct FindingRow {
    check: &'static str,
    subject: String,
    outcome: &'static str,
    class: &'static str,
    severity: &'static str,
    because: String,
    grade: &'static str,
    citations: String,
    waiver: String,
}

/// Exceptions and what could not be concluded; passes stand in a line of their own.
fn finding_row(columns: &Columns<'_>, card: &'static Card, finding: &Finding) -> Option<FindingRow> {
    let (basis, class) = match &finding.outcome {
        Outcome::Exception(basis) => (basis, "exception"),
        Outcome::NotAssessable(basis) => (basis, "unknown"),
        Outcome::NoException(_) | Outcome::NotApplicable => return None,
    };
    let side = matches!(finding.subject, Subject::SideCommit(..)).then(|| columns.subject_name(finding.subject));
    Some(FindingRow {
        check: card.id,
        subject: side.map(|id| format!("side commit {}", id.get(..12).unwrap_or_default())).unwrap_or_default(),
        outcome: finding.outcome.words(),
        class,
        severity: finding.severity.word(),
        because: line(&basis.because),
        grade: finding.grade.word(),
        citations: few(basis.citations.iter().map(columns::near_citation)),
        waiver: line(&columns.waiver_words(finding)),
    })
}

#[derive(Serialize)]
struct TicketRow {
    id: String,
    system: String,
    relation: &'static str,
    place: String,
    grade: &'static str,
    looked_up: String,
}

fn ticket_row(columns: &Columns<'_>, dossier: &Dossier, claim: &Claim<Ticket>) -> TicketRow {
    TicketRow {
        id: line(&claim.value.id),
        system: line(columns::system_words(&claim.value.system)),
        relation: columns::relation_words(claim.value.relation),
        place: columns::near_citation(&claim.citation),
        grade: claim.grade.word(),
        looked_up: columns::ticket_facts(&columns.tickets, &claim.value, dossier).words(),
    }
}

#[derive(Serialize)]
struct ReviewRow {
    reviewer: String,
    decision: &'static str,
    convention: &'static str,
    place: String,
    block: &'static str,
    at: String,
    grade: &'static str,
    counts: String,
}

fn review_row(columns: &Columns<'_>, weighed: &WeighedReview<'_>) -> ReviewRow {
    let claim = weighed.claim;
    let review = &claim.value;
    ReviewRow {
        reviewer: who(columns, &review.reviewer),
        decision: review.decision.word(),
        convention: review.convention,
        place: columns::near_citation(&claim.citation),
        block: columns::block_words(claim.citation.place),
        at: review.at.as_deref().map(line).unwrap_or_default(),
        grade: claim.grade.word(),
        counts: if weighed.counts() { "counts".to_owned() } else { format!("does not count: {}", weighed.standing.reason()) },
    }
}

#[derive(Serialize)]
struct FileRow {
    edit: char,
    path: String,
    old_path: String,
    layer: String,
    rule: String,
    environment: String,
}

fn file_row((edit, class): (&FileEdit, Option<&FileClass>)) -> FileRow {
    FileRow {
        edit: edit.kind.letter(),
        path: line(&columns::path(&edit.path)),
        old_path: edit.old_path.as_ref().map(|path| line(&columns::path(path))).unwrap_or_default(),
        layer: class.map(columns::layer_words).unwrap_or_default(),
        rule: class.map(|class| line(&class.rule)).unwrap_or_default(),
        environment: class.and_then(|class| class.environment.as_deref()).map(line).unwrap_or_default(),
    }
}

#[derive(Serialize)]
struct SideRow {
    id: String,
    author: String,
    authored: String,
    subject: String,
    paths: Capped<String>,
}

fn side_row(commit: &Commit) -> SideRow {
    let edits = commit.file_edits.iter();
    SideRow {
        id: commit.id.to_string(),
        author: line(&columns::person(&commit.author.person)),
        authored: when(&commit.author.when),
        subject: line(commit.subject()),
        paths: Capped::new(edits.map(|edit| line(&format!("{} {}", edit.kind.letter(), columns::path(&edit.path)))), SIDE_PATHS),
    }
}

#[derive(Serialize)]
struct MergeBox {
    automatic: u32,
    unexplained: Capped<String>,
    undecided: String,
}

fn merge_box(commit: &Commit) -> Option<MergeBox> {
    let merge = commit.merge.as_deref()?;
    let unexplained = merge.unexplained.iter();
    Some(MergeBox {
        automatic: merge.automatic,
        unexplained: Capped::new(unexplained.map(|(path, reason)| line(&format!("{}: {reason}", columns::path(path)))), ROWS),
        undecided: merge.undecided.as_deref().map(line).unwrap_or_default(),
    })
}

/// The message for a `<pre>`, and a statement when it was cut.
fn message(text: &str) -> (String, Option<String>) {
    let text = text.trim_end();
    let Some((end, _)) = text.char_indices().nth(MESSAGE) else {
        let shown = if columns::is_plain(text) { text.to_owned() } else { visible(&text.replace("\r\n", "\n")).into_owned() };
        return (shown, None);
    };
    let shown = visible(text.get(..end).unwrap_or_default()).into_owned();
    (shown, Some(format!("The first {MESSAGE} characters of {} bytes; the whole message is in data/evidence.json.", text.len())))
}
