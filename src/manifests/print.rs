//! A node as compact JSON, for people to read.

use super::object::{Node, Value};

/// What stands for the value of a secret.
const CONCEALED: &str = "\"(secret)\"";

/// Compact JSON of a node, keys in order, of at most `limit` bytes; what is cut is replaced by `…`, which may go beyond.
///
/// Values of secrets are given as `"(secret)"`. Two nodes that hold no secret are equal when their full texts are.
#[must_use]
pub fn to_text(node: &Node, limit: usize) -> String {
    let mut text = String::new();
    if write(node, limit, &mut text) && text.len() <= limit {
        return text;
    }
    let end = (0..=limit).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.truncate(end);
    text.push('…');
    text
}

/// Writes until the limit is passed; says whether all is written.
fn write(node: &Node, limit: usize, text: &mut String) -> bool {
    match &node.value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Number(number) => text.push_str(number),
        Value::Text(content) => return quote(content, limit, text),
        Value::Secret(_) => text.push_str(CONCEALED),
        Value::List(items) => return write_items(items, limit, text),
        Value::Map(entries) => return write_entries(entries, limit, text),
    }
    text.len() <= limit
}

fn write_items(items: &[Node], limit: usize, text: &mut String) -> bool {
    text.push('[');
    for (index, item) in items.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "," });
        if !write(item, limit, text) {
            return false;
        }
    }
    text.push(']');
    text.len() <= limit
}

fn write_entries(entries: &[(Box<str>, Node)], limit: usize, text: &mut String) -> bool {
    text.push('{');
    for (index, (key, value)) in entries.iter().enumerate() {
        text.push_str(if index == 0 { "" } else { "," });
        if !quote(key, limit, text) {
            return false;
        }
        text.push(':');
        if !write(value, limit, text) {
            return false;
        }
    }
    text.push('}');
    text.len() <= limit
}

/// Writes a text in quotes, with the escapes of JSON.
fn quote(content: &str, limit: usize, text: &mut String) -> bool {
    text.push('"');
    for character in content.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control < ' ' => text.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => text.push(other),
        }
        if text.len() > limit {
            return false;
        }
    }
    text.push('"');
    text.len() <= limit
}
