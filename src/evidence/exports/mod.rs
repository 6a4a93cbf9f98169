//! Evidence from outside of Git: files as other systems gave them, recognised by their shape, each with its hash.

mod documents;
mod forges;
mod joining;
mod paging;
pub mod recorded;
mod trackers;
mod votes;

use std::collections::BTreeMap;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use self::documents::{Documents, Piece};
use self::recorded::{Fragment, Recognised, RecordedProposal, RecordedTicket};
use super::fates::{self, Fate};
use super::gate_records::{GateRecord, RecordedRuling, RulingIndex};
use super::{Dossier, linking};
use crate::parallel;
use crate::repository::Repository;
use crate::settings::{Settings, TicketTable};
use crate::text::{CommitId, hex};

/// What the names of every version of the gate's records begin with.
const GATE_SCHEMAS: &str = "urn:countersign:gate-decision:";

/// One file as it was given.
#[derive(Clone, Debug)]
pub struct EvidenceFile {
    /// Its path in the pack, below `raw/`.
    pub name: String,
    /// SHA-256 of its bytes (64 hexadecimal digits).
    pub sha256: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it was recognised as.
    pub kind: &'static str,
    /// How many rows or objects it has.
    pub rows: usize,
}

/// Everything that was given beside the repository.
#[derive(Debug, Default)]
pub struct Exports {
    /// The files, sorted by name.
    pub files: Vec<EvidenceFile>,
    /// The gate's decision records, each with the name of its file.
    pub gate: Vec<(String, GateRecord)>,
    /// Proposals that forges recorded, each once.
    pub proposals: Vec<RecordedProposal>,
    /// Tickets that their systems recorded, each once.
    pub tickets: Vec<RecordedTicket>,
    /// Ids of tickets by the other names that they have or had.
    pub ticket_names: BTreeMap<String, String>,
    /// The ticket systems that exports were given of, and whether all their pages are there.
    pub ticket_systems: BTreeMap<String, bool>,
    /// Why what was given about tickets may not be whole, one sentence each.
    pub ticket_gaps: Vec<String>,
    /// Why what was given about anything else may not be whole, one sentence each.
    pub gaps: Vec<String>,
    /// Those of the gaps that say that proposals are missing: then a change without one proves nothing.
    pub missing_proposals: Vec<String>,
    /// Merged proposals, by position, that arrived inside a change that is not linked to them, and that change.
    pub arrived_inside: BTreeMap<usize, CommitId>,
    /// What became of each proposal, in their order.
    pub fates: Vec<Fate>,
    /// Changes that may be of a proposal whose commits the export does not list, and that proposal.
    pub may_be_of: BTreeMap<CommitId, String>,
    /// Rulings that are about no change of the period: the subject, the decision, when, and the file.
    pub unmatched: Vec<Unmatched>,
}

/// A ruling of the gate that is about no change of the period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmatched {
    /// What was judged.
    pub subject: String,
    /// The decision.
    pub decision: &'static str,
    /// When (RFC 3339 UTC).
    pub at: String,
    /// The record's file in the pack.
    pub file: String,
}

/// Why a file cannot serve as evidence.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct ExportError {
    /// The file.
    pub file: String,
    /// What is wrong and where.
    pub problem: String,
}

impl Exports {
    /// Recognises files by their shape, and tables by the settings; `files` are names below `raw/` with their bytes.
    ///
    /// # Errors
    ///
    /// For the first file that is not understood, or that is of another repository than the settings name: nothing that was
    /// given is left aside in silence.
    pub fn read(files: Vec<(String, Vec<u8>)>, settings: Option<&Settings>) -> Result<Self, ExportError> {
        let tables = settings.map_or(&[][..], |settings| &settings.tickets.exports);
        let mut exports = Self::default();
        let mut fragments = Vec::new();
        let read = parallel::map(
            files,
            1,
            || (),
            |(), (name, bytes)| {
                let read = read_file(&name, &bytes, tables).map_err(|problem| ExportError { file: name.clone(), problem })?;
                Ok((hex(&Sha256::digest(&bytes)), name, bytes, read))
            },
        );
        for file in read {
            let (sha256, name, bytes, (read, gate)) = file?;
            exports.gate.extend(gate.into_iter().map(|record| (name.clone(), record)));
            let of_tickets = read.fragments.iter().any(Fragment::is_of_tickets);
            let gaps = if of_tickets { &mut exports.ticket_gaps } else { &mut exports.gaps };
            gaps.extend(read.gaps.iter().map(|gap| format!("{name}: {gap}")));
            exports.files.push(EvidenceFile { name, sha256, bytes, kind: read.kind, rows: read.rows });
            fragments.extend(read.fragments);
        }
        exports.ticket_systems = trackers::check_pages(&fragments, &mut exports.ticket_gaps);
        let (of_tickets, fragments) = fragments.into_iter().partition(Fragment::is_of_tickets);
        exports.proposals = joining::join(fragments, &mut exports.gaps, &mut exports.missing_proposals);
        exports.check_repositories(settings.and_then(|settings| settings.evidence_repository.as_deref()))?;
        (exports.tickets, exports.ticket_names) = trackers::join(of_tickets, &mut exports.ticket_gaps);
        Ok(exports)
    }

    /// Holds the repositories of the proposals against the one that the settings name; without one, against each other.
    fn check_repositories(&mut self, audited: Option<&str>) -> Result<(), ExportError> {
        let is_audited = |name: &str| audited.is_none_or(|audited| name.is_empty() || name.eq_ignore_ascii_case(audited.trim()));
        if let Some(other) = self.proposals.iter().find(|proposal| !is_audited(&proposal.repository)) {
            let (place, name) = (&other.place, crate::text::visible_line(&other.repository));
            let problem = format!(
                "{}: it is of the repository `{name}`, and the settings name `{}`",
                place.place,
                audited.unwrap_or_default()
            );
            return Err(ExportError { file: place.file.clone(), problem });
        }
        let mut named: BTreeMap<String, &RecordedProposal> = BTreeMap::new();
        for proposal in self.proposals.iter().filter(|proposal| !proposal.repository.is_empty()) {
            named.entry(proposal.repository.to_lowercase()).or_insert(proposal);
        }
        if named.len() > 1 {
            const SHOWN: usize = 5;
            let told = named.values().take(SHOWN).map(|one| format!("{} ({})", one.repository, one.place.file));
            let told: Vec<String> = told.collect();
            self.gaps.push(format!(
                "proposals of {} repositories were given: {}; `[evidence] repository` in the settings tells which one is audited",
                named.len(),
                told.join(", ")
            ));
        }
        Ok(())
    }

    /// Links changes to their proposals with the reviews that were recorded, and puts each ruling of the gate beside the
    /// changes it is about; what is about none is kept.
    pub fn attach(&mut self, repository: &Repository, dossiers: &mut [Dossier]) {
        let unlinked = linking::link(repository, self, dossiers);
        (self.arrived_inside, self.may_be_of) = (unlinked.arrived_inside, unlinked.may_be_of);
        self.gaps.extend(strange_repositories(&self.proposals, repository));
        let index = RulingIndex::new(self.gate.iter().map(|(file, record)| (record, file.as_str())));
        for dossier in dossiers.iter_mut() {
            dossier.gate = index.about(&dossier.change).map(Box::new);
        }
        let used = index.used_by(dossiers.iter().map(|dossier| &dossier.change));
        let rulings = self.gate.iter().flat_map(|(file, record)| record.rulings.iter().map(move |ruling| (file, record, ruling)));
        let unmatched = rulings.zip(used).filter(|(_, used)| !used);
        self.unmatched = unmatched.map(|((file, record, ruling), _)| unmatched_row(file, record, ruling)).collect();
    }

    /// Tells what became of each proposal, once changes are linked. `branch` is the audited one, `start` the committer date of
    /// the last commit before the period.
    pub fn reconcile(&mut self, dossiers: &[Dossier], branch: &str, start: Option<i64>) {
        self.fates = fates::of(&self.proposals, &self.arrived_inside, dossiers, branch, start);
    }

    /// Whether the proposal that brought a change is known, or that there is none: then the exports are whole and have none.
    #[must_use]
    pub fn tell_proposal_of(&self, dossier: &Dossier) -> bool {
        let tell_none =
            !self.proposals.is_empty() && self.missing_proposals.is_empty() && !self.may_be_of.contains_key(&dossier.change.id());
        dossier.link.is_some() || tell_none
    }

    /// How many rulings of the gate were given.
    #[must_use]
    pub fn rulings(&self) -> usize {
        self.gate.iter().map(|(_, record)| record.rulings.len()).sum()
    }
}

/// Recognises one file; the decision records of the gate in it stand apart.
fn read_file(name: &str, bytes: &[u8], tables: &[TicketTable]) -> Result<(Recognised, Vec<GateRecord>), String> {
    let unpacked = documents::unpacked(bytes)?;
    let json = match documents::split(&unpacked)? {
        Documents::Json(json) => json,
        Documents::Table { header, rows } => {
            let table = trackers::recognise_table(name, &header, &rows, tables)?;
            let unknown = || format!("a table that is not known; its columns are: {}", header.join(", "));
            return table.map(|table| (table, Vec::new())).ok_or_else(unknown);
        }
    };
    if let Some(all) = read_long_list(name, json) {
        return Ok((all, Vec::new()));
    }
    let mut all = Recognised { kind: "", fragments: Vec::new(), rows: 0, gaps: Vec::new() };
    let mut gate = Vec::new();
    documents::each_piece(json, &mut |piece| {
        if piece.value.get("schema").and_then(Value::as_str).is_some_and(|schema| schema.starts_with(GATE_SCHEMAS)) {
            gate.push(GateRecord::parse(piece.value)?);
            (all.kind, all.rows) = ("decision record of the gate", all.rows + 1);
            return Ok(());
        }
        add(&mut all, recognise(name, &piece)?);
        Ok(())
    })?;
    if all.kind.is_empty() {
        return Err("it is empty".into());
    }
    Ok((all, gate))
}

fn add(all: &mut Recognised, recognised: Recognised) {
    if !recognised.fragments.is_empty() || all.kind.is_empty() {
        all.kind = recognised.kind;
    }
    all.rows += recognised.rows;
    all.fragments.extend(recognised.fragments);
    all.gaps.extend(recognised.gaps);
}

/// Reads the slices of one long list side by side; `None` where it is none, or where a slice is not understood: reading it
/// from the beginning then tells the place.
fn read_long_list(name: &str, json: &[u8]) -> Option<Recognised> {
    let slices = documents::slices(json)?;
    let read = parallel::map(slices, 1, || (), |(), slice| recognise(name, &slice.parse().ok()?).ok());
    let mut all = Recognised { kind: "", fragments: Vec::new(), rows: 0, gaps: Vec::new() };
    for recognised in read {
        add(&mut all, recognised?);
    }
    Some(all)
}

fn recognise(name: &str, piece: &Piece) -> Result<Recognised, String> {
    if let Some(recognised) = forges::recognise(name, piece)? {
        return Ok(recognised);
    }
    let recognised = trackers::recognise(name, piece)?;
    recognised.ok_or_else(|| format!("document {} is not known: {}", piece.document, documents::outline(&piece.value)))
}

/// Repositories of whose proposals no commit is in the clone: their exports may have been given by mistake.
fn strange_repositories(proposals: &[RecordedProposal], repository: &Repository) -> Vec<String> {
    let mut reader = repository.reader();
    let mut is_known: BTreeMap<&str, (bool, &str)> = BTreeMap::new();
    for proposal in proposals {
        let mut commits = proposal.landed.iter().chain(&proposal.head).chain(&proposal.commits).peekable();
        if commits.peek().is_none() {
            continue;
        }
        let (known, _) = is_known.entry(&proposal.repository).or_insert((false, &proposal.place.file));
        *known = *known || commits.any(|commit| reader.first_parent_of(*commit).is_some());
    }
    let strange = is_known.into_iter().filter(|(_, (known, _))| !known);
    let told = strange.map(|(name, (_, file))| {
        let name = if name.is_empty() { "a repository that is not named" } else { name };
        format!("no commit of the proposals of {name} is in this clone (raw/{file}): they may be of another repository")
    });
    told.collect()
}

fn unmatched_row(file: &str, record: &GateRecord, ruling: &RecordedRuling) -> Unmatched {
    Unmatched {
        subject: ruling.subject.clone(),
        decision: ruling.decision.word(),
        at: record.decided_at.clone(),
        file: file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_an_error_that_names_the_file() {
        let read = |text: &str| {
            Exports::read(vec![("1/x.json".into(), text.into())], None).map(|_| ()).map_err(|error| error.to_string())
        };
        assert!(read("{").unwrap_err().starts_with("1/x.json: "));
        assert!(read("{\"schema\": \"other\"}").unwrap_err().contains("not known"));
        assert!(read("").unwrap_err().contains("empty"));
        assert!(read(&format!("{{\"schema\": \"{GATE_SCHEMAS}1\"}}")).unwrap_err().contains("missing field"));
    }
}
