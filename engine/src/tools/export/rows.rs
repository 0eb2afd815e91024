//! The rows that stand in one record alone.

use super::TakeRow;
use super::columns::{Cell, Table};
use crate::tools::kind_of;
use kirana_domain::order::Step;
use kirana_domain::stock::{Bucket, StockMove};
use kirana_domain::{Event, Lsn, OrderId, Paise, Record, StoreId};
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
    let order_id = match &record.event {
        Event::WebhookReceived { about, .. } => *about,
        event => event.order_id(),
    };
    take(&[
        at(lsn),
        Cell::Time(record.at_ms),
        Cell::Text(kind_of(&record.event)),
        order_cell(order_id),
        store_of(&record.event).map_or(Cell::Empty, |id| Cell::Id(id.0)),
        Cell::Text(record.by.role.name()),
        if person.is_nil() { Cell::Empty } else { Cell::Id(person) },
    ])
}

/// The store that a fact names.
fn store_of(event: &Event) -> Option<StoreId> {
    match event {
        Event::StoreOpened { store } | Event::StoreChanged { store } => Some(store.id),
        Event::ProductDefined { product, .. } => Some(product.store_id),
        Event::OrderPlaced { order } => Some(order.store_id),
        Event::ZoneDefined { zone } => Some(zone.store_id),
        Event::CouponDefined { coupon } => Some(coupon.store_id),
        Event::StockReceived { store_id, .. }
        | Event::StockAdjusted { store_id, .. }
        | Event::OrderCancelled { store_id, .. }
        | Event::OrderExpired { store_id, .. }
        | Event::OrderConfirmed { store_id, .. }
        | Event::OrderMoved { store_id, .. }
        | Event::LinesChanged { store_id, .. }
        | Event::InvoiceIssued { store_id, .. }
        | Event::CashHandedOver { store_id, .. }
        | Event::CartChanged { store_id, .. }
        | Event::ZoneRemoved { store_id, .. }
        | Event::WeatherSet { store_id, .. } => Some(*store_id),
        _ => None,
    }
}

fn stock(lsn: Lsn, record: &Record, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let (kind, order_id) = (kind_of(&record.event), record.event.order_id());
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
