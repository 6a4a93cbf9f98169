//! Facts about every format, on rulings that are hostile in every text.

use std::collections::BTreeSet;

use serde_json::Value;

use super::inert::{TEXT, inert};
use super::specimen::{HOSTILE, PATHS, commit_id, found, hostile, passed, refused};
use super::{Format, step_summary, write};
use crate::gate::{About, Ruling, Stance, Verdict};
use crate::text::{is_hidden, visible_line};

const FORMATS: [Format; 7] =
    [Format::Text, Format::Github, Format::Gitlab, Format::Azure, Format::Junit, Format::Sarif, Format::Json];

fn json(format: Format, rulings: &[Ruling]) -> Value {
    serde_json::from_str(&write(format, rulings)).unwrap()
}

fn texts<'a>(values: &'a Value, keys: &[&str]) -> Vec<&'a str> {
    let at = |value: &'a Value| keys.iter().fold(value, |value, key| &value[*key]).as_str().unwrap();
    values.as_array().unwrap().iter().map(at).collect()
}

/// What the formats show of the specimen's text at this position.
fn as_shown(position: usize) -> String {
    inert(&visible_line(HOSTILE[position]), &TEXT)
}

#[test]
fn no_line_of_any_format_can_be_taken_for_a_command_of_a_ci_system() {
    let rulings = [hostile(60), refused(), passed()];
    for format in FORMATS {
        for line in write(format, &rulings).lines() {
            let ascii: String = line.chars().filter(char::is_ascii).collect();
            let ours = match format {
                Format::Github => ["::error ", "::warning ", "::notice "].iter().find(|start| line.starts_with(*start)),
                Format::Azure => ["##vso[task.logissue type=", "##vso[task.complete result=Failed;]"]
                    .iter()
                    .find(|start| line.starts_with(*start)),
                Format::Text | Format::Gitlab | Format::Junit | Format::Sarif | Format::Json => None,
            };
            let rest = ours.map_or(ascii.as_str(), |start| &ascii[start.len()..]);
            assert!(!rest.trim_start().starts_with("::"), "{format:?}: {line}");
            // The paths of properties are exact: GitHub looks for brackets only where the line is no command yet, and
            // the agent of Azure Pipelines takes the first mark of a line.
            if !rest.contains("file=") && !rest.contains("sourcepath=") {
                assert!(!["##[", "##vso[", "##teamcity["].iter().any(|mark| rest.contains(mark)), "{format:?}: {line}");
            }
            assert!(format != Format::Github || ours.is_some(), "{line}");
        }
    }
}

#[test]
fn hidden_characters_are_visible_where_people_read() {
    for text in [write(Format::Text, &[hostile(60)]), step_summary(&[hostile(60)]), write(Format::Junit, &[hostile(60)])] {
        assert_eq!(text.chars().find(|c| is_hidden(*c)), None);
        assert!(text.contains("‹U+202E›") && !text.contains('\r'));
    }
}

#[test]
fn a_run_without_a_ruling_is_written_too() {
    for format in FORMATS {
        assert!(!write(format, &[]).trim().is_empty(), "{format:?}");
    }
    assert_eq!(write(Format::Text, &[]), "passed: there was nothing to judge\n");
    assert_eq!(json(Format::Json, &[])["verdict"], "passed");
    assert_eq!(json(Format::Gitlab, &[]), Value::Array(Vec::new()));
    assert_eq!(json(Format::Sarif, &[])["runs"][0]["results"], Value::Array(Vec::new()));
}

#[test]
fn text_says_which_commit_which_check_why_and_what_to_write() {
    let expected = "\
refused: refs/heads/main, 2 of 3 commits

  000000000003 Close the port
  000000000004 wip
    ticket-missing: no ticket reference in the message

What to do
  ticket-missing: Name the ticket in the first line of the message.
    For example:
      SEC-123: Close the port
    For earlier commits, with `reword` in front of each:
      git rebase -i 000000000003~1
    More about it:
      countersign checks explain ticket-missing

Warnings
  policy-weakened, 000000000003: NetworkPolicy billing/db allows more

Range
  The push brings 3 commits that refs/heads/main does not have

Settings
  countersign.toml of 000000000001

refused: 000000000001..000000000004 by settings 6b6b6b6b6b6b
";
    assert_eq!(write(Format::Text, &[refused()]), expected);
}

#[test]
fn text_names_the_command_that_changes_the_message() {
    let command = |change: fn(&mut Ruling)| {
        let mut ruling = refused();
        change(&mut ruling);
        let text = write(Format::Text, &[ruling]);
        let lines: Vec<&str> = text.lines().map(str::trim).skip_while(|line| *line != "For example:").skip(2).collect();
        let end = lines.iter().position(|line| *line == "More about it:").unwrap();
        lines[end - 1].to_owned()
    };
    assert_eq!(command(|ruling| drop(ruling.findings.remove(0))), "git commit --amend");
    assert_eq!(command(|ruling| ruling.commits[1].parents = 0), "git rebase -i --root");
    assert_eq!(command(|ruling| ruling.commits[2].parents = 2), "git rebase -i --rebase-merges 000000000003~1");
    assert_eq!(command(|ruling| ruling.head = None), "Write the message again.");
    let landing = |ruling: &mut Ruling| {
        ruling.findings.drain(..2);
        ruling.findings.push(found("ticket-missing", About::Landing("Close it".into()), Stance::Refuses, "no ticket"));
    };
    assert_eq!(command(landing), "Edit the title of the proposal.");
}

#[test]
fn a_message_that_passes_is_one_line() {
    let mut ruling = passed();
    (ruling.base, ruling.head, ruling.subject) = (None, None, "the message of this commit".to_owned());
    ruling.because.clear();
    assert_eq!(write(Format::Text, &[ruling]), "passed: the message of this commit by settings 6b6b6b6b6b6b\n");
}

#[test]
fn nobody_is_told_to_write_commits_again_that_have_landed() {
    let mut ruling = refused();
    ruling.has_landed = true;
    for format in FORMATS {
        let text = write(format, std::slice::from_ref(&ruling));
        assert!(!text.contains("git ") && !text.contains("SEC-123:"), "{format:?}");
    }
    assert!(!step_summary(&[ruling]).contains("What to do"));
}

#[test]
fn text_stays_short_when_ten_thousand_commits_are_refused() {
    let mut same = refused();
    same.commits = (0..10_000).map(|_| same.commits[1].clone()).collect();
    same.findings = (0..10_000)
        .map(|number| found("ticket-missing", About::Commit(number), Stance::Refuses, "no ticket reference"))
        .collect();
    let text = write(Format::Text, &[same.clone()]);
    assert!(text.lines().count() < 40, "{text}");
    assert!(text.starts_with("refused: refs/heads/main, 10000 of 10000 commits\n"));
    assert!(text.contains("and 9990 more with the same\n"));
    for (number, found) in same.findings.iter_mut().enumerate() {
        found.because = format!("ABC-{number} is no ticket");
    }
    let text = write(Format::Text, &[same]);
    assert!(text.lines().count() < 100 && text.contains("and 9980 more;"), "{text}");
}

#[test]
fn text_fits_into_80_columns_behind_the_remote_of_a_push_but_for_what_is_to_be_copied() {
    let text = write(Format::Text, &[hostile(60), refused(), passed()]);
    let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > 72 && !line.starts_with("      ")).collect();
    // What replaces the mark of a command is longer than the mark.
    assert!(long.iter().all(|line| line.contains("‹U+005B›") || line.contains("‹U+003A›")), "{long:#?}");
    let parts = ["refused: refs", "What to do", "Warnings", "Could not be concluded, and", "Accepted by a waiver", "Range"];
    let places: Vec<usize> = parts.iter().map(|part| text.find(part).unwrap()).collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(text.ends_with("refused: 2 of 3 references\n"));
    let text = write(Format::Text, &[passed()]);
    assert!(
        text.ends_with("\npassed: 000000000001..000000000004 by settings 6b6b6b6b6b6b\n") && text.lines().count() < 10,
        "{text}"
    );
}

/// Level, properties and message of a line, as the runner of GitHub reads it.
fn github_line(line: &str) -> (String, Vec<(String, String)>, String) {
    let (info, data) = line.strip_prefix("::").unwrap().split_once("::").unwrap();
    let (command, properties) = info.split_once(' ').unwrap();
    let data_of = |text: &str| text.replace("%0D", "\r").replace("%0A", "\n");
    let property = |text: &str| data_of(text).replace("%3A", ":").replace("%2C", ",").replace("%25", "%");
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), property(value))).unwrap();
    (command.to_owned(), properties.split(',').map(pair).collect(), data_of(data).replace("%25", "%"))
}

#[test]
fn lines_for_github_decode_to_what_was_meant() {
    let text = write(Format::Github, &[hostile(60)]);
    let lines: Vec<_> = text.lines().map(github_line).collect();
    assert!(lines[0].2.starts_with("refused: "), "the verdict stands first");
    let levels: Vec<&str> = lines.iter().map(|(level, ..)| level.as_str()).collect();
    let order = |level: &&str| ["error", "warning", "notice"].iter().position(|known| known == level).unwrap();
    assert!(levels.iter().map(order).is_sorted());
    let files: BTreeSet<&str> = lines
        .iter()
        .flat_map(|(_, properties, _)| properties)
        .filter(|(name, _)| name == "file")
        .map(|(_, file)| file.as_str())
        .collect();
    let expected: BTreeSet<String> = PATHS.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect();
    assert_eq!(files, expected.iter().map(String::as_str).collect());
    assert!(lines.iter().any(|(_, _, message)| message.contains(&as_shown(6))), "percent signs come back");
    assert!(lines.iter().all(|(_, properties, _)| properties.iter().any(|(name, value)| name == "title" && !value.is_empty())));
    assert_eq!(write(Format::Github, &[refused()]).lines().count(), 3);
}

#[test]
fn lines_for_azure_decode_to_what_was_meant() {
    let text = write(Format::Azure, &[hostile(60)]);
    let decode = |text: &str| {
        let text = text.replace("%3B", ";").replace("%0D", "\r").replace("%0A", "\n").replace("%5D", "]");
        text.replace("%AZP25", "%")
    };
    let mut files = BTreeSet::new();
    let mut messages = Vec::new();
    for line in text.lines().filter(|line| line.starts_with("##vso[task.logissue ")) {
        let (info, data) = line["##vso[task.logissue ".len()..].split_once(']').unwrap();
        let properties = info.split(';').filter_map(|pair| pair.split_once('='));
        files.extend(properties.filter(|(name, _)| *name == "sourcepath").map(|(_, value)| decode(value)));
        messages.push(decode(data));
    }
    assert_eq!(files, PATHS.iter().map(|path| String::from_utf8_lossy(path).into_owned()).collect());
    assert!(messages.iter().any(|message| message.contains(&as_shown(6))), "percent signs come back");
    assert!(text.lines().last().unwrap().starts_with("##vso[task.complete result=Failed;]countersign: refused"));
    assert!(!write(Format::Azure, &[passed()]).contains("task.complete"));
}

#[test]
fn gitlab_has_what_its_reader_needs_in_every_entry() {
    let report = json(Format::Gitlab, &[hostile(200), refused()]);
    let entries = report.as_array().unwrap();
    assert_eq!(entries.len(), 200 * 5 + 3 + 3);
    let fingerprints: BTreeSet<&str> = texts(&report, &["fingerprint"]).into_iter().collect();
    assert_eq!(fingerprints.len(), entries.len());
    assert!(texts(&report, &["location", "path"]).iter().all(|path| !path.is_empty() && !path.starts_with('/')));
    assert!(entries.iter().all(|entry| entry["location"]["lines"]["begin"].as_u64().unwrap() >= 1));
    assert!(texts(&report, &["description"]).iter().all(|text| !text.is_empty()));
    let severities: BTreeSet<&str> = texts(&report, &["severity"]).into_iter().collect();
    assert_eq!(severities.into_iter().collect::<Vec<_>>(), ["blocker", "critical", "info", "major", "minor"]);
}

#[test]
fn a_fingerprint_outlives_other_lines_and_other_findings() {
    let before = json(Format::Gitlab, &[refused()]);
    let mut ruling = refused();
    ruling.findings.insert(0, found("clock-anomaly", About::Commit(0), Stance::Refuses, "the clock"));
    ruling.findings.last_mut().unwrap().place.as_mut().unwrap().1 = 99;
    let after = json(Format::Gitlab, &[ruling]);
    let after = texts(&after, &["fingerprint"]);
    assert!(texts(&before, &["fingerprint"]).iter().all(|fingerprint| after.contains(fingerprint)));
}

/// The bytes of a percent-encoded reference.
fn decoded(uri: &str) -> Vec<u8> {
    let mut parts = uri.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    bytes
}

#[test]
fn sarif_has_what_code_scanning_needs_in_every_result() {
    let ruling = hostile(60);
    let log = json(Format::Sarif, std::slice::from_ref(&ruling));
    let run = &log["runs"][0];
    assert_eq!((log["version"].as_str(), run["tool"]["driver"]["name"].as_str()), (Some("2.1.0"), Some("countersign")));
    let rules = texts(&run["tool"]["driver"]["rules"], &["id"]);
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), ruling.findings.len());
    for (result, found) in results.iter().zip(&ruling.findings) {
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!((rules[rule], result["ruleId"].as_str()), (found.card.id, Some(found.card.id)));
        let physical = &result["locations"][0]["physicalLocation"];
        let path = decoded(physical["artifactLocation"]["uri"].as_str().unwrap());
        match &found.place {
            Some((expected, _)) => assert_eq!(path, expected.as_bytes()),
            None => assert!(path.starts_with(b".git/")),
        }
        assert!(physical["region"]["startLine"].as_u64().unwrap() >= 1);
        assert_eq!(result["partialFingerprints"]["primaryLocationLineHash"].is_string(), found.place.is_none());
        assert_eq!(!result["suppressions"].as_array().unwrap().is_empty(), found.stance == Stance::Waived);
        assert_eq!(result["level"] == "error", matches!(found.stance, Stance::Refuses | Stance::Undecided));
        let message = result["message"]["text"].as_str().unwrap();
        assert!(!message.is_empty() && !message.replace("{{", "").contains('{') && !message.contains("]("), "{message}");
    }
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    let head = ruling.head.unwrap().to_string();
    assert_eq!(run["automationDetails"]["id"], format!("countersign-gate/{head}"));
}

#[test]
fn sarif_says_how_much_it_left_out_and_that_nothing_was_concluded() {
    let mut ruling = refused();
    ruling.verdict = Verdict::Inconclusive;
    ruling.findings.rotate_left(2);
    let mut other = passed();
    other.subject = "refs/tags/v1".to_owned();
    let log: Value = serde_json::from_str(&super::sarif::with_at_most(2, &[ruling, other])).unwrap();
    assert_eq!(texts(&log["runs"][0]["results"], &["properties", "stance"]), ["refuses", "refuses"]);
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&Value::Bool(false), &Value::from(3)));
    assert_eq!(log["runs"][1]["invocations"][0]["exitCode"], 3, "the exit code is that of the process");
    let said = texts(&invocation["toolExecutionNotifications"], &["message", "text"]);
    assert!(said[0].starts_with("1 more results are not in this file;") && said[1].starts_with("inconclusive: "), "{said:?}");
    let head = commit_id(3).to_string();
    let ids = texts(&log["runs"], &["automationDetails", "id"]);
    assert_eq!(ids, [format!("countersign-gate/refs/heads/main/{head}"), format!("countersign-gate/refs/tags/v1/{head}")]);
}

/// Reads XML far enough to know that it is well formed; the elements with their attributes in order.
fn elements(xml: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut open: Vec<String> = Vec::new();
    let mut all = Vec::new();
    let mut rest = xml.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").unwrap();
    while let Some(start) = rest.find('<') {
        assert!(well_escaped(&rest[..start]) && (!open.is_empty() || rest[..start].trim().is_empty()));
        let end = start + rest[start..].find('>').unwrap();
        let tag = &rest[start + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name));
            continue;
        }
        let bare = tag.strip_suffix('/').unwrap_or(tag);
        let (name, attributes) = bare.split_once(' ').unwrap_or((bare, ""));
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        let quoted: Vec<&str> = attributes.split('"').collect();
        let pairs = quoted.chunks_exact(2).map(|pair| (pair[0].trim().trim_end_matches('=').to_owned(), pair[1].to_owned()));
        let pairs: Vec<_> = pairs.collect();
        assert!(pairs.iter().all(|(_, value)| well_escaped(value)), "{tag}");
        all.push((name.to_owned(), pairs));
        if bare == tag {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    all
}

fn well_escaped(text: &str) -> bool {
    const REFERENCES: [&str; 8] = ["amp;", "lt;", "gt;", "quot;", "#10;", "#9;", "#91;", "#58;"];
    let allowed = |c: char| matches!(c, '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'..);
    let references = text.split('&').skip(1).all(|rest| REFERENCES.iter().any(|reference| rest.starts_with(reference)));
    references && !text.contains('<') && text.chars().all(allowed)
}

#[test]
fn junit_is_well_formed_counts_right_and_repeats_no_name() {
    let mut inconclusive = refused();
    inconclusive.verdict = Verdict::Inconclusive;
    let rulings = [hostile(60), inconclusive, passed()];
    let xml = elements(&write(Format::Junit, &rulings));
    let attribute = |element: &(String, Vec<(String, String)>), name: &str| {
        element.1.iter().find(|(known, _)| known == name).unwrap().1.clone()
    };
    for (part, name) in [("testcase", "tests"), ("failure", "failures"), ("error", "errors"), ("skipped", "skipped")] {
        let suites = xml.iter().filter(|(element, _)| element == "testsuite");
        let said: usize = suites.map(|suite| attribute(suite, name).parse::<usize>().unwrap()).sum();
        assert_eq!(said, xml.iter().filter(|(element, _)| element == part).count(), "{part}");
    }
    let position = |start: &str| xml.iter().position(|(element, _)| element == start).unwrap();
    let first_suite = xml.iter().skip(position("testsuite") + 1).take_while(|(element, _)| element != "testsuite");
    let cases: Vec<_> = first_suite.filter(|(element, _)| element == "testcase").collect();
    let names: BTreeSet<_> = cases.iter().map(|case| (attribute(case, "classname"), attribute(case, "name"))).collect();
    assert_eq!(names.len(), cases.len());
    let unsure: usize = rulings.iter().map(|ruling| ruling.findings_that(Stance::Unsure).count()).sum();
    assert_eq!(xml.iter().filter(|(element, _)| element == "skipped").count(), unsure);
}

/// Markdown without its code spans, line by line; a span ends with as many backticks as it began with.
fn outside_of_code(line: &str) -> String {
    let mut outside = String::new();
    let mut rest = line;
    while let Some(start) = rest.find('`') {
        outside.push_str(&rest[..start]);
        let after = rest[start..].trim_start_matches('`');
        let fence = rest[start..].len() - after.len();
        let mut end = 0;
        loop {
            end += after[end..].find('`').expect("a span ends in its line");
            let run = after[end..].len() - after[end..].trim_start_matches('`').len();
            if run == fence {
                break;
            }
            end += run;
        }
        rest = &after[end + fence..];
    }
    outside + rest
}

#[test]
fn the_summary_of_a_step_holds_foreign_text_in_code_spans_only_and_fits() {
    let small = step_summary(&[hostile(60), refused()]);
    for line in small.lines() {
        let outside = outside_of_code(line);
        assert!(!outside.contains(['<', '>', '@', '[', ']', '\\', '$', '!', '~']) && !outside.contains("://"), "{line}");
        if line.starts_with('|') {
            assert_eq!(line.matches('|').count(), 4, "{line}");
        }
    }
    assert!(small.contains("`000000000003 Close the port`, `000000000004` | `ticket-missing`"));
    assert!(small.contains(
        "`SEC-123: Close the port`. For earlier commits, with `reword` in front of each: `git rebase -i 000000000003~1`"
    ));
    let mut large = hostile(1_000);
    for (number, found) in large.findings.iter_mut().enumerate() {
        found.because = format!("{number} {}", "\u{202e}##[`|".repeat(200));
    }
    let rulings: Vec<Ruling> = (0..9).map(|_| large.clone()).collect();
    let text = step_summary(&rulings);
    assert!(text.len() < 1024 * 1024 && text.contains("more ruling"), "{}", text.len());
}

#[test]
fn json_holds_everything_exactly() {
    let ruling = hostile(60);
    let whole = json(Format::Json, &[ruling.clone(), passed()]);
    assert_eq!((whole["schema"].as_str(), whole["verdict"].as_str()), (Some("urn:countersign:gate:1"), Some("refused")));
    let first = &whole["rulings"][0];
    assert_eq!(first["subject"].as_str(), Some(ruling.subject.as_str()));
    assert_eq!(
        texts(&first["commits"], &["subject"]),
        ruling.commits.iter().map(|commit| commit.subject.as_str()).collect::<Vec<_>>()
    );
    assert_eq!(
        texts(&first["findings"], &["because"]),
        ruling.findings.iter().map(|found| found.because.as_str()).collect::<Vec<_>>()
    );
    assert_eq!(first["head"], commit_id(59).to_string());
    assert_eq!(first["head_tree"], "0".repeat(40));
    assert_eq!(first["settings"]["sha256"], "6b".repeat(32));
    let places: Vec<&Value> = first["findings"].as_array().unwrap().iter().map(|found| &found["place"]).collect();
    assert!(places.iter().any(|place| place["path_bytes"] == crate::text::hex(PATHS[4])));
    assert!(
        places.iter().any(|place| place["path"].as_str().map(str::as_bytes) == Some(PATHS[3]) && place["path_bytes"].is_null())
    );
}
