//! Records on their way to the log, and the work that follows once they are durable.

use crate::admission::admit::Ticket;
use crate::admission::message::WaitingOrder;
use crate::admission::placing::BeingPlaced;
use crate::failure::Failure;
use kirana_domain::Record;
use tokio::sync::{OwnedMutexGuard, mpsc};

/// Records to append, one after the other, and the work that follows once they are durable.
pub(crate) struct Append {
    pub(crate) records: Vec<Record>,
    pub(crate) then: Then,
}

/// The work that follows once the records are durable and applied.
#[derive(Default)]
pub(crate) struct Then {
    /// To be answered with the last record.
    pub(crate) ticket: Option<Ticket>,
    /// To be told that its record has been applied.
    pub(crate) order: Option<WaitingOrder>,
    /// To be released: the next decision under the lock may begin.
    pub(crate) lane: Option<OwnedMutexGuard<()>>,
    /// To be let go: the order no longer counts as being placed.
    pub(crate) placing: Option<BeingPlaced>,
}

/// A message to the writer.
pub(crate) enum ToWriter {
    Append(Append),
    /// Close the journal after everything before this.
    Close,
}

/// The queue of the writer.
#[derive(Clone)]
pub(crate) struct JournalQueue {
    pub(crate) queue: mpsc::Sender<ToWriter>,
    pub(crate) failure: Failure,
}

impl JournalQueue {
    /// Queues records. The queue has room for all that was admitted, so a full one is a bug, and a
    /// closed one is a writer that has failed: both end the engine.
    pub(crate) fn append(&self, records: Vec<Record>, then: Then) {
        if self.queue.try_send(ToWriter::Append(Append { records, then })).is_err() {
            self.failure.fail("the journal's queue does not take an append");
        }
    }

    /// Returns the number of appends that wait.
    pub(crate) fn len(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Closes the journal after everything that is queued.
    pub(crate) async fn close(&self) {
        // An error means that the writer has ended already.
        _ = self.queue.send(ToWriter::Close).await;
    }
}
