//! The people of a pack, as written.

use std::collections::BTreeSet;

use crate::evidence::suspicious_name;
use crate::pack::Pack;
use crate::text::Person;

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
