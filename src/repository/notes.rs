//! Review notes: text that Gerrit and git-appraise attach to commits under `refs/notes/`.

use std::sync::Arc;

use super::open::reference_names;
use super::{Note, Notes, Repository, RepositoryError, git_id};
use crate::text::{CommitId, Text};

/// The references that hold reviews: Gerrit's, and git-appraise's requests and comments.
const REVIEW_NOTES: [&str; 3] = ["refs/notes/review", "refs/notes/devtools/reviews", "refs/notes/devtools/discuss"];
/// Notes larger than this are cut; a review note is a few lines.
const MAX_NOTE: usize = 1 << 20;

impl Repository {
    /// Reads the review notes on the given commits, with the notes that could not be read as sentences.
    ///
    /// # Errors
    ///
    /// When the references cannot be listed.
    pub fn notes(&self, commits: impl Iterator<Item = CommitId>) -> Result<(Notes, Vec<String>), RepositoryError> {
        let repo = self.reader().repo;
        let present = reference_names(&repo, "refs/notes/")?;
        let wanted: Vec<&str> = REVIEW_NOTES.into_iter().filter(|name| present.iter().any(|there| there == name)).collect();
        let (mut notes, mut problems) = (Notes::new(), Vec::new());
        if wanted.is_empty() {
            return Ok((notes, problems));
        }
        let platform = repo.notes().and_then(|platform| platform.with_refs(wanted));
        let mut platform = platform.map_err(|source| RepositoryError::References { prefix: "refs/notes/", source })?;
        for commit in commits {
            match platform.get(git_id(commit.0)) {
                Ok(found) => {
                    for note in found {
                        let reference: Arc<str> = note.reference.as_bstr().to_string().into();
                        let bytes = note.blob.data.get(..MAX_NOTE).unwrap_or(&note.blob.data);
                        notes.entry(commit).or_default().push(Note { reference, text: Text::decode(bytes, None) });
                    }
                }
                Err(error) => problems.push(format!("The notes on commit {commit} cannot be read: {error}.")),
            }
        }
        Ok((notes, problems))
    }
}
