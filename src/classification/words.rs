//! Layers by the words of folder names: the deepest folder that holds a known word decides.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::settings::Layer;

/// Words and phrases, words of a phrase separated by one space; folder names are split at `-`, `_`, `.` and blanks.
const WORDS: &[(Layer, &[&str])] = &[
    (Layer::Infrastructure, &["terraform", "terragrunt", "opentofu", "pulumi", "cloudformation", "bicep"]),
    (
        Layer::Platform,
        &[
            "platform",
            "infrastructure",
            "infra",
            "ingress",
            "ingress nginx",
            "nginx ingress",
            "cert manager",
            "certmanager",
            "external dns",
            "externaldns",
            "velero",
            "argo cd",
            "argocd",
            "argo rollouts",
            "flux",
            "flux system",
            "fluxcd",
            "gitops",
            "karpenter",
            "metallb",
            "linkerd",
            "istio",
            "traefik",
            "crossplane",
            "cluster autoscaler",
            "rook",
            "longhorn",
            "keda",
            "reloader",
            "kube system",
        ],
    ),
    (
        Layer::Security,
        &[
            "security",
            "policies",
            "policy",
            "kyverno",
            "kyverno policies",
            "gatekeeper",
            "gatekeeper system",
            "constraints",
            "constrainttemplates",
            "constraint templates",
            "opa",
            "network policies",
            "network policy",
            "networkpolicies",
            "networkpolicy",
            "netpol",
            "netpols",
            "pod security",
            "podsecurity",
            "pss",
            "psp",
            "external secrets",
            "externalsecrets",
            "sealed secrets",
            "sealedsecrets",
            "falco",
            "tetragon",
            "trivy",
            "trivy operator",
            "kubewarden",
            "neuvector",
            "kubescape",
            "linkerd policy",
            "linkerd policies",
            "istio policies",
        ],
    ),
    (
        Layer::Observability,
        &[
            "observability",
            "monitoring",
            "logging",
            "metrics",
            "alerts",
            "alerting",
            "alertmanager",
            "prometheus",
            "grafana",
            "dashboards",
            "loki",
            "tempo",
            "mimir",
            "thanos",
            "alloy",
            "promtail",
            "fluent bit",
            "fluentbit",
            "fluentd",
            "opentelemetry",
            "otel",
            "jaeger",
            "tracing",
            "blackbox exporter",
            "node exporter",
            "kube state metrics",
            "kube prometheus",
            "kube prometheus stack",
            "victoria metrics",
            "victoriametrics",
            "log collector",
            "logs collector",
            "datadog",
            "dynatrace",
        ],
    ),
    (Layer::Applications, &["apps", "applications", "workloads", "tenants", "teams"]),
];

/// Words that name a part of something or a root: they count only where no other folder has a word.
const LAST_RESORT: &[(&str, Layer)] = &[
    ("rbac", Layer::Security),
    ("clusters", Layer::Platform),
    ("cluster scope", Layer::Platform),
    ("cluster resources", Layer::Platform),
    ("cluster config", Layer::Platform),
];

/// Words with other meanings in the middle of a name, as in `multi-platform-controller`: first or last they count.
const AT_THE_ENDS: &[&str] =
    &["platform", "infra", "policy", "security", "apps", "applications", "teams", "metrics", "constraints"];

/// Words that a file name may carry itself, because nothing else is called so.
const FILE_WORDS: &[&str] = &[
    "networkpolicy",
    "networkpolicies",
    "netpol",
    "netpols",
    "network policy",
    "network policies",
    "podsecurity",
    "constrainttemplate",
    "clusterpolicy",
];

const LONGEST_PHRASE: usize = 3;

static PHRASES: LazyLock<BTreeMap<&'static str, Layer>> =
    LazyLock::new(|| WORDS.iter().flat_map(|(layer, words)| words.iter().map(move |word| (*word, *layer))).collect());

/// A word found in a path and the layer it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub layer: Layer,
    /// Whether it counted only because no folder has a word of its own.
    pub last_resort: bool,
    /// The folder or file name that holds it, or the word itself for a last resort.
    pub text: String,
}

/// The word that decides a path, if any; `is_name` says which folders are mere names, e.g. of a cluster.
pub(super) fn find(folders: &[&str], file: &str, is_name: &dyn Fn(usize) -> bool, known: &mut FolderWords) -> Option<Word> {
    let stem = file.split('.').next().unwrap_or(file);
    if let Some(word) = known.of_file(stem) {
        return Some(word.clone());
    }
    let mut last_resort = None;
    for (position, folder) in folders.iter().enumerate().rev() {
        let FolderWord { own, last } = known.of(folder);
        if own.is_none() && (last.is_none() || last_resort.is_some()) || is_name(position) || is_api_group(folder) {
            continue;
        }
        if own.is_some() {
            return own.clone();
        }
        last_resort.clone_from(last);
    }
    last_resort
}

/// The words of folder and file names that were looked at: paths share most of them.
#[derive(Debug, Default)]
pub(super) struct FolderWords {
    known: BTreeMap<Box<str>, FolderWord>,
    /// The words that file names carry themselves.
    files: BTreeMap<Box<str>, Option<Word>>,
}

/// The words in the name of one folder.
#[derive(Debug)]
struct FolderWord {
    own: Option<Word>,
    /// One that counts only where no folder has a word of its own.
    last: Option<Word>,
}

impl FolderWords {
    /// Names beyond this number are looked at anew; what a path can hold bounds each name.
    const REMEMBERED: usize = 1 << 14;

    fn of_file(&mut self, stem: &str) -> Option<&Word> {
        if !self.files.contains_key(stem) {
            if self.files.len() >= Self::REMEMBERED {
                self.files.clear();
            }
            let word = longest_phrase(stem, &|phrase| FILE_WORDS.contains(&phrase).then_some(Layer::Security));
            self.files.insert(stem.into(), word);
        }
        self.files.get(stem)?.as_ref()
    }

    fn of(&mut self, folder: &str) -> &FolderWord {
        const NONE: &FolderWord = &FolderWord { own: None, last: None };
        if !self.known.contains_key(folder) {
            if self.known.len() >= Self::REMEMBERED {
                self.known.clear();
            }
            let last = |phrase: &str| LAST_RESORT.iter().find(|(word, _)| *word == phrase).map(|(_, layer)| *layer);
            let word = FolderWord {
                own: longest_phrase(folder, &|phrase| PHRASES.get(phrase).copied()),
                last: longest_phrase(folder, &last).map(|word| Word { last_resort: true, ..word }),
            };
            self.known.insert(folder.into(), word);
        }
        self.known.get(folder).unwrap_or(NONE)
    }
}

/// Whether a folder is named after an API group, as in `base/rbac.authorization.k8s.io/clusterroles`.
fn is_api_group(folder: &str) -> bool {
    const ENDINGS: [&str; 5] = [".io", ".com", ".dev", ".org", ".sh"];
    ENDINGS.iter().any(|ending| folder.ends_with(ending))
}

/// The longest known phrase of a name; of two equally long ones the last, as in `platform-monitoring`.
fn longest_phrase(name: &str, known: &dyn Fn(&str) -> Option<Layer>) -> Option<Word> {
    let name = name.to_lowercase();
    let words: Vec<&str> = name.split(['-', '_', '.', ' ']).filter(|word| !word.is_empty()).collect();
    (1..=LONGEST_PHRASE.min(words.len())).rev().find_map(|length| {
        words.windows(length).rev().find_map(|window| {
            let phrase = window.join(" ");
            let inside = words.first() != window.first() && words.last() != window.last();
            let counts = !(inside && AT_THE_ENDS.contains(&&*phrase));
            known(&phrase).filter(|_| counts).map(|layer| Word { layer, last_resort: false, text: window.join("-") })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(path: &str) -> Option<(Layer, String)> {
        let mut parts: Vec<&str> = path.split('/').collect();
        let file = parts.pop().unwrap_or("");
        find(&parts, file, &|_| false, &mut FolderWords::default()).map(|word| (word.layer, word.text))
    }

    #[test]
    fn the_deepest_folder_with_a_word_decides() {
        let cases = [
            ("apps/monitoring/x.yaml", Some((Layer::Observability, "monitoring"))),
            ("components/monitoring/base/rbac/x.yaml", Some((Layer::Observability, "monitoring"))),
            ("components/konflux-rbac/x.yaml", Some((Layer::Security, "rbac"))),
            ("argo-cd-apps/base/x.yaml", Some((Layer::Platform, "argo-cd"))),
            ("platform-monitoring/x.yaml", Some((Layer::Observability, "monitoring"))),
            ("Cert_Manager/x.yaml", Some((Layer::Platform, "cert-manager"))),
            ("apps/shop/allow-dns.networkpolicy.yaml", Some((Layer::Applications, "apps"))),
            ("apps/shop/network-policy-dns.yaml", Some((Layer::Security, "network-policy"))),
            ("apps/shop/monitoring.yaml", Some((Layer::Applications, "apps"))),
            ("reproduction/products/x.yaml", None),
            ("components/multi-platform-controller/x.yaml", None),
            ("base/rbac.authorization.k8s.io/clusterroles/x.yaml", None),
        ];
        for (path, expected) in cases {
            assert_eq!(layer(path), expected.map(|(layer, word)| (layer, word.to_owned())), "{path}");
        }
    }
}
