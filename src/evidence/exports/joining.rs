//! Fragments of exports become whole records: proposals with the reviews that were exported beside them, each once.

use std::collections::BTreeMap;

use super::recorded::{Fragment, ProposalKey, RecordedProposal, RecordedReview, RecordedTicket, TicketPart};
use super::trackers;

/// Tickets by id, and ids by the other names that tickets have.
pub(super) type Tickets = (Vec<RecordedTicket>, BTreeMap<String, String>);

/// Joins what belongs together; what contradicts, or belongs to nothing, becomes a gap.
pub(super) fn join(fragments: Vec<Fragment>, gaps: &mut Vec<String>) -> (Vec<RecordedProposal>, Tickets) {
    let mut proposals: BTreeMap<ProposalKey, RecordedProposal> = BTreeMap::new();
    let mut tickets: BTreeMap<String, RecordedTicket> = BTreeMap::new();
    let mut beside = Vec::new();
    let mut parts: Vec<TicketPart> = Vec::new();
    for fragment in fragments {
        match fragment {
            Fragment::Proposal(proposal) => add_proposal(&mut proposals, *proposal, gaps),
            Fragment::Ticket(ticket) => add_ticket(&mut tickets, *ticket, gaps),
            Fragment::OfTickets(part) => parts.push(*part),
            Fragment::Reviews(..) | Fragment::Commits(..) => beside.push(fragment),
            Fragment::Nothing => {}
        }
    }
    for fragment in beside {
        attach(&mut proposals, fragment, gaps);
    }
    for proposal in proposals.values_mut() {
        proposal.reviews.sort_by(|left, right| left.at.cmp(&right.at));
    }
    let names = trackers::attach(parts, &mut tickets, gaps);
    (proposals.into_values().collect(), (tickets.into_values().collect(), names))
}

fn key(proposal: &RecordedProposal) -> ProposalKey {
    ProposalKey { forge: proposal.forge, repository: proposal.repository.clone(), id: proposal.id.clone() }
}

fn add_proposal(proposals: &mut BTreeMap<ProposalKey, RecordedProposal>, proposal: RecordedProposal, gaps: &mut Vec<String>) {
    let Some(known) = proposals.get_mut(&key(&proposal)) else {
        proposals.insert(key(&proposal), proposal);
        return;
    };
    let differs = (known.state, &known.head, &known.merged_at) != (proposal.state, &proposal.head, &proposal.merged_at);
    if differs {
        gaps.push(format!(
            "{} is told differently in {} and {}; the first counts",
            proposal.id, known.place.file, proposal.place.file
        ));
    }
    known.landed.extend(proposal.landed.iter().copied().filter(|id| !known.landed.contains(id)).collect::<Vec<_>>());
    known.commits.extend(proposal.commits.iter().copied().filter(|id| !known.commits.contains(id)).collect::<Vec<_>>());
    add_reviews(known, proposal.reviews);
    known.tells_reviews |= proposal.tells_reviews;
}

fn add_reviews(proposal: &mut RecordedProposal, reviews: Vec<RecordedReview>) {
    for review in reviews {
        let same = |known: &RecordedReview| {
            (&known.reviewer, known.decision, &known.at, known.commit)
                == (&review.reviewer, review.decision, &review.at, review.commit)
        };
        if !proposal.reviews.iter().any(same) {
            proposal.reviews.push(review);
        }
    }
}

fn add_ticket(tickets: &mut BTreeMap<String, RecordedTicket>, ticket: RecordedTicket, gaps: &mut Vec<String>) {
    match tickets.get(&ticket.id) {
        Some(known) if known.status != ticket.status || known.created_at != ticket.created_at => {
            gaps.push(format!(
                "{} is told differently in {} and {}; the first counts",
                ticket.id, known.place.file, ticket.place.file
            ));
        }
        Some(_) => {}
        None => {
            tickets.insert(ticket.id.clone(), ticket);
        }
    }
}

/// Puts reviews or commits to the proposal that they name; an unnamed repository fits when only one proposal has the number.
fn attach(proposals: &mut BTreeMap<ProposalKey, RecordedProposal>, fragment: Fragment, gaps: &mut Vec<String>) {
    let (Fragment::Reviews(key, _) | Fragment::Commits(key, _)) = &fragment else { return };
    let fits = |other: &ProposalKey| {
        other.forge == key.forge
            && other.id == key.id
            && (other.repository == key.repository || other.repository.is_empty() || key.repository.is_empty())
    };
    let found: Vec<ProposalKey> = proposals.keys().filter(|other| fits(other)).cloned().collect();
    let [only] = found.as_slice() else {
        let what = if found.is_empty() { "which is in no file" } else { "and several proposals have that number" };
        gaps.push(format!("reviews or commits were given for {} of `{}`, {what}", key.id, key.repository));
        return;
    };
    let Some(proposal) = proposals.get_mut(only) else { return };
    match fragment {
        Fragment::Reviews(_, reviews) => {
            add_reviews(proposal, reviews);
            proposal.tells_reviews = true;
        }
        Fragment::Commits(_, commits) => proposal.commits.extend(commits),
        Fragment::Proposal(_) | Fragment::Ticket(_) | Fragment::OfTickets(_) | Fragment::Nothing => {}
    }
}
