//! Two small pictures drawn as SVG, each with the numbers it shows beside it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::evidence::{ArrivalKind, Grade};
use crate::pack::Pack;
use crate::render::columns::{self, Columns};

/// Bars in the chart of arrivals; with more months it goes to quarters, then years.
const MOST_BARS: usize = 30;
/// Width of the drawing area in user units.
const WIDTH: usize = 640;
/// Height of the drawing area of the chart of arrivals.
const HEIGHT: usize = 120;

/// Arrivals over the period by kind, with the same numbers as a table.
#[derive(Serialize)]
pub(super) struct Arrivals {
    unit: &'static str,
    kinds: Vec<&'static str>,
    bars: Vec<Bar>,
    highest: usize,
    unreadable: usize,
    width: usize,
    height: usize,
    description: String,
}

#[derive(Serialize)]
struct Bar {
    label: String,
    x: usize,
    width: usize,
    middle: usize,
    shown: bool,
    total: usize,
    numbers: Vec<usize>,
    parts: Vec<Part>,
}

#[derive(Serialize)]
struct Part {
    class: String,
    words: String,
    start: usize,
    length: usize,
}

type ByLabel = BTreeMap<String, BTreeMap<ArrivalKind, usize>>;

/// Counts arrivals by the committer date's month, quarter or year, in the period's time zone.
pub(super) fn arrivals(pack: &Pack) -> Arrivals {
    let (mut months, mut unreadable): (ByLabel, usize) = (BTreeMap::new(), 0);
    for dossier in &pack.dossiers {
        match month(pack, &dossier.change.commit.committer.when) {
            Some(month) => *months.entry(month).or_default().entry(dossier.arrival).or_default() += 1,
            None => unreadable += 1,
        }
    }
    let (unit, counted) = condensed(months);
    let kinds: Vec<_> = ArrivalKind::ALL.into_iter().filter(|kind| counted.values().any(|bar| bar.contains_key(kind))).collect();
    let highest = counted.values().map(|bar| bar.values().sum::<usize>()).max().unwrap_or(0);
    let step = WIDTH / counted.len().max(1);
    let every = counted.len().div_ceil(12).max(1);
    let bars = counted.iter().enumerate().map(|(position, (label, numbers))| Bar {
        label: label.clone(),
        x: position * step + step / 8,
        width: (step - step / 4).clamp(1, 60),
        middle: position * step + step / 8 + (step - step / 4).clamp(1, 60) / 2,
        shown: position % every == 0,
        total: numbers.values().sum(),
        numbers: kinds.iter().map(|kind| numbers.get(kind).copied().unwrap_or(0)).collect(),
        parts: stacked(label, &kinds, numbers, highest),
    });
    Arrivals {
        unit,
        bars: bars.collect(),
        kinds: kinds.iter().map(|kind| kind.word()).collect(),
        highest,
        unreadable,
        width: WIDTH,
        height: HEIGHT,
        description: format!(
            "Stacked bars, one for each {unit}; the highest holds {highest} changes. The table holds every number."
        ),
    }
}

/// One bar's parts from the bottom up.
fn stacked(label: &str, kinds: &[ArrivalKind], numbers: &BTreeMap<ArrivalKind, usize>, highest: usize) -> Vec<Part> {
    let (mut below, mut parts) = (0, Vec::new());
    let scaled = |number: usize| number * HEIGHT / highest.max(1);
    for kind in kinds {
        let number = numbers.get(kind).copied().unwrap_or(0);
        let (bottom, top) = (scaled(below), scaled(below + number));
        below += number;
        if number > 0 {
            parts.push(Part {
                class: format!("kind-{}", kind.word()),
                words: format!("{label}: {number} {}", kind.word()),
                start: HEIGHT - top,
                length: (top - bottom).max(1),
            });
        }
    }
    parts
}

/// `2026-03` in the period's time zone; `None` when the time cannot be read.
fn month(pack: &Pack, moment: &crate::text::Moment) -> Option<String> {
    let seconds = moment.known()?.seconds.checked_add(i64::from(pack.settings.period_offset))?;
    crate::text::utc_text(seconds)?.get(..7).map(str::to_owned)
}

/// Months, or quarters, or years: the finest that gives a readable number of bars.
fn condensed(months: ByLabel) -> (&'static str, ByLabel) {
    if months.len() <= MOST_BARS {
        return ("month", months);
    }
    let quarters = regrouped(&months, |month| {
        let number: usize = month.get(5..7).and_then(|digits| digits.parse().ok()).unwrap_or(1);
        format!("{}-Q{}", month.get(..4).unwrap_or_default(), number.saturating_sub(1) / 3 + 1)
    });
    if quarters.len() <= MOST_BARS {
        return ("quarter", quarters);
    }
    ("year", regrouped(&months, |month| month.get(..4).unwrap_or_default().to_owned()))
}

fn regrouped(months: &ByLabel, label: impl Fn(&str) -> String) -> ByLabel {
    let mut groups = ByLabel::new();
    for (month, kinds) in months {
        let group = groups.entry(label(month)).or_default();
        for (kind, number) in kinds {
            *group.entry(*kind).or_default() += number;
        }
    }
    groups
}

/// How strong the proof of each kind of claim is, over all changes in scope.
#[derive(Serialize)]
pub(super) struct Grades {
    names: [&'static str; 5],
    rows: Vec<GradeRow>,
    width: usize,
}

#[derive(Serialize)]
struct GradeRow {
    claim: &'static str,
    numbers: [usize; 5],
    total: usize,
    parts: Vec<Part>,
}

const GRADES: [Grade; 5] = [Grade::None, Grade::Asserted, Grade::Structural, Grade::Recorded, Grade::Verified];

/// Counts the strongest grade of each kind of claim.
pub(super) fn grades(columns: &Columns<'_>) -> Grades {
    let mut counted: BTreeMap<(usize, &'static str), BTreeMap<Grade, usize>> = BTreeMap::new();
    for (position, dossier) in super::sheets::in_scope(columns) {
        let facts = columns.facts(position, dossier);
        let proposal = dossier.evidence.proposal.as_ref().map_or(Grade::None, |claim| claim.grade);
        let whole = dossier.change.commit.gaps.is_empty();
        let claims = [
            ("what changed", if whole { Grade::Structural } else { Grade::None }),
            ("why: a ticket is named", facts.ticket_grade),
            ("who approved: an approval that counts", facts.approval_grade),
            ("which way: a proposal is named", proposal),
            ("when it arrived", columns::arrival(dossier).grade),
        ];
        for (order, (claim, grade)) in claims.into_iter().enumerate() {
            *counted.entry((order, claim)).or_default().entry(grade).or_default() += 1;
        }
    }
    let rows = counted.into_iter().map(|((_, claim), numbers)| grade_row(claim, &numbers));
    Grades { names: GRADES.map(Grade::word), rows: rows.collect(), width: WIDTH }
}

fn grade_row(claim: &'static str, numbers: &BTreeMap<Grade, usize>) -> GradeRow {
    let total: usize = numbers.values().sum();
    let (mut before, mut parts) = (0, Vec::new());
    for grade in GRADES {
        let number = numbers.get(&grade).copied().unwrap_or(0);
        let (start, end) = (before * WIDTH / total.max(1), (before + number) * WIDTH / total.max(1));
        before += number;
        if number > 0 {
            let words = format!("{claim}: {number} of {total} {}", grade.word());
            parts.push(Part { class: format!("grade-{}", grade.word()), words, start, length: (end - start).max(1) });
        }
    }
    GradeRow { claim, numbers: GRADES.map(|grade| numbers.get(&grade).copied().unwrap_or(0)), total, parts }
}
