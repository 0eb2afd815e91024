//! From a data directory to a state: the newest good checkpoint, and the log after it.

use crate::checkpoints::keys::{self, KeysError};
use crate::codec::OfRecords;
use crate::codec::decode::{self, Decoded, Decoder, FRAMES_WAITING_MAX};
use crate::codec::lsn::log_lsn;
use crate::codec::snapshot;
use crate::state::damages::Damages;
use crate::state::history::History;
use kirana_domain::{Lsn, State};
use kirana_storage::{
    Access, ChainMark, CheckpointFile, Damage, DamageKind, Journal, JournalError, LogId,
    LogTrimmer, Options, SledJournal, StoredFrame, Vault, checkpoint,
};
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

/// The progress of a replay, readable while it runs.
#[derive(Debug, Default)]
pub struct Progress {
    replayed: AtomicU64,
    expected: AtomicU64,
}

impl Progress {
    /// Returns the progress of a replay that has not begun.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Returns the records replayed so far.
    pub fn replayed(&self) -> u64 {
        self.replayed.load(Ordering::Relaxed)
    }

    /// Returns the records that the log is known to hold.
    pub fn expected(&self) -> u64 {
        self.expected.load(Ordering::Relaxed)
    }
}

/// The reason why the engine did not start, as a sentence for the operator.
#[derive(Debug)]
pub enum OpenError {
    /// The log cannot be opened or replayed.
    Journal(JournalError),
    /// The vault of personal keys cannot be used.
    Keys(KeysError),
    /// A part of the engine did not start.
    Start(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Keys(error) => error.fmt(f),
            Self::Start(error) => write!(f, "the engine did not start: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<JournalError> for OpenError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// A log that was opened and replayed.
pub(crate) struct Recovered {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) vault: Vault,
    pub(crate) state: State,
    /// The parts for the checkpointer, if the log is in a directory.
    pub(crate) kept: Option<DataDirParts>,
}

/// Paths in the data directory.
#[derive(Clone, Debug)]
pub(crate) struct Dirs {
    /// Checkpoints.
    pub(crate) checkpoints: PathBuf,
    /// Ended orders.
    pub(crate) history: PathBuf,
}

impl Dirs {
    pub(crate) fn of(data_dir: &Path) -> Self {
        Self { checkpoints: data_dir.join("checkpoints"), history: data_dir.join("history") }
    }
}

/// The parts of a data directory beside the log.
pub(crate) struct DataDirParts {
    pub(crate) dirs: Dirs,
    pub(crate) log: LogTrimmer,
    pub(crate) history: Arc<History>,
    /// The record that the newest good checkpoint is as of; 0 where there is none.
    pub(crate) checkpoint: Lsn,
    /// The damage that the start has met.
    pub(crate) damages: Arc<Damages>,
}

/// Opens the embedded log in a directory: the newest good checkpoint, and the records after it.
/// What is damaged in the archive is healed from the backup, if there is one. Blocks.
pub(crate) fn open(
    data_dir: &Path,
    backup: Option<&Path>,
    progress: &Progress,
) -> Result<Recovered, OpenError> {
    let dirs = Dirs::of(data_dir);
    let opened = loop {
        match (open_newest(data_dir, &dirs, progress), backup) {
            // Each round heals another file, so there is a last one.
            (Err(JournalError::Damaged(damage)), Some(backup))
                if SledJournal::heal_archive(data_dir, &damage, backup, &OfRecords)? => {}
            (opened, _) => break opened,
        }
    };
    opened.map_err(OpenError::Journal).and_then(|(journal, state, kept)| {
        let (archive, known) = (kept.log.archive(), kept.log.check_archive()?);
        let is_healed =
            |damage: &Damage| backup.is_some_and(|it| archive.heal_from(damage, it, &OfRecords));
        let left = known.iter().filter(|damage| !is_healed(damage));
        left.for_each(|damage| _ = kept.damages.note(damage));
        let vault = SledJournal::vault_path(data_dir);
        let journal = Box::new(journal);
        match keys::open(&vault, &state) {
            Ok(vault) => Ok(Recovered { journal, vault, state, kept: Some(kept) }),
            Err(error) => {
                // Nothing was written: once the right file is there, the start is a quick one.
                drop(kept);
                journal.close()?;
                Err(OpenError::Keys(error))
            }
        }
    })
}

fn open_newest(
    data_dir: &Path,
    dirs: &Dirs,
    progress: &Progress,
) -> Result<(SledJournal, State, DataDirParts), JournalError> {
    let start = match SledJournal::log_id_in(data_dir)? {
        Some(log_id) => Start::newest(dirs, log_id)?,
        None => Start::default(),
    };
    let is_whole_log = start.history.is_none();
    match open_from(data_dir, dirs, start, progress) {
        Err(JournalError::Damaged(damage))
            if damage.kind == DamageKind::History && !is_whole_log =>
        {
            tracing::warn!(%damage, "the history cannot be used: the whole log is replayed");
            open_from(data_dir, dirs, Start::default(), progress)
        }
        opened => opened,
    }
}

fn open_from(
    data_dir: &Path,
    dirs: &Dirs,
    Start { base, history }: Start,
    progress: &Progress,
) -> Result<(SledJournal, State, DataDirParts), JournalError> {
    let Checkpoint { mut state, mark, .. } = base;
    let checkpoint = state.lsn;
    let anchors: Vec<_> = mark.into_iter().collect();
    let (options, after) = (Options::default(), log_lsn(checkpoint));
    let journal = thread::scope(|scope| {
        let (sender, frames) = sync_channel(FRAMES_WAITING_MAX);
        let mut decoder = Decoder::after(&state.catalogue);
        let records = decode::stage(scope, frames, move |frame: StoredFrame| decoder.frame(&frame));
        let state = &mut state;
        let replaying = scope.spawn(move || {
            records.into_iter().try_for_each(|records| {
                replay(state, history.as_ref(), records)?;
                progress.replayed.store(state.lsn.0, Ordering::Relaxed);
                Ok(())
            })
        });
        let mut on_frame = |frame: &StoredFrame, at: kirana_storage::Progress| {
            progress.expected.store(at.of.0.max(at.at.0), Ordering::Relaxed);
            // The channel is closed if a record cannot be replayed, which is reported below.
            sender.send(frame.clone()).map_err(|_| JournalError::Closed)
        };
        let opened =
            SledJournal::open_replaying(data_dir, &options, after, &anchors, &mut on_frame);
        drop(sender);
        match replaying.join() {
            Ok(replayed) => replayed.and(opened),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })?;
    // The directory is locked from here on: leftovers of an interrupted checkpoint may go.
    let history = History::open(&dirs.history, journal.log_id(), checkpoint, Access::Write)?;
    checkpoint::sweep(&dirs.checkpoints)?;
    drop_unusable(dirs, journal.log_id(), checkpoint)?;
    let (log, history) = (journal.trimmer(), Arc::new(history));
    let damages = Arc::default();
    let kept = DataDirParts { dirs: dirs.clone(), log, history, checkpoint, damages };
    Ok((journal, state, kept))
}

/// Removes the checkpoints after the one that was started from: they could not be used, and must
/// not be taken for the newest again. What follows from the log is made again.
pub(crate) fn drop_unusable(dirs: &Dirs, log_id: LogId, base: Lsn) -> Result<(), JournalError> {
    for found in checkpoint::list(&dirs.checkpoints, log_id)? {
        let is_usable = matches!(&found, checkpoint::ListedCheckpoint::Good(file)
            if file.head().mark.lsn.0 <= base.0);
        if !is_usable {
            if let checkpoint::ListedCheckpoint::Damaged { path, why, .. } = &found {
                tracing::warn!(path = %path.display(), %why, "a damaged checkpoint is removed");
            }
            found.remove()?;
        }
    }
    Ok(())
}

/// The start of a replay.
#[derive(Default)]
pub(crate) struct Start {
    pub(crate) base: Checkpoint,
    /// The ended orders that the base has forgotten; nothing for a base that is the empty log.
    history: Option<History>,
}

impl Start {
    /// Returns the newest checkpoint that can be used: whole, and with its history. An older one,
    /// or the whole log, does as well and takes longer; that is logged.
    pub(crate) fn newest(dirs: &Dirs, log_id: LogId) -> Result<Self, JournalError> {
        let mut warned = false;
        for found in checkpoint::list(&dirs.checkpoints, log_id)? {
            let usable = Checkpoint::of(&found).and_then(|base| {
                let through = base.state.lsn;
                let history = History::open(&dirs.history, log_id, through, Access::Read)?;
                Ok(Self { base, history: Some(history) })
            });
            match usable {
                Ok(start) => {
                    if warned {
                        tracing::warn!(lsn = %start.base.state.lsn, "starting from an older checkpoint");
                    }
                    return Ok(start);
                }
                Err(error) => {
                    warned = true;
                    tracing::warn!(%error, "a checkpoint cannot be used");
                }
            }
        }
        if warned {
            tracing::warn!("no checkpoint can be used: the whole log is replayed");
        }
        Ok(Self::default())
    }
}

/// The state as of a record, from a file.
#[derive(Default)]
pub(crate) struct Checkpoint {
    pub(crate) state: State,
    /// The position of the log; `None` for the empty log.
    pub(crate) mark: Option<ChainMark>,
    /// The time of its last record.
    pub(crate) at_ms: i64,
}

impl Checkpoint {
    /// Returns the newest checkpoint that is whole; the empty log where there is none.
    pub(crate) fn newest(dir: &Path, log_id: LogId) -> Result<Self, JournalError> {
        let good = |found: checkpoint::ListedCheckpoint| match Self::of(&found) {
            Ok(read) => Some(read),
            Err(error) => {
                tracing::warn!(%error, "a checkpoint cannot be used");
                None
            }
        };
        Ok(checkpoint::list(dir, log_id)?.into_iter().find_map(good).unwrap_or_default())
    }

    fn of(found: &checkpoint::ListedCheckpoint) -> Result<Self, JournalError> {
        match found {
            checkpoint::ListedCheckpoint::Good(file) => Self::read(file),
            checkpoint::ListedCheckpoint::Damaged { why, .. } => Err(why.clone()),
        }
    }

    /// Reads a checkpoint whole.
    pub(crate) fn read(file: &CheckpointFile) -> Result<Self, JournalError> {
        let head = file.head();
        let lsn = head.mark.lsn;
        let unusable = |detail| damaged(DamageKind::Checkpoint, lsn, detail);
        if head.schema > snapshot::SCHEMA {
            let (found, known) = (head.schema.into(), snapshot::SCHEMA.into());
            return Err(JournalError::NewerFormat { found, known });
        }
        let (mut reading, mut taken) = (snapshot::Reading::default(), Ok(()));
        file.read(&mut |piece| {
            if taken.is_ok() {
                taken = reading.take(piece);
            }
        })?;
        let state = taken.and_then(|()| reading.finish());
        let state = state.map_err(|error| unusable(error.to_string()))?;
        if state.lsn.0 != lsn.0 {
            return Err(unusable(format!("its state is as of record {}", state.lsn)));
        }
        Ok(Self { state, mark: Some(head.mark), at_ms: head.at_ms })
    }
}

/// Replays a journal that was opened without it.
pub(crate) fn replay_all(journal: &dyn Journal) -> Result<State, OpenError> {
    let (mut state, mut decoder) = (State::default(), Decoder::default());
    for frame in journal.reader().frames(kirana_storage::Lsn(1)) {
        let replayed = frame.and_then(|frame| replay(&mut state, None, decoder.frame(&frame)));
        replayed.map_err(OpenError::Journal)?;
    }
    Ok(state)
}

/// Applies those records of a frame that come after the state.
fn replay(
    state: &mut State,
    history: Option<&History>,
    records: Vec<Decoded>,
) -> Result<(), JournalError> {
    let known = state.lsn;
    for (lsn, record) in records.into_iter().filter(|(lsn, _)| *lsn > known) {
        let at = log_lsn(lsn);
        let record = record.map_err(|error| damaged(DamageKind::Frame, at, error.to_string()))?;
        if let Some(history) = history {
            let recalled = history.recall(&mut state.orders, &record.event, Lsn(u64::MAX));
            recalled.map_err(|error| damaged(DamageKind::History, at, error.to_string()))?;
        }
        for (store_id, product_id) in state.evolve(lsn, &record) {
            tracing::error!(%store_id, %product_id, %lsn, "the stock law is broken in the log");
        }
    }
    Ok(())
}

fn damaged(kind: DamageKind, lsn: kirana_storage::Lsn, detail: String) -> JournalError {
    JournalError::Damaged(Damage { kind, lsn, through: None, detail, kept_copy: None })
}
