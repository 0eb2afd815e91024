//! Standard output, until its reader has had enough; and a bar on a
//! terminal that says how far a look at the log has come.

use crate::output::versioned;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use kirana_domain::Lsn;
use serde_json::Value;
use std::io::{BufWriter, IsTerminal as _, Stdout, Write as _};
use std::ops::ControlFlow;

/// Standard output. Nothing is an error: a reader that went away ends what is being printed.
pub(in crate::cli) struct Out {
    out: BufWriter<Stdout>,
}

impl Out {
    pub(in crate::cli) fn new() -> Self {
        Self { out: BufWriter::with_capacity(64 * 1_024, std::io::stdout()) }
    }

    /// Prints a line; breaks once nobody reads any more.
    pub(in crate::cli) fn line(&mut self, text: impl AsRef<str>) -> ControlFlow<()> {
        done(writeln!(self.out, "{}", text.as_ref()))
    }

    /// Prints a value on one line, with the version of its shape.
    pub(in crate::cli) fn json(&mut self, value: &Value) -> ControlFlow<()> {
        done(writeln!(self.out, "{}", versioned(value.clone())))
    }

    /// Prints a text as it is.
    pub(in crate::cli) fn text(&mut self, text: &str) -> ControlFlow<()> {
        done(self.out.write_all(text.as_bytes()))
    }

    /// Lets everything out that waits.
    pub(in crate::cli) fn flush(&mut self) -> ControlFlow<()> {
        done(self.out.flush())
    }
}

fn done(written: std::io::Result<()>) -> ControlFlow<()> {
    written.map_or_else(|_| ControlFlow::Break(()), ControlFlow::Continue)
}

/// A JSON object whose list is longer than memory: printed entry by entry, from the first on.
pub(super) struct JsonList<'a> {
    out: &'a mut Out,
    head: String,
    entries: u64,
}

impl<'a> JsonList<'a> {
    /// With the members that come before the list.
    pub(super) fn new(out: &'a mut Out, head: &Value, name: &str) -> Self {
        let head = versioned(head.clone()).to_string();
        let head = head.trim_end_matches('}');
        let comma = if head.len() > 1 { "," } else { "" };
        Self { out, head: format!("{head}{comma}\"{name}\":["), entries: 0 }
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, value: &Value) -> ControlFlow<()> {
        let before = if self.entries == 0 { &self.head } else { "," };
        self.out.text(before)?;
        self.entries += 1;
        self.out.text("\n")?;
        self.out.text(&value.to_string())
    }

    /// Ends the list, with the members that come after it.
    pub(super) fn end(self, tail: &Value) {
        let tail = tail.to_string();
        let tail = tail.trim_start_matches('{');
        let comma = if tail.len() > 1 { "," } else { "" };
        let head = if self.entries == 0 { &*self.head } else { "\n" };
        _ = self.out.line(format!("{head}]{comma}{tail}"));
    }
}

/// A bar up to the last record, on a terminal, and nothing anywhere else.
pub(super) fn bar(what: &'static str, end: Lsn) -> ProgressBar {
    records_bar(what, end.0)
}

/// As [`bar`], with the last record as a number.
pub(in crate::cli) fn records_bar(what: &'static str, end: u64) -> ProgressBar {
    styled(what, end, "{msg} {bar:40} {human_pos} of {human_len} records, {speed}, {eta} left")
}

/// Writes a speed as a whole number; `per_sec` has four decimals.
fn speed(state: &ProgressState, out: &mut dyn std::fmt::Write) {
    // A bar has no place for an error.
    _ = write!(out, "{:.0}/s", state.per_sec());
}

/// A bar of bytes.
#[cfg(feature = "s3")]
pub(super) fn bytes_bar(what: &'static str, bytes: u64) -> ProgressBar {
    let style = "{msg} {bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    styled(what, bytes, style)
}

fn styled(what: &'static str, end: u64, style: &str) -> ProgressBar {
    let bar = ProgressBar::new(end);
    if !std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template(style).unwrap_or(ProgressStyle::default_bar());
    bar.set_style(style.with_key("speed", speed));
    bar.set_message(what);
    bar
}
