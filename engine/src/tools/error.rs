//! Reasons for which a tool has no answer.

use crate::codec::CodecError;
use kirana_domain::Lsn;
use kirana_storage::JournalError;
use std::fmt;

/// A reason for which a tool has no answer. The sentence is for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolError {
    /// The log cannot be read.
    Journal(JournalError),
    /// A record is whole but is not one that this program knows.
    Unreadable {
        /// Its place.
        lsn: Lsn,
        /// The kind that it is instead.
        error: CodecError,
    },
    /// The log ends before the position that was asked for.
    BeyondEnd {
        /// The text that was asked for.
        wanted: Lsn,
        /// The last record.
        end: Lsn,
    },
    /// The log knows nothing of what was asked for.
    Unknown(String),
    /// The text that was asked for could name several things.
    Ambiguous(String),
    /// A head that was given is not one that this log has had.
    OtherHistory {
        /// The last record of the head.
        lsn: Lsn,
        /// The difference.
        what: String,
    },
    /// A temporary file cannot be read again.
    Temporary(String),
    /// A record contradicts those before it: the log is whole, and wrong.
    Contradiction {
        /// Its place.
        lsn: Lsn,
        /// Its fault, as a sentence.
        detail: String,
    },
}

impl fmt::Display for ToolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Journal(error) => error.fmt(f),
            Self::Unreadable { lsn, error } => write!(f, "record {lsn} cannot be read: {error}"),
            Self::BeyondEnd { wanted, end: Lsn(0) } => {
                write!(f, "there is no record {wanted}: the log is empty")
            }
            Self::BeyondEnd { wanted, end } => {
                write!(f, "there is no record {wanted}: the log has records 1 to {end}")
            }
            Self::Unknown(what) | Self::Ambiguous(what) => f.write_str(what),
            Self::OtherHistory { lsn, what } => {
                write!(f, "the head at record {lsn} is none of this log: {what}")
            }
            Self::Temporary(why) => write!(f, "a temporary file cannot be read again: {why}"),
            Self::Contradiction { lsn, detail } => {
                write!(f, "record {lsn} cannot follow the records before it: {detail}")
            }
        }
    }
}

impl std::error::Error for ToolError {}

impl From<crate::state::read_error::ReadError> for ToolError {
    fn from(error: crate::state::read_error::ReadError) -> Self {
        Self::Temporary(error.to_string())
    }
}

impl From<JournalError> for ToolError {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}
