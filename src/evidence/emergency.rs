//! Marks by which a message calls its change an emergency.

use super::record::{Record, trailer_place};
use super::{Evidence, Place};

const KEYS: &[&str] = &["emergency", "emergency-change", "break-glass", "breakglass", "emergency-reason"];
const TAGS: &[&str] = &[
    "[emergency]",
    "(emergency)",
    "emergency:",
    "emergency change",
    "[break-glass]",
    "break-glass:",
    "[breakglass]",
    "break glass:",
];

/// Reads `Emergency:` and `Break-Glass:` trailers, and tags in the subject or at the start of a line.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    let is_mark = |key: &str| KEYS.iter().any(|known| known.eq_ignore_ascii_case(key));
    for trailer in record.trailers.iter().filter(|trailer| is_mark(&trailer.key)) {
        if !is_denied(&trailer.value) && !record.message.is_line_quoted(trailer.line) {
            let words = format!("{}: {}", trailer.key, trailer.value);
            evidence.emergency = Some(record.claim(words.trim_end().into(), trailer_place(trailer)));
            return;
        }
    }
    let subject = record.message.subject();
    let lower = subject.to_ascii_lowercase();
    let tag = TAGS.iter().find_map(|tag| lower.find(tag).map(|at| at..at + tag.len()));
    if let Some(range) = tag.filter(|range| !record.message.is_quoted(range.start)) {
        evidence.emergency = subject.get(range).map(|mark| record.claim(mark.into(), Place::Subject));
    }
}

fn is_denied(value: &str) -> bool {
    ["", "no", "false", "none", "n/a", "-"].iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}
