//! What a check concluded.

use serde::Serialize;

use super::evidence::{JsonCitation, citation};
use crate::checks::{Card, Finding};
use crate::render::columns::{self, Columns};

#[derive(Serialize)]
pub(super) struct JsonFinding<'a> {
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

pub(super) fn finding<'a>(columns: &Columns<'a>, card: &'static Card, found: &'a Finding) -> JsonFinding<'a> {
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
