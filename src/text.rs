//! Safe names for raw things: object ids, repository paths, decoded text, moments and people.
//!
//! Everything here is plain owned data. What comes from Git is hostile until shown otherwise, so
//! text remembers whether decoding lost anything and moments remember when they could not be read.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};

/// Bytes as lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(2 * bytes.len());
    digits.extend(bytes.iter().flat_map(|byte| hex_digits(*byte)));
    // Digits are ASCII.
    String::from_utf8(digits).unwrap_or_default()
}

fn hex_digits(byte: u8) -> [u8; 2] {
    let digit = |nibble: u8| if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble };
    [digit(byte >> 4), digit(byte & 15)]
}

/// A Git object id: 20 bytes (SHA-1) or 32 bytes (SHA-256).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectId {
    bytes: [u8; 32],
    length: u8,
}

impl Ord for ObjectId {
    /// By the bytes; nearly always the first eight decide, and these are compared in one step.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let leading = |id: &Self| id.bytes.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let by_the_rest = || self.bytes.cmp(&other.bytes).then(self.length.cmp(&other.length));
        leading(self).cmp(&leading(other)).then_with(by_the_rest)
    }
}

impl PartialOrd for ObjectId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl ObjectId {
    /// Takes the raw bytes of an id; `None` unless there are 20 or 32 of them.
    #[must_use]
    pub fn from_bytes(raw: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        if raw.len() != 20 && raw.len() != 32 {
            return None;
        }
        bytes.get_mut(..raw.len())?.copy_from_slice(raw);
        Some(Self { bytes, length: u8::try_from(raw.len()).ok()? })
    }

    /// Twenty zero bytes: git's word for "no object".
    #[must_use]
    pub fn zero() -> Self {
        Self { bytes: [0; 32], length: 20 }
    }

    /// Reads 40 or 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(hex: &str) -> Option<Self> {
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let length = match hex.len() {
            40 => 20,
            64 => 32,
            _ => return None,
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
            let [high, low] = *pair else { return None };
            *byte = digit(high)? << 4 | digit(low)?;
        }
        Some(Self { bytes, length })
    }

    /// The raw bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&[])
    }

    /// The first twelve hexadecimal digits, for people; never for files.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().chars().take(12).collect()
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; 64];
        let bytes = self.as_bytes();
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair.copy_from_slice(&hex_digits(*byte));
        }
        let digits = digits.get(..2 * bytes.len()).and_then(|digits| std::str::from_utf8(digits).ok());
        f.write_str(digits.unwrap_or_default())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! kind_of_id {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub ObjectId);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    )+};
}

kind_of_id! {
    /// The id of a commit object.
    CommitId,
    /// The id of a blob, or of the commit that a submodule entry points to.
    BlobId,
    /// The id of a tree object.
    TreeId,
}

/// A path inside the repository: bytes as Git has them, `/` between the parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(Arc<[u8]>);

impl RepoPath {
    /// Wraps the bytes of a path.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes as Git has them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The path as text; bytes that are not UTF-8 become U+FFFD.
    #[must_use]
    pub fn to_text(&self) -> std::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }
}

/// A path as the key of a map in which many paths begin alike: most comparisons end at a number that stands in the key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathKey {
    mixed: u64,
    path: RepoPath,
}

impl PathKey {
    /// The key of a path.
    #[must_use]
    pub fn of(path: &RepoPath) -> Self {
        let mut mixed = 0_u64;
        for chunk in path.as_bytes().chunks(8) {
            let word = chunk.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
            mixed = (mixed.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
        Self { mixed, path: path.clone() }
    }
}

impl std::borrow::Borrow<[u8]> for RepoPath {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_text(), f)
    }
}

/// Decoded text that remembers whether bytes were lost in decoding.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text {
    /// The text; undecodable bytes are U+FFFD. May hold any character, NUL included.
    pub value: Box<str>,
    /// Whether decoding lost bytes.
    pub lossy: bool,
}

impl Text {
    /// Decodes bytes as UTF-8, or as the named encoding of a commit's `encoding` header.
    ///
    /// UTF-8 wins over a header that says something else, unless ASCII letters would be other letters in it.
    #[must_use]
    pub fn decode(bytes: &[u8], encoding: Option<&[u8]>) -> Self {
        let encoding = encoding.and_then(encoding_rs::Encoding::for_label).unwrap_or(encoding_rs::UTF_8);
        if encoding.is_ascii_compatible()
            && let Ok(text) = std::str::from_utf8(bytes)
        {
            return Self { value: text.into(), lossy: false };
        }
        let (text, lossy) = encoding.decode_without_bom_handling(bytes);
        Self { value: text.into(), lossy }
    }
}

/// Whether text in an encoding of this name can be read here as git shows it, its ASCII letters at least.
///
/// No UTF-16, since git ends a message at a zero byte; no EBCDIC and no UTF-7, in which the same bytes are other letters.
#[must_use]
pub fn is_readable_encoding(name: &[u8]) -> bool {
    /// Code pages that hold ASCII; the decoder does not know all of them by number.
    const CODE_PAGES: &[u16] =
        &[437, 720, 737, 775, 850, 852, 855, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869, 874, 932, 936, 949, 950, 65001];
    let known = encoding_rs::Encoding::for_label(name);
    if let Some(encoding) = known {
        return encoding.is_ascii_compatible() || encoding == encoding_rs::ISO_2022_JP;
    }
    let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
    let number = ["cp", "ibm", "windows"].iter().find_map(|start| name.strip_prefix(start));
    let number = number.and_then(|number| number.trim_start_matches(['-', '_']).parse().ok());
    name == "latin-1" || number.is_some_and(|number| CODE_PAGES.contains(&number))
}

impl From<&str> for Text {
    fn from(value: &str) -> Self {
        Self { value: value.into(), lossy: false }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value)
    }
}

/// A point in time with the offset its author's clock had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Seconds east of UTC.
    pub offset: i32,
}

impl Timestamp {
    /// RFC 3339 in UTC with `Z`, seconds precision; `None` outside the years 1970 to 9999.
    #[must_use]
    pub fn to_utc(self) -> Option<String> {
        utc_text(self.seconds)
    }

    /// The original offset as `+hh:mm`.
    #[must_use]
    pub fn offset_text(self) -> String {
        let sign = if self.offset < 0 { '-' } else { '+' };
        let minutes = self.offset.unsigned_abs() / 60;
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// RFC 3339 in UTC of a number of seconds since 1970; `None` outside the years 1970 to 9999.
#[must_use]
pub fn utc_text(seconds: i64) -> Option<String> {
    const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
    if !(0..=LAST).contains(&seconds) {
        return None;
    }
    let moment: DateTime<Utc> = Utc.timestamp_opt(seconds, 0).single()?;
    Some(moment.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// A number with its noun, e.g. `1 path` or `3 paths`.
#[must_use]
pub fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// Whether something has the form of a mail address: an account, `@`, a domain, and nothing that an address cannot hold.
#[must_use]
pub fn is_address(mail: &str) -> bool {
    let is_whole = !mail.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>'));
    is_whole && mail.rsplit_once('@').is_some_and(|(account, domain)| !account.is_empty() && !domain.is_empty())
}

/// Seconds since 1970 of an RFC 3339 time.
#[must_use]
pub fn utc_seconds(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp())
}

/// When something is said to have happened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// A readable time in a plausible range.
    Known(Timestamp),
    /// Missing, malformed or out of range; the raw text is kept.
    Unreadable(Box<str>),
}

impl Moment {
    /// The time, where it could be read.
    #[must_use]
    pub fn known(&self) -> Option<Timestamp> {
        match self {
            Self::Known(timestamp) => Some(*timestamp),
            Self::Unreadable(_) => None,
        }
    }
}

/// A name and a mail address exactly as written; either may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person {
    /// The name as written.
    pub name: Text,
    /// The mail address as written, without angle brackets.
    pub mail: Text,
    /// The login that a forge recorded; empty for whoever is only written about.
    pub login: Box<str>,
}

impl Person {
    /// A person with a name and an address; either may be empty.
    #[must_use]
    pub fn new(name: &str, mail: &str) -> Self {
        Self { name: name.into(), mail: mail.into(), login: Box::default() }
    }

    /// What tells two people apart without a register: the lower-case address, or the login or name where there is none.
    #[must_use]
    pub fn key(&self) -> String {
        let words = [self.mail.value.trim(), &*self.login, self.name.value.trim()];
        words.into_iter().find(|word| !word.is_empty()).unwrap_or_default().to_lowercase()
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name.value.is_empty(), self.mail.value.is_empty()) {
            (_, true) => write!(f, "{}", self.name),
            (true, false) => write!(f, "<{}>", self.mail),
            (false, false) => write!(f, "{} <{}>", self.name, self.mail),
        }
    }
}

/// Makes control, bidirectional and invisible characters visible as code points, e.g. `‹U+202E›`.
///
/// Line feeds and tabs stay. Used for everything from Git that a person reads: pages, terminal, CSV.
#[must_use]
pub fn visible(text: &str) -> std::borrow::Cow<'_, str> {
    if is_printable_ascii(text) || !text.contains(is_hidden) {
        return text.into();
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_hidden(character) {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\u{2039}U+{:04X}\u{203a}", u32::from(character));
        } else {
            safe.push(character);
        }
    }
    safe.into()
}

/// Like [`visible`], on one line: line feeds, carriage returns and tabs become spaces.
#[must_use]
pub fn visible_line(text: &str) -> String {
    if is_printable_ascii(text) {
        return text.trim().to_owned();
    }
    let one_line: String = text.trim().chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).collect();
    visible(&one_line).into_owned()
}

/// The common case, which takes no look at each character's properties.
fn is_printable_ascii(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a character can hide or reorder text: C0 and C1 controls, bidirectional marks, zero-width and tag characters.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    matches!(character,
        '\0'..='\u{8}' | '\u{b}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
