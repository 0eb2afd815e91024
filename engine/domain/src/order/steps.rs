//! Decisions of people and timers. Each is a pure function of the order as it is.

use super::decision::{Context, Decision, OrderCommand};
use super::money::Draft;
use super::{Journey, Order, Rider};
use crate::facts::{Bucket, PaymentMethod, Reason, RefundReason, Step};
use crate::moves::Move;
use crate::time::AtMs;
use crate::{Event, OrderLine, Paise, Principal, ProductId, Rejection, Status, StockLine};

impl Order {
    /// Decides on a command. Changes nothing: the same order, command and context always give the
    /// same decision.
    ///
    /// # Errors
    /// The [`Rejection`] of the first rule that the command breaks.
    pub fn decide(
        &self,
        command: &OrderCommand,
        by: &Principal,
        context: &Context,
    ) -> Result<Decision, Rejection> {
        let decision = self.decide_command(command, by, context)?;
        Ok(self.with_documents(decision, command, context))
    }

    /// Decides on a command, without the documents that follow.
    fn decide_command(
        &self,
        command: &OrderCommand,
        by: &Principal,
        context: &Context,
    ) -> Result<Decision, Rejection> {
        match command {
            OrderCommand::ShortPick { missing, reason } => {
                self.decide_short_pick(missing, reason.clone(), by, context)
            }
            OrderCommand::Substitute { substitute, item, reason } => {
                self.decide_substitute(substitute, item, reason.clone(), by, context)
            }
            OrderCommand::AnswerSubstitution { product_id, agree, reason } => {
                self.decide_answer(*product_id, *agree, reason.clone(), by, context)
            }
            OrderCommand::StartPayment => self.decide_start_payment(by, context),
            OrderCommand::TurnToCash { store, customer, reason } => {
                self.decide_turn_to_cash(store, customer, reason.is_some(), (by, context))
            }
            OrderCommand::Report(report) => Ok(self.decide_report(report, context)),
            OrderCommand::TakeCharge(charge) => self.decide_take_charge(charge, by, context),
            OrderCommand::Refund { of, reason } => self.decide_refund(of, reason, by, context),
            OrderCommand::EffectFailed { trouble } => Ok(self.decide_effect_failed(trouble)),
            OrderCommand::RetryEffects { reason } => {
                self.decide_retry(reason.clone(), by, context).map(Decision::Now)
            }
            OrderCommand::Expire => self.decide_expire(context.at_ms).map(Decision::Now),
            _ => self.decide_step(command, by, context).map(Decision::Now),
        }
    }

    /// Decides on a step: checks the table of moves, then the rule of the step itself.
    fn decide_step(
        &self,
        command: &OrderCommand,
        by: &Principal,
        context: &Context,
    ) -> Result<Vec<Event>, Rejection> {
        let reason = command.reason();
        let check = |what: Move| what.check(self, by, reason.is_some());
        let step = match command {
            OrderCommand::Cancel { .. } => {
                return self.decide_cancel(Move::Cancel, by, reason, context);
            }
            OrderCommand::Reject { .. } => {
                return self.decide_cancel(Move::Reject, by, reason, context);
            }
            OrderCommand::Accept { .. } => check(Move::Accept).map(|()| Step::Accepted)?,
            OrderCommand::Pack { .. } => return self.decide_pack(by, reason),
            OrderCommand::Assign { rider_id, .. } => {
                check(Move::Assign)?;
                context.rider.clone()?;
                Step::Assigned { rider_id: *rider_id }
            }
            OrderCommand::AcceptAssignment { .. } => {
                check(Move::AcceptAssignment)?;
                self.needs_rider(Move::AcceptAssignment)?;
                Step::AssignmentAccepted
            }
            OrderCommand::DeclineAssignment { .. } => {
                check(Move::DeclineAssignment)?;
                self.needs_rider(Move::DeclineAssignment)?;
                Step::AssignmentDeclined
            }
            OrderCommand::PickUp { .. } => check(Move::PickUp).map(|()| Step::PickedUp)?,
            OrderCommand::SetOut { .. } => check(Move::SetOut).map(|()| Step::OutForDelivery)?,
            OrderCommand::Deliver { cash, .. } => {
                check(Move::Deliver)?;
                let due = self.cash_due();
                if *cash != due {
                    return Err(Rejection::CashMismatch { due, given: *cash });
                }
                let rider_id = self.rider().map(|rider| rider.person_id);
                Step::Delivered { rider_id, cash: *cash }
            }
            OrderCommand::Fail { .. } => check(Move::Fail).map(|()| Step::DeliveryFailed)?,
            _ => unreachable!("the other commands are decided elsewhere"),
        };
        Ok(vec![self.moved(step, reason.cloned())])
    }

    /// Refuses a move that only an assigned rider can make, if there is none.
    fn needs_rider(&self, what: Move) -> Result<(), Rejection> {
        match self.rider() {
            Some(_) => Ok(()),
            None => Err(Rejection::IllegalMove { from: self.status, wanted: what.name() }),
        }
    }

    fn moved(&self, step: Step, reason: Option<Reason>) -> Event {
        debug_assert!(Move::of_step(&step).may_be_from(self.status), "{step:?}: checked before");
        let lines = match step {
            Step::PickedUp | Step::DeliveryFailed => self.units(),
            _ => Vec::new(),
        };
        let (order_id, store_id) = (self.placed.id, self.placed.store_id);
        Event::OrderMoved { order_id, store_id, step, reason, lines }
    }

    /// Decides on a cancellation. To cancel a cancelled order changes nothing.
    fn decide_cancel(
        &self,
        what: Move,
        by: &Principal,
        reason: Option<&Reason>,
        context: &Context,
    ) -> Result<Vec<Event>, Rejection> {
        if self.status == Status::Cancelled && what == Move::Cancel {
            what.check_whose(self, by)?;
            return Ok(Vec::new());
        }
        what.check(self, by, reason.is_some())?;
        let mut draft = Draft::of(self, context.at_ms);
        draft.push(self.cancelled(reason.cloned()));
        draft.settle_refunds(RefundReason::Cancelled);
        Ok(draft.events())
    }

    /// Returns the fact that cancels the order now. The units of proposed substitutes come back
    /// too.
    pub(super) fn cancelled(&self, reason: Option<Reason>) -> Event {
        let mut lines = match self.status.bucket() {
            Some(_) => self.units(),
            None => Vec::new(),
        };
        lines.extend(
            self.proposals()
                .iter()
                .map(|proposal| StockLine { product_id: proposal.item.id, units: proposal.units }),
        );
        debug_assert!(
            lines.is_empty() || self.status.bucket().is_some(),
            "units come from a bucket"
        );
        Event::OrderCancelled {
            order_id: self.placed.id,
            store_id: self.placed.store_id,
            reason,
            lines,
            from: self.status.bucket().unwrap_or(Bucket::Held),
        }
    }

    fn decide_pack(
        &self,
        by: &Principal,
        reason: Option<&Reason>,
    ) -> Result<Vec<Event>, Rejection> {
        Move::Pack.check(self, by, reason.is_some())?;
        if !self.proposals().is_empty() {
            return Err(Rejection::ProposalOpen);
        }
        Ok(vec![self.moved(Step::Packed, reason.cloned())])
    }

    /// Decides on the end of a hold. An order that is no longer unpaid stays as it is.
    fn decide_expire(&self, at_ms: AtMs) -> Result<Vec<Event>, Rejection> {
        match self.expires_at_ms(at_ms) {
            None => Ok(Vec::new()),
            Some(end) if at_ms < end => Err(Rejection::HoldNotOver),
            Some(_) => {
                assert_eq!(self.status, Status::PendingPayment, "only a hold expires");
                let (order_id, store_id) = (self.placed.id, self.placed.store_id);
                Ok(vec![Event::OrderExpired { order_id, store_id, lines: self.units() }])
            }
        }
    }

    /// Applies a step.
    pub(super) fn step(&mut self, step: &Step) {
        let has_rider = self.rider().is_some();
        let status = self.status;
        // Pairs with `Move::check`: the table of moves allowed the step when it was decided.
        debug_assert!(Move::of_step(step).may_be_from(status), "{step:?} from {status:?}");
        let journey = self.journey_mut();
        self.status = match step {
            Step::Accepted => Status::Accepted,
            Step::Packed if has_rider => Status::Assigned,
            Step::Packed => Status::Packed,
            Step::Assigned { rider_id } => {
                journey.rider = Some(Rider { person_id: *rider_id, accepted: false });
                if status == Status::Accepted { status } else { Status::Assigned }
            }
            Step::AssignmentAccepted => {
                journey.accept();
                status
            }
            Step::AssignmentDeclined => {
                journey.rider = None;
                if status == Status::Assigned { Status::Packed } else { status }
            }
            Step::PickedUp => {
                journey.accept();
                Status::PickedUp
            }
            Step::OutForDelivery => Status::OutForDelivery,
            Step::Delivered { cash, .. } => {
                journey.cash = Some(*cash).filter(|cash| *cash > Paise::ZERO);
                Status::Delivered
            }
            Step::DeliveryFailed => {
                journey.rider = None;
                Status::DeliveryFailed
            }
        };
        debug_assert!(
            !matches!(self.status, Status::Cancelled | Status::Expired),
            "no step ends it"
        );
        debug_assert!(
            self.rider().is_some() || !matches!(self.status, Status::Assigned | Status::PickedUp),
            "an order that is with a rider has one"
        );
    }

    /// Returns the line of a product, as it is now.
    pub(super) fn line(&self, product_id: ProductId) -> Result<&OrderLine, Rejection> {
        let line = self.lines().iter().find(|line| line.item.id == product_id);
        line.ok_or(Rejection::LineUnknown { product_id })
    }

    /// Refuses moves of money for an order that is paid in cash.
    pub(super) fn must_be_online(&self) -> Result<(), Rejection> {
        match self.placed.payment_method {
            PaymentMethod::Razorpay => Ok(()),
            PaymentMethod::Cod => Err(Rejection::NotPaidOnline),
        }
    }
}

impl Journey {
    /// Notes that the rider accepted the assignment.
    fn accept(&mut self) {
        debug_assert!(self.rider.is_some(), "an assignment is accepted by the rider that has it");
        if let Some(rider) = &mut self.rider {
            rider.accepted = true;
        }
    }
}
