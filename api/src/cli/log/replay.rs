//! `kirana log replay`: the state as of then, from the log itself.

mod views;

use super::out::Out;
use super::{LogOf, end_of, order_ref, render, until, with_bar};
use crate::cli::Failure;
use crate::http::json::views::{OrderView, ProductView, StockView};
use clap::Args;
use kirana_domain::{Lsn, PersonId};
use kirana_engine::tools::find::{self, OrderRef};
use kirana_engine::tools::{Log, Replayed, ToolError, Until, explain};
use serde_json::{Value, json};
use std::ops::ControlFlow;
use uuid::Uuid;

/// Show the state as of a record or a time: all of it in figures, or one thing.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  kirana log replay --until 2026-11-26T06:00:00Z\n  \
    kirana log replay --until 5000 --product TUR MILK-500\n  \
    kirana log replay --order TUR-000002 --output json")]
pub(super) struct ReplayArgs {
    /// The last record that counts, or the time of it; the last one there is unless told otherwise.
    #[arg(long, value_name = "LSN|TIME", value_parser = until)]
    until: Option<Until>,
    /// A product and its counts: the store by id or code, the product by id or SKU.
    #[arg(long, num_args = 2, value_names = ["STORE", "PRODUCT"], group = "which")]
    product: Option<Vec<String>>,
    /// An order, by its id or number.
    #[arg(long, value_name = "ID|NUMBER", value_parser = order_ref, group = "which")]
    order: Option<OrderRef>,
    /// A customer, by their id: orders, carts, what is remembered.
    #[arg(long, value_name = "ID", group = "which")]
    customer: Option<Uuid>,
    /// A store, by its id or code: settings, orders, counts, cash.
    #[arg(long, value_name = "ID|CODE", group = "which")]
    store: Option<String>,
    #[command(flatten)]
    of: LogOf,
}

pub(super) fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let opened = args.of.open()?;
    let until = end_of(&opened, args.until)?;
    let shown = with_bar(&opened, "replaying", |log| shown(log, args, until))?;
    let mut out = Out::new();
    if args.of.is_json() {
        _ = out.json(&shown);
    } else {
        _ = render::lines(&shown, 0).into_iter().try_for_each(|line| out.line(line));
    }
    _ = out.flush();
    Ok(())
}

fn shown(log: &Log<'_>, args: &ReplayArgs, until: Until) -> Result<Value, ToolError> {
    if let Some([store, product]) = args.product.as_deref() {
        return product_then(log, store, product, until);
    }
    if let Some(order) = &args.order {
        return order_then(log, order, until);
    }
    let wanted = args.store.as_deref().map(|store| find::store(log, store)).transpose()?;
    let replayed = log.replay(until)?;
    let unknown = |what: String| {
        ToolError::Unknown(format!("there is no {what} by record {}", replayed.state.lsn))
    };
    let mut shown = match (args.customer, wanted) {
        (Some(id), _) => views::customer(&replayed, PersonId(id))?
            .ok_or_else(|| unknown(format!("customer {id}")))?,
        (None, Some(id)) => {
            views::store(&replayed, id).ok_or_else(|| unknown(format!("store {id}")))?
        }
        (None, None) => {
            let mut shown = views::summary(&replayed);
            shown["digest"] = json!(replayed.state.digest().to_string());
            shown
        }
    };
    as_of(&mut shown, &replayed);
    Ok(shown)
}

fn as_of(shown: &mut Value, replayed: &Replayed) {
    shown["as_of_lsn"] = json!(replayed.state.lsn.0);
    shown["as_of"] = json!(replayed.at_ms.map(render::time));
    let breach = |(lsn, store_id, product_id): &(Lsn, kirana_domain::StoreId, _)| {
        let product_id: &kirana_domain::ProductId = product_id;
        json!({ "lsn": lsn.0, "store_id": store_id.0, "product_id": product_id.0 })
    };
    if !replayed.breaches.is_empty() {
        shown["stock_law_broken"] = replayed.breaches.iter().map(breach).collect();
    }
}

fn product_then(
    log: &Log<'_>,
    store: &str,
    product: &str,
    until: Until,
) -> Result<Value, ToolError> {
    let store_id = find::store(log, store)?;
    let product_id = find::product(log, store_id, product)?;
    let key = (store_id, product_id);
    let all = (Lsn(1), until);
    let ledger = explain::stock(log, key, all, &mut |_| ControlFlow::Continue(()))?;
    let stock = StockView::new(product_id.0, &ledger.closing, ledger.through.0);
    Ok(json!({
        "as_of_lsn": ledger.through.0,
        "store_id": store_id.0,
        "product": ledger.product.as_ref().map(|it| ProductView::new(it, None)),
        "stock": stock,
    }))
}

fn order_then(log: &Log<'_>, order: &OrderRef, until: Until) -> Result<Value, ToolError> {
    let id = find::order(log, order)?;
    let order = explain::order(log, id, until, &mut |_| ControlFlow::Continue(()))?;
    let code = find::code_of(log, order.placed.store_id)?.unwrap_or_else(|| "?".to_owned());
    let view = OrderView { order: &order, store_code: &code, personal: None, rider: None };
    let mut shown = serde_json::to_value(view).unwrap_or_default();
    if let Some(members) = shown.as_object_mut() {
        // What is sealed stays sealed.
        members.remove("delivery_address");
        members.remove("notes");
    }
    Ok(shown)
}
