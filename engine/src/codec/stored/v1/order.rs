//! The shapes of an order as it is placed, of a quote, and of the lines and fees in both.

use super::Id;
use super::bill::{BillV2Part, Sums, tax_rule};
use super::coupon::coupon_code;
use super::product::Item;
use super::stock::StockLine;
use super::words::{Result, each, optional};
use crate::codec::known_items::KnownItems;
use crate::codec::stored::parts::Bytes;
use kirana_domain as domain;
use kirana_domain::order::{NewOrder, Preference};
use kirana_domain::stock::Bucket;
use kirana_domain::{Event, PaymentMethod, Status, StoreId};
use serde::{Deserialize, Serialize};

/// A line of the first release.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    item: Item<'a>,
    quantity: u32,
}

impl<'a> From<&'a domain::OrderLine> for Line<'a> {
    fn from(line: &'a domain::OrderLine) -> Self {
        Self { item: Item::from(&*line.item), quantity: line.quantity }
    }
}

/// An order of the first release.
#[derive(Serialize, Deserialize)]
pub(super) struct Order<'a> {
    id: Id,
    number: u64,
    store_id: Id,
    customer_id: Id,
    status: u8,
    payment_method: u8,
    #[serde(borrow)]
    lines: Vec<Line<'a>>,
    sums: Sums,
    hold_expires_at_ms: Option<i64>,
    #[serde(borrow)]
    sealed: Bytes<'a>,
}

impl<'a> From<&'a NewOrder> for Order<'a> {
    fn from(order: &'a NewOrder) -> Self {
        Self {
            id: order.id.into(),
            number: order.number,
            store_id: order.store_id.into(),
            customer_id: order.customer_id.into(),
            status: order.status as u8,
            payment_method: order.payment_method as u8,
            lines: each(&order.lines),
            sums: Sums::from(&order.sums),
            hold_expires_at_ms: order.hold_expires_at_ms,
            sealed: Bytes(&order.sealed),
        }
    }
}

impl Order<'_> {
    /// Returns the order, with defaults for all that the first release did not know.
    pub(super) fn parse(&self, items: &dyn KnownItems) -> Result<NewOrder> {
        let store_id = StoreId::from(self.store_id);
        let line = |line: &Line<'_>| {
            let item = line.item.parse_shared(store_id, items)?;
            Ok(domain::OrderLine::new(item, line.quantity))
        };
        Ok(NewOrder {
            id: self.id.into(),
            number: self.number,
            store_id,
            customer_id: self.customer_id.into(),
            status: status(self.status)?,
            payment_method: payment_method(self.payment_method)?,
            lines: self.lines.iter().map(line).collect::<Result<_>>()?,
            sums: domain::Sums::from(&self.sums),
            hold_expires_at_ms: self.hold_expires_at_ms,
            preference: Preference::Refund,
            from_cart: false,
            coupon: None,
            zone_id: None,
            promise: (0, 0),
            sealed: self.sealed.0.into(),
        })
    }
}

/// Returns the status of an order.
pub(crate) fn status(stored: u8) -> Result<Status> {
    Status::from_number(stored).ok_or("unknown order status")
}

/// Returns how an order is paid.
pub(crate) fn payment_method(stored: u8) -> Result<PaymentMethod> {
    PaymentMethod::from_number(stored).ok_or("unknown payment method")
}

/// Returns the wish of a customer for lines that are short.
pub(crate) fn preference(stored: u8) -> Result<Preference> {
    Preference::from_number(stored).ok_or("unknown preference")
}

/// An order of the second and third release.
#[derive(Serialize, Deserialize)]
pub(super) struct OrderV2<'a>(#[serde(borrow)] Order<'a>, #[serde(borrow)] OrderV2Part<'a>);

/// The members of an order that the second release added.
#[derive(Serialize, Deserialize)]
struct OrderV2Part<'a> {
    bill: BillV2Part,
    preference: u8,
    from_cart: bool,
    #[serde(borrow)]
    coupon: Option<&'a str>,
    zone_id: Option<Id>,
    promise: (u16, u16),
}

impl<'a> From<&'a NewOrder> for OrderV2<'a> {
    fn from(order: &'a NewOrder) -> Self {
        let part = OrderV2Part {
            bill: BillV2Part::of_order(&order.lines, &order.sums),
            preference: order.preference as u8,
            from_cart: order.from_cart,
            coupon: order.coupon.as_deref(),
            zone_id: order.zone_id.map(Id::from),
            promise: order.promise,
        };
        Self(Order::from(order), part)
    }
}

impl OrderV2<'_> {
    /// Returns the order.
    pub(super) fn parse(&self, items: &dyn KnownItems) -> Result<NewOrder> {
        let Self(first, part) = self;
        let mut order = first.parse(items)?;
        part.bill.add_to(&mut order.lines, &mut order.sums)?;
        order.preference = preference(part.preference)?;
        order.from_cart = part.from_cart;
        order.coupon = part.coupon.map(coupon_code).transpose()?;
        order.zone_id = part.zone_id.map(Into::into);
        order.promise = part.promise;
        Ok(order)
    }
}

/// An order of today, with the number of its rule of tax.
#[derive(Serialize, Deserialize)]
pub(super) struct OrderV3<'a>(#[serde(borrow)] OrderV2<'a>, u8);

impl<'a> From<&'a NewOrder> for OrderV3<'a> {
    fn from(order: &'a NewOrder) -> Self {
        Self(OrderV2::from(order), order.sums.tax_rule as u8)
    }
}

impl OrderV3<'_> {
    /// Returns the order.
    pub(super) fn parse(&self, items: &dyn KnownItems) -> Result<NewOrder> {
        let mut order = self.0.parse(items)?;
        order.sums.tax_rule = tax_rule(self.1)?;
        Ok(order)
    }
}

/// A quote of the first release.
#[derive(Serialize, Deserialize)]
pub(super) struct Quote<'a> {
    #[serde(borrow)]
    lines: Vec<Line<'a>>,
    sums: Sums,
}

impl<'a> From<&'a domain::Quote> for Quote<'a> {
    fn from(quote: &'a domain::Quote) -> Self {
        Self { lines: each(&quote.lines), sums: Sums::from(&quote.sums) }
    }
}

impl Quote<'_> {
    /// Returns the quote, with defaults for all that the first release did not know.
    pub(super) fn parse(&self) -> Result<domain::Quote> {
        let line = |line: &Line<'_>| Ok(domain::OrderLine::new(line.item.parse()?, line.quantity));
        Ok(domain::Quote {
            lines: self.lines.iter().map(line).collect::<Result<_>>()?,
            sums: domain::Sums::from(&self.sums),
            coupon: None,
        })
    }
}

/// A quote of the second and third release.
#[derive(Serialize, Deserialize)]
pub(super) struct QuoteV2<'a>(#[serde(borrow)] Quote<'a>, #[serde(borrow)] QuoteV2Part<'a>);

/// The members of a quote that the second release added.
#[derive(Serialize, Deserialize)]
struct QuoteV2Part<'a> {
    bill: BillV2Part,
    #[serde(borrow)]
    coupon: Option<&'a str>,
}

impl<'a> From<&'a domain::Quote> for QuoteV2<'a> {
    fn from(quote: &'a domain::Quote) -> Self {
        let part = QuoteV2Part {
            bill: BillV2Part::of(&quote.lines, &quote.sums),
            coupon: quote.coupon.as_deref(),
        };
        Self(Quote::from(quote), part)
    }
}

impl QuoteV2<'_> {
    /// Returns the quote.
    pub(super) fn parse(&self) -> Result<domain::Quote> {
        let Self(first, part) = self;
        let mut quote = first.parse()?;
        part.bill.add_to(&mut quote.lines, &mut quote.sums)?;
        quote.coupon = part.coupon.map(coupon_code).transpose()?;
        Ok(quote)
    }
}

/// A quote of today, with the number of its rule of tax.
#[derive(Serialize, Deserialize)]
pub(super) struct QuoteV3<'a>(#[serde(borrow)] QuoteV2<'a>, u8);

impl<'a> From<&'a domain::Quote> for QuoteV3<'a> {
    fn from(quote: &'a domain::Quote) -> Self {
        Self(QuoteV2::from(quote), quote.sums.tax_rule as u8)
    }
}

impl QuoteV3<'_> {
    /// Returns the quote.
    pub(super) fn parse(&self) -> Result<domain::Quote> {
        let mut quote = self.0.parse()?;
        quote.sums.tax_rule = tax_rule(self.1)?;
        Ok(quote)
    }
}

/// A cancelled order; its units came back from the allocated ones, or from those on hold.
#[derive(Serialize, Deserialize)]
pub(super) struct OrderCancelled<'a> {
    pub(super) order_id: Id,
    pub(super) store_id: Id,
    #[serde(borrow)]
    pub(super) reason: Option<&'a str>,
    pub(super) lines: Vec<StockLine>,
    pub(super) from_allocated: bool,
}

impl OrderCancelled<'_> {
    /// Returns the fact.
    pub(super) fn parse(self) -> Result<Event> {
        Ok(Event::OrderCancelled {
            order_id: self.order_id.into(),
            store_id: self.store_id.into(),
            reason: optional(self.reason)?,
            lines: each(self.lines),
            from: if self.from_allocated { Bucket::Allocated } else { Bucket::Held },
        })
    }
}
