//! A coupon: what it takes off an order, who may use it, and how often.
//!
//! It takes its part off the items or off the delivery fee, never more than there is. Its limits
//! are checked against figures of the moment ([`CouponFacts`]); [`book`] counts what was used.

pub mod book;
mod issue;

pub use book::{CouponBook, CouponUses};
pub use issue::CouponIssue;

use crate::limits::{COUPON_CODE_CHARS_MAX, COUPON_CODE_CHARS_MIN, PRICE_PAISE_MAX};
use crate::time::AtMs;
use crate::{Bps, Paise, StoreId, Text};
use std::fmt;
use std::ops::Deref;

/// The code that a customer types: 3 to 32 of `A-Z0-9` and `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CouponCode(Text<COUPON_CODE_CHARS_MAX>);

impl CouponCode {
    /// The only way to have a code: white space at both ends is cut off, small letters become
    /// capitals. `None` for anything else than 3 to 32 of `A-Z0-9` and `-`.
    ///
    /// ```
    /// use kirana_domain::CouponCode;
    /// assert_eq!(CouponCode::parse(" save-50 ").as_deref(), Some("SAVE-50"));
    /// assert_eq!(CouponCode::parse("50"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let code = Text::code(&text.trim().to_ascii_uppercase()).ok()?;
        let is_fine = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-';
        (code.len() >= COUPON_CODE_CHARS_MIN && code.bytes().all(is_fine)).then_some(Self(code))
    }
}

impl Deref for CouponCode {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CouponCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The reduction that a coupon gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponKind {
    /// A part of the item total, half up.
    Percent {
        /// Which part.
        rate: Bps,
        /// The most that it takes off.
        cap: Option<Paise>,
    },
    /// An amount off the item total.
    Amount(Paise),
    /// The whole delivery fee.
    FreeDelivery,
}

/// A coupon of one store, as a whole value: changing one field defines it anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coupon {
    /// The store that it is for.
    pub store_id: StoreId,
    /// The code that customers type.
    pub code: CouponCode,
    /// The reduction that it gives.
    pub kind: CouponKind,
    /// The smallest item total that it is for.
    pub minimum: Paise,
    /// For customers who have not ordered before; such a coupon is for one use by each of them.
    pub first_order_only: bool,
    /// Uses by one customer.
    pub per_customer_max: Option<u32>,
    /// Uses by everybody.
    pub uses_max: Option<u32>,
    /// The most that it may take off in all orders together.
    pub budget: Option<Paise>,
    /// The first moment that it is good for.
    pub from_ms: Option<AtMs>,
    /// The first moment that it is no longer good for.
    pub until_ms: Option<AtMs>,
    /// False once the shop has withdrawn it.
    pub active: bool,
}

/// A fault of a coupon that is to be defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponFault {
    /// A percentage of zero, or of more than the whole.
    Rate,
    /// An amount, cap or budget of nothing or less, or a figure beyond the dearest price.
    Amount,
    /// A limit of no uses at all.
    NoUses,
    /// It is over before it begins.
    Times,
}

impl fmt::Display for CouponFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rate => "the rate must be above zero and at most the whole",
            Self::Amount => "an amount must be above zero and within the dearest price",
            Self::NoUses => "a limit of uses must be at least one",
            Self::Times => "the end must be after the beginning",
        })
    }
}

/// The uses that a coupon's limits are checked against, at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CouponFacts {
    /// The moment.
    pub at_ms: AtMs,
    /// Item total before any discount.
    pub subtotal: Paise,
    /// Orders that the customer has placed before and that were not cancelled.
    pub earlier_orders: u32,
    /// Uses by this customer so far.
    pub used_by_customer: u32,
    /// Uses by everybody so far.
    pub uses: u32,
    /// The sum that it took off so far.
    pub spent: Paise,
}

impl Coupon {
    /// Checks a coupon that is to be defined.
    ///
    /// # Errors
    /// [`CouponFault`] names the first rule that it breaks.
    pub fn validate(&self) -> Result<(), CouponFault> {
        let is_amount = |amount: Paise| (1..=PRICE_PAISE_MAX).contains(&amount.0);
        let (rate, amount) = match self.kind {
            CouponKind::Percent { rate, cap } => (Some(rate), cap),
            CouponKind::Amount(amount) => (None, Some(amount)),
            CouponKind::FreeDelivery => (None, None),
        };
        if rate.is_some_and(|rate| !(1..=10_000).contains(&rate.0)) {
            return Err(CouponFault::Rate);
        }
        let has_minimum = (0..=PRICE_PAISE_MAX).contains(&self.minimum.0);
        // A budget is for many orders, so it may be beyond any price.
        let has_budget = self.budget.is_none_or(|budget| budget > Paise::ZERO);
        if !amount.is_none_or(is_amount) || !has_minimum || !has_budget {
            return Err(CouponFault::Amount);
        }
        if self.per_customer_max == Some(0) || self.uses_max == Some(0) {
            return Err(CouponFault::NoUses);
        }
        match (self.from_ms, self.until_ms) {
            (Some(from_ms), Some(until_ms)) if from_ms >= until_ms => Err(CouponFault::Times),
            _ => Ok(()),
        }
    }

    /// The reductions of the items and of the delivery fee: never more than either.
    pub fn discount(&self, subtotal: Paise, delivery_fee: Paise) -> (Paise, Paise) {
        let (items, fee) = match self.kind {
            CouponKind::Percent { rate, cap } => {
                let part = subtotal.percent_half_up(rate);
                (cap.map_or(part, |cap| part.min(cap)), Paise::ZERO)
            }
            CouponKind::Amount(amount) => (amount, Paise::ZERO),
            CouponKind::FreeDelivery => (Paise::ZERO, delivery_fee),
        };
        let (items, fee) = (items.min(subtotal), fee.min(delivery_fee));
        assert!(items >= Paise::ZERO && fee >= Paise::ZERO, "a coupon never adds to an order");
        (items, fee)
    }

    /// Uses by one customer that it allows.
    pub fn customer_limit(&self) -> Option<u32> {
        let first_order = self.first_order_only.then_some(1);
        // `None` is no limit; of two limits the smaller counts.
        [first_order, self.per_customer_max].into_iter().flatten().min()
    }

    /// Checks whether it may be used now for a `discount` (items and fee together).
    ///
    /// # Errors
    /// [`CouponIssue`], the first that applies: the coupon itself, its times, the basket, the
    /// customer, and then what is left of it. Never [`CouponIssue::Unknown`].
    pub fn check(&self, facts: &CouponFacts, discount: Paise) -> Result<(), CouponIssue> {
        if !self.active {
            return Err(CouponIssue::Inactive);
        }
        if self.from_ms.is_some_and(|from_ms| facts.at_ms < from_ms) {
            return Err(CouponIssue::NotYet);
        }
        if self.until_ms.is_some_and(|until_ms| facts.at_ms >= until_ms) {
            return Err(CouponIssue::Over);
        }
        if facts.subtotal < self.minimum {
            let (subtotal, minimum) = (facts.subtotal, self.minimum);
            return Err(CouponIssue::BelowMinimum { subtotal, minimum });
        }
        if self.first_order_only && facts.earlier_orders > 0 {
            return Err(CouponIssue::FirstOrderOnly);
        }
        if self.customer_limit().is_some_and(|max| facts.used_by_customer >= max) {
            return Err(CouponIssue::CustomerLimit);
        }
        if self.uses_max.is_some_and(|max| facts.uses >= max) {
            return Err(CouponIssue::UsedUp);
        }
        // The whole discount or none: a coupon never takes off less than it says.
        if self.budget.is_some_and(|budget| facts.spent + discount > budget) {
            return Err(CouponIssue::BudgetSpent);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
