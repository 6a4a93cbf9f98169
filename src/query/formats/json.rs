//! One JSON object: what was asked, where the answer comes from, and the rows by column names.

use serde_json::{Map, Value, json};

use crate::query::{Answer, Cell, Provenance};

pub(super) fn write(answer: &Answer, provenance: &Provenance) -> String {
    let rows = answer.rows.iter().map(|row| {
        let cells = answer.columns.iter().zip(row).map(|(column, cell)| (column.key.to_owned(), value(cell)));
        Value::Object(cells.collect::<Map<_, _>>())
    });
    let facts = provenance.facts.iter().map(|(label, lines)| {
        let value = match lines.as_slice() {
            [line] => json!(line),
            lines => json!(lines),
        };
        (label.replace(' ', "_"), value)
    });
    let whole = json!({
        "question": answer.question,
        "drawn_from": Value::Object(facts.collect()),
        "is_complete": provenance.is_complete,
        "looked_at": answer.looked_at,
        "matched": answer.rows.len(),
        "columns": answer.columns.iter().map(|column| column.key).collect::<Vec<_>>(),
        "rows": rows.collect::<Vec<_>>(),
        "notes": answer.notes,
    });
    format!("{whole:#}\n")
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::One(text) | Cell::Cut(text, _) => json!(text),
        Cell::Many(values) | Cell::People(values) => json!(values),
        Cell::Number(number) => json!(number),
    }
}
