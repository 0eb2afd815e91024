//! `kirana log explain`: the records behind a number, as a ledger that ends in the number.

mod order;
mod stock;

use super::{LogOf, lsn, order_ref, until};
use crate::cli::Failure;
use clap::{Args, Subcommand};
use kirana_domain::{Event, Lsn, Principal};
use kirana_engine::tools::Until;
use kirana_engine::tools::find::OrderRef;

/// Say what is behind a number: each record, with running totals.
#[derive(Debug, Args)]
pub(super) struct ExplainArgs {
    #[command(subcommand)]
    command: ExplainCommand,
}

#[derive(Debug, Subcommand)]
enum ExplainCommand {
    Stock(StockArgs),
    Order(OrderArgs),
}

/// Each record that moved the units of a product, and the counts after it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log explain stock TUR MILK-500\n  \
    kirana log explain stock 0198d0e0-7e57-7000-8000-000000000001 MILK-500 \
    --until 2026-11-26T06:00:00Z\n\n\
    Exit code 1 if the stock law does not hold after one of the records, which is named.")]
struct StockArgs {
    /// The store, by its id or code.
    store: String,
    /// The product, by its id or SKU.
    product: String,
    /// The first record to show; what was before it is the opening.
    #[arg(long, value_name = "LSN", value_parser = lsn)]
    from: Option<Lsn>,
    /// The last record to look at, or the time of it.
    #[arg(long, value_name = "LSN|TIME", value_parser = until)]
    until: Option<Until>,
    #[command(flatten)]
    of: LogOf,
}

/// Each record about an order, how the order stood after it, and its money.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log explain order TUR-000002\n  \
    kirana log explain order 0198d0e0-7e57-7000-8000-0000000000a1 --output json")]
struct OrderArgs {
    /// The order, by its id or number.
    #[arg(value_name = "ID|NUMBER", value_parser = order_ref)]
    order: OrderRef,
    /// The last record to look at, or the time of it.
    #[arg(long, value_name = "LSN|TIME", value_parser = until)]
    until: Option<Until>,
    #[command(flatten)]
    of: LogOf,
}

pub(super) fn run(args: &ExplainArgs) -> Result<(), Failure> {
    match &args.command {
        ExplainCommand::Stock(args) => stock::run(args),
        ExplainCommand::Order(args) => order::run(args),
    }
}

/// Returns the name of a fact in a story.
fn what(event: &Event) -> &'static str {
    event.word().unwrap_or_else(|| event.kind())
}

/// Names a person in a few letters: the role, and the end of the id.
fn who(by: &Principal) -> String {
    let id = by.person_id.0.simple().to_string();
    if by.person_id.0.is_nil() {
        return by.role.name().to_owned();
    }
    format!("{} …{}", by.role.name(), &id[id.len() - 6..])
}
