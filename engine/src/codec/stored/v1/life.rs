//! Shapes of the second release: the whole life of an order, there and back.
//!
//! What the first release wrote stays readable as it is; an order and a store are written with a
//! second part behind the first release's shape, and read without it as what they were then.

use super::bill::BillMore;
use super::from_stored::{Result, id_of, optional, stock_lines, text, uuid};
use super::{Bytes, Id, Item, StockLine};
use kirana_domain as domain;
use kirana_domain::limits::TEXT_BYTES_PER_CHAR;
use kirana_domain::order::{self as life, NewOrder, Preference, Proposal};
use kirana_domain::payment::{
    ChargeStatus, Effect as DomainEffect, FailedEffect, OwedRefund, RefundReason, RefundStatus,
    SeenCharge, SeenRefund,
};
use kirana_domain::{
    Bps, CalendarDay, CouponCode, CouponIssue, CouponKind, Event as E, GstRate, Paise, PersonId,
    ProductId, Rejection as R, StoreId, ZoneId,
};
use serde::{Deserialize, Serialize};
use std::ops::Deref;
use std::sync::Arc;

const _: () = assert!(TEXT_BYTES_PER_CHAR == 3);

pub(crate) fn str_of<T: Deref<Target = str>>(text: Option<&T>) -> Option<&str> {
    text.map(Deref::deref)
}

/// What an order has beyond the first release's shape.
#[derive(Serialize, Deserialize)]
pub(super) struct OrderMore<'a> {
    bill: BillMore,
    preference: u8,
    from_cart: bool,
    #[serde(borrow)]
    coupon: Option<&'a str>,
    zone_id: Option<Id>,
    promise: (u16, u16),
}

impl<'a> From<&'a NewOrder> for OrderMore<'a> {
    fn from(order: &'a NewOrder) -> Self {
        Self {
            bill: BillMore::of_order(&order.lines, &order.sums),
            preference: order.preference as u8,
            from_cart: order.from_cart,
            coupon: str_of(order.coupon.as_ref()),
            zone_id: order.zone_id.map(id_of),
            promise: order.promise,
        }
    }
}

impl OrderMore<'_> {
    pub(super) fn add_to(self, order: &mut NewOrder) -> Result<()> {
        self.bill.add_to(&mut order.lines, &mut order.sums)?;
        order.preference = Preference::from_number(self.preference).ok_or("unknown preference")?;
        order.from_cart = self.from_cart;
        order.coupon = self.coupon.map(coupon_code).transpose()?;
        order.zone_id = self.zone_id.map(|id| ZoneId(uuid(id)));
        order.promise = self.promise;
        Ok(())
    }
}

pub(crate) fn coupon_code(stored: &str) -> Result<CouponCode> {
    CouponCode::parse(stored).ok_or("a coupon code breaks its rules")
}

/// What a quote has beyond the first release's shape.
#[derive(Serialize, Deserialize)]
pub(super) struct QuoteMore<'a> {
    bill: BillMore,
    #[serde(borrow)]
    coupon: Option<&'a str>,
}

impl<'a> From<&'a domain::Quote> for QuoteMore<'a> {
    fn from(quote: &'a domain::Quote) -> Self {
        Self {
            bill: BillMore::of(&quote.lines, &quote.sums),
            coupon: str_of(quote.coupon.as_ref()),
        }
    }
}

impl QuoteMore<'_> {
    pub(super) fn add_to(self, quote: &mut domain::Quote) -> Result<()> {
        self.bill.add_to(&mut quote.lines, &mut quote.sums)?;
        quote.coupon = self.coupon.map(coupon_code).transpose()?;
        Ok(())
    }
}

/// What a store has beyond the first release's shape.
#[derive(Serialize, Deserialize)]
pub(crate) struct StoreMore<'a> {
    cod_first: i64,
    cod_new: i64,
    cod_regular: i64,
    cod_regular_after: u32,
    cod_trusted_after: u32,
    cod_orders_per_hour: u32,
    cod_risk_max: u8,
    bad_weather_fee: i64,
    promise: [(u16, u16); 2],
    #[serde(borrow)]
    gstin: Option<&'a str>,
    #[serde(borrow)]
    state: Option<&'a str>,
}

impl<'a> From<&'a domain::Store> for StoreMore<'a> {
    fn from(store: &'a domain::Store) -> Self {
        Self {
            cod_first: store.cod.first_maximum.0,
            cod_new: store.cod.new_maximum.0,
            cod_regular: store.cod.regular_maximum.0,
            cod_regular_after: store.cod.regular_after,
            cod_trusted_after: store.cod.trusted_after,
            cod_orders_per_hour: store.cod.orders_per_hour,
            cod_risk_max: store.cod.risk_max,
            bad_weather_fee: store.bad_weather_fee.0,
            promise: store.promise,
            gstin: str_of(store.gstin.as_ref()),
            state: str_of(store.state.as_ref()),
        }
    }
}

impl StoreMore<'_> {
    pub(super) fn add_to(&self, store: &mut domain::Store) -> Result<()> {
        store.cod = domain::catalogue::CodRules {
            first_maximum: Paise(self.cod_first),
            new_maximum: Paise(self.cod_new),
            regular_maximum: Paise(self.cod_regular),
            regular_after: self.cod_regular_after,
            trusted_after: self.cod_trusted_after,
            orders_per_hour: self.cod_orders_per_hour,
            risk_max: self.cod_risk_max,
        };
        store.bad_weather_fee = Paise(self.bad_weather_fee);
        store.promise = self.promise;
        store.gstin = optional(self.gstin)?;
        store.state = optional(self.state)?;
        Ok(())
    }
}

/// A fact about an order that was not known to the first release.
#[derive(Serialize, Deserialize)]
pub(super) enum Life<'a> {
    PaymentStarted {
        until_ms: i64,
    },
    PaymentOrderMade {
        provider_order_id: &'a str,
    },
    ChargeSeen {
        id: &'a str,
        amount: i64,
        status: u8,
        #[serde(borrow)]
        error: Option<&'a str>,
    },
    OrderConfirmed {
        store_id: Id,
        lines: Vec<StockLine>,
        held_again: bool,
    },
    RefundOwed {
        number: u16,
        charge_id: &'a str,
        amount: i64,
        reason: u8,
        #[serde(borrow)]
        note: Option<&'a str>,
    },
    RefundSeen {
        id: &'a str,
        charge_id: &'a str,
        number: Option<u16>,
        amount: i64,
        status: u8,
    },
    EffectFailed {
        #[serde(borrow)]
        effect: Effect<'a>,
        tries: u16,
        retry_at_ms: Option<i64>,
        error: &'a str,
    },
    EffectsRetried {
        #[serde(borrow)]
        reason: Option<&'a str>,
    },
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
        change: Change<'a>,
        #[serde(borrow)]
        reason: Option<&'a str>,
    },
    InvoiceIssued {
        store_id: Id,
        is_credit_note: bool,
        year: u16,
        number: u64,
    },
}

#[derive(Serialize, Deserialize)]
pub(crate) enum Effect<'a> {
    CreateOrder,
    Capture(&'a str),
    Refund(u16),
}

#[derive(Serialize, Deserialize)]
pub(super) enum Step {
    Accepted,
    Packed,
    Assigned(Id),
    AssignmentAccepted,
    AssignmentDeclined,
    PickedUp,
    OutForDelivery,
    Delivered(Option<Id>, i64),
    DeliveryFailed,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    item: Item<'a>,
    quantity: u32,
    discount: i64,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Proposed<'a> {
    missing: Id,
    missing_units: u32,
    #[serde(borrow)]
    item: Item<'a>,
    units: u32,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Change<'a> {
    #[serde(borrow)]
    lines: Option<Vec<Line<'a>>>,
    missing: Vec<StockLine>,
    taken: Vec<StockLine>,
    back: Vec<StockLine>,
    #[serde(borrow)]
    proposed: Option<Proposed<'a>>,
    answered: Option<Id>,
}

impl<'a> From<&'a DomainEffect> for Effect<'a> {
    fn from(effect: &'a DomainEffect) -> Self {
        match effect {
            DomainEffect::CreateOrder => Self::CreateOrder,
            DomainEffect::Capture(id) => Self::Capture(id),
            DomainEffect::Refund(number) => Self::Refund(*number),
        }
    }
}

impl Effect<'_> {
    pub(crate) fn parse(&self) -> Result<DomainEffect> {
        Ok(match self {
            Self::CreateOrder => DomainEffect::CreateOrder,
            Self::Capture(id) => DomainEffect::Capture(text(id)?),
            Self::Refund(number) => DomainEffect::Refund(*number),
        })
    }
}

impl From<&life::Step> for Step {
    fn from(step: &life::Step) -> Self {
        use life::Step as S;
        match step {
            S::Accepted => Self::Accepted,
            S::Packed => Self::Packed,
            S::Assigned { rider_id } => Self::Assigned(id_of(*rider_id)),
            S::AssignmentAccepted => Self::AssignmentAccepted,
            S::AssignmentDeclined => Self::AssignmentDeclined,
            S::PickedUp => Self::PickedUp,
            S::OutForDelivery => Self::OutForDelivery,
            S::Delivered { rider_id, cash } => Self::Delivered(rider_id.map(id_of), cash.0),
            S::DeliveryFailed => Self::DeliveryFailed,
        }
    }
}

impl From<Step> for life::Step {
    fn from(step: Step) -> Self {
        let person = |id| PersonId(uuid(id));
        match step {
            Step::Accepted => Self::Accepted,
            Step::Packed => Self::Packed,
            Step::Assigned(id) => Self::Assigned { rider_id: person(id) },
            Step::AssignmentAccepted => Self::AssignmentAccepted,
            Step::AssignmentDeclined => Self::AssignmentDeclined,
            Step::PickedUp => Self::PickedUp,
            Step::OutForDelivery => Self::OutForDelivery,
            Step::Delivered(id, cash) => {
                Self::Delivered { rider_id: id.map(person), cash: Paise(cash) }
            }
            Step::DeliveryFailed => Self::DeliveryFailed,
        }
    }
}

fn lines_of(lines: &[domain::StockLine]) -> Vec<StockLine> {
    super::to_stored::stock_lines(lines)
}

impl<'a> From<&'a life::LinesChange> for Change<'a> {
    fn from(change: &'a life::LinesChange) -> Self {
        let line = |line: &'a domain::OrderLine| Line {
            item: Item::from(&*line.item),
            quantity: line.quantity,
            discount: line.discount.0,
        };
        let proposed = |proposal: &'a Proposal| Proposed {
            missing: id_of(proposal.missing),
            missing_units: proposal.missing_units,
            item: Item::from(&*proposal.item),
            units: proposal.units,
        };
        Self {
            lines: change.lines.as_ref().map(|lines| lines.iter().map(line).collect()),
            missing: lines_of(&change.missing),
            taken: lines_of(&change.taken),
            back: lines_of(&change.back),
            proposed: change.proposed.as_ref().map(proposed),
            answered: change.answered.map(id_of),
        }
    }
}

impl Change<'_> {
    fn parse(&self) -> Result<life::LinesChange> {
        let line = |line: &Line<'_>| -> Result<domain::OrderLine> {
            Ok(domain::OrderLine {
                item: Arc::new(super::from_stored::item(&line.item)?),
                quantity: line.quantity,
                discount: Paise(line.discount),
            })
        };
        let proposed = |stored: &Proposed<'_>| -> Result<Proposal> {
            Ok(Proposal {
                missing: ProductId(uuid(stored.missing)),
                missing_units: stored.missing_units,
                item: Arc::new(super::from_stored::item(&stored.item)?),
                units: stored.units,
            })
        };
        let lines = self.lines.as_ref().map(|lines| lines.iter().map(line).collect::<Result<_>>());
        Ok(life::LinesChange {
            lines: lines.transpose()?,
            missing: stock_lines(&self.missing),
            taken: stock_lines(&self.taken),
            back: stock_lines(&self.back),
            proposed: self.proposed.as_ref().map(proposed).transpose()?,
            answered: self.answered.map(|id| ProductId(uuid(id))),
        })
    }
}

impl<'a> Life<'a> {
    /// The shape of a fact about an order that the first release did not know.
    pub(super) fn of(event: &'a E) -> Option<Self> {
        Self::of_money(event).or_else(|| Self::of_way(event))
    }

    fn of_money(event: &'a E) -> Option<Self> {
        Some(match event {
            E::PaymentStarted { until_ms, .. } => Self::PaymentStarted { until_ms: *until_ms },
            E::PaymentOrderMade { provider_order_id, .. } => {
                Self::PaymentOrderMade { provider_order_id }
            }
            E::ChargeSeen { charge, .. } => Self::ChargeSeen {
                id: &charge.id,
                amount: charge.amount.0,
                status: charge.status as u8,
                error: str_of(charge.error.as_ref()),
            },
            E::RefundOwed { refund, .. } => Self::RefundOwed {
                number: refund.number,
                charge_id: &refund.charge_id,
                amount: refund.amount.0,
                reason: refund.reason as u8,
                note: str_of(refund.note.as_ref()),
            },
            E::RefundSeen { refund, .. } => Self::RefundSeen {
                id: &refund.id,
                charge_id: &refund.charge_id,
                number: refund.number,
                amount: refund.amount.0,
                status: refund.status as u8,
            },
            E::EffectFailed { trouble, .. } => Self::EffectFailed {
                effect: Effect::from(&trouble.effect),
                tries: trouble.tries,
                retry_at_ms: trouble.retry_at_ms,
                error: &trouble.error,
            },
            E::EffectsRetried { reason, .. } => {
                Self::EffectsRetried { reason: str_of(reason.as_ref()) }
            }
            _ => return None,
        })
    }

    fn of_way(event: &'a E) -> Option<Self> {
        Some(match event {
            E::OrderConfirmed { store_id, lines, held_again, .. } => Self::OrderConfirmed {
                store_id: id_of(*store_id),
                lines: lines_of(lines),
                held_again: *held_again,
            },
            E::OrderMoved { store_id, step, reason, lines, .. } => Self::OrderMoved {
                store_id: id_of(*store_id),
                step: Step::from(step),
                reason: str_of(reason.as_ref()),
                lines: lines_of(lines),
            },
            E::LinesChanged { store_id, change, reason, .. } => Self::LinesChanged {
                store_id: id_of(*store_id),
                change: Change::from(&**change),
                reason: str_of(reason.as_ref()),
            },
            E::InvoiceIssued { store_id, is_credit_note, year, number, .. } => {
                Self::InvoiceIssued {
                    store_id: id_of(*store_id),
                    is_credit_note: *is_credit_note,
                    year: *year,
                    number: *number,
                }
            }
            _ => return None,
        })
    }

    /// The fact.
    pub(super) fn parse(self, order_id: domain::OrderId) -> Result<E> {
        Ok(match self {
            Self::PaymentStarted { until_ms } => E::PaymentStarted { order_id, until_ms },
            Self::PaymentOrderMade { provider_order_id } => {
                E::PaymentOrderMade { order_id, provider_order_id: text(provider_order_id)? }
            }
            Self::ChargeSeen { id, amount, status, error } => {
                let status = ChargeStatus::from_number(status).ok_or("unknown charge status")?;
                let (id, error) = (text(id)?, optional(error)?);
                let charge = SeenCharge { id, amount: Paise(amount), status, error };
                E::ChargeSeen { order_id, charge }
            }
            Self::OrderConfirmed { store_id, lines, held_again } => E::OrderConfirmed {
                order_id,
                store_id: StoreId(uuid(store_id)),
                lines: stock_lines(&lines),
                held_again,
            },
            Self::RefundOwed { number, charge_id, amount, reason, note } => {
                let reason = RefundReason::from_number(reason).ok_or("unknown refund reason")?;
                let (charge_id, note) = (text(charge_id)?, optional(note)?);
                let amount = Paise(amount);
                let refund = OwedRefund { number, charge_id, amount, reason, note };
                E::RefundOwed { order_id, refund }
            }
            Self::RefundSeen { id, charge_id, number, amount, status } => {
                let status = RefundStatus::from_number(status).ok_or("unknown refund status")?;
                let (id, charge_id) = (text(id)?, text(charge_id)?);
                let amount = Paise(amount);
                let refund = SeenRefund { id, charge_id, number, amount, status };
                E::RefundSeen { order_id, refund }
            }
            Self::EffectFailed { effect, tries, retry_at_ms, error } => {
                let (effect, error) = (effect.parse()?, text(error)?);
                E::EffectFailed {
                    order_id,
                    trouble: FailedEffect { effect, tries, retry_at_ms, error },
                }
            }
            Self::EffectsRetried { reason } => {
                E::EffectsRetried { order_id, reason: optional(reason)? }
            }
            Self::OrderMoved { store_id, step, reason, lines } => E::OrderMoved {
                order_id,
                store_id: StoreId(uuid(store_id)),
                step: step.into(),
                reason: optional(reason)?,
                lines: stock_lines(&lines),
            },
            Self::LinesChanged { store_id, change, reason } => E::LinesChanged {
                order_id,
                store_id: StoreId(uuid(store_id)),
                change: Box::new(change.parse()?),
                reason: optional(reason)?,
            },
            Self::InvoiceIssued { store_id, is_credit_note, year, number } => {
                let store_id = StoreId(uuid(store_id));
                E::InvoiceIssued { order_id, store_id, is_credit_note, year, number }
            }
        })
    }
}

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
        let (kind, figure, cap) = match coupon.kind {
            CouponKind::Percent { rate, cap } => (1, rate.0.into(), cap.map(|cap| cap.0)),
            CouponKind::Amount(amount) => (2, amount.0, None),
            CouponKind::FreeDelivery => (3, 0, None),
        };
        Self {
            store_id: id_of(coupon.store_id),
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
            store_id: StoreId(uuid(self.store_id)),
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

/// A rate of GST: code, day since 1970, basis points.
pub(crate) type StoredRate<'a> = (&'a str, i32, u16);

pub(crate) fn rates_of(rates: &[GstRate]) -> Vec<StoredRate<'_>> {
    rates.iter().map(|rate| (&*rate.hsn, rate.from.0, rate.rate.0)).collect()
}

pub(crate) fn rates(stored: &[StoredRate<'_>]) -> Result<Vec<GstRate>> {
    let rate = |(hsn, day, bps): &StoredRate<'_>| {
        Ok(GstRate { hsn: text(hsn)?, from: CalendarDay(*day), rate: Bps(*bps) })
    };
    stored.iter().map(rate).collect()
}

#[derive(Serialize, Deserialize)]
pub(super) struct Webhook<'a> {
    event_id: &'a str,
    name: &'a str,
    about: Option<Id>,
    subject: Id,
    #[serde(borrow)]
    sealed: Bytes<'a>,
}

impl<'a> Webhook<'a> {
    pub(super) fn of(event: &'a E) -> Option<Self> {
        let E::WebhookReceived { event_id, name, about, subject, sealed } = event else {
            return None;
        };
        let (about, subject) = (about.map(id_of), id_of(*subject));
        Some(Self { event_id, name, about, subject, sealed: Bytes(sealed) })
    }

    pub(super) fn parse(&self) -> Result<E> {
        Ok(E::WebhookReceived {
            event_id: text(self.event_id)?,
            name: text(self.name)?,
            about: self.about.map(|id| domain::OrderId(uuid(id))),
            subject: PersonId(uuid(self.subject)),
            sealed: self.sealed.0.into(),
        })
    }
}

/// A refusal that the first release did not know: its code, and up to two figures and one id.
#[derive(Serialize, Deserialize)]
pub(super) struct Refused {
    code: u16,
    first: i64,
    second: i64,
    id: Option<Id>,
}

impl Refused {
    pub(super) fn of(rejection: &R) -> Option<Self> {
        let figures = |first: i64, second: i64| (first, second, None);
        let count = |count: u64| figures(i64::try_from(count).unwrap_or(i64::MAX), 0);
        let (first, second, id) = match rejection {
            R::NotYours
            | R::ProposalOpen
            | R::NoSubstitutes
            | R::NotPaidOnline
            | R::TooManyAttempts
            | R::TooManyAddresses
            | R::AddressUnknown
            | R::PointMissing
            | R::OutOfZone
            | R::ServiceSuspended => figures(0, 0),
            R::VersionMismatch { version } => count(*version),
            R::CartChanged { version } => count(version.0),
            R::CodTooMany { orders } => count((*orders).into()),
            R::CodRisk { score } => count((*score).into()),
            R::LineUnknown { product_id } | R::AlreadyInOrder { product_id } => {
                (0, 0, Some(id_of(*product_id)))
            }
            R::RefundTooLarge { wanted, left } => figures(wanted.0, left.0),
            R::CashMismatch { due, given } => figures(due.0, given.0),
            R::StoreClosed { opens, closes } => figures(opens.get().into(), closes.get().into()),
            _ => return None,
        };
        Some(Self { code: rejection.code(), first, second, id })
    }

    pub(super) fn parse(&self) -> Result<R> {
        let count = || u64::try_from(self.first).map_err(|_| "a negative count");
        let product = || self.id.map(|id| ProductId(uuid(id))).ok_or("a product id is missing");
        let minute = |figure: i64| {
            let minute = u16::try_from(figure).ok();
            minute.and_then(domain::time::MinuteOfDay::new).ok_or("a time of day past midnight")
        };
        let (first, second) = (Paise(self.first), Paise(self.second));
        Ok(match self.code {
            1009 => R::CartChanged { version: domain::Lsn(count()?) },
            1010 => R::TooManyAddresses,
            1011 => R::AddressUnknown,
            3004 => R::NotYours,
            3005 => R::VersionMismatch { version: count()? },
            3006 => R::LineUnknown { product_id: product()? },
            3007 => R::AlreadyInOrder { product_id: product()? },
            3008 => R::ProposalOpen,
            3009 => R::NoSubstitutes,
            4002 => R::NotPaidOnline,
            4003 => R::TooManyAttempts,
            4004 => R::RefundTooLarge { wanted: first, left: second },
            4005 => R::CashMismatch { due: first, given: second },
            4006 => R::CodTooMany { orders: u32::try_from(count()?).map_err(|_| "a count")? },
            4007 => R::CodRisk { score: u8::try_from(count()?).map_err(|_| "a score")? },
            5001 => R::PointMissing,
            5002 => R::OutOfZone,
            5003 => R::StoreClosed { opens: minute(self.first)?, closes: minute(self.second)? },
            5004 => R::ServiceSuspended,
            _ => return Err("unknown refusal"),
        })
    }
}

/// Why a coupon did not count: its number and two amounts.
pub(super) type StoredIssue = (u8, i64, i64);

pub(super) fn issue_of(issue: &CouponIssue) -> StoredIssue {
    match issue {
        CouponIssue::BelowMinimum { subtotal, minimum } => (issue.number(), subtotal.0, minimum.0),
        _ => (issue.number(), 0, 0),
    }
}

pub(super) fn issue((number, subtotal, minimum): StoredIssue) -> Result<CouponIssue> {
    let known = CouponIssue::NAMES.iter().find(|(_, known, _)| *known == number);
    let (issue, ..) = known.ok_or("unknown coupon issue")?;
    Ok(match issue {
        CouponIssue::BelowMinimum { .. } => {
            CouponIssue::BelowMinimum { subtotal: Paise(subtotal), minimum: Paise(minimum) }
        }
        other => *other,
    })
}
