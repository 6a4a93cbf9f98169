//! `countersign report`: the evidence pack of a period.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Failure;
use super::cache::CacheArguments;
use super::evidence::{EvidenceArguments, evidence};
use super::progress::Bar;
use super::sample::Story;
use super::signatures::{self, SignatureArguments};
use super::source::{RangeArguments, SourceArguments, Wanted, catalogue, choose_settings, open, resolve};
use super::terminal::say;
use crate::changes::FactsCache;
use crate::checks::Outcome;
use crate::folder;
use crate::pack::{Pack, Status};
use crate::pipeline::{self, Given};

/// Arguments of `countersign report`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    range: RangeArguments,
    /// The folder to write; must not exist
    #[arg(long, value_name = "DIR", default_value = "countersign-pack")]
    out: PathBuf,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    signatures: SignatureArguments,
    #[command(flatten)]
    cache: CacheArguments,
    /// Stop early and write nothing, to measure
    #[arg(long, value_name = "STAGE", hide = true)]
    stop_after: Option<Stage>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Stage {
    Judging,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.stop_after.is_none() {
        folder::check_free(&arguments.out)?;
    }
    let story = arguments.range.sample.as_deref().map(Story::find).transpose()?;
    let wanted = wanted(arguments, story)?;
    let imported = story.map(Story::import).transpose()?;
    let repository = open(&arguments.source, imported.as_ref())?;
    let chosen = choose_settings(&arguments.source, story)?;
    let (history, settings) = resolve(&repository, &wanted, chosen, &arguments.source)?;
    let catalogue = catalogue(&settings)?;
    let exports = evidence(&arguments.evidence.evidence, &settings)?;
    let keys = signatures::keys(&arguments.signatures, &repository, &settings, arguments.source.settings.as_deref())?;
    // What is read from a sample's passing repository is of no use to the next run.
    let cache = if imported.is_some() { FactsCache::none() } else { arguments.cache.open(&repository) };
    let bar = Bar::new();
    let judged = pipeline::audit(&repository, Given { cache: &cache, exports, keys }, history, settings, &catalogue, &bar);
    bar.finish();
    let judged = judged?;
    if arguments.stop_after.is_some() {
        // The process ends here; giving back a hundred thousand dossiers one by one would only cost time.
        std::mem::forget(judged);
        return Ok(());
    }
    let pack = folder::write(&arguments.out, |sink| judged.freeze(sink), run_record)?;
    let said = say(&summary(&pack, &arguments.out));
    std::mem::forget(pack);
    said
}

/// A report is about a period that somebody named; a sample has its own.
fn wanted(arguments: &Arguments, story: Option<&Story>) -> Result<Wanted, Failure> {
    match (Wanted::read(&arguments.range)?, story) {
        (Some(wanted), _) => Ok(wanted),
        (None, Some(story)) => Wanted::period(story.period()),
        (None, None) => Err(Failure::misuse("no period was named")
            .hint("write `--period 2026-Q1`, or `--from REV --to REV`, or only `--to REV` for everything up to it")),
    }
}

/// `run.json`: when and on what the pack was made.
fn run_record(pack: &Pack) -> String {
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the clock is read")]
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    let user = ["USER", "USERNAME", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let record = serde_json::json!({
        "countersign": pack.version,
        "made_at": now,
        "made_by": user,
        "made_on": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        "repository": pack.repository_name,
        "asked": pack.range.asked,
        "end": pack.range.end.to_string(),
        "note": "the only file of the pack that may differ between two runs; it is not in the manifest",
    });
    format!("{record:#}\n")
}

fn summary(pack: &Pack, out: &Path) -> String {
    let side_commits: usize = pack.dossiers.iter().map(|dossier| dossier.change.side_commits.len()).sum();
    let start = pack.range.start.map_or_else(|| "the beginning".to_owned(), |start| start.0.short());
    let mut text = format!("{} {}\n", pack.repository_name, pack.range.asked);
    text.push_str(&format!("  range         {start}..{} on {}\n", pack.range.end.0.short(), pack.range.branch));
    text.push_str(&format!(
        "  population    {} changes, {side_commits} side commits (hash {})\n",
        pack.dossiers.len(),
        pack.population_hash.chars().take(16).collect::<String>()
    ));
    text.push_str(&format!("  settings      {}, profile {}\n", pack.settings.origin, pack.settings.profile));
    text.push_str(&format!("  statuses      {}\n\n", statuses(pack)));
    text.push_str(&table(pack));
    for reason in pack.incomplete_because() {
        text.push_str(&format!("\nINCOMPLETE: {reason}"));
    }
    text.push_str(&format!("\nThe pack is in {}; open {}.\n", out.display(), out.join("index.html").display()));
    text
}

fn statuses(pack: &Pack) -> String {
    let of = |status: Status| pack.statuses.iter().filter(|is| **is == status).count();
    let all = [Status::Exception, Status::WaivedOnly, Status::NotAssessableOnly, Status::NoException, Status::OutOfScope];
    all.into_iter().map(|status| format!("{} {}", of(status), status.words())).collect::<Vec<_>>().join(", ")
}

/// Findings by check; passes are counted too, so that a zero is not mistaken for an absence.
fn table(pack: &Pack) -> String {
    let mut text = format!(
        "  {:<23} {:<9} {:>10} {:>7} {:>14} {:>12}\n",
        "check", "severity", "exceptions", "waived", "not assessable", "no exception"
    );
    for assessment in &pack.assessments {
        let (mut exceptions, mut waived, mut unknown, mut passed) = (0, 0, 0, 0);
        for finding in &assessment.findings {
            match &finding.outcome {
                Outcome::Exception(_) if finding.waiver.is_some() => waived += 1,
                Outcome::Exception(_) => exceptions += 1,
                Outcome::NotAssessable(_) => unknown += 1,
                Outcome::NoException(_) => passed += 1,
                Outcome::NotApplicable => {}
            }
        }
        let card = assessment.card;
        text.push_str(&format!(
            "  {:<23} {:<9} {exceptions:>10} {waived:>7} {unknown:>14} {passed:>12}\n",
            card.id,
            card.severity.word()
        ));
    }
    text
}
