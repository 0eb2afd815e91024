//! The layout of an archive file around its blocks: name, header, index and footer.
//!
//! Header and footer are read when a file is opened and are covered by one hash. The index has a
//! hash of its own in the footer, since it is read only for look-ups.

use std::ops::Range;
use std::path::Path;

use crate::block::{STORED_BYTES_MAX, SUM_BYTES};
use crate::chain_mark::{CHAIN_MARK_BYTES, ChainMark};
use crate::frame::{HASH_BYTES, Hash};
use crate::sealed_file::{Fields, seal};
use crate::{JournalError, LogId, Lsn};

/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = 4 + 4 + CHAIN_MARK_BYTES;

/// Bytes of the footer.
pub(super) const FOOTER_BYTES: usize = 8 * 7 + 4 * 3 + CHAIN_MARK_BYTES + 3 * HASH_BYTES + 4;

/// The version of the files that are written. Those of version 1 are the same, but their labels may
/// leave out records that labels of today would find.
pub(super) const VERSION: u32 = 2;

/// The first version that is read, and the first one whose labels find all that they should.
const FIRST_VERSION: u32 = 1;
const WHOLE_LABELS: u32 = 2;

/// Returns whether this release reads files of that version.
pub(super) fn is_known(version: u32) -> bool {
    (FIRST_VERSION..=VERSION).contains(&version)
}

/// Returns whether the labels of files of that version find every record that has a label.
pub(super) fn has_whole_labels(version: u32) -> bool {
    version >= WHOLE_LABELS
}

const MAGIC: [u8; 4] = *b"KARC";
const END_MAGIC: [u8; 4] = *b"KARE";

/// The stored time of a block in which no record has one, nor any before it.
const NO_TIME: i64 = i64::MIN;

/// Bytes of an index entry for a block of frames, and for a block of labels.
const FRAMES_ENTRY_BYTES: usize = 4 + 8 + 8 + 8;
const LABELS_ENTRY_BYTES: usize = 4 + 8;

/// The ending of the name of an archive file.
pub(super) const EXTENSION: &str = "karc";

/// Returns the name of the file with the records `first` to `last`.
pub(super) fn file_name(first: Lsn, last: Lsn) -> String {
    assert!(Lsn::FIRST <= first && first <= last, "`parse_name` refuses what this rules out");
    format!("log-{:020}-{:020}.karc", first.0, last.0)
}

/// Returns the records of the file at `path` by its name; `None` if no writer gives such a name.
pub(super) fn parse_name(path: &Path) -> Option<(Lsn, Lsn)> {
    let name = path.file_name()?.to_str()?;
    let (first, last) = name.strip_prefix("log-")?.strip_suffix(".karc")?.split_once('-')?;
    let is_number = |digits: &str| digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit());
    if !is_number(first) || !is_number(last) {
        return None;
    }
    let (first, last) = (Lsn(first.parse().ok()?), Lsn(last.parse().ok()?));
    (Lsn::FIRST <= first && first <= last && last.0 < u64::MAX).then_some((first, last))
}

/// Returns the bytes of the header, which names the end that the file follows.
pub(super) fn encode_header(version: u32, before: &ChainMark) -> [u8; HEADER_BYTES] {
    let mut bytes = Vec::with_capacity(HEADER_BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&before.encode());
    let bytes = bytes.try_into().expect("HEADER_BYTES is the sum of the fields");
    debug_assert_eq!(decode_header(&bytes), Some((version, *before)), "read back as written");
    bytes
}

/// Returns the version and the end that the file follows; `None` for a file of another kind.
pub(super) fn decode_header(bytes: &[u8; HEADER_BYTES]) -> Option<(u32, ChainMark)> {
    let (version, mark) = bytes.strip_prefix(&MAGIC)?.split_first_chunk()?;
    Some((u32::from_le_bytes(*version), ChainMark::decode(mark.first_chunk()?)))
}

/// The footer of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footer {
    pub(super) index_offset: u64,
    pub(super) index_bytes: u64,
    pub(super) records: u64,
    pub(super) frames: u64,
    pub(super) raw_bytes: u64,
    /// The least and the greatest time of a record.
    pub(super) times: Times,
    /// The number of blocks of frames.
    pub(super) blocks: u32,
    /// The number of blocks of labels.
    pub(super) label_blocks: u32,
    pub(super) note_bytes: u32,
    /// The mark of the chain after the file.
    pub(super) after: ChainMark,
    /// blake3 of the checksums of all blocks, one after the other.
    pub(super) sums: Hash,
    /// blake3 of the index.
    pub(super) index_hash: Hash,
}

impl Footer {
    /// Returns the bytes of the footer of the file that starts with `header`.
    pub(super) fn encode(&self, header: &[u8; HEADER_BYTES]) -> [u8; FOOTER_BYTES] {
        // Pairs with `check` and `Index::decode`, which refuse what these rule out.
        assert!(self.index_offset >= HEADER_BYTES as u64, "the index comes after the header");
        assert_eq!(self.index_bytes, Index::bytes_of(self) as u64, "the index has all entries");
        assert!(self.blocks > 0 && self.records > 0, "an archive file holds a record");
        assert!(self.frames <= self.records, "a frame holds a record");
        let mut bytes = Vec::with_capacity(FOOTER_BYTES);
        let Self { index_offset, index_bytes, records, frames, raw_bytes, .. } = self;
        for number in [index_offset, index_bytes, records, frames, raw_bytes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.times.encode());
        for number in [self.blocks, self.label_blocks, self.note_bytes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.after.encode());
        bytes.extend_from_slice(&self.sums);
        bytes.extend_from_slice(&self.index_hash);
        let seal = seal(&[header, &bytes]);
        bytes.extend_from_slice(&seal);
        bytes.extend_from_slice(&END_MAGIC);
        bytes.try_into().expect("FOOTER_BYTES is the sum of the fields")
    }

    /// Returns the footer of the file that starts with `header`; `None` if the two are not exactly
    /// the bytes that were written.
    pub(super) fn decode(header: &[u8; HEADER_BYTES], bytes: &[u8; FOOTER_BYTES]) -> Option<Self> {
        let (signed, stored_seal) = bytes.strip_suffix(&END_MAGIC)?.split_last_chunk()?;
        if seal(&[header, signed]) != *stored_seal {
            return None;
        }
        let mut fields = Fields(signed);
        Some(Self {
            index_offset: fields.u64()?,
            index_bytes: fields.u64()?,
            records: fields.u64()?,
            frames: fields.u64()?,
            raw_bytes: fields.u64()?,
            times: Times::take(&mut fields)?,
            blocks: fields.u32()?,
            label_blocks: fields.u32()?,
            note_bytes: fields.u32()?,
            after: ChainMark::decode(fields.take()?),
            sums: *fields.take()?,
            index_hash: *fields.take()?,
        })
    }
}

/// The least and the greatest time of some records, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Times(pub(super) Option<(i64, i64)>);

impl Times {
    /// Includes a time.
    pub(super) fn add(&mut self, time_ms: i64) {
        let (least, greatest) = self.0.unwrap_or((time_ms, time_ms));
        self.0 = Some((least.min(time_ms), greatest.max(time_ms)));
    }

    /// Returns whether one of the records is not later than `time_ms`.
    pub(super) fn reach_back_to(&self, time_ms: i64) -> bool {
        self.0.is_some_and(|(least, _)| least <= time_ms)
    }

    fn encode(&self) -> [u8; 16] {
        let (least, greatest) = self.0.unwrap_or((NO_TIME, NO_TIME));
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&least.to_le_bytes());
        bytes[8..].copy_from_slice(&greatest.to_le_bytes());
        bytes
    }

    fn take(fields: &mut Fields<'_>) -> Option<Self> {
        let (least, greatest) = (fields.i64()?, fields.i64()?);
        Some(Self((least != NO_TIME).then_some((least, greatest))))
    }
}

/// The index entry of a block of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FramesEntry {
    pub(super) stored_bytes: u32,
    pub(super) first_lsn: Lsn,
    pub(super) times: Times,
}

impl FramesEntry {
    pub(super) fn push_to(&self, index: &mut Vec<u8>) {
        index.extend_from_slice(&self.stored_bytes.to_le_bytes());
        let start = index.len() - size_of::<u32>();
        index.extend_from_slice(&self.first_lsn.0.to_le_bytes());
        index.extend_from_slice(&self.times.encode());
        debug_assert_eq!(index.len() - start, FRAMES_ENTRY_BYTES, "`bytes_of` counts on it");
    }
}

/// The index entry of a block of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LabelsEntry {
    pub(super) stored_bytes: u32,
    pub(super) first_print: u64,
}

impl LabelsEntry {
    pub(super) fn push_to(&self, index: &mut Vec<u8>) {
        index.extend_from_slice(&self.stored_bytes.to_le_bytes());
        let start = index.len() - size_of::<u32>();
        index.extend_from_slice(&self.first_print.to_le_bytes());
        debug_assert_eq!(index.len() - start, LABELS_ENTRY_BYTES, "`bytes_of` counts on it");
    }
}

/// The index: the place and the start of each block.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) frames: Box<[FramesEntry]>,
    pub(super) labels: Box<[LabelsEntry]>,
    /// The offset of each block, frames and then labels, and the end of the last one.
    offsets: Box<[u64]>,
    pub(super) note: Box<[u8]>,
}

impl Index {
    /// Returns the bytes of the index that belongs to `footer`.
    pub(super) fn bytes_of(footer: &Footer) -> usize {
        footer.blocks as usize * FRAMES_ENTRY_BYTES
            + footer.label_blocks as usize * LABELS_ENTRY_BYTES
            + footer.note_bytes as usize
    }

    /// Returns the index in `bytes`, whose hash is right; `None` if it does not fit the footer.
    pub(super) fn decode(bytes: &[u8], footer: &Footer, first: Lsn) -> Option<Self> {
        if bytes.len() != Self::bytes_of(footer) || footer.blocks == 0 {
            return None;
        }
        let mut fields = Fields(bytes);
        let mut offset = HEADER_BYTES as u64;
        let mut offsets = vec![offset];
        let mut frames = Vec::with_capacity(footer.blocks as usize);
        for _ in 0..footer.blocks {
            let stored_bytes = fields.u32()?;
            let first_lsn = Lsn(fields.u64()?);
            frames.push(FramesEntry { stored_bytes, first_lsn, times: Times::take(&mut fields)? });
        }
        let mut labels = Vec::with_capacity(footer.label_blocks as usize);
        for _ in 0..footer.label_blocks {
            labels.push(LabelsEntry { stored_bytes: fields.u32()?, first_print: fields.u64()? });
        }
        let lengths = frames.iter().map(|it| it.stored_bytes);
        for stored_bytes in lengths.chain(labels.iter().map(|it| it.stored_bytes)) {
            if !(SUM_BYTES..STORED_BYTES_MAX).contains(&(stored_bytes as usize)) {
                return None;
            }
            offset += u64::from(stored_bytes);
            offsets.push(offset);
        }
        let ascends = frames.is_sorted_by(|one, next| one.first_lsn < next.first_lsn)
            && labels.is_sorted_by(|one, next| one.first_print <= next.first_print);
        let is_of_file = frames.first()?.first_lsn == first
            && frames.last()?.first_lsn <= footer.after.lsn
            && offset == footer.index_offset;
        debug_assert_eq!(offsets.len(), frames.len() + labels.len() + 1, "`range` needs both ends");
        debug_assert_eq!(fields.0.len(), footer.note_bytes as usize, "the note is what is left");
        (ascends && is_of_file).then(|| Self {
            frames: frames.into(),
            labels: labels.into(),
            offsets: offsets.into(),
            note: fields.0.into(),
        })
    }

    /// Returns the range of a block in the file. Blocks of labels are numbered after those of
    /// frames.
    pub(super) fn range(&self, number: u32) -> Range<u64> {
        let number = number as usize;
        assert!(number + 1 < self.offsets.len(), "block {number} is in the index");
        self.offsets[number]..self.offsets[number + 1]
    }

    /// Returns the number of the block that holds `lsn`, which is in the file.
    pub(super) fn block_of(&self, lsn: Lsn) -> u32 {
        let after = self.frames.partition_point(|entry| entry.first_lsn <= lsn);
        debug_assert!(after > 0, "record {lsn} does not come before the file");
        u32::try_from(after.saturating_sub(1)).expect("the count was stored as u32")
    }
}

/// Checks a header and a footer against the name of the file, its length and its log.
///
/// # Errors
/// A sentence about the first disagreement.
pub(super) fn check(
    (first, last): (Lsn, Lsn),
    len: u64,
    log_id: LogId,
    before: &ChainMark,
    footer: &Footer,
) -> Result<(), String> {
    let after = &footer.after;
    if before.log_id != log_id || after.log_id != log_id {
        return Err(format!("the file is of log {} and this is {log_id}", before.log_id));
    }
    if before.lsn.0.checked_add(1) != Some(first.0) || after.lsn != last {
        return Err("the records in the file are not those that its name says".to_owned());
    }
    let index_end = footer.index_offset.checked_add(footer.index_bytes);
    let adds_up = index_end.and_then(|end| end.checked_add(FOOTER_BYTES as u64)) == Some(len)
        && footer.index_bytes == Index::bytes_of(footer) as u64
        && footer.records == last.records_since(before.lsn)
        && after.batch_number.checked_sub(before.batch_number) == Some(footer.frames);
    if adds_up { Ok(()) } else { Err("the footer does not add up".to_owned()) }
}

/// Makes the error of a file that a later release has written.
pub(super) fn newer(found: u32) -> JournalError {
    JournalError::NewerFormat { found, known: VERSION }
}
