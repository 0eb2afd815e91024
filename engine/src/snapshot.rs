//! The whole state as bytes and back: what a checkpoint holds.
//!
//! A snapshot is a row of small rows ([`rows`]), each of a stored shape ([`v1`]), so that neither
//! way needs more memory than the state itself. Everything that decisions depend on comes back,
//! also what no digest covers: the times of keys, the order of a rider's orders. What follows from
//! other parts is not stored. The file around it guards the bytes: a change in them that makes
//! another whole state is found by its checksum and by the digest beside it, not here.
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
use rows::{RowWriter, Rows};
use std::io;

/// The schema that snapshots are written in: the first two bytes of each. A kind of row may be
/// added to it; what a released kind means never changes.
pub(crate) const SCHEMA: u16 = 1;

/// Writes a state. Equal states give equal bytes.
///
/// # Errors
/// What `out` answers.
pub(crate) fn encode(state: &State, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(&SCHEMA.to_le_bytes())?;
    let mut rows = RowWriter::new(out);
    write::state(state, &mut rows)?;
    rows.end()
}

/// Reads a state.
///
/// # Errors
/// [`CodecError`] says what the bytes are instead.
pub(crate) fn decode(bytes: &[u8]) -> Result<State, CodecError> {
    let (schema, rows) = bytes.split_first_chunk().ok_or(CodecError::Empty)?;
    match u16::from_le_bytes(*schema) {
        1 => {
            let mut restorer = Restorer::default();
            for row in Rows::of(rows) {
                let (kind, body) = row?;
                restorer.take(kind, body)?;
            }
            restorer.finish()
        }
        other => Err(CodecError::UnknownSchema(other)),
    }
}

#[cfg(test)]
mod tests;
