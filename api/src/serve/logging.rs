//! Logs on standard error: JSON lines for machines, or lines for people.
//!
//! Logs name requests, routes, codes and times; never a token, an address or a name.
//!
//! The lines of requests wait a moment for each other: a busy shop has tens of thousands a second,
//! and a write of its own for each would cost as much as the rest of the request's way through the
//! kernel. Every other line is written at once, with all that wait before it.

use crate::config::LogFormat;
use crate::http::router::ACCESS;
use parking_lot::Mutex;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::thread::Thread;
use std::time::Duration;
use tracing::Metadata;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Longest time that a line of a request waits; a killed process loses as much.
const WAIT_MAX: Duration = Duration::from_millis(50);
/// Bytes that wait; beyond them they are written by whoever comes.
const BYTES_MAX: usize = 64 * 1_024;

static BUFFER: LogBuffer = LogBuffer { waiting: Mutex::new(Vec::new()), writer: OnceLock::new() };

/// Keeps what is logged on its way; dropped, it has written everything.
#[must_use]
pub(super) struct Logging;

impl Drop for Logging {
    fn drop(&mut self) {
        // Nobody is left to tell that standard error is closed.
        _ = write_out(&mut BUFFER.waiting.lock());
    }
}

/// Starts logging; `RUST_LOG` says how much, `info` unless told otherwise.
pub(super) fn start(format: LogFormat) -> Logging {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(&BUFFER);
    // A second start in one process keeps the first: tests and benches do that.
    let started = match format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
    if started.is_ok() {
        let writer = std::thread::Builder::new().name("log".into()).spawn(|| BUFFER.write_on());
        // Without the thread every line is written at once.
        _ = writer.map(|writer| BUFFER.writer.set(writer.thread().clone()));
    }
    Logging
}

/// Lines on their way to standard error.
struct LogBuffer {
    waiting: Mutex<Vec<u8>>,
    /// The thread that writes what has waited; parked while nothing does.
    writer: OnceLock<Thread>,
}

impl LogBuffer {
    /// Takes a line. One that may not wait is written, with those before it.
    fn take(&self, line: &[u8], may_wait: bool) -> io::Result<()> {
        let mut waiting = self.waiting.lock();
        let was_empty = waiting.is_empty();
        waiting.extend_from_slice(line);
        let writer = self.writer.get().filter(|_| may_wait && waiting.len() < BYTES_MAX);
        let Some(writer) = writer else { return write_out(&mut waiting) };
        drop(waiting);
        if was_empty {
            writer.unpark();
        }
        Ok(())
    }

    /// Writes what has waited long enough, for ever.
    fn write_on(&self) {
        loop {
            std::thread::park();
            std::thread::sleep(WAIT_MAX);
            // As above.
            _ = write_out(&mut self.waiting.lock());
        }
    }
}

fn write_out(waiting: &mut Vec<u8>) -> io::Result<()> {
    let written = io::stderr().write_all(waiting);
    waiting.clear();
    written
}

/// Takes one line for the buffer.
struct LineWriter<'a> {
    buffer: &'a LogBuffer,
    may_wait: bool,
}

impl Write for LineWriter<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.buffer.take(line, self.may_wait).map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for &'static LogBuffer {
    type Writer = LineWriter<'a>;

    fn make_writer(&'a self) -> LineWriter<'a> {
        LineWriter { buffer: self, may_wait: false }
    }

    fn make_writer_for(&'a self, line: &Metadata<'_>) -> LineWriter<'a> {
        LineWriter { buffer: self, may_wait: line.target() == ACCESS }
    }
}
