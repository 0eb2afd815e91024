//! The parts of the running engine that an order is worked on with.

use crate::admission::admit::Ticket;
use crate::admission::append::JournalQueue;
use crate::admission::command::{Outcome, Receipt, SubmitError};
use crate::admission::placing::Placing;
use crate::clock::Clock;
use crate::orders::coupon_reservations::CouponReservations;
use crate::orders::outbox_plan::OutboxPlan;
use crate::orders::registry::OrderRegistry;
use crate::orders::timers::Timers;
use crate::state::live_state::LiveState;
use crate::state::reads::Reads;
use crate::stock::registry::StockRegistry;
use kirana_domain::{Event, Order, OrderId, PersonId, Record, Rejection};
use kirana_storage::Vault;
use std::sync::Arc;

/// What every part of the running engine shares.
pub(crate) struct Core {
    pub(crate) state: Arc<LiveState>,
    pub(crate) stock: Arc<StockRegistry>,
    pub(crate) journal: JournalQueue,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) registry: OrderRegistry,
    pub(crate) reads: Arc<Reads>,
    pub(crate) timers: Arc<Timers>,
    pub(crate) coupons: Arc<CouponReservations>,
    pub(crate) outbox: Arc<OutboxPlan>,
    pub(crate) placing: Placing,
}

impl Core {
    /// Seals what is personal to somebody, bound to what it belongs to.
    pub(crate) fn seal(&self, subject: PersonId, belongs_to: &[u8], plain: &[u8]) -> Box<[u8]> {
        self.vault.seal(subject.0.into_bytes(), belongs_to, plain).into_boxed_slice()
    }

    /// Answers a refusal. Under a key it is recorded first: the twin gets the same answer.
    pub(crate) fn refuse(&self, rejection: Rejection, ticket: Ticket) {
        metrics::counter!("kirana_commands_refused_total", "code" => rejection.code().to_string())
            .increment(1);
        if ticket.key().is_none() {
            return ticket.answer(Err(SubmitError::rejected(rejection)));
        }
        let event = Event::CommandRefused { rejection };
        let (by, key) = (ticket.by(), ticket.key());
        let record = Record { at_ms: self.clock.now_ms(), by, key, event };
        self.journal.append_one(record, ticket);
    }

    /// Answers with the order as it is: the command changed nothing. The order has ended and may
    /// have to be read from the log, so this is not done in its actor.
    pub(crate) fn answer_as_it_is(&self, order_id: OrderId, ticket: Ticket) {
        let reads = Arc::clone(&self.reads);
        tokio::spawn(async move {
            ticket.answer(match reads.order(order_id).await {
                Ok(Some(order)) => Ok(as_it_is(order)),
                Ok(None) => Err(SubmitError::OrderUnknown),
                Err(error) => {
                    tracing::error!(%error, %order_id, "an order cannot be read from the log");
                    Err(SubmitError::Failed)
                }
            });
        });
    }
}

/// The answer for an order that a command left as it is.
fn as_it_is(order: Arc<Order>) -> Receipt {
    Receipt { lsn: order.lsn(), replayed: false, outcome: Outcome::Order(order) }
}
