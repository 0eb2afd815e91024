//! The reasons why a proof is refused.

use std::fmt;

use super::text::{FIRST_LINE, FIRST_LINE_V1};
use crate::head::HeadError;
use crate::{Lsn, PublicKey};

/// The reason why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// The first line is not that of a proof that this program knows.
    NotAProof,
    /// The second line is not a good head.
    Head(HeadError),
    /// There is no record to prove.
    NoRecords,
    /// The text ends before the line with the number of records.
    Cut,
    /// A line is none that may stand there, or its record does not come after the one before.
    WrongLine {
        /// The line, counted from 1.
        line: usize,
    },
    /// The record is not at this place in the log that has the head.
    NotProved {
        /// The position.
        lsn: Lsn,
    },
    /// The head has an index, and the proof does not show by it that its records are all there are.
    NotIndexed,
    /// By the index of the head, the records are not all there are about the subject.
    NotComplete,
    /// The log that has the head does not begin with the one that had the older head.
    NotGrown {
        /// The last record of the older head.
        older: Lsn,
    },
    /// The head of the proof is not the one that was given.
    OtherHead {
        /// The last record of the given head.
        expected: Lsn,
        /// The last record of the head in the proof.
        actual: Lsn,
    },
    /// A key was given and the head has no signature.
    NotSigned,
    /// Another key than the given one has signed the head.
    OtherKey {
        /// The given one.
        expected: PublicKey,
        /// The one that signed.
        actual: PublicKey,
    },
}

impl fmt::Display for ProofError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAProof => {
                write!(out, "line 1 should be {FIRST_LINE} or {FIRST_LINE_V1} and is neither")
            }
            Self::Head(error) => write!(out, "line 2: {error}"),
            Self::NoRecords => write!(out, "it has no record to prove"),
            Self::Cut => write!(out, "it is cut: the last line is missing; get the whole proof"),
            Self::WrongLine { line } => {
                write!(out, "line {line} is none that a proof can have there")
            }
            Self::NotProved { lsn } => {
                write!(out, "record {lsn} is different in the log that has this head")
            }
            Self::OtherHead { expected, actual } if expected == actual => {
                write!(out, "its head is another than the given one, both at record {actual}")
            }
            Self::OtherHead { expected, actual } => write!(
                out,
                "its head is at record {actual} and the given one at {expected}; ask for a proof \
                 below the given head (kirana log prove --head), or for one that shows that the \
                 log has grown from it (--older)"
            ),
            Self::NotIndexed => write!(
                out,
                "its head says how many records there are about each order, and the proof does \
                 not show that it has them all"
            ),
            Self::NotComplete => write!(
                out,
                "these are not all the records that the log has about the order: one was left out \
                 or put in"
            ),
            Self::NotGrown { older } => write!(
                out,
                "the log that has this head does not begin with the one that had the older head, \
                 at record {older}: history was changed"
            ),
            Self::NotSigned => write!(out, "its head is not signed and a key was given"),
            Self::OtherKey { expected, actual } => {
                write!(out, "its head is signed by {actual} and the given key is {expected}")
            }
        }
    }
}

impl std::error::Error for ProofError {}
