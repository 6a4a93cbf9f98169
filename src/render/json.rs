//! The whole pack as JSON: the exact text where pages and tables are made safe.

use std::io::{self, Write};

use serde::Serialize;

use super::columns::{self, Columns, Counts, StatusCounts};
use super::people;
use super::{RenderError, Sink};
use crate::changes::{Change, Commit, FileEdit};
use crate::checks::{Card, Finding, WeighedReview};
use crate::classification::FileClass;
use crate::evidence::{Citation, Claim, Dossier, Evidence, Place, Review, Source, Ticket, find_bot};
use crate::pack::Pack;
use crate::settings::Layer;
use crate::text::{CommitId, Moment, Person, RepoPath, Text};

const PATH: &str = "data/evidence.json";
const SCHEMA_PATH: &str = "data/evidence.schema.json";
const SCHEMA: &str = include_str!("../../report-templates/evidence.schema.json");

/// The name and version of the format.
pub const SCHEMA_NAME: &str = "urn:countersign:evidence:1";

/// Writes `data/evidence.json`, one change at a time, and the schema that it follows.
///
/// # Errors
///
/// When the sink cannot be written.
pub fn render(pack: &Pack, sink: &mut dyn Sink) -> Result<(), RenderError> {
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

#[derive(Serialize)]
struct JsonCover<'a> {
    schema: &'static str,
    countersign: &'static str,
    pack_id: &'a str,
    repository: &'a str,
    incomplete_because: Vec<String>,
    range: JsonRange<'a>,
    completeness: JsonCompleteness<'a>,
    settings: JsonSettings<'a>,
    population_hash: &'a str,
    statuses: StatusCounts,
    tie_outs: Vec<JsonTieOut<'a>>,
    waivers: Vec<JsonWaiver<'a>>,
    layers: Vec<JsonLayer<'a>>,
}

#[derive(Serialize)]
struct JsonRange<'a> {
    asked: &'a str,
    branch: &'a str,
    start: Option<String>,
    end: String,
    resolution: &'a [String],
    confirmed_by: &'a str,
}

#[derive(Serialize)]
struct JsonCompleteness<'a> {
    object_format: &'a str,
    problems: &'a [String],
    remarks: &'a [String],
    unreadable_objects: &'a [String],
}

#[derive(Serialize)]
struct JsonSettings<'a> {
    origin: &'a str,
    digest: &'a str,
    profile: &'a str,
    declared_layer: Option<&'static str>,
    period_offset_seconds: i32,
}

#[derive(Serialize)]
struct JsonTieOut<'a> {
    id: &'a str,
    statement: &'a str,
    left: &'a str,
    left_value: &'a str,
    right: &'a str,
    right_value: &'a str,
    holds: bool,
}

#[derive(Serialize)]
struct JsonWaiver<'a> {
    check: &'a str,
    change: &'a str,
    changes: Vec<String>,
    reason: &'a str,
    approver: JsonPerson<'a>,
    ticket: &'a str,
    until: &'a str,
    settings_line: usize,
    findings_beside: usize,
}

#[derive(Serialize)]
struct JsonLayer<'a> {
    layer: String,
    rule: &'a str,
    files: usize,
    changes: usize,
}

fn cover<'a>(columns: &'a Columns<'a>) -> JsonCover<'a> {
    let pack = columns.pack;
    JsonCover {
        schema: SCHEMA_NAME,
        countersign: pack.version,
        pack_id: &columns.pack_id,
        repository: &pack.repository_name,
        incomplete_because: pack.incomplete_because(),
        range: JsonRange {
            asked: &pack.range.asked,
            branch: &pack.range.branch,
            start: pack.range.start.map(|start| start.to_string()),
            end: pack.range.end.to_string(),
            resolution: &pack.range.resolution,
            confirmed_by: &pack.range.confirmed_by,
        },
        completeness: JsonCompleteness {
            object_format: &pack.completeness.object_format,
            problems: &pack.completeness.problems,
            remarks: &pack.completeness.remarks,
            unreadable_objects: &pack.completeness.unreadable_objects,
        },
        settings: JsonSettings {
            origin: &pack.settings.origin,
            digest: &pack.settings.digest,
            profile: &pack.settings.profile,
            declared_layer: pack.settings.declared_layer.map(Layer::name),
            period_offset_seconds: pack.settings.period_offset,
        },
        population_hash: &pack.population_hash,
        statuses: StatusCounts::of(pack),
        tie_outs: tie_outs(pack),
        waivers: waivers(pack),
        layers: layers(pack),
    }
}

fn tie_outs(pack: &Pack) -> Vec<JsonTieOut<'_>> {
    let json = |tie_out: &'_ crate::pack::TieOut| tie_out.holds();
    pack.tie_outs
        .iter()
        .map(|tie_out| JsonTieOut {
            id: tie_out.id,
            statement: tie_out.statement,
            left: tie_out.left,
            left_value: &tie_out.left_value,
            right: tie_out.right,
            right_value: &tie_out.right_value,
            holds: json(tie_out),
        })
        .collect()
}

fn waivers(pack: &Pack) -> Vec<JsonWaiver<'_>> {
    let uses = columns::waivers(pack).into_iter();
    uses.map(|used| JsonWaiver {
        check: &used.waiver.check,
        change: &used.waiver.change,
        changes: used.changes.iter().map(CommitId::to_string).collect(),
        reason: &used.waiver.reason,
        approver: person(&used.waiver.approver),
        ticket: &used.waiver.ticket,
        until: &used.waiver.until,
        settings_line: used.waiver.line,
        findings_beside: used.findings,
    })
    .collect()
}

fn layers(pack: &Pack) -> Vec<JsonLayer<'_>> {
    let rows = columns::layer_rows(pack).into_iter();
    rows.map(|row| JsonLayer { layer: row.layer, rule: row.rule, files: row.files, changes: row.changes }).collect()
}

#[derive(Serialize)]
struct JsonCheck {
    id: &'static str,
    requirement: &'static str,
    rationale: &'static str,
    remedy: &'static str,
    severity: &'static str,
    references: Vec<JsonReference>,
    needs: &'static str,
    waivable_by: &'static str,
    since: &'static str,
    limits: &'static str,
    counts: Counts,
}

#[derive(Serialize)]
struct JsonReference {
    framework: &'static str,
    reference: &'static str,
}

fn check(pack: &Pack, card: &'static Card, counts: Counts) -> JsonCheck {
    let references = columns::references(card, &pack.settings);
    JsonCheck {
        id: card.id,
        requirement: card.requirement,
        rationale: card.rationale,
        remedy: card.remedy,
        severity: card.severity.word(),
        references: references.map(|(framework, reference)| JsonReference { framework, reference }).collect(),
        needs: card.needs,
        waivable_by: card.waivable_by,
        since: card.since,
        limits: card.limits,
        counts,
    }
}

#[derive(Serialize)]
struct JsonPerson<'a> {
    name: &'a str,
    mail: &'a str,
    lossy: bool,
}

fn person(person: &Person) -> JsonPerson<'_> {
    JsonPerson { name: &person.name.value, mail: &person.mail.value, lossy: person.name.lossy || person.mail.lossy }
}

#[derive(Serialize)]
struct JsonListedPerson<'a> {
    #[serde(flatten)]
    person: JsonPerson<'a>,
    registered_as: Option<&'a str>,
    bot: Option<String>,
    remarks: Vec<String>,
}

fn listed_person<'a>(columns: &Columns<'a>, listed: &'a Person) -> JsonListedPerson<'a> {
    JsonListedPerson {
        person: person(listed),
        registered_as: columns.approvals.registered(listed).map(|registered| &*registered.name),
        bot: find_bot(listed, &columns.pack.settings).map(|bot| bot.to_string()),
        remarks: people::remarks(listed),
    }
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    finding_id: String,
    check: &'static str,
    subject: String,
    outcome: &'static str,
    severity: &'static str,
    grade: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    citations: Vec<JsonCitation<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<u16>,
}

fn finding<'a>(columns: &Columns<'a>, card: &'static Card, found: &'a Finding) -> JsonFinding<'a> {
    let subject = columns.subject_name(found.subject);
    let basis = found.outcome.basis();
    JsonFinding {
        finding_id: columns::finding_id(card.id, &subject),
        check: card.id,
        subject,
        outcome: found.outcome.words(),
        severity: found.severity.word(),
        grade: found.grade.word(),
        because: basis.map(|basis| &*basis.because),
        citations: basis.map(|basis| basis.citations.iter().map(citation).collect()).unwrap_or_default(),
        waiver: found.waiver,
    }
}

#[derive(Serialize)]
struct JsonCitation<'a> {
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    place: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

fn citation(citation: &Citation) -> JsonCitation<'_> {
    let (source, commit) = match &citation.source {
        Source::Change => ("change", None),
        Source::SideCommit(commit) => ("side commit", Some(commit.to_string())),
        Source::Note(reference, commit) => (&**reference, Some(commit.to_string())),
    };
    let (place, line) = match citation.place {
        Place::Subject => ("subject", None),
        Place::Body(line) => ("body", Some(line)),
        Place::Trailer(line) => ("trailer", Some(line)),
        Place::Branch => ("branch", None),
        Place::Header => ("header", None),
        Place::Topology => ("topology", None),
        Place::Note(line) => ("note", Some(line)),
    };
    JsonCitation { source, commit, place, line }
}

#[derive(Serialize)]
struct JsonClaim<'a, T> {
    value: T,
    grade: &'static str,
    citation: JsonCitation<'a>,
}

fn claim<'a, S, T>(claim: &'a Claim<S>, value: impl FnOnce(&'a S) -> T) -> JsonClaim<'a, T> {
    JsonClaim { value: value(&claim.value), grade: claim.grade.word(), citation: citation(&claim.citation) }
}

fn claims<'a, S, T>(list: impl IntoIterator<Item = &'a Claim<S>>, value: impl Fn(&'a S) -> T) -> Vec<JsonClaim<'a, T>>
where
    S: 'a,
{
    list.into_iter().map(|one| claim(one, &value)).collect()
}

#[derive(Serialize)]
struct JsonChange<'a> {
    seq: usize,
    #[serde(flatten)]
    commit: JsonCommit<'a>,
    status: &'static str,
    in_scope: bool,
    scope_reason: Option<&'a str>,
    arrival_kind: &'static str,
    arrived_at: Option<String>,
    arrived_at_source: String,
    arrived_at_grade: &'static str,
    bot: Option<&'a str>,
    layers: Vec<&'static str>,
    environments: Vec<&'a str>,
    evidence: JsonEvidence<'a>,
    gaps: Vec<JsonGap<'a>>,
    findings: Vec<JsonFinding<'a>>,
    side_commits: Vec<JsonSide<'a>>,
}

/// A side commit with what it says by itself; its reviews are weighed where the change takes them over.
#[derive(Serialize)]
struct JsonSide<'a> {
    #[serde(flatten)]
    commit: JsonCommit<'a>,
    evidence: Option<JsonEvidence<'a>>,
}

fn side<'a>(side: &'a Commit, classes: &'a [FileClass], found: Option<&'a Evidence>) -> JsonSide<'a> {
    let evidence = found.map(|found| evidence(found, found.reviews.iter().map(unweighed).collect()));
    JsonSide { commit: commit(side, classes), evidence }
}

#[derive(Serialize)]
struct JsonGap<'a> {
    about: &'static str,
    reason: &'a str,
}

fn gaps(gaps: &[crate::changes::Gap]) -> Vec<JsonGap<'_>> {
    gaps.iter().map(|gap| JsonGap { about: columns::gap_words(gap), reason: &gap.reason }).collect()
}

fn change<'a>(columns: &Columns<'a>, position: usize, dossier: &'a Dossier) -> JsonChange<'a> {
    let Change { commit: own, side_commits } = &dossier.change;
    let facts = columns.facts(position, dossier);
    let arrival = columns::arrival(dossier);
    let classes = dossier.classification.side_files.iter().map(|classes| &**classes).chain(std::iter::repeat(&[][..]));
    let sides = dossier.evidence.side_commits.iter().map(Some).chain(std::iter::repeat(None));
    let out_of_scope = dossier.classification.out_of_scope.as_deref();
    JsonChange {
        seq: position + 1,
        commit: commit(own, &dossier.classification.files),
        status: columns.status(position).words(),
        in_scope: out_of_scope.is_none(),
        scope_reason: out_of_scope,
        arrival_kind: dossier.arrival.word(),
        arrived_at: Some(arrival.at).filter(|at| !at.is_empty()),
        arrived_at_source: arrival.source,
        arrived_at_grade: arrival.grade.word(),
        bot: dossier.bot.as_deref(),
        layers: facts.layers.iter().map(Layer::name).collect(),
        environments: facts.environments.iter().copied().collect(),
        evidence: evidence(&dossier.evidence, facts.reviews.iter().map(review).collect()),
        gaps: gaps(&dossier.gaps),
        findings: columns.findings_of(position).map(|(card, found)| finding(columns, card, found)).collect(),
        side_commits: side_commits
            .iter()
            .zip(classes)
            .zip(sides)
            .map(|((one, classes), evidence)| side(one, classes, evidence))
            .collect(),
    }
}

#[derive(Serialize)]
struct JsonEvidence<'a> {
    proposals: Vec<JsonClaim<'a, JsonProposal<'a>>>,
    tickets: Vec<JsonClaim<'a, JsonTicket<'a>>>,
    reviews: Vec<JsonReview<'a>>,
    co_authors: Vec<JsonClaim<'a, JsonPerson<'a>>>,
    reverts: Vec<JsonClaim<'a, &'a str>>,
    picked_from: Vec<JsonClaim<'a, &'a str>>,
    merger: Option<JsonClaim<'a, JsonPerson<'a>>>,
    emergency: Option<JsonClaim<'a, &'a str>>,
    trailers: Vec<JsonTrailer<'a>>,
}

#[derive(Serialize)]
struct JsonProposal<'a> {
    id: &'a str,
    convention: &'a str,
    branch: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonTicket<'a> {
    id: &'a str,
    system: &'a str,
    relation: &'static str,
    resolved: &'static str,
}

#[derive(Serialize)]
struct JsonReview<'a> {
    reviewer: JsonPerson<'a>,
    decision: &'static str,
    convention: &'static str,
    quoted: bool,
    at: Option<&'a str>,
    counts: Option<bool>,
    not_counted_reason: Option<String>,
    grade: &'static str,
    citation: JsonCitation<'a>,
}

#[derive(Serialize)]
struct JsonTrailer<'a> {
    key: &'a str,
    value: &'a str,
    line: u32,
    in_block: bool,
}

fn evidence<'a>(found: &'a Evidence, reviews: Vec<JsonReview<'a>>) -> JsonEvidence<'a> {
    let proposal = |value: &'a crate::evidence::Proposal| JsonProposal {
        id: &value.id,
        convention: value.convention,
        branch: value.branch.as_deref(),
    };
    let trailer = |trailer: &'a crate::evidence::Trailer| JsonTrailer {
        key: &trailer.key,
        value: &trailer.value,
        line: trailer.line,
        in_block: trailer.in_block,
    };
    JsonEvidence {
        proposals: claims(found.proposals(), proposal),
        tickets: claims(&found.tickets, ticket),
        reviews,
        co_authors: claims(&found.co_authors, |value| person(value)),
        reverts: claims(&found.reverts, |value| &**value),
        picked_from: claims(&found.picked_from, |value| &**value),
        merger: found.merger.as_ref().map(|one| claim(one, |value| person(value))),
        emergency: found.emergency.as_ref().map(|one| claim(one, |value| &**value)),
        trailers: found.trailers.iter().map(trailer).collect(),
    }
}

fn ticket(ticket: &Ticket) -> JsonTicket<'_> {
    JsonTicket {
        id: &ticket.id,
        system: columns::system_words(&ticket.system),
        relation: columns::relation_words(ticket.relation),
        resolved: columns::NOT_RESOLVED,
    }
}

fn review<'a>(weighed: &WeighedReview<'a>) -> JsonReview<'a> {
    let counts = weighed.counts();
    JsonReview {
        counts: Some(counts),
        not_counted_reason: (!counts).then(|| weighed.standing.reason()),
        ..unweighed(weighed.claim)
    }
}

fn unweighed(one: &Claim<Review>) -> JsonReview<'_> {
    JsonReview {
        reviewer: person(&one.value.reviewer),
        decision: one.value.decision.word(),
        convention: one.value.convention,
        quoted: one.value.quoted,
        at: one.value.at.as_deref(),
        counts: None,
        not_counted_reason: None,
        grade: one.grade.word(),
        citation: citation(&one.citation),
    }
}

#[derive(Serialize)]
struct JsonCommit<'a> {
    commit_id: String,
    tree_id: String,
    parents: Vec<String>,
    author: JsonSignature<'a>,
    committer: JsonSignature<'a>,
    message: JsonText<'a>,
    signature: &'static str,
    anomalies: Vec<String>,
    files: Vec<JsonFile<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merge_content: Option<JsonMerge<'a>>,
}

#[derive(Serialize)]
struct JsonText<'a> {
    text: &'a str,
    lossy: bool,
}

#[derive(Serialize)]
struct JsonSignature<'a> {
    #[serde(flatten)]
    person: JsonPerson<'a>,
    time: Option<String>,
    offset_seconds: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable_time: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonMerge<'a> {
    unexplained: Vec<JsonUnexplained<'a>>,
    automatic: u32,
    undecided: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonUnexplained<'a> {
    #[serde(flatten)]
    path: JsonPath<'a>,
    reason: &'a str,
}

fn commit<'a>(commit: &'a Commit, classes: &'a [FileClass]) -> JsonCommit<'a> {
    let Text { value, lossy } = &commit.message;
    JsonCommit {
        commit_id: commit.id.to_string(),
        tree_id: commit.tree.to_string(),
        parents: commit.parents.iter().map(CommitId::to_string).collect(),
        author: signature(&commit.author),
        committer: signature(&commit.committer),
        message: JsonText { text: value, lossy: *lossy },
        signature: columns::signature_words(commit.signed),
        anomalies: columns::anomalies(commit),
        files: columns::classed(&commit.file_edits, classes).map(|(edit, class)| file(edit, class)).collect(),
        merge_content: commit.merge.as_deref().map(merge),
    }
}

fn merge(merge: &crate::changes::MergeContent) -> JsonMerge<'_> {
    let unexplained = merge.unexplained.iter();
    JsonMerge {
        unexplained: unexplained.map(|(path, reason)| JsonUnexplained { path: json_path(path), reason }).collect(),
        automatic: merge.automatic,
        undecided: merge.undecided.as_deref(),
    }
}

fn signature(signature: &crate::changes::Signature) -> JsonSignature<'_> {
    JsonSignature {
        person: person(&signature.person),
        time: time(&signature.when),
        offset_seconds: signature.when.known().map(|timestamp| timestamp.offset),
        unreadable_time: match &signature.when {
            Moment::Known(_) => None,
            Moment::Unreadable(raw) => Some(raw),
        },
    }
}

fn time(moment: &Moment) -> Option<String> {
    moment.known().and_then(crate::text::Timestamp::to_utc)
}

#[derive(Serialize)]
struct JsonPath<'a> {
    path: std::borrow::Cow<'a, str>,
    /// The bytes in hexadecimal, where they are no UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    path_bytes: Option<String>,
}

fn json_path(path: &RepoPath) -> JsonPath<'_> {
    let text = path.to_text();
    JsonPath { path_bytes: (text.as_bytes() != path.as_bytes()).then(|| crate::text::hex(path.as_bytes())), path: text }
}

#[derive(Serialize)]
struct JsonFile<'a> {
    #[serde(flatten)]
    path: JsonPath<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<JsonPath<'a>>,
    edit: char,
    layers: Vec<&'static str>,
    ignored: bool,
    rule: Option<&'a str>,
    environment: Option<&'a str>,
    old_blob: Option<String>,
    new_blob: Option<String>,
    old_mode: Option<String>,
    new_mode: Option<String>,
}

fn file<'a>(edit: &'a FileEdit, class: Option<&'a FileClass>) -> JsonFile<'a> {
    JsonFile {
        path: json_path(&edit.path),
        old: edit.old_path.as_ref().map(json_path),
        edit: edit.kind.letter(),
        layers: class.map(|class| class.layers.iter().map(Layer::name).collect()).unwrap_or_default(),
        ignored: class.is_some_and(|class| class.ignored),
        rule: class.map(|class| &*class.rule),
        environment: class.and_then(|class| class.environment.as_deref()),
        old_blob: edit.before.map(|entry| entry.blob.to_string()),
        new_blob: edit.after.map(|entry| entry.blob.to_string()),
        old_mode: edit.before.map(|entry| format!("{:06o}", entry.mode)),
        new_mode: edit.after.map(|entry| format!("{:06o}", entry.mode)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::render::specimen::{HOSTILE, Shelf, incomplete_pack, pack};

    fn read(pack: &Pack) -> Value {
        serde_json::from_slice(&Shelf::of(pack, render).0[PATH]).unwrap()
    }

    #[test]
    fn it_has_every_change_and_finding_and_the_exact_text() {
        let pack = pack(60);
        let json = read(&pack);
        let changes = json["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 60);
        let lists = changes.iter().map(|change| &change["findings"]).chain([&json["period_findings"], &json["waiver_findings"]]);
        let findings: usize = lists.map(|list| list.as_array().unwrap().len()).sum();
        assert_eq!(findings, pack.assessments.iter().map(|assessment| assessment.findings.len()).sum::<usize>());
        for (position, text) in [(9, HOSTILE[0]), (29, HOSTILE[2]), (39, HOSTILE[3])] {
            assert!(changes[position]["message"]["text"].as_str().unwrap().starts_with(text));
        }
        assert_eq!(json["statuses"]["arrivals"], 60);
    }

    #[test]
    fn it_follows_its_schema() {
        let schema: Value = serde_json::from_str(SCHEMA).unwrap();
        for pack in [pack(0), pack(60), incomplete_pack()] {
            let mut faults = Vec::new();
            check(&schema, &schema, &read(&pack), "$", &mut faults);
            assert!(faults.is_empty(), "{faults:?}");
        }
        let mut faults = Vec::new();
        check(&schema, &schema, &serde_json::json!({ "schema": "other" }), "$", &mut faults);
        assert!(faults.len() > 10, "the checker finds faults");
    }

    /// Checks the part of JSON Schema that the schema uses.
    fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        let kinds = [
            ("object", value.is_object()),
            ("array", value.is_array()),
            ("string", value.is_string()),
            ("integer", value.is_i64() || value.is_u64()),
            ("boolean", value.is_boolean()),
            ("null", value.is_null()),
        ];
        let mut demand = |holds: bool, what: &str| {
            if !holds {
                faults.push(format!("{at}: {what}"));
            }
        };
        for (keyword, rule) in schema.as_object().unwrap() {
            match keyword.as_str() {
                "type" => demand(kinds.contains(&(rule.as_str().unwrap(), true)), "type"),
                "const" => demand(rule == value, "const"),
                "enum" => demand(rule.as_array().unwrap().contains(value), "enum"),
                "minimum" => demand(value.as_i64() >= rule.as_i64(), "minimum"),
                "pattern" => {
                    let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                    demand(value.as_str().is_some_and(|text| pattern.is_match(text)), "pattern");
                }
                "required" => {
                    let names = rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                    names.for_each(|name| demand(value.get(name).is_some(), name));
                }
                "additionalProperties" => {
                    let known = schema["properties"].as_object().unwrap();
                    let names = value.as_object().into_iter().flat_map(|object| object.keys());
                    names.for_each(|name| demand(known.contains_key(name), name));
                }
                _ => {}
            }
        }
        descend(root, schema, value, at, faults);
    }

    fn descend(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            check(root, &root["$defs"][name.trim_start_matches("#/$defs/")], value, at, faults);
        }
        if let Some(choices) = schema["anyOf"].as_array() {
            let fits = |choice| {
                let mut own = Vec::new();
                check(root, choice, value, at, &mut own);
                own.is_empty()
            };
            if !choices.iter().any(fits) {
                faults.push(format!("{at}: fits no choice"));
            }
        }
        for (name, rule) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(value) = value.get(name) {
                check(root, rule, value, &format!("{at}.{name}"), faults);
            }
        }
        for value in value.as_array().into_iter().flatten().filter(|_| !schema["items"].is_null()) {
            check(root, &schema["items"], value, &format!("{at}[]"), faults);
        }
    }
}
