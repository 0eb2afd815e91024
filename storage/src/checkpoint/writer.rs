//! The writer of a checkpoint.

use std::io;
use std::path::Path;

use zstd::bulk::Compressor;

use super::layout::{self, Footer, HEADER_BYTES};
use super::{CheckpointFile, file_name};
use crate::block::{BlockKey, Place, RAW_BYTES_MAX};
use crate::files;
use crate::growing_file::GrowingFile;
use crate::{ChainMark, JournalError};

/// Raw bytes of every block but the last.
const BLOCK_RAW_BYTES: usize = 512 * 1_024;

const _: () = assert!(BLOCK_RAW_BYTES <= RAW_BYTES_MAX);

/// A checkpoint is written while the shop sells and soon replaced, so speed counts more than size.
const ZSTD_LEVEL: i32 = -3;

/// Writes one checkpoint: the bytes of the state through [`io::Write`], then [`Self::seal`].
/// Dropped unsealed, it leaves nothing behind.
pub struct CheckpointWriter {
    file: GrowingFile,
    mark: ChainMark,
    header: [u8; HEADER_BYTES],
    key: BlockKey,
    compressor: Compressor<'static>,
    /// The block that is being filled.
    raw: Vec<u8>,
    /// The last block as it was written.
    stored: Vec<u8>,
    whole: blake3::Hasher,
    blocks: u32,
    raw_bytes: u64,
    /// The failure of a write, after which every call fails.
    failure: Option<JournalError>,
}

impl CheckpointWriter {
    /// Starts the checkpoint as of `mark`, taken at `at_ms`, in a state layout of version `schema`.
    ///
    /// # Errors
    /// [`JournalError::Full`] or [`JournalError::Io`].
    pub fn create(
        dir: &Path,
        mark: ChainMark,
        at_ms: i64,
        schema: u16,
    ) -> Result<Self, JournalError> {
        files::create_dir_durably(dir)?;
        let header = layout::encode_header(&mark, at_ms, schema);
        let mut file = GrowingFile::create(dir.join(file_name(mark.lsn)))?;
        file.write(&header)?;
        let mut whole = blake3::Hasher::new();
        whole.update(&header);
        let compressor = Compressor::new(ZSTD_LEVEL)
            .map_err(|error| JournalError::io("starting to compress", &error))?;
        Ok(Self {
            file,
            mark,
            header,
            key: BlockKey::of(&header),
            compressor,
            raw: Vec::with_capacity(BLOCK_RAW_BYTES),
            stored: Vec::new(),
            whole,
            blocks: 0,
            raw_bytes: 0,
            failure: None,
        })
    }

    /// Makes the checkpoint durable, gives it its name and opens it. `digest` is that of the state
    /// whose bytes were written. The caller reads it back before relying on it.
    ///
    /// # Errors
    /// The failure of an earlier write; [`JournalError::Full`] or [`JournalError::Io`];
    /// [`JournalError::Damaged`] if what is read back is not what was written.
    pub fn seal(mut self, digest: [u8; 32]) -> Result<CheckpointFile, JournalError> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        if !self.raw.is_empty() {
            self.finish_block()?;
        }
        assert!(self.raw.is_empty(), "every byte of the state is in a block");
        let footer = Footer {
            blocks: self.blocks,
            raw_bytes: self.raw_bytes,
            digest,
            whole: self.whole.finalize().into(),
        };
        self.file.write(&footer.encode(&self.header))?;
        let bytes = self.file.bytes();
        let path = self.file.finish()?;
        let file = CheckpointFile::open(&path, self.mark.log_id)?;
        assert_eq!((file.head.mark, file.file_bytes), (self.mark, bytes), "it is what was written");
        Ok(file)
    }

    /// Writes the block that is being filled.
    fn finish_block(&mut self) -> Result<(), JournalError> {
        assert!(!self.raw.is_empty(), "an empty block would only take room");
        let place = Place { number: self.blocks, offset: self.file.bytes() };
        let sealed = self.key.seal(place, &self.raw, &mut self.compressor, &mut self.stored);
        sealed.map_err(|error| JournalError::io("compressing a block", &error))?;
        self.whole.update(&self.stored);
        self.file.write(&self.stored)?;
        self.blocks = self.blocks.checked_add(1).expect("a state has fewer than 2^32 blocks");
        self.raw_bytes += self.raw.len() as u64;
        self.raw.clear();
        Ok(())
    }
}

impl io::Write for CheckpointWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(failure) = &self.failure {
            return Err(io::Error::other(failure.clone()));
        }
        assert!(self.raw.len() < BLOCK_RAW_BYTES, "a full block is written at once");
        let taken = bytes.len().min(BLOCK_RAW_BYTES - self.raw.len());
        self.raw.extend_from_slice(&bytes[..taken]);
        if self.raw.len() == BLOCK_RAW_BYTES
            && let Err(failure) = self.finish_block()
        {
            self.failure = Some(failure.clone());
            return Err(io::Error::other(failure));
        }
        Ok(taken)
    }

    /// Returns at once: only [`CheckpointWriter::seal`] makes anything durable.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
