//! Orders that are being placed, by customer: ahead of the log, so that several in the same moment
//! count for each other.

use foldhash::HashMap;
use kirana_domain::holds::OnItsWay;
use kirana_domain::{OrderId, PersonId};
use parking_lot::Mutex;
use std::sync::Arc;

/// The orders of each customer that are being placed. All clones are one.
#[derive(Clone, Default)]
pub(crate) struct Placing(Arc<Mutex<HashMap<PersonId, Vec<OnItsWay>>>>);

impl Placing {
    /// Counts one more of a customer, until it is dropped. Returns the others.
    pub(crate) fn begin(
        &self,
        customer_id: PersonId,
        order: OnItsWay,
    ) -> (BeingPlaced, Vec<OnItsWay>) {
        let order_id = order.order_id;
        let mut placing = self.0.lock();
        let orders = placing.entry(customer_id).or_default();
        let others = orders.clone();
        orders.push(order);
        drop(placing);
        (BeingPlaced { placing: self.clone(), customer_id, order_id }, others)
    }
}

/// One order that is being placed.
pub(crate) struct BeingPlaced {
    placing: Placing,
    customer_id: PersonId,
    order_id: OrderId,
}

impl Drop for BeingPlaced {
    fn drop(&mut self) {
        let mut placing = self.placing.0.lock();
        if let Some(orders) = placing.get_mut(&self.customer_id) {
            orders.retain(|order| order.order_id != self.order_id);
            if orders.is_empty() {
                placing.remove(&self.customer_id);
            }
        }
    }
}
