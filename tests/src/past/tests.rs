#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use kirana_domain::{Event, Lsn, OrderEntry, OrderLine, Paise, Rejection, State, Status, StoreId};
use kirana_storage::{Journal as _, MemoryDisk, MemoryJournal};
use std::collections::BTreeMap;

/// Replays; no product's books break.
fn replayed(past: Past) -> State {
    let mut state = State::default();
    for (lsn, record) in (1..).zip(past) {
        assert_eq!(state.evolve(Lsn(lsn), &record), [], "{record:?}");
    }
    state
}

fn year() -> Arc<Year> {
    static YEAR: std::sync::LazyLock<Arc<Year>> =
        std::sync::LazyLock::new(|| Arc::new(Year::read()));
    Arc::clone(&YEAR)
}

#[test]
fn one_pass_of_the_baskets_sells_what_the_data_says_to_the_paisa() {
    let year = year();
    let mut past = Past::of(Arc::clone(&year), count(&year.baskets), 0, 1);
    let (mut paid, mut units, mut orders) = (Paise::ZERO, 0, 0);
    let mut last_ms = 0;
    for record in &mut past {
        assert!(record.at_ms >= last_ms, "time does not run backwards");
        last_ms = record.at_ms;
        let Event::OrderPlaced { order } = &record.event else { continue };
        orders += 1;
        paid = paid + order.lines.iter().map(OrderLine::net).sum();
        units += order.lines.iter().map(|line| u64::from(line.quantity)).sum::<u64>();
        let sums = order.sums;
        assert_eq!(sums.total, sums.subtotal + sums.delivery_fee.amount - sums.discount);
    }
    assert_eq!((paid, units, orders), (year.paid, year.units, count(&year.baskets)));
    assert_eq!(past.alive(), 0, "every life is over");
    if year.is_real {
        assert_eq!((year.households, year.goods.len()), (496, 42_698));
    }
}

#[test]
fn a_replay_finds_the_law_kept_and_as_many_open_orders_as_were_asked_for() {
    let state = replayed(Past::of(year(), 3_000, 400, 2));
    let mut ends: BTreeMap<Status, u32> = BTreeMap::new();
    let mut open = 0;
    for id in (0..4).flat_map(|n| state.orders.of_store(store_id(n))) {
        let entry = state.orders.get(id).unwrap();
        *ends.entry(entry.status()).or_default() += 1;
        open += u32::from(matches!(entry, OrderEntry::Open(order) if !order.status.is_end()));
    }
    assert_eq!((open, ends.values().sum::<u32>()), (400, 3_000));
    for status in [Status::Delivered, Status::Cancelled, Status::Expired] {
        assert!(ends[&status] > 10, "{ends:?}");
    }
    let in_work = [Status::Placed, Status::Accepted, Status::Packed, Status::OutForDelivery];
    assert!(in_work.iter().all(|status| ends[status] > 10), "{ends:?}");
}

#[test]
fn all_that_happens_to_an_order_happens_to_some() {
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    let past = Past::of(year(), 4_000, 0, 3);
    let mut last_ms: BTreeMap<StoreId, i64> = BTreeMap::new();
    for record in past {
        let kind = match &record.event {
            Event::CommandRefused { rejection: Rejection::InsufficientStock { .. } } => "refused",
            Event::StockReceived { store_id, .. } => {
                last_ms.insert(*store_id, record.at_ms);
                "received"
            }
            Event::StockAdjusted { .. } => "adjusted",
            Event::OrderExpired { .. } => "expired",
            Event::OrderConfirmed { held_again: true, .. } => "held again",
            Event::OrderConfirmed { .. } => "confirmed",
            Event::LinesChanged { .. } => "short",
            Event::RefundSeen { .. } => "refunded",
            Event::InvoiceIssued { is_credit_note: true, .. } => "credit note",
            Event::CashHandedOver { .. } => "cash",
            Event::WebhookReceived { .. } => "message",
            Event::OrderCancelled { .. } => "cancelled",
            _ => "other",
        };
        *kinds.entry(kind).or_default() += 1;
    }
    assert_eq!(kinds.len(), 13, "{kinds:?}");
    assert!(kinds.values().all(|times| *times > 2), "{kinds:?}");
}

#[test]
fn the_same_seed_writes_the_same_bytes_and_another_one_others() {
    let written = |seed| {
        let disk = MemoryDisk::default();
        let mut journal = MemoryJournal::open(&disk).unwrap();
        let summary = write_log(&mut journal, Past::of(year(), 500, 50, seed), 1_000).unwrap();
        let batches = journal.reader().read(kirana_storage::Lsn(1)).collect::<Result<Vec<_>, _>>();
        (summary, batches.unwrap())
    };
    let (summary, batches) = written(4);
    let records = batches.iter().flat_map(|batch| batch.records());
    for (index, (lsn, record)) in (1..).zip(records) {
        assert_eq!(lsn.0, index);
        kirana_engine::decode(record).unwrap();
    }
    assert_eq!((summary.orders, summary.end), (500, kirana_storage::Lsn(summary.records)));
    assert_eq!(written(4), (summary, batches.clone()));
    assert_ne!(written(5).1, batches);
}

#[test]
fn only_open_orders_are_kept() {
    let mut past = Past::of(year(), 60_000, 10, 6);
    let mut most = 0;
    let mut records = Vec::new();
    while past.fill(&mut records) {
        records.clear();
        most = most.max(past.alive());
    }
    assert!(most < 700, "{most} at once: a day's orders and their refunds");
}

#[test]
fn our_own_few_baskets_will_do() {
    let year = Arc::new(Year::own());
    let state = replayed(Past::of(Arc::clone(&year), 300, 20, 7));
    assert_eq!(state.orders.count(), 300);
    assert!(!year.is_real);
}
