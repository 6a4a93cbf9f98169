//! Runs one program on files of our own: no shell, no environment but fixed words, no standard input but a file, a time limit.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// Between two looks at whether a program has ended.
const PAUSE: Duration = Duration::from_micros(500);
/// So many looks, half a minute, then the program is ended.
const LOOKS: u32 = 60_000;
/// So much of what a program prints is read.
const MAX_OUTPUT: u64 = 256 << 10;

/// The programs that check signatures, as found on this machine by whoever runs the audit.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    /// `ssh-keygen`, for SSH.
    pub ssh_keygen: Option<PathBuf>,
    /// `gpg`, for OpenPGP.
    pub gpg: Option<PathBuf>,
    /// `openssl`, for X.509.
    pub openssl: Option<PathBuf>,
}

/// What a program said.
#[derive(Debug)]
pub(super) struct Said {
    /// Whether it ended well.
    pub well: bool,
    /// What it printed, decoded.
    pub output: String,
}

/// Runs a program in a folder that belongs to this thread alone; `input` becomes its standard input.
///
/// The variables of the environment are fixed, so that neither locale, time zone nor anybody's own configuration decides.
/// What it writes to standard error names temporary files and is not read.
///
/// # Errors
///
/// One sentence when it cannot be started or does not end.
pub(super) fn run<S: AsRef<OsStr>>(program: &Path, folder: &Path, arguments: &[S], input: Option<&Path>) -> Result<Said, String> {
    let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{name} cannot be run: {}", error.kind());
    let printed = folder.join("printed");
    let stdin = match input {
        Some(path) => Stdio::from(File::open(path).map_err(failed)?),
        None => Stdio::null(),
    };
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs([("LC_ALL", "C"), ("TZ", "UTC0")])
        .env("HOME", folder)
        .env("GNUPGHOME", folder)
        .stdin(stdin)
        .stdout(File::create(&printed).map_err(failed)?)
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let status = wait(&mut child).ok_or_else(|| format!("{name} did not come to an end"))?;
    let mut bytes = Vec::new();
    File::open(&printed).map_err(failed)?.take(MAX_OUTPUT).read_to_end(&mut bytes).map_err(failed)?;
    Ok(Said { well: status.success(), output: String::from_utf8_lossy(&bytes).into_owned() })
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..LOOKS {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => std::thread::sleep(PAUSE),
            Err(_) => break,
        }
    }
    // It may have ended meanwhile; either way nobody waits for it any longer.
    let _ = child.kill();
    let _ = child.wait();
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_sees_its_arguments_and_input_and_nothing_of_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("input");
        std::fs::write(&input, "from a file\n").unwrap();
        let said = run(Path::new("/bin/sh"), folder.path(), &["-c", "cat; echo \"$PATH_BEFORE$USER\"; exit 3"], Some(&input));
        let said = said.unwrap();
        assert!(!said.well);
        assert_eq!(said.output, "from a file\n\n");
        assert!(
            run(Path::new("/nonexistent/gpg"), folder.path(), &["--version"], None).unwrap_err().starts_with("gpg cannot be run")
        );
    }
}
