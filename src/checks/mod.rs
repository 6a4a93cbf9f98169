//! The catalogue: every rule that is applied to a period, one file per family of questions.

use crate::evidence::{Citation, Dossier, Grade};
use crate::repository::{AuditRange, Completeness};
use crate::settings::{Layer, Settings};
use crate::text::CommitId;

/// Everything a check may see.
#[derive(Debug)]
pub struct Period<'a> {
    /// Which commits were asked for and how the answer was found.
    pub range: &'a AuditRange,
    /// Whether the record is whole.
    pub completeness: &'a Completeness,
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
    /// Reference numbers whose evidence it supports, as (framework, reference).
    pub references: &'static [(&'static str, &'static str)],
    /// What it needs; when missing it concludes nothing.
    pub needs: &'static str,
    /// Who may waive a finding.
    pub waivable_by: &'static str,
    /// Its settings, one per line: `name (default): meaning`.
    pub settings: &'static [(&'static str, &'static str, &'static str)],
    /// The version that brought it.
    pub since: &'static str,
    /// What it cannot see.
    pub limits: &'static str,
}

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
pub trait Check: std::fmt::Debug {
    /// Its card.
    fn card(&self) -> &'static Card;
    /// Its conclusions, ordered by subject.
    fn assess(&self, period: &Period<'_>) -> Vec<Finding>;
}

/// All findings of one check.
#[derive(Debug)]
pub struct Assessment {
    /// The check.
    pub card: &'static Card,
    /// Its findings, ordered by subject.
    pub findings: Vec<Finding>,
}

fn _uses(_: CommitId, _: Layer) {}
