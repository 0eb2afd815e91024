//! Wall clocks that are wrong, and what holds all the same.

use crate::shop::Dice;
use kirana_domain::{Event, Lsn, Record};
use kirana_engine::ManualClock;
use std::collections::BTreeMap;

const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Checks that times in the log never fall, that a start goes no further past the last record than
/// it may, and that a hold lasts as long as was promised, unless a start lies in it.
///
/// # Panics
/// If one of it is not so.
pub fn times_are_in_order(log: &[(Lsn, Record)]) {
    let mut last: Option<&Record> = None;
    let mut holds = BTreeMap::new();
    for (lsn, record) in log {
        let passed_ms = last.map_or(0, |last| record.at_ms - last.at_ms);
        assert!(passed_ms >= 0, "{lsn}: {passed_ms} ms after the record before it");
        last = Some(record);
        match &record.event {
            Event::EngineStarted { clock, .. } => {
                let gap_ms = clock.expect("a start records its clocks").gap_ms;
                assert!(gap_ms <= passed_ms && gap_ms <= 31 * DAY_MS, "{lsn}: {gap_ms}");
                holds.clear();
            }
            Event::OrderPlaced { order } => {
                holds.extend(order.hold_expires_at_ms.map(|end_ms| (order.id, end_ms)));
            }
            Event::OrderExpired { order_id, .. } => {
                let end_ms = holds.get(order_id);
                assert!(end_ms.is_none_or(|end| record.at_ms >= *end), "{lsn}: expired early");
            }
            _ => (),
        }
    }
}

/// A wall clock that jumps, runs fast, goes back, and is put right.
#[derive(Debug)]
pub struct WrongClocks {
    dice: Dice,
    /// How far it is from the right time.
    wrong_ms: i64,
    /// How fast it runs ahead, from step to step.
    drift_ms: i64,
}

impl WrongClocks {
    /// Returns a clock that is right, and whose fate follows from a seed.
    pub fn of(seed: u64) -> Self {
        Self { dice: Dice(seed ^ 0x0c10_c05e), wrong_ms: 0, drift_ms: 0 }
    }

    /// Lets something happen to it, or nothing.
    pub fn step(&mut self, clock: &ManualClock) {
        let jump_ms = match self.dice.roll(20) {
            0 => HOUR_MS,
            1 => -HOUR_MS,
            2 => *self.dice.pick(&[3 * DAY_MS, 31 * DAY_MS, 400 * DAY_MS, -6 * 365 * DAY_MS]),
            3 => {
                self.drift_ms = *self.dice.pick(&[0, 700, 60_000, -30_000]);
                self.drift_ms
            }
            4..=7 => return self.put_right(clock),
            _ => self.drift_ms,
        };
        self.wrong_ms += jump_ms;
        clock.move_wall_ms(jump_ms);
    }

    /// Lets it be three days ahead at the most: a start that is further ahead ends the five days in
    /// which a second payment for an order that is paid is looked for.
    pub fn before_a_start(&mut self, clock: &ManualClock) {
        let too_much_ms = (self.wrong_ms - 3 * DAY_MS).max(0);
        self.wrong_ms -= too_much_ms;
        clock.move_wall_ms(-too_much_ms);
    }

    /// Puts it right.
    pub fn put_right(&mut self, clock: &ManualClock) {
        clock.move_wall_ms(-self.wrong_ms);
        (self.wrong_ms, self.drift_ms) = (0, 0);
    }
}
