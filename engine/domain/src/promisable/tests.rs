//! The shelf against a naive model, and every interleaving of a few baskets.

use super::*;
use proptest::prelude::*;

mod explorer;

#[test]
fn a_shelf_answers_from_what_there_is_and_what_may_come_back() {
    // Available, undecided; units wanted; the verdict.
    let cases = [
        (5, 0, 5, Verdict::Taken),
        (5, 0, 6, Verdict::Short { available: 5 }),
        (5, 2, 7, Verdict::Wait),
        (5, 2, 8, Verdict::Short { available: 5 }),
        (0, 1, 1, Verdict::Wait),
        (0, 0, 1, Verdict::Short { available: 0 }),
    ];
    for (available, undecided, wanted, verdict) in cases {
        let mut shelf: Promisable<()> = Promisable::new(available + undecided);
        if undecided > 0 {
            shelf.take_undecided(undecided);
        }
        assert_eq!(shelf.decide(wanted), verdict, "{available} {undecided} {wanted}");
    }
}

#[test]
fn nobody_overtakes_a_basket_that_waits() {
    let mut shelf = Promisable::new(3);
    shelf.take_undecided(2);
    assert_eq!(shelf.decide(2), Verdict::Wait);
    shelf.park(2, "first");
    assert_eq!(shelf.decide(1), Verdict::Wait, "one unit is there, but somebody waits");
    shelf.park(1, "second");
    assert_eq!(shelf.unpark(), None);
    shelf.settle(2, false);
    assert_eq!(shelf.unpark(), Some(("first", Verdict::Taken)));
    shelf.take_decided(2);
    assert_eq!(shelf.unpark(), Some(("second", Verdict::Taken)));
}

#[test]
fn a_stopped_shelf_sells_nothing_and_keeps_nobody_waiting() {
    let mut shelf = Promisable::new(3);
    shelf.take_undecided(3);
    shelf.park(1, "waiting");
    shelf.stop();
    assert_eq!(shelf.unpark(), Some(("waiting", Verdict::Short { available: 0 })));
    shelf.settle(3, false);
    assert_eq!(shelf.decide(1), Verdict::Short { available: 0 });
}

#[test]
#[should_panic(expected = "took more units than there are")]
fn taking_more_than_there_is_is_a_bug() {
    Promisable::<()>::new(1).take_decided(2);
}

#[test]
#[should_panic(expected = "settled more units than were undecided")]
fn settling_what_was_not_taken_is_a_bug() {
    Promisable::<()>::new(1).settle(1, true);
}

#[test]
fn units_past_every_bound_do_not_wrap() {
    let mut shelf: Promisable<()> = Promisable::new(u32::MAX);
    shelf.put(5);
    assert_eq!(shelf.available(), u32::MAX);
}

/// One shelf and who has what from it, counted in the simplest way.
struct Naive {
    shelf: Promisable<usize>,
    came: u32,
    sold: u32,
    undecided: Vec<u32>,
    waiting: Vec<(u32, usize)>,
    answered: usize,
    asked: usize,
}

impl Naive {
    fn answer(&mut self, units: u32, verdict: Verdict, decides: bool) {
        self.answered += 1;
        let maybe: u32 = self.undecided.iter().sum();
        match verdict {
            Verdict::Taken if decides => {
                self.shelf.take_decided(units);
                self.sold += units;
            }
            Verdict::Taken => {
                self.shelf.take_undecided(units);
                self.undecided.push(units);
            }
            Verdict::Short { available } => {
                assert_eq!(available, self.came - self.sold - maybe);
                assert!(units > available + maybe, "a refusal is true whatever comes back");
            }
            Verdict::Wait => panic!("an answer is no wait"),
        }
        let maybe: u32 = self.undecided.iter().sum();
        assert_eq!(self.shelf.available() + self.sold + maybe, self.came, "no unit twice");
    }

    fn ask(&mut self, units: u32, decides: bool) {
        let basket = self.asked;
        self.asked += 1;
        match self.shelf.decide(units) {
            Verdict::Wait => {
                self.shelf.park(units, basket);
                self.waiting.push((units, basket));
            }
            Verdict::Taken => {
                assert!(self.waiting.is_empty(), "nobody is overtaken");
                self.answer(units, Verdict::Taken, decides);
            }
            verdict @ Verdict::Short { .. } => self.answer(units, verdict, decides),
        }
    }

    fn settle(&mut self, which: usize, kept: bool) {
        if self.undecided.is_empty() {
            return;
        }
        let units = self.undecided.remove(which % self.undecided.len());
        self.shelf.settle(units, kept);
        self.sold += if kept { units } else { 0 };
        self.unpark();
    }

    fn unpark(&mut self) {
        while let Some((basket, verdict)) = self.shelf.unpark() {
            let (units, first) = self.waiting.remove(0);
            assert_eq!(basket, first, "who came first is answered first");
            self.answer(units, verdict, basket % 2 == 0);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_shelf_never_promises_more_than_there_is_and_answers_everybody(
        units in 0..20_u32,
        steps in prop::collection::vec((0..5_u8, 1..8_u32, any::<bool>()), 0..80),
    ) {
        let mut naive = Naive {
            shelf: Promisable::new(units), came: units, sold: 0, undecided: Vec::new(),
            waiting: Vec::new(), answered: 0, asked: 0,
        };
        for (kind, units, yes) in steps {
            match kind {
                0 => {
                    naive.shelf.put(units);
                    naive.came += units;
                    naive.unpark();
                }
                1 => naive.settle(units as usize, yes),
                _ => {
                    let decides = naive.asked.is_multiple_of(2);
                    naive.ask(units, decides);
                }
            }
        }
        while !naive.undecided.is_empty() {
            naive.settle(0, false);
        }
        prop_assert_eq!(naive.answered, naive.asked);
        prop_assert!(naive.waiting.is_empty());
    }
}
