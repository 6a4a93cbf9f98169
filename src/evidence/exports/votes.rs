//! Votes and pushes as a forge logs them, one event after the other: a later vote of the same person replaces the earlier one.

use std::collections::BTreeMap;

use super::recorded::{Account, LogEntry, LogEvent, RecordedDecision, RecordedReview, ReviewLog};
use crate::text::CommitId;

/// Reads a log from its first entry to its last, wherever its pages stood. An entry that is there twice counts once.
pub(super) fn replay(mut entries: Vec<LogEntry>) -> ReviewLog {
    entries.sort_by(|left, right| (&left.at, left.number).cmp(&(&right.at, right.number)));
    let place = |entry: &LogEntry| (entry.at.clone(), entry.number);
    entries.dedup_by(|later, earlier| place(later) == place(earlier) && later.event.is_like(&earlier.event));
    let mut log = Log::default();
    for entry in entries {
        log.read(entry.event);
    }
    ReviewLog { reviews: log.votes.votes, pushes: log.tells_pushes.then_some(log.pushes), last_pusher: log.last_pusher }
}

/// What is known at one point of a log.
#[derive(Default)]
struct Log {
    votes: Votes,
    /// The head that the log named last.
    head: Option<CommitId>,
    pushes: usize,
    /// Whether its pushes can be counted.
    tells_pushes: bool,
    last_pusher: Option<Account>,
}

impl Log {
    fn read(&mut self, event: LogEvent) {
        match event {
            LogEvent::Vote(vote) => {
                let pushes_before = self.head.is_none().then_some(self.pushes);
                self.votes.add(RecordedReview { commit: vote.commit.or(self.head), pushes_before, ..*vote });
            }
            LogEvent::Head { commit, by } => {
                self.pushes += usize::from(commit.is_none() || commit != self.head);
                self.head = commit;
                self.last_pusher = by.or(self.last_pusher.take());
            }
            LogEvent::Push { replaced, by } => {
                // What was voted on until then is the head that the push replaced.
                self.votes.name_commit(self.pushes, replaced);
                (self.pushes, self.last_pusher) = (self.pushes + 1, by);
            }
            LogEvent::PushesAreTold => self.tells_pushes = true,
            LogEvent::Reset(None) => self.votes.reset(|_| true),
            LogEvent::Reset(Some(logins)) => self.votes.reset(|voter| logins.contains(&voter.login)),
        }
    }
}

/// Votes, oldest first; those that were taken back or replaced are marked so, with the time at which they were given.
#[derive(Default)]
struct Votes {
    votes: Vec<RecordedReview>,
    /// The votes that stand, by voter.
    standing: BTreeMap<Account, Vec<usize>>,
}

impl Votes {
    /// Adds an event: a decision, or [`RecordedDecision::Dismissed`] where the voter took the vote back.
    fn add(&mut self, event: RecordedReview) {
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

    /// Names the commit of every vote that was given after so many pushes and before the next one.
    fn name_commit(&mut self, pushes_before: usize, commit: Option<CommitId>) {
        for vote in self.votes.iter_mut().rev().take_while(|vote| vote.pushes_before == Some(pushes_before)) {
            vote.commit = vote.commit.or(commit);
        }
    }

    /// Marks standing approvals as taken back, as a push does where the forge is set so.
    fn reset(&mut self, is_meant: impl Fn(&Account) -> bool) {
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
}
