//! Charges and refunds: their states, their reasons, and the provider's reports of them.

use super::Reason;
use crate::limits::{ERROR_CHARS_MAX, PROVIDER_ID_CHARS_MAX};
use crate::time::AtMs;
use crate::{OrderId, Paise, Text};

/// An id that the payment provider gave.
pub type ProviderId = Text<PROVIDER_ID_CHARS_MAX>;
/// A short text about an error outside.
pub type ErrorText = Text<ERROR_CHARS_MAX>;

numbered! {
    /// A way to pay for an order. The numbers are on disk: add, never change.
    PaymentMethod {
        /// Cash on delivery.
        Cod = 1 "cod",
        /// Online, through Razorpay.
        Razorpay = 2 "razorpay",
    }
}

numbered! {
    /// The state of a charge. The numbers are on disk: add, never change.
    ChargeStatus {
        /// The bank said no, or the customer did not answer it in time.
        Failed = 1 "failed",
        /// The money is reserved; it moves when the shop captures it.
        Authorized = 2 "authorized",
        /// The money is the shop's.
        Captured = 3 "captured",
    }
}

numbered! {
    /// The state of a refund. A later one outranks an earlier one, so reports may come in any
    /// order. The numbers are on disk: add, never change.
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
    /// The cause of a refund. The numbers are on disk: add, never change.
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
        /// Made at the provider, not by the engine.
        AtProvider = 7 "at_provider",
        /// The last of a charge, under what the provider pays out: it is the customer's credit
        /// with the shop, and at rest from the first.
        Credited = 8 "credited",
    }
}

numbered! {
    /// The state of a dispute: a customer who asked their bank for the money back. The numbers are
    /// on disk: add, never change.
    DisputeStatus {
        /// The bank asks for the money back; the shop may answer until the deadline.
        Opened = 1 "open",
        /// The bank looks at the shop's evidence.
        UnderReview = 2 "under_review",
        /// The bank wants more evidence.
        ActionRequired = 3 "action_required",
        /// It ended without a decision about money.
        Closed = 4 "closed",
        /// The shop keeps the money.
        Won = 5 "won",
        /// The money is gone.
        Lost = 6 "lost",
    }
}

impl DisputeStatus {
    /// Returns true until it has ended.
    pub fn is_open(self) -> bool {
        self < Self::Closed
    }

    /// Returns how much a report says: one that decides outranks one that ends, and that any other.
    fn finality(self) -> u8 {
        match self {
            Self::Opened | Self::UnderReview | Self::ActionRequired => 0,
            Self::Closed => 1,
            Self::Won | Self::Lost => 2,
        }
    }
}

// Reports raise the state of a refund and never lower it: money that arrived outranks all else.
const _: () = assert!((RefundStatus::Owed as u8) < RefundStatus::Accepted as u8);
const _: () = assert!((RefundStatus::Accepted as u8) < RefundStatus::Failed as u8);
const _: () = assert!((RefundStatus::Failed as u8) < RefundStatus::Processed as u8);

/// The provider's report of a charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenCharge {
    /// The provider's id of it.
    pub id: ProviderId,
    /// Its amount.
    pub amount: Paise,
    /// Its state.
    pub status: ChargeStatus,
    /// The cause of a failure.
    pub failure: Option<ChargeFailure>,
}

/// The cause of a failed charge, in the words of the bank and the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChargeFailure {
    /// The provider's code, for programs. Older releases did not keep it.
    pub code: Option<ErrorText>,
    /// The reason, for programs. Older releases did not keep it.
    pub reason: Option<ErrorText>,
    /// The reason, for people.
    pub description: Option<ErrorText>,
}

impl ChargeFailure {
    /// Returns the cause in the words that say most.
    pub fn words(&self) -> Option<&ErrorText> {
        self.description.as_ref().or(self.reason.as_ref()).or(self.code.as_ref())
    }
}

/// The provider's report of captured money that names no order of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LooseCharge {
    /// The provider's id of it.
    pub id: ProviderId,
    /// Its amount.
    pub amount: Paise,
    /// The provider's order that it is of, if it is of one.
    pub provider_order_id: Option<ProviderId>,
    /// The order that its notes name, which proves nothing.
    pub hint: Option<OrderId>,
}

/// The provider's report of a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenDispute {
    /// The provider's id of it.
    pub id: ProviderId,
    /// The charge that it is about.
    pub charge_id: ProviderId,
    /// The amount that the bank asks for.
    pub amount: Paise,
    /// The amount that the provider took from the shop for it, so far.
    pub deducted: Paise,
    /// Its state.
    pub status: DisputeStatus,
    /// The bank's code of the reason.
    pub reason_code: Option<ErrorText>,
    /// The bank's reason in words.
    pub reason: Option<ErrorText>,
    /// The time until which the shop may answer.
    pub respond_by_ms: Option<AtMs>,
    /// The provider's time of the report; 0 when it did not say.
    pub said_at_ms: AtMs,
}

impl SeenDispute {
    /// Returns the rank of the report among all of one dispute, which is the same whichever came
    /// first: a decision outranks the rest, then the later one counts.
    pub fn rank(&self) -> (u8, AtMs, DisputeStatus) {
        (self.status.finality(), self.said_at_ms, self.status)
    }

    /// Returns the money that it took: what the provider deducted, or all that was asked for.
    pub fn lost(&self) -> Paise {
        match (self.status, self.deducted) {
            (DisputeStatus::Lost, Paise::ZERO) => self.amount,
            (DisputeStatus::Lost, deducted) => deducted,
            _ => Paise::ZERO,
        }
    }
}

/// The provider's report of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRefund {
    /// The provider's id of it.
    pub id: ProviderId,
    /// The charge that it gives back.
    pub charge_id: ProviderId,
    /// The engine's number of it, if the engine asked for it.
    pub number: Option<u16>,
    /// Its amount.
    pub amount: Paise,
    /// Its state: never `Owed`.
    pub status: RefundStatus,
}

/// A refund that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwedRefund {
    /// Its number in the order: 1, 2, 3 and on.
    pub number: u16,
    /// The charge that it gives back.
    pub charge_id: ProviderId,
    /// Its amount.
    pub amount: Paise,
    /// Its cause.
    pub reason: RefundReason,
    /// The written reason of support.
    pub note: Option<Reason>,
}

/// Something to be done outside, at least once, under a key of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Make the provider's order, without which the customer cannot pay.
    CreateOrder,
    /// Take the money of an authorized charge.
    Capture(ProviderId),
    /// Give money back: the engine's number of the refund.
    Refund(u16),
}

impl Effect {
    /// Returns the name in the API.
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
    /// The effect.
    pub effect: Effect,
    /// Tries so far.
    pub tries: u16,
    /// Time of the next try; `None` when it was given up, until staff asks for a retry.
    pub retry_at_ms: Option<AtMs>,
    /// The error of the last try.
    pub error: ErrorText,
}
