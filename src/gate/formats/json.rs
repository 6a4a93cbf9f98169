//! Everything of the rulings, exactly, for a program.

use serde_json::{Value, json};

use super::identity::{Identified, identified};
use super::inert::{JSON, inert};
use super::words::conclusion;
use crate::gate::{About, Applied, Found, JudgedCommit, Ruling};
use crate::text::{CommitId, RepoPath, hex};

/// The name and version of the format.
const SCHEMA_NAME: &str = "urn:countersign:gate:1";

pub(super) fn write(rulings: &[Ruling]) -> String {
    let whole = json!({
        "schema": SCHEMA_NAME,
        "countersign": env!("CARGO_PKG_VERSION"),
        "verdict": conclusion(rulings).word(),
        "rulings": rulings.iter().map(ruling).collect::<Vec<_>>(),
    });
    inert(&format!("{whole:#}\n"), &JSON)
}

fn ruling(ruling: &Ruling) -> Value {
    let id = |id: Option<CommitId>| id.map(|id| id.to_string());
    json!({
        "repository": ruling.repository,
        "subject": ruling.subject,
        "base": id(ruling.base),
        "head": id(ruling.head),
        "head_tree": ruling.head_tree.map(|id| id.to_string()),
        "has_landed": ruling.has_landed,
        "because": ruling.because,
        "settings": { "origin": ruling.settings, "sha256": ruling.settings_digest },
        "verdict": ruling.verdict.word(),
        "example_ticket": ruling.example,
        "commits": ruling.commits.iter().map(commit).collect::<Vec<_>>(),
        "checks": ruling.checks.iter().map(check).collect::<Vec<_>>(),
        "findings": identified(std::slice::from_ref(ruling)).iter().map(finding).collect::<Vec<_>>(),
    })
}

fn commit(commit: &JudgedCommit) -> Value {
    json!({ "commit_id": commit.id.to_string(), "subject": commit.subject, "parents": commit.parents })
}

fn check(applied: &Applied) -> Value {
    json!({
        "check": applied.card.id,
        "since": applied.card.since,
        "refuses": applied.refuses,
        "passed": applied.passed,
    })
}

fn finding(one: &Identified<'_>) -> Value {
    let Identified { ruling, found, fingerprint } = one;
    json!({
        "check": found.card.id,
        "about": about(ruling, found),
        "stance": found.stance.word(),
        "severity": found.severity.word(),
        "because": found.because,
        "place": found.place.as_ref().map(|(path, line)| place(path, *line)),
        "fingerprint": fingerprint,
    })
}

fn about(ruling: &Ruling, found: &Found) -> Value {
    match &found.about {
        About::Range => json!({ "kind": "range" }),
        About::Commit(position) => {
            let id = ruling.commit_of(found).map(|commit| commit.id.to_string());
            json!({ "kind": "commit", "position": position, "commit_id": id })
        }
        About::Landing(title) => json!({ "kind": "landing", "title": title }),
        About::Waiver(line) => json!({ "kind": "waiver", "line": line }),
    }
}

/// A path as text; its bytes too where the text cannot say them.
fn place(path: &RepoPath, line: u32) -> Value {
    match std::str::from_utf8(path.as_bytes()) {
        Ok(path) => json!({ "path": path, "line": line }),
        Err(_) => json!({ "path": path.to_text(), "path_bytes": hex(path.as_bytes()), "line": line }),
    }
}
