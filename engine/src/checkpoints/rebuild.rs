//! Makes checkpoint and history of a log without a shop: after a restore or a repair, and when an
//! operator wants the log archived. It is the checkpointer at work, without an engine beside it.

use crate::checkpoints::checkpointer::{CheckpointError, Checkpointer};
use crate::checkpoints::recovery::{DataDirParts, Dirs, Start, drop_unusable};
use crate::codec::OfRecords;
use crate::codec::lsn::{domain_lsn, log_lsn};
use crate::config::Config;
use crate::state::history::History;
use kirana_domain::{Digest, Lsn, State};
use kirana_storage::{
    Access, ChainMark, Indexer, Journal, JournalError, Options, SledJournal, checkpoint,
};
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// The content of a log that was rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rebuilt {
    /// The last record, which the newest checkpoint is as of.
    pub lsn: Lsn,
    /// The fingerprint of the state after it.
    pub digest: Digest,
    /// The last record that is in the archive.
    pub archived: Lsn,
    /// The first record that is still in the log, and not only in the archive.
    pub log_starts_at: Lsn,
}

/// The reason why a rebuild failed, as a sentence for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RebuildError {
    /// The log cannot be opened or read.
    Journal(JournalError),
    /// The checkpointer could not do its work.
    Keep(CheckpointError),
}

impl fmt::Display for RebuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Keep(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RebuildError {}

impl From<JournalError> for RebuildError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<CheckpointError> for RebuildError {
    fn from(error: CheckpointError) -> Self {
        Self::Keep(error)
    }
}

/// Returns the rule by which the archive finds records.
pub fn indexer() -> &'static dyn Indexer {
    &OfRecords
}

/// Archives all of the log in a directory that no process has open, takes checkpoints up to its
/// end, writes the history, trims and closes. `end` is where the log is known to end, if it is:
/// then it is not read before. Tells `on_progress` the record of each checkpoint.
///
/// # Errors
/// [`RebuildError`]; a second attempt goes on where this one stopped.
pub fn rebuild(
    data_dir: &Path,
    end: Option<Lsn>,
    on_progress: &dyn Fn(Lsn),
) -> Result<Rebuilt, RebuildError> {
    let dirs = Dirs::of(data_dir);
    let log_id = SledJournal::log_id_in(data_dir)?;
    let log_id = log_id.ok_or_else(|| JournalError::NotALog {
        path: data_dir.to_owned(),
        reason: "there is no file FORMAT".to_owned(),
    })?;
    // A checkpoint that cannot be used must not be taken for the newest again.
    let (base, anchors) = usable(&dirs, log_id)?;
    let after = log_lsn(end.unwrap_or(base));
    let (options, mut ignore) = (Options::default(), |_: &_, _| Ok(()));
    let journal = SledJournal::open_replaying(data_dir, &options, after, &anchors, &mut ignore)?;
    drop_unusable(&dirs, log_id, base)?;
    checkpoint::sweep(&dirs.checkpoints)?;
    let history = Arc::new(History::open(&dirs.history, log_id, base, Access::Write)?);
    let (log, reader) = (journal.trimmer(), journal.reader());
    let (dirs_kept, damages) = (dirs.clone(), Arc::default());
    let kept =
        DataDirParts { dirs: dirs_kept, log: log.clone(), history, checkpoint: base, damages };
    let checkpointer = Checkpointer::of(kept, reader, None, &Config::default());
    let stop = AtomicBool::new(false);
    while let Some(kept) = checkpointer.keep(1, &stop)? {
        on_progress(kept.lsn);
    }
    drop(checkpointer);
    let lsn = domain_lsn(journal.end());
    let rebuilt = Rebuilt {
        lsn,
        digest: digest_at(&dirs, log_id, lsn)?,
        archived: domain_lsn(log.archive().end().lsn),
        log_starts_at: domain_lsn(log.first()?),
    };
    drop(log);
    Box::new(journal).close()?;
    Ok(rebuilt)
}

/// Returns the record of the newest checkpoint that can be used, and its mark.
fn usable(
    dirs: &Dirs,
    log_id: kirana_storage::LogId,
) -> Result<(Lsn, Vec<ChainMark>), JournalError> {
    let Start { base, .. } = Start::newest(dirs, log_id)?;
    Ok((base.state.lsn, base.mark.into_iter().collect()))
}

/// Returns the digest of the checkpoint at the end of the log, which was read back when it was
/// written.
fn digest_at(dirs: &Dirs, log_id: kirana_storage::LogId, lsn: Lsn) -> Result<Digest, RebuildError> {
    if lsn == Lsn(0) {
        return Ok(State::default().digest());
    }
    let newest = checkpoint::list(&dirs.checkpoints, log_id)?.into_iter().next();
    match newest {
        Some(checkpoint::ListedCheckpoint::Good(file)) if file.head().mark.lsn.0 == lsn.0 => {
            Ok(Digest(file.head().digest))
        }
        _ => Err(CheckpointError::Failed(format!("there is no checkpoint at record {lsn}")).into()),
    }
}
