//! The one place that turns dossiers and findings into cells, so that pages, tables and JSON agree.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use crate::changes::Change;
use crate::checks::ticket_records::TicketRecords;
use crate::checks::{Approvals, Assessment, Card, Finding, Outcome, Signers, Standing, Subject, WeighedReview};
use crate::evidence::{Dossier, Grade};
use crate::pack::{Pack, Status};
use crate::text::{CommitId, hex};

mod counts;
mod events;
mod facts;
mod policies;
mod signatures;
mod tickets;
mod words;

pub(crate) use self::counts::*;
pub(crate) use self::events::*;
pub(crate) use self::facts::*;
pub(crate) use self::policies::*;
pub(crate) use self::signatures::{SignatureCounts, SignatureFacts, format_words, signature_words, tag_words};
pub(crate) use self::tickets::*;
pub(crate) use self::words::*;

/// How many evidence sheets stand on one page.
pub(crate) const SHEETS_PER_PAGE: usize = 200;

/// What each review of a dossier is about, and whether it counts.
type Standings = Box<[(Option<CommitId>, Standing)]>;

/// A pack with everything that is looked up again and again.
pub(crate) struct Columns<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// Who is who, and whose approval counts.
    pub approvals: Approvals<'a>,
    /// Whose key is whose.
    pub signers: Signers<'a>,
    /// The tickets that were exported.
    pub tickets: TicketRecords<'a>,
    /// Tells this pack from every other one: 16 hexadecimal digits.
    pub pack_id: String,
    /// For each dossier, once it was asked for.
    standings: Vec<OnceLock<Standings>>,
    sheets: Vec<u32>,
    parts: Vec<Parts<'a>>,
    /// The changes that the inventory names, of the period and before it.
    named: BTreeMap<CommitId, &'a Dossier>,
}

/// The findings of one check by what they are about; each part is ordered by subject.
struct Parts<'a> {
    card: &'static Card,
    period: &'a [Finding],
    changes: &'a [Finding],
    side_commits: &'a [Finding],
    waivers: &'a [Finding],
}

impl<'a> Parts<'a> {
    fn of(assessment: &'a Assessment) -> Self {
        let rest = &assessment.findings[..];
        let (period, rest) = split(rest, Subject::Change(0));
        let (changes, rest) = split(rest, Subject::SideCommit(0, 0));
        let (side_commits, waivers) = split(rest, Subject::Waiver(0));
        Self { card: assessment.card, period, changes, side_commits, waivers }
    }

    /// The findings about one change itself.
    fn of_change(&self, change: u32) -> &'a [Finding] {
        let is_it = |finding: &Finding| finding.subject == Subject::Change(change);
        // A check with one finding for each change has it at the change's own position.
        let guess = usize::try_from(change).unwrap_or(usize::MAX);
        let hit = self.changes.get(guess).is_some_and(is_it);
        let before = guess.checked_sub(1).and_then(|guess| self.changes.get(guess)).is_some_and(is_it);
        let rest = if hit && !before {
            self.changes.get(guess..).unwrap_or_default()
        } else {
            split(self.changes, Subject::Change(change)).1
        };
        let end = rest.iter().position(|finding| !is_it(finding)).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default()
    }

    /// The findings about the side commits of one change.
    fn of_side_commits(&self, change: u32) -> &'a [Finding] {
        let from = split(self.side_commits, Subject::SideCommit(change, 0)).1;
        from.get(..from.partition_point(|finding| finding.subject <= Subject::SideCommit(change, u32::MAX))).unwrap_or_default()
    }
}

/// Findings before a subject, and the others.
fn split(findings: &[Finding], subject: Subject) -> (&[Finding], &[Finding]) {
    let middle = findings.partition_point(|finding| finding.subject < subject);
    findings.split_at_checked(middle).unwrap_or((findings, &[]))
}

impl<'a> Columns<'a> {
    /// Prepares the look-ups.
    pub fn new(pack: &'a Pack) -> Self {
        let mut next = 0;
        let sheets = pack.dossiers.iter().map(|dossier| {
            if dossier.classification.out_of_scope.is_some() {
                return u32::MAX;
            }
            next += 1;
            next - 1
        });
        Self {
            pack,
            approvals: Approvals::of(&pack.settings),
            signers: Signers::of(&pack.settings),
            tickets: TicketRecords::of(&pack.exports, &pack.settings),
            standings: pack.dossiers.iter().map(|_| OnceLock::new()).collect(),
            pack_id: pack_id(pack),
            sheets: sheets.collect(),
            parts: pack.assessments.iter().map(Parts::of).collect(),
            named: named_dossiers(&pack.inventory, &pack.dossiers),
        }
    }

    /// Every dossier with its position.
    pub fn dossiers(&self) -> impl Iterator<Item = (usize, &'a Dossier)> + use<'a> {
        self.pack.dossiers.iter().enumerate()
    }

    /// The status of the dossier at a position.
    pub fn status(&self, position: usize) -> Status {
        self.pack.statuses.get(position).copied().unwrap_or(Status::NotAssessableOnly)
    }

    /// Where a change's evidence sheet stands, as `changes-0001.html#c-0123456789ab`; `None` out of scope.
    pub fn sheet_address(&self, position: usize) -> Option<String> {
        let sheet = self.sheets.get(position).copied().filter(|&sheet| sheet != u32::MAX)?;
        let page = usize::try_from(sheet).ok()? / SHEETS_PER_PAGE + 1;
        let dossier = self.pack.dossiers.get(position)?;
        Some(format!("{}#{}", sheet_page(page), anchor(&dossier.change)))
    }

    /// Every finding about a change or its side commits, in catalogue order.
    pub fn findings_of(&self, position: usize) -> impl Iterator<Item = (&'static Card, &'a Finding)> {
        let change = u32::try_from(position).unwrap_or(u32::MAX);
        self.parts.iter().flat_map(move |part| {
            let findings = part.of_change(change).iter().chain(part.of_side_commits(change));
            findings.map(|finding| (part.card, finding))
        })
    }

    /// Every finding about the period as a whole, in catalogue order.
    pub fn findings_of_period(&self) -> impl Iterator<Item = (&'static Card, &'a Finding)> {
        self.parts.iter().flat_map(|part| part.period.iter().map(|finding| (part.card, finding)))
    }

    /// Every finding about a waiver, in catalogue order.
    pub fn findings_of_waivers(&self) -> impl Iterator<Item = (&'static Card, &'a Finding)> {
        self.parts.iter().flat_map(|part| part.waivers.iter().map(|finding| (part.card, finding)))
    }

    /// The dossier a finding is about, where it is about one.
    pub fn position_of(finding: &Finding) -> Option<usize> {
        match finding.subject {
            Subject::Change(position) | Subject::SideCommit(position, _) => usize::try_from(position).ok(),
            Subject::Period | Subject::Waiver(_) => None,
        }
    }

    /// The stable name of a finding's subject: a full commit id, `period`, or a waiver's check and change.
    pub fn subject_name(&self, subject: Subject) -> String {
        let dossier = |position: u32| self.pack.dossiers.get(usize::try_from(position).ok()?);
        let name = match subject {
            Subject::Period => Some("period".to_owned()),
            Subject::Change(position) => dossier(position).map(|dossier| dossier.change.id().to_string()),
            Subject::SideCommit(position, side) => dossier(position)
                .and_then(|dossier| dossier.change.side_commits.get(usize::try_from(side).ok()?))
                .map(|commit| commit.id.to_string()),
            Subject::Waiver(index) => self
                .pack
                .settings
                .waivers
                .get(usize::from(index))
                .map(|waiver| format!("waiver of {} for {}", waiver.check, waiver.change)),
        };
        name.unwrap_or_default()
    }

    /// The words for the waiver that stands beside a finding; empty without one.
    pub fn waiver_words(&self, finding: &Finding) -> String {
        let waiver = finding.waiver.and_then(|index| self.pack.settings.waivers.get(usize::from(index)));
        waiver.map_or_else(String::new, |waiver| {
            let approver = waiver.approver.to_string();
            one_line(&format!("{}, accepted by {approver}, {}, until {}", waiver.reason, waiver.ticket, waiver.until))
        })
    }

    /// Every review of the change at a position and whether it counts, weighed once.
    pub fn reviews<'d>(&self, position: usize, dossier: &'d Dossier) -> Vec<WeighedReview<'d>> {
        let weighed = || self.approvals.weigh(dossier).into_iter().map(|review| (review.about, review.standing)).collect();
        let standings = self.standings.get(position).map_or(&[][..], |standings| standings.get_or_init(weighed));
        let reviews = dossier.evidence.reviews.iter().zip(standings);
        reviews.map(|(claim, (about, standing))| WeighedReview { claim, about: *about, standing: standing.clone() }).collect()
    }

    /// Everything derived about one change.
    pub fn facts(&self, position: usize, dossier: &'a Dossier) -> Facts<'a> {
        let mut facts = Facts::of_evidence(dossier);
        for (card, finding) in self.findings_of(position) {
            let list = match &finding.outcome {
                Outcome::NoException(_) => &mut facts.no_exception,
                Outcome::Exception(_) => &mut facts.exceptions,
                Outcome::NotAssessable(_) => &mut facts.not_assessable,
                Outcome::NotApplicable => &mut facts.not_applicable,
            };
            push_once(list, card.id);
            if finding.waiver.is_some() {
                push_once(&mut facts.waived, card.id);
            }
        }
        facts.reviews = self.reviews(position, dossier);
        let counting = facts.reviews.iter().filter(|review| review.counts());
        facts.approval_grade = counting.map(|review| review.claim.grade).max().unwrap_or(Grade::None);
        facts
    }
}

/// Tells a pack from every other one: 16 hexadecimal digits over range, population, settings and version.
fn pack_id(pack: &Pack) -> String {
    let range = &pack.range;
    let start = range.start.map_or_else(|| "beginning".to_owned(), |start| start.to_string());
    let parts =
        [start, range.end.to_string(), pack.population_hash.clone(), pack.settings.digest.clone(), pack.version.to_owned()];
    short_hash(&parts)
}

/// The stable name of a finding: 16 hexadecimal digits over the check and its subject.
pub(crate) fn finding_id(check: &str, subject: &str) -> String {
    short_hash(&[check, subject])
}

/// 16 hexadecimal digits over some texts, one a line.
fn short_hash<S: AsRef<str>>(parts: &[S]) -> String {
    let mut hash = Sha256::new();
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            hash.update(b"\n");
        }
        hash.update(part.as_ref().as_bytes());
    }
    hex(hash.finalize().get(..8).unwrap_or_default())
}

/// The name of a page of evidence sheets; pages count from 1.
pub(crate) fn sheet_page(page: usize) -> String {
    format!("changes-{page:04}.html")
}

/// The anchor of a change's evidence sheet.
pub(crate) fn anchor(change: &Change) -> String {
    format!("c-{}", change.id().0.short())
}
