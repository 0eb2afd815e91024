//! What is appended whole: a run of records with consecutive positions.
//!
//! The payload is laid out as it goes to disk (`u32` little-endian length, then the bytes, again
//! and again), so that a record is encoded once, straight into its place, and never copied again.

use std::fmt;

use crate::Lsn;

/// The most payload bytes of one batch, record lengths included.
///
/// With the frame around it a batch stays under 96 KiB, which sled keeps inside its pages; larger
/// values go to separate files that it never syncs.
pub const BATCH_BYTES_MAX: usize = 88 * 1_024;

/// The most bytes of one record.
pub const RECORD_BYTES_MAX: usize = 64 * 1_024;

/// The bytes in front of each record: its length.
pub(crate) const RECORD_PREFIX_BYTES: usize = size_of::<u32>();

// An empty batch takes any record, so a caller that starts the next batch always gets on.
const _: () = assert!(RECORD_PREFIX_BYTES + RECORD_BYTES_MAX <= BATCH_BYTES_MAX);
const _: () = assert!(BATCH_BYTES_MAX <= u32::MAX as usize);

/// Why a record was not taken. The batch is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// The record does not fit behind the others: append this batch and push to the next.
    BatchFull,
    /// The record fits in no batch.
    TooLarge {
        /// Bytes of the record.
        actual: usize,
        /// [`RECORD_BYTES_MAX`].
        max: usize,
    },
}

impl fmt::Display for PushError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BatchFull => write!(out, "the batch is full; the record goes into the next"),
            Self::TooLarge { actual, max } => {
                write!(out, "the record has {actual} bytes and a record may have {max}")
            }
        }
    }
}

impl std::error::Error for PushError {}

/// Records that are durable together or not at all. A record is opaque bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    first_lsn: Lsn,
    count: u32,
    payload: Vec<u8>,
}

/// A place in a batch that is being filled.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    count: u32,
    bytes: usize,
}

impl Batch {
    /// An empty batch whose first record will have `first_lsn`, which is at least 1.
    pub fn new(first_lsn: Lsn) -> Self {
        assert!(first_lsn >= Lsn::FIRST, "records are numbered from 1");
        Self { first_lsn, count: 0, payload: Vec::new() }
    }

    /// An empty batch with room for `bytes` of payload, so that it need not grow.
    pub fn with_capacity(first_lsn: Lsn, bytes: usize) -> Self {
        let mut batch = Self::new(first_lsn);
        batch.payload.reserve_exact(bytes.min(BATCH_BYTES_MAX));
        batch
    }

    /// From a payload that [`records_count`] has found to hold exactly `count` records.
    pub(crate) fn from_checked_payload(first_lsn: Lsn, count: u32, payload: Vec<u8>) -> Self {
        assert!(count > 0, "a stored batch holds a record");
        assert!(payload.len() <= BATCH_BYTES_MAX, "a stored batch is within its bound");
        Self { first_lsn, count, payload }
    }

    /// Adds the record that `encode` appends to the buffer it is given, and answers its position.
    ///
    /// `encode` must only append. On an error the batch is as before.
    ///
    /// # Errors
    /// [`PushError::BatchFull`] if other records leave no room; [`PushError::TooLarge`] if no batch
    /// would have room.
    pub fn try_push_with(&mut self, encode: impl FnOnce(&mut Vec<u8>)) -> Result<Lsn, PushError> {
        let start = self.payload.len();
        let body = start + RECORD_PREFIX_BYTES;
        self.payload.extend_from_slice(&[0; RECORD_PREFIX_BYTES]);
        encode(&mut self.payload);
        assert!(self.payload.len() >= body, "an encoder appends and never takes away");

        let record_bytes = self.payload.len() - body;
        if let Err(error) = self.room_for(start, record_bytes) {
            self.payload.truncate(start);
            return Err(error);
        }
        let length = u32::try_from(record_bytes).expect("RECORD_BYTES_MAX fits in u32");
        self.payload[start..body].copy_from_slice(&length.to_le_bytes());
        self.count += 1;
        Ok(self.last_lsn())
    }

    /// Adds a record that is already bytes, and answers its position.
    ///
    /// # Errors
    /// As [`Batch::try_push_with`].
    pub fn try_push(&mut self, record: &[u8]) -> Result<Lsn, PushError> {
        self.room_for(self.payload.len(), record.len())?;
        self.try_push_with(|payload| payload.extend_from_slice(record))
    }

    fn room_for(&self, used_bytes: usize, record_bytes: usize) -> Result<(), PushError> {
        if record_bytes > RECORD_BYTES_MAX {
            return Err(PushError::TooLarge { actual: record_bytes, max: RECORD_BYTES_MAX });
        }
        if used_bytes + RECORD_PREFIX_BYTES + record_bytes > BATCH_BYTES_MAX {
            assert!(!self.is_empty(), "an empty batch takes any record");
            return Err(PushError::BatchFull);
        }
        Ok(())
    }

    /// Where the batch stands now, for [`Batch::rewind`].
    pub fn mark(&self) -> Mark {
        Mark { count: self.count, bytes: self.payload.len() }
    }

    /// Takes everything back that was added after `mark` was taken of this very batch.
    pub fn rewind(&mut self, mark: Mark) {
        assert!(mark.count <= self.count && mark.bytes <= self.payload.len(), "a later mark");
        self.count = mark.count;
        self.payload.truncate(mark.bytes);
    }

    /// The position of the first record, also while there is none.
    pub fn first_lsn(&self) -> Lsn {
        self.first_lsn
    }

    /// The position of the last record; of an empty batch, the one before its first.
    pub fn last_lsn(&self) -> Lsn {
        self.first_lsn.plus(u64::from(self.count)).previous()
    }

    /// How many records there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Bytes of the payload, record lengths included; at most [`BATCH_BYTES_MAX`].
    pub fn bytes_len(&self) -> usize {
        self.payload.len()
    }

    /// The payload as it goes to disk.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The records with their positions, in order.
    pub fn records(&self) -> Records<'_> {
        Records::of_payload(self.first_lsn, &self.payload)
    }

    /// The record at `lsn`, if this batch holds it.
    pub fn get(&self, lsn: Lsn) -> Option<&[u8]> {
        let index = lsn.0.checked_sub(self.first_lsn.0)?;
        self.records().nth(usize::try_from(index).ok()?).map(|(_, record)| record)
    }
}

/// The records of a batch with their positions; made by [`Batch::records`] and
/// [`StoredFrame::records`](crate::StoredFrame::records).
#[derive(Clone, Debug)]
pub struct Records<'a> {
    next_lsn: Lsn,
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// The records of a payload that [`records_count`] has found to be whole.
    pub(crate) fn of_payload(first_lsn: Lsn, payload: &'a [u8]) -> Self {
        Self { next_lsn: first_lsn, rest: payload }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = (Lsn, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let (record, rest) = split_record(self.rest).expect("a payload is checked when it is read");
        let lsn = self.next_lsn;
        self.next_lsn = lsn.next();
        self.rest = rest;
        Some((lsn, record))
    }
}

/// How many records a payload holds, or nothing if its lengths do not add up.
pub(crate) fn records_count(payload: &[u8]) -> Option<u32> {
    let mut rest = payload;
    let mut count = 0;
    while !rest.is_empty() {
        (_, rest) = split_record(rest)?;
        count += 1;
    }
    Some(count)
}

/// The first record and what follows it.
fn split_record(payload: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = payload.split_first_chunk::<RECORD_PREFIX_BYTES>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if length > RECORD_BYTES_MAX {
        return None;
    }
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests;
