//! `kirana log show`: records, by their number or by their order.

use super::out::Out;
use super::{LogOf, lsn, order_ref, render, with_bar};
use crate::cli::Failure;
use clap::Args;
use kirana_domain::{Lsn, Record};
use kirana_engine::tools::find::{self, OrderRef};
use kirana_engine::tools::{Log, ToolError, Until};
use kirana_storage::{JournalReader, hex};
use serde_json::{Value, json};
use std::ops::ControlFlow;

/// Show records, with all that they say.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log show 42 --count 3 --data /var/lib/kirana\n  \
    kirana log show --order TUR-000002 --output json\n\n\
    With --output json each record is one line. What is sealed with a person's key stays sealed.")]
#[group(id = "which", required = true, multiple = false, args = ["lsn", "order"])]
pub(super) struct ShowArgs {
    /// The number of the record.
    #[arg(value_name = "LSN", value_parser = lsn)]
    lsn: Option<Lsn>,
    /// So many records from there on.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "order")]
    count: u64,
    /// All records about an order, by its id or number.
    #[arg(long, value_name = "ID|NUMBER", value_parser = order_ref)]
    order: Option<OrderRef>,
    /// Also the batch that the record is in, with its place in the chain.
    #[arg(long)]
    frame: bool,
    #[command(flatten)]
    of: LogOf,
}

pub(super) fn run(args: &ShowArgs) -> Result<(), Failure> {
    let opened = args.of.open()?;
    let mut printer = Printer::new(args.of.is_json(), true);
    let frames = args.frame.then(|| opened.reader());
    let mut print = |lsn: Lsn, record: &Record| -> Result<ControlFlow<()>, ToolError> {
        let mut shown = render::record(lsn, record);
        if let Some(reader) = frames {
            shown["frame"] = frame(reader, lsn)?;
        }
        Ok(printer.record(&shown))
    };
    match (&args.order, args.lsn) {
        (Some(order), _) => with_bar(&opened, "looking for the order", |log| {
            let id = find::order(log, order)?;
            let mut found = 0;
            find::records_of(log, id, Until::End, &mut |lsn, record| {
                found += 1;
                print(lsn, &record)
            })?;
            if found == 0 {
                return Err(ToolError::Unknown(format!("there is no order {id} in this log")));
            }
            Ok(())
        }),
        (None, Some(first)) => {
            let log = Log::new(opened.reader());
            log.check(first)?;
            let last = first.0.saturating_add(args.count.max(1) - 1).min(log.end().0);
            log.records(first, Until::Lsn(Lsn(last)), &mut |lsn, bytes| {
                let record = kirana_engine::decode(bytes);
                print(lsn, &record.map_err(|error| ToolError::Unreadable { lsn, error })?)
            })?;
            Ok(())
        }
        (None, None) => Err(Failure::Usage("give the number of a record, or --order".to_owned())),
    }
}

/// The batch that holds a record, and its place in the chain.
fn frame(reader: &dyn JournalReader, lsn: Lsn) -> Result<Value, ToolError> {
    let Some(frame) = reader.frames(kirana_storage::Lsn(lsn.0)).next().transpose()? else {
        return Ok(Value::Null);
    };
    let header = frame.header();
    Ok(json!({
        "log_id": header.log_id.to_string(),
        "batch": header.batch_number,
        "epoch": header.epoch.0,
        "first_lsn": header.first_lsn.0,
        "records": header.count,
        "bytes": frame.bytes().len(),
        "hash": hex::encode(&frame.hash()),
        "previous_hash": hex::encode(&header.previous_hash),
    }))
}

/// Prints records, for people or for programs.
pub(super) struct Printer {
    pub(super) out: Out,
    is_json: bool,
    /// With the fields below the line of a record.
    is_long: bool,
}

impl Printer {
    pub(super) fn new(is_json: bool, is_long: bool) -> Self {
        Self { out: Out::new(), is_json, is_long }
    }

    pub(super) fn record(&mut self, shown: &Value) -> ControlFlow<()> {
        if self.is_json {
            return self.out.json(shown);
        }
        self.out.line(render::headline(shown))?;
        if !self.is_long {
            return ControlFlow::Continue(());
        }
        for line in render::lines(&shown["fields"], 12) {
            self.out.line(line)?;
        }
        for (name, width) in [("key", 12), ("frame", 12)] {
            let below = render::lines(&shown[name], width + 2);
            if !below.is_empty() {
                self.out.line(format!("{:width$}{name}", ""))?;
            }
            below.into_iter().try_for_each(|line| self.out.line(line))?;
        }
        ControlFlow::Continue(())
    }
}
