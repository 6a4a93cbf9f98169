//! What a person at a terminal reads. Everything that came from Git is made safe on the way.

use std::io::{self, Write as _};

use super::{Exit, Failure};
use crate::text::visible;

/// Prints to standard output; a reader that went away early is no failure.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    put(&visible(text))
}

/// Prints text that is safe already, byte by byte as it is.
pub(super) fn put(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::of(Exit::CouldNotWrite, &error)),
        _ => Ok(()),
    }
}

/// How many characters a line has: as the terminal says, or as `COLUMNS` says; else enough for most tables.
pub(super) fn width() -> usize {
    const ELSE: usize = 160;
    #[expect(clippy::disallowed_methods, reason = "the command line is the edge where the environment is read")]
    let named = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|width: &usize| (20..=1000).contains(width));
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0)).or_else(named).unwrap_or(ELSE)
}

/// Prints a failure to standard error.
pub(super) fn complain(failure: &Failure) {
    let mut text = String::new();
    for (number, sentence) in failure.sentences.iter().enumerate() {
        text.push_str(if number == 0 { "error: " } else { "  " });
        text.push_str(sentence);
        text.push('\n');
    }
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("hint: {hint}\n"));
    }
    // Nobody is left to tell when standard error is gone.
    let _ = io::stderr().lock().write_all(visible(&text).as_bytes());
}

/// Prints a note to standard error.
pub(super) fn note(text: &str) {
    let _ = io::stderr().lock().write_all(format!("{}\n", visible(text)).as_bytes());
}
