//! Why, who and who else: what Git says about the reason, the review and the arrival of each change.
//!
//! A source is one file. Every fact is a [`Claim`] with a grade and a citation; nothing here judges.

mod message;
mod trailers;
mod record;
mod people;
mod reviews;
mod github;
mod gitlab;
mod azure;
mod bitbucket;
mod bors;
mod apache;
mod phabricator;
mod gerrit;
mod appraise;
mod origins;
mod look_alikes;
mod tickets;
mod emergency;
mod notes;
mod identities;
mod arrival;
mod exports;
mod linking;
mod fates;
pub mod owners;
pub mod gate_records;
pub mod signatures;
#[cfg(test)]
mod tests;

pub use arrival::gather;
pub use exports::{EvidenceFile, ExportError, Exports, Unmatched, recorded};
pub use fates::Fate;
pub use identities::{find_bot, suspicious_name};
pub use linking::{Link, LinkedBy, OnContent, ReviewRecord};

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::changes::{Change, Commit, Gap};
use crate::classification::Classification;
use crate::repository::Notes;
use crate::settings::TicketSettings;
use crate::text::{CommitId, Person, RepoPath};

use record::Record;

type MessageSource = fn(&Record<'_>, &mut Evidence);

/// Conventions that name a proposal; the first one that does has the word.
///
/// Phabricator comes first: its messages keep the number of the pull request they were imported from.
const CONVENTIONS: &[MessageSource] =
    &[phabricator::read, github::read, gitlab::read, azure::read, bitbucket::read, bors::read, apache::read, gerrit::read];

/// Sources that need to know the proposal, or do not care for it.
const OTHER_SOURCES: &[MessageSource] = &[reviews::read, origins::read, emergency::read, tickets::read];

/// Reads everything that Git alone says about one change.
#[must_use]
pub fn read(change: &Change, notes: &Notes, settings: &TicketSettings) -> Evidence {
    let mut evidence = read_commit(&change.commit, Source::Change, notes, settings);
    let side_commits =
        change.side_commits.iter().map(|commit| read_commit(commit, Source::SideCommit(commit.id), notes, settings));
    evidence.side_commits = side_commits.collect();
    evidence.adopt_from_side_commits();
    evidence
}

fn read_commit(commit: &Commit, source: Source, notes: &Notes, settings: &TicketSettings) -> Evidence {
    let record = Record::new(commit, source, settings);
    let mut evidence = Evidence::default();
    for source in CONVENTIONS.iter().chain(OTHER_SOURCES) {
        source(&record, &mut evidence);
    }
    evidence.reviews.sort_by_key(|claim| claim.citation.place.line());
    notes::read(commit.id, notes, &mut evidence);
    evidence.drop_repeated_proposals();
    evidence.trailers = record.trailers;
    evidence
}

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
    /// A file of an export, below `raw/`, and the place in it.
    Export(Arc<str>, Arc<str>),
    /// A file as the change left it, or as it was before where the change removed it.
    File(RepoPath),
    /// A file as it was before the change.
    FileBefore(RepoPath),
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
    /// A line of a file.
    Line(u32),
    /// The place in an export that its source names.
    Record,
}

impl Place {
    /// The line, where the place has one; the subject is line 1.
    #[must_use]
    pub fn line(self) -> Option<u32> {
        match self {
            Self::Subject | Self::Branch => Some(1),
            Self::Body(line) | Self::Trailer(line) | Self::Note(line) | Self::Line(line) => Some(line),
            Self::Header | Self::Topology | Self::Record => None,
        }
    }
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
    /// It stands in a quotation (of a reverted, cherry-picked or relanded change, of a mail, of code): a mention, not the
    /// reason.
    Quoted,
    /// It stands where a reader of the message is not shown it: behind a NUL byte, in a comment of a template.
    Unseen,
}

impl TicketRelation {
    /// Whether the reference only mentions the ticket, wherever it stands.
    #[must_use]
    pub fn is_mention(self) -> bool {
        match self {
            Self::Own | Self::Branch | Self::SideCommit => false,
            Self::Quoted | Self::Unseen => true,
        }
    }
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
    /// What a forge recorded beyond that, where it did.
    pub record: Option<Box<ReviewRecord>>,
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
    /// Every one, in the order in which packs list them.
    pub const ALL: [Self; 7] = [Self::Merge, Self::Squash, Self::Rebase, Self::Direct, Self::Bot, Self::Initial, Self::Unknown];

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
    /// The other proposals of a change that brought in several, e.g. a batch of a merge queue.
    pub further_proposals: Vec<Claim<Proposal>>,
    /// Ticket references in order of appearance, each id once with its strongest relation.
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
    /// When it was merged, where a note says so (RFC 3339 UTC).
    pub merged_at: Option<Claim<Box<str>>>,
    /// Marks of an emergency change, as written.
    pub emergency: Option<Claim<Box<str>>>,
    /// Every trailer and trailer-like line.
    pub trailers: Vec<Trailer>,
    /// What became of the commit's signature, where it has one and keys were given.
    pub signature: Option<Box<signatures::CheckedSignature>>,
    /// What each side commit says by itself, in the order of the change's side commits.
    pub side_commits: Vec<Evidence>,
}

impl Evidence {
    /// Every proposal, the first one first.
    pub fn proposals(&self) -> impl Iterator<Item = &Claim<Proposal>> {
        self.proposal.iter().chain(&self.further_proposals)
    }

    /// Adds a proposal, unless it is known or another convention has already named one.
    fn add_proposal(&mut self, claim: Claim<Proposal>) {
        match &self.proposal {
            None => self.proposal = Some(claim),
            Some(first) if first.value.convention == claim.value.convention => self.further_proposals.push(claim),
            Some(_) => {}
        }
    }

    /// Keeps each further proposal once.
    fn drop_repeated_proposals(&mut self) {
        let mut seen: BTreeSet<_> = self.proposal.iter().map(|claim| claim.value.id.clone()).collect();
        self.further_proposals.retain(|claim| seen.insert(claim.value.id.clone()));
    }

    /// Takes over what only side commits say: proposals and reviews where the change itself names none, and further tickets.
    fn adopt_from_side_commits(&mut self) {
        let mut side_commits = std::mem::take(&mut self.side_commits);
        if self.proposal.is_none() {
            // The newest side commit is the tip that was merged.
            let mut proposals = side_commits.iter().rev().flat_map(Self::proposals).cloned();
            self.proposal = proposals.next();
            self.further_proposals = proposals.collect();
            self.drop_repeated_proposals();
        }
        if self.reviews.is_empty() {
            self.reviews = side_commits.iter().flat_map(|side| side.reviews.iter().cloned()).collect();
        }
        let co_authors: Vec<_> = side_commits.iter().flat_map(|side| side.co_authors.iter().cloned()).collect();
        self.co_authors.extend(co_authors);
        self.adopt_tickets(&side_commits);
        self.side_commits.append(&mut side_commits);
    }

    fn adopt_tickets(&mut self, side_commits: &[Self]) {
        let found = side_commits.iter().flat_map(|side| &side.tickets).cloned();
        let before = self.tickets.len();
        self.tickets.extend(found.map(|mut claim| {
            if !claim.value.relation.is_mention() {
                claim.value.relation = TicketRelation::SideCommit;
            }
            claim
        }));
        if self.tickets.len() > before {
            self.tickets = tickets::strongest(std::mem::take(&mut self.tickets));
        }
    }
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
    /// The recorded proposal that brought it, where an export has it.
    pub link: Option<Box<Link>>,
    /// What the gate decided about it, where a record was given.
    pub gate: Option<Box<gate_records::GateDecision>>,
    /// The owners file that stood before it, where that was looked for and there was one.
    pub owners: Option<Arc<owners::OwnersAtBase>>,
    /// Everything about it that could not be read.
    pub gaps: Vec<Gap>,
}
