//! `Idempotency-Key`: one effect, however often it is sent
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! The key is a Structured-Field string, so it comes in double quotes; bare ones are taken too. Its
//! scope is the person, the method and the route. The fingerprint covers the body in its canonical
//! form: a retry may render its JSON in another order, and nothing else.

use crate::http::canonical;
use crate::http::permissions::Action;
use crate::http::problem::{Problem, table};
use axum::http::{HeaderMap, HeaderName};
use kirana_domain::{PersonId, RequestKey};
use std::borrow::Cow;

/// `Idempotency-Key`
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Characters of a key, without its quotes.
const CHARS: std::ops::RangeInclusive<usize> = 16..=128;

/// The key of a request, without its quotes; `None` when there is none.
///
/// # Errors
/// [`table::KEY_INVALID`] for more than one, and for one that is not 16 to 128 visible ASCII
/// characters.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(refuse("there is more than one Idempotency-Key: send exactly one"));
    }
    let text = value.to_str().map_err(|_| refuse(VISIBLE))?.trim();
    let bare = match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').ok_or_else(|| refuse(QUOTES))?,
        None => text,
    };
    if bare.contains(['"', '\\']) {
        return Err(refuse(QUOTES));
    }
    if !bare.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(refuse(VISIBLE));
    }
    if !CHARS.contains(&bare.len()) {
        return Err(refuse("an Idempotency-Key has 16 to 128 characters: a UUID does well"));
    }
    Ok(Some(bare))
}

const VISIBLE: &str = "an Idempotency-Key has only visible ASCII characters, and no blanks";
const QUOTES: &str = "an Idempotency-Key is bare, or stands in one pair of double quotes";

fn refuse(detail: &'static str) -> Problem {
    Problem::new(&table::KEY_INVALID).hint(detail)
}

/// Bytes of a body that has a canonical form; a larger one, which is a file, counts byte for byte.
const CANONICAL_BYTES_MAX: usize = 64 * 1_024;

/// Returns the canonical form of a body: that of JSON, and anything else as it is.
pub(crate) fn canonical(body: &[u8]) -> Cow<'_, [u8]> {
    let form = (body.len() <= CANONICAL_BYTES_MAX).then(|| canonical::of(body)).flatten();
    form.map_or(Cow::Borrowed(body), Cow::Owned)
}

/// Returns the key with the fingerprint that it was recorded with, where that stands for the same
/// request: the first release counted a body byte for byte, and its keys are known for two days.
pub(crate) fn as_recorded(
    canonical: RequestKey,
    recorded: Option<[u8; 16]>,
    byte_for_byte: impl FnOnce() -> RequestKey,
) -> RequestKey {
    match recorded {
        Some(fingerprint) if fingerprint != canonical.fingerprint => {
            Some(byte_for_byte()).filter(|key| key.fingerprint == fingerprint).unwrap_or(canonical)
        }
        _ => canonical,
    }
}

/// The key with its scope, and the fingerprint of what is asked, as the log keeps them.
pub(crate) fn request_key(
    key: &str,
    subject: PersonId,
    action: Action,
    path: &str,
    body: &[u8],
) -> RequestKey {
    let rule = action.rule();
    let (subject, method) = (subject.0.as_bytes(), rule.method.as_str().as_bytes());
    RequestKey {
        id: hash(&[subject, method, rule.template.as_bytes(), key.as_bytes()]),
        fingerprint: hash(&[method, path.as_bytes(), subject, body]),
    }
}

/// Half of a blake3 hash over parts of which none can run into the next.
fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use uuid::Uuid;

    fn parse(values: &[&'static str]) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IDEMPOTENCY_KEY, HeaderValue::from_static(value));
        }
        match key_of(&headers) {
            Ok(key) => Ok(key.map(str::to_owned)),
            Err(problem) => Err(problem.kind().code),
        }
    }

    #[test]
    fn a_key_may_be_quoted_or_bare_and_is_the_same_key() {
        let key = Ok(Some("8e03978e-40d5-43e8-bc93-6894a57f9324".to_owned()));
        assert_eq!(parse(&["\"8e03978e-40d5-43e8-bc93-6894a57f9324\""]), key);
        assert_eq!(parse(&["8e03978e-40d5-43e8-bc93-6894a57f9324"]), key);
        assert_eq!(parse(&[]), Ok(None));
    }

    #[test]
    fn a_key_that_is_short_long_broken_or_doubled_is_refused() {
        let refused = Err("IDEMPOTENCY_KEY_INVALID");
        let long: &'static str = Box::leak("k".repeat(129).into_boxed_str());
        for values in [
            &["short"][..],
            &[""],
            &["\"\""],
            &[long],
            &["\"8e03978e-40d5-43e8"],
            &["8e03978e-40d5-43e8\""],
            &["8e03978e 40d5 43e8 bc93"],
            &["8e03978e-40d5-43e8", "8e03978e-40d5-43e8"],
        ] {
            assert_eq!(parse(values), refused, "{values:?}");
        }
    }

    #[test]
    fn members_in_another_order_are_the_same_request_and_another_value_is_not() {
        let first = br#"{"a":1,"b":{"c":"x","d":[1,2.50]},"e":null}"#;
        let other = b" {\"b\": {\"d\":[1,2.5], \"c\":\"\\u0078\"},\n\"e\":null,\"a\":1}";
        assert_eq!(canonical(first), canonical(other));
        for text in [&first[..], b"[]", b"{}", b"[{},[[]],\"\\u20b9\",-7,1e3,true]", b"null"] {
            let value: serde_json::Value = serde_json::from_slice(text).unwrap();
            let same: serde_json::Value = serde_json::from_slice(&canonical(text)).unwrap();
            assert_eq!(same, value);
        }
        for changed in [
            &br#"{"a":1,"b":{"c":"x","d":[2.50,1]},"e":null}"#[..],
            br#"{"a":1,"b":{"c":"x","d":[1,2.50]}}"#,
            br#"{"a":"1","b":{"c":"x","d":[1,2.50]},"e":null}"#,
        ] {
            assert_ne!(canonical(first), canonical(changed));
        }
        for plain in [&b""[..], b"{", b"name,price\nmilk,5", b"{\"a\":1e400}"] {
            assert_eq!(canonical(plain), plain);
        }
    }

    #[test]
    fn a_key_that_was_recorded_byte_for_byte_is_still_known() {
        let asha = PersonId(Uuid::from_u128(1));
        let of = |body: &[u8]| {
            request_key("0123456789abcdef", asha, Action::OrderPlace, "/v1/orders", body)
        };
        let body = br#"{"b":1, "a":2}"#;
        let (now, before) = (of(&canonical(body)), of(body));
        assert_ne!(now, before);
        let as_recorded = |recorded| as_recorded(now, recorded, || of(body));
        assert_eq!(as_recorded(None), now);
        assert_eq!(as_recorded(Some(now.fingerprint)), now);
        assert_eq!(as_recorded(Some(before.fingerprint)), before);
        assert_eq!(as_recorded(Some([7; 16])), now, "another request: refused");
    }

    #[test]
    fn the_scope_of_a_key_is_person_and_route_and_the_fingerprint_sees_every_byte() {
        let (asha, ravi) = (PersonId(Uuid::from_u128(1)), PersonId(Uuid::from_u128(2)));
        let of = |who, action, path: &str, body: &[u8]| {
            request_key("0123456789abcdef", who, action, path, body)
        };
        let first = of(asha, Action::OrderPlace, "/v1/orders", b"{}");
        assert_eq!(first, of(asha, Action::OrderPlace, "/v1/orders", b"{}"));
        assert_ne!(first.id, of(ravi, Action::OrderPlace, "/v1/orders", b"{}").id);
        assert_ne!(first.id, of(asha, Action::OrderCancel, "/v1/orders", b"{}").id);
        let other_body = of(asha, Action::OrderPlace, "/v1/orders", b"{ }");
        assert_eq!(first.id, other_body.id);
        assert_ne!(first.fingerprint, other_body.fingerprint);
    }
}
