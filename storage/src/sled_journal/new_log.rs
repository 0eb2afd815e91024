//! A new log in a directory of its own, with the records of another copy: restored or repaired.
//!
//! Everything is prepared in a folder of the directory. Only then its parts move to their places,
//! and the identity file gets its name last. So a directory is a whole log, or every program
//! refuses it but the next attempt, which first removes the leftovers.

use std::fs::{self, File};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::commit_tail::CommitTail;
use super::data_dir::{DataDir, write_identity};
use super::mark::Mark;
use super::{Options, clean_marker, databases, panics};
use crate::files;
use crate::{ChainMark, JournalError};

/// The folder in which the log is prepared.
const WORK: &str = "restoring";

/// The name of the identity file when everything else is in its place.
const WAITING: &str = "FORMAT.restored";

/// The parts that move to their places before the identity file does. Attempts of earlier releases
/// have left `high-water`.
const PARTS: [&str; 8] =
    ["archive", "checkpoints", "history", "log", "tail", "high-water", "clean", "vault"];

/// The files that may be there before, and stay.
const MAY_PRECEDE: [&str; 4] = ["LOCK", "token-secret", "revocations", "lost+found"];

/// A log that is being created from another copy.
#[derive(Debug)]
pub struct NewLog {
    root: PathBuf,
    /// Whether parts have moved: then the next attempt removes the leftovers, and not this one.
    is_moving: bool,
    _lock: File,
}

impl NewLog {
    /// Starts in `root`, which is created if need be. It must be empty, or hold leftovers of an
    /// unfinished attempt, which are removed.
    ///
    /// # Errors
    /// [`JournalError::Io`] of the kind `AlreadyExists` if there is something else;
    /// [`JournalError::Locked`] while another attempt goes on; [`JournalError::Full`].
    pub fn begin(root: &Path) -> Result<Self, JournalError> {
        panics::silence_sled();
        files::create_dir_durably(root)?;
        refuse_content(root)?;
        let lock = files::lock(&DataDir::new(root).lock_file(), root)?;
        let new = Self { root: root.to_owned(), is_moving: false, _lock: lock };
        new.clear()?;
        let work = new.work();
        fs::create_dir(&work).map_err(|error| JournalError::file("creating", &work, &error))?;
        files::sync_dir(root)?;
        Ok(new)
    }

    /// Returns the folder in which it is prepared, which is a log once [`NewLog::end_at`] was
    /// called.
    pub fn work(&self) -> PathBuf {
        self.root.join(WORK)
    }

    /// Returns the path of its archive.
    pub fn archive(&self) -> PathBuf {
        DataDir::new(&self.work()).archive()
    }

    /// Completes the log, which ends where its archive does, at `end`: adds an empty database, the
    /// commit tail, the clean marker, the identity.
    ///
    /// # Errors
    /// [`JournalError::Full`], [`JournalError::Io`].
    pub fn end_at(&self, end: &ChainMark) -> Result<(), JournalError> {
        let dir = DataDir::new(&self.work());
        let ChainMark { log_id, epoch, lsn, hash, .. } = *end;
        let mark = Mark { log_id, epoch, end: lsn, hash };
        CommitTail::create(&dir.tail(), &mark)?;
        databases::create_first(&dir.log(), Options::default().cache_bytes)?;
        clean_marker::write(&dir, &mark)?;
        write_identity(&dir.identity(), log_id)
    }

    /// Moves the parts to their places; on return the directory is a log.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn publish(mut self) -> Result<(), JournalError> {
        assert!(!self.is_moving, "parts move once");
        self.is_moving = true;
        let work = self.work();
        for part in PARTS {
            let from = work.join(part);
            if from.exists() {
                files::rename_durably(&from, &self.root.join(part))?;
            }
        }
        let waiting = self.root.join(WAITING);
        files::rename_durably(&DataDir::new(&work).identity(), &waiting)?;
        files::remove_dir(&work)?;
        files::sync_dir(&self.root)?;
        files::rename_durably(&waiting, &DataDir::new(&self.root).identity())
    }

    /// Removes the leftovers of an unfinished attempt; those by which it is recognised go last.
    fn clear(&self) -> Result<(), JournalError> {
        for name in PARTS.into_iter().chain([WORK, WAITING]) {
            let path = self.root.join(name);
            if path.is_dir() {
                files::remove_dir(&path)?;
            } else {
                files::remove_file(&path)?;
            }
        }
        files::sync_dir(&self.root)
    }
}

impl Drop for NewLog {
    /// Removes the prepared log, so that a failed attempt leaves nothing behind.
    fn drop(&mut self) {
        if !self.is_moving
            && let Err(error) = files::remove_dir(&self.work())
        {
            tracing::warn!(%error, "a folder is left behind; the next attempt removes it");
        }
    }
}

/// Refuses a directory with other content than leftovers of an attempt.
fn refuse_content(root: &Path) -> Result<(), JournalError> {
    let refused = |reason: String| {
        let error = Error::new(ErrorKind::AlreadyExists, reason);
        Err(JournalError::file("making a log in", root, &error))
    };
    if DataDir::new(root).identity().exists() {
        return refused("it holds a log already; name an empty directory".to_owned());
    }
    let is_unfinished = root.join(WORK).exists() || root.join(WAITING).exists();
    for path in files::entries(root)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_ours =
            is_unfinished && (PARTS.contains(&&*name) || [WORK, WAITING].contains(&&*name));
        if !is_ours && !MAY_PRECEDE.contains(&&*name) {
            return refused(format!("it is not empty: it holds {name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
