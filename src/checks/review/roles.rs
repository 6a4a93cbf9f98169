//! What an approval needs beyond being somebody else's: a grade, and a role that the approver held on that day.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::approvals::{Approvals, Standing, WeighedReview};
use super::{Grade, Section, shown};
use crate::checks::people::{day_of, day_written};
use crate::classification::LayerSet;
use crate::evidence::{Dossier, Review};
use crate::settings::Layer;

/// What the settings of `review-missing` demand of an approval.
#[derive(Clone, Debug)]
pub(super) struct Demands {
    pub(super) minimum_grade: Grade,
    role: Option<Arc<str>>,
    roles: BTreeMap<Layer, Arc<str>>,
}

/// Whether an approver held one of the roles that the settings demand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoleValid {
    /// No role is demanded.
    NotDemanded,
    /// One of them was held.
    Held,
    /// None was, and why.
    NotHeld(String),
    /// The day of the approval is not known.
    Unknown,
}

impl RoleValid {
    /// The words for it in packs.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::NotDemanded => "not demanded",
            Self::Held => "yes",
            Self::NotHeld(_) => "no",
            Self::Unknown => "unknown",
        }
    }
}

impl Demands {
    /// Nothing but a grade.
    pub(super) fn grade(minimum_grade: Grade) -> Self {
        Self { minimum_grade, role: None, roles: BTreeMap::new() }
    }

    /// The keys `minimum_grade`, `role` and `roles` of `review-missing`.
    pub(super) fn configured(section: &mut Section) -> Self {
        let words = [Grade::Asserted, Grade::Recorded, Grade::Verified].map(|grade| (grade.word(), grade));
        let minimum_grade = section.choice("minimum_grade", Grade::Asserted, &words);
        let named = |role: Option<String>| role.map(|role| role.trim().into()).filter(|role: &Arc<str>| !role.is_empty());
        let role = named(section.string("role"));
        let mut by_layer = section.section("roles");
        let roles = Layer::ALL.into_iter().filter_map(|layer| Some((layer, named(by_layer.string(layer.name()))?))).collect();
        section.take_over(by_layer);
        Self { minimum_grade, role, roles }
    }

    /// The roles demanded for a change: for each layer its own, else the general one.
    fn of(&self, dossier: &Dossier) -> BTreeSet<&str> {
        if self.role.is_none() && self.roles.is_empty() {
            return BTreeSet::new();
        }
        let files = dossier.classification.files.iter();
        let layers = files.fold(LayerSet::EMPTY, |all, file| all.union(file.layers).union(file.moved_from));
        let general = || self.role.as_deref().filter(|_| layers.is_empty());
        let by_layer = layers.iter().filter_map(|layer| self.roles.get(&layer).or(self.role.as_ref()));
        by_layer.map(|role| &**role).chain(general()).collect()
    }
}

impl Approvals<'_> {
    /// Whether a reviewer held a demanded role on the day of the review; on that of the arrival where no other is known.
    #[must_use]
    pub fn role_valid(&self, dossier: &Dossier, review: &Review) -> RoleValid {
        let demanded = self.demands.of(dossier);
        if demanded.is_empty() {
            return RoleValid::NotDemanded;
        }
        let roles = || demanded.iter().map(|role| shown(role)).collect::<Vec<_>>().join(" or ");
        let Some(person) = self.register.person(&review.reviewer) else {
            return RoleValid::NotHeld(format!("is nobody whom the register gives the role {}", roles()));
        };
        let Some(day) = self.day_of_review(dossier, review) else { return RoleValid::Unknown };
        if demanded.iter().any(|role| person.holds(role, &day)) {
            return RoleValid::Held;
        }
        RoleValid::NotHeld(format!("did not hold the role {} on {day}", roles()))
    }

    /// The day on which somebody reviewed, or else that on which the change arrived.
    pub(super) fn day_of_review(&self, dossier: &Dossier, review: &Review) -> Option<String> {
        let merged_at = || dossier.evidence.merged_at.as_ref().map(|claim| &*claim.value);
        match review.at.as_deref().or_else(merged_at) {
            Some(written) => day_written(written, self.offset),
            None => day_of(&dossier.change.commit.committer.when, self.offset),
        }
    }

    /// An approval that would count, held against the demanded roles.
    pub(super) fn with_role(&self, dossier: &Dossier, review: &Review) -> Standing {
        match self.role_valid(dossier, review) {
            RoleValid::NotDemanded | RoleValid::Held => Standing::Counts,
            RoleValid::NotHeld(why) => Standing::WithoutRole(why.into()),
            RoleValid::Unknown => Standing::Unknown("the day of the approval cannot be read, nor whether the role was held then"),
        }
    }

    /// The demanded roles that no counting approver held, as part of a sentence.
    pub(super) fn roles_not_covered(&self, dossier: &Dossier, weighed: &[WeighedReview<'_>]) -> Option<String> {
        let mut open = self.demands.of(dossier);
        for review in weighed.iter().filter(|review| review.counts()).map(|review| &review.claim.value) {
            let held = self.register.person(&review.reviewer).zip(self.day_of_review(dossier, review));
            if let Some((person, day)) = held {
                open.retain(|role| !person.holds(role, &day));
            }
        }
        let open: Vec<String> = open.into_iter().map(shown).collect();
        (!open.is_empty()).then(|| format!("no approval by anybody with the role {}", open.join(" and ")))
    }
}
