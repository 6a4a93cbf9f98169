//! `countersign checks list` and `countersign checks explain ID`.

use clap::{Args, Subcommand};

use super::Failure;
use super::terminal::say;
use crate::checks;
use crate::settings::reader::did_you_mean;

/// Arguments of `countersign checks`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List every check by the question it answers
    List,
    /// Explain one check: requirement, reason, remedy, settings, limits
    Explain {
        /// The check's id, e.g. `ticket-missing`
        id: String,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::List => say(&list()),
        Command::Explain { id } => match checks::explain(id) {
            Some(text) => say(&text),
            None => Err(unknown(id)),
        },
    }
}

fn list() -> String {
    let mut text = String::new();
    for family in checks::families() {
        text.push_str(&format!("{}\n", family.question));
        for listing in family.checks {
            let card = listing.card;
            text.push_str(&format!("  {:<22} {:<9} {}\n", card.id, card.severity.word(), card.requirement));
        }
        text.push('\n');
    }
    text
}

fn unknown(id: &str) -> Failure {
    let ids: Vec<&str> = checks::cards().iter().map(|card| card.id).collect();
    let hint = format!("{}`countersign checks list` shows all", did_you_mean(id, &ids));
    Failure::misuse(format!("there is no check `{id}`")).hint(hint)
}
