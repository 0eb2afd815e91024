//! What follows a durable record: the state learns of it, units go back on their shelves, timers
//! are set, and whoever waits is answered. In log order, on a thread of its own, so that the next
//! group is on its way to the disk meanwhile.

use crate::command::{Answer, Outcome, Receipt, Refusal};
use crate::door::Ticket;
use crate::failure::Failure;
use crate::journal_writer::{Append, Durable, Then};
use crate::order_actor::OrderMsg;
use crate::shelves::Shelves;
use crate::timers::Timers;
use crate::world::{Applied, World};
use kirana_domain::{Event, Lsn, Record};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// See the module.
pub(crate) struct Publisher {
    pub(crate) world: Arc<World>,
    pub(crate) shelves: Arc<Shelves>,
    pub(crate) timers: Arc<Timers>,
    pub(crate) failure: Failure,
    pub(crate) answers: UnboundedSender<Vec<(Ticket, Answer)>>,
}

/// Answers group by group, inside the runtime: the thread that publishes would wake a worker of
/// the runtime for each answer. As many can wait here as were let in at the door.
pub(crate) async fn run_answers(mut groups: UnboundedReceiver<Vec<(Ticket, Answer)>>) {
    while let Some(group) = groups.recv().await {
        group.into_iter().for_each(|(ticket, answer)| ticket.answer(answer));
    }
}

impl Publisher {
    /// Starts the thread; it ends when the writer has ended.
    pub(crate) fn start(self, groups: Receiver<Vec<Durable>>) -> JoinHandle<()> {
        std::thread::Builder::new()
            .name("publisher".into())
            .spawn(move || {
                // If publishing panics, this is dropped on the way out and says so.
                let guard = FailOnPanic(self.failure.clone());
                for group in groups {
                    let answers = group.into_iter().filter_map(|one| self.publish(one)).collect();
                    if self.answers.send(answers).is_err() {
                        self.failure.fail("nobody is left to answer");
                    }
                }
                drop(guard);
            })
            .expect("the system can start a thread")
    }

    /// Publishes one append. Answers what its caller is to be told.
    fn publish(&self, Durable { lsn: last, append }: Durable) -> Option<(Ticket, Answer)> {
        let Append { records, then } = append;
        let count = records.len();
        let first = last.0 + 1 - count as u64;
        let mut outcome = None;
        for (lsn, record) in (first..).map(Lsn).zip(records) {
            let applied = self.apply(lsn, &record);
            outcome = Some((record, applied));
        }
        let (record, applied) = outcome.expect("an append has at least one record");
        let Then { ticket, order, lane } = then;
        drop(lane);
        if let Some(order) = order
            && order.cast(OrderMsg::Applied).is_err()
        {
            self.failure.fail("an order actor is gone that waited for its record");
        }
        ticket.map(|ticket| (ticket, answer(last, record, applied, count)))
    }

    fn apply(&self, lsn: Lsn, record: &Record) -> Applied {
        let applied = self.world.apply(lsn, record);
        for (store_id, product_id) in &applied.breached {
            self.shelves.stop_selling(*store_id, *product_id);
        }
        self.shelves.put_back(lsn, &record.event);
        if let Event::OrderPlaced { order } = &record.event
            && let Some(at_ms) = order.hold_expires_at_ms
        {
            self.timers.add(at_ms, order.id);
        }
        applied
    }
}

/// What the caller of a durable record is told. The log gives a later twin the same.
fn answer(lsn: Lsn, record: Record, applied: Applied, changed: usize) -> Answer {
    if let Event::CommandRefused { rejection } = record.event {
        return Err(Refusal::rejected(rejection));
    }
    let outcome = match (&record.event, applied.order) {
        (_, Some(order)) => Outcome::Order(order),
        (Event::StockReceived { .. } | Event::StockAdjusted { .. }, None) => {
            Outcome::Stock(Arc::new(record))
        }
        _ => Outcome::Catalogue { changed },
    };
    Ok(Receipt { lsn, replayed: false, outcome })
}

struct FailOnPanic(Failure);

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("the publisher has panicked");
        }
    }
}
