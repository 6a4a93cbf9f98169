//! From what asks to be let in to a ruling: new commits, the change as it will land, and the text that will land.

use std::collections::{BTreeMap, BTreeSet};

use super::example;
use super::request::{Request, Update};
use super::units::{self, Unit};
use super::{About, Applied, Found, JudgedCommit, Ruling, Stance, Verdict};
use crate::changes::{self, Change, FactsCache};
use crate::checks::{Assessment, Basis, Card, Catalogue, Finding, Gate, Outcome, Period, Severity, Subject};
use crate::evidence::signatures::{self, Keys};
use crate::evidence::{Dossier, Exports, Place, Source};
use crate::pipeline::{self, Given};
use crate::repository::{AuditRange, Completeness, History, Repository, RepositoryError, Standing};
use crate::settings::{RefuseFrom, Settings};
use crate::text::{CommitId, RepoPath, Timestamp, visible_line};

/// Judges what asks to be let in by the settings of what stands already.
///
/// # Errors
///
/// When the references or the newest commit cannot be read. What cannot be read beyond that is a finding.
pub fn judge(
    repository: &Repository,
    request: &Request,
    settings: &Settings,
    catalogue: Catalogue,
    keys: &Keys,
) -> Result<Ruling, RepositoryError> {
    let mut ruling = empty(repository, request, settings);
    let mut completeness = repository.completeness().clone();
    let history = match &request.update {
        Update::Text(message) => {
            judge_units(
                repository,
                &mut ruling,
                Context::of_text(&completeness, settings, keys),
                units::of_text(message),
                catalogue,
            )?;
            return Ok(ruling);
        }
        Update::Nothing => return Ok(ruling),
        Update::Replacement => {
            ruling.findings.push(replacement());
            ruling.verdict = Verdict::Refused;
            return Ok(ruling);
        }
        Update::NoCommit => {
            ruling.findings.push(no_commit());
            ruling.verdict = Verdict::Inconclusive;
            return Ok(ruling);
        }
        Update::Push { before, behind, after } => repository.brought_in(range(request, *before, *after), behind)?,
        Update::Proposal { target, head, .. } => repository.brought_in(range(request, Some(*target), *head), &[])?,
    };
    let History { range, arrivals, unreadable, .. } = history;
    completeness.unreadable_objects.extend(unreadable);
    ruling.because.push(format!("The new commits are exact: {}.", range.confirmed_by));
    let changes = changes::collect(repository, arrivals, &FactsCache::none(), &|| ());
    ruling.commits = changes.iter().flat_map(in_order).collect();
    let units = match &request.update {
        Update::Proposal { target, head, text, .. } => {
            units::of_proposal(repository, changes, (*target, *head), text.as_ref(), settings.gate.landing)
        }
        Update::Push { .. } | Update::Text(_) | Update::Nothing | Update::Replacement | Update::NoCommit => {
            units::of_push(repository, changes)
        }
    };
    let context =
        Context { range, completeness: &completeness, settings, request: Some(request), exports: Exports::default(), keys };
    judge_units(repository, &mut ruling, context, units, catalogue)?;
    Ok(ruling)
}

/// Judges every arrival of a past period as if it asked to be let in today; with decision records, also whether the gate
/// ran then.
///
/// # Errors
///
/// As [`judge`].
pub fn replay(
    repository: &Repository,
    history: History,
    settings: &Settings,
    catalogue: Catalogue,
    given: Given<'_>,
) -> Result<Ruling, RepositoryError> {
    let History { range, arrivals, unreadable, .. } = history;
    let mut completeness = repository.completeness().clone();
    completeness.unreadable_objects.extend(unreadable);
    let changes = changes::collect(repository, arrivals, given.cache, &|| ());
    let mut ruling = Ruling {
        repository: repository.name(),
        subject: format!("the changes of {} on {}, as if they came today", range.asked, range.branch),
        base: range.start,
        head: Some(range.end),
        head_tree: None,
        has_landed: true,
        because: range.resolution.clone(),
        settings: settings.origin.clone(),
        settings_digest: settings.digest.clone(),
        commits: changes.iter().flat_map(in_order).collect(),
        checks: Vec::new(),
        findings: Vec::new(),
        verdict: Verdict::Passed,
        example: String::new(),
    };
    let context =
        Context { range, completeness: &completeness, settings, request: None, exports: given.exports, keys: &given.keys };
    judge_units(repository, &mut ruling, context, units::of_push(repository, changes), catalogue)?;
    Ok(ruling)
}

/// What the units are judged against.
struct Context<'a> {
    range: AuditRange,
    completeness: &'a Completeness,
    settings: &'a Settings,
    request: Option<&'a Request>,
    /// Decision records, where a past period is replayed.
    exports: Exports,
    /// Keys that signatures are checked against.
    keys: &'a Keys,
}

impl<'a> Context<'a> {
    fn of_text(completeness: &'a Completeness, settings: &'a Settings, keys: &'a Keys) -> Self {
        let zero = CommitId(crate::text::ObjectId::zero());
        let range = AuditRange {
            start: None,
            standing: Standing::NoStart,
            end: zero,
            branch: String::new(),
            asked: String::new(),
            resolution: Vec::new(),
            confirmed_by: String::new(),
        };
        Self { range, completeness, settings, request: None, exports: Exports::default(), keys }
    }

    /// Whether a push moves a reference that has a commit already.
    fn is_push_onto_something(&self) -> bool {
        self.request.is_some_and(|request| matches!(request.update, Update::Push { before: Some(_), .. }))
    }
}

fn empty(repository: &Repository, request: &Request, settings: &Settings) -> Ruling {
    let (base, head) = match &request.update {
        Update::Push { before, after, .. } => (*before, Some(*after)),
        Update::Proposal { target, head, .. } => (Some(*target), Some(*head)),
        Update::Text(_) | Update::Nothing | Update::Replacement | Update::NoCommit => (None, None),
    };
    Ruling {
        repository: repository.name(),
        subject: request.subject.clone(),
        base,
        head,
        head_tree: head.and_then(|head| repository.commit(head)).map(|commit| commit.tree),
        has_landed: false,
        because: request.because.clone(),
        settings: settings.origin.clone(),
        settings_digest: settings.digest.clone(),
        commits: Vec::new(),
        checks: Vec::new(),
        findings: Vec::new(),
        verdict: Verdict::Passed,
        example: String::new(),
    }
}

fn range(request: &Request, start: Option<CommitId>, end: CommitId) -> AuditRange {
    AuditRange {
        start,
        standing: Standing::NoStart,
        end,
        branch: request.subject.clone(),
        asked: request.subject.clone(),
        resolution: Vec::new(),
        confirmed_by: String::new(),
    }
}

/// A change's commits, oldest first.
fn in_order(change: &Change) -> impl Iterator<Item = JudgedCommit> + '_ {
    change.side_commits.iter().chain([&change.commit]).map(|commit| JudgedCommit {
        id: commit.id,
        subject: commit.subject().to_owned(),
        parents: commit.parents.len(),
    })
}

fn replacement() -> Found {
    Found {
        card: crate::checks::record_card(),
        about: About::Range,
        stance: Stance::Refuses,
        severity: Severity::Blocker,
        because: "a replacement reference shows other content under the id of an object; no such reference is let in".into(),
        place: None,
    }
}

fn no_commit() -> Found {
    Found {
        stance: Stance::Undecided,
        because: "it leads to no commit, so nothing names the reason of what it holds; `gate.references` says what is judged"
            .into(),
        ..replacement()
    }
}

fn judge_units(
    repository: &Repository,
    ruling: &mut Ruling,
    mut context: Context<'_>,
    units: Vec<Unit>,
    catalogue: Catalogue,
) -> Result<(), RepositoryError> {
    let settings = context.settings;
    let catalogue = catalogue.kept(|card| is_applied(card, &context));
    let (roles, changes): (Vec<units::Role>, Vec<Change>) = units.into_iter().map(|unit| (unit.role, unit.change)).unzip();
    let (mut dossiers, problems) = pipeline::dossiers(repository, changes, settings)?;
    ruling.because.extend(problems);
    context.exports.attach(repository, &mut dossiers);
    ruling.because.extend(signatures::check(repository, context.keys, &mut dossiers)?);
    ruling.because.extend(context.keys.remarks.iter().cloned());
    let dates_before = dates_before(repository, &dossiers);
    let period = Period {
        range: &context.range,
        completeness: context.completeness,
        dates_before: &dates_before,
        at_start: None,
        exports: &context.exports,
        dossiers: &dossiers,
        settings,
    };
    let assessments = catalogue.assess(&period);
    let bench = Bench { roles: &roles, dossiers: &dossiers, settings, commits: &ruling.commits };
    for assessment in &assessments {
        let (found, passed) = bench.weigh(assessment);
        ruling.checks.push(Applied {
            card: assessment.card,
            refuses: refuses(assessment.card, assessment.card.severity, settings),
            passed,
        });
        ruling.findings.extend(found);
    }
    drop_repeated(&mut ruling.findings, &dossiers, &ruling.commits);
    ruling.findings.sort_by(|left, right| (left.stance, &left.about).cmp(&(right.stance, &right.about)));
    ruling.verdict = verdict(&ruling.findings);
    if ruling.verdict == Verdict::Refused {
        ruling.example = example::ticket(repository, context.range.start, settings);
    }
    Ok(())
}

/// The dates of first parents that are not judged themselves.
fn dates_before(repository: &Repository, dossiers: &[Dossier]) -> BTreeMap<CommitId, Timestamp> {
    let judged: BTreeSet<CommitId> = dossiers.iter().map(|dossier| dossier.change.id()).collect();
    let parents = dossiers.iter().filter_map(|dossier| dossier.change.commit.parents.first());
    let outside: BTreeSet<CommitId> = parents.copied().filter(|parent| !judged.contains(parent)).collect();
    repository.committer_dates(outside)
}

fn is_applied(card: &Card, context: &Context<'_>) -> bool {
    match card.gate {
        Gate::Record | Gate::Message | Gate::EveryCommit | Gate::Landing => true,
        Gate::Push => context.is_push_onto_something(),
        Gate::OnDemand => context.settings.gate.refuse.iter().any(|id| id == card.id),
        Gate::Replay => context.exports.rulings() > 0,
        Gate::Afterwards => false,
    }
}

/// Whether an exception of a check refuses.
fn refuses(card: &Card, severity: Severity, settings: &Settings) -> bool {
    let from = match settings.gate.refuse_from {
        RefuseFrom::Low => Severity::Low,
        RefuseFrom::Medium => Severity::Medium,
        RefuseFrom::High => Severity::High,
        RefuseFrom::Critical => Severity::Critical,
        RefuseFrom::Blocker => Severity::Blocker,
    };
    severity >= from || settings.gate.refuse.iter().any(|id| id == card.id)
}

/// A merge of a push is judged with what it brings in; what a check says of one of those commits is not said again of it.
fn drop_repeated(findings: &mut Vec<Found>, dossiers: &[Dossier], commits: &[JudgedCommit]) {
    let position: BTreeMap<CommitId, usize> =
        commits.iter().enumerate().map(|(position, commit)| (commit.id, position)).collect();
    let said: BTreeSet<(&str, usize, Stance)> = findings
        .iter()
        .filter_map(|found| match found.about {
            About::Commit(position) => Some((found.card.id, position, found.stance)),
            About::Range | About::Landing(_) | About::Waiver(_) => None,
        })
        .collect();
    let merges = dossiers.iter().map(|dossier| &dossier.change).filter(|change| !change.side_commits.is_empty());
    let brought: BTreeMap<usize, Vec<usize>> = merges
        .filter_map(|change| {
            let side = change.side_commits.iter().filter_map(|side| position.get(&side.id).copied()).collect();
            Some((*position.get(&change.id())?, side))
        })
        .collect();
    findings.retain(|found| {
        let About::Commit(merge) = found.about else { return true };
        let side = brought.get(&merge).into_iter().flatten();
        found.card.gate != Gate::EveryCommit || !side.into_iter().any(|side| said.contains(&(found.card.id, *side, found.stance)))
    });
}

/// A record that is not whole decides first: over it, nothing else can be relied on.
fn verdict(findings: &[Found]) -> Verdict {
    let undecided = || findings.iter().filter(|found| found.stance == Stance::Undecided);
    if undecided().any(|found| found.card.gate == Gate::Record) {
        return Verdict::Inconclusive;
    }
    if findings.iter().any(|found| found.stance == Stance::Refuses) {
        return Verdict::Refused;
    }
    if undecided().next().is_some() { Verdict::Inconclusive } else { Verdict::Passed }
}

/// Whether a check only warns here: of a message that will not land.
fn softened(card: &Card, role: Option<&units::Role>) -> bool {
    card.gate == Gate::Message && role.is_some_and(|role| !role.message_lands)
}

/// What findings are weighed with.
struct Bench<'a> {
    roles: &'a [units::Role],
    dossiers: &'a [Dossier],
    settings: &'a Settings,
    commits: &'a [JudgedCommit],
}

impl Bench<'_> {
    /// The findings of one check that matter to the gate, and on how many subjects it found nothing.
    fn weigh(&self, assessment: &Assessment) -> (Vec<Found>, usize) {
        let (mut found, mut passed) = (Vec::new(), 0);
        for finding in &assessment.findings {
            let Some((about, role)) = self.about(assessment, finding) else { continue };
            match &finding.outcome {
                Outcome::NotApplicable => {}
                Outcome::NoException(_) => passed += 1,
                Outcome::Exception(basis) => {
                    let stance = self.stance(assessment.card, finding, role);
                    found.push(Self::found(assessment.card, finding, about, stance, basis));
                }
                Outcome::NotAssessable(basis) => {
                    let stance = if refuses(assessment.card, finding.severity, self.settings) && !softened(assessment.card, role)
                    {
                        Stance::Undecided
                    } else {
                        Stance::Unsure
                    };
                    found.push(Self::found(assessment.card, finding, about, stance, basis));
                }
            }
        }
        (found, passed)
    }

    /// What a finding is about, and the role of that in what was asked; `None` where the gate has no use for it.
    fn about(&self, assessment: &Assessment, finding: &Finding) -> Option<(About, Option<&units::Role>)> {
        let gate = assessment.card.gate;
        match finding.subject {
            Subject::Period => matches!(gate, Gate::Record | Gate::Push).then_some((About::Range, None)),
            Subject::Waiver(position) => {
                let waiver = self.settings.waivers.get(usize::from(position))?;
                let named = |commit: &JudgedCommit| commit.id.to_string().starts_with(&waiver.change.to_ascii_lowercase());
                self.commits.iter().any(named).then_some((About::Waiver(waiver.line), None))
            }
            Subject::Change(position) => {
                let position = usize::try_from(position).ok()?;
                let role = self.roles.get(position)?;
                (role.is_judged_by(gate) || gate == Gate::Record).then(|| (role.about(), Some(role)))
            }
            Subject::SideCommit(change, side) => {
                let change = usize::try_from(change).ok()?;
                let role = self.roles.get(change).filter(|role| role.is_judged_by(gate))?;
                let id = self.dossiers.get(change)?.change.side_commits.get(usize::try_from(side).ok()?)?.id;
                let position = self.commits.iter().position(|commit| commit.id == id)?;
                Some((About::Commit(position), Some(role)))
            }
        }
    }

    /// An incomplete record refuses nothing; it forbids every conclusion.
    fn stance(&self, card: &Card, finding: &Finding, role: Option<&units::Role>) -> Stance {
        if self.is_waived(finding) {
            Stance::Waived
        } else if card.gate == Gate::Record && card.severity == Severity::Blocker {
            Stance::Undecided
        } else if refuses(card, finding.severity, self.settings) && !softened(card, role) {
            Stance::Refuses
        } else {
            Stance::Warns
        }
    }

    /// Whether a waiver accepts a finding, one that names its commit in full: a commit can be made to fit a shorter id.
    fn is_waived(&self, finding: &Finding) -> bool {
        let waiver = finding.waiver.and_then(|position| self.settings.waivers.get(usize::from(position)));
        let change = finding.subject.change().and_then(|position| self.dossiers.get(usize::try_from(position).ok()?));
        waiver.zip(change).is_some_and(|(waiver, dossier)| dossier.change.id().to_string() == waiver.change)
    }

    fn found(card: &'static Card, finding: &Finding, about: About, stance: Stance, basis: &Basis) -> Found {
        let place = basis.citations.iter().find_map(|citation| match (&citation.source, citation.place) {
            (Source::File(path), Place::Line(line)) => Some((path.clone(), line)),
            (Source::File(path), _) => Some((path.clone(), 1)),
            (Source::Change | Source::SideCommit(_) | Source::Note(..) | Source::Export(..) | Source::FileBefore(_), _) => None,
        });
        let place: Option<(RepoPath, u32)> = place;
        Found { card, about, stance, severity: finding.severity, because: visible_line(&basis.because), place }
    }
}
