//! The gate: attempts to talk it into letting a change in, and the hooks of real pushes.

mod attempts;
mod hooks;
mod lying_graph;
