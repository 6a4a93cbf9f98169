//! The log of proposals as each forge exports it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::history::{Event, Flavour, Landing, change_id};

type Ids = BTreeMap<usize, String>;

/// Writes landings as files, by name.
type Write = fn(&[Landing], &Ids) -> Vec<(String, String)>;

/// One way in which a forge exports.
pub struct Shape {
    pub name: &'static str,
    pub flavour: Flavour,
    pub write: Write,
}

pub const SHAPES: &[Shape] = &[
    Shape { name: "github", flavour: Flavour::Branch, write: github },
    Shape { name: "gitlab-approvals", flavour: Flavour::Branch, write: |landings, ids| gitlab(landings, ids, false) },
    Shape { name: "gitlab-notes", flavour: Flavour::Branch, write: |landings, ids| gitlab(landings, ids, true) },
    Shape { name: "azure-votes", flavour: Flavour::Branch, write: |landings, ids| azure(landings, ids, false) },
    Shape { name: "azure-threads", flavour: Flavour::Branch, write: |landings, ids| azure(landings, ids, true) },
    Shape { name: "gerrit-rest", flavour: Flavour::Gerrit, write: gerrit_rest },
    Shape { name: "gerrit-query", flavour: Flavour::Gerrit, write: gerrit_query },
];

pub fn time(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).map_or_else(String::new, |at| at.format("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// As many values in a row as there are.
fn lines(values: impl IntoIterator<Item = Value>) -> String {
    values.into_iter().map(|value| value.to_string() + "\n").collect()
}

/// A vote with what became of it.
struct Vote<'a> {
    at: i64,
    who: &'a str,
    value: i64,
    head: usize,
    stands: bool,
}

/// Every vote; a later one of the same person, or a reset, ends it.
fn votes(landing: &Landing) -> Vec<Vote<'_>> {
    let mut votes: Vec<Vote<'_>> = Vec::new();
    for event in &landing.events {
        match event {
            Event::Push { .. } => {}
            Event::Reset { .. } => votes.iter_mut().for_each(|vote| vote.stands = false),
            Event::Vote { at, who, vote, head } => {
                votes.iter_mut().filter(|vote| vote.who == who).for_each(|vote| vote.stands = false);
                votes.push(Vote { at: *at, who, value: *vote, head: *head, stands: *vote != 0 });
            }
        }
    }
    votes
}

fn last_landed(landing: &Landing) -> usize {
    landing.landed[landing.landed.len() - 1]
}

/// As `gh pr list --json` writes it.
pub fn github(landings: &[Landing], ids: &Ids) -> Vec<(String, String)> {
    let proposals: Vec<Value> = landings.iter().map(|landing| pull(landing, ids)).collect();
    vec![("pulls.json".into(), Value::Array(proposals).to_string())]
}

pub fn pull(landing: &Landing, ids: &Ids) -> Value {
    let login = |who: &str| if who == "bot" { "checks[bot]".to_owned() } else { who.to_owned() };
    let was_reset = landing.events.iter().any(|event| matches!(event, Event::Reset { .. }));
    let all = votes(landing);
    let reviews = all.iter().filter(|vote| vote.value != 0).map(|vote| {
        let is_taken_back = all.iter().any(|other| other.who == vote.who && other.value == 0) || was_reset && !vote.stands;
        let state = if is_taken_back { "DISMISSED" } else if vote.value > 0 { "APPROVED" } else { "CHANGES_REQUESTED" };
        json!({"author": {"login": login(vote.who)}, "authorAssociation": "MEMBER", "body": "", "id": format!("R{}", vote.at), "state": state,
            "submittedAt": time(vote.at), "commit": {"oid": ids[&vote.head]}})
    });
    let commits = landing.commits.iter().map(|mark| json!({"oid": ids[mark], "messageHeadline": "step", "authors": []}));
    json!({
        "number": landing.number, "title": format!("Land {}", landing.number), "body": "", "state": "MERGED",
        "author": {"login": "alice", "is_bot": false, "name": "Alice Example"}, "baseRefName": "main",
        "headRefName": format!("p{}", landing.number), "headRefOid": ids[&landing.head()],
        "mergeCommit": {"oid": ids[&last_landed(landing)]}, "createdAt": time(landing.opened), "mergedAt": time(landing.merged),
        "mergedBy": {"login": landing.merger, "is_bot": landing.method == "queue", "name": ""},
        "url": format!("https://github.com/acme/policies/pull/{}", landing.number),
        "reviews": reviews.collect::<Vec<_>>(), "commits": commits.collect::<Vec<_>>(),
    })
}

/// As `glab api` gives them: merge requests and approvals; with notes, versions and commits where asked for.
fn gitlab(landings: &[Landing], ids: &Ids, with_notes: bool) -> Vec<(String, String)> {
    let requests: Vec<Value> = landings.iter().map(|landing| merge_request(landing, ids)).collect();
    let approvals = landings.iter().map(|landing| {
        let standing = votes(landing).into_iter().filter(|vote| vote.stands && vote.value > 0);
        let standing: Vec<Value> =
            standing.map(|vote| json!({"user": gitlab_user(vote.who), "approved_at": time(vote.at)})).collect();
        json!({"id": landing.number, "iid": landing.number, "project_id": 7, "approved_by": standing})
    });
    let mut files =
        vec![("requests.json".into(), Value::Array(requests).to_string()), ("approvals.json".into(), lines(approvals))];
    let commits = landings.iter().map(|landing| {
        let marks = if landing.method == "rebase" { &landing.landed } else { &landing.commits };
        let parents = |index: usize| index.checked_sub(1).map(|before| &ids[&marks[before]]).into_iter().collect::<Vec<_>>();
        let commit =
            |(index, mark): (usize, &usize)| json!({"id": ids[mark], "short_id": &ids[mark][..8], "parent_ids": parents(index)});
        Value::Array(marks.iter().enumerate().map(commit).collect())
    });
    files.push(("commits.json".into(), lines(commits)));
    if with_notes {
        files.push((
            "notes.json".into(),
            lines(landings.iter().map(|landing| Value::Array(notes(landing, ids))).filter(|it| it != &json!([]))),
        ));
        files.push(("versions.json".into(), lines(landings.iter().map(|landing| versions(landing, ids)))));
    }
    files
}

fn gitlab_user(who: &str) -> Value {
    let login = if who == "bot" { "project_7_bot_1a2b" } else { who };
    json!({"id": 1, "username": login, "name": login, "state": "active"})
}

/// A merge request that is rebased is pushed once more before it lands.
fn gitlab_heads<'a>(landing: &'a Landing) -> Vec<(i64, usize, &'a str)> {
    let mut heads: Vec<(i64, usize, &'a str)> = landing.pushes().into_iter().map(|(at, head, by, _)| (at, head, by)).collect();
    let last = heads[heads.len() - 1];
    if landing.method == "rebase" {
        heads.push((landing.merged - 1, last_landed(landing), last.2));
    }
    heads
}

fn merge_request(landing: &Landing, ids: &Ids) -> Value {
    let heads = gitlab_heads(landing);
    let landed = &ids[&last_landed(landing)];
    let of = |methods: &[&str]| if methods.contains(&landing.method) { json!(landed) } else { Value::Null };
    json!({
        "id": 5000 + landing.number, "iid": landing.number, "project_id": 7, "title": format!("Land {}", landing.number), "description": "",
        "state": "merged", "source_branch": format!("p{}", landing.number), "target_branch": "main",
        "references": {"full": format!("acme/policies!{}", landing.number)}, "author": gitlab_user("alice"),
        "sha": ids[&heads[heads.len() - 1].1], "merge_commit_sha": of(&["merge"]), "squash_commit_sha": of(&["squash", "queue"]),
        "created_at": time(landing.opened), "merged_at": time(landing.merged), "merge_user": gitlab_user(&landing.merger),
    })
}

/// What the system wrote, newest first.
fn notes(landing: &Landing, ids: &Ids) -> Vec<Value> {
    let mut notes: Vec<(i64, &str, String)> = Vec::new();
    let heads = gitlab_heads(landing);
    for pair in heads.windows(2) {
        let body = format!(
            "added 1 commit\n\n<ul><li>{} - step</li></ul>\n\n[Compare with previous version](/acme/policies/-/merge_requests/{}/diffs?diff_id=2&start_sha={})",
            &ids[&pair[1].1][..8],
            landing.number,
            ids[&pair[0].1]
        );
        notes.push((pair[1].0, pair[1].2, body));
    }
    for event in &landing.events {
        match event {
            Event::Push { .. } => {}
            Event::Reset { at } => notes.push((*at, "alice", "reset approvals from @bob by pushing to the branch".into())),
            Event::Vote { at, who, vote, .. } => {
                let body = match vote {
                    2 => "approved this merge request",
                    0 => "unapproved this merge request",
                    _ => "requested changes",
                };
                notes.push((*at, who, body.into()));
            }
        }
    }
    notes.sort();
    let number = |index: usize| landing.number * 100 + index;
    let note = |(index, (at, who, body)): (usize, (i64, &str, String))| {
        json!({"id": number(index), "body": body, "author": gitlab_user(who), "system": true, "created_at": time(at),
            "noteable_id": landing.number, "noteable_iid": landing.number, "noteable_type": "MergeRequest", "project_id": 7})
    };
    let mut notes: Vec<Value> = notes.into_iter().enumerate().map(note).collect();
    notes.reverse();
    notes
}

fn versions(landing: &Landing, ids: &Ids) -> Value {
    let heads = gitlab_heads(landing).into_iter().enumerate();
    let mut versions: Vec<Value> = heads
        .map(|(index, (at, head, _))| {
            json!({"id": landing.number * 100 + index, "head_commit_sha": ids[&head], "base_commit_sha": null, "start_commit_sha": null,
                "created_at": time(at), "merge_request_id": 5000 + landing.number, "state": "collected"})
        })
        .collect();
    versions.reverse();
    Value::Array(versions)
}

/// Pull requests of Azure DevOps with the votes that stand; with commits, threads and iterations where asked for.
fn azure(landings: &[Landing], ids: &Ids, with_threads: bool) -> Vec<(String, String)> {
    let pulls: Vec<Value> = landings.iter().map(|landing| azure_pull(landing, ids)).collect();
    let mut files = vec![("pullrequests.json".into(), json!({"value": pulls, "count": landings.len()}).to_string())];
    let list = |values: Vec<Value>| json!({"count": values.len(), "value": values});
    files.push(("commits.json".into(), lines(landings.iter().map(|landing| list(azure_commits(landing, ids))))));
    if with_threads {
        let logs = landings.iter().map(|landing| azure_threads(landing, ids)).filter(|log| !log.is_empty());
        files.push(("threads.json".into(), lines(logs.map(list))));
        files.push(("iterations.json".into(), lines(landings.iter().map(|landing| list(azure_iterations(landing, ids))))));
    }
    files
}

fn azure_identity(who: &str) -> Value {
    match who {
        "bot" => json!({"displayName": "Build Service", "uniqueName": "Build\\1a2b", "descriptor": "svc.1"}),
        _ => json!({"displayName": who, "uniqueName": format!("{who}@example.com"), "descriptor": "aad.1"}),
    }
}

fn azure_pull(landing: &Landing, ids: &Ids) -> Value {
    let standing = votes(landing).into_iter().filter(|vote| vote.stands).map(|vote| {
        let mut reviewer = azure_identity(vote.who);
        reviewer["vote"] = json!(if vote.value > 0 { 10 } else { -10 });
        reviewer
    });
    json!({
        "pullRequestId": landing.number, "status": "completed", "title": format!("Land {}", landing.number), "description": "",
        "createdBy": azure_identity("alice"), "closedBy": azure_identity(&landing.merger), "creationDate": time(landing.opened),
        "closedDate": time(landing.merged), "sourceRefName": format!("refs/heads/p{}", landing.number), "targetRefName": "refs/heads/main",
        "repository": {"name": "policies", "project": {"name": "Platform"}}, "reviewers": standing.collect::<Vec<_>>(),
        "lastMergeSourceCommit": {"commitId": ids[&landing.head()]}, "lastMergeCommit": {"commitId": ids[&last_landed(landing)]},
    })
}

fn azure_commits(landing: &Landing, ids: &Ids) -> Vec<Value> {
    let commit = |mark: &usize| json!({"commitId": ids[mark], "comment": "step", "author": {}, "committer": {}});
    landing.commits.iter().rev().map(commit).collect()
}

fn azure_threads(landing: &Landing, ids: &Ids) -> Vec<Value> {
    let text = |value: &str| json!({"$type": "System.String", "$value": value});
    let mut threads = Vec::new();
    for (index, event) in landing.events.iter().enumerate() {
        let (at, who, properties) = match event {
            // The first push opens it, and is in no thread.
            Event::Push { .. } if index == 0 => continue,
            Event::Push { at, by, head, .. } => (
                at,
                by.as_str(),
                json!({"CodeReviewThreadType": text("RefUpdate"),
                "CodeReviewRefNewHeadCommit": text(&ids[head]), "CodeReviewRefUpdatedByIdentity": text("1")}),
            ),
            Event::Reset { at } => (at, "alice", json!({"CodeReviewThreadType": text("ResetAllVotes")})),
            Event::Vote { at, who, vote, .. } => (
                at,
                who.as_str(),
                json!({"CodeReviewThreadType": text("VoteUpdate"),
                "CodeReviewVoteResult": text(&(vote * 5).to_string()), "CodeReviewVotedByIdentity": text("1")}),
            ),
        };
        let address =
            format!("https://dev.azure.example/acme/_apis/git/repositories/5f/pullRequests/{}/threads/{index}", landing.number);
        threads.push(
            json!({"id": landing.number * 100 + index, "publishedDate": time(*at), "comments": [], "properties": properties,
            "identities": {"1": azure_identity(who)}, "_links": {"self": {"href": address}}}),
        );
    }
    threads
}

fn azure_iterations(landing: &Landing, ids: &Ids) -> Vec<Value> {
    let pushes = landing.pushes();
    let iteration = |(index, (at, head, ..)): (usize, &(i64, usize, &str, bool))| json!({"id": index + 1, "createdDate": time(*at), "sourceRefCommit": {"commitId": ids[head]}, "reason": "push"});
    pushes.iter().enumerate().map(iteration).collect()
}

/// A patch set: its commit, who uploaded it and when, and the votes that apply to it with the patch set they were given on.
struct PatchSet<'a> {
    commit: usize,
    uploader: &'a str,
    at: i64,
    votes: Vec<(&'a Vote<'a>, usize)>,
}

/// Votes stay on later patch sets in which nothing changed; what a submit makes is one more.
fn patch_sets<'a>(landing: &'a Landing, votes: &'a [Vote<'a>]) -> Vec<PatchSet<'a>> {
    let mut pushes = landing.pushes();
    if matches!(landing.method, "squash" | "rebase") {
        pushes.push((landing.merged, landing.landed[0], &landing.merger, true));
    }
    let mut sets: Vec<PatchSet<'a>> = Vec::new();
    for (index, (at, commit, uploader, stays)) in pushes.into_iter().enumerate() {
        let copied = sets.last().filter(|_| stays).map(|set| set.votes.clone()).unwrap_or_default();
        let mut applying: Vec<(&Vote<'_>, usize)> = copied;
        for vote in votes.iter().filter(|vote| vote.head == commit) {
            applying.retain(|(other, _)| other.who != vote.who);
            applying.extend((vote.value != 0).then_some((vote, index + 1)));
        }
        sets.push(PatchSet { commit, uploader, at, votes: applying });
    }
    // A vote that was taken back, or replaced later, is on no patch set any more.
    for set in &mut sets {
        set.votes.retain(|(vote, _)| {
            vote.stands || !votes.iter().any(|other| other.who == vote.who && other.at > vote.at && other.head == vote.head)
        });
    }
    sets
}

fn gerrit_account(who: &str) -> Value {
    let number = who.bytes().fold(7_u64, |sum, byte| (sum * 31 + u64::from(byte)) % 1_000_000);
    let login = if who == "bot" { "checker" } else { who };
    let mut account = json!({"_account_id": number, "name": login, "email": format!("{login}@example.com"), "username": login});
    if who == "bot" {
        account["tags"] = json!(["SERVICE_USER"]);
    }
    account
}

fn gerrit_time(seconds: i64) -> String {
    time(seconds).replace('T', " ").replace('Z', ".000000000")
}

/// As `/changes/?o=ALL_REVISIONS&o=DETAILED_LABELS&o=MESSAGES` answers.
fn gerrit_rest(landings: &[Landing], ids: &Ids) -> Vec<(String, String)> {
    let change = |landing: &Landing| {
        let votes = votes(landing);
        let sets = patch_sets(landing, &votes);
        let current = &sets[sets.len() - 1];
        let mut revisions = Map::new();
        for (index, set) in sets.iter().enumerate() {
            let revision =
                json!({"_number": index + 1, "created": gerrit_time(set.at), "uploader": gerrit_account(set.uploader)});
            revisions.insert(ids[&set.commit].clone(), revision);
        }
        let labels: Vec<Value> = current
            .votes
            .iter()
            .filter(|(vote, _)| vote.stands)
            .map(|(vote, _)| {
                let mut label = gerrit_account(vote.who);
                (label["value"], label["date"]) = (json!(vote.value), json!(gerrit_time(vote.at)));
                label
            })
            .collect();
        let messages: Vec<Value> = votes
            .iter()
            .map(|vote| {
                let number = sets.iter().position(|set| set.commit == vote.head).map_or(1, |index| index + 1);
                json!({"author": gerrit_account(vote.who), "date": gerrit_time(vote.at), "_revision_number": number,
                "message": format!("Patch Set {number}: Code-Review{:+}", vote.value)})
            })
            .collect();
        json!({
            "id": format!("policies~main~{}", change_id(landing.number)), "project": "policies", "branch": "main",
            "change_id": change_id(landing.number), "_number": landing.number, "subject": "SEC-1", "status": "MERGED",
            "created": gerrit_time(landing.opened), "submitted": gerrit_time(landing.merged), "submitter": gerrit_account(&landing.merger),
            "owner": gerrit_account("alice"), "labels": {"Code-Review": {"all": labels}}, "current_revision": ids[&current.commit],
            "revisions": revisions, "messages": messages,
        })
    };
    vec![("changes.json".into(), format!(")]}}'\n{}", Value::Array(landings.iter().map(change).collect())))]
}

/// As `gerrit query --format=JSON --all-approvals --patch-sets` writes them.
fn gerrit_query(landings: &[Landing], ids: &Ids) -> Vec<(String, String)> {
    let line = |landing: &Landing| {
        let votes = votes(landing);
        let sets = patch_sets(landing, &votes);
        let last = sets.len();
        let sets = sets.iter().enumerate().map(|(index, set)| {
            let mut approvals: Vec<Value> = set.votes.iter().map(|(vote, _)| {
                json!({"type": "Code-Review", "value": vote.value.to_string(), "grantedOn": vote.at, "by": gerrit_account(vote.who)})
            }).collect();
            if index + 1 == last {
                approvals.push(json!({"type": "SUBM", "value": "1", "grantedOn": landing.merged, "by": gerrit_account(&landing.merger)}));
            }
            json!({"number": index + 1, "revision": ids[&set.commit], "uploader": gerrit_account(set.uploader), "createdOn": set.at, "approvals": approvals})
        });
        json!({
            "project": "policies", "branch": "main", "id": change_id(landing.number), "number": landing.number, "subject": "SEC-1",
            "owner": gerrit_account("alice"), "commitMessage": "", "createdOn": landing.opened, "open": false, "status": "MERGED",
            "patchSets": sets.collect::<Vec<_>>(),
        })
    };
    let statistics = json!({"type": "stats", "rowCount": landings.len(), "runTimeMilliseconds": 1, "moreChanges": false});
    vec![("changes.jsonl".into(), lines(landings.iter().map(line).chain([statistics])))]
}
