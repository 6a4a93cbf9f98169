//! One change: its commit, its evidence, its findings and its side commits.

use serde::Serialize;

use super::commit::{JsonCommit, commit};
use super::evidence::{JsonEvidence, evidence, review, unweighed};
use super::finding::{JsonFinding, finding};
use super::signature::{JsonTag, tag};
use crate::changes::{Change, Commit};
use crate::classification::FileClass;
use crate::evidence::gate_records::GateDecision;
use crate::evidence::{Dossier, Evidence, Link};
use crate::render::columns::{self, Columns};
use crate::settings::Layer;

#[derive(Serialize)]
pub(super) struct JsonChange<'a> {
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
    gate: Option<JsonGate<'a>>,
    link: Option<JsonLink<'a>>,
    layers: Vec<&'static str>,
    environments: Vec<&'a str>,
    evidence: JsonEvidence<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<JsonTag<'a>>,
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

fn side<'a>(
    columns: &Columns<'a>,
    dossier: &'a Dossier,
    side: &'a Commit,
    classes: &'a [FileClass],
    found: Option<&'a Evidence>,
) -> JsonSide<'a> {
    let evidence = found.map(|found| evidence(columns, dossier, found, found.reviews.iter().map(unweighed).collect()));
    JsonSide { commit: commit(columns, side, classes, found), evidence }
}

/// The recorded proposal that brought the change.
#[derive(Serialize)]
struct JsonLink<'a> {
    proposal: &'a str,
    linked_by: &'static str,
    conflict: Option<&'a str>,
}

fn link(link: &Link) -> JsonLink<'_> {
    JsonLink { proposal: &link.id, linked_by: link.linked_by.words(), conflict: link.conflict.as_deref() }
}

/// What the gate decided about the change, as a record of it says.
#[derive(Serialize)]
struct JsonGate<'a> {
    decision: &'static str,
    decided_at: &'a str,
    matched_by: &'static str,
    record: String,
}

fn gate(decision: &GateDecision) -> JsonGate<'_> {
    JsonGate {
        decision: decision.decided.word(),
        decided_at: &decision.at,
        matched_by: decision.matched_by.words(),
        record: format!("raw/{}", decision.file),
    }
}

#[derive(Serialize)]
struct JsonGap<'a> {
    about: &'static str,
    reason: &'a str,
}

fn gaps(gaps: &[crate::changes::Gap]) -> Vec<JsonGap<'_>> {
    gaps.iter().map(|gap| JsonGap { about: columns::gap_words(gap), reason: &gap.reason }).collect()
}

pub(super) fn change<'a>(columns: &Columns<'a>, position: usize, dossier: &'a Dossier) -> JsonChange<'a> {
    let Change { commit: own, side_commits } = &dossier.change;
    let facts = columns.facts(position, dossier);
    let arrival = columns::arrival(dossier);
    let classes = dossier.classification.side_files.iter().map(|classes| &**classes).chain(std::iter::repeat(&[][..]));
    let sides = dossier.evidence.side_commits.iter().map(Some).chain(std::iter::repeat(None));
    let out_of_scope = dossier.classification.out_of_scope.as_deref();
    let reviews = facts.reviews.iter().map(|weighed| review(columns, dossier, weighed)).collect();
    JsonChange {
        seq: position + 1,
        commit: commit(columns, own, &dossier.classification.files, Some(&dossier.evidence)),
        status: columns.status(position).words(),
        in_scope: out_of_scope.is_none(),
        scope_reason: out_of_scope,
        arrival_kind: dossier.arrival.word(),
        arrived_at: Some(arrival.at).filter(|at| !at.is_empty()),
        arrived_at_source: arrival.source,
        arrived_at_grade: arrival.grade.word(),
        bot: dossier.bot.as_deref(),
        gate: dossier.gate.as_deref().map(gate),
        link: dossier.link.as_deref().map(link),
        layers: facts.layers.iter().map(Layer::name).collect(),
        environments: facts.environments.iter().copied().collect(),
        evidence: evidence(columns, dossier, &dossier.evidence, reviews),
        tags: dossier.tags.iter().map(|one| tag(columns, one)).collect(),
        gaps: gaps(&dossier.gaps),
        findings: columns.findings_of(position).map(|(card, found)| finding(columns, card, found)).collect(),
        side_commits: side_commits
            .iter()
            .zip(classes)
            .zip(sides)
            .map(|((one, classes), evidence)| side(columns, dossier, one, classes, evidence))
            .collect(),
    }
}
