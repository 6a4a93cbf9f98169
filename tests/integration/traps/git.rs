//! Git's defaults would falsify a report.

use std::collections::BTreeSet;

use crate::support::{DAY, Fallible, NewCommit, Pack, START, Stream, TestRepo, TestResult, git_at, policy};

/// 2026-04-02T12:00:00Z.
const APRIL: i64 = 1_775_131_200;

fn expect_incomplete(pack: &Pack) -> TestResult {
    assert_eq!(pack.findings("history-incomplete", "exception")?.len(), 1);
    for page in pack.pages()? {
        assert!(pack.text(&page)?.contains("INCOMPLETE."), "{page}");
    }
    Ok(())
}

#[test]
fn g1_dates_of_the_year_before_hide_nothing() -> TestResult {
    let mut stream = Stream::default();
    let contents: Vec<String> = (0..23).map(policy).collect();
    for (number, content) in (0..).zip(&contents) {
        let committed = match number {
            0 => START,
            1..=10 => APRIL + number * 3_600,
            _ => APRIL - 365 * DAY + number * 3_600,
        };
        stream.next(&NewCommit { committed, files: vec![("policies/ingress.yaml", content)], ..NewCommit::default() });
    }
    let repo = stream.into_repo()?;
    assert_eq!(repo.git(["log", "--since=2026-04-01", "--format=%H", "main"])?, "", "git itself lists none of the ten");
    repo.report(&["--branch", "main", "--period", "2026-04"])?.expect_exit(0)?;
    let pack = repo.pack("pack")?;
    assert_eq!(pack.table("changes.csv")?.len(), 22, "a change cannot have arrived before the one it stands on");
    assert!(!pack.findings("clock-anomaly", "exception")?.is_empty());
    pack.expect_tie_outs()
}

#[test]
fn g2_a_replaced_message_is_not_believed() -> TestResult {
    let mut stream = Stream::default();
    stream.next(&NewCommit { message: b"Open everything", files: vec![("a.yaml", "1")], ..NewCommit::default() });
    let repo = stream.into_repo()?;
    let tree = repo.git(["rev-parse", "main^{tree}"])?;
    let forged = repo.git(["commit-tree", &tree, "-m", "SEC-42 approved\n\nReviewed-by: Bob <bob@example.com>"])?;
    repo.git(["replace", "main", &forged])?;
    assert_eq!(repo.git(["log", "-1", "--format=%s", "main"])?, "SEC-42 approved", "git itself is misled");
    let pack = repo.whole(&[])?;
    assert_eq!(pack.column("changes.csv", "title")?, ["Open everything"]);
    assert_eq!(pack.column("changes.csv", "tickets")?, [""]);
    assert!(!pack.text("data/evidence.json")?.contains("SEC-42"));
    expect_incomplete(&pack)
}

#[test]
fn g3_a_mailmap_renames_nobody() -> TestResult {
    let mut stream = Stream::default();
    let files = vec![(".mailmap", "Bob Reviewer <bob@example.com> <alice@example.com>\n"), ("a.yaml", "1")];
    stream.next(&NewCommit { files, ..NewCommit::default() });
    let repo = stream.into_repo()?;
    repo.git(["config", "mailmap.blob", "main:.mailmap"])?;
    assert_eq!(repo.git(["log", "-1", "--format=%aN", "main"])?, "Bob Reviewer");
    let pack = repo.whole(&[])?;
    assert_eq!(pack.column("commits.csv", "author_name")?, ["Alice Example"]);
    for (name, bytes) in pack.files()? {
        assert!(!String::from_utf8_lossy(&bytes).contains("Bob Reviewer"), "{name}");
    }
    Ok(())
}

/// `main`: a base, a change, and a merge of a side branch that itself sets the policy to a port.
fn merge_that_edits(port: u32) -> Fallible<TestRepo> {
    let (old, new) = (policy(1), policy(port));
    let mut stream = Stream::default();
    let base = stream.next(&NewCommit { files: vec![("policies/ingress.yaml", &old)], ..NewCommit::default() });
    let main = stream.commit(&NewCommit { parents: vec![base], files: vec![("a.txt", "1")], ..NewCommit::default() });
    let side = stream.commit(&NewCommit { parents: vec![base], files: vec![("b.txt", "1")], ..NewCommit::default() });
    let files = vec![("b.txt", "1"), ("policies/ingress.yaml", new.as_str())];
    stream.commit(&NewCommit { message: b"Merge branch 'side'", parents: vec![main, side], files, ..NewCommit::default() });
    stream.into_repo()
}

#[test]
fn g4_what_a_merge_itself_changes_is_shown() -> TestResult {
    let repo = merge_that_edits(2)?;
    assert!(
        !repo.git(["log", "-p", "--format=", "main", "--", "policies/ingress.yaml"])?.contains("port: 2"),
        "git itself hides it"
    );
    let pack = repo.whole(&[])?;
    let merge = repo.git(["rev-parse", "main"])?;
    let rows = pack.table("files.csv")?;
    let paths: BTreeSet<_> = rows.iter().filter(|row| row["change_id"] == merge).map(|row| row["path"].as_str()).collect();
    assert_eq!(paths, BTreeSet::from(["b.txt", "policies/ingress.yaml"]));
    let findings = pack.findings("merge-adds-content", "exception")?;
    assert_eq!(findings.len(), 1);
    assert!(findings[0]["because"].contains("policies/ingress.yaml"), "{findings:?}");
    let clean = merge_that_edits(1)?.whole(&[])?;
    assert_eq!(clean.findings("merge-adds-content", "exception")?.len(), 0);
    Ok(())
}

#[test]
fn g5_a_hole_opened_and_closed_in_a_side_branch_is_listed() -> TestResult {
    let (closed, open) = (policy(1), policy(0));
    let mut stream = Stream::default();
    let base = stream.next(&NewCommit { files: vec![("policies/ingress.yaml", &closed)], ..NewCommit::default() });
    let files = vec![("policies/ingress.yaml", open.as_str())];
    let opened = stream.commit(&NewCommit { message: b"Open", parents: vec![base], files, ..NewCommit::default() });
    let files = vec![("policies/ingress.yaml", closed.as_str())];
    let shut = stream.commit(&NewCommit { message: b"Close", parents: vec![opened], files, ..NewCommit::default() });
    stream.commit(&NewCommit { message: b"Merge branch 'side'", parents: vec![base, shut], ..NewCommit::default() });
    let repo = stream.into_repo()?;
    assert!(!repo.git(["log", "--format=%s", "main", "--", "policies"])?.contains("Open"), "git itself simplifies it away");
    let pack = repo.whole(&[])?;
    let json = pack.json()?;
    let sides = json["changes"][1]["side_commits"].as_array().ok_or("no side commits")?;
    let shown: Vec<_> = sides.iter().map(|side| (side["message"]["text"].as_str(), side["files"].to_string())).collect();
    assert_eq!(shown.len(), 2);
    for ((message, files), expected) in shown.iter().zip(["Open", "Close"]) {
        assert_eq!(message.map(str::trim), Some(expected));
        assert!(files.contains("policies/ingress.yaml"), "{files}");
    }
    Ok(())
}

#[test]
fn g6_reviewed_commits_stay_in_the_population_after_a_foxtrot_merge() -> TestResult {
    let mut stream = Stream::default();
    let base = stream.next(&NewCommit { message: b"Base", files: vec![("a", "1")], ..NewCommit::default() });
    let message = b"SEC-2 Reviewed\n\nReviewed-by: Bob <bob@example.com>";
    let reviewed = stream.commit(&NewCommit { message, parents: vec![base], files: vec![("b", "1")], ..NewCommit::default() });
    let feature =
        stream.commit(&NewCommit { message: b"Feature", parents: vec![base], files: vec![("c", "1")], ..NewCommit::default() });
    let files = vec![("b", "1")];
    stream.commit(&NewCommit {
        message: b"Merge branch 'main' into feature",
        parents: vec![feature, reviewed],
        files,
        ..NewCommit::default()
    });
    let repo = stream.into_repo()?;
    assert!(!repo.git(["log", "--first-parent", "--format=%s", "main"])?.contains("Reviewed"), "it is off the chain");
    let pack = repo.whole(&[])?;
    let subjects = pack.column("commits.csv", "subject")?;
    assert_eq!(subjects, ["Base", "Feature", "SEC-2 Reviewed", "Merge branch 'main' into feature"]);
    pack.expect_tie_outs()
}

#[test]
fn g7_a_shallow_clone_is_incomplete_on_every_page() -> TestResult {
    let mut stream = Stream::default();
    let contents: Vec<String> = (0..5).map(|number| number.to_string()).collect();
    for content in &contents {
        stream.next(&NewCommit { files: vec![("a", content), ("same", "1")], ..NewCommit::default() });
    }
    let repo = stream.into_repo()?;
    let url = format!("file://{}", repo.path().display());
    repo.git(["clone", "-q", "--depth", "2", "--branch", "main", &url, "../shallow"])?;
    let clone = repo.beside("shallow");
    let arguments = ["report", "--to", "main", "--out", "../pack", "--repo", "."];
    let run = crate::support::countersign(&clone, arguments)?;
    run.expect_exit(0)?;
    assert!(run.stdout.contains("INCOMPLETE") && run.stdout.contains("--unshallow"), "{}", run.stdout);
    let pack = repo.pack("pack")?;
    expect_incomplete(&pack)?;
    assert_eq!(
        git_at(&clone, ["diff-tree", "-r", "--root", "--no-commit-id", "main~1"])?.lines().count(),
        2,
        "git itself is misled"
    );
    let boundary = git_at(&clone, ["rev-parse", "main~1"])?;
    let added = pack.table("files.csv")?.into_iter().filter(|row| row["change_id"] == boundary && row["edit"] == "A");
    assert_eq!(added.count(), 0, "what the boundary commit changed is not known");
    Ok(())
}

#[test]
fn g8_text_after_a_nul_byte_is_shown_and_flagged() -> TestResult {
    let repo = TestRepo::empty()?;
    let tree = repo.git(["hash-object", "-t", "tree", "-w", "/dev/null"])?;
    let who = format!("Alice Example <alice@example.com> {START} +0000");
    let id =
        repo.raw_commit(format!("tree {tree}\nauthor {who}\ncommitter {who}\n\nSEC-1 Fix\n\n\0hidden words\n").as_bytes())?;
    repo.git(["update-ref", "refs/heads/main", &id])?;
    assert!(!repo.git(["log", "-1", "--format=%B", "main"])?.contains("hidden words"), "git itself hides it");
    let pack = repo.whole(&[])?;
    let json = pack.json()?;
    assert_eq!(json["changes"][0]["message"]["text"].as_str(), Some("SEC-1 Fix\n\n\0hidden words\n"));
    assert!(pack.column("commits.csv", "anomalies")?[0].contains("NUL"));
    assert!(pack.text("changes-0001.html")?.contains("hidden words"));
    Ok(())
}

#[test]
fn g9_trailers_and_mentions_in_the_body_are_told_apart() -> TestResult {
    let message = b"SEC-1 Tighten ingress (#7)\n\n* First part\n\nReviewed-by: Bob <bob@example.com>\n\n* Second part\n\nReviewed-by: Carol <carol@example.com>";
    let mut stream = Stream::default();
    stream.next(&NewCommit { message, files: vec![("a", "1")], ..NewCommit::default() });
    let repo = stream.into_repo()?;
    let git = repo.git(["log", "-1", "--format=%(trailers:only)", "main"])?;
    assert!(!git.contains("Bob") && git.contains("Carol"));
    let pack = repo.whole(&[])?;
    let reviewers = pack.column("approvals.csv", "reviewer_raw")?;
    assert_eq!(reviewers.iter().collect::<BTreeSet<_>>().len(), 2, "{reviewers:?}");
    let json = pack.json()?;
    let trailers = json["changes"][0]["evidence"]["trailers"].as_array().ok_or("no trailers")?;
    let places: Vec<_> = trailers.iter().map(|it| (it["value"].as_str(), it["in_block"].as_bool())).collect();
    assert_eq!(places, [(Some("Bob <bob@example.com>"), Some(false)), (Some("Carol <carol@example.com>"), Some(true))]);
    Ok(())
}

#[test]
fn g10_grafts_hide_no_commit() -> TestResult {
    let mut stream = Stream::default();
    for content in ["1", "2", "3", "4"] {
        stream.next(&NewCommit { files: vec![("a", content)], ..NewCommit::default() });
    }
    let repo = stream.into_repo()?;
    let graft = format!("{} {}\n", repo.git(["rev-parse", "main"])?, repo.git(["rev-parse", "main~3"])?);
    std::fs::write(repo.path().join(".git/info/grafts"), graft)?;
    assert_eq!(repo.git(["rev-list", "--count", "main"])?, "2", "git itself is misled");
    let pack = repo.whole(&[])?;
    assert_eq!(pack.table("commits.csv")?.len(), 4);
    expect_incomplete(&pack)
}

#[test]
fn g11_impossible_dates_and_people_are_facts_not_the_end() -> TestResult {
    let repo = TestRepo::empty()?;
    let tree = repo.git(["hash-object", "-t", "tree", "-w", "/dev/null"])?;
    let plain = format!("Alice Example <alice@example.com> {START} +0000");
    let odd = [
        format!("Alice <a@example.com> {START} +9999"),
        "Alice <a@example.com> 99999999999 +0000".to_owned(),
        "Alice <a@example.com> -5 +0000".into(),
        "Alice <a@example.com> 18446744073709551615 +0000".into(),
        "Alice <a@example.com> 99999999999999999999999999 -0000".into(),
        "Alice <a@example.com> never".into(),
        "Alice <a@example.com>".into(),
        "Alice".into(),
        String::new(),
        format!(" <> {START} +0000"),
        format!("<<>> <<< {START} +0000"),
        format!("Alice <a@example.com> {START} +1"),
    ];
    let mut parent = String::new();
    for signature in &odd {
        for header in [format!("author {signature}\ncommitter {plain}\n"), format!("author {plain}\ncommitter {signature}\n")] {
            let id = repo.raw_commit(format!("tree {tree}\n{parent}{header}\nSEC-1 Odd\n").as_bytes())?;
            parent = format!("parent {id}\n");
        }
    }
    // No author, no committer, no message, nothing but a tree.
    for rest in [
        format!("committer {plain}\n\nSEC-1 No author\n"),
        format!("author {plain}\n\nSEC-1 No committer\n"),
        "\n".into(),
        String::new(),
    ] {
        let id = repo.raw_commit(format!("tree {tree}\n{parent}{rest}").as_bytes())?;
        parent = format!("parent {id}\n");
    }
    let tip = parent.trim_start_matches("parent ").trim();
    std::fs::write(repo.path().join(".git/refs/heads/main"), format!("{tip}\n"))?;
    let pack = repo.whole(&[])?;
    assert_eq!(pack.table("changes.csv")?.len(), odd.len() * 2 + 4);
    assert!(!pack.findings("clock-anomaly", "exception")?.is_empty());
    for cell in pack.column("changes.csv", "committed_at")? {
        assert!(cell.is_empty() || cell.len() == 20, "{cell}");
    }
    let run = repo.report_to("period", &["--branch", "main", "--period", "2026-Q1"])?;
    assert!([0, 3].contains(&run.exit) && !run.stderr.contains("panicked"), "{run:?}");
    pack.expect_tie_outs()
}

#[test]
fn g12_a_policy_moved_to_another_layer_is_a_move_over_a_boundary() -> TestResult {
    let content = policy(1);
    let mut stream = Stream::default();
    stream.next(&NewCommit { files: vec![("security/np.yaml", &content), ("apps/a.txt", "1")], ..NewCommit::default() });
    stream.next(&NewCommit {
        files: vec![("apps/np.yaml", &content)],
        removed: vec!["security/np.yaml"],
        ..NewCommit::default()
    });
    let repo = stream.into_repo()?;
    let settings = repo.settings(
        "[[layers]]\nglob = \"security/**\"\nlayer = \"security\"\n[[layers]]\nglob = \"apps/**\"\nlayer = \"applications\"\n",
    )?;
    let pack = repo.whole(&["--settings", &settings])?;
    let moved = repo.git(["rev-parse", "main"])?;
    let rows = pack.table("files.csv")?;
    let row = rows.iter().find(|row| row["change_id"] == moved).ok_or("no file")?;
    assert_eq!((row["edit"].as_str(), row["old_path"].as_str(), row["path"].as_str()), ("R", "security/np.yaml", "apps/np.yaml"));
    let findings = pack.findings("layer-unmapped", "exception")?;
    assert!(findings.iter().any(|row| row["change_id"] == moved), "{findings:?}");
    Ok(())
}

#[test]
fn g13_an_octopus_with_a_file_of_its_own_is_flagged() -> TestResult {
    let mut stream = Stream::default();
    let base = stream.next(&NewCommit { files: vec![("a", "1")], ..NewCommit::default() });
    let mut sides = vec![base];
    for name in ["b", "c", "d"] {
        sides.push(stream.commit(&NewCommit { parents: vec![base], files: vec![(name, "1")], ..NewCommit::default() }));
    }
    let files = vec![("b", "1"), ("c", "1"), ("d", "1"), ("policies/backdoor.yaml", "1")];
    stream.commit(&NewCommit { message: b"Merge branches", parents: sides, files, ..NewCommit::default() });
    let pack = stream.into_repo()?.whole(&[])?;
    let findings = pack.findings("merge-adds-content", "exception")?;
    assert!(findings.len() == 1 && findings[0]["because"].contains("policies/backdoor.yaml"), "{findings:?}");
    Ok(())
}

#[test]
fn g15_names_that_look_like_options_are_names() -> TestResult {
    let mut stream = Stream::default();
    stream.next(&NewCommit { files: vec![("--output=x", "1"), ("-rf", "1")], ..NewCommit::default() });
    let repo = stream.into_repo()?;
    let tip = repo.git(["rev-parse", "main"])?;
    repo.git(["update-ref", "refs/heads/--output=x", &tip])?;
    repo.report(&["--branch=--output=x", "--period", "2026"])?.expect_exit(0)?;
    let pack = repo.pack("pack")?;
    assert_eq!(pack.column("files.csv", "path")?, ["'--output=x", "'-rf"]);
    for folder in [repo.path(), repo.beside("")] {
        assert!(!folder.join("x").exists());
    }
    for line in pack.text("REPERFORM.txt")?.lines().filter(|line| line.trim_start().starts_with("git ") && line.contains(&tip)) {
        assert!(line.contains("--end-of-options"), "{line}");
    }
    Ok(())
}

#[test]
fn g17_every_commit_is_in_exactly_one_change() -> TestResult {
    let mut stream = Stream::default();
    let file = |name: &'static str| NewCommit { files: vec![(name, "1")], ..NewCommit::default() };
    let base = stream.next(&file("a"));
    let empty = stream.next(&NewCommit { message: b"Empty", ..NewCommit::default() });
    // A side branch that is merged twice.
    let side = stream.commit(&NewCommit { parents: vec![base], ..file("side") });
    let once = stream.commit(&NewCommit { parents: vec![empty, side], ..file("side") });
    let more = stream.commit(&NewCommit { parents: vec![side], ..file("more") });
    let twice = stream.commit(&NewCommit { parents: vec![once, more], ..file("more") });
    // Two lines that merge each other.
    let left = stream.commit(&NewCommit { parents: vec![twice], ..file("left") });
    let right = stream.commit(&NewCommit { parents: vec![twice], ..file("right") });
    let left_right = stream.commit(&NewCommit { parents: vec![left, right], ..file("right") });
    let right_left = stream.commit(&NewCommit { parents: vec![right, left], ..file("left") });
    let crossed = stream.commit(&NewCommit { parents: vec![left_right, right_left], ..NewCommit::default() });
    // A root without relation, and sixty parents.
    let root = stream.commit(&file("root"));
    let joined = stream.commit(&NewCommit { parents: vec![crossed, root], ..file("root") });
    let mut parents = vec![joined];
    let names: Vec<String> = (0..59).map(|number| format!("many-{number}")).collect();
    for name in &names {
        parents.push(stream.commit(&NewCommit { parents: vec![joined], files: vec![(name, "1")], ..NewCommit::default() }));
    }
    let files = names.iter().map(|name| (name.as_str(), "1")).collect();
    stream.commit(&NewCommit { parents, files, ..NewCommit::default() });
    let repo = stream.into_repo()?;
    let pack = repo.whole(&[])?;
    let listed = pack.column("commits.csv", "commit_id")?;
    let distinct: BTreeSet<String> = listed.iter().cloned().collect();
    let expected: BTreeSet<String> = repo.git(["rev-list", "main"])?.lines().map(str::to_owned).collect();
    assert_eq!((listed.len(), distinct), (expected.len(), expected));
    assert_eq!(repo.git(["rev-list", "--parents", "-1", "main"])?.split(' ').count(), 61);
    pack.expect_tie_outs()
}
