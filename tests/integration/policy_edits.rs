//! Policy objects are followed through a history by what they are called and say, not by files and lines.

use countersign::changes::{self, Change, FactsCache, ParseStatus};
use countersign::repository::{Asked, Bound, Repository};

use crate::support::{Fallible, NewCommit, Stream, TestRepo, TestResult, policy};

fn changes_of(repo: &TestRepo) -> Fallible<Vec<Change>> {
    let repository = Repository::open(&repo.path())?;
    let asked = Asked::Between { from: None, to: Some(Bound::Revision("main".into())) };
    Ok(changes::collect(&repository, repository.history(&asked, None)?.arrivals, &FactsCache::none(), &|| {}))
}

/// The policy edits of a change, one line each: what happened, the object, its files, the fields, and a rule of this stage.
fn edits(change: &Change) -> Vec<String> {
    let line = |edit: &countersign::policies::PolicyEdit| {
        let from = edit.old_path.as_ref().map_or_else(String::new, |path| format!(" from {}", path.to_text()));
        let fields: Vec<&str> = edit.fields.iter().map(|field| &*field.path).collect();
        let fields = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
        let doubt = if edit.verdicts.iter().any(|verdict| verdict.rule == "side-unreadable") { " in doubt" } else { "" };
        format!("{} {} in {}{from}{fields}{doubt}", edit.kind.word(), edit.object, edit.path.to_text())
    };
    change.commit.policy_edits.iter().map(line).collect()
}

/// The status of the only file of a change, and whether it shows a policy.
fn obstacle(change: &Change) -> Option<(&str, bool)> {
    match &change.commit.file_edits[0].parse {
        ParseStatus::Unreadable(obstacle) => Some((&*obstacle.reason, obstacle.shows_policy)),
        ParseStatus::NotLookedAt | ParseStatus::Scanned | ParseStatus::Parsed => None,
    }
}

/// Files written, and files removed.
type Step<'a> = (&'a [(&'a str, &'a str)], &'a [&'a str]);

/// A history in which each step writes and removes files.
fn history(steps: &[Step<'_>]) -> Fallible<Vec<Change>> {
    let mut stream = Stream::default();
    for (files, removed) in steps {
        stream.next(&NewCommit { files: files.to_vec(), removed: removed.to_vec(), ..NewCommit::default() });
    }
    changes_of(&stream.into_repo()?)
}

fn named(name: &str, port: u32) -> String {
    policy(port).replace("name: ingress", &format!("name: {name}"))
}

const OBJECT: &str = "networking.k8s.io/NetworkPolicy";

#[test]
fn format_and_comments_are_no_edit_and_values_are() -> TestResult {
    let plain = policy(80);
    let other_format = "# A comment\n---\n{kind: \"NetworkPolicy\", spec: {ingress: [{ports: [{port: 0x50}]}], podSelector: {}},\n\
                        metadata: {name: 'ingress'}, apiVersion: networking.k8s.io/v1}\n";
    let changes = history(&[
        (&[("np.yaml", &plain)], &[]),
        (&[("np.yaml", other_format)], &[]),
        (&[("np.yaml", &policy(443))], &[]),
        (&[("README.md", "x")], &["np.yaml"]),
    ])?;
    assert_eq!(edits(&changes[0]), [format!("added {OBJECT} ingress in np.yaml")]);
    assert_eq!(edits(&changes[1]), [""; 0]);
    assert_eq!(edits(&changes[2]), [format!("modified {OBJECT} ingress in np.yaml (spec.ingress[0].ports[0].port)")]);
    assert_eq!(edits(&changes[3]), [format!("removed {OBJECT} ingress in np.yaml")]);
    let field = &changes[2].commit.policy_edits[0].fields[0];
    assert_eq!((field.before.as_deref(), field.after.as_deref(), field.line), (Some("80"), Some("443"), 9));
    Ok(())
}

#[test]
fn identity_survives_renamed_split_and_merged_files() -> TestResult {
    let (a, b) = (named("a", 1), named("b", 1));
    let both = format!("{a}---\n{b}");
    let changes = history(&[
        (&[("x/both.yaml", &both)], &[]),
        (&[("y/both.yaml", &both)], &["x/both.yaml"]),
        (&[("y/a.yaml", &a), ("y/b.yaml", &b)], &["y/both.yaml"]),
        (&[("z.yaml", &format!("{}---\n{b}", named("a", 2)))], &["y/a.yaml", "y/b.yaml"]),
        (&[("z.yaml.disabled", &both)], &["z.yaml"]),
    ])?;
    let moved = |name: &str, to: &str, from: &str| format!("moved {OBJECT} {name} in {to} from {from}");
    assert_eq!(edits(&changes[1]), [moved("a", "y/both.yaml", "x/both.yaml"), moved("b", "y/both.yaml", "x/both.yaml")]);
    assert_eq!(edits(&changes[2]), [moved("a", "y/a.yaml", "y/both.yaml"), moved("b", "y/b.yaml", "y/both.yaml")]);
    let port = "spec.ingress[0].ports[0].port";
    let modified = format!("modified {OBJECT} a in z.yaml from y/a.yaml ({port})");
    assert_eq!(edits(&changes[3]), [modified, moved("b", "z.yaml", "y/b.yaml")]);
    assert_eq!(edits(&changes[4]), [format!("removed {OBJECT} a in z.yaml"), format!("removed {OBJECT} b in z.yaml")]);
    Ok(())
}

#[test]
fn copies_in_overlays_are_different_copies() -> TestResult {
    let (one, two) = (policy(1), policy(2));
    let changes = history(&[
        (&[("base/np.yaml", &one), ("production/np.yaml", &one)], &[]),
        (&[("staging/np.yaml", &one)], &[]),
        (&[("production/np.yaml", &two)], &["staging/np.yaml"]),
        (&[("live/prod.yaml", &two), ("live/base.yaml", &one)], &["base/np.yaml", "production/np.yaml"]),
    ])?;
    assert_eq!(edits(&changes[1]), [format!("added {OBJECT} ingress in staging/np.yaml")]);
    let modified = format!("modified {OBJECT} ingress in production/np.yaml (spec.ingress[0].ports[0].port)");
    assert_eq!(edits(&changes[2]), [modified, format!("removed {OBJECT} ingress in staging/np.yaml")]);
    let moved = |to: &str, from: &str| format!("moved {OBJECT} ingress in live/{to}.yaml from {from}/np.yaml");
    assert_eq!(edits(&changes[3]), [moved("base", "base"), moved("prod", "production")]);
    Ok(())
}

#[test]
fn without_a_name_only_the_same_file_is_followed() -> TestResult {
    let unnamed = |port| policy(port).replace("  name: ingress\n", "  labels: {}\n");
    let changes = history(&[
        (&[("np.yaml", &unnamed(1))], &[]),
        (&[("np.yaml", &unnamed(2))], &[]),
        (&[("other.yaml", &unnamed(3))], &["np.yaml"]),
    ])?;
    let object = format!("{OBJECT} (without a name)");
    assert_eq!(edits(&changes[1]), [format!("modified {object} in np.yaml (spec.ingress[0].ports[0].port)")]);
    assert_eq!(edits(&changes[2]), [format!("removed {object} in np.yaml"), format!("added {object} in other.yaml")]);
    Ok(())
}

#[test]
fn what_cannot_be_read_is_said_and_never_taken_for_a_removal() -> TestResult {
    let broken = format!("{}  x: [\n", policy(1));
    let template = format!("{{{{- if .Values.on }}}}\n{}{{{{- end }}}}\n", policy(1));
    let changes = history(&[
        (&[("np.yaml", &policy(1))], &[]),
        (&[("np.yaml", &broken)], &[]),
        (&[("np.yaml", &policy(2))], &[]),
        (&[("np.yaml", &template)], &[]),
        (&[("np.yaml", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")], &[]),
        (&[("np.yaml", "kind: values\n")], &[]),
    ])?;
    let in_doubt = |word: &str| vec![format!("{word} {OBJECT} ingress in np.yaml in doubt")];
    assert_eq!(
        changes.iter().map(edits).collect::<Vec<_>>()[1..4],
        [in_doubt("removed"), in_doubt("added"), in_doubt("removed")]
    );
    let reasons: Vec<_> = changes.iter().map(|change| obstacle(change).unwrap_or_default()).collect();
    assert_eq!(reasons[0], ("", false));
    assert!(reasons[1].0.starts_with("line ") && reasons[1].1, "{:?}", reasons[1]);
    assert!(reasons[2].0.starts_with("before the change: line ") && reasons[2].1, "{:?}", reasons[2]);
    assert!(reasons[3].0.contains("template") && reasons[3].1, "{:?}", reasons[3]);
    assert!(reasons[4].0.contains("LFS"), "{:?}", reasons[4]);
    assert!(reasons[5].0.contains("LFS") && !reasons[5].1, "{:?}", reasons[5]);
    Ok(())
}

#[test]
fn what_leads_elsewhere_is_not_followed() -> TestResult {
    let mut stream = Stream::default();
    stream.next(&NewCommit { files: vec![("np.yaml", &policy(1))], ..NewCommit::default() });
    let repo = stream.into_repo()?;
    let step = |line: &str| {
        format!(
            "commit refs/heads/main\ncommitter A <a@example.com> 1767614500 +0000\ndata 1\nx\nfrom refs/heads/main^0\n{line}\n"
        )
    };
    repo.feed(step("M 120000 inline np.yaml\ndata 5\n/etc/").as_bytes())?;
    repo.feed(step(&format!("M 160000 {} charts", "1".repeat(40))).as_bytes())?;
    let changes = changes_of(&repo)?;
    assert_eq!(edits(&changes[1]), [format!("removed {OBJECT} ingress in np.yaml in doubt")]);
    assert_eq!(obstacle(&changes[1]), Some(("a symbolic link, which is not followed", true)));
    assert!(obstacle(&changes[2]).is_some_and(|(reason, shows_policy)| reason.contains("submodule") && !shows_policy));
    Ok(())
}
