//! What a period is, and which settings judge it: those from before it, so that no change moves its own judge.

use super::support::{DAY, Fallible, NewCommit, Row, START, Stream, TestResult};

/// 2026-03-31T23:30:00Z: April already, an hour further east.
const LAST_HALF_HOUR: i64 = 1_774_999_800;

fn titles(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row["title"].as_str()).collect()
}

/// A stream of changes with titles, times and files.
fn changes(changes: &[(&str, i64, &str, &str)]) -> Stream {
    let mut stream = Stream::default();
    for (title, committed, path, content) in changes {
        stream.next(&NewCommit {
            message: title.as_bytes(),
            committed: *committed,
            files: vec![(path, content)],
            ..NewCommit::default()
        });
    }
    stream
}

fn quarters() -> Stream {
    changes(&[
        ("SEC-1 Winter", START, "a", "1"),
        ("SEC-2 Late", LAST_HALF_HOUR, "a", "2"),
        ("SEC-3 Spring", LAST_HALF_HOUR + DAY, "a", "3"),
    ])
}

#[test]
fn a_quarter_ends_at_midnight_of_its_time_zone() -> TestResult {
    for (zone, expected) in [("UTC", &["SEC-1 Winter", "SEC-2 Late"][..]), ("+01:00", &["SEC-1 Winter"])] {
        let repo = quarters().into_repo()?;
        let settings = repo.settings(&format!("[repository]\ntime_zone = \"{zone}\"\n"))?;
        repo.report(&["--branch", "main", "--period", "2026-Q1", "--settings", &settings])?.expect_exit(0)?;
        assert_eq!(titles(&repo.pack("pack")?.table("changes.csv")?), expected, "{zone}");
    }
    Ok(())
}

#[test]
fn quarters_that_follow_each_other_share_no_change_and_miss_none() -> TestResult {
    let repo = quarters().into_repo()?;
    let mut all = Vec::new();
    for period in ["2026-Q1", "2026-Q2"] {
        repo.report_to(period, &["--branch", "main", "--period", period])?.expect_exit(0)?;
        all.extend(repo.pack(period)?.column("changes.csv", "title")?);
    }
    assert_eq!(all, ["SEC-1 Winter", "SEC-2 Late", "SEC-3 Spring"]);
    Ok(())
}

#[test]
fn revisions_may_be_tags_branches_and_short_ids() -> TestResult {
    let repo = quarters().into_repo()?;
    repo.git(["tag", "-a", "-m", "Release", "v1", "main~2"])?;
    repo.git(["tag", "v2", "main"])?;
    let short: String = repo.git(["rev-parse", "main~2"])?.chars().take(12).collect();
    for (number, (from, to)) in
        [("v1", "v2"), (short.as_str(), "main"), ("refs/tags/v1", "refs/heads/main"), ("main~2", "HEAD")].iter().enumerate()
    {
        let name = format!("pack-{number}");
        repo.report_to(&name, &["--from", from, "--to", to])?.expect_exit(0)?;
        assert_eq!(titles(&repo.pack(&name)?.table("changes.csv")?), ["SEC-2 Late", "SEC-3 Spring"], "{from}..{to}");
    }
    Ok(())
}

const JUDGE: &str = "[tickets]\nprojects = [\"SEC\"]\n";
const BRIBED: &str = "[checks.ticket-missing]\nenabled = false\n";

fn ticket_findings(stream: Stream, from: &str) -> Fallible<(usize, String)> {
    let repo = stream.into_repo()?;
    repo.report(&["--from", from, "--to", "main"])?.expect_exit(0)?;
    let pack = repo.pack("pack")?;
    let origin = pack.json()?["settings"]["origin"].as_str().unwrap_or_default().to_owned();
    Ok((pack.findings("ticket-missing", "exception")?.len(), origin))
}

#[test]
fn a_change_of_the_settings_inside_the_range_does_not_decide() -> TestResult {
    let stream = changes(&[
        ("SEC-1 Settings", START, "countersign.toml", JUDGE),
        ("Switch the check off", START + DAY, "countersign.toml", BRIBED),
        ("No ticket", START + 2 * DAY, "policies/a.yaml", "1"),
    ]);
    let (findings, origin) = ticket_findings(stream, "main~2")?;
    assert_eq!(findings, 2);
    assert!(origin.starts_with("countersign.toml at commit "), "{origin}");
    Ok(())
}

#[test]
fn settings_that_came_with_the_range_do_not_decide_either() -> TestResult {
    let stream = changes(&[
        ("SEC-1 Start", START, "policies/a.yaml", "1"),
        ("Switch the check off", START + DAY, "countersign.toml", BRIBED),
        ("No ticket", START + 2 * DAY, "policies/a.yaml", "2"),
    ]);
    let (findings, origin) = ticket_findings(stream, "main~2")?;
    assert_eq!((findings, origin.as_str()), (2, "built in"));
    Ok(())
}

#[test]
fn every_profile_gives_a_pack_of_the_same_facts() -> TestResult {
    let repo = quarters().into_repo()?;
    let mut facts = Vec::new();
    for profile in ["baseline", "strict", "soc2", "iso27001", "pci-nsc", "nist-cm", "sox", "nerc-cip", "energy-de"] {
        repo.report_to(profile, &["--to", "main", "--profile", profile])?.expect_exit(0)?;
        let pack = repo.pack(profile)?;
        facts.push((pack.table("commits.csv")?, pack.table("files.csv")?));
    }
    assert!(facts.windows(2).all(|pair| pair[0] == pair[1]), "a profile changed a fact");
    Ok(())
}
