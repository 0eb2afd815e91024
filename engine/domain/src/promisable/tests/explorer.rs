//! Every interleaving of a few baskets at two shelves: each mailbox is a queue, and any mailbox may
//! be the next to be read. Sold baskets may be cancelled, and the cancel may come twice.

use super::*;
use std::collections::{BTreeSet, VecDeque};

/// Units wanted of each of the two products; 0 is not a line.
type Wanted = [u32; 2];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    OnItsWay,
    Sold,
    Refused,
    Cancelled,
}

#[derive(Clone, Copy, Debug)]
enum Message {
    Take(usize),
    Settle(u32, bool),
    Put(u32),
}

#[derive(Debug)]
struct World {
    came: Wanted,
    shelves: [Promisable<usize>; 2],
    mailboxes: [VecDeque<Message>; 2],
    baskets: Vec<(Wanted, Fate)>,
    /// Units that a basket has taken and that have not come back to their shelf.
    off: Vec<Wanted>,
}

impl World {
    fn new(came: Wanted, baskets: &[Wanted]) -> Self {
        let mut world = Self {
            came,
            shelves: came.map(Promisable::new),
            mailboxes: Default::default(),
            baskets: baskets.iter().map(|wanted| (*wanted, Fate::OnItsWay)).collect(),
            off: vec![[0; 2]; baskets.len()],
        };
        (0..baskets.len()).for_each(|basket| world.send(basket, 0));
        world
    }

    /// Sends a basket to its first line from `at` on; without one it is decided.
    fn send(&mut self, basket: usize, at: usize) {
        let (wanted, fate) = &mut self.baskets[basket];
        match (at..2).find(|at| wanted[*at] > 0) {
            Some(at) => self.mailboxes[at].push_back(Message::Take(basket)),
            None if *fate == Fate::OnItsWay => {
                *fate = Fate::Sold;
                // The units of the last line were taken for good; the others are settled.
                if wanted[1] > 0 && wanted[0] > 0 {
                    self.mailboxes[0].push_back(Message::Settle(wanted[0], true));
                }
            }
            None => (),
        }
    }

    fn answer(&mut self, at: usize, basket: usize, verdict: Verdict) {
        let (wanted, fate) = self.baskets[basket];
        if fate == Fate::OnItsWay && verdict == Verdict::Taken {
            let is_last = at == 1 || wanted[1] == 0;
            if is_last {
                self.shelves[at].take_decided(wanted[at]);
            } else {
                self.shelves[at].take_undecided(wanted[at]);
            }
            self.off[basket][at] = wanted[at];
        } else if fate == Fate::OnItsWay {
            let gone = |(of, (_, fate)): (&Wanted, &(Wanted, Fate))| match fate {
                Fate::OnItsWay | Fate::Refused => 0,
                Fate::Sold | Fate::Cancelled => of[at],
            };
            let gone: u32 = self.off.iter().zip(&self.baskets).map(gone).sum();
            assert!(wanted[at] + gone > self.came[at], "a refusal is true: {self:?}");
            self.baskets[basket].1 = Fate::Refused;
            if self.off[basket][0] > 0 {
                self.mailboxes[0].push_back(Message::Settle(wanted[0], false));
            }
        }
        self.send(basket, at + 1);
    }

    fn read(&mut self, at: usize) {
        match self.mailboxes[at].pop_front().expect("there is a message") {
            Message::Take(basket) => {
                let units = self.baskets[basket].0[at];
                let is_whole = self.baskets[basket].1 == Fate::OnItsWay;
                match self.shelves[at].decide(units) {
                    Verdict::Wait if is_whole => self.shelves[at].park(units, basket),
                    verdict => self.answer(at, basket, verdict),
                }
                return;
            }
            Message::Settle(units, kept) => {
                self.shelves[at].settle(units, kept);
                if !kept {
                    self.came_back(at, Fate::Refused, units);
                }
            }
            Message::Put(units) => {
                self.shelves[at].put(units);
                self.came_back(at, Fate::Cancelled, units);
            }
        }
        while let Some((basket, verdict)) = self.shelves[at].unpark() {
            self.answer(at, basket, verdict);
        }
    }

    fn came_back(&mut self, at: usize, of: Fate, units: u32) {
        let is_it =
            |basket: &usize| self.baskets[*basket].1 == of && self.off[*basket][at] == units;
        let basket = (0..self.baskets.len()).find(is_it).expect("somebody had them");
        self.off[basket][at] = 0;
    }

    /// Cancels a sold basket; a second time changes nothing. Its units are put back by messages.
    fn cancel(&mut self, basket: usize) {
        let (wanted, fate) = &mut self.baskets[basket];
        if *fate == Fate::Sold {
            *fate = Fate::Cancelled;
            for at in (0..2).filter(|at| wanted[*at] > 0) {
                self.mailboxes[at].push_back(Message::Put(wanted[at]));
            }
        }
    }

    /// 0 and 1 read a mailbox, 2 and up cancel a basket.
    fn choices(&self) -> Vec<usize> {
        let readable = (0..2).filter(|at| !self.mailboxes[*at].is_empty());
        let sold = self.baskets.iter().enumerate().filter(|(_, (_, fate))| *fate == Fate::Sold);
        readable.chain(sold.map(|(basket, _)| basket + 2)).collect()
    }

    fn choose(&mut self, choice: usize) {
        match choice {
            0 | 1 => self.read(choice),
            _ => (0..2).for_each(|_| self.cancel(choice - 2)),
        }
        for at in 0..2 {
            let off: u32 = self.off.iter().map(|of| of[at]).sum();
            assert_eq!(self.shelves[at].available() + off, self.came[at], "stock law: {self:?}");
        }
        if self.mailboxes.iter().all(VecDeque::is_empty) {
            let is_decided = |(_, fate): &(Wanted, Fate)| *fate != Fate::OnItsWay;
            assert!(self.baskets.iter().all(is_decided), "a basket waits for ever: {self:?}");
        }
    }
}

/// Walks every reachable state; answers how many there are. A shelf cannot be copied, so a state is
/// reached again by its choices.
fn explore(came: Wanted, baskets: &[Wanted]) -> usize {
    let (mut seen, mut paths) = (BTreeSet::new(), vec![Vec::new()]);
    while let Some(path) = paths.pop() {
        let mut world = World::new(came, baskets);
        path.iter().for_each(|choice| world.choose(*choice));
        if seen.insert(format!("{world:?}")) {
            let longer = |choice| path.iter().copied().chain([choice]).collect();
            paths.extend(world.choices().into_iter().map(longer));
        }
    }
    seen.len()
}

#[test]
fn in_every_interleaving_no_unit_is_sold_twice_no_refusal_is_false_and_nobody_waits_for_ever() {
    let mut states = 0;
    for came in [[1, 1], [2, 1], [1, 2], [2, 2], [3, 1]] {
        for baskets in [
            &[[1, 1], [1, 1], [1, 1]][..],
            &[[1, 1], [1, 0], [0, 1]],
            &[[2, 1], [1, 2], [1, 1]],
            &[[2, 2], [1, 0], [2, 1]],
            &[[1, 1], [2, 2], [0, 2]],
            &[[1, 1], [1, 1], [2, 1], [1, 2]],
            &[[1, 1], [2, 1], [1, 0], [0, 1]],
        ] {
            states += explore(came, baskets);
        }
    }
    assert!(states > 2_000, "the walk is a real one: {states} states");
}
