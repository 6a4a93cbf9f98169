//! The tables about policy objects: what changed in which, and what there is at the end of the range.

use super::{Rows, joined};
use crate::evidence::Dossier;
use crate::inventory::PolicyObject;
use crate::policies::PolicyEdit;
use crate::render::RenderError;
use crate::render::columns::{self, Behind, Columns, State};

#[rustfmt::skip] // in the groups of the description, not one a line
pub(super) const POLICY_CHANGES: &[&str] = &[
    "change_id", "object", "family", "path", "edit", "field", "before", "after", "direction", "direction_rule",
    "tickets", "approvers", "old_path", "line", "object_direction",
];

/// One row for each changed field, and one without a field where the object as a whole is what changed.
pub(super) fn policy_changes(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (position, dossier) in columns.dossiers() {
        if dossier.change.commit.policy_edits.is_empty() {
            continue;
        }
        let facts = columns.facts(position, dossier);
        let people = [joined(&facts.tickets), facts.approvers().join("; ")];
        for edit in &dossier.change.commit.policy_edits {
            edit_rows(dossier, edit, &people, rows)?;
        }
    }
    Ok(())
}

fn edit_rows(dossier: &Dossier, edit: &PolicyEdit, people: &[String; 2], rows: &mut Rows<'_>) -> Result<(), RenderError> {
    let change_id = dossier.change.id().to_string();
    let object = columns::one_line(&edit.object.to_string());
    let (path, old_path) = (columns::path(&edit.path), edit.old_path.as_ref().map(columns::path).unwrap_or_default());
    let whole = edit.direction().word();
    let [tickets, approvers] = people;
    for row in columns::field_rows(edit) {
        rows.row([
            &*change_id,
            &object,
            edit.family.word(),
            &path,
            edit.kind.word(),
            &columns::one_line(row.field),
            &columns::one_line(row.before),
            &columns::one_line(row.after),
            row.direction_word(),
            &row.rules(),
            tickets,
            approvers,
            &old_path,
            &row.line.to_string(),
            whole,
        ])?;
    }
    Ok(())
}

#[rustfmt::skip] // in the groups of the description, not one a line
pub(super) const POLICY_INVENTORY: &[&str] = &[
    "object", "family", "kind", "name", "namespace", "environment", "enforcement", "exemptions", "path", "blob_id",
    "first_seen_change", "first_seen_at", "last_changed_change", "last_changed_at", "last_ticket", "last_author",
    "last_approvers", "changes_in_period", "state", "line", "last_changed_grade", "in_scope",
];

/// One row for each policy object at the end of the range, then one for each that is gone.
pub(super) fn policy_inventory(columns: &Columns<'_>, rows: &mut Rows<'_>) -> Result<(), RenderError> {
    for (state, policy) in columns::inventory_rows(&columns.pack.inventory) {
        rows.row(policy_cells(columns, state, policy))?;
    }
    Ok(())
}

fn policy_cells(columns: &Columns<'_>, state: State, policy: &PolicyObject) -> [String; 22] {
    let first = policy.first_seen.map(|seen| columns.behind(seen));
    let last = policy.last_changed.map(|seen| columns.behind(seen));
    let of = |behind: &Option<Behind<'_>>, cell: fn(&Behind<'_>) -> String| behind.as_ref().map(cell).unwrap_or_default();
    [
        columns::one_line(&policy.object.to_string()),
        policy.family.word().to_owned(),
        columns::one_line(&policy.object.kind.kind),
        columns::one_line(&policy.object.name),
        columns::one_line(&policy.object.namespace),
        policy.environment.as_deref().map(columns::one_line).unwrap_or_default(),
        columns::one_line(&policy.enforcement),
        columns::exemption_words(policy),
        columns::path(&policy.path),
        policy.blob.to_string(),
        of(&first, |behind| behind.change.to_string()),
        of(&first, |behind| behind.at.clone()),
        of(&last, |behind| behind.change.to_string()),
        of(&last, |behind| behind.at.clone()),
        of(&last, |behind| joined(&behind.tickets)),
        of(&last, |behind| joined(behind.authors.iter().map(|author| columns::person(author)))),
        of(&last, |behind| behind.approvers.join("; ")),
        policy.changes_in_period.to_string(),
        state.word().to_owned(),
        policy.line.to_string(),
        of(&last, |behind| behind.grade.word().to_owned()),
        super::yes_no(policy.in_scope),
    ]
}
