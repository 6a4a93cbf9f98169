//! The stories have known answers: counts by plain git, planted exceptions, near misses, waivers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::support::{Fallible, Pack, TestRepo, TestResult, countersign, samples};

pub const STORIES: [&str; 6] = ["security-layer", "flat-monolith", "infrastructure", "platform", "observability", "applications"];

/// `expected.toml` of a story.
#[derive(Deserialize)]
pub struct Expected {
    period: String,
    start: Option<String>,
    end: String,
    population: Counts,
    whole_history: Counts,
    #[serde(default)]
    exceptions: Vec<Named>,
    #[serde(default)]
    earlier: Vec<Named>,
    #[serde(default)]
    clean: Vec<Named>,
    #[serde(default)]
    waivers: Vec<ExpectedWaiver>,
    #[serde(default)]
    weakened: Vec<Weakened>,
}

/// A row of `policy-changes.csv`.
#[derive(Deserialize)]
struct Weakened {
    change: String,
    rule: String,
    object: String,
    before: String,
    after: String,
}

#[derive(Deserialize)]
struct Counts {
    commits: usize,
    changes: usize,
    side_commits: usize,
    file_edits: usize,
}

/// A check and the first line of a change's message.
#[derive(Deserialize)]
struct Named {
    check: String,
    change: String,
}

#[derive(Deserialize)]
struct ExpectedWaiver {
    line: usize,
    expected: String,
}

/// A story with the pack of its period.
pub struct Audited {
    pub repo: TestRepo,
    pub pack: Pack,
    pub expected: Expected,
}

impl Audited {
    /// Audits the period of a story with its settings.
    pub fn story(name: &str) -> Fallible<Self> {
        let expected = expected(name)?;
        let period = expected.period.clone();
        Self::with(name, expected, &["--branch", "main", "--period", &period])
    }

    /// Audits the whole history of a story with its settings.
    pub fn whole(name: &str) -> Fallible<Self> {
        Self::with(name, expected(name)?, &["--to", "main"])
    }

    fn with(name: &str, expected: Expected, range: &[&str]) -> Fallible<Self> {
        let repo = TestRepo::story(name)?;
        let settings = samples().join("stories").join(name).join("countersign.toml").display().to_string();
        repo.report(&[range, &["--settings", &settings]].concat())?.expect_exit(0)?;
        let pack = repo.pack("pack")?;
        Ok(Self { repo, pack, expected })
    }

    /// The revisions of the period as git takes them.
    pub fn revisions(&self) -> String {
        match &self.expected.start {
            Some(start) => format!("{start}..{}", self.expected.end),
            None => self.expected.end.clone(),
        }
    }

    /// The change that holds the one commit with a first line.
    fn change(&self, first_line: &str) -> Fallible<String> {
        let log = self.repo.git(["log", "--format=%H %s", "main"])?;
        let ids: Vec<&str> =
            log.lines().filter_map(|line| line.split_once(' ')).filter(|it| it.1 == first_line).map(|it| it.0).collect();
        let [id] = ids[..] else { return Err(format!("{} commits begin with {first_line:?}", ids.len()).into()) };
        let commits = self.pack.table("commits.csv")?;
        let row = commits.iter().find(|row| row["commit_id"] == id);
        Ok(row.ok_or_else(|| format!("{first_line:?} is not in the population"))?["change_id"].clone())
    }

    /// Whether a check has an exception for a change.
    fn has(&self, named: &Named) -> Fallible<bool> {
        let change = self.change(&named.change)?;
        Ok(self.pack.findings(&named.check, "exception")?.iter().any(|row| row["change_id"] == change))
    }
}

fn expected(name: &str) -> Fallible<Expected> {
    Ok(toml::from_str(&std::fs::read_to_string(samples().join("stories").join(name).join("expected.toml"))?)?)
}

fn expect_counts(audited: &Audited, counts: &Counts, revisions: &str) -> TestResult {
    let Audited { repo, pack, .. } = audited;
    let git = |options: &[&str]| -> Fallible<usize> {
        Ok(repo.git([&["rev-list", "--count"], options, &[revisions]].concat())?.parse()?)
    };
    assert_eq!((git(&[])?, git(&["--first-parent"])?), (counts.commits, counts.changes));
    let commits = pack.table("commits.csv")?;
    assert_eq!(commits.len(), counts.commits);
    assert_eq!(commits.iter().filter(|row| row["on_first_parent"] == "no").count(), counts.side_commits);
    let changes = pack.table("changes.csv")?;
    assert_eq!(changes.len(), counts.changes);
    let files = pack.table("files.csv")?.len();
    assert_eq!(files, counts.file_edits);
    let mut said = 0;
    for row in &changes {
        said += row["files_changed"].parse::<usize>()?;
    }
    assert_eq!(said, files);
    Ok(())
}

#[test]
fn the_population_of_the_period_is_what_plain_git_counts() -> TestResult {
    for name in STORIES {
        let audited = Audited::story(name)?;
        expect_counts(&audited, &audited.expected.population, &audited.revisions())?;
        let json = audited.pack.json()?;
        assert_eq!(json["range"]["start"].as_str(), audited.expected.start.as_deref(), "{name}");
        assert_eq!(json["range"]["end"].as_str(), Some(audited.expected.end.as_str()), "{name}");
    }
    Ok(())
}

#[test]
fn the_population_of_the_whole_history_is_what_plain_git_counts() -> TestResult {
    for name in STORIES {
        let audited = Audited::whole(name)?;
        expect_counts(&audited, &audited.expected.whole_history, "main")?;
        for named in &audited.expected.earlier {
            assert!(audited.has(named)?, "{name}: {} does not find {}", named.check, named.change);
        }
    }
    Ok(())
}

#[test]
fn every_planted_exception_is_found_and_no_near_miss_is() -> TestResult {
    let mut wrong = Vec::new();
    for name in STORIES {
        let audited = Audited::story(name)?;
        for named in &audited.expected.exceptions {
            if !audited.has(named)? {
                wrong.push(format!("{name}: {} does not find {}", named.check, named.change));
            }
        }
        for named in &audited.expected.clean {
            if audited.has(named)? {
                wrong.push(format!("{name}: {} finds {}, a near miss", named.check, named.change));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn what_got_weaker_is_told_with_object_rule_and_values() -> TestResult {
    let mut told = 0;
    for name in STORIES {
        let audited = Audited::story(name)?;
        let rows = audited.pack.table("policy-changes.csv")?;
        for Weakened { change, rule, object, before, after } in &audited.expected.weakened {
            let id = audited.change(change)?;
            let mut of_change = rows.iter().filter(|row| row["change_id"] == id && row["direction"] == "weakened");
            let found = of_change.any(|row| {
                row["direction_rule"] == *rule && row["object"] == *object && row["before"] == *before && row["after"] == *after
            });
            assert!(found, "{name}, {change}: {rule} of {object}");
            told += 1;
        }
        let changes = audited.pack.table("changes.csv")?;
        let objects: usize = changes.iter().filter_map(|row| row["policy_objects_changed"].parse::<usize>().ok()).sum();
        let edits: BTreeSet<_> = rows.iter().map(|row| (&row["change_id"], &row["object"], &row["path"])).collect();
        assert_eq!(objects, edits.len(), "{name}");
    }
    assert!(told > 5, "{told}");
    Ok(())
}

#[test]
fn the_inventory_holds_what_the_story_has_at_its_end() -> TestResult {
    let Audited { repo, pack, .. } = Audited::story("security-layer")?;
    let rows = pack.table("policy-inventory.csv")?;
    assert_eq!(rows.iter().filter(|row| row["state"] == "present").count(), 42);
    assert_eq!(rows.iter().filter(|row| row["state"] == "removed").count(), 2);
    for row in rows.iter().filter(|row| row["state"] == "present") {
        let blob = repo.git(["rev-parse", &format!("main:{}", row["path"])])?;
        assert_eq!(blob, row["blob_id"], "{row:?}");
    }
    let billing = rows.iter().find(|row| row["object"] == "Namespace billing").ok_or("no namespace billing")?;
    assert!(billing["enforcement"].starts_with("enforce=baseline"), "{billing:?}");
    assert_eq!((billing["last_ticket"].as_str(), billing["family"].as_str()), ("SEC-171; SEC-170", "pss"));
    Ok(())
}

#[test]
fn waivers_are_judged_as_of_the_end_of_the_period() -> TestResult {
    for name in STORIES {
        let audited = Audited::story(name)?;
        let waivers = audited.pack.table("waivers.csv")?;
        assert_eq!(waivers.len(), audited.expected.waivers.len(), "{name}");
        let judged: Vec<_> =
            audited.pack.table("findings.csv")?.into_iter().filter(|row| row["check"] == "waiver-invalid").collect();
        assert_eq!(judged.len(), waivers.len(), "{name}");
        for ((waiver, finding), expected) in waivers.iter().zip(&judged).zip(&audited.expected.waivers) {
            assert_eq!(waiver["settings_line"], expected.line.to_string());
            let valid = expected.expected == "valid";
            let outcome = if valid { "no exception" } else { "exception" };
            assert_eq!(finding["outcome"], outcome, "{name}, line {}: {}", expected.line, finding["because"]);
            assert_eq!(waiver["findings_beside"] != "0", valid, "{name}, line {}", expected.line);
        }
        // A waiver stands beside an exception; the exception stays.
        let waived = audited.pack.table("findings.csv")?.into_iter().filter(|row| !row["waiver"].is_empty());
        assert!(waived.into_iter().all(|row| row["outcome"] == "exception"), "{name}");
    }
    Ok(())
}

#[test]
fn every_tie_out_holds_and_no_page_says_incomplete() -> TestResult {
    for name in STORIES {
        let Audited { pack, .. } = Audited::story(name)?;
        pack.expect_tie_outs()?;
        for page in pack.pages()? {
            assert!(!pack.text(&page)?.contains("INCOMPLETE."), "{name}: {page}");
        }
        assert_eq!(pack.findings("history-incomplete", "exception")?.len(), 0, "{name}");
    }
    Ok(())
}

#[test]
fn the_manifest_has_the_hash_of_every_file() -> TestResult {
    let Audited { pack, .. } = Audited::story("security-layer")?;
    let mut files = pack.files()?;
    for line in pack.text("manifest-sha256.txt")?.lines() {
        let (hash, path) = line.split_once("  ").ok_or("no two blanks")?;
        let bytes = files.remove(path).ok_or_else(|| format!("{path} is not in the pack, or listed twice"))?;
        assert_eq!(hash, sha256(&bytes), "{path}");
    }
    let unlisted: Vec<_> = files.keys().map(String::as_str).collect();
    assert!(unlisted.iter().all(|file| ["manifest-sha256.txt", "run.json"].contains(file)), "{unlisted:?}");
    Ok(())
}

#[test]
fn the_population_hash_can_be_computed_from_the_table() -> TestResult {
    let Audited { pack, .. } = Audited::story("security-layer")?;
    let mut ids = pack.column("changes.csv", "change_id")?;
    ids.sort();
    let lines = ids.join("\n") + "\n";
    let hash = sha256(lines.as_bytes());
    assert_eq!(pack.json()?["population_hash"].as_str(), Some(hash.as_str()));
    assert!(pack.text("index.html")?.contains(&hash));
    Ok(())
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[test]
fn every_exception_is_on_the_pages_of_exceptions_exactly_once() -> TestResult {
    for name in STORIES {
        let Audited { pack, .. } = Audited::story(name)?;
        let mut listed: BTreeMap<String, usize> = BTreeMap::new();
        for page in pack.pages()?.iter().filter(|page| page.starts_with("exceptions-")) {
            for part in pack.text(page)?.split("<td class=\"id\">").skip(1) {
                let id = part.split("</td>").next().unwrap_or_default();
                *listed.entry(id.to_owned()).or_default() += 1;
            }
        }
        for row in pack.table("findings.csv")? {
            let expected = usize::from(matches!(row["outcome"].as_str(), "exception" | "not assessable"));
            assert_eq!(listed.get(&row["finding_id"]).copied().unwrap_or_default(), expected, "{name}: {row:?}");
        }
    }
    Ok(())
}

#[test]
fn every_link_inside_the_pages_leads_somewhere() -> TestResult {
    let Audited { pack, .. } = Audited::story("security-layer")?;
    let mut pages = BTreeMap::new();
    for page in pack.pages()? {
        let text = pack.text(&page)?;
        pages.insert(page, text);
    }
    for (page, text) in &pages {
        for part in text.split("href=\"").skip(1) {
            let address = part.split('"').next().unwrap_or_default();
            let (file, anchor) = address.split_once('#').unwrap_or((address, ""));
            if file.is_empty() || pages.contains_key(file) {
                let target = pages.get(file).unwrap_or(text);
                assert!(anchor.is_empty() || target.contains(&format!("id=\"{anchor}\"")), "{page}: {address}");
            } else {
                assert!(pack.folder.join(file).is_file(), "{page}: {address}");
            }
        }
    }
    Ok(())
}

#[test]
fn plain_git_gives_the_numbers_that_the_pack_says_it_gives() -> TestResult {
    for name in STORIES {
        let Audited { repo, pack, .. } = Audited::story(name)?;
        let text = pack.text("REPERFORM.txt")?;
        let mut steps = 0;
        for step in text.split("\n\n    ").skip(1) {
            let Some((command, rest)) = step.split_once("\n\n   expected: ") else { continue };
            let expected = rest.split("\n\n").next().unwrap_or_default();
            let script = format!("export GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null LC_ALL=C\n{command}");
            let output = super::support::hermetic("sh").args(["-c", &script]).current_dir(repo.path()).output()?;
            let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
            assert_eq!(printed, expected.trim(), "{name}: {command}");
            steps += 1;
        }
        assert!(steps >= 4, "{name}: {steps} steps in\n{text}");
    }
    Ok(())
}

#[test]
fn the_built_in_sample_is_the_story() -> TestResult {
    let folder = tempfile::tempdir()?;
    for (arguments, name, out) in
        [(&["--sample"][..], "security-layer", "a"), (&["--sample", "applications"], "applications", "b")]
    {
        let run = countersign(folder.path(), [&["report"], arguments, &["--out", out]].concat())?;
        run.expect_exit(0)?;
        assert!(run.stdout.contains(out), "the summary says where the pack is: {}", run.stdout);
        let (sample, story) = (Pack::at(folder.path().join(out))?, Audited::story(name)?);
        for table in ["changes.csv", "commits.csv", "files.csv", "findings.csv"] {
            assert_eq!(sample.table(table)?, story.pack.table(table)?, "{name}: {table}");
        }
    }
    Ok(())
}
