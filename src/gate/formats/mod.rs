//! A ruling as text: one small function for each format.

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
