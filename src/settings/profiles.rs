//! Profiles: thresholds, minimum grades, severities and the frameworks printed; never facts.

/// A named set of settings that lies below the user's own.
#[derive(Clone, Copy, Debug)]
pub struct Profile {
    /// Its name in `profile = "…"`.
    pub name: &'static str,
    /// Its settings, as TOML.
    pub text: &'static str,
}

impl Profile {
    /// What it is for, in one sentence: the first comment of its text.
    #[must_use]
    pub fn purpose(&self) -> &'static str {
        self.text.lines().next().unwrap_or("").trim_start_matches("# ")
    }
}

/// Every profile, the default first.
pub const PROFILES: &[Profile] = &[
    Profile { name: "baseline", text: include_str!("profiles/baseline.toml") },
    Profile { name: "strict", text: include_str!("profiles/strict.toml") },
    Profile { name: "soc2", text: include_str!("profiles/soc2.toml") },
    Profile { name: "iso27001", text: include_str!("profiles/iso27001.toml") },
    Profile { name: "pci-nsc", text: include_str!("profiles/pci-nsc.toml") },
    Profile { name: "nist-cm", text: include_str!("profiles/nist-cm.toml") },
    Profile { name: "sox", text: include_str!("profiles/sox.toml") },
    Profile { name: "nerc-cip", text: include_str!("profiles/nerc-cip.toml") },
    Profile { name: "energy-de", text: include_str!("profiles/energy-de.toml") },
];
