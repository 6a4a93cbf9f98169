//! Claims, each with its grade and where it was read.

use serde::Serialize;

use super::commit::{JsonPath, json_path};
use super::person::{JsonPerson, person};
use crate::checks::WeighedReview;
use crate::evidence::recorded::{Account, RecordedTicket};
use crate::evidence::{Citation, Claim, Dossier, Evidence, Place, Review, Source, Ticket};
use crate::render::columns::{self, Columns};

#[derive(Serialize)]
pub(super) struct JsonCitation<'a> {
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(flatten)]
    path: Option<JsonPath<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    export: Option<String>,
    place: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

pub(super) fn citation(citation: &Citation) -> JsonCitation<'_> {
    let (mut path, mut export) = (None, None);
    let (source, commit) = match &citation.source {
        Source::Change => ("change", None),
        Source::SideCommit(commit) => ("side commit", Some(commit.to_string())),
        Source::Note(reference, commit) => (&**reference, Some(commit.to_string())),
        Source::File(file) => {
            path = Some(json_path(file));
            ("file", None)
        }
        Source::FileBefore(file) => {
            path = Some(json_path(file));
            ("file before", None)
        }
        Source::Export(file, inside) => {
            export = Some(format!("raw/{file}, {inside}"));
            ("export", None)
        }
    };
    let (place, line) = match citation.place {
        Place::Subject => ("subject", None),
        Place::Body(line) => ("body", Some(line)),
        Place::Trailer(line) => ("trailer", Some(line)),
        Place::Branch => ("branch", None),
        Place::Header => ("header", None),
        Place::Topology => ("topology", None),
        Place::Note(line) => ("note", Some(line)),
        Place::Line(line) => ("line", Some(line)),
        Place::Record => ("record", None),
    };
    JsonCitation { source, commit, path, export, place, line }
}

#[derive(Serialize)]
struct JsonClaim<'a, T> {
    value: T,
    grade: &'static str,
    citation: JsonCitation<'a>,
}

fn claim<'a, S, T>(claim: &'a Claim<S>, value: impl FnOnce(&'a S) -> T) -> JsonClaim<'a, T> {
    JsonClaim { value: value(&claim.value), grade: claim.grade.word(), citation: citation(&claim.citation) }
}

fn claims<'a, S, T>(list: impl IntoIterator<Item = &'a Claim<S>>, value: impl Fn(&'a S) -> T) -> Vec<JsonClaim<'a, T>>
where
    S: 'a,
{
    list.into_iter().map(|one| claim(one, &value)).collect()
}

#[derive(Serialize)]
pub(super) struct JsonEvidence<'a> {
    proposals: Vec<JsonClaim<'a, JsonProposal<'a>>>,
    tickets: Vec<JsonClaim<'a, JsonTicket<'a>>>,
    reviews: Vec<JsonReview<'a>>,
    co_authors: Vec<JsonClaim<'a, JsonPerson<'a>>>,
    reverts: Vec<JsonClaim<'a, &'a str>>,
    picked_from: Vec<JsonClaim<'a, &'a str>>,
    merger: Option<JsonClaim<'a, JsonPerson<'a>>>,
    emergency: Option<JsonClaim<'a, &'a str>>,
    trailers: Vec<JsonTrailer<'a>>,
}

#[derive(Serialize)]
struct JsonProposal<'a> {
    id: &'a str,
    convention: &'a str,
    branch: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonTicket<'a> {
    id: &'a str,
    system: &'a str,
    relation: &'static str,
    resolved: &'static str,
    record: Option<JsonRecord<'a>>,
}

/// A ticket as its system recorded it; what is not told is null.
#[derive(Serialize)]
struct JsonRecord<'a> {
    id: &'a str,
    system: &'a str,
    r#type: &'a str,
    title: &'a str,
    requester: JsonAccount<'a>,
    created_at: Option<&'a str>,
    zone_known: bool,
    status: &'a str,
    status_at_arrival: Option<String>,
    created_before_push: &'static str,
    approved_before_arrival: &'static str,
    approvals: Vec<JsonTicketApproval<'a>>,
    file: String,
    place: &'a str,
}

#[derive(Serialize)]
struct JsonAccount<'a> {
    login: &'a str,
    name: &'a str,
    mail: &'a str,
}

#[derive(Serialize)]
struct JsonTicketApproval<'a> {
    approved: bool,
    by: JsonAccount<'a>,
    at: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct JsonReview<'a> {
    reviewer: JsonPerson<'a>,
    decision: &'static str,
    convention: &'static str,
    quoted: bool,
    at: Option<&'a str>,
    counts: Option<bool>,
    not_counted_reason: Option<String>,
    role_valid: Option<&'static str>,
    grade: &'static str,
    citation: JsonCitation<'a>,
}

#[derive(Serialize)]
struct JsonTrailer<'a> {
    key: &'a str,
    value: &'a str,
    line: u32,
    in_block: bool,
}

pub(super) fn evidence<'a>(
    columns: &Columns<'a>,
    dossier: &'a Dossier,
    found: &'a Evidence,
    reviews: Vec<JsonReview<'a>>,
) -> JsonEvidence<'a> {
    let proposal = |value: &'a crate::evidence::Proposal| JsonProposal {
        id: &value.id,
        convention: value.convention,
        branch: value.branch.as_deref(),
    };
    let trailer = |trailer: &'a crate::evidence::Trailer| JsonTrailer {
        key: &trailer.key,
        value: &trailer.value,
        line: trailer.line,
        in_block: trailer.in_block,
    };
    JsonEvidence {
        proposals: claims(found.proposals(), proposal),
        tickets: claims(&found.tickets, |value| ticket(columns, dossier, value)),
        reviews,
        co_authors: claims(&found.co_authors, |value| person(value)),
        reverts: claims(&found.reverts, |value| &**value),
        picked_from: claims(&found.picked_from, |value| &**value),
        merger: found.merger.as_ref().map(|one| claim(one, |value| person(value))),
        emergency: found.emergency.as_ref().map(|one| claim(one, |value| &**value)),
        trailers: found.trailers.iter().map(trailer).collect(),
    }
}

fn ticket<'a>(columns: &Columns<'a>, dossier: &Dossier, ticket: &'a Ticket) -> JsonTicket<'a> {
    let facts = columns::ticket_facts(&columns.tickets, ticket, dossier);
    JsonTicket {
        id: &ticket.id,
        system: columns::system_words(&ticket.system),
        relation: columns::relation_words(ticket.relation),
        resolved: facts.resolved,
        record: facts.record.map(|found| record(found, &facts)),
    }
}

fn record<'a>(record: &'a RecordedTicket, facts: &columns::TicketFacts<'a>) -> JsonRecord<'a> {
    let approvals = record.approvals.iter().map(|approval| JsonTicketApproval {
        approved: approval.approved,
        by: account(&approval.by),
        at: approval.at.as_deref(),
    });
    JsonRecord {
        id: &record.id,
        system: &record.system,
        r#type: &record.kind,
        title: &record.title,
        requester: account(&record.requester),
        created_at: record.created_at.as_deref(),
        zone_known: record.zoned,
        status: &record.status,
        status_at_arrival: Some(facts.status_at_arrival.clone()).filter(|status| !status.is_empty()),
        created_before_push: facts.created_before_push,
        approved_before_arrival: facts.approved_before_arrival,
        approvals: approvals.collect(),
        file: format!("raw/{}", record.place.file),
        place: &record.place.place,
    }
}

fn account(account: &Account) -> JsonAccount<'_> {
    JsonAccount { login: &account.login, name: &account.name, mail: &account.mail }
}

pub(super) fn review<'a>(columns: &Columns<'_>, dossier: &Dossier, weighed: &WeighedReview<'a>) -> JsonReview<'a> {
    let counts = weighed.counts();
    JsonReview {
        role_valid: Some(columns.approvals.role_valid(dossier, &weighed.claim.value).words()),
        counts: Some(counts),
        not_counted_reason: (!counts).then(|| weighed.standing.reason()),
        ..unweighed(weighed.claim)
    }
}

pub(super) fn unweighed(one: &Claim<Review>) -> JsonReview<'_> {
    JsonReview {
        reviewer: person(&one.value.reviewer),
        decision: one.value.decision.word(),
        convention: one.value.convention,
        quoted: one.value.quoted,
        at: one.value.at.as_deref(),
        counts: None,
        not_counted_reason: None,
        role_valid: None,
        grade: one.grade.word(),
        citation: citation(&one.citation),
    }
}
