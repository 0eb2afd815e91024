//! Reading a request's body under a limit of bytes and a limit of time.
//!
//! A body that is too large is refused as soon as that is known, from `Content-Length` if there is
//! one. What the client still sends is then thrown away for a moment, so that it reads the refusal
//! instead of a broken connection.

use crate::http::problem::{Problem, table};
use axum::body::HttpBody as _;
use axum::body::{Body, Bytes};
use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Time and bytes that are spent on throwing an unwanted body away.
const DRAIN_TIME: Duration = Duration::from_secs(2);
const DRAIN_BYTES_MAX: usize = 256 * 1_024 * 1_024;

/// Reads all of a body.
///
/// # Errors
/// [`table::BODY_TOO_LARGE`], [`table::BODY_TOO_SLOW`] or [`table::BODY_INCOMPLETE`].
pub(crate) async fn read(
    mut body: Body,
    headers: &HeaderMap,
    bytes_max: usize,
    time_max: Duration,
) -> Result<Bytes, Problem> {
    if declared(headers).is_some_and(|length| length > bytes_max as u64) {
        drain(body);
        return Err(too_large());
    }
    let deadline = Instant::now() + time_max;
    let mut all = Bytes::new();
    let mut more = Vec::new();
    while let Some(chunk) = next(&mut body, deadline).await? {
        if all.len().max(more.len()) + chunk.len() > bytes_max {
            drain(body);
            return Err(too_large());
        }
        // Nearly every body comes in one piece, which is then not copied.
        if all.is_empty() && more.is_empty() {
            all = chunk;
            if body.is_end_stream() {
                break;
            }
        } else {
            if more.is_empty() {
                more.extend_from_slice(&std::mem::take(&mut all));
            }
            more.extend_from_slice(&chunk);
        }
    }
    Ok(if more.is_empty() { all } else { Bytes::from(more) })
}

/// The next piece of a body; `None` at its end.
///
/// # Errors
/// [`table::BODY_TOO_SLOW`] or [`table::BODY_INCOMPLETE`].
pub(crate) async fn next(body: &mut Body, deadline: Instant) -> Result<Option<Bytes>, Problem> {
    loop {
        let frame = match timeout_at(deadline, body.frame()).await {
            Err(_) => return Err(Problem::new(&table::BODY_TOO_SLOW).header(CONNECTION, CLOSE)),
            Ok(None) => return Ok(None),
            Ok(Some(Err(_))) => {
                return Err(Problem::new(&table::BODY_INCOMPLETE).header(CONNECTION, CLOSE));
            }
            Ok(Some(Ok(frame))) => frame,
        };
        match frame.into_data() {
            Ok(data) if !data.is_empty() => return Ok(Some(data)),
            // Trailers say nothing that we read.
            _ => (),
        }
    }
}

const CLOSE: HeaderValue = HeaderValue::from_static("close");

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The refusal of a body that is too large; the connection is closed after it.
pub(crate) fn too_large() -> Problem {
    Problem::new(&table::BODY_TOO_LARGE).header(CONNECTION, CLOSE)
}

/// Throws away what is still coming, within bounds.
pub(crate) fn drain(mut body: Body) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(timeout(DRAIN_TIME, async move {
        let mut bytes = 0;
        while let Some(Ok(frame)) = body.frame().await {
            bytes += frame.data_ref().map_or(0, Bytes::len);
            if bytes > DRAIN_BYTES_MAX {
                break;
            }
        }
    }));
}

/// Checks that a body is of one of these types; parameters such as `charset` may follow.
///
/// # Errors
/// [`table::MEDIA_TYPE`].
pub(crate) fn media_type<'a>(headers: &HeaderMap, known: &[&'a str]) -> Result<&'a str, Problem> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = given.split(';').next().unwrap_or_default().trim();
    let found = known.iter().find(|known| known.eq_ignore_ascii_case(given));
    found.copied().ok_or_else(|| Problem::new(&table::MEDIA_TYPE))
}
