//! One row for each order, written when nothing is left to do for it.

use super::TakeRow;
use super::columns::{Cell, Column, Kind, columns};
use kirana_domain::order::NewOrder;
use kirana_domain::payment::Payment;
use kirana_domain::time::AtMs;
use kirana_domain::{FastMap, Lsn, Order, OrderId, Paise, Record, Sums};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// An order, and when it last came to an end.
struct Open {
    order: Order,
    ended_ms: Option<AtMs>,
}

/// Orders that may still change.
#[derive(Default)]
pub(super) struct Orders {
    open: FastMap<OrderId, Open>,
    /// Ended orders whose money may still turn up, by the end of that time.
    watched: BTreeSet<(AtMs, OrderId)>,
    /// Orders that are kept to the end.
    kept: BTreeSet<OrderId>,
    /// Orders with a record after their row was written.
    late: BTreeSet<OrderId>,
}

impl Orders {
    pub(super) fn keeping(kept: BTreeSet<OrderId>) -> Self {
        Self { kept, ..Self::default() }
    }

    pub(super) fn late(self) -> BTreeSet<OrderId> {
        self.late
    }

    pub(super) fn see(
        &mut self,
        lsn: Lsn,
        record: &Record,
        take: &mut TakeRow<'_>,
    ) -> ControlFlow<()> {
        self.let_go(record.at_ms, take)?;
        if let Some(order) = Order::begin(lsn, record) {
            self.open.insert(order.placed.id, Open { order, ended_ms: None });
            return ControlFlow::Continue(());
        }
        let Some(id) = record.event.order_id() else { return ControlFlow::Continue(()) };
        let Some(open) = self.open.get_mut(&id) else {
            self.late.insert(id);
            return ControlFlow::Continue(());
        };
        let before = open.order.status;
        open.order.evolve(lsn, record);
        if open.order.status != before {
            open.ended_ms = open.order.status.is_end().then_some(record.at_ms);
        }
        match leaves_ms(&open.order, record.at_ms) {
            Some(at_ms) if at_ms > record.at_ms => {
                self.watched.insert((at_ms, id));
                ControlFlow::Continue(())
            }
            Some(_) => self.leave(id, take),
            None => ControlFlow::Continue(()),
        }
    }

    /// Writes the rows of ended orders whose time is over.
    fn let_go(&mut self, now_ms: AtMs, take: &mut TakeRow<'_>) -> ControlFlow<()> {
        while let Some((at_ms, id)) = self.watched.first().copied()
            && at_ms < now_ms
        {
            self.watched.pop_first();
            let leaves = self.open.get(&id).and_then(|open| leaves_ms(&open.order, now_ms));
            if leaves.is_some_and(|at_ms| at_ms <= now_ms) {
                self.leave(id, take)?;
            }
        }
        ControlFlow::Continue(())
    }

    fn leave(&mut self, id: OrderId, take: &mut TakeRow<'_>) -> ControlFlow<()> {
        if self.kept.contains(&id) {
            return ControlFlow::Continue(());
        }
        let open = self.open.remove(&id);
        open.map_or(ControlFlow::Continue(()), |open| row(&open, take))
    }

    /// Writes the rows of the orders that are left, by id.
    pub(super) fn end(self, take: &mut TakeRow<'_>) -> ControlFlow<()> {
        self.open.sorted().into_iter().try_for_each(|(_, open)| row(open, take))
    }
}

/// Returns the time at which an order is finished and no money can turn up; `None` while something
/// is left to do. It need not be right for ever: a later record makes the order a late one.
fn leaves_ms(order: &Order, now_ms: AtMs) -> Option<AtMs> {
    order.is_finished().then(|| order.watched_until_ms().unwrap_or(now_ms))
}

/// An order with the figures that several columns read.
struct Row<'a> {
    order: &'a Order,
    placed: &'a NewOrder,
    sums: Sums,
    ended_ms: Option<AtMs>,
}

columns! { COLUMNS, cells(row: &Row):
    order_id Text = Cell::Id(row.placed.id.0),
    number Int = Cell::count(row.placed.number),
    store_id Text = Cell::Id(row.placed.store_id.0),
    customer_id Text = Cell::Id(row.placed.customer_id.0),
    rider_id Text = row.order.rider().map_or(Cell::Empty, |rider| Cell::Id(rider.person_id.0)),
    status Text = Cell::Text(row.order.status.name()),
    payment_method Text = Cell::Text(row.placed.payment_method.name()),
    payment_status Text = Cell::Text(row.order.payment_status().name()),
    coupon Text = row.placed.coupon.as_deref().map_or(Cell::Empty, Cell::Text),
    placed_at Time = Cell::Time(row.order.created_at_ms),
    ended_at Time = row.ended_ms.map_or(Cell::Empty, Cell::Time),
    lines Int = Cell::count(row.order.lines().len() as u64),
    units Int = Cell::count(row.order.lines().iter().map(|line| u64::from(line.quantity)).sum()),
    subtotal_paise Int = Cell::Int(row.sums.subtotal.0),
    delivery_fee_paise Int = Cell::Int(row.sums.delivery_fee.amount.0),
    discount_paise Int = Cell::Int(row.sums.discount.0),
    tax_paise Int = Cell::Int(row.sums.tax.0),
    total_paise Int = Cell::Int(row.sums.total.0),
    placed_total_paise Int = Cell::Int(row.placed.sums.total.0),
    captured_paise Int = of_payment(row.order, Payment::captured),
    given_back_paise Int = of_payment(row.order, Payment::given_back),
    lost_paise Int = of_payment(row.order, Payment::lost),
    cash_paise Int = Cell::Int(row.order.cash().unwrap_or_default().0),
    facts Int = Cell::count(row.order.version()),
    placed_lsn Int = Cell::count(row.order.lsns.first().map_or(0, |lsn| lsn.0)),
    last_lsn Int = Cell::count(row.order.lsn().0),
}

fn of_payment(order: &Order, amount: fn(&Payment) -> Paise) -> Cell<'static> {
    Cell::Int(order.payment.as_deref().map_or(Paise::ZERO, amount).0)
}

fn row(Open { order, ended_ms }: &Open, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let (placed, sums, ended_ms) = (&*order.placed, order.sums(), *ended_ms);
    take(&cells(&Row { order, placed, sums, ended_ms }))
}
