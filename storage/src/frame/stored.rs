//! A frame that owns its bytes, as one copy of a log hands it to the next.
//!
//! It is checked when it is made, so its receiver may pass the bytes on as they are, and reads
//! records without copying them.

use super::{Frame, FrameError, FrameHeader, HASH_BYTES, HEADER_BYTES, Hash};
use crate::{Batch, ChainMark, Lsn, Records};

/// A frame with its checked bytes. Its place in the chain is not checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFrame {
    header: FrameHeader,
    hash: Hash,
    bytes: Vec<u8>,
}

impl StoredFrame {
    /// Checks `bytes` to be exactly one whole frame, and keeps them.
    ///
    /// # Errors
    /// As [`Frame::decode`].
    pub fn check(bytes: Vec<u8>) -> Result<Self, FrameError> {
        let Frame { header, hash, .. } = Frame::decode(&bytes)?;
        debug_assert_eq!(bytes.last_chunk(), Some(&hash), "a frame ends with its hash");
        Ok(Self { header, hash, bytes })
    }

    /// Returns the frame at the front of `bytes`, checked, and the bytes after it.
    ///
    /// # Errors
    /// As [`Frame::decode`].
    pub fn split_first(bytes: &[u8]) -> Result<(Self, &[u8]), FrameError> {
        let (_, payload_bytes) = super::decode_header(bytes)?;
        let expected = super::OVERHEAD_BYTES + payload_bytes;
        let (frame, rest) = bytes
            .split_at_checked(expected)
            .ok_or(FrameError::WrongLength { actual: bytes.len(), expected })?;
        debug_assert_eq!(frame.len() + rest.len(), bytes.len(), "no byte is skipped");
        Ok((Self::check(frame.to_vec())?, rest))
    }

    /// Returns its fields besides its records.
    pub fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// Returns the hash of all its bytes, which the next frame carries.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Returns the bytes as they are stored.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the bytes as they are stored, in the memory of this frame.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Returns the position of its first record.
    pub fn first_lsn(&self) -> Lsn {
        self.header.first_lsn
    }

    /// Returns the position of its last record.
    pub fn last_lsn(&self) -> Lsn {
        self.header.last_lsn()
    }

    /// Returns the mark of the chain after it.
    pub fn mark(&self) -> ChainMark {
        self.as_frame().mark()
    }

    /// Returns the records with their positions, in order and where they lie.
    pub fn records(&self) -> Records<'_> {
        self.as_frame().records()
    }

    /// Returns the record at `lsn`, if this frame holds it.
    pub fn get(&self, lsn: Lsn) -> Option<&[u8]> {
        let index = lsn.0.checked_sub(self.first_lsn().0)?;
        self.records().nth(usize::try_from(index).ok()?).map(|(_, record)| record)
    }

    /// Returns the batch inside, copied.
    pub fn to_batch(&self) -> Batch {
        self.as_frame().to_batch()
    }

    /// Returns the batch inside, in the memory of this frame.
    pub fn into_batch(self) -> Batch {
        let FrameHeader { first_lsn, count, .. } = self.header;
        let mut payload = self.bytes;
        assert!(payload.len() >= HEADER_BYTES + HASH_BYTES, "`check` takes whole frames only");
        payload.truncate(payload.len() - HASH_BYTES);
        payload.drain(..HEADER_BYTES);
        Batch::from_checked_payload(first_lsn, count, payload)
    }

    /// Returns the same frame, borrowed.
    pub(crate) fn as_frame(&self) -> Frame<'_> {
        debug_assert_eq!(self.bytes.last_chunk(), Some(&self.hash), "the bytes never change");
        Frame { header: self.header, hash: self.hash, bytes: &self.bytes }
    }
}

impl From<Frame<'_>> for StoredFrame {
    /// Copies a frame that has been checked where it lies.
    fn from(frame: Frame<'_>) -> Self {
        Self { header: frame.header, hash: frame.hash, bytes: frame.bytes.to_vec() }
    }
}
