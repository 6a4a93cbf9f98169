//! Rulings as text: one small function for each format, and what they share.
//!
//! Whatever the format, the output may stand in the log of a CI system, and CI systems take commands from logs: no text
//! from the repository can become one (`inert`). The exit code does not depend on the format.

mod words;
mod groups;
mod advice;
mod inert;
mod identity;
mod annotations;
mod text;
mod github;
mod step_summary;
mod gitlab;
mod azure;
mod junit;
mod sarif;
mod json;
#[cfg(test)]
mod specimen;
#[cfg(test)]
mod tests;

use super::Ruling;

pub use step_summary::step_summary;
pub use words::conclusion;

/// How a ruling is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: which commit, which check, why, what to write
    Text,
    /// GitHub Actions: annotations
    Github,
    /// GitLab: a code quality report
    Gitlab,
    /// Azure Pipelines: logging commands
    Azure,
    /// JUnit XML
    Junit,
    /// SARIF 2.1.0
    Sarif,
    /// For a program
    Json,
}

/// Writes the rulings of one run: one for each reference or proposal that was judged.
#[must_use]
pub fn write(format: Format, rulings: &[Ruling]) -> String {
    match format {
        Format::Text => text::write(rulings),
        Format::Github => github::write(rulings),
        Format::Gitlab => gitlab::write(rulings),
        Format::Azure => azure::write(rulings),
        Format::Junit => junit::write(rulings),
        Format::Sarif => sarif::write(rulings),
        Format::Json => json::write(rulings),
    }
}
