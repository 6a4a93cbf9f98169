//! What decides a path, and in which order.

use std::sync::Arc;

use super::*;
use crate::changes::{Change, Commit, EditKind, FileEdit, Signature};
use crate::manifests::{Certainty, Identity, ObjectKind};
use crate::policies::{Family, PolicyEdit, PolicyEditKind};
use crate::settings::Settings;
use crate::text::{CommitId, Moment, ObjectId, RepoPath, Text, TreeId};

fn settings(text: &str) -> Settings {
    let (settings, problems) = Settings::parse(text, "test", None);
    assert_eq!(problems, []);
    settings
}

fn edit(path: &str, kinds: &[&str]) -> FileEdit {
    let kind = |text: &&str| {
        let (group, kind) = text.split_once('/').unwrap_or(("", text));
        ObjectKind { group: group.into(), kind: kind.into() }
    };
    let kinds: Arc<[ObjectKind]> = kinds.iter().map(kind).collect();
    FileEdit {
        kind: EditKind::Modified,
        path: RepoPath::new(path.as_bytes()),
        old_path: None,
        before: None,
        after: None,
        kinds: Some(kinds),
        parse: crate::changes::ParseStatus::Scanned,
    }
}

fn change(edits: Vec<FileEdit>) -> Change {
    let Some(id) = ObjectId::from_bytes(&[7; 20]) else { unreachable!("twenty bytes are an id") };
    let signature = Signature { person: Arc::default(), when: Moment::Unreadable("".into()) };
    let commit = Commit {
        id: CommitId(id),
        tree: TreeId(id),
        parents: [].into(),
        author: signature.clone(),
        committer: signature,
        message: Text::default(),
        signed: None,
        paths_changed: 0,
        policy_edits: Box::default(),
        file_edits: edits.into(),
        merge: None,
        gaps: Vec::new(),
    };
    Change { commit, side_commits: Vec::new() }
}

/// `layers | environment | rule` of one file.
fn classify(written: &str, path: &str, kinds: &[&str]) -> String {
    let mut classifier = Classifier::new(&settings(written));
    let found = classifier.classify(&change(vec![edit(path, kinds)]));
    let [class] = &*found.files else { return String::new() };
    let layers: Vec<&str> = class.layers.iter().map(Layer::name).collect();
    let ignored = if class.ignored { "ignored" } else { "" };
    format!("{}{ignored} | {} | {}", layers.join("+"), class.environment.as_deref().unwrap_or(""), class.rule)
}

#[test]
fn the_first_rule_that_decides_wins() {
    let map = "[scope]\nexclude=['**/samples/**']\n[[layers]]\nglob='apps/**'\nlayer='platform'\n[[layers]]\nglob='.github/**'\nlayer='ignore'\n";
    let np = &["networking.k8s.io/NetworkPolicy"][..];
    let cases: &[(&str, &str, &[&str], &str)] = &[
        (map, "apps/samples/np.yaml", np, "ignored |  | out of scope: exclude **/samples/**"),
        (map, "apps/prod/np.yaml", np, "platform | prod | settings: apps/**"),
        (map, ".github/workflows/ci.yml", &[], "ignored |  | settings: .github/**"),
        ("", ".github/workflows/ci.yml", &[], "governance |  | governance: .github/**"),
        ("", "apps/README.md", &[], "ignored |  | documentation: *.md"),
        ("", "apps/main.tf", &[], "infrastructure |  | file: *.tf"),
        ("", "apps/shop/np.yaml", np, "security |  | kind: networking.k8s.io/NetworkPolicy"),
        ("", "monitoring/grafana.yaml", &["apps/Deployment"], "observability |  | path word: monitoring"),
        ("", "shop/web.yaml", &["apps/Deployment", "Service"], "applications |  | kind: apps/Deployment, Service"),
        ("", "shop/web.yaml", &["Namespace", "apps/Deployment"], "platform+applications |  | kind: Namespace, apps/Deployment"),
        (
            "",
            "shop/x.yaml",
            &["ConfigMap", "ServiceAccount", "networking.k8s.io/NetworkPolicy"],
            "security |  | kind: networking.k8s.io/NetworkPolicy",
        ),
        (
            "",
            "shop/x.yaml",
            &["apps/Deployment", "networking.k8s.io/NetworkPolicy"],
            "security+applications |  | kind: apps/Deployment, networking.k8s.io/NetworkPolicy",
        ),
        (
            "",
            "apps/x.yaml",
            &["apps/Deployment", "networking.k8s.io/NetworkPolicy"],
            "security+applications |  | kind: networking.k8s.io/NetworkPolicy; path word: apps",
        ),
        ("", "shop/sa.yaml", &["ServiceAccount"], "applications |  | kind: ServiceAccount"),
        (
            "",
            "apps/role.yaml",
            &["rbac.authorization.k8s.io/ClusterRole"],
            "platform |  | kind: rbac.authorization.k8s.io/ClusterRole",
        ),
        ("", "grafana/role.yaml", &["rbac.authorization.k8s.io/ClusterRole"], "observability |  | path word: grafana"),
        (
            "",
            "shop/rbac/role.yaml",
            &["rbac.authorization.k8s.io/ClusterRole"],
            "platform |  | kind: rbac.authorization.k8s.io/ClusterRole",
        ),
        ("", "shop/rbac/role.yaml", &["rbac.authorization.k8s.io/Role"], "security |  | path word: rbac"),
        ("[repository]\nlayer='observability'\n", "clusters/eu/x.yaml", &[], " | eu | no rule"),
        ("", "shop/cm.yaml", &["ConfigMap"], " |  | no rule for kind: ConfigMap"),
        ("", "gatekeeper/role.yaml", &["rbac.authorization.k8s.io/Role"], "security |  | path word: gatekeeper"),
        ("", "gatekeeper/kustomization.yaml", &["apps/Deployment"], "security |  | path word: gatekeeper"),
        ("", "clusters/monitoring/sync.yaml", &[], "platform | monitoring | path word: clusters"),
        ("", "shop/run.sh", &[], " |  | no rule"),
    ];
    for (written, path, kinds, expected) in cases {
        assert_eq!(classify(written, path, kinds), *expected, "{path}");
    }
}

#[test]
fn a_declared_layer_is_home_for_what_has_no_other() {
    let security = "[repository]\nlayer='security'\n";
    let cases: &[(&str, &str, &[&str], &str)] = &[
        (security, "pods/limits.yaml", &["Namespace"], "security |  | declared layer: security"),
        (security, "pods/web.yaml", &["apps/Deployment"], "applications |  | kind: apps/Deployment"),
        (security, "gatekeeper/web.yaml", &["apps/Deployment"], "applications |  | kind: apps/Deployment"),
        (security, "run.sh", &[], " |  | no rule"),
        ("[repository]\nlayer='platform'\n", "vault/web.yaml", &["apps/Deployment"], "platform |  | declared layer: platform"),
        (
            "[repository]\nlayer='applications'\n",
            "shop/np.yaml",
            &["networking.k8s.io/NetworkPolicy"],
            "security |  | kind: networking.k8s.io/NetworkPolicy",
        ),
        ("[repository]\nlayer='infrastructure'\n", "infra/vars.yaml", &[], "infrastructure |  | path word: infra"),
    ];
    for (written, path, kinds, expected) in cases {
        assert_eq!(classify(written, path, kinds), *expected, "{path}");
    }
}

#[test]
fn a_move_over_a_boundary_is_seen() {
    let mut classifier = Classifier::new(&settings(""));
    let mut moved = |from: &str, to: &str, kinds: &[&str]| {
        let renamed = FileEdit { old_path: Some(RepoPath::new(from.as_bytes())), kind: EditKind::Renamed, ..edit(to, kinds) };
        let names = |set: LayerSet| set.iter().map(Layer::name).collect::<String>();
        let found = classifier.classify(&change(vec![renamed]));
        found.files.first().map(|class| (names(class.layers), names(class.moved_from))).unwrap_or_default()
    };
    let is = |found: (String, String), layers: &str, from: &str| assert_eq!(found, (layers.to_owned(), from.to_owned()));
    is(moved("security/x.yaml", "apps/x.yaml", &[]), "applications", "security");
    is(moved("security/np.yaml", "apps/np.yaml", &["networking.k8s.io/NetworkPolicy"]), "security", "security");
    is(moved("apps/a/x.yaml", "apps/b/x.yaml", &[]), "applications", "");
    is(moved("monitoring/np.yaml", "apps/np.yaml", &["networking.k8s.io/NetworkPolicy"]), "security", "");
}

#[test]
fn a_policy_object_that_leaves_its_layer_is_seen_without_its_file() {
    let kind = ObjectKind { group: "networking.k8s.io".into(), kind: "NetworkPolicy".into() };
    let object = Identity { kind, namespace: "shop".into(), name: "deny".into(), certainty: Certainty::Named };
    let moved = |from: &str, to: &str| PolicyEdit {
        object: object.clone(),
        family: Family::Network,
        kind: PolicyEditKind::Moved,
        path: RepoPath::new(to.as_bytes()),
        old_path: Some(RepoPath::new(from.as_bytes())),
        line: 1,
        fields: Box::default(),
        verdicts: Box::default(),
    };
    let mut change = change(Vec::new());
    change.commit.policy_edits = [moved("security/a.yaml", "security/b.yaml"), moved("security/a.yaml", "apps/a.yaml")].into();
    let found = Classifier::new(&settings("")).classify(&change);
    let security = LayerSet::from_iter([Layer::Security]);
    assert_eq!(*found.moved_objects, [MovedObject { edit: 1, from: security, to: security }]);
}

#[test]
fn a_change_is_out_of_scope_when_all_its_paths_are() {
    let mut classifier = Classifier::new(&settings("[scope]\ninclude=['security/**']\n"));
    let mut reason =
        |paths: &[&str]| classifier.classify(&change(paths.iter().map(|path| edit(path, &[])).collect())).out_of_scope;
    assert_eq!(reason(&["apps/x"]).as_deref(), Some("every path is out of scope: not in scope.include"));
    assert_eq!(reason(&["apps/x", "security/x"]), None);
    assert_eq!(reason(&[]), None);
}

#[test]
fn kinds_are_wanted_where_they_have_a_say() {
    let map = "[scope]\nexclude=['samples/**']\n[[layers]]\nglob='apps/**'\nlayer='applications'\n[[layers]]\nglob='x/**'\nlayer='ignore'\n";
    let wants = |written: &str, path: &str| Classifier::new(&settings(written)).wants_kinds(&RepoPath::new(path.as_bytes()));
    assert!(wants(map, "security/np.yaml"));
    for path in ["apps/x.yaml", "samples/x.yaml", ".github/x.yaml", "a/kustomization.yaml", "a/x.md", "main.tf.json", "x/x.yaml"]
    {
        assert!(!wants(map, path), "{path}");
    }
    let declared = format!("[repository]\nlayer='applications'\n{map}");
    assert!(wants(&declared, "apps/x.yaml") && !wants(&declared, "x/x.yaml") && !wants(&declared, "samples/x.yaml"));
}

#[test]
fn guards_come_from_settings_and_are_built_in() {
    let classifier = Classifier::new(&settings("[guards]\npaths=['policies/**']\n"));
    let guard = |path: &str| classifier.guard_rule(&RepoPath::new(path.as_bytes()));
    assert_eq!(guard("policies/x.yaml").as_deref(), Some("settings: policies/**"));
    assert_eq!(guard("countersign.toml").as_deref(), Some("settings of the audit: countersign.toml"));
    assert_eq!(guard("apps/x.yaml"), None);
}

#[test]
fn environment_rules_come_before_folder_names() {
    let written = "[[environments.rules]]\nglob='clusters/c2/**'\nname='live'\n";
    assert_eq!(classify(written, "clusters/c2/x.yaml", &[]), "platform | live | path word: clusters");
    assert_eq!(classify(written, "clusters/c3/x.yaml", &[]), "platform | c3 | path word: clusters");
    assert_eq!(classify("[environments]\nbuiltin=false\n", "clusters/c3/x.yaml", &[]), "platform |  | path word: clusters");
}

#[test]
fn hostile_paths_are_classified() {
    let mut classifier = Classifier::new(&Settings::built_in());
    for path in [&b"\xff\xfe/\0/..yaml"[..], b"", b"/", b"///", b".", b"\n.yaml", "ü/É.YAML".as_bytes(), &[b'/'; 5000]] {
        let mut hostile = edit("", &[]);
        hostile.path = RepoPath::new(path);
        assert_eq!(classifier.classify(&change(vec![hostile.clone()])).files.len(), 1);
        let _ = (classifier.wants_kinds(&hostile.path), classifier.guard_rule(&hostile.path));
    }
}
