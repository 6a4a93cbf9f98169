//! Namespaces: their labels and annotations switch the protection of several families on and off.

use super::marks::{Marks, Sides, present};
use super::{Family, gatekeeper, istio, linkerd, pod_security};
use crate::manifests::Node;

/// The label by which Gatekeeper's webhook leaves a namespace alone.
pub(super) const IGNORED: &str = "admission.gatekeeper.sh/ignore";

/// The family whose label or annotation a namespace carries; the first of several.
pub(super) fn family(root: &Node) -> Option<Family> {
    let keys = |part: &str| root.at(&["metadata", part]).map_or(&[][..], Node::entries).iter().map(|(key, _)| &**key);
    let labelled = |wanted: &dyn Fn(&str) -> bool| keys("labels").any(wanted);
    let annotated = |wanted: &dyn Fn(&str) -> bool| keys("annotations").any(wanted);
    match () {
        () if labelled(&|key| key.starts_with(pod_security::LABEL) || key == pod_security::SYNC_LABEL) => {
            Some(Family::PodSecurity)
        }
        () if labelled(&|key| key == IGNORED) => Some(Family::Gatekeeper),
        () if annotated(&linkerd::is_annotation) => Some(Family::Linkerd),
        () if labelled(&|key| istio::LABELS.contains(&key)) => Some(Family::Istio),
        () => None,
    }
}

pub(super) fn compare(marks: &mut Marks, sides: &Sides) {
    let labels = sides.below(&["metadata", "labels"]);
    pod_security::compare_levels(marks, &labels, pod_security::LABEL);
    marks.changed(pod_security::LABEL_SYNC, &labels.at(pod_security::SYNC_LABEL));
    let ignored = labels.at(IGNORED);
    if ignored.this.is_some() && ignored.that.is_none() {
        marks.weaker_about(gatekeeper::NAMESPACE_IGNORED, &ignored.path, super::marks::About::Exemption);
    }
    linkerd::compare_annotations(marks, &sides.below(&["metadata", "annotations"]));
    istio::compare_labels(marks, &labels);
}

/// What the labels and annotations say, of all families.
pub(super) fn enforcement(root: &Node) -> String {
    let levels = pod_security::levels(root.at(&["metadata", "labels"]), pod_security::LABEL);
    let linkerd = linkerd::annotation_words(root.at(&["metadata", "annotations"]));
    let istio = istio::label_words(root.at(&["metadata", "labels"]));
    [levels, linkerd, istio].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" ")
}

pub(super) fn exemptions(root: &Node) -> Vec<String> {
    let labels = root.at(&["metadata", "labels"]);
    let mut words: Vec<String> =
        present(labels, IGNORED).map(|_| "the namespace from Gatekeeper's webhook".to_owned()).into_iter().collect();
    let privileged = present(labels, "pod-security.kubernetes.io/enforce").and_then(Node::text) == Some("privileged");
    words.extend(privileged.then(|| "the namespace from Pod Security (privileged)".to_owned()));
    words
}
