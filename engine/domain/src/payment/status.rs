//! The state of the money of an order, in one word.

use super::{Payment, Refund, RefundStatus};
use crate::Paise;
use crate::time::AtMs;

/// The state of the money of an order, as the API tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of the order's life in the README")]
pub enum PaymentStatus {
    Pending,
    Processing,
    Authorized,
    Completed,
    Failed,
    TimedOut,
    CodPending,
    CodCollected,
    RefundPending,
    PartiallyRefunded,
    Refunded,
}

impl PaymentStatus {
    /// Returns the name in the API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Authorized => "authorized",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::TimedOut => "timed_out",
            Self::CodPending => "cod_pending",
            Self::CodCollected => "cod_collected",
            Self::RefundPending => "refund_pending",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
        }
    }
}

impl Payment {
    /// Returns true while money of a refund is on its way.
    pub fn is_pending(&self, refund: &Refund) -> bool {
        match refund.status {
            RefundStatus::Owed => self.amount_of(refund) > Paise::ZERO,
            RefundStatus::Accepted => true,
            RefundStatus::Failed | RefundStatus::Processed => false,
        }
    }

    /// Returns the state of the money that pays for the order, or of all of it while none does: a
    /// second charge that goes back is no refund of the order. `is_over` is true once the order has
    /// ended without it.
    pub fn status(&self, at_ms: AtMs, is_over: bool, is_expired: bool) -> PaymentStatus {
        debug_assert!(is_over || !is_expired, "an order that expired is over");
        let (captured, back) = match self.good_charge() {
            Some(good) => (good.amount, good.amount - self.left_of(good) - self.lost_of(&good.id)),
            None => (self.captured(), self.given_back()),
        };
        if captured > Paise::ZERO {
            return match back {
                Paise::ZERO => PaymentStatus::Completed,
                _ if self.refunds.iter().any(|it| self.is_pending(it)) => {
                    PaymentStatus::RefundPending
                }
                back if back < captured => PaymentStatus::PartiallyRefunded,
                _ => PaymentStatus::Refunded,
            };
        }
        if self.charges.iter().any(|charge| charge.authorized) {
            PaymentStatus::Authorized
        } else if is_expired {
            PaymentStatus::TimedOut
        } else if is_over {
            PaymentStatus::Failed
        } else if self.in_flight_until(at_ms).is_some() {
            PaymentStatus::Processing
        } else if self.charges.iter().any(|charge| charge.failed) {
            PaymentStatus::Failed
        } else {
            PaymentStatus::Pending
        }
    }
}
