//! The same story audited elsewhere gives the same bytes, and no file tells where that was.

use std::collections::BTreeMap;
use std::path::Path;

use super::support::{Fallible, Pack, Run, TestRepo, TestResult, binary, samples};

/// Audits a story with an environment of its own.
fn audit(repo: &TestRepo, working_folder: &Path, environment: &[(&str, &str)]) -> Fallible<BTreeMap<String, Vec<u8>>> {
    let out = repo.beside("pack");
    let settings = samples().join("stories/security-layer/countersign.toml");
    let output = binary()
        .envs(environment.iter().copied())
        .current_dir(working_folder)
        .args(["report", "--branch", "main", "--period", "2026-Q2", "--repo"])
        .args([&repo.path(), Path::new("--settings"), &settings, Path::new("--out"), &out])
        .output()?;
    Run::of(&output).expect_exit(0)?;
    Pack::at(out)?.files()
}

const HERE: [(&str, &str); 5] =
    [("TZ", "UTC"), ("LC_ALL", "C"), ("HOME", "/nonexistent/here"), ("USER", "somebody-here"), ("COLUMNS", "80")];
const THERE: [(&str, &str); 6] = [
    ("TZ", "Asia/Kathmandu"),
    ("LC_ALL", "de_DE.UTF-8"),
    ("HOME", "/nonexistent/there"),
    ("USER", "somebody-there"),
    ("HOSTNAME", "some-machine"),
    ("RAYON_NUM_THREADS", "1"),
];

#[test]
fn two_runs_in_two_places_differ_in_run_json_only() -> TestResult {
    let (one, other) = (TestRepo::story("security-layer")?, TestRepo::story("security-layer")?);
    // The other clone keeps its objects in another way.
    other.git(["repack", "-q", "-a", "-d", "--depth=1", "--window=1"])?;
    let elsewhere = tempfile::tempdir()?;
    let first = audit(&one, elsewhere.path(), &HERE)?;
    let second = audit(&other, &other.path(), &THERE)?;
    assert_eq!(first.keys().collect::<Vec<_>>(), second.keys().collect::<Vec<_>>());
    for (name, bytes) in first.iter().filter(|(name, _)| *name != "run.json") {
        assert!(bytes == &second[name], "{name} differs");
    }
    Ok(())
}

#[test]
fn no_file_names_the_machine_its_user_or_its_paths() -> TestResult {
    let repo = TestRepo::story("security-layer")?;
    let files = audit(&repo, &repo.path(), &THERE)?;
    let place = repo.beside("").display().to_string();
    let words =
        [place.trim_end_matches('/'), "/nonexistent", "somebody-there", "some-machine", "Kathmandu", env!("CARGO_MANIFEST_DIR")];
    let mut host = std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned();
    if host.len() < 6 {
        // A short name such as `main` stands in texts for other reasons.
        host.clear();
    }
    for (name, bytes) in files.iter().filter(|(name, _)| *name != "run.json") {
        let text = String::from_utf8_lossy(bytes);
        let found = words.into_iter().chain(Some(host.as_str())).find(|word| !word.is_empty() && text.contains(word));
        assert_eq!(found, None, "{name}");
    }
    Ok(())
}

#[test]
fn pages_hold_no_time_of_day_of_the_run() -> TestResult {
    let repo = TestRepo::story("platform")?;
    let pack = repo.whole(&[])?;
    let run: serde_json::Value = serde_json::from_str(&pack.text("run.json")?)?;
    let made_at = run["made_at"].as_str().ok_or("run.json does not say when")?;
    for (name, bytes) in pack.files()?.iter().filter(|(name, _)| *name != "run.json") {
        assert!(!String::from_utf8_lossy(bytes).contains(made_at), "{name}");
    }
    Ok(())
}
