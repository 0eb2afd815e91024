//! The state of a log's chain after a frame: all that the next frame is checked against.
//!
//! Archive files and checkpoints name with it the frame that they follow and the one they end with.

use crate::frame::{HASH_BYTES, Hash};
use crate::{Epoch, LogId, Lsn};

/// Bytes of an encoded mark.
pub const CHAIN_MARK_BYTES: usize = 16 + 4 + 8 + 8 + HASH_BYTES;

/// A place in a log between two frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainMark {
    /// The log.
    pub log_id: LogId,
    /// The opening that wrote the frame; 0 before the first.
    pub epoch: Epoch,
    /// The number of the frame's batch; 0 before the first.
    pub batch_number: u64,
    /// The last record of the frame; 0 before the first.
    pub lsn: Lsn,
    /// The hash of the frame; before the first, the hash that the first one carries.
    pub hash: Hash,
}

impl ChainMark {
    /// Returns the mark at the start of a log's chain.
    pub fn genesis(log_id: LogId) -> Self {
        let hash = log_id.genesis_hash();
        Self { log_id, epoch: Epoch(0), batch_number: 0, lsn: Lsn::ZERO, hash }
    }

    /// Returns the bytes of this mark. They carry no checksum: the file that they are part of has
    /// one.
    pub fn encode(&self) -> [u8; CHAIN_MARK_BYTES] {
        let mut bytes = Vec::with_capacity(CHAIN_MARK_BYTES);
        bytes.extend_from_slice(&self.log_id.0);
        bytes.extend_from_slice(&self.epoch.0.to_le_bytes());
        bytes.extend_from_slice(&self.batch_number.to_le_bytes());
        bytes.extend_from_slice(&self.lsn.0.to_le_bytes());
        bytes.extend_from_slice(&self.hash);
        let bytes = bytes.try_into().expect("CHAIN_MARK_BYTES is the sum of the fields");
        debug_assert_eq!(Self::decode(&bytes), *self, "read back as written");
        bytes
    }

    /// Returns the mark in these bytes.
    pub fn decode(bytes: &[u8; CHAIN_MARK_BYTES]) -> Self {
        let (log_id, rest) = split(bytes);
        let (epoch, rest) = split(rest);
        let (batch_number, rest) = split(rest);
        let (lsn, rest) = split(rest);
        let (hash, rest) = split(rest);
        assert!(rest.is_empty(), "CHAIN_MARK_BYTES is the sum of the fields");
        Self {
            log_id: LogId(log_id),
            epoch: Epoch(u32::from_le_bytes(epoch)),
            batch_number: u64::from_le_bytes(batch_number),
            lsn: Lsn(u64::from_le_bytes(lsn)),
            hash,
        }
    }
}

fn split<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let (field, rest) = bytes.split_first_chunk().expect("the length is fixed");
    (*field, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let mark = ChainMark {
            log_id: LogId([3; 16]),
            epoch: Epoch(0x0102_0304),
            batch_number: u64::MAX - 5,
            lsn: Lsn(0x1122_3344_5566_7788),
            hash: [0xab; HASH_BYTES],
        };
        assert_eq!(ChainMark::decode(&mark.encode()), mark);
        assert_eq!(mark.encode()[16..20], [4, 3, 2, 1]);
    }

    #[test]
    fn a_chain_starts_where_its_first_frame_says() {
        let mark = ChainMark::genesis(LogId([3; 16]));
        assert_eq!(mark.hash, LogId([3; 16]).genesis_hash());
        assert_eq!((mark.epoch, mark.batch_number, mark.lsn), (Epoch(0), 0, Lsn(0)));
    }
}
