//! Commands, their output and exit codes. The only place with a clock, an environment and a terminal.

mod cache;
mod checks;
mod evidence;
mod failure;
mod gate;
mod progress;
mod query;
mod report;
mod sample;
mod settings;
mod shell;
mod signatures;
mod source;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

pub use failure::{Exit, Failure};

/// Turns the Git history of a GitOps repository into audit evidence.
///
/// Read-only and offline: countersign never writes to the audited repository, executes nothing of its configuration
/// and opens no network connection.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done or passed, 1 refused by the gate, 2 misuse, 3 nothing could be concluded, 4 could not write.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Write the evidence pack of a period
    Report(Box<report::Arguments>),
    /// Answer one question about policies and changes
    Query(Box<query::Arguments>),
    /// Judge what is about to land: in CI, in a hook, or a range
    Gate(Box<gate::Arguments>),
    /// List and explain the checks
    Checks(checks::Arguments),
    /// Show the settings in force, or draft a settings file
    Settings(settings::Arguments),
    /// Print a completion script for a shell
    Completions(shell::Completions),
    /// Print the manual page
    Man,
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no misuse; clap knows where each is printed.
            let exit = if error.use_stderr() { Exit::Misuse } else { Exit::Done };
            return if error.print().is_ok() { exit } else { Exit::CouldNotWrite };
        }
    };
    match run(arguments.command) {
        Ok(exit) => exit,
        Err(failure) => {
            terminal::complain(&failure);
            failure.exit
        }
    }
}

fn run(command: Command) -> Result<Exit, Failure> {
    let done = match command {
        Command::Gate(arguments) => return gate::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Query(arguments) => query::run(&arguments),
        Command::Checks(arguments) => checks::run(&arguments),
        Command::Settings(arguments) => settings::run(&arguments),
        Command::Completions(arguments) => shell::completions(&arguments, &mut Arguments::command()),
        Command::Man => shell::man(&Arguments::command()),
    };
    done.map(|()| Exit::Done)
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
