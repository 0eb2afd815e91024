//! The errors of a log, named by the remedy that the caller has.
//!
//! Every error but [`JournalError::OutOfSequence`] ends the opening: the process stops and reports
//! it, and a restart recovers every durable record.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::Lsn;

/// The reason why a journal failed. Cloned for every caller that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalError {
    /// An earlier append failed; only opening the log again helps.
    Poisoned,
    /// The journal behind this reader has been closed.
    Closed,
    /// The disk or the quota is full: make room and start again. Nothing durable is lost.
    Full {
        /// The step that failed, such as "writing" and a path.
        doing: String,
    },
    /// The disk or the operating system failed.
    Io {
        /// The step that failed, such as "writing" and a path.
        doing: String,
        /// The kind of failure.
        kind: io::ErrorKind,
        /// The message of the system.
        detail: String,
    },
    /// Stored bytes are not what was written. Nothing was skipped and nothing is served.
    Damaged(Damage),
    /// The caller's batch does not follow the end of the log. Nothing was written; the journal
    /// stays usable.
    OutOfSequence {
        /// The position that the batch had to start at.
        expected: Lsn,
        /// The position that it starts at.
        actual: Lsn,
    },
    /// Another process has this log open.
    Locked {
        /// The data directory.
        path: PathBuf,
    },
    /// A later release wrote this: upgrade the program.
    NewerFormat {
        /// The version that was found.
        found: u32,
        /// The newest version that this program reads.
        known: u32,
    },
    /// The directory holds something else: check the path. Nothing was touched.
    NotALog {
        /// The data directory.
        path: PathBuf,
        /// The content that was found there.
        reason: String,
    },
}

impl JournalError {
    /// Makes the error of a failed step from the system's; tells a full disk from other failures.
    pub(crate) fn io(doing: impl Into<String>, error: &io::Error) -> Self {
        let doing = doing.into();
        debug_assert!(!doing.is_empty(), "the operator learns which step failed");
        if is_full(error) {
            return Self::Full { doing };
        }
        Self::Io { doing, kind: error.kind(), detail: error.to_string() }
    }

    /// Makes the error of a failed step with the file at `path`.
    pub(crate) fn file(doing: &str, path: &Path, error: &io::Error) -> Self {
        Self::io(format!("{doing} {}", path.display()), error)
    }

    /// Makes the error of stored bytes that are not what was written.
    pub(crate) fn damaged(kind: DamageKind, lsn: Lsn, detail: impl Into<String>) -> Self {
        Self::Damaged(Damage::new(kind, lsn, detail))
    }
}

/// Returns whether the disk or a quota is full.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

impl fmt::Display for JournalError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Poisoned => write!(out, "the journal failed earlier; restart to open it again"),
            Self::Closed => write!(out, "the journal has been closed"),
            Self::Full { doing } => {
                write!(out, "the disk is full while {doing}; make room and start again")
            }
            Self::Io { doing, kind: io::ErrorKind::OutOfMemory, .. } => write!(
                out,
                "there is too little memory for {doing}: give the process more and start again; \
                 nothing is damaged"
            ),
            Self::Io { doing, detail, .. } => write!(out, "failed while {doing}: {detail}"),
            Self::Damaged(damage) => damage.fmt(out),
            Self::OutOfSequence { expected, actual } => {
                write!(out, "the batch starts at record {actual} and the log goes on at {expected}")
            }
            Self::Locked { path } => write!(
                out,
                "another process has the log in {} open; stop it, or choose another directory",
                path.display()
            ),
            Self::NewerFormat { found, known } => write!(
                out,
                "the log has format version {found} and this program reads up to {known}; use a \
                 later release"
            ),
            Self::NotALog { path, reason } => {
                write!(out, "{} is not the directory of a log: {reason}", path.display())
            }
        }
    }
}

impl std::error::Error for JournalError {}

/// The kind of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DamageKind {
    /// The identity file of the log cannot be read.
    Identity,
    /// What says how far the log was acknowledged cannot be read: the commit tail, the high-water
    /// marks of an earlier version, or the head of a backup.
    HighWater,
    /// Records are missing between two that are there, or a part of the log is gone.
    Missing,
    /// The bytes of a frame are not those that were written.
    Frame,
    /// A frame does not follow the one before it, or belongs to another log.
    Chain,
    /// The log ends before a record that was acknowledged.
    Behind,
    /// The log is whole but is not the one that a mark outside of it was taken of.
    Diverged,
    /// The database below the log cannot be opened or read.
    Store,
    /// An archive file is missing or is not what was written.
    Archive,
    /// The vault of keys is damaged; `lsn` has no meaning.
    Vault,
    /// A table of the history is missing or is not what was written; `lsn` to `through` are the
    /// records that it covers.
    History,
    /// A checkpoint is not what was written; `lsn` is the position that it was taken at.
    Checkpoint,
}

impl fmt::Display for DamageKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Identity => "the identity file is damaged",
            Self::HighWater => "the mark of the acknowledged end is damaged",
            Self::Missing => "records are missing",
            Self::Frame => "a stored batch is damaged",
            Self::Chain => "a stored batch does not follow the one before it",
            Self::Behind => "the log ends before records that were acknowledged",
            Self::Diverged => "the log is not the one that was acknowledged",
            Self::Store => "the database of the log is damaged",
            Self::Archive => "the archive is damaged",
            Self::Vault => "the vault is damaged",
            Self::History => "the history is damaged",
            Self::Checkpoint => "a checkpoint is damaged",
        })
    }
}

/// The damage of a log: its kind, the records that it touches, and the copy that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The kind.
    pub kind: DamageKind,
    /// The first record that cannot be served.
    pub lsn: Lsn,
    /// The last record that is known to be touched, if known: later ones are readable again, or
    /// were never acknowledged.
    pub through: Option<Lsn>,
    /// The finding and the expectation, with the byte range where there is one.
    pub detail: String,
    /// A copy of the log as it was found, unless it had been closed and looked whole.
    pub kept_copy: Option<PathBuf>,
}

impl Damage {
    /// Makes damage of which the end is not known and no copy was kept.
    pub(crate) fn new(kind: DamageKind, lsn: Lsn, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        debug_assert!(!detail.is_empty(), "an operator can do nothing about damage without a name");
        Self { kind, lsn, through: None, detail, kept_copy: None }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.kind)?;
        if self.kind != DamageKind::Vault {
            write!(out, " at record {}", self.lsn)?;
        }
        if let Some(through) = self.through {
            write!(out, " to {through}")?;
        }
        write!(out, ": {}", self.detail)?;
        match &self.kept_copy {
            Some(path) => write!(out, "; a copy is kept in {}", path.display()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_broken_one() {
        let full = JournalError::io("writing", &io::Error::from_raw_os_error(28));
        assert_eq!(full, JournalError::Full { doing: "writing".into() });
        let broken = JournalError::io("writing", &io::Error::from_raw_os_error(5));
        assert!(matches!(broken, JournalError::Io { .. }));
    }

    #[test]
    fn too_little_memory_is_said_and_is_no_damage() {
        let error = JournalError::io("opening the log", &io::Error::from_raw_os_error(12));
        let said = error.to_string();
        assert!(said.starts_with("there is too little memory for opening the log"), "{said}");
    }

    #[test]
    fn damage_says_what_from_where_to_where_and_what_was_kept() {
        let damage = Damage {
            kind: DamageKind::Behind,
            lsn: Lsn(11),
            through: Some(Lsn(20)),
            detail: "the log ends at 10".into(),
            kept_copy: Some("log.before-recovery".into()),
        };
        assert_eq!(
            JournalError::Damaged(damage).to_string(),
            "the log ends before records that were acknowledged at record 11 to 20: the log ends \
             at 10; a copy is kept in log.before-recovery"
        );
    }
}
