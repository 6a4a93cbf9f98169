//! Whether the tickets that changes name exist, are of a type that counts, and were not cancelled.

use super::records::{LookUp, TicketRecords};
use super::{
    Card, Check, Finding, Gate, Listing, Period, Section, Severity, TicketSum, Verdict, judge_each_change, reasons, shown,
    statuses, words,
};
use crate::evidence::recorded::RecordedTicket;
use crate::evidence::{Dossier, Grade};

pub(super) const LISTING: Listing =
    Listing { card: &TICKET_UNRESOLVED, configure: |section| Box::new(TicketUnresolved::configured(section)) };

static TICKET_UNRESOLVED: Card = Card {
    id: "ticket-unresolved",
    requirement: "Every ticket that a change names exists in its system, is of a type that counts, and was not cancelled.",
    rationale: "A reference of the right form costs nothing. Only the ticket itself shows that somebody asked for the change.",
    remedy: "Find the right ticket with the author and record it in the response column. Where the export is cut, give the rest of it.",
    severity: Severity::High,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("PCI DSS 4.0", "6.5.1"),
        ("NERC CIP", "CIP-010-4 R1"),
        ("SOX ITGC", "change management"),
        ("BSI", "OPS.1.1.3"),
        ("EnWG", "\u{a7}11"),
    ],
    needs: "an export of the ticket system (`--evidence`)",
    waivable_by: "the change manager, not the author of the change",
    settings: &[
        (
            "cancelled",
            "[]",
            "more statuses that mean that nobody wanted the change, without regard to case, beside Cancelled, Canceled, \
             Rejected, Declined, Withdrawn, Invalid, Won't Do, Won't Fix, Removed and what was closed as not planned",
        ),
        ("types", "[]", "types of tickets that count, without regard to case; every type where the list is empty"),
    ],
    since: "0.1.0",
    limits: "Without an export of any ticket system it does not apply. A ticket of a project that no export has is not assessable. \
             That the ticket is about this change is not checked.",
};

const CANCELLED: &[&str] = &[
    "Cancelled",
    "Canceled",
    "Rejected",
    "Declined",
    "Withdrawn",
    "Invalid",
    "Won't Do",
    "Won't Fix",
    "Removed",
    "closed as not planned",
];

/// See [`TICKET_UNRESOLVED`].
#[derive(Debug)]
struct TicketUnresolved {
    cancelled: Vec<String>,
    types: Vec<String>,
}

impl TicketUnresolved {
    fn configured(section: &mut Section) -> Self {
        Self { cancelled: statuses(section, "cancelled", CANCELLED), types: words(section, "types") }
    }

    fn judge(&self, dossier: &Dossier, records: &TicketRecords<'_>) -> Verdict {
        let mut sum = TicketSum::new(Grade::Recorded);
        for claim in reasons(dossier) {
            let id = shown(&claim.value.id);
            sum.names(claim);
            match records.find(&claim.value) {
                LookUp::Found(ticket) => {
                    if let Some(complaint) = self.complaint(ticket) {
                        sum.wrong(format!("{id} {complaint}"), Some(ticket.place.citation()));
                    }
                }
                LookUp::Missing => sum.wrong(format!("{id} is not in the export of its system"), None),
                LookUp::NotChecked(reason) => sum.unknown(reason),
            }
        }
        sum.verdict()
    }

    fn complaint(&self, ticket: &RecordedTicket) -> Option<String> {
        let is_among = |list: &[String], word: &str| list.iter().any(|known| known.eq_ignore_ascii_case(word));
        if is_among(&self.cancelled, &ticket.status) {
            return Some(format!("has the status `{}`", shown(&ticket.status)));
        }
        (!self.types.is_empty() && !is_among(&self.types, &ticket.kind))
            .then(|| format!("is of the type `{}`, which does not count", shown(&ticket.kind)))
    }
}

impl Check for TicketUnresolved {
    fn card(&self) -> &'static Card {
        &TICKET_UNRESOLVED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let records = TicketRecords::of(period.exports, period.settings);
        judge_each_change(&TICKET_UNRESOLVED, period, |_, dossier| {
            if records.given() { self.judge(dossier, &records) } else { Verdict::not_applicable() }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{exports, ticketed};
    use super::*;
    use crate::checks::samples::{assess, assess_with, dossier, outcomes, settings, settings_with, told};
    use crate::evidence::TicketRelation;

    #[test]
    fn a_ticket_has_to_be_in_the_export() {
        let changes = [
            ticketed(1, "SEC-1", TicketRelation::Own),
            ticketed(2, "SEC-9", TicketRelation::Branch),
            ticketed(3, "SEC-2", TicketRelation::SideCommit),
            ticketed(4, "OPS-1", TicketRelation::Own),
            ticketed(5, "SEC-9", TicketRelation::Quoted),
            dossier(6, "none"),
        ];
        assert_eq!(
            told(&assess_with(&TICKET_UNRESOLVED, &settings(), &exports(), &changes)),
            [
                "no exception",
                "exception: SEC-9 is not in the export of its system",
                "exception: SEC-2 has the status `Cancelled`",
                "not assessable: the exports have no ticket of OPS, so OPS-1 cannot be looked up",
                "not applicable",
                "not applicable",
            ]
        );
        let without = assess(&TICKET_UNRESOLVED, &settings(), &changes);
        assert!(outcomes(&without).iter().all(|outcome| *outcome == "not applicable"));
    }

    #[test]
    fn an_export_that_is_cut_proves_no_absence() {
        let mut cut = exports();
        cut.ticket_systems.insert("Jira".into(), false);
        let changes = [ticketed(1, "SEC-1", TicketRelation::Own), ticketed(2, "SEC-9", TicketRelation::Own)];
        let findings = assess_with(&TICKET_UNRESOLVED, &settings(), &cut, &changes);
        assert_eq!(outcomes(&findings), ["no exception", "not assessable"]);
    }

    #[test]
    fn settings_name_types_and_statuses() {
        let changes = [ticketed(1, "SEC-1", TicketRelation::Own), ticketed(2, "SEC-2", TicketRelation::Own)];
        let strict = settings_with("[checks.ticket-unresolved]\ntypes = [\"incident\"]\ncancelled = [\"cancelled\"]");
        assert_eq!(
            told(&assess_with(&TICKET_UNRESOLVED, &strict, &exports(), &changes)),
            ["exception: SEC-1 is of the type `Change`, which does not count", "exception: SEC-2 has the status `Cancelled`"]
        );
    }
}
