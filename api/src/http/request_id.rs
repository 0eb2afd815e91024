//! The id of a request: the client's own if it is harmless, else a UUIDv7 of ours.
//!
//! It stands in every answer, every problem and every log line, so it must be cheap to make and
//! must not carry anything that a log or a terminal would take for more than text. Nor may one of
//! ours have the number of a status in it: the app sorts refusals by such substrings.

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

    /// A new id of now.
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::of_time(u64::try_from(now.as_millis()).unwrap_or_default())
    }

    /// A new id: the time, and a counter that is scrambled with a secret of this process. The time
    /// is put forward where its digits would have a status in them (RFC 9562 §6.1 allows it).
    fn of_time(mut millis: u64) -> Self {
        static SECRET: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        loop {
            let count = COUNTER.fetch_add(1, Ordering::Relaxed);
            let mut random = [0; 10];
            random[..8].copy_from_slice(&SECRET.hash_one(count).to_be_bytes());
            random[8..].copy_from_slice(&count.to_be_bytes()[6..]);
            let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
            let mut buffer = uuid::Uuid::encode_buffer();
            let text = id.hyphenated().encode_lower(&mut buffer);
            match status_run(text.as_bytes()) {
                // A UUID is a header value, always.
                None => return Self(HeaderValue::from_str(text).expect("hex and hyphens")),
                Some(place) if place < TIME_CHARS => millis = after_run(millis, place),
                Some(_) => (),
            }
        }
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

/// Characters of a UUIDv7 that tell the time: twelve digits and a hyphen.
const TIME_CHARS: usize = 13;

/// Returns the next time whose text differs in the last digit of a run that begins at `place`.
fn after_run(millis: u64, place: usize) -> u64 {
    // The hyphen stands behind the eighth digit.
    let digits = if place > 8 { place - 1 } else { place } + 3;
    debug_assert!(digits <= 12, "a run within the time");
    let unit = 1 << (4 * (12 - digits));
    (millis / unit + 1) * unit
}

/// Returns the place of the first run of digits that the app takes for a status.
pub(crate) fn status_run(text: &[u8]) -> Option<usize> {
    text.windows(3).position(|run| STATUS_RUNS.iter().any(|status| run == *status))
}

/// The numbers that no text of a refusal may have, by which the app sorts them.
const STATUS_RUNS: [&[u8; 3]; 6] = [b"401", b"403", b"500", b"502", b"503", b"504"];

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
    fn a_million_ids_have_no_status_in_them() {
        for _ in 0..1_000_000 {
            let id = RequestId::new();
            assert_eq!(status_run(id.as_str().as_bytes()), None, "{}", id.as_str());
        }
    }

    #[test]
    fn an_id_of_a_moment_whose_digits_are_a_status_is_one_of_the_next_moment() {
        for (millis, wanted) in [
            (0x01a2_5030_0000, "01a25050-0000-"),
            (0x01a4_01ff_ffff, "01a40200-0000-"),
            (0x01a2_0000_5040, "01a20000-5050-"),
            (0x01a2_0000_0503, "01a20000-0505-"),
            (0x01a2_5005_0500, "01a25010-0000-"),
        ] {
            let id = RequestId::of_time(millis);
            assert!(id.as_str().starts_with(wanted), "{millis:x}: {}", id.as_str());
        }
    }

    #[test]
    fn new_ids_are_version_7_and_differ() {
        let (one, two) = (RequestId::new(), RequestId::new());
        assert_ne!(one.as_str(), two.as_str());
        let id = uuid::Uuid::parse_str(one.as_str()).unwrap();
        assert_eq!(id.get_version_num(), 7);
    }
}
