//! How a proposal lands, by how it was approved: what counts as an approval of what landed, with what a forge exports.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::support::{DAY, Fallible, Pack, START, TestRepo, TestResult};

const METHODS: [&str; 4] = ["merge", "squash", "rebase", "queue"];

/// What happened to the approval, and how many count in the end.
const SITUATIONS: [(&str, &str); 11] = [
    ("approved as it landed", "1"),
    ("reworded after the approval", "1"),
    ("approved before the last push", "0"),
    ("amended after the approval", "0"),
    ("approved by the author's second account", "0"),
    ("approved by a co-author", "0"),
    ("approved by a bot", "0"),
    ("approval dismissed", "0"),
    ("approved after it landed", "0"),
    ("claimed in the message only", "0"),
    ("not approved", "0"),
];

const REGISTER: &str = r#"
[[people]]
name = "Alice Example"
aliases = ["alice@example.com", "alice", "alice-private"]
[[people]]
name = "Bob Example"
aliases = ["bob@example.com", "bob"]
"#;

/// A history being written, with the branch's tip and the one before its last landing.
struct Forge {
    stream: String,
    marks: usize,
    tip: usize,
    before: usize,
}

/// One proposal: its commits and what its landing became, as marks.
struct Landing {
    method: &'static str,
    situation: &'static str,
    first: usize,
    head: usize,
    former: usize,
    landed: Vec<usize>,
    opened: i64,
}

impl Forge {
    fn commit(&mut self, branch: &str, parents: &[usize], at: i64, message: &str, file: (&str, &str)) -> usize {
        self.marks += 1;
        let (mark, person) = (self.marks, "Alice Example <alice@example.com>");
        let _ = write!(
            self.stream,
            "commit refs/heads/{branch}\nmark :{mark}\nauthor {person} {at} +0000\ncommitter {person} {at} +0000\ndata {}\n{message}\n",
            message.len()
        );
        for (number, parent) in parents.iter().enumerate() {
            let _ = writeln!(self.stream, "{} :{parent}", if number == 0 { "from" } else { "merge" });
        }
        let _ = writeln!(self.stream, "M 100644 inline {}\ndata {}\n{}", file.0, file.1.len(), file.1);
        mark
    }

    /// Proposes two commits from where the branch stood before its last landing, and lets them land.
    fn land(&mut self, number: usize, method: &'static str, (situation, _): (&'static str, &str)) -> Landing {
        let opened = START + DAY + i64::try_from(number).unwrap_or_default() * 7200;
        let (branch, path) = (format!("p{number}"), format!("policies/p{number}.yaml"));
        let said = match situation {
            "approved by a co-author" => "\n\nCo-authored-by: Bob Example <bob@example.com>",
            "claimed in the message only" => "\n\nReviewed-by: Bob Example <bob@example.com>",
            _ => "",
        };
        let base = self.before;
        let first = self.commit(&branch, &[base], opened, "SEC-1 first step", (&path, "a: 1\n"));
        let (old_text, old_content) = match situation {
            "reworded after the approval" => ("SEC-1 second stpe", "a: 1\nb: 2\n"),
            "amended after the approval" => ("SEC-1 second step", "a: 1\nb: 3\n"),
            _ => ("SEC-1 another second step", "a: 1\nb: 4\n"),
        };
        let former = self.commit(&format!("old{number}"), &[first], opened + 60, old_text, (&path, old_content));
        let last = format!("SEC-1 second step{said}");
        let head = self.commit(&branch, &[first], opened + 120, &last, (&path, "a: 1\nb: 2\n"));
        let (tip, at) = (self.tip, opened + 3600);
        let landed = match method {
            "merge" => vec![self.commit("main", &[tip, head], at, &format!("Land {number}{said}"), (&path, "a: 1\nb: 2\n"))],
            "rebase" => {
                let one = self.commit("main", &[tip], at, "SEC-1 first step", (&path, "a: 1\n"));
                vec![one, self.commit("main", &[one], at, &last, (&path, "a: 1\nb: 2\n"))]
            }
            _ => vec![self.commit("main", &[tip], at, &format!("SEC-1 land {number}{said}"), (&path, "a: 1\nb: 2\n"))],
        };
        (self.before, self.tip) = (tip, landed.last().copied().unwrap_or(tip));
        Landing { method, situation, first, head, former, landed, opened }
    }
}

fn all() -> (String, Vec<Landing>) {
    let mut forge = Forge { stream: String::new(), marks: 0, tip: 0, before: 0 };
    let root = forge.commit("main", &[], START, "SEC-1 start", ("README", "policies\n"));
    (forge.tip, forge.before) = (root, root);
    let mut landings = Vec::new();
    for method in METHODS {
        for situation in SITUATIONS {
            landings.push(forge.land(landings.len() + 1, method, situation));
        }
    }
    (forge.stream, landings)
}

/// The ids of the marks, as git numbers them.
fn imported(stream: &str) -> Fallible<(TestRepo, BTreeMap<usize, String>)> {
    let repo = TestRepo::empty_with(&["--object-format=sha1"])?;
    let marks = repo.beside("marks");
    repo.feed_with(&[&format!("--export-marks={}", marks.display())], stream.as_bytes())?;
    let text = std::fs::read_to_string(marks)?;
    let pair =
        |line: &str| Some((line.split_once(' ')?.0.trim_start_matches(':').parse().ok()?, line.split_once(' ')?.1.to_owned()));
    Ok((repo, text.lines().filter_map(pair).collect()))
}

fn time(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).map_or_else(String::new, |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// As `gh pr list --json` writes it.
fn github(landings: &[Landing], ids: &BTreeMap<usize, String>) -> Value {
    let proposals = landings.iter().enumerate().map(|(number, landing)| {
        let (login, state, commit, at) = match landing.situation {
            "approved as it landed" => ("bob", "APPROVED", landing.head, 600),
            "approved before the last push" => ("bob", "APPROVED", landing.first, 30),
            "amended after the approval" | "reworded after the approval" => ("bob", "APPROVED", landing.former, 90),
            "approved by the author's second account" => ("alice-private", "APPROVED", landing.head, 600),
            "approved by a co-author" => ("bob", "APPROVED", landing.head, 600),
            "approved by a bot" => ("review-bot[bot]", "APPROVED", landing.head, 600),
            "approval dismissed" => ("bob", "DISMISSED", landing.head, 600),
            "approved after it landed" => ("bob", "APPROVED", landing.head, 5000),
            _ => ("", "", 0, 0),
        };
        let review = json!({
            "author": {"login": login}, "authorAssociation": "MEMBER", "body": "", "id": format!("PRR_{number}"),
            "includesCreatedEdit": false, "reactionGroups": [], "state": state, "submittedAt": time(landing.opened + at),
            "commit": {"oid": ids.get(&commit)},
        });
        let commit = |mark: usize| json!({
            "oid": ids[&mark], "messageHeadline": "step", "messageBody": "", "authoredDate": time(landing.opened),
            "committedDate": time(landing.opened), "authors": [{"login": "alice", "name": "Alice Example", "email": "alice@example.com", "id": ""}],
        });
        json!({
            "number": number + 1, "title": format!("Land {}", number + 1), "body": "", "state": "MERGED",
            "author": {"login": "alice", "is_bot": false, "name": "Alice Example", "id": ""},
            "baseRefName": "main", "headRefName": format!("p{}", number + 1), "headRefOid": ids[&landing.head],
            "mergeCommit": {"oid": ids[&landing.landed[landing.landed.len() - 1]]},
            "createdAt": time(landing.opened), "mergedAt": time(landing.opened + 3600), "mergedBy": {"login": "carol", "is_bot": false, "name": "", "id": ""},
            "url": format!("https://github.com/acme/policies/pull/{}", number + 1),
            "reviews": if login.is_empty() { json!([]) } else { json!([review]) },
            "commits": [commit(landing.first), commit(landing.head)],
        })
    });
    Value::Array(proposals.collect())
}

fn audited(landings: &[Landing], repo: &TestRepo, export: &Value) -> Fallible<Pack> {
    let folder = repo.beside("evidence");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("pulls.json"), serde_json::to_vec(export)?)?;
    assert!(!landings.is_empty());
    let settings = repo.settings(REGISTER)?;
    repo.whole(&["--settings", &settings, "--evidence", &folder.display().to_string()])
}

#[test]
fn an_approval_counts_only_for_what_landed_and_before_it_did() -> TestResult {
    let (stream, landings) = all();
    let (repo, ids) = imported(&stream)?;
    let pack = audited(&landings, &repo, &github(&landings, &ids))?;
    let changes: BTreeMap<String, _> =
        pack.table("changes.csv")?.into_iter().map(|row| (row["change_id"].clone(), row)).collect();
    let mut wrong = Vec::new();
    for landing in &landings {
        let expected = SITUATIONS.iter().find(|(name, _)| *name == landing.situation).map_or("", |(_, counted)| counted);
        for mark in &landing.landed {
            let row = &changes[&ids[mark]];
            if row["approvals_counted"] != expected {
                wrong.push(format!(
                    "{}, {}: {} instead of {expected}; {}",
                    landing.method, landing.situation, row["approvals_counted"], row["exceptions"]
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), landings.len(), wrong.join("\n"));
    for (check, situations) in [
        ("approval-stale", &["approved before the last push", "amended after the approval"][..]),
        ("approval-unconfirmed", &["claimed in the message only"][..]),
        ("self-approved", &["approved by the author's second account", "approved by a co-author"][..]),
    ] {
        let found: Vec<String> = pack.findings(check, "exception")?.into_iter().map(|row| row["change_id"].clone()).collect();
        for landing in &landings {
            let last = &ids[&landing.landed[landing.landed.len() - 1]];
            assert_eq!(
                found.contains(last),
                situations.contains(&landing.situation),
                "{check}: {}, {}",
                landing.method,
                landing.situation
            );
        }
    }
    assert_eq!(pack.findings("population-unreconciled", "exception")?.len(), 0);
    pack.expect_tie_outs()
}
