//! Repositories in every shape: read, or a clear error; a corrupt object is a gap of its change, not the end of the run.

use std::path::{Path, PathBuf};

use crate::support::{
    Fallible, NewCommit, Pack, Run, Stream, TestRepo, TestResult, binary, countersign, git_at, hermetic, policy,
};

/// Three changes of one policy and a file beside it.
fn three() -> Stream {
    let contents: Vec<String> = (1..=3).map(policy).collect();
    let mut stream = Stream::default();
    for (number, content) in contents.iter().enumerate() {
        let message = format!("SEC-{} Tighten ingress", number + 1);
        let files = vec![("policies/ingress.yaml", content.as_str())];
        stream.next(&NewCommit { message: message.as_bytes(), files, ..NewCommit::default() });
    }
    stream
}

fn audit(repo: &TestRepo, path: &Path, name: &str) -> Fallible<Pack> {
    let (path, out) = (path.display().to_string(), repo.beside(name).display().to_string());
    countersign(&repo.beside(""), ["report", "--to", "main", "--repo", &path, "--out", &out])?.expect_exit(0)?;
    repo.pack(name)
}

fn expect_three(pack: &Pack) -> TestResult {
    assert_eq!(pack.table("changes.csv")?.len(), 3);
    assert_eq!(pack.table("files.csv")?.len(), 3);
    assert_eq!(pack.findings("history-incomplete", "exception")?.len(), 0);
    pack.expect_tie_outs()
}

#[test]
fn g16_sha256_repositories_are_read() -> TestResult {
    let repo = TestRepo::empty_with(&["--object-format=sha256"])?;
    repo.feed(three().bytes())?;
    let pack = repo.whole(&[])?;
    expect_three(&pack)?;
    assert!(pack.column("commits.csv", "commit_id")?.iter().all(|id| id.len() == 64));
    assert_eq!(pack.column("changes.csv", "change_id")?[2], repo.git(["rev-parse", "main"])?);
    Ok(())
}

#[test]
fn g16_reftable_is_refused_with_a_way_out() -> TestResult {
    let Ok(repo) = TestRepo::empty_with(&["--ref-format=reftable"]) else {
        // This git cannot make one.
        return Ok(());
    };
    repo.feed(three().bytes())?;
    let run = repo.report(&["--to", "main"])?;
    run.expect_exit(3)?;
    run.expect_words(&["reftable", "git refs migrate"])?;
    assert!(!repo.beside("pack").exists());
    Ok(())
}

#[test]
fn g16_alternates_are_read() -> TestResult {
    let repo = three().into_repo()?;
    repo.git(["clone", "-q", "--shared", ".", "../shared"])?;
    expect_three(&audit(&repo, &repo.beside("shared"), "pack")?)
}

#[test]
fn g16_bare_repositories_worktrees_and_folders_inside_are_read() -> TestResult {
    let repo = three().into_repo()?;
    repo.git(["clone", "-q", "--bare", ".", "../bare.git"])?;
    repo.git(["worktree", "add", "-q", "--detach", "../linked", "main"])?;
    let places =
        [repo.beside("bare.git"), repo.beside("linked"), repo.beside("linked").join("policies"), repo.path().join(".git")];
    for (number, place) in places.iter().enumerate() {
        expect_three(&audit(&repo, place, &format!("pack-{number}"))?)?;
    }
    Ok(())
}

#[test]
fn g16_submodules_are_pointers() -> TestResult {
    let repo = three().into_repo()?;
    let tip = repo.git(["rev-parse", "main"])?;
    repo.git(["read-tree", "main"])?;
    repo.git(["update-index", "--add", "--cacheinfo", &format!("160000,{tip},vendor/policies")])?;
    let tree = repo.git(["write-tree"])?;
    let id = repo.git(["commit-tree", &tree, "-p", "main", "-m", "SEC-9 Pin the policies"])?;
    repo.git(["update-ref", "refs/heads/main", &id])?;
    let pack = repo.whole(&[])?;
    let rows = pack.table("files.csv")?;
    let row = rows.iter().find(|row| row["path"] == "vendor/policies").ok_or("no submodule")?;
    assert_eq!((row["new_mode"].as_str(), row["new_blob"].as_str()), ("160000", tip.as_str()));
    pack.expect_tie_outs()
}

#[test]
fn g16_the_environments_git_dir_is_the_default_and_no_more() -> TestResult {
    let (repo, other) = (three().into_repo()?, TestRepo::empty()?);
    let audit = |git_dir: PathBuf, arguments: &[&str]| -> Fallible<Run> {
        let mut command = binary();
        command.env("GIT_DIR", git_dir).env("GIT_OBJECT_DIRECTORY", "/nonexistent").env("GIT_NO_REPLACE_OBJECTS", "");
        Ok(Run::of(&command.current_dir(repo.beside("")).args(["report", "--to", "main"]).args(arguments).output()?))
    };
    audit(repo.path().join(".git"), &["--out", "default"])?.expect_exit(0)?;
    expect_three(&repo.pack("default")?)?;
    // What was asked for wins over the environment.
    audit(other.path().join(".git"), &["--repo", "repo", "--out", "named"])?.expect_exit(0)?;
    expect_three(&repo.pack("named")?)
}

#[test]
fn g16_a_commit_graph_is_not_believed() -> TestResult {
    let (honest, other) = (three().into_repo()?, three().into_repo()?);
    // The graph of a history in which the tip has no parents, put into the honest repository.
    let tip = other.git(["rev-parse", "main"])?;
    std::fs::write(other.path().join(".git/info/grafts"), format!("{tip}\n"))?;
    let _ = other.git(["-c", "core.commitGraph=true", "commit-graph", "write", "--reachable"]);
    honest.git(["commit-graph", "write", "--reachable"])?;
    let graph = honest.path().join(".git/objects/info/commit-graph");
    let honest_bytes = std::fs::read(&graph)?;
    let mut lies = vec![b"CGPH garbage".to_vec(), Vec::new(), without_parents(&honest_bytes)?];
    lies.extend(std::fs::read(other.path().join(".git/objects/info/commit-graph")));
    for (number, lie) in lies.iter().enumerate() {
        // git writes the file read-only.
        std::fs::remove_file(&graph)?;
        std::fs::write(&graph, lie)?;
        expect_three(&audit(&honest, &honest.path(), &format!("pack-{number}"))?)?;
    }
    Ok(())
}

/// A commit-graph file in which no commit has a parent: bytes 20 to 24 of each record of the `CDAT` chunk.
fn without_parents(graph: &[u8]) -> Fallible<Vec<u8>> {
    let mut bytes = graph.to_vec();
    let table = bytes.windows(4).position(|word| word == b"CDAT").ok_or("no CDAT")?;
    let offset = |at: usize| -> Fallible<usize> { Ok(usize::try_from(u64::from_be_bytes(graph[at..at + 8].try_into()?))?) };
    let (begin, end) = (offset(table + 4)?, offset(table + 16)?);
    for record in (begin..end).step_by(36) {
        bytes[record + 20..record + 24].copy_from_slice(&0x7000_0000_u32.to_be_bytes());
    }
    Ok(bytes)
}

/// The file of a loose object.
fn loose(repo: &TestRepo, revision: &str) -> Fallible<PathBuf> {
    let id = repo.git(["rev-parse", revision])?;
    Ok(repo.path().join(".git/objects").join(&id[..2]).join(&id[2..]))
}

/// The three changes with every object in a file of its own.
fn three_loose() -> Fallible<TestRepo> {
    let repo = three().into_repo()?;
    let packs = repo.path().join(".git/objects/pack");
    for entry in std::fs::read_dir(&packs)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "pack") {
            let outside = repo.beside("objects.pack");
            std::fs::rename(&path, &outside)?;
            std::fs::remove_dir_all(&packs)?;
            let input = std::fs::File::open(&outside)?;
            hermetic("git").arg("-C").arg(repo.path()).arg("unpack-objects").arg("-q").stdin(input).output()?;
            std::fs::remove_file(outside)?;
            break;
        }
    }
    Ok(repo)
}

#[test]
fn g16_a_missing_tree_is_a_gap_of_its_changes() -> TestResult {
    let repo = three_loose()?;
    std::fs::remove_file(loose(&repo, "main~1:policies")?)?;
    let pack = repo.whole(&[])?;
    assert_eq!(pack.table("changes.csv")?.len(), 3, "the change is still there");
    assert_eq!(pack.findings("history-incomplete", "exception")?.len(), 1);
    assert!(!pack.findings("mixed-layer", "not assessable")?.is_empty());
    let id = git_at(&repo.path(), ["rev-parse", "main~1"])?;
    assert!(pack.findings("layer-unmapped", "not assessable")?.iter().any(|row| row["change_id"] == id));
    assert!(pack.text("index.html")?.contains("INCOMPLETE."));
    Ok(())
}

#[test]
fn g16_a_missing_blob_is_no_panic() -> TestResult {
    let repo = three_loose()?;
    std::fs::remove_file(loose(&repo, "main~1:policies/ingress.yaml")?)?;
    let pack = repo.whole(&[])?;
    assert_eq!(pack.table("files.csv")?.len(), 3, "trees name what changed without the blobs");
    Ok(())
}

#[test]
fn g16_a_missing_commit_is_named() -> TestResult {
    let repo = three_loose()?;
    let id = repo.git(["rev-parse", "main~1"])?;
    std::fs::remove_file(loose(&repo, "main~1")?)?;
    let pack = repo.whole(&[])?;
    assert_eq!(pack.findings("history-incomplete", "exception")?.len(), 1);
    assert!(pack.json()?["completeness"].to_string().contains(&id), "the object is named");
    for page in pack.pages()? {
        assert!(pack.text(&page)?.contains("INCOMPLETE."), "{page}");
    }
    Ok(())
}

#[test]
fn g16_a_missing_tip_is_an_error_that_names_it() -> TestResult {
    let repo = three_loose()?;
    let id = repo.git(["rev-parse", "main"])?;
    std::fs::remove_file(loose(&repo, "main")?)?;
    let run = repo.report(&["--to", "main"])?;
    assert!([2, 3].contains(&run.exit), "{run:?}");
    run.expect_words(&[&id[..12], "hint"])?;
    assert!(!run.stderr.contains("panicked") && !repo.beside("pack").exists());
    Ok(())
}

#[test]
fn g16_an_object_under_another_objects_name_is_not_believed() -> TestResult {
    let repo = three_loose()?;
    let (forged, target) = (loose(&repo, "main~2")?, loose(&repo, "main~1")?);
    std::fs::remove_file(&target)?;
    std::fs::copy(forged, &target)?;
    let run = repo.report(&["--to", "main"])?;
    assert!(!run.stderr.contains("panicked"), "{run:?}");
    if run.exit == 0 {
        let pack = repo.pack("pack")?;
        assert_eq!(pack.findings("history-incomplete", "exception")?.len(), 1, "an object with a wrong hash passed as whole");
    }
    Ok(())
}

#[test]
fn g16_corrupt_packs_never_panic() -> TestResult {
    // Flips one byte at a time, all over the pack and its index.
    let repo = three().into_repo()?;
    repo.git(["repack", "-q", "-a", "-d", "-f"])?;
    let mut files = Vec::new();
    for entry in std::fs::read_dir(repo.path().join(".git/objects/pack"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "pack" || extension == "idx") {
            files.push(path);
        }
    }
    assert_eq!(files.len(), 2);
    let mut number = 0;
    for file in files {
        let whole = std::fs::read(&file)?;
        for at in (0..whole.len()).step_by(whole.len() / 24 + 1) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            std::fs::remove_file(&file)?;
            std::fs::write(&file, &bytes)?;
            number += 1;
            let name = format!("pack-{number}");
            let run = repo.report_to(&name, &["--to", "main"])?;
            assert!([0, 2, 3].contains(&run.exit) && !run.stderr.contains("panicked"), "{}, byte {at}: {run:?}", file.display());
            assert_eq!(repo.beside(&name).exists(), run.exit == 0, "half a pack");
        }
        for length in [0, 4, 12, whole.len() / 2, whole.len() - 1] {
            std::fs::remove_file(&file)?;
            std::fs::write(&file, &whole[..length])?;
            number += 1;
            let run = repo.report_to(&format!("pack-{number}"), &["--to", "main"])?;
            assert!(
                [0, 2, 3].contains(&run.exit) && !run.stderr.contains("panicked"),
                "{}, {length} bytes: {run:?}",
                file.display()
            );
        }
        std::fs::remove_file(&file)?;
        std::fs::write(&file, &whole)?;
    }
    Ok(())
}

#[test]
fn g16_a_partial_clone_says_so_and_fetches_nothing() -> TestResult {
    let repo = three().into_repo()?;
    repo.git(["config", "uploadpack.allowFilter", "true"])?;
    let url = format!("file://{}", repo.path().display());
    repo.git(["clone", "-q", "--no-checkout", "--filter=blob:none", &url, "../partial"])?;
    let pack = audit(&repo, &repo.beside("partial"), "pack")?;
    assert_eq!(pack.findings("history-incomplete", "exception")?.len(), 1);
    assert_eq!(pack.table("files.csv")?.len(), 3);
    let missing = git_at(&repo.beside("partial"), ["rev-list", "--objects", "--missing=print", "main"])?;
    assert_eq!(missing.lines().filter(|line| line.starts_with('?')).count(), 3, "nothing was fetched");
    Ok(())
}
