//! What the given exports tell about the tickets that changes name: whether they exist, and how they stood at arrival.

use std::collections::{BTreeMap, BTreeSet};

use super::shown;
use crate::evidence::recorded::{Account, RecordedTicket, TicketApproval};
use crate::evidence::{Dossier, Exports, Ticket, TicketSystem};
use crate::settings::Settings;
use crate::text::utc_seconds;

/// A time that names no zone may be off by so many seconds.
pub const ZONE_DOUBT: i64 = 14 * 3600;

/// The tickets of all exports, to be looked up.
#[derive(Debug)]
pub struct TicketRecords<'a> {
    exports: &'a Exports,
    approved: &'a [String],
    by_id: BTreeMap<&'a str, &'a RecordedTicket>,
    /// Issues of forges by their number alone.
    by_number: BTreeMap<&'a str, Vec<&'a RecordedTicket>>,
    /// What the exported ids begin with: `SEC`, `CHG`, `acme/policies`.
    projects: BTreeSet<&'a str>,
}

/// What came of looking for a ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUp<'a> {
    /// It is in an export.
    Found(&'a RecordedTicket),
    /// Its project was exported, and it is not there.
    Missing,
    /// No export can tell, and why.
    NotChecked(String),
}

impl LookUp<'_> {
    /// The word for it in packs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Found(_) => "yes",
            Self::Missing => "no",
            Self::NotChecked(_) => "not checked",
        }
    }
}

/// Whether a ticket was approved when the change arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Approved {
    /// It was.
    Before,
    /// It was approved, but later.
    After(TicketApproval),
    /// The last decision before arrival was a rejection.
    Rejected(TicketApproval),
    /// It was never approved, as far as the export goes.
    Never,
    /// The export cannot say, and why.
    Unknown(&'static str),
}

/// The part of an id before its number.
fn project(id: &str) -> &str {
    match id.split_once('#') {
        Some((project, _)) => project,
        None => id.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('-'),
    }
}

/// The systems, as exports are named, that a reference of a form may belong to.
fn systems(system: &TicketSystem) -> Vec<&str> {
    match system {
        TicketSystem::Jira => vec!["Jira"],
        TicketSystem::ServiceNow => vec!["ServiceNow"],
        TicketSystem::AzureBoards => vec!["Azure Boards"],
        TicketSystem::ForgeIssue => vec!["GitHub issues", "GitLab issues", "Gitea issues", "Redmine", "Roundup"],
        TicketSystem::Phabricator => vec!["Phabricator"],
        TicketSystem::Custom(name) => vec![name],
    }
}

impl<'a> TicketRecords<'a> {
    /// Prepares the look-ups.
    #[must_use]
    pub fn of(exports: &'a Exports, settings: &'a Settings) -> Self {
        let mut by_number: BTreeMap<&str, Vec<&RecordedTicket>> = BTreeMap::new();
        for ticket in &exports.tickets {
            if let Some((_, number)) = ticket.id.split_once('#').filter(|(project, _)| *project != "AB") {
                by_number.entry(number).or_default().push(ticket);
            }
        }
        Self {
            exports,
            approved: &settings.tickets.approved,
            by_id: exports.tickets.iter().map(|ticket| (ticket.id.as_str(), ticket)).collect(),
            by_number,
            projects: exports.tickets.iter().map(|ticket| project(&ticket.id)).collect(),
        }
    }

    /// Whether any export of tickets was given.
    #[must_use]
    pub fn given(&self) -> bool {
        !self.exports.ticket_systems.is_empty()
    }

    /// Looks for a ticket by the id that a message names.
    #[must_use]
    pub fn find(&self, ticket: &Ticket) -> LookUp<'a> {
        let id = &*ticket.id;
        let moved = || self.by_id.get(self.exports.ticket_names.get(id)?.as_str());
        if let Some(found) = self.by_id.get(id).or_else(moved) {
            return LookUp::Found(found);
        }
        if ticket.system == TicketSystem::ForgeIssue
            && let Some(answer) = self.find_issue(id)
        {
            return answer;
        }
        self.absent(ticket)
    }

    /// `#12` stands for the one repository that was exported, `name#12` for the one of that name.
    fn find_issue(&self, id: &str) -> Option<LookUp<'a>> {
        let (wanted, number) = id.split_once('#')?;
        let fits = |ticket: &&&RecordedTicket| {
            let known = project(&ticket.id);
            wanted.is_empty() || known.strip_suffix(wanted).is_some_and(|owner| owner.ends_with('/'))
        };
        let candidates: Vec<&&RecordedTicket> = self.by_number.get(number)?.iter().filter(fits).collect();
        match candidates.as_slice() {
            [] => None,
            [only] => Some(LookUp::Found(only)),
            [..] => Some(LookUp::NotChecked(format!("{} repositories of the exports have an issue {id}", candidates.len()))),
        }
    }

    /// Why a ticket was not found: it is missing only where its project was exported, and whole.
    fn absent(&self, ticket: &Ticket) -> LookUp<'a> {
        let known = systems(&ticket.system).into_iter().filter_map(|name| self.exports.ticket_systems.get_key_value(name));
        let given: Vec<(&String, &bool)> = known.collect();
        if given.is_empty() {
            let of = systems(&ticket.system).first().map_or_else(String::new, |name| (*name).to_owned());
            let of = if ticket.system == TicketSystem::ForgeIssue { "forge issues".to_owned() } else { shown(&of) };
            return LookUp::NotChecked(format!("no export of {of} was given"));
        }
        let id = shown(&ticket.id);
        if let Some((system, _)) = given.iter().find(|(_, whole)| !**whole) {
            return LookUp::NotChecked(format!("{id} is not in the export of {system}, which is not whole"));
        }
        let wanted = project(&ticket.id);
        if !wanted.is_empty() && !self.projects.contains(wanted) && !self.exports.tickets.is_empty() {
            return LookUp::NotChecked(format!("the exports have no ticket of {}, so {id} cannot be looked up", shown(wanted)));
        }
        LookUp::Missing
    }

    /// Every approval, oldest first; `None` where nothing tells of approvals: neither the export nor a status that the
    /// settings name.
    #[must_use]
    pub fn approvals(&self, ticket: &RecordedTicket) -> Option<Vec<TicketApproval>> {
        let by_status = !self.approved.is_empty() && ticket.tells_history;
        if !ticket.tells_approvals && !by_status {
            return None;
        }
        let mut approvals = ticket.approvals.clone();
        let means_approved = |status: &str| self.approved.iter().any(|known| known.eq_ignore_ascii_case(status));
        let steps = ticket.history.iter().filter(|step| by_status && means_approved(&step.to));
        approvals.extend(steps.map(|step| TicketApproval { by: step.by.clone(), at: Some(step.at.clone()), approved: true }));
        approvals.sort_by(|left, right| left.at.cmp(&right.at));
        Some(approvals)
    }

    /// Whether a ticket was approved at a moment.
    #[must_use]
    pub fn approved_at(&self, ticket: &RecordedTicket, moment: i64) -> Approved {
        let Some(approvals) = self.approvals(ticket) else {
            return Approved::Unknown("the export tells nothing about approvals");
        };
        let at = |approval: &TicketApproval| approval.at.as_deref().and_then(utc_seconds);
        let before = approvals.iter().rev().find(|approval| at(approval).is_some_and(|at| at <= moment));
        match before {
            Some(approval) if approval.approved => return Approved::Before,
            Some(approval) => return Approved::Rejected(approval.clone()),
            None => {}
        }
        if approvals.iter().any(|approval| approval.approved && at(approval).is_none()) {
            return Approved::Unknown("the export does not tell when it was approved");
        }
        if let Some(late) = approvals.iter().find(|approval| approval.approved) {
            return Approved::After(late.clone());
        }
        approvals.last().map_or(Approved::Never, |rejected| Approved::Rejected(rejected.clone()))
    }

    /// Approved tickets that no change has as its reason.
    #[must_use]
    pub fn without_change(&self, dossiers: &[Dossier]) -> Vec<&'a RecordedTicket> {
        let reasons = dossiers.iter().flat_map(|dossier| &dossier.evidence.tickets);
        let reasons = reasons.filter(|claim| !claim.value.relation.is_mention());
        let used: BTreeSet<&str> = reasons
            .filter_map(|claim| match self.find(&claim.value) {
                LookUp::Found(ticket) => Some(ticket.id.as_str()),
                LookUp::Missing | LookUp::NotChecked(_) => None,
            })
            .collect();
        let approved = |ticket: &RecordedTicket| {
            self.approvals(ticket).is_some_and(|approvals| approvals.iter().any(|approval| approval.approved))
        };
        self.exports.tickets.iter().filter(|ticket| !used.contains(ticket.id.as_str()) && approved(ticket)).collect()
    }
}

/// The status of a ticket at a moment, as far as its history tells.
#[must_use]
pub fn status_at(ticket: &RecordedTicket, moment: i64) -> Option<&str> {
    let is_before = |at: &str| utc_seconds(at).is_some_and(|at| at <= moment);
    let last = ticket.history.iter().rev().find(|step| is_before(&step.at))?;
    let is_newest = ticket.history.last() == Some(last);
    (ticket.zoned && (ticket.tells_history || is_newest)).then_some(last.to.as_str())
}

/// Whether a ticket was created at or before a moment; `None` where the export does not tell well enough.
#[must_use]
pub fn created_before(ticket: &RecordedTicket, moment: i64) -> Option<bool> {
    let created = ticket.created_at.as_deref().and_then(utc_seconds)?;
    let is_near = !ticket.zoned && (created - moment).abs() <= ZONE_DOUBT;
    (!is_near).then_some(created <= moment)
}

/// When a change arrived (seconds since 1970): as recorded, or else by the committer date.
#[must_use]
pub fn arrived(dossier: &Dossier) -> Option<i64> {
    let recorded = dossier.evidence.merged_at.as_ref().and_then(|claim| utc_seconds(&claim.value));
    recorded.or_else(|| dossier.change.commit.committer.when.known().map(|when| when.seconds))
}

/// When the work of a change was done: the last of its side commits, or else its own author date.
#[must_use]
pub fn work_done(dossier: &Dossier) -> Option<i64> {
    let sides = dossier.change.side_commits.iter().filter_map(|side| side.committer.when.known());
    let last = sides.map(|when| when.seconds).max();
    last.or_else(|| dossier.change.commit.author.when.known().map(|when| when.seconds))
}

/// Somebody as a ticket system names them: `Name <mail>`, else the login.
#[must_use]
pub fn account_words(account: &Account) -> String {
    let name = if account.name.is_empty() { &account.login } else { &account.name };
    match (name.is_empty(), account.mail.is_empty()) {
        (_, true) => name.clone(),
        (true, false) => account.mail.clone(),
        (false, false) => format!("{name} <{}>", account.mail),
    }
}
