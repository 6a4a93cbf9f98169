//! What other systems recorded, in one shape for all of them.

use std::collections::BTreeSet;

use crate::evidence::{Citation, Place, Source};
use crate::text::{CommitId, Person};

/// Where in an export something was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExportPlace {
    /// The file's path in the pack, below `raw/`.
    pub file: String,
    /// The place inside: a JSON pointer behind the number of the document (`1/data/3`), or a line of a table (`line 12`).
    pub place: String,
}

impl ExportPlace {
    /// The place as packs cite it.
    #[must_use]
    pub fn citation(&self) -> Citation {
        Citation { source: Source::Export(self.file.as_str().into(), self.place.as_str().into()), place: Place::Record }
    }
}

/// Somebody as another system names them; what it does not tell is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// The login, e.g. `alice`.
    pub login: String,
    /// The name shown.
    pub name: String,
    /// The address.
    pub mail: String,
    /// Whether the system says that it is no person.
    pub is_bot: bool,
}

impl Account {
    /// Somebody as packs name people: the name, or the login where there is none, with the address and the login.
    #[must_use]
    pub fn person(&self) -> Person {
        let name = if self.name.is_empty() { &self.login } else { &self.name };
        Person { login: self.login.as_str().into(), ..Person::new(name, &self.mail) }
    }
}

/// The kind of system that keeps proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forge {
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
    /// Azure DevOps.
    AzureDevOps,
    /// Bitbucket Cloud and Data Center.
    Bitbucket,
    /// Gerrit.
    Gerrit,
    /// Gitea and Forgejo.
    Gitea,
}

/// Whether a proposal landed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProposalState {
    /// Not yet.
    Open,
    /// Yes.
    Merged,
    /// It was closed without landing.
    Closed,
}

/// A pull request, merge request or review change as a forge recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says what one part of an export can tell")]
pub struct RecordedProposal {
    /// The forge.
    pub forge: Forge,
    /// The repository by the forge's own name, e.g. `acme/policies`; empty where the export does not tell.
    pub repository: String,
    /// What people call it: `#12`, `!12`, `PR 12`, a Gerrit number.
    pub id: String,
    /// Its Change-Id, on Gerrit.
    pub change_id: Option<String>,
    /// The title.
    pub title: String,
    /// The description.
    pub body: String,
    /// Who opened it.
    pub author: Account,
    /// Whether it landed.
    pub state: ProposalState,
    /// The branch it asks to land on, without `refs/heads/`.
    pub target: Option<String>,
    /// The branch it comes from.
    pub source: Option<String>,
    /// Its newest commit before it landed.
    pub head: Option<CommitId>,
    /// Its commits, where the export lists them.
    pub commits: Vec<CommitId>,
    /// Every head that it had, the first one first, where the export lists them.
    pub heads: Vec<CommitId>,
    /// How many pushes its log has after the first one, where the log tells of pushes.
    pub pushes: Option<usize>,
    /// Who pushed last before it landed, where the forge tells.
    pub last_pusher: Option<Account>,
    /// The commits that the forge says it became: the merge, the squash, or the last of the rebased ones.
    pub landed: Vec<CommitId>,
    /// Whether the forge says that all of it became one commit.
    pub is_squashed: bool,
    /// When it was opened (RFC 3339 UTC).
    pub created_at: Option<String>,
    /// When it landed (RFC 3339 UTC).
    pub merged_at: Option<String>,
    /// Who let it land.
    pub merged_by: Option<Account>,
    /// Reviews and votes, oldest first.
    pub reviews: Vec<RecordedReview>,
    /// Whether the export can say something about reviews: without it, no review there means nothing.
    pub tells_reviews: bool,
    /// Whether every review that the forge has is in the export, as far as its pages tell.
    pub has_all_reviews: bool,
    /// Results of automatic checks, sorted; of any commit of it, not only of the head.
    pub checks: Vec<RecordedCheck>,
    /// Whether the export can say something about checks: without it, no check there means nothing.
    pub tells_checks: bool,
    /// Where it was read.
    pub place: ExportPlace,
}

/// The result of an automatic check, e.g. of a pipeline, as a forge recorded it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordedCheck {
    /// What it calls itself, e.g. `policy tests`.
    pub name: String,
    /// How it ended.
    pub conclusion: CheckConclusion,
    /// The commit it ran on, where told.
    pub commit: Option<CommitId>,
    /// Where it was read.
    pub place: ExportPlace,
}

/// How an automatic check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckConclusion {
    /// It passed.
    Passed,
    /// It failed, or could not run.
    Failed,
    /// It ended without a verdict: skipped, cancelled, neutral.
    NoVerdict,
    /// It had not ended when it was exported.
    Unfinished,
}

impl CheckConclusion {
    /// Reads the word of a forge in any case; `None` for a word that no forge documents.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "success" | "successful" | "succeeded" => Some(Self::Passed),
            "failure" | "failed" | "error" | "timed_out" | "startup_failure" | "action_required" => Some(Self::Failed),
            "neutral" | "cancelled" | "canceled" | "skipped" | "stale" => Some(Self::NoVerdict),
            "expected"
            | "pending"
            | "queued"
            | "in_progress"
            | "waiting"
            | "requested"
            | "created"
            | "preparing"
            | "running"
            | "manual"
            | "scheduled"
            | "waiting_for_resource"
            | "waiting_for_callback"
            | "canceling" => Some(Self::Unfinished),
            _ => None,
        }
    }
}

/// What a reviewer decided, as a forge recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedReview {
    /// Who.
    pub reviewer: Account,
    /// What.
    pub decision: RecordedDecision,
    /// When (RFC 3339 UTC).
    pub at: Option<String>,
    /// The commit that was looked at, where the forge keeps it.
    pub commit: Option<CommitId>,
    /// Where the log does not name the commit: how many pushes it has before the review.
    pub pushes_before: Option<usize>,
    /// Where it was read.
    pub place: ExportPlace,
}

/// The reviews of a proposal that were exported on their own, and what their log tells beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewLog {
    /// The reviews, oldest first.
    pub reviews: Vec<RecordedReview>,
    /// How many pushes the log has, where it tells of pushes.
    pub pushes: Option<usize>,
    /// Who pushed last, where told.
    pub last_pusher: Option<Account>,
}

impl From<Vec<RecordedReview>> for ReviewLog {
    fn from(reviews: Vec<RecordedReview>) -> Self {
        Self { reviews, ..Self::default() }
    }
}

/// One entry of a forge's log of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// When (RFC 3339 UTC); left out where the numbers alone tell the order.
    pub at: Option<String>,
    /// Its number in the log, or its place among the entries of one moment.
    pub number: i64,
    /// What happened.
    pub event: LogEvent,
}

/// What happened to a proposal, as its forge logged it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEvent {
    /// A decision, or [`RecordedDecision::Dismissed`] where the voter took it back.
    Vote(Box<RecordedReview>),
    /// From here on this is the head.
    Head {
        /// The head; `None` where the log does not tell, or by a shortened id.
        commit: Option<CommitId>,
        /// Who pushed it, where told.
        by: Option<Account>,
    },
    /// A push that does not name the new head.
    Push {
        /// The head that it replaced, where told.
        replaced: Option<CommitId>,
        /// Who pushed, where told.
        by: Option<Account>,
    },
    /// The log is one that has every push.
    PushesAreTold,
    /// The forge took back the approvals of these logins, or of everybody.
    Reset(Option<BTreeSet<String>>),
}

impl LogEvent {
    /// Whether two entries tell the same, wherever they were read.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Vote(left), Self::Vote(right)) => (&left.reviewer, left.decision) == (&right.reviewer, right.decision),
            (left, right) => left == right,
        }
    }
}

/// What a reviewer decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordedDecision {
    /// Approved.
    Approved,
    /// Asked for changes, rejected, vetoed.
    Rejected,
    /// Commented, or waits.
    Commented,
    /// A former decision that was taken back, by the reviewer or by somebody else.
    Dismissed,
}

/// Which proposal separately exported reviews, commits or approvals belong to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProposalKey {
    /// The forge.
    pub forge: Forge,
    /// The repository; empty where the export does not tell, which fits any.
    pub repository: String,
    /// The proposal as [`RecordedProposal::id`].
    pub id: String,
}

/// A ticket as its system recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedTicket {
    /// Canonical, as [`crate::evidence::Ticket::id`]: `SEC-123`, `AB#12`, `CHG0031234`, `#12`, `group/project#12`.
    pub id: String,
    /// The system for people, e.g. `Jira`.
    pub system: String,
    /// Its type, e.g. `Change`, as the system names it; empty where not told.
    pub kind: String,
    /// The title.
    pub title: String,
    /// What it says beyond that, in plain lines: the description, and plans where the system has fields for them.
    pub text: String,
    /// Who asked for it.
    pub requester: Account,
    /// When it was created (RFC 3339 UTC).
    pub created_at: Option<String>,
    /// Whether its times name their zone; else they are taken as UTC and may be 14 hours off.
    pub zoned: bool,
    /// Its status when it was exported.
    pub status: String,
    /// Every change of its status, oldest first; empty where the export has no history.
    pub history: Vec<StatusChange>,
    /// Whether the history is there, so that the status of a moment can be told.
    pub tells_history: bool,
    /// Approvals, oldest first.
    pub approvals: Vec<TicketApproval>,
    /// Whether the export can say something about approvals.
    pub tells_approvals: bool,
    /// Where it was read.
    pub place: ExportPlace,
}

/// A step of a ticket's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusChange {
    /// When (RFC 3339 UTC).
    pub at: String,
    /// The status from then on.
    pub to: String,
    /// Who changed it.
    pub by: Account,
}

/// An approval of a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketApproval {
    /// Who.
    pub by: Account,
    /// When (RFC 3339 UTC), where told.
    pub at: Option<String>,
    /// Whether it was approved; a rejection is kept as well.
    pub approved: bool,
}

/// What an export of tickets has beside the tickets themselves; tickets are named by an id or by another name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TicketPart {
    /// What a page says about itself.
    Page(TicketPage),
    /// A ticket's history that was exported on its own.
    History {
        /// The ticket.
        ticket: String,
        /// Changes of its status.
        changes: Vec<StatusChange>,
    },
    /// A ticket's approvals that were exported on their own.
    Approvals {
        /// The ticket.
        ticket: String,
        /// The approvals.
        approvals: Vec<TicketApproval>,
    },
    /// A name that a ticket has inside its system, or had before it was moved.
    OtherName {
        /// The other name.
        name: String,
        /// The ticket's id.
        ticket: String,
    },
}

/// What a page of tickets says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketPage {
    /// The system.
    pub system: String,
    /// Where.
    pub place: ExportPlace,
    /// The position of its first row, counted from 0.
    pub start: Option<u64>,
    /// How many rows it has.
    pub rows: u64,
    /// How many rows all pages have together.
    pub total: Option<u64>,
    /// Whether it is the last one.
    pub last: Option<bool>,
    /// Whether it is as long as a page can be, so that more may follow.
    pub full: bool,
}

/// What one document of an export holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// A proposal, with or without its reviews.
    Proposal(Box<RecordedProposal>),
    /// Reviews that were exported on their own; the list is whole for that proposal.
    Reviews(ProposalKey, ReviewLog),
    /// A part of a proposal's log; the reviews are told by all parts together.
    Log(ProposalKey, Vec<LogEntry>),
    /// Commits of a proposal that were exported on their own.
    Commits(ProposalKey, Vec<CommitId>),
    /// A ticket.
    Ticket(Box<RecordedTicket>),
    /// What stands beside tickets.
    OfTickets(Box<TicketPart>),
    /// Commits and reviews that name their proposal by its head only.
    ByCommit(Box<ByCommit>),
    /// A page of a list that may have more of them.
    Page(Page),
    /// Something that belongs to an export and says nothing more, e.g. an empty page.
    Nothing,
}

/// What was exported on its own and names no proposal: it belongs to the one whose head, or landed commit, is among `heads`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByCommit {
    /// The forge.
    pub forge: Forge,
    /// The repository; empty where the export does not tell, which fits any.
    pub repository: String,
    /// Any of them may be the proposal's head, or the commit it became.
    pub heads: Vec<CommitId>,
    /// The proposal's commits, where the export lists them.
    pub commits: Vec<CommitId>,
    /// Every head that the proposal had, the first one first, where the export lists them.
    pub all_heads: Vec<CommitId>,
    /// Its reviews, where the export can say something about them.
    pub reviews: Option<ReviewLog>,
    /// Results of checks, where the export can say something about them.
    pub checks: Option<Vec<RecordedCheck>>,
    /// Where it was read.
    pub place: ExportPlace,
}

/// One page of a list, in any file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The list that it is a page of, for people; empty where an empty page does not tell.
    pub set: String,
    /// What the list is of.
    pub of: PageOf,
    /// The file's path in the pack.
    pub file: String,
    /// How many rows it has.
    pub rows: usize,
    /// How many rows all pages have together, where told.
    pub total: Option<usize>,
    /// Whether it says that a further page follows, or is as full as a page can be.
    pub has_more: bool,
}

/// What a list is of, and so what is missing where a page of it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PageOf {
    /// Proposals.
    #[default]
    Proposals,
    /// The reviews, or the log, of these proposals.
    Reviews(Vec<ProposalKey>),
    /// Something whose absence proves nothing.
    Other,
}

impl Fragment {
    /// Whether it is of a ticket system.
    #[must_use]
    pub fn is_of_tickets(&self) -> bool {
        match self {
            Self::Ticket(_) | Self::OfTickets(_) => true,
            Self::Proposal(_)
            | Self::Reviews(..)
            | Self::Log(..)
            | Self::Commits(..)
            | Self::ByCommit(_)
            | Self::Page(_)
            | Self::Nothing => false,
        }
    }
}

/// What a file was recognised as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognised {
    /// For people: `GitHub pull requests (REST)`.
    pub kind: &'static str,
    /// What it holds.
    pub fragments: Vec<Fragment>,
    /// How many rows or objects it has.
    pub rows: usize,
    /// Why it may not be whole, one sentence each: a page that says that more follow.
    pub gaps: Vec<String>,
}
