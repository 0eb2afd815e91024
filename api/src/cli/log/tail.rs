//! `kirana log tail`: the newest records, and on a live server those that come.

mod follow;

use super::export::since;
use super::show::Printer;
use super::{LogOf, order_ref, render, with_bar};
use crate::cli::Failure;
use crate::rfc3339::{self, Rfc3339};
use clap::Args;
use clap::builder::PossibleValuesParser;
use kirana_domain::{Event, Lsn, OrderId, Record, StoreId};
use kirana_engine::tools::export::Since;
use kirana_engine::tools::find::{self, OrderRef};
use kirana_engine::tools::{Log, ToolError, Until};
use memchr::memmem::Finder;
use serde_json::Value;
use std::collections::{BTreeSet, VecDeque};
use std::ops::ControlFlow;

/// Show the newest records.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log tail -n 50 --data /var/lib/kirana\n  \
    kirana log tail --store TUR --kind order_placed --kind order_cancelled --output json\n  \
    kirana log tail -n 1 --long\n  \
    kirana log tail -n 1000 --since 2026-11-26T09:00:00+05:30 --grep Hawakhana --tz +05:30\n  \
    kirana log tail -f --server http://127.0.0.1:8080 --token \"$TOKEN\"\n\n\
    A record is one line; with --long its fields stand below it.")]
pub(super) struct TailArgs {
    /// So many records.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    count: usize,
    /// Only those about an order, by its id or number.
    #[arg(long, value_name = "ID|NUMBER", value_parser = order_ref)]
    order: Option<OrderRef>,
    /// Only those about a store and its orders, by its id or code.
    #[arg(long, value_name = "ID|CODE")]
    store: Option<String>,
    /// Only those of a kind; several may be given.
    #[arg(long, value_name = "KIND", value_parser = PossibleValuesParser::new(Event::KINDS))]
    kind: Vec<String>,
    /// Only those from that record or time on.
    #[arg(long, value_name = "LSN|TIME", value_parser = since)]
    since: Option<Since>,
    /// Only those in whose line or fields the text stands, in upper or lower case.
    #[arg(long, value_name = "TEXT")]
    grep: Option<String>,
    /// Times at this offset from UTC, such as +05:30.
    #[arg(long, value_name = "OFFSET", default_value = "Z", allow_hyphen_values = true,
        value_parser = offset)]
    tz: i64,
    /// All that a record says, below its line.
    #[arg(long)]
    long: bool,
    /// Go on with what comes, of a live server.
    #[arg(short = 'f', long)]
    follow: bool,
    /// The live server.
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080",
        env = "KIRANA_SERVER",
        requires = "follow"
    )]
    server: String,
    /// An admin's token; without one it is signed with the secret of the data directory.
    #[arg(long, value_name = "TOKEN", env = "KIRANA_TOKEN", hide_env_values = true)]
    token: Option<String>,
    #[command(flatten)]
    of: LogOf,
}

/// The records that are wanted.
struct Filter {
    order: Option<OrderId>,
    store: Option<(StoreId, Finder<'static>)>,
    /// Orders of the store, as far as they were placed: not every fact about one names the store.
    of_store: BTreeSet<OrderId>,
    kinds: Vec<String>,
    since: Option<Since>,
    /// In lower case.
    grep: Option<String>,
    tz: i64,
}

impl Filter {
    fn new(order: Option<OrderId>, store: Option<StoreId>, args: &TailArgs) -> Self {
        Self {
            order,
            store: store.map(|id| (id, Finder::new(id.0.as_bytes()).into_owned())),
            of_store: BTreeSet::new(),
            kinds: args.kind.clone(),
            since: args.since,
            grep: args.grep.as_ref().map(|text| text.to_lowercase()),
            tz: args.tz,
        }
    }

    fn is_open(&self) -> bool {
        let is_of_all = self.order.is_none() && self.store.is_none() && self.kinds.is_empty();
        is_of_all && self.since.is_none() && self.grep.is_none()
    }

    /// Returns a record as it is shown.
    fn shown(&self, lsn: Lsn, record: &Record) -> Value {
        let mut shown = render::record(lsn, record);
        if self.tz != 0 {
            shown["at"] = Value::String(Rfc3339(record.at_ms).at_offset(self.tz));
        }
        shown
    }

    fn wants(&mut self, lsn: Lsn, record: &Record, bytes: &[u8]) -> bool {
        let event = &record.event;
        let is_of_store = self.store.as_ref().is_none_or(|(id, needle)| {
            if let Event::OrderPlaced { order } = event
                && order.store_id == *id
            {
                self.of_store.insert(order.id);
            }
            let is_theirs = |id: OrderId| self.of_store.contains(&id);
            needle.find(bytes).is_some() || event.order_id().is_some_and(is_theirs)
        });
        let is_since = match self.since {
            None | Some(Since::Start) => true,
            Some(Since::Lsn(first)) => lsn >= first,
            Some(Since::Time(at_ms)) => record.at_ms >= at_ms,
        };
        is_of_store
            && is_since
            && self.order.is_none_or(|id| event.mentioned_order() == Some(id))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == event.kind()))
            && self.grep.as_ref().is_none_or(|text| {
                self.shown(lsn, record).to_string().to_lowercase().contains(text)
            })
    }
}

pub(super) fn run(args: &TailArgs) -> Result<(), Failure> {
    if args.follow {
        return run_following(args);
    }
    let opened = args.of.open()?;
    let mut printer = Printer::new(args.of.is_json(), args.long);
    let (filter, newest) = with_bar(&opened, "looking for records", |log| {
        let mut filter = filter(log, args)?;
        let newest = newest(log, &mut filter, args.count)?;
        Ok((filter, newest))
    })?;
    // Read once more, one after the other, so that memory holds positions and not records.
    let log = Log::new(opened.reader());
    match newest {
        Newest::From(first) => {
            log.records(first, Until::End, &mut |lsn, bytes| {
                Ok(printer.record(&filter.shown(lsn, &decoded(lsn, bytes)?)))
            })?;
        }
        Newest::These(lsns) => {
            for lsn in lsns {
                if printer.record(&filter.shown(lsn, &log.record(lsn)?)).is_break() {
                    break;
                }
            }
        }
    }
    Ok(())
}

/// A live server is asked over HTTP, which knows orders and stores by their ids.
fn run_following(args: &TailArgs) -> Result<(), Failure> {
    let wants_id = |what: &str| Failure::Usage(format!("with --follow, {what} is given by its id"));
    let order = match &args.order {
        None => None,
        Some(OrderRef::Id(id)) => Some(*id),
        Some(OrderRef::Number { .. }) => return Err(wants_id("the order")),
    };
    let store = args.store.as_deref().map(uuid::Uuid::parse_str).transpose();
    let store = store.map_err(|_| wants_id("the store"))?.map(StoreId);
    let mut filter = Filter::new(order, store, args);
    let mut printer = Printer::new(args.of.is_json(), args.long);
    follow::follow(args, &mut filter, &mut printer)
}

/// Minutes of an offset from UTC.
fn offset(text: &str) -> Result<i64, String> {
    rfc3339::offset_minutes(text).ok_or_else(|| "give an offset such as +05:30, or Z".to_owned())
}

fn decoded(lsn: Lsn, bytes: &[u8]) -> Result<Record, ToolError> {
    kirana_engine::decode(bytes).map_err(|error| ToolError::Unreadable { lsn, error })
}

fn filter(log: &Log<'_>, args: &TailArgs) -> Result<Filter, ToolError> {
    let store = args.store.as_deref().map(|store| find::store(log, store)).transpose()?;
    let order = args.order.as_ref().map(|order| find::order(log, order)).transpose()?;
    Ok(Filter::new(order, store, args))
}

enum Newest {
    /// All from here on.
    From(Lsn),
    /// These and no others.
    These(VecDeque<Lsn>),
}

fn newest(log: &Log<'_>, filter: &mut Filter, count: usize) -> Result<Newest, ToolError> {
    if filter.is_open() {
        let first = (log.end().0 + 1).saturating_sub(count as u64).max(1);
        return Ok(Newest::From(Lsn(first)));
    }
    let mut found = VecDeque::new();
    let from = match filter.since {
        Some(Since::Lsn(lsn)) if filter.store.is_none() => lsn.min(log.end()),
        _ => Lsn(1),
    };
    log.records(from, Until::End, &mut |lsn, bytes| {
        if filter.wants(lsn, &decoded(lsn, bytes)?, bytes) {
            if found.len() == count {
                found.pop_front();
            }
            if count > 0 {
                found.push_back(lsn);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(Newest::These(found))
}
