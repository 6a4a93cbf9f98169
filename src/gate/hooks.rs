//! What git tells a hook, and what of it asks to be let in.
//!
//! Formats: <https://git-scm.com/docs/githooks>.

use super::request::{Request, Update};
use crate::repository::{Reference, Repository, RepositoryError};
use crate::settings::Settings;
use crate::text::{CommitId, ObjectId, visible_line};

/// Where git draws the line below which a message is not the message.
const SCISSORS: &str = "------------------------ >8 ------------------------";
/// The pseudo-branches that show other content under an object's id.
const REPLACEMENTS: &str = "refs/replace/";

/// A reference that shall move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// What it names now; `None` where it is new.
    pub before: Option<ObjectId>,
    /// What it shall name; `None` where it goes away.
    pub after: Option<ObjectId>,
    /// Its full name.
    pub reference: String,
}

/// Why a push cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// Git said something else than its documentation says.
    #[error("line {line} of the hook's input is not `{form}`: {text}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What a line should be.
        form: &'static str,
        /// What it is.
        text: String,
    },
    /// An object that the push names cannot be read.
    #[error("{reference}: {reason}")]
    Object {
        /// The reference that shall name it.
        reference: String,
        /// One sentence.
        reason: String,
    },
    /// The references that stand already cannot be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
}

/// Reads what `pre-receive` is given: `OLD NEW REF` on each line.
///
/// # Errors
///
/// When a line is something else.
pub fn received(input: &str) -> Result<Vec<Move>, HookError> {
    let form = "OLD NEW REF";
    let read = |line: &str| {
        let (before, rest) = line.split_once(' ')?;
        let (after, reference) = rest.split_once(' ')?;
        moved(before, after, reference)
    };
    lines(input, form, read)
}

/// Reads what `pre-push` is given: `LOCAL-REF LOCAL REMOTE-REF REMOTE` on each line.
///
/// # Errors
///
/// When a line is something else.
pub fn pushed(input: &str) -> Result<Vec<Move>, HookError> {
    let form = "LOCAL-REF LOCAL REMOTE-REF REMOTE";
    let read = |line: &str| {
        // The local name may be anything that git can resolve, a blank included.
        let (rest, before) = line.rsplit_once(' ')?;
        let (rest, reference) = rest.rsplit_once(' ')?;
        let (_, after) = rest.rsplit_once(' ')?;
        moved(before, after, reference)
    };
    lines(input, form, read)
}

/// Reads the arguments of `update`.
#[must_use]
pub fn moved(before: &str, after: &str, reference: &str) -> Option<Move> {
    let named = |hex: &str| ObjectId::from_hex(hex).map(|id| (!is_zero(id)).then_some(id));
    let reference = reference.to_owned();
    (!reference.is_empty()).then_some(Move { before: named(before)?, after: named(after)?, reference })
}

fn is_zero(id: ObjectId) -> bool {
    id.as_bytes().iter().all(|byte| *byte == 0)
}

fn lines(input: &str, form: &'static str, read: impl Fn(&str) -> Option<Move>) -> Result<Vec<Move>, HookError> {
    let wrong = |line: usize, text: &str| HookError::Line { line, form, text: visible_line(text) };
    let lines = (1..).zip(input.lines()).filter(|(_, line)| !line.is_empty());
    lines.map(|(number, line)| read(line).ok_or_else(|| wrong(number, line))).collect()
}

/// The references that decide which commits of a push are new.
#[derive(Debug)]
pub struct Standing {
    /// The judged branch that every other branch may be brought up to date with.
    pub trunk: Option<Reference>,
    /// The commits of every reference whose pushes are judged.
    pub judged: Vec<CommitId>,
}

impl Standing {
    /// What stands on a server before a push: its default branch, and every reference that the settings name.
    ///
    /// # Errors
    ///
    /// When the references cannot be read.
    pub fn on_server(repository: &Repository, trunk: Option<Reference>, settings: &Settings) -> Result<Self, RepositoryError> {
        let mut references = repository.references("refs/")?;
        references.retain(|reference| settings.gate.references.is_match(&reference.name));
        // What came to a branch that nobody watches was not judged.
        let trunk = trunk.filter(|trunk| settings.gate.references.is_match(&trunk.name));
        Ok(Self { trunk, judged: references.into_iter().filter_map(|reference| reference.commit).collect() })
    }

    /// What a clone knows of the server that it pushes to.
    ///
    /// # Errors
    ///
    /// When the references cannot be read.
    pub fn as_fetched(repository: &Repository, remote: &str) -> Result<Self, RepositoryError> {
        let prefix = format!("refs/remotes/{remote}/");
        let mut references = repository.references("refs/remotes/")?;
        references.retain(|reference| reference.name.starts_with(&prefix));
        let trunk = references.iter().find(|reference| reference.name.ends_with("/HEAD")).cloned();
        Ok(Self { trunk, judged: references.into_iter().filter_map(|reference| reference.commit).collect() })
    }
}

/// What a reference that shall move asks of the gate.
///
/// # Errors
///
/// When an object that it names cannot be read.
pub fn request(repository: &Repository, moved: &Move, standing: &Standing, settings: &Settings) -> Result<Request, HookError> {
    let subject = visible_line(&moved.reference);
    let nothing = |because: String| Request { subject: subject.clone(), update: Update::Nothing, because: vec![because] };
    let Some(after) = moved.after else {
        return Ok(nothing("The reference is deleted: no commit comes.".into()));
    };
    if moved.reference.starts_with(REPLACEMENTS) {
        return Ok(Request { subject: subject.clone(), update: Update::Replacement, because: Vec::new() });
    }
    if !settings.gate.references.is_match(&moved.reference) {
        return Ok(nothing(
            "The reference is none of `gate.references`: its commits are judged when they come to one that is.".into(),
        ));
    }
    let read = |id| repository.commit_behind(id).map_err(|reason| HookError::Object { reference: subject.clone(), reason });
    let Some(after) = read(after)? else {
        return Ok(Request { subject, update: Update::NoCommit, because: Vec::new() });
    };
    let before = moved.before.map(read).transpose()?.flatten();
    let (behind, found) = behind(before, moved, standing);
    Ok(Request { subject, update: Update::Push { before, behind, after }, because: vec![found] })
}

/// Which commits are not new, and why.
///
/// A commit counts as known where it was judged: on the reference itself, on the trunk, and for a new reference on any
/// that the gate watches. Other references could hold what nobody has judged.
fn behind(before: Option<CommitId>, moved: &Move, standing: &Standing) -> (Vec<CommitId>, String) {
    let Some(before) = before else {
        let told = "The reference is new: what no judged reference has is new.".to_owned();
        return (standing.judged.clone(), told);
    };
    let trunk = standing.trunk.as_ref().filter(|trunk| trunk.name != moved.reference);
    match trunk.and_then(|trunk| Some((&trunk.name, trunk.commit?))) {
        Some((name, commit)) => {
            let told = format!("What is neither behind {} nor on {} is new.", before.0.short(), visible_line(name));
            (vec![commit], told)
        }
        None => (Vec::new(), format!("What is not behind {} is new.", before.0.short())),
    }
}

/// A message as git would keep it: without comments and without what stands below the scissors.
///
/// `mark` is what begins a comment. Git's default for an edited message; see `--cleanup` of git-commit.
#[must_use]
pub fn cleaned(message: &str, mark: &str) -> String {
    let is_scissors = |line: &str| line.strip_prefix(mark).is_some_and(|rest| rest.trim() == SCISSORS);
    let kept = message.lines().take_while(|line| !is_scissors(line)).filter(|line| !line.starts_with(mark));
    kept.collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "1111111111111111111111111111111111111111";
    const NEW: &str = "2222222222222222222222222222222222222222";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    #[test]
    fn lines_of_both_hooks_are_read_and_nothing_else() {
        let one = received(&format!("{OLD} {NEW} refs/heads/main\n")).unwrap();
        let other = pushed(&format!("HEAD~1 {NEW} refs/heads/main {OLD}\n")).unwrap();
        assert_eq!(one, other);
        let moves = received(&format!("{ZERO} {NEW} refs/tags/v1\n{OLD} {ZERO} refs/heads/old\n")).unwrap();
        assert_eq!((moves[0].before, moves[1].after), (None, None));
        for wrong in ["", " ", "x y z", "1111 2222 refs/heads/main"] {
            let input = format!("{OLD} {NEW} refs/heads/main\n{wrong} \n");
            assert!(received(&input).unwrap_err().to_string().starts_with("line 2 "), "{wrong}");
        }
        assert!(received("").unwrap().is_empty());
    }

    #[test]
    fn a_message_is_what_git_would_keep() {
        let text = "SEC-1 close it\n\n# SEC-2 a comment\nwhy\n# ------------------------ >8 ------------------------\nSEC-3\n";
        assert_eq!(cleaned(text, "#"), "SEC-1 close it\n\nwhy");
        assert_eq!(cleaned("#12 x\n; y", ";"), "#12 x");
    }
}
