//! The writer of a table: rows in ascending order, blocks as they fill, then index and footer.

use std::path::Path;

use zstd::bulk::Compressor;

use super::layout::{self, FOOTER_BYTES, Footer, HEADER_BYTES, Header};
use super::{BLOCK_RAW_BYTES, KEY_BYTES_MAX, Table, VALUE_BYTES_MAX, file_name, rows};
use crate::block::{BlockKey, Place, SUM_BYTES};
use crate::growing_file::GrowingFile;
use crate::{JournalError, LogId, Lsn};

/// The checkpointer shares the machine with the shop, and a better ratio costs several times as
/// much.
const ZSTD_LEVEL: i32 = 1;

/// Writes one table. Dropped unsealed, it leaves nothing behind.
pub struct TableWriter {
    file: GrowingFile,
    header: Header,
    key: BlockKey,
    compressor: Compressor<'static>,
    /// The block that is being filled.
    raw: Vec<u8>,
    /// The last block as it was written.
    stored: Vec<u8>,
    last_key: Vec<u8>,
    /// The key that separates the block that is being filled from the one before.
    separator: Vec<u8>,
    index: Vec<u8>,
    sums: blake3::Hasher,
    blocks: u32,
    rows: u64,
    raw_bytes: u64,
}

impl TableWriter {
    /// Starts the table that covers the records after `after` through `through`.
    ///
    /// # Errors
    /// [`JournalError::Full`] or [`JournalError::Io`].
    pub fn create(
        dir: &Path,
        log_id: LogId,
        after: Lsn,
        through: Lsn,
    ) -> Result<Self, JournalError> {
        assert!(after < through, "`Name::parse` refuses a table that covers no record");
        let header = Header { log_id, after, through };
        let mut file = GrowingFile::create(dir.join(file_name(after, through)))?;
        file.write(&header.encode())?;
        let compressor = Compressor::new(ZSTD_LEVEL)
            .map_err(|error| JournalError::io("starting to compress", &error))?;
        Ok(Self {
            file,
            header,
            key: BlockKey::of(&header.encode()),
            compressor,
            raw: Vec::new(),
            stored: Vec::new(),
            last_key: Vec::new(),
            separator: Vec::new(),
            index: Vec::new(),
            sums: blake3::Hasher::new(),
            blocks: 0,
            rows: 0,
            raw_bytes: 0,
        })
    }

    /// Adds a row. Keys have 1 to [`KEY_BYTES_MAX`] bytes and strictly ascend; values have at most
    /// [`VALUE_BYTES_MAX`].
    ///
    /// # Errors
    /// [`JournalError::Full`] or [`JournalError::Io`]; the table cannot be finished then.
    ///
    /// # Panics
    /// If a key or a value is out of these bounds, or the key does not follow the one before.
    pub fn push(&mut self, key: &[u8], value: &[u8]) -> Result<(), JournalError> {
        // Pairs with `Rows::advance` and `Table::verify`, which refuse what these rule out.
        assert!((1..=KEY_BYTES_MAX).contains(&key.len()), "a key is within its bounds");
        assert!(value.len() <= VALUE_BYTES_MAX, "a value is within its bound");
        assert!(self.rows == 0 || *key > self.last_key[..], "keys ascend");
        let row_bytes = rows::PREFIX_BYTES + key.len() + value.len();
        if !self.raw.is_empty() && self.raw.len() + row_bytes > BLOCK_RAW_BYTES {
            self.finish_block()?;
            self.separator = layout::separator(&self.last_key, key).to_vec();
        }
        let shares_with = if self.raw.is_empty() { &[][..] } else { &self.last_key };
        rows::push(&mut self.raw, shares_with, key, value);
        self.last_key.clear();
        self.last_key.extend_from_slice(key);
        self.rows += 1;
        Ok(())
    }

    /// Returns the number of rows so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Makes the table durable, gives it its name and opens it.
    ///
    /// # Errors
    /// [`JournalError::Full`] or [`JournalError::Io`]; [`JournalError::Damaged`] if what is read
    /// back is not what was written.
    pub fn seal(mut self) -> Result<Table, JournalError> {
        if !self.raw.is_empty() {
            self.finish_block()?;
        }
        layout::push_key(&mut self.index, &self.last_key);
        assert!(u32::try_from(self.index.len()).is_ok(), "an index fits in memory many times");
        let footer = Footer {
            rows: self.rows,
            raw_bytes: self.raw_bytes,
            index_offset: self.file.bytes(),
            index_bytes: self.index.len() as u64,
            blocks: self.blocks,
            sums: self.sums.finalize().into(),
        };
        self.file.write(&self.index)?;
        self.file.write(&footer.encode(&self.header, &self.index))?;
        let bytes = self.file.bytes();
        assert!(bytes >= (HEADER_BYTES + FOOTER_BYTES) as u64, "header and footer are there");
        let path = self.file.finish()?;
        let table = Table::open(&path, self.header.log_id)?;
        assert_eq!((table.rows(), table.file_bytes()), (self.rows, bytes), "read back as written");
        Ok(table)
    }

    /// Writes the block that is being filled, and adds it to the index.
    fn finish_block(&mut self) -> Result<(), JournalError> {
        assert!(!self.raw.is_empty(), "a block has a row");
        let place = Place { number: self.blocks, offset: self.file.bytes() };
        let sealed = self.key.seal(place, &self.raw, &mut self.compressor, &mut self.stored);
        sealed.map_err(|error| JournalError::io("compressing a block", &error))?;
        self.sums.update(&self.stored[..SUM_BYTES]);
        layout::push_block(&mut self.index, self.stored.len(), &self.separator);
        self.file.write(&self.stored)?;
        self.blocks = self.blocks.checked_add(1).expect("a table has fewer than 2^32 blocks");
        self.raw_bytes += self.raw.len() as u64;
        self.raw.clear();
        Ok(())
    }
}
