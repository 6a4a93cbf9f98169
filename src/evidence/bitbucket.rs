//! Bitbucket: `Merged in branch (pull request #N)` and `Pull request #N: title`.

use super::record::{Record, leading_number};
use super::{Evidence, Place, github};

/// Reads the pull request that the subject names; `Approved-by:` lines are read with the other reviewers.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    let subject = record.message.subject();
    let server_branch = || record.message.body().find_map(|(_, line)| server_branch(line.text));
    let found = cloud_pull_request(subject).map(|(number, branch)| (number, Some(branch)));
    let Some((number, branch)) = found.or_else(|| Some((server_pull_request(subject)?, server_branch()))) else { return };
    record.propose(evidence, &format!("PR {number}"), "Bitbucket merge", branch, Place::Subject);
    github::add_merger(record, evidence);
}

fn cloud_pull_request(subject: &str) -> Option<(&str, &str)> {
    let (branch, rest) = subject.strip_prefix("Merged in ")?.rsplit_once(" (pull request #")?;
    Some((leading_number(rest)?, branch))
}

fn server_pull_request(subject: &str) -> Option<&str> {
    let rest = subject.strip_prefix("Pull request #")?;
    leading_number(rest).filter(|number| rest.get(number.len()..).is_some_and(|rest| rest.starts_with(':')))
}

/// The source branch of `Merge in PROJECT/repository from branch to main`.
fn server_branch(line: &str) -> Option<&str> {
    let (branch, _) = line.strip_prefix("Merge in ")?.split_once(" from ")?.1.rsplit_once(" to ")?;
    Some(branch)
}

#[cfg(test)]
mod tests {
    use super::{cloud_pull_request, server_branch, server_pull_request};

    #[test]
    fn cloud_and_server_subjects_are_read() {
        assert_eq!(cloud_pull_request("Merged in mapdes/ufl/dpc (pull request #115)"), Some(("115", "mapdes/ufl/dpc")));
        assert_eq!(server_pull_request("Pull request #7: SEC-1 x"), Some("7"));
        assert_eq!(server_branch("Merge in SEC/policies from feature/SEC-1 to master"), Some("feature/SEC-1"));
    }
}
