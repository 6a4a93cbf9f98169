//! Was the emergency closed properly?

use std::sync::LazyLock;

use regex::Regex;

use super::catalogue::{Family, Listing};
use super::register::Sameness;
use super::review::{Approvals, Standing, authors};
use super::tickets::records::{LookUp, TicketRecords, account_words, arrived};
use super::tickets::{Reasons, reasons, words_or};
use super::verdict::{Verdict, judge_each_change, shown, shown_person, some_of};
use super::{Card, Check, Finding, Gate, Period, Severity};
use crate::evidence::recorded::{Account, RecordedTicket};
use crate::evidence::{ArrivalKind, Citation, Claim, Dossier, Exports, Grade, Place, Source};
use crate::settings::reader::Section;
use crate::text::utc_seconds;

pub(super) const FAMILY: Family = Family {
    name: "emergency",
    question: "Was the emergency closed properly?",
    checks: &[Listing { card: &EMERGENCY_INCOMPLETE, configure: |section| Box::new(EmergencyIncomplete::configured(section)) }],
};

pub(super) static EMERGENCY_INCOMPLETE: Card = Card {
    id: "emergency-incomplete",
    requirement: "An emergency change is marked as one, names its incident and its reason, and somebody else approves it, at the latest \
                  within the time limit.",
    rationale: "The way past the usual controls has to exist, and it is where they are evaded. What keeps it honest is that each use is \
                named, has a cause, and is looked at soon afterwards.",
    remedy: "Have the change reviewed now, and record the incident and the approval in the response column. Mark emergencies with a \
             trailer `Emergency: reason`.",
    severity: Severity::High,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("PCI DSS 4.0", "6.5.1"),
        ("SOX ITGC", "change management"),
        ("BSI", "OPS.1.1.3"),
    ],
    needs: "the mark in the message; exports of the forge and the ticket system for the late approval and the kind of the ticket",
    waivable_by: "the change manager, not the author of the change",
    settings: &[
        ("approval_hours", "72", "how many hours after its arrival an emergency may still be approved"),
        ("incident_projects", "[]", "projects whose tickets are incidents, e.g. [\"OPS\"], beside INC numbers"),
        ("incident_types", "[\"Incident\", \"Emergency\"]", "types of tickets that are incidents, without regard to case"),
        (
            "signs",
            "[]",
            "more words in a title or branch that look like an emergency, beside hotfix, urgent, outage, emergency, \
                         break-glass, sev-0, sev-1 and p0",
        ),
    ],
    since: "0.1.0",
    limits: "It knows emergencies by their mark, and others by words in the title or the branch, or by the type of the ticket. An \
             approval that was still due when the exports were made is not there yet, and counts as missing.",
};

/// Words that look like an emergency.
const SIGNS: &str = r"hot-?fix|urgent|emergency|outage|break-?glass|sev-?[01]|p0";

/// See [`EMERGENCY_INCOMPLETE`].
#[derive(Debug)]
struct EmergencyIncomplete {
    seconds: i64,
    incident_projects: Vec<String>,
    incident_types: Vec<String>,
    signs: Vec<String>,
}

/// One of the things that an emergency needs.
enum Part {
    Held(Grade),
    Missing(String),
    Unknown(String),
}

/// What the period gives to judge a change by.
struct Given<'a> {
    approvals: Approvals<'a>,
    records: TicketRecords<'a>,
    reasons: Reasons,
    exports: &'a Exports,
}

impl Given<'_> {
    /// Whether an approval that was given would be known.
    fn tells_approvals(&self, dossier: &Dossier) -> bool {
        self.exports.tell_proposal_of(dossier)
            && dossier.link.as_ref().is_none_or(|link| link.tells_reviews && link.has_all_reviews)
    }
}

impl EmergencyIncomplete {
    fn configured(section: &mut Section) -> Self {
        let lower = |section: &mut Section, name: &'static str| -> Vec<String> {
            section.strings(name).unwrap_or_default().into_iter().map(|(_, word)| word.to_lowercase()).collect()
        };
        Self {
            seconds: section.integer("approval_hours", 72, 1..=8760) * 3600,
            incident_projects: lower(section, "incident_projects"),
            incident_types: words_or(section, "incident_types", &["Incident", "Emergency"]),
            signs: lower(section, "signs"),
        }
    }

    fn judge(&self, dossier: &Dossier, given: &Given<'_>) -> Verdict {
        if let Some(mark) = &dossier.evidence.emergency {
            return self.judge_marked(dossier, mark, given);
        }
        match self.sign(dossier, &given.records) {
            Some((sign, citation)) => judge_unmarked(dossier, &sign, given).citing([citation]),
            None => Verdict::not_applicable(),
        }
    }

    fn judge_marked(&self, dossier: &Dossier, mark: &Claim<Box<str>>, given: &Given<'_>) -> Verdict {
        let parts =
            [self.incident(dossier, &given.records), reason(dossier, mark, &given.reasons), self.approval(dossier, given)];
        let (mut missing, mut unknown, mut grade) = (Vec::new(), Vec::new(), mark.grade);
        for part in parts {
            match part {
                Part::Held(held) => grade = grade.min(held),
                Part::Missing(what) => missing.push(what),
                Part::Unknown(why) => unknown.push(why),
            }
        }
        let marked = format!("marked `{}`", shown(&mark.value));
        let citation = [mark.citation.clone()];
        match (missing.is_empty(), unknown.is_empty()) {
            (true, true) => Verdict::pass(grade),
            (true, false) => Verdict::not_assessable(format!("{marked}: {}", unknown.join("; "))).citing(citation),
            (false, _) => {
                missing.append(&mut unknown);
                Verdict::exception(grade, format!("{marked}: {}", missing.join("; "))).citing(citation)
            }
        }
    }

    /// Whether an incident is named.
    fn incident(&self, dossier: &Dossier, records: &TicketRecords<'_>) -> Part {
        let (mut others, mut unknown) = (Vec::new(), Vec::new());
        for claim in reasons(dossier) {
            let id = &*claim.value.id;
            if self.is_incident_number(id) {
                return Part::Held(claim.grade);
            }
            match records.find(&claim.value) {
                LookUp::Found(ticket) if self.is_incident(ticket) => return Part::Held(Grade::Recorded),
                LookUp::Found(ticket) if ticket.kind.is_empty() => {
                    unknown.push(format!("the export does not tell the type of {}", shown(id)));
                }
                LookUp::Found(ticket) => others.push(format!("{} is a {}", shown(id), shown(&ticket.kind))),
                LookUp::Missing => others.push(format!("{} is not in the export of its system", shown(id))),
                LookUp::NotChecked(reason) => {
                    unknown.push(format!("whether {} is an incident cannot be told: {reason}", shown(id)));
                }
            }
        }
        match (unknown.is_empty(), others.is_empty()) {
            (false, _) => Part::Unknown(some_of(unknown)),
            (true, true) => Part::Missing("no incident is named".to_owned()),
            (true, false) => Part::Missing(format!("no incident is named: {}", some_of(others))),
        }
    }

    /// `INC0012345`, or a ticket of a project that the settings name.
    fn is_incident_number(&self, id: &str) -> bool {
        let id = id.to_lowercase();
        let number =
            id.strip_prefix("inc").is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()));
        let of = |project: &String| id.strip_prefix(project.as_str()).is_some_and(|rest| rest.starts_with(['-', '#']));
        number || self.incident_projects.iter().any(of)
    }

    fn is_incident(&self, ticket: &RecordedTicket) -> bool {
        let kind = ticket.kind.to_lowercase();
        self.incident_types
            .iter()
            .any(|known| kind == known.to_lowercase() || kind == format!("[system] {}", known.to_lowercase()))
    }

    /// Whether somebody else approved it, before its arrival or soon after it.
    fn approval(&self, dossier: &Dossier, given: &Given<'_>) -> Part {
        let Some(arrived) = arrived(dossier) else {
            return Part::Unknown("when it arrived cannot be read".to_owned());
        };
        let weighed = given.approvals.weigh(dossier);
        if let Some(grade) = weighed.iter().filter(|review| review.counts()).map(|review| review.claim.grade).max() {
            return Part::Held(grade);
        }
        let late = weighed.iter().filter(|review| review.standing == Standing::TooLate);
        let late = late.filter_map(|review| {
            let at = utc_seconds(review.claim.value.at.as_deref()?)?;
            Some((at, shown_person(&review.claim.value.reviewer)))
        });
        let mut late: Vec<(i64, String)> = late.chain(ticket_approvals(dossier, given)).collect();
        late.sort_unstable();
        match late.first() {
            Some((at, _)) if at - arrived <= self.seconds => return Part::Held(Grade::Recorded),
            Some((at, by)) => {
                let (hours, limit) = ((at - arrived) / 3600, self.seconds / 3600);
                return Part::Missing(format!("approved by {by} {hours} hours after its arrival, and the limit is {limit}"));
            }
            None => {}
        }
        let undecided = weighed.iter().find(|review| matches!(review.standing, Standing::Unclear(..) | Standing::Unknown(_)));
        if let Some(review) = undecided {
            let who = shown_person(&review.claim.value.reviewer);
            return Part::Unknown(format!("whether the approval by {who} counts: it {}", review.standing.reason()));
        }
        if given.tells_approvals(dossier) {
            return Part::Missing("nobody else approved it, before or after".to_owned());
        }
        Part::Unknown("nothing that was given shows whether somebody approved it afterwards".to_owned())
    }

    /// What makes a change look like an emergency, and where that stands.
    fn sign(&self, dossier: &Dossier, records: &TicketRecords<'_>) -> Option<(String, Citation)> {
        // What stands in quotation marks is the title of another change, e.g. of a reverted one.
        let subject: String = dossier.change.commit.subject().split('"').step_by(2).collect::<Vec<_>>().join(" ");
        let subject = ("the title", &*subject, Citation { source: Source::Change, place: Place::Subject });
        let branch = dossier.evidence.proposal.as_ref();
        let branch = branch.and_then(|claim| Some(("the branch", claim.value.branch.as_deref()?, claim.citation.clone())));
        for (place, text, citation) in [Some(subject), branch].into_iter().flatten() {
            let own = || {
                let lower = text.to_lowercase();
                self.signs.iter().find(|sign| !sign.is_empty() && lower.contains(sign.as_str())).map(String::as_str)
            };
            if let Some(word) = known_sign(text).or_else(own) {
                return Some((format!("{place} says `{}`", shown(word)), citation));
            }
        }
        reasons(dossier).find_map(|claim| match records.find(&claim.value) {
            LookUp::Found(ticket) if ticket.kind.to_lowercase().contains("emergency") => {
                let told = format!("{} is of the type {}", shown(&ticket.id), shown(&ticket.kind));
                Some((told, ticket.place.citation()))
            }
            LookUp::Found(_) | LookUp::Missing | LookUp::NotChecked(_) => None,
        })
    }
}

/// The first of the known signs that stands on its own, not inside a longer word or number.
fn known_sign(text: &str) -> Option<&str> {
    static KNOWN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(&format!("(?i-u){SIGNS}")).ok());
    let known = KNOWN.as_ref()?;
    let mut from = 0;
    while let Some(found) = known.find_at(text, from) {
        let before = text.get(..found.start())?.chars().next_back();
        let after = text.get(found.end()..)?.chars().next();
        if ![before, after].into_iter().flatten().any(char::is_alphanumeric) {
            return Some(found.as_str());
        }
        from = found.start() + 1;
    }
    None
}

/// A change that looks like an emergency and is not marked: it may have gone the usual way.
fn judge_unmarked(dossier: &Dossier, sign: &str, given: &Given<'_>) -> Verdict {
    let weighed = given.approvals.weigh(dossier);
    let counting = weighed.iter().filter(|review| review.counts()).map(|review| review.claim.grade).max();
    if let Some(grade) = counting {
        return Verdict::pass_because(grade, format!("{sign}; it was approved before its arrival, as usual"));
    }
    let told = format!("{sign}, and it is not marked as an emergency");
    if given.tells_approvals(dossier) || dossier.arrival == ArrivalKind::Direct {
        return Verdict::exception(Grade::Asserted, format!("{told}; no approval before its arrival is known"))
            .at(Severity::Medium);
    }
    Verdict::not_assessable(format!("{told}; nothing that was given shows whether it was approved as usual"))
}

/// The reason: the mark's own words, or the message as `reason-missing` reads it.
fn reason(dossier: &Dossier, mark: &Claim<Box<str>>, reasons: &Reasons) -> Part {
    let words = mark.value.split_once(':').map_or("", |(_, words)| words).trim();
    let only_yes = ["", "yes", "true", "y", "1"].iter().any(|word| words.eq_ignore_ascii_case(word));
    if !only_yes || reasons.are_told(dossier) {
        return Part::Held(mark.grade);
    }
    Part::Missing("the message gives no reason".to_owned())
}

/// Approvals of its tickets by somebody who wrote none of it.
fn ticket_approvals(dossier: &Dossier, given: &Given<'_>) -> Vec<(i64, String)> {
    let independent = |account: &Account| {
        let person = account.person();
        let is_told = !(account.login.is_empty() && account.name.is_empty() && account.mail.is_empty());
        let of_proposal = dossier.link.iter().flat_map(|link| link.authors.iter().cloned());
        let mut wrote = authors(dossier).chain(of_proposal);
        is_told && wrote.all(|(author, _)| matches!(given.approvals.compare(&author, &person), Sameness::Different))
    };
    let mut found = Vec::new();
    for claim in reasons(dossier) {
        let LookUp::Found(ticket) = given.records.find(&claim.value) else { continue };
        let approvals = given.records.approvals(ticket).unwrap_or_default();
        for approval in approvals.iter().filter(|approval| approval.approved && independent(&approval.by)) {
            let at = approval.at.as_deref().and_then(utc_seconds);
            found.extend(at.map(|at| (at, format!("{} (ticket {})", shown(&account_words(&approval.by)), shown(&ticket.id)))));
        }
    }
    found
}

impl Check for EmergencyIncomplete {
    fn card(&self) -> &'static Card {
        &EMERGENCY_INCOMPLETE
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let given = Given {
            approvals: Approvals::of(period.settings),
            records: TicketRecords::of(period.exports, period.settings),
            reasons: Reasons::of(period.settings),
            exports: period.exports,
        };
        judge_each_change(&EMERGENCY_INCOMPLETE, period, |_, dossier| self.judge(dossier, &given))
    }
}

#[cfg(test)]
mod tests {
    use super::known_sign;

    #[test]
    fn a_sign_is_a_word_of_its_own() {
        let signs = [
            ("Hotfix: let probes through", Some("Hotfix")),
            ("HOT-FIX_7", Some("HOT-FIX")),
            ("hotfixes and (URGENT)", Some("URGENT")),
            ("sev1: outage", Some("sev1")),
            ("sev12, p01, xp0", None),
            ("\u{e9}urgent, urgent\u{e9}", None),
            ("zzp0 p0", Some("p0")),
            ("", None),
        ];
        for (text, sign) in signs {
            assert_eq!(known_sign(text), sign, "{text}");
        }
    }
}
