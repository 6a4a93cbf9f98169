//! Who guards the guards?

use super::catalogue::{Family, Listing};
use super::verdict::{Verdict, counted, header, judge_each_change, own_gap, shown, shown_path, some_of};
use super::waivers::{Validity, validity};
use super::{Assessment, Card, Check, Finding, Gate, Period, Severity, Subject};
use crate::changes::{FileEdit, GapAbout};
use crate::evidence::gate_records::Decided;
use crate::evidence::{Dossier, Grade};
use crate::settings::{Layer, Settings};

pub(super) const FAMILY: Family = Family {
    name: "guards",
    question: "Who guards the guards?",
    checks: &[
        Listing { card: &GUARD_CHANGED, configure: |_| Box::new(GuardChanged) },
        Listing { card: &GATE_BYPASSED, configure: |_| Box::new(GateBypassed) },
        Listing { card: &WAIVER_INVALID, configure: |_| Box::new(WaiverInvalid) },
    ],
};

static GUARD_CHANGED: Card = Card {
    id: "guard-changed",
    requirement: "Changes of what guards the process itself (owners, CI files, settings, waivers) are few, and each is looked at.",
    rationale: "Whoever changes the rules changes what every later check can find.",
    remedy: "Confirm with the owner of the process that the change was wanted, and that the checks still run as before.",
    severity: Severity::High,
    gate: Gate::Landing,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("NIST SP 800-53", "CM-5"),
        ("NERC CIP", "CIP-010-4 R1"),
    ],
    needs: "the paths of the change",
    waivable_by: "the owner of the process, not the author of the change",
    settings: &[],
    since: "0.1.0",
    limits: "It sees files of this repository only. Branch protection, groups and rules that the forge keeps are not in Git, nor are \
             CI files that live in another repository. More guarding paths are named in [guards] paths.",
};

/// See [`GUARD_CHANGED`].
#[derive(Debug)]
struct GuardChanged;

impl GuardChanged {
    fn judge(dossier: &Dossier, settings: &Settings) -> Verdict {
        let edits = &dossier.change.commit.file_edits;
        let mut classes = dossier.classification.files.iter();
        let guards = edits.iter().filter(|edit| {
            let governance = classes.next().is_some_and(|class| class.layers.union(class.moved_from).contains(Layer::Governance));
            governance || is_listed(edit, settings)
        });
        let guards: Vec<String> = guards.map(|edit| shown_path(&edit.path)).collect();
        if !guards.is_empty() {
            let files = counted(guards.len(), "guarding file");
            return Verdict::exception(Grade::Structural, format!("{files} changed: {}", some_of(guards))).citing([header()]);
        }
        match own_gap(&dossier.change.commit, GapAbout::FileEdits) {
            Some(gap) => Verdict::not_assessable(gap.reason.clone()),
            None => Verdict::pass(Grade::Structural),
        }
    }
}

fn is_listed(edit: &FileEdit, settings: &Settings) -> bool {
    let mut paths = std::iter::once(&edit.path).chain(edit.old_path.as_ref());
    !settings.guards.is_empty() && paths.any(|path| settings.guards.is_match(&*path.to_text()))
}

impl Check for GuardChanged {
    fn card(&self) -> &'static Card {
        &GUARD_CHANGED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        judge_each_change(&GUARD_CHANGED, period, |_, dossier| Self::judge(dossier, period.settings))
    }
}

static GATE_BYPASSED: Card = Card {
    id: "gate-bypassed",
    requirement: "Every change passed the gate before it arrived.",
    rationale: "A gate that can be gone around, or that was switched off for a while, proves nothing about the changes of that time.",
    remedy: "Find out how the change came in without the gate: a branch without protection, an administrator's push, a job that did \
             not run. `countersign gate --replay` tells what the gate would have said.",
    severity: Severity::High,
    gate: Gate::Replay,
    references: &[
        ("SOC 2", "CC7.1"),
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("NIST SP 800-53", "CM-5"),
    ],
    needs: "decision records of the gate (`--evidence`)",
    waivable_by: "the owner of the process, not the author of the change",
    settings: &[],
    since: "0.1.0",
    limits: "A record is matched by the commits or the tree that were judged; after a squash onto a branch that had moved on, neither \
             is what landed, and the change counts as without a record. A record proves what the gate decided, not who kept the \
             file: take it from the CI system or the server itself. When it was decided is not compared with the arrival.",
};

/// See [`GATE_BYPASSED`].
#[derive(Debug)]
struct GateBypassed;

impl GateBypassed {
    fn judge(dossier: &Dossier, was_in_operation: bool) -> Verdict {
        let Some(decision) = &dossier.gate else {
            return if was_in_operation {
                Verdict::exception(Grade::Recorded, "no decision record of the gate is about this change")
            } else {
                Verdict::not_assessable("it arrived before the first change that a decision record is about")
            };
        };
        let told = format!(
            "the gate {} it at {} ({}, {})",
            said(decision.decided),
            decision.at,
            decision.matched_by.words(),
            shown(&decision.file)
        );
        match decision.decided {
            Decided::Passed => Verdict::pass_because(Grade::Recorded, told),
            Decided::Refused | Decided::Inconclusive => Verdict::exception(Grade::Recorded, format!("{told}, and it arrived")),
        }
    }
}

fn said(decided: Decided) -> &'static str {
    match decided {
        Decided::Passed => "passed",
        Decided::Refused => "refused",
        Decided::Inconclusive => "could not conclude about",
    }
}

impl Check for GateBypassed {
    fn card(&self) -> &'static Card {
        &GATE_BYPASSED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let first = period.dossiers.iter().position(|dossier| dossier.gate.is_some());
        judge_each_change(&GATE_BYPASSED, period, |position, dossier| {
            if period.exports.rulings() == 0 {
                return Verdict::not_applicable();
            }
            Self::judge(dossier, first.is_some_and(|first| position >= first))
        })
    }
}

static WAIVER_INVALID: Card = Card {
    id: "waiver-invalid",
    requirement: "Each waiver stands for a real exception, names reason, ticket and an independent approver, and was in force when the \
                  change arrived.",
    rationale: "A waiver that nobody needs, that nobody but the author accepted, or that has ended, makes exceptions look accepted that \
                are not.",
    remedy: "Remove the waiver, or have somebody else accept the exception with a reason, a ticket and an end date.",
    severity: Severity::High,
    gate: Gate::Record,
    references: &[("SOC 2", "CC3.2"), ("NIST SP 800-53", "RA-7"), ("NIST SP 800-53", "CA-5"), ("ISO 27001:2022", "8.3")],
    needs: "the waivers of the settings, and the findings of every other check",
    waivable_by: super::NOBODY,
    settings: &[],
    since: "0.1.0",
    limits: "A waiver of a change outside the period is not assessable here. That the approver may accept the risk, and that the ticket \
             says so, is not checked. The day of arrival is the committer date, which is only asserted.",
};

/// See [`WAIVER_INVALID`].
#[derive(Debug)]
struct WaiverInvalid;

impl Check for WaiverInvalid {
    fn card(&self) -> &'static Card {
        &WAIVER_INVALID
    }

    fn assess(&self, _period: &Period<'_>) -> Vec<Finding> {
        Vec::new()
    }

    fn assess_conclusions(&self, period: &Period<'_>, others: &[Assessment]) -> Vec<Finding> {
        let used: std::collections::BTreeSet<u16> =
            others.iter().flat_map(|other| &other.findings).filter_map(|finding| finding.waiver).collect();
        let judge = |(position, waiver)| {
            let verdict = match validity(period, waiver) {
                Validity::Invalid(why) => Verdict::exception(Grade::Asserted, why),
                Validity::Unknown(why) => Verdict::not_assessable(why),
                Validity::Valid(_) if used.contains(&position) => Verdict::pass(Grade::Asserted),
                Validity::Valid(_) => Verdict::exception(Grade::Asserted, unused(&waiver.check)),
            };
            verdict.about(Subject::Waiver(position), &WAIVER_INVALID)
        };
        (0..).zip(&period.settings.waivers).map(judge).collect()
    }
}

fn unused(check: &str) -> String {
    format!("it is not used: `{}` found no exception there that another waiver does not cover", shown(check))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{assess, dossier, globs, outcomes, settings, told, with_files};

    #[test]
    fn guards_are_known_by_layer_and_by_settings() {
        let changes = [
            with_files(dossier(1, "one"), &[("CODEOWNERS", &[Layer::Governance])]),
            with_files(dossier(2, "two"), &[("policies/OWNERS", &[Layer::Security])]),
            with_files(dossier(3, "three"), &[("policies/np.yaml", &[Layer::Security])]),
        ];
        let mut settings = settings();
        settings.guards = globs(&["policies/OWNERS"]);
        let findings = assess(&GUARD_CHANGED, &settings, &changes);
        assert_eq!(outcomes(&findings), ["exception", "exception", "no exception"]);
        assert_eq!(told(&findings)[1], "exception: 1 guarding file changed: policies/OWNERS");
    }
}
