//! The bytes of an export as documents: gzip undone, several JSON values in a row, JSON lines, or a table.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The most bytes that a packed file may unpack to.
const MAX_UNPACKED: usize = 512 << 20;
/// The most characters of names that an outline has.
const MAX_OUTLINE: usize = 160;
/// The most rows of a list that are held at once; more than any page of any system has.
const PIECE: usize = 1024;

/// What a file holds.
pub(super) enum Documents<'a> {
    /// JSON values one after the other: one, one a line, or arrays in a row as `gh api --paginate` writes them.
    Json(&'a [u8]),
    /// A table with a header; RFC 4180, separated by commas or semicolons.
    Table { header: Vec<String>, rows: Vec<Vec<String>> },
}

/// A JSON value of a file: a whole document, or some neighbouring rows of one that is a long list.
pub(super) struct Piece {
    /// The document's number, counted from 1.
    pub document: usize,
    /// Where in the list its first row stands.
    pub first: usize,
    /// The value.
    pub value: Value,
}

/// The bytes without gzip around them, where there is one.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    // The last four bytes are the size; a file larger than 4 GiB would tell a smaller one, and fails then.
    let size = bytes.last_chunk::<4>().map_or(0, |size| usize::try_from(u32::from_le_bytes(*size)).unwrap_or(usize::MAX));
    if size > MAX_UNPACKED {
        return Err(format!("it unpacks to more than {} MiB", MAX_UNPACKED >> 20));
    }
    let mut out = vec![0; size];
    let written =
        libdeflater::Decompressor::new().gzip_decompress(bytes, &mut out).map_err(|error| format!("not valid gzip: {error}"))?;
    out.truncate(written);
    Ok(Cow::Owned(out))
}

/// Tells what the bytes hold.
pub(super) fn split(bytes: &[u8]) -> Result<Documents<'_>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // Gerrit puts this before each answer, so that no page can run it as a script.
    let bytes = bytes.strip_prefix(b")]}'").unwrap_or(bytes);
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => Ok(Documents::Json(bytes)),
        Some(_) => table(bytes),
        None => Ok(Documents::Json(&[])),
    }
}

/// Some neighbouring rows of a long list, not read yet.
pub(super) struct Slice<'a> {
    first: usize,
    rows: &'a [u8],
}

impl Slice<'_> {
    /// Reads the rows, without what no reader asks for.
    ///
    /// # Errors
    ///
    /// When they are no JSON.
    pub(super) fn parse(&self) -> Result<Piece, serde_json::Error> {
        let list = [b"[", self.rows, b"]"].concat();
        let mut source = serde_json::Deserializer::from_slice(&list);
        let value = Slim.deserialize(&mut source)?;
        source.end()?;
        Ok(Piece { document: 1, first: self.first, value })
    }
}

/// Cuts a file that is one long list into slices of its rows; `None` where it is something else. Only brackets, commas and
/// quotes are looked at: what is no JSON shows when the slices are read.
pub(super) fn slices(bytes: &[u8]) -> Option<Vec<Slice<'_>>> {
    let begin = bytes.iter().position(|byte| *byte == b'[')?;
    if bytes.get(..begin)?.iter().any(|byte| !byte.is_ascii_whitespace()) {
        return None;
    }
    let (mut depth, mut rows, mut start, mut at) = (0_usize, 0_usize, begin + 1, begin + 1);
    let mut slices = Vec::new();
    let end = loop {
        match bytes.get(at)? {
            b'"' => at = end_of_text(bytes, at + 1)?,
            b'[' | b'{' => depth += 1,
            b']' | b'}' if depth == 0 => break at,
            b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                rows += 1;
                if rows % PIECE == 0 {
                    slices.push(Slice { first: rows - PIECE, rows: bytes.get(start..at)? });
                    start = at + 1;
                }
            }
            _ => {}
        }
        at += 1;
    };
    slices.push(Slice { first: rows - rows % PIECE, rows: bytes.get(start..end)? });
    let is_alone = bytes.get(end + 1..)?.iter().all(u8::is_ascii_whitespace);
    (is_alone && slices.len() > 1).then_some(slices)
}

/// Where the quote stands that ends a text.
fn end_of_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

/// Builds a value in which members that no reader asks for are `null`: texts of commits, pictures, addresses.
#[derive(Clone, Copy)]
struct Slim;

impl Slim {
    fn is_of_no_use(name: &str) -> bool {
        const ADDRESSES: [&str; 5] = ["issue_url", "pull_request_url", "html_url", "web_url", "commit_url"];
        matches!(
            name,
            "messageHeadline" | "messageBody" | "authoredDate" | "committedDate" | "reactionGroups" | "bodyHTML" | "body_html"
        ) || name.ends_with("_url") && !ADDRESSES.contains(&name)
    }
}

impl<'de> DeserializeSeed<'de> for Slim {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Slim {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(row) = rows.next_element_seed(self)? {
            list.push(row);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = serde_json::Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = if Self::is_of_no_use(&name) {
                members.next_value::<IgnoredAny>()?;
                Value::Null
            } else {
                members.next_value_seed(self)?
            };
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

/// Reads every JSON value, long lists piece by piece, so that no more than a piece is held at once.
///
/// # Errors
///
/// The first complaint of `take`, or where the bytes are no JSON.
pub(super) fn each_piece(bytes: &[u8], take: &mut dyn FnMut(Piece) -> Result<(), String>) -> Result<(), String> {
    let mut source = serde_json::Deserializer::from_slice(bytes);
    let mut document = 1;
    while source.end().is_err() {
        let mut problem = None;
        if let Err(error) = (InPieces { document, take, problem: &mut problem }).deserialize(&mut source) {
            let wrong = || format!("line {}, column {}: not JSON: {error}", error.line(), error.column());
            return Err(problem.unwrap_or_else(wrong));
        }
        document += 1;
    }
    Ok(())
}

/// Hands on one document.
struct InPieces<'t, 'f> {
    document: usize,
    take: &'t mut (dyn FnMut(Piece) -> Result<(), String> + 'f),
    problem: &'t mut Option<String>,
}

impl InPieces<'_, '_> {
    fn hand_on<E: serde::de::Error>(&mut self, first: usize, value: Value) -> Result<(), E> {
        (self.take)(Piece { document: self.document, first, value }).map_err(|problem| {
            *self.problem = Some(problem);
            E::custom("it is not understood")
        })
    }
}

impl<'de> DeserializeSeed<'de> for InPieces<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<(), D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for InPieces<'_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, members: A) -> Result<(), A::Error> {
        let value = Value::deserialize(MapAccessDeserializer::new(members))?;
        self.hand_on(0, value)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<(), A::Error> {
        let mut first = 0;
        let mut piece = Vec::new();
        while let Some(row) = rows.next_element()? {
            // The next row shows that there is a further piece.
            if piece.len() == PIECE {
                self.hand_on(first, Value::Array(std::mem::take(&mut piece)))?;
                first += PIECE;
            }
            piece.push(row);
        }
        self.hand_on(first, Value::Array(piece))
    }
}

fn table(bytes: &[u8]) -> Result<Documents<'_>, String> {
    let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| memchr::memchr_iter(separator, first).count();
    let separator = if count(b';') > count(b',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(separator).from_reader(bytes);
    let wrong = |error: csv::Error| format!("neither JSON nor a table: {error}");
    let texts = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect();
    let header = texts(reader.headers().map_err(wrong)?);
    let rows = reader.records().map(|record| record.map(|record| texts(&record)).map_err(wrong));
    Ok(Documents::Table { header, rows: rows.collect::<Result<_, _>>()? })
}

/// The names that a value has at its top, for a message about a shape that is not known.
pub(super) fn outline(value: &Value) -> String {
    let names = |value: &Value| value.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>().join(", "));
    let told = match value {
        Value::Array(items) => match items.first() {
            Some(first) => format!("a list of objects with {}", names(first).unwrap_or_else(|| "no names".into())),
            None => "an empty list".to_owned(),
        },
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            format!("an object with {}", names(value).unwrap_or_else(|| "no names".into()))
        }
    };
    crate::text::visible_line(&told.chars().take(MAX_OUTLINE).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(bytes: &[u8]) -> usize {
        pieces(bytes).map_or(usize::MAX, |pieces| pieces.len())
    }

    /// The document, the first row and how many rows of each piece.
    fn pieces(bytes: &[u8]) -> Result<Vec<(usize, usize, usize)>, String> {
        let Documents::Json(bytes) = split(bytes)? else { return Err("a table".into()) };
        let mut pieces = Vec::new();
        each_piece(bytes, &mut |piece| {
            pieces.push((piece.document, piece.first, piece.value.as_array().map_or(1, Vec::len)));
            Ok(())
        })?;
        Ok(pieces)
    }

    #[test]
    fn long_lists_are_cut_into_slices() {
        let row = r#"{"a": "],\\\"[", "b": [1, {"c": -2.5}], "messageBody": "x", "html_url": "y", "d": null, "e": true}"#;
        let list = format!(" [{}]\n", vec![row; PIECE + 2].join(", "));
        let Some(slices) = slices(list.as_bytes()) else { panic!("no slices") };
        let read: Vec<Piece> = slices.iter().map(|slice| slice.parse().unwrap()).collect();
        assert_eq!(
            read.iter().map(|piece| (piece.first, piece.value.as_array().unwrap().len())).collect::<Vec<_>>(),
            [(0, PIECE), (PIECE, 2)]
        );
        let mut expected: Value = serde_json::from_str(row).unwrap();
        expected["messageBody"] = Value::Null;
        assert_eq!(read[1].value[1], expected);
        let short = format!("[{row}]");
        let two = format!("{list}{list}");
        for other in ["", "[", "{}", &short, &two, &list.replace("]\n", "\n"), &list.replace("\"d\"", "\"d")] {
            assert!(super::slices(other.as_bytes()).is_none_or(|slices| slices.iter().any(|slice| slice.parse().is_err())));
        }
    }

    #[test]
    fn long_lists_come_in_pieces() {
        let list = |rows: usize| format!("[{}]", vec!["{}"; rows].join(","));
        assert_eq!(pieces(list(PIECE).as_bytes()), Ok(vec![(1, 0, PIECE)]));
        assert_eq!(
            pieces(format!("{}{}", list(PIECE + 2), list(1)).as_bytes()),
            Ok(vec![(1, 0, PIECE), (1, PIECE, 2), (2, 0, 1)])
        );
        assert!(pieces(b"[{}, 1").unwrap_err().contains("line 1"));
        assert_eq!(each_piece(b"[]", &mut |_| Err("no".into())), Err("no".into()));
    }

    #[test]
    fn json_comes_in_several_forms() {
        assert_eq!(values(b"[1, 2]"), 1);
        assert_eq!(values(b"[1]\n[2]"), 2);
        assert_eq!(values(b"{\"a\": 1}\n{\"a\": 2}\n"), 2);
        assert_eq!(values(b")]}'\n[]"), 1);
        assert_eq!(values(b"\xef\xbb\xbf{}"), 1);
        assert!(pieces(b"[1").err().unwrap_or_default().contains("line 1"));
    }

    #[test]
    fn a_table_has_a_header_and_either_separator() {
        for text in ["Issue key,Summary\nSEC-1,\"a, b\"\n", "Issue key;Summary\nSEC-1;a, b\n"] {
            let Ok(Documents::Table { header, rows }) = split(text.as_bytes()) else { panic!("{text}") };
            assert_eq!((header.len(), rows), (2, vec![vec!["SEC-1".to_owned(), "a, b".to_owned()]]), "{text}");
        }
    }

    #[test]
    fn gzip_is_undone_and_its_claims_are_bounded() {
        let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
        let mut packed = vec![0; 100];
        let size = compressor.gzip_compress(b"[1]", &mut packed).unwrap_or_default();
        packed.truncate(size);
        assert_eq!(unpacked(&packed).unwrap_or_default().as_ref(), b"[1]");
        let end = packed.len() - 1;
        packed[end] = 0xff;
        assert!(unpacked(&packed).is_err());
    }
}
