//! Records to bytes and back: the only place that knows bincode.
//!
//! One byte names the schema, then comes the *stored shape* of that schema. Stored shapes are not
//! the domain's types: they are never edited after a release, while the domain may change freely.
//! The options are fixed here: variable-length integers (a third fewer bytes than fixed ones), at
//! most one record's bytes, and nothing may be left over.

use crate::codec::known_items::KnownItems;
use crate::codec::stored::v1;
pub(crate) use crate::codec::stored::v1::front::Front;
use bincode::Options;
use kirana_domain::{Record, limits};
use kirana_storage::{Indexer, Label, RECORD_BYTES_MAX};
use std::fmt;

/// The schema that new records are written in.
const SCHEMA: u8 = 1;

// The largest record that the domain can make: a full basket, its sealed part, and the envelope.
const _: () = assert!(
    limits::BASKET_LINES_MAX * limits::LINE_BYTES_MAX + limits::SEALED_BYTES_MAX + 512
        <= RECORD_BYTES_MAX
);

// The largest list of corrections, the largest receipt, and the refusal that names every line.
const _: () = assert!(limits::REASON_CHARS_MAX <= limits::NAME_CHARS_MAX);
const _: () = assert!(
    limits::STOCK_LINES_MAX * (limits::TEXT_BYTES_PER_CHAR * limits::NAME_CHARS_MAX + 64) + 512
        <= RECORD_BYTES_MAX
);

/// A reason why bytes are no record, or no part of a checkpoint. The frame around them was whole,
/// so they were written by something else: a later release, or a mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodecError {
    /// Nothing at all.
    Empty,
    /// A schema that this release does not know.
    UnknownSchema(u16),
    /// Bytes that are not of their schema.
    Malformed(String),
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "there are no bytes"),
            Self::UnknownSchema(schema) => {
                write!(f, "the bytes have schema {schema}, which a later release may know")
            }
            Self::Malformed(detail) => write!(f, "the bytes are not of their schema: {detail}"),
        }
    }
}

impl std::error::Error for CodecError {}

impl From<&'static str> for CodecError {
    fn from(detail: &'static str) -> Self {
        Self::Malformed(detail.to_owned())
    }
}

fn options() -> impl Options + Copy {
    bincode::DefaultOptions::new()
        .with_varint_encoding()
        .with_limit(RECORD_BYTES_MAX as u64)
        .reject_trailing_bytes()
}

/// Appends the bytes of a record to `out`.
///
/// # Panics
/// Never for a record that the domain made: its bounds keep it far below the limit, which `decode`
/// holds the bytes to as well.
pub fn encode(record: &Record, out: &mut Vec<u8>) {
    out.push(SCHEMA);
    let shape = v1::Record::from(record);
    options().serialize_into(out, &shape).expect("a record of the domain fits its limit");
}

/// Reads a record.
///
/// # Errors
/// [`CodecError`] names the reason.
pub fn decode(bytes: &[u8]) -> Result<Record, CodecError> {
    decode_sharing(bytes, &())
}

/// Reads a record; the lines of an order share their items with `items`.
pub(crate) fn decode_sharing(bytes: &[u8], items: &dyn KnownItems) -> Result<Record, CodecError> {
    let (schema, body) = bytes.split_first().ok_or(CodecError::Empty)?;
    match *schema {
        1 => {
            let shape: v1::Record<'_> =
                options().deserialize(body).map_err(|e| CodecError::Malformed(e.to_string()))?;
            Ok(shape.parse(items)?)
        }
        other => Err(CodecError::UnknownSchema(other.into())),
    }
}

/// Reads the moment of a record, its labels and its order from its first bytes.
///
/// # Errors
/// [`CodecError`] names the reason.
pub(crate) fn front(bytes: &[u8]) -> Result<Front, CodecError> {
    let (schema, body) = bytes.split_first().ok_or(CodecError::Empty)?;
    match *schema {
        1 => v1::front::front(options(), body).ok_or_else(|| "its front is cut".into()),
        other => Err(CodecError::UnknownSchema(other.into())),
    }
}

/// Reads labels from the bytes of records.
pub(crate) struct OfRecords;

impl Indexer for OfRecords {
    fn index(&self, record: &[u8], found: &mut Vec<Label>) -> Option<i64> {
        let Front { at_ms, labels, .. } = front(record).ok()?;
        found.extend(labels.into_iter().flatten());
        Some(at_ms)
    }
}

#[cfg(test)]
pub(crate) mod tests;
