//! NDJSON: one JSON object a line, with the field names of the CSV file.

use super::columns::{Columns, Fields};
use super::{ROW_BYTES_MAX, Row, RowError};
use serde_json::{Map, Value};

/// The rows of an NDJSON file.
pub(super) struct NdjsonRows {
    columns: Columns,
    buffer: Vec<u8>,
    start: usize,
    line: u64,
    /// In a line that is too long to be kept.
    skipping: bool,
}

impl NdjsonRows {
    pub(super) fn new(columns: Columns) -> Self {
        Self { columns, buffer: Vec::new(), start: 0, line: 1, skipping: false }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next row; blank lines are no rows.
    pub(super) fn next(&mut self, end: bool) -> Option<Row> {
        loop {
            let line = self.line;
            let rest = &self.buffer[self.start..];
            let found = rest.iter().position(|byte| *byte == b'\n');
            let length = match found {
                Some(at) => at,
                None if rest.len() > ROW_BYTES_MAX || (end && !rest.is_empty()) => rest.len(),
                None => return None,
            };
            let text = &rest[..length];
            let row = (!self.skipping).then(|| self.row(line, text));
            self.skipping = found.is_none();
            self.start += length + usize::from(found.is_some());
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
        let object: Map<String, Value> = serde_json::from_str(text)
            .map_err(|_| ("NOT_AN_OBJECT", "the row is not one JSON object"))?;
        let mut fields = Fields::default();
        for (name, value) in object {
            let meaning =
                self.columns.meaning(&name).map_err(|detail| ("FIELD_UNKNOWN", detail))?;
            let Some(field) = meaning else { continue };
            match value {
                Value::Null => (),
                Value::String(text) => fields.set(field, text),
                Value::Number(number) => fields.set(field, number.to_string()),
                _ => return Err(("WRONG_TYPE", "a field is neither a string nor a number")),
            }
        }
        Ok(fields)
    }
}
