//! The naive model that the engine is checked against: three counters and a list of orders.
//!
//! It knows nothing of actors, shelves and logs. It says what a command must lead to when nothing
//! else is in flight, and it learns from answers what became of commands that were.

use kirana_domain::Principal;
use kirana_domain::{OrderId, Status};
use kirana_engine::{Command, Outcome, Receipt, SubmitError};
use kirana_tests::shop::{
    Answer, Cod, Dice, Razorpay, Shop, adjustment_of, customer, order_of, receipt_of, short_lines,
};
use std::collections::BTreeMap;

pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];
pub(crate) const HOLD_MS: i64 = 15 * 60_000;

/// A product and units of it.
pub(crate) type Line = (&'static str, u32);

/// An intent, small enough to be thought through.
#[derive(Clone, Debug)]
pub(crate) enum Intent {
    Buy { who: u64, lines: Vec<(&'static str, u32)>, unpaid: bool },
    Cancel { who: u64, id: OrderId },
    Receive { lines: Vec<(&'static str, u32)> },
    Adjust { lines: Vec<(&'static str, i32)> },
}

#[derive(Clone, Debug)]
pub(crate) struct ModelOrder {
    pub(crate) who: u64,
    pub(crate) lines: Vec<(&'static str, u32)>,
    pub(crate) status: Status,
    pub(crate) ends_ms: Option<i64>,
    pub(crate) total: i64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    pub(crate) available: BTreeMap<&'static str, i64>,
    pub(crate) came: BTreeMap<&'static str, i64>,
    pub(crate) orders: BTreeMap<OrderId, ModelOrder>,
    pub(crate) now_ms: i64,
}

impl Intent {
    /// An intent of any kind. Each product at most once in it.
    pub(crate) fn any(dice: &mut Dice, model: &Model) -> Self {
        let mut names = NAMES.to_vec();
        names.rotate_left(usize::try_from(dice.roll(3)).unwrap());
        names.truncate(usize::try_from(dice.between(1, 3)).unwrap());
        let who = dice.roll(4);
        match dice.roll(10) {
            0 => Self::Receive {
                lines: names.into_iter().map(|name| (name, dice.between(1, 6))).collect(),
            },
            1 => {
                let delta = |dice: &mut Dice| i32::try_from(dice.roll(7)).unwrap() - 4;
                let lines = names.into_iter().map(|name| (name, delta(dice)));
                let lines: Vec<_> = lines.filter(|(_, delta)| *delta != 0).collect();
                Self::Adjust { lines: if lines.is_empty() { vec![("a", 1)] } else { lines } }
            }
            2..=4 if !model.orders.is_empty() => {
                let ids: Vec<_> = model.orders.iter().collect();
                let (id, order) = *dice.pick(&ids);
                Self::Cancel { who: order.who, id: *id }
            }
            _ => Self::Buy {
                who,
                lines: names.into_iter().map(|name| (name, dice.between(1, 4))).collect(),
                unpaid: dice.roll(2) == 0,
            },
        }
    }

    pub(crate) fn command(&self) -> (Principal, Command) {
        let admin = kirana_tests::shop::admin();
        match self {
            Self::Buy { who, lines, unpaid } => {
                let by = customer(*who);
                (by, order_of(by, lines, if *unpaid { Razorpay } else { Cod }))
            }
            Self::Cancel { who, id } => (customer(*who), Command::cancel(*id, None)),
            Self::Receive { lines } => (admin, receipt_of(lines)),
            Self::Adjust { lines } => (admin, adjustment_of(lines)),
        }
    }
}

impl Model {
    pub(crate) fn new(opening: &[Line], now_ms: i64) -> Self {
        let available: BTreeMap<_, _> =
            opening.iter().map(|(name, units)| (*name, i64::from(*units))).collect();
        Self { came: available.clone(), available, orders: BTreeMap::new(), now_ms }
    }

    /// Lines that there are not enough units for: name, wanted, available.
    fn short(&self, lines: &[Line]) -> Vec<(String, u32, u32)> {
        let short = lines.iter().filter(|(name, units)| self.available[name] < i64::from(*units));
        let mut short: Vec<_> = short
            .map(|(name, units)| {
                ((*name).to_owned(), *units, u32::try_from(self.available[name]).unwrap())
            })
            .collect();
        short.sort();
        short
    }

    /// Checks the answer to an intent that was alone in the shop.
    pub(crate) fn check(&self, intent: &Intent, answer: &Answer, seed: u64) {
        let same_short = |expected: Vec<(String, u32, u32)>| {
            if expected.is_empty() {
                assert!(answer.is_ok(), "seed {seed}: {intent:?} is possible, not {answer:?}");
                return;
            }
            let mut told = short_lines(answer);
            told.sort();
            assert_eq!(told, expected, "seed {seed}: {intent:?}");
        };
        match intent {
            Intent::Buy { lines, .. } => same_short(self.short(lines)),
            Intent::Adjust { lines } => {
                let taken = lines.iter().filter(|(_, delta)| *delta < 0);
                let taken: Vec<_> =
                    taken.map(|(name, delta)| (*name, delta.unsigned_abs())).collect();
                same_short(self.short(&taken));
            }
            Intent::Cancel { id, .. } => {
                let may = self.orders[id].status != Status::Expired;
                assert_eq!(answer.is_ok(), may, "seed {seed}: {intent:?} {answer:?}");
            }
            Intent::Receive { .. } => assert!(answer.is_ok(), "seed {seed}: {intent:?} {answer:?}"),
        }
    }

    fn add(&mut self, lines: &[Line], sign: i64) {
        for (name, units) in lines {
            *self.available.get_mut(name).unwrap() += sign * i64::from(*units);
        }
    }

    /// Learns what became of an intent. Answers false when that is not known.
    pub(crate) fn learn(&mut self, intent: &Intent, answer: &Answer) -> bool {
        let Receipt { outcome, .. } = match answer {
            Ok(receipt) => receipt,
            Err(SubmitError::Rejected { .. }) => return true,
            Err(SubmitError::Failed) => return false,
            Err(other) => panic!("{intent:?}: {other:?}"),
        };
        match (intent, outcome) {
            (Intent::Buy { who, lines, .. }, Outcome::Order(order)) => {
                self.add(lines, -1);
                let new = ModelOrder {
                    who: *who,
                    lines: lines.clone(),
                    status: order.placed.status,
                    ends_ms: order.placed.hold_expires_at_ms,
                    total: order.placed.sums.total.0,
                };
                assert!(self.orders.insert(order.placed.id, new).is_none(), "one order each");
            }
            (Intent::Cancel { id, .. }, Outcome::Order(order)) => {
                assert_eq!((order.placed.id, order.status), (*id, Status::Cancelled));
                self.end(*id, Status::Cancelled);
            }
            (Intent::Receive { lines }, Outcome::Recorded(_)) => {
                self.add(lines, 1);
                lines
                    .iter()
                    .for_each(|(name, n)| *self.came.get_mut(name).unwrap() += i64::from(*n));
            }
            (Intent::Adjust { lines }, Outcome::Recorded(_)) => {
                for (name, delta) in lines {
                    *self.available.get_mut(name).unwrap() += i64::from(*delta);
                    *self.came.get_mut(name).unwrap() += i64::from(*delta);
                }
            }
            other => panic!("an answer to something else: {other:?}"),
        }
        true
    }

    fn end(&mut self, id: OrderId, status: Status) {
        let order = self.orders.get_mut(&id).unwrap();
        if order.status != status {
            order.status = status;
            let lines = order.lines.clone();
            self.add(&lines, 1);
        }
    }

    /// Unpaid orders whose time is over.
    pub(crate) fn due(&self) -> Vec<OrderId> {
        let is_due = |order: &ModelOrder| {
            order.status == Status::PendingPayment
                && order.ends_ms.is_some_and(|ends_ms| ends_ms <= self.now_ms)
        };
        self.orders.iter().filter(|(_, order)| is_due(order)).map(|(id, _)| *id).collect()
    }

    /// Waits until the shop has let all holds end that are over; false if it failed meanwhile.
    pub(crate) async fn let_holds_end(&mut self, shop: &Shop) -> bool {
        for id in self.due() {
            while shop.order(id).await.status == Status::PendingPayment {
                if shop.engine.failure().borrow().is_some() {
                    return false;
                }
                tokio::time::sleep(std::time::Duration::from_micros(300)).await;
            }
            self.end(id, Status::Expired);
        }
        true
    }

    /// Compares everything with a shop that nothing is in flight in.
    pub(crate) async fn agrees(&self, shop: &Shop, seed: u64) {
        shop.audit(&NAMES).await;
        for name in NAMES {
            let stock = shop.stock(name);
            assert_eq!(stock.available, self.available[name], "seed {seed}: {name} {stock:?}");
            assert!(stock.available >= 0, "seed {seed}: oversold");
            assert_eq!(stock.received + stock.adjusted, self.came[name], "seed {seed}: {name}");
        }
        let open = self.orders.values().filter(|order| !order.status.is_end()).count();
        let stats = shop.engine.stats();
        assert_eq!((stats.orders, stats.orders_open), (self.orders.len(), open), "seed {seed}");
        for (id, order) in &self.orders {
            let known = shop.order(*id).await;
            assert_eq!(known.status, order.status, "seed {seed}: {id}");
            assert_eq!(known.placed.sums.total.0, order.total, "seed {seed}: {id}");
            let sums = known.placed.sums;
            let sum = sums.subtotal + sums.delivery_fee.amount - sums.discount;
            assert_eq!(sum, sums.total, "seed {seed}: {id}");
        }
    }
}

/// The lsn of an answer, to bring those that were in flight together into their order.
pub(crate) fn lsn_of(answer: &Answer) -> u64 {
    answer.as_ref().map_or(u64::MAX, |receipt| receipt.lsn.0)
}

#[test]
fn the_model_itself_counts_right() {
    let mut model = Model::new(&[("a", 2), ("b", 0), ("c", 1)], 0);
    assert_eq!(model.short(&[("a", 3), ("c", 1)]), [("a".to_owned(), 3, 2)]);
    model.add(&[("a", 1)], -1);
    assert_eq!(model.available["a"], 1);
    assert!(model.due().is_empty());
}
