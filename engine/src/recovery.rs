//! From a data directory to a running engine: open the log, replay it, claim the epoch.

use crate::codec;
use kirana_domain::{Lsn, Record, State};
use kirana_storage::{
    Batch, Damage, DamageKind, Journal, JournalError, Options, SledJournal, Vault, VaultError,
};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far a replay has come. Readable while it runs.
#[derive(Debug, Default)]
pub struct Progress {
    replayed: AtomicU64,
    expected: AtomicU64,
}

impl Progress {
    /// Nothing replayed yet.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Records replayed so far.
    pub fn replayed(&self) -> u64 {
        self.replayed.load(Ordering::Relaxed)
    }

    /// Records that the log is known to hold.
    pub fn expected(&self) -> u64 {
        self.expected.load(Ordering::Relaxed)
    }
}

/// Why the engine did not start. The sentence is for the operator.
#[derive(Debug)]
pub enum OpenError {
    /// The log cannot be opened or replayed.
    Journal(JournalError),
    /// The vault of personal keys cannot be opened.
    Vault(VaultError),
    /// A part of the engine did not start.
    Start(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Vault(error) => error.fmt(f),
            Self::Start(error) => write!(f, "the engine did not start: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}

/// What a replayed log gives.
pub(crate) struct Recovered {
    pub(crate) journal: Box<dyn Journal>,
    pub(crate) vault: Vault,
    pub(crate) state: State,
}

/// Opens the embedded log in a directory and replays it. Blocks.
pub(crate) fn open(data_dir: &Path, progress: &Progress) -> Result<Recovered, OpenError> {
    let mut state = State::default();
    let journal = SledJournal::open_replaying(data_dir, &Options::default(), &mut |batch, at| {
        progress.expected.store(at.of.0.max(at.at.0), Ordering::Relaxed);
        replay(&mut state, batch)?;
        progress.replayed.store(state.lsn.0, Ordering::Relaxed);
        Ok(())
    })
    .map_err(OpenError::Journal)?;
    // Opened after the log, whose lock covers the whole directory.
    let vault = Vault::open(&data_dir.join("vault")).map_err(OpenError::Vault)?;
    Ok(Recovered { journal: Box::new(journal), vault, state })
}

/// Replays a journal that was opened without it.
pub(crate) fn replay_all(journal: &dyn Journal) -> Result<State, OpenError> {
    let mut state = State::default();
    for batch in journal.reader().read(kirana_storage::Lsn(1)) {
        let replayed = batch.and_then(|batch| replay(&mut state, &batch));
        replayed.map_err(OpenError::Journal)?;
    }
    Ok(state)
}

fn replay(state: &mut State, batch: &Batch) -> Result<(), JournalError> {
    for (lsn, bytes) in batch.records() {
        let record: Record = codec::decode_sharing(bytes, &state.catalogue)
            .map_err(|error| unreadable(lsn, error.to_string()))?;
        let breached = state.evolve(Lsn(lsn.0), &record);
        for (store_id, product_id) in breached {
            tracing::error!(%store_id, %product_id, %lsn, "the stock law is broken in the log");
        }
    }
    Ok(())
}

fn unreadable(lsn: kirana_storage::Lsn, detail: String) -> JournalError {
    let kind = DamageKind::Frame;
    JournalError::Damaged(Damage { kind, lsn, through: None, detail, kept_copy: None })
}
