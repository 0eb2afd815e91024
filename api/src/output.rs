//! Printing that never panics: a reader that went away is no error of ours.

use std::io::Write as _;

/// Prints a line to standard output.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    _ = writeln!(out, "{text}");
    _ = out.flush();
}

/// Prints one sentence to standard error.
pub(crate) fn complain(sentence: &str) {
    _ = writeln!(std::io::stderr().lock(), "kirana: {sentence}");
}
