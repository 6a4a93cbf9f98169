//! People named in trailers: reviewers, co-authors and who merged.

use std::sync::Arc;

use crate::text::Person;

use super::record::Record;
use super::{Decision, Evidence, Review, Trailer, people};

/// Trailer keys that name a reviewer, with the convention they belong to.
const REVIEW_KEYS: &[(&str, &str)] = &[
    ("reviewed-by", "Reviewed-by trailer"),
    ("approved-by", "Approved-by trailer"),
    ("acked-by", "Acked-by trailer"),
    ("nacked-by", "Nacked-by trailer"),
];

/// Reads `Reviewed-by`, `Approved-by`, `Acked-by`, `Co-authored-by` and `Merged-by`.
///
/// `Signed-off-by` and `Tested-by` are no word of a reviewer and are kept as trailers only.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    for trailer in &record.trailers {
        let key = &*trailer.key;
        if let Some((word, convention)) = REVIEW_KEYS.iter().find(|(word, _)| word.eq_ignore_ascii_case(key)) {
            let decision = if *word == "nacked-by" { Decision::Rejected } else { Decision::Approved };
            add_reviewers(record, evidence, trailer, &trailer.value, convention, decision);
        } else if key.eq_ignore_ascii_case("co-authored-by") || key.eq_ignore_ascii_case("co-developed-by") {
            evidence.co_authors.extend(people::one(&trailer.value).map(|person| record.claim_from(person, trailer)));
        } else if key.eq_ignore_ascii_case("merged-by") && evidence.merger.is_none() {
            evidence.merger = people::one(&trailer.value).map(|person| record.claim_from(person, trailer));
        }
    }
}

/// Adds everyone of a list as a reviewer.
pub(super) fn add_reviewers(
    record: &Record<'_>,
    evidence: &mut Evidence,
    trailer: &Trailer,
    value: &str,
    convention: &'static str,
    decision: Decision,
) {
    let quoted = record.message.is_line_quoted(trailer.line) || trailer.line < record.picked_on_line;
    let review = |reviewer| Review { reviewer, decision, convention, quoted, at: None, record: None };
    evidence.reviews.extend(people::list(value).map(|person| record.claim_from(review(person), trailer)));
}

/// A claim that a person approved, from a place that is no trailer.
pub(super) fn approval(reviewer: Arc<Person>, convention: &'static str) -> Review {
    Review { reviewer, decision: Decision::Approved, convention, quoted: false, at: None, record: None }
}
