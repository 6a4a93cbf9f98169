//! Which changes meet every one of some conditions?

use clap::Args;
use globset::{Glob, GlobMatcher};

use super::cells;
use super::person::Who;
use super::{Answer, Ask, Cell, Column, Material, Mistake, Needs, find};
use crate::checks::Outcome;
use crate::evidence::{ArrivalKind, Dossier};
use crate::pack::Status;
use crate::policies::{Direction, Family, PolicyEdit};
use crate::render::columns::{self, Facts, one_line};
use crate::settings::Layer;
use crate::text::counted;

/// Arguments of `countersign query changes`. Every condition given must hold.
#[derive(Debug, Args)]
pub struct Changes {
    /// With this ticket as a reason
    #[arg(long, value_name = "TICKET")]
    ticket: Option<String>,
    /// Written, committed or merged by this person
    #[arg(long, value_name = "ADDRESS")]
    person: Option<String>,
    /// With a review of any kind by this person
    #[arg(long, value_name = "ADDRESS")]
    reviewer: Option<String>,
    /// That touch a path of this pattern: `gatekeeper/**`
    #[arg(long, value_name = "GLOB")]
    path: Option<String>,
    /// That touch this layer; several times for changes that touch each of them
    #[arg(long, value_name = "LAYER")]
    layer: Vec<String>,
    /// That touch this environment; several times for changes that touch each of them
    #[arg(long, value_name = "NAME")]
    environment: Vec<String>,
    /// That edit a policy of this family: gatekeeper, pss, network, linkerd, istio, kyverno, admission, rbac, scc, other
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    /// That edit a policy of this kind
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// With a policy edit of this direction: weakened, strengthened, neutral, undetermined
    #[arg(long, value_name = "DIRECTION")]
    direction: Option<String>,
    /// About which this check came to an exception, or to the outcome of `--outcome`
    #[arg(long, value_name = "CHECK")]
    check: Option<String>,
    /// With this outcome of `--check`, or else of any check: exception, not-assessable, no-exception, not-applicable
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Whose message holds this text, in any case
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
    /// That arrived so: merge, squash, rebase, direct, bot, initial, unknown
    #[arg(long, value_name = "KIND")]
    arrival: Option<String>,
    /// Only changes of this sort: policy, bot, emergency, revert; several times for changes that are each of them
    #[arg(long, value_name = "SORT")]
    only: Vec<String>,
}

const COLUMNS: &[Column] = &[
    Column::full("seq", "no."),
    Column::full("arrival_kind", "arrival"),
    Column::full("proposal", "proposal"),
    Column::full("layers", "layers"),
    Column::full("environments", "environments"),
    Column::full("bot", "bot"),
    Column::full("emergency", "emergency"),
    Column::full("files_changed", "files"),
    Column::brief("policy_edits", "policy edits"),
    Column::full("policy_direction", "direction"),
    Column::brief("exceptions", "exceptions"),
    Column::full("not_assessable", "not assessable"),
    Column::full("because", "because"),
    Column::full("waivers", "waivers"),
    Column::full("status", "status"),
];

impl Ask for Changes {
    fn needs(&self) -> Needs {
        Needs::Changes
    }

    fn answer(&self, material: &Material<'_>) -> Result<Answer, Mistake> {
        let filter = Filter::read(self, material)?;
        let columns = cells::CHANGE.iter().chain(COLUMNS).chain(&cells::EVIDENCE).copied().collect();
        let mut answer = Answer { question: self.words(), columns, ..Answer::default() };
        for (position, dossier) in material.columns.dossiers() {
            let facts = material.columns.facts(position, dossier);
            let subject = Subject { position, dossier, facts, material };
            if filter.accepts(self, &subject) {
                answer.rows.push(subject.row(filter.check));
            }
        }
        answer.looked_at = counted(material.pack.dossiers.len(), "change");
        let outside = material.pack.statuses.iter().filter(|status| **status == Status::OutOfScope).count();
        if outside > 0 {
            answer.notes.push(format!(
                "{} of them out of scope by the settings; checks do not look at those.",
                counted(outside, "change")
            ));
        }
        Ok(answer)
    }
}

impl Changes {
    fn words(&self) -> String {
        let one = |words: &'static str, value: &Option<String>| {
            value.iter().map(move |value| (words, value.clone())).collect::<Vec<_>>()
        };
        let several =
            |words: &'static str, values: &[String]| values.iter().map(|value| (words, value.clone())).collect::<Vec<_>>();
        let conditions = [
            one("with the ticket", &self.ticket),
            one("by", &self.person),
            one("reviewed by", &self.reviewer),
            one("touching the path", &self.path),
            several("touching the layer", &self.layer),
            several("touching the environment", &self.environment),
            one("editing policies of the family", &self.family),
            one("editing policies of the kind", &self.kind),
            one("with a policy edit that is", &self.direction),
            one("by the check", &self.check),
            one("with the outcome", &self.outcome),
            one("with the text", &self.text),
            one("with the arrival", &self.arrival),
            several("of the sort", &self.only),
        ];
        let conditions: Vec<String> =
            conditions.into_iter().flatten().map(|(words, value)| format!("{words} {}", one_line(&value))).collect();
        if conditions.is_empty() { "Every change".to_owned() } else { format!("Changes {}", conditions.join(", ")) }
    }
}

/// The conditions, checked.
struct Filter {
    person: Option<Who>,
    reviewer: Option<Who>,
    path: Option<GlobMatcher>,
    layers: Vec<Layer>,
    family: Option<Family>,
    direction: Option<Direction>,
    check: Option<&'static str>,
    outcome: Option<&'static str>,
    arrival: Option<ArrivalKind>,
    only: Vec<Sort>,
}

/// A sort of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Policy,
    Bot,
    Emergency,
    Revert,
}

impl Filter {
    fn read(asked: &Changes, material: &Material<'_>) -> Result<Self, Mistake> {
        const OUTCOMES: [&str; 4] = ["exception", "not assessable", "no exception", "not applicable"];
        const SORTS: [(&str, Sort); 4] =
            [("policy", Sort::Policy), ("bot", Sort::Bot), ("emergency", Sort::Emergency), ("revert", Sort::Revert)];
        let arrivals = ArrivalKind::ALL;
        let path = asked.path.as_deref().map(|glob| {
            Glob::new(glob).map_err(|error| Mistake::new(format!("`{glob}` is not a path pattern"), error.to_string()))
        });
        let outcome =
            asked.outcome.as_deref().map(|word| find::choice("outcome", word, OUTCOMES.map(|outcome| (outcome, outcome))));
        let who = |word: &Option<String>| word.as_deref().map(|word| Who::read(word, material)).transpose();
        let arrival =
            asked.arrival.as_deref().map(|word| find::choice("arrival", word, arrivals.map(|kind| (kind.word(), kind))));
        Ok(Self {
            person: who(&asked.person)?,
            reviewer: who(&asked.reviewer)?,
            path: path.transpose()?.map(|glob| glob.compile_matcher()),
            layers: asked.layer.iter().map(|word| find::layer(word)).collect::<Result<_, _>>()?,
            family: asked.family.as_deref().map(find::family).transpose()?,
            direction: asked.direction.as_deref().map(find::direction).transpose()?,
            check: asked.check.as_deref().map(find::check).transpose()?,
            outcome: outcome.transpose()?,
            arrival: arrival.transpose()?,
            only: asked.only.iter().map(|word| find::choice("sort of change", word, SORTS)).collect::<Result<_, _>>()?,
        })
    }

    fn accepts(&self, asked: &Changes, subject: &Subject<'_>) -> bool {
        let Subject { dossier, facts, .. } = subject;
        let message = &dossier.change.commit.message.value;
        asked.ticket.as_ref().is_none_or(|ticket| facts.tickets.iter().any(|id| id.eq_ignore_ascii_case(ticket)))
            && self.person.as_ref().is_none_or(|who| who.took_part(dossier))
            && self.reviewer.as_ref().is_none_or(|who| who.reviewed(dossier))
            && self.layers.iter().all(|layer| facts.layers.contains(*layer))
            && asked.environment.iter().all(|environment| facts.environments.contains(environment.as_str()))
            && asked.text.as_ref().is_none_or(|text| message.to_lowercase().contains(&text.to_lowercase()))
            && self.arrival.is_none_or(|kind| dossier.arrival == kind)
            && self.only.iter().all(|sort| subject.is(*sort))
            && self.path.as_ref().is_none_or(|glob| subject.touches(glob))
            && self.accepts_edits(asked, dossier)
            && self.accepts_findings(subject)
    }

    /// One and the same edit must meet every condition on edits.
    fn accepts_edits(&self, asked: &Changes, dossier: &Dossier) -> bool {
        if self.family.is_none() && self.direction.is_none() && asked.kind.is_none() {
            return true;
        }
        dossier.change.commit.policy_edits.iter().any(|edit| {
            self.family.is_none_or(|family| edit.family == family)
                && self.direction.is_none_or(|direction| has(edit, direction))
                && asked.kind.as_deref().is_none_or(|kind| find::is_kind(&edit.object, kind))
        })
    }

    fn accepts_findings(&self, subject: &Subject<'_>) -> bool {
        let outcome = match (self.check, self.outcome) {
            (None, None) => return true,
            // No exception by any check is a statement about all of them.
            (None, Some("no exception")) => {
                return subject.material.columns.status(subject.position) == Status::NoException;
            }
            (Some(_), None) => "exception",
            (_, Some(outcome)) => outcome,
        };
        subject.findings(self.check).any(|found| found.words() == outcome)
    }
}

/// A part of an edit that weakens counts even where the edit as a whole is something else.
fn has(edit: &PolicyEdit, direction: Direction) -> bool {
    edit.direction() == direction || edit.verdicts.iter().any(|verdict| verdict.direction == direction)
}

/// One change that is looked at.
struct Subject<'a> {
    position: usize,
    dossier: &'a Dossier,
    facts: Facts<'a>,
    material: &'a Material<'a>,
}

impl<'a> Subject<'a> {
    fn findings(&self, check: Option<&'static str>) -> impl Iterator<Item = &'a Outcome> {
        let findings = self.material.columns.findings_of(self.position);
        findings.filter(move |(card, _)| check.is_none_or(|id| card.id == id)).map(|(_, finding)| &finding.outcome)
    }

    fn is(&self, sort: Sort) -> bool {
        let evidence = &self.dossier.evidence;
        match sort {
            Sort::Policy => !self.dossier.change.commit.policy_edits.is_empty(),
            Sort::Bot => self.dossier.bot.is_some(),
            Sort::Emergency => evidence.emergency.is_some(),
            Sort::Revert => !evidence.reverts.is_empty(),
        }
    }

    fn touches(&self, glob: &GlobMatcher) -> bool {
        let edits = self.dossier.change.commits().flat_map(|commit| &commit.file_edits);
        edits.flat_map(|edit| std::iter::once(&edit.path).chain(&edit.old_path)).any(|path| glob.is_match(&*path.to_text()))
    }

    fn row(&self, check: Option<&'static str>) -> Vec<Cell> {
        let Self { position, dossier, facts, .. } = self;
        let evidence = &dossier.evidence;
        let edits = &dossier.change.commit.policy_edits;
        let because = self.findings(check).filter(|outcome| matches!(outcome, Outcome::Exception(_) | Outcome::NotAssessable(_)));
        let direction = edits.iter().map(PolicyEdit::direction).max().map_or("", Direction::word);
        let mut cells = Vec::from(cells::change(dossier));
        cells.extend([
            Cell::number(position + 1),
            Cell::text(dossier.arrival.word()),
            Cell::Many(columns::proposals(dossier)),
            Cell::list(facts.layers.iter().map(Layer::name)),
            Cell::list(&facts.environments),
            Cell::list(dossier.bot.as_deref()),
            Cell::list(evidence.emergency.iter().map(|claim| &claim.value)),
            Cell::number(dossier.change.commit.file_edits.len()),
            Cell::Many(edits.iter().map(cells::edit).collect()),
            Cell::text(direction),
            Cell::list(&facts.exceptions),
            Cell::list(&facts.not_assessable),
            Cell::list(because.filter_map(|outcome| outcome.basis()).map(|basis| &basis.because)),
            Cell::list(self.waivers()),
            Cell::text(self.material.columns.status(*position).words()),
        ]);
        cells.extend(cells::evidence(facts));
        cells
    }

    /// Who accepted which finding, and until when.
    fn waivers(&self) -> Vec<String> {
        let columns = &self.material.columns;
        let waived = columns.findings_of(self.position).filter(|(_, finding)| finding.waiver.is_some());
        waived.map(|(card, finding)| format!("{}: {}", card.id, columns.waiver_words(finding))).collect()
    }
}
