//! The rules by which an order is finished. Three questions, from the weakest to the strongest:
//!
//! | rule | asks | followed by |
//! |---|---|---|
//! | [`Order::is_settled`] | has it ended, with no refund pending? | the stream of its messages ends |
//! | [`Order::is_finished`] | is nothing left to do for it? | an export writes its row |
//! | [`Order::may_leave`] | can no late money turn up either? | the order book keeps a summary |

use super::Order;
use crate::facts::RefundStatus;
use crate::limits::PAYMENT_WATCH_MS;
use crate::payment::Payment;
use crate::time::AtMs;
use crate::{Paise, Status};

impl Order {
    /// Returns true when the order has ended and no money is on its way back.
    pub fn is_settled(&self) -> bool {
        let is_pending =
            |payment: &Payment| payment.refunds.iter().any(|refund| payment.is_pending(refund));
        self.status.is_end() && !self.payment.as_deref().is_some_and(is_pending)
    }

    /// Returns true when the order has ended, its documents are complete, and no money has to
    /// move. Late money may still turn up until [`Order::watched_until_ms`].
    pub fn is_finished(&self) -> bool {
        // Money of an order that did not come about is on its way back: if it is not, what must
        // follow from it stands in the next records of the same decision.
        let is_sold = self.status == Status::Delivered;
        let is_moving = |payment: &Payment| {
            payment.refunds.iter().any(|refund| refund.status == RefundStatus::Accepted)
                || !payment.due_effects(false).is_empty()
                || (!is_sold && payment.kept() > Paise::ZERO)
        };
        // An invoice of a cancelled order is taken back in the same decision.
        let (is_cancelled, is_credited) =
            (self.status == Status::Cancelled, self.is_credited_whole());
        let wants_note = is_cancelled && self.invoice().is_some() && !is_credited;
        debug_assert!(!is_credited || is_cancelled, "it undoes a sale");
        self.status.is_end() && !wants_note && !self.payment.as_deref().is_some_and(is_moving)
    }

    /// Returns the time until which money may still turn up for an order that ended unpaid.
    pub fn watched_until_ms(&self) -> Option<AtMs> {
        let payment = self.payment.as_ref().filter(|payment| payment.may_change())?;
        let last = payment.attempts.last().filter(|_| self.status.is_end())?;
        debug_assert!(payment.good_charge().is_none(), "an order that is paid waits for no money");
        Some(last.started_at_ms + PAYMENT_WATCH_MS)
    }

    /// Returns true when the order is finished, and no more money can turn up.
    pub fn may_leave(&self, now_ms: AtMs) -> bool {
        self.is_finished() && self.watched_until_ms().is_none_or(|until_ms| until_ms < now_ms)
    }
}
