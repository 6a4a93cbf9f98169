//! Did someone else look before the change took effect?

use super::catalogue::{Family, Listing};
use super::register::{Register, Sameness};
use super::verdict::{Verdict, counted, in_scope, judge_each_change, shown, shown_person, some_of};
use super::{Card, Check, Finding, Gate, Period, Severity};
use crate::evidence::{Decision, Dossier, Exports, Grade};
use crate::settings::reader::Section;

mod approvals;
mod owners;
mod recorded;
mod roles;

pub(super) use approvals::authors;
pub use approvals::{Approvals, Standing, WeighedReview};
use roles::Demands;
pub use roles::RoleValid;

/// The id of the check that needs the owners file before each change.
pub const OWNERS_CHECK: &str = "owner-missing";

pub(super) const FAMILY: Family = Family {
    name: "review",
    question: "Did someone else look, at what landed, in time?",
    checks: &[
        Listing { card: &REVIEW_MISSING, configure: |section| Box::new(ReviewMissing::configured(section)) },
        Listing { card: &SELF_APPROVED, configure: |_| Box::new(SelfApproved) },
        recorded::STALE,
        recorded::UNCONFIRMED,
        owners::MISSING,
    ],
};

static REVIEW_MISSING: Card = Card {
    id: "review-missing",
    requirement: "Every change is approved by enough people who did not write any of it.",
    rationale: "A second pair of eyes is the control that catches both mistakes and misuse. It works only when the second person is \
                another person.",
    remedy: "Look for the approval in the forge and record it in the response column. Have the change reviewed now if there is none.",
    severity: Severity::High,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.5.3"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("NIST SP 800-53", "CM-5"),
        ("PCI DSS 4.0", "6.5.1"),
        ("PCI DSS 4.0", "1.2.2"),
        ("SOX ITGC", "change management"),
        ("NERC CIP", "CIP-010-4 R1"),
    ],
    needs: "reviews in the message, in side commits or in review notes; people told apart",
    waivable_by: "the change manager, not the author of the change",
    settings: &[
        ("minimum", "1", "how many independent people must approve"),
        ("minimum_grade", "\"asserted\"", "how strong each approval must be: asserted, recorded or verified"),
        ("role", "\"\"", "the role of the register that an approver must hold on the day of the approval; empty demands none"),
        ("roles", "{}", "such roles by layer, e.g. `{ security = \"security-approver\" }`; other layers demand `role`"),
        (
            "expect",
            "\"auto\"",
            "whether approvals are expected in Git: always, never, or auto: when at least half of the period's changes by people name one",
        ),
        ("exempt_registered_bots", "false", "whether changes written by a bot of the register need no approval"),
    ],
    since: "0.1.0",
    limits: "Git holds what people wrote about a review. It does not show whether the reviewer looked at what landed, nor whether they \
             approved before it arrived. On most forges approvals are not in Git at all. A role is what the register says; that \
             the forge would have let somebody else approve is not seen.",
};

/// Whether this history is one whose messages or notes name reviewers or proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expect {
    /// As the period shows.
    Auto,
    /// A change without it is an exception.
    Always,
    /// A change without it is not assessable.
    Never,
}

impl Expect {
    pub(super) fn configured(section: &mut Section) -> Self {
        section.choice("expect", Self::Auto, &[("auto", Self::Auto), ("always", Self::Always), ("never", Self::Never)])
    }
}

/// How many changes carry a mark, and whether one without it stands out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Custom {
    /// Changes that carry it.
    pub(super) carrying: usize,
    /// Changes that could.
    pub(super) of: usize,
    /// Whether it is expected.
    pub(super) expected: bool,
    /// Whether an export of a forge was given, which knows better.
    pub(super) recorded: bool,
    /// Whether that export is known to lack proposals, so that one that is not there proves nothing.
    pub(super) lacks_proposals: bool,
}

impl Custom {
    /// Counts the changes in scope that carry a mark, among those that could.
    pub(super) fn of(
        expect: Expect,
        period: &Period<'_>,
        could: impl Fn(&Dossier) -> bool,
        carries: impl Fn(&Dossier) -> bool,
    ) -> Self {
        let (mut carrying, mut of) = (0, 0);
        for dossier in in_scope(period).filter(|dossier| could(dossier)) {
            of += 1;
            carrying += usize::from(carries(dossier));
        }
        let expected = match expect {
            Expect::Auto => carrying > 0 && carrying * 2 >= of,
            Expect::Always => true,
            Expect::Never => false,
        };
        let recorded = !period.exports.proposals.is_empty();
        let lacks_proposals = !period.exports.missing_proposals.is_empty();
        Self { carrying, of, expected: expected || recorded, recorded, lacks_proposals }
    }
}

/// See [`REVIEW_MISSING`].
#[derive(Debug)]
struct ReviewMissing {
    minimum: usize,
    demands: Demands,
    expect: Expect,
    exempt_registered_bots: bool,
}

impl ReviewMissing {
    fn configured(section: &mut Section) -> Self {
        Self {
            minimum: usize::try_from(section.integer("minimum", 1, 1..=10)).unwrap_or(1),
            demands: Demands::configured(section),
            expect: Expect::configured(section),
            exempt_registered_bots: section.flag("exempt_registered_bots", false),
        }
    }

    fn judge(&self, dossier: &Dossier, approvals: &Approvals<'_>, custom: Custom, exports: &Exports) -> Verdict {
        if self.exempt_registered_bots && approvals.register.bot_author(dossier).is_some() {
            return Verdict::not_applicable();
        }
        if !dossier.evidence.reviews.iter().any(|claim| !claim.value.quoted) {
            return nobody_recorded(dossier, custom, exports).unwrap_or_else(|| self.nobody_named(dossier, custom));
        }
        let weighed = approvals.weigh(dossier);
        let shortfall = approvals::shortfall(dossier, &weighed, self.minimum);
        let shortfall = shortfall.or_else(|| approvals.roles_not_covered(dossier, &weighed));
        let Some(shortfall) = shortfall else {
            let counting = weighed.iter().filter(|review| review.counts());
            return Verdict::pass(counting.map(|review| review.claim.grade).min().unwrap_or(Grade::None));
        };
        let because = match not_counted(&weighed) {
            reasons if reasons.is_empty() => shortfall,
            reasons => format!("{shortfall}; {reasons}"),
        };
        let citations = weighed.iter().take(5).map(|review| review.claim.citation.clone());
        let undecided = |review: &WeighedReview<'_>| {
            matches!(review.standing, Standing::Unclear(..) | Standing::TooWeak | Standing::Unknown(_))
        };
        let may_be_missing = match &dossier.link {
            Some(link) => !link.has_all_reviews,
            None => custom.lacks_proposals || exports.may_be_of.contains_key(&dossier.change.id()),
        };
        if may_be_missing {
            return Verdict::not_assessable(format!("{because}; the export lacks {}", lacking(dossier))).citing(citations);
        }
        if weighed.iter().any(undecided) || !custom.expected {
            return Verdict::not_assessable(because).citing(citations);
        }
        let grade = weighed.iter().map(|review| review.claim.grade).min().unwrap_or(Grade::None);
        Verdict::exception(grade, because).citing(citations)
    }

    /// No review at all: "no reviewer evidence in Git" is not "not reviewed".
    fn nobody_named(&self, dossier: &Dossier, custom: Custom) -> Verdict {
        if let Some(gap) = super::verdict::gap_about(dossier, crate::changes::GapAbout::Notes) {
            return Verdict::not_assessable(gap.reason.clone());
        }
        let Custom { carrying, of, expected, .. } = custom;
        match (self.expect, expected) {
            (Expect::Always, _) => {
                Verdict::exception(Grade::None, "nobody is named as a reviewer, and the settings expect it in Git")
            }
            (Expect::Never, _) => Verdict::not_assessable("no reviewer evidence in Git, and the settings expect none there"),
            (Expect::Auto, true) => Verdict::exception(
                Grade::None,
                format!("nobody is named as a reviewer; {carrying} of {of} changes by people in this period name one"),
            ),
            (Expect::Auto, false) => Verdict::not_assessable(format!(
                "no reviewer evidence in Git ({carrying} of {of} changes by people name a reviewer); \
                 approvals then live in the forge, if there are any"
            )),
        }
    }
}

/// What an export is known to lack about a change.
fn lacking(dossier: &Dossier) -> &'static str {
    if dossier.link.is_some() { "some of its reviews" } else { "some proposals" }
}

/// No review at all, where an export of a forge would have it.
pub(super) fn nobody_recorded(dossier: &Dossier, custom: Custom, exports: &Exports) -> Option<Verdict> {
    if !custom.recorded {
        return None;
    }
    Some(match &dossier.link {
        Some(link) if link.tells_reviews && !link.has_all_reviews => {
            Verdict::not_assessable(format!("the export lacks some of the reviews of {}", shown(&link.id)))
        }
        Some(link) if link.tells_reviews => {
            Verdict::exception(Grade::Recorded, format!("the forge recorded no review of {}", shown(&link.id)))
        }
        Some(link) => Verdict::not_assessable(format!("the export of {} does not hold its reviews", shown(&link.id))),
        None if exports.may_be_of.contains_key(&dossier.change.id()) => Verdict::not_assessable(
            "the export does not list the commits of the proposal that it may be of; nobody is named as a reviewer",
        ),
        None if custom.lacks_proposals => {
            Verdict::not_assessable("no recorded proposal brought it, and the export lacks some; nobody is named as a reviewer")
        }
        None => Verdict::exception(Grade::Recorded, "no recorded proposal brought it, and nobody is named as a reviewer"),
    })
}

/// Why the approvals that are there do not count.
fn not_counted(weighed: &[WeighedReview<'_>]) -> String {
    let told = weighed.iter().filter(|review| !review.counts()).map(|review| {
        let reviewer = shown_person(&review.claim.value.reviewer);
        format!("{reviewer} does not count: {}", review.standing.reason())
    });
    some_of(told)
}

impl Check for ReviewMissing {
    fn card(&self) -> &'static Card {
        &REVIEW_MISSING
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let approvals = Approvals::with(period.settings, self.demands.clone());
        let carries = |dossier: &Dossier| dossier.evidence.reviews.iter().any(|claim| !claim.value.quoted);
        let custom = Custom::of(self.expect, period, |dossier| dossier.bot.is_none(), carries);
        judge_each_change(&REVIEW_MISSING, period, |_, dossier| self.judge(dossier, &approvals, custom, period.exports))
    }
}

static SELF_APPROVED: Card = Card {
    id: "self-approved",
    requirement: "Nobody approves what they wrote themselves.",
    rationale: "An approval by the author looks like a control and is none. It is also how one person alone brings a change through.",
    remedy: "Have the change reviewed by somebody else now. Forbid approvals by authors in the forge.",
    severity: Severity::Critical,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.5.3"),
        ("NIST SP 800-53", "AC-5"),
        ("PCI DSS 4.0", "6.5.1"),
        ("SOX ITGC", "segregation of duties"),
    ],
    needs: "reviews in the message, in side commits or in review notes; people told apart",
    waivable_by: "the head of the department, not the author of the change",
    settings: &[],
    since: "0.1.0",
    limits: "It joins two spellings only by the register, by equal addresses, or by a bare login or name that equals the author's. \
             Somebody with a second account that the register does not know is another person here.",
};

/// See [`SELF_APPROVED`].
#[derive(Debug)]
struct SelfApproved;

impl SelfApproved {
    fn judge(dossier: &Dossier, approvals: &Approvals<'_>) -> Verdict {
        let approved = |claim: &crate::evidence::Claim<crate::evidence::Review>| {
            claim.value.decision == Decision::Approved && !claim.value.quoted
        };
        if !dossier.evidence.reviews.iter().any(approved) {
            return Verdict::not_applicable();
        }
        let weighed = approvals.weigh(dossier);
        let grade = weighed.iter().map(|review| review.claim.grade).min().unwrap_or(Grade::None);
        let tell = |of: fn(&Standing) -> bool| {
            let found: Vec<&WeighedReview<'_>> = weighed.iter().filter(|review| of(&review.standing)).collect();
            let names = found.iter().map(|r| format!("{}: {}", shown_person(&r.claim.value.reviewer), r.standing.reason()));
            let citations: Vec<_> = found.iter().take(5).map(|review| review.claim.citation.clone()).collect();
            (!found.is_empty()).then(|| (some_of(names), citations))
        };
        if let Some((names, citations)) = tell(|standing| matches!(standing, Standing::Own { .. })) {
            let others = weighed.iter().filter(|review| review.counts()).count();
            let beside = counted(others, "independent approval");
            return Verdict::exception(grade, format!("approved by {names}; {beside} beside it")).citing(citations);
        }
        if let Some((names, citations)) = tell(|standing| matches!(standing, Standing::Unclear(..))) {
            return Verdict::not_assessable(format!("approved by {names}; only a register of people can tell")).citing(citations);
        }
        Verdict::pass(grade)
    }
}

impl Check for SelfApproved {
    fn card(&self) -> &'static Card {
        &SELF_APPROVED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let approvals = Approvals::with(period.settings, Demands::grade(Grade::Asserted));
        judge_each_change(&SELF_APPROVED, period, |_, dossier| Self::judge(dossier, &approvals))
    }
}

#[cfg(test)]
mod tests;
