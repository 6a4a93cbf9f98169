//! RFC 4180 with guarded cells, as the tables of a pack. What the rows were drawn from follows them in records of their
//! own, so that a file stands by itself and still has one header and one shape.

use crate::query::{Answer, Provenance};
use crate::render::RenderError;
use crate::render::csv::Rows;

pub(super) fn write(answer: &Answer, provenance: &Provenance) -> Result<String, RenderError> {
    let mut bytes = Vec::new();
    let mut rows = Rows::new("the answer", &mut bytes);
    rows.row(std::iter::once("record").chain(answer.columns.iter().map(|column| column.key)).chain(["about"]))?;
    for row in &answer.rows {
        let cells = row.iter().map(|cell| cell.lines().join("; "));
        rows.row(std::iter::once("row".to_owned()).chain(cells).chain([String::new()]))?;
    }
    for (label, lines) in answer.facts(provenance) {
        for line in lines {
            let empty = answer.columns.iter().map(|_| String::new());
            rows.row(std::iter::once("about".to_owned()).chain(empty).chain([format!("{label}: {line}")]))?;
        }
    }
    rows.finish()?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
