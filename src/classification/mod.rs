//! Which layer and which environment every changed path belongs to, and the rule that decided.

mod classifier;
mod environments;
mod kinds;
mod path_rules;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::settings::Layer;

pub use self::classifier::Classifier;
pub use self::kinds::foreign_layer;

/// The layers and environments of one change, file by file.
#[derive(Clone, Debug, Default)]
pub struct Classification {
    /// One per file edit of the change's commit, in the same order.
    pub files: Box<[FileClass]>,
    /// For each side commit, one per file edit.
    pub side_files: Box<[Box<[FileClass]>]>,
    /// Policy objects of the change that left the layer of their file, in the order of the commit's policy edits.
    pub moved_objects: Box<[MovedObject]>,
    /// Whether any path of the change is in scope, or why not.
    pub out_of_scope: Option<Arc<str>>,
}

/// A policy object that stands in the file of another layer than before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MovedObject {
    /// Its position among the policy edits of the change's commit.
    pub edit: usize,
    /// The layers of the file it stood in.
    pub from: LayerSet,
    /// The layers of the file it stands in.
    pub to: LayerSet,
}

/// Where one file belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileClass {
    /// The layers; none when unmapped or ignored, several when the file holds objects of several layers.
    pub layers: LayerSet,
    /// Whether a rule says that the path does not count.
    pub ignored: bool,
    /// The rule that decided, e.g. `settings: security/**`, `kind: networking.k8s.io/NetworkPolicy`, `path word: monitoring`.
    pub rule: Arc<str>,
    /// The environment, if the path is inside one.
    pub environment: Option<Arc<str>>,
    /// The layers the path belonged to before a rename, when they differ; also when the kinds keep the layer
    /// and the file left a folder of that layer for a folder of another one.
    pub moved_from: LayerSet,
}

/// A set of layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerSet(u8);

impl LayerSet {
    /// No layer.
    pub const EMPTY: Self = Self(0);

    /// Adds a layer.
    pub fn insert(&mut self, layer: Layer) {
        self.0 |= 1 << (layer as u8);
    }

    /// The union of both.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Without one layer.
    #[must_use]
    pub fn without(self, layer: Layer) -> Self {
        Self(self.0 & !(1 << (layer as u8)))
    }

    /// Whether the layer is in it.
    #[must_use]
    pub fn contains(self, layer: Layer) -> bool {
        self.0 & (1 << (layer as u8)) != 0
    }

    /// How many layers are in it.
    #[must_use]
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The layers in order.
    pub fn iter(self) -> impl Iterator<Item = Layer> {
        Layer::ALL.into_iter().filter(move |layer| self.contains(*layer))
    }
}

impl FromIterator<Layer> for LayerSet {
    fn from_iter<I: IntoIterator<Item = Layer>>(layers: I) -> Self {
        let mut set = Self::EMPTY;
        layers.into_iter().for_each(|layer| set.insert(layer));
        set
    }
}
