//! The check of a whole archive file, as fast as it can be read: no frame is copied.

use std::fs::File;

use super::file::FileEnds;
use super::layout::Index;
use super::{ArchiveFile, file, labels};
use crate::JournalError;
use crate::chain::Chain;
use crate::frame::{Frame, Hash};

impl ArchiveFile {
    /// Reads the whole file and checks it against its footer and its index.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] that names the first bytes that are not what was written.
    pub fn verify(&self) -> Result<(), JournalError> {
        self.verify_each(&mut |_| Ok(()))
    }

    /// Checks as [`ArchiveFile::verify`], and hands each frame to `on_frame` as soon as it is
    /// checked, where it lies.
    ///
    /// # Errors
    /// As [`ArchiveFile::verify`], and the first error of `on_frame`.
    pub fn verify_each(
        &self,
        on_frame: &mut dyn FnMut(&Frame<'_>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        let FileEnds { before, footer, file_bytes, .. } = self.ends();
        let file = file::open_file(self.path(), self.lsns())?;
        let ends = file::read_ends(&file, self.path(), self.lsns(), self.before().log_id)?;
        let whole = 0..file_bytes;
        if ends != self.ends() {
            return Err(self.damaged(whole, "this is not the file that was opened"));
        }
        let index = self.read_index(&file)?;
        assert_eq!(index.frames.len(), footer.blocks as usize, "`Index::decode` checks the count");
        let mut sums = blake3::Hasher::new();
        let mut chain = Chain::after(&before);
        let mut raw_bytes = 0;
        for number in 0..footer.blocks {
            let raw = self.read_block(&file, &index, number, Some(&mut sums))?;
            let first = index.frames[number as usize].first_lsn;
            if chain.end().next() != first {
                return Err(self.bad_block(&index, number, "it starts at another record"));
            }
            raw_bytes += raw.len() as u64;
            let mut rest = &raw[..];
            while !rest.is_empty() {
                let frame = self.take_frame(&mut rest, &mut chain)?;
                on_frame(&frame)?;
            }
        }
        self.verify_labels(&file, &index, &mut sums)?;
        let is_whole = chain.mark() == footer.after && raw_bytes == footer.raw_bytes;
        if !is_whole || Hash::from(sums.finalize()) != footer.sums {
            return Err(self.damaged(whole, "its blocks are not those that the footer is about"));
        }
        Ok(())
    }

    /// Checks the blocks of labels, and adds their checksums to `sums`.
    fn verify_labels(
        &self,
        file: &File,
        index: &Index,
        sums: &mut blake3::Hasher,
    ) -> Result<(), JournalError> {
        let mut last = None;
        for (entry, number) in index.labels.iter().zip(self.frame_blocks_count()..) {
            let raw = self.read_block(file, index, number, Some(&mut *sums))?;
            let pairs = labels::decode(&raw).filter(|pairs| {
                pairs.first().is_some_and(|(print, _)| *print == entry.first_print)
                    && last < pairs.first().copied()
                    && pairs.iter().all(|(_, block)| *block < self.frame_blocks_count())
            });
            let pairs =
                pairs.ok_or_else(|| self.bad_block(index, number, "labels out of order"))?;
            last = pairs.last().copied();
        }
        Ok(())
    }
}
