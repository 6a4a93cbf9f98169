//! Who the people of a pack are: as written, as registered, and whether their word counts as an approval.

use std::collections::{BTreeMap, BTreeSet};

use crate::evidence::{Claim, Decision, Dossier, Review};
use crate::pack::Pack;
use crate::settings::{RegisteredBot, RegisteredPerson, Settings};
use crate::text::{Person, is_hidden};

/// The pinned register, ready to be asked.
pub(super) struct Register<'a> {
    people: BTreeMap<String, &'a RegisteredPerson>,
    bots: BTreeMap<String, &'a RegisteredBot>,
}

impl<'a> Register<'a> {
    /// Indexes the register of the settings by every spelling, without case.
    pub fn new(settings: &'a Settings) -> Self {
        let mut register = Self { people: BTreeMap::new(), bots: BTreeMap::new() };
        for person in &settings.people {
            for alias in person.aliases.iter().map(String::as_str).chain([&*person.name]) {
                register.people.entry(alias.trim().to_lowercase()).or_insert(person);
            }
        }
        for bot in &settings.bots {
            for alias in bot.aliases.iter().map(String::as_str).chain([&*bot.name]) {
                register.bots.entry(alias.trim().to_lowercase()).or_insert(bot);
            }
        }
        register
    }

    /// The registered person behind a spelling.
    pub fn person(&self, person: &Person) -> Option<&'a RegisteredPerson> {
        find(&self.people, person)
    }

    /// The registered bot behind a spelling.
    pub fn bot(&self, person: &Person) -> Option<&'a RegisteredBot> {
        find(&self.bots, person)
    }

    /// What tells two people apart: the registered name, or the spelling's own key.
    fn key(&self, person: &Person) -> String {
        self.person(person).map_or_else(|| person.key(), |registered| registered.name.to_lowercase())
    }

    /// Why a review is no independent approval; `None` when it counts.
    pub fn not_counted(&self, dossier: &Dossier, review: &Claim<Review>) -> Option<&'static str> {
        let review = &review.value;
        if review.quoted {
            return Some("stands in the quotation of another change");
        }
        match review.decision {
            Decision::Approved => {}
            Decision::Commented => return Some("a comment, not an approval"),
            Decision::Rejected => return Some("a rejection"),
        }
        if self.bot(&review.reviewer).is_some() {
            return Some("given by a registered bot");
        }
        self.dependence(dossier, &review.reviewer)
    }

    /// Why a reviewer is not independent of a change; `None` when they are.
    pub fn dependence(&self, dossier: &Dossier, reviewer: &Person) -> Option<&'static str> {
        let reviewer = self.key(reviewer);
        let wrote = |person: &Person| self.key(person) == reviewer;
        let side_commits = &dossier.change.side_commits;
        if side_commits.iter().any(|commit| wrote(&commit.author.person)) {
            return Some("given by the author of a side commit");
        }
        if side_commits.is_empty() && wrote(&dossier.change.commit.author.person) {
            return Some("given by the author");
        }
        if dossier.evidence.co_authors.iter().any(|claim| wrote(&claim.value)) {
            return Some("given by a co-author");
        }
        None
    }
}

fn find<'a, T>(by_alias: &BTreeMap<String, &'a T>, person: &Person) -> Option<&'a T> {
    if by_alias.is_empty() {
        return None;
    }
    let lookup = |text: &str| by_alias.get(&text.trim().to_lowercase()).copied();
    let (name, mail) = (&person.name.value, &person.mail.value);
    let by_mail = if mail.trim().is_empty() { None } else { lookup(mail) };
    by_mail.or_else(|| lookup(&person.to_string())).or_else(|| lookup(name))
}

/// What a reader should know about the spelling of a person.
pub(super) fn remarks(person: &Person) -> Vec<&'static str> {
    let mut remarks = Vec::new();
    let (name, mail) = (&person.name.value, &person.mail.value);
    if name.trim().is_empty() {
        remarks.push("no name");
    }
    if mail.trim().is_empty() {
        remarks.push("no address");
    }
    if name.contains(is_hidden) || mail.contains(is_hidden) {
        remarks.push("hidden or reordering characters");
    }
    if mixes_scripts(name) || mixes_scripts(mail) {
        remarks.push("Latin letters together with Cyrillic or Greek ones");
    }
    if person.name.lossy || person.mail.lossy {
        remarks.push("bytes that could not be decoded");
    }
    remarks
}

/// Whether Latin letters stand beside look-alikes of other alphabets.
fn mixes_scripts(text: &str) -> bool {
    let latin = text.chars().any(|c| c.is_ascii_alphabetic());
    latin && text.chars().any(|c| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{1f00}'..='\u{1fff}'))
}

/// Everyone who appears in the pack, each spelling once, in order of name and address.
pub(super) fn everyone(pack: &Pack) -> BTreeSet<&Person> {
    let mut people = BTreeSet::new();
    for dossier in &pack.dossiers {
        let evidence = &dossier.evidence;
        for commit in dossier.change.side_commits.iter().chain([&dossier.change.commit]) {
            people.insert(&*commit.author.person);
            people.insert(&*commit.committer.person);
        }
        people.extend(evidence.reviews.iter().map(|claim| &*claim.value.reviewer));
        people.extend(evidence.co_authors.iter().chain(&evidence.merger).map(|claim| &*claim.value));
    }
    people
}
