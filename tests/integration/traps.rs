//! How git, files and people mislead a report; one test for each trap.

mod git;
mod objects;
mod ranges;
mod text;
