//! For people, at a terminal, in a log or behind the `remote: ` of a push: 80 columns, no colour.
//!
//! What refuses stands first, then what could not be concluded, then the rest in brief. The last line says the verdict
//! again, because that is the line people see.

use std::collections::BTreeMap;

use super::advice::{Step, advice, example, is_about_the_message, where_to_write};
use super::groups::{Block, blocks, groups};
use super::inert::{TEXT, inert};
use super::words::{briefly, conclusion, counted, headline, place_in_brackets, range, reason, shown, who};
use crate::gate::{About, Ruling, Stance, Verdict};
use crate::query::formats::wrap;

/// Columns of a line; `remote: ` comes before them on a push.
const WIDTH: usize = 80 - "remote: ".len();
/// How many commits with the same findings are named.
const COMMITS: usize = 10;
/// How many different lists of findings are shown.
const BLOCKS: usize = 20;
/// How many lines each brief section has.
const BRIEF: usize = 10;
/// How many characters of a reason a brief line has.
const BRIEF_REASON: usize = 160;
/// How many characters of a sentence about the range or the settings are shown.
const SENTENCE: usize = 1_000;

pub(super) fn write(rulings: &[Ruling]) -> String {
    let pages: Vec<String> = rulings.iter().map(page).collect();
    let mut text = pages.join("\n");
    match rulings {
        [] => text.push_str("passed: there was nothing to judge\n"),
        [_] => {}
        several => {
            let verdict = conclusion(several);
            let alike = several.iter().filter(|ruling| ruling.verdict == verdict).count();
            text.push_str(&format!("\n{}: {alike} of {}\n", verdict.word(), counted(several.len(), "reference")));
        }
    }
    inert(&text, &TEXT)
}

/// A text that grows by lines.
#[derive(Default)]
struct Page(String);

impl Page {
    /// Adds a text, cut into lines; all but the first are indented by two more.
    fn add(&mut self, indent: usize, text: &str) {
        for (number, part) in wrap(text, WIDTH.saturating_sub(indent + 2)).into_iter().enumerate() {
            let indent = if number == 0 { indent } else { indent + 2 };
            self.whole(indent, &part);
        }
    }

    /// Adds a line that is to be copied, and so is never cut.
    fn whole(&mut self, indent: usize, line: &str) {
        self.0.push_str(format!("{}{line}", " ".repeat(indent)).trim_end());
        self.0.push('\n');
    }

    fn heading(&mut self, heading: &str) {
        self.0.push('\n');
        self.whole(0, heading);
    }
}

fn page(ruling: &Ruling) -> String {
    let mut page = Page::default();
    // A hook that lets a message pass says so in one line.
    if ruling.verdict != Verdict::Passed || !ruling.findings.is_empty() || !ruling.because.is_empty() {
        page.add(0, &headline(ruling));
        in_full(&mut page, ruling, Stance::Refuses, None);
        in_full(&mut page, ruling, Stance::Undecided, Some("Could not be concluded"));
        what_to_do(&mut page, ruling);
        in_brief(&mut page, ruling, Stance::Warns, "Warnings");
        in_brief(&mut page, ruling, Stance::Unsure, "Could not be concluded, and does not refuse");
        in_brief(&mut page, ruling, Stance::Waived, "Accepted by a waiver");
        origins(&mut page, ruling);
    }
    let digest: String = ruling.settings_digest.chars().take(12).collect();
    page.whole(0, &format!("{}: {} by settings {digest}", ruling.verdict.word(), range(ruling)));
    page.0
}

/// How the range was found, and where the settings came from.
fn origins(page: &mut Page, ruling: &Ruling) {
    if !ruling.because.is_empty() {
        page.heading("Range");
    }
    for sentence in &ruling.because {
        page.add(2, &shown(sentence, SENTENCE));
    }
    page.heading("Settings");
    page.add(2, &shown(&ruling.settings, SENTENCE));
    page.whole(0, "");
}

/// Every finding of a stance, by commit; commits with the same findings together.
fn in_full(page: &mut Page, ruling: &Ruling, stance: Stance, heading: Option<&str>) {
    let blocks = blocks(ruling, stance);
    let shown = blocks.len().min(BLOCKS);
    for (number, block) in blocks.iter().take(shown).enumerate() {
        match heading {
            Some(heading) if number == 0 => page.heading(heading),
            Some(_) | None => page.whole(0, ""),
        }
        self::block(page, ruling, block);
    }
    let more: usize = blocks.iter().skip(shown).map(|block| block.about.len()).sum();
    if more > 0 {
        page.whole(0, "");
        page.add(2, &format!("\u{2026} and {more} more; `--format json` has them all"));
    }
}

fn block(page: &mut Page, ruling: &Ruling, block: &Block<'_>) {
    for about in block.about.iter().take(COMMITS) {
        page.add(2, &who(ruling, about));
    }
    let more = block.about.len().saturating_sub(COMMITS);
    if more > 0 {
        page.add(2, &format!("\u{2026} and {more} more with the same"));
    }
    for found in &block.findings {
        page.add(4, &format!("{}: {}{}", found.card.id, reason(found), place_in_brackets(found)));
    }
}

/// Once for each check that stands in the way: what its author can do, unless it is too late for that.
fn what_to_do(page: &mut Page, ruling: &Ruling) {
    let mut checks: Vec<&'static str> = Vec::new();
    let mut about: BTreeMap<&'static str, Vec<&About>> = BTreeMap::new();
    for stance in [Stance::Refuses, Stance::Undecided] {
        for found in ruling.findings_that(stance) {
            let known = about.entry(found.card.id).or_default();
            if known.is_empty() {
                checks.push(found.card.id);
            }
            known.push(&found.about);
        }
    }
    if checks.is_empty() || ruling.has_landed {
        return;
    }
    page.heading("What to do");
    for check in checks {
        let about = about.get(check).map_or(&[][..], Vec::as_slice);
        page.add(2, &format!("{check}: {}", advice(check).unwrap_or("See what the check asks for.")));
        if is_about_the_message(check) {
            page.whole(4, "For example:");
            page.whole(6, &about.first().map_or_else(String::new, |about| example(ruling, about)));
            for step in where_to_write(ruling, about) {
                match step {
                    Step::Say(sentence) => page.add(4, sentence),
                    Step::Run(command) => page.whole(6, &command),
                }
            }
        }
        page.whole(4, "More about it:");
        page.whole(6, &format!("countersign checks explain {check}"));
    }
}

/// One line for each group of equal findings.
fn in_brief(page: &mut Page, ruling: &Ruling, stance: Stance, heading: &str) {
    let groups = groups(ruling, stance);
    if groups.is_empty() {
        return;
    }
    page.heading(heading);
    for group in groups.iter().take(BRIEF) {
        let whom = match group.about.as_slice() {
            [one] => briefly(ruling, one),
            [first, rest @ ..] => format!("{} and {} more", briefly(ruling, first), rest.len()),
            [] => String::new(),
        };
        let because = shown(&group.found.because, BRIEF_REASON);
        page.add(2, &format!("{}, {whom}: {because}", group.found.card.id));
    }
    let more = groups.len().saturating_sub(BRIEF);
    if more > 0 {
        page.add(2, &format!("\u{2026} and {more} more"));
    }
}
