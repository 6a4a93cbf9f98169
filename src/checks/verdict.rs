//! How a check words its conclusion: the four outcomes with grade, reason and citations, once per change.

use super::{Basis, Card, Finding, Outcome, Period, Severity, Subject};
use crate::changes::{Commit, Gap, GapAbout};
use crate::evidence::{Citation, Dossier, Grade, Place, Source};
pub(super) use crate::text::counted;
use crate::text::{CommitId, Person, RepoPath, visible_line};

/// How many items a sentence names before it only counts them.
const NAMED: usize = 5;

/// How many characters of a foreign text a sentence shows.
const SHOWN: usize = 120;

/// One conclusion before it is bound to its subject.
#[derive(Debug)]
pub(super) struct Verdict {
    outcome: Outcome,
    grade: Grade,
    severity: Option<Severity>,
}

impl Verdict {
    /// Nothing found; the dossier's own columns say why.
    pub(super) fn pass(grade: Grade) -> Self {
        Self { outcome: Outcome::NoException(None), grade, severity: None }
    }

    /// Nothing found, for a reason that the dossier's columns do not show.
    pub(super) fn pass_because(grade: Grade, because: impl Into<Box<str>>) -> Self {
        Self { outcome: Outcome::NoException(Some(Box::new(basis(because)))), grade, severity: None }
    }

    /// Found.
    pub(super) fn exception(grade: Grade, because: impl Into<Box<str>>) -> Self {
        Self { outcome: Outcome::Exception(Box::new(basis(because))), grade, severity: None }
    }

    /// Could not be concluded.
    pub(super) fn not_assessable(because: impl Into<Box<str>>) -> Self {
        Self { outcome: Outcome::NotAssessable(Box::new(basis(because))), grade: Grade::None, severity: None }
    }

    /// Does not concern the subject.
    pub(super) fn not_applicable() -> Self {
        Self { outcome: Outcome::NotApplicable, grade: Grade::None, severity: None }
    }

    /// Whether it is an exception.
    pub(super) fn is_exception(&self) -> bool {
        matches!(self.outcome, Outcome::Exception(_))
    }

    /// With more words behind its reason, where it has one.
    pub(super) fn with_more(mut self, more: &str) -> Self {
        match &mut self.outcome {
            Outcome::NoException(Some(basis)) | Outcome::Exception(basis) | Outcome::NotAssessable(basis) => {
                basis.because = [&*basis.because, more].concat().into();
            }
            Outcome::NoException(None) | Outcome::NotApplicable => {}
        }
        self
    }

    /// With the places where it was read.
    pub(super) fn citing(mut self, citations: impl IntoIterator<Item = Citation>) -> Self {
        match &mut self.outcome {
            Outcome::NoException(Some(basis)) | Outcome::Exception(basis) | Outcome::NotAssessable(basis) => {
                basis.citations.extend(citations);
            }
            Outcome::NoException(None) | Outcome::NotApplicable => {}
        }
        self
    }

    /// With another severity than the card's.
    pub(super) fn at(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// The finding about a subject.
    pub(super) fn about(self, subject: Subject, card: &Card) -> Finding {
        let severity = self.severity.unwrap_or(card.severity);
        Finding { subject, outcome: self.outcome, severity, grade: self.grade, waiver: None }
    }
}

fn basis(because: impl Into<Box<str>>) -> Basis {
    Basis { because: because.into(), citations: Vec::new() }
}

/// Records a finding for every change. Changes out of scope are not applicable, and a change whose commit
/// could not be read is not assessable; `judge` sees the others with their positions.
pub(super) fn judge_each_change<'a>(
    card: &Card,
    period: &Period<'a>,
    mut judge: impl FnMut(usize, &'a Dossier) -> Verdict,
) -> Vec<Finding> {
    let verdict = |(position, dossier): (usize, &'a Dossier)| {
        let verdict = if dossier.classification.out_of_scope.is_some() {
            Verdict::not_applicable()
        } else if let Some(gap) = gap_about(dossier, GapAbout::Commit) {
            Verdict::not_assessable(gap.reason.clone())
        } else {
            judge(position, dossier)
        };
        verdict.about(Subject::Change(number(position)), card)
    };
    period.dossiers.iter().enumerate().map(verdict).collect()
}

/// A position as findings hold it.
pub(super) fn number(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}

/// The first gap of a commit about something.
pub(super) fn own_gap(commit: &Commit, about: GapAbout) -> Option<&Gap> {
    commit.gaps.iter().find(|gap| gap.about == about)
}

/// The first gap of a change about something, its side commits included.
pub(super) fn gap_about(dossier: &Dossier, about: GapAbout) -> Option<&Gap> {
    dossier.gaps.iter().chain(&dossier.change.commit.gaps).find(|gap| gap.about == about)
}

/// The dossiers that the audit is about.
pub(super) fn in_scope<'a>(period: &Period<'a>) -> impl Iterator<Item = &'a Dossier> + use<'a> {
    period.dossiers.iter().filter(|dossier| dossier.classification.out_of_scope.is_none())
}

/// A citation of the change's commit header.
pub(super) fn header() -> Citation {
    Citation { source: Source::Change, place: Place::Header }
}

/// A citation of a side commit's header.
pub(super) fn side_header(id: CommitId) -> Citation {
    Citation { source: Source::SideCommit(id), place: Place::Header }
}

/// Foreign text inside a sentence: one line, hidden characters visible, not too long.
pub(super) fn shown(text: &str) -> String {
    if text.len() <= SHOWN {
        return visible_line(text);
    }
    let mut characters = text.trim().chars();
    let start: String = characters.by_ref().take(SHOWN).collect();
    let dots = if characters.next().is_some() { "\u{2026}" } else { "" };
    format!("{}{dots}", visible_line(&start))
}

/// A person inside a sentence.
pub(super) fn shown_person(person: &Person) -> String {
    shown(&person.to_string())
}

/// A path inside a sentence.
pub(super) fn shown_path(path: &RepoPath) -> String {
    shown(&path.to_text())
}

/// The first few items, and how many more there are.
pub(super) fn some_of<S: AsRef<str>>(items: impl IntoIterator<Item = S>) -> String {
    let mut items = items.into_iter();
    let named: Vec<String> = items.by_ref().take(NAMED).map(|item| item.as_ref().to_owned()).collect();
    match items.count() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The first few of many items whose number is known.
pub(super) fn first_of(items: impl IntoIterator<Item = String>, total: usize) -> String {
    let named: Vec<String> = items.into_iter().take(NAMED).collect();
    match total.saturating_sub(named.len()) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}
