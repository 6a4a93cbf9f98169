//! Azure DevOps: `Merged PR N: title`. Its `Related work items: #N` are read with the other tickets.

use super::record::{Record, leading_number};
use super::{Evidence, Place, github};

/// Reads the pull request that the subject names.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    let Some(rest) = record.message.subject().strip_prefix("Merged PR ") else { return };
    if let Some(number) = leading_number(rest).filter(|number| rest.get(number.len()..).is_some_and(|rest| rest.starts_with(':')))
    {
        record.propose(evidence, &format!("PR {number}"), "Azure DevOps merge", None, Place::Subject);
        github::add_merger(record, evidence);
    }
}
