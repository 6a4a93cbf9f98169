//! GitHub, Gitea and Forgejo: `Merge pull request #N from owner/branch`, squash `Title (#N)`, `Pull-request: #N`.

use super::record::{Record, leading_number, trailer_place};
use super::{Evidence, Place};

/// Reads pull requests from merge subjects, squash subjects and trailers.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    let subject = record.message.subject();
    if let Some((number, branch)) = merged_pull_request(subject) {
        record.propose(evidence, &format!("#{number}"), "GitHub merge", branch, Place::Subject);
        add_merger(record, evidence);
    } else if let Some((number, branch)) = gitea_pull_request(subject) {
        record.propose(evidence, &format!("#{number}"), "Gitea merge", branch, Place::Subject);
        add_merger(record, evidence);
    } else if let Some(number) = squash_number(subject) {
        record.propose(evidence, &format!("#{number}"), "GitHub squash", None, Place::Subject);
    }
    for trailer in record.trailers_named("pull-request") {
        let number = trailer.value.strip_prefix('#').and_then(leading_number);
        if let Some(number) = number.filter(|_| !record.message.is_line_quoted(trailer.line)) {
            record.propose(evidence, &format!("#{number}"), "Pull-request trailer", None, trailer_place(trailer));
        }
    }
}

/// The person who pressed the button is the author of the merge commit.
pub(super) fn add_merger(record: &Record<'_>, evidence: &mut Evidence) {
    if record.commit.parents.len() > 1 && evidence.merger.is_none() {
        evidence.merger = Some(record.claim(record.commit.author.person.clone(), Place::Header));
    }
}

fn merged_pull_request(subject: &str) -> Option<(&str, Option<&str>)> {
    let rest = subject.strip_prefix("Merge pull request #")?;
    let number = leading_number(rest)?;
    let branch = rest.get(number.len()..)?.strip_prefix(" from ").map(str::trim).filter(|branch| !branch.is_empty());
    Some((number, branch))
}

fn gitea_pull_request(subject: &str) -> Option<(&str, Option<&str>)> {
    let rest = subject.strip_prefix("Merge pull request '")?;
    let number = leading_number(rest.get(rest.rfind("(#")? + 2..)?)?;
    let branch = rest.rsplit_once(") from ").map(|(_, branch)| branch.split(" into ").next().unwrap_or(branch));
    Some((number, branch))
}

/// The number of `Title (#12)`.
fn squash_number(subject: &str) -> Option<&str> {
    let rest = subject.strip_suffix(')')?;
    let number = rest.get(rest.rfind("(#")? + 2..)?;
    leading_number(number).filter(|digits| digits.len() == number.len())
}

#[cfg(test)]
mod tests {
    use super::{gitea_pull_request, merged_pull_request, squash_number};

    #[test]
    fn subjects_name_their_pull_request() {
        assert_eq!(merged_pull_request("Merge pull request #12 from o/b-1"), Some(("12", Some("o/b-1"))));
        assert_eq!(gitea_pull_request("Merge pull request 'T (#1)' (#12) from b into main"), Some(("12", Some("b"))));
        assert_eq!(squash_number("Revert \"T (#1)\" (#12)"), Some("12"));
        assert_eq!(squash_number("Revert \"T (#1)\""), None);
        assert_eq!(squash_number("T (#1) x"), None);
    }
}
