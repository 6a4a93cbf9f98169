//! bors and homu: merge queues whose merge message names pull requests and, after `r=`, who approved them.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::text::Person;

use super::record::{Record, leading_number};
use super::{Evidence, Place, reviews};

/// Reads `Merge #1 #2` with its sections, and `Auto merge of #1 - user:branch, r=reviewer`.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    let subject = record.message.subject();
    if let Some((number, rest)) = homu_merge(subject) {
        let branch = rest.strip_prefix(" - ").and_then(|rest| rest.split(',').next()).map(str::trim);
        record.propose(evidence, &format!("#{number}"), "homu merge", branch, Place::Subject);
        approve(record, evidence, rest, "homu r=", 0);
        return;
    }
    let Some(numbers) = batch(subject) else { return };
    for number in &numbers {
        record.propose(evidence, &format!("#{number}"), "bors merge", None, Place::Subject);
    }
    let numbers: BTreeSet<_> = numbers.into_iter().collect();
    for (_, line) in record.message.body() {
        if section(line.text).is_some_and(|number| numbers.contains(number)) {
            approve(record, evidence, line.text, "bors r=", line.start);
        }
    }
}

/// The number and the rest of `Auto merge of #1 - …` or `Rollup merge of #1 - …`.
fn homu_merge(subject: &str) -> Option<(&str, &str)> {
    let rest = subject.strip_prefix("Auto merge of #").or_else(|| subject.strip_prefix("Rollup merge of #"))?;
    let number = leading_number(rest)?;
    Some((number, rest.get(number.len()..)?))
}

/// The numbers of `Merge #1 #2`.
fn batch(subject: &str) -> Option<Vec<&str>> {
    let rest = subject.strip_prefix("Merge #")?;
    rest.split(" #").map(|word| leading_number(word).filter(|number| number.len() == word.len())).collect()
}

/// The number that starts a pull request's section: `12: title r=reviewer a=author`.
fn section(line: &str) -> Option<&str> {
    let number = leading_number(line)?;
    line.get(number.len()..)?.starts_with(": ").then_some(number)
}

fn approve(record: &Record<'_>, evidence: &mut Evidence, text: &str, convention: &'static str, offset: usize) {
    let words = text.split([' ', '\t']).rev().take(8).filter_map(|word| word.strip_prefix("r="));
    for name in words.take(1).flat_map(|names| names.split(',')) {
        let name = name.trim().trim_start_matches('@');
        if !name.is_empty() && name != "none" {
            let review = reviews::approval(Arc::new(Person::new(name, "")), convention);
            evidence.reviews.push(record.claim(review, record.place_at(offset)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{batch, homu_merge, section};

    #[test]
    fn batches_and_sections_are_read() {
        assert_eq!(batch("Merge #944 #945"), Some(vec!["944", "945"]));
        assert_eq!(batch("Merge #944: title"), None);
        assert_eq!(section("944: Run r=a a=b"), Some("944"));
        assert_eq!(homu_merge("Auto merge of #1 - u:b, r=c"), Some(("1", " - u:b, r=c")));
    }
}
