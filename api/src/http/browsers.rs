//! Browsers: the pages that may read answers (CORS), and what else they are told about them.

use crate::http::idempotency::IDEMPOTENCY_KEY;
use crate::http::quotas::{RATE_LIMIT, RATE_LIMIT_POLICY};
use crate::http::reply::IDEMPOTENT_REPLAYED;
use crate::http::request_id::X_REQUEST_ID;
use axum::Router;
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, Uri};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Time that a browser may remember what it was allowed.
const REMEMBERED: Duration = Duration::from_hours(1);
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_FRAMES: HeaderValue = HeaderValue::from_static("frame-ancestors 'none'");
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Reads origins such as `https://shop.example`, separated by commas.
///
/// # Errors
/// A sentence that names the one that is none.
pub(crate) fn origins(list: &str) -> Result<Vec<HeaderValue>, String> {
    let origins = list.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    let origin = |text: &str| {
        let wrong = || format!("`{text}` is not an origin such as https://shop.example");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong());
        };
        // As browsers write them (RFC 6454 §6.2): they are compared letter by letter.
        let written = format!("{scheme}://{authority}").to_lowercase();
        let is_one = written == text && matches!(scheme, "http" | "https");
        HeaderValue::try_from(text).ok().filter(|_| is_one).ok_or_else(wrong)
    };
    origins.map(origin).collect()
}

/// Lets pages of these origins call and read; without any, none.
pub(crate) fn with_cors(router: Router, origins: &[HeaderValue]) -> Router {
    if origins.is_empty() {
        return router;
    }
    let methods =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let sent = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        HeaderName::from_static("last-event-id"),
        HeaderName::from_static("x-request-timeout-ms"),
        IDEMPOTENCY_KEY,
        X_REQUEST_ID,
    ];
    let read = [
        header::ETAG,
        header::LINK,
        header::LOCATION,
        header::RETRY_AFTER,
        IDEMPOTENT_REPLAYED,
        RATE_LIMIT,
        RATE_LIMIT_POLICY,
        X_REQUEST_ID,
    ];
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods(methods)
        .allow_headers(sent)
        .expose_headers(read)
        .max_age(REMEMBERED);
    router.layer(cors)
}

/// Adds what every answer says: it is what it claims to be, it stands in no frame, and it is kept
/// by nobody unless it says otherwise. By TLS, that the next one comes by TLS (RFC 6797 §7.2).
pub(crate) fn guard(headers: &mut HeaderMap, is_secure: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CONTENT_SECURITY_POLICY, NO_FRAMES);
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    if is_secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_and_a_host_as_browsers_write_them() {
        let good = "https://shop.example, http://localhost:3000,";
        assert_eq!(origins(good).unwrap(), ["https://shop.example", "http://localhost:3000"]);
        assert!(origins("").unwrap().is_empty());
        for wrong in [
            "*",
            "null",
            "shop.example",
            "https://shop.example/",
            "https://Shop.example",
            "ftp://shop.example",
            "https://shop.example/path",
        ] {
            assert!(origins(wrong).unwrap_err().contains(wrong), "{wrong}");
        }
    }
}
