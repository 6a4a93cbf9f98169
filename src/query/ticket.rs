//! What did one ticket lead to?

use std::collections::BTreeSet;

use clap::Args;

use super::cells;
use super::{Answer, Ask, Cell, Column, Material, Mistake, Needs, find};
use crate::evidence::{Claim, Dossier, Ticket as Reference};
use crate::render::columns::{self, one_line};
use crate::text::counted;

/// Arguments of `countersign query ticket`.
#[derive(Debug, Args)]
pub struct Ticket {
    /// The ticket: `SEC-123`, `AB#12`, `CHG0031234`, `#12`
    ticket: String,
}

const COLUMNS: &[Column] = &[
    Column::full("ticket", "ticket"),
    Column::brief("place", "read from"),
    Column::full("grade", "grade"),
    Column::full("citation", "where"),
    Column::brief("policy_edits", "policy edits"),
    Column::brief("paths", "files"),
    Column::full("exceptions", "exceptions"),
];

impl Ask for Ticket {
    fn needs(&self) -> Needs {
        Needs::Changes
    }

    fn answer(&self, material: &Material<'_>) -> Result<Answer, Mistake> {
        let columns = cells::CHANGE.iter().chain(COLUMNS).chain(&cells::EVIDENCE).copied().collect();
        let question = format!("Everything that refers to the ticket {}", one_line(&self.ticket));
        let mut answer = Answer { question, columns, ..Answer::default() };
        for (position, dossier) in material.columns.dossiers() {
            let claims = dossier.evidence.tickets.iter();
            for claim in claims.filter(|claim| claim.value.id.eq_ignore_ascii_case(&self.ticket)) {
                answer.rows.push(row(position, dossier, claim, material));
            }
        }
        answer.looked_at = counted(material.pack.dossiers.len(), "change");
        if answer.rows.is_empty() {
            let tickets = material.pack.dossiers.iter().flat_map(|dossier| &dossier.evidence.tickets);
            let known: BTreeSet<&str> = tickets.map(|claim| &*claim.value.id).collect();
            let nearest = find::nearest(&self.ticket, known.iter().copied());
            answer
                .notes
                .push(format!("{} are referred to in the range. {nearest}", counted(known.len(), "ticket")).trim().to_owned());
        }
        answer.notes.push("Tickets are recognised by their form and not looked up anywhere.".to_owned());
        Ok(answer)
    }
}

fn row(position: usize, dossier: &Dossier, claim: &Claim<Reference>, material: &Material<'_>) -> Vec<Cell> {
    let facts = material.columns.facts(position, dossier);
    let commit = &dossier.change.commit;
    let mut cells = Vec::from(cells::change(dossier));
    cells.extend([
        Cell::text(&claim.value.id),
        Cell::text(columns::relation_words(claim.value.relation)),
        Cell::text(claim.grade.word()),
        Cell::text(&columns::citation(&claim.citation, &dossier.change)),
        Cell::Many(commit.policy_edits.iter().map(cells::edit).collect()),
        Cell::Many(cells::paths(commit).collect()),
        Cell::list(&facts.exceptions),
    ]);
    cells.extend(cells::evidence(&facts));
    cells
}
