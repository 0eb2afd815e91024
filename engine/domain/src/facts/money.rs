//! The words of money: what a charge and a refund can be, and what the provider says of them.

use super::Reason;
use crate::limits::{ERROR_CHARS_MAX, PROVIDER_ID_CHARS_MAX};
use crate::time::AtMs;
use crate::{Paise, Text};

/// An id that the payment provider gave.
pub type ProviderId = Text<PROVIDER_ID_CHARS_MAX>;
/// A short text about what went wrong outside.
pub type ErrorText = Text<ERROR_CHARS_MAX>;

numbered! {
    /// How an order is paid. The numbers are on disk: add, never change.
    PaymentMethod {
        /// Cash on delivery.
        Cod = 1 "cod",
        /// Online, through Razorpay.
        Razorpay = 2 "razorpay",
    }
}

numbered! {
    /// What a charge has come to. The numbers are on disk: add, never change.
    ChargeStatus {
        /// The bank said no, or nobody answered it in time.
        Failed = 1 "failed",
        /// The money is reserved; it moves when we capture it.
        Authorized = 2 "authorized",
        /// The money is ours.
        Captured = 3 "captured",
    }
}

numbered! {
    /// How far a refund is. A later one outranks an earlier one, so reports may come in any order.
    /// The numbers are on disk: add, never change.
    RefundStatus {
        /// Decided; the provider does not know of it yet.
        Owed = 1 "owed",
        /// The provider has taken it on.
        Accepted = 2 "accepted",
        /// The provider could not pay it out.
        Failed = 3 "failed",
        /// The customer has the money.
        Processed = 4 "processed",
    }
}

numbered! {
    /// Why money goes back. The numbers are on disk: add, never change.
    RefundReason {
        /// The order was cancelled.
        Cancelled = 1 "order_cancelled",
        /// A line was short or replaced by a cheaper one.
        LineChanged = 2 "line_changed",
        /// The order was paid more than once.
        PaidTwice = 3 "paid_twice",
        /// The amount was not the order's.
        WrongAmount = 4 "wrong_amount",
        /// The money came after the hold was over, and the units were gone.
        TooLate = 5 "paid_too_late",
        /// Support decided it.
        Support = 6 "support",
        /// Given back at the provider, not by us.
        AtProvider = 7 "at_provider",
    }
}

/// What the provider says of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenCharge {
    /// The provider's id of it.
    pub id: ProviderId,
    /// How much.
    pub amount: Paise,
    /// What it has come to.
    pub status: ChargeStatus,
    /// Why it failed, in the provider's words.
    pub error: Option<ErrorText>,
}

/// What the provider says of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRefund {
    /// The provider's id of it.
    pub id: ProviderId,
    /// The charge that it gives back.
    pub charge_id: ProviderId,
    /// Our number of it, if we asked for it.
    pub number: Option<u16>,
    /// How much.
    pub amount: Paise,
    /// How far it is: never `Owed`.
    pub status: RefundStatus,
}

/// A refund that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedRefund {
    /// 1, 2, 3 and on in its order.
    pub number: u16,
    /// The charge that it gives back.
    pub charge_id: ProviderId,
    /// How much.
    pub amount: Paise,
    /// Why.
    pub reason: RefundReason,
    /// What somebody wrote about it.
    pub note: Option<Reason>,
}

/// Something to be done outside, at least once, under a key of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Make the provider's order, without which nobody can pay.
    CreateOrder,
    /// Take the money of an authorized charge.
    Capture(ProviderId),
    /// Give money back: our number of the refund.
    Refund(u16),
}

impl Effect {
    /// The name in answers.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateOrder => "create_order",
            Self::Capture(_) => "capture",
            Self::Refund(_) => "refund",
        }
    }
}

/// An effect that did not work so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedEffect {
    /// Which.
    pub effect: Effect,
    /// How often it was tried.
    pub tries: u16,
    /// When it is tried again; `None` when it was given up, until somebody says so.
    pub retry_at_ms: Option<AtMs>,
    /// What went wrong the last time.
    pub error: ErrorText,
}
