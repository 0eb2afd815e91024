//! Positions in the log and openings of the log, as types: neither can be mistaken for the
//! other, or for a count.

use std::fmt;

/// The position of one record in the log. The first record has 1; there are no gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// The end of an empty log. No record has this position.
    pub const ZERO: Self = Self(0);
    /// The position of the first record of every log.
    pub const FIRST: Self = Self(1);

    /// Returns the position after this one.
    #[must_use]
    pub fn next(self) -> Self {
        self.plus(1)
    }

    /// Returns the position before this one, which is not [`Lsn::ZERO`].
    #[must_use]
    pub fn previous(self) -> Self {
        assert!(self.0 > 0, "no position comes before that of the empty log");
        Self(self.0 - 1)
    }

    /// Returns the position `records` further on.
    #[must_use]
    pub fn plus(self, records: u64) -> Self {
        Self(self.0.checked_add(records).expect("a log holds fewer than 2^64 records"))
    }

    /// Returns the number of records after `earlier`, up to and with this one; 0 if `earlier` is
    /// later.
    pub fn records_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

// The log has no gap at its start either.
const _: () = assert!(Lsn::ZERO.0 + 1 == Lsn::FIRST.0);

/// The number of an opening of the log. Each opening raises it by one; it never falls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u32);

impl Epoch {
    /// Returns the epoch of the opening after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add(1).expect("a log is opened fewer than 2^32 times"))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_record_follows_the_empty_log() {
        assert_eq!(Lsn::ZERO.next(), Lsn::FIRST);
        assert_eq!(Lsn::FIRST.previous(), Lsn::ZERO);
        assert_eq!(Lsn(7).records_since(Lsn(4)), 3);
        assert_eq!(Lsn(4).records_since(Lsn(7)), 0);
        assert_eq!(format!("{} {}", Lsn(12), Epoch(3)), "12 3");
    }
}
