//! Policy objects on the pages: what there is, what got weaker, what namespaces lack, and what one change did to which field.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Capped, line};
use crate::checks::Subject;
use crate::evidence::Dossier;
use crate::inventory::PolicyObject;
use crate::manifests::Identity;
use crate::pack::Pack;
use crate::policies::{self, Direction, Family, PolicyEdit, PolicyEditKind};
use crate::render::columns::{self, Columns, FieldRow};
use crate::text::{CommitId, Person, visible};

/// Objects of one family that the index lists; the rest is in `data/policy-inventory.csv`.
const OBJECTS: usize = 200;
/// Weakened parts that the index lists; the rest is in `data/policy-changes.csv`.
const WEAKER: usize = 200;
/// Rows of any other list.
const ROWS: usize = 100;
/// Characters of a cell of the index.
const CELL: usize = 120;
/// Policy objects shown on a sheet.
const EDITS: usize = 50;
/// Fields of one object shown on a sheet.
const FIELDS: usize = 30;

/// The sections of the index that are about policies.
#[derive(Serialize)]
pub(super) struct Policies {
    counts: Movement,
    families: Vec<FamilyTable>,
    removed: Capped<PolicyRow>,
    gaps: Capped<String>,
    weaker: Capped<WeakerRow>,
    weaker_changes: usize,
    rules: Vec<RuleRow>,
    undetermined: usize,
    coverage: CoverageLists,
}

/// How the number of objects came about.
#[derive(Serialize)]
struct Movement {
    at_start: usize,
    added: usize,
    removed: usize,
    modified: usize,
    moved: usize,
    at_end: usize,
}

#[derive(Serialize)]
struct FamilyTable {
    title: &'static str,
    policies: Capped<PolicyRow>,
}

#[derive(Serialize)]
struct PolicyRow {
    object: ObjectName,
    enforcement: String,
    exemptions: String,
    place: String,
    environment: String,
    in_scope: bool,
    changed: Option<LastChange>,
    changes_in_period: u32,
}

/// When an object last changed, and who stands behind it.
#[derive(Serialize)]
struct LastChange {
    day: String,
    short: String,
    address: Option<String>,
    tickets: String,
    author: String,
    approvers: String,
}

#[derive(Serialize)]
struct WeakerRow {
    seq: usize,
    short: String,
    address: Option<String>,
    day: String,
    object: ObjectName,
    field: String,
    plain: bool,
    before: String,
    after: String,
    rules: String,
    tickets: String,
    author: String,
    approvers: String,
    accepted: String,
}

#[derive(Serialize)]
struct CoverageLists {
    namespaces: usize,
    only_named: usize,
    unplaced_denials: usize,
    without_default_deny: Capped<String>,
    without_enforce_label: Capped<String>,
}

/// Text of a cell of the index, cut with a statement before and after hidden characters are written out.
fn cell(text: &str) -> String {
    cut(text, CELL)
}

fn cut(text: &str, limit: usize) -> String {
    let shown = columns::one_line(&columns::shorten(text.trim(), limit));
    if shown.chars().nth(2 * limit).is_none() { shown } else { columns::shorten(&shown, limit).into_owned() }
}

/// The first exemptions of an object.
fn exemptions(policy: &PolicyObject) -> String {
    const NAMED: usize = 8;
    let named: Vec<String> = policy.exemptions.iter().take(NAMED).map(|exemption| cell(exemption)).collect();
    match policy.exemptions.len().saturating_sub(NAMED) {
        0 => cell(&named.join("; ")),
        more => format!("{}; and {more} more", cell(&named.join("; "))),
    }
}

fn people(authors: &[&Person]) -> String {
    cell(&authors.iter().map(|author| columns::person(author)).collect::<Vec<_>>().join("; "))
}

/// An object in two parts: what it is called, and the group of its kind.
#[derive(Serialize)]
struct ObjectName {
    name: String,
    group: String,
}

fn object_name(object: &Identity) -> ObjectName {
    let text = object.to_string();
    let name = text.strip_prefix(&*object.kind.group).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&text);
    ObjectName { name: cell(name), group: cell(&object.kind.group) }
}

/// Everything that the index says about policies.
pub(super) fn policies(columns: &Columns<'_>) -> Policies {
    let inventory = &columns.pack.inventory;
    let positions = positions(columns.pack);
    let row = |policy| policy_row(columns, &positions, policy);
    let of = |family: Family| {
        let members = inventory.policies.iter().filter(move |policy| policy.family == family);
        FamilyTable { title: family.title(), policies: Capped::new(members, OBJECTS).map(row) }
    };
    let coverage = &inventory.coverage;
    let names = |list: &[Box<str>]| Capped::new(list.iter().map(|name| cell(name)), ROWS);
    let directions = |wanted| edits(columns.pack).filter(|edit| edit.direction() == wanted).count();
    let weakens = |dossier: &&Dossier| columns::worst_direction(dossier) == Some(Direction::Weakened);
    Policies {
        counts: movement(columns.pack),
        families: Family::ALL.into_iter().map(of).filter(|table| table.policies.total > 0).collect(),
        removed: Capped::new(inventory.removed.iter(), ROWS).map(row),
        gaps: Capped::new(inventory.gaps.iter().map(|gap| cell(&gap.reason)), ROWS),
        weaker: Capped::new(weaker(columns), WEAKER).map(|part| weaker_row(columns, &part)),
        weaker_changes: columns.pack.dossiers.iter().filter(weakens).count(),
        rules: rules(columns.pack),
        undetermined: directions(Direction::Undetermined),
        coverage: CoverageLists {
            namespaces: coverage.namespaces,
            only_named: coverage.only_named,
            unplaced_denials: coverage.unplaced_denials,
            without_default_deny: names(&coverage.without_default_deny),
            without_enforce_label: names(&coverage.without_enforce_label),
        },
    }
}

fn edits(pack: &Pack) -> impl Iterator<Item = &PolicyEdit> {
    pack.dossiers.iter().flat_map(|dossier| &dossier.change.commit.policy_edits)
}

/// A rule that is named somewhere in the pack, with its meaning.
#[derive(Serialize)]
struct RuleRow {
    id: &'static str,
    meaning: &'static str,
}

fn rules(pack: &Pack) -> Vec<RuleRow> {
    let named: BTreeSet<&str> = edits(pack).flat_map(|edit| &edit.verdicts).map(|verdict| verdict.rule).collect();
    let rules = policies::rules().into_iter().filter(|rule| named.contains(rule.id));
    rules.map(|rule| RuleRow { id: rule.id, meaning: rule.meaning }).collect()
}

fn movement(pack: &Pack) -> Movement {
    let of = |wanted: PolicyEditKind| edits(pack).filter(|edit| edit.kind == wanted).count();
    Movement {
        at_start: pack.inventory.at_start,
        added: of(PolicyEditKind::Added),
        removed: of(PolicyEditKind::Removed),
        modified: of(PolicyEditKind::Modified),
        moved: of(PolicyEditKind::Moved),
        at_end: pack.inventory.policies.len(),
    }
}

/// Where the last changes of objects stand among the dossiers.
fn positions(pack: &Pack) -> BTreeMap<CommitId, usize> {
    let objects = columns::inventory_rows(&pack.inventory).filter_map(|(_, policy)| policy.last_changed);
    let wanted: BTreeSet<CommitId> = objects.map(|seen| seen.change).collect();
    let dossiers = pack.dossiers.iter().enumerate().map(|(position, dossier)| (dossier.change.id(), position));
    dossiers.filter(|(id, _)| wanted.contains(id)).collect()
}

fn policy_row(columns: &Columns<'_>, positions: &BTreeMap<CommitId, usize>, policy: &PolicyObject) -> PolicyRow {
    let changed = policy.last_changed.map(|seen| {
        let behind = columns.behind(seen);
        LastChange {
            day: behind.at.get(..10).unwrap_or("unreadable").to_owned(),
            short: seen.change.0.short(),
            address: positions.get(&seen.change).and_then(|position| columns.sheet_address(*position)),
            tickets: cell(&behind.tickets.join("; ")),
            author: people(&behind.authors),
            approvers: cell(&behind.approvers.join("; ")),
        }
    });
    PolicyRow {
        object: object_name(&policy.object),
        enforcement: cell(&policy.enforcement),
        exemptions: exemptions(policy),
        place: format!("{}, line {}", cell(&columns::path(&policy.path)), policy.line),
        environment: policy.environment.as_deref().map(cell).unwrap_or_default(),
        in_scope: policy.in_scope,
        changed,
        changes_in_period: policy.changes_in_period,
    }
}

/// A part of a policy that got weaker.
struct Part<'a> {
    position: usize,
    dossier: &'a Dossier,
    edit: &'a PolicyEdit,
    row: FieldRow<'a>,
}

/// Every field and object of the period that a rule calls weakened, in order of arrival.
fn weaker<'a>(columns: &Columns<'a>) -> impl Iterator<Item = Part<'a>> + use<'a> {
    columns.dossiers().flat_map(|(position, dossier)| {
        let edits = dossier.change.commit.policy_edits.iter().filter(|edit| edit.direction() == Direction::Weakened);
        let rows = edits.flat_map(|edit| columns::field_rows(edit).into_iter().map(move |row| (edit, row)));
        let weakened = rows.filter(|(_, row)| row.direction() == Some(Direction::Weakened));
        weakened.map(move |(edit, row)| Part { position, dossier, edit, row })
    })
}

fn weaker_row(columns: &Columns<'_>, part: &Part<'_>) -> WeakerRow {
    let &Part { position, dossier, edit, ref row } = part;
    let facts = columns.facts(position, dossier);
    let FieldView { field, plain, before, after, .. } = field_view(edit, row, CELL);
    WeakerRow {
        seq: position + 1,
        short: dossier.change.id().0.short(),
        address: columns.sheet_address(position),
        day: columns::arrival_day(dossier),
        object: object_name(&edit.object),
        field,
        plain,
        before,
        after,
        rules: row.rules(),
        tickets: cell(&facts.tickets.join("; ")),
        author: people(&columns::authors(dossier)),
        approvers: cell(&facts.approvers().join("; ")),
        accepted: accepted(columns, position),
    }
}

/// Who accepted the risk of a change, by the waiver beside its finding of `policy-weakened`.
fn accepted(columns: &Columns<'_>, position: usize) -> String {
    let of_change = |subject| matches!(subject, Subject::Change(_));
    let mut findings = columns.findings_of(position);
    let finding = findings.find(|(card, finding)| card.flag_stays() && of_change(finding.subject));
    finding.map(|(_, finding)| line(&columns.waiver_words(finding))).unwrap_or_default()
}

/// What a change did to one policy object.
#[derive(Serialize)]
pub(super) struct EditView {
    object: String,
    family: &'static str,
    edit: &'static str,
    direction: &'static str,
    class: &'static str,
    place: String,
    old_path: String,
    fields: Capped<FieldView>,
}

/// One field before and after.
#[derive(Serialize)]
struct FieldView {
    field: String,
    /// The lines of a long text that differ, where both sides are one.
    lines: Vec<LineView>,
    /// Whether before and after are words, not values.
    plain: bool,
    before: String,
    after: String,
    direction: &'static str,
    class: &'static str,
    rules: String,
}

/// The policy edits of a change for its sheet.
pub(super) fn edit_views(dossier: &Dossier) -> Capped<EditView> {
    Capped::new(dossier.change.commit.policy_edits.iter().map(edit_view), EDITS)
}

fn edit_view(edit: &PolicyEdit) -> EditView {
    let direction = edit.direction();
    let rows = columns::field_rows(edit);
    EditView {
        object: line(&edit.object.to_string()),
        family: edit.family.title(),
        edit: edit.kind.word(),
        direction: direction.word(),
        class: class(direction),
        place: format!("{}, line {}", line(&columns::path(&edit.path)), edit.line),
        old_path: edit.old_path.as_ref().map(|path| line(&columns::path(path))).unwrap_or_default(),
        fields: Capped::new(rows.iter().map(|row| field_view(edit, row, super::LINE_LIMIT)), FIELDS),
    }
}

fn field_view(edit: &PolicyEdit, row: &FieldRow<'_>, limit: usize) -> FieldView {
    let cut = |text: &str| cut(text, limit);
    let words = |before: &str, after: &str| (before.to_owned(), after.to_owned());
    let value = |text: &str| if text.is_empty() { "not set".to_owned() } else { cut(text) };
    let (before, after) = match (row.only_by_rule, edit.kind) {
        (true, PolicyEditKind::Added) => words("not there", "there"),
        (true, PolicyEditKind::Removed) => words("there", "gone"),
        (true, PolicyEditKind::Moved) => {
            let old_path = edit.old_path.as_ref().map(columns::path).unwrap_or_default();
            (cut(&old_path), cut(&columns::path(&edit.path)))
        }
        (true, PolicyEditKind::Modified) => words("", "changed"),
        (false, _) => (value(row.before), value(row.after)),
    };
    FieldView {
        lines: if limit > CELL { differing_lines(row) } else { Vec::new() },
        field: cut(row.field),
        plain: row.only_by_rule,
        before,
        after,
        direction: row.direction_word(),
        class: row.direction().map_or("plain", class),
        rules: row.rules(),
    }
}

/// One line of a text that changed.
#[derive(Serialize)]
struct LineView {
    mark: char,
    class: &'static str,
    text: String,
}

/// The lines that only one of two texts has, with one unchanged line around; none where the values are no texts of several
/// lines or are too long to compare.
fn differing_lines(row: &FieldRow<'_>) -> Vec<LineView> {
    const LINES: usize = 200;
    let text = |value: &str| serde_json::from_str::<String>(value).ok();
    let (Some(before), Some(after)) = (text(row.before), text(row.after)) else { return Vec::new() };
    let (before, after): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    if before.len() + after.len() < 4 || before.len().max(after.len()) > LINES {
        return Vec::new();
    }
    let all = compared(&before, &after);
    let changed = |at: usize| all.get(at).is_some_and(|(mark, _)| *mark != ' ');
    let near = |at: usize| changed(at) || changed(at + 1) || at.checked_sub(1).is_some_and(changed);
    let view = |&(mark, text): &(char, &str)| LineView {
        mark,
        class: match mark {
            '-' => "gone",
            '+' => "new",
            _ => "same",
        },
        text: visible(&columns::shorten(text, super::LINE_LIMIT)).into_owned(),
    };
    all.iter().enumerate().filter(|(at, _)| near(*at)).map(|(_, line)| view(line)).collect()
}

/// The lines of both texts in order, marked `-`, `+` or blank, by their longest common subsequence.
fn compared<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<(char, &'a str)> {
    let width = after.len() + 1;
    let mut lengths = vec![0_u16; (before.len() + 1) * width];
    let at = |lengths: &[u16], left: usize, right: usize| lengths.get(left * width + right).copied().unwrap_or(0);
    for (left, line) in before.iter().enumerate().rev() {
        for (right, other) in after.iter().enumerate().rev() {
            let length = if line == other {
                at(&lengths, left + 1, right + 1) + 1
            } else {
                at(&lengths, left + 1, right).max(at(&lengths, left, right + 1))
            };
            if let Some(cell) = lengths.get_mut(left * width + right) {
                *cell = length;
            }
        }
    }
    let (mut left, mut right, mut lines) = (0, 0, Vec::new());
    loop {
        match (before.get(left), after.get(right)) {
            (Some(line), Some(other)) if line == other => {
                lines.push((' ', *line));
                left += 1;
                right += 1;
            }
            (Some(line), other) if other.is_none() || at(&lengths, left + 1, right) >= at(&lengths, left, right + 1) => {
                lines.push(('-', *line));
                left += 1;
            }
            (_, Some(other)) => {
                lines.push(('+', *other));
                right += 1;
            }
            (_, None) => return lines,
        }
    }
}

/// The style class that goes with a direction; the word always stands beside it.
fn class(direction: Direction) -> &'static str {
    match direction {
        Direction::Weakened => "exception",
        Direction::Undetermined => "unknown",
        Direction::Strengthened | Direction::Neutral => "plain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_several_lines_is_compared_line_by_line() {
        let shown = |before: &str, after: &str| {
            let row = FieldRow { field: "rego", before, after, line: 1, only_by_rule: false, verdicts: Vec::new() };
            differing_lines(&row).iter().map(|line| format!("{}{}", line.mark, line.text)).collect::<Vec<_>>()
        };
        let (before, after) = (r#""a\nb\nc\nd\ne""#, r#""a\nb\nx\nd\ne\nf""#);
        assert_eq!(shown(before, after), [" b", "-c", "+x", " d", " e", "+f"]);
        assert_eq!(shown(r#""deny""#, r#""warn""#), Vec::<String>::new());
        assert_eq!(shown(r#""cut\nat a bou"#, after), Vec::<String>::new());
    }
}
