//! The binary against real repositories: known answers, git as the referee, the traps, bad input, identical bytes.

#![allow(clippy::indexing_slicing, reason = "a wrong index fails the test, as it should")]

mod architecture;
mod ci_environments;
mod facts_cache;
mod fixtures;
mod gate;
mod identities;
mod landings;
mod misuse;
mod packaging;
mod periods;
mod policy_edits;
mod query;
mod referee;
mod reproducible;
mod signatures;
mod stories;
mod support;
mod traps;
