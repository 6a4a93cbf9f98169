//! Do we know who it was?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalogue::{Family, Listing};
use super::register::Register;
use super::verdict::{Verdict, counted, gap_about, header, judge_each_change, shown, shown_path, shown_person, side_header, some_of};
use super::{Card, Check, Finding, Period, Severity};
use crate::changes::{Commit, FileEdit, GapAbout};
use crate::evidence::{Citation, Dossier, Grade, suspicious_name};
use crate::settings::reader::Section;
use crate::settings::{RegisteredBot, RegisteredPerson};
use crate::text::{Moment, Person, utc_text};

pub(super) const FAMILY: Family = Family {
    name: "people",
    question: "Do we know who it was?",
    checks: &[
        Listing { card: &IDENTITY_UNRESOLVED, configure: |section| Box::new(IdentityUnresolved::configured(section)) },
        Listing { card: &BOT_OUT_OF_BOUNDS, configure: |_| Box::new(BotOutOfBounds) },
    ],
};

static IDENTITY_UNRESOLVED: Card = Card {
    id: "identity-unresolved",
    requirement: "Authors, committers and reviewers have a name and an address that nothing disguises; where a register of people is \
                  given, they are in it and valid on that day.",
    rationale: "A control that rests on two different people fails when nobody knows who they are.",
    remedy: "Find out who it was. Put the person, with all spellings, into the register; correct the settings of their Git client.",
    severity: Severity::Medium,
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
        let forge = forge.map_or_else(|| vec!["noreply@github.com".to_owned()], |written| written.into_iter().map(|(_, mail)| mail).collect());
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
        let form = around.forms.get(named.person).cloned().unwrap_or_else(|| form(named.person, named.part));
        if let Some(what) = form {
            return Doubt::Found(what);
        }
        if !around.register.has_people() || self.is_forge(named) || around.register.is_bot(named.person) {
            return Doubt::None;
        }
        match around.register.person(named.person) {
            None => Doubt::Found("is not in the register".to_owned()),
            Some(registered) => validity(registered, named.when, around.offset),
        }
    }

    fn is_forge(&self, named: &Named<'_>) -> bool {
        named.part == Part::Committer && self.forge_committers.contains(&named.person.mail.value.to_lowercase())
    }

    fn shared_address(&self, dossier: &Dossier, around: &Around<'_>) -> Verdict {
        let person = &dossier.change.commit.author.person;
        let names = around.names.get(&person.key()).filter(|names| names.len() > 1 && !around.register.has_people());
        let Some(names) = names else { return Verdict::pass(Grade::Asserted) };
        let others = names.iter().filter(|name| ***name != *person.name.value).map(|name| shown(name));
        let told = format!("the address of {} also carries the name {} in this period", shown_person(person), some_of(others));
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
    /// What is wrong with the form of each author and committer, looked at once.
    forms: BTreeMap<&'a Arc<Person>, Option<String>>,
}

impl<'a> Around<'a> {
    fn of(period: &Period<'a>) -> Self {
        let mut names = BTreeMap::<String, BTreeSet<&str>>::new();
        let mut forms = BTreeMap::new();
        for dossier in period.dossiers {
            let commits = std::iter::once(&dossier.change.commit).chain(&dossier.change.side_commits);
            for person in commits.flat_map(|commit| [&commit.author.person, &commit.committer.person]) {
                forms.entry(person).or_insert_with(|| form(person, Part::Author));
            }
            let author = &dossier.change.commit.author.person;
            names.entry(author.key()).or_default().insert(&author.name.value);
        }
        let register = Register::of(period.settings);
        Self { register, offset: period.settings.period_offset, names, forms }
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
    let other = (author != committer).then(|| Named { person: committer, part: Part::Committer, when, citation: citation.clone() });
    std::iter::once(Named { person: author, part: Part::Author, when, citation }).chain(other)
}

/// What is wrong with the form of a name and an address. A reviewer may be named by a login alone.
fn form(person: &Person, part: Part) -> Option<String> {
    let (name, mail) = (person.name.value.trim(), person.mail.value.trim());
    if let Some(why) = suspicious_name(person) {
        return Some(format!("is disguised: {why}"));
    }
    match part {
        Part::Reviewer if name.is_empty() && mail.is_empty() => Some("has no name".to_owned()),
        Part::Reviewer => None,
        Part::Author | Part::Committer if name.is_empty() => Some("has no name".to_owned()),
        Part::Author | Part::Committer if mail.is_empty() => Some("has no address".to_owned()),
        Part::Author | Part::Committer if !is_address(mail) => Some("has no address of a valid form".to_owned()),
        Part::Author | Part::Committer => None,
    }
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

/// One commit that a bot wrote.
enum ByBot<'a> {
    Registered(&'a RegisteredBot, &'a Commit),
    Unregistered(&'a Person),
}

impl BotOutOfBounds {
    fn judge(dossier: &Dossier, register: &Register<'_>, any_registered: bool) -> Verdict {
        let (mut found, mut unknown, mut concerned) = (Vec::new(), Vec::new(), false);
        for by in written_by_bots(dossier, register) {
            concerned = true;
            match by {
                ByBot::Registered(bot, _) if bot.paths.is_empty() => {
                    unknown.push(format!("the register names no paths for the bot {}", shown(&bot.name)));
                }
                ByBot::Registered(bot, commit) => found.extend(trespass(bot, commit)),
                ByBot::Unregistered(person) if any_registered => {
                    found.push(format!("the bot {} is not in the register", shown_person(person)));
                }
                ByBot::Unregistered(person) => {
                    unknown.push(format!("{} is a bot, and there is no register of bots", shown_person(person)));
                }
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

/// The commits of a change that bots wrote. A merge says who merged, its side commits say who wrote.
fn written_by_bots<'a>(dossier: &'a Dossier, register: &Register<'a>) -> impl Iterator<Item = ByBot<'a>> {
    let (commit, side) = (&dossier.change.commit, &dossier.change.side_commits);
    let own = side.is_empty().then_some(commit);
    own.into_iter().chain(side.iter().filter(|side| side.parents.len() < 2)).filter_map(move |written| {
        let author = &written.author.person;
        let unregistered = || register.is_bot(author).then_some(ByBot::Unregistered(author));
        register.bot(author).map(|bot| ByBot::Registered(bot, written)).or_else(unregistered)
    })
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
        let register = Register::of(period.settings);
        let any_registered = !period.settings.bots.is_empty();
        judge_each_change(&BOT_OUT_OF_BOUNDS, period, |_, dossier| Self::judge(dossier, &register, any_registered))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{assess, dossier, globs, merge, outcomes, person, registered, review, settings, settings_with, told, with_files};

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
        let changes = [by(1, "B", "BOB@example.com"), by(3, "B", "bob@example.com"), by(4, "C", "c@example.com"), reviewed, forge];
        let findings = assess(&IDENTITY_UNRESOLVED, &settings, &changes);
        assert_eq!(told(&findings), [
            "no exception",
            "exception: author B <bob@example.com> is in the register until 2026-01-07, the change is of 2026-01-08",
            "exception: author C <c@example.com> is not in the register",
            "exception: reviewer Mallory <mallory@example.net> is not in the register",
            "no exception",
        ]);
        assert_eq!(findings[3].severity, Severity::High);
    }

    fn bots() -> crate::settings::Settings {
        let mut settings = settings();
        let aliases = ["images@example.com".to_owned()].into();
        settings.bots = vec![RegisteredBot { name: "images".into(), aliases, owner: None, paths: globs(&["apps/**"]) }];
        settings
    }

    #[test]
    fn a_bot_stays_inside_its_paths() {
        let inside = with_files(by(1, "images", "images@example.com"), &[("apps/a.yaml", &[])]);
        let outside = with_files(by(2, "images", "images@example.com"), &[("apps/a.yaml", &[]), ("security/np.yaml", &[])]);
        let unregistered = by(3, "renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com");
        let human = by(4, "Bob", "bob@example.com");
        let changes = [inside, outside, unregistered.clone(), human];
        assert_eq!(told(&assess(&BOT_OUT_OF_BOUNDS, &bots(), &changes)), [
            "no exception",
            "exception: the bot images touched 1 path outside its register: security/np.yaml",
            "exception: the bot renovate[bot] <29139614+renovate[bot]@users.noreply.github.com> is not in the register",
            "not applicable",
        ]);
        assert_eq!(outcomes(&assess(&BOT_OUT_OF_BOUNDS, &settings(), &[unregistered])), ["not assessable"]);
    }

    #[test]
    fn a_bot_that_merged_is_not_the_author_of_what_it_merged() {
        let mut merged = merge(2, "Merge", vec![crate::checks::samples::commit(9, "by a person")]);
        merged.change.commit.author.person = person("images", "images@example.com");
        assert_eq!(outcomes(&assess(&BOT_OUT_OF_BOUNDS, &bots(), &[merged])), ["not applicable"]);
    }
}
