//! Reads: open orders come from memory, ended ones from the log; memory or the history has their
//! positions in the log.

mod as_of;
mod page;

use crate::admission::answer::answer_of;
use crate::admission::command::{Answer, SubmitError};
use crate::codec;
use crate::codec::lsn::log_lsn;
use crate::state::damages::Damages;
use crate::state::history::{self, History};
use crate::state::live_state::LiveState;
use crate::state::read_error::ReadError;
pub use as_of::{AS_OF_RECORDS_MAX, AsOf, LogHead};
use kirana_domain::payment::ProviderId;
use kirana_domain::{Lsn, Order, OrderEntry, OrderId, Record};
use kirana_storage::{Batch, DamageKind, JournalReader};
pub use page::{OrderFilter, OrdersOf};
use std::sync::Arc;

/// All ways to read orders, from memory and from disk.
pub(crate) struct Reads {
    state: Arc<LiveState>,
    reader: Arc<dyn JournalReader>,
    damages: Arc<Damages>,
}

impl Reads {
    pub(crate) fn new(
        state: Arc<LiveState>,
        reader: Arc<dyn JournalReader>,
        damages: Arc<Damages>,
    ) -> Self {
        Self { state, reader, damages }
    }

    /// Returns the damage on disk that was met since the start.
    pub(crate) fn damages(&self) -> &Damages {
        &self.damages
    }

    /// Returns the history; `None` when the engine runs without a data directory.
    pub(crate) fn history(&self) -> Option<&History> {
        self.state.history()
    }

    pub(crate) fn state(&self) -> &LiveState {
        &self.state
    }

    pub(crate) fn reader(&self) -> &dyn JournalReader {
        &*self.reader
    }

    pub(crate) fn reader_handle(&self) -> Arc<dyn JournalReader> {
        Arc::clone(&self.reader)
    }

    /// Runs a blocking read on a thread that may block.
    pub(crate) async fn blocking<R: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Self) -> Result<R, ReadError> + Send + 'static,
    ) -> Result<R, ReadError> {
        let this = Arc::clone(self);
        tokio::task::spawn_blocking(move || read(&this).inspect_err(|error| this.met(error)))
            .await
            .unwrap_or_else(|error| Err(ReadError::Failed(error.to_string())))
    }

    /// Notes damage that a read has met.
    fn met(&self, error: &ReadError) {
        let ReadError::Damaged(damage) = error else { return };
        self.damages.note(damage);
        if let (DamageKind::History, Some(history)) = (damage.kind, self.history()) {
            history::distrust(history, damage);
        }
    }

    /// Returns the entry of an order. Blocks when it has left memory.
    pub(crate) fn entry(&self, id: OrderId) -> Result<Option<OrderEntry>, ReadError> {
        if let Some(entry) = self.state.order(id) {
            return Ok(Some(entry));
        }
        let Some(history) = self.history() else { return Ok(None) };
        Ok(history.get(id)?.map(OrderEntry::Ended))
    }

    /// Returns the entry of an order, from memory or from disk.
    pub(crate) async fn find(
        self: &Arc<Self>,
        id: OrderId,
    ) -> Result<Option<OrderEntry>, ReadError> {
        match self.state.order(id) {
            Some(entry) => Ok(Some(entry)),
            None if self.history().is_none() => Ok(None),
            None => self.blocking(move |reads| reads.entry(id)).await,
        }
    }

    /// Returns the order that an order of the provider stands for. Blocks when it has left memory.
    pub(crate) fn of_provider(&self, id: &ProviderId) -> Result<Option<OrderId>, ReadError> {
        match (self.state.orders(|orders| orders.of_provider(id)), self.history()) {
            (Some(id), _) => Ok(Some(id)),
            (None, Some(history)) => history.of_provider(id),
            (None, None) => Ok(None),
        }
    }

    /// Returns an order as it is now.
    pub(crate) async fn order(
        self: &Arc<Self>,
        id: OrderId,
    ) -> Result<Option<Arc<Order>>, ReadError> {
        match self.find(id).await? {
            None => Ok(None),
            Some(OrderEntry::Open(order)) => Ok(Some(order)),
            Some(OrderEntry::Ended(ended)) => {
                self.blocking(move |reads| reads.fold(&ended.lsns)).await.map(Some)
            }
        }
    }

    /// Returns the order that a command is about, as it is now.
    pub(crate) async fn existing_order(
        self: &Arc<Self>,
        id: OrderId,
    ) -> Result<Arc<Order>, SubmitError> {
        let order = self.order(id).await.map_err(|error| unreadable(id, &error))?;
        order.ok_or(SubmitError::OrderUnknown)
    }

    /// Returns the records of an order, first to last.
    pub(crate) async fn facts_of(
        self: &Arc<Self>,
        id: OrderId,
    ) -> Result<Vec<(Lsn, Arc<Record>)>, ReadError> {
        let Some(entry) = self.find(id).await? else { return Ok(Vec::new()) };
        self.blocking(move |reads| {
            reads.records(entry.lsns()).map(|records| {
                records.into_iter().map(|(lsn, record)| (lsn, Arc::new(record))).collect()
            })
        })
        .await
    }

    /// Returns the result that a key had, from the record that carries it.
    pub(crate) async fn answer_at(self: &Arc<Self>, lsn: Lsn) -> Answer {
        let answer = self.blocking(move |reads| reads.answer_at_blocking(lsn)).await;
        answer.unwrap_or_else(|error| {
            tracing::error!(%error, %lsn, "an answer cannot be read from the log");
            Err(refusal_of(&error))
        })
    }

    fn answer_at_blocking(&self, lsn: Lsn) -> Result<Answer, ReadError> {
        // A command under a key leads to one record that is counted.
        answer_of(lsn, self.record(lsn)?, 1, |id| self.order_as_of(id, lsn))
    }

    pub(crate) fn order_as_of(&self, id: OrderId, lsn: Lsn) -> Result<Arc<Order>, ReadError> {
        let entry = self.entry(id)?;
        let entry = entry.ok_or_else(|| ReadError::Failed(format!("order {id} is not known")))?;
        let until = entry.lsns().partition_point(|other| *other <= lsn);
        self.fold(&entry.lsns()[..until])
    }

    /// Folds these records into an order.
    fn fold(&self, lsns: &[Lsn]) -> Result<Arc<Order>, ReadError> {
        let mut order: Option<Order> = None;
        for (lsn, record) in self.records(lsns)? {
            match &mut order {
                None => order = Order::begin(lsn, &record),
                Some(order) => order.evolve(lsn, &record),
            }
        }
        order.map(Arc::new).ok_or_else(|| ReadError::Failed("no record begins the order".into()))
    }

    fn records(&self, lsns: &[Lsn]) -> Result<Vec<(Lsn, Record)>, ReadError> {
        lsns.iter().map(|lsn| Ok((*lsn, self.record(*lsn)?))).collect()
    }

    pub(crate) fn record(&self, lsn: Lsn) -> Result<Record, ReadError> {
        let at = log_lsn(lsn);
        let batch = self.reader.batch_at(at)?;
        let bytes = batch.as_ref().and_then(|batch: &Batch| batch.get(at));
        let bytes = bytes.ok_or_else(|| ReadError::Failed(format!("record {lsn} is not there")))?;
        codec::decode(bytes).map_err(|error| ReadError::Failed(format!("record {lsn}: {error}")))
    }
}

/// Logs that an order cannot be read, and returns the refusal of the command about it.
pub(crate) fn unreadable(order_id: OrderId, error: &ReadError) -> SubmitError {
    tracing::error!(%error, %order_id, "an order cannot be read");
    refusal_of(error)
}

/// Returns what a failed read means to a command that needs it.
pub(crate) fn refusal_of(error: &ReadError) -> SubmitError {
    match error {
        ReadError::Damaged(_) => SubmitError::Damaged,
        ReadError::Failed(_) => SubmitError::Failed,
    }
}
