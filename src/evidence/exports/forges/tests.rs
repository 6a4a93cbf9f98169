//! What the samples under `sample-repos/exports` are read as, shape by shape and joined, and what malformed ones are told.

use std::fmt::Write as _;
use std::path::Path;

use super::super::Exports;
use super::super::recorded::{Account, RecordedProposal};
use crate::text::CommitId;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn read(files: &[&str]) -> Result<Exports, Box<dyn std::error::Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-repos/exports");
    let bytes = files.iter().map(|file| Ok(((*file).to_owned(), std::fs::read(folder.join(file))?)));
    Ok(Exports::read(bytes.collect::<Result<_, std::io::Error>>()?, None)?)
}

fn read_text(text: &str) -> Result<Exports, String> {
    Exports::read(vec![("1/x.json".into(), text.into())], None).map_err(|error| error.to_string())
}

/// The commits of the samples are one digit, repeated.
fn digit(commit: CommitId) -> String {
    commit.to_string().chars().take(1).collect()
}

fn who(account: &Account) -> String {
    let Account { login, name, mail, is_bot } = account;
    let parts = [login.as_str(), name, mail, if *is_bot { "bot" } else { "" }];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

fn told_one(proposal: &RecordedProposal) -> String {
    let digits = |commits: &[CommitId]| commits.iter().map(|commit| digit(*commit)).collect::<String>();
    let mut told = format!(
        "{} {} {:?} by {}, {} to {}, head {}, commits {}, landed {}, {} by {}, reviews {}\n",
        proposal.repository,
        proposal.id,
        proposal.state,
        who(&proposal.author),
        proposal.source.as_deref().unwrap_or("-"),
        proposal.target.as_deref().unwrap_or("-"),
        proposal.head.map_or("-".into(), digit),
        digits(&proposal.commits),
        digits(&proposal.landed),
        proposal.merged_at.as_deref().unwrap_or("-"),
        proposal.merged_by.as_ref().map_or("-".into(), who),
        if proposal.tells_reviews { "told" } else { "not told" },
    );
    for review in &proposal.reviews {
        let (at, commit) = (review.at.as_deref().unwrap_or("-"), review.commit.map_or("-".into(), digit));
        let _ = writeln!(told, "  {:?} {} {at} on {commit}", review.decision, who(&review.reviewer));
    }
    for check in &proposal.checks {
        let _ = writeln!(told, "  check {}: {:?} on {}", check.name, check.conclusion, check.commit.map_or("-".into(), digit));
    }
    told
}

fn told(exports: &Exports) -> String {
    let mut told: String = exports.proposals.iter().map(told_one).collect();
    for gap in &exports.gaps {
        let _ = writeln!(told, "gap: {gap}");
    }
    told
}

/// Compares line by line without the indentation of the expectation.
fn assert_told(files: &[&str], expected: &str) -> Outcome {
    let trimmed = |text: &str| text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(trimmed(&told(&read(files)?)), trimmed(expected), "{files:?}");
    Ok(())
}

#[test]
fn github_rest() -> Outcome {
    assert_told(
        &["github/pulls.json", "github/pulls-12-reviews.json", "github/pulls-12-commits.json", "github/check-runs.json"],
        "acme/policies #12 Merged by ana, deny to main, head 1, commits 31, landed 2, 2026-03-02T10:00:00Z by -, reviews told
           Approved ben 2026-03-01T09:00:00Z on 1
           Commented ben 2026-03-01T10:00:00Z on 1
           Dismissed  2026-03-01T11:00:00Z on -
           Rejected cleo 2026-03-01T12:00:00Z on 1
           check deploy preview: NoVerdict on 1
           check policy tests: Passed on 1
         acme/policies #13 Open by limits[bot]/bot, limits to main, head 3, commits , landed , - by -, reviews not told
         acme/policies #14 Closed by , gone to main, head 4, commits , landed , - by -, reviews not told",
    )
}

#[test]
fn github_graphql_and_gh() -> Outcome {
    assert_told(
        &["github/graphql.json"],
        "acme/policies #12 Merged by ana, deny to main, head 1, commits 31, landed 2, 2026-03-02T10:00:00Z by merge-queue/bot, reviews told
           Approved ben 2026-03-01T09:00:00Z on 1
           check policy tests: Passed on 1
         gap: github/graphql.json: #12: not all of its reviews are there",
    )?;
    assert_told(
        &["github/gh-pr-list.json"],
        "acme/policies #12 Merged by ana/Ana Abel, deny to main, head 1, commits 1, landed 2, 2026-03-02T10:00:00Z by ben, reviews told
           Approved ben 2026-03-01T09:00:00Z on 1
           check deploy preview: Unfinished on 1
           check policy tests: Passed on 1
           check security/scan: Failed on 1
         acme/policies #13 Closed by app/limits/bot, limits to main, head 3, commits , landed , - by -, reviews told",
    )
}

#[test]
fn gitlab_with_notes() -> Outcome {
    let others = "acme/platform/policies !6 Merged by project_77_bot_1a2b/limits/bot, limits to main, head 4, commits , landed 4, 2026-03-03T10:00:00Z by project_77_bot_1a2b/limits/bot, reviews not told
         acme/platform/policies !7 Open by ana/Ana Abel, more to main, head 3, commits , landed , - by -, reviews not told";
    let expected = |commits: &str, on: &str, checks: &str| {
        format!(
            "acme/platform/policies !5 Merged by ana/Ana Abel, deny to main, head 1, commits {commits}, landed 23, 2026-03-02T10:00:00Z by ben/Ben Baum, reviews told
           Dismissed cleo/Cleo Chan 2026-03-01T09:00:00Z on {on}
           Dismissed dan/Dan 2026-03-01T10:00:00Z on {on}
           Approved cleo/Cleo Chan 2026-03-01T12:00:00Z on {on}
           {checks}
           {others}"
        )
    };
    let of = |part: &str| format!("gitlab/merge_requests-5-{part}.json");
    assert_told(&["gitlab/merge_requests.json", &of("notes"), &of("commits")], &expected("14", "-", ""))?;
    // With all its versions the notes tell on which of them each approval was.
    // Another request stands at the older one, so that the result there is about both.
    let (passed, failed) = ("check pipeline: Passed on 1", "check pipeline: Failed on 3");
    let expected = format!("{}\n{failed}", expected("", "1", &format!("{passed}\n{failed}")));
    assert_told(&["gitlab/merge_requests.json", &of("versions"), &of("notes"), &of("pipelines")], &expected)
}

#[test]
fn notes_tell_the_same_in_pages() -> Outcome {
    let note = |number: u32, minute: u32, author: &str, body: &str| {
        format!(
            r#"[{{"id": {number}, "body": "{body}", "author": {{"username": "{author}"}}, "system": true, "noteable_type": "MergeRequest",
            "noteable_iid": 5, "created_at": "2026-03-01T09:{minute:02}:00.000Z"}}]"#
        )
    };
    let replaced = "3".repeat(40);
    let pushed = format!("added 1 commit\\n\\n[Compare](/-/merge_requests/5/diffs?diff_id=2&start_sha={replaced})");
    let pages = [note(4, 30, "cleo", "unapproved this merge request"), note(3, 20, "ana", &pushed)];
    let older = [note(2, 10, "cleo", "approved this merge request"), note(1, 5, "dan", "approved this merge request")];
    let request = format!(
        r#"{{"iid": 5, "source_branch": "a", "target_branch": "b", "state": "merged", "title": "t", "sha": "{}"}}"#,
        "1".repeat(40)
    );
    // Newest first, a page each, as the forge gives them.
    let told = read_text(&[request, pages.concat(), older.concat()].join("\n"))?;
    let reviews: Vec<String> = told_one(&told.proposals[0]).lines().skip(1).map(|line| line.trim().to_owned()).collect();
    assert_eq!(reviews, ["Approved dan 2026-03-01T09:05:00Z on 3", "Dismissed cleo 2026-03-01T09:10:00Z on 3"]);
    assert_eq!(told.proposals[0].last_pusher.as_ref().map(who).as_deref(), Some("ana"));
    Ok(())
}

#[test]
fn gitlab_approvals_name_their_request_or_are_a_gap() -> Outcome {
    let exports = read(&["gitlab/merge_requests.json", "gitlab/merge_requests-5-approvals.json"])?;
    let reviews = exports.proposals.first().map(told_one).unwrap_or_default();
    assert!(reviews.contains("Approved ben/Ben Baum 2026-03-01T09:00:00Z on -"), "{reviews}");
    assert!(reviews.contains("Approved cleo/Cleo Chan - on -"), "{reviews}");
    assert_told(
        &["gitlab/merge_requests-5-approval_state.json"],
        "gap: gitlab/merge_requests-5-approval_state.json: 1 approvals do not name their merge request, and count for none; its notes do",
    )
}

#[test]
fn gitea() -> Outcome {
    assert_told(
        &["gitea/pulls.json", "gitea/pulls-4-reviews.json", "gitea/pulls-4-commits.json"],
        "acme/policies #4 Merged by ana/Ana Abel/ana@acme.example, deny to main, head 1, commits 1, landed 2, 2026-03-02T10:00:00Z by ben/ben@acme.example, reviews told
           Approved ben/ben@acme.example 2026-03-01T09:00:00Z on 1
           Dismissed cleo 2026-03-01T10:00:00Z on 3
           Rejected dan 2026-03-01T11:00:00Z on 1
           Commented ben/ben@acme.example 2026-03-01T12:00:00Z on 1
         acme/policies #5 Open by ana/Ana Abel/ana@acme.example, refs/pull/5/head to main, head 3, commits , landed , - by -, reviews not told",
    )
}

#[test]
fn azure_devops() -> Outcome {
    let alone = "Platform/policies PR 20 Merged by ana@acme.example/Ana Abel/ana@acme.example, deny to main, head 1, commits , landed 2, 2026-03-02T10:00:00Z by ben@acme.example/Ben Baum/ben@acme.example, reviews told
           Approved ben@acme.example/Ben Baum/ben@acme.example - on -
           Rejected cleo@acme.example/Cleo Chan/cleo@acme.example - on -";
    let other = "Platform/policies PR 21 Open by Build\\0a1b/Platform Build Service/bot, limits to main, head 3, commits , landed , - by -, reviews told";
    assert_told(&["azure/pullrequests.json"], &format!("{alone}\n{other}"))?;
    let with_threads = "Platform/policies PR 20 Merged by ana@acme.example/Ana Abel/ana@acme.example, deny to main, head 1, commits 13, landed 2, 2026-03-02T10:00:00Z by ben@acme.example/Ben Baum/ben@acme.example, reviews told
           Rejected cleo@acme.example/Cleo Chan/cleo@acme.example - on -
           Dismissed dan@acme.example/Dan/dan@acme.example 2026-03-01T09:00:00Z on 3
           Approved ben@acme.example/Ben Baum/ben@acme.example 2026-03-01T10:00:00Z on 1";
    let files = ["pullrequests", "pullrequests-20-threads", "pullrequests-20-iterations", "pullrequests-20-commits"];
    let files = files.map(|file| format!("azure/{file}.json"));
    assert_told(&files.each_ref().map(String::as_str), &format!("{with_threads}\n{other}"))
}

#[test]
fn bitbucket_cloud() -> Outcome {
    let other =
        "acme/policies #9 Closed by limits-app/Limits/bot, limits to main, head 3, commits , landed , - by -, reviews not told";
    assert_told(
        &["bitbucket-cloud/pullrequests.json"],
        &format!("acme/policies #8 Merged by 557058:ana/Ana Abel, deny to main, head -, commits , landed , - by 557058:ben/Ben Baum, reviews told
           Approved 557058:ben/Ben Baum - on -
         {other}
         gap: bitbucket-cloud/pullrequests.json: 2 commits are named by shortened ids, which are not taken as proof of a commit
         gap: bitbucket-cloud/pullrequests.json: 1 of the proposals landed, and the export does not tell as which commit"),
    )?;
    let exports = read(&["bitbucket-cloud/pullrequests.json", "bitbucket-cloud/pullrequests-8-activity.json"])?;
    let reviews: String = exports.proposals.first().map(told_one).unwrap_or_default();
    let reviews: Vec<&str> = reviews.lines().skip(1).map(str::trim).collect();
    let expected =
        ["Rejected 557058:cleo/Cleo Chan 2026-03-01T09:00:00Z on 3", "Approved 557058:ben/Ben Baum 2026-03-01T10:00:00Z on 1"];
    assert_eq!(reviews, expected);
    Ok(())
}

#[test]
fn bitbucket_data_center() -> Outcome {
    assert_told(
        &["bitbucket-data-center/pull-requests.json", "bitbucket-data-center/pull-requests-8-activities.json"],
        "ACME/policies #8 Merged by ana/Ana Abel/ana@acme.example, deny to main, head 1, commits , landed 2, 2026-03-02T10:00:00Z by -, reviews told
           Rejected ci/CI/bot - on 3
           Dismissed dan/Dan 2026-03-01T09:00:00Z on 3
           Approved ben/Ben Baum/ben@acme.example 2026-03-01T10:00:00Z on 1
         ACME/policies #9 Open by ana/Ana Abel, more to main, head 3, commits , landed , - by -, reviews told",
    )
}

#[test]
fn gerrit() -> Outcome {
    let expected = |votes: &str| {
        format!("policies 4711 Merged by ana/Ana Abel/ana@acme.example, - to main, head 1, commits , landed 1, 2026-03-02T10:00:00Z by ben/Ben Baum/ben@acme.example, reviews told
        Approved ben/Ben Baum/ben@acme.example 2026-03-01T09:00:00Z on 3
        {votes}")
    };
    assert_told(
        &["gerrit/changes.json"],
        &expected(
            "Commented cleo/Cleo Chan/cleo@acme.example 2026-03-01T10:00:00Z on 3\nRejected ci/CI/bot 2026-03-01T11:00:00Z on 1
             check Verified: Passed on 1",
        ),
    )?;
    assert_told(&["gerrit/query.json"], &expected("check Verified: Passed on 3"))?;
    let more = read_text(r#"{"type": "stats", "rowCount": 500, "runTimeMilliseconds": 12, "moreChanges": true}"#)?;
    assert!(more.gaps.concat().contains("the last one is not there"), "{:?}", more.gaps);
    Ok(())
}

#[test]
fn a_full_page_needs_its_next_one() -> Outcome {
    let review = |number: usize| {
        format!(
            r#"{{"id": {number}, "node_id": "R", "user": {{"login": "ben"}}, "state": "APPROVED", "commit_id": null,
            "submitted_at": "2026-03-01T09:00:00Z", "pull_request_url": "https://api.github.com/repos/a/b/pulls/{}"}}"#,
            1
        )
    };
    let page = |rows: usize| format!("[{}]", (0..rows).map(review).collect::<Vec<_>>().join(","));
    let gaps = |text: &str| read_text(text).map(|exports| exports.gaps.join("\n"));
    assert!(gaps(&page(100))?.contains("GitHub reviews (REST) of a/b #1: every page"));
    assert!(!gaps(&format!("{}{}", page(100), page(7)))?.contains("every page"));
    assert!(!gaps(&format!("{}[]", page(100)))?.contains("every page"));
    assert!(gaps("[]")?.contains("empty list"));
    assert!(read_text(&page(1).replace("APPROVED", "approved")).is_ok(), "events write the states in lower case");
    Ok(())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn malformed_ones_are_told_with_their_pointer() {
    let table = [
        (r#"[{"number": 1, "head": {"sha": "x"}, "base": {}}]"#, "1/0: could be one of GitHub pull requests (REST) or of Gitea"),
        (r#"[{"number": 1, "head": {"sha": "x"}, "base": {}, "_links": {}, "merge_base": "x"}]"#, "document 1 is not known"),
        (
            r#"[{"number": 1, "state": "open", "title": "t", "head": {"sha": "x"}, "base": {}, "_links": {}}]"#,
            "1/0/head/sha: should be the id of a commit",
        ),
        (
            r#"[{"number": "1", "state": "open", "title": "t", "head": {"sha": null}, "base": {}, "_links": {}}]"#,
            "1/0/number: should be a whole number",
        ),
        (
            r#"{"number": 1, "state": "ajar", "title": "t", "head": {"sha": null}, "base": {}, "_links": {}}"#,
            "1/state: should be open or closed",
        ),
        (
            r#"{"number": 1, "state": "open", "title": "t", "user": "ana", "head": {"sha": null}, "base": {}, "_links": {}}"#,
            "1/user: should be an object",
        ),
        (
            r#"[{"number": 1, "head": {"sha": "x"}, "base": {}, "_links": {}}, {"iid": 1}]"#,
            "1/1: is not one of the GitHub pull requests",
        ),
        (
            r#"{"message": "Not Found", "documentation_url": "https://docs.example"}"#,
            "the forge answered with an error: Not Found",
        ),
        (r#"{"data": null, "errors": [{"message": "Bad credentials"}]}"#, "the forge answered with an error: Bad credentials"),
        (
            r#"{"data": {"repository": {"pullRequests": {"nodes": [{"number": 1, "mergedAt": null}]}}}}"#,
            "1/data/repository/pullRequests/nodes/0/state: is missing",
        ),
        (r#"{"data": {"repository": {"pullRequests": {}}}}"#, "1/data/repository/pullRequests/nodes: is missing"),
        (
            r#"{"iid": 1, "source_branch": "a", "target_branch": "b", "state": "merged", "title": "t", "sha": 7}"#,
            "1/sha: should be a text",
        ),
        (
            r#"{"iid": 1, "source_branch": "a", "target_branch": "b", "state": "merged", "title": "t", "created_at": "soon"}"#,
            "1/created_at: should be a date and time",
        ),
        (
            r#"[{"noteable_type": "MergeRequest", "noteable_iid": 1, "id": 1, "system": true, "body": "approved this merge request"}]"#,
            "1/0/author: is missing",
        ),
        (
            r#"{"value": [{"pullRequestId": 1, "targetRefName": "m", "status": "completed", "title": "t", "reviewers": [{"vote": 7}]}]}"#,
            "1/value/0/reviewers/0/vote: should be one of 10, 5, 0, -5, -10",
        ),
        (
            r#"{"value": [{"id": 1, "comments": [], "publishedDate": null, "properties": {"CodeReviewThreadType": {"$value": []}}}]}"#,
            "1/value/0/properties/CodeReviewThreadType/$value: should be a text or a number",
        ),
        (
            r#"{"values": [{"id": 1, "source": {}, "destination": {}, "state": "AJAR"}]}"#,
            "1/values/0/state: should be OPEN, MERGED",
        ),
        (
            r#"{"values": [{"id": 1, "action": "APPROVED", "user": {"name": "b"}, "createdDate": "now"}], "isLastPage": true}"#,
            "1/values/0/createdDate: should be a whole number",
        ),
        (
            r#"{"values": [{"id": 1, "action": "APPROVED", "user": {"name": "b"}, "createdDate": 9223372036854775807}], "isLastPage": true}"#,
            "1/values/0/createdDate: is out of range",
        ),
        (
            r#"[{"change_id": "I", "_number": 1, "project": "p", "status": "MERGED", "revisions": []}]"#,
            "1/0/revisions: should be an object",
        ),
        (
            r#"{"project": "p", "branch": "m", "id": "I", "number": 1, "owner": {}, "status": "NEW", "patchSets": [{"approvals": [{"type": "Code-Review", "value": "two"}]}]}"#,
            "1/patchSets/0/approvals/0/value: should be a whole number",
        ),
        (r#"{"approved_by": [{}], "iid": 1}"#, "1/approved_by/0/user: is missing"),
    ];
    for (text, expected) in table {
        let problem = read_text(text).err().unwrap_or_default();
        assert!(problem.contains(expected), "{text}\n{problem}");
    }
}
