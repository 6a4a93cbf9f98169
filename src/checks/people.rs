//! Do we know who it was?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalogue::{Family, Listing};
use super::register::Register;
use super::signatures::{SIGNATURE_MISSING, SignatureMissing};
use super::verdict::{
    Verdict, counted, first_of, gap_about, header, judge_each_change, shown, shown_path, shown_person, side_header, some_of,
};
use super::{Card, Check, Finding, Gate, Period, Severity};
use crate::changes::{Commit, FileEdit, GapAbout};
use crate::evidence::{Citation, Dossier, Grade, suspicious_name};
use crate::settings::reader::Section;
use crate::settings::{RegisteredBot, RegisteredPerson};
use crate::text::{Moment, Person, Timestamp, utc_text};

pub(super) const FAMILY: Family = Family {
    name: "people",
    question: "Do we know who it was?",
    checks: &[
        Listing { card: &IDENTITY_UNRESOLVED, configure: |section| Box::new(IdentityUnresolved::configured(section)) },
        Listing { card: &BOT_OUT_OF_BOUNDS, configure: |_| Box::new(BotOutOfBounds) },
        Listing { card: &SIGNATURE_MISSING, configure: |section| Box::new(SignatureMissing::configured(section)) },
    ],
};

static IDENTITY_UNRESOLVED: Card = Card {
    id: "identity-unresolved",
    requirement: "Authors, committers and reviewers have a name and an address that nothing disguises; where a register of people is \
                  given, they are in it and valid on that day.",
    rationale: "A control that rests on two different people fails when nobody knows who they are.",
    remedy: "Find out who it was. Put the person, with all spellings, into the register; correct the settings of their Git client.",
    severity: Severity::Medium,
    gate: Gate::EveryCommit,
    references: &[
        ("SOC 2", "CC6.1"),
        ("ISO 27001:2022", "A.5.16"),
        ("NIST SP 800-53", "IA-4"),
        ("PCI DSS 4.0", "8.2.1"),
        ("NERC CIP", "CIP-004-7 R4"),
    ],
    needs: "commit headers; a register of people for everything beyond the form of a name",
    waivable_by: "the owner of the register, not the person concerned",
    settings: &[
        (
            "forge_committers",
            "[\"noreply@github.com\"]",
            "addresses under which a forge commits for people; they need not be in the register",
        ),
        ("shared_address", "\"remark\"", "what two names on one address are without a register: remark or exception"),
    ],
    since: "0.1.0",
    limits: "Names and addresses are typed by whoever made the commit. Without a register it judges their form only, and cannot tell \
             two people who share an address from one person who writes the name in two ways.",
};

/// See [`IDENTITY_UNRESOLVED`].
#[derive(Debug)]
struct IdentityUnresolved {
    forge_committers: BTreeSet<String>,
    shared_is_exception: bool,
}

/// What somebody did for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Author,
    Committer,
    Reviewer,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Author => "author",
            Self::Committer => "committer",
            Self::Reviewer => "reviewer",
        }
    }
}

/// Somebody named in a change.
struct Named<'a> {
    person: &'a Arc<Person>,
    part: Part,
    when: Option<&'a Moment>,
    citation: Citation,
}

impl IdentityUnresolved {
    fn configured(section: &mut Section) -> Self {
        let forge = section.strings("forge_committers");
        let forge = forge
            .map_or_else(|| vec!["noreply@github.com".to_owned()], |written| written.into_iter().map(|(_, mail)| mail).collect());
        let shared_is_exception = section.choice("shared_address", false, &[("remark", false), ("exception", true)]);
        Self { forge_committers: forge.into_iter().map(|mail| mail.to_lowercase()).collect(), shared_is_exception }
    }

    fn judge(&self, dossier: &Dossier, around: &Around<'_>) -> Verdict {
        let (mut found, mut unknown, mut citations) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let mut severity = Severity::Medium;
        for named in named(dossier) {
            match self.doubt(&named, around) {
                Doubt::None => continue,
                Doubt::Found(what) => {
                    let reviewer = named.part == Part::Reviewer;
                    severity = if reviewer { Severity::High } else { severity };
                    found.insert(format!("{} {} {what}", named.part.name(), shown_person(named.person)));
                }
                Doubt::Unknown(what) => {
                    unknown.insert(format!("{} {} {what}", named.part.name(), shown_person(named.person)));
                }
            }
            citations.push(named.citation);
        }
        citations.dedup();
        citations.truncate(5);
        if !found.is_empty() {
            return Verdict::exception(Grade::Asserted, some_of(found)).citing(citations).at(severity);
        }
        if !unknown.is_empty() {
            return Verdict::not_assessable(some_of(unknown)).citing(citations);
        }
        self.shared_address(dossier, around)
    }

    fn doubt(&self, named: &Named<'_>, around: &Around<'_>) -> Doubt {
        let looked_up = match named.part {
            Part::Author | Part::Committer => around.people.get(named.person).cloned(),
            Part::Reviewer => None,
        };
        let Known { form, place } = looked_up.unwrap_or_else(|| Known::of(named.person, named.part, &around.register));
        if let Some(what) = form {
            return Doubt::Found(what.to_string());
        }
        match place {
            Place::Exempt => Doubt::None,
            Place::Missing if self.is_forge(named) => Doubt::None,
            Place::Missing => Doubt::Found("is not in the register".to_owned()),
            Place::Registered(registered) => validity(registered, named.when, around.offset),
        }
    }

    fn is_forge(&self, named: &Named<'_>) -> bool {
        named.part == Part::Committer && self.forge_committers.contains(&named.person.mail.value.to_lowercase())
    }

    /// Two names on one address: without a register nobody can tell one person from two.
    fn shared_address(&self, dossier: &Dossier, around: &Around<'_>) -> Verdict {
        if around.register.has_people() {
            return Verdict::pass(Grade::Asserted);
        }
        let person = &dossier.change.commit.author.person;
        let names = around.names.get(&person.key()).filter(|names| names.len() > 1);
        let Some(names) = names else { return Verdict::pass(Grade::Asserted) };
        let others = names.iter().filter(|name| ***name != *person.name.value).map(|name| shown(name));
        let told = format!(
            "the address of {} also carries the name {} in this period",
            shown_person(person),
            first_of(others, names.len() - 1)
        );
        if self.shared_is_exception {
            return Verdict::exception(Grade::Asserted, told).citing([header()]).at(Severity::Low);
        }
        Verdict::pass_because(Grade::Asserted, told)
    }
}

/// What is doubtful about somebody.
enum Doubt {
    None,
    Found(String),
    Unknown(String),
}

/// What the whole period and the settings say about people.
struct Around<'a> {
    register: Register<'a>,
    offset: i32,
    /// The author names of each address.
    names: BTreeMap<String, BTreeSet<&'a str>>,
    /// Each author and committer, looked up once.
    people: BTreeMap<&'a Arc<Person>, Known<'a>>,
}

/// What is known about a spelling whatever the change.
#[derive(Clone)]
struct Known<'a> {
    form: Option<Arc<str>>,
    place: Place<'a>,
}

/// Where somebody stands in the register.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// There is no register of people, or it is a bot.
    Exempt,
    Missing,
    Registered(&'a RegisteredPerson),
}

impl<'a> Known<'a> {
    fn of(person: &Person, part: Part, register: &Register<'a>) -> Self {
        let exempt = !register.has_people() || register.is_bot(person);
        let place = if exempt { Place::Exempt } else { register.person(person).map_or(Place::Missing, Place::Registered) };
        Self { form: form(person, part).map(Into::into), place }
    }
}

impl<'a> Around<'a> {
    fn of(period: &Period<'a>) -> Self {
        let mut names = BTreeMap::<String, BTreeSet<&str>>::new();
        let mut people = BTreeMap::new();
        let register = Register::of(period.settings);
        for dossier in period.dossiers {
            let commits = std::iter::once(&dossier.change.commit).chain(&dossier.change.side_commits);
            for person in commits.flat_map(|commit| [&commit.author.person, &commit.committer.person]) {
                people.entry(person).or_insert_with(|| Known::of(person, Part::Author, &register));
            }
            let author = &dossier.change.commit.author.person;
            names.entry(author.key()).or_default().insert(&author.name.value);
        }
        Self { register, offset: period.settings.period_offset, names, people }
    }
}

/// Everybody whom a change names: people of its commits, then its reviewers.
fn named(dossier: &Dossier) -> impl Iterator<Item = Named<'_>> {
    let own = of_commit(&dossier.change.commit, header());
    let side = dossier.change.side_commits.iter().flat_map(|side| of_commit(side, side_header(side.id)));
    let when = &dossier.change.commit.committer.when;
    let reviews = dossier.evidence.reviews.iter().filter(|claim| !claim.value.quoted).map(move |claim| Named {
        person: &claim.value.reviewer,
        part: Part::Reviewer,
        when: Some(when),
        citation: claim.citation.clone(),
    });
    own.chain(side).chain(reviews)
}

/// The author, and the committer where it is somebody else.
fn of_commit(commit: &Commit, citation: Citation) -> impl Iterator<Item = Named<'_>> {
    let (author, committer) = (&commit.author.person, &commit.committer.person);
    let when = Some(&commit.committer.when);
    let other =
        (author != committer).then(|| Named { person: committer, part: Part::Committer, when, citation: citation.clone() });
    std::iter::once(Named { person: author, part: Part::Author, when, citation }).chain(other)
}

/// What is wrong with the form of a name and an address. A reviewer may be named by a login alone.
fn form(person: &Person, part: Part) -> Option<String> {
    let (name, mail) = (person.name.value.trim(), person.mail.value.trim());
    if let Some(why) = suspicious_name(person) {
        return Some(format!("is disguised: {why}"));
    }
    let lacks = match part {
        Part::Reviewer => (name.is_empty() && mail.is_empty()).then_some("has no name"),
        Part::Author | Part::Committer if name.is_empty() => Some("has no name"),
        Part::Author | Part::Committer if mail.is_empty() => Some("has no address"),
        Part::Author | Part::Committer => (!is_address(mail)).then_some("has no address of a valid form"),
    };
    lacks.map(str::to_owned)
}

fn is_address(mail: &str) -> bool {
    let around = mail.rsplit_once('@');
    let whole = !mail.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>'));
    whole && around.is_some_and(|(account, domain)| !account.is_empty() && !domain.is_empty())
}

fn validity(registered: &RegisteredPerson, when: Option<&Moment>, offset: i32) -> Doubt {
    if registered.valid_from.is_none() && registered.valid_until.is_none() {
        return Doubt::None;
    }
    let Some(day) = when.and_then(|moment| day_of(moment, offset)) else {
        return Doubt::Unknown("cannot be held against the register: the committer date cannot be read".to_owned());
    };
    match (&registered.valid_from, &registered.valid_until) {
        (Some(from), _) if day < *from => Doubt::Found(format!("is in the register from {from} on, the change is of {day}")),
        (_, Some(until)) if day > *until => Doubt::Found(format!("is in the register until {until}, the change is of {day}")),
        (Some(_) | None, Some(_) | None) => Doubt::None,
    }
}

/// The day of a moment, `YYYY-MM-DD`, in the settings' time zone.
pub(super) fn day_of(moment: &Moment, offset: i32) -> Option<String> {
    let seconds = moment.known()?.seconds.checked_add(i64::from(offset))?;
    utc_text(seconds)?.get(..10).map(str::to_owned)
}

/// The day of a time as records write it (RFC 3339), in the settings' time zone.
pub(super) fn day_written(written: &str, offset: i32) -> Option<String> {
    let seconds = chrono::DateTime::parse_from_rfc3339(written).ok()?.timestamp();
    day_of(&Moment::Known(Timestamp { seconds, offset: 0 }), offset)
}

impl Check for IdentityUnresolved {
    fn card(&self) -> &'static Card {
        &IDENTITY_UNRESOLVED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let around = Around::of(period);
        judge_each_change(&IDENTITY_UNRESOLVED, period, |_, dossier| self.judge(dossier, &around))
    }
}

static BOT_OUT_OF_BOUNDS: Card = Card {
    id: "bot-out-of-bounds",
    requirement: "A bot is registered with an owner and paths, and touches nothing else.",
    rationale: "The key of a bot often goes past review. Whoever holds it can change what the bot may change; that should be little.",
    remedy: "Ask the owner of the bot. Narrow its permissions in the forge to the paths of the register, or correct the register.",
    severity: Severity::High,
    gate: Gate::EveryCommit,
    references: &[
        ("SOC 2", "CC6.3"),
        ("ISO 27001:2022", "A.8.2"),
        ("NIST SP 800-53", "AC-6"),
        ("PCI DSS 4.0", "7.2.5"),
        ("PCI DSS 4.0", "8.6"),
    ],
    needs: "the register of bots, and the paths of the change",
    waivable_by: "the owner of the repository, not the owner of the bot",
    settings: &[],
    since: "0.1.0",
    limits: "A bot is known by the name and address in the commit, which anybody can write: somebody who commits under the name of a \
             bot, or a bot under a person's name, is not told apart. A bot that only merged what people wrote is not judged.",
};

/// See [`BOT_OUT_OF_BOUNDS`].
#[derive(Debug)]
struct BotOutOfBounds;

/// What the register says about an author who is a bot.
#[derive(Clone, Copy)]
enum Bot<'a> {
    Registered(&'a RegisteredBot),
    Unregistered,
}

/// Every author of the period who is a bot, looked up once.
struct Bots<'a> {
    by_author: BTreeMap<&'a Arc<Person>, Option<Bot<'a>>>,
    any_registered: bool,
}

impl<'a> Bots<'a> {
    fn of(period: &Period<'a>) -> Self {
        let register = Register::of(period.settings);
        let mut by_author = BTreeMap::new();
        for written in period.dossiers.iter().flat_map(written) {
            let author = &written.author.person;
            by_author.entry(author).or_insert_with(|| {
                let unregistered = || register.is_bot(author).then_some(Bot::Unregistered);
                register.bot(author).map(Bot::Registered).or_else(unregistered)
            });
        }
        Self { by_author, any_registered: !period.settings.bots.is_empty() }
    }
}

/// The commits that say who wrote a change: the side commits of a merge, which itself says only who merged.
fn written(dossier: &Dossier) -> impl Iterator<Item = &Commit> {
    let (commit, side) = (&dossier.change.commit, &dossier.change.side_commits);
    let own = side.is_empty().then_some(commit);
    own.into_iter().chain(side.iter().filter(|side| side.parents.len() < 2))
}

impl BotOutOfBounds {
    fn judge(dossier: &Dossier, bots: &Bots<'_>) -> Verdict {
        let (mut found, mut unknown, mut concerned) = (Vec::new(), Vec::new(), false);
        for commit in written(dossier) {
            let author = &commit.author.person;
            let Some(bot) = bots.by_author.get(author).copied().flatten() else { continue };
            concerned = true;
            match bot {
                Bot::Registered(bot) if bot.paths.is_empty() => {
                    unknown.push(format!("the register names no paths for the bot {}", shown(&bot.name)));
                }
                Bot::Registered(bot) => found.extend(trespass(bot, commit)),
                Bot::Unregistered if bots.any_registered => {
                    found.push(format!("the bot {} is not in the register", shown_person(author)));
                }
                Bot::Unregistered => unknown.push(format!("{} is a bot, and there is no register of bots", shown_person(author))),
            }
        }
        if !found.is_empty() {
            return Verdict::exception(Grade::Asserted, some_of(found)).citing([header()]);
        }
        if !concerned {
            return Verdict::not_applicable();
        }
        unknown.extend(gap_about(dossier, GapAbout::FileEdits).map(|gap| gap.reason.to_string()));
        unknown.dedup();
        if unknown.is_empty() { Verdict::pass(Grade::Asserted) } else { Verdict::not_assessable(some_of(unknown)) }
    }
}

fn trespass(bot: &RegisteredBot, commit: &Commit) -> Option<String> {
    let outside = |edit: &&FileEdit| {
        let paths = std::iter::once(&edit.path).chain(edit.old_path.as_ref());
        !paths.map(|path| path.to_text()).all(|path| bot.paths.is_match(&*path))
    };
    let outside: Vec<&FileEdit> = commit.file_edits.iter().filter(outside).collect();
    if outside.is_empty() {
        return None;
    }
    let (paths, named) = (counted(outside.len(), "path"), some_of(outside.iter().map(|edit| shown_path(&edit.path))));
    Some(format!("the bot {} touched {paths} outside its register: {named}", shown(&bot.name)))
}

impl Check for BotOutOfBounds {
    fn card(&self) -> &'static Card {
        &BOT_OUT_OF_BOUNDS
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let bots = Bots::of(period);
        judge_each_change(&BOT_OUT_OF_BOUNDS, period, |_, dossier| Self::judge(dossier, &bots))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{
        assess, dossier, globs, merge, outcomes, person, registered, review, settings, settings_with, told, with_files,
    };

    fn by(n: u8, name: &str, mail: &str) -> Dossier {
        let mut dossier = dossier(n, "Say why");
        dossier.change.commit.author.person = person(name, mail);
        dossier
    }

    #[test]
    fn the_form_of_a_name_needs_no_register() {
        let changes = [
            by(1, "Bob Example", "bob@example.com"),
            by(2, "", "bob@example.com"),
            by(3, "Bob", "bob"),
            by(4, "\u{410}lice Example", "a@example.com"),
            by(5, "Bob\u{202e}", "bob2@example.com"),
            by(6, "\u{410}\u{43b}\u{438}\u{441}\u{430} Example", "c@example.com"),
        ];
        let findings = assess(&IDENTITY_UNRESOLVED, &settings(), &changes);
        let expected = ["no exception", "exception", "exception", "exception", "exception", "no exception"];
        assert_eq!(outcomes(&findings), expected, "{:?}", told(&findings));
    }

    #[test]
    fn two_names_on_one_address_are_a_remark_unless_settings_say_more() {
        let changes = [by(1, "Bob Example", "bob@example.com"), by(2, "Robert", "bob@example.com")];
        assert_eq!(
            told(&assess(&IDENTITY_UNRESOLVED, &settings(), &changes))[1],
            "no exception: the address of Robert <bob@example.com> also carries the name Bob Example in this period"
        );
        let strict = settings_with("[checks.identity-unresolved]\nshared_address = \"exception\"");
        assert_eq!(outcomes(&assess(&IDENTITY_UNRESOLVED, &strict, &changes)), ["exception", "exception"]);
    }

    #[test]
    fn with_a_register_everybody_must_be_in_it_and_valid() {
        let mut settings = settings();
        let mut bob = registered("Bob Example", &["bob@example.com"]);
        bob.valid_until = Some("2026-01-07".to_owned());
        settings.people = vec![registered("Alice Example", &["alice@example.com"]), bob];
        let mut reviewed = dossier(5, "Say why");
        reviewed.evidence.reviews = vec![review("Mallory", "mallory@example.net")];
        let mut forge = dossier(6, "Say why");
        forge.change.commit.committer.person = person("GitHub", "noreply@github.com");
        let changes =
            [by(1, "B", "BOB@example.com"), by(3, "B", "bob@example.com"), by(4, "C", "c@example.com"), reviewed, forge];
        let findings = assess(&IDENTITY_UNRESOLVED, &settings, &changes);
        assert_eq!(
            told(&findings),
            [
                "no exception",
                "exception: author B <bob@example.com> is in the register until 2026-01-07, the change is of 2026-01-08",
                "exception: author C <c@example.com> is not in the register",
                "exception: reviewer Mallory <mallory@example.net> is not in the register",
                "no exception",
            ]
        );
        assert_eq!(findings[3].severity, Severity::High);
    }

    fn bots() -> crate::settings::Settings {
        let mut settings = settings();
        let aliases = ["images@example.com".to_owned()].into();
        settings.bots =
            vec![RegisteredBot { name: "images".into(), aliases, paths: globs(&["apps/**"]), ..RegisteredBot::default() }];
        settings
    }

    #[test]
    fn a_bot_stays_inside_its_paths() {
        let inside = with_files(by(1, "images", "images@example.com"), &[("apps/a.yaml", &[])]);
        let outside = with_files(by(2, "images", "images@example.com"), &[("apps/a.yaml", &[]), ("security/np.yaml", &[])]);
        let unregistered = by(3, "renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com");
        let human = by(4, "Bob", "bob@example.com");
        let changes = [inside, outside, unregistered.clone(), human];
        assert_eq!(
            told(&assess(&BOT_OUT_OF_BOUNDS, &bots(), &changes)),
            [
                "no exception",
                "exception: the bot images touched 1 path outside its register: security/np.yaml",
                "exception: the bot renovate[bot] <29139614+renovate[bot]@users.noreply.github.com> is not in the register",
                "not applicable",
            ]
        );
        assert_eq!(outcomes(&assess(&BOT_OUT_OF_BOUNDS, &settings(), &[unregistered])), ["not assessable"]);
    }

    #[test]
    fn a_bot_that_merged_is_not_the_author_of_what_it_merged() {
        let mut merged = merge(2, "Merge", vec![crate::checks::samples::commit(9, "by a person")]);
        merged.change.commit.author.person = person("images", "images@example.com");
        assert_eq!(outcomes(&assess(&BOT_OUT_OF_BOUNDS, &bots(), &[merged])), ["not applicable"]);
    }
}
