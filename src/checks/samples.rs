//! Dossiers made by hand for the tests of the checks.

use std::sync::Arc;

use globset::{Glob, GlobSetBuilder};

use super::{Card, Catalogue, Finding, Outcome, Period, Subject};
use crate::changes::{Change, Commit, EditKind, FileEdit, MergeContent, Signature};
use crate::classification::{Classification, FileClass, LayerSet};
use crate::evidence::{
    ArrivalKind, Citation, Claim, Decision, Dossier, Evidence, Exports, Grade, Place, Proposal, Review, Source, Ticket,
    TicketRelation, TicketSystem,
};
use crate::manifests::{Certainty, Identity, ObjectKind};
use crate::policies::{Family, PolicyEdit, PolicyEditKind};
use crate::repository::{AuditRange, Completeness};
use crate::settings::{CheckTables, Globs, Layer, RegisteredPerson, Settings, reader};
use crate::text::{BlobId, CommitId, Moment, ObjectId, Person, RepoPath, Text, Timestamp, TreeId};

/// 2026-01-05T08:00:00Z, a Monday.
pub const START: i64 = 1_767_600_000;
pub const DAY: i64 = 86_400;

pub fn id(n: u8) -> ObjectId {
    ObjectId::from_bytes(&[n; 20]).unwrap()
}

pub fn person(name: &str, mail: &str) -> Arc<Person> {
    Arc::new(Person::new(name, mail))
}

pub fn at(seconds: i64) -> Moment {
    Moment::Known(Timestamp { seconds, offset: 0 })
}

pub fn commit(n: u8, message: &str) -> Commit {
    let alice = Signature { person: person("Alice Example", "alice@example.com"), when: at(START + DAY * i64::from(n)) };
    Commit {
        id: CommitId(id(n)),
        tree: TreeId(id(n)),
        parents: if n == 1 { Box::default() } else { Box::new([CommitId(id(n - 1))]) },
        author: alice.clone(),
        committer: alice,
        message: Text::from(message),
        signed: None,
        file_edits: Box::default(),
        paths_changed: 0,
        policy_edits: Box::default(),
        merge: None,
        gaps: Vec::new(),
    }
}

pub fn dossier(n: u8, message: &str) -> Dossier {
    Dossier {
        change: Change { commit: commit(n, message), side_commits: Vec::new() },
        classification: Classification::default(),
        evidence: Evidence::default(),
        arrival: ArrivalKind::Unknown,
        bot: None,
        link: None,
        gate: None,
        tags: Vec::new(),
        owners: None,
        gaps: Vec::new(),
    }
}

pub fn by(n: u8, name: &str, mail: &str) -> Dossier {
    let mut dossier = dossier(n, "Say why");
    dossier.change.commit.author.person = person(name, mail);
    dossier
}

pub fn merge(n: u8, message: &str, side: Vec<Commit>) -> Dossier {
    let mut merge = dossier(n, message);
    merge.change.commit.parents = Box::new([CommitId(id(n - 1)), side.last().unwrap().id]);
    merge.change.commit.merge = Some(Box::new(MergeContent::default()));
    merge.change.side_commits = side;
    merge.arrival = ArrivalKind::Merge;
    merge
}

pub fn claim<T>(value: T) -> Claim<T> {
    Claim { value, grade: Grade::Asserted, citation: Citation { source: Source::Change, place: Place::Subject } }
}

pub fn ticket(id: &str, relation: TicketRelation) -> Claim<Ticket> {
    claim(Ticket { id: id.into(), system: TicketSystem::Jira, relation })
}

pub fn review(name: &str, mail: &str) -> Claim<Review> {
    let decision = Decision::Approved;
    claim(Review {
        reviewer: person(name, mail),
        decision,
        convention: "Reviewed-by trailer",
        quoted: false,
        at: None,
        record: None,
    })
}

pub fn proposal(id: &str) -> Claim<Proposal> {
    claim(Proposal { id: id.into(), convention: "GitHub squash", branch: None })
}

pub fn edit(path: &str) -> FileEdit {
    FileEdit {
        kind: EditKind::Modified,
        path: RepoPath::new(path.as_bytes()),
        old_path: None,
        before: Some(crate::changes::Entry { blob: BlobId(id(1)), mode: 0o100_644 }),
        after: Some(crate::changes::Entry { blob: BlobId(id(2)), mode: 0o100_644 }),
        kinds: None,
        parse: crate::changes::ParseStatus::NotLookedAt,
    }
}

/// A modified network policy without fields and verdicts.
pub fn policy_edit(kind: &str, namespace: &str, name: &str, path: &str) -> PolicyEdit {
    let kind = ObjectKind { group: "networking.k8s.io".into(), kind: kind.into() };
    PolicyEdit {
        object: Identity { kind, namespace: namespace.into(), name: name.into(), certainty: Certainty::Named },
        family: Family::Network,
        kind: PolicyEditKind::Modified,
        path: RepoPath::new(path.as_bytes()),
        old_path: None,
        line: 1,
        fields: Box::default(),
        verdicts: Box::default(),
    }
}

pub fn class(layers: &[Layer]) -> FileClass {
    FileClass {
        layers: layers.iter().copied().collect(),
        ignored: false,
        rule: "test".into(),
        environment: None,
        moved_from: LayerSet::EMPTY,
    }
}

/// A dossier whose files belong to the given layers.
pub fn with_files(mut dossier: Dossier, files: &[(&str, &[Layer])]) -> Dossier {
    dossier.change.commit.file_edits = files.iter().map(|(path, _)| edit(path)).collect();
    dossier.classification.files = files.iter().map(|(_, layers)| class(layers)).collect();
    dossier
}

pub fn globs(globs: &[&str]) -> Globs {
    let mut builder = GlobSetBuilder::new();
    for glob in globs {
        builder.add(Glob::new(glob).unwrap());
    }
    Globs { written: globs.iter().map(|glob| (*glob).to_owned()).collect(), set: builder.build().unwrap() }
}

pub fn registered(name: &str, aliases: &[&str]) -> RegisteredPerson {
    let aliases = aliases.iter().map(|alias| (*alias).to_owned()).collect();
    RegisteredPerson { name: name.into(), aliases, ..RegisteredPerson::default() }
}

/// Settings that say nothing.
pub fn settings() -> Settings {
    Settings::built_in()
}

/// Settings with the `[checks.…]` tables of a TOML text.
pub fn settings_with(checks: &str) -> Settings {
    let (mut document, problems) = reader::parse(checks);
    assert!(problems.is_empty(), "{problems:?}");
    let tables = document.section("checks").named_sections();
    Settings { checks: CheckTables { tables }, ..settings() }
}

pub fn with_period<R>(settings: &Settings, dossiers: &[Dossier], run: impl FnOnce(&Period<'_>) -> R) -> R {
    with_exports(settings, &Exports::default(), dossiers, run)
}

pub fn with_exports<R>(settings: &Settings, exports: &Exports, dossiers: &[Dossier], run: impl FnOnce(&Period<'_>) -> R) -> R {
    let range = AuditRange {
        start: None,
        standing: crate::repository::Standing::OnChain,
        end: CommitId(id(99)),
        branch: "refs/heads/main".into(),
        asked: "test".into(),
        resolution: Vec::new(),
        confirmed_by: "test".to_owned(),
    };
    let completeness = Completeness::default();
    run(&Period {
        range: &range,
        completeness: &completeness,
        dates_before: &std::collections::BTreeMap::new(),
        at_start: None,
        exports,
        dossiers,
        settings,
    })
}

/// The findings of one check over some dossiers.
pub fn assess(check: &Card, settings: &Settings, dossiers: &[Dossier]) -> Vec<Finding> {
    assess_with(check, settings, &Exports::default(), dossiers)
}

/// The findings of one check over some dossiers and what was exported.
pub fn assess_with(check: &Card, settings: &Settings, exports: &Exports, dossiers: &[Dossier]) -> Vec<Finding> {
    let (catalogue, problems) = Catalogue::configured(settings);
    assert!(problems.is_empty(), "{problems:?}");
    let assessments = with_exports(settings, exports, dossiers, |period| catalogue.assess(period));
    assessments.into_iter().find(|assessment| assessment.card.id == check.id).map_or_else(Vec::new, |found| found.findings)
}

/// Each finding as `outcome: because`.
pub fn told(findings: &[Finding]) -> Vec<String> {
    let tell = |finding: &Finding| {
        let because = finding.outcome.basis().map_or("", |basis| &basis.because);
        format!("{}: {because}", finding.outcome.words()).trim_end_matches(": ").to_owned()
    };
    findings.iter().map(tell).collect()
}

/// The outcome words of every finding about a change.
pub fn outcomes(findings: &[Finding]) -> Vec<&'static str> {
    let changes = findings.iter().filter(|finding| matches!(finding.subject, Subject::Change(_)));
    changes.map(|finding| Outcome::words(&finding.outcome)).collect()
}
