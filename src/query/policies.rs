//! Which policies were there at a moment, how strict were they, and when did each last change?

use std::collections::BTreeSet;

use clap::Args;

use super::cells::number_of;
use super::{Answer, Ask, Cell, Column, Material, Mistake, Needs, find};
use crate::inventory::{Inventory, PolicyObject, Seen};
use crate::policies::Family;
use crate::render::columns::{self, State, one_line};
use crate::repository::PeriodName;
use crate::text::{Timestamp, counted};

/// Arguments of `countersign query policies`.
#[derive(Debug, Args)]
pub struct Policies {
    /// Only of this family: gatekeeper, pss, network, linkerd, istio, kyverno, admission, rbac, scc, other
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    /// Only of this kind: `NetworkPolicy`, or with its group
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Only in this namespace; a namespace itself counts as in it
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Only in this environment
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Only objects that no file of this environment has: what was not promoted
    #[arg(long, value_name = "ENVIRONMENT")]
    not_in: Option<String>,
    /// Only those with an exemption that holds this text, e.g. a namespace
    #[arg(long, value_name = "TEXT")]
    exempt: Option<String>,
    /// Only those that did not change on or after this day
    #[arg(long, value_name = "DATE")]
    unchanged_since: Option<String>,
    /// As of a revision, the end of a day (2026-03-31) or of a period (2026-Q1) [default: the end of the branch]
    #[arg(long, value_name = "REV|DATE")]
    at: Option<String>,
}

const COLUMNS: &[Column] = &[
    Column::full("state", "state"),
    Column::brief("object", "object"),
    Column::full("family", "family"),
    Column::full("kind", "kind"),
    Column::full("name", "name"),
    Column::full("namespace", "namespace"),
    Column::brief("environment", "environment"),
    Column::brief("enforcement", "enforcement"),
    Column::full("exemptions", "exemptions"),
    Column::brief("path", "file"),
    Column::full("line", "line"),
    Column::full("blob_id", "blob"),
    Column::full("first_seen_change", "first seen"),
    Column::full("first_seen_at", "first seen at"),
    Column::brief("last_changed_at", "last changed"),
    Column::full("last_changed_grade", "grade of time"),
    Column::brief("last_changed_change", "change"),
    Column::brief("last_ticket", "ticket"),
    Column::brief("last_author", "author"),
    Column::brief("last_approvers", "approvers"),
    Column::full("changes_in_period", "changes in the period"),
];

impl Ask for Policies {
    fn needs(&self) -> Needs {
        Needs::Policies { at: self.at.clone() }
    }

    fn answer(&self, material: &Material<'_>) -> Result<Answer, Mistake> {
        let inventory = &material.pack.inventory;
        let filter = Filter::read(self, inventory, material.pack.settings.period_offset)?;
        let mut answer = Answer { question: filter.words(self), columns: COLUMNS.to_vec(), ..Answer::default() };
        let wanted = columns::inventory_rows(inventory).filter(|(_, policy)| filter.accepts(self, policy));
        answer.rows = wanted.map(|(state, policy)| row(state, policy, material)).collect();
        let looked_at = inventory.policies.len() + inventory.removed.len();
        answer.looked_at = counted(looked_at, "policy object");
        answer.notes = notes(inventory, &answer, self);
        Ok(answer)
    }
}

/// The conditions, checked.
struct Filter {
    family: Option<Family>,
    /// What the environment of `not_in` has.
    promoted: BTreeSet<String>,
    unchanged_since: Option<i64>,
}

impl Filter {
    fn read(asked: &Policies, inventory: &Inventory, offset: i32) -> Result<Self, Mistake> {
        let family = asked.family.as_deref().map(find::family).transpose()?;
        let unchanged_since = asked.unchanged_since.as_deref().map(|word| day(word, offset)).transpose()?;
        let there = inventory.policies.iter().filter(|policy| is(policy.environment.as_deref(), asked.not_in.as_deref()));
        let promoted = asked.not_in.iter().flat_map(|_| there.clone()).map(|policy| policy.object.to_string()).collect();
        if let Some(environment) = &asked.not_in {
            let known: BTreeSet<&str> = inventory.policies.iter().filter_map(|policy| policy.environment.as_deref()).collect();
            if !known.contains(&**environment) {
                let hint = format!("{} there are: {}", find::nearest(environment, known.iter().copied()), join(&known));
                return Err(Mistake::new(format!("no policy stands in an environment `{environment}`"), hint.trim()));
            }
        }
        Ok(Self { family, promoted, unchanged_since })
    }

    fn accepts(&self, asked: &Policies, policy: &PolicyObject) -> bool {
        let object = &policy.object;
        let namespace = if &*object.kind.kind == "Namespace" { &object.name } else { &object.namespace };
        let last = policy.last_changed.and_then(|seen| seen.at);
        policy.in_scope
            && self.family.is_none_or(|family| policy.family == family)
            && asked.kind.as_deref().is_none_or(|kind| find::is_kind(object, kind))
            && asked.namespace.as_deref().is_none_or(|wanted| &**namespace == wanted)
            && asked.environment.as_deref().is_none_or(|wanted| policy.environment.as_deref() == Some(wanted))
            && (asked.not_in.is_none() || !self.promoted.contains(&object.to_string()))
            && asked.exempt.as_deref().is_none_or(|text| policy.exemptions.iter().any(|exemption| exemption.contains(text)))
            && self.unchanged_since.is_none_or(|day| last.is_some_and(|last| last.seconds < day))
    }

    fn words(&self, asked: &Policies) -> String {
        let family = self.family.map(Family::word);
        let conditions = [
            ("of the family", family),
            ("of the kind", asked.kind.as_deref()),
            ("in the namespace", asked.namespace.as_deref()),
            ("in the environment", asked.environment.as_deref()),
            ("not in the environment", asked.not_in.as_deref()),
            ("with an exemption that holds", asked.exempt.as_deref()),
            ("unchanged since", asked.unchanged_since.as_deref()),
        ];
        let given = conditions.iter().filter_map(|(words, value)| value.map(|value| format!("{words} {}", one_line(value))));
        std::iter::once("Policies and when each last changed".to_owned()).chain(given).collect::<Vec<_>>().join(", ")
    }
}

fn is(environment: Option<&str>, wanted: Option<&str>) -> bool {
    environment.is_some() && environment == wanted
}

fn join(words: &BTreeSet<&str>) -> String {
    words.iter().map(|word| one_line(word)).collect::<Vec<_>>().join(", ")
}

/// The first second of a day, month, quarter or year.
fn day(word: &str, offset: i32) -> Result<i64, Mistake> {
    let moment = PeriodName::parse_moment(word, offset);
    moment
        .map(|moment| moment.begins)
        .ok_or_else(|| Mistake::new(format!("`{word}` is not a date"), "write a day, e.g. 2026-03-31"))
}

fn row(state: State, policy: &PolicyObject, material: &Material<'_>) -> Vec<Cell> {
    let object = &policy.object;
    let kind = if object.kind.group.is_empty() {
        object.kind.kind.to_string()
    } else {
        format!("{}/{}", object.kind.group, object.kind.kind)
    };
    let mut cells = vec![
        Cell::text(state.word()),
        Cell::object(object),
        Cell::text(policy.family.word()),
        Cell::text(&kind),
        Cell::text(&object.name),
        Cell::text(&object.namespace),
        Cell::text(policy.environment.as_deref().unwrap_or_default()),
        Cell::text(&policy.enforcement),
        Cell::list(&policy.exemptions),
        Cell::One(columns::path(&policy.path)),
        Cell::Number(policy.line.into()),
        Cell::id(&policy.blob.to_string()),
    ];
    let first = seen(policy.first_seen);
    cells.extend(first);
    cells.extend(last_change(policy, material));
    let counts = !material.pack.dossiers.is_empty();
    cells.push(if counts { Cell::Number(policy.changes_in_period.into()) } else { Cell::empty() });
    cells
}

fn seen(seen: Option<Seen>) -> [Cell; 2] {
    let at = seen.and_then(|seen| seen.at).and_then(Timestamp::to_utc).unwrap_or_default();
    seen.map_or_else(|| [Cell::empty(), Cell::empty()], |seen| [Cell::id(&seen.change.to_string()), Cell::time(&at)])
}

/// `last_changed_at` to `last_approvers`.
fn last_change(policy: &PolicyObject, material: &Material<'_>) -> [Cell; 6] {
    let Some(last) = policy.last_changed else {
        return std::array::from_fn(|_| Cell::empty());
    };
    let behind = material.columns.behind(last);
    [
        Cell::time(&behind.at),
        Cell::text(if behind.at.is_empty() { "" } else { behind.grade.word() }),
        Cell::id(&behind.change.to_string()),
        Cell::list(&behind.tickets),
        Cell::People(behind.authors.iter().map(|author| columns::person(author)).collect()),
        Cell::People(behind.approvers),
    ]
}

fn notes(inventory: &Inventory, answer: &Answer, asked: &Policies) -> Vec<String> {
    let mut notes = Vec::new();
    if answer.rows.is_empty() {
        notes.extend(hint_of_empty(inventory, asked));
    }
    let outside = inventory.policies.iter().filter(|policy| !policy.in_scope).count();
    if outside > 0 {
        notes.push(format!(
            "{} out of scope by the settings and not listed.",
            number_of(outside, "policy object is", "policy objects are")
        ));
    }
    let coverage = &inventory.coverage;
    if asked.family.is_none() || asked.family.as_deref() == Some("network") {
        notes.push(coverage_note(
            coverage.namespaces,
            &coverage.without_default_deny,
            "no network policy that denies by default",
        ));
        if coverage.unplaced_denials > 0 {
            let (one, other) = ("network policy that denies by default names", "network policies that deny by default name");
            notes.push(format!("{} no namespace, so Git does not say where.", number_of(coverage.unplaced_denials, one, other)));
        }
    }
    if asked.family.is_none() || asked.family.as_deref() == Some("pss") {
        notes.push(coverage_note(
            coverage.namespaces,
            &coverage.without_enforce_label,
            "no label pod-security.kubernetes.io/enforce",
        ));
    }
    notes.extend(gaps(inventory));
    notes.push("This is what Git says, not what a cluster runs.".to_owned());
    notes
}

fn coverage_note(all: usize, without: &[Box<str>], what: &str) -> String {
    const NAMED: usize = 20;
    let named: Vec<String> = without.iter().take(NAMED).map(|name| one_line(name)).collect();
    let more = without.len().saturating_sub(NAMED);
    let list = match (named.is_empty(), more) {
        (true, _) => String::new(),
        (false, 0) => format!(": {}", named.join(", ")),
        (false, more) => format!(": {} and {more} more", named.join(", ")),
    };
    format!("{} of {} with an object in Git have {what}{list}.", without.len(), counted(all, "namespace"))
}

fn gaps(inventory: &Inventory) -> Vec<String> {
    const NAMED: usize = 3;
    if inventory.gaps.is_empty() {
        return Vec::new();
    }
    let mut notes = vec![format!(
        "{} be read in full and may hold policies that are not listed:",
        number_of(inventory.gaps.len(), "thing cannot", "things cannot")
    )];
    notes.extend(inventory.gaps.iter().take(NAMED).map(|gap| one_line(&columns::shorten(&gap.reason, 300))));
    if inventory.gaps.len() > NAMED {
        notes.push(format!("… and {} more; `countersign report` lists every one.", inventory.gaps.len() - NAMED));
    }
    notes
}

/// What a word that matched nothing could have meant.
fn hint_of_empty(inventory: &Inventory, asked: &Policies) -> Option<String> {
    let all = || inventory.policies.iter();
    let kinds: BTreeSet<&str> = all().map(|policy| &*policy.object.kind.kind).collect();
    let namespaces: BTreeSet<&str> = all().map(|policy| &*policy.object.namespace).filter(|name| !name.is_empty()).collect();
    let unknown = |what: &str, word: Option<&String>, known: &BTreeSet<&str>| {
        let word = word.filter(|word| !known.contains(word.as_str()))?;
        let hint = find::nearest(word, known.iter().copied());
        Some(format!("No policy has the {what} {}. {hint}", one_line(word)).trim().to_owned())
    };
    let kind = asked.kind.as_ref().filter(|kind| !all().any(|policy| find::is_kind(&policy.object, kind)));
    unknown("kind", kind, &kinds).or_else(|| unknown("namespace", asked.namespace.as_ref(), &namespaces))
}
