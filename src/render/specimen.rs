//! A pack made by hand, of any size and with hostile text in it, to try the renderers on.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::too_many_lines,
    reason = "test data: it may stop a test at once, and it is read beside the test that uses it"
)]

use std::sync::Arc;

use crate::changes::{Change, Commit, EditKind, Entry, FileEdit, Gap, GapAbout, MergeContent, Signature, SignatureKind, Signed};
use crate::checks::{Assessment, Basis, Card, Finding, Outcome, Severity, Subject};
use crate::classification::{Classification, FileClass, LayerSet};
use crate::evidence::{
    ArrivalKind, Citation, Claim, Decision, Dossier, Evidence, Grade, Place, Proposal, Review, Source, Ticket, TicketRelation,
    TicketSystem, Trailer,
};
use crate::inventory::{Coverage, Inventory, PolicyObject, Seen};
use crate::manifests::{Certainty, Identity, ObjectKind};
use crate::pack::{Pack, Status, TieOut};
use crate::policies::{Direction, Family, FieldEdit, PolicyEdit, PolicyEditKind, Verdict};
use crate::repository::{AuditRange, Completeness};
use crate::settings::{Layer, Settings};
use crate::text::{BlobId, CommitId, Moment, ObjectId, Person, RepoPath, Text, Timestamp, TreeId};

/// Texts that must not get through as they are.
pub const HOSTILE: [&str; 6] = [
    "<script>alert(1)</script> & \"quotes\"",
    "=HYPERLINK(\"https://evil.example\",\"click\")",
    "right\u{202e}to left",
    "nul\0byte and {{ version }} {% raw %}",
    "+49 \u{ff1d}1+1\r\nsecond line, \"quoted\"",
    "</style></pre><img src=x onerror=alert(1)>",
];

macro_rules! card {
    ($name:ident, $id:literal, $severity:ident, $requirement:literal, $references:expr) => {
        static $name: Card = Card {
            id: $id,
            requirement: $requirement,
            rationale: "Without it nobody can say later why protection changed.",
            remedy: "Write down what is missing and have it confirmed by someone who was not involved.",
            severity: Severity::$severity,
            gate: crate::checks::Gate::Afterwards,
            references: $references,
            needs: "the message of every commit",
            waivable_by: "the owner of the layer, never the author of the change",
            settings: &[("enabled", "true", "whether the check runs")],
            since: "0.1.0",
            limits: "It sees what the message says, not what was meant.",
        };
    };
}

card!(HISTORY, "history-incomplete", Blocker, "The record is whole.", &[("ISO/IEC 27001:2022", "A.8.15")]);
card!(
    TICKET,
    "ticket-missing",
    High,
    "Every change names the ticket that asked for it.",
    &[("SOC 2", "CC8.1"), ("NIST SP 800-53", "CM-3")]
);
card!(REASON, "reason-missing", Medium, "The message says why the change was made.", &[("SOC 2", "CC8.1")]);
card!(
    REVIEW,
    "review-missing",
    High,
    "Someone other than the author approved the change.",
    &[("SOC 2", "CC8.1"), ("NIST SP 800-53", "CM-3(2)")]
);
card!(DIRECT, "direct-push", Critical, "Every change arrives through a proposal.", &[("ISO/IEC 27001:2022", "A.8.32")]);
card!(MIXED, "mixed-layer", Medium, "One change touches one layer.", &[]);
card!(COMMIT, "mixed-commit", Low, "One commit touches one layer.", &[]);
card!(GUARD, "guard-changed", High, "Changes to the files that guard the process are looked at.", &[("NIST SP 800-53", "CM-5")]);
card!(WAIVER, "waiver-invalid", High, "Every waiver is complete, in time and used.", &[]);

static CARDS: [&Card; 9] = [&HISTORY, &TICKET, &REASON, &REVIEW, &DIRECT, &MIXED, &COMMIT, &GUARD, &WAIVER];

/// A pack of some changes, each different and the same on every call.
pub fn pack(changes: usize) -> Pack {
    let dossiers: Vec<_> = (0..changes).map(dossier).collect();
    let mut pack = Pack {
        repository_name: "platform-gitops".to_owned(),
        range: range(changes),
        completeness: Completeness {
            object_format: "sha1".to_owned(),
            problems: Vec::new(),
            remarks: vec!["The clone is bare.".to_owned(), "refs/notes/review holds 12 notes.".to_owned()],
            unreadable_objects: Vec::new(),
        },
        statuses: Vec::new(),
        assessments: CARDS.into_iter().map(|card| assess(card, &dossiers)).collect(),
        inventory: inventory(&dossiers),
        exports: crate::evidence::Exports::default(),
        settings: settings(),
        population_hash: "ab".repeat(32),
        tie_outs: tie_outs(&dossiers),
        version: "0.1.0",
        dossiers,
    };
    pack.statuses = statuses(&pack);
    pack
}

/// A pack whose record is not whole and whose first tie-out does not hold.
pub fn incomplete_pack() -> Pack {
    let mut pack = pack(12);
    pack.completeness.problems.push("The clone is shallow: 3 commits have parents that are not here.".to_owned());
    pack.completeness.unreadable_objects.push(format!("blob {}: not found", "0c".repeat(20)));
    pack.tie_outs[0].right_value = "11".to_owned();
    pack
}

fn id(kind: u8, number: usize) -> ObjectId {
    let mut state = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(kind).wrapping_mul(0xd1b5_4a32_d192_ed03);
    let mut bytes = [0u8; 20];
    for byte in &mut bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = (state >> 24) as u8;
    }
    ObjectId::from_bytes(&bytes).expect("twenty bytes")
}

fn change_id(number: usize) -> CommitId {
    CommitId(id(1, number + 1))
}

fn range(changes: usize) -> AuditRange {
    AuditRange {
        start: (changes > 3).then(|| CommitId(id(1, 0))),
        standing: crate::repository::Standing::OnChain,
        end: change_id(changes.saturating_sub(1)),
        branch: "refs/heads/main".to_owned(),
        asked: "2026-Q1".to_owned(),
        resolution: vec![
            "2026-Q1 begins at 2026-01-01T00:00:00Z: the start is the last change of the first-parent chain before that moment."
                .to_owned(),
            "It ends at 2026-04-01T00:00:00Z: the end is the last change before that moment.".to_owned(),
        ],
        confirmed_by: "a walk over every commit behind the start".to_owned(),
    }
}

fn settings() -> Settings {
    let change = change_id(7);
    let written = format!(
        r#"
        profile = "baseline"
        [repository]
        layer = "security"
        time_zone = "+01:00"
        [tickets]
        projects = ["SEC", "OPS"]
        [[people]]
        name = "Alice Example"
        aliases = ["alice@example.com", "alice"]
        valid_from = "2025-01-01"
        [[bots]]
        name = "renovate"
        aliases = ["renovate@example.com"]
        owner = "platform team"
        paths = ["apps/**"]
        [[waivers]]
        check = "ticket-missing"
        change = "{change}"
        reason = "Ticket system was down; recorded later <b>by hand</b>"
        approver = "Carol Lead <carol@example.com>"
        ticket = "SEC-9"
        until = "2026-06-30"
        "#
    );
    let (settings, problems) = Settings::parse(&written, "countersign.toml at commit 0123456789ab", None);
    assert!(problems.is_empty(), "{problems:?}");
    settings
}

const PEOPLE: [(&str, &str); 7] = [
    ("Alice Example", "alice@example.com"),
    ("Bob Miller", "bob@example.com"),
    ("Carol Lead", "carol@example.com"),
    ("renovate", "renovate@example.com"),
    ("D\u{430}ve Cyrillic", "dave@example.com"),
    ("@Eve \u{202e}live", "eve@example.com"),
    ("<script>alert(2)</script>", ""),
];

fn someone(number: usize) -> Arc<Person> {
    let rare = if number.is_multiple_of(17) { number / 17 % PEOPLE.len() } else { number % 3 };
    let (name, mail) = PEOPLE[rare];
    Arc::new(Person::new(name, mail))
}

fn signature(number: usize, shift: i64) -> Signature {
    let seconds = 1_767_225_600 + i64::try_from(number).expect("small") * 11_000 + shift;
    let when = Moment::Known(Timestamp { seconds, offset: if number.is_multiple_of(2) { 3600 } else { -19_800 } });
    let when = if number % 41 == 40 { Moment::Unreadable("99999999999999 +9999".into()) } else { when };
    Signature { person: someone(number + usize::from(shift > 0)), when }
}

const SUBJECTS: [&str; 8] = [
    "Deny privileged pods in the payment namespace",
    "Allow the metering service to reach the broker",
    "Raise the request limit of the ingress controller",
    "Rotate the certificate issuer of the staging cluster",
    "Require labels on every namespace",
    "Remove the exemption for the legacy importer",
    "Add a dashboard for grid frequency",
    "Pin the policy controller to 3.18",
];

fn subject(number: usize) -> String {
    if number % 10 == 9 { HOSTILE[number / 10 % 6].to_owned() } else { format!("{} (#{})", SUBJECTS[number % 8], 100 + number) }
}

fn message(number: usize) -> String {
    let mut text = format!(
        "{}\n\nThe audit of last autumn asked for it. Traffic of the last 30 days was looked at,\nnothing that works today is refused.\n",
        subject(number)
    );
    if number % 13 == 5 {
        text.push_str(&"long ".repeat(2_000));
    }
    text.push_str("\nTicket: SEC-1\nReviewed-by: Bob Miller <bob@example.com>\n");
    text
}

fn commit(kind: u8, number: usize, parents: Vec<CommitId>, edits: Vec<FileEdit>) -> Commit {
    Commit {
        id: CommitId(id(kind, number + 1)),
        tree: TreeId(id(9, number)),
        parents: parents.into(),
        author: signature(number, 0),
        committer: signature(number, 600),
        message: Text::from(message(number).as_str()),
        signed: number.is_multiple_of(4).then_some(Signed { kind: SignatureKind::Ssh, key: None }),
        paths_changed: u32::try_from(edits.len()).expect("few"),
        policy_edits: Box::default(),
        file_edits: edits.into(),
        merge: None,
        gaps: Vec::new(),
    }
}

fn edit(number: usize, which: usize) -> FileEdit {
    let path = match (number + which) % 5 {
        0 => format!("security/gatekeeper/constraints/c{which}.yaml"),
        1 => format!("clusters/production/network/np-{which}.yaml"),
        2 => format!("apps/metering/overlays/staging/patch-{which}.yaml"),
        3 => format!("=cmd|' /C calc'!A{which}"),
        _ => format!("observability/rules/r{which}<b>.yaml"),
    };
    let entry = |shift| Some(Entry { blob: BlobId(id(3, number * 64 + which + shift)), mode: 0o100_644 });
    let kind = [EditKind::Modified, EditKind::Added, EditKind::Removed, EditKind::Renamed][which % 4];
    FileEdit {
        kind,
        old_path: (kind == EditKind::Renamed).then(|| RepoPath::new(format!("old/{which}.yaml").as_bytes())),
        path: RepoPath::new(path.as_bytes()),
        before: if kind == EditKind::Added { None } else { entry(0) },
        after: if kind == EditKind::Removed { None } else { entry(1) },
        kinds: None,
        parse: crate::changes::ParseStatus::NotLookedAt,
    }
}

fn identity(number: usize) -> Identity {
    let (group, kind) = [
        ("networking.k8s.io", "NetworkPolicy"),
        ("constraints.gatekeeper.sh", "K8sRequiredLabels"),
        ("", "Namespace"),
        ("policy.linkerd.io", "AuthorizationPolicy"),
    ][number % 4];
    let name = if number % 5 == 4 { HOSTILE[number % 6].to_owned() } else { format!("policy-{number}") };
    Identity {
        kind: ObjectKind { group: group.into(), kind: kind.into() },
        namespace: if number.is_multiple_of(4) { "payment".into() } else { "".into() },
        name: name.into(),
        certainty: Certainty::Named,
    }
}

fn family(number: usize) -> Family {
    [Family::Network, Family::Gatekeeper, Family::PodSecurity, Family::Linkerd][number % 4]
}

/// One policy edit of each kind and direction in turn.
pub fn policy_edit(number: usize, which: usize) -> PolicyEdit {
    let kind = [PolicyEditKind::Modified, PolicyEditKind::Added, PolicyEditKind::Removed, PolicyEditKind::Moved][which % 4];
    let direction =
        [Direction::Weakened, Direction::Strengthened, Direction::Undetermined, Direction::Neutral][(number / 4 + which / 4) % 4];
    let field = |path: &str, before: Option<&str>, after: Option<&str>| FieldEdit {
        path: path.into(),
        before: before.map(Into::into),
        after: after.map(Into::into),
        line: 7,
    };
    let fields = [
        field("spec.match.excludedNamespaces", Some("[\"kube-system\"]"), Some("[\"kube-system\",\"legacy\"]")),
        field("spec.parameters.labels[0]", None, Some(HOSTILE[number % 6])),
        field("spec.podSelector", Some("{}"), None),
    ];
    let modified = kind == PolicyEditKind::Modified;
    let verdict =
        |field: &str, direction| Verdict { direction, rule: "specimen-rule", field: field.into(), exemption: which == 0 };
    PolicyEdit {
        object: identity(number + which),
        family: family(number + which),
        kind,
        path: RepoPath::new(format!("security/policies/{}.yaml", number + which).as_bytes()),
        old_path: (kind == PolicyEditKind::Moved).then(|| RepoPath::new(b"old/policies.yaml")),
        line: 4,
        fields: if modified { fields.into() } else { Box::default() },
        verdicts: if modified {
            Box::new([verdict("spec.match.excludedNamespaces", direction), verdict("spec.podSelector", Direction::Strengthened)])
        } else {
            Box::new([verdict("", direction)])
        },
    }
}

fn policy_object(number: usize, dossiers: &[Dossier]) -> PolicyObject {
    let seen = |position: usize| {
        let dossier = dossiers.get(position)?;
        Some(Seen { change: dossier.change.id(), at: dossier.change.commit.committer.when.known() })
    };
    PolicyObject {
        object: identity(number),
        family: family(number),
        enforcement: ["", "deny", "enforce=restricted", "default deny"][number % 4].into(),
        exemptions: if number.is_multiple_of(3) {
            vec!["namespace kube-system".to_owned(), HOSTILE[0].to_owned()].into()
        } else {
            Box::default()
        },
        environment: number.is_multiple_of(2).then(|| "production".into()),
        in_scope: number % 11 != 10,
        path: RepoPath::new(format!("security/policies/{number}.yaml").as_bytes()),
        line: 4,
        blob: BlobId(id(4, number)),
        first_seen: seen(number / 2),
        last_changed: seen(number),
        changes_in_period: 2,
    }
}

fn inventory(dossiers: &[Dossier]) -> Inventory {
    let mut policies: Vec<_> = (0..dossiers.len() / 2).map(|number| policy_object(number, dossiers)).collect();
    policies.sort_by_key(|policy| policy.family);
    Inventory {
        policies,
        removed: (0..dossiers.len() / 10).map(|number| policy_object(number + 1_000, dossiers)).collect(),
        coverage: Coverage {
            namespaces: 9,
            only_named: 1,
            unplaced_denials: 1,
            without_default_deny: vec!["payment (production)".into(), HOSTILE[0].into()],
            without_enforce_label: vec!["legacy".into()],
        },
        at_start: 0,
        earlier: Vec::new(),
        gaps: Vec::new(),
    }
}

fn class(edit: &FileEdit) -> FileClass {
    let path = edit.path.to_text();
    let (layer, rule) = match path.split('/').next() {
        Some("security") => (Some(Layer::Security), "settings: security/**"),
        Some("clusters") => (Some(Layer::Security), "kind: networking.k8s.io/NetworkPolicy"),
        Some("apps") => (Some(Layer::Applications), "path word: apps"),
        Some("observability") => (Some(Layer::Observability), "path word: observability"),
        _ => (None, "no rule"),
    };
    let environment = ["production", "staging"].into_iter().find(|name| path.contains(name)).map(Arc::from);
    FileClass { layers: layer.into_iter().collect(), ignored: false, rule: rule.into(), environment, moved_from: LayerSet::EMPTY }
}

fn dossier(number: usize) -> Dossier {
    let files = if number == 6 { 120 } else { 1 + number % 6 };
    let edits: Vec<_> = (0..files).map(|which| edit(number, which)).collect();
    let classes: Vec<_> = edits.iter().map(class).collect();
    let parent = if number == 0 { CommitId(id(1, 0)) } else { change_id(number - 1) };
    let merge = number % 5 == 4;
    let sides: Vec<_> = if merge { vec![side(number, 0), side(number, 1)] } else { Vec::new() };
    let mut parents = vec![parent];
    parents.extend(sides.last().map(|side| side.id));
    let mut own = commit(1, number, parents, edits);
    let policies = if number == 6 { 60 } else { number % 4 };
    own.policy_edits = (0..policies).map(|which| policy_edit(number, which)).collect();
    if merge {
        own.merge = Some(Box::new(MergeContent {
            unexplained: if number % 20 == 4 {
                vec![(RepoPath::new(b"security/np.yaml"), "differs from both parents".into())]
            } else {
                Vec::new()
            },
            automatic: 2,
            undecided: None,
        }));
    }
    let gap = Gap { about: GapAbout::Content, reason: "blob 0c0c0c0c0c0c is missing".into() };
    Dossier {
        classification: Classification {
            files: classes.into(),
            side_files: sides.iter().map(|side| side.file_edits.iter().map(class).collect()).collect(),
            moved_objects: Box::default(),
            out_of_scope: (number % 30 == 29).then(|| "every path is excluded by [scope]".into()),
        },
        evidence: evidence(number, &sides),
        arrival: [ArrivalKind::Squash, ArrivalKind::Squash, ArrivalKind::Direct, ArrivalKind::Rebase, ArrivalKind::Merge]
            [number % 5],
        bot: (*own.author.person == Person::new("renovate", "renovate@example.com")).then(|| "renovate".into()),
        link: None,
        gate: None,
        owners: None,
        gaps: if number % 19 == 3 { vec![gap] } else { Vec::new() },
        change: Change { commit: own, side_commits: sides },
    }
}

fn side(number: usize, which: usize) -> Commit {
    commit(2, number * 2 + which, vec![CommitId(id(2, number * 2 + which))], vec![edit(number, which)])
}

fn claim<T>(value: T, place: Place) -> Claim<T> {
    Claim { value, grade: Grade::Asserted, citation: Citation { source: Source::Change, place } }
}

fn evidence(number: usize, sides: &[Commit]) -> Evidence {
    let ticket = |id: String, relation| Ticket { id: id.into(), system: TicketSystem::Jira, relation };
    let mut tickets = Vec::new();
    if !number.is_multiple_of(7) {
        tickets.push(claim(ticket(format!("SEC-{}", 100 + number / 3), TicketRelation::Own), Place::Trailer(7)));
    }
    for side in sides {
        let value = ticket(format!("OPS-{number}"), TicketRelation::SideCommit);
        let citation = Citation { source: Source::SideCommit(side.id), place: Place::Subject };
        tickets.push(Claim { value, grade: Grade::Asserted, citation });
    }
    if number % 23 == 1 {
        tickets.push(claim(ticket("SEC-1".to_owned(), TicketRelation::Quoted), Place::Body(5)));
    }
    let review = |who: usize, decision, quoted| Review {
        reviewer: someone(who),
        decision,
        convention: "Reviewed-by trailer",
        quoted,
        at: number.is_multiple_of(6).then(|| "2026-01-05T10:00:00Z".into()),
        record: None,
    };
    let mut reviews = Vec::new();
    if number % 3 != 1 {
        reviews.push(claim(review(number + 1, Decision::Approved, false), Place::Trailer(8)));
        reviews.push(claim(review(number, Decision::Approved, false), Place::Body(5)));
    }
    Evidence {
        proposal: (number % 5 != 2).then(|| {
            claim(Proposal { id: format!("#{}", 100 + number).into(), convention: "GitHub squash", branch: None }, Place::Subject)
        }),
        tickets,
        reviews,
        co_authors: if number.is_multiple_of(8) { vec![claim(someone(number + 2), Place::Trailer(9))] } else { Vec::new() },
        reverts: if number % 23 == 1 { vec![claim("0123456789abcdef".into(), Place::Body(4))] } else { Vec::new() },
        picked_from: Vec::new(),
        merger: (number % 5 == 4).then(|| claim(someone(2), Place::Header)),
        emergency: (number % 31 == 11).then(|| claim("Emergency: yes, INC0012345".into(), Place::Trailer(9))),
        trailers: vec![
            Trailer { key: "Ticket".into(), value: "SEC-1".into(), line: 7, in_block: true },
            Trailer { key: "Reviewed-by".into(), value: "Bob Miller <bob@example.com>".into(), line: 5, in_block: false },
        ],
        side_commits: sides.iter().map(|_| side_evidence()).collect(),
        ..Evidence::default()
    }
}

fn side_evidence() -> Evidence {
    Evidence {
        trailers: vec![Trailer { key: "Change-Id".into(), value: "I0123".into(), line: 3, in_block: true }],
        ..Evidence::default()
    }
}

#[expect(clippy::unnecessary_box_returns, reason = "outcomes hold their basis boxed")]
fn basis(because: String) -> Box<Basis> {
    Box::new(Basis { because: because.into(), citations: vec![Citation { source: Source::Change, place: Place::Subject }] })
}

fn outcome(card: &Card, number: usize, dossier: &Dossier) -> Outcome {
    let exception = |because: &str| Outcome::Exception(basis(format!("{because} ({})", HOSTILE[number % 6])));
    match card.id {
        "ticket-missing" if number.is_multiple_of(7) => {
            exception("No ticket reference in the message, the branch or a side commit")
        }
        "ticket-missing" => Outcome::NoException(Some(basis("SEC-1 in the trailer block".to_owned()))),
        "review-missing" if number % 3 == 1 => {
            Outcome::NotAssessable(basis("Git alone names no reviewer, and no forge export was given".to_owned()))
        }
        "direct-push" if dossier.arrival == ArrivalKind::Direct && number.is_multiple_of(4) => {
            exception("Arrived without a proposal")
        }
        "guard-changed" | "mixed-commit" if !number.is_multiple_of(9) => Outcome::NotApplicable,
        "mixed-layer" if dossier.change.commit.file_edits.len() > 4 => exception("applications, observability and security"),
        _ => Outcome::NoException(None),
    }
}

fn assess(card: &'static Card, dossiers: &[Dossier]) -> Assessment {
    let finding =
        |subject, outcome, waiver| Finding { subject, outcome, severity: card.severity, grade: Grade::Asserted, waiver };
    let findings = match card.id {
        "history-incomplete" => vec![finding(Subject::Period, Outcome::NoException(None), None)],
        "waiver-invalid" => vec![finding(Subject::Waiver(0), Outcome::Exception(basis("Past its last day".to_owned())), None)],
        "mixed-commit" => dossiers
            .iter()
            .enumerate()
            .filter(|(_, dossier)| !dossier.change.side_commits.is_empty())
            .map(|(number, _)| {
                let subject = Subject::SideCommit(u32::try_from(number).expect("few"), 1);
                finding(subject, Outcome::Exception(basis("security and applications in one commit".to_owned())), None)
            })
            .collect(),
        _ => dossiers
            .iter()
            .enumerate()
            .map(|(number, dossier)| {
                let waiver = (card.id == "ticket-missing" && number == 7).then_some(0);
                finding(Subject::Change(u32::try_from(number).expect("few")), outcome(card, number, dossier), waiver)
            })
            .collect(),
    };
    Assessment { card, findings }
}

fn statuses(pack: &Pack) -> Vec<Status> {
    let mut statuses = vec![Status::NoException; pack.dossiers.len()];
    for finding in pack.assessments.iter().flat_map(|assessment| &assessment.findings) {
        let (Subject::Change(position) | Subject::SideCommit(position, _)) = finding.subject else { continue };
        let status = match &finding.outcome {
            Outcome::Exception(_) if finding.waiver.is_some() => Status::WaivedOnly,
            Outcome::Exception(_) => Status::Exception,
            Outcome::NotAssessable(_) => Status::NotAssessableOnly,
            Outcome::NoException(_) | Outcome::NotApplicable => Status::NoException,
        };
        let entry = &mut statuses[position as usize];
        *entry = (*entry).max(status);
    }
    for (status, dossier) in statuses.iter_mut().zip(&pack.dossiers) {
        if dossier.classification.out_of_scope.is_some() {
            *status = Status::OutOfScope;
        }
    }
    statuses
}

fn tie_outs(dossiers: &[Dossier]) -> Vec<TieOut> {
    let commits = dossiers.iter().map(|dossier| 1 + dossier.change.side_commits.len()).sum::<usize>();
    let tie_out = |id, statement, left, right, value: usize| TieOut {
        id,
        statement,
        left,
        left_value: value.to_string(),
        right,
        right_value: value.to_string(),
        not_checked: None,
    };
    let files = dossiers.iter().map(|dossier| dossier.change.commit.file_edits.len()).sum::<usize>();
    vec![
        tie_out("T1", "Every commit of the range is listed", "commits between start and end", "rows of commits.csv", commits),
        tie_out("T3", "Every arrival is in scope or excluded", "arrivals", "in scope and out of scope", dossiers.len()),
        tie_out("T6", "Every changed path is listed", "changed paths over all arrivals", "rows of files.csv", files),
    ]
}
