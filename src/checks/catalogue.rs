//! The list of families, and how settings become checks that run.

use super::{Assessment, Card, Check, Finding, Gate, Period, Severity};
use super::{emergency, guards, history, layers, path, people, policies, review, tickets, waivers};
use crate::parallel;
use crate::settings::Settings;
use crate::settings::reader::{Problem, Section, did_you_mean};

/// Every family of checks, in the order of packs and of the reference page.
const FAMILIES: &[Family] = &[
    history::FAMILY,
    tickets::FAMILY,
    review::FAMILY,
    path::FAMILY,
    people::FAMILY,
    layers::FAMILY,
    policies::FAMILY,
    emergency::FAMILY,
    guards::FAMILY,
];

/// Checks that answer one question.
#[derive(Debug)]
pub struct Family {
    /// One word for it.
    pub name: &'static str,
    /// What it asks of the period.
    pub question: &'static str,
    /// Its checks in order.
    pub checks: &'static [Listing],
}

/// One check of the catalogue: its card, and how it reads its settings.
#[derive(Debug)]
pub struct Listing {
    /// The card.
    pub card: &'static Card,
    pub(super) configure: fn(&mut Section) -> Box<dyn Check>,
}

/// Every family of checks with its question and cards.
#[must_use]
pub fn families() -> &'static [Family] {
    FAMILIES
}

/// Every check of the catalogue in order.
pub(super) fn listings() -> impl Iterator<Item = &'static Listing> {
    FAMILIES.iter().flat_map(|family| family.checks)
}

/// The checks that are in force, with their settings.
#[derive(Debug)]
pub struct Catalogue {
    checks: Vec<Configured>,
}

#[derive(Debug)]
struct Configured {
    check: Box<dyn Check>,
    severity: Option<Severity>,
}

impl Catalogue {
    /// Reads the `[checks.ID]` tables; every mistake in them, and every waiver of an unknown check, is a problem.
    #[must_use]
    pub fn configured(settings: &Settings) -> (Self, Vec<Problem>) {
        let mut problems = unknown_ids(settings);
        let mut checks = Vec::new();
        for listing in listings() {
            let mut section = settings.checks.section(listing.card.id);
            checks.extend(configure(listing, &mut section));
            problems.extend(section.finish());
        }
        problems.sort();
        (Self { checks }, problems)
    }

    /// The cards of the checks that are in force.
    pub fn cards(&self) -> impl Iterator<Item = &'static Card> + use<'_> {
        self.checks.iter().map(|configured| configured.check.card())
    }

    /// Without the checks that a gate has no use for.
    #[must_use]
    pub fn kept(mut self, keep: impl Fn(&'static Card) -> bool) -> Self {
        self.checks.retain(|configured| keep(configured.check.card()));
        self
    }

    /// Applies every check, puts valid waivers beside exceptions, then judges the waivers.
    #[must_use]
    pub fn assess(&self, period: &Period<'_>) -> Vec<Assessment> {
        let checks: Vec<&Configured> = self.checks.iter().collect();
        let mut assessments = parallel::map(checks, 1, || (), |(), configured| configured.assess(period));
        waivers::apply(period, &mut assessments);
        let conclusions: Vec<Vec<Finding>> =
            self.checks.iter().map(|configured| configured.assess_conclusions(period, &assessments)).collect();
        for (assessment, more) in assessments.iter_mut().zip(conclusions) {
            assessment.findings.extend(more);
        }
        assessments
    }
}

impl Configured {
    fn assess(&self, period: &Period<'_>) -> Assessment {
        let findings = self.weighed(self.check.assess(period));
        Assessment { card: self.check.card(), findings }
    }

    fn assess_conclusions(&self, period: &Period<'_>, others: &[Assessment]) -> Vec<Finding> {
        self.weighed(self.check.assess_conclusions(period, others))
    }

    fn weighed(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        if let Some(severity) = self.severity {
            for finding in &mut findings {
                finding.severity = severity;
            }
        }
        findings
    }
}

/// Reads what every check takes, then the check's own settings; `None` when it is switched off.
fn configure(listing: &Listing, section: &mut Section) -> Option<Configured> {
    const SEVERITIES: [(&str, Option<Severity>); 4] = [
        ("low", Some(Severity::Low)),
        ("medium", Some(Severity::Medium)),
        ("high", Some(Severity::High)),
        ("critical", Some(Severity::Critical)),
    ];
    let card = listing.card;
    let line = section.line_of("enabled");
    let mut enabled = section.flag("enabled", true);
    let severity_line = section.line_of("severity");
    let mut severity = section.choice("severity", None, &SEVERITIES);
    let check = (listing.configure)(section);
    if card.severity == Severity::Blocker && !enabled {
        section.complain(line, format!("`checks.{}` cannot be switched off", card.id), "it decides whether the pack is complete");
        enabled = true;
    }
    if card.severity == Severity::Blocker && severity.is_some() {
        let message = format!("the severity of `checks.{}` is fixed", card.id);
        section.complain(severity_line, message, "it decides whether the pack is complete");
        severity = None;
    }
    enabled.then_some(Configured { check, severity })
}

fn unknown_ids(settings: &Settings) -> Vec<Problem> {
    let ids: Vec<&str> = listings().map(|listing| listing.card.id).collect();
    let known = |id: &str| ids.contains(&id);
    let hint = |id: &str| format!("{}`countersign checks list` names them all", did_you_mean(id, &ids));
    let tables = settings.checks.tables.iter().filter(|(id, _)| !known(id));
    let tables = tables.map(|(id, section)| (section.line(), format!("`checks.{id}` is not a check"), hint(id)));
    let waivers = settings.waivers.iter().filter(|waiver| !known(&waiver.check));
    let waivers = waivers.map(|w| (w.line, format!("the waiver's check `{}` is not a check", w.check), hint(&w.check)));
    let line = settings.gate.refuse_line;
    let refused = settings.gate.refuse.iter().filter(|id| !known(id));
    let refused = refused.map(|id| (line, format!("`gate.refuse` names `{id}`, which is not a check"), hint(id)));
    let late = listings().map(|listing| listing.card).filter(|card| {
        matches!(card.gate, Gate::Replay | Gate::Afterwards) && settings.gate.refuse.iter().any(|id| id == card.id)
    });
    let late = late.map(|card| {
        let message = format!("`gate.refuse` names `{}`, which no gate can judge", card.id);
        (line, message, format!("it needs {}, and that is known only afterwards", card.needs))
    });
    tables.chain(waivers).chain(refused).chain(late).map(|(line, message, hint)| Problem { line, message, hint }).collect()
}
