//! The cards as plain text for a terminal.

use super::catalogue::listings;
use super::{Card, Severity};

/// Columns of a terminal that the text keeps within.
const WIDTH: usize = 80;

/// Every card in catalogue order.
#[must_use]
pub fn cards() -> Vec<&'static Card> {
    listings().map(|listing| listing.card).collect()
}

/// The card of a check as plain text, at most 80 columns wide; `None` when there is no such check.
#[must_use]
pub fn explain(id: &str) -> Option<String> {
    let card = listings().map(|listing| listing.card).find(|card| card.id == id)?;
    let mut text = format!("{}  ({}, since {})\n", card.id, card.severity.word(), card.since);
    let parts = [
        ("Requirement", card.requirement),
        ("Why", card.rationale),
        ("What to do", card.remedy),
        ("Needs", card.needs),
        ("Cannot see", card.limits),
        ("Who may waive it", card.waivable_by),
    ];
    text.extend(parts.map(|(title, body)| format!("\n{title}\n{}", wrapped(body, 2))));
    text.extend(["\nSupports evidence for\n", &wrapped(&references(card), 2)]);
    text.push_str(&settings(card));
    Some(text)
}

fn references(card: &Card) -> String {
    if card.references.is_empty() {
        return "no framework known to us demands this; it is a rule of the entity itself".to_owned();
    }
    let references: Vec<String> = card.references.iter().map(|(framework, number)| format!("{framework} {number}")).collect();
    references.join("; ")
}

fn settings(card: &Card) -> String {
    let mut text = format!("\nSettings in [checks.{}]\n", card.id);
    if card.severity == Severity::Blocker {
        text.push_str(&wrapped("It cannot be switched off and its severity is fixed.", 2));
    } else {
        text.push_str(&setting("enabled", "true", "whether the check runs"));
        text.push_str(&setting("severity", &format!("\"{}\"", card.severity.word()), "low, medium, high or critical"));
    }
    for (name, default, meaning) in card.settings {
        text.push_str(&setting(name, default, meaning));
    }
    text
}

fn setting(name: &str, default: &str, meaning: &str) -> String {
    format!("  {name} = {default}\n{}", wrapped(meaning, 6))
}

/// Breaks a text between words; each line is indented and ends with a line feed.
fn wrapped(text: &str, indent: usize) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if indent + line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    let margin = " ".repeat(indent);
    lines.iter().map(|line| [&margin, line.as_str(), "\n"].concat()).collect()
}
