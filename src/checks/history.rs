//! Is the record whole, and do its dates make sense?

mod contents;
mod population;

use std::collections::BTreeMap;

use self::contents::{CONTENT_UNREADABLE, ContentUnreadable};
use super::catalogue::{Family, Listing};
use super::verdict::{Verdict, counted, header, judge_each_change, number, shown, side_header, some_of};
use super::{Card, Check, Finding, Gate, Period, Severity, Subject};
use crate::changes::{Commit, Gap, GapAbout};
use crate::evidence::{Citation, Dossier, Grade};
use crate::repository::Standing;
use crate::settings::reader::Section;
use crate::text::{CommitId, Moment, utc_text};

pub(super) const FAMILY: Family = Family {
    name: "history",
    question: "Is the record whole?",
    checks: &[
        Listing { card: &HISTORY_INCOMPLETE, configure: |_| Box::new(HistoryIncomplete) },
        Listing { card: &HISTORY_REWRITTEN, configure: |_| Box::new(HistoryRewritten) },
        population::LISTING,
        Listing { card: &CLOCK_ANOMALY, configure: |section| Box::new(ClockAnomaly::configured(section)) },
        Listing { card: &CONTENT_UNREADABLE, configure: |section| Box::new(ContentUnreadable::configured(section)) },
    ],
};

pub(super) static HISTORY_INCOMPLETE: Card = Card {
    id: "history-incomplete",
    requirement: "The object database holds the whole history of the period, and nothing replaces or hides a part of it.",
    rationale: "A shallow or partial clone, a graft, a replace reference or a missing object makes commits and contents vanish or \
                appear other than they were written. Counts over such a record prove nothing.",
    remedy: "Audit a full clone (`git clone --mirror`), remove grafts and replace references from the copy, and run `git fsck`.",
    severity: Severity::Blocker,
    gate: Gate::Record,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.5.28"),
        ("ISO 27001:2022", "A.8.15"),
        ("NIST SP 800-53", "AU-9"),
        ("PCI DSS 4.0", "10.3"),
    ],
    needs: "the object database and the references of the audited repository",
    waivable_by: super::NOBODY,
    settings: &[],
    since: "0.1.0",
    limits: "It sees what is missing from this copy, not what was removed before the copy was made: a history that was rewritten and \
             pushed by force looks whole.",
};

/// See [`HISTORY_INCOMPLETE`].
#[derive(Debug)]
struct HistoryIncomplete;

impl Check for HistoryIncomplete {
    fn card(&self) -> &'static Card {
        &HISTORY_INCOMPLETE
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let whole = judge_record(period).about(Subject::Period, &HISTORY_INCOMPLETE);
        let unread = |(position, dossier): (usize, &Dossier)| {
            let verdict = judge_readability(dossier)?;
            Some(verdict.about(Subject::Change(number(position)), &HISTORY_INCOMPLETE))
        };
        [whole].into_iter().chain(period.dossiers.iter().enumerate().filter_map(unread)).collect()
    }
}

fn judge_record(period: &Period<'_>) -> Verdict {
    let (problems, objects) = (&period.completeness.problems, &period.completeness.unreadable_objects);
    if problems.is_empty() && objects.is_empty() {
        return Verdict::pass(Grade::Structural);
    }
    let mut reasons: Vec<String> = problems.iter().map(|problem| shown(problem)).collect();
    if !objects.is_empty() {
        let named = some_of(objects.iter().map(|object| shown(object)));
        reasons.push(format!("{} cannot be read: {named}", counted(objects.len(), "object")));
    }
    Verdict::exception(Grade::Structural, reasons.join("; "))
}

/// Not assessable where the commit or its list of paths could not be read; nothing otherwise.
fn judge_readability(dossier: &Dossier) -> Option<Verdict> {
    let matters = |gap: &&Gap| matches!(gap.about, GapAbout::Commit | GapAbout::FileEdits);
    let own = dossier.gaps.iter().chain(&dossier.change.commit.gaps).find(matters).map(|gap| (gap, header()));
    let side =
        || dossier.change.side_commits.iter().find_map(|side| Some((side.gaps.iter().find(matters)?, side_header(side.id))));
    let (gap, citation) = own.or_else(side)?;
    Some(Verdict::not_assessable(gap.reason.clone()).citing([citation]))
}

static HISTORY_REWRITTEN: Card = Card {
    id: "history-rewritten",
    requirement: "The end of a range stands on its start: the branch only grew, and its former tip stays on its chain.",
    rationale: "A push by force replaces changes that were counted and reviewed. A former tip that comes back through a merge as a \
                side branch turns reviewed changes into side commits of an unreviewed one.",
    remedy: "Ask who rewrote the branch and why. Compare both histories (`git range-diff`), and refuse such pushes on the server \
             (`receive.denyNonFastForwards`, branch protection).",
    severity: Severity::Critical,
    gate: Gate::Push,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.5.28"),
        ("ISO 27001:2022", "A.8.15"),
        ("NIST SP 800-53", "AU-9"),
        ("PCI DSS 4.0", "10.3"),
    ],
    needs: "a start that stood on the branch: the commit before a push, or the end of the previous pack",
    waivable_by: super::NOBODY,
    settings: &[],
    since: "0.1.0",
    limits: "It compares the start that was named with the end. It cannot tell whether that start ever stood on the branch, and a \
             period that is found by its dates always starts on the chain.",
};

/// See [`HISTORY_REWRITTEN`].
#[derive(Debug)]
struct HistoryRewritten;

impl Check for HistoryRewritten {
    fn card(&self) -> &'static Card {
        &HISTORY_REWRITTEN
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        vec![judge_growth(period).about(Subject::Period, &HISTORY_REWRITTEN)]
    }
}

fn judge_growth(period: &Period<'_>) -> Verdict {
    let Some(start) = period.range.start else { return Verdict::not_applicable() };
    let (start, end) = (start.0.short(), period.range.end.0.short());
    match period.range.standing {
        Standing::NoStart => Verdict::not_applicable(),
        Standing::OnChain => Verdict::pass(Grade::Structural),
        Standing::OffChain => Verdict::exception(
            Grade::Structural,
            format!("{end} was not made on top of {start}: {start} came in through a merge, as a side branch"),
        ),
        Standing::NotBehind => Verdict::exception(
            Grade::Structural,
            format!("{end} does not descend from {start}: the history was rewritten, or they stand on different branches"),
        ),
    }
}

static CLOCK_ANOMALY: Card = Card {
    id: "clock-anomaly",
    requirement: "The dates of each commit are readable, follow those of its parents, and lie near each other.",
    rationale: "Dates in a commit are typed by the clock, or the hand, of whoever made it. A date that steps back moves a change into \
                another audit period for every tool that selects by date.",
    remedy: "Ask who made the commit and why its date differs. Correct the clock. Use the forge's own record for the time of arrival.",
    severity: Severity::Medium,
    gate: Gate::EveryCommit,
    references: &[
        ("ISO 27001:2022", "A.8.17"),
        ("NIST SP 800-53", "AU-8"),
        ("PCI DSS 4.0", "10.6"),
        ("NERC CIP", "CIP-007-6 R4"),
    ],
    needs: "the commits of the period, and the one before it",
    waivable_by: "the owner of the repository, not the author of the change",
    settings: &[
        ("tolerance_seconds", "3600", "how far clocks may disagree"),
        ("author_lag_days", "365", "how long a commit may lie between being written and being committed"),
    ],
    since: "0.1.0",
    limits: "It has no clock: a newest commit dated in the future, and a run of commits with dates that are wrong but follow each \
             other, show only at the step where they begin. A side commit whose parent lies before the period is not compared with it.",
};

/// 2100-01-01T00:00:00Z; later dates are mistakes or forgeries.
const LATEST: i64 = 4_102_444_800;

/// See [`CLOCK_ANOMALY`].
#[derive(Debug)]
struct ClockAnomaly {
    tolerance: i64,
    author_lag: i64,
}

impl ClockAnomaly {
    fn configured(section: &mut Section) -> Self {
        let tolerance = section.integer("tolerance_seconds", 3_600, 0..=31_536_000);
        let author_lag = section.integer("author_lag_days", 365, 1..=36_500) * 86_400;
        Self { tolerance, author_lag }
    }
}

impl Check for ClockAnomaly {
    fn card(&self) -> &'static Card {
        &CLOCK_ANOMALY
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let chain = chain_dates(period);
        judge_each_change(&CLOCK_ANOMALY, period, |position, dossier| self.judge(period, &chain, position, dossier))
    }
}

/// The committer date of each change, for side commits that branched off; empty when there are no side commits.
fn chain_dates(period: &Period<'_>) -> BTreeMap<CommitId, i64> {
    if period.dossiers.iter().all(|dossier| dossier.change.side_commits.is_empty()) {
        return BTreeMap::new();
    }
    let dated = period.dossiers.iter().map(|dossier| &dossier.change.commit);
    dated.filter_map(|commit| Some((commit.id, committed(commit)?))).collect()
}

/// The committer date of a first parent, which is mostly the change before.
fn date_of(parent: CommitId, period: &Period<'_>, chain: &BTreeMap<CommitId, i64>, position: usize) -> Option<i64> {
    let before = position.checked_sub(1).and_then(|before| period.dossiers.get(before));
    if let Some(before) = before.filter(|before| before.change.id() == parent) {
        return committed(&before.change.commit);
    }
    let outside = || period.dates_before.get(&parent).map(|timestamp| timestamp.seconds);
    chain.get(&parent).copied().or_else(outside)
}

fn committed(commit: &Commit) -> Option<i64> {
    commit.committer.when.known().map(|timestamp| timestamp.seconds)
}

impl ClockAnomaly {
    fn judge(&self, period: &Period<'_>, chain: &BTreeMap<CommitId, i64>, position: usize, dossier: &Dossier) -> Verdict {
        let commit = &dossier.change.commit;
        let previous = commit.parents.first().and_then(|parent| date_of(*parent, period, chain, position));
        let mut found: Vec<(String, Citation)> = self.oddities(commit, previous).map(|oddity| (oddity, header())).collect();
        let next = period.dossiers.get(position + 1).map(|next| &next.change.commit);
        let next = next.filter(|next| next.parents.first() == Some(&commit.id)).and_then(committed);
        found.extend(self.ahead_of_both(commit, previous, next).map(|oddity| (oddity, header())));
        found.extend(self.side_oddities(dossier, chain));
        if !found.is_empty() {
            let because = some_of(found.iter().map(|(oddity, _)| oddity));
            return Verdict::exception(Grade::Asserted, because).citing(found.into_iter().take(5).map(|(_, place)| place));
        }
        if previous.is_none() && !commit.parents.is_empty() {
            return Verdict::not_assessable("the committer date of its first parent is not known, so the two cannot be compared");
        }
        Verdict::pass(Grade::Asserted)
    }

    /// What is odd about one commit by itself and beside its first parent.
    fn oddities(&self, commit: &Commit, parent: Option<i64>) -> impl Iterator<Item = String> {
        let (written, committed) = (&commit.author.when, &commit.committer.when);
        let unreadable = [unreadable("committer", committed), unreadable("author", written)];
        let (written, committed) = (seconds(written), seconds(committed));
        let step = committed.zip(parent).and_then(|(committed, parent)| self.step_back(committed, parent));
        let pair = written.zip(committed).and_then(|(written, committed)| self.far_apart(written, committed));
        unreadable.into_iter().flatten().chain(step).chain(pair)
    }

    fn step_back(&self, committed: i64, parent: i64) -> Option<String> {
        let back = parent.saturating_sub(committed);
        let (committed, parent) = (date(committed), date(parent));
        (back > self.tolerance)
            .then(|| format!("its committer date {committed} is {} before that of its first parent, {parent}", span(back)))
    }

    fn far_apart(&self, written: i64, committed: i64) -> Option<String> {
        let (lag, ahead) = (committed.saturating_sub(written), written.saturating_sub(committed));
        let (written, committed) = (date(written), date(committed));
        if ahead > self.tolerance {
            return Some(format!("its author date {written} is {} after its committer date {committed}", span(ahead)));
        }
        (lag > self.author_lag)
            .then(|| format!("its author date {written} is {} before its committer date {committed}", span(lag)))
    }

    /// A date that lies after the next change's, where the next change agrees with the one before.
    fn ahead_of_both(&self, commit: &Commit, previous: Option<i64>, next: Option<i64>) -> Option<String> {
        let (own, previous, next) = (committed(commit)?, previous?, next?);
        let ahead = own.saturating_sub(next);
        (ahead > self.tolerance && next.saturating_add(self.tolerance) >= previous).then(|| {
            let (own, next) = (date(own), date(next));
            format!(
                "its committer date {own} is {} after that of the next change, {next}, which agrees with the change before",
                span(ahead)
            )
        })
    }

    fn side_oddities(&self, dossier: &Dossier, chain: &BTreeMap<CommitId, i64>) -> Vec<(String, Citation)> {
        let side = &dossier.change.side_commits;
        let dates: BTreeMap<CommitId, i64> = side.iter().filter_map(|side| Some((side.id, committed(side)?))).collect();
        let parent = |side: &Commit| {
            let parent = side.parents.first()?;
            dates.get(parent).or_else(|| chain.get(parent)).copied()
        };
        let told = |side: &Commit| {
            let (id, parent) = (side.id, parent(side));
            let oddities = self.oddities(side, parent).map(move |oddity| format!("side commit {}: {oddity}", id.0.short()));
            oddities.map(move |oddity| (oddity, side_header(id))).collect::<Vec<_>>()
        };
        side.iter().flat_map(told).collect()
    }
}

fn seconds(moment: &Moment) -> Option<i64> {
    moment.known().map(|timestamp| timestamp.seconds)
}

fn unreadable(whose: &str, moment: &Moment) -> Option<String> {
    match moment {
        Moment::Unreadable(raw) if raw.trim().is_empty() => Some(format!("its {whose} date is missing")),
        Moment::Unreadable(raw) => Some(format!("its {whose} date `{}` cannot be read", shown(raw))),
        Moment::Known(timestamp) if timestamp.seconds >= LATEST || timestamp.seconds < 0 => {
            Some(format!("its {whose} date {} is out of range", date(timestamp.seconds)))
        }
        Moment::Known(_) => None,
    }
}

fn date(seconds: i64) -> String {
    utc_text(seconds).unwrap_or_else(|| format!("{seconds} seconds after 1970"))
}

/// A length of time in the largest unit of which there are at least two.
fn span(seconds: i64) -> String {
    match seconds {
        172_800.. => format!("{} days", seconds / 86_400),
        7_200.. => format!("{} hours", seconds / 3_600),
        120.. => format!("{} minutes", seconds / 60),
        _ => format!("{seconds} seconds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{DAY, START, assess, at, commit, dossier, id, merge, outcomes, settings, told, with_period};

    #[test]
    fn a_missing_object_is_an_exception_of_the_period_and_leaves_its_change_not_assessable() {
        let mut changes = [dossier(1, "one"), dossier(2, "two")];
        changes[1].gaps = vec![Gap { about: GapAbout::FileEdits, reason: "tree 02 is missing".into() }];
        let findings = with_period(&settings(), &changes, |period| {
            let mut completeness = period.completeness.clone();
            completeness.unreadable_objects = vec!["tree 02: missing".into()];
            HistoryIncomplete.assess(&Period { completeness: &completeness, ..*period })
        });
        assert_eq!(
            told(&findings),
            ["exception: 1 object cannot be read: tree 02: missing", "not assessable: tree 02 is missing"]
        );
        assert_eq!(findings[0].severity, Severity::Blocker);
    }

    #[test]
    fn a_step_back_beyond_the_tolerance_is_found_once() {
        let mut changes = [dossier(1, "one"), dossier(2, "two"), dossier(3, "three"), dossier(4, "four")];
        for (n, seconds) in [(0, 10 * DAY), (1, 11 * DAY), (2, DAY), (3, 2 * DAY)] {
            changes[n].change.commit.committer.when = at(START + seconds);
            changes[n].change.commit.author.when = at(START + seconds);
        }
        assert_eq!(
            outcomes(&assess(&CLOCK_ANOMALY, &settings(), &changes)),
            ["no exception", "no exception", "exception", "no exception"]
        );
    }

    #[test]
    fn one_change_ahead_of_its_neighbours_is_named_too() {
        let mut changes = [dossier(1, "one"), dossier(2, "two"), dossier(3, "three")];
        changes[1].change.commit.committer.when = at(START + 500 * DAY);
        let findings = assess(&CLOCK_ANOMALY, &settings(), &changes);
        assert_eq!(outcomes(&findings), ["no exception", "exception", "exception"]);
        assert!(told(&findings)[1].contains("497 days after that of the next change"), "{:?}", told(&findings));
    }

    #[test]
    fn hostile_dates_do_not_overflow() {
        let mut changes = [dossier(1, "one"), dossier(2, "two")];
        changes[0].change.commit.committer.when = at(i64::from(i32::MAX) * 100);
        changes[1].change.commit.committer.when = Moment::Unreadable("18446744073709551615 +9999".into());
        assert_eq!(outcomes(&assess(&CLOCK_ANOMALY, &settings(), &changes)), ["exception", "exception"]);
    }

    #[test]
    fn the_first_change_needs_the_date_before_the_period() {
        let changes = [dossier(2, "two")];
        assert_eq!(outcomes(&assess(&CLOCK_ANOMALY, &settings(), &changes)), ["not assessable"]);
    }

    #[test]
    fn side_commits_are_compared_with_their_branch_point() {
        let mut side = commit(9, "side");
        side.parents = Box::new([CommitId(id(1))]);
        side.committer.when = at(START - 9 * DAY);
        side.author.when = at(START - 9 * DAY);
        let told = told(&assess(&CLOCK_ANOMALY, &settings(), &[dossier(1, "one"), merge(2, "two", vec![side])]));
        assert!(told[1].starts_with("exception: side commit 090909090909: its committer date"), "{told:?}");
    }
}
