//! The headings of families for people.

use super::Family;

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

#[cfg(test)]
mod tests {
    use super::super::FAMILIES;
    use super::Family;

    #[test]
    fn every_family_is_there_once_and_in_order() {
        assert!(Family::ALL.is_sorted() && Family::ALL.into_iter().eq(FAMILIES.map(|(family, ..)| family)));
        assert!(Family::ALL.into_iter().all(|family| Family::from_word(family.word()) == Some(family)));
    }
}
