//! The rows that stand in one record alone.

use super::columns::{Cell, Column, Kind, Table, columns};
use super::{Say, TakeRow};
use kirana_domain::order::{NewOrder, Step};
use kirana_domain::payment::ChargeFailure;
use kirana_domain::stock::{Bucket, StockMove};
use kirana_domain::{Event, Lsn, OrderId, OrderLine, Paise, PersonId, ProductId, Record, StoreId};
use std::ops::ControlFlow;

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// Shows the rows of a table that stand in a record.
pub(super) fn of(
    table: Table,
    lsn: Lsn,
    record: &Record,
    say: &Say<'_>,
    take: &mut TakeRow<'_>,
) -> ControlFlow<()> {
    match table {
        Table::Lines => lines(lsn, record, take),
        Table::Records => one(lsn, record, say, take),
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

/// A line of an order, and the record that placed it.
struct OfOrder<'a> {
    lsn: Lsn,
    record: &'a Record,
    order: &'a NewOrder,
    line: &'a OrderLine,
}

columns! { LINES, line_cells(row: &OfOrder):
    lsn Int = at(row.lsn),
    placed_at Time = Cell::Time(row.record.at_ms),
    order_id Text = Cell::Id(row.order.id.0),
    store_id Text = Cell::Id(row.order.store_id.0),
    product_id Text = Cell::Id(row.line.item.id.0),
    sku Text = Cell::Text(&row.line.item.sku),
    name Text = Cell::Text(&row.line.item.name),
    quantity Int = Cell::Int(row.line.quantity.into()),
    unit_price_paise Int = Cell::Int(row.line.item.price.0),
    discount_paise Int = Cell::Int(row.line.discount.0),
    net_paise Int = Cell::Int(row.line.net().0),
    tax_paise Int = Cell::Int(row.line.tax(row.order.sums.tax_rule).0),
    gst_bps Int = Cell::Int(row.line.item.gst.0.into()),
}

fn lines(lsn: Lsn, record: &Record, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let Event::OrderPlaced { order } = &record.event else { return GO_ON };
    let mut lines = order.lines.iter();
    lines.try_for_each(|line| take(&line_cells(&OfOrder { lsn, record, order, line })))
}

/// A record, its place, and what it says.
struct Entry<'a> {
    lsn: Lsn,
    record: &'a Record,
    said: &'a str,
}

columns! { RECORDS, record_cells(row: &Entry):
    lsn Int = at(row.lsn),
    at Time = Cell::Time(row.record.at_ms),
    kind Text = Cell::Text(row.record.event.kind()),
    order_id Text = order_cell(row.record.event.mentioned_order()),
    store_id Text = row.record.event.store_id().map_or(Cell::Empty, |id| Cell::Id(id.0)),
    by_role Text = Cell::Text(row.record.by.role.name()),
    by_person Text = person_cell(row.record.by.person_id),
    fields Text = Cell::Text(row.said),
}

fn one(lsn: Lsn, record: &Record, say: &Say<'_>, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let said = &say(lsn, record);
    take(&record_cells(&Entry { lsn, record, said }))
}

fn person_cell(id: PersonId) -> Cell<'static> {
    if id.0.is_nil() { Cell::Empty } else { Cell::Id(id.0) }
}

/// The change of a record to one product: received, returned, adjusted, available, held, allocated
/// and shipped.
struct Change<'a> {
    lsn: Lsn,
    record: &'a Record,
    store_id: StoreId,
    product_id: ProductId,
    units: [i64; 7],
}

columns! { STOCK, change_cells(row: &Change):
    lsn Int = at(row.lsn),
    at Time = Cell::Time(row.record.at_ms),
    kind Text = Cell::Text(row.record.event.kind()),
    order_id Text = order_cell(row.record.event.order_id()),
    store_id Text = Cell::Id(row.store_id.0),
    product_id Text = Cell::Id(row.product_id.0),
    received Int = Cell::Int(row.units[0]),
    returned Int = Cell::Int(row.units[1]),
    adjusted Int = Cell::Int(row.units[2]),
    available Int = Cell::Int(row.units[3]),
    held Int = Cell::Int(row.units[4]),
    allocated Int = Cell::Int(row.units[5]),
    shipped Int = Cell::Int(row.units[6]),
}

fn stock(lsn: Lsn, record: &Record, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let mut flow = GO_ON;
    record.event.for_stock(|store_id, product_id, moved| {
        if flow.is_continue() {
            let units = changes(moved);
            flow = take(&change_cells(&Change { lsn, record, store_id, product_id, units }));
        }
    });
    flow
}

/// Returns the change of a move to received, returned, adjusted, available, held, allocated and
/// shipped.
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

/// The part of a payment's row that depends on the kind of fact.
struct Money<'a> {
    kind: &'static str,
    id: Cell<'a>,
    charge_id: Cell<'a>,
    status: &'static str,
    amount: Paise,
    reason: Cell<'a>,
}

/// A fact about the money of an order.
struct Payment<'a> {
    lsn: Lsn,
    record: &'a Record,
    order_id: OrderId,
    money: Money<'a>,
}

columns! { PAYMENTS, payment_cells(row: &Payment):
    lsn Int = at(row.lsn),
    at Time = Cell::Time(row.record.at_ms),
    order_id Text = Cell::Id(row.order_id.0),
    kind Text = Cell::Text(row.money.kind),
    id Text = row.money.id,
    charge_id Text = row.money.charge_id,
    status Text = Cell::Text(row.money.status),
    amount_paise Int = Cell::Int(row.money.amount.0),
    reason Text = row.money.reason,
}

fn payments(lsn: Lsn, record: &Record, take: &mut TakeRow<'_>) -> ControlFlow<()> {
    let Some(order_id) = record.event.order_id() else { return GO_ON };
    let Some(money) = money(&record.event) else { return GO_ON };
    take(&payment_cells(&Payment { lsn, record, order_id, money }))
}

fn money(event: &Event) -> Option<Money<'_>> {
    let money = match event {
        Event::ChargeSeen { charge, .. } => Money {
            kind: "charge",
            id: Cell::Text(&charge.id),
            charge_id: Cell::Text(&charge.id),
            status: charge.status.name(),
            amount: charge.amount,
            reason: charge
                .failure
                .as_ref()
                .and_then(ChargeFailure::words)
                .map_or(Cell::Empty, |words| Cell::Text(words)),
        },
        Event::DisputeSeen { dispute, .. } => Money {
            kind: "dispute",
            id: Cell::Text(&dispute.id),
            charge_id: Cell::Text(&dispute.charge_id),
            status: dispute.status.name(),
            amount: dispute.amount,
            reason: dispute.reason_code.as_deref().map_or(Cell::Empty, Cell::Text),
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
