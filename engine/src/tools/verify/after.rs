//! Traces of lost records in the records after a damage: orders without a placing, and gaps in
//! numbers.

use crate::tools::Replayed;
use kirana_domain::{Event, OrderId, Record, StoreId};
use std::collections::{BTreeMap, BTreeSet};

/// Records after a damage that are read for traces.
const RECORDS_MAX: usize = 100_000;
/// Orders that are named one by one.
const NAMED_MAX: usize = 20;

/// The traces found so far.
#[derive(Default)]
pub(super) struct Aftermath {
    records: usize,
    placed: BTreeSet<OrderId>,
    /// Orders that were placed in the damaged records.
    lost: BTreeSet<OrderId>,
    /// The first order of each store afterwards: numbers have no gaps.
    numbers: BTreeMap<StoreId, (u64, u64)>,
}

impl Aftermath {
    /// Takes in a record; `replayed` is the state before the damage.
    pub(super) fn see(&mut self, replayed: &Replayed, record: &Record) {
        self.records += 1;
        if self.records > RECORDS_MAX {
            return;
        }
        if let Event::OrderPlaced { order } = &record.event {
            self.placed.insert(order.id);
            let last = replayed.state.orders.last_number(order.store_id);
            self.numbers.entry(order.store_id).or_insert((last, order.number));
        } else if let Some(id) = record.event.order_id()
            && !self.placed.contains(&id)
            // An order that cannot be looked up is not reported as missing.
            && replayed.order(id).is_ok_and(|order| order.is_none())
        {
            self.lost.insert(id);
        }
    }

    /// Returns the traces as sentences.
    pub(super) fn told(self) -> Vec<String> {
        let gap = |(store_id, (last, next)): (&StoreId, &(u64, u64))| match next - last.min(next) {
            0 | 1 => None,
            2 => Some(format!("order number {} of store {store_id}", last + 1)),
            _ => Some(format!("order numbers {} to {} of store {store_id}", last + 1, next - 1)),
        };
        let mut told: Vec<_> = self.numbers.iter().filter_map(gap).collect();
        let named = self.lost.iter().take(NAMED_MAX);
        told.extend(
            named.map(|id| format!("the placing of order {id}, which later records are about")),
        );
        if let Some(more) = self.lost.len().checked_sub(NAMED_MAX).filter(|more| *more > 0) {
            told.push(format!("the placing of {more} more orders"));
        }
        told
    }
}
