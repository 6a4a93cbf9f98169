//! What real repositories hold, row by row of the table of traps.

use super::*;

fn all(text: &str) -> Contents {
    read(text.as_bytes(), &|_| true)
}

/// `group/Kind namespace/name@line`
fn names(contents: &Contents) -> Vec<String> {
    contents.objects.iter().map(|object| format!("{}@{}", object.identity, object.root.line)).collect()
}

fn gaps(contents: &Contents) -> Vec<(u32, Unreadable)> {
    contents.gaps.iter().map(|gap| (gap.line, gap.reason)).collect()
}

/// The data of an object whose other fields do not matter.
fn data(text: &str) -> String {
    let contents = all(&format!("apiVersion: v1\nkind: X\ndata:\n{text}\n"));
    assert!(contents.gaps.is_empty(), "{text}: {:?}", contents.gaps);
    to_text(contents.objects[0].root.get("data").unwrap(), usize::MAX)
}

const NAMED: &str = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: a\n  namespace: b\n";

#[test]
fn an_object_has_identity_data_and_lines() {
    let contents = all(&format!("# c\n---\n{NAMED}spec:\n  # c\n  ingress:\n    - from:\n        - podSelector: {{}}\n"));
    assert_eq!(names(&contents), ["networking.k8s.io/NetworkPolicy b/a@3"]);
    let object = &contents.objects[0];
    assert_eq!(&*object.version, "v1");
    let ingress = object.root.at(&["spec", "ingress"]).unwrap();
    assert_eq!((ingress.line, ingress.items()[0].line), (10, 11));
    assert_eq!(ingress.items()[0].get("from").unwrap().items()[0].line, 12);
    assert_eq!(to_text(&object.root, 60), "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",…");
}

#[test]
fn templates_are_said_to_be_templates() {
    for text in [
        "apiVersion: v1\nkind: Pod\nmetadata:\n  {{- include \"x\" . | nindent 2 }}\n",
        "{{- if .Values.x }}\napiVersion: v1\nkind: Pod\n{{- end }}\n",
        "apiVersion: v1\nkind: Pod\n{% if x %}\na: b\n{% endif %}\n",
        "apiVersion: v1\nkind: Pod\nname: %%%TOKEN%%%\n",
        "apiVersion: {{ .Values.version }}\nkind: Pod\n",
    ] {
        let contents = all(text);
        assert!(contents.objects.is_empty(), "{text}");
        assert_eq!(contents.gaps.len(), 1, "{text}");
        assert_eq!(contents.gaps[0].reason, Unreadable::Template, "{text}");
        assert_eq!(contents.gaps[0].kinds.len(), 1, "{text}");
    }
}

#[test]
fn yaml_and_plain_json_may_hold_objects() {
    let may = |path: &str| may_hold_objects(&RepoPath::new(path.as_bytes()));
    for path in ["a.yaml", "x/B.YML", "x/np.json", "chart/templates/deployment.yaml", "values.yaml"] {
        assert!(may(path), "{path}");
    }
    for path in ["a.yaml.bak", ".yaml", "package.json", "x/node_modules/y/k.json", "main.tf.json", "a.tf", "yaml", ""] {
        assert!(!may(path), "{path}");
    }
}

#[test]
fn many_documents_are_all_found_and_empty_ones_are_none() {
    let one = "---\n# c\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: n";
    let many = (0..133).fold(String::new(), |text, number| text + &format!("{one}{number}\n---\n# nothing\n--- # c\n...\n"));
    let contents = all(&many);
    assert_eq!((contents.objects.len(), contents.gaps.len()), (133, 0));
    assert_eq!(names(&contents)[132], "Namespace n132@1323");
    for text in [
        "",
        "\n\n",
        "# c",
        "---\n",
        "---\n...\n",
        "\u{feff}",
        "~",
        "text",
        "- a\n- b\n",
        "[{\"op\": \"add\", \"kind\": \"x\", \"apiVersion\": \"v1\"}]",
    ] {
        let contents = all(text);
        assert!(contents.objects.is_empty() && contents.gaps.is_empty(), "{text:?}");
    }
}

#[test]
fn lists_and_templates_are_expanded() {
    let list = all(
        "kind: List\napiVersion: v1\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- kind: List\n  apiVersion: v1\n  items:\n  - {apiVersion: v1, kind: Pod, metadata: {name: b}}\n",
    );
    assert_eq!(names(&list), ["List (without a name)@1", "Pod a@4", "List (without a name)@7", "Pod b@10"]);
    let typed = all(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleList\nitems:\n- metadata:\n    name: a\n    namespace: ns\n- x: 1\n",
    );
    assert_eq!(names(&typed)[1..], ["rbac.authorization.k8s.io/Role ns/a@4"]);
    let template = all(
        "kind: Template\napiVersion: template.openshift.io/v1\nobjects:\n- apiVersion: v1\n  kind: Service\n  metadata:\n    name: ${NAME}\n",
    );
    assert_eq!(names(&template)[1..], ["Service ${NAME}@4"]);
    assert_eq!(template.objects[1].identity.certainty, Certainty::Named);
}

#[test]
fn policies_that_nest_policies_are_expanded() {
    let text = "apiVersion: policy.open-cluster-management.io/v1\nkind: Policy\nmetadata: {name: p, namespace: ns}\nspec:\n  policy-templates:\n\
                  - objectDefinition:\n      apiVersion: policy.open-cluster-management.io/v1\n      kind: ConfigurationPolicy\n      metadata:\n        name: c\n\
                \x20     spec:\n        object-templates:\n        - complianceType: musthave\n          objectDefinition:\n            apiVersion: networking.k8s.io/v1\n\
                \x20           kind: NetworkPolicy\n            metadata:\n              name: deny\n        object-templates-raw: |\n          {{ x }}\n";
    let contents = all(&text.replace("\n- objectDefinition", "\n  - objectDefinition"));
    assert_eq!(
        names(&contents),
        [
            "policy.open-cluster-management.io/Policy ns/p@1",
            "policy.open-cluster-management.io/ConfigurationPolicy c@6",
            "networking.k8s.io/NetworkPolicy deny@14"
        ]
    );
    assert_eq!(gaps(&contents), [(19, Unreadable::Template)]);
    let nested = format!("{}{}", "{apiVersion: v1, kind: List, items: [".repeat(20), "]}".repeat(20));
    let contents = all(&nested);
    assert_eq!((contents.objects.len(), contents.gaps.len()), (9, 1));
    assert_eq!(contents.gaps[0].reason, Unreadable::OverBudget);
}

#[test]
fn anchors_merge_keys_and_tags_are_read_as_kubectl_reads_them() {
    assert_eq!(data("  a: &x 1\n  b: *x\n  c: &x 2\n  d: *x"), r#"{"a":1,"b":1,"c":2,"d":2}"#);
    assert_eq!(
        data("  a: &a {k: 1, l: 1}\n  b: &b {k: 2, m: 2}\n  c: {<<: [*a, *b], m: 3}"),
        r#"{"a":{"k":1,"l":1},"b":{"k":2,"m":2},"c":{"k":1,"l":1,"m":3}}"#
    );
    assert_eq!(
        data("  <<: {k: 1}\n  k: 2\n  l: {k: 2, !!merge <<: {k: 1}}\n  m: {'<<': 1}"),
        r#"{"k":2,"l":{"k":1},"m":{"<<":1}}"#
    );
    assert_eq!(
        data("  a: =\n  b: !custom 1\n  c: !!str 1\n  d: !!int '3'\n  e: ! 5\n  f: !Ref {a: 1}\n  g: !!float 1"),
        r#"{"a":"=","b":"1","c":"1","d":3,"e":"5","f":{"a":1},"g":1}"#
    );
    assert_eq!(
        data("  a: [yes, Off, y, 'yes', 0644, 0o644, 1.0, 1_000, .inf, 2001-01-01, ~, null, 'null', ]"),
        r#"{"a":[true,false,true,"yes",420,420,1,1000,".inf","2001-01-01",null,null,"null"]}"#
    );
    assert_eq!(
        data("  on: 1\n  8080: 2\n  ~: 3\n  1.50: 4\n  0x10: 5\n  ? [a, {b: 1}]\n  : 6"),
        r#"{"1.5":4,"16":5,"8080":2,"[\"a\",{\"b\":1}]":6,"null":3,"true":1}"#
    );
    assert_eq!(
        data("  a: |\n    x\n     y\n  b: >-\n    x\n    y\n  c: \"a\\x41\\u00e9\\n\""),
        "{\"a\":\"x\\n y\\n\",\"b\":\"x y\",\"c\":\"aAé\\n\"}"
    );
    for text in ["a: *unknown", "a: &a [*a]", "<<: 1", "<<: [[{a: 1}]]"] {
        assert_eq!(gaps(&all(&format!("apiVersion: v1\nkind: X\n{text}\n"))), [(3, Unreadable::NotYaml)], "{text}");
    }
}

#[test]
fn anchors_do_not_reach_over_documents() {
    let contents = all("a: &a 1\napiVersion: v1\nkind: X\n---\napiVersion: v1\nkind: Y\nb: *a\n");
    assert_eq!((names(&contents), gaps(&contents)), (vec!["X (without a name)@1".to_owned()], vec![(7, Unreadable::NotYaml)]));
}

#[test]
fn the_last_of_duplicate_keys_counts_and_is_a_gap() {
    let contents = all(&format!("{NAMED}spec:\n  a: 1\n  a: 2\n  b: 1\n  b: 1\n"));
    assert_eq!(to_text(contents.objects[0].root.get("spec").unwrap(), 99), r#"{"a":2,"b":1}"#);
    assert_eq!(gaps(&contents), [(8, Unreadable::DuplicateKey)]);
    assert_eq!((&*contents.gaps[0].detail, contents.gaps[0].kinds.len()), ("a", 1));
    let hidden = all("apiVersion: v1\nkind: ConfigMap\n\"k\\x69nd\": Secret\nmetadata: {name: a}\n");
    assert_eq!(names(&hidden), ["Secret a@1"]);
}

#[test]
fn format_alone_is_no_difference() {
    let plain = format!("{NAMED}spec:\n  text: |\n    a\tb\n    c\n  list: [1, \"x\"]\n  mode: 0644\n");
    let other = "\u{feff}# c\n---\nkind: \"NetworkPolicy\"\nspec: {mode: 420, text: \"a\\tb\\nc\\n\", list: [1.0, x,]}  # c\n\
                 metadata:\n    namespace: 'b'\n    name: >-\n        a\napiVersion: !!str networking.k8s.io/v1\n";
    let json = r#"{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"a","namespace":"b"},
	"spec":{"text":"a\tb\nc\n","list":[1,"x"],"mode":420}}"#;
    let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(plain.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let one = &all(&plain).objects[0];
    for same in [all(&plain.replace('\n', "\r\n")), all(other), all(json), read(&utf16, &|_| true)] {
        assert!(same.gaps.is_empty(), "{:?}", same.gaps);
        assert_eq!((&same.objects[0].identity, &same.objects[0].root), (&one.identity, &one.root));
        assert!(difference(&one.root, &same.objects[0].root).is_empty());
    }
}

#[test]
fn what_kubectl_takes_for_the_end_of_a_line_is_one() {
    let contents = all(
        "apiVersion: v1\nkind: ConfigMap # a\u{2028}kind: Secret\u{85}metadata:\n  name: b # c\u{2029}  namespace: d\ne: \"f\u{2028}g\"\nh: 1\n",
    );
    assert_eq!(names(&contents), ["Secret d/b@1"]);
    assert_eq!((gaps(&contents), contents.objects[0].root.get("h").unwrap().line), (vec![(2, Unreadable::DuplicateKey)], 5));
    assert_eq!(gaps(&all("apiVersion: v1\n\u{feff}kind: X\n")), [(2, Unreadable::NotYaml)]);
}

#[test]
fn partial_identities_are_stated() {
    let identity = |text: &str| all(&format!("apiVersion: v1\nkind: X\nmetadata:\n{text}\n")).objects[0].identity.clone();
    for (text, shown, certainty) in [
        ("  generateName: a-", "X a-*", Certainty::Generated),
        ("  labels: {}", "X (without a name)", Certainty::Unnamed),
        ("  name: {{ .Name }}", "X (without a name)", Certainty::Unnamed),
        ("  name: '{{ .Name }}-x'", "X {{ .Name }}-x", Certainty::Unnamed),
        ("  name: a\n  namespace: {{ .Namespace }}", "X a", Certainty::Unnamed),
        ("  name: a-${VAR}\n  namespace: ${NS}", "X ${NS}/a-${VAR}", Certainty::Named),
        ("  name: 8080", "X 8080", Certainty::Named),
    ] {
        assert_eq!((identity(text).to_string(), identity(text).certainty), (shown.to_owned(), certainty), "{text}");
    }
    for text in [
        "kind: X\nmetadata: {name: a}\n",
        "apiVersion: v1\nmetadata: {name: a}\n",
        "apiVersion: 1\nkind: X\n",
        "apiVersion: v1\nkind: {{ .k }}\n",
    ] {
        assert!(all(text).objects.is_empty(), "{text}");
    }
    let unknown = all("apiVersion: ${API}\nkind: X\n");
    assert_eq!((&*unknown.objects[0].identity.kind.group, &*unknown.objects[0].version), (UNKNOWN_GROUP, ""));
}

#[test]
fn groups_are_part_of_the_identity() {
    let kinds = |version: &str| all(&format!("apiVersion: {version}\nkind: policy\n")).objects[0].identity.kind.clone();
    assert_eq!(&*kinds("constraints.gatekeeper.sh/v1beta1").kind, "policy");
    assert_ne!(kinds("kyverno.io/v1"), kinds("policy.open-cluster-management.io/v1"));
    assert_eq!(kinds("kyverno.io/v1"), kinds("kyverno.io/v2beta1"));
}

#[test]
fn encrypted_files_are_said_to_be_encrypted() {
    assert_eq!(gaps(&read(b"\0GITCRYPT\0abc", &|_| false)), [(1, Unreadable::Encrypted)]);
    assert_eq!(gaps(&all("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")), [(1, Unreadable::LfsPointer)]);
    assert_eq!(gaps(&read(b"kind: Pod\napiVersion: v1\n\0", &|_| true)), [(1, Unreadable::Binary)]);
    assert_eq!(gaps(&read(b"kind: Pod\napiVersion: v1\na: \xff\n", &|_| true)), [(1, Unreadable::NotYaml)]);
    let sops =
        |value: &str| format!("{NAMED}spec:\n  a: ENC[AES256_GCM,data:{value}]\nsops:\n  mac: ENC[x]\n  version: {value}\n");
    let (one, other) = (all(&sops("x1x")), all(&sops("x2x")));
    assert_eq!(names(&one), ["networking.k8s.io/NetworkPolicy b/a@1"]);
    assert_eq!(gaps(&one), [(8, Unreadable::Encrypted)]);
    let differences = difference(&one.objects[0].root, &other.objects[0].root);
    assert_eq!(differences.iter().map(|field| &*field.path).collect::<Vec<_>>(), ["spec.a"]);
    assert!(!format!("{one:?}").contains("x1x") && !to_text(&one.objects[0].root, 999).contains("ENC["));
}

#[test]
fn values_of_secrets_are_compared_and_never_shown() {
    let secret = |value: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: |\n      \
                 {{\"data\":{{\"k\":\"{value}\"}}}}\ndata:\n  k: {value}\n  same: c2FtZQ==\nstringData: {{t: {value}, u: [{value}]}}\n"
        )
    };
    let in_list =
        |value: &str| format!("apiVersion: v1\nkind: List\nitems:\n- {}", secret(value).trim_end().replace('\n', "\n  "));
    let in_policy = |value: &str| {
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec:\n  generate:\n    kind: Secret\n    data: {{stringData: {{a: {value}}}}}\n"
        )
    };
    for text in [&secret as &dyn Fn(&str) -> String, &in_list, &in_policy] {
        let (one, other) = (all(&text("hunter2")), all(&text("hunter3")));
        let shown = format!("{one:?}{}", one.objects.iter().map(|object| to_text(&object.root, 9999)).collect::<String>());
        assert!(!shown.contains("hunter") && shown.contains("(secret)"), "{shown}");
        let differences = difference(&one.objects[0].root, &other.objects[0].root);
        assert!(!differences.is_empty());
        assert!(differences.iter().all(|field| !field.path.contains("same")), "{differences:?}");
        assert!(!format!("{differences:?}").contains("hunter"));
    }
}

#[test]
fn bombs_are_refused_at_once() {
    let head = "apiVersion: v1\nkind: X\n";
    let mut aliases = format!("{head}a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let item = format!("*a{}", level - 1);
        aliases.push_str(&format!("a{level}: &a{level} [{}]\n", [&*item; 9].join(", ")));
    }
    let text = format!("{head}a: &a \"{}\"\nb: [{}]\n", "x".repeat(1_000_000), "*a,".repeat(1000));
    let deep_flow = format!("{head}a: {}", "[".repeat(10_000));
    let deep_block = (0..10_000).fold(head.to_owned(), |text, level| text + &" ".repeat(level % 200) + "a:\n");
    let anchors =
        format!("{head}a: {}x{}", (0..60).fold(String::new(), |text, level| text + &format!("&a{level} [")), "]".repeat(60));
    for text in [&aliases, &text, &deep_flow] {
        assert_eq!(all(text).gaps.iter().map(|gap| gap.reason).collect::<Vec<_>>(), [Unreadable::OverBudget]);
    }
    assert_eq!(all(&deep_block).gaps.len(), 1);
    assert!(all(&anchors).gaps.is_empty());
    let documents = all(&"apiVersion: v1\nkind: X\n---\n".repeat(6000));
    assert_eq!((documents.objects.len(), gaps(&documents)), (5000, vec![(15001, Unreadable::OverBudget)]));
    assert_eq!(documents.gaps[0].kinds.len(), 1);
}

#[test]
fn a_key_or_indentation_by_tabs_and_broken_text_are_gaps_of_their_document_only() {
    for (broken, line) in [
        ("a:\n\tb: 1\n", 7),
        ("a: [1\n", 6),
        ("a: 'x\n", 6),
        ("a: b: c\n", 6),
        ("a: @x\n", 6),
        ("{\"a\" 1}\n", 6),
        ("a\n b: }\n", 7),
    ] {
        let contents =
            all(&format!("apiVersion: v1\nkind: A\n---\nkind: B\napiVersion: v1\n{broken}---\napiVersion: v1\nkind: C\n"));
        assert_eq!(contents.objects.len(), 2, "{broken}");
        assert!(
            matches!(contents.gaps[..], [ContentGap { reason: Unreadable::NotYaml, line: found, .. }] if (line - 1..line + 3).contains(&found)),
            "{broken} {:?}",
            contents.gaps
        );
        assert_eq!(&*contents.gaps[0].kinds[0].kind, "B");
    }
}

#[test]
fn flow_collections_that_end_in_the_column_of_their_key_are_read() {
    assert_eq!(data("  args: [\n  a,\n  b\n  ]\n  c: {\n  d: 1\n  }"), r#"{"args":["a","b"],"c":{"d":1}}"#);
    assert_eq!(data("  a: {\"b\":1,\t\"c\": [\"d\",\n    \"e\\/f\"]}"), r#"{"a":{"b":1,"c":["d","e/f"]}}"#);
}

#[test]
fn only_wanted_documents_are_parsed() {
    let asked = std::cell::RefCell::new(Vec::new());
    let wants = |kinds: &[ObjectKind]| {
        asked.borrow_mut().push(kinds.iter().map(|kind| kind.kind.to_string()).collect::<Vec<_>>());
        kinds.iter().any(|kind| &*kind.kind == "Wanted")
    };
    let text = "apiVersion: v1\nkind: Wanted\n---\napiVersion: v1\nkind: Other\nbroken: [\n---\nname: values\n---\n{apiVersion: v1, kind: Flow}\n---\n\
                apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Wanted}]\n---\n apiVersion: v1\n kind: Indented\n";
    let contents = read(text.as_bytes(), &wants);
    assert_eq!(
        names(&contents),
        [
            "Wanted (without a name)@1",
            "Flow (without a name)@10",
            "List (without a name)@12",
            "Wanted (without a name)@14",
            "Indented (without a name)@16"
        ]
    );
    assert_eq!((asked.take(), contents.gaps.len()), (vec![vec!["Wanted".to_owned()], vec!["Other".to_owned()]], 0));
}

#[test]
fn what_did_not_change_is_left_out_of_both_sides() {
    let document = |name: &str, text: &str| format!("---\napiVersion: v1\nkind: X\nmetadata: {{name: {name}}}\n{text}\n");
    let before = document("a", "x: 1") + &document("b", "x: 1") + &document("c", "x: 1");
    let after = document("c", "x: 1") + "# c\n" + &document("a", "x: 1") + &document("b", "x: 2");
    let (old, new) = read_changed(before.as_bytes(), after.as_bytes(), &|_| true, None);
    assert_eq!(
        (names(&old), names(&new)),
        (vec!["X b@7".to_owned(), "X c@12".to_owned()], vec!["X c@2".to_owned(), "X b@13".to_owned()])
    );
    let (old, new) = read_changed(b"\0GITCRYPT\0", after.as_bytes(), &|_| true, None);
    assert_eq!((old.gaps.len(), new.objects.len()), (1, 3));
}

/// Numbers that look random and are the same on every run.
fn numbers(seed: u64) -> impl Iterator<Item = usize> {
    let mut state = seed;
    std::iter::from_fn(move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 40).ok()
    })
}

const SEED: &str = "%TAG !e! tag:x,1:\n---\napiVersion: v1 # c\nkind: List\nmetadata: &m {name: \"a\\u00e9\", <<: *m}\nitems:\n- {? [a]: |\n  x}\n\
                    - &b >-\n   tö\n- *b\n- !e!x '0x1'\n...\n{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{\"a\":[1.5e3,null]}}\n\
                    --- |\n {{ x }}\n\u{feff}sops: {mac: ENC[a]}\r\n---\n<<: {apiVersion: v1}\nkind: X\ndata: [{name: a}, {name: b}, [c, d]]\n";
const TOKENS: [&str; 28] = [
    "---\n",
    "\n",
    " ",
    "\t",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "<<: ",
    "\"",
    "'",
    "|\n",
    ">",
    "\\",
    "\0",
    "é",
    "\u{feff}",
    "#",
    "%",
    "!",
    "? ",
    "kind: X\n",
    "\r",
    "\u{2028}",
];

fn mutate(bytes: &mut Vec<u8>, random: &mut dyn FnMut(usize) -> usize) {
    let at = random(bytes.len() + 1);
    let end = (at + random(12)).min(bytes.len());
    match random(4) {
        0 => drop(bytes.drain(at..end)),
        1 => drop(bytes.drain(at.max(bytes.len().saturating_sub(at))..)),
        2 => bytes.insert(at, u8::try_from(random(256)).unwrap()),
        _ => drop(bytes.splice(at..at, TOKENS[random(TOKENS.len())].bytes())),
    }
}

#[test]
fn no_bytes_make_it_panic_and_reading_is_repeatable() {
    let mut numbers = numbers(3);
    let mut random = |below: usize| numbers.next().unwrap() % below;
    let old = read(SEED.as_bytes(), &|_| true);
    for _ in 0..1500 {
        let mut bytes = SEED.as_bytes().to_vec();
        for _ in 0..=random(6) {
            mutate(&mut bytes, &mut random);
        }
        let new = read(&bytes, &|_| true);
        assert_eq!(format!("{new:?}"), format!("{:?}", read(&bytes, &|_| true)));
        for (one, other) in old.objects.iter().flat_map(|one| new.objects.iter().map(move |other| (one, other))) {
            assert_eq!(difference(&one.root, &other.root).is_empty(), one.root == other.root);
            let _ = to_text(&other.root, random(100));
        }
        let _ = read_changed(SEED.as_bytes(), &bytes, &|_| false, None);
    }
}
