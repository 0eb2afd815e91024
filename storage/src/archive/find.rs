//! Look-ups in an archive: by the labels of records, and by their time.
//!
//! The index narrows a look-up down to blocks; in a block the caller's [`Indexer`] reads records.

use super::set::CachePolicy;
use super::{Archive, ArchiveFile, file, labels};
use crate::journal::{FrameIter, lsn_at};
use crate::label::holds;
use crate::{Batch, Indexer, JournalError, JournalReader, Label, LogId, Lsn, StoredFrame};

impl ArchiveFile {
    /// Returns the numbers of the blocks that may hold a record with `label`, ascending. Every
    /// block that holds one is among them; of a file of version 1, whose labels may leave some out,
    /// that is every block.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] or [`JournalError::Io`].
    pub fn blocks_with(&self, label: Label) -> Result<Vec<u32>, JournalError> {
        if !self.has_whole_labels() {
            return Ok((0..self.frame_blocks_count()).collect());
        }
        let index = self.index()?;
        let print = labels::print(label);
        // The pairs of a print may start at the end of the block before the first that starts so.
        let at = index.labels.partition_point(|entry| entry.first_print < print).saturating_sub(1);
        let mut blocks = Vec::new();
        for (entry, number) in index.labels.iter().zip(0..).skip(at) {
            if entry.first_print > print {
                break;
            }
            let number = number + self.frame_blocks_count();
            let pairs = labels::decode(&self.block(number)?)
                .ok_or_else(|| self.bad_block(index, number, "labels out of order"))?;
            let from = pairs.partition_point(|(other, _)| *other < print);
            let of_label = pairs[from..].iter().take_while(|(other, _)| *other == print);
            blocks.extend(of_label.map(|(_, block)| *block));
        }
        // A faulty program may have written labels of blocks that are not there.
        match blocks.iter().max() {
            Some(last) if *last >= self.frame_blocks_count() => {
                Err(self.bad_block(index, self.frame_blocks_count(), "labels of blocks beyond it"))
            }
            _ => Ok(blocks),
        }
    }
}

impl Archive {
    /// Returns the frames from record `from` on that hold a record with `label`, ascending, each
    /// checked on its own. The first error is the last item; a file that is missing is one.
    pub fn frames_with<'a>(
        &'a self,
        label: Label,
        from: Lsn,
        indexer: &'a dyn Indexer,
    ) -> FrameIter<'a> {
        let mut next = Some(from.max(Lsn::FIRST));
        let files = std::iter::from_fn(move || {
            // A file may start with records that the one before it has, too.
            let start = next?;
            let file = self.file_of(start).transpose();
            next = file.as_ref().and_then(|file| Some(file.as_ref().ok()?.after().lsn.next()));
            file.map(|file| file.map(|file| (file, start)))
        });
        let blocks = files.flat_map(move |file| {
            let found = file.and_then(|(file, start)| Ok((file.blocks_with(label)?, file, start)));
            found.map_or_else(
                |error| vec![Err(error)],
                |(blocks, file, start)| {
                    blocks.into_iter().map(|block| Ok((file.clone(), block, start))).collect()
                },
            )
        });
        let frames = blocks.flat_map(move |block| {
            let found = block.and_then(|(file, number, start)| {
                self.frames_in_block(&file, number, start, |frame| holds(frame, label, indexer))
            });
            found.map_or_else(|error| vec![Err(error)], |found| found.into_iter().map(Ok).collect())
        });
        Box::new(until_error(frames))
    }

    /// Returns the last record that is not later than `time_ms` (milliseconds since 1970), and
    /// those without a time behind it: how far to replay for the state as of then. 0 if all are
    /// later.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] or [`JournalError::Io`].
    pub fn lsn_at(&self, time_ms: i64, indexer: &dyn Indexer) -> Result<Lsn, JournalError> {
        let Some((first, last)) = self.block_at(time_ms)? else { return Ok(Lsn::ZERO) };
        let lsn = lsn_at(self.frames(first), time_ms, last, indexer)?;
        Ok(lsn.unwrap_or(Lsn::ZERO))
    }

    /// Returns the first and the last record of the last block with one that is not later than
    /// `time_ms`.
    ///
    /// # Errors
    /// As [`Archive::lsn_at`].
    pub(crate) fn block_at(&self, time_ms: i64) -> Result<Option<(Lsn, Lsn)>, JournalError> {
        let files = self.files();
        let Some(file) = files.iter().rev().find(|file| file.reaches_back_to(time_ms)) else {
            return Ok(None);
        };
        let index = file.index()?;
        let blocks = &index.frames;
        let number = blocks.iter().rposition(|entry| entry.times.reach_back_to(time_ms));
        // A faulty program may have written times of a file that none of its blocks has.
        let what = "times of the file that no block has";
        let number = number.ok_or_else(|| file.bad_block(index, 0, what))?;
        let last =
            blocks.get(number + 1).map_or(file.after().lsn, |next| next.first_lsn.previous());
        Ok(Some((blocks[number].first_lsn, last)))
    }

    /// Returns the frames in a block that reach record `from` and are wanted, each checked.
    fn frames_in_block(
        &self,
        file: &ArchiveFile,
        number: u32,
        from: Lsn,
        is_wanted: impl Fn(&StoredFrame) -> bool,
    ) -> Result<Vec<StoredFrame>, JournalError> {
        let raw = self.block(file, number, CachePolicy::Keep)?;
        let mut found = Vec::new();
        let mut rest = &raw[..];
        while !rest.is_empty() {
            let (header, bytes, after) = file::split(rest)
                .map_err(|error| file.bad_frame(file.before().lsn.next(), error))?;
            assert!(after.len() < rest.len(), "a frame has bytes, so this loop ends");
            rest = after;
            let frame = StoredFrame::check(bytes.to_vec())
                .map_err(|error| file.bad_frame(header.first_lsn, error))?;
            if frame.last_lsn() >= from && is_wanted(&frame) {
                found.push(frame);
            }
        }
        Ok(found)
    }
}

/// An archive alone is a log, as that of a backup is.
impl JournalReader for Archive {
    fn end(&self) -> Lsn {
        self.end().lsn
    }

    fn log_id(&self) -> LogId {
        self.log_id()
    }

    fn frames(&self, from: Lsn) -> FrameIter<'_> {
        self.frames(from)
    }

    fn batch_at(&self, lsn: Lsn) -> Result<Option<Batch>, JournalError> {
        self.batch_at(lsn)
    }

    fn frames_with<'a>(
        &'a self,
        label: Label,
        from: Lsn,
        indexer: &'a dyn Indexer,
    ) -> FrameIter<'a> {
        self.frames_with(label, from, indexer)
    }

    fn lsn_at(&self, time_ms: i64, indexer: &dyn Indexer) -> Result<Lsn, JournalError> {
        self.lsn_at(time_ms, indexer)
    }
}

/// Ends an iterator after its first error.
pub(crate) fn until_error<T>(
    items: impl Iterator<Item = Result<T, JournalError>>,
) -> impl Iterator<Item = Result<T, JournalError>> {
    let mut failed = false;
    items.take_while(move |item| {
        let goes_on = !failed;
        failed |= item.is_err();
        goes_on
    })
}
