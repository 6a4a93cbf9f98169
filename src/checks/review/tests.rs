use super::*;
use crate::changes::{Gap, GapAbout};
use crate::checks::samples::{
    assess, claim, commit, dossier, merge, outcomes, person, registered, review, settings, settings_with, told,
};
use crate::evidence::Source;

fn reviewed(n: u8, reviewers: &[(&str, &str)]) -> Dossier {
    let mut dossier = dossier(n, "Say why");
    dossier.evidence.reviews = reviewers.iter().map(|(name, mail)| review(name, mail)).collect();
    dossier
}

const BOB: (&str, &str) = ("Bob Example", "bob@example.com");
const ALICE: (&str, &str) = ("Alice Example", "alice@example.com");

#[test]
fn without_reviewers_in_git_nothing_is_concluded() {
    let changes = [dossier(1, "one"), dossier(2, "two"), reviewed(3, &[BOB])];
    assert_eq!(
        told(&assess(&REVIEW_MISSING, &settings(), &changes)),
        [
            "not assessable: no reviewer evidence in Git (1 of 3 changes by people name a reviewer); approvals then live in the forge, if there are any",
            "not assessable: no reviewer evidence in Git (1 of 3 changes by people name a reviewer); approvals then live in the forge, if there are any",
            "no exception",
        ]
    );
}

#[test]
fn where_reviewers_are_the_custom_a_change_without_one_stands_out() {
    let changes = [dossier(1, "one"), reviewed(2, &[BOB]), reviewed(3, &[ALICE])];
    assert_eq!(
        told(&assess(&REVIEW_MISSING, &settings(), &changes)),
        [
            "exception: nobody is named as a reviewer; 2 of 3 changes by people in this period name one",
            "no exception",
            "exception: 0 of 1 independent approval; Alice Example <alice@example.com> does not count: is the author (same address)",
        ]
    );
    let never = settings_with("[checks.review-missing]\nexpect = \"never\"");
    assert_eq!(outcomes(&assess(&REVIEW_MISSING, &never, &changes)), ["not assessable", "no exception", "not assessable"]);
}

#[test]
fn bots_quotations_and_repetitions_do_not_count() {
    let mut quoted = reviewed(1, &[BOB]);
    quoted.evidence.reviews[0].value.quoted = true;
    let changes =
        [quoted, reviewed(2, &[("renovate[bot]", "")]), reviewed(3, &[BOB, ("bob", "")]), reviewed(4, &[BOB, ("Carol", "")])];
    let two = settings_with("[checks.review-missing]\nminimum = 2\nexpect = \"always\"");
    assert_eq!(
        told(&assess(&REVIEW_MISSING, &two, &changes)),
        [
            "exception: nobody is named as a reviewer, and the settings expect it in Git",
            "exception: 0 of 2 independent approvals; renovate[bot] does not count: is a bot",
            "exception: 1 of 2 independent approvals; bob does not count: is counted already",
            "no exception",
        ]
    );
}

#[test]
fn an_approval_below_the_demanded_grade_is_not_assessable() {
    let recorded = settings_with("[checks.review-missing]\nminimum_grade = \"recorded\"");
    assert_eq!(outcomes(&assess(&REVIEW_MISSING, &recorded, &[reviewed(1, &[BOB])])), ["not assessable"]);
    assert_eq!(Approvals::of(&recorded).weigh(&reviewed(1, &[BOB]))[0].standing, Standing::TooWeak);
}

#[test]
fn unread_notes_are_not_a_missing_review() {
    let mut change = dossier(1, "one");
    change.gaps = vec![Gap { about: GapAbout::Notes, reason: "note 01 is missing".into() }];
    let always = settings_with("[checks.review-missing]\nexpect = \"always\"");
    assert_eq!(told(&assess(&REVIEW_MISSING, &always, &[change])), ["not assessable: note 01 is missing"]);
}

#[test]
fn whoever_only_merged_may_approve() {
    let mut side = commit(9, "Deny host network");
    side.author.person = person("Carol Example", "carol@example.com");
    let mut change = merge(2, "Merge branch 'x'", vec![side]);
    change.evidence.reviews = vec![review(ALICE.0, ALICE.1)];
    assert_eq!(told(&assess(&SELF_APPROVED, &settings(), &[change.clone()])), ["no exception"]);
    assert_eq!(told(&assess(&REVIEW_MISSING, &settings(), &[change])), ["no exception"]);
}

#[test]
fn a_review_of_one_side_commit_says_nothing_about_the_others() {
    let (mut first, mut second) = (commit(8, "first"), commit(9, "second"));
    first.author.person = person("Carol Example", "carol@example.com");
    second.author.person = person("Dan Example", "dan@example.com");
    let (first_id, second_id) = (first.id, second.id);
    let mut change = merge(2, "Merge branch 'x'", vec![first, second]);
    let about = |id, name: &str, mail: &str| {
        let mut review = review(name, mail);
        review.citation.source = Source::SideCommit(id);
        review
    };
    change.evidence.reviews = vec![about(first_id, "Dan Example", "dan@example.com")];
    assert_eq!(told(&assess(&SELF_APPROVED, &settings(), &[change.clone()])), ["no exception"]);
    assert_eq!(
        told(&assess(&REVIEW_MISSING, &settings(), &[change.clone()])),
        ["exception: 1 of 2 side commits without 1 independent approval: 090909090909"]
    );
    change.evidence.reviews.push(about(second_id, "Carol Example", "carol@example.com"));
    assert_eq!(told(&assess(&REVIEW_MISSING, &settings(), &[change])), ["no exception"]);
}

#[test]
fn a_self_approval_is_found_by_address_login_co_authorship_and_register() {
    let mut co_author = reviewed(3, &[BOB]);
    co_author.evidence.co_authors = vec![claim(person("B", "BOB@example.com"))];
    let changes =
        [reviewed(1, &[ALICE, BOB]), reviewed(2, &[("alice", "")]), co_author, reviewed(4, &[("A. E.", "ae@home.example.org")])];
    let mut settings = settings();
    settings.people = vec![registered("Alice Example", &["alice@example.com", "ae@home.example.org"])];
    assert_eq!(
        told(&assess(&SELF_APPROVED, &settings, &changes)),
        [
            "exception: approved by Alice Example <alice@example.com>: is the author (by the register); 1 independent approval beside it",
            "exception: approved by alice: is the author (same login); 0 independent approvals beside it",
            "exception: approved by Bob Example <bob@example.com>: is a co-author (same address); 0 independent approvals beside it",
            "exception: approved by A. E. <ae@home.example.org>: is the author (by the register); 0 independent approvals beside it",
        ]
    );
}

#[test]
fn one_name_with_two_addresses_needs_a_register() {
    let change = [reviewed(1, &[("Alice Example", "alice@home.example.org")])];
    assert_eq!(outcomes(&assess(&SELF_APPROVED, &settings(), &change)), ["not assessable"]);
    assert_eq!(outcomes(&assess(&REVIEW_MISSING, &settings(), &change)), ["not assessable"]);
    assert_eq!(outcomes(&assess(&SELF_APPROVED, &settings(), &[dossier(1, "one")])), ["not applicable"]);
}

fn with_role(table: &str) -> crate::settings::Settings {
    let role = |from: &str, until: &str| crate::settings::Role {
        name: "approver".into(),
        from: Some(from.to_owned()),
        until: Some(until.to_owned()),
    };
    let mut settings = settings_with(&format!("[checks.review-missing]\nexpect = \"always\"\n{table}"));
    let mut bob = registered("Bob Example", &["bob@example.com"]);
    bob.roles = vec![role("2026-01-01", "2026-01-07")];
    let mut dora = registered("Dora Example", &["dora@example.com"]);
    dora.roles = vec![crate::settings::Role { name: "lead".into(), from: None, until: None }];
    settings.people = vec![bob, dora, registered("Carol Example", &["carol@example.com"])];
    settings
}

#[test]
fn an_approval_counts_only_with_the_demanded_role_on_that_day() {
    let mut late = reviewed(2, &[BOB]);
    late.evidence.reviews[0].value.at = Some("2026-01-08T23:30:00Z".into());
    let mut early = reviewed(9, &[BOB]);
    early.evidence.reviews[0].value.at = Some("2026-01-07T23:30:00Z".into());
    let changes = [
        reviewed(1, &[BOB]),
        late,
        early,
        reviewed(4, &[("Carol", "carol@example.com")]),
        reviewed(5, &[("X", "x@example.com")]),
    ];
    let settings = with_role("role = \"approver\"");
    assert_eq!(
        told(&assess(&REVIEW_MISSING, &settings, &changes)),
        [
            "no exception",
            "exception: 0 of 1 independent approval; Bob Example <bob@example.com> does not count: did not hold the role approver on 2026-01-08",
            "no exception",
            "exception: 0 of 1 independent approval; Carol <carol@example.com> does not count: did not hold the role approver on 2026-01-09",
            "exception: 0 of 1 independent approval; X <x@example.com> does not count: is nobody whom the register gives the role approver",
        ]
    );
    let approvals = Approvals::of(&settings);
    let valid = |change: &Dossier| approvals.role_valid(change, &change.evidence.reviews[0].value).words();
    assert_eq!(changes.iter().map(valid).collect::<Vec<_>>(), ["yes", "no", "yes", "no", "no"]);
    let other_zone = crate::settings::Settings { period_offset: 3600, ..settings };
    assert_eq!(outcomes(&assess(&REVIEW_MISSING, &other_zone, &changes[2..3])), ["exception"]);
}

#[test]
fn layers_can_demand_roles_of_their_own_and_each_must_be_covered() {
    use crate::checks::samples::with_files;
    use crate::settings::Layer;
    let settings = with_role("role = \"lead\"\nroles = { security = \"approver\" }");
    let dora = ("Dora", "dora@example.com");
    let security: &[(&str, &[Layer])] = &[("a", &[Layer::Security])];
    let both: &[(&str, &[Layer])] = &[("a", &[Layer::Security]), ("b", &[Layer::Platform])];
    let changes = [
        with_files(reviewed(1, &[BOB]), security),
        with_files(reviewed(1, &[dora]), security),
        with_files(reviewed(1, &[BOB]), both),
        with_files(reviewed(1, &[BOB, dora]), both),
        reviewed(1, &[dora]),
    ];
    let findings = assess(&REVIEW_MISSING, &settings, &changes);
    assert_eq!(outcomes(&findings), ["no exception", "exception", "exception", "no exception", "no exception"]);
    assert_eq!(told(&findings)[2], "exception: no approval by anybody with the role lead");
}
