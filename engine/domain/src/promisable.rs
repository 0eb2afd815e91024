//! What one product can still promise, decided in memory ahead of the log.
//!
//! Units that are taken are off the shelf at once, before the record that says so is durable;
//! units that come back are put on it only after theirs is. So a unit is never promised twice,
//! whatever the timing.
//!
//! A basket takes its lines one after the other, in the order of product ids. Between its first
//! and its last line its units are *undecided*: they may come back at once. A basket that is short
//! only because of undecided units waits for the decision instead of being refused, so a refusal
//! is always true: at that moment the units were gone. Waiting always points to a later product,
//! so there is no circle of baskets that wait for each other.

use std::collections::VecDeque;

/// The answer to a basket that wants units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// They are off the shelf.
    Taken,
    /// There are this many, and nobody who might still give some back.
    Short {
        /// Units that can be promised.
        available: u32,
    },
    /// Wait: baskets that are not decided yet have the rest.
    Wait,
}

/// The shelf of one product, with the baskets (`W`) that wait at it.
#[derive(Debug)]
pub struct Promisable<W> {
    available: u32,
    undecided: u32,
    stopped: bool,
    waiting: VecDeque<(u32, W)>,
}

impl<W> Promisable<W> {
    /// A shelf with so many units to promise.
    pub fn new(available: u32) -> Self {
        Self { available, undecided: 0, stopped: false, waiting: VecDeque::new() }
    }

    /// Units that can be promised.
    pub fn available(&self) -> u32 {
        self.available
    }

    /// What a basket that comes now and wants `units` is told. Changes nothing.
    pub fn decide(&self, units: u32) -> Verdict {
        match self.judge(units) {
            // Who came first is served first: nobody overtakes a basket that waits.
            Verdict::Taken if !self.waiting.is_empty() => Verdict::Wait,
            verdict => verdict,
        }
    }

    fn judge(&self, units: u32) -> Verdict {
        if self.stopped {
            Verdict::Short { available: 0 }
        } else if units <= self.available {
            Verdict::Taken
        } else if units <= self.available.saturating_add(self.undecided) {
            Verdict::Wait
        } else {
            Verdict::Short { available: self.available }
        }
    }

    /// Takes units off the shelf for good: the basket is decided by this very line.
    pub fn take_decided(&mut self, units: u32) {
        // Pairs with the check in `decide`.
        assert!(units <= self.available, "took more units than there are");
        self.available -= units;
    }

    /// Takes units off the shelf for a basket that still has lines to take.
    pub fn take_undecided(&mut self, units: u32) {
        self.take_decided(units);
        self.undecided += units;
    }

    /// Baskets that took units here were decided: the units are their own, or they come back.
    pub fn settle(&mut self, units: u32, kept: bool) {
        assert!(units <= self.undecided, "settled more units than were undecided");
        self.undecided -= units;
        if !kept {
            self.available += units;
        }
    }

    /// Units came back or came in, and the record of that is durable.
    pub fn put(&mut self, units: u32) {
        self.available = self.available.saturating_add(units);
    }

    /// Stops selling: the product's books broke the stock law.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// True while a basket waits.
    pub fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Lets a basket wait.
    pub fn park(&mut self, units: u32, basket: W) {
        self.waiting.push_back((units, basket));
    }

    /// The first waiting basket with its answer, if that is known by now. Call until it answers
    /// `None` after every [`Promisable::settle`], [`Promisable::put`] and [`Promisable::stop`].
    pub fn unpark(&mut self) -> Option<(W, Verdict)> {
        let (units, _) = self.waiting.front()?;
        match self.judge(*units) {
            Verdict::Wait => None,
            verdict => self.waiting.pop_front().map(|(_, basket)| (basket, verdict)),
        }
    }
}

#[cfg(test)]
mod tests;
