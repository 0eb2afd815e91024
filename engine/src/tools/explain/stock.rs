//! The ledger of a product: each record that moved its units, and the counts after it.

use crate::tools::find::code_of;
use crate::tools::scan::decode;
use crate::tools::{Log, ToolError, Until};
use kirana_domain::{Event, Lsn, OrderId, Product, ProductId, Record, Stock, StockBook, StoreId};
use memchr::memmem::Finder;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// A record that moved units of the product.
#[derive(Debug)]
pub struct Movement<'a> {
    /// Its place.
    pub lsn: Lsn,
    /// All of it.
    pub record: &'a Record,
    /// The order that it is about, with its number, such as `TUR-000002`, where it was placed in
    /// what was looked at.
    pub order: Option<(OrderId, Option<&'a str>)>,
    /// The change of each count.
    pub change: Stock,
    /// The counts after it.
    pub after: Stock,
}

/// The sum of the movements.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// The product as it was defined last.
    pub product: Option<Arc<Product>>,
    /// The counts before the first movement that was shown.
    pub opening: Stock,
    /// The counts after the last one.
    pub closing: Stock,
    /// The count of movements.
    pub movements: u64,
    /// The first record after which the stock law does not hold.
    pub first_breach: Option<Lsn>,
    /// The last record that was looked at.
    pub through: Lsn,
}

/// Shows `visit` what moved the units of a product, from a position on. Movements before it are
/// part of the opening counts, and are checked as well.
///
/// # Errors
/// As [`Log::records`]; [`ToolError::Unknown`] if nothing speaks of the product.
pub fn stock(
    log: &Log<'_>,
    (store_id, product_id): (StoreId, ProductId),
    (from, until): (Lsn, Until),
    visit: &mut dyn FnMut(&Movement<'_>) -> ControlFlow<()>,
) -> Result<Ledger, ToolError> {
    let mut walk = Walk {
        store_id,
        product_id,
        from,
        code: code_of(log, store_id)?,
        numbers: BTreeMap::new(),
        book: StockBook::default(),
        ledger: Ledger::default(),
        is_known: false,
    };
    let needle = Finder::new(product_id.0.as_bytes());
    let through = log.records_with(Lsn(1), until, &needle, &mut |lsn, bytes| {
        Ok(walk.see(lsn, &decode(lsn, bytes)?, visit))
    })?;
    walk.ledger.through = through;
    if !walk.is_known {
        return Err(ToolError::Unknown(format!(
            "store {store_id} has no product {product_id} in this log up to record {through}"
        )));
    }
    Ok(walk.ledger)
}

struct Walk {
    store_id: StoreId,
    product_id: ProductId,
    from: Lsn,
    code: Option<String>,
    /// Numbers of the orders that have units of the product: they are among the movements.
    numbers: BTreeMap<OrderId, String>,
    book: StockBook,
    ledger: Ledger,
    is_known: bool,
}

impl Walk {
    fn see(
        &mut self,
        lsn: Lsn,
        record: &Record,
        visit: &mut dyn FnMut(&Movement<'_>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.name(&record.event);
        let mut is_moved = false;
        record.event.for_stock(|store_id, product_id, _| {
            is_moved |= (store_id, product_id) == (self.store_id, self.product_id);
        });
        if !is_moved {
            return ControlFlow::Continue(());
        }
        self.is_known = true;
        let before = self.book.get(self.store_id, self.product_id);
        self.book.evolve(record);
        let after = self.book.get(self.store_id, self.product_id);
        if !after.law_holds() && self.ledger.first_breach.is_none() {
            self.ledger.first_breach = Some(lsn);
        }
        self.ledger.closing = after;
        if lsn < self.from {
            self.ledger.opening = after;
            return ControlFlow::Continue(());
        }
        self.ledger.movements += 1;
        let order = record.event.order_id();
        let order = order.map(|id| (id, self.numbers.get(&id).map(String::as_str)));
        visit(&Movement { lsn, record, order, change: difference(&before, &after), after })
    }

    fn name(&mut self, event: &Event) {
        match event {
            Event::ProductDefined { product, .. }
                if (product.store_id, product.id) == (self.store_id, self.product_id) =>
            {
                self.is_known = true;
                self.ledger.product = Some(Arc::clone(product));
            }
            Event::OrderPlaced { order } if order.store_id == self.store_id => {
                let code = self.code.as_deref().unwrap_or("?");
                self.numbers.insert(order.id, format!("{code}-{:06}", order.number));
            }
            _ => (),
        }
    }
}

fn difference(before: &Stock, after: &Stock) -> Stock {
    Stock {
        received: after.received - before.received,
        returned: after.returned - before.returned,
        adjusted: after.adjusted - before.adjusted,
        available: after.available - before.available,
        held: after.held - before.held,
        allocated: after.allocated - before.allocated,
        shipped: after.shipped - before.shipped,
        breached: after.breached && !before.breached,
    }
}
