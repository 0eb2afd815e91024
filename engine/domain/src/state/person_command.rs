//! Decisions on what belongs to one person.

use super::PersonBooks;
use crate::facts::Reason;
use crate::{
    AddressCommand, CartCommand, Event, Paise, PersonId, Principal, Rejection, RiderCommand,
    StoreId,
};
use std::sync::Arc;
use uuid::Uuid;

/// A command about what belongs to one person.
#[derive(Clone, Debug)]
pub enum PersonCommand {
    /// Changes a cart.
    Cart {
        /// Its owner.
        customer_id: PersonId,
        /// The store whose products are in it.
        store_id: StoreId,
        /// The change.
        command: CartCommand,
    },
    /// Changes an address book.
    Address {
        /// Its owner.
        customer_id: PersonId,
        /// The change.
        command: AddressCommand,
    },
    /// Makes a rider known, or changes one.
    Rider {
        /// The rider.
        rider_id: PersonId,
        /// The change.
        command: RiderCommand,
    },
    /// A rider hands cash over.
    HandOverCash {
        /// The store.
        store_id: StoreId,
        /// The rider.
        rider_id: PersonId,
        /// The amount that was counted.
        counted: Paise,
        /// The reason of a difference, if there is one.
        note: Option<Reason>,
    },
}

impl PersonCommand {
    /// Returns the person whose commands see each other.
    pub fn person_id(&self) -> PersonId {
        match self {
            Self::Cart { customer_id, .. } | Self::Address { customer_id, .. } => *customer_id,
            Self::HandOverCash { rider_id, .. } | Self::Rider { rider_id, .. } => *rider_id,
        }
    }
}

impl PersonBooks {
    /// Decides on a command; `None` when all is so already. `seal` hides personal data with the key
    /// of its owner, bound to the id of what it belongs to, and is called only for accepted data.
    ///
    /// # Errors
    /// As the book that the command is about.
    pub fn decide(
        &self,
        command: PersonCommand,
        by: &Principal,
        seal: impl FnOnce(Uuid, &[u8]) -> Arc<[u8]>,
    ) -> Result<Option<Event>, Rejection> {
        match command {
            PersonCommand::Cart { customer_id, store_id, command } => {
                self.carts.decide(customer_id, store_id, &command)
            }
            PersonCommand::Address { customer_id, command } => {
                self.addresses.decide(customer_id, &command, |id, plain| seal(id.0, plain))
            }
            PersonCommand::Rider { rider_id, command } => {
                self.riders.decide(rider_id, &command, by, |plain| seal(rider_id.0, plain))
            }
            PersonCommand::HandOverCash { store_id, rider_id, counted, note } => {
                self.cash.decide_handover((store_id, rider_id), counted, note, by).map(Some)
            }
        }
    }
}
