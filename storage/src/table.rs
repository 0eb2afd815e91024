//! Sorted immutable tables: rows of opaque keys and values, looked up by key or read in order.
//!
//! A table has the rows that became final after one record and through another. Tables tile the log
//! from its start to the newest checkpoint, small new ones are merged into larger ones, and where
//! two hold the same key the newer one counts. Every file names and checks itself, so there is no
//! list of files that could be wrong. `FORMAT.md` draws the bytes.
//!
//! | to read about | open |
//! |---|---|
//! | the bytes around the blocks: header, index, footer | `table/layout.rs` |
//! | the bytes in a block | `table/rows.rs` |
//! | the writer of a table: [`TableWriter`] | `table/writer.rs` |
//! | reading in order, and several tables as one | `table/cursor.rs` |
//! | the tables of a directory: [`TableSet`] | `table/set.rs` |
//! | the choice between tables and leftovers | `table/tiles.rs` |
//! | the choice of tables to merge | `table/merge.rs` |
//! | blocks kept in memory | `block_cache.rs` |

mod cursor;
mod layout;
mod merge;
mod rows;
mod set;
mod tiles;
mod writer;

use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::block::{BlockKey, Place, SUM_BYTES};
use crate::block_cache::BlockCache;
use crate::frame::Hash;
use crate::{Damage, DamageKind, JournalError, LogId, Lsn, sealed_file};
use cursor::Cursor;
use layout::{Footer, Header, Index};

pub use cursor::TableIter;
pub use set::{Access, TableSet};
pub use writer::TableWriter;

/// The most bytes of a key; the least is 1.
pub const KEY_BYTES_MAX: usize = 64;

/// The most bytes of a value.
pub const VALUE_BYTES_MAX: usize = 64 * 1_024;

/// A block is finished when a row would make it longer than this, unless it is the only row.
const BLOCK_RAW_BYTES: usize = 16 * 1_024;

/// The most blocks in memory: about 4 MiB.
const BLOCKS_MAX: usize = 256;

const _: () = assert!(BLOCKS_MAX * BLOCK_RAW_BYTES == 4 << 20);

/// The cached blocks of a set, by the records that a table covers and the number of the block in
/// it.
type Blocks = BlockCache<(Lsn, Lsn, u32), [u8]>;

// Rows store the length of a key as u8, and that of a value as u32.
const _: () = assert!(KEY_BYTES_MAX <= u8::MAX as usize && VALUE_BYTES_MAX <= u32::MAX as usize);

// A block that is not full takes any row.
const _: () = assert!(
    BLOCK_RAW_BYTES + KEY_BYTES_MAX + VALUE_BYTES_MAX + rows::PREFIX_BYTES
        <= crate::block::RAW_BYTES_MAX
);

/// A table on disk. Clones share the open file, which can be read even after its name is gone.
#[derive(Clone)]
pub struct Table(Arc<Inner>);

struct Inner {
    file: File,
    path: PathBuf,
    header: Header,
    footer: Footer,
    index: Index,
    key: BlockKey,
    file_bytes: u64,
}

impl Table {
    /// Opens the table at `path` and checks its header, index and footer. Blocks are checked as
    /// they are read.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it is not what was written or is of another log,
    /// [`JournalError::NewerFormat`], [`JournalError::Io`].
    pub fn open(path: &Path, log_id: LogId) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(|error| JournalError::file("opening", path, &error))?;
        let (header, footer, index, file_bytes) = layout::read(&file, path, log_id)?;
        let key = BlockKey::of(&header.encode());
        let path = path.to_owned();
        Ok(Self(Arc::new(Inner { file, path, header, footer, index, key, file_bytes })))
    }

    /// Returns the record after which the table starts.
    pub fn after(&self) -> Lsn {
        self.0.header.after
    }

    /// Returns the last record that the table covers.
    pub fn through(&self) -> Lsn {
        self.0.header.through
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> u64 {
        self.0.footer.rows
    }

    /// Returns the bytes of the file.
    pub fn file_bytes(&self) -> u64 {
        self.0.file_bytes
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the value of `key`, if there is such a row. Reads one block at most.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if that block is not what was written, [`JournalError::Io`].
    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        self.get_cached(key, None)
    }

    /// Returns the rows from `key` on, ascending.
    ///
    /// # Errors
    /// As [`Table::get`]; later blocks report theirs as the last item.
    pub fn iter_from(&self, key: &[u8]) -> Result<TableIter, JournalError> {
        Ok(TableIter::new(vec![Cursor::seek(self, key, None)?]))
    }

    /// Reads the whole table and checks it against its footer and its index.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] that names the first bytes that are not what was written.
    pub fn verify(&self) -> Result<(), JournalError> {
        // The file may have changed since it was opened.
        layout::read(&self.0.file, self.path(), self.0.header.log_id)?;
        let mut sums = blake3::Hasher::new();
        for number in 0..self.0.index.blocks_count() {
            let stored = self.stored_block(number)?;
            sums.update(&stored[..SUM_BYTES]);
        }
        let whole = 0..self.0.file_bytes;
        if Hash::from(sums.finalize()) != self.0.footer.sums {
            return Err(self.damaged(whole, "blocks of another table are among its blocks"));
        }
        let mut cursor = Cursor::seek(self, &[], None)?;
        let mut last_key = Vec::new();
        let mut rows = 0_u64;
        while let Some((key, _)) = cursor.row() {
            if rows > 0 && *key <= last_key[..] {
                return Err(self.damaged(whole, "keys do not ascend"));
            }
            last_key.clear();
            last_key.extend_from_slice(key);
            rows += 1;
            cursor.advance()?;
        }
        if rows != self.rows() || last_key != self.0.index.last_key() {
            return Err(self.damaged(whole, "it does not have as many rows as it says"));
        }
        Ok(())
    }

    /// Looks up as [`Table::get`], with blocks from the cache where it has them.
    fn get_cached(
        &self,
        key: &[u8],
        cache: Option<&Arc<Blocks>>,
    ) -> Result<Option<Vec<u8>>, JournalError> {
        if key > self.0.index.last_key() {
            return Ok(None);
        }
        let cursor = Cursor::seek(self, key, cache)?;
        Ok(cursor.row().filter(|(found, _)| *found == key).map(|(_, value)| value.to_vec()))
    }

    /// Returns the raw bytes of a block, from the cache if it was read lately.
    fn block(&self, number: u32, cache: Option<&Arc<Blocks>>) -> Result<Arc<[u8]>, JournalError> {
        let id = (self.after(), self.through(), number);
        if let Some(raw) = cache.and_then(|cache| cache.get(id)) {
            return Ok(raw);
        }
        let stored = self.stored_block(number)?;
        let range = self.0.index.block_range(number);
        let raw =
            self.0.key.open(Place { number, offset: range.start }, &stored).ok_or_else(|| {
                self.damaged(range, &format!("block {number} has a wrong checksum"))
            })?;
        debug_assert!(raw.len() <= crate::block::RAW_BYTES_MAX, "`open` refuses a longer block");
        let raw: Arc<[u8]> = raw.into();
        if let Some(cache) = cache {
            cache.put(id, &raw);
        }
        Ok(raw)
    }

    /// Reads the stored bytes of a block.
    fn stored_block(&self, number: u32) -> Result<Vec<u8>, JournalError> {
        let range = self.0.index.block_range(number);
        let bad = |range, what: &str| self.damaged(range, what);
        sealed_file::read(&self.0.file, self.path(), range, &bad)
    }

    fn damaged(&self, range: Range<u64>, what: &str) -> JournalError {
        damaged(self.path(), (self.after(), self.through()), range, what)
    }
}

impl std::fmt::Debug for Table {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Table({}, {} rows)", self.path().display(), self.rows())
    }
}

/// Returns the name of the table that covers the records after `after` through `through`.
fn file_name(after: Lsn, through: Lsn) -> String {
    debug_assert!(after <= through, "a table covers records in ascending order");
    format!("{:020}-{:020}.ktb", after.0, through.0)
}

/// Makes the error of damaged bytes in the table at `path`, which covers these records.
fn damaged(
    path: &Path,
    (after, through): (Lsn, Lsn),
    range: Range<u64>,
    what: &str,
) -> JournalError {
    let detail = format!("{}: bytes {}..{}: {what}", path.display(), range.start, range.end);
    let mut damage = Damage::new(DamageKind::History, Lsn(after.0.saturating_add(1)), detail);
    damage.through = Some(through).filter(|through| *through > after);
    JournalError::Damaged(damage)
}

#[cfg(test)]
mod tests;
