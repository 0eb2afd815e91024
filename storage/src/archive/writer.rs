//! The writer of an archive file: frames in order, blocks as they fill, then index and footer.

use std::path::{Path, PathBuf};

use zstd::bulk::Compressor;

use super::ArchiveFile;
use super::labels::Pairs;
use super::layout::{self, Footer, FramesEntry, HEADER_BYTES, LabelsEntry, Times};
use crate::block::{BlockKey, Place, RAW_BYTES_MAX, SUM_BYTES};
use crate::chain::Chain;
use crate::files;
use crate::frame::FRAME_BYTES_MAX;
use crate::growing_file::GrowingFile;
use crate::{ChainMark, Indexer, JournalError, Label, Lsn, StoredFrame};

/// A block is finished when a frame would make it longer than this, unless it is the only one.
const BLOCK_RAW_BYTES: usize = 256 * 1_024;

const _: () = assert!(BLOCK_RAW_BYTES + FRAME_BYTES_MAX <= RAW_BYTES_MAX);

/// Compression runs while the shop sells, in two thirds of the time of level 1. Level 1 would save
/// one byte in fourteen, level 3 one in nine, because sealed addresses and ids do not shrink.
const ZSTD_LEVEL: i32 = -3;

// A block of several frames never grows beyond the target.
const _: () = assert!(BLOCK_RAW_BYTES >= FRAME_BYTES_MAX);

/// The most bytes of a note.
const NOTE_BYTES_MAX: usize = 64 * 1_024;

/// Writes one archive file. Dropped unsealed, it leaves nothing behind.
pub struct ArchiveWriter {
    dir: PathBuf,
    file: GrowingFile,
    before: ChainMark,
    /// The chain at the end of the frames so far.
    chain: Chain,
    key: BlockKey,
    compressor: Compressor<'static>,
    block: OpenBlock,
    /// The last block as it was written.
    stored: Vec<u8>,
    index: Vec<u8>,
    labels: Pairs,
    /// The labels of one record.
    found: Vec<Label>,
    sums: blake3::Hasher,
    blocks: u32,
    raw_bytes: u64,
    times: Times,
    /// The time of the last record that has one.
    last_ms: Option<i64>,
    note: Vec<u8>,
}

/// The block that is being filled.
#[derive(Default)]
struct OpenBlock {
    raw: Vec<u8>,
    /// The first record of the block; without meaning while there are no bytes.
    first_lsn: Lsn,
    times: Times,
}

impl ArchiveWriter {
    /// Starts the file that follows `after`, in the directory of an archive, which is created if
    /// need be.
    ///
    /// # Errors
    /// [`JournalError::Full`] or [`JournalError::Io`].
    pub fn create(dir: &Path, after: ChainMark) -> Result<Self, JournalError> {
        files::create_dir_durably(dir)?;
        let header = layout::encode_header(layout::VERSION, &after);
        let unfinished = dir.join(format!("log-{:020}.karc", after.lsn.next().0));
        let mut file = GrowingFile::create(unfinished)?;
        file.write(&header)?;
        let compressor = Compressor::new(ZSTD_LEVEL)
            .map_err(|error| JournalError::io("starting to compress", &error))?;
        Ok(Self {
            dir: dir.to_owned(),
            file,
            before: after,
            chain: Chain::after(&after),
            key: BlockKey::of(&header),
            compressor,
            block: OpenBlock::default(),
            stored: Vec::new(),
            index: Vec::new(),
            labels: Pairs::default(),
            found: Vec::new(),
            sums: blake3::Hasher::new(),
            blocks: 0,
            raw_bytes: 0,
            times: Times::default(),
            last_ms: None,
            note: Vec::new(),
        })
    }

    /// Adds the next frame; `indexer` reads the labels and times of its records.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if the frame does not follow the one before it, in which case
    /// nothing is written; [`JournalError::Full`] or [`JournalError::Io`], after which the file
    /// cannot be finished.
    pub fn push(&mut self, frame: &StoredFrame, indexer: &dyn Indexer) -> Result<(), JournalError> {
        self.push_with(frame, |record, labels| indexer.index(record, labels))
    }

    /// Adds the next frame as [`ArchiveWriter::push`] does, for a caller that has decoded the
    /// records: `index` is called with each record in turn, like [`Indexer::index`].
    ///
    /// # Errors
    /// As [`ArchiveWriter::push`].
    pub fn push_with(
        &mut self,
        frame: &StoredFrame,
        mut index: impl FnMut(&[u8], &mut Vec<Label>) -> Option<i64>,
    ) -> Result<(), JournalError> {
        self.chain.follow(frame.header(), frame.hash())?;
        if !self.block.raw.is_empty()
            && self.block.raw.len() + frame.bytes().len() > BLOCK_RAW_BYTES
        {
            self.finish_block()?;
        }
        if self.block.raw.is_empty() {
            self.block.first_lsn = frame.first_lsn();
        }
        self.block.raw.extend_from_slice(frame.bytes());
        debug_assert!(self.block.raw.len() <= RAW_BYTES_MAX, "a block takes at least one frame");
        for (_, record) in frame.records() {
            self.last_ms = index(record, &mut self.found).or(self.last_ms);
            self.found.drain(..).for_each(|label| self.labels.add(label));
            if let Some(time_ms) = self.last_ms {
                self.block.times.add(time_ms);
                self.times.add(time_ms);
            }
        }
        Ok(())
    }

    /// Stores `note` with the file: data of the caller about the log up to the end of the file,
    /// at most 64 KiB.
    pub fn set_note(&mut self, note: Vec<u8>) {
        assert!(note.len() <= NOTE_BYTES_MAX, "a note is read with the index, so it is small");
        self.note = note;
    }

    /// Returns the mark at the end of the frames so far.
    pub fn mark(&self) -> ChainMark {
        self.chain.mark()
    }

    /// Returns the number of records so far.
    pub fn records(&self) -> u64 {
        self.chain.end().records_since(self.before.lsn)
    }

    /// Returns the bytes of the frames so far, before they are compressed.
    pub fn bytes(&self) -> u64 {
        self.raw_bytes + self.block.raw.len() as u64
    }

    /// Makes the file durable, gives it its name and opens it. There must be a frame in it.
    ///
    /// # Errors
    /// [`JournalError::Full`] or [`JournalError::Io`]; [`JournalError::Damaged`] if what is read
    /// back is not what was written.
    pub fn seal(mut self) -> Result<ArchiveFile, JournalError> {
        assert!(self.records() > 0, "an archive file holds a record");
        self.finish_block()?;
        let label_blocks = self.write_labels()?;
        self.index.extend_from_slice(&self.note);
        let after = self.chain.mark();
        let footer = Footer {
            index_offset: self.file.bytes(),
            index_bytes: self.index.len() as u64,
            records: self.records(),
            frames: after.batch_number - self.before.batch_number,
            raw_bytes: self.raw_bytes,
            times: self.times,
            blocks: self.blocks,
            label_blocks,
            note_bytes: u32::try_from(self.note.len()).expect("NOTE_BYTES_MAX fits in u32"),
            after,
            sums: self.sums.finalize().into(),
            index_hash: *blake3::hash(&self.index).as_bytes(),
        };
        self.file.write(&self.index)?;
        let header = layout::encode_header(layout::VERSION, &self.before);
        self.file.write(&footer.encode(&header))?;
        // Every frame so far is in a finished block.
        assert!(self.block.raw.is_empty(), "the last block was finished before the index");
        let name = layout::file_name(self.before.lsn.next(), after.lsn);
        let path = self.file.finish_as(self.dir.join(name))?;
        let file = ArchiveFile::open(&path, after.log_id)?;
        assert_eq!(
            (file.before(), file.after()),
            (self.before, after),
            "the file reads back as it was written"
        );
        Ok(file)
    }

    /// Writes the block that is being filled, and adds it to the index.
    fn finish_block(&mut self) -> Result<(), JournalError> {
        let OpenBlock { raw, first_lsn, times } = std::mem::take(&mut self.block);
        assert!(
            first_lsn > self.before.lsn,
            "a block has a frame, and it comes after the file's start"
        );
        let number = self.blocks;
        let stored_bytes = self.write_block(number, &raw)?;
        FramesEntry { stored_bytes, first_lsn, times }.push_to(&mut self.index);
        self.labels.end_block(number);
        self.blocks = number.checked_add(1).expect("a file has fewer than 2^32 blocks");
        self.raw_bytes += raw.len() as u64;
        // The next block reuses the memory.
        self.block.raw = raw;
        self.block.raw.clear();
        Ok(())
    }

    /// Writes the blocks of labels and returns their number.
    fn write_labels(&mut self) -> Result<u32, JournalError> {
        let mut count = 0;
        for (first_print, raw) in std::mem::take(&mut self.labels).into_blocks() {
            let stored_bytes = self.write_block(self.blocks + count, &raw)?;
            LabelsEntry { stored_bytes, first_print }.push_to(&mut self.index);
            count += 1;
        }
        Ok(count)
    }

    fn write_block(&mut self, number: u32, raw: &[u8]) -> Result<u32, JournalError> {
        let place = Place { number, offset: self.file.bytes() };
        assert!(place.offset >= HEADER_BYTES as u64, "blocks come after the header");
        let sealed = self.key.seal(place, raw, &mut self.compressor, &mut self.stored);
        sealed.map_err(|error| JournalError::io("compressing a block", &error))?;
        self.sums.update(&self.stored[..SUM_BYTES]);
        self.file.write(&self.stored)?;
        Ok(u32::try_from(self.stored.len()).expect("RAW_BYTES_MAX fits in u32 twice"))
    }
}

impl std::fmt::Debug for ArchiveWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ArchiveWriter({} records after {})", self.records(), self.before.lsn)
    }
}
