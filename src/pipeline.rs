//! The whole flow on one screen: from a repository and what was asked for to a frozen pack.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use crate::changes::{self, Change, FactsCache, GapAbout};
use crate::checks::{self, Catalogue, EnvironmentFile, Period};
use crate::classification::Classifier;
use crate::evidence::signatures::{self, Keys};
use crate::evidence::{self, Dossier, Exports, Fate};
use crate::inventory;
use crate::pack::{Pack, RecordCounter, Rendered, population_hash};
use crate::parallel;
use crate::render::{self, RenderError, Sink};
use crate::repository::{AuditRange, Completeness, History, Notes, Repository, RepositoryError};
use crate::settings::{Mailmap, Settings};
use crate::text::{CommitId, RepoPath};

/// Is told how far the work is.
pub trait Progress: Sync {
    /// So many changes will be read.
    fn begin(&self, changes: usize);
    /// One more change has been read.
    fn advance(&self);
}

/// No one is told.
impl Progress for () {
    fn begin(&self, _changes: usize) {}
    fn advance(&self) {}
}

/// What was read and judged, before it is counted a second time.
#[derive(Debug)]
pub struct Judged {
    pack: Pack,
    commits_walked: usize,
}

/// What an audit has beside the repository.
#[derive(Debug)]
pub struct Given<'a> {
    /// Facts that earlier runs have kept.
    pub cache: &'a FactsCache,
    /// Evidence from outside of Git.
    pub exports: Exports,
    /// Keys that signatures are checked against.
    pub keys: Keys,
}

/// Reads and judges a history: facts in parallel, then judgement.
///
/// # Errors
///
/// When the repository's references cannot be read. What cannot be read beyond that is a gap in the pack.
pub fn audit(
    repository: &Repository,
    given: Given<'_>,
    history: History,
    mut settings: Settings,
    catalogue: &Catalogue,
    progress: &dyn Progress,
) -> Result<Judged, RepositoryError> {
    let History { range, arrivals, commits, unreadable } = history;
    let Given { cache, mut exports, mut keys } = given;
    let mut completeness = repository.completeness().clone();
    completeness.remarks.extend(join_by_mailmap(repository, range.start, &mut settings).unwrap_or_else(Some));
    completeness.unreadable_objects.extend(unreadable);
    let population_hash = population_hash(arrivals.iter().map(|arrival| arrival.commit.id));
    let dates_before = repository.committer_dates(range.start);

    progress.begin(arrivals.len());
    let changes = changes::collect(repository, arrivals, cache, &|| progress.advance());
    let (notes, problems) = notes(repository, &changes)?;
    completeness.remarks.extend(problems);
    let mut dossiers = gather(changes, &notes, &settings);
    exports.attach(repository, &mut dossiers);
    let start = range.start.and_then(|start| dates_before.get(&start));
    exports.reconcile(&dossiers, &range.branch, start.map(|start| start.seconds));
    attach_owners(repository, &exports, &settings, catalogue, &mut dossiers);
    completeness.remarks.extend(signatures::check(repository, &keys, &mut dossiers)?);
    complete(&mut completeness, &mut exports, &mut keys, &dossiers);

    let at_start = files_at_start(repository, range.start, &dossiers, &settings);
    let period = Period {
        range: &range,
        completeness: &completeness,
        dates_before: &dates_before,
        at_start: at_start.as_deref(),
        exports: &exports,
        dossiers: &dossiers,
        settings: &settings,
    };
    let (inventory, assessments) = std::thread::scope(|scope| {
        let inventory = scope.spawn(|| inventory::take(repository, cache, &range, &dossiers, &settings));
        let assessments = catalogue.assess(&period);
        (inventory.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), assessments)
    });
    let inventory = inventory?;
    let statuses = checks::statuses(&period, &assessments);
    let pack = Pack {
        repository_name: repository.name(),
        range,
        completeness,
        dossiers,
        assessments,
        statuses,
        inventory,
        exports,
        settings,
        population_hash,
        tie_outs: Vec::new(),
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(Judged { pack, commits_walked: commits })
}

/// Changes with everything that settings and notes say about them, and the notes that could not be read as sentences.
///
/// # Errors
///
/// When the repository's references cannot be read.
pub fn dossiers(
    repository: &Repository,
    changes: Vec<Change>,
    settings: &Settings,
) -> Result<(Vec<Dossier>, Vec<String>), RepositoryError> {
    let (notes, problems) = notes(repository, &changes)?;
    Ok((gather(changes, &notes, settings), problems))
}

/// Reads only the policies as of the end of a range that holds no change, and what last changed each of them.
///
/// # Errors
///
/// When the repository's references cannot be read. What cannot be read beyond that is a gap in the pack.
pub fn take_stock(
    repository: &Repository,
    cache: &FactsCache,
    range: AuditRange,
    settings: Settings,
) -> Result<Pack, RepositoryError> {
    let inventory = inventory::take(repository, cache, &range, &[], &settings)?;
    Ok(Pack {
        repository_name: repository.name(),
        range,
        completeness: repository.completeness().clone(),
        dossiers: Vec::new(),
        assessments: Vec::new(),
        statuses: Vec::new(),
        inventory,
        exports: Exports::default(),
        settings,
        population_hash: population_hash(std::iter::empty()),
        tie_outs: Vec::new(),
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Reads the `.mailmap` of the base commit, where the settings allow it to join people; the sentence says what was read.
///
/// # Errors
///
/// One sentence when it is there and cannot be read.
pub fn join_by_mailmap(
    repository: &Repository,
    base: Option<CommitId>,
    settings: &mut Settings,
) -> Result<Option<String>, String> {
    const FILE: &str = ".mailmap";
    if !settings.identities.mailmap {
        return Ok(None);
    }
    let Some(base) = base else {
        return Ok(Some(
            "The settings let .mailmap join people; the range begins with the history, so none stands before it.".into(),
        ));
    };
    let unreadable = |reason: String| format!("The settings let {FILE} join people, and it cannot be read: {reason}");
    let Some(bytes) = repository.file_at(base, FILE).map_err(unreadable)? else {
        return Ok(Some(format!("The settings let {FILE} join people; commit {base} has none.")));
    };
    settings.identities.joined = Mailmap::parse(&bytes);
    Ok(Some(format!("Spellings of one person are joined by {FILE} as of commit {base}, besides the register.")))
}

/// Takes up what was given and could not be read, and the files of the keys.
fn complete(completeness: &mut Completeness, exports: &mut Exports, keys: &mut Keys, dossiers: &[Dossier]) {
    exports.files.extend(keys.take_files());
    completeness.remarks.append(&mut keys.remarks);
    completeness.remarks.extend(exports.gaps.iter().chain(&exports.ticket_gaps).map(|gap| crate::text::visible_line(gap)));
    completeness.unreadable_objects.extend(unreadable_objects(dossiers));
}

/// Puts the owners file beside each change, where a check in force asks for it.
fn attach_owners(
    repository: &Repository,
    exports: &Exports,
    settings: &Settings,
    catalogue: &Catalogue,
    dossiers: &mut [Dossier],
) {
    if catalogue.cards().any(|card| card.id == checks::OWNERS_CHECK) {
        let forge = exports.proposals.first().map(|proposal| proposal.forge);
        evidence::owners::attach(repository, dossiers, settings.owners.forge, forge);
    }
}

impl Judged {
    /// What was read and judged, without the second count.
    #[must_use]
    pub fn into_pack(self) -> Pack {
        self.pack
    }

    /// Freezes the pack: writes its tables, counts each row as it goes by, and holds the counts against what was read.
    ///
    /// # Errors
    ///
    /// When the tables cannot be written.
    pub fn freeze(self, sink: &dyn Sink) -> Result<Pack, RenderError> {
        let mut pack = self.pack;
        let counting = CountingSink { sink, rendered: Mutex::default() };
        render::csv::render(&pack, &counting)?;
        let rendered = counting.rendered.into_inner().unwrap_or_else(PoisonError::into_inner);
        pack.tie_outs = pack.tie_out(self.commits_walked, &rendered);
        Ok(pack)
    }
}

/// What stood in the environments when a range began; nothing where it begins with the history, `None` when not all of
/// the tree can be read.
fn files_at_start(
    repository: &Repository,
    start: Option<CommitId>,
    dossiers: &[Dossier],
    settings: &Settings,
) -> Option<Vec<EnvironmentFile>> {
    let Some(start) = start else { return Some(Vec::new()) };
    let (files, gaps) = repository.tree_at(start).ok()?;
    let classifier = Classifier::new(settings);
    let environment_of = |path: &RepoPath| classifier.environment_of(path);
    gaps.is_empty().then(|| EnvironmentFile::of(&files, dossiers, &settings.environments, &environment_of))
}

fn notes(repository: &Repository, changes: &[Change]) -> Result<(Notes, Vec<String>), RepositoryError> {
    let ids: Vec<CommitId> = changes.iter().flat_map(Change::commits).map(|commit| commit.id).collect();
    repository.notes(ids.into_iter())
}

fn gather(changes: Vec<Change>, notes: &Notes, settings: &Settings) -> Vec<Dossier> {
    const PIECE: usize = 512;
    let state = || Classifier::new(settings);
    let classified = parallel::map(changes, PIECE, state, |classifier, change| {
        let classification = classifier.classify(&change);
        (change, classification)
    });
    evidence::gather(classified, notes, settings)
}

/// Commits and folders that a change needed and that could not be read; they make the record incomplete.
fn unreadable_objects(dossiers: &[Dossier]) -> BTreeSet<String> {
    let commits = dossiers.iter().flat_map(|dossier| dossier.change.commits());
    let gaps = commits.flat_map(|commit| &commit.gaps);
    let hard = gaps.filter(|gap| matches!(gap.about, GapAbout::Commit | GapAbout::FileEdits));
    hard.map(|gap| gap.reason.to_string()).collect()
}

/// Counts the rows of the tables that tie-outs speak of while they are written.
struct CountingSink<'a> {
    sink: &'a dyn Sink,
    rendered: Mutex<Rendered>,
}

impl Sink for CountingSink<'_> {
    fn file(&self, path: &str, write: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), RenderError>) -> Result<(), RenderError> {
        const COUNTED: [&str; 7] =
            ["changes.csv", "commits.csv", "excluded.csv", "files.csv", "policy-inventory.csv", "proposals.csv", "tickets.csv"];
        let name = path.rsplit('/').next().unwrap_or(path);
        if !COUNTED.contains(&name) {
            return self.sink.file(path, write);
        }
        let keeps_ids = name == "changes.csv";
        let mut counter =
            if keeps_ids || name == "proposals.csv" { RecordCounter::keeping_second_fields() } else { RecordCounter::default() };
        self.sink.file(path, &mut |out| write(&mut Both { out, counter: &mut counter }))?;
        let (rows, second) = counter.finish();
        let mut rendered = self.rendered.lock().unwrap_or_else(PoisonError::into_inner);
        rendered.rows.insert(name.to_owned(), rows);
        if keeps_ids {
            rendered.change_ids = second;
        } else if name == "proposals.csv" {
            rendered.proposals_landed = second.iter().filter(|result| *result == Fate::LANDED).count();
        }
        Ok(())
    }
}

/// Writes to the pack, and shows the counter exactly what was written.
struct Both<'a> {
    out: &'a mut dyn io::Write,
    counter: &'a mut RecordCounter,
}

impl io::Write for Both<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.counter.write_all(bytes.get(..written).unwrap_or(bytes))?;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
