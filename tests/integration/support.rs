//! Repositories in temporary folders, runs of the binary, and packs read back. Nothing here sees the user's own git.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

pub type Fallible<T> = Result<T, Box<dyn Error>>;
pub type TestResult = Fallible<()>;

/// A line of a table by the names of its columns.
pub type Row = BTreeMap<String, String>;

/// Noon of 5 January 2026, UTC.
pub const START: i64 = 1_767_614_400;
pub const DAY: i64 = 86_400;

/// The folder of the sample repositories.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-repos")
}

/// A repository in a temporary folder, with room for packs beside it.
pub struct TestRepo {
    folder: Arc<tempfile::TempDir>,
}

impl TestRepo {
    /// A repository without a commit; HEAD names `main`.
    pub fn empty() -> Fallible<Self> {
        Self::empty_with(&[])
    }

    /// Like [`TestRepo::empty`], with more arguments for `git init`.
    pub fn empty_with(arguments: &[&str]) -> Fallible<Self> {
        let repo = Self { folder: Arc::new(tempfile::tempdir()?) };
        std::fs::create_dir(repo.path())?;
        repo.git([&["init", "-q", "-b", "main"], arguments].concat())?;
        Ok(repo)
    }

    /// A repository with the history of a fast-import stream.
    pub fn import(stream: &[u8]) -> Fallible<Self> {
        let repo = Self::empty_with(&["--object-format=sha1"])?;
        repo.feed(stream)?;
        Ok(repo)
    }

    /// A story of the sample repositories.
    pub fn story(name: &str) -> Fallible<Self> {
        Self::import(&std::fs::read(samples().join("stories").join(name).join("history.fi"))?)
    }

    /// Reads a fast-import stream.
    pub fn feed(&self, stream: &[u8]) -> TestResult {
        self.feed_with(&[], stream)
    }

    /// Reads a fast-import stream, with more arguments for `git fast-import`.
    pub fn feed_with(&self, arguments: &[&str], stream: &[u8]) -> TestResult {
        let output = self.git_output(&[&["fast-import", "--quiet", "--force"], arguments].concat(), stream)?;
        checked("fast-import", &output).map(drop)
    }

    /// The repository's work tree.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("repo")
    }

    /// A path beside the repository.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What git prints, without the last line feed.
    pub fn git<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Fallible<String> {
        git_at(&self.path(), arguments)
    }

    fn git_output(&self, arguments: &[&str], input: &[u8]) -> Fallible<Output> {
        let mut command = hermetic("git");
        let mut child = command
            .arg("-C")
            .arg(self.path())
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        child.stdin.take().ok_or("no stdin")?.write_all(input)?;
        Ok(child.wait_with_output()?)
    }

    /// Stores bytes as a commit object, however wrong they are, and returns the id.
    pub fn raw_commit(&self, bytes: &[u8]) -> Fallible<String> {
        let output = self.git_output(&["hash-object", "-t", "commit", "-w", "--literally", "--stdin"], bytes)?;
        Ok(checked("hash-object", &output)?.trim().to_owned())
    }

    /// Writes settings beside the repository and returns their path.
    pub fn settings(&self, text: &str) -> Fallible<String> {
        let path = self.beside("settings.toml");
        std::fs::write(&path, text)?;
        Ok(path.display().to_string())
    }

    /// Runs `countersign report` on the repository; the pack goes beside it.
    pub fn report(&self, arguments: &[&str]) -> Fallible<Run> {
        self.report_to("pack", arguments)
    }

    /// Like [`TestRepo::report`], with a name for the pack's folder.
    pub fn report_to(&self, pack: &str, arguments: &[&str]) -> Fallible<Run> {
        let (repo, out) = (self.path().display().to_string(), self.beside(pack).display().to_string());
        countersign(self.folder.path(), [&["report", "--repo", &repo, "--out", &out], arguments].concat())
    }

    /// The pack of the whole history of `main`.
    pub fn whole(&self, arguments: &[&str]) -> Fallible<Pack> {
        let run = self.report(&[&["--to", "main"], arguments].concat())?;
        run.expect_exit(0)?;
        self.pack("pack")
    }

    /// The pack in a folder beside the repository; both stay as long as the pack is used.
    pub fn pack(&self, name: &str) -> Fallible<Pack> {
        let pack = Pack::at(self.beside(name))?;
        Ok(Pack { _kept: Some(self.folder.clone()), ..pack })
    }
}

/// What git prints in a folder, without the last line feed.
pub fn git_at<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Fallible<String> {
    let output = hermetic("git").arg("-C").arg(folder).args(arguments).output()?;
    Ok(checked("git", &output)?.trim_end_matches('\n').to_owned())
}

fn checked(what: &str, output: &Output) -> Fallible<String> {
    if !output.status.success() {
        return Err(format!("{what} failed: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A command that sees no configuration and no environment but the search path.
pub fn hermetic(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    #[expect(clippy::disallowed_methods, reason = "git is found by the search path")]
    let path = std::env::var_os("PATH");
    command.envs(path.map(|path| ("PATH", path)));
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("HOME", "/nonexistent")]);
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Alice Example");
        command.env(format!("GIT_{role}_EMAIL"), "alice@example.com");
        command.env(format!("GIT_{role}_DATE"), format!("{START} +0000"));
    }
    command
}

/// Whether a program is in the search path.
pub fn is_installed(program: &str) -> bool {
    #[expect(clippy::disallowed_methods, reason = "programs are found by the search path")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// What a run of the binary did.
#[derive(Debug)]
pub struct Run {
    pub exit: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Takes apart what a finished process left; one that a signal ended has the exit code -1.
    pub fn of(output: &Output) -> Self {
        Self {
            exit: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Fails with everything that was printed when the exit code is another one, or anything panicked.
    pub fn expect_exit(&self, exit: i32) -> TestResult {
        if self.exit != exit || self.stderr.contains("panicked") {
            return Err(format!("exit {} instead of {exit}\n{}\n{}", self.exit, self.stdout, self.stderr).into());
        }
        Ok(())
    }

    /// Fails unless the error output holds each of the words.
    pub fn expect_words(&self, words: &[&str]) -> TestResult {
        match words.iter().find(|word| !self.stderr.to_lowercase().contains(&word.to_lowercase())) {
            Some(word) => Err(format!("no `{word}` in:\n{}", self.stderr).into()),
            None => Ok(()),
        }
    }
}

/// Runs the binary in a folder.
pub fn countersign<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Fallible<Run> {
    let output = binary().current_dir(folder).args(arguments).output()?;
    Ok(Run::of(&output))
}

/// The binary with a hermetic environment.
pub fn binary() -> Command {
    hermetic(env!("CARGO_BIN_EXE_countersign"))
}

/// A pack on disk.
pub struct Pack {
    pub folder: PathBuf,
    /// Keeps a temporary folder from being removed.
    _kept: Option<Arc<tempfile::TempDir>>,
}

impl Pack {
    /// The pack in a folder; an error when there is none.
    pub fn at(folder: PathBuf) -> Fallible<Self> {
        if folder.join("manifest-sha256.txt").is_file() {
            Ok(Self { folder, _kept: None })
        } else {
            Err("there is no pack".into())
        }
    }

    /// The text of a file.
    pub fn text(&self, file: &str) -> Fallible<String> {
        Ok(std::fs::read_to_string(self.folder.join(file)).map_err(|error| format!("{file}: {error}"))?)
    }

    /// `data/evidence.json`.
    pub fn json(&self) -> Fallible<serde_json::Value> {
        Ok(serde_json::from_str(&self.text("data/evidence.json")?)?)
    }

    /// The rows of a table below `data/`.
    pub fn table(&self, name: &str) -> Fallible<Vec<Row>> {
        let mut reader = csv::Reader::from_path(self.folder.join("data").join(name))?;
        let rows: Result<Vec<Row>, _> = reader.deserialize().collect();
        Ok(rows?)
    }

    /// One column of a table.
    pub fn column(&self, name: &str, column: &str) -> Fallible<Vec<String>> {
        let rows = self.table(name)?;
        Ok(rows.iter().map(|row| row[column].clone()).collect())
    }

    /// The rows of `findings.csv` of one check with one outcome.
    pub fn findings(&self, check: &str, outcome: &str) -> Fallible<Vec<Row>> {
        let rows = self.table("findings.csv")?.into_iter();
        Ok(rows.filter(|row| row["check"] == check && row["outcome"] == outcome).collect())
    }

    /// Every file by its path inside the pack, with its bytes.
    pub fn files(&self) -> Fallible<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&self.folder)?.display().to_string();
                    files.insert(name, std::fs::read(&path)?);
                }
            }
        }
        Ok(files)
    }

    /// The files whose name has an extension.
    pub fn files_with(&self, extension: &str) -> Fallible<BTreeMap<String, Vec<u8>>> {
        let mut files = self.files()?;
        files.retain(|name, _| Path::new(name).extension().is_some_and(|it| it == extension));
        Ok(files)
    }

    /// The names of the pages.
    pub fn pages(&self) -> Fallible<Vec<String>> {
        Ok(self.files_with("html")?.into_keys().collect())
    }

    /// Fails unless every tie-out holds.
    pub fn expect_tie_outs(&self) -> TestResult {
        let rows = self.table("reconciliation.csv")?;
        let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str()).collect();
        for id in ["T1", "T2", "T3", "T4", "T5", "T6", "T7", "T8", "T10"] {
            if !ids.contains(&id) {
                return Err(format!("{id} is not among the tie-outs: {ids:?}").into());
            }
        }
        let is_open = |row: &Row| row["result"].starts_with("not checked: ");
        match rows.iter().find(|row| !is_open(row) && (row["result"] != "holds" || row["left_value"] != row["right_value"])) {
            Some(row) => Err(format!("a tie-out does not hold: {row:?}").into()),
            None => Ok(()),
        }
    }
}

/// A history to be written as a fast-import stream.
#[derive(Default)]
pub struct Stream {
    bytes: Vec<u8>,
    commits: usize,
}

/// A commit of a [`Stream`]; what a test does not care about has a plain default.
#[derive(Clone)]
pub struct NewCommit<'a> {
    pub message: &'a [u8],
    pub author: &'a str,
    pub committed: i64,
    pub parents: Vec<usize>,
    pub files: Vec<(&'a str, &'a str)>,
    pub removed: Vec<&'a str>,
}

impl Default for NewCommit<'_> {
    fn default() -> Self {
        Self {
            message: b"SEC-1 Tighten ingress",
            author: "Alice Example <alice@example.com>",
            committed: START,
            parents: Vec::new(),
            files: Vec::new(),
            removed: Vec::new(),
        }
    }
}

impl Stream {
    /// Adds a commit to `main` and returns its mark.
    pub fn commit(&mut self, commit: &NewCommit<'_>) -> usize {
        self.commit_to("refs/heads/main", commit)
    }

    /// Adds a commit to a reference and returns its mark.
    pub fn commit_to(&mut self, reference: &str, commit: &NewCommit<'_>) -> usize {
        self.commits += 1;
        let mark = self.commits;
        let NewCommit { message, author, committed, parents, files, removed } = commit;
        // A commit without parents must not stand on what the reference held before.
        let mut head = format!("reset {reference}\ncommit {reference}\nmark :{mark}\n");
        let _ = write!(head, "author {author} {committed} +0000\ncommitter {author} {committed} +0000\ndata {}\n", message.len());
        self.bytes.extend_from_slice(head.as_bytes());
        self.bytes.extend_from_slice(message);
        let mut rest = "\n".to_owned();
        for (position, parent) in parents.iter().enumerate() {
            let _ = writeln!(rest, "{} :{parent}", if position == 0 { "from" } else { "merge" });
        }
        for path in removed {
            let _ = writeln!(rest, "D {path}");
        }
        for (path, content) in files {
            let _ = writeln!(rest, "M 100644 inline {path}\ndata {}\n{content}", content.len());
        }
        rest.push('\n');
        self.bytes.extend_from_slice(rest.as_bytes());
        mark
    }

    /// A commit on top of the last one.
    pub fn next(&mut self, commit: &NewCommit<'_>) -> usize {
        let parents = if self.commits == 0 { Vec::new() } else { vec![self.commits] };
        self.commit(&NewCommit { parents, ..commit.clone() })
    }

    /// The repository.
    pub fn into_repo(self) -> Fallible<TestRepo> {
        TestRepo::import(&self.bytes)
    }

    /// The stream.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// A NetworkPolicy with one port.
pub fn policy(port: u32) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: ingress\nspec:\n  podSelector: {{}}\n  ingress:\n    - ports:\n        - port: {port}\n"
    )
}
