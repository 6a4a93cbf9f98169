//! Did protection get weaker?

use std::collections::BTreeSet;

use super::catalogue::{Family, Listing};
use super::verdict::{Verdict, counted, judge_each_change, own_gap, shown, some_of};
use super::{Card, Check, Finding, Gate, Period, RISK_OWNER, Severity};
use crate::changes::{Commit, GapAbout};
use crate::classification::FileClass;
use crate::evidence::{Citation, Dossier, Grade, Place, Source};
use crate::policies::{self, Direction, FieldEdit, PolicyEdit, PolicyEditKind};
use crate::settings::reader::{Section, did_you_mean};
use crate::text::RepoPath;

mod impact;
mod statements;

pub(super) const FAMILY: Family = Family {
    name: "policy",
    question: "Did protection get weaker?",
    checks: &[
        Listing { card: &POLICY_WEAKENED, configure: |section| Box::new(PolicyWeakened(Families::configured(section))) },
        Listing { card: &EXEMPTION_WIDENED, configure: |section| Box::new(ExemptionWidened(Families::configured(section))) },
        impact::LISTING,
    ],
};

/// How many parts of a change a sentence names before it only counts them.
const NAMED: usize = 5;

const FAMILIES_SETTING: (&str, &str, &str) =
    ("families", "[]", "families that count, e.g. [\"network\", \"pss\"]; where none is named, all of them");

static POLICY_WEAKENED: Card = Card {
    id: "policy-weakened",
    requirement: "No change makes a policy protect less, unless somebody who may accept the risk has done so.",
    rationale: "A policy that warns where it refused, a rule that admits everybody, a network policy that is gone: the change is small, \
                its review is short, and from then on what the policy was there for is no longer kept out.",
    remedy: "Restore the policy, or have the owner of the protected service accept the risk, with a reason, a ticket and a last day.",
    severity: Severity::High,
    gate: Gate::Landing,
    references: &[
        ("SOC 2", "CC6.1"),
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.9"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("NIST SP 800-53", "CM-4"),
        ("PCI DSS 4.0", "1.2.2"),
        ("NERC CIP", "CIP-010-4 R1"),
    ],
    needs: "the policy objects before and after the change",
    waivable_by: RISK_OWNER,
    settings: &[FAMILIES_SETTING],
    since: "0.1.0",
    limits: "It compares what Git says with rules that are heuristics; each is named beside its verdict. What no rule can judge, such \
             as changed Rego or CEL, is not assessable. It judges what reached the branch: a policy that was weakened and restored \
             inside one side branch is not found. Values that Helm, Kustomize or another tool puts in later are not seen, nor is \
             what a cluster runs.",
};

/// See [`POLICY_WEAKENED`].
#[derive(Debug)]
struct PolicyWeakened(Families);

impl PolicyWeakened {
    fn judge(&self, dossier: &Dossier) -> Verdict {
        let parts = self.0.parts(dossier);
        let weakened: Vec<&Part<'_>> = parts.iter().filter(|part| part.direction() == Direction::Weakened).collect();
        if !weakened.is_empty() {
            return exception(&weakened, "made weaker");
        }
        if let Some(verdict) = unread(&dossier.change.commit) {
            return verdict;
        }
        let undetermined: Vec<&Part<'_>> = parts.iter().filter(|part| part.direction() == Direction::Undetermined).collect();
        match (parts.is_empty(), undetermined.is_empty()) {
            (true, _) => Verdict::not_applicable(),
            (false, true) => Verdict::pass(Grade::Structural),
            (false, false) => undecided(&undetermined),
        }
    }
}

impl Check for PolicyWeakened {
    fn card(&self) -> &'static Card {
        &POLICY_WEAKENED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        judge_each_change(&POLICY_WEAKENED, period, |_, dossier| self.judge(dossier))
    }
}

static EXEMPTION_WIDENED: Card = Card {
    id: "exemption-widened",
    requirement: "No change exempts more from a policy: namespaces, images, people, or by an exception of its own kind.",
    rationale: "An exemption leaves the policy in place and takes away its effect for whom it names. Exemptions are asked for in a hurry \
                and seldom taken back.",
    remedy: "Take the exemption back, or have the owner of the policy accept it, with a reason, a ticket and a last day.",
    severity: Severity::High,
    gate: Gate::Landing,
    references: &[
        ("SOC 2", "CC6.1"),
        ("ISO 27001:2022", "A.8.9"),
        ("NIST SP 800-53", "CM-3"),
        ("NIST SP 800-53", "CM-6"),
        ("NERC CIP", "CIP-007-6 R1"),
    ],
    needs: "the policy objects before and after the change",
    waivable_by: "the owner of the policy, not the author of the change",
    settings: &[FAMILIES_SETTING],
    since: "0.1.0",
    limits: "What is found here is found by policy-weakened too: an exemption is one way of weakening. It knows the fields in which the \
             supported kinds exempt; exemptions inside Rego, CEL or the settings of a controller are not seen.",
};

/// See [`EXEMPTION_WIDENED`].
#[derive(Debug)]
struct ExemptionWidened(Families);

impl ExemptionWidened {
    fn judge(&self, dossier: &Dossier) -> Verdict {
        let parts = self.0.parts(dossier);
        let of = |direction| -> Vec<&Part<'_>> {
            parts.iter().filter(|part| part.verdict.exemption && part.direction() == direction).collect()
        };
        let widened = of(Direction::Weakened);
        if !widened.is_empty() {
            return exception(&widened, "exempting more");
        }
        if let Some(verdict) = unread(&dossier.change.commit) {
            return verdict;
        }
        let undetermined = of(Direction::Undetermined);
        match (parts.is_empty(), undetermined.is_empty()) {
            (true, _) => Verdict::not_applicable(),
            (false, true) => Verdict::pass(Grade::Structural),
            (false, false) => undecided(&undetermined),
        }
    }
}

impl Check for ExemptionWidened {
    fn card(&self) -> &'static Card {
        &EXEMPTION_WIDENED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        judge_each_change(&EXEMPTION_WIDENED, period, |_, dossier| self.judge(dossier))
    }
}

/// The families that count; none named means all.
#[derive(Debug)]
struct Families(BTreeSet<policies::Family>);

impl Families {
    fn configured(section: &mut Section) -> Self {
        let mut named = BTreeSet::new();
        for (line, word) in section.strings("families").unwrap_or_default() {
            if let Some(family) = policies::Family::from_word(word.trim()) {
                named.insert(family);
                continue;
            }
            let words = policies::Family::ALL.map(policies::Family::word);
            let hint = format!("{}known here: {}", did_you_mean(&word, &words), words.join(", "));
            section.complain(line, format!("`{word}` is no family of policies"), hint);
        }
        Self(named)
    }

    /// What each rule says about each policy object of the change that counts.
    fn parts<'a>(&self, dossier: &'a Dossier) -> Vec<Part<'a>> {
        let edits = dossier.change.commit.policy_edits.iter();
        let counted = edits.filter(|edit| self.0.is_empty() || self.0.contains(&edit.family));
        let in_scope = counted.filter(|edit| class_of(dossier, &edit.path).is_none_or(|class| !class.ignored));
        in_scope.flat_map(|edit| edit.verdicts.iter().map(move |verdict| Part { edit, verdict })).collect()
    }
}

/// The class of a path that the change touched.
pub(super) fn class_of<'a>(dossier: &'a Dossier, path: &RepoPath) -> Option<&'a FileClass> {
    let position = dossier.change.commit.file_edits.binary_search_by(|edit| edit.path.cmp(path)).ok()?;
    dossier.classification.files.get(position)
}

/// What one rule says about one object.
struct Part<'a> {
    edit: &'a PolicyEdit,
    verdict: &'a policies::Verdict,
}

impl Part<'_> {
    fn direction(&self) -> Direction {
        self.verdict.direction
    }

    /// The object, the field with what it said and says, and the rule.
    fn sentence(&self) -> String {
        let (object, rule) = (shown(&self.edit.object.to_string()), self.verdict.rule);
        if self.verdict.field.is_empty() {
            return format!("{object} {} ({rule})", edit_words(self.edit.kind));
        }
        let value = |value: Option<&str>| value.map_or_else(|| "nothing".to_owned(), shown);
        match self.fields()[..] {
            [field] => {
                let (before, after) = (value(field.before.as_deref()), value(field.after.as_deref()));
                format!("{object}, {} from {before} to {after} ({rule})", shown(&field.path))
            }
            _ => format!("{object}, {} ({rule})", shown(&self.verdict.field)),
        }
    }

    /// The changed fields that the rule speaks of: the one it names, or those inside it, or the one around it.
    fn fields(&self) -> Vec<&FieldEdit> {
        let named = &*self.verdict.field;
        let inside = |field: &str, other: &str| field.strip_prefix(other).is_some_and(|rest| rest.starts_with(['.', '[']));
        let fields = self.edit.fields.iter();
        fields.filter(|field| *field.path == *named || inside(&field.path, named) || inside(named, &field.path)).collect()
    }

    /// Where it stands: the line of the field, else of the object.
    fn citation(&self) -> Citation {
        let field = self.fields().into_iter().find(|field| field.after.is_some());
        let line = field.map_or(self.edit.line, |field| field.line);
        Citation { source: Source::File(self.edit.path.clone()), place: Place::Line(line) }
    }
}

fn edit_words(kind: PolicyEditKind) -> &'static str {
    match kind {
        PolicyEditKind::Added => "added",
        PolicyEditKind::Modified => "changed",
        PolicyEditKind::Moved => "moved",
        PolicyEditKind::Removed => "removed",
    }
}

/// The first parts in words; all of them stand in `policy-changes.csv`.
fn told(parts: &[&Part<'_>]) -> String {
    let named: Vec<String> = parts.iter().take(NAMED).map(|part| part.sentence()).collect();
    match parts.len().saturating_sub(NAMED) {
        0 => named.join("; "),
        more => format!("{}; and {more} more in policy-changes.csv", named.join("; ")),
    }
}

fn objects(parts: &[&Part<'_>]) -> String {
    let objects: BTreeSet<_> = parts.iter().map(|part| (&part.edit.object, &part.edit.path, part.edit.line)).collect();
    counted(objects.len(), "policy object")
}

fn citations(parts: &[&Part<'_>]) -> BTreeSet<Citation> {
    parts.iter().map(|part| part.citation()).collect()
}

fn exception(parts: &[&Part<'_>], what: &str) -> Verdict {
    Verdict::exception(Grade::Structural, format!("{} {what}: {}", objects(parts), told(parts))).citing(citations(parts))
}

fn undecided(parts: &[&Part<'_>]) -> Verdict {
    let because = format!("no rule can judge {}: {}", objects(parts), told(parts));
    Verdict::not_assessable(because).citing(citations(parts))
}

/// Not assessable where paths or contents of the commit could not be read.
fn unread(commit: &Commit) -> Option<Verdict> {
    let gap = own_gap(commit, GapAbout::FileEdits).or_else(|| own_gap(commit, GapAbout::Content))?;
    Some(Verdict::not_assessable(gap.reason.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Gap;
    use crate::checks::samples::{assess, dossier, outcomes, policy_edit, settings, settings_with, told, with_files};
    use crate::policies::Family;

    fn edited(n: u8, verdicts: &[(Direction, &str, bool)]) -> Dossier {
        let mut dossier = dossier(n, "Say why");
        let mut edit = policy_edit("NetworkPolicy", "shop", "deny", "np/deny.yaml");
        edit.verdicts = verdicts
            .iter()
            .map(|&(direction, field, exemption)| policies::Verdict { direction, rule: "a-rule", field: field.into(), exemption })
            .collect();
        edit.fields =
            Box::new([FieldEdit { path: "spec.policyTypes".into(), before: Some("[\"Ingress\"]".into()), after: None, line: 9 }]);
        dossier.change.commit.policy_edits = Box::new([edit]);
        dossier
    }

    #[test]
    fn the_weakest_part_decides_and_what_no_rule_can_judge_is_no_pass() {
        use Direction::{Neutral, Strengthened, Undetermined, Weakened};
        let mut unread = edited(5, &[(Neutral, "", false)]);
        unread.change.commit.gaps = vec![Gap { about: GapAbout::Content, reason: "blob 01 is missing".into() }];
        let changes = [
            dossier(1, "nothing"),
            edited(2, &[(Strengthened, "spec.a", false), (Weakened, "spec.policyTypes", false)]),
            edited(3, &[(Strengthened, "spec.a", false), (Undetermined, "spec.b", false)]),
            edited(4, &[(Strengthened, "spec.a", false), (Neutral, "", false)]),
            unread,
        ];
        assert_eq!(
            told(&assess(&POLICY_WEAKENED, &settings(), &changes)),
            [
                "not applicable",
                "exception: 1 policy object made weaker: networking.k8s.io/NetworkPolicy shop/deny, spec.policyTypes from \
                 [\"Ingress\"] to nothing (a-rule)",
                "not assessable: no rule can judge 1 policy object: networking.k8s.io/NetworkPolicy shop/deny, spec.b (a-rule)",
                "no exception",
                "not assessable: blob 01 is missing",
            ]
        );
    }

    #[test]
    fn it_cites_the_file_and_the_line() {
        let mut removed = edited(2, &[(Direction::Weakened, "", false)]);
        removed.change.commit.policy_edits[0].kind = PolicyEditKind::Removed;
        let findings = assess(&POLICY_WEAKENED, &settings(), &[removed]);
        let basis = findings[0].outcome.basis().unwrap();
        assert!(basis.because.ends_with("shop/deny removed (a-rule)"), "{}", basis.because);
        let place = Citation { source: Source::File(RepoPath::new(b"np/deny.yaml")), place: Place::Line(1) };
        assert_eq!(basis.citations, [place]);
    }

    #[test]
    fn an_exemption_is_found_as_such() {
        let changes = [
            edited(1, &[(Direction::Weakened, "spec.policyTypes", false)]),
            edited(2, &[(Direction::Weakened, "spec.match.excludedNamespaces", true)]),
            edited(3, &[(Direction::Strengthened, "spec.match.excludedNamespaces", true)]),
            dossier(4, "nothing"),
        ];
        let found = assess(&EXEMPTION_WIDENED, &settings(), &changes);
        assert_eq!(outcomes(&found), ["no exception", "exception", "no exception", "not applicable"]);
        assert!(told(&found)[1].contains("1 policy object exempting more: "), "{:?}", told(&found));
    }

    #[test]
    fn only_the_families_and_the_paths_that_count_are_judged() {
        let changes = [edited(1, &[(Direction::Weakened, "spec.policyTypes", false)])];
        let network = settings_with("[checks.policy-weakened]\nfamilies = [\"network\"]");
        let others = settings_with("[checks.policy-weakened]\nfamilies = [\"pss\", \"linkerd\"]");
        assert_eq!(changes[0].change.commit.policy_edits[0].family, Family::Network);
        assert_eq!(outcomes(&assess(&POLICY_WEAKENED, &network, &changes)), ["exception"]);
        assert_eq!(outcomes(&assess(&POLICY_WEAKENED, &others, &changes)), ["not applicable"]);
        let mut ignored = with_files(changes[0].clone(), &[("np/deny.yaml", &[])]);
        ignored.classification.files[0].ignored = true;
        assert_eq!(outcomes(&assess(&POLICY_WEAKENED, &settings(), &[ignored])), ["not applicable"]);
    }

    #[test]
    fn the_flag_stays_when_the_risk_is_accepted() {
        assert!(POLICY_WEAKENED.is_waivable() && POLICY_WEAKENED.flag_stays());
        assert!(EXEMPTION_WIDENED.is_waivable() && !EXEMPTION_WIDENED.flag_stays());
    }
}
