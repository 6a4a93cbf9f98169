//! A file is cut into documents where its text says `---`, so that what did not change need not be parsed.

use std::collections::BTreeMap;

use super::scan::{self, has_content};

/// More documents than this in one file are not read one by one.
pub(super) const MAX_DOCUMENTS: usize = 5000;

/// One document of a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'a> {
    /// Its text: without the line that separates it from the one before, unless that line says more.
    pub text: &'a [u8],
    /// The line of the file, from 1, on which the text begins.
    pub line: u32,
    /// Whether this is all that remains of a file with too many documents.
    pub is_rest: bool,
}

/// Cuts at lines that begin with `---` or `...` and a blank: YAML allows such a line inside no value.
///
/// A document without any content is left out. Directives stay with the document that they are for.
pub(super) fn split(bytes: &[u8]) -> Vec<Document<'_>> {
    let bytes = without_mark(bytes);
    let mut documents: Vec<Document<'_>> = Vec::new();
    let (mut at, mut line) = (0, 1);
    // Where directives began that belong to what follows them.
    let mut directives = None;
    for piece in scan::documents(bytes) {
        let end = at + piece.len();
        let (start, first_line) = directives.take().unwrap_or_else(|| {
            let skipped = separator_length(piece);
            (at + skipped, if skipped == 0 { line } else { line + 1 })
        });
        let is_rest = documents.len() >= MAX_DOCUMENTS;
        let text = without_mark(bytes.get(start..if is_rest { bytes.len() } else { end }).unwrap_or(&[]));
        if is_directives(text) {
            directives = Some((start, first_line));
        } else if text.split(|byte| *byte == b'\n').any(has_content) {
            documents.push(Document { text, line: first_line, is_rest });
        }
        if is_rest {
            break;
        }
        (at, line) = (end, line + lines_of(piece));
    }
    documents
}

/// A text without the mark of its byte order.
pub(super) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

fn lines_of(text: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', text).count()).unwrap_or(u32::MAX)
}

/// The length of the line that separates a text from the one before; 0 when there is none or it says more.
pub(super) fn separator_length(text: &[u8]) -> usize {
    let end = memchr::memchr(b'\n', text).map_or(text.len(), |end| end + 1);
    let Some((mark, rest)) = text.get(..end).and_then(|line| line.split_at_checked(3)) else { return 0 };
    let is_separator = mark == b"..." || (mark == b"---" && !has_content(rest));
    if is_separator && rest.first().is_none_or(u8::is_ascii_whitespace) { end } else { 0 }
}

/// Whether a text holds directives such as `%TAG`, and else only comments.
fn is_directives(text: &[u8]) -> bool {
    if !text.contains(&b'%') {
        return false;
    }
    let mut lines = text.split(|byte| *byte == b'\n').filter(|line| has_content(line)).peekable();
    lines.peek().is_some() && lines.all(|line| line.starts_with(b"%"))
}

/// Takes out of both sides what stands word for word in both, as often as it does.
pub(super) fn remove_shared(before: &mut Vec<Document<'_>>, after: &mut Vec<Document<'_>>) {
    if let ([old], [new]) = (before.as_slice(), after.as_slice())
        && old.text != new.text
    {
        return;
    }
    let mut shared: BTreeMap<&[u8], (usize, usize)> = BTreeMap::new();
    for document in before.iter() {
        shared.entry(document.text).or_default().0 += 1;
    }
    for document in after.iter() {
        if let Some(counts) = shared.get_mut(document.text) {
            counts.1 += 1;
        }
    }
    shared.retain(|_, counts| {
        *counts = (counts.0.min(counts.1), counts.0.min(counts.1));
        counts.0 > 0
    });
    before.retain(|document| !shared.get_mut(document.text).is_some_and(|counts| take_one(&mut counts.0)));
    after.retain(|document| !shared.get_mut(document.text).is_some_and(|counts| take_one(&mut counts.1)));
}

fn take_one(count: &mut usize) -> bool {
    let is_left = *count > 0;
    *count = count.saturating_sub(1);
    is_left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &str) -> Vec<(u32, &str)> {
        split(bytes.as_bytes()).iter().map(|document| (document.line, std::str::from_utf8(document.text).unwrap())).collect()
    }

    #[test]
    fn documents_keep_their_lines() {
        assert_eq!(
            texts("a: 1\n---\nb: |\n  ---\n\n--- # c\nd: 1\n...\ne: 1"),
            [(1, "a: 1\n"), (3, "b: |\n  ---\n\n"), (7, "d: 1\n"), (9, "e: 1")]
        );
        assert_eq!(texts("---\r\na: 1\r\n---\t\r\n---x\r\n"), [(2, "a: 1\r\n"), (4, "---x\r\n")]);
        assert_eq!(texts("--- {a: 1}\n--- |\n  x\n"), [(1, "--- {a: 1}\n"), (2, "--- |\n  x\n")]);
    }

    #[test]
    fn nothing_and_comments_are_no_documents() {
        for text in ["", "\n", "---\n---\n---", "# a\n---\n# b\n...\n", "\u{feff}\n--- # x\n"] {
            assert!(texts(text).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn directives_stay_with_their_document() {
        assert_eq!(
            texts("%TAG !e! tag:x,1:\n# c\n---\na: !e!b 1\n---\nc: 1\n"),
            [(1, "%TAG !e! tag:x,1:\n# c\n---\na: !e!b 1\n"), (6, "c: 1\n")]
        );
    }

    #[test]
    fn the_rest_of_too_many_is_kept_as_one() {
        let documents = "a: 1\n---\n".repeat(MAX_DOCUMENTS + 3);
        let documents = split(documents.as_bytes());
        assert_eq!(documents.len(), MAX_DOCUMENTS + 1);
        let rest = documents.last().unwrap();
        assert!(rest.is_rest && rest.line == 2 * u32::try_from(MAX_DOCUMENTS).unwrap() + 1, "{}", rest.line);
        assert_eq!(rest.text, b"a: 1\n---\na: 1\n---\na: 1\n---\n");
    }

    #[test]
    fn what_both_sides_share_is_taken_out_once_per_pair() {
        let (mut before, mut after) = (split(b"a: 1\n---\nb: 1\n---\nb: 1\n"), split(b"b: 1\n---\nc: 1\n---\na: 1\n"));
        remove_shared(&mut before, &mut after);
        assert_eq!(before.iter().map(|document| (document.line, document.text)).collect::<Vec<_>>(), [(5, &b"b: 1\n"[..])]);
        assert_eq!(after.iter().map(|document| document.text).collect::<Vec<_>>(), [b"c: 1\n"]);
    }
}
