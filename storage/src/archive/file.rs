//! An archive file: opened by its header and footer, read a block at a time.
//!
//! It is opened anew for each read, so a missing file is noticed and named, and an archive of many
//! files holds none of them open.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::damaged;
use super::layout::{self, FOOTER_BYTES, Footer, HEADER_BYTES, Index};
use crate::block::{BlockKey, Place, SUM_BYTES};
use crate::chain::Chain;
use crate::frame::{self, Frame, FrameError, FrameHeader, OVERHEAD_BYTES};
use crate::sealed_file::{self, RawEnds};
use crate::{Batch, ChainMark, DamageKind, JournalError, LogId, Lsn, StoredFrame};

/// An archive file. Clones are the same file.
#[derive(Clone)]
pub struct ArchiveFile(Arc<Inner>);

struct Inner {
    path: PathBuf,
    ends: FileEnds,
    key: BlockKey,
    /// Read when it is first needed.
    index: OnceLock<Index>,
}

/// The header, the footer and the length of a file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct FileEnds {
    version: u32,
    pub(super) before: ChainMark,
    pub(super) footer: Footer,
    pub(super) file_bytes: u64,
}

/// The description that an archive file carries of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArchiveInfo {
    /// The first record.
    pub first: Lsn,
    /// The last record.
    pub last: Lsn,
    /// The number of records.
    pub records: u64,
    /// The number of frames.
    pub frames: u64,
    /// Bytes of the frames, as they were in the log.
    pub raw_bytes: u64,
    /// Bytes of the file.
    pub file_bytes: u64,
    /// The least and the greatest time of a record, in milliseconds since 1970; `None` if none has
    /// a time.
    pub times_ms: Option<(i64, i64)>,
    /// The mark of the chain before the file.
    pub before: ChainMark,
    /// The mark of the chain after the file.
    pub after: ChainMark,
}

impl ArchiveFile {
    /// Opens the file at `path` and checks its name, header and footer. The rest is checked as it
    /// is read.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it is not what was written or is of another log,
    /// [`JournalError::NewerFormat`], [`JournalError::Io`].
    pub fn open(path: &Path, log_id: LogId) -> Result<Self, JournalError> {
        let lsns = layout::parse_name(path).unwrap_or_default();
        let file = open_file(path, lsns)?;
        let ends = read_ends(&file, path, lsns, log_id)?;
        let key = BlockKey::of(&layout::encode_header(ends.version, &ends.before));
        let (path, index) = (path.to_owned(), OnceLock::new());
        Ok(Self(Arc::new(Inner { path, ends, key, index })))
    }

    /// Returns the description that the file carries of itself.
    pub fn info(&self) -> ArchiveInfo {
        let Footer { records, frames, raw_bytes, times, after, .. } = self.0.ends.footer;
        let (first, last) = self.lsns();
        let (before, file_bytes, times_ms) = (self.0.ends.before, self.0.ends.file_bytes, times.0);
        debug_assert_eq!(records, last.records_since(before.lsn), "`layout::check` compares them");
        ArchiveInfo { first, last, records, frames, raw_bytes, file_bytes, times_ms, before, after }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the mark of the chain before the file.
    pub fn before(&self) -> ChainMark {
        self.0.ends.before
    }

    /// Returns the mark of the chain after the file.
    pub fn after(&self) -> ChainMark {
        self.0.ends.footer.after
    }

    /// Returns the note that [`ArchiveWriter::set_note`](super::ArchiveWriter::set_note) added.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] or [`JournalError::Io`].
    pub fn note(&self) -> Result<&[u8], JournalError> {
        self.index().map(|index| &*index.note)
    }

    /// Returns the frame that holds `lsn`, checked on its own; `None` if it is not in this file.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] or [`JournalError::Io`].
    pub fn frame_at(&self, lsn: Lsn) -> Result<Option<StoredFrame>, JournalError> {
        let (first, last) = self.lsns();
        if lsn < first || lsn > last {
            return Ok(None);
        }
        let number = self.index()?.block_of(lsn);
        self.frame_in(number, &self.block(number)?, lsn).map(Some)
    }

    /// Returns the batch that holds `lsn`, checked on its own; `None` if it is not in this file.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] or [`JournalError::Io`].
    pub fn batch_at(&self, lsn: Lsn) -> Result<Option<Batch>, JournalError> {
        Ok(self.frame_at(lsn)?.map(StoredFrame::into_batch))
    }

    /// Takes the next frame from the front of `rest` and checks that it follows.
    pub(super) fn take_frame<'a>(
        &self,
        rest: &mut &'a [u8],
        chain: &mut Chain,
    ) -> Result<Frame<'a>, JournalError> {
        let lsn = chain.end().next();
        let (_, bytes, after) = split(rest).map_err(|error| self.bad_frame(lsn, error))?;
        let frame = Frame::decode(bytes).map_err(|error| self.bad_frame(lsn, error))?;
        chain.follow(&frame.header, frame.hash).map_err(|error| self.in_file(error))?;
        debug_assert!(after.len() < rest.len(), "each step shortens the rest, or it would not end");
        *rest = after;
        Ok(frame)
    }

    /// Returns the frame that holds `lsn`, which must be in the raw bytes of block `number`.
    pub(super) fn frame_in(
        &self,
        number: u32,
        raw: &[u8],
        lsn: Lsn,
    ) -> Result<StoredFrame, JournalError> {
        let found = find(raw, lsn).map_err(|error| self.bad_frame(lsn, error))?;
        let Some(range) = found else {
            return Err(self.bad_block(
                self.index()?,
                number,
                format!("record {lsn} is not in it"),
            ));
        };
        let frame = StoredFrame::check(raw[range].to_vec());
        let frame = frame.map_err(|error| self.bad_frame(lsn, error))?;
        if frame.header().log_id != self.0.ends.before.log_id {
            return Err(self.bad_block(self.index()?, number, "a frame is of another log"));
        }
        debug_assert!(
            (frame.first_lsn()..=frame.last_lsn()).contains(&lsn),
            "`find` returns the range of the frame that holds the record"
        );
        Ok(frame)
    }

    /// Returns the header of the frame at the front of `rest`, which is the one that holds `lsn`.
    /// The whole frame is checked, since a chain that starts with it trusts its numbers.
    pub(super) fn header_at(&self, rest: &[u8], lsn: Lsn) -> Result<FrameHeader, JournalError> {
        let frame = split(rest).and_then(|(_, bytes, _)| Frame::decode(bytes));
        frame.map(|frame| frame.header).map_err(|error| self.bad_frame(lsn, error))
    }

    /// Checks that a chain at the end of the file agrees with the footer.
    pub(super) fn check_end(&self, chain: &Chain) -> Result<(), JournalError> {
        if chain.mark() == self.after() {
            return Ok(());
        }
        Err(self.damaged(
            0..self.0.ends.file_bytes,
            "its last frame is not the one the footer is about",
        ))
    }

    /// Returns header, footer and length, as they were when the file was opened.
    pub(super) fn ends(&self) -> FileEnds {
        self.0.ends
    }

    /// Returns whether its labels find every record that has one.
    pub(super) fn has_whole_labels(&self) -> bool {
        layout::has_whole_labels(self.0.ends.version)
    }

    /// Returns the number of blocks of frames.
    pub(super) fn frame_blocks_count(&self) -> u32 {
        self.0.ends.footer.blocks
    }

    /// Returns whether a record is not later than `time_ms`.
    pub(super) fn reaches_back_to(&self, time_ms: i64) -> bool {
        self.0.ends.footer.times.reach_back_to(time_ms)
    }

    /// Returns the first and the last record.
    pub(super) fn lsns(&self) -> (Lsn, Lsn) {
        (self.0.ends.before.lsn.next(), self.0.ends.footer.after.lsn)
    }

    /// Returns the index of the blocks, reading it if it has not been read yet.
    pub(super) fn index(&self) -> Result<&Index, JournalError> {
        if let Some(index) = self.0.index.get() {
            return Ok(index);
        }
        let index = self.read_index(&open_file(self.path(), self.lsns())?)?;
        Ok(self.0.index.get_or_init(|| index))
    }

    /// Returns the raw bytes of a block, of frames or of labels.
    pub(super) fn block(&self, number: u32) -> Result<Vec<u8>, JournalError> {
        let index = self.index()?;
        self.read_block(&open_file(self.path(), self.lsns())?, index, number, None)
    }

    /// Reads the index and checks it against the footer.
    pub(super) fn read_index(&self, file: &File) -> Result<Index, JournalError> {
        let Footer { index_offset, index_bytes, index_hash, .. } = self.0.ends.footer;
        let range = index_offset..index_offset + index_bytes;
        let bad = |range, what: &str| self.damaged(range, what);
        let bytes = sealed_file::read(file, self.path(), range.clone(), &bad)?;
        if *blake3::hash(&bytes).as_bytes() != index_hash {
            return Err(self.damaged(range, "the index is not what was written"));
        }
        Index::decode(&bytes, &self.0.ends.footer, self.lsns().0)
            .ok_or_else(|| self.damaged(range, "the index does not add up"))
    }

    /// Reads a block, and adds its checksum to `sums`.
    pub(super) fn read_block(
        &self,
        file: &File,
        index: &Index,
        number: u32,
        sums: Option<&mut blake3::Hasher>,
    ) -> Result<Vec<u8>, JournalError> {
        let range = index.range(number);
        let lsns = self.block_lsns(index, number);
        let bad = |range, what: &str| damaged(self.path(), lsns, range, what);
        let stored = sealed_file::read(file, self.path(), range.clone(), &bad)?;
        if let Some(sums) = sums {
            sums.update(&stored[..SUM_BYTES]);
        }
        self.0
            .key
            .open(Place { number, offset: range.start }, &stored)
            .ok_or_else(|| self.bad_block(index, number, "it has a wrong checksum"))
    }

    fn block_lsns(&self, index: &Index, number: u32) -> (Lsn, Lsn) {
        let number = number as usize;
        let Some(entry) = index.frames.get(number) else { return self.lsns() };
        let next = index.frames.get(number + 1).map(|next| next.first_lsn.previous());
        (entry.first_lsn, next.unwrap_or(self.after().lsn))
    }

    /// Makes the error of a damaged block.
    pub(super) fn bad_block(
        &self,
        index: &Index,
        number: u32,
        what: impl std::fmt::Display,
    ) -> JournalError {
        let lsns = self.block_lsns(index, number);
        damaged(self.path(), lsns, index.range(number), format!("block {number}: {what}"))
    }

    /// Makes the error of a frame in a block whose checksum holds: a faulty program wrote it so.
    pub(super) fn bad_frame(&self, lsn: Lsn, error: FrameError) -> JournalError {
        self.in_file(JournalError::damaged(DamageKind::Frame, lsn, error.to_string()))
    }

    /// Adds the name of this file to damage that was found in it.
    fn in_file(&self, error: JournalError) -> JournalError {
        let JournalError::Damaged(mut damage) = error else { return error };
        damage.detail = format!("{}: {}: {}", self.path().display(), damage.kind, damage.detail);
        damage.kind = DamageKind::Archive;
        JournalError::Damaged(damage)
    }

    /// Makes the error of damaged bytes of this file.
    pub(super) fn damaged(&self, range: Range<u64>, what: &str) -> JournalError {
        damaged(self.path(), self.lsns(), range, what)
    }
}

impl std::fmt::Debug for ArchiveFile {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "ArchiveFile({})", self.path().display())
    }
}

/// Returns the header and the bytes of the first frame in `raw`, and the bytes after it.
pub(super) fn split(raw: &[u8]) -> Result<(FrameHeader, &[u8], &[u8]), FrameError> {
    let (header, payload_bytes) = frame::decode_header(raw)?;
    let expected = OVERHEAD_BYTES + payload_bytes;
    let (bytes, rest) = raw
        .split_at_checked(expected)
        .ok_or(FrameError::WrongLength { actual: raw.len(), expected })?;
    Ok((header, bytes, rest))
}

/// Returns the range in `raw` of the frame that holds `lsn`. Only headers are read.
pub(super) fn find(raw: &[u8], lsn: Lsn) -> Result<Option<Range<usize>>, FrameError> {
    let mut start = 0;
    while start < raw.len() {
        let (header, bytes, _) = split(&raw[start..])?;
        let end = start + bytes.len();
        assert!(end > start, "a frame has bytes, so this loop ends");
        if lsn.0 < header.first_lsn.0.saturating_add(u64::from(header.count)) {
            return Ok((header.first_lsn <= lsn).then_some(start..end));
        }
        start = end;
    }
    Ok(None)
}

/// Opens an archive file; a missing one is damage of its records.
pub(super) fn open_file(path: &Path, lsns: (Lsn, Lsn)) -> Result<File, JournalError> {
    File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => damaged(path, lsns, 0..0, "the file is missing"),
        _ => JournalError::file("opening", path, &error),
    })
}

/// Reads and checks header and footer.
pub(super) fn read_ends(
    file: &File,
    path: &Path,
    lsns: (Lsn, Lsn),
    log_id: LogId,
) -> Result<FileEnds, JournalError> {
    let bad = |range, what: &str| damaged(path, lsns, range, what);
    let ends = RawEnds::<HEADER_BYTES, FOOTER_BYTES>::read(file, path, &bad)?;
    let (version, before) = layout::decode_header(&ends.header)
        .ok_or_else(|| bad(0..HEADER_BYTES as u64, "this is no archive file"))?;
    let bad_footer = |what: &str| bad(ends.footer_range(), what);
    let footer = Footer::decode(&ends.header, &ends.footer).ok_or_else(|| {
        bad_footer("header and footer are not what was written, or the file is cut")
    })?;
    if !layout::is_known(version) {
        return Err(layout::newer(version));
    }
    layout::check(lsns, ends.file_bytes, log_id, &before, &footer)
        .map_err(|what| bad_footer(&what))?;
    Ok(FileEnds { version, before, footer, file_bytes: ends.file_bytes })
}
