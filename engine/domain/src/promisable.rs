//! Available to promise: the units of one product that new orders may have, counted in memory
//! ahead of the log.
//!
//! Units that are taken are off the count at once, before their record is durable; units that come
//! back are added only after theirs is. So a unit is never promised twice, whatever the timing.
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
    /// The basket may have them.
    Taken,
    /// There are too few, and no undecided basket might still give some back.
    Short {
        /// Units that can be promised.
        available: u32,
    },
    /// The basket waits: others that are not decided yet have the rest.
    Wait,
}

/// The units of one product that can be promised, with the baskets (`W`) that wait for some.
#[derive(Debug)]
pub struct Promisable<W> {
    available: u32,
    undecided: u32,
    stopped: bool,
    waiting: VecDeque<(u32, W)>,
}

impl<W> Promisable<W> {
    /// Returns a product with that many units to promise.
    pub fn new(available: u32) -> Self {
        Self { available, undecided: 0, stopped: false, waiting: VecDeque::new() }
    }

    /// Returns the units that can be promised.
    pub fn available(&self) -> u32 {
        self.available
    }

    /// Decides on a basket that comes now and wants `units`. Changes nothing.
    pub fn decide(&self, units: u32) -> Verdict {
        match self.judge(units) {
            // First come, first served: no basket overtakes one that waits.
            Verdict::Taken if !self.waiting.is_empty() => Verdict::Wait,
            verdict => verdict,
        }
    }

    /// Decides on a basket as if no other waited.
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

    /// Takes units for good: the basket is decided by this very line.
    ///
    /// # Panics
    /// If there are fewer units than that.
    pub fn take_decided(&mut self, units: u32) {
        // Pairs with the check in `decide`.
        assert!(units <= self.available, "took more units than there are");
        self.available -= units;
    }

    /// Takes units for a basket that still has lines to take.
    ///
    /// # Panics
    /// If there are fewer units than that.
    pub fn take_undecided(&mut self, units: u32) {
        self.take_decided(units);
        assert!(units <= u32::MAX - self.undecided, "units of one ledger are counted in 32 bits");
        self.undecided += units;
    }

    /// Settles units of baskets that were decided: they are kept, or they come back.
    ///
    /// # Panics
    /// If fewer units than that are undecided.
    pub fn settle(&mut self, units: u32, kept: bool) {
        assert!(units <= self.undecided, "settled more units than were undecided");
        self.undecided -= units;
        if !kept {
            // Pairs with `take_undecided`, which took them off.
            assert!(units <= u32::MAX - self.available, "more came back than there ever were");
            self.available += units;
        }
    }

    /// Adds units that came back or came in, once the record of that is durable.
    pub fn put(&mut self, units: u32) {
        self.available = self.available.saturating_add(units);
    }

    /// Stops selling: the product's ledger broke the stock law.
    pub fn stop(&mut self) {
        self.stopped = true;
        debug_assert_eq!(self.judge(1), Verdict::Short { available: 0 }, "no basket waits for it");
    }

    /// Returns true while a basket waits.
    pub fn is_awaited(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Lets a basket wait, which [`Promisable::decide`] told to.
    pub fn park(&mut self, units: u32, basket: W) {
        debug_assert!(!self.stopped, "a stopped product refuses at once");
        self.waiting.push_back((units, basket));
    }

    /// Returns the first waiting basket with its verdict, if that is known by now. Call it until
    /// it returns `None` after every [`Promisable::settle`], [`Promisable::put`] and
    /// [`Promisable::stop`].
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
