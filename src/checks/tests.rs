use std::collections::BTreeSet;

use super::*;
use crate::checks::samples::{settings, settings_with};

#[test]
fn ids_are_kebab_case_and_used_once() {
    let ids: Vec<&str> = cards().iter().map(|card| card.id).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')), "{ids:?}");
}

#[test]
fn every_card_is_filled_in_and_fits_a_terminal() {
    for card in cards() {
        let parts = [card.requirement, card.rationale, card.remedy, card.needs, card.waivable_by, card.limits, card.since];
        assert!(parts.iter().all(|part| !part.is_empty() && !part.contains("  ")), "{}", card.id);
        let text = explain(card.id).unwrap();
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!text.contains("satisf"), "{text}");
    }
    assert_eq!(explain("ticket-mising"), None);
}

/// A card names exactly the keys that the check reads.
#[test]
fn cards_name_the_settings_that_checks_read() {
    for card in cards() {
        let (_, problems) = Catalogue::configured(&settings_with(&format!("[checks.{}]\nnonsense = 1", card.id)));
        let [problem] = &problems[..] else { panic!("{problems:?}") };
        let (_, known) = problem.hint.split_once("known here: ").unwrap();
        let own: Vec<&str> = known.split(", ").filter(|key| !["enabled", "severity"].contains(key)).collect();
        let named: Vec<&str> = card.settings.iter().map(|(name, ..)| *name).collect();
        assert_eq!(own.iter().collect::<BTreeSet<_>>(), named.iter().collect::<BTreeSet<_>>(), "{}", card.id);
    }
}

/// The defaults on a card are what a check takes when nothing is written.
#[test]
fn the_defaults_on_a_card_are_those_of_the_check() {
    let checks = |settings: &Settings| {
        let (catalogue, problems) = Catalogue::configured(settings);
        assert_eq!(problems, []);
        format!("{catalogue:?}")
    };
    for card in cards() {
        let lines: Vec<String> = card.settings.iter().map(|(name, default, _)| format!("{name} = {default}")).collect();
        let written = settings_with(&format!("[checks.{}]\n{}", card.id, lines.join("\n")));
        assert_eq!(checks(&written), checks(&settings()), "{}", card.id);
    }
}

#[test]
fn mistakes_in_settings_are_all_told_with_line_and_hint() {
    let text = "[checks.ticket-mising]\nenabled = false\n[checks.history-incomplete]\nenabled = false\nseverity = \"low\"\n\
                [checks.ticket-missing]\naccept = [\"brnch\"]\nseverity = \"blocker\"\n[checks.mixed-layer]\nallow = [\"platfrm+security\"]";
    let (catalogue, problems) = Catalogue::configured(&settings_with(text));
    let told: Vec<(usize, &str)> = problems.iter().map(|problem| (problem.line, &*problem.message)).collect();
    assert_eq!(
        told,
        [
            (1, "`checks.ticket-mising` is not a check"),
            (4, "`checks.history-incomplete` cannot be switched off"),
            (5, "the severity of `checks.history-incomplete` is fixed"),
            (7, "`brnch` is no place where a ticket can stand"),
            (8, "`checks.ticket-missing.severity` = \"blocker\" is not known"),
            (10, "`platfrm` is not one of the five layers"),
        ]
    );
    assert!(problems[0].hint.starts_with("did you mean `ticket-missing`?"), "{problems:?}");
    assert!(format!("{catalogue:?}").contains("HistoryIncomplete"));
}

#[test]
fn a_check_can_be_switched_off_and_weighed_anew() {
    let settings = settings_with("[checks.ticket-missing]\nseverity = \"low\"\n[checks.ticket-overused]\nenabled = false");
    let (catalogue, problems) = Catalogue::configured(&settings);
    assert_eq!(problems, []);
    let dossiers = [samples::dossier(1, "Say why"), samples::dossier(2, "Say why")];
    let assessments = samples::with_period(&settings, &dossiers, |period| catalogue.assess(period));
    assert!(assessments.iter().all(|assessment| assessment.card.id != "ticket-overused"));
    let tickets = assessments.iter().find(|assessment| assessment.card.id == "ticket-missing").unwrap();
    assert!(tickets.findings.iter().all(|finding| finding.severity == Severity::Low));
}

/// Every check but those on the period and on waivers says something about every change, in order.
#[test]
fn every_change_has_a_finding_of_every_check() {
    let mut outside = samples::dossier(3, "Say why");
    outside.classification.out_of_scope = Some("excluded".into());
    let mut unread = samples::dossier(4, "");
    unread.change.commit.gaps =
        vec![crate::changes::Gap { about: crate::changes::GapAbout::Commit, reason: "commit 04 is corrupt".into() }];
    unread.gaps = unread.change.commit.gaps.clone();
    let dossiers =
        [samples::dossier(1, "Say why"), samples::merge(2, "Merge", vec![samples::commit(9, "side")]), outside, unread];
    let settings = settings();
    let (catalogue, _) = Catalogue::configured(&settings);
    let assessments = samples::with_period(&settings, &dossiers, |period| catalogue.assess(period));
    assert_eq!(assessments.len(), cards().len());
    for assessment in
        assessments.iter().filter(|a| !["history-incomplete", "history-rewritten", "waiver-invalid"].contains(&a.card.id))
    {
        let id = assessment.card.id;
        let subjects: Vec<Subject> = assessment.findings.iter().map(|finding| finding.subject).collect();
        assert!(subjects.is_sorted(), "{id}");
        let changes: BTreeSet<u32> = subjects.iter().filter_map(|subject| subject.change()).collect();
        assert_eq!(changes, BTreeSet::from([0, 1, 2, 3]), "{id}");
        let outcome = |change| {
            let finding = assessment.findings.iter().find(|finding| finding.subject.change() == Some(change));
            finding.map(|finding| finding.outcome.words())
        };
        assert_eq!(outcome(2), Some("not applicable"), "{id}");
        assert!(["not assessable", "not applicable"].contains(&outcome(3).unwrap()), "{id}");
    }
}

/// Each check has a fixture, and each fixture a check; the settings of a fixture are without mistakes.
#[test]
fn every_check_has_its_fixture() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/sample-repos/checks");
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    let with_ending =
        |ending: &str| names.iter().filter_map(|name| name.strip_suffix(ending).map(str::to_owned)).collect::<Vec<_>>();
    let mut ids: Vec<String> = cards().iter().map(|card| card.id.to_owned()).collect();
    ids.sort();
    assert_eq!(with_ending(".fi"), ids);
    assert_eq!(with_ending(".expected"), ids);
    for id in with_ending(".toml") {
        assert!(ids.contains(&id), "{id}");
        let text = std::fs::read_to_string(format!("{folder}/{id}.toml")).unwrap();
        let (settings, problems) = Settings::parse(&text, "test", None);
        assert_eq!((problems, Catalogue::configured(&settings).1), (Vec::new(), Vec::new()), "{id}");
    }
}
