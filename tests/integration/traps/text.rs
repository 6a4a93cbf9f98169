//! Text from Git is hostile.

use std::time::{Duration, Instant};

use crate::support::{Fallible, NewCommit, Pack, Stream, TestResult};

/// A pack of one change with a message, an author and a path.
fn one(message: &[u8], author: &str, path: &str) -> Fallible<(Pack, crate::support::TestRepo)> {
    let mut stream = Stream::default();
    stream.next(&NewCommit { message, author, files: vec![(path, "1")], ..NewCommit::default() });
    let repo = stream.into_repo()?;
    let pack = repo.whole(&[])?;
    Ok((pack, repo))
}

const ALICE: &str = "Alice Example <alice@example.com>";

#[test]
fn no_cell_is_a_formula() -> TestResult {
    for formula in [
        "=HYPERLINK(\"http://example.com\")",
        "+1+1",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(1+1)",
        "\t=1+1",
        "\r=1+1",
        "\u{ff1d}1+1",
        " =1+1",
        "\u{feff}=1+1",
        "\u{200b}=1+1",
    ] {
        let message = format!("{formula}\n\nReviewed-by: {formula} <x@example.com>\nSEC-1: {formula}");
        let author = format!("{formula} <=cmd@example.com>").replace(['\r', '\t'], " ");
        let (pack, _repo) = one(message.as_bytes(), &author, "=cmd.yaml")?;
        for (name, bytes) in &pack.files_with("csv")? {
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&bytes[..]);
            for record in reader.records() {
                for cell in &record? {
                    let first = cell.trim_start().chars().next().unwrap_or('x');
                    assert!(!"=+-@\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}\t\r".contains(first), "{name}: {cell:?}");
                }
            }
        }
        let exact = pack.json()?["changes"][0]["message"]["text"].as_str().map(str::to_owned);
        assert_eq!(exact.as_deref(), Some(message.as_str()), "evidence.json has the exact text");
    }
    Ok(())
}

#[test]
fn no_markup_of_a_message_reaches_a_page() -> TestResult {
    let hostile = "</style></script><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7*7 }} {% raw %} javascript:alert(1) ]]> --> \" '";
    let message = format!(
        "SEC-1 {hostile}\n\n{hostile}\n\nReviewed-by: {hostile} <x@example.com>\nLink: javascript:alert(1)\nFixes: https://example.com/\"onmouseover=\"x"
    );
    let author = format!("{} <a@example.com>", hostile.replace(['<', '>'], "&lt;"));
    let (pack, _repo) = one(message.as_bytes(), &author, "<img src=x onerror=alert(1)>.yaml")?;
    for page in pack.pages()? {
        let text = pack.text(&page)?;
        for markup in ["<script>alert", "<img", "</style></script>", "href=\"javascript:", "\"onmouseover=\""] {
            assert!(!text.contains(markup), "{page} holds {markup}");
        }
        assert!(
            text.contains("Content-Security-Policy") && text.contains("default-src &#x27;none&#x27;")
                || text.contains("default-src 'none'"),
            "{page}"
        );
    }
    assert!(pack.text("changes-0001.html")?.contains("{{ 7*7 }}"), "a template in a message is text");
    Ok(())
}

#[test]
fn no_escape_sequence_reaches_the_terminal() -> TestResult {
    let escape = "\u{1b}]8;;http://example.com\u{7}link\u{1b}[2J\u{9b}31m\u{202e}\rover";
    let mut stream = Stream::default();
    let author = format!("{escape} <a@example.com>");
    let (message, path) = (format!("{escape}\n\n{escape}"), format!("\"{}.yaml\"", "\\033[2J"));
    stream.next(&NewCommit { message: message.as_bytes(), author: &author, files: vec![(&path, "1")], ..NewCommit::default() });
    let repo = stream.into_repo()?;
    let settings = repo.settings(&format!("[[people]]\nname = \"{}\"\naliases = [\"a\"]\n", "\\u001b[2J"))?;
    let runs = [
        repo.report(&["--to", "main", "--settings", &settings])?,
        repo.report_to("pack\u{1b}[2J", &["--to", "main"])?,
        repo.report_to("other", &["--to", "\u{1b}[2J"])?,
        repo.report_to("other", &["--period", "\u{1b}[2J"])?,
        repo.report_to("other", &["--to", "main", "--settings", "\u{1b}[2J"])?,
        repo.report_to("other", &["--to", "main", "--profile", "\u{1b}[2J"])?,
        repo.report_to("other", &["--\u{1b}[2J"])?,
        repo.report_to("other", &["--sample", "\u{1b}[2J"])?,
    ];
    for run in runs {
        for text in [&run.stdout, &run.stderr] {
            let hidden = |c: char| c.is_control() && c != '\n' || ('\u{202a}'..='\u{202e}').contains(&c);
            assert!(!text.contains(hidden), "{text:?}");
        }
    }
    Ok(())
}

#[test]
fn hidden_characters_are_shown_as_code_points() -> TestResult {
    let hidden = "right\u{202e}tfel zero\u{200b}width \u{2066}isolate\u{2069} \u{e0041}";
    let message = format!("SEC-1 {hidden}\n\n{hidden}");
    let (pack, _repo) = one(message.as_bytes(), &format!("{hidden} <a@example.com>"), "a\u{202e}lmay.txt")?;
    // evidence.json has the exact text.
    for (name, bytes) in pack.files_with("html")?.iter().chain(&pack.files_with("csv")?).chain(&pack.files_with("txt")?) {
        let text = String::from_utf8_lossy(bytes);
        let found = text
            .chars()
            .find(|c| matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}'));
        assert_eq!(found, None, "{name}");
    }
    assert!(pack.column("changes.csv", "title")?[0].contains("U+202E"));
    assert!(pack.column("commits.csv", "anomalies")?[0].contains("hidden characters"));
    Ok(())
}

#[test]
fn a_second_reviewer_with_cyrillic_letters_is_noticed() -> TestResult {
    let message = "SEC-1 Tighten\n\nReviewed-by: \u{410}lice Example <\u{430}lice@example.com>";
    let (pack, _repo) = one(message.as_bytes(), ALICE, "policies/a.yaml")?;
    let rows = pack.table("identities.csv")?;
    let remarks: Vec<_> =
        rows.iter().filter(|row| row["name"].starts_with('\u{410}')).map(|row| row["remarks"].as_str()).collect();
    assert!(remarks.len() == 1 && !remarks[0].is_empty(), "{rows:?}");
    Ok(())
}

#[test]
fn messages_in_other_encodings_and_broken_bytes_are_read() -> TestResult {
    let mut stream = Stream::default();
    stream.next(&NewCommit { message: b"SEC-1 Gr\xfc\xdfe \xff\xfe\xc3", files: vec![("a", "1")], ..NewCommit::default() });
    let repo = stream.into_repo()?;
    let tree = repo.git(["rev-parse", "main^{tree}"])?;
    let who = "Alice Example <alice@example.com> 1767614400 +0000";
    let head = format!(
        "tree {tree}\nparent {}\nauthor {who}\ncommitter {who}\nencoding ISO-8859-1\n\n",
        repo.git(["rev-parse", "main"])?
    );
    let id = repo.raw_commit(&[head.as_bytes(), b"SEC-2 Gr\xfc\xdfe\n"].concat())?;
    repo.git(["update-ref", "refs/heads/main", &id])?;
    let pack = repo.whole(&[])?;
    assert_eq!(pack.column("changes.csv", "title")?[1], "SEC-2 Grüße");
    assert!(pack.column("commits.csv", "anomalies")?[0].contains("could not be decoded"));
    Ok(())
}

#[test]
fn a_message_of_a_megabyte_costs_no_more_than_its_length() -> TestResult {
    let mut message = b"SEC-1 Big\n\n".to_vec();
    for line in ["Reviewed-by: ", "SEC-", "((((((((", "Fixes #1 ", "<<<<", "a@b ", "    ", "\n"] {
        message.extend(line.repeat(131_072 / line.len()).into_bytes());
    }
    let begun = Instant::now();
    let (pack, _repo) = one(&message, ALICE, "policies/a.yaml")?;
    assert_eq!(pack.table("changes.csv")?.len(), 1);
    // Far above what a linear reading takes, far below what a quadratic one would.
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    Ok(())
}

#[test]
fn odd_paths_are_kept_apart() -> TestResult {
    let paths = ["\"a\\nb.yaml\"", "\"a\\tb.yaml\"", "a b.yaml", "\"\\377\\376.yaml\"", "\"quote\\\".yaml\"", "semi;colon.yaml"];
    let mut stream = Stream::default();
    stream.next(&NewCommit { files: paths.iter().map(|path| (*path, "1")).collect(), ..NewCommit::default() });
    let pack = stream.into_repo()?.whole(&[])?;
    assert_eq!(pack.table("files.csv")?.len(), paths.len());
    pack.expect_tie_outs()
}

#[cfg(unix)]
#[test]
fn a_pack_is_not_written_through_a_symbolic_link() -> TestResult {
    let mut stream = Stream::default();
    stream.next(&NewCommit { files: vec![("a", "1")], ..NewCommit::default() });
    let repo = stream.into_repo()?;
    std::fs::create_dir(repo.beside("elsewhere"))?;
    std::os::unix::fs::symlink(repo.beside("elsewhere"), repo.beside("link"))?;
    std::os::unix::fs::symlink(repo.beside("nowhere"), repo.beside("dangling"))?;
    for link in ["link", "dangling"] {
        repo.report_to(link, &["--to", "main"])?.expect_exit(4)?;
    }
    assert_eq!(std::fs::read_dir(repo.beside("elsewhere"))?.count(), 0);
    assert!(!repo.beside("nowhere").exists());
    Ok(())
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_no_pack_under_the_name_that_was_asked_for() -> TestResult {
    let mut stream = Stream::default();
    let contents: Vec<String> = (0..400).map(|number| number.to_string()).collect();
    for content in &contents {
        stream.next(&NewCommit { files: vec![("a", content)], ..NewCommit::default() });
    }
    let repo = stream.into_repo()?;
    for milliseconds in [1, 5, 10, 20, 40, 80] {
        let name = format!("pack-{milliseconds}");
        let mut command = crate::support::binary();
        command.args(["report", "--to", "main", "--repo", "repo", "--out", &name]).current_dir(repo.beside(""));
        let mut child = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn()?;
        std::thread::sleep(Duration::from_millis(milliseconds));
        child.kill()?;
        child.wait()?;
        if repo.beside(&name).exists() {
            let pack = repo.pack(&name)?;
            assert_eq!(pack.table("changes.csv")?.len(), 400);
            assert!(pack.folder.join("run.json").is_file(), "the last file is there, so the pack is whole");
        }
    }
    Ok(())
}
