//! CSV (RFC 4180) read row by row from pieces of a file, with damage kept to its own line.
//!
//! Our own reader, because a quote that is never closed would make the rest of a file one row for
//! any other: when a row that spans lines turns out wrong, its first physical line is refused and
//! reading goes on with the next line.

use super::columns::{Columns, Options};
use super::{ROW_BYTES_MAX, Row, RowError, skip_marks};
use crate::http::problem::{FieldError, Problem, table};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At the beginning of a field.
    FieldStart,
    /// In a field without quotes; a quote inside is a quote.
    Bare,
    /// In a quoted field.
    Quoted,
    /// After a quote in a quoted field: its end, or the first of a pair.
    QuoteSeen,
    /// In a line that is too long to be kept: thrown away up to its end.
    Skipping,
}

/// The rows of a CSV file.
pub(super) struct CsvRows {
    options: Option<Options>,
    columns: Option<Columns>,
    buffer: Vec<u8>,
    /// Start of the row that is being read, and the end of the part that was looked at.
    start: usize,
    scanned: usize,
    state: State,
    /// The physical line that the row begins on, from 1.
    line: u64,
    /// True when a carriage return alone ends a line; the first line of the file decides.
    cr_ends: Option<bool>,
    /// True until the byte order marks in front of the file are behind.
    at_front: bool,
}

impl CsvRows {
    pub(super) fn new(options: Options) -> Self {
        Self {
            options: Some(options),
            columns: None,
            buffer: Vec::new(),
            start: 0,
            scanned: 0,
            state: State::FieldStart,
            line: 1,
            cr_ends: None,
            at_front: true,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.drain(..self.start);
        self.scanned -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(bytes);
    }

    /// The next row after the header; blank lines are no rows.
    pub(super) fn next(&mut self, end: bool) -> Result<Option<Row>, Problem> {
        loop {
            let Some((line, cells)) = self.next_cells(end) else {
                return if end { self.check_header().map(|()| None) } else { Ok(None) };
            };
            match (&self.columns, cells) {
                (Some(columns), cells) => {
                    let fields = cells.map(|cells| columns.fields(cells));
                    return Ok(Some(Row { line, fields }));
                }
                (None, Ok(header)) => {
                    let options = self.options.take().unwrap_or_default();
                    self.columns = Some(Columns::of_header(options, &header)?);
                }
                (None, Err(error)) => return Err(no_header(error.detail)),
            }
        }
    }

    /// A file without a first row is no catalogue.
    fn check_header(&self) -> Result<(), Problem> {
        match self.columns {
            Some(_) => Ok(()),
            None => Err(no_header("the file is empty: its first row names the columns")),
        }
    }

    fn next_cells(&mut self, end: bool) -> Option<(u64, Result<Vec<String>, RowError>)> {
        if self.at_front {
            self.at_front = !skip_marks(&self.buffer, &mut self.start, end);
            self.scanned = self.scanned.max(self.start);
            if self.at_front {
                return None;
            }
        }
        loop {
            let line = self.line;
            let Some(row_end) = self.find_end(end) else {
                let too_long = self.scanned - self.start > ROW_BYTES_MAX;
                if self.state == State::Skipping || !too_long {
                    return None;
                }
                return Some((line, Err(self.refuse_unfinished(line))));
            };
            if self.state == State::Skipping {
                self.consume(row_end);
                continue;
            }
            if self.state == State::Quoted {
                // The file ended inside quotes.
                return Some((line, Err(self.refuse_unfinished(line))));
            }
            let row = trim_line_end(&self.buffer[self.start..row_end]);
            if row.trim_ascii().is_empty() {
                self.consume(row_end);
                continue;
            }
            let cells = self.cells(line, row);
            // A wrong row over several lines: only its first line is surely part of it.
            let first_line_end = self.first_line_end(row_end);
            let spans_lines = first_line_end < row_end;
            self.consume(if cells.is_err() && spans_lines { first_line_end } else { row_end });
            return Some((line, cells));
        }
    }

    /// Finds the end of the row, its line break included; `None` while more is needed.
    fn find_end(&mut self, end: bool) -> Option<usize> {
        use State::{Bare, FieldStart, QuoteSeen, Quoted, Skipping};
        while self.scanned < self.buffer.len() {
            if self.state != Skipping && self.scanned - self.start > ROW_BYTES_MAX {
                return None;
            }
            let byte = self.buffer[self.scanned];
            if self.state != Quoted && matches!(byte, b'\r' | b'\n') {
                let next = self.buffer.get(self.scanned + 1);
                if byte == b'\r' && next.is_none() && !end {
                    return None; // The line feed behind it may still come.
                }
                let cr_ends = byte == b'\r' && next != Some(&b'\n');
                if *self.cr_ends.get_or_insert(cr_ends) && cr_ends {
                    self.scanned += 1;
                    return Some(self.scanned);
                }
            }
            self.scanned += 1;
            self.state = match (self.state, byte) {
                (Quoted, b'"') | (QuoteSeen, b'\r') => QuoteSeen,
                (Quoted, _) | (QuoteSeen | FieldStart, b'"') => Quoted,
                (_, b'\n') => return Some(self.scanned),
                (Skipping, _) => Skipping,
                (_, b',') => FieldStart,
                _ => Bare,
            };
        }
        (end && self.start < self.buffer.len()).then_some(self.buffer.len())
    }

    /// Gives up on a row that is too long or never closes its quote.
    fn refuse_unfinished(&mut self, line: u64) -> RowError {
        let in_quotes = self.state == State::Quoted;
        let first_line_end = self.first_line_end(self.scanned);
        let has_more_lines = first_line_end < self.scanned;
        self.consume(first_line_end);
        if !has_more_lines && self.breaks(&self.buffer[..self.start]).last() != Some(self.start) {
            self.state = State::Skipping;
        }
        if in_quotes || has_more_lines {
            RowError::new(line, "QUOTE_UNCLOSED", "a quote is opened and never closed")
        } else {
            RowError::new(line, "ROW_TOO_LONG", "the row is longer than any row may be")
        }
    }

    fn first_line_end(&self, limit: usize) -> usize {
        let first = self.breaks(&self.buffer[self.start..limit]).next();
        first.map_or(limit, |end| self.start + end)
    }

    /// The ends of the lines in a part of the file, their line breaks included.
    fn breaks<'a>(&self, part: &'a [u8]) -> impl Iterator<Item = usize> + use<'a> {
        let cr_ends = self.cr_ends == Some(true);
        let ends = move |at: usize| match part[at] {
            b'\n' => true,
            b'\r' => cr_ends && part.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        (0..part.len()).filter(move |at| ends(*at)).map(|at| at + 1)
    }

    /// Goes on behind `until`.
    fn consume(&mut self, until: usize) {
        self.line += self.breaks(&self.buffer[self.start..until]).count() as u64;
        self.start = until;
        self.scanned = until;
        self.state = State::FieldStart;
    }

    fn cells(&self, line: u64, row: &[u8]) -> Result<Vec<String>, RowError> {
        let row = std::str::from_utf8(row)
            .map_err(|_| RowError::new(line, "NOT_UTF8", "the row is not valid UTF-8"))?;
        let cells = split(row).ok_or_else(|| {
            RowError::new(line, "QUOTE_MISPLACED", "there is text behind a closing quote")
        })?;
        match &self.columns {
            Some(columns) if columns.count() != cells.len() => Err(RowError::new(
                line,
                "WRONG_COLUMN_COUNT",
                "the row has not as many columns as the first row",
            )),
            _ => Ok(cells),
        }
    }
}

fn no_header(detail: &'static str) -> Problem {
    Problem::new(&table::COLUMNS_INVALID).errors(vec![FieldError::new(
        "",
        "HEADER_UNREADABLE",
        detail,
    )])
}

fn trim_line_end(row: &[u8]) -> &[u8] {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.strip_suffix(b"\r").unwrap_or(row)
}

/// The cells of a row; `None` for text behind a closing quote.
fn split(row: &str) -> Option<Vec<String>> {
    let mut cells = Vec::new();
    let mut rest = row;
    loop {
        let after = if let Some(quoted) = rest.strip_prefix('"') {
            let (cell, after) = unquote(quoted)?;
            cells.push(cell);
            after
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            cells.push(rest[..end].to_owned());
            &rest[end..]
        };
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(cells),
            None => return None,
        }
    }
}

/// The text of a quoted cell whose opening quote is gone, and what follows the closing one.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut cell = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        cell.push_str(before);
        match after.strip_prefix('"') {
            Some(next) => {
                cell.push('"');
                rest = next;
            }
            None => return Some((cell, after)),
        }
    }
}
