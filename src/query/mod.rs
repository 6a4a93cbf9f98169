//! Questions about policies and changes, each with an answer that stands by itself.
//!
//! A question is one file: its arguments, what it needs to know, and how its rows are made from a pack. Adding one
//! touches that file and the list below.

mod answer;
mod cells;
mod find;
pub mod formats;

mod policies;
mod history;
mod changes;
mod ticket;
mod tickets;
mod person;
mod commit;

use clap::Subcommand;

use crate::pack::Pack;
use crate::render::columns::Columns;
use crate::text::CommitId;

pub use answer::{Answer, Cell, Column, Provenance};

/// Everything that can be asked.
#[derive(Debug, Subcommand)]
pub enum Question {
    /// The policies as of a moment: how strict, who is exempt, when each last changed, by whom and why
    Policies(policies::Policies),
    /// Every change of one policy object: what changed, why, who approved it, and until when it was in force
    History(history::History),
    /// The changes that meet every condition given
    Changes(changes::Changes),
    /// Everything that refers to one ticket
    Ticket(ticket::Ticket),
    /// The tickets that changes refer to, and how many changes each has
    Tickets(tickets::Tickets),
    /// Everything that one person wrote, committed, reviewed or approved
    Person(person::Person),
    /// Everything that is known about one change, or several
    Commit(commit::Commits),
}

/// What must be read before a question can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Needs {
    /// The policies as of a moment; of the end of the range where one is asked for.
    Policies {
        /// The moment: a revision, a day or a period; the end of the branch when none is named.
        at: Option<String>,
    },
    /// The changes of the range.
    Changes,
    /// The changes of the range and all before it.
    Past,
}

/// What a question is put to.
pub struct Material<'a> {
    /// What was read and judged.
    pub pack: &'a Pack,
    /// The last change before the range that was asked for, where more than that was read.
    pub before: Option<CommitId>,
    /// Cells as packs have them.
    pub(crate) columns: Columns<'a>,
}

/// A question that makes no sense here, with a way out.
#[derive(Debug)]
pub struct Mistake {
    /// What is wrong.
    pub sentence: String,
    /// What could have been meant.
    pub hint: String,
}

/// A question.
trait Ask {
    fn needs(&self) -> Needs;
    fn answer(&self, material: &Material<'_>) -> Result<Answer, Mistake>;
}

impl Question {
    fn inner(&self) -> &dyn Ask {
        match self {
            Self::Policies(question) => question,
            Self::History(question) => question,
            Self::Changes(question) => question,
            Self::Ticket(question) => question,
            Self::Tickets(question) => question,
            Self::Person(question) => question,
            Self::Commit(question) => question,
        }
    }

    /// What must be read before it can be answered.
    #[must_use]
    pub fn needs(&self) -> Needs {
        self.inner().needs()
    }

    /// Its answer.
    ///
    /// # Errors
    ///
    /// When a word of it names nothing, or several things.
    pub fn answer(&self, material: &Material<'_>) -> Result<Answer, Mistake> {
        self.inner().answer(material)
    }
}

impl<'a> Material<'a> {
    /// Prepares a pack for questions; `before` is the last change before the range where more than that was read.
    #[must_use]
    pub fn new(pack: &'a Pack, before: Option<CommitId>) -> Self {
        Self { pack, before, columns: Columns::new(pack) }
    }

    /// The position of the first change of the range that was asked for.
    fn first_of_range(&self) -> usize {
        let last_before =
            self.before.and_then(|before| self.pack.dossiers.iter().position(|dossier| dossier.change.id() == before));
        last_before.map_or(0, |position| position + 1)
    }
}

impl Mistake {
    fn new(sentence: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { sentence: sentence.into(), hint: hint.into() }
    }
}
