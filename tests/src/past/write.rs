//! The past as a log.

use super::Past;
use kirana_domain::Record;
use kirana_domain::time::AtMs;
use kirana_engine::tools::{Log, keys};
use kirana_storage::{
    BATCH_BYTES_MAX, Batch, Journal, JournalError, Lsn, PushError, ReadOnlyLog, SledJournal,
};
use std::path::Path;

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records.
    pub records: u64,
    /// Bytes of them, lengths included.
    pub bytes: u64,
    /// Orders that were placed.
    pub orders: u64,
    /// Baskets that were refused.
    pub refused: u64,
    /// When the last record is of.
    pub last_ms: AtMs,
    /// The last record.
    pub end: Lsn,
}

/// Appends all of a past, with one sync after so many records. What was decided together stands in
/// one batch.
///
/// # Errors
/// As [`Journal::append`].
///
/// # Panics
/// When the log is not empty: the past begins at its first record.
pub fn write_log(
    journal: &mut dyn Journal,
    past: Past,
    group_records: usize,
) -> Result<Summary, JournalError> {
    assert_eq!(journal.end(), Lsn(0), "the past begins an empty log");
    let mut past = past.epoch(journal.epoch().0);
    let mut summary = Summary::default();
    let mut moment = Vec::new();
    let (mut group, mut waiting) = (vec![next_batch(journal.end())], 0);
    while past.fill(&mut moment) {
        summary.last_ms = moment.last().map_or(summary.last_ms, |record| record.at_ms);
        summary.records += moment.len() as u64;
        waiting += moment.len();
        push(&mut group, &moment);
        moment.clear();
        if waiting >= group_records {
            summary.end = append(journal, &mut group, &mut summary)?;
            waiting = 0;
        }
    }
    summary.end = append(journal, &mut group, &mut summary)?;
    (summary.orders, summary.refused) = (past.placed(), past.refused());
    Ok(summary)
}

/// Makes the vault of a log whose sealed texts are noise: the keys of all its persons are given up.
///
/// # Panics
/// When the log cannot be read.
pub fn give_up_keys(dir: &Path) {
    let log = ReadOnlyLog::open(dir, None).expect("the log opens");
    let vault = SledJournal::vault_path(dir);
    keys::give_up(&Log::new(&log), &vault).expect("the vault is written");
}

fn next_batch(end: Lsn) -> Batch {
    Batch::with_capacity(end.next(), BATCH_BYTES_MAX)
}

fn append(
    journal: &mut dyn Journal,
    group: &mut Vec<Batch>,
    summary: &mut Summary,
) -> Result<Lsn, JournalError> {
    summary.bytes += group.iter().map(|batch| batch.bytes_len() as u64).sum::<u64>();
    let end = journal.append(group)?;
    *group = vec![next_batch(end)];
    Ok(end)
}

/// Puts records into the last batch, or into a new one if they do not fit there together.
fn push(group: &mut Vec<Batch>, records: &[Record]) {
    let batch = group.last_mut().expect("there is always a batch to push to");
    let mark = batch.mark();
    if !fits(batch, records) {
        batch.rewind(mark);
        let mut next = next_batch(batch.last_lsn());
        assert!(fits(&mut next, records), "what happens at once fits in a batch");
        group.push(next);
    }
}

fn fits(batch: &mut Batch, records: &[Record]) -> bool {
    records.iter().all(|record| {
        match batch.try_push_with(|bytes| kirana_engine::encode(record, bytes)) {
            Ok(_) => true,
            Err(PushError::BatchFull) => false,
            Err(error) => panic!("a record of the domain fits in a batch: {error}"),
        }
    })
}
