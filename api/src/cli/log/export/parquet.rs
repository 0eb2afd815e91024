//! Tables as Apache Parquet: every column may be empty, texts are UTF-8, times are milliseconds in
//! UTC, pages are snappy. A row group has at most 100,000 rows, so memory stays bounded.

use super::Rows;
use ::parquet::basic::Compression;
use ::parquet::column::writer::ColumnWriter;
use ::parquet::data_type::ByteArray;
use ::parquet::errors::ParquetError;
use ::parquet::file::properties::WriterProperties;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::parser::parse_message_type;
use bytes::Bytes;
use kirana_engine::tools::export::{Cell, Kind, Table};
use std::io::{self, Write};
use std::sync::Arc;

const GROUP_ROWS_MAX: usize = 100_000;

/// The cells of a column that wait for their row group.
struct Waiting {
    /// 1 where there is a value, 0 where the cell is empty.
    levels: Vec<i16>,
    numbers: Vec<i64>,
    /// All texts, one after the other, and where each ends.
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A writer of one Parquet file.
pub(super) struct Parquet {
    writer: SerializedFileWriter<Box<dyn Write + Send>>,
    columns: Vec<Waiting>,
    rows: usize,
}

fn said(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(error) => io::Error::other(error),
        },
        error => io::Error::other(error),
    }
}

fn schema(table: Table) -> String {
    let column = |column: &kirana_engine::tools::export::Column| {
        let name = column.name;
        match column.kind {
            Kind::Text => format!("optional binary {name} (STRING);"),
            Kind::Int => format!("optional int64 {name};"),
            Kind::Time => format!("optional int64 {name} (TIMESTAMP(MILLIS,true));"),
        }
    };
    let columns: String = table.columns().iter().map(column).collect();
    format!("message {} {{ {columns} }}", table.name())
}

impl Parquet {
    pub(super) fn new(table: Table, out: Box<dyn Write + Send>) -> io::Result<Self> {
        let schema = Arc::new(parse_message_type(&schema(table)).map_err(said)?);
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by(concat!("kirana ", env!("CARGO_PKG_VERSION")).to_owned())
            .build();
        let writer = SerializedFileWriter::new(out, schema, Arc::new(properties)).map_err(said)?;
        let waiting = || Waiting {
            levels: Vec::new(),
            numbers: Vec::new(),
            text: Vec::new(),
            ends: Vec::new(),
        };
        let columns = table.columns().iter().map(|_| waiting()).collect();
        Ok(Self { writer, columns, rows: 0 })
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        for waiting in &mut self.columns {
            let mut column = group.next_column()?.expect("a writer for each column");
            match column.untyped() {
                ColumnWriter::Int64ColumnWriter(writer) => {
                    writer.write_batch(&waiting.numbers, Some(&waiting.levels), None)?;
                }
                ColumnWriter::ByteArrayColumnWriter(writer) => {
                    let texts = waiting.texts();
                    writer.write_batch(&texts, Some(&waiting.levels), None)?;
                }
                _ => unreachable!("columns are numbers or texts"),
            }
            column.close()?;
            waiting.clear();
        }
        group.close()?;
        self.rows = 0;
        Ok(())
    }
}

impl Waiting {
    fn push(&mut self, cell: &Cell<'_>) {
        self.levels.push(i16::from(*cell != Cell::Empty));
        match cell {
            Cell::Empty => return,
            Cell::Int(number) | Cell::Time(number) => {
                self.numbers.push(*number);
                return;
            }
            Cell::Text(text) => self.text.extend_from_slice(text.as_bytes()),
            Cell::Id(id) => {
                let mut buffer = uuid::Uuid::encode_buffer();
                let text = id.hyphenated().encode_lower(&mut buffer);
                self.text.extend_from_slice(text.as_bytes());
            }
        }
        self.ends.push(self.text.len());
    }

    /// The texts, as parts of one piece of memory.
    fn texts(&mut self) -> Vec<ByteArray> {
        let all = Bytes::from(std::mem::take(&mut self.text));
        let mut start = 0;
        let text = |end: &usize| {
            let text = all.slice(start..*end);
            start = *end;
            ByteArray::from(text)
        };
        self.ends.iter().map(text).collect()
    }

    fn clear(&mut self) {
        self.levels.clear();
        self.numbers.clear();
        self.ends.clear();
    }
}

impl Rows for Parquet {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()> {
        for (waiting, cell) in self.columns.iter_mut().zip(cells) {
            waiting.push(cell);
        }
        self.rows += 1;
        if self.rows == GROUP_ROWS_MAX {
            self.write_group().map_err(said)?;
        }
        Ok(())
    }

    fn end(mut self: Box<Self>) -> io::Result<()> {
        if self.rows > 0 {
            self.write_group().map_err(said)?;
        }
        self.writer.close().map(|_| ()).map_err(said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_a_schema_that_parses() {
        for table in Table::ALL {
            let parsed = parse_message_type(&schema(*table)).unwrap();
            assert_eq!(parsed.get_fields().len(), table.columns().len());
        }
    }
}
