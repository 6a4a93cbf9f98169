//! Did it come the proper way?

use super::catalogue::{Family, Listing};
use super::register::Register;
use super::review::{Custom, Expect};
use super::verdict::{Verdict, counted, gap_about, header, judge_each_change, shown, shown_path, side_header, some_of};
use super::{Card, Check, Finding, Gate, Period, Severity};
use crate::changes::{Commit, GapAbout, MergeContent};
use crate::evidence::{ArrivalKind, Citation, Dossier, Exports, Grade, Place, Source};
use crate::settings::reader::Section;

pub(super) const FAMILY: Family = Family {
    name: "path",
    question: "Did it come the proper way?",
    checks: &[
        Listing { card: &DIRECT_PUSH, configure: |section| Box::new(DirectPush::configured(section)) },
        Listing { card: &MERGE_ADDS_CONTENT, configure: |_| Box::new(MergeAddsContent) },
    ],
};

static DIRECT_PUSH: Card = Card {
    id: "direct-push",
    requirement: "Every change arrives through a proposal: a pull request, a merge request or a review change.",
    rationale: "Whoever can push to the branch directly goes past review, tests and approval in one step.",
    remedy: "Ask who pushed and why. Protect the branch, also against administrators, and keep the forge's record of exceptions.",
    severity: Severity::Critical,
    gate: Gate::OnDemand,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.4"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-5"),
        ("PCI DSS 4.0", "6.5.1"),
        ("SOX ITGC", "change management"),
        ("BSI", "OPS.1.1.3"),
    ],
    needs: "the first-parent chain, and marks of proposals in messages",
    waivable_by: "the head of the department, not the author of the change",
    settings: &[
        (
            "expect",
            "\"auto\"",
            "whether the mark of a proposal is expected in Git: always, never, or auto: when at least half of the period's changes carry one",
        ),
        (
            "minimum_grade",
            "\"asserted\"",
            "how strong the proof of the proposal must be: asserted (a mark in the message) or recorded",
        ),
    ],
    since: "0.1.0",
    limits: "The mark of a proposal is text in a message; anybody can write it, and a forge that rebases leaves none. Only the forge's \
             own record proves which proposal brought a change.",
};

/// See [`DIRECT_PUSH`].
#[derive(Debug)]
struct DirectPush {
    expect: Expect,
    minimum_grade: Grade,
}

impl DirectPush {
    fn configured(section: &mut Section) -> Self {
        let grades = [Grade::Asserted, Grade::Recorded].map(|grade| (grade.word(), grade));
        let minimum_grade = section.choice("minimum_grade", Grade::Asserted, &grades);
        Self { expect: Expect::configured(section), minimum_grade }
    }

    fn judge(&self, dossier: &Dossier, register: &Register<'_>, custom: Custom, exports: &Exports) -> Verdict {
        if let Some(link) = &dossier.link {
            let because = format!("recorded as {}, linked by {}", shown(&link.id), link.linked_by.words());
            return Verdict::pass_because(Grade::Recorded, because);
        }
        if let Some(proposal) = dossier.evidence.proposal.as_ref().filter(|_| !custom.recorded) {
            if proposal.grade >= self.minimum_grade {
                return Verdict::pass(proposal.grade);
            }
            let told = format!(
                "{} is {} only, and the settings demand a recorded proposal",
                shown(&proposal.value.id),
                proposal.grade.word()
            );
            return Verdict::not_assessable(told).citing([proposal.citation.clone()]);
        }
        if dossier.arrival == ArrivalKind::Initial {
            return Verdict::not_applicable();
        }
        if let Some(bot) = register.bot_author(dossier).filter(|bot| !bot.paths.is_empty()) {
            let because =
                format!("no proposal; written by the registered bot {}, which may push its own paths", shown(&bot.name));
            return Verdict::pass_because(Grade::Asserted, because).citing([header()]);
        }
        if custom.recorded {
            return not_in_exports(dossier, custom, exports);
        }
        let Custom { carrying, of, expected, .. } = custom;
        let told = format!("{}; {carrying} of {of} changes of this period carry one", way(dossier.arrival));
        let stands_out = match (self.expect, dossier.arrival) {
            (Expect::Always, _) | (Expect::Auto, ArrivalKind::Direct) => true,
            (Expect::Never, _) | (Expect::Auto, ArrivalKind::Unknown | ArrivalKind::Initial) => false,
            (Expect::Auto, ArrivalKind::Merge | ArrivalKind::Squash | ArrivalKind::Rebase | ArrivalKind::Bot) => expected,
        };
        let topology = Citation { source: Source::Change, place: Place::Topology };
        if stands_out {
            return Verdict::exception(Grade::Asserted, told).citing([topology]);
        }
        Verdict::not_assessable(format!("{told}: Git alone does not say how it came")).citing([topology])
    }
}

/// No merged proposal of the exports landed as the change.
fn not_in_exports(dossier: &Dossier, custom: Custom, exports: &Exports) -> Verdict {
    if let Some(id) = exports.may_be_of.get(&dossier.change.id()) {
        return Verdict::not_assessable(format!("it may be a commit of {}, whose commits the export does not list", shown(id)));
    }
    let told = match &dossier.evidence.proposal {
        Some(claim) => {
            format!("the message names {}, and no merged proposal of the export landed as this", shown(&claim.value.id))
        }
        None => "no merged proposal of the export landed as this".to_owned(),
    };
    if custom.lacks_proposals {
        return Verdict::not_assessable(format!("{told}, and the export lacks some"));
    }
    Verdict::exception(Grade::Recorded, told)
}

fn way(arrival: ArrivalKind) -> &'static str {
    match arrival {
        ArrivalKind::Merge => "a merge commit without the mark of a proposal",
        ArrivalKind::Bot => "committed by a bot, without the mark of a proposal",
        ArrivalKind::Squash | ArrivalKind::Rebase | ArrivalKind::Direct | ArrivalKind::Initial | ArrivalKind::Unknown => {
            "no mark of a proposal"
        }
    }
}

impl Check for DirectPush {
    fn card(&self) -> &'static Card {
        &DIRECT_PUSH
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let register = Register::of(period.settings);
        let could = |dossier: &Dossier| dossier.arrival != ArrivalKind::Initial;
        let custom = Custom::of(self.expect, period, could, |dossier| dossier.evidence.proposal.is_some());
        judge_each_change(&DIRECT_PUSH, period, |_, dossier| self.judge(dossier, &register, custom, period.exports))
    }
}

static MERGE_ADDS_CONTENT: Card = Card {
    id: "merge-adds-content",
    requirement: "A merge holds what its parents hold and what an automatic merge makes of them, and nothing else.",
    rationale: "Content that is added while merging was in no proposal. Usual views of a history do not show it.",
    remedy: "Look at the merge with `git show --remerge-diff` and have what it adds reviewed. Resolve conflicts on the branch, not in \
             the merge.",
    severity: Severity::High,
    gate: Gate::EveryCommit,
    references: &[("SOC 2", "CC8.1"), ("NIST SP 800-53", "CM-3"), ("NIST SP 800-53", "SI-7"), ("ISO 27001:2022", "A.8.32")],
    needs: "the trees of the merge and of its parents",
    waivable_by: "the owner of the repository, not the author of the change",
    settings: &[],
    since: "0.1.0",
    limits: "A resolved conflict looks the same as added content: both are for a person to look at. A merge of more than two branches \
             is not merged again here when it differs from all of them.",
};

/// See [`MERGE_ADDS_CONTENT`].
#[derive(Debug)]
struct MergeAddsContent;

/// What is wrong with one merge.
enum Judged {
    Clean,
    Adds(String),
    Undecided(String),
}

impl MergeAddsContent {
    fn judge(dossier: &Dossier) -> Verdict {
        let commit = &dossier.change.commit;
        let own = is_merge(commit).then(|| (judge_merge(commit), String::new(), header()));
        let side = dossier.change.side_commits.iter().filter(|side| is_merge(side));
        let side = side.map(|side| (judge_merge(side), format!("side commit {}: ", side.id.0.short()), side_header(side.id)));
        let judged: Vec<(Judged, String, Citation)> = own.into_iter().chain(side).collect();
        if judged.is_empty() {
            return Verdict::not_applicable();
        }
        let (mut added, mut undecided) = (Vec::new(), Vec::new());
        for (judged, who, citation) in judged {
            match judged {
                Judged::Clean => {}
                Judged::Adds(what) => added.push((format!("{who}{what}"), citation)),
                Judged::Undecided(why) => undecided.push((format!("{who}{why}"), citation)),
            }
        }
        if !added.is_empty() {
            return Verdict::exception(Grade::Structural, told(&added)).citing(cited(added));
        }
        if !undecided.is_empty() {
            return Verdict::not_assessable(told(&undecided)).citing(cited(undecided));
        }
        match gap_about(dossier, GapAbout::MergeContent) {
            Some(gap) => Verdict::not_assessable(gap.reason.clone()),
            None => Verdict::pass(Grade::Structural),
        }
    }
}

fn told(found: &[(String, Citation)]) -> String {
    some_of(found.iter().map(|(text, _)| text))
}

fn cited(found: Vec<(String, Citation)>) -> impl Iterator<Item = Citation> {
    found.into_iter().take(5).map(|(_, citation)| citation)
}

fn is_merge(commit: &Commit) -> bool {
    commit.parents.len() > 1
}

fn judge_merge(commit: &Commit) -> Judged {
    let Some(merge) = &commit.merge else {
        return Judged::Undecided("the merge was not compared with its parents".to_owned());
    };
    let octopus = commit.parents.len() > 2;
    if octopus && differs(merge) {
        let parents = commit.parents.len();
        return Judged::Adds(format!("a merge of {parents} parents differs from all of them: look by hand{}", places(merge)));
    }
    if !merge.unexplained.is_empty() {
        let paths = counted(merge.unexplained.len(), "path");
        return Judged::Adds(format!("the merge adds content of its own to {paths}{}", places(merge)));
    }
    merge.undecided.as_deref().map_or(Judged::Clean, |why| Judged::Undecided(shown(why)))
}

fn differs(merge: &MergeContent) -> bool {
    !merge.unexplained.is_empty() || merge.automatic > 0 || merge.undecided.is_some()
}

fn places(merge: &MergeContent) -> String {
    if merge.unexplained.is_empty() {
        return String::new();
    }
    let places = merge.unexplained.iter().map(|(path, why)| format!("{} ({})", shown_path(path), shown(why)));
    format!(": {}", some_of(places))
}

impl Check for MergeAddsContent {
    fn card(&self) -> &'static Card {
        &MERGE_ADDS_CONTENT
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        judge_each_change(&MERGE_ADDS_CONTENT, period, |_, dossier| Self::judge(dossier))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{assess, commit, dossier, globs, id, merge, outcomes, proposal, settings, settings_with, told};
    use crate::settings::RegisteredBot;
    use crate::text::{CommitId, RepoPath};

    fn arrived(n: u8, arrival: ArrivalKind, proposed: Option<&str>) -> Dossier {
        let mut dossier = dossier(n, "Say why");
        dossier.arrival = arrival;
        dossier.evidence.proposal = proposed.map(proposal);
        dossier
    }

    fn of_all_kinds() -> Vec<Dossier> {
        vec![
            arrived(1, ArrivalKind::Initial, None),
            arrived(2, ArrivalKind::Squash, Some("#1")),
            arrived(3, ArrivalKind::Squash, Some("#2")),
            arrived(4, ArrivalKind::Merge, None),
            arrived(5, ArrivalKind::Direct, None),
            arrived(6, ArrivalKind::Unknown, None),
        ]
    }

    #[test]
    fn each_way_of_arrival_has_its_outcome() {
        let findings = assess(&DIRECT_PUSH, &settings(), &of_all_kinds());
        let expected = ["not applicable", "no exception", "no exception", "not assessable", "exception", "not assessable"];
        assert_eq!(outcomes(&findings), expected);
        assert!(told(&findings)[4].contains("2 of 5 changes of this period carry one"), "{:?}", told(&findings));
    }

    #[test]
    fn settings_say_whether_proposals_are_expected() {
        let always = settings_with("[checks.direct-push]\nexpect = \"always\"");
        let findings = assess(&DIRECT_PUSH, &always, &of_all_kinds());
        assert_eq!(outcomes(&findings)[3..], ["exception", "exception", "exception"]);
        let never = settings_with("[checks.direct-push]\nexpect = \"never\"");
        assert_eq!(outcomes(&assess(&DIRECT_PUSH, &never, &of_all_kinds()))[4], "not assessable");
    }

    #[test]
    fn a_mark_in_the_message_is_too_weak_where_a_record_is_demanded() {
        let recorded = settings_with("[checks.direct-push]\nminimum_grade = \"recorded\"");
        let findings = assess(&DIRECT_PUSH, &recorded, &of_all_kinds());
        assert_eq!(outcomes(&findings)[1..5], ["not assessable", "not assessable", "not assessable", "exception"]);
        assert!(told(&findings)[1].contains("#1 is asserted only"), "{:?}", told(&findings));
    }

    #[test]
    fn a_registered_bot_with_paths_may_push() {
        let mut settings = settings();
        let paths = globs(&["apps/**"]);
        let aliases = ["alice@example.com".to_owned()].into();
        settings.bots = vec![RegisteredBot { name: "images".into(), aliases, paths, ..RegisteredBot::default() }];
        let findings = assess(&DIRECT_PUSH, &settings, &[arrived(2, ArrivalKind::Bot, None)]);
        assert_eq!(
            told(&findings),
            ["no exception: no proposal; written by the registered bot images, which may push its own paths"]
        );
    }

    #[test]
    fn content_of_a_merge_is_found_on_the_chain_and_beside_it() {
        let mut evil = merge(2, "Merge", vec![commit(9, "side")]);
        let unexplained = vec![(RepoPath::new(b"np.yaml"), "differs from the automatic merge".into())];
        evil.change.commit.merge = Some(Box::new(MergeContent { unexplained, ..MergeContent::default() }));
        let mut side = commit(8, "side merge");
        side.parents = Box::new([CommitId(id(7)), CommitId(id(1))]);
        side.merge = evil.change.commit.merge.clone();
        let clean = merge(4, "Merge", vec![commit(7, "side")]);
        let findings = assess(&MERGE_ADDS_CONTENT, &settings(), &[dossier(1, "one"), evil, merge(3, "Merge", vec![side]), clean]);
        assert_eq!(
            told(&findings),
            [
                "not applicable",
                "exception: the merge adds content of its own to 1 path: np.yaml (differs from the automatic merge)",
                "exception: side commit 080808080808: the merge adds content of its own to 1 path: np.yaml (differs from the automatic merge)",
                "no exception",
            ]
        );
    }

    #[test]
    fn an_undecided_merge_is_not_assessable_and_an_octopus_is_for_people() {
        let mut undecided = merge(2, "Merge", vec![commit(9, "side")]);
        let content = MergeContent { undecided: Some("blob 01 is missing".into()), ..MergeContent::default() };
        undecided.change.commit.merge = Some(Box::new(content));
        let mut octopus = undecided.clone();
        octopus.change.commit.parents = Box::new([CommitId(id(1)), CommitId(id(2)), CommitId(id(3))]);
        assert_eq!(
            told(&assess(&MERGE_ADDS_CONTENT, &settings(), &[undecided, octopus])),
            ["not assessable: blob 01 is missing", "exception: a merge of 3 parents differs from all of them: look by hand",]
        );
    }
}
