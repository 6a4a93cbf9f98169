//! What stood in the environments when the period began, as far as the promotions of the period need it.

use std::collections::BTreeSet;

use crate::changes::FileEdit;
use crate::evidence::Dossier;
use crate::settings::EnvironmentSettings;
use crate::text::{BlobId, RepoPath};

/// A file of the tree at the start of a period.
#[derive(Clone, Debug)]
pub struct EnvironmentFile {
    /// Its path.
    pub path: RepoPath,
    /// The environment of its path; `None` for what all environments share.
    pub environment: Option<Box<str>>,
    /// Its content.
    pub blob: BlobId,
}

/// What the changes of a period bring to production, so that files are looked for that could be its origin.
#[derive(Debug, Default)]
struct Wanted<'a> {
    names: BTreeSet<&'a [u8]>,
    folders: BTreeSet<&'a [u8]>,
    blobs: BTreeSet<BlobId>,
}

impl EnvironmentFile {
    /// Those files of a tree that could be the origin of what the period's changes bring to production: with the same file
    /// name, in the same folder, or with the same content.
    #[must_use]
    pub fn of(
        files: &[FileEdit],
        dossiers: &[Dossier],
        settings: &EnvironmentSettings,
        environment_of: &dyn Fn(&RepoPath) -> Option<String>,
    ) -> Vec<Self> {
        let wanted = Wanted::by(dossiers, settings);
        if wanted.names.is_empty() {
            return Vec::new();
        }
        let near = files.iter().filter_map(|file| {
            let blob = file.after?.blob;
            wanted.includes(&file.path, blob).then_some((file, blob))
        });
        let located = near.map(|(file, blob)| Self {
            path: file.path.clone(),
            environment: environment_of(&file.path).map(Into::into),
            blob,
        });
        located.collect()
    }
}

impl<'a> Wanted<'a> {
    fn by(dossiers: &'a [Dossier], settings: &EnvironmentSettings) -> Self {
        let mut wanted = Self::default();
        for dossier in dossiers {
            for (edit, class) in dossier.change.commit.file_edits.iter().zip(&dossier.classification.files) {
                let production = class.environment.as_deref().is_some_and(|name| settings.is_production(name));
                if let Some(after) = edit.after.filter(|_| production && !class.ignored) {
                    let (folder, name) = parted(&edit.path);
                    wanted.names.insert(name);
                    wanted.folders.insert(folder);
                    wanted.blobs.insert(after.blob);
                }
            }
        }
        wanted
    }

    fn includes(&self, path: &RepoPath, blob: BlobId) -> bool {
        let (folder, name) = parted(path);
        self.names.contains(name) || self.folders.contains(folder) || self.blobs.contains(&blob)
    }
}

/// The folder and the file name of a path.
fn parted(path: &RepoPath) -> (&[u8], &[u8]) {
    let bytes = path.as_bytes();
    let name = bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
    bytes.split_at_checked(name).unwrap_or((&[], bytes))
}
