//! A hash map that cannot be iterated by accident: its order differs from machine to machine, so
//! the only way to walk it is sorted by key.
#![allow(clippy::disallowed_types, reason = "wrapped so that iteration order cannot be seen")]

use foldhash::fast::RandomState;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// A map with constant-time look-up and no observable order. Keys are ids that the engine made or
/// hashed, or that staff gave, so a quick hash with a random seed is enough.
#[derive(Clone, Debug)]
pub struct FastMap<K, V>(HashMap<K, V, RandomState>);

impl<K, V> Default for FastMap<K, V> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash + Ord, V> FastMap<K, V> {
    /// Returns an empty map with room for that many keys.
    pub fn with_capacity(count: usize) -> Self {
        Self(HashMap::with_capacity_and_hasher(count, RandomState::default()))
    }

    /// Returns the value of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }

    /// Returns the value of a key, to change it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// Returns the value of a key; makes it first if the key is new.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.0.entry(key).or_insert_with(make)
    }

    /// Sets the value of a key; returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Takes a key out; returns its value.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    /// Returns the number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true when there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns all pairs in the order of their keys. Collects and sorts, so not for a hot path.
    pub fn sorted(&self) -> Vec<(&K, &V)> {
        let mut pairs: Vec<_> = self.0.iter().collect();
        pairs.sort_unstable_by(|left, right| left.0.cmp(right.0));
        // An unstable sort is one order only because no two keys are equal.
        debug_assert!(pairs.is_sorted_by(|left, right| left.0 < right.0), "`Ord` and `Eq` agree");
        pairs
    }
}
