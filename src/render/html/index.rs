//! The index: cover, completeness, counts, exceptions, boundary, people, waivers, method, custody.

use std::collections::BTreeMap;

use serde::Serialize;

use super::charts::{self, Arrivals, Grades};
use super::exceptions::{self, Row};
use super::policies::{self, Policies};
use super::{Capped, Pages, line, sheets, store, title};
use crate::checks::{self, Assessment, Card, Outcome};
use crate::classification::LayerSet;
use crate::evidence::gate_records::Decided;
use crate::evidence::{Dossier, EvidenceFile};
use crate::pack::{Pack, Status, TieOut};
use crate::render::columns::{self, Columns, Counts, SHEETS_PER_PAGE, StatusCounts};
use crate::render::people::{self, Identity};
use crate::render::{RenderError, Sink};
use crate::settings::Layer;
use crate::text::counted;

const PAGE: &str = "index.html";
/// Exceptions of one check that the index itself lists.
const LISTED: usize = 10;
/// Rows of any other list of the index.
const ROWS: usize = 100;

/// Writes `index.html`.
pub(super) fn render(columns: &Columns<'_>, pages: &Pages, sink: &dyn Sink) -> Result<(), RenderError> {
    store(sink, PAGE, &pages.fill("index.html", PAGE, "index", &index(columns))?)
}

#[derive(Serialize)]
struct Index {
    cover: Cover,
    problems: Capped<String>,
    remarks: Capped<String>,
    unreadable: Capped<String>,
    statuses: StatusCounts,
    status_rows: Vec<StatusRow>,
    checks: Vec<CheckRow>,
    arrivals: Arrivals,
    grades: Grades,
    exceptions: Vec<ExceptionGroup>,
    emergencies: Capped<EmergencyRow>,
    policies: Policies,
    layer_sets: Vec<LayerSetRow>,
    layer_rules: Capped<LayerRuleRow>,
    people: People,
    waivers: Capped<WaiverRow>,
    gate: Option<GateCounts>,
    recorded: String,
    absent: String,
    given: Capped<GivenFile>,
    tie_outs: Vec<TieOutRow>,
    controls: Vec<ControlRow>,
    excluded: Capped<ChangeRow>,
    sheet_pages: Vec<SheetPage>,
}

/// A change that is marked as an emergency, and whether that was closed properly.
#[derive(Serialize)]
struct EmergencyRow {
    change: ChangeRow,
    closed: String,
}

fn emergency_row(columns: &Columns<'_>, position: usize, dossier: &Dossier) -> EmergencyRow {
    let mark = dossier.evidence.emergency.as_ref().map(|claim| line(&claim.value));
    let finding = columns.findings_of(position).find(|(card, _)| card.id == checks::emergency_card().id);
    let closed = finding.map_or_else(
        || "the check is switched off".to_owned(),
        |(_, finding)| match finding.outcome.basis() {
            Some(basis) => line(&format!("{}: {}", finding.outcome.words(), basis.because)),
            None => finding.outcome.words().to_owned(),
        },
    );
    EmergencyRow { change: change_row(columns, position, dossier, mark.unwrap_or_default()), closed }
}

fn index(columns: &Columns<'_>) -> Index {
    let pack = columns.pack;
    let statuses = StatusCounts::of(pack);
    let visible = |lines: &[String]| Capped::new(lines.iter().map(|text| line(text)), ROWS);
    let excluded = columns.dossiers().filter(|(_, dossier)| dossier.classification.out_of_scope.is_some());
    let emergencies = columns.dossiers().filter(|(_, dossier)| dossier.evidence.emergency.is_some());
    Index {
        cover: cover(pack),
        problems: visible(&pack.completeness.problems),
        remarks: visible(&pack.completeness.remarks),
        unreadable: visible(&pack.completeness.unreadable_objects),
        status_rows: status_rows(&statuses),
        statuses,
        checks: pack.assessments.iter().map(check_row).collect(),
        arrivals: charts::arrivals(pack),
        grades: charts::grades(columns),
        exceptions: exception_groups(columns),
        emergencies: Capped::new(emergencies.map(|(position, dossier)| emergency_row(columns, position, dossier)), ROWS),
        policies: policies::policies(columns),
        layer_sets: layer_sets(columns),
        layer_rules: layer_rules(pack),
        people: people_of(columns),
        waivers: waivers(pack),
        gate: gate_counts(pack),
        recorded: recorded(pack),
        absent: absent(pack),
        given: Capped::new(pack.exports.files.iter().map(given_file), ROWS),
        tie_outs: pack.tie_outs.iter().map(tie_out_row).collect(),
        controls: controls(pack),
        excluded: Capped::new(
            excluded.map(|(position, dossier)| {
                let reason = dossier.classification.out_of_scope.as_deref().map(line);
                change_row(columns, position, dossier, reason.unwrap_or_default())
            }),
            ROWS,
        ),
        sheet_pages: sheet_pages(columns),
    }
}

#[derive(Serialize)]
struct Cover {
    branch: String,
    start: String,
    end: String,
    resolution: Vec<String>,
    confirmed_by: String,
    settings_origin: String,
    settings_digest: String,
    profile: String,
    declared_layer: &'static str,
    time_zone: String,
    scope: &'static str,
    projects: String,
    production: String,
    population_hash: String,
    object_format: String,
    first: String,
    last: String,
    commits: usize,
    profile_frameworks: bool,
    signatures: String,
}

fn cover(pack: &Pack) -> Cover {
    let settings = &pack.settings;
    let range = &pack.range;
    let scoped = settings.scope.include.is_some() || !settings.scope.exclude.is_empty();
    let at = |dossier: Option<&Dossier>| dossier.map(|dossier| columns::arrival(dossier).at).unwrap_or_default();
    Cover {
        branch: line(&range.branch),
        start: range.start.map(|start| start.to_string()).unwrap_or_default(),
        end: range.end.to_string(),
        resolution: range.resolution.iter().map(|text| line(text)).collect(),
        confirmed_by: line(&range.confirmed_by),
        settings_origin: line(&settings.origin),
        settings_digest: settings.digest.clone(),
        profile: line(&settings.profile),
        declared_layer: settings.declared_layer.map_or("none declared", Layer::name),
        time_zone: columns::zone(settings.period_offset),
        scope: if scoped { "the paths that [scope] of the settings names" } else { "every path" },
        projects: settings
            .tickets
            .projects
            .as_ref()
            .map(|projects| line(&projects.iter().map(String::as_str).collect::<Vec<_>>().join(", ")))
            .unwrap_or_default(),
        production: line(&settings.environments.production.iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
        population_hash: pack.population_hash.clone(),
        object_format: line(&pack.completeness.object_format),
        first: at(pack.dossiers.first()),
        last: at(pack.dossiers.last()),
        commits: pack.dossiers.iter().map(|dossier| 1 + dossier.change.side_commits.len()).sum(),
        signatures: columns::SignatureCounts::of(pack).sentence(),
        profile_frameworks: pack.cards().any(|card| columns::references(card, settings).next().is_some()),
    }
}

#[derive(Serialize)]
struct StatusRow {
    words: &'static str,
    meaning: &'static str,
    class: &'static str,
    count: usize,
}

fn status_rows(counts: &StatusCounts) -> Vec<StatusRow> {
    let row =
        |status: Status, meaning, count| StatusRow { words: status.words(), meaning, class: super::status_class(status), count };
    vec![
        row(
            Status::Exception,
            "at least one exception that is not waived, or whose flag stays although the risk is accepted",
            counts.exception,
        ),
        row(Status::NotAssessableOnly, "no exception, at least one check could not conclude", counts.not_assessable_only),
        row(Status::WaivedOnly, "every exception stands beside a waiver", counts.waived_only),
        row(Status::NoException, "every check that applies concluded and found nothing", counts.no_exception),
    ]
}

#[derive(Serialize)]
struct CheckRow {
    id: &'static str,
    requirement: &'static str,
    rationale: &'static str,
    remedy: &'static str,
    needs: &'static str,
    limits: &'static str,
    waivable_by: &'static str,
    severity: &'static str,
    counts: Counts,
    references: String,
}

fn check_row(assessment: &Assessment) -> CheckRow {
    let Card { id, requirement, rationale, remedy, needs, limits, waivable_by, severity, .. } = *assessment.card;
    let references = assessment.card.references.iter().map(|(framework, reference)| format!("{framework} {reference}"));
    CheckRow {
        id,
        requirement,
        rationale,
        remedy,
        needs,
        limits,
        waivable_by,
        severity: severity.word(),
        counts: Counts::of(assessment),
        references: references.collect::<Vec<_>>().join("; "),
    }
}

#[derive(Serialize)]
struct ExceptionGroup {
    check: &'static str,
    requirement: &'static str,
    severity: &'static str,
    counts: Counts,
    rows: Vec<Row>,
    rest: usize,
    address: Option<String>,
    unknown_address: Option<String>,
}

/// Every check with an exception or something that could not be concluded.
fn exception_groups(columns: &Columns<'_>) -> Vec<ExceptionGroup> {
    let mut before = 0;
    let mut groups = Vec::new();
    for assessment in &columns.pack.assessments {
        let Counts { exceptions: found, not_assessable, .. } = Counts::of(assessment);
        let mut of = |wanted: fn(&Outcome) -> bool, number: usize| {
            let first = assessment.findings.iter().find(|finding| wanted(&finding.outcome))?;
            let address = exceptions::address(before, assessment.card.id, &first.outcome);
            before += number;
            Some(address)
        };
        let address = of(|outcome| matches!(outcome, Outcome::Exception(_)), found);
        let unknown_address = of(|outcome| matches!(outcome, Outcome::NotAssessable(_)), not_assessable);
        if found + not_assessable == 0 {
            continue;
        }
        let listed = assessment.findings.iter().filter(|finding| matches!(finding.outcome, Outcome::Exception(_)));
        groups.push(ExceptionGroup {
            check: assessment.card.id,
            requirement: assessment.card.requirement,
            severity: assessment.card.severity.word(),
            counts: Counts::of(assessment),
            rows: listed.take(LISTED).map(|finding| exceptions::row(columns, assessment.card, finding)).collect(),
            rest: found.saturating_sub(LISTED),
            address,
            unknown_address,
        });
    }
    groups
}

/// One change in a list of the index.
#[derive(Serialize)]
struct ChangeRow {
    seq: usize,
    short: String,
    address: Option<String>,
    day: String,
    title: String,
    status: &'static str,
    note: String,
}

fn change_row(columns: &Columns<'_>, position: usize, dossier: &Dossier, note: String) -> ChangeRow {
    ChangeRow {
        seq: position + 1,
        short: dossier.change.id().0.short(),
        address: columns.sheet_address(position),
        day: columns::arrival_day(dossier),
        title: title(dossier),
        status: columns.status(position).words(),
        note,
    }
}

#[derive(Serialize)]
struct LayerSetRow {
    layers: String,
    several: bool,
    changes: usize,
}

/// How many changes in scope touch each combination of layers, mixed ones last.
fn layer_sets(columns: &Columns<'_>) -> Vec<LayerSetRow> {
    let mut counted: BTreeMap<(u32, LayerSet), usize> = BTreeMap::new();
    for (_, dossier) in sheets::in_scope(columns) {
        let layers = dossier.classification.files.iter().fold(LayerSet::EMPTY, |layers, file| layers.union(file.layers));
        *counted.entry((layers.len(), layers)).or_default() += 1;
    }
    let words = |layers: LayerSet| if layers.is_empty() { "no mapped layer".to_owned() } else { columns::layer_names(layers) };
    let row = |((number, layers), changes): ((u32, LayerSet), usize)| LayerSetRow {
        layers: words(layers),
        several: number > 1,
        changes,
    };
    counted.into_iter().map(row).collect()
}

#[derive(Serialize)]
struct LayerRuleRow {
    layer: String,
    rule: String,
    files: usize,
    changes: usize,
}

fn layer_rules(pack: &Pack) -> Capped<LayerRuleRow> {
    let mut rows = columns::layer_rows(pack);
    rows.sort_by_key(|row| std::cmp::Reverse(row.files));
    let rows = rows.into_iter();
    Capped::new(
        rows.map(|row| LayerRuleRow { layer: row.layer, rule: line(row.rule), files: row.files, changes: row.changes }),
        40,
    )
}

#[derive(Serialize)]
struct People {
    registered: usize,
    bots: usize,
    unresolved: usize,
    listed: Capped<PersonRow>,
    register_empty: bool,
}

#[derive(Serialize)]
struct PersonRow {
    written: String,
    registered_as: String,
    remarks: String,
}

/// Everyone as written: those with remarks first, then those the register does not know, then the others.
fn people_of(columns: &Columns<'_>) -> People {
    let everyone = people::everyone(columns.pack);
    let (mut registered, mut bots) = (0, 0);
    let mut rows: Vec<(bool, bool, PersonRow)> = Vec::new();
    for person in everyone.keys() {
        let identity = Identity::of(columns, person);
        let known = identity.registered.map(|(registered, how)| format!("{} ({})", line(&registered.name), how.words()));
        let bot = identity.bot.as_deref().map(|bot| format!("bot {}", line(bot)));
        registered += usize::from(known.is_some());
        bots += usize::from(bot.is_some() && known.is_none());
        let remarks = people::remarks(person).join("; ");
        let registered_as = known.or(bot).unwrap_or_default();
        let row = PersonRow { written: line(&columns::person(person)), registered_as, remarks };
        rows.push((row.remarks.is_empty(), !row.registered_as.is_empty(), row));
    }
    rows.sort_by_key(|(plain, resolved, _)| (*plain, *resolved));
    People {
        registered,
        bots,
        unresolved: everyone.len() - registered - bots,
        listed: Capped::new(rows.into_iter().map(|(_, _, row)| row), ROWS),
        register_empty: columns.pack.settings.people.is_empty(),
    }
}

#[derive(Serialize)]
struct WaiverRow {
    check: String,
    change: String,
    reason: String,
    approver: String,
    ticket: String,
    until: String,
    line: usize,
    findings: usize,
}

/// How the decision records of the gate and the changes fit together.
#[derive(Serialize)]
struct GateCounts {
    rulings: usize,
    passed: usize,
    not_passed: usize,
    without: usize,
    unmatched: usize,
}

fn gate_counts(pack: &Pack) -> Option<GateCounts> {
    let rulings = pack.exports.rulings();
    let decisions = || pack.dossiers.iter().filter_map(|dossier| dossier.gate.as_deref());
    let passed = decisions().filter(|decision| decision.decided == Decided::Passed).count();
    let matched = decisions().count();
    (rulings > 0).then(|| GateCounts {
        rulings,
        passed,
        not_passed: matched - passed,
        without: pack.dossiers.len() - matched,
        unmatched: pack.exports.unmatched.len(),
    })
}

/// What other systems recorded, in numbers; empty where nothing was given.
fn recorded(pack: &Pack) -> String {
    let exports = &pack.exports;
    let proposals = exports.proposals.len();
    let reviews = exports.proposals.iter().map(|proposal| proposal.reviews.len()).sum::<usize>();
    let mut told = Vec::new();
    if proposals > 0 {
        told.push(format!("{} of a forge with {}", counted(proposals, "proposal"), counted(reviews, "review")));
    }
    if !exports.ticket_systems.is_empty() {
        let systems: Vec<&str> = exports.ticket_systems.keys().map(String::as_str).collect();
        told.push(format!("{} of {}", counted(exports.tickets.len(), "ticket"), systems.join(", ")));
    }
    if told.is_empty() { String::new() } else { line(&format!("{}.", told.join("; "))) }
}

/// What was not given, and what that means for a reader; empty where both a forge and a ticket system were exported.
fn absent(pack: &Pack) -> String {
    let forge = "Reviews and approvals are those that commit messages and notes claim. \u{201c}No reviewer in Git\u{201d} is not the \
                 same as \u{201c}not reviewed\u{201d}.";
    let tickets = "Tickets were recognised by their form and not looked up.";
    match (pack.exports.proposals.is_empty(), pack.exports.ticket_systems.is_empty()) {
        (true, true) => format!("records of a forge or a ticket system. {tickets} {forge}"),
        (true, false) => format!("records of a forge. {forge}"),
        (false, true) => format!("records of a ticket system. {tickets}"),
        (false, false) => String::new(),
    }
}

/// An evidence file as it was given.
#[derive(Serialize)]
struct GivenFile {
    name: String,
    kind: &'static str,
    bytes: usize,
    sha256: String,
}

fn given_file(file: &EvidenceFile) -> GivenFile {
    GivenFile { name: line(&format!("raw/{}", file.name)), kind: file.kind, bytes: file.bytes.len(), sha256: file.sha256.clone() }
}

fn waivers(pack: &Pack) -> Capped<WaiverRow> {
    let uses = columns::waivers(pack).into_iter();
    let row = |used: columns::WaiverUse<'_>| WaiverRow {
        check: line(&used.waiver.check),
        change: columns::one_line(&used.waiver.change).chars().take(12).collect(),
        reason: line(&used.waiver.reason),
        approver: line(&used.waiver.approver.to_string()),
        ticket: line(&used.waiver.ticket),
        until: line(&used.waiver.until),
        line: used.waiver.line,
        findings: used.findings,
    };
    Capped::new(uses.map(row), ROWS)
}

#[derive(Serialize)]
struct TieOutRow {
    id: &'static str,
    statement: &'static str,
    left: &'static str,
    left_value: String,
    right: &'static str,
    right_value: String,
    difference: String,
    result: String,
    holds: bool,
}

fn tie_out_row(tie_out: &TieOut) -> TieOutRow {
    TieOutRow {
        id: tie_out.id,
        statement: tie_out.statement,
        left: tie_out.left,
        left_value: tie_out.left_value.clone(),
        right: tie_out.right,
        right_value: tie_out.right_value.clone(),
        difference: columns::difference(tie_out),
        result: columns::result_words(tie_out),
        holds: tie_out.holds(),
    }
}

#[derive(Serialize)]
struct ControlRow {
    framework: &'static str,
    reference: &'static str,
    check: &'static str,
    counts: Counts,
}

fn controls(pack: &Pack) -> Vec<ControlRow> {
    let rows = columns::control_rows(pack).into_iter();
    rows.map(|(framework, reference, check, counts)| ControlRow { framework, reference, check, counts }).collect()
}

/// One page of evidence sheets in the list of pages.
#[derive(Serialize)]
struct SheetPage {
    name: String,
    first: usize,
    last: usize,
    from: String,
    until: String,
    changes: usize,
    exceptions: usize,
    not_assessable: usize,
}

fn sheet_pages(columns: &Columns<'_>) -> Vec<SheetPage> {
    let in_scope: Vec<_> = sheets::in_scope(columns).collect();
    let day = |entry: Option<&(usize, &Dossier)>| entry.map(|(_, dossier)| columns::arrival_day(dossier));
    let seq = |entry: Option<&(usize, &Dossier)>| entry.map_or(0, |(position, _)| position + 1);
    let page = |(index, part): (usize, &[(usize, &Dossier)])| {
        let with = |wanted: Status| part.iter().filter(|(position, _)| columns.status(*position) == wanted).count();
        SheetPage {
            name: columns::sheet_page(index + 1),
            first: seq(part.first()),
            last: seq(part.last()),
            from: day(part.first()).unwrap_or_default(),
            until: day(part.last()).unwrap_or_default(),
            changes: part.len(),
            exceptions: with(Status::Exception),
            not_assessable: with(Status::NotAssessableOnly),
        }
    };
    in_scope.chunks(SHEETS_PER_PAGE).enumerate().map(page).collect()
}
