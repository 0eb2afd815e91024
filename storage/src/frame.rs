//! A frame: one batch as bytes on disk. `FORMAT.md` draws them.
//!
//! A frame names its log and the opening that wrote it, and carries the hash of the frame before
//! it. Its own hash at the end is both its checksum and the link that the next frame carries, so a
//! log is one chain from its id to its last record.

mod stored;

use std::fmt;

pub use stored::StoredFrame;

use crate::batch::{BATCH_BYTES_MAX, records_count};
use crate::{Batch, ChainMark, Epoch, Lsn, Records};

/// The version of the layout of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum FormatVersion {
    /// The first.
    V1 = 1,
}

impl FormatVersion {
    /// The version that this program writes.
    pub const CURRENT: Self = Self::V1;
}

/// The first four bytes of every frame.
pub const MAGIC: [u8; 4] = *b"KFRM";

/// Bytes of a hash.
pub const HASH_BYTES: usize = 32;

/// Bytes in front of the payload.
pub const HEADER_BYTES: usize = 84;

/// Bytes of a frame around its payload.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + HASH_BYTES;

/// The most bytes of a frame.
pub const FRAME_BYTES_MAX: usize = BATCH_BYTES_MAX + OVERHEAD_BYTES;

// As `FORMAT.md` draws it: magic, version, log id, epoch, count, two numbers, payload bytes, hash.
const _: () = assert!(HEADER_BYTES == 4 + 4 + 16 + 4 + 4 + 8 + 8 + 4 + HASH_BYTES);
// sled keeps values of this size inside its pages; see `BATCH_BYTES_MAX`.
const _: () = assert!(FRAME_BYTES_MAX < 96 * 1_024);

/// A blake3 hash: of a whole frame, or the start of a chain.
pub type Hash = [u8; HASH_BYTES];

/// The id of a log: 16 random bytes made at its creation.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogId(pub [u8; 16]);

impl LogId {
    /// Returns the hash that the first frame of this log carries in place of that of a frame
    /// before.
    pub fn genesis_hash(&self) -> Hash {
        blake3::derive_key("kirana log v1 genesis", &self.0)
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "LogId({self})")
    }
}

/// The fields of a frame besides its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The log that the frame belongs to.
    pub log_id: LogId,
    /// The opening that wrote it.
    pub epoch: Epoch,
    /// The number of the batch: 1 for the first of the log, without gaps.
    pub batch_number: u64,
    /// The position of its first record.
    pub first_lsn: Lsn,
    /// The number of records; at least 1.
    pub count: u32,
    /// The hash of the frame before it, or [`LogId::genesis_hash`].
    pub previous_hash: Hash,
}

impl FrameHeader {
    /// Returns the position of the last record.
    pub fn last_lsn(&self) -> Lsn {
        debug_assert!(self.count > 0, "`Frame::decode` refuses a frame without a record");
        Lsn(self.first_lsn.0 + u64::from(self.count) - 1)
    }
}

/// A frame whose bytes have been checked; its place in the chain has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The fields besides its records.
    pub header: FrameHeader,
    /// The hash of all its bytes: its checksum, which the next frame carries.
    pub hash: Hash,
    /// All bytes, one whole frame.
    bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Checks `bytes` to be exactly one whole frame.
    ///
    /// # Errors
    /// A [`FrameError`] that says what is wrong first.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let (header, payload_bytes) = decode_header(bytes)?;
        let expected = OVERHEAD_BYTES + payload_bytes;
        if bytes.len() != expected {
            return Err(FrameError::WrongLength { actual: bytes.len(), expected });
        }
        let (signed, stored_hash) = bytes.split_last_chunk().expect("the length was checked");
        let hash = *blake3::hash(signed).as_bytes();
        if hash != *stored_hash {
            return Err(FrameError::WrongChecksum);
        }
        let payload = &signed[HEADER_BYTES..];
        // The checksum holds, so a program with a fault has written the fields that are refused
        // here.
        let actual = records_count(payload);
        if actual != Some(header.count) || header.count == 0 {
            return Err(FrameError::WrongRecords { count: header.count, actual });
        }
        let room_for_lsns = header.first_lsn.0.checked_add(u64::from(header.count)).is_some();
        if header.first_lsn < Lsn::FIRST || !room_for_lsns || header.batch_number == 0 {
            return Err(FrameError::WrongNumbers);
        }
        Ok(Self { header, hash, bytes })
    }

    /// Returns the mark of the chain after it.
    pub fn mark(&self) -> ChainMark {
        let FrameHeader { log_id, epoch, batch_number, .. } = self.header;
        ChainMark { log_id, epoch, batch_number, lsn: self.header.last_lsn(), hash: self.hash }
    }

    /// Returns all its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the records with their positions, in order and where they lie.
    pub fn records(&self) -> Records<'a> {
        Records::of_payload(self.header.first_lsn, self.payload())
    }

    /// Returns the batch inside.
    pub fn to_batch(&self) -> Batch {
        let FrameHeader { first_lsn, count, .. } = self.header;
        Batch::from_checked_payload(first_lsn, count, self.payload().to_vec())
    }

    fn payload(&self) -> &'a [u8] {
        // Pairs with `decode`: the bytes are one whole frame.
        debug_assert!(self.bytes.len() >= OVERHEAD_BYTES, "a whole frame has header and hash");
        &self.bytes[HEADER_BYTES..self.bytes.len() - HASH_BYTES]
    }
}

/// Encodes a frame, and returns its bytes and its hash.
///
/// The header and the batch must agree on the position and the count; the batch must not be empty.
pub fn encode(header: &FrameHeader, batch: &Batch) -> (Vec<u8>, Hash) {
    // Pairs with `Frame::decode`, which refuses what these rule out.
    assert!(!batch.is_empty(), "a frame holds a record");
    assert!(batch.bytes_len() <= BATCH_BYTES_MAX, "a batch is within its bound");
    assert_eq!(header.first_lsn, batch.first_lsn(), "the header is about this batch");
    assert_eq!(header.count, batch.count(), "the header is about this batch");
    assert!(header.batch_number > 0, "batches are numbered from 1");

    let payload_bytes = u32::try_from(batch.bytes_len()).expect("BATCH_BYTES_MAX fits in u32");
    let mut bytes = Vec::with_capacity(OVERHEAD_BYTES + batch.bytes_len());
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&(FormatVersion::CURRENT as u32).to_le_bytes());
    bytes.extend_from_slice(&header.log_id.0);
    bytes.extend_from_slice(&header.epoch.0.to_le_bytes());
    bytes.extend_from_slice(&header.count.to_le_bytes());
    bytes.extend_from_slice(&header.batch_number.to_le_bytes());
    bytes.extend_from_slice(&header.first_lsn.0.to_le_bytes());
    bytes.extend_from_slice(&payload_bytes.to_le_bytes());
    bytes.extend_from_slice(&header.previous_hash);
    assert_eq!(bytes.len(), HEADER_BYTES, "the header is as FORMAT.md draws it");
    bytes.extend_from_slice(batch.payload());
    let hash = *blake3::hash(&bytes).as_bytes();
    bytes.extend_from_slice(&hash);
    assert!(bytes.len() <= FRAME_BYTES_MAX, "sled would put a longer frame into an unsynced file");
    debug_assert_eq!(
        Frame::decode(&bytes).map(|frame| (frame.header, frame.hash)),
        Ok((*header, hash)),
        "a frame is read back as it was written"
    );
    (bytes, hash)
}

/// Returns the header and the length of the payload that it promises.
pub(crate) fn decode_header(bytes: &[u8]) -> Result<(FrameHeader, usize), FrameError> {
    if bytes.len() < OVERHEAD_BYTES {
        let (actual, expected) = (bytes.len(), OVERHEAD_BYTES);
        return Err(FrameError::WrongLength { actual, expected });
    }
    let mut fields = Fields { rest: bytes };
    if fields.take() != MAGIC {
        return Err(FrameError::WrongMagic);
    }
    let version = u32::from_le_bytes(fields.take());
    if version != FormatVersion::V1 as u32 {
        return Err(FrameError::UnknownVersion { found: version });
    }
    let log_id = LogId(fields.take());
    let epoch = Epoch(u32::from_le_bytes(fields.take()));
    let count = u32::from_le_bytes(fields.take());
    let batch_number = u64::from_le_bytes(fields.take());
    let first_lsn = Lsn(u64::from_le_bytes(fields.take()));
    let payload_bytes = u32::from_le_bytes(fields.take()) as usize;
    let previous_hash = fields.take();
    if payload_bytes > BATCH_BYTES_MAX {
        return Err(FrameError::TooLarge { actual: payload_bytes, max: BATCH_BYTES_MAX });
    }
    let header = FrameHeader { log_id, epoch, batch_number, first_lsn, count, previous_hash };
    Ok((header, payload_bytes))
}

/// The fixed-size fields of a header whose length was checked, taken from the front.
struct Fields<'a> {
    rest: &'a [u8],
}

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (field, rest) = self.rest.split_first_chunk().expect("the length was checked");
        self.rest = rest;
        *field
    }
}

/// The reason why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// There are fewer or more bytes than the frame has.
    WrongLength {
        /// The bytes that are there.
        actual: usize,
        /// The bytes that should be there.
        expected: usize,
    },
    /// Bytes 0 to 4 are not [`MAGIC`].
    WrongMagic,
    /// The layout is not one that this program knows.
    UnknownVersion {
        /// The version that was found.
        found: u32,
    },
    /// The payload is longer than any batch.
    TooLarge {
        /// Bytes that the header promises.
        actual: usize,
        /// [`BATCH_BYTES_MAX`].
        max: usize,
    },
    /// The bytes are not those that were hashed when the frame was written.
    WrongChecksum,
    /// The payload does not hold as many records as the header says.
    WrongRecords {
        /// Records that the header promises.
        count: u32,
        /// The records that are there; `None` if their lengths do not add up.
        actual: Option<u32>,
    },
    /// A position or a number is zero or beyond what there can be.
    WrongNumbers,
}

impl fmt::Display for FrameError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongLength { actual, expected } => {
                write!(out, "the frame has {actual} bytes and should have {expected}")
            }
            Self::WrongMagic => write!(out, "bytes 0..4 do not mark a frame"),
            Self::UnknownVersion { found } => {
                write!(out, "bytes 4..8 say format version {found}; use a release that knows it")
            }
            Self::TooLarge { actual, max } => {
                write!(out, "bytes 48..52 promise {actual} bytes of payload and the most is {max}")
            }
            Self::WrongChecksum => write!(out, "the checksum in the last 32 bytes does not match"),
            Self::WrongRecords { count, actual: Some(actual) } => {
                write!(out, "the payload holds {actual} records and the header says {count}")
            }
            Self::WrongRecords { count, actual: None } => {
                write!(out, "the payload does not hold {count} records: lengths do not add up")
            }
            Self::WrongNumbers => write!(out, "a position or a batch number is out of range"),
        }
    }
}

impl std::error::Error for FrameError {}

#[cfg(test)]
mod tests;
