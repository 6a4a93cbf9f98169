//! What a person at a terminal reads. Everything that came from Git is made safe on the way.

use std::io::{self, Write as _};

use super::{Exit, Failure};
use crate::text::visible;

/// Prints to standard output; a reader that went away early is no failure.
pub(super) fn say(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(visible(text).as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::of(Exit::CouldNotWrite, &error)),
        _ => Ok(()),
    }
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
