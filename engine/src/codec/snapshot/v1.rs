//! Schema 1 of snapshots. Released shapes: never edit, never reorder; a new kind of row gets a shape
//! of its own. Things that the log has a shape for are stored in that one.
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

/// Returns a moment that is reckoned with.
fn moment(at_ms: i64) -> Result<AtMs> {
    const MOST_MS: i64 = YEARS_MAX * 366 * 24 * 60 * 60_000;
    if (-MOST_MS..=MOST_MS).contains(&at_ms) { Ok(at_ms) } else { Err("a moment out of time") }
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
