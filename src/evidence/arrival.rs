//! How each change came onto the branch, and whether a bot made it.

use std::sync::Arc;

use crate::changes::Change;
use crate::classification::Classification;
use crate::parallel;
use crate::repository::Notes;
use crate::settings::Settings;

use super::{ArrivalKind, Dossier, Evidence, Source, identities, read};

/// Reads the evidence for every change of the range and says how each arrived; order is kept.
#[must_use]
pub fn gather(classified: Vec<(Change, Classification)>, notes: &Notes, settings: &Settings) -> Vec<Dossier> {
    const PIECE: usize = 256;
    let mut dossiers = parallel::map(
        classified,
        PIECE,
        || (),
        |(), (change, classification)| {
            let evidence = read(&change, notes, &settings.tickets);
            dossier(change, classification, evidence, settings)
        },
    );
    mark_rebased(&mut dossiers);
    if proposals_are_the_rule(&dossiers) {
        for dossier in dossiers.iter_mut().filter(|dossier| dossier.arrival == ArrivalKind::Unknown) {
            dossier.arrival = ArrivalKind::Direct;
        }
    }
    dossiers
}

fn dossier(change: Change, classification: Classification, evidence: Evidence, settings: &Settings) -> Dossier {
    let bot =
        [&change.commit.author, &change.commit.committer].into_iter().find_map(|who| identities::find_bot(&who.person, settings));
    let arrival = arrival(&change, &evidence, bot.as_ref());
    let gaps = change.commit.gaps.iter().chain(change.side_commits.iter().flat_map(|commit| &commit.gaps)).cloned().collect();
    Dossier { change, classification, evidence, arrival, bot, link: None, gate: None, owners: None, gaps }
}

/// `Unknown` stands for "no mark" here; whether that means a direct push follows from the other changes.
fn arrival(change: &Change, evidence: &Evidence, bot: Option<&Arc<str>>) -> ArrivalKind {
    match change.commit.parents.len() {
        0 => ArrivalKind::Initial,
        1 if names_own_proposal(evidence) => ArrivalKind::Squash,
        1 if bot.is_some() => ArrivalKind::Bot,
        1 => ArrivalKind::Unknown,
        _ => ArrivalKind::Merge,
    }
}

fn names_own_proposal(evidence: &Evidence) -> bool {
    evidence.proposal.as_ref().is_some_and(|claim| match claim.citation.source {
        Source::Change | Source::Note(..) => true,
        Source::SideCommit(_) | Source::File(_) | Source::FileBefore(_) | Source::Export(..) => false,
    })
}

/// Neighbours that name the same proposal are its commits, put on top of the branch one by one.
fn mark_rebased(dossiers: &mut [Dossier]) {
    let id = |dossier: &Dossier| match dossier.arrival {
        ArrivalKind::Squash => dossier.evidence.proposal.as_ref().map(|claim| claim.value.id.clone()),
        ArrivalKind::Merge
        | ArrivalKind::Rebase
        | ArrivalKind::Direct
        | ArrivalKind::Bot
        | ArrivalKind::Initial
        | ArrivalKind::Unknown => None,
    };
    let ids: Vec<_> = dossiers.iter().map(id).collect();
    for (index, dossier) in dossiers.iter_mut().enumerate() {
        let own = ids.get(index).and_then(Option::as_ref);
        let before = index.checked_sub(1).and_then(|index| ids.get(index)).and_then(Option::as_ref);
        let after = ids.get(index + 1).and_then(Option::as_ref);
        if own.is_some() && (own == before || own == after) {
            dossier.arrival = ArrivalKind::Rebase;
        }
    }
}

/// Whether at least half of the changes by people, root commits apart, carry a proposal's mark.
fn proposals_are_the_rule(dossiers: &[Dossier]) -> bool {
    let counted = dossiers.iter().filter(|dossier| !matches!(dossier.arrival, ArrivalKind::Initial | ArrivalKind::Bot));
    let (all, marked) = counted
        .fold((0_usize, 0_usize), |(all, marked), dossier| (all + 1, marked + usize::from(dossier.evidence.proposal.is_some())));
    all > 0 && marked * 2 >= all
}
