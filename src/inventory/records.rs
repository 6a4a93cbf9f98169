//! What of an inventory follows from commit ids alone, kept between runs in the cache of facts.
//!
//! A shallow clone keeps nothing and is served nothing: where its history ends follows from the clone. Nor is kept what
//! a missing object, a commit that is not what its id says, or a file too large to be looked into left open: each run
//! finds and tells that itself.

use serde::{Deserialize, Serialize};

use super::tree::{FileFacts, Tree, TreeFile};
use super::{Past, Seen};
use crate::changes::{self, FactsCache};
use crate::evidence::Dossier;
use crate::repository::{Gap, GapAbout, Repository};
use crate::text::{BlobId, CommitId, ObjectId, RepoPath, Timestamp};

/// The records about one range.
pub(super) struct Records<'a> {
    repository: &'a Repository,
    cache: &'a FactsCache,
    end: CommitId,
    /// The first-parent chain from the end to here is the range.
    before: Option<CommitId>,
    is_open: bool,
}

/// The files of a tree, and why others may hide a policy.
#[derive(Serialize, Deserialize)]
struct StoredTree<F> {
    files: Vec<(Vec<u8>, Vec<u8>, F)>,
    gaps: Vec<Box<str>>,
}

/// A commit with the seconds and the offset of its committer date.
type StoredMoment = (Vec<u8>, Option<(i64, i32)>);

#[derive(Serialize, Deserialize)]
struct StoredPast {
    at_start: usize,
    moments: Vec<StoredMoment>,
    /// The first and the last change of each object, by their place among the moments.
    seen: Vec<(Option<u32>, Option<u32>)>,
    removed: Vec<(Box<str>, Vec<String>)>,
    earlier: Vec<u8>,
}

impl<'a> Records<'a> {
    pub(super) fn of(
        repository: &'a Repository,
        cache: &'a FactsCache,
        end: CommitId,
        before: Option<CommitId>,
        dossiers: &[Dossier],
    ) -> Self {
        let is_read = || dossiers.iter().all(|dossier| dossier.change.commit.gaps.is_empty());
        Self { repository, cache, end, before, is_open: cache.is_kept() && !repository.is_cut_short() && is_read() }
    }

    /// What the tree at the end of the range holds; the counts of its blobs are not kept.
    pub(super) fn tree(&self) -> Option<Tree> {
        let bytes = self.is_open.then(|| self.cache.record("tree", &[self.end]))??;
        let StoredTree::<FileFacts> { files, gaps } = postcard::from_bytes(&bytes).ok()?;
        let file = |(path, blob, facts): (Vec<u8>, Vec<u8>, FileFacts)| {
            Some(TreeFile { path: RepoPath::new(&path), blob: BlobId(ObjectId::from_bytes(&blob)?), facts })
        };
        let files = files.into_iter().map(file).collect::<Option<_>>()?;
        let gaps = gaps.into_iter().map(|reason| Gap { about: GapAbout::Content, reason }).collect();
        Some(Tree { files, gaps, is_whole: true, ..Tree::default() })
    }

    pub(super) fn keep_tree(&self, tree: &Tree) {
        if !self.is_open || !tree.is_whole {
            return;
        }
        let file = |file: &'_ TreeFile| (file.path.as_bytes().to_vec(), file.blob.0.as_bytes().to_vec());
        let files = tree.files.iter().map(|it| {
            let (path, blob) = file(it);
            (path, blob, &it.facts)
        });
        let stored = StoredTree { files: files.collect(), gaps: tree.gaps.iter().map(|gap| gap.reason.clone()).collect() };
        if let Ok(bytes) = postcard::to_stdvec(&stored) {
            self.cache.keep_record("tree", &[self.end], &bytes);
        }
    }

    /// What a look back before the range found.
    pub(super) fn past(&self) -> Option<Past> {
        let bytes = self.is_open.then(|| self.cache.record("past", &self.range()))??;
        let stored: StoredPast = postcard::from_bytes(&bytes).ok()?;
        let moment = |(id, at): &StoredMoment| {
            let at = at.map(|(seconds, offset)| Timestamp { seconds, offset });
            Some(Seen { change: CommitId(ObjectId::from_bytes(id)?), at })
        };
        let moments: Vec<Seen> = stored.moments.iter().map(moment).collect::<Option<_>>()?;
        let seen = |number: Option<u32>| match number {
            None => Some(None),
            Some(number) => moments.get(number as usize).copied().map(Some),
        };
        Some(Past {
            at_start: stored.at_start,
            seen: stored.seen.iter().map(|(first, last)| Some((seen(*first)?, seen(*last)?))).collect::<Option<_>>()?,
            removed: stored.removed.into_iter().map(|(enforcement, exemptions)| (enforcement, exemptions.into())).collect(),
            earlier: changes::recall_without_content(self.repository, &stored.earlier)?,
            gaps: Vec::new(),
            gaps_of_removed: Vec::new(),
            is_whole: true,
        })
    }

    pub(super) fn keep_past(&self, past: &Past) {
        if !self.is_open || !past.is_whole {
            return;
        }
        let mut moments: Vec<Seen> = past.seen.iter().flat_map(|(first, last)| [*first, *last]).flatten().collect();
        moments.sort_unstable_by_key(|seen| seen.change);
        moments.dedup();
        let number = |seen: Option<Seen>| {
            let place = moments.binary_search_by_key(&seen?.change, |moment| moment.change).ok()?;
            u32::try_from(place).ok()
        };
        let moment = |seen: &Seen| (seen.change.0.as_bytes().to_vec(), seen.at.map(|at| (at.seconds, at.offset)));
        let stored = StoredPast {
            at_start: past.at_start,
            moments: moments.iter().map(moment).collect(),
            seen: past.seen.iter().map(|(first, last)| (number(*first), number(*last))).collect(),
            removed: past.removed.iter().map(|(enforcement, exemptions)| (enforcement.clone(), exemptions.to_vec())).collect(),
            earlier: changes::without_content_as_bytes(&past.earlier),
        };
        if let Ok(bytes) = postcard::to_stdvec(&stored) {
            self.cache.keep_record("past", &self.range(), &bytes);
        }
    }

    fn range(&self) -> Vec<CommitId> {
        std::iter::once(self.end).chain(self.before).collect()
    }
}
