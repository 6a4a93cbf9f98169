//! countersign reads the Git history of a GitOps repository and turns it into audit evidence.
//!
//! ```text
//!  Repository ──▶ Change ──▶ classified ──▶ Dossier ──▶ Finding ──▶ Pack ──▶ files
//!  repository     changes    classification   evidence    checks     pack     render
//! ```
//!
//! Data flows one way: a module uses only modules that stand above it in this list.

pub mod text;
pub mod parallel;
pub mod settings;
pub mod manifests;
pub mod policies;
pub mod repository;
pub mod changes;
pub mod classification;
pub mod evidence;
pub mod inventory;
pub mod checks;
pub mod pack;
pub mod render;
pub mod query;
pub mod folder;
pub mod pipeline;
pub mod gate;
pub mod cli;
