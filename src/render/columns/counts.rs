//! Counts over the pack: outcomes of a check, statuses, uses of a waiver, files of a layer, checks of a control.

use std::collections::{BTreeMap, BTreeSet};

use super::Columns;
use super::words::layer_words;
use crate::checks::{Assessment, Card, Outcome};
use crate::classification::LayerSet;
use crate::pack::{Pack, Status};
use crate::settings::{Settings, Waiver};
use crate::text::CommitId;

/// The references of a card that the profile in force prints.
pub(crate) fn references(card: &Card, settings: &Settings) -> impl Iterator<Item = (&'static str, &'static str)> {
    let printed = |framework: &str| settings.frameworks.as_ref().is_none_or(|frameworks| frameworks.contains(framework));
    card.references.iter().copied().filter(move |(framework, _)| printed(framework))
}

/// How often each outcome occurs among a check's findings.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(crate) struct Counts {
    /// Every finding.
    pub subjects: usize,
    /// Findings that concern their subject: the denominator.
    pub applicable: usize,
    /// Exceptions, waived ones included: the numerator.
    pub exceptions: usize,
    /// Exceptions beside which a waiver stands.
    pub waived: usize,
    /// Looked at, nothing found.
    pub no_exception: usize,
    /// Could not be concluded.
    pub not_assessable: usize,
    /// Does not concern its subject.
    pub not_applicable: usize,
}

impl Counts {
    /// Counts one check's findings.
    pub fn of(assessment: &Assessment) -> Self {
        let mut counts = Self { subjects: assessment.findings.len(), ..Self::default() };
        for finding in &assessment.findings {
            match finding.outcome {
                Outcome::NoException(_) => counts.no_exception += 1,
                Outcome::Exception(_) => {
                    counts.exceptions += 1;
                    counts.waived += usize::from(finding.waiver.is_some());
                }
                Outcome::NotAssessable(_) => counts.not_assessable += 1,
                Outcome::NotApplicable => counts.not_applicable += 1,
            }
        }
        counts.applicable = counts.subjects - counts.not_applicable;
        counts
    }
}

/// How many changes have each status.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(crate) struct StatusCounts {
    /// Every arrival.
    pub arrivals: usize,
    /// Arrivals in scope: the denominator.
    pub in_scope: usize,
    /// See [`Status::OutOfScope`].
    pub out_of_scope: usize,
    /// See [`Status::Exception`].
    pub exception: usize,
    /// See [`Status::WaivedOnly`].
    pub waived_only: usize,
    /// See [`Status::NotAssessableOnly`].
    pub not_assessable_only: usize,
    /// See [`Status::NoException`].
    pub no_exception: usize,
}

impl StatusCounts {
    /// Counts the statuses of a pack.
    pub fn of(pack: &Pack) -> Self {
        let mut counts = Self { arrivals: pack.dossiers.len(), ..Self::default() };
        for status in &pack.statuses {
            match status {
                Status::OutOfScope => counts.out_of_scope += 1,
                Status::NoException => counts.no_exception += 1,
                Status::WaivedOnly => counts.waived_only += 1,
                Status::NotAssessableOnly => counts.not_assessable_only += 1,
                Status::Exception => counts.exception += 1,
            }
        }
        counts.in_scope = pack.dossiers.iter().filter(|dossier| dossier.classification.out_of_scope.is_none()).count();
        counts
    }
}

/// A waiver with what it stands beside.
pub(crate) struct WaiverUse<'a> {
    /// As written.
    pub waiver: &'a Waiver,
    /// The changes of its findings.
    pub changes: BTreeSet<CommitId>,
    /// How many findings it stands beside.
    pub findings: usize,
}

/// Every waiver of the settings with what it stands beside.
pub(crate) fn waivers<'a>(pack: &'a Pack) -> Vec<WaiverUse<'a>> {
    let new = |waiver: &'a Waiver| WaiverUse { waiver, changes: BTreeSet::new(), findings: 0 };
    let mut counted: Vec<_> = pack.settings.waivers.iter().map(new).collect();
    for finding in pack.assessments.iter().flat_map(|assessment| &assessment.findings) {
        let Some(used) = finding.waiver.and_then(|index| counted.get_mut(usize::from(index))) else { continue };
        used.findings += 1;
        let dossier = Columns::position_of(finding).and_then(|position| pack.dossiers.get(position));
        used.changes.extend(dossier.map(|dossier| dossier.change.id()));
    }
    counted
}

/// How many files and changes one rule put into one layer.
pub(crate) struct LayerRow<'a> {
    /// The layer cell.
    pub layer: String,
    /// The rule that decided.
    pub rule: &'a str,
    /// File edits of the arrivals.
    pub files: usize,
    /// Changes with such a file.
    pub changes: usize,
}

/// Counts file edits and changes for each layer and rule, layers in order, unmapped and ignored paths first.
pub(crate) fn layer_rows(pack: &Pack) -> Vec<LayerRow<'_>> {
    let mut counted: BTreeMap<(LayerSet, bool, &str), (usize, usize, usize)> = BTreeMap::new();
    let mut words: BTreeMap<(LayerSet, bool), String> = BTreeMap::new();
    for (position, dossier) in pack.dossiers.iter().enumerate() {
        for class in &dossier.classification.files {
            let (files, changes, last) = counted.entry((class.layers, class.ignored, &*class.rule)).or_insert((0, 0, usize::MAX));
            *files += 1;
            *changes += usize::from(*last != position);
            *last = position;
            words.entry((class.layers, class.ignored)).or_insert_with(|| layer_words(class));
        }
    }
    let row = |((layers, ignored, rule), (files, changes, _)): ((LayerSet, bool, _), _)| LayerRow {
        layer: words.get(&(layers, ignored)).cloned().unwrap_or_default(),
        rule,
        files,
        changes,
    };
    counted.into_iter().map(row).collect()
}

/// Each reference the profile prints with the counts of a check that supports evidence for it, in order of reference.
pub(crate) fn control_rows(pack: &Pack) -> Vec<(&'static str, &'static str, &'static str, Counts)> {
    let rows = pack.assessments.iter().flat_map(|assessment| {
        let counts = Counts::of(assessment);
        let references = references(assessment.card, &pack.settings);
        references.map(move |(framework, reference)| (framework, reference, assessment.card.id, counts))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(framework, reference, _, _)| (*framework, *reference));
    rows
}
