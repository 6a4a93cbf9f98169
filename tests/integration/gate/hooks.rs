//! The gate in the hooks of git: real pushes.
