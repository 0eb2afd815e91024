//! The shapes of people: carts, addresses, and the cash that a rider hands over.

use super::{Id, words::Result, words::optional};
use kirana_domain::{Event, Paise};
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
