//! Did it stay where it belongs?

mod promotion;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::promotion::{PROMOTION_SKIPPED, PromotionSkipped};
use super::catalogue::{Family, Listing};
use super::policies::class_of;
use super::verdict::{
    Verdict, counted, first_of, header, judge_each_change, number, own_gap, shown, shown_path, side_header, some_of,
};
use super::{Card, Check, Finding, Gate, Period, Severity, Subject};
use crate::changes::{Commit, EditKind, FileEdit, GapAbout};
use crate::classification::{FileClass, LayerSet, foreign_layer};
use crate::evidence::{Dossier, Grade};
use crate::settings::reader::{Section, did_you_mean};
use crate::settings::{EnvironmentSettings, Layer};
use crate::text::RepoPath;

pub(super) const FAMILY: Family = Family {
    name: "layers",
    question: "Did it stay where it belongs?",
    checks: &[
        Listing { card: &MIXED_LAYER, configure: |section| Box::new(MixedLayer::configured(section)) },
        Listing { card: &MIXED_COMMIT, configure: |_| Box::new(MixedCommit) },
        Listing { card: &FOREIGN_LAYER, configure: |_| Box::new(ForeignLayer) },
        Listing { card: &LAYER_UNMAPPED, configure: |_| Box::new(LayerUnmapped) },
        Listing { card: &MIXED_ENVIRONMENT, configure: |_| Box::new(MixedEnvironment) },
        Listing { card: &PROMOTION_SKIPPED, configure: |section| Box::new(PromotionSkipped::configured(section)) },
    ],
};

const OWNER_MAY_WAIVE: &str = "the owners of the layers concerned, not the author of the change";

static MIXED_LAYER: Card = Card {
    id: "mixed-layer",
    requirement: "One change touches one layer.",
    rationale: "Each layer has its own reviewers and its own pace. A change of several layers is reviewed by the owners of one of them \
                at best, and a change of protection hides beside a change of an application.",
    remedy: "Split such work into one change per layer. Have the owners of each touched layer look at this one now.",
    severity: Severity::Medium,
    gate: Gate::Landing,
    references: &[],
    needs: "the layer of each changed path",
    waivable_by: OWNER_MAY_WAIVE,
    settings: &[("allow", "[]", "layers that may change together, e.g. [\"platform+observability\"]")],
    since: "0.1.0",
    limits: "The layer of a path follows from the layer map, the kinds in the file and words of the path; a wrong map gives wrong \
             layers. The severity is high where the security layer is among them.",
};

/// See [`MIXED_LAYER`].
#[derive(Debug)]
struct MixedLayer {
    allow: Vec<LayerSet>,
}

impl MixedLayer {
    fn configured(section: &mut Section) -> Self {
        let written = section.strings("allow").unwrap_or_default();
        let allow = written
            .into_iter()
            .map(|(line, together)| together.split('+').filter_map(|name| layer_named(section, line, name.trim())).collect());
        Self { allow: allow.collect() }
    }

    fn judge(&self, dossier: &Dossier) -> Verdict {
        let (commit, classes) = (&dossier.change.commit, &*dossier.classification.files);
        let layers = layers_of(classes);
        let allowed = || self.allow.iter().any(|allowed| layers.iter().all(|layer| allowed.contains(layer)));
        if layers.len() > 1 && !allowed() {
            let verdict = Verdict::exception(Grade::Structural, mixture(commit, classes, layers)).citing([header()]);
            return if layers.contains(Layer::Security) { verdict.at(Severity::High) } else { verdict };
        }
        if let Some(verdict) = unread(commit) {
            return verdict;
        }
        match layers.len() {
            0 => Verdict::not_applicable(),
            1 => Verdict::pass(Grade::Structural),
            _ => Verdict::pass_because(Grade::Structural, format!("{} may change together by the settings", names(layers))),
        }
    }
}

fn layer_named(section: &mut Section, line: usize, name: &str) -> Option<Layer> {
    let layer = Layer::from_name(name).filter(|layer| *layer != Layer::Governance);
    if layer.is_none() {
        let words: Vec<&str> = Layer::ALL.into_iter().filter(|layer| *layer != Layer::Governance).map(Layer::name).collect();
        let hint = format!("{}write layers joined by `+`: {}", did_you_mean(name, &words), words.join(", "));
        section.complain(line, format!("`{name}` is not one of the five layers"), hint);
    }
    layer
}

/// Every layer that some files belong to or belonged to before a rename; governance is not one of the five.
fn layers_of(classes: &[FileClass]) -> LayerSet {
    let counted = classes.iter().filter(|class| !class.ignored);
    counted.fold(LayerSet::EMPTY, |layers, class| layers.union(class.layers).union(class.moved_from)).without(Layer::Governance)
}

fn names(layers: LayerSet) -> String {
    layers.iter().map(Layer::name).collect::<Vec<_>>().join(", ")
}

/// Each layer with how many files it has and the first of them.
fn mixture(commit: &Commit, classes: &[FileClass], layers: LayerSet) -> String {
    let parts = layers.iter().map(|layer| {
        let inside =
            |(_, class): &(&FileEdit, &FileClass)| !class.ignored && class.layers.union(class.moved_from).contains(layer);
        let mut files = commit.file_edits.iter().zip(classes).filter(inside);
        let first = files.next().map(|(edit, class)| shown_path(path_inside(edit, class, layer))).unwrap_or_default();
        let more = match files.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{} ({first}{more})", layer.name())
    });
    format!("touches {} layers: {}", layers.len(), parts.collect::<Vec<_>>().join(", "))
}

/// The path under which a file belongs to a layer: the former one for a layer that it left.
fn path_inside<'a>(edit: &'a FileEdit, class: &FileClass, layer: Layer) -> &'a RepoPath {
    if class.layers.contains(layer) { &edit.path } else { edit.old_path.as_ref().unwrap_or(&edit.path) }
}

/// Not assessable where paths or contents of the commit could not be read.
fn unread(commit: &Commit) -> Option<Verdict> {
    let gap = own_gap(commit, GapAbout::FileEdits).or_else(|| own_gap(commit, GapAbout::Content))?;
    Some(Verdict::not_assessable(gap.reason.clone()))
}

impl Check for MixedLayer {
    fn card(&self) -> &'static Card {
        &MIXED_LAYER
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        judge_each_change(&MIXED_LAYER, period, |_, dossier| self.judge(dossier))
    }
}

static MIXED_COMMIT: Card = Card {
    id: "mixed-commit",
    requirement: "Each commit that a merge brings in touches one layer, also where the merge as a whole may touch several.",
    rationale: "A commit is what is reverted, picked and read later. One that mixes layers takes the other layer along.",
    remedy: "Ask for one commit per layer in the proposal. Nothing needs to be done about commits that have arrived.",
    severity: Severity::Low,
    gate: Gate::Landing,
    references: &[],
    needs: "the layer of each path changed by a side commit",
    waivable_by: OWNER_MAY_WAIVE,
    settings: &[],
    since: "0.1.0",
    limits: "It judges side commits of merges only: commits that were squashed are gone. Merges inside the side branch are not judged.",
};

/// See [`MIXED_COMMIT`].
#[derive(Debug)]
struct MixedCommit;

impl Check for MixedCommit {
    fn card(&self) -> &'static Card {
        &MIXED_COMMIT
    }

    /// One finding for each side commit, and one for each change that has none.
    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let mut findings = Vec::with_capacity(period.dossiers.len());
        for (position, dossier) in period.dossiers.iter().enumerate() {
            if dossier.change.side_commits.is_empty() || dossier.classification.out_of_scope.is_some() {
                findings.push(Verdict::not_applicable().about(Subject::Change(number(position)), &MIXED_COMMIT));
                continue;
            }
            for (side, commit) in dossier.change.side_commits.iter().enumerate() {
                let subject = Subject::SideCommit(number(position), number(side));
                let classes = dossier.classification.side_files.get(side).map(|classes| &**classes);
                findings.push(judge_side_commit(commit, classes).about(subject, &MIXED_COMMIT));
            }
        }
        findings.sort_by_key(|finding| finding.subject);
        findings
    }
}

fn judge_side_commit(commit: &Commit, classes: Option<&[FileClass]>) -> Verdict {
    if commit.parents.len() > 1 {
        return Verdict::not_applicable();
    }
    let Some(classes) = classes else {
        return Verdict::not_assessable("the layers of this side commit are not known");
    };
    if let Some(gap) = own_gap(commit, GapAbout::Commit) {
        return Verdict::not_assessable(gap.reason.clone());
    }
    let layers = layers_of(classes);
    if layers.len() > 1 {
        return Verdict::exception(Grade::Structural, mixture(commit, classes, layers)).citing([side_header(commit.id)]);
    }
    match unread(commit) {
        Some(verdict) => verdict,
        None if layers.is_empty() => Verdict::not_applicable(),
        None => Verdict::pass(Grade::Structural),
    }
}

static FOREIGN_LAYER: Card = Card {
    id: "foreign-layer",
    requirement: "A repository that declares itself one layer holds nothing of another.",
    rationale: "What lies in the repository of another layer escapes the reviewers of its own: a Deployment in the security repository \
                is an application that security rolls out.",
    remedy: "Move the file to the repository of its layer, or correct the layer map where it is wrong.",
    severity: Severity::Medium,
    gate: Gate::Landing,
    references: &[],
    needs: "[repository] layer in the settings, the layer map, and the kinds of objects in changed files",
    waivable_by: OWNER_MAY_WAIVE,
    settings: &[],
    since: "0.1.0",
    limits: "It judges what changed, not what was there before. A kind that runs in every layer, such as a Deployment, is foreign only \
             where security or infrastructure is declared; cluster-wide roles and definitions only where applications are. Templates that are not plain YAML may show no kinds.",
};

/// See [`FOREIGN_LAYER`].
#[derive(Debug)]
struct ForeignLayer;

impl ForeignLayer {
    fn judge(dossier: &Dossier, declared: Layer) -> Verdict {
        let commit = &dossier.change.commit;
        let files = commit.file_edits.iter().zip(&dossier.classification.files);
        let counted_files = files.filter(|(edit, class)| !class.ignored && edit.kind != EditKind::Removed);
        let mut judged = 0_usize;
        let mut foreign = Vec::new();
        for (edit, class) in counted_files {
            judged += 1;
            let elsewhere = class.layers.without(declared).without(Layer::Governance);
            if !elsewhere.is_empty() {
                foreign.push(format!("{} ({}, by {})", shown_path(&edit.path), names(elsewhere), shown(&class.rule)));
            } else if let Some((kind, layer)) = foreign_kind(edit, declared) {
                foreign.push(format!("{} ({}, by kind {kind})", shown_path(&edit.path), layer.name()));
            }
        }
        if !foreign.is_empty() {
            let files = counted(foreign.len(), "file");
            let because = format!("{files} of another layer than {}: {}", declared.name(), some_of(foreign));
            return Verdict::exception(Grade::Structural, because).citing([header()]);
        }
        match unread(commit) {
            Some(verdict) => verdict,
            None if judged == 0 => Verdict::not_applicable(),
            None => Verdict::pass(Grade::Structural),
        }
    }
}

/// The first kind in a file that belongs to another layer whatever the path rules say.
fn foreign_kind(edit: &FileEdit, declared: Layer) -> Option<(String, Layer)> {
    let kinds = edit.kinds.iter().flat_map(|kinds| kinds.iter());
    let mut foreign = kinds.filter_map(|kind| Some((shown(&kind.kind), foreign_layer(kind, declared)?)));
    foreign.next()
}

impl Check for ForeignLayer {
    fn card(&self) -> &'static Card {
        &FOREIGN_LAYER
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let declared = period.settings.declared_layer.filter(|layer| *layer != Layer::Governance);
        judge_each_change(&FOREIGN_LAYER, period, |_, dossier| {
            declared.map_or_else(Verdict::not_applicable, |declared| Self::judge(dossier, declared))
        })
    }
}

static LAYER_UNMAPPED: Card = Card {
    id: "layer-unmapped",
    requirement: "Every changed path belongs to exactly one layer, and it and its policy objects stay in it.",
    rationale: "A path without a layer has no owner and no rules; a file that moves from one layer to another leaves its rules behind.",
    remedy: "Add a line for the path to [[layers]], or mark it `ignore`. For a move, have the owners of both layers look.",
    severity: Severity::Medium,
    gate: Gate::Landing,
    references: &[],
    needs: "the layer of each changed path, and the policy objects before and after",
    waivable_by: OWNER_MAY_WAIVE,
    settings: &[],
    since: "0.1.0",
    limits: "It sees files that moved with the same content, and policy objects that moved between files, whatever else changed. Any \
             other object in a file that was moved and rewritten looks removed and added.",
};

/// See [`LAYER_UNMAPPED`].
#[derive(Debug)]
struct LayerUnmapped;

impl LayerUnmapped {
    fn judge(dossier: &Dossier) -> Verdict {
        let commit = &dossier.change.commit;
        let objects = moved_objects(dossier);
        let told: Vec<String> = [
            told_files(dossier, "in no layer", |class| !class.ignored && class.layers.is_empty(), |path, _| path),
            told_files(
                dossier,
                "in several layers",
                |class| class.layers.without(Layer::Governance).len() > 1,
                |path, class| format!("{path} ({})", names(class.layers)),
            ),
            told_files(
                dossier,
                "moved between layers",
                |class| !class.moved_from.is_empty(),
                |path, class| format!("{path} ({})", way(class.moved_from, class.layers)),
            ),
            (!objects.is_empty())
                .then(|| format!("{} moved between layers: {}", counted(objects.len(), "policy object"), some_of(&objects))),
        ]
        .into_iter()
        .flatten()
        .collect();
        if !told.is_empty() {
            return Verdict::exception(Grade::Structural, told.join("; ")).citing([header()]);
        }
        match unread(commit) {
            Some(verdict) => verdict,
            None if dossier.classification.files.iter().all(|class| class.ignored) => Verdict::not_applicable(),
            None => Verdict::pass(Grade::Structural),
        }
    }
}

/// How many files of a change are of some class, and the first of them; `None` where there is none.
fn told_files(
    dossier: &Dossier,
    what: &str,
    is_meant: impl Fn(&FileClass) -> bool,
    words: impl Fn(String, &FileClass) -> String,
) -> Option<String> {
    let files = || dossier.change.commit.file_edits.iter().zip(&dossier.classification.files);
    let meant = || files().filter(|(_, class)| is_meant(class));
    let count = meant().count();
    let named = meant().map(|(edit, class)| words(shown_path(&edit.path), class));
    (count > 0).then(|| format!("{} {what}: {}", counted(count, "file"), first_of(named, count)))
}

/// The policy objects that left their layer without their whole file, which Git would have seen as a rename.
fn moved_objects(dossier: &Dossier) -> Vec<String> {
    let edits = &dossier.change.commit.policy_edits;
    let moved = dossier.classification.moved_objects.iter().filter_map(|moved| {
        let edit = edits.get(moved.edit)?;
        let told_as_file = class_of(dossier, &edit.path).is_some_and(|class| !class.moved_from.is_empty());
        let told =
            || format!("{} to {} ({})", shown(&edit.object.to_string()), shown_path(&edit.path), way(moved.from, moved.to));
        (!told_as_file).then(told)
    });
    moved.collect()
}

/// From where to where something moved; what its kinds keep in its layer may still have left the layer's folder.
fn way(from: LayerSet, to: LayerSet) -> String {
    let from = names(from);
    match names(to) {
        to if to.is_empty() => format!("from {from} to no layer"),
        to if to == from => format!("{from} by its kinds, out of the folder of that layer"),
        to => format!("from {from} to {to}"),
    }
}

impl Check for LayerUnmapped {
    fn card(&self) -> &'static Card {
        &LAYER_UNMAPPED
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        judge_each_change(&LAYER_UNMAPPED, period, |_, dossier| Self::judge(dossier))
    }
}

static MIXED_ENVIRONMENT: Card = Card {
    id: "mixed-environment",
    requirement: "A change of production touches production only.",
    rationale: "A promotion is looked at and approved as such. Beside changes of other environments nobody sees what reaches production, \
                and it reaches production untried.",
    remedy: "Split such work: first the earlier environments, then production in a change of its own.",
    severity: Severity::Medium,
    gate: Gate::Landing,
    references: &[],
    needs: "the environment of each changed path",
    waivable_by: "the owner of production, not the author of the change",
    settings: &[],
    since: "0.1.0",
    limits: "Environments are known by folder names and by [environments]. A change of a shared base that reaches every environment is \
             not seen as one of production.",
};

/// See [`MIXED_ENVIRONMENT`].
#[derive(Debug)]
struct MixedEnvironment;

impl MixedEnvironment {
    fn judge(dossier: &Dossier, settings: &EnvironmentSettings) -> Verdict {
        let commit = &dossier.change.commit;
        let mut touched = BTreeMap::<&str, Vec<&FileEdit>>::new();
        for (edit, class) in commit.file_edits.iter().zip(&dossier.classification.files) {
            if let Some(environment) = class.environment.as_deref().filter(|_| !class.ignored) {
                touched.entry(environment).or_default().push(edit);
            }
        }
        let production: BTreeSet<bool> = touched.keys().map(|name| settings.is_production(name)).collect();
        if production.len() > 1 {
            let told = touched.iter().map(|(name, edits)| {
                let first = edits.first().map(|edit| shown_path(&edit.path)).unwrap_or_default();
                let more = edits.len().saturating_sub(1);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{} ({first}{more})", shown(name))
            });
            let because = format!("touches production together with another environment: {}", some_of(told));
            return Verdict::exception(Grade::Structural, because).citing([header()]);
        }
        if let Some(gap) = own_gap(commit, GapAbout::FileEdits) {
            return Verdict::not_assessable(gap.reason.clone());
        }
        if touched.is_empty() { Verdict::not_applicable() } else { Verdict::pass(Grade::Structural) }
    }
}

impl Check for MixedEnvironment {
    fn card(&self) -> &'static Card {
        &MIXED_ENVIRONMENT
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        let settings = &period.settings.environments;
        judge_each_change(&MIXED_ENVIRONMENT, period, |_, dossier| Self::judge(dossier, settings))
    }
}
