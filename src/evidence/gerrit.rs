//! Gerrit: footers `Reviewed-on` and `Change-Id`, and the notes of `refs/notes/review`.

use crate::text::utc_text;

use super::notes::NoteRecord;
use super::record::{Record, trailer_place};
use super::{Decision, Evidence, Place, Proposal, Review, Trailer, people};

/// Reads the change's address or, without one, its Change-Id; the last one outside quotations is the change's own.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    let own = |trailer: &&Trailer| !record.message.is_line_quoted(trailer.line);
    // Above `(cherry picked from …)` stands where the original was reviewed; a Change-Id is kept by a pick.
    let after_pick = |trailer: &&Trailer| trailer.line > record.picked_on_line;
    if let Some(trailer) =
        record.trailers_named("reviewed-on").filter(own).filter(after_pick).filter(|trailer| is_address(&trailer.value)).last()
    {
        let id = trailer.value.trim();
        record.propose(evidence, id, "Gerrit Reviewed-on", None, trailer_place(trailer));
    } else if let Some(trailer) =
        record.trailers_named("change-id").filter(own).filter(|trailer| is_change_id(&trailer.value)).last()
    {
        record.propose(evidence, trailer.value.trim(), "Gerrit Change-Id", None, trailer_place(trailer));
    }
}

fn is_address(value: &str) -> bool {
    let value = value.trim();
    value.split_once("://").is_some_and(|(scheme, rest)| matches!(scheme, "http" | "https") && !rest.is_empty())
        && !value.contains(char::is_whitespace)
}

fn is_change_id(value: &str) -> bool {
    let value = value.trim();
    value.strip_prefix('I').is_some_and(|hex| hex.len() == 40 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Reads a note of `refs/notes/review`: votes, who submitted and when, and the change's address.
pub(super) fn read_note(note: &NoteRecord<'_>, evidence: &mut Evidence) {
    for (line, text) in (1..).zip(note.text.lines()) {
        let Some((key, value)) = text.split_once(':') else { continue };
        let (key, value, place) = (key.trim(), value.trim(), Place::Note(line));
        if let Some(vote) = key.strip_prefix("Code-Review") {
            let review = |reviewer| Review {
                reviewer,
                decision: decision(vote),
                convention: "Gerrit note",
                quoted: false,
                at: None,
                record: None,
            };
            evidence.reviews.extend(people::one(value).map(|person| note.claim(review(person), place)));
        } else if key == "Submitted-by" {
            evidence.merger = people::one(value).map(|person| note.claim(person, place)).or(evidence.merger.take());
        } else if key == "Submitted-at" {
            evidence.merged_at = submitted_at(value).map(|at| note.claim(at, place));
        } else if key == "Reviewed-on" && is_address(value) {
            evidence.add_proposal(note.claim(Proposal { id: value.into(), convention: "Gerrit note", branch: None }, place));
        }
    }
}

/// Only `+2` is an approval; `+1` says that someone else must approve.
fn decision(vote: &str) -> Decision {
    match vote {
        "+2" => Decision::Approved,
        vote if vote.starts_with('-') => Decision::Rejected,
        _ => Decision::Commented,
    }
}

/// RFC 3339 UTC of `Tue, 15 Nov 2022 20:45:30 +0000` or `2022-11-15 20:45:30 +0000`.
fn submitted_at(value: &str) -> Option<Box<str>> {
    let moment = chrono::DateTime::parse_from_rfc2822(value)
        .or_else(|_| chrono::DateTime::parse_from_str(value, "%Y-%m-%d %H:%M:%S%.f %z"))
        .ok()?;
    utc_text(moment.timestamp()).map(Into::into)
}
