//! What the CI system says about the change at hand: which commits, which reference, which proposal.
//!
//! Every value is read as hostile: a branch name, a title or an event file is written by whoever proposes the change.

/// Where variables and event files come from; `cli` gives the process's own.
pub trait Environment {
    /// The value of a variable; `None` where it is not set or not text.
    fn variable(&self, name: &str) -> Option<String>;
    /// The bytes of a file that a variable names; the reason where it cannot be read or is too large.
    ///
    /// # Errors
    ///
    /// One sentence that names the file.
    fn file(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// What a CI system asks the gate to judge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The system's name for people, e.g. `GitHub Actions, pull request`.
    pub system: &'static str,
    /// What is judged, for people: `pull request 12 to main`, `refs/heads/main`.
    pub subject: String,
    /// What happens.
    pub event: Event,
    /// How the range was chosen and why, one sentence each, naming the variables.
    pub because: Vec<String>,
    /// What to change in the CI file when commits are missing, e.g. "set `fetch-depth: 0` of actions/checkout".
    pub fetch: &'static str,
}

/// What happens to the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A proposal that would land in some way that is not known yet.
    Proposal {
        /// The branch it would land on, as revisions to try in order (`origin/main`, a commit id): the first that the
        /// repository has is what stands already, and where the settings come from.
        target: Vec<String>,
        /// More revisions whose commits are not new, e.g. the merge base that the system names; missing ones are no problem.
        behind: Vec<String>,
        /// The proposal's newest commit.
        head: String,
        /// Title and description, where the system gives them.
        text: Option<ProposalText>,
    },
    /// Commits that are, or are about to be, on a branch or tag as they are.
    Push {
        /// The full name of the reference, e.g. `refs/heads/main`.
        reference: String,
        /// The commit before; `None` where the reference is new or its former commit is not told.
        before: Option<String>,
        /// The commit after.
        after: String,
    },
    /// A reference was deleted: nothing to judge.
    Deletion {
        /// The full name of the reference.
        reference: String,
    },
}

/// A proposal's title and description.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProposalText {
    /// The title.
    pub title: String,
    /// The description; empty where there is none.
    pub body: String,
}

/// Why the surroundings do not say what to judge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// No CI system is recognised.
    #[error("no CI system was recognised by its variables")]
    Unknown,
    /// A system is recognised, and what it says is not enough or wrong.
    #[error("{system}: {problem}")]
    Unusable {
        /// The system.
        system: &'static str,
        /// What is missing or wrong, naming the variable or the place in the file.
        problem: String,
        /// The way out.
        hint: &'static str,
    },
}
