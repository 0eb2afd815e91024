//! One row for each order, when nothing is left to do for it.

use super::TakeRow;
use super::columns::Cell;
use kirana_domain::time::AtMs;
use kirana_domain::{FastMap, Lsn, Order, OrderId, Record};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// An order, and when it last came to an end.
struct Open {
    order: Order,
    ended_ms: Option<AtMs>,
}

/// Orders that something may still happen to.
#[derive(Default)]
pub(super) struct Orders {
    open: FastMap<OrderId, Open>,
    /// Ended orders that money may still turn up for, with the end of that time.
    watched: BTreeSet<(AtMs, OrderId)>,
    /// Those that are kept to the end.
    kept: BTreeSet<OrderId>,
    /// Those that something was said of after they had left.
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

    /// Lets go of those whose time is over.
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

    /// The rows of those that are left, by id.
    pub(super) fn end(self, take: &mut TakeRow<'_>) -> ControlFlow<()> {
        self.open.sorted().into_iter().try_for_each(|(_, open)| row(open, take))
    }
}

/// Returns from when on an order is finished and no money can turn up; `None` while something is
/// left to do. It need not be right for ever: a later record makes the order a late one.
fn leaves_ms(order: &Order, now_ms: AtMs) -> Option<AtMs> {
    order.is_finished().then(|| order.watched_until_ms().unwrap_or(now_ms))
}

fn row(Open { order, ended_ms }: &Open, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let (placed, sums) = (&*order.placed, order.sums());
    let payment = order.payment.as_deref();
    let units: u64 = order.lines().iter().map(|line| u64::from(line.quantity)).sum();
    let rider = order.rider().map_or(Cell::Empty, |rider| Cell::Id(rider.person_id.0));
    take(&[
        Cell::Id(placed.id.0),
        Cell::count(placed.number),
        Cell::Id(placed.store_id.0),
        Cell::Id(placed.customer_id.0),
        rider,
        Cell::Text(order.status.name()),
        Cell::Text(placed.payment_method.name()),
        Cell::Text(order.payment_status().name()),
        placed.coupon.as_deref().map_or(Cell::Empty, Cell::Text),
        Cell::Time(order.created_at_ms),
        ended_ms.map_or(Cell::Empty, Cell::Time),
        Cell::count(order.lines().len() as u64),
        Cell::count(units),
        Cell::Int(sums.subtotal.0),
        Cell::Int(sums.delivery_fee.0),
        Cell::Int(sums.discount.0),
        Cell::Int(sums.tax.0),
        Cell::Int(sums.total.0),
        Cell::Int(placed.total.0),
        Cell::Int(payment.map_or(0, |payment| payment.captured().0)),
        Cell::Int(payment.map_or(0, |payment| payment.given_back().0)),
        Cell::Int(order.cash().map_or(0, |cash| cash.0)),
        Cell::count(order.version()),
        Cell::count(order.lsns.first().map_or(0, |lsn| lsn.0)),
        Cell::count(order.lsn().0),
    ])
}
