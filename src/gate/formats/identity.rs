//! What makes a finding the same one in the next run, and where it stands when it is about no file.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::gate::{About, Found, Ruling};
use crate::text::{RepoPath, hex};

/// A finding with what tells it apart from all others of the run, and from none of the next run.
pub(super) struct Identified<'a> {
    pub(super) ruling: &'a Ruling,
    pub(super) found: &'a Found,
    /// SHA-256 over the check, the commit and the path, and the how manyth finding of these it is: never the line, which
    /// moves when something is added above it.
    pub(super) fingerprint: String,
}

/// Where a finding stands: its file, or a name that no file of a repository can have.
///
/// Code scanning and code quality reports refuse findings without a file. Git keeps no path that begins with `.git/`,
/// so `.git/commits/ID` names the commit and cannot be mistaken for a file.
pub(super) struct Place {
    pub(super) path: RepoPath,
    pub(super) line: u32,
    /// Whether it is a file of the repository.
    pub(super) is_file: bool,
}

/// Every finding of the rulings, in order.
pub(super) fn identified(rulings: &[Ruling]) -> Vec<Identified<'_>> {
    let mut seen: BTreeMap<Vec<u8>, u32> = BTreeMap::new();
    let mut all = Vec::new();
    for ruling in rulings {
        for found in &ruling.findings {
            let key = key(ruling, found);
            let times = seen.entry(key.clone()).or_default();
            *times += 1;
            let digest = Sha256::new().chain_update(&key).chain_update(times.to_be_bytes()).finalize();
            all.push(Identified { ruling, found, fingerprint: hex(&digest) });
        }
    }
    all
}

fn key(ruling: &Ruling, found: &Found) -> Vec<u8> {
    let about = match &found.about {
        About::Range => b"range".to_vec(),
        About::Commit(_) => ruling.commit_of(found).map_or_else(Vec::new, |commit| commit.id.0.as_bytes().to_vec()),
        About::Landing(_) => b"landing".to_vec(),
        About::Waiver(line) => format!("waiver {line}").into_bytes(),
    };
    let path = found.place.as_ref().map_or(&[][..], |(path, _)| path.as_bytes());
    let mut key = Vec::new();
    for part in [found.card.id.as_bytes(), &about, path] {
        key.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        key.extend_from_slice(part);
    }
    key
}

/// Where a finding stands.
pub(super) fn place(ruling: &Ruling, found: &Found) -> Place {
    if let Some((path, line)) = &found.place {
        return Place { path: path.clone(), line: (*line).max(1), is_file: true };
    }
    let (name, line) = match &found.about {
        About::Range => (".git/range".to_owned(), 1),
        About::Commit(_) => {
            let id = ruling.commit_of(found).map_or_else(|| "unknown".to_owned(), |commit| commit.id.to_string());
            (format!(".git/commits/{id}"), 1)
        }
        About::Landing(_) => (".git/proposal".to_owned(), 1),
        About::Waiver(line) => (".git/settings".to_owned(), u32::try_from(*line).unwrap_or(u32::MAX).max(1)),
    };
    Place { path: RepoPath::new(name.as_bytes()), line, is_file: false }
}
