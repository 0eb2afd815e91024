//! The steps behind a durable record: the state learns of it, units go back on their stock, timers
//! are set, and whoever waits is answered. In log order, on a thread of its own, so that the next
//! group is on its way to the disk meanwhile.

use crate::admission::admit::Ticket;
use crate::admission::answer::answer_of;
use crate::admission::append::{Append, Then};
use crate::admission::command::Answer;
use crate::admission::message::OrderMsg;
use crate::failure::Failure;
use crate::log::journal_writer::Durable;
use crate::orders::coupon_reservations::CouponReservations;
use crate::orders::outbox_plan::OutboxPlan;
use crate::orders::timers::Timers;
use crate::state::feed::{self, Feed, LiveEvent};
use crate::state::live_state::LiveState;
use crate::state::read_error::ReadError;
use crate::state::reads::Reads;
use crate::stock::registry::StockRegistry;
use kirana_domain::payment::{ChargeStatus, DisputeStatus};
use kirana_domain::state::Applied;
use kirana_domain::{Event, Lsn, Order, OrderEntry, Record};
use metrics::{Counter, counter};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::thread::JoinHandle;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

/// The one writer of the live state.
pub(crate) struct Publisher {
    pub(crate) state: Arc<LiveState>,
    pub(crate) stock: Arc<StockRegistry>,
    pub(crate) timers: Arc<Timers>,
    pub(crate) coupons: Arc<CouponReservations>,
    pub(crate) outbox: Arc<OutboxPlan>,
    pub(crate) failure: Failure,
    pub(crate) feed: Arc<Feed>,
    pub(crate) money: MoneyCounts,
    pub(crate) answers: UnboundedSender<Vec<(Ticket, Due)>>,
}

/// Counts of facts about money at the payment provider, since this start.
pub(crate) struct MoneyCounts {
    captured: Counter,
    failed: Counter,
    disputes_lost: Counter,
}

impl Default for MoneyCounts {
    /// Returns counts that are shown from the first moment, so that a share can be computed.
    fn default() -> Self {
        let charges =
            |outcome: &'static str| counter!("kirana_charges_total", "outcome" => outcome);
        let (captured, failed) = (charges("captured"), charges("failed"));
        let counts =
            Self { captured, failed, disputes_lost: counter!("kirana_disputes_lost_total") };
        for count in [&counts.captured, &counts.failed, &counts.disputes_lost] {
            count.increment(0);
        }
        counts
    }
}

impl MoneyCounts {
    fn count(&self, event: &Event) {
        match event {
            Event::ChargeSeen { charge, .. } => match charge.status {
                ChargeStatus::Captured => self.captured.increment(1),
                ChargeStatus::Failed => self.failed.increment(1),
                ChargeStatus::Authorized => (),
            },
            Event::DisputeSeen { order_id, dispute } if dispute.status == DisputeStatus::Lost => {
                let id = &*dispute.id;
                tracing::error!(%order_id, id, "a dispute was lost: the money is gone");
                self.disputes_lost.increment(1);
            }
            _ => (),
        }
    }
}

/// The answer that a ticket is due.
pub(crate) enum Due {
    /// It is at hand.
    Now(Answer),
    /// It is read from the log, like that of a retry: the order of this record has left memory.
    FromLog(Lsn),
}

/// Sends the answers group by group, inside the runtime: the thread that publishes would wake a
/// worker of the runtime for each answer. As many can wait here as were let in at the admission.
pub(crate) async fn run_answers(
    reads: Arc<Reads>,
    mut groups: UnboundedReceiver<Vec<(Ticket, Due)>>,
) {
    let answer = |(ticket, due): (Ticket, Due)| match due {
        Due::Now(answer) => ticket.answer(answer),
        Due::FromLog(lsn) => {
            let reads = Arc::clone(&reads);
            tokio::spawn(async move { ticket.answer(reads.answer_at(lsn).await) });
        }
    };
    while let Some(group) = groups.recv().await {
        group.into_iter().for_each(answer);
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
                let published = groups.iter().try_for_each(|group| self.publish_group(group));
                if let Err(error) = published {
                    self.failure.fail(error.to_string());
                }
                drop(guard);
            })
            .expect("the system can start a thread")
    }

    fn publish_group(&self, group: Vec<Durable>) -> Result<(), ReadError> {
        let mut told = self.feed.is_listened_to().then(Vec::new);
        let end = group.last().map(|durable| durable.lsn);
        let mut answers = Vec::with_capacity(group.len());
        for durable in group {
            answers.extend(self.publish(durable, &mut told)?);
        }
        if let Some(end) = end {
            self.feed.publish(told, end);
        }
        if self.answers.send(answers).is_err() {
            self.failure.fail("nobody is left to answer");
        }
        Ok(())
    }

    /// Publishes one append. Returns the answer to its caller.
    fn publish(
        &self,
        Durable { lsn: last, append }: Durable,
        told: &mut Option<Vec<LiveEvent>>,
    ) -> Result<Option<(Ticket, Due)>, ReadError> {
        let Append { records, then } = append;
        let count = records.len();
        let first = last.0 + 1 - count as u64;
        let mut outcome = None;
        for (lsn, record) in (first..).map(Lsn).zip(records) {
            let applied = self.apply(lsn, &record)?;
            if matches!(applied.entry, Some(OrderEntry::Ended(_))) {
                // The order of it is in the log alone: those who listen read on there.
                *told = None;
            }
            if let Some(told) = told {
                told.extend(feed::told(lsn, &record, open_order(&applied)));
            }
            outcome = Some((record, applied));
        }
        let (record, applied) = outcome.expect("an append has at least one record");
        let Then { ticket, order, lane, placing } = then;
        drop((lane, placing));
        if let Some(order) = order
            && order.tell(OrderMsg::Applied).is_err()
        {
            self.failure.fail("an order actor is gone that waited for its record");
        }
        Ok(ticket.map(|ticket| (ticket, due(last, record, applied, count))))
    }

    fn apply(&self, lsn: Lsn, record: &Record) -> Result<Applied, ReadError> {
        let applied = self.state.apply(lsn, record)?;
        for (store_id, product_id) in &applied.breached {
            self.stock.stop_selling(*store_id, *product_id);
        }
        self.stock.put_back(lsn, &record.event);
        self.money.count(&record.event);
        if let Some(order) = open_order(&applied) {
            self.coupons.follow(lsn, &record.event, order);
            // A payment that has failed no longer keeps a hold that is over.
            let sets_timer =
                matches!(record.event, Event::OrderPlaced { .. } | Event::ChargeSeen { .. });
            if sets_timer && let Some(at_ms) = order.expires_at_ms(record.at_ms) {
                self.timers.add(at_ms, order.placed.id);
            }
        }
        if let Some(entry) = &applied.entry
            && let Some(order_id) = record.event.order_id()
        {
            self.outbox.follow(order_id, entry, record.at_ms);
        }
        Ok(applied)
    }
}

/// Returns the order that a record is about, unless it had left memory before.
fn open_order(applied: &Applied) -> Option<&Arc<Order>> {
    match &applied.entry {
        Some(OrderEntry::Open(order)) => Some(order),
        Some(OrderEntry::Ended(_)) | None => None,
    }
}

/// Returns the answer to the caller of a durable record.
fn due(lsn: Lsn, record: Record, applied: Applied, changed: usize) -> Due {
    let order = |_| match applied.entry {
        Some(OrderEntry::Open(order)) => Ok(order),
        Some(OrderEntry::Ended(_)) | None => Err(Due::FromLog(lsn)),
    };
    answer_of(lsn, record, changed, order).map_or_else(|from_log| from_log, Due::Now)
}

impl Drop for Publisher {
    /// Nothing comes after the last record, nor after a failure: nobody is to wait for it.
    fn drop(&mut self) {
        self.feed.close();
    }
}

struct FailOnPanic(Failure);

impl Drop for FailOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.fail("the publisher has panicked");
        }
    }
}
