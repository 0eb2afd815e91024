//! One order that commands are made of: decided, applied, and checked after every step.

use super::*;
use crate::payment::{ChargeStatus, RefundStatus, SeenCharge, SeenRefund};
use crate::samples::{AT_MS, person, stock_lines};
use crate::{PersonId, Role};

/// The financial year of [`AT_MS`].
const YEAR: u16 = 2024;

/// An order, what is on the shelves for it, and every fact that it went through.
#[derive(Clone)]
pub(super) struct Walk {
    pub(super) order: Order,
    pub(super) now_ms: AtMs,
    /// True while units can be taken from the shelves again.
    pub(super) has_stock: bool,
    pub(super) events: Vec<Event>,
}

impl Walk {
    /// An order of two lines that was just placed.
    pub(super) fn placed(method: PaymentMethod) -> Self {
        Self::of(new_order(1, method, LINES))
    }

    /// An order that was just placed like this.
    pub(super) fn of(order: NewOrder) -> Self {
        let event = Event::OrderPlaced { order: Arc::new(order) };
        let order = Order::begin(Lsn(1), &record(event.clone())).unwrap();
        Self { order, now_ms: AT_MS, has_stock: true, events: vec![event] }
    }

    /// An order whose customer has gone to pay.
    pub(super) fn being_paid() -> Self {
        let mut walk = Self::placed(PaymentMethod::Razorpay);
        walk.does(Role::Customer, &OrderCommand::StartPayment);
        walk.hears(Report { provider_order_id: Some(id("order_1")), ..Report::default() });
        walk
    }

    /// An order that was paid online.
    pub(super) fn paid() -> Self {
        let mut walk = Self::being_paid();
        let amount = walk.order.placed.sums.total;
        walk.hears(charge("pay_1", amount, ChargeStatus::Captured));
        assert_eq!(walk.order.status, Status::Placed);
        walk
    }

    pub(super) fn facts(&self) -> Context {
        Context { at_ms: self.now_ms, financial_year: YEAR, rider: Ok(()) }
    }

    /// Decides, applies the branch that the stock allows, and returns its facts.
    pub(super) fn tries(
        &mut self,
        by: &Principal,
        command: &OrderCommand,
    ) -> Result<Vec<Event>, Rejection> {
        let before = self.order.clone();
        let decided = self.order.decide(command, by, &self.facts());
        assert_eq!(self.order, before, "a decision changes nothing");
        let events = match decided? {
            Decision::IfTaken { then, .. } if self.has_stock => then,
            Decision::Now(events)
            | Decision::IfTaken { otherwise: Otherwise::Events(events), .. } => events,
            Decision::IfTaken { lines, otherwise: Otherwise::Refuse, .. } => {
                assert!(!lines.is_empty());
                return Err(Rejection::InsufficientStock { issues: Vec::new() });
            }
        };
        for event in &events {
            let lsn = Lsn(self.order.lsn().0 + 1);
            self.order.evolve(lsn, &Record { at_ms: self.now_ms, ..record(event.clone()) });
            self.events.push(event.clone());
        }
        crate::samples::must_make_sense(&self.order);
        Ok(events)
    }

    /// Does as [`Walk::tries`], by a person of that role whose own order it is, and it works.
    pub(super) fn does(&mut self, role: Role, command: &OrderCommand) -> Vec<Event> {
        self.tries(&person(role), command)
            .unwrap_or_else(|no| panic!("{role:?} {command:?}: {no:?}"))
    }

    /// Does as [`Walk::tries`], and it is refused with that code.
    pub(super) fn may_not(&mut self, role: Role, command: &OrderCommand, code: u16) {
        let decided = self.tries(&person(role), command);
        assert_eq!(decided.as_ref().map_err(Rejection::code), Err(code), "{role:?} {command:?}");
    }

    /// The provider says something.
    pub(super) fn hears(&mut self, report: Report) -> Vec<Event> {
        self.does(Role::System, &OrderCommand::Report(report))
    }

    /// The timer of an unpaid order, when no payment can hold it back any longer.
    pub(super) fn timer_fires(&mut self) -> Vec<Event> {
        let end = self.order.placed.hold_expires_at_ms.unwrap();
        self.now_ms = self.now_ms.max(end + HOLD_EXTENSION_MS);
        self.does(Role::System, &OrderCommand::Expire)
    }

    /// Walks on to that state on the straight way, from where the order is.
    pub(super) fn goes_to(&mut self, status: Status) {
        use Status as S;
        for _ in 0..12 {
            if self.order.status == status {
                return;
            }
            let (role, command) = match self.order.status {
                S::Placed => (Role::Packer, OrderCommand::Accept { reason: None }),
                S::Accepted => (Role::Packer, OrderCommand::Pack { reason: None }),
                S::Packed => (Role::Admin, assign()),
                S::Assigned => (Role::Rider, OrderCommand::PickUp { reason: None }),
                S::PickedUp => (Role::Rider, OrderCommand::SetOut { reason: None }),
                S::OutForDelivery if status == S::DeliveryFailed => {
                    (Role::Rider, OrderCommand::Fail { reason: reason() })
                }
                S::OutForDelivery => {
                    let cash = self.order.cash_due();
                    (Role::Rider, OrderCommand::Deliver { cash, reason: None })
                }
                from => panic!("there is no way from {from:?} to {status:?}"),
            };
            self.does(role, &command);
        }
        panic!("{status:?} is too far away");
    }

    pub(super) fn payment(&self) -> &Payment {
        self.order.payment.as_ref().unwrap()
    }
}

pub(super) fn reason() -> crate::record::Reason {
    crate::samples::reason()
}

pub(super) fn id(text: &str) -> crate::payment::ProviderId {
    crate::samples::text(text)
}

pub(super) fn charge(name: &str, amount: Paise, status: ChargeStatus) -> Report {
    let charge = SeenCharge { id: id(name), amount, status, failure: None };
    Report { charges: vec![charge], ..Report::default() }
}

/// A refund of `pay_1`.
pub(super) fn refund(
    name: &str,
    number: Option<u16>,
    amount: Paise,
    status: RefundStatus,
) -> Report {
    let refund = SeenRefund { id: id(name), charge_id: id("pay_1"), number, amount, status };
    Report { refunds: vec![refund], ..Report::default() }
}

pub(super) fn assign() -> OrderCommand {
    OrderCommand::Assign { rider_id: crate::samples::RIDER, reason: Some(reason()) }
}

pub(super) fn cancel() -> OrderCommand {
    OrderCommand::Cancel { reason: None }
}

pub(super) fn missing(lines: &[(u64, u32)]) -> OrderCommand {
    OrderCommand::ShortPick { missing: stock_lines(lines), reason: None }
}

/// Product 9 instead of product `n`, unit for unit.
pub(super) fn substitute(n: u64, units: u32, price: Paise) -> OrderCommand {
    let item = crate::samples::item(9, price, Bps(500));
    let product_id = crate::samples::product_id;
    let substitute =
        Substitute { missing: product_id(n), missing_units: units, instead: product_id(9), units };
    OrderCommand::Substitute { substitute, item: Arc::new(item), reason: None }
}

pub(super) fn answer(n: u64, agree: bool) -> OrderCommand {
    let product_id = crate::samples::product_id(n);
    OrderCommand::AnswerSubstitution { product_id, agree, reason: None }
}

/// Another rider than the one of the samples.
pub(super) fn other_rider() -> PersonId {
    PersonId(uuid::Uuid::from_u128(0x88))
}
