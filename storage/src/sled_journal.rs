//! The log on disk: one frame per key in sled, our own sync, and marks outside of sled.
//!
//! sled's `flush` hands bytes to the system and does not wait for the disk, so each group commit
//! ends with an `fdatasync` through our own handle. sled can also lose a damaged tail without a
//! word, so a high-water mark beside it says what was acknowledged. `FORMAT.md` has the rules.

mod clean_marker;
mod data_dir;
pub(crate) mod files;
mod high_water;
mod mark;
mod panics;
mod reader;
mod recovery;
mod replay;
mod store;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chain::Chain;
use crate::journal::check_sequence;
use crate::{Batch, Epoch, Journal, JournalError, JournalReader, LogId, Lsn};
use data_dir::DataDir;
use high_water::HighWater;
use mark::Mark;
use reader::Shared;
use recovery::Recovered;

/// How a log is opened. The default is right for production.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Bytes that sled may keep in memory: 64 MiB. Its own default is 1 GiB.
    pub cache_bytes: u64,
    /// Recover a log that was not closed without copying it first: no. The copy takes as much room
    /// as the log until the recovery is done; this is the way out on a disk that has none, and it
    /// gives up the second attempt and the evidence.
    pub recovers_without_copy: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, recovers_without_copy: false }
    }
}

/// How far a replay has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The last record handed over, with this batch.
    pub at: Lsn,
    /// The last record that the log is known to hold. It may hold one group more, so `at` may go
    /// beyond it.
    pub of: Lsn,
}

/// A log in a directory of its own.
///
/// The high-water mark of a group is written while the next group is, and no later: it trails what
/// `append` has acknowledged by at most one group commit. So damage to the very last group after a
/// power cut may look like a group that was never finished; anything earlier is named.
#[derive(Debug)]
pub struct SledJournal {
    shared: Arc<Shared>,
    dir: DataDir,
    log_id: LogId,
    chain: Chain,
    epoch: Epoch,
    high_water: HighWater,
    poisoned: bool,
    /// Held as long as the journal lives, and let go last.
    _lock: File,
}

impl SledJournal {
    /// Opens the log in `data_dir`, or creates it there, and verifies every record.
    ///
    /// # Errors
    /// [`JournalError::Locked`], [`JournalError::NotALog`], [`JournalError::NewerFormat`],
    /// [`JournalError::Damaged`] if a record that was acknowledged cannot be served,
    /// [`JournalError::Full`] and [`JournalError::Io`].
    pub fn open(data_dir: &Path, options: &Options) -> Result<Self, JournalError> {
        Self::open_replaying(data_dir, options, &mut |_, _| Ok(()))
    }

    /// As [`SledJournal::open`], and hands each batch to `on_batch` as soon as it is verified, so
    /// that the log is read once. Reading goes on on another thread meanwhile.
    ///
    /// Whatever `on_batch` has built is void if the opening fails: damage further on, or an end
    /// below the high-water mark, shows only when everything has been read.
    ///
    /// # Errors
    /// As [`SledJournal::open`], and the first error of `on_batch`.
    pub fn open_replaying(
        data_dir: &Path,
        options: &Options,
        on_batch: &mut dyn FnMut(&Batch, Progress) -> Result<(), JournalError>,
    ) -> Result<Self, JournalError> {
        let Recovered { dir, lock, log_id, store, chain, epoch, high_water } =
            recovery::open(data_dir, options, on_batch)?;
        assert!(epoch > chain.epoch(), "each opening has an epoch of its own");
        Ok(Self {
            shared: Arc::new(Shared::new(log_id, store, chain.end())),
            dir,
            log_id,
            chain,
            epoch,
            high_water: HighWater::start(high_water)?,
            poisoned: false,
            _lock: lock,
        })
    }

    /// Where the vault of the log in `data_dir` is kept.
    pub fn vault_path(data_dir: &Path) -> PathBuf {
        DataDir::new(data_dir).vault()
    }

    /// Which log this is.
    pub fn log_id(&self) -> LogId {
        self.log_id
    }

    fn mark(&self) -> Mark {
        let (end, hash) = (self.chain.end(), self.chain.hash());
        Mark { log_id: self.log_id, epoch: self.epoch, end, hash }
    }

    /// Writes a group that is in sequence and waits for the disk.
    fn write(&mut self, group: &[Batch]) -> Result<(), JournalError> {
        let before = self.chain.end();
        let store = self.shared.store()?;
        for batch in group.iter().filter(|batch| !batch.is_empty()) {
            let frame = self.chain.encode_next(self.epoch, batch);
            store.insert(batch.first_lsn(), frame)?;
        }
        if self.chain.end() == before {
            return Ok(());
        }
        store.sync(self.chain.end())?;
        drop(store);
        // The mark of the group before this one must be durable by now; ours is written while the
        // next group is.
        self.high_water.wait()?;
        self.high_water.start_write(self.mark());
        self.shared.publish(self.chain.end());
        Ok(())
    }
}

impl Journal for SledJournal {
    fn end(&self) -> Lsn {
        self.shared.end()
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }

    fn append(&mut self, group: &[Batch]) -> Result<Lsn, JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        check_sequence(self.chain.end(), group)?;
        let written = self.write(group);
        self.poisoned = written.is_err();
        written.map(|()| self.end())
    }

    fn reader(&self) -> Arc<dyn JournalReader> {
        Arc::clone(&self.shared) as Arc<dyn JournalReader>
    }

    fn close(mut self: Box<Self>) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        self.high_water.wait()?;
        self.shared.store()?.sync(self.chain.end())?;
        self.shared.shut()?;
        // sled writes a little when it stops; that must be on disk before we call it clean.
        files::sync_all_in(&self.dir.log())?;
        clean_marker::write(&self.dir, &self.mark())
    }
}

impl Drop for SledJournal {
    /// Lets go of the files, so that the log can be opened again in this process. It is not closed.
    fn drop(&mut self) {
        if let Err(error) = self.shared.shut() {
            tracing::warn!(%error, "the log did not stop in order; it will be recovered");
        }
    }
}

#[cfg(test)]
mod tests;
