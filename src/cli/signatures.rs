//! The keys that signatures are checked against: from whoever runs the command, never from the audited repository.

use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use super::evidence::{listed, read};
use super::terminal::note;
use crate::evidence::signatures::{GivenKeys, Keys, NamedFiles, Programs};
use crate::repository::Repository;
use crate::settings::Settings;

/// Keys to check signatures against.
#[derive(Debug, Args)]
pub(super) struct SignatureArguments {
    /// An allowed-signers file of OpenSSH to check SSH signatures against; may be given several times
    #[arg(long, value_name = "FILE", global = true)]
    pub signers: Vec<PathBuf>,
    /// SSH keys, or a key revocation list, that never count
    #[arg(long, value_name = "FILE", global = true)]
    pub revoked_keys: Option<PathBuf>,
    /// A folder or file of OpenPGP public keys to check OpenPGP signatures against; may be given several times
    #[arg(long, value_name = "DIR|FILE", global = true)]
    pub keyring: Vec<PathBuf>,
    /// A folder or file of X.509 certificates (PEM) that signers' certificates must lead to; may be given several times
    #[arg(long, value_name = "DIR|FILE", global = true)]
    pub certificates: Vec<PathBuf>,
}

/// Where each kind of key is.
struct Places {
    signers: Vec<PathBuf>,
    revoked: Vec<PathBuf>,
    keyring: Vec<PathBuf>,
    certificates: Vec<PathBuf>,
}

/// Reads the keys that the command line names, else those that settings from outside of the repository name.
pub(super) fn keys(
    arguments: &SignatureArguments,
    repository: &Repository,
    settings: &Settings,
    settings_file: Option<&Path>,
) -> Result<Keys, Failure> {
    let outside = settings_file.filter(|file| !repository.holds(file)).and_then(Path::parent);
    let mut unused = Vec::new();
    let mut choose = |given: Vec<PathBuf>, key: &str, written: Option<&String>| match (written, outside) {
        (Some(_), _) if !given.is_empty() => given,
        (Some(path), Some(folder)) => vec![folder.join(path)],
        (Some(_), None) => {
            unused.push(key.to_owned());
            given
        }
        (None, _) => given,
    };
    let written = &settings.signatures;
    let places = Places {
        signers: choose(arguments.signers.clone(), "allowed_signers", written.allowed_signers.as_ref()),
        revoked: choose(arguments.revoked_keys.iter().cloned().collect(), "revoked_keys", written.revoked_keys.as_ref()),
        keyring: choose(arguments.keyring.clone(), "keyring", written.keyring.as_ref()),
        certificates: choose(arguments.certificates.clone(), "certificates", written.certificates.as_ref()),
    };
    let given = GivenKeys {
        signers: files(repository, &places.signers)?,
        revoked: files(repository, &places.revoked)?,
        keyring: files(repository, &places.keyring)?,
        certificates: files(repository, &places.certificates)?,
    };
    let mut keys = Keys::read(&given, &programs(repository)).map_err(|error| {
        Failure::misuse(format!("keys cannot be used: {error}")).hint("give public keys that you trust; nothing is passed over")
    })?;
    if !unused.is_empty() {
        let remark = format!(
            "The settings stand in the audited repository and name keys ({}); such keys are not used.",
            unused.join(", ")
        );
        note(&format!("note: {remark}\n      name them on the command line, or in settings outside of the repository"));
        keys.remarks.push(remark);
    }
    Ok(keys)
}

/// The files at some places, with names that tell nothing of the machine.
fn files(repository: &Repository, places: &[PathBuf]) -> Result<NamedFiles, Failure> {
    let mut files = NamedFiles::new();
    for place in places {
        let is_folder = std::fs::metadata(place).is_ok_and(|found| found.is_dir());
        let paths = if is_folder { listed(place)?.into_iter().collect() } else { vec![place.clone()] };
        for path in paths {
            if repository.holds(&path) {
                return Err(Failure::misuse(format!("{} lies in the audited repository", path.display()))
                    .hint("whoever is audited does not name the keys: look at the file, then give a copy that lies elsewhere"));
            }
            let inside = path.strip_prefix(place).ok().filter(|inside| !inside.as_os_str().is_empty());
            let name = inside.or_else(|| path.file_name().map(Path::new)).unwrap_or(&path);
            let parts: Vec<String> = name.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            files.push((parts.join("/"), read(&path)?));
        }
    }
    Ok(files)
}

/// The programs that check signatures, where the search path has them; never out of the audited repository.
fn programs(repository: &Repository) -> Programs {
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    let search = std::env::var_os("PATH").unwrap_or_default();
    // A folder without a full path would be looked for where the command happens to run, which may be the repository.
    let folders: Vec<PathBuf> =
        std::env::split_paths(&search).filter(|folder| folder.is_absolute() && !repository.holds(folder)).collect();
    let find = |name: &str| {
        let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        folders.iter().map(|folder| folder.join(&name)).find(|path| path.is_file())
    };
    Programs { ssh_keygen: find("ssh-keygen"), gpg: find("gpg"), openssl: find("openssl") }
}
