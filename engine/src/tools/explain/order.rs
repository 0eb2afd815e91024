//! The story of an order: each record about it, and how it stood after that.

use crate::tools::find::records_of;
use crate::tools::replay::contain;
use crate::tools::{Log, ToolError, Until};
use kirana_domain::payment::Payment;
use kirana_domain::{Lsn, Order, OrderId, Paise, Record, Status};
use std::ops::ControlFlow;

/// The money of an order at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// Its price as it is.
    pub total: Paise,
    /// The customer's money that was captured.
    pub captured: Paise,
    /// The part of it that went back, or will.
    pub given_back: Paise,
    /// The part of it that disputes took.
    pub lost: Paise,
    /// The cash to be collected at the door.
    pub cash_due: Paise,
    /// The cash that was collected at the door.
    pub cash_collected: Paise,
}

impl Money {
    /// Of an order as it is.
    pub fn of(order: &Order) -> Self {
        let payment = order.payment.as_deref();
        let cash_collected = order.cash().unwrap_or(Paise::ZERO);
        let is_open =
            !matches!(order.status, Status::Cancelled | Status::Expired | Status::Delivered);
        Self {
            total: order.sums().total,
            captured: payment.map_or(Paise::ZERO, Payment::captured),
            given_back: payment.map_or(Paise::ZERO, Payment::given_back),
            lost: order.lost(),
            cash_due: if is_open { order.cash_due() } else { Paise::ZERO },
            cash_collected,
        }
    }
}

/// A record about the order.
#[derive(Debug)]
pub struct Telling<'a> {
    /// Its place.
    pub lsn: Lsn,
    /// All of it.
    pub record: &'a Record,
    /// The order after it.
    pub order: &'a Order,
    /// False for a message of the payment provider, which changes nothing itself.
    pub is_fact: bool,
}

/// Shows `visit` what happened to an order. Answers the order as it was at the end.
///
/// # Errors
/// As [`Log::records`]; [`ToolError::Unknown`] if the order was not placed by then.
pub fn order(
    log: &Log<'_>,
    id: OrderId,
    until: Until,
    visit: &mut dyn FnMut(&Telling<'_>) -> ControlFlow<()>,
) -> Result<Order, ToolError> {
    let mut told: Option<Order> = None;
    records_of(log, id, until, &mut |lsn, record| {
        let is_fact = record.event.order_id() == Some(id);
        let order = match &mut told {
            Some(order) => {
                if is_fact {
                    contain(|| order.evolve(lsn, &record))
                        .map_err(|detail| ToolError::Contradiction { lsn, detail })?;
                }
                order
            }
            None => told.insert(Order::begin(lsn, &record).ok_or_else(|| {
                let detail = format!("nothing before it has placed the order {id}");
                ToolError::Contradiction { lsn, detail }
            })?),
        };
        Ok(visit(&Telling { lsn, record: &record, order, is_fact }))
    })?;
    told.ok_or_else(|| {
        let by_then = match until {
            Until::End => String::new(),
            Until::Lsn(lsn) => format!(" up to record {lsn}"),
            Until::Time(_) => " by that time".to_owned(),
        };
        ToolError::Unknown(format!("there is no order {id} in this log{by_then}"))
    })
}
