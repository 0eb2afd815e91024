//! `kirana log export`: the log as tables, for whoever counts elsewhere.

#[cfg(feature = "parquet")]
mod parquet;
mod text;

use super::out::Out;
use super::{LogOf, end_of, lsn, render, until, with_bar};
use crate::cli::Failure;
use crate::output::counted;
use crate::rfc3339;
use clap::{Args, ValueEnum};
use kirana_domain::Record;
use kirana_engine::tools::Until;
use kirana_engine::tools::export::{Cell, Exported, Since, Table, export};
use serde_json::json;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

/// Export orders, their lines, records, movements of stock, or money.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  kirana log export --table orders --format csv > orders.csv\n  \
    kirana log export --format parquet --to exported/\n  \
    kirana log export --table stock --from 2026-11-01T00:00:00Z --to stock.ndjson\n\n\
    Tables: orders (one row each, as they are at the end), lines (as they were placed), records\n\
    (with all that they say, as JSON in the column fields),\n\
    stock (what each record did to the counts of a product), payments (charges, refunds, cash).\n\
    Amounts are paise. Without --table all of them go into a directory."
)]
pub(super) struct ExportArgs {
    /// Table to export.
    #[arg(long, value_name = "TABLE", value_parser = table)]
    table: Option<Table>,
    /// Format of the table.
    #[arg(long, value_enum, default_value = "ndjson")]
    format: Format,
    /// From that record or time on; orders, if they were placed from then on.
    #[arg(long, value_name = "LSN|TIME", value_parser = since)]
    from: Option<Since>,
    /// Up to that record or time.
    #[arg(long, value_name = "LSN|TIME", value_parser = until)]
    until: Option<Until>,
    /// A file, or a directory that is there; standard output unless told otherwise.
    #[arg(short = 'o', long = "to", value_name = "FILE|DIR")]
    to: Option<PathBuf>,
    #[command(flatten)]
    of: LogOf,
}

/// The format of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A JSON object a line.
    Ndjson,
    /// RFC 4180, with a line of names.
    Csv,
    /// Apache Parquet.
    Parquet,
}

impl Format {
    fn extension(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
        }
    }
}

fn table(text: &str) -> Result<Table, String> {
    let found = Table::ALL.iter().find(|table| table.name() == text);
    found.copied().ok_or_else(|| {
        let names: Vec<_> = Table::ALL.iter().map(|table| table.name()).collect();
        format!("a table is one of {}", names.join(", "))
    })
}

/// The number of a record, or a time, to begin with.
pub(super) fn since(text: &str) -> Result<Since, String> {
    if let Ok(lsn) = lsn(text) {
        return Ok(Since::Lsn(lsn));
    }
    rfc3339::parse(text).map(Since::Time).ok_or_else(|| {
        "give the number of a record, or a time such as 2026-11-26T06:00:00Z".to_owned()
    })
}

/// Something that takes the rows of a table.
trait Rows {
    fn row(&mut self, cells: &[Cell<'_>]) -> io::Result<()>;
    /// After the last row.
    fn end(self: Box<Self>) -> io::Result<()>;
}

fn rows_into(
    format: Format,
    table: Table,
    out: Box<dyn Write + Send>,
) -> Result<Box<dyn Rows>, Failure> {
    match format {
        Format::Ndjson => Ok(Box::new(text::Ndjson::new(table, out))),
        Format::Csv => text::Csv::new(table, out)
            .map(|csv| Box::new(csv) as Box<dyn Rows>)
            .map_err(|error| Failure::Refused(format!("cannot write: {error}"))),
        #[cfg(feature = "parquet")]
        Format::Parquet => parquet::Parquet::new(table, out)
            .map(|parquet| Box::new(parquet) as Box<dyn Rows>)
            .map_err(|error| Failure::Refused(format!("cannot write: {error}"))),
        #[cfg(not(feature = "parquet"))]
        Format::Parquet => Err(no_parquet()),
    }
}

#[cfg(not(feature = "parquet"))]
fn no_parquet() -> Failure {
    Failure::Refused(
        "this program was built without Parquet: build it with --features parquet, or export csv"
            .to_owned(),
    )
}

pub(super) fn run(args: &ExportArgs) -> Result<(), Failure> {
    #[cfg(not(feature = "parquet"))]
    if args.format == Format::Parquet {
        return Err(no_parquet());
    }
    let to = args.to.as_deref();
    let is_dir = to.is_some_and(Path::is_dir);
    match (args.table, to) {
        (None, _) if !is_dir => Err(Failure::Usage(
            "say which --table, or give a directory for all of them with --to".to_owned(),
        )),
        (_, None) if args.format == Format::Parquet => {
            Err(Failure::Usage("Parquet is written to a file: give one with --to".to_owned()))
        }
        (Some(table), None) => to_stdout(args, table),
        (Some(table), Some(to)) => to_files(args, &[table], to),
        (None, Some(to)) => to_files(args, Table::ALL, to),
        (None, None) => unreachable!("without a directory there is a table"),
    }
}

fn to_stdout(args: &ExportArgs, table: Table) -> Result<(), Failure> {
    let opened = args.of.open()?;
    end_of(&opened, args.until)?;
    let done = with_rows(args, &opened, table, Box::new(io::stdout()));
    match done {
        // Whoever read it has had enough.
        Err(Stopped::Write(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => done.map(|_| ()).map_err(|stopped| stopped.failure("standard output")),
    }
}

fn to_files(args: &ExportArgs, tables: &[Table], to: &Path) -> Result<(), Failure> {
    let path_of = |table: &Table| {
        if to.is_dir() {
            to.join(format!("{}.{}", table.name(), args.format.extension()))
        } else {
            to.to_owned()
        }
    };
    // Said before a long look at the log, and before any of several files is written.
    tables.iter().try_for_each(|table| refuse_existing(&path_of(table)))?;
    let opened = args.of.open()?;
    end_of(&opened, args.until)?;
    let mut out = Out::new();
    for table in tables {
        let path = path_of(table);
        let exported = to_file(args, &opened, *table, &path)?;
        let (shown, Exported { rows, through }) = (path.display().to_string(), exported);
        _ = if args.of.is_json() {
            out.json(&json!({
                "table": table.name(), "file": shown, "rows": rows, "through_lsn": through.0,
            }))
        } else {
            out.line(format!("{shown}: {}, up to record {through}", counted(rows, "row")))
        };
    }
    _ = out.flush();
    Ok(())
}

/// A file has its name once it is whole, and never takes the place of another. What is there and is
/// no file, such as a pipe or a device, is written to as it is.
fn to_file(
    args: &ExportArgs,
    opened: &super::OpenLog,
    table: Table,
    path: &Path,
) -> Result<Exported, Failure> {
    let shown = path.display().to_string();
    let said = |stopped: Stopped| stopped.failure(&shown);
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let there = File::options().write(true).open(path);
        let there = there.map_err(|error| said(Stopped::Write(error)))?;
        return with_rows(args, opened, table, Box::new(there)).map_err(said);
    }
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".new");
    let unfinished = PathBuf::from(unfinished);
    let file = File::create(&unfinished).map_err(|error| said(Stopped::Write(error)))?;
    let done = with_rows(args, opened, table, Box::new(file)).and_then(|exported| {
        // It may have come while this one was written.
        refuse_existing(path).map_err(Stopped::Read)?;
        fs::rename(&unfinished, path).map_err(Stopped::Write)?;
        Ok(exported)
    });
    done.map_err(|stopped| {
        _ = fs::remove_file(&unfinished);
        said(stopped)
    })
}

fn refuse_existing(path: &Path) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_file() || there.is_symlink() => {
            let shown = path.display();
            let why = format!("{shown} is there already: name another file, or remove it");
            Err(Failure::Refused(why))
        }
        _ => Ok(()),
    }
}

/// The reason of an export that stopped.
enum Stopped {
    Read(Failure),
    Write(io::Error),
}

impl Stopped {
    fn failure(self, to: &str) -> Failure {
        match self {
            Self::Read(failure) => failure,
            Self::Write(error) => Failure::Refused(format!("cannot write to {to}: {error}")),
        }
    }
}

fn with_rows(
    args: &ExportArgs,
    opened: &super::OpenLog,
    table: Table,
    out: Box<dyn Write + Send>,
) -> Result<Exported, Stopped> {
    let mut rows = rows_into(args.format, table, out).map_err(Stopped::Read)?;
    let window = (args.from.unwrap_or(Since::Start), args.until.unwrap_or(Until::End));
    let mut refused = None;
    let exported = with_bar(opened, table.name(), |log| {
        let say = |lsn, record: &Record| render::record(lsn, record)["fields"].to_string();
        export(log, table, window, &say, &mut |cells| match rows.row(cells) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                refused = Some(error);
                ControlFlow::Break(())
            }
        })
    });
    if let Some(error) = refused {
        return Err(Stopped::Write(error));
    }
    let exported = exported.map_err(Stopped::Read)?;
    rows.end().map_err(Stopped::Write)?;
    Ok(exported)
}

#[cfg(test)]
mod tests;
