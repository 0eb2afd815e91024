//! The error of a read of the log or of the history.

use kirana_storage::{Damage, JournalError};
use std::fmt;

/// The reason why a read failed.
#[derive(Clone, Debug)]
pub enum ReadError {
    /// The part to be read is damaged on the disk; all else can be read.
    Damaged(Damage),
    /// The disk has failed, or the engine.
    Failed(String),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(damage) => damage.fmt(f),
            Self::Failed(why) => write!(f, "the log cannot be read: {why}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<JournalError> for ReadError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Damaged(damage) => Self::Damaged(damage),
            other => Self::Failed(other.to_string()),
        }
    }
}
