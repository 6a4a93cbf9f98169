//! The bytes of an export as documents: gzip undone, several JSON values in a row, JSON lines, or a table.

use serde_json::Value;

/// The most bytes that a packed file may unpack to.
const MAX_UNPACKED: usize = 512 << 20;
/// The most characters of names that an outline has.
const MAX_OUTLINE: usize = 160;

/// What a file holds.
pub(super) enum Documents {
    /// JSON values one after the other: one, one a line, or arrays in a row as `gh api --paginate` writes them.
    Json(Vec<Value>),
    /// A table with a header; RFC 4180, separated by commas or semicolons.
    Table { header: Vec<String>, rows: Vec<Vec<String>> },
}

/// The bytes without gzip around them, where there is one.
pub(super) fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, String> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(bytes.to_vec());
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
    Ok(out)
}

/// Tells what the bytes hold.
pub(super) fn split(bytes: &[u8]) -> Result<Documents, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // Gerrit puts this before each answer, so that no page can run it as a script.
    let bytes = bytes.strip_prefix(b")]}'").unwrap_or(bytes);
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{' | b'[') => json(bytes),
        Some(_) => table(bytes),
        None => Ok(Documents::Json(Vec::new())),
    }
}

fn json(bytes: &[u8]) -> Result<Documents, String> {
    let values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
    let wrong = |error: serde_json::Error| format!("line {}, column {}: not JSON: {error}", error.line(), error.column());
    values.collect::<Result<Vec<_>, _>>().map(Documents::Json).map_err(wrong)
}

fn table(bytes: &[u8]) -> Result<Documents, String> {
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
        match split(bytes) {
            Ok(Documents::Json(values)) => values.len(),
            Ok(Documents::Table { .. }) | Err(_) => usize::MAX,
        }
    }

    #[test]
    fn json_comes_in_several_forms() {
        assert_eq!(values(b"[1, 2]"), 1);
        assert_eq!(values(b"[1]\n[2]"), 2);
        assert_eq!(values(b"{\"a\": 1}\n{\"a\": 2}\n"), 2);
        assert_eq!(values(b")]}'\n[]"), 1);
        assert_eq!(values(b"\xef\xbb\xbf{}"), 1);
        assert!(split(b"[1").err().unwrap_or_default().contains("line 1"));
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
        assert_eq!(unpacked(&packed).unwrap_or_default(), b"[1]");
        let end = packed.len() - 1;
        packed[end] = 0xff;
        assert!(unpacked(&packed).is_err());
    }
}
