//! Was what landed what was approved, and does the forge know of what the message claims?

use super::approvals::{Approvals, Standing, WeighedReview};
use super::{Card, Check, Finding, Gate, Listing, Period, Severity, Verdict, judge_each_change, shown_person, some_of};
use crate::evidence::{Decision, Dossier, Exports, Grade};

pub(super) const STALE: Listing = Listing { card: &APPROVAL_STALE, configure: |_| Box::new(ApprovalStale) };
pub(super) const UNCONFIRMED: Listing = Listing { card: &APPROVAL_UNCONFIRMED, configure: |_| Box::new(ApprovalUnconfirmed) };

static APPROVAL_STALE: Card = Card {
    id: "approval-stale",
    requirement: "What landed is what was approved.",
    rationale: "An approval that was given before the last push says nothing about what that push brought.",
    remedy: "Have what landed reviewed now. Let the forge take approvals back when something is pushed.",
    severity: Severity::High,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("PCI DSS 4.0", "6.5.1"),
        ("SOX ITGC", "change management"),
    ],
    needs: "an export of the forge with the reviewed commit of each review, and that commit in the clone",
    waivable_by: "the change manager, not the author of the change",
    settings: &[],
    since: "0.1.0",
    limits: "The commit, the tree, then the patch are compared; times are not. A forge that does not record which commit was reviewed \
             (GitLab, Bitbucket Cloud) leaves it unknown. A reviewed commit that nobody fetched is unknown as well.",
};

/// See [`APPROVAL_STALE`].
#[derive(Debug)]
struct ApprovalStale;

impl ApprovalStale {
    fn judge(dossier: &Dossier, approvals: &Approvals<'_>) -> Verdict {
        let weighed = approvals.weigh(dossier);
        let recorded = || weighed.iter().filter(|review| review.claim.value.record.is_some());
        let named = |is: fn(&Standing) -> bool| {
            let these = recorded().filter(|review| is(&review.standing));
            these.map(|review| shown_person(&review.claim.value.reviewer)).collect::<Vec<_>>()
        };
        let citations = || recorded().take(5).map(|review| review.claim.citation.clone());
        if recorded().any(WeighedReview::counts) {
            return Verdict::pass(Grade::Recorded);
        }
        let stale = named(|standing| *standing == Standing::Stale);
        if !stale.is_empty() {
            let because = format!("approved by {}, and other content landed", some_of(stale));
            return Verdict::exception(Grade::Recorded, because).citing(citations());
        }
        match recorded().find_map(|review| if let Standing::Unknown(why) = review.standing { Some(why) } else { None }) {
            Some(why) => {
                Verdict::not_assessable(format!("whether what was approved landed cannot be told: {why}")).citing(citations())
            }
            None => Verdict::not_applicable(),
        }
    }
}

impl Check for ApprovalStale {
    fn card(&self) -> &'static Card {
        &APPROVAL_STALE
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let approvals = Approvals::of(period.settings);
        judge_each_change(&APPROVAL_STALE, period, |_, dossier| {
            if dossier.link.is_none() { Verdict::not_applicable() } else { Self::judge(dossier, &approvals) }
        })
    }
}

static APPROVAL_UNCONFIRMED: Card = Card {
    id: "approval-unconfirmed",
    requirement: "Every approval that a message claims is on record at the forge.",
    rationale: "Anybody who can write a commit can write `Reviewed-by` into it.",
    remedy: "Ask the person named whether they approved, and where. Have the change reviewed now if they did not.",
    severity: Severity::High,
    gate: Gate::Afterwards,
    references: &[("SOC 2", "CC8.1"), ("ISO 27001:2022", "A.5.28"), ("NIST SP 800-53", "AU-10"), ("NIST SP 800-53", "CM-3")],
    needs: "an export of the forge with reviews",
    waivable_by: "the change manager, not the author of the change",
    settings: &[],
    since: "0.1.0",
    limits: "People are told apart by the register, address and login. Somebody who approved under a login that the register does not \
             join with the name in the message counts as unconfirmed.",
};

/// See [`APPROVAL_UNCONFIRMED`].
#[derive(Debug)]
struct ApprovalUnconfirmed;

impl ApprovalUnconfirmed {
    fn judge(dossier: &Dossier, approvals: &Approvals<'_>, exports: &Exports) -> Verdict {
        let claims = dossier.evidence.reviews.iter();
        let claimed: Vec<_> = claims
            .filter(|claim| claim.value.record.is_none() && claim.value.decision == Decision::Approved && !claim.value.quoted)
            .collect();
        if claimed.is_empty() || exports.proposals.is_empty() {
            return Verdict::not_applicable();
        }
        if dossier.link.as_ref().is_some_and(|link| !link.tells_reviews) {
            return Verdict::not_assessable("the export of its proposal does not hold reviews");
        }
        let missing: Vec<_> = claimed.into_iter().filter(|claim| !approvals.has_record(&claim.value, dossier)).collect();
        if missing.is_empty() {
            return Verdict::pass(Grade::Recorded);
        }
        if dossier.link.as_ref().map_or(!exports.missing_proposals.is_empty(), |link| !link.has_all_reviews) {
            return Verdict::not_assessable("the message claims an approval, and the export lacks proposals or reviews");
        }
        let names = some_of(missing.iter().map(|claim| shown_person(&claim.value.reviewer)));
        let because = format!("the message claims an approval by {names}, and the forge recorded none");
        Verdict::exception(Grade::Recorded, because).citing(missing.iter().take(5).map(|claim| claim.citation.clone()))
    }
}

impl Check for ApprovalUnconfirmed {
    fn card(&self) -> &'static Card {
        &APPROVAL_UNCONFIRMED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let approvals = Approvals::of(period.settings);
        judge_each_change(&APPROVAL_UNCONFIRMED, period, |_, dossier| Self::judge(dossier, &approvals, period.exports))
    }
}
