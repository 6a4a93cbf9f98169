//! A ticket reference in the project's own form, to copy.

use crate::changes::Change;
use crate::evidence::{self, TicketRelation};
use crate::repository::{Notes, Repository};
use crate::settings::{IssueReferences, Settings};
use crate::text::CommitId;

/// How many changes before the range are looked at.
const LOOK_BACK: usize = 20;

/// A reference with the number 123: of the last change that has one, else of the settings' first project.
pub(super) fn ticket(repository: &Repository, base: Option<CommitId>, settings: &Settings) -> String {
    let used = base.and_then(|base| last_used(repository, base, settings));
    let project = || settings.tickets.projects.as_ref()?.first().map(|key| format!("{key}-123"));
    let issue = || (settings.tickets.issues == IssueReferences::Any).then(|| "#123".to_owned());
    used.map(|id| with_example_number(&id)).or_else(project).or_else(issue).unwrap_or_else(|| "ABC-123".into())
}

fn last_used(repository: &Repository, base: CommitId, settings: &Settings) -> Option<String> {
    let mut next = Some(base);
    for _ in 0..LOOK_BACK {
        let commit = repository.commit(next?)?;
        next = commit.parents.first().copied();
        let change = Change { commit, side_commits: Vec::new() };
        let found = evidence::read(&change, &Notes::new(), &settings.tickets).tickets;
        let own = found.into_iter().find(|claim| claim.value.relation == TicketRelation::Own);
        if let Some(claim) = own {
            return Some(claim.value.id.into());
        }
    }
    None
}

/// The last number of an id becomes 123.
fn with_example_number(id: &str) -> String {
    let end = id.trim_end_matches(|c: char| !c.is_ascii_digit());
    let start = end.trim_end_matches(|c: char| c.is_ascii_digit());
    if start.len() == end.len() { id.to_owned() } else { format!("{start}123{}", id.get(end.len()..).unwrap_or_default()) }
}

#[cfg(test)]
mod tests {
    use super::with_example_number;

    #[test]
    fn the_form_stays_and_the_number_does_not() {
        for (used, shown) in
            [("SEC-4711", "SEC-123"), ("#9", "#123"), ("CHG0031234", "CHG123"), ("AB#1", "AB#123"), ("none", "none")]
        {
            assert_eq!(with_example_number(used), shown);
        }
    }
}
