//! Which policy objects a commit added, removed, modified or moved, by comparing the two sides of its file edits.

use std::sync::Arc;

use super::content;
use super::pairing::{self, Fingerprint, Loose};
use crate::manifests::{self, ContentGap, Contents, Node, Object, Unreadable};
use crate::policies::{self, Direction, Family, FieldEdit, PolicyEdit, PolicyEditKind, Rule, Verdict};
use crate::text::{BlobId, RepoPath};

/// How many bytes are parsed again for objects that moved and changed at once, before they are left uncompared.
const REREAD_BYTES: usize = 256 << 20;

/// What one side of a file edit holds.
pub(super) struct ReadSide {
    pub contents: Contents,
    /// Why its bytes could not be read.
    pub failure: Option<String>,
}

/// One side of a file edit.
pub(super) struct Side<'a> {
    pub path: &'a RepoPath,
    pub blob: Option<BlobId>,
    pub contents: &'a Contents,
    /// Whether its bytes could be read.
    pub is_read: bool,
}

impl<'a> Side<'a> {
    pub fn of(path: &'a RepoPath, blob: Option<BlobId>, read: &'a ReadSide) -> Self {
        Self { path, blob, contents: &read.contents, is_read: read.failure.is_none() }
    }

    /// Whether there may be an object that was not read.
    fn hides_objects(&self) -> bool {
        !self.is_read || self.contents.gaps.iter().any(|gap| self.hides(gap))
    }

    fn hides(&self, gap: &ContentGap) -> bool {
        let is_given = match gap.reason {
            Unreadable::DuplicateKey => true,
            Unreadable::Encrypted => !self.contents.objects.is_empty(),
            Unreadable::Template | Unreadable::NotYaml | Unreadable::OverBudget | Unreadable::Binary | Unreadable::LfsPointer => {
                false
            }
        };
        !is_given && (gap.kinds.is_empty() || content::are_wanted(&gap.kinds))
    }
}

/// The policy edits of one commit, as they are found.
#[derive(Default)]
pub(super) struct Ledger {
    edits: Vec<PolicyEdit>,
    gone: Vec<Single>,
    come: Vec<Single>,
}

/// A policy that stands on one side of a file edit only.
struct Single {
    /// What is said if no other file has it.
    edit: PolicyEdit,
    fingerprint: Fingerprint,
    blob: Option<BlobId>,
}

impl Ledger {
    /// Writes down a file that moved with its content unchanged.
    pub fn moved(&mut self, old_path: &RepoPath, path: &RepoPath, contents: &Contents) {
        for object in &contents.objects {
            let Some(family) = policies::family_of(object) else { continue };
            let mut edit =
                edit_of(PolicyEditKind::Moved, family, object, path, vec![verdict(Direction::Neutral, policies::UNCHANGED)]);
            edit.old_path = Some(old_path.clone());
            self.edits.push(edit);
        }
    }

    /// Compares both sides of an edit; what only one side has waits for the other files of the commit.
    pub fn compare(&mut self, before: &Side<'_>, after: &Side<'_>) {
        let (old, new) = (&before.contents.objects, &after.contents.objects);
        let pairing = pairing::within_file(old, new);
        for (left, right) in pairing.pairs {
            let (Some(left), Some(right)) = (old.get(left), new.get(right)) else { continue };
            self.edits.extend(modified(left, right, before.path, after.path));
        }
        let gone = pairing.before.into_iter().filter_map(|position| old.get(position));
        self.gone.extend(gone.filter_map(|object| Single::gone(object, before, after.hides_objects())));
        let come = pairing.after.into_iter().filter_map(|position| new.get(position));
        self.come.extend(come.filter_map(|object| Single::come(object, after, before.hides_objects())));
    }

    /// Pairs what is left over all files and gives every edit, sorted by path, then line.
    ///
    /// `read` reads a blob once more, for objects that changed on their way into another file.
    pub fn close(mut self, read: impl FnMut(BlobId) -> Result<Arc<[u8]>, String>) -> Box<[PolicyEdit]> {
        if !self.gone.is_empty() && !self.come.is_empty() {
            self.follow_over_files(Rereading::new(read));
        }
        let Self { mut edits, gone, come } = self;
        edits.extend(gone.into_iter().chain(come).map(|single| single.edit));
        edits.sort_by(|left, right| {
            (&left.path, left.line, left.kind, &left.object).cmp(&(&right.path, right.line, right.kind, &right.object))
        });
        edits.into()
    }

    fn follow_over_files(&mut self, mut rereading: Rereading<impl FnMut(BlobId) -> Result<Arc<[u8]>, String>>) {
        // File edits are sorted by the path after them; the paths before them may stand in another order.
        self.gone.sort_by(|left, right| (&left.edit.path, left.edit.line).cmp(&(&right.edit.path, right.edit.line)));
        let gone: Vec<Loose<'_>> = self.gone.iter().map(Single::loose).collect();
        let come: Vec<Loose<'_>> = self.come.iter().map(Single::loose).collect();
        let pairing = pairing::across_files(&gone, &come);
        // In the order of the files, so that neighbours are read again once.
        let mut pairs = pairing.pairs;
        pairs.sort_unstable();
        for (left, right) in pairs {
            let (Some(left), Some(right)) = (self.gone.get(left), self.come.get(right)) else { continue };
            self.edits.push(rereading.compare(left, right));
        }
        keep(&mut self.gone, &pairing.before);
        keep(&mut self.come, &pairing.after);
    }
}

impl Single {
    fn gone(object: &Object, side: &Side<'_>, may_still_be_there: bool) -> Option<Self> {
        let family = policies::family_of(object)?;
        let verdicts = if may_still_be_there { vec![unread()] } else { policies::judge(family, Some(object), None) };
        Some(Self::of(edit_of(PolicyEditKind::Removed, family, object, side.path, verdicts), object, side))
    }

    fn come(object: &Object, side: &Side<'_>, may_have_been_there: bool) -> Option<Self> {
        let family = policies::family_of(object)?;
        let verdicts = if may_have_been_there { vec![unread()] } else { policies::judge(family, None, Some(object)) };
        Some(Self::of(edit_of(PolicyEditKind::Added, family, object, side.path, verdicts), object, side))
    }

    fn of(edit: PolicyEdit, object: &Object, side: &Side<'_>) -> Self {
        Self { edit, fingerprint: object.root.fingerprint(), blob: side.blob }
    }

    fn loose(&self) -> Loose<'_> {
        Loose { identity: &self.edit.object, path: &self.edit.path, fingerprint: &self.fingerprint }
    }
}

/// Keeps the items at some positions, given in order.
fn keep(singles: &mut Vec<Single>, positions: &[usize]) {
    let mut position = 0;
    singles.retain(|_| {
        position += 1;
        positions.binary_search(&(position - 1)).is_ok()
    });
}

/// An edit of an object that says something else, in the same file or in another.
///
/// An object that was no policy or is none any more, as a namespace that wins or loses its labels, was added or
/// removed as a policy; it is judged by both sides all the same.
fn modified(before: &Object, after: &Object, old_path: &RepoPath, path: &RepoPath) -> Option<PolicyEdit> {
    if before.root == after.root {
        return None;
    }
    let (was, is) = (policies::family_of(before), policies::family_of(after));
    let family = is.or(was)?;
    let kind = match (was, is) {
        (None, _) => PolicyEditKind::Added,
        (Some(_), None) => PolicyEditKind::Removed,
        (Some(_), Some(_)) => PolicyEditKind::Modified,
    };
    let verdicts = policies::judge(family, Some(before), Some(after));
    let mut edit = match is {
        Some(_) => edit_of(kind, family, after, path, verdicts),
        None => edit_of(kind, family, before, old_path, verdicts),
    };
    edit.old_path = (is.is_some() && old_path != path).then(|| old_path.clone());
    edit.fields = fields(before, after);
    Some(edit)
}

fn edit_of(kind: PolicyEditKind, family: Family, object: &Object, path: &RepoPath, verdicts: Vec<Verdict>) -> PolicyEdit {
    PolicyEdit {
        object: object.identity.clone(),
        family,
        kind,
        path: path.clone(),
        old_path: None,
        line: object.root.line,
        fields: Box::default(),
        verdicts: verdicts.into(),
    }
}

/// What the object says otherwise, sorted by path; long values are cut, and shorter after many long ones.
fn fields(before: &Object, after: &Object) -> Box<[FieldEdit]> {
    const VALUE_BYTES: usize = 4096;
    const CUT_BYTES: usize = 80;
    let mut left: usize = 64 << 10;
    let mut value = |node: Option<&Node>| -> Option<Box<str>> {
        let text = manifests::to_text(node?, if left > 0 { VALUE_BYTES } else { CUT_BYTES });
        left = left.saturating_sub(text.len());
        Some(text.into())
    };
    let differences = manifests::difference(&before.root, &after.root);
    let mut fields: Vec<FieldEdit> = differences
        .into_iter()
        .map(|difference| FieldEdit {
            path: difference.path.into(),
            before: value(difference.before),
            after: value(difference.after),
            line: difference.line,
        })
        .collect();
    fields.sort_by(|left, right| (&left.path, left.line).cmp(&(&right.path, right.line)));
    fields.into()
}

/// Reads objects a second time that changed on their way into another file, the last file of each side kept.
struct Rereading<R> {
    read: R,
    budget: usize,
    gone: Option<(BlobId, Contents)>,
    come: Option<(BlobId, Contents)>,
}

impl<R: FnMut(BlobId) -> Result<Arc<[u8]>, String>> Rereading<R> {
    fn new(read: R) -> Self {
        Self { read, budget: REREAD_BYTES, gone: None, come: None }
    }

    /// The edit of an object that left one file and came into another.
    fn compare(&mut self, gone: &Single, come: &Single) -> PolicyEdit {
        let mut edit = come.edit.clone();
        edit.old_path = Some(gone.edit.path.clone());
        if gone.fingerprint == come.fingerprint {
            edit.kind = PolicyEditKind::Moved;
            edit.verdicts = [verdict(Direction::Neutral, policies::UNCHANGED)].into();
            return edit;
        }
        edit.kind = PolicyEditKind::Modified;
        let left = Self::find(&mut self.gone, &mut self.read, &mut self.budget, gone);
        let right = Self::find(&mut self.come, &mut self.read, &mut self.budget, come);
        let compared = left.zip(right).and_then(|(left, right)| modified(left, right, &gone.edit.path, &come.edit.path));
        compared.unwrap_or_else(|| {
            edit.verdicts = [verdict(Direction::Undetermined, policies::NOT_COMPARED)].into();
            edit
        })
    }

    fn find<'a>(
        kept: &'a mut Option<(BlobId, Contents)>,
        read: &mut R,
        budget: &mut usize,
        single: &Single,
    ) -> Option<&'a Object> {
        let blob = single.blob?;
        if kept.as_ref().is_none_or(|(known, _)| *known != blob) {
            let bytes = read(blob).ok()?;
            *budget = budget.checked_sub(bytes.len())?;
            *kept = Some((blob, manifests::read(&bytes, &content::are_wanted)));
        }
        let (_, contents) = kept.as_ref()?;
        let is_it = |object: &&Arc<Object>| {
            object.root.line == single.edit.line
                && object.identity == single.edit.object
                && object.root.fingerprint() == single.fingerprint
        };
        contents.objects.iter().find(is_it).map(|object| &**object)
    }
}

/// The other side of the file could not be read: the object may be there as well.
fn unread() -> Verdict {
    verdict(Direction::Undetermined, policies::OTHER_SIDE_UNREADABLE)
}

fn verdict(direction: Direction, rule: Rule) -> Verdict {
    Verdict { direction, rule: rule.id, field: Box::default(), exemption: false }
}
