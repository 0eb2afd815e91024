//! A quote: a basket with the server's prices, the delivery fee, the tax inside, and the total.
//!
//! One function prices; the quote that a customer sees and the order that is placed use it both.

use crate::bill::{Fee, OrderLine, Sums};
use crate::customers::Buyer;
use crate::limits::ONLINE_PAISE_MIN;
use crate::money::share_out;
use crate::time::AtMs;
use crate::{
    Basket, CalendarDay, Catalogue, Coupon, CouponCode, Paise, PaymentMethod, Rejection, Store,
    Weather, risk,
};

/// A priced basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The lines, in the order of the basket.
    pub lines: Vec<OrderLine>,
    /// The fees and the sums.
    pub sums: Sums,
    /// The coupon that takes the discount off.
    pub coupon: Option<CouponCode>,
}

/// The conditions of a price, beside the basket.
#[derive(Clone, Copy, Debug)]
pub struct Pricing<'a> {
    /// The store.
    pub store: &'a Store,
    /// Its products, and the rates of GST.
    pub catalogue: &'a Catalogue,
    /// The coupon, if there is one; whether it may be used is not asked here.
    pub coupon: Option<&'a Coupon>,
    /// The weather at the door.
    pub weather: Weather,
    /// Now: which rates of GST are in force.
    pub at_ms: AtMs,
}

impl Quote {
    /// Prices a basket.
    ///
    /// # Errors
    /// [`Rejection::UnknownProduct`] and [`Rejection::OverMaxPerOrder`] for a line that cannot be
    /// ordered as it is.
    pub fn price(basket: &Basket, pricing: &Pricing<'_>) -> Result<Self, Rejection> {
        let Pricing { store, catalogue, .. } = *pricing;
        let day = CalendarDay::of(pricing.at_ms);
        let price_line = |line: &crate::BasketLine| {
            let product_id = line.product_id;
            let product = catalogue
                .sold(store.id, product_id)
                .ok_or(Rejection::UnknownProduct { product_id })?;
            if line.quantity > product.max_per_order {
                let max = product.max_per_order;
                return Err(Rejection::OverMaxPerOrder { product_id, max });
            }
            Ok(OrderLine::new(catalogue.gst.taxed(store, &product.item, day), line.quantity))
        };
        let lines = basket.lines().iter().map(price_line).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of_lines(lines, pricing))
    }

    fn of_lines(mut lines: Vec<OrderLine>, pricing: &Pricing<'_>) -> Self {
        let subtotal: Paise = lines.iter().map(OrderLine::gross).sum();
        let amount = pricing.store.delivery_fee(subtotal, pricing.weather);
        let mut fee = Fee {
            amount,
            discount: Paise::ZERO,
            gst: pricing.store.charged(pricing.store.fee_gst),
        };
        if let Some(coupon) = pricing.coupon {
            let (off_items, off_fee) = coupon.discount(subtotal, amount);
            let weights: Vec<Paise> = lines.iter().map(OrderLine::gross).collect();
            for (line, share) in lines.iter_mut().zip(share_out(off_items, &weights)) {
                line.discount = share;
            }
            fee.discount = off_fee;
        }
        let sums = Sums::of(&lines, fee);
        // Pairs with `share_out`: the shares of the lines are all that the coupon takes off them.
        assert_eq!(sums.subtotal, subtotal, "a discount leaves the prices as they are");
        let coupon = pricing.coupon.map(|coupon| coupon.code.clone());
        Self { lines, sums, coupon }
    }

    /// Checks the amounts that the store allows, and the total that the customer was shown.
    ///
    /// # Errors
    /// [`Rejection::BelowMinimum`], [`Rejection::AboveMaximum`], the refusals of
    /// [`Quote::check_cod`] and [`Quote::check_online`], or [`Rejection::PriceChanged`] with this
    /// quote. Without a way to pay, the order is judged as if there were one that fits.
    pub fn check(
        &self,
        store: &Store,
        expected_total: Paise,
        payment_method: Option<PaymentMethod>,
        buyer: &Buyer,
    ) -> Result<(), Rejection> {
        let (subtotal, minimum) = (self.sums.subtotal, store.order_minimum);
        if subtotal < minimum {
            return Err(Rejection::BelowMinimum { subtotal, minimum });
        }
        let (total, maximum) = (self.sums.total, store.order_maximum);
        if total > maximum {
            return Err(Rejection::AboveMaximum { total, maximum });
        }
        match payment_method {
            Some(PaymentMethod::Cod) => self.check_cod(store, buyer)?,
            Some(PaymentMethod::Razorpay) => check_online(total)?,
            None => (),
        }
        if self.sums.total != expected_total {
            return Err(Rejection::PriceChanged { quote: Box::new(self.clone()) });
        }
        Ok(())
    }

    /// Checks whether the order may be paid in cash.
    ///
    /// # Errors
    /// [`Rejection::CodLimit`], [`Rejection::CodTooMany`] or [`Rejection::CodRisk`].
    pub(crate) fn check_cod(&self, store: &Store, buyer: &Buyer) -> Result<(), Rejection> {
        check_cod(store, self.sums.total, risk::score(self, buyer), buyer)
    }
}

/// Checks whether an amount may be paid online. Nothing is not paid at all.
///
/// # Errors
/// [`Rejection::OnlineMinimum`].
fn check_online(total: Paise) -> Result<(), Rejection> {
    let minimum = Paise(ONLINE_PAISE_MIN);
    if Paise::ZERO < total && total < minimum {
        return Err(Rejection::OnlineMinimum { total, minimum });
    }
    Ok(())
}

/// Checks whether an amount may be paid in cash.
///
/// # Errors
/// [`Rejection::CodLimit`], [`Rejection::CodTooMany`] or [`Rejection::CodRisk`].
fn check_cod(store: &Store, total: Paise, risk: u8, buyer: &Buyer) -> Result<(), Rejection> {
    let maximum = MethodOffer::maximum(PaymentMethod::Cod, store, buyer);
    if total > maximum {
        return Err(Rejection::CodLimit { total, maximum });
    }
    let within_hour = buyer.customer.placed_within(buyer.at_ms, 60 * 60_000);
    let orders = u32::try_from(within_hour).unwrap_or(u32::MAX).saturating_add(buyer.in_flight);
    if store.cod.orders_per_hour > 0 && orders >= store.cod.orders_per_hour {
        return Err(Rejection::CodTooMany { orders });
    }
    if risk > store.cod.risk_max {
        return Err(Rejection::CodRisk { score: risk });
    }
    Ok(())
}

/// A way to pay an amount in a store, offered to a customer before there is a basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MethodOffer {
    /// The way.
    pub method: PaymentMethod,
    /// The largest total that the customer may pay in this way now.
    pub maximum: Paise,
    /// The refusal that an order of the amount would get.
    pub refused: Option<Rejection>,
}

impl MethodOffer {
    /// Returns the offer of a way to pay. Orders are refused by the same rules; a basket of odd or
    /// very many items may still be too risky for cash.
    pub fn of(method: PaymentMethod, store: &Store, total: Paise, buyer: &Buyer) -> Self {
        let maximum = Self::maximum(method, store, buyer);
        let checked = if total > store.order_maximum {
            Err(Rejection::AboveMaximum { total, maximum: store.order_maximum })
        } else {
            match method {
                PaymentMethod::Cod => {
                    check_cod(store, total, risk::score_of_sum(total, buyer), buyer)
                }
                PaymentMethod::Razorpay => check_online(total),
            }
        };
        Self { method, maximum, refused: checked.err() }
    }

    fn maximum(method: PaymentMethod, store: &Store, buyer: &Buyer) -> Paise {
        match method {
            PaymentMethod::Cod => store.cod_maximum.min(store.cod.maximum(&buyer.customer)),
            PaymentMethod::Razorpay => store.order_maximum,
        }
    }
}

#[cfg(test)]
mod tests;
