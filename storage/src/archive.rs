//! The archive: all of the log that has moved out of the database, in files that never change.
//!
//! A file holds frames as they were written, so the chain of hashes runs on through it. Blocks of
//! frames are compressed, each with a checksum, and one read needs one block. Files name themselves
//! and what they follow, so there is no list that could be wrong: together they tile the log from
//! its first record on. `FORMAT.md` draws the bytes.
//!
//! | to read about | open |
//! |---|---|
//! | the bytes around the blocks: header, index, footer | `archive/layout.rs` |
//! | how a file is written: [`ArchiveWriter`] | `archive/writer.rs` |
//! | one file: [`ArchiveFile`] | `archive/file.rs` |
//! | checking all of a file | `archive/verify.rs` |
//! | which blocks have records with a label | `archive/labels.rs` |
//! | the files of a directory as one: [`Archive`] | `archive/set.rs` |
//! | reading frames in order | `archive/cursor.rs` |
//! | finding records by label and by time | `archive/find.rs` |
//! | blocks kept in memory | `block_cache.rs` |

mod cursor;
mod file;
mod find;
mod labels;
mod layout;
mod set;
mod verify;
mod writer;

use std::fmt;
use std::ops::Range;
use std::path::Path;

use crate::{Damage, DamageKind, JournalError, Lsn};

pub(crate) use cursor::Cursor;
pub use file::{ArchiveFile, ArchiveInfo};
pub(crate) use find::until_error;
pub use set::Archive;
pub use writer::ArchiveWriter;

/// What is wrong with which bytes of the archive file at `path`, and which records that touches.
fn damaged(
    path: &Path,
    (first, last): (Lsn, Lsn),
    range: Range<u64>,
    what: impl fmt::Display,
) -> JournalError {
    let detail = format!("{}: bytes {}..{}: {what}", path.display(), range.start, range.end);
    JournalError::Damaged(damage((first, last), detail))
}

fn damage((first, last): (Lsn, Lsn), detail: String) -> Damage {
    let damage = Damage::new(DamageKind::Archive, first.max(Lsn::FIRST), detail);
    Damage { through: Some(last).filter(|last| *last >= first), ..damage }
}

#[cfg(test)]
pub(crate) mod tests;
