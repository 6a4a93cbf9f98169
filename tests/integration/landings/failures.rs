//! What other tools are known to get wrong: each is right here.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::support::{Fallible, Pack, TestResult};
use super::forges::{SHAPES, pull};
use super::history::{Event, Flavour, History, Landing};
use super::{audited, findings};

/// The outcome and the reason of one check about one change.
fn found(pack: &Pack, check: &str, change: &str) -> Fallible<(String, String)> {
    let found = findings(pack, check)?;
    let row = found.get(change).ok_or_else(|| format!("{check} says nothing about {change}"))?;
    Ok((row["outcome"].clone(), row["because"].clone()))
}

fn expect(pack: &Pack, change: &str, expected: &[(&str, &str)]) -> TestResult {
    for (check, outcome) in expected {
        let (told, because) = found(pack, check, change)?;
        assert_eq!(told, *outcome, "{check}: {because}");
    }
    Ok(())
}

fn last(landing: &Landing, ids: &BTreeMap<usize, String>) -> String {
    ids[&landing.landed[landing.landed.len() - 1]].clone()
}

/// A pack of landings with their pull requests as GitHub exports them.
fn github(history: &History, edit: impl Fn(&mut Vec<Value>)) -> Fallible<(Pack, BTreeMap<usize, String>)> {
    let (repo, ids) = history.imported()?;
    let mut pulls: Vec<Value> = history.landings.iter().map(|landing| pull(landing, &ids)).collect();
    edit(&mut pulls);
    let pack = audited(&repo, "github", &[("pulls.json".into(), Value::Array(pulls).to_string())])?;
    Ok((pack, ids))
}

#[test]
fn a_backdated_commit_does_not_come_before_its_approval() -> TestResult {
    let mut history = History::new(Flavour::Branch);
    history.land("squash", "other +bob backdated land");
    let (pack, ids) = github(&history, |_| {})?;
    expect(&pack, &last(&history.landings[0], &ids), &[("review-missing", "exception"), ("approval-stale", "exception")])
}

#[test]
fn footers_that_the_author_typed_are_no_approval() -> TestResult {
    for method in ["merge", "squash"] {
        let mut history = History::new(Flavour::Branch);
        history.land(method, "final/claimed land");
        let (pack, ids) = github(&history, |_| {})?;
        let change = last(&history.landings[0], &ids);
        expect(&pack, &change, &[("review-missing", "exception"), ("approval-unconfirmed", "exception")])?;
    }
    Ok(())
}

#[test]
fn who_lets_it_land_has_not_approved_it_by_that() -> TestResult {
    for (steps, outcome) in [("final land^bob", "exception"), ("final +bob land^bob", "no exception")] {
        for shape in SHAPES.iter().filter(|shape| ["github", "azure-threads", "gitlab-notes"].contains(&shape.name)) {
            let mut history = History::new(Flavour::Branch);
            history.land("merge", steps);
            let (repo, ids) = history.imported()?;
            let pack = audited(&repo, shape.name, &(shape.write)(&history.landings, &ids))?;
            expect(&pack, &last(&history.landings[0], &ids), &[("review-missing", outcome)])?;
        }
    }
    Ok(())
}

#[test]
fn content_that_is_added_while_merging_was_approved_by_nobody() -> TestResult {
    let mut history = History::new(Flavour::Branch);
    history.land("squash", "final +bob land");
    let landing = history.land("merge", "final +bob land");
    let (head, tip, at) = (landing.head(), history.landings[0].landed[0], history.landings[1].merged);
    let files = &[("policies/p2.yaml", "a: 1\nb: 2\nunseen: 1\n")];
    history.landings[1].landed = vec![history.replace_tip(&[tip, head], at, files)];
    let (pack, ids) = github(&history, |_| {})?;
    let change = last(&history.landings[1], &ids);
    expect(
        &pack,
        &change,
        &[("merge-adds-content", "exception"), ("review-missing", "exception"), ("approval-stale", "exception")],
    )
}

#[test]
fn an_approval_of_one_proposal_is_none_of_the_others_that_landed_in_one_batch() -> TestResult {
    let mut history = History::new(Flavour::Branch);
    history.land("squash", "final land");
    let (tip, at) = (history.tip, history.landings[0].merged + 7200);
    let files = [("policies/one.yaml", "a: 1\n"), ("policies/two.yaml", "a: 1\n")];
    let heads = [0, 1].map(|at_file| {
        let branch = format!("batch{at_file}");
        history.add(&branch, &[tip], ("alice", "alice", at), "SEC-1 one of a batch", &[files[at_file]])
    });
    let merge = history.add("main", &[tip, heads[0], heads[1]], ("carol", "carol", at), "Merge #2 #3", &files);
    for (number, head) in (2..).zip(heads) {
        history.landings.push(Landing {
            number,
            method: "merge",
            events: vec![
                Event::Push { at, head, by: "alice".into(), stays: false },
                Event::Vote { at, who: "bob".into(), vote: 2, head },
            ],
            commits: vec![head],
            landed: vec![merge],
            merger: "carol".into(),
            opened: at,
            merged: at + 60,
        });
    }
    let (pack, ids) = github(&history, |_| {})?;
    expect(&pack, &ids[&merge], &[("review-missing", "not assessable")])
}

/// A proposal that was approved landed with another one, which stands on it and was not.
#[test]
fn what_landed_through_another_proposal_is_judged_by_that_one() -> TestResult {
    for (approved, outcome) in [("below", "exception"), ("above", "no exception")] {
        let mut history = History::new(Flavour::Branch);
        history.land("squash", "final land");
        let (tip, at) = (history.tip, history.landings[0].merged + 7200);
        let who = ("alice", "alice", at);
        let below = history.add("below", &[tip], who, "SEC-1 below", &[("policies/below.yaml", "a: 1\n")]);
        let above = history.add("above", &[below], who, "SEC-1 above", &[("policies/above.yaml", "a: 1\n")]);
        let both = &[("policies/below.yaml", "a: 1\n"), ("policies/above.yaml", "a: 1\n")];
        let merge = history.add("main", &[tip, above], ("carol", "carol", at), "Land both", both);
        let new = |number, head, is_approved: bool| Landing {
            number,
            method: "merge",
            events: [
                Some(Event::Push { at, head, by: "alice".into(), stays: false }),
                is_approved.then(|| Event::Vote { at, who: "bob".into(), vote: 2, head }),
            ]
            .into_iter()
            .flatten()
            .collect(),
            commits: if head == below { vec![below] } else { vec![below, above] },
            landed: vec![merge],
            merger: "carol".into(),
            opened: at,
            merged: at + 60,
        };
        history.landings.extend([new(2, below, approved == "below"), new(3, above, approved == "above")]);
        let (pack, ids) = github(&history, |_| {})?;
        expect(
            &pack,
            &ids[&merge],
            &[("review-missing", outcome), ("direct-push", "no exception"), ("population-unreconciled", "no exception")],
        )?;
        // The one below has arrived as well, inside the change of the other one.
        let rows = pack.findings("population-unreconciled", "exception")?;
        assert!(rows.is_empty(), "{rows:?}");
        assert_eq!(pack.table("changes.csv")?.last().ok_or("no change")?["proposal"], "#3");
    }
    Ok(())
}

#[test]
fn the_mark_of_another_proposal_links_to_nothing() -> TestResult {
    let mut history = History::new(Flavour::Branch);
    history.land("squash", "final +bob land");
    let at = history.landings[0].merged + 7200;
    let files = &[("policies/unseen.yaml", "a: 1\n")];
    let direct = history.add("main", &[history.tip], ("alice", "alice", at), "SEC-1 Land 1 (#1)", files);
    let (pack, ids) = github(&history, |_| {})?;
    expect(
        &pack,
        &ids[&direct],
        &[("direct-push", "exception"), ("review-missing", "exception"), ("population-unreconciled", "exception")],
    )
}

#[test]
fn a_fast_forward_whose_commits_are_not_listed_is_no_direct_push() -> TestResult {
    let mut history = History::new(Flavour::Branch);
    history.land("squash", "final +bob land");
    history.land("rebase", "final +bob land");
    let (repo, ids) = history.imported()?;
    let shape = SHAPES.iter().find(|shape| shape.name == "gitlab-notes").ok_or("no such shape")?;
    let files = (shape.write)(&history.landings, &ids);
    let without: Vec<_> = files.iter().filter(|(name, _)| name != "commits.json").cloned().collect();
    let first = &ids[&history.landings[1].landed[0]];
    let pack = audited(&repo, "without", &without)?;
    expect(
        &pack,
        first,
        &[("direct-push", "not assessable"), ("population-unreconciled", "not assessable"), ("review-missing", "not assessable")],
    )?;
    let pack = audited(&repo, "with", &files)?;
    expect(&pack, first, &[("direct-push", "no exception"), ("review-missing", "no exception")])
}

/// More changes in one month than a walk looks back by default, with as many proposals.
#[test]
fn a_month_with_more_than_1024_changes_is_whole() -> TestResult {
    const COUNT: usize = 1100;
    let mut history = History::new(Flavour::Branch);
    for _ in 0..COUNT {
        history.land_quickly();
    }
    let (pack, ids) = github(&history, |_| {})?;
    assert_eq!(pack.table("changes.csv")?.len(), COUNT + 1);
    assert_eq!(pack.findings("review-missing", "no exception")?.len(), COUNT);
    let first = last(&history.landings[0], &ids);
    expect(&pack, &first, &[("population-unreconciled", "no exception")])?;
    pack.expect_tie_outs()
}

/// Without its last page an export proves nothing by what it does not hold.
#[test]
fn what_a_missing_page_may_hold_is_no_exception() -> TestResult {
    let mut history = History::new(Flavour::Branch);
    for _ in 0..103 {
        history.land_quickly();
    }
    let missing = ["direct-push", "review-missing", "population-unreconciled"].map(|check| (check, "not assessable"));
    // Newest first, as the forge lists them: the oldest three are on the second page.
    let page = |pulls: &mut Vec<Value>| {
        pulls.reverse();
        pulls.truncate(100);
    };
    let (pack, ids) = github(&history, page)?;
    expect(&pack, &last(&history.landings[0], &ids), &missing)?;
    expect(&pack, &last(&history.landings[50], &ids), &[("direct-push", "no exception"), ("review-missing", "no exception")])?;
    assert!(pack.text("index.html")?.contains("the last one is not there"));
    pack.expect_tie_outs()?;
    // With it, what is not there is an exception.
    let (pack, ids) = github(&history, |pulls| _ = pulls.remove(0))?;
    let exceptions = missing.map(|(check, _)| (check, "exception"));
    expect(&pack, &last(&history.landings[0], &ids), &exceptions)
}

/// A list of reviews that is full may go on: an approval that is not there may be on the next page.
#[test]
fn a_missing_page_of_reviews_leaves_a_proposal_open() -> TestResult {
    let mut history = History::new(Flavour::Branch);
    history.land("squash", "final land");
    let (repo, ids) = history.imported()?;
    let pull = pull(&history.landings[0], &ids);
    let review = json!({"id": 1, "node_id": "R", "user": {"login": "bob"}, "state": "COMMENTED", "commit_id": null,
        "submitted_at": "2026-01-06T13:00:00Z", "pull_request_url": "https://api.github.com/repos/acme/policies/pulls/1"});
    for (rows, outcome) in [(100, "not assessable"), (99, "exception")] {
        let reviews: Vec<Value> = (0..rows).map(|_| review.clone()).collect();
        let files = [("pulls.json", json!([pull])), ("reviews.json", Value::Array(reviews))];
        let files = files.map(|(name, value)| (name.to_owned(), value.to_string()));
        let pack = audited(&repo, &format!("reviews-{rows}"), &files)?;
        expect(&pack, &last(&history.landings[0], &ids), &[("review-missing", outcome)])?;
    }
    Ok(())
}

#[test]
fn the_cover_says_what_other_systems_recorded_and_what_is_not_there() -> TestResult {
    let mut history = History::new(Flavour::Branch);
    history.land("squash", "final land");
    let (repo, _) = history.imported()?;
    let cover = audited(&repo, "nothing", &[])?.text("index.html")?;
    assert!(cover.contains("Not in this pack:</strong> records of a forge or a ticket system."), "{cover}");
    let (pack, _) = github(&history, |_| {})?;
    let (cover, sheets) = (pack.text("index.html")?, pack.text("changes-0001.html")?);
    assert!(cover.contains("</strong> 1 proposal of a forge with 0 reviews."), "{cover}");
    assert!(cover.contains("Not in this pack:</strong> records of a ticket system."), "{cover}");
    assert!(sheets.contains("the forge recorded no review of its proposal"), "{sheets}");
    Ok(())
}

#[test]
fn an_export_without_any_commit_of_the_clone_may_be_of_another_repository() -> TestResult {
    let told = "no commit of the proposals of acme/policies is in this clone";
    let mut history = History::new(Flavour::Branch);
    history.land("squash", "final +bob land");
    let (own, _) = github(&history, |_| {})?;
    assert!(!own.text("index.html")?.contains(told));
    let (other, _) = github(&history, |pulls| {
        for pull in pulls {
            for (at, digit) in [("/headRefOid", "a"), ("/mergeCommit/oid", "b")] {
                if let Some(id) = pull.pointer_mut(at) {
                    *id = json!(digit.repeat(40));
                }
            }
            pull["commits"] = json!([]);
        }
    })?;
    assert!(other.text("index.html")?.contains(told));
    Ok(())
}
