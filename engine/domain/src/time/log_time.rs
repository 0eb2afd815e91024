//! The time that has passed in a log, as its records tell it.
//!
//! From the first start that recorded its clock on, times in a log are steady: they never fall, and
//! between two starts they grow as time does. Only from the last record to the next start nobody
//! measured: the wall clock says how long that was, and it may be wrong. So no more than
//! [`START_GAP_COUNTED_MS`] of it makes keys and carts older. Records before that start are taken
//! at their word, as the releases that wrote them did: a replay leads to the same state as then.

use super::AtMs;
use crate::limits::{CART_KEPT_MS, START_GAP_COUNTED_MS};
use crate::{Event, Lsn, Record};
use std::sync::Arc;

/// The clocks at a start of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartClock {
    /// The wall clock of the machine. The time of the record is that of the engine.
    pub wall_ms: AtMs,
    /// Time from the record before it to this start; 0 in a new log.
    pub gap_ms: i64,
}

/// Returns the first time that an engine stamps: that of the wall clock, but not before the last
/// record of its log, and not more than `gap_max_ms` after it.
///
/// ```
/// use kirana_domain::time::first_stamp;
/// assert_eq!(first_stamp(700, Some(500), 1_000), 700);
/// assert_eq!(first_stamp(20, Some(500), 1_000), 500, "the wall clock is behind");
/// assert_eq!(first_stamp(9_999, Some(500), 1_000), 1_500, "it is far ahead");
/// assert_eq!(first_stamp(20, None, 1_000), 20, "there is nothing to check it against");
/// ```
pub fn first_stamp(wall_ms: AtMs, last_ms: Option<AtMs>, gap_max_ms: i64) -> AtMs {
    assert!(gap_max_ms >= 0, "a bound is not negative");
    last_ms.map_or(wall_ms, |last| wall_ms.clamp(last, last.saturating_add(gap_max_ms)))
}

/// A start before which more time went by than is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skip {
    /// The last moment before it.
    pub after_ms: AtMs,
    /// Time that is not counted; more than nothing.
    pub skipped_ms: i64,
}

/// The time of a log, as of its last record. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct LogTime {
    now_ms: AtMs,
    /// The first start that recorded its clock: its position and its time.
    steady: Option<(Lsn, AtMs)>,
    /// By time.
    skips: Arc<[Skip]>,
}

impl LogTime {
    /// Applies the next record.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) {
        self.now_ms = record.at_ms;
        let Event::EngineStarted { clock: Some(StartClock { gap_ms, .. }), .. } = record.event
        else {
            return;
        };
        self.steady.get_or_insert((lsn, record.at_ms));
        let skipped_ms = gap_ms - START_GAP_COUNTED_MS;
        if skipped_ms > 0 {
            let new = Skip { after_ms: record.at_ms.saturating_sub(gap_ms), skipped_ms };
            self.skips = self.skips.iter().copied().chain([new]).collect();
            // Nothing that is older than the oldest cart is asked for its age.
            let is_asked_for = |skip: &Skip| self.age_ms(skip.after_ms) <= CART_KEPT_MS;
            self.skips = self.skips().filter(is_asked_for).collect();
        }
    }

    /// Returns the time that has passed since a moment, for what ends after so long: without the
    /// time before starts that is not counted.
    pub fn age_ms(&self, then: AtMs) -> i64 {
        let skips = self.skips.iter().filter(|skip| skip.after_ms >= then);
        let skipped = skips.map(|skip| skip.skipped_ms).fold(0_i64, i64::saturating_add);
        self.now_ms.saturating_sub(then).saturating_sub(skipped)
    }

    /// Returns true right after the record with which times became steady: times before it that are
    /// later than it were wrong.
    pub fn began_at(&self, lsn: Lsn) -> bool {
        self.steady.is_some_and(|(first, _)| first == lsn)
    }

    /// Returns the position and the time from which on times never fall; `None` before.
    pub fn steady(&self) -> Option<(Lsn, AtMs)> {
        self.steady
    }

    /// Returns the starts with time that is not counted, by time. For checkpoints.
    pub fn skips(&self) -> impl Iterator<Item = Skip> {
        self.skips.iter().copied()
    }

    /// Builds the time of a log that is steady since then; `None` for starts out of order. For
    /// checkpoints.
    pub fn restore(steady: (Lsn, AtMs), skips: Vec<Skip>) -> Option<Self> {
        let is_sound = skips.is_sorted_by_key(|skip| skip.after_ms)
            && skips.iter().all(|skip| skip.skipped_ms > 0);
        is_sound.then(|| Self { now_ms: steady.1, steady: Some(steady), skips: skips.into() })
    }
}

#[cfg(test)]
mod tests;
