//! Plain git commands with the numbers they must give, so that nobody has to take countersign's word.

use super::columns::Columns;
use super::{RenderError, Sink};
use crate::pack::Pack;

const PATH: &str = "REPERFORM.txt";

/// Writes `REPERFORM.txt`.
///
/// # Errors
///
/// When the sink cannot be written.
pub fn render(pack: &Pack, sink: &mut dyn Sink) -> Result<(), RenderError> {
    let text = text(&Columns::new(pack));
    sink.file(PATH, &mut |out| out.write_all(text.as_bytes()).map_err(|error| RenderError::write(PATH, error)))
}

/// One command with what it must print.
struct Step {
    question: &'static str,
    command: String,
    expected: String,
}

fn text(columns: &Columns<'_>) -> String {
    let pack = columns.pack;
    let mut text = format!(
        "How to count the same with plain git\n\n\
         Pack {}, range {}, made by countersign {}.\n\
         Run the commands in a full clone of the audited repository (a POSIX shell, git 2.31 or newer, coreutils).\n\
         Replacement objects must be switched off, or git shows other commits than the ids name:\n\n    \
         export GIT_NO_REPLACE_OBJECTS=1 LC_ALL=C\n    \
         git for-each-ref --count=1 refs/replace     # must print nothing\n    \
         git rev-parse --is-shallow-repository       # must print false\n\n",
        columns.pack_id,
        range_words(pack),
        pack.version,
    );
    for (position, step) in steps(pack).iter().enumerate() {
        let Step { question, command, expected } = step;
        text.push_str(&format!("{}. {question}\n\n    {command}\n\n   expected: {expected}\n\n", position + 1));
    }
    text.push_str(CLOSING);
    text
}

const CLOSING: &str = "\
What plain git cannot repeat in one line: tickets, reviewers and layers follow rules that are described in the pack. To check one\n\
change by hand, take its full id from data/changes.csv and read what git itself shows:\n\n    \
git show --no-patch --format=raw --end-of-options <id> --\n    \
git diff-tree -r --no-commit-id --name-status --end-of-options <previous_id> <id> --\n\n\
Whether the files of this pack are the ones that were sealed:\n\n    \
sha256sum --check --strict manifest-sha256.txt\n";

/// The revisions of the range as git takes them.
fn revisions(pack: &Pack) -> String {
    pack.range.start.map_or_else(|| pack.range.end.to_string(), |start| format!("{start}..{}", pack.range.end))
}

fn range_words(pack: &Pack) -> String {
    let start = pack.range.start.map_or_else(|| "the beginning of the history".to_owned(), |start| start.to_string());
    format!("after {start} up to and including {}", pack.range.end)
}

fn steps(pack: &Pack) -> Vec<Step> {
    let range = revisions(pack);
    let changes = pack.dossiers.iter().map(|dossier| &dossier.change);
    let sides: usize = changes.clone().map(|change| change.side_commits.len()).sum();
    let merges = changes.clone().filter(|change| change.commit.parents.len() > 1).count();
    let paths: usize = changes.clone().map(|change| usize::try_from(change.commit.paths_changed).unwrap_or(usize::MAX)).sum();
    let signed = changes.clone().filter(|change| change.commit.signed.is_some()).count();
    let arrivals = pack.dossiers.len();
    let step = |question, command, expected: usize| Step { question, command, expected: expected.to_string() };
    vec![
        step("How many commits are in the range? (data/commits.csv has one row for each)",
            format!("git rev-list --count --end-of-options {range} --"), arrivals + sides),
        step("How many of them are arrivals, the steps of the first-parent chain? (data/changes.csv)",
            format!("git rev-list --count --first-parent --end-of-options {range} --"), arrivals),
        step("How many arrivals are merges?",
            format!("git rev-list --count --first-parent --min-parents=2 --end-of-options {range} --"), merges),
        Step {
            question: "Which arrivals? One hash over their sorted ids (the population hash on the cover)",
            command: format!("git rev-list --first-parent --end-of-options {range} -- | sort | sha256sum"),
            expected: format!("{}  -", pack.population_hash),
        },
        step("How many paths did the arrivals change, each against its first parent, renames counted as two paths?",
            format!("git log --first-parent --diff-merges=first-parent --root --no-renames --format= --name-only -z --end-of-options {range} -- | tr -cd '\\000' | wc -c"), paths),
        step("How many arrivals carry a signature? (nothing is said about its validity)",
            format!("git rev-list --first-parent --end-of-options {range} -- | git cat-file --batch | grep -a -c '^gpgsig'"), signed),
    ]
}
