//! Orders: open ones whole, ended ones as the line that is left of them.

use super::money::Payment;
use super::{Result, lsns, moment, stored_lsns};
use crate::codec::snapshot::items::{ItemNumbers, Items};
use crate::codec::snapshot::rows::RowWriter;
use crate::codec::stored::parts::Bytes;
use crate::codec::stored::v1::Id;
use crate::codec::stored::v1::coupon::coupon_code;
use crate::codec::stored::v1::order::{payment_method, preference, status};
use kirana_domain as domain;
use kirana_domain::order;
use kirana_domain::order::{Issued, Journey as Went, Milestone, NewOrder, Proposal, Rider};
use kirana_domain::order_book::{EndedOrder, Parties};
use kirana_domain::{Bps, Fee, OrderLine, Paise, TaxRule};
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;

#[derive(Serialize, Deserialize)]
pub(crate) struct Order<'a> {
    id: Id,
    number: u64,
    store_id: Id,
    customer_id: Id,
    placed_status: u8,
    status: u8,
    payment_method: u8,
    lines: Vec<Line>,
    sums: Sums,
    hold_expires_at_ms: Option<i64>,
    preference: u8,
    from_cart: bool,
    #[serde(borrow)]
    coupon: Option<&'a str>,
    zone_id: Option<Id>,
    promise: (u16, u16),
    #[serde(borrow)]
    sealed: Bytes<'a>,
    created_at_ms: i64,
    updated_at_ms: i64,
    lsns: Vec<u64>,
    journey: Option<Journey>,
    #[serde(borrow)]
    payment: Option<Payment<'a>>,
}

/// The sums of a bill, the fee in its three parts.
#[derive(Serialize, Deserialize)]
struct Sums {
    subtotal: i64,
    delivery_fee: (i64, i64, u16),
    discount: i64,
    tax: i64,
    total: i64,
}

impl From<&domain::Sums> for Sums {
    fn from(sums: &domain::Sums) -> Self {
        let Fee { amount, discount, gst } = sums.delivery_fee;
        Self {
            subtotal: sums.subtotal.0,
            delivery_fee: (amount.0, discount.0, gst.0),
            discount: sums.discount.0,
            tax: sums.tax.0,
            total: sums.total.0,
        }
    }
}

impl Sums {
    fn parse(&self) -> domain::Sums {
        let (amount, discount, gst) = self.delivery_fee;
        domain::Sums {
            subtotal: Paise(self.subtotal),
            delivery_fee: Fee { amount: Paise(amount), discount: Paise(discount), gst: Bps(gst) },
            discount: Paise(self.discount),
            tax: Paise(self.tax),
            tax_rule: TaxRule::OddPaisa,
            total: Paise(self.total),
        }
    }
}

/// The number of an item, units, and the discount.
#[derive(Serialize, Deserialize)]
struct Line(u32, u32, i64);

#[derive(Serialize, Deserialize)]
struct Journey {
    /// The rider, and whether they accepted.
    rider: Option<(Id, bool)>,
    rider_before: Option<Id>,
    lines: Option<Vec<Line>>,
    proposals: Vec<Proposed>,
    cash: Option<i64>,
    documents: Vec<Document>,
}

#[derive(Serialize, Deserialize)]
struct Proposed {
    missing: Id,
    missing_units: u32,
    item: u32,
    units: u32,
}

#[derive(Serialize, Deserialize)]
struct Document {
    is_credit_note: bool,
    year: u16,
    number: u64,
    at_ms: i64,
}

/// The numbers of items, and the rows that a new item is written to.
pub(crate) struct Numbering<'n, 'a, 'w> {
    pub(crate) numbers: &'n mut ItemNumbers<'a>,
    pub(crate) rows: &'n mut RowWriter<'w>,
}

impl<'a> Numbering<'_, 'a, '_> {
    fn lines(&mut self, lines: &'a [OrderLine]) -> io::Result<Vec<Line>> {
        let line = |line: &'a OrderLine| {
            let number = self.numbers.number(&line.item, self.rows)?;
            Ok(Line(number, line.quantity, line.discount.0))
        };
        lines.iter().map(line).collect()
    }

    fn journey(&mut self, went: &'a Went) -> io::Result<Journey> {
        let mut proposals = Vec::with_capacity(went.proposals.len());
        for proposal in &went.proposals {
            proposals.push(Proposed {
                missing: proposal.missing.into(),
                missing_units: proposal.missing_units,
                item: self.numbers.number(&proposal.item, self.rows)?,
                units: proposal.units,
            });
        }
        let document = |issued: &Issued| {
            // The parts of a credit note are rows behind the order.
            let Issued { is_credit_note, year, number, at_ms, credits: _ } = issued;
            let (is_credit_note, year, number, at_ms) = (*is_credit_note, *year, *number, *at_ms);
            Document { is_credit_note, year, number, at_ms }
        };
        Ok(Journey {
            rider: went.rider.map(|rider| (rider.person_id.into(), rider.accepted)),
            rider_before: went.rider_before.map(Id::from),
            lines: went.lines.as_deref().map(|lines| self.lines(lines)).transpose()?,
            proposals,
            cash: went.cash.map(|cash| cash.0),
            documents: went.documents.iter().map(document).collect(),
        })
    }

    /// Returns the shape of an order. The rows of its new items are written first.
    pub(crate) fn order(&mut self, order: &'a domain::Order) -> io::Result<Order<'a>> {
        let placed = &*order.placed;
        Ok(Order {
            id: placed.id.into(),
            number: placed.number,
            store_id: placed.store_id.into(),
            customer_id: placed.customer_id.into(),
            placed_status: placed.status as u8,
            status: order.status as u8,
            payment_method: placed.payment_method as u8,
            lines: self.lines(&placed.lines)?,
            sums: Sums::from(&placed.sums),
            hold_expires_at_ms: placed.hold_expires_at_ms,
            preference: placed.preference as u8,
            from_cart: placed.from_cart,
            coupon: placed.coupon.as_deref(),
            zone_id: placed.zone_id.map(Id::from),
            promise: placed.promise,
            sealed: Bytes(&placed.sealed),
            created_at_ms: order.created_at_ms,
            updated_at_ms: order.updated_at_ms,
            lsns: stored_lsns(&order.lsns),
            journey: order.journey.as_ref().map(|went| self.journey(went)).transpose()?,
            payment: order.payment.as_deref().map(Payment::from),
        })
    }
}

fn lines(stored: &[Line], items: &Items) -> Result<Vec<OrderLine>> {
    let line = |Line(item, quantity, discount): &Line| {
        let (item, discount) = (items.get(*item)?, Paise(*discount));
        Ok(OrderLine { item, quantity: *quantity, discount })
    };
    stored.iter().map(line).collect()
}

fn payment(stored: Option<&Payment<'_>>) -> Result<Option<Box<domain::payment::Payment>>> {
    stored.map(|payment| payment.parse().map(Box::new)).transpose()
}

impl Order<'_> {
    pub(crate) fn parse(&self, items: &Items) -> Result<domain::Order> {
        let journey = self.journey.as_ref().map(|went| went.parse(items).map(Box::new));
        Ok(domain::Order {
            placed: Arc::new(self.placed(items)?),
            status: status(self.status)?,
            created_at_ms: moment(self.created_at_ms)?,
            updated_at_ms: moment(self.updated_at_ms)?,
            lsns: lsns(&self.lsns)?.collect(),
            stamps: order::Stamps::default(),
            journey: journey.transpose()?,
            payment: payment(self.payment.as_ref())?,
        })
    }

    fn placed(&self, items: &Items) -> Result<NewOrder> {
        Ok(NewOrder {
            id: self.id.into(),
            number: self.number,
            store_id: self.store_id.into(),
            customer_id: self.customer_id.into(),
            status: status(self.placed_status)?,
            payment_method: payment_method(self.payment_method)?,
            lines: lines(&self.lines, items)?,
            sums: self.sums.parse(),
            hold_expires_at_ms: self.hold_expires_at_ms.map(moment).transpose()?,
            preference: preference(self.preference)?,
            from_cart: self.from_cart,
            coupon: self.coupon.map(coupon_code).transpose()?,
            zone_id: self.zone_id.map(Into::into),
            promise: self.promise,
            sealed: self.sealed.0.into(),
        })
    }
}

impl Journey {
    fn parse(&self, items: &Items) -> Result<Went> {
        let proposal = |stored: &Proposed| {
            Ok(Proposal {
                missing: stored.missing.into(),
                missing_units: stored.missing_units,
                item: items.get(stored.item)?,
                units: stored.units,
            })
        };
        let document = |stored: &Document| {
            let Document { is_credit_note, year, number, at_ms } = *stored;
            Issued { is_credit_note, year, number, at_ms, credits: Arc::default() }
        };
        let now = self.lines.as_ref().map(|now| lines(now, items)).transpose()?;
        Ok(Went {
            rider: self.rider.map(|(id, accepted)| Rider { person_id: id.into(), accepted }),
            rider_before: self.rider_before.map(Into::into),
            lines: now.map(Arc::from),
            proposals: self.proposals.iter().map(proposal).collect::<Result<_>>()?,
            cash: self.cash.map(Paise),
            documents: self.documents.iter().map(document).collect(),
        })
    }
}

/// The times of an order's steps: the number of each, and when.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stamps(Vec<(u8, i64)>);

impl From<&order::Stamps> for Stamps {
    fn from(stamps: &order::Stamps) -> Self {
        Self(stamps.iter().map(|(milestone, at_ms)| (milestone as u8, at_ms)).collect())
    }
}

impl Stamps {
    pub(crate) fn parse(&self) -> Result<order::Stamps> {
        let stamp = |(number, at_ms): &(u8, i64)| {
            let milestone = Milestone::from_number(*number).ok_or("unknown step of an order")?;
            Ok((milestone, moment(*at_ms)?))
        };
        let times = self.0.iter().map(stamp).collect::<Result<_>>()?;
        order::Stamps::restore(times).ok_or("each step of an order has one time")
    }
}

/// The line that is left of an ended order.
#[derive(Serialize, Deserialize)]
pub(crate) struct Ended<'a> {
    status: u8,
    customer_id: Id,
    store_id: Id,
    rider_id: Option<Id>,
    lsns: Vec<u64>,
    due: i64,
    number: u64,
    placed_at_ms: i64,
    #[serde(borrow)]
    payment: Option<Payment<'a>>,
}

impl<'a> From<&'a EndedOrder> for Ended<'a> {
    fn from(ended: &'a EndedOrder) -> Self {
        let Parties { customer_id, store_id, rider_id } = ended.parties;
        Self {
            status: ended.status as u8,
            customer_id: customer_id.into(),
            store_id: store_id.into(),
            rider_id: rider_id.map(Id::from),
            lsns: stored_lsns(&ended.lsns),
            due: ended.due.0,
            number: ended.number,
            placed_at_ms: ended.placed_at_ms,
            payment: ended.payment.as_deref().map(Payment::from),
        }
    }
}

impl Ended<'_> {
    pub(crate) fn parse(&self) -> Result<EndedOrder> {
        Ok(EndedOrder {
            status: status(self.status)?,
            parties: Parties {
                customer_id: self.customer_id.into(),
                store_id: self.store_id.into(),
                rider_id: self.rider_id.map(Into::into),
            },
            lsns: lsns(&self.lsns)?.collect(),
            due: Paise(self.due),
            number: self.number,
            placed_at_ms: moment(self.placed_at_ms)?,
            payment: payment(self.payment.as_ref())?,
        })
    }
}

/// An ended order with its id.
#[derive(Serialize, Deserialize)]
pub(crate) struct EndedOf<'a> {
    pub(crate) id: Id,
    #[serde(borrow)]
    pub(crate) ended: Ended<'a>,
}

/// Orders that a rider was asked to bring.
#[derive(Serialize, Deserialize)]
pub(crate) struct RiderOrders {
    pub(crate) rider_id: Id,
    pub(crate) order_ids: Vec<Id>,
}
