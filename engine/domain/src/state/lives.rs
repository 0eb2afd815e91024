//! Random lives of a small shop: any command by any person at any time, any report of the provider,
//! and after every record the laws hold.

use crate::PaymentMethod::{Cod, Razorpay};
use crate::order::{Context, Decision, OrderCommand, Otherwise};
use crate::record::Reason;
use crate::samples::{
    AT_MS, STORE, adjusted, must_make_sense, order_id, person, product, product_id, received,
    store, text,
};
use crate::stock::Bucket;
use crate::{
    Bps, Coupon, CouponCode, CouponKind, Event, Lsn, Order, OrderEntry, OrderId, OrderLine, Paise,
    PersonId, Principal, ProductId, Record, Rejection, Role, State, Status,
};
use dice::Dice;
use provider::Provider;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

mod commands;
mod dice;
mod provider;

const PRODUCTS: u64 = 6;
const RIDERS: u128 = 2;

/// A shop, its log, and counts beside it that are kept in the simplest way.
struct Life {
    dice: Dice,
    now_ms: i64,
    state: State,
    records: Vec<Record>,
    orders: Vec<OrderId>,
    provider: Provider,
    /// Units that can be promised: taken off at once, put back by the facts.
    shelf: BTreeMap<ProductId, i64>,
    cash: BTreeMap<PersonId, Paise>,
    accepted: u64,
    refused: BTreeMap<u16, u64>,
}

fn customer(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(0xC0 + n))
}

fn rider(n: u128) -> PersonId {
    PersonId(Uuid::from_u128(0xD0 + n))
}

fn coupon_code(n: u64) -> CouponCode {
    CouponCode::parse(&format!("SAVE-{n}")).unwrap()
}

fn coupon(n: u64, kind: CouponKind) -> Event {
    let coupon = Coupon {
        store_id: STORE,
        code: coupon_code(n),
        kind,
        minimum: Paise::rupees(100),
        first_order_only: false,
        per_customer_max: Some(2),
        uses_max: Some(4),
        budget: Some(Paise::rupees(300)),
        from_ms: None,
        until_ms: None,
        active: true,
    };
    Event::CouponDefined { coupon: Arc::new(coupon) }
}

impl Life {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut life = Self {
            now_ms: AT_MS + 4 * 60 * 60_000,
            state: State::default(),
            records: Vec::new(),
            orders: Vec::new(),
            provider: Provider::default(),
            shelf: BTreeMap::new(),
            cash: BTreeMap::new(),
            accepted: 0,
            refused: BTreeMap::new(),
            dice: Dice(dice.next()),
        };
        let mut store = store();
        if dice.one_in(2) {
            store.cod = crate::catalogue::CodRules::OPEN;
        }
        let mut events = vec![Event::StoreOpened { store: Arc::new(store) }];
        for n in 1..=PRODUCTS {
            let price = Paise(i64::try_from(dice.below(20_000)).unwrap() + 1_999);
            let product = Arc::new(product(n, price, Bps(500)));
            let opening_units = u32::try_from(dice.below(12)).unwrap();
            events.push(Event::ProductDefined { product, opening_units });
        }
        events.push(coupon(1, CouponKind::Percent { rate: Bps(1_700), cap: None }));
        events.push(coupon(2, CouponKind::Amount(Paise(7_777))));
        events.push(coupon(3, CouponKind::FreeDelivery));
        life.append(events, Principal::SYSTEM);
        life
    }

    /// Writes the facts of one decision, and checks every law of the shop after each of them.
    fn append(&mut self, events: Vec<Event>, by: Principal) {
        let mut about = None;
        for event in events {
            let record = Record { at_ms: self.now_ms, by, key: None, event };
            let lsn = Lsn(self.state.lsn.0 + 1);
            let breached = self.state.evolve(lsn, &record);
            assert_eq!(breached, [], "{record:?}");
            record.event.for_units_back(|_, id, units| {
                *self.shelf.entry(id).or_default() += i64::from(units);
            });
            if let Event::StockAdjusted { lines, .. } = &record.event {
                for line in lines.iter().filter(|line| line.delta < 0) {
                    *self.shelf.get_mut(&line.product_id).unwrap() += i64::from(line.delta);
                }
            }
            about = record.event.order_id();
            self.records.push(record);
            self.laws_hold();
        }
        // The facts of one decision are in the log all or none: an order makes sense after them.
        if let Some(order) = about.and_then(|id| self.order(id)) {
            must_make_sense(&order.0);
        }
        for n in 1..=PRODUCTS {
            let stock = self.state.stock.get(STORE, product_id(n));
            let counted = self.shelf.get(&product_id(n)).copied().unwrap_or_default();
            assert_eq!(stock.available, counted, "the ledger and the shelf agree");
        }
    }

    fn laws_hold(&self) {
        let mut held = BTreeMap::<(ProductId, bool), i64>::new();
        for id in &self.orders {
            let Some(OrderEntry::Open(order)) = self.state.orders.get(*id) else { continue };
            let Some(bucket) = order.status.bucket() else { continue };
            let lines = order.lines().iter().map(|line| (line.item.id, line.quantity));
            let offered = order.proposals().iter().map(|offer| (offer.item.id, offer.units));
            for (id, units) in lines.chain(offered) {
                *held.entry((id, bucket == Bucket::Held)).or_default() += i64::from(units);
            }
        }
        let of = |n, is_held| held.get(&(product_id(n), is_held)).copied().unwrap_or_default();
        for n in 1..=PRODUCTS {
            let stock = self.state.stock.get(STORE, product_id(n));
            assert!(stock.law_holds(), "{stock:?}");
            assert_eq!((stock.held, stock.allocated), (of(n, true), of(n, false)), "product {n}");
        }
        for (coupon, uses) in self.state.coupons.of_store(STORE) {
            assert!(coupon.uses_max.is_none_or(|max| uses.uses <= max));
            assert!(coupon.budget.is_none_or(|budget| uses.spent <= budget));
            let customers = uses.customers();
            let most = customers.iter().map(|(_, uses)| *uses).max().unwrap_or(0);
            assert!(coupon.customer_limit().is_none_or(|max| most <= max));
        }
        for n in 0..RIDERS {
            let counted = self.cash.get(&rider(n)).copied().unwrap_or_default();
            assert_eq!(self.state.people.cash.in_hand(STORE, rider(n)).amount, counted);
        }
    }

    /// Returns an order as it is, from memory or from the log, and true if it has left memory.
    fn order(&self, id: OrderId) -> Option<(Arc<Order>, bool)> {
        match self.state.orders.get(id)? {
            OrderEntry::Open(order) => Some((Arc::clone(order), false)),
            entry @ OrderEntry::Ended(_) => {
                let lsns = entry.lsns();
                let at = |lsn: &Lsn| &self.records[usize::try_from(lsn.0).unwrap() - 1];
                let mut order = Order::begin(lsns[0], at(&lsns[0])).unwrap();
                lsns[1..].iter().for_each(|lsn| order.evolve(*lsn, at(lsn)));
                assert_eq!(order.status, entry.status());
                assert_eq!(order.payment.as_deref(), entry.payment(), "the line keeps the money");
                Some((Arc::new(order), true))
            }
        }
    }

    /// Takes units: all or none.
    fn take(&mut self, lines: &[crate::StockLine]) -> bool {
        let there = |line: &crate::StockLine| {
            self.shelf.get(&line.product_id).is_some_and(|units| *units >= i64::from(line.units))
        };
        let is_there = lines.iter().all(there);
        if is_there {
            for line in lines {
                *self.shelf.get_mut(&line.product_id).unwrap() -= i64::from(line.units);
            }
        }
        is_there
    }

    /// Returns true while an order that comes back may use its coupon once more.
    fn has_coupon_left(&self, order: &Order) -> bool {
        let placed = &order.placed;
        let Some(code) = &placed.coupon else { return true };
        let coupon = self.state.coupons.get(STORE, code).unwrap();
        let uses = self.state.coupons.uses(STORE, code);
        let facts = uses.facts(placed.customer_id, 0, placed.sums.subtotal, self.now_ms);
        coupon.check(&facts, placed.sums.discount).is_ok()
    }

    /// Decides on a command to an order, and writes its facts.
    fn command(
        &mut self,
        id: OrderId,
        command: &OrderCommand,
        by: Principal,
    ) -> Result<(), Rejection> {
        let (order, has_left) = self.order(id).unwrap();
        let facts = Context { at_ms: self.now_ms, financial_year: 2024, rider: Ok(()) };
        let decided = order.decide(command, &by, &facts);
        let events = match decided {
            Err(rejection) => {
                *self.refused.entry(rejection.code()).or_default() += 1;
                return Err(rejection);
            }
            Ok(Decision::Now(events)) => events,
            Ok(Decision::IfTaken { lines, then, otherwise }) => {
                assert!(!has_left, "what has left memory does not come back");
                let comes_back =
                    then.iter().any(|event| matches!(event, Event::OrderConfirmed { .. }));
                let may = !comes_back || self.has_coupon_left(&order);
                match otherwise {
                    _ if may && self.take(&lines) => then,
                    Otherwise::Events(events) => events,
                    Otherwise::Refuse => return Err(Rejection::HoldNotOver),
                }
            }
        };
        if let (OrderCommand::Deliver { cash, .. }, Some(rider)) = (command, order.rider()) {
            let counted = self.cash.entry(rider.person_id).or_default();
            *counted = *counted + *cash;
        }
        self.accepted += 1;
        self.append(events, by);
        Ok(())
    }

    /// Does all effects that are due, and takes in all reports, until nothing changes any more.
    fn settles(&mut self) {
        for _ in 0..40 {
            let mut is_quiet = true;
            for id in self.orders.clone() {
                let (order, _) = self.order(id).unwrap();
                for effect in order.due_effects() {
                    is_quiet = false;
                    let report = self.provider.does(&order, &effect, &mut Dice(1));
                    let command = report.map_or_else(|trouble| trouble, OrderCommand::Report);
                    self.command(id, &command, Principal::SYSTEM).unwrap();
                }
                let report = OrderCommand::Report(self.provider.books(id));
                let before = self.records.len();
                self.command(id, &report, Principal::SYSTEM).unwrap();
                is_quiet &= before == self.records.len();
            }
            if is_quiet {
                return;
            }
        }
        panic!("it never comes to rest");
    }

    /// Checks the money by the books of the provider.
    fn money_is_where_it_belongs(&self) {
        for id in &self.orders {
            let (order, _) = self.order(*id).unwrap();
            let paid = self.provider.has_of(*id);
            let Some(payment) = &order.payment else {
                assert_eq!(paid, Paise::ZERO);
                continue;
            };
            // A credit of less than a rupee is the customer's, and still with the shop.
            let paid = paid - payment.credited();
            assert_eq!(payment.kept(), paid, "the books agree: {order:?}");
            let is_nothing = matches!(
                order.status,
                Status::Cancelled | Status::Expired | Status::PendingPayment
            );
            assert!(!is_nothing || paid == Paise::ZERO, "{order:?}");
            let has_come_about = !is_nothing && order.placed.payment_method == Razorpay;
            assert!(!has_come_about || paid <= order.sums().total, "{order:?}");
        }
    }

    fn replay_is_the_same(&self) {
        let mut state = State::default();
        for (n, record) in (1..).zip(&self.records) {
            state.evolve(Lsn(n), record);
        }
        assert_eq!(state.digest(), self.state.digest());
    }
}

fn reason() -> Reason {
    text("a reason")
}

/// Forgets ended orders whenever it likes, recalls what a record is about, and is taken apart and
/// put together now and then: none of it is a change.
#[test]
fn a_state_that_forgets_has_the_same_digest_after_every_record() {
    let mut recalled = 0;
    for seed in 1..=60 {
        let mut dice = Dice(seed ^ 0xf0_49e7);
        let (mut whole, mut forgetful) = (State::default(), State::default());
        let mut elsewhere = BTreeMap::new();
        for (lsn, record) in (1..).map(Lsn).zip(&records(seed, 300)) {
            whole.evolve(lsn, record);
            if let Some(id) = forgetful.orders.lacks(&record.event) {
                forgetful.orders.recall(id, elsewhere.remove(&id).unwrap());
                recalled += 1;
            }
            forgetful.evolve(lsn, record);
            if dice.one_in(4) {
                for (id, ended) in forgetful.orders.ended() {
                    assert!(!forgetful.orders.forget(id, Lsn(0)), "something happened meanwhile");
                    assert!(forgetful.orders.forget(id, ended.last_lsn()));
                    elsewhere.insert(id, ended);
                }
            }
            if dice.one_in(16) {
                forgetful.orders = crate::OrderBook::from_parts(forgetful.orders.to_parts());
            }
            if lsn.0 % 7 == 0 {
                assert_eq!(forgetful.digest(), whole.digest(), "seed {seed}, record {lsn}");
            }
        }
        assert_eq!(forgetful.digest(), whole.digest(), "seed {seed}");
        assert_eq!(forgetful.orders.count(), whole.orders.count());
        assert!(forgetful.orders.in_memory_count() <= whole.orders.in_memory_count());
    }
    assert!(recalled > 40, "{recalled}");
}

/// Returns the log of one life of that many steps.
pub fn records(seed: u64, steps: usize) -> Vec<Record> {
    let mut life = Life::new(seed);
    (0..steps).for_each(|_| life.goes_on());
    life.records
}

#[test]
fn whatever_everybody_wants_the_laws_hold_after_every_record() {
    let (mut accepted, mut refused) = (0, BTreeMap::<u16, u64>::new());
    let mut ends = BTreeMap::<Status, u64>::new();
    for seed in 1..=1_500 {
        let mut life = Life::new(seed);
        (0..400).for_each(|_| life.goes_on());
        life.settles();
        life.money_is_where_it_belongs();
        life.replay_is_the_same();
        accepted += life.accepted;
        life.refused.iter().for_each(|(code, count)| *refused.entry(*code).or_default() += count);
        for id in &life.orders {
            *ends.entry(life.state.orders.get(*id).unwrap().status()).or_default() += 1;
        }
    }
    // A test that never gets anywhere proves nothing.
    assert!(accepted > 20_000, "{accepted}");
    assert_eq!(ends.len(), Status::NAMES.len(), "{ends:?}");
    // Not 4003: nobody here waits for three banks to say no.
    for code in [3001, 3003, 3004, 3006, 3007, 3008, 3009, 4004, 4005] {
        assert!(refused.contains_key(&code), "{code}: {refused:?}");
    }
}
