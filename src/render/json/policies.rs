//! Policy objects: what a commit changed in them, and which there are at the end of the range.

use serde::Serialize;

use super::commit::{JsonPath, json_path};
use super::person::{JsonPerson, person};
use crate::inventory::{Coverage, Inventory, PolicyObject, Seen};
use crate::manifests::{Certainty, Identity};
use crate::policies::{FieldEdit, PolicyEdit, Verdict};
use crate::render::columns::{Columns, State, inventory_rows};

#[derive(Serialize)]
struct JsonObject<'a> {
    group: &'a str,
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
    certainty: &'static str,
}

fn object(identity: &Identity) -> JsonObject<'_> {
    JsonObject {
        group: &identity.kind.group,
        kind: &identity.kind.kind,
        namespace: &identity.namespace,
        name: &identity.name,
        certainty: match identity.certainty {
            Certainty::Named => "named",
            Certainty::Generated => "generated",
            Certainty::Unnamed => "unnamed",
        },
    }
}

#[derive(Serialize)]
pub(super) struct JsonPolicyEdit<'a> {
    object: JsonObject<'a>,
    family: &'static str,
    edit: &'static str,
    #[serde(flatten)]
    path: JsonPath<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<JsonPath<'a>>,
    line: u32,
    direction: &'static str,
    verdicts: Vec<JsonVerdict<'a>>,
    fields: Vec<JsonField<'a>>,
}

#[derive(Serialize)]
struct JsonVerdict<'a> {
    direction: &'static str,
    rule: &'static str,
    field: &'a str,
    exemption: bool,
}

#[derive(Serialize)]
struct JsonField<'a> {
    field: &'a str,
    before: Option<&'a str>,
    after: Option<&'a str>,
    line: u32,
}

pub(super) fn policy_edit(edit: &PolicyEdit) -> JsonPolicyEdit<'_> {
    JsonPolicyEdit {
        object: object(&edit.object),
        family: edit.family.word(),
        edit: edit.kind.word(),
        path: json_path(&edit.path),
        old: edit.old_path.as_ref().map(json_path),
        line: edit.line,
        direction: edit.direction().word(),
        verdicts: edit.verdicts.iter().map(verdict).collect(),
        fields: edit.fields.iter().map(field).collect(),
    }
}

fn verdict(verdict: &Verdict) -> JsonVerdict<'_> {
    let Verdict { direction, rule, field, exemption } = verdict;
    JsonVerdict { direction: direction.word(), rule, field, exemption: *exemption }
}

fn field(edit: &FieldEdit) -> JsonField<'_> {
    JsonField { field: &edit.path, before: edit.before.as_deref(), after: edit.after.as_deref(), line: edit.line }
}

#[derive(Serialize)]
pub(super) struct JsonPolicy<'a> {
    object: JsonObject<'a>,
    family: &'static str,
    state: &'static str,
    environment: Option<&'a str>,
    in_scope: bool,
    enforcement: &'a str,
    exemptions: &'a [String],
    #[serde(flatten)]
    path: JsonPath<'a>,
    line: u32,
    blob_id: String,
    first_seen: Option<JsonSeen<'a>>,
    last_changed: Option<JsonSeen<'a>>,
    changes_in_period: u32,
}

/// A change that an object of the inventory names; it may lie before the range.
#[derive(Serialize)]
struct JsonSeen<'a> {
    change: String,
    at: String,
    grade: &'static str,
    tickets: Vec<&'a str>,
    authors: Vec<JsonPerson<'a>>,
    approvers: Vec<String>,
}

fn seen<'a>(columns: &Columns<'a>, seen: Seen) -> JsonSeen<'a> {
    let behind = columns.behind(seen);
    JsonSeen {
        change: behind.change.to_string(),
        at: behind.at,
        grade: behind.grade.word(),
        tickets: behind.tickets,
        authors: behind.authors.into_iter().map(person).collect(),
        approvers: behind.approvers,
    }
}

/// Every policy object of the inventory.
pub(super) fn policies<'a>(columns: &Columns<'a>) -> impl Iterator<Item = JsonPolicy<'a>> {
    inventory_rows(&columns.pack.inventory).map(|(state, policy)| self::policy(columns, state, policy))
}

fn policy<'a>(columns: &Columns<'a>, state: State, policy: &'a PolicyObject) -> JsonPolicy<'a> {
    JsonPolicy {
        object: object(&policy.object),
        family: policy.family.word(),
        state: state.word(),
        environment: policy.environment.as_deref(),
        in_scope: policy.in_scope,
        enforcement: &policy.enforcement,
        exemptions: &policy.exemptions,
        path: json_path(&policy.path),
        line: policy.line,
        blob_id: policy.blob.to_string(),
        first_seen: policy.first_seen.map(|one| seen(columns, one)),
        last_changed: policy.last_changed.map(|one| seen(columns, one)),
        changes_in_period: policy.changes_in_period,
    }
}

/// What the inventory counts beside its objects.
#[derive(Serialize)]
pub(super) struct JsonInventory<'a> {
    at_start: usize,
    at_end: usize,
    removed: usize,
    gaps: Vec<&'a str>,
    namespaces: usize,
    namespaces_only_named: usize,
    default_denials_without_namespace: usize,
    without_default_deny: &'a [Box<str>],
    without_enforce_label: &'a [Box<str>],
}

pub(super) fn inventory(inventory: &Inventory) -> JsonInventory<'_> {
    let Coverage { namespaces, only_named, unplaced_denials, without_default_deny, without_enforce_label } = &inventory.coverage;
    JsonInventory {
        at_start: inventory.at_start,
        at_end: inventory.policies.len(),
        removed: inventory.removed.len(),
        gaps: inventory.gaps.iter().map(|gap| &*gap.reason).collect(),
        namespaces: *namespaces,
        namespaces_only_named: *only_named,
        default_denials_without_namespace: *unplaced_denials,
        without_default_deny,
        without_enforce_label,
    }
}
