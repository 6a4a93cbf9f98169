//! Rulings made by hand, of any size and with hostile text in them, to try the formats on.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test data: it may stop a test at once, and it is read beside the test that uses it"
)]

use crate::checks::{Card, Severity, cards};
use crate::gate::{About, Applied, Found, JudgedCommit, Ruling, Stance, Verdict};
use crate::text::{CommitId, ObjectId, RepoPath, TreeId};

/// Texts that must not get through as they are.
pub(super) const HOSTILE: [&str; 12] = [
    "::set-output name=gate::passed",
    "\u{a0}\t ::error file=a,line=1::b",
    "##[add-mask]e and ##vso[task.complete result=Succeeded;]done",
    "#\u{fe0f}#\u{200d}[set-env name=PATH]/evil ##teamcity[x]",
    "]]> <script>alert(1)</script> & \"quotes\" 'single' <!-- --> <![CDATA[",
    "`code` ``` | pipe \\| end | @octocat #1 https://evil.example [link](javascript:x) $x$ <img src=x>",
    "percent %0A::error::x %25 %AZP25 %3B %5D %0D",
    "line\r\n::error::second\rthird\u{2028}fourth",
    "{0} {{ .Values.x }} right\u{202e}to left, zero\u{200b}width, nul\0byte, \u{1b}[31mred\u{1b}[0m \u{9b}31m",
    "\u{ffff}\u{fffe}\u{10ffff} \u{feff}\u{e0041}",
    "政策を変更 équipe 🚀",
    "",
];

/// Paths that must be found again exactly.
pub(super) const PATHS: [&[u8]; 5] = [
    b"apps/billing/policy.yaml",
    b"a b,c:d;e]f%0A%AZP25?g#h/::x::.yaml",
    b"##[error]/##vso[task.complete].yaml",
    "été/‹政策›\u{202e}\u{200b}.yaml".as_bytes(),
    b"latin1-\xe9\xff\n\r\t|`<>&\".yaml",
];

pub(super) fn card(id: &str) -> &'static Card {
    cards().into_iter().find(|card| card.id == id).expect("a check of the catalogue")
}

pub(super) fn commit_id(number: usize) -> CommitId {
    let number = number + 1;
    CommitId(ObjectId::from_hex(&format!("{number:012x}{number:028x}")).expect("40 digits"))
}

pub(super) fn found(id: &str, about: About, stance: Stance, because: &str) -> Found {
    let card = card(id);
    Found { card, about, stance, severity: card.severity, because: because.to_owned(), place: None }
}

/// Three plain commits of which nothing was found.
pub(super) fn passed() -> Ruling {
    let commit = |number, subject: &str| JudgedCommit { id: commit_id(number), subject: subject.to_owned(), parents: 1 };
    Ruling {
        repository: "platform-gitops".to_owned(),
        subject: "refs/heads/main".to_owned(),
        base: Some(commit_id(0)),
        head: Some(commit_id(3)),
        head_tree: Some(TreeId(ObjectId::zero())),
        has_landed: false,
        because: vec!["The push brings 3 commits that refs/heads/main does not have".to_owned()],
        settings: format!("countersign.toml of {}", commit_id(0).0.short()),
        settings_digest: "6b".repeat(32),
        commits: vec![commit(1, "SEC-1: Open the port"), commit(2, "Close the port"), commit(3, "wip")],
        checks: vec![
            Applied { card: card("ticket-missing"), refuses: true, passed: 1 },
            Applied { card: card("policy-weakened"), refuses: false, passed: 3 },
        ],
        findings: Vec::new(),
        verdict: Verdict::Passed,
        example: "SEC-123".to_owned(),
    }
}

/// The same with two commits without a ticket, and a warning.
pub(super) fn refused() -> Ruling {
    let mut ruling = passed();
    let mut weakened = found("policy-weakened", About::Commit(1), Stance::Warns, "NetworkPolicy billing/db allows more");
    weakened.place = Some((RepoPath::new(PATHS[0]), 12));
    ruling.findings = vec![
        found("ticket-missing", About::Commit(1), Stance::Refuses, "no ticket reference in the message"),
        found("ticket-missing", About::Commit(2), Stance::Refuses, "no ticket reference in the message"),
        weakened,
    ];
    ruling.verdict = Verdict::Refused;
    ruling
}

/// Many commits, hostile in every text, with findings of every stance; what refuses stands first.
pub(super) fn hostile(commits: usize) -> Ruling {
    let mut ruling = refused();
    let text = |number: usize| HOSTILE[number % HOSTILE.len()].to_owned();
    ruling.repository = text(4);
    ruling.subject = format!("refs/heads/{}", text(2));
    ruling.because = HOSTILE.map(str::to_owned).to_vec();
    ruling.settings = text(5);
    ruling.example = "SEC-123".to_owned();
    let commit = |number| JudgedCommit { id: commit_id(number), subject: text(number), parents: number % 3 };
    ruling.commits = (0..commits).map(commit).collect();
    ruling.base = None;
    ruling.head = commits.checked_sub(1).map(commit_id);
    ruling.findings = vec![
        found("history-incomplete", About::Range, Stance::Undecided, HOSTILE[7]),
        found("ticket-missing", About::Landing(text(1)), Stance::Refuses, HOSTILE[0]),
        found("waiver-invalid", About::Waiver(7), Stance::Unsure, HOSTILE[3]),
    ];
    for number in 0..commits {
        ruling.findings.push(found("ticket-missing", About::Commit(number), Stance::Refuses, HOSTILE[number % 7]));
        for (stance, check) in [(Stance::Warns, "policy-weakened"), (Stance::Waived, "guard-changed")] {
            let mut one = found(check, About::Commit(number), stance, HOSTILE[(number + 5) % HOSTILE.len()]);
            one.place = Some((RepoPath::new(PATHS[number % PATHS.len()]), u32::try_from(number % 900).expect("small")));
            one.severity = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical, Severity::Blocker][number % 5];
            ruling.findings.extend([one.clone(), one]);
        }
    }
    ruling.findings.sort_by(|a, b| (a.stance, &a.about, a.card.id).cmp(&(b.stance, &b.about, b.card.id)));
    ruling
}
