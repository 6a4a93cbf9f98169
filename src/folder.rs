//! The pack as a folder: written beside its place, then renamed, so that there is a whole pack or none.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::pack::Pack;
use crate::render::{self, RenderError, Sink};
use crate::text::hex;

/// The file that lists the hashes of all others; `sha256sum -c` checks it.
pub const MANIFEST: &str = "manifest-sha256.txt";
/// The one file that may differ between two runs, and is not in the manifest.
pub const RUN: &str = "run.json";

/// Why a pack could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something is there already.
    #[error("{} is there already", path.display())]
    Exists {
        /// The wanted place.
        path: PathBuf,
    },
    /// The folder cannot be made or put in its place.
    #[error("cannot write {}", path.display())]
    Place {
        /// Which path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file of the pack cannot be made.
    #[error("cannot write the pack")]
    Render(#[from] RenderError),
}

/// Refuses a place that is taken, before any work is done.
///
/// # Errors
///
/// When something is there, a dangling symbolic link included.
pub fn check_free(out: &Path) -> Result<(), FolderError> {
    match fs::symlink_metadata(out) {
        Ok(_) => Err(FolderError::Exists { path: out.to_owned() }),
        Err(_) => Ok(()),
    }
}

/// Writes a pack to a new folder: `freeze` writes its tables and gives the frozen pack, which is then rendered; `run`
/// gives the content of `run.json`.
///
/// # Errors
///
/// When the place is taken, cannot be written, or a renderer fails; nothing is left behind then.
pub fn write(
    out: &Path,
    freeze: impl FnOnce(&dyn Sink) -> Result<Pack, RenderError>,
    run: impl FnOnce(&Pack) -> String,
) -> Result<Pack, FolderError> {
    check_free(out)?;
    let parent = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let failed = |source| FolderError::Place { path: out.to_owned(), source };
    // Removed when dropped, whatever goes wrong on the way.
    let beside = tempfile::Builder::new().prefix(".countersign-").tempdir_in(parent).map_err(failed)?;
    let sink = FolderSink { root: beside.path().to_owned(), manifest: Mutex::default() };
    let pack = freeze(&sink)?;
    render::render(&pack, &sink)?;
    let lines: Vec<String> = sink.manifest().iter().map(|(path, hash)| format!("{hash}  {path}\n")).collect();
    sink.plain(MANIFEST, lines.concat().as_bytes())?;
    sink.plain(RUN, run(&pack).as_bytes())?;
    let kept = beside.keep();
    open_to_readers(&kept).and_then(|()| check_and_rename(&kept, out)).map_err(|source| {
        // The half pack must go; that it could not be renamed is what the user needs to know.
        let _ = fs::remove_dir_all(&kept);
        failed(source)
    })?;
    Ok(pack)
}

/// Temporary folders are private; a pack is made to be handed on, as far as the user's own mask allows.
fn open_to_readers(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Renaming onto an empty folder succeeds on Unix, so what appeared in the meantime is looked for once more.
fn check_and_rename(from: &Path, to: &Path) -> io::Result<()> {
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AlreadyExists, "something appeared there in the meantime")),
        Err(_) => fs::rename(from, to),
    }
}

struct FolderSink {
    root: PathBuf,
    /// Hashes by path.
    manifest: Mutex<BTreeMap<String, String>>,
}

impl FolderSink {
    fn manifest(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        // A thread that panicked while holding the lock left whole entries.
        self.manifest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn create(&self, path: &str) -> Result<File, RenderError> {
        let failed = |source| RenderError::Write { path: path.to_owned(), source };
        let full = self.root.join(path);
        if let Some(parent) = full.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        File::create_new(full).map_err(failed)
    }

    fn plain(&self, path: &str, content: &[u8]) -> Result<(), RenderError> {
        let failed = |source| RenderError::Write { path: path.to_owned(), source };
        let mut file = self.create(path)?;
        file.write_all(content).and_then(|()| file.flush()).map_err(failed)
    }
}

impl Sink for FolderSink {
    fn file(&self, path: &str, write: &mut dyn FnMut(&mut dyn io::Write) -> Result<(), RenderError>) -> Result<(), RenderError> {
        let hashed = Hashed { file: self.create(path)?, hash: Sha256::new() };
        let mut buffered = io::BufWriter::with_capacity(1 << 16, hashed);
        write(&mut buffered)?;
        let failed = |source| RenderError::Write { path: path.to_owned(), source };
        let hashed = buffered.into_inner().map_err(|error| failed(error.into_error()))?;
        let hash = hex(&hashed.hash.finalize());
        self.manifest().insert(path.to_owned(), hash);
        Ok(())
    }
}

/// Hashes what it writes.
struct Hashed {
    file: File,
    hash: Sha256,
}

impl io::Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
