//! Schema 1 of snapshots. Released shapes: never edit, never reorder; a new kind of row gets a
//! shape of its own. Things that the log has a shape for are stored in that one.
//!
//! As in the log, texts are borrowed and nothing is checked here but what the domain's types and
//! books rely on.

pub(super) mod loose;
pub(super) mod money;
pub(super) mod orders;
pub(super) mod people;
pub(super) mod shop;

use kirana_domain::Lsn;
use kirana_domain::time::{AtMs, LogTime, Skip};
use serde::{Deserialize, Serialize};

type Result<T> = std::result::Result<T, &'static str>;

/// Years on both sides of 1970 within which a moment may be: reckoning with it cannot overflow.
const YEARS_MAX: i64 = 100_000;

/// Returns a moment that is reckoned with.
fn moment(at_ms: i64) -> Result<AtMs> {
    const MOST_MS: i64 = YEARS_MAX * 366 * 24 * 60 * 60_000;
    if (-MOST_MS..=MOST_MS).contains(&at_ms) { Ok(at_ms) } else { Err("a moment out of time") }
}

/// The time of a log: the first start that recorded its clock (position and time), and the starts
/// with time that is not counted (the last moment before, and how long).
#[derive(Serialize, Deserialize)]
pub(super) struct Time {
    steady: (u64, i64),
    skips: Vec<(i64, i64)>,
}

impl Time {
    /// Returns the shape; `None` while times may fall.
    pub(super) fn of(time: &LogTime) -> Option<Self> {
        let (lsn, at_ms) = time.steady()?;
        let skips = time.skips().map(|Skip { after_ms, skipped_ms }| (after_ms, skipped_ms));
        Some(Self { steady: (lsn.0, at_ms), skips: skips.collect() })
    }

    pub(super) fn parse(&self) -> Result<LogTime> {
        let skip = |(after_ms, skipped_ms): &(i64, i64)| {
            Ok(Skip { after_ms: moment(*after_ms)?, skipped_ms: *skipped_ms })
        };
        let skips = self.skips.iter().map(skip).collect::<Result<_>>()?;
        let steady = (Lsn(self.steady.0), moment(self.steady.1)?);
        LogTime::restore(steady, skips).ok_or("starts out of order")
    }
}

/// Returns the stored positions of an order's facts.
fn stored_lsns(lsns: &[Lsn]) -> Vec<u64> {
    // Pairs with the check in `lsns`: others could not be read again.
    assert!(are_facts(lsns), "an order has facts, and they come in the order of the log");
    lsns.iter().map(|lsn| lsn.0).collect()
}

/// Returns the positions of an order's facts.
fn lsns(stored: &[u64]) -> Result<impl ExactSizeIterator<Item = Lsn>> {
    if !are_facts(stored) {
        return Err("an order has facts, each after the one before");
    }
    Ok(stored.iter().copied().map(Lsn))
}

/// Returns true for at least one position, each after the one before.
fn are_facts<T: Ord>(positions: &[T]) -> bool {
    !positions.is_empty() && positions.is_sorted_by(|one, other| one < other)
}
