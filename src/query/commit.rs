//! What is known about one change?

use clap::Args;

use super::cells::{self, begins};
use super::{Answer, Ask, Cell, Column, Material, Mistake, Needs};
use crate::changes::Commit;
use crate::checks::Outcome;
use crate::evidence::Dossier;
use crate::render::columns::{self, Facts, one_line};
use crate::settings::Layer;
use crate::text::counted;

/// Arguments of `countersign query commit`.
#[derive(Debug, Args)]
pub struct Commits {
    /// The change's commit id, or its first digits (at least four); several for several changes
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
}

const COLUMNS: &[Column] =
    &[Column::brief("change_id", "change"), Column::brief("fact", "fact"), Column::brief("value", "value")];

impl Ask for Commits {
    fn needs(&self) -> Needs {
        Needs::Changes
    }

    fn answer(&self, material: &Material<'_>) -> Result<Answer, Mistake> {
        let question = format!("What is known about {}", self.ids.iter().map(|id| one_line(id)).collect::<Vec<_>>().join(", "));
        let mut answer = Answer { question, columns: COLUMNS.to_vec(), ..Answer::default() };
        for digits in &self.ids {
            let (position, side) = find(digits, material)?;
            let Some(dossier) = material.pack.dossiers.get(position) else { continue };
            if let Some(side) = side {
                answer.notes.push(format!("{} is a side commit of {}, which is shown.", side.id, dossier.change.id()));
            }
            let id = dossier.change.id().to_string();
            let facts = facts(position, dossier, material);
            answer.rows.extend(facts.into_iter().map(|(fact, value)| vec![Cell::id(&id), Cell::text(fact), value]));
        }
        answer.looked_at = counted(material.pack.dossiers.len(), "change");
        Ok(answer)
    }
}

/// The position of the change whose id begins with some digits, or one of whose side commits does.
fn find<'a>(digits: &str, material: &Material<'a>) -> Result<(usize, Option<&'a Commit>), Mistake> {
    let lower = digits.to_ascii_lowercase();
    if lower.len() < 4 || !lower.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Mistake::new(format!("`{}` is not a commit id", one_line(digits)), "write at least four hexadecimal digits"));
    }
    let mut found: Vec<(usize, Option<&Commit>)> = Vec::new();
    for (position, dossier) in material.columns.dossiers() {
        if begins(dossier.change.id(), &lower) {
            found.push((position, None));
        }
        let side = dossier.change.side_commits.iter().filter(|commit| begins(commit.id, &lower));
        found.extend(side.map(|commit| (position, Some(commit))));
    }
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Mistake::new(
            format!("no commit of the range begins with {lower}"),
            "name another range with `--from` and `--to`; without them everything up to the branch's end is read",
        )),
        several => {
            let change = |position: usize| material.pack.dossiers.get(position).map(|dossier| dossier.change.id().to_string());
            let id = |(position, side): &(usize, Option<&Commit>)| {
                side.map(|commit| commit.id.to_string()).or_else(|| change(*position))
            };
            let ids: Vec<String> = several.iter().take(8).filter_map(id).collect();
            Err(Mistake::new(
                format!("{} begin with {lower}", counted(several.len(), "commit")),
                format!("name one of: {}", ids.join(", ")),
            ))
        }
    }
}

type Fact = (&'static str, Cell);

fn facts(position: usize, dossier: &Dossier, material: &Material<'_>) -> Vec<Fact> {
    let facts = material.columns.facts(position, dossier);
    let mut all = origin(dossier, material);
    all.extend(content(dossier, &facts));
    all.extend(proof(dossier, &facts));
    all.extend(judgement(position, material));
    all.retain(|(_, cell)| cell.lines().iter().any(|line| !line.is_empty()));
    all
}

fn origin(dossier: &Dossier, material: &Material<'_>) -> Vec<Fact> {
    let commit = &dossier.change.commit;
    let arrival = columns::arrival(dossier);
    let evidence = &dossier.evidence;
    let signed = |signature: &crate::changes::Signature| {
        format!("{} at {}", columns::person(&signature.person), columns::utc(&signature.when))
    };
    vec![
        ("title", Cell::text(&columns::shorten(commit.subject(), 600))),
        ("arrived", Cell::One(format!("{} ({}, {})", arrival.at, arrival.source, arrival.grade.word()))),
        ("arrival", Cell::text(dossier.arrival.word())),
        ("proposal", Cell::Many(columns::proposals(dossier))),
        ("parents", Cell::Many(commit.parents.iter().map(ToString::to_string).collect())),
        ("author", Cell::One(signed(&commit.author))),
        ("committer", Cell::One(signed(&commit.committer))),
        ("co-authors", Cell::list(evidence.co_authors.iter().map(|claim| claim.value.to_string()))),
        ("merger", Cell::list(evidence.merger.iter().map(|claim| claim.value.to_string()))),
        ("bot", Cell::list(dossier.bot.as_deref())),
        ("signature", Cell::One(material.columns.signature(commit, Some(evidence)))),
        ("signed tags", Cell::list(dossier.tags.iter().map(columns::tag_words))),
        ("message", Cell::list(columns::shorten(&commit.message.value, 20_000).lines())),
        ("anomalies", Cell::Many(columns::anomalies(commit))),
    ]
}

fn content(dossier: &Dossier, facts: &Facts<'_>) -> Vec<Fact> {
    let commit = &dossier.change.commit;
    let edits = commit.policy_edits.iter().flat_map(|edit| {
        let file = format!("  in {}:{}", columns::path(&edit.path), edit.line);
        let verdicts = edit.verdicts.iter().map(|verdict| format!("  rule {}", cells::verdict(verdict)));
        let fields = edit.fields.iter().map(|field| format!("  {}", cells::field(field)));
        std::iter::once(cells::edit(edit)).chain([file]).chain(verdicts).chain(fields).collect::<Vec<_>>()
    });
    let side = dossier.change.side_commits.iter().map(|commit| {
        format!("{} {} by {}", commit.id.0.short(), one_line(commit.subject()), columns::person(&commit.author.person))
    });
    vec![
        ("layers", Cell::list(facts.layers.iter().map(Layer::name))),
        ("environments", Cell::list(&facts.environments)),
        ("out of scope", Cell::list(dossier.classification.out_of_scope.as_deref())),
        ("policy edits", Cell::Many(edits.collect())),
        ("files", Cell::Many(cells::paths(commit).collect())),
        ("side commits", Cell::Many(side.collect())),
        ("gaps", Cell::list(dossier.gaps.iter().chain(&commit.gaps).map(|gap| &gap.reason))),
    ]
}

fn proof(dossier: &Dossier, facts: &Facts<'_>) -> Vec<Fact> {
    let evidence = &dossier.evidence;
    let tickets = evidence.tickets.iter().map(|claim| {
        let relation = columns::relation_words(claim.value.relation);
        format!("{} ({relation}, {}), {}", claim.value.id, claim.grade.word(), columns::near_citation(&claim.citation))
    });
    let reviews = facts.reviews.iter().map(|review| {
        let claim = review.claim;
        let [decision, grade] = [claim.value.decision.word(), claim.grade.word()];
        let place = columns::near_citation(&claim.citation);
        format!("{}: {decision} ({grade}), {}, {place}", columns::person(&claim.value.reviewer), review.standing.reason())
    });
    vec![
        ("tickets", Cell::list(tickets)),
        ("reviews", Cell::list(reviews)),
        ("approvers that count", Cell::Many(facts.approvers())),
        ("emergency", Cell::list(evidence.emergency.iter().map(|claim| &claim.value))),
        ("reverts", Cell::list(evidence.reverts.iter().map(|claim| &claim.value))),
        ("picked from", Cell::list(evidence.picked_from.iter().map(|claim| &claim.value))),
        ("trailers", Cell::Many(columns::trailers(evidence).collect())),
    ]
}

fn judgement(position: usize, material: &Material<'_>) -> Vec<Fact> {
    let columns = &material.columns;
    let of = |wanted: fn(&Outcome) -> bool| -> Vec<String> {
        let findings = columns.findings_of(position).filter(|(_, finding)| wanted(&finding.outcome));
        let words = findings.map(|(card, finding)| {
            let waiver = columns.waiver_words(finding);
            let waiver = if waiver.is_empty() { waiver } else { format!(" (waiver: {waiver})") };
            format!("{} ({}): {}{waiver}", card.id, finding.severity.word(), columns::because(finding))
        });
        words.collect()
    };
    vec![
        ("exceptions", Cell::Many(of(|outcome| matches!(outcome, Outcome::Exception(_))))),
        ("not assessable", Cell::Many(of(|outcome| matches!(outcome, Outcome::NotAssessable(_))))),
        ("status", Cell::text(columns.status(position).words())),
    ]
}
