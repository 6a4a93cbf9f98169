//! Was the effect of a weakened policy looked at before it took effect?

use super::statements::{self, Statement};
use super::{
    Card, Check, Families, Finding, Gate, Listing, Part, Period, Section, Severity, Verdict, citations, judge_each_change, shown,
};
use crate::changes::Commit;
use crate::checks::tickets::reasons;
use crate::checks::tickets::records::{LookUp, TicketRecords};
use crate::evidence::recorded::{CheckConclusion, RecordedCheck, RecordedProposal};
use crate::evidence::{ArrivalKind, Citation, Dossier, Exports, Grade, Place, Source};
use crate::policies::Direction;

pub(super) const LISTING: Listing =
    Listing { card: &IMPACT_UNTESTED, configure: |section| Box::new(ImpactUntested::configured(section)) };

static IMPACT_UNTESTED: Card = Card {
    id: "impact-untested",
    requirement: "Where a policy is made weaker, somebody has written down what that does, or has tested it.",
    rationale: "A policy that protects less is a decision about risk. Without a statement of its impact nobody who approved it can have \
                weighed it.",
    remedy: "Ask the author what the change lets through, and record it in the response column. Put a section `Impact` into the \
             template of proposals.",
    severity: Severity::Medium,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-4"),
        ("PCI DSS 4.0", "6.5.1"),
        ("NERC CIP", "CIP-010-4 R1"),
    ],
    needs: "the message; exports of the forge and the ticket system with descriptions, and check results where they are exported",
    waivable_by: "the owner of the policy, not the author of the change",
    settings: &[
        super::FAMILIES_SETTING,
        (
            "checks",
            "[]",
            "names of check results that test policies, beside those whose name holds test, policy, policies, gator, conftest, kyverno \
             or dry-run",
        ),
    ],
    since: "0.1.0",
    limits: "It finds statements by their label, such as `Impact:`, `Risk assessment` or `Test plan`; it does not judge what they say. A \
             check result proves that a check of that name passed, not that it looks at this policy.",
};

/// Parts of names of checks that test policies.
const TESTS: &[&str] = &["test", "policy", "policies", "gator", "conftest", "kyverno", "dry-run", "dryrun"];

/// See [`IMPACT_UNTESTED`].
#[derive(Debug)]
struct ImpactUntested {
    families: Families,
    checks: Vec<String>,
}

/// What was found in the places where a statement may stand.
#[derive(Default)]
struct Search {
    /// The statement or the result, its grade and its place.
    found: Option<(String, Grade, Citation)>,
    /// Places that were looked at.
    seen: Vec<String>,
    /// Places that may hold one and could not be looked at, and why.
    unseen: Vec<String>,
}

impl Search {
    /// Looks into the message of a commit.
    fn look_into(&mut self, place: String, commit: &Commit, source: Source) {
        let found = statements::find_in_message(&commit.message.value);
        self.note(place, found, Grade::Asserted, |line| Citation { source, place: Place::Body(line) });
    }

    /// Looks into the text of a proposal or a ticket; an export may not hold it.
    fn look(&mut self, place: String, text: &str, at: Citation) {
        let place = if text.trim().is_empty() { format!("{place} (no text of it in the export)") } else { place };
        self.note(place, statements::find(text), Grade::Recorded, |_| at);
    }

    fn note(&mut self, place: String, found: Option<Statement>, grade: Grade, cite: impl FnOnce(u32) -> Citation) {
        match found {
            Some(statement) if self.found.is_none() => {
                self.found = Some((format!("{place} says: {}", statement.words), grade, cite(statement.line)));
            }
            Some(_) | None => self.seen.push(place),
        }
    }
}

impl ImpactUntested {
    fn configured(section: &mut Section) -> Self {
        let checks = section.strings("checks").unwrap_or_default();
        let checks = checks.into_iter().map(|(_, name)| name.to_lowercase()).collect();
        Self { families: Families::configured(section), checks }
    }

    fn judge(&self, dossier: &Dossier, exports: &Exports, records: &TicketRecords<'_>) -> Verdict {
        let parts = self.families.parts(dossier);
        let weakened: Vec<&Part<'_>> = parts.iter().filter(|part| part.direction() == Direction::Weakened).collect();
        let Some(first) = weakened.first() else { return Verdict::not_applicable() };
        let mut search = Search::default();
        in_messages(dossier, &mut search);
        self.in_proposal(dossier, exports, &mut search);
        in_tickets(dossier, records, &mut search);
        if let Some((told, grade, citation)) = search.found {
            return Verdict::pass_because(grade, told).citing([citation]);
        }
        let looked_at = super::some_of(search.seen);
        if search.unseen.is_empty() {
            let because = format!("{}; no statement of impact or test in {looked_at}", first.sentence());
            return Verdict::exception(Grade::Structural, because).citing(citations(&weakened));
        }
        let because = format!("none in {looked_at}; {}", super::some_of(search.unseen));
        Verdict::not_assessable(because).citing(citations(&weakened))
    }

    fn in_proposal(&self, dossier: &Dossier, exports: &Exports, search: &mut Search) {
        let Some(link) = &dossier.link else {
            if !exports.tell_proposal_of(dossier) && dossier.arrival != ArrivalKind::Direct {
                search.unseen.push("its proposal, if there is one, is in no export that was given".to_owned());
            }
            return;
        };
        let Some(proposal) = exports.proposals.get(link.proposal) else { return };
        let id = shown(&proposal.id);
        search.look(format!("proposal {id}"), &proposal.body, proposal.place.citation());
        if search.found.is_none()
            && let Some(check) = self.passed(proposal)
        {
            let told = format!("the check {} passed on proposal {id}", shown(&check.name));
            search.found = Some((told, Grade::Recorded, check.place.citation()));
        }
    }

    /// The first check of policies that passed on what landed, and did not fail there beside that.
    fn passed<'p>(&self, proposal: &'p RecordedProposal) -> Option<&'p RecordedCheck> {
        let tests = |check: &RecordedCheck| {
            let name = check.name.to_lowercase();
            TESTS.iter().any(|part| name.contains(part)) || self.checks.contains(&name)
        };
        let is_final = |check: &RecordedCheck| {
            check.commit.is_none_or(|commit| proposal.head == Some(commit) || proposal.landed.contains(&commit))
        };
        let counting = || proposal.checks.iter().filter(|check| tests(check) && is_final(check));
        let failed = |name: &str| counting().any(|check| check.conclusion == CheckConclusion::Failed && check.name == name);
        counting().find(|check| check.conclusion == CheckConclusion::Passed && !failed(&check.name))
    }
}

fn in_messages(dossier: &Dossier, search: &mut Search) {
    search.look_into("the message".to_owned(), &dossier.change.commit, Source::Change);
    let before = search.seen.len();
    for side in &dossier.change.side_commits {
        search.look_into(format!("side commit {}", side.id.0.short()), side, Source::SideCommit(side.id));
    }
    if search.seen.len() > before {
        search.seen.truncate(before);
        search.seen.push("its side commits".to_owned());
    }
}

fn in_tickets(dossier: &Dossier, records: &TicketRecords<'_>, search: &mut Search) {
    for claim in reasons(dossier) {
        match records.find(&claim.value) {
            LookUp::Found(ticket) => {
                search.look(format!("ticket {}", shown(&ticket.id)), &ticket.text, ticket.place.citation());
            }
            LookUp::Missing => {
                search.seen.push(format!("ticket {} (not in the export of its system)", shown(&claim.value.id)));
            }
            LookUp::NotChecked(reason) => search.unseen.push(reason),
        }
    }
}

impl Check for ImpactUntested {
    fn card(&self) -> &'static Card {
        &IMPACT_UNTESTED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let records = TicketRecords::of(period.exports, period.settings);
        judge_each_change(&IMPACT_UNTESTED, period, |_, dossier| self.judge(dossier, period.exports, &records))
    }
}
