//! The accept loop: HTTP/1.1 with keep-alive, and bounds on all that a stranger can make us hold.
//!
//! Connections, bytes and number of headers, the time a head may take and the time a connection may
//! idle are all bounded here, before a request reaches a route.

pub(crate) mod connection;
mod places;
mod plain_path;
mod watched;

use crate::http::language::Language;
use crate::http::peer::{self, Networks};
use crate::http::problem::{Kind, table};
use axum::Router;
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, UPGRADE};
use connection::{ConnectionGuard, EVENT_STREAM};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use places::{Full, Places};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tower::Service as _;
use watched::{Phase, Watch, Watched};

/// Bounds of connections, with their units.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Connections at once; one more is answered 503 and closed.
    pub connections_max: usize,
    /// Connections of one address at once; 0 is no bound.
    pub per_address_max: usize,
    /// Proxies that carry the requests of many: not bounded as one address is.
    pub(crate) trusted_proxies: Networks,
    /// Longest time from the opening of a connection to its first byte.
    pub first_byte: Duration,
    /// Longest time for the head of a request, from its first byte; one that keeps coming has up to
    /// six times that.
    pub head: Duration,
    /// Longest time of a connection without a request.
    pub idle: Duration,
    /// Longest time for requests to finish once the gateway stops.
    pub drain: Duration,
    /// Longest time that a reader may take nothing of an answer.
    pub stall: Duration,
}

/// Bytes of a request's first line and headers; 431 past it. Hyper's own bound of a hundred headers
/// stays: another one would cost an allocation for every request.
const HEAD_BYTES_MAX: usize = 32 * 1_024;
/// Bytes that one connection buffers in each direction.
const BUFFER_BYTES_MAX: usize = 64 * 1_024;
/// Pause between two looks at a slow connection: short enough to be fair, too long to cost.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Connections over a bound that are told so at once; one more is closed without a word, so that
/// a flood of them takes no files.
const TURNED_AWAY_MAX: usize = 64;

/// The answer to a connection over the bound.
static FULL: LazyLock<Vec<u8>> =
    LazyLock::new(|| without_request("503 Service Unavailable", &table::OVERLOADED));
/// The answer to one of an address that has as many as it may have.
static SHARE_TAKEN: LazyLock<Vec<u8>> =
    LazyLock::new(|| without_request("429 Too Many Requests", &table::QUOTA_SPENT));
/// The answer to a head that is too slow.
static SLOW: LazyLock<Vec<u8>> =
    LazyLock::new(|| without_request("408 Request Timeout", &table::HEAD_TOO_SLOW));

/// Returns the bytes of a refusal for a connection of which no request is known.
fn without_request(status: &str, kind: &Kind) -> Vec<u8> {
    let mut body = serde_json::json!({
        "type": kind.address(), "title": kind.title, "status": kind.status,
        "detail": kind.sentence.in_language(Language::English), "code": kind.code,
        "retryable": kind.retryable,
    });
    if kind.status == 429 {
        body["violated-policies"] = serde_json::json!(["connections"]);
    }
    let body = body.to_string();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\nretry-after: 2\r\n\
         connection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// Connections that may wait to be accepted: a crowd that comes in one moment. The system may allow
/// fewer (`net.core.somaxconn`).
const BACKLOG: u32 = 8_192;

/// Opens the port, with room for a crowd that comes in one moment.
///
/// # Errors
/// A reason for which the address cannot be listened on.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // A server that was killed starts again at once, while its connections are being forgotten.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `stop` says so; then lets requests finish, within bounds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    mut stop: watch::Receiver<bool>,
) {
    let (bounds, places) = (Arc::new(bounds.clone()), Places::new(&bounds));
    let turned_away = Arc::new(Semaphore::new(TURNED_AWAY_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let (stream, peer) = match accepted {
            Ok((stream, peer)) => (stream, peer.ip()),
            Err(error) => {
                // Out of file handles, or the client has gone: neither is a reason to spin.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        match places.take(peer, bounds.trusted_proxies.have(peer)) {
            Ok(place) => {
                let (router, bounds, stop) = (router.clone(), Arc::clone(&bounds), stop.clone());
                tokio::spawn(async move {
                    let of = (peer, ConnectionGuard::new(place));
                    connection(stream, of, router, &bounds, stop).await;
                });
            }
            Err(full) => {
                let Ok(turn) = Arc::clone(&turned_away).try_acquire_owned() else { continue };
                tokio::spawn(async move {
                    _ = timeout(LOOK_EVERY, turn_away(stream, full)).await;
                    drop(turn);
                });
            }
        }
    }
    drop(listener);
    if !places.are_free(bounds.drain).await {
        tracing::warn!("some requests did not finish in time and were cut off");
    }
}

async fn turn_away(mut stream: TcpStream, full: Full) {
    let answer = match full {
        Full::All => &FULL,
        Full::OfAddress => &SHARE_TAKEN,
    };
    _ = stream.write_all(answer).await;
    _ = stream.shutdown().await;
}

async fn connection(
    stream: TcpStream,
    (peer, guard): (IpAddr, ConnectionGuard),
    router: Router,
    bounds: &Bounds,
    mut stop: watch::Receiver<bool>,
) {
    _ = stream.set_nodelay(true);
    let watch = Arc::new(Watch::default());
    let io = TokioIo::new(Watched::new(stream, Arc::clone(&watch), &SLOW));
    let service_watch = Arc::clone(&watch);
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let watch = Arc::clone(&service_watch);
        watch.enter(Phase::Working);
        let caller = peer::caller(peer, request.headers(), &bounds.trusted_proxies);
        request.extensions_mut().insert(caller);
        if request.headers().contains_key(UPGRADE) {
            request.extensions_mut().insert(guard.clone());
        }
        if let Some(plain) = plain_path::plain(request.uri()) {
            *request.uri_mut() = plain;
        }
        let answer = router.clone().call(request.map(Body::new));
        async move {
            let answer = answer.await;
            watch.enter(if is_stream(&answer) { Phase::Streaming } else { Phase::Idle });
            answer
        }
    });
    let mut http = http1::Builder::new();
    http.max_buf_size(BUFFER_BYTES_MAX).max_header_size(HEAD_BYTES_MAX);
    let connection = http.serve_connection(io, service).with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let mut stopping = false;
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended badly");
                }
                return;
            }
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                connection.as_mut().graceful_shutdown();
            }
            () = sleep(look_after(&watch, bounds)) => {
                if watch.is_overdue(bounds) {
                    if watch.give_up() {
                        // Hyper reads once more, and what it reads from says why there is no more.
                        continue;
                    }
                    return;
                }
                if watch.is_stalled(bounds.stall) {
                    if watch.is_streaming() {
                        metrics::counter!("kirana_streams_cut_total").increment(1);
                    }
                    return;
                }
            }
        }
    }
}

/// An answer without an end of its own; it is the last on its connection.
fn is_stream(answer: &Result<axum::response::Response, std::convert::Infallible>) -> bool {
    let media_type = answer.as_ref().ok().and_then(|answer| answer.headers().get(CONTENT_TYPE));
    media_type.is_some_and(|value| value == EVENT_STREAM)
}

/// Ten thousand quiet streams are not worth ten thousand looks a second.
fn look_after(watch: &Watch, bounds: &Bounds) -> Duration {
    if watch.is_streaming() { LOOK_EVERY.max(bounds.stall / 4) } else { LOOK_EVERY }
}
