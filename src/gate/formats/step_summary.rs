//! Markdown for the summary of a GitHub step (`$GITHUB_STEP_SUMMARY`, at most 1 MiB).
//!
//! Foreign text stands in code spans only: nothing in them is markup, a link, a mention or a reference.

use super::advice::{Step, advice, example, is_about_the_message, where_to_write};
use super::groups::{Group, groups};
use super::inert::{TEXT, inert};
use super::words::{briefly, conclusion, counted, extent, range, reason, shown, who};
use crate::gate::{Ruling, Stance};

/// GitHub refuses a summary above 1 MiB as a whole; rows are added while they fit into this, which leaves room for the rest.
const MOST_BYTES: usize = 800 * 1024;
/// How many rows a table has.
const ROWS: usize = 200;
/// How many sentences say how the range was found.
const SENTENCES: usize = 20;
/// How many further commits of a row are named.
const NAMED: usize = 10;
/// How many characters a code span has.
const LONGEST: usize = 500;

/// Writes the rulings of one run as Markdown below 1 MiB.
#[must_use]
pub fn step_summary(rulings: &[Ruling]) -> String {
    let mut text = format!("## countersign: {}\n", conclusion(rulings).word());
    for (number, ruling) in rulings.iter().enumerate() {
        if text.len() > MOST_BYTES {
            let left_out = counted(rulings.len() - number, "more ruling");
            text.push_str(&format!("\n{left_out} did not fit here; `--format json` has everything.\n"));
            break;
        }
        section(&mut text, ruling);
    }
    text
}

fn section(text: &mut String, ruling: &Ruling) {
    text.push_str(&format!("\n### {}: {}, {}\n", ruling.verdict.word(), code(&ruling.subject), extent(ruling)));
    table(text, ruling, Stance::Refuses, "Refused");
    table(text, ruling, Stance::Undecided, "Could not be concluded");
    what_to_do(text, ruling);
    table(text, ruling, Stance::Warns, "Warnings");
    table(text, ruling, Stance::Unsure, "Could not be concluded, and does not refuse");
    table(text, ruling, Stance::Waived, "Accepted by a waiver");
    text.push_str(&format!("\nRange: {}\n", code(&range(ruling))));
    text.extend(ruling.because.iter().take(SENTENCES).map(|sentence| format!("\n- {}", code(sentence))));
    text.push_str(&format!("\n\nSettings: {}, SHA-256 {}\n", code(&ruling.settings), code(&ruling.settings_digest)));
}

fn table(text: &mut String, ruling: &Ruling, stance: Stance, heading: &str) {
    let groups = groups(ruling, stance);
    if groups.is_empty() {
        return;
    }
    text.push_str(&format!("\n**{heading}**\n\n| What | Check | Why |\n| --- | --- | --- |\n"));
    let mut written = 0;
    for group in groups.iter().take(ROWS) {
        let row = row(ruling, group);
        if text.len() + row.len() > MOST_BYTES {
            break;
        }
        text.push_str(&row);
        written += 1;
    }
    let more = groups.len() - written;
    if more > 0 {
        text.push_str(&format!("\n{more} more like these; `--format json` has them all.\n"));
    }
}

fn row(ruling: &Ruling, group: &Group<'_>) -> String {
    let found = group.found;
    let mut whom = code(&who(ruling, &found.about));
    whom.extend(group.about.iter().skip(1).take(NAMED).map(|about| format!(", {}", code(&briefly(ruling, about)))));
    let more = group.about.len().saturating_sub(1 + NAMED);
    if more > 0 {
        whom.push_str(&format!(" and {more} more"));
    }
    let place = found
        .place
        .as_ref()
        .map_or_else(String::new, |(path, line)| format!(", in {}", code(&format!("{}:{line}", path.to_text()))));
    format!("| {whom} | {} | {}{place} |\n", code(found.card.id), code(&reason(found)))
}

/// One item for each check that stands in the way, unless it is too late for that.
fn what_to_do(text: &mut String, ruling: &Ruling) {
    if ruling.has_landed {
        return;
    }
    let groups: Vec<Group<'_>> =
        [Stance::Refuses, Stance::Undecided].into_iter().flat_map(|stance| groups(ruling, stance)).collect();
    let mut told: Vec<&str> = Vec::new();
    for group in &groups {
        let check = group.found.card.id;
        if told.contains(&check) {
            continue;
        }
        if told.is_empty() {
            text.push_str("\n**What to do**\n\n");
        }
        told.push(check);
        text.push_str(&format!("- {}: {}", code(check), advice(check).unwrap_or("See what the check asks for.")));
        if is_about_the_message(check) {
            let about: Vec<_> =
                groups.iter().filter(|other| other.found.card.id == check).flat_map(|other| other.about.clone()).collect();
            text.push_str(&format!(" For example: {}", code(&example(ruling, &group.found.about))));
            text.push('.');
            text.extend(where_to_write(ruling, &about).iter().map(|step| match step {
                Step::Say(sentence) => format!(" {sentence}"),
                Step::Run(command) => format!(" {}.", code(command)),
            }));
        }
        text.push_str(&format!(" More: {}\n", code(&format!("countersign checks explain {check}"))));
    }
}

/// A code span that holds the text, also inside a table.
///
/// A vertical bar ends a cell whatever surrounds it, so it is shown as a code point.
fn code(text: &str) -> String {
    let text = inert(&shown(text, LONGEST).replace('|', "\u{2039}U+007C\u{203a}"), &TEXT);
    let (mut longest, mut run) = (0, 0);
    for character in text.chars() {
        run = if character == '`' { run + 1 } else { 0 };
        longest = run.max(longest);
    }
    let fence = "`".repeat(longest + 1);
    match text.trim() {
        "" => "(nothing)".to_owned(),
        _ if longest > 0 => format!("{fence} {text} {fence}"),
        _ => format!("{fence}{text}{fence}"),
    }
}
