//! Which content of production stood in an earlier environment before: by the same file below another environment's name,
//! or by the same policy object saying the same there.

use std::collections::{BTreeMap, BTreeSet};

use crate::changes::{EditKind, FileEdit, GapAbout};
use crate::checks::verdict::{Verdict, counted, header, judge_each_change, own_gap, shown, shown_path, some_of};
use crate::checks::{Card, Check, EnvironmentFile, Finding, Gate, Period, Severity};
use crate::classification::FileClass;
use crate::evidence::{Dossier, Grade};
use crate::manifests::ObjectKind;
use crate::policies::PolicyEdit;
use crate::settings::EnvironmentSettings;
use crate::settings::reader::Section;
use crate::text::{BlobId, PathKey, RepoPath};

pub(super) static PROMOTION_SKIPPED: Card = Card {
    id: "promotion-skipped",
    requirement: "What reaches production stood in an earlier environment before.",
    rationale: "Environments are there to try a change where it can do no harm. Content that nobody ran before production is tried in \
                production.",
    remedy: "Bring the change to the earlier environments now and confirm that it works there. Let the owner of production accept \
             what is meant for production alone.",
    severity: Severity::Medium,
    gate: Gate::Afterwards,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.31"),
        ("ISO 27001:2022", "A.8.32"),
        ("NIST SP 800-53", "CM-4"),
        ("PCI DSS 4.0", "6.5.3"),
        ("NERC CIP", "CIP-010-4 R1"),
    ],
    needs: "the environment of each changed path, the ids of contents in the period and in the tree before it, and policy objects",
    waivable_by: "the owner of production, not the author of the change",
    settings: &[("earlier", "[]", "environments that come before production; where none is named, every other one")],
    since: "0.1.0",
    limits: "A file of production is compared with the file whose path differs in the environment's name only, and a policy object with \
             the one of its kind and name. Files that differ from environment to environment by intention are not assessable when \
             both changed, and found when production alone changed. Where the path does not hold the environment's name no file can \
             be found to compare with. Removals, renames, and what a shared base brings to every environment are not judged; nor is \
             a promotion by tags, by image versions kept elsewhere, or from another repository.",
};

/// See [`PROMOTION_SKIPPED`].
#[derive(Debug)]
pub(super) struct PromotionSkipped {
    earlier: BTreeSet<String>,
}

impl PromotionSkipped {
    pub(super) fn configured(section: &mut Section) -> Self {
        let written = section.strings("earlier").unwrap_or_default();
        Self { earlier: written.into_iter().map(|(_, name)| name.trim().to_lowercase()).collect() }
    }
}

impl Check for PromotionSkipped {
    fn card(&self) -> &'static Card {
        &PROMOTION_SKIPPED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let mut promotions = Promotions::of(period, &self.earlier);
        judge_each_change(&PROMOTION_SKIPPED, period, |position, dossier| {
            let verdict = promotions.judge(position, dossier);
            if let Some(dossier) = period.dossiers.get(position) {
                promotions.learn(position, dossier);
            }
            verdict
        })
    }
}

/// What is known of the earlier environments before a change, kept while changes are judged from the oldest on.
struct Promotions<'a> {
    environments: &'a EnvironmentSettings,
    /// Environments that count as earlier; empty means every one that is not production.
    earlier: &'a BTreeSet<String>,
    /// What each environment of the period counts as.
    roles: BTreeMap<&'a str, Role>,
    /// The number of each slot, by path with the environment's name replaced.
    numbers: BTreeMap<String, usize>,
    /// The slot of each path that was looked at, with its environment.
    by_path: BTreeMap<PathKey, (&'a str, Option<usize>)>,
    slots: Vec<Slot<'a>>,
    /// For each dossier the slots of its files that count, in order; `None` where a file has none.
    files: Vec<Box<[Option<usize>]>>,
    /// Contents of files that stand in no environment: all environments share them.
    shared: BTreeSet<BlobId>,
    /// Policy objects of earlier environments, by kind and name, with the fields that were set there.
    objects: BTreeMap<(&'a ObjectKind, &'a str), Fields<'a>>,
    /// Whether everything before the change was seen.
    whole: bool,
}

/// Paths of fields, each with what was set there.
type Fields<'a> = BTreeSet<(&'a str, Option<&'a str>)>;

/// What an environment counts as.
#[derive(Clone, Copy)]
struct Role {
    is_earlier: bool,
    is_production: bool,
}

/// The files of earlier environments that stand where a file of production does; without any environment there is none.
#[derive(Default)]
struct Slot<'a> {
    /// Environments in which it stood or was changed.
    environments: BTreeSet<&'a str>,
    /// Contents it had there before the change that is judged.
    contents: BTreeSet<BlobId>,
    /// Whether it is known to have been there before.
    existed: bool,
    /// Whether it was changed there since production last was.
    changed_since: bool,
}

/// Where the content of one file of production comes from.
enum Origin {
    Earlier,
    Skipped(String),
    Unknown(String),
    NoCounterpart,
}

impl<'a> Promotions<'a> {
    /// Prepares for a period: what stood in the environments when it began, and contents that a first edit replaced.
    pub fn of(period: &Period<'a>, earlier: &'a BTreeSet<String>) -> Self {
        let mut promotions = Self {
            environments: &period.settings.environments,
            earlier,
            roles: BTreeMap::new(),
            numbers: BTreeMap::new(),
            by_path: BTreeMap::new(),
            slots: Vec::new(),
            files: Vec::with_capacity(period.dossiers.len()),
            shared: BTreeSet::new(),
            objects: BTreeMap::new(),
            whole: period.at_start.is_some(),
        };
        for file in period.at_start.unwrap_or_default() {
            promotions.found_at_start(file);
        }
        for dossier in period.dossiers {
            let numbers = located(dossier).map(|(edit, environment)| promotions.prepare(edit, environment?)).collect();
            promotions.files.push(numbers);
        }
        promotions
    }

    /// The slot of a file, which remembers what the file's first edit replaced in an earlier environment.
    fn prepare(&mut self, edit: &FileEdit, environment: &'a str) -> Option<usize> {
        let role = self.role(environment);
        if !role.is_earlier && !role.is_production {
            return None;
        }
        let number = self.number_of(&edit.path, environment)?;
        if let Some(slot) = self.slots.get_mut(number)
            && role.is_earlier
            && slot.environments.insert(environment)
            && let Some(before) = edit.before
        {
            slot.existed = true;
            slot.contents.insert(before.blob);
        }
        Some(number)
    }

    fn number_of(&mut self, path: &RepoPath, environment: &'a str) -> Option<usize> {
        let key = PathKey::of(path);
        if let Some((known, number)) = self.by_path.get(&key)
            && *known == environment
        {
            return *number;
        }
        let number = slot_of(path, environment).map(|slot| self.number(slot));
        self.by_path.insert(key, (environment, number));
        number
    }

    fn number(&mut self, key: String) -> usize {
        let slots = &mut self.slots;
        *self.numbers.entry(key).or_insert_with(|| {
            slots.push(Slot::default());
            slots.len() - 1
        })
    }

    fn role(&mut self, environment: &'a str) -> Role {
        if let Some(role) = self.roles.get(environment) {
            return *role;
        }
        let is_production = self.environments.is_production(environment);
        let is_earlier =
            if self.earlier.is_empty() { !is_production } else { self.earlier.contains(&environment.to_lowercase()) };
        self.roles.insert(environment, Role { is_earlier, is_production });
        Role { is_earlier, is_production }
    }

    fn is_production(&self, environment: &str) -> bool {
        self.roles.get(environment).is_some_and(|role| role.is_production)
    }

    fn found_at_start(&mut self, file: &'a EnvironmentFile) {
        let Some(environment) = file.environment.as_deref() else {
            self.shared.insert(file.blob);
            return;
        };
        if self.role(environment).is_earlier
            && let Some(key) = slot_of(&file.path, environment)
            && let number = self.number(key)
            && let Some(slot) = self.slots.get_mut(number)
        {
            slot.environments.insert(environment);
            slot.contents.insert(file.blob);
            slot.existed = true;
        }
    }

    /// Judges one change by what was learnt of those before it.
    pub fn judge(&self, position: usize, dossier: &Dossier) -> Verdict {
        let commit = &dossier.change.commit;
        if commit.parents.is_empty() {
            return Verdict::not_applicable();
        }
        let (mut skipped, mut unknown, mut promoted) = (Vec::new(), Vec::new(), 0_usize);
        for ((edit, environment), number) in located(dossier).zip(self.numbers_of(position)) {
            let Some(environment) = environment.filter(|name| self.is_production(name)) else { continue };
            match self.origin(dossier, edit, environment, *number) {
                Some(Origin::Skipped(why)) => skipped.push(why),
                Some(Origin::Unknown(why)) => unknown.push(why),
                Some(Origin::Earlier) => promoted += 1,
                Some(Origin::NoCounterpart) | None => {}
            }
        }
        if !skipped.is_empty() {
            let because = format!("{} of production skipped: {}", counted(skipped.len(), "file"), some_of(skipped));
            return Verdict::exception(Grade::Structural, because).citing([header()]);
        }
        if let Some(gap) = own_gap(commit, GapAbout::FileEdits) {
            return Verdict::not_assessable(gap.reason.clone());
        }
        if !unknown.is_empty() {
            let because = format!("{} of production unclear: {}", counted(unknown.len(), "file"), some_of(unknown));
            return Verdict::not_assessable(because);
        }
        if promoted == 0 { Verdict::not_applicable() } else { Verdict::pass(Grade::Structural) }
    }

    /// Where a file of production comes from; `None` where the edit brings no content.
    fn origin(&self, dossier: &Dossier, edit: &FileEdit, environment: &str, number: Option<usize>) -> Option<Origin> {
        let brings_content = matches!(edit.kind, EditKind::Added | EditKind::Modified);
        let blob = edit.after.filter(|_| brings_content)?.blob;
        let path = || shown_path(&edit.path);
        let Some(number) = number else {
            let path = path();
            return Some(Origin::Unknown(format!("{path} (its path does not name the environment {})", shown(environment))));
        };
        let slot = self.slots.get(number).filter(|slot| !slot.environments.is_empty());
        if self.shared.contains(&blob)
            || slot.is_some_and(|slot| slot.contents.contains(&blob))
            || self.said_before(dossier, edit)
        {
            return Some(Origin::Earlier);
        }
        let path = path();
        let Some(slot) = slot else {
            return Some(if self.whole && !self.knows_an_object_of(dossier, edit) {
                Origin::NoCounterpart
            } else {
                Origin::Unknown(format!("{path} (what stood in earlier environments cannot be told)"))
            });
        };
        let environments = slot.environments.iter().map(|name| shown(name)).collect::<Vec<_>>().join(", ");
        Some(if slot.changed_since {
            Origin::Unknown(format!("{path} (changed in {environments} before, to something else)"))
        } else if !self.whole {
            Origin::Unknown(format!("{path} (not all that stood in earlier environments can be told)"))
        } else if slot.existed {
            Origin::Skipped(format!("{path} (not changed in {environments} before)"))
        } else {
            Origin::Skipped(format!("{path} (came to {environments} later or at once)"))
        })
    }

    /// Whether each policy object that the edit changes was given the same fields in an earlier environment.
    fn said_before(&self, dossier: &Dossier, edit: &FileEdit) -> bool {
        let mut edits = objects_in(dossier, edit).peekable();
        let same = |object: &PolicyEdit| {
            let Some(known) = self.objects.get(&(&object.object.kind, &*object.object.name)) else { return false };
            let mut fields = object.fields.iter();
            !object.fields.is_empty() && fields.all(|field| known.contains(&(&*field.path, field.after.as_deref())))
        };
        edits.peek().is_some() && edits.all(same)
    }

    fn knows_an_object_of(&self, dossier: &Dossier, edit: &FileEdit) -> bool {
        objects_in(dossier, edit).any(|object| self.objects.contains_key(&(&object.object.kind, &*object.object.name)))
    }

    /// Learns what a change brought to which environment.
    pub fn learn(&mut self, position: usize, dossier: &'a Dossier) {
        self.whole &= own_gap(&dossier.change.commit, GapAbout::FileEdits).is_none();
        let numbers = self.files.get_mut(position).map(std::mem::take).unwrap_or_default();
        for ((edit, environment), number) in located(dossier).zip(numbers) {
            match environment {
                None => self.shared.extend(edit.after.map(|entry| entry.blob)),
                Some(environment) => self.learn_file(dossier, edit, environment, number),
            }
        }
    }

    fn numbers_of(&self, position: usize) -> &[Option<usize>] {
        self.files.get(position).map(|numbers| &**numbers).unwrap_or_default()
    }

    fn learn_file(&mut self, dossier: &'a Dossier, edit: &FileEdit, environment: &'a str, number: Option<usize>) {
        let Role { is_earlier, is_production } = self.role(environment);
        let slot = number.and_then(|number| self.slots.get_mut(number)).filter(|slot| !slot.environments.is_empty());
        if is_production && let Some(slot) = slot {
            slot.changed_since = false;
        } else if is_earlier && let Some(slot) = slot {
            slot.existed = true;
            slot.changed_since = true;
            slot.contents.extend(edit.after.map(|entry| entry.blob));
        }
        if is_earlier {
            for object in objects_in(dossier, edit) {
                let known = self.objects.entry((&object.object.kind, &*object.object.name)).or_default();
                known.extend(object.fields.iter().map(|field| (&*field.path, field.after.as_deref())));
            }
        }
    }
}

/// The files of a change that count, each with its environment.
fn located(dossier: &Dossier) -> impl Iterator<Item = (&FileEdit, Option<&str>)> {
    let files = dossier.change.commit.file_edits.iter().zip(&dossier.classification.files);
    let counted = files.filter(|(_, class)| !class.ignored);
    counted.map(|(edit, class): (_, &FileClass)| (edit, class.environment.as_deref()))
}

/// The policy objects that a change edits in one of its files; they are sorted by path.
fn objects_in<'a>(dossier: &'a Dossier, edit: &FileEdit) -> impl Iterator<Item = &'a PolicyEdit> {
    let edits = &dossier.change.commit.policy_edits;
    let first = edits.partition_point(|object| object.path < edit.path);
    let path = edit.path.clone();
    edits.get(first..).unwrap_or_default().iter().take_while(move |object| object.path == path)
}

/// A path with the name of its environment replaced, so that counterparts are equal; `None` where it does not hold the name.
fn slot_of(path: &RepoPath, environment: &str) -> Option<String> {
    let text = path.to_text();
    let (folders, file) = text.rsplit_once('/').unwrap_or(("", &text));
    let is_it = |part: &str| part.eq_ignore_ascii_case(environment);
    if folders.split('/').any(is_it) {
        let mut replaced = false;
        let parts = folders.split('/').map(|part| {
            let here = !replaced && is_it(part);
            replaced |= here;
            if here { "*" } else { part }
        });
        return Some(format!("{}/{file}", parts.collect::<Vec<_>>().join("/")));
    }
    let (stem, ending) = file.rsplit_once('.')?;
    if is_it(stem) {
        return Some(format!("{folders}/*.{ending}"));
    }
    let before = stem.len().checked_sub(environment.len()).filter(|at| stem.is_char_boundary(*at))?;
    let (before, name) = stem.split_at(before);
    (is_it(name) && before.ends_with(['-', '_', '.'])).then(|| format!("{folders}/{before}*.{ending}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::layers::PROMOTION_SKIPPED;
    use crate::checks::samples::{dossier, id, outcomes, policy_edit, settings, settings_with, told, with_files, with_period};
    use crate::checks::{Catalogue, Finding};
    use crate::policies::FieldEdit;
    use crate::settings::Settings;

    /// A change of files, each with environment, blob before (0 for none) and blob after.
    fn change(n: u8, files: &[(&str, Option<&str>, u8, u8)]) -> Dossier {
        let paths: Vec<_> = files.iter().map(|(path, ..)| (*path, [].as_slice())).collect();
        let mut dossier = with_files(dossier(n, "Say why"), &paths);
        for (position, &(_, environment, before, after)) in files.iter().enumerate() {
            dossier.classification.files[position].environment = environment.map(Into::into);
            let edit = &mut dossier.change.commit.file_edits[position];
            edit.kind = if before == 0 { EditKind::Added } else { EditKind::Modified };
            edit.before =
                edit.before.filter(|_| before > 0).map(|entry| crate::changes::Entry { blob: BlobId(id(before)), ..entry });
            edit.after = edit.after.map(|entry| crate::changes::Entry { blob: BlobId(id(after)), ..entry });
        }
        dossier
    }

    fn assess(settings: &Settings, dossiers: &[Dossier], at_start: Option<&[EnvironmentFile]>) -> Vec<Finding> {
        let (catalogue, problems) = Catalogue::configured(settings);
        assert_eq!(problems, []);
        let assessments = with_period(settings, dossiers, |period| catalogue.assess(&Period { at_start, ..*period }));
        assessments.into_iter().find(|found| found.card.id == PROMOTION_SKIPPED.id).map_or_else(Vec::new, |found| found.findings)
    }

    const PRODUCTION: (&str, Option<&str>) = ("np/production/a.yaml", Some("production"));
    const STAGING: (&str, Option<&str>) = ("np/staging/a.yaml", Some("staging"));

    #[test]
    fn content_is_followed_from_environment_to_environment() {
        let (p, s) = (|before, after| (PRODUCTION.0, PRODUCTION.1, before, after), |b, a| (STAGING.0, STAGING.1, b, a));
        let changes = [
            change(1, &[s(0, 1), p(0, 1)]),                                     // a root commit
            change(2, &[s(1, 2)]),                                              // staging first
            change(3, &[p(1, 2)]),                                              // then production: the same
            change(4, &[p(2, 3)]),                                              // production alone
            change(5, &[s(2, 4)]),                                              // staging goes on
            change(6, &[p(3, 5)]),                                              // production changes too, to something else
            change(7, &[p(5, 1)]),                                              // back to what staging once had
            change(8, &[("np/production/own.yaml", Some("production"), 0, 8)]), // no other environment has it
            change(9, &[("np/base.yaml", None, 0, 9)]),
            change(10, &[("np/production/b.yaml", Some("production"), 0, 9)]), // as the shared file
            change(11, &[("np/production/c.yaml", Some("production"), 0, 11), ("np/staging/c.yaml", Some("staging"), 0, 11)]),
        ];
        let whole = assess(&settings(), &changes, Some(&[]));
        assert_eq!(
            told(&whole),
            [
                "not applicable",
                "not applicable",
                "no exception",
                "exception: 1 file of production skipped: np/production/a.yaml (not changed in staging before)",
                "not applicable",
                "not assessable: 1 file of production unclear: np/production/a.yaml (changed in staging before, to something else)",
                "no exception",
                "not applicable",
                "not applicable",
                "no exception",
                "exception: 1 file of production skipped: np/production/c.yaml (came to staging later or at once)",
            ]
        );
        let named = settings_with("[checks.promotion-skipped]\nearlier = [\"dev\"]");
        assert_eq!(outcomes(&assess(&named, &changes, Some(&[])))[2..4], ["not applicable", "not applicable"]);
    }

    #[test]
    fn what_stood_when_the_period_began_counts_and_without_it_nothing_is_skipped() {
        let changes = [
            change(2, &[(PRODUCTION.0, PRODUCTION.1, 1, 2)]),
            change(3, &[(STAGING.0, STAGING.1, 2, 3)]),
            change(4, &[(PRODUCTION.0, PRODUCTION.1, 2, 7)]),
            change(5, &[(PRODUCTION.0, PRODUCTION.1, 7, 8)]),
            change(6, &[("np/production/own.yaml", Some("production"), 1, 8)]),
        ];
        let stood = |path: &str, environment: Option<&str>, blob| EnvironmentFile {
            path: RepoPath::new(path.as_bytes()),
            environment: environment.map(Into::into),
            blob: BlobId(id(blob)),
        };
        let standing = [stood(STAGING.0, STAGING.1, 2), stood("np/dev/a.yaml", Some("dev"), 7)];
        let expected = ["no exception", "not applicable", "no exception", "exception", "not applicable"];
        assert_eq!(outcomes(&assess(&settings(), &changes, Some(&standing))), expected);
        let unknown = ["no exception", "not applicable", "not assessable", "not assessable", "not assessable"];
        assert_eq!(outcomes(&assess(&settings(), &changes, None)), unknown);
    }

    #[test]
    fn a_policy_object_may_say_the_same_in_another_file() {
        let saying = |n: u8, path: &str, environment, value: &str| {
            let mut dossier = change(n, &[(path, Some(environment), n, n + 100)]);
            let mut edit = policy_edit("NetworkPolicy", environment, "deny", path);
            edit.fields =
                Box::new([FieldEdit { path: "spec.podSelector".into(), before: None, after: Some(value.into()), line: 4 }]);
            dossier.change.commit.policy_edits = Box::new([edit]);
            dossier
        };
        let changes = [
            saying(2, "np/staging/s.yaml", "staging", "{}"),
            saying(3, "np/production/p.yaml", "production", "{}"),
            saying(4, "np/production/p.yaml", "production", "{\"a\":1}"),
        ];
        assert_eq!(outcomes(&assess(&settings(), &changes, Some(&[]))), ["not applicable", "no exception", "not assessable"]);
    }

    #[test]
    fn counterparts_stand_in_the_same_slot() {
        let slot = |path: &str, environment| slot_of(&RepoPath::new(path.as_bytes()), environment);
        let cases = [
            ("np/production/a.yaml", "production", Some("np/*/a.yaml")),
            ("np/staging/a.yaml", "staging", Some("np/*/a.yaml")),
            ("Production/x/production/a.yaml", "production", Some("*/x/production/a.yaml")),
            ("chart/values-prod.yaml", "prod", Some("chart/values-*.yaml")),
            ("environments/prod.tfvars", "prod", Some("environments/*.tfvars")),
            ("prod.yaml", "prod", Some("/*.yaml")),
            ("clusters/c2/a.yaml", "production", None),
            ("a/valuesprod.yaml", "prod", None),
            ("a/ü.yaml", "prod", None),
        ];
        for (path, environment, expected) in cases {
            assert_eq!(slot(path, environment).as_deref(), expected, "{path}");
        }
    }
}
