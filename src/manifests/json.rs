//! A token scan of JSON for the kinds of its objects, with no nesting limit and no recursion.

use super::ObjectKind;
use super::scan::Document;

/// The depth of the outermost object, and that of an object in its `items`.
const OUTER: usize = 1;
const ITEM: usize = 3;

/// Adds the kind of the outermost object and, for a list, those of its items.
pub(super) fn scan(bytes: &[u8], found: &mut Vec<ObjectKind>) {
    let mut outer = Document::default();
    let mut item = Document::default();
    let mut items = Vec::new();
    let (mut depth, mut in_items, mut key) = (0_usize, false, None);
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => (depth, key) = (depth + 1, None),
            b'}' | b']' => {
                if depth == ITEM && in_items {
                    std::mem::take(&mut item).emit(&mut items);
                }
                (depth, key) = (depth.saturating_sub(1), None);
            }
            b'"' => {
                let text = string_at(bytes, at);
                at += text.len() + 1;
                if bytes.get(at..).is_some_and(|rest| rest.trim_ascii_start().starts_with(b":")) {
                    key = Some(text);
                    in_items = if depth == OUTER { matches!(text, b"items" | b"objects") } else { in_items };
                } else if depth == OUTER {
                    take(&mut outer, key, text);
                } else if depth == ITEM && in_items {
                    take(&mut item, key, text);
                }
            }
            b',' => key = None,
            _ => {}
        }
    }
    if depth == 0 {
        outer.emit(found);
        if outer.holds_objects() {
            found.append(&mut items);
        }
    }
}

fn take<'a>(document: &mut Document<'a>, key: Option<&'a [u8]>, value: &'a [u8]) {
    match key {
        Some(b"apiVersion") => document.add_version(value),
        Some(b"kind") => document.add_kind(value),
        Some(_) | None => {}
    }
}

/// The bytes up to the closing quote, escapes left as they are.
fn string_at(bytes: &[u8], start: usize) -> &[u8] {
    let rest = bytes.get(start..).unwrap_or(&[]);
    let mut escaped = false;
    let end = rest.iter().position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest)
}
