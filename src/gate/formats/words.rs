//! The words that several formats use for the same thing.

use crate::gate::{About, Found, Ruling, Stance, Verdict};
use crate::text::visible_line;

/// How many characters of a subject or title are shown.
const SUBJECT: usize = 100;
/// How many characters of a reason are shown where people read.
const REASON: usize = 400;

/// What all rulings of a run come to: where one could not be concluded, the run could not; else refused where one was.
pub fn conclusion(rulings: &[Ruling]) -> Verdict {
    let is = |verdict| rulings.iter().any(|ruling| ruling.verdict == verdict);
    [Verdict::Inconclusive, Verdict::Refused].into_iter().find(|verdict| is(*verdict)).unwrap_or(Verdict::Passed)
}

/// Text on one line, hidden characters visible, cut where it is too long.
pub(super) fn shown(text: &str, longest: usize) -> String {
    let mut characters = text.trim_start().chars();
    let start: String = characters.by_ref().take(longest).collect();
    let dots = if characters.any(|character| !character.is_whitespace()) { "\u{2026}" } else { "" };
    format!("{}{dots}", visible_line(&start))
}

/// Why, as a sentence without an end mark.
pub(super) fn reason(found: &Found) -> String {
    shown(&found.because, REASON)
}

/// Where it was read from, after the reason: ` (apps/a.yaml:12)`.
pub(super) fn place_in_brackets(found: &Found) -> String {
    found.place.as_ref().map_or_else(String::new, |(path, line)| format!(" ({}:{line})", shown(&path.to_text(), REASON)))
}

/// What is judged, for people.
pub(super) fn subject(ruling: &Ruling) -> String {
    shown(&ruling.subject, SUBJECT)
}

/// What a finding is about, for people: `1a2b3c4d5e6f Open the port`.
pub(super) fn who(ruling: &Ruling, about: &About) -> String {
    match about {
        About::Range => "the range as a whole".to_owned(),
        About::Commit(position) => ruling.commits.get(*position).map_or_else(
            || "a commit of the range".to_owned(),
            |commit| format!("{} {}", commit.id.0.short(), shown(&commit.subject, SUBJECT)).trim_end().to_owned(),
        ),
        About::Landing(title) => {
            let what = if ruling.head.is_some() { "the change as it will land" } else { "the message" };
            format!("{what}: {}", shown(title, SUBJECT))
        }
        About::Waiver(line) => format!("the waiver in line {line} of the settings"),
    }
}

/// The same in as few characters as it takes: `1a2b3c4d5e6f`.
pub(super) fn briefly(ruling: &Ruling, about: &About) -> String {
    match about {
        About::Range => "the range".to_owned(),
        About::Commit(position) => {
            ruling.commits.get(*position).map_or_else(|| "a commit".to_owned(), |commit| commit.id.0.short())
        }
        About::Landing(_) if ruling.head.is_none() => "the message".to_owned(),
        About::Landing(_) => "the landing change".to_owned(),
        About::Waiver(line) => format!("waiver in line {line}"),
    }
}

/// What a finding is to the decision, for people.
pub(super) fn label(stance: Stance) -> &'static str {
    match stance {
        Stance::Refuses => "refused",
        Stance::Undecided => "could not be concluded",
        Stance::Warns => "warning",
        Stance::Unsure => "could not be concluded, does not refuse",
        Stance::Waived => "accepted by a waiver",
    }
}

/// A count with its noun, e.g. `1 commit` or `3 commits`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// The first line of a ruling: `refused: refs/heads/main, 3 of 12 commits`.
pub(super) fn headline(ruling: &Ruling) -> String {
    format!("{}: {}, {}", ruling.verdict.word(), subject(ruling), extent(ruling))
}

/// How much of what was judged the verdict rests on.
pub(super) fn extent(ruling: &Ruling) -> String {
    let stance = match ruling.verdict {
        Verdict::Passed => None,
        Verdict::Inconclusive => Some(Stance::Undecided),
        Verdict::Refused => Some(Stance::Refuses),
    };
    let all = ruling.commits.len();
    let mut positions: Vec<usize> = Vec::new();
    let mut others = 0;
    for found in ruling.findings.iter().filter(|found| Some(found.stance) == stance) {
        match &found.about {
            About::Commit(position) => positions.push(*position),
            About::Range | About::Landing(_) | About::Waiver(_) => others += 1,
        }
    }
    positions.sort_unstable();
    positions.dedup();
    match (positions.len(), others) {
        (0, 0) if all == 0 && ruling.head.is_some() => "no new commits".to_owned(),
        (0, 0) if all == 0 => "nothing against it".to_owned(),
        (0, 0) => counted(all, "commit"),
        (0, others) => counted(others, "finding"),
        (some, _) => format!("{some} of {}", counted(all, "commit")),
    }
}

/// The range in short ids, `0a1b2c3d4e5f..1a2b3c4d5e6f`, or what is judged where there is none.
pub(super) fn range(ruling: &Ruling) -> String {
    let short = |id: Option<crate::text::CommitId>| id.map_or_else(String::new, |id| id.0.short());
    match (ruling.base, ruling.head) {
        (None, None) => subject(ruling),
        (Some(base), None) => format!("{}..", base.0.short()),
        (None, Some(head)) => format!("new commits up to {}", head.0.short()),
        (base, head) => format!("{}..{}", short(base), short(head)),
    }
}

/// Where the settings came from, and the beginning of their digest.
pub(super) fn settings(ruling: &Ruling) -> String {
    let digest: String = ruling.settings_digest.chars().take(12).collect();
    format!("settings {digest} ({})", shown(&ruling.settings, REASON))
}
