//! Where a change comes from: the commits it says it reverts or was picked from.

use super::Evidence;
use super::record::Record;

/// Words before the id of a reverted commit.
const REVERT_WORDS: &[&str] = &[
    "This reverts commit ",
    "This reverts merge commit ",
    "Reverts commit ",
    "Reverted commit ",
    "Revert commit ",
    "Original commit changeset: ",
];

/// Words before the id of the commit that this one was picked from.
const PICK_WORDS: &[&str] = &[
    "(cherry picked from commit ",
    "(cherry-picked from commit ",
    "(cherry picked from ",
    "(cherry-picked from ",
    "(backported from commit ",
    "[ Upstream commit ",
    "[Upstream commit ",
];

/// Reads reverted and picked commits.
pub(super) fn read(record: &Record<'_>, evidence: &mut Evidence) {
    for (_, line) in record.message.numbered() {
        let text = line.text.trim_start_matches(['*', '-', ' ', '\t']);
        if !matches!(text.as_bytes().first(), Some(b'T' | b't' | b'R' | b'r' | b'O' | b'(' | b'[' | b'c')) {
            continue;
        }
        let place = record.place_at(line.start);
        if let Some(rest) = REVERT_WORDS.iter().find_map(|words| after(text, words)) {
            evidence.reverts.extend(commit_ids(rest).map(|id| record.claim(id.into(), place)));
        } else if let Some(id) = picked_commit(text).or_else(|| upstream_commit(text)) {
            evidence.picked_from.push(record.claim(id.into(), place));
        }
    }
}

/// The commit id of a line such as `(cherry picked from commit 0123…)`.
pub(super) fn picked_commit(text: &str) -> Option<&str> {
    let rest = PICK_WORDS.iter().find_map(|words| after(text, words))?;
    commit_id(rest.split([' ', ')', ']']).next()?)
}

/// The id in the stable kernels' `commit 0123… upstream.`
fn upstream_commit(text: &str) -> Option<&str> {
    let (id, rest) = text.strip_prefix("commit ")?.split_once(' ')?;
    rest.starts_with("upstream").then(|| commit_id(id))?
}

/// The ids of a list such as `0123456, 89abcde and fedcba9.`
fn commit_ids(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', ',', '.', ';', ')']).filter(|word| !word.is_empty() && *word != "and").map_while(commit_id)
}

fn commit_id(word: &str) -> Option<&str> {
    let is_id = (7..=64).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then_some(word)
}

fn after<'a>(text: &'a str, words: &str) -> Option<&'a str> {
    text.get(..words.len()).filter(|start| start.eq_ignore_ascii_case(words))?;
    text.get(words.len()..)
}
