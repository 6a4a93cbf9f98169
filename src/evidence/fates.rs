//! What became of each merged proposal of the exports: the way from proposals to changes.

use std::collections::BTreeMap;

use super::Dossier;
use super::exports::recorded::{ProposalState, RecordedProposal};
use crate::text::{CommitId, utc_seconds};

/// What became of a recorded proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It did not land, as far as the export goes.
    NotMerged,
    /// It became these changes.
    Changes(Vec<CommitId>),
    /// It arrived inside a change that is linked to another proposal, or to none.
    Inside(CommitId),
    /// It asks to land on another branch.
    OtherBranch,
    /// It landed before or after the period, or the export does not tell when.
    OutsidePeriod,
    /// It landed on this branch in the period, and no change is linked to it.
    WithoutChange,
}

impl Fate {
    /// The words for a proposal that became a change.
    pub const LANDED: &'static str = "landed";

    /// The words for it in packs.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::NotMerged => "not merged",
            Self::Changes(_) => Self::LANDED,
            Self::Inside(_) => "inside another change",
            Self::OtherBranch => "other branch",
            Self::OutsidePeriod => "outside of the period",
            Self::WithoutChange => "without a change",
        }
    }
}

/// What became of each proposal, in their order. `branch` is the audited one, `start` the committer date of the last commit
/// before the period.
pub(super) fn of(
    proposals: &[RecordedProposal],
    inside: &BTreeMap<usize, CommitId>,
    dossiers: &[Dossier],
    branch: &str,
    start: Option<i64>,
) -> Vec<Fate> {
    let mut changes: BTreeMap<usize, Vec<CommitId>> = BTreeMap::new();
    for dossier in dossiers {
        if let Some(link) = &dossier.link {
            changes.entry(link.proposal).or_default().push(dossier.change.id());
        }
    }
    let end = dossiers.last().and_then(|last| last.change.commit.committer.when.known()).map(|when| when.seconds);
    let fate = |(position, proposal): (usize, &RecordedProposal)| {
        if proposal.state != ProposalState::Merged {
            return Fate::NotMerged;
        }
        if let Some(changes) = changes.remove(&position) {
            return Fate::Changes(changes);
        }
        if let Some(change) = inside.get(&position) {
            return Fate::Inside(*change);
        }
        if is_elsewhere(proposal, branch) {
            return Fate::OtherBranch;
        }
        match (proposal.merged_at.as_deref().and_then(utc_seconds), end) {
            (Some(merged), Some(end)) if merged <= end && start.is_none_or(|start| merged > start) => Fate::WithoutChange,
            (Some(_) | None, Some(_) | None) => Fate::OutsidePeriod,
        }
    };
    (0..).zip(proposals).map(fate).collect()
}

fn is_elsewhere(proposal: &RecordedProposal, branch: &str) -> bool {
    let branch = branch.rsplit('/').next().unwrap_or_default();
    proposal.target.as_deref().is_some_and(|target| branch != "HEAD" && target.rsplit('/').next() != Some(branch))
}
