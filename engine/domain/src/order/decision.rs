//! The types of a decision on an order: the command, its context, and the outcome.

use crate::facts::{FailedEffect, ProviderId, Reason, SeenCharge, SeenDispute, SeenRefund};
use crate::time::AtMs;
use crate::{Customer, Event, Item, Paise, PersonId, ProductId, Rejection, StockLine, Store};
use std::sync::Arc;

/// A command to an order that exists.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are what the variant's line speaks of")]
pub enum OrderCommand {
    /// Cancel it, as the customer or the back office.
    Cancel { reason: Option<Reason> },
    /// Take it on, as its store.
    Accept { reason: Option<Reason> },
    /// Refuse it, as its store: it is cancelled.
    Reject { reason: Reason },
    /// Report units that could not be found when picking.
    ShortPick { missing: Vec<StockLine>, reason: Option<Reason> },
    /// Give or propose another product for missing units.
    Substitute { substitute: Substitute, item: Arc<Item>, reason: Option<Reason> },
    /// Agree to a proposed substitute, or decline it, as the customer.
    AnswerSubstitution { product_id: ProductId, agree: bool, reason: Option<Reason> },
    /// Report that everything is picked. The invoice is issued with it.
    Pack { reason: Option<Reason> },
    /// Ask a rider to bring it.
    Assign { rider_id: PersonId, reason: Option<Reason> },
    /// Accept the assignment, as the rider.
    AcceptAssignment { reason: Option<Reason> },
    /// Decline the assignment, as the rider.
    DeclineAssignment { reason: Option<Reason> },
    /// Take it from the store, as the rider.
    PickUp { reason: Option<Reason> },
    /// Set out for the door, as the rider.
    SetOut { reason: Option<Reason> },
    /// Report that it was handed over, with the cash that was collected.
    Deliver { cash: Paise, reason: Option<Reason> },
    /// Report that it could not be handed over: the rider brings it back.
    Fail { reason: Reason },
    /// Go to pay online, as the customer.
    StartPayment,
    /// Pay in cash instead of online, as the customer of an unpaid order.
    TurnToCash { store: Arc<Store>, customer: Box<Customer>, reason: Option<Reason> },
    /// Take in a report of the payment provider.
    Report(Report),
    /// Take a captured charge that named no order, by the decision of the back office.
    TakeCharge(SeenCharge),
    /// Refund money by the decision of support.
    Refund { of: RefundOf, reason: Reason },
    /// Report that an effect did not work.
    EffectFailed { trouble: FailedEffect },
    /// Retry all effects that did not work.
    RetryEffects { reason: Option<Reason> },
    /// End the hold of an unpaid order, as its timer.
    Expire,
}

impl OrderCommand {
    /// Returns the rider whom it asks to bring the order.
    pub fn asked_rider(&self) -> Option<PersonId> {
        match self {
            Self::Assign { rider_id, .. } => Some(*rider_id),
            _ => None,
        }
    }

    /// Returns the written reason, if there is one.
    pub(super) fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Cancel { reason }
            | Self::Accept { reason }
            | Self::ShortPick { reason, .. }
            | Self::Substitute { reason, .. }
            | Self::AnswerSubstitution { reason, .. }
            | Self::Pack { reason }
            | Self::Assign { reason, .. }
            | Self::AcceptAssignment { reason }
            | Self::DeclineAssignment { reason }
            | Self::PickUp { reason }
            | Self::SetOut { reason }
            | Self::Deliver { reason, .. }
            | Self::TurnToCash { reason, .. }
            | Self::RetryEffects { reason } => reason.as_ref(),
            Self::Reject { reason } | Self::Fail { reason } | Self::Refund { reason, .. } => {
                Some(reason)
            }
            Self::StartPayment
            | Self::Report(_)
            | Self::TakeCharge(_)
            | Self::EffectFailed { .. }
            | Self::Expire => None,
        }
    }
}

/// A substitute that the packer found for missing units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Substitute {
    /// The product that is missing.
    pub missing: ProductId,
    /// Units of it that are missing.
    pub missing_units: u32,
    /// The product instead.
    pub instead: ProductId,
    /// Units of the substitute.
    pub units: u32,
}

/// A report of the payment provider, by any way: a webhook, the response to a call of the engine,
/// the customer's checkout, or a poll of its books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The provider's order, if the report is about its making.
    pub provider_order_id: Option<ProviderId>,
    /// Charges.
    pub charges: Vec<SeenCharge>,
    /// Refunds.
    pub refunds: Vec<SeenRefund>,
    /// Disputes.
    pub disputes: Vec<SeenDispute>,
}

/// The part of an order's money that support refunds.
#[derive(Clone, Debug)]
pub enum RefundOf {
    /// All that is left.
    All,
    /// An amount.
    Amount(Paise),
    /// The price that was paid for these units.
    Units(Vec<StockLine>),
}

/// Read-only facts that a decision may use beside the order.
#[derive(Clone, Debug)]
pub struct Context {
    /// Time of the decision.
    pub at_ms: AtMs,
    /// First calendar year of the financial year that a document of now counts in.
    pub financial_year: u16,
    /// Whether the rider of an assignment can be asked, by the book of riders.
    pub rider: Result<(), Rejection>,
}

/// The outcome of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// These facts, all or none of them. An empty list means that the command changes nothing.
    Now(Vec<Event>),
    /// An outcome that depends on units, which have to be taken first.
    IfTaken {
        /// The units, sorted by product, each product once.
        lines: Vec<StockLine>,
        /// The facts if all units could be taken.
        then: Vec<Event>,
        /// The outcome if they could not.
        otherwise: Otherwise,
    },
}

/// The outcome of a command whose units could not be taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Otherwise {
    /// These facts.
    Events(Vec<Event>),
    /// The command is refused, with the lines that are short.
    Refuse,
}
