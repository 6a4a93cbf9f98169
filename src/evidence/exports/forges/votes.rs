//! Votes as a forge logs them, one event after the other: a later vote of the same person replaces the earlier one.

use std::collections::BTreeMap;

use super::super::recorded::{Account, RecordedDecision, RecordedReview};

/// Votes, oldest first; those that were taken back or replaced are marked so, with the time at which they were given.
#[derive(Default)]
pub(super) struct Votes {
    votes: Vec<RecordedReview>,
    /// The votes that stand, by voter.
    standing: BTreeMap<Account, Vec<usize>>,
}

impl Votes {
    /// Adds an event: a decision, or [`RecordedDecision::Dismissed`] where the voter took the vote back.
    pub(super) fn add(&mut self, event: RecordedReview) {
        match event.decision {
            RecordedDecision::Commented => self.votes.push(event),
            RecordedDecision::Dismissed => {
                // A vote from before what was exported: only its withdrawal is known.
                if self.dismiss(&event.reviewer, None) == 0 {
                    self.votes.push(event);
                }
            }
            RecordedDecision::Approved | RecordedDecision::Rejected => {
                self.dismiss(&event.reviewer, Some(event.decision));
                self.standing.entry(event.reviewer.clone()).or_default().push(self.votes.len());
                self.votes.push(event);
            }
        }
    }

    /// Marks every standing approval as taken back, as a push does where the forge is set so.
    pub(super) fn reset(&mut self, is_meant: impl Fn(&Account) -> bool) {
        let voters: Vec<Account> = self.standing.keys().filter(|voter| is_meant(voter)).cloned().collect();
        for voter in voters {
            self.dismiss(&voter, Some(RecordedDecision::Rejected));
        }
    }

    /// Marks the standing votes of one voter as taken back, other than those that decide `kept`; tells how many.
    fn dismiss(&mut self, voter: &Account, kept: Option<RecordedDecision>) -> usize {
        let Some(standing) = self.standing.get_mut(voter) else { return 0 };
        let before = standing.len();
        if standing.first().and_then(|index| self.votes.get(*index)).is_some_and(|vote| Some(vote.decision) == kept) {
            return 0;
        }
        for index in standing.drain(..) {
            if let Some(vote) = self.votes.get_mut(index) {
                vote.decision = RecordedDecision::Dismissed;
            }
        }
        before
    }

    /// The votes, oldest first.
    pub(super) fn into_reviews(self) -> Vec<RecordedReview> {
        self.votes
    }
}
