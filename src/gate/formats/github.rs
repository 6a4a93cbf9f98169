//! Workflow commands of GitHub Actions: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
//!
//! Every line is a command of its own, so no line is left to be read as another one.

use super::annotations::{Annotation, Level, annotations};
use super::inert::{TEXT, inert};
use crate::gate::Ruling;

pub(super) fn write(rulings: &[Ruling]) -> String {
    if rulings.is_empty() {
        return "::notice title=countersign%3A passed::There was nothing to judge\n".to_owned();
    }
    rulings.iter().flat_map(annotations).map(|annotation| line(&annotation)).collect()
}

fn line(annotation: &Annotation) -> String {
    let command = match annotation.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    let place = annotation
        .place
        .as_ref()
        .map_or_else(String::new, |(path, line)| format!("file={},line={},", property(&path.to_text()), (*line).max(1)));
    let title = format!("{}: {}", annotation.about, annotation.label);
    let message = data(&inert(&annotation.message, &TEXT));
    format!("::{command} {place}title={}::{message}\n", property(&title))
}

/// Text after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
