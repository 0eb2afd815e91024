//! JSON in and out: strict in, one shape out.
//!
//! A body is parsed straight into its type. Only when that fails it is parsed again, slowly,
//! to say which field is wrong: the good path pays nothing for the bad one.

pub(crate) mod address;
pub(crate) mod book;
pub(crate) mod carts;
pub(crate) mod coupons;
pub(crate) mod decimal;
pub(crate) mod disputes;
mod faults;
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

use crate::http::problem::{Problem, table};
use faults::Fault;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// Parses a body; unknown fields are refused by the types themselves.
///
/// # Errors
/// [`table::MALFORMED_JSON`] for what is not JSON, [`table::INVALID`] with a pointer to each field
/// that is not what was asked for.
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
            Err(error) => Problem::invalid(faults::all::<T>(body, &Fault::of(&error))),
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

/// Returns the pointer to a field by its names.
fn pointer_to(path: &[String]) -> String {
    let mut pointer = String::new();
    path.iter().for_each(|name| push(&mut pointer, name));
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
