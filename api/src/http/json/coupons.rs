//! A coupon as requests and answers have it.

use super::stores::percent_of;
use super::text::Str;
use crate::http::problem::{FieldError, Problem};
use crate::percent::Percent;
use crate::rfc3339::{self, Rfc3339};
use kirana_domain::coupon::CouponFault;
use kirana_domain::{Coupon, CouponCode, CouponIssue, CouponKind, CouponUses, Paise, StoreId};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use uuid::Uuid;

/// A coupon to define.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CouponRequest<'a> {
    #[serde(borrow)]
    kind: Str<'a>,
    percent: Option<Number>,
    cap_paise: Option<i64>,
    amount_paise: Option<i64>,
    minimum_paise: Option<i64>,
    first_order_only: Option<bool>,
    per_customer_max: Option<i64>,
    uses_max: Option<i64>,
    budget_paise: Option<i64>,
    #[serde(borrow)]
    valid_from: Option<Str<'a>>,
    #[serde(borrow)]
    valid_until: Option<Str<'a>>,
    active: Option<bool>,
}

impl CouponRequest<'_> {
    /// The coupon that is meant.
    ///
    /// # Errors
    /// Every field that is not right.
    pub(crate) fn into_coupon(
        self,
        store_id: StoreId,
        code: CouponCode,
    ) -> Result<Coupon, Problem> {
        let mut errors = Vec::new();
        let kind = self.kind(&mut errors);
        let mut count = |pointer, value: Option<i64>| {
            let count = value.map(|value| u32::try_from(value).ok().filter(|count| *count > 0));
            if count == Some(None) {
                errors.push(FieldError::new(pointer, "OUT_OF_RANGE", "must be at least one"));
            }
            count.flatten()
        };
        let per_customer_max = count("/per_customer_max", self.per_customer_max);
        let uses_max = count("/uses_max", self.uses_max);
        let mut moment = |pointer, text: &Option<Str<'_>>| {
            let moment = text.as_ref().map(|text| rfc3339::parse(&text.0));
            if moment == Some(None) {
                let detail = "must be a moment such as 2025-10-01T00:00:00Z";
                errors.push(FieldError::new(pointer, "MOMENT_INVALID", detail));
            }
            moment.flatten()
        };
        let from_ms = moment("/valid_from", &self.valid_from);
        let until_ms = moment("/valid_until", &self.valid_until);
        let (Some(kind), true) = (kind, errors.is_empty()) else {
            return Err(Problem::invalid(errors));
        };
        let coupon = Coupon {
            store_id,
            code,
            kind,
            minimum: Paise(self.minimum_paise.unwrap_or(0)),
            first_order_only: self.first_order_only.unwrap_or(false),
            per_customer_max,
            uses_max,
            budget: self.budget_paise.map(Paise),
            from_ms,
            until_ms,
            active: self.active.unwrap_or(true),
        };
        coupon.validate().map_err(|fault| Problem::invalid(vec![error_of(fault, &coupon)]))?;
        Ok(coupon)
    }

    fn kind(&self, errors: &mut Vec<FieldError>) -> Option<CouponKind> {
        let fields = [
            ("/percent", "percent", self.percent.is_some()),
            ("/cap_paise", "percent", self.cap_paise.is_some()),
            ("/amount_paise", "amount", self.amount_paise.is_some()),
        ];
        let kind = &*self.kind.0;
        for (pointer, _, _) in fields.iter().filter(|(_, of, given)| *given && *of != kind) {
            let detail = "says nothing for a coupon of this kind";
            errors.push(FieldError::new(pointer, "NOT_OF_THIS_KIND", detail));
        }
        let mut missing = |pointer| {
            errors.push(FieldError::new(pointer, "MISSING", "this field is required"));
            None
        };
        match kind {
            "percent" => {
                let Some(percent) = &self.percent else { return missing("/percent") };
                let rate = percent_of(&percent.to_string());
                errors.extend(rate.is_none().then(rate_error));
                Some(CouponKind::Percent { rate: rate?, cap: self.cap_paise.map(Paise) })
            }
            "amount" => match self.amount_paise {
                None => missing("/amount_paise"),
                Some(paise) => Some(CouponKind::Amount(Paise(paise))),
            },
            "free_delivery" => Some(CouponKind::FreeDelivery),
            _ => {
                let detail = "must be percent, amount or free_delivery";
                errors.push(FieldError::new("/kind", "UNKNOWN_VALUE", detail));
                None
            }
        }
    }
}

fn rate_error() -> FieldError {
    let detail = "must be above 0 and at most 100, with at most two decimals";
    FieldError::new("/percent", "OUT_OF_RANGE", detail)
}

/// Returns the error of the field that a fault of the whole coupon is about.
fn error_of(fault: CouponFault, coupon: &Coupon) -> FieldError {
    let (pointer, code) = match fault {
        CouponFault::Rate => return rate_error(),
        CouponFault::NoUses => ("/uses_max", "OUT_OF_RANGE"),
        CouponFault::Times => ("/valid_until", "OUT_OF_RANGE"),
        CouponFault::Amount => {
            let is_bad = |amount: Paise| amount <= Paise::ZERO;
            let pointer = match coupon.kind {
                _ if coupon.budget.is_some_and(is_bad) => "/budget_paise",
                _ if coupon.minimum < Paise::ZERO => "/minimum_paise",
                CouponKind::Percent { .. } => "/cap_paise",
                CouponKind::Amount(_) => "/amount_paise",
                CouponKind::FreeDelivery => "/minimum_paise",
            };
            (pointer, "OUT_OF_RANGE")
        }
    };
    FieldError::new(pointer, code, fault.to_string())
}

/// The terms of a coupon as everybody may know them.
#[derive(Serialize)]
struct Terms<'a> {
    code: &'a str,
    kind: &'static str,
    percent: Option<Percent>,
    cap_paise: Option<i64>,
    amount_paise: Option<i64>,
    minimum_paise: i64,
    first_order_only: bool,
    valid_until: Option<Rfc3339>,
}

impl<'a> From<&'a Coupon> for Terms<'a> {
    fn from(coupon: &'a Coupon) -> Self {
        let (kind, percent, cap, amount) = match coupon.kind {
            CouponKind::Percent { rate, cap } => ("percent", Some(Percent(rate)), cap, None),
            CouponKind::Amount(amount) => ("amount", None, None, Some(amount)),
            CouponKind::FreeDelivery => ("free_delivery", None, None, None),
        };
        let paise = |amount: Paise| amount.0;
        Self {
            code: &coupon.code,
            kind,
            percent,
            cap_paise: cap.map(paise),
            amount_paise: amount.map(paise),
            minimum_paise: coupon.minimum.0,
            first_order_only: coupon.first_order_only,
            valid_until: coupon.until_ms.map(Rfc3339),
        }
    }
}

/// A coupon that a customer can use now, or could with more in the basket.
#[derive(Serialize)]
pub(crate) struct OwnCouponView<'a> {
    store_id: Uuid,
    #[serde(flatten)]
    terms: Terms<'a>,
    usable: bool,
    /// Reason for which it is not usable yet.
    reason: Option<&'static str>,
    /// Discount of a basket of the item total that was asked for.
    discount_paise: Option<i64>,
}

impl<'a> OwnCouponView<'a> {
    /// Of a coupon that was checked; `None` for one that the customer cannot use now.
    pub(crate) fn new(
        coupon: &'a Coupon,
        checked: Result<(), CouponIssue>,
        discount: Option<Paise>,
    ) -> Option<Self> {
        let reason = match checked {
            Ok(()) => None,
            Err(issue @ CouponIssue::BelowMinimum { .. }) => Some(issue.name()),
            Err(_) => return None,
        };
        let discount = discount.filter(|_| reason.is_none());
        Some(Self {
            store_id: coupon.store_id.0,
            terms: Terms::from(coupon),
            usable: reason.is_none(),
            reason,
            discount_paise: discount.map(|discount| discount.0),
        })
    }
}

/// A coupon with what was used of it.
#[derive(Serialize)]
pub(crate) struct CouponView<'a> {
    #[serde(flatten)]
    terms: Terms<'a>,
    per_customer_max: Option<u32>,
    uses_max: Option<u32>,
    budget_paise: Option<i64>,
    valid_from: Option<Rfc3339>,
    active: bool,
    /// Orders that it counts for.
    uses: u32,
    /// Sum of its discounts.
    spent_paise: i64,
}

impl<'a> CouponView<'a> {
    /// Of a coupon and its ledger.
    pub(crate) fn new(coupon: &'a Coupon, uses: &CouponUses) -> Self {
        Self {
            terms: Terms::from(coupon),
            per_customer_max: coupon.per_customer_max,
            uses_max: coupon.uses_max,
            budget_paise: coupon.budget.map(|budget| budget.0),
            valid_from: coupon.from_ms.map(Rfc3339),
            active: coupon.active,
            uses: uses.uses,
            spent_paise: uses.spent.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coupon(json: &str) -> Result<Coupon, String> {
        let request: CouponRequest = serde_json::from_str(json).unwrap();
        let code = CouponCode::parse("SAVE-50").unwrap();
        request
            .into_coupon(StoreId(Uuid::from_u128(7)), code)
            .map_err(|problem| problem.first_error().unwrap_or_default())
    }

    #[test]
    fn a_coupon_parses_to_what_it_says() {
        let got = coupon(
            r#"{"kind":"percent","percent":12.5,"cap_paise":10000,"minimum_paise":19900,
                "first_order_only":true,"per_customer_max":2,"uses_max":100,"budget_paise":500000,
                "valid_from":"2025-10-01T00:00:00+05:30","valid_until":"2025-11-01T00:00:00Z"}"#,
        )
        .unwrap();
        let CouponKind::Percent { rate, cap } = got.kind else { panic!("{got:?}") };
        assert_eq!((rate.0, cap), (1_250, Some(Paise(10_000))));
        assert_eq!((got.per_customer_max, got.uses_max, got.active), (Some(2), Some(100), true));
        assert_eq!(got.from_ms, Some(1_759_257_000_000));
        let shown = serde_json::to_value(CouponView::new(&got, &CouponUses::default())).unwrap();
        assert_eq!((&shown["percent"], &shown["uses"]), (&12.5.into(), &0.into()));
        assert_eq!(shown["valid_from"], "2025-09-30T18:30:00.000Z");
    }

    #[test]
    fn a_customer_sees_what_they_can_use_and_what_they_could_use_with_more() {
        let got = coupon(r#"{"kind":"amount","amount_paise":5000,"minimum_paise":19900}"#).unwrap();
        let shown = |checked| {
            let view = OwnCouponView::new(&got, checked, Some(Paise(5_000)))?;
            Some(serde_json::to_value(view).unwrap())
        };
        let usable = shown(Ok(())).unwrap();
        assert_eq!(
            (&usable["code"], &usable["discount_paise"]),
            (&"SAVE-50".into(), &5_000.into())
        );
        let (subtotal, minimum) = (Paise(100), Paise(19_900));
        let more = shown(Err(CouponIssue::BelowMinimum { subtotal, minimum })).unwrap();
        assert_eq!((&more["usable"], &more["reason"]), (&false.into(), &"below_minimum".into()));
        assert!(more["discount_paise"].is_null());
        assert_eq!(shown(Err(CouponIssue::CustomerLimit)), None);
        assert!(usable.get("budget_paise").is_none(), "what is left of it is the shop's to know");
    }

    #[test]
    fn a_coupon_that_cannot_be_is_refused_by_its_field() {
        for (json, pointer) in [
            (r#"{"kind":"gift"}"#, "#/kind"),
            (r#"{"kind":"percent"}"#, "#/percent"),
            (r#"{"kind":"percent","percent":0}"#, "#/percent"),
            (r#"{"kind":"percent","percent":101}"#, "#/percent"),
            (r#"{"kind":"percent","percent":10,"cap_paise":0}"#, "#/cap_paise"),
            (r#"{"kind":"percent","percent":10,"amount_paise":5}"#, "#/amount_paise"),
            (r#"{"kind":"amount"}"#, "#/amount_paise"),
            (r#"{"kind":"amount","amount_paise":-5}"#, "#/amount_paise"),
            (r#"{"kind":"amount","amount_paise":5,"minimum_paise":-1}"#, "#/minimum_paise"),
            (r#"{"kind":"amount","amount_paise":5,"budget_paise":0}"#, "#/budget_paise"),
            (r#"{"kind":"free_delivery","percent":5}"#, "#/percent"),
            (r#"{"kind":"free_delivery","uses_max":0}"#, "#/uses_max"),
            (r#"{"kind":"free_delivery","per_customer_max":-1}"#, "#/per_customer_max"),
            (r#"{"kind":"free_delivery","valid_from":"tomorrow"}"#, "#/valid_from"),
            (
                r#"{"kind":"free_delivery","valid_from":"2025-10-02T00:00:00Z",
                    "valid_until":"2025-10-01T00:00:00Z"}"#,
                "#/valid_until",
            ),
        ] {
            assert_eq!(coupon(json).unwrap_err(), pointer, "{json}");
        }
    }
}
