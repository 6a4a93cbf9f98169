//! The words for a commit's signature: what it says about itself, and what became of it where keys were given.

use super::Columns;
use crate::changes::{Commit, SignatureKind};
use crate::checks::Signer;
use crate::evidence::Evidence;
use crate::evidence::signatures::{CheckedSignature, SignatureVerdict, Validity, utc};

/// The words for a signature's format.
pub(crate) fn format_words(kind: SignatureKind) -> &'static str {
    match kind {
        SignatureKind::OpenPgp => "OpenPGP",
        SignatureKind::Ssh => "SSH",
        SignatureKind::X509 => "X.509",
        SignatureKind::Unknown => "unknown format",
    }
}

/// A commit's signature with everything that is known about it.
pub(crate) struct SignatureFacts<'a> {
    /// Its format.
    pub format: &'static str,
    /// The key: as checked, else as the signature names it.
    pub key: Option<&'a str>,
    /// The forge whose key that is.
    pub forge: Option<&'static str>,
    /// What became of it, where keys were given.
    pub checked: Option<&'a CheckedSignature>,
    /// Whose key made it, where that is known.
    pub signer: Option<Signer>,
}

impl<'a> Columns<'a> {
    /// What is known about the signature of a commit; `None` without one.
    pub fn signature_facts<'c>(&self, commit: &'c Commit, evidence: Option<&'c Evidence>) -> Option<SignatureFacts<'c>> {
        let signed = commit.signed.as_ref()?;
        let checked = evidence.and_then(|evidence| evidence.signature.as_deref());
        let key = checked.and_then(|checked| checked.key.as_deref()).or(signed.key.as_deref());
        let forge = key.and_then(|key| self.signers.forge(key));
        let signer = checked.and_then(|checked| self.signers.signer(commit, checked));
        Some(SignatureFacts { format: format_words(signed.kind), key, forge, checked, signer })
    }

    /// The signature of a commit in one line; `none` without one.
    pub fn signature(&self, commit: &Commit, evidence: Option<&Evidence>) -> String {
        let Some(facts) = self.signature_facts(commit, evidence) else { return "none".to_owned() };
        let mut words = facts.format.to_owned();
        if let Some(key) = facts.key {
            words.push_str(&format!(", key {key}"));
        }
        match (facts.checked, &facts.signer) {
            (Some(_), Some(Signer::Forge(_))) | (_, None) => {
                words.push_str(&facts.forge.map(|forge| format!(" ({forge})")).unwrap_or_default());
            }
            (Some(_) | None, Some(_)) => {}
        }
        match facts.checked {
            None => words.push_str(", not checked"),
            Some(checked) => words.push_str(&checked_words(checked, facts.signer.as_ref())),
        }
        super::one_line(&words)
    }
}

fn checked_words(checked: &CheckedSignature, signer: Option<&Signer>) -> String {
    let mut words = format!(", {}", checked.verdict.words());
    if !checked.because.is_empty() {
        words.push_str(&format!(" ({})", checked.because));
    }
    if checked.verdict == SignatureVerdict::NotChecked {
        return words;
    }
    if let Some(signer) = signer {
        words.push_str(&format!("; {}", signer.words()));
    }
    if !checked.names.is_empty() {
        words.push_str(&format!("; held by {}", checked.names.join(", ")));
    }
    words.push_str(&validity_words(checked.valid));
    if let Some(at) = checked.judged_at {
        words.push_str(&format!("; judged at the committer date {} (the committer's own word)", utc(at)));
    }
    if let Some(at) = checked.arrived_at {
        words.push_str(&format!(" and at the recorded arrival {}", utc(at)));
    }
    words
}

fn validity_words(valid: Validity) -> String {
    match (valid.from, valid.until) {
        (None, None) => String::new(),
        (Some(from), None) => format!("; valid from {}", utc(from)),
        (None, Some(until)) => format!("; valid until {}", utc(until)),
        (Some(from), Some(until)) => format!("; valid from {} until {}", utc(from), utc(until)),
    }
}
