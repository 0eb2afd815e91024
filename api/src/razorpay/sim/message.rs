//! One request to the stand-in, and its reply.

use super::book::Refusal;
use axum::body::Bytes;
use hyper::Method;
use hyper::header::HeaderMap;
use serde_json::{Value, json};

/// A request that has arrived whole.
pub(super) struct Asked {
    pub method: Method,
    /// The path between the slashes, without `v1` or `sim`.
    pub path: Vec<String>,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// The reply to a request.
pub(super) enum Reply {
    /// A status and JSON.
    Json(u16, Value),
    /// The connection ends.
    HangUp,
}

impl Asked {
    /// The body as JSON; `null` where it is none, which every field check refuses.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Reply {
    /// The reply to a path that does not exist.
    pub(super) fn not_found() -> Self {
        let description = "The requested URL was not found on the server.";
        let error = json!({ "code": "BAD_REQUEST_ERROR", "description": description });
        Self::Json(404, json!({ "error": error }))
    }
}

/// Returns the reply that says why a request was refused.
pub(super) fn refused(refusal: &Refusal) -> Reply {
    Reply::Json(refusal.status, refusal.body())
}
