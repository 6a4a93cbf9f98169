//! Do the branch and the forge tell of the same changes?

use crate::checks::catalogue::Listing;
use crate::checks::register::Register;
use crate::checks::verdict::{Verdict, counted, judge_each_change, shown, some_of};
use crate::checks::{Card, Check, Finding, Gate, Period, Severity, Subject};
use crate::evidence::recorded::RecordedProposal;
use crate::evidence::{ArrivalKind, Dossier, Fate, Grade};

pub(super) const LISTING: Listing = Listing { card: &POPULATION_UNRECONCILED, configure: |_| Box::new(PopulationUnreconciled) };

static POPULATION_UNRECONCILED: Card = Card {
    id: "population-unreconciled",
    requirement: "Every change on the branch belongs to a merged proposal of the forge, and every merged proposal to a change.",
    rationale: "A list of changes is complete only when a second, independent list says the same. A change without a proposal went \
                around the process; a merged proposal without a change was undone, or landed somewhere else.",
    remedy: "Find out how the change came in, or where the proposal went. Export again when a page is missing.",
    severity: Severity::High,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("NIST SP 800-53", "CM-5"),
        ("SOX ITGC", "completeness of population"),
    ],
    needs: "an export of every merged proposal of the period",
    waivable_by: "the change manager, not the author of the change",
    settings: &[],
    since: "0.1.0",
    limits: "Which proposals belong to the period is told by their recorded time and target branch. Whether the export has every page is \
             known only as far as the pages say so.",
};

/// See [`POPULATION_UNRECONCILED`].
#[derive(Debug)]
struct PopulationUnreconciled;

impl Check for PopulationUnreconciled {
    fn card(&self) -> &'static Card {
        &POPULATION_UNRECONCILED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let given = !period.exports.proposals.is_empty();
        let register = Register::of(period.settings);
        let whole = if given { judge_proposals(period) } else { Verdict::not_applicable() };
        let changes = judge_each_change(&POPULATION_UNRECONCILED, period, |_, dossier| {
            if given { judge_change(dossier, &register, period) } else { Verdict::not_applicable() }
        });
        [whole.about(Subject::Period, &POPULATION_UNRECONCILED)].into_iter().chain(changes).collect()
    }
}

fn judge_change(dossier: &Dossier, register: &Register<'_>, period: &Period<'_>) -> Verdict {
    const NONE: &str = "no merged proposal of the export landed as this change";
    if let Some(link) = &dossier.link {
        return match &link.conflict {
            Some(conflict) => Verdict::exception(Grade::Recorded, shown(conflict)),
            None => Verdict::pass(Grade::Recorded),
        };
    }
    let is_bots_own = register.bot_author(dossier).is_some_and(|bot| !bot.paths.is_empty());
    if dossier.arrival == ArrivalKind::Initial || is_bots_own {
        return Verdict::not_applicable();
    }
    if let Some(id) = period.exports.may_be_of.get(&dossier.change.id()) {
        return Verdict::not_assessable(format!("it may be a commit of {}, whose commits the export does not list", shown(id)));
    }
    match period.exports.missing_proposals.first() {
        Some(gap) => Verdict::not_assessable(format!("{NONE}, and the export lacks some: {}", shown(gap))),
        None => Verdict::exception(Grade::Recorded, NONE),
    }
}

/// The other way round: merged proposals that no change is linked to.
fn judge_proposals(period: &Period<'_>) -> Verdict {
    let fates = period.exports.fates.iter().zip(&period.exports.proposals);
    let lost: Vec<&RecordedProposal> =
        fates.filter(|(fate, _)| **fate == Fate::WithoutChange).map(|(_, proposal)| proposal).collect();
    if !lost.is_empty() {
        let named = some_of(lost.iter().map(|proposal| shown(&proposal.id)));
        let count = counted(lost.len(), "merged proposal");
        return Verdict::exception(Grade::Recorded, format!("{count} of the period without a change on the branch: {named}"));
    }
    match period.exports.gaps.first() {
        Some(gap) => Verdict::not_assessable(format!("the export may not be whole: {}", shown(gap))),
        None => Verdict::pass(Grade::Recorded),
    }
}
