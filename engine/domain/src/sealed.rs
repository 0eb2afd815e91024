//! The sealed texts of the log: personal data and secrets that only a key outside of it opens.
//!
//! A fact never says which key that is; the text does. So the log itself knows which keys there
//! must be.

use crate::{Endpoint, Event, OrderEntry, PersonId, Record, State, StoreRider};
use uuid::Uuid;

/// A sealed text, and what its key and its seal are bound to.
#[derive(Clone, Copy, Debug)]
pub struct Sealed<'a> {
    /// The person or endpoint that the key is for.
    pub subject: Uuid,
    /// The bytes of the id of the thing that it belongs to.
    pub belongs_to: &'a [u8],
    /// The text.
    pub text: &'a [u8],
}

impl Record {
    /// Shows each sealed text of the fact to `visit`.
    pub fn for_sealed(&self, visit: &mut dyn FnMut(Sealed<'_>)) {
        match &self.event {
            Event::OrderPlaced { order } => visit(Sealed {
                subject: order.customer_id.0,
                belongs_to: order.id.0.as_bytes(),
                text: &order.sealed,
            }),
            Event::AddressSaved { customer_id, address_id, sealed } => visit(Sealed {
                subject: customer_id.0,
                belongs_to: address_id.0.as_bytes(),
                text: sealed,
            }),
            Event::RiderSaved { rider_id, rider } => visit(of_rider(rider_id, rider)),
            Event::WebhookReceived { event_id, subject, sealed, .. } => {
                visit(Sealed { subject: subject.0, belongs_to: event_id.as_bytes(), text: sealed });
            }
            Event::EndpointDefined { endpoint } => of_endpoint(endpoint, visit),
            _ => (),
        }
    }
}

impl State {
    /// Shows each sealed text that the state holds to `visit`: of open orders, address books,
    /// riders and endpoints.
    pub fn for_sealed(&self, visit: &mut dyn FnMut(Sealed<'_>)) {
        for id in self.orders.open_ids() {
            if let Some(OrderEntry::Open(order)) = self.orders.get(id) {
                let placed = &order.placed;
                let (subject, belongs_to) = (placed.customer_id.0, placed.id.0.as_bytes());
                visit(Sealed { subject, belongs_to, text: &placed.sealed });
            }
        }
        for (customer_id, address_id, text) in self.people.addresses.iter() {
            let (subject, belongs_to) = (customer_id.0, address_id.0.as_bytes());
            visit(Sealed { subject, belongs_to, text });
        }
        for (rider_id, rider) in self.people.riders.iter() {
            visit(of_rider(&rider_id, rider));
        }
        self.people.hooks.iter().for_each(|hook| of_endpoint(&hook.endpoint, visit));
    }
}

fn of_rider<'a>(id: &'a PersonId, rider: &'a StoreRider) -> Sealed<'a> {
    Sealed { subject: id.0, belongs_to: id.0.as_bytes(), text: &rider.sealed }
}

fn of_endpoint(endpoint: &Endpoint, visit: &mut dyn FnMut(Sealed<'_>)) {
    let previous = endpoint.previous.as_ref().map(|(sealed, _)| sealed);
    for text in std::iter::once(&endpoint.secret).chain(previous) {
        visit(Sealed { subject: endpoint.id.0, belongs_to: endpoint.id.0.as_bytes(), text });
    }
}
