//! The words for a commit's signature: what it says about itself, and what became of it where keys were given.

use std::collections::BTreeMap;

use super::Columns;
use crate::changes::{Commit, SignatureKind};
use crate::checks::Signer;
use crate::evidence::Evidence;
use crate::evidence::signatures::{CheckedSignature, CheckedTag, SignatureVerdict, Validity, utc};
use crate::pack::Pack;

/// The words for a signature's format.
pub(crate) fn format_words(kind: SignatureKind) -> &'static str {
    match kind {
        SignatureKind::OpenPgp => "OpenPGP",
        SignatureKind::Ssh => "SSH",
        SignatureKind::X509 => "X.509",
        SignatureKind::Unknown => "unknown format",
    }
}

/// A signed tag in one line: its name, the commit, the signature, and who says to have made it.
pub(crate) fn tag_words(tag: &CheckedTag) -> String {
    let key = tag.signature.key.as_ref().map(|key| format!(", key {key}")).unwrap_or_default();
    let tagger = tag.tagger.as_ref().map(|tagger| format!(" by {}", super::person(tagger))).unwrap_or_default();
    let checked = checked_words(&tag.signature, None, "the tagger");
    super::one_line(&format!("{} on {}{tagger}: {}{key}{checked}", tag.name, tag.commit.0.short(), format_words(tag.kind)))
}

/// How many commits of a pack are signed, and what became of that.
#[derive(Debug, Default)]
pub(crate) struct SignatureCounts {
    /// All commits.
    pub commits: usize,
    /// Those with a signature, by format.
    pub formats: BTreeMap<&'static str, usize>,
    /// Those with a signature, by what became of it; nothing where no keys were given.
    pub verdicts: BTreeMap<SignatureVerdict, usize>,
    /// Signatures of SSH that git calls good: those that are, and those whose key had ended by the recorded arrival only.
    pub good_for_git: usize,
}

impl SignatureCounts {
    /// Counts the commits of a pack.
    pub fn of(pack: &Pack) -> Self {
        let mut counts = Self::default();
        for dossier in &pack.dossiers {
            let sides = dossier.evidence.side_commits.iter().map(Some).chain(std::iter::repeat(None));
            let all = std::iter::once((&dossier.change.commit, Some(&dossier.evidence)));
            for (commit, evidence) in all.chain(dossier.change.side_commits.iter().zip(sides)) {
                counts.add(commit, evidence.and_then(|evidence| evidence.signature.as_deref()));
            }
        }
        counts
    }

    fn add(&mut self, commit: &Commit, checked: Option<&CheckedSignature>) {
        self.commits += 1;
        let Some(signed) = &commit.signed else { return };
        *self.formats.entry(format_words(signed.kind)).or_default() += 1;
        if let Some(checked) = checked {
            *self.verdicts.entry(checked.verdict).or_default() += 1;
            let was_good = |at| checked.valid.at(at) == SignatureVerdict::Good;
            let ended_by_arrival = checked.verdict == SignatureVerdict::Expired && checked.judged_at.is_some_and(was_good);
            let is_good = checked.verdict == SignatureVerdict::Good || ended_by_arrival;
            self.good_for_git += usize::from(is_good && signed.kind == SignatureKind::Ssh);
        }
    }

    /// How many commits carry a signature.
    pub fn signed(&self) -> usize {
        self.formats.values().sum()
    }

    /// What a page says of them, in one or two sentences.
    pub fn sentence(&self) -> String {
        let list = |counts: Vec<(&str, usize)>| {
            counts.into_iter().map(|(word, count)| format!("{word} {count}")).collect::<Vec<_>>().join(", ")
        };
        let (signed, commits) = (self.signed(), self.commits);
        if signed == 0 {
            return format!("None of {commits} commits carries a signature.");
        }
        let formats = list(self.formats.iter().map(|(word, count)| (*word, *count)).collect());
        let begin = format!("{signed} of {commits} commits carry a signature ({formats}).");
        if self.verdicts.is_empty() {
            return format!(
                "{begin} No keys were given, so none was checked: what a signature says about itself proves nothing."
            );
        }
        let verdicts = list(self.verdicts.iter().map(|(verdict, count)| (verdict.words(), *count)).collect());
        format!(
            "{begin} Checked against the keys below raw/keys/, and no others: {verdicts}. A key had to be valid at the committer \
             date, which is the committer's own word, and at the recorded arrival where an export has it. A signature proves who \
             committed, not who approved."
        )
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

impl Columns<'_> {
    /// What is known about the signature of a commit; `None` without one.
    pub fn signature_facts<'c>(&self, commit: &'c Commit, evidence: Option<&'c Evidence>) -> Option<SignatureFacts<'c>> {
        let kind = commit.signed.as_ref()?.kind;
        let named = commit.signed.as_ref().and_then(|signed| signed.key.as_deref());
        let checked = evidence.and_then(|evidence| evidence.signature.as_deref());
        let key = checked.and_then(|checked| checked.key.as_deref()).or(named);
        let forge = key.and_then(|key| self.signers.forge(key));
        let signer = checked.and_then(|checked| self.signers.signer(commit, checked));
        Some(SignatureFacts { format: format_words(kind), key, forge, checked, signer })
    }

    /// The signature of a commit in one line; `none` without one.
    pub fn signature(&self, commit: &Commit, evidence: Option<&Evidence>) -> String {
        signature_words(self.signature_facts(commit, evidence).as_ref())
    }
}

/// A signature in one line; `none` where there is none.
pub(crate) fn signature_words(facts: Option<&SignatureFacts<'_>>) -> String {
    facts.map_or_else(|| "none".to_owned(), SignatureFacts::words)
}

impl SignatureFacts<'_> {
    /// All of it in one line.
    fn words(&self) -> String {
        let mut words = self.format.to_owned();
        if let Some(key) = self.key {
            words.push_str(&format!(", key {key}"));
        }
        if matches!(self.signer, Some(Signer::Forge(_)) | None) {
            words.push_str(&self.forge.map(|forge| format!(" ({forge})")).unwrap_or_default());
        }
        match self.checked {
            None => words.push_str(", not checked"),
            Some(checked) => words.push_str(&checked_words(checked, self.signer.as_ref(), "the committer")),
        }
        super::one_line(&words)
    }
}

/// `whose` is whose date it was judged at.
fn checked_words(checked: &CheckedSignature, signer: Option<&Signer>, whose: &str) -> String {
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
        words.push_str(&format!("; judged at the date of {whose}, {} (their own word)", utc(at)));
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
