//! Answers that are not refusals: rendered once into one buffer, with static headers.

use axum::body::{Body, Bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use std::io::Write as _;

/// `Idempotent-Replayed`
pub(crate) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Catalogue reads: shared caches may keep them for a moment, then ask with the `ETag`.
const SHORTLY: HeaderValue = HeaderValue::from_static("public, max-age=5");

/// Most answers fit.
const BUFFER_BYTES: usize = 4 * 1_024;

/// A JSON answer that nobody may keep.
pub(crate) fn json(status: u16, value: &impl Serialize) -> Response {
    with_body(status, render(value))
}

/// A JSON answer that may be kept for a moment; 304 when the client has it already.
pub(crate) fn cacheable(request: &HeaderMap, value: &impl Serialize) -> Response {
    let body = render(value);
    let tag = tag_of(&body);
    let mut response =
        if none_match(request, &tag) { not_modified() } else { with_body(200, body) };
    response.headers_mut().insert(CACHE_CONTROL, SHORTLY);
    set(&mut response, ETAG, &tag);
    response
}

/// Bytes of a list from which on it is worth compressing: less fits in one packet.
const GZIP_BYTES_MIN: usize = 1_024;

/// As [`cacheable`] for a list, compressed for a client that takes gzip. Its tag is weak (RFC 9110
/// §8.8.1): one for what the list says, whatever its bytes.
pub(crate) fn list(request: &HeaderMap, value: &impl Serialize) -> Response {
    let body = render(value);
    let tag = tag_of(&body);
    let mut response = if none_match(request, &tag) {
        not_modified()
    } else if body.len() >= GZIP_BYTES_MIN && takes_gzip(request) {
        let mut response = with_body(200, gzipped(&body));
        set(&mut response, header::CONTENT_ENCODING, "gzip");
        response
    } else {
        with_body(200, body)
    };
    response.headers_mut().insert(CACHE_CONTROL, SHORTLY);
    set(&mut response, header::VARY, "accept-encoding");
    set(&mut response, ETAG, &format!("W/{tag}"));
    response
}

/// True when `Accept-Encoding` has gzip, or else `*`, with a weight above zero (RFC 9110 §12.5.3).
fn takes_gzip(request: &HeaderMap) -> bool {
    let values = request.get_all(header::ACCEPT_ENCODING);
    let members = || values.iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    let weight = |wanted: &str| {
        members().find_map(|member| {
            let (coding, weight) = member.split_once(';').unwrap_or((member, "q=1"));
            let weight = weight.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?;
            let is_it = coding.trim().eq_ignore_ascii_case(wanted);
            is_it.then(|| weight.trim().parse::<f32>().unwrap_or(0.0))
        })
    };
    weight("gzip").or_else(|| weight("*")).is_some_and(|weight| weight > 0.0)
}

fn gzipped(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).expect("memory takes every byte");
    encoder.finish().expect("memory takes every byte")
}

/// A strong tag of any bytes.
pub(crate) fn tag_of(bytes: &[u8]) -> String {
    format!("\"{}\"", &blake3::hash(bytes).to_hex()[..32])
}

/// True when `If-None-Match` names the tag (weak comparison, RFC 9110 §13.1.2).
pub(crate) fn none_match(request: &HeaderMap, tag: &str) -> bool {
    names(request, header::IF_NONE_MATCH, |given| given.trim_start_matches("W/") == tag)
}

/// True when `If-Match` is absent or names the tag (strong comparison, RFC 9110 §13.1.1).
pub(crate) fn if_match(request: &HeaderMap, tag: &str) -> bool {
    !request.contains_key(header::IF_MATCH)
        || names(request, header::IF_MATCH, |given| given == tag)
}

fn names(request: &HeaderMap, name: HeaderName, is_it: impl Fn(&str) -> bool) -> bool {
    let values = request.get_all(name);
    let mut tags = values.iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    tags.any(|tag| tag.trim() == "*" || is_it(tag.trim()))
}

/// 304 without a body.
pub(crate) fn not_modified() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// Text of another type.
pub(crate) fn text(media_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

/// Adds a header; a value that no header can have is left out.
pub(crate) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Sets the address at which the new resource can be read.
pub(crate) fn location(response: &mut Response, path: &str) {
    set(response, LOCATION, path);
}

/// Marks the answer of a twin.
pub(crate) fn mark_replayed(response: &mut Response, replayed: bool) {
    if replayed {
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
}

fn render(value: &impl Serialize) -> Vec<u8> {
    let mut body = Vec::with_capacity(BUFFER_BYTES);
    // Our own shapes always serialise: their keys are strings and nothing in them fails.
    serde_json::to_writer(&mut body, value).expect("an answer can be rendered");
    body
}

fn with_body(status: u16, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CACHE_CONTROL, NO_STORE);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_where_the_client_says_so() {
        for (given, takes) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("gzip; q=0, *", false),
            ("identity", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(given));
            assert_eq!(takes_gzip(&headers), takes, "{given}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn a_list_has_one_tag_whether_it_is_compressed_or_not() {
        let value = vec!["milk"; 1_000];
        let plain = list(&HeaderMap::new(), &value);
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let packed = list(&headers, &value);
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], "gzip");
        assert_eq!(packed.headers()[ETAG], plain.headers()[ETAG]);
        headers.insert(header::IF_NONE_MATCH, plain.headers()[ETAG].clone());
        assert_eq!(list(&headers, &value).status(), StatusCode::NOT_MODIFIED);
    }
}
