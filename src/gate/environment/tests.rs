//! Environments as the systems document them, and as somebody would write them who wants to get through.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Chosen, Description, Environment, EnvironmentError, Event, MOST_EVENT_BYTES, choose};

const OLD: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";
const NEW: &str = "fedcba98765432100123456789abcdef89abcdef";
const TRIAL: &str = "7777777777777777777777777777777777777777";
const ZERO: &str = "0000000000000000000000000000000000000000";
const EVENT_FILE: &str = "/home/runner/event.json";

#[derive(Clone, Default)]
struct Given {
    variables: BTreeMap<String, String>,
    event: Vec<u8>,
}

impl Environment for Given {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        if path == EVENT_FILE && !self.event.is_empty() { Ok(self.event.clone()) } else { Err(format!("{path} cannot be read")) }
    }
}

impl Given {
    fn new(variables: &[(&str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { variables, event: Vec::new() }
    }

    fn with(&self, name: &str, value: &str) -> Self {
        let mut given = self.clone();
        given.variables.insert(name.to_owned(), value.to_owned());
        given
    }

    fn without(&self, name: &str) -> Self {
        let mut given = self.clone();
        assert!(given.variables.remove(name).is_some(), "{name} was not set");
        given
    }

    fn chosen(&self) -> Chosen {
        choose(self).unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// The problem of an environment that is recognised and not usable.
    fn problem(&self) -> String {
        match choose(self) {
            Err(EnvironmentError::Unusable { problem, hint, .. }) => {
                assert!(hint.contains("--from and --to"), "{hint}");
                assert!(!problem.chars().any(char::is_control), "{problem:?}");
                problem
            }
            other => panic!("{other:?}"),
        }
    }

    /// Every variable must be there; of `names`, each one taken away is an error that names it.
    fn needs(&self, names: &[&str]) {
        for name in names {
            assert!(self.without(name).problem().contains(name), "{name}");
            assert!(self.with(name, "").problem().contains(name), "{name}");
        }
    }

    /// No value of an id that is none is taken.
    fn refuses_as_id(&self, name: &str) {
        for value in ["main", "--output=x", "0a1b2c3d4e5f", &OLD[1..], &format!("{OLD}0"), &format!("{}\n", &OLD[1..]), ZERO] {
            assert!(self.with(name, value).problem().starts_with(name), "{name}={value}");
        }
        let plus = format!("+{}", &OLD[1..]);
        assert!(self.with(name, &plus).problem().starts_with(name), "{name}={plus}");
    }

    /// No value of a name that Git does not allow is taken.
    fn refuses_as_name(&self, name: &str) {
        for value in ["-x", "--upload-pack=x", "a b", "a\nb", "a\u{1b}[2J", "a..b", "x@{1}", "HEAD", "main~1", "main:x", "a//b"] {
            assert!(self.with(name, value).problem().starts_with(name), "{name}={value:?}");
        }
    }
}

fn proposal(target: &str, head: &str, text: Option<(&str, Description)>) -> Event {
    let text = text.map(|(title, description)| super::ProposalText { title: title.to_owned(), description });
    Event::Proposal { target: vec![format!("refs/remotes/origin/{target}")], head: head.to_owned(), text }
}

fn push(reference: &str, before: Option<&str>, after: &str, default_branch: Option<&str>) -> Event {
    Event::Push {
        reference: reference.to_owned(),
        before: before.map(str::to_owned),
        after: after.to_owned(),
        default_branch: default_branch.map(|name| format!("refs/remotes/origin/{name}")),
    }
}

fn told(text: &str) -> Description {
    Description::Told(text.to_owned())
}

// GitHub Actions

fn github(name: &str, event: &Value) -> Given {
    let given = Given::new(&[
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", name),
        ("GITHUB_EVENT_PATH", EVENT_FILE),
        ("GITHUB_SHA", TRIAL),
        ("GITHUB_REF", "refs/pull/12/merge"),
    ]);
    Given { event: event.to_string().into_bytes(), ..given }
}

fn pull_request_event() -> Value {
    json!({
        "action": "synchronize",
        "number": 12,
        "before": OLD,
        "after": NEW,
        "pull_request": {
            "number": 12,
            "title": "SEC-7 Close the hole",
            "body": "Second line\r\n\r\nTicket: SEC-7",
            "base": { "ref": "main", "sha": OLD, "repo": { "default_branch": "main" } },
            "head": { "ref": "feature/hole", "sha": NEW },
            "merge_commit_sha": TRIAL,
        },
        "repository": { "default_branch": "main" },
    })
}

fn push_event() -> Value {
    json!({
        "ref": "refs/heads/release", "before": OLD, "after": NEW, "created": false, "deleted": false, "forced": false,
        "base_ref": null, "commits": [{ "id": NEW, "message": "x" }], "repository": { "default_branch": "main" },
    })
}

/// The same event with another value at a place such as `/pull_request/base/ref`.
fn changed(mut event: Value, place: &str, value: Value) -> Value {
    *event.pointer_mut(place).unwrap() = value;
    event
}

#[test]
fn a_pull_request_of_github_is_judged_against_the_fetched_branch_and_never_as_the_trial_merge() {
    let chosen = github("pull_request", &pull_request_event()).chosen();
    let text = ("SEC-7 Close the hole", told("Second line\r\n\r\nTicket: SEC-7"));
    assert_eq!(chosen.event, proposal("main", NEW, Some(text)));
    assert_eq!((chosen.system, chosen.subject.as_str()), ("GitHub Actions, pull request", "pull request 12 to main"));
    assert!(chosen.fetch.contains("fetch-depth: 0") && chosen.because.len() == 3, "{chosen:?}");
    let target = github("pull_request_target", &pull_request_event()).chosen();
    assert_eq!(target.event, chosen.event);
    assert!(target.fetch.contains("refs/pull/"), "{target:?}");
    for body in [Value::Null, json!("")] {
        let without = github("pull_request", &changed(pull_request_event(), "/pull_request/body", body)).chosen();
        assert_eq!(without.event, proposal("main", NEW, Some(("SEC-7 Close the hole", told("")))));
    }
    let odd = changed(pull_request_event(), "/pull_request/base/ref", json!("release/$(id)`x`;'\u{202e}"));
    let chosen = github("pull_request", &odd).chosen();
    assert_eq!(
        chosen.event,
        proposal("release/$(id)`x`;'\u{202e}", NEW, Some(("SEC-7 Close the hole", told("Second line\r\n\r\nTicket: SEC-7"))))
    );
    assert!(!chosen.subject.contains('\u{202e}') && !chosen.because.concat().contains('\u{202e}'), "{chosen:?}");
}

#[test]
fn pushes_of_github_are_told_apart() {
    let event = |pairs: &[(&str, Value)]| {
        let event = pairs.iter().fold(push_event(), |event, (place, value)| changed(event, place, value.clone()));
        github("push", &event).chosen()
    };
    assert_eq!(event(&[]).event, push("refs/heads/release", Some(OLD), NEW, Some("main")));
    assert_eq!(event(&[("/ref", json!("refs/heads/main"))]).event, push("refs/heads/main", Some(OLD), NEW, None));
    let new = event(&[("/before", json!(ZERO)), ("/created", json!(true))]);
    assert_eq!(new.event, push("refs/heads/release", None, NEW, Some("main")));
    let first = event(&[("/before", json!(ZERO)), ("/created", json!(true)), ("/ref", json!("refs/heads/main"))]);
    assert_eq!(first.event, push("refs/heads/main", None, NEW, None));
    let tag = event(&[("/before", json!(ZERO)), ("/created", json!(true)), ("/ref", json!("refs/tags/v1"))]);
    assert_eq!(tag.event, push("refs/tags/v1", None, NEW, Some("main")));
    let forced = event(&[("/forced", json!(true))]);
    assert_eq!(forced.event, push("refs/heads/release", Some(OLD), NEW, Some("main")));
    assert!(forced.because.iter().any(|because| because.contains("rewritten")));
    let gone = event(&[("/after", json!(ZERO)), ("/deleted", json!(true))]);
    assert_eq!(gone.event, Event::Deletion { reference: "refs/heads/release".to_owned() });
    let long = ("ab".repeat(32), "CD".repeat(32));
    let sha256 = event(&[("/before", json!(long.0)), ("/after", json!(long.1))]);
    assert_eq!(sha256.event, push("refs/heads/release", Some(&long.0), &long.1.to_lowercase(), Some("main")));
}

#[test]
fn a_push_of_github_that_contradicts_itself_is_refused() {
    for (place, value, word) in [
        ("/deleted", json!(true), ".deleted"),
        ("/after", json!(ZERO), ".deleted"),
        ("/created", json!(true), ".created"),
        ("/before", json!(ZERO), ".created"),
        ("/before", json!("main"), ".before"),
        ("/after", json!("-x"), ".after"),
        ("/ref", json!("release"), ".ref"),
        ("/ref", json!("refs/heads/-x"), ".ref"),
        ("/ref", json!("refs/heads/a\u{0}b"), ".ref"),
        ("/created", json!("false"), ".created"),
        ("/forced", Value::Null, ".forced"),
        ("/repository", json!([]), ".repository.default_branch"),
        ("/repository/default_branch", json!("a b"), ".repository.default_branch"),
    ] {
        let problem = github("push", &changed(push_event(), place, value)).problem();
        assert!(problem.contains(word), "{place}: {problem}");
    }
}

#[test]
fn the_merge_queue_of_github_is_a_push_to_come() {
    let event = json!({
        "action": "checks_requested",
        "merge_group": {
            "head_sha": NEW, "head_ref": "refs/heads/gh-readonly-queue/main/pr-12-0a1b", "base_sha": OLD, "base_ref": "refs/heads/main",
        },
        "repository": { "default_branch": "main" },
    });
    let chosen = github("merge_group", &event).chosen();
    assert_eq!(chosen.event, push("refs/heads/main", Some(OLD), NEW, None));
    assert_eq!(chosen.system, "GitHub Actions, merge queue");
    assert!(github("merge_group", &changed(event.clone(), "/action", json!("destroyed"))).problem().contains("destroyed"));
    for place in ["/merge_group/base_sha", "/merge_group/head_sha"] {
        assert!(github("merge_group", &changed(event.clone(), place, json!(ZERO))).problem().contains("all zeros"));
    }
}

#[test]
fn an_event_of_github_that_is_wrong_is_named_by_its_place() {
    for (place, value, wanted) in [
        ("/action", json!("closed"), "closed"),
        ("/action", Value::Null, ".action"),
        ("/pull_request", Value::Null, ".pull_request.base.ref"),
        ("/pull_request", json!("x"), ".pull_request.base.ref"),
        ("/pull_request/base", json!([]), ".pull_request.base.ref"),
        ("/pull_request/base/ref", json!(5), "another number at .pull_request.base.ref"),
        ("/pull_request/base/ref", json!("--upload-pack=x"), ".pull_request.base.ref"),
        ("/pull_request/base/ref", json!("a\u{7}b"), ".pull_request.base.ref"),
        ("/pull_request/head/sha", json!(ZERO), ".pull_request.head.sha is all zeros"),
        ("/pull_request/head/sha", json!("HEAD"), ".pull_request.head.sha"),
        ("/pull_request/head/sha", json!(["x"]), "a list at .pull_request.head.sha"),
        ("/pull_request/title", Value::Null, "nothing at .pull_request.title"),
        ("/pull_request/body", json!({}), "an object at .pull_request.body"),
        ("/pull_request/number", json!("12"), ".pull_request.number"),
        ("/pull_request/number", json!(-1), ".pull_request.number"),
    ] {
        let problem = github("pull_request", &changed(pull_request_event(), place, value)).problem();
        assert!(problem.contains(wanted), "{place}: {problem}");
    }
}

#[test]
fn an_event_file_of_github_that_is_none_is_refused() {
    let given = github("pull_request", &pull_request_event());
    let deep = "[".repeat(100_000);
    let twice = format!(r#"{{"pull_request": {}, "pull_request": 1}}"#, pull_request_event()["pull_request"]);
    for bytes in ["{", "[]", "null", "\u{feff}{}", "{}", deep.as_str(), twice.as_str(), r#"{"pull_request":{"base":"\ud800"}}"#] {
        let _ = Given { event: bytes.as_bytes().to_vec(), ..given.clone() }.problem();
    }
    let _ = Given { event: b"{\"action\":\"\xff\"}".to_vec(), ..given.clone() }.problem();
    let mut large = pull_request_event().to_string().into_bytes();
    large.resize(MOST_EVENT_BYTES + 1, b' ');
    assert!(Given { event: large, ..given.clone() }.problem().contains("more than"));
    assert!(given.with("GITHUB_EVENT_PATH", "/nowhere").problem().contains("/nowhere cannot be read"));
    given.needs(&["GITHUB_EVENT_NAME", "GITHUB_EVENT_PATH"]);
    for trigger in
        ["schedule", "workflow_dispatch", "issue_comment", "pull_request_review", "repository_dispatch", "delete", "x\u{1b}"]
    {
        let _ = given.with("GITHUB_EVENT_NAME", trigger).problem();
    }
}

// GitLab CI

fn merge_request(kind: &str) -> Given {
    let given = Given::new(&[
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_MERGE_REQUEST_EVENT_TYPE", kind),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", TRIAL),
        ("CI_MERGE_REQUEST_TITLE", "SEC-7 Close the hole"),
        ("CI_MERGE_REQUEST_DESCRIPTION", "Why"),
        ("CI_COMMIT_BEFORE_SHA", ZERO),
        ("CI_COMMIT_REF_NAME", "feature/hole"),
        ("CI_DEFAULT_BRANCH", "main"),
    ]);
    match kind {
        "detached" => given.with("CI_COMMIT_SHA", NEW).with("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", ""),
        _ => given
            .with("CI_COMMIT_SHA", TRIAL)
            .with("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA", NEW)
            .with("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", OLD),
    }
}

fn gitlab_push() -> Given {
    Given::new(&[
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("CI_COMMIT_BRANCH", "feature/hole"),
        ("CI_COMMIT_BEFORE_SHA", OLD),
        ("CI_COMMIT_SHA", NEW),
        ("CI_DEFAULT_BRANCH", "main"),
    ])
}

#[test]
fn merge_request_pipelines_of_gitlab_take_the_source_branch_and_never_the_trial_merge() {
    for kind in ["detached", "merged_result", "merge_train"] {
        let given = merge_request(kind);
        let chosen = given.chosen();
        assert_eq!(chosen.event, proposal("main", NEW, Some(("SEC-7 Close the hole", told("Why")))), "{kind}");
        assert_eq!(chosen.subject, "merge request 7 to main");
        assert!(chosen.fetch.contains("GIT_DEPTH: 0"));
        given.needs(&["CI_MERGE_REQUEST_EVENT_TYPE", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_MERGE_REQUEST_IID"]);
        given.needs(&["CI_MERGE_REQUEST_TITLE", "CI_PIPELINE_SOURCE"]);
        given.refuses_as_name("CI_MERGE_REQUEST_TARGET_BRANCH_NAME");
        let head = if kind == "detached" { "CI_COMMIT_SHA" } else { "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA" };
        given.needs(&[head]);
        given.refuses_as_id(head);
        for number in ["", "x", "1 ", "-1", "12345678901234567890"] {
            assert!(given.with("CI_MERGE_REQUEST_IID", number).problem().starts_with("CI_MERGE_REQUEST_IID"));
        }
    }
    assert!(merge_request("detached").with("CI_MERGE_REQUEST_EVENT_TYPE", "other").problem().contains("'other'"));
}

#[test]
fn a_description_that_gitlab_cut_or_does_not_tell_is_said_to_be_so() {
    let description = |given: Given| match given.chosen().event {
        Event::Proposal { text: Some(text), .. } => text.description,
        other @ (Event::Proposal { .. } | Event::Push { .. } | Event::Deletion { .. }) => panic!("{other:?}"),
    };
    let given = merge_request("detached");
    let long = "ä".repeat(2700);
    let with = |text: &str, flag: &str| {
        given.with("CI_MERGE_REQUEST_DESCRIPTION", text).with("CI_MERGE_REQUEST_DESCRIPTION_IS_TRUNCATED", flag)
    };
    assert_eq!(description(given.without("CI_MERGE_REQUEST_DESCRIPTION")), Description::NotTold);
    assert_eq!(description(with("", "false")), told(""));
    assert_eq!(description(with(&long, "false")), told(&long));
    assert_eq!(description(with("x", "true")), Description::Cut("x".to_owned()));
    assert_eq!(description(with(&long, "")), Description::Cut(long.clone()));
    assert_eq!(description(with(&long[2..], "")), told(&long[2..]));
}

#[test]
fn pushes_of_gitlab_are_told_apart() {
    let given = gitlab_push();
    assert_eq!(given.chosen().event, push("refs/heads/feature/hole", Some(OLD), NEW, Some("main")));
    let main = given.with("CI_COMMIT_BRANCH", "main");
    assert_eq!(main.chosen().event, push("refs/heads/main", Some(OLD), NEW, None));
    assert_eq!(main.with("CI_COMMIT_BEFORE_SHA", ZERO).chosen().event, push("refs/heads/main", None, NEW, None));
    let new = given.with("CI_COMMIT_BEFORE_SHA", ZERO).chosen();
    assert_eq!(new.event, push("refs/heads/feature/hole", None, NEW, Some("main")));
    let tag = given.without("CI_COMMIT_BRANCH").with("CI_COMMIT_TAG", "v1").with("CI_COMMIT_BEFORE_SHA", ZERO);
    assert_eq!(tag.chosen().event, push("refs/tags/v1", None, NEW, Some("main")));
    tag.refuses_as_name("CI_COMMIT_TAG");
    given.refuses_as_name("CI_COMMIT_BRANCH");
    given.refuses_as_name("CI_DEFAULT_BRANCH");
    given.refuses_as_id("CI_COMMIT_SHA");
    given.needs(&["CI_COMMIT_BRANCH", "CI_COMMIT_BEFORE_SHA", "CI_COMMIT_SHA", "CI_DEFAULT_BRANCH"]);
    assert!(given.with("CI_COMMIT_TAG", "v1").problem().contains("CI_COMMIT_TAG is 'v1' and"));
    assert!(given.with("CI_COMMIT_BEFORE_SHA", "main").problem().starts_with("CI_COMMIT_BEFORE_SHA"));
    for source in ["schedule", "web", "api", "trigger", "chat", "parent_pipeline", "pipeline", "external_pull_request_event"] {
        assert!(given.with("CI_PIPELINE_SOURCE", source).problem().contains(source));
    }
}

// Azure Pipelines

fn azure_pull_request() -> Given {
    Given::new(&[
        ("TF_BUILD", "True"),
        ("BUILD_REASON", "PullRequest"),
        ("BUILD_SOURCEBRANCH", "refs/pull/12/merge"),
        ("BUILD_SOURCEVERSION", TRIAL),
        ("SYSTEM_PULLREQUEST_PULLREQUESTID", "12"),
        ("SYSTEM_PULLREQUEST_SOURCEBRANCH", "refs/heads/feature/hole"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
        ("SYSTEM_PULLREQUEST_SOURCECOMMITID", NEW),
    ])
}

#[test]
fn a_pull_request_of_azure_is_judged_as_proposed() {
    let given = azure_pull_request();
    let chosen = given.chosen();
    assert_eq!(chosen.event, proposal("main", NEW, None));
    assert_eq!(chosen.subject, "pull request 12 to main");
    assert!(chosen.fetch.contains("fetchDepth: 0"));
    let from_github =
        given.with("SYSTEM_PULLREQUEST_TARGETBRANCH", "main").with("SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", "3").chosen();
    assert_eq!((from_github.event, from_github.subject.as_str()), (chosen.event, "pull request 3 to main"));
    given.needs(&["BUILD_REASON", "SYSTEM_PULLREQUEST_TARGETBRANCH", "SYSTEM_PULLREQUEST_PULLREQUESTID"]);
    given.needs(&["SYSTEM_PULLREQUEST_SOURCECOMMITID"]);
    given.refuses_as_name("SYSTEM_PULLREQUEST_TARGETBRANCH");
    given.refuses_as_id("SYSTEM_PULLREQUEST_SOURCECOMMITID");
    assert!(given.with("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/-x").problem().contains("TARGETBRANCH"));
}

#[test]
fn a_branch_of_azure_has_no_range_and_a_tag_is_new() {
    let given = Given::new(&[
        ("TF_BUILD", "True"),
        ("BUILD_REASON", "IndividualCI"),
        ("BUILD_SOURCEBRANCH", "refs/heads/main"),
        ("BUILD_SOURCEVERSION", NEW),
    ]);
    for reason in ["IndividualCI", "BatchedCI"] {
        let given = given.with("BUILD_REASON", reason);
        assert!(given.problem().contains("'refs/heads/main', and no variable holds what it named before"));
        let tag = given.with("BUILD_SOURCEBRANCH", "refs/tags/v1");
        assert_eq!(tag.chosen().event, push("refs/tags/v1", None, NEW, None));
        tag.refuses_as_id("BUILD_SOURCEVERSION");
        tag.needs(&["BUILD_SOURCEBRANCH", "BUILD_SOURCEVERSION"]);
        tag.refuses_as_name("BUILD_SOURCEBRANCH");
    }
    for reason in ["Manual", "Schedule", "BuildCompletion", "ResourceTrigger", "ValidateShelveset", "CheckInShelveset"] {
        assert!(given.with("BUILD_REASON", reason).problem().contains(reason));
    }
}

// Bitbucket Pipelines

#[test]
fn bitbucket_tells_of_pull_requests_and_tags_but_not_what_a_branch_named() {
    let given = Given::new(&[
        ("BITBUCKET_BUILD_NUMBER", "99"),
        ("BITBUCKET_COMMIT", NEW),
        ("BITBUCKET_BRANCH", "feature/hole"),
        ("BITBUCKET_PR_ID", "12"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
        ("BITBUCKET_PR_DESTINATION_COMMIT", "0a1b2c3d4e5f"),
    ]);
    let chosen = given.chosen();
    assert_eq!(chosen.event, proposal("main", NEW, None));
    assert!(chosen.fetch.contains("depth: full") && chosen.subject == "pull request 12 to main");
    given.needs(&["BITBUCKET_COMMIT", "BITBUCKET_PR_DESTINATION_BRANCH"]);
    given.refuses_as_name("BITBUCKET_PR_DESTINATION_BRANCH");
    given.refuses_as_id("BITBUCKET_COMMIT");
    assert!(given.with("BITBUCKET_PR_ID", "$(id)").problem().starts_with("BITBUCKET_PR_ID"));
    let branch = given.without("BITBUCKET_PR_ID");
    assert!(branch.problem().contains("'feature/hole', and no variable holds what it named before"));
    let neither = branch.without("BITBUCKET_BRANCH");
    assert!(neither.problem().starts_with("none of BITBUCKET_PR_ID"));
    let tag = neither.with("BITBUCKET_TAG", "v1");
    assert_eq!(tag.chosen().event, push("refs/tags/v1", None, NEW, None));
    tag.refuses_as_name("BITBUCKET_TAG");
    assert!(tag.with("BITBUCKET_BRANCH", "main").problem().starts_with("both"));
}

// Jenkins

fn jenkins() -> Given {
    Given::new(&[("JENKINS_URL", "https://ci.example.org/"), ("BUILD_NUMBER", "5"), ("GIT_COMMIT", NEW)])
}

#[test]
fn a_change_request_of_jenkins_is_judged_by_the_references_of_its_branch_source() {
    let given = jenkins()
        .with("BRANCH_NAME", "PR-12")
        .with("CHANGE_ID", "12")
        .with("CHANGE_TARGET", "main")
        .with("CHANGE_BRANCH", "feature/hole")
        .with("CHANGE_TITLE", "SEC-7 Close the hole")
        .with("GIT_COMMIT", TRIAL);
    let chosen = given.chosen();
    let text = ("SEC-7 Close the hole", Description::NotTold);
    assert_eq!(chosen.event, proposal("main", "refs/remotes/origin/PR-12", Some(text)));
    assert_eq!(given.without("CHANGE_TITLE").chosen().event, proposal("main", "refs/remotes/origin/PR-12", None));
    given.needs(&["BRANCH_NAME", "CHANGE_TARGET", "CHANGE_ID"]);
    given.refuses_as_name("BRANCH_NAME");
    given.refuses_as_name("CHANGE_TARGET");
    assert!(given.with("CHANGE_TARGET", "PR-12").problem().contains("are the same"));
}

#[test]
fn a_branch_of_jenkins_is_judged_from_the_last_build_that_passed() {
    let plain = jenkins().with("GIT_BRANCH", "origin/main").with("GIT_PREVIOUS_COMMIT", TRIAL);
    assert_eq!(plain.chosen().event, push("refs/heads/main", Some(TRIAL), NEW, None));
    let passed = plain.with("GIT_PREVIOUS_SUCCESSFUL_COMMIT", OLD);
    assert_eq!(passed.chosen().event, push("refs/heads/main", Some(OLD), NEW, None));
    let multibranch = passed.with("BRANCH_NAME", "release/1").with("GIT_BRANCH", "release/1");
    assert_eq!(multibranch.chosen().event, push("refs/heads/release/1", Some(OLD), NEW, None));
    assert!(plain.without("GIT_PREVIOUS_COMMIT").problem().starts_with("neither GIT_PREVIOUS_SUCCESSFUL_COMMIT"));
    passed.refuses_as_id("GIT_COMMIT");
    passed.refuses_as_id("GIT_PREVIOUS_SUCCESSFUL_COMMIT");
    plain.refuses_as_id("GIT_PREVIOUS_COMMIT");
    passed.needs(&["GIT_COMMIT", "GIT_BRANCH"]);
    for branch in ["main", "upstream/main", "detached", "origin/-x", "origin/a b"] {
        assert!(passed.with("GIT_BRANCH", branch).problem().starts_with("GIT_BRANCH"), "{branch}");
    }
    let tag = jenkins().with("TAG_NAME", "v1").with("BRANCH_NAME", "v1");
    assert_eq!(tag.chosen().event, push("refs/tags/v1", None, NEW, None));
    tag.refuses_as_name("TAG_NAME");
    tag.refuses_as_id("GIT_COMMIT");
}

// Gerrit

fn gerrit() -> Given {
    Given::new(&[
        ("GERRIT_EVENT_TYPE", "patchset-created"),
        ("GERRIT_BRANCH", "main"),
        ("GERRIT_CHANGE_NUMBER", "18868"),
        ("GERRIT_PATCHSET_NUMBER", "3"),
        ("GERRIT_PATCHSET_REVISION", NEW),
        ("GERRIT_REFSPEC", "refs/changes/68/18868/3"),
        ("GERRIT_CHANGE_SUBJECT", "SEC-7 Close the hole"),
    ])
}

#[test]
fn a_patch_set_of_gerrit_is_judged_inside_jenkins_and_without_it() {
    let inside =
        gerrit().with("JENKINS_URL", "https://ci.example.org/").with("GIT_COMMIT", TRIAL).with("GIT_BRANCH", "origin/main");
    for given in [gerrit(), inside] {
        let chosen = given.chosen();
        assert_eq!(chosen.event, proposal("main", NEW, None));
        assert_eq!(chosen.subject, "change 18868, patch set 3, to main");
        given.needs(&["GERRIT_EVENT_TYPE", "GERRIT_BRANCH", "GERRIT_PATCHSET_REVISION"]);
        given.needs(&["GERRIT_CHANGE_NUMBER", "GERRIT_PATCHSET_NUMBER"]);
        given.refuses_as_name("GERRIT_BRANCH");
        given.refuses_as_id("GERRIT_PATCHSET_REVISION");
        for event in ["change-merged", "change-abandoned", "topic-changed", "reviewer-added", "hashtags-changed"] {
            assert!(given.with("GERRIT_EVENT_TYPE", event).problem().contains(event));
        }
    }
    assert_eq!(gerrit().with("GERRIT_BRANCH", "refs/heads/main").chosen().event, proposal("main", NEW, None));
    assert_eq!(gerrit().with("GERRIT_EVENT_TYPE", "comment-added").chosen().event, proposal("main", NEW, None));
}

#[test]
fn updated_references_of_gerrit_are_told_apart() {
    let given = Given::new(&[
        ("GERRIT_EVENT_TYPE", "ref-updated"),
        ("GERRIT_REFNAME", "refs/heads/main"),
        ("GERRIT_OLDREV", OLD),
        ("GERRIT_NEWREV", NEW),
    ]);
    assert_eq!(given.chosen().event, push("refs/heads/main", Some(OLD), NEW, None));
    assert_eq!(given.with("GERRIT_REFNAME", "main").chosen().event, push("refs/heads/main", Some(OLD), NEW, None));
    let tag = given.with("GERRIT_REFNAME", "refs/tags/v1").with("GERRIT_OLDREV", ZERO);
    assert_eq!(tag.chosen().event, push("refs/tags/v1", None, NEW, None));
    let gone = given.with("GERRIT_NEWREV", ZERO);
    assert_eq!(gone.chosen().event, Event::Deletion { reference: "refs/heads/main".to_owned() });
    assert!(gone.with("GERRIT_OLDREV", ZERO).problem().contains("all zeros"));
    given.needs(&["GERRIT_REFNAME", "GERRIT_OLDREV", "GERRIT_NEWREV"]);
    for id in ["main", "-x", "0a1b2c3d4e5f"] {
        assert!(given.with("GERRIT_OLDREV", id).problem().starts_with("GERRIT_OLDREV"));
        assert!(given.with("GERRIT_NEWREV", id).problem().starts_with("GERRIT_NEWREV"));
    }
    assert!(given.with("GERRIT_REFNAME", "refs/heads/a b").problem().starts_with("GERRIT_REFNAME"));
}

// Which system

#[test]
fn no_system_is_unknown_and_two_are_ambiguous() {
    assert_eq!(choose(&Given::default()), Err(EnvironmentError::Unknown));
    for (name, value) in [("CI", "true"), ("GITHUB_ACTIONS", "false"), ("GITLAB_CI", ""), ("TF_BUILD", "0"), ("JENKINS_URL", "")]
    {
        assert_eq!(choose(&Given::new(&[(name, value)])), Err(EnvironmentError::Unknown), "{name}");
    }
    let marks = [
        ("GITHUB_ACTIONS", "true", "GitHub Actions"),
        ("GITLAB_CI", "true", "GitLab CI"),
        ("TF_BUILD", "True", "Azure Pipelines"),
        ("BITBUCKET_BUILD_NUMBER", "1", "Bitbucket Pipelines"),
        ("JENKINS_URL", "x", "Jenkins"),
    ];
    for (position, one) in marks.iter().enumerate() {
        for two in &marks[position + 1..] {
            let given = Given::new(&[(one.0, one.1), (two.0, two.1)]);
            assert_eq!(choose(&given), Err(EnvironmentError::Ambiguous { first: one.2, second: two.2 }));
        }
        // A system that is recognised and says nothing else is not usable.
        let _ = Given::new(&[(one.0, one.1)]).problem();
    }
    let both = gerrit().with("GITHUB_ACTIONS", "true");
    assert_eq!(choose(&both), Err(EnvironmentError::Ambiguous { first: "GitHub Actions", second: "Gerrit Trigger" }));
}
