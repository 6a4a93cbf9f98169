//! OpenPGP signatures, checked by `gpg` with a key ring of its own that holds nothing but the given keys.
//!
//! gpg judges expiry as of the present, which would make two runs differ. It runs at one fixed moment far ahead instead
//! and only says which key made the signature; when that key was valid is taken from the key itself.
//! Format of its words: `doc/DETAILS` of `GnuPG`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::program::run;
use super::{Bench, Found, SignatureVerdict, Validity};

/// No agent, no network, no configuration, no trust of its own, and a clock that stands still.
const OPTIONS: &[&str] = &[
    "--batch",
    "--no-tty",
    "--no-options",
    "--no-greeting",
    "--quiet",
    "--no-autostart",
    "--disable-dirmngr",
    "--no-auto-key-retrieve",
    "--no-auto-key-locate",
    "--no-auto-check-trustdb",
    "--trust-model",
    "always",
    "--lock-never",
    "--ignore-time-conflict",
    "--faked-system-time",
    "20991231T000000!",
    "--status-fd",
    "1",
];

/// What precedes each word of gpg to programs.
const STATUS: &str = "[GNUPG:] ";
/// More user ids of one key are not told.
const MAX_NAMES: usize = 16;

/// A key ring of the given keys.
#[derive(Debug)]
pub(super) struct OpenPgpKeys {
    /// The program, or why it cannot be used.
    pub program: Result<PathBuf, String>,
    /// The folder of the key ring.
    pub home: PathBuf,
    /// Signing keys and their subkeys, by fingerprint.
    pub keys: BTreeMap<String, OpenPgpKey>,
}

/// A key or a subkey.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OpenPgpKey {
    /// When it and its primary key are valid.
    pub valid: Validity,
    /// Whether it or its primary key was revoked.
    pub is_revoked: bool,
    /// When it was revoked, where that is told.
    pub revoked_at: Option<i64>,
    /// User ids of the primary key that are not revoked.
    pub names: Vec<String>,
}

/// Puts a file of keys into a key ring; gives how many keys there are.
///
/// # Errors
///
/// One sentence when gpg cannot be run or finds no public key.
pub(super) fn import(program: &Path, home: &Path, file: &Path) -> Result<usize, String> {
    let mut arguments = options(home);
    arguments.extend(["--import".as_ref(), "--".as_ref(), file.as_os_str()]);
    let said = run(program, home, &arguments, None)?;
    match words(&said.output, "IMPORT_OK").count() {
        0 => Err("gpg finds no public key in it".into()),
        keys => Ok(keys),
    }
}

/// Reads what a key ring holds.
///
/// # Errors
///
/// One sentence when gpg cannot be run.
pub(super) fn list(program: &Path, home: &Path) -> Result<BTreeMap<String, OpenPgpKey>, String> {
    let mut arguments = options(home);
    let more = ["--with-colons", "--fixed-list-mode", "--with-fingerprint", "--with-fingerprint", "--list-sigs"];
    arguments.extend(more.iter().map(std::ffi::OsStr::new));
    Ok(keys_in(&run(program, home, &arguments, None)?.output))
}

fn options(home: &Path) -> Vec<&std::ffi::OsStr> {
    let fixed = OPTIONS.iter().map(AsRef::as_ref);
    fixed.chain(["--homedir".as_ref(), home.as_os_str()]).collect()
}

/// What follows a status word on its lines.
fn words<'a>(output: &'a str, status: &'a str) -> impl Iterator<Item = &'a str> {
    output.lines().filter_map(move |line| line.strip_prefix(STATUS)?.strip_prefix(status)).filter_map(|rest| {
        let rest = rest.trim_end();
        if rest.is_empty() { Some("") } else { rest.strip_prefix(' ') }
    })
}

/// Reads the listing with colons.
fn keys_in(listing: &str) -> BTreeMap<String, OpenPgpKey> {
    let mut keys = BTreeMap::new();
    let (mut primary, mut fingerprints): (OpenPgpKey, Vec<(String, OpenPgpKey)>) = Default::default();
    let mut current = OpenPgpKey::default();
    for line in listing.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        let field = |number: usize| fields.get(number - 1).copied().unwrap_or("");
        let seconds = |number: usize| field(number).parse::<i64>().ok().filter(|seconds| *seconds > 0);
        let own = || OpenPgpKey {
            valid: Validity { from: seconds(6), until: seconds(7) },
            is_revoked: field(2) == "r",
            ..OpenPgpKey::default()
        };
        match field(1) {
            "pub" => {
                close(&mut keys, &primary, &mut fingerprints);
                (primary, current) = (own(), own());
            }
            "sub" => current = own(),
            "fpr" => fingerprints.push((field(10).to_uppercase(), current.clone())),
            "uid" if field(2) != "r" && primary.names.len() < MAX_NAMES => primary.names.push(unescaped(field(10))),
            "rev" => note_revocation(&mut primary, &mut fingerprints, seconds(6)),
            _ => {}
        }
    }
    close(&mut keys, &primary, &mut fingerprints);
    keys
}

/// A revocation stands behind the key or subkey that it is about; one of a user id stands behind that.
fn note_revocation(primary: &mut OpenPgpKey, fingerprints: &mut [(String, OpenPgpKey)], at: Option<i64>) {
    let is_of_primary = fingerprints.len() < 2 && primary.names.is_empty();
    if is_of_primary && primary.is_revoked {
        primary.revoked_at = primary.revoked_at.or(at);
    }
    if let Some((_, key)) = fingerprints.last_mut().filter(|(_, key)| key.is_revoked) {
        key.revoked_at = key.revoked_at.or(at);
    }
}

/// A subkey is valid while it and its primary key are.
fn close(keys: &mut BTreeMap<String, OpenPgpKey>, primary: &OpenPgpKey, fingerprints: &mut Vec<(String, OpenPgpKey)>) {
    for (fingerprint, own) in fingerprints.drain(..) {
        let valid = own.valid.and(primary.valid);
        let is_revoked = primary.is_revoked || own.is_revoked;
        let revoked_at = primary.revoked_at.or(own.revoked_at);
        keys.insert(fingerprint, OpenPgpKey { valid, is_revoked, revoked_at, names: primary.names.clone() });
    }
}

/// A field of the listing: a backslash, an `x` and two digits stand for a byte.
fn unescaped(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.strip_prefix(b"x").and_then(|after| after.get(..2)).filter(|_| *first == b'\\');
        let code = code.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { after.get(3..).unwrap_or(&[]) } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

impl OpenPgpKeys {
    /// Checks the signature on a bench as of a moment.
    ///
    /// # Errors
    ///
    /// One sentence when it cannot be checked.
    pub fn check(&self, bench: &Bench, named: Option<&str>, at: i64) -> Result<Found, String> {
        let program = self.program.as_ref().map_err(Clone::clone)?;
        if named.is_some_and(|named| !self.may_hold(named)) {
            return Ok(Found::of(SignatureVerdict::UnknownKey, "the key is not among the given keys"));
        }
        let mut arguments = options(&self.home);
        arguments.extend(["--verify".as_ref(), "--".as_ref(), bench.signature.as_os_str(), bench.payload.as_os_str()]);
        let output = run(program, &bench.folder, &arguments, None)?.output;
        self.read(&output, at)
    }

    /// Whether a key that a signature names is in the ring: gpg looks for no other, so it need not be asked.
    ///
    /// A key id has the last digits of the fingerprint, in later versions of the format the first ones.
    fn may_hold(&self, named: &str) -> bool {
        self.keys.contains_key(named) || self.keys.keys().any(|key| key.ends_with(named) || key.starts_with(named))
    }

    fn read(&self, output: &str, at: i64) -> Result<Found, String> {
        let is_said = |status: &'static str| words(output, status).next().is_some();
        if words(output, "NEWSIG").count() > 1 {
            return Ok(Found::of(SignatureVerdict::Bad, "there is more than one signature in it"));
        }
        if is_said("BADSIG") {
            return Ok(Found::of(SignatureVerdict::Bad, "it was made over something else"));
        }
        if let Some(valid) = words(output, "VALIDSIG").next() {
            return Ok(self.judge(valid, at));
        }
        match words(output, "ERRSIG").next().and_then(|error| error.split(' ').nth(5)) {
            Some("9") => Ok(Found::of(SignatureVerdict::UnknownKey, "the key is not among the given keys")),
            Some(_) => Err("gpg cannot check this kind of signature".into()),
            None => Ok(Found::of(SignatureVerdict::Bad, "gpg finds no signature in it")),
        }
    }

    /// Judges by the dates of the key; `valid` holds the fingerprint, then days and times of the signature itself.
    fn judge(&self, valid: &str, at: i64) -> Found {
        let fields: Vec<&str> = valid.split(' ').collect();
        let fingerprint = fields.first().copied().unwrap_or("");
        let ends = fields.get(3).and_then(|end| end.parse::<i64>().ok()).filter(|end| *end > 0);
        let key = self.keys.get(fingerprint).cloned().unwrap_or_default();
        let found = match (key.is_revoked, key.revoked_at) {
            (true, Some(when)) => Found::of(SignatureVerdict::Revoked, format!("the key was revoked at {}", super::utc(when))),
            (true, None) => Found::of(SignatureVerdict::Revoked, "the key was revoked"),
            (false, _) if ends.is_some_and(|end| end <= at) => {
                Found::of(SignatureVerdict::Expired, "the signature itself has an end")
            }
            (false, _) => Found::of(key.valid.at(at), ""),
        };
        Found { key: Some(fingerprint.to_owned()), names: key.names, valid: key.valid, ..found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As gpg 2.2 prints it for a key with an expired subkey and one that was revoked; shortened.
    const LISTING: &str = "\
tru:t:0:0:0:0:0:0
pub:e:255:22:AAAA:1767225600:1798588800::-:::sc:::::ed25519:::0:
fpr:::::::::AAAA0000AAAA0000AAAA0000AAAA0000AAAA0000:
uid:e::::1767225600::D88A::Ann \\x3cann@example.com\\x3e::::::::::0:
sig:::22:AAAA:1767225600::::Ann:13x::AAAA:::8:
sub:e:255:22:BBBB:1767312000:1780272000:::::s:::::ed25519::
fpr:::::::::BBBB0000BBBB0000BBBB0000BBBB0000BBBB0000:
pub:r:255:22:CCCC:1767225600:::-:::sc:::::ed25519:::0:
fpr:::::::::CCCC0000CCCC0000CCCC0000CCCC0000CCCC0000:
rev:::22:CCCC:1770000000::::Bob:20x::CCCC:::8:
uid:r::::1767225600::D88A::Bob:
";

    fn ring() -> OpenPgpKeys {
        OpenPgpKeys { program: Err(String::new()), home: PathBuf::new(), keys: keys_in(LISTING) }
    }

    #[test]
    fn a_subkey_is_valid_while_both_keys_are_and_revocations_have_a_date() {
        let keys = ring().keys;
        let valid = |start: &str| keys.iter().find(|(fingerprint, _)| fingerprint.starts_with(start)).unwrap().1.clone();
        assert_eq!(valid("AAAA").valid, Validity { from: Some(1_767_225_600), until: Some(1_798_588_800) });
        assert_eq!(valid("BBBB").valid, Validity { from: Some(1_767_312_000), until: Some(1_780_272_000) });
        assert_eq!(valid("BBBB").names, ["Ann <ann@example.com>"]);
        assert_eq!((valid("CCCC").is_revoked, valid("CCCC").revoked_at), (true, Some(1_770_000_000)));
        assert_eq!(valid("CCCC").names, Vec::<String>::new());
    }

    #[test]
    fn the_words_of_gpg_become_a_verdict_as_of_the_moment() {
        let verdict = |output: &str, at| ring().read(output, at).map(|found| found.verdict);
        let good = |key: &str| {
            format!(
                "[GNUPG:] NEWSIG\n[GNUPG:] EXPKEYSIG X Ann\n[GNUPG:] VALIDSIG {key} 2026-03-02 1772409600 0 4 0 22 8 00 {key}\n"
            )
        };
        let ann = good("AAAA0000AAAA0000AAAA0000AAAA0000AAAA0000");
        assert_eq!(verdict(&ann, 1_772_409_600), Ok(SignatureVerdict::Good));
        assert_eq!(verdict(&ann, 1_767_225_599), Ok(SignatureVerdict::NotYetValid));
        assert_eq!(verdict(&ann, 1_798_588_801), Ok(SignatureVerdict::Expired));
        assert_eq!(verdict(&good("CCCC0000CCCC0000CCCC0000CCCC0000CCCC0000"), 1_767_225_600), Ok(SignatureVerdict::Revoked));
        assert_eq!(verdict("[GNUPG:] NEWSIG\n[GNUPG:] BADSIG X Ann\n", 5), Ok(SignatureVerdict::Bad));
        assert_eq!(verdict("[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG X 22 8 00 1 9 F\n", 5), Ok(SignatureVerdict::UnknownKey));
        assert!(verdict("[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG X 22 8 00 1 4 F\n", 5).is_err());
        assert_eq!(verdict(&format!("{ann}{ann}"), 1_772_409_600), Ok(SignatureVerdict::Bad));
        assert_eq!(verdict("", 5), Ok(SignatureVerdict::Bad));
        // A user id that holds a line of its own cannot speak for gpg.
        assert_eq!(verdict("[GNUPG:] BADSIG X [GNUPG:] VALIDSIG AAAA\n", 5), Ok(SignatureVerdict::Bad));
    }
}
