//! NDJSON: one JSON object a line, with the field names of the CSV file.

use super::columns::{Columns, Field, Fields, Meaning};
use super::{ROW_BYTES_MAX, Row, RowError, skip_marks};
use crate::http::json::unique::Unique;
use serde_json::{Map, Value};

/// The rows of an NDJSON file.
pub(super) struct NdjsonRows {
    columns: Columns,
    buffer: Vec<u8>,
    start: usize,
    line: u64,
    /// In a line that is too long to be kept.
    skipping: bool,
    /// True until the byte order marks in front of the file are behind.
    at_front: bool,
}

impl NdjsonRows {
    pub(super) fn new(columns: Columns) -> Self {
        Self { columns, buffer: Vec::new(), start: 0, line: 1, skipping: false, at_front: true }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next row; blank lines are no rows.
    pub(super) fn next(&mut self, end: bool) -> Option<Row> {
        if self.at_front && !skip_marks(&self.buffer, &mut self.start, end) {
            return None;
        }
        self.at_front = false;
        loop {
            let line = self.line;
            let rest = &self.buffer[self.start..];
            // No text in JSON has a bare line break of either kind, so each is one between rows.
            let found = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let break_bytes = match found.map(|at| &rest[at..]) {
                None => 0,
                Some([b'\r']) if !end => return None, // The line feed behind it may still come.
                Some([b'\r', b'\n', ..]) => 2,
                Some(_) => 1,
            };
            let length = match found {
                Some(at) => at,
                None if rest.len() > ROW_BYTES_MAX || (end && !rest.is_empty()) => rest.len(),
                None => return None,
            };
            let text = &rest[..length];
            let row = (!self.skipping).then(|| self.row(line, text));
            self.skipping = found.is_none();
            self.start += length + break_bytes;
            self.line += u64::from(found.is_some());
            if let Some(Some(row)) = row {
                return Some(row);
            }
        }
    }

    fn row(&self, line: u64, text: &[u8]) -> Option<Row> {
        if text.trim_ascii().is_empty() {
            return None;
        }
        let too_long = text.len() > ROW_BYTES_MAX;
        let fields = if too_long {
            Err(("ROW_TOO_LONG", "the row is longer than any row may be"))
        } else {
            self.fields(text)
        };
        let fields = fields.map_err(|(code, detail)| RowError::new(line, code, detail));
        Some(Row { line, fields })
    }

    fn fields(&self, text: &[u8]) -> Result<Fields, (&'static str, &'static str)> {
        let text =
            std::str::from_utf8(text).map_err(|_| ("NOT_UTF8", "the row is not valid UTF-8"))?;
        let not_an_object = ("NOT_AN_OBJECT", "the row is not one JSON object");
        let object = match serde_json::from_str(text) {
            Ok(Unique(Value::Object(object))) => object,
            // The one thing that is wrong with data of any shape.
            Err(error) if error.is_data() => {
                return Err(("DUPLICATE_FIELD", "a field stands there twice"));
            }
            _ => return Err(not_an_object),
        };
        let mut fields = Fields::default();
        for (name, value) in members(object) {
            let meaning =
                self.columns.meaning(&name).map_err(|detail| ("FIELD_UNKNOWN", detail))?;
            let Some(meaning) = meaning else { continue };
            match value {
                Value::Null => (),
                Value::String(text) => fields.put(&meaning, text),
                Value::Bool(value) => fields.put(&meaning, value.to_string()),
                // The zeros in front and the digits behind the sixteenth are lost already.
                Value::Number(_) if meaning == Meaning::Field(Field::Sku) => {
                    return Err((
                        "SKU_NOT_TEXT",
                        "the SKU is a number: send it as text, in quotes",
                    ));
                }
                Value::Number(number) => fields.put(&meaning, number.to_string()),
                _ => return Err(("WRONG_TYPE", "a field is neither a string nor a number")),
            }
        }
        Ok(fields)
    }
}

/// The members of a row; those of `attributes` have its name before theirs.
fn members(object: Map<String, Value>) -> impl Iterator<Item = (String, Value)> {
    object.into_iter().flat_map(|(name, value)| match value {
        Value::Object(inner) if name == "attributes" => {
            inner.into_iter().map(|(name, value)| (format!("attributes.{name}"), value)).collect()
        }
        value => vec![(name, value)],
    })
}
