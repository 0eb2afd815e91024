//! A connection that knows what it is waiting for, so that a slow one can be told from an idle one.
//!
//! Hyper's own time limit for heads makes a timer for every request and cuts off idle connections
//! too. Here a read notes the time, and one lazy timer per connection looks at it.

use super::Bounds;
use parking_lot::Mutex;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The phase of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Opened, and nothing has come yet.
    New,
    /// Waiting for a request.
    Idle,
    /// The head of a request has begun to arrive.
    Head,
    /// The head of a request took too long: the next read is its end.
    GivenUp,
    /// A request is being worked on; its own limits hold.
    Working,
    /// An answer that has no end of its own is being sent.
    Streaming,
}

/// Bytes a second with which a head earns more time: a phone on a weak network has fifty.
const HEAD_BYTES_PER_S: u64 = 25;
/// The multiple of its usual time that a head may take in all, however steadily it comes.
const HEAD_TIMES_MAX: u32 = 6;

/// The phase of a connection with its start and the bytes that were read in it, and the time since
/// its reader takes nothing.
pub(super) struct Watch(Mutex<(Phase, Instant, u64)>, Mutex<Option<Instant>>);

impl Default for Watch {
    fn default() -> Self {
        Self(Mutex::new((Phase::New, Instant::now(), 0)), Mutex::default())
    }
}

impl Watch {
    pub(super) fn enter(&self, phase: Phase) {
        *self.0.lock() = (phase, Instant::now(), 0);
    }

    fn read_something(&self, bytes: usize) {
        let mut now = self.0.lock();
        match now.0 {
            Phase::New | Phase::Idle => *now = (Phase::Head, Instant::now(), bytes as u64),
            Phase::Head => now.2 += bytes as u64,
            _ => (),
        }
    }

    /// Gives a head up that is overdue. Returns false when there was none, or nothing comes of it.
    pub(super) fn give_up(&self) -> bool {
        let is_head = self.0.lock().0 == Phase::Head;
        if is_head {
            self.enter(Phase::GivenUp);
        }
        is_head
    }

    fn is_given_up(&self) -> bool {
        self.0.lock().0 == Phase::GivenUp
    }

    pub(super) fn is_streaming(&self) -> bool {
        self.0.lock().0 == Phase::Streaming
    }

    /// Notes whether a write was taken.
    fn wrote(&self, was_taken: bool) {
        let mut since = self.1.lock();
        match (was_taken, *since) {
            (true, Some(_)) => *since = None,
            (false, None) => *since = Some(Instant::now()),
            _ => (),
        }
    }

    /// True when the reader has taken nothing of what waits for it for so long.
    pub(super) fn is_stalled(&self, stall_max: Duration) -> bool {
        self.1.lock().is_some_and(|since| since.elapsed() > stall_max)
    }

    /// True for a head, or an idle connection, that has taken too long.
    pub(super) fn is_overdue(&self, bounds: &Bounds) -> bool {
        let (phase, since, bytes) = *self.0.lock();
        match phase {
            Phase::New => since.elapsed() > bounds.first_byte.min(bounds.idle),
            Phase::Idle => since.elapsed() > bounds.idle,
            Phase::Head => since.elapsed() > head_time(bounds.head, bytes),
            Phase::GivenUp => true,
            Phase::Working | Phase::Streaming => false,
        }
    }
}

/// Returns the time for a head of which so many bytes have come.
fn head_time(head_max: Duration, bytes: u64) -> Duration {
    let earned = Duration::from_millis(bytes.saturating_mul(1_000) / HEAD_BYTES_PER_S);
    head_max.saturating_add(earned).min(head_max.saturating_mul(HEAD_TIMES_MAX))
}

/// A stream that tells its watch when something was read.
pub(super) struct Watched {
    stream: TcpStream,
    watch: Arc<Watch>,
    /// The answer to a head that was given up.
    slow: &'static [u8],
}

impl Watched {
    pub(super) fn new(stream: TcpStream, watch: Arc<Watch>, slow: &'static [u8]) -> Self {
        Self { stream, watch, slow }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.watch.is_given_up() {
            let slow = self.slow;
            // A client that does not take it misses nothing: the connection ends either way.
            _ = Pin::new(&mut self.stream).poll_write(cx, slow);
            _ = Pin::new(&mut self.stream).poll_shutdown(cx);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() && buf.filled().len() > before {
            self.watch.read_something(buf.filled().len() - before);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.watch.wrote(written.is_ready());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.watch.wrote(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_keeps_coming_has_more_time_and_not_for_ever() {
        let usual = Duration::from_secs(10);
        assert_eq!(head_time(usual, 0), usual);
        // A token of 700 bytes in a head of 900, at 20 ms a byte, takes 18 seconds.
        assert!(head_time(usual, 450) > Duration::from_secs(18));
        assert_eq!(head_time(usual, 32 * 1_024), Duration::from_mins(1));
        assert_eq!(head_time(usual, u64::MAX), Duration::from_mins(1));
    }
}
