//! The embedded sample repositories: built by `git fast-import` in a temporary folder.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Exit, Failure};
use crate::settings::reader::did_you_mean;

/// A sample repository.
pub(super) struct Story {
    pub name: &'static str,
    history: &'static str,
    pub settings: &'static str,
    expected: &'static str,
}

macro_rules! stories {
    ($($name:literal),+ $(,)?) => {
        const STORIES: &[Story] = &[$(Story {
            name: $name,
            history: include_str!(concat!("../../sample-repos/stories/", $name, "/history.fi")),
            settings: include_str!(concat!("../../sample-repos/stories/", $name, "/countersign.toml")),
            expected: include_str!(concat!("../../sample-repos/stories/", $name, "/expected.toml")),
        }),+];
    };
}

stories!["security-layer", "flat-monolith", "infrastructure", "platform", "observability", "applications"];

/// A sample repository on disk; removed when dropped.
pub(super) struct Imported {
    pub path: PathBuf,
    _folder: TempDir,
}

impl Story {
    pub(super) fn find(name: &str) -> Result<&'static Self, Failure> {
        let names: Vec<&str> = STORIES.iter().map(|story| story.name).collect();
        STORIES.iter().find(|story| story.name == name).ok_or_else(|| {
            let hint = format!("{}there are: {}", did_you_mean(name, &names), names.join(", "));
            Failure::misuse(format!("there is no sample repository `{name}`")).hint(hint)
        })
    }

    /// The period that the story is told about.
    pub(super) fn period(&self) -> &'static str {
        let value = self.expected.lines().find_map(|line| line.strip_prefix("period")?.trim().strip_prefix('='));
        value.and_then(|value| value.split('"').nth(1)).unwrap_or("2026")
    }

    /// Builds the repository; needs `git` on the path.
    pub(super) fn import(&self) -> Result<Imported, Failure> {
        let failed = |error: std::io::Error| Failure::of(Exit::CouldNotWrite, &error);
        let folder = tempfile::Builder::new().prefix("countersign-sample-").tempdir().map_err(failed)?;
        let path = folder.path().join(self.name);
        git(folder.path(), &["init", "--quiet", "--bare", "--object-format=sha1", "--initial-branch=main", self.name], "")?;
        git(&path, &["fast-import", "--quiet"], self.history)?;
        Ok(Imported { path, _folder: folder })
    }
}

/// Runs git in a folder that this program made, away from the user's own configuration.
fn git(folder: &Path, arguments: &[&str], input: &str) -> Result<(), Failure> {
    let no_git = |error: std::io::Error| {
        Failure::of(Exit::CouldNotWrite, &error).hint("building a sample needs `git` on the PATH; auditing a repository does not")
    };
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", folder.join("no-configuration"))
        .env("GIT_TEMPLATE_DIR", "")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(no_git)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(no_git)?;
    }
    let output = child.wait_with_output().map_err(no_git)?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let what = arguments.first().copied().unwrap_or_default();
    Err(Failure { exit: Exit::CouldNotWrite, sentences: vec![format!("`git {what}` failed"), words], hint: None })
}
