//! Tables of what is said and recorded about changes: decisions of the gate, reviews and approvals, tickets.

use super::{Rows, yes_no};
use crate::checks::WeighedReview;
use crate::checks::ticket_records::account_words;
use crate::evidence::recorded::RecordedTicket;
use crate::evidence::{Fate, Review};
use crate::render::RenderError;
use crate::render::columns::{self, Columns};
use crate::text::CommitId;

pub(super) const GATE_DECISIONS: &[&str] = &["change_id", "subject", "decision", "decided_at", "matched_by", "record"];

/// What the gate decided about each change; then the rulings that are about none.
pub(super) fn gate_decisions(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (_, dossier) in columns.dossiers() {
        if let Some(decision) = &dossier.gate {
            rows.row([
                dossier.change.id().to_string(),
                columns::one_line(dossier.change.commit.subject()),
                decision.decided.word().to_owned(),
                decision.at.clone(),
                decision.matched_by.words().to_owned(),
                columns::one_line(&format!("raw/{}", decision.file)),
            ])?;
        }
    }
    for ruling in &columns.pack.exports.unmatched {
        let (subject, record) = (columns::one_line(&ruling.subject), columns::one_line(&format!("raw/{}", ruling.file)));
        rows.row([
            String::new(),
            subject,
            ruling.decision.to_owned(),
            ruling.at.clone(),
            "no change of the period".to_owned(),
            record,
        ])?;
    }
    Ok(())
}

#[rustfmt::skip] // in the groups of the description, not one a line
pub(super) const APPROVALS: &[&str] = &[
    "change_id", "proposal", "reviewer", "reviewer_raw", "decision", "submitted_at", "reviewed_commit", "landed_commit",
    "on_final_content", "before_arrival", "independent", "role_valid", "counts", "not_counted_reason", "grade", "citation",
];

pub(super) fn approvals(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (position, dossier) in columns.dossiers() {
        let change_id = dossier.change.id().to_string();
        let proposals = columns::proposals(dossier).join("; ");
        for weighed in columns.reviews(position, dossier) {
            let WeighedReview { claim, about, standing } = &weighed;
            let review = &claim.value;
            let raw = columns::person(&review.reviewer);
            let registered = columns.approvals.registered(&review.reviewer);
            rows.row([
                change_id.clone(),
                proposals.clone(),
                registered.map_or_else(|| raw.clone(), |person| columns::one_line(&person.name)),
                raw,
                review.decision.word().to_owned(),
                review.at.as_deref().map(columns::one_line).unwrap_or_default(),
                reviewed_commit(review, *about),
                change_id.clone(),
                review.record.as_ref().map_or("unknown", |record| record.content.words()).to_owned(),
                columns::before_arrival(dossier, review).to_owned(),
                standing.independent().map_or_else(|| "unknown".to_owned(), yes_no),
                columns.approvals.role_valid(dossier, review).words().to_owned(),
                yes_no(weighed.counts()),
                if weighed.counts() { String::new() } else { standing.reason() },
                claim.grade.word().to_owned(),
                columns::citation(&claim.citation, &dossier.change),
            ])?;
        }
    }
    Ok(())
}

/// The commit that a forge says was reviewed, or the side commit that a review is about.
fn reviewed_commit(review: &Review, about: Option<CommitId>) -> String {
    let commit = review.record.as_ref().map_or(about, |record| record.commit);
    commit.map(|commit| commit.to_string()).unwrap_or_default()
}

#[rustfmt::skip] // in the groups of the description, not one a line
pub(super) const PROPOSALS: &[&str] = &[
    "proposal", "result", "repository", "title", "author", "merger", "merged_at", "target", "landed_commits", "change_ids",
    "reviews", "checks", "citation",
];

/// Every merged proposal of the exports, and what became of it on the branch.
pub(super) fn proposals(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    let exports = &columns.pack.exports;
    let ids = |ids: &[CommitId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    for (proposal, fate) in exports.proposals.iter().zip(&exports.fates) {
        let changes = match fate {
            Fate::NotMerged => continue,
            Fate::Changes(changes) => ids(changes),
            Fate::Inside(change) => ids(&[*change]),
            Fate::OtherBranch | Fate::OutsidePeriod | Fate::WithoutChange => String::new(),
        };
        let counted = |is_told: bool, count: usize| if is_told { count.to_string() } else { "not exported".to_owned() };
        rows.row([
            columns::one_line(&proposal.id),
            fate.words().to_owned(),
            columns::one_line(&proposal.repository),
            columns::one_line(&proposal.title),
            columns::one_line(&account_words(&proposal.author)),
            proposal.merged_by.as_ref().map(|account| columns::one_line(&account_words(account))).unwrap_or_default(),
            proposal.merged_at.clone().unwrap_or_default(),
            proposal.target.as_deref().map(columns::one_line).unwrap_or_default(),
            ids(&proposal.landed),
            changes,
            counted(proposal.tells_reviews, proposal.reviews.len()),
            counted(proposal.tells_checks, proposal.checks.len()),
            columns::near_citation(&proposal.place.citation()),
        ])?;
    }
    Ok(())
}

#[rustfmt::skip] // in the groups of the description, not one a line
pub(super) const TICKETS: &[&str] = &[
    "ticket", "system", "place", "resolved", "type", "title", "requester", "created_at", "approved_by", "approved_at",
    "status_at_arrival", "change_ids", "created_before_push", "approved_before_arrival", "citation",
];

/// One row for each reference of each change: its state at arrival would differ from change to change.
pub(super) fn tickets(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (_, dossier) in columns.dossiers() {
        for claim in &dossier.evidence.tickets {
            let facts = columns::ticket_facts(&columns.tickets, &claim.value, dossier);
            let [kind, title, requester, created_at] = facts.record.map(record_cells).unwrap_or_default();
            let read_at = columns::citation(&claim.citation, &dossier.change);
            rows.row([
                columns::one_line(&claim.value.id),
                columns::one_line(columns::system_words(&claim.value.system)),
                columns::relation_words(claim.value.relation).to_owned(),
                facts.resolved.to_owned(),
                kind,
                title,
                requester,
                created_at,
                facts.approved_by.join("; "),
                facts.approved_at.join("; "),
                facts.status_at_arrival,
                dossier.change.id().to_string(),
                facts.created_before_push.to_owned(),
                facts.approved_before_arrival.to_owned(),
                if facts.citation.is_empty() { read_at } else { format!("{read_at}; {}", facts.citation) },
            ])?;
        }
    }
    Ok(())
}

/// `type` to `created_at`.
fn record_cells(record: &RecordedTicket) -> [String; 4] {
    [
        columns::one_line(&record.kind),
        columns::one_line(&record.title),
        columns::one_line(&account_words(&record.requester)),
        record.created_at.as_deref().map(columns::one_line).unwrap_or_default(),
    ]
}

#[rustfmt::skip] // in the groups of the description, not one a line
pub(super) const TICKETS_WITHOUT_CHANGE: &[&str] = &[
    "ticket", "system", "type", "title", "requester", "created_at", "status", "approved_by", "approved_at", "citation",
];

/// Approved tickets of the exports that no change of the period has as its reason.
pub(super) fn tickets_without_change(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for record in columns.tickets.without_change(&columns.pack.dossiers) {
        let facts = columns::unused_ticket(&columns.tickets, record);
        let [kind, title, requester, created_at] = record_cells(record);
        rows.row([
            columns::one_line(&record.id),
            columns::one_line(&record.system),
            kind,
            title,
            requester,
            created_at,
            columns::one_line(&record.status),
            facts.approved_by.join("; "),
            facts.approved_at.join("; "),
            facts.citation,
        ])?;
    }
    Ok(())
}
