//! Catching up: the facts of a topic from the log, where memory does not reach back.

use super::{LiveEvent, Topic};
use crate::codec;
use crate::reads::{ReadError, Reads};
use foldhash::fast::RandomState;
use kirana_domain::{Entry, Lsn, Order, OrderId, Record};
use std::collections::HashMap;
use std::sync::Arc;

/// Facts that one step reads at the most: what a catching-up listener holds in memory.
pub(super) const STEP_EVENTS_MAX: usize = 256;
/// Records of the log that a listener of a store or a rider is caught up over.
pub(super) const SCAN_RECORDS_MAX: u64 = 200_000;

/// One step: facts, ascending, and the position up to which there are no others.
pub(super) struct Step {
    pub(super) events: Vec<LiveEvent>,
    pub(super) through: Lsn,
}

impl Reads {
    /// The next facts of a topic after a position, up to `end`. Blocks.
    pub(super) fn step(&self, topic: Topic, after: Lsn, end: Lsn) -> Result<Step, ReadError> {
        match self.positions(topic, after, end) {
            Some((positions, through)) => {
                let mut orders = Orders { reads: self, known: HashMap::default() };
                let event = |(lsn, id): (Lsn, OrderId)| {
                    let record = self.record(lsn)?;
                    orders.event(lsn, id, &record)
                };
                let events: Result<Vec<_>, _> = positions.into_iter().map(event).collect();
                Ok(Step { events: events?.into_iter().flatten().collect(), through })
            }
            None => self.scan(topic, after, end),
        }
    }

    /// The next positions of a topic, where the order book knows them, and the position up to
    /// which there are no others. Does not block.
    pub(super) fn positions(
        &self,
        topic: Topic,
        after: Lsn,
        end: Lsn,
    ) -> Option<(Vec<(Lsn, OrderId)>, Lsn)> {
        let mut found = self.world().orders(|orders| {
            let own;
            let ids: &[OrderId] = match topic {
                Topic::Order(id) => {
                    own = [id];
                    &own
                }
                Topic::Customer(id) => orders.of_customer(id),
                Topic::Store(_) | Topic::Rider(_) | Topic::All => return None,
            };
            let of = |id: &OrderId| {
                let lsns = orders.get(*id).map_or(&[][..], Entry::lsns);
                let from = lsns.partition_point(|lsn| *lsn <= after);
                let until = lsns.partition_point(|lsn| *lsn <= end);
                lsns[from..until.max(from)].iter().map(|lsn| (*lsn, *id)).collect::<Vec<_>>()
            };
            Some(ids.iter().flat_map(of).collect::<Vec<_>>())
        })?;
        found.sort_unstable();
        let is_all = found.len() <= STEP_EVENTS_MAX;
        found.truncate(STEP_EVENTS_MAX);
        let last = found.last().map_or(end, |(lsn, _)| *lsn);
        Some((found, if is_all { end } else { last }))
    }

    fn scan(&self, topic: Topic, after: Lsn, end: Lsn) -> Result<Step, ReadError> {
        let mut orders = Orders { reads: self, known: HashMap::default() };
        let mut events = Vec::new();
        let from = after.0 + 1;
        for batch in self.reader().read(kirana_storage::Lsn(from)) {
            let batch = batch.map_err(|error| ReadError(error.to_string()))?;
            for (lsn, bytes) in batch.records().filter(|(lsn, _)| lsn.0 >= from) {
                if lsn.0 > end.0 {
                    return Ok(Step { events, through: end });
                }
                let lsn = Lsn(lsn.0);
                let record = codec::decode(bytes)
                    .map_err(|error| ReadError(format!("record {lsn}: {error}")))?;
                let Some(id) = record.event.order_id() else { continue };
                if !self.may_concern(topic, id) {
                    continue;
                }
                let event = orders.event(lsn, id, &record)?;
                events.extend(event.filter(|event| topic.is_concerned(event)));
                if events.len() == STEP_EVENTS_MAX {
                    return Ok(Step { events, through: lsn });
                }
            }
        }
        Ok(Step { events, through: end })
    }

    /// Leaves out, before it is folded, what is certainly of another store or rider.
    fn may_concern(&self, topic: Topic, id: OrderId) -> bool {
        match topic {
            Topic::Store(store_id) => {
                self.world().order(id).is_some_and(|entry| entry.people().store_id == store_id)
            }
            Topic::Rider(rider_id) => {
                self.world().orders(|book| book.of_rider(rider_id).contains(&id))
            }
            _ => true,
        }
    }
}

/// Orders as of the record that was read last, folded once each.
struct Orders<'a> {
    reads: &'a Reads,
    known: HashMap<OrderId, Order, RandomState>,
}

impl Orders<'_> {
    fn event(
        &mut self,
        lsn: Lsn,
        id: OrderId,
        record: &Record,
    ) -> Result<Option<LiveEvent>, ReadError> {
        let order = if let Some(order) = self.known.get_mut(&id) {
            order.evolve(lsn, record);
            Arc::new(order.clone())
        } else {
            let order = match Order::begin(lsn, record) {
                Some(order) => Arc::new(order),
                None => self.reads.order_as_of(id, lsn)?,
            };
            self.known.insert(id, Order::clone(&order));
            order
        };
        Ok(LiveEvent::new(lsn, record.at_ms, &record.event, order))
    }
}
