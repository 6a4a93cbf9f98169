//! The pinned register: who is who, which bots and which teams there are; in the settings, or in a file that they name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Globs;
use super::reader::{Problem, Section, did_you_mean};
use crate::text::is_address;

/// A person of the pinned register.
#[derive(Clone, Debug, Default)]
pub struct RegisteredPerson {
    /// The name to show.
    pub name: Arc<str>,
    /// Other spellings, in lower case: addresses, `name <mail>` spellings, logins; compared without case.
    pub aliases: BTreeSet<String>,
    /// Logins at forges, in lower case and without `@`.
    pub accounts: BTreeSet<String>,
    /// Addresses, in lower case.
    pub mails: BTreeSet<String>,
    /// Signing keys as written: an SSH public key, or a fingerprint.
    pub keys: BTreeSet<String>,
    /// What they may decide, and when.
    pub roles: Vec<Role>,
    /// First and last day of validity, `YYYY-MM-DD`.
    pub valid_from: Option<String>,
    /// See above.
    pub valid_until: Option<String>,
}

/// Something that a person may decide, for a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Role {
    /// Its name, e.g. `security-approver`.
    pub name: Arc<str>,
    /// First and last day, `YYYY-MM-DD`.
    pub from: Option<String>,
    /// See above.
    pub until: Option<String>,
}

/// A registered bot.
#[derive(Clone, Debug, Default)]
pub struct RegisteredBot {
    /// The name to show.
    pub name: Arc<str>,
    /// Addresses, names or logins it acts with, in lower case; compared without case.
    pub aliases: BTreeSet<String>,
    /// Signing keys as written.
    pub keys: BTreeSet<String>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The paths it may touch.
    pub paths: Globs,
    /// The kinds of policy it may touch, as `Kind`, `group/Kind` or `group/*`; `None` leaves them open.
    pub kinds: Option<Vec<String>>,
}

/// A team of registered people.
#[derive(Clone, Debug)]
pub struct Team {
    /// The name to show.
    pub name: Arc<str>,
    /// How forges spell it, in lower case: `@org/security`.
    pub aliases: BTreeSet<String>,
    /// The registered names of its members.
    pub members: BTreeSet<Arc<str>>,
}

/// People, bots and teams that were read together.
#[derive(Debug, Default)]
pub(super) struct Register {
    pub people: Vec<RegisteredPerson>,
    pub bots: Vec<RegisteredBot>,
    pub teams: Vec<Team>,
}

/// Where the entries of a register stand, for problems that concern two of them.
#[derive(Debug, Default)]
pub(super) struct Lines {
    people: Vec<usize>,
    bots: Vec<usize>,
    /// Each member as written, with the line and the position of its team.
    members: Vec<(usize, usize, String)>,
}

impl RegisteredPerson {
    /// Everything they sign with.
    pub fn spellings(&self) -> impl Iterator<Item = &String> {
        self.aliases.iter().chain(&self.accounts).chain(&self.mails)
    }

    /// Their logins: accounts, and aliases that are no address.
    pub fn logins(&self) -> impl Iterator<Item = &String> {
        self.accounts.iter().chain(self.aliases.iter().filter(|alias| !alias.contains('@')))
    }

    /// Whether they are valid on a day, `YYYY-MM-DD`.
    #[must_use]
    pub fn is_valid_on(&self, day: &str) -> bool {
        is_within(day, self.valid_from.as_deref(), self.valid_until.as_deref())
    }

    /// Whether they are valid and hold a role on a day, `YYYY-MM-DD`.
    #[must_use]
    pub fn holds(&self, role: &str, day: &str) -> bool {
        let held = |one: &Role| *one.name == *role && is_within(day, one.from.as_deref(), one.until.as_deref());
        self.is_valid_on(day) && self.roles.iter().any(held)
    }
}

impl RegisteredBot {
    /// Whether the register lets it touch policies of a kind.
    #[must_use]
    pub fn may_touch(&self, group: &str, kind: &str) -> bool {
        let Some(kinds) = &self.kinds else { return true };
        kinds.iter().any(|allowed| match allowed.rsplit_once('/') {
            Some((allowed_group, "*")) => allowed_group == group,
            Some((allowed_group, allowed)) => allowed_group == group && allowed == kind,
            None => allowed == kind,
        })
    }
}

fn is_within(day: &str, from: Option<&str>, until: Option<&str>) -> bool {
    from.is_none_or(|from| from <= day) && until.is_none_or(|until| day <= until)
}

/// The login in an address that a forge gives to people who hide theirs: `12+alice@users.noreply.github.com`,
/// `alice@users.noreply.github.com`, `12-alice@users.noreply.gitlab.com`.
#[must_use]
pub fn noreply_login(mail: &str) -> Option<&str> {
    let (account, domain) = mail.rsplit_once('@')?;
    let mark = match domain {
        "users.noreply.github.com" => '+',
        "users.noreply.gitlab.com" => '-',
        _ => return None,
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let login = account.split_once(mark).filter(|(number, _)| is_number(number)).map_or(account, |(_, login)| login);
    (!login.is_empty()).then_some(login)
}

/// Reads `[[people]]`, `[[bots]]` and `[[teams]]`; members of teams are looked up by [`Register::checked`].
pub(super) fn read(root: &mut Section, problems: &mut Vec<Problem>) -> (Register, Lines) {
    let mut register = Register::default();
    let mut lines = Lines::default();
    for mut section in root.sections("people") {
        lines.people.push(section.line());
        register.people.push(person(&mut section, problems));
        problems.extend(section.finish());
    }
    for mut section in root.sections("bots") {
        lines.bots.push(section.line());
        register.bots.push(bot(&mut section));
        problems.extend(section.finish());
    }
    for (position, mut section) in root.sections("teams").into_iter().enumerate() {
        let line = section.line_of("members");
        let members = section.strings("members").unwrap_or_default();
        if members.is_empty() {
            section.complain(line, "`teams.members` is missing or empty", "write `members = [\"Alice Example\"]`");
        }
        lines.members.extend(members.into_iter().map(|(line, member)| (line, position, member)));
        register.teams.push(team(&mut section));
        problems.extend(section.finish());
    }
    (register, lines)
}

fn person(section: &mut Section, problems: &mut Vec<Problem>) -> RegisteredPerson {
    let name = section.required_string("name").trim().into();
    let aliases = words(section, "aliases", "an alias", |_| true);
    let accounts = words(section, "accounts", "a login", |login| !login.contains(char::is_whitespace));
    let accounts: BTreeSet<String> = accounts.into_iter().map(|login| login.trim_start_matches('@').to_owned()).collect();
    let mails = words(section, "mails", "an address", is_address);
    if aliases.is_empty() && accounts.is_empty() && mails.is_empty() {
        let hint = "write `mails = [\"name@example.com\"]`, `accounts = [\"login\"]` or `aliases = [\"either\"]`";
        section.complain(section.line(), "the entry has no mails, accounts or aliases to be known by", hint);
    }
    let keys = keys(section);
    let (valid_from, valid_until) = days(section, "valid_from", "valid_until");
    let roles = section.sections("roles").into_iter().map(|mut one| {
        let name = one.required_string("role").trim().into();
        let (from, until) = days(&mut one, "from", "until");
        problems.extend(one.finish());
        Role { name, from, until }
    });
    let mut roles: Vec<Role> = roles.collect();
    roles.sort();
    RegisteredPerson { name, aliases, accounts, mails, keys, roles, valid_from, valid_until }
}

fn bot(section: &mut Section) -> RegisteredBot {
    let name = section.required_string("name").trim().into();
    let aliases = words(section, "aliases", "an alias", |_| true);
    if aliases.is_empty() {
        let line = section.line_of("aliases");
        section.complain(line, "`bots.aliases` is missing or empty", "write `aliases = [\"name@example.com\"]`");
    }
    let keys = keys(section);
    let owner = section.string("owner");
    let paths = section.globs("paths").unwrap_or_default();
    let kinds = section.strings("kinds").map(|kinds| kinds.into_iter().map(|(_, kind)| kind.trim().to_owned()).collect());
    RegisteredBot { name, aliases, keys, owner, paths, kinds }
}

fn team(section: &mut Section) -> Team {
    let name = section.required_string("name").trim().into();
    Team { name, aliases: words(section, "aliases", "an alias", |_| true), members: BTreeSet::new() }
}

/// A first and a last day, in that order.
fn days(section: &mut Section, first: &'static str, last: &'static str) -> (Option<String>, Option<String>) {
    let (from, until) = (section.date(first), section.date(last));
    if let (Some(from), Some(until)) = (&from, &until)
        && until < from
    {
        let line = section.line_of(last);
        section.complain(line, format!("valid until {until} ends before valid from {from}"), "swap or correct the days");
    }
    (from, until)
}

/// A list of words in lower case, each once.
fn words(section: &mut Section, key: &'static str, what: &str, is_usable: fn(&str) -> bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (line, word) in section.strings(key).unwrap_or_default() {
        let word = word.trim().to_lowercase();
        if word.trim_start_matches('@').is_empty() {
            section.complain(line, format!("{what} is empty"), "write an address, a login or `Name <mail>`");
        } else if is_usable(&word) {
            found.insert(word);
        } else {
            section.complain(line, format!("`{word}` is not {what}"), "addresses stand in `mails`, logins in `accounts`");
        }
    }
    found
}

fn keys(section: &mut Section) -> BTreeSet<String> {
    let written = section.strings("keys").unwrap_or_default().into_iter();
    written.map(|(_, key)| key.trim().to_owned()).filter(|key| !key.is_empty()).collect()
}

impl Register {
    /// Finds the members of teams among the people, and names what belongs to two entries.
    ///
    /// `line` is where the register is named, for entries that stand on no line of the settings.
    pub(super) fn checked(mut self, lines: &Lines, line: usize, problems: &mut Vec<Problem>) -> Self {
        self.one_owner_each(lines, line, problems);
        self.join_members(lines, line, problems);
        self
    }

    fn one_owner_each(&self, lines: &Lines, line: usize, problems: &mut Vec<Problem>) {
        let people = self.people.iter().enumerate().map(|(at, person)| {
            let logins = person.spellings().filter_map(|spelling| noreply_login(spelling));
            let words: BTreeSet<&str> = person.spellings().map(String::as_str).chain(logins).collect();
            (lines.people.get(at), &person.name, words, &person.keys)
        });
        let bots = self.bots.iter().enumerate().map(|(at, bot)| {
            let words: BTreeSet<&str> = bot.aliases.iter().map(String::as_str).collect();
            (lines.bots.get(at), &bot.name, words, &bot.keys)
        });
        let mut seen: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
        for (entry, (own_line, name, words, keys)) in people.chain(bots).enumerate() {
            let words = words.into_iter().map(|word| ("alias", word));
            for (what, word) in words.chain(keys.iter().map(|key| ("key", key.as_str()))) {
                let (first, owner) = *seen.entry((what, word)).or_insert((entry, name));
                if first != entry {
                    let message = format!("`{word}` is an {what} of `{owner}` and of `{name}`").replace("an key", "a key");
                    let line = own_line.copied().filter(|line| *line != 0).unwrap_or(line);
                    problems.push(Problem { line, message, hint: format!("one {what} belongs to one person or bot") });
                }
            }
        }
        self.one_team_each(line, problems);
    }

    fn one_team_each(&self, line: usize, problems: &mut Vec<Problem>) {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for (entry, team) in self.teams.iter().enumerate() {
            let spellings: BTreeSet<String> = team.aliases.iter().cloned().chain([team.name.to_lowercase()]).collect();
            for spelling in spellings {
                if *seen.entry(spelling.clone()).or_insert(entry) != entry {
                    let message = format!("`{spelling}` names two teams");
                    problems.push(Problem { line, message, hint: "one spelling belongs to one team".into() });
                }
            }
        }
    }

    fn join_members(&mut self, lines: &Lines, line: usize, problems: &mut Vec<Problem>) {
        let mut known: BTreeMap<String, &Arc<str>> = BTreeMap::new();
        for person in &self.people {
            known.insert(person.name.to_lowercase(), &person.name);
            known.extend(person.spellings().map(|spelling| (spelling.clone(), &person.name)));
        }
        for (own_line, team, written) in &lines.members {
            let word = written.trim().to_lowercase();
            let member = known.get(&word).or_else(|| known.get(word.trim_start_matches('@')));
            match (member, self.teams.get_mut(*team)) {
                (Some(member), Some(team)) => drop(team.members.insert(Arc::clone(member))),
                (None, Some(team)) => {
                    let names: Vec<&str> = self.people.iter().map(|person| &*person.name).collect();
                    let hint =
                        format!("{}a member is a name, account or mail of [[people]]", did_you_mean(written.trim(), &names));
                    let message = format!("`{}` is in the team `{}` and not among the people", written.trim(), team.name);
                    let line = if *own_line == 0 { line } else { *own_line };
                    problems.push(Problem { line, message, hint });
                }
                (_, None) => {}
            }
        }
    }
}

impl Register {
    /// Adds what a register file holds; its entries stand on no line of the settings.
    pub(super) fn append(&mut self, lines: &mut Lines, file: Self, file_lines: Lines) {
        let first = self.teams.len();
        self.people.extend(file.people);
        self.bots.extend(file.bots);
        self.teams.extend(file.teams);
        lines.people.extend(file_lines.people.iter().map(|_| 0));
        lines.bots.extend(file_lines.bots.iter().map(|_| 0));
        lines.members.extend(file_lines.members.into_iter().map(|(_, team, member)| (0, first + team, member)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_forges_give_hold_the_login() {
        assert_eq!(noreply_login("12+alice@users.noreply.github.com"), Some("alice"));
        assert_eq!(noreply_login("alice@users.noreply.github.com"), Some("alice"));
        assert_eq!(noreply_login("12-al-ice@users.noreply.gitlab.com"), Some("al-ice"));
        assert_eq!(noreply_login("al-ice@users.noreply.gitlab.com"), Some("al-ice"));
        for mail in ["alice@example.com", "12+@users.noreply.github.com", "alice@users.noreply.github.com.example", "alice"] {
            assert_eq!(noreply_login(mail), None, "{mail}");
        }
    }

    #[test]
    fn roles_hold_within_their_days_and_those_of_the_person() {
        let role = |name: &str, from: &str, until: &str| Role {
            name: name.into(),
            from: (!from.is_empty()).then(|| from.to_owned()),
            until: (!until.is_empty()).then(|| until.to_owned()),
        };
        let person = RegisteredPerson {
            roles: vec![role("approver", "2026-01-10", "2026-01-20"), role("lead", "", "")],
            valid_until: Some("2026-01-15".to_owned()),
            ..RegisteredPerson::default()
        };
        let held = |name: &str, day: &str| person.holds(name, day);
        assert!(!held("approver", "2026-01-09") && held("approver", "2026-01-10") && held("approver", "2026-01-15"));
        assert!(!held("approver", "2026-01-16") && held("lead", "2025-01-01") && !held("lead", "2026-01-16"));
        assert!(!held("other", "2026-01-12"));
    }

    #[test]
    fn kinds_are_compared_with_their_group() {
        let with = |kinds: &[&str]| RegisteredBot {
            kinds: Some(kinds.iter().map(|kind| (*kind).to_owned()).collect()),
            ..RegisteredBot::default()
        };
        let bot = with(&["NetworkPolicy", "kyverno.io/Policy", "policy.linkerd.io/*"]);
        assert!(bot.may_touch("projectcalico.org", "NetworkPolicy") && bot.may_touch("kyverno.io", "Policy"));
        assert!(bot.may_touch("policy.linkerd.io", "Server") && !bot.may_touch("policy.open-cluster-management.io", "Policy"));
        assert!(!with(&[]).may_touch("", "Namespace") && RegisteredBot::default().may_touch("", "Namespace"));
    }
}
