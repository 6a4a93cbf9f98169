//! A whole file becomes its Kubernetes objects and what of it could not be read.

use std::borrow::Cow;
use std::sync::Arc;

use super::ObjectKind;
use super::documents::{self, Document, MAX_DOCUMENTS};
use super::expansion::{holds_objects, objects_of};
use super::known::{DocumentReading, KnownDocuments};
use super::object::Object;
use super::scan::{self, FirstLook, Sight};
use super::yaml::{self, Budget, Failure};

/// A detail is cut after so many characters.
const MAX_DETAIL: usize = 200;

/// Everything a file holds.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Its objects, in the order of the file; an object that holds others stands before them.
    pub objects: Vec<Arc<Object>>,
    /// What could not be read, in the order of the file.
    pub gaps: Vec<ContentGap>,
}

/// A part of a file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentGap {
    /// The line, from 1, of the first thing that is wrong.
    pub line: u32,
    /// Why.
    pub reason: Unreadable,
    /// What exactly, in a few words; may quote the file. Empty where the reason says all.
    pub detail: Box<str>,
    /// The kinds that a line scan sees in that document; empty where it sees none.
    pub kinds: Vec<ObjectKind>,
}

/// Why a part of a file could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unreadable {
    /// A template (Helm, Jinja), which is not YAML before it is rendered.
    Template,
    /// Encrypted by git-crypt, or in part by SOPS. An object that SOPS left legible is given all the same.
    Encrypted,
    /// Neither YAML nor JSON.
    NotYaml,
    /// A mapping has a key twice. The object is given all the same, with the last value, as kubectl would take it.
    DuplicateKey,
    /// Too deep, too many values or too many documents.
    OverBudget,
    /// Not text.
    Binary,
    /// A pointer of Git LFS in place of the file.
    LfsPointer,
}

impl Unreadable {
    /// The reason in plain English.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Template => "a template that is not YAML before it is rendered",
            Self::Encrypted => "encrypted",
            Self::NotYaml => "neither YAML nor JSON",
            Self::DuplicateKey => "a key stands twice; the last value is taken",
            Self::OverBudget => "too large to be read",
            Self::Binary => "not a text",
            Self::LfsPointer => "kept outside of Git, by Git LFS",
        }
    }
}

/// Looks at a whole file without parsing it.
#[must_use]
pub fn first_look(bytes: &[u8]) -> FirstLook {
    match decode(bytes) {
        Cow::Borrowed(text) => scan::first_look(text),
        Cow::Owned(text) => scan::first_look(&text),
    }
}

/// Reads a whole file.
///
/// `wants` is asked for each document with the kinds that a line scan sees in it, sorted; what it does not want is not
/// parsed. A document that holds objects (`List`, `Template`) or that the scan may have misread is always parsed, so
/// objects of any kind may be among the contents.
pub fn read(bytes: &[u8], wants: &dyn Fn(&[ObjectKind]) -> bool) -> Contents {
    read_known(bytes, wants, None)
}

/// Reads a whole file as [`read`] does, and parses no document that is known.
pub fn read_known(bytes: &[u8], wants: &dyn Fn(&[ObjectKind]) -> bool, known: Option<&KnownDocuments>) -> Contents {
    let text = decode(bytes);
    match gap_of_whole_file(&text) {
        Some(gap) => Contents { objects: Vec::new(), gaps: vec![gap] },
        None => read_documents(&documents::split(&text), wants, known),
    }
}

/// Reads both sides of an edit as [`read`] does, but leaves out of both what stands word for word in both.
pub fn read_changed(
    before: &[u8],
    after: &[u8],
    wants: &dyn Fn(&[ObjectKind]) -> bool,
    known: Option<&KnownDocuments>,
) -> (Contents, Contents) {
    let (old_text, new_text) = (decode(before), decode(after));
    if gap_of_whole_file(&old_text).is_some() || gap_of_whole_file(&new_text).is_some() {
        return (read_known(before, wants, known), read_known(after, wants, known));
    }
    let (mut old, mut new) = (documents::split(&old_text), documents::split(&new_text));
    documents::remove_shared(&mut old, &mut new);
    (read_documents(&old, wants, known), read_documents(&new, wants, known))
}

/// The bytes as UTF-8: as they are, or converted from UTF-16 where they begin with its mark, as go-yaml does.
fn decode(bytes: &[u8]) -> Cow<'_, [u8]> {
    let encoding = match bytes.get(..2) {
        Some(b"\xff\xfe") => encoding_rs::UTF_16LE,
        Some(b"\xfe\xff") => encoding_rs::UTF_16BE,
        Some(_) | None => return Cow::Borrowed(bytes),
    };
    let (text, _, _) = encoding.decode(bytes);
    Cow::Owned(text.into_owned().into_bytes())
}

/// How much of a file is looked at to tell text from other content, as in Git.
const HEAD: usize = 8000;

fn gap_of_whole_file(bytes: &[u8]) -> Option<ContentGap> {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let reason = if bytes.starts_with(b"\0GITCRYPT\0") {
        Unreadable::Encrypted
    } else if bytes.starts_with(b"version https://git-lfs.github.com/spec/") {
        Unreadable::LfsPointer
    } else if head.contains(&0) {
        Unreadable::Binary
    } else {
        return None;
    };
    let kinds = if reason == Unreadable::Binary { scan::scan(bytes) } else { Vec::new() };
    Some(ContentGap { line: 1, reason, detail: Box::default(), kinds })
}

fn read_documents(documents: &[Document<'_>], wants: &dyn Fn(&[ObjectKind]) -> bool, known: Option<&KnownDocuments>) -> Contents {
    let mut contents = Contents::default();
    let mut budget = Budget::default();
    for document in documents {
        if document.is_rest {
            contents.gaps.push(too_many_documents(document));
            continue;
        }
        let sight = scan::look(document.text);
        let may_hold_more = sight.unsure || sight.kinds.iter().any(holds_objects);
        if may_hold_more || (!sight.kinds.is_empty() && wants(&sight.kinds)) {
            let reading = recalled(document, &mut budget, known).unwrap_or_else(|| {
                let reading = read_document(document, &sight, &mut budget);
                known.inspect(|known| known.remember(document, &reading));
                reading
            });
            contents.objects.extend(reading.objects.iter().cloned());
            contents.gaps.extend(reading.gaps.iter().cloned());
        }
    }
    contents
}

/// What is known of a document, where the budget of the file has enough left for it.
fn recalled(document: &Document<'_>, budget: &mut Budget, known: Option<&KnownDocuments>) -> Option<DocumentReading> {
    let reading = known?.recall(document)?;
    budget.pay(reading.cost)?;
    Some(reading)
}

fn too_many_documents(rest: &Document<'_>) -> ContentGap {
    ContentGap {
        line: rest.line,
        reason: Unreadable::OverBudget,
        detail: format!("more than {MAX_DOCUMENTS} documents").into(),
        kinds: scan::scan(rest.text),
    }
}

fn read_document(document: &Document<'_>, sight: &Sight, budget: &mut Budget) -> DocumentReading {
    let (mut objects, mut gaps) = (Vec::new(), Vec::new());
    let mut gap = |line, reason, detail: &str| {
        let detail = detail.chars().take(MAX_DETAIL).collect::<String>().into();
        gaps.push(ContentGap { line, reason, detail, kinds: sight.kinds.clone() });
    };
    let before = budget.left();
    match std::str::from_utf8(document.text) {
        Err(_) => gap(document.line, Unreadable::NotYaml, "not UTF-8"),
        Ok(text) => {
            let reading = yaml::parse(text, document.line, budget);
            if let Some(first) = reading.duplicates.iter().min_by_key(|duplicate| duplicate.line) {
                gap(first.line, Unreadable::DuplicateKey, &first.key);
            }
            for root in reading.roots {
                let found = objects_of(root, budget);
                objects.extend(found.objects.into_iter().map(Arc::new));
                for remark in found.remarks {
                    gap(remark.line, remark.reason, remark.detail);
                }
            }
            if let Some(failure) = reading.failure {
                gap(failure.line, reason_of(&failure, text), &failure.detail);
            }
        }
    }
    DocumentReading { objects: objects.into(), gaps: gaps.into(), cost: before - budget.left() }
}

/// A text that is not YAML and shows marks of a template is one.
fn reason_of(failure: &Failure, text: &str) -> Unreadable {
    let is_template = failure.reason == Unreadable::NotYaml && ["{{", "{%", "%%", "<%"].iter().any(|mark| text.contains(mark));
    if is_template { Unreadable::Template } else { failure.reason }
}
