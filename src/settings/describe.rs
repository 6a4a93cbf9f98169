//! Settings in force as canonical TOML: sorted, complete, the same however they were written; and the digest of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::reader::{Node, Value};
use super::{
    EnvironmentSettings, GateSettings, IssueReferences, LandingMethod, OwnersForge, RefuseFrom, RegisteredBot, RegisteredPerson,
    Settings, SignatureSettings, Team, TicketColumns, TicketSettings, TicketTable, Waiver,
};
use crate::text::{Timestamp, is_hidden};

impl Settings {
    /// What is in force, as commented TOML that parses to the same settings and the same digest.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut page = Page { text: String::new(), commented: true };
        page.comment(&format!("In force. Origin: {}", self.origin));
        page.comment(&format!("Digest: {}", self.digest));
        page.write_settings(self);
        page.text
    }
}

/// SHA-256 over the canonical form, 64 hexadecimal digits.
pub(super) fn digest(settings: &Settings) -> String {
    let mut page = Page { text: "countersign settings, form 1\n".into(), commented: false };
    page.write_settings(settings);
    crate::text::hex(&Sha256::digest(page.text.as_bytes()))
}

fn word_of<T: PartialEq + Copy>(value: T, words: &[(&'static str, T)]) -> &'static str {
    words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}

struct Page {
    text: String,
    commented: bool,
}

impl Page {
    fn comment(&mut self, text: &str) {
        if self.commented {
            self.line(&format!("# {}", crate::text::visible_line(text)));
        }
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn head(&mut self, head: &str, comment: &str) {
        if self.commented {
            self.text.push('\n');
        }
        self.comment(comment);
        self.line(head);
    }

    fn string(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {}", quoted(value)));
    }

    fn strings<'a>(&mut self, key: &str, values: impl IntoIterator<Item = &'a String>) {
        let values: Vec<String> = values.into_iter().map(|value| quoted(value)).collect();
        self.line(&format!("{key} = [{}]", values.join(", ")));
    }

    fn write_settings(&mut self, settings: &Settings) {
        self.string("profile", &settings.profile);
        if let Some(frameworks) = &settings.frameworks {
            self.comment("Frameworks whose reference numbers are printed.");
            self.strings("references", frameworks);
        }
        self.write_repository(settings);
        self.head("[scope]", "Which paths the audit is about; everything where include is absent.");
        if let Some(include) = &settings.scope.include {
            self.strings("include", &include.written);
        }
        self.strings("exclude", &settings.scope.exclude.written);
        self.write_tickets(&settings.tickets);
        if let Some(repository) = &settings.evidence_repository {
            self.head("[evidence]", "The audited repository as its forge names it; exports of another one are refused.");
            self.string("repository", repository);
        }
        self.write_layers(settings);
        self.write_environments(&settings.environments);
        self.write_identities(settings);
        self.write_register(settings);
        self.write_owners(settings);
        self.write_signatures(settings);
        self.head("[guards]", "Paths that guard the process, beside the built-in ones.");
        self.strings("paths", &settings.guards.written);
        self.write_gate(&settings.gate);
        self.write_waivers(&settings.waivers);
        self.write_checks(settings);
    }

    fn write_signatures(&mut self, settings: &Settings) {
        if settings.signatures == SignatureSettings::default() {
            return;
        }
        self.head(
            "[signatures]",
            "Keys that signatures are checked against; used only from a settings file outside of the repository.",
        );
        for (key, path) in settings.signatures.paths() {
            if let Some(path) = path {
                self.string(key, path);
            }
        }
        if !settings.signatures.forge_keys.is_empty() {
            self.strings("forge_keys", &settings.signatures.forge_keys);
        }
    }

    fn write_gate(&mut self, gate: &GateSettings) {
        self.head("[gate]", "What the gate refuses, how a proposal lands, and which references a push is judged on.");
        self.strings("refuse", &gate.refuse);
        self.string("refuse_from", word_of(gate.refuse_from, &RefuseFrom::WORDS));
        self.string("landing", word_of(gate.landing, &LandingMethod::WORDS));
        self.strings("references", &gate.references.written);
    }

    fn write_repository(&mut self, settings: &Settings) {
        self.head("[repository]", "The layer the repository declares itself to be, and the offset for period names.");
        if let Some(layer) = settings.declared_layer {
            self.string("layer", layer.name());
        }
        let offset = Timestamp { seconds: 0, offset: settings.period_offset };
        self.string("time_zone", &offset.offset_text());
    }

    fn write_tickets(&mut self, tickets: &TicketSettings) {
        self.head("[tickets]", "Which references count as tickets; without projects, sensible detection.");
        if let Some(projects) = &tickets.projects {
            self.strings("projects", projects);
        }
        let issues = match tickets.issues {
            IssueReferences::Closing => "closing",
            IssueReferences::Any => "any",
            IssueReferences::Never => "never",
        };
        self.string("issues", issues);
        if !tickets.approved.is_empty() {
            self.strings("approved", &tickets.approved);
        }
        for pattern in &tickets.patterns {
            self.line("[[tickets.patterns]]");
            self.string("name", &pattern.name);
            self.string("regex", pattern.regex.as_str());
        }
        for table in &tickets.exports {
            self.write_ticket_table(table);
        }
    }

    fn write_ticket_table(&mut self, table: &TicketTable) {
        self.line("[[tickets.exports]]");
        self.string("name", &table.name);
        self.strings("match", &table.matches);
        if let Some(format) = &table.date_format {
            self.string("date_format", format);
        }
        let TicketColumns { id, status, kind, title, requester, created_at, approved_by, approved_at } = &table.columns;
        self.line("[tickets.exports.columns]");
        self.string("id", id);
        let others = [
            ("status", status),
            ("type", kind),
            ("title", title),
            ("requester", requester),
            ("created_at", created_at),
            ("approved_by", approved_by),
            ("approved_at", approved_at),
        ];
        for (name, column) in others {
            if let Some(column) = column {
                self.string(name, column);
            }
        }
    }

    fn write_layers(&mut self, settings: &Settings) {
        for (position, rule) in settings.layers.iter().enumerate() {
            let comment = if position == 0 { "The layer map: the first match wins, built-in rules come after it." } else { "" };
            self.table("[[layers]]", comment);
            self.string("glob", &rule.glob);
            self.string("layer", rule.layer.map_or("ignore", super::Layer::name));
        }
    }

    /// A table of a list: only the first one is set off by a comment.
    fn table(&mut self, head: &str, comment: &str) {
        if comment.is_empty() { self.line(head) } else { self.head(head, comment) }
    }

    fn write_environments(&mut self, environments: &EnvironmentSettings) {
        self.head("[environments]", "How environments are recognised, and which of them are production.");
        self.line(&format!("builtin = {}", environments.builtin));
        self.strings("production", &environments.production);
        for (matcher, name) in &environments.rules {
            self.line("[[environments.rules]]");
            self.string("glob", matcher.glob().glob());
            self.string("name", name);
        }
    }

    /// The register file is not named: what it holds stands with the rest of the register.
    fn write_identities(&mut self, settings: &Settings) {
        if let Some(file) = &settings.identities.register {
            self.comment(&format!("The register file {file} is read; what it holds stands below."));
        }
        if settings.identities.mailmap {
            self.head("[identities]", "The .mailmap of the base commit joins spellings.");
            self.line("mailmap = true");
        }
    }

    fn write_register(&mut self, settings: &Settings) {
        let mut people: Vec<&RegisteredPerson> = settings.people.iter().collect();
        people.sort_by_key(|person| (person.name.clone(), person.valid_from.clone(), person.spellings().min().cloned()));
        for (position, person) in people.into_iter().enumerate() {
            self.table("[[people]]", if position == 0 { "The pinned register of people." } else { "" });
            self.write_person(person);
        }
        let mut bots: Vec<&RegisteredBot> = settings.bots.iter().collect();
        bots.sort_by_key(|bot| (bot.name.clone(), bot.aliases.clone()));
        for (position, bot) in bots.into_iter().enumerate() {
            self.table("[[bots]]", if position == 0 { "Registered bots, and what they may touch." } else { "" });
            self.string("name", &bot.name);
            self.strings("aliases", &bot.aliases);
            self.some_strings("keys", &bot.keys);
            if let Some(owner) = &bot.owner {
                self.string("owner", owner);
            }
            self.strings("paths", &bot.paths.written);
            if let Some(kinds) = &bot.kinds {
                self.strings("kinds", kinds);
            }
        }
        let mut teams: Vec<&Team> = settings.teams.iter().collect();
        teams.sort_by_key(|team| team.name.clone());
        for (position, team) in teams.into_iter().enumerate() {
            self.table("[[teams]]", if position == 0 { "Teams of registered people." } else { "" });
            self.string("name", &team.name);
            self.some_strings("aliases", &team.aliases);
            let members: Vec<String> = team.members.iter().map(ToString::to_string).collect();
            self.strings("members", &members);
        }
    }

    fn write_person(&mut self, person: &RegisteredPerson) {
        self.string("name", &person.name);
        self.some_strings("aliases", &person.aliases);
        self.some_strings("accounts", &person.accounts);
        self.some_strings("mails", &person.mails);
        self.some_strings("keys", &person.keys);
        for (key, day) in [("valid_from", &person.valid_from), ("valid_until", &person.valid_until)] {
            if let Some(day) = day {
                self.string(key, day);
            }
        }
        let day =
            |key: &str, day: &Option<String>| day.as_ref().map(|day| format!(", {key} = {}", quoted(day))).unwrap_or_default();
        let roles = person.roles.iter();
        let roles =
            roles.map(|one| format!("{{ role = {}{}{} }}", quoted(&one.name), day("from", &one.from), day("until", &one.until)));
        let roles: Vec<String> = roles.collect();
        if !roles.is_empty() {
            self.line(&format!("roles = [{}]", roles.join(", ")));
        }
    }

    /// A list that is left out where it is empty.
    fn some_strings(&mut self, key: &str, values: &BTreeSet<String>) {
        if !values.is_empty() {
            self.strings(key, values);
        }
    }

    fn write_owners(&mut self, settings: &Settings) {
        let owners = &settings.owners;
        if owners.layers.is_empty() && owners.forge == OwnersForge::Auto {
            return;
        }
        self.head("[owners]", "Whose approval a layer needs, and how CODEOWNERS is read.");
        self.string("codeowners", word_of(owners.forge, &OwnersForge::WORDS));
        for (layer, owners) in &owners.layers {
            self.strings(layer.name(), owners);
        }
    }

    fn write_waivers(&mut self, waivers: &[Waiver]) {
        let mut waivers: Vec<&Waiver> = waivers.iter().collect();
        waivers.sort_by_key(|waiver| (&waiver.check, &waiver.change, &waiver.until));
        for (position, waiver) in waivers.into_iter().enumerate() {
            self.table("[[waivers]]", if position == 0 { "Accepted exceptions." } else { "" });
            self.string("check", &waiver.check);
            self.string("change", &waiver.change);
            self.string("reason", &waiver.reason);
            self.string("approver", &waiver.approver.to_string());
            self.string("ticket", &waiver.ticket);
            self.string("until", &waiver.until);
        }
    }

    fn write_checks(&mut self, settings: &Settings) {
        for (position, (id, section)) in settings.checks.tables.iter().enumerate() {
            let comment = if position == 0 { "Settings of checks; the profile's where the settings name none." } else { "" };
            self.table(&format!("[checks.{}]", key_text(id)), comment);
            for (key, node) in section.nodes() {
                self.line(&format!("{} = {}", key_text(key), toml_text(node)));
            }
        }
    }
}

/// A TOML basic string; hidden characters are written as code points so that the text shows what it holds.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Writing to a String cannot fail.
            hidden if is_hidden(hidden) => drop(write!(quoted, "\\U{:08X}", u32::from(hidden))),
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

fn key_text(key: &str) -> String {
    let bare = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if !key.is_empty() && key.bytes().all(bare) { key.to_owned() } else { quoted(key) }
}

/// The text of a value as TOML, on one line.
fn toml_text(node: &Node) -> String {
    match &node.value {
        Value::String(text) => quoted(text),
        Value::Integer(number) => number.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Other(text) => text.clone(),
        Value::List(items) => format!("[{}]", items.iter().map(toml_text).collect::<Vec<_>>().join(", ")),
        Value::Table(keys) => {
            let pairs = keys.iter().map(|(key, node)| format!("{} = {}", key_text(key), toml_text(node)));
            format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}
