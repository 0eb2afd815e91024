//! Cursors: they read rows in order, from one table or from several as one.

use std::sync::Arc;

use super::rows::Rows;
use super::{Blocks, KEY_BYTES_MAX, Table};
use crate::JournalError;

/// A place at a row of a table, or behind its last row.
pub(super) struct Cursor {
    table: Table,
    cache: Option<Arc<Blocks>>,
    /// The number of the block of `rows`.
    number: u32,
    /// `None` behind the last row.
    rows: Option<Rows>,
}

impl Cursor {
    /// Creates a cursor at the first row whose key is not less than `key`.
    pub(super) fn seek(
        table: &Table,
        key: &[u8],
        cache: Option<&Arc<Blocks>>,
    ) -> Result<Self, JournalError> {
        let number = table.0.index.block_for(key);
        let mut cursor = Self { table: table.clone(), cache: cache.cloned(), number, rows: None };
        if table.0.index.blocks_count() == 0 {
            return Ok(cursor);
        }
        cursor.rows = Some(Rows::new(table.block(number, cache)?));
        cursor.advance()?;
        while cursor.row().is_some_and(|(found, _)| found < key) {
            cursor.advance()?;
        }
        debug_assert!(cursor.row().is_none_or(|(found, _)| found >= key), "no row before the key");
        Ok(cursor)
    }

    /// Returns the row at the cursor.
    pub(super) fn row(&self) -> Option<(&[u8], &[u8])> {
        self.rows.as_ref().map(|rows| (rows.key(), rows.value()))
    }

    /// Moves to the next row.
    pub(super) fn advance(&mut self) -> Result<(), JournalError> {
        while let Some(rows) = &mut self.rows {
            match rows.advance() {
                Ok(true) => return Ok(()),
                Ok(false) => self.open_next_block()?,
                Err(_) => {
                    let range = self.table.0.index.block_range(self.number);
                    return Err(self.table.damaged(range, "rows do not add up"));
                }
            }
        }
        Ok(())
    }

    /// Opens the next block, if there is one.
    fn open_next_block(&mut self) -> Result<(), JournalError> {
        self.rows = None;
        debug_assert!(self.number < self.table.0.index.blocks_count(), "the last block was read");
        if self.number + 1 < self.table.0.index.blocks_count() {
            self.number += 1;
            self.rows = Some(Rows::new(self.table.block(self.number, self.cache.as_ref())?));
        }
        Ok(())
    }
}

/// Several tables as one. Of equal keys only the newest row is seen.
pub(super) struct MergedCursor {
    /// Older tables first.
    cursors: Vec<Cursor>,
}

impl MergedCursor {
    pub(super) fn new(cursors: Vec<Cursor>) -> Self {
        Self { cursors }
    }

    /// Returns the row with the least key.
    pub(super) fn row(&self) -> Option<(&[u8], &[u8])> {
        let mut least: Option<(&[u8], &[u8])> = None;
        for (key, value) in self.cursors.iter().filter_map(Cursor::row) {
            // Not `<`: of equal keys the later cursor, of the newer table, counts.
            if least.is_none_or(|(least_key, _)| key <= least_key) {
                least = Some((key, value));
            }
        }
        least
    }

    /// Moves to the next key.
    pub(super) fn advance(&mut self) -> Result<(), JournalError> {
        let mut key = [0; KEY_BYTES_MAX];
        let Some((found, _)) = self.row() else { return Ok(()) };
        assert!(found.len() <= KEY_BYTES_MAX, "`Rows::advance` refuses longer keys");
        let key = &mut key[..found.len()];
        key.copy_from_slice(found);
        for cursor in &mut self.cursors {
            if cursor.row().is_some_and(|(found, _)| found == key) {
                cursor.advance()?;
            }
        }
        Ok(())
    }
}

/// An iterator over rows in ascending order of their keys; the first error is the last item.
///
/// It reads the tables that it started with, even if they are merged or removed meanwhile.
pub struct TableIter {
    rows: Option<MergedCursor>,
}

impl TableIter {
    pub(super) fn new(cursors: Vec<Cursor>) -> Self {
        Self { rows: Some(MergedCursor::new(cursors)) }
    }
}

impl Iterator for TableIter {
    type Item = Result<(Vec<u8>, Vec<u8>), JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rows = self.rows.as_mut()?;
        let (key, value) = rows.row()?;
        let row = (key.to_vec(), value.to_vec());
        match rows.advance() {
            Ok(()) => Some(Ok(row)),
            Err(error) => {
                // The row itself is good, but the one after it is damaged: end here.
                self.rows = None;
                Some(Err(error))
            }
        }
    }
}
