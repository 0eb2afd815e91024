//! The error of a read of the log or of the history.

use kirana_storage::JournalError;
use std::fmt;

/// The reason why a read failed: the log is damaged, or the disk has failed.
#[derive(Clone, Debug)]
pub struct ReadError(pub(crate) String);

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the log cannot be read: {}", self.0)
    }
}

impl std::error::Error for ReadError {}

impl From<JournalError> for ReadError {
    fn from(error: JournalError) -> Self {
        Self(error.to_string())
    }
}
