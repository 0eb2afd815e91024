//! Calls that we make: to the payment provider, to those who want to hear of our events.
//!
//! One call is one request and one answer: no redirects, no retries, no cookies. The time of the
//! whole call is bounded, and so are the bytes of the answer. Plain `http` goes to this machine
//! only, which is checked on the address that is connected to and not on the name. An address may
//! be given with the call: whoever has to check where a name leads checks it once, and we go
//! exactly there.

mod connector;
pub(crate) mod public;
#[cfg(test)]
pub(crate) mod receiver;
#[cfg(test)]
mod tests;

use axum::body::Bytes;
use connector::Connector;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use hyper_rustls::{ConfigBuilderExt as _, HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of an answer that are read: 1 MiB.
pub(crate) const ANSWER_BYTES_MAX: usize = 1_024 * 1_024;
/// Characters of an address that is called.
pub(crate) const URL_CHARS_MAX: usize = 2_048;
/// Time that a connection is kept for the next call. Servers close theirs after a minute or more.
const IDLE: Duration = Duration::from_secs(30);
/// Connections that are kept for one server.
const IDLE_CONNECTIONS_MAX: usize = 32;

type Pool = Client<HttpsConnector<Connector>, Full<Bytes>>;

/// Makes calls and keeps connections. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Outbound {
    pool: Pool,
    tls: Arc<rustls::ClientConfig>,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// `GET`, `POST`, and so on.
    pub method: Method,
    /// The address, as [`address`] has checked it.
    pub uri: Uri,
    /// Headers; `Host` and `Content-Length` come by themselves.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; empty for none.
    pub body: Bytes,
    /// For all of it: name, connection, TLS, request and answer.
    pub timeout: Duration,
    /// The address to connect to, instead of asking for the one of the name. `Host` and the name
    /// that the certificate must have stay those of `uri`. The connection is not kept.
    pub pinned: Option<SocketAddr>,
}

/// One answer, of any status.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The HTTP status; a redirect is an answer too.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, at most [`ANSWER_BYTES_MAX`].
    pub body: Bytes,
}

/// The reason of a missing answer. Whether the other side has seen the request is not known, except
/// where the connection never came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OutboundError {
    /// No connection: no such name, nobody there, no trust in the certificate.
    Unreachable {
        /// A sentence without the request.
        detail: String,
    },
    /// The time was over.
    TimedOut {
        /// The time that there was.
        timeout: Duration,
    },
    /// The connection ended before the answer did.
    BrokeOff {
        /// A sentence without the request.
        detail: String,
    },
    /// The answer has more than [`ANSWER_BYTES_MAX`].
    TooLong,
}

impl fmt::Display for OutboundError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { detail } => write!(f, "no connection: {detail}"),
            Self::TimedOut { timeout } => write!(f, "no answer within {} ms", timeout.as_millis()),
            Self::BrokeOff { detail } => write!(f, "the answer broke off: {detail}"),
            Self::TooLong => write!(f, "the answer has more than {ANSWER_BYTES_MAX} bytes"),
        }
    }
}

impl std::error::Error for OutboundError {}

/// An address that may be called: `https` to anywhere, `http` to this machine, no user and no
/// fragment in it.
///
/// # Errors
/// A sentence that says what is wrong.
pub(crate) fn address(text: &str) -> Result<Uri, String> {
    if text.len() > URL_CHARS_MAX {
        return Err(format!("an address has at most {URL_CHARS_MAX} characters"));
    }
    let uri: Uri = text.parse().map_err(|_| format!("`{text}` is not an address"))?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(format!("`{text}` has no scheme or no host"));
    };
    if authority.as_str().contains('@') || text.contains('#') {
        return Err("an address to call has no user and no fragment in it".to_owned());
    }
    match scheme {
        "https" => Ok(uri),
        "http" if is_this_machine(authority.host()) => Ok(uri),
        "http" => Err(format!("`{text}` is not encrypted: http goes to this machine only")),
        _ => Err(format!("`{text}` is neither https nor http")),
    }
}

fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let ip: Result<std::net::IpAddr, _> = bare.parse();
    ip.map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback())
}

impl Outbound {
    /// A client with no connections yet.
    ///
    /// # Errors
    /// A sentence, when TLS cannot be set up.
    pub fn new() -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| format!("no TLS: {error}"))?
            .with_webpki_roots()
            .with_no_client_auth();
        Ok(Self { pool: pool(&tls, None, IDLE_CONNECTIONS_MAX), tls: Arc::new(tls) })
    }

    /// Makes a call.
    ///
    /// # Errors
    /// [`OutboundError`]; an answer of any status is none.
    pub(crate) async fn call(&self, call: Call) -> Result<Answer, OutboundError> {
        let timeout = call.timeout;
        let answered = tokio::time::timeout(timeout, self.answer(call)).await;
        answered.unwrap_or(Err(OutboundError::TimedOut { timeout }))
    }

    async fn answer(&self, call: Call) -> Result<Answer, OutboundError> {
        let mut request = hyper::Request::new(Full::new(call.body));
        *request.method_mut() = call.method;
        *request.uri_mut() = call.uri;
        request.headers_mut().extend(call.headers);
        let sent = match call.pinned {
            None => self.pool.request(request).await,
            Some(_) => pool(&self.tls, call.pinned, 0).request(request).await,
        };
        let (head, body) = sent.map_err(|error| not_sent(&error))?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => OutboundError::TooLong,
            None => OutboundError::BrokeOff { detail: causes(error.as_ref()) },
        })?;
        let (status, headers) = (head.status.as_u16(), head.headers);
        Ok(Answer { status, headers, body: body.to_bytes() })
    }
}

fn pool(tls: &rustls::ClientConfig, pinned: Option<SocketAddr>, idle_max: usize) -> Pool {
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config(tls.clone())
        .https_or_http()
        .enable_http1()
        .wrap_connector(Connector { pinned });
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(idle_max)
        .build(connector)
}

fn not_sent(error: &hyper_util::client::legacy::Error) -> OutboundError {
    let detail = causes(error);
    if error.is_connect() {
        OutboundError::Unreachable { detail }
    } else {
        OutboundError::BrokeOff { detail }
    }
}

/// An error and what it came from, in one line. None of hyper's errors quote the request.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
