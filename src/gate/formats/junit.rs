//! JUnit XML: one suite for each ruling, one test case for the decision, for each finding, and for each check that passed
//! something.
//!
//! What refuses is a failure, what a refusing check could not conclude is an error, and only what another check could not
//! conclude is skipped: a pass is never a skip. A warning passes and says so. Readers keep one case of each name, so
//! the names of one suite differ.

use std::collections::BTreeMap;

use super::advice;
use super::inert::{XML, inert};
use super::words::{briefly, conclusion, counted, place_in_brackets, range, reason, settings, shown, subject, who};
use crate::gate::{Applied, Found, Ruling, Stance, Verdict};
use crate::text::visible;

/// How many findings a suite has; those that refuse come first.
const MOST: usize = 25_000;

/// What a case says beside its name.
enum Outcome {
    Passed(String),
    Failed(String, String),
    Undecided(String, String),
    Skipped(String),
}

struct Case {
    class: String,
    name: String,
    outcome: Outcome,
}

#[derive(Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

pub(super) fn write(rulings: &[Ruling]) -> String {
    let suites: Vec<(String, Counts)> = rulings.iter().enumerate().map(|(number, ruling)| suite(number, ruling)).collect();
    let mut all = Counts::default();
    for (_, counts) in &suites {
        all.tests += counts.tests;
        all.failures += counts.failures;
        all.errors += counts.errors;
        all.skipped += counts.skipped;
    }
    let name = format!("countersign: {}", conclusion(rulings).word());
    let mut text =
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{name}\" {}>\n", attributes(all, false));
    text.extend(suites.into_iter().map(|(suite, _)| suite));
    text.push_str("</testsuites>\n");
    inert(&text, &XML)
}

/// The counts as attributes; the outermost element has no `skipped`.
fn attributes(counts: Counts, with_skipped: bool) -> String {
    let Counts { tests, failures, errors, skipped } = counts;
    let skipped = if with_skipped { format!(" skipped=\"{skipped}\"") } else { String::new() };
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"{skipped}")
}

fn suite(number: usize, ruling: &Ruling) -> (String, Counts) {
    let cases = cases(ruling);
    let mut counts = Counts { tests: cases.len(), ..Counts::default() };
    for case in &cases {
        match case.outcome {
            Outcome::Passed(_) => {}
            Outcome::Failed(..) => counts.failures += 1,
            Outcome::Undecided(..) => counts.errors += 1,
            Outcome::Skipped(_) => counts.skipped += 1,
        }
    }
    let name = attribute(&format!("countersign gate: {}", subject(ruling)));
    let mut text = format!("  <testsuite name=\"{name}\" id=\"{number}\" {}>\n", attributes(counts, true));
    let mut names: BTreeMap<(String, String), usize> = BTreeMap::new();
    for mut case in cases {
        let times = names.entry((case.class.clone(), case.name.clone())).or_default();
        *times += 1;
        if *times > 1 {
            case.name.push_str(&format!(" #{times}"));
        }
        text.push_str(&element(&case));
    }
    text.push_str("  </testsuite>\n");
    (text, counts)
}

fn cases(ruling: &Ruling) -> Vec<Case> {
    let mut cases = vec![decision(ruling)];
    cases.extend(ruling.findings.iter().take(MOST).map(|found| finding(ruling, found)));
    cases.extend(ruling.checks.iter().filter(|applied| applied.passed > 0).map(passed));
    cases
}

fn decision(ruling: &Ruling) -> Case {
    let mut lines = vec![format!("range: {}", range(ruling)), settings(ruling)];
    lines.extend(ruling.because.iter().map(|sentence| shown(sentence, usize::MAX)));
    let left_out = ruling.findings.len().saturating_sub(MOST);
    if left_out > 0 {
        lines.push(format!("{left_out} more findings are not in this file; `--format json` has them all"));
    }
    let message = format!("{}: {}", ruling.verdict.word(), subject(ruling));
    let outcome = match ruling.verdict {
        Verdict::Passed => Outcome::Passed(lines.join("\n")),
        Verdict::Inconclusive => Outcome::Undecided(message, lines.join("\n")),
        Verdict::Refused => Outcome::Failed(message, lines.join("\n")),
    };
    Case { class: "countersign".to_owned(), name: "the gate's decision".to_owned(), outcome }
}

fn finding(ruling: &Ruling, found: &Found) -> Case {
    let message = format!("{}: {}{}", briefly(ruling, &found.about), reason(found), place_in_brackets(found));
    let help = || advice::lines(ruling, found, &[&found.about]).join("\n");
    let outcome = match found.stance {
        Stance::Refuses => Outcome::Failed(message, help()),
        Stance::Undecided => Outcome::Undecided(message, help()),
        Stance::Unsure => Outcome::Skipped(format!("could not be concluded: {message}")),
        Stance::Warns => Outcome::Passed(format!("warning: {message}")),
        Stance::Waived => Outcome::Passed(format!("accepted by a waiver: {message}")),
    };
    Case { class: found.card.id.to_owned(), name: who(ruling, &found.about), outcome }
}

fn passed(applied: &Applied) -> Case {
    let outcome = Outcome::Passed(applied.card.requirement.to_owned());
    Case { class: applied.card.id.to_owned(), name: format!("{} without a finding", counted(applied.passed, "subject")), outcome }
}

fn element(case: &Case) -> String {
    let content = match &case.outcome {
        Outcome::Passed(said) => format!("<system-out>{}</system-out>", body(said)),
        Outcome::Failed(message, said) => {
            format!("<failure type=\"refused\" message=\"{}\">{}</failure>", attribute(message), body(said))
        }
        Outcome::Undecided(message, said) => {
            format!("<error type=\"inconclusive\" message=\"{}\">{}</error>", attribute(message), body(said))
        }
        Outcome::Skipped(message) => format!("<skipped message=\"{}\"/>", attribute(message)),
    };
    let (class, name) = (attribute(&case.class), attribute(&case.name));
    format!("    <testcase classname=\"{class}\" name=\"{name}\">\n      {content}\n    </testcase>\n")
}

/// The text of an element: what XML 1.0 forbids is shown as code points or as U+FFFD.
fn body(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in visible(text).chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}

/// The value of an attribute: a line feed stays one.
fn attribute(text: &str) -> String {
    body(text).replace('\n', "&#10;").replace('\t', "&#9;")
}
