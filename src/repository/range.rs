//! From what was asked for to two commit ids, with the way there in words.
//!
//! A period is resolved along the first-parent chain. Committer dates can be forged, so they are read with two rules:
//! a change cannot have arrived before the one it stands on, and a date later than everything at the branch's end is
//! not believed. Both ids are printed; the set of commits then follows from the ids alone.

use chrono::{Datelike as _, NaiveDate};

use super::walk::{Graph, History, Index};
use super::{AuditRange, Repository, RepositoryError, Standing, git_id, open::count, own_id};
use crate::text::{CommitId, utc_text};

/// How many arrivals in a row must lie before the period until the search for older ones ends.
const LOOK_BACK: usize = 1024;
/// How many arrivals at the branch's end decide which dates are too late to be believed.
const NEWEST: usize = 32;

/// What an audit is asked to cover.
#[derive(Clone, Debug)]
pub enum Asked {
    /// A named period of the branch.
    Period(PeriodName),
    /// From one revision (excluded; from the beginning when there is none) to another (the branch when there is none).
    Between {
        /// The last change before the range: a revision, or what came before a moment.
        from: Option<Bound>,
        /// The last change of the range: a revision, or what had come by the end of a moment.
        to: Option<Bound>,
    },
}

/// One end of a range, or a point of the branch's history.
#[derive(Clone, Debug)]
pub enum Bound {
    /// What a revision names.
    Revision(String),
    /// A day, month, quarter or year.
    Moment(PeriodName),
}

impl Bound {
    fn name(&self) -> &str {
        match self {
            Self::Revision(name) | Self::Moment(PeriodName { name, .. }) => name,
        }
    }
}

/// A year, quarter or month, with its bounds in seconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodName {
    /// As typed: `2026`, `2026-Q1`, `2026-03`.
    pub name: String,
    /// The first second inside.
    pub begins: i64,
    /// The first second after.
    pub ends: i64,
    offset: i32,
}

impl PeriodName {
    /// Reads `2026`, `2026-Q1` or `2026-03`; `offset` is the period's time zone in seconds east of UTC.
    #[must_use]
    pub fn parse(name: &str, offset: i32) -> Option<Self> {
        let (year, part) = name.split_once('-').map_or((name, None), |(year, part)| (year, Some(part)));
        let year: i32 = (year.len() == 4).then(|| year.parse().ok()).flatten().filter(|year| (1970..=9998).contains(year))?;
        let (first, months) = match part {
            None => (1, 12),
            Some(quarter) if quarter.len() == 2 && quarter.starts_with(['Q', 'q']) => {
                let number: u32 = quarter.get(1..)?.parse().ok().filter(|number| (1..=4).contains(number))?;
                (number * 3 - 2, 3)
            }
            Some(month) if month.len() == 2 => (month.parse().ok().filter(|number| (1..=12).contains(number))?, 1),
            Some(_) => return None,
        };
        let begin = NaiveDate::from_ymd_opt(year, first, 1)?;
        let end = begin.checked_add_months(chrono::Months::new(months))?;
        let second = |date: NaiveDate| date.and_hms_opt(0, 0, 0).map(|at| at.and_utc().timestamp() - i64::from(offset));
        debug_assert!(begin.year() == year);
        Some(Self { name: name.to_uppercase(), begins: second(begin)?, ends: second(end)?, offset })
    }

    /// Reads `2026-03-31`, and everything that [`Self::parse`] reads.
    #[must_use]
    pub fn parse_moment(name: &str, offset: i32) -> Option<Self> {
        if name.len() != 10 {
            return Self::parse(name, offset);
        }
        let day = NaiveDate::parse_from_str(name, "%Y-%m-%d").ok().filter(|day| (1970..=9998).contains(&day.year()))?;
        let begins = day.and_hms_opt(0, 0, 0)?.and_utc().timestamp() - i64::from(offset);
        Some(Self { name: name.to_owned(), begins, ends: begins + 86_400, offset })
    }

    /// What the name stands for, as a sentence.
    fn meaning(&self) -> String {
        let word = |seconds| utc_text(seconds).unwrap_or_else(|| seconds.to_string());
        let zone = if self.offset == 0 { "UTC".to_owned() } else { offset_text(self.offset) };
        format!("{} means {} up to {} (time zone {zone}).", self.name, word(self.begins), word(self.ends))
    }
}

fn offset_text(offset: i32) -> String {
    crate::text::Timestamp { seconds: 0, offset }.offset_text()
}

/// Reads `UTC`, `Z`, `+01:00` or `-0530` as seconds east of UTC.
#[must_use]
pub fn parse_offset(word: &str) -> Option<i32> {
    if matches!(word, "UTC" | "utc" | "Z") {
        return Some(0);
    }
    let sign = match word.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = word.chars().skip(1).filter(|c| *c != ':').collect();
    let number: i32 = (digits.len() == 4).then(|| digits.parse().ok()).flatten()?;
    let (hours, minutes) = (number / 100, number % 100);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

impl Repository {
    /// Resolves what was asked for on a branch (`HEAD` when none is named) and collects the commits of the range.
    ///
    /// # Errors
    ///
    /// When a revision names nothing, the branch has no commit, or the range is empty.
    pub fn history(&self, asked: &Asked, branch: Option<&str>) -> Result<History, RepositoryError> {
        let mut graph = Graph::new(self);
        let range = match asked {
            Asked::Period(period) => self.period(&mut graph, period, branch)?,
            Asked::Between { from, to } => self.between(&mut graph, from.as_ref(), to.as_ref(), branch)?,
        };
        let history = Self::collect(graph, range, &[])?;
        if history.arrivals.is_empty() {
            let hint = format!("{} is reachable from the start of the range", history.range.end.0.short());
            return Err(RepositoryError::Empty { asked: history.range.asked, hint });
        }
        Ok(history)
    }

    /// Collects the commits that a reference or a proposal brings in: reachable from the range's end, not from its start,
    /// and from none of `behind`. There may be none.
    ///
    /// # Errors
    ///
    /// When the end cannot be read. Other commits that cannot be read are listed in the result.
    pub fn brought_in(&self, range: AuditRange, behind: &[CommitId]) -> Result<History, RepositoryError> {
        Self::collect(Graph::trusting_generations(self), range, behind)
    }

    /// The commit that a revision names, tags peeled.
    ///
    /// # Errors
    ///
    /// When it names nothing or no commit, or may name another one as well: git takes a tag before a branch and a branch
    /// before the beginning of an id, so whoever may push a reference could choose what a short name means.
    pub fn resolve(&self, revision: &str) -> Result<CommitId, RepositoryError> {
        let failed = |reason: String| RepositoryError::Revision { revision: revision.to_owned(), reason };
        let repo = self.reader().repo;
        let id = repo.rev_parse_single(revision).map_err(|error| failed(error.to_string()))?;
        let meanings = self.meanings(revision);
        if meanings.len() > 1 {
            let names: Vec<String> = meanings.into_iter().map(|(name, id)| format!("{name} ({})", own_id(&id).short())).collect();
            return Err(failed(format!("it may be {}; write one of them in full", names.join(" or "))));
        }
        let object = id.object().map_err(|error| failed(error.to_string()))?;
        let commit = object.peel_to_kind(gix::objs::Kind::Commit).map_err(|error| failed(error.to_string()))?;
        Ok(CommitId(own_id(&commit.id)))
    }

    /// What the name at the start of a revision may stand for, where that is more than one object.
    fn meanings(&self, revision: &str) -> Vec<(String, gix::ObjectId)> {
        let name = revision.split(['^', '~', ':']).next().unwrap_or_default();
        let name = name.split("@{").next().unwrap_or_default();
        let repo = self.reader().repo;
        let is_whole_id = |length: usize| name.len() == length && name.bytes().all(|byte| byte.is_ascii_hexdigit());
        if name == "HEAD" || is_whole_id(repo.object_hash().len_in_hex()) {
            return Vec::new();
        }
        let mut full_names: Vec<String> =
            ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"].iter().map(|start| format!("{start}{name}")).collect();
        full_names.push(format!("refs/remotes/{name}/HEAD"));
        if name.starts_with("refs/") {
            full_names.truncate(1);
        }
        let mut found: Vec<(String, gix::ObjectId)> = full_names
            .into_iter()
            .filter_map(|full| {
                let mut reference = repo.try_find_reference(full.as_str()).ok().flatten()?;
                let is_exact = reference.name().as_bstr() == full.as_str();
                is_exact.then(|| reference.peel_to_id().ok().map(|id| (full, id.detach())))?
            })
            .collect();
        let prefix = gix::hash::Prefix::from_hex(name).ok();
        let by_id = prefix.and_then(|prefix| repo.objects.lookup_prefix(prefix, None).ok().flatten()).and_then(Result::ok);
        found.extend(by_id.map(|id| (format!("the id {id}"), id)));
        found.dedup_by_key(|(_, id)| *id);
        found
    }

    fn branch(&self, branch: Option<&str>) -> Result<(CommitId, String), RepositoryError> {
        let repo = self.reader().repo;
        let Some(branch) = branch else {
            let head = repo.head_name().ok().flatten().map_or_else(|| "HEAD".to_owned(), |name| name.as_bstr().to_string());
            let id = self.resolve("HEAD").map_err(|_| RepositoryError::Unborn { branch: head.clone() })?;
            return Ok((id, head));
        };
        let name = repo.try_find_reference(branch).ok().flatten().map(|reference| reference.name().as_bstr().to_string());
        Ok((self.resolve(branch)?, name.unwrap_or_else(|| branch.to_owned())))
    }

    /// The range without a change that ends where a branch stood at a point of its history; the branch's end when none
    /// is named.
    ///
    /// # Errors
    ///
    /// When a revision names nothing, the branch has no commit, or it began later.
    pub fn as_of(&self, at: Option<&Bound>, branch: Option<&str>) -> Result<AuditRange, RepositoryError> {
        let mut graph = Graph::new(self);
        let (end, branch, found) = self.end(&mut graph, at, branch)?;
        let asked = at.map_or_else(|| format!("as of the end of {branch}"), |at| format!("as of {}", at.name()));
        let confirmed_by = "one commit's tree was read".into();
        let standing = Standing::OnChain;
        Ok(AuditRange { start: Some(end), standing, end, branch, asked, resolution: vec![found], confirmed_by })
    }

    fn between(
        &self,
        graph: &mut Graph,
        from: Option<&Bound>,
        to: Option<&Bound>,
        branch: Option<&str>,
    ) -> Result<AuditRange, RepositoryError> {
        let (end, name, found) = self.end(graph, to, branch)?;
        let mut resolution = vec![found];
        let start = match from {
            None => None,
            Some(Bound::Revision(revision)) => {
                let start = self.resolve(revision)?;
                resolution.push(format!("The start {start} is what `{revision}` names; it is not part of the range."));
                Some(start)
            }
            Some(Bound::Moment(moment)) => {
                let (tip, _) = self.branch(branch)?;
                let start = newest_before(graph, tip, moment.begins).ok();
                resolution.extend(start.as_ref().map(|(start, date)| {
                    format!("The start {start} is the newest change that cannot have arrived after {} began (committer date {date}); it is not part of the range.", moment.name)
                }));
                start.map(|(start, _)| start)
            }
        };
        if start.is_none() {
            resolution.push("The range begins with the history.".into());
        }
        let last = to.map_or(&*name, Bound::name);
        let asked = match from {
            Some(from) => format!("{}..{last}", from.name()),
            None => format!("everything up to {last}"),
        };
        let standing = Standing::NoStart;
        Ok(AuditRange { start, standing, end, branch: name, asked, resolution, confirmed_by: String::new() })
    }

    /// The commit at the end of a range, the name of its branch, and how it was found.
    fn end(
        &self,
        graph: &mut Graph,
        to: Option<&Bound>,
        branch: Option<&str>,
    ) -> Result<(CommitId, String, String), RepositoryError> {
        match to {
            None => {
                let (end, name) = self.branch(branch)?;
                let found = format!("The end {end} is what `{name}` names.");
                Ok((end, name, found))
            }
            Some(Bound::Revision(revision)) => {
                let end = self.resolve(revision)?;
                let found = format!("The end {end} is what `{revision}` names.");
                Ok((end, branch.unwrap_or(revision).to_owned(), found))
            }
            Some(Bound::Moment(moment)) => {
                let (tip, name) = self.branch(branch)?;
                let empty = |hint| RepositoryError::Empty { asked: format!("{name} by the end of {}", moment.name), hint };
                let (end, date) = newest_before(graph, tip, moment.ends).map_err(empty)?;
                let found = format!(
                    "{} The end {end} is the newest change of the first-parent chain that cannot have arrived later (committer date {date}).",
                    moment.meaning()
                );
                Ok((end, name, found))
            }
        }
    }

    fn period(&self, graph: &mut Graph, period: &PeriodName, branch: Option<&str>) -> Result<AuditRange, RepositoryError> {
        let (tip, branch) = self.branch(branch)?;
        let newest = graph.index(git_id(tip.0));
        let chain = Chain::walk(graph, newest, period.begins);
        let empty = |hint: String| RepositoryError::Empty { asked: format!("{} on {branch}", period.name), hint };
        let Some(end) = chain.newest_before(period.ends) else {
            return Err(empty(chain.describe_bounds(graph)));
        };
        let start = chain.newest_before(period.begins);
        if start == Some(end) {
            return Err(empty(chain.describe_bounds(graph)));
        }
        let id_at = |position: usize| chain.id(graph, position);
        let resolution = chain.explain(graph, period, start, end);
        Ok(AuditRange {
            start: start.and_then(id_at),
            standing: Standing::NoStart,
            end: id_at(end).unwrap_or(tip),
            branch,
            asked: period.name.clone(),
            resolution,
            confirmed_by: String::new(),
        })
    }
}

/// The newest change of a chain that arrived before a second, with its committer date; else where the chain stands.
fn newest_before(graph: &mut Graph, tip: CommitId, bound: i64) -> Result<(CommitId, String), String> {
    let newest = graph.index(git_id(tip.0));
    let chain = Chain::walk(graph, newest, bound);
    let found = chain.newest_before(bound).and_then(|position| Some((chain.id(graph, position)?, chain.date(graph, position))));
    found.ok_or_else(|| chain.describe_bounds(graph))
}

/// The part of a first-parent chain that was looked at, newest first.
struct Chain {
    steps: Vec<Index>,
    /// For each step, the time before which it cannot have arrived.
    arrived: Vec<i64>,
    reached_root: bool,
    disbelieved: usize,
}

impl Chain {
    fn walk(graph: &mut Graph, tip: Index, begins: i64) -> Self {
        let mut steps = Vec::new();
        let mut before_in_a_row = 0;
        let mut next = Some(tip);
        while let Some(index) = next {
            graph.load(index);
            steps.push(index);
            before_in_a_row = if graph.node(index).committed < begins { before_in_a_row + 1 } else { 0 };
            if before_in_a_row > LOOK_BACK {
                break;
            }
            next = graph.first_parent(index);
        }
        let dates: Vec<i64> = steps.iter().map(|index| graph.node(*index).committed).collect();
        let latest = dates.iter().take(NEWEST).copied().max().unwrap_or(i64::MAX);
        let mut arrived = vec![0; dates.len()];
        let (mut so_far, mut disbelieved) = (i64::MIN, 0);
        for (date, arrived) in dates.iter().zip(arrived.iter_mut()).rev() {
            if *date <= latest {
                so_far = so_far.max(*date);
            } else {
                disbelieved += 1;
            }
            *arrived = so_far;
        }
        Self { steps, arrived, reached_root: next.is_none(), disbelieved }
    }

    fn newest_before(&self, bound: i64) -> Option<usize> {
        self.arrived.iter().position(|arrived| *arrived < bound)
    }

    fn id(&self, graph: &Graph, position: usize) -> Option<CommitId> {
        self.steps.get(position).map(|index| CommitId(own_id(&graph.node(*index).id)))
    }

    fn date(&self, graph: &Graph, position: usize) -> String {
        let committed = self.steps.get(position).map(|index| graph.node(*index).committed);
        committed.and_then(utc_text).unwrap_or_else(|| "unreadable".into())
    }

    fn describe_bounds(&self, graph: &Graph) -> String {
        let word = |index: Option<&Index>| {
            index.and_then(|index| utc_text(graph.node(*index).committed)).unwrap_or_else(|| "an unreadable date".into())
        };
        let oldest = if self.reached_root { "the first change is of" } else { "the oldest change looked at is of" };
        format!("the branch's last change is of {}, {oldest} {}", word(self.steps.first()), word(self.steps.last()))
    }

    fn explain(&self, graph: &Graph, period: &PeriodName, start: Option<usize>, end: usize) -> Vec<String> {
        let name = |position: usize| self.id(graph, position).map_or_else(String::new, |id| id.to_string());
        let date = |position: usize| self.date(graph, position);
        let mut lines = vec![period.meaning()];
        lines.push(format!(
            "The end {} is the newest change of the first-parent chain that cannot have arrived after the period (committer date {}); {} stand after it.",
            name(end),
            date(end),
            count(end, "change")
        ));
        lines.push(match start {
            Some(start) => format!(
                "The start {} is the newest change before the period (committer date {}); it is not part of the range.",
                name(start),
                date(start)
            ),
            None => "The period begins with the history: no change lies before it.".into(),
        });
        lines.push(format!(
            "Committer dates are labels: a change counts as arrived no earlier than the change it stands on. {} of the chain were looked at{}{}.",
            count(self.steps.len(), "change"),
            if self.reached_root { ", all there are" } else { "" },
            match self.disbelieved {
                0 => String::new(),
                n => format!("; {n} with a date later than the branch's end were placed by their neighbours"),
            }
        ));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn period_names_have_exact_bounds() {
        let bounds = |name: &str, offset| PeriodName::parse(name, offset).map(|p| (p.begins, p.ends));
        assert_eq!(bounds("2026", 0), Some((1_767_225_600, 1_798_761_600)));
        assert_eq!(bounds("2026-Q1", 3600), Some((1_767_222_000, 1_774_998_000)));
        assert_eq!(bounds("2026-02", 0), Some((1_769_904_000, 1_772_323_200)));
        for wrong in ["26", "2026-Q5", "2026-13", "2026-1", "2026-Q", "Q1-2026", "", "2026-Q1-1", "20x6", "2026-é"] {
            assert_eq!(bounds(wrong, 0), None, "{wrong}");
        }
    }

    #[test]
    fn days_are_moments_and_no_periods() {
        let day = PeriodName::parse_moment("2026-02-28", 3600).map(|day| (day.begins, day.ends));
        assert_eq!(day, Some((1_772_233_200, 1_772_319_600)));
        assert_eq!(PeriodName::parse_moment("2026-Q1", 0), PeriodName::parse("2026-Q1", 0));
        for wrong in ["2026-02-30", "2026-2-280", "1969-12-31", "2026-02-2é", "tomorrow--"] {
            assert_eq!(PeriodName::parse_moment(wrong, 0), None, "{wrong}");
        }
        assert_eq!(PeriodName::parse("2026-02-28", 0), None);
    }

    #[test]
    fn offsets_are_read_and_nonsense_is_not() {
        assert_eq!(parse_offset("+01:00"), Some(3600));
        assert_eq!(parse_offset("-0530"), Some(-19_800));
        assert_eq!(parse_offset("UTC"), Some(0));
        assert_eq!(parse_offset("+99:00"), None);
        assert_eq!(parse_offset("Europe/Zurich"), None);
    }
}
