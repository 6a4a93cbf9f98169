//! From settings as written to checked settings: every mistake is found in one pass, each with its line and a hint.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use globset::{GlobMatcher, GlobSetBuilder};
use regex::{Regex, RegexBuilder};

use super::reader::{self, Problem, Section};
use super::register::{self, Register};
use super::{
    CheckTables, EnvironmentSettings, GateSettings, Globs, IdentitySettings, IssueReferences, LandingMethod, Layer, LayerRule,
    Mailmap, OwnerSettings, OwnersForge, PROFILES, RefuseFrom, Scope, Settings, SignatureSettings, TicketColumns, TicketPattern,
    TicketSettings, TicketTable, Waiver, describe,
};
use crate::text::{Person, visible_line};

/// The profile without settings.
const DEFAULT_PROFILE: &str = "baseline";
/// The most memory a pattern of the settings may compile to.
const PATTERN_BYTES: usize = 1 << 20;
/// Abbreviated ids shorter than this could mean another change.
const MIN_CHANGE_DIGITS: usize = 12;

impl Settings {
    /// What is in force where nothing is written.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse("", "built in", None).0
    }

    /// Reads and checks settings; with problems, the settings hold what could be read and must not be used.
    ///
    /// `origin` says for people where the text came from. `profile_override` is the profile asked for outside the
    /// text and wins over it. The problems are sorted by line; a problem without a line of the text has line 1.
    #[must_use]
    pub fn parse(text: &str, origin: &str, profile_override: Option<&str>) -> (Self, Vec<Problem>) {
        Self::parse_with(text, origin, profile_override, &|_| Err("a register file cannot be read from here".to_owned()))
    }

    /// Like [`Self::parse`]; `files` gives the text of the register file that the settings name, or why it cannot.
    #[must_use]
    pub fn parse_with(
        text: &str,
        origin: &str,
        profile_override: Option<&str>,
        files: &dyn Fn(&str) -> Result<String, String>,
    ) -> (Self, Vec<Problem>) {
        let (mut root, mut problems) = reader::parse(text);
        let profile = choose_profile(&mut root, profile_override);
        root.put_below(profile_section(&profile));
        let mut settings = read(root, origin, profile, files, &mut problems);
        settings.digest = describe::digest(&settings);
        for problem in &mut problems {
            problem.line = problem.line.max(1);
        }
        problems.sort();
        problems.dedup();
        (settings, problems)
    }
}

fn choose_profile(root: &mut Section, wanted: Option<&str>) -> String {
    let line = root.line_of("profile");
    let written = root.string("profile");
    let (name, line) = match (wanted, written) {
        (Some(wanted), _) => (wanted.to_owned(), 1),
        (None, written) => (written.unwrap_or_else(|| DEFAULT_PROFILE.into()), line),
    };
    if PROFILES.iter().any(|profile| profile.name == name) {
        return name;
    }
    let known: Vec<&str> = PROFILES.iter().map(|profile| profile.name).collect();
    let hint = format!("{}write one of: {}", reader::did_you_mean(&name, &known), known.join(", "));
    root.complain(line, format!("there is no profile `{name}`"), hint);
    DEFAULT_PROFILE.into()
}

fn profile_section(name: &str) -> Section {
    let text = PROFILES.iter().find(|profile| profile.name == name).map_or("", |profile| profile.text);
    reader::parse(text).0
}

fn read(
    mut root: Section,
    origin: &str,
    profile: String,
    files: &dyn Fn(&str) -> Result<String, String>,
    problems: &mut Vec<Problem>,
) -> Settings {
    let (declared_layer, period_offset) = repository(root.section("repository"), problems);
    let (register, identities) = register_and_identities(&mut root, files, problems);
    let register_path = identities.register.clone();
    let owners = owners(root.section("owners"), problems);
    let settings = Settings {
        origin: origin.into(),
        digest: String::new(),
        profile,
        declared_layer,
        period_offset,
        scope: scope(root.section("scope"), problems),
        tickets: tickets(root.section("tickets"), problems),
        evidence_repository: evidence_repository(root.section("evidence"), problems),
        layers: layers(root.sections("layers"), problems),
        environments: environments(root.section("environments"), problems),
        people: register.people,
        bots: register.bots,
        teams: register.teams,
        identities,
        owners,
        signatures: signatures(root.section("signatures"), problems),
        guards: guards(root.section("guards"), register_path.as_deref(), problems),
        gate: gate(root.section("gate"), problems),
        waivers: waivers(root.sections("waivers"), problems),
        checks: CheckTables { tables: check_tables(root.section("checks"), problems) },
        frameworks: root.strings("references").map(|written| written.into_iter().map(|(_, name)| name).collect()),
    };
    problems.extend(root.finish());
    settings
}

fn repository(mut section: Section, problems: &mut Vec<Problem>) -> (Option<Layer>, i32) {
    let words: Vec<(&str, Option<Layer>)> =
        Layer::ALL.iter().filter(|layer| **layer != Layer::Governance).map(|layer| (layer.name(), Some(*layer))).collect();
    let layer = section.choice("layer", None, &words);
    let line = section.line_of("time_zone");
    let offset = section.string("time_zone").and_then(|zone| {
        let offset = offset_seconds(&zone);
        if offset.is_none() {
            let hint = "write \"UTC\" or a fixed offset such as \"+01:00\"; a zone with summer time would move period ends";
            section.complain(line, format!("`{zone}` is not a fixed offset from UTC"), hint);
        }
        offset
    });
    problems.extend(section.finish());
    (layer, offset.unwrap_or(0))
}

fn offset_seconds(zone: &str) -> Option<i32> {
    const LARGEST_HOURS: i32 = 14;
    if matches!(zone, "UTC" | "Z") {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_once(':')?;
    if hours.len() != 2 || minutes.len() != 2 || !digits.bytes().all(|byte| byte == b':' || byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    let plausible = minutes < 60 && hours * 60 + minutes <= LARGEST_HOURS * 60;
    plausible.then_some(sign * (hours * 60 + minutes) * 60)
}

fn scope(mut section: Section, problems: &mut Vec<Problem>) -> Scope {
    let line = section.line_of("include");
    let include = section.globs("include");
    if include.as_ref().is_some_and(|globs| globs.written.is_empty()) {
        section.complain(line, "`scope.include` names no path, so nothing would be audited", "leave it out to audit every path");
    }
    let exclude = section.globs("exclude").unwrap_or_default();
    problems.extend(section.finish());
    Scope { include, exclude }
}

fn tickets(mut section: Section, problems: &mut Vec<Problem>) -> TicketSettings {
    let projects = section.strings("projects").map(|written| {
        let mut keys = BTreeSet::new();
        for (line, key) in written {
            if is_project_key(&key) {
                keys.insert(key);
            } else {
                let upper = key.to_uppercase();
                let hint =
                    if is_project_key(&upper) { format!("write \"{upper}\"") } else { "write keys such as \"SEC\"".into() };
                section.complain(
                    line,
                    format!("`{key}` is not a project key: capital letter first, then capitals and digits"),
                    hint,
                );
            }
        }
        keys
    });
    let words = [("closing", IssueReferences::Closing), ("any", IssueReferences::Any), ("never", IssueReferences::Never)];
    let issues = section.choice("issues", IssueReferences::Closing, &words);
    let approved = section.strings("approved").unwrap_or_default().into_iter().map(|(_, status)| status).collect();
    let mut names = BTreeSet::new();
    let patterns = section.sections("patterns").into_iter().filter_map(|one| ticket_pattern(one, &mut names, problems)).collect();
    let exports = section.sections("exports").into_iter().map(|one| ticket_table(one, problems)).collect();
    problems.extend(section.finish());
    TicketSettings { projects, issues, approved, patterns, exports }
}

fn evidence_repository(mut section: Section, problems: &mut Vec<Problem>) -> Option<String> {
    let line = section.line_of("repository");
    let repository = section.string("repository");
    if repository.as_deref().is_some_and(|name| name.trim().is_empty() || name.contains("://")) {
        let hint = "write it as the forge names it, e.g. \"owner/name\" or \"group/project\"";
        section.complain(line, "`evidence.repository` is no name of a repository", hint);
    }
    problems.extend(section.finish());
    repository
}

fn ticket_table(mut section: Section, problems: &mut Vec<Problem>) -> TicketTable {
    let name = section.required_string("name");
    let matches: Vec<String> = section.strings("match").unwrap_or_default().into_iter().map(|(_, column)| column).collect();
    let mut columns = section.section("columns");
    let read = TicketColumns {
        id: columns.required_string("id"),
        status: columns.string("status"),
        kind: columns.string("type"),
        title: columns.string("title"),
        requester: columns.string("requester"),
        created_at: columns.string("created_at"),
        approved_by: columns.string("approved_by"),
        approved_at: columns.string("approved_at"),
    };
    problems.extend(columns.finish());
    let line = section.line_of("date_format");
    let date_format = section.string("date_format");
    if date_format.as_deref().is_some_and(|format| !is_date_format(format)) {
        let hint = "write the parts as in \"%d.%m.%Y %H:%M\"; day, month, year, hour and minute are needed";
        section.complain(line, "`date_format` does not tell a date and a time of day", hint);
    }
    problems.extend(section.finish());
    TicketTable { name, matches, columns: read, date_format }
}

/// Whether a moment that is written by this format can be read back by it.
fn is_date_format(format: &str) -> bool {
    use std::fmt::Write as _;
    const MOMENT: i64 = 1_738_591_380;
    let Some(moment) = chrono::DateTime::from_timestamp(MOMENT, 0).map(|moment| moment.naive_utc()) else { return false };
    let mut written = String::new();
    let can_write = write!(written, "{}", moment.format(format)).is_ok();
    can_write && chrono::NaiveDateTime::parse_from_str(&written, format).is_ok_and(|read| read == moment)
}

/// Whether this can be a Jira project key: `SEC`, `K8S`, `OPS_2`.
pub(super) fn is_project_key(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    key.starts_with(|first: char| first.is_ascii_uppercase()) && key.len() <= 64 && key.bytes().all(allowed)
}

fn ticket_pattern(mut section: Section, names: &mut BTreeSet<String>, problems: &mut Vec<Problem>) -> Option<TicketPattern> {
    let line = section.line_of("regex");
    let name = section.required_string("name");
    if !name.is_empty() && !names.insert(name.clone()) {
        let line = section.line_of("name");
        section.complain(line, format!("there are two ticket patterns `{name}`"), "give each pattern its own name");
    }
    let written = section.required_string("regex");
    let regex = if written.is_empty() { None } else { compile_pattern(&mut section, line, &written) };
    problems.extend(section.finish());
    Some(TicketPattern { name: name.into(), regex: regex? })
}

fn compile_pattern(section: &mut Section, line: usize, written: &str) -> Option<Regex> {
    let built = RegexBuilder::new(written).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build();
    match built {
        Ok(regex) if regex.is_match("") => {
            section.complain(line, "the pattern matches the empty text", "make it name at least one character of a ticket");
            None
        }
        Ok(regex) => Some(regex),
        Err(regex::Error::CompiledTooBig(_)) => {
            section.complain(line, "the pattern is too big", "write smaller repetitions, e.g. `{1,8}` instead of `{1,9999}`");
            None
        }
        Err(error) => {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            let hint = "in single quotes a backslash is written once: regex = '\\bissue (\\d+)\\b'";
            section.complain(line, format!("not a regular expression: {reason}"), hint);
            None
        }
    }
}

fn layers(sections: Vec<Section>, problems: &mut Vec<Problem>) -> Vec<LayerRule> {
    let words: Vec<(&str, Option<Layer>)> =
        Layer::ALL.iter().map(|layer| (layer.name(), Some(*layer))).chain([("ignore", None)]).collect();
    let mut seen = BTreeMap::new();
    let mut rules: Vec<LayerRule> = Vec::new();
    let first_line = sections.first().map_or(1, Section::line);
    for mut section in sections {
        let line = section.line_of("glob");
        let glob = section.required_string("glob");
        if !section.has("layer") {
            section.complain(line, "`layers.layer` is missing", "write `layer = \"security\"`, another layer or \"ignore\"");
        }
        let layer = section.choice("layer", None, &words);
        if let Some(first) = seen.insert(glob.clone(), line).filter(|_| !glob.is_empty()) {
            section.complain(
                line,
                format!("`{glob}` stands on line {first} already; the first match wins"),
                "remove one of them",
            );
        }
        let matcher = if glob.is_empty() { None } else { section.compile_glob(line, &glob) };
        rules.extend(matcher.map(|matcher| LayerRule { glob, matcher, layer }));
        problems.extend(section.finish());
    }
    let mut together = GlobSetBuilder::new();
    for rule in &rules {
        together.add(rule.matcher.glob().clone());
    }
    if let Err(error) = together.build() {
        let message = format!("the layer map cannot be used: {}", error.kind());
        problems.push(Problem { line: first_line, message, hint: "write fewer or simpler globs".into() });
    }
    rules
}

fn environments(mut section: Section, problems: &mut Vec<Problem>) -> EnvironmentSettings {
    let builtin = section.flag("builtin", true);
    let production = match section.strings("production") {
        None => BTreeSet::from(["production".to_owned()]),
        Some(written) => {
            if written.iter().any(|(_, name)| name.trim().is_empty()) {
                let line = section.line_of("production");
                section.complain(line, "`environments.production` holds an empty name", "write names such as \"production\"");
            }
            written.into_iter().map(|(_, name)| name.trim().to_lowercase()).collect()
        }
    };
    let rules = section.sections("rules").into_iter().filter_map(|one| environment_rule(one, problems)).collect();
    problems.extend(section.finish());
    EnvironmentSettings { rules, production, builtin }
}

fn environment_rule(mut section: Section, problems: &mut Vec<Problem>) -> Option<(GlobMatcher, Arc<str>)> {
    let line = section.line_of("glob");
    let glob = section.required_string("glob");
    let name = section.required_string("name");
    let matcher = if glob.is_empty() { None } else { section.compile_glob(line, &glob) };
    problems.extend(section.finish());
    Some((matcher?, name.into()))
}

/// Reads `[identities]`, the register of the settings and that of the file they name.
fn register_and_identities(
    root: &mut Section,
    files: &dyn Fn(&str) -> Result<String, String>,
    problems: &mut Vec<Problem>,
) -> (Register, IdentitySettings) {
    let mut section = root.section("identities");
    let line = section.line_of("register");
    let file = section.string("register").filter(|path| is_beside(&mut section, line, path));
    let mailmap = section.flag("mailmap", false);
    problems.extend(section.finish());
    let (mut register, mut lines) = register::read(root, problems);
    if let Some(path) = &file {
        match files(path) {
            Ok(text) => {
                let (read, file_lines) = register_file(&text, path, line, problems);
                register.append(&mut lines, read, file_lines);
            }
            Err(why) => {
                let message = format!("the register `{}` cannot be read: {}", visible_line(path), visible_line(&why));
                problems.push(Problem { line, message, hint: "it is looked for beside the settings".into() });
            }
        }
    }
    let register = register.checked(&lines, if file.is_some() { line } else { root.line_of("people") }, problems);
    (register, IdentitySettings { register: file, mailmap, joined: Mailmap::default() })
}

/// Whether a path names a file beside or below the settings.
fn is_beside(section: &mut Section, line: usize, path: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && !matches!(part, "." | "..") && !part.contains(['\\', ':', '\0']);
    let beside = path.split('/').all(plain);
    if !beside {
        let message = format!("`{}` is not a path below the folder of the settings", visible_line(path));
        section.complain(line, message, "write e.g. `register = \"people.toml\"`");
    }
    beside
}

/// The register of a file; its mistakes stand on the line that names it, with their own line in the text.
fn register_file(text: &str, path: &str, line: usize, problems: &mut Vec<Problem>) -> (Register, register::Lines) {
    let (mut root, mut found) = reader::parse(text);
    let (register, lines) = register::read(&mut root, &mut found);
    found.extend(root.finish());
    problems.extend(found.into_iter().map(|one| {
        let message = format!("{}, line {}: {}", visible_line(path), one.line, one.message);
        Problem { line, message, hint: one.hint }
    }));
    (register, lines)
}

fn owners(mut section: Section, problems: &mut Vec<Problem>) -> OwnerSettings {
    let forge = section.choice("codeowners", OwnersForge::Auto, &OwnersForge::WORDS);
    let mut layers = BTreeMap::new();
    for layer in Layer::ALL {
        let line = section.line_of(layer.name());
        let Some(written) = section.strings(layer.name()) else { continue };
        let owners: Vec<String> = written.into_iter().map(|(_, owner)| owner.trim().to_owned()).collect();
        if owners.is_empty() || owners.iter().any(String::is_empty) {
            let hint = "write `security = [\"@org/security\", \"Alice Example\"]`, or leave the layer out";
            section.complain(line, format!("`owners.{}` names nobody", layer.name()), hint);
        }
        layers.insert(layer, owners);
    }
    problems.extend(section.finish());
    OwnerSettings { forge, layers }
}

/// The check that refuses without settings.
const REFUSED: &str = "ticket-missing";
/// The references that are judged without settings.
const JUDGED_REFERENCES: &str = "references = [\"refs/heads/**\", \"refs/tags/**\"]";

fn gate(mut section: Section, problems: &mut Vec<Problem>) -> GateSettings {
    let refuse_line = section.line_of("refuse");
    let refuse = section.strings("refuse");
    let line = section.line_of("references");
    let references =
        section.globs("references").unwrap_or_else(|| reader::parse(JUDGED_REFERENCES).0.globs("references").unwrap_or_default());
    if references.written.is_empty() {
        section.complain(
            line,
            "`gate.references` names no reference, so no push would be judged",
            "write e.g. \"refs/heads/**\"",
        );
    }
    let settings = GateSettings {
        refuse: refuse.map_or_else(|| vec![REFUSED.to_owned()], |written| written.into_iter().map(|(_, id)| id).collect()),
        refuse_line,
        refuse_from: section.choice("refuse_from", RefuseFrom::Blocker, &RefuseFrom::WORDS),
        landing: section.choice("landing", LandingMethod::Any, &LandingMethod::WORDS),
        references,
    };
    problems.extend(section.finish());
    settings
}

/// The guarding paths of the settings; the register is one of them wherever it lies.
fn signatures(mut section: Section, problems: &mut Vec<Problem>) -> SignatureSettings {
    let mut path = |key: &'static str| {
        let line = section.line_of(key);
        let path = section.string(key);
        if path.as_ref().is_some_and(|path| path.trim().is_empty()) {
            section.complain(line, format!("`signatures.{key}` names no file"), "write a path, or leave it out");
        }
        path
    };
    let (allowed_signers, revoked_keys) = (path("allowed_signers"), path("revoked_keys"));
    let (keyring, certificates) = (path("keyring"), path("certificates"));
    let mut forge_keys = Vec::new();
    for (line, key) in section.strings("forge_keys").unwrap_or_default() {
        let digits = key.chars().filter(char::is_ascii_hexdigit).count();
        let is_hexadecimal = key.chars().all(|c| c.is_ascii_hexdigit() || c.is_whitespace() || c == ':') && digits >= 40;
        if key.starts_with("SHA256:") || is_hexadecimal {
            forge_keys.push(key);
        } else {
            let hint = "write SHA256:\u{2026} of an SSH key, or at least 40 hexadecimal digits; a key id is too short";
            section.complain(line, format!("`{}` is not the fingerprint of a key", visible_line(&key)), hint);
        }
    }
    problems.extend(section.finish());
    SignatureSettings { allowed_signers, revoked_keys, keyring, certificates, forge_keys }
}

fn guards(mut section: Section, register: Option<&str>, problems: &mut Vec<Problem>) -> Globs {
    let mut paths = section.globs("paths").unwrap_or_default();
    problems.extend(section.finish());
    if let Some(register) = register {
        paths.add_literal(register);
    }
    paths
}

fn waivers(sections: Vec<Section>, problems: &mut Vec<Problem>) -> Vec<Waiver> {
    let mut waivers: Vec<Waiver> = Vec::new();
    for mut section in sections {
        let waiver = waiver(&mut section);
        let twin = waivers.iter().find(|other| {
            let same_change = other.change.starts_with(&waiver.change) || waiver.change.starts_with(&other.change);
            other.check == waiver.check && same_change && !other.change.is_empty() && !waiver.change.is_empty()
        });
        if let Some(twin) = twin {
            let message = format!("`{}` of {} is waived on line {} already", waiver.check, waiver.change, twin.line);
            section.complain(waiver.line, message, "keep one waiver for one check and change");
        }
        waivers.push(waiver);
        problems.extend(section.finish());
    }
    waivers
}

fn waiver(section: &mut Section) -> Waiver {
    let line = section.line();
    let change_line = section.line_of("change");
    let change = section.required_string("change").to_lowercase();
    let hexadecimal = change.bytes().all(|byte| byte.is_ascii_hexdigit());
    let usable = hexadecimal && (MIN_CHANGE_DIGITS..=64).contains(&change.len());
    if !change.is_empty() && !usable {
        let hint = format!("write {MIN_CHANGE_DIGITS} to 64 hexadecimal digits of the change's id");
        section.complain(change_line, format!("`{change}` is not the id of a change"), hint);
    }
    let until_line = section.line_of("until");
    if !section.has("until") {
        section.complain(until_line, "`waivers.until` is missing", "a waiver ends: write `until = \"2026-03-31\"`");
    }
    Waiver {
        line,
        check: section.required_string("check"),
        change,
        reason: section.required_string("reason"),
        approver: person(&section.required_string("approver")),
        ticket: section.required_string("ticket"),
        until: section.date("until").unwrap_or_default(),
    }
}

/// Reads `Name <mail>`, a lone address or a lone name.
fn person(written: &str) -> Person {
    let written = written.trim();
    if let Some((name, mail)) = written.strip_suffix('>').and_then(|text| text.rsplit_once('<')) {
        return Person::new(name.trim(), mail.trim());
    }
    if written.contains('@') && !written.contains(char::is_whitespace) {
        return Person::new("", written);
    }
    Person::new(written, "")
}

fn check_tables(mut section: Section, problems: &mut Vec<Problem>) -> BTreeMap<String, Section> {
    let tables = section.named_sections();
    problems.extend(section.finish());
    tables
}
