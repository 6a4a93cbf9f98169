//! The gate inside each CI system: the variables and event files as documented, the clone as its checkout makes it.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::support::{Fallible, Run, TestResult, binary, git_at};

const PASSED: i32 = 0;
const REFUSED: i32 = 1;
const INCONCLUSIVE: i32 = 3;
const ZERO: &str = "0000000000000000000000000000000000000000";

/// A server with `main` and proposals to it.
struct Server {
    folder: tempfile::TempDir,
    main: String,
    /// What `main` named before its last commit.
    before: String,
}

/// A proposal: its newest commit and the merge that a forge makes to try it.
struct Proposal {
    head: String,
    trial: String,
}

impl Server {
    fn new() -> Fallible<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("server");
        std::fs::create_dir(&path)?;
        git_at(&path, ["init", "-q", "-b", "main"])?;
        let server = |arguments: &[&str]| git_at(&path, arguments);
        server(&["commit", "-q", "--allow-empty", "-m", "SEC-1 Begin"])?;
        let before = server(&["rev-parse", "HEAD"])?;
        for (branch, message) in [("good", "SEC-2 Close the hole"), ("bad", "Close the hole")] {
            server(&["checkout", "-q", "-b", branch, &before])?;
            std::fs::write(path.join(branch), branch)?;
            server(&["add", "."])?;
            server(&["commit", "-q", "-m", message])?;
        }
        server(&["checkout", "-q", "main"])?;
        server(&["commit", "-q", "--allow-empty", "-m", "SEC-3 Meanwhile"])?;
        let main = server(&["rev-parse", "HEAD"])?;
        Ok(Self { folder, main, before })
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    fn git(&self, arguments: &[&str]) -> Fallible<String> {
        git_at(&self.path(), arguments)
    }

    /// The references under which forges offer a branch as a proposal.
    fn propose(&self, branch: &str) -> Fallible<Proposal> {
        let head = self.git(&["rev-parse", branch])?;
        let tree = self.git(&["rev-parse", &format!("{branch}^{{tree}}")])?;
        let trial = self.git(&["commit-tree", &tree, "-p", &self.main, "-p", &head, "-m", "Merge into main"])?;
        for (reference, id) in [
            ("refs/pull/12/head", &head),
            ("refs/pull/12/merge", &trial),
            ("refs/merge-requests/12/head", &head),
            ("refs/pipelines/1", &trial),
            ("refs/changes/68/18868/3", &head),
        ] {
            self.git(&["update-ref", reference, id])?;
        }
        Ok(Proposal { head, trial })
    }

    /// A clone with the references that a checkout fetches, at a commit without a branch.
    fn checkout(&self, options: &[&str], fetched: &[&str], at: &str) -> Fallible<tempfile::TempDir> {
        let work = tempfile::tempdir()?;
        let url = format!("file://{}", self.path().display());
        git_at(work.path(), ["init", "-q"])?;
        git_at(work.path(), ["remote", "add", "origin", &url])?;
        git_at(work.path(), [&["fetch", "-q", "--no-tags"], options, &["origin"], fetched].concat())?;
        git_at(work.path(), ["checkout", "-q", "--detach", at])?;
        Ok(work)
    }
}

fn gate(folder: &Path, variables: &[(&str, &str)], more: &[&str]) -> Fallible<Run> {
    let arguments = [&["gate", "--from-env"], more].concat();
    Ok(Run::of(&binary().current_dir(folder).envs(variables.iter().copied()).args(arguments).output()?))
}

/// A CI system: its variables for a proposal to `main`, what its checkout fetches and what it has checked out.
struct System {
    name: &'static str,
    variables: fn(&Server, &Proposal, &Path) -> Vec<(&'static str, String)>,
    fetches: &'static [&'static str],
    is_at: fn(&Proposal) -> &str,
    /// Part of the hint where history is missing.
    hint: &'static str,
}

const BRANCHES: &str = "+refs/heads/*:refs/remotes/origin/*";

const SYSTEMS: &[System] = &[
    System {
        name: "GitHub pull_request",
        variables: |_, proposal, folder| github(proposal, folder, "pull_request"),
        fetches: &[BRANCHES, "+refs/pull/12/merge:refs/remotes/pull/12/merge"],
        is_at: |proposal| &proposal.trial,
        hint: "fetch-depth: 0",
    },
    System {
        name: "GitHub pull_request_target",
        variables: |_, proposal, folder| github(proposal, folder, "pull_request_target"),
        fetches: &[BRANCHES, "+refs/pull/12/head:refs/remotes/pull/12/head"],
        is_at: |_| "refs/remotes/origin/main",
        hint: "fetch-depth: 0",
    },
    System {
        name: "GitLab detached",
        variables: |_, proposal, _| gitlab("detached", &proposal.head, ""),
        fetches: &[BRANCHES, "+refs/merge-requests/12/head:refs/pipelines/1"],
        is_at: |proposal| &proposal.head,
        hint: "GIT_DEPTH: 0",
    },
    System {
        name: "GitLab merged results",
        variables: |_, proposal, _| gitlab("merged_result", &proposal.trial, &proposal.head),
        fetches: &[BRANCHES, "+refs/pipelines/1:refs/pipelines/1"],
        is_at: |proposal| &proposal.trial,
        hint: "GIT_DEPTH: 0",
    },
    System {
        name: "Azure",
        variables: |_, proposal, _| {
            named(&[
                ("TF_BUILD", "True"),
                ("BUILD_REASON", "PullRequest"),
                ("BUILD_SOURCEVERSION", &proposal.trial),
                ("SYSTEM_PULLREQUEST_PULLREQUESTID", "12"),
                ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
                ("SYSTEM_PULLREQUEST_SOURCECOMMITID", &proposal.head),
            ])
        },
        fetches: &[BRANCHES, "+refs/pull/12/merge:refs/remotes/pull/12/merge"],
        is_at: |proposal| &proposal.trial,
        hint: "fetchDepth: 0",
    },
    System {
        name: "Bitbucket",
        variables: |server, proposal, _| {
            named(&[
                ("BITBUCKET_BUILD_NUMBER", "5"),
                ("BITBUCKET_PR_ID", "12"),
                ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
                ("BITBUCKET_PR_DESTINATION_COMMIT", &server.main[..12]),
                ("BITBUCKET_COMMIT", &proposal.head),
            ])
        },
        fetches: &[BRANCHES, "+refs/pull/12/merge:refs/remotes/pull/12/merge"],
        is_at: |proposal| &proposal.trial,
        hint: "depth: full",
    },
    System {
        name: "Jenkins",
        variables: |_, proposal, _| {
            named(&[
                ("JENKINS_URL", "https://ci.example.org/"),
                ("BRANCH_NAME", "PR-12"),
                ("CHANGE_ID", "12"),
                ("CHANGE_TARGET", "main"),
                ("CHANGE_TITLE", "SEC-2 Close the hole"),
                ("GIT_COMMIT", &proposal.trial),
            ])
        },
        fetches: &["+refs/pull/12/head:refs/remotes/origin/PR-12", "+refs/heads/main:refs/remotes/origin/main"],
        is_at: |_| "refs/remotes/origin/PR-12",
        hint: "shallow clone",
    },
    System {
        name: "Gerrit Trigger",
        variables: |_, proposal, _| {
            named(&[
                ("JENKINS_URL", "https://ci.example.org/"),
                ("GERRIT_EVENT_TYPE", "patchset-created"),
                ("GERRIT_BRANCH", "main"),
                ("GERRIT_CHANGE_NUMBER", "18868"),
                ("GERRIT_PATCHSET_NUMBER", "3"),
                ("GERRIT_PATCHSET_REVISION", &proposal.head),
            ])
        },
        fetches: &[BRANCHES, "+refs/changes/68/18868/3:refs/changes/68/18868/3"],
        is_at: |proposal| &proposal.head,
        hint: "fetch without depth",
    },
];

fn named(variables: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn github(proposal: &Proposal, folder: &Path, event: &str) -> Vec<(&'static str, String)> {
    named(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", event),
        ("GITHUB_EVENT_PATH", &folder.join("event.json").display().to_string()),
        ("GITHUB_SHA", &proposal.trial),
    ])
}

/// The event file of GitHub; its `base.sha` is old, as it is where a proposal waited.
fn event(server: &Server, proposal: &Proposal) -> String {
    let base = json!({ "ref": "main", "sha": server.before });
    let title = "SEC-2 Close the hole";
    json!({
        "action": "synchronize",
        "number": 12,
        "pull_request": { "number": 12, "title": title, "body": null, "base": base, "head": { "ref": "x", "sha": proposal.head } },
        "repository": { "default_branch": "main" },
    })
    .to_string()
}

fn gitlab(kind: &str, commit: &str, source: &str) -> Vec<(&'static str, String)> {
    named(&[
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_MERGE_REQUEST_EVENT_TYPE", kind),
        ("CI_MERGE_REQUEST_IID", "12"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_MERGE_REQUEST_TITLE", "SEC-2 Close the hole"),
        ("CI_MERGE_REQUEST_DESCRIPTION", ""),
        ("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", source),
        ("CI_COMMIT_SHA", commit),
    ])
}

impl System {
    /// The variables of a proposal, after the files that they name were written.
    fn given(&self, server: &Server, proposal: &Proposal, folder: &Path) -> Fallible<Vec<(&'static str, String)>> {
        std::fs::write(folder.join("event.json"), event(server, proposal))?;
        Ok((self.variables)(server, proposal, folder))
    }

    fn judge(&self, server: &Server, branch: &str, options: &[&str]) -> Fallible<Run> {
        let proposal = server.propose(branch)?;
        let work = server.checkout(options, self.fetches, (self.is_at)(&proposal))?;
        let events = tempfile::tempdir()?;
        let variables = self.given(server, &proposal, events.path())?;
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        gate(work.path(), &variables, &[]).map_err(|error| format!("{}: {error}", self.name).into())
    }
}

#[test]
fn every_system_passes_what_has_a_ticket_and_refuses_what_has_none() -> TestResult {
    let server = Server::new()?;
    for system in SYSTEMS {
        let named = |error| format!("{}: {error}", system.name);
        system.judge(&server, "good", &[])?.expect_exit(PASSED).map_err(named)?;
        let refused = system.judge(&server, "bad", &[])?;
        refused.expect_exit(REFUSED).map_err(named)?;
        assert!(refused.stdout.contains("ticket-missing"), "{}: {}", system.name, refused.stdout);
    }
    Ok(())
}

#[test]
fn a_shallow_checkout_concludes_nothing_and_says_what_to_write() -> TestResult {
    let server = Server::new()?;
    for system in SYSTEMS {
        let run = system.judge(&server, "good", &["--depth=1"])?;
        run.expect_exit(INCONCLUSIVE).map_err(|error| format!("{}: {error}", system.name))?;
        assert!(run.stderr.contains(system.hint), "{}: {}", system.name, run.stderr);
    }
    Ok(())
}

#[test]
fn a_checkout_without_the_target_branch_concludes_nothing() -> TestResult {
    let server = Server::new()?;
    let proposal = server.propose("good")?;
    let events = tempfile::tempdir()?;
    for system in SYSTEMS {
        let work = server.checkout(&[], &["+refs/pull/12/*:refs/remotes/pull/12/*"], &proposal.head)?;
        // What has the target's name and is not the target: a tag, a local branch, a branch of another remote.
        for reference in
            ["refs/tags/main", "refs/heads/main", "refs/heads/origin/main", "refs/remotes/up/main", "refs/tags/origin/main"]
        {
            git_at(work.path(), ["update-ref", reference, &proposal.head])?;
        }
        let variables = system.given(&server, &proposal, events.path())?;
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let run = gate(work.path(), &variables, &[])?;
        run.expect_exit(INCONCLUSIVE).map_err(|error| format!("{}: {error}", system.name))?;
    }
    Ok(())
}

#[test]
fn a_title_that_would_land_without_a_ticket_is_refused() -> TestResult {
    let server = Server::new()?;
    let proposal = server.propose("good")?;
    let system = &SYSTEMS[0];
    let work = server.checkout(&[], system.fetches, &proposal.trial)?;
    let events = tempfile::tempdir()?;
    let variables = system.given(&server, &proposal, events.path())?;
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let file = events.path().join("event.json");
    let event = std::fs::read_to_string(&file)?;
    for title in ["Close the hole", "gitlint-ignore: all [skip ci] ::stop-commands::x", "\u{202e}7-CES", "S\u{415}C-7 homoglyph"]
    {
        std::fs::write(&file, event.replace("SEC-2 Close the hole", title))?;
        let run = gate(work.path(), &variables, &["--format", "github"])?;
        run.expect_exit(REFUSED).map_err(|error| format!("{title}: {error}"))?;
        assert!(!run.stdout.lines().any(|line| line.starts_with("::stop-commands")), "{}", run.stdout);
    }
    for wrong in ["{", "{}", "[]"] {
        std::fs::write(&file, wrong)?;
        gate(work.path(), &variables, &[])?.expect_exit(INCONCLUSIVE)?;
    }
    Ok(())
}

/// GitLab keeps the merge base with the former target when a merge request gets another.
#[test]
fn commits_of_a_former_target_do_not_pass_unseen() -> TestResult {
    let server = Server::new()?;
    let proposal = server.propose("bad")?;
    let work = server.checkout(&[], &[BRANCHES], &proposal.head)?;
    let mut variables = gitlab("detached", &proposal.head, "");
    variables.push(("CI_MERGE_REQUEST_DIFF_BASE_SHA", proposal.head.clone()));
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    gate(work.path(), &variables, &[])?.expect_exit(REFUSED)
}

/// A push on GitLab of a branch that stands at a commit.
fn pushed<'a>(branch: &'a str, before: &'a str, after: &'a str) -> [(&'a str, &'a str); 6] {
    [
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_COMMIT_BRANCH", branch),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_COMMIT_BEFORE_SHA", before),
        ("CI_COMMIT_SHA", after),
    ]
}

#[test]
fn pushes_are_judged_from_what_stood_and_new_branches_from_the_default_branch() -> TestResult {
    let server = Server::new()?;
    let (good, bad) = (server.propose("good")?.head, server.propose("bad")?.head);
    let work = server.checkout(&[], &[BRANCHES], &bad)?;
    let expect = |variables: &[(&str, &str)], exit| {
        gate(work.path(), variables, &[])?.expect_exit(exit).map_err(|error| format!("{variables:?}: {error}").into())
    };
    expect(&pushed("good", &server.before, &good), PASSED)?;
    expect(&pushed("bad", &server.before, &bad), REFUSED)?;
    expect(&pushed("good", ZERO, &good), PASSED)?;
    // The branch itself and others that hold the same commits make them no less new.
    git_at(work.path(), ["update-ref", "refs/remotes/origin/copy", &bad])?;
    expect(&pushed("bad", ZERO, &bad), REFUSED)?;
    // A first push of the default branch: everything is new.
    expect(&pushed("main", ZERO, &server.main), PASSED)?;
    // What stood is gone, as after a force push in a clone that never had it.
    expect(&pushed("bad", &"1".repeat(40), &bad), INCONCLUSIVE)?;
    expect(&pushed("bad", &server.before, &"1".repeat(40)), INCONCLUSIVE)?;
    let tag: Vec<(&str, &str)> = pushed("v1", ZERO, &bad)
        .into_iter()
        .map(|(name, value)| (if name == "CI_COMMIT_BRANCH" { "CI_COMMIT_TAG" } else { name }, value))
        .collect();
    expect(&tag, PASSED)
}

/// Settings come from the target branch's newest commit, also for a proposal that was begun before they existed.
#[test]
fn settings_are_those_of_the_target_branch() -> TestResult {
    let server = Server::new()?;
    std::fs::write(server.path().join("countersign.toml"), "[tickets]\nprojects = [\"OPS\"]\n")?;
    server.git(&["add", "."])?;
    server.git(&["commit", "-q", "-m", "SEC-4 Settings"])?;
    let refused = SYSTEMS[0].judge(&server, "good", &[])?;
    refused.expect_exit(REFUSED)?;
    assert!(refused.stdout.contains("OPS-"), "{}", refused.stdout);
    Ok(())
}

#[test]
fn what_no_range_is_defined_for_concludes_nothing() -> TestResult {
    let server = Server::new()?;
    let work = server.checkout(&[], &[BRANCHES], "refs/remotes/origin/main")?;
    for variables in [
        &[][..],
        &[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "schedule")],
        &[("GITLAB_CI", "true"), ("CI_PIPELINE_SOURCE", "web")],
        &[("TF_BUILD", "True"), ("BUILD_REASON", "Manual")],
        &[("BITBUCKET_BUILD_NUMBER", "5"), ("BITBUCKET_BRANCH", "main")],
        &[("JENKINS_URL", "x"), ("BRANCH_NAME", "main"), ("GIT_COMMIT", &server.main)],
        &[("GITHUB_ACTIONS", "true"), ("GITLAB_CI", "true")],
    ] {
        let run = gate(work.path(), variables, &[])?;
        run.expect_exit(INCONCLUSIVE).map_err(|error| format!("{variables:?}: {error}"))?;
        run.expect_words(&["--from"])?;
    }
    Ok(())
}
