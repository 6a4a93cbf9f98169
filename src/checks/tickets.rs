//! Why was it done?

use std::collections::BTreeMap;

use super::catalogue::{Family, Listing};
use super::register::Register;
use super::verdict::{Verdict, counted, in_scope, judge_each_change, shown, some_of};
use super::{Card, Check, Finding, Gate, Period, Severity};
use crate::classification::LayerSet;
use crate::evidence::{Citation, Claim, Dossier, Grade, Source, Ticket, TicketRelation};
use crate::settings::Layer;
use crate::settings::reader::{Section, did_you_mean};

mod order;
mod reason;
pub mod records;
mod unresolved;

pub(super) use reason::Reasons;

pub(super) const FAMILY: Family = Family {
    name: "tickets",
    question: "Why was it done?",
    checks: &[
        Listing { card: &TICKET_MISSING, configure: |section| Box::new(TicketMissing::configured(section)) },
        Listing { card: &TICKET_OVERUSED, configure: |section| Box::new(TicketOverused::configured(section)) },
        unresolved::LISTING,
        order::LISTING,
        reason::LISTING,
    ],
};

static TICKET_MISSING: Card = Card {
    id: "ticket-missing",
    requirement: "Every change names a ticket of a valid form.",
    rationale: "The ticket is where request, risk and approval are recorded. Without a reference nobody can get from a change to its \
                reason once its author has left.",
    remedy: "Find the ticket with the author and record it in the response column. Demand a reference in the merge template from now on.",
    severity: Severity::High,
    gate: Gate::Message,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-3"),
        ("PCI DSS 4.0", "6.5.1"),
        ("NERC CIP", "CIP-010-4 R1"),
        ("SOX ITGC", "change management"),
        ("BSI", "OPS.1.1.3"),
        ("EnWG", "\u{a7}11"),
    ],
    needs: "the message of the change and of its side commits",
    waivable_by: "the change manager, not the author of the change",
    settings: &[
        (
            "accept",
            "[\"own\", \"branch\", \"side-commit\"]",
            "where a reference counts: the change's own message, the source branch named by the merge, a side commit",
        ),
        ("exempt_registered_bots", "false", "whether changes written by a bot of the register need no ticket"),
    ],
    since: "0.1.0",
    limits: "It sees the form of a reference, not whether the ticket exists, was approved, or is about this change. A ticket that only \
             the description of a proposal names is not in Git.",
};

/// See [`TICKET_MISSING`].
#[derive(Debug)]
struct TicketMissing {
    accept: Vec<TicketRelation>,
    exempt_registered_bots: bool,
}

/// Where a reference may stand, by the words of the settings, best first.
const RELATIONS: [(&str, TicketRelation); 3] =
    [("own", TicketRelation::Own), ("branch", TicketRelation::Branch), ("side-commit", TicketRelation::SideCommit)];

impl TicketMissing {
    fn configured(section: &mut Section) -> Self {
        let written = section.strings("accept");
        let accept = match written {
            None => RELATIONS.iter().map(|(_, relation)| *relation).collect(),
            Some(words) => words.into_iter().filter_map(|(line, word)| relation(section, line, &word)).collect(),
        };
        Self { accept, exempt_registered_bots: section.flag("exempt_registered_bots", false) }
    }

    fn judge(&self, dossier: &Dossier, register: &Register<'_>) -> Verdict {
        let tickets = &dossier.evidence.tickets;
        let accepted = tickets.iter().filter(|claim| self.accept.contains(&claim.value.relation));
        if let Some(best) = accepted.min_by_key(|claim| claim.value.relation) {
            return passed(best);
        }
        if self.exempt_registered_bots && register.bot_author(dossier).is_some() {
            return Verdict::not_applicable();
        }
        if let Some(claim) = tickets.first() {
            let citations = tickets.iter().take(5).map(|claim| claim.citation.clone());
            return Verdict::exception(claim.grade, not_enough(tickets)).citing(citations);
        }
        Verdict::exception(Grade::None, nothing_found(dossier))
    }
}

fn relation(section: &mut Section, line: usize, word: &str) -> Option<TicketRelation> {
    let found = RELATIONS.iter().find(|(known, _)| *known == word).map(|(_, relation)| *relation);
    if found.is_none() {
        let words = RELATIONS.map(|(known, _)| known);
        let hint = format!("{}write one of: {}", did_you_mean(word, &words), words.join(", "));
        section.complain(line, format!("`{word}` is no place where a ticket can stand"), hint);
    }
    found
}

impl Check for TicketMissing {
    fn card(&self) -> &'static Card {
        &TICKET_MISSING
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let register = Register::of(period.settings);
        judge_each_change(&TICKET_MISSING, period, |_, dossier| self.judge(dossier, &register))
    }
}

fn passed(claim: &Claim<Ticket>) -> Verdict {
    let id = shown(&claim.value.id);
    let verdict = match claim.value.relation {
        TicketRelation::Own | TicketRelation::Quoted | TicketRelation::Unseen => return Verdict::pass(claim.grade),
        TicketRelation::Branch => {
            Verdict::pass_because(claim.grade, format!("{id} stands only in the name of the source branch"))
        }
        TicketRelation::SideCommit => Verdict::pass_because(claim.grade, format!("{id} stands only in {}", place(claim))),
    };
    verdict.citing([claim.citation.clone()])
}

fn place(claim: &Claim<Ticket>) -> String {
    match &claim.citation.source {
        Source::SideCommit(id) | Source::Note(_, id) => format!("side commit {}", id.0.short()),
        Source::Change | Source::File(_) | Source::FileBefore(_) | Source::Export(..) => "a side commit".to_owned(),
    }
}

/// Why the references that there are do not count.
fn not_enough(tickets: &[Claim<Ticket>]) -> String {
    let told = tickets.iter().map(|claim| {
        let id = shown(&claim.value.id);
        match claim.value.relation {
            TicketRelation::Quoted => format!("{id} is only a mention: it stands in a quotation, of another change or of code"),
            TicketRelation::Unseen => {
                format!("{id} is only a mention: a reader is not shown it, since it stands behind a NUL byte or in a comment")
            }
            TicketRelation::Branch => {
                format!("{id} stands only in the name of the source branch, which the settings do not accept")
            }
            TicketRelation::SideCommit => format!("{id} stands only in {}, which the settings do not accept", place(claim)),
            TicketRelation::Own => format!("{id} stands in the message, which the settings do not accept"),
        }
    });
    some_of(told)
}

fn nothing_found(dossier: &Dossier) -> String {
    let mut places = vec!["the message".to_owned()];
    let proposal = dossier.evidence.proposal.as_ref();
    if let Some(branch) = proposal.and_then(|claim| claim.value.branch.as_ref()) {
        places.push(format!("the branch name `{}`", shown(branch)));
    }
    match dossier.change.side_commits.len() {
        0 => {}
        side => places.push(counted(side, "side commit")),
    }
    format!("no ticket reference in {}", places.join(", "))
}

static TICKET_OVERUSED: Card = Card {
    id: "ticket-overused",
    requirement: "One ticket stands for a limited number of changes, days and layers.",
    rationale: "A ticket that is used for everything explains nothing: nobody approved each of those changes when they approved it.",
    remedy: "Open one ticket per piece of work. For a long project keep one ticket per step below a common parent.",
    severity: Severity::Medium,
    gate: Gate::Afterwards,
    references: &[("SOC 2", "CC8.1"), ("NIST SP 800-53", "CM-3"), ("ISO 27001:2022", "A.8.32")],
    needs: "the messages of all changes of the period",
    waivable_by: "the change manager, not the author of the change",
    settings: &[
        ("max_changes", "10", "how many changes may name one ticket"),
        ("max_days", "90", "how many days may lie between the first and the last of them, by committer date"),
        ("max_layers", "3", "how many layers they may touch together"),
    ],
    since: "0.1.0",
    limits: "It counts inside the audited period only, and by committer date. It cannot tell a large project from a catch-all ticket.",
};

/// See [`TICKET_OVERUSED`].
#[derive(Debug)]
struct TicketOverused {
    limits: Limits,
}

/// How much one ticket may stand for.
#[derive(Debug)]
struct Limits {
    changes: i64,
    days: i64,
    layers: i64,
}

/// What one ticket is used for.
#[derive(Clone, Copy, Debug, Default)]
struct Usage {
    changes: i64,
    dates: Option<(i64, i64)>,
    layers: LayerSet,
}

impl TicketOverused {
    fn configured(section: &mut Section) -> Self {
        let changes = section.integer("max_changes", 10, 1..=1_000_000);
        let days = section.integer("max_days", 90, 1..=36_500);
        let layers = section.integer("max_layers", 3, 1..=5);
        Self { limits: Limits { changes, days, layers } }
    }

    fn judge(&self, dossier: &Dossier, usages: &BTreeMap<&str, Usage>) -> Verdict {
        let mut tickets: Vec<&Claim<Ticket>> = reasons(dossier).collect();
        let Some(grade) = tickets.iter().map(|claim| claim.grade).min() else {
            return Verdict::not_applicable();
        };
        tickets.dedup_by_key(|claim| &claim.value.id);
        let over: Vec<String> = tickets.iter().filter_map(|claim| self.excess(&claim.value.id, usages)).collect();
        if over.is_empty() {
            return Verdict::pass(grade);
        }
        Verdict::exception(grade, some_of(over)).citing(tickets.iter().take(5).map(|claim| claim.citation.clone()))
    }

    /// How a ticket exceeds a limit, if it does.
    fn excess(&self, id: &str, usages: &BTreeMap<&str, Usage>) -> Option<String> {
        let usage = usages.get(id)?;
        let days = usage.dates.map_or(0, |(first, last)| last.saturating_sub(first) / 86_400);
        let layers = i64::from(usage.layers.len());
        let limits = [
            (usage.changes, self.limits.changes, "changes"),
            (days, self.limits.days, "days"),
            (layers, self.limits.layers, "layers"),
        ];
        let over = limits.iter().filter(|(number, limit, _)| number > limit);
        let over: Vec<String> = over.map(|(number, limit, noun)| format!("{number} {noun} (limit {limit})")).collect();
        (!over.is_empty()).then(|| format!("{} is used for {}", shown(id), over.join(" and ")))
    }
}

impl Check for TicketOverused {
    fn card(&self) -> &'static Card {
        &TICKET_OVERUSED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let usages = usages(period);
        judge_each_change(&TICKET_OVERUSED, period, |_, dossier| self.judge(dossier, &usages))
    }
}

/// The words of a setting; none where it is not written.
fn words(section: &mut Section, key: &'static str) -> Vec<String> {
    section.strings(key).unwrap_or_default().into_iter().map(|(_, word)| word).collect()
}

/// The words of a setting, or the built-in ones where it is not written.
pub(super) fn words_or(section: &mut Section, key: &'static str, built_in: &[&str]) -> Vec<String> {
    let built_in = || built_in.iter().map(|word| (*word).to_owned()).collect();
    section.strings(key).map_or_else(built_in, |written| written.into_iter().map(|(_, word)| word).collect())
}

/// The built-in statuses and those that a setting adds.
fn statuses(section: &mut Section, key: &'static str, built_in: &[&str]) -> Vec<String> {
    let mut statuses: Vec<String> = built_in.iter().map(|word| (*word).to_owned()).collect();
    statuses.extend(words(section, key));
    statuses
}

/// What was found about the tickets of one change: what is wrong counts before what is unknown.
#[derive(Debug)]
struct TicketSum {
    grade: Grade,
    named: usize,
    wrong: Vec<String>,
    unknown: Vec<String>,
    citations: Vec<Citation>,
}

impl TicketSum {
    /// At most of the given grade.
    fn new(grade: Grade) -> Self {
        Self { grade, named: 0, wrong: Vec::new(), unknown: Vec::new(), citations: Vec::new() }
    }

    /// A reference that is looked at; its grade bounds the conclusion's.
    fn names(&mut self, claim: &Claim<Ticket>) {
        self.named += 1;
        self.grade = self.grade.min(claim.grade);
        self.citations.push(claim.citation.clone());
    }

    fn wrong(&mut self, complaint: String, read_at: Option<Citation>) {
        self.wrong.push(complaint);
        self.citations.extend(read_at);
    }

    fn unknown(&mut self, reason: String) {
        self.unknown.push(reason);
    }

    fn verdict(self) -> Verdict {
        const CITED: usize = 5;
        if self.named == 0 {
            return Verdict::not_applicable();
        }
        if !self.wrong.is_empty() {
            return Verdict::exception(self.grade, some_of(self.wrong)).citing(self.citations.into_iter().take(CITED));
        }
        if !self.unknown.is_empty() {
            return Verdict::not_assessable(some_of(self.unknown));
        }
        Verdict::pass(self.grade)
    }
}

/// The references that are reasons, not mentions.
pub(super) fn reasons(dossier: &Dossier) -> impl Iterator<Item = &Claim<Ticket>> {
    dossier.evidence.tickets.iter().filter(|claim| !claim.value.relation.is_mention())
}

fn usages<'a>(period: &Period<'a>) -> BTreeMap<&'a str, Usage> {
    let mut usages: BTreeMap<&str, Usage> = BTreeMap::new();
    for dossier in in_scope(period) {
        let layers = dossier.classification.files.iter().fold(LayerSet::EMPTY, |layers, file| layers.union(file.layers));
        let date = dossier.change.commit.committer.when.known().map(|timestamp| timestamp.seconds);
        let ids: std::collections::BTreeSet<&str> = reasons(dossier).map(|claim| &*claim.value.id).collect();
        for id in ids {
            let usage = usages.entry(id).or_default();
            usage.changes += 1;
            usage.layers = usage.layers.union(layers.without(Layer::Governance));
            usage.dates = match (usage.dates, date) {
                (Some((first, last)), Some(date)) => Some((first.min(date), last.max(date))),
                (dates, None) => dates,
                (None, Some(date)) => Some((date, date)),
            };
        }
    }
    usages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{DAY, START, assess, at, dossier, outcomes, settings, settings_with, ticket, told, with_files};
    use crate::evidence::Exports;
    use crate::evidence::recorded::{Account, RecordedTicket};
    use crate::text::utc_text;

    pub fn ticketed(n: u8, id: &str, relation: TicketRelation) -> Dossier {
        let mut dossier = dossier(n, "Say why");
        dossier.evidence.tickets = vec![ticket(id, relation)];
        dossier
    }

    /// A whole export of the project SEC: `SEC-1`, created on day 0, and `SEC-2`, which was cancelled.
    pub fn exports() -> Exports {
        let ticket = |id: &str, kind: &str, status: &str| RecordedTicket {
            id: id.into(),
            system: "Jira".into(),
            kind: kind.into(),
            title: "Close the port".into(),
            text: String::new(),
            requester: Account::default(),
            created_at: utc_text(START),
            zoned: true,
            status: status.into(),
            history: Vec::new(),
            tells_history: false,
            approvals: Vec::new(),
            tells_approvals: false,
            place: crate::evidence::recorded::ExportPlace::default(),
        };
        Exports {
            tickets: vec![ticket("SEC-1", "Change", "Open"), ticket("SEC-2", "Incident", "Cancelled")],
            ticket_systems: BTreeMap::from([("Jira".to_owned(), true)]),
            ..Exports::default()
        }
    }

    #[test]
    fn a_quoted_ticket_is_no_reason() {
        let changes =
            [ticketed(1, "SEC-1", TicketRelation::Own), ticketed(2, "SEC-1", TicketRelation::Quoted), dossier(3, "none")];
        assert_eq!(
            told(&assess(&TICKET_MISSING, &settings(), &changes)),
            [
                "no exception",
                "exception: SEC-1 is only a mention: it stands in a quotation, of another change or of code",
                "exception: no ticket reference in the message",
            ]
        );
    }

    #[test]
    fn settings_decide_where_a_ticket_may_stand() {
        let changes = [ticketed(1, "SEC-1", TicketRelation::Branch)];
        assert_eq!(outcomes(&assess(&TICKET_MISSING, &settings(), &changes)), ["no exception"]);
        let strict = settings_with("[checks.ticket-missing]\naccept = [\"own\"]");
        assert_eq!(outcomes(&assess(&TICKET_MISSING, &strict, &changes)), ["exception"]);
    }

    #[test]
    fn one_ticket_over_many_changes_days_or_layers_is_found() {
        let mut changes: Vec<Dossier> = (1..=3).map(|n| ticketed(n, "SEC-1", TicketRelation::Own)).collect();
        changes.push(ticketed(4, "SEC-2", TicketRelation::Own));
        changes.push(dossier(5, "none"));
        let limits = settings_with("[checks.ticket-overused]\nmax_changes = 2");
        let findings = assess(&TICKET_OVERUSED, &limits, &changes);
        assert_eq!(outcomes(&findings), ["exception", "exception", "exception", "no exception", "not applicable"]);
        assert_eq!(told(&findings)[0], "exception: SEC-1 is used for 3 changes (limit 2)");
    }

    #[test]
    fn days_and_layers_are_counted_over_all_changes_of_a_ticket() {
        let mut changes = [
            with_files(ticketed(1, "SEC-1", TicketRelation::Own), &[("a", &[Layer::Security])]),
            with_files(ticketed(2, "SEC-1", TicketRelation::Own), &[("b", &[Layer::Platform, Layer::Governance])]),
        ];
        changes[1].change.commit.committer.when = at(START + 200 * DAY);
        let limits = settings_with("[checks.ticket-overused]\nmax_layers = 1");
        assert_eq!(
            told(&assess(&TICKET_OVERUSED, &limits, &changes))[1],
            "exception: SEC-1 is used for 199 days (limit 90) and 2 layers (limit 1)"
        );
    }
}
