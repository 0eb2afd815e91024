//! Schema 1 of snapshots. Released shapes: never edit, never reorder; a new kind of row gets a shape
//! of its own. What the log has a shape for is stored in that one.
//!
//! As in the log, texts are borrowed and nothing is checked here but what the domain's types and
//! books rely on.

pub(super) mod money;
pub(super) mod orders;
pub(super) mod people;
pub(super) mod shop;

use kirana_domain::Lsn;
use kirana_domain::time::AtMs;

type Result<T> = std::result::Result<T, &'static str>;

/// Years on both sides of 1970 within which a moment may be: reckoning with it cannot overflow.
const YEARS_MAX: i64 = 100_000;

/// A moment that is reckoned with.
fn moment(at_ms: i64) -> Result<AtMs> {
    const MOST_MS: i64 = YEARS_MAX * 366 * 24 * 60 * 60_000;
    if (-MOST_MS..=MOST_MS).contains(&at_ms) { Ok(at_ms) } else { Err("a moment out of time") }
}

/// Positions of facts: at least one, each after the one before.
fn lsns(stored: &[u64]) -> Result<impl ExactSizeIterator<Item = Lsn>> {
    if stored.is_empty() || !stored.is_sorted_by(|one, other| one < other) {
        return Err("an order has facts, each after the one before");
    }
    Ok(stored.iter().copied().map(Lsn))
}
