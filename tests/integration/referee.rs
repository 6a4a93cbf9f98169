//! git is the referee: what the tables say of the stories is what plain git says of them.

use std::collections::BTreeSet;

use super::stories::{Audited, STORIES};
use super::support::{Fallible, TestResult};

/// What git prints for the period of a story, in lines.
fn lines(audited: &Audited, arguments: &[&str]) -> Fallible<BTreeSet<String>> {
    let revisions = audited.revisions();
    Ok(audited.repo.git([arguments, &[&revisions]].concat())?.lines().map(str::to_owned).collect())
}

#[test]
fn commits_parents_and_people_are_those_of_git() -> TestResult {
    for name in STORIES {
        let audited = Audited::story(name)?;
        let expected = lines(&audited, &["log", "--format=%H|%T|%P|%an|%ae|%cn|%ce|%s"])?;
        let rows = audited.pack.table("commits.csv")?;
        let line = |row: &super::support::Row| {
            let cell = |name: &str| row[name].as_str();
            let parents = cell("parents").replace("; ", " ");
            let people = [cell("author_name"), cell("author_mail"), cell("committer_name"), cell("committer_mail")].join("|");
            format!("{}|{}|{parents}|{people}|{}", cell("commit_id"), cell("tree_id"), cell("subject"))
        };
        let found: BTreeSet<String> = rows.iter().map(line).collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(found.len(), rows.len(), "{name}");
    }
    Ok(())
}

#[test]
fn the_first_parent_chain_is_that_of_git() -> TestResult {
    for name in STORIES {
        let audited = Audited::story(name)?;
        let revisions = audited.revisions();
        let expected = audited.repo.git(["rev-list", "--first-parent", "--reverse", &revisions])?;
        assert_eq!(audited.pack.column("changes.csv", "change_id")?, expected.lines().collect::<Vec<_>>(), "{name}");
        let chain: BTreeSet<&str> = expected.lines().collect();
        for row in audited.pack.table("commits.csv")? {
            assert_eq!(row["on_first_parent"] == "yes", chain.contains(row["commit_id"].as_str()), "{name}: {row:?}");
        }
    }
    Ok(())
}

#[test]
fn every_side_commit_came_with_the_merge_that_git_names() -> TestResult {
    for name in STORIES {
        let audited = Audited::story(name)?;
        let rows = audited.pack.table("commits.csv")?;
        for change in audited.pack.table("changes.csv")? {
            let (id, previous) = (&change["change_id"], &change["previous_id"]);
            let revisions = if previous.is_empty() { id.clone() } else { format!("{previous}..{id}") };
            let expected: BTreeSet<String> = audited.repo.git(["rev-list", &revisions])?.lines().map(str::to_owned).collect();
            let found = rows.iter().filter(|row| &row["change_id"] == id).map(|row| row["commit_id"].clone());
            assert_eq!(found.collect::<BTreeSet<_>>(), expected, "{name}: {id}");
        }
    }
    Ok(())
}

#[test]
fn the_paths_of_every_arrival_are_those_of_git() -> TestResult {
    for name in STORIES {
        let audited = Audited::story(name)?;
        let rows = audited.pack.table("files.csv")?;
        for change in audited.pack.table("changes.csv")? {
            let (id, previous) = (change["change_id"].as_str(), change["previous_id"].as_str());
            let options = ["diff-tree", "-r", "--no-renames", "--no-commit-id", "--no-abbrev", "--root"];
            let ids: &[&str] = if previous.is_empty() { &[id] } else { &[previous, id] };
            let expected: BTreeSet<String> = audited.repo.git([&options, ids].concat())?.lines().map(str::to_owned).collect();
            let mut found = BTreeSet::new();
            for row in rows.iter().filter(|row| row["change_id"] == id) {
                found.extend(raw_lines(row));
            }
            assert_eq!(found, expected, "{name}: {id}");
        }
    }
    Ok(())
}

/// A row as `git diff-tree --no-renames` prints it; a rename is a removal and an addition.
fn raw_lines(row: &super::support::Row) -> Vec<String> {
    let zero = "0".repeat(40);
    let old = (row["old_mode"].as_str(), row["old_blob"].as_str());
    let new = (row["new_mode"].as_str(), row["new_blob"].as_str());
    let none = ("000000", zero.as_str());
    let line = |old: (&str, &str), new: (&str, &str), letter: &str, path: &str| {
        format!(":{} {} {} {} {letter}\t{path}", old.0, new.0, old.1, new.1)
    };
    match row["edit"].as_str() {
        "A" => vec![line(none, new, "A", &row["path"])],
        "D" => vec![line(old, none, "D", &row["path"])],
        "R" => vec![line(old, none, "D", &row["old_path"]), line(none, new, "A", &row["path"])],
        letter => vec![line(old, new, letter, &row["path"])],
    }
}

#[test]
fn trailers_are_those_that_git_reads() -> TestResult {
    for name in STORIES {
        let audited = Audited::story(name)?;
        let json = audited.pack.json()?;
        for change in json["changes"].as_array().ok_or("no changes")? {
            let id = change["commit_id"].as_str().ok_or("no id")?;
            let expected = audited.repo.git(["log", "-1", "--format=%(trailers:only=yes,unfold=yes)", id])?;
            let trailers = change["evidence"]["trailers"].as_array().ok_or("no trailers")?;
            let word = |trailer: &serde_json::Value, key: &str| trailer[key].as_str().unwrap_or_default().to_owned();
            let in_block = trailers.iter().filter(|trailer| trailer["in_block"] == true);
            let found: Vec<String> =
                in_block.map(|trailer| format!("{}: {}", word(trailer, "key"), word(trailer, "value"))).collect();
            assert_eq!(found, expected.trim().lines().map(str::trim_end).collect::<Vec<_>>(), "{name}: {id}");
        }
    }
    Ok(())
}

#[test]
fn times_and_offsets_are_those_of_git() -> TestResult {
    for name in STORIES {
        let audited = Audited::story(name)?;
        let date = "--date=format-local:%Y-%m-%dT%H:%M:%SZ";
        let expected = lines(&audited, &["log", date, "--format=%H|%ad|%cd"])?;
        let rows = audited.pack.table("commits.csv")?;
        let line = |row: &super::support::Row| format!("{}|{}|{}", row["commit_id"], row["authored_at"], row["committed_at"]);
        assert_eq!(rows.iter().map(line).collect::<BTreeSet<_>>(), expected, "{name}");
    }
    Ok(())
}
