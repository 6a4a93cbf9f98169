//! Did whoever is named as committer commit it?

use std::collections::BTreeMap;

use super::register::{Register, Sameness};
use super::verdict::{Verdict, header, judge_each_change, shown, shown_person, side_header, some_of};
use super::{Card, Check, Finding, Gate, Period, Severity};
use crate::changes::{Commit, SignatureKind};
use crate::evidence::signatures::{CheckedSignature, SignatureVerdict, forge_of, plain_key};
use crate::evidence::{Citation, Dossier, Evidence, Grade};
use crate::repository::{from_base64, ssh_fingerprint};
use crate::settings::reader::Section;
use crate::settings::{RegisteredBot, RegisteredPerson, Settings};
use crate::text::Person;

pub(super) static SIGNATURE_MISSING: Card = Card {
    id: "signature-missing",
    requirement: "Where the settings demand it, commits carry a signature of their committer, made with a known key that was valid then.",
    rationale: "The name in a commit is typed by whoever made it. Only a signature ties the commit to somebody who held a key.",
    remedy: "Ask the committer and the holder of the key. Put known keys, and the day a key ended, into the allowed-signers file or \
             the key ring; let the forge refuse unsigned commits.",
    severity: Severity::Medium,
    gate: Gate::OnDemand,
    references: &[
        ("SOC 2", "CC6.1"),
        ("ISO 27001:2022", "A.8.4"),
        ("NIST SP 800-53", "CM-14"),
        ("NIST SP 800-53", "AU-10"),
        ("PCI DSS 4.0", "6.5.1"),
    ],
    needs: "keys from whoever runs the audit (`--signers`, `--keyring`, `--certificates`), and the program that checks the format: \
            ssh-keygen, gpg or openssl",
    waivable_by: "the change manager, not the committer",
    settings: &[
        (
            "demand",
            "\"none\"",
            "which commits must be signed: none, arrivals (what arrived on the branch) or commits (side commits as well); none means \
             arrivals where `gate.refuse` names the check",
        ),
        ("forge", "\"accepted\"", "what the signature of a forge's own key is: accepted or exception"),
    ],
    since: "0.1.0",
    limits: "A signature proves who committed, not who approved; that of a forge's own key proves that the forge made the commit. \
             Validity is judged at the committer date, which the holder of a key can choose, and at the recorded arrival where an \
             export has it. Whom a key belongs to is what the given file, the user ids of the key or the register say.",
};

/// Which commits must be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    None,
    Arrivals,
    Commits,
}

/// See [`SIGNATURE_MISSING`].
#[derive(Debug)]
pub(super) struct SignatureMissing {
    demand: Demand,
    forge_is_accepted: bool,
}

/// Whose key made a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The committer's, and how that is known.
    Committer(&'static str),
    /// The author's, who is not the committer.
    Author(&'static str),
    /// A forge's own.
    Forge(&'static str),
    /// Somebody else's, as the given keys or the register name them.
    Other(String),
}

impl Signer {
    /// The words for it in packs.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Committer(how) => format!("key of the committer ({how})"),
            Self::Author(how) => format!("key of the author ({how}), not of the committer"),
            Self::Forge(name) => format!("key of {name}: the forge made the commit"),
            Self::Other(name) => format!("key of {name}, not of the committer"),
        }
    }
}

/// Whose a key is by the register.
#[derive(Clone, Copy, Debug)]
enum Holder<'a> {
    Person(&'a RegisteredPerson),
    Bot(&'a RegisteredBot),
}

/// Joins keys with people.
#[derive(Clone, Debug)]
pub struct Signers<'a> {
    register: Register<'a>,
    holders: BTreeMap<String, Holder<'a>>,
    forge_keys: Vec<String>,
}

impl<'a> Signers<'a> {
    /// Reads the register and the forge keys of the settings.
    #[must_use]
    pub fn of(settings: &'a Settings) -> Self {
        let people = settings.people.iter().map(|person| (&person.keys, Holder::Person(person)));
        let bots = settings.bots.iter().map(|bot| (&bot.keys, Holder::Bot(bot)));
        let holders = people.chain(bots).flat_map(|(keys, holder)| keys.iter().map(move |key| (fingerprint(key), holder)));
        let forge_keys = settings.signatures.forge_keys.iter().map(|key| plain_key(key)).collect();
        Self { register: Register::of(settings), holders: holders.collect(), forge_keys }
    }

    /// The forge that signs with a key, where it is one's.
    #[must_use]
    pub fn forge(&self, key: &str) -> Option<&'static str> {
        forge_of(key, &self.forge_keys)
    }

    /// Whose key made a signature; `None` where no key is known to have made it.
    #[must_use]
    pub fn signer(&self, commit: &Commit, checked: &CheckedSignature) -> Option<Signer> {
        let key = checked.key.as_deref()?;
        if let Some(forge) = self.forge(key) {
            return Some(Signer::Forge(forge));
        }
        let (author, committer) = (&commit.author.person, &commit.committer.person);
        let holder = self.holders.get(key);
        let by_register =
            |person: &Person| holder.is_some_and(|holder| self.is_holder(*holder, person)).then_some("by the register");
        let by_names =
            |person: &Person| checked.names.iter().find_map(|name| self.same(name, person)).filter(|_| holder.is_none());
        let is = |person: &Person| by_register(person).or_else(|| by_names(person));
        if let Some(how) = is(committer) {
            return Some(Signer::Committer(how));
        }
        if let Some(how) = is(author) {
            return Some(Signer::Author(how));
        }
        let named = match holder {
            Some(Holder::Person(person)) => Some(shown(&person.name)),
            Some(Holder::Bot(bot)) => Some(shown(&bot.name)),
            None => checked.names.first().map(|name| shown(name)),
        };
        named.map(Signer::Other)
    }

    fn is_holder(&self, holder: Holder<'_>, person: &Person) -> bool {
        match holder {
            Holder::Person(registered) => self.register.person(person).is_some_and(|found| std::ptr::eq(found, registered)),
            Holder::Bot(registered) => self.register.bot(person).is_some_and(|found| std::ptr::eq(found, registered)),
        }
    }

    /// How a name of the given keys is that of a person, if it is.
    fn same(&self, name: &str, person: &Person) -> Option<&'static str> {
        let mail = person.mail.value.trim();
        if name.contains(['*', '?']) {
            let pattern = globset::Glob::new(&name.to_lowercase()).ok()?.compile_matcher();
            return (!mail.is_empty() && pattern.is_match(mail.to_lowercase())).then_some("a pattern of the given keys");
        }
        match self.register.compare(&named(name), person) {
            Sameness::Same(how) => Some(how),
            Sameness::Unclear(_) | Sameness::Different => None,
        }
    }
}

/// A principal or a user id as a person: `Name <mail>`, a lone address, or a lone name.
fn named(name: &str) -> Person {
    let name = name.trim();
    match name.strip_suffix('>').and_then(|name| name.rsplit_once('<')) {
        Some((name, mail)) => Person::new(name.trim(), mail.trim()),
        None if name.contains('@') => Person::new("", name),
        None => Person::new(name, ""),
    }
}

/// The fingerprint of a key of the register, which has a fingerprint or an SSH public key as written.
fn fingerprint(written: &str) -> String {
    let mut words = written.split_whitespace();
    match (words.next(), words.next()) {
        (Some(kind), Some(key)) if kind.contains('-') => ssh_fingerprint(&from_base64(key.as_bytes())),
        _ => plain_key(written),
    }
}

/// What a demand for a signature finds at one commit.
enum Standing {
    Met,
    ByForge(&'static str),
    Wrong(String),
    Unknown(String),
}

impl SignatureMissing {
    pub(super) fn configured(section: &mut Section) -> Self {
        let demands = [("none", Demand::None), ("arrivals", Demand::Arrivals), ("commits", Demand::Commits)];
        let demand = section.choice("demand", Demand::None, &demands);
        Self { demand, forge_is_accepted: section.choice("forge", true, &[("accepted", true), ("exception", false)]) }
    }

    /// A gate that refuses what is unsigned demands signatures, whatever the demand says: it must not let everything in.
    fn as_refused_by(&self, settings: &Settings) -> Self {
        let refuses = settings.gate.refuse.iter().any(|id| id == SIGNATURE_MISSING.id);
        let demand = if self.demand == Demand::None && refuses { Demand::Arrivals } else { self.demand };
        Self { demand, ..*self }
    }

    fn judge(&self, dossier: &Dossier, signers: &Signers<'_>) -> Verdict {
        let own = (&dossier.change.commit, Some(&dossier.evidence), header());
        let sides = dossier.change.side_commits.iter().enumerate();
        let sides = sides.map(|(at, commit)| (commit, dossier.evidence.side_commits.get(at), side_header(commit.id)));
        let many = match self.demand {
            Demand::None => return Verdict::not_applicable(),
            Demand::Arrivals => 0,
            Demand::Commits => usize::MAX,
        };
        let (mut wrong, mut unknown, mut forges) = (Told::default(), Told::default(), Told::default());
        for (commit, evidence, citation) in std::iter::once(own).chain(sides.take(many)) {
            let which = if commit.id == dossier.change.id() { String::new() } else { format!("{}: ", commit.id.0.short()) };
            match self.one(commit, evidence, signers) {
                Standing::Met => {}
                Standing::ByForge(name) => forges.add(format!("{which}signed by {name}"), citation),
                Standing::Wrong(what) => wrong.add(format!("{which}{what}"), citation),
                Standing::Unknown(why) => unknown.add(format!("{which}{why}"), citation),
            }
        }
        if !wrong.sentences.is_empty() {
            return Verdict::exception(Grade::Structural, some_of(wrong.sentences)).citing(wrong.citations);
        }
        if !unknown.sentences.is_empty() {
            return Verdict::not_assessable(some_of(unknown.sentences)).citing(unknown.citations);
        }
        if forges.sentences.is_empty() {
            return Verdict::pass(Grade::Verified);
        }
        let because = format!("{}, which proves that the forge made it, not who approved", some_of(forges.sentences));
        Verdict::pass_because(Grade::Verified, because).citing(forges.citations)
    }

    fn one(&self, commit: &Commit, evidence: Option<&Evidence>, signers: &Signers<'_>) -> Standing {
        let Some(signed) = &commit.signed else { return Standing::Wrong("has no signature".into()) };
        if signed.kind == SignatureKind::Unknown {
            return Standing::Wrong("has a signature of a format that is not known".into());
        }
        let Some(checked) = evidence.and_then(|evidence| evidence.signature.as_deref()) else {
            return Standing::Unknown("is signed, and no keys were given to check that against".into());
        };
        let because = if checked.because.is_empty() { String::new() } else { format!(": {}", checked.because) };
        match checked.verdict {
            SignatureVerdict::Good => self.good(commit, signers.signer(commit, checked)),
            SignatureVerdict::NotChecked => Standing::Unknown(format!("the signature was not checked{because}")),
            SignatureVerdict::Bad
            | SignatureVerdict::UnknownKey
            | SignatureVerdict::Expired
            | SignatureVerdict::NotYetValid
            | SignatureVerdict::Revoked => Standing::Wrong(format!("signature: {}{because}", checked.verdict.words())),
        }
    }

    fn good(&self, commit: &Commit, signer: Option<Signer>) -> Standing {
        match signer {
            Some(Signer::Committer(_)) => Standing::Met,
            Some(Signer::Forge(name)) if self.forge_is_accepted => Standing::ByForge(name),
            Some(signer) => {
                Standing::Wrong(format!("signed with a {}, committer {}", signer.words(), shown_person(&commit.committer.person)))
            }
            None => Standing::Wrong("signed with a key that belongs to nobody".into()),
        }
    }
}

/// Sentences with the places they are about; some of many are enough.
#[derive(Default)]
struct Told {
    sentences: Vec<String>,
    citations: Vec<Citation>,
}

impl Told {
    fn add(&mut self, sentence: String, citation: Citation) {
        const CITED: usize = 5;
        self.sentences.push(sentence);
        if self.citations.len() < CITED {
            self.citations.push(citation);
        }
    }
}

impl Check for SignatureMissing {
    fn card(&self) -> &'static Card {
        &SIGNATURE_MISSING
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let signers = Signers::of(period.settings);
        let check = self.as_refused_by(period.settings);
        judge_each_change(&SIGNATURE_MISSING, period, |_, dossier| check.judge(dossier, &signers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::changes::Signed;
    use crate::checks::samples;
    use crate::evidence::signatures::Validity;

    fn checked(verdict: SignatureVerdict, key: &str, name: &str) -> CheckedSignature {
        CheckedSignature {
            verdict,
            key: Some(key.into()),
            names: [name.into()].into(),
            valid: Validity::default(),
            judged_at: Some(0),
            arrived_at: None,
            because: "".into(),
        }
    }

    fn judged(check: &SignatureMissing, settings: &Settings, found: Option<CheckedSignature>) -> String {
        let mut dossier = samples::dossier(3, "x");
        dossier.change.commit.signed = Some(Signed { kind: SignatureKind::Ssh, key: None });
        dossier.evidence.signature = found.map(Box::new);
        let finding = check.judge(&dossier, &Signers::of(settings)).about(crate::checks::Subject::Change(0), &SIGNATURE_MISSING);
        let because = finding.outcome.basis().map_or("", |basis| &basis.because).to_owned();
        format!("{}: {because}", finding.outcome.words())
    }

    #[test]
    fn a_good_signature_counts_only_when_the_key_is_the_committers_or_a_forges() {
        let check = |forge_is_accepted| SignatureMissing { demand: Demand::Arrivals, forge_is_accepted };
        let settings = samples::settings();
        let of = |check: &SignatureMissing, key: &str, name: &str| {
            judged(check, &settings, Some(checked(SignatureVerdict::Good, key, name)))
        };
        assert_eq!(of(&check(true), "SHA256:a", "alice@example.com"), "no exception: ");
        assert_eq!(of(&check(true), "SHA256:a", "*@example.com"), "no exception: ");
        assert_eq!(of(&check(true), "SHA256:a", "Alice Example <ALICE@example.com>"), "no exception: ");
        assert!(of(&check(true), "SHA256:a", "bob@example.com").starts_with("exception: signed with a key of bob@example.com"));
        let web_flow = "968479A1AFF927E37D1A566BB5690EEEBB952194";
        assert!(of(&check(true), web_flow, "GitHub <noreply@github.com>").starts_with("no exception: signed by GitHub web-flow"));
        assert!(of(&check(false), web_flow, "GitHub <noreply@github.com>").starts_with("exception: "));
    }

    #[test]
    fn the_register_decides_whose_a_key_is() {
        let mut settings = samples::settings();
        let mut bob = samples::registered("Bob Example", &["bob@example.com"]);
        bob.keys = ["SHA256:a".to_owned(), "aaaa bbbb".to_owned()].into();
        settings.people = vec![samples::registered("Alice Example", &["alice@example.com"]), bob];
        let check = SignatureMissing { demand: Demand::Commits, forge_is_accepted: true };
        // The file of keys says Alice; the register says that the key is Bob's.
        let found = checked(SignatureVerdict::Good, "SHA256:a", "alice@example.com");
        assert!(judged(&check, &settings, Some(found)).starts_with("exception: signed with a key of Bob Example"));
        let found = checked(SignatureVerdict::Good, "AAAABBBB", "alice@example.com");
        assert!(judged(&check, &settings, Some(found)).starts_with("exception: signed with a key of Bob Example"));
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIF9uGfiLTMGjlSkb+kEgxtt+uPEMJelJVCtz53WL5+4E note";
        assert_eq!(fingerprint(key), "SHA256:U1ZGoLvY0Jq++gSBZefo2a9k3nvzUOYKnNwe3breLlc");
    }

    #[test]
    fn what_was_not_checked_is_not_assessable_and_what_fails_is_an_exception() {
        let check = SignatureMissing { demand: Demand::Arrivals, forge_is_accepted: true };
        let settings = samples::settings();
        assert!(judged(&check, &settings, None).starts_with("not assessable: is signed, and no keys"));
        for verdict in [
            SignatureVerdict::Bad,
            SignatureVerdict::UnknownKey,
            SignatureVerdict::Expired,
            SignatureVerdict::NotYetValid,
            SignatureVerdict::Revoked,
        ] {
            assert!(
                judged(&check, &settings, Some(checked(verdict, "SHA256:a", "alice@example.com"))).starts_with("exception: ")
            );
        }
        let unchecked = checked(SignatureVerdict::NotChecked, "SHA256:a", "x");
        assert!(judged(&check, &settings, Some(unchecked)).starts_with("not assessable: "));
        let off = SignatureMissing { demand: Demand::None, forge_is_accepted: true };
        assert_eq!(judged(&off, &settings, None), "not applicable: ");
        let mut refusing = settings.clone();
        refusing.gate.refuse = vec!["signature-missing".into()];
        assert!(judged(&off.as_refused_by(&refusing), &refusing, None).starts_with("not assessable: "));
    }
}
