//! `countersign completions SHELL` and `countersign man`.

use clap::{Args, Command};
use clap_complete::Shell;

use super::terminal::say;
use super::{Exit, Failure};

/// Arguments of `countersign completions`.
#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell to complete for
    shell: Shell,
}

pub(super) fn completions(arguments: &Completions, command: &mut Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "countersign", &mut script);
    say(&String::from_utf8_lossy(&script))
}

pub(super) fn man(command: &Command) -> Result<(), Failure> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(command.clone()).render(&mut page);
    rendered.map_err(|error| Failure::of(Exit::CouldNotWrite, &error))?;
    for subcommand in command.get_subcommands() {
        let rendered = clap_mangen::Man::new(subcommand.clone()).render(&mut page);
        rendered.map_err(|error| Failure::of(Exit::CouldNotWrite, &error))?;
    }
    say(&String::from_utf8_lossy(&page))
}
