//! `countersign settings show` and `countersign settings init`.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::source::{SETTINGS_FILE, SourceArguments, beside, built_in, choose_settings, open, parse};
use super::terminal::say;
use super::{Exit, Failure};
use crate::changes::{self, Change, FileEdit};
use crate::classification::Classifier;
use crate::evidence::{self, Dossier, TicketSystem};
use crate::manifests;
use crate::repository::{Asked, Notes, Repository};
use crate::settings::init::{Observed, draft};
use crate::settings::{Layer, Settings};

/// Arguments of `countersign settings`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print what is in force, defaults and profile included
    Show(SourceArguments),
    /// Draft a commented settings file from what is found in the repository
    Init {
        #[command(flatten)]
        source: SourceArguments,
        /// The file to write; must not exist. `-` prints it
        #[arg(long, value_name = "FILE", default_value = SETTINGS_FILE)]
        out: PathBuf,
    },
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.command {
        Command::Show(source) => show(source),
        Command::Init { source, out } => init(source, out),
    }
}

fn show(source: &SourceArguments) -> Result<(), Failure> {
    let settings = match choose_settings(source, None)? {
        Some(settings) => settings,
        None => of_repository(source)?,
    };
    say(&format!("# from: {}\n# digest: {}\n{}", settings.origin, settings.digest, settings.describe()))
}

/// The settings at the branch's end; without a repository or a file in it, the built-in ones.
fn of_repository(source: &SourceArguments) -> Result<Settings, Failure> {
    let profile = source.profile.as_deref();
    let found = open(source, None).and_then(|repository| {
        let end = repository.resolve(source.branch.as_deref().unwrap_or("HEAD"))?;
        Ok((repository.file_at(end, SETTINGS_FILE).ok().flatten(), end, repository))
    });
    match found {
        Ok((Some(bytes), end, repository)) => {
            let origin = format!("{SETTINGS_FILE} at commit {end}");
            parse(&String::from_utf8_lossy(&bytes), &origin, profile, &beside(&repository, end))
        }
        Err(failure) if source.repo.is_some() || source.branch.is_some() => Err(failure),
        Ok((None, ..)) | Err(_) => built_in(profile),
    }
}

fn init(source: &SourceArguments, out: &PathBuf) -> Result<(), Failure> {
    let repository = open(source, None)?;
    let text = draft(&observe(&repository, source.branch.as_deref())?);
    if out.as_os_str() == "-" {
        return say(&text);
    }
    let failed = |error: std::io::Error| {
        let exists = error.kind() == std::io::ErrorKind::AlreadyExists;
        let failure = Failure {
            exit: Exit::CouldNotWrite,
            sentences: vec![format!("cannot write {}", out.display()), error.to_string()],
            hint: None,
        };
        if exists { failure.hint("name another file with `--out FILE`, or print with `--out -`") } else { failure }
    };
    let mut file = File::create_new(out).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    say(&format!("Wrote {}. Read it, correct it, then commit it: it decides from the next period on.\n", out.display()))
}

fn observe(repository: &Repository, branch: Option<&str>) -> Result<Observed, Failure> {
    let history = repository.history(&Asked::Between { from: None, to: None }, branch)?;
    let end = history.range.end;
    let settings = Settings::built_in();
    let changes = changes::collect_without_content(repository, history.arrivals);
    let number = changes.len();
    let classified = changes.into_iter().map(|change| (change, crate::classification::Classification::default())).collect();
    let dossiers = evidence::gather(classified, &Notes::new(), &settings);
    let mut observed = Observed { changes: number, ..Observed::default() };
    observe_messages(&dossiers, &mut observed);
    if let Some(last) = dossiers.into_iter().next_back() {
        let files = repository.files_at(end).map_err(|reason| Failure {
            exit: Exit::Inconclusive,
            sentences: vec!["cannot read the files of the branch".into(), reason],
            hint: None,
        })?;
        observe_files(repository, last.change, files, &settings, &mut observed);
    }
    Ok(observed)
}

fn observe_messages(dossiers: &[Dossier], observed: &mut Observed) {
    let (mut projects, mut conventions, mut bots) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for dossier in dossiers {
        for claim in &dossier.evidence.tickets {
            if claim.value.system == TicketSystem::Jira
                && let Some((project, _)) = claim.value.id.rsplit_once('-')
            {
                *projects.entry(project.to_owned()).or_insert(0) += 1;
            }
        }
        if let Some(claim) = &dossier.evidence.proposal {
            *conventions.entry(claim.value.convention.to_owned()).or_insert(0) += 1;
        }
        if let Some(bot) = &dossier.bot {
            let mail = dossier.change.commit.author.person.mail.value.to_string();
            *bots.entry((bot.to_string(), mail)).or_insert(0) += 1;
        }
    }
    observed.projects = most_first(projects);
    observed.proposal_conventions = most_first(conventions);
    observed.bots = most_first(bots).into_iter().map(|((name, mail), changes)| (name, mail, changes)).collect();
}

fn most_first<K: Ord>(counts: BTreeMap<K, usize>) -> Vec<(K, usize)> {
    let mut counts: Vec<(K, usize)> = counts.into_iter().collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    counts
}

/// Classifies every file of the branch's end as if one change had added them all.
fn observe_files(
    repository: &Repository,
    mut change: Change,
    mut files: Vec<FileEdit>,
    settings: &Settings,
    observed: &mut Observed,
) {
    let mut reader = repository.reader();
    let mut classifier = Classifier::new(settings);
    for file in &mut files {
        if classifier.wants_kinds(&file.path)
            && let Some(entry) = file.after
        {
            // A file that cannot be read says nothing about its folder.
            file.kinds = reader.with_blob(entry.blob, manifests::scan).ok().map(Arc::from);
        }
    }
    change.commit.file_edits = files.into();
    change.side_commits.clear();
    let classification = classifier.classify(&change);
    let (mut folders, mut environments) = (BTreeMap::<String, BTreeMap<Layer, usize>>::new(), BTreeMap::new());
    for (edit, class) in change.commit.file_edits.iter().zip(&classification.files) {
        if let Some(environment) = &class.environment {
            *environments.entry(environment.to_string()).or_insert(0) += 1;
        }
        let path = edit.path.to_text();
        let parts: Vec<&str> = path.split('/').collect();
        for depth in 1..parts.len().min(4) {
            let folder = parts.get(..depth).unwrap_or_default().join("/");
            for layer in class.layers.iter().filter(|layer| *layer != Layer::Governance) {
                *folders.entry(folder.clone()).or_default().entry(layer).or_insert(0) += 1;
            }
        }
    }
    observed.environments = most_first(environments);
    observed.layer_folders = telling_folders(&folders);
    observed.declared = declared(&folders);
}

/// The topmost folders that belong to one layer with nine files of ten.
fn telling_folders(folders: &BTreeMap<String, BTreeMap<Layer, usize>>) -> Vec<(String, Layer, usize)> {
    let mut told: Vec<(String, Layer, usize)> = Vec::new();
    for (folder, layers) in folders {
        let below = told.iter().any(|(glob, _, _)| folder.starts_with(glob.trim_end_matches("**")));
        let files: usize = layers.values().sum();
        let most = layers.iter().max_by_key(|(_, files)| **files);
        if let Some((layer, most)) = most.filter(|(_, most)| !below && files >= 3 && **most * 10 >= files * 9) {
            told.push((format!("{folder}/**"), *layer, *most));
        }
    }
    told
}

/// The layer of nine files of ten, if there is one.
fn declared(folders: &BTreeMap<String, BTreeMap<Layer, usize>>) -> Option<Layer> {
    let mut layers = BTreeMap::new();
    for (_, counts) in folders.iter().filter(|(folder, _)| !folder.contains('/')) {
        for (layer, files) in counts {
            *layers.entry(*layer).or_insert(0) += files;
        }
    }
    let files: usize = layers.values().sum();
    layers.into_iter().find(|(_, most)| most * 10 >= files * 9).map(|(layer, _)| layer)
}
