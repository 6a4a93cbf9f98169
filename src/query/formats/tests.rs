//! Hostile cells stay text in every format.

use super::*;
use crate::query::{Cell, Column};

const HOSTILE: &str = "=cmd|' /C calc'!A0 <script>alert(1)</script> | `x` [a](javascript:1) \u{202e}\u{1b}[2J\r\n\"; {{ 7*7 }}";

fn answer(rows: usize) -> (Answer, Provenance) {
    let columns = vec![Column::brief("first", "first"), Column::full("second", "second"), Column::brief("third", "third")];
    let row = || vec![Cell::text(HOSTILE), Cell::list([HOSTILE, "b"]), Cell::Number(7)];
    let answer = Answer {
        question: "Every change with the text \u{2039}x\u{203a}".to_owned(),
        columns,
        rows: (0..rows).map(|_| row()).collect(),
        looked_at: "9 changes".to_owned(),
        notes: vec!["A note.".to_owned()],
    };
    let facts =
        vec![("tip", vec!["abc".to_owned()]), ("completeness", vec!["INCOMPLETE: a".to_owned(), "INCOMPLETE: b".to_owned()])];
    (answer, Provenance { facts, is_complete: false })
}

fn written(format: Format, rows: usize) -> String {
    let (answer, provenance) = answer(rows);
    write(format, &answer, &provenance, 80).unwrap()
}

#[test]
fn no_format_lets_a_hidden_character_through() {
    for format in [Format::Table, Format::Csv, Format::Json, Format::Markdown, Format::Html] {
        let text = written(format, 2).replace("\r\n", "\n");
        assert!(!text.contains(crate::text::is_hidden), "{format:?}");
        assert!(text.contains("9 changes") && text.contains("A note."), "{format:?}");
    }
}

#[test]
fn tables_are_as_wide_as_asked() {
    assert!(written(Format::Table, 2).lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn csv_has_one_shape_and_says_where_it_comes_from() {
    let text = written(Format::Csv, 2);
    let mut reader = ::csv::Reader::from_reader(text.as_bytes());
    let records: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.iter().filter(|record| &record[0] == "row").count(), 2);
    assert!(records[0][1].starts_with("'=cmd"));
    assert!(records.iter().any(|record| &record[0] == "about" && &record[4] == "looked at: 9 changes; the answer has 2 rows"));
    assert!(written(Format::Csv, 0).contains("none of them is an answer"));
}

#[test]
fn json_has_every_column_and_markdown_and_html_no_markup_of_theirs() {
    let value: serde_json::Value = serde_json::from_str(&written(Format::Json, 1)).unwrap();
    assert_eq!(value["rows"][0]["second"][1], "b");
    assert_eq!((value["matched"].as_u64(), value["is_complete"].as_bool()), (Some(1), Some(false)));
    let markdown = written(Format::Markdown, 1);
    assert!(
        markdown.contains("\\|")
            && !markdown.contains("<script")
            && markdown.lines().filter(|line| line.starts_with('|')).count() == 3
    );
    let html = written(Format::Html, 1);
    assert!(html.contains("INCOMPLETE.") && !html.contains("<script>") && html.contains("default-src 'none'"));
}
