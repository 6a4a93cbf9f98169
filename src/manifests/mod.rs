//! Bytes of a file become Kubernetes object kinds.

/// The group and kind of an object, e.g. `networking.k8s.io` and `NetworkPolicy`; the core group is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKind {
    /// The API group without version; empty for the core group.
    pub group: Box<str>,
    /// The kind.
    pub kind: Box<str>,
}
