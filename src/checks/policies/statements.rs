//! Statements of impact and of tests in a text that people wrote: a message, the description of a proposal or of a ticket.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::checks::verdict::shown;

/// What is said, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// The line of the text, counted from 1.
    pub line: u32,
    /// The first words of it.
    pub words: String,
}

/// `Impact: …`, `## Test plan`, `**Risk**`: what stands before the label tells a heading from a sentence.
static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?x)^\s*(?P<mark>(?:\#{1,6}|[-*+]|\d+[.)])\s+)?(?P<bold>\*\*|__)?
        (?P<label>(?i:impact(?:\s+(?:statement|assessment|analysis))?|risks?(?:\s+and\s+impact)?(?:\s+(?:assessment|analysis))?
        |(?:how\s+(?:was|has|were)\s+(?:this|it|these)\s+(?:been\s+)?)?tested(?:[-\s]by|\s+with|\s+on|\s+in)?|test[-\s](?:plan|evidence|results?)
        |testing|tests?|verification|verified(?:[-\s]by)?|validation|dry[-\s]?run))
        \??(?:\*\*|__)?\s*(?P<colon>:)?\s*(?:\*\*|__)?(?P<rest>.*)$",
    )
    .ok()
});

/// A box that was ticked beside words about a test.
static TICKED: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^\s*[-*+]\s+\[[xX]\]\s+(?P<rest>.*(?i:\btested|\bimpact|\bdry[- ]?run|\bverified).*)$").ok());

/// The first statement below the subject of a message.
pub(super) fn find_in_message(text: &str) -> Option<Statement> {
    // A subject such as `test: add a case` names the kind of the change.
    let body = text.split_once('\n').map_or("", |(_, body)| body);
    find(body).map(|found| Statement { line: found.line + 1, ..found })
}

/// The first statement that says something; `None` where there is none, or only the empty form of one.
pub(super) fn find(text: &str) -> Option<Statement> {
    let lines = visible(text);
    lines.iter().enumerate().find_map(|(position, (number, line))| {
        if let Some(ticked) = TICKED.as_ref().and_then(|ticked| ticked.captures(line)) {
            return statement(*number, ticked.name("rest")?.as_str());
        }
        let label = LABEL.as_ref()?.captures(line).filter(|label| !is_listed_subject(label))?;
        let rest = label.name("rest")?.as_str();
        let is_heading = label.name("mark").is_some_and(|mark| mark.as_str().starts_with('#')) || label.name("bold").is_some();
        match (label.name("colon").is_some(), rest.trim().is_empty()) {
            (true, false) => statement(*number, rest),
            (colon, true) if colon || is_heading => below(lines.get(position + 1..).unwrap_or_default()),
            (_, _) => None,
        }
    })
}

/// `* test: add a case`: a squash lists the subjects of its commits so.
fn is_listed_subject(label: &Captures<'_>) -> bool {
    let is_listed = label.name("mark").is_some_and(|mark| mark.as_str().starts_with(['*', '-', '+']));
    let is_kind = label.name("label").is_some_and(|label| matches!(label.as_str(), "test" | "tests"));
    is_listed && is_kind && label.name("bold").is_none()
}

/// What stands below a heading, up to the next one.
fn below(lines: &[(u32, &str)]) -> Option<Statement> {
    let is_next = |line: &str| {
        line.trim_start().starts_with('#')
            || LABEL.as_ref().is_some_and(|label| label.captures(line).is_some_and(|found| found.name("colon").is_some()))
    };
    lines.iter().take_while(|(_, line)| !is_next(line)).find_map(|(number, line)| statement(*number, line))
}

/// The words as a statement, unless they say nothing.
fn statement(line: u32, words: &str) -> Option<Statement> {
    let plain = words.trim().trim_start_matches(['-', '*', '+']).trim();
    let bare = plain.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let says_nothing = bare.is_empty()
        || plain.starts_with("[ ]")
        || matches!(
            bare.as_str(),
            "n/a" | "na" | "none" | "no" | "tbd" | "todo" | "not tested" | "untested" | "unknown" | "x" | "nil"
        );
    (!says_nothing).then(|| Statement { line, words: shown(plain) })
}

/// The lines that a reader is shown as the author's own: without quotations, fenced code and comments of templates.
fn visible(text: &str) -> Vec<(u32, &str)> {
    let (mut comment, mut fence) = (false, false);
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let is_fence = line.trim_start().starts_with("```");
        fence ^= is_fence;
        let opens = line.rfind("<!--");
        let closes = line.rfind("-->");
        let was_comment = comment;
        comment = match (opens, closes) {
            (Some(opens), Some(closes)) => opens > closes,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => comment,
        };
        let touched = was_comment || opens.is_some();
        if !is_fence && !fence && !touched && !line.trim_start().starts_with('>') {
            lines.push((number, line));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Option<(u32, String)> {
        find(text).map(|found| (found.line, found.words))
    }

    #[test]
    fn statements_are_found_under_the_labels_that_people_use() {
        for (text, line, found) in [
            ("SEC-1 x\n\nImpact: two namespaces lose the check", 3, "two namespaces lose the check"),
            ("x\n\n## Impact\n\n- none of the tenants is reached", 5, "none of the tenants is reached"),
            ("x\n**Risk assessment**\nlow, see below", 3, "low, see below"),
            ("x\n**Test plan:** gator test on staging", 2, "gator test on staging"),
            ("x\n- [x] Tested on the staging cluster", 2, "Tested on the staging cluster"),
            ("x\n\nTested-by: Bob Stone <bob@example.com>", 3, "Bob Stone <bob@example.com>"),
            ("### How has this been tested?\r\nIn a kind cluster\r\n", 2, "In a kind cluster"),
            ("# Impact\n# Test plan\ndry run on dev", 3, "dry run on dev"),
            ("1. Dry-run: passed", 1, "passed"),
        ] {
            assert_eq!(words(text), Some((line, found.to_owned())), "{text:?}");
        }
    }

    #[test]
    fn the_subject_of_a_message_is_no_statement() {
        assert_eq!(find_in_message("test: add a case"), None);
        assert_eq!(find_in_message("Impact: all").map(|found| found.line), None);
        assert_eq!(find_in_message("x\n\nImpact: two namespaces").map(|found| found.line), Some(3));
    }

    #[test]
    fn empty_forms_quotations_comments_and_sentences_are_no_statements() {
        for text in [
            "Test the ingress policy",
            "Squashed\n\n* test: add a case\n- tests: one more",
            "Impact of the outage is gone",
            "tests",
            "Impact:",
            "Impact: n/a",
            "## Impact\n\n## Risk\nTBD\n",
            "> Impact: two namespaces",
            "<!-- Impact: say which -->",
            "<!--\nImpact: say which\n-->",
            "```\nTested: yes, here\n```",
            "- [ ] Tested on staging",
            "Not tested: everything",
            "",
        ] {
            assert_eq!(words(text), None, "{text:?}");
        }
    }
}
