//! A table for a terminal: the main columns, wrapped so that a row fits into a line's width.

use crate::query::{Answer, Cell, Provenance};

/// Between two columns.
const GAP: usize = 2;
/// No column becomes narrower for want of room.
const NARROWEST: usize = 8;

pub(super) fn write(answer: &Answer, provenance: &Provenance, width: usize) -> String {
    let mut text = format!("{}\n\n", answer.question);
    text.push_str(&rows(answer, width));
    for (label, lines) in answer.facts(provenance).into_iter().skip(1) {
        for (number, line) in lines.iter().enumerate() {
            let label = if number == 0 { label } else { "" };
            for (number, part) in wrap(line, width.saturating_sub(18).max(40)).into_iter().enumerate() {
                text.push_str(format!("  {:<15} {part}", if number == 0 { label } else { "" }).trim_end());
                text.push('\n');
            }
        }
    }
    text
}

fn rows(answer: &Answer, width: usize) -> String {
    let telling = answer.telling_columns();
    let is_shown =
        |position: &usize| answer.columns.get(*position).is_some_and(|column| column.is_brief) && telling.contains(position);
    let shown: Vec<usize> = (0..answer.columns.len()).filter(is_shown).collect();
    if answer.rows.is_empty() {
        return String::new();
    }
    let headings: Vec<Vec<String>> =
        shown.iter().filter_map(|position| answer.columns.get(*position)).map(|column| vec![column.heading.to_owned()]).collect();
    let cells = |row: &Vec<Cell>| -> Vec<Vec<String>> {
        shown.iter().map(|position| row.get(*position).map(Cell::short_lines).unwrap_or_default()).collect()
    };
    let rows: Vec<Vec<Vec<String>>> = answer.rows.iter().map(cells).collect();
    let widths = fit(natural_widths(&headings, &rows), width);
    let rule: Vec<Vec<String>> = widths.iter().map(|width| vec!["-".repeat(*width)]).collect();
    let mut text = line(&headings, &widths);
    text.push_str(&line(&rule, &widths));
    for row in &rows {
        text.push_str(&line(row, &widths));
    }
    text.push('\n');
    text
}

fn natural_widths(headings: &[Vec<String>], rows: &[Vec<Vec<String>>]) -> Vec<usize> {
    let mut widths = vec![0; headings.len()];
    for row in std::iter::once(headings).chain(rows.iter().map(Vec::as_slice)) {
        for (width, lines) in widths.iter_mut().zip(row) {
            *width = lines.iter().map(|line| width_of(line)).max().unwrap_or(0).max(*width);
        }
    }
    widths
}

/// Takes from the widest column until the row fits, or no column can give more.
fn fit(mut widths: Vec<usize>, width: usize) -> Vec<usize> {
    let gaps = GAP * widths.len().saturating_sub(1);
    loop {
        let too_much = (widths.iter().sum::<usize>() + gaps).saturating_sub(width);
        let mut sorted = widths.clone();
        sorted.sort_unstable();
        let (widest, next) = (sorted.pop().unwrap_or(0), sorted.pop().unwrap_or(0));
        if too_much == 0 || widest <= NARROWEST {
            return widths;
        }
        let target = next.max(widest.saturating_sub(too_much)).min(widest - 1).max(NARROWEST);
        if let Some(column) = widths.iter_mut().find(|width| **width == widest) {
            *column = target;
        }
    }
}

/// One row; cells that do not fit take several lines.
fn line(cells: &[Vec<String>], widths: &[usize]) -> String {
    let wrapped: Vec<Vec<String>> =
        cells.iter().zip(widths).map(|(lines, width)| lines.iter().flat_map(|line| wrap(line, *width)).collect()).collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0);
    let mut text = String::new();
    for number in 0..height {
        let mut line = String::new();
        for (cell, width) in wrapped.iter().zip(widths) {
            let part = cell.get(number).map_or("", String::as_str);
            line.push_str(part);
            line.push_str(&" ".repeat((width + GAP).saturating_sub(width_of(part))));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Cuts text into lines of a width, at spaces and after slashes where there are any; leading spaces stay.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut line, mut used) = (String::new(), 0);
    for word in text.split_inclusive([' ', '/']) {
        let bare = width_of(word.trim_end());
        if used > 0 && used + bare > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        for character in word.chars() {
            let size = width_of_character(character);
            if used + size > width && character != ' ' {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push(character);
            used += size;
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

fn width_of(text: &str) -> usize {
    text.chars().map(width_of_character).sum()
}

/// How many columns of a terminal a character takes; wide scripts take two.
fn width_of_character(character: char) -> usize {
    match character {
        '\u{300}'..='\u{36f}' => 0,
        '\u{1100}'..='\u{115f}'
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe6f}'
        | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}'
        | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}' => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_at_spaces_and_inside_long_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("0123456789ab", 5), ["01234", "56789", "ab"]);
        assert_eq!(wrap("  a: b", 10), ["  a: b"]);
        assert_eq!(wrap("base/billing/x.yaml", 13), ["base/billing/", "x.yaml"]);
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("政策政策", 5), ["政策", "政策"]);
        assert_eq!(wrap("é ü", 1), ["é", "ü"]);
    }

    #[test]
    fn widths_fit_into_a_line_and_the_widest_column_gives() {
        assert_eq!(fit(vec![10, 40, 20], 60), [10, 26, 20]);
        assert_eq!(fit(vec![10, 10], 60), [10, 10]);
        assert_eq!(fit(vec![100, 100, 100], 10), [8, 8, 8]);
        assert_eq!(fit(Vec::new(), 10), Vec::<usize>::new());
    }
}
