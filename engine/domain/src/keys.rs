//! Exactly once: the keys of requests that were answered, with the positions of their answers.
//!
//! A key is remembered for 48 hours, measured by the times in the records ([`LogTime`]), so that a
//! replay forgets at the same record as the live engine did.

mod log;
mod room;

pub use room::NoRoom;

use crate::digest::Digester;
use crate::limits::{KEY_BYTES_MAX, KEY_KEPT_MS};
use crate::time::{AtMs, LogTime};
use crate::{Event, FastMap, Lsn, PersonId, Record};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use log::KeyLog;
use std::hash::BuildHasher;

/// A request as the log remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Hash of the key with its scope: subject, method and route.
    pub id: [u8; 16],
    /// Hash of the request: method, path, subject and body.
    pub fingerprint: [u8; 16],
}

/// The answered request of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// Hash of the request: another one under the same key is a mistake of the client.
    pub fingerprint: [u8; 16],
    /// The position of its answer.
    pub lsn: Lsn,
}

/// A key with all that is remembered of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// The time of its record.
    pub at_ms: AtMs,
    /// Hash of the key with its scope.
    pub id: [u8; 16],
    /// The answered request.
    pub entry: KeyEntry,
    /// Its caller; `None` for a key of a checkpoint of an older release.
    pub by: Option<PersonId>,
    /// True when the answer was a refusal.
    pub is_refusal: bool,
}

/// All keys of the last 48 hours: there may be millions, each of at most [`KEY_BYTES_MAX`]. It
/// grows by a small piece at a time, so that no request waits for all of it to be moved.
#[derive(Clone, Debug, Default)]
pub struct KeyBook {
    log: KeyLog,
    /// Room that the keys of each caller take of their share. In no digest, as the callers.
    used: FastMap<PersonId, u64>,
    /// Places of the keys in `log`, each table for its share of them.
    tables: Box<[HashTable<Place>; TABLES]>,
    hashing: RandomState,
}

/// Tables that share the keys.
const TABLES: usize = 32;
// `table_of` takes the share from 16 bits of a hash, which are even only for a power of two.
const _: () = assert!(TABLES.is_power_of_two() && TABLES <= 1 << 16);
// A table of `hashbrown` has a byte beside each place, and is 7/16 full after it has grown. In the
// worst case each key is of a caller of its own.
const _: () = assert!(
    size_of::<KnownKey>()
        + ((size_of::<Place>() + 1) + (size_of::<(PersonId, u64)>() + 1)) * 16 / 7
        <= KEY_BYTES_MAX
);

/// The place of a key, with its hash, so that a table grows without reading the keys.
#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u32,
    number: u32,
}

impl Place {
    /// Returns the hash for the tables: in both of the places that they look at.
    fn spread(self) -> u64 {
        u64::from(self.hash) << 32 | u64::from(self.hash)
    }
}

impl KeyBook {
    /// Returns the answered request of a key, if it is remembered.
    pub fn get(&self, id: &[u8; 16]) -> Option<&KeyEntry> {
        let wanted = Place { hash: self.hash_of(id), number: 0 };
        let is_it = |it: &Place| it.hash == wanted.hash && self.log.at(it.number).id == *id;
        let place = self.tables[table_of(wanted.hash)].find(wanted.spread(), is_it)?;
        debug_assert_eq!(self.log.at(place.number).id, *id, "a hash alone is no proof");
        Some(&self.log.at(place.number).entry)
    }

    /// Returns the number of keys that are remembered.
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// Returns true when no key is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Remembers the key of a record, and forgets those that are too old; `time` is as of it.
    ///
    /// # Panics
    /// For a key that is remembered already.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record, time: &LogTime) {
        if time.began_at(lsn) {
            self.log.bound(record.at_ms);
        }
        while let Some(oldest) = self.log.front()
            && time.age_ms(oldest.at_ms) > KEY_KEPT_MS
        {
            self.forget_oldest();
        }
        debug_assert!(
            self.log.front().is_none_or(|oldest| time.age_ms(oldest.at_ms) <= KEY_KEPT_MS),
            "a replay forgets at the same record"
        );
        if let Some(RequestKey { id, fingerprint }) = record.key {
            let is_new = self.add(KnownKey {
                at_ms: record.at_ms,
                id,
                entry: KeyEntry { fingerprint, lsn },
                by: Some(record.by.person_id),
                is_refusal: matches!(record.event, Event::CommandRefused { .. }),
            });
            assert!(is_new, "a key has one answer");
        }
    }

    /// Returns all keys, in the order of the log. For checkpoints.
    pub fn by_time(&self) -> impl Iterator<Item = &KnownKey> {
        self.log.iter()
    }

    /// Remembers the next key in the order of the log. Returns false if it is remembered already.
    pub fn add(&mut self, key: KnownKey) -> bool {
        let KnownKey { id, entry: KeyEntry { lsn, .. }, .. } = key;
        if self.get(&id).is_some() {
            return false;
        }
        self.take_room(&key);
        let number = self.log.push(key);
        let place = Place { hash: self.hash_of(&id), number };
        let table = &mut self.tables[table_of(place.hash)];
        table.insert_unique(place.spread(), place, |place| place.spread());
        debug_assert_eq!(self.get(&id).map(|entry| entry.lsn), Some(lsn), "a retry finds it");
        true
    }

    /// Forgets the oldest key.
    fn forget_oldest(&mut self) {
        let Some((number, key)) = self.log.pop() else { return };
        self.give_room_back(&key);
        let id = key.id;
        let place = Place { hash: self.hash_of(&id), number };
        let table = &mut self.tables[table_of(place.hash)];
        let found = table.find_entry(place.spread(), |it| it.number == number);
        _ = found.expect("a key is found as long as it is remembered").remove();
        debug_assert!(self.get(&id).is_none(), "a key stands in its table once");
    }

    /// Returns the hash of a key; differs from process to process.
    #[allow(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
    fn hash_of(&self, id: &[u8; 16]) -> u32 {
        self.hashing.hash_one(id) as u32
    }

    /// Writes all keys to a digest.
    pub(crate) fn write_to(&self, digest: &mut Digester) {
        let in_tables: usize = self.tables.iter().map(HashTable::len).sum();
        debug_assert_eq!(in_tables, self.len(), "each key that is remembered can be found");
        digest.count(self.len());
        // In the order of the log: there may be millions, and nothing needs them sorted.
        for KnownKey { id, entry: KeyEntry { fingerprint, lsn }, .. } in self.log.iter() {
            digest.bytes(id).bytes(fingerprint).unsigned(lsn.0);
        }
    }
}

/// Returns the table of a hash. It goes by other bits than those that a table looks at first.
fn table_of(hash: u32) -> usize {
    (hash >> 16) as usize % TABLES
}

#[cfg(test)]
mod tests;
