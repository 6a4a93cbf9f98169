//! What happened to one policy object, who accepted it, and what was in force when?

use clap::Args;

use super::cells;
use super::{Answer, Ask, Cell, Column, Material, Mistake, Needs, find};
use crate::evidence::Dossier;
use crate::manifests::Identity;
use crate::policies::{PolicyEdit, PolicyEditKind};
use crate::render::columns::{self, one_line};
use crate::text::{RepoPath, counted};

/// Arguments of `countersign query history`.
#[derive(Debug, Args)]
pub struct History {
    /// The object: `NetworkPolicy trading/allow-portal`, with or without group, or its name alone
    object: String,
    /// Only in files whose path holds this text, where several files describe the object
    #[arg(long, value_name = "TEXT")]
    file: Option<String>,
}

const COLUMNS: &[Column] = &[
    Column::full("object", "object"),
    Column::brief("path", "file"),
    Column::full("line", "line"),
    Column::brief("edit", "edit"),
    Column::brief("direction", "direction"),
    Column::full("direction_rules", "rules"),
    Column::brief("fields", "fields"),
    Column::full("in_force_from", "in force from"),
    Column::brief("in_force_until", "in force until"),
    Column::full("within", "within the range"),
];

/// One edit of the object, and the time of the next one in the same file.
struct Step<'a> {
    position: usize,
    dossier: &'a Dossier,
    edit: &'a PolicyEdit,
    until: Option<String>,
    is_before: bool,
}

impl Ask for History {
    fn needs(&self) -> Needs {
        Needs::Past
    }

    fn answer(&self, material: &Material<'_>) -> Result<Answer, Mistake> {
        let pack = material.pack;
        let edits = || pack.dossiers.iter().flat_map(|dossier| &dossier.change.commit.policy_edits);
        let known = edits().map(|edit| &edit.object).chain(pack.inventory.policies.iter().map(|policy| &policy.object));
        let object = find::object(&self.object, known)?;
        let steps = self.steps(object, material);
        let columns = cells::CHANGE.iter().chain(COLUMNS).chain(&cells::EVIDENCE).copied().collect();
        let mut answer = Answer { question: self.words(object), columns, ..Answer::default() };
        answer.rows = steps.iter().map(|step| row(step, material)).collect();
        answer.looked_at = format!("{} in {}", counted(edits().count(), "policy edit"), counted(pack.dossiers.len(), "change"));
        answer.notes = Self::notes(object, &steps, material);
        Ok(answer)
    }
}

impl History {
    fn words(&self, object: &Identity) -> String {
        let file = self.file.as_ref().map_or_else(String::new, |file| format!(", in files whose path holds {}", one_line(file)));
        format!("Every change of {}{file}", one_line(&object.to_string()))
    }

    /// Edits of the range, and before it the last one in each file: what was in force when it began.
    fn steps<'a>(&self, object: &Identity, material: &Material<'a>) -> Vec<Step<'a>> {
        let is_wanted = |path: &RepoPath| self.file.as_ref().is_none_or(|file| path.to_text().contains(file.as_str()));
        let first = material.first_of_range();
        let mut steps: Vec<Step<'a>> = Vec::new();
        for (position, dossier) in material.columns.dossiers() {
            let edits = dossier.change.commit.policy_edits.iter();
            for edit in edits.filter(|edit| edit.object == *object && is_wanted(&edit.path)) {
                let at = columns::arrival(dossier).at;
                let from = edit.old_path.as_ref().unwrap_or(&edit.path);
                if let Some(last) = steps.iter_mut().rev().find(|step| step.edit.path == *from && step.until.is_none()) {
                    last.until = Some(at);
                }
                steps.push(Step { position, dossier, edit, until: None, is_before: position < first });
            }
        }
        // What was superseded or removed before the range began was not in force in it.
        let begins = material.pack.dossiers.get(first).map(|dossier| columns::arrival(dossier).at).unwrap_or_default();
        steps.retain(|step| {
            let over = step.until.as_ref().is_some_and(|until| *until < begins) || step.edit.kind == PolicyEditKind::Removed;
            !(step.is_before && over)
        });
        steps
    }

    fn notes(object: &Identity, steps: &[Step<'_>], material: &Material<'_>) -> Vec<String> {
        let mut notes = Vec::new();
        let there: Vec<_> = material.pack.inventory.policies.iter().filter(|policy| policy.object == *object).collect();
        notes.push(match there.as_slice() {
            [] => "The object is not in the tree at the end of the range.".to_owned(),
            policies => {
                let words = policies.iter().map(|policy| {
                    let enforcement =
                        if policy.enforcement.is_empty() { String::new() } else { format!(", {}", policy.enforcement) };
                    one_line(&format!("{}:{}{enforcement}", policy.path.to_text(), policy.line))
                });
                format!("At the end of the range it stands in {}.", words.collect::<Vec<_>>().join("; "))
            }
        });
        if steps.iter().any(|step| step.is_before) {
            notes.push("Rows marked `before` came before the range and were in force when it began.".to_owned());
        } else if material.before.is_some() {
            notes.push("Nothing of it was in force when the range began.".to_owned());
        }
        let side = material.pack.dossiers.iter().flat_map(|dossier| &dossier.change.side_commits);
        let inside = side.flat_map(|commit| &commit.policy_edits).filter(|edit| edit.object == *object).count();
        if inside > 0 {
            notes.push(format!("{} on side commits; a row is what arrived on the branch.", counted(inside, "further edit")));
        }
        notes
    }
}

fn row(step: &Step<'_>, material: &Material<'_>) -> Vec<Cell> {
    let Step { position, dossier, edit, until, is_before } = step;
    let facts = material.columns.facts(*position, dossier);
    let mut cells = Vec::from(cells::change(dossier));
    let path = match &edit.old_path {
        Some(old) => format!("{} (from {})", columns::path(&edit.path), columns::path(old)),
        None => columns::path(&edit.path),
    };
    let from = columns::arrival(dossier).at;
    let is_removal = edit.kind == PolicyEditKind::Removed;
    cells.extend([
        Cell::object(&edit.object),
        Cell::One(path),
        Cell::Number(edit.line.into()),
        Cell::text(edit.kind.word()),
        Cell::text(edit.direction().word()),
        Cell::Many(edit.verdicts.iter().map(cells::verdict).collect()),
        Cell::Many(edit.fields.iter().map(cells::field).collect()),
        if is_removal { Cell::empty() } else { Cell::time(&from) },
        until.as_deref().filter(|_| !is_removal).map_or_else(Cell::empty, Cell::time),
        Cell::text(if *is_before { "before" } else { "yes" }),
    ]);
    cells.extend(cells::evidence(&facts));
    cells
}
