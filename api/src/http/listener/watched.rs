//! A connection that knows what it is waiting for, so that a slow one can be told from an idle one.
//!
//! Hyper's own time limit for heads makes a timer for every request and cuts off idle connections
//! too. Here a read notes the time, and one lazy timer per connection looks at it.

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
    /// Waiting for a request.
    Idle,
    /// The head of a request has begun to arrive.
    Head,
    /// A request is being worked on; its own limits hold.
    Working,
    /// An answer that has no end of its own is being sent.
    Streaming,
}

/// The phase of a connection with its start, and the time since its reader takes nothing.
pub(super) struct Watch(Mutex<(Phase, Instant)>, Mutex<Option<Instant>>);

impl Default for Watch {
    fn default() -> Self {
        Self(Mutex::new((Phase::Idle, Instant::now())), Mutex::default())
    }
}

impl Watch {
    pub(super) fn enter(&self, phase: Phase) {
        *self.0.lock() = (phase, Instant::now());
    }

    fn read_something(&self) {
        let mut now = self.0.lock();
        if now.0 == Phase::Idle {
            *now = (Phase::Head, Instant::now());
        }
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
    pub(super) fn is_overdue(&self, head_max: Duration, idle_max: Duration) -> bool {
        let (phase, since) = *self.0.lock();
        match phase {
            Phase::Idle => since.elapsed() > idle_max,
            Phase::Head => since.elapsed() > head_max,
            Phase::Working | Phase::Streaming => false,
        }
    }
}

/// A stream that tells its watch when something was read.
pub(super) struct Watched {
    stream: TcpStream,
    watch: Arc<Watch>,
}

impl Watched {
    pub(super) fn new(stream: TcpStream, watch: Arc<Watch>) -> Self {
        Self { stream, watch }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() && buf.filled().len() > before {
            self.watch.read_something();
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
