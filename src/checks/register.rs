//! Who is who: compares people through the pinned register, and only says "the same" where that is certain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::evidence::{Dossier, find_bot};
use crate::settings::{RegisteredBot, RegisteredPerson, Settings};
use crate::text::Person;

/// Whether two spellings are one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sameness {
    /// One person, and how that is known.
    Same(&'static str),
    /// Two people, as far as Git and the register show.
    Different,
    /// Nobody can tell without a register, and why.
    Unclear(&'static str),
}

/// The register of people and bots, by what they sign with.
#[derive(Clone, Debug)]
pub(super) struct Register<'a> {
    people: BTreeMap<String, &'a RegisteredPerson>,
    names: BTreeMap<String, &'a RegisteredPerson>,
    bots: BTreeMap<String, &'a RegisteredBot>,
    settings: &'a Settings,
}

impl<'a> Register<'a> {
    /// Reads the register of the settings.
    pub(super) fn of(settings: &'a Settings) -> Self {
        let aliases = settings.people.iter().flat_map(|person| person.aliases.iter().map(move |alias| (folded(alias), person)));
        let names = settings.people.iter().map(|person| (folded(&person.name), person));
        let bots = settings.bots.iter().flat_map(|bot| {
            let names = bot.aliases.iter().map(|alias| folded(alias)).chain([folded(&bot.name)]);
            names.map(move |alias| (alias, bot))
        });
        Self { people: aliases.collect(), names: names.collect(), bots: bots.collect(), settings }
    }

    /// Whether the register names any person.
    pub(super) fn has_people(&self) -> bool {
        !self.names.is_empty()
    }

    /// The registered person behind a spelling. A name alone counts only where there is no address beside it.
    pub(super) fn person(&self, person: &Person) -> Option<&'a RegisteredPerson> {
        if !self.has_people() {
            return None;
        }
        let mail = folded(&person.mail.value);
        if mail.is_empty() {
            let name = login(person);
            return self.people.get(&name).or_else(|| self.names.get(&name)).copied();
        }
        self.people.get(&mail).or_else(|| self.people.get(&folded(&person.to_string()))).copied()
    }

    /// The registered bot behind a spelling: by address, by name, or by both.
    pub(super) fn bot(&self, person: &Person) -> Option<&'a RegisteredBot> {
        if self.bots.is_empty() {
            return None;
        }
        let spellings = [folded(&person.mail.value), login(person), folded(&person.to_string())];
        spellings.iter().filter(|spelling| !spelling.is_empty()).find_map(|spelling| self.bots.get(spelling)).copied()
    }

    /// The registered bot that wrote a change; one that only committed it does not count.
    pub(super) fn bot_author(&self, dossier: &Dossier) -> Option<&'a RegisteredBot> {
        self.bot(&dossier.change.commit.author.person)
    }

    /// Whether somebody is a bot by the register, by the mark of a forge, or by a well-known name.
    pub(super) fn is_bot(&self, person: &Person) -> bool {
        find_bot(person, self.settings).is_some()
    }

    /// Whether two spellings are one person.
    pub(super) fn compare(&self, left: &Person, right: &Person) -> Sameness {
        if let (Some(left), Some(right)) = (self.person(left), self.person(right)) {
            return if std::ptr::eq(left, right) { Sameness::Same("by the register") } else { Sameness::Different };
        }
        compare_spellings(left, right)
    }

    /// What one person is counted by.
    pub(super) fn key(&self, person: &Person) -> String {
        self.person(person).map_or_else(|| person.key(), |registered| format!("register: {}", registered.name))
    }
}

/// Some people, findable by spelling without comparing each with each.
#[derive(Debug, Default)]
pub(super) struct Circle {
    members: Vec<(Arc<Person>, &'static str)>,
    facets: BTreeMap<String, Vec<usize>>,
}

impl Circle {
    /// Adds somebody with their role; the same spelling only once.
    pub(super) fn add(&mut self, register: &Register<'_>, person: Arc<Person>, role: &'static str) {
        /// People who share one facet beyond this number are not compared any more.
        const ALIKE: usize = 64;
        let facets = facets(register, &person);
        if self.alike(&facets).any(|(member, _)| **member == *person) {
            return;
        }
        for facet in facets {
            let alike = self.facets.entry(facet).or_default();
            if alike.len() < ALIKE {
                alike.push(self.members.len());
            }
        }
        self.members.push((person, role));
    }

    /// The member who is the same person, or else one who may be, with their role.
    pub(super) fn find(&self, register: &Register<'_>, person: &Person) -> Option<(&'static str, Sameness)> {
        let mut unclear = None;
        for (member, role) in self.alike(&facets(register, person)) {
            match register.compare(person, member) {
                Sameness::Same(how) => return Some((role, Sameness::Same(how))),
                Sameness::Unclear(why) => unclear = unclear.or(Some((*role, Sameness::Unclear(why)))),
                Sameness::Different => {}
            }
        }
        unclear
    }

    fn alike<'s>(&'s self, facets: &[String]) -> impl Iterator<Item = &'s (Arc<Person>, &'static str)> {
        let positions: BTreeSet<usize> = facets.iter().filter_map(|facet| self.facets.get(facet)).flatten().copied().collect();
        positions.into_iter().filter_map(|position| self.members.get(position))
    }
}

/// What somebody can be found by; two spellings that share none are two people.
fn facets(register: &Register<'_>, person: &Person) -> Vec<String> {
    let mail = folded(&person.mail.value);
    let facets = [("mail ", &*mail), ("name ", &login(person)), ("name ", account(&mail))];
    // What ends with a blank says nothing; after folding only what is empty does.
    let facets = facets.into_iter().filter(|(_, value)| !value.is_empty() && !value.ends_with(' '));
    let by_register = register.person(person).map(|registered| ["register ", &*registered.name].concat());
    facets.map(|(what, value)| [what, value].concat()).chain(by_register.filter(|facet| !facet.ends_with(' '))).collect()
}

fn compare_spellings(left: &Person, right: &Person) -> Sameness {
    let (left_mail, right_mail) = (folded(&left.mail.value), folded(&right.mail.value));
    let same_name = !login(left).is_empty() && login(left) == login(right);
    match (left_mail.is_empty(), right_mail.is_empty()) {
        (false, false) if left_mail == right_mail => Sameness::Same("same address"),
        (false, false) if same_name => Sameness::Unclear("same name, another address"),
        (true, _) | (_, true) if same_name => Sameness::Same("same name"),
        (true, false) if login(left) == account(&right_mail) => Sameness::Same("same login"),
        (false, true) if login(right) == account(&left_mail) => Sameness::Same("same login"),
        (true | false, true | false) => Sameness::Different,
    }
}

/// The part of an address before the `@`, without the number that GitHub puts before a login.
fn account(mail: &str) -> &str {
    let Some((account, domain)) = mail.split_once('@') else { return mail };
    match account.split_once('+') {
        Some((number, login)) if domain == "users.noreply.github.com" && number.bytes().all(|b| b.is_ascii_digit()) => login,
        Some(_) | None => account,
    }
}

/// The name, in lower case and without the `@` that people put before a login.
fn login(person: &Person) -> String {
    folded(person.name.value.trim().trim_start_matches('@'))
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples;

    fn compare(left: (&str, &str), right: (&str, &str)) -> Sameness {
        let mut settings = samples::settings();
        settings.people = vec![samples::registered("Alice Example", &["alice@example.com", "alice@home.example.org", "al"])];
        Register::of(&settings).compare(&Person::new(left.0, left.1), &Person::new(right.0, right.1))
    }

    #[test]
    fn the_register_joins_addresses_and_logins() {
        assert_eq!(compare(("A", "ALICE@example.com"), ("B", "alice@home.example.org")), Sameness::Same("by the register"));
        assert_eq!(compare(("al", ""), ("x", "alice@example.com")), Sameness::Same("by the register"));
        assert_eq!(compare(("Alice Example", ""), ("x", "alice@example.com")), Sameness::Same("by the register"));
    }

    #[test]
    fn without_the_register_only_what_is_certain_is_the_same() {
        assert_eq!(compare(("Bob", "bob@example.com"), ("Robert", "BOB@example.com")), Sameness::Same("same address"));
        assert_eq!(compare(("@bob", ""), ("Bob B.", "12+bob@users.noreply.github.com")), Sameness::Same("same login"));
        assert_eq!(compare(("Bob B.", ""), ("Bob B.", "b@example.com")), Sameness::Same("same name"));
        assert_eq!(compare(("Bob", "b@x.org"), ("Bob", "b@y.org")), Sameness::Unclear("same name, another address"));
        assert_eq!(compare(("Bob", "b@x.org"), ("Carol", "c@x.org")), Sameness::Different);
        assert_eq!(compare(("", ""), ("Carol", "c@x.org")), Sameness::Different);
    }

    #[test]
    fn a_registered_name_beside_a_foreign_address_is_not_that_person() {
        assert_eq!(
            compare(("Alice Example", "mallory@example.net"), ("Alice Example", "alice@example.com")),
            Sameness::Unclear("same name, another address")
        );
    }
}
