//! Every attempt of `attempts.toml`, made in a repository of its own: the gate refuses, or says that it cannot conclude.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde::Deserialize;

use super::lying_graph;
use crate::support::{Fallible, Run, TestRepo, TestResult, binary, git_at, hermetic};

#[derive(Deserialize)]
struct Table {
    prelude: String,
    attempt: Vec<Attempt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attempt {
    name: String,
    #[serde(default)]
    before: String,
    #[serde(default)]
    change: String,
    message: Option<String>,
    author: Option<String>,
    #[serde(default = "refused")]
    exits: Vec<i32>,
    from: Option<String>,
    settings: Option<String>,
    settings_outside: Option<String>,
    #[serde(default)]
    first: Vec<String>,
    #[serde(default)]
    push: Vec<String>,
    #[serde(default)]
    lying_graph: bool,
}

fn refused() -> Vec<i32> {
    vec![1]
}

fn table() -> Fallible<Table> {
    Ok(toml::from_str(include_str!("attempts.toml"))?)
}

/// Runs the attempts of one kind, two at a time, and names every one that went another way than it should.
fn run_each(is_wanted: impl Fn(&Attempt) -> bool) -> TestResult {
    let Table { prelude, attempt } = table()?;
    let wanted: Vec<&Attempt> = attempt.iter().filter(|attempt| is_wanted(attempt)).collect();
    assert!(wanted.len() >= 20, "{} attempts", wanted.len());
    let run = |attempts: &[&Attempt]| -> Vec<String> {
        let failed = |attempt: &&Attempt| Some(format!("{}: {}", attempt.name, attempt.run(&prelude).err()?));
        attempts.iter().filter_map(failed).collect()
    };
    let (one, other) = wanted.split_at(wanted.len() / 2);
    let failures = std::thread::scope(|scope| {
        let one = scope.spawn(|| run(one));
        let mut failures = run(other);
        failures.extend(one.join().unwrap_or_else(|_| vec!["a thread panicked".into()]));
        failures
    });
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n\n").into()) }
}

#[test]
fn the_table_is_long_and_every_attempt_has_a_name_of_its_own() -> TestResult {
    let mut names: Vec<String> = table()?.attempt.into_iter().map(|attempt| attempt.name).collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(count >= 45, "{count}");
    Ok(())
}

#[test]
fn no_message_passes() -> TestResult {
    run_each(|attempt| attempt.message.is_some() && attempt.push.is_empty())
}

#[test]
fn no_change_passes() -> TestResult {
    run_each(|attempt| attempt.message.is_none() && attempt.push.is_empty())
}

#[test]
fn no_push_passes() -> TestResult {
    run_each(|attempt| !attempt.push.is_empty())
}

impl Attempt {
    fn run(&self, prelude: &str) -> TestResult {
        let repo = standing()?;
        let before = repo.git(["rev-parse", "HEAD"])?;
        script(&repo, &before, prelude, &self.before)?;
        let base = repo.git(["rev-parse", "HEAD"])?;
        let server = if self.push.is_empty() { None } else { Some(server(&repo)?) };
        match &self.message {
            Some(message) => self.commit(&repo, message)?,
            None => script(&repo, &base, prelude, &self.change)?,
        }
        if self.lying_graph {
            lying_graph::write(&repo, &base)?;
        }
        match server {
            Some(server) => self.push(&repo, &server),
            None => self.range(&repo, &base),
        }
    }

    fn commit(&self, repo: &TestRepo, message: &str) -> TestResult {
        let file = repo.beside("message");
        std::fs::write(&file, message)?;
        let author = self.author.as_deref().unwrap_or("Alice Example <alice@example.com>");
        let file = file.display().to_string();
        repo.git(["commit", "-q", "--allow-empty", "--cleanup=verbatim", "--author", author, "-F", &file]).map(drop)
    }

    /// Asks about everything after the base; about a message also before it is committed.
    fn range(&self, repo: &TestRepo, base: &str) -> TestResult {
        let from = match self.from.as_deref() {
            None => base,
            Some("short") => &base[..10],
            Some(name) => name,
        };
        let mut arguments = vec!["gate", "--from", from, "--to", "HEAD"];
        arguments.extend(self.settings.iter().flat_map(|path| ["--settings", path]));
        self.judge(&binary().current_dir(repo.path()).args(arguments).output()?)?;
        if self.message.is_some() && self.author.is_none() && self.from.is_none() {
            let file = repo.beside("message").display().to_string();
            self.judge(&binary().current_dir(repo.path()).args(["gate", "--text-file", &file]).output()?)?;
            self.judge(&binary().current_dir(repo.path()).args(["gate", "--hook", "commit-msg", &file]).output()?)?;
        }
        Ok(())
    }

    fn judge(&self, output: &Output) -> TestResult {
        let run = Run::of(output);
        if !self.exits.contains(&run.exit) || run.stderr.contains("panicked") {
            return Err(format!("exit {} instead of {:?}\n{}\n{}", run.exit, self.exits, run.stdout, run.stderr).into());
        }
        Ok(())
    }

    /// Pushes to a server whose hook is the gate; nothing may have changed there.
    fn push(&self, repo: &TestRepo, server: &Path) -> TestResult {
        if !self.first.is_empty() {
            let output = push(repo, server, &self.first)?;
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let settings = self.settings_outside.as_ref().map(|text| repo.settings(text)).transpose()?;
        install_recording(server, "pre-receive", settings.as_deref())?;
        let before = git_at(server, ["for-each-ref"])?;
        let output = push(repo, server, &self.push)?;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        let exit = std::fs::read_to_string(server.join("gate-exit")).unwrap_or_default();
        let is_right = exit.trim().parse().is_ok_and(|exit| self.exits.contains(&exit));
        if !is_right || output.status.success() || told.contains("panicked") || git_at(server, ["for-each-ref"])? != before {
            return Err(format!("exit {:?} instead of {:?}\n{told}", exit.trim(), self.exits).into());
        }
        Ok(())
    }
}

/// Runs a shell script in the work tree.
fn script(repo: &TestRepo, base: &str, prelude: &str, script: &str) -> TestResult {
    let mut command = hermetic("sh");
    command.current_dir(repo.path()).env("BASE", base).args(["-e", "-c", &format!("{prelude}\n{script}")]);
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("the attempt could not be made: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// A repository with three commits that name their tickets.
pub fn standing() -> Fallible<TestRepo> {
    let repo = TestRepo::empty()?;
    for (number, content) in [("1", "one"), ("2", "two"), ("3", "three")] {
        std::fs::write(repo.path().join("app.yaml"), format!("name: {content}\n"))?;
        repo.git(["add", "app.yaml"])?;
        repo.git(["commit", "-q", "-m", &format!("SEC-{number} Make it {content}")])?;
    }
    Ok(repo)
}

/// A bare repository beside, with what stands already.
pub fn server(repo: &TestRepo) -> Fallible<PathBuf> {
    let server = repo.beside("server.git");
    repo.git(["clone", "-q", "--bare", ".", "../server.git"])?;
    Ok(server)
}

/// Pushes references; the output tells how it went.
pub fn push(repo: &TestRepo, server: &Path, references: &[String]) -> Fallible<Output> {
    Ok(hermetic("git").arg("-C").arg(repo.path()).arg("push").arg(server).args(references).output()?)
}

/// Installs the gate as a hook that writes down how it ended.
pub fn install_recording(git_dir: &Path, hook: &str, settings: Option<&str>) -> TestResult {
    let settings = settings.map(|path| format!("--settings '{path}'")).unwrap_or_default();
    let gate = format!("'{}' gate --hook {hook} {settings}", env!("CARGO_BIN_EXE_countersign"));
    let kept = "\"$(git rev-parse --absolute-git-dir)/gate-exit\"";
    install(&git_dir.join("hooks"), hook, &format!("#!/bin/sh\n{gate} \"$@\"\ncode=$?\necho $code > {kept}\nexit $code\n"))
}

/// Writes a hook that can be run.
pub fn install(hooks: &Path, hook: &str, script: &str) -> TestResult {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(hooks)?;
    let path = hooks.join(hook);
    std::fs::write(&path, script)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}
