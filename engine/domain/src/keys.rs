//! Exactly once: which requests were answered, and where the log has the answer.
//!
//! A key is remembered for 48 hours, measured by the times in the records, so that a replay
//! forgets at the same record as the live engine did.

mod log;

use crate::digest::Digester;
use crate::limits::KEY_KEPT_MS;
use crate::time::AtMs;
use crate::{Lsn, Record};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use log::{KeyLog, Remembered};
use std::hash::BuildHasher;

/// A request as the log remembers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Hash of the key with its scope: subject, method and route.
    pub id: [u8; 16],
    /// Hash of what was asked: method, path, subject and body.
    pub fingerprint: [u8; 16],
}

/// What a key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// Hash of what was asked: another one under the same key is a mistake of the client.
    pub fingerprint: [u8; 16],
    /// Where the answer is.
    pub lsn: Lsn,
}

/// All keys of the last 48 hours: there may be millions, each some sixty bytes. It grows by a small
/// piece at a time, so that nobody waits for all of it to be moved.
#[derive(Clone, Debug, Default)]
pub struct KeyBook {
    log: KeyLog,
    /// Where the keys stand in `log`, each table for its share of them.
    tables: Box<[HashTable<Place>; TABLES]>,
    hashing: RandomState,
}

/// How many tables share the keys. A power of two.
const TABLES: usize = 32;

/// Where a key is, with its hash, so that a table grows without a look at the keys.
#[derive(Clone, Copy, Debug)]
struct Place {
    hash: u32,
    number: u32,
}

impl Place {
    /// What the tables go by: the hash in all of the places that they look at.
    fn spread(self) -> u64 {
        u64::from(self.hash) << 32 | u64::from(self.hash)
    }
}

impl KeyBook {
    /// What a key stands for, if it is remembered.
    pub fn get(&self, id: &[u8; 16]) -> Option<&KeyEntry> {
        let wanted = Place { hash: self.hash_of(id), number: 0 };
        let is_it = |it: &Place| it.hash == wanted.hash && self.log.at(it.number).id == *id;
        let place = self.tables[table_of(wanted.hash)].find(wanted.spread(), is_it)?;
        Some(&self.log.at(place.number).entry)
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.log.len()
    }

    /// True when none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Remembers the key of a record, and forgets those that are too old by its time.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) {
        while let Some(oldest) = self.log.front()
            && oldest.at_ms < record.at_ms - KEY_KEPT_MS
        {
            self.forget_oldest();
        }
        if let Some(key) = record.key {
            let is_new = self.add(record.at_ms, key, lsn);
            assert!(is_new, "a key has one answer");
        }
    }

    /// All keys with their times, in the order of the log. For checkpoints.
    pub fn by_time(&self) -> impl Iterator<Item = (AtMs, RequestKey, Lsn)> {
        self.log.iter().map(|Remembered { at_ms, id, entry: KeyEntry { fingerprint, lsn } }| {
            (*at_ms, RequestKey { id: *id, fingerprint: *fingerprint }, *lsn)
        })
    }

    /// Remembers the next key in the order of the log; answers false if it is remembered already.
    pub fn add(&mut self, at_ms: AtMs, key: RequestKey, lsn: Lsn) -> bool {
        let RequestKey { id, fingerprint } = key;
        if self.get(&id).is_some() {
            return false;
        }
        let number = self.log.push(Remembered { at_ms, id, entry: KeyEntry { fingerprint, lsn } });
        let place = Place { hash: self.hash_of(&id), number };
        let table = &mut self.tables[table_of(place.hash)];
        table.insert_unique(place.spread(), place, |place| place.spread());
        true
    }

    fn forget_oldest(&mut self) {
        let Some((number, Remembered { id, .. })) = self.log.pop() else { return };
        let place = Place { hash: self.hash_of(&id), number };
        let table = &mut self.tables[table_of(place.hash)];
        let found = table.find_entry(place.spread(), |it| it.number == number);
        _ = found.expect("a key is found as long as it is remembered").remove();
    }

    #[allow(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
    fn hash_of(&self, id: &[u8; 16]) -> u32 {
        self.hashing.hash_one(id) as u32
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.len());
        // In the order of the log: there may be millions, and nothing needs them sorted.
        for Remembered { id, entry: KeyEntry { fingerprint, lsn }, .. } in self.log.iter() {
            digest.bytes(id).bytes(fingerprint).unsigned(lsn.0);
        }
    }
}

/// Not by the bits that a table looks at first.
fn table_of(hash: u32) -> usize {
    (hash >> 16) as usize % TABLES
}

#[cfg(test)]
mod tests;
