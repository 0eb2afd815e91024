//! `kirana log diff`: what is different between two positions; counts first.

use super::out::Out;
use super::{LogOf, lsn, with_bar};
use crate::cli::Failure;
use crate::output::counted;
use clap::Args;
use kirana_domain::{Lsn, Product, Status, Stock, Store};
use kirana_engine::tools::diff::{Diff, OrderDiff, Redefined, StockDiff, diff};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Say what is different in the state after two records.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log diff 1000 2000\n  \
    kirana log diff 1000 2000 --details --output json")]
pub(super) struct DiffArgs {
    /// The earlier record.
    #[arg(value_name = "LSN1", value_parser = lsn)]
    from: Lsn,
    /// The later record.
    #[arg(value_name = "LSN2", value_parser = lsn)]
    to: Lsn,
    /// Also each product, order and definition that differs.
    #[arg(long)]
    details: bool,
    #[command(flatten)]
    of: LogOf,
}

pub(super) fn run(args: &DiffArgs) -> Result<(), Failure> {
    if args.to < args.from {
        return Err(Failure::Usage("give the earlier record first".to_owned()));
    }
    let opened = args.of.open()?;
    let diff = with_bar(&opened, "replaying", |log| diff(log, args.from, args.to))?;
    let mut out = Out::new();
    if args.of.is_json() {
        _ = out.json(&json_of(&diff, args.details));
    } else {
        _ = text_of(&mut out, &diff, args.details);
    }
    _ = out.flush();
    Ok(())
}

/// Counts orders by their move: `new -> placed`.
fn moves(diff: &Diff) -> BTreeMap<(Option<Status>, Status), u64> {
    let mut moves = BTreeMap::new();
    for order in &diff.orders {
        *moves.entry((order.before, order.after)).or_default() += 1;
    }
    moves
}

fn from_name(before: Option<Status>) -> &'static str {
    before.map_or("new", Status::name)
}

/// Each term that differs, as before and after.
fn terms(it: &StockDiff) -> Vec<(&'static str, i64, i64)> {
    let (before, after): (&Stock, &Stock) = (&it.before, &it.after);
    let terms = [
        ("received", before.received, after.received),
        ("returned", before.returned, after.returned),
        ("adjusted", before.adjusted, after.adjusted),
        ("available", before.available, after.available),
        ("held", before.held, after.held),
        ("allocated", before.allocated, after.allocated),
        ("shipped", before.shipped, after.shipped),
    ];
    terms.into_iter().filter(|(_, before, after)| before != after).collect()
}

fn json_of(diff: &Diff, details: bool) -> Value {
    let way = |((before, after), count): ((Option<Status>, Status), u64)| json!({ "from": from_name(before), "to": after.name(), "orders": count });
    let money = &diff.money;
    let mut shown = json!({
        "from": { "lsn": diff.from.0.0, "digest": diff.from.1.to_string() },
        "to": { "lsn": diff.to.0.0, "digest": diff.to.1.to_string() },
        "records": diff.kinds.values().sum::<u64>(),
        "records_by_kind": diff.kinds,
        "products_with_other_counts": diff.stock.len(),
        "orders_moved": moves(diff).into_iter().map(way).collect::<Vec<_>>(),
        "orders_touched": diff.orders_touched,
        "money": {
            "placed_paise": money.placed.0, "captured_paise": money.captured.0,
            "given_back_paise": money.given_back.0, "cash_collected_paise": money.cash_collected.0,
            "cash_handed_over_paise": money.cash_handed_over.0,
        },
        "stores_defined": diff.stores.len(),
        "products_defined": diff.products.len(),
    });
    if details {
        shown["stock"] = diff.stock.iter().map(stock_json).collect();
        shown["orders"] = diff.orders.iter().map(order_json).collect();
        shown["stores"] = diff.stores.iter().map(store_json).collect();
        shown["products"] = diff.products.iter().map(product_json).collect();
    }
    shown
}

fn stock_json(it: &StockDiff) -> Value {
    let term = |(name, before, after): (&str, i64, i64)| {
        (name.to_owned(), json!({ "before": before, "after": after }))
    };
    json!({
        "store_id": it.store_id.0, "product_id": it.product_id.0, "product_name": it.name,
        "terms": terms(it).into_iter().map(term).collect::<serde_json::Map<_, _>>(),
    })
}

fn order_json(it: &OrderDiff) -> Value {
    json!({ "order_id": it.order_id.0, "from": from_name(it.before), "to": it.after.name() })
}

fn store_json(it: &Redefined<Store>) -> Value {
    json!({
        "store_id": it.after.id.0, "code": &*it.after.code, "name": &*it.after.name,
        "is_new": it.before.is_none(),
    })
}

fn product_json(it: &Redefined<Product>) -> Value {
    let before = it.before.as_deref();
    json!({
        "store_id": it.after.store_id.0, "product_id": it.after.id.0, "sku": &*it.after.sku,
        "name": &*it.after.name, "is_new": before.is_none(),
        "price_paise_before": before.map(|product| product.price.0),
        "price_paise": it.after.price.0,
    })
}

fn text_of(out: &mut Out, diff: &Diff, details: bool) -> ControlFlow<()> {
    let ((from, before), (to, after)) = (diff.from, diff.to);
    out.line(format!("from record {from}: digest {before}"))?;
    out.line(format!("  to record {to}: digest {after}"))?;
    out.line(counted(diff.kinds.values().sum(), "record") + " between them")?;
    for (kind, count) in &diff.kinds {
        out.line(format!("{count:>10}  {kind}"))?;
    }
    out.line("orders")?;
    for ((before, after), count) in moves(diff) {
        out.line(format!("{count:>10}  {} -> {}", from_name(before), after.name()))?;
    }
    out.line(format!("{:>10}  touched, and where they were", diff.orders_touched))?;
    out.line("money, in paise")?;
    let money = &diff.money;
    for (name, amount) in [
        ("placed", money.placed),
        ("captured", money.captured),
        ("given back", money.given_back),
        ("cash collected", money.cash_collected),
        ("cash handed over", money.cash_handed_over),
    ] {
        out.line(format!("{:>10}  {name}", amount.0))?;
    }
    out.line(format!("{:>10}  products with other counts", diff.stock.len()))?;
    out.line(format!("{:>10}  products defined", diff.products.len()))?;
    out.line(format!("{:>10}  stores defined", diff.stores.len()))?;
    if details { details_text(out, diff) } else { ControlFlow::Continue(()) }
}

fn details_text(out: &mut Out, diff: &Diff) -> ControlFlow<()> {
    for it in &diff.stock {
        let term = |(name, before, after): (&str, i64, i64)| format!("{name} {before} -> {after}");
        let terms: Vec<_> = terms(it).into_iter().map(term).collect();
        let name = it.name.as_deref().unwrap_or_default();
        out.line(format!("stock    {} {name}: {}", it.product_id, terms.join(", ")))?;
    }
    for it in &diff.orders {
        let (before, after) = (from_name(it.before), it.after.name());
        out.line(format!("order    {}: {before} -> {after}", it.order_id))?;
    }
    for it in &diff.products {
        let price = match &it.before {
            None => format!("new, {}", it.after.price.0),
            Some(before) if before.price == it.after.price => "defined anew".to_owned(),
            Some(before) => format!("price {} -> {}", before.price.0, it.after.price.0),
        };
        out.line(format!("product  {} {}: {price}", it.after.id, &*it.after.name))?;
    }
    for it in &diff.stores {
        let what = if it.before.is_none() { "opened" } else { "changed" };
        out.line(format!("store    {} {}: {what}", it.after.id, &*it.after.name))?;
    }
    ControlFlow::Continue(())
}
