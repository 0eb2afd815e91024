//! The riders of the stores: who may be asked to bring an order, and how many at once. The name and
//! the phone of a rider are sealed with the rider's own key, so the book knows neither.

use crate::digest::Digester;
use crate::limits::{RIDER_ORDERS_DEFAULT, RIDERS_MAX};
use crate::{Event, FastMap, PersonId, Principal, Record, Rejection, StoreId};
use std::sync::Arc;

/// A rider as a store knows them. A person rides for one store at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreRider {
    /// The store.
    pub store_id: StoreId,
    /// Orders that the rider brings at once, at the most.
    pub capacity: u32,
    /// True while the rider is at work.
    pub on_shift: bool,
    /// Name and phone, sealed with the rider's key.
    pub sealed: Arc<[u8]>,
}

/// A change of a rider.
#[derive(Clone, Debug)]
pub enum RiderCommand {
    /// Makes the rider known to a store, or changes what it knows.
    Save {
        /// The store.
        store_id: StoreId,
        /// Orders at once; `None` leaves it, or is [`RIDER_ORDERS_DEFAULT`] for a new rider.
        capacity: Option<u32>,
        /// At work or not; `None` leaves it, or is true for a new rider.
        on_shift: Option<bool>,
        /// Name and phone in clear; sealed with the rider's key before they are recorded.
        personal: Vec<u8>,
    },
    /// Begins or ends the rider's own shift.
    Shift {
        /// True to begin it.
        on_shift: bool,
    },
}

/// The riders of all stores.
#[derive(Clone, Debug, Default)]
pub struct RiderBook {
    riders: FastMap<PersonId, StoreRider>,
}

impl RiderBook {
    /// Returns a rider.
    pub fn get(&self, rider_id: PersonId) -> Option<&StoreRider> {
        self.riders.get(&rider_id)
    }

    /// Returns the riders of a store, by id.
    pub fn of_store(&self, store_id: StoreId) -> impl Iterator<Item = (PersonId, &StoreRider)> {
        self.iter().filter(move |(_, rider)| rider.store_id == store_id)
    }

    /// Checks that a rider can be asked to bring one more order of a store; `others` are the orders
    /// that the rider has already.
    ///
    /// # Errors
    /// [`Rejection::RiderUnknown`] for nobody's rider and another store's,
    /// [`Rejection::RiderOffShift`] or [`Rejection::RiderFull`].
    pub fn check(
        &self,
        rider_id: PersonId,
        store_id: StoreId,
        others: usize,
    ) -> Result<(), Rejection> {
        let rider = self.get(rider_id).filter(|rider| rider.store_id == store_id);
        let rider = rider.ok_or(Rejection::RiderUnknown)?;
        if !rider.on_shift {
            return Err(Rejection::RiderOffShift);
        }
        if others >= rider.capacity as usize {
            return Err(Rejection::RiderFull { capacity: rider.capacity });
        }
        Ok(())
    }

    /// Decides on a change; `None` when all is so already. `seal` hides name and phone with the
    /// rider's key, and is called only for a change that is accepted.
    ///
    /// # Errors
    /// [`Rejection::RiderUnknown`] for the shift of nobody's rider, [`Rejection::NotYours`] for a
    /// packer who would take another store's rider, [`Rejection::TooManyRiders`].
    pub fn decide(
        &self,
        rider_id: PersonId,
        command: &RiderCommand,
        by: &Principal,
        seal: impl FnOnce(&[u8]) -> Arc<[u8]>,
    ) -> Result<Option<Event>, Rejection> {
        let known = self.get(rider_id);
        let rider = match command {
            RiderCommand::Save { store_id, capacity, on_shift, personal } => {
                let is_new = known.is_none_or(|known| known.store_id != *store_id);
                if is_new && known.is_some() && !by.role.is_back_office() {
                    return Err(Rejection::NotYours);
                }
                if is_new && self.of_store(*store_id).count() >= RIDERS_MAX {
                    return Err(Rejection::TooManyRiders);
                }
                let before = known.map(|known| (known.capacity, known.on_shift));
                let (capacity_before, shift_before) =
                    before.unwrap_or((RIDER_ORDERS_DEFAULT, true));
                StoreRider {
                    store_id: *store_id,
                    capacity: capacity.unwrap_or(capacity_before),
                    on_shift: on_shift.unwrap_or(shift_before),
                    sealed: seal(personal),
                }
            }
            RiderCommand::Shift { on_shift } => {
                let known = known.ok_or(Rejection::RiderUnknown)?;
                if known.on_shift == *on_shift {
                    return Ok(None);
                }
                StoreRider { on_shift: *on_shift, ..known.clone() }
            }
        };
        Ok(Some(Event::RiderSaved { rider_id, rider }))
    }

    /// Applies a change of a rider; other records are ignored.
    pub fn evolve(&mut self, record: &Record) {
        if let Event::RiderSaved { rider_id, rider } = &record.event {
            self.riders.insert(*rider_id, rider.clone());
        }
    }

    /// Returns all riders, by id. For checkpoints.
    pub fn iter(&self) -> impl Iterator<Item = (PersonId, &StoreRider)> {
        self.riders.sorted().into_iter().map(|(id, rider)| (*id, rider))
    }

    /// Builds the book of these riders; `None` if one comes twice. For checkpoints.
    pub fn restore(riders: impl IntoIterator<Item = (PersonId, StoreRider)>) -> Option<Self> {
        let mut book = Self::default();
        for (rider_id, rider) in riders {
            if book.riders.insert(rider_id, rider).is_some() {
                return None;
            }
        }
        Some(book)
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        // States of releases that knew no riders have the digests that they had then.
        if self.riders.is_empty() {
            return;
        }
        digest.bytes(b"riders").count(self.riders.len());
        for (rider_id, StoreRider { store_id, capacity, on_shift, sealed }) in self.iter() {
            digest.id(rider_id.0).id(store_id.0).unsigned((*capacity).into());
            digest.unsigned((*on_shift).into()).bytes(sealed);
        }
    }
}

#[cfg(test)]
mod tests;
