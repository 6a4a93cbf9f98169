//! Findings as the annotations of a CI system: few of them, the important ones first.
//!
//! GitHub shows ten errors and ten warnings of a step and drops the rest without a word, and other systems are not much
//! better. So the verdict with its counts comes first, equal findings are one annotation, and what is left out is counted.

use super::advice;
use super::groups::{Group, groups};
use super::words::{briefly, headline, label, reason, settings, who};
use crate::gate::{Ruling, Stance, Verdict};
use crate::text::RepoPath;

/// How many annotations of one level are written for one ruling.
const WRITTEN: usize = 50;
/// How many further commits of an annotation are named.
const NAMED: usize = 20;

/// What an annotation is about that is about no single check.
const TOOL: &str = "countersign";

/// How loud an annotation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Error,
    Warning,
    Notice,
}

/// Something to show beside a run.
pub(super) struct Annotation {
    pub(super) level: Level,
    /// The check, or the name of the tool.
    pub(super) about: &'static str,
    /// What it is to the decision, or the verdict.
    pub(super) label: &'static str,
    /// Lines of text, the most important one first; hidden characters are visible.
    pub(super) message: String,
    /// The file and line, where there is one.
    pub(super) place: Option<(RepoPath, u32)>,
}

/// The annotations of a ruling: its verdict, then what refuses, and so on.
pub(super) fn annotations(ruling: &Ruling) -> Vec<Annotation> {
    let mut all = vec![verdict(ruling)];
    for (level, stances) in [
        (Level::Error, &[Stance::Refuses, Stance::Undecided][..]),
        (Level::Warning, &[Stance::Warns]),
        (Level::Notice, &[Stance::Unsure, Stance::Waived]),
    ] {
        let groups: Vec<_> = stances.iter().flat_map(|stance| groups(ruling, *stance)).collect();
        all.extend(groups.iter().take(WRITTEN).map(|group| annotation(ruling, level, group)));
        let left_out = groups.len().saturating_sub(WRITTEN);
        if left_out > 0 {
            let message = format!("{left_out} more like these are not listed here; `--format json` has them all");
            all.push(Annotation { level, about: TOOL, label: "more", message, place: None });
        }
    }
    all
}

fn verdict(ruling: &Ruling) -> Annotation {
    let level = match ruling.verdict {
        Verdict::Passed => Level::Notice,
        Verdict::Inconclusive | Verdict::Refused => Level::Error,
    };
    let counts = [Stance::Refuses, Stance::Undecided, Stance::Warns, Stance::Unsure, Stance::Waived]
        .map(|stance| (ruling.findings_that(stance).count(), stance))
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, stance)| format!("{}: {count}", label(stance)))
        .collect::<Vec<_>>();
    let counts = if counts.is_empty() { "no findings".to_owned() } else { counts.join("\n") };
    let message = format!("{}\n{counts}\n{}", headline(ruling), settings(ruling));
    Annotation { level, about: TOOL, label: ruling.verdict.word(), message, place: None }
}

fn annotation(ruling: &Ruling, level: Level, group: &Group<'_>) -> Annotation {
    let found = group.found;
    let mut lines = vec![format!("{}: {}", who(ruling, &found.about), reason(found))];
    let others: Vec<String> = group.about.iter().skip(1).take(NAMED).map(|about| briefly(ruling, about)).collect();
    match group.about.len().saturating_sub(1 + others.len()) {
        0 if others.is_empty() => {}
        0 => lines.push(format!("The same: {}", others.join(", "))),
        more => lines.push(format!("The same: {} and {more} more", others.join(", "))),
    }
    if level == Level::Error {
        lines.extend(advice::lines(ruling, found, &group.about));
    }
    let place = found.place.clone();
    Annotation { level, about: found.card.id, label: label(found.stance), message: lines.join("\n"), place }
}
