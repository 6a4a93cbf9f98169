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
            (Some(_) | None, _) => verdict.with_more(&not_understood(file.unwrap_or(None))),
        };
        let places: BTreeSet<&Citation> = demands.iter().filter_map(|demand| demand.citation.as_ref()).collect();
        verdict.citing(places.into_iter().take(5).cloned())
    }
}

/// Lines of the file that decide nothing, as the end of a sentence; empty where there are none.
fn not_understood(file: Option<&OwnersFile>) -> String {
    let Some(file) = file.filter(|file| !file.not_understood.is_empty()) else { return String::new() };
    let lines = file.not_understood.iter().map(|(line, why)| format!("line {line} ({why})"));
    format!(
        "; {} does not understand {} of {}, which decides nothing",
        file.dialect.name(),
        some_of(lines),
        shown_path(&file.path)
    )
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
        let is = |owner: &&str| self.is_owner(owner, demand.names_users, reviewer, registered);
        demand.owners.iter().map(is).max().unwrap_or(Owns::No)
    }

    fn is_owner(&self, owner: &str, names_users: bool, reviewer: &Person, registered: Option<&RegisteredPerson>) -> Owns {
        let handle = handle(owner);
        if let Some(team) = self.teams.get(&handle) {
            return Owns::certain(registered.is_some_and(|person| team.members.contains(&person.name)));
        }
        let register = &self.approvals.register;
        // Bitbucket and the settings name people as well.
        let by_name = || register.person(&Person::new(&handle, "")).filter(|_| !names_users);
        if let Some(owner) = register.person(&as_person(&handle)).or_else(by_name) {
            return Owns::certain(registered.is_some_and(|person| std::ptr::eq(owner, person)));
        }
        // Whoever has another login is not that user.
        let is_another = names_users && is_login(owner) && has_login(registered, reviewer);
        match by_spelling(owner, &handle, reviewer) {
            Owns::Perhaps if is_another => Owns::No,
            owns @ (Owns::No | Owns::Perhaps | Owns::Yes) => owns,
        }
    }
}

impl Owns {
    fn certain(owns: bool) -> Self {
        if owns { Self::Yes } else { Self::No }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{
        assess, commit, dossier, edit, merge, outcomes, registered, review, settings_with, told, with_files,
    };
    use crate::evidence::owners::Dialect;

    /// A change of some paths under an owners file, approved by some people.
    fn change(dialect: Dialect, file: &str, paths: &[&str], reviewers: &[(&str, &str)]) -> Dossier {
        let paths: Vec<(&str, &[Layer])> = paths.iter().map(|path| (*path, &[Layer::Security][..])).collect();
        let mut dossier = with_files(dossier(2, "Say why"), &paths);
        let file = OwnersFile::read(RepoPath::new(b"CODEOWNERS"), dialect, file.as_bytes()).unwrap();
        dossier.owners = Some(Arc::new(OwnersAtBase::File(file)));
        dossier.evidence.reviews = reviewers.iter().map(|(name, mail)| review(name, mail)).collect();
        dossier
    }

    const BOB: (&str, &str) = ("Bob Example", "bob@example.com");
    const DORA: (&str, &str) = ("Dora", "dora@example.com");

    fn settings() -> Settings {
        let mut settings = settings_with("[checks.review-missing]\nexpect = \"always\"");
        let mut bob = registered("Bob Example", &["bob@example.com"]);
        bob.accounts = ["bob".to_owned()].into();
        settings.people = vec![bob, registered("Dora Example", &["dora@example.com"])];
        let members = ["Bob Example".into(), "Dora Example".into()].into();
        settings.teams = vec![Team { name: "docs".into(), aliases: ["@org/docs".to_owned()].into(), members }];
        settings
    }

    fn judged(changes: &[Dossier]) -> Vec<String> {
        told(&assess(&OWNER_MISSING, &settings(), changes))
    }

    #[test]
    fn gitlab_sections_each_need_their_number_of_owners() {
        let file = "[Docs][2] @org/docs\n*.md\n^[Optional]\n*.md @nobody\n[Code]\n*.rs @bob\n";
        let of = |paths: &[&str], reviewers: &[(&str, &str)]| change(Dialect::GitLab, file, paths, reviewers);
        let changes = [
            of(&["a.md"], &[BOB, DORA]),
            of(&["a.md", "b.md"], &[BOB]),
            of(&["a.md", "a.rs"], &[DORA, BOB]),
            of(&["a.rs"], &[DORA]),
            of(&["a.txt"], &[]),
        ];
        assert_eq!(
            judged(&changes),
            [
                "no exception",
                "exception: a.md and 1 more path, owned by @org/docs (CODEOWNERS line 2, *.md in [Docs]): 1 of 2 approvals by them; \
                 approved by Bob Example <bob@example.com>",
                "no exception",
                "exception: a.rs, owned by @bob (CODEOWNERS line 6, *.rs in [Code]): none of them approved; approved by Dora \
                 <dora@example.com>",
                "not applicable",
            ]
        );
    }

    #[test]
    fn owners_whom_nobody_can_resolve_are_never_a_pass_nor_an_exception() {
        let of = |dialect, file: &str, reviewers: &[(&str, &str)]| change(dialect, file, &["a"], reviewers);
        let changes = [
            of(Dialect::GitHub, "* @org/others\n", &[BOB]),
            of(Dialect::GitHub, "* @carol\n", &[BOB]),
            of(Dialect::GitHub, "* @carol\n", &[DORA]),
            of(Dialect::GitLab, "* @carol\n", &[BOB]),
            of(Dialect::GitHub, "* carol@example.com\n", &[BOB]),
            of(Dialect::GitHub, "* @org/others\n", &[]),
            of(Dialect::GitHub, "* @carol\n", &[("carol", "")]),
            of(Dialect::GitHub, "* eve@example.com\n", &[("Eve", "EVE@example.com")]),
            of(Dialect::Bitbucket, "* @\"Dora Example\"\n", &[DORA]),
        ];
        let findings = assess(&OWNER_MISSING, &settings(), &changes);
        let (unknown, found, passed) = ("not assessable", "exception", "no exception");
        // Bob has a login and it is another one; Dora's is not known.
        let expected = [unknown, found, unknown, unknown, unknown, found, passed, passed, passed];
        assert_eq!(outcomes(&findings), expected, "{:#?}", told(&findings));
    }

    #[test]
    fn approvals_of_side_commits_count_for_what_those_touch() {
        let file = "/a @bob\n/b @bob\n";
        let mut change = merge(2, "Merge", vec![commit(8, "one"), commit(9, "two")]);
        let template = self::change(Dialect::GitHub, file, &["a", "b"], &[]);
        (change.owners, change.classification) = (template.owners, template.classification);
        change.change.commit.file_edits = template.change.commit.file_edits;
        change.change.side_commits[0].file_edits = Box::new([edit("a")]);
        change.change.side_commits[1].file_edits = Box::new([edit("b")]);
        let mut one = review(BOB.0, BOB.1);
        one.citation.source = Source::SideCommit(change.change.side_commits[0].id);
        change.evidence.reviews = vec![one.clone()];
        assert!(judged(std::slice::from_ref(&change))[0].starts_with("exception: b, owned by @bob"));
        one.citation.source = Source::SideCommit(change.change.side_commits[1].id);
        change.evidence.reviews.push(one);
        assert_eq!(judged(&[change]), ["no exception"]);
    }

    #[test]
    fn what_is_not_understood_and_not_readable_is_said() {
        let odd = change(Dialect::GitHub, "* @bob\n!/x @bob\n", &["a"], &[DORA]);
        let told = judged(std::slice::from_ref(&odd)).remove(0);
        assert!(
            told.ends_with("; GitHub does not understand line 2 (GitHub takes no negation) of CODEOWNERS, which decides nothing"),
            "{told}"
        );
        let mut unreadable = odd;
        unreadable.owners = Some(Arc::new(OwnersAtBase::Unreadable("CODEOWNERS cannot be read: it is no file".to_owned())));
        assert_eq!(judged(&[unreadable]), ["not assessable: the owners are not known: CODEOWNERS cannot be read: it is no file"]);
    }
}
