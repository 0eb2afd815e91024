//! The rows that stand in one record alone.

use super::TakeRow;
use super::columns::{Cell, Table};
use kirana_domain::order::Step;
use kirana_domain::stock::{Bucket, StockMove};
use kirana_domain::{Event, Lsn, OrderId, Paise, Record};
use std::ops::ControlFlow;

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Shows the rows of a table that stand in a record.
pub(super) fn of(
    table: Table,
    lsn: Lsn,
    record: &Record,
    take: &mut TakeRow<'_>,
) -> ControlFlow<()> {
    match table {
        Table::Lines => lines(lsn, record, take),
        Table::Records => one(lsn, record, take),
        Table::Stock => stock(lsn, record, take),
        Table::Payments => payments(lsn, record, take),
        Table::Orders => unreachable!("a row of an order stands in many records"),
    }
}

fn at(lsn: Lsn) -> Cell<'static> {
    Cell::count(lsn.0)
}

fn order_cell(id: Option<OrderId>) -> Cell<'static> {
    id.map_or(Cell::Empty, |id| Cell::Id(id.0))
}

fn lines(lsn: Lsn, record: &Record, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let Event::OrderPlaced { order } = &record.event else { return GO_ON };
    order.lines.iter().try_for_each(|line| {
        take(&[
            at(lsn),
            Cell::Time(record.at_ms),
            Cell::Id(order.id.0),
            Cell::Id(order.store_id.0),
            Cell::Id(line.item.id.0),
            Cell::Text(&line.item.sku),
            Cell::Text(&line.item.name),
            Cell::Int(line.quantity.into()),
            Cell::Int(line.item.price.0),
            Cell::Int(line.discount.0),
            Cell::Int(line.net().0),
            Cell::Int(line.tax().0),
            Cell::Int(line.item.gst.0.into()),
        ])
    })
}

fn one(lsn: Lsn, record: &Record, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let person = record.by.person_id.0;
    take(&[
        at(lsn),
        Cell::Time(record.at_ms),
        Cell::Text(record.event.kind()),
        order_cell(record.event.mentioned_order()),
        record.event.store_id().map_or(Cell::Empty, |id| Cell::Id(id.0)),
        Cell::Text(record.by.role.name()),
        if person.is_nil() { Cell::Empty } else { Cell::Id(person) },
    ])
}

fn stock(lsn: Lsn, record: &Record, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let (kind, order_id) = (record.event.kind(), record.event.order_id());
    let mut flow = GO_ON;
    record.event.for_stock(|store_id, product_id, moved| {
        if flow.is_break() {
            return;
        }
        let mut cells = [Cell::Empty; 13];
        cells[..6].copy_from_slice(&[
            at(lsn),
            Cell::Time(record.at_ms),
            Cell::Text(kind),
            order_cell(order_id),
            Cell::Id(store_id.0),
            Cell::Id(product_id.0),
        ]);
        for (cell, change) in cells[6..].iter_mut().zip(changes(moved)) {
            *cell = Cell::Int(change);
        }
        flow = take(&cells);
    });
    flow
}

/// What a move does to received, returned, adjusted, available, held, allocated and shipped.
fn changes(moved: StockMove) -> [i64; 7] {
    let of = |bucket, units| match bucket {
        Bucket::Held => (units, 0),
        Bucket::Allocated => (0, units),
    };
    match moved {
        StockMove::Receive(n) => [n.into(), 0, 0, n.into(), 0, 0, 0],
        StockMove::Adjust(n) => [0, 0, n.into(), n.into(), 0, 0, 0],
        StockMove::Take(n, into) => {
            let (held, allocated) = of(into, i64::from(n));
            [0, 0, 0, -i64::from(n), held, allocated, 0]
        }
        StockMove::GiveBack(n, from) => {
            let (held, allocated) = of(from, i64::from(n));
            [0, 0, 0, n.into(), -held, -allocated, 0]
        }
        StockMove::Confirm(n) => [0, 0, 0, 0, -i64::from(n), n.into(), 0],
        StockMove::Ship(n) => [0, 0, 0, 0, 0, -i64::from(n), n.into()],
        StockMove::BringBack(n) => [0, n.into(), 0, 0, 0, n.into(), 0],
        StockMove::WriteOff(n) => [0, 0, -i64::from(n), 0, 0, -i64::from(n), 0],
    }
}

/// A row of the table of payments, but for what every row has.
struct Money<'a> {
    kind: &'static str,
    id: Cell<'a>,
    charge_id: Cell<'a>,
    status: &'static str,
    amount: Paise,
    reason: Cell<'a>,
}

fn payments(lsn: Lsn, record: &Record, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let Some(order_id) = record.event.order_id() else { return GO_ON };
    let Some(money) = money(&record.event) else { return GO_ON };
    take(&[
        at(lsn),
        Cell::Time(record.at_ms),
        Cell::Id(order_id.0),
        Cell::Text(money.kind),
        money.id,
        money.charge_id,
        Cell::Text(money.status),
        Cell::Int(money.amount.0),
        money.reason,
    ])
}

fn money(event: &Event) -> Option<Money<'_>> {
    let money = match event {
        Event::ChargeSeen { charge, .. } => Money {
            kind: "charge",
            id: Cell::Text(&charge.id),
            charge_id: Cell::Text(&charge.id),
            status: charge.status.name(),
            amount: charge.amount,
            reason: charge.error.as_deref().map_or(Cell::Empty, Cell::Text),
        },
        Event::RefundOwed { refund, .. } => Money {
            kind: "refund",
            id: Cell::Empty,
            charge_id: Cell::Text(&refund.charge_id),
            status: "owed",
            amount: refund.amount,
            reason: Cell::Text(refund.reason.name()),
        },
        Event::RefundSeen { refund, .. } => Money {
            kind: "refund",
            id: Cell::Text(&refund.id),
            charge_id: Cell::Text(&refund.charge_id),
            status: refund.status.name(),
            amount: refund.amount,
            reason: Cell::Empty,
        },
        Event::OrderMoved { step: Step::Delivered { cash, .. }, .. } if *cash > Paise::ZERO => {
            Money {
                kind: "cash",
                id: Cell::Empty,
                charge_id: Cell::Empty,
                status: "collected",
                amount: *cash,
                reason: Cell::Empty,
            }
        }
        _ => return None,
    };
    Some(money)
}
