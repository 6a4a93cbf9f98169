//! References to tickets: Jira, ServiceNow, Azure Boards, forge issues, Phabricator, Storyboard and the settings' own patterns.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use regex::Regex;

use crate::settings::IssueReferences;
use crate::text::is_hidden;

use super::record::{Record, leading_number};
use super::{Claim, Evidence, Place, Ticket, TicketRelation, TicketSystem, apache, gitlab, look_alikes};

/// A reference found in a message: where, which and of what system.
struct Hit {
    at: usize,
    id: Box<str>,
    system: TicketSystem,
}

/// Reads every ticket reference of one message, each id once with its strongest relation.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    let mut hits = Vec::new();
    find_jira(record, &mut hits);
    find_service_now(record.message.text, &mut hits);
    if record.message.text.contains('#') || record.message.text.contains("/issues/") {
        find_azure_boards(record, &mut hits);
        find_issues(record, evidence, &mut hits);
    }
    find_in_trailers(record, &mut hits);
    find_custom(record, &mut hits);
    hits.sort_by_key(|hit| hit.at);
    let branch = branch_range(record, evidence);
    let claims = hits.into_iter().map(|hit| claim(record, hit, branch.as_ref()));
    evidence.tickets = strongest(claims.collect());
}

fn claim(record: &Record<'_>, hit: Hit, branch: Option<&Range<usize>>) -> Claim<Ticket> {
    let is_in_branch = branch.is_some_and(|range| range.contains(&hit.at));
    let (relation, place) = if record.message.is_unseen(hit.at) {
        (TicketRelation::Unseen, record.place_at(hit.at))
    } else if record.message.is_quoted(hit.at) {
        (TicketRelation::Quoted, record.place_at(hit.at))
    } else if is_in_branch {
        (TicketRelation::Branch, Place::Branch)
    } else {
        (TicketRelation::Own, record.place_at(hit.at))
    };
    record.claim(Ticket { id: hit.id, system: hit.system, relation }, place)
}

/// Keeps each id once, with its strongest relation, in order of appearance.
pub(super) fn strongest(claims: Vec<Claim<Ticket>>) -> Vec<Claim<Ticket>> {
    let mut kept: Vec<Claim<Ticket>> = Vec::with_capacity(claims.len());
    if claims.len() <= 1 {
        return claims;
    }
    let mut order: Vec<_> = (0..claims.len()).collect();
    order.sort_by_key(|&index| claims.get(index).map(|claim| claim.value.relation));
    let mut seen = BTreeSet::new();
    let mut winners: Vec<_> =
        order.into_iter().filter(|&index| claims.get(index).is_some_and(|claim| seen.insert(claim.value.id.clone()))).collect();
    winners.sort_unstable();
    let mut winners = winners.into_iter().peekable();
    for (index, claim) in claims.into_iter().enumerate() {
        if winners.next_if_eq(&index).is_some() {
            kept.push(claim);
        }
    }
    kept
}

/// Where the message names the source branch.
fn branch_range(record: &Record<'_>, evidence: &Evidence) -> Option<Range<usize>> {
    let named = evidence.proposal.as_ref().and_then(|claim| claim.value.branch.as_deref());
    let branch = named.or_else(|| gitlab::merged_branch(record.message.subject()))?;
    let start = record.message.text.find(branch)?;
    Some(start..start + branch.len())
}

/// `SEC-123`: around each hyphen, capitals before and digits after.
fn find_jira(record: &Record<'_>, hits: &mut Vec<Hit>) {
    let text = record.message.text;
    for (hyphen, _) in text.match_indices('-') {
        let Some(id) = jira_around(text, hyphen, record) else { continue };
        hits.push(Hit { at: id.start, id: text.get(id).unwrap_or_default().into(), system: TicketSystem::Jira });
    }
}

fn jira_around(text: &str, hyphen: usize, record: &Record<'_>) -> Option<Range<usize>> {
    const LONGEST_KEY: usize = 30;
    let bytes = text.as_bytes();
    if !bytes.get(hyphen + 1)?.is_ascii_digit() || !is_key_byte(*bytes.get(hyphen.checked_sub(1)?)?) {
        return None;
    }
    let before = bytes.get(..hyphen)?;
    let length = before.iter().rev().take(LONGEST_KEY + 1).take_while(|&&byte| is_key_byte(byte)).count();
    let start = hyphen - length;
    let number = leading_number(text.get(hyphen + 1..)?)?;
    let end = hyphen + 1 + number.len();
    if length > LONGEST_KEY || goes_on(text.get(end..)?) {
        return None;
    }
    let key = text.get(start..hyphen)?;
    let is_free = !ends_in_letter_or_digit(text.get(..start)?);
    match &record.settings.projects {
        Some(projects) => listed(projects, text, start..hyphen, end),
        None => (is_free && look_alikes::is_plausible(text, key, number, start, end)).then_some(start..end),
    }
}

fn is_key_byte(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_'
}

/// Whether the last character that can be seen is one of a word: what cannot be seen parts no words.
fn ends_in_letter_or_digit(text: &str) -> bool {
    text.chars().rev().find(|character| !is_invisible(*character)).is_some_and(char::is_alphanumeric)
}

/// Whether the first character that can be seen is one of a word.
fn begins_with_letter_or_digit(text: &str) -> bool {
    text.chars().find(|character| !is_invisible(*character)).is_some_and(char::is_alphanumeric)
}

/// Whether a character has no place of its own on the screen: hidden ones, and marks that stand on the one before.
fn is_invisible(character: char) -> bool {
    let is_mark = matches!(character,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{e0100}'..='\u{e01ef}');
    is_mark || (is_hidden(character) && !matches!(character, '\r' | '\u{2028}' | '\u{2029}' | '\u{85}'))
}

/// Whether a number goes on as a word or a version: `12a`, `9.2`.
fn goes_on(rest: &str) -> bool {
    let mut next = rest.chars().filter(|character| !is_invisible(*character));
    match next.next() {
        Some('.') => next.next().is_some_and(|digit| digit.is_ascii_digit()),
        Some(character) => character.is_alphanumeric(),
        None => false,
    }
}

/// The reference, if its project is on the list; `KEY-2026-00132` counts as a whole.
fn listed(projects: &BTreeSet<String>, text: &str, key: Range<usize>, end: usize) -> Option<Range<usize>> {
    let word = text.get(key.clone())?;
    let after_underscore = word.rfind('_').map(|at| key.start + at + 1);
    let is_listed = |start: usize| text.get(start..key.end).is_some_and(|key| projects.contains(key));
    let is_free = |start: usize| text.get(..start).is_some_and(|before| !ends_in_letter_or_digit(before));
    let start = [Some(key.start), after_underscore].into_iter().flatten().find(|&start| is_listed(start) && is_free(start))?;
    let number = text.get(key.end + 1..end)?;
    let serial =
        text.get(end..)?.strip_prefix('-').and_then(leading_number).filter(|serial| is_year(number) && serial.len() >= 3);
    match serial {
        Some(serial) => is_positive(serial).then_some(start..end + 1 + serial.len()),
        None => (!number.starts_with('0')).then_some(start..end),
    }
}

fn is_year(number: &str) -> bool {
    number.len() == 4 && (number.starts_with("19") || number.starts_with("20"))
}

/// `CHG0031234`, `INC…`, `RITM…`, `PRB…` with seven digits or more.
fn find_service_now(text: &str, hits: &mut Vec<Hit>) {
    static NUMBER: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?:CHG|INC|RITM|PRB|REQ|SCTASK|CTASK|CHGTASK)-?[0-9]{7,12}").ok());
    let Some(number) = &*NUMBER else { return };
    for found in number.find_iter(text) {
        let before = text.get(..found.start()).unwrap_or_default();
        let after = text.get(found.end()..).unwrap_or_default();
        if !ends_in_letter_or_digit(before) && !begins_with_letter_or_digit(after) && !is_all_zeros(found.as_str()) {
            let id = found.as_str().replace('-', "").into();
            hits.push(Hit { at: found.start(), id, system: TicketSystem::ServiceNow });
        }
    }
}

fn is_all_zeros(id: &str) -> bool {
    id.bytes().skip_while(|byte| !byte.is_ascii_digit()).all(|byte| byte == b'0')
}

/// `AB#12` anywhere.
fn find_azure_boards(record: &Record<'_>, hits: &mut Vec<Hit>) {
    let text = record.message.text;
    for (at, _) in text.match_indices("AB#") {
        let is_word = text.get(..at).is_some_and(ends_in_letter_or_digit);
        if let Some(number) = text.get(at + 3..).and_then(leading_number).filter(|number| !is_word && is_positive(number)) {
            hits.push(Hit { at, id: format!("AB#{number}").into(), system: TicketSystem::AzureBoards });
        }
    }
}

fn is_positive(number: &str) -> bool {
    number.bytes().any(|byte| byte != b'0')
}

/// Issues of a forge, where the settings let them count.
fn find_issues(record: &Record<'_>, evidence: &Evidence, hits: &mut Vec<Hit>) {
    match record.settings.issues {
        IssueReferences::Never => {}
        IssueReferences::Closing => find_closed_issues(record, hits),
        IssueReferences::Any => find_any_issue(record, evidence, hits),
    }
}

/// One reference to an issue: `#12`, `group/project#12`, `GH-12` or a full address.
const REFERENCE: &str = concat!(
    r"(?:(?:https?://[A-Za-z0-9.:-]+/([\w.-]+(?:/[\w.-]+)+?)/(?:-/)?(?:issues|pull|merge_requests|work_items)/([0-9]{1,12}))",
    r"|((?:[A-Za-z0-9_][\w.-]*(?:/[\w.-]*)*)?#)([0-9]{1,12}))",
);

/// A closing keyword, and what may stand between it and the first reference.
static CLOSING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i-u)\b(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)|implement(?:s|ed|ing)?|updates?|for)",
        r"(?:[ \t]+|:[ \t]*(?:\r?\n[ \t]*)?)(?:the )?(?:issues?[ \t]+|bugs?[ \t]+)?\[?",
    ))
    .ok()
});

/// A reference right here, with the list sign before it.
static NEXT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let word = r"(?:clos(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|resolv(?:e[sd]?|ing))[ \t]+";
    let list = format!(r"^(?:[ \t]*(?:,|&|,?[ \t]*\b(?:and|or)\b)?[ \t]*(?:{word})?)");
    Regex::new(&format!("(?i-u){list}{REFERENCE}")).ok()
});

fn find_closed_issues(record: &Record<'_>, hits: &mut Vec<Hit>) {
    let text = record.message.text;
    let (Some(closing), Some(next)) = (&*CLOSING, &*NEXT) else { return };
    let mut done = 0;
    for keyword in closing.find_iter(text) {
        let is_new = keyword.start() >= done;
        if is_new && starts_reference(text, keyword.range()) && !is_pull_request_line(record, keyword.start()) {
            done = find_list(text, keyword.end(), next, hits);
        }
    }
}

/// Whether a reference can follow this keyword; most words after `fix` or `for` are none.
///
/// `for` and `updates` inside a sentence are too ordinary for anything but `owner/name#12`, and
/// `Pull Request resolved:` names what was imported.
fn starts_reference(text: &str, keyword: Range<usize>) -> bool {
    const LONGEST: usize = 200;
    let rest = text.as_bytes().get(keyword.end..).unwrap_or_default();
    let length = rest.iter().take(LONGEST).take_while(|byte| !byte.is_ascii_whitespace()).count();
    let next = rest.get(..length).unwrap_or_default();
    let is_address = next.starts_with(b"http");
    if !is_address && !next.contains(&b'#') {
        return false;
    }
    let before = text.get(..keyword.start).unwrap_or_default();
    let is_ordinary = text.get(keyword).is_some_and(|word| word.starts_with(['f', 'F', 'u', 'U']) && !has_start(word, "fix"));
    let is_qualified = next.contains(&b'/') && !is_address;
    !before.ends_with("Pull Request ") && (!is_ordinary || is_qualified || before.is_empty() || before.ends_with('\n'))
}

fn has_start(word: &str, start: &str) -> bool {
    word.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// `Closes #12 from user/branch` closes the pull request, not an issue.
fn is_pull_request_line(record: &Record<'_>, offset: usize) -> bool {
    let line = record.message.line_at(offset);
    let line = usize::try_from(line).ok().and_then(|line| record.message.lines.get(line.checked_sub(1)?));
    line.is_some_and(|line| apache::closed_pull_request(line.text).is_some())
}

/// References from here on, as long as they form a list; returns where it ends.
fn find_list(text: &str, from: usize, next: &Regex, hits: &mut Vec<Hit>) -> usize {
    let mut at = from;
    while let Some(found) = text.get(at..).and_then(|rest| next.captures(rest)) {
        let Some(whole) = found.get(0) else { return at };
        if let Some((start, id)) = issue_of(&found) {
            hits.push(Hit { at: at + start, id, system: TicketSystem::ForgeIssue });
        }
        at += whole.end();
    }
    at
}

/// The canonical id of a matched reference and where it starts.
fn issue_of(found: &regex::Captures<'_>) -> Option<(usize, Box<str>)> {
    if let (Some(project), Some(number)) = (found.get(1), found.get(2)) {
        return is_positive(number.as_str())
            .then(|| (project.start(), format!("{}#{}", project.as_str(), number.as_str()).into()));
    }
    let (project, number) = (found.get(3)?, found.get(4)?);
    let is_azure = project.as_str().eq_ignore_ascii_case("AB#");
    let is_standard = look_alikes::is_no_project(project.as_str().trim_end_matches('#'));
    (!is_azure && !is_standard && is_positive(number.as_str()))
        .then(|| (project.start(), format!("{}{}", project.as_str(), number.as_str()).into()))
}

fn find_any_issue(record: &Record<'_>, evidence: &Evidence, hits: &mut Vec<Hit>) {
    static ANYWHERE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!("(?-u){REFERENCE}")).ok());
    let Some(anywhere) = &*ANYWHERE else { return };
    let text = record.message.text;
    let own: BTreeSet<&str> = evidence.proposals().map(|claim| &*claim.value.id).collect();
    for found in anywhere.captures_iter(text) {
        let Some((at, id)) = issue_of(&found) else { continue };
        let is_word = text.get(..at).is_some_and(|before| before.ends_with('&') || ends_in_letter_or_digit(before));
        if !is_word && !own.contains(&*id) {
            hits.push(Hit { at, id, system: TicketSystem::ForgeIssue });
        }
    }
}

/// Keys whose value names tickets, without regard to case.
const TICKET_KEYS: &[&str] = &[
    "ticket",
    "tickets",
    "refs",
    "ref",
    "references",
    "fixes",
    "fix",
    "closes",
    "resolves",
    "implements",
    "jira",
    "jira-url",
    "jira-id",
    "jira-issue",
    "jira-ticket",
    "bug",
    "bugs",
    "issue",
    "issues",
    "issue-id",
    "task",
    "tasks",
    "maniphest tasks",
    "work-item",
    "work-items",
    "workitem",
    "related-to",
    "relates-to",
    "closes-bug",
    "related-bug",
    "partial-bug",
    "updates",
    "incident",
];

/// Values of ticket trailers: issues without keyword, Phabricator tasks, work items and stories.
fn find_in_trailers(record: &Record<'_>, hits: &mut Vec<Hit>) {
    for trailer in &record.trailers {
        let Some(at) = line_start(record, trailer.line) else { continue };
        if trailer.key.eq_ignore_ascii_case("related work items") {
            find_work_items(&trailer.value, at, hits);
        } else if trailer.key.eq_ignore_ascii_case("story") {
            let number = leading_number(trailer.value.trim_start_matches('#')).filter(|number| is_positive(number));
            let system = TicketSystem::Custom(Arc::from("storyboard"));
            hits.extend(number.map(|number| Hit { at, id: format!("Story {number}").into(), system }));
        } else if TICKET_KEYS.iter().any(|key| key.eq_ignore_ascii_case(&trailer.key)) {
            find_tasks(&trailer.value, at, hits);
            find_bare_bug(&trailer.key, &trailer.value, at, hits);
            if let (Some(next), false) = (&*NEXT, record.settings.issues == IssueReferences::Never) {
                find_listed_issues(record, &trailer.value, at, next, hits);
            }
        }
    }
}

fn find_listed_issues(record: &Record<'_>, value: &str, at: usize, next: &Regex, hits: &mut Vec<Hit>) {
    if is_pull_request_line(record, at) {
        return;
    }
    let known = hits.len();
    find_list(value, 0, next, hits);
    for hit in hits.iter_mut().skip(known) {
        hit.at = at; // A folded value has no single place: its line stands for it.
    }
}

fn line_start(record: &Record<'_>, number: u32) -> Option<usize> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    record.message.lines.get(index).map(|line| line.start)
}

/// `#1, #2` after `Related work items:`.
fn find_work_items(value: &str, at: usize, hits: &mut Vec<Hit>) {
    for word in value.split([',', ' ']) {
        let number = word.strip_prefix('#').and_then(leading_number).filter(|number| is_positive(number));
        hits.extend(number.map(|number| Hit { at, id: format!("AB#{number}").into(), system: TicketSystem::AzureBoards }));
    }
}

/// `T123` in the value of a ticket trailer.
fn find_tasks(value: &str, at: usize, hits: &mut Vec<Hit>) {
    for word in value.split([',', ' ']) {
        let number =
            word.strip_prefix('T').filter(|digits| leading_number(digits) == Some(digits)).filter(|number| is_positive(number));
        hits.extend(number.map(|number| Hit { at, id: format!("T{number}").into(), system: TicketSystem::Phabricator }));
    }
}

/// `Closes-Bug: 1745370`, as Launchpad lets one write it.
fn find_bare_bug(key: &str, value: &str, at: usize, hits: &mut Vec<Hit>) {
    let is_launchpad = ["closes-bug", "related-bug", "partial-bug"].iter().any(|known| known.eq_ignore_ascii_case(key));
    let number =
        leading_number(value).filter(|number| is_launchpad && number.len() == value.trim_end().len() && is_positive(number));
    hits.extend(number.map(|number| Hit { at, id: format!("#{number}").into(), system: TicketSystem::ForgeIssue }));
}

/// The settings' own patterns: the first group, or the whole match, is the id.
fn find_custom(record: &Record<'_>, hits: &mut Vec<Hit>) {
    for pattern in &record.settings.patterns {
        for found in pattern.regex.captures_iter(record.message.text) {
            let Some(id) = found.get(1).or_else(|| found.get(0)).filter(|id| !id.is_empty()) else { continue };
            hits.push(Hit { at: id.start(), id: id.as_str().into(), system: TicketSystem::Custom(pattern.name.clone()) });
        }
    }
}
