//! `countersign report`: the evidence pack of a period.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::progress::Bar;
use super::sample::{Imported, Story};
use super::terminal::{note, say};
use super::{Exit, Failure};
use crate::checks::{Catalogue, Outcome};
use crate::folder;
use crate::pack::{Pack, Status};
use crate::pipeline;
use crate::repository::{Asked, History, PeriodName, Repository};
use crate::settings::Settings;

/// The settings file's name, in the audited repository and where `settings init` writes it.
pub(super) const SETTINGS_FILE: &str = "countersign.toml";

/// Arguments of `countersign report`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: SourceArguments,
    /// The period: a year (2026), a quarter (2026-Q1) or a month (2026-03)
    #[arg(long, value_name = "PERIOD", conflicts_with_all = ["from", "to"])]
    period: Option<String>,
    /// The last revision before the range; without it the range begins with the history
    #[arg(long, value_name = "REV")]
    from: Option<String>,
    /// The last revision of the range
    #[arg(long, value_name = "REV")]
    to: Option<String>,
    /// Audit an embedded sample repository
    #[arg(long, value_name = "STORY", num_args = 0..=1, default_missing_value = "security-layer", conflicts_with_all = ["repo", "branch"])]
    sample: Option<String>,
    /// The folder to write; must not exist
    #[arg(long, value_name = "DIR", default_value = "countersign-pack")]
    out: PathBuf,
    /// Stop early and write nothing, to measure
    #[arg(long, value_name = "STAGE", hide = true)]
    stop_after: Option<Stage>,
}

/// Where settings and repository come from, for every command that reads one.
#[derive(Debug, Args)]
pub(super) struct SourceArguments {
    /// The repository, or a folder inside it [default: `GIT_DIR`, else the current folder]
    #[arg(long, value_name = "PATH")]
    pub repo: Option<PathBuf>,
    /// The audited branch [default: HEAD]
    #[arg(long, value_name = "REF")]
    pub branch: Option<String>,
    /// A settings file [default: countersign.toml in the commit before the range, else built-in settings]
    #[arg(long, value_name = "FILE")]
    pub settings: Option<PathBuf>,
    /// The profile; wins over the settings file
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Stage {
    Judging,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.stop_after.is_none() {
        folder::check_free(&arguments.out)?;
    }
    let story = arguments.sample.as_deref().map(Story::find).transpose()?;
    let wanted = Wanted::read(arguments, story)?;
    let imported = story.map(Story::import).transpose()?;
    let repository = open(&arguments.source, imported.as_ref())?;
    let chosen = choose_settings(&arguments.source, story)?;
    let (history, settings) = resolve(&repository, &wanted, arguments.source.branch.as_deref(), chosen, &arguments.source)?;
    let catalogue = catalogue(&settings)?;
    let bar = Bar::new();
    let judged = pipeline::audit(&repository, history, settings, &catalogue, &bar);
    bar.finish();
    let judged = judged?;
    if arguments.stop_after.is_some() {
        // The process ends here; giving back a hundred thousand dossiers one by one would only cost time.
        std::mem::forget(judged);
        return Ok(());
    }
    let pack = judged.freeze()?;
    folder::write(&pack, &arguments.out, &run_record(&pack))?;
    let said = say(&summary(&pack, &arguments.out));
    std::mem::forget(pack);
    said
}

/// What was asked for, before a time zone is known.
enum Wanted {
    Period(String),
    Between { from: Option<String>, to: Option<String> },
}

impl Wanted {
    fn read(arguments: &Arguments, story: Option<&Story>) -> Result<Self, Failure> {
        let between = arguments.from.is_some() || arguments.to.is_some();
        match (&arguments.period, story) {
            (Some(period), _) => Self::period(period),
            (None, _) if between => Ok(Self::Between { from: arguments.from.clone(), to: arguments.to.clone() }),
            (None, Some(story)) => Self::period(story.period()),
            (None, None) => Err(Failure::misuse("no period was named")
                .hint("write `--period 2026-Q1`, or `--from REV --to REV`, or only `--to REV` for everything up to it")),
        }
    }

    fn period(name: &str) -> Result<Self, Failure> {
        match PeriodName::parse(name, 0) {
            Some(_) => Ok(Self::Period(name.to_owned())),
            None => Err(Failure::misuse(format!("`{name}` is not a period"))
                .hint("write a year (2026), a quarter (2026-Q1) or a month (2026-03)")),
        }
    }

    fn asked(&self, offset: i32) -> Option<Asked> {
        match self {
            Self::Period(name) => PeriodName::parse(name, offset).map(Asked::Period),
            Self::Between { from, to } => Some(Asked::Between { from: from.clone(), to: to.clone() }),
        }
    }

    fn history(&self, repository: &Repository, branch: Option<&str>, offset: i32) -> Result<History, Failure> {
        let asked = self.asked(offset).ok_or_else(|| Failure::misuse("the period cannot be read in that time zone"))?;
        Ok(repository.history(&asked, branch)?)
    }
}

pub(super) fn open(source: &SourceArguments, imported: Option<&Imported>) -> Result<Repository, Failure> {
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    let from_environment = || std::env::var_os("GIT_DIR").map(PathBuf::from);
    let path = match imported {
        Some(imported) => imported.path.clone(),
        None => source.repo.clone().or_else(from_environment).unwrap_or_else(|| PathBuf::from(".")),
    };
    Ok(Repository::open(&path)?)
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
            parse(&text, &format!("file {name}"), profile).map(Some)
        }
        (None, Some(story)) => parse(story.settings, &format!("sample {}", story.name), profile).map(Some),
        (None, None) => Ok(None),
    }
}

pub(super) fn parse(text: &str, origin: &str, profile: Option<&str>) -> Result<Settings, Failure> {
    let (settings, mut problems) = Settings::parse(text, origin, profile);
    problems.extend(Catalogue::configured(&settings).1);
    problems.sort();
    if problems.is_empty() { Ok(settings) } else { Err(Failure::settings(origin, &problems)) }
}

fn catalogue(settings: &Settings) -> Result<Catalogue, Failure> {
    let (catalogue, problems) = Catalogue::configured(settings);
    if problems.is_empty() { Ok(catalogue) } else { Err(Failure::settings(&settings.origin, &problems)) }
}

/// Resolves the range and the settings, which depend on each other: a period needs a time zone, and the settings of a
/// repository are those of the commit before the range, since a change must not move the judge.
fn resolve(
    repository: &Repository,
    wanted: &Wanted,
    branch: Option<&str>,
    chosen: Option<Settings>,
    source: &SourceArguments,
) -> Result<(History, Settings), Failure> {
    if let Some(settings) = chosen {
        return Ok((wanted.history(repository, branch, settings.period_offset)?, settings));
    }
    let history = wanted.history(repository, branch, 0)?;
    let settings = settings_before(repository, &history, source.profile.as_deref())?;
    if settings.period_offset == 0 {
        return Ok((history, settings));
    }
    Ok((wanted.history(repository, branch, settings.period_offset)?, settings))
}

fn settings_before(repository: &Repository, history: &History, profile: Option<&str>) -> Result<Settings, Failure> {
    let unreadable = |reason: String| {
        Failure { exit: Exit::Inconclusive, sentences: vec![format!("cannot read {SETTINGS_FILE}"), reason], hint: None }
            .hint("name a settings file with `--settings FILE`")
    };
    if let Some(start) = history.range.start
        && let Some(bytes) = repository.file_at(start, SETTINGS_FILE).map_err(unreadable)?
    {
        let text = String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
        return parse(&text, &format!("{SETTINGS_FILE} at commit {start}"), profile);
    }
    if repository.file_at(history.range.end, SETTINGS_FILE).is_ok_and(|file| file.is_some()) {
        note(&format!(
            "note: {SETTINGS_FILE} came into the repository within the range, so it does not decide; built-in settings are used.\n      `--settings {SETTINGS_FILE}` uses the file of the current folder."
        ));
    }
    parse("", "built in", profile)
}

/// `run.json`: when and on what the pack was made.
fn run_record(pack: &Pack) -> String {
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the clock is read")]
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    let user = ["USER", "USERNAME", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let record = serde_json::json!({
        "countersign": pack.version,
        "made_at": now,
        "made_by": user,
        "made_on": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "repository": pack.repository_name,
        "asked": pack.range.asked,
        "end": pack.range.end.to_string(),
        "note": "the only file of the pack that may differ between two runs; it is not in the manifest",
    });
    format!("{record:#}\n")
}

fn summary(pack: &Pack, out: &Path) -> String {
    let side_commits: usize = pack.dossiers.iter().map(|dossier| dossier.change.side_commits.len()).sum();
    let start = pack.range.start.map_or_else(|| "the beginning".to_owned(), |start| start.0.short());
    let mut text = format!("{} {}\n", pack.repository_name, pack.range.asked);
    text.push_str(&format!("  range         {start}..{} on {}\n", pack.range.end.0.short(), pack.range.branch));
    text.push_str(&format!(
        "  population    {} changes, {side_commits} side commits (hash {})\n",
        pack.dossiers.len(),
        pack.population_hash.chars().take(16).collect::<String>()
    ));
    text.push_str(&format!("  settings      {}, profile {}\n", pack.settings.origin, pack.settings.profile));
    text.push_str(&format!("  statuses      {}\n\n", statuses(pack)));
    text.push_str(&table(pack));
    for reason in pack.incomplete_because() {
        text.push_str(&format!("\nINCOMPLETE: {reason}"));
    }
    text.push_str(&format!("\nThe pack is in {}; open {}.\n", out.display(), out.join("index.html").display()));
    text
}

fn statuses(pack: &Pack) -> String {
    let of = |status: Status| pack.statuses.iter().filter(|is| **is == status).count();
    let all = [Status::Exception, Status::WaivedOnly, Status::NotAssessableOnly, Status::NoException, Status::OutOfScope];
    all.into_iter().map(|status| format!("{} {}", of(status), status.words())).collect::<Vec<_>>().join(", ")
}

/// Findings by check; passes are counted too, so that a zero is not mistaken for an absence.
fn table(pack: &Pack) -> String {
    let mut text = format!(
        "  {:<22} {:<9} {:>10} {:>7} {:>14} {:>12}\n",
        "check", "severity", "exceptions", "waived", "not assessable", "no exception"
    );
    for assessment in &pack.assessments {
        let (mut exceptions, mut waived, mut unknown, mut passed) = (0, 0, 0, 0);
        for finding in &assessment.findings {
            match &finding.outcome {
                Outcome::Exception(_) if finding.waiver.is_some() => waived += 1,
                Outcome::Exception(_) => exceptions += 1,
                Outcome::NotAssessable(_) => unknown += 1,
                Outcome::NoException(_) => passed += 1,
                Outcome::NotApplicable => {}
            }
        }
        let card = assessment.card;
        text.push_str(&format!(
            "  {:<22} {:<9} {exceptions:>10} {waived:>7} {unknown:>14} {passed:>12}\n",
            card.id,
            card.severity.word()
        ));
    }
    text
}
