//! Loose money: captured payments that name no order of ours.
//!
//! The provider has the customer's money for the shop, and its order is not known. Each is kept
//! until an order has it: by the decision of the back office, or because the provider's books of
//! that order name it after all. A charge that is seen for an order settles it, whichever way it
//! came.

use crate::digest::Digester;
use crate::facts::{ChargeStatus, LooseCharge, ProviderId, SeenCharge};
use crate::limits::LOOSE_MAX;
use crate::time::AtMs;
use crate::{Event, OrderId, Principal, Record, Rejection};
use std::collections::BTreeMap;

/// A command about loose money.
#[derive(Clone, Debug)]
pub enum LooseCommand {
    /// Gives it to an order that waits for that much.
    Assign {
        /// The charge.
        charge_id: ProviderId,
        /// The order.
        order_id: OrderId,
    },
}

/// Captured money that named no order when it was first told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loose {
    /// The provider's report.
    pub charge: LooseCharge,
    /// Time of the report.
    pub seen_at_ms: AtMs,
    /// The order that has it now.
    pub assigned: Option<Assigned>,
}

/// The end of loose money: an order has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The order.
    pub order_id: OrderId,
    /// The person or program that told of it.
    pub by: Principal,
    /// The time.
    pub at_ms: AtMs,
}

/// All loose money, that which was settled too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LooseBook {
    charges: BTreeMap<ProviderId, Loose>,
}

impl LooseBook {
    /// Returns one by the provider's id of the charge.
    pub fn get(&self, charge_id: &ProviderId) -> Option<&Loose> {
        self.charges.get(charge_id)
    }

    /// Returns all of it, by the provider's ids.
    pub fn iter(&self) -> impl Iterator<Item = &Loose> {
        self.charges.values()
    }

    /// Returns the number of charges that no order has.
    pub fn open_count(&self) -> usize {
        self.charges.values().filter(|loose| loose.assigned.is_none()).count()
    }

    /// Returns true when a report is not known yet. When there are [`LOOSE_MAX`] already something
    /// is wrong that a longer list does not mend.
    pub fn is_news(&self, charge: &LooseCharge) -> bool {
        !self.charges.contains_key(&charge.id) && self.charges.len() < LOOSE_MAX
    }

    /// Decides whether loose money can be given to an order; returns it as a report to that order.
    ///
    /// # Errors
    /// [`Rejection::PaymentSettled`] when an order has it, or it was never loose.
    pub fn decide_assign(&self, charge_id: &ProviderId) -> Result<SeenCharge, Rejection> {
        let loose = self.charges.get(charge_id).filter(|loose| loose.assigned.is_none());
        let LooseCharge { id, amount, .. } = &loose.ok_or(Rejection::PaymentSettled)?.charge;
        let (id, amount, status) = (id.clone(), *amount, ChargeStatus::Captured);
        Ok(SeenCharge { id, amount, status, failure: None })
    }

    /// Builds the book of these charges; `None` if one comes twice. For checkpoints.
    pub fn restore(charges: impl IntoIterator<Item = Loose>) -> Option<Self> {
        let mut book = Self::default();
        for loose in charges {
            if book.charges.insert(loose.charge.id.clone(), loose).is_some() {
                return None;
            }
        }
        Some(book)
    }

    /// Applies a record.
    pub fn evolve(&mut self, record: &Record) {
        match &record.event {
            Event::LooseMoneySeen { charge } => {
                // Two messages of one charge may be on their way at once: the first counts.
                let loose = || Loose {
                    charge: (**charge).clone(),
                    seen_at_ms: record.at_ms,
                    assigned: None,
                };
                self.charges.entry(charge.id.clone()).or_insert_with(loose);
            }
            Event::ChargeSeen { order_id, charge } => {
                let Some(loose) = self.charges.get_mut(&charge.id) else { return };
                let assigned = Assigned { order_id: *order_id, by: record.by, at_ms: record.at_ms };
                loose.assigned.get_or_insert(assigned);
            }
            _ => (),
        }
    }

    /// Writes all of it to a digest. Without loose money it is the digest of older releases.
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        for Loose { charge, seen_at_ms, assigned } in self.charges.values() {
            digest.bytes(charge.id.as_bytes()).numbers(&[charge.amount.0, *seen_at_ms]);
            digest.bytes(charge.provider_order_id.as_deref().unwrap_or_default().as_bytes());
            digest.id(charge.hint.map_or_else(uuid::Uuid::nil, |id| id.0));
            digest.count(assigned.is_some().into());
            if let Some(Assigned { order_id, by, at_ms }) = assigned {
                digest.id(order_id.0).id(by.person_id.0).numbers(&[by.role as i64, *at_ms]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
