//! Decisions that follow from money that came, or has to go back.
//!
//! A report of the provider is turned into facts that are new, and then into what must follow in
//! the same decision: confirm the order, take its units again, cancel it, owe a refund. All of it
//! is a function of the known facts ([`crate::payment`]), so reports may come in any order and any
//! number. An order whose money was captured is never left `expired`.

use super::Order;
use super::decision::{Context, Decision, Otherwise, RefundOf, Report};
use crate::facts::{
    Effect, FailedEffect, OwedRefund, PaymentMethod, Reason, RefundReason, RefundStatus,
};
use crate::limits::{
    ATTEMPT_MS, BASKET_LINES_MAX, HOLD_EXTENSION_MS, ONLINE_PAISE_MIN, PAYMENT_LATE_MS,
    REFUNDS_FAILED_MAX,
};
use crate::moves::Move;
use crate::payment::{Charge, Payment, Refund};
use crate::time::AtMs;
use crate::{Event, OrderLine, Paise, Principal, Rejection, Role, Status, StockLine};

/// A decision in the making: every fact is applied to a copy of the order at once, so that the next
/// one is decided on the state after it.
pub(super) struct Draft {
    order: Order,
    events: Vec<Event>,
    at_ms: AtMs,
}

impl Draft {
    /// Begins a decision on an order.
    pub(super) fn of(order: &Order, at_ms: AtMs) -> Self {
        Self { order: order.clone(), events: Vec::new(), at_ms }
    }

    /// Adds a fact to the decision, and applies it to the copy.
    pub(super) fn push(&mut self, event: Event) {
        self.order.apply(&event, self.at_ms);
        self.events.push(event);
    }

    /// Returns the order as it will be after the facts so far.
    pub(super) fn order(&self) -> &Order {
        &self.order
    }

    /// Returns the facts, which are recorded all or none.
    pub(super) fn events(self) -> Vec<Event> {
        self.events
    }

    /// Returns a second decision that begins with the same facts.
    fn fork(&self) -> Self {
        Self { order: self.order.clone(), events: self.events.clone(), at_ms: self.at_ms }
    }

    /// Owes back all money beyond the worth of the order, because of `cause` where the charge
    /// itself was right.
    pub(super) fn settle_refunds(&mut self, cause: RefundReason) {
        let charges = self.order.payment.as_ref().map_or(0, |payment| payment.charges.len());
        let events_max = self.events.len() + 2 * charges;
        while let Some(refund) = self.order.next_credit().or_else(|| self.order.next_refund(cause))
        {
            self.push(Event::RefundOwed { order_id: self.order.placed.id, refund });
            // The loop ends: each refund empties its charge, or brings the shop down to the worth.
            assert!(self.events.len() <= events_max, "a charge is given back once");
        }
    }
}

impl Order {
    /// Decides on a customer who goes to pay.
    pub(super) fn decide_start_payment(
        &self,
        by: &Principal,
        context: &Context,
    ) -> Result<Decision, Rejection> {
        Move::Pay.check(self, by, true)?;
        self.must_be_online()?;
        let end = self.placed.hold_expires_at_ms.unwrap_or(context.at_ms);
        self.must_be_held(Move::Pay, context.at_ms)?;
        let payment = self.payment.as_ref();
        if payment.is_some_and(|payment| payment.in_flight_until(context.at_ms).is_some()) {
            // The checkout is opened again: it goes on with the attempt that is open.
            return Ok(Decision::Now(Vec::new()));
        }
        if payment.is_some_and(|payment| !payment.may_try_again()) {
            return Err(Rejection::TooManyAttempts);
        }
        let until_ms = (context.at_ms + ATTEMPT_MS).min(end + HOLD_EXTENSION_MS);
        // Pairs with `is_over`: a hold that is not over leaves time to pay.
        assert!(context.at_ms < until_ms, "an attempt that begins is in flight");
        Ok(Decision::Now(vec![Event::PaymentStarted { order_id: self.placed.id, until_ms }]))
    }

    /// Refuses a move for an unpaid order whose hold is over, though its timer has not fired yet.
    pub(super) fn must_be_held(&self, wanted: Move, at_ms: AtMs) -> Result<(), Rejection> {
        let is_over = self.expires_at_ms(at_ms).is_none_or(|over| at_ms >= over);
        if is_over {
            return Err(Rejection::IllegalMove { from: Status::Expired, wanted: wanted.name() });
        }
        Ok(())
    }

    /// Decides on a report: its news, and the facts that follow from them.
    pub(super) fn decide_report(&self, report: &Report, context: &Context) -> Decision {
        let order_id = self.placed.id;
        let mut draft = Draft::of(self, context.at_ms);
        let empty = Payment::of(self.placed.sums.total);
        if let Some(id) = &report.provider_order_id
            && self.payment.as_ref().is_none_or(|p| p.provider_order_id.is_none())
        {
            let provider_order_id = id.clone();
            draft.push(Event::PaymentOrderMade { order_id, provider_order_id });
        }
        for charge in &report.charges {
            if draft.order.payment.as_deref().unwrap_or(&empty).is_news(charge) {
                draft.push(Event::ChargeSeen { order_id, charge: charge.clone() });
            }
        }
        for refund in &report.refunds {
            if draft.order.payment.as_deref().unwrap_or(&empty).is_refund_news(refund) {
                draft.push(Event::RefundSeen { order_id, refund: refund.clone() });
            }
        }
        for dispute in &report.disputes {
            if draft.order.payment.as_deref().unwrap_or(&empty).is_dispute_news(dispute) {
                draft.push(Event::DisputeSeen { order_id, dispute: Box::new(dispute.clone()) });
            }
        }
        let parts = report.charges.len() + report.refunds.len() + report.disputes.len();
        let events_max = 1 + parts;
        assert!(draft.events.len() <= events_max, "each part of a report is news once");
        Self::follow(draft)
    }

    /// Decides on the facts that must follow from the known money.
    fn follow(mut draft: Draft) -> Decision {
        let order = &draft.order;
        if order.placed.payment_method == PaymentMethod::Cod {
            // The shop did not ask for it: the order goes on, and the money goes back.
            draft.settle_refunds(RefundReason::PaidTwice);
            return Decision::Now(draft.events());
        }
        let left = order
            .payment
            .as_ref()
            .and_then(|payment| payment.good_charge().map(|charge| payment.left_of(charge)));
        let may_end = matches!(
            order.status,
            Status::PendingPayment | Status::Placed | Status::Accepted | Status::Expired
        );
        match (left, order.status) {
            (Some(Paise::ZERO), _) if may_end => {
                let lost = order.payment.as_ref().map_or(Paise::ZERO, |payment| payment.lost());
                let why = match lost {
                    Paise::ZERO => "the money went back",
                    _ => "the money was lost in a dispute",
                };
                draft.push(draft.order.cancelled(Reason::parse(why).ok()));
            }
            (Some(left), Status::PendingPayment) if left > Paise::ZERO => {
                draft.push(draft.order.confirmed(false));
            }
            (Some(left), Status::Expired) if left > Paise::ZERO => {
                if order.may_come_back(draft.at_ms) {
                    return Self::hold_again(draft);
                }
                return Decision::Now(Self::too_late(draft));
            }
            _ => (),
        }
        let cause = if draft.order.status.is_end() {
            RefundReason::Cancelled
        } else {
            RefundReason::LineChanged
        };
        draft.settle_refunds(cause);
        Decision::Now(draft.events())
    }

    /// Decides on an order that was paid after its hold was over: the units are taken again, or the
    /// money goes back.
    fn hold_again(draft: Draft) -> Decision {
        let lines = draft.order.units();
        debug_assert!(!lines.is_empty(), "an order expired with all the lines it was placed with");
        let (mut then, otherwise) = (draft.fork(), draft);
        then.push(then.order.confirmed(true));
        then.settle_refunds(RefundReason::PaidTwice);
        assert_eq!(then.order.status, Status::Placed, "an order that is paid and held goes on");
        let otherwise = Otherwise::Events(Self::too_late(otherwise));
        Decision::IfTaken { lines, then: then.events(), otherwise }
    }

    /// Returns the facts of money that came too late: the order is cancelled, the money goes back.
    fn too_late(mut draft: Draft) -> Vec<Event> {
        let why = Reason::parse("paid after the hold was over, and the units were gone").ok();
        draft.push(draft.order.cancelled(why));
        draft.settle_refunds(RefundReason::TooLate);
        assert_eq!(draft.order.status, Status::Cancelled, "what was paid is not left expired");
        draft.events()
    }

    /// Returns true while late money may bring an expired order back: for as long as it is
    /// watched, less an hour.
    pub(super) fn may_come_back(&self, at_ms: AtMs) -> bool {
        let last = self.payment.as_ref().and_then(|payment| payment.attempts.last());
        last.is_some_and(|attempt| at_ms < attempt.started_at_ms + PAYMENT_LATE_MS)
    }

    /// Returns the fact that the order is paid and its units are its own.
    fn confirmed(&self, held_again: bool) -> Event {
        let (order_id, store_id) = (self.placed.id, self.placed.store_id);
        Event::OrderConfirmed { order_id, store_id, lines: self.units(), held_again }
    }

    /// Returns the money that the shop may keep for the order now: none for one that has not come
    /// about, otherwise its total, less the refunds out of goodwill.
    pub(super) fn worth(&self, payment: &Payment) -> Paise {
        let has_come_about =
            !matches!(self.status, Status::PendingPayment | Status::Cancelled | Status::Expired);
        if !has_come_about || self.placed.payment_method == PaymentMethod::Cod {
            return Paise::ZERO;
        }
        let goodwill = payment.good_charge().map_or(Paise::ZERO, |good| {
            // A refund by support stays given when another charge turns out to be the good one.
            let is_goodwill = |refund: &&Refund| match refund.reason {
                RefundReason::Support => true,
                RefundReason::AtProvider => refund.charge_id == good.id,
                _ => false,
            };
            let goodwill = payment.refunds.iter().filter(is_goodwill);
            goodwill.map(|refund| payment.amount_of(refund)).sum()
        });
        let worth = Paise((self.sums().total - goodwill).0.max(0));
        debug_assert!(
            worth <= payment.due.max(self.placed.sums.total),
            "never worth more than it cost"
        );
        worth
    }

    /// Returns the next refund to owe; `None` once the shop keeps no more than it may.
    fn next_refund(&self, cause: RefundReason) -> Option<OwedRefund> {
        let payment = self.payment.as_ref()?;
        let failed = payment.refunds.iter().filter(|r| r.status == RefundStatus::Failed).count();
        let good = payment.good_charge().map(|charge| &charge.id);
        // What a dispute took of the good charge is not made good by another one.
        let lost = good.map_or(Paise::ZERO, |id| payment.lost_of(id));
        let excess = payment.kept() - (self.worth(payment) - lost).max(Paise::ZERO);
        if excess <= Paise::ZERO || failed > REFUNDS_FAILED_MAX {
            return None;
        }
        let has_some = |charge: &&Charge| payment.left_of(charge) > Paise::ZERO;
        // Charges that do not pay for the order go first.
        let other = payment.charges.iter().filter(has_some).find(|c| Some(&c.id) != good);
        let charge = other.or_else(|| payment.charges.iter().find(has_some))?;
        let left = payment.left_of(charge);
        // Nothing under a rupee can go back. The customer gets a rupee, which counts for the next
        // refund; where that would be all that is left of the charge, a credit with the shop.
        let amount = match excess.max(Paise(ONLINE_PAISE_MIN)) {
            payable if payable < left => payable,
            _ => excess.min(left),
        };
        let reason = if amount < Paise(ONLINE_PAISE_MIN) {
            RefundReason::Credited
        } else if charge.amount != payment.due {
            RefundReason::WrongAmount
        } else if Some(&charge.id) != good {
            RefundReason::PaidTwice
        } else {
            cause
        };
        assert!(
            amount > Paise::ZERO && amount <= charge.amount,
            "a refund is a part of its charge"
        );
        Some(OwedRefund {
            number: payment.next_refund_number(),
            charge_id: charge.id.clone(),
            amount,
            reason,
            note: None,
        })
    }

    /// Returns the credit in place of a refund that the provider never pays out: its charge has no
    /// rupee for it.
    fn next_credit(&self) -> Option<OwedRefund> {
        let payment = self.payment.as_ref()?;
        let too_small = Paise(1)..Paise(ONLINE_PAISE_MIN);
        let is_stuck = |refund: &&Refund| {
            refund.status == RefundStatus::Owed && too_small.contains(&payment.room_for(refund))
        };
        let stuck = payment.refunds.iter().find(is_stuck)?;
        Some(OwedRefund {
            number: payment.next_refund_number(),
            charge_id: stuck.charge_id.clone(),
            amount: payment.room_for(stuck),
            reason: RefundReason::Credited,
            note: None,
        })
    }

    /// Decides on a refund by support. Never more than is left, however many ask at once: an
    /// order's decisions come one after the other.
    pub(super) fn decide_refund(
        &self,
        of: &RefundOf,
        reason: &Reason,
        by: &Principal,
        context: &Context,
    ) -> Result<Decision, Rejection> {
        if !by.role.is_back_office() {
            return Err(Rejection::NotYours);
        }
        self.must_be_online()?;
        let nothing = Rejection::RefundTooLarge { wanted: Paise::ZERO, left: Paise::ZERO };
        let payment = self.payment.as_ref().ok_or(nothing)?;
        let good = payment.good_charge();
        let charge = good.filter(|charge| payment.left_of(charge) > Paise::ZERO);
        let left = charge.map_or(Paise::ZERO, |charge| payment.left_of(charge));
        let wanted = match of {
            RefundOf::All => left,
            RefundOf::Amount(amount) => *amount,
            RefundOf::Units(units) => self.paid_for(units)?,
        };
        let minimum = Paise(ONLINE_PAISE_MIN);
        match charge {
            Some(_) if wanted > Paise::ZERO && wanted <= left && wanted < minimum => {
                Err(Rejection::RefundTooSmall { wanted, minimum })
            }
            Some(charge) if wanted > Paise::ZERO && wanted <= left => {
                assert!(wanted <= charge.amount, "no charge gives back more than it brought");
                let mut draft = Draft::of(self, context.at_ms);
                let refund = OwedRefund {
                    number: payment.next_refund_number(),
                    charge_id: charge.id.clone(),
                    amount: wanted,
                    reason: RefundReason::Support,
                    note: Some(reason.clone()),
                };
                draft.push(Event::RefundOwed { order_id: self.placed.id, refund });
                Ok(Self::follow(draft))
            }
            _ => Err(Rejection::RefundTooLarge { wanted, left }),
        }
    }

    /// Returns the price that was paid for these units; a product may stand there more than once.
    fn paid_for(&self, units: &[StockLine]) -> Result<Paise, Rejection> {
        if units.len() > BASKET_LINES_MAX {
            return Err(Rejection::TooManyLines { lines: units.len() });
        }
        let left = self.without(units)?;
        let net = |lines: &[OrderLine]| lines.iter().map(OrderLine::net).sum::<Paise>();
        let paid = net(self.lines()) - net(&left);
        debug_assert!(paid >= Paise::ZERO && paid <= self.sums().total, "a part of the order");
        Ok(paid)
    }

    /// Decides on a failed effect. One that is no longer due is ignored.
    pub(super) fn decide_effect_failed(&self, trouble: &FailedEffect) -> Decision {
        let is_due = self.due_effects().contains(&trouble.effect);
        let event = || Event::EffectFailed { order_id: self.placed.id, trouble: trouble.clone() };
        Decision::Now(if is_due { vec![event()] } else { Vec::new() })
    }

    /// Decides on a retry. Without failed effects it changes nothing.
    pub(super) fn decide_retry(
        &self,
        reason: Option<Reason>,
        by: &Principal,
        context: &Context,
    ) -> Result<Vec<Event>, Rejection> {
        if matches!(by.role, Role::Customer | Role::Packer | Role::Rider) {
            return Err(Rejection::NotYours);
        }
        let mut draft = Draft::of(self, context.at_ms);
        if self.payment.as_ref().is_some_and(|p| !p.troubles.is_empty()) {
            draft.push(Event::EffectsRetried { order_id: self.placed.id, reason });
            while let Some(refund) = draft.order.next_credit() {
                draft.push(Event::RefundOwed { order_id: self.placed.id, refund });
            }
        }
        Ok(draft.events())
    }

    /// Returns the effects that are due outside for this order.
    pub fn due_effects(&self) -> Vec<Effect> {
        let wants_payment = self.status == Status::PendingPayment;
        self.payment.as_ref().map_or_else(Vec::new, |payment| payment.due_effects(wants_payment))
    }
}
