//! The log itself, for backups, for followers, and for whoever publishes its head.

use crate::http::gateway::call::Call;
use crate::http::problem::{FieldError, Problem, table};
use crate::http::reply;
use crate::rfc3339::{self, Rfc3339};
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::Response;
use kirana_domain::Lsn;
use kirana_engine::AsOf;
use serde::Deserialize;
use serde_json::json;

/// Bytes of one answer, one frame more or less.
const FRAMES_BYTES_MAX: usize = 4 << 20;

/// The header that says how far the log goes.
pub(crate) const LOG_END: &str = "x-kirana-log-end";

/// `GET /v1/log/head`: the last durable record, and the hash of everything up to it.
pub(crate) async fn head(call: Call) -> Result<Response, Problem> {
    let head = call.within(call.engine().log_head()).await??;
    let body = head.map(|head| {
        let hash = kirana_storage::hex::encode(&head.hash);
        json!({ "log_id": head.log_id, "lsn": head.lsn.0, "hash": hash, "at": Rfc3339(head.at_ms) })
    });
    Ok(reply::json(200, &body.unwrap_or_else(|| json!({ "lsn": 0 }))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FramesQuery {
    from: Option<u64>,
}

/// `GET /v1/log/frames?from=LSN`: frames as they are stored, one after the other, from the one that
/// holds the position; none when the log ends before it. Ask again after the last one.
pub(crate) async fn frames(call: Call) -> Result<Response, Problem> {
    let FramesQuery { from } = call.query()?;
    let from = from.unwrap_or(1);
    if from == 0 {
        return Err(Problem::query("from", "positions are numbered from 1"));
    }
    let (bytes, end) = call.within(call.engine().frames(Lsn(from), FRAMES_BYTES_MAX)).await??;
    let response = Response::builder()
        .header(CONTENT_TYPE, "application/octet-stream")
        .header(CACHE_CONTROL, "no-store")
        .header(LOG_END, end.0)
        .body(Body::from(bytes));
    response.map_err(|error| {
        tracing::error!(%error, "an answer cannot be built");
        Problem::new(&table::INTERNAL)
    })
}

/// Time by which a caller's clock may be ahead of ours when it asks for now.
const AHEAD_MS_MAX: i64 = 5_000;

/// `as_of`: a position of the log, or a moment (RFC 3339), and none that is still to come.
///
/// # Errors
/// [`table::QUERY_INVALID`]; [`table::INVALID`] for the future.
pub(crate) fn as_of(call: &Call, text: &str) -> Result<AsOf, Problem> {
    // A plus sign that was not encoded arrives as a space.
    let moment = || rfc3339::parse(&text.replacen(' ', "+", 1)).or_else(|| rfc3339::parse(text));
    let wrong = "is a position of the log, or a moment such as 2026-11-26T10:00:00Z";
    let lsn = text.parse().ok().map(|lsn| AsOf::Lsn(Lsn(lsn)));
    let as_of = lsn.or_else(|| moment().map(AsOf::Time));
    let as_of = as_of.ok_or_else(|| Problem::query("as_of", wrong))?;
    let clocks = call.engine().clocks();
    let is_to_come = match as_of {
        AsOf::Lsn(lsn) => lsn > call.engine().lsn(),
        AsOf::Time(at_ms) => at_ms > clocks.engine_ms.max(clocks.wall_ms) + AHEAD_MS_MAX,
    };
    if is_to_come {
        let detail = "lies in the future: ask for a moment or a position that has been";
        let error = FieldError::new("/as_of", "OUT_OF_RANGE", detail);
        return Err(Problem::new(&table::INVALID).errors(vec![error]));
    }
    Ok(as_of)
}
