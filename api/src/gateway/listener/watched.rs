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

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for a request.
    Idle,
    /// The head of a request has begun to arrive.
    Head,
    /// A request is being worked on; its own limits hold.
    Working,
}

/// What a connection is doing, and since when.
pub(super) struct Watch(Mutex<(Phase, Instant)>);

impl Default for Watch {
    fn default() -> Self {
        Self(Mutex::new((Phase::Idle, Instant::now())))
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

    /// True for a head, or an idle connection, that has taken too long.
    pub(super) fn is_overdue(&self, head_max: Duration, idle_max: Duration) -> bool {
        let (phase, since) = *self.0.lock();
        match phase {
            Phase::Idle => since.elapsed() > idle_max,
            Phase::Head => since.elapsed() > head_max,
            Phase::Working => false,
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
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
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
