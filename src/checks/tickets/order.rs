//! Whether the ticket was there, approved and open before the change arrived.

use super::records::{Approved, LookUp, TicketRecords, account_words, arrived, created_before, status_at, work_done};
use super::{
    Card, Check, Finding, Gate, Listing, Period, Section, Severity, TicketSum, Verdict, judge_each_change, reasons, shown,
    statuses, words_or,
};
use crate::evidence::recorded::{RecordedTicket, TicketApproval};
use crate::evidence::{Dossier, Grade};
use crate::text::utc_text;

pub(super) const LISTING: Listing =
    Listing { card: &TICKET_OUT_OF_ORDER, configure: |section| Box::new(TicketOutOfOrder::configured(section)) };

static TICKET_OUT_OF_ORDER: Card = Card {
    id: "ticket-out-of-order",
    requirement: "The ticket was created before the work was done, and was approved and still open when the change arrived.",
    rationale: "A ticket that is written or approved afterwards records a decision that nobody took; a closed one was for other work.",
    remedy: "Ask who decided at the time, and record it in the response column. For emergencies name the process that allows it.",
    severity: Severity::High,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("PCI DSS 4.0", "6.5.1"),
        ("NERC CIP", "CIP-010-4 R1"),
        ("SOX ITGC", "change management"),
    ],
    needs: "an export of the ticket system (`--evidence`) with its times; for status and approval its history or approvals",
    waivable_by: "the change manager, not the author of the change",
    settings: &[
        ("tolerance_minutes", "60", "how many minutes a time may be on the wrong side"),
        (
            "closed",
            "[]",
            "more statuses that mean that work has ended, without regard to case, beside Closed, Done, Resolved, Cancelled, \
             Canceled, Rejected, Removed and what was closed as not planned or as duplicate",
        ),
        ("preapproved_types", "[\"Standard\"]", "types of tickets that need no approval of their own, without regard to case"),
    ],
    since: "0.1.0",
    limits: "The work is dated by the last side commit, or else by the author date; the arrival by the forge's record, or else by the \
             committer date: dates in Git are only asserted. Jira has no approvals of its own: [tickets] approved in the settings \
             names the statuses that mean it. Where an export tells no approvals, only creation and status are judged.",
};

const CLOSED: &[&str] = &[
    "Closed",
    "Done",
    "Resolved",
    "Cancelled",
    "Canceled",
    "Rejected",
    "Removed",
    "closed as not planned",
    "closed as duplicate",
];

/// See [`TICKET_OUT_OF_ORDER`].
#[derive(Debug)]
struct TicketOutOfOrder {
    tolerance: i64,
    closed: Vec<String>,
    preapproved: Vec<String>,
}

/// The two moments of a change that a ticket is compared with.
#[derive(Clone, Copy)]
struct Moments {
    done: i64,
    arrived: i64,
}

/// What one ticket is found to be.
enum Order {
    Right,
    Wrong(String),
    Unknown(String),
}

impl TicketOutOfOrder {
    fn configured(section: &mut Section) -> Self {
        Self {
            tolerance: section.integer("tolerance_minutes", 60, 0..=525_600) * 60,
            closed: statuses(section, "closed", CLOSED),
            preapproved: words_or(section, "preapproved_types", &["Standard"]),
        }
    }

    fn judge(&self, dossier: &Dossier, records: &TicketRecords<'_>) -> Verdict {
        let mut sum = TicketSum::new(Grade::Asserted);
        let moments = work_done(dossier).zip(arrived(dossier)).map(|(done, arrived)| Moments { done, arrived });
        for claim in reasons(dossier) {
            let id = shown(&claim.value.id);
            sum.names(claim);
            let ticket = match records.find(&claim.value) {
                LookUp::Found(ticket) => ticket,
                LookUp::Missing => {
                    sum.unknown(format!("{id} is not in the export of its system"));
                    continue;
                }
                LookUp::NotChecked(reason) => {
                    sum.unknown(reason);
                    continue;
                }
            };
            let Some(moments) = moments else {
                sum.unknown("the times of the change cannot be read".to_owned());
                continue;
            };
            match self.order(ticket, records, moments) {
                Order::Right => {}
                Order::Wrong(complaint) => sum.wrong(format!("{id} {complaint}"), Some(ticket.place.citation())),
                Order::Unknown(reason) => sum.unknown(format!("{id}: {reason}")),
            }
        }
        sum.verdict()
    }

    /// What is wrong counts before what is unknown.
    fn order(&self, ticket: &RecordedTicket, records: &TicketRecords<'_>, moments: Moments) -> Order {
        let created = self.created(ticket, moments);
        let status = self.status(ticket, moments.arrived);
        let approved = self.approved(ticket, records, moments.arrived);
        let mut unknown = None;
        for order in [created, status, approved] {
            match order {
                Order::Right => {}
                Order::Wrong(_) => return order,
                Order::Unknown(reason) => unknown = unknown.or(Some(reason)),
            }
        }
        unknown.map_or(Order::Right, Order::Unknown)
    }

    fn created(&self, ticket: &RecordedTicket, moments: Moments) -> Order {
        let created = shown(ticket.created_at.as_deref().unwrap_or_default());
        match created_before(ticket, moments.done.saturating_add(self.tolerance)) {
            None if created.is_empty() => Order::Unknown("the export does not tell when it was created".to_owned()),
            None => Order::Unknown(format!("the export names no time zone, and {created} is too near")),
            Some(true) => Order::Right,
            Some(false) if created_before(ticket, moments.arrived) == Some(false) => {
                Order::Wrong(format!("was created at {created}, after the change arrived at {}", time(moments.arrived)))
            }
            Some(false) => Order::Wrong(format!("was created at {created}, after the work was done at {}", time(moments.done))),
        }
    }

    /// A ticket may be closed when its change lands, not before.
    fn status(&self, ticket: &RecordedTicket, arrived: i64) -> Order {
        match status_at(ticket, arrived.saturating_sub(self.tolerance)) {
            Some(status) if is_among(&self.closed, status) => {
                Order::Wrong(format!("had the status `{}` when the change arrived at {}", shown(status), time(arrived)))
            }
            Some(_) | None => Order::Right,
        }
    }

    fn approved(&self, ticket: &RecordedTicket, records: &TicketRecords<'_>, arrived: i64) -> Order {
        if is_among(&self.preapproved, &ticket.kind) || records.approvals(ticket).is_none() {
            return Order::Right;
        }
        match records.approved_at(ticket, arrived.saturating_add(self.tolerance)) {
            Approved::Before => Order::Right,
            Approved::After(approval) => {
                Order::Wrong(format!("was approved{}, after the change arrived at {}", by_and_at(&approval), time(arrived)))
            }
            Approved::Rejected(approval) => Order::Wrong(format!("was rejected{}", by_and_at(&approval))),
            Approved::Never => Order::Wrong("was never approved".to_owned()),
            Approved::Unknown(reason) => Order::Unknown(reason.to_owned()),
        }
    }
}

fn is_among(list: &[String], word: &str) -> bool {
    list.iter().any(|known| known.eq_ignore_ascii_case(word))
}

fn time(seconds: i64) -> String {
    utc_text(seconds).unwrap_or_else(|| "a time out of range".to_owned())
}

fn by_and_at(approval: &TicketApproval) -> String {
    let by = account_words(&approval.by);
    let by = if by.is_empty() { String::new() } else { format!(" by {}", shown(&by)) };
    let at = approval.at.as_deref().map_or_else(String::new, |at| format!(" at {}", shown(at)));
    format!("{by}{at}")
}

impl Check for TicketOutOfOrder {
    fn card(&self) -> &'static Card {
        &TICKET_OUT_OF_ORDER
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let records = TicketRecords::of(period.exports, period.settings);
        judge_each_change(&TICKET_OUT_OF_ORDER, period, |_, dossier| {
            if records.given() { self.judge(dossier, &records) } else { Verdict::not_applicable() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{exports, ticketed};
    use super::*;
    use crate::checks::samples::{DAY, START, assess_with, settings, settings_with, told};
    use crate::evidence::recorded::{Account, StatusChange};
    use crate::evidence::{Exports, TicketRelation};
    use crate::settings::Settings;

    fn day(day: i64) -> String {
        utc_text(START + day * DAY).unwrap()
    }

    /// What is said about change 3, made and landed on day 3, with `SEC-1` as `edit` leaves it.
    fn said_with(settings: &Settings, edit: impl FnOnce(&mut RecordedTicket)) -> String {
        let mut exports: Exports = exports();
        edit(&mut exports.tickets[0]);
        told(&assess_with(&TICKET_OUT_OF_ORDER, settings, &exports, &[ticketed(3, "SEC-1", TicketRelation::Own)])).remove(0)
    }

    fn said(edit: impl FnOnce(&mut RecordedTicket)) -> String {
        said_with(&settings(), edit)
    }

    #[test]
    fn a_ticket_comes_first() {
        assert_eq!(said(|_| {}), "no exception");
        assert_eq!(said(|ticket| ticket.created_at = utc_text(START + 3 * DAY + 1800)), "no exception");
        assert_eq!(
            said(|ticket| ticket.created_at = Some(day(4))),
            "exception: SEC-1 was created at 2026-01-09T08:00:00Z, after the change arrived at 2026-01-08T08:00:00Z"
        );
        assert!(said(|ticket| ticket.created_at = None).starts_with("not assessable: SEC-1: the export does not tell when"));
    }

    #[test]
    fn a_time_without_a_zone_concludes_nothing_nearby() {
        let local = |created: i64| {
            said(move |ticket| {
                ticket.zoned = false;
                ticket.created_at = utc_text(START + created);
            })
        };
        assert_eq!(local(DAY), "no exception");
        assert!(local(3 * DAY + 7200).starts_with("not assessable: SEC-1: the export names no time zone"));
        assert!(local(5 * DAY).starts_with("exception"));
    }

    #[test]
    fn approvals_count_where_the_export_has_them() {
        let approve = |at: Option<String>, approved| {
            said(move |ticket| {
                ticket.tells_approvals = true;
                let by = Account { name: "Bob".into(), ..Account::default() };
                ticket.approvals = vec![TicketApproval { by, at, approved }];
            })
        };
        assert_eq!(approve(Some(day(2)), true), "no exception");
        assert_eq!(
            approve(Some(day(4)), true),
            "exception: SEC-1 was approved by Bob at 2026-01-09T08:00:00Z, after the change arrived at 2026-01-08T08:00:00Z"
        );
        assert_eq!(approve(Some(day(2)), false), "exception: SEC-1 was rejected by Bob at 2026-01-07T08:00:00Z");
        assert!(approve(None, true).starts_with("not assessable: SEC-1: the export does not tell when it was approved"));
        assert_eq!(said(|ticket| ticket.tells_approvals = true), "exception: SEC-1 was never approved");
        let standard = said(|ticket| {
            ticket.tells_approvals = true;
            ticket.kind = "Standard".into();
        });
        assert_eq!(standard, "no exception");
    }

    #[test]
    fn the_settings_say_which_status_is_an_approval() {
        let settings = |approved: &str| {
            let mut settings = settings_with("[checks.ticket-out-of-order]\ntolerance_minutes = 0");
            settings.tickets.approved = vec![approved.to_owned()];
            settings
        };
        let history = |ticket: &mut RecordedTicket| {
            ticket.tells_history = true;
            let step = |at, to: &str| StatusChange { at: day(at), to: to.into(), by: Account::default() };
            ticket.history = vec![step(0, "Open"), step(2, "Approved"), step(4, "Done")];
        };
        assert_eq!(said_with(&settings("approved"), history), "no exception");
        assert!(said_with(&settings("Done"), history).contains("was approved at 2026-01-09"));
        assert_eq!(said_with(&settings("Released"), history), "exception: SEC-1 was never approved");
        assert_eq!(said_with(&self::settings(), history), "no exception");
    }

    #[test]
    fn a_closed_ticket_is_for_other_work() {
        let closed = |at: i64| {
            said(move |ticket| {
                ticket.history = vec![StatusChange { at: day(at), to: "Closed".into(), by: Account::default() }];
            })
        };
        assert_eq!(closed(1), "exception: SEC-1 had the status `Closed` when the change arrived at 2026-01-08T08:00:00Z");
        assert_eq!(closed(3), "no exception");
    }

    #[test]
    fn what_is_not_in_the_export_cannot_be_ordered() {
        let findings = assess_with(
            &TICKET_OUT_OF_ORDER,
            &settings(),
            &exports(),
            &[ticketed(1, "SEC-9", TicketRelation::Own), ticketed(2, "SEC-1", TicketRelation::Quoted)],
        );
        assert_eq!(told(&findings), ["not assessable: SEC-9 is not in the export of its system", "not applicable"]);
    }
}
