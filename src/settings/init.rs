//! Drafts a commented `countersign.toml` from what was found in a repository.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::check::is_project_key;
use super::describe::quoted;
use super::reader::Section;
use super::{Layer, PROFILES};
use crate::text::visible_line;

/// What was found in a repository; each pair counts the files or changes it was seen in.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// Folders that belong to one layer: a glob, the layer, files.
    pub layer_folders: Vec<(String, Layer, usize)>,
    /// Environments by folder name, files.
    pub environments: Vec<(String, usize)>,
    /// Jira project keys, changes.
    pub projects: Vec<(String, usize)>,
    /// Conventions by which changes name their proposal, changes.
    pub proposal_conventions: Vec<(String, usize)>,
    /// Committers that look like bots: name, address, changes.
    pub bots: Vec<(String, String, usize)>,
    /// How many changes were looked at.
    pub changes: usize,
    /// The one layer that nearly everything belongs to.
    pub declared: Option<Layer>,
}

/// Writes the draft; it always parses without problems.
#[must_use]
pub fn draft(observed: &Observed) -> String {
    let mut text = String::new();
    head(&mut text, observed);
    tickets(&mut text, observed);
    layers(&mut text, &observed.layer_folders);
    environments(&mut text, &observed.environments);
    bots(&mut text, &observed.bots);
    text.push_str(CLOSING);
    text
}

const CLOSING: &str = "
# Who is who, so that an approval by oneself under another name is seen. A long register stands better in a file of its own.
# [identities]
# register = \"people.toml\"
# mailmap = true
# [[people]]
# name = \"Alice Example\"
# accounts = [\"alice\"]
# mails = [\"alice@example.com\"]
# roles = [{ role = \"security-approver\", from = \"2026-01-01\" }]
# valid_until = \"2026-12-31\"
# [[teams]]
# name = \"security\"
# aliases = [\"@example/security\"]
# members = [\"Alice Example\"]

# Whose approval a layer needs, beside CODEOWNERS.
# [owners]
# security = [\"@example/security\"]

# The audited repository as its forge names it; an export of another one is refused.
# [evidence]
# repository = \"owner/name\"

# Tables of tickets from any system, by the names of their columns.
# [[tickets.exports]]
# name = \"Change desk\"
# match = [\"Change no.\", \"Approved on\"]
# columns = { id = \"Change no.\", status = \"State\", approved_by = \"Approver\", approved_at = \"Approved on\" }
# date_format = \"%d.%m.%Y %H:%M\"

# Paths that guard the process, beside CODEOWNERS, CI files and this file.
[guards]
paths = []

# Keys that signatures are checked against. They count only in a settings file outside of the audited repository, given with
# `--settings`; on the command line they are `--signers`, `--keyring` and `--certificates`.
# [signatures]
# allowed_signers = \"allowed_signers\"
# keyring = \"public-keys\"
# [checks.signature-missing]
# demand = \"arrivals\"

# What the gate refuses beside blockers, and how proposals land: \"any\", \"commits\" or \"squash\".
[gate]
refuse = [\"ticket-missing\"]
landing = \"any\"

# An accepted exception. It stands beside the finding and ends.
# [[waivers]]
# check = \"ticket-missing\"
# change = \"0123456789ab\"
# reason = \"why it is acceptable\"
# approver = \"Name <mail@example.com>\"
# ticket = \"SEC-1\"
# until = \"2026-12-31\"

# Each check takes `enabled` and `severity` beside its own settings: `countersign checks explain ID`.
# [checks.ticket-overused]
# max_changes = 10
";

fn write(text: &mut String, line: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(line);
    text.push('\n');
}

fn counted(items: &[(String, usize)]) -> String {
    items.iter().map(|(name, count)| format!("{} ({count})", visible_line(name))).collect::<Vec<_>>().join(", ")
}

fn head(text: &mut String, observed: &Observed) {
    write(
        text,
        format_args!(
            "# Settings of countersign, drafted from {} changes. Read them, correct them, commit them.",
            observed.changes
        ),
    );
    text.push_str("# `countersign settings show` prints what is in force.\n\n");
    let names: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
    write(text, format_args!("# One of: {}", names.join(", ")));
    text.push_str("profile = \"baseline\"\n\n[repository]\n");
    text.push_str(
        "# The layer this repository holds; content of other layers is then a finding. Leave out in a flat repository.\n",
    );
    match observed.declared {
        Some(layer) => write(text, format_args!("layer = \"{}\"", layer.name())),
        None => text.push_str("# layer = \"security\"\n"),
    }
    text.push_str("# The offset from UTC that decides when a month or quarter begins.\ntime_zone = \"UTC\"\n");
    text.push_str("\n# Paths out of scope, such as policy fixtures.\n[scope]\nexclude = []\n");
}

fn tickets(text: &mut String, observed: &Observed) {
    text.push_str("\n[tickets]\n");
    let keys: BTreeSet<&str> = observed.projects.iter().map(|(key, _)| key.as_str()).filter(|key| is_project_key(key)).collect();
    if keys.is_empty() {
        text.push_str(
            "# No ticket project was found. Without this line, what looks like a ticket counts.\n# projects = [\"SEC\"]\n",
        );
    } else {
        write(
            text,
            format_args!("# Found, with changes: {}. Strike out what is no project of yours.", counted(&observed.projects)),
        );
        let keys: Vec<String> = keys.into_iter().map(quoted).collect();
        write(text, format_args!("projects = [{}]", keys.join(", ")));
    }
    text.push_str("# When an issue such as #12 counts as a ticket: \"closing\" (after Fixes or Closes), \"any\", \"never\".\n");
    text.push_str("issues = \"closing\"\n");
    if !observed.proposal_conventions.is_empty() {
        write(text, format_args!("# Changes name their proposal by: {}.", counted(&observed.proposal_conventions)));
    }
}

fn layers(text: &mut String, folders: &[(String, Layer, usize)]) {
    text.push_str("\n# The layer map: the first match wins; what no line matches is decided by built-in rules.\n");
    text.push_str("# Layers: infrastructure, platform, security, observability, applications, governance, or ignore.\n");
    if folders.is_empty() {
        text.push_str("# [[layers]]\n# glob = \"security/**\"\n# layer = \"security\"\n");
    }
    let mut seen = BTreeSet::new();
    for (glob, layer, files) in folders {
        let usable = Section::default().compile_glob(1, glob).is_some();
        if usable && seen.insert(glob) {
            let glob = quoted(glob);
            write(text, format_args!("[[layers]]\nglob = {glob} # {files} files\nlayer = \"{}\"", layer.name()));
        }
    }
}

fn environments(text: &mut String, found: &[(String, usize)]) {
    text.push_str("\n# Environments are recognised by folder names such as environments/NAME, overlays/NAME, clusters/NAME.\n");
    text.push_str("[environments]\nbuiltin = true\n");
    if !found.is_empty() {
        write(text, format_args!("# Found, with files: {}.", counted(found)));
    }
    text.push_str("# Which of them are production; `production` covers prod and prd as parts of a name, too.\n");
    text.push_str("production = [\"production\"]\n");
    text.push_str("# [[environments.rules]]\n# glob = \"clusters/c2/**\"\n# name = \"production\"\n");
}

fn bots(text: &mut String, found: &[(String, String, usize)]) {
    text.push_str("\n# Bots, who answers for them and the paths they may touch.\n");
    if found.is_empty() {
        text.push_str("# [[bots]]\n# name = \"renovate\"\n# aliases = [\"renovate@example.com\"]\n# paths = [\"apps/**\"]\n");
    }
    let mut seen = BTreeSet::new();
    for (name, mail, changes) in found {
        let alias = if mail.trim().is_empty() { name } else { mail };
        let shown = if name.trim().is_empty() { alias } else { name };
        if alias.trim().is_empty() || !seen.insert(alias.trim().to_lowercase()) {
            continue;
        }
        let (name, alias) = (quoted(shown), quoted(alias));
        write(text, format_args!("[[bots]] # {changes} changes\nname = {name}\naliases = [{alias}]"));
        text.push_str("owner = \"\"\npaths = [\"**\"]\n");
    }
}
