//! What stands beside tickets in an export: pages, histories, approvals and other names, put to the tickets.

use std::collections::{BTreeMap, BTreeSet};

use super::super::recorded::{Fragment, RecordedTicket, TicketApproval, TicketPage, TicketPart};

/// Tells of every system whether all its pages are there; a page that is missing is a gap.
pub(in crate::evidence::exports) fn check_pages(fragments: &[Fragment], gaps: &mut Vec<String>) -> BTreeMap<String, bool> {
    let mut pages: BTreeMap<&str, Vec<&TicketPage>> = BTreeMap::new();
    for fragment in fragments {
        if let Fragment::OfTickets(part) = fragment
            && let TicketPart::Page(page) = &**part
        {
            pages.entry(page.system.as_str()).or_default().push(page);
        }
    }
    let mut whole = BTreeMap::new();
    for (system, pages) in pages {
        let before = gaps.len();
        check_counts(system, &pages, gaps);
        check_last(system, &pages, gaps);
        whole.insert(system.to_owned(), gaps.len() == before);
    }
    whole
}

/// Pages that say where they begin and how many rows there are: those of one total have to cover it.
fn check_counts(system: &str, pages: &[&TicketPage], gaps: &mut Vec<String>) {
    let mut sets: BTreeMap<u64, Vec<(u64, u64)>> = BTreeMap::new();
    for page in pages {
        if let Some(total) = page.total {
            sets.entry(total).or_default().push((page.start.unwrap_or(0), page.rows));
        }
    }
    for (total, mut ranges) in sets {
        ranges.sort_unstable();
        let (mut end, mut covered) = (0_u64, 0_u64);
        for (start, rows) in ranges {
            let next = start.saturating_add(rows);
            covered += next.saturating_sub(start.max(end));
            end = end.max(next);
        }
        if covered < total {
            gaps.push(format!("{system}: {covered} of {total} tickets are there, pages are missing"));
        }
    }
}

/// Pages that say whether more follow, and pages that are as long as a page can be.
fn check_last(system: &str, pages: &[&TicketPage], gaps: &mut Vec<String>) {
    let said = || pages.iter().filter_map(|page| page.last);
    if said().any(|last| !last) && !said().any(|last| last) {
        gaps.push(format!("{system}: more pages follow, the last page is missing"));
    }
    let silent: Vec<_> = pages.iter().filter(|page| page.last.is_none() && page.total.is_none()).collect();
    if let Some(page) = silent.last().filter(|_| silent.iter().all(|page| page.full)) {
        gaps.push(format!("{system}: {} has {} rows, a full page; more may follow", page.place.file, page.rows));
    }
}

/// Tickets in the order of their ids, each once, and ids by the other names that tickets have or had.
pub(in crate::evidence::exports) fn join(
    fragments: Vec<Fragment>,
    gaps: &mut Vec<String>,
) -> (Vec<RecordedTicket>, BTreeMap<String, String>) {
    let mut tickets: BTreeMap<String, RecordedTicket> = BTreeMap::new();
    let mut parts = Vec::new();
    for fragment in fragments {
        match fragment {
            Fragment::Ticket(ticket) => add(&mut tickets, *ticket, gaps),
            Fragment::OfTickets(part) => parts.push(*part),
            Fragment::Proposal(_)
            | Fragment::Reviews(..)
            | Fragment::Log(..)
            | Fragment::Commits(..)
            | Fragment::ByCommit(_)
            | Fragment::Page(_)
            | Fragment::Nothing => {}
        }
    }
    let names = attach(parts, &mut tickets, gaps);
    (tickets.into_values().collect(), names)
}

fn add(tickets: &mut BTreeMap<String, RecordedTicket>, ticket: RecordedTicket, gaps: &mut Vec<String>) {
    let Some(known) = tickets.get_mut(&ticket.id) else {
        tickets.insert(ticket.id.clone(), ticket);
        return;
    };
    let told = |ticket: &RecordedTicket| (ticket.status.clone(), ticket.created_at.clone().filter(|_| ticket.zoned));
    let ((status, created), (other_status, other_created)) = (told(known), told(&ticket));
    if status != other_status || created.is_some() && other_created.is_some() && created != other_created {
        gaps.push(format!("{} is told differently in {} and {}", ticket.id, known.place.file, ticket.place.file));
    }
    // Of two exports of one ticket, the one with the history says more.
    if ticket.tells_history && !known.tells_history {
        *known = ticket;
    }
}

/// Puts each part to its ticket; the answer names tickets by the other names they have or had.
fn attach(
    parts: Vec<TicketPart>,
    tickets: &mut BTreeMap<String, RecordedTicket>,
    gaps: &mut Vec<String>,
) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    let mut others = Vec::new();
    for part in parts {
        match part {
            TicketPart::OtherName { name, ticket } => {
                names.insert(name, ticket);
            }
            TicketPart::Page(_) => {}
            TicketPart::History { .. } | TicketPart::Approvals { .. } => others.push(part),
        }
    }
    let (mut unknown, mut approved) = (BTreeSet::new(), BTreeSet::new());
    for part in others {
        let (TicketPart::History { ticket: name, .. } | TicketPart::Approvals { ticket: name, .. }) = &part else { continue };
        let id = names.get(name).unwrap_or(name).clone();
        match tickets.get_mut(&id) {
            Some(ticket) => put(part, ticket, approved.insert(id)),
            None => _ = unknown.insert(id),
        }
    }
    if let Some(first) = unknown.first() {
        gaps.push(format!("history or approvals of {} tickets that are in no file, e.g. {first}", unknown.len()));
    }
    for ticket in tickets.values_mut() {
        ticket.history.sort_by(|left, right| left.at.cmp(&right.at));
        ticket.approvals.sort_by(|left, right| left.at.cmp(&right.at));
    }
    names
}

/// `is_first`: what the ticket itself says of approvals is a summary, which the single ones replace.
fn put(part: TicketPart, ticket: &mut RecordedTicket, is_first: bool) {
    match part {
        TicketPart::History { changes, .. } => {
            ticket.history.extend(changes);
            ticket.tells_history = true;
        }
        TicketPart::Approvals { approvals, .. } => {
            if is_first {
                ticket.approvals.clear();
            }
            let known = |approval: &TicketApproval| ticket.approvals.contains(approval);
            let new: Vec<TicketApproval> = approvals.into_iter().filter(|approval| !known(approval)).collect();
            ticket.approvals.extend(new);
            ticket.tells_approvals = true;
        }
        TicketPart::Page(_) | TicketPart::OtherName { .. } => {}
    }
}
