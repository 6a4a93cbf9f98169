//! `countersign query`: one question, one answer.

use clap::Args;

use super::Failure;
use super::cache::CacheArguments;
use super::evidence::{EvidenceArguments, evidence};
use super::progress::Bar;
use super::sample::Story;
use super::signatures::{self, SignatureArguments};
use super::source::{RangeArguments, SourceArguments, Wanted, catalogue, choose_settings, open, resolve, resolve_moment};
use super::terminal::{self, note, put, say};
use crate::changes::FactsCache;
use crate::evidence::Exports;
use crate::evidence::signatures::Keys;
use crate::pack::Pack;
use crate::pipeline::{self, Given};
use crate::query::formats::{self, Format};
use crate::query::{Material, Mistake, Needs, Provenance, Question};
use crate::repository::Repository;
use crate::settings::Settings;
use crate::text::CommitId;

/// Arguments of `countersign query`.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    question: Question,
    #[command(flatten)]
    source: SourceArguments,
    #[command(flatten)]
    range: RangeArguments,
    #[command(flatten)]
    cache: CacheArguments,
    #[command(flatten)]
    evidence: EvidenceArguments,
    #[command(flatten)]
    signatures: SignatureArguments,
    /// How the answer is written
    #[arg(long, value_name = "FORMAT", default_value = "table", global = true)]
    format: Format,
}

const AFTER_HELP: &str = "Without --period, --from and --to everything up to the end of the branch is read. \
Exit codes: 0 answered, also when nothing matched; 2 misuse; 3 nothing could be concluded.";

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let story = arguments.range.sample.as_deref().map(Story::find).transpose()?;
    let wanted = Wanted::read(&arguments.range)?;
    let imported = story.map(Story::import).transpose()?;
    let repository = open(&arguments.source, imported.as_ref())?;
    let chosen = choose_settings(&arguments.source, story)?;
    let cache = if imported.is_some() { FactsCache::none() } else { arguments.cache.open(&repository) };
    let given = Given { cache: &cache, exports: Exports::default(), keys: Keys::default() };
    let (pack, before) = match (arguments.question.needs(), wanted) {
        (Needs::Policies { at: Some(_) }, Some(_)) => {
            return Err(Failure::misuse("`--at` names one moment and cannot be used with a range")
                .hint("with `--period`, or `--from` and `--to`, the policies are those at the end of the range"));
        }
        (Needs::Policies { at }, None) => {
            if !arguments.evidence.evidence.is_empty() {
                note("note: without a range the changes behind a policy are read from Git alone; `--evidence` says nothing here");
            }
            let (range, settings) = resolve_moment(&repository, at.as_deref(), chosen, &arguments.source)?;
            (pipeline::take_stock(&repository, &cache, range, settings)?, None)
        }
        (Needs::Policies { at: None } | Needs::Changes, wanted) => {
            (audit(&repository, given, &wanted.unwrap_or(EVERYTHING), chosen, arguments)?, None)
        }
        (Needs::Past, wanted) => with_past(&repository, given, &wanted.unwrap_or(EVERYTHING), chosen, arguments)?,
    };
    let material = Material::new(&pack, before);
    let answer = arguments.question.answer(&material).map_err(misuse)?;
    let text = formats::write(arguments.format, &answer, &Provenance::of(&material), terminal::width())?;
    let said = match arguments.format {
        Format::Table => say(&text),
        Format::Csv | Format::Json | Format::Markdown | Format::Html => put(&text),
    };
    // The process ends here; giving back every dossier one by one would only cost time.
    std::mem::forget(material);
    std::mem::forget(pack);
    said
}

/// Everything up to the end of the branch.
const EVERYTHING: Wanted = Wanted::Between { from: None, to: None };

fn audit(
    repository: &Repository,
    mut given: Given<'_>,
    wanted: &Wanted,
    chosen: Option<Settings>,
    arguments: &Arguments,
) -> Result<Pack, Failure> {
    let (history, settings) = resolve(repository, wanted, chosen, &arguments.source)?;
    given.keys = signatures::keys(&arguments.signatures, repository, &settings, arguments.source.settings.as_deref())?;
    given.exports = evidence(&arguments.evidence.evidence, &settings)?;
    let catalogue = catalogue(&settings)?;
    let bar = Bar::new();
    let judged = pipeline::audit(repository, given, history, settings, &catalogue, &bar);
    bar.finish();
    Ok(judged?.into_pack())
}

/// The range with everything before it, and the last change before the range.
fn with_past(
    repository: &Repository,
    given: Given<'_>,
    wanted: &Wanted,
    chosen: Option<Settings>,
    arguments: &Arguments,
) -> Result<(Pack, Option<CommitId>), Failure> {
    let (history, settings) = resolve(repository, wanted, chosen, &arguments.source)?;
    let range = history.range;
    let Some(start) = range.start else {
        return Ok((audit(repository, given, wanted, Some(settings), arguments)?, None));
    };
    let all = Wanted::Between { from: None, to: Some(range.end.to_string()) };
    let mut pack = audit(repository, given, &all, Some(settings), arguments)?;
    pack.range.asked = range.asked;
    pack.range.resolution = range.resolution;
    pack.range.resolution.push("Everything before the range was read as well, to tell what was in force when it began.".into());
    Ok((pack, Some(start)))
}

fn misuse(mistake: Mistake) -> Failure {
    Failure::misuse(mistake.sentence).hint(mistake.hint)
}
