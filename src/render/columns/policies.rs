//! What pages, tables and JSON say about policy objects: each changed field with what the rules say of it, and who
//! stands behind the last change of an object.

use std::collections::BTreeMap;

use super::{Columns, Facts, arrival, one_line};
use crate::evidence::{Dossier, Grade};
use crate::inventory::{Inventory, PolicyObject, Seen};
use crate::policies::{Direction, PolicyEdit, Verdict};
use crate::text::{CommitId, Person};

/// Policy objects of the inventory that are there at the end of the range, or are gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// In the tree of the end.
    Present,
    /// Gone before the end.
    Removed,
}

impl State {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Removed => "removed",
        }
    }
}

/// Every policy object of the inventory, those that are gone last.
pub(crate) fn inventory_rows(inventory: &Inventory) -> impl Iterator<Item = (State, &PolicyObject)> {
    let present = inventory.policies.iter().map(|policy| (State::Present, policy));
    present.chain(inventory.removed.iter().map(|policy| (State::Removed, policy)))
}

/// One field of a policy edit, or the object as a whole where the field is empty.
pub(crate) struct FieldRow<'a> {
    /// The path of the field.
    pub field: &'a str,
    /// What it said; empty when it was not there.
    pub before: &'a str,
    /// What it says; empty when it is gone.
    pub after: &'a str,
    /// The line of the file on which it stands.
    pub line: u32,
    /// Whether only a rule names it, so that before and after are not told.
    pub only_by_rule: bool,
    /// What the rules say of it; none where no rule looks at the field.
    pub verdicts: Vec<&'a Verdict>,
}

impl FieldRow<'_> {
    /// The worst that a rule says, as a word.
    pub fn direction(&self) -> Option<Direction> {
        self.verdicts.iter().map(|verdict| verdict.direction).max()
    }

    /// The word for the direction; empty where no rule looks at the field.
    pub fn direction_word(&self) -> &'static str {
        self.direction().map_or("", Direction::word)
    }

    /// The rules behind the direction, each once.
    pub fn rules(&self) -> String {
        let direction = self.direction();
        let mut rules: Vec<&str> = Vec::new();
        for verdict in self.verdicts.iter().filter(|verdict| Some(verdict.direction) == direction) {
            if !rules.contains(&verdict.rule) {
                rules.push(verdict.rule);
            }
        }
        rules.join("; ")
    }
}

/// The changed fields of an edit, each with the rules that look at it or at a part of it; a row of its own for what only
/// a rule names, and at least one row.
pub(crate) fn field_rows(edit: &PolicyEdit) -> Vec<FieldRow<'_>> {
    let new = |field, line| FieldRow { field, before: "", after: "", line, only_by_rule: true, verdicts: Vec::new() };
    let mut rows: BTreeMap<&str, FieldRow<'_>> = BTreeMap::new();
    for field in &edit.fields {
        let (before, after) = (field.before.as_deref().unwrap_or_default(), field.after.as_deref().unwrap_or_default());
        rows.insert(&field.path, FieldRow { before, after, only_by_rule: false, ..new(&field.path, field.line) });
    }
    let changed: Vec<&str> = rows.keys().copied().collect();
    for verdict in &edit.verdicts {
        let above = parents(&verdict.field).find(|field| rows.contains_key(field));
        let below = || {
            let first = changed.partition_point(|field| *field < &*verdict.field);
            let inside = changed.get(first..).unwrap_or_default();
            inside.iter().copied().take_while(|field| is_inside(field, &verdict.field))
        };
        // A rule that names a part of a code, `spec.rego: allow`, speaks of the code as well.
        if let Some((code, _)) = verdict.field.split_once(": ")
            && let Some(row) = rows.get_mut(code)
        {
            row.verdicts.push(verdict);
        }
        let mut told = false;
        for field in above.into_iter().chain(below().filter(|_| above.is_none())) {
            if let Some(row) = rows.get_mut(field) {
                row.verdicts.push(verdict);
                told = true;
            }
        }
        if !told {
            rows.entry(&verdict.field).or_insert_with(|| new(&verdict.field, edit.line)).verdicts.push(verdict);
        }
    }
    if rows.is_empty() {
        rows.insert("", new("", edit.line));
    }
    rows.into_values().collect()
}

/// A path of a field and the fields around it, from the inside out.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    let cuts = path.rmatch_indices(['.', '[']).filter_map(|(at, _)| path.get(..at));
    std::iter::once(path).chain(cuts)
}

/// Whether a field is a part of another one; nothing is a part of the object as a whole.
fn is_inside(field: &str, other: &str) -> bool {
    !other.is_empty() && field.strip_prefix(other).is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// The worst direction of the policy edits of a change; `None` without any.
pub(crate) fn worst_direction(dossier: &Dossier) -> Option<Direction> {
    dossier.change.commit.policy_edits.iter().map(PolicyEdit::direction).max()
}

/// Who and what stands behind a change that an object of the inventory names.
pub(crate) struct Behind<'a> {
    /// The change.
    pub change: CommitId,
    /// When it arrived, RFC 3339 in UTC; empty when it cannot be read.
    pub at: String,
    /// How strong the proof of that is.
    pub grade: Grade,
    /// Ticket ids that are a reason for it.
    pub tickets: Vec<&'a str>,
    /// Who wrote it: the authors of the commits that a merge brought, else its own; none where the change is not at hand.
    pub authors: Vec<&'a Person>,
    /// Everyone whose approval counts.
    pub approvers: Vec<String>,
}

impl<'a> Columns<'a> {
    /// Who and what stands behind a change of the inventory.
    pub fn behind(&self, seen: Seen) -> Behind<'a> {
        let Some(dossier) = self.named.get(&seen.change) else {
            let at = seen.at.and_then(crate::text::Timestamp::to_utc).unwrap_or_default();
            let grade = if at.is_empty() { Grade::None } else { Grade::Asserted };
            return Behind { change: seen.change, at, grade, tickets: Vec::new(), authors: Vec::new(), approvers: Vec::new() };
        };
        let mut facts = Facts::of_evidence(dossier);
        facts.reviews = self.approvals.weigh(dossier);
        let arrival = arrival(dossier);
        Behind {
            change: seen.change,
            at: arrival.at,
            grade: arrival.grade,
            tickets: facts.tickets.clone(),
            authors: authors(dossier),
            approvers: facts.approvers(),
        }
    }
}

/// Who wrote what a change brought: the authors of its side commits, else of its own commit, each spelling once.
pub(crate) fn authors(dossier: &Dossier) -> Vec<&Person> {
    let own = &dossier.change.commit;
    let sides = dossier.change.side_commits.iter().filter(|side| side.parents.len() < 2);
    let mut authors: Vec<&Person> = Vec::new();
    for commit in sides.chain(std::iter::once(own).filter(|own| own.parents.len() < 2)) {
        let author: &Person = &commit.author.person;
        if !authors.contains(&author) {
            authors.push(author);
        }
    }
    if authors.is_empty() { vec![&own.author.person] } else { authors }
}

/// The dossiers of the changes that an inventory names.
pub(crate) fn named_dossiers<'a>(inventory: &'a Inventory, period: &'a [Dossier]) -> BTreeMap<CommitId, &'a Dossier> {
    let policies = inventory_rows(inventory).flat_map(|(_, policy)| [policy.first_seen, policy.last_changed]);
    let wanted: std::collections::BTreeSet<CommitId> = policies.flatten().map(|seen| seen.change).collect();
    let dossiers = inventory.earlier.iter().chain(period).map(|dossier| (dossier.change.id(), dossier));
    dossiers.filter(|(id, _)| wanted.contains(id)).collect()
}

/// The exemptions of an object in one cell.
pub(crate) fn exemption_words(policy: &PolicyObject) -> String {
    policy.exemptions.iter().map(|exemption| one_line(exemption)).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policies::{FieldEdit, PolicyEditKind};
    use crate::render::specimen::policy_edit;

    fn rows(fields: &[&str], verdicts: &[(Direction, &'static str, &str)]) -> Vec<(String, &'static str, String)> {
        let mut edit = policy_edit(0, 0);
        let field = |path: &&str| FieldEdit { path: (*path).into(), before: Some("1".into()), after: None, line: 3 };
        edit.kind = PolicyEditKind::Modified;
        edit.fields = fields.iter().map(field).collect();
        let verdict = |&(direction, rule, field): &(Direction, &'static str, &str)| Verdict {
            direction,
            rule,
            field: field.into(),
            exemption: false,
        };
        edit.verdicts = verdicts.iter().map(verdict).collect();
        field_rows(&edit).iter().map(|row| (row.field.to_owned(), row.direction_word(), row.rules())).collect()
    }

    #[test]
    fn each_verdict_stands_beside_the_field_that_it_is_about() {
        use Direction::{Neutral, Strengthened, Weakened};
        let row = |field: &str, direction, rules: &str| (field.to_owned(), direction, rules.to_owned());
        assert_eq!(
            rows(&["spec.a", "spec.b[1]", "spec.bc"], &[(Weakened, "w", "spec.a.x"), (Strengthened, "s", "spec.b")]),
            [row("spec.a", "weakened", "w"), row("spec.b[1]", "strengthened", "s"), row("spec.bc", "", "")]
        );
        assert_eq!(
            rows(
                &["spec.a"],
                &[(Weakened, "v", "spec.a"), (Neutral, "n", "spec.a"), (Weakened, "w", "spec.a"), (Weakened, "o", "")]
            ),
            [row("", "weakened", "o"), row("spec.a", "weakened", "v; w")]
        );
        assert_eq!(
            rows(&["a.rego"], &[(Weakened, "w", "a.rego: allow")]),
            [row("a.rego", "weakened", "w"), row("a.rego: allow", "weakened", "w")]
        );
        assert_eq!(rows(&[], &[(Weakened, "removed", "")]), [row("", "weakened", "removed")]);
        assert_eq!(rows(&[], &[]), [row("", "", "")]);
    }
}
