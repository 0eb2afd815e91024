//! One order on its way: its next act becomes a command, the domain decides, and the facts are written.

use super::desk::{self, Desk};
use super::plan::{Act, Plan};
use super::year::Basket;
use crate::dice::Dice;
use kirana_domain::limits::ONLINE_PAISE_MIN;
use kirana_domain::order::{
    Context, Decision, OrderCommand, Otherwise, Placement, Preference, RefundOf, Report, place,
};
use kirana_domain::payment::{
    ChargeFailure, ChargeStatus, ErrorText, ProviderId, RefundStatus, SeenCharge, SeenRefund,
};
use kirana_domain::time::AtMs;
use kirana_domain::{
    Event, FinancialYear, Order, OrderId, Paise, PaymentMethod, PersonId, Principal, Quote, Record,
    Role, Served, StockLine, Store,
};

/// Deliveries in cash after which a rider hands it over.
const HANDOVER_AFTER: u32 = 12;
/// Orders that eight riders share before eight others take over.
const ORDERS_OF_RIDERS: u64 = 4_000;
/// Bytes of an address, sealed.
const SEALED_BYTES: usize = 160;
/// Bytes of a message of the provider, sealed.
const MESSAGE_BYTES: usize = 240;

/// See the module.
pub(super) struct Life {
    order: Order,
    plan: Plan,
    dice: Dice,
    /// The how-manieth order of all it is.
    nth: u64,
    /// Part of the provider's ids.
    provider: u64,
}

impl Life {
    /// Places an order.
    pub(super) fn place(
        desk: &mut Desk,
        (store, basket): (&Store, &Basket),
        (customer_id, nth, mut dice): (PersonId, u64, Dice),
        at_ms: AtMs,
        out: &mut Vec<Record>,
    ) -> Self {
        let is_cash = basket.sums.total == Paise::ZERO || dice.below(100) < 40;
        let coupon = (basket.sums.discount > Paise::ZERO).then(|| desk.card.clone());
        let quote = Quote { lines: basket.lines.clone(), sums: basket.sums, coupon };
        let placement = Placement {
            order_id: OrderId(desk::uuid(at_ms, &mut dice)),
            number: desk.next_number(basket.shop),
            customer_id,
            payment_method: if is_cash { PaymentMethod::Cod } else { PaymentMethod::Razorpay },
            preference: Preference::Refund,
            from_cart: false,
            served: Served::default(),
            sealed: sealed(&mut dice, SEALED_BYTES),
        };
        let event = place(placement, quote, store, at_ms);
        let key = (dice.below(10) > 0).then(|| desk::key(&mut dice));
        let record = Record { at_ms, by: desk::customer(customer_id), key, event };
        let order = Order::begin(desk.lsn, &record).expect("it was placed");
        desk.write(record, out);
        let provider = dice.roll() & 0xff_ffff_ffff_ffff;
        Self { order, plan: Plan::default(), dice, nth, provider }
    }

    /// The same with a plan.
    pub(super) fn planned(mut self, stays_open: bool) -> Self {
        let is_cash = self.order.placed.payment_method == PaymentMethod::Cod;
        self.plan = Plan::roll(&mut self.dice, is_cash, stays_open);
        self
    }

    /// When its next act is; `None` when nothing more happens.
    pub(super) fn next_at_ms(&self, now_ms: AtMs) -> Option<AtMs> {
        let (after_ms, act) = self.plan.next()?;
        let from_ms = match act {
            Act::Expire => self.order.expires_at_ms(now_ms).unwrap_or(now_ms),
            _ => now_ms,
        };
        Some(from_ms + AtMs::from(after_ms))
    }

    /// The next act, decided and written.
    pub(super) fn step(&mut self, desk: &mut Desk, at_ms: AtMs, out: &mut Vec<Record>) {
        let Some(act) = self.plan.take() else { return };
        let Some((by, command)) = self.command(act, desk.seed) else { return };
        let year = FinancialYear::of(at_ms).first_year();
        let financial_year = u16::try_from(year).expect("a year");
        let context = Context { at_ms, financial_year, rider: Ok(()) };
        let decided = self.order.decide(&command, &by, &context);
        let decided = decided.unwrap_or_else(|no| panic!("{act:?}: {no:?}: {:?}", self.order));
        let mut events = match decided {
            Decision::Now(events) => events,
            Decision::IfTaken { lines, then, otherwise } => {
                match (desk.has(self.order.placed.store_id, &lines), otherwise) {
                    (true, _) => then,
                    (false, Otherwise::Events(events)) => events,
                    (false, Otherwise::Refuse) => Vec::new(),
                }
            }
        };
        if act == Act::Capture && self.dice.below(4) == 0 {
            events.insert(0, self.message());
        }
        desk.number(&mut events);
        let owed: Vec<u16> = events.iter().filter_map(owed_refund).collect();
        self.write(desk, at_ms, by, events, out);
        if self.order.status.is_end() && !matches!(act, Act::Expire | Act::Deliver) {
            self.plan.keep_refunds();
        }
        owed.into_iter().for_each(|number| self.plan.refund(number, &mut self.dice));
        if act == Act::Deliver {
            self.hand_over(desk, at_ms, by, out);
        }
    }

    fn write(
        &mut self,
        desk: &mut Desk,
        at_ms: AtMs,
        by: Principal,
        events: Vec<Event>,
        out: &mut Vec<Record>,
    ) {
        let is_message = matches!(events.first(), Some(Event::WebhookReceived { .. }));
        let has_key = is_message || (by.role == Role::Customer && self.dice.below(10) > 0);
        let last = events.len().saturating_sub(1);
        for (index, event) in events.into_iter().enumerate() {
            let key = (has_key && index == last).then(|| desk::key(&mut self.dice));
            let record = Record { at_ms, by, key, event };
            if record.event.order_id().is_some() {
                self.order.evolve(desk.lsn, &record);
            }
            desk.write(record, out);
        }
    }

    /// Who commands what; nobody anything where the act has become pointless.
    fn command(&mut self, act: Act, seed: u64) -> Option<(Principal, OrderCommand)> {
        let customer = desk::customer(self.order.placed.customer_id);
        let packer = desk::packer(seed, self.order.placed.store_id);
        let rider = self.order.rider().map_or(Principal::SYSTEM, |rider| Principal {
            role: Role::Rider,
            person_id: rider.person_id,
            store_id: None,
        });
        let (reason, why) = (None, |text| Some(desk::reason(text)));
        Some(match act {
            Act::StartPayment => (customer, OrderCommand::StartPayment),
            Act::Cancel => (customer, OrderCommand::Cancel { reason }),
            Act::Accept => (packer, OrderCommand::Accept { reason }),
            Act::Reject => {
                (packer, OrderCommand::Reject { reason: desk::reason("too much to do") })
            }
            Act::ShortPick => (packer, OrderCommand::ShortPick { missing: self.missing(), reason }),
            Act::Pack => (packer, OrderCommand::Pack { reason }),
            Act::Assign => {
                let n = self.nth / ORDERS_OF_RIDERS * 8 + self.dice.below(8);
                let rider_id = desk::rider(seed, n).person_id;
                (desk::admin(seed), OrderCommand::Assign { rider_id, reason: why("next in line") })
            }
            Act::AcceptAssignment => (rider, OrderCommand::AcceptAssignment { reason }),
            Act::PickUp => (rider, OrderCommand::PickUp { reason }),
            Act::SetOut => (rider, OrderCommand::SetOut { reason }),
            Act::Deliver => (rider, OrderCommand::Deliver { cash: self.order.cash_due(), reason }),
            Act::Fail => (rider, OrderCommand::Fail { reason: desk::reason("nobody was there") }),
            Act::GiveUp => {
                (desk::support(seed), OrderCommand::Cancel { reason: why("not reachable") })
            }
            Act::Goodwill => {
                let kept = self.order.payment.as_ref()?.kept();
                let of = RefundOf::Amount(Paise((kept.0 / 10).max(ONLINE_PAISE_MIN)));
                let reason = desk::reason("a bad tomato");
                (desk::support(seed), OrderCommand::Refund { of, reason })
            }
            Act::Expire => (Principal::SYSTEM, OrderCommand::Expire),
            _ => (Principal::SYSTEM, OrderCommand::Report(self.report(act)?)),
        })
    }

    /// Some units of one line.
    fn missing(&mut self) -> Vec<StockLine> {
        let lines = self.order.lines();
        let at = usize::try_from(self.dice.below(lines.len() as u64)).expect("an index");
        let units = 1 + self.dice.below(lines[at].quantity.into());
        let units = u32::try_from(units).expect("at most the quantity");
        vec![StockLine { product_id: lines[at].item.id, units }]
    }

    /// What the provider says.
    fn report(&self, act: Act) -> Option<Report> {
        let attempts = self.order.payment.as_ref().map_or(0, |payment| payment.attempts.len());
        let charge = |status| {
            let failure = (status == ChargeStatus::Failed).then(|| ChargeFailure {
                description: ErrorText::parse("the bank declined the payment").ok(),
                ..ChargeFailure::default()
            });
            let (id, amount) = (self.provider_id("pay", attempts), self.order.placed.sums.total);
            let charges = vec![SeenCharge { id, amount, status, failure }];
            Some(Report { charges, ..Report::default() })
        };
        match act {
            Act::MakeOrder => {
                let provider_order_id = Some(self.provider_id("order", 0));
                Some(Report { provider_order_id, ..Report::default() })
            }
            Act::Authorize => charge(ChargeStatus::Authorized),
            Act::FailCharge => charge(ChargeStatus::Failed),
            Act::Capture => charge(ChargeStatus::Captured),
            Act::Refund(number, status) => self.refund_report(number, status),
            _ => unreachable!("the other acts are commands of people"),
        }
    }

    fn refund_report(&self, number: u16, status: RefundStatus) -> Option<Report> {
        let payment = self.order.payment.as_ref()?;
        let refund = payment.refund(number)?;
        let seen = SeenRefund {
            id: self.provider_id("rfnd", number.into()),
            charge_id: refund.charge_id.clone(),
            number: Some(number),
            amount: payment.amount_of(refund),
            status,
        };
        Some(Report { refunds: vec![seen], ..Report::default() })
    }

    fn provider_id(&self, kind: &str, n: usize) -> ProviderId {
        ProviderId::parse(&format!("{kind}_{:014x}{n}", self.provider)).expect("a short id")
    }

    /// The provider's message about a captured charge.
    fn message(&mut self) -> Event {
        let text = |text: &str| ErrorText::parse(text).expect("a short text");
        Event::WebhookReceived {
            event_id: text(&format!("evt_{:014x}", self.dice.roll() >> 8)),
            name: text("payment.captured"),
            about: Some(self.order.placed.id),
            subject: self.order.placed.customer_id,
            sealed: sealed(&mut self.dice, MESSAGE_BYTES),
        }
    }

    /// After enough deliveries the rider hands the cash over.
    fn hand_over(&self, desk: &mut Desk, at_ms: AtMs, rider: Principal, out: &mut Vec<Record>) {
        let store_id = self.order.placed.store_id;
        let in_hand = desk.cash.in_hand(store_id, rider.person_id);
        if in_hand.deliveries < HANDOVER_AFTER {
            return;
        }
        let by = desk::packer(desk.seed, store_id);
        let whose = (store_id, rider.person_id);
        let event = desk.cash.decide_handover(whose, in_hand.amount, None, &by);
        let event = event.expect("what was counted is what it should be");
        desk.write(Record { at_ms, by, key: None, event }, out);
    }
}

fn owed_refund(event: &Event) -> Option<u16> {
    match event {
        Event::RefundOwed { refund, .. } => Some(refund.number),
        _ => None,
    }
}

/// Bytes that no one can read, nor make smaller.
fn sealed(dice: &mut Dice, bytes: usize) -> Box<[u8]> {
    let rolls = (0..bytes / 8).flat_map(|_| dice.roll().to_le_bytes());
    rolls.collect::<Vec<u8>>().into()
}
