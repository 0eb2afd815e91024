//! The files that the engine derives from the log: they date its end, and are checked beside it.

use super::Salvage;
use crate::checkpoint::{self, ListedCheckpoint};
use crate::{Access, ChainMark, JournalError, Lsn, TableSet};

impl Salvage<'_> {
    /// Checks the checkpoints and the history, which the repair does not copy: the engine derives
    /// them from the log again. Their damage is reported all the same.
    pub(super) fn check_derived(&mut self, end: &ChainMark) -> Result<(), JournalError> {
        let mut newest = Lsn::ZERO;
        for found in checkpoint::list(&self.dir.join("checkpoints"), self.log_id)? {
            let checked = match found {
                ListedCheckpoint::Good(file) => {
                    let mark = file.head().mark;
                    let checked = file.verify();
                    if checked.is_ok() {
                        newest = newest.max(mark.lsn);
                        self.has_diverged |= mark.lsn == end.lsn && mark.hash != end.hash;
                    }
                    checked
                }
                ListedCheckpoint::Damaged { why, .. } => Err(why),
            };
            self.note(checked)?;
        }
        let history = self.dir.join("history");
        if !history.exists() {
            return Ok(());
        }
        match TableSet::open(&history, self.log_id, newest, Access::Read) {
            Ok(tables) => tables.tables().iter().try_for_each(|table| self.note(table.verify())),
            Err(error) => self.note(Err(error)),
        }
    }

    /// Adds damage to the problems; passes other errors on.
    fn note(&mut self, checked: Result<(), JournalError>) -> Result<(), JournalError> {
        match checked {
            Err(JournalError::Damaged(damage)) => self.problems.push(damage),
            other => other?,
        }
        Ok(())
    }

    /// Returns the last record known to be acknowledged, and whether the log's marks say so.
    pub(super) fn acknowledged(&self) -> (Lsn, bool) {
        let marks = [self.marks.high_water, self.marks.closed_at];
        let marked = marks.iter().flatten().map(|mark| mark.lsn).max();
        assert!(!self.archives.is_empty(), "the log's own archive is always scanned, and first");
        let mut derived = self.archives[0].end().lsn;
        let list = checkpoint::list(&self.dir.join("checkpoints"), self.log_id);
        for found in list.unwrap_or_default() {
            if let ListedCheckpoint::Good(file) = found {
                derived = derived.max(file.head().mark.lsn);
            }
        }
        (marked.unwrap_or_default().max(derived), marked.is_some())
    }
}
