//! One commit object, read leniently: garbage in a header is a fact about the commit, not the end of the run.

use std::sync::Arc;

use super::tree_diff::FileEdit;
use super::{armour, signed};
use crate::policies::PolicyEdit;
use crate::text::{CommitId, Moment, ObjectId, Person, RepoPath, Text, Timestamp, TreeId, is_readable_encoding, visible_line};

/// One commit with its difference to its first parent.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// Its root tree.
    pub tree: TreeId,
    /// Its parents in order; empty for a root commit.
    pub parents: Box<[CommitId]>,
    /// Who wrote it, as written, and when they say.
    pub author: Signature,
    /// Who committed it, as written, and when they say.
    pub committer: Signature,
    /// The whole message, decoded by its `encoding` header; not trimmed.
    pub message: Text,
    /// What its signature says about itself, where it carries one; nothing is verified here.
    pub signed: Option<Signed>,
    /// Paths that differ from the first parent (from the empty tree for a root commit), sorted by path.
    pub file_edits: Box<[FileEdit]>,
    /// How many paths the tree comparison found before renames were paired.
    pub paths_changed: u32,
    /// What the merge holds that an automatic merge would not; only for commits with two parents or more.
    pub merge: Option<Box<MergeContent>>,
    /// Policy objects that differ from the first parent, sorted by path, then line.
    pub policy_edits: Box<[PolicyEdit]>,
    /// What could not be read.
    pub gaps: Vec<Gap>,
}

impl Commit {
    /// The first line of the message.
    #[must_use]
    pub fn subject(&self) -> &str {
        self.message.value.trim_start().lines().next().unwrap_or("").trim_end()
    }
}

/// A name, an address and a time, as written in a commit header.
#[derive(Clone, Debug)]
pub struct Signature {
    /// The person as written.
    pub person: Arc<Person>,
    /// The time as written.
    pub when: Moment,
}

/// What a signature says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Its format.
    pub kind: SignatureKind,
    /// The key it names: `SHA256:…` of an SSH key, or the fingerprint or key id of an OpenPGP key in capital digits.
    pub key: Option<Arc<str>>,
}

/// The format of a commit's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureKind {
    /// `-----BEGIN PGP SIGNATURE-----`
    OpenPgp,
    /// `-----BEGIN SSH SIGNATURE-----`
    Ssh,
    /// `-----BEGIN SIGNED MESSAGE-----`
    X509,
    /// Anything else.
    Unknown,
}

impl SignatureKind {
    /// Itself, unless it is unknown.
    pub(super) fn known(self) -> Option<Self> {
        match self {
            Self::OpenPgp | Self::Ssh | Self::X509 => Some(self),
            Self::Unknown => None,
        }
    }
}

/// What a merge commit holds that none of its parents has.
#[derive(Clone, Debug, Default)]
pub struct MergeContent {
    /// Paths whose content differs from every parent's and from the automatic merge of them, with the reason.
    pub unexplained: Vec<(RepoPath, Box<str>)>,
    /// Paths whose content differs from every parent's and equals the automatic merge.
    pub automatic: u32,
    /// Why it could not be decided, if so.
    pub undecided: Option<Box<str>>,
}

/// Something that should have been readable and was not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What it was about.
    pub about: GapAbout,
    /// One sentence that names the object or place.
    pub reason: Box<str>,
}

/// What a gap is about, so that checks know whether they are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapAbout {
    /// The commit object itself.
    Commit,
    /// Which paths changed.
    FileEdits,
    /// The content of a file.
    Content,
    /// Review notes.
    Notes,
    /// What a merge adds.
    MergeContent,
}

/// The headers of a commit object that a walk needs.
#[derive(Clone, Debug)]
pub(super) struct Links {
    pub parents: Vec<ObjectId>,
    pub committed: i64,
}

/// Reads parents and committer date from the raw bytes of a commit object.
pub(super) fn links(raw: &[u8]) -> Links {
    let mut links = Links { parents: Vec::new(), committed: 0 };
    for line in raw.split(|byte| *byte == b'\n') {
        if let Some(hex) = line.strip_prefix(b"parent ") {
            links.parents.extend(std::str::from_utf8(hex).ok().and_then(|hex| ObjectId::from_hex(hex.trim_end())));
        } else if let Some(signature) = line.strip_prefix(b"committer ") {
            links.committed = seconds_of(signature).unwrap_or(0);
            break;
        } else if line.is_empty() {
            break;
        }
    }
    links
}

fn seconds_of(signature: &[u8]) -> Option<i64> {
    let tail = signature.rsplit(|byte| *byte == b'>').next()?;
    std::str::from_utf8(tail).ok()?.split_ascii_whitespace().next()?.parse().ok()
}

/// The root tree that the raw bytes of a commit object name.
pub(super) fn tree(raw: &[u8]) -> Option<ObjectId> {
    let line = raw.split(|byte| *byte == b'\n').next()?.strip_prefix(b"tree ")?;
    ObjectId::from_hex(std::str::from_utf8(line).ok()?)
}

/// A commit object taken apart; its difference to its parent is filled in later.
///
/// Format: <https://git-scm.com/docs/gitformat-signature> and `commit.c` of git: header lines, continuation lines that
/// begin with a space, an empty line, the message.
pub(super) fn parse(id: CommitId, raw: &[u8], people: &mut People) -> Commit {
    let split = memchr::memmem::find(raw, b"\n\n");
    let (headers, message) = match split {
        Some(at) => (raw.get(..at).unwrap_or(&[]), raw.get(at + 2..).unwrap_or(&[])),
        None => (raw, &[][..]),
    };
    let fields = Fields::read(headers, signed::own_header(id.0));
    let mut gaps = Vec::new();
    let mut complain = |what: &str| gaps.push(Gap { about: GapAbout::Commit, reason: format!("commit {id}: {what}").into() });
    let tree = fields.tree.unwrap_or_else(|| {
        complain("has no readable tree header");
        ObjectId::zero()
    });
    let author = people.signature(fields.author, fields.encoding).unwrap_or_else(|| {
        complain("has no author header");
        Signature::missing()
    });
    let committer = people.signature(fields.committer, fields.encoding).unwrap_or_else(|| {
        complain("has no committer header");
        Signature::missing()
    });
    if let Some(name) = fields.encoding.filter(|name| !is_readable_encoding(name)) {
        complain(&format!(
            "its message is in the encoding `{}`, which is not read here",
            visible_line(&String::from_utf8_lossy(name))
        ));
    }
    Commit {
        id,
        tree: TreeId(tree),
        parents: fields.parents.into_iter().map(CommitId).collect(),
        author,
        committer,
        message: Text::decode(message, fields.encoding),
        signed: fields.signature.or(fields.other_signature).map(|armoured| people.signed(armoured)),
        file_edits: Box::default(),
        paths_changed: 0,
        policy_edits: Box::default(),
        merge: None,
        gaps,
    }
}

#[derive(Default)]
struct Fields<'a> {
    tree: Option<ObjectId>,
    parents: Vec<ObjectId>,
    author: Option<&'a [u8]>,
    committer: Option<&'a [u8]>,
    encoding: Option<&'a [u8]>,
    /// From the value of the header over this object to the end of the headers.
    signature: Option<&'a [u8]>,
    /// The same of the header over the object in the other format.
    other_signature: Option<&'a [u8]>,
}

impl<'a> Fields<'a> {
    fn read(headers: &'a [u8], own_signature: &[u8]) -> Self {
        let mut fields = Self::default();
        let hex = |value: &[u8]| std::str::from_utf8(value).ok().and_then(|hex| ObjectId::from_hex(hex.trim_end()));
        let mut rest = headers;
        while !rest.is_empty() {
            let line_end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            let (here, line) = (rest, rest.get(..line_end).unwrap_or(&[]));
            rest = rest.get(line_end + 1..).unwrap_or(&[]);
            let Some(space) = line.iter().position(|byte| *byte == b' ') else { continue };
            let (key, value) = (line.get(..space).unwrap_or(&[]), line.get(space + 1..).unwrap_or(&[]));
            match key {
                b"tree" => fields.tree = fields.tree.or_else(|| hex(value)),
                b"parent" => fields.parents.extend(hex(value)),
                b"author" => fields.author = fields.author.or(Some(value)),
                b"committer" => fields.committer = fields.committer.or(Some(value)),
                b"encoding" => fields.encoding = Some(value),
                _ if key == own_signature => fields.signature = fields.signature.or(here.get(space + 1..)),
                b"gpgsig" | b"gpgsig-sha256" => fields.other_signature = here.get(space + 1..),
                _ => {}
            }
        }
        fields
    }
}

impl Signature {
    fn missing() -> Self {
        Self { person: Arc::default(), when: Moment::Unreadable("missing".into()) }
    }
}

/// People and keys met so far, each stored once.
#[derive(Debug, Default)]
pub(super) struct People {
    known: std::collections::BTreeSet<Arc<Person>>,
    keys: std::collections::BTreeSet<Arc<str>>,
}

impl People {
    pub(super) fn signature(&mut self, raw: Option<&[u8]>, encoding: Option<&[u8]>) -> Option<Signature> {
        let raw = raw?;
        let (name, mail, time) = split_signature(raw);
        let person = Person { name: Text::decode(name, encoding), mail: Text::decode(mail, encoding), login: Box::default() };
        let person = self.known.get(&person).cloned().unwrap_or_else(|| {
            let person = Arc::new(person);
            self.known.insert(person.clone());
            person
        });
        Some(Signature { person, when: moment(time) })
    }

    /// Reads what a signature says about itself; `armoured` may go on behind its end.
    fn signed(&mut self, armoured: &[u8]) -> Signed {
        let mut lines = armoured.split(|byte| *byte == b'\n');
        let kind = armour::kind(lines.next().unwrap_or(&[]));
        let key = armour::named_key(kind, &lines.map_while(|line| line.strip_prefix(b" ")));
        let known = |key: String| {
            self.keys.get(key.as_str()).cloned().unwrap_or_else(|| {
                let key: Arc<str> = key.into();
                self.keys.insert(key.clone());
                key
            })
        };
        Signed { kind, key: key.map(known) }
    }
}

/// Name, address and the rest, cut as git's `split_ident_line` does: the first `<`, the first `>` after it, the last `>`.
fn split_signature(raw: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let Some(open) = raw.iter().position(|byte| *byte == b'<') else { return (raw.trim_ascii_end(), &[], &[]) };
    let (name, rest) = (raw.get(..open).unwrap_or(&[]), raw.get(open + 1..).unwrap_or(&[]));
    let close = rest.iter().position(|byte| *byte == b'>').unwrap_or(rest.len());
    let last = rest.iter().rposition(|byte| *byte == b'>').map_or(rest.len(), |at| at + 1);
    (name.trim_ascii_end(), rest.get(..close).unwrap_or(&[]), rest.get(last..).unwrap_or(&[]))
}

fn moment(raw: &[u8]) -> Moment {
    const LAST_SECOND_OF_9999: i64 = 253_402_300_799;
    let text = String::from_utf8_lossy(raw);
    let mut words = text.split_ascii_whitespace();
    let seconds = words.next().and_then(|word| word.parse::<i64>().ok());
    let offset = words.next().and_then(offset_seconds);
    match (seconds, offset) {
        (Some(seconds), Some(offset)) if (0..=LAST_SECOND_OF_9999).contains(&seconds) => {
            Moment::Known(Timestamp { seconds, offset })
        }
        _ => Moment::Unreadable(text.trim().chars().take(80).collect::<String>().into()),
    }
}

/// `+0130` as seconds; git reads it as hours and minutes, whatever their size.
fn offset_seconds(word: &str) -> Option<i32> {
    let number = word.parse().ok().filter(|number: &i32| (-9999..=9999).contains(number))?;
    let (hours, minutes) = (number / 100, number % 100);
    Some(hours * 3600 + minutes * 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signature(raw: &str) -> (String, Moment) {
        let signature = People::default().signature(Some(raw.as_bytes()), None).unwrap_or_else(Signature::missing);
        (signature.person.to_string(), signature.when)
    }

    #[test]
    fn garbage_in_signatures_is_kept_and_never_panics() {
        let known = |seconds, offset| Moment::Known(Timestamp { seconds, offset });
        assert_eq!(signature("A B <a@b> 1700000000 +0130"), ("A B <a@b>".into(), known(1_700_000_000, 5400)));
        assert_eq!(signature("A <a>b> 5 -0030"), ("A <a>".into(), known(5, -1800)));
        assert_eq!(signature("<> 0 +0000"), (String::new(), known(0, 0)));
        assert_eq!(signature("no brackets").1, Moment::Unreadable("".into()));
        assert_eq!(signature("A <a> 18446744073709551615 +0000").1, Moment::Unreadable("18446744073709551615 +0000".into()));
        assert_eq!(signature("A <a> -5 +0000").1, Moment::Unreadable("-5 +0000".into()));
        assert_eq!(signature("A <a> 99999999999999 +0000").1, Moment::Unreadable("99999999999999 +0000".into()));
        assert_eq!(signature("A <a> 5 +9999").1, known(5, 99 * 3600 + 99 * 60));
    }
}
