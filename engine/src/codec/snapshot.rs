//! The whole state as bytes and back: what a checkpoint holds.
//!
//! A snapshot is a row of small rows ([`rows`]), each of a stored shape ([`v1`]), so that neither
//! way needs more memory than the state itself. Everything that decisions depend on comes back,
//! also what no digest covers: the time of the log and of keys, the order of a rider's orders. What
//! follows from other parts is not stored. The file around it guards the bytes: a change in them
//! that makes another whole state is found by its checksum and by the digest beside it, not here.
//!
//! | file | holds |
//! |---|---|
//! | `rows.rs` | kinds of rows; how they stand one after the other |
//! | `v1.rs`, `v1/` | the shapes, there and back |
//! | `items.rs` | the items of order lines, each once |
//! | `write.rs`, `read.rs` | a state into rows; rows into a state |
//! | `pieces.rs` | one ended order, one ledger: the rows of history |

mod items;
mod pieces;
mod read;
mod rows;
mod v1;
mod write;

pub(crate) use pieces::{decode_ended, decode_stock, encode_ended, encode_stock};

use crate::codec::CodecError;
use kirana_domain::State;
use read::Restorer;
use rows::{RowReader, RowWriter};
use std::io;

/// The schema that snapshots are written in: the first two bytes of each. A kind of row may be
/// added to it; what a released kind means never changes.
pub(crate) const SCHEMA: u16 = 1;

/// Writes a state. Equal states give equal bytes.
///
/// # Errors
/// The errors of `out`.
pub(crate) fn encode(state: &State, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(&SCHEMA.to_le_bytes())?;
    let mut rows = RowWriter::new(out);
    write::state(state, &mut rows)?;
    rows.end()
}

/// Reads a state that comes in pieces, cut anywhere: a checkpoint is never in memory beside the
/// state that it is read into.
#[derive(Default)]
pub(crate) struct Reading {
    /// The bytes of a row that is not whole yet.
    rest: Vec<u8>,
    has_schema: bool,
    rows: RowReader,
    restorer: Restorer,
}

impl Reading {
    /// Takes the next piece.
    ///
    /// # Errors
    /// [`CodecError`] says what the bytes are instead; nothing can follow it.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<(), CodecError> {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(piece);
        let mut left = &bytes[..];
        if !self.has_schema {
            let Some((schema, rows)) = left.split_first_chunk() else {
                self.rest = bytes;
                return Ok(());
            };
            match u16::from_le_bytes(*schema) {
                SCHEMA => (self.has_schema, left) = (true, rows),
                other => return Err(CodecError::UnknownSchema(other)),
            }
        }
        while let Some((kind, body)) = self.rows.next(&mut left)? {
            self.restorer.take(kind, body)?;
        }
        let taken = bytes.len() - left.len();
        bytes.drain(..taken);
        self.rest = bytes;
        Ok(())
    }

    /// The state, when all of it has come.
    ///
    /// # Errors
    /// [`CodecError`] says what is missing.
    pub(crate) fn finish(self) -> Result<State, CodecError> {
        if !self.has_schema {
            return Err(CodecError::Empty);
        }
        if !self.rows.is_over() {
            return Err("it is cut short".into());
        }
        self.restorer.finish()
    }
}

#[cfg(test)]
mod tests;
