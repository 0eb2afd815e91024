//! A payment provider with books of its own, which hold the true state of the money.

use super::dice::Dice;
use crate::order::{OrderCommand, Report};
use crate::payment::{
    ChargeStatus, Effect, FailedEffect, ProviderId, RefundStatus, SeenCharge, SeenRefund,
};
use crate::samples::text;
use crate::{Order, OrderId, Paise};

#[derive(Clone)]
struct Charge {
    order_id: OrderId,
    id: ProviderId,
    amount: Paise,
    /// Its states so far, the present one last.
    was: Vec<ChargeStatus>,
}

#[derive(Clone)]
struct Refund {
    order_id: OrderId,
    id: ProviderId,
    charge_id: ProviderId,
    number: Option<u16>,
    amount: Paise,
    was: Vec<RefundStatus>,
}

#[derive(Default)]
pub(super) struct Provider {
    orders: Vec<OrderId>,
    charges: Vec<Charge>,
    refunds: Vec<Refund>,
}

impl Charge {
    fn is(&self, status: ChargeStatus) -> bool {
        self.was.contains(&status)
    }

    fn seen(&self, status: ChargeStatus) -> SeenCharge {
        SeenCharge { id: self.id.clone(), amount: self.amount, status, failure: None }
    }
}

impl Refund {
    fn counts(&self) -> bool {
        !self.was.contains(&RefundStatus::Failed)
    }

    fn seen(&self, status: RefundStatus, with_number: bool) -> SeenRefund {
        SeenRefund {
            id: self.id.clone(),
            charge_id: self.charge_id.clone(),
            number: self.number.filter(|_| with_number),
            amount: self.amount,
            status,
        }
    }
}

impl Provider {
    /// Pays as the customer: some banks say no, some say yes and are captured later, some at once.
    pub(super) fn pays(&mut self, order: &Order, dice: &mut Dice) {
        if !self.orders.contains(&order.placed.id) {
            return;
        }
        let off = if dice.one_in(6) { 100 } else { 0 };
        let was = match dice.below(5) {
            0 => vec![ChargeStatus::Failed],
            1 => vec![ChargeStatus::Failed, ChargeStatus::Authorized],
            2 => vec![ChargeStatus::Authorized],
            _ => vec![ChargeStatus::Authorized, ChargeStatus::Captured],
        };
        self.charges.push(Charge {
            order_id: order.placed.id,
            id: text(&format!("pay_{:016x}", dice.next())),
            amount: order.placed.sums.total + Paise(off),
            was,
        });
    }

    fn left_of(&self, id: &ProviderId) -> Paise {
        let charge = self.charges.iter().find(|charge| charge.id == *id).unwrap();
        if !charge.is(ChargeStatus::Captured) {
            return Paise::ZERO;
        }
        let back = self.refunds.iter().filter(|refund| refund.charge_id == *id && refund.counts());
        charge.amount - back.map(|refund| refund.amount).sum()
    }

    fn refund(
        &mut self,
        (order_id, charge_id): (OrderId, &ProviderId),
        number: Option<u16>,
        amount: Paise,
        dice: &mut Dice,
    ) {
        self.refunds.push(Refund {
            order_id,
            id: text(&format!("rfnd_{:016x}", dice.next())),
            charge_id: charge_id.clone(),
            number,
            amount,
            was: vec![RefundStatus::Accepted],
        });
    }

    /// Gives money back by hand, at the provider.
    pub(super) fn gives_back(&mut self, dice: &mut Dice) {
        let Some(charge) = dice.pick(&self.charges).cloned() else { return };
        let left = self.left_of(&charge.id);
        if left > Paise::ZERO {
            let part = Paise(i64::try_from(dice.below(left.0.unsigned_abs())).unwrap() + 1);
            let amount = if dice.one_in(2) { left } else { part };
            self.refund((charge.order_id, &charge.id), None, amount, dice);
        }
    }

    /// Pays a refund out, or fails to.
    pub(super) fn goes_on(&mut self, dice: &mut Dice) {
        let failed = self.refunds.iter().filter(|refund| !refund.counts()).count();
        let pending = |refund: &&mut Refund| refund.was.len() == 1;
        let Some(refund) = self.refunds.iter_mut().find(pending) else { return };
        let fails = failed < 3 && refund.number.is_some() && dice.one_in(4);
        refund.was.push(if fails { RefundStatus::Failed } else { RefundStatus::Processed });
    }

    /// Does an effect; a call that fails may have worked all the same.
    pub(super) fn does(
        &mut self,
        order: &Order,
        effect: &Effect,
        dice: &mut Dice,
    ) -> Result<Report, OrderCommand> {
        let order_id = order.placed.id;
        let mut report = Report::default();
        match effect {
            Effect::CreateOrder => {
                if !self.orders.contains(&order_id) {
                    self.orders.push(order_id);
                }
                report.provider_order_id = Some(text(&format!("order_{}", order_id.0.simple())));
            }
            Effect::Capture(id) => {
                let charge = self.charges.iter_mut().find(|charge| charge.id == *id).unwrap();
                if !charge.is(ChargeStatus::Captured) {
                    charge.was.push(ChargeStatus::Captured);
                }
                report.charges.push(charge.seen(ChargeStatus::Captured));
            }
            Effect::Refund(number) => {
                let payment = order.payment.as_ref().unwrap();
                let refund = payment.refund(*number).unwrap();
                let is_it =
                    |known: &&Refund| known.order_id == order_id && known.number == Some(*number);
                if self.refunds.iter().find(is_it).is_none() {
                    let amount = payment.amount_of(refund);
                    if amount > self.left_of(&refund.charge_id) {
                        return Err(failed(effect));
                    }
                    self.refund((order_id, &refund.charge_id), Some(*number), amount, dice);
                }
                let known = self.refunds.iter().find(is_it).unwrap();
                report.refunds.push(known.seen(RefundStatus::Accepted, true));
            }
        }
        if dice.one_in(4) { Err(failed(effect)) } else { Ok(report) }
    }

    /// Returns a report of something that is or once was true of one order.
    pub(super) fn tells(&self, dice: &mut Dice) -> Option<(OrderId, Report)> {
        let mut report = Report::default();
        if dice.one_in(2) {
            let charge = dice.pick(&self.charges)?;
            report.charges.push(charge.seen(*dice.pick(&charge.was)?));
            return Some((charge.order_id, report));
        }
        let refund = dice.pick(&self.refunds)?;
        let status = *dice.pick(&refund.was)?;
        report.refunds.push(refund.seen(status, dice.one_in(2)));
        Some((refund.order_id, report))
    }

    /// Returns a report of all it has on an order.
    pub(super) fn books(&self, order_id: OrderId) -> Report {
        let charges = self.charges.iter().filter(|charge| charge.order_id == order_id);
        let refunds = self.refunds.iter().filter(|refund| refund.order_id == order_id);
        Report {
            provider_order_id: None,
            charges: charges.flat_map(|c| c.was.iter().map(|was| c.seen(*was))).collect(),
            refunds: refunds.map(|r| r.seen(*r.was.last().unwrap(), true)).collect(),
            disputes: Vec::new(),
        }
    }

    /// Returns the money of an order that the shop has.
    pub(super) fn has_of(&self, order_id: OrderId) -> Paise {
        let of_order = self.charges.iter().filter(|charge| charge.order_id == order_id);
        of_order.map(|charge| self.left_of(&charge.id)).sum()
    }
}

fn failed(effect: &Effect) -> OrderCommand {
    let trouble =
        FailedEffect { effect: effect.clone(), tries: 1, retry_at_ms: None, error: text("away") };
    OrderCommand::EffectFailed { trouble }
}
