//! Opening under trust rules, and the facts about how whole the object database is.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::commit::People;
use super::merge_base::Ancestry;
use super::packs::{PackReader, Packs};
use super::unpacked::Unpacked;
use super::{Completeness, Reader, Repository, RepositoryError, own_id};
use crate::text::visible_line;

/// Bytes of decoded objects that each thread keeps; beyond this nothing was gained on real repositories.
const OBJECT_CACHE: usize = 32 << 20;

/// Where git keeps the objects of a push until a hook has let it in.
///
/// As in the variables `GIT_OBJECT_DIRECTORY` and `GIT_ALTERNATE_OBJECT_DIRECTORIES`; see
/// <https://git-scm.com/docs/git-receive-pack#_quarantine_environment>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantine {
    /// The folder with the objects of the push.
    pub objects: PathBuf,
    /// The folders with every other object.
    pub alternates: Vec<PathBuf>,
}

impl Repository {
    /// Opens the repository at a path or above it.
    ///
    /// Nothing of its configuration is executed: its settings are not looked at, replacement references are not
    /// honoured, and the commit-graph file is not used, since it could name other parents than the commits do.
    ///
    /// # Errors
    ///
    /// When there is none, it cannot be opened, or its references are kept in a format that cannot be read.
    pub fn open(path: &Path) -> Result<Self, RepositoryError> {
        Self::open_with(path, None)
    }

    /// Like [`Self::open`], from inside a hook that decides about a push.
    ///
    /// # Errors
    ///
    /// As [`Self::open`], and when the objects of the push cannot be read.
    pub fn open_with(path: &Path, quarantine: Option<&Quarantine>) -> Result<Self, RepositoryError> {
        let not_found = || RepositoryError::NotFound { path: path.to_owned() };
        let (found, _trust) = gix::discover::upwards(path).map_err(|_| not_found())?;
        let (git_dir, work_tree) = found.clone().into_repository_and_work_tree_directories();
        refuse_unreadable_references(&git_dir)?;
        let options = gix::open::Options::isolated()
            .open_path_as_is(true)
            .with(gix::sec::Trust::Reduced)
            .filter_config_section(|section| section.source == gix::config::Source::Api)
            .config_overrides(["core.useReplaceRefs=false", "core.deltaBaseCacheLimit=33554432"]);
        let open_error = |source| RepositoryError::Open { path: git_dir.clone(), source };
        let mut repo = options.open(git_dir.clone()).map_err(open_error)?.to_thread_local();
        repo.objects.ignore_replacements = true;
        let joined = quarantine.map(|quarantine| join(&mut repo, quarantine)).transpose()?;
        let completeness = completeness(&repo, &found)?;
        let packs = Arc::new(Packs::open(&object_folders(&repo), repo.object_hash()));
        Ok(Self { shared: repo.into_sync(), packs, git_dir, work_tree, completeness, _joined: joined })
    }

    /// How whole the record is, as far as the repository's own files tell.
    #[must_use]
    pub fn completeness(&self) -> &Completeness {
        &self.completeness
    }

    /// Whether a path, which need not exist, lies inside the repository or its work tree, or cannot be told apart from them.
    #[must_use]
    pub fn holds(&self, path: &Path) -> bool {
        let Some(path) = resolved(path) else { return true };
        let folders = [Some(self.git_dir.clone()), Some(common_dir(&self.git_dir)), self.work_tree.clone()];
        folders.into_iter().flatten().filter_map(|folder| folder.canonicalize().ok()).any(|folder| path.starts_with(folder))
    }

    /// Whether a path, or what it links to, lies in the work tree, where the change at hand is checked out, and not below
    /// the Git directory; also where that cannot be told.
    #[must_use]
    pub fn has_checked_out(&self, path: &Path) -> bool {
        let Some(work_tree) = &self.work_tree else { return false };
        let (Some(target), Some(name)) = (resolved(path), path.file_name()) else { return true };
        let Some(folder) = resolved(path.parent().unwrap_or(Path::new(""))) else { return true };
        let is_below = |path: &Path, folder: &Path| folder.canonicalize().is_ok_and(|folder| path.starts_with(folder));
        let is_inside = |path: &Path| {
            is_below(path, work_tree) && !is_below(path, &self.git_dir) && !is_below(path, &common_dir(&self.git_dir))
        };
        is_inside(&target) || is_inside(&folder.join(name))
    }

    /// A name for people: the last part of the repository's folder that says something.
    #[must_use]
    pub fn name(&self) -> String {
        let git_dir = std::path::absolute(&self.git_dir).unwrap_or_else(|_| self.git_dir.clone());
        let parts = git_dir.components().rev().map(|part| part.as_os_str().to_string_lossy().into_owned());
        let telling = |part: &String| !matches!(part.as_str(), ".git" | "." | ".." | "/");
        let name = parts.collect::<Vec<_>>().into_iter().find(telling).unwrap_or_else(|| "repository".into());
        visible_line(name.strip_suffix(".git").unwrap_or(&name))
    }

    /// A view for one thread.
    #[must_use]
    pub fn reader(&self) -> Reader {
        let mut repo = self.shared.to_thread_local();
        repo.object_cache_size(OBJECT_CACHE);
        repo.objects.ignore_replacements = true;
        let shallow: Arc<[gix::ObjectId]> =
            repo.shallow_commits().ok().flatten().map_or_else(|| Arc::from([]), |commits| commits.iter().copied().collect());
        Reader {
            unpacked: Unpacked::new(&repo.objects, self.packs.clone()),
            repo,
            packs: PackReader::new(self.packs.clone()),
            people: People::default(),
            recent_trees: std::collections::VecDeque::new(),
            shallow,
            merged: None,
            ancestry: Ancestry::default(),
        }
    }
}

/// Lets a repository read the objects of a push as well: a folder that has nothing but a list of the others.
///
/// The folder lies outside of the repository, since whatever lies in the quarantine is taken over with the push.
fn join(repo: &mut gix::Repository, quarantine: &Quarantine) -> Result<tempfile::TempDir, RepositoryError> {
    let failed = |source| RepositoryError::Quarantine { path: quarantine.objects.clone(), source };
    let folder = tempfile::Builder::new().prefix("countersign-push-").tempdir().map_err(failed)?;
    let own = repo.objects.store_ref().path().to_owned();
    let mut list = Vec::new();
    for path in std::iter::once(&quarantine.objects).chain(&quarantine.alternates).chain([&own]) {
        list.extend_from_slice(path.canonicalize().map_err(failed)?.as_os_str().as_encoded_bytes());
        list.push(b'\n');
    }
    std::fs::create_dir(folder.path().join("info")).map_err(failed)?;
    std::fs::write(folder.path().join("info/alternates"), list).map_err(failed)?;
    let objects = gix::odb::at(folder.path(), repo.object_hash()).map_err(failed)?;
    repo.objects = gix::odb::memory::Proxy::from(objects).with_write_passthrough();
    repo.objects.ignore_replacements = true;
    Ok(folder)
}

/// gix opens a reftable repository and then finds no branch; git names the format in the repository's configuration.
fn refuse_unreadable_references(git_dir: &Path) -> Result<(), RepositoryError> {
    let common = common_dir(git_dir);
    let config = std::fs::read_to_string(common.join("config")).unwrap_or_default();
    let format = config.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        key.trim().eq_ignore_ascii_case("refstorage").then(|| value.trim().trim_matches('"').to_lowercase())
    });
    match format {
        Some(format) if format != "files" => Err(RepositoryError::ReferenceFormat { path: git_dir.to_owned(), format }),
        Some(_) | None if common.join("reftable").is_dir() => {
            Err(RepositoryError::ReferenceFormat { path: git_dir.to_owned(), format: "reftable".into() })
        }
        Some(_) | None => Ok(()),
    }
}

/// A path without symbolic links, as far as it exists.
fn resolved(path: &Path) -> Option<PathBuf> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let path = std::path::absolute(path).ok()?;
    let existing = path.ancestors().find_map(|ancestor| Some((ancestor, ancestor.canonicalize().ok()?)));
    let (ancestor, found) = existing?;
    let rest = path.strip_prefix(ancestor).ok()?;
    let goes_up = rest.components().any(|part| part == std::path::Component::ParentDir);
    (!goes_up).then(|| found.join(rest))
}

fn common_dir(git_dir: &Path) -> PathBuf {
    match std::fs::read_to_string(git_dir.join("commondir")) {
        Ok(relative) => git_dir.join(relative.trim()),
        Err(_) => git_dir.to_owned(),
    }
}

/// The object folders: the repository's own and its alternates.
fn object_folders(repo: &gix::Repository) -> Vec<PathBuf> {
    let own = repo.objects.store_ref().path().to_owned();
    let alternates = repo.objects.store_ref().alternate_db_paths().unwrap_or_default();
    std::iter::once(own).chain(alternates).collect()
}

fn completeness(repo: &gix::Repository, found: &gix::discover::repository::Path) -> Result<Completeness, RepositoryError> {
    let common = repo.common_dir().to_owned();
    let mut facts = Completeness { object_format: repo.object_hash().to_string(), ..Completeness::default() };
    note_shallow(repo, &mut facts);
    note_partial(&common, &mut facts);
    note_grafts(&common, &mut facts);
    note_replacements(repo, &mut facts)?;
    note_remarks(repo, found, &common, &mut facts)?;
    Ok(facts)
}

fn note_shallow(repo: &gix::Repository, facts: &mut Completeness) {
    match repo.shallow_commits() {
        Ok(Some(commits)) => facts.problems.push(format!(
            "the clone is shallow: history stops at {} ({}); run `git fetch --unshallow`",
            count(commits.len(), "commit"),
            commits.iter().take(3).map(|id| own_id(id).short()).collect::<Vec<_>>().join(", ")
        )),
        Ok(None) => {}
        Err(error) => facts.problems.push(format!("the list of shallow commits cannot be read: {error}")),
    }
}

fn note_partial(common: &Path, facts: &mut Completeness) {
    let config = std::fs::read_to_string(common.join("config")).unwrap_or_default().to_lowercase();
    let configured = config.lines().map(str::trim).any(|line| line.starts_with("promisor") || line.starts_with("partialclone"));
    let packs = std::fs::read_dir(common.join("objects/pack")).into_iter().flatten().flatten();
    let promised = packs.into_iter().any(|file| file.path().extension().is_some_and(|extension| extension == "promisor"));
    if configured || promised {
        facts.problems.push(
            "the clone is partial: objects were left out on purpose and are not fetched here; clone again without `--filter`"
                .into(),
        );
    }
}

fn note_grafts(common: &Path, facts: &mut Completeness) {
    let grafts = std::fs::read_to_string(common.join("info/grafts")).unwrap_or_default();
    let lines = grafts.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')).count();
    if lines > 0 {
        facts.problems.push(format!(
            "info/grafts rewrites the parents of {} for git; it is ignored here, so plain git shows another history",
            count(lines, "commit")
        ));
    }
}

fn note_replacements(repo: &gix::Repository, facts: &mut Completeness) -> Result<(), RepositoryError> {
    let replaced = reference_names(repo, "refs/replace/")?;
    if !replaced.is_empty() {
        let ids: Vec<String> =
            replaced.iter().take(3).map(|name| name.chars().skip("refs/replace/".len()).take(12).collect()).collect();
        facts.problems.push(format!(
            "replacement references stand over {} ({}); they are ignored here, so plain git shows other content under these ids",
            count(replaced.len(), "object"),
            ids.join(", ")
        ));
    }
    Ok(())
}

fn note_remarks(
    repo: &gix::Repository,
    found: &gix::discover::repository::Path,
    common: &Path,
    facts: &mut Completeness,
) -> Result<(), RepositoryError> {
    match found {
        gix::discover::repository::Path::LinkedWorkTree { .. } => facts.remarks.push("Opened through a linked worktree.".into()),
        gix::discover::repository::Path::Repository(_) => facts.remarks.push("Opened as a bare repository.".into()),
        gix::discover::repository::Path::WorkTree(_) => {}
    }
    if common.join("objects/info/alternates").exists() {
        facts.remarks.push("Objects are also read from alternate object folders.".into());
    }
    let graph = ["objects/info/commit-graph", "objects/info/commit-graphs"];
    if graph.iter().any(|file| common.join(file).exists()) {
        facts.remarks.push("A commit-graph file is there and not used: parents are read from the commits themselves.".into());
    }
    let notes = reference_names(repo, "refs/notes/")?;
    facts.remarks.push(if notes.is_empty() {
        "No notes references are here; review notes of Gerrit or git-appraise are not fetched by default.".into()
    } else {
        format!("Notes references: {}.", notes.join(", "))
    });
    Ok(())
}

pub(super) fn reference_names(repo: &gix::Repository, prefix: &'static str) -> Result<Vec<String>, RepositoryError> {
    let failed = |source| RepositoryError::References { prefix, source };
    let platform = repo.references().map_err(failed)?;
    let mut names = Vec::new();
    for reference in platform.prefixed(prefix).map_err(failed)? {
        match reference {
            Ok(reference) => names.push(visible_line(&reference.name().as_bstr().to_string())),
            Err(error) => names.push(format!("(unreadable: {error})")),
        }
    }
    names.sort();
    Ok(names)
}

impl Reader {
    /// Whether history was cut off below this commit.
    pub(super) fn is_shallow_boundary(&self, id: &gix::oid) -> bool {
        self.shallow.iter().any(|boundary| boundary.as_ref() == id)
    }
}

/// `1 commit`, `3 commits`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
