//! Plain git commands with the numbers they must give, so that nobody has to take countersign's word.

use std::fmt::Write as _;

use regex::Regex;

use super::columns::{Columns, SignatureCounts};
use super::{RenderError, Sink};
use crate::pack::Pack;

const PATH: &str = "REPERFORM.txt";

/// Writes `REPERFORM.txt`.
///
/// # Errors
///
/// When the sink cannot be written.
pub fn render(pack: &Pack, sink: &dyn Sink) -> Result<(), RenderError> {
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
    let range = range_words(pack);
    let (id, version) = (&columns.pack_id, pack.version);
    let mut text =
        format!("How to count the same with plain git\n\nPack {id}, {range}, made by countersign {version}.\n{OPENING}");
    for (position, step) in steps(pack).iter().enumerate() {
        let Step { question, command, expected } = step;
        // Writing to a String cannot fail.
        let _ = write!(text, "{}. {question}\n\n    {command}\n\n   expected: {expected}\n\n", position + 1);
    }
    text.push_str(CLOSING);
    text
}

const OPENING: &str = "\
Run the commands in a full clone of the audited repository: a POSIX shell, git 2.31 or newer, coreutils. The first line switches off\n\
replacement objects and grafts, with which git would show other commits than the ids name; the second must print \"false\".\n\n    \
export GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null LC_ALL=C\n    \
git rev-parse --is-shallow-repository\n\n";

const CLOSING: &str = "\
One signature, as the program that checks it tells it; for OpenPGP put the keys of raw/keys/ into a key ring of their own first.\n\
gpg judges expiry as of today, this pack as of the committer date:\n\n    \
git cat-file commit <id>\n    \
TZ=UTC git -c gpg.ssh.allowedSignersFile=<file> -c gpg.ssh.program=ssh-keygen -c gpg.program=gpg verify-commit --raw <id>\n    \
export GNUPGHOME=\"$(mktemp -d)\"; gpg --import <file>\n\n\
What plain git cannot repeat in one line: tickets, reviewers and layers follow rules that are described in the pack. To check one\n\
change by hand, take its full id from data/changes.csv and read what git itself shows:\n\n    \
git show --no-patch --format=raw --end-of-options <id> --\n    \
git diff-tree -r --no-commit-id --name-status --end-of-options <previous_id> <id> --\n\n\
Policies are parsed, which plain git cannot do. To check one object by hand, take path, blob_id and last_changed_change from its row\n\
in data/policy-inventory.csv. The first command prints the blob_id, the second shows the last change, the third lists every change\n\
of the file; those after last_changed_change changed other objects in it, or only its format:\n\n    \
git rev-parse <end>:<path>\n    \
git show --diff-merges=first-parent --end-of-options <last_changed_change> -- <path>\n    \
git log --first-parent --diff-merges=first-parent --oneline --end-of-options <end> -- <path>\n\n\
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
    let range = format!("--end-of-options {} --", revisions(pack));
    let changes = pack.dossiers.iter().map(|dossier| &dossier.change);
    let sides: usize = changes.clone().map(|change| change.side_commits.len()).sum();
    let merges = changes.clone().filter(|change| change.commit.parents.len() > 1).count();
    let paths: usize = changes.map(|change| usize::try_from(change.commit.paths_changed).unwrap_or(usize::MAX)).sum();
    let arrivals = pack.dossiers.len();
    let step = |question, command, expected: usize| Step { question, command, expected: expected.to_string() };
    let mut steps = vec![
        step(
            "How many commits are in the range? data/commits.csv has a row for each.",
            format!("git rev-list --count {range}"),
            arrivals + sides,
        ),
        step(
            "How many of them are arrivals, the steps of the first-parent chain? data/changes.csv has a row for each.",
            format!("git rev-list --count --first-parent {range}"),
            arrivals,
        ),
        Step {
            question: "Which arrivals? One hash over their sorted ids: the population hash on the cover.",
            command: format!("git rev-list --first-parent {range} | sort | sha256sum"),
            expected: format!("{}  -", pack.population_hash),
        },
        step("How many arrivals are merges?", format!("git rev-list --count --first-parent --min-parents=2 {range}"), merges),
        step(
            "How many paths did the arrivals change, each against its first parent? A rename counts as two paths here.",
            format!(
                "git log --root --first-parent --diff-merges=first-parent --no-renames --ignore-submodules=none --format= --name-only {range} | wc -l"
            ),
            paths,
        ),
    ];
    steps.extend(signature_steps(pack, &range));
    steps.extend(ticket_step(pack, &range));
    steps
}

/// Counts signatures, and those that git calls good with the keys of the pack.
fn signature_steps(pack: &Pack, range: &str) -> Vec<Step> {
    let counts = SignatureCounts::of(pack);
    let signed = Step {
        question: "How many commits carry a signature? The column `signature` of data/commits.csv says which, and what became of it.",
        command: format!(
            "git log --no-show-signature --no-notes --format=raw {range} | awk '/^commit /{{n+=s; s=0}} /^gpgsig/{{s=1}} END{{print n+s}}'"
        ),
        expected: counts.signed().to_string(),
    };
    let given: Vec<_> = pack.exports.files.iter().filter(|file| file.name.starts_with("keys/")).collect();
    let is_safe = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte));
    let of_kind = |kind: &str| given.iter().filter(|file| file.kind == kind).map(|file| &file.name).collect::<Vec<_>>();
    let mut steps = vec![signed];
    if let [signers] = of_kind("SSH allowed signers").as_slice()
        && let revoked = of_kind("SSH revoked keys")
        && is_safe(signers)
        && revoked.iter().all(|name| is_safe(name))
    {
        let revoked = revoked.first().map(|name| format!(" -c gpg.ssh.revocationFile=\"$PACK/raw/{name}\"")).unwrap_or_default();
        steps.push(Step {
            question: "How many signatures of SSH does git itself call good, with the keys of this pack and without any of OpenPGP?\n   \
                       PACK is the folder of this pack. The programs are named so that the clone's configuration names none.",
            command: format!(
                "GNUPGHOME=\"$(mktemp -d)\" TZ=UTC git -c gpg.ssh.allowedSignersFile=\"$PACK/raw/{signers}\"{revoked} \
                 -c gpg.ssh.program=ssh-keygen -c gpg.program=gpg -c gpg.openpgp.program=gpg -c gpg.x509.program=gpgsm \
                 log --no-show-signature --format='%G?' {range} | grep -c '^G$'"
            ),
            expected: counts.good_for_git.to_string(),
        });
    }
    steps
}

/// Counts messages that hold a key of the settings' projects, where a shell can be given the keys safely.
fn ticket_step(pack: &Pack, range: &str) -> Option<Step> {
    let projects = pack.settings.tickets.projects.as_ref().filter(|projects| !projects.is_empty())?;
    let safe = |project: &String| project.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !projects.iter().all(safe) {
        return None;
    }
    let keys = projects.iter().map(String::as_str).collect::<Vec<_>>().join("|");
    let pattern = format!("({keys})-[0-9]+");
    let regex = Regex::new(&pattern).ok()?;
    // git looks at a message up to its first NUL byte.
    let read_by_git = |message: &str| message.split('\0').next().is_some_and(|text| regex.is_match(text));
    let found = pack.dossiers.iter().filter(|dossier| read_by_git(&dossier.change.commit.message.value)).count();
    Some(Step {
        question: "How many arrivals have something like a ticket key of the settings' projects in their own message?\n   \
                   Look-alikes and quotations count here, branch names and side commits do not: data/tickets.csv need not agree.",
        command: format!("git log --first-parent --no-notes --format=%H --extended-regexp --grep='{pattern}' {range} | wc -l"),
        expected: found.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::shelf::Shelf;
    use crate::render::specimen::pack;

    #[test]
    fn every_number_comes_from_the_pack() {
        let pack = pack(60);
        let shelf = Shelf::of(&pack, render);
        let text = shelf.text(PATH);
        let range = format!("{}..{}", pack.range.start.unwrap(), pack.range.end);
        assert!(text.contains(&format!("git rev-list --count --first-parent --end-of-options {range} --\n\n   expected: 60\n")));
        assert!(text.contains(&format!("expected: {}  -", pack.population_hash)));
        assert!(text.contains("--grep='(OPS|SEC)-[0-9]+'"));
    }

    #[test]
    fn a_range_without_a_start_names_only_the_end_and_odd_keys_never_reach_a_shell() {
        let mut pack = pack(2);
        pack.settings.tickets.projects = Some(std::collections::BTreeSet::from(["A'; rm -rf ~; '".to_owned()]));
        let shelf = Shelf::of(&pack, render);
        let text = shelf.text(PATH);
        assert!(text.contains(&format!("git rev-list --count --end-of-options {} --", pack.range.end)));
        assert!(!text.contains("rm -rf"));
    }
}
