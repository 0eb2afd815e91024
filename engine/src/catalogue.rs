//! Commands about the catalogue and about stock that comes in or is corrected.
//!
//! The domain decides on the catalogue, here under one lock: a command decides when the records of
//! the one before it are applied. Receipts only add and need no lock. An adjustment that takes
//! units away passes the actors of the stock like a basket.

use crate::admission::admit::Ticket;
use crate::admission::command::Outcome;
use crate::admission::message::ShortLine;
use crate::admission::serial_lock::SerialLock;
use crate::orders::core::Core;
use crate::stock::reservation::Sender;
use kirana_domain::limits::STOCK_UNITS_MAX;
use kirana_domain::{
    CatalogueCommand, Coupon, Event, ProductId, ReceivedLine, Rejection, StockChange, StockLine,
    StoreId, Unfit,
};
use std::sync::Arc;
use tokio::sync::{OwnedMutexGuard, oneshot};

/// Decides on the catalogue, one command after the other.
pub(crate) async fn change(
    core: Arc<Core>,
    lock: SerialLock,
    command: CatalogueCommand,
    ticket: Ticket,
) {
    let lock = lock.lock_owned().await;
    let decided = core.state.catalogue(|catalogue| catalogue.decide(command));
    record(&core, decided, ticket, lock);
}

/// Decides on a coupon, one command after the other.
pub(crate) async fn define_coupon(
    core: Arc<Core>,
    lock: SerialLock,
    coupon: Coupon,
    ticket: Ticket,
) {
    let lock = lock.lock_owned().await;
    let has_store = core.state.catalogue(|catalogue| catalogue.store(coupon.store_id).is_some());
    let decided = core.state.coupons(|coupons| coupons.decide(coupon, has_store));
    record(&core, decided.map(Vec::from_iter), ticket, lock);
}

fn record(
    core: &Core,
    decided: Result<Vec<Event>, Unfit>,
    ticket: Ticket,
    lock: OwnedMutexGuard<()>,
) {
    match decided {
        Err(unfit) => ticket.answer(Err(unfit.into())),
        Ok(events) => core.record_all(events, Outcome::Catalogue { changed: 0 }, ticket, lock),
    }
}

/// Records units that came in; the publisher puts them on the stock afterwards.
pub(crate) fn receive(core: &Core, store_id: StoreId, lines: Vec<ReceivedLine>, ticket: Ticket) {
    let ids = lines.iter().map(|line| line.product_id);
    if let Err(unfit) = core.state.catalogue(|catalogue| catalogue.check_sold(store_id, ids)) {
        return ticket.answer(Err(unfit.into()));
    }
    let coming = lines.iter().map(|line| (line.product_id, i64::from(line.units)));
    match overflowing(core, store_id, coming) {
        Some(product_id) => core.refuse(Rejection::StockOverflow { product_id }, ticket),
        None => core.record(Event::StockReceived { store_id, lines }, ticket),
    }
}

/// Returns the first product of which a store would have more than it may. Receipts that arrive in
/// the same moment may pass it together; the bound is for slips of the hand, far below the largest
/// count.
fn overflowing(
    core: &Core,
    store_id: StoreId,
    coming: impl Iterator<Item = (ProductId, i64)>,
) -> Option<ProductId> {
    let is_too_much = |(product_id, units): &(ProductId, i64)| {
        let (stock, _) = core.state.stock(store_id, *product_id);
        stock.available + stock.held + stock.allocated + units > STOCK_UNITS_MAX
    };
    { coming }.find(is_too_much).map(|(product_id, _)| product_id)
}

/// Corrects counts. Units that go are taken from the actors of the stock first and recorded then;
/// units that are added reach those actors after the record.
pub(crate) async fn adjust(
    core: Arc<Core>,
    store_id: StoreId,
    mut lines: Vec<StockChange>,
    ticket: Ticket,
) {
    lines.sort_unstable_by_key(|line| line.product_id);
    let ids = lines.iter().map(|line| line.product_id);
    if let Err(unfit) = core.state.catalogue(|catalogue| catalogue.check_sold(store_id, ids)) {
        return ticket.answer(Err(unfit.into()));
    }
    let coming = lines.iter().map(|line| (line.product_id, i64::from(line.delta)));
    if let Some(product_id) = overflowing(&core, store_id, coming) {
        return core.refuse(Rejection::StockOverflow { product_id }, ticket);
    }
    let taken = |line: &StockChange| StockLine {
        product_id: line.product_id,
        units: line.delta.unsigned_abs(),
    };
    let taking = lines.iter().filter(|line| line.delta < 0).map(taken).collect();
    let Some(short) = take(&core, store_id, taking).await else {
        return; // The engine is ending; dropping the ticket says that it has failed.
    };
    if short.is_empty() {
        return core.record(Event::StockAdjusted { store_id, lines }, ticket);
    }
    let issues = core.stock_issues(store_id, &short);
    core.refuse(Rejection::AdjustBelowZero { issues }, ticket);
}

/// Takes units of products; `None` when the engine is ending.
async fn take(core: &Core, store_id: StoreId, taking: Vec<StockLine>) -> Option<Vec<ShortLine>> {
    if taking.is_empty() {
        return Some(Vec::new());
    }
    let (sender, answer) = oneshot::channel();
    core.stock.reserve(store_id, taking.into_iter(), Sender::Task(sender)).ok()?;
    answer.await.ok()
}
