//! A Markdown table in the form that forges and ticket systems show; nothing in a cell is markup.

use crate::query::{Answer, Provenance};

pub(super) fn write(answer: &Answer, provenance: &Provenance) -> String {
    let mut text = format!("### {}\n\n", escaped(&answer.question));
    let columns = answer.telling_columns();
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    if !answer.rows.is_empty() {
        let headings = columns.iter().filter_map(|position| answer.columns.get(*position));
        text.push_str(&line(headings.map(|column| escaped(column.heading)).collect()));
        text.push_str(&line(columns.iter().map(|_| "---".to_owned()).collect()));
    }
    for row in &answer.rows {
        let cells = columns.iter().filter_map(|position| row.get(*position));
        text.push_str(&line(
            cells.map(|cell| cell.lines().iter().map(|line| escaped(line)).collect::<Vec<_>>().join("<br>")).collect(),
        ));
    }
    text.push('\n');
    for (label, lines) in answer.facts(provenance).into_iter().skip(1) {
        for line in lines {
            text.push_str(&format!("- {label}: {}\n", escaped(&line)));
        }
    }
    text
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => safe.push_str("&lt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '|' | '*' | '_' | '`' | '[' | ']' | '~' | '#' | '!' | '>' | '$' => {
                safe.push('\\');
                safe.push(character);
            }
            other => safe.push(other),
        }
    }
    safe
}
