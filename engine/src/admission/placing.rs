//! Orders that are being placed, by customer: ahead of the log, so that several in the same moment
//! count for each other.

use foldhash::HashMap;
use kirana_domain::PersonId;
use parking_lot::Mutex;
use std::sync::Arc;

/// The orders of each customer that are being placed. All clones are one.
#[derive(Clone, Default)]
pub(crate) struct Placing(Arc<Mutex<HashMap<PersonId, u32>>>);

impl Placing {
    /// Counts one more of a customer, until it is dropped. Returns the number of others.
    pub(crate) fn begin(&self, customer_id: PersonId) -> (BeingPlaced, u32) {
        let mut counts = self.0.lock();
        let count = counts.entry(customer_id).or_default();
        let others = *count;
        *count += 1;
        drop(counts);
        (BeingPlaced { placing: self.clone(), customer_id }, others)
    }
}

/// One order that is being placed.
pub(crate) struct BeingPlaced {
    placing: Placing,
    customer_id: PersonId,
}

impl Drop for BeingPlaced {
    fn drop(&mut self) {
        let mut counts = self.placing.0.lock();
        if let Some(count) = counts.get_mut(&self.customer_id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.customer_id);
            }
        }
    }
}
