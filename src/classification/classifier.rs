//! Applies settings and built-in rules to the paths of changes; the same path is looked at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use globset::{Candidate, GlobSet, GlobSetBuilder};

use super::kinds::{KindRule, Strength, rule_of};
use super::path_rules::{self, PathRule};
use super::words::{self, FolderWords, Word};
use super::{Classification, FileClass, LayerSet, MovedObject, environments};
use crate::changes::{Change, Commit, FileEdit};
use crate::manifests::{ObjectKind, may_hold_objects};
use crate::settings::{EnvironmentSettings, Globs, Layer, Scope, Settings};
use crate::text::{PathKey, RepoPath};

/// How many kinds a rule text names.
const KINDS_SHOWN: usize = 4;

/// Decides layers and environments; the first of these that decides a path wins: scope, the settings' layer map,
/// governance, infrastructure files and furniture, kinds that decide alone, path words, the declared layer, other kinds.
#[derive(Debug)]
pub struct Classifier {
    scope: Scope,
    declared: Option<Layer>,
    layer_globs: GlobSet,
    layer_rules: Vec<(Option<Layer>, Arc<str>)>,
    environments: EnvironmentSettings,
    guards: Globs,
    known: BTreeMap<PathKey, Vec<(Kinds, Classified)>>,
    folder_words: FolderWords,
    texts: BTreeSet<Arc<str>>,
}

/// The kinds of a file, where its content was looked at.
type Kinds = Option<Arc<[ObjectKind]>>;

/// A classified path, and whether it is inside the scope.
#[derive(Clone, Debug)]
struct Classified {
    class: FileClass,
    in_scope: bool,
}

/// What a path says without its content.
#[derive(Debug)]
enum ByPath {
    /// The path decides.
    Decided { layers: LayerSet, ignored: bool, rule: String },
    /// The kinds of the file come first, then the word.
    Open { word: Option<Word>, is_build_file: bool },
}

impl Classifier {
    /// A classifier for these settings.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let mut builder = GlobSetBuilder::new();
        for rule in &settings.layers {
            builder.add(rule.matcher.glob().clone());
        }
        // Settings whose globs do not compile together have a problem and are not used.
        let layer_globs = builder.build().unwrap_or_else(|_| GlobSet::empty());
        let text = |glob: &str| format!("settings: {glob}").into();
        Self {
            scope: settings.scope.clone(),
            declared: settings.declared_layer,
            layer_globs,
            layer_rules: settings.layers.iter().map(|rule| (rule.layer, text(&rule.glob))).collect(),
            environments: settings.environments.clone(),
            guards: settings.guards.clone(),
            known: BTreeMap::new(),
            folder_words: FolderWords::default(),
            texts: BTreeSet::new(),
        }
    }

    /// Whether the kinds of the objects in a file would have a say in its layer.
    ///
    /// In a repository that declares a layer they do even where the settings decide the path: content of another
    /// layer is looked for by kind as well.
    #[must_use]
    pub fn wants_kinds(&self, path: &RepoPath) -> bool {
        if !may_hold_objects(path) {
            return false;
        }
        let text = path.to_text();
        let candidate = Candidate::new(&*text);
        if self.scope_rule(&candidate).is_some() {
            return false;
        }
        if let Some(layer) = self.settings_rule(&candidate).map(|(layer, _)| layer) {
            return self.declared.is_some() && layer.is_some();
        }
        path_rules::find(&text).is_none()
    }

    /// The rule by which a path guards the process, if it does: the settings' own, then the built-in ones.
    #[must_use]
    pub fn guard_rule(&self, path: &RepoPath) -> Option<Arc<str>> {
        let text = path.to_text();
        let first = self.guards.matches(&*text).into_iter().min();
        if let Some(glob) = first.and_then(|position| self.guards.written.get(position)) {
            return Some(format!("settings: {glob}").into());
        }
        path_rules::guard(&text).map(Into::into)
    }

    /// The environment that a path is inside of.
    #[must_use]
    pub fn environment_of(&self, path: &RepoPath) -> Option<String> {
        let text = path.to_text();
        self.environment(&text, &Candidate::new(&*text))
    }

    /// Whether the settings leave a path in scope.
    #[must_use]
    pub fn is_in_scope(&self, path: &RepoPath) -> bool {
        self.scope_rule(&Candidate::new(&*path.to_text())).is_none()
    }

    /// The layers and environments of a change, file by file.
    pub fn classify(&mut self, change: &Change) -> Classification {
        let mut in_scope = 0;
        let mut files = |edits: &[FileEdit]| -> Box<[FileClass]> {
            edits.iter().map(|edit| self.classify_edit(edit, &mut in_scope)).collect()
        };
        let own = files(&change.commit.file_edits);
        let side_files: Box<[_]> = change.side_commits.iter().map(|commit| files(&commit.file_edits)).collect();
        let looked_at = own.len() + side_files.iter().map(|files| files.len()).sum::<usize>();
        let out_of_scope =
            (looked_at > 0 && in_scope == 0).then(|| own.first().or_else(|| side_files.iter().find_map(|f| f.first())));
        let out_of_scope = out_of_scope.flatten().map(|first| self.out_of_scope_reason(&first.rule.clone()));
        let moved_objects = self.moved_objects(&change.commit);
        Classification { files: own, side_files, moved_objects, out_of_scope }
    }

    fn moved_objects(&mut self, commit: &Commit) -> Box<[MovedObject]> {
        let edits = commit.policy_edits.iter().enumerate();
        let moved = edits.filter_map(|(position, edit)| {
            let old_path = edit.old_path.as_ref()?;
            let kinds: Arc<[ObjectKind]> = [edit.object.kind.clone()].into();
            let before = self.classify_anew(old_path, &kinds).class.layers;
            let to = self.classify_anew(&edit.path, &kinds).class.layers;
            let from = if before == to { self.left_home(old_path, &edit.path, to) } else { before };
            (!from.is_empty()).then_some(MovedObject { edit: position, from, to })
        });
        moved.collect()
    }

    fn out_of_scope_reason(&mut self, rule: &str) -> Arc<str> {
        self.intern(format!("every path is {rule}"))
    }

    fn classify_edit(&mut self, edit: &FileEdit, in_scope: &mut usize) -> FileClass {
        let now = self.classify_path(&edit.path, edit.kinds.as_ref());
        *in_scope += usize::from(now.in_scope);
        let mut class = now.class;
        if let Some(old_path) = &edit.old_path {
            let before = self.classify_path(old_path, edit.kinds.as_ref());
            *in_scope += usize::from(before.in_scope && !now.in_scope);
            class.moved_from = if before.class.layers == class.layers {
                self.left_home(old_path, &edit.path, class.layers)
            } else {
                before.class.layers
            };
        }
        class
    }

    /// The layer of a file that was moved out of a folder of its own layer into a folder of another one.
    fn left_home(&mut self, old_path: &RepoPath, path: &RepoPath, layers: LayerSet) -> LayerSet {
        let before = self.classify_path(old_path, None).class.layers;
        let after = self.classify_path(path, None).class.layers;
        if before == layers && !after.is_empty() && after != before { before } else { LayerSet::EMPTY }
    }

    fn classify_path(&mut self, path: &RepoPath, kinds: Option<&Arc<[ObjectKind]>>) -> Classified {
        let key = PathKey::of(path);
        let known = self.known.get(&key).map_or(&[][..], Vec::as_slice);
        if let Some((_, classified)) = known.iter().find(|(known_kinds, _)| same_kinds(known_kinds.as_ref(), kinds)) {
            return classified.clone();
        }
        let classified = self.classify_anew(path, kinds.map_or(&[], |kinds| &**kinds));
        self.known.entry(key).or_default().push((kinds.cloned(), classified.clone()));
        classified
    }

    fn classify_anew(&mut self, path: &RepoPath, kinds: &[ObjectKind]) -> Classified {
        let text = path.to_text();
        let candidate = Candidate::new(&*text);
        if let Some(rule) = self.scope_rule(&candidate) {
            let class = self.file_class(LayerSet::EMPTY, true, rule, None);
            return Classified { class, in_scope: false };
        }
        let (layers, ignored, rule) = match self.by_path(&text, &candidate) {
            ByPath::Decided { layers, ignored, rule } => (layers, ignored, rule),
            ByPath::Open { word, is_build_file } => {
                let kinds = if is_build_file { &[] } else { kinds };
                let (layers, rule) = self.by_kinds(word.as_ref(), kinds);
                (layers, false, rule)
            }
        };
        let environment = if ignored { None } else { self.environment(&text, &candidate) };
        let class = self.file_class(layers, ignored, rule, environment);
        Classified { class, in_scope: true }
    }

    fn file_class(&mut self, layers: LayerSet, ignored: bool, rule: String, environment: Option<String>) -> FileClass {
        let environment = environment.map(|name| self.intern(name));
        FileClass { layers, ignored, rule: self.intern(rule), environment, moved_from: LayerSet::EMPTY }
    }

    fn intern(&mut self, text: String) -> Arc<str> {
        if let Some(known) = self.texts.get(&*text) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        self.texts.insert(text.clone());
        text
    }

    /// Why a path is out of scope, if it is.
    fn scope_rule(&self, candidate: &Candidate<'_>) -> Option<String> {
        if let Some(position) = self.scope.exclude.matches_candidate(candidate).into_iter().min() {
            let glob = self.scope.exclude.written.get(position).map_or("", String::as_str);
            return Some(format!("out of scope: exclude {glob}"));
        }
        let outside = self.scope.include.as_ref().is_some_and(|include| !include.is_match_candidate(candidate));
        outside.then(|| "out of scope: not in scope.include".into())
    }

    fn settings_rule(&self, candidate: &Candidate<'_>) -> Option<&(Option<Layer>, Arc<str>)> {
        let first = self.layer_globs.matches_candidate(candidate).into_iter().min()?;
        self.layer_rules.get(first)
    }

    fn by_path(&mut self, path: &str, candidate: &Candidate<'_>) -> ByPath {
        if let Some((layer, rule)) = self.settings_rule(candidate) {
            return ByPath::Decided { layers: layer.iter().copied().collect(), ignored: layer.is_none(), rule: rule.to_string() };
        }
        let is_build_file = match path_rules::find(path) {
            Some((PathRule::Layer(layer), rule)) => {
                return ByPath::Decided { layers: LayerSet::from_iter([layer]), ignored: false, rule };
            }
            Some((PathRule::Ignored, rule)) => return ByPath::Decided { layers: LayerSet::EMPTY, ignored: true, rule },
            Some((PathRule::BuildFile, _)) => true,
            None => false,
        };
        let mut folders: Vec<&str> = path.split('/').collect();
        let file = folders.pop().unwrap_or("");
        let builtin = self.environments.builtin;
        let is_name = |position| builtin && environments::names_environment(&folders, position);
        let word = words::find(&folders, file, &is_name, &mut self.folder_words);
        ByPath::Open { word: word.map(|word| self.at_home(word)), is_build_file }
    }

    /// `infrastructure` is a word for the platform, as Flux has it, except where the repository declares otherwise.
    fn at_home(&self, word: Word) -> Word {
        let named_so = matches!(&*word.text, "infrastructure" | "infra");
        if named_so && self.declared == Some(Layer::Infrastructure) {
            Word { layer: Layer::Infrastructure, ..word }
        } else {
            word
        }
    }

    /// The layers of a file by its kinds and the word of its path, and the rule that decided.
    fn by_kinds(&self, word: Option<&Word>, kinds: &[ObjectKind]) -> (LayerSet, String) {
        let rules: Vec<(&ObjectKind, KindRule)> = kinds.iter().filter_map(|kind| Some((kind, rule_of(kind)?))).collect();
        let strongest = rules.iter().map(|(_, rule)| rule.strength).max();
        let deciding = rules.iter().filter(|(_, rule)| rule.strength > Strength::ByPath || strongest == Some(Strength::ByPath));
        let own_word = word.filter(|word| !word.last_resort);
        let mut layers = LayerSet::EMPTY;
        let mut decided_by_kind = Vec::new();
        let mut by_fallback = None;
        for (kind, rule) in deciding {
            let decides = rule.decides_alone(self.declared, own_word.map(|word| word.layer));
            // A folder called `rbac` says nothing about who may hold cluster-wide rights.
            let fallback = self.fallback(if rule.strength == Strength::ClusterWide { own_word } else { word });
            match (decides, fallback) {
                (false, Some((layer, text))) => {
                    layers.insert(layer);
                    by_fallback = Some(text);
                }
                (true, _) | (false, None) => {
                    if let Some(layer) = rule.layer {
                        layers.insert(layer);
                        decided_by_kind.push(*kind);
                    }
                }
            }
        }
        if layers.is_empty() {
            return self.by_word_alone(word, kinds);
        }
        let kinds_text = (!decided_by_kind.is_empty()).then(|| kinds_text(&decided_by_kind));
        (layers, kinds_text.into_iter().chain(by_fallback).collect::<Vec<_>>().join("; "))
    }

    /// What decides before a kind that does not decide alone: a folder's own word, the declared layer, a last resort.
    fn fallback(&self, word: Option<&Word>) -> Option<(Layer, String)> {
        let by_word = |word: &Word| (word.layer, format!("path word: {}", word.text));
        let declared = self.declared.map(|layer| (layer, format!("declared layer: {}", layer.name())));
        let own_word = word.filter(|word| !word.last_resort).map(by_word);
        own_word.or(declared).or_else(|| word.map(by_word))
    }

    /// Without a known kind only a word decides: what nobody mapped stays unmapped, also where a layer is declared.
    fn by_word_alone(&self, word: Option<&Word>, kinds: &[ObjectKind]) -> (LayerSet, String) {
        match word.filter(|word| !word.last_resort || self.declared.is_none()) {
            Some(word) => (LayerSet::from_iter([word.layer]), format!("path word: {}", word.text)),
            None if kinds.is_empty() => (LayerSet::EMPTY, "no rule".into()),
            None => {
                let kinds: Vec<&ObjectKind> = kinds.iter().collect();
                (LayerSet::EMPTY, format!("no rule for {}", kinds_text(&kinds)))
            }
        }
    }

    fn environment(&self, path: &str, candidate: &Candidate<'_>) -> Option<String> {
        let rule = self.environments.rules.iter().find(|(matcher, _)| matcher.is_match_candidate(candidate));
        if let Some((_, name)) = rule {
            return Some(name.to_string());
        }
        if !self.environments.builtin {
            return None;
        }
        let mut folders: Vec<&str> = path.split('/').collect();
        let file = folders.pop().unwrap_or("");
        environments::find(&folders, file).map(str::to_owned)
    }
}

fn same_kinds(left: Option<&Arc<[ObjectKind]>>, right: Option<&Arc<[ObjectKind]>>) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => Arc::ptr_eq(left, right) || left == right,
        (None, None) => true,
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn kinds_text(kinds: &[&ObjectKind]) -> String {
    let name =
        |kind: &&ObjectKind| if kind.group.is_empty() { kind.kind.to_string() } else { format!("{}/{}", kind.group, kind.kind) };
    let names: Vec<String> = kinds.iter().take(KINDS_SHOWN).map(name).collect();
    let more = kinds.len().saturating_sub(KINDS_SHOWN);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("kind: {}{more}", names.join(", "))
}
