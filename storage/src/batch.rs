//! A batch: consecutive records that are appended as a whole.
//!
//! The payload is laid out as it goes to disk: for each record its length (`u32` little-endian),
//! then its bytes. So a record is encoded once, straight into its place, and never copied again.

use std::fmt;

use crate::Lsn;

/// The most payload bytes of a batch, record lengths included.
///
/// With the frame around it a batch stays under 96 KiB, which sled keeps inside its pages; larger
/// values go to separate files that it never syncs.
pub const BATCH_BYTES_MAX: usize = 88 * 1_024;

/// The most bytes of a record.
pub const RECORD_BYTES_MAX: usize = 64 * 1_024;

/// Bytes of the length in front of each record.
pub(crate) const RECORD_PREFIX_BYTES: usize = size_of::<u32>();

// An empty batch takes any record, so a caller that starts the next batch always makes progress.
const _: () = assert!(RECORD_PREFIX_BYTES + RECORD_BYTES_MAX <= BATCH_BYTES_MAX);
// Frames store the length of the payload, and payloads the length of a record, as u32.
const _: () = assert!(BATCH_BYTES_MAX <= u32::MAX as usize);
// So a payload has fewer records than fit into the count of a frame, even if all are empty.
const _: () = assert!(BATCH_BYTES_MAX / RECORD_PREFIX_BYTES < u32::MAX as usize);

/// The reason why a batch refused a record. The batch is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PushError {
    /// The record does not fit behind the others: append this batch and push it to the next.
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
            Self::BatchFull => {
                write!(out, "the batch is full; append it and push the record to the next one")
            }
            Self::TooLarge { actual, max } => {
                write!(out, "the record has {actual} bytes and must have at most {max}")
            }
        }
    }
}

impl std::error::Error for PushError {}

/// Records that become durable together or not at all. A record is opaque bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    first_lsn: Lsn,
    count: u32,
    payload: Vec<u8>,
}

/// A place in a batch that is being filled, to which it can be rewound.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    count: u32,
    bytes: usize,
}

impl Batch {
    /// Creates an empty batch whose first record will have `first_lsn`, which is at least 1.
    pub fn new(first_lsn: Lsn) -> Self {
        assert!(first_lsn >= Lsn::FIRST, "records are numbered from 1");
        Self { first_lsn, count: 0, payload: Vec::new() }
    }

    /// Creates an empty batch with room for `bytes` of payload, so that it need not grow.
    pub fn with_capacity(first_lsn: Lsn, bytes: usize) -> Self {
        let mut batch = Self::new(first_lsn);
        batch.payload.reserve_exact(bytes.min(BATCH_BYTES_MAX));
        batch
    }

    /// Creates a batch from a payload that [`records_count`] has found to hold `count` records.
    pub(crate) fn from_checked_payload(first_lsn: Lsn, count: u32, payload: Vec<u8>) -> Self {
        assert!(count > 0, "a stored batch holds a record");
        assert!(payload.len() <= BATCH_BYTES_MAX, "a stored batch is within its bound");
        debug_assert_eq!(records_count(&payload), Some(count), "`records` relies on it");
        Self { first_lsn, count, payload }
    }

    /// Adds the record that `encode` appends to its argument, and returns the record's position.
    ///
    /// `encode` must only append. After an error the batch is as before.
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
        // Pairs with `from_checked_payload` and `frame::encode`, which rely on this bound.
        debug_assert!(self.payload.len() <= BATCH_BYTES_MAX, "`room_for` has checked the bound");
        Ok(self.last_lsn())
    }

    /// Adds a record that is already bytes, and returns its position.
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

    /// Returns the present end of the batch, for [`Batch::rewind`].
    pub fn mark(&self) -> Mark {
        Mark { count: self.count, bytes: self.payload.len() }
    }

    /// Removes every record that was added after `mark` was taken of this very batch.
    pub fn rewind(&mut self, mark: Mark) {
        assert!(
            mark.count <= self.count && mark.bytes <= self.payload.len(),
            "a mark of another batch or of a later state would add records"
        );
        self.count = mark.count;
        self.payload.truncate(mark.bytes);
        debug_assert_eq!(
            records_count(&self.payload),
            Some(self.count),
            "marks lie between records"
        );
    }

    /// Returns the position of the first record, also while there is none.
    pub fn first_lsn(&self) -> Lsn {
        self.first_lsn
    }

    /// Returns the position of the last record; of an empty batch, the one before its first.
    pub fn last_lsn(&self) -> Lsn {
        self.first_lsn.plus(u64::from(self.count)).previous()
    }

    /// Returns the number of records.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Returns whether there is no record yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Returns the bytes of the payload, record lengths included; at most [`BATCH_BYTES_MAX`].
    pub fn bytes_len(&self) -> usize {
        self.payload.len()
    }

    /// Returns the payload as it goes to disk.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Returns the records with their positions, in order.
    pub fn records(&self) -> Records<'_> {
        Records::of_payload(self.first_lsn, &self.payload)
    }

    /// Returns the record at `lsn`, if this batch holds it.
    pub fn get(&self, lsn: Lsn) -> Option<&[u8]> {
        let index = lsn.0.checked_sub(self.first_lsn.0)?;
        self.records().nth(usize::try_from(index).ok()?).map(|(_, record)| record)
    }
}

/// An iterator over records with their positions; made by [`Batch::records`] and
/// [`StoredFrame::records`](crate::StoredFrame::records).
#[derive(Clone, Debug)]
pub struct Records<'a> {
    next_lsn: Lsn,
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    /// Iterates over the records of a payload that [`records_count`] has found to be whole.
    pub(crate) fn of_payload(first_lsn: Lsn, payload: &'a [u8]) -> Self {
        debug_assert!(first_lsn >= Lsn::FIRST, "records are numbered from 1");
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
        debug_assert!(record.len() <= RECORD_BYTES_MAX, "`split_record` refuses a longer record");
        Some((lsn, record))
    }
}

/// Returns the number of records in a payload; `None` if its lengths do not add up.
pub(crate) fn records_count(payload: &[u8]) -> Option<u32> {
    let mut rest = payload;
    let mut count = 0;
    while !rest.is_empty() {
        (_, rest) = split_record(rest)?;
        count += 1;
    }
    Some(count)
}

/// Splits off the first record; `None` if its length is beyond the bound or the payload.
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
