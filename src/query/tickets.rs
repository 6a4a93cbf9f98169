//! Which tickets are there, and which of them had to serve for many changes?

use std::collections::BTreeMap;

use clap::Args;

use super::{Answer, Ask, Cell, Column, Material, Mistake, Needs};
use crate::classification::LayerSet;
use crate::render::columns;
use crate::settings::Layer;
use crate::text::counted;

/// Arguments of `countersign query tickets`.
#[derive(Debug, Args)]
pub struct Tickets {
    /// Only tickets with more changes than this
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    more_than: usize,
}

const COLUMNS: &[Column] = &[
    Column::brief("ticket", "ticket"),
    Column::full("system", "system"),
    Column::brief("changes", "changes"),
    Column::full("change_ids", "change ids"),
    Column::brief("layers", "layers"),
    Column::brief("first_arrived_at", "first"),
    Column::brief("last_arrived_at", "last"),
    Column::brief("authors", "authors"),
];

/// What one ticket is a reason for.
#[derive(Default)]
struct Use<'a> {
    system: &'a str,
    changes: Vec<String>,
    layers: LayerSet,
    first: String,
    last: String,
    authors: Vec<String>,
}

impl Ask for Tickets {
    fn needs(&self) -> Needs {
        Needs::Changes
    }

    fn answer(&self, material: &Material<'_>) -> Result<Answer, Mistake> {
        let mut uses: BTreeMap<&str, Use<'_>> = BTreeMap::new();
        for (position, dossier) in material.columns.dossiers() {
            let facts = material.columns.facts(position, dossier);
            let reasons = dossier.evidence.tickets.iter().filter(|claim| !claim.value.relation.is_mention());
            for claim in reasons {
                let ticket = uses.entry(&claim.value.id).or_default();
                ticket.system = columns::system_words(&claim.value.system);
                ticket.changes.push(dossier.change.id().to_string());
                ticket.layers = ticket.layers.union(facts.layers);
                ticket.last = columns::arrival(dossier).at;
                if ticket.first.is_empty() {
                    ticket.first.clone_from(&ticket.last);
                }
                let author = columns::person(&dossier.change.commit.author.person);
                if !ticket.authors.contains(&author) {
                    ticket.authors.push(author);
                }
            }
        }
        let looked_at = format!("{} in {}", counted(uses.len(), "ticket"), counted(material.pack.dossiers.len(), "change"));
        let many = uses.into_iter().filter(|(_, ticket)| ticket.changes.len() > self.more_than);
        let condition =
            if self.more_than == 0 { String::new() } else { format!(", with more than {}", counted(self.more_than, "change")) };
        Ok(Answer {
            question: format!("Tickets that changes refer to as a reason{condition}"),
            columns: COLUMNS.to_vec(),
            rows: many.map(|(id, ticket)| row(id, ticket)).collect(),
            looked_at,
            notes: vec!["Tickets are recognised by their form and not looked up anywhere.".to_owned()],
        })
    }
}

fn row(id: &str, ticket: Use<'_>) -> Vec<Cell> {
    vec![
        Cell::text(id),
        Cell::text(ticket.system),
        Cell::number(ticket.changes.len()),
        Cell::Many(ticket.changes),
        Cell::list(ticket.layers.iter().map(Layer::name)),
        Cell::time(&ticket.first),
        Cell::time(&ticket.last),
        Cell::People(ticket.authors),
    ]
}
