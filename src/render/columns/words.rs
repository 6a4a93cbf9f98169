//! The words of cells: times, people, paths, places, grades; always on one line, hidden characters as code points.

use std::borrow::Cow;

use crate::changes::{Change, Commit, FileEdit, Gap, GapAbout, ParseStatus};
use crate::checks::Finding;
use crate::classification::{FileClass, LayerSet};
use crate::evidence::{Citation, Dossier, Evidence, Grade, Place, Review, Source, TicketRelation, TicketSystem};
use crate::pack::TieOut;
use crate::text::{Moment, Person, is_hidden, visible_line};

/// Text on one line, hidden characters as code points; nearly all text is plain and only copied.
pub(crate) fn one_line(text: &str) -> String {
    let text = text.trim();
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) { text.to_owned() } else { visible_line(text) }
}

/// Whether text holds nothing but printable ASCII and line feeds.
pub(crate) fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n'))
}

/// A time as RFC 3339 in UTC; empty when it cannot be read.
pub(crate) fn utc(moment: &Moment) -> String {
    moment.known().and_then(crate::text::Timestamp::to_utc).unwrap_or_default()
}

/// The offset an author's clock had, as `UTC+02:00`; empty when the time cannot be read.
pub(crate) fn offset(moment: &Moment) -> String {
    moment.known().map_or_else(String::new, |timestamp| format!("UTC{}", timestamp.offset_text()))
}

/// The offsets of author and committer, once where they are equal.
pub(crate) fn offsets(commit: &Commit) -> String {
    let (author, committer) = (offset(&commit.author.when), offset(&commit.committer.when));
    if author == committer { author } else { format!("{author}; {committer}") }
}

/// An offset in seconds as `UTC+01:00`.
pub(crate) fn zone(offset: i32) -> String {
    if offset == 0 {
        return "UTC".to_owned();
    }
    format!("UTC{}", crate::text::Timestamp { seconds: 0, offset }.offset_text())
}

/// A person on one line, hidden characters as code points.
pub(crate) fn person(person: &Person) -> String {
    one_line(&person.to_string())
}

/// A path on one line, hidden characters as code points.
pub(crate) fn path(path: &crate::text::RepoPath) -> String {
    one_line(&path.to_text())
}

/// The layer cell of a file: names, `ignored` or `unmapped`.
pub(crate) fn layer_words(class: &FileClass) -> String {
    if class.ignored {
        return "ignored".to_owned();
    }
    if class.layers.is_empty() {
        return "unmapped".to_owned();
    }
    layer_names(class.layers)
}

/// Layer names joined by `; `.
pub(crate) fn layer_names(layers: LayerSet) -> String {
    layers.iter().map(crate::settings::Layer::name).collect::<Vec<_>>().join("; ")
}

/// The file edits of a commit, each with its class where there is one.
pub(crate) fn classed<'a>(
    edits: &'a [FileEdit],
    classes: &'a [FileClass],
) -> impl Iterator<Item = (&'a FileEdit, Option<&'a FileClass>)> {
    edits.iter().zip(classes.iter().map(Some).chain(std::iter::repeat(None)))
}

/// The words for a ticket system.
pub(crate) fn system_words(system: &TicketSystem) -> &str {
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
pub(crate) fn relation_words(relation: TicketRelation) -> &'static str {
    match relation {
        TicketRelation::Own => "own message",
        TicketRelation::Branch => "source branch",
        TicketRelation::SideCommit => "side commit",
        TicketRelation::Quoted => "quoted, a mention only",
        TicketRelation::Unseen => "not shown to a reader, a mention only",
    }
}

/// The word for what a gap is about.
pub(crate) fn gap_words(gap: &Gap) -> &'static str {
    match gap.about {
        GapAbout::Commit => "commit",
        GapAbout::FileEdits => "changed paths",
        GapAbout::Content => "content",
        GapAbout::Notes => "review notes",
        GapAbout::MergeContent => "merge content",
    }
}

/// Where a claim was read, with full ids, for files.
pub(crate) fn citation(citation: &Citation, change: &Change) -> String {
    let place = place_words(citation.place);
    match &citation.source {
        Source::Change => format!("commit {}, {place}", change.id()),
        Source::SideCommit(commit) => format!("commit {commit}, {place}"),
        Source::Note(reference, commit) => one_line(&format!("{reference} on commit {commit}, {place}")),
        Source::File(file) => format!("commit {}, {}, {place}", change.id(), path(file)),
        Source::FileBefore(file) => {
            let before = change.commit.parents.first().map_or_else(String::new, |parent| format!("commit {parent}, "));
            format!("{before}{}, {place}", path(file))
        }
        Source::Export(file, inside) => one_line(&format!("raw/{file}, {inside}")),
    }
}

/// Where a claim was read, for a reader who has the change before them.
pub(crate) fn near_citation(citation: &Citation) -> String {
    let place = place_words(citation.place);
    match &citation.source {
        Source::Change => place.into_owned(),
        Source::SideCommit(commit) => format!("side commit {}, {place}", commit.0.short()),
        Source::Note(reference, commit) => one_line(&format!("{reference} on {}, {place}", commit.0.short())),
        Source::File(file) => format!("{}, {place}", path(file)),
        Source::FileBefore(file) => format!("{} before the change, {place}", path(file)),
        Source::Export(file, inside) => one_line(&format!("raw/{file}, {inside}")),
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
        Place::Line(line) => format!("line {line}").into(),
        Place::Record => "record".into(),
    }
}

/// What to add to a place in a message that looks like a trailer and is none.
pub(crate) fn block_words(place: Place) -> &'static str {
    match place {
        Place::Body(_) => ", outside the trailer block",
        Place::Trailer(_)
        | Place::Subject
        | Place::Note(_)
        | Place::Branch
        | Place::Header
        | Place::Topology
        | Place::Line(_)
        | Place::Record => "",
    }
}

/// What is odd about a commit, one phrase each.
pub(crate) fn anomalies(commit: &Commit) -> Vec<String> {
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
pub(crate) fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit {
        return text.into();
    }
    match text.char_indices().nth(limit) {
        None => text.into(),
        Some((end, _)) => format!("{} … (cut, {} bytes in all)", text.get(..end).unwrap_or_default(), text.len()).into(),
    }
}

/// When a change arrived, and how that is known.
pub(crate) struct Arrival {
    /// RFC 3339 in UTC; empty when it cannot be read.
    pub at: String,
    /// Where the time comes from.
    pub source: String,
    /// How strong it is; none when it cannot be read.
    pub grade: Grade,
}

/// The arrival as a note records it, or else the committer date.
pub(crate) fn arrival(dossier: &Dossier) -> Arrival {
    if let Some(claim) = &dossier.evidence.merged_at {
        return Arrival { at: one_line(&claim.value), source: citation(&claim.citation, &dossier.change), grade: claim.grade };
    }
    let at = utc(&dossier.change.commit.committer.when);
    let grade = if at.is_empty() { Grade::None } else { Grade::Asserted };
    Arrival { at, source: "committer date".to_owned(), grade }
}

/// The day of an arrival, for labels.
pub(crate) fn arrival_day(dossier: &Dossier) -> String {
    arrival(dossier).at.get(..10).unwrap_or("unreadable").to_owned()
}

/// How far a file was read for policies.
pub(crate) fn parse_words(status: &ParseStatus) -> &'static str {
    match status {
        ParseStatus::NotLookedAt => "not looked at",
        ParseStatus::Scanned => "scanned",
        ParseStatus::Parsed => "parsed",
        ParseStatus::Unreadable(_) => "unreadable",
    }
}

/// Why a file was not parsed.
pub(crate) fn parse_reason(status: &ParseStatus) -> String {
    match status {
        ParseStatus::NotLookedAt => "by its name it holds no manifests".to_owned(),
        ParseStatus::Scanned => "it shows no kind of a policy".to_owned(),
        ParseStatus::Parsed => String::new(),
        ParseStatus::Unreadable(obstacle) => one_line(&obstacle.reason),
    }
}

/// The sentence of a finding on one line; empty where it needs none.
pub(crate) fn because(finding: &Finding) -> String {
    finding.outcome.basis().map(|basis| one_line(&basis.because)).unwrap_or_default()
}

/// Whether a review was given before the change arrived: `yes`, `no` or `unknown`.
pub(crate) fn before_arrival(dossier: &Dossier, review: &Review) -> &'static str {
    let arrived = arrival(dossier).at;
    let said = |before: bool| if before { "yes" } else { "no" };
    match (&review.record, review.at.as_deref()) {
        (Some(record), _) => record.before_arrival.map_or("unknown", said),
        // RFC 3339 in UTC sorts as text.
        (None, Some(at)) if at.ends_with('Z') && at.len() == arrived.len() => said(at <= arrived.as_str()),
        (None, Some(_) | None) => "unknown",
    }
}

/// Trailers as `key: value`; those outside the trailer block say so.
pub(crate) fn trailers(evidence: &Evidence) -> impl Iterator<Item = String> {
    evidence.trailers.iter().map(|trailer| {
        let outside = if trailer.in_block { "" } else { " (in the body)" };
        one_line(&format!("{}: {}{outside}", trailer.key, trailer.value))
    })
}

/// Every proposal of a change, each on one line.
pub(crate) fn proposals(dossier: &Dossier) -> Vec<String> {
    let named: Vec<String> = dossier.evidence.proposals().map(|claim| one_line(&claim.value.id)).collect();
    let recorded = dossier.link.as_ref().map(|link| one_line(&link.id));
    match recorded {
        Some(id) if !named.iter().any(|name| name.ends_with(&id)) => [id].into_iter().chain(named).collect(),
        Some(_) | None => named,
    }
}

/// Left minus right where both are numbers.
pub(crate) fn difference(tie_out: &TieOut) -> String {
    if tie_out.not_checked.is_some() {
        return String::new();
    }
    let numbers = tie_out.left_value.parse::<i128>().ok().zip(tie_out.right_value.parse::<i128>().ok());
    numbers.map_or_else(String::new, |(left, right)| left.saturating_sub(right).to_string())
}

/// The words for whether a tie-out holds.
pub(crate) fn result_words(tie_out: &TieOut) -> String {
    match &tie_out.not_checked {
        Some(why) => format!("not checked: {}", one_line(why)),
        None if tie_out.holds() => "holds".to_owned(),
        None => "does not hold".to_owned(),
    }
}
