//! Marks by which a message calls its change an emergency.

use std::sync::LazyLock;

use regex::Regex;

use super::record::{Record, trailer_place};
use super::{Evidence, Place};

const KEYS: &[&str] = &["emergency", "emergency-change", "break-glass", "breakglass", "emergency-reason"];

static TAG: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i-u)\[(?:emergency|break-?glass)\]|\(emergency\)|\bemergency:|\bbreak[- ]?glass:|\bemergency change\b").ok()
});

/// Reads `Emergency:` and `Break-Glass:` trailers, and tags in the subject.
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
    let mark = TAG.as_ref().and_then(|tag| tag.find(subject)).filter(|mark| !record.message.is_quoted(mark.start()));
    evidence.emergency = mark.map(|mark| record.claim(mark.as_str().into(), Place::Subject));
}

fn is_denied(value: &str) -> bool {
    ["", "no", "false", "none", "n/a", "-"].iter().any(|word| value.trim().eq_ignore_ascii_case(word))
}
