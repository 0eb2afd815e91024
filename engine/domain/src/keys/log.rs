//! The keys themselves, in the order of the log: numbered one after the other, from 0 again after
//! the highest number.

use super::KnownKey;
use crate::time::AtMs;
use std::collections::VecDeque;

/// Keys in one piece of memory.
const PIECE: usize = 1_024;
// It divides 2^32, so that pieces stand in step with the numbers also after the highest one.
const _: () = assert!(PIECE.is_power_of_two() && PIECE <= u32::MAX as usize);
// A number of a key is an index too.
const _: () = assert!(usize::BITS >= u32::BITS);

/// The keys in the order of the log, each with a number.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyLog {
    /// All full but the last.
    pieces: VecDeque<Vec<KnownKey>>,
    /// The number of the first key in memory.
    base: u32,
    /// Keys of the first piece that are forgotten: fewer than a full one, which is freed then.
    forgotten: usize,
}

impl KeyLog {
    /// Returns an empty log that gives its first key that number.
    #[cfg(test)]
    pub(super) fn from_number(base: u32) -> Self {
        assert_eq!(base as usize % PIECE, 0, "pieces stand in step with the numbers");
        Self { base, ..Self::default() }
    }

    /// Returns the number of keys.
    pub(super) fn len(&self) -> usize {
        let last = self.pieces.back().map_or(0, Vec::len);
        debug_assert!(self.forgotten < PIECE, "a piece whose keys are all forgotten is freed");
        self.pieces.len().saturating_sub(1) * PIECE + last - self.forgotten
    }

    /// Returns the key of a number that is remembered.
    pub(super) fn at(&self, number: u32) -> &KnownKey {
        let at = number.wrapping_sub(self.base) as usize;
        debug_assert!(at >= self.forgotten, "key {number} is forgotten");
        &self.pieces[at / PIECE][at % PIECE]
    }

    /// Returns the oldest key.
    pub(super) fn front(&self) -> Option<&KnownKey> {
        self.pieces.front()?.get(self.forgotten)
    }

    /// Adds a key and returns its number.
    pub(super) fn push(&mut self, key: KnownKey) -> u32 {
        if self.pieces.back().is_none_or(|last| last.len() == PIECE) {
            self.pieces.push_back(Vec::with_capacity(PIECE));
        }
        let at = self.forgotten + self.len();
        self.pieces.back_mut().expect("there is a piece").push(key);
        let at = u32::try_from(at).expect("fewer than 2^32 keys in 48 hours");
        let number = self.base.wrapping_add(at);
        debug_assert_eq!(self.at(number).id, key.id, "pairs with `at`");
        number
    }

    /// Takes the oldest key out, with its number.
    pub(super) fn pop(&mut self) -> Option<(u32, KnownKey)> {
        let oldest = *self.front()?;
        let at = u32::try_from(self.forgotten).expect("a piece is small");
        let number = self.base.wrapping_add(at);
        self.forgotten += 1;
        if self.forgotten == PIECE {
            self.pieces.pop_front();
            self.forgotten = 0;
            self.base = number.wrapping_add(1);
        }
        debug_assert_eq!(self.base as usize % PIECE, 0, "pieces stand in step with the numbers");
        Some((number, oldest))
    }

    /// Makes times that are later than `at_ms` that one: a wrong clock had said them.
    pub(super) fn bound(&mut self, at_ms: AtMs) {
        self.pieces.iter_mut().flatten().for_each(|key| key.at_ms = key.at_ms.min(at_ms));
    }

    /// Returns all keys, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &KnownKey> {
        self.pieces.iter().flatten().skip(self.forgotten)
    }
}
