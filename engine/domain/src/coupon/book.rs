//! The uses of each coupon, and the customers who used it.
//!
//! [`CouponUses`] serves twice: in the [`CouponBook`] it is the fold of the log, and a copy of it
//! runs ahead of the log as a counter. The counter takes before the record exists and gives back
//! only after the record of that is durable, so it never counts less than the log.

use super::{Coupon, CouponCode, CouponFacts, CouponKind};
use crate::digest::Digester;
use crate::limits::COUPONS_PER_STORE_MAX;
use crate::time::AtMs;
use crate::{Event, FastMap, Paise, PersonId, StoreId, Unfit};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The ledger of one coupon.
#[derive(Clone, Debug, Default)]
pub struct CouponUses {
    /// Orders that it counts for.
    pub uses: u32,
    /// The sum that it took off all of them.
    pub spent: Paise,
    /// Orders by customer; nobody stands here with zero.
    by_customer: FastMap<PersonId, u32>,
}

impl CouponUses {
    /// Orders of a customer that it counts for.
    pub fn by(&self, customer: PersonId) -> u32 {
        self.by_customer.get(&customer).copied().unwrap_or_default()
    }

    /// Customers whose orders it counts for, by id.
    pub fn customers(&self) -> Vec<(PersonId, u32)> {
        self.by_customer.sorted().into_iter().map(|(id, uses)| (*id, *uses)).collect()
    }

    /// The ledger of a coupon that took `spent` off the orders of these customers; `None` if a
    /// customer comes twice or with no order. For checkpoints.
    pub fn restore(
        spent: Paise,
        customers: impl IntoIterator<Item = (PersonId, u32)>,
    ) -> Option<Self> {
        let mut ledger = Self { spent, ..Self::default() };
        for (customer, uses) in customers {
            ledger.uses = ledger.uses.checked_add(uses)?;
            if uses == 0 || ledger.by_customer.insert(customer, uses).is_some() {
                return None;
            }
        }
        (spent >= Paise::ZERO).then_some(ledger)
    }

    /// Returns the uses that [`Coupon::check`] asks for, of this ledger and of a customer's order.
    pub fn facts(
        &self,
        customer: PersonId,
        earlier_orders: u32,
        subtotal: Paise,
        at_ms: AtMs,
    ) -> CouponFacts {
        CouponFacts {
            at_ms,
            subtotal,
            earlier_orders,
            used_by_customer: self.by(customer),
            uses: self.uses,
            spent: self.spent,
        }
    }

    /// An order uses it for this amount.
    pub fn take(&mut self, customer: PersonId, amount: Paise) {
        assert!(amount >= Paise::ZERO, "a coupon never adds to an order");
        self.uses += 1;
        self.spent = self.spent + amount;
        *self.by_customer.get_or_insert_with(customer, || 0) += 1;
    }

    /// An order that used it for this amount no longer does.
    ///
    /// # Panics
    /// If the customer has no use to give back, or more is given back than was taken.
    pub fn give_back(&mut self, customer: PersonId, amount: Paise) {
        assert!(amount >= Paise::ZERO && amount <= self.spent, "gave back more than was taken");
        let by_customer = self.by_customer.get_mut(&customer).expect("gave back what was taken");
        *by_customer -= 1;
        if *by_customer == 0 {
            self.by_customer.remove(&customer);
        }
        self.uses -= 1;
        self.spent = self.spent - amount;
    }

    fn write_to(&self, digest: &mut Digester) {
        digest.numbers(&[self.uses.into(), self.spent.0]).count(self.by_customer.len());
        for (customer, uses) in self.by_customer.sorted() {
            digest.id(customer.0).unsigned((*uses).into());
        }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    coupon: Arc<Coupon>,
    uses: CouponUses,
}

/// All coupons of all stores, each with its ledger.
#[derive(Clone, Debug, Default)]
pub struct CouponBook {
    stores: BTreeMap<StoreId, BTreeMap<CouponCode, Entry>>,
    /// The ledger of what was never used, so that every answer is a reference.
    unused: CouponUses,
}

impl CouponBook {
    fn entry(&self, store_id: StoreId, code: &CouponCode) -> Option<&Entry> {
        self.stores.get(&store_id)?.get(code)
    }

    fn uses_mut(&mut self, store_id: StoreId, code: &CouponCode) -> &mut CouponUses {
        let entry = self.stores.get_mut(&store_id).and_then(|coupons| coupons.get_mut(code));
        let Some(entry) = entry else {
            unreachable!("a coupon is only used after the log has defined it")
        };
        &mut entry.uses
    }

    /// The coupon of that code.
    pub fn get(&self, store_id: StoreId, code: &CouponCode) -> Option<&Arc<Coupon>> {
        self.entry(store_id, code).map(|entry| &entry.coupon)
    }

    /// The ledger of the coupon of that code; an empty one where there is no such coupon.
    pub fn uses(&self, store_id: StoreId, code: &CouponCode) -> &CouponUses {
        self.entry(store_id, code).map_or(&self.unused, |entry| &entry.uses)
    }

    /// All coupons of a store with their ledgers, by code.
    pub fn of_store(&self, store_id: StoreId) -> impl Iterator<Item = (&Arc<Coupon>, &CouponUses)> {
        let coupons = self.stores.get(&store_id).into_iter().flat_map(BTreeMap::values);
        coupons.map(|entry| (&entry.coupon, &entry.uses))
    }

    /// All coupons with their ledgers, by store and code. For checkpoints.
    pub fn iter(&self) -> impl Iterator<Item = (&Arc<Coupon>, &CouponUses)> {
        let coupons = self.stores.values().flat_map(BTreeMap::values);
        coupons.map(|entry| (&entry.coupon, &entry.uses))
    }

    /// The book of these coupons; `None` if one comes twice, or a store has more than
    /// [`COUPONS_PER_STORE_MAX`]. For checkpoints.
    pub fn restore(coupons: impl IntoIterator<Item = (Arc<Coupon>, CouponUses)>) -> Option<Self> {
        let mut book = Self::default();
        for (coupon, uses) in coupons {
            let (store_id, code) = (coupon.store_id, coupon.code.clone());
            if book.get(store_id, &code).is_some() || !book.has_room_for(store_id, &code) {
                return None;
            }
            book.define(coupon);
            *book.uses_mut(store_id, &code) = uses;
        }
        Some(book)
    }

    /// True when the store may define a coupon of that code: it has it already, or has fewer than
    /// [`COUPONS_PER_STORE_MAX`].
    pub fn has_room_for(&self, store_id: StoreId, code: &CouponCode) -> bool {
        self.stores.get(&store_id).is_none_or(|coupons| {
            coupons.len() < COUPONS_PER_STORE_MAX || coupons.contains_key(code)
        })
    }

    /// Decides on a definition; `None` when the coupon is so already. `has_store` says that its
    /// store was opened.
    ///
    /// # Errors
    /// [`Unfit::StoreUnknown`] or [`Unfit::TooMany`].
    pub fn decide(&self, coupon: Coupon, has_store: bool) -> Result<Option<Event>, Unfit> {
        let Coupon { store_id, code, .. } = &coupon;
        if !has_store {
            Err(Unfit::StoreUnknown)
        } else if self.get(*store_id, code).is_some_and(|known| **known == coupon) {
            Ok(None)
        } else if !self.has_room_for(*store_id, code) {
            Err(Unfit::TooMany)
        } else {
            Ok(Some(Event::CouponDefined { coupon: Arc::new(coupon) }))
        }
    }

    /// Defines a coupon, or defines it anew: what was used of it stays used.
    pub fn define(&mut self, coupon: Arc<Coupon>) {
        // Pairs with the check before the event.
        assert!(self.has_room_for(coupon.store_id, &coupon.code), "a store's coupons have a bound");
        self.stores
            .entry(coupon.store_id)
            .or_default()
            .entry(coupon.code.clone())
            .and_modify(|entry| entry.coupon = Arc::clone(&coupon))
            .or_insert_with(|| Entry { coupon, uses: CouponUses::default() });
    }

    /// An order of a customer uses a coupon for this amount.
    pub fn take(
        &mut self,
        store_id: StoreId,
        code: &CouponCode,
        customer: PersonId,
        amount: Paise,
    ) {
        self.uses_mut(store_id, code).take(customer, amount);
    }

    /// An order that used a coupon for this amount no longer does.
    pub fn give_back(
        &mut self,
        store_id: StoreId,
        code: &CouponCode,
        customer: PersonId,
        amount: Paise,
    ) {
        self.uses_mut(store_id, code).give_back(customer, amount);
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.stores.len());
        for (store_id, coupons) in &self.stores {
            digest.id(store_id.0).count(coupons.len());
            for entry in coupons.values() {
                entry.coupon.write_to(digest);
                entry.uses.write_to(digest);
            }
        }
    }
}

impl Coupon {
    fn write_to(&self, digest: &mut Digester) {
        let (kind, amounts) = match self.kind {
            CouponKind::Percent { rate, cap } => (1, [i64::from(rate.0), or_less_than_any(cap)]),
            CouponKind::Amount(amount) => (2, [amount.0, 0]),
            CouponKind::FreeDelivery => (3, [0, 0]),
        };
        digest.bytes(self.code.as_bytes()).numbers(&[kind]).numbers(&amounts).numbers(&[
            self.minimum.0,
            self.first_order_only.into(),
            self.per_customer_max.map_or(-1, i64::from),
            self.uses_max.map_or(-1, i64::from),
            or_less_than_any(self.budget),
            self.active.into(),
        ]);
        // Any moment is a moment, so whether there is one is a number of its own.
        for moment in [self.from_ms, self.until_ms] {
            digest.numbers(&[moment.is_some().into(), moment.unwrap_or_default()]);
        }
    }
}

fn or_less_than_any(amount: Option<Paise>) -> i64 {
    amount.map_or(-1, |amount| amount.0)
}
