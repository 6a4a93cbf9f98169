//! Who owns what was touched: the owners file as it stood before each change.
//!
//! A change cannot appoint its own approvers: what counts is the file in the tree of its first parent. Along the
//! first-parent chain that tree follows from the edits of the change before, so trees are read only where the chain breaks.

mod file;
mod pattern;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use file::{Demanded, OwnersFile};
pub use pattern::Dialect;

use super::Dossier;
use super::exports::recorded::Forge;
use crate::changes::{Change, Entry, GapAbout};
use crate::repository::{Reader, Repository};
use crate::settings::OwnersForge;
use crate::text::{BlobId, CommitId, RepoPath};

/// Where forges look for the file.
const PLACES: [&str; 5] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS", ".bitbucket/CODEOWNERS"];
/// The file of each place in one tree, where there is one.
type Placed = [Option<Entry>; PLACES.len()];

/// The positions in [`PLACES`] where a forge looks, the first file found counts.
fn order(forge: Option<Dialect>) -> &'static [usize] {
    match forge {
        Some(Dialect::GitHub) => &[0, 1, 2],
        Some(Dialect::GitLab) => &[1, 2, 3],
        Some(Dialect::Bitbucket) => &[4, 1],
        None => &[0, 1, 2, 3, 4],
    }
}

/// The owners file before a change.
#[derive(Clone, Debug)]
pub enum OwnersAtBase {
    /// It could be read.
    File(OwnersFile),
    /// It could not, and why.
    Unreadable(String),
}

/// Puts beside each change the owners file that stood before it.
pub fn attach(repository: &Repository, dossiers: &mut [Dossier], wanted: OwnersForge, recorded: Option<Forge>) {
    let Some(forge) = by_whose_rules(wanted, recorded) else { return };
    let mut shelf = Shelf { reader: repository.reader(), forge, files: BTreeMap::new(), bytes: 0 };
    let mut known: Option<(CommitId, Placed)> = None;
    for dossier in dossiers {
        let parent = dossier.change.commit.parents.first().copied();
        let before = match (parent, known) {
            (None, _) => Ok(Placed::default()),
            (Some(parent), Some((commit, placed))) if parent == commit => Ok(placed),
            (Some(parent), _) => shelf.placed(parent),
        };
        known = before.as_ref().ok().and_then(|before| after(*before, &dossier.change));
        dossier.owners = match before {
            Ok(placed) => shelf.file(&placed),
            Err(reason) => Some(Arc::new(OwnersAtBase::Unreadable(reason))),
        };
    }
}

/// By whose rules files are read: `None` leaves them unread, `Some(None)` lets each file decide.
#[expect(clippy::option_option, reason = "not to read and not to know are two answers")]
fn by_whose_rules(wanted: OwnersForge, recorded: Option<Forge>) -> Option<Option<Dialect>> {
    match (wanted, recorded) {
        (OwnersForge::None, _) => None,
        (OwnersForge::GitHub, _) | (OwnersForge::Auto, Some(Forge::GitHub)) => Some(Some(Dialect::GitHub)),
        (OwnersForge::GitLab, _) | (OwnersForge::Auto, Some(Forge::GitLab)) => Some(Some(Dialect::GitLab)),
        (OwnersForge::Bitbucket, _) | (OwnersForge::Auto, Some(Forge::Bitbucket)) => Some(Some(Dialect::Bitbucket)),
        (OwnersForge::Auto, Some(Forge::AzureDevOps | Forge::Gerrit | Forge::Gitea) | None) => Some(None),
    }
}

/// The files after a change; `None` where its edits are not known.
fn after(mut placed: Placed, change: &Change) -> Option<(CommitId, Placed)> {
    let commit = &change.commit;
    if commit.gaps.iter().any(|gap| matches!(gap.about, GapAbout::Commit | GapAbout::FileEdits)) {
        return None;
    }
    let place = |path: &RepoPath| {
        let path = path.as_bytes();
        path.ends_with(b"CODEOWNERS").then(|| PLACES.iter().position(|place| place.as_bytes() == path)).flatten()
    };
    for edit in &commit.file_edits {
        let old = edit.old_path.as_ref().and_then(place).and_then(|at| placed.get_mut(at));
        if let Some(entry) = old {
            *entry = None;
        }
    }
    for edit in &commit.file_edits {
        if let Some(entry) = place(&edit.path).and_then(|at| placed.get_mut(at)) {
            *entry = edit.after;
        }
    }
    Some((commit.id, placed))
}

/// Files that were read already.
struct Shelf {
    reader: Reader,
    forge: Option<Dialect>,
    files: BTreeMap<(usize, BlobId), Arc<OwnersAtBase>>,
    /// How much has been read so far.
    bytes: usize,
}

impl Shelf {
    fn placed(&mut self, commit: CommitId) -> Result<Placed, String> {
        let mut placed = Placed::default();
        for (place, entry) in PLACES.iter().zip(&mut placed) {
            *entry = self.reader.entry_of(commit, place)?;
        }
        Ok(placed)
    }

    fn file(&mut self, placed: &Placed) -> Option<Arc<OwnersAtBase>> {
        let mut found = order(self.forge).iter().filter_map(|at| Some((*at, (*placed.get(*at)?)?)));
        let (at, entry) = found.next()?;
        if let Some(known) = self.files.get(&(at, entry.blob)) {
            return Some(known.clone());
        }
        let read = Arc::new(self.read(at, entry).unwrap_or_else(|why| OwnersAtBase::Unreadable(why)));
        self.files.insert((at, entry.blob), read.clone());
        Some(read)
    }

    fn read(&mut self, at: usize, entry: Entry) -> Result<OwnersAtBase, String> {
        /// All versions together that are kept.
        const MAX_BYTES: usize = 64 << 20;
        const FILES: [u32; 2] = [0o100_644, 0o100_755];
        let path = PLACES.get(at).copied().unwrap_or_default();
        let named = |reason: String| format!("{path} cannot be read: {reason}");
        if !FILES.contains(&entry.mode) {
            return Err(named("it is no file".to_owned()));
        }
        let bytes = self.reader.blob(entry.blob).map_err(named)?;
        self.bytes += bytes.len();
        if self.bytes > MAX_BYTES {
            return Err(named("too many large versions of it stand in this history".to_owned()));
        }
        let dialect = self.forge.unwrap_or_else(|| dialect(at, &bytes));
        OwnersFile::read(RepoPath::new(path.as_bytes()), dialect, &bytes).map(OwnersAtBase::File).map_err(named)
    }
}

/// Whose rules a file follows by its place, or else by marks that only one forge has.
fn dialect(at: usize, bytes: &[u8]) -> Dialect {
    match at {
        0 => return Dialect::GitHub,
        3 => return Dialect::GitLab,
        4 => return Dialect::Bitbucket,
        _ => {}
    }
    let text = String::from_utf8_lossy(bytes);
    let lines = || text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    let gitlab_role =
        |word: &str| matches!(word, "@@developer" | "@@developers" | "@@maintainer" | "@@maintainers" | "@@owner" | "@@owners");
    let is_heading = |line: &str| (line.starts_with('[') || line.starts_with("^[")) && line.contains(']');
    if lines().any(|line| is_heading(line) || line.split_whitespace().any(gitlab_role)) {
        return Dialect::GitLab;
    }
    let of_bitbucket = |line: &str| line.starts_with("CODEOWNERS.") || line.split_whitespace().any(|word| word.starts_with("@@"));
    if lines().any(of_bitbucket) { Dialect::Bitbucket } else { Dialect::GitHub }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_file_tells_whose_rules_it_follows() {
        assert_eq!(dialect(1, b"* @all\n"), Dialect::GitHub);
        assert_eq!(dialect(1, b"# [x]\n[Docs][2] @docs\n* @all\n"), Dialect::GitLab);
        assert_eq!(dialect(2, b"* @@maintainer\n"), Dialect::GitLab);
        assert_eq!(dialect(1, b"@@@Devs @a\n* @@Devs\n"), Dialect::Bitbucket);
        assert_eq!(dialect(1, b"CODEOWNERS.toolname X\n* @a\n"), Dialect::Bitbucket);
        assert_eq!(dialect(0, b"[x] @a\n"), Dialect::GitHub);
        assert_eq!(dialect(3, b"* @a\n"), Dialect::GitLab);
    }

    #[test]
    fn settings_go_before_exports_and_exports_before_the_file() {
        assert_eq!(by_whose_rules(OwnersForge::None, Some(Forge::GitHub)), None);
        assert_eq!(by_whose_rules(OwnersForge::GitLab, Some(Forge::GitHub)), Some(Some(Dialect::GitLab)));
        assert_eq!(by_whose_rules(OwnersForge::Auto, Some(Forge::GitLab)), Some(Some(Dialect::GitLab)));
        assert_eq!(by_whose_rules(OwnersForge::Auto, None), Some(None));
    }
}
