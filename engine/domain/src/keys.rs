//! Exactly once: which requests were answered, and where the log has the answer.
//!
//! A key is remembered for 48 hours, measured by the times in the records, so that a replay
//! forgets at the same record as the live engine did.

use crate::digest::Digester;
use crate::limits::KEY_KEPT_MS;
use crate::time::AtMs;
use crate::{FastMap, Lsn, Record};
use std::collections::VecDeque;

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

/// All keys of the last 48 hours.
#[derive(Clone, Debug, Default)]
pub struct KeyBook {
    entries: FastMap<[u8; 16], KeyEntry>,
    by_time: VecDeque<(AtMs, [u8; 16])>,
}

impl KeyBook {
    /// What a key stands for, if it is remembered.
    pub fn get(&self, id: &[u8; 16]) -> Option<&KeyEntry> {
        self.entries.get(id)
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True when none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Remembers the key of a record, and forgets those that are too old by its time.
    pub fn evolve(&mut self, lsn: Lsn, record: &Record) {
        while let Some((at_ms, id)) = self.by_time.front()
            && *at_ms < record.at_ms - KEY_KEPT_MS
        {
            self.entries.remove(id);
            self.by_time.pop_front();
        }
        if let Some(key) = record.key {
            let entry = KeyEntry { fingerprint: key.fingerprint, lsn };
            let before = self.entries.insert(key.id, entry);
            assert!(before.is_none(), "a key has one answer");
            self.by_time.push_back((record.at_ms, key.id));
        }
    }

    /// All keys with their times, in the order of the log. For checkpoints.
    pub fn by_time(&self) -> impl Iterator<Item = (AtMs, RequestKey, Lsn)> {
        self.by_time.iter().map(|(at_ms, id)| {
            let entry = self.entries.get(id).expect("a key is remembered as long as its time is");
            (*at_ms, RequestKey { id: *id, fingerprint: entry.fingerprint }, entry.lsn)
        })
    }

    /// The book of these keys, in the order of the log; `None` if one of them comes twice. For
    /// checkpoints.
    pub fn restore(keys: impl IntoIterator<Item = (AtMs, RequestKey, Lsn)>) -> Option<Self> {
        let mut book = Self::default();
        for (at_ms, RequestKey { id, fingerprint }, lsn) in keys {
            if book.entries.insert(id, KeyEntry { fingerprint, lsn }).is_some() {
                return None;
            }
            book.by_time.push_back((at_ms, id));
        }
        assert_eq!(book.entries.len(), book.by_time.len(), "a key has one time");
        Some(book)
    }

    pub(crate) fn write_to(&self, digest: &mut Digester) {
        digest.count(self.entries.len());
        // In the order of the log: there may be millions, and nothing needs them sorted.
        for (_, key, lsn) in self.by_time() {
            digest.bytes(&key.id).bytes(&key.fingerprint).unsigned(lsn.0);
        }
    }
}

#[cfg(test)]
mod tests;
