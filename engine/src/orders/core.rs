//! The parts of the running engine that an order is worked on with.

use crate::admission::admit::Ticket;
use crate::admission::append::{JournalQueue, Then};
use crate::admission::command::{Outcome, Receipt, SubmitError};
use crate::admission::message::ShortLine;
use crate::admission::placing::Placing;
use crate::clock::StampClock;
use crate::orders::coupon_reservations::CouponReservations;
use crate::orders::outbox_plan::OutboxPlan;
use crate::orders::registry::OrderRegistry;
use crate::orders::timers::Timers;
use crate::state::live_state::LiveState;
use crate::state::reads::Reads;
use crate::stock::registry::StockRegistry;
use kirana_domain::{
    Event, HoldRules, OrderId, PersonId, Record, Rejection, StockIssue, StockLine, StoreId,
};
use kirana_storage::Vault;
use std::sync::Arc;
use tokio::sync::OwnedMutexGuard;

/// The parts of the running engine that all others share.
pub(crate) struct Core {
    pub(crate) state: Arc<LiveState>,
    pub(crate) stock: Arc<StockRegistry>,
    pub(crate) journal: JournalQueue,
    pub(crate) vault: Arc<Vault>,
    pub(crate) clock: Arc<StampClock>,
    pub(crate) registry: OrderRegistry,
    pub(crate) reads: Arc<Reads>,
    pub(crate) timers: Arc<Timers>,
    pub(crate) coupons: Arc<CouponReservations>,
    pub(crate) outbox: Arc<OutboxPlan>,
    pub(crate) placing: Placing,
    pub(crate) holds: HoldRules,
}

impl Core {
    /// Seals personal data of a person, bound to the id of the thing that it belongs to.
    pub(crate) fn seal(&self, subject: PersonId, belongs_to: &[u8], plain: &[u8]) -> Box<[u8]> {
        self.vault.seal(subject.0.into_bytes(), belongs_to, plain).into_boxed_slice()
    }

    /// Answers a refusal. Under a key it is recorded first, and a retry is refused likewise; but
    /// one that may pass is never recorded, and a retry is decided anew.
    pub(crate) fn refuse(&self, rejection: Rejection, ticket: Ticket) {
        metrics::counter!("kirana_commands_refused_total", "code" => rejection.code().to_string())
            .increment(1);
        if ticket.key().is_none() || rejection.kind().may_pass() {
            return ticket.answer(Err(SubmitError::rejected(rejection)));
        }
        self.record(Event::CommandRefused { rejection }, ticket);
    }

    /// Records a fact that answers a command.
    pub(crate) fn record(&self, event: Event, ticket: Ticket) {
        let (by, key) = (ticket.by(), ticket.key());
        let record = Record { at_ms: self.clock.now_ms(), by, key, event };
        self.journal.append(vec![record], Then { ticket: Some(ticket), ..Then::default() });
    }

    /// Records the facts that answer a command, all or none; the last one is the answer.
    pub(crate) fn record_in_one(&self, events: Vec<Event>, ticket: Ticket) {
        let (at_ms, by, key) = (self.clock.now_ms(), ticket.by(), ticket.key());
        let last = events.len().saturating_sub(1);
        let record = |(index, event)| {
            let key = key.filter(|_| index == last);
            Record { at_ms, by, key, event }
        };
        let records = events.into_iter().enumerate().map(record).collect();
        self.journal.append(records, Then { ticket: Some(ticket), ..Then::default() });
    }

    /// Records the facts that answer a command, and lets the lock go once they are applied. A
    /// command without facts is answered at once: all is so already.
    pub(crate) fn record_all(
        &self,
        events: Vec<Event>,
        unchanged: Outcome,
        ticket: Ticket,
        lock: OwnedMutexGuard<()>,
    ) {
        if events.is_empty() {
            let lsn = self.state.lsn();
            return ticket.answer(Ok(Receipt { lsn, replayed: false, outcome: unchanged }));
        }
        let (at_ms, by) = (self.clock.now_ms(), ticket.by());
        // A key is recorded with one fact. A command of several, such as the definition of
        // products, comes to the same however often it is carried out, and needs none.
        let key = ticket.key().filter(|_| events.len() == 1);
        let records = events.into_iter().map(|event| Record { at_ms, by, key, event }).collect();
        let then = Then { ticket: Some(ticket), lane: Some(lock), ..Then::default() };
        self.journal.append(records, then);
    }

    /// Returns the lines of a reservation that were short, as a refusal names them.
    pub(crate) fn stock_issues(&self, store_id: StoreId, short: &[ShortLine]) -> Vec<StockIssue> {
        self.state.catalogue(|catalogue| {
            let issue = |short: &ShortLine| {
                let StockLine { product_id, units: requested } = short.line;
                let product_name = catalogue.product(store_id, product_id)?.name.clone();
                Some(StockIssue { product_id, product_name, requested, available: short.available })
            };
            short.iter().filter_map(issue).collect()
        })
    }

    /// Answers with the order as it is: the command changed nothing. The order has ended and may
    /// have to be read from the log, so this is not done in its actor.
    pub(crate) fn answer_as_it_is(&self, order_id: OrderId, ticket: Ticket) {
        let reads = Arc::clone(&self.reads);
        tokio::spawn(async move {
            let order = reads.existing_order(order_id).await;
            ticket.answer(order.map(|order| Receipt {
                lsn: order.lsn(),
                replayed: false,
                outcome: Outcome::Order(order),
            }));
        });
    }
}
