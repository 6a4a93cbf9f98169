//! Descriptions of tickets as plain lines: plain text, HTML (Azure Boards), and Atlassian's document format (Jira Cloud).

use serde_json::Value;

/// Elements of HTML after which a new line begins.
const BLOCKS: &[&str] = &["br", "div", "p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "td", "th", "ul", "ol", "pre"];

/// A description as plain lines; empty where it is in no known form.
pub(super) fn lines(value: &Value) -> String {
    match value {
        Value::String(text) if text.trim_start().starts_with('<') => of_html(text),
        Value::String(text) => text.clone(),
        Value::Object(_) => {
            let mut lines = String::new();
            of_document(value, &mut lines);
            lines
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => String::new(),
    }
}

/// The text between the tags; a heading keeps a `#` before it, and tags end lines where a browser does.
fn of_html(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for part in html.split('<') {
        let (tag, after) = part.split_once('>').unwrap_or(("", part));
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        if BLOCKS.iter().any(|block| block.eq_ignore_ascii_case(name)) {
            text.push('\n');
        }
        let level = name.strip_prefix(['h', 'H']).unwrap_or_default();
        if !tag.starts_with('/') && level.len() == 1 && level.starts_with(|c: char| c.is_ascii_digit()) {
            text.push_str("# ");
        }
        text.push_str(after);
    }
    let entities = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    entities.iter().fold(text, |text, (entity, plain)| text.replace(entity, plain))
}

/// Texts of the leaves; each block stands on lines of its own. The depth is bounded by the reader of JSON.
fn of_document(node: &Value, lines: &mut String) {
    let kind = node.get("type").and_then(Value::as_str).unwrap_or_default();
    match kind {
        "heading" => lines.push_str("\n# "),
        "paragraph" | "listItem" | "hardBreak" | "codeBlock" => lines.push('\n'),
        _ => {}
    }
    if let Some(text) = node.get("text").and_then(Value::as_str) {
        lines.push_str(text);
    }
    let children = node.get("content").and_then(Value::as_array);
    children.into_iter().flatten().for_each(|child| of_document(child, lines));
    if kind == "heading" {
        lines.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::lines;

    #[test]
    fn html_and_documents_become_lines() {
        let html = json!("<h2>Impact</h2><div>None of the <b>tenants</b> &amp; nodes</div><br/>Tested: yes");
        assert_eq!(lines(&html), "\n# Impact\n\nNone of the tenants & nodes\n\nTested: yes");
        let paragraph = |text: &str| json!({"type": "paragraph", "content": [{"type": "text", "text": text}]});
        let heading = json!({"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "Impact"}]});
        let document = json!({"type": "doc", "version": 1, "content": [heading, paragraph("two pods")]});
        assert_eq!(lines(&document), "\n# Impact\n\ntwo pods");
        assert_eq!(lines(&json!("Impact: < 5 pods")), "Impact: < 5 pods");
        assert_eq!(lines(&json!(["x"])), "");
    }
}
