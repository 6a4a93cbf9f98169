//! Phabricator: `Reviewed By:` and `Differential Revision: https://…/D123`.

use super::record::{Record, leading_number, trailer_place};
use super::{Decision, Evidence, reviews};

/// Reads the differential and those who accepted it; `Reviewers:` names only those who were asked.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    for trailer in record.trailers_named("differential revision") {
        if let Some(id) = differential(&trailer.value).filter(|_| !record.message.is_line_quoted(trailer.line)) {
            record.propose(evidence, &id, "Phabricator differential", None, trailer_place(trailer));
        }
    }
    for key in ["reviewed by", "approved by"] {
        for trailer in record.trailers_named(key) {
            reviews::add_reviewers(record, evidence, trailer, &trailer.value, "Phabricator Reviewed By", Decision::Approved);
        }
    }
}

fn differential(value: &str) -> Option<String> {
    let word = value.split([' ', ',']).next()?.trim_end_matches('/');
    let number = word.rsplit('/').next()?.strip_prefix('D')?;
    leading_number(number).map(|number| format!("D{number}"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_differential_may_be_an_address() {
        assert_eq!(super::differential("https://reviews.example.com/D12").as_deref(), Some("D12"));
        assert_eq!(super::differential("D12, D13").as_deref(), Some("D12"));
        assert_eq!(super::differential("Diff"), None);
    }
}
