//! The shapes of the facts about an order after it was placed, since the second release.

use super::Id;
use super::credit::Credit;
use super::money::{FailedEffect, OwedRefund, SeenCharge, SeenChargeV2, SeenDispute, SeenRefund};
use super::product::Item;
use super::stock::StockLine;
use super::words::{Result, each, optional, text};
use kirana_domain as domain;
use kirana_domain::{Event as E, OrderId, Paise, order};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A fact about the order whose id stands before it. A new variant goes to the end.
#[derive(Serialize, Deserialize)]
pub(super) enum OrderFact<'a> {
    /// Until when the attempt counts.
    PaymentStarted(i64),
    /// The provider's id of its order.
    PaymentOrderMade(&'a str),
    ChargeSeen(#[serde(borrow)] SeenCharge<'a>),
    OrderConfirmed {
        store_id: Id,
        lines: Vec<StockLine>,
        held_again: bool,
    },
    RefundOwed(#[serde(borrow)] OwedRefund<'a>),
    RefundSeen(#[serde(borrow)] SeenRefund<'a>),
    EffectFailed(#[serde(borrow)] FailedEffect<'a>),
    /// With the reason, if there is one.
    EffectsRetried(#[serde(borrow)] Option<&'a str>),
    OrderMoved {
        store_id: Id,
        step: Step,
        #[serde(borrow)]
        reason: Option<&'a str>,
        lines: Vec<StockLine>,
    },
    LinesChanged {
        store_id: Id,
        #[serde(borrow)]
        change: LinesChange<'a>,
        #[serde(borrow)]
        reason: Option<&'a str>,
    },
    InvoiceIssued {
        store_id: Id,
        is_credit_note: bool,
        year: u16,
        number: u64,
    },
    TurnedToCash {
        store_id: Id,
        lines: Vec<StockLine>,
    },
    InvoiceIssuedV2 {
        store_id: Id,
        is_credit_note: bool,
        year: u16,
        number: u64,
        credits: Vec<Credit>,
    },
    ChargeSeenV2(#[serde(borrow)] SeenChargeV2<'a>),
    DisputeSeen(#[serde(borrow)] SeenDispute<'a>),
}

impl OrderFact<'_> {
    /// Returns the fact.
    pub(super) fn parse(self, order_id: OrderId) -> Result<E> {
        Ok(match self {
            Self::PaymentStarted(until_ms) => E::PaymentStarted { order_id, until_ms },
            Self::PaymentOrderMade(id) => {
                E::PaymentOrderMade { order_id, provider_order_id: text(id)? }
            }
            Self::ChargeSeen(stored) => E::ChargeSeen { order_id, charge: stored.parse()? },
            Self::OrderConfirmed { store_id, lines, held_again } => {
                let (store_id, lines) = (store_id.into(), each(lines));
                E::OrderConfirmed { order_id, store_id, lines, held_again }
            }
            Self::RefundOwed(stored) => E::RefundOwed { order_id, refund: stored.parse()? },
            Self::RefundSeen(stored) => E::RefundSeen { order_id, refund: stored.parse()? },
            Self::EffectFailed(stored) => E::EffectFailed { order_id, trouble: stored.parse()? },
            Self::EffectsRetried(reason) => {
                E::EffectsRetried { order_id, reason: optional(reason)? }
            }
            Self::OrderMoved { store_id, step, reason, lines } => E::OrderMoved {
                order_id,
                store_id: store_id.into(),
                step: step.into(),
                reason: optional(reason)?,
                lines: each(lines),
            },
            Self::LinesChanged { store_id, change, reason } => E::LinesChanged {
                order_id,
                store_id: store_id.into(),
                change: Box::new(change.parse()?),
                reason: optional(reason)?,
            },
            Self::InvoiceIssued { store_id, is_credit_note, year, number } => {
                let store_id = store_id.into();
                let credits = Arc::default();
                E::InvoiceIssued { order_id, store_id, is_credit_note, year, number, credits }
            }
            Self::InvoiceIssuedV2 { store_id, is_credit_note, year, number, credits } => {
                let (store_id, credits) = (store_id.into(), Credit::parse_all(&credits)?);
                E::InvoiceIssued { order_id, store_id, is_credit_note, year, number, credits }
            }
            Self::ChargeSeenV2(stored) => E::ChargeSeen { order_id, charge: stored.parse()? },
            Self::DisputeSeen(stored) => {
                E::DisputeSeen { order_id, dispute: Box::new(stored.parse()?) }
            }
            Self::TurnedToCash { store_id, lines } => {
                let (store_id, lines) = (store_id.into(), each(lines));
                E::OrderTurnedToCash { order_id, store_id, lines }
            }
        })
    }
}

/// A step on the way through the store and to the door.
#[derive(Serialize, Deserialize)]
pub(super) enum Step {
    Accepted,
    Packed,
    Assigned(Id),
    AssignmentAccepted,
    AssignmentDeclined,
    PickedUp,
    OutForDelivery,
    /// By whom, and the cash.
    Delivered(Option<Id>, i64),
    DeliveryFailed,
}

impl From<&order::Step> for Step {
    fn from(step: &order::Step) -> Self {
        use order::Step as S;
        match step {
            S::Accepted => Self::Accepted,
            S::Packed => Self::Packed,
            S::Assigned { rider_id } => Self::Assigned(rider_id.into()),
            S::AssignmentAccepted => Self::AssignmentAccepted,
            S::AssignmentDeclined => Self::AssignmentDeclined,
            S::PickedUp => Self::PickedUp,
            S::OutForDelivery => Self::OutForDelivery,
            S::Delivered { rider_id, cash } => Self::Delivered(rider_id.map(Id::from), cash.0),
            S::DeliveryFailed => Self::DeliveryFailed,
        }
    }
}

impl From<Step> for order::Step {
    fn from(stored: Step) -> Self {
        match stored {
            Step::Accepted => Self::Accepted,
            Step::Packed => Self::Packed,
            Step::Assigned(id) => Self::Assigned { rider_id: id.into() },
            Step::AssignmentAccepted => Self::AssignmentAccepted,
            Step::AssignmentDeclined => Self::AssignmentDeclined,
            Step::PickedUp => Self::PickedUp,
            Step::OutForDelivery => Self::OutForDelivery,
            Step::Delivered(id, cash) => {
                Self::Delivered { rider_id: id.map(Into::into), cash: Paise(cash) }
            }
            Step::DeliveryFailed => Self::DeliveryFailed,
        }
    }
}

/// A line as it is after a change.
#[derive(Serialize, Deserialize)]
struct ChangedLine<'a> {
    #[serde(borrow)]
    item: Item<'a>,
    quantity: u32,
    discount: i64,
}

impl<'a> From<&'a domain::OrderLine> for ChangedLine<'a> {
    fn from(line: &'a domain::OrderLine) -> Self {
        let domain::OrderLine { item, quantity, discount } = line;
        Self { item: Item::from(&**item), quantity: *quantity, discount: discount.0 }
    }
}

impl ChangedLine<'_> {
    fn parse(&self) -> Result<domain::OrderLine> {
        let (item, discount) = (self.item.parse()?, Paise(self.discount));
        Ok(domain::OrderLine { item, quantity: self.quantity, discount })
    }
}

/// A substitute that the customer is asked about.
#[derive(Serialize, Deserialize)]
struct Proposal<'a> {
    missing: Id,
    missing_units: u32,
    #[serde(borrow)]
    item: Item<'a>,
    units: u32,
}

impl<'a> From<&'a order::Proposal> for Proposal<'a> {
    fn from(proposal: &'a order::Proposal) -> Self {
        let order::Proposal { missing, missing_units, item, units } = proposal;
        let (missing_units, units) = (*missing_units, *units);
        Self { missing: missing.into(), missing_units, item: Item::from(&**item), units }
    }
}

impl Proposal<'_> {
    fn parse(&self) -> Result<order::Proposal> {
        let Self { missing, missing_units, item, units } = self;
        let (missing_units, item, units) = (*missing_units, item.parse()?, *units);
        Ok(order::Proposal { missing: (*missing).into(), missing_units, item, units })
    }
}

/// A change of an order's lines.
#[derive(Serialize, Deserialize)]
pub(super) struct LinesChange<'a> {
    #[serde(borrow)]
    lines: Option<Vec<ChangedLine<'a>>>,
    missing: Vec<StockLine>,
    taken: Vec<StockLine>,
    back: Vec<StockLine>,
    #[serde(borrow)]
    proposed: Option<Proposal<'a>>,
    answered: Option<Id>,
}

impl<'a> From<&'a order::LinesChange> for LinesChange<'a> {
    fn from(change: &'a order::LinesChange) -> Self {
        Self {
            lines: change.lines.as_deref().map(each),
            missing: each(&change.missing),
            taken: each(&change.taken),
            back: each(&change.back),
            proposed: change.proposed.as_ref().map(Proposal::from),
            answered: change.answered.map(Id::from),
        }
    }
}

impl LinesChange<'_> {
    fn parse(self) -> Result<order::LinesChange> {
        let lines = self.lines.map(|lines| lines.iter().map(ChangedLine::parse).collect());
        Ok(order::LinesChange {
            lines: lines.transpose()?,
            missing: each(self.missing),
            taken: each(self.taken),
            back: each(self.back),
            proposed: self.proposed.as_ref().map(Proposal::parse).transpose()?,
            answered: self.answered.map(Into::into),
        })
    }
}
