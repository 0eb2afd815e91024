//! The log on disk: a commit tail, in which each group becomes durable with one write and one sync,
//! and sled databases that follow each other, with one frame per key.
//!
//! A thread brings the groups from the tail to the databases and syncs them through handles of
//! our own, since sled's `flush` does not wait for the disk. sled can also lose its damaged end
//! without a word: the newest group in the commit tail says how far the log was acknowledged.
//! `FORMAT.md` has the rules.
//!
//! | to read about | open |
//! |---|---|
//! | the files of the directory, and its lock | `data_dir.rs` |
//! | sled, its settings and its failures | `database.rs`, `panics.rs`, `watch.rs` |
//! | several databases, as files and as one log | `databases.rs`, `store.rs` |
//! | how a group becomes durable | `commit_tail.rs` and its folder |
//! | how it gets to the databases | `settler.rs`, `reader.rs` |
//! | the marks outside of sled | `mark.rs`, `clean_marker.rs`, `high_water.rs` |
//! | opening: copies, replay, checks | `recovery.rs`, `replay.rs`, `verify.rs` |
//! | reading log and archive as one | `reader.rs` |
//! | removing archived records | `trim.rs` |
//! | reading without writing, damage or not | `read_only.rs`, `survey.rs` |

mod clean_marker;
mod commit_tail;
mod data_dir;
mod database;
mod databases;
mod high_water;
mod mark;
mod new_log;
mod panics;
mod read_only;
mod reader;
mod recovery;
mod replay;
pub(crate) mod salvage;
mod settler;
mod store;
mod survey;
mod trim;
mod verify;
mod watch;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::chain::Chain;
use crate::files;
use crate::frame::FRAME_BYTES_MAX;
use crate::journal::check_sequence;
use crate::{
    Archive, Batch, ChainMark, Damage, Epoch, Indexer, Journal, JournalError, JournalReader, LogId,
    Lsn, StoredFrame,
};
use commit_tail::{CommitTail, GROUP_BYTES_MAX, NewFrame};
use data_dir::DataDir;
pub(crate) use data_dir::write_identity;
use mark::Mark;
pub use new_log::NewLog;
pub use read_only::{EndMark, ReadOnlyLog};
use reader::Shared;
use recovery::RecoveredLog;
use settler::Settler;
pub use trim::LogTrimmer;

/// The options with which a log is opened. The default is right for production.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// The bytes of each database that sled may cache: 64 MiB. Its own default is 1 GiB.
    pub cache_bytes: u64,
    /// Whether a log that was not closed is recovered without a copy: no. The copy takes as much
    /// room as the log until the recovery is done. On a disk without that room this is the way out;
    /// it gives up the second attempt and the evidence.
    pub recovers_without_copy: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { cache_bytes: 64 << 20, recovers_without_copy: false }
    }
}

/// The progress of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The last record that was handed over, with this batch.
    pub at: Lsn,
    /// The last record that the log is known to hold. It may hold one more group, if the last of
    /// the commit tail is damaged, so `at` may go beyond it.
    pub of: Lsn,
}

/// A log in a directory of its own.
///
/// Damage to the very last group after a power cut may look like a group that was never finished;
/// damage to any earlier one is named.
#[derive(Debug)]
pub struct SledJournal {
    shared: Arc<Shared>,
    dir: DataDir,
    log_id: LogId,
    chain: Chain,
    epoch: Epoch,
    tail: CommitTail,
    settler: Settler,
    cache_bytes: u64,
    poisoned: bool,
    /// Held as long as the journal lives, and released last.
    _lock: File,
}

impl SledJournal {
    /// Opens the log in `data_dir`, or creates it there, and verifies every record, also of its
    /// archive.
    ///
    /// # Errors
    /// As [`SledJournal::open_replaying`].
    pub fn open(data_dir: &Path, options: &Options) -> Result<Self, JournalError> {
        Self::open_replaying(data_dir, options, Lsn::ZERO, &[], &mut |_, _| Ok(()))
    }

    /// Opens the log in `data_dir`, or creates it there, and verifies all that its database has.
    /// Hands each frame that reaches beyond `after` to `on_frame` as soon as it is verified, in
    /// order, so that the log is read once. Frames that only the archive has come first, and no
    /// others are read of it. Another thread reads meanwhile.
    ///
    /// `anchors` are marks that the chain must pass through: those of checkpoints.
    ///
    /// If the opening fails, the caller must discard the result of `on_frame`: later damage, or an
    /// end below the acknowledged one, shows only when everything has been read.
    ///
    /// # Errors
    /// [`JournalError::Locked`], [`JournalError::NotALog`], [`JournalError::NewerFormat`],
    /// [`JournalError::Damaged`] if a record that was acknowledged and is needed cannot be served,
    /// [`JournalError::Full`], [`JournalError::Io`] and the first error of `on_frame`.
    pub fn open_replaying(
        data_dir: &Path,
        options: &Options,
        after: Lsn,
        anchors: &[ChainMark],
        on_frame: &mut dyn FnMut(&StoredFrame, Progress) -> Result<(), JournalError>,
    ) -> Result<Self, JournalError> {
        let RecoveredLog { dir, lock, log_id, archive, store, chain, epoch, tail } =
            recovery::open(data_dir, options, after, anchors, on_frame)?;
        assert!(epoch > chain.epoch(), "each opening has an epoch of its own");
        let shared = Arc::new(Shared::new(archive, store, chain.end()));
        let settler = Settler::start(Arc::clone(&shared))?;
        Ok(Self {
            shared,
            dir,
            log_id,
            chain,
            epoch,
            tail,
            settler,
            cache_bytes: options.cache_bytes,
            poisoned: false,
            _lock: lock,
        })
    }

    /// Heals the archive in `data_dir`, which no process has open, from the backup in another
    /// directory: what a damage is about. Returns whether it is whole now.
    ///
    /// # Errors
    /// As [`SledJournal::log_id_in`]; [`JournalError::Locked`], [`JournalError::Io`].
    pub fn heal_archive(
        data_dir: &Path,
        met: &Damage,
        backup: &Path,
        indexer: &dyn Indexer,
    ) -> Result<bool, JournalError> {
        let dir = DataDir::new(data_dir);
        let Some(identity) = dir.read_identity()? else { return Ok(false) };
        let _lock = dir.lock()?;
        let archive = Archive::scan(&dir.archive(), identity.log_id)?;
        Ok(archive.heal_from(met, backup, indexer))
    }

    /// Returns the id of the log in `data_dir`; `None` if there is none yet. Takes no lock and
    /// changes nothing.
    ///
    /// # Errors
    /// [`JournalError::NotALog`], [`JournalError::NewerFormat`], [`JournalError::Damaged`],
    /// [`JournalError::Io`].
    pub fn log_id_in(data_dir: &Path) -> Result<Option<LogId>, JournalError> {
        let identity = DataDir::new(data_dir).read_identity()?;
        Ok(identity.map(|identity| identity.log_id))
    }

    /// Returns the handle with which the log is archived and trimmed.
    pub fn trimmer(&self) -> LogTrimmer {
        LogTrimmer::new(Arc::clone(&self.shared), &self.dir, self.cache_bytes)
    }

    /// Returns the path of the vault of the log in `data_dir`.
    pub fn vault_path(data_dir: &Path) -> PathBuf {
        DataDir::new(data_dir).vault()
    }

    /// Returns the id of the log.
    pub fn log_id(&self) -> LogId {
        self.log_id
    }

    /// Returns the mark of the end.
    fn mark(&self) -> Mark {
        let (end, hash) = (self.chain.end(), self.chain.hash());
        Mark { log_id: self.log_id, epoch: self.epoch, end, hash }
    }

    /// Writes a group that is in sequence and waits for the disk.
    fn write(&mut self, group: &[Batch]) -> Result<(), JournalError> {
        self.shared.failure()?;
        let (mut frames, mut bytes) = (Vec::new(), 0);
        for batch in group.iter().filter(|batch| !batch.is_empty()) {
            if bytes + FRAME_BYTES_MAX > GROUP_BYTES_MAX {
                self.commit(std::mem::take(&mut frames))?;
                bytes = 0;
            }
            let frame = self.chain.encode_next(self.epoch, batch);
            bytes += frame.len();
            frames.push((batch.first_lsn(), frame));
        }
        if !frames.is_empty() {
            self.commit(frames)?;
        }
        // Only now: a reader must never see a record that a power cut could take back.
        self.shared.publish(self.chain.end());
        debug_assert_eq!(self.shared.end(), self.chain.end(), "readers see the whole group");
        Ok(())
    }

    /// Makes frames that end where the chain does durable in the tail, and hands them on.
    fn commit(&mut self, frames: Vec<NewFrame>) -> Result<(), JournalError> {
        let (mark, after) = (self.mark(), frames[0].0.previous());
        assert!(mark.end > after, "a group that is not empty moves the end");
        self.tail.write(&mark, after, &frames, |end| self.shared.settle_through(end))?;
        self.settler.take(mark.end, frames);
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
        self.settler.stop();
        assert_eq!(self.shared.end(), self.chain.end(), "readers see every record");
        self.shared.settle_through(self.chain.end())?;
        self.shared.shut()?;
        // sled writes a little when it stops; that must be on disk before the log counts as closed.
        files::sync_tree(&self.dir.log())?;
        clean_marker::write(&self.dir, &self.mark())
    }
}

impl Drop for SledJournal {
    /// Releases the files, so that this process can open the log again. The log is not closed.
    fn drop(&mut self) {
        self.settler.stop();
        if let Err(error) = self.shared.shut() {
            tracing::warn!(%error, "the log did not stop in order; it will be recovered");
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
