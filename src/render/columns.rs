//! The one place that turns dossiers and findings into cells, so that pages, tables and JSON agree.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::changes::{Change, Commit, FileEdit, Gap, GapAbout, SignatureKind};
use crate::checks::{Approvals, Assessment, Card, Finding, Outcome, Subject, WeighedReview};
use crate::classification::{FileClass, LayerSet};
use crate::evidence::{Citation, Dossier, Evidence, Grade, Place, Review, Source, TicketRelation, TicketSystem};
use crate::pack::{Pack, Status, TieOut};
use crate::settings::{Settings, Waiver};
use crate::text::{CommitId, Moment, Person, is_hidden, visible_line};

/// How many evidence sheets stand on one page.
pub(super) const SHEETS_PER_PAGE: usize = 200;

/// A pack with everything that is looked up again and again.
pub(super) struct Columns<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// Who is who, and whose approval counts.
    pub approvals: Approvals<'a>,
    /// Tells this pack from every other one: 16 hexadecimal digits.
    pub pack_id: String,
    sheets: Vec<u32>,
    parts: Vec<Parts<'a>>,
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
            pack_id: pack_id(pack),
            sheets: sheets.collect(),
            parts: pack.assessments.iter().map(Parts::of).collect(),
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
        facts.reviews = self.approvals.weigh(dossier);
        let counting = facts.reviews.iter().filter(|review| review.counts());
        facts.approval_grade = counting.map(|review| review.claim.grade).max().unwrap_or(Grade::None);
        facts
    }
}

/// Everything derived about one change that more than one file of the pack shows.
pub(super) struct Facts<'a> {
    /// Ticket ids that are a reason for the change, in order of appearance.
    pub tickets: Vec<&'a str>,
    /// Ticket ids that are only quoted.
    pub tickets_mentioned: Vec<&'a str>,
    /// The strongest proof among the ticket references that are a reason.
    pub ticket_grade: Grade,
    /// Every review, and whether it counts.
    pub reviews: Vec<WeighedReview<'a>>,
    /// The strongest proof among the approvals that count.
    pub approval_grade: Grade,
    /// The layers touched.
    pub layers: LayerSet,
    /// The environments touched.
    pub environments: BTreeSet<&'a str>,
    /// Checks with an exception, waived ones included.
    pub exceptions: Vec<&'static str>,
    /// Checks beside which a waiver stands.
    pub waived: Vec<&'static str>,
    /// Checks that could not conclude.
    pub not_assessable: Vec<&'static str>,
    /// Checks that found nothing.
    pub no_exception: Vec<&'static str>,
    /// Checks that do not concern the change.
    pub not_applicable: Vec<&'static str>,
}

impl<'a> Facts<'a> {
    fn of_evidence(dossier: &'a Dossier) -> Self {
        let mut facts = Self {
            tickets: Vec::new(),
            tickets_mentioned: Vec::new(),
            ticket_grade: Grade::None,
            reviews: Vec::new(),
            approval_grade: Grade::None,
            layers: LayerSet::EMPTY,
            environments: BTreeSet::new(),
            exceptions: Vec::new(),
            waived: Vec::new(),
            not_assessable: Vec::new(),
            no_exception: Vec::new(),
            not_applicable: Vec::new(),
        };
        let (mut reasons, mut mentions) = (BTreeSet::new(), BTreeSet::new());
        for ticket in &dossier.evidence.tickets {
            let id: &str = &ticket.value.id;
            if ticket.value.relation == TicketRelation::Quoted {
                if mentions.insert(id) {
                    facts.tickets_mentioned.push(id);
                }
                continue;
            }
            facts.ticket_grade = facts.ticket_grade.max(ticket.grade);
            if reasons.insert(id) {
                facts.tickets.push(id);
            }
        }
        for file in &dossier.classification.files {
            facts.layers = facts.layers.union(file.layers).union(file.moved_from);
            facts.environments.extend(file.environment.as_deref());
        }
        facts
    }

    /// Everyone with a review or approval claim, each spelling once.
    pub fn reviewers(&self) -> Vec<String> {
        unique(self.reviews.iter().map(|review| person(&review.claim.value.reviewer)))
    }

    /// Everyone whose approval counts, each spelling once.
    pub fn approvers(&self) -> Vec<String> {
        let counting = self.reviews.iter().filter(|review| review.counts());
        unique(counting.map(|review| person(&review.claim.value.reviewer)))
    }
}

fn push_once(list: &mut Vec<&'static str>, id: &'static str) {
    if list.last() != Some(&id) {
        list.push(id);
    }
}

fn unique(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    values.filter(|value| seen.insert(value.clone())).collect()
}

/// Tells a pack from every other one: 16 hexadecimal digits over range, population, settings and version.
fn pack_id(pack: &Pack) -> String {
    let range = &pack.range;
    let start = range.start.map_or_else(|| "beginning".to_owned(), |start| start.to_string());
    let parts =
        [start, range.end.to_string(), pack.population_hash.clone(), pack.settings.digest.clone(), pack.version.to_owned()];
    short_hash(&parts.join("\n"))
}

/// The stable name of a finding: 16 hexadecimal digits over the check and its subject.
pub(super) fn finding_id(check: &str, subject: &str) -> String {
    short_hash(&format!("{check}\n{subject}"))
}

fn short_hash(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).map_or('?', |&digit| char::from(digit));
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(8).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The name of a page of evidence sheets; pages count from 1.
pub(super) fn sheet_page(page: usize) -> String {
    format!("changes-{page:04}.html")
}

/// The anchor of a change's evidence sheet.
pub(super) fn anchor(change: &Change) -> String {
    format!("c-{}", change.id().0.short())
}

/// Text on one line, hidden characters as code points; nearly all text is plain and only copied.
pub(super) fn one_line(text: &str) -> String {
    let text = text.trim();
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) { text.to_owned() } else { visible_line(text) }
}

/// Whether text holds nothing but printable ASCII and line feeds.
pub(super) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n'))
}

/// A time as RFC 3339 in UTC; empty when it cannot be read.
pub(super) fn utc(moment: &Moment) -> String {
    moment.known().and_then(crate::text::Timestamp::to_utc).unwrap_or_default()
}

/// The offset an author's clock had, as `UTC+02:00`; empty when the time cannot be read.
pub(super) fn offset(moment: &Moment) -> String {
    moment.known().map_or_else(String::new, |timestamp| format!("UTC{}", timestamp.offset_text()))
}

/// The offsets of author and committer, once where they are equal.
pub(super) fn offsets(commit: &Commit) -> String {
    let (author, committer) = (offset(&commit.author.when), offset(&commit.committer.when));
    if author == committer { author } else { format!("{author}; {committer}") }
}

/// An offset in seconds as `UTC+01:00`.
pub(super) fn zone(offset: i32) -> String {
    if offset == 0 {
        return "UTC".to_owned();
    }
    format!("UTC{}", crate::text::Timestamp { seconds: 0, offset }.offset_text())
}

/// A person on one line, hidden characters as code points.
pub(super) fn person(person: &Person) -> String {
    one_line(&person.to_string())
}

/// A path on one line, hidden characters as code points.
pub(super) fn path(path: &crate::text::RepoPath) -> String {
    one_line(&path.to_text())
}

/// The layer cell of a file: names, `ignored` or `unmapped`.
pub(super) fn layer_words(class: &FileClass) -> String {
    if class.ignored {
        return "ignored".to_owned();
    }
    if class.layers.is_empty() {
        return "unmapped".to_owned();
    }
    layer_names(class.layers)
}

/// Layer names joined by `; `.
pub(super) fn layer_names(layers: LayerSet) -> String {
    layers.iter().map(crate::settings::Layer::name).collect::<Vec<_>>().join("; ")
}

/// The file edits of a commit, each with its class where there is one.
pub(super) fn classed<'a>(
    edits: &'a [FileEdit],
    classes: &'a [FileClass],
) -> impl Iterator<Item = (&'a FileEdit, Option<&'a FileClass>)> {
    edits.iter().zip(classes.iter().map(Some).chain(std::iter::repeat(None)))
}

/// The word for a signature's format; nothing is verified.
pub(super) fn signature_words(signed: Option<SignatureKind>) -> &'static str {
    match signed {
        None => "none",
        Some(SignatureKind::OpenPgp) => "OpenPGP, not checked",
        Some(SignatureKind::Ssh) => "SSH, not checked",
        Some(SignatureKind::X509) => "X.509, not checked",
        Some(SignatureKind::Unknown) => "unknown format, not checked",
    }
}

/// The words for a ticket system.
pub(super) fn system_words(system: &TicketSystem) -> &str {
    match system {
        TicketSystem::Jira => "Jira",
        TicketSystem::ServiceNow => "ServiceNow",
        TicketSystem::AzureBoards => "Azure Boards",
        TicketSystem::ForgeIssue => "forge issue",
        TicketSystem::Phabricator => "Phabricator",
        TicketSystem::Custom(name) => name,
    }
}

/// How a ticket reference stands to the change.
pub(super) fn relation_words(relation: TicketRelation) -> &'static str {
    match relation {
        TicketRelation::Own => "own message",
        TicketRelation::Branch => "source branch",
        TicketRelation::SideCommit => "side commit",
        TicketRelation::Quoted => "quoted, a mention only",
    }
}

/// The word for what a gap is about.
pub(super) fn gap_words(gap: &Gap) -> &'static str {
    match gap.about {
        GapAbout::Commit => "commit",
        GapAbout::FileEdits => "changed paths",
        GapAbout::Content => "content",
        GapAbout::Notes => "review notes",
        GapAbout::MergeContent => "merge content",
    }
}

/// Where a claim was read, with full ids, for files.
pub(super) fn citation(citation: &Citation, change: &Change) -> String {
    let place = place_words(citation.place);
    match &citation.source {
        Source::Change => format!("commit {}, {place}", change.id()),
        Source::SideCommit(commit) => format!("commit {commit}, {place}"),
        Source::Note(reference, commit) => one_line(&format!("{reference} on commit {commit}, {place}")),
    }
}

/// Where a claim was read, for a reader who has the change before them.
pub(super) fn near_citation(citation: &Citation) -> String {
    let place = place_words(citation.place);
    match &citation.source {
        Source::Change => place.into_owned(),
        Source::SideCommit(commit) => format!("side commit {}, {place}", commit.0.short()),
        Source::Note(reference, commit) => one_line(&format!("{reference} on {}, {place}", commit.0.short())),
    }
}

fn place_words(place: Place) -> Cow<'static, str> {
    match place {
        Place::Subject => "subject".into(),
        Place::Body(line) => format!("body line {line}").into(),
        Place::Trailer(line) => format!("trailer line {line}").into(),
        Place::Branch => "source branch".into(),
        Place::Header => "commit header".into(),
        Place::Topology => "parents and first-parent chain".into(),
        Place::Note(line) => format!("note line {line}").into(),
    }
}

/// What to add to a place in a message that looks like a trailer and is none.
pub(super) fn block_words(place: Place) -> &'static str {
    match place {
        Place::Body(_) => ", outside the trailer block",
        Place::Trailer(_) | Place::Subject | Place::Note(_) | Place::Branch | Place::Header | Place::Topology => "",
    }
}

/// What is odd about a commit, one phrase each.
pub(super) fn anomalies(commit: &Commit) -> Vec<String> {
    let mut found = Vec::new();
    for (who, signature) in [("author", &commit.author), ("committer", &commit.committer)] {
        if let Moment::Unreadable(raw) = &signature.when {
            found.push(one_line(&format!("{who} time unreadable: {}", shorten(raw, 80))));
        }
        let person = &signature.person;
        if person.name.value.contains(is_hidden) || person.mail.value.contains(is_hidden) {
            found.push(format!("{who} has hidden characters"));
        }
    }
    let message = &commit.message.value;
    if is_plain(message) {
        // Nothing to say, and no need to look at each character.
    } else if message.contains('\0') {
        found.push("message holds a NUL byte".to_owned());
    } else if message.chars().any(|c| is_hidden(c) && c != '\r') {
        found.push("message holds hidden characters".to_owned());
    }
    if commit.message.lossy {
        found.push("message could not be decoded without loss".to_owned());
    }
    if commit.parents.len() > 2 {
        found.push(format!("{} parents", commit.parents.len()));
    }
    found.extend(commit.gaps.iter().map(|gap| one_line(&gap.reason)));
    found
}

/// Text cut to a number of characters; says how long it is when cut.
pub(super) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return text.into();
    }
    match text.char_indices().nth(limit) {
        None => text.into(),
        Some((end, _)) => format!("{} … (cut, {} bytes in all)", text.get(..end).unwrap_or_default(), text.len()).into(),
    }
}

/// The references of a card that the profile in force prints.
pub(super) fn references(card: &Card, settings: &Settings) -> impl Iterator<Item = (&'static str, &'static str)> {
    let printed = |framework: &str| settings.frameworks.as_ref().is_none_or(|frameworks| frameworks.contains(framework));
    card.references.iter().copied().filter(move |(framework, _)| printed(framework))
}

/// How often each outcome occurs among a check's findings.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(super) struct Counts {
    /// Every finding.
    pub subjects: usize,
    /// Findings that concern their subject: the denominator.
    pub applicable: usize,
    /// Exceptions, waived ones included: the numerator.
    pub exceptions: usize,
    /// Exceptions beside which a waiver stands.
    pub waived: usize,
    /// Looked at, nothing found.
    pub no_exception: usize,
    /// Could not be concluded.
    pub not_assessable: usize,
    /// Does not concern its subject.
    pub not_applicable: usize,
}

impl Counts {
    /// Counts one check's findings.
    pub fn of(assessment: &Assessment) -> Self {
        let mut counts = Self { subjects: assessment.findings.len(), ..Self::default() };
        for finding in &assessment.findings {
            match finding.outcome {
                Outcome::NoException(_) => counts.no_exception += 1,
                Outcome::Exception(_) => {
                    counts.exceptions += 1;
                    counts.waived += usize::from(finding.waiver.is_some());
                }
                Outcome::NotAssessable(_) => counts.not_assessable += 1,
                Outcome::NotApplicable => counts.not_applicable += 1,
            }
        }
        counts.applicable = counts.subjects - counts.not_applicable;
        counts
    }
}

/// How many changes have each status.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub(super) struct StatusCounts {
    /// Every arrival.
    pub arrivals: usize,
    /// Arrivals in scope: the denominator.
    pub in_scope: usize,
    /// See [`Status::OutOfScope`].
    pub out_of_scope: usize,
    /// See [`Status::Exception`].
    pub exception: usize,
    /// See [`Status::WaivedOnly`].
    pub waived_only: usize,
    /// See [`Status::NotAssessableOnly`].
    pub not_assessable_only: usize,
    /// See [`Status::NoException`].
    pub no_exception: usize,
}

impl StatusCounts {
    /// Counts the statuses of a pack.
    pub fn of(pack: &Pack) -> Self {
        let mut counts = Self { arrivals: pack.dossiers.len(), ..Self::default() };
        for status in &pack.statuses {
            match status {
                Status::OutOfScope => counts.out_of_scope += 1,
                Status::NoException => counts.no_exception += 1,
                Status::WaivedOnly => counts.waived_only += 1,
                Status::NotAssessableOnly => counts.not_assessable_only += 1,
                Status::Exception => counts.exception += 1,
            }
        }
        counts.in_scope = pack.dossiers.iter().filter(|dossier| dossier.classification.out_of_scope.is_none()).count();
        counts
    }
}

/// When a change arrived, and how that is known.
pub(super) struct Arrival {
    /// RFC 3339 in UTC; empty when it cannot be read.
    pub at: String,
    /// Where the time comes from.
    pub source: String,
    /// How strong it is; none when it cannot be read.
    pub grade: Grade,
}

/// The arrival as a note records it, or else the committer date.
pub(super) fn arrival(dossier: &Dossier) -> Arrival {
    if let Some(claim) = &dossier.evidence.merged_at {
        return Arrival { at: one_line(&claim.value), source: citation(&claim.citation, &dossier.change), grade: claim.grade };
    }
    let at = utc(&dossier.change.commit.committer.when);
    let grade = if at.is_empty() { Grade::None } else { Grade::Asserted };
    Arrival { at, source: "committer date".to_owned(), grade }
}

/// The day of an arrival, for labels.
pub(super) fn arrival_day(dossier: &Dossier) -> String {
    arrival(dossier).at.get(..10).unwrap_or("unreadable").to_owned()
}

/// Whether a ticket was looked up.
pub(super) const NOT_RESOLVED: &str = "not checked";
/// Whether a file was parsed.
pub(super) const NOT_PARSED: &str = "not parsed";
/// Why a file was not parsed.
pub(super) const NOT_PARSED_REASON: &str = "this version reads kinds by line, it does not parse policies";

/// The sentence of a finding on one line; empty where it needs none.
pub(super) fn because(finding: &Finding) -> String {
    finding.outcome.basis().map(|basis| one_line(&basis.because)).unwrap_or_default()
}

/// Whether a review was given before the change arrived: `yes`, `no` or `unknown`.
pub(super) fn before_arrival(dossier: &Dossier, review: &Review) -> &'static str {
    let arrived = arrival(dossier).at;
    match review.at.as_deref() {
        // RFC 3339 in UTC sorts as text.
        Some(at) if at.ends_with('Z') && at.len() == arrived.len() => {
            if at <= arrived.as_str() {
                "yes"
            } else {
                "no"
            }
        }
        Some(_) | None => "unknown",
    }
}

/// Trailers as `key: value`; those outside the trailer block say so.
pub(super) fn trailers(evidence: &Evidence) -> impl Iterator<Item = String> {
    evidence.trailers.iter().map(|trailer| {
        let outside = if trailer.in_block { "" } else { " (in the body)" };
        one_line(&format!("{}: {}{outside}", trailer.key, trailer.value))
    })
}

/// Every proposal of a change, each on one line.
pub(super) fn proposals(evidence: &Evidence) -> Vec<String> {
    evidence.proposals().map(|claim| one_line(&claim.value.id)).collect()
}

/// A waiver with what it stands beside.
pub(super) struct WaiverUse<'a> {
    /// As written.
    pub waiver: &'a Waiver,
    /// The changes of its findings.
    pub changes: BTreeSet<CommitId>,
    /// How many findings it stands beside.
    pub findings: usize,
}

/// Every waiver of the settings with what it stands beside.
pub(super) fn waivers<'a>(pack: &'a Pack) -> Vec<WaiverUse<'a>> {
    let new = |waiver: &'a Waiver| WaiverUse { waiver, changes: BTreeSet::new(), findings: 0 };
    let mut counted: Vec<_> = pack.settings.waivers.iter().map(new).collect();
    for finding in pack.assessments.iter().flat_map(|assessment| &assessment.findings) {
        let Some(used) = finding.waiver.and_then(|index| counted.get_mut(usize::from(index))) else { continue };
        used.findings += 1;
        let dossier = Columns::position_of(finding).and_then(|position| pack.dossiers.get(position));
        used.changes.extend(dossier.map(|dossier| dossier.change.id()));
    }
    counted
}

/// How many files and changes one rule put into one layer.
pub(super) struct LayerRow<'a> {
    /// The layer cell.
    pub layer: String,
    /// The rule that decided.
    pub rule: &'a str,
    /// File edits of the arrivals.
    pub files: usize,
    /// Changes with such a file.
    pub changes: usize,
}

/// Counts file edits and changes for each layer and rule, layers in order, unmapped and ignored paths first.
pub(super) fn layer_rows(pack: &Pack) -> Vec<LayerRow<'_>> {
    let mut counted: BTreeMap<(LayerSet, bool, &str), (usize, usize, usize)> = BTreeMap::new();
    let mut words: BTreeMap<(LayerSet, bool), String> = BTreeMap::new();
    for (position, dossier) in pack.dossiers.iter().enumerate() {
        for class in &dossier.classification.files {
            let (files, changes, last) = counted.entry((class.layers, class.ignored, &*class.rule)).or_insert((0, 0, usize::MAX));
            *files += 1;
            *changes += usize::from(*last != position);
            *last = position;
            words.entry((class.layers, class.ignored)).or_insert_with(|| layer_words(class));
        }
    }
    let row = |((layers, ignored, rule), (files, changes, _)): ((LayerSet, bool, _), _)| LayerRow {
        layer: words.get(&(layers, ignored)).cloned().unwrap_or_default(),
        rule,
        files,
        changes,
    };
    counted.into_iter().map(row).collect()
}

/// Each reference the profile prints with the counts of a check that supports evidence for it, in order of reference.
pub(super) fn control_rows(pack: &Pack) -> Vec<(&'static str, &'static str, &'static str, Counts)> {
    let rows = pack.assessments.iter().flat_map(|assessment| {
        let counts = Counts::of(assessment);
        let references = references(assessment.card, &pack.settings);
        references.map(move |(framework, reference)| (framework, reference, assessment.card.id, counts))
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_key(|(framework, reference, _, _)| (*framework, *reference));
    rows
}

/// Left minus right where both are numbers.
pub(super) fn difference(tie_out: &TieOut) -> String {
    let numbers = tie_out.left_value.parse::<i128>().ok().zip(tie_out.right_value.parse::<i128>().ok());
    numbers.map_or_else(String::new, |(left, right)| left.saturating_sub(right).to_string())
}

/// The words for whether a tie-out holds.
pub(super) fn result_words(tie_out: &TieOut) -> &'static str {
    if tie_out.holds() { "holds" } else { "does not hold" }
}
