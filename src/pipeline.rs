//! The whole flow on one screen: from a repository and what was asked for to a frozen pack.

use std::io;

use crate::changes::{self, Change};
use crate::checks::{self, Catalogue, Period};
use crate::classification::{Classification, Classifier};
use crate::evidence::{self, Dossier};
use crate::pack::{Pack, RecordCounter, Rendered, population_hash};
use crate::render::{self, RenderError, Sink};
use crate::repository::{History, Notes, Repository, RepositoryError};
use crate::settings::Settings;
use crate::text::{CommitId, Timestamp};

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

/// Why no pack could be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The repository could not be read.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The tables could not be rendered to be counted.
    #[error("cannot count the rows of the pack")]
    Count(#[from] RenderError),
}

/// Reads and judges a history: facts in parallel, then judgement, then two counts of everything.
///
/// # Errors
///
/// When the repository's references cannot be read. What cannot be read beyond that is a gap in the pack.
pub fn audit(
    repository: &Repository,
    history: History,
    settings: Settings,
    catalogue: &Catalogue,
    progress: &dyn Progress,
) -> Result<Pack, AuditError> {
    let History { range, arrivals, commits, unreadable } = history;
    let mut completeness = repository.completeness().clone();
    completeness.unreadable_objects.extend(unreadable);
    let population_hash = population_hash(arrivals.iter().map(|arrival| arrival.commit.id));
    let previous_committed_at = committed_at(repository, range.start);

    progress.begin(arrivals.len());
    let classifier = Classifier::new(&settings);
    let changes = changes::collect(repository, arrivals, &|path| classifier.wants_kinds(path), &|| progress.advance());
    let (notes, problems) = notes(repository, &changes)?;
    completeness.remarks.extend(problems);
    let dossiers = gather(changes, classifier, &notes, &settings);

    let period = Period {
        range: &range,
        completeness: &completeness,
        previous_committed_at,
        dossiers: &dossiers,
        settings: &settings,
    };
    let assessments = catalogue.assess(&period);
    let statuses = checks::statuses(&period, &assessments);
    let mut pack = Pack {
        repository_name: repository.name(),
        range,
        completeness,
        dossiers,
        assessments,
        statuses,
        settings,
        population_hash,
        tie_outs: Vec::new(),
        version: env!("CARGO_PKG_VERSION"),
    };
    pack.tie_outs = pack.tie_out(commits, &count_rendered(&pack)?);
    Ok(pack)
}

fn committed_at(repository: &Repository, commit: Option<CommitId>) -> Option<Timestamp> {
    repository.commit(commit?)?.committer.when.known()
}

fn notes(repository: &Repository, changes: &[Change]) -> Result<(Notes, Vec<String>), RepositoryError> {
    let ids: Vec<CommitId> = changes.iter().flat_map(Change::commits).map(|commit| commit.id).collect();
    repository.notes(ids.into_iter())
}

fn gather(changes: Vec<Change>, mut classifier: Classifier, notes: &Notes, settings: &Settings) -> Vec<Dossier> {
    let classified: Vec<(Change, Classification)> = changes
        .into_iter()
        .map(|change| {
            let classification = classifier.classify(&change);
            (change, classification)
        })
        .collect();
    evidence::gather(classified, notes, settings)
}

/// Renders the tables that tie-outs speak of, and counts their rows as they go by.
fn count_rendered(pack: &Pack) -> Result<Rendered, RenderError> {
    let mut counting = CountingSink::default();
    render::csv::render(pack, &mut counting)?;
    Ok(counting.rendered)
}

#[derive(Default)]
struct CountingSink {
    rendered: Rendered,
}

impl Sink for CountingSink {
    fn file(
        &mut self,
        path: &str,
        write: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), RenderError>,
    ) -> Result<(), RenderError> {
        const COUNTED: [&str; 5] = ["changes.csv", "commits.csv", "excluded.csv", "files.csv", "tickets.csv"];
        let name = path.rsplit('/').next().unwrap_or(path);
        if !COUNTED.contains(&name) {
            return Ok(());
        }
        let keeps_ids = name == "changes.csv";
        let mut counter = if keeps_ids { RecordCounter::keeping_second_fields() } else { RecordCounter::default() };
        write(&mut counter)?;
        let (rows, ids) = counter.finish();
        self.rendered.rows.insert(name.to_owned(), rows);
        if keeps_ids {
            self.rendered.change_ids = ids;
        }
        Ok(())
    }
}
