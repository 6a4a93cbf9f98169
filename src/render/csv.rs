//! The tables of the pack: RFC 4180, UTF-8, full ids, cells that no spreadsheet takes for a formula.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

mod policies;
mod records;

use self::policies::{POLICY_CHANGES, POLICY_INVENTORY, policy_changes, policy_inventory};
use self::records::{
    APPROVALS, GATE_DECISIONS, PROPOSALS, TICKETS, TICKETS_WITHOUT_CHANGE, approvals, gate_decisions, proposals, tickets,
    tickets_without_change,
};
use super::columns::{self, Columns, Counts, Facts};
use super::people;
use super::{RenderError, Sink};
use crate::changes::{Change, Commit, Entry, FileEdit};
use crate::checks::{Card, Finding, Subject};
use crate::classification::FileClass;
use crate::evidence::{Citation, Dossier, Evidence, Source, find_bot};
use crate::pack::{Pack, TieOut};
use crate::parallel;
use crate::policies::Direction;
use crate::text::{CommitId, Person};

/// Writes every table below `data/` but that of the tie-outs, several at a time.
///
/// # Errors
///
/// When the sink cannot be written.
pub fn render(pack: &Pack, sink: &dyn Sink) -> Result<(), RenderError> {
    let columns = Columns::new(pack);
    let tables: Vec<&Table> = TABLES.iter().collect();
    parallel::map(tables, 1, || (), |(), table| table.write(&columns, sink)).into_iter().collect()
}

/// Writes the table of the tie-outs, which counts the others.
///
/// # Errors
///
/// When the sink cannot be written.
pub fn render_reconciliation(pack: &Pack, sink: &dyn Sink) -> Result<(), RenderError> {
    let table = Table { file: "reconciliation.csv", header: RECONCILIATION, fill: reconciliation };
    table.write(&Columns::new(pack), sink)
}

/// One table: its file, its columns and what fills them.
struct Table {
    file: &'static str,
    header: &'static [&'static str],
    fill: fn(&Columns<'_>, &mut Rows<'_>) -> Result<(), RenderError>,
}

impl Table {
    fn write(&self, columns: &Columns<'_>, sink: &dyn Sink) -> Result<(), RenderError> {
        let path = format!("data/{}", self.file);
        sink.file(&path, &mut |out| {
            let mut rows = Rows::new(&path, out);
            rows.row(self.header.iter().copied())?;
            (self.fill)(columns, &mut rows)?;
            rows.finish()
        })
    }
}

/// Every table that a count may rest on, the longest first: they are written by several threads.
const TABLES: &[Table] = &[
    Table { file: "findings.csv", header: FINDINGS, fill: findings },
    Table { file: "changes.csv", header: CHANGES, fill: changes },
    Table { file: "commits.csv", header: COMMITS, fill: commits },
    Table { file: "files.csv", header: FILES, fill: files },
    Table { file: "policy-changes.csv", header: POLICY_CHANGES, fill: policy_changes },
    Table { file: "policy-inventory.csv", header: POLICY_INVENTORY, fill: policy_inventory },
    Table { file: "approvals.csv", header: APPROVALS, fill: approvals },
    Table { file: "proposals.csv", header: PROPOSALS, fill: proposals },
    Table { file: "tickets.csv", header: TICKETS, fill: tickets },
    Table { file: "tickets-without-change.csv", header: TICKETS_WITHOUT_CHANGE, fill: tickets_without_change },
    Table { file: "gate-decisions.csv", header: GATE_DECISIONS, fill: gate_decisions },
    Table { file: "waivers.csv", header: WAIVERS, fill: waivers },
    Table { file: "layers.csv", header: LAYERS, fill: layers },
    Table { file: "identities.csv", header: IDENTITIES, fill: identities },
    Table { file: "controls.csv", header: CONTROLS, fill: controls },
    Table { file: "excluded.csv", header: EXCLUDED, fill: excluded },
];

/// Rows of guarded cells.
pub(crate) struct Rows<'a> {
    path: &'a str,
    writer: ::csv::Writer<io::BufWriter<&'a mut dyn io::Write>>,
}

impl<'a> Rows<'a> {
    /// Rows of a file, which errors name.
    pub fn new(path: &'a str, out: &'a mut dyn io::Write) -> Self {
        let writer = ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(io::BufWriter::new(out));
        Self { path, writer }
    }

    /// Writes one row.
    pub fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) -> Result<(), RenderError> {
        for cell in cells {
            self.writer.write_field(guarded(cell.as_ref()).as_bytes()).map_err(|error| RenderError::write(self.path, error))?;
        }
        self.writer.write_record(None::<&[u8]>).map_err(|error| RenderError::write(self.path, error))
    }

    /// Writes what is still held back.
    pub fn finish(mut self) -> Result<(), RenderError> {
        self.writer.flush().map_err(|error| RenderError::write(self.path, error))
    }
}

/// Puts an apostrophe before what a spreadsheet would take for a formula.
fn guarded(cell: &str) -> Cow<'_, str> {
    const FORMULA: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];
    if cell.starts_with(FORMULA) { format!("'{cell}").into() } else { cell.into() }
}

fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

fn joined<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> String {
    let mut cell = String::new();
    for value in values {
        if !cell.is_empty() {
            cell.push_str("; ");
        }
        cell.push_str(&columns::one_line(value.as_ref()));
    }
    cell
}

fn name_and_mail(person: &Person) -> [String; 2] {
    [columns::one_line(&person.name.value), columns::one_line(&person.mail.value)]
}

#[rustfmt::skip] // in the groups of the description, not one a line
const CHANGES: &[&str] = &[
    "seq", "change_id", "previous_id", "parent_count", "arrival_kind", "title", "proposal",
    "author_name", "author_mail", "committer_name", "committer_mail", "merger",
    "authored_at", "committed_at", "arrived_at", "arrived_at_source", "arrived_at_grade", "original_offset",
    "layers", "mixed_layer", "environments", "in_scope", "scope_reason",
    "files_changed", "policy_objects_changed", "policy_direction",
    "tickets", "tickets_mentioned", "ticket_grade", "reviewers", "approvals_counted", "approvers", "approval_grade",
    "emergency", "revert_of", "cherry_pick_of", "signature", "exceptions", "not_assessable", "waivers", "status",
];

fn changes(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (position, dossier) in columns.dossiers() {
        let facts = columns.facts(position, dossier);
        let status = columns.status(position).words().to_owned();
        let origin = origin_cells(position, dossier);
        rows.row(
            origin
                .into_iter()
                .chain(content_cells(dossier, &facts))
                .chain(judgement_cells(columns, dossier, &facts))
                .chain([status]),
        )?;
    }
    Ok(())
}

/// `seq` to `original_offset`.
fn origin_cells(position: usize, dossier: &Dossier) -> Vec<String> {
    let commit = &dossier.change.commit;
    let [author_name, author_mail] = name_and_mail(&commit.author.person);
    let [committer_name, committer_mail] = name_and_mail(&commit.committer.person);
    let arrival = columns::arrival(dossier);
    vec![
        (position + 1).to_string(),
        commit.id.to_string(),
        commit.parents.first().map(CommitId::to_string).unwrap_or_default(),
        commit.parents.len().to_string(),
        dossier.arrival.word().to_owned(),
        columns::one_line(commit.subject()),
        columns::proposals(dossier).join("; "),
        author_name,
        author_mail,
        committer_name,
        committer_mail,
        joined(dossier.evidence.merger.iter().map(|claim| claim.value.to_string())),
        columns::utc(&commit.author.when),
        columns::utc(&commit.committer.when),
        arrival.at,
        arrival.source,
        arrival.grade.word().to_owned(),
        columns::offsets(commit),
    ]
}

/// `layers` to `policy_direction`.
fn content_cells(dossier: &Dossier, facts: &Facts<'_>) -> [String; 8] {
    let reason = dossier.classification.out_of_scope.as_deref();
    [
        columns::layer_names(facts.layers),
        yes_no(facts.layers.len() > 1),
        joined(&facts.environments),
        yes_no(reason.is_none()),
        reason.map(columns::one_line).unwrap_or_default(),
        dossier.change.commit.file_edits.len().to_string(),
        dossier.change.commit.policy_edits.len().to_string(),
        columns::worst_direction(dossier).map_or("", Direction::word).to_owned(),
    ]
}

/// `tickets` to `waivers`.
fn judgement_cells(columns: &Columns<'_>, dossier: &Dossier, facts: &Facts<'_>) -> Vec<String> {
    let evidence = &dossier.evidence;
    let approvers = facts.approvers();
    vec![
        joined(&facts.tickets),
        joined(&facts.tickets_mentioned),
        facts.ticket_grade.word().to_owned(),
        facts.reviewers().join("; "),
        approvers.len().to_string(),
        approvers.join("; "),
        facts.approval_grade.word().to_owned(),
        joined(evidence.emergency.iter().map(|claim| &claim.value)),
        joined(evidence.reverts.iter().map(|claim| &claim.value)),
        joined(evidence.picked_from.iter().map(|claim| &claim.value)),
        columns.signature(&dossier.change.commit, Some(evidence)),
        facts.exceptions.join("; "),
        facts.not_assessable.join("; "),
        facts.waived.join("; "),
    ]
}

#[rustfmt::skip] // in the groups of the description, not one a line
const COMMITS: &[&str] = &[
    "commit_id", "change_id", "on_first_parent", "tree_id", "parents",
    "author_name", "author_mail", "authored_at", "author_offset",
    "committer_name", "committer_mail", "committed_at", "committer_offset",
    "subject", "trailers", "co_authors", "tickets", "signature", "anomalies", "reviewers", "proposal",
];

fn commits(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (_, dossier) in columns.dossiers() {
        let Change { commit: own, side_commits } = &dossier.change;
        let nothing = Evidence::default();
        let sides = dossier.evidence.side_commits.iter().chain(std::iter::repeat(&nothing));
        for (commit, evidence) in side_commits.iter().zip(sides) {
            rows.row(commit_cells(columns, dossier, commit, evidence))?;
        }
        rows.row(commit_cells(columns, dossier, own, &dossier.evidence))?;
    }
    Ok(())
}

/// The cells of one commit; of its evidence only what was read at this commit, not what a change takes over from others.
fn commit_cells(columns: &Columns<'_>, dossier: &Dossier, commit: &Commit, evidence: &Evidence) -> Vec<String> {
    let on_first_parent = commit.id == dossier.change.id();
    let read_here = |citation: &Citation| match &citation.source {
        Source::Change | Source::File(_) | Source::FileBefore(_) => on_first_parent,
        Source::Export(..) => false,
        Source::SideCommit(at) | Source::Note(_, at) => *at == commit.id,
    };
    let co_authors = evidence.co_authors.iter().filter(|claim| read_here(&claim.citation));
    let tickets = evidence.tickets.iter().filter(|claim| read_here(&claim.citation));
    let reviews = evidence.reviews.iter().filter(|claim| read_here(&claim.citation));
    let proposals = evidence.proposals().filter(|claim| read_here(&claim.citation));
    let [author_name, author_mail] = name_and_mail(&commit.author.person);
    let [committer_name, committer_mail] = name_and_mail(&commit.committer.person);
    vec![
        commit.id.to_string(),
        dossier.change.id().to_string(),
        yes_no(on_first_parent),
        commit.tree.to_string(),
        joined(commit.parents.iter().map(CommitId::to_string)),
        author_name,
        author_mail,
        columns::utc(&commit.author.when),
        columns::offset(&commit.author.when),
        committer_name,
        committer_mail,
        columns::utc(&commit.committer.when),
        columns::offset(&commit.committer.when),
        columns::one_line(commit.subject()),
        joined(columns::trailers(evidence)),
        joined(co_authors.map(|claim| claim.value.to_string())),
        joined(tickets.map(|claim| &claim.value.id)),
        columns.signature(commit, Some(evidence)),
        columns::anomalies(commit).join("; "),
        joined(reviews.map(|claim| claim.value.reviewer.to_string())),
        joined(proposals.map(|claim| &claim.value.id)),
    ]
}

#[rustfmt::skip] // in the groups of the description, not one a line
const FILES: &[&str] = &[
    "change_id", "path", "old_path", "edit", "layer", "layer_rule", "environment",
    "old_blob", "new_blob", "old_mode", "new_mode", "parse_status", "parse_reason",
];

fn files(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (_, dossier) in columns.dossiers() {
        let change_id = dossier.change.id().to_string();
        for (edit, class) in columns::classed(&dossier.change.commit.file_edits, &dossier.classification.files) {
            rows.row(file_cells(&change_id, edit, class))?;
        }
    }
    Ok(())
}

fn file_cells(change_id: &str, edit: &FileEdit, class: Option<&FileClass>) -> [String; 13] {
    let blob = |entry: Option<Entry>| entry.map(|entry| entry.blob.to_string()).unwrap_or_default();
    let mode = |entry: Option<Entry>| entry.map(|entry| format!("{:06o}", entry.mode)).unwrap_or_default();
    [
        change_id.to_owned(),
        columns::path(&edit.path),
        edit.old_path.as_ref().map(columns::path).unwrap_or_default(),
        edit.kind.letter().to_string(),
        class.map(columns::layer_words).unwrap_or_default(),
        class.map(|class| columns::one_line(&class.rule)).unwrap_or_default(),
        class.and_then(|class| class.environment.as_deref()).map(columns::one_line).unwrap_or_default(),
        blob(edit.before),
        blob(edit.after),
        mode(edit.before),
        mode(edit.after),
        columns::parse_words(&edit.parse).to_owned(),
        columns::parse_reason(&edit.parse),
    ]
}

#[rustfmt::skip] // in the groups of the description, not one a line
const FINDINGS: &[&str] = &[
    "finding_id", "check", "change_id", "outcome", "severity", "because", "grade", "citation", "control_refs", "waiver",
    "management_response", "owner", "due_date", "closed_by", "auditor_note",
];

fn findings(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    let references: BTreeMap<&str, String> = columns.pack.cards().map(|card| (card.id, reference_words(columns, card))).collect();
    let mut put = |(card, finding): (&'static Card, &Finding), change: Option<(&Change, &str)>| {
        let control_refs = references.get(card.id).map_or("", String::as_str);
        let waiver = columns.waiver_words(finding);
        let for_people = ["", "", "", "", ""];
        let cells = finding_cells(columns, card, finding, change);
        rows.row(cells.iter().map(|cell| &**cell).chain([control_refs, waiver.as_str()]).chain(for_people))
    };
    for found in columns.findings_of_period() {
        put(found, None)?;
    }
    for (position, dossier) in columns.dossiers() {
        let change_id = dossier.change.id().to_string();
        for found in columns.findings_of(position) {
            put(found, Some((&dossier.change, change_id.as_str())))?;
        }
    }
    for found in columns.findings_of_waivers() {
        put(found, None)?;
    }
    Ok(())
}

fn reference_words(columns: &Columns<'_>, card: &Card) -> String {
    let references = columns::references(card, &columns.pack.settings);
    joined(references.map(|(framework, reference)| format!("{framework} {reference}")))
}

/// `finding_id` to `citation`.
fn finding_cells<'a>(
    columns: &Columns<'_>,
    card: &'static Card,
    finding: &Finding,
    change: Option<(&Change, &'a str)>,
) -> [Cow<'a, str>; 8] {
    let subject: Cow<'a, str> = match (finding.subject, change) {
        (Subject::Change(_), Some((_, change_id))) => change_id.into(),
        _ => columns.subject_name(finding.subject).into(),
    };
    let basis = finding.outcome.basis();
    let citations = basis.zip(change).map(|(basis, (change, _))| {
        basis.citations.iter().map(|citation| columns::citation(citation, change)).collect::<Vec<_>>().join("; ")
    });
    [
        columns::finding_id(card.id, &subject).into(),
        card.id.into(),
        change.map_or(subject, |(_, change_id)| change_id.into()),
        finding.outcome.words().into(),
        finding.severity.word().into(),
        columns::because(finding).into(),
        finding.grade.word().into(),
        citations.unwrap_or_default().into(),
    ]
}

const WAIVERS: &[&str] =
    &["check", "change", "change_id", "reason", "approver", "ticket", "until", "settings_line", "findings_beside"];

fn waivers(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for waiver in columns::waivers(columns.pack) {
        let written = waiver.waiver;
        rows.row([
            columns::one_line(&written.check),
            columns::one_line(&written.change),
            joined(waiver.changes.iter().map(CommitId::to_string)),
            columns::one_line(&written.reason),
            columns::person(&written.approver),
            columns::one_line(&written.ticket),
            columns::one_line(&written.until),
            written.line.to_string(),
            waiver.findings.to_string(),
        ])?;
    }
    Ok(())
}

const LAYERS: &[&str] = &["layer", "layer_rule", "files", "changes"];

fn layers(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for row in columns::layer_rows(columns.pack) {
        rows.row([row.layer, columns::one_line(row.rule), row.files.to_string(), row.changes.to_string()])?;
    }
    Ok(())
}

const IDENTITIES: &[&str] = &["name", "mail", "registered_as", "bot", "remarks"];

fn identities(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for person in people::everyone(columns.pack) {
        let [name, mail] = name_and_mail(person);
        let registered = columns.approvals.registered(person).map(|registered| columns::one_line(&registered.name));
        let bot = find_bot(person, &columns.pack.settings).map(|bot| columns::one_line(&bot));
        rows.row([name, mail, registered.unwrap_or_default(), bot.unwrap_or_default(), people::remarks(person).join("; ")])?;
    }
    Ok(())
}

#[rustfmt::skip] // in the groups of the description, not one a line
const CONTROLS: &[&str] = &[
    "framework", "reference", "check", "subjects", "applicable", "exceptions", "of_which_waived", "no_exception",
    "not_assessable", "not_applicable",
];

fn controls(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (framework, reference, check, counts) in columns::control_rows(columns.pack) {
        let Counts { subjects, applicable, exceptions, waived, no_exception, not_assessable, not_applicable } = counts;
        let numbers = [subjects, applicable, exceptions, waived, no_exception, not_assessable, not_applicable];
        let words = [framework, reference, check].map(str::to_owned);
        rows.row(words.into_iter().chain(numbers.map(|number| number.to_string())))?;
    }
    Ok(())
}

const RECONCILIATION: &[&str] = &["id", "statement", "left", "left_value", "right", "right_value", "difference", "result"];

fn reconciliation(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for tie_out in &columns.pack.tie_outs {
        let TieOut { id, statement, left, left_value, right, right_value, not_checked: _ } = tie_out;
        let (difference, result) = (columns::difference(tie_out), columns::result_words(tie_out));
        rows.row([*id, *statement, *left, left_value.as_str(), *right, right_value.as_str(), difference.as_str(), &result])?;
    }
    Ok(())
}

const EXCLUDED: &[&str] = &["seq", "change_id", "title", "reason"];

fn excluded(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (position, dossier) in columns.dossiers() {
        if let Some(reason) = dossier.classification.out_of_scope.as_deref() {
            let commit = &dossier.change.commit;
            rows.row([
                (position + 1).to_string(),
                commit.id.to_string(),
                columns::one_line(commit.subject()),
                columns::one_line(reason),
            ])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::shelf::Shelf;
    use crate::render::specimen::pack;

    fn read(shelf: &Shelf, file: &str) -> Vec<Vec<String>> {
        let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(&shelf.0[file][..]);
        reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
    }

    #[test]
    fn every_table_reads_back_with_as_many_cells_in_every_row() {
        let shelf = Shelf::of(&pack(60), render);
        assert_eq!(shelf.0.len(), TABLES.len());
        for table in TABLES {
            // The reader itself refuses rows of unequal length.
            let rows = read(&shelf, &format!("data/{}", table.file));
            assert_eq!(rows[0], table.header);
        }
    }

    #[test]
    fn rows_are_as_many_as_the_pack_has_of_them() {
        let pack = pack(60);
        let shelf = Shelf::of(&pack, render);
        let rows = |file: &str| read(&shelf, &format!("data/{file}")).len() - 1;
        let of = |count: fn(&Dossier) -> usize| pack.dossiers.iter().map(count).sum::<usize>();
        assert_eq!(rows("changes.csv"), 60);
        assert_eq!(rows("commits.csv"), of(|dossier| 1 + dossier.change.side_commits.len()));
        assert_eq!(rows("files.csv"), of(|dossier| dossier.change.commit.file_edits.len()));
        assert_eq!(rows("approvals.csv"), of(|dossier| dossier.evidence.reviews.len()));
        assert_eq!(rows("tickets.csv"), of(|dossier| dossier.evidence.tickets.len()));
        assert_eq!(rows("findings.csv"), pack.assessments.iter().map(|assessment| assessment.findings.len()).sum::<usize>());
        assert_eq!(rows("excluded.csv"), of(|dossier| usize::from(dossier.classification.out_of_scope.is_some())));
    }

    #[test]
    fn no_cell_is_a_formula_or_hides_a_character() {
        let shelf = Shelf::of(&pack(60), render);
        for file in shelf.0.keys() {
            for cell in read(&shelf, file).iter().flatten() {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\u{ff1d}']), "{file}: {cell:?}");
                assert!(!cell.contains(crate::text::is_hidden), "{file}: {cell:?}");
                assert!(!cell.contains('\n'), "{file}: {cell:?}");
            }
        }
        let changes = shelf.text("data/changes.csv");
        assert!(changes.contains("'=HYPERLINK(") && changes.contains("right\u{2039}U+202E\u{203a}to left"));
        assert!(changes.lines().count() == 61 && changes.ends_with("\r\n"));
    }

    #[test]
    fn an_unreadable_time_is_an_empty_cell_and_an_anomaly() {
        let shelf = Shelf::of(&pack(60), render);
        let changes = read(&shelf, "data/changes.csv");
        let column = CHANGES.iter().position(|name| *name == "committed_at").unwrap();
        assert_eq!(changes[41][column], "");
        let commits = read(&shelf, "data/commits.csv");
        let row = commits.iter().find(|row| row[0] == changes[41][1]).unwrap();
        assert!(row[18].contains("committer time unreadable: 99999999999999 +9999"), "{row:?}");
    }

    #[test]
    fn every_finding_has_a_name_of_its_own() {
        let shelf = Shelf::of(&pack(60), render);
        let names: Vec<_> = read(&shelf, "data/findings.csv").into_iter().map(|row| row[0].clone()).collect();
        let distinct: std::collections::BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), distinct.len());
    }
}
