//! The choice of tables to merge, and the merge.
//!
//! Six neighbours become one when none of them holds more than half of their bytes. So each merge
//! at least doubles the table that a row is in: a row is written a few times in all, and however
//! long the log, there are some dozens of tables.

use std::path::Path;

use super::cursor::{Cursor, MergedCursor};
use super::{Table, TableWriter};
use crate::{JournalError, Lsn};

/// The number of tables that become one.
pub(super) const TABLES_COUNT: usize = 6;

/// Returns the index of the first table of the cheapest worthwhile merge; `bytes` has the sizes of
/// neighbouring tables.
pub(super) fn choose(bytes: &[u64]) -> Option<usize> {
    let total = |window: &[u64]| window.iter().sum::<u64>();
    let is_worthwhile = |window: &&[u64]| {
        let largest = window.iter().copied().max().unwrap_or_default();
        largest <= total(window) / 2
    };
    let windows = bytes.windows(TABLES_COUNT).enumerate();
    let worthwhile = windows.filter(|(_, window)| is_worthwhile(window));
    worthwhile.min_by_key(|(_, window)| total(window)).map(|(start, _)| start)
}

/// Writes one table with the rows of these neighbours, oldest first.
pub(super) fn merge(dir: &Path, tables: &[Table]) -> Result<Table, JournalError> {
    let (first, last) = (&tables[0], &tables[tables.len() - 1]);
    assert!(
        tables.is_sorted_by(|one, next| one.through() == next.after()),
        "a merged table must cover every record between its ends"
    );
    let log_id = first.0.header.log_id;
    let (after, through): (Lsn, Lsn) = (first.after(), last.through());
    let mut writer = TableWriter::create(dir, log_id, after, through)?;
    let cursors: Result<Vec<_>, _> =
        tables.iter().map(|table| Cursor::seek(table, &[], None)).collect();
    let mut rows = MergedCursor::new(cursors?);
    while let Some((key, value)) = rows.row() {
        writer.push(key, value)?;
        rows.advance()?;
    }
    let merged = writer.seal()?;
    assert_eq!((merged.after(), merged.through()), (after, through), "it replaces its sources");
    assert!(
        merged.rows() <= tables.iter().map(Table::rows).sum(),
        "a merge drops rows of equal keys and makes none up"
    );
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_neighbours_of_like_size_are_merged_the_cheapest_first() {
        assert_eq!(choose(&[1; 5]), None);
        assert_eq!(choose(&[1; 6]), Some(0));
        assert_eq!(choose(&[9, 9, 9, 9, 9, 9, 1, 1, 1, 1, 1, 1]), Some(6));
        assert_eq!(choose(&[1_000, 1, 1, 1, 1, 1]), None, "much would be written for little");
        assert_eq!(choose(&[1_000, 1, 1_000, 1, 1_000, 1]), Some(0));
    }

    #[test]
    fn tables_stay_few_and_rows_are_written_a_few_times() {
        let (mut bytes, mut written) = (Vec::new(), 0);
        let mut random = 1_u64;
        let mut most = 0;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            bytes.push(1 + (random >> 40) % 1_000);
            while let Some(start) = choose(&bytes) {
                let sum = bytes.drain(start..start + TABLES_COUNT).sum();
                bytes.insert(start, sum);
                written += sum;
            }
            most = most.max(bytes.len());
        }
        assert!(most <= 60, "{most} tables");
        assert!(written / bytes.iter().sum::<u64>() <= 8, "{written}");
    }
}
