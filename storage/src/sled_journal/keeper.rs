//! What makes the log small again: the handle of whoever archives it.
//!
//! Works beside the writer, in small steps, and takes away only what the archive has.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::data_dir::DataDir;
use super::reader::Shared;
use crate::chain::decode_at;
use crate::{Archive, ChainMark, DamageKind, JournalError, JournalReader, LogId, Lsn};

/// How many batches are removed at a time. sled uses space again only if steps are small.
const KEYS_PER_STEP: usize = 256;

/// How long the disk is left to the writer between steps.
const PAUSE: Duration = Duration::from_millis(5);

/// Sees to what the log no longer needs to keep. Clones are the same handle; it fails when the log
/// has been closed.
#[derive(Clone, Debug)]
pub struct LogKeeper {
    shared: Arc<Shared>,
    database: PathBuf,
}

impl LogKeeper {
    pub(super) fn new(shared: Arc<Shared>, dir: &DataDir) -> Self {
        Self { shared, database: dir.database() }
    }

    /// Which log this is.
    pub fn log_id(&self) -> LogId {
        self.shared.log_id()
    }

    /// The archive of the log. Files that are added to it are read by every reader at once.
    pub fn archive(&self) -> &Arc<Archive> {
        self.shared.archive()
    }

    /// The first record that is still in the log, and not only in the archive; of an empty log, the
    /// one that will be.
    ///
    /// # Errors
    /// [`JournalError::Closed`], [`JournalError::Damaged`].
    pub fn first(&self) -> Result<Lsn, JournalError> {
        let first = self.shared.store()?.first()?;
        Ok(first.unwrap_or_else(|| self.shared.end().next()))
    }

    /// Removes the batches that end at `through` or before it from the log, as far as the archive
    /// has them and the high-water mark is beyond them. The last batch always stays. Answers the
    /// first record that is left.
    ///
    /// Takes its time: a long log goes in many steps, between which the writer has the disk.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if the archive is not what it should be, and then nothing has been
    /// removed; [`JournalError::Closed`]. After [`JournalError::Io`] the log must be opened again,
    /// as after a failed append: nobody knows what is on disk.
    pub fn trim(&self, through: Lsn) -> Result<Lsn, JournalError> {
        let end = self.archive().end();
        let through = through.min(end.lsn).min(self.shared.marked());
        let first = self.first()?;
        if through < first {
            return Ok(first);
        }
        self.check_archived(first, through, &end)?;
        // A handle of its own: a failure of the disk is told to each handle once, and the writer
        // must hear of it, too.
        let database = File::options().write(true).open(&self.database);
        let database =
            database.map_err(|error| JournalError::file("opening", &self.database, &error))?;
        loop {
            let removed = self.shared.store()?.remove_through(through, KEYS_PER_STEP)?;
            // What is used again must not be needed any more after a power cut.
            database
                .sync_data()
                .map_err(|error| JournalError::io("syncing the trimmed log", &error))?;
            if removed < KEYS_PER_STEP {
                return self.first();
            }
            thread::sleep(PAUSE);
        }
    }

    /// Checks that the archive has these records, and is the archive of this very log.
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
