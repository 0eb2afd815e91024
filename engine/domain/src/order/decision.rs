//! The words of a decision on an order: what is wanted of it, what is known, and what comes of it.

use crate::facts::{FailedEffect, ProviderId, Reason, SeenCharge, SeenRefund};
use crate::time::AtMs;
use crate::{Event, Item, Paise, PersonId, ProductId, StockLine};
use std::sync::Arc;

/// What somebody wants of an order that exists.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "the fields are what the variant's line speaks of")]
pub enum OrderCommand {
    /// Ends it; by the customer, or by the back office.
    Cancel { reason: Option<Reason> },
    /// The store takes it on.
    Accept { reason: Option<Reason> },
    /// The store cannot take it: it is cancelled.
    Reject { reason: Reason },
    /// Fewer units than ordered could be found: so many of each are missing.
    ShortPick { missing: Vec<StockLine>, reason: Option<Reason> },
    /// Another product instead of one that is missing.
    Substitute { substitute: Substitute, item: Arc<Item>, reason: Option<Reason> },
    /// The customer agrees to a proposed substitute, or does not.
    AnswerSubstitution { product_id: ProductId, agree: bool, reason: Option<Reason> },
    /// Everything is picked. The invoice is issued with it.
    Pack { reason: Option<Reason> },
    /// A rider is asked.
    Assign { rider_id: PersonId, reason: Option<Reason> },
    /// The rider says yes.
    AcceptAssignment { reason: Option<Reason> },
    /// The rider says no.
    DeclineAssignment { reason: Option<Reason> },
    /// The rider has it.
    PickUp { reason: Option<Reason> },
    /// The rider is on the way.
    SetOut { reason: Option<Reason> },
    /// It was handed over, and so much cash was collected.
    Deliver { cash: Paise, reason: Option<Reason> },
    /// Nobody was there: the rider brings it back.
    Fail { reason: Reason },
    /// The customer goes to pay online.
    StartPayment,
    /// The provider has something to say.
    Report(Report),
    /// Money goes back by the decision of support.
    Refund { of: RefundOf, reason: Reason },
    /// An effect did not work.
    EffectFailed { trouble: FailedEffect },
    /// Everything that did not work is tried again.
    RetryEffects { reason: Option<Reason> },
    /// A timer says that the time to pay is over.
    Expire,
}

impl OrderCommand {
    /// Returns the reason that somebody wrote, if there is one.
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
            | Self::RetryEffects { reason } => reason.as_ref(),
            Self::Reject { reason } | Self::Fail { reason } | Self::Refund { reason, .. } => {
                Some(reason)
            }
            Self::StartPayment | Self::Report(_) | Self::EffectFailed { .. } | Self::Expire => None,
        }
    }
}

/// What the packer found instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Substitute {
    /// The product that is missing.
    pub missing: ProductId,
    /// Units of it that are missing.
    pub missing_units: u32,
    /// The product instead.
    pub instead: ProductId,
    /// Units of that one.
    pub units: u32,
}

/// What the provider says, whichever way it came: a webhook, the answer to a call of ours, the
/// customer's checkout, or a look at its books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The provider's order, when that is the news.
    pub provider_order_id: Option<ProviderId>,
    /// Charges.
    pub charges: Vec<SeenCharge>,
    /// Refunds.
    pub refunds: Vec<SeenRefund>,
}

/// How much support gives back.
#[derive(Clone, Debug)]
pub enum RefundOf {
    /// All that is left.
    All,
    /// An amount.
    Amount(Paise),
    /// What so many units of each were paid with.
    Units(Vec<StockLine>),
}

/// What a decision may know beside the order.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Now.
    pub at_ms: AtMs,
    /// First calendar year of the financial year that a document of now counts in.
    pub financial_year: u16,
}

/// What comes of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// These facts, all or none of them. None means that the command changes nothing.
    Now(Vec<Event>),
    /// It depends on units that have to be taken from the shelves first.
    IfTaken {
        /// The units, sorted by product, each product once.
        lines: Vec<StockLine>,
        /// When they could be taken.
        then: Vec<Event>,
        /// When they could not.
        otherwise: Otherwise,
    },
}

/// What comes of a command whose units are not there.
#[derive(Clone, Debug, PartialEq)]
pub enum Otherwise {
    /// These facts.
    Events(Vec<Event>),
    /// The command is refused, with the lines that are short.
    Refuse,
}
