//! What the exports tell about one ticket reference of a change, in words.

use super::{citation, near_citation, one_line};
use crate::checks::ticket_records::{
    Approved, LookUp, TicketRecords, account_words, arrived, created_before, status_at, work_done,
};
use crate::evidence::recorded::RecordedTicket;
use crate::evidence::{Dossier, Ticket};

/// What was found about a reference; what is not told is empty.
#[derive(Debug, Default)]
pub(crate) struct TicketFacts<'a> {
    /// `yes`, `no` or `not checked`.
    pub resolved: &'static str,
    /// Why it was not checked.
    pub reason: String,
    /// The record.
    pub record: Option<&'a RecordedTicket>,
    /// Who approved it, and when.
    pub approved_by: Vec<String>,
    /// One time for each of them, empty where not told.
    pub approved_at: Vec<String>,
    /// The status when the change arrived.
    pub status_at_arrival: String,
    /// `yes`, `no` or `unknown`.
    pub created_before_push: &'static str,
    /// `yes`, `no` or `unknown`.
    pub approved_before_arrival: &'static str,
    /// Where the record was read.
    pub citation: String,
}

/// Looks a reference up.
pub(crate) fn ticket_facts<'a>(records: &TicketRecords<'a>, ticket: &Ticket, dossier: &Dossier) -> TicketFacts<'a> {
    let found = records.find(ticket);
    let mut facts = TicketFacts { resolved: found.word(), ..TicketFacts::default() };
    match found {
        LookUp::Found(record) => {
            describe(&mut facts, records, record);
            facts.citation = citation(&record.place.citation(), &dossier.change);
            compare(&mut facts, records, record, dossier);
        }
        LookUp::Missing => {}
        LookUp::NotChecked(reason) => facts.reason = one_line(&reason),
    }
    facts
}

/// What a record says without regard to any change.
pub(crate) fn unused_ticket<'a>(records: &TicketRecords<'a>, record: &'a RecordedTicket) -> TicketFacts<'a> {
    let mut facts = TicketFacts::default();
    describe(&mut facts, records, record);
    facts.citation = near_citation(&record.place.citation());
    facts
}

fn describe<'a>(facts: &mut TicketFacts<'a>, records: &TicketRecords<'a>, record: &'a RecordedTicket) {
    facts.record = Some(record);
    for approval in records.approvals(record).unwrap_or_default().into_iter().filter(|approval| approval.approved) {
        facts.approved_by.push(one_line(&account_words(&approval.by)));
        facts.approved_at.push(approval.at.as_deref().map(one_line).unwrap_or_default());
    }
}

fn compare(facts: &mut TicketFacts<'_>, records: &TicketRecords<'_>, record: &RecordedTicket, dossier: &Dossier) {
    let word = |answer: Option<bool>| match answer {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    };
    facts.created_before_push = word(work_done(dossier).and_then(|done| created_before(record, done)));
    let arrived = arrived(dossier);
    facts.status_at_arrival = arrived.and_then(|at| status_at(record, at)).map(one_line).unwrap_or_default();
    facts.approved_before_arrival = word(arrived.and_then(|at| match records.approved_at(record, at) {
        Approved::Before => Some(true),
        Approved::After(_) | Approved::Rejected(_) | Approved::Never => Some(false),
        Approved::Unknown(_) => None,
    }));
}

impl TicketFacts<'_> {
    /// In one sentence for people.
    pub fn words(&self) -> String {
        let Some(record) = self.record else {
            return match self.resolved {
                "no" => "not in the export of its system".to_owned(),
                _ => format!("not checked: {}", self.reason),
            };
        };
        let title = if record.title.is_empty() { "in the export, without a title" } else { &record.title };
        let mut words = one_line(title);
        let mut tell = |what: &str, told: &str| {
            if !told.is_empty() {
                words.push_str(&format!("; {what} {told}"));
            }
        };
        tell("type", &one_line(&record.kind));
        tell("created", &record.created_at.as_deref().map(one_line).unwrap_or_default());
        tell("approved by", &self.approved_by.join(", "));
        tell("status at arrival", &self.status_at_arrival);
        if self.status_at_arrival.is_empty() {
            tell("status when exported", &one_line(&record.status));
        }
        words
    }
}
