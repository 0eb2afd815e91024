//! Tables as text: NDJSON, and CSV by RFC 4180. Times are RFC 3339.

use super::Rows;
use crate::rfc3339::Rfc3339;
use kirana_engine::tools::export::{Cell, Table};
use std::io::{self, BufWriter, Write};

const BUFFER_BYTES: usize = 256 * 1_024;

/// A JSON object a line; empty cells are null.
pub(super) struct Ndjson<W: Write> {
    table: Table,
    out: BufWriter<W>,
}

impl<W: Write> Ndjson<W> {
    pub(super) fn new(table: Table, out: W) -> Self {
        Self { table, out: BufWriter::with_capacity(BUFFER_BYTES, out) }
    }
}

impl<W: Write> Rows for Ndjson<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let out = &mut self.out;
        let mut before = "{\"";
        for (column, cell) in self.table.columns().iter().zip(cells) {
            write!(out, "{before}{}\":", column.name)?;
            before = ",\"";
            match cell {
                Cell::Empty => out.write_all(b"null")?,
                Cell::Text(text) => serde_json::to_writer(&mut *out, text)?,
                Cell::Id(id) => write!(out, "\"{}\"", id.hyphenated())?,
                Cell::Int(number) => write!(out, "{number}")?,
                Cell::Time(at_ms) => write!(out, "\"{}\"", Rfc3339(*at_ms))?,
            }
        }
        out.write_all(b"}\n")
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

/// RFC 4180: a line of names, lines that end in CR LF, quotes where they are needed.
pub(super) struct Csv<W: Write> {
    out: BufWriter<W>,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(table: Table, out: W) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, out);
        let names: Vec<_> = table.columns().iter().map(|column| column.name).collect();
        write!(out, "{}\r\n", names.join(","))?;
        Ok(Self { out })
    }
}

impl<W: Write> Rows for Csv<W> {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        let out = &mut self.out;
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                out.write_all(b",")?;
            }
            match cell {
                Cell::Empty => (),
                Cell::Text(text) if text.contains([',', '"', '\r', '\n']) => {
                    write!(out, "\"{}\"", text.replace('"', "\"\""))?;
                }
                Cell::Text(text) => out.write_all(text.as_bytes())?,
                Cell::Id(id) => write!(out, "{}", id.hyphenated())?,
                Cell::Int(number) => write!(out, "{number}")?,
                Cell::Time(at_ms) => write!(out, "{}", Rfc3339(*at_ms))?,
            }
        }
        out.write_all(b"\r\n")
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}
