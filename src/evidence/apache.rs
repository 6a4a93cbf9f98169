//! Apache projects: `Closes #N from user/branch` names the pull request, `Reviewers:` those who approved.

use super::record::{Record, leading_number};
use super::{Decision, Evidence, reviews};

/// Reads the pull request that a squash body closes, and the list of reviewers.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    let closed = || record.message.body().filter_map(|(_, line)| Some((line, closed_pull_request(line.text)?)));
    let has_branch = closed().any(|(_, (_, branch))| branch.is_some());
    // `This closes #N` beside a line with a branch closes a further, abandoned one.
    for (line, (number, branch)) in closed().filter(|(_, (_, branch))| branch.is_some() == has_branch) {
        if !record.message.is_quoted(line.start) {
            record.propose(evidence, &format!("#{number}"), "Apache closing line", branch, record.place_at(line.start));
        }
    }
    if record.trailers.iter().any(|trailer| is_phabricator_key(&trailer.key)) {
        return; // There, `Reviewers:` names those who were asked.
    }
    for trailer in record.trailers.iter().filter(|trailer| is_reviewers_key(&trailer.key)) {
        reviews::add_reviewers(record, evidence, trailer, &trailer.value, "Reviewers line", Decision::Approved);
    }
}

fn is_reviewers_key(key: &str) -> bool {
    key.eq_ignore_ascii_case("reviewers") || key.eq_ignore_ascii_case("reviewer")
}

fn is_phabricator_key(key: &str) -> bool {
    key.eq_ignore_ascii_case("differential revision") || key.eq_ignore_ascii_case("reviewed by")
}

/// The number and branch of `Closes #12 from user/branch` or `This closes #12`.
pub(super) fn closed_pull_request(line: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = line.strip_prefix("This closes #") {
        return Some((leading_number(rest)?, None));
    }
    let rest = line.strip_prefix("Closes #").or_else(|| line.strip_prefix("closes #"))?;
    let number = leading_number(rest)?;
    let branch = rest.get(number.len()..)?.strip_prefix(" from ")?.split([' ', ',']).next()?;
    branch.contains('/').then_some((number, Some(branch)))
}

#[cfg(test)]
mod tests {
    use super::closed_pull_request;

    #[test]
    fn only_a_branch_makes_a_closing_line_a_pull_request() {
        assert_eq!(closed_pull_request("Closes #2406 from user/SEC-1"), Some(("2406", Some("user/SEC-1"))));
        assert_eq!(closed_pull_request("Closes #2406 from user/SEC-1 and squashes:"), Some(("2406", Some("user/SEC-1"))));
        assert_eq!(closed_pull_request("Closes #2406"), None);
        assert_eq!(closed_pull_request("Closes #2406 from now on"), None);
    }
}
