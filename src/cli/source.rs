//! Where a command's repository, range and settings come from, for every command that reads one.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use clap::Args;
use sha2::{Digest as _, Sha256};

use super::sample::{Imported, Story};
use super::terminal::note;
use super::{Exit, Failure};
use crate::checks::Catalogue;
use crate::repository::{Asked, AuditRange, Bound, History, PeriodName, Quarantine, Repository};
use crate::settings::Settings;
use crate::text::{CommitId, hex};

/// The settings file's name, in the audited repository and where `settings init` writes it.
pub(super) const SETTINGS_FILE: &str = "countersign.toml";

/// Where settings and repository come from, for every command that reads one.
#[derive(Debug, Args)]
pub(super) struct SourceArguments {
    /// The repository, or a folder inside it [default: `GIT_DIR`, else the current folder]
    #[arg(long, value_name = "PATH", global = true)]
    pub repo: Option<PathBuf>,
    /// The audited branch [default: HEAD]
    #[arg(long, value_name = "REF", global = true)]
    pub branch: Option<String>,
    /// A settings file [default: countersign.toml in the commit before the range, else built-in settings]
    #[arg(long, value_name = "FILE", global = true)]
    pub settings: Option<PathBuf>,
    /// The profile; wins over the settings file
    #[arg(long, value_name = "NAME", global = true)]
    pub profile: Option<String>,
}

/// Which changes a command is about.
#[derive(Debug, Args)]
pub(super) struct RangeArguments {
    /// The period: a year (2026), a quarter (2026-Q1) or a month (2026-03)
    #[arg(long, value_name = "PERIOD", conflicts_with_all = ["from", "to"], global = true)]
    pub period: Option<String>,
    /// The last revision before the range, or its first day (2026-01-01); without it the range begins with the history
    #[arg(long, value_name = "REV|DATE", global = true)]
    pub from: Option<String>,
    /// The last revision of the range, or its last day (2026-03-31)
    #[arg(long, value_name = "REV|DATE", global = true)]
    pub to: Option<String>,
    /// Read an embedded sample repository
    #[arg(long, value_name = "STORY", num_args = 0..=1, default_missing_value = "security-layer", conflicts_with_all = ["repo", "branch"], global = true)]
    pub sample: Option<String>,
}

/// What was asked for, before a time zone is known.
pub(super) enum Wanted {
    /// A named period.
    Period(String),
    /// From one revision or day to another; the whole branch when neither is named.
    Between { from: Option<String>, to: Option<String> },
}

impl Wanted {
    /// What the arguments name; `None` when they name nothing.
    pub(super) fn read(arguments: &RangeArguments) -> Result<Option<Self>, Failure> {
        if let Some(period) = &arguments.period {
            return Self::period(period).map(Some);
        }
        let between = arguments.from.is_some() || arguments.to.is_some();
        Ok(between.then(|| Self::Between { from: arguments.from.clone(), to: arguments.to.clone() }))
    }

    pub(super) fn period(name: &str) -> Result<Self, Failure> {
        match PeriodName::parse(name, 0) {
            Some(_) => Ok(Self::Period(name.to_owned())),
            None => Err(Failure::misuse(format!("`{name}` is not a period"))
                .hint("write a year (2026), a quarter (2026-Q1) or a month (2026-03)")),
        }
    }

    fn asked(&self, repository: &Repository, offset: i32) -> Option<Asked> {
        match self {
            Self::Period(name) => PeriodName::parse(name, offset).map(Asked::Period),
            Self::Between { from, to } => {
                let end = |word: &Option<String>| word.as_deref().map(|word| bound(repository, word, offset));
                Some(Asked::Between { from: end(from), to: end(to) })
            }
        }
    }

    fn history(&self, repository: &Repository, branch: Option<&str>, offset: i32) -> Result<History, Failure> {
        let asked =
            self.asked(repository, offset).ok_or_else(|| Failure::misuse("the period cannot be read in that time zone"))?;
        Ok(repository.history(&asked, branch)?)
    }
}

/// A revision, or a day or period where the repository has no revision of that name.
fn bound(repository: &Repository, word: &str, offset: i32) -> Bound {
    match PeriodName::parse_moment(word, offset) {
        Some(moment) if repository.resolve(word).is_err() => Bound::Moment(moment),
        Some(_) | None => Bound::Revision(word.to_owned()),
    }
}

pub(super) fn open(source: &SourceArguments, imported: Option<&Imported>) -> Result<Repository, Failure> {
    Ok(Repository::open(&place(source, imported))?)
}

/// Opens the repository from inside a hook, with the objects of a push that is not let in yet.
pub(super) fn open_in_hook(source: &SourceArguments, quarantine: Option<&Quarantine>) -> Result<Repository, Failure> {
    Ok(Repository::open_with(&place(source, None), quarantine)?)
}

fn place(source: &SourceArguments, imported: Option<&Imported>) -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    let from_environment = || std::env::var_os("GIT_DIR").map(PathBuf::from);
    match imported {
        Some(imported) => imported.path.clone(),
        None => source.repo.clone().or_else(from_environment).unwrap_or_else(|| PathBuf::from(".")),
    }
}

/// Settings given on the command line or by the story; `None` leaves the choice to the repository.
pub(super) fn choose_settings(source: &SourceArguments, story: Option<&Story>) -> Result<Option<Settings>, Failure> {
    let profile = source.profile.as_deref();
    match (&source.settings, story) {
        (Some(path), _) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                let mut failure = Failure::of(Exit::Misuse, &error);
                failure.sentences.insert(0, format!("cannot read the settings file {}", path.display()));
                failure
            })?;
            let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
            let beside = |register: &str| {
                let path = path.parent().unwrap_or(Path::new("")).join(register);
                std::fs::read_to_string(path).map_err(|error| error.to_string())
            };
            parse(&text, &format!("file {name}"), profile, &beside).map(Some)
        }
        (None, Some(story)) => parse(story.settings, &format!("sample {}", story.name), profile, &no_file).map(Some),
        (None, None) => Ok(None),
    }
}

/// Reads settings with the register file that they name; the origin names both.
pub(super) fn parse(
    text: &str,
    origin: &str,
    profile: Option<&str>,
    files: &dyn Fn(&str) -> Result<String, String>,
) -> Result<Settings, Failure> {
    let digest = RefCell::new(String::new());
    let (mut settings, mut problems) = Settings::parse_with(text, origin, profile, &|path| {
        let text = files(path)?;
        *digest.borrow_mut() = hex(&Sha256::digest(text.as_bytes()));
        Ok(text)
    });
    if let Some(register) = &settings.identities.register {
        settings.origin = format!("{origin}, with the register {register} (SHA-256 {})", digest.into_inner());
    }
    problems.extend(Catalogue::configured(&settings).1);
    problems.sort();
    if problems.is_empty() { Ok(settings) } else { Err(Failure::settings(origin, &problems)) }
}

/// Built-in settings and those of samples name no further file.
pub(super) fn no_file(path: &str) -> Result<String, String> {
    Err(format!("there is no file {path}"))
}

/// The built-in settings.
pub(super) fn built_in(profile: Option<&str>) -> Result<Settings, Failure> {
    parse("", "built in", profile, &no_file)
}

pub(super) fn catalogue(settings: &Settings) -> Result<Catalogue, Failure> {
    let (catalogue, problems) = Catalogue::configured(settings);
    if problems.is_empty() { Ok(catalogue) } else { Err(Failure::settings(&settings.origin, &problems)) }
}

/// Resolves the range and the settings, which depend on each other: a period needs a time zone, and the settings of a
/// repository are those of the commit before the range, since a change must not move the judge.
pub(super) fn resolve(
    repository: &Repository,
    wanted: &Wanted,
    chosen: Option<Settings>,
    source: &SourceArguments,
) -> Result<(History, Settings), Failure> {
    let branch = source.branch.as_deref();
    if let Some(settings) = chosen {
        return Ok((wanted.history(repository, branch, settings.period_offset)?, settings));
    }
    let history = wanted.history(repository, branch, 0)?;
    let settings = settings_before(repository, &history.range, source.profile.as_deref())?;
    if settings.period_offset == 0 {
        return Ok((history, settings));
    }
    Ok((wanted.history(repository, branch, settings.period_offset)?, settings))
}

/// Resolves a point of the branch's history and the settings as of it.
pub(super) fn resolve_moment(
    repository: &Repository,
    at: Option<&str>,
    chosen: Option<Settings>,
    source: &SourceArguments,
) -> Result<(AuditRange, Settings), Failure> {
    let branch = source.branch.as_deref();
    let as_of = |offset| repository.as_of(at.map(|at| bound(repository, at, offset)).as_ref(), branch);
    if let Some(settings) = chosen {
        return Ok((as_of(settings.period_offset)?, settings));
    }
    let range = as_of(0)?;
    let settings = settings_before(repository, &range, source.profile.as_deref())?;
    if settings.period_offset == 0 {
        return Ok((range, settings));
    }
    Ok((as_of(settings.period_offset)?, settings))
}

/// The settings that stand in a commit; the built-in ones where it has none.
pub(super) fn settings_at(repository: &Repository, commit: Option<CommitId>, profile: Option<&str>) -> Result<Settings, Failure> {
    match commit.map(|commit| written_at(repository, commit, profile)).transpose()?.flatten() {
        Some(settings) => Ok(settings),
        None => built_in(profile),
    }
}

fn written_at(repository: &Repository, commit: CommitId, profile: Option<&str>) -> Result<Option<Settings>, Failure> {
    let unreadable = |reason: String| {
        Failure { exit: Exit::Inconclusive, sentences: vec![format!("cannot read {SETTINGS_FILE}"), reason], hint: None }
            .hint("name a settings file with `--settings FILE`")
    };
    let Some(bytes) = repository.file_at(commit, SETTINGS_FILE).map_err(unreadable)? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
    parse(&text, &format!("{SETTINGS_FILE} at commit {commit}"), profile, &beside(repository, commit)).map(Some)
}

/// Files of the commit that the settings stand in.
pub(super) fn beside(repository: &Repository, commit: CommitId) -> impl Fn(&str) -> Result<String, String> + use<'_> {
    move |path| {
        let bytes = repository.file_at(commit, path)?.ok_or_else(|| format!("commit {commit} does not hold it"))?;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    }
}

fn settings_before(repository: &Repository, range: &AuditRange, profile: Option<&str>) -> Result<Settings, Failure> {
    if let Some(start) = range.start
        && let Some(settings) = written_at(repository, start, profile)?
    {
        return Ok(settings);
    }
    if repository.file_at(range.end, SETTINGS_FILE).is_ok_and(|file| file.is_some()) {
        note(&format!(
            "note: {SETTINGS_FILE} came into the repository within the range, so it does not decide; built-in settings are used.\n      `--settings {SETTINGS_FILE}` uses the file of the current folder."
        ));
    }
    built_in(profile)
}
