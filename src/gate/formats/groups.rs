//! Equal findings together, so that ten thousand commits with the same defect are one thing to read.

use std::collections::BTreeMap;

use crate::gate::{About, Found, Ruling, Stance};
use crate::text::RepoPath;

/// What makes two findings equal but for what they are about.
type Key<'a> = (&'static str, &'a str, Option<&'a (RepoPath, u32)>);

/// Findings of one stance that are equal but for what they are about.
pub(super) struct Group<'a> {
    /// The first of them.
    pub(super) found: &'a Found,
    /// What they are about, in order.
    pub(super) about: Vec<&'a About>,
}

/// Subjects with the same list of findings of one stance.
pub(super) struct Block<'a> {
    /// What they are about, in order.
    pub(super) about: Vec<&'a About>,
    /// The findings of the first of them.
    pub(super) findings: Vec<&'a Found>,
}

fn key(found: &Found) -> Key<'_> {
    (found.card.id, &found.because, found.place.as_ref())
}

/// Groups the findings of a stance in the order in which each group's first finding stands.
pub(super) fn groups(ruling: &Ruling, stance: Stance) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut known: BTreeMap<Key<'_>, usize> = BTreeMap::new();
    for found in ruling.findings_that(stance) {
        let position = *known.entry(key(found)).or_insert(groups.len());
        match groups.get_mut(position) {
            Some(group) => group.about.push(&found.about),
            None => groups.push(Group { found, about: vec![&found.about] }),
        }
    }
    groups
}

/// Gathers the findings of a stance by subject, and subjects with equal findings together.
pub(super) fn blocks(ruling: &Ruling, stance: Stance) -> Vec<Block<'_>> {
    let mut of_subject: BTreeMap<&About, Vec<&Found>> = BTreeMap::new();
    for found in ruling.findings_that(stance) {
        of_subject.entry(&found.about).or_default().push(found);
    }
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut known: BTreeMap<Vec<Key<'_>>, usize> = BTreeMap::new();
    for (about, findings) in of_subject {
        let keys = findings.iter().map(|found| key(found)).collect();
        let position = *known.entry(keys).or_insert(blocks.len());
        match blocks.get_mut(position) {
            Some(block) => block.about.push(about),
            None => blocks.push(Block { about: vec![about], findings }),
        }
    }
    blocks
}
