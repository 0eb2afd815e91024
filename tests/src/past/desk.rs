//! What the shops know while the past goes by: their stock, the numbers they give out, the cash
//! their riders have. Records go through here, so that the next decision sees what they changed.

use super::year::{Basket, Year};
use crate::dice::Dice;
use kirana_domain::record::{Reason, ReceivedLine};
use kirana_domain::time::AtMs;
use kirana_domain::{
    Bps, CashBook, Coupon, CouponCode, CouponKind, Event, Lsn, Paise, PersonId, Principal, Record,
    Rejection, RequestKey, Role, StockBook, StockChange, StockIssue, StockLine, StoreId,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::{Builder, Uuid};

/// The coupon that stands for the shops' loyalty card: what it takes off each line is the data's.
pub(super) const CARD: &str = "CARD";
/// One basket of so many meets somebody who wanted more than there was.
const REFUSED_ONE_OF: u64 = 50;
/// After one order of so many, something is counted anew.
const COUNTED_ONE_OF: u64 = 400;

/// See the module.
pub(super) struct Desk {
    pub(super) epoch: u32,
    pub(super) seed: u64,
    pub(super) lsn: Lsn,
    pub(super) stock: StockBook,
    pub(super) cash: CashBook,
    pub(super) refused: u64,
    pub(super) card: CouponCode,
    numbers: Vec<u64>,
    documents: BTreeMap<(StoreId, u16, bool), u64>,
    /// Which goods were defined.
    defined: Vec<bool>,
    dice: Dice,
}

impl Desk {
    pub(super) fn new(year: &Year, seed: u64) -> Self {
        Self {
            epoch: 1,
            seed,
            lsn: Lsn(0),
            stock: StockBook::default(),
            cash: CashBook::default(),
            refused: 0,
            card: CouponCode::parse(CARD).expect("a code"),
            numbers: vec![0; year.shops.len()],
            documents: BTreeMap::new(),
            defined: vec![false; year.goods.len()],
            dice: Dice::new(seed),
        }
    }

    pub(super) fn has_opened(&self) -> bool {
        self.lsn > Lsn(0)
    }

    /// Applies a record and appends it.
    pub(super) fn write(&mut self, record: Record, out: &mut Vec<Record>) {
        self.lsn = Lsn(self.lsn.0 + 1);
        let breached = self.stock.evolve(&record);
        assert!(breached.is_empty(), "the stock law holds: {record:?}");
        self.cash.evolve(&record);
        out.push(record);
    }

    /// The first records: the engine starts and opens the shops.
    pub(super) fn open(&mut self, year: &Year, out: &mut Vec<Record>) {
        let at_ms = year.baskets.first().map_or(0, |basket| basket.at_ms) - 60_000;
        let started = Event::EngineStarted { epoch: self.epoch, clock: None };
        self.write(Record { at_ms, by: Principal::SYSTEM, key: None, event: started }, out);
        for store in &year.shops {
            let coupon = Coupon {
                store_id: store.id,
                code: self.card.clone(),
                kind: CouponKind::Percent { rate: Bps(1_500), cap: None },
                minimum: Paise::ZERO,
                first_order_only: false,
                per_customer_max: None,
                uses_max: None,
                budget: None,
                from_ms: None,
                until_ms: None,
                active: true,
            };
            let opened = Event::StoreOpened { store: Arc::clone(store) };
            let defined = Event::CouponDefined { coupon: Arc::new(coupon) };
            for event in [opened, defined] {
                let by = admin(self.seed);
                self.write(Record { at_ms, by, key: None, event }, out);
            }
        }
    }

    /// The next order number of a shop.
    pub(super) fn next_number(&mut self, shop: usize) -> u64 {
        self.numbers[shop] += 1;
        self.numbers[shop]
    }

    /// Gives the documents among these facts their numbers.
    pub(super) fn number(&mut self, events: &mut [Event]) {
        for event in events {
            if let Event::InvoiceIssued { store_id, is_credit_note, year, number, .. } = event {
                let last = self.documents.entry((*store_id, *year, *is_credit_note)).or_default();
                *last += 1;
                *number = *last;
            }
        }
    }

    /// True when all these units are on the shelves.
    pub(super) fn has(&self, store_id: StoreId, lines: &[StockLine]) -> bool {
        let has = |line: &StockLine| {
            self.stock.get(store_id, line.product_id).available >= i64::from(line.units)
        };
        lines.iter().all(has)
    }

    /// What a basket needs is defined and comes in before it is bought. Now and then somebody
    /// else wanted more than there is just then, and is refused; or something is counted anew.
    pub(super) fn supply(
        &mut self,
        year: &Year,
        basket: &Basket,
        at_ms: AtMs,
        out: &mut Vec<Record>,
    ) {
        let by = admin(self.seed);
        let store_id = year.shops[basket.shop].id;
        for (line, good) in basket.lines.iter().zip(&basket.goods) {
            if !std::mem::replace(&mut self.defined[*good], true) {
                let product = Arc::clone(&year.goods[*good].product);
                let opening_units = line.quantity * self.some(4, 16);
                let event = Event::ProductDefined { product, opening_units };
                self.write(Record { at_ms, by, key: None, event }, out);
            }
        }
        if self.dice.below(REFUSED_ONE_OF) == 0 {
            self.refuse(year, basket, at_ms, out);
        }
        let mut lines = Vec::new();
        for line in &basket.lines {
            let available = self.stock.get(store_id, line.item.id).available;
            if available < i64::from(line.quantity) {
                let units = line.quantity * self.some(8, 24);
                lines.push(ReceivedLine { product_id: line.item.id, units, reason: None });
            }
        }
        if !lines.is_empty() {
            let event = Event::StockReceived { store_id, lines };
            self.write(Record { at_ms, by, key: None, event }, out);
        }
        if self.dice.below(COUNTED_ONE_OF) == 0 {
            let product_id = basket.lines[0].item.id;
            let reason = reason("counted");
            let lines = vec![StockChange { product_id, delta: 1, reason }];
            let event = Event::StockAdjusted { store_id, lines };
            self.write(Record { at_ms, by, key: None, event }, out);
        }
    }

    fn some(&mut self, from: u64, to: u64) -> u32 {
        u32::try_from(from + self.dice.below(to - from)).expect("a small number")
    }

    /// Somebody wanted a few more units of a product of the basket than there are.
    fn refuse(&mut self, year: &Year, basket: &Basket, at_ms: AtMs, out: &mut Vec<Record>) {
        let store_id = year.shops[basket.shop].id;
        let line = &basket.lines[usize::from(basket.lines.len() > 1)];
        let available = self.stock.get(store_id, line.item.id).available;
        let available = u32::try_from(available).unwrap_or(u32::MAX);
        let requested = available.saturating_add(self.some(1, 4));
        if requested > kirana_domain::limits::LINE_UNITS_MAX {
            return;
        }
        let product_name = line.item.name.clone();
        let product_id = line.item.id;
        let issues = vec![StockIssue { product_id, product_name, requested, available }];
        let household = self.dice.below(year.households as u64);
        let by = customer(person(self.seed, 1, household));
        let key = Some(key(&mut self.dice));
        let event = Event::CommandRefused { rejection: Rejection::InsufficientStock { issues } };
        self.refused += 1;
        self.write(Record { at_ms, by, key, event }, out);
    }
}

/// Scatters a number.
fn mix(number: u64) -> u64 {
    Dice::new(number).roll()
}

/// The n-th person of a kind: 1 customers, 2 riders, 3 packers, 4 the back office.
pub(super) fn person(seed: u64, kind: u64, n: u64) -> PersonId {
    let high = mix(seed ^ kind << 56 ^ n);
    let number = u128::from(high) << 64 | u128::from(mix(high ^ n));
    PersonId(Builder::from_random_bytes(number.to_be_bytes()).into_uuid())
}

pub(super) fn customer(person_id: PersonId) -> Principal {
    Principal { role: Role::Customer, person_id, store_id: None }
}

pub(super) fn rider(seed: u64, n: u64) -> Principal {
    Principal { role: Role::Rider, person_id: person(seed, 2, n), store_id: None }
}

pub(super) fn packer(seed: u64, store_id: StoreId) -> Principal {
    let n = store_id.0.as_u128() & 0xff;
    let person_id = person(seed, 3, u64::try_from(n).unwrap_or_default());
    Principal { role: Role::Packer, person_id, store_id: Some(store_id) }
}

pub(super) fn admin(seed: u64) -> Principal {
    Principal { role: Role::Admin, person_id: person(seed, 4, 0), store_id: None }
}

pub(super) fn support(seed: u64) -> Principal {
    Principal { role: Role::Support, person_id: person(seed, 4, 1), store_id: None }
}

pub(super) fn reason(text: &str) -> Reason {
    Reason::parse(text).expect("a reason of ours is within its bounds")
}

/// Sixteen bytes.
pub(super) fn bytes(dice: &mut Dice) -> [u8; 16] {
    (u128::from(dice.roll()) << 64 | u128::from(dice.roll())).to_be_bytes()
}

pub(super) fn key(dice: &mut Dice) -> RequestKey {
    RequestKey { id: bytes(dice), fingerprint: bytes(dice) }
}

/// A version 7 UUID of a moment.
pub(super) fn uuid(at_ms: AtMs, dice: &mut Dice) -> Uuid {
    let random = bytes(dice);
    let mut ten = [0; 10];
    ten.copy_from_slice(&random[..10]);
    Builder::from_unix_timestamp_millis(u64::try_from(at_ms).unwrap_or_default(), &ten).into_uuid()
}
