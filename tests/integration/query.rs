//! Every question on the story `security-layer`, with git as the referee, and in every format.

use std::collections::BTreeSet;

use serde_json::Value;

use super::support::{Fallible, Row, Run, TestRepo, TestResult, countersign, samples};

/// The story with the auditors' settings.
struct Asked {
    repo: TestRepo,
    settings: String,
}

impl Asked {
    fn story(name: &str) -> Fallible<Self> {
        let settings = samples().join("stories").join(name).join("countersign.toml").display().to_string();
        Ok(Self { repo: TestRepo::story(name)?, settings })
    }

    fn run(&self, question: &[&str]) -> Fallible<Run> {
        let path = self.repo.path().display().to_string();
        countersign(&self.repo.path(), [&["query"], question, &["--repo", &path, "--settings", &self.settings]].concat())
    }

    /// The whole answer as JSON.
    fn json(&self, question: &[&str]) -> Fallible<Value> {
        let run = self.run(&[question, &["--format", "json"]].concat())?;
        run.expect_exit(0)?;
        Ok(serde_json::from_str(&run.stdout)?)
    }

    /// The rows of the answer.
    fn rows(&self, question: &[&str]) -> Fallible<Vec<Value>> {
        let answer = self.json(question)?;
        let rows = answer["rows"].as_array().ok_or("no rows")?.clone();
        assert_eq!(answer["matched"], rows.len());
        Ok(rows)
    }

    /// One column of the answer, each value once.
    fn column(&self, question: &[&str], column: &str) -> Fallible<BTreeSet<String>> {
        Ok(self.rows(question)?.iter().map(|row| text(&row[column])).collect())
    }

    /// The changes of the first-parent chain that touched a path, newest first.
    fn touching(&self, path: &str) -> Fallible<Vec<String>> {
        let log = ["log", "--first-parent", "--format=%H", "main", "--", path];
        Ok(self.repo.git(log)?.lines().map(str::to_owned).collect())
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

#[test]
fn every_policy_is_listed_with_a_last_change_that_git_has_too() -> TestResult {
    let story = Asked::story("security-layer")?;
    let rows = story.rows(&["policies"])?;
    let count = |kind: &str| rows.iter().filter(|row| text(&row["kind"]).ends_with(kind)).count();
    let there = story.repo.git(["grep", "-hE", "^kind: NetworkPolicy", "main", "--", "*.yaml"])?;
    assert_eq!(count("/NetworkPolicy"), there.lines().count());
    let labelled = story.repo.git(["grep", "-lE", "pod-security.kubernetes.io/", "main", "--", "namespaces/"])?;
    assert_eq!(count("Namespace"), labelled.lines().count());
    for row in &rows {
        let touching = story.touching(&text(&row["path"]))?;
        assert!(touching.contains(&text(&row["last_changed_change"])), "{row}");
        assert!(!text(&row["last_changed_at"]).is_empty() && !text(&row["last_author"]).is_empty(), "{row}");
        // A file that came by a move has a shorter history than the object in it.
        if touching.contains(&text(&row["first_seen_change"])) {
            assert_eq!(touching.last(), Some(&text(&row["first_seen_change"])), "{row}");
        }
    }
    Ok(())
}

#[test]
fn policies_are_those_of_the_moment_asked_for() -> TestResult {
    let story = Asked::story("security-layer")?;
    let names = |at: &str| -> Fallible<BTreeSet<String>> {
        let rows = story.rows(&["policies", "--at", at])?;
        Ok(rows.iter().map(|row| format!("{} {}", row["object"], row["path"])).collect())
    };
    let period_start = "231559db30706486242e71fc252100e5a7ccf778";
    let by_day = names("2026-03-31")?;
    assert_eq!(by_day, names(period_start)?);
    assert_eq!(by_day, names("2026-Q1")?);
    assert_ne!(by_day, names("main")?);

    let quarter = story.rows(&["policies", "--period", "2026-Q2"])?;
    let state = |word: &str| quarter.iter().filter(|row| row["state"] == word).count();
    let edits: Vec<String> =
        story.rows(&["changes", "--period", "2026-Q2"])?.iter().flat_map(|row| list(&row["policy_edits"])).collect();
    let count = |word: &str| edits.iter().filter(|edit| edit.starts_with(word)).count();
    assert_eq!(by_day.len() + count("added") - count("removed"), state("present"), "{edits:?}");
    assert_eq!(state("present"), names("main")?.len());
    Ok(())
}

#[test]
fn policies_are_narrowed_down_and_nothing_found_is_an_answer() -> TestResult {
    let story = Asked::story("security-layer")?;
    assert_eq!(story.column(&["policies", "--family", "network"], "family")?, BTreeSet::from(["network".to_owned()]));
    let trading = story.column(&["policies", "--namespace", "trading"], "object")?;
    assert!(!trading.is_empty() && trading.iter().all(|object| object.contains("trading")), "{trading:?}");
    assert!(trading.contains("Namespace trading"), "a namespace is in itself: {trading:?}");
    let staging_only = story.rows(&["policies", "--environment", "staging", "--not-in", "production"])?;
    assert!(staging_only.iter().all(|row| row["environment"] == "staging"));
    let all: usize = story.rows(&["policies"])?.len();
    let old = story.rows(&["policies", "--unchanged-since", "2026-04-01"])?;
    assert!(!old.is_empty() && old.len() < all);
    assert!(old.iter().all(|row| text(&row["last_changed_at"]).as_str() < "2026-03-31T22:00:00Z"));

    let nothing = story.run(&["policies", "--kind", "NetworkPolcy"])?;
    nothing.expect_exit(0)?;
    assert!(nothing.stdout.contains("none of them is an answer") && nothing.stdout.contains("did you mean `NetworkPolicy`?"));
    Ok(())
}

#[test]
fn the_history_of_an_object_has_its_diffs_and_what_was_in_force() -> TestResult {
    let story = Asked::story("security-layer")?;
    let rows = story.rows(&["history", "scada-gateway/allow-control-centre"])?;
    let path = "networkpolicies/base/scada-gateway/allow-control-centre.yaml";
    let changes: Vec<String> = rows.iter().map(|row| text(&row["change_id"])).collect();
    let touching = story.touching(path)?;
    assert!(changes.len() > 2 && changes.iter().all(|change| touching.contains(change)), "{changes:?} {touching:?}");
    assert_eq!(text(&rows[0]["edit"]), "added");
    assert!(rows.iter().skip(1).all(|row| list(&row["fields"]).iter().any(|field| field.contains(" → "))));
    for pair in rows.windows(2) {
        assert_eq!(pair[0]["in_force_until"], pair[1]["in_force_from"]);
    }
    assert_eq!(rows.last().ok_or("no row")?["in_force_until"], "");

    let ranged = story.rows(&["history", "scada-gateway/allow-control-centre", "--from", "2026-04-01", "--to", "2026-06-30"])?;
    let before: Vec<&Value> = ranged.iter().filter(|row| row["within"] == "before").collect();
    assert!(before.len() <= 1 && ranged.len() <= rows.len());
    assert!(ranged.iter().all(|row| rows.iter().any(|all| all["change_id"] == row["change_id"])));
    Ok(())
}

#[test]
fn changes_meet_every_condition() -> TestResult {
    let story = Asked::story("security-layer")?;
    let quarter = |more: &[&str]| story.column(&[&["changes", "--period", "2026-Q2"], more].concat(), "title");
    let pushed = quarter(&["--check", "direct-push"])?;
    assert!(pushed.contains("Fix the port of the billing API"), "{pushed:?}");
    assert!(pushed.contains("Open the SCADA gateway to the standby control centre"), "{pushed:?}");
    assert_eq!(pushed, quarter(&["--check", "direct-push", "--outcome", "exception"])?);
    assert_eq!(story.rows(&["changes", "--period", "2026-Q2"])?.len(), 48);
    assert_eq!(story.rows(&["changes"])?.len(), 71);
    let both = story.rows(&["changes", "--environment", "production", "--environment", "staging"])?;
    assert!(both.iter().all(|row| list(&row["environments"]).len() >= 2));
    let weaker = story.rows(&["changes", "--family", "network", "--direction", "weakened"])?;
    assert!(!weaker.is_empty() && weaker.iter().all(|row| !list(&row["policy_edits"]).is_empty()));
    let by_path = story.rows(&["changes", "--path", "gatekeeper/**"])?;
    let touching: BTreeSet<String> = story.touching("gatekeeper")?.into_iter().collect();
    assert!(touching.is_subset(&by_path.iter().map(|row| text(&row["change_id"])).collect()));
    assert_eq!(story.rows(&["changes", "--text", "no such text anywhere"])?.len(), 0);
    assert!(!story.rows(&["changes", "--only", "bot", "--only", "policy"])?.is_empty());
    Ok(())
}

#[test]
fn a_ticket_a_person_and_a_commit_are_told_whole() -> TestResult {
    let story = Asked::story("security-layer")?;
    let ticket = story.rows(&["ticket", "sec-30"])?;
    let grep = story.repo.git([
        "log",
        "--format=%H",
        "--first-parent",
        "--extended-regexp",
        "--grep",
        "SEC-30([^0-9]|$)",
        "-i",
        "main",
    ])?;
    let found: BTreeSet<String> = ticket.iter().map(|row| text(&row["change_id"])).collect();
    assert!(!found.is_empty() && grep.lines().all(|change| found.contains(change)), "{found:?} {grep}");
    let tickets = story.rows(&["tickets", "--more-than", "2"])?;
    assert!(!tickets.is_empty() && tickets.iter().all(|row| row["changes"].as_u64() > Some(2)));

    let address = "jonas.brandt@nordlicht.example";
    let rows = story.rows(&["person", address])?;
    let author = story.repo.git(["log", "--format=%H", "--first-parent", "--author", address, "main"])?;
    let wrote: Vec<&Value> = rows.iter().filter(|row| list(&row["roles"]).iter().any(|role| role == "author")).collect();
    assert!(wrote.len() >= author.lines().count() && wrote.len() < rows.len(), "the register adds a second address");
    assert!(
        rows.iter().any(|row| list(&row["roles"]).iter().any(|role| role.starts_with("reviewer: approved (asserted), counts")))
    );

    let commit = story.rows(&["commit", "487e35053a42"])?;
    let facts: BTreeSet<String> = commit.iter().map(|row| text(&row["fact"])).collect();
    assert!(["title", "author", "tickets", "files", "status"].iter().all(|fact| facts.contains(*fact)), "{facts:?}");
    let id = text(&commit[0]["change_id"]);
    assert!(id.starts_with("487e35053a42") && id.len() == 40);
    let side = story.repo.git(["rev-list", "--no-merges", "-1", "main^2"]);
    if let Ok(side) = side {
        assert!(story.json(&["commit", &side])?["notes"].to_string().contains("is a side commit of"));
    }
    Ok(())
}

#[test]
fn each_answer_stands_by_itself_in_every_format() -> TestResult {
    let story = Asked::story("security-layer")?;
    let tip = story.repo.git(["rev-parse", "main"])?;
    let questions: [&[&str]; 7] = [
        &["policies"],
        &["history", "metering/default-deny"],
        &["changes"],
        &["ticket", "SEC-30"],
        &["tickets"],
        &["person", "jonas.brandt@nordlicht.example"],
        &["commit", "487e35053a42"],
    ];
    for question in questions {
        let expected = story.rows(question)?;
        for format in ["table", "csv", "json", "markdown", "html"] {
            let run = story.run(&[question, &["--format", format]].concat())?;
            run.expect_exit(0)?;
            let whole = ["whole: no object was missing", &tip, "the answer has"].iter().all(|word| run.stdout.contains(word));
            assert!(whole || format == "json" && run.stdout.contains("looked_at"), "{question:?} {format}: {}", run.stdout);
        }
        let csv = story.run(&[question, &["--format", "csv"]].concat())?;
        let read: Result<Vec<Row>, _> = csv::Reader::from_reader(csv.stdout.as_bytes()).deserialize().collect();
        let read = read?;
        let rows: Vec<&Row> = read.iter().filter(|row| row["record"] == "row").collect();
        assert_eq!(rows.len(), expected.len(), "{question:?}");
        for (row, json) in rows.iter().zip(&expected) {
            for (key, value) in json.as_object().ok_or("no object")? {
                let cell = row[key].strip_prefix('\'').unwrap_or(&row[key]);
                assert_eq!(cell, if value.is_array() { list(value).join("; ") } else { text(value) }, "{key}");
            }
        }
    }
    Ok(())
}

#[test]
fn what_names_nothing_gets_a_hint() -> TestResult {
    let story = Asked::story("security-layer")?;
    let cases: [(&[&str], &[&str]); 14] = [
        (&["policies", "--family", "netwrok"], &["no family", "did you mean `network`?", "kyverno"]),
        (&["policies", "--at", "2026-03-31", "--period", "2026-Q1"], &["cannot be used with a range"]),
        (&["policies", "--unchanged-since", "yesterday"], &["not a date", "2026-03-31"]),
        (&["policies", "--not-in", "produktion"], &["production"]),
        (&["history", "default-deny"], &["names", "objects", "name one of", "trading/default-deny"]),
        (&["history", "allow-exchnge"], &["no policy object", "did you mean `allow-exchange`?"]),
        (&["changes", "--layer", "secrity"], &["did you mean `security`?"]),
        (&["changes", "--check", "self-aproved"], &["did you mean `self-approved`?"]),
        (&["changes", "--direction", "weaker"], &["no direction", "strengthened"]),
        (&["changes", "--outcome", "bad"], &["not applicable"]),
        (&["changes", "--path", "a{"], &["not a path pattern"]),
        (&["person", "jonas.brandt@nordlicht.exmple"], &["nobody", "did you mean `jonas.brandt@nordlicht.example`?"]),
        (&["commit", "ffffffff"], &["no commit of the range"]),
        (&["commit", "12"], &["not a commit id"]),
    ];
    for (question, words) in cases {
        let run = story.run(question)?;
        run.expect_exit(2)?;
        run.expect_words(words)?;
    }
    story.run(&["changes", "--period", "1999"])?.expect_exit(3)?;
    story.run(&["policies", "--at", "1999-01-01"])?.expect_exit(3)
}
