//! The opening of a log: verified, recovered if it was not closed, or refused with its damage.
//!
//! sled repairs a database as it opens it, and may discard bytes that it cannot read. So a log that
//! was not closed is copied first. If the first attempt fails, the second one opens the copy
//! without sled's snapshots: damage to a snapshot is the one kind that loses nothing.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::commit_tail::CommitTail;
use super::data_dir::DataDir;
use super::mark::Mark;
use super::replay::{OnFrame, Replay, ReplayError};
use super::store::Store;
use super::verify::Expected;
use super::{Options, clean_marker, databases, panics};
use crate::chain::Chain;
use crate::files;
use crate::{Archive, ChainMark, Damage, DamageKind, Epoch, JournalError, LogId, Lsn};

/// The parts of an opened journal, verified.
pub(super) struct RecoveredLog {
    pub(super) dir: DataDir,
    pub(super) lock: File,
    pub(super) log_id: LogId,
    pub(super) archive: Arc<Archive>,
    pub(super) store: Store,
    pub(super) chain: Chain,
    pub(super) epoch: Epoch,
    pub(super) tail: CommitTail,
}

/// Opens or creates the log in `data_dir` for a caller that has every record up to `after` and
/// knows that the log went through `anchors`.
pub(super) fn open(
    data_dir: &Path,
    options: &Options,
    after: Lsn,
    anchors: &[ChainMark],
    on_frame: OnFrame<'_>,
) -> Result<RecoveredLog, JournalError> {
    panics::silence_sled();
    let dir = DataDir::new(data_dir);
    let lock = dir.lock()?;
    let identity = match dir.read_identity()? {
        Some(identity) => identity,
        None => dir.create(|log_id| fill(&dir, options, log_id))?,
    };
    let log_id = identity.log_id;
    let tail = Arc::new(dir.read_tail(Some(identity))?.of(log_id)?);
    let closed_at = clean_marker::read(&dir)?.filter(|mark| mark.log_id == log_id);
    let archive = open_archive(&dir, log_id)?;
    let vouchers = [&archive.marks(), anchors].concat();
    let newest = tail.newest;
    let high_water = newest;
    let expected = Expected { log_id, high_water, tail, closed_at, archive, vouchers, after };

    let (store, chain) = recover(&dir, options, &expected, on_frame)?;
    let epoch = chain.epoch().max(newest.epoch).next();
    // What the tail had is settled now, so that it may be written over. Records of a group that was
    // never acknowledged may be there, too: they are served from now on, so they must be durable.
    assert!(epoch > newest.epoch, "no two openings have the same epoch");
    assert!(chain.end() >= newest.end, "`verify` refuses a log that ends before its mark");
    store.sync(chain.end().max(Lsn::FIRST))?;
    databases::sweep(&dir.log())?;
    files::sync_tree(&dir.log())?;
    if !identity.has_tail() {
        CommitTail::create(&dir.tail(), &newest)?;
    }
    let mark = Mark { log_id, epoch, end: chain.end(), hash: chain.hash() };
    let tail = CommitTail::open(&dir.tail(), &expected.tail, &mark)?;
    // From here on only the tail has the newest records, which earlier releases do not know.
    dir.raise(&identity)?;
    // From here on the log may grow, so a copy of its past is useless.
    files::remove_dir(&dir.fleeting_copy())?;
    files::remove_dir(&dir.kept_copy())?;
    let archive = expected.archive;
    Ok(RecoveredLog { dir, lock, log_id, archive, store, chain, epoch, tail })
}

/// Opens the archive. Its damage is logged now; only reading the damaged records fails.
fn open_archive(dir: &DataDir, log_id: LogId) -> Result<Arc<Archive>, JournalError> {
    Archive::sweep(&dir.archive())?;
    let archive = Archive::scan(&dir.archive(), log_id)?;
    for damage in archive.problems() {
        tracing::warn!(%damage, "a part of the archive cannot be read");
    }
    Ok(Arc::new(archive))
}

/// Creates the files of an empty log, besides its identity.
fn fill(dir: &DataDir, options: &Options, log_id: LogId) -> Result<(), JournalError> {
    CommitTail::create(&dir.tail(), &Mark::genesis(log_id))?;
    databases::create_first(&dir.log(), options.cache_bytes)
}

/// Opens the databases and replays them; if that fails, the error names the copy that is kept.
fn recover(
    dir: &DataDir,
    options: &Options,
    expected: &Expected,
    on_frame: OnFrame<'_>,
) -> Result<(Store, Chain), JournalError> {
    prepare(dir, options, expected)?;
    let mut replay = Replay::new(on_frame);
    let first = replay.run(dir, options.cache_bytes, expected);
    let damage = match first {
        Ok(recovered) => return Ok(recovered),
        // A copy of the database would not help against damage elsewhere.
        Err(ReplayError::Log(JournalError::Damaged(damage)))
            if damage.kind != DamageKind::Archive =>
        {
            damage
        }
        Err(ReplayError::Log(error) | ReplayError::Caller(error)) => return Err(error),
    };
    if options.recovers_without_copy && !dir.kept_copy().exists() {
        return Err(JournalError::Damaged(damage));
    }
    keep_copy(dir)?;
    if databases::snapshots(&dir.kept_copy())?.is_empty() {
        return Err(refused(dir, damage));
    }
    tracing::warn!(%damage, "the log could not be read; trying without the database's snapshots");
    restore(dir, SnapshotHandling::LeaveOut)?;
    match replay.run(dir, options.cache_bytes, expected) {
        Ok(recovered) => {
            tracing::warn!("the log is whole; only a snapshot of the database was damaged");
            Ok(recovered)
        }
        Err(ReplayError::Log(JournalError::Damaged(damage))) => Err(refused(dir, damage)),
        Err(ReplayError::Log(error) | ReplayError::Caller(error)) => Err(error),
    }
}

/// Copies a log that was not closed, and removes the clean marker.
fn prepare(dir: &DataDir, options: &Options, expected: &Expected) -> Result<(), JournalError> {
    // After a crash half a copy may be there.
    files::remove_dir(&dir.fleeting_copy())?;
    if !dir.log().exists() && dir.kept_copy().exists() {
        // An earlier recovery was stopped while it put the copy back.
        restore(dir, SnapshotHandling::Copy)?;
    }
    if databases::list(&dir.log())?.is_empty() {
        let detail = "the database file log/db is missing, and there is no later one";
        let damage = Damage::new(DamageKind::Missing, Lsn::FIRST, detail);
        let through = Some(expected.high_water.end).filter(|end| *end >= Lsn::FIRST);
        return Err(JournalError::Damaged(Damage { through, ..damage }));
    }
    let is_closed = expected.closed_at.is_some() && clean_marker::is_as_closed(dir)?;
    if !is_closed && !options.recovers_without_copy {
        if expected.high_water.end > Lsn::ZERO {
            tracing::info!(log = %dir.log().display(), "the log was not closed; recovering it");
        }
        copy_log(dir)?;
    }
    clean_marker::remove(dir)
}

/// Copies the databases before sled may change them, unless there is a copy from a recovery that
/// failed, which is closer to the original.
///
/// The copy is not synced: that would cost more than the recovery. A power cut during the recovery
/// leaves the databases themselves, which are then checked against the commit tail as always.
fn copy_log(dir: &DataDir) -> Result<(), JournalError> {
    if dir.kept_copy().exists() {
        return Ok(());
    }
    let copied = files::copy_dir_anew(&dir.log(), &dir.fleeting_copy());
    if copied.is_err() {
        // Half a copy is useless, and on a full disk it takes room that is needed.
        files::remove_dir(&dir.fleeting_copy())?;
    }
    copied
}

/// Makes the copy durable under its own name, after the recovery has failed.
fn keep_copy(dir: &DataDir) -> Result<(), JournalError> {
    if dir.kept_copy().exists() {
        return Ok(());
    }
    if !dir.fleeting_copy().exists() {
        // The log had been closed and looked whole, so there was no copy; copy the log as it is
        // now.
        copy_log(dir)?;
    }
    // Synced first: under its own name the copy counts as whole after a power cut.
    files::sync_tree(&dir.fleeting_copy())?;
    files::rename_durably(&dir.fleeting_copy(), &dir.kept_copy())
}

/// The handling of sled's snapshots when a copy is put back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SnapshotHandling {
    /// They are copied with the databases.
    Copy,
    /// They are left out, so that sled makes new ones.
    LeaveOut,
}

/// Replaces the databases with the kept copy, durably.
fn restore(dir: &DataDir, snapshots: SnapshotHandling) -> Result<(), JournalError> {
    let restored = dir.restored_copy();
    files::copy_dir_anew(&dir.kept_copy(), &restored)?;
    if snapshots == SnapshotHandling::LeaveOut {
        databases::remove_snapshots(&restored)?;
    }
    files::sync_tree(&restored)?;
    // From here to the rename there is no log; `prepare` restores it after a crash.

    files::remove_dir(&dir.log())?;
    files::rename_durably(&restored, &dir.log())
}

/// Makes the error of a log that cannot be opened, with the copy that is kept.
fn refused(dir: &DataDir, damage: Damage) -> JournalError {
    let kept_copy = Some(dir.kept_copy()).filter(|path| path.exists());
    JournalError::Damaged(Damage { kept_copy, ..damage })
}
