//! What the author of a change can do about a finding before the change lands.
//!
//! The card of a check says what an auditor does about it afterwards; that is no help to whoever was refused just now.

use super::words::shown;
use crate::gate::{About, Found, Ruling};

/// How much of a message's first line is repeated in an example.
const REPEATED: usize = 60;

/// Advice by the id of the check; a check without a line here has its card.
const ADVICE: &[(&str, &str)] = &[
    ("history-incomplete", "Give the gate the whole history (`fetch-depth: 0`), without grafts and replacements."),
    ("clock-anomaly", "Set the clock of the machine right and make the commit again."),
    ("content-unreadable", "Write the file in a form that can be read; `git fsck` tells of broken objects."),
    ("ticket-missing", "Name the ticket in the first line of the message."),
    ("ticket-overused", "Open a ticket for this piece of work and name it instead."),
    ("reason-missing", "Say in the message why the change is made."),
    ("review-missing", "Have somebody else approve it first."),
    ("self-approved", "Have somebody other than its author approve it first."),
    ("direct-push", "Push to a branch of its own and open a proposal."),
    ("merge-adds-content", "Resolve conflicts on the branch, in a commit of their own, not in the merge."),
    ("identity-unresolved", "Set user.name and user.email as the register has them and make the commit again."),
    ("bot-out-of-bounds", "Have its owner narrow what the bot may change, or make this change by hand."),
    ("mixed-layer", "Split it: one change for each layer."),
    ("mixed-commit", "Split it: one commit for each layer."),
    ("mixed-environment", "Split it: one change for each environment."),
    ("foreign-layer", "Put the file into the repository of its layer."),
    ("layer-unmapped", "Have the path added to [[layers]] of the settings first."),
    ("promotion-skipped", "Bring it to the earlier environments first."),
    ("policy-weakened", "Keep the policy, or have the owner of the protected service accept the risk first."),
    ("exemption-widened", "Leave the exemption out, or have the owner of the policy accept it first."),
    ("guard-changed", "Have the owner of the process look at it."),
    ("waiver-invalid", "Correct or remove the waiver in the settings."),
];

/// One or two sentences for the author.
pub(super) fn advice(check: &str) -> Option<&'static str> {
    ADVICE.iter().find(|(id, _)| *id == check).map(|(_, advice)| *advice)
}

/// Whether another message would do.
pub(super) fn is_about_the_message(check: &str) -> bool {
    ["ticket-missing", "ticket-overused", "reason-missing"].contains(&check)
}

/// A first line to copy: the example ticket and the first line as it is, once without it.
///
/// It is never put into a command for a shell: the line is foreign text.
pub(super) fn example(ruling: &Ruling, about: &About) -> String {
    let line = match about {
        About::Commit(position) => ruling.commits.get(*position).map_or("", |commit| &commit.subject),
        About::Landing(title) => title,
        About::Range | About::Waiver(_) => "",
    };
    let ticket = if ruling.example.is_empty() { "ABC-123".to_owned() } else { shown(&ruling.example, REPEATED) };
    match shown(line, REPEATED) {
        empty if empty.is_empty() => format!("{ticket}: what the change does"),
        line => format!("{ticket}: {line}"),
    }
}

/// A step on the way to another message.
pub(super) enum Step {
    Say(&'static str),
    Run(String),
}

/// Where the message is changed, with the command that does it.
pub(super) fn where_to_write(ruling: &Ruling, about: &[&About]) -> Vec<Step> {
    if ruling.head.is_none() {
        return vec![Step::Say("Write the message again.")];
    }
    let mut steps = Vec::new();
    if about.iter().any(|about| matches!(about, About::Landing(_))) {
        steps.push(Step::Say("Edit the title of the proposal."));
    }
    let oldest = about.iter().filter_map(|about| position(about)).min();
    steps.extend(oldest.and_then(|oldest| rewording(ruling, oldest)).into_iter().flatten());
    steps
}

/// How messages from this commit on are written again.
fn rewording(ruling: &Ruling, oldest: usize) -> Option<Vec<Step>> {
    let rest = ruling.commits.get(oldest..)?;
    let (commit, others) = rest.split_first()?;
    if others.is_empty() && Some(commit.id) == ruling.head {
        return Some(vec![Step::Say("For the newest commit:"), Step::Run("git commit --amend".to_owned())]);
    }
    let keep = if rest.iter().any(|commit| commit.parents > 1) { " --rebase-merges" } else { "" };
    let from = if commit.parents == 0 { "--root".to_owned() } else { format!("{}~1", commit.id.0.short()) };
    let say = Step::Say("For earlier commits, with `reword` in front of each:");
    Some(vec![say, Step::Run(format!("git rebase -i{keep} {from}"))])
}

fn position(about: &About) -> Option<usize> {
    match about {
        About::Commit(position) => Some(*position),
        About::Range | About::Landing(_) | About::Waiver(_) => None,
    }
}

/// What to do about a finding, in lines: advice, an example, and where more is said.
pub(super) fn lines(ruling: &Ruling, found: &Found, about: &[&About]) -> Vec<String> {
    let check = found.card.id;
    let mut lines = Vec::new();
    if !ruling.has_landed {
        lines.extend(advice(check).map(str::to_owned));
    }
    if !ruling.has_landed && is_about_the_message(check) {
        lines.extend(about.first().map(|about| format!("For example: {}", example(ruling, about))));
        lines.extend(where_to_write(ruling, about).into_iter().map(|step| match step {
            Step::Say(sentence) => sentence.to_owned(),
            Step::Run(command) => command,
        }));
    }
    lines.push(format!("countersign checks explain {check}"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_advice_belongs_to_a_check() {
        let ids: Vec<&str> = crate::checks::cards().iter().map(|card| card.id).collect();
        assert!(ADVICE.iter().all(|(id, _)| ids.contains(id)));
    }
}
