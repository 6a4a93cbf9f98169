//! Logging commands of Azure Pipelines: <https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands>.
//!
//! A run that did not pass ends with `task.complete`, so that a step which loses the exit code fails all the same.

use super::annotations::{Annotation, Level, annotations};
use super::inert::{TEXT, inert};
use super::words::{conclusion, counted};
use crate::gate::{Ruling, Verdict};

pub(super) fn write(rulings: &[Ruling]) -> String {
    let mut text: String = rulings.iter().flat_map(annotations).map(|annotation| line(&annotation)).collect();
    let verdict = conclusion(rulings);
    match verdict {
        Verdict::Passed if rulings.is_empty() => text.push_str("passed: there was nothing to judge\n"),
        Verdict::Passed => {}
        Verdict::Inconclusive | Verdict::Refused => {
            let alike = rulings.iter().filter(|ruling| ruling.verdict == verdict).count();
            let of = counted(rulings.len(), "reference");
            text.push_str(&format!("##vso[task.complete result=Failed;]countersign: {}, {alike} of {of}\n", verdict.word()));
        }
    }
    text
}

fn line(annotation: &Annotation) -> String {
    let message = inert(&annotation.message, &TEXT);
    let kind = match annotation.level {
        Level::Error => "error",
        Level::Warning => "warning",
        // There is no issue of that kind: it is a line of the log.
        Level::Notice => {
            return inert(
                &format!("{}: {}: {}\n", annotation.about, annotation.label, annotation.message.replace('\n', "; ")),
                &TEXT,
            );
        }
    };
    let place = annotation.place.as_ref().map_or_else(String::new, |(path, line)| {
        format!("sourcepath={};linenumber={};", property(&path.to_text()), (*line).max(1))
    });
    format!("##vso[task.logissue type={kind};{place}code={};]{}\n", annotation.about, data(&message))
}

/// Text after the bracket. The agent decodes `%AZP25` last, so an escape in the text stays what it is.
fn data(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(';', "%3B").replace(']', "%5D")
}
