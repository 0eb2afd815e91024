//! Reads an archive in order, file after file, as one chain of frames.

use std::ops::Range;
use std::sync::Arc;

use super::set::CachePolicy;
use super::{Archive, ArchiveFile, file};
use crate::chain::Chain;
use crate::{JournalError, Lsn, StoredFrame};

/// A place in an archive. It keeps one block in memory.
pub(crate) struct Cursor<'a> {
    archive: &'a Archive,
    /// Any position inside the next frame.
    next: Lsn,
    /// The chain at the end of the frames so far; `None` before the first.
    chain: Option<Chain>,
    block: Option<Block>,
}

/// A block and how far it has been read.
struct Block {
    file: ArchiveFile,
    number: u32,
    raw: Arc<Vec<u8>>,
    /// Bytes before the next frame.
    read: usize,
}

impl<'a> Cursor<'a> {
    /// Creates a cursor before the frame that holds `from`.
    pub(crate) fn new(archive: &'a Archive, from: Lsn) -> Self {
        Self { archive, next: from.max(Lsn::FIRST), chain: None, block: None }
    }

    /// Returns the next frame, verified; `None` at the end of the archive, which may grow later.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it should be there and is not, or is not what was written.
    pub(crate) fn next_frame(&mut self) -> Result<Option<StoredFrame>, JournalError> {
        if self.block.as_ref().is_none_or(|block| block.read == block.raw.len()) {
            let Some(file) = self.archive.file_of(self.next)? else { return Ok(None) };
            self.block = Some(self.read_block(file)?);
        }
        let block = self.block.as_mut().expect("it was there or has been read");
        assert!(block.read < block.raw.len(), "a block that was read to its end has been replaced");
        let mut rest = &block.raw[block.read..];
        let chain = if let Some(chain) = &mut self.chain {
            chain
        } else {
            let header = block.file.header_at(rest, self.next)?;
            let before = block.file.before();
            self.chain.insert(if header.first_lsn == before.lsn.next() {
                Chain::after(&before)
            } else {
                Chain::before(self.archive.log_id(), &header)
            })
        };
        let frame = block.file.take_frame(&mut rest, chain)?;
        let frame = StoredFrame::from(frame);
        block.read = block.raw.len() - rest.len();
        assert!(frame.last_lsn() >= self.next, "`read_block` starts at the frame with this record");
        self.next = frame.last_lsn().next();
        if self.next > block.file.after().lsn {
            block.file.check_end(chain)?;
        }
        Ok(Some(frame))
    }

    /// Reads the block of `file` with the next frame, and finds the frame in it.
    fn read_block(&self, file: ArchiveFile) -> Result<Block, JournalError> {
        let index = file.index()?;
        let number = index.block_of(self.next);
        // A reader may start at the same block again; one that reads in order does not come back.
        let cache = if self.chain.is_none() { CachePolicy::Keep } else { CachePolicy::Skip };
        let raw = self.archive.block(&file, number, cache)?;
        let found = file::find(&raw, self.next).ok().flatten();
        let Some(Range { start: read, .. }) = found else {
            let what = format!("record {} is not where the index says", self.next);
            return Err(file.bad_block(index, number, what));
        };
        Ok(Block { file, number, raw, read })
    }
}

impl std::fmt::Debug for Cursor<'_> {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let block = self.block.as_ref().map(|block| block.number);
        write!(out, "Cursor(before {}, in block {block:?})", self.next)
    }
}
