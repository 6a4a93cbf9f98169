//! Rego and CEL as text: which rule, expression or variable reads differently.
//!
//! It is a comparison of text, not of meaning: comments, blank lines and spacing do not count, everything else does.

use std::collections::BTreeMap;

use super::marks::{About, Item, Marks, Rule, Sides, items, present};
use crate::manifests::Node;

/// The rules of a Rego module by name, each with the text of all its clauses in order.
pub(super) fn rego_rules(source: &str) -> BTreeMap<String, String> {
    let mut rules: BTreeMap<String, String> = BTreeMap::new();
    let mut current = String::from("package");
    for line in source_lines(source, '#') {
        if let Some(name) = rule_name(&line) {
            current = name;
        }
        let text = rules.entry(current.clone()).or_default();
        text.push_str(line.trim());
        text.push('\n');
    }
    rules
}

/// The name of the rule that begins on a line: the word at its very start, after `default`.
fn rule_name(line: &str) -> Option<String> {
    let line = line.strip_prefix("default ").unwrap_or(line);
    let name: String = line.chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).collect();
    match &*name {
        "" | "else" => None,
        "import" => Some(line.to_owned()),
        _ => Some(name),
    }
}

/// The lines of a source text without comments and without runs of spaces; quoted text is kept as it is.
fn source_lines(source: &str, comment: char) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut quote: Option<char> = None;
    let mut escaped = false;
    let mut commented = false;
    for c in source.chars().chain(['\n']) {
        if c == '\n' {
            // A text in backticks runs over lines; other quotes end with theirs.
            quote = quote.filter(|quote| *quote == '`');
            commented = false;
            escaped = false;
            let end = line.trim_end().len();
            line.truncate(end);
            if !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            continue;
        }
        if commented {
            continue;
        }
        if let Some(open) = quote {
            line.push(c);
            quote = quote.filter(|_| c != open || escaped);
            escaped = c == '\\' && !escaped && open != '`';
            continue;
        }
        match c {
            _ if c == comment => commented = true,
            '"' | '`' | '\'' => {
                // Rego has no single quotes: an apostrophe there is no quote.
                quote = (c != '\'' || comment != '#').then_some(c);
                line.push(c);
            }
            _ if c.is_whitespace() => {
                if !line.ends_with(' ') {
                    line.push(' ');
                }
            }
            _ => line.push(c),
        }
    }
    lines
}

/// The rules for changes of code, each family has its own ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct CodeRules {
    /// An expression, variable or function reads differently.
    pub changed: Rule,
    /// A whole validation came or went.
    pub validation: Rule,
    /// A condition that must hold before the policy applies came or went.
    pub condition: Rule,
    /// Only comments, spacing or messages differ.
    pub wording: Rule,
}

/// Marks each Rego rule that reads differently; `field: rule` is its place.
pub(super) fn compare_rego(marks: &mut Marks, rules: CodeRules, sides: &Sides) {
    if sides.same() {
        return;
    }
    let modules = |node: Option<&Node>| -> BTreeMap<String, String> {
        let Some(node) = node else { return BTreeMap::new() };
        let sources = node.text().into_iter().chain(node.items().iter().filter_map(Node::text));
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for (at, source) in sources.enumerate() {
            let rules = rego_rules(source);
            let package = match node.text() {
                Some(_) => String::new(),
                None => rules.get("package").map_or_else(|| format!("{at}."), |line| package_of(line)),
            };
            for (name, text) in rules {
                all.entry(format!("{package}{name}")).or_default().push_str(&text);
            }
        }
        all
    };
    let (this, that) = (modules(sides.this), modules(sides.that));
    let names = this.iter().chain(&that).map(|(name, _)| name).filter(|name| this.get(*name) != that.get(*name));
    let mut any = false;
    for name in names {
        any = true;
        marks.unclear(rules.changed, &format!("{}: {}", sides.path, short(name)));
    }
    if !any {
        marks.alike(rules.wording, &sides.path);
    }
}

fn package_of(line: &str) -> String {
    format!("{}.", line.trim().trim_start_matches("package").trim())
}

/// A name cut to what fits into a line; names from Git have any length.
fn short(name: &str) -> String {
    name.chars().take(80).collect()
}

/// A CEL expression without comments and spacing.
pub(super) fn cel_text(text: &str) -> String {
    let mut joined = String::new();
    for line in source_lines(&text.replace("//", "\u{1}"), '\u{1}') {
        joined.push_str(&line.trim().replace('\u{1}', "//"));
        joined.push(' ');
    }
    joined.trim_end().to_owned()
}

/// Marks what differs in `validations`, `variables` and `matchConditions` of an object or a source in CEL.
pub(super) fn compare_cel(marks: &mut Marks, rules: CodeRules, sides: &Sides) {
    compare_validations(marks, rules, &sides.at("validations"));
    compare_named(marks, rules, &sides.at("variables"), None);
    compare_conditions(marks, rules, &sides.at("matchConditions"));
}

/// Each further condition makes a policy apply to less.
pub(super) fn compare_conditions(marks: &mut Marks, rules: CodeRules, sides: &Sides) {
    compare_named(marks, rules, sides, Some(rules.condition));
}

/// All validations must hold: one more is stronger. A changed expression tells no direction.
pub(super) fn compare_validations(marks: &mut Marks, rules: CodeRules, sides: &Sides) {
    let (this, that) = unmatched_by(sides, "expression");
    let both = this.len().min(that.len());
    for item in this.iter().take(both).chain(that.iter().take(both)) {
        marks.unclear(rules.changed, &format!("{}.expression", item.path));
    }
    that.iter().skip(both).for_each(|item| marks.weaker(rules.validation, &item.path));
    if this.is_empty() && that.is_empty() && !sides.same() {
        marks.alike(rules.wording, &sides.path);
    }
}

/// The items of each side whose code the other side does not have.
fn unmatched_by<'a>(sides: &Sides<'a>, key: &str) -> (Vec<Item<'a>>, Vec<Item<'a>>) {
    let code = |node: &Node| cel_text(node.get(key).and_then(Node::text).unwrap_or(""));
    let read = |node: Option<&'a Node>| -> Vec<(String, Item<'a>)> {
        items(node, &sides.path).into_iter().map(|item| (code(item.node), item)).collect()
    };
    let (this, that) = (read(sides.this), read(sides.that));
    let known = |list: &[(String, Item)]| list.iter().map(|(code, _)| code.clone()).collect::<std::collections::BTreeSet<_>>();
    let (ours, theirs) = (known(&this), known(&that));
    let only = |list: Vec<(String, Item<'a>)>, other: &std::collections::BTreeSet<String>| {
        list.into_iter().filter(|(code, _)| !other.contains(code)).map(|(_, item)| item).collect()
    };
    (only(this, &theirs), only(that, &ours))
}

/// Compares items with a name and an expression; with a rule for conditions, each further one makes the policy narrower.
fn compare_named(marks: &mut Marks, rules: CodeRules, sides: &Sides, condition: Option<Rule>) {
    let read = |node: Option<&Node>| -> BTreeMap<String, (String, String)> {
        let name = |item: &Item| present(Some(item.node), "name").and_then(Node::text).unwrap_or("").to_owned();
        let code = |item: &Item| cel_text(item.node.get("expression").and_then(Node::text).unwrap_or(""));
        items(node, &sides.path).into_iter().map(|item| (name(&item), (code(&item), item.path))).collect()
    };
    let (this, that) = (read(sides.this), read(sides.that));
    for (name, (code, path)) in &this {
        match (that.get(name), condition) {
            (Some((other, _)), _) if other == code => {}
            (None, Some(rule)) => marks.weaker_about(rule, path, About::Protection),
            (_, _) => marks.unclear(rules.changed, &format!("{path}: {}", short(name))),
        }
    }
    if condition.is_none() {
        let lost = that.iter().filter(|(name, _)| !this.contains_key(*name));
        lost.for_each(|(name, (_, path))| marks.unclear(rules.changed, &format!("{path}: {}", short(name))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGO: &str = "package k8srequiredlabels\n\nimport data.lib.exempt\n\n# says who\ndefault allow = false\n\
        violation[{\"msg\": msg}] {\n  provided := {label | input.review.object.metadata.labels[label]}\n  count(provided) > 0 # not none\n}\n\
        violation[{\"msg\": msg}] {\n  msg := \"a # b\"\n}\nelse = true { x }\nhelper(x) = y {\n  y := x\n}\n";

    #[test]
    fn a_module_is_split_into_rules_by_name() {
        let rules = rego_rules(REGO);
        let names: Vec<&str> = rules.keys().map(String::as_str).collect();
        assert_eq!(names, ["allow", "helper", "import data.lib.exempt", "package", "violation"]);
        assert!(rules["violation"].contains("a # b") && rules["violation"].contains("else = true"));
        assert!(!rules["violation"].contains("not none"));
    }

    #[test]
    fn comments_blank_lines_and_spacing_do_not_count() {
        let spaced = REGO.replace("# says who", "# says nobody\n\n").replace("  count(provided)", "\tcount(provided)  ");
        assert_eq!(rego_rules(REGO), rego_rules(&spaced));
        assert_ne!(rego_rules(REGO), rego_rules(&REGO.replace("> 0", "> 1")));
        assert_ne!(rego_rules(REGO), rego_rules(&REGO.replace("a # b", "a # c")));
        let raw = "x := `\n# kept\n`\n";
        assert!(rego_rules(raw)["x"].contains("# kept"));
    }

    #[test]
    fn an_expression_is_compared_without_spacing() {
        assert_eq!(cel_text("a  &&\n   b // why\n"), "a && b");
        assert_eq!(cel_text("x == 'http://y'"), "x == 'http://y'");
        assert_ne!(cel_text("x == 'a  b'"), cel_text("x == 'a b'"));
        for odd in ["'", "\"\\", "`", "//", "", "\u{1}"] {
            let _ = (cel_text(odd), rego_rules(odd));
        }
    }
}
