//! The decision record: what was judged and decided, for the report of the period.

use super::{Found, Ruling, Verdict};
use crate::evidence::gate_records::{Decided, GateRecord, RecordedCheck, RecordedFinding, RecordedRuling, SCHEMA};

/// The record of a run as a file; `decided_at` is RFC 3339 UTC.
#[must_use]
pub fn record(rulings: &[Ruling], decided_at: &str) -> String {
    let rulings = rulings.iter().map(recorded).collect();
    let record = GateRecord {
        schema: SCHEMA.into(),
        countersign: env!("CARGO_PKG_VERSION").into(),
        decided_at: decided_at.into(),
        rulings,
        sha256: String::new(),
    };
    record.to_json()
}

fn recorded(ruling: &Ruling) -> RecordedRuling {
    let checks = ruling.checks.iter().map(|check| RecordedCheck {
        id: check.card.id.into(),
        since: check.card.since.into(),
        refuses: check.refuses,
        passed: check.passed,
    });
    RecordedRuling {
        repository: ruling.repository.clone(),
        subject: ruling.subject.clone(),
        base: ruling.base.map(|id| id.to_string()),
        head: ruling.head.map(|id| id.to_string()),
        head_tree: ruling.head_tree.map(|id| id.to_string()),
        settings: ruling.settings.clone(),
        settings_digest: ruling.settings_digest.clone(),
        commits: ruling.commits.iter().map(|commit| commit.id.to_string()).collect(),
        checks: checks.collect(),
        findings: ruling.findings.iter().map(|found| finding(ruling, found)).collect(),
        decision: match ruling.verdict {
            Verdict::Passed => Decided::Passed,
            Verdict::Refused => Decided::Refused,
            Verdict::Inconclusive => Decided::Inconclusive,
        },
    }
}

fn finding(ruling: &Ruling, found: &Found) -> RecordedFinding {
    RecordedFinding {
        check: found.card.id.into(),
        commit: ruling.commit_of(found).map(|commit| commit.id.to_string()),
        stance: found.stance.word().into(),
        because: found.because.clone(),
    }
}
