//! `kirana log explain stock`

use super::{StockArgs, what, who};
use crate::cli::Failure;
use crate::cli::log::out::{JsonList, Out};
use crate::cli::log::{end_of, render, with_bar};
use crate::output::counted;
use crate::rfc3339::Rfc3339;
use kirana_domain::{Lsn, Stock};
use kirana_engine::tools::explain::{self, Ledger, Movement};
use kirana_engine::tools::find;
use serde_json::{Value, json};
use std::ops::ControlFlow;

/// The terms of the stock law, those that units are in first.
const TERMS: [&str; 7] =
    ["available", "held", "allocated", "shipped", "received", "returned", "adjusted"];

fn terms(stock: &Stock) -> [i64; 7] {
    let Stock { received, returned, adjusted, available, held, allocated, shipped, .. } = *stock;
    [available, held, allocated, shipped, received, returned, adjusted]
}

pub(super) fn run(args: &StockArgs) -> Result<(), Failure> {
    let opened = args.of.open()?;
    let mut out = Out::new();
    let range = (args.from.unwrap_or(Lsn(1)), end_of(&opened, args.until)?);
    let ledger = with_bar(&opened, "looking for the product", |log| {
        let store_id = find::store(log, &args.store)?;
        let product_id = find::product(log, store_id, &args.product)?;
        let key = (store_id, product_id);
        if args.of.is_json() {
            let head = json!({ "store_id": store_id.0, "product_id": product_id.0 });
            let mut list = JsonList::new(&mut out, &head, "lines");
            let ledger = explain::stock(log, key, range, &mut |it| list.push(&line_json(it)))?;
            list.end(&tail_json(&ledger));
            return Ok(ledger);
        }
        let mut is_begun = false;
        let ledger = explain::stock(log, key, range, &mut |it| {
            if !std::mem::replace(&mut is_begun, true) {
                out.line(heading())?;
                if args.from.is_some() {
                    out.line(opening(it))?;
                }
            }
            out.line(line_text(it))
        })?;
        _ = tail_text(&mut out, &ledger);
        Ok(ledger)
    })?;
    _ = out.flush();
    match ledger.first_breach {
        Some(lsn) => Err(Failure::Refused(format!("the stock law is broken by record {lsn}"))),
        None => Ok(()),
    }
}

fn members(stock: &Stock) -> Value {
    TERMS
        .into_iter()
        .zip(terms(stock))
        .map(|(name, units)| (name.to_owned(), json!(units)))
        .collect()
}

fn line_json(it: &Movement<'_>) -> Value {
    json!({
        "lsn": it.lsn.0,
        "at": render::time(it.record.at_ms),
        "by": render::principal(&it.record.by),
        "event": it.record.event.kind(),
        "order_id": it.order.map(|(id, _)| id.0),
        "order_number": it.order.and_then(|(_, number)| number),
        "change": members(&it.change),
        "after": members(&it.after),
        "law_holds": it.after.law_holds(),
    })
}

fn tail_json(ledger: &Ledger) -> Value {
    json!({
        "product_name": ledger.product.as_ref().map(|product| &*product.name),
        "opening": members(&ledger.opening),
        "closing": members(&ledger.closing),
        "movements": ledger.movements,
        "law_holds": ledger.closing.law_holds(),
        "first_breach_lsn": ledger.first_breach.map(|lsn| lsn.0),
        "as_of_lsn": ledger.through.0,
    })
}

fn heading() -> String {
    let terms: String = TERMS.map(|name| format!("{name:>13}")).concat();
    format!("{:>8}  {:24}  {:32}  {:18}{terms}", "lsn", "when", "what", "who")
}

/// The counts before a movement.
fn opening(it: &Movement<'_>) -> String {
    let before = terms(&it.after).into_iter().zip(terms(&it.change));
    let terms = before.map(|(after, change)| format!("{:>13}", after - change));
    let terms = terms.collect::<Vec<_>>().concat();
    format!("{:8}  {:24}  {:32}  {:18}{terms}", "", "", "before that", "")
}

fn line_text(it: &Movement<'_>) -> String {
    let order = match it.order {
        Some((_, Some(number))) => format!(" {number}"),
        Some((id, None)) => format!(" {id}"),
        None => String::new(),
    };
    let what = format!("{}{order}", what(&it.record.event));
    let terms = terms(&it.after).into_iter().zip(terms(&it.change));
    let term = |(after, change): (i64, i64)| match change {
        0 => format!("{after:>13}"),
        change => format!("{:>13}", format!("{change:+} = {after}")),
    };
    let terms: String = terms.map(term).collect();
    let at = Rfc3339(it.record.at_ms).to_string();
    let broken = if it.after.law_holds() { "" } else { "  the stock law does not hold" };
    format!("{:>8}  {at:24}  {what:32}  {:18}{terms}{broken}", it.lsn.0, who(&it.record.by))
}

fn tail_text(out: &mut Out, ledger: &Ledger) -> ControlFlow<()> {
    let Stock { received, returned, adjusted, available, held, allocated, shipped, .. } =
        ledger.closing;
    let name = ledger.product.as_ref().map_or("the product", |product| &product.name);
    out.line(format!(
        "\n{name} as of record {}: {available} available, by {}",
        ledger.through,
        counted(ledger.movements, "record")
    ))?;
    out.line(format!(
        "received {received} + returned {returned} + adjusted {adjusted} = {}",
        received + returned + adjusted
    ))?;
    out.line(format!(
        "available {available} + held {held} + allocated {allocated} + shipped {shipped} = {}",
        available + held + allocated + shipped
    ))?;
    out.line(match ledger.first_breach {
        None => "the stock law holds after every record".to_owned(),
        Some(lsn) => format!("the stock law is broken by record {lsn}"),
    })
}
