//! Do we know who it was?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalogue::{Family, Listing};
use super::register::{Joined, Register};
use super::signatures::{SIGNATURE_MISSING, SignatureMissing};
use super::verdict::{Verdict, first_of, header, judge_each_change, shown, shown_person, side_header, some_of};
use super::{Card, Check, Finding, Gate, Period, Severity};
use crate::changes::Commit;
use crate::evidence::{Citation, Dossier, Grade, Source, look_of, suspicious_name};
use crate::settings::RegisteredPerson;
use crate::settings::reader::Section;
use crate::text::{Moment, Person, is_address, utc_seconds, utc_text};

mod bots;

pub(super) const FAMILY: Family = Family {
    name: "people",
    question: "Do we know who it was?",
    checks: &[
        Listing { card: &IDENTITY_UNRESOLVED, configure: |section| Box::new(IdentityUnresolved::configured(section)) },
        bots::LISTING,
        Listing { card: &SIGNATURE_MISSING, configure: |section| Box::new(SignatureMissing::configured(section)) },
    ],
};

static IDENTITY_UNRESOLVED: Card = Card {
    id: "identity-unresolved",
    requirement: "Authors, committers, reviewers and mergers have a name and an address that nothing disguises; where a register of \
                  people is given, they are one person of it and valid on that day.",
    rationale: "A control that rests on two different people fails when nobody knows who they are.",
    remedy: "Find out who it was. Put the person, with all spellings, into the register; correct the settings of their Git client.",
    severity: Severity::Medium,
    gate: Gate::EveryCommit,
    references: &[
        ("SOC 2", "CC6.1"),
        ("ISO 27001:2022", "A.5.16"),
        ("NIST SP 800-53", "IA-4"),
        ("PCI DSS 4.0", "8.2.1"),
        ("NERC CIP", "CIP-004-7 R4"),
    ],
    needs: "commit headers; a register of people for everything beyond the form of a name",
    waivable_by: "the owner of the register, not the person concerned",
    settings: &[
        (
            "forge_committers",
            "[\"noreply@github.com\"]",
            "addresses under which a forge commits for people; they need not be in the register",
        ),
        ("shared_address", "\"remark\"", "what two names on one address are without a register: remark or exception"),
    ],
    since: "0.1.0",
    limits: "Names and addresses are typed by whoever made the commit; only logins of an export were authenticated. Without a \
             register it judges their form only, and cannot tell two people who share an address from one person who writes the \
             name in two ways. Names are compared by look for the letters that are mistaken most often, not for all.",
};

/// See [`IDENTITY_UNRESOLVED`].
#[derive(Debug)]
struct IdentityUnresolved {
    forge_committers: BTreeSet<String>,
    shared_is_exception: bool,
}

/// What somebody did for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Author,
    Committer,
    Reviewer,
    Merger,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Committer => "committer",
            Self::Reviewer => "reviewer",
            Self::Merger => "merger",
        }
    }

    /// Whether a login alone is enough to be named by.
    fn is_of_forge(self) -> bool {
        match self {
            Self::Author | Self::Committer => false,
            Self::Reviewer | Self::Merger => true,
        }
    }
}

/// Somebody named in a change.
struct Named<'a> {
    person: &'a Arc<Person>,
    part: Part,
    when: When<'a>,
    citation: Citation,
}

/// When somebody did their part.
#[derive(Clone, Copy)]
enum When<'a> {
    Committed(&'a Moment),
    Recorded(&'a str),
}

impl When<'_> {
    fn day(self, offset: i32) -> Option<String> {
        match self {
            Self::Committed(moment) => day_of(moment, offset),
            Self::Recorded(written) => day_written(written, offset),
        }
    }
}

impl IdentityUnresolved {
    fn configured(section: &mut Section) -> Self {
        let forge = section.strings("forge_committers");
        let forge = forge
            .map_or_else(|| vec!["noreply@github.com".to_owned()], |written| written.into_iter().map(|(_, mail)| mail).collect());
        let shared_is_exception = section.choice("shared_address", false, &[("remark", false), ("exception", true)]);
        Self { forge_committers: forge.into_iter().map(|mail| mail.to_lowercase()).collect(), shared_is_exception }
    }

    fn judge(&self, dossier: &Dossier, around: &Around<'_>) -> Verdict {
        let (mut found, mut unknown, mut citations) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let (mut severity, mut grade) = (Severity::Medium, Grade::Recorded);
        for named in named(dossier) {
            match self.doubt(&named, around) {
                Doubt::None => continue,
                Doubt::Found(what) => {
                    severity = if named.part == Part::Reviewer { Severity::High } else { severity };
                    grade = if matches!(named.citation.source, Source::Export(..)) { grade } else { Grade::Asserted };
                    found.insert(format!("{} {} {what}", named.part.name(), shown_person(named.person)));
                }
                Doubt::Unknown(what) => {
                    unknown.insert(format!("{} {} {what}", named.part.name(), shown_person(named.person)));
                }
            }
            citations.push(named.citation);
        }
        citations.dedup();
        citations.truncate(5);
        if !found.is_empty() {
            return Verdict::exception(grade, some_of(found)).citing(citations).at(severity);
        }
        if !unknown.is_empty() {
            return Verdict::not_assessable(some_of(unknown)).citing(citations);
        }
        self.shared_address(dossier, around)
    }

    fn doubt(&self, named: &Named<'_>, around: &Around<'_>) -> Doubt {
        let Some(known) = around.people.get(&(named.person, named.part.is_of_forge())) else { return Doubt::None };
        if let Some(what) = &known.form {
            return Doubt::Found(what.to_string());
        }
        if let Some(other) = around.look_alike(named.person, known.place) {
            return Doubt::Found(format!("looks like {}, who is somebody else", shown(other)));
        }
        match known.place {
            Place::Exempt => Doubt::None,
            Place::Missing if self.is_forge(named) => Doubt::None,
            Place::Missing => Doubt::Found(match around.register.namesake(named.person) {
                Some(_) => "is not in the register, which knows somebody of that name by other addresses and accounts".to_owned(),
                None => "is not in the register".to_owned(),
            }),
            Place::Registered(registered) => validity(registered, named.when, around.offset),
        }
    }

    fn is_forge(&self, named: &Named<'_>) -> bool {
        named.part == Part::Committer && self.forge_committers.contains(&named.person.mail.value.to_lowercase())
    }

    /// Two names on one address or account: without a register nobody can tell one person from two.
    fn shared_address(&self, dossier: &Dossier, around: &Around<'_>) -> Verdict {
        if around.register.has_people() {
            return Verdict::pass(Grade::Asserted);
        }
        let author = &dossier.change.commit.author.person;
        let recorded = recorded(dossier).filter(|person| !person.login.is_empty());
        let Some((person, names)) = std::iter::once(author).chain(recorded).find_map(|person| {
            let names = around.names.get(&carrier(person)).filter(|names| names.len() > 1)?;
            Some((person, names))
        }) else {
            return Verdict::pass(Grade::Asserted);
        };
        let others = names.iter().filter(|name| ***name != *person.name.value).map(|name| shown(name));
        let told = format!(
            "the {} of {} also carries the name {} in this period",
            if person.login.is_empty() { "address" } else { "account" },
            shown_person(person),
            first_of(others, names.len() - 1)
        );
        if self.shared_is_exception {
            return Verdict::exception(Grade::Asserted, told).citing([header()]).at(Severity::Low);
        }
        Verdict::pass_because(Grade::Asserted, told)
    }
}

/// What carries a name: an account, or else an address.
fn carrier(person: &Person) -> String {
    if person.login.is_empty() { person.key() } else { format!("account {}", person.login.to_lowercase()) }
}

/// Reviewers, and whoever let the change land, as a forge or a note has them.
fn recorded(dossier: &Dossier) -> impl Iterator<Item = &Arc<Person>> {
    let reviewers = dossier.evidence.reviews.iter().filter(|claim| !claim.value.quoted).map(|claim| &claim.value.reviewer);
    reviewers.chain(dossier.evidence.merger.iter().map(|claim| &claim.value))
}

/// What is doubtful about somebody.
enum Doubt {
    None,
    Found(String),
    Unknown(String),
}

/// What the whole period and the settings say about people.
struct Around<'a> {
    register: Register<'a>,
    offset: i32,
    /// The names of each author's address, and of each recorded account.
    names: BTreeMap<String, BTreeSet<&'a str>>,
    /// Everybody, looked up once; whoever a forge names needs no address.
    people: BTreeMap<(&'a Arc<Person>, bool), Known<'a>>,
    /// The names of the period and the register that look alike.
    looks: BTreeMap<String, BTreeSet<&'a str>>,
}

/// What is known about a spelling whatever the change.
#[derive(Clone)]
struct Known<'a> {
    form: Option<Arc<str>>,
    place: Place<'a>,
}

/// Where somebody stands in the register.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// There is no register of people, or it is a bot.
    Exempt,
    Missing,
    Registered(&'a RegisteredPerson),
}

impl<'a> Known<'a> {
    fn of(person: &Person, is_of_forge: bool, register: &Register<'a>) -> Self {
        let exempt = !register.has_people() || register.is_bot(person);
        let place = if exempt { Place::Exempt } else { register.person(person).map_or(Place::Missing, Place::Registered) };
        let form = form(person, is_of_forge).or_else(|| two_people(person, register).filter(|_| !exempt));
        Self { form: form.map(Into::into), place }
    }
}

/// Where the register knows one person by one part of a spelling and another one by another part.
fn two_people(person: &Person, register: &Register<'_>) -> Option<String> {
    let (registered, how) = register.join(person)?;
    let known_by = match how {
        Joined::Account => "account",
        Joined::Address | Joined::Noreply => "address",
        Joined::Name | Joined::Mailmap => return None,
    };
    let is_other = |other: &&RegisteredPerson| !std::ptr::eq(*other, registered);
    let by_address = register.owner_of_address(person).filter(is_other).map(|other| ("address", other));
    let by_name = || register.namesake(person).filter(is_other).map(|other| ("name", other));
    let (what, other) = by_address.or_else(by_name)?;
    Some(format!("has the {known_by} of {} and the {what} of {}", shown(&registered.name), shown(&other.name)))
}

impl<'a> Around<'a> {
    fn of(period: &Period<'a>) -> Self {
        let mut names = BTreeMap::<String, BTreeSet<&str>>::new();
        let mut people = BTreeMap::new();
        let register = Register::of(period.settings);
        for dossier in period.dossiers {
            let commits = std::iter::once(&dossier.change.commit).chain(&dossier.change.side_commits);
            for person in commits.flat_map(|commit| [&commit.author.person, &commit.committer.person]) {
                people.entry((person, false)).or_insert_with(|| Known::of(person, false, &register));
            }
            let author = &dossier.change.commit.author.person;
            names.entry(author.key()).or_default().insert(&author.name.value);
            for person in recorded(dossier) {
                people.entry((person, true)).or_insert_with(|| Known::of(person, true, &register));
                if !person.login.is_empty() {
                    names.entry(carrier(person)).or_default().insert(&person.name.value);
                }
            }
        }
        let looks = looks(people.keys().map(|(person, _)| *person), period);
        Self { register, offset: period.settings.period_offset, names, people, looks }
    }

    /// Another name of the period or the register that this one can be mistaken for. Whoever is registered, or writes the
    /// name in plain letters, is not taken for the imitation.
    fn look_alike(&self, person: &Person, place: Place<'_>) -> Option<&'a str> {
        if matches!(place, Place::Registered(_)) || self.looks.is_empty() {
            return None;
        }
        let (look, own) = (look_of(&person.name.value), person.name.value.trim().to_lowercase());
        let alike = self.looks.get(&look).filter(|_| look != own)?;
        alike.iter().find(|other| other.trim().to_lowercase() != own).copied()
    }
}

/// Names that look alike and are not the same, by their look.
fn looks<'a>(people: impl Iterator<Item = &'a Arc<Person>>, period: &Period<'a>) -> BTreeMap<String, BTreeSet<&'a str>> {
    let registered = period.settings.people.iter().map(|person| &*person.name);
    let names: BTreeSet<&str> = people.map(|person| &*person.name.value).chain(registered).collect();
    let mut looks = BTreeMap::<String, BTreeSet<&str>>::new();
    for name in names.into_iter().filter(|name| !name.trim().is_empty()) {
        looks.entry(look_of(name)).or_default().insert(name);
    }
    let differ = |names: &BTreeSet<&str>| names.iter().map(|name| name.trim().to_lowercase()).collect::<BTreeSet<_>>().len() > 1;
    looks.retain(|_, names| names.len() > 1 && differ(names));
    looks
}

/// Everybody whom a change names: people of its commits, then its reviewers, then who is on record as having merged it.
fn named(dossier: &Dossier) -> impl Iterator<Item = Named<'_>> {
    let own = of_commit(&dossier.change.commit, header());
    let side = dossier.change.side_commits.iter().flat_map(|side| of_commit(side, side_header(side.id)));
    let committed = When::Committed(&dossier.change.commit.committer.when);
    let evidence = &dossier.evidence;
    let arrived = evidence.merged_at.as_ref().map_or(committed, |claim| When::Recorded(&claim.value));
    let reviews = evidence.reviews.iter().filter(|claim| !claim.value.quoted).map(move |claim| Named {
        person: &claim.value.reviewer,
        part: Part::Reviewer,
        when: claim.value.at.as_deref().map_or(arrived, When::Recorded),
        citation: claim.citation.clone(),
    });
    let merger = evidence.merger.iter().filter(|claim| claim.grade >= Grade::Recorded);
    let merger = merger.map(move |claim| Named {
        person: &claim.value,
        part: Part::Merger,
        when: arrived,
        citation: claim.citation.clone(),
    });
    own.chain(side).chain(reviews).chain(merger)
}

/// The author, and the committer where it is somebody else.
fn of_commit(commit: &Commit, citation: Citation) -> impl Iterator<Item = Named<'_>> {
    let (author, committer) = (&commit.author.person, &commit.committer.person);
    let when = When::Committed(&commit.committer.when);
    let other =
        (author != committer).then(|| Named { person: committer, part: Part::Committer, when, citation: citation.clone() });
    std::iter::once(Named { person: author, part: Part::Author, when, citation }).chain(other)
}

/// What is wrong with the form of a name and an address. Whoever a forge or a note names may have a login alone.
fn form(person: &Person, is_of_forge: bool) -> Option<String> {
    let (name, mail) = (person.name.value.trim(), person.mail.value.trim());
    if let Some(why) = suspicious_name(person) {
        return Some(format!("is disguised: {why}"));
    }
    let lacks = if is_of_forge {
        (name.is_empty() && mail.is_empty()).then_some("has no name")
    } else if name.is_empty() {
        Some("has no name")
    } else if mail.is_empty() {
        Some("has no address")
    } else {
        (!is_address(mail)).then_some("has no address of a valid form")
    };
    lacks.map(str::to_owned)
}

fn validity(registered: &RegisteredPerson, when: When<'_>, offset: i32) -> Doubt {
    if registered.valid_from.is_none() && registered.valid_until.is_none() {
        return Doubt::None;
    }
    let Some(day) = when.day(offset) else {
        return Doubt::Unknown("cannot be held against the register: the day cannot be read".to_owned());
    };
    match (&registered.valid_from, &registered.valid_until) {
        (Some(from), _) if day < *from => Doubt::Found(format!("is in the register from {from} on, it was on {day}")),
        (_, Some(until)) if day > *until => Doubt::Found(format!("is in the register until {until}, it was on {day}")),
        (Some(_) | None, Some(_) | None) => Doubt::None,
    }
}

/// The day of a moment, `YYYY-MM-DD`, in the settings' time zone.
pub(super) fn day_of(moment: &Moment, offset: i32) -> Option<String> {
    day(moment.known()?.seconds, offset)
}

/// The day of a time as records write it (RFC 3339), in the settings' time zone.
pub(super) fn day_written(written: &str, offset: i32) -> Option<String> {
    day(utc_seconds(written)?, offset)
}

fn day(seconds: i64, offset: i32) -> Option<String> {
    utc_text(seconds.checked_add(i64::from(offset))?)?.get(..10).map(str::to_owned)
}

impl Check for IdentityUnresolved {
    fn card(&self) -> &'static Card {
        &IDENTITY_UNRESOLVED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let around = Around::of(period);
        judge_each_change(&IDENTITY_UNRESOLVED, period, |_, dossier| self.judge(dossier, &around))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{assess, by, dossier, outcomes, person, registered, review, settings, settings_with, told};

    #[test]
    fn the_form_of_a_name_needs_no_register() {
        let changes = [
            by(1, "Bob Example", "bob@example.com"),
            by(2, "", "bob@example.com"),
            by(3, "Bob", "bob"),
            by(4, "\u{410}lice Example", "a@example.com"),
            by(5, "Bob\u{202e}", "bob2@example.com"),
            by(6, "\u{410}\u{43b}\u{438}\u{441}\u{430} Example", "c@example.com"),
        ];
        let findings = assess(&IDENTITY_UNRESOLVED, &settings(), &changes);
        let expected = ["no exception", "exception", "exception", "exception", "exception", "no exception"];
        assert_eq!(outcomes(&findings), expected, "{:?}", told(&findings));
    }

    #[test]
    fn two_names_on_one_address_are_a_remark_unless_settings_say_more() {
        let changes = [by(1, "Bob Example", "bob@example.com"), by(2, "Robert", "bob@example.com")];
        assert_eq!(
            told(&assess(&IDENTITY_UNRESOLVED, &settings(), &changes))[1],
            "no exception: the address of Robert <bob@example.com> also carries the name Bob Example in this period"
        );
        let strict = settings_with("[checks.identity-unresolved]\nshared_address = \"exception\"");
        assert_eq!(outcomes(&assess(&IDENTITY_UNRESOLVED, &strict, &changes)), ["exception", "exception"]);
    }

    #[test]
    fn with_a_register_everybody_must_be_in_it_and_valid() {
        let mut settings = settings();
        let mut bob = registered("Bob Example", &["bob@example.com"]);
        bob.valid_until = Some("2026-01-07".to_owned());
        settings.people = vec![registered("Alice Example", &["alice@example.com"]), bob];
        let mut reviewed = dossier(5, "Say why");
        reviewed.evidence.reviews = vec![review("Mallory", "mallory@example.net")];
        let mut forge = dossier(6, "Say why");
        forge.change.commit.committer.person = person("GitHub", "noreply@github.com");
        let changes =
            [by(1, "B", "BOB@example.com"), by(3, "B", "bob@example.com"), by(4, "C", "c@example.com"), reviewed, forge];
        let findings = assess(&IDENTITY_UNRESOLVED, &settings, &changes);
        assert_eq!(
            told(&findings),
            [
                "no exception",
                "exception: author B <bob@example.com> is in the register until 2026-01-07, it was on 2026-01-08",
                "exception: author C <c@example.com> is not in the register",
                "exception: reviewer Mallory <mallory@example.net> is not in the register",
                "no exception",
            ]
        );
        assert_eq!(findings[3].severity, Severity::High);
    }

    #[test]
    fn one_spelling_is_not_two_registered_people() {
        let mut settings = settings();
        let mut alice = registered("Alice Example", &["alice@example.com"]);
        alice.accounts = ["alice".to_owned()].into();
        settings.people = vec![alice, registered("Ben Example", &["ben@example.com"])];
        let mut recorded = by(4, "Alice Example", "alice@example.com");
        recorded.evidence.reviews = vec![review("Ben Example", "ben@example.com")];
        recorded.evidence.reviews[0].value.reviewer =
            Arc::new(Person { login: "alice".into(), ..Person::new("A", "ben@example.com") });
        let changes = [
            by(1, "Alice Example", "12+alice@users.noreply.github.com"),
            by(2, "Ben Example", "alice@example.com"),
            by(3, "Ben Example", "ben@private.example.net"),
            recorded,
        ];
        let findings = assess(&IDENTITY_UNRESOLVED, &settings, &changes);
        assert_eq!(
            told(&findings),
            [
                "no exception",
                "exception: author Ben Example <alice@example.com> has the address of Alice Example and the name of Ben Example",
                "exception: author Ben Example <ben@private.example.net> is not in the register, which knows somebody of that name by \
                 other addresses and accounts",
                "exception: reviewer A <ben@example.com> has the account of Alice Example and the address of Ben Example",
            ]
        );
        assert_eq!(findings[3].severity, Severity::High);
    }

    #[test]
    fn names_that_look_alike_are_found_and_the_registered_one_is_not_the_imitation() {
        let changes = [
            by(1, "Alice Moreau", "alice@example.com"),
            by(2, "AIice Moreau", "a1@example.net"),
            by(3, "Bob", "bob@example.com"),
            by(4, "ALICE MOREAU", "alice@example.com"),
        ];
        let found = outcomes(&assess(&IDENTITY_UNRESOLVED, &settings(), &changes[..3]));
        assert_eq!(found, ["no exception", "exception", "no exception"]);
        let mut settings = settings();
        settings.people = vec![registered("Alice Moreau", &["alice@example.com"]), registered("Bob", &["bob@example.com"])];
        let findings = assess(&IDENTITY_UNRESOLVED, &settings, &changes);
        assert_eq!(outcomes(&findings), ["no exception", "exception", "no exception", "no exception"]);
        assert!(told(&findings)[1].ends_with("looks like Alice Moreau, who is somebody else"), "{:?}", told(&findings));
    }

    #[test]
    fn an_approval_after_leaving_is_held_against_its_own_day() {
        let mut settings = settings();
        let mut bob = registered("Bob", &["bob@example.com"]);
        bob.valid_until = Some("2026-01-07".to_owned());
        settings.people = vec![registered("Alice Example", &["alice@example.com"]), bob];
        let reviewed = |n: u8, at: Option<&str>| {
            let mut dossier = by(n, "Alice Example", "alice@example.com");
            dossier.evidence.reviews = vec![review("Bob", "bob@example.com")];
            dossier.evidence.reviews[0].value.at = at.map(Into::into);
            dossier
        };
        let changes = [
            reviewed(9, Some("2026-01-07T10:00:00Z")),
            reviewed(1, Some("2026-01-08T10:00:00Z")),
            reviewed(9, None),
            reviewed(1, Some("then")),
        ];
        let findings = assess(&IDENTITY_UNRESOLVED, &settings, &changes);
        assert_eq!(outcomes(&findings), ["no exception", "exception", "exception", "not assessable"]);
        assert_eq!(findings[1].severity, Severity::High);
    }
}
