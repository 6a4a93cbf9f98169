//! Did a bot stay with what it was registered for?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Card, Check, Finding, Gate, Listing, Period, Register, Severity};
use crate::changes::{Commit, FileEdit, GapAbout};
use crate::checks::verdict::{
    Verdict, counted, gap_about, header, judge_each_change, own_gap, shown, shown_path, shown_person, some_of,
};
use crate::evidence::{Dossier, Grade};
use crate::settings::RegisteredBot;
use crate::text::Person;

pub(super) const LISTING: Listing = Listing { card: &BOT_OUT_OF_BOUNDS, configure: |_| Box::new(BotOutOfBounds) };

static BOT_OUT_OF_BOUNDS: Card = Card {
    id: "bot-out-of-bounds",
    requirement: "A bot is registered with an owner, paths and kinds of policy, and touches nothing else.",
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
    needs: "the register of bots, the paths of the change, and its policy edits where the register limits kinds",
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
                Bot::Registered(bot) => {
                    found.extend(trespass(bot, commit));
                    found.extend(foreign_kinds(bot, commit));
                    let unread = own_gap(commit, GapAbout::Content).filter(|_| bot.kinds.is_some());
                    unknown.extend(unread.map(|gap| gap.reason.to_string()));
                }
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

/// Policies of kinds that the register does not let a bot touch.
fn foreign_kinds(bot: &RegisteredBot, commit: &Commit) -> Option<String> {
    let kinds = commit.policy_edits.iter().map(|edit| &edit.object.kind);
    let foreign: BTreeSet<String> = kinds
        .filter(|kind| !bot.may_touch(&kind.group, &kind.kind))
        .map(|kind| shown(&if kind.group.is_empty() { kind.kind.to_string() } else { format!("{}/{}", kind.group, kind.kind) }))
        .collect();
    let count = counted(foreign.len(), "kind");
    (!foreign.is_empty())
        .then(|| format!("the bot {} touched policies of {count} outside its register: {}", shown(&bot.name), some_of(foreign)))
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
    use crate::checks::samples::{assess, by, commit, globs, merge, outcomes, person, policy_edit, settings, told, with_files};
    use crate::settings::Settings;

    #[test]
    fn a_bot_stays_with_its_kinds() {
        let mut settings = bots();
        settings.bots[0].kinds = Some(vec!["networking.k8s.io/NetworkPolicy".to_owned()]);
        let touching = |kind: &str| {
            let mut dossier = with_files(by(1, "images", "images@example.com"), &[("apps/a.yaml", &[])]);
            dossier.change.commit.policy_edits = Box::new([policy_edit(kind, "a", "b", "apps/a.yaml")]);
            dossier
        };
        assert_eq!(
            told(&assess(&BOT_OUT_OF_BOUNDS, &settings, &[touching("NetworkPolicy"), touching("Ingress")])),
            [
                "no exception",
                "exception: the bot images touched policies of 1 kind outside its register: networking.k8s.io/Ingress",
            ]
        );
    }

    fn bots() -> Settings {
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
        let mut merged = merge(2, "Merge", vec![commit(9, "by a person")]);
        merged.change.commit.author.person = person("images", "images@example.com");
        assert_eq!(outcomes(&assess(&BOT_OUT_OF_BOUNDS, &bots(), &[merged])), ["not applicable"]);
    }
}
