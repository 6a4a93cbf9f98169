//! Where facts are kept between runs, for every command that reads a history.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;

use crate::changes::FactsCache;
use crate::repository::Repository;

/// Whether facts are kept between runs.
#[derive(Debug, Args)]
pub(super) struct CacheArguments {
    /// Read everything anew, and keep nothing of it for the next run
    #[arg(long, global = true)]
    no_cache: bool,
}

impl CacheArguments {
    /// The cache of this user for this very program; one that keeps nothing where there is no place for it.
    pub(super) fn open(&self, repository: &Repository) -> FactsCache {
        match folder().filter(|_| !self.no_cache) {
            Some(folder) => FactsCache::open(&folder, &program(), repository),
            None => FactsCache::none(),
        }
    }
}

/// `$XDG_CACHE_HOME/countersign`, or where the platform keeps caches.
fn folder() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    let place = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || place("HOME").filter(|home| home.is_dir());
    let platform = match std::env::consts::OS {
        "windows" => place("LOCALAPPDATA"),
        "macos" => home().map(|home| home.join("Library/Caches")),
        _ => home().map(|home| home.join(".cache")),
    };
    place("XDG_CACHE_HOME").or(platform).map(|caches| caches.join("countersign"))
}

/// The version, and the size and time of the program's file: two builds of one version may read differently.
fn program() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let file = std::env::current_exe().and_then(|path| file_stamp(&path)).unwrap_or_default();
    format!("{version} {file}")
}

fn file_stamp(path: &Path) -> std::io::Result<String> {
    let metadata = path.metadata()?;
    let written = metadata.modified()?.duration_since(SystemTime::UNIX_EPOCH).map_err(std::io::Error::other)?;
    Ok(format!("{} {}", metadata.len(), written.as_nanos()))
}
