//! Catching up: the facts of a topic from the log, where memory does not reach back.

use super::{LiveEvent, Topic};
use crate::codec;
use crate::state::history::Listing;
use crate::state::read_error::ReadError;
use crate::state::reads::Reads;
use foldhash::fast::RandomState;
use kirana_domain::{Event, Lsn, Order, OrderEntry, OrderId, Record};
use std::collections::HashMap;
use std::sync::Arc;

/// Facts that one step reads at the most: what a catching-up listener holds in memory.
pub(super) const STEP_EVENTS_MAX: usize = 256;
/// Records of the log that a listener of a store or a rider is caught up over.
pub(super) const SCAN_RECORDS_MAX: u64 = 200_000;

/// Positions of facts with their orders, ascending, and the position up to which there are no
/// others.
pub(super) type Positions = (Vec<(Lsn, OrderId)>, Lsn);

/// One step: facts, ascending, and the position up to which there are no others.
pub(super) struct Step {
    pub(super) events: Vec<LiveEvent>,
    pub(super) through: Lsn,
}

impl Reads {
    /// The next facts of a topic after a position, up to `end`. Blocks.
    pub(super) fn step(&self, topic: Topic, after: Lsn, end: Lsn) -> Result<Step, ReadError> {
        match self.positions(topic, after, end)? {
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

    /// The next positions of a topic, where orders say where their facts are, and the position up
    /// to which there are no others.
    fn positions(
        &self,
        topic: Topic,
        after: Lsn,
        end: Lsn,
    ) -> Result<Option<Positions>, ReadError> {
        if !self.is_told_by_memory(after) {
            return self.positions_everywhere(topic, after, end);
        }
        Ok(self.positions_in_memory(topic, after, end))
    }

    /// True when all that happened after a position happened to orders that are in memory.
    fn is_told_by_memory(&self, after: Lsn) -> bool {
        self.history().is_none_or(|history| after >= history.through())
    }

    /// As `positions`, where memory alone knows them. Does not block.
    pub(super) fn positions_in_memory(
        &self,
        topic: Topic,
        after: Lsn,
        end: Lsn,
    ) -> Option<Positions> {
        // Asked last: what leaves memory meanwhile moves the history on first.
        let found = self.state().orders(|orders| {
            let entries: Vec<_> = match topic {
                Topic::Order(id) => orders.get(id).map(|entry| (id, entry)).into_iter().collect(),
                Topic::Customer(id) => {
                    let ids = orders.of_customer(id).iter();
                    ids.filter_map(|id| Some((*id, orders.get(*id)?))).collect()
                }
                Topic::Store(_) | Topic::Rider(_) | Topic::All => return None,
            };
            Some(
                entries
                    .into_iter()
                    .flat_map(|(id, entry)| between(id, entry, after, end))
                    .collect(),
            )
        });
        self.is_told_by_memory(after).then_some(found).flatten().map(|found| cut(found, end))
    }

    fn positions_everywhere(
        &self,
        topic: Topic,
        after: Lsn,
        end: Lsn,
    ) -> Result<Option<Positions>, ReadError> {
        let ids = match (topic, self.history()) {
            (Topic::Order(id), _) => vec![id],
            (Topic::Customer(customer), history) => {
                let mut ids = self.state().orders(|orders| orders.of_customer(customer).to_vec());
                if let Some(history) = history {
                    for listed in history.list(Listing::Customer(customer), None)? {
                        ids.push(listed?.1);
                    }
                }
                ids.sort_unstable();
                ids.dedup();
                ids
            }
            (Topic::Store(_) | Topic::Rider(_) | Topic::All, _) => return Ok(None),
        };
        let mut found = Vec::new();
        for id in ids {
            if let Some(entry) = self.entry(id)? {
                found.extend(between(id, &entry, after, end));
            }
        }
        Ok(Some(cut(found, end)))
    }

    fn scan(&self, topic: Topic, after: Lsn, end: Lsn) -> Result<Step, ReadError> {
        let mut orders = Orders { reads: self, known: HashMap::default() };
        let mut events = Vec::new();
        let from = after.0 + 1;
        for batch in self.reader().read(kirana_storage::Lsn(from)) {
            let batch = batch.map_err(ReadError::from)?;
            for (lsn, bytes) in batch.records().filter(|(lsn, _)| lsn.0 >= from) {
                if lsn.0 > end.0 {
                    return Ok(Step { events, through: end });
                }
                let lsn = Lsn(lsn.0);
                let record = codec::decode(bytes)
                    .map_err(|error| ReadError::Failed(format!("record {lsn}: {error}")))?;
                let Some(id) = record.event.order_id() else { continue };
                if !self.may_concern(topic, id, &record.event) {
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
    fn may_concern(&self, topic: Topic, id: OrderId, event: &Event) -> bool {
        match topic {
            Topic::Store(store_id) => match event.store_id() {
                Some(own) => own == store_id,
                None => self.state().order(id).is_none_or(|it| it.parties().store_id == store_id),
            },
            Topic::Rider(rider_id) => self
                .state()
                .orders(|book| book.get(id).is_none() || book.of_rider(rider_id).contains(&id)),
            _ => true,
        }
    }
}

/// The facts of an order after a position, up to another.
fn between(id: OrderId, entry: &OrderEntry, after: Lsn, end: Lsn) -> Vec<(Lsn, OrderId)> {
    let lsns = entry.lsns().iter();
    lsns.filter(|lsn| **lsn > after && **lsn <= end).map(|lsn| (*lsn, id)).collect()
}

/// The first of these positions, and the position up to which there are no others.
fn cut(mut found: Vec<(Lsn, OrderId)>, end: Lsn) -> Positions {
    found.sort_unstable();
    let is_all = found.len() <= STEP_EVENTS_MAX;
    found.truncate(STEP_EVENTS_MAX);
    let last = found.last().map_or(end, |(lsn, _)| *lsn);
    (found, if is_all { end } else { last })
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
