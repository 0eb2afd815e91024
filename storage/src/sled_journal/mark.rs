//! A mark of an end of the log: its position and the hash of the frame there, with a checksum.
//!
//! Groups of the commit tail, high-water marks and the clean marker have such a mark; the magic
//! tells them apart.

use crate::frame::{HASH_BYTES, Hash};
use crate::{Epoch, LogId, Lsn};

/// Bytes of a mark.
pub(super) const MARK_BYTES: usize = 100;

const VERSION: u32 = 1;
const SIGNED_BYTES: usize = MARK_BYTES - HASH_BYTES;

// Magic, version, log id, epoch, end, and the hash of the frame there.
const _: () = assert!(SIGNED_BYTES == 4 + 4 + 16 + 4 + 8 + HASH_BYTES);

/// An end that a log has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// The log.
    pub(super) log_id: LogId,
    /// The opening that wrote the mark.
    pub(super) epoch: Epoch,
    /// The last record.
    pub(super) end: Lsn,
    /// The hash of the frame that ends with it; of an empty log, the hash that its chain starts
    /// with.
    pub(super) hash: Hash,
}

impl Mark {
    /// Returns the mark of a log that has just been created.
    pub(super) fn genesis(log_id: LogId) -> Self {
        Self { log_id, epoch: Epoch(0), end: Lsn::ZERO, hash: log_id.genesis_hash() }
    }

    /// Returns the bytes of this mark as the kind `magic`.
    pub(super) fn encode(&self, magic: [u8; 4]) -> [u8; MARK_BYTES] {
        let mut signed = Vec::with_capacity(MARK_BYTES);
        signed.extend_from_slice(&magic);
        signed.extend_from_slice(&VERSION.to_le_bytes());
        signed.extend_from_slice(&self.log_id.0);
        signed.extend_from_slice(&self.epoch.0.to_le_bytes());
        signed.extend_from_slice(&self.end.0.to_le_bytes());
        signed.extend_from_slice(&self.hash);
        let sum = blake3::hash(&signed);
        signed.extend_from_slice(sum.as_bytes());
        let bytes = signed.try_into().expect("MARK_BYTES is the sum of the fields");
        debug_assert_eq!(Self::decode(magic, &bytes), Some(*self), "it is read back as written");
        bytes
    }

    /// Returns the mark of the kind `magic` in these bytes; `None` if they are not exactly what was
    /// written.
    pub(super) fn decode(magic: [u8; 4], bytes: &[u8; MARK_BYTES]) -> Option<Self> {
        let (signed, sum) = bytes.split_at(SIGNED_BYTES);
        let expected = blake3::hash(signed);
        if expected.as_bytes() != sum || signed[..4] != magic {
            return None;
        }
        if u32::from_le_bytes(signed[4..8].try_into().ok()?) != VERSION {
            return None;
        }
        Some(Self {
            log_id: LogId(signed[8..24].try_into().ok()?),
            epoch: Epoch(u32::from_le_bytes(signed[24..28].try_into().ok()?)),
            end: Lsn(u64::from_le_bytes(signed[28..36].try_into().ok()?)),
            hash: signed[36..].try_into().ok()?,
        })
    }
}
