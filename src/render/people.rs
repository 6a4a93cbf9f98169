//! The people of a pack: as written, as joined, and what they took part in.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{self, Columns};
use crate::checks::Joined;
use crate::evidence::{Dossier, find_bot, suspicious_name};
use crate::pack::Pack;
use crate::settings::{RegisteredPerson, Role};
use crate::text::Person;

/// What somebody did for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Author,
    Committer,
    CoAuthor,
    Reviewer,
    Merger,
}

impl Part {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Committer => "committer",
            Self::CoAuthor => "co-author",
            Self::Reviewer => "reviewer",
            Self::Merger => "merger",
        }
    }
}

/// Where somebody appears: positions of dossiers, and as what.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) parts: BTreeSet<Part>,
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) changes: usize,
}

/// Who a spelling is.
pub(super) struct Identity<'a> {
    pub(super) registered: Option<(&'a RegisteredPerson, Joined)>,
    /// What `.mailmap` makes of it, where it may join.
    pub(super) mapped: Option<Person>,
    pub(super) bot: Option<String>,
}

impl<'a> Identity<'a> {
    pub(super) fn of(columns: &Columns<'a>, person: &Person) -> Self {
        Self {
            registered: columns.approvals.joined(person),
            mapped: columns.approvals.mapped(person),
            bot: find_bot(person, &columns.pack.settings).map(|bot| bot.to_string()),
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match (&self.bot, self.registered) {
            (Some(_), _) => "bot",
            (None, Some(_)) => "person",
            (None, None) => "unknown",
        }
    }

    pub(super) fn joined_by(&self) -> Option<&'static str> {
        self.registered.map(|(_, how)| how.words()).or(self.mapped.as_ref().map(|_| ".mailmap"))
    }
}

/// A role with its days, e.g. `approver from 2026-01-01 until 2026-06-30`.
pub(super) fn role_words(role: &Role) -> String {
    let day = |word: &str, day: &Option<String>| day.as_ref().map(|day| format!(" {word} {day}")).unwrap_or_default();
    format!("{}{}{}", columns::one_line(&role.name), day("from", &role.from), day("until", &role.until))
}

/// What a reader should know about the spelling of a person.
pub(super) fn remarks(person: &Person) -> Vec<String> {
    let mut remarks = Vec::new();
    if person.name.value.trim().is_empty() {
        remarks.push("no name".to_owned());
    }
    if person.mail.value.trim().is_empty() {
        remarks.push("no address".to_owned());
    }
    remarks.extend(suspicious_name(person));
    if person.name.lossy || person.mail.lossy {
        remarks.push("bytes that could not be decoded".to_owned());
    }
    remarks
}

/// Everyone who appears in the pack, each spelling once, in order of name, address and login.
pub(super) fn everyone(pack: &Pack) -> BTreeMap<&Person, Seen> {
    let mut people = BTreeMap::new();
    for (position, dossier) in pack.dossiers.iter().enumerate() {
        for (person, part) in parts(dossier) {
            let fresh = || Seen { parts: BTreeSet::new(), first: position, last: position, changes: 1 };
            let seen: &mut Seen = people.entry(person).or_insert_with(fresh);
            seen.parts.insert(part);
            if seen.last != position {
                seen.last = position;
                seen.changes += 1;
            }
        }
    }
    people
}

fn parts(dossier: &Dossier) -> impl Iterator<Item = (&Person, Part)> {
    let evidence = &dossier.evidence;
    let commits = dossier.change.side_commits.iter().chain([&dossier.change.commit]);
    let of_commits =
        commits.flat_map(|commit| [(&*commit.author.person, Part::Author), (&*commit.committer.person, Part::Committer)]);
    let reviewers = evidence.reviews.iter().map(|claim| (&*claim.value.reviewer, Part::Reviewer));
    let co_authors = evidence.co_authors.iter().map(|claim| (&*claim.value, Part::CoAuthor));
    let mergers = evidence.merger.iter().map(|claim| (&*claim.value, Part::Merger));
    of_commits.chain(reviewers).chain(co_authors).chain(mergers)
}
