//! The id of a request: the client's own if it is harmless, else a UUIDv7 of ours.
//!
//! It stands in every answer, every problem and every log line, so it must be cheap to make and
//! must not carry anything that a log or a terminal would take for more than text.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// `X-Request-Id`
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Characters of a client's id.
const CHARS_MAX: usize = 128;

/// `[A-Za-z0-9._-]{1,128}`, as a header value.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The id that the client gave, or a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        match headers.get(X_REQUEST_ID) {
            Some(given) if is_harmless(given.as_bytes()) => Self(given.clone()),
            _ => Self::new(),
        }
    }

    /// A new id: the time, and a counter that is scrambled with a secret of this process.
    fn new() -> Self {
        static SECRET: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let count = COUNTER.fetch_add(1, Ordering::Relaxed);
        let mut random = [0; 10];
        random[..8].copy_from_slice(&SECRET.hash_one(count).to_be_bytes());
        random[8..].copy_from_slice(&count.to_be_bytes()[6..]);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(now.as_millis()).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        let mut buffer = uuid::Uuid::encode_buffer();
        let text = id.hyphenated().encode_lower(&mut buffer);
        Self(HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("none")))
    }

    /// As text.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    /// As the value of the header.
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

fn is_harmless(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=CHARS_MAX).contains(&id.len()) && id.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &'static str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_static(value));
        RequestId::of(&headers).as_str().to_owned()
    }

    #[test]
    fn a_harmless_id_is_kept_and_any_other_is_replaced() {
        assert_eq!(of("shop-7_a.b"), "shop-7_a.b");
        assert_ne!(of("a b"), "a b");
        assert_ne!(of("<script>"), "<script>");
    }

    #[test]
    fn new_ids_are_version_7_and_differ() {
        let (one, two) = (RequestId::new(), RequestId::new());
        assert_ne!(one.as_str(), two.as_str());
        let id = uuid::Uuid::parse_str(one.as_str()).unwrap();
        assert_eq!(id.get_version_num(), 7);
    }
}
