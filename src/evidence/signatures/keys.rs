//! The keys that the auditor gave, made ready for the programs in a folder of their own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::openpgp::{self, OpenPgpKeys};
use super::ssh::SshKeys;
use super::x509::Certificates;
use super::{Programs, allowed_signers};
use crate::evidence::EvidenceFile;
use crate::text::hex;

/// Files as they were given: a name for people, and the bytes.
pub type NamedFiles = Vec<(String, Vec<u8>)>;

/// What whoever runs the audit gave to check signatures against.
#[derive(Debug, Default)]
pub struct GivenKeys {
    /// Allowed-signers files of OpenSSH.
    pub signers: NamedFiles,
    /// Public keys or a key revocation list of OpenSSH that never count; at most one file.
    pub revoked: NamedFiles,
    /// OpenPGP public keys, armoured or not.
    pub keyring: NamedFiles,
    /// X.509 certificates in PEM that signers' certificates must lead to.
    pub certificates: NamedFiles,
}

/// Keys that are ready for use.
#[derive(Debug, Default)]
pub struct Keys {
    pub(super) ssh: Option<SshKeys>,
    pub(super) openpgp: Option<OpenPgpKeys>,
    pub(super) x509: Option<Certificates>,
    /// The files, for the pack: named below `raw/`.
    files: Vec<EvidenceFile>,
    /// Why not every signature can be checked, and which keys are not used, one sentence each.
    pub remarks: Vec<String>,
    /// Holds what the programs read, as long as signatures are checked.
    folder: Option<tempfile::TempDir>,
}

/// Why keys cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct KeyProblem {
    /// The file.
    pub file: String,
    /// What is wrong.
    pub problem: String,
}

fn problem(file: &str, problem: impl Into<String>) -> KeyProblem {
    KeyProblem { file: file.to_owned(), problem: problem.into() }
}

impl Keys {
    /// Makes keys ready: every file is understood, or there are none.
    ///
    /// # Errors
    ///
    /// For the first file that holds no public key, or a private one.
    pub fn read(given: &GivenKeys, programs: &Programs) -> Result<Self, KeyProblem> {
        let all = [&given.signers, &given.revoked, &given.keyring, &given.certificates];
        if all.iter().all(|files| files.is_empty()) {
            return Ok(Self::default());
        }
        for (name, bytes) in all.into_iter().flatten() {
            refuse_private(name, bytes)?;
        }
        let folder = tempfile::Builder::new().prefix("countersign-keys-").tempdir();
        let folder = folder.map_err(|error| problem("a temporary folder", error.to_string()))?;
        let mut keys = Self::default();
        keys.read_ssh(given, programs, folder.path())?;
        keys.read_openpgp(given, programs, folder.path())?;
        keys.read_x509(given, programs, folder.path())?;
        keys.folder = Some(folder);
        Ok(keys)
    }

    /// Whether none were given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ssh.is_none() && self.openpgp.is_none() && self.x509.is_none()
    }

    /// The files for the pack, once.
    pub fn take_files(&mut self) -> Vec<EvidenceFile> {
        std::mem::take(&mut self.files)
    }

    fn read_ssh(&mut self, given: &GivenKeys, programs: &Programs, folder: &Path) -> Result<(), KeyProblem> {
        if given.signers.is_empty() {
            return given.revoked.first().map_or(Ok(()), |(name, _)| {
                Err(problem(name, "revoked keys say something only beside an allowed-signers file"))
            });
        }
        let mut all = Vec::new();
        let mut signers = allowed_signers::Signers::new();
        for (name, bytes) in &given.signers {
            let text = std::str::from_utf8(bytes).map_err(|_| problem(name, "it is no text in UTF-8"))?;
            let read = allowed_signers::read(text).map_err(|reason| problem(name, reason))?;
            self.note("SSH allowed signers", name, bytes, read.values().map(Vec::len).sum());
            for (key, windows) in read {
                signers.entry(key).or_default().extend(windows);
            }
            all.extend_from_slice(bytes);
            all.push(b'\n');
        }
        let allowed = written(folder, "allowed_signers", &all)?;
        let revoked = match given.revoked.as_slice() {
            [] => None,
            [(name, bytes)] => {
                self.note(
                    "SSH revoked keys",
                    name,
                    bytes,
                    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(),
                );
                Some(written(folder, "revoked_keys", bytes)?)
            }
            [_, (name, _), ..] => return Err(problem(name, "one file of revoked keys can be given")),
        };
        let program = self.program(programs.ssh_keygen.as_ref(), "ssh-keygen", "SSH");
        self.ssh = Some(SshKeys { program, allowed, revoked, signers });
        Ok(())
    }

    fn read_openpgp(&mut self, given: &GivenKeys, programs: &Programs, folder: &Path) -> Result<(), KeyProblem> {
        if given.keyring.is_empty() {
            return Ok(());
        }
        let home = folder.join("gnupg");
        private_folder(&home).map_err(|error| problem("a temporary folder", error.to_string()))?;
        let program = self.program(programs.gpg.as_ref(), "gpg", "OpenPGP");
        for (name, bytes) in &given.keyring {
            let file = written(folder, "keys", bytes)?;
            let imported = program.as_ref().map_or(Ok(0), |program| openpgp::import(program, &home, &file));
            self.note("OpenPGP public keys", name, bytes, imported.map_err(|reason| problem(name, reason))?);
        }
        let keys = program.as_ref().map_or(Ok(BTreeMap::default()), |program| openpgp::list(program, &home));
        let keys = keys.map_err(|reason| problem("the OpenPGP keys", reason))?;
        self.openpgp = Some(OpenPgpKeys { program, home, keys });
        Ok(())
    }

    fn read_x509(&mut self, given: &GivenKeys, programs: &Programs, folder: &Path) -> Result<(), KeyProblem> {
        const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
        if given.certificates.is_empty() {
            return Ok(());
        }
        let mut all = Vec::new();
        for (name, bytes) in &given.certificates {
            let count = memchr::memmem::find_iter(bytes, BEGIN).count();
            if count == 0 {
                return Err(problem(name, "it holds no certificate in PEM; `openssl x509 -inform DER` makes one"));
            }
            self.note("X.509 certificates", name, bytes, count);
            all.extend_from_slice(bytes);
            all.push(b'\n');
        }
        let anchors = written(folder, "anchors.pem", &all)?;
        let program = self.program(programs.openssl.as_ref(), "openssl", "X.509");
        self.x509 = Some(Certificates { program, anchors });
        Ok(())
    }

    fn program(&mut self, found: Option<&PathBuf>, name: &str, format: &str) -> Result<PathBuf, String> {
        found.cloned().ok_or_else(|| {
            self.remarks.push(format!("{format} signatures are not checked: the program {name} is not on this machine."));
            format!("the program {name} is not on this machine")
        })
    }

    fn note(&mut self, kind: &'static str, name: &str, bytes: &[u8], rows: usize) {
        let (name, sha256) = (format!("keys/{}/{name}", self.files.len() + 1), hex(&Sha256::digest(bytes)));
        self.files.push(EvidenceFile { name, sha256, bytes: bytes.to_vec(), kind, rows });
    }
}

/// Key files go into the pack, so that no private key may be among them.
fn refuse_private(name: &str, bytes: &[u8]) -> Result<(), KeyProblem> {
    let is_armoured = memchr::memmem::find(bytes, b"PRIVATE KEY").is_some();
    // The tag of the first packet of OpenPGP keys that are not armoured: 5 is a secret key, in the old and the new form.
    let is_packet = bytes.first().is_some_and(|first| matches!(first, 0x94..=0x97 | 0xC5));
    if is_armoured || is_packet {
        return Err(problem(name, "it holds a private key; give public keys only, the files go into the pack"));
    }
    Ok(())
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, KeyProblem> {
    let path = folder.join(name);
    std::fs::write(&path, bytes).map_err(|error| problem("a temporary file", error.to_string()))?;
    Ok(path)
}

/// A folder that nobody else can read, as gpg asks for.
fn private_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(given: &GivenKeys) -> String {
        Keys::read(given, &Programs::default()).unwrap_err().to_string()
    }

    #[test]
    fn what_is_no_public_key_is_an_error_that_names_the_file() {
        let file = |text: &str| vec![("team/keys".to_owned(), text.as_bytes().to_vec())];
        let given = |text: &str| GivenKeys { signers: file(text), ..GivenKeys::default() };
        assert!(refused(&given("a@example.com nonsense")).starts_with("team/keys: line 1: "));
        assert!(refused(&given("-----BEGIN OPENSSH PRIVATE KEY-----")).contains("private key"));
        assert!(refused(&GivenKeys { certificates: file("x"), ..GivenKeys::default() }).contains("no certificate"));
        assert!(refused(&GivenKeys { revoked: file("x"), ..GivenKeys::default() }).contains("only beside"));
        let secret = vec![("ring".to_owned(), vec![0x95, 1, 2])];
        assert!(refused(&GivenKeys { keyring: secret, ..GivenKeys::default() }).contains("private key"));
        assert!(Keys::read(&GivenKeys::default(), &Programs::default()).unwrap().is_empty());
    }

    #[test]
    fn a_missing_program_is_said_and_the_files_are_kept() {
        let file = vec![("ring".to_owned(), b"some keys".to_vec())];
        let mut keys = Keys::read(&GivenKeys { keyring: file, ..GivenKeys::default() }, &Programs::default()).unwrap();
        assert_eq!(keys.remarks, ["OpenPGP signatures are not checked: the program gpg is not on this machine."]);
        assert_eq!(keys.take_files().iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["keys/1/ring"]);
    }
}
