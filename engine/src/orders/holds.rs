//! The bounds on what one customer may hold, for orders and for what is shown before them.

use crate::orders::core::Core;
use crate::orders::pricing::Priced;
use kirana_domain::holds::{self, HoldRules, Holding, OnItsWay, Purchase, WantedLine};
use kirana_domain::{OrderLine, Paise, PaymentMethod, PersonId, Rejection, StockLine, StoreId};

/// A new order, as far as its customer may have too much of it.
pub struct Basis<'a> {
    /// The store.
    pub store_id: StoreId,
    /// The way of payment.
    pub payment_method: PaymentMethod,
    /// The total.
    pub total: Paise,
    /// The lines; none when only the way to pay is asked about.
    pub lines: &'a [OrderLine],
}

impl<'a> Basis<'a> {
    /// Returns that of a priced basket.
    pub fn of(priced: &'a Priced, payment_method: PaymentMethod) -> Self {
        let (store_id, total) = (priced.store.id, priced.quote.sums.total);
        Self { store_id, payment_method, total, lines: &priced.quote.lines }
    }
}

/// Checks a new order of a customer, who is placing some others in this moment.
pub(crate) fn check(
    core: &Core,
    customer_id: PersonId,
    basis: &Basis<'_>,
    others: &[OnItsWay],
) -> Result<(), Rejection> {
    if core.holds == HoldRules::OPEN {
        return Ok(());
    }
    let lapses = core.state.people(|people| people.customers.lapses(customer_id));
    let holding = core.state.orders(|book| Holding::of(book, customer_id, others, lapses));
    core.holds.check(&purchase(core, basis), &holding, core.clock.now_ms())
}

fn purchase(core: &Core, basis: &Basis<'_>) -> Purchase {
    let Basis { store_id, payment_method, total, lines } = *basis;
    core.state.catalogue(|catalogue| {
        let wanted = |line: &OrderLine| {
            let product = catalogue.product(store_id, line.item.id)?;
            let (product_id, units) = (line.item.id, line.quantity);
            let line = StockLine { product_id, units };
            Some(WantedLine { line, max_per_order: product.max_per_order })
        };
        let lines = lines.iter().filter_map(wanted).collect();
        Purchase { is_unpaid: holds::is_hold(payment_method, total), lines }
    })
}
