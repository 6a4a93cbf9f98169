//! Whether the message lets somebody learn the reason: what is left of it without ids, filler and file names.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::{Card, Check, Finding, Gate, Grade, Listing, Period, Section, Severity, Verdict, judge_each_change, shown};
use crate::changes::{Commit, FileEdit};
use crate::checks::verdict::side_header;
use crate::evidence::{ArrivalKind, Dossier};
use crate::settings::Settings;

pub(super) const LISTING: Listing =
    Listing { card: &REASON_MISSING, configure: |section| Box::new(ReasonMissing(Reasons::configured(section))) };

static REASON_MISSING: Card = Card {
    id: "reason-missing",
    requirement: "The message of each change says in words what it is for.",
    rationale: "A ticket can be closed, moved or lost with its system; the message stays with the change. `fix` or a file name tells \
                nobody why protection was changed.",
    remedy: "Record the reason in the response column after asking the author. Demand a sentence in the merge template from now on.",
    severity: Severity::Medium,
    gate: Gate::Message,
    references: &[
        ("SOC 2", "CC8.1"),
        ("ISO 27001:2022", "A.8.32"),
        ("PCI DSS 4.0", "6.5.1"),
        ("PCI DSS 4.0", "1.2.2"),
        ("NIST SP 800-53", "CM-3"),
    ],
    needs: "the message of the change and, for a bare merge, of its side commits",
    waivable_by: "the change manager, not the author of the change",
    settings: &[
        ("minimum_words", "1", "how many words must be left without ids, filler, file names and generated text"),
        ("filler_words", "[]", "more words that say nothing, beside the built-in English and German ones"),
    ],
    since: "0.1.0",
    limits: "It counts words; it does not understand them. A wrong or meaningless sentence passes, and filler in other languages than \
             English and German is taken for a reason.",
};

/// Words that say nothing, in English and German, and the small words around them.
const FILLER: &str = "
    a add added adding adds again all an and another as asdf at better by change changed changes changing chore cleanup
    code commit commits content create created creates delete deleted deletes directory do edit edited edits feat few file
    files final first fix fixed fixes fixing fixup folder for foo from hotfix i improve improved improvement improvements
    improves in initial into is it latest merge merged minor misc modified modify more my new now of ok on one oops or
    other please push refactor remove removed removes rename renamed revert save sets several small some squash stuff temp
    test tested testing tests that the things this to tmp trivial try tweak tweaks update updated updates updating upload
    uploads uploaded various via was wip with work working aktualisiert aktualisierung anpassung anpassungen \u{e4}nderung
    \u{e4}nderungen behoben das der die diverse fehler kleine korrektur korrekturen neu und
";

/// Lines that a forge or git writes by itself.
static GENERATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let patterns = [
        r"merge (pull request|branch|branches|remote-tracking branch|tag|commit)\b.*",
        r"merged in \S+ \(pull request #\d+\)",
        r"auto merge of #\d+.*",
        r"see merge request \S+",
        r#"revert ".*"\.?"#,
        r"this reverts commit \S+",
        r"reverts \S*#\d+\.?",
        r"\(cherry picked from commit [0-9a-f]+\)",
        r"squashed commit of the following:?",
        r"add files via upload",
        r"(initial|first) commit",
        r"apply suggestions? from( @\S+)? code review",
        r"apply \d+ suggestion\(s\) to \d+ file\(s\)",
    ];
    Regex::new(&format!(r"^(?i-u:{})$", patterns.join("|"))).ok()
});

/// What may stand before or behind a title without saying anything: marks of proposals and of conventional commits.
static MARKS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i-u)^merged pr \d+:|^(feat|fix|chore|docs|style|refactor|test|tests|build|ci|perf|revert)(\([^()]*\))?!?:|\(#\d+\)|\(!\d+\)").ok()
});

/// What a message has to say to give a reason; see [`REASON_MISSING`].
#[derive(Debug)]
pub(in crate::checks) struct Reasons {
    minimum_words: usize,
    filler: BTreeSet<String>,
}

/// See [`REASON_MISSING`].
#[derive(Debug)]
struct ReasonMissing(Reasons);

impl Reasons {
    /// As the settings of `reason-missing` say.
    pub(in crate::checks) fn of(settings: &Settings) -> Self {
        Self::configured(&mut settings.checks.section(REASON_MISSING.id))
    }

    fn configured(section: &mut Section) -> Self {
        let minimum_words = usize::try_from(section.integer("minimum_words", 1, 1..=20)).unwrap_or(1);
        let more = section.strings("filler_words").unwrap_or_default();
        let more = more.into_iter().map(|(_, word)| word.to_lowercase());
        Self { minimum_words, filler: FILLER.split_whitespace().map(str::to_owned).chain(more).collect() }
    }

    /// Whether the change's own message or one of its side commits tells the reason.
    pub(in crate::checks) fn are_told(&self, dossier: &Dossier) -> bool {
        self.has_own(dossier) || self.side(dossier).is_some()
    }

    fn has_own(&self, dossier: &Dossier) -> bool {
        let trailers: BTreeSet<usize> =
            dossier.evidence.trailers.iter().filter(|t| t.in_block).filter_map(|t| usize::try_from(t.line).ok()).collect();
        self.has_reason(&dossier.change.commit, &trailers)
    }

    fn side<'a>(&self, dossier: &'a Dossier) -> Option<&'a Commit> {
        dossier.change.side_commits.iter().find(|side| self.has_reason(side, &BTreeSet::new()))
    }

    /// Whether enough words of the message are left. Stops as soon as they are.
    fn has_reason(&self, commit: &Commit, trailers: &BTreeSet<usize>) -> bool {
        let mut words = BTreeSet::new();
        for (number, line) in (1..).zip(commit.message.value.lines()) {
            if trailers.contains(&number) {
                continue;
            }
            let line = without_marks(line);
            if is_generated(&line) {
                continue;
            }
            for word in line.split_whitespace().filter_map(|token| self.word(token, &commit.file_edits)) {
                words.insert(word);
                if words.len() >= self.minimum_words {
                    return true;
                }
            }
        }
        false
    }

    /// The word in a token, if it says anything.
    fn word(&self, token: &str, edits: &[FileEdit]) -> Option<String> {
        let token = token.trim_matches(|c: char| !c.is_alphanumeric());
        let plain = token.chars().all(|c| c.is_alphabetic() || matches!(c, '\'' | '\u{2019}' | '-'));
        if !plain || token.chars().count() < 2 || is_file_name(token, edits) {
            return None;
        }
        let word = token.to_lowercase();
        let says_something = word.split('-').any(|part| !part.is_empty() && !self.filler.contains(part));
        says_something.then_some(word)
    }
}

impl ReasonMissing {
    fn judge(&self, dossier: &Dossier) -> Verdict {
        if self.0.has_own(dossier) || dossier.arrival == ArrivalKind::Initial {
            return Verdict::pass(Grade::Asserted);
        }
        if let Some(side) = self.0.side(dossier) {
            let because = format!("the reason stands only in side commit {}: {}", side.id.0.short(), shown(side.subject()));
            return Verdict::pass_because(Grade::Asserted, because).citing([side_header(side.id)]);
        }
        Verdict::exception(Grade::Asserted, complaint(&dossier.change.commit))
    }
}

impl Check for ReasonMissing {
    fn card(&self) -> &'static Card {
        &REASON_MISSING
    }

    fn assess(&self, period: &Period<'_>) -> Vec<Finding> {
        judge_each_change(&REASON_MISSING, period, |_, dossier| self.judge(dossier))
    }
}

fn without_marks(line: &str) -> Cow<'_, str> {
    // Each mark has one of these.
    let may_have_marks = memchr::memchr2(b'(', b':', line.as_bytes()).is_some();
    let marks = MARKS.as_ref().filter(|_| may_have_marks);
    match marks.map(|marks| marks.replace_all(line.as_bytes(), b" ")) {
        Some(Cow::Owned(rest)) => Cow::Owned(String::from_utf8_lossy(&rest).into_owned()),
        Some(Cow::Borrowed(_)) | None => Cow::Borrowed(line),
    }
}

fn is_generated(line: &str) -> bool {
    GENERATED.as_ref().is_some_and(|generated| generated.is_match(line.trim().as_bytes()))
}

/// Whether a word is the name of a changed file, such as `Dockerfile` or `README`.
fn is_file_name(word: &str, edits: &[FileEdit]) -> bool {
    /// A change of more files is not described by naming one.
    const LOOKED_AT: usize = 50;
    edits.iter().take(LOOKED_AT).any(|edit| {
        let path = edit.path.to_text();
        let name = path.rsplit('/').next().unwrap_or_default();
        let stem = name.split('.').next().unwrap_or_default();
        let capitals = stem.chars().all(|c| c.is_uppercase() || c == '_' || c == '-');
        name.eq_ignore_ascii_case(word) || (capitals && stem.eq_ignore_ascii_case(word))
    })
}

fn complaint(commit: &Commit) -> String {
    let subject = commit.subject();
    if subject.is_empty() {
        return "the message is empty".to_owned();
    }
    format!("the message says only `{}`: no reason beyond ids, filler, file names and generated text", shown(subject))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{assess, commit, dossier, edit, merge, outcomes, settings, settings_with, told};

    fn outcome(message: &str) -> &'static str {
        let mut dossier = dossier(1, message);
        dossier.change.commit.file_edits = Box::new([edit("README.md"), edit("deploy/Dockerfile")]);
        outcomes(&assess(&REASON_MISSING, &settings(), &[dossier]))[0]
    }

    #[test]
    fn ids_filler_file_names_and_generated_titles_are_no_reason() {
        for message in [
            "",
            "\n\n",
            "fix",
            "WIP\n\nmore",
            "SEC-12",
            "SEC-12: fix (#34)",
            "Update README.md",
            "Update README",
            "Create values.yaml (#3)",
            "fix(deploy): updates",
            "Merge branch 'x' into 'main'\n\nSee merge request a/b!1",
            "https://example.com/browse/SEC-1",
            "Dockerfile",
            "Revert \"Close the port\"\n\nThis reverts commit 0123456789abcdef.",
            "Merged PR 12: update",
            "Initial commit",
            "Fixes #12, fixes #13",
            "\u{c4}nderungen",
            "a.yaml b/c/d.yaml v1.2.3",
            "test-fix",
        ] {
            assert_eq!(outcome(message), "exception", "{message:?}");
        }
    }

    #[test]
    fn one_sentence_anywhere_is_a_reason() {
        for message in [
            "Close the metrics port (#12)",
            "fix\n\nThe probe timed out under load",
            "Update gatekeeper",
            "SEC-1 tighten egress",
            "fix(deploy): correct typo",
            "Merge pull request #1 from a/b\n\nDeny privileged pods",
            "Revert \"x\"\n\nIt blocked the ingress",
            "\u{4fee}\u{590d}\u{7aef}\u{53e3}",
            "Merged PR 12: Rotate certificates",
        ] {
            assert_eq!(outcome(message), "no exception", "{message:?}");
        }
    }

    #[test]
    fn a_bare_merge_may_lean_on_its_side_commits() {
        let changes = [
            merge(2, "Merge branch 'x'", vec![commit(9, "Deny host network")]),
            merge(3, "Merge branch 'y'", vec![commit(8, "wip")]),
        ];
        let told = told(&assess(&REASON_MISSING, &settings(), &changes));
        assert_eq!(told[0], "no exception: the reason stands only in side commit 090909090909: Deny host network");
        assert!(told[1].starts_with("exception: the message says only `Merge branch 'y'`"), "{told:?}");
    }

    #[test]
    fn settings_add_words_and_raise_the_number() {
        let strict = settings_with("[checks.reason-missing]\nminimum_words = 2\nfiller_words = [\"Bump\"]");
        assert_eq!(
            outcomes(&assess(&REASON_MISSING, &strict, &[dossier(1, "Bump dex"), dossier(2, "Rotate dex keys")])),
            ["exception", "no exception"]
        );
    }
}
