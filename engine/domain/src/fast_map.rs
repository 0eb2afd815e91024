//! A hash map that nobody can iterate by accident: its order differs from machine to machine,
//! so the only way to walk it is sorted by key.
#![allow(clippy::disallowed_types, reason = "wrapped so that iteration order cannot be seen")]

use foldhash::fast::RandomState;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// Constant-time look-up without an observable order. Keys are ids that we made or hashed, or
/// that staff gave, so a quick hash with a random seed is enough.
#[derive(Clone, Debug)]
pub struct FastMap<K, V>(HashMap<K, V, RandomState>);

impl<K, V> Default for FastMap<K, V> {
    fn default() -> Self {
        Self(HashMap::default())
    }
}

impl<K: Eq + Hash + Ord, V> FastMap<K, V> {
    /// One with room for so many keys.
    pub fn with_capacity(count: usize) -> Self {
        Self(HashMap::with_capacity_and_hasher(count, RandomState::default()))
    }

    /// The value of a key.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }

    /// The value of a key, to change it.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.0.get_mut(key)
    }

    /// The value of a key, made first if it is new.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        self.0.entry(key).or_insert_with(make)
    }

    /// Sets the value of a key; answers the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.0.insert(key, value)
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.0.remove(key)
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All pairs in the order of their keys: collects and sorts, so not for a hot path.
    pub fn sorted(&self) -> Vec<(&K, &V)> {
        let mut pairs: Vec<_> = self.0.iter().collect();
        pairs.sort_unstable_by(|left, right| left.0.cmp(right.0));
        pairs
    }
}
