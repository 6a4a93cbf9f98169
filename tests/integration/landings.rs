//! How a proposal lands, by how it was approved: what counts as an approval of what landed, with what each forge exports.

mod failures;
mod forges;
mod history;

use std::collections::BTreeMap;

use self::forges::SHAPES;
use self::history::{Flavour, History, Landing};
use super::support::{Fallible, Pack, Row, TestRepo, TestResult};

/// What the check `review-missing` makes of a landing, by one letter.
fn letter(outcome: &str) -> char {
    match outcome {
        "no exception" => 'y',
        "exception" => 'n',
        "not assessable" => '?',
        _ => '-',
    }
}

/// What happens until a proposal has landed; and whether an approval counts: `y` yes, `n` no, `?` nobody can tell. In the order
/// of [`SHAPES`]: GitHub, GitLab with approvals, GitLab with notes and versions, Azure DevOps with votes, Azure DevOps with
/// threads and iterations, Gerrit by REST, Gerrit by `gerrit query`.
///
/// `first`, `final`, …: a version is pushed; `+bob` approves, `-bob` asks for changes, `~bob` takes it back; `land`.
#[rustfmt::skip] // a table
pub(super) const SITUATIONS: &[(&str, &str, &str)] = &[
    ("approved as it landed",                   "first final +bob land",              "y?y?yyy"),
    ("reworded after the approval",             "typo +bob final land",               "y?y?yyy"),
    ("rebased onto a new base after it",        "final +bob onbase land",             "y?y?yyy"),
    ("the base was merged into it after it",    "final +bob update land",             "y?y?yyy"),
    ("approved by two, once too early",         "first +carol final +bob land",       "y?y?yyy"),
    ("changes were asked for before",           "first -bob final +bob land",         "y?y?yyy"),
    ("approved by whoever let it land",         "final +bob land^bob",                "y?y?yyy"),
    ("approved before the last push",           "first +bob final land",              "n?n?nnn"),
    ("amended after the approval",              "other +bob final land",              "n?n?nnn"),
    ("amended with a date from before",         "other +bob backdated land",          "n?n?nnn"),
    ("a conflict was resolved after it",        "final +bob resolve land",            "n?n?nnn"),
    ("the last push took it back",              "first +bob reset final land",        "nnnnnnn"),
    ("approved by the author's second account", "final +alice-private land",          "nnnnnnn"),
    ("approved by a co-author",                 "final/co-author +bob land",          "nnnnnnn"),
    ("approved by a bot",                       "final +bot land",                    "nnnnnnn"),
    ("the approval was dismissed",              "final +bob ~bob land",               "nnnnnnn"),
    ("changes were asked for afterwards",       "final +bob -bob land",               "nnnnnnn"),
    ("approved after it landed",                "final land +bob",                    "nnn?nnn"),
    ("approved by whoever committed last",      "first final^bob +bob land",          "nnnnnnn"),
    // Who pushed is in no export of GitHub, of GitLab without notes, and of Azure DevOps without threads.
    ("approved by whoever pushed last",         "first final%bob +bob land",          "y?n?nnn"),
    ("approved by who wrote a part",            "first@bob final@bob +bob land",      "nnnnnnn"),
    ("only let land by another",                "final land^bob",                     "nnnnnnn"),
    ("claimed in the message only",             "final/claimed land",                 "nnnnnnn"),
    ("not approved",                            "final land",                         "nnnnnnn"),
];

const METHODS: [&str; 4] = ["merge", "squash", "rebase", "queue"];

const REGISTER: &str = r#"
[[people]]
name = "Alice Example"
aliases = ["alice@example.com", "alice", "alice-private", "alice-private@example.com"]
[[people]]
name = "Bob Example"
aliases = ["bob@example.com", "bob"]
[[people]]
name = "Carol Example"
aliases = ["carol@example.com", "carol"]
[[bots]]
name = "checker"
aliases = ["checker", "checker@example.com"]
"#;

/// A history in which every situation lands by every method.
fn all(flavour: Flavour) -> History {
    let mut history = History::new(flavour);
    for method in METHODS {
        for (_, steps, _) in SITUATIONS {
            history.land(method, steps);
        }
    }
    history
}

/// The pack of a history with files of an export.
fn audited(repo: &TestRepo, name: &str, files: &[(String, String)]) -> Fallible<Pack> {
    let folder = repo.beside(&format!("evidence-{name}"));
    std::fs::create_dir_all(&folder)?;
    for (file, text) in files.iter().filter(|(_, text)| !text.is_empty()) {
        std::fs::write(folder.join(file), text)?;
    }
    let settings = repo.settings(REGISTER)?;
    let pack = format!("pack-{name}");
    let run = repo.report_to(
        &pack,
        &["--to", "main", "--no-cache", "--settings", &settings, "--evidence", &folder.display().to_string()],
    )?;
    run.expect_exit(0)?;
    repo.pack(&pack)
}

fn by_change(rows: Vec<Row>) -> BTreeMap<String, Row> {
    rows.into_iter().map(|row| (row["change_id"].clone(), row)).collect()
}

/// The findings of one check, by change.
fn findings(pack: &Pack, check: &str) -> Fallible<BTreeMap<String, Row>> {
    Ok(by_change(pack.table("findings.csv")?.into_iter().filter(|row| row["check"] == check).collect()))
}

#[test]
fn an_approval_counts_only_for_what_landed_and_before_it_did() -> TestResult {
    let (mut wrong, mut cells) = (Vec::new(), 0);
    for flavour in [Flavour::Branch, Flavour::Gerrit] {
        let history = all(flavour);
        let (repo, ids) = history.imported()?;
        for (column, shape) in SHAPES.iter().enumerate().filter(|(_, shape)| shape.flavour == flavour) {
            let pack = audited(&repo, shape.name, &(shape.write)(&history.landings, &ids))?;
            let reviews = findings(&pack, "review-missing")?;
            for (number, landing) in history.landings.iter().enumerate() {
                let (name, _, expected) = SITUATIONS[number % SITUATIONS.len()];
                let mut expected = expected.chars().nth(column).unwrap_or_default();
                if (shape.name, landing.method, name) == ("gitlab-approvals", "rebase", "approved by whoever committed last") {
                    // The rebase has replaced that commit, and only notes or versions tell of the one before.
                    expected = '?';
                }
                cells += 1;
                for mark in &landing.landed {
                    let row = &reviews[&ids[mark]];
                    if letter(&row["outcome"]) != expected {
                        wrong.push(format!(
                            "{}, {}, {name}: not {expected}: {} {}",
                            shape.name, landing.method, row["outcome"], row["because"]
                        ));
                    }
                }
            }
            for check in ["population-unreconciled", "direct-push"] {
                wrong.extend(pack.findings(check, "exception")?.iter().map(|row| format!("{}: {row:?}", shape.name)));
            }
            wrong.extend(other_checks(&pack, shape.name, &history.landings, &ids)?);
            pack.expect_tie_outs()?;
        }
    }
    assert!(wrong.is_empty(), "{} wrong of {cells}:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(cells, METHODS.len() * SITUATIONS.len() * SHAPES.len());
    Ok(())
}

/// Which situations the checks beside `review-missing` find, where the forge records what they need.
fn other_checks(pack: &Pack, shape: &str, landings: &[Landing], ids: &BTreeMap<usize, String>) -> Fallible<Vec<String>> {
    let stale = [
        "approved before the last push",
        "amended after the approval",
        "amended with a date from before",
        "a conflict was resolved after it",
    ];
    let own = [
        "approved by the author's second account",
        "approved by a co-author",
        "approved by whoever committed last",
        "approved by who wrote a part",
    ];
    let mut expected = vec![("approval-unconfirmed", &["claimed in the message only"][..]), ("self-approved", &own[..])];
    if ["github", "gitlab-notes", "azure-threads", "gerrit-query"].contains(&shape) {
        expected.push(("approval-stale", &stale[..]));
    }
    let mut wrong = Vec::new();
    for (check, situations) in expected {
        let found = findings(pack, check)?;
        for (number, landing) in landings.iter().enumerate() {
            let name = SITUATIONS[number % SITUATIONS.len()].0;
            let row = &found[&ids[&landing.landed[landing.landed.len() - 1]]];
            // Who pushed is not in every shape; a patch set that a vote was given on keeps it, also when it is replaced.
            let differs = check == "self-approved"
                && (name == "approved by whoever pushed last"
                    || (shape, landing.method, name) == ("gitlab-approvals", "rebase", "approved by whoever committed last"))
                || shape == "gerrit-query" && name == "the last push took it back";
            if !differs && (row["outcome"] == "exception") != situations.contains(&name) {
                wrong.push(format!("{check}: {shape}, {}, {name}: {} {}", landing.method, row["outcome"], row["because"]));
            }
        }
    }
    Ok(wrong)
}
