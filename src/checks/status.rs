//! One word for each change over all checks, so that every change is counted exactly once.

use super::{Assessment, Card, Finding, Outcome, Period};

/// One change's status over all checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nothing of the change is in scope.
    OutOfScope,
    /// No check found an exception and every one that applies could conclude.
    NoException,
    /// At least one exception, all of them waived, and every other check that applies could conclude.
    WaivedOnly,
    /// No exception that is not waived, at least one check could not conclude: never a pass, waived or not.
    NotAssessableOnly,
    /// At least one exception that is not waived, or whose flag stays when the risk is accepted.
    Exception,
}

impl Status {
    /// The words for it in packs.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::OutOfScope => "out of scope",
            Self::NoException => "no exception",
            Self::WaivedOnly => "waived only",
            Self::NotAssessableOnly => "not assessable",
            Self::Exception => "exception",
        }
    }
}

/// The status of each change of the period, in the order of its dossiers.
#[must_use]
pub fn statuses(period: &Period<'_>, assessments: &[Assessment]) -> Vec<Status> {
    let mut statuses = vec![Status::NoException; period.dossiers.len()];
    let findings = assessments.iter().flat_map(|assessment| assessment.findings.iter().map(|finding| (assessment.card, finding)));
    for (card, finding) in findings {
        let position = finding.subject.change().and_then(|change| usize::try_from(change).ok());
        if let Some(status) = position.and_then(|position| statuses.get_mut(position)) {
            *status = (*status).max(status_of(card, finding));
        }
    }
    for (status, dossier) in statuses.iter_mut().zip(period.dossiers) {
        if dossier.classification.out_of_scope.is_some() {
            *status = Status::OutOfScope;
        }
    }
    statuses
}

fn status_of(card: &Card, finding: &Finding) -> Status {
    match (&finding.outcome, finding.waiver) {
        (Outcome::NoException(_) | Outcome::NotApplicable, _) => Status::NoException,
        (Outcome::NotAssessable(_), _) => Status::NotAssessableOnly,
        (Outcome::Exception(_), Some(_)) if !card.flag_stays() => Status::WaivedOnly,
        (Outcome::Exception(_), _) => Status::Exception,
    }
}
