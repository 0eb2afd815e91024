//! The checkpointer: a second reader of the log, which makes it safe to forget.
//!
//! Now and then it loads the newest checkpoint, reads the records after it, and writes the outcome:
//! the records to the archive, orders that have ended to the history, the state to a new
//! checkpoint. Only when that has been read back and has the same digest, an older checkpoint goes,
//! the log goes on in a new database, those that are in the archive go, and the shop forgets the
//! ended orders. It takes no lock of the running engine except to forget, and does the same as a
//! restart, so a checkpoint is a restart that was tried.

mod scrub;
mod slice;
mod thread;

use crate::checkpoints::recovery::{Checkpoint, DataDirParts, Dirs};
use crate::codec::lsn::domain_lsn;
use crate::config::Config;
use crate::failure::Failure;
use crate::state::damages::Damages;
use crate::state::history::History;
use crate::state::live_state::LiveState;
use kirana_domain::{Digest, Lsn};
use kirana_storage::{JournalError, JournalReader, LogTrimmer, checkpoint};
use slice::{Sealed, Slice};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
pub(crate) use thread::{CheckpointerThread, start};
use thread::{Priority, at};

/// Intervals that it may be behind before it works at the priority of the shop: a restart reads
/// these records, and the log keeps them.
const BEHIND_MAX: u64 = 3;

/// Intervals that one checkpoint takes in at the most.
const SLICE_INTERVALS: u64 = 2;

/// Full databases of the log up to which it is not tidied up.
const DATABASES_FEW: u64 = 2;

/// Checkpoints that are kept. The log is trimmed through the oldest of them.
const CHECKPOINTS_KEPT: usize = 2;

/// The maker of checkpoints: its sources and its targets.
pub(crate) struct Checkpointer {
    pub(crate) dirs: Dirs,
    pub(crate) log: LogTrimmer,
    pub(crate) reader: Arc<dyn JournalReader>,
    pub(crate) history: Arc<History>,
    /// `None` where no engine runs.
    pub(crate) shop: Option<Shop>,
    /// Records from one checkpoint to the next.
    pub(crate) interval_records: u64,
    /// Bytes of a database of the log that is followed by another.
    pub(crate) database_bytes: u64,
    /// Time from one file that is scrubbed to the next.
    pub(crate) scrub_pause: Duration,
    /// Backup from which the archive is healed.
    pub(crate) archive_backup: Option<PathBuf>,
    /// The damage on disk that was met.
    pub(crate) damages: Arc<Damages>,
    /// The record that the newest checkpoint is as of.
    pub(crate) last: AtomicU64,
    /// The last record that was there when it began.
    pub(crate) found: u64,
}

/// The running engine beside the checkpointer.
pub(crate) struct Shop {
    pub(crate) state: Arc<LiveState>,
    pub(crate) failure: Failure,
}

impl Shop {
    /// Compares the digest of a checkpoint with that of the live state, if both are as of the same
    /// record: in a calm, for while records come the live state is ahead.
    fn compare(&self, lsn: Lsn, digest: Digest) -> Result<(), CheckpointError> {
        let Some(live) = self.state.digest_at(lsn) else { return Ok(()) };
        metrics::counter!("kirana_checkpoint_comparisons_total").increment(1);
        if live == digest {
            return Ok(());
        }
        metrics::counter!("kirana_checkpoint_mismatches_total").increment(1);
        let why = format!("the live state at {lsn} is not what the log says");
        // Its answers cannot be trusted: a restart begins with what the log says.
        self.failure.fail(why.clone());
        Err(CheckpointError::Failed(why))
    }
}

/// The figures of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointTaken {
    /// The record that the checkpoint is as of.
    pub lsn: Lsn,
    /// Records since the one before.
    pub records: u64,
    /// Orders that have left memory.
    pub forgotten: usize,
    /// The first record that is still in the log, and not only in the archive.
    pub log_starts_at: Lsn,
}

/// The reason why there is no new checkpoint. The engine goes on; the log keeps what is not in one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckpointError {
    /// The engine stops.
    Stopped,
    /// The disk is full or failed, or something on it is damaged.
    Failed(String),
}

impl fmt::Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stopped => write!(f, "the engine stops"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for CheckpointError {}

impl From<JournalError> for CheckpointError {
    fn from(error: JournalError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<crate::state::read_error::ReadError> for CheckpointError {
    fn from(error: crate::state::read_error::ReadError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Checkpointer {
    pub(crate) fn of(
        DataDirParts { dirs, log, history, checkpoint, damages }: DataDirParts,
        reader: Arc<dyn JournalReader>,
        shop: Option<Shop>,
        config: &Config,
    ) -> Self {
        let Config { checkpoint_records: interval_records, database_bytes, scrub_pause, .. } =
            *config;
        let (last, found) = (AtomicU64::new(checkpoint.0), reader.end().0);
        Self {
            dirs,
            log,
            reader,
            history,
            shop,
            interval_records,
            database_bytes,
            scrub_pause,
            archive_backup: config.archive_backup.clone(),
            damages,
            last,
            found,
        }
    }

    /// Takes a checkpoint if there are at least `least` records since the last one. A log that is
    /// far behind takes several, one after the other.
    pub(crate) fn keep(
        &self,
        least: u64,
        stop: &AtomicBool,
    ) -> Result<Option<CheckpointTaken>, CheckpointError> {
        let started = Instant::now();
        let behind = self.reader.end().0 - self.last.load(Ordering::Relaxed);
        if behind < least.max(1) {
            if least < self.interval_records {
                self.drop_archived()?;
            }
            return Ok(None);
        }
        // Records that a start found are caught up at low priority: reads come first.
        let late = self.reader.end().0 - self.last.load(Ordering::Relaxed).max(self.found);
        // Without a running engine the processor is free.
        let hurries = self.shop.is_none() || late > self.interval_records * BEHIND_MAX;
        let priority = if hurries { Priority::Shop } else { Priority::Low };
        // A request wants a small log: later records go to a database of their own, so that the
        // archive alone has those after the older checkpoint.
        let is_asked =
            least < self.interval_records && behind <= self.interval_records * SLICE_INTERVALS;
        // First, so that a database ends where a checkpoint does. Not at a low priority: the
        // threads of a database inherit it, and the writer waits for them.
        let before = self.log.begin_database(if is_asked { 0 } else { self.database_bytes })?;
        let end = domain_lsn(before.unwrap_or_default().max(self.reader.end()));
        let (since, sealed) = at(priority, || self.seal_next(end, least, stop))?;
        // Before anything older goes. Not at a low priority: the shop waits while it is compared.
        self.shop.as_ref().map_or(Ok(()), |shop| shop.compare(sealed.lsn, sealed.digest))?;
        self.last.store(sealed.lsn.0, Ordering::Relaxed);
        let older = self.drop_old_checkpoints()?;
        let through = if is_asked { self.log.archive().end().lsn } else { older };
        let log_starts_at = domain_lsn(self.log.trim(through)?);
        let forgotten = self.shop.as_ref().map_or(0, |shop| shop.state.forget(&sealed.orders));
        at(priority, || {
            while !stop.load(Ordering::Relaxed) && self.merge(older)? {}
            Ok(())
        })?;
        metrics::histogram!("kirana_checkpoint_seconds").record(started.elapsed());
        #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
        metrics::gauge!("kirana_checkpoint_lsn").set(sealed.lsn.0 as f64);
        let records = sealed.lsn.0 - since.0;
        Ok(Some(CheckpointTaken { lsn: sealed.lsn, records, forgotten, log_starts_at }))
    }

    /// Merges a few tables. One that is damaged is made again by the next start.
    fn merge(&self, upto: kirana_storage::Lsn) -> Result<bool, JournalError> {
        match self.history.tables().merge_step(upto) {
            Err(JournalError::Damaged(damage)) => {
                self.met(&damage);
                Ok(false)
            }
            merged => merged,
        }
    }

    /// Lets the log start after what the archive has, where all of that is in a checkpoint.
    fn drop_archived(&self) -> Result<(), CheckpointError> {
        let archived = self.log.archive().end().lsn;
        let is_kept = archived.0 == self.last.load(Ordering::Relaxed);
        // Databases that an earlier attempt has set apart go without another one.
        if is_kept && self.log.first()? <= archived && self.log.trim(archived)? <= archived {
            self.log.begin_database(0)?;
            self.log.trim(archived)?;
        }
        Ok(())
    }

    /// Returns true when the log takes more of the disk than it needs to.
    fn is_large(&self) -> Result<bool, CheckpointError> {
        Ok(self.log.bytes()? > self.database_bytes * DATABASES_FEW)
    }

    /// Takes in the records after the newest checkpoint, up to `end` or twice the distance between
    /// two, and writes them down. Returns the position where that began.
    fn seal_next(
        &self,
        end: Lsn,
        least: u64,
        stop: &AtomicBool,
    ) -> Result<(Lsn, Sealed), CheckpointError> {
        let base = Checkpoint::newest(&self.dirs.checkpoints, self.log.log_id())?;
        let since = base.state.lsn;
        let most = self.interval_records.max(least) * SLICE_INTERVALS;
        let until = Lsn(end.0.min(since.0 + most));
        let mut slice = Slice::begin(self, base);
        for frame in self.reader.frames(kirana_storage::Lsn(since.0 + 1)) {
            if stop.load(Ordering::Relaxed) {
                return Err(CheckpointError::Stopped);
            }
            let frame = frame?;
            slice.take(&frame)?;
            if frame.last_lsn().0 >= until.0 {
                break;
            }
        }
        Ok((since, slice.seal(stop)?))
    }

    /// Removes all checkpoints but the newest good ones, and returns the position of the oldest
    /// that stays; 0 while there are fewer than are to be kept.
    fn drop_old_checkpoints(&self) -> Result<kirana_storage::Lsn, JournalError> {
        let mut good = 0;
        let mut oldest = kirana_storage::Lsn::ZERO;
        for found in checkpoint::list(&self.dirs.checkpoints, self.log.log_id())? {
            if good == CHECKPOINTS_KEPT {
                found.remove()?;
            } else if let checkpoint::ListedCheckpoint::Good(file) = found {
                good += 1;
                oldest = file.head().mark.lsn;
            }
        }
        Ok(if good == CHECKPOINTS_KEPT { oldest } else { kirana_storage::Lsn::ZERO })
    }
}

#[cfg(test)]
mod tests;
