//! A token scan of JSON for the kinds of its objects, with no nesting limit and no recursion.

use super::scan::{Document, Found};

/// The depth of the outermost object, and that of an object in its `items`.
const OUTER: usize = 1;
const ITEM: usize = 3;

/// Adds the kind of the outermost object and, for a list, those of its items. Says whether there may be an object that
/// this scan cannot see: YAML in flow style, a key with escapes, a bracket that is never closed.
pub(super) fn scan<'a>(bytes: &'a [u8], found: &mut Found<'a>) -> bool {
    let mut outer = Document::default();
    let mut item = Document::default();
    let mut items = Found::default();
    let (mut depth, mut in_items, mut key) = (0_usize, false, None);
    let is_map = bytes.trim_ascii_start().starts_with(b"{");
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
                    if depth == OUTER && text.contains(&b'\\') {
                        outer.doubt();
                    }
                    in_items = if depth == OUTER { matches!(text, b"items" | b"objects") } else { in_items };
                } else if depth == OUTER {
                    take(&mut outer, key, text);
                } else if depth == ITEM && in_items {
                    take(&mut item, key, text);
                }
            }
            b',' => key = None,
            b':' => {}
            _ if depth != OUTER || !is_map || byte.is_ascii_whitespace() => {}
            _ if matches!(key, None | Some(b"apiVersion" | b"kind")) => outer.doubt(),
            _ => {}
        }
    }
    if depth != 0 && outer.is_object() {
        outer.doubt();
    }
    if depth == 0 {
        outer.emit(found);
        if outer.holds_objects() {
            found.append(items);
        }
    }
    outer.is_unsure()
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
