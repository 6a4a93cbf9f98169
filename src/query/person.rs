//! What did one person write, commit, review or approve?

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::Args;

use super::cells;
use super::{Answer, Ask, Cell, Column, Material, Mistake, Needs, find};
use crate::evidence::Dossier;
use crate::render::columns::{self, Columns, Facts, one_line};
use crate::text::Person as Someone;
use crate::text::counted;

/// Arguments of `countersign query person`.
#[derive(Debug, Args)]
pub struct Person {
    /// An address, or a name or login where there is no address; the register joins several spellings
    address: String,
}

const COLUMNS: &[Column] = &[
    Column::brief("roles", "as"),
    Column::full("spellings", "written as"),
    Column::brief("policy_edits", "policy edits"),
    Column::full("layers", "layers"),
    Column::full("environments", "environments"),
    Column::full("exceptions", "exceptions"),
];

/// A person by every spelling that counts as theirs.
pub(super) struct Who {
    keys: BTreeSet<String>,
    /// The name in the register, where they are in it.
    pub registered: Option<Arc<str>>,
}

impl Who {
    /// Everyone who is known by an address, a name or an alias of the register.
    pub fn read(word: &str, material: &Material<'_>) -> Result<Self, Mistake> {
        let wanted = word.trim().to_lowercase();
        let people = &material.pack.settings.people;
        let registered = people
            .iter()
            .find(|person| person.name.to_lowercase() == wanted || person.spellings().any(|spelling| *spelling == wanted));
        let everyone: BTreeSet<&Someone> = material.pack.dossiers.iter().flat_map(people_of).collect();
        let is_wanted = |person: &Someone| {
            let by_register = material.columns.approvals.registered(person);
            let spellings = [person.mail.value.trim(), person.name.value.trim(), &*person.login];
            spellings.iter().any(|spelling| !spelling.is_empty() && spelling.to_lowercase() == wanted)
                || registered.is_some_and(|registered| by_register.is_some_and(|person| person.name == registered.name))
        };
        let keys: BTreeSet<String> = everyone.iter().filter(|person| is_wanted(person)).map(|person| person.key()).collect();
        if keys.is_empty() && registered.is_none() {
            let words: Vec<String> =
                everyone.iter().flat_map(|person| [person.mail.to_string(), person.name.to_string()]).collect();
            let nearest = find::nearest(&wanted, words.iter().map(String::as_str).filter(|word| !word.is_empty()));
            let hint =
                format!("{nearest} an address, name or login as Git has it, or an alias of the settings").trim().to_owned();
            return Err(Mistake::new(format!("nobody in the range is called `{}`", one_line(word)), hint));
        }
        Ok(Self { keys, registered: registered.map(|person| person.name.clone()) })
    }

    fn is(&self, person: &Someone) -> bool {
        self.keys.contains(&person.key())
    }

    /// Whether they wrote, committed or merged a change or a part of it.
    pub fn took_part(&self, dossier: &Dossier) -> bool {
        let commits = dossier.change.commits().flat_map(|commit| [&commit.author.person, &commit.committer.person]);
        let evidence = &dossier.evidence;
        let claimed = evidence.co_authors.iter().chain(&evidence.merger).map(|claim| &claim.value);
        commits.chain(claimed).any(|person| self.is(person))
    }

    /// Whether a review of any kind is said to be theirs.
    pub fn reviewed(&self, dossier: &Dossier) -> bool {
        dossier.evidence.reviews.iter().any(|claim| self.is(&claim.value.reviewer))
    }

    /// Every part they had in a change, in words.
    fn roles(&self, dossier: &Dossier, facts: &Facts<'_>) -> Vec<String> {
        let commit = &dossier.change.commit;
        let evidence = &dossier.evidence;
        let side = dossier.change.side_commits.iter();
        let wrote_a_part = side.clone().any(|commit| self.is(&commit.author.person));
        let plain = [
            ("author", self.is(&commit.author.person)),
            ("committer", self.is(&commit.committer.person)),
            ("co-author", evidence.co_authors.iter().any(|claim| self.is(&claim.value))),
            ("merger", evidence.merger.iter().any(|claim| self.is(&claim.value))),
            ("author of a side commit", wrote_a_part),
        ];
        let mut roles: Vec<String> = plain.iter().filter(|(_, is)| *is).map(|(role, _)| (*role).to_owned()).collect();
        roles.extend(facts.reviews.iter().filter(|review| self.is(&review.claim.value.reviewer)).map(|review| {
            let review_words = (review.claim.value.decision.word(), review.claim.grade.word(), review.standing.reason());
            format!("reviewer: {} ({}), {}", review_words.0, review_words.1, review_words.2)
        }));
        roles
    }
}

fn people_of(dossier: &Dossier) -> impl Iterator<Item = &Someone> {
    let commits = dossier.change.commits().flat_map(|commit| [&*commit.author.person, &*commit.committer.person]);
    let evidence = &dossier.evidence;
    let claimed = evidence.co_authors.iter().chain(&evidence.merger).map(|claim| &*claim.value);
    commits.chain(claimed).chain(evidence.reviews.iter().map(|claim| &*claim.value.reviewer))
}

impl Ask for Person {
    fn needs(&self) -> Needs {
        Needs::Changes
    }

    fn answer(&self, material: &Material<'_>) -> Result<Answer, Mistake> {
        let who = Who::read(&self.address, material)?;
        let columns = cells::CHANGE.iter().chain(COLUMNS).chain(&cells::EVIDENCE).copied().collect();
        let question = format!("Everything that {} wrote, committed, reviewed or approved", one_line(&self.address));
        let mut answer = Answer { question, columns, ..Answer::default() };
        for (position, dossier) in material.columns.dossiers() {
            answer.rows.extend(row(position, dossier, &who, &material.columns));
        }
        answer.looked_at = counted(material.pack.dossiers.len(), "change");
        answer.notes = vec![match &who.registered {
            Some(name) => format!("The register of the settings joins every spelling of {}.", one_line(name)),
            None => "Spellings are compared by address, or by name where there is none; the settings' register could join more."
                .to_owned(),
        }];
        answer.notes.push("A reviewer is whom a message or note names; a name typed into a message proves little.".to_owned());
        Ok(answer)
    }
}

fn row<'a>(position: usize, dossier: &'a Dossier, who: &Who, columns: &Columns<'a>) -> Option<Vec<Cell>> {
    if !who.took_part(dossier) && !who.reviewed(dossier) {
        return None;
    }
    let facts = columns.facts(position, dossier);
    let spellings: BTreeSet<String> = people_of(dossier).filter(|person| who.is(person)).map(columns::person).collect();
    let mut cells = Vec::from(cells::change(dossier));
    cells.extend([
        Cell::list(who.roles(dossier, &facts)),
        Cell::Many(spellings.into_iter().collect()),
        Cell::Many(dossier.change.commit.policy_edits.iter().map(cells::edit).collect()),
        Cell::One(columns::layer_names(facts.layers)),
        Cell::list(&facts.environments),
        Cell::list(&facts.exceptions),
    ]);
    cells.extend(cells::evidence(&facts));
    Some(cells)
}
