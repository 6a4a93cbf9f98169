//! Accepted exceptions: which waiver is valid, and beside which findings it stands.
//!
//! A waiver was in force when its last day is not before the day on which the change arrived: the day of the
//! committer date in the settings' time zone. So one change has the same status in the report of every period.
//! A waiver stands beside an exception and never replaces it. Nobody waives a blocker or their own change.

use super::catalogue::listings;
use super::people::day_of;
use super::register::{Register, Sameness};
use super::review::authors;
use super::verdict::{number, shown, shown_person};
use super::{Assessment, Outcome, Period};
use crate::evidence::Dossier;
use crate::settings::Waiver;
use crate::text::CommitId;

/// Fewer hexadecimal digits than this name no change.
const DIGITS: usize = 12;

/// Whether a waiver may stand beside an exception.
#[derive(Debug)]
pub(super) enum Validity {
    /// It may, for the change at this position.
    Valid(u32),
    /// It may not, and why.
    Invalid(String),
    /// It cannot be told, and why; then it is not used.
    Unknown(String),
}

/// Puts each valid waiver beside the exceptions it names; the first waiver of an exception counts.
pub(super) fn apply(period: &Period<'_>, assessments: &mut [Assessment]) {
    for (position, waiver) in (0..).zip(&period.settings.waivers) {
        let Validity::Valid(change) = validity(period, waiver) else { continue };
        let Some(assessment) = assessments.iter_mut().find(|assessment| assessment.card.id == waiver.check) else { continue };
        let about = assessment.findings.iter_mut().filter(|finding| finding.subject.change() == Some(change));
        for finding in about.filter(|finding| matches!(finding.outcome, Outcome::Exception(_)) && finding.waiver.is_none()) {
            finding.waiver = Some(position);
        }
    }
}

/// Judges a waiver by itself and against the change it names, not by whether it is used.
pub(super) fn validity(period: &Period<'_>, waiver: &Waiver) -> Validity {
    if let Some(why) = incomplete(waiver) {
        return Validity::Invalid(why);
    }
    let mut named = period.dossiers.iter().enumerate().filter(|(_, dossier)| begins_with(dossier.change.id(), &waiver.change));
    let (Some((position, dossier)), None) = (named.next(), named.next()) else {
        return Validity::Unknown(format!("`{}` does not name one change of this period", shown(&waiver.change)));
    };
    if let Some(reason) = &dossier.classification.out_of_scope {
        return Validity::Invalid(format!("its change does not count: {}", shown(reason)));
    }
    against(period, waiver, dossier).unwrap_or(Validity::Valid(number(position)))
}

/// What the waiver lacks in itself.
fn incomplete(waiver: &Waiver) -> Option<String> {
    let Some(card) = listings().map(|listing| listing.card).find(|card| card.id == waiver.check) else {
        return Some(format!("`{}` is not a check", shown(&waiver.check)));
    };
    if !card.is_waivable() {
        return Some(format!("nobody may waive `{}`", card.id));
    }
    let digits = waiver.change.len() >= DIGITS && waiver.change.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = [
        (!digits, "its change is not named by at least 12 hexadecimal digits"),
        (waiver.reason.trim().is_empty(), "it gives no reason"),
        (waiver.ticket.trim().is_empty(), "it names no ticket"),
        (waiver.until.trim().is_empty(), "it has no last day"),
        (waiver.approver.key().is_empty(), "it names no approver"),
    ];
    parts.into_iter().find(|(lacks, _)| *lacks).map(|(_, why)| why.to_owned())
}

/// What speaks against the waiver in its change.
fn against(period: &Period<'_>, waiver: &Waiver, dossier: &Dossier) -> Option<Validity> {
    let Some(day) = day_of(&dossier.change.commit.committer.when, period.settings.period_offset) else {
        return Some(Validity::Unknown("the committer date of its change cannot be read".to_owned()));
    };
    if waiver.until < day {
        return Some(Validity::Invalid(format!("it ended on {}, its change is of {day}", shown(&waiver.until))));
    }
    let register = Register::of(period.settings);
    let committer = (dossier.change.commit.committer.person.clone(), "the committer");
    let author = (dossier.change.commit.author.person.clone(), "the author");
    let mut unclear = None;
    for (person, role) in authors(dossier).chain([author, committer]) {
        let approver = shown_person(&waiver.approver);
        match register.compare(&waiver.approver, &person) {
            Sameness::Different => {}
            Sameness::Same(how) => {
                return Some(Validity::Invalid(format!("its approver {approver} is {role} of the change ({how})")));
            }
            Sameness::Unclear(why) => {
                unclear = unclear.or(Some(Validity::Unknown(format!("its approver {approver} may be {role} ({why})"))));
            }
        }
    }
    unclear
}

/// Whether an id begins with hexadecimal digits of either case.
fn begins_with(id: CommitId, digits: &str) -> bool {
    let nibble = |position: usize| {
        let byte = id.0.as_bytes().get(position / 2)?;
        char::from_digit(u32::from(if position.is_multiple_of(2) { byte >> 4 } else { byte & 15 }), 16)
    };
    digits.chars().enumerate().all(|(position, digit)| nibble(position) == Some(digit.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{dossier, id, merge, settings, told, with_period};
    use crate::checks::{Catalogue, Status, Subject, statuses};
    use crate::settings::Settings;
    use crate::text::Person;

    fn waiver(check: &str, n: u8) -> Waiver {
        Waiver {
            line: 1,
            check: check.to_owned(),
            change: id(n).short(),
            reason: "accepted".to_owned(),
            approver: Person::new("Grace Example", "grace@example.com"),
            ticket: "SEC-9".to_owned(),
            until: "2026-12-31".to_owned(),
        }
    }

    fn run(settings: &Settings, dossiers: &[Dossier]) -> (Vec<String>, Vec<Assessment>, Vec<Status>) {
        let catalogue = Catalogue::configured(settings).0;
        with_period(settings, dossiers, |period| {
            let assessments = catalogue.assess(period);
            let about = assessments.iter().flat_map(|a| &a.findings).filter(|f| matches!(f.subject, Subject::Waiver(_)));
            let words = told(&about.cloned().collect::<Vec<_>>());
            let statuses = statuses(period, &assessments);
            (words, assessments, statuses)
        })
    }

    #[test]
    fn a_valid_waiver_stands_beside_the_exception_and_does_not_replace_it() {
        let mut settings = settings();
        settings.waivers = vec![waiver("ticket-missing", 1), waiver("ticket-missing", 1), waiver("clock-anomaly", 1)];
        let (told, assessments, _) = run(&settings, &[dossier(1, "Say why")]);
        assert_eq!(told[0], "no exception");
        assert!(told[1].starts_with("exception: it is not used") && told[2].starts_with("exception: it is not used"), "{told:?}");
        let finding = &assessments.iter().find(|a| a.card.id == "ticket-missing").unwrap().findings[0];
        assert!(matches!(finding.outcome, Outcome::Exception(_)) && finding.waiver == Some(0));
    }

    #[test]
    fn what_is_wrong_with_a_waiver_is_said() {
        let mut settings = settings();
        let change = |change: fn(&mut Waiver)| {
            let mut waiver = waiver("ticket-missing", 1);
            change(&mut waiver);
            waiver
        };
        settings.waivers = vec![
            change(|w| w.reason = " ".to_owned()),
            change(|w| w.ticket.clear()),
            change(|w| w.until = "2026-01-05".to_owned()),
            change(|w| w.approver = Person::new("A", "ALICE@example.com")),
            change(|w| w.approver = Person::new("Alice Example", "alice@home.example.org")),
            change(|w| w.change = "0102".to_owned()),
            change(|w| w.change = "abcdefabcdef".to_owned()),
            waiver("history-incomplete", 1),
            waiver("waiver-invalid", 1),
        ];
        let (told, ..) = run(&settings, &[dossier(1, "Say why")]);
        assert_eq!(
            told,
            [
                "exception: it gives no reason",
                "exception: it names no ticket",
                "exception: it ended on 2026-01-05, its change is of 2026-01-06",
                "exception: its approver A <ALICE@example.com> is the author of the change (same address)",
                "not assessable: its approver Alice Example <alice@home.example.org> may be the author (same name, another address)",
                "exception: its change is not named by at least 12 hexadecimal digits",
                "not assessable: `abcdefabcdef` does not name one change of this period",
                "exception: nobody may waive `history-incomplete`",
                "exception: nobody may waive `waiver-invalid`",
            ]
        );
    }

    #[test]
    fn whoever_merged_may_not_waive_it_either() {
        let mut settings = settings();
        settings.waivers = vec![Waiver { approver: Person::new("", "alice@example.com"), ..waiver("ticket-missing", 2) }];
        let mut side = crate::checks::samples::commit(9, "side");
        side.author.person = crate::checks::samples::person("Carol", "carol@example.com");
        let (told, ..) = run(&settings, &[dossier(1, "one"), merge(2, "Merge", vec![side])]);
        assert!(told[0].contains("is the author of the change"), "{told:?}");
    }

    #[test]
    fn every_change_has_one_status() {
        let mut settings = crate::checks::samples::settings_with(
            "[checks.review-missing]\nenabled = false\n[checks.direct-push]\nenabled = false\n[checks.clock-anomaly]\nenabled = false",
        );
        settings.waivers = vec![waiver("ticket-missing", 1)];
        let mut outside = dossier(3, "Say why");
        outside.classification.out_of_scope = Some("excluded".into());
        let mut ticketed = dossier(4, "Say why");
        ticketed.evidence.tickets = vec![crate::checks::samples::ticket("SEC-1", crate::evidence::TicketRelation::Own)];
        let (_, _, statuses) = run(&settings, &[dossier(1, "Say why"), dossier(2, "Say why"), outside, ticketed]);
        assert_eq!(statuses, [Status::WaivedOnly, Status::Exception, Status::OutOfScope, Status::NoException]);
    }
}
