//! A code quality report of GitLab: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.
//!
//! GitLab stops reading at the first entry without `description`, `fingerprint`, `severity` or `location`, cannot link one
//! without a path and a line, and keeps one entry for each fingerprint. A finding that is about no file stands at a name
//! that no file of a repository has (`.git/commits/ID`): the link beside it leads nowhere, the text says what is meant.

use serde_json::{Value, json};

use super::identity::{Identified, identified, place};
use super::inert::{JSON, inert};
use super::words::{label, place_in_brackets, reason, who};
use crate::checks::Severity;
use crate::gate::{Ruling, Stance};

/// How many findings a report has; those that refuse come first.
const MOST: usize = 25_000;

pub(super) fn write(rulings: &[Ruling]) -> String {
    let mut all = identified(rulings);
    all.sort_by_key(|one| one.found.stance);
    let left_out = all.len().saturating_sub(MOST);
    let mut entries: Vec<Value> = all.iter().take(MOST).map(entry).collect();
    if left_out > 0 {
        entries.push(json!({
            "check_name": "countersign",
            "description": format!("{left_out} more findings are not in this report; `--format json` has them all"),
            "fingerprint": "left-out",
            "severity": "info",
            "location": { "path": ".git/range", "lines": { "begin": 1 } },
        }));
    }
    inert(&format!("{:#}\n", Value::Array(entries)), &JSON)
}

fn entry(one: &Identified<'_>) -> Value {
    let Identified { ruling, found, fingerprint } = one;
    let place = place(ruling, found);
    let description = format!(
        "{}: {}: {}{}",
        label(found.stance),
        who(ruling, &found.about),
        reason(found),
        if place.is_file { place_in_brackets(found) } else { String::new() }
    );
    json!({
        "check_name": found.card.id,
        "description": description,
        "fingerprint": fingerprint,
        "severity": severity(found.stance, found.severity),
        "location": { "path": place.path.to_text(), "lines": { "begin": place.line } },
    })
}

/// GitLab's word: what stands in the way is above everything that does not.
fn severity(stance: Stance, severity: Severity) -> &'static str {
    match (stance, severity) {
        (Stance::Refuses | Stance::Undecided, Severity::Critical | Severity::Blocker) => "blocker",
        (Stance::Refuses | Stance::Undecided, Severity::Low | Severity::Medium | Severity::High) => "critical",
        (Stance::Warns, Severity::Low | Severity::Medium) => "minor",
        (Stance::Warns, Severity::High | Severity::Critical | Severity::Blocker) => "major",
        (Stance::Unsure | Stance::Waived, _) => "info",
    }
}
