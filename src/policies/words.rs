//! The words for families, directions and edits in packs, answers and settings.

use super::{Direction, Family, PolicyEditKind};

impl Family {
    /// Every family in order.
    pub const ALL: [Self; 10] = [
        Self::Gatekeeper,
        Self::PodSecurity,
        Self::Network,
        Self::Linkerd,
        Self::Istio,
        Self::Kyverno,
        Self::Admission,
        Self::Rbac,
        Self::SecurityContext,
        Self::Other,
    ];

    /// The word for it in tables and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gatekeeper => "gatekeeper",
            Self::PodSecurity => "pss",
            Self::Network => "network",
            Self::Linkerd => "linkerd",
            Self::Istio => "istio",
            Self::Kyverno => "kyverno",
            Self::Admission => "admission",
            Self::Rbac => "rbac",
            Self::SecurityContext => "scc",
            Self::Other => "other",
        }
    }

    /// The family of that word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.word() == word)
    }

    /// Its heading for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Gatekeeper => "Gatekeeper",
            Self::PodSecurity => "Pod security",
            Self::Network => "Network policies",
            Self::Linkerd => "Linkerd",
            Self::Istio => "Istio",
            Self::Kyverno => "Kyverno",
            Self::Admission => "Admission policies and webhooks",
            Self::Rbac => "Roles and their bindings",
            Self::SecurityContext => "Security context constraints",
            Self::Other => "Other kinds of the security layer",
        }
    }
}

impl Direction {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Neutral => "neutral",
            Self::Strengthened => "strengthened",
            Self::Undetermined => "undetermined",
            Self::Weakened => "weakened",
        }
    }
}

impl PolicyEditKind {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Moved => "moved",
            Self::Removed => "removed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Family;

    #[test]
    fn each_family_has_its_own_word() {
        assert!(Family::ALL.into_iter().all(|family| Family::from_word(family.word()) == Some(family)));
        assert!(Family::ALL.is_sorted());
    }
}
