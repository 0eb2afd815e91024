//! The shapes of people: riders, and the cash that a rider hands over.

use super::{Id, words::Result, words::optional};
use crate::codec::stored::parts::Bytes;
use kirana_domain::{Event, Paise, PersonId, StoreRider};
use serde::{Deserialize, Serialize};

/// Cash that a rider handed over.
#[derive(Serialize, Deserialize)]
pub(super) struct CashHandedOver<'a> {
    pub(super) rider_id: Id,
    pub(super) store_id: Id,
    pub(super) expected: i64,
    pub(super) counted: i64,
    #[serde(borrow)]
    pub(super) note: Option<&'a str>,
}

impl CashHandedOver<'_> {
    /// Returns the fact.
    pub(super) fn parse(&self) -> Result<Event> {
        Ok(Event::CashHandedOver {
            rider_id: self.rider_id.into(),
            store_id: self.store_id.into(),
            expected: Paise(self.expected),
            counted: Paise(self.counted),
            note: optional(self.note)?,
        })
    }
}

/// A rider of a store, with sealed name and phone; in checkpoints, too.
#[derive(Serialize, Deserialize)]
pub(crate) struct RiderSaved<'a> {
    rider_id: Id,
    store_id: Id,
    capacity: u32,
    on_shift: bool,
    #[serde(borrow)]
    sealed: Bytes<'a>,
}

impl<'a> From<(PersonId, &'a StoreRider)> for RiderSaved<'a> {
    fn from((rider_id, rider): (PersonId, &'a StoreRider)) -> Self {
        let StoreRider { store_id, capacity, on_shift, sealed } = rider;
        Self {
            rider_id: rider_id.into(),
            store_id: store_id.into(),
            capacity: *capacity,
            on_shift: *on_shift,
            sealed: Bytes(sealed),
        }
    }
}

impl RiderSaved<'_> {
    /// Returns the fact.
    pub(super) fn event(self) -> Event {
        let (rider_id, rider) = self.into();
        Event::RiderSaved { rider_id, rider }
    }
}

impl From<RiderSaved<'_>> for (PersonId, StoreRider) {
    fn from(stored: RiderSaved<'_>) -> Self {
        let RiderSaved { rider_id, store_id, capacity, on_shift, sealed } = stored;
        let (store_id, sealed) = (store_id.into(), sealed.0.into());
        (rider_id.into(), StoreRider { store_id, capacity, on_shift, sealed })
    }
}
