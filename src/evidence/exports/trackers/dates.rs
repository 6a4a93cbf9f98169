//! Dates as ticket systems write them, as RFC 3339 in UTC: with a zone, without one, and in the forms of spreadsheets.
//!
//! A table is read as a whole: whether `03/04/2024` is March or April follows from the other rows of its column, as one
//! export uses one form. Where no row tells, there is no date.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::text::utc_text;

/// A time that names its zone: RFC 3339, or with the offset as `-0800`.
pub(super) fn zoned(text: &str) -> Option<String> {
    let text = text.trim();
    let parsed = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    parsed.ok().and_then(|at| utc_text(at.timestamp()))
}

/// A time without a zone, year first, that is known to be UTC: `2021-03-04 12:00:00`.
pub(super) fn known_utc(text: &str) -> Option<String> {
    zoned(text).or_else(|| {
        let text = text.trim();
        let forms = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d.%H:%M:%S%.f"];
        let at = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())?;
        utc_text(at.and_utc().timestamp())
    })
}

/// The dates of one column of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// RFC 3339; in UTC only where `zoned`.
    pub dates: Vec<Option<String>>,
    /// Whether every date names its zone.
    pub zoned: bool,
    /// Why some cells gave no date, or dates without a zone.
    pub gaps: Vec<String>,
}

/// The order of day and month in a column of numbers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    DayFirst,
    MonthFirst,
    Unknown,
}

/// Reads a column; `name` is for the gaps.
pub(super) fn column(name: &str, cells: &[&str]) -> Column {
    let order = order(cells);
    let mut zoneless = 0;
    let (mut ambiguous, mut unreadable) = (0, 0);
    let mut date = |cell: &&str| {
        if cell.is_empty() {
            return None;
        }
        if let Some(at) = zoned(cell) {
            return Some(at);
        }
        let Some(parts) = Parts::of(cell) else {
            unreadable += 1;
            return None;
        };
        if parts.needs_order() && order == Order::Unknown {
            ambiguous += 1;
            return None;
        }
        let at = parts.local(order);
        if at.is_some() {
            zoneless += 1;
        } else {
            unreadable += 1;
        }
        at
    };
    let dates = cells.iter().map(&mut date).collect();
    let mut gaps = Vec::new();
    let mut tell = |count: usize, what: &str| {
        if count > 0 {
            gaps.push(format!("{count} of {} dates in the column {name} {what}", cells.len()));
        }
    };
    tell(ambiguous, "may be day and month or month and day; they are left out");
    tell(unreadable, "have no form that is known, or no time of day; they are left out");
    tell(zoneless, "name no time zone; they are off by up to 14 hours");
    Column { dates, zoned: zoneless == 0, gaps }
}

/// Reads a column whose form the settings tell; `name` is for the gaps.
pub(super) fn column_by_format(name: &str, cells: &[&str], format: &str) -> Column {
    let (mut zoneless, mut unreadable) = (0, 0);
    let mut date = |cell: &&str| {
        if cell.is_empty() {
            return None;
        }
        if let Ok(at) = DateTime::parse_from_str(cell, format) {
            return utc_text(at.timestamp());
        }
        let Ok(at) = NaiveDateTime::parse_from_str(cell, format) else {
            unreadable += 1;
            return None;
        };
        zoneless += 1;
        utc_text(at.and_utc().timestamp())
    };
    let dates = cells.iter().map(&mut date).collect();
    let told = [
        (unreadable, "are not in the form that the settings tell; they are left out"),
        (zoneless, "name no time zone; they are off by up to 14 hours"),
    ];
    let told = told.into_iter().filter(|(count, _)| *count > 0);
    let gaps = told.map(|(count, what)| format!("{count} of {} dates in the column {name} {what}", cells.len())).collect();
    Column { dates, zoned: zoneless == 0, gaps }
}

/// One row with a number above 12 tells the order of all; rows that contradict each other tell nothing.
fn order(cells: &[&str]) -> Order {
    let (mut day_first, mut month_first) = (false, false);
    for parts in cells.iter().filter_map(|cell| Parts::of(cell)).filter(Parts::needs_order) {
        let [first, second] = [0, 1].map(|index| parts.date.get(index).and_then(|token| token.parse::<u32>().ok()).unwrap_or(0));
        day_first |= first > 12;
        month_first |= second > 12;
    }
    match (day_first, month_first) {
        (true, false) => Order::DayFirst,
        (false, true) => Order::MonthFirst,
        (true, true) | (false, false) => Order::Unknown,
    }
}

/// A date cut into its tokens: three for the day, then the seconds of the day.
struct Parts<'a> {
    date: [&'a str; 3],
    separator: char,
    seconds: u32,
}

impl<'a> Parts<'a> {
    /// `None` where there is no time of day: a day alone says too little to compare.
    fn of(cell: &'a str) -> Option<Self> {
        const LONGEST: usize = 64;
        if cell.len() > LONGEST {
            return None;
        }
        let separator = cell.chars().find(|c| !c.is_alphanumeric())?;
        // `2015-12-07T14:19` is one word where day and hour meet.
        let ends = |c: char| !c.is_alphanumeric() || c == 'T' && cell.starts_with(|c: char| c.is_ascii_digit());
        let tokens: Vec<&str> = cell.split(ends).filter(|token| !token.is_empty()).collect();
        let ([first, second, third], time) = tokens.split_first_chunk::<3>()?;
        Some(Self { date: [first, second, third], separator, seconds: seconds(time)? })
    }

    /// Whether all three are numbers and the year is not in front: `03/04/2024`. Dots are written day first.
    fn needs_order(&self) -> bool {
        let is_number = |token: &&str| token.bytes().all(|byte| byte.is_ascii_digit());
        self.separator != '.' && self.date.iter().all(is_number) && self.date.first().is_some_and(|first| first.len() <= 2)
    }

    fn local(&self, order: Order) -> Option<String> {
        let [first, second, third] = self.date;
        let (year, month, day) = if first.len() == 4 {
            (first, month(second)?, third)
        } else if let Some(named) = named_month(first) {
            (third, named, second)
        } else if self.needs_order() && order == Order::MonthFirst {
            (third, month(first)?, second)
        } else {
            (third, month(second)?, first)
        };
        let written: i32 = year.parse().ok()?;
        let year = if year.len() <= 2 { 2000 + written } else { written };
        let day = NaiveDate::from_ymd_opt(year, month, day.parse().ok()?)?;
        let start = day.and_hms_opt(0, 0, 0)?.and_utc().timestamp();
        utc_text(start + i64::from(self.seconds))
    }
}

/// `14 19`, `14 19 00`, `2 19 PM`.
fn seconds(tokens: &[&str]) -> Option<u32> {
    let (numbers, half) = match tokens {
        [numbers @ .., half] if half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm") => (numbers, Some(*half)),
        numbers => (numbers, None),
    };
    let (hour, minute, second): (u32, u32, u32) = match numbers {
        [hour, minute] => (hour.parse().ok()?, minute.parse().ok()?, 0),
        [hour, minute, second, ..] => (hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?),
        [] | [_] => return None,
    };
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(half) if half.eq_ignore_ascii_case("pm") => hour % 12 + 12,
        Some(_) => hour % 12,
        None => hour,
    };
    (hour < 24 && minute < 60 && second < 60).then_some(hour * 3600 + minute * 60 + second)
}

fn month(token: &str) -> Option<u32> {
    named_month(token).or_else(|| token.parse().ok())
}

/// A month by the first letters of its English or German name.
fn named_month(token: &str) -> Option<u32> {
    const NAMES: [&[&str]; 12] = [
        &["jan", "j\u{e4}n"],
        &["feb"],
        &["mar", "m\u{e4}r", "mrz"],
        &["apr"],
        &["may", "mai"],
        &["jun"],
        &["jul"],
        &["aug"],
        &["sep"],
        &["oct", "okt"],
        &["nov"],
        &["dec", "dez"],
    ];
    let token = token.to_lowercase();
    let is_it = |names: &&[&str]| names.iter().any(|name| token.starts_with(name));
    NAMES.iter().position(is_it).and_then(|index| u32::try_from(index + 1).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(cell: &str) -> Option<String> {
        column("Created", &[cell]).dates.remove(0)
    }

    #[test]
    fn a_time_with_a_zone_becomes_utc() {
        for text in ["2015-12-07T14:19:13.000-0800", "2015-12-07T22:19:13Z", "2015-12-07T23:19:13+01:00"] {
            assert_eq!(zoned(text).as_deref(), Some("2015-12-07T22:19:13Z"), "{text}");
        }
        assert_eq!(zoned("2015-12-07"), None);
        assert_eq!(zoned("0001-01-01T00:00:00Z"), None);
        assert_eq!(known_utc("2021-03-04 12:00:00").as_deref(), Some("2021-03-04T12:00:00Z"));
        assert_eq!(known_utc("2021-03-04.12:00:00.25").as_deref(), Some("2021-03-04T12:00:00Z"));
    }

    #[test]
    fn local_forms_are_read_where_they_have_one_meaning() {
        for text in [
            "07/Dec/15 2:19 PM",
            "7/Dez/15 14:19",
            "Dec 7, 2015, 2:19 PM",
            "7.12.2015 14:19",
            "07. Dezember 2015 14:19:00",
            "2015-12-07 14:19",
            "2015-12-07T14:19:00",
            "2015/12/07 14:19",
        ] {
            assert_eq!(one(text).as_deref(), Some("2015-12-07T14:19:00Z"), "{text}");
        }
        assert_eq!(one("07/Dec/15 12:05 AM").as_deref(), Some("2015-12-07T00:05:00Z"));
        for text in ["yesterday", "2015-12-07", "31/Feb/15 2:19 PM", "07/Dec/15 25:00", "07/Dec/15 13:00 PM", "\u{e4}/\u{e4}"] {
            assert_eq!(one(text), None, "{text}");
        }
    }

    #[test]
    fn the_column_tells_the_order_of_day_and_month() {
        let told = column("Created", &["03/04/2024 10:00", "", "13/04/2024 10:00"]);
        assert_eq!(told.dates[0].as_deref(), Some("2024-04-03T10:00:00Z"));
        assert_eq!(told.dates[1], None);
        let told = column("Created", &["03/04/2024 10:00", "04/13/2024 10:00"]);
        assert_eq!(told.dates[0].as_deref(), Some("2024-03-04T10:00:00Z"));
        for cells in [&["03/04/2024 10:00"][..], &["03/04/2024 10:00", "13/04/2024 10:00", "04/13/2024 10:00"]] {
            let told = column("Created", cells);
            assert_eq!(told.dates[0], None);
            assert!(told.gaps[0].contains("may be day and month"), "{:?}", told.gaps);
        }
    }

    #[test]
    fn a_date_without_a_zone_says_so() {
        let told = column("Created", &["2015-12-07 14:19"]);
        assert!(!told.zoned && told.gaps[0].contains("name no time zone"), "{told:?}");
        assert!(column("Created", &["2015-12-07T14:19:00Z", ""]).zoned);
    }
}
