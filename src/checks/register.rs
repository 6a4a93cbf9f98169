//! Who is who: compares people through the pinned register, and only says "the same" where that is certain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::evidence::{Dossier, find_bot};
use crate::settings::{Mailmap, RegisteredBot, RegisteredPerson, Settings, noreply_login};
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

/// How a spelling was joined with a registered person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Joined {
    /// The login that the forge recorded is one of theirs.
    Account,
    /// The address, or the whole spelling, is one of theirs.
    Address,
    /// The address is the one that a forge gives to one of their logins.
    Noreply,
    /// There is nothing but a name or a login, and it is theirs.
    Name,
    /// `.mailmap` leads to one of their addresses.
    Mailmap,
}

impl Joined {
    /// The words for it in packs.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Account => "register, by account",
            Self::Address => "register, by address",
            Self::Noreply => "register, by the forge's own address of an account",
            Self::Name => "register, by name",
            Self::Mailmap => "register, through .mailmap",
        }
    }
}

/// The register of people and bots, by what they sign with.
#[derive(Clone, Debug)]
pub(super) struct Register<'a> {
    /// By every spelling.
    people: BTreeMap<String, &'a RegisteredPerson>,
    /// By login.
    accounts: BTreeMap<&'a str, &'a RegisteredPerson>,
    /// By name; `None` for a name that two of them have.
    names: BTreeMap<String, Option<&'a RegisteredPerson>>,
    bots: BTreeMap<String, &'a RegisteredBot>,
    mailmap: &'a Mailmap,
    settings: &'a Settings,
}

impl<'a> Register<'a> {
    /// Reads the register of the settings.
    pub(super) fn of(settings: &'a Settings) -> Self {
        let spelled = settings.people.iter().flat_map(|person| person.spellings().map(move |word| (folded(word), person)));
        let accounts = settings.people.iter().flat_map(|person| person.logins().map(move |login| (login.as_str(), person)));
        let mut names = BTreeMap::new();
        for person in &settings.people {
            names.entry(folded(&person.name)).and_modify(|known| *known = None).or_insert(Some(person));
        }
        let bots = settings.bots.iter().flat_map(|bot| {
            let names = bot.aliases.iter().map(|alias| folded(alias)).chain([folded(&bot.name)]);
            names.map(move |alias| (alias, bot))
        });
        let (people, accounts, bots) = (spelled.collect(), accounts.collect(), bots.collect());
        Self { people, accounts, names, bots, mailmap: &settings.identities.joined, settings }
    }

    /// Whether the register names any person.
    pub(super) fn has_people(&self) -> bool {
        !self.names.is_empty()
    }

    /// The registered person behind a spelling.
    pub(super) fn person(&self, person: &Person) -> Option<&'a RegisteredPerson> {
        self.join(person).map(|(registered, _)| registered)
    }

    /// The registered person behind a spelling and how the two were joined.
    ///
    /// A recorded login goes first. A name counts only where there is no address beside it, and beside a login only for
    /// somebody whose logins the register does not know.
    pub(super) fn join(&self, person: &Person) -> Option<(&'a RegisteredPerson, Joined)> {
        if !self.has_people() {
            return None;
        }
        let account = || self.accounts.get(&*folded(&person.login)).map(|found| (*found, Joined::Account));
        if let Some(found) = (!person.login.is_empty()).then(account).flatten() {
            return Some(found);
        }
        let mail = folded(&person.mail.value);
        if !mail.is_empty() {
            return self.by_address(person, &mail);
        }
        let name = login(person);
        let by_login = || self.people.get(&name).copied().filter(|_| person.login.is_empty());
        let named = self.names.get(&name).copied().flatten();
        let by_name = || named.filter(|found| person.login.is_empty() || found.logins().next().is_none());
        by_login().or_else(by_name).map(|found| (found, Joined::Name))
    }

    fn by_address(&self, person: &Person, mail: &str) -> Option<(&'a RegisteredPerson, Joined)> {
        let address = self.people.get(mail).or_else(|| self.people.get(&folded(&person.to_string())));
        let noreply = || self.accounts.get(noreply_login(mail)?).map(|found| (*found, Joined::Noreply));
        let mapped = || {
            let proper = self.mailmap.resolve(person)?;
            let found = self.people.get(&folded(&proper.mail.value)).or_else(|| self.people.get(&folded(&proper.to_string())));
            found.map(|found| (*found, Joined::Mailmap))
        };
        address.map(|found| (*found, Joined::Address)).or_else(noreply).or_else(mapped)
    }

    /// The one registered person of that name, whatever stands beside it.
    pub(super) fn namesake(&self, person: &Person) -> Option<&'a RegisteredPerson> {
        self.names.get(&login(person)).copied().flatten()
    }

    /// The registered person whose address it is, whatever login stands beside it.
    pub(super) fn owner_of_address(&self, person: &Person) -> Option<&'a RegisteredPerson> {
        self.people.get(&folded(&person.mail.value)).copied().filter(|_| !person.mail.value.trim().is_empty())
    }

    /// What `.mailmap` makes of a spelling, where it may join.
    pub(super) fn mapped(&self, person: &Person) -> Option<Person> {
        self.mailmap.resolve(person)
    }

    /// The registered bot behind a spelling: by address, by name, or by both.
    pub(super) fn bot(&self, person: &Person) -> Option<&'a RegisteredBot> {
        if self.bots.is_empty() {
            return None;
        }
        let spellings = [folded(&person.mail.value), login(person), folded(&person.login), folded(&person.to_string())];
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
        let plain = compare_spellings(left, right);
        if self.mailmap.is_empty() || matches!(plain, Sameness::Same(_)) {
            return plain;
        }
        let (left_mapped, right_mapped) = (self.mapped(left), self.mapped(right));
        match compare_spellings(left_mapped.as_ref().unwrap_or(left), right_mapped.as_ref().unwrap_or(right)) {
            Sameness::Same(_) => Sameness::Same("by .mailmap"),
            Sameness::Different | Sameness::Unclear(_) => plain,
        }
    }

    /// What one person is counted by.
    pub(super) fn key(&self, person: &Person) -> String {
        match self.person(person) {
            Some(registered) => format!("register: {}", registered.name),
            None => self.mapped(person).map_or_else(|| person.key(), |mapped| mapped.key()),
        }
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
    let mut facets = BTreeSet::new();
    add_facets(&mut facets, person);
    if let Some(mapped) = register.mapped(person) {
        add_facets(&mut facets, &mapped);
    }
    facets.extend(register.person(person).map(|registered| ["register ", &*registered.name].concat()));
    facets.into_iter().collect()
}

fn add_facets(facets: &mut BTreeSet<String>, person: &Person) {
    let (mail, recorded) = (folded(&person.mail.value), folded(&person.login));
    for (what, word) in [("mail ", &*mail), ("name ", &*login(person)), ("name ", account(&mail)), ("name ", &*recorded)] {
        if !word.is_empty() {
            facets.insert([what, word].concat());
        }
    }
}

fn compare_spellings(left: &Person, right: &Person) -> Sameness {
    let (left_mail, right_mail) = (folded(&left.mail.value), folded(&right.mail.value));
    let same_name = !login(left).is_empty() && login(left) == login(right);
    if !left.login.is_empty() && !right.login.is_empty() {
        return match left.login.eq_ignore_ascii_case(&right.login) {
            true => Sameness::Same("same account"),
            false if !left_mail.is_empty() && left_mail == right_mail => Sameness::Same("same address"),
            false if same_name => Sameness::Unclear("same name, another account"),
            false => Sameness::Different,
        };
    }
    match (left_mail.is_empty(), right_mail.is_empty()) {
        (false, false) if left_mail == right_mail => Sameness::Same("same address"),
        (false, false) if is_login_of(left, right, &right_mail) || is_login_of(right, left, &left_mail) => {
            Sameness::Same("same login")
        }
        (false, false) if same_name => Sameness::Unclear("same name, another address"),
        (true, _) | (_, true) if same_name => Sameness::Same("same name"),
        (true, false) if login(left) == account(&right_mail) => Sameness::Same("same login"),
        (false, true) if login(right) == account(&left_mail) => Sameness::Same("same login"),
        (true, false) if has_account_of(left, &right_mail) => Sameness::Unclear("same login, another name"),
        (false, true) if has_account_of(right, &left_mail) => Sameness::Unclear("same login, another name"),
        (true, true) if is_login_of(left, right, "") || is_login_of(right, left, "") => Sameness::Same("same login"),
        (true | false, true | false) => Sameness::Different,
    }
}

/// Whether a recorded login is what another spelling calls somebody: by name alone, or by the forge's own address.
fn is_login_of(recorded: &Person, other: &Person, other_mail: &str) -> bool {
    let known = folded(&recorded.login);
    !known.is_empty() && (noreply_login(other_mail) == Some(&*known) || (other_mail.is_empty() && login(other) == known))
}

/// Whether a recorded login is the part of an address before the `@`.
fn has_account_of(recorded: &Person, mail: &str) -> bool {
    !recorded.login.is_empty() && folded(&recorded.login) == account(mail)
}

/// The part of an address before the `@`, without the number that forges put before a login.
fn account(mail: &str) -> &str {
    noreply_login(mail).unwrap_or_else(|| mail.split_once('@').map_or(mail, |(account, _)| account))
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

    fn recorded(login: &str, name: &str) -> Person {
        Person { login: login.into(), ..Person::new(name, "") }
    }

    #[test]
    fn a_recorded_login_goes_before_the_name_that_anybody_can_choose() {
        let mut settings = samples::settings();
        let mut alice = registered_with("Alice Example", &["alice"], &["alice@example.com"]);
        alice.keys = ["k".to_owned()].into();
        settings.people = vec![alice, registered_with("Bob Example", &[], &["bob@example.com"])];
        let register = Register::of(&settings);
        let name = |person: &Person| register.join(person).map(|(found, how)| (found.name.to_string(), how));
        let joined = |who: &str, how| Some((who.to_owned(), how));
        assert_eq!(name(&recorded("Alice", "A.")), joined("Alice Example", Joined::Account));
        assert_eq!(name(&recorded("mallory", "Alice Example")), None);
        assert_eq!(name(&recorded("bob-e", "Bob Example")), joined("Bob Example", Joined::Name));
        assert_eq!(name(&Person::new("x", "12+alice@users.noreply.github.com")), joined("Alice Example", Joined::Noreply));
        assert_eq!(name(&Person::new("Alice Example", "x@example.com")), None);
        assert_eq!(
            compare_spellings(&recorded("carol", "Carol"), &Person::new("C", "7-carol@users.noreply.gitlab.com")),
            Sameness::Same("same login")
        );
        assert_eq!(
            compare_spellings(&recorded("carol", "Carol"), &recorded("carol2", "Carol")),
            Sameness::Unclear("same name, another account")
        );
    }

    fn registered_with(name: &str, accounts: &[&str], mails: &[&str]) -> RegisteredPerson {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        RegisteredPerson { name: name.into(), accounts: words(accounts), mails: words(mails), ..RegisteredPerson::default() }
    }

    #[test]
    fn a_mailmap_joins_spellings_with_each_other_and_with_the_register() {
        let mut settings = samples::settings();
        let file = b"<alice@example.com> <al@old.example.org>\n<c@new.example.com> <c@old.example.org>\n";
        settings.identities.joined = Mailmap::parse(file);
        settings.people = vec![registered_with("Alice Example", &[], &["alice@example.com"])];
        let register = Register::of(&settings);
        let old = Person::new("al", "al@old.example.org");
        assert_eq!(register.join(&old).map(|(_, how)| how), Some(Joined::Mailmap));
        let (new_carol, old_carol) = (Person::new("C", "c@new.example.com"), Person::new("Carol", "c@old.example.org"));
        assert_eq!(register.compare(&new_carol, &old_carol), Sameness::Same("by .mailmap"));
        let mut circle = Circle::default();
        circle.add(&register, Arc::new(new_carol), "the author");
        assert_eq!(circle.find(&register, &old_carol), Some(("the author", Sameness::Same("by .mailmap"))));
    }

    #[test]
    fn a_registered_name_beside_a_foreign_address_is_not_that_person() {
        assert_eq!(
            compare(("Alice Example", "mallory@example.net"), ("Alice Example", "alice@example.com")),
            Sameness::Unclear("same name, another address")
        );
    }
}
