//! The gate: what can be judged before a change lands, with the checks of the report.
//!
//! The range comes from the CI system, a hook or the command line, the settings from what stands already. Nothing that
//! the change itself holds decides how it is judged.

pub mod environment;
mod example;
mod judging;
mod record;
mod units;
pub mod formats;
pub mod hooks;
pub mod request;

pub use judging::{judge, replay};
pub use record::record;

use crate::checks::{Card, Severity};
use crate::text::{CommitId, RepoPath, TreeId};

/// What the gate found about one update of one reference, or about one proposal.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The repository's name for people.
    pub repository: String,
    /// What was judged: `refs/heads/main`, `pull request 12`, `the message in COMMIT_EDITMSG`.
    pub subject: String,
    /// The commit that the reference names now; `None` where there is none.
    pub base: Option<CommitId>,
    /// The commit that it shall name; `None` for a text alone and for a deletion.
    pub head: Option<CommitId>,
    /// The tree of that commit, where it can be read: what would stand on the branch.
    pub head_tree: Option<TreeId>,
    /// Whether its commits stand on the branch already, so that nobody should write them again: a replay.
    pub has_landed: bool,
    /// How the range was found and why it is exact, one sentence each.
    pub because: Vec<String>,
    /// Where the settings came from.
    pub settings: String,
    /// SHA-256 over the settings in force (64 hexadecimal digits).
    pub settings_digest: String,
    /// Every commit that was judged, oldest first.
    pub commits: Vec<JudgedCommit>,
    /// The checks that were applied, in the order of the catalogue.
    pub checks: Vec<Applied>,
    /// What they found; what refuses stands first, then by commit, then by check.
    pub findings: Vec<Found>,
    /// The conclusion.
    pub verdict: Verdict,
    /// A ticket reference in the project's own form, to copy: `SEC-123`.
    pub example: String,
}

/// A commit that was judged.
#[derive(Clone, Debug)]
pub struct JudgedCommit {
    /// Its id.
    pub id: CommitId,
    /// The first line of its message.
    pub subject: String,
    /// How many parents it has.
    pub parents: usize,
}

/// A check that was applied.
#[derive(Clone, Copy, Debug)]
pub struct Applied {
    /// Its card.
    pub card: &'static Card,
    /// Whether its exceptions refuse.
    pub refuses: bool,
    /// How many subjects it found nothing against.
    pub passed: usize,
}

/// One finding of the gate: an exception, or something that could not be concluded.
#[derive(Clone, Debug)]
pub struct Found {
    /// The check.
    pub card: &'static Card,
    /// What it is about.
    pub about: About,
    /// What it means for the decision.
    pub stance: Stance,
    /// How much it matters.
    pub severity: Severity,
    /// Why, as one plain sentence without an end mark; hidden characters are visible already.
    pub because: String,
    /// The file and line it was read from, where there is one; lines count from 1.
    pub place: Option<(RepoPath, u32)>,
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The range or the record as a whole.
    Range,
    /// The commit at this position of the ruling's commits.
    Commit(usize),
    /// The change as it will land, with its title.
    Landing(String),
    /// A waiver of the settings, by its line.
    Waiver(usize),
}

/// What a finding means for the decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stance {
    /// An exception of a check that refuses.
    Refuses,
    /// A check that refuses could not conclude, so the gate cannot either.
    Undecided,
    /// An exception that is only shown.
    Warns,
    /// A check that does not refuse could not conclude.
    Unsure,
    /// An exception that a waiver of the settings accepts.
    Waived,
}

/// The gate's conclusion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing refuses, and everything that may refuse was concluded.
    Passed,
    /// Something that may refuse could not be concluded.
    Inconclusive,
    /// Something refuses.
    Refused,
}

impl Verdict {
    /// The word for it in output and records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Inconclusive => "inconclusive",
            Self::Refused => "refused",
        }
    }
}

impl Stance {
    /// The word for it in output and records.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Refuses => "refuses",
            Self::Undecided => "undecided",
            Self::Warns => "warns",
            Self::Unsure => "unsure",
            Self::Waived => "waived",
        }
    }
}

impl Ruling {
    /// The commit that a finding is about, if it is about one.
    #[must_use]
    pub fn commit_of(&self, found: &Found) -> Option<&JudgedCommit> {
        match &found.about {
            About::Commit(position) => self.commits.get(*position),
            About::Range | About::Landing(_) | About::Waiver(_) => None,
        }
    }

    /// Findings of one stance.
    pub fn findings_that(&self, stance: Stance) -> impl Iterator<Item = &Found> {
        self.findings.iter().filter(move |found| found.stance == stance)
    }
}
