//! Deadlines of unpaid orders: one sorted queue and one task for all of them.
//!
//! Entries are never taken back. An order that was paid or cancelled in time stays as it is when
//! its entry comes up, so a timer that fires for nothing costs a look-up.

use kirana_domain::OrderId;
use kirana_domain::time::AtMs;
use parking_lot::Mutex;
use std::collections::BTreeSet;

/// Deadlines of unpaid orders.
#[derive(Debug, Default)]
pub(crate) struct Timers(Mutex<BTreeSet<(AtMs, OrderId)>>);

impl Timers {
    /// Starts with the unpaid orders of the log.
    pub(crate) fn of(unpaid: Vec<(AtMs, OrderId)>) -> Self {
        Self(Mutex::new(unpaid.into_iter().collect()))
    }

    /// Remembers a deadline.
    pub(crate) fn add(&self, at_ms: AtMs, order_id: OrderId) {
        self.0.lock().insert((at_ms, order_id));
    }

    /// Takes the first order whose deadline has come.
    pub(crate) fn pop_due(&self, now_ms: AtMs) -> Option<OrderId> {
        let mut queue = self.0.lock();
        let (at_ms, _) = queue.first()?;
        if *at_ms > now_ms {
            return None;
        }
        queue.pop_first().map(|(_, order_id)| order_id)
    }

    /// Returns the number of deadlines.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().len()
    }
}
