//! The trimmer: the handle with which a checkpointer archives a log and keeps its databases small.
//!
//! It works beside the writer, and removes only records that the archive has.

use std::path::PathBuf;
use std::sync::Arc;

use super::data_dir::DataDir;
use super::database::Database;
use super::databases;
use super::reader::Shared;
use super::verify::gap;
use crate::chain::decode_at;
use crate::{Archive, ChainMark, Damage, DamageKind, JournalError, JournalReader, LogId, Lsn};

/// A handle that trims a log: it removes archived records from the databases. Clones are the same
/// handle. Its methods fail once the log has been closed.
#[derive(Clone, Debug)]
pub struct LogTrimmer {
    shared: Arc<Shared>,
    log: PathBuf,
    cache_bytes: u64,
}

impl LogTrimmer {
    pub(super) fn new(shared: Arc<Shared>, dir: &DataDir, cache_bytes: u64) -> Self {
        Self { shared, log: dir.log(), cache_bytes }
    }

    /// Returns the id of the log.
    pub fn log_id(&self) -> LogId {
        self.shared.log_id()
    }

    /// Returns the archive of the log. Files that are added to it are read by every reader at once.
    pub fn archive(&self) -> &Arc<Archive> {
        self.shared.archive()
    }

    /// Returns the first record that is still in the log, and not only in the archive; of an empty
    /// log, the one that will be.
    ///
    /// # Errors
    /// [`JournalError::Closed`], [`JournalError::Damaged`].
    pub fn first(&self) -> Result<Lsn, JournalError> {
        let first = self.shared.store()?.first()?;
        Ok(first.unwrap_or_else(|| self.shared.end().next()))
    }

    /// Returns the damage of the archive, as far as names, sizes and marks of its files tell: all
    /// records before the first of the databases must be in it.
    ///
    /// # Errors
    /// [`JournalError::Closed`], [`JournalError::Damaged`].
    pub fn check_archive(&self) -> Result<Vec<Damage>, JournalError> {
        let archive = self.archive();
        let mut problems = archive.problems();
        let (end, first) = (archive.end().lsn, self.first()?);
        let is_named = |it: &Damage| it.lsn > end;
        if first > end.next()
            && !problems.iter().any(is_named)
            && let JournalError::Damaged(damage) = gap(end.next(), first)
        {
            problems.push(damage);
        }
        Ok(problems)
    }

    /// Returns the bytes of all databases on disk.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn bytes(&self) -> Result<u64, JournalError> {
        databases::bytes(&self.log)
    }

    /// Starts a new database for all later records, if the file of the present one has at least
    /// `bytes_min` bytes. Returns the last record before it; `None` if no database was started, or
    /// no record is before it. The writer does not wait.
    ///
    /// Only one thread may call it at a time.
    ///
    /// # Errors
    /// [`JournalError::Closed`], [`JournalError::Full`], [`JournalError::Io`]: the log goes on as
    /// it was, unless the present database could not be synced, which poisons the journal.
    pub fn begin_database(&self, bytes_min: u64) -> Result<Option<Lsn>, JournalError> {
        let number = {
            let store = self.shared.store()?;
            let (place, newest) = store.newest();
            if newest.file_bytes()? < bytes_min {
                return Ok(None);
            }
            place.number + 1
        };
        let place = databases::create(&self.log, number, self.cache_bytes)?;
        let database = Database::open(&place.dir, self.cache_bytes)?;
        assert_eq!(place.number, number, "a database has the next number, so it is opened last");
        self.shared.go_on_in(place, database)?;
        self.shared.store()?.sealed_end()
    }

    /// Removes what ends at `through` or before it from the log, as far as the archive has it:
    /// databases that hold nothing else, and never the one that is written to. Settles the log as
    /// far first, so that the databases never lack what the commit tail does not have. Returns the
    /// first record that is left.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if the archive is not what it should be, and then nothing has been
    /// removed; [`JournalError::Closed`]; [`JournalError::Io`], after which some files may stay
    /// that the next opening removes.
    pub fn trim(&self, through: Lsn) -> Result<Lsn, JournalError> {
        let end = self.archive().end();
        let through = through.min(end.lsn).min(self.shared.end());
        self.shared.settle_through(through)?;
        let first = self.first()?;
        if through < first {
            return Ok(first);
        }
        // Pairs with the reader, which looks in the archive for every record that is not stored.
        assert!(through <= end.lsn, "only records that the archive has are removed");
        self.check_archived(first, through, &end)?;
        for (place, database) in self.shared.change(|store| store.take_through(through))?? {
            if let Err(error) = database.stop() {
                tracing::warn!(%error, "a part of the log that is archived did not stop in order");
            }
            databases::remove(&place)?;
        }
        self.first()
    }

    /// Checks that the archive has these records, and that it is the archive of this very log.
    fn check_archived(
        &self,
        first: Lsn,
        through: Lsn,
        end: &ChainMark,
    ) -> Result<(), JournalError> {
        self.archive().covers(first, through)?;
        let stored = self.shared.store()?.at_or_before(end.lsn)?;
        let mark = match &stored {
            Some((key, bytes)) => Some(decode_at(*key, bytes)?.mark()),
            None => None,
        };
        if mark.as_ref() != Some(end) {
            let detail = "the archive ends with a batch that the log does not have";
            return Err(JournalError::damaged(DamageKind::Diverged, end.lsn, detail));
        }
        Ok(())
    }
}
