//! The decision on captured money that named no order, and is given to one.

use super::Order;
use super::decision::{Context, Decision, Report};
use crate::facts::SeenCharge;
use crate::{Principal, Rejection, Status};

impl Order {
    /// Decides on loose money that the back office gives to this order: it must wait for exactly
    /// that much. From then on it is a charge as any other.
    pub(super) fn decide_take_charge(
        &self,
        charge: &SeenCharge,
        by: &Principal,
        context: &Context,
    ) -> Result<Decision, Rejection> {
        if !by.role.is_back_office() {
            return Err(Rejection::NotYours);
        }
        self.must_be_online()?;
        let waits = match self.status {
            Status::PendingPayment => true,
            Status::Expired => self.may_come_back(context.at_ms),
            _ => false,
        };
        let total = self.placed.sums.total;
        if !waits || charge.amount != total {
            return Err(Rejection::PaymentNotAwaited { total, amount: charge.amount });
        }
        let report = Report { charges: vec![charge.clone()], ..Report::default() };
        Ok(self.decide_report(&report, context))
    }
}
