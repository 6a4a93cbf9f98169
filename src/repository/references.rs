//! References by name: what a gate must know about the branches that stand already.

use super::{Repository, RepositoryError, git_id, own_id};
use crate::text::{CommitId, ObjectId};

/// A reference with the commit it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The full name, e.g. `refs/heads/main`.
    pub name: String,
    /// The commit, tags peeled; `None` where it leads to none.
    pub commit: Option<CommitId>,
}

impl Repository {
    /// Every reference whose name begins so, sorted by name.
    ///
    /// # Errors
    ///
    /// When the references cannot be listed, or one of them cannot be read.
    pub fn references(&self, prefix: &'static str) -> Result<Vec<Reference>, RepositoryError> {
        let failed = |source| RepositoryError::References { prefix, source };
        let repo = self.reader().repo;
        let platform = repo.references().map_err(failed)?;
        let mut found = Vec::new();
        for reference in platform.prefixed(prefix).map_err(failed)? {
            let mut reference =
                reference.map_err(|error| failed(gix::Error::from_error(std::io::Error::other(error.to_string()))))?;
            let name = reference.name().as_bstr().to_string();
            let commit = reference.peel_to_commit().ok().map(|commit| CommitId(own_id(&commit.id)));
            found.push(Reference { name, commit });
        }
        found.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(found)
    }

    /// The commit that an object leads to, tags peeled; `None` where it leads to something else.
    ///
    /// # Errors
    ///
    /// One sentence when an object on the way is missing or unreadable.
    pub fn commit_behind(&self, id: ObjectId) -> Result<Option<CommitId>, String> {
        let repo = self.reader().repo;
        let missing = |error: gix::Error| format!("object {id} cannot be read: {error}");
        let object = repo.find_object(git_id(id)).map_err(missing)?.peel_tags_to_end().map_err(missing)?;
        Ok((object.kind == gix::objs::Kind::Commit).then(|| CommitId(own_id(&object.id))))
    }

    /// Whether a merge is being committed: git keeps the other parents until then.
    #[must_use]
    pub fn is_merging(&self) -> bool {
        self.git_dir.join("MERGE_HEAD").exists()
    }

    /// What begins a line that git strips from a message, as far as the repository's own configuration says.
    #[must_use]
    pub fn comment_mark(&self) -> String {
        let config = gix::config::File::from_path_no_includes(self.git_dir.join("config"), gix::config::Source::Local).ok();
        let value = |key: &str| config.as_ref()?.string(key).map(|value| value.to_string());
        let mark = value("core.commentString").or_else(|| value("core.commentChar"));
        mark.filter(|mark| !mark.is_empty() && mark != "auto").unwrap_or_else(|| "#".into())
    }

    /// The full name of the branch that HEAD names, and its commit where it has one.
    #[must_use]
    pub fn default_branch(&self) -> Option<Reference> {
        let repo = self.reader().repo;
        let name = repo.head_name().ok().flatten()?.as_bstr().to_string();
        Some(Reference { name, commit: self.resolve("HEAD").ok() })
    }
}
