//! What happened to one change and when, from its ticket to its arrival, each with its grade and where it was read.

use super::{Columns, arrival, near_citation, one_line, person};
use crate::changes::Commit;
use crate::checks::WeighedReview;
use crate::checks::ticket_records::{LookUp, account_words};
use crate::evidence::recorded::{RecordedTicket, TicketApproval};
use crate::evidence::{Dossier, Grade};
use crate::text::{Moment, utc_seconds};

/// Tickets of one change whose times are told, and approvals of each of them.
const TICKETS: usize = 3;
/// Reviews of one change whose times are told.
const REVIEWS: usize = 20;

/// One thing that happened.
pub(crate) struct Event {
    /// When (seconds since 1970).
    pub at: i64,
    /// What.
    pub what: String,
    /// How strong the proof of the time is.
    pub grade: Grade,
    /// Where it was read.
    pub source: String,
}

/// Everything with a readable time, oldest first; what has the same time stays in the order of the process.
pub(crate) fn events(columns: &Columns<'_>, dossier: &Dossier, reviews: &[WeighedReview<'_>]) -> Vec<Event> {
    let mut events = Vec::new();
    of_tickets(columns, dossier, &mut events);
    of_proposal(columns, dossier, &mut events);
    of_commits(dossier, &mut events);
    of_reviews(reviews, &mut events);
    if let Some(decision) = &dossier.gate {
        let what = format!("Gate: {}", decision.decided.word());
        recorded(&decision.at, what, one_line(&format!("raw/{}", decision.file)), &mut events);
    }
    let arrival = arrival(dossier);
    let at = utc_seconds(&arrival.at);
    events.extend(at.map(|at| Event { at, what: "Arrival".to_owned(), grade: arrival.grade, source: arrival.source }));
    events.sort_by_key(|event| event.at);
    events
}

fn recorded(at: &str, what: String, source: String, events: &mut Vec<Event>) {
    events.extend(utc_seconds(at).map(|at| Event { at, what, grade: Grade::Recorded, source }));
}

fn of_tickets(columns: &Columns<'_>, dossier: &Dossier, events: &mut Vec<Event>) {
    let reasons = dossier.evidence.tickets.iter().filter(|claim| !claim.value.relation.is_mention());
    let found = reasons.filter_map(|claim| match columns.tickets.find(&claim.value) {
        LookUp::Found(ticket) => Some(ticket),
        LookUp::Missing | LookUp::NotChecked(_) => None,
    });
    for ticket in found.take(TICKETS) {
        let source = near_citation(&ticket.place.citation());
        let zone = if ticket.zoned { "" } else { " (no time zone is told; taken as UTC)" };
        let created = ticket.created_at.as_deref().unwrap_or_default();
        recorded(created, format!("Ticket {} created{zone}", one_line(&ticket.id)), source.clone(), events);
        for approval in columns.tickets.approvals(ticket).unwrap_or_default().iter().take(TICKETS) {
            let at = approval.at.as_deref().unwrap_or_default();
            recorded(at, format!("{}{zone}", approval_words(ticket, approval)), source.clone(), events);
        }
    }
}

fn approval_words(ticket: &RecordedTicket, approval: &TicketApproval) -> String {
    let decision = if approval.approved { "approved" } else { "rejected" };
    let by = one_line(&account_words(&approval.by));
    let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
    format!("Ticket {} {decision}{by}", one_line(&ticket.id))
}

fn of_proposal(columns: &Columns<'_>, dossier: &Dossier, events: &mut Vec<Event>) {
    let linked = dossier.link.as_ref().and_then(|link| columns.pack.exports.proposals.get(link.proposal));
    let Some(proposal) = linked else { return };
    let place = near_citation(&proposal.place.citation());
    let opened = proposal.created_at.as_deref().unwrap_or_default();
    recorded(opened, format!("Proposal {} opened", one_line(&proposal.id)), place, events);
}

/// The first commit written and the newest one made: dates in Git are what their authors say.
fn of_commits(dossier: &Dossier, events: &mut Vec<Event>) {
    let own = std::slice::from_ref(&dossier.change.commit);
    let commits = if dossier.change.side_commits.is_empty() { own } else { &*dossier.change.side_commits };
    let told = |at: &Moment| at.known().map(|when| when.seconds);
    let asserted = |at: i64, what: &str, commit: &Commit, source: &str| Event {
        at,
        what: format!("{what}, {}", commit.id.0.short()),
        grade: Grade::Asserted,
        source: source.to_owned(),
    };
    let written = commits.iter().filter_map(|commit| Some((told(&commit.author.when)?, commit)));
    if let Some((at, commit)) = written.min_by_key(|(at, _)| *at) {
        events.push(asserted(at, "First commit written", commit, "author date"));
    }
    let made = dossier.change.side_commits.iter().filter_map(|commit| Some((told(&commit.committer.when)?, commit)));
    if let Some((at, commit)) = made.max_by_key(|(at, _)| *at) {
        events.push(asserted(at, "Newest commit made", commit, "committer date"));
    }
}

fn of_reviews(reviews: &[WeighedReview<'_>], events: &mut Vec<Event>) {
    for review in reviews.iter().take(REVIEWS) {
        let value = &review.claim.value;
        let Some(at) = value.at.as_deref().and_then(utc_seconds) else { continue };
        let counts = if review.counts() { "counts".to_owned() } else { review.standing.reason() };
        let what = format!("{} by {}: {counts}", capitalised(value.decision.word()), one_line(&person(&value.reviewer)));
        events.push(Event { at, what, grade: review.claim.grade, source: near_citation(&review.claim.citation) });
    }
}

fn capitalised(word: &str) -> String {
    let mut characters = word.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
