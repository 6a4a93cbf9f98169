//! What each check of this family finds, and what it leaves alone.

use super::*;
use crate::changes::Gap;
use crate::checks::samples::{
    assess, class, commit, dossier, edit, merge, outcomes, policy_edit, settings, settings_with, told, with_files,
};
use crate::manifests::ObjectKind;
use crate::settings::Layer::{Applications, Governance, Observability, Platform, Security};

#[test]
fn layers_of_one_change_are_counted_without_governance() {
    let changes = [
        with_files(dossier(1, "one"), &[("a", &[Security]), ("CODEOWNERS", &[Governance])]),
        with_files(dossier(2, "two"), &[("a", &[Security]), ("b", &[Applications]), ("c", &[Applications])]),
        with_files(dossier(3, "three"), &[("a", &[Platform]), ("b", &[Observability])]),
        with_files(dossier(4, "four"), &[("README.md", &[])]),
    ];
    let findings = assess(&MIXED_LAYER, &settings(), &changes);
    assert_eq!(
        told(&findings),
        [
            "no exception",
            "exception: touches 2 layers: security (a), applications (b and 1 more)",
            "exception: touches 2 layers: platform (a), observability (b)",
            "not applicable",
        ]
    );
    assert_eq!([findings[1].severity, findings[2].severity], [Severity::High, Severity::Medium]);
    let allowing = settings_with("[checks.mixed-layer]\nallow = [\"platform+observability\"]");
    assert_eq!(outcomes(&assess(&MIXED_LAYER, &allowing, &changes))[1..3], ["exception", "no exception"]);
}

#[test]
fn a_gap_hides_no_mixture_and_makes_no_pass() {
    let gap = Gap { about: GapAbout::Content, reason: "blob 01 is missing".into() };
    let mut mixed = with_files(dossier(1, "one"), &[("a", &[Security]), ("b", &[Platform])]);
    let mut single = with_files(dossier(2, "two"), &[("a", &[Security])]);
    mixed.change.commit.gaps = vec![gap.clone()];
    single.change.commit.gaps = vec![gap];
    assert_eq!(outcomes(&assess(&MIXED_LAYER, &settings(), &[mixed, single])), ["exception", "not assessable"]);
}

#[test]
fn each_side_commit_is_judged() {
    let mut mixed = commit(8, "mixed");
    mixed.file_edits = Box::new([edit("a"), edit("b")]);
    let mut change = merge(2, "Merge", vec![mixed, commit(9, "nothing")]);
    change.classification.side_files = Box::new([Box::new([class(&[Security]), class(&[Platform])]), Box::default()]);
    assert_eq!(
        told(&assess(&MIXED_COMMIT, &settings(), &[dossier(1, "one"), change])),
        ["not applicable", "exception: touches 2 layers: platform (b), security (a)", "not applicable"]
    );
}

#[test]
fn another_layer_is_foreign_by_path_and_by_kind() {
    let mut by_kind = with_files(dossier(3, "three"), &[("np/app.yaml", &[Security])]);
    by_kind.change.commit.file_edits[0].kinds = Some([ObjectKind { group: "apps".into(), kind: "Deployment".into() }].into());
    let mut removed = with_files(dossier(4, "four"), &[("apps/a.yaml", &[Applications])]);
    removed.change.commit.file_edits[0].kind = EditKind::Removed;
    let changes = [
        with_files(dossier(1, "one"), &[("np/a.yaml", &[Security])]),
        with_files(dossier(2, "two"), &[("apps/a.yaml", &[Applications])]),
        by_kind,
        removed,
    ];
    let mut declared = settings();
    declared.declared_layer = Some(Security);
    assert_eq!(
        told(&assess(&FOREIGN_LAYER, &declared, &changes)),
        [
            "no exception",
            "exception: 1 file of another layer than security: apps/a.yaml (applications, by test)",
            "exception: 1 file of another layer than security: np/app.yaml (applications, by kind Deployment)",
            "not applicable",
        ]
    );
    assert_eq!(outcomes(&assess(&FOREIGN_LAYER, &settings(), &changes))[1], "not applicable");
}

#[test]
fn paths_without_a_layer_and_moves_between_layers_are_named() {
    let mut moved = with_files(dossier(2, "two"), &[("apps/np.yaml", &[Applications])]);
    moved.classification.files[0].moved_from.insert(Security);
    let files: &[(&str, &[Layer])] =
        &[("a", &[]), ("b", &[]), ("c", &[]), ("d", &[]), ("e", &[]), ("f", &[]), ("g", &[Security])];
    let mut ignored = with_files(dossier(3, "three"), &[("README.md", &[])]);
    ignored.classification.files[0].ignored = true;
    assert_eq!(
        told(&assess(&LAYER_UNMAPPED, &settings(), &[with_files(dossier(1, "one"), files), moved, ignored])),
        [
            "exception: 6 files in no layer: a, b, c, d, e and 1 more",
            "exception: 1 file moved between layers: apps/np.yaml (from security to applications)",
            "not applicable",
        ]
    );
}

#[test]
fn a_policy_object_that_leaves_its_layer_is_named_unless_its_file_is() {
    let moving = |n| {
        let mut dossier = with_files(dossier(n, "Move"), &[("apps/all.yaml", &[Applications])]);
        let mut edit = policy_edit("NetworkPolicy", "shop", "deny", "apps/all.yaml");
        edit.old_path = Some(RepoPath::new(b"np/deny.yaml"));
        dossier.change.commit.policy_edits = Box::new([edit]);
        let (from, to) = ([Security].into_iter().collect(), [Applications].into_iter().collect());
        dossier.classification.moved_objects = Box::new([crate::classification::MovedObject { edit: 0, from, to }]);
        dossier
    };
    let mut as_file = moving(2);
    as_file.classification.files[0].moved_from.insert(Security);
    assert_eq!(
        told(&assess(&LAYER_UNMAPPED, &settings(), &[moving(1), as_file])),
        [
            "exception: 1 policy object moved between layers: networking.k8s.io/NetworkPolicy shop/deny to apps/all.yaml (from \
             security to applications)",
            "exception: 1 file moved between layers: apps/all.yaml (from security to applications)",
        ]
    );
}

#[test]
fn production_beside_another_environment_is_found() {
    let in_environments = |n, environments: &[Option<&str>]| {
        let files: Vec<(&str, &[Layer])> = environments.iter().map(|name| (name.unwrap_or("base"), [].as_slice())).collect();
        let mut dossier = with_files(dossier(n, "Say why"), &files);
        for (class, name) in dossier.classification.files.iter_mut().zip(environments) {
            class.environment = name.map(Into::into);
        }
        dossier
    };
    let changes = [
        in_environments(1, &[Some("production"), None]),
        in_environments(2, &[Some("production"), Some("dev")]),
        in_environments(3, &[Some("staging"), Some("dev")]),
        in_environments(4, &[None]),
    ];
    assert_eq!(
        told(&assess(&MIXED_ENVIRONMENT, &settings(), &changes)),
        [
            "no exception",
            "exception: touches production together with another environment: dev (dev), production (production)",
            "no exception",
            "not applicable",
        ]
    );
}
