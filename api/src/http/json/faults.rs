//! Every field of a body that is not right, not only the first.
//!
//! A parse stops at its first fault. So the value there is put right, by removing what is unknown
//! and by trying values of each type for what is missing or of a wrong one, and the body is parsed
//! again, until it is good. What was put right is not reported again, nor is anything inside it.

use super::pointer_to;
use crate::http::problem::FieldError;
use serde::Deserialize;
use serde_json::{Value, json};
use serde_path_to_error::Segment;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Parses of one body at the most: a few for each fault.
const PARSES_MAX: usize = 256;

/// The fault of one field: its names from the top of the body, and what is wrong.
pub(super) struct Fault {
    path: Vec<String>,
    code: &'static str,
    detail: Cow<'static, str>,
}

const UNKNOWN_FIELD: &str = "UNKNOWN_FIELD";

impl From<&Fault> for FieldError {
    fn from(fault: &Fault) -> Self {
        Self::new(pointer_to(&fault.path), fault.code, fault.detail.clone())
    }
}

impl Fault {
    /// Returns the fault that an error of a parse is about.
    pub(super) fn of(error: &serde_path_to_error::Error<serde_json::Error>) -> Self {
        let message = error.inner().to_string();
        let mut path: Vec<_> = error.path().iter().filter_map(name_of).collect();
        // The path ends at the object or at its field, as the parser had it.
        let mut at = |name: &str| {
            if path.last().is_none_or(|last| last != name) {
                path.push(name.to_owned());
            }
        };
        let (code, detail) = if let Some(name) = quoted_after(&message, "missing field ") {
            path.push(name.to_owned());
            ("MISSING", Cow::Borrowed("this field is required"))
        } else if let Some(name) = quoted_after(&message, "unknown field ") {
            at(name);
            (UNKNOWN_FIELD, Cow::Borrowed("this field is not known here"))
        } else if let Some(name) = quoted_after(&message, "duplicate field ") {
            at(name);
            ("DUPLICATE_FIELD", Cow::Borrowed("this field stands there twice"))
        } else {
            ("WRONG_TYPE", expectation(&message))
        };
        Self { path, code, detail }
    }
}

/// Returns the errors of a body of which the first fault is known.
pub(super) fn all<'a, T: Deserialize<'a>>(body: &[u8], first: &Fault) -> Vec<FieldError> {
    let mut errors = vec![FieldError::from(first)];
    let Ok(mut value) = serde_json::from_slice::<Value>(body) else { return errors };
    let mut tried = BTreeMap::new();
    tried.insert(first.path.clone(), 0);
    let fillers = [
        Value::Null,
        json!(0),
        json!(""),
        json!("00000000-0000-0000-0000-000000000000"),
        json!([]),
        json!({}),
        json!(false),
    ];
    for _ in 0..PARSES_MAX {
        let parsed = serde_path_to_error::deserialize::<_, T>(value.clone());
        let Err(error) = parsed else { break };
        let fault = Fault::of(&error);
        let is_new = !tried.keys().any(|path: &Vec<String>| fault.path.starts_with(path));
        // A number kept as its text can only be read from the body itself, where it was read.
        if is_new && !is_about_raw_text(&error) {
            errors.push(FieldError::from(&fault));
        }
        let filler = if fault.code == UNKNOWN_FIELD {
            None
        } else {
            let next = tried.entry(fault.path.clone()).or_insert(0);
            let Some(filler) = fillers.get(*next) else { break };
            *next += 1;
            Some(filler.clone())
        };
        if put_right(&mut value, &fault.path, filler).is_none() {
            break;
        }
    }
    errors
}

/// Puts a value where a path leads, or removes what is there; `None` when it leads nowhere.
fn put_right(value: &mut Value, path: &[String], filler: Option<Value>) -> Option<()> {
    let (name, above) = path.split_last()?;
    let parent = above.iter().try_fold(value, |value, name| match value {
        Value::Object(fields) => fields.get_mut(name),
        Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
        _ => None,
    })?;
    match (parent, filler) {
        (Value::Object(fields), Some(filler)) => _ = fields.insert(name.clone(), filler),
        (Value::Object(fields), None) => _ = fields.remove(name)?,
        (Value::Array(items), Some(filler)) => {
            *items.get_mut(name.parse::<usize>().ok()?)? = filler;
        }
        _ => return None,
    }
    Some(())
}

fn is_about_raw_text(error: &serde_path_to_error::Error<serde_json::Error>) -> bool {
    let message = error.inner().to_string();
    message.contains("raw value") || message.contains("any valid JSON value")
}

fn name_of(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        // A number kept as its text is wrapped in a map of serde_json's own.
        Segment::Map { key } if key.starts_with("$serde_json::") => None,
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }
}

/// Returns the expectation in the words of the type; never the value that was sent.
fn expectation(message: &str) -> Cow<'static, str> {
    let Some((_, expected)) = message.rsplit_once("expected ") else {
        return Cow::Borrowed("the value is not of the right type");
    };
    let expected = expected.split(" at line ").next().unwrap_or_default();
    Cow::Borrowed(match expected {
        "i64" | "i32" | "u64" | "u32" | "u16" => "must be a whole number",
        "f64" => "must be a number",
        "a borrowed string" | "a string" => "must be a string",
        expected if expected.contains("UUID") => "must be a UUID",
        expected if expected.starts_with("struct ") => "must be an object",
        "a sequence" => "must be a list",
        _ => "the value is not of the right type",
    })
}

fn quoted_after<'a>(message: &'a str, intro: &str) -> Option<&'a str> {
    message.strip_prefix(intro)?.strip_prefix('`')?.split('`').next()
}
