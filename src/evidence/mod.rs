//! Why, who and who else: what Git says about the reason, the review and the arrival of each change.
//!
//! A source is one file. Every fact is a [`Claim`] with a grade and a citation; nothing here judges.

use std::sync::Arc;

use crate::changes::{Change, Gap};
use crate::classification::Classification;
use crate::text::{CommitId, Person};

/// How strong a proof is; it belongs to one claim, never to a change as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// No record.
    None,
    /// Written by the person it is about, or by anyone who could write the commit.
    Asserted,
    /// Follows from the object graph.
    Structural,
    /// A forge, ticket or CI system recorded an authenticated act.
    Recorded,
    /// A signature checked here against a key that was valid then.
    Verified,
}

impl Grade {
    /// The word for it in packs and settings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Asserted => "asserted",
            Self::Structural => "structural",
            Self::Recorded => "recorded",
            Self::Verified => "verified",
        }
    }
}

/// A fact with its proof.
#[derive(Clone, Debug)]
pub struct Claim<T> {
    /// What is claimed.
    pub value: T,
    /// How strong the proof is.
    pub grade: Grade,
    /// Where it was read.
    pub citation: Citation,
}

/// Where a claim was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Citation {
    /// Which record.
    pub source: Source,
    /// Where in the record.
    pub place: Place,
}

/// The record a claim was read from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The change's own commit.
    Change,
    /// One of its side commits.
    SideCommit(CommitId),
    /// A note on a commit: the notes reference, e.g. `refs/notes/review`, and the noted commit.
    Note(Arc<str>, CommitId),
}

/// The place inside a record; lines count from 1 and the subject is line 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The first line of the message.
    Subject,
    /// A line of the body outside the trailer block.
    Body(u32),
    /// A line of the trailer block as git reads it.
    Trailer(u32),
    /// The source branch that the merge subject names.
    Branch,
    /// A header of the commit object.
    Header,
    /// Parents and first-parent chain.
    Topology,
    /// A line of a note.
    Note(u32),
}

/// A reference to a ticket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    /// Canonical: `SEC-123`, `AB#12`, `CHG0031234`, `#12`, `group/project#12`, `T12`.
    pub id: Box<str>,
    /// Which kind of system the form belongs to.
    pub system: TicketSystem,
    /// How it came to be in the change.
    pub relation: TicketRelation,
}

/// The system a ticket reference belongs to by its form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TicketSystem {
    /// `SEC-123`
    Jira,
    /// `CHG0031234`, `INC…`, `RITM…`, `PRB…`
    ServiceNow,
    /// `AB#12` and `Related work items: #12`
    AzureBoards,
    /// `#12`, `owner/name#12` and their full addresses
    ForgeIssue,
    /// `T12`
    Phabricator,
    /// A pattern of the settings, by its name.
    Custom(Arc<str>),
}

/// How a ticket reference stands to the change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TicketRelation {
    /// The change's own message names it.
    Own,
    /// Only the source branch named by the merge subject has it.
    Branch,
    /// Only a side commit has it.
    SideCommit,
    /// It stands in the quotation of a reverted, cherry-picked or relanded change: a mention, not the reason.
    Quoted,
}

/// Somebody's word that the change was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The reviewer as written: `Name <mail>`, or only a name or a login.
    pub reviewer: Arc<Person>,
    /// What they are said to have decided.
    pub decision: Decision,
    /// The convention it was read by, e.g. `Reviewed-by trailer`, `bors r=`, `Gerrit note`.
    pub convention: &'static str,
    /// Whether it stands in the quotation of another change.
    pub quoted: bool,
    /// When, where a record says so (RFC 3339 UTC).
    pub at: Option<Box<str>>,
}

/// What a reviewer is said to have decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// Approved, reviewed or acknowledged.
    Approved,
    /// Commented only.
    Commented,
    /// Rejected or asked for changes.
    Rejected,
}

impl Decision {
    /// The word for it in packs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Commented => "commented",
            Self::Rejected => "rejected",
        }
    }
}

/// The pull request, merge request or change that brought the change in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// `#12`, `group/project!12`, `PR 12`, `D12`, a Gerrit address or a Change-Id.
    pub id: Box<str>,
    /// The convention it was read by, e.g. `GitHub squash`.
    pub convention: &'static str,
    /// The source branch, where the message names it.
    pub branch: Option<Box<str>>,
}

/// How the change came onto the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ArrivalKind {
    /// A merge commit.
    Merge,
    /// One commit with a proposal's mark.
    Squash,
    /// One of several commits of a proposal, put on top of the branch.
    Rebase,
    /// No proposal's mark, and the repository's other changes have one.
    Direct,
    /// Committed by a bot.
    Bot,
    /// A root commit.
    Initial,
    /// Git alone does not say.
    Unknown,
}

impl ArrivalKind {
    /// The word for it in packs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Squash => "squash",
            Self::Rebase => "rebase",
            Self::Direct => "direct",
            Self::Bot => "bot",
            Self::Initial => "initial",
            Self::Unknown => "unknown",
        }
    }
}

/// One trailer line as git reads it, or a look-alike outside the trailer block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// The key as written, without the colon.
    pub key: Box<str>,
    /// The value, folded lines joined by one space.
    pub value: Box<str>,
    /// The line of the message it starts on.
    pub line: u32,
    /// Whether git's own reading of the trailer block has it; `false` marks an in-body mention.
    pub in_block: bool,
}

/// What one message says, before any judgement.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// The proposal, where one is named.
    pub proposal: Option<Claim<Proposal>>,
    /// Ticket references in order of appearance, each id once per relation.
    pub tickets: Vec<Claim<Ticket>>,
    /// Reviews and approvals in order of appearance.
    pub reviews: Vec<Claim<Review>>,
    /// People named as co-authors.
    pub co_authors: Vec<Claim<Arc<Person>>>,
    /// Commits this change says it reverts (full or abbreviated hexadecimal ids as written).
    pub reverts: Vec<Claim<Box<str>>>,
    /// Commits this change says it was picked from.
    pub picked_from: Vec<Claim<Box<str>>>,
    /// Who merged, where the message or a note says so.
    pub merger: Option<Claim<Arc<Person>>>,
    /// Marks of an emergency change, as written.
    pub emergency: Option<Claim<Box<str>>>,
    /// Every trailer and trailer-like line.
    pub trailers: Vec<Trailer>,
}

/// One change with all its evidence and gaps.
#[derive(Clone, Debug)]
pub struct Dossier {
    /// The facts.
    pub change: Change,
    /// Its layers and environments, file by file.
    pub classification: Classification,
    /// What is said about it.
    pub evidence: Evidence,
    /// How it arrived.
    pub arrival: ArrivalKind,
    /// Whether author or committer is a known bot, and which.
    pub bot: Option<Arc<str>>,
    /// Everything about it that could not be read.
    pub gaps: Vec<Gap>,
}
