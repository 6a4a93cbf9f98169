//! What the CI system says about the change at hand: which commits, which reference, which proposal.
//!
//! Every value is read as hostile: a branch name, a title or an event file is written by whoever proposes the change.
//! What is missing, malformed or not known is an error, never an empty range.

mod azure;
mod bitbucket;
mod event_file;
mod gerrit;
mod github;
mod gitlab;
mod jenkins;
#[cfg(test)]
mod tests;
mod variables;

use variables::Variables;

/// The most bytes that an event file may have: GitHub caps what it sends at 25 MB.
pub const MOST_EVENT_BYTES: usize = 25 << 20;

/// Where variables and event files come from; `cli` gives the process's own.
pub trait Environment {
    /// The value of a variable; `None` where it is not set or not text.
    fn variable(&self, name: &str) -> Option<String>;
    /// The bytes of a file that a variable names; the reason where it cannot be read or has more than
    /// [`MOST_EVENT_BYTES`].
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
    /// How the range was chosen and why, a sentence each, naming the variables.
    pub because: Vec<String>,
    /// What to change in the CI file when commits are missing, e.g. "set `fetch-depth: 0` of actions/checkout".
    pub fetch: &'static str,
}

/// What happens to the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A proposal that would land in some way that is not known yet.
    Proposal {
        /// The branch it would land on, as revisions to try in order (`refs/remotes/origin/main`, a commit id): the
        /// first that the repository has is what stands already, and where the settings come from. Only commits that
        /// this branch has are not new: merge bases that a system names are left out, since GitLab keeps the one of the
        /// former target when a merge request gets another, and commits of that target would pass unseen.
        target: Vec<String>,
        /// The proposal's newest commit, as an id or a full reference; never the merge that a system makes to try it.
        head: String,
        /// Title and description, where the system gives them.
        text: Option<ProposalText>,
    },
    /// Commits that are, or are about to be, on a branch or tag as they are.
    Push {
        /// The full name of the reference, e.g. `refs/heads/main`.
        reference: String,
        /// The commit before; `None` where the reference is new. A system that does not tell it is an error.
        before: Option<String>,
        /// The commit after; GitHub and Gerrit name the tag object where the reference is an annotated tag.
        after: String,
        /// The branch that a new reference is compared with and that settings are taken from, as a full reference, where
        /// the system tells it and it is another than the one pushed. Other branches may hold commits that were refused.
        default_branch: Option<String>,
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
    /// The description.
    pub description: Description,
}

impl ProposalText {
    /// Title and description as one message, as far as the description is told.
    #[must_use]
    pub fn message(&self) -> String {
        match &self.description {
            Description::Told(text) | Description::Cut(text) if !text.trim().is_empty() => format!("{}\n\n{text}", self.title),
            Description::Told(_) | Description::Cut(_) | Description::NotTold => self.title.clone(),
        }
    }
}

/// A proposal's description, as far as the system tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Description {
    /// All of it; empty where there is none.
    Told(String),
    /// Its beginning only, so that what is not found in it may stand in the rest.
    Cut(String),
    /// Nothing.
    NotTold,
}

/// Why the surroundings do not say what to judge.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvironmentError {
    /// No CI system is recognised.
    #[error("no CI system was recognised by its variables")]
    Unknown,
    /// Variables of more than one system are there, so whose they are is a guess.
    #[error("variables of {first} and of {second} are both there")]
    Ambiguous {
        /// The first in the order in which they are looked for.
        first: &'static str,
        /// The second.
        second: &'static str,
    },
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

/// A system that is recognised: its name, how it is recognised, how it is read.
struct System {
    name: &'static str,
    is_here: fn(&dyn Environment) -> bool,
    read: fn(&dyn Environment) -> Result<Chosen, EnvironmentError>,
}

/// Every system that is known. Gerrit's variables are set inside a Jenkins job, so they are no second system there.
const SYSTEMS: &[System] = &[
    System { name: "GitHub Actions", is_here: github::is_here, read: github::read },
    System { name: "GitLab CI", is_here: gitlab::is_here, read: gitlab::read },
    System { name: "Azure Pipelines", is_here: azure::is_here, read: azure::read },
    System { name: "Bitbucket Pipelines", is_here: bitbucket::is_here, read: bitbucket::read },
    System { name: "Gerrit Trigger", is_here: gerrit::is_here, read: gerrit::read },
    System { name: "Jenkins", is_here: |given| jenkins::is_here(given) && !gerrit::is_here(given), read: jenkins::read },
];

/// What the CI system around this process asks the gate to judge.
///
/// # Errors
///
/// No system or more than one is recognised, or what the recognised one says is not enough for an exact range.
pub fn choose(environment: &dyn Environment) -> Result<Chosen, EnvironmentError> {
    let mut here = SYSTEMS.iter().filter(|system| (system.is_here)(environment));
    let Some(system) = here.next() else {
        return Err(EnvironmentError::Unknown);
    };
    match here.next() {
        Some(second) => Err(EnvironmentError::Ambiguous { first: system.name, second: second.name }),
        None => (system.read)(environment),
    }
}

/// Whether a variable says yes; `True` is Azure's spelling.
fn says_true(environment: &dyn Environment, name: &str) -> bool {
    environment.variable(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Whether a variable is there and not empty.
fn is_set(environment: &dyn Environment, name: &str) -> bool {
    environment.variable(name).is_some_and(|value| !value.is_empty())
}
