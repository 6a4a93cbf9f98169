//! Which layer an object belongs to by its API group and kind: the embedded table.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::manifests::{ObjectKind, UNKNOWN_GROUP};
use crate::settings::Layer;

/// What the table says about a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindRule {
    /// The layer, unless only the path can say.
    pub layer: Option<Layer>,
    /// How strongly the kind decides.
    pub strength: Strength,
}

/// How strongly a kind decides the layer of its file; the weakest comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Contributes nothing where another kind of the file decides: config maps, roles, build files.
    ByPath,
    /// Runs in every layer: deployments, services. Never at home where security or infrastructure is declared.
    Workload,
    /// Installed by what runs in any layer but applications: cluster roles, definitions of kinds.
    ClusterWide,
    /// A path word decides before it: namespaces, certificates.
    PathFirst,
    /// Decides alone: network policies, alerting rules, storage classes.
    Always,
}

/// Where Kubernetes moved kinds away from; their former group says nothing.
const FORMER_GROUP: &str = "extensions";

static TABLE: LazyLock<BTreeMap<&'static str, BTreeMap<&'static str, KindRule>>> =
    LazyLock::new(|| read_table(include_str!("kinds-to-layers.tsv")));

fn read_table(text: &'static str) -> BTreeMap<&'static str, BTreeMap<&'static str, KindRule>> {
    let mut table: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let (Some(group), Some(kind), Some(layer), Some(decides)) =
            (columns.next(), columns.next(), columns.next(), columns.next())
        else {
            continue;
        };
        let strength = match decides {
            "always" => Strength::Always,
            "path-first" => Strength::PathFirst,
            "workload" => Strength::Workload,
            "cluster-wide" => Strength::ClusterWide,
            _ => Strength::ByPath,
        };
        table.entry(group).or_default().insert(kind, KindRule { layer: Layer::from_name(layer), strength });
    }
    table
}

/// What the table says: the kind of the group, then the group, then its longest suffix.
///
/// Where the group is not known, every group that has the kind must agree on the layer.
#[must_use]
pub fn rule_of(object: &ObjectKind) -> Option<KindRule> {
    let group = if object.group.is_empty() { "core" } else { &*object.group };
    if group == UNKNOWN_GROUP || group == FORMER_GROUP {
        return agreed_rule(&object.kind);
    }
    let in_group = |group: &str| {
        let kinds = TABLE.get(group)?;
        kinds.get(&*object.kind).or_else(|| kinds.get("*")).copied()
    };
    in_group(group).or_else(|| {
        let dots = group.match_indices('.').map(|(at, _)| at);
        dots.filter_map(|at| group.get(at..)).find_map(|suffix| in_group(&format!("*{suffix}")))
    })
}

fn agreed_rule(kind: &str) -> Option<KindRule> {
    let mut rules = TABLE.values().filter_map(|kinds| kinds.get(kind).copied());
    let first = rules.next()?;
    rules.try_fold(first, |agreed, rule| {
        let strength = agreed.strength.min(rule.strength);
        (rule.layer == agreed.layer).then_some(KindRule { layer: agreed.layer, strength })
    })
}

impl KindRule {
    /// Whether the kind decides whatever the path says, in a repository that declares this layer and below a folder
    /// whose own word stands for that one.
    pub(super) fn decides_alone(self, declared: Option<Layer>, word: Option<Layer>) -> bool {
        let among_policies = matches!(declared, Some(Layer::Security | Layer::Infrastructure));
        let among_applications = word.or(declared) == Some(Layer::Applications) || declared == Some(Layer::Applications);
        match self.strength {
            Strength::Always => true,
            Strength::Workload => among_policies,
            Strength::ClusterWide => among_policies || among_applications,
            Strength::PathFirst | Strength::ByPath => false,
        }
    }
}

/// The layer of an object that cannot be at home in a repository that declares a layer; `None` where it can.
///
/// For files whose layer the settings decide by path: a Deployment in a security repository is of another layer
/// wherever it stands. What is installed for a whole cluster is foreign only among applications: a controller of policies
/// brings its cluster roles along, and the settings that say so are believed.
#[must_use]
pub fn foreign_layer(object: &ObjectKind, declared: Layer) -> Option<Layer> {
    let rule = rule_of(object)?;
    let decides = match rule.strength {
        Strength::Always => true,
        Strength::Workload => matches!(declared, Layer::Security | Layer::Infrastructure),
        Strength::ClusterWide => declared == Layer::Applications,
        Strength::PathFirst | Strength::ByPath => false,
    };
    rule.layer.filter(|layer| decides && *layer != declared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(group: &str, kind: &str) -> Option<(Option<Layer>, Strength)> {
        rule_of(&ObjectKind { group: group.into(), kind: kind.into() }).map(|rule| (rule.layer, rule.strength))
    }

    #[test]
    fn the_table_is_well_formed() {
        let mut seen = std::collections::BTreeSet::new();
        for line in include_str!("kinds-to-layers.tsv").lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<&str> = line.split('\t').collect();
            assert_eq!(columns.len(), 6, "{line}");
            let &[group, kind, layer, decides, relevant, _] = &columns[..] else { continue };
            assert!(seen.insert((group, kind)), "twice: {line}");
            assert!(layer == "-" || Layer::from_name(layer).is_some(), "{line}");
            assert!(
                ["always", "path-first", "cluster-wide", "workload", "by-path"].contains(&decides)
                    && ["y", "-"].contains(&relevant),
                "{line}"
            );
            assert!(layer != "-" || decides == "by-path", "{line}");
        }
        assert!(seen.len() > 400);
    }

    #[test]
    fn some_kinds_are_never_at_home() {
        let foreign =
            |group: &str, kind: &str, declared| foreign_layer(&ObjectKind { group: group.into(), kind: kind.into() }, declared);
        let cluster_role = "rbac.authorization.k8s.io";
        assert_eq!(foreign("apps", "Deployment", Layer::Security), Some(Layer::Applications));
        assert_eq!(foreign("apps", "Deployment", Layer::Observability), None);
        assert_eq!(foreign("networking.k8s.io", "NetworkPolicy", Layer::Security), None);
        assert_eq!(foreign("networking.k8s.io", "NetworkPolicy", Layer::Applications), Some(Layer::Security));
        assert_eq!(foreign(cluster_role, "ClusterRole", Layer::Applications), Some(Layer::Platform));
        assert_eq!(foreign(cluster_role, "ClusterRole", Layer::Observability), None);
        assert_eq!(foreign(cluster_role, "ClusterRole", Layer::Security), None);
        assert_eq!(foreign("", "Namespace", Layer::Applications), None);
    }

    #[test]
    fn group_and_kind_before_group_before_suffix() {
        use Layer::{Applications, Observability, Platform, Security};
        assert_eq!(rule("networking.k8s.io", "NetworkPolicy"), Some((Some(Security), Strength::Always)));
        assert_eq!(rule("", "Namespace"), Some((Some(Platform), Strength::PathFirst)));
        assert_eq!(rule("", "ConfigMap"), Some((None, Strength::ByPath)));
        assert_eq!(rule("constraints.gatekeeper.sh", "k8sanything"), Some((Some(Security), Strength::Always)));
        assert_eq!(rule("iam.services.k8s.aws", "Role"), Some((Some(Security), Strength::Always)));
        assert_eq!(rule("s3.services.k8s.aws", "Bucket"), Some((Some(Platform), Strength::Always)));
        assert_eq!(rule("infrastructure.cluster.x-k8s.io", "AWSCluster"), Some((Some(Platform), Strength::Always)));
        assert_eq!(rule("example.com", "Thing"), None);
        assert_eq!(rule("extensions", "Deployment"), Some((Some(Applications), Strength::Workload)));
        assert_eq!(rule("?", "NetworkPolicy"), Some((Some(Security), Strength::Always)));
        assert_eq!(rule("?", "PrometheusRule"), Some((Some(Observability), Strength::Always)));
        assert_eq!(rule("?", "Role"), None.or(rule("rbac.authorization.k8s.io", "Role")));
    }
}
