//! The layout of a table around its blocks: header, index and footer.
//!
//! Header and index are covered by a hash in the footer. The index has the place of each block and
//! a key that tells it from the one before, cut as short as that allows, since all of the index is
//! in memory while the table is open.

use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::{KEY_BYTES_MAX, damaged, tiles};
use crate::block::{STORED_BYTES_MAX, SUM_BYTES};
use crate::frame::Hash;
use crate::sealed_file::{self, Fields, RawEnds, seal};
use crate::{JournalError, LogId, Lsn};

/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 40;

/// Bytes of the footer.
pub(super) const FOOTER_BYTES: usize = 104;

const MAGIC: [u8; 4] = *b"KTBL";
const END_MAGIC: [u8; 4] = *b"KTBE";
const VERSION: u32 = 1;

// As `FORMAT.md` draws them: magic, version, log id, two positions; then five numbers, two hashes.
const _: () = assert!(HEADER_BYTES == 4 + 4 + 16 + 8 + 8);
const _: () = assert!(FOOTER_BYTES == 4 * 8 + 4 + 32 + 32 + 4);

/// The header of a table: the records that it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) log_id: LogId,
    pub(super) after: Lsn,
    pub(super) through: Lsn,
}

impl Header {
    /// Returns the bytes of the header.
    pub(super) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&self.log_id.0);
        bytes.extend_from_slice(&self.after.0.to_le_bytes());
        bytes.extend_from_slice(&self.through.0.to_le_bytes());
        let bytes = bytes.try_into().expect("HEADER_BYTES is the sum of the fields");
        debug_assert_eq!(Self::decode(&bytes), Some((VERSION, *self)), "read back as written");
        bytes
    }

    /// Returns the version and the header; `None` for a file of another kind.
    fn decode(bytes: &[u8; HEADER_BYTES]) -> Option<(u32, Self)> {
        let mut fields = Fields(bytes.strip_prefix(&MAGIC)?);
        let version = fields.u32()?;
        let log_id = LogId(*fields.take()?);
        let (after, through) = (Lsn(fields.u64()?), Lsn(fields.u64()?));
        Some((version, Self { log_id, after, through }))
    }
}

/// Returns the log that the header of the table at `path` names; `None` if it cannot be read.
pub(super) fn log_id_of(path: &Path) -> Option<LogId> {
    let mut bytes = [0; HEADER_BYTES];
    File::open(path).ok()?.read_exact_at(&mut bytes, 0).ok()?;
    Header::decode(&bytes).map(|(_, header)| header.log_id)
}

/// The footer of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) rows: u64,
    pub(super) raw_bytes: u64,
    pub(super) index_offset: u64,
    pub(super) index_bytes: u64,
    pub(super) blocks: u32,
    /// blake3 of the checksums of all blocks, one after the other.
    pub(super) sums: Hash,
}

impl Footer {
    /// Returns the bytes of the footer, which seals the header and the index.
    pub(super) fn encode(&self, header: &Header, index: &[u8]) -> [u8; FOOTER_BYTES] {
        let mut bytes = Vec::with_capacity(FOOTER_BYTES);
        for number in [self.rows, self.raw_bytes, self.index_offset, self.index_bytes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.blocks.to_le_bytes());
        bytes.extend_from_slice(&self.sums);
        let seal = seal(&[&header.encode(), index, &bytes]);
        bytes.extend_from_slice(&seal);
        bytes.extend_from_slice(&END_MAGIC);
        // Pairs with `read`, which refuses another place of the index.
        assert!(self.index_offset >= HEADER_BYTES as u64, "the index comes after the header");
        assert_eq!(self.index_bytes, index.len() as u64, "the seal covers the whole index");
        bytes.try_into().expect("FOOTER_BYTES is the sum of the fields")
    }

    /// Returns the footer, its sealed bytes, and the seal; `None` for a file of another kind.
    fn decode(bytes: &[u8; FOOTER_BYTES]) -> Option<(Self, &[u8], Hash)> {
        let (signed, seal) = bytes.strip_suffix(&END_MAGIC)?.split_last_chunk()?;
        let mut fields = Fields(signed);
        let footer = Self {
            rows: fields.u64()?,
            raw_bytes: fields.u64()?,
            index_offset: fields.u64()?,
            index_bytes: fields.u64()?,
            blocks: fields.u32()?,
            sums: *fields.take()?,
        };
        Some((footer, signed, *seal))
    }
}

/// Reads and checks all but the blocks, and returns them with the length of the file.
pub(super) fn read(
    file: &File,
    path: &Path,
    log_id: LogId,
) -> Result<(Header, Footer, Index, u64), JournalError> {
    let name = tiles::Name::parse(path).unwrap_or_default();
    let about = (name.after, name.through);
    let bad = |range, what: &str| damaged(path, about, range, what);
    let ends = RawEnds::<HEADER_BYTES, FOOTER_BYTES>::read(file, path, &bad)?;
    let bad_footer = |what| bad(ends.footer_range(), what);
    let (footer, signed, stored_seal) = Footer::decode(&ends.footer)
        .ok_or_else(|| bad_footer("the footer is not what was written"))?;
    let index_end = footer.index_offset.checked_add(footer.index_bytes);
    if index_end != Some(ends.footer_range().start) || footer.index_offset < HEADER_BYTES as u64 {
        return Err(bad_footer("the footer does not fit the length of the file"));
    }
    let index_range = footer.index_offset..ends.footer_range().start;
    let index_bytes = sealed_file::read(file, path, index_range, &bad)?;
    if seal(&[&ends.header, &index_bytes, signed]) != stored_seal {
        let what = "the header, the index or the footer has a wrong checksum";
        return Err(bad(footer.index_offset..ends.file_bytes, what));
    }
    let bad_header = |what: &str| bad(0..HEADER_BYTES as u64, what);
    let (version, header) =
        Header::decode(&ends.header).ok_or_else(|| bad_header("this is not a table"))?;
    if version != VERSION {
        return Err(JournalError::NewerFormat { found: version, known: VERSION });
    }
    if header.log_id != log_id {
        let what = format!("the table is of log {} and this is {log_id}", header.log_id);
        return Err(bad_header(&what));
    }
    if (header.after, header.through) != about {
        return Err(bad_header("the table is not the one that its name says"));
    }
    let index = Index::decode(&index_bytes, &footer)
        .ok_or_else(|| bad_footer("the index does not add up"))?;
    Ok((header, footer, index, ends.file_bytes))
}

/// The index: the place of each block and its separator, without an allocation for each.
pub(super) struct Index {
    /// All separators, one after the other.
    separators: Box<[u8]>,
    /// The end of the separator of each block.
    separator_ends: Box<[u32]>,
    /// The offset of each block, and the end of the last one.
    offsets: Box<[u64]>,
    last_key: Box<[u8]>,
}

impl Index {
    /// Returns the index in `bytes`; `None` if it does not fit the footer.
    fn decode(bytes: &[u8], footer: &Footer) -> Option<Self> {
        let blocks = footer.blocks as usize;
        // Each takes five bytes at least, so a wrong count cannot ask for more memory than there
        // is.
        if blocks > bytes.len() / 5 {
            return None;
        }
        let mut separators = Vec::with_capacity(bytes.len() - 5 * blocks);
        let mut separator_ends = Vec::with_capacity(blocks);
        let mut offsets = Vec::with_capacity(blocks + 1);
        let (mut rest, mut offset) = (bytes, HEADER_BYTES as u64);
        offsets.push(offset);
        for _ in 0..blocks {
            let (stored_bytes, after) = rest.split_first_chunk()?;
            let stored_bytes = u64::from(u32::from_le_bytes(*stored_bytes));
            let separator;
            (separator, rest) = split_key(after)?;
            if stored_bytes > STORED_BYTES_MAX as u64 || stored_bytes < SUM_BYTES as u64 {
                return None;
            }
            offset += stored_bytes;
            offsets.push(offset);
            separators.extend_from_slice(separator);
            separator_ends.push(u32::try_from(separators.len()).ok()?);
        }
        let (last_key, rest) = split_key(rest)?;
        debug_assert_eq!(offsets.len(), blocks + 1, "`block_range` needs both ends of a block");
        let adds_up = offset == footer.index_offset && rest.is_empty();
        adds_up.then(|| Self {
            separators: separators.into(),
            separator_ends: separator_ends.into(),
            offsets: offsets.into(),
            last_key: last_key.into(),
        })
    }

    /// Returns the number of blocks.
    pub(super) fn blocks_count(&self) -> u32 {
        u32::try_from(self.separator_ends.len()).expect("the count was stored as u32")
    }

    /// Returns the greatest key of the table.
    pub(super) fn last_key(&self) -> &[u8] {
        &self.last_key
    }

    /// Returns the range of a block in the file.
    pub(super) fn block_range(&self, number: u32) -> Range<u64> {
        let number = number as usize;
        assert!(number + 1 < self.offsets.len(), "block {number} is in the index");
        self.offsets[number]..self.offsets[number + 1]
    }

    /// Returns the only block that may hold `key`, where a reader that starts at `key` starts.
    pub(super) fn block_for(&self, key: &[u8]) -> u32 {
        let (mut low, mut high) = (0, self.separator_ends.len());
        // The first block whose separator is greater than the key is in low..=high.
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.separator(middle) <= key {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        debug_assert!(low == 0 || self.separator(low - 1) <= key, "the block starts at or below");
        u32::try_from(low.saturating_sub(1)).expect("the count was stored as u32")
    }

    fn separator(&self, number: usize) -> &[u8] {
        let start = number.checked_sub(1).map_or(0, |before| self.separator_ends[before]);
        &self.separators[start as usize..self.separator_ends[number] as usize]
    }
}

/// Adds a block to the bytes of an index.
pub(super) fn push_block(index: &mut Vec<u8>, stored_bytes: usize, separator: &[u8]) {
    assert!(stored_bytes <= STORED_BYTES_MAX, "zstd adds little, and `Index::decode` refuses more");
    let stored_bytes = u32::try_from(stored_bytes).expect("STORED_BYTES_MAX fits in u32");
    index.extend_from_slice(&stored_bytes.to_le_bytes());
    push_key(index, separator);
}

/// Adds a key to the bytes of an index.
pub(super) fn push_key(index: &mut Vec<u8>, key: &[u8]) {
    assert!(key.len() <= KEY_BYTES_MAX, "a separator is no longer than a key");
    index.push(u8::try_from(key.len()).expect("KEY_BYTES_MAX fits in u8"));
    index.extend_from_slice(key);
}

fn split_key(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = bytes.split_first()?;
    let len = usize::from(*len);
    if len > KEY_BYTES_MAX { None } else { rest.split_at_checked(len) }
}

/// Returns the shortest key that is greater than `last` and no greater than `first`.
pub(super) fn separator<'a>(last: &[u8], first: &'a [u8]) -> &'a [u8] {
    assert!(last < first, "`push` refuses keys that do not ascend");
    let shared = last.iter().zip(first).take_while(|(one, other)| one == other).count();
    // `first` is greater, so it goes on where they part.
    let separator = &first[..=shared];
    debug_assert!(last < separator && separator <= first, "a look-up finds the block by it");
    separator
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_separator_is_as_short_as_it_can_be() {
        assert_eq!(separator(b"apple", b"banana"), b"b");
        assert_eq!(separator(b"order 17", b"order 18x"), b"order 18");
        assert_eq!(separator(b"order", b"order 18"), b"order ");
        assert_eq!(separator(b"", b"a"), b"a");
    }
}
