//! The frozen result of an audit: what is rendered, counted twice and sealed.

mod tie_outs;

pub use crate::checks::Status;
pub use tie_outs::{RecordCounter, Rendered, population_hash};

use crate::checks::{Assessment, Card};
use crate::evidence::{Dossier, Exports};
use crate::inventory::Inventory;
use crate::repository::{AuditRange, Completeness};
use crate::settings::Settings;

/// The frozen result.
#[derive(Debug)]
pub struct Pack {
    /// The repository's name for people: its folder's last part or the story's name; never a full path.
    pub repository_name: String,
    /// Which commits.
    pub range: AuditRange,
    /// How whole the record is.
    pub completeness: Completeness,
    /// Every arrival, oldest first.
    pub dossiers: Vec<Dossier>,
    /// Every check's findings, in catalogue order.
    pub assessments: Vec<Assessment>,
    /// The status of each dossier, in the same order.
    pub statuses: Vec<Status>,
    /// The policy objects at the end of the range.
    pub inventory: Inventory,
    /// What was given beside the repository.
    pub exports: Exports,
    /// What was in force.
    pub settings: Settings,
    /// SHA-256 over the sorted change ids, one per line (64 hexadecimal digits).
    pub population_hash: String,
    /// The tie-outs, T1 first.
    pub tie_outs: Vec<TieOut>,
    /// The version of countersign.
    pub version: &'static str,
}

/// Two independent counts that must agree.
#[derive(Clone, Debug)]
pub struct TieOut {
    /// `T1` …
    pub id: &'static str,
    /// What must hold, in words.
    pub statement: &'static str,
    /// Where the left side was counted.
    pub left: &'static str,
    /// Its value.
    pub left_value: String,
    /// Where the right side was counted.
    pub right: &'static str,
    /// Its value.
    pub right_value: String,
    /// Why it was not checked, where it was not.
    pub not_checked: Option<String>,
}

impl TieOut {
    /// Whether nothing contradicts: both sides agree, or there was nothing to hold against each other.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.not_checked.is_some() || self.left_value == self.right_value
    }
}

impl Pack {
    /// Every reason why the pack must call itself incomplete; empty when it need not.
    #[must_use]
    pub fn incomplete_because(&self) -> Vec<String> {
        let broken = self.tie_outs.iter().filter(|tie_out| !tie_out.holds());
        let tie_outs = broken.map(|t| format!("{} does not hold: {} against {}", t.id, t.left_value, t.right_value));
        let objects = &self.completeness.unreadable_objects;
        let unreadable =
            objects.first().map(|first| format!("objects that cannot be read: {}, the first is {first}", objects.len()));
        self.completeness.problems.iter().cloned().chain(unreadable).chain(tie_outs).collect()
    }

    /// Every card, in catalogue order.
    pub fn cards(&self) -> impl Iterator<Item = &'static Card> {
        self.assessments.iter().map(|assessment| assessment.card)
    }
}
