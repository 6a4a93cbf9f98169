//! A file is cut into documents where its text says `---`, so that what did not change need not be parsed.

use std::collections::BTreeMap;

use super::scan::{is_separator, line_at};

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
    let mut documents: Vec<Document<'_>> = Vec::new();
    let (mut at, mut line) = (0, 1);
    let (mut start, mut first_line) = (0, 1);
    while let Some(text) = line_at(bytes, at) {
        let end = at + text.len();
        if is_separator(text) {
            let before = bytes.get(start..at).unwrap_or(&[]);
            if !is_directives(before) {
                push(&mut documents, before, first_line);
                let says_more = text.starts_with(b"---") && has_content(text.get(3..).unwrap_or(&[]));
                (start, first_line) = if says_more { (at, line) } else { (end, line + 1) };
            }
        }
        if documents.len() >= MAX_DOCUMENTS {
            break;
        }
        (at, line) = (end, line + 1);
    }
    push(&mut documents, bytes.get(start..).unwrap_or(&[]), first_line);
    documents
}

fn push<'a>(documents: &mut Vec<Document<'a>>, text: &'a [u8], line: u32) {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if text.split(|byte| *byte == b'\n').any(has_content) {
        documents.push(Document { text, line, is_rest: documents.len() >= MAX_DOCUMENTS });
    }
}

fn has_content(line: &[u8]) -> bool {
    line.trim_ascii().first().is_some_and(|byte| *byte != b'#')
}

/// Whether a text holds directives such as `%TAG`, and else only comments.
fn is_directives(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').filter(|line| has_content(line)).peekable();
    lines.peek().is_some() && lines.all(|line| line.starts_with(b"%"))
}

/// Takes out of both sides what stands word for word in both, as often as it does.
pub(super) fn remove_shared(before: &mut Vec<Document<'_>>, after: &mut Vec<Document<'_>>) {
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
