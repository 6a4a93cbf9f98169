//! One small history for each check with every outcome it can give.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::support::{Fallible, Pack, TestRepo, TestResult, countersign, is_installed, samples};

/// The names of the fixtures.
fn fixtures() -> Fallible<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(samples().join("checks"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "fi") {
            names.insert(path.file_stem().ok_or("no name")?.to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

#[test]
fn every_check_of_the_catalogue_has_a_fixture_and_nothing_else_has() -> TestResult {
    let run = countersign(&samples(), ["checks", "list"])?;
    run.expect_exit(0)?;
    let id = |line: &str| line.split_whitespace().next().map(str::to_owned);
    let is_id = |word: &String| word.contains('-') && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let listed: BTreeSet<String> = run.stdout.lines().filter_map(id).filter(is_id).collect();
    assert_eq!(listed, fixtures()?);
    for check in &listed {
        let card = countersign(&samples(), ["checks", "explain", check])?;
        card.expect_exit(0)?;
        assert!(card.stdout.contains(check.as_str()), "{}", card.stdout);
    }
    Ok(())
}

#[test]
#[expect(clippy::print_stdout, reason = "whoever reads the tests' output learns what could not run")]
fn every_check_finds_what_its_fixture_holds_and_no_more() -> TestResult {
    let mut wrong = Vec::new();
    for check in fixtures()? {
        if keys(&check).is_some() && !is_installed("ssh-keygen") {
            println!("left out, since ssh-keygen is not installed: the fixture of {check}");
            continue;
        }
        let (expected, found) = (expected(&check)?, found(&check)?);
        if expected != found {
            wrong.push(format!("{check}\n  expected {expected:#?}\n  found {found:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn expected(check: &str) -> Fallible<Vec<(String, String)>> {
    let text = std::fs::read_to_string(samples().join("checks").join(format!("{check}.expected")))?;
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let pair = |line: &str| line.split_once('\t').map(|(outcome, subject)| (outcome.to_owned(), subject.to_owned()));
    let mut pairs: Vec<_> = lines.map(|line| pair(line).ok_or(format!("no tab in {line:?}"))).collect::<Result<_, _>>()?;
    pairs.sort();
    Ok(pairs)
}

/// The folder of keys that a check's signed commits are checked against.
fn keys(check: &str) -> Option<PathBuf> {
    Some(samples().join("checks").join(format!("{check}.keys"))).filter(|folder| folder.is_dir())
}

/// Puts commits on top of the branch that a stream cannot hold, each as the bytes of its object.
fn add_raw_commits(repo: &TestRepo, folder: &Path) -> TestResult {
    if !folder.is_dir() {
        return Ok(());
    }
    let files: BTreeSet<PathBuf> = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Fallible<_>>()?;
    let mut tip = String::new();
    for file in files {
        tip = repo.raw_commit(&std::fs::read(file)?)?;
    }
    repo.git(["update-ref", "refs/heads/main", &tip]).map(drop)
}

fn found(check: &str) -> Fallible<Vec<(String, String)>> {
    let folder = samples().join("checks");
    let repo = TestRepo::import(&std::fs::read(folder.join(format!("{check}.fi")))?)?;
    add_raw_commits(&repo, &folder.join(format!("{check}.commits")))?;
    let settings = folder.join(format!("{check}.toml"));
    let text = if settings.is_file() { std::fs::read_to_string(settings)? } else { String::new() };
    let settings = repo.settings(&text)?;
    let starts_later = repo.git(["rev-parse", "--verify", "--quiet", "refs/tags/start"]).is_ok();
    let range: &[&str] = if starts_later { &["--from", "refs/tags/start"] } else { &[] };
    let evidence = folder.join(format!("{check}.evidence")).display().to_string();
    let given: &[&str] = if Path::new(&evidence).is_dir() { &["--evidence", &evidence] } else { &[] };
    let file = |name: &str| keys(check).map(|folder| folder.join(name).display().to_string());
    let (signers, revoked) = (file("allowed_signers"), file("revoked_keys"));
    let keys: Vec<&str> =
        signers.iter().zip(&revoked).flat_map(|(signers, revoked)| ["--signers", signers, "--revoked-keys", revoked]).collect();
    let pack = repo.whole(&[range, given, &keys, &["--settings", &settings]].concat())?;
    let commits = commits_of_findings(&pack)?;
    let (mut pairs, mut waivers) = (Vec::new(), 0);
    for row in pack.table("findings.csv")?.into_iter().filter(|row| row["check"] == check) {
        let subject = match commits.get(&row["finding_id"]) {
            Some(commit) => repo.git(["show", "-s", "--format=%s", commit])?,
            None if row["change_id"] == "period" => "period".to_owned(),
            None => {
                waivers += 1;
                format!("waiver {waivers}")
            }
        };
        pairs.push((row["outcome"].clone(), subject));
    }
    pairs.sort();
    Ok(pairs)
}

/// The commit each finding about a change or a side commit is about; `findings.csv` names the change only.
fn commits_of_findings(pack: &Pack) -> Fallible<BTreeMap<String, String>> {
    let json = pack.json()?;
    let changes = json["changes"].as_array().ok_or("no changes")?;
    let findings = changes.iter().filter_map(|change| change["findings"].as_array()).flatten();
    let pair =
        |finding: &serde_json::Value| Some((finding["finding_id"].as_str()?.to_owned(), finding["subject"].as_str()?.to_owned()));
    Ok(findings.filter_map(pair).collect())
}
