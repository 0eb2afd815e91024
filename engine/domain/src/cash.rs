//! Cash that riders have collected and not handed over yet.

use crate::digest::Digester;
use crate::facts::{Reason, Step};
use crate::time::AtMs;
use crate::{Event, Paise, PersonId, Principal, Record, Rejection, StoreId};
use std::collections::{BTreeMap, VecDeque};

/// Cash of one store that one rider has: one shift, from the first delivery to the handover.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InHand {
    /// The amount.
    pub amount: Paise,
    /// Deliveries that it comes from.
    pub deliveries: u32,
    /// The time of the first of them.
    pub since_ms: AtMs,
}

/// The time of a delivery and the cash that was paid for it.
type Collected = (AtMs, Paise);

/// The cash of all riders.
#[derive(Clone, Debug, Default)]
pub struct CashBook {
    /// Deliveries since the last handover, oldest first; never an empty list.
    collected: BTreeMap<(StoreId, PersonId), VecDeque<Collected>>,
}

impl InHand {
    fn of(collected: &VecDeque<Collected>) -> Self {
        let amount: Paise = collected.iter().map(|(_, cash)| *cash).sum();
        // Only deliveries with cash are noted, and a rider without any leaves the map.
        assert!(amount > Paise::ZERO, "a rider in the map has cash");
        Self {
            amount,
            deliveries: u32::try_from(collected.len()).unwrap_or(u32::MAX),
            since_ms: collected.front().map_or(0, |(at_ms, _)| *at_ms),
        }
    }
}

impl CashBook {
    /// Returns the cash of a store that a rider has.
    pub fn in_hand(&self, store_id: StoreId, rider_id: PersonId) -> InHand {
        self.collected.get(&(store_id, rider_id)).map(InHand::of).unwrap_or_default()
    }

    /// Returns the riders who have cash of a store, with that cash.
    pub fn of_store(&self, store_id: StoreId) -> impl Iterator<Item = (PersonId, InHand)> {
        let least = PersonId(uuid::Uuid::nil());
        let riders = self.collected.range((store_id, least)..);
        let of_store = riders.take_while(move |((store, _), _)| *store == store_id);
        of_store.map(|((_, rider_id), collected)| (*rider_id, InHand::of(collected)))
    }

    /// Decides on a handover: the counted amount is recorded beside the expected one.
    ///
    /// # Errors
    /// [`Rejection::CashMismatch`] when the two differ without a note, or when the rider has no
    /// cash at all; [`Rejection::NotYours`] for somebody who is not of the store's staff.
    pub fn decide_handover(
        &self,
        (store_id, rider_id): (StoreId, PersonId),
        counted: Paise,
        note: Option<Reason>,
        by: &Principal,
    ) -> Result<Event, Rejection> {
        if !by.is_staff_of(store_id) {
            return Err(Rejection::NotYours);
        }
        let expected = self.in_hand(store_id, rider_id).amount;
        let differs = expected != counted && note.is_none();
        if differs || (expected == Paise::ZERO && counted == Paise::ZERO) {
            return Err(Rejection::CashMismatch { due: expected, given: counted });
        }
        Ok(Event::CashHandedOver { rider_id, store_id, expected, counted, note })
    }

    /// Applies a delivery or a handover.
    pub fn evolve(&mut self, record: &Record) {
        match &record.event {
            Event::OrderMoved {
                store_id,
                step: Step::Delivered { rider_id: Some(rider_id), cash },
                ..
            } if *cash > Paise::ZERO => {
                let collected = self.collected.entry((*store_id, *rider_id)).or_default();
                collected.push_back((record.at_ms, *cash));
            }
            Event::CashHandedOver { store_id, rider_id, expected, .. } => {
                self.hand_over((*store_id, *rider_id), *expected);
            }
            _ => (),
        }
    }

    /// Removes the oldest deliveries up to the expected amount. Cash that was collected while the
    /// handover was on its way to the log stays.
    fn hand_over(&mut self, key: (StoreId, PersonId), expected: Paise) {
        let Some(collected) = self.collected.get_mut(&key) else { return };
        let mut left = expected;
        while let Some((_, cash)) = collected.front()
            && *cash <= left
        {
            left = left - *cash;
            assert!(left >= Paise::ZERO, "no more is handed over than was expected");
            collected.pop_front();
        }
        if collected.is_empty() {
            self.collected.remove(&key);
        }
    }

    /// Returns every delivery whose cash was not handed over, by store and rider, oldest first. For
    /// checkpoints.
    pub fn iter(&self) -> impl Iterator<Item = (StoreId, PersonId, AtMs, Paise)> {
        self.collected.iter().flat_map(|((store_id, rider_id), collected)| {
            collected.iter().map(|(at_ms, cash)| (*store_id, *rider_id, *at_ms, *cash))
        })
    }

    /// Builds the book of these deliveries, in the order of [`CashBook::iter`]; `None` if there is
    /// one without cash. For checkpoints.
    pub fn restore(
        deliveries: impl IntoIterator<Item = (StoreId, PersonId, AtMs, Paise)>,
    ) -> Option<Self> {
        let mut book = Self::default();
        for (store_id, rider_id, at_ms, cash) in deliveries {
            if cash <= Paise::ZERO {
                return None;
            }
            book.collected.entry((store_id, rider_id)).or_default().push_back((at_ms, cash));
        }
        Some(book)
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.collected.len());
        for ((store_id, rider_id), collected) in &self.collected {
            digest.id(store_id.0).id(rider_id.0).count(collected.len());
            for (at_ms, cash) in collected {
                digest.numbers(&[*at_ms, cash.0]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
