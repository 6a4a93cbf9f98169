//! Whole messages and what must be read from them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::changes::{Change, Commit, Signature};
use crate::classification::Classification;
use crate::repository::{Note, Notes};
use crate::settings::{IssueReferences, RegisteredBot, Settings, TicketPattern, TicketSettings};
use crate::text::{CommitId, Moment, ObjectId, Person, Text, TreeId};

use super::{ArrivalKind, Decision, Evidence, Place, Source, TicketRelation, find_bot, gather, read};

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes(&[number; 20]).unwrap_or_else(|| unreachable!("20 bytes are an id"))
}

fn commit(number: u8, parents: &[u8], message: &str) -> Commit {
    let signature = || Signature { person: Arc::new(Person::new("Ann", "ann@example.com")), when: Moment::Unreadable("".into()) };
    Commit {
        id: CommitId(id(number)),
        tree: TreeId(id(0)),
        parents: parents.iter().map(|&parent| CommitId(id(parent))).collect(),
        author: signature(),
        committer: signature(),
        message: Text::from(message),
        signed: None,
        file_edits: Box::new([]),
        paths_changed: 0,
        policy_edits: Box::default(),
        merge: None,
        gaps: Vec::new(),
    }
}

fn detection() -> TicketSettings {
    TicketSettings {
        projects: None,
        issues: IssueReferences::Closing,
        approved: Vec::new(),
        patterns: Vec::new(),
        exports: Vec::new(),
    }
}

fn projects(keys: &[&str]) -> TicketSettings {
    let keys: BTreeSet<_> = keys.iter().map(|&key| key.to_owned()).collect();
    TicketSettings { projects: Some(keys), ..detection() }
}

fn evidence(message: &str, settings: &TicketSettings) -> Evidence {
    read(&Change { commit: commit(1, &[0], message), side_commits: Vec::new() }, &Notes::new(), settings)
}

fn tickets(message: &str, settings: &TicketSettings) -> Vec<String> {
    evidence(message, settings).tickets.iter().map(|claim| claim.value.id.to_string()).collect()
}

fn proposals(message: &str) -> Vec<String> {
    evidence(message, &detection()).proposals().map(|claim| claim.value.id.to_string()).collect()
}

fn reviewers(message: &str) -> Vec<(String, bool)> {
    evidence(message, &detection()).reviews.iter().map(|claim| (claim.value.reviewer.to_string(), claim.value.quoted)).collect()
}

#[test]
fn look_alikes_are_no_tickets() {
    let words = "CVE-2021-44228 UTF-8 SHA-256 ISO-8601 RFC-2119 TLS-1 2022-02 AES-128 GLW-000 blah-V4-0.tar.gz RHEL-9.2.0_HVM-20230503 \
                 CHANGELOG-0.19.0-to-1.2.0.md C2-11 AAT-01 ITHC-00 DefaultRuleSet-1.0-SQLI-942440 AC-2 xSEC-1 SEC-1a SEC-1.2 sec-1 \
                 RHSA-2024:1234 CVE-2024-0001 PKCS-7 SEC-0 ${SEC-1} A-1 \u{c9}SEC-1";
    assert!(tickets(words, &detection()).is_empty(), "{:?}", tickets(words, &detection()));
    assert!(tickets("Fix PKCS#5 and &#39; CHG0000000", &detection()).is_empty());
}

#[test]
fn tickets_are_found_wherever_they_stand() {
    let message = "feat(SEC-1): x [CHG5017661] (#7)\n\nOPS-2. See https://jira.example.com/browse/SEC-3\nAB#12, CHG-0088320\n\n\
                   Fixes #4, #5 and group/sub/project#6; resolves https://github.com/o/r/issues/8\nCloses:\nhttps://gitlab.com/g/p/-/issues/9\n\n\
                   Related work items: #10, #11\nBug: T12\nStory: 2011319\nCloses-Bug: 1745370\nSigned-off-by: A <a@b.c>\n";
    let expected = [
        "SEC-1",
        "CHG5017661",
        "OPS-2",
        "SEC-3",
        "AB#12",
        "CHG0088320",
        "#4",
        "#5",
        "group/sub/project#6",
        "o/r#8",
        "g/p#9",
        "AB#10",
        "AB#11",
        "T12",
        "Story 2011319",
        "#1745370",
    ];
    assert_eq!(tickets(message, &detection()), expected);
    let never = TicketSettings { issues: IssueReferences::Never, ..detection() };
    assert_eq!(tickets("Fixes #4\n\nRefs: #5, SEC-1\n", &never), ["SEC-1"]);
    let any = TicketSettings { issues: IssueReferences::Any, ..detection() };
    assert_eq!(tickets("see #4 (#7)", &any), ["#4"]);
}

#[test]
fn a_list_of_projects_decides() {
    let settings = projects(&["SEC", "ITN", "RHEL"]);
    assert_eq!(tickets("SEC-1 OPS-2 foo_SEC-3 KSEC-4 RHEL-9.2.0 SEC-007 x-SEC-5", &settings), ["SEC-1", "SEC-3", "SEC-5"]);
    assert_eq!(tickets("ITN-2026-00132 SEC-3620-3621", &settings), ["ITN-2026-00132", "SEC-3620"]);
    assert!(tickets("SEC-1", &projects(&[])).is_empty());
}

#[test]
fn own_patterns_give_the_first_group() -> Result<(), regex::Error> {
    let pattern = TicketPattern { name: "redmine".into(), regex: regex::Regex::new(r"\bissue (\d+)\b")? };
    let settings = TicketSettings { patterns: vec![pattern], ..projects(&[]) };
    assert_eq!(tickets("x\n\nissue 12", &settings), ["12"]);
    Ok(())
}

#[test]
fn a_ticket_keeps_its_strongest_relation() {
    let settings = projects(&["SEC"]);
    let relations = |message: &str| -> Vec<_> {
        let evidence = evidence(message, &settings);
        evidence.tickets.iter().map(|claim| (claim.value.id.to_string(), claim.value.relation, claim.citation.place)).collect()
    };
    assert_eq!(
        relations("Revert \"SEC-1 x\"\n\nSEC-2\n"),
        [("SEC-1".into(), TicketRelation::Quoted, Place::Subject), ("SEC-2".into(), TicketRelation::Own, Place::Body(3)),]
    );
    assert_eq!(relations("Revert \"SEC-1 x\"\n\nTicket: SEC-1\n"), [("SEC-1".into(), TicketRelation::Own, Place::Trailer(3))]);
    assert_eq!(
        relations("Merge pull request #1 from o/SEC-1-x\n\nTitle\n"),
        [("SEC-1".into(), TicketRelation::Branch, Place::Branch)]
    );
    assert_eq!(
        relations("Merge branch 'SEC-1-x' into 'main'\n\nSEC-1\n"),
        [("SEC-1".into(), TicketRelation::Own, Place::Body(3))]
    );
}

#[test]
fn every_convention_names_its_proposal() {
    assert_eq!(proposals("Merge pull request #12 from o/b\n\nTitle (#3)"), ["#12"]);
    assert_eq!(proposals("Title (#12)"), ["#12"]);
    assert_eq!(proposals("Revert \"Title (#12)\""), Vec::<String>::new());
    assert_eq!(proposals("Merge branch 'x' into 'main'\n\nTitle\n\nSee merge request g/p!12"), ["g/p!12"]);
    assert_eq!(proposals("Merged PR 12: Title"), ["PR 12"]);
    assert_eq!(proposals("Merged in a/b/c (pull request #12)"), ["PR 12"]);
    assert_eq!(proposals("Merge #944 #945\n\n944: x r=a a=b"), ["#944", "#945"]);
    assert_eq!(proposals("Auto merge of #12 - u:b, r=c"), ["#12"]);
    assert_eq!(proposals("SEC-1: x\n\nReviewers: a\nCloses #12 from u/SEC-1"), ["#12"]);
    assert_eq!(proposals("Title (#3)\n\nDifferential Revision: https://r.example.com/D12"), ["D12"]);
    assert_eq!(proposals("x\n\nPull-request: #1\nPull-request: #2\nPull-request: #1\n"), ["#1", "#2"]);
    let change_id = format!("I{}", "0a".repeat(20));
    assert_eq!(proposals(&format!("x\n\nChange-Id: {change_id}\n")), [change_id.as_str()]);
    let gerrit = format!("x\n\nChange-Id: {change_id}\nReviewed-on: https://review.example.com/c/x/+/12\n");
    assert_eq!(proposals(&gerrit), ["https://review.example.com/c/x/+/12"]);
}

#[test]
fn reviewers_are_read_by_their_convention() {
    let own = |names: &[&str]| names.iter().map(|&name| (name.to_owned(), false)).collect::<Vec<_>>();
    let trailers = "x\n\nprose\nreviewed-by: A <a@b.c\n\nAcked-by: C <c@d.e>, F\nTested-by: T <t@u.v>\nSigned-off-by: S <s@t.u>\nMerged-by: M <m@n.o>\n";
    assert_eq!(reviewers(trailers), own(&["A <a@b.c>", "C <c@d.e>", "F"]));
    assert_eq!(reviewers("x\n\nReviewers: PDavid, A <a@b.c>\nAuthor: y\nCloses #1 from a/b\n"), own(&["PDavid", "A <a@b.c>"]));
    assert_eq!(reviewers("x\n\nReviewers: asked\n\nReviewed By: did, too\n\nDifferential Revision:\nD1\n"), own(&["did", "too"]));
    assert_eq!(reviewers("Merge #1\n\n1: x r=a,b a=c\n\n2: y r=z\n"), own(&["a", "b"]));
    assert_eq!(reviewers("Auto merge of #12 - u:b, r=c"), own(&["c"]));
    assert_eq!(reviewers("Assisted-by: Claude\n\nAssisted-by: Claude Code\n"), own(&[]));
}

#[test]
fn reviews_of_another_change_are_quoted() {
    let reland = "x\n\nRelanding of CL 1.\nReviewed-on: https://r/1\nReviewed-by: A <a@b.c>\n\nChange-Id: I1\n\
                  (cherry picked from commit 0123456789)\nReviewed-on: https://r/2\nReviewed-by: B <b@c.d>\n";
    assert_eq!(reviewers(reland), [("A <a@b.c>".into(), true), ("B <b@c.d>".into(), false)]);
    assert_eq!(proposals(reland), ["https://r/2"]);
    let picked = "x\n\nReviewed-by: A <a@b.c>\n(cherry picked from commit 0123456789)\nSigned-off-by: B <b@c.d>\n";
    assert_eq!(reviewers(picked), [("A <a@b.c>".into(), true)]);
}

#[test]
fn origins_and_people_are_read() {
    let message = "Revert \"x\"\n\nThis reverts commit 0123456789abcdef.\n\nEmergency: prod is down\nCo-authored-by: C <c@d.e>\n\
                   Merged-by: M <m@n.o>\n(cherry picked from commit fedcba9876543210)\n";
    let evidence = evidence(message, &detection());
    assert_eq!(evidence.reverts.iter().map(|claim| &*claim.value).collect::<Vec<_>>(), ["0123456789abcdef"]);
    assert_eq!(evidence.picked_from.iter().map(|claim| &*claim.value).collect::<Vec<_>>(), ["fedcba9876543210"]);
    assert_eq!(evidence.co_authors.iter().map(|claim| claim.value.to_string()).collect::<Vec<_>>(), ["C <c@d.e>"]);
    assert_eq!(evidence.merger.map(|claim| claim.value.to_string()).as_deref(), Some("M <m@n.o>"));
    assert_eq!(evidence.emergency.map(|claim| claim.value.to_string()).as_deref(), Some("Emergency: prod is down"));
}

#[test]
fn side_commits_speak_where_the_merge_is_silent() {
    let footers = format!("SEC-1 x\n\nChange-Id: I{}\nReviewed-by: A <a@b.c>\n", "0a".repeat(20));
    let merge = Change { commit: commit(9, &[1, 2], "Merge \"x\""), side_commits: vec![commit(2, &[1], &footers)] };
    let evidence = read(&merge, &Notes::new(), &projects(&["SEC"]));
    let side = Source::SideCommit(CommitId(id(2)));
    assert_eq!(evidence.proposal.map(|claim| claim.citation.source), Some(side.clone()));
    assert_eq!(evidence.reviews.first().map(|claim| claim.citation.source.clone()), Some(side));
    assert_eq!(evidence.tickets.first().map(|claim| claim.value.relation), Some(TicketRelation::SideCommit));
    assert_eq!(evidence.side_commits.first().map(|side| side.tickets.len()), Some(1));
}

#[test]
fn notes_name_votes_and_the_submitter() {
    let note = |reference: &str, text: &str| Note { reference: reference.into(), text: Text::from(text) };
    let gerrit = "Code-Review+2: A <a@b.c>\nCode-Review+1: B <b@c.d>\nVerified+2: Zuul\nSubmitted-by: Zuul\n\
                  Submitted-at: Tue, 15 Nov 2022 21:45:30 +0100\nReviewed-on: https://review.example.com/12\n";
    let comments = "{\"timestamp\":\"0001437670827\",\"author\":\"a@b.c\",\"resolved\":true}\n{broken\n\
                    {\"author\":\"d@e.f\",\"resolved\":true,\"location\":{\"path\":\"x\"}}\n";
    let request = "{\"reviewRef\":\"refs/heads/r\",\"targetRef\":\"refs/heads/main\",\"requester\":\"x\",\"reviewers\":[\"asked@b.c\"],\"v\":0}\n";
    let on_commit = |notes: Vec<Note>| {
        let notes: Notes = BTreeMap::from([(CommitId(id(1)), notes)]);
        read(&Change { commit: commit(1, &[0], "x"), side_commits: Vec::new() }, &notes, &detection())
    };
    let decisions = |evidence: &Evidence| -> Vec<_> {
        evidence.reviews.iter().map(|claim| (claim.value.reviewer.to_string(), claim.value.decision)).collect()
    };
    let read = on_commit(vec![note("refs/notes/review", gerrit)]);
    assert_eq!(decisions(&read), [("A <a@b.c>".into(), Decision::Approved), ("B <b@c.d>".into(), Decision::Commented)]);
    assert_eq!(read.merged_at.map(|claim| claim.value).as_deref(), Some("2022-11-15T20:45:30Z"));
    assert_eq!(read.proposal.map(|claim| claim.value.id).as_deref(), Some("https://review.example.com/12"));
    let read = on_commit(vec![note("refs/notes/devtools/reviews", request), note("refs/notes/devtools/discuss", comments)]);
    assert_eq!(decisions(&read), [("<a@b.c>".into(), Decision::Approved), ("<d@e.f>".into(), Decision::Commented)]);
    assert_eq!(read.reviews.first().and_then(|claim| claim.value.at.as_deref()), Some("2015-07-23T17:00:27Z"));
    assert_eq!(read.proposal.and_then(|claim| claim.value.branch).as_deref(), Some("r"));
}

#[test]
fn hostile_messages_are_read_like_any_other() {
    let patterns = [
        "fixes #1, ",
        "fix:",
        "> x\n",
        "A: 1\n b\n",
        "(#1",
        "SEC-1",
        "Original message:\n\n",
        "Revert \"x\"\n",
        "Closes #1 from a/b\n",
        "r=a,",
        "-1",
        "\n",
        " #1",
        "Reviewers: a,\n",
        "http://a/b/c",
        "Pull-request: #1\n",
        "\u{feff}\u{202e}",
        "<a",
        "See merge request !1\n",
        "#\n",
        "\0",
    ];
    for pattern in patterns {
        let message = format!("Merge #1\n\n{}", pattern.repeat(20_000 / pattern.len()));
        let _ = evidence(&message, &detection());
        let _ = evidence(
            &pattern.repeat(20_000 / pattern.len()),
            &TicketSettings { issues: IssueReferences::Any, ..projects(&["SEC"]) },
        );
    }
}

fn settings() -> Settings {
    let bot = RegisteredBot {
        name: "deployer".into(),
        aliases: BTreeSet::from(["Deploy@Example.com".to_owned()]),
        ..RegisteredBot::default()
    };
    Settings { tickets: detection(), bots: vec![bot], ..Settings::built_in() }
}

#[test]
fn registered_bots_come_first() {
    let bot = |name: &str, mail: &str| find_bot(&Person::new(name, mail), &settings());
    assert_eq!(bot("renovate[bot]", "deploy@example.com").as_deref(), Some("deployer"));
    assert_eq!(bot("renovate[bot]", "x@example.com").as_deref(), Some("renovate"));
    assert_eq!(bot("Ann", "ann@example.com"), None);
}

#[test]
fn arrivals_are_told_apart() {
    let by_bot = |mut commit: Commit| {
        commit.author.person = Arc::new(Person::new("Flux", ""));
        commit
    };
    let arrivals = |commits: Vec<Commit>| -> Vec<ArrivalKind> {
        let classified =
            commits.into_iter().map(|commit| (Change { commit, side_commits: Vec::new() }, Classification::default()));
        gather(classified.collect(), &Notes::new(), &settings()).iter().map(|dossier| dossier.arrival).collect()
    };
    let reviewed = vec![
        commit(1, &[], "root"),
        commit(2, &[1], "a (#1)"),
        commit(3, &[2, 9], "Merge pull request #2 from o/b"),
        commit(4, &[3], "b\n\nPull-request: #3\n"),
        commit(5, &[4], "c\n\nPull-request: #3\n"),
        by_bot(commit(6, &[5], "image update\n\nCo-authored-by: Ann <ann@example.com>\n")),
        commit(7, &[6], "fix, co-authored\n\nCo-authored-by: renovate[bot] <bot@renovateapp.com>\n"),
    ];
    let expected = [
        ArrivalKind::Initial,
        ArrivalKind::Squash,
        ArrivalKind::Merge,
        ArrivalKind::Rebase,
        ArrivalKind::Rebase,
        ArrivalKind::Bot,
        ArrivalKind::Direct,
    ];
    assert_eq!(arrivals(reviewed), expected);
    let pushed = vec![commit(2, &[1], "a"), commit(3, &[2], "b"), commit(4, &[3], "c (#1)")];
    assert_eq!(arrivals(pushed), [ArrivalKind::Unknown, ArrivalKind::Unknown, ArrivalKind::Squash]);
}
