//! The layout of a checkpoint around its blocks: header and footer.
//!
//! The footer has two hashes: one of header and footer alone, so that a checkpoint can be judged
//! without reading it, and one of everything before the footer.

use std::fs::File;
use std::path::Path;

use super::{CheckpointHead, damaged, lsn_of};
use crate::chain_mark::{CHAIN_MARK_BYTES, ChainMark};
use crate::frame::Hash;
use crate::sealed_file::{Fields, RawEnds, seal};
use crate::{JournalError, LogId};

/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 4 + 4 + CHAIN_MARK_BYTES + 8 + 2 + 2;

/// Bytes of the footer.
pub(super) const FOOTER_BYTES: usize = 4 + 8 + 32 + 32 + 32 + 4;

const MAGIC: [u8; 4] = *b"KCKP";
const END_MAGIC: [u8; 4] = *b"KCKE";
const VERSION: u32 = 1;

/// Returns the bytes of the header.
pub(super) fn encode_header(mark: &ChainMark, at_ms: i64, schema: u16) -> [u8; HEADER_BYTES] {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&mark.encode());
    bytes.extend_from_slice(&at_ms.to_le_bytes());
    bytes.extend_from_slice(&schema.to_le_bytes());
    bytes.extend_from_slice(&[0; 2]);
    let bytes = bytes.try_into().expect("HEADER_BYTES is the sum of the fields");
    debug_assert_eq!(decode_header(&bytes), Some((VERSION, *mark, at_ms, schema)), "read back");
    bytes
}

/// Returns version, mark, time and schema; `None` for a file of another kind.
fn decode_header(bytes: &[u8; HEADER_BYTES]) -> Option<(u32, ChainMark, i64, u16)> {
    let mut fields = Fields(bytes.strip_prefix(&MAGIC)?);
    let version = fields.u32()?;
    let mark = ChainMark::decode(fields.take()?);
    Some((version, mark, fields.i64()?, u16::from_le_bytes(*fields.take()?)))
}

/// The footer of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) blocks: u32,
    pub(super) raw_bytes: u64,
    pub(super) digest: [u8; 32],
    /// blake3 of everything before the footer.
    pub(super) whole: Hash,
}

impl Footer {
    /// Returns the bytes of the footer of the checkpoint that starts with `header`.
    pub(super) fn encode(&self, header: &[u8; HEADER_BYTES]) -> [u8; FOOTER_BYTES] {
        let mut bytes = Vec::with_capacity(FOOTER_BYTES);
        bytes.extend_from_slice(&self.blocks.to_le_bytes());
        bytes.extend_from_slice(&self.raw_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.digest);
        bytes.extend_from_slice(&self.whole);
        let seal = seal(&[header, &bytes]);
        bytes.extend_from_slice(&seal);
        bytes.extend_from_slice(&END_MAGIC);
        let bytes = bytes.try_into().expect("FOOTER_BYTES is the sum of the fields");
        debug_assert_eq!(Self::decode(header, &bytes), Some(*self), "it reads back as written");
        bytes
    }

    /// Returns the footer, if it is whole and belongs to this header.
    fn decode(header: &[u8; HEADER_BYTES], bytes: &[u8; FOOTER_BYTES]) -> Option<Self> {
        let (signed, stored_seal) = bytes.strip_suffix(&END_MAGIC)?.split_last_chunk()?;
        if seal(&[header, signed]) != *stored_seal {
            return None;
        }
        let mut fields = Fields(signed);
        Some(Self {
            blocks: fields.u32()?,
            raw_bytes: fields.u64()?,
            digest: *fields.take()?,
            whole: *fields.take()?,
        })
    }
}

/// Returns the offset of the footer in a file of this length.
pub(super) fn footer_offset(file_bytes: u64) -> u64 {
    assert!(file_bytes >= (HEADER_BYTES + FOOTER_BYTES) as u64, "`read` refuses a shorter file");
    file_bytes - FOOTER_BYTES as u64
}

/// Reads and checks header and footer, and returns them with the length of the file.
pub(super) fn read(
    file: &File,
    path: &Path,
    log_id: LogId,
) -> Result<(CheckpointHead, Footer, u64), JournalError> {
    let bad = |range, what: &str| damaged(path, range, what);
    let ends = RawEnds::<HEADER_BYTES, FOOTER_BYTES>::read(file, path, &bad)?;
    let Some(footer) = Footer::decode(&ends.header, &ends.footer) else {
        let what = "the header or the footer is not what was written";
        return Err(bad(ends.footer_range(), what));
    };
    let bad_header = |what: &str| bad(0..HEADER_BYTES as u64, what);
    let (version, mark, at_ms, schema) =
        decode_header(&ends.header).ok_or_else(|| bad_header("this is not a checkpoint"))?;
    if version != VERSION {
        return Err(JournalError::NewerFormat { found: version, known: VERSION });
    }
    if mark.log_id != log_id {
        let what = format!("the checkpoint is of log {} and this is {log_id}", mark.log_id);
        return Err(bad_header(&what));
    }
    if lsn_of(path) != Some(mark.lsn) {
        return Err(bad_header("the checkpoint is not the one that its name says"));
    }
    let head = CheckpointHead { mark, at_ms, digest: footer.digest, schema };
    Ok((head, footer, ends.file_bytes))
}
