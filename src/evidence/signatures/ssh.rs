//! SSH signatures, checked by `ssh-keygen -Y` against an allowed-signers file.
//!
//! Format: `PROTOCOL.sshsig` of OpenSSH, namespace `git`.

use std::path::{Path, PathBuf};

use super::allowed_signers::Signers;
use super::program::run;
use super::{Bench, Found, SignatureVerdict, Validity};

/// What git signs for.
const NAMESPACE: &str = "git";
/// More principals of one key are not tried.
const MAX_PRINCIPALS: usize = 8;

/// The keys that may sign.
#[derive(Debug)]
pub(super) struct SshKeys {
    /// The program, or why it cannot be used.
    pub program: Result<PathBuf, String>,
    /// The allowed-signers file.
    pub allowed: PathBuf,
    /// Keys or a key revocation list that never count.
    pub revoked: Option<PathBuf>,
    /// What the allowed-signers file says about each key.
    pub signers: Signers,
}

impl SshKeys {
    /// Checks the signature on a bench as of a moment.
    ///
    /// # Errors
    ///
    /// One sentence when it cannot be checked.
    pub fn check(&self, bench: &Bench, at: i64) -> Result<Found, String> {
        let keygen = Keygen { program: self.program.as_ref().map_err(Clone::clone)?, bench, at };
        let principals = keygen.principals(&self.allowed)?;
        for principal in principals.iter().take(MAX_PRINCIPALS) {
            if let Some(key) = keygen.verify(&self.allowed, principal, self.revoked.as_deref())? {
                let valid = self.window(&key, at).unwrap_or_default();
                return Ok(Found {
                    verdict: SignatureVerdict::Good,
                    key: Some(key),
                    names: principals,
                    valid,
                    ..Found::default()
                });
            }
        }
        let Some(key) = keygen.holds()? else { return Ok(Found::of(SignatureVerdict::Bad, "it was made over something else")) };
        self.refused(&keygen, principals, key)
    }

    /// Why a signature that was made over the commit is not accepted.
    fn refused(&self, keygen: &Keygen<'_>, principals: Vec<String>, key: String) -> Result<Found, String> {
        if self.revoked.is_some()
            && let Some(principal) = principals.first()
            && keygen.verify(&self.allowed, principal, None)?.is_some()
        {
            let valid = self.window(&key, keygen.at).unwrap_or_default();
            let because = "the key is in the list of revoked keys".into();
            return Ok(Found { verdict: SignatureVerdict::Revoked, key: Some(key), names: principals, valid, because });
        }
        let found = match self.signers.get(&key).and_then(|windows| windows.first()) {
            Some(valid) => Found { valid: *valid, ..Found::of(valid.at(keygen.at), "") },
            None => Found::of(SignatureVerdict::UnknownKey, "the key is not in the allowed-signers file"),
        };
        let found = match found.verdict {
            SignatureVerdict::Good => Found::of(SignatureVerdict::UnknownKey, "the key may not sign for git"),
            SignatureVerdict::Bad
            | SignatureVerdict::UnknownKey
            | SignatureVerdict::Expired
            | SignatureVerdict::NotYetValid
            | SignatureVerdict::Revoked
            | SignatureVerdict::NotChecked => found,
        };
        Ok(Found { key: Some(key), ..found })
    }

    /// When a key is valid by the line that was valid then, else by its first one.
    fn window(&self, key: &str, at: i64) -> Option<Validity> {
        let windows = self.signers.get(key)?;
        windows.iter().find(|window| window.at(at) == SignatureVerdict::Good).or(windows.first()).copied()
    }
}

/// ssh-keygen with one signature on the bench.
struct Keygen<'a> {
    program: &'a Path,
    bench: &'a Bench,
    at: i64,
}

impl Keygen<'_> {
    /// The names under which the signature's key stands in a file, as of the moment.
    fn principals(&self, allowed: &Path) -> Result<Vec<String>, String> {
        let time = self.time();
        let arguments = [
            "-Y".as_ref(),
            "find-principals".as_ref(),
            "-f".as_ref(),
            allowed.as_os_str(),
            "-s".as_ref(),
            self.bench.signature.as_os_str(),
            time.as_ref(),
        ];
        let said = run(self.program, &self.bench.folder, &arguments, None)?;
        let names = said.output.lines().map(str::trim).filter(|line| !line.is_empty());
        Ok(if said.well { names.map(str::to_owned).collect() } else { Vec::new() })
    }

    /// The key, where it may sign under that name and made this signature.
    fn verify(&self, allowed: &Path, principal: &str, revoked: Option<&Path>) -> Result<Option<String>, String> {
        let time = self.time();
        let mut arguments = vec![
            "-Y".as_ref(),
            "verify".as_ref(),
            "-f".as_ref(),
            allowed.as_os_str(),
            "-I".as_ref(),
            principal.as_ref(),
            "-n".as_ref(),
            NAMESPACE.as_ref(),
            "-s".as_ref(),
            self.bench.signature.as_os_str(),
            time.as_ref(),
        ];
        if let Some(revoked) = revoked {
            arguments.extend(["-r".as_ref(), revoked.as_os_str()]);
        }
        let said = run(self.program, &self.bench.folder, &arguments, Some(&self.bench.payload))?;
        Ok(if said.well { key_in(&said.output) } else { None })
    }

    /// The key that made the signature over the payload, whoever may sign.
    fn holds(&self) -> Result<Option<String>, String> {
        let arguments = [
            "-Y".as_ref(),
            "check-novalidate".as_ref(),
            "-n".as_ref(),
            NAMESPACE.as_ref(),
            "-s".as_ref(),
            self.bench.signature.as_os_str(),
        ];
        let said = run(self.program, &self.bench.folder, &arguments, Some(&self.bench.payload))?;
        Ok(if said.well { key_in(&said.output) } else { None })
    }

    /// The option that names the moment. Zero would mean the present.
    fn time(&self) -> String {
        let moment = chrono::DateTime::from_timestamp(self.at.max(1), 0).unwrap_or_default();
        format!("-Overify-time={}", moment.format("%Y%m%d%H%M%S"))
    }
}

/// The fingerprint in `Good "git" signature … with ED25519 key SHA256:…`.
fn key_in(output: &str) -> Option<String> {
    output.split_whitespace().rfind(|word| word.starts_with("SHA256:")).map(str::to_owned)
}
