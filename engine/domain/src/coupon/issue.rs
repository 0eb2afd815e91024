//! Reasons not to accept a coupon.

use crate::Paise;
use std::fmt;

/// A reason for which a coupon does not count for an order. The numbers are on disk: add, never
/// change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponIssue {
    /// The store has no such coupon.
    Unknown,
    /// The shop has withdrawn it.
    Inactive,
    /// It is not good yet.
    NotYet,
    /// It is no longer good.
    Over,
    /// The item total is under the coupon's minimum.
    BelowMinimum {
        /// The item total.
        subtotal: Paise,
        /// The coupon's minimum.
        minimum: Paise,
    },
    /// The customer has ordered before.
    FirstOrderOnly,
    /// The customer has used it as often as one may.
    CustomerLimit,
    /// It was used as often as it may be.
    UsedUp,
    /// Its budget has less left than the discount.
    BudgetSpent,
}

impl CouponIssue {
    /// Every issue with its number on disk and its name for programs; amounts of zero.
    pub const NAMES: [(Self, u8, &'static str); 9] = [
        (Self::Unknown, 1, "unknown"),
        (Self::Inactive, 2, "inactive"),
        (Self::NotYet, 3, "not_yet"),
        (Self::Over, 4, "over"),
        (Self::BelowMinimum { subtotal: Paise::ZERO, minimum: Paise::ZERO }, 5, "below_minimum"),
        (Self::FirstOrderOnly, 6, "first_order_only"),
        (Self::CustomerLimit, 7, "customer_limit"),
        (Self::UsedUp, 8, "used_up"),
        (Self::BudgetSpent, 9, "budget_spent"),
    ];

    /// The number on disk.
    pub fn number(&self) -> u8 {
        match self {
            Self::Unknown => 1,
            Self::Inactive => 2,
            Self::NotYet => 3,
            Self::Over => 4,
            Self::BelowMinimum { .. } => 5,
            Self::FirstOrderOnly => 6,
            Self::CustomerLimit => 7,
            Self::UsedUp => 8,
            Self::BudgetSpent => 9,
        }
    }

    /// The name that a program branches on.
    pub fn name(&self) -> &'static str {
        Self::NAMES[usize::from(self.number()) - 1].2
    }

    /// The item total and the minimum that [`CouponIssue::BelowMinimum`] speaks of.
    pub fn amounts(&self) -> Option<(Paise, Paise)> {
        match self {
            Self::BelowMinimum { subtotal, minimum } => Some((*subtotal, *minimum)),
            _ => None,
        }
    }

    /// The issue of that number on disk; the amounts count for the one that has some.
    pub fn from_number(number: u8, subtotal: Paise, minimum: Paise) -> Option<Self> {
        let (issue, _, _) = Self::NAMES.iter().find(|(_, known, _)| *known == number)?;
        Some(match issue {
            Self::BelowMinimum { .. } => Self::BelowMinimum { subtotal, minimum },
            other => *other,
        })
    }
}

impl fmt::Display for CouponIssue {
    /// A sentence for people, without figures: see [`crate::Rejection`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "this store has no such coupon",
            Self::Inactive => "this coupon is no longer offered",
            Self::NotYet => "this coupon is not valid yet",
            Self::Over => "this coupon has expired",
            Self::BelowMinimum { .. } => "the items are below the minimum order of this coupon",
            Self::FirstOrderOnly => "this coupon is for a first order only",
            Self::CustomerLimit => "this coupon was used as often as one customer may",
            Self::UsedUp => "this coupon was used as often as it may be",
            Self::BudgetSpent => "too little is left of this coupon for this order",
        })
    }
}
