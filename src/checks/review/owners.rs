//! Did somebody approve who answers for what was touched?

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::approvals::{Approvals, WeighedReview};
use super::{
    Card, Check, Custom, Expect, Finding, Gate, Listing, OWNERS_CHECK, Period, REVIEW_MISSING, Section, Severity, Standing,
    Verdict, judge_each_change, nobody_recorded, shown, shown_person, some_of,
};
use crate::changes::{Commit, GapAbout};
use crate::checks::verdict::{gap_about, own_gap, shown_path};
use crate::classification::FileClass;
use crate::evidence::owners::{Demanded, Dialect, OwnersAtBase, OwnersFile};
use crate::evidence::{Citation, Dossier, Exports, Grade, Place, Source};
use crate::settings::{Layer, RegisteredPerson, Settings, Team};
use crate::text::{CommitId, Person, RepoPath};

pub(super) const MISSING: Listing =
    Listing { card: &OWNER_MISSING, configure: |section| Box::new(OwnerMissing::configured(section)) };

static OWNER_MISSING: Card = Card {
    id: OWNERS_CHECK,
    requirement: "Every change is approved by somebody who owns what it touches.",
    rationale: "An approval by somebody who does not know the matter is a signature without a look. Owners are named so that the \
                right person looks.",
    remedy: "Have an owner look at the change now. Let the forge demand approvals of owners on the protected branch; put teams and \
             logins into the register.",
    severity: Severity::High,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.5.3"),
        ("ISO 27001:2022", "A.5.9"),
        ("NIST SP 800-53", "CM-3"),
        ("NIST SP 800-53", "CM-5"),
        ("PCI DSS 4.0", "6.5.1"),
    ],
    needs: "owners: CODEOWNERS as it stood before the change, or [owners] in the settings; reviews; the register of people and teams",
    waivable_by: "the owner of what was touched, not the author of the change",
    settings: &[(
        "exempt_registered_bots",
        "false",
        "whether changes written by a bot of the register need no approval by an owner",
    )],
    since: "0.1.0",
    limits: "Teams are as the register has them today; who was a member on that day is not known. What an approval needs to count is \
             set at review-missing. Rules that the forge keeps elsewhere, and OWNERS files of Prow or Gerrit, are not read.",
};

/// See [`OWNER_MISSING`].
#[derive(Debug)]
struct OwnerMissing {
    exempt_registered_bots: bool,
}

/// What one rule demands of a change.
struct Demand<'a> {
    /// The rule for people: `CODEOWNERS line 3, *.yaml`.
    rule: String,
    /// Where it was read; a rule of the settings has no place in the record.
    citation: Option<Citation>,
    owners: Vec<&'a str>,
    approvals: usize,
    /// Whether `@name` can only be a user, as on GitHub; elsewhere it may be a group.
    names_users: bool,
    /// What it is demanded for.
    paths: Vec<&'a RepoPath>,
}

/// Tells rules apart: those of layers, and those of the file by section and line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Layer(Layer),
    Line(&'a str, u32),
}

/// Whether somebody is one of the owners.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Owns {
    No,
    /// The register does not tell.
    Perhaps,
    Yes,
}

/// How a demand was met.
enum Met {
    By(Grade),
    Not(String),
    Unknown(String),
}

impl OwnerMissing {
    fn configured(section: &mut Section) -> Self {
        Self { exempt_registered_bots: section.flag("exempt_registered_bots", false) }
    }

    fn judge<'a>(&self, dossier: &'a Dossier, around: &Around<'a>) -> Verdict {
        if self.exempt_registered_bots && around.approvals.register.bot_author(dossier).is_some() {
            return Verdict::not_applicable();
        }
        let file = match dossier.owners.as_deref() {
            Some(OwnersAtBase::File(file)) => Ok(Some(file)),
            Some(OwnersAtBase::Unreadable(why)) => Err(why),
            None => Ok(None),
        };
        let demands = around.demands(dossier, file.unwrap_or(None));
        let unread = file.err().map(|why| format!("the owners are not known: {}", shown(why)));
        let gap = own_gap(&dossier.change.commit, GapAbout::FileEdits).map(|gap| gap.reason.to_string());
        let unknown = unread.or(gap.filter(|_| around.any_owners(dossier)));
        if demands.is_empty() {
            return unknown.map_or_else(Verdict::not_applicable, Verdict::not_assessable);
        }
        let verdict = around.judge(dossier, &demands);
        let verdict = match (unknown, verdict.is_exception()) {
            (Some(why), false) => Verdict::not_assessable(why),
            (Some(_) | None, _) => verdict,
        };
        let places: BTreeSet<&Citation> = demands.iter().filter_map(|demand| demand.citation.as_ref()).collect();
        verdict.citing(places.into_iter().take(5).cloned())
    }
}

fn layers<'a>(class: &FileClass, settings: &'a Settings) -> impl Iterator<Item = (Layer, &'a [String])> {
    let touched = class.layers.union(class.moved_from);
    settings.owners.layers.iter().filter(move |(layer, _)| touched.contains(**layer)).map(|(layer, owners)| (*layer, &**owners))
}

fn of_file<'a>(file: &OwnersFile, demanded: &Demanded<'a>) -> Demand<'a> {
    let name = shown_path(&file.path);
    let section = if demanded.section.is_empty() { String::new() } else { format!(" in [{}]", shown(demanded.section)) };
    let place = Place::Line(demanded.line);
    Demand {
        rule: format!("{name} line {}, {}{section}", demanded.line, shown(demanded.pattern)),
        citation: Some(Citation { source: Source::FileBefore(file.path.clone()), place }),
        owners: demanded.owners.iter().map(|owner| &**owner).collect(),
        approvals: demanded.approvals,
        names_users: file.dialect == Dialect::GitHub,
        paths: Vec::new(),
    }
}

fn of_layer(layer: Layer, owners: &[String]) -> Demand<'_> {
    Demand {
        rule: format!("[owners] {} of the settings", layer.name()),
        citation: None,
        owners: owners.iter().map(String::as_str).collect(),
        approvals: 1,
        names_users: false,
        paths: Vec::new(),
    }
}

impl Demand<'_> {
    /// `security/np.yaml and 2 more paths, owned by @org/security (CODEOWNERS line 3, …)`.
    fn words(&self) -> String {
        let first = self.paths.first().map(|path| shown_path(path)).unwrap_or_default();
        let more = match self.paths.len() {
            0 | 1 => String::new(),
            2 => " and 1 more path".to_owned(),
            many => format!(" and {} more paths", many - 1),
        };
        let owners = some_of(self.owners.iter().map(|owner| shown(owner)));
        format!("{first}{more}, owned by {owners} ({})", self.rule)
    }
}

/// What the whole period and the settings say.
struct Around<'a> {
    approvals: Approvals<'a>,
    settings: &'a Settings,
    teams: BTreeMap<String, &'a Team>,
    custom: Custom,
    exports: &'a Exports,
    memory: RefCell<Memory<'a>>,
}

/// What one version of the owners file demands for paths that were looked up already; many changes touch the same ones.
#[derive(Default)]
struct Memory<'a> {
    file: Option<&'a OwnersFile>,
    found: BTreeMap<&'a RepoPath, Vec<Demanded<'a>>>,
}

impl<'a> Memory<'a> {
    fn demands(&mut self, file: &'a OwnersFile, path: &'a RepoPath) -> &[Demanded<'a>] {
        if !self.file.is_some_and(|known| std::ptr::eq(known, file)) {
            *self = Self { file: Some(file), found: BTreeMap::new() };
        }
        self.found.entry(path).or_insert_with(|| {
            let mut demands = file.demands(&path.to_text());
            demands.retain(|demand| !demand.owners.is_empty());
            demands
        })
    }
}

impl<'a> Around<'a> {
    fn of(period: &Period<'a>) -> Self {
        let expect = Expect::configured(&mut period.settings.checks.section(REVIEW_MISSING.id));
        let carries = |dossier: &Dossier| dossier.evidence.reviews.iter().any(|claim| !claim.value.quoted);
        let custom = Custom::of(expect, period, |dossier| dossier.bot.is_none(), carries);
        let mut teams = BTreeMap::new();
        for team in &period.settings.teams {
            let names = team.aliases.iter().cloned().chain([team.name.to_lowercase()]);
            teams.extend(names.map(|name| (handle(&name), team)));
        }
        Self {
            approvals: Approvals::of(period.settings),
            settings: period.settings,
            teams,
            custom,
            exports: period.exports,
            memory: RefCell::default(),
        }
    }

    /// Every rule that speaks about what the change touched, old places of moved files included.
    fn demands(&self, dossier: &'a Dossier, file: Option<&'a OwnersFile>) -> Vec<Demand<'a>> {
        if file.is_none() && self.settings.owners.layers.is_empty() {
            return Vec::new();
        }
        let mut memory = self.memory.borrow_mut();
        let mut found = BTreeMap::<Key<'a>, Demand<'a>>::new();
        let mut classes = dossier.classification.files.iter();
        for edit in &dossier.change.commit.file_edits {
            let class = classes.next();
            for path in std::iter::once(&edit.path).chain(edit.old_path.as_ref()) {
                if let Some(file) = file {
                    for demanded in memory.demands(file, path) {
                        let key = Key::Line(demanded.section, demanded.line);
                        found.entry(key).or_insert_with(|| of_file(file, demanded)).paths.push(path);
                    }
                }
                for (layer, owners) in class.into_iter().flat_map(|class| layers(class, self.settings)) {
                    found.entry(Key::Layer(layer)).or_insert_with(|| of_layer(layer, owners)).paths.push(path);
                }
            }
        }
        found.into_values().collect()
    }

    fn any_owners(&self, dossier: &Dossier) -> bool {
        dossier.owners.is_some() || !self.settings.owners.layers.is_empty()
    }

    fn judge(&self, dossier: &Dossier, demands: &[Demand<'_>]) -> Verdict {
        if !dossier.evidence.reviews.iter().any(|claim| !claim.value.quoted) {
            return self.nobody(dossier, demands);
        }
        let weighed = self.approvals.weigh(dossier);
        let (mut open, mut unknown, mut grade) = (Vec::new(), Vec::new(), Grade::Verified);
        for demand in demands {
            match self.met(dossier, demand, &weighed) {
                Met::By(lowest) => grade = grade.min(lowest),
                Met::Not(why) => open.push(why),
                Met::Unknown(why) => unknown.push(why),
            }
        }
        let lowest = weighed.iter().map(|review| review.claim.grade).min().unwrap_or(Grade::None);
        let reviews = weighed.iter().take(3).map(|review| review.claim.citation.clone());
        if !open.is_empty() && (self.custom.expected || weighed.iter().any(WeighedReview::counts)) {
            return Verdict::exception(lowest, some_of(open)).citing(reviews);
        }
        open.append(&mut unknown);
        if open.is_empty() { Verdict::pass(grade) } else { Verdict::not_assessable(some_of(open)).citing(reviews) }
    }

    /// No review at all: without an export, that need not mean that nobody looked.
    fn nobody(&self, dossier: &Dossier, demands: &[Demand<'_>]) -> Verdict {
        let first = demands.first().map(Demand::words).unwrap_or_default();
        if let Some(verdict) = nobody_recorded(dossier, self.custom, self.exports) {
            return verdict.with_more(&format!("; {first}"));
        }
        if let Some(gap) = gap_about(dossier, GapAbout::Notes) {
            return Verdict::not_assessable(gap.reason.clone());
        }
        if self.custom.expected {
            return Verdict::exception(Grade::None, format!("nobody is named as a reviewer of {first}"));
        }
        Verdict::not_assessable(format!("no reviewer evidence in Git; {first}"))
    }

    fn met(&self, dossier: &Dossier, demand: &Demand<'_>, weighed: &[WeighedReview<'_>]) -> Met {
        let counting: Vec<(&WeighedReview<'_>, Owns)> = weighed
            .iter()
            .filter(|review| review.counts())
            .map(|review| (review, self.owns(demand, &review.claim.value.reviewer)))
            .collect();
        if let Some(grade) = enough(dossier, demand, &counting, Owns::Yes) {
            return Met::By(grade);
        }
        let told = demand.words();
        if enough(dossier, demand, &counting, Owns::Perhaps).is_some() {
            return Met::Unknown(format!("{told}: whether {} is one of them, the register does not tell", names(&counting)));
        }
        let undecided = weighed.iter().find(|review| {
            let is_undecided = matches!(review.standing, Standing::Unclear(..) | Standing::TooWeak | Standing::Unknown(_));
            is_undecided && self.owns(demand, &review.claim.value.reviewer) != Owns::No
        });
        if let Some(review) = undecided {
            let (who, why) = (shown_person(&review.claim.value.reviewer), review.standing.reason());
            return Met::Unknown(format!("{told}: the approval by {who} {why}"));
        }
        let owning = counting.iter().filter(|(_, owns)| *owns == Owns::Yes).count();
        let of = if demand.approvals > 1 {
            format!("{owning} of {} approvals by them", demand.approvals)
        } else {
            "none of them approved".into()
        };
        let by = if counting.is_empty() { String::new() } else { format!("; approved by {}", names(&counting)) };
        Met::Not(format!("{told}: {of}{by}"))
    }

    /// Whether somebody is one of the owners: through the register and its teams, or by the very login or address.
    fn owns(&self, demand: &Demand<'_>, reviewer: &Person) -> Owns {
        let registered = self.approvals.register.person(reviewer);
        let one = |owner: &&str| {
            let handle = handle(owner);
            if let Some(team) = self.teams.get(&handle) {
                let is_member = registered.is_some_and(|person| team.members.contains(&person.name));
                return if is_member { Owns::Yes } else { Owns::No };
            }
            let named = if owner.starts_with('@') || owner.contains('@') { as_person(&handle) } else { Person::new(owner, "") };
            match (self.approvals.register.person(&named), registered) {
                (Some(owner), Some(person)) => {
                    if std::ptr::eq(owner, person) {
                        Owns::Yes
                    } else {
                        Owns::No
                    }
                }
                (Some(_), None) => Owns::No,
                (None, person) => match by_spelling(owner, &handle, reviewer) {
                    // Whoever has another login is not that user.
                    Owns::Perhaps if demand.names_users && is_login(owner) && has_login(person, reviewer) => Owns::No,
                    owns => owns,
                },
            }
        };
        demand.owners.iter().map(one).max().unwrap_or(Owns::No)
    }
}

/// An owner as written without the marks before it, in lower case: `@org/team` and `org/team` are one.
fn handle(owner: &str) -> String {
    owner.trim().trim_start_matches('@').to_lowercase()
}

/// A login or an address as a person.
fn as_person(handle: &str) -> Person {
    if handle.contains('@') { Person::new("", handle) } else { Person { login: handle.into(), ..Person::new(handle, "") } }
}

/// Whether an owner is written as a single login.
fn is_login(owner: &str) -> bool {
    owner.starts_with('@') && !owner.starts_with("@@") && !handle(owner).contains(['/', '@'])
}

fn has_login(registered: Option<&RegisteredPerson>, reviewer: &Person) -> bool {
    !reviewer.login.is_empty() || registered.is_some_and(|person| person.logins().next().is_some())
}

/// An owner whom the register does not know, held against a reviewer as written.
fn by_spelling(owner: &str, handle: &str, reviewer: &Person) -> Owns {
    let same = |word: &str| !word.trim().is_empty() && word.trim().trim_start_matches('@').to_lowercase() == handle;
    let bare_name = reviewer.mail.value.trim().is_empty() && reviewer.login.is_empty();
    if is_login(owner) && (same(&reviewer.login) || (bare_name && same(&reviewer.name.value))) {
        return Owns::Yes;
    }
    let is_address = !owner.starts_with('@') && handle.contains('@');
    if is_address && same(&reviewer.mail.value) {
        return Owns::Yes;
    }
    Owns::Perhaps
}

/// Whether enough owners approved: of the change as a whole, or else of every side commit that touches what they own.
/// Tells the lowest grade among their approvals.
fn enough(dossier: &Dossier, demand: &Demand<'_>, counting: &[(&WeighedReview<'_>, Owns)], least: Owns) -> Option<Grade> {
    let owning = || counting.iter().filter(|(_, owns)| *owns >= least).map(|(review, _)| *review);
    let lowest = || owning().map(|review| review.claim.grade).min();
    let whole = owning().filter(|review| review.about.is_none()).count();
    if whole >= demand.approvals {
        return lowest();
    }
    let mut by_side = BTreeMap::<CommitId, usize>::new();
    for id in owning().filter_map(|review| review.about) {
        *by_side.entry(id).or_default() += 1;
    }
    if by_side.is_empty() {
        return None;
    }
    let paths: BTreeSet<&RepoPath> = demand.paths.iter().copied().collect();
    let touches = |commit: &&Commit| {
        commit
            .file_edits
            .iter()
            .any(|edit| paths.contains(&edit.path) || edit.old_path.as_ref().is_some_and(|old| paths.contains(old)))
    };
    let mut touching = dossier.change.side_commits.iter().filter(|commit| commit.parents.len() < 2).filter(touches).peekable();
    touching.peek()?;
    let covered = |commit: &Commit| whole + by_side.get(&commit.id).copied().unwrap_or_default() >= demand.approvals;
    if touching.all(covered) { lowest() } else { None }
}

fn names(counting: &[(&WeighedReview<'_>, Owns)]) -> String {
    let people: BTreeSet<&Arc<Person>> = counting.iter().map(|(review, _)| &review.claim.value.reviewer).collect();
    some_of(people.into_iter().map(|person| shown_person(person)))
}

impl Check for OwnerMissing {
    fn card(&self) -> &'static Card {
        &OWNER_MISSING
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let around = Around::of(period);
        judge_each_change(&OWNER_MISSING, period, |_, dossier| self.judge(dossier, &around))
    }
}
