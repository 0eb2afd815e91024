//! The shapes of a coupon and of the reason why one does not count.

use super::Id;
use super::words::Result;
use kirana_domain as domain;
use kirana_domain::{Bps, CouponCode, CouponKind, Paise};
use serde::{Deserialize, Serialize};

/// A coupon.
#[derive(Serialize, Deserialize)]
pub(crate) struct Coupon<'a> {
    store_id: Id,
    code: &'a str,
    /// 1 percent (rate, cap), 2 amount (paise), 3 free delivery.
    kind: u8,
    figure: i64,
    cap: Option<i64>,
    minimum: i64,
    first_order_only: bool,
    per_customer_max: Option<u32>,
    uses_max: Option<u32>,
    budget: Option<i64>,
    from_ms: Option<i64>,
    until_ms: Option<i64>,
    active: bool,
}

impl<'a> From<&'a domain::Coupon> for Coupon<'a> {
    fn from(coupon: &'a domain::Coupon) -> Self {
        // Pairs with the check in `parse`: a coupon that breaks its rules could not be read again.
        assert!(coupon.validate().is_ok(), "a coupon was checked when its request was parsed");
        let (kind, figure, cap) = match coupon.kind {
            CouponKind::Percent { rate, cap } => (1, rate.0.into(), cap.map(|cap| cap.0)),
            CouponKind::Amount(amount) => (2, amount.0, None),
            CouponKind::FreeDelivery => (3, 0, None),
        };
        Self {
            store_id: coupon.store_id.into(),
            code: &coupon.code,
            kind,
            figure,
            cap,
            minimum: coupon.minimum.0,
            first_order_only: coupon.first_order_only,
            per_customer_max: coupon.per_customer_max,
            uses_max: coupon.uses_max,
            budget: coupon.budget.map(|budget| budget.0),
            from_ms: coupon.from_ms,
            until_ms: coupon.until_ms,
            active: coupon.active,
        }
    }
}

impl Coupon<'_> {
    /// Returns the coupon, if it keeps the rules of the domain.
    pub(crate) fn parse(&self) -> Result<domain::Coupon> {
        let kind = match self.kind {
            1 => CouponKind::Percent {
                rate: Bps(u16::try_from(self.figure).map_err(|_| "a rate past the whole")?),
                cap: self.cap.map(Paise),
            },
            2 => CouponKind::Amount(Paise(self.figure)),
            3 => CouponKind::FreeDelivery,
            _ => return Err("unknown kind of coupon"),
        };
        let coupon = domain::Coupon {
            store_id: self.store_id.into(),
            code: coupon_code(self.code)?,
            kind,
            minimum: Paise(self.minimum),
            first_order_only: self.first_order_only,
            per_customer_max: self.per_customer_max,
            uses_max: self.uses_max,
            budget: self.budget.map(Paise),
            from_ms: self.from_ms,
            until_ms: self.until_ms,
            active: self.active,
        };
        coupon.validate().map_err(|_| "a coupon breaks its rules")?;
        Ok(coupon)
    }
}

/// Returns the code of a coupon.
pub(crate) fn coupon_code(stored: &str) -> Result<CouponCode> {
    CouponCode::parse(stored).ok_or("a coupon code breaks its rules")
}

/// The number of the reason why a coupon does not count, the item total and the minimum.
#[derive(Serialize, Deserialize)]
pub(super) struct CouponIssue(u8, i64, i64);

impl From<&domain::CouponIssue> for CouponIssue {
    fn from(issue: &domain::CouponIssue) -> Self {
        let (subtotal, minimum) = issue.amounts().unwrap_or((Paise::ZERO, Paise::ZERO));
        Self(issue.number(), subtotal.0, minimum.0)
    }
}

impl CouponIssue {
    /// Returns the reason.
    pub(super) fn parse(&self) -> Result<domain::CouponIssue> {
        let Self(number, subtotal, minimum) = *self;
        let issue = domain::CouponIssue::from_number(number, Paise(subtotal), Paise(minimum));
        issue.ok_or("unknown coupon issue")
    }
}
