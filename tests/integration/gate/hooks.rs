//! The gate in the hooks of git: real pushes to a bare repository, over a file path and over HTTP, and a client's hooks.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use super::attempts::{install_recording, push, server, standing};
use crate::support::{Fallible, START, TestRepo, TestResult, git_at, hermetic};

/// A client and a server whose `hook` is the gate.
fn guarded(hook: &str) -> Fallible<(TestRepo, PathBuf)> {
    let repo = standing()?;
    let server = server(&repo)?;
    install_recording(&server, hook, None)?;
    Ok((repo, server))
}

fn commit(repo: &TestRepo, message: &str) -> Fallible<String> {
    repo.git(["commit", "-q", "--allow-empty", "-m", message])?;
    repo.git(["rev-parse", "HEAD"])
}

fn names(references: &[&str]) -> Vec<String> {
    references.iter().map(|reference| (*reference).to_owned()).collect()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn accepted(output: &Output) -> TestResult {
    if output.status.success() { Ok(()) } else { Err(told(output).into()) }
}

/// The push was refused, the words stand in what the client was told, and the server has none of the commits.
fn refused(server: &Path, output: &Output, commits: &[&str], words: &[&str]) -> TestResult {
    let told = told(output);
    if output.status.success() {
        return Err(format!("it was let in\n{told}").into());
    }
    for word in words {
        assert!(told.contains(word), "no `{word}` in\n{told}");
    }
    for commit in commits {
        let seen = hermetic("git").arg("-C").arg(server).args(["cat-file", "-e", commit]).output()?;
        assert!(!seen.status.success(), "{commit} is there");
    }
    let left: Vec<String> = std::fs::read_dir(server.join("objects"))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("tmp_objdir") || name.starts_with("incoming"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    Ok(())
}

fn branches(server: &Path) -> Fallible<String> {
    git_at(server, ["for-each-ref", "--format=%(refname) %(objectname)"])
}

#[test]
fn a_refused_push_says_at_the_client_what_to_do_and_leaves_nothing_behind() -> TestResult {
    let (repo, server) = guarded("pre-receive")?;
    let good = commit(&repo, "SEC-4 Close the port")?;
    accepted(&push(&repo, &server, &names(&["HEAD:refs/heads/main"]))?)?;
    assert_eq!(git_at(&server, ["rev-parse", "main"])?, good);
    let bad = commit(&repo, "Open the port")?;
    let later = commit(&repo, "SEC-5 More")?;
    let output = push(&repo, &server, &names(&["HEAD:refs/heads/main"]))?;
    refused(&server, &output, &[&bad, &later], &["remote: ", &bad[..12], "Open the port", "ticket-missing", "SEC-123"])?;
    assert_eq!(git_at(&server, ["rev-parse", "main"])?, good);
    let plain = told(&output).lines().filter(|line| line.starts_with("remote:")).all(|line| line.trim_end().len() <= 200);
    assert!(plain, "{}", told(&output));
    Ok(())
}

#[test]
fn one_bad_reference_keeps_all_of_a_push_out() -> TestResult {
    let (repo, server) = guarded("pre-receive")?;
    let before = branches(&server)?;
    let good = commit(&repo, "SEC-4 Close the port")?;
    repo.git(["branch", "good"])?;
    let bad = commit(&repo, "Open the port")?;
    for atomic in [vec![], vec!["--atomic"]] {
        let references = names(&[&atomic[..], &["good:refs/heads/good", "HEAD:refs/heads/bad"]].concat());
        refused(&server, &push(&repo, &server, &references)?, &[&good, &bad], &["refs/heads/bad"])?;
        assert_eq!(branches(&server)?, before);
    }
    accepted(&push(&repo, &server, &names(&["--atomic", "good:refs/heads/good", "good:refs/heads/other"]))?)
}

#[test]
fn the_update_hook_keeps_out_one_reference_and_lets_in_the_other() -> TestResult {
    let (repo, server) = guarded("update")?;
    commit(&repo, "SEC-4 Close the port")?;
    repo.git(["branch", "good"])?;
    commit(&repo, "Open the port")?;
    let output = push(&repo, &server, &names(&["good:refs/heads/good", "HEAD:refs/heads/bad"]))?;
    assert!(!output.status.success());
    let left = branches(&server)?;
    assert!(left.contains("refs/heads/good") && !left.contains("refs/heads/bad"), "{left}");
    let output = push(&repo, &server, &names(&["--atomic", "good:refs/heads/another", "HEAD:refs/heads/bad"]))?;
    assert!(!output.status.success());
    assert_eq!(branches(&server)?, left);
    Ok(())
}

#[test]
fn new_deleted_forced_and_tagged_references_are_judged_by_what_they_bring() -> TestResult {
    let (repo, server) = guarded("pre-receive")?;
    let push = |references: &[&str]| push(&repo, &server, &names(references));
    accepted(&push(&["HEAD:refs/heads/copy", "HEAD~1:refs/tags/v1"])?)?;
    accepted(&push(&[":refs/heads/copy"])?)?;
    assert!(!branches(&server)?.contains("copy"));
    repo.git(["tag", "-a", "-m", "no ticket in a tag", "v2", "HEAD"])?;
    accepted(&push(&["refs/tags/v2"])?)?;
    // Going back brings no commit; whether that is allowed is for `receive.denyNonFastForwards` and `history-rewritten`.
    repo.git(["reset", "-q", "--hard", "HEAD~1"])?;
    let back = push(&["+HEAD:refs/heads/main"])?;
    accepted(&back)?;
    assert!(told(&back).contains("history-rewritten"), "{}", told(&back));
    let bad = commit(&repo, "Open the port")?;
    refused(&server, &push(&["+HEAD:refs/heads/main"])?, &[&bad], &["ticket-missing"])?;
    refused(&server, &push(&["HEAD:refs/tags/v3"])?, &[&bad], &["ticket-missing"])?;
    repo.git(["checkout", "-q", "--orphan", "other"])?;
    let root = commit(&repo, "Begin anew")?;
    refused(&server, &push(&["HEAD:refs/heads/other"])?, &[&root], &["ticket-missing"])?;
    repo.git(["commit", "-q", "--amend", "-m", "SEC-6 Begin anew"])?;
    accepted(&push(&["HEAD:refs/heads/other"])?)
}

#[test]
fn the_first_push_into_an_empty_repository_is_judged_from_the_beginning() -> TestResult {
    let repo = standing()?;
    let server = repo.beside("server.git");
    repo.git(["init", "-q", "--bare", "-b", "main", "../server.git"])?;
    install_recording(&server, "pre-receive", None)?;
    let bad = commit(&repo, "Open the port")?;
    refused(&server, &push(&repo, &server, &names(&["HEAD:refs/heads/main"]))?, &[&bad], &["ticket-missing"])?;
    accepted(&push(&repo, &server, &names(&["HEAD~1:refs/heads/main"]))?)
}

#[test]
fn merges_that_only_join_what_is_judged_are_let_in() -> TestResult {
    let (repo, server) = guarded("pre-receive")?;
    repo.git(["checkout", "-q", "-b", "side", "HEAD~1"])?;
    std::fs::write(repo.path().join("side.yaml"), "side: 1\n")?;
    repo.git(["add", "side.yaml"])?;
    commit(&repo, "SEC-4 Add a side")?;
    repo.git(["merge", "-q", "--no-edit", "main"])?;
    accepted(&push(&repo, &server, &names(&["HEAD:refs/heads/side"]))?)?;
    repo.git(["checkout", "-q", "main"])?;
    repo.git(["merge", "-q", "--no-ff", "--no-edit", "side"])?;
    accepted(&push(&repo, &server, &names(&["HEAD:refs/heads/main"]))?)
}

#[test]
fn ten_thousand_commits_are_judged_each() -> TestResult {
    let (repo, server) = guarded("pre-receive")?;
    let mut stream = String::from("reset refs/heads/many\nfrom refs/heads/main\n\n");
    let who = "Alice Example <alice@example.com>";
    for number in 1..=10_000 {
        let message = if number == 5_000 { "Open the port".to_owned() } else { format!("SEC-{number} Count to {number}") };
        let length = message.len();
        let _ = write!(stream, "commit refs/heads/many\nauthor {who} {START} +0000\ncommitter {who} {START} +0000\n");
        let _ =
            write!(stream, "data {length}\n{message}\nM 644 inline count.txt\ndata {}\n{number}\n\n", number.to_string().len());
    }
    repo.feed(stream.as_bytes())?;
    let bad = repo.git(["rev-parse", "many~5000"])?;
    let output = push(&repo, &server, &names(&["many:refs/heads/main"]))?;
    refused(&server, &output, &[&bad], &["1 of 10000 commits", &bad[..12], "Open the port"])?;
    accepted(&push(&repo, &server, &names(&["many~5001:refs/heads/main"]))?)
}

/// A server that speaks HTTP for as long as it is held.
struct Http {
    child: Child,
    address: String,
}

impl Http {
    /// `None` where there is no Python to serve with.
    fn serve(folder: &Path) -> Fallible<Option<Self>> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/integration/gate/http_backend.py");
        let child = hermetic("python3").arg(script).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let Ok(mut child) = child else { return Ok(None) };
        let mut port = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut port)?;
        Ok(Some(Self { child, address: format!("http://127.0.0.1:{}", port.trim()) }))
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        // Its input ends with its handle; waiting keeps no dead process behind.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever reads the tests' output learns that this one could not run")]
fn pushes_over_http_are_judged_alike() -> TestResult {
    let (repo, server) = guarded("pre-receive")?;
    git_at(&server, ["config", "http.receivepack", "true"])?;
    let Some(http) = Http::serve(server.parent().ok_or("no folder")?)? else {
        println!("skipped: there is no python3 to serve HTTP with");
        return Ok(());
    };
    let address = PathBuf::from(format!("{}/server.git", http.address));
    let good = commit(&repo, "SEC-4 Close the port")?;
    accepted(&push(&repo, &address, &names(&["HEAD:refs/heads/main"]))?)?;
    let bad = commit(&repo, "Open the port")?;
    let words = ["remote: ", &bad[..12], "Open the port", "ticket-missing", "SEC-123"];
    refused(&server, &push(&repo, &address, &names(&["HEAD:refs/heads/main"]))?, &[&bad], &words)?;
    refused(
        &server,
        &push(&repo, &address, &names(&["--atomic", "HEAD:refs/heads/main", "HEAD:refs/heads/b"]))?,
        &[&bad],
        &words,
    )?;
    assert_eq!(git_at(&server, ["rev-parse", "main"])?, good);
    Ok(())
}

#[test]
fn pre_push_judges_before_anything_is_sent() -> TestResult {
    let repo = standing()?;
    let server = server(&repo)?;
    repo.git(["remote", "add", "origin", "../server.git"])?;
    repo.git(["fetch", "-q", "origin"])?;
    install_recording(&repo.path().join(".git"), "pre-push", None)?;
    let send = |reference: &str| hermetic("git").arg("-C").arg(repo.path()).args(["push", "origin", reference]).output();
    let bad = commit(&repo, "Open the port")?;
    refused(&server, &send("HEAD:refs/heads/main")?, &[&bad], &[])?;
    refused(&server, &send("HEAD:refs/heads/new")?, &[&bad], &[])?;
    assert_eq!(std::fs::read_to_string(repo.path().join(".git/gate-exit"))?.trim(), "1");
    repo.git(["commit", "-q", "--amend", "--allow-empty", "-m", "SEC-4 Open the port"])?;
    accepted(&send("HEAD:refs/heads/new")?)?;
    accepted(&send("HEAD:refs/heads/main")?)?;
    accepted(&send(":refs/heads/new")?)
}

/// Runs git in a folder with an editor that puts a text above what git has written.
fn edit(folder: &Path, text: &str, arguments: &[&str]) -> Fallible<Output> {
    let mut command: Command = hermetic("git");
    command.arg("-C").arg(folder).args(arguments);
    command
        .env("TEXT", text)
        .env("GIT_EDITOR", "sh -c '{ printf \"%s\\n\" \"$TEXT\"; cat \"$1\"; } > \"$1.new\" && mv \"$1.new\" \"$1\"' --");
    Ok(command.output()?)
}

#[test]
fn commit_msg_judges_what_git_would_keep_of_a_message() -> TestResult {
    let repo = standing()?;
    install_recording(&repo.path().join(".git"), "commit-msg", None)?;
    let folder = repo.path();
    let commit =
        |message: &str| hermetic("git").arg("-C").arg(&folder).args(["commit", "-q", "--allow-empty", "-m", message]).output();
    assert!(!commit("Open the port")?.status.success());
    accepted(&commit("SEC-4 Open the port")?)?;
    // Comment lines are not kept, and neither is the difference that `-v` shows below the scissors.
    std::fs::write(folder.join("app.yaml"), "name: SEC-9\n")?;
    repo.git(["add", "app.yaml"])?;
    assert!(!edit(&folder, "Open it\n# SEC-5 is a comment", &["commit", "-q"])?.status.success());
    assert!(!edit(&folder, "Open it", &["commit", "-q", "-v"])?.status.success());
    accepted(&edit(&folder, "SEC-5 Open it", &["commit", "-q", "-v"])?)?;
    assert!(
        !hermetic("git").arg("-C").arg(&folder).args(["commit", "-q", "--amend", "-m", "Open it"]).output()?.status.success()
    );
    accepted(&hermetic("git").arg("-C").arg(&folder).args(["commit", "-q", "--amend", "-m", "SEC-6 Open it"]).output()?)
}

#[test]
fn commit_msg_works_in_a_worktree_and_while_a_merge_is_committed() -> TestResult {
    let repo = standing()?;
    install_recording(&repo.path().join(".git"), "commit-msg", None)?;
    repo.git(["worktree", "add", "-q", "-b", "side", "../tree", "HEAD~1"])?;
    let tree = repo.beside("tree");
    let at = |folder: &Path, arguments: &[&str]| hermetic("git").arg("-C").arg(folder).args(arguments).output();
    assert!(!at(&tree, &["commit", "-q", "--allow-empty", "-m", "Open it"])?.status.success());
    accepted(&at(&tree, &["commit", "-q", "--allow-empty", "-m", "SEC-4 Open it"])?)?;
    accepted(&at(&tree, &["merge", "-q", "--no-edit", "main"])?)?;
    assert!(git_at(&tree, ["log", "-1", "--format=%s"])?.starts_with("Merge branch 'main'"));
    // A merge whose conflict was resolved by hand is judged by the server, with its content.
    std::fs::write(tree.join("app.yaml"), "name: side\n")?;
    git_at(&tree, ["add", "app.yaml"])?;
    git_at(&tree, ["commit", "-q", "-m", "SEC-5 Name it side"])?;
    std::fs::write(repo.path().join("app.yaml"), "name: main\n")?;
    repo.git(["commit", "-q", "-am", "SEC-6 Name it main"])?;
    assert!(!at(&tree, &["merge", "-q", "main"])?.status.success());
    std::fs::write(tree.join("app.yaml"), "name: both\n")?;
    git_at(&tree, ["add", "app.yaml"])?;
    accepted(&at(&tree, &["commit", "-q", "--no-edit"])?)
}

#[test]
fn a_hook_that_is_given_nonsense_concludes_nothing() -> TestResult {
    let (repo, server) = guarded("pre-receive")?;
    for input in ["nonsense\n", "1 2 3\n", "\u{0}\n"] {
        let mut command = crate::support::binary();
        command.current_dir(&server).args(["gate", "--hook", "pre-receive"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.stdout(Stdio::null()).spawn()?;
        child.stdin.take().ok_or("no input")?.write_all(input.as_bytes())?;
        assert_eq!(child.wait_with_output()?.status.code(), Some(3), "{input:?}");
    }
    drop(repo);
    Ok(())
}
