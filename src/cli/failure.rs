//! What ends a command: an exit code, what happened, and the way out.

use crate::folder::FolderError;
use crate::render::RenderError;
use crate::repository::RepositoryError;
use crate::settings::reader::Problem;

/// The exit codes, the same for every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// The command did what it was asked for.
    Done = 0,
    /// The gate refuses what it was asked to judge.
    Refused = 1,
    /// The command was called wrongly, or with settings that cannot be used.
    Misuse = 2,
    /// The repository does not allow any conclusion.
    Inconclusive = 3,
    /// The result could not be written.
    CouldNotWrite = 4,
}

/// A command that could not do what it was asked for.
#[derive(Debug)]
pub struct Failure {
    /// What the process returns.
    pub exit: Exit,
    /// What happened, then what caused it.
    pub sentences: Vec<String>,
    /// The way out.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure with its chain of causes.
    pub fn of(exit: Exit, error: &dyn std::error::Error) -> Self {
        let mut sentences = vec![error.to_string()];
        let mut cause = error.source();
        while let Some(error) = cause {
            sentences.push(error.to_string());
            cause = error.source();
        }
        sentences.dedup();
        Self { exit, sentences, hint: None }
    }

    /// Wrong use of the command.
    pub fn misuse(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Misuse, sentences: vec![sentence.into()], hint: None }
    }

    /// With a further sentence that says why.
    #[must_use]
    pub fn because(mut self, sentence: impl Into<String>) -> Self {
        self.sentences.push(sentence.into());
        self
    }

    /// Settings that cannot be used: every problem with its line and hint.
    pub fn settings(origin: &str, problems: &[Problem]) -> Self {
        let number = problems.len();
        let noun = if number == 1 { "mistake" } else { "mistakes" };
        let mut sentences = vec![format!("{number} {noun} in the settings ({origin})")];
        sentences.extend(problems.iter().map(|p| format!("line {}: {}\n    {}", p.line, p.message, p.hint)));
        Self { exit: Exit::Misuse, sentences, hint: Some("`countersign settings show` prints what is in force".into()) }
    }

    /// Adds the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<RepositoryError> for Failure {
    fn from(error: RepositoryError) -> Self {
        let (exit, hint) = match &error {
            RepositoryError::NotFound { .. } => (Exit::Misuse, "name a repository with `--repo PATH`".to_owned()),
            RepositoryError::Open { .. } => (Exit::Inconclusive, "a bundle must be cloned first: `git clone FILE`".into()),
            RepositoryError::ReferenceFormat { .. } => {
                (Exit::Inconclusive, "run `git refs migrate --ref-format=files` on a copy".into())
            }
            RepositoryError::Unborn { .. } => (Exit::Inconclusive, "name a branch with `--branch REF`".into()),
            RepositoryError::Revision { revision, .. } if is_meant_as_day(revision) => {
                (Exit::Misuse, "there is no such day; a day is written as 2026-03-31".into())
            }
            RepositoryError::Revision { .. } => {
                (Exit::Misuse, "`git branch -a` and `git tag` list what there is; a shallow clone has only part".into())
            }
            RepositoryError::Quarantine { .. } => {
                (Exit::Inconclusive, "run it as git runs a hook, with GIT_OBJECT_DIRECTORY as git sets it".into())
            }
            RepositoryError::ReadCommit { .. } => (Exit::Inconclusive, "`git fsck` tells what else is missing".into()),
            RepositoryError::Empty { hint, .. } => (Exit::Inconclusive, hint.clone()),
            RepositoryError::References { .. } => (Exit::Inconclusive, "`git for-each-ref` tells more".into()),
        };
        Self::of(exit, &error).hint(hint)
    }
}

impl From<RenderError> for Failure {
    fn from(error: RenderError) -> Self {
        Self::of(Exit::CouldNotWrite, &error)
    }
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        let failure = Self::of(Exit::CouldNotWrite, &error);
        match error {
            FolderError::Exists { .. } => {
                failure.hint("a pack is never written over another one: name a new folder with `--out DIR`")
            }
            FolderError::Place { .. } | FolderError::Render(_) => failure,
        }
    }
}

/// Whether a word has the shape of a day, whatever the numbers.
fn is_meant_as_day(word: &str) -> bool {
    let shape: Vec<bool> = word.bytes().map(|byte| byte.is_ascii_digit()).collect();
    shape == [true, true, true, true, false, true, true, false, true, true]
}
