//! GitLab: `See merge request group/project!N` and the merge subject's branch.

use super::record::{Record, leading_number};
use super::{Evidence, github};

/// Reads the merge request that a merge or squash commit names.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    let branch = merged_branch(record.message.subject());
    for (_, line) in record.message.body() {
        let Some(id) = line.text.strip_prefix("See merge request ").and_then(merge_request) else { continue };
        if !record.message.is_quoted(line.start) {
            record.propose(evidence, &id, "GitLab merge", branch, record.place_at(line.start));
            github::add_merger(record, evidence);
        }
    }
}

/// The source branch of `Merge branch 'x' into 'y'`.
pub(super) fn merged_branch(subject: &str) -> Option<&str> {
    let (branch, rest) = subject.strip_prefix("Merge branch '")?.split_once('\'')?;
    (!branch.is_empty() && (rest.is_empty() || rest.starts_with(" into ") || rest.starts_with(" of "))).then_some(branch)
}

/// `group/project!12`, `!12` or the full address of a merge request.
fn merge_request(text: &str) -> Option<String> {
    let word = text.split_whitespace().next()?;
    let path = word.split_once("://").map(|(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let (project, number) = match path {
        Some(path) => path.split_once("/-/merge_requests/").or_else(|| path.split_once("/merge_requests/"))?,
        None => word.split_once('!')?,
    };
    Some(format!("{project}!{}", leading_number(number)?))
}

#[cfg(test)]
mod tests {
    use super::{merge_request, merged_branch};

    #[test]
    fn merge_requests_have_one_form() {
        assert_eq!(merge_request("g/s/p!12").as_deref(), Some("g/s/p!12"));
        assert_eq!(merge_request("!12").as_deref(), Some("!12"));
        assert_eq!(merge_request("https://gitlab.com/g/p/-/merge_requests/12").as_deref(), Some("g/p!12"));
        assert_eq!(merge_request("https://x"), None);
        assert_eq!(merged_branch("Merge branch 'SEC-1-x' into 'main'"), Some("SEC-1-x"));
    }
}
