//! What is asked of the audit: `countersign.toml`, profiles and built-in defaults.
//!
//! A profile lies below the settings key by key; both are read as written ([`reader`]), checked with every
//! problem at once ([`Settings::parse`]) and hashed in a canonical form that comments and format do not touch.

mod check;
mod describe;
pub mod init;
mod mailmap;
mod profiles;
pub mod reader;
mod register;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;

use globset::GlobSet;
use regex::Regex;

pub use self::mailmap::Mailmap;
pub use self::profiles::{PROFILES, Profile};
pub use self::register::{RegisteredBot, RegisteredPerson, Role, Team, noreply_login};

use crate::text::Person;

#[cfg(test)]
mod tests;

/// One of the five layers, or the governance pseudo-layer beside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Layer {
    /// Terraform, Terragrunt: clusters, networks, vaults.
    Infrastructure,
    /// Ingress, certificates, secrets delivery, Argo CD, cluster-wide roles.
    Platform,
    /// Gatekeeper, NetworkPolicies, Pod Security Standards, Linkerd policy.
    Security,
    /// Prometheus, Grafana, Alertmanager, Loki, Tempo.
    Observability,
    /// Each team's workloads.
    Applications,
    /// What governs the repository itself: CODEOWNERS, CI files, settings. Not one of the five.
    Governance,
}

impl Layer {
    /// Every layer in order, governance last.
    pub const ALL: [Self; 6] =
        [Self::Infrastructure, Self::Platform, Self::Security, Self::Observability, Self::Applications, Self::Governance];

    /// Its name in settings and packs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Platform => "platform",
            Self::Security => "security",
            Self::Observability => "observability",
            Self::Applications => "applications",
            Self::Governance => "governance",
        }
    }

    /// The layer of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }
}

/// Checked settings, complete with defaults.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where they came from, for people: `built in`, `--settings file`, `countersign.toml at commit …`.
    pub origin: String,
    /// SHA-256 over the canonical form of what is in force (64 hexadecimal digits).
    pub digest: String,
    /// The profile's name.
    pub profile: String,
    /// `[repository] layer`: the layer this repository declares itself to be.
    pub declared_layer: Option<Layer>,
    /// `[repository] time_zone`: the offset from UTC in seconds used to resolve period names.
    pub period_offset: i32,
    /// `[scope]`: which paths the audit is about.
    pub scope: Scope,
    /// `[tickets]`
    pub tickets: TicketSettings,
    /// `[evidence] repository`: the audited repository by its forge's name, `owner/name`; exports of another one are refused.
    pub evidence_repository: Option<String>,
    /// `[[layers]]`, first match wins.
    pub layers: Vec<LayerRule>,
    /// `[environments]`
    pub environments: EnvironmentSettings,
    /// `[[people]]`: the pinned register.
    pub people: Vec<RegisteredPerson>,
    /// `[[bots]]`
    pub bots: Vec<RegisteredBot>,
    /// `[[teams]]`
    pub teams: Vec<Team>,
    /// `[identities]`
    pub identities: IdentitySettings,
    /// `[owners]`
    pub owners: OwnerSettings,
    /// `[signatures]`: where the keys are that signatures are checked against.
    pub signatures: SignatureSettings,
    /// `[guards] paths`: paths that guard the process, beside the built-in ones.
    pub guards: Globs,
    /// `[gate]`
    pub gate: GateSettings,
    /// `[[waivers]]`
    pub waivers: Vec<Waiver>,
    /// `[checks.ID]`: tables for the checks to read, as written.
    pub checks: CheckTables,
    /// `references`: the frameworks whose reference numbers are printed; `None` means all.
    pub frameworks: Option<BTreeSet<String>>,
}

/// Where the keys are that signatures are checked against, as paths relative to the settings file.
///
/// Settings that stand in the audited repository, or are read from a file in it, name no keys: see `cli`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignatureSettings {
    /// `allowed_signers`: a file of OpenSSH.
    pub allowed_signers: Option<String>,
    /// `revoked_keys`: SSH keys or a revocation list that never count.
    pub revoked_keys: Option<String>,
    /// `keyring`: a file or a folder of OpenPGP public keys.
    pub keyring: Option<String>,
    /// `certificates`: a file or a folder of X.509 certificates that signers' certificates must lead to.
    pub certificates: Option<String>,
    /// `forge_keys`: fingerprints of keys that a forge signs with, beside those that forges have published.
    pub forge_keys: Vec<String>,
}

impl SignatureSettings {
    /// Every setting that names a file or a folder, with its value where it has one.
    #[must_use]
    pub fn paths(&self) -> [(&'static str, Option<&String>); 4] {
        [
            ("allowed_signers", self.allowed_signers.as_ref()),
            ("revoked_keys", self.revoked_keys.as_ref()),
            ("keyring", self.keyring.as_ref()),
            ("certificates", self.certificates.as_ref()),
        ]
    }
}

/// Which paths the audit is about.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Paths in scope; `None` means all.
    pub include: Option<Globs>,
    /// Paths out of scope, e.g. policy fixtures in test folders.
    pub exclude: Globs,
}

/// Globs with the text they were compiled from; matches like the [`GlobSet`] it holds.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    /// As written, in order.
    pub written: Vec<String>,
    /// Compiled: `*` stops at `/`, `**` does not.
    pub set: GlobSet,
}

impl Globs {
    /// Adds one path as it is, without glob characters.
    fn add_literal(&mut self, path: &str) {
        let mut written = self.written.clone();
        written.push(globset::escape(path));
        let mut builder = globset::GlobSetBuilder::new();
        for glob in &written {
            // Each of them has compiled before, and an escaped path holds nothing that could fail.
            if let Ok(glob) = globset::GlobBuilder::new(glob).literal_separator(true).build() {
                builder.add(glob);
            }
        }
        if let Ok(set) = builder.build() {
            *self = Self { written, set };
        }
    }
}

impl Deref for Globs {
    type Target = GlobSet;

    fn deref(&self) -> &GlobSet {
        &self.set
    }
}

/// How ticket references are recognised.
#[derive(Clone, Debug)]
pub struct TicketSettings {
    /// `projects`: allow-listed Jira project keys; `None` means sensible detection.
    pub projects: Option<BTreeSet<String>>,
    /// `issues`: when `#12` counts as a ticket.
    pub issues: IssueReferences,
    /// `approved`: statuses of a ticket that mean that it is approved, without regard to case.
    pub approved: Vec<String>,
    /// `[[tickets.patterns]]`
    pub patterns: Vec<TicketPattern>,
    /// `[[tickets.exports]]`: tables of tickets of any system, by their columns.
    pub exports: Vec<TicketTable>,
}

/// How a table of tickets is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketTable {
    /// `name`: the system's name, for people.
    pub name: String,
    /// `match`: the names of columns by which the table is recognised; all of them are there.
    pub matches: Vec<String>,
    /// `columns`: which column holds what.
    pub columns: TicketColumns,
    /// `date_format`: how dates are written, as `strftime` would write them, e.g. `%d.%m.%Y %H:%M`; else by sensible detection.
    pub date_format: Option<String>,
}

/// The names of columns of a table of tickets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TicketColumns {
    /// The ticket's id as changes name it.
    pub id: String,
    /// Its status.
    pub status: Option<String>,
    /// Its type.
    pub kind: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Who asked for it.
    pub requester: Option<String>,
    /// When it was created.
    pub created_at: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When it was approved.
    pub approved_at: Option<String>,
}

/// When a forge issue reference such as `#12` counts as a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueReferences {
    /// After a closing keyword or in a ticket trailer.
    Closing,
    /// Anywhere except where it is the proposal's own mark.
    Any,
    /// Never.
    Never,
}

/// A ticket form of the settings.
#[derive(Clone, Debug)]
pub struct TicketPattern {
    /// The system's name.
    pub name: Arc<str>,
    /// What a reference looks like; the first group, or the whole match, is the id.
    pub regex: Regex,
}

/// One line of the layer map.
#[derive(Clone, Debug)]
pub struct LayerRule {
    /// The glob as written.
    pub glob: String,
    /// The compiled glob: `*` stops at `/`, `**` does not.
    pub matcher: globset::GlobMatcher,
    /// The layer, or `None` for `ignore`.
    pub layer: Option<Layer>,
}

/// How environments are recognised.
#[derive(Clone, Debug)]
pub struct EnvironmentSettings {
    /// `[[environments.rules]]`, first match wins; the built-in folder names come after them.
    pub rules: Vec<(globset::GlobMatcher, Arc<str>)>,
    /// `production`: which environments count as production, in lower case; see [`Self::is_production`].
    pub production: BTreeSet<String>,
    /// `builtin`: whether built-in folder names apply.
    pub builtin: bool,
}

impl EnvironmentSettings {
    /// Whether an environment counts as production: listed by name, or one of its parts is.
    ///
    /// `production` in the list also covers `prod` and `prd`, so `prod-eu` and `c2-production` count; a part
    /// after `non`, `pre` or `not` does not, nor does `preprod`.
    #[must_use]
    pub fn is_production(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        if self.production.contains(&name) {
            return true;
        }
        let mut before = "";
        name.split(['-', '_', '.']).any(|part| {
            let negated = matches!(before, "non" | "pre" | "not" | "no");
            before = part;
            let word = if matches!(part, "prod" | "prd") { "production" } else { part };
            !negated && (self.production.contains(part) || self.production.contains(word))
        })
    }
}

/// `[identities]`: what joins spellings of one person beside the register.
#[derive(Clone, Debug, Default)]
pub struct IdentitySettings {
    /// `register`: a file beside the settings that holds more of the register.
    pub register: Option<String>,
    /// `mailmap`: whether the `.mailmap` of the base commit joins spellings.
    pub mailmap: bool,
    /// What that file holds, once it has been read; not part of the settings themselves.
    pub joined: Mailmap,
}

/// `[owners]`: whose approval a path or a layer needs.
#[derive(Clone, Debug, Default)]
pub struct OwnerSettings {
    /// `codeowners`: by which forge's rules CODEOWNERS is read.
    pub forge: OwnersForge,
    /// The owners of layers as written: teams, people, logins, addresses.
    pub layers: BTreeMap<Layer, Vec<String>>,
}

/// By which forge's rules CODEOWNERS is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnersForge {
    /// By the exports, else by the place and form of the file.
    #[default]
    Auto,
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket.
    Bitbucket,
    /// It is not read.
    None,
}

impl OwnersForge {
    /// Each with its word in the settings.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("auto", Self::Auto),
        ("github", Self::GitHub),
        ("gitlab", Self::GitLab),
        ("bitbucket", Self::Bitbucket),
        ("none", Self::None),
    ];
}

/// What the gate refuses, and on which references.
#[derive(Clone, Debug)]
pub struct GateSettings {
    /// `refuse`: the checks whose exceptions refuse, by id; blockers refuse always.
    pub refuse: Vec<String>,
    /// The line of `refuse`.
    pub refuse_line: usize,
    /// `refuse_from`: every exception of this severity or a higher one refuses.
    pub refuse_from: RefuseFrom,
    /// `landing`: how a proposal will land.
    pub landing: LandingMethod,
    /// `references`: which references a push is judged on; commits behind them are not judged again on a new one.
    pub references: Globs,
}

/// From which severity on every exception refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefuseFrom {
    /// `low`
    Low,
    /// `medium`
    Medium,
    /// `high`
    High,
    /// `critical`
    Critical,
    /// `blocker`: only what makes any record incomplete.
    Blocker,
}

impl RefuseFrom {
    /// Each with its word in the settings.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("low", Self::Low),
        ("medium", Self::Medium),
        ("high", Self::High),
        ("critical", Self::Critical),
        ("blocker", Self::Blocker),
    ];
}

/// How a proposal will land, as far as the settings know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LandingMethod {
    /// In any way: its commits and its text must each stand by themselves.
    Any,
    /// Its commits stay: as a merge, or one by one on top of the branch.
    Commits,
    /// As one commit with the proposal's text.
    Squash,
}

impl LandingMethod {
    /// Each with its word in the settings.
    pub const WORDS: [(&'static str, Self); 3] = [("any", Self::Any), ("commits", Self::Commits), ("squash", Self::Squash)];
}

/// An accepted exception.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// The line of the settings file.
    pub line: usize,
    /// The check's id.
    pub check: String,
    /// The change: full id or at least 12 hexadecimal digits of it.
    pub change: String,
    /// Why.
    pub reason: String,
    /// Who accepted it: `Name <mail>`.
    pub approver: Person,
    /// The ticket that records the acceptance.
    pub ticket: String,
    /// Last day, `YYYY-MM-DD`.
    pub until: String,
}

/// The `[checks.ID]` tables as written, profile below settings, for the checks to read.
#[derive(Clone, Debug, Default)]
pub struct CheckTables {
    /// By check id.
    pub tables: BTreeMap<String, reader::Section>,
}

impl CheckTables {
    /// The table of one check; empty when none is written.
    #[must_use]
    pub fn section(&self, id: &str) -> reader::Section {
        self.tables.get(id).cloned().unwrap_or_default()
    }
}
