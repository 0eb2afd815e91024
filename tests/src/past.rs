//! Years of trade as records, made of real baskets: as many orders as wanted, lazily.
//!
//! The year of [`Year`] is repeated, with new ids and customers, over nine years at the most; what
//! does not fit goes on at the same time, evenly between the moments of the data. Every record is
//! decided by the domain's own functions, so the engine could have written it: each order is
//! placed, paid or not, picked, packed and brought, and a few of them end otherwise. Only open
//! orders are kept, so ten million of them take no more memory than ten thousand.
//!
//! | file | what |
//! |---|---|
//! | `past/year.rs` | the data |
//! | `past/desk.rs` | what the shops know: stock, numbers, cash |
//! | `past/plan.rs` | what will become of an order |
//! | `past/life.rs` | its next step, decided |
//! | `past/write.rs` | the records as a log |

mod desk;
mod life;
mod plan;
mod write;
mod year;

pub use write::{Summary, give_up_keys, write_log};
pub use year::{Basket, Good, YEAR_MS, Year, store_id};

use crate::dice::Dice;
use desk::Desk;
use kirana_domain::Record;
use kirana_domain::time::AtMs;
use life::Life;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

/// Over how many years the orders are spread at the most: the last of them is 2025.
const YEARS_MAX: u64 = 9;

/// See the module.
pub struct Past {
    year: Arc<Year>,
    orders: u64,
    open: u64,
    seed: u64,
    /// How often each basket is bought in a year.
    copies: u64,
    placed: u64,
    desk: Desk,
    lives: Vec<Option<Box<Life>>>,
    free: Vec<usize>,
    /// When something happens to which life; the number in the middle keeps equal times in order.
    due: BinaryHeap<Reverse<(AtMs, u64, usize)>>,
    steps: u64,
    ready: VecDeque<Record>,
}

impl Past {
    /// The records of so many orders, of which the last `open` stay open. The same seed gives the
    /// same records.
    ///
    /// Beside those that stay open, the order book keeps what expired within the last five days of
    /// the log while money may still turn up.
    pub fn new(orders: u64, open: u64, seed: u64) -> Self {
        Self::of(Arc::new(Year::read()), orders, open, seed)
    }

    /// As [`Past::new`], of a year that was read before.
    ///
    /// # Panics
    /// When more are to stay open than there are.
    pub fn of(year: Arc<Year>, orders: u64, open: u64, seed: u64) -> Self {
        assert!(open <= orders, "no more orders stay open than there are");
        let passes = orders.div_ceil(count(&year.baskets));
        Self {
            orders,
            open,
            seed,
            copies: passes.div_ceil(YEARS_MAX).max(1),
            placed: 0,
            desk: Desk::new(&year, seed),
            lives: Vec::new(),
            free: Vec::new(),
            due: BinaryHeap::new(),
            steps: 0,
            ready: VecDeque::new(),
            year,
        }
    }

    /// The epoch that the first record claims: 1 unless told otherwise.
    #[must_use]
    pub fn epoch(mut self, epoch: u32) -> Self {
        self.desk.epoch = epoch;
        self
    }

    /// The data behind it.
    pub fn year(&self) -> &Arc<Year> {
        &self.year
    }

    /// Orders that were placed so far.
    pub fn placed(&self) -> u64 {
        self.placed
    }

    /// Orders whose life is not over.
    pub fn alive(&self) -> usize {
        self.lives.len() - self.free.len()
    }

    /// Baskets that were refused so far.
    pub fn refused(&self) -> u64 {
        self.desk.refused
    }

    /// Appends what happens next: records that stand in one batch. False at the end.
    pub fn fill(&mut self, out: &mut Vec<Record>) -> bool {
        if !self.desk.has_opened() {
            self.desk.open(&self.year, out);
            return true;
        }
        let next = (self.placed < self.orders).then(|| self.next_at_ms());
        let due = self.due.peek().map(|Reverse((at_ms, _, _))| *at_ms);
        match (due, next) {
            (None, None) => return false,
            (Some(due), next) if next.is_none_or(|next| due <= next) => self.live(out),
            (_, Some(next)) => self.place(next, out),
            (Some(_), None) => unreachable!("without a next order, what is due comes"),
        }
        true
    }

    /// Which basket the next order is of, in which year, and the how-manieth of its copies.
    fn turn(&self) -> (usize, u64, u64) {
        let (copy, baskets) = (self.placed % self.copies, self.placed / self.copies);
        let in_year = baskets % count(&self.year.baskets);
        let basket = usize::try_from(in_year).expect("an index");
        (basket, baskets / count(&self.year.baskets), copy)
    }

    fn next_at_ms(&self) -> AtMs {
        let (index, year, copy) = self.turn();
        let baskets = &self.year.baskets;
        let at_ms = baskets[index].at_ms;
        let after = baskets.get(index + 1).map_or(baskets[0].at_ms + YEAR_MS, |next| next.at_ms);
        let share = (after - at_ms) * signed(copy) / signed(self.copies);
        at_ms + share + YEAR_MS * signed(year)
    }

    fn place(&mut self, at_ms: AtMs, out: &mut Vec<Record>) {
        let (index, _, copy) = self.turn();
        let basket = &self.year.baskets[index];
        let household = copy * self.year.households as u64 + basket.household as u64;
        let customer_id = desk::person(self.seed, 1, household);
        let stays_open = self.placed >= self.orders - self.open;
        let dice = Dice::new(self.seed ^ self.placed.wrapping_mul(0xa076_1d64_78bd_642f));
        self.desk.supply(&self.year, basket, at_ms, out);
        let bought = (&*self.year.shops[basket.shop], basket);
        let who = (customer_id, self.placed, dice);
        let life = Life::place(&mut self.desk, bought, who, at_ms, out).planned(stays_open);
        self.placed += 1;
        self.keep(None, Box::new(life), at_ms);
    }

    fn live(&mut self, out: &mut Vec<Record>) {
        let Some(Reverse((at_ms, _, slot))) = self.due.pop() else { return };
        let mut life = self.lives[slot].take().expect("what is due is alive");
        life.step(&mut self.desk, at_ms, out);
        self.keep(Some(slot), life, at_ms);
    }

    /// Keeps a life until its next step; without one it is over.
    fn keep(&mut self, slot: Option<usize>, life: Box<Life>, now_ms: AtMs) {
        let Some(at_ms) = life.next_at_ms(now_ms) else {
            self.free.extend(slot);
            return;
        };
        let slot = slot.or_else(|| self.free.pop()).unwrap_or_else(|| {
            self.lives.push(None);
            self.lives.len() - 1
        });
        self.lives[slot] = Some(life);
        self.steps += 1;
        self.due.push(Reverse((at_ms, self.steps, slot)));
    }
}

impl Iterator for Past {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while self.ready.is_empty() {
            let mut records = Vec::new();
            if !self.fill(&mut records) {
                return None;
            }
            self.ready.extend(records);
        }
        self.ready.pop_front()
    }
}

fn count<T>(list: &[T]) -> u64 {
    list.len() as u64
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("a small number")
}

#[cfg(test)]
mod tests;
