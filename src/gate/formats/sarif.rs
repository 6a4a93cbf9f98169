//! SARIF 2.1.0: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/sarif-v2.1.0-errata01-os-complete.html>,
//! in the form that GitHub code scanning takes.
//!
//! - GitHub refuses a whole file in which one result has no physical location. A finding that is about no file stands at
//!   a name that no file of a repository has (`.git/commits/ID`); the logical location beside it says what is meant.
//! - GitHub tells results apart by `primaryLocationLineHash` alone. Its upload action works that out for results in
//!   files; here it is given for the others.
//! - `versionControlProvenance` demands the address of the repository, which is not known: the commits are properties
//!   of the run.
//! - The checks are no security rules, so there is no `security-severity`, which would make GitHub count them as such.

use serde_json::{Map, Value, json};

use super::advice::advice;
use super::identity::{Identified, identified, place};
use super::inert::{JSON, inert};
use super::words::{conclusion, headline, range, reason, subject, who};
use crate::checks::{Card, Severity};
use crate::gate::{About, Ruling, Stance, Verdict};
use crate::text::CommitId;

/// How many results a run has: GitHub refuses a file with more. Those that refuse come first.
const MOST: usize = 25_000;
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const BASE: &str = "%SRCROOT%";

pub(super) fn write(rulings: &[Ruling]) -> String {
    with_at_most(MOST, rulings)
}

/// With so many results in each run.
pub(super) fn with_at_most(most: usize, rulings: &[Ruling]) -> String {
    let exit = exit_code(conclusion(rulings));
    let runs: Vec<Value> = match rulings {
        [] => vec![json!({ "tool": { "driver": driver(&[]) }, "results": [] })],
        [one] => vec![run(one, "countersign-gate", exit, most)],
        several => several.iter().map(|ruling| run(ruling, &category(ruling), exit, most)).collect(),
    };
    inert(&format!("{:#}\n", json!({ "$schema": SCHEMA, "version": "2.1.0", "runs": runs })), &JSON)
}

/// What the process returns.
fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Passed => 0,
        Verdict::Refused => 1,
        Verdict::Inconclusive => 3,
    }
}

/// Runs of one file must differ in their category: everything of the id before its last slash.
fn category(ruling: &Ruling) -> String {
    format!("countersign-gate/{}", subject(ruling))
}

fn run(ruling: &Ruling, category: &str, exit: u8, most: usize) -> Value {
    let cards: Vec<&'static Card> = cards(ruling);
    let mut all = identified(std::slice::from_ref(ruling));
    all.sort_by_key(|one| one.found.stance);
    let left_out = all.len().saturating_sub(most);
    let id = |id: Option<CommitId>| id.map(|id| id.to_string());
    json!({
        "tool": { "driver": driver(&cards) },
        "automationDetails": { "id": format!("{category}/{}", id(ruling.head).unwrap_or_default()) },
        "originalUriBaseIds": { BASE: { "description": { "text": "The root of the repository." } } },
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation(ruling, exit, left_out)],
        "results": all.iter().take(most).map(|one| result(one, &cards)).collect::<Vec<_>>(),
        "properties": {
            "repository": ruling.repository,
            "subject": ruling.subject,
            "baseRevisionId": id(ruling.base),
            "revisionId": id(ruling.head),
            "range": ruling.because,
            "settings": ruling.settings,
            "settingsSha256": ruling.settings_digest,
            "verdict": ruling.verdict.word(),
        },
    })
}

/// The cards of the checks that were applied, and of any other that found something.
fn cards(ruling: &Ruling) -> Vec<&'static Card> {
    let mut cards: Vec<&'static Card> = ruling.checks.iter().map(|applied| applied.card).collect();
    for found in &ruling.findings {
        if !cards.iter().any(|card| card.id == found.card.id) {
            cards.push(found.card);
        }
    }
    cards
}

fn driver(cards: &[&'static Card]) -> Value {
    json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "informationUri": env!("CARGO_PKG_REPOSITORY"),
        "rules": cards.iter().map(|card| rule(card)).collect::<Vec<_>>(),
    })
}

fn rule(card: &Card) -> Value {
    let remedy = advice(card.id).unwrap_or(card.remedy);
    let problem = match card.severity {
        Severity::Low => "recommendation",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical | Severity::Blocker => "error",
    };
    json!({
        "id": card.id,
        "name": pascal_case(card.id),
        "shortDescription": { "text": card.requirement },
        "fullDescription": { "text": format!("{} {}", card.requirement, card.rationale) },
        "help": { "text": format!("{remedy} `countersign checks explain {}` says more.", card.id) },
        "defaultConfiguration": { "level": level_of(card.severity) },
        "properties": {
            "tags": ["audit", "change-management"],
            "precision": "very-high",
            "problem.severity": problem,
            "severity": card.severity.word(),
        },
    })
}

/// `ticket-missing` as `TicketMissing`, as the names of rules are written.
fn pascal_case(id: &str) -> String {
    let word = |word: &str| {
        let mut characters = word.chars();
        characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect::<String>()
    };
    id.split('-').map(word).collect()
}

fn level_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "note",
        Severity::Medium => "warning",
        Severity::High | Severity::Critical | Severity::Blocker => "error",
    }
}

fn invocation(ruling: &Ruling, exit: u8, left_out: usize) -> Value {
    let mut notices = Vec::new();
    if left_out > 0 {
        let text = format!("{left_out} more results are not in this file; `countersign gate --format json` has them all.");
        notices.push(json!({ "level": "warning", "message": { "text": text } }));
    }
    if ruling.verdict == Verdict::Inconclusive {
        notices.push(json!({ "level": "error", "message": { "text": plain(&headline(ruling)) } }));
    }
    json!({
        "executionSuccessful": ruling.verdict != Verdict::Inconclusive,
        "exitCode": exit,
        "toolExecutionNotifications": notices,
        "properties": { "range": range(ruling) },
    })
}

fn result(one: &Identified<'_>, cards: &[&'static Card]) -> Value {
    let Identified { ruling, found, fingerprint } = one;
    let place = place(ruling, found);
    let mut fingerprints = Map::from_iter([("countersignFinding/v1".to_owned(), json!(fingerprint))]);
    if !place.is_file {
        fingerprints.insert("primaryLocationLineHash".to_owned(), json!(fingerprint));
    }
    // Present in all results or in none (3.27.23); empty means that the result is not suppressed.
    let waiver = json!({ "kind": "external", "status": "accepted", "justification": "accepted by a waiver of the settings" });
    let suppressions = if found.stance == Stance::Waived { vec![waiver] } else { Vec::new() };
    json!({
        "ruleId": found.card.id,
        "ruleIndex": cards.iter().position(|card| card.id == found.card.id),
        "level": match found.stance {
            Stance::Refuses | Stance::Undecided => "error",
            Stance::Warns | Stance::Waived => "warning",
            Stance::Unsure => "note",
        },
        "message": { "text": plain(&message(one)) },
        "locations": [{
            "physicalLocation": {
                "artifactLocation": { "uri": uri(place.path.as_bytes()), "uriBaseId": BASE },
                "region": { "startLine": place.line },
            },
            "logicalLocations": [logical(one)],
        }],
        "partialFingerprints": fingerprints,
        "suppressions": suppressions,
        "properties": { "stance": found.stance.word(), "severity": found.severity.word() },
    })
}

/// Text that a viewer shows as it is: braces would be placeholders (3.11.5), and `](` could end the text of a link, for
/// which there is no escape (3.11.6).
fn plain(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}").replace("](", "]\u{2039}U+0028\u{203a}")
}

fn message(one: &Identified<'_>) -> String {
    let reason = reason(one.found);
    let whom = who(one.ruling, &one.found.about);
    match one.found.stance {
        Stance::Refuses | Stance::Warns => format!("{reason} ({whom})."),
        Stance::Undecided | Stance::Unsure => format!("Could not be concluded: {reason} ({whom})."),
        Stance::Waived => format!("Accepted by a waiver: {reason} ({whom})."),
    }
}

fn logical(one: &Identified<'_>) -> Value {
    let (kind, name) = match &one.found.about {
        About::Range => ("range", range(one.ruling)),
        About::Commit(_) => ("commit", one.ruling.commit_of(one.found).map_or_else(String::new, |commit| commit.id.to_string())),
        About::Landing(_) => ("proposal", subject(one.ruling)),
        About::Waiver(line) => ("waiver", format!("line {line}")),
    };
    json!({ "kind": kind, "name": name, "fullyQualifiedName": name })
}

/// A path as a relative reference: every byte that is not plain is percent-encoded.
fn uri(path: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.iter().map(|byte| if plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
