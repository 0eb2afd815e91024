//! Address books. The text of an address is sealed with the customer's key, so a book knows only
//! the ids. An order looks its address up in the zones when it is placed.

use crate::digest::Digester;
use crate::limits::ADDRESSES_MAX;
use crate::{AddressId, Event, FastMap, PersonId, Record, Rejection};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A change of a customer's address book.
#[derive(Clone, Debug)]
pub enum AddressCommand {
    /// Adds an address, or changes it.
    Save {
        /// Its id.
        address_id: AddressId,
        /// True when it must be in the book already.
        must_exist: bool,
        /// The address in clear; sealed with its owner's key before it is recorded.
        personal: Vec<u8>,
    },
    /// Takes an address out of the book.
    Remove {
        /// Its id.
        address_id: AddressId,
    },
}

/// The addresses of all customers.
#[derive(Clone, Debug, Default)]
pub struct AddressBook {
    of_customer: FastMap<PersonId, BTreeMap<AddressId, Arc<[u8]>>>,
}

impl AddressBook {
    /// Returns one address, sealed.
    pub fn get(&self, customer_id: PersonId, id: AddressId) -> Option<&Arc<[u8]>> {
        self.of_customer.get(&customer_id)?.get(&id)
    }

    /// Returns the addresses of a customer, by id: oldest first.
    pub fn of(&self, customer_id: PersonId) -> impl Iterator<Item = (AddressId, &Arc<[u8]>)> {
        let book = self.of_customer.get(&customer_id);
        book.into_iter().flatten().map(|(id, sealed)| (*id, sealed))
    }

    /// Decides on a command; `None` for an address that is not in the book and is to be taken out.
    /// `seal` hides an address that is accepted with its owner's key.
    ///
    /// # Errors
    /// [`Rejection::AddressUnknown`] or [`Rejection::TooManyAddresses`].
    pub fn decide(
        &self,
        customer_id: PersonId,
        command: &AddressCommand,
        seal: impl FnOnce(AddressId, &[u8]) -> Arc<[u8]>,
    ) -> Result<Option<Event>, Rejection> {
        let is_known = |id: &AddressId| self.get(customer_id, *id).is_some();
        match command {
            AddressCommand::Save { address_id, must_exist, personal } => {
                let count = self.of_customer.get(&customer_id).map_or(0, BTreeMap::len);
                if !is_known(address_id) && *must_exist {
                    return Err(Rejection::AddressUnknown);
                }
                if !is_known(address_id) && count >= ADDRESSES_MAX {
                    return Err(Rejection::TooManyAddresses);
                }
                let address_id = *address_id;
                let sealed = seal(address_id, personal);
                Ok(Some(Event::AddressSaved { customer_id, address_id, sealed }))
            }
            AddressCommand::Remove { address_id } => {
                let event = Event::AddressRemoved { customer_id, address_id: *address_id };
                Ok(is_known(address_id).then_some(event))
            }
        }
    }

    /// Applies a change of an address; other records are ignored.
    pub fn evolve(&mut self, record: &Record) {
        match &record.event {
            Event::AddressSaved { customer_id, address_id, sealed } => {
                let book = self.of_customer.get_or_insert_with(*customer_id, BTreeMap::new);
                book.insert(*address_id, Arc::clone(sealed));
                // Pairs with the check in `decide`.
                assert!(book.len() <= ADDRESSES_MAX, "an address book has a bound");
            }
            Event::AddressRemoved { customer_id, address_id } => {
                if let Some(book) = self.of_customer.get_mut(customer_id) {
                    book.remove(address_id);
                    if book.is_empty() {
                        self.of_customer.remove(customer_id);
                    }
                }
            }
            _ => (),
        }
    }

    /// Returns all addresses, by customer and then by id. For checkpoints.
    pub fn iter(&self) -> impl Iterator<Item = (PersonId, AddressId, &Arc<[u8]>)> {
        self.of_customer.sorted().into_iter().flat_map(|(customer_id, book)| {
            book.iter().map(|(id, sealed)| (*customer_id, *id, sealed))
        })
    }

    /// Builds the book of these addresses; `None` if one comes twice. For checkpoints.
    pub fn restore(
        addresses: impl IntoIterator<Item = (PersonId, AddressId, Arc<[u8]>)>,
    ) -> Option<Self> {
        let mut book = Self::default();
        for (customer_id, id, sealed) in addresses {
            let of_customer = book.of_customer.get_or_insert_with(customer_id, BTreeMap::new);
            if of_customer.insert(id, sealed).is_some() {
                return None;
            }
        }
        Some(book)
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.of_customer.len());
        for (customer_id, book) in self.of_customer.sorted() {
            // An empty book is removed, so that equal states have equal digests.
            assert!(!book.is_empty(), "a customer in the map has an address");
            digest.id(customer_id.0).count(book.len());
            for (id, sealed) in book {
                digest.id(id.0).bytes(sealed);
            }
        }
    }
}

#[cfg(test)]
mod tests;
