//! Which reviews count as independent approvals, and why the others do not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::roles::Demands;
use super::{Register, Sameness, counted};
use crate::changes::Commit;
use crate::checks::register::Circle;
use crate::evidence::{Claim, Decision, Dossier, OnContent, Review, ReviewRecord, Source};
use crate::settings::{RegisteredPerson, Settings};
use crate::text::{CommitId, Person};

/// Weighs reviews by the register and the grade that the settings demand.
#[derive(Clone, Debug)]
pub struct Approvals<'a> {
    pub(super) register: Register<'a>,
    pub(super) demands: Demands,
    /// The settings' time zone, in seconds from UTC.
    pub(super) offset: i32,
}

/// One review and whether it counts.
#[derive(Clone, Debug)]
pub struct WeighedReview<'a> {
    /// The review as claimed.
    pub claim: &'a Claim<Review>,
    /// The side commit that it is about; `None` for the whole change.
    pub about: Option<CommitId>,
    /// Whether it counts, or why not.
    pub standing: Standing,
}

/// Whether a review counts as an independent approval, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It counts.
    Counts,
    /// It stands in the quotation of another change.
    Quoted,
    /// The reviewer commented or rejected.
    NotAnApproval,
    /// The same reviewer also rejected it.
    AlsoRejected,
    /// The reviewer is a bot.
    Bot,
    /// The reviewer wrote part of it: as whom, and how that is known.
    Own {
        /// `the author`, `a co-author` or `the author of a side commit`.
        role: &'static str,
        /// How the two spellings were joined.
        how: &'static str,
    },
    /// Whether the reviewer wrote part of it cannot be told: as whom, and why.
    Unclear(&'static str, &'static str),
    /// The reviewer held none of the roles that the settings demand, and why that is known.
    WithoutRole(Box<str>),
    /// It was taken back.
    Dismissed,
    /// It was given for something else than what landed.
    Stale,
    /// It was given after the change had arrived.
    TooLate,
    /// Whether it counts cannot be told, and why.
    Unknown(&'static str),
    /// The forge recorded the reviews, and none of this reviewer's approves.
    Unconfirmed,
    /// The forge recorded what this reviewer decided; that counts or does not.
    SeeRecord,
    /// The grade is below the demanded one.
    TooWeak,
    /// The same person is counted already.
    Repeated,
}

impl Standing {
    /// Why it does not count, in a few words; `counts` when it does.
    #[must_use]
    pub fn reason(&self) -> String {
        match self {
            Self::Counts => "counts".to_owned(),
            Self::Quoted => "stands in the quotation of another change".to_owned(),
            Self::NotAnApproval => "did not approve".to_owned(),
            Self::AlsoRejected => "also rejected it".to_owned(),
            Self::Bot => "is a bot".to_owned(),
            Self::Own { role, how } => format!("is {role} ({how})"),
            Self::Unclear(role, why) => format!("may be {role} ({why})"),
            Self::WithoutRole(why) => why.to_string(),
            Self::Dismissed => "was taken back".to_owned(),
            Self::Stale => "was given for other content than what landed".to_owned(),
            Self::TooLate => "was given after the change had arrived".to_owned(),
            Self::Unknown(why) => format!("cannot be told: {why}"),
            Self::Unconfirmed => "is not among the reviews that the forge recorded".to_owned(),
            Self::SeeRecord => "is decided by what the forge recorded".to_owned(),
            Self::TooWeak => "is below the grade that the settings demand".to_owned(),
            Self::Repeated => "is counted already".to_owned(),
        }
    }

    /// Whether the reviewer is somebody else than the authors; `None` where that cannot be told or was not looked at.
    #[must_use]
    pub fn independent(&self) -> Option<bool> {
        match self {
            Self::Counts
            | Self::WithoutRole(_)
            | Self::TooWeak
            | Self::Repeated
            | Self::Stale
            | Self::TooLate
            | Self::Unknown(_) => Some(true),
            Self::Own { .. } => Some(false),
            Self::Quoted
            | Self::NotAnApproval
            | Self::AlsoRejected
            | Self::Bot
            | Self::Unclear(..)
            | Self::Dismissed
            | Self::Unconfirmed
            | Self::SeeRecord => None,
        }
    }
}

impl WeighedReview<'_> {
    /// Whether it counts.
    #[must_use]
    pub fn counts(&self) -> bool {
        self.standing == Standing::Counts
    }
}

impl<'a> Approvals<'a> {
    /// As the settings of `review-missing` and the register say.
    #[must_use]
    pub fn of(settings: &'a Settings) -> Self {
        let mut section = settings.checks.section(super::REVIEW_MISSING.id);
        Self::with(settings, Demands::configured(&mut section))
    }

    pub(super) fn with(settings: &'a Settings, demands: Demands) -> Self {
        Self { register: Register::of(settings), demands, offset: settings.period_offset }
    }

    /// Whether two spellings are one person.
    pub(in crate::checks) fn compare(&self, left: &Person, right: &Person) -> Sameness {
        self.register.compare(left, right)
    }

    /// The registered person behind a spelling.
    #[must_use]
    pub fn registered(&self, person: &Person) -> Option<&'a RegisteredPerson> {
        self.register.person(person)
    }

    /// Every review of a change in the order of its evidence, each with its standing.
    #[must_use]
    pub fn weigh<'d>(&self, dossier: &'d Dossier) -> Vec<WeighedReview<'d>> {
        let reviews = &dossier.evidence.reviews;
        if reviews.is_empty() {
            return Vec::new();
        }
        let rejecting = self.rejecting(reviews);
        let authors = Authors::of(dossier, &self.register);
        let mut tally = BTreeMap::<Option<CommitId>, Circle>::new();
        let weighed = reviews.iter().map(|claim| {
            let about = about(claim, dossier);
            let standing = match self.confirmed(claim, dossier) {
                Some(standing) => standing,
                None => self.standing(claim, authors.about(about), &rejecting),
            };
            let standing = if standing == Standing::Counts { self.with_role(dossier, &claim.value) } else { standing };
            let standing =
                if standing == Standing::Counts { self.once(claim, tally.entry(about).or_default()) } else { standing };
            WeighedReview { claim, about, standing }
        });
        weighed.collect()
    }

    /// Who rejected it. Where a forge recorded several decisions of one person, the last one counts.
    fn rejecting(&self, reviews: &[Claim<Review>]) -> BTreeSet<String> {
        let mut rejecting = BTreeSet::new();
        for review in reviews.iter().map(|claim| &claim.value).filter(|review| !review.quoted) {
            let key = self.register.key(&review.reviewer);
            let decided = review.decision == Decision::Approved || review.record.as_ref().is_some_and(|record| record.dismissed);
            if review.decision == Decision::Rejected {
                rejecting.insert(key);
            } else if review.record.is_some() && decided {
                rejecting.remove(&key);
            }
        }
        rejecting
    }

    /// What the forge's record of the reviews makes of an approval that the message claims.
    fn confirmed(&self, claim: &Claim<Review>, dossier: &Dossier) -> Option<Standing> {
        let review = &claim.value;
        let is_claimed = review.record.is_none() && review.decision == Decision::Approved && !review.quoted;
        if !is_claimed || !dossier.link.as_ref().is_some_and(|link| link.tells_reviews) {
            return None;
        }
        Some(if self.has_record(review, dossier) { Standing::SeeRecord } else { Standing::Unconfirmed })
    }

    /// Whether the forge recorded an approval by the same person.
    pub(super) fn has_record(&self, review: &Review, dossier: &Dossier) -> bool {
        let recorded = dossier.evidence.reviews.iter().map(|claim| &claim.value);
        let mut approving = recorded.filter(|other| other.record.is_some() && other.decision == Decision::Approved);
        approving.any(|other| matches!(self.register.compare(&other.reviewer, &review.reviewer), Sameness::Same(_)))
    }

    fn standing(&self, claim: &Claim<Review>, authors: Option<&Circle>, rejecting: &BTreeSet<String>) -> Standing {
        let review = &claim.value;
        if review.quoted {
            return Standing::Quoted;
        }
        let record = review.record.as_deref();
        if record.is_some_and(|record| record.dismissed) {
            return Standing::Dismissed;
        }
        if review.decision != Decision::Approved {
            return Standing::NotAnApproval;
        }
        if self.register.is_bot(&review.reviewer) || record.is_some_and(|record| record.by_bot) {
            return Standing::Bot;
        }
        if record.is_some_and(|record| record.by_proposer) {
            return Standing::Own { role: "the author of the proposal", how: "same account" };
        }
        match authors.and_then(|authors| authors.find(&self.register, &review.reviewer)) {
            Some((role, Sameness::Same(how))) => return Standing::Own { role, how },
            Some((role, Sameness::Unclear(why))) => return Standing::Unclear(role, why),
            Some((_, Sameness::Different)) | None => {}
        }
        if rejecting.contains(&self.register.key(&review.reviewer)) {
            return Standing::AlsoRejected;
        }
        if claim.grade < self.demands.minimum_grade {
            return Standing::TooWeak;
        }
        record.map_or(Standing::Counts, on_what_landed)
    }

    /// Counts a person once for the change, and once for each side commit.
    fn once(&self, claim: &Claim<Review>, counted: &mut Circle) -> Standing {
        let reviewer = &claim.value.reviewer;
        if counted.find(&self.register, reviewer).is_some() {
            return Standing::Repeated;
        }
        counted.add(&self.register, reviewer.clone(), "a reviewer");
        Standing::Counts
    }
}

/// An approval counts for the content that landed, and before it did.
fn on_what_landed(record: &ReviewRecord) -> Standing {
    match (&record.content, record.before_arrival) {
        (OnContent::Different, _) => Standing::Stale,
        (_, Some(false)) => Standing::TooLate,
        (OnContent::Unknown(why), _) => Standing::Unknown(why),
        (_, None) => Standing::Unknown("the time of the approval or of the arrival is missing"),
        (OnContent::SameCommit | OnContent::SameTree | OnContent::SamePatch, Some(true)) => Standing::Counts,
    }
}

/// Somebody who wrote part of a change, and what they are to it.
type Author = (Arc<Person>, &'static str);

/// Everybody who wrote part of a change. Whoever only pressed the button for a merge without content of its own did not.
pub(in crate::checks) fn authors(dossier: &Dossier) -> impl Iterator<Item = Author> {
    let commit = &dossier.change.commit;
    let side = &dossier.change.side_commits;
    let own = (side.is_empty() || !only_joins(commit)).then(|| (commit.author.person.clone(), "the author"));
    let side =
        side.iter().filter(|side| !only_joins(side)).map(|side| (side.author.person.clone(), "the author of a side commit"));
    let co_authors = dossier.evidence.co_authors.iter().map(|claim| (claim.value.clone(), "a co-author"));
    own.into_iter().chain(co_authors).chain(side)
}

/// Who wrote what of a change that has reviews.
#[derive(Debug)]
struct Authors {
    whole: Circle,
    side: BTreeMap<CommitId, Circle>,
}

impl Authors {
    fn of(dossier: &Dossier, register: &Register<'_>) -> Self {
        let mut whole = Circle::default();
        authors(dossier).for_each(|(person, role)| whole.add(register, person, role));
        for (author, role) in dossier.link.iter().flat_map(|link| &link.authors) {
            whole.add(register, author.clone(), role);
        }
        let mut side = BTreeMap::<CommitId, Circle>::new();
        for commit in &dossier.change.side_commits {
            side.entry(commit.id).or_default().add(register, commit.author.person.clone(), "the author of the side commit");
        }
        for claim in &dossier.evidence.co_authors {
            if let Source::SideCommit(id) = claim.citation.source {
                side.entry(id).or_default().add(register, claim.value.clone(), "a co-author");
            }
        }
        Self { whole, side }
    }

    fn about(&self, side: Option<CommitId>) -> Option<&Circle> {
        side.map_or(Some(&self.whole), |id| self.side.get(&id))
    }
}

/// Whether a commit is a merge that is known to add nothing of its own.
fn only_joins(commit: &Commit) -> bool {
    let adds_nothing = |merge: &crate::changes::MergeContent| merge.unexplained.is_empty() && merge.undecided.is_none();
    commit.parents.len() > 1 && commit.merge.as_deref().is_some_and(adds_nothing)
}

/// The side commit that a review was given for; `None` when it is about the whole change.
fn about(claim: &Claim<Review>, dossier: &Dossier) -> Option<CommitId> {
    match &claim.citation.source {
        Source::Change | Source::File(_) | Source::FileBefore(_) | Source::Export(..) => None,
        Source::SideCommit(id) => Some(*id),
        Source::Note(_, id) => (*id != dossier.change.id()).then_some(*id),
    }
}

/// What is missing to the demanded number of approvals; `None` when nothing is. Approvals of the change as a whole
/// count for all of it; those of side commits only when every side commit has enough.
pub(super) fn shortfall(dossier: &Dossier, weighed: &[WeighedReview<'_>], minimum: usize) -> Option<String> {
    let counting = || weighed.iter().filter(|review| review.counts());
    let whole = counting().filter(|review| review.about.is_none()).count();
    if whole >= minimum {
        return None;
    }
    let of = counted(minimum, "independent approval");
    let mut by_side = BTreeMap::<CommitId, usize>::new();
    for id in counting().filter_map(|review| review.about) {
        *by_side.entry(id).or_default() += 1;
    }
    if by_side.is_empty() {
        return Some(format!("{whole} of {of}"));
    }
    let side: Vec<&Commit> = dossier.change.side_commits.iter().filter(|side| !only_joins(side)).collect();
    let short = side.iter().filter(|side| whole + by_side.get(&side.id).copied().unwrap_or_default() < minimum);
    let short: Vec<String> = short.map(|side| side.id.0.short()).collect();
    (!short.is_empty()).then(|| {
        let total = counted(side.len(), "side commit");
        format!("{} of {total} without {of}: {}", short.len(), super::some_of(short))
    })
}
