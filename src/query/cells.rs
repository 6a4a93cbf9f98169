//! Cells that several questions have in common.

use super::{Cell, Column};
use crate::changes::Commit;
use crate::evidence::Dossier;
use crate::policies::{FieldEdit, PolicyEdit, Verdict};
use crate::render::columns::{self, Facts, one_line};
use crate::text::CommitId;

/// When a change arrived, how that is known, what it is called and who wrote it.
pub(super) const CHANGE: [Column; 6] = [
    Column::brief("arrived_at", "arrived"),
    Column::full("arrived_at_source", "time from"),
    Column::full("arrived_at_grade", "grade of time"),
    Column::brief("change_id", "change"),
    Column::brief("title", "title"),
    Column::brief("author", "author"),
];

/// The cells of [`CHANGE`].
pub(super) fn change(dossier: &Dossier) -> [Cell; 6] {
    let arrival = columns::arrival(dossier);
    let commit = &dossier.change.commit;
    [
        Cell::time(&arrival.at),
        Cell::One(arrival.source),
        Cell::One(arrival.grade.word().to_owned()),
        Cell::id(&commit.id.to_string()),
        Cell::text(&columns::shorten(commit.subject(), 400)),
        Cell::person(&commit.author.person),
    ]
}

/// Why, and who else.
pub(super) const EVIDENCE: [Column; 6] = [
    Column::brief("tickets", "tickets"),
    Column::full("tickets_mentioned", "tickets only quoted"),
    Column::full("ticket_grade", "grade of tickets"),
    Column::full("reviewers", "reviewers"),
    Column::brief("approvers", "approvers"),
    Column::full("approval_grade", "grade of approvals"),
];

/// The cells of [`EVIDENCE`].
pub(super) fn evidence(facts: &Facts<'_>) -> [Cell; 6] {
    [
        Cell::list(&facts.tickets),
        Cell::list(&facts.tickets_mentioned),
        Cell::One(facts.ticket_grade.word().to_owned()),
        Cell::People(facts.reviewers()),
        Cell::People(facts.approvers()),
        Cell::One(facts.approval_grade.word().to_owned()),
    ]
}

/// One policy edit in a few words.
pub(super) fn edit(edit: &PolicyEdit) -> String {
    one_line(&format!("{} {} ({})", edit.kind.word(), edit.object, edit.direction().word()))
}

/// One field with what it said and what it says.
pub(super) fn field(field: &FieldEdit) -> String {
    let words = |value: &Option<Box<str>>| value.as_deref().map_or_else(|| "(not there)".to_owned(), str::to_owned);
    one_line(&format!("{}: {} → {}", field.path, words(&field.before), words(&field.after)))
}

/// What one rule says about one edit.
pub(super) fn verdict(verdict: &Verdict) -> String {
    let field = if verdict.field.is_empty() { String::new() } else { format!(" at {}", verdict.field) };
    let exemption = if verdict.exemption { ", an exemption" } else { "" };
    one_line(&format!("{} ({}{exemption}){field}", verdict.rule, verdict.direction.word()))
}

/// The paths that a commit touched; both names of a renamed file.
pub(super) fn paths(commit: &Commit) -> impl Iterator<Item = String> {
    commit.file_edits.iter().map(|file| match &file.old_path {
        Some(old) => format!("{} {} (from {})", file.kind.letter(), columns::path(&file.path), columns::path(old)),
        None => format!("{} {}", file.kind.letter(), columns::path(&file.path)),
    })
}

/// Whether hexadecimal digits begin an id.
pub(super) fn begins(id: CommitId, digits: &str) -> bool {
    id.to_string().starts_with(digits)
}

/// A number with the words for one and for any other number of things.
pub(super) fn number_of(number: usize, one: &str, other: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { other })
}
