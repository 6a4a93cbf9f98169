//! Folders of evidence, read whole before the history is.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Exit, Failure};
use crate::evidence::Exports;
use crate::settings::Settings;

/// Evidence from outside of Git.
#[derive(Debug, Args)]
pub(super) struct EvidenceArguments {
    /// A folder with exports of forges and ticket systems and decision records of the gate; may be given several times
    #[arg(long, value_name = "DIR", global = true)]
    pub evidence: Vec<PathBuf>,
}

/// Files larger than this are not read.
const MAX_FILE: u64 = 256 << 20;

/// Reads every file of some folders, tables as the settings say; each is understood, or the run ends.
pub(super) fn evidence(folders: &[PathBuf], settings: &Settings) -> Result<Exports, Failure> {
    let mut files = Vec::new();
    for (number, folder) in (1..).zip(folders) {
        for path in listed(folder)? {
            let inside = path.strip_prefix(folder).unwrap_or(&path);
            let parts: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            files.push((format!("{number}/{}", parts.join("/")), read(&path)?));
        }
    }
    Exports::read(files, Some(settings)).map_err(|error| {
        Failure::of(Exit::Misuse, &error)
            .hint("take out of the evidence folder what is no evidence; nothing there is passed over")
    })
}

/// Every file below a folder, sorted; links are not followed.
pub(super) fn listed(folder: &Path) -> Result<BTreeSet<PathBuf>, Failure> {
    let mut found = BTreeSet::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|error| unreadable(&folder, &error))? {
            let entry = entry.map_err(|error| unreadable(&folder, &error))?;
            let kind = entry.file_type().map_err(|error| unreadable(&entry.path(), &error))?;
            if kind.is_dir() {
                waiting.push(entry.path());
            } else if kind.is_file() {
                found.insert(entry.path());
            } else {
                return Err(Failure::misuse(format!("{} is neither a file nor a folder", entry.path().display()))
                    .hint("put a copy of the file there"));
            }
        }
    }
    Ok(found)
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let size = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    if size > MAX_FILE {
        return Err(Failure::misuse(format!("{} is larger than {} MiB", path.display(), MAX_FILE >> 20)));
    }
    std::fs::read(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let mut failure = Failure::of(Exit::Misuse, error);
    failure.sentences.insert(0, format!("cannot read {}", path.display()));
    failure
}
