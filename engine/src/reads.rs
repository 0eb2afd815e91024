//! Reading: what is open comes from memory, what has ended comes from the log.

use crate::codec;
use crate::command::{Answer, Outcome, Receipt, Refusal};
use crate::publisher::is_of_catalogue;
use crate::world::World;
use kirana_domain::{Entry, Event, Lsn, Order, OrderId, PersonId, Record, Status, StoreId};
use kirana_storage::{Batch, JournalReader};
use std::fmt;
use std::sync::Arc;

/// Why something could not be read. The log is damaged, or the disk has failed.
#[derive(Clone, Debug)]
pub struct ReadError(pub(crate) String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the log cannot be read: {}", self.0)
    }
}

impl std::error::Error for ReadError {}

/// Whose orders to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrdersOf {
    /// Those of one customer, in all stores.
    Customer(PersonId),
    /// Those of one store.
    Store(StoreId),
    /// Those that one rider has, or has delivered; not those that went to another.
    Rider(PersonId),
}

/// See the module.
pub(crate) struct Reads {
    world: Arc<World>,
    reader: Arc<dyn JournalReader>,
}

impl Reads {
    pub(crate) fn new(world: Arc<World>, reader: Arc<dyn JournalReader>) -> Self {
        Self { world, reader }
    }

    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    pub(crate) fn reader(&self) -> &dyn JournalReader {
        &*self.reader
    }

    /// Runs a blocking read where it may block.
    async fn blocking<R: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Self) -> Result<R, ReadError> + Send + 'static,
    ) -> Result<R, ReadError> {
        let this = Arc::clone(self);
        tokio::task::spawn_blocking(move || read(&this))
            .await
            .unwrap_or_else(|error| Err(ReadError(error.to_string())))
    }

    /// An order as it is now.
    pub(crate) async fn order(
        self: &Arc<Self>,
        id: OrderId,
    ) -> Result<Option<Arc<Order>>, ReadError> {
        match self.world.order(id) {
            None => Ok(None),
            Some(Entry::Open(order)) => Ok(Some(order)),
            Some(Entry::Ended(ended)) => {
                self.blocking(move |reads| reads.fold(&ended.lsns)).await.map(Some)
            }
        }
    }

    /// What happened to an order, first to last.
    pub(crate) async fn history(
        self: &Arc<Self>,
        id: OrderId,
    ) -> Result<Vec<(Lsn, Arc<Record>)>, ReadError> {
        let Some(entry) = self.world.order(id) else { return Ok(Vec::new()) };
        self.blocking(move |reads| {
            reads.records(entry.lsns()).map(|records| {
                records.into_iter().map(|(lsn, record)| (lsn, Arc::new(record))).collect()
            })
        })
        .await
    }

    /// A page of orders, newest first, strictly older than `before`; and whether there are more.
    pub(crate) async fn page(
        self: &Arc<Self>,
        of: OrdersOf,
        status: &[Status],
        before: Option<OrderId>,
        limit: usize,
    ) -> Result<(Vec<Arc<Order>>, bool), ReadError> {
        let mut found = self.world.orders(|orders| {
            let ids = match of {
                OrdersOf::Customer(id) => orders.of_customer(id),
                OrdersOf::Store(id) => orders.of_store(id),
                OrdersOf::Rider(id) => orders.of_rider(id),
            };
            // Ids are version 7 and nearly sorted by the time of placing; the position of the last
            // one shown is exact, so nothing is skipped or shown twice.
            let end = before
                .map_or(ids.len(), |before| ids.iter().rposition(|id| *id == before).unwrap_or(0));
            let entries = ids[..end].iter().rev().filter_map(|id| orders.get(*id));
            let wanted = |entry: &&Entry| status.is_empty() || status.contains(&entry.status());
            let is_theirs = |entry: &&Entry| match of {
                OrdersOf::Rider(id) => entry.people().rider_id == Some(id),
                OrdersOf::Customer(_) | OrdersOf::Store(_) => true,
            };
            entries.filter(wanted).filter(is_theirs).take(limit + 1).cloned().collect::<Vec<_>>()
        });
        let has_more = found.len() > limit;
        found.truncate(limit);
        let read = move |reads: &Self| {
            let whole = |entry| match entry {
                Entry::Open(order) => Ok(order),
                Entry::Ended(ended) => reads.fold(&ended.lsns),
            };
            found.into_iter().map(whole).collect::<Result<Vec<_>, _>>()
        };
        Ok((self.blocking(read).await?, has_more))
    }

    /// The answer that a key got, from the record that carries it.
    pub(crate) async fn answer_at(self: &Arc<Self>, lsn: Lsn) -> Answer {
        let answer = self.blocking(move |reads| reads.answer_at_blocking(lsn)).await;
        answer.unwrap_or_else(|error| {
            tracing::error!(%error, %lsn, "an answer cannot be read from the log");
            Err(Refusal::Failed)
        })
    }

    fn answer_at_blocking(&self, lsn: Lsn) -> Result<Answer, ReadError> {
        let record = self.record(lsn)?;
        let outcome = match &record.event {
            Event::CommandRefused { rejection } => {
                return Ok(Err(Refusal::rejected(rejection.clone())));
            }
            event => match event.order_id() {
                Some(id) => Outcome::Order(self.order_as_of(id, lsn)?),
                None if is_of_catalogue(event) => Outcome::Catalogue { changed: 1 },
                None => Outcome::Recorded(Arc::new(record)),
            },
        };
        Ok(Ok(Receipt { lsn, replayed: false, outcome }))
    }

    pub(crate) fn order_as_of(&self, id: OrderId, lsn: Lsn) -> Result<Arc<Order>, ReadError> {
        let entry = self.world.order(id);
        let entry = entry.ok_or_else(|| ReadError(format!("order {id} is not in the book")))?;
        let until = entry.lsns().partition_point(|other| *other <= lsn);
        self.fold(&entry.lsns()[..until])
    }

    /// The order that these records make.
    fn fold(&self, lsns: &[Lsn]) -> Result<Arc<Order>, ReadError> {
        let mut order: Option<Order> = None;
        for (lsn, record) in self.records(lsns)? {
            match &mut order {
                None => order = Order::begin(lsn, &record),
                Some(order) => order.evolve(lsn, &record),
            }
        }
        order.map(Arc::new).ok_or_else(|| ReadError("no record begins the order".into()))
    }

    fn records(&self, lsns: &[Lsn]) -> Result<Vec<(Lsn, Record)>, ReadError> {
        lsns.iter().map(|lsn| Ok((*lsn, self.record(*lsn)?))).collect()
    }

    pub(crate) fn record(&self, lsn: Lsn) -> Result<Record, ReadError> {
        let at = kirana_storage::Lsn(lsn.0);
        let batch = self.reader.batch_at(at).map_err(|error| ReadError(error.to_string()))?;
        let bytes = batch.as_ref().and_then(|batch: &Batch| batch.get(at));
        let bytes = bytes.ok_or_else(|| ReadError(format!("record {lsn} is not there")))?;
        codec::decode(bytes).map_err(|error| ReadError(format!("record {lsn}: {error}")))
    }
}
