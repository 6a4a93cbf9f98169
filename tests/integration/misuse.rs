//! Bad input: a clear error with the right exit code, never a panic, never half a pack.

use std::path::Path;

use super::support::{DAY, Fallible, NewCommit, Run, START, Stream, TestRepo, TestResult, binary, countersign, hermetic};

const MISUSE: i32 = 2;
const INCONCLUSIVE: i32 = 3;
const COULD_NOT_WRITE: i32 = 4;

fn three_commits() -> Fallible<TestRepo> {
    let mut stream = Stream::default();
    for day in 0..3 {
        let content = day.to_string();
        let files = vec![("policies/a.txt", content.as_str())];
        stream.next(&NewCommit { committed: START + day * DAY, files, ..NewCommit::default() });
    }
    stream.into_repo()
}

/// Fails unless the run was refused with an explanation, and nothing was left beside the repository.
fn expect_refusal(repo: &TestRepo, run: &Run, exit: i32, words: &[&str]) -> TestResult {
    run.expect_exit(exit)?;
    run.expect_words(words)?;
    let parent = repo.beside("");
    for entry in std::fs::read_dir(&parent)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if !["repo", "settings.toml", "taken", "file"].contains(&name.as_str()) {
            return Err(format!("{name} was left behind\n{}", run.stderr).into());
        }
    }
    Ok(())
}

#[test]
fn no_repository() -> TestResult {
    let folder = tempfile::tempdir()?;
    for path in [".", "not-there"] {
        let run = countersign(folder.path(), ["report", "--repo", path, "--to", "main"])?;
        run.expect_exit(MISUSE)?;
        run.expect_words(&["no Git repository", "--repo"])?;
    }
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 0);
    Ok(())
}

#[test]
fn an_unknown_revision_is_named() -> TestResult {
    let repo = three_commits()?;
    for arguments in [&["--to", "v9.9"][..], &["--from", "v9.9", "--to", "main"], &["--from", "main~7"]] {
        expect_refusal(&repo, &repo.report(arguments)?, MISUSE, &[arguments[1], "git tag"])?;
    }
    for odd in ["", "--", "main..main", "^main", ":/x", "main^{tree}", "\u{1b}[31m", "@{u}"] {
        expect_refusal(&repo, &repo.report(&[&format!("--to={odd}")])?, MISUSE, &[])?;
    }
    Ok(())
}

#[test]
fn a_day_that_does_not_exist_is_called_so() -> TestResult {
    let repo = three_commits()?;
    expect_refusal(&repo, &repo.report(&["--to", "2026-99-99"])?, MISUSE, &["2026-99-99", "no such day"])
}

#[test]
fn a_missing_branch_is_named() -> TestResult {
    let repo = three_commits()?;
    let run = repo.report(&["--branch", "release", "--period", "2026-Q1"])?;
    expect_refusal(&repo, &run, MISUSE, &["release"])
}

#[test]
fn a_period_without_a_change() -> TestResult {
    let repo = three_commits()?;
    for period in ["2026-Q2", "2026-02", "2027"] {
        let run = repo.report(&["--branch", "main", "--period", period])?;
        expect_refusal(&repo, &run, INCONCLUSIVE, &["no change arrived in", period])?;
    }
    Ok(())
}

#[test]
fn a_period_before_the_first_commit_says_when_the_history_begins() -> TestResult {
    let repo = three_commits()?;
    let run = repo.report(&["--branch", "main", "--period", "2019"])?;
    expect_refusal(&repo, &run, INCONCLUSIVE, &["no change arrived in 2019", "2026-01-05"])
}

#[test]
fn a_range_without_a_commit() -> TestResult {
    let repo = three_commits()?;
    for (from, to) in [("main", "main"), ("main", "main~1")] {
        let run = repo.report(&["--from", from, "--to", to])?;
        expect_refusal(&repo, &run, INCONCLUSIVE, &["no change arrived"])?;
    }
    Ok(())
}

#[test]
fn an_unborn_branch() -> TestResult {
    let repo = TestRepo::empty()?;
    for arguments in [&["--period", "2026-Q1"][..], &["--from", "HEAD"]] {
        let run = repo.report(arguments)?;
        assert!([MISUSE, INCONCLUSIVE].contains(&run.exit), "{run:?}");
        expect_refusal(&repo, &run, run.exit, &["hint"])?;
    }
    let run = repo.report(&["--period", "2026-Q1"])?;
    expect_refusal(&repo, &run, INCONCLUSIVE, &["main has no commit yet"])
}

#[test]
fn neither_a_period_nor_a_range() -> TestResult {
    let repo = three_commits()?;
    expect_refusal(&repo, &repo.report(&[])?, MISUSE, &["period", "2026-Q1"])?;
    let run = repo.report(&["--period", "2026", "--to", "main"])?;
    expect_refusal(&repo, &run, MISUSE, &["--period", "--to"])
}

#[test]
fn typing_mistakes_get_a_suggestion() -> TestResult {
    let repo = three_commits()?;
    expect_refusal(&repo, &repo.report(&["--peroid", "2026"])?, MISUSE, &["--peroid", "--period"])?;
    for period in ["2026-Q5", "26", "2026-13", "last quarter", "2026-é", ""] {
        let run = repo.report(&["--period", period])?;
        expect_refusal(&repo, &run, MISUSE, &["2026-Q1"])?;
    }
    let run = repo.report(&["--to", "main", "--profile", "stric"])?;
    expect_refusal(&repo, &run, MISUSE, &["stric", "strict"])?;
    for (arguments, word) in [
        (&["checks", "explain", "ticket-mising"][..], "ticket-missing"),
        (&["reprot"], "report"),
        (&["report", "--sample", "security-lyer"], "security-layer"),
    ] {
        let run = countersign(&repo.path(), arguments)?;
        expect_refusal(&repo, &run, MISUSE, &[word])?;
    }
    Ok(())
}

const FIVE_MISTAKES: &str = r#"profile = "strictt"
[repository]
layer = "securty"
time_zone = "Europe/Zurich"
[tickets]
projcts = ["SEC"]
[checks.ticket-overused]
max_changes = -4
"#;

#[test]
fn all_mistakes_of_a_settings_file_are_shown_at_once() -> TestResult {
    let repo = three_commits()?;
    let settings = repo.settings(FIVE_MISTAKES)?;
    let run = repo.report(&["--to", "main", "--settings", &settings])?;
    let lines = ["5 mistakes", "line 1:", "line 3:", "line 4:", "line 6:", "line 8:"];
    let words = ["`strictt`", "securty", "Europe/Zurich", "projcts", "max_changes"];
    let hints = ["strict", "security", "+01:00", "projects"];
    expect_refusal(&repo, &run, MISUSE, &[&lines[..], &words, &hints].concat())
}

#[test]
fn settings_that_are_not_toml_or_not_there() -> TestResult {
    let repo = three_commits()?;
    let run = repo.report(&["--to", "main", "--settings", "nowhere.toml"])?;
    expect_refusal(&repo, &run, MISUSE, &["nowhere.toml"])?;
    for text in ["[[[", "profile = ", "\u{1b}[2J = 1", "= = =", "profile = 7", "layers = 1", "[[people]]\nname = 1"] {
        let settings = repo.settings(text)?;
        let run = repo.report(&["--to", "main", "--settings", &settings])?;
        expect_refusal(&repo, &run, MISUSE, &["line 1"])?;
        assert!(!run.stderr.contains('\u{1b}'), "{:?}", run.stderr);
    }
    std::fs::write(repo.beside("settings.toml"), b"profile = \"\xff\xfe\"")?;
    let settings = repo.beside("settings.toml").display().to_string();
    expect_refusal(&repo, &repo.report(&["--to", "main", "--settings", &settings])?, MISUSE, &["settings.toml"])
}

#[test]
fn a_giant_pattern_of_the_settings_is_refused_with_its_line() -> TestResult {
    let repo = three_commits()?;
    let settings = repo.settings("[[tickets.patterns]]\nname = \"big\"\nregex = '((a{1000}){1000}){1000}'\n")?;
    let run = repo.report(&["--to", "main", "--settings", &settings])?;
    expect_refusal(&repo, &run, MISUSE, &["line 3"])
}

#[test]
fn an_output_folder_that_exists_is_not_touched() -> TestResult {
    let repo = three_commits()?;
    std::fs::create_dir(repo.beside("taken"))?;
    std::fs::write(repo.beside("file"), "mine")?;
    for place in ["taken", "file"] {
        let run = repo.report_to(place, &["--to", "main"])?;
        expect_refusal(&repo, &run, COULD_NOT_WRITE, &["is there already", "--out"])?;
    }
    assert_eq!(std::fs::read_dir(repo.beside("taken"))?.count(), 0);
    assert_eq!(std::fs::read_to_string(repo.beside("file"))?, "mine");
    Ok(())
}

#[test]
fn an_output_folder_that_cannot_be_made() -> TestResult {
    let repo = three_commits()?;
    std::fs::write(repo.beside("file"), "mine")?;
    for place in ["file/pack", "not/there/pack"] {
        let run = repo.report_to(place, &["--to", "main"])?;
        if place == "not/there/pack" && run.exit == 0 {
            // Making the parents would be fine, too.
            continue;
        }
        expect_refusal(&repo, &run, COULD_NOT_WRITE, &["cannot write"])?;
    }
    #[cfg(target_os = "linux")]
    {
        let run = repo.report_to("/proc/pack", &["--to", "main"])?;
        expect_refusal(&repo, &run, COULD_NOT_WRITE, &["/proc/pack"])?;
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_up_leaves_no_pack() -> TestResult {
    let repo = three_commits()?;
    // A limit on the size of files is the disk that everybody can fill.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" report --repo repo --to main --out pack";
    let output = hermetic("sh").args(["-c", script, env!("CARGO_BIN_EXE_countersign")]).current_dir(repo.beside("")).output()?;
    expect_refusal(&repo, &Run::of(&output), COULD_NOT_WRITE, &["cannot write"])
}

#[test]
fn output_that_nobody_reads_is_no_panic() -> TestResult {
    let repo = three_commits()?;
    let mut command = binary();
    command.args(["checks", "list"]).current_dir(repo.path()).stdout(std::process::Stdio::piped());
    let mut child = command.stderr(std::process::Stdio::piped()).spawn()?;
    drop(child.stdout.take());
    let run = Run::of(&child.wait_with_output()?);
    assert!(!run.stderr.contains("panicked") && run.exit != 101, "{run:?}");
    Ok(())
}

/// Configuration with which git would run commands of the audited repository's choice.
const TRAPPED: &str = "
[core]
\tfsmonitor = touch MARKER
\thooksPath = HOOKS
\tpager = touch MARKER
\tsshCommand = touch MARKER
\teditor = touch MARKER
\talternateRefsCommand = touch MARKER
[diff]
\texternal = touch MARKER
[diff \"trap\"]
\ttextconv = touch MARKER; cat
\tcommand = touch MARKER
[filter \"trap\"]
\tclean = touch MARKER; cat
\tsmudge = touch MARKER; cat
\tprocess = touch MARKER
\trequired = true
[merge \"trap\"]
\tname = trap
\tdriver = touch MARKER
[merge]
\tdefault = trap
[gpg]
\tprogram = touch MARKER
[remote \"origin\"]
\turl = ext::touch MARKER
\tpromisor = true
[extensions]
\tpartialClone = origin
[alias]
\tlog = !touch MARKER
\trev-list = !touch MARKER
[include]
\tpath = /dev/zero
";

#[test]
fn nothing_of_the_repositorys_configuration_is_executed() -> TestResult {
    let repo = traps_with_a_merge()?;
    let (marker, hooks) = (repo.beside("marker").display().to_string(), repo.beside("hooks"));
    std::fs::create_dir(&hooks)?;
    for hook in ["post-checkout", "reference-transaction", "post-index-change", "fsmonitor-watchman"] {
        executable(&hooks.join(hook), &format!("#!/bin/sh\ntouch {marker}\n"))?;
    }
    let trapped = TRAPPED.replace("MARKER", &marker).replace("HOOKS", &hooks.display().to_string());
    let config = repo.path().join(".git/config");
    let before = std::fs::read_to_string(&config)?;
    std::fs::write(&config, format!("{before}{trapped}"))?;
    std::fs::write(repo.path().join(".git/info/attributes"), "* diff=trap merge=trap filter=trap\n")?;
    repo.whole(&[])?;
    assert!(!Path::new(&marker).exists(), "a command of the audited repository's configuration was run");
    Ok(())
}

/// A merge of two sides that edited one file, so that an automatic merge is computed.
fn traps_with_a_merge() -> Fallible<TestRepo> {
    let mut stream = Stream::default();
    let lines = |first: &str, last: &str| format!("{first}\n2\n3\n4\n5\n6\n7\n8\n{last}\n");
    let versions = [lines("1", "9"), lines("one", "9"), lines("1", "nine"), lines("one", "nine")];
    let commit = |parents: Vec<usize>, version: usize| NewCommit {
        parents,
        files: vec![(".gitattributes", "* diff=trap merge=trap filter=trap\n"), ("policies/a.txt", versions[version].as_str())],
        ..NewCommit::default()
    };
    let base = stream.commit(&commit(vec![], 0));
    let ours = stream.commit(&commit(vec![base], 1));
    let side = stream.commit(&commit(vec![base], 2));
    stream.commit(&commit(vec![ours, side], 3));
    stream.into_repo()
}

#[cfg(unix)]
fn executable(path: &Path, script: &str) -> TestResult {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, script)?;
    Ok(std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn executable(path: &Path, script: &str) -> TestResult {
    Ok(std::fs::write(path, script)?)
}

#[test]
fn the_other_commands_answer() -> TestResult {
    let repo = three_commits()?;
    for arguments in [
        &["checks", "list"][..],
        &["checks", "explain", "ticket-missing"],
        &["settings", "show"],
        &["completions", "bash"],
        &["completions", "zsh"],
        &["man"],
        &["--help"],
        &["report", "--help"],
        &["--version"],
    ] {
        let run = countersign(&repo.path(), arguments)?;
        run.expect_exit(0)?;
        assert!(!run.stdout.is_empty(), "{arguments:?}");
    }
    Ok(())
}

#[test]
fn a_drafted_settings_file_can_be_used_and_is_not_written_over_another() -> TestResult {
    let repo = TestRepo::story("security-layer")?;
    repo.git(["read-tree", "main"])?;
    let draft = countersign(&repo.path(), ["settings", "init"])?;
    draft.expect_exit(0)?;
    let file = repo.path().join("countersign.toml");
    assert!(file.is_file(), "{draft:?}");
    repo.whole(&["--settings", &file.display().to_string()])?;
    let text = std::fs::read_to_string(&file)?;
    let again = countersign(&repo.path(), ["settings", "init"])?;
    assert_eq!(again.exit, COULD_NOT_WRITE, "{again:?}");
    assert_eq!(std::fs::read_to_string(&file)?, text);
    Ok(())
}
