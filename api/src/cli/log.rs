//! `kirana log`: what happened, asked of the log itself. The server is stopped, or it is a backup.
//!
//! `kirana_engine::tools` computes; here it is printed. Exit codes: 0 done, 1 refused or damage
//! found, 2 wrong usage.

mod archive;
mod diff;
mod explain;
mod export;
pub(super) mod head;
mod open;
pub(super) mod out;
pub(super) mod proved;
pub(super) mod render;
mod repair;
mod replay;
mod show;
#[cfg(feature = "s3")]
mod store;
#[cfg(not(feature = "s3"))]
#[path = "log/without_store.rs"]
mod store;
mod tail;
mod verify;
mod what_if;

use super::{Failure, Output};
use crate::output::complain;
use crate::rfc3339::{self, Rfc3339};
use clap::{Args, Subcommand};
use kirana_domain::Lsn;
use kirana_engine::tools::find::OrderRef;
use kirana_engine::tools::{Log, ToolError, Until};
use open::OpenLog;
use std::path::PathBuf;

/// Look at a log without the server: show, follow, replay, explain, verify, compare, export.
#[derive(Debug, Args)]
#[command(after_help = "The directory is that of a stopped server, or a backup. It is never \
    written to.\n\nExit codes: 0 done, 1 refused or damage found, 2 wrong usage.")]
pub(super) struct LogArgs {
    #[command(subcommand)]
    command: LogCommand,
}

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a process")]
enum LogCommand {
    Show(show::ShowArgs),
    Tail(tail::TailArgs),
    Replay(replay::ReplayArgs),
    Explain(explain::ExplainArgs),
    Verify(verify::VerifyArgs),
    Diff(diff::DiffArgs),
    Head(head::HeadArgs),
    Keygen(head::KeygenArgs),
    Prove(head::ProveArgs),
    Export(export::ExportArgs),
    #[command(name = "what-if")]
    OtherRule(what_if::WhatIfArgs),
    Archive(archive::ArchiveArgs),
    Repair(repair::RepairArgs),
    Push(store::PushArgs),
    Pull(store::PullArgs),
}

/// The log to look at, and the output format.
#[derive(Debug, Args)]
struct LogOf {
    /// Data directory of a stopped server, or a backup.
    #[arg(long, value_name = "DIR", env = "KIRANA_DATA", default_value = "data")]
    data: PathBuf,
    /// Directory for temporary files, and a copy of the newest part of the log; the
    /// system's directory for temporary files unless told otherwise.
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// Output format.
    #[arg(long, value_enum, default_value = "text")]
    output: Output,
}

impl LogOf {
    fn open(&self) -> Result<OpenLog, Failure> {
        open::open_log(&self.data, self.scratch.as_deref())
    }

    fn is_json(&self) -> bool {
        self.output == Output::Json
    }
}

impl From<ToolError> for Failure {
    fn from(error: ToolError) -> Self {
        Self::Refused(error.to_string())
    }
}

/// Runs one of them.
pub(super) fn run(args: &LogArgs) -> Result<(), Failure> {
    match &args.command {
        LogCommand::Show(args) => show::run(args),
        LogCommand::Tail(args) => tail::run(args),
        LogCommand::Replay(args) => replay::run(args),
        LogCommand::Explain(args) => explain::run(args),
        LogCommand::Verify(args) => verify::run(args),
        LogCommand::Diff(args) => diff::run(args),
        LogCommand::Head(args) => head::run(args),
        LogCommand::Keygen(args) => head::keygen(args),
        LogCommand::Prove(args) => head::prove(args),
        LogCommand::Export(args) => export::run(args),
        LogCommand::OtherRule(args) => what_if::run(args),
        LogCommand::Archive(args) => archive::run(args),
        LogCommand::Repair(args) => repair::run(args),
        LogCommand::Push(args) => store::push(args),
        LogCommand::Pull(args) => store::pull(args),
    }
}

/// Runs `work` on a log, with a bar on a terminal.
fn with_bar<T>(
    log: &OpenLog,
    what: &'static str,
    work: impl FnOnce(&Log<'_>) -> Result<T, ToolError>,
) -> Result<T, Failure> {
    let log = log.for_tools();
    let bar = out::bar(what, log.end());
    let watch = |lsn: Lsn| bar.set_position(lsn.0);
    let done = work(&log.watched(&watch));
    bar.finish_and_clear();
    Ok(done?)
}

/// The number of a record.
fn lsn(text: &str) -> Result<Lsn, String> {
    match text.parse() {
        Ok(lsn @ 1..) => Ok(Lsn(lsn)),
        _ => Err("give the number of a record: 1, 2, 3 and on".to_owned()),
    }
}

/// The number of a record, or a time.
fn until(text: &str) -> Result<Until, String> {
    if let Ok(lsn @ 1..) = text.parse() {
        return Ok(Until::Lsn(Lsn(lsn)));
    }
    rfc3339::parse(text).map(Until::Time).ok_or_else(|| {
        "give the number of a record, or a time such as 2026-11-26T06:00:00Z".to_owned()
    })
}

/// Returns the end that a command was given, and says which record it is where times fall.
fn end_of(opened: &OpenLog, until: Option<Until>) -> Result<Until, Failure> {
    let until = until.unwrap_or(Until::End);
    if let Until::Time(at_ms) = until
        && let Some(said) = where_times_fall(&opened.for_tools(), at_ms)?
    {
        complain(&said);
    }
    Ok(until)
}

/// Returns the sentence about a moment in a log whose times fall before it.
pub(super) fn where_times_fall(log: &Log<'_>, at_ms: i64) -> Result<Option<String>, ToolError> {
    let until = Until::Time(at_ms);
    let Some(fall) = log.first_fall(until)? else { return Ok(None) };
    let (last, moment) = (log.position(until)?, Rfc3339(at_ms));
    Ok(Some(format!(
        "record times fall at {fall}, as a clock was wrong there: the last record not later than \
         {moment} is {last}, and some before it may be later"
    )))
}

/// An order by its id or number.
fn order_ref(text: &str) -> Result<OrderRef, String> {
    OrderRef::parse(text)
        .ok_or_else(|| "give the id of an order, or its number such as TUR-000002".to_owned())
}
