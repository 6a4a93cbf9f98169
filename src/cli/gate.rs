//! `countersign gate`: judges what is about to land.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::evidence::{EvidenceArguments, evidence};
use super::sample::Story;
use super::signatures::{self, SignatureArguments};
use super::source::{self, RangeArguments, SourceArguments, Wanted};
use super::terminal::{note, put};
use super::{Exit, Failure};
use crate::changes::FactsCache;
use crate::checks::Catalogue;
use crate::evidence::signatures::Keys;
use crate::gate::environment::{self, Chosen, Description, Environment, EnvironmentError, Event, ProposalText};
use crate::gate::formats::{self, Format};
use crate::gate::hooks::{self, HookError, Standing};
use crate::gate::request::{Request, Update};
use crate::gate::{self, Ruling, Verdict};
use crate::pipeline::{self, Given};
use crate::repository::{Quarantine, Repository};
use crate::settings::Settings;
use crate::text::CommitId;

/// Arguments of `countersign gate`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    range: RangeArguments,
    /// Judge what the CI system's variables name
    #[arg(long, conflicts_with_all = ["from", "to", "period", "hook", "replay", "sample"])]
    from_env: bool,
    /// Judge from inside a hook of git; its arguments follow
    #[arg(long, value_name = "HOOK", conflicts_with_all = ["from", "to", "period", "replay", "sample"])]
    hook: Option<Hook>,
    /// The title and description that will land, one file: the first line is the title
    #[arg(long, value_name = "FILE", conflicts_with_all = ["hook", "replay"])]
    text_file: Option<PathBuf>,
    /// Judge the changes of a past period as if they came today
    #[arg(long, conflicts_with = "hook")]
    replay: bool,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    signatures: SignatureArguments,
    /// How the ruling is written
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// Write the ruling in that format to a file, and for people to the terminal
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write a decision record, for later reports
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// What git gives the hook: FILE for commit-msg, REMOTE URL for pre-push, REF OLD NEW for update
    #[arg(value_name = "HOOK-ARGUMENT")]
    rest: Vec<String>,
}

const AFTER_HELP: &str = "Settings are read from what stands already (the base commit, the default branch of a server) or from \
--settings FILE, never from the change. Exit codes: 0 passed, 1 refused, 2 misuse, 3 could not conclude, 4 could not write; \
the same for every format.";

/// The hooks of git in which a gate can stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Hook {
    CommitMsg,
    PrePush,
    PreReceive,
    Update,
}

/// The most bytes of a message, an event file or a hook's input that are read.
const MAX_INPUT: u64 = 64 << 20;

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (rulings, hint) = rulings(arguments)?;
    write(arguments, &rulings)?;
    let verdict = formats::conclusion(&rulings);
    if verdict == Verdict::Inconclusive {
        note(&format!("hint: {hint}"));
    }
    Ok(match verdict {
        Verdict::Passed => Exit::Done,
        Verdict::Refused => Exit::Refused,
        Verdict::Inconclusive => Exit::Inconclusive,
    })
}

const COMPLETE_CLONE: &str = "judge a full clone: `git fetch --unshallow`, no `--filter`; in CI `fetch-depth: 0` (GitHub), \
                              `GIT_DEPTH: 0` (GitLab), `fetchDepth: 0` (Azure), `clone: depth: full` (Bitbucket)";

/// The rulings, and what helps when they could not be concluded.
fn rulings(arguments: &Arguments) -> Result<(Vec<Ruling>, String), Failure> {
    if arguments.hook.is_none() && !arguments.rest.is_empty() {
        return Err(Failure::misuse(format!("`{}` is not expected here", arguments.rest.join(" ")))
            .hint("arguments without a name follow `--hook`; a range is `--from BASE --to HEAD`"));
    }
    if !arguments.replay && !arguments.evidence.evidence.is_empty() {
        return Err(
            Failure::misuse("`--evidence` is read with `--replay` only").hint("before a change lands nothing is on record")
        );
    }
    let desk = Desk { arguments };
    let whole = |rulings| (rulings, COMPLETE_CLONE.to_owned());
    match arguments.hook {
        Some(Hook::CommitMsg) => desk.commit_msg().map(whole),
        Some(Hook::PrePush) => desk.pre_push().map(whole),
        Some(Hook::PreReceive) => desk.pre_receive().map(whole),
        Some(Hook::Update) => desk.update().map(whole),
        None if arguments.replay => desk.replay().map(whole),
        None if arguments.from_env => desk.in_ci(),
        None => desk.between().map(whole),
    }
}

/// Where what is asked meets the repository.
struct Desk<'a> {
    arguments: &'a Arguments,
}

impl Desk<'_> {
    fn open(&self) -> Result<Repository, Failure> {
        source::open(&self.arguments.source, None)
    }

    /// Settings from outside, else from what stands already, else the built-in ones. What cannot be used concludes nothing.
    fn settings(&self, repository: &Repository, base: Option<CommitId>) -> Result<Settings, Failure> {
        let fail_closed = |mut failure: Failure| {
            failure.exit = Exit::Inconclusive;
            failure
        };
        if let Some(path) = self.arguments.source.settings.as_ref().filter(|path| repository.has_checked_out(path)) {
            let inside = format!("{} lies in the checked-out change, which would decide about itself", path.display());
            return Err(fail_closed(Failure::misuse(inside))
                .hint("leave out `--settings`, so that the base decides, or name a file outside of the work tree"));
        }
        let chosen = source::choose_settings(&self.arguments.source, None).map_err(fail_closed)?;
        let mut settings = match chosen {
            Some(settings) => self.with_outside_register(repository, settings).map_err(fail_closed)?,
            None => source::settings_at(repository, base, self.arguments.source.profile.as_deref()).map_err(fail_closed)?,
        };
        let joined = pipeline::join_by_mailmap(repository, base, &mut settings);
        joined.map_err(|reason| fail_closed(Failure::misuse("cannot read .mailmap").because(reason)))?;
        Ok(settings)
    }

    /// A register beside the settings that lies in the checked-out change would decide about itself.
    fn with_outside_register(&self, repository: &Repository, settings: Settings) -> Result<Settings, Failure> {
        let folder = self.arguments.source.settings.as_ref().and_then(|path| path.parent());
        let register = settings.identities.register.as_ref().map(|register| folder.unwrap_or(Path::new("")).join(register));
        match register.filter(|register| repository.has_checked_out(register)) {
            Some(register) => Err(Failure::misuse(format!("{} lies in the checked-out change", register.display()))
                .hint("name settings whose register lies outside of the work tree")),
            None => Ok(settings),
        }
    }

    fn judge(&self, repository: &Repository, request: &Request, settings: &Settings) -> Result<Ruling, Failure> {
        let keys = self.keys(repository, settings)?;
        Ok(gate::judge(repository, request, settings, catalogue(settings)?, &keys)?)
    }

    /// Keys that cannot be used let nothing be concluded.
    fn keys(&self, repository: &Repository, settings: &Settings) -> Result<Keys, Failure> {
        let keys = signatures::keys(&self.arguments.signatures, repository, settings, self.arguments.source.settings.as_deref());
        keys.map_err(|mut failure| {
            failure.exit = Exit::Inconclusive;
            failure
        })
    }

    fn commit_msg(&self) -> Result<Vec<Ruling>, Failure> {
        let [file] = self.arguments.rest.as_slice() else {
            return Err(Failure::misuse("commit-msg is given one file").hint("`countersign gate --hook commit-msg \"$1\"`"));
        };
        let repository = self.open()?;
        let settings = self.settings(&repository, repository.resolve("HEAD").ok())?;
        let message = hooks::cleaned(&String::from_utf8_lossy(&read_file(Path::new(file))?), &repository.comment_mark());
        let (update, because) = if repository.is_merging() {
            (Update::Nothing, vec!["A merge is being committed; what it joins is judged commit by commit.".to_owned()])
        } else {
            (Update::Text(message), Vec::new())
        };
        let request = Request { subject: "the message of this commit".into(), update, because };
        Ok(vec![self.judge(&repository, &request, &settings)?])
    }

    fn pre_push(&self) -> Result<Vec<Ruling>, Failure> {
        let remote = self.arguments.rest.first().map_or("origin", String::as_str);
        let repository = self.open()?;
        let moves = hooks::pushed(&standard_input()?).map_err(hook_failure)?;
        let standing = Standing::as_fetched(&repository, remote)?;
        let trunk = standing.trunk.as_ref().and_then(|trunk| trunk.commit);
        let fetched = || moves.iter().find_map(|moved| repository.commit_behind(moved.before?).ok().flatten());
        let settings = self.settings(&repository, trunk.or_else(fetched))?;
        self.judge_moves(&repository, &moves, &standing, &settings)
    }

    fn pre_receive(&self) -> Result<Vec<Ruling>, Failure> {
        self.on_server(&hooks::received(&standard_input()?).map_err(hook_failure)?)
    }

    fn update(&self) -> Result<Vec<Ruling>, Failure> {
        let moved = match self.arguments.rest.as_slice() {
            [reference, before, after] => hooks::moved(before, after, reference),
            _ => None,
        };
        let moved = moved.ok_or_else(|| {
            Failure::misuse("update is given a reference and two object ids")
                .hint("`countersign gate --hook update \"$1\" \"$2\" \"$3\"`")
        })?;
        self.on_server(&[moved])
    }

    fn on_server(&self, moves: &[hooks::Move]) -> Result<Vec<Ruling>, Failure> {
        let repository = source::open_in_hook(&self.arguments.source, quarantine().as_ref())?;
        let trunk = repository.default_branch();
        let settings = self.settings(&repository, trunk.as_ref().and_then(|trunk| trunk.commit))?;
        let standing = Standing::on_server(&repository, trunk, &settings)?;
        self.judge_moves(&repository, moves, &standing, &settings)
    }

    fn judge_moves(
        &self,
        repository: &Repository,
        moves: &[hooks::Move],
        standing: &Standing,
        settings: &Settings,
    ) -> Result<Vec<Ruling>, Failure> {
        let judge = |moved: &hooks::Move| {
            let request = hooks::request(repository, moved, standing, settings).map_err(hook_failure)?;
            self.judge(repository, &request, settings)
        };
        moves.iter().map(judge).collect()
    }

    fn replay(&self) -> Result<Vec<Ruling>, Failure> {
        let range = &self.arguments.range;
        let story = range.sample.as_deref().map(Story::find).transpose()?;
        let wanted = match (Wanted::read(range)?, story) {
            (Some(wanted), _) => wanted,
            (None, Some(story)) => Wanted::period(story.period())?,
            (None, None) => {
                return Err(Failure::misuse("no period was named").hint("write `--replay --period 2026-Q1`"));
            }
        };
        let imported = story.map(Story::import).transpose()?;
        let repository = source::open(&self.arguments.source, imported.as_ref())?;
        let chosen = source::choose_settings(&self.arguments.source, story)?;
        let (history, settings) = source::resolve(&repository, &wanted, chosen, &self.arguments.source)?;
        let catalogue = catalogue(&settings)?;
        let exports = evidence(&self.arguments.evidence.evidence, &settings)?;
        let keys = self.keys(&repository, &settings)?;
        Ok(vec![gate::replay(&repository, history, &settings, catalogue, Given { cache: &FactsCache::none(), exports, keys })?])
    }

    fn in_ci(&self) -> Result<(Vec<Ruling>, String), Failure> {
        let chosen = environment::choose(&Process).map_err(|error| environment_failure(&error))?;
        let repository = self.open()?;
        let hint = format!("{}: {}", chosen.system, chosen.fetch);
        let text = self.text()?;
        let (request, base) = in_commits(&repository, &chosen, text).map_err(|failure| failure.hint(hint.clone()))?;
        let settings = self.settings(&repository, base)?;
        Ok((vec![self.judge(&repository, &request, &settings)?], hint))
    }

    /// An explicit range, a text, or both.
    fn between(&self) -> Result<Vec<Ruling>, Failure> {
        let range = &self.arguments.range;
        if range.period.is_some() || range.sample.is_some() {
            return Err(Failure::misuse("a past period is not judged by a gate")
                .hint("`--replay --period 2026-Q1` tells what today's gate would have refused"));
        }
        let (text, repository) = (self.text()?, self.open()?);
        let (update, subject, because) = match (&range.from, text) {
            (None, None) => {
                return Err(Failure::misuse("nothing to judge was named")
                    .hint("write `--from BASE --to HEAD`, `--from-env`, `--hook NAME` or `--text-file FILE`"));
            }
            (None, Some(_)) if range.to.is_some() => {
                return Err(Failure::misuse("`--to` needs `--from`").hint("the base is the branch that the change will land on"));
            }
            (None, Some(text)) => (Update::Text(text.message()), "the text that will land".to_owned(), Vec::new()),
            (Some(from), text) => {
                let to = range.to.as_deref().unwrap_or("HEAD");
                let (target, head) = (known(&repository, from)?, known(&repository, to)?);
                let because = vec![format!("The base {target} is what `{from}` names, the end {head} is what `{to}` names.")];
                (Update::Proposal { target, head, text }, format!("{from}..{to}"), because)
            }
        };
        let base = match &update {
            Update::Proposal { target, .. } => Some(*target),
            Update::Push { .. } | Update::Text(_) | Update::Nothing | Update::Replacement | Update::NoCommit => {
                repository.resolve("HEAD").ok()
            }
        };
        let settings = self.settings(&repository, base)?;
        Ok(vec![self.judge(&repository, &Request { subject, update, because }, &settings)?])
    }

    /// The title and description of `--text-file`.
    fn text(&self) -> Result<Option<ProposalText>, Failure> {
        let Some(path) = &self.arguments.text_file else { return Ok(None) };
        let bytes = read_file(path)?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_start();
        let (title, body) = text.split_once('\n').unwrap_or((text, ""));
        Ok(Some(ProposalText { title: title.trim_end().to_owned(), description: Description::Told(body.trim().to_owned()) }))
    }
}

fn catalogue(settings: &Settings) -> Result<Catalogue, Failure> {
    source::catalogue(settings)
}

/// What a CI system named, in commits of this repository; and the commit that settings are read from.
fn in_commits(
    repository: &Repository,
    chosen: &Chosen,
    text: Option<ProposalText>,
) -> Result<(Request, Option<CommitId>), Failure> {
    let commit = |revision: &str| known(repository, revision);
    let (update, base) = match &chosen.event {
        Event::Proposal { target, head, text: told } => {
            let none = || Failure {
                exit: Exit::Inconclusive,
                sentences: vec![format!("the target branch is not in this clone; looked for: {}", target.join(", "))],
                hint: None,
            };
            let target = target.iter().find_map(|revision| repository.resolve(revision).ok()).ok_or_else(none)?;
            let text = text.or_else(|| told.clone());
            (Update::Proposal { target, head: commit(head)?, text }, Some(target))
        }
        Event::Push { reference, before, after, default_branch } => {
            let before = before.as_deref().map(commit).transpose()?;
            let trunk = default_branch.as_deref().map(commit).transpose()?;
            let behind = match before {
                None if reference.starts_with("refs/tags/") => fetched_branches(repository)?,
                None | Some(_) => trunk.into_iter().collect(),
            };
            (Update::Push { before, behind, after: commit(after)? }, trunk.or(before))
        }
        Event::Deletion { .. } => (Update::Nothing, None),
    };
    let mut because = vec![format!("Chosen by {}.", chosen.system)];
    because.extend(chosen.because.iter().cloned());
    Ok((Request { subject: chosen.subject.clone(), update, because }, base))
}

/// A commit that must be there: what is missing here may only be missing from this clone.
fn known(repository: &Repository, revision: &str) -> Result<CommitId, Failure> {
    repository.resolve(revision).map_err(|error| {
        let mut failure = Failure::from(error).hint(COMPLETE_CLONE);
        failure.exit = Exit::Inconclusive;
        failure
    })
}

/// Every branch that was fetched: a new tag brings what none of them has.
fn fetched_branches(repository: &Repository) -> Result<Vec<CommitId>, Failure> {
    Ok(repository.references("refs/remotes/")?.into_iter().filter_map(|reference| reference.commit).collect())
}

/// The process's own variables and files.
struct Process;

impl Environment for Process {
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        bounded(std::fs::File::open(path).map_err(|error| format!("cannot read {path}: {error}"))?, path)
    }
}

fn quarantine() -> Option<Quarantine> {
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    let variable = |name: &str| std::env::var_os(name);
    variable("GIT_QUARANTINE_PATH")?;
    let objects = PathBuf::from(variable("GIT_OBJECT_DIRECTORY")?);
    let alternates = variable("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
    Some(Quarantine {
        objects,
        alternates: std::env::split_paths(&alternates).filter(|path| !path.as_os_str().is_empty()).collect(),
    })
}

fn standard_input() -> Result<String, Failure> {
    let unreadable = |sentence: String| Failure { exit: Exit::Inconclusive, sentences: vec![sentence], hint: None };
    let bytes = bounded(std::io::stdin().lock(), "the hook's input").map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| unreadable("the hook's input is not UTF-8".into()))
}

fn read_file(path: &Path) -> Result<Vec<u8>, Failure> {
    let name = path.display().to_string();
    let unreadable = |sentence: String| Failure { exit: Exit::Inconclusive, sentences: vec![sentence], hint: None };
    let file = std::fs::File::open(path).map_err(|error| unreadable(format!("cannot read {name}: {error}")))?;
    bounded(file, &name).map_err(unreadable)
}

fn bounded(source: impl std::io::Read, name: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    source.take(MAX_INPUT + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot read {name}: {error}"))?;
    if bytes.len() as u64 > MAX_INPUT {
        return Err(format!("{name} is larger than {} MiB", MAX_INPUT >> 20));
    }
    Ok(bytes)
}

fn hook_failure(error: HookError) -> Failure {
    match error {
        HookError::Repository(error) => error.into(),
        HookError::Line { .. } => Failure::of(Exit::Inconclusive, &error).hint("run it as git runs the hook"),
        HookError::Object { .. } => {
            Failure::of(Exit::Inconclusive, &error).hint("fetch first, so that what stands on the server is known here")
        }
    }
}

fn environment_failure(error: &EnvironmentError) -> Failure {
    let hint = match &error {
        EnvironmentError::Unknown | EnvironmentError::Ambiguous { .. } => "name the range with `--from BASE --to HEAD`",
        EnvironmentError::Unusable { hint, .. } => hint,
    };
    Failure::of(Exit::Inconclusive, &error).hint(hint)
}

fn write(arguments: &Arguments, rulings: &[Ruling]) -> Result<(), Failure> {
    let text = formats::write(arguments.format, rulings);
    match &arguments.out {
        None => put(&text)?,
        Some(path) => {
            std::fs::write(path, text).map_err(|error| could_not_write(path, &error))?;
            put(&formats::write(Format::Text, rulings))?;
        }
    }
    if let Some(path) = &arguments.record {
        #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the clock is read")]
        let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        std::fs::write(path, gate::record(rulings, &now)).map_err(|error| could_not_write(path, &error))?;
    }
    if arguments.format == Format::Github {
        append_step_summary(rulings)?;
    }
    Ok(())
}

/// GitHub shows on the run's page what stands in the file that it names.
fn append_step_summary(rulings: &[Ruling]) -> Result<(), Failure> {
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").map(PathBuf::from) else { return Ok(()) };
    let file = std::fs::OpenOptions::new().append(true).create(true).open(&path);
    let written = file.and_then(|mut file| file.write_all(formats::step_summary(rulings).as_bytes()));
    written.map_err(|error| could_not_write(&path, &error))
}

fn could_not_write(path: &Path, error: &std::io::Error) -> Failure {
    let mut failure = Failure::of(Exit::CouldNotWrite, error);
    failure.sentences.insert(0, format!("cannot write {}", path.display()));
    failure
}
