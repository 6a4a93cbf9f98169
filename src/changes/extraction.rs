//! One thread's reading of commits: each side of a file edit is looked at once, and parsed only where a policy shows.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use regex::bytes::Regex;

use super::cache::FactsCache;
use super::content::{self, Looking, Sight};
use super::policy_edits::{Ledger, ReadSide, Side};
use crate::manifests::{self, Certainty, Contents, Identity};
use crate::policies::PolicyEditKind;
use crate::repository::{
    Commit, EditKind, Entry, FileEdit, Gap, GapAbout, Obstacle, ParseStatus, RawCommit, Reader, Repository, Step,
};
use crate::text::{BlobId, RepoPath};

/// The mode of an entry whose content is in another repository.
const SUBMODULE: u32 = 0o160_000;

/// How many edits are kept whose two sides were read, and how long these may be (bytes).
const RECENT: usize = 64;
const RECENT_BYTES: usize = 256 << 10;

/// The blobs of the two sides of an edit.
type Blobs = (Option<BlobId>, Option<BlobId>);

/// What the two sides of an edit hold, but for what stands in both.
struct BothSides {
    before: ReadSide,
    after: ReadSide,
}

/// One thread's reading, with what it has learnt about blobs.
pub struct Extraction<'c> {
    reader: Reader,
    cache: &'c FactsCache,
    /// Whether something that could not be read left the facts of this commit incomplete.
    is_incomplete: bool,
    looking: Looking,
    /// The last edits whose two sides were read, by their blobs.
    recent: VecDeque<(Blobs, Arc<BothSides>)>,
}

/// What a step did to the policies in some files.
pub struct Trace {
    /// The commit with its policy edits in those files, and in others where an object may have come from there.
    pub commit: Commit,
    /// Files that the step added and that were not looked into: every object in them was added as well.
    pub added: Vec<RepoPath>,
    /// Whether everything that it took to say so could be read.
    pub is_whole: bool,
}

/// The names of some objects, to be looked for in bytes.
struct Names {
    /// `None` where they may be spelled in any way.
    pattern: Option<Regex>,
}

impl Names {
    /// `None` where there is no name.
    fn of(mut names: Vec<&str>) -> Option<Self> {
        names.sort_unstable();
        names.dedup();
        // A number can be spelled in several ways.
        let is_spelled_once = |name: &&str| name.contains(char::is_alphabetic) && name.parse::<f64>().is_err();
        let pattern = names.iter().all(is_spelled_once).then(|| {
            let words: Vec<String> = names.iter().map(|name| regex::escape(name)).collect();
            // A backslash may spell a part of a name in another way; a zero byte shows another encoding.
            Regex::new(&format!("\\\\|\\x00|{}", words.join("|"))).ok()
        });
        (!names.is_empty()).then(|| Self { pattern: pattern.flatten() })
    }

    fn may_stand_in(&self, bytes: &[u8]) -> bool {
        self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(bytes))
    }
}

/// What stands on one side of a file edit.
enum Seen {
    /// Nothing, or a file that by its name holds no manifests.
    Nothing,
    /// A regular file; its bytes only where they were read just now.
    File { blob: BlobId, sight: Sight, bytes: Option<Arc<[u8]>> },
    /// Something that leads elsewhere.
    Elsewhere(&'static str),
    /// A file that cannot be read.
    Unread(String),
}

impl Seen {
    fn sight(&self) -> Option<&Sight> {
        match self {
            Self::File { sight, .. } => Some(sight),
            Self::Nothing | Self::Elsewhere(_) | Self::Unread(_) => None,
        }
    }

    fn blob(&self) -> Option<BlobId> {
        match self {
            Self::File { blob, .. } => Some(*blob),
            Self::Nothing | Self::Elsewhere(_) | Self::Unread(_) => None,
        }
    }

    /// Why it cannot be read in full, as far as a look tells.
    fn obstacle(&self) -> Option<&str> {
        match self {
            Self::Nothing => None,
            Self::File { sight, .. } => sight.obstacle,
            Self::Elsewhere(reason) => Some(reason),
            Self::Unread(reason) => Some(reason),
        }
    }
}

impl<'c> Extraction<'c> {
    /// A reading for one thread; what it reads of contents, others with the same cache need not read again.
    #[must_use]
    pub fn new(repository: &Repository, cache: &'c FactsCache) -> Self {
        Self { reader: repository.reader(), cache, is_incomplete: false, looking: Looking::default(), recent: VecDeque::new() }
    }

    /// Its way into the repository.
    pub fn reader(&mut self) -> &mut Reader {
        &mut self.reader
    }

    /// Takes a commit apart, compares it with its first parent, looks into the files and follows their policies.
    #[must_use]
    pub fn commit(&mut self, raw: &RawCommit) -> Commit {
        let mut commit = self.reader.outline(raw);
        if !commit.gaps.is_empty() {
            self.read(raw.is_readable(), &mut commit);
        } else if let Some(facts) = self.cache.take(raw.id) {
            facts.complete(&mut commit);
        } else {
            self.read(true, &mut commit);
            let is_undecided = commit.merge.as_ref().is_some_and(|merge| merge.undecided.is_some());
            if commit.gaps.is_empty() && !self.is_incomplete && !is_undecided {
                self.cache.note_fresh(commit.id);
            }
        }
        commit
    }

    /// Reads from Git what a commit changed.
    fn read(&mut self, is_readable: bool, commit: &mut Commit) {
        self.is_incomplete = false;
        if is_readable {
            self.reader.compare_with_parents(commit);
        }
        self.look_into(commit, &|_| true);
    }

    /// Looks into the wanted files of a commit and follows their policies.
    fn look_into(&mut self, commit: &mut Commit, is_wanted: &dyn Fn(&FileEdit) -> bool) {
        let mut ledger = Ledger::default();
        for edit in commit.file_edits.iter_mut().filter(|edit| is_wanted(edit)) {
            if let Some(reason) = self.look_at(edit, &mut ledger) {
                let reason = format!("{}: {reason}", edit.path.to_text()).into();
                commit.gaps.push(Gap { about: GapAbout::Content, reason });
            }
        }
        commit.policy_edits = ledger.close(|blob| {
            let bytes = self.reader.blob(blob);
            self.is_incomplete |= bytes.is_err();
            bytes
        });
    }

    /// Says what a step did to the policies in the watched files, and reads no more than it takes to say so: nothing of
    /// a file that the step added, unless one of its objects may have stood in another file before.
    #[must_use]
    pub fn trace<V>(&mut self, step: &Step, watched: &BTreeMap<RepoPath, BTreeMap<Identity, V>>) -> Trace {
        let mut outline = self.reader.outline(&step.commit);
        if let Some(facts) = self.cache.copy(step.commit.id).filter(|_| outline.gaps.is_empty()) {
            facts.complete(&mut outline);
            return Trace { commit: outline, added: Vec::new(), is_whole: true };
        }
        self.is_incomplete = !outline.gaps.is_empty();
        let (commit, added) = self.trace_anew(step, watched);
        let is_whole = !self.is_incomplete && commit.gaps.is_empty();
        Trace { commit, added, is_whole }
    }

    fn trace_anew<V>(&mut self, step: &Step, watched: &BTreeMap<RepoPath, BTreeMap<Identity, V>>) -> (Commit, Vec<RepoPath>) {
        let mut commit = self.reader.compare_step(step);
        let is_watched = |edit: &FileEdit| watched.contains_key(&edit.path);
        let is_added = |edit: &FileEdit| is_watched(edit) && edit.kind == EditKind::Added;
        self.look_into(&mut commit, &|edit| is_watched(edit) && !is_added(edit));
        let added: Vec<RepoPath> = commit.file_edits.iter().filter(|edit| is_added(edit)).map(|edit| edit.path.clone()).collect();

        let with_files = added.iter().filter_map(|path| watched.get(path)).flat_map(BTreeMap::keys);
        let came = commit.policy_edits.iter().filter(|edit| edit.kind == PolicyEditKind::Added);
        let new = with_files.chain(came.map(|edit| &edit.object)).filter(|object| object.certainty != Certainty::Unnamed);
        let Some(names) = Names::of(new.map(|object| &*object.name).collect()) else { return (commit, added) };
        if !commit.file_edits.iter().any(|edit| self.may_have_lost(edit, &names)) {
            return (commit, added);
        }
        let with_a_name =
            commit.file_edits.iter().filter(|edit| self.mentions(edit.before, &names) || self.mentions(edit.after, &names));
        let with_a_name: BTreeSet<RepoPath> = with_a_name.map(|edit| edit.path.clone()).collect();
        self.look_into(&mut commit, &|edit| is_watched(edit) || with_a_name.contains(&edit.path));
        (commit, Vec::new())
    }

    /// Whether one of some objects may have left a file by an edit.
    fn may_have_lost(&mut self, edit: &FileEdit, names: &Names) -> bool {
        if edit.before.map(|entry| entry.blob) == edit.after.map(|entry| entry.blob) || !self.mentions(edit.before, names) {
            return false;
        }
        match self.see(edit.before, edit.old_path.as_ref().unwrap_or(&edit.path)) {
            Seen::File { sight, .. } => sight.may_be_counterpart(),
            Seen::Unread(_) => true,
            Seen::Nothing | Seen::Elsewhere(_) => false,
        }
    }

    /// Whether one of some names may stand in a file; what cannot be read may hold any.
    fn mentions(&mut self, entry: Option<Entry>, names: &Names) -> bool {
        let Some(Entry { blob, mode }) = entry else { return false };
        self.reader.with_blob(blob, |bytes| names.may_stand_in(bytes)).unwrap_or_else(|_| {
            self.is_incomplete |= mode != SUBMODULE;
            true
        })
    }

    /// Fills in kinds and status of an edit and compares its objects; gives why its present content cannot be read.
    fn look_at(&mut self, edit: &mut FileEdit, ledger: &mut Ledger) -> Option<String> {
        let after = self.see(edit.after, &edit.path);
        let before = self.see(edit.before, edit.old_path.as_ref().unwrap_or(&edit.path));
        let present = if edit.after.is_some() { &after } else { &before };
        edit.kinds = present.sight().map(|sight| sight.kinds.clone());
        let gap = match present {
            Seen::Unread(reason) => Some(reason.clone()),
            Seen::Nothing | Seen::File { .. } | Seen::Elsewhere(_) => None,
        };
        edit.parse = if [&before, &after].iter().any(|side| side.sight().is_some_and(|sight| sight.may_hold_policies)) {
            self.compare(edit, &before, &after, ledger)
        } else {
            status_unparsed(&before, &after)
        };
        gap
    }

    fn see(&mut self, entry: Option<Entry>, path: &RepoPath) -> Seen {
        let blob = match entry {
            None => return Seen::Nothing,
            Some(Entry { mode: 0o120_000, .. }) => return Seen::Elsewhere("a symbolic link, which is not followed"),
            Some(Entry { mode: SUBMODULE, .. }) => return Seen::Elsewhere("a submodule, whose content is in another repository"),
            Some(_) if !manifests::may_hold_objects(path) => return Seen::Nothing,
            Some(Entry { blob, .. }) => blob,
        };
        if let Some(sight) = self.cache.contents().sights.recall(blob) {
            return Seen::File { blob, sight, bytes: None };
        }
        match self.reader.blob(blob) {
            Ok(bytes) => {
                let sight = self.looking.see(blob, &bytes, &self.cache.contents().sights);
                Seen::File { blob, sight, bytes: Some(bytes) }
            }
            Err(reason) => {
                self.is_incomplete = true;
                Seen::Unread(reason)
            }
        }
    }

    /// Compares the objects of both sides, where one of them may hold a policy.
    fn compare(&mut self, edit: &FileEdit, before: &Seen, after: &Seen, ledger: &mut Ledger) -> ParseStatus {
        let shows_policy = [before, after].iter().any(|side| side.sight().is_some_and(|sight| sight.shows_policy));
        let unreadable = |reason: String| ParseStatus::Unreadable(Box::new(Obstacle { reason: reason.into(), shows_policy }));
        let old_path = edit.old_path.as_ref().unwrap_or(&edit.path);
        if before.blob() == after.blob() {
            // Only the name or the executable bit changed.
            return match (&edit.old_path, self.bytes(after)) {
                (None, _) => ParseStatus::Scanned,
                (Some(_), Err(reason)) => unreadable(reason),
                (Some(old_path), Ok(bytes)) => {
                    let contents = manifests::read_known(&bytes, &content::are_wanted, Some(self.cache.documents()));
                    ledger.moved(old_path, &edit.path, &contents);
                    first_gap(&contents).map_or(ParseStatus::Parsed, unreadable)
                }
            };
        }
        let sides = self.both_sides(before, after);
        let earlier = |reason: String| format!("before the change: {reason}");
        let obstacle = |side: &ReadSide| side.failure.clone().or_else(|| first_gap(&side.contents));
        let told = obstacle(&sides.after).or_else(|| obstacle(&sides.before).map(earlier));
        let side = |path, seen: &Seen, read| Side::of(path, seen.blob(), read);
        ledger.compare(&side(old_path, before, &sides.before), &side(&edit.path, after, &sides.after));
        told.map_or(ParseStatus::Parsed, unreadable)
    }

    /// What both sides of an edit hold that the other does not. A merge mostly repeats the edits of its side commits, so
    /// the last few are kept.
    fn both_sides(&mut self, before: &Seen, after: &Seen) -> Arc<BothSides> {
        let blobs = (before.blob(), after.blob());
        let told_by_blobs = [before, after].iter().all(|side| matches!(side, Seen::Nothing | Seen::File { .. }));
        if told_by_blobs && let Some((_, sides)) = self.recent.iter().find(|(known, _)| *known == blobs) {
            return sides.clone();
        }
        let (old, new) = (self.bytes(before), self.bytes(after));
        let bytes = |side: &Result<Arc<[u8]>, String>| side.clone().unwrap_or_default();
        let (old_bytes, new_bytes) = (bytes(&old), bytes(&new));
        let (left, right) = manifests::read_changed(&old_bytes, &new_bytes, &content::are_wanted, Some(self.cache.documents()));
        let is_read = old.is_ok() && new.is_ok();
        let sides = Arc::new(BothSides {
            before: ReadSide { contents: left, failure: old.err() },
            after: ReadSide { contents: right, failure: new.err() },
        });
        if told_by_blobs && is_read && old_bytes.len() + new_bytes.len() <= RECENT_BYTES {
            self.recent.truncate(RECENT - 1);
            self.recent.push_front((blobs, sides.clone()));
        }
        sides
    }

    /// The bytes of a side, empty where it has no object that matters; `Err` says why they cannot be read.
    fn bytes(&mut self, side: &Seen) -> Result<Arc<[u8]>, String> {
        match side {
            Seen::Nothing => Ok(Arc::default()),
            Seen::Elsewhere(reason)
            | Seen::File { sight: Sight { obstacle: Some(reason), may_hold_policies: false, .. }, .. } => Err((*reason).into()),
            Seen::File { sight, .. } if !sight.may_be_counterpart() => Ok(Arc::default()),
            Seen::File { bytes: Some(bytes), .. } => Ok(bytes.clone()),
            Seen::File { blob, .. } => {
                let bytes = self.reader.blob(*blob);
                self.is_incomplete |= bytes.is_err();
                bytes
            }
            Seen::Unread(reason) => Err(reason.clone()),
        }
    }
}

/// The status of an edit where neither side may hold a policy.
fn status_unparsed(before: &Seen, after: &Seen) -> ParseStatus {
    let earlier = || before.obstacle().map(|reason| format!("before the change: {reason}"));
    let obstacle = after.obstacle().map(str::to_owned).or_else(earlier);
    match (obstacle, before, after) {
        (Some(reason), _, _) => ParseStatus::Unreadable(Box::new(Obstacle { reason: reason.into(), shows_policy: false })),
        (None, Seen::Nothing, Seen::Nothing) => ParseStatus::NotLookedAt,
        (None, _, _) => ParseStatus::Scanned,
    }
}

/// The first thing in a file that could not be read, in a few words.
fn first_gap(contents: &Contents) -> Option<String> {
    let gap = contents.gaps.first()?;
    let separator = if gap.detail.is_empty() { "" } else { ": " };
    let more = match contents.gaps.len() {
        0 | 1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    Some(format!("line {}: {}{separator}{}{more}", gap.line, gap.reason.words(), gap.detail))
}
