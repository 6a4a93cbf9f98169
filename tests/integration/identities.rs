//! The register in a file of its own, `.mailmap` before the range, and owners before each change.

use super::support::{DAY, NewCommit, START, Stream, TestRepo, TestResult};

const SETTINGS: &str = "[identities]\nregister = \"org/people.toml\"\nmailmap = true\n";
const PEOPLE: &str = "[[people]]\nname = \"Alice Example\"\naccounts = [\"alice\"]\nmails = [\"alice@example.com\"]\n\
                      roles = [{ role = \"approver\", until = \"2026-06-30\" }]\n";
const MAILMAP: &str = "Alice Example <alice@example.com> <al@old.example.org>\n";

fn history() -> super::support::Fallible<TestRepo> {
    let mut stream = Stream::default();
    let files = vec![("countersign.toml", SETTINGS), ("org/people.toml", PEOPLE), (".mailmap", MAILMAP)];
    stream.next(&NewCommit { files, ..NewCommit::default() });
    let mut next = |n: i64, author: &str, files: Vec<(&str, &str)>| {
        stream.next(&NewCommit { author, committed: START + n * DAY, files, ..NewCommit::default() });
    };
    next(1, "al <al@old.example.org>", vec![("policies/a.yaml", "a: 1\n")]);
    next(2, "A. E. <7+alice@users.noreply.github.com>", vec![("policies/a.yaml", "a: 2\n")]);
    let more = format!("{PEOPLE}[[people]]\nname = \"Mallory\"\nmails = [\"mallory@example.net\"]\n");
    next(
        3,
        "Mallory <mallory@example.net>",
        vec![("org/people.toml", &more), (".mailmap", "<alice@example.com> <mallory@example.net>\n")],
    );
    next(4, "Mallory <mallory@example.net>", vec![("policies/a.yaml", "a: 3\n")]);
    stream.into_repo()
}

#[test]
fn the_register_and_the_mailmap_are_those_before_the_range() -> TestResult {
    let repo = history()?;
    repo.report(&["--from", "main~4", "--to", "main"])?.expect_exit(0)?;
    let pack = repo.pack("pack")?;
    let json = pack.json()?;
    let origin = json["settings"]["origin"].as_str().unwrap_or_default();
    assert!(origin.contains("with the register org/people.toml (SHA-256 "), "{origin}");
    let joined: Vec<_> = pack.table("identities.csv")?;
    let of = |name: &str| {
        let row = joined.iter().find(|row| row["name"] == name).unwrap();
        [&row["registered_as"], &row["joined_by"], &row["kind"], &row["roles"], &row["seen_as"], &row["changes"]]
            .map(String::as_str)
    };
    let role = "approver until 2026-06-30";
    assert_eq!(of("al"), ["Alice Example", "register, through .mailmap", "person", role, "author; committer", "1"]);
    let by_forge = "register, by the forge's own address of an account";
    assert_eq!(of("A. E."), ["Alice Example", by_forge, "person", role, "author; committer", "1"]);
    assert_eq!(of("Mallory"), ["", "", "unknown", "", "author; committer", "2"]);
    assert_eq!(pack.findings("identity-unresolved", "exception")?.len(), 2);
    let guards = pack.findings("guard-changed", "exception")?;
    assert_eq!(guards.len(), 1);
    assert!(guards[0]["because"].contains("org/people.toml") && guards[0]["because"].contains(".mailmap"), "{guards:?}");
    pack.expect_tie_outs()
}

#[test]
fn a_register_that_is_not_there_stops_the_run() -> TestResult {
    let repo = history()?;
    let settings = repo.settings(SETTINGS)?;
    let run = repo.report(&["--to", "main", "--settings", &settings])?;
    run.expect_exit(2)?;
    run.expect_words(&["the register `org/people.toml` cannot be read"])?;
    std::fs::create_dir(repo.beside("org"))?;
    std::fs::write(repo.beside("org/people.toml"), "[[people]]\nname = \"Alice\"\n")?;
    let run = repo.report(&["--to", "main", "--settings", &settings])?;
    run.expect_exit(2)?;
    run.expect_words(&["org/people.toml, line 1", "no mails, accounts or aliases"])?;
    std::fs::write(repo.beside("org/people.toml"), PEOPLE)?;
    repo.report(&["--to", "main", "--settings", &settings])?.expect_exit(0)
}

/// Every form of a line, case, comments and lines that are none: git itself is the referee.
#[test]
fn a_mailmap_is_read_as_git_reads_it() -> TestResult {
    let file = "# Alice <alice@example.com> <nobody@example.com>\n\
                Alice Example <alice@example.com>\n<alice@example.com> <al@old.example.org>\n\
                Bob Example <bob@example.com> <shared@example.com>\n\
                Carol Example <carol@example.com> cc <Shared@Example.com>\n\
                Late Name <alice@example.com>\n  Dora   <dora@example.com>  \nno line\n<> <x@example.com>\nHalf <half@example.com\n\
                Eve <eve@example.com> <> # a remark\n<e2@example.com> Eve Two <eve@example.com>";
    let people = [
        "ae <ALICE@example.com>",
        "al <al@old.example.org>",
        "Somebody <shared@example.com>",
        "CC <shared@example.com>",
        "d <dora@example.com>",
        "x <x@example.com>",
        "half <half@example.com>",
        "eve two <eve@example.com>",
        "eve <EVE@example.com>",
        "nobody <nobody@example.com>",
    ];
    let mut stream = Stream::default();
    stream.next(&NewCommit { files: vec![(".mailmap", file)], ..NewCommit::default() });
    for (n, author) in (1..).zip(people) {
        let content = n.to_string();
        stream.next(&NewCommit { author, committed: START + n * DAY, files: vec![("a", &content)], ..NewCommit::default() });
    }
    let repo = stream.into_repo()?;
    let settings = repo.settings("[identities]\nmailmap = true\n")?;
    let first = repo.git(["rev-list", "--max-parents=0", "main"])?;
    let pack = repo.whole(&["--from", &first, "--settings", &settings])?;
    let blob = format!("mailmap.blob={first}:.mailmap");
    for row in pack.table("identities.csv")? {
        let written = format!("{} <{}>", row["name"], row["mail"]);
        let by_git = repo.git(["-c", &blob, "check-mailmap", &written])?;
        let here = if row["mailmap"].is_empty() { &written } else { &row["mailmap"] };
        assert_eq!(*here, by_git, "{written}");
    }
    Ok(())
}

/// A merge of main into a side branch, a branch that adds owners, and a start in the middle: the owners are those of the
/// first parent each time.
#[test]
fn owners_are_those_of_the_first_parent() -> TestResult {
    let settings = "[[people]]\nname = \"Bob\"\naccounts = [\"bob\"]\nmails = [\"bob@example.com\"]\n[checks.review-missing]\nexpect = \"always\"\n";
    let mut stream = Stream::default();
    let mut commit = |n: i64, parents: Vec<usize>, message: &[u8], files: Vec<(&str, &str)>| {
        let author = "Alice Example <alice@example.com>";
        stream.commit(&NewCommit { message, author, committed: START + n * DAY, parents, files, removed: Vec::new() })
    };
    let root = commit(0, vec![], b"Start", vec![("a", "1"), ("docs/CODEOWNERS", "* @bob\n")]);
    let owned = commit(1, vec![root], b"Owned by docs", vec![("a", "2")]);
    let side = commit(2, vec![root], b"Side", vec![("CODEOWNERS", "* @carol\n")]);
    let merge = commit(
        3,
        vec![owned, side],
        b"Merge\n\nReviewed-by: Bob <bob@example.com>",
        vec![("CODEOWNERS", "* @carol\n"), ("a", "2")],
    );
    commit(4, vec![merge], b"Owned by the root now\n\nReviewed-by: Bob <bob@example.com>", vec![("a", "3")]);
    let repo = stream.into_repo()?;
    let settings = repo.settings(settings)?;
    for from in [&[][..], &["--from", "main~3"], &["--from", "main~2"], &["--from", "main~1"]] {
        let pack = repo.report_to("pack", &[&["--to", "main", "--settings", &settings][..], from].concat())?;
        pack.expect_exit(0)?;
        let pack = repo.pack("pack")?;
        let mut told: Vec<String> = pack
            .table("findings.csv")?
            .into_iter()
            .filter(|row| row["check"] == "owner-missing")
            .map(|row| format!("{}: {}", row["outcome"], row["because"].split(':').next().unwrap_or_default()))
            .collect();
        let all = [
            "not applicable: ",
            "exception: nobody is named as a reviewer of a, owned by @bob (docs/CODEOWNERS line 1, *)",
            "no exception: ",
            // Bob has a login and it is another one: on GitHub he is not that user.
            "exception: a, owned by @carol (CODEOWNERS line 1, *)",
        ];
        let mut expected: Vec<&str> = all[4 - told.len()..].to_vec();
        expected.sort_unstable();
        told.sort();
        assert_eq!(told, expected);
        std::fs::remove_dir_all(repo.beside("pack"))?;
    }
    Ok(())
}
