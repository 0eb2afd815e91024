//! Address books. What an address says is sealed with the customer's key; here is only which ones
//! there are, and where the zone index looks them up is decided with the order.

use crate::digest::Digester;
use crate::limits::ADDRESSES_MAX;
use crate::{AddressId, Event, FastMap, PersonId, Record, Rejection};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The addresses of all customers.
#[derive(Clone, Debug, Default)]
pub struct AddressBook {
    of_customer: FastMap<PersonId, BTreeMap<AddressId, Arc<[u8]>>>,
}

impl AddressBook {
    /// One address, sealed.
    pub fn get(&self, customer_id: PersonId, id: AddressId) -> Option<&Arc<[u8]>> {
        self.of_customer.get(&customer_id)?.get(&id)
    }

    /// The addresses of a customer, by id: oldest first.
    pub fn of(&self, customer_id: PersonId) -> impl Iterator<Item = (AddressId, &Arc<[u8]>)> {
        let book = self.of_customer.get(&customer_id);
        book.into_iter().flatten().map(|(id, sealed)| (*id, sealed))
    }

    /// Decides whether one more fits.
    ///
    /// # Errors
    /// [`Rejection::TooManyAddresses`].
    pub fn decide_save(&self, customer_id: PersonId, id: AddressId) -> Result<(), Rejection> {
        let is_known = self.get(customer_id, id).is_some();
        let count = self.of_customer.get(&customer_id).map_or(0, BTreeMap::len);
        if is_known || count < ADDRESSES_MAX { Ok(()) } else { Err(Rejection::TooManyAddresses) }
    }

    /// Applies what happened to an address.
    pub fn evolve(&mut self, record: &Record) {
        match &record.event {
            Event::AddressSaved { customer_id, address_id, sealed } => {
                let book = self.of_customer.get_or_insert_with(*customer_id, BTreeMap::new);
                book.insert(*address_id, Arc::clone(sealed));
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

    /// All addresses, by customer and then by id. For checkpoints.
    pub fn iter(&self) -> impl Iterator<Item = (PersonId, AddressId, &Arc<[u8]>)> {
        self.of_customer.sorted().into_iter().flat_map(|(customer_id, book)| {
            book.iter().map(|(id, sealed)| (*customer_id, *id, sealed))
        })
    }

    /// The book of these addresses; `None` if one comes twice. For checkpoints.
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
            digest.id(customer_id.0).count(book.len());
            for (id, sealed) in book {
                digest.id(id.0).bytes(sealed);
            }
        }
    }
}

#[cfg(test)]
mod tests;
