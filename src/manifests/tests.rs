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
