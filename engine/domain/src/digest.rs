//! A fingerprint of state: two states are equal exactly when their digests are.
//!
//! A replay, a checkpoint and another machine prove with it that they have the same state.

use std::fmt;

/// The BLAKE3 hash of the state, written out in one canonical order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A collector of values for a [`Digest`]. Each text is preceded by its length, each list by its
/// count, so that no two different states write the same bytes.
#[derive(Default)]
pub struct Digester(blake3::Hasher);

// A count is widened and never cut, so a digest is the same on machines of every word size.
const _: () = assert!(usize::BITS <= u64::BITS);
const _: () = assert!(size_of::<Digest>() == blake3::OUT_LEN);

impl Digester {
    /// Adds whole numbers.
    pub fn numbers(&mut self, numbers: &[i64]) -> &mut Self {
        for number in numbers {
            self.0.update(&number.to_le_bytes());
        }
        self
    }

    /// Adds a number that has no sign.
    pub fn unsigned(&mut self, number: u64) -> &mut Self {
        self.0.update(&number.to_le_bytes());
        self
    }

    /// Adds a count, ahead of that many items.
    pub fn count(&mut self, count: usize) -> &mut Self {
        self.unsigned(count as u64)
    }

    /// Adds bytes with their length.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len());
        self.0.update(bytes);
        self
    }

    /// Adds an id.
    pub fn id(&mut self, id: uuid::Uuid) -> &mut Self {
        self.0.update(id.as_bytes());
        self
    }

    /// Returns the digest of all that was added.
    pub fn finish(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}
