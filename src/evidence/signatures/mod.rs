//! Signatures of commits and tags, checked against keys that the auditor gave and no others.
//!
//! The audited repository names neither keys nor programs: what its configuration says about signatures is not read. A
//! signature proves who committed, not who approved. Validity is judged at the committer date, which is the committer's
//! own word, and at the recorded arrival where there is one; never at the present, so that a later run finds the same.

mod allowed_signers;
mod forges;
mod keys;
mod openpgp;
mod program;
mod ssh;
mod x509;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

pub use forges::{forge_of, plain_key};
pub use keys::{GivenKeys, KeyProblem, Keys, NamedFiles};
pub use program::Programs;

use super::{Dossier, Grade};
use crate::changes::{Commit, SignatureKind};
use crate::parallel;
use crate::repository::{Reader, Repository, RepositoryError, SignedBytes, SignedTag, Unsigned};
use crate::text::{CommitId, Person, utc_seconds, utc_text};

/// Signatures larger than this are not handed to a program; real ones have a few thousand bytes.
const MAX_SIGNATURE: usize = 256 << 10;
/// Signatures that a thread takes at a time.
const PIECE: usize = 16;

/// What became of a signature that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedSignature {
    /// The conclusion.
    pub verdict: SignatureVerdict,
    /// The key that made it, as the program that checked it says: `SHA256:…`, or a fingerprint in capital digits.
    pub key: Option<Arc<str>>,
    /// Whom the given keys name as the key's holder: principals, user ids, a certificate's subject and addresses.
    pub names: Box<[Box<str>]>,
    /// When the key is valid.
    pub valid: Validity,
    /// The date it was judged at (seconds since 1970), the committer's or the tagger's own word.
    pub judged_at: Option<i64>,
    /// The recorded arrival it was judged at as well.
    pub arrived_at: Option<i64>,
    /// What else is to be said, without an end mark; may be empty.
    pub because: Box<str>,
}

/// What can be concluded about a signature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureVerdict {
    /// Made over this commit by a given key that was valid then.
    Good,
    /// Not made over this commit.
    Bad,
    /// Made by a key that is not among the given ones.
    UnknownKey,
    /// The key's validity had ended.
    Expired,
    /// The key's validity had not begun.
    NotYetValid,
    /// The key was taken back.
    Revoked,
    /// It could not be checked.
    #[default]
    NotChecked,
}

impl SignatureVerdict {
    /// The words for it in packs.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::UnknownKey => "unknown key",
            Self::Expired => "key expired",
            Self::NotYetValid => "key not valid yet",
            Self::Revoked => "key revoked",
            Self::NotChecked => "not checked",
        }
    }
}

/// From when until when a key is valid, in seconds since 1970; without an end where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub from: Option<i64>,
    /// The last second.
    pub until: Option<i64>,
}

impl Validity {
    /// Good, too early or too late.
    #[must_use]
    pub fn at(self, moment: i64) -> SignatureVerdict {
        if self.from.is_some_and(|from| moment < from) {
            return SignatureVerdict::NotYetValid;
        }
        if self.until.is_some_and(|until| moment > until) { SignatureVerdict::Expired } else { SignatureVerdict::Good }
    }

    /// The time in both.
    fn and(self, other: Self) -> Self {
        let until = match (self.until, other.until) {
            (Some(left), Some(right)) => Some(left.min(right)),
            (left, right) => left.or(right),
        };
        Self { from: self.from.max(other.from), until }
    }
}

/// What a program found.
#[derive(Debug, Default)]
struct Found {
    verdict: SignatureVerdict,
    key: Option<String>,
    names: Vec<String>,
    valid: Validity,
    because: String,
}

impl Found {
    fn of(verdict: SignatureVerdict, because: impl Into<String>) -> Self {
        Self { verdict, because: because.into(), ..Self::default() }
    }
}

/// A folder of one thread, with the signature and what it was made over as files.
#[derive(Debug)]
struct Bench {
    folder: PathBuf,
    signature: PathBuf,
    payload: PathBuf,
    _held: tempfile::TempDir,
}

impl Bench {
    fn new() -> std::io::Result<Self> {
        let held = tempfile::Builder::new().prefix("countersign-signature-").tempdir()?;
        let folder = held.path().to_owned();
        Ok(Self { signature: folder.join("signature"), payload: folder.join("payload"), folder, _held: held })
    }

    fn lay_out(&self, signed: &SignedBytes) -> Result<(), String> {
        let written =
            std::fs::write(&self.signature, &signed.signature).and_then(|()| std::fs::write(&self.payload, &signed.payload));
        written.map_err(|error| format!("a temporary file cannot be written: {}", error.kind()))
    }
}

/// A signature to check, with its place among the dossiers.
struct Task {
    dossier: usize,
    on: SignedObject,
    kind: SignatureKind,
    /// The key that the signature names, where that was read.
    named: Option<Arc<str>>,
    /// When whoever signed it says that it was made.
    made: Option<i64>,
    arrived: Option<i64>,
}

/// What carries a signature.
enum SignedObject {
    /// The change's own commit.
    Own(CommitId),
    /// The side commit at a position.
    Side(usize, CommitId),
    /// A tag on one of the commits.
    Tag(Box<SignedTag>),
}

/// A signed tag on a commit of a change, and what became of its signature.
#[derive(Clone, Debug)]
pub struct CheckedTag {
    /// Its name without `refs/tags/`.
    pub name: Box<str>,
    /// The commit it leads to.
    pub commit: CommitId,
    /// Who says to have made it, as written.
    pub tagger: Option<Arc<Person>>,
    /// The format of its signature.
    pub kind: SignatureKind,
    /// What became of the signature; judged at the tagger's date.
    pub signature: CheckedSignature,
}

/// Checks every signature of the dossiers' commits and of the tags on them; without keys none. What could not be looked at
/// is told as sentences.
///
/// # Errors
///
/// When the references cannot be listed.
pub fn check(repository: &Repository, keys: &Keys, dossiers: &mut [Dossier]) -> Result<Vec<String>, RepositoryError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let mut tasks: Vec<Task> =
        dossiers.iter().enumerate().flat_map(|(position, dossier)| of_commits(position, dossier)).collect();
    let (of_tags, unreadable) = of_tags(repository, dossiers)?;
    tasks.extend(of_tags);
    let state = || (repository.reader(), Bench::new().ok());
    let checked = parallel::map(tasks, PIECE, state, |(reader, bench), task| {
        let checked = keys.check(reader, bench.as_ref(), &task);
        (task, checked)
    });
    for (task, checked) in checked {
        let Some(dossier) = dossiers.get_mut(task.dossier) else { continue };
        let evidence = match task.on {
            SignedObject::Own(_) => Some(&mut dossier.evidence),
            SignedObject::Side(side, _) => dossier.evidence.side_commits.get_mut(side),
            SignedObject::Tag(tag) => {
                let SignedTag { name, commit, tagger, kind, .. } = *tag;
                let tagger = tagger.map(|tagger| tagger.person);
                dossier.tags.push(CheckedTag { name: name.into(), commit, tagger, kind, signature: checked });
                continue;
            }
        };
        if let Some(evidence) = evidence {
            evidence.signature = Some(Box::new(checked));
        }
    }
    Ok(unread_tags(&unreadable).into_iter().collect())
}

fn unread_tags(names: &[String]) -> Option<String> {
    const NAMED: usize = 5;
    let first = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = names.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    (!names.is_empty()).then(|| format!("Tags that cannot be read, so that their signatures were not looked at: {first}{more}."))
}

fn of_commits(position: usize, dossier: &Dossier) -> impl Iterator<Item = Task> + '_ {
    let recorded = dossier.evidence.merged_at.as_ref().filter(|claim| claim.grade >= Grade::Recorded);
    let arrived = recorded.and_then(|claim| utc_seconds(&claim.value));
    let task = move |commit: &Commit, on: SignedObject| {
        let signed = commit.signed.as_ref()?;
        let made = commit.committer.when.known().map(|moment| moment.seconds);
        Some(Task { dossier: position, on, kind: signed.kind, named: signed.key.clone(), made, arrived })
    };
    let sides = dossier.change.side_commits.iter().enumerate();
    let sides = sides.filter_map(move |(number, commit)| task(commit, SignedObject::Side(number, commit.id)));
    let own = &dossier.change.commit;
    task(own, SignedObject::Own(own.id)).into_iter().chain(sides)
}

/// A tag may come long after its commit arrived, so that only its own date says when the key had to be valid.
fn of_tags(repository: &Repository, dossiers: &[Dossier]) -> Result<(Vec<Task>, Vec<String>), RepositoryError> {
    let commits = dossiers.iter().enumerate();
    let commits = commits.flat_map(|(position, dossier)| dossier.change.commits().map(move |commit| (commit.id, position)));
    let commits: BTreeMap<CommitId, usize> = commits.collect();
    let (tags, unreadable) = repository.signed_tags(&commits.keys().copied().collect())?;
    let task = |tag: SignedTag| {
        let made = tag.tagger.as_ref().and_then(|tagger| tagger.when.known()).map(|moment| moment.seconds);
        let dossier = *commits.get(&tag.commit)?;
        Some(Task { dossier, kind: tag.kind, named: None, made, arrived: None, on: SignedObject::Tag(Box::new(tag)) })
    };
    Ok((tags.into_iter().filter_map(task).collect(), unreadable))
}

impl Keys {
    fn check(&self, reader: &mut Reader, bench: Option<&Bench>, task: &Task) -> CheckedSignature {
        let found = self.found(reader, bench, task).unwrap_or_else(|why| Found::of(SignatureVerdict::NotChecked, why));
        let found = at_arrival(found, task.arrived);
        CheckedSignature {
            verdict: found.verdict,
            key: found.key.map(Into::into),
            names: found.names.into_iter().map(Into::into).collect(),
            valid: found.valid,
            judged_at: task.made,
            arrived_at: task.arrived,
            because: found.because.into(),
        }
    }

    fn found(&self, reader: &mut Reader, bench: Option<&Bench>, task: &Task) -> Result<Found, String> {
        let signed = match &task.on {
            SignedObject::Own(commit) | SignedObject::Side(_, commit) => reader.signed_commit(*commit),
            SignedObject::Tag(tag) => Ok(tag.bytes.clone()),
        };
        let signed = match signed {
            Ok(signed) => signed,
            Err(Unsigned::OtherFormat) => return Err("it was made over the commit in the other object format".into()),
            Err(Unsigned::None) => return Err("the commit has no signature".into()),
            Err(Unsigned::Unreadable(reason)) => return Err(reason),
        };
        if signed.headers > 1 {
            return Ok(Found::of(SignatureVerdict::Bad, format!("the commit has {} signature headers", signed.headers)));
        }
        if signed.signature.len() > MAX_SIGNATURE {
            return Err(format!("it has {} bytes, more than {MAX_SIGNATURE}", signed.signature.len()));
        }
        let at = task.made.ok_or("the date beside it cannot be read, so nothing tells when the key had to be valid")?;
        let bench = bench.ok_or("there is no room for temporary files")?;
        bench.lay_out(&signed)?;
        let none = |what: &str| format!("no {what} were given");
        match task.kind {
            SignatureKind::Ssh => self.ssh.as_ref().ok_or_else(|| none("allowed signers"))?.check(bench, at),
            SignatureKind::OpenPgp => {
                self.openpgp.as_ref().ok_or_else(|| none("OpenPGP keys"))?.check(bench, task.named.as_deref(), at)
            }
            SignatureKind::X509 => self.x509.as_ref().ok_or_else(|| none("certificates"))?.check(bench, &signed.signature, at),
            SignatureKind::Unknown => Ok(Found::of(SignatureVerdict::Bad, "its format is not known")),
        }
    }
}

/// A key that was valid by the committer's word must have been valid when the change arrived, too.
fn at_arrival(found: Found, arrived: Option<i64>) -> Found {
    let Some(arrived) = arrived.filter(|_| found.verdict == SignatureVerdict::Good) else { return found };
    match found.valid.at(arrived) {
        SignatureVerdict::Expired => {
            let because = format!("valid at the committer date, not any more at the recorded arrival {}", utc(arrived));
            Found { verdict: SignatureVerdict::Expired, because, ..found }
        }
        SignatureVerdict::Good
        | SignatureVerdict::Bad
        | SignatureVerdict::UnknownKey
        | SignatureVerdict::NotYetValid
        | SignatureVerdict::Revoked
        | SignatureVerdict::NotChecked => found,
    }
}

/// A moment in seconds since 1970 as `2026-01-31T00:00:00Z`.
#[must_use]
pub fn utc(seconds: i64) -> String {
    utc_text(seconds).unwrap_or_else(|| seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn validity_has_both_ends_and_a_backdated_commit_does_not_outlive_its_key() {
        let valid = Validity { from: Some(10), until: Some(20) };
        let at: Vec<SignatureVerdict> = [9, 10, 20, 21].map(|moment| valid.at(moment)).into();
        assert_eq!(
            at,
            [SignatureVerdict::NotYetValid, SignatureVerdict::Good, SignatureVerdict::Good, SignatureVerdict::Expired]
        );
        let both = valid.and(Validity { from: None, until: Some(15) });
        assert_eq!(both, Validity { from: Some(10), until: Some(15) });
        let good = || Found { valid, ..Found::of(SignatureVerdict::Good, "") };
        assert_eq!(at_arrival(good(), Some(20)).verdict, SignatureVerdict::Good);
        assert_eq!(at_arrival(good(), Some(21)).verdict, SignatureVerdict::Expired);
        assert_eq!(at_arrival(Found::of(SignatureVerdict::Bad, ""), Some(21)).verdict, SignatureVerdict::Bad);
    }
}
