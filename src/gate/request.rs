//! What asks to be let in, in commits of this repository.

use super::environment::ProposalText;
use crate::text::CommitId;

/// One update of one reference, one proposal or one text.
#[derive(Clone, Debug)]
pub struct Request {
    /// What it is, for people: `refs/heads/main`, `pull request 12 to main`.
    pub subject: String,
    /// What would happen.
    pub update: Update,
    /// How the range was chosen, one sentence each.
    pub because: Vec<String>,
}

/// What would happen.
#[derive(Clone, Debug)]
pub enum Update {
    /// A reference names another commit.
    Push {
        /// What it names now; `None` for a new one.
        before: Option<CommitId>,
        /// More commits whose ancestors are not new.
        behind: Vec<CommitId>,
        /// What it shall name.
        after: CommitId,
    },
    /// Commits ask to land on a branch in some way.
    Proposal {
        /// What the branch names now.
        target: CommitId,
        /// The proposal's newest commit.
        head: CommitId,
        /// Title and description, where they are known.
        text: Option<ProposalText>,
    },
    /// A message of a commit that is not made yet.
    Text(String),
    /// No commit comes, or none that the gate judges.
    Nothing,
    /// A reference under `refs/replace/`.
    Replacement,
    /// A reference that leads to something else than a commit: its content has no message that could name a reason.
    NoCommit,
}
