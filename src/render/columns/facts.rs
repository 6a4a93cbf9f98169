//! What more than one file of the pack shows about one change.

use std::collections::BTreeSet;

use super::words::person;
use crate::checks::WeighedReview;
use crate::classification::LayerSet;
use crate::evidence::{Dossier, Grade};

/// Everything derived about one change that more than one file of the pack shows.
pub(crate) struct Facts<'a> {
    /// Ticket ids that are a reason for the change, in order of appearance.
    pub tickets: Vec<&'a str>,
    /// Ticket ids that are only quoted.
    pub tickets_mentioned: Vec<&'a str>,
    /// The strongest proof among the ticket references that are a reason.
    pub ticket_grade: Grade,
    /// Every review, and whether it counts.
    pub reviews: Vec<WeighedReview<'a>>,
    /// The strongest proof among the approvals that count.
    pub approval_grade: Grade,
    /// The layers touched.
    pub layers: LayerSet,
    /// The environments touched.
    pub environments: BTreeSet<&'a str>,
    /// Checks with an exception, waived ones included.
    pub exceptions: Vec<&'static str>,
    /// Checks beside which a waiver stands.
    pub waived: Vec<&'static str>,
    /// Checks that could not conclude.
    pub not_assessable: Vec<&'static str>,
    /// Checks that found nothing.
    pub no_exception: Vec<&'static str>,
    /// Checks that do not concern the change.
    pub not_applicable: Vec<&'static str>,
}

impl<'a> Facts<'a> {
    pub(super) fn of_evidence(dossier: &'a Dossier) -> Self {
        let mut facts = Self {
            tickets: Vec::new(),
            tickets_mentioned: Vec::new(),
            ticket_grade: Grade::None,
            reviews: Vec::new(),
            approval_grade: Grade::None,
            layers: LayerSet::EMPTY,
            environments: BTreeSet::new(),
            exceptions: Vec::new(),
            waived: Vec::new(),
            not_assessable: Vec::new(),
            no_exception: Vec::new(),
            not_applicable: Vec::new(),
        };
        let (mut reasons, mut mentions) = (BTreeSet::new(), BTreeSet::new());
        for ticket in &dossier.evidence.tickets {
            let id: &str = &ticket.value.id;
            if ticket.value.relation.is_mention() {
                if mentions.insert(id) {
                    facts.tickets_mentioned.push(id);
                }
                continue;
            }
            facts.ticket_grade = facts.ticket_grade.max(ticket.grade);
            if reasons.insert(id) {
                facts.tickets.push(id);
            }
        }
        for file in &dossier.classification.files {
            facts.layers = facts.layers.union(file.layers).union(file.moved_from);
            facts.environments.extend(file.environment.as_deref());
        }
        facts
    }

    /// Everyone with a review or approval claim, each spelling once.
    pub fn reviewers(&self) -> Vec<String> {
        unique(self.reviews.iter().map(|review| person(&review.claim.value.reviewer)))
    }

    /// Everyone whose approval counts, each spelling once.
    pub fn approvers(&self) -> Vec<String> {
        let counting = self.reviews.iter().filter(|review| review.counts());
        unique(counting.map(|review| person(&review.claim.value.reviewer)))
    }
}

pub(super) fn push_once(list: &mut Vec<&'static str>, id: &'static str) {
    if list.last() != Some(&id) {
        list.push(id);
    }
}

fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}
