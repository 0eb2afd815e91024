//! A catalogue from a file, read as it comes: a bad row is named and never spoils the others.
//!
//! The same code serves `POST …/products/import`, `kirana import catalogue` behind it, and the demo
//! store. Rows are committed in chunks, so a file of any length needs a bounded memory, and what
//! was committed before a break stays: sending the file again changes only what is new.

pub(crate) mod columns;
mod csv_rows;
mod ndjson_rows;
mod row;
#[cfg(test)]
mod tests;

use crate::http::body;
use crate::http::problem::{Problem, table};
use axum::body::Body;
use columns::{Columns, Options};
use csv_rows::CsvRows;
use kirana_domain::{CatalogueCommand, NewProduct, Principal, StoreId};
use kirana_engine::{Command, Engine, Outcome, Request, SubmitError};
use ndjson_rows::NdjsonRows;
use row::Parser;
use serde::Serialize;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Bytes of one row.
const ROW_BYTES_MAX: usize = 64 * 1_024;
/// Rows of one commit.
const CHUNK_ROWS: usize = 200;
/// Refused rows that are named; more are only counted.
const ERRORS_MAX: usize = 20_000;
/// Longest silence of the sender.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Longest time of one commit, and its tries when the engine is busy.
const COMMIT_MAX: Duration = Duration::from_secs(30);
const COMMIT_TRIES: u32 = 20;

/// The format of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `text/csv`
    Csv,
    /// `application/x-ndjson`
    Ndjson,
}

/// The target of an import, and its limits.
pub(crate) struct Target<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The person who imports.
    pub by: Principal,
    /// The store.
    pub store_id: StoreId,
    /// Bytes of the file.
    pub bytes_max: u64,
    /// Rows of the file.
    pub rows_max: u64,
}

/// A row that was refused, or of which a part was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RowError {
    /// The first physical line of the row; the first line of the file is 1.
    pub line: u64,
    /// Code for programs.
    pub code: &'static str,
    /// The expectation, for people.
    pub detail: &'static str,
    /// The line that said the same before, for a repeated row.
    pub first_line: Option<u64>,
}

impl RowError {
    fn new(line: u64, code: &'static str, detail: &'static str) -> Self {
        Self { line, code, detail, first_line: None }
    }
}

/// The result of an import. `accepted + refused` is the number of rows.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Rows that are products of the store now.
    pub accepted: u64,
    /// Accepted rows that changed nothing.
    pub unchanged: u64,
    /// Rows that were refused.
    pub refused: u64,
    /// The refused rows by line.
    pub errors: Vec<RowError>,
    /// Refused rows that are not listed any more.
    pub errors_omitted: u64,
    /// Accepted rows of which a part was left out, by line.
    pub notes: Vec<RowError>,
    /// The position in the log that made all of it true.
    pub lsn: u64,
}

impl Report {
    fn refuse(&mut self, error: RowError) {
        self.refused += 1;
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(error);
        } else {
            self.errors_omitted += 1;
        }
    }
}

/// Moves `start` behind the byte order marks that a file begins with: some programs write one, and
/// files that two of them have touched have two. False while more is needed to tell.
fn skip_marks(buffer: &[u8], start: &mut usize, end: bool) -> bool {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    while let Some(rest) = buffer[*start..].strip_prefix(MARK) {
        *start = buffer.len() - rest.len();
    }
    end || !MARK.starts_with(&buffer[*start..])
}

/// The rows of a file, one format or the other.
enum Rows {
    Csv(CsvRows),
    Ndjson(NdjsonRows),
}

/// One row: where it begins, and its fields.
struct Row {
    line: u64,
    fields: Result<columns::Fields, RowError>,
}

impl Rows {
    fn new(format: Format, options: Options) -> Self {
        match format {
            Format::Csv => Self::Csv(CsvRows::new(options)),
            Format::Ndjson => Self::Ndjson(NdjsonRows::new(Columns::of_ndjson(options))),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Csv(rows) => rows.push(bytes),
            Self::Ndjson(rows) => rows.push(bytes),
        }
    }

    /// The next whole row; at the `end` of the file what is left is a row too.
    fn next(&mut self, end: bool) -> Result<Option<Row>, Problem> {
        match self {
            Self::Csv(rows) => rows.next(end),
            Self::Ndjson(rows) => Ok(rows.next(end)),
        }
    }
}

/// Imports a file.
///
/// # Errors
/// A reason that stops the whole import: unusable columns, a limit that was passed, a body that
/// broke off, an engine that refuses. Its members say how many rows were committed before.
pub(crate) async fn run(
    target: &Target<'_>,
    format: Format,
    options: Options,
    mut file: Body,
) -> Result<Report, Problem> {
    let mut import = Import {
        parser: Parser::new(target.engine, target.store_id, options.default_gst),
        target,
        chunk: Vec::with_capacity(CHUNK_ROWS),
        report: Report { lsn: target.engine.stats().lsn.0, ..Report::default() },
    };
    let outcome = import.read(Rows::new(format, options), &mut file).await;
    match outcome {
        Ok(()) => Ok(import.report),
        Err(problem) => {
            body::drain(file);
            Err(problem
                .member("accepted", import.report.accepted)
                .member("refused", import.report.refused))
        }
    }
}

struct Import<'a> {
    target: &'a Target<'a>,
    parser: Parser,
    chunk: Vec<NewProduct>,
    report: Report,
}

impl Import<'_> {
    async fn read(&mut self, mut rows: Rows, file: &mut Body) -> Result<(), Problem> {
        let mut bytes = 0;
        while let Some(piece) = body::next(file, Instant::now() + SILENCE_MAX).await? {
            bytes += piece.len() as u64;
            if bytes > self.target.bytes_max {
                return Err(body::too_large());
            }
            // A piece may be large: it goes in by parts, so that the buffer stays small.
            for part in piece.chunks(ROW_BYTES_MAX) {
                rows.push(part);
                self.take_rows(&mut rows, false).await?;
            }
        }
        self.take_rows(&mut rows, true).await?;
        self.commit().await
    }

    async fn take_rows(&mut self, rows: &mut Rows, end: bool) -> Result<(), Problem> {
        while let Some(Row { line, fields }) = rows.next(end)? {
            if self.report.accepted + self.report.refused + self.chunk.len() as u64
                >= self.target.rows_max
            {
                self.commit().await?;
                return Err(Problem::new(&table::IMPORT_TOO_LONG));
            }
            match fields.and_then(|fields| self.parser.product(line, &fields)) {
                Ok((product, note)) => {
                    self.chunk.push(product);
                    let has_room = self.report.notes.len() < ERRORS_MAX;
                    self.report.notes.extend(note.filter(|_| has_room));
                }
                Err(error) => self.report.refuse(error),
            }
            if self.chunk.len() == CHUNK_ROWS {
                self.commit().await?;
            }
        }
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), Problem> {
        let products = std::mem::take(&mut self.chunk);
        if products.is_empty() {
            return Ok(());
        }
        let count = products.len() as u64;
        let store_id = self.target.store_id;
        let receipt =
            self.submit(CatalogueCommand::DefineProducts { store_id, products }.into()).await?;
        let changed = match receipt.outcome {
            Outcome::Catalogue { changed } => changed as u64,
            _ => count,
        };
        self.report.accepted += count;
        self.report.unchanged += count.saturating_sub(changed);
        self.report.lsn = self.report.lsn.max(receipt.lsn.0);
        Ok(())
    }

    /// Waits while the engine is busy with orders: an import is in no hurry.
    async fn submit(&self, command: Command) -> Result<kirana_engine::Receipt, Problem> {
        let mut tries = 0;
        loop {
            let request = Request {
                by: self.target.by,
                key: None,
                command: command.clone(),
                deadline: Some(Instant::now() + COMMIT_MAX),
            };
            match self.target.engine.submit(request).await {
                Err(SubmitError::Overloaded | SubmitError::CallerBusy) if tries < COMMIT_TRIES => {
                    tries += 1;
                    sleep(Duration::from_millis(50)).await;
                }
                outcome => return outcome.map_err(Problem::from),
            }
        }
    }
}
