//! JSON in and out: strict in, one shape out.
//!
//! A body is parsed straight into its type. Only when that fails it is parsed again, slowly,
//! to say which field is wrong: the good path pays nothing for the bad one.

pub(crate) mod address;
pub(crate) mod book;
pub(crate) mod carts;
pub(crate) mod coupons;
pub(crate) mod decimal;
pub(crate) mod gstin;
pub(crate) mod point;
pub(crate) mod products;
pub(crate) mod service;
pub(crate) mod store_rules;
pub(crate) mod stores;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod unique;
pub(crate) mod views;

use crate::http::problem::{FieldError, Problem, table};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_path_to_error::Segment;
use std::borrow::Cow;

/// Parses a body; unknown fields are refused by the types themselves.
///
/// # Errors
/// [`table::MALFORMED_JSON`] for what is not JSON, [`table::INVALID`] with a pointer for JSON that
/// is not what was asked for.
pub(crate) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| {
        // A wrong field may come before what is not even JSON: that is said first.
        let error = serde_json::from_slice::<IgnoredAny>(body).err().unwrap_or(error);
        if !error.is_data() {
            return malformed(&error, body);
        }
        let mut slow = serde_json::Deserializer::from_slice(body);
        match serde_path_to_error::deserialize::<_, T>(&mut slow) {
            // Cannot be: the same parse has just failed.
            Ok(_) => Problem::new(&table::MALFORMED_JSON),
            Err(error) => Problem::invalid(vec![field_error(&error)]),
        }
    })
}

fn malformed(error: &serde_json::Error, body: &[u8]) -> Problem {
    let detail = if body.is_empty() {
        "the body is empty: it must be one JSON value"
    } else if error.is_eof() {
        "the JSON ends too early"
    } else {
        "the body is not valid JSON"
    };
    Problem::new(&table::MALFORMED_JSON)
        .hint(detail)
        .member("line", error.line())
        .member("column", error.column())
}

fn field_error(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let message = error.inner().to_string();
    let mut pointer = pointer_of(error.path());
    if let Some(name) = quoted_after(&message, "missing field ") {
        push(&mut pointer, name);
        return FieldError::new(pointer, "MISSING", "this field is required");
    }
    if let Some(name) = quoted_after(&message, "unknown field ") {
        let unknown = format!("/{}", escaped(name));
        if !pointer.ends_with(&unknown) {
            pointer.push_str(&unknown);
        }
        return FieldError::new(pointer, "UNKNOWN_FIELD", "this field is not known here");
    }
    if let Some(name) = quoted_after(&message, "duplicate field ") {
        if !pointer.ends_with(&format!("/{name}")) {
            push(&mut pointer, name);
        }
        return FieldError::new(pointer, "DUPLICATE_FIELD", "this field stands there twice");
    }
    FieldError::new(pointer, "WRONG_TYPE", expectation(&message))
}

/// Returns the expectation in the words of the type; never the value that was sent.
fn expectation(message: &str) -> Cow<'static, str> {
    let Some((_, expected)) = message.rsplit_once("expected ") else {
        return Cow::Borrowed("the value is not of the right type");
    };
    let expected = expected.split(" at line ").next().unwrap_or_default();
    Cow::Owned(match expected {
        "i64" | "i32" | "u64" | "u32" | "u16" => "must be a whole number".to_owned(),
        "f64" => "must be a number".to_owned(),
        "a borrowed string" | "a string" => "must be a string".to_owned(),
        expected if expected.contains("UUID") => "must be a UUID".to_owned(),
        expected if expected.starts_with("struct ") => "must be an object".to_owned(),
        "a sequence" => "must be a list".to_owned(),
        _ => "the value is not of the right type".to_owned(),
    })
}

fn quoted_after<'a>(message: &'a str, intro: &str) -> Option<&'a str> {
    message.strip_prefix(intro)?.strip_prefix('`')?.split('`').next()
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => push(&mut pointer, &index.to_string()),
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { variant } => push(&mut pointer, variant),
            Segment::Unknown => (),
        }
    }
    pointer
}

fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&escaped(name));
}

/// Characters of a client's own field name that a pointer repeats.
const NAME_CHARS_MAX: usize = 64;

/// A name as a JSON Pointer segment (RFC 6901 §3) in a URI fragment (§6): everything but letters,
/// digits and `-._` is percent-encoded.
fn escaped(name: &str) -> String {
    use std::fmt::Write as _;
    let short: String = name.chars().take(NAME_CHARS_MAX).collect();
    let mut out = String::with_capacity(short.len());
    for byte in short.replace('~', "~0").replace('/', "~1").bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
