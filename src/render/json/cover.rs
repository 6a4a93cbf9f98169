//! What stands before the long lists: the range, how whole the record is, settings, tie-outs, waivers, layers and checks.

use serde::Serialize;

use super::SCHEMA_NAME;
use super::person::{JsonPerson, person};
use super::policies::{JsonInventory, inventory};
use crate::checks::Card;
use crate::pack::Pack;
use crate::render::columns::{self, Columns, Counts, StatusCounts};
use crate::settings::Layer;
use crate::text::CommitId;

#[derive(Serialize)]
pub(super) struct JsonCover<'a> {
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
    inventory: JsonInventory<'a>,
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
    not_checked: Option<&'a str>,
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

pub(super) fn cover<'a>(columns: &'a Columns<'a>) -> JsonCover<'a> {
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
        inventory: inventory(&pack.inventory),
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
            not_checked: tie_out.not_checked.as_deref(),
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
pub(super) struct JsonCheck {
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

pub(super) fn check(pack: &Pack, card: &'static Card, counts: Counts) -> JsonCheck {
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
