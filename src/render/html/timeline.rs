//! The time line of one change: a drawing to scale, with the same moments in words beside it.

use serde::Serialize;

use super::line;
use crate::render::columns::Event;
use crate::text::{counted, utc_text};

/// Width of the axis in user units.
const WIDTH: i64 = 640;
/// Moments that stand closer than this share one label.
const NEAR: i64 = 14;
/// Labels that stand closer than this take turns on two rows.
const LABEL: i64 = 34;
/// With fewer moments there is nothing that the facts above it do not say.
const FEWEST: usize = 3;

/// A change's moments, drawn and told.
#[derive(Serialize)]
pub(super) struct TimeLine {
    width: i64,
    description: String,
    labels: Vec<Label>,
    moments: Vec<Moment>,
}

#[derive(Serialize)]
struct Moment {
    number: usize,
    x: i64,
    at: String,
    what: String,
    grade: &'static str,
    source: String,
}

/// The numbers over one place of the axis.
#[derive(Serialize)]
struct Label {
    x: i64,
    y: i64,
    text: String,
}

/// Draws the moments of one change; `None` where they are too few, or all at once.
pub(super) fn draw(events: &[Event]) -> Option<TimeLine> {
    let (first, last) = (events.first()?.at, events.last()?.at);
    let span = last.checked_sub(first).filter(|span| *span > 0)?;
    if events.len() < FEWEST {
        return None;
    }
    let place = |at: i64| i64::try_from(i128::from(at - first) * i128::from(WIDTH) / i128::from(span)).unwrap_or(WIDTH);
    let moments = (1..).zip(events).map(|(number, event)| Moment {
        number,
        x: place(event.at),
        at: utc_text(event.at).unwrap_or_default(),
        what: line(&event.what),
        grade: event.grade.word(),
        source: line(&event.source),
    });
    let moments: Vec<Moment> = moments.collect();
    Some(TimeLine {
        width: WIDTH,
        description: format!("{} moments over {}, drawn to scale; the list holds each of them.", moments.len(), lasting(span)),
        labels: labels(&moments),
        moments,
    })
}

/// One label for each group of moments that stand close together: `2` or `3\u{2013}5`.
fn labels(moments: &[Moment]) -> Vec<Label> {
    let mut groups: Vec<(i64, usize, usize)> = Vec::new();
    for moment in moments {
        match groups.last_mut() {
            Some((x, _, last)) if moment.x - *x < NEAR => *last = moment.number,
            Some(_) | None => groups.push((moment.x, moment.number, moment.number)),
        }
    }
    let (mut labels, mut before): (Vec<Label>, Option<(i64, i64)>) = (Vec::new(), None);
    for (x, first, last) in groups {
        let text = if first == last { first.to_string() } else { format!("{first}\u{2013}{last}") };
        let y = match before {
            Some((near, -10)) if x - near < LABEL => -22,
            Some(_) | None => -10,
        };
        before = Some((x, y));
        labels.push(Label { x, y, text });
    }
    labels
}

/// A time span in its two largest units.
fn lasting(seconds: i64) -> String {
    let seconds = usize::try_from(seconds).unwrap_or(usize::MAX);
    let (days, hours, minutes) = (seconds / 86_400, seconds % 86_400 / 3600, seconds % 3600 / 60);
    match (days, hours, minutes) {
        (0, 0, 0) => counted(seconds, "second"),
        (0, 0, minutes) => counted(minutes, "minute"),
        (0, hours, minutes) => format!("{} {}", counted(hours, "hour"), counted(minutes, "minute")),
        (days, hours, _) => format!("{} {}", counted(days, "day"), counted(hours, "hour")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Grade;

    fn events(at: &[i64]) -> Vec<Event> {
        let event = |at: &i64| Event { at: *at, what: "x".into(), grade: Grade::Recorded, source: "y".into() };
        at.iter().map(event).collect()
    }

    #[test]
    fn moments_stand_to_scale_and_near_ones_share_a_label() {
        let drawn = draw(&events(&[0, 500, 510, 1000])).unwrap();
        assert_eq!(drawn.moments.iter().map(|moment| moment.x).collect::<Vec<_>>(), [0, 320, 326, 640]);
        let labels: Vec<(&str, i64)> = drawn.labels.iter().map(|label| (label.text.as_str(), label.y)).collect();
        assert_eq!(labels, [("1", -10), ("2\u{2013}3", -10), ("4", -10)]);
        assert!(drawn.description.starts_with("4 moments over 16 minutes"), "{}", drawn.description);
    }

    #[test]
    fn labels_that_would_touch_take_turns_on_two_rows() {
        let drawn = draw(&events(&[0, 20, 40, 640])).unwrap();
        assert_eq!(drawn.labels.iter().map(|label| label.y).collect::<Vec<_>>(), [-10, -22, -10, -10]);
    }

    #[test]
    fn nothing_is_drawn_of_what_happened_at_once_or_hardly_at_all() {
        assert!(draw(&[]).is_none());
        assert!(draw(&events(&[0, 5])).is_none());
        assert!(draw(&events(&[5, 5, 5])).is_none());
        assert!(draw(&events(&[i64::MIN, 0, i64::MAX])).is_none());
    }
}
