//! The catalogue: every rule that is applied to a period, one file per family of questions.
//!
//! A check is pure: it sees dossiers, never Git. It records a finding for every subject, passes too.

mod catalogue;
mod cards;
mod status;
mod waivers;
mod verdict;
mod register;
mod history;
mod tickets;
mod review;
mod path;
mod people;
mod signatures;
mod layers;
mod policies;
mod emergency;
mod guards;
mod environment_files;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::evidence::{Citation, Dossier, Exports, Grade};
use crate::repository::{AuditRange, Completeness};
use crate::settings::Settings;
use crate::text::{CommitId, Timestamp};

pub use cards::{cards, explain};
pub use catalogue::{Catalogue, Family, Listing, families};
pub use environment_files::EnvironmentFile;
pub use register::Joined;
pub use review::{Approvals, OWNERS_CHECK, RoleValid, Standing, WeighedReview};
pub use signatures::{Signer, Signers};
pub use tickets::records as ticket_records;

pub use status::{Status, statuses};

/// Everything a check may see.
#[derive(Debug)]
pub struct Period<'a> {
    /// Which commits were asked for and how the answer was found.
    pub range: &'a AuditRange,
    /// Whether the record is whole.
    pub completeness: &'a Completeness,
    /// The committer dates of commits outside of the period that are parents inside; those that could be read.
    pub dates_before: &'a BTreeMap<CommitId, Timestamp>,
    /// What stood in the environments before the first arrival; `None` when that could not be read.
    pub at_start: Option<&'a [EnvironmentFile]>,
    /// What was given beside the repository.
    pub exports: &'a Exports,
    /// Every arrival, oldest first.
    pub dossiers: &'a [Dossier],
    /// What is in force.
    pub settings: &'a Settings,
}

/// How much an exception matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Should be explained.
    Medium,
    /// Must be explained.
    High,
    /// A control was passed by.
    Critical,
    /// The pack may not call itself complete.
    Blocker,
}

impl Severity {
    /// The word for it in packs and settings.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
            Self::Blocker => "blocker",
        }
    }
}

/// What a gate applies a check to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// The record as a whole.
    Record,
    /// The message of every new commit, and the text that will land; not a merge that adds nothing of its own.
    Message,
    /// Every new commit.
    EveryCommit,
    /// The change as it will land: what it does all in all.
    Landing,
    /// A push to a reference that has a commit already.
    Push,
    /// Every change of a push, where the settings name it among the checks that refuse.
    OnDemand,
    /// Every change of a past period that is replayed, where decision records were given.
    Replay,
    /// Nothing: it needs what is known only afterwards.
    Afterwards,
}

/// What a check is: the single source of `checks explain`, the appendix and the reference page.
#[derive(Debug)]
pub struct Card {
    /// Kebab-case, names what it finds, stable, never reused.
    pub id: &'static str,
    /// The requirement in one sentence.
    pub requirement: &'static str,
    /// Why it matters.
    pub rationale: &'static str,
    /// What to do about a finding.
    pub remedy: &'static str,
    /// Unless settings say otherwise.
    pub severity: Severity,
    /// What of a push or a proposal it is applied to before that lands.
    pub gate: Gate,
    /// Reference numbers whose evidence it supports, as (framework, reference).
    pub references: &'static [(&'static str, &'static str)],
    /// What it needs; when missing it concludes nothing.
    pub needs: &'static str,
    /// Who may waive a finding; `nobody` for what is never waived.
    pub waivable_by: &'static str,
    /// Its own settings as (name, default, meaning), beside `enabled` and `severity`.
    pub settings: &'static [(&'static str, &'static str, &'static str)],
    /// The version that brought it.
    pub since: &'static str,
    /// What it cannot see.
    pub limits: &'static str,
}

impl Card {
    /// Whether a change with an exception keeps that status when a waiver stands beside it: the risk is accepted, the
    /// flag is not lowered.
    #[must_use]
    pub fn flag_stays(&self) -> bool {
        self.waivable_by == RISK_OWNER
    }

    /// Whether a waiver may stand beside an exception of this check.
    #[must_use]
    pub fn is_waivable(&self) -> bool {
        self.severity != Severity::Blocker && self.waivable_by != NOBODY
    }
}

/// The card of the check that asks whether the record is whole: every other conclusion rests on it.
#[must_use]
pub fn record_card() -> &'static Card {
    &history::HISTORY_INCOMPLETE
}

/// The card of the check that asks whether an emergency was closed properly.
#[must_use]
pub fn emergency_card() -> &'static Card {
    &emergency::EMERGENCY_INCOMPLETE
}

/// What `waivable_by` says on the card of a check that is never waived.
const NOBODY: &str = "nobody";

/// What `waivable_by` says where a waiver only records who accepted the risk.
const RISK_OWNER: &str = "nobody waives the flag; the owner of the protected service may accept the risk, not the author of the \
                          change: the waiver says so beside the exception, and the exception counts on";

/// What a check concluded about one subject, passes included.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is about.
    pub subject: Subject,
    /// The conclusion.
    pub outcome: Outcome,
    /// How much an exception matters here.
    pub severity: Severity,
    /// The lowest grade on the way to the conclusion.
    pub grade: Grade,
    /// The waiver that stands beside it: an index into the settings' waivers.
    pub waiver: Option<u16>,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The period as a whole.
    Period,
    /// A change, by its position among the dossiers.
    Change(u32),
    /// A side commit, by the position of its change and of itself among the change's side commits.
    SideCommit(u32, u32),
    /// A waiver, by its position in the settings.
    Waiver(u16),
}

impl Subject {
    /// The position of the change that it is about, if it is about one.
    #[must_use]
    pub fn change(self) -> Option<u32> {
        match self {
            Self::Change(change) | Self::SideCommit(change, _) => Some(change),
            Self::Period | Self::Waiver(_) => None,
        }
    }
}

/// The four conclusions.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Looked at, nothing found.
    NoException(Option<Box<Basis>>),
    /// Found.
    Exception(Box<Basis>),
    /// Could not be concluded; never a pass.
    NotAssessable(Box<Basis>),
    /// Does not concern this subject.
    NotApplicable,
}

/// What a conclusion rests on.
#[derive(Clone, Debug, Default)]
pub struct Basis {
    /// One plain sentence.
    pub because: Box<str>,
    /// Where it was read.
    pub citations: Vec<Citation>,
}

impl Outcome {
    /// The words for it in packs.
    #[must_use]
    pub fn words(&self) -> &'static str {
        match self {
            Self::NoException(_) => "no exception",
            Self::Exception(_) => "exception",
            Self::NotAssessable(_) => "not assessable",
            Self::NotApplicable => "not applicable",
        }
    }

    /// What it rests on.
    #[must_use]
    pub fn basis(&self) -> Option<&Basis> {
        match self {
            Self::NoException(basis) => basis.as_deref(),
            Self::Exception(basis) | Self::NotAssessable(basis) => Some(basis),
            Self::NotApplicable => None,
        }
    }
}

/// One check with its settings read.
pub trait Check: std::fmt::Debug + Send + Sync {
    /// Its card.
    fn card(&self) -> &'static Card;
    /// Its conclusions, ordered by subject.
    fn assess(&self, period: &Period<'_>) -> Vec<Finding>;
    /// Its conclusions about what the other checks concluded, once waivers stand beside their exceptions.
    fn assess_conclusions(&self, _period: &Period<'_>, _others: &[Assessment]) -> Vec<Finding> {
        Vec::new()
    }
}

/// All findings of one check.
#[derive(Debug)]
pub struct Assessment {
    /// The check.
    pub card: &'static Card,
    /// Its findings, ordered by subject.
    pub findings: Vec<Finding>,
}
