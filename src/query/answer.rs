//! An answer: a table, what it was drawn from, and what to know about it. Plain data for every format.

use super::Material;
use crate::manifests::Identity;
use crate::render::columns::{self, one_line, zone};
use crate::text::Person;

/// The answer to a question.
#[derive(Debug, Default)]
pub struct Answer {
    /// The question in words, with every condition.
    pub question: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; each has a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// How many things were looked at, and what they are: `412 policy objects`.
    pub looked_at: String,
    /// What a reader should know, one sentence each.
    pub notes: Vec<String>,
}

/// A column of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in CSV and JSON; the same as in packs where they have it.
    pub key: &'static str,
    /// Its heading where people read it.
    pub heading: &'static str,
    /// Whether it stands in a terminal's table, which has room for few.
    pub is_brief: bool,
}

impl Column {
    /// A column that every format has.
    pub(super) const fn brief(key: &'static str, heading: &'static str) -> Self {
        Self { key, heading, is_brief: true }
    }

    /// A column that a terminal's table leaves out.
    pub(super) const fn full(key: &'static str, heading: &'static str) -> Self {
        Self { key, heading, is_brief: false }
    }
}

/// A cell: text on one line each, made safe to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// One value; may be empty.
    One(String),
    /// A value with a shorter form for a terminal's table: an id, a time.
    Cut(String, String),
    /// Any number of values.
    Many(Vec<String>),
    /// Any number of people; a terminal's table has their names.
    People(Vec<String>),
    /// A number.
    Number(u64),
}

impl Cell {
    pub(super) fn text(text: &str) -> Self {
        Self::One(one_line(text))
    }

    pub(super) fn list<S: AsRef<str>>(values: impl IntoIterator<Item = S>) -> Self {
        Self::Many(values.into_iter().map(|value| one_line(value.as_ref())).collect())
    }

    pub(super) fn number(number: usize) -> Self {
        Self::Number(number as u64)
    }

    /// An object id; a terminal's table has the first twelve digits.
    pub(super) fn id(id: &str) -> Self {
        Self::Cut(id.to_owned(), id.chars().take(12).collect())
    }

    /// A time as RFC 3339; a terminal's table has the day.
    pub(super) fn time(at: &str) -> Self {
        Self::Cut(at.to_owned(), at.chars().take(10).collect())
    }

    /// One person; a terminal's table has the name.
    pub(super) fn person(person: &Person) -> Self {
        let full = columns::person(person);
        let short = name_of(&full).to_owned();
        Self::Cut(full, short)
    }

    /// An object; a terminal's table leaves out its group.
    pub(super) fn object(object: &Identity) -> Self {
        let full = one_line(&object.to_string());
        let short = match full.split_once('/') {
            Some((group, rest)) if group == &*object.kind.group => rest.to_owned(),
            Some(_) | None => full.clone(),
        };
        Self::Cut(full, short)
    }

    pub(super) fn empty() -> Self {
        Self::One(String::new())
    }

    /// Its lines in full.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::One(text) | Self::Cut(text, _) => vec![text.clone()],
            Self::Many(values) | Self::People(values) => values.clone(),
            Self::Number(number) => vec![number.to_string()],
        }
    }

    /// Its lines where room is short.
    #[must_use]
    pub fn short_lines(&self) -> Vec<String> {
        match self {
            Self::Cut(_, short) => vec![short.clone()],
            Self::People(people) => people.iter().map(|person| name_of(person).to_owned()).collect(),
            Self::One(_) | Self::Many(_) | Self::Number(_) => self.lines(),
        }
    }
}

/// The name of `Name <mail>`; all of it where there is no name.
fn name_of(person: &str) -> &str {
    person.split_once(" <").map_or(person, |(name, _)| name)
}

/// What an answer was drawn from, so that it can stand by itself.
#[derive(Debug)]
pub struct Provenance {
    /// Each fact with its label, in order: repository, range, tip, completeness, settings …
    pub facts: Vec<(&'static str, Vec<String>)>,
    /// Whether the record is whole.
    pub is_complete: bool,
}

impl Provenance {
    /// States where an answer comes from.
    #[must_use]
    pub fn of(material: &Material<'_>) -> Self {
        let pack = material.pack;
        let range = &pack.range;
        let start = range.start.map_or_else(|| "the beginning of the history".to_owned(), |start| start.to_string());
        let as_of_one_commit = range.start == Some(range.end);
        let commits =
            if as_of_one_commit { "the tree of one commit".to_owned() } else { format!("after {start}, up to {}", range.end) };
        let problems = pack.incomplete_because();
        let completeness = if problems.is_empty() {
            vec!["whole: no object was missing, no fact of the clone speaks against it".to_owned()]
        } else {
            problems.iter().map(|problem| format!("INCOMPLETE: {}", one_line(problem))).collect()
        };
        let resolution = range.resolution.iter().chain([&range.confirmed_by]).map(|line| one_line(line)).collect();
        let settings = &pack.settings;
        let facts = vec![
            ("repository", vec![one_line(&pack.repository_name)]),
            ("asked", vec![one_line(&range.asked)]),
            ("range", vec![commits]),
            ("tip", vec![format!("{} on {}", range.end, one_line(&range.branch))]),
            ("found by", resolution),
            ("completeness", completeness),
            (
                "settings",
                vec![format!(
                    "{}, profile {}, time zone {}",
                    one_line(&settings.origin),
                    settings.profile,
                    zone(settings.period_offset)
                )],
            ),
            ("settings digest", vec![settings.digest.clone()]),
            ("countersign", vec![pack.version.to_owned()]),
        ];
        Self { facts, is_complete: problems.is_empty() }
    }
}
