//! The price of a basket, and the reason why it could not be ordered: one function for quotes and
//! for orders.

use crate::state::live_state::LiveState;
use kirana_domain::{
    Basket, Coupon, CouponCode, CouponIssue, Point, Pricing, Quote, Rejection, Served, Store,
    StoreId,
};
use std::sync::Arc;

/// A basket to price.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The store.
    pub store_id: StoreId,
    /// The basket.
    pub basket: &'a Basket,
    /// The coupon to use.
    pub coupon: Option<&'a CouponCode>,
    /// The place of delivery, if it is known.
    pub point: Option<Point>,
}

/// A priced basket.
#[derive(Clone, Debug)]
pub struct Priced {
    /// The store.
    pub store: Arc<Store>,
    /// The price, with the coupon.
    pub quote: Quote,
    /// The store's terms at the place of delivery.
    pub served: Served,
    /// The reason why the store does not deliver there now.
    pub not_served: Option<Rejection>,
    /// The coupon. Its conditions are not checked here.
    pub coupon: Option<Arc<Coupon>>,
}

impl Priced {
    /// Returns the minutes from and to which delivery is promised; `None` for a door that the store
    /// does not deliver to, or not in this weather.
    pub fn promise(&self) -> Option<(u16, u16)> {
        let no = self.not_served.as_ref();
        let is_out = matches!(no, Some(Rejection::OutOfZone | Rejection::ServiceSuspended));
        (!is_out).then_some(self.served.promise)
    }
}

/// Prices a basket; `None` when there is no such store.
///
/// # Errors
/// A line that cannot be ordered as it is, or a coupon that the store does not have.
pub(crate) fn price(
    state: &LiveState,
    wanted: &Wanted<'_>,
    at_ms: i64,
) -> Option<Result<Priced, Rejection>> {
    let Wanted { store_id, basket, coupon: code, point } = *wanted;
    let coupon = code.map(|code| state.coupons(|book| book.get(store_id, code).cloned()));
    state.catalogue(|catalogue| {
        let store = Arc::clone(catalogue.store(store_id)?);
        if matches!(coupon, Some(None)) {
            return Some(Err(Rejection::Coupon { issue: CouponIssue::Unknown }));
        }
        let coupon = coupon.flatten();
        let (served, not_served) = Served::at(&store, &catalogue.zones, point, at_ms);
        let (weather, used) = (served.weather, coupon.as_deref());
        let pricing = Pricing { store: &store, catalogue, coupon: used, weather, at_ms };
        let quote = Quote::price(basket, &pricing);
        Some(quote.map(|quote| Priced { store, quote, served, not_served, coupon }))
    })
}
