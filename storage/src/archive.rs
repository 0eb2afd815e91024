//! The archive: the part of the log that has moved out of the database, in files that never change.
//!
//! A file holds frames as they were written, so the chain of hashes continues through it. Blocks of
//! frames are compressed, each with a checksum, and one read needs one block. Files name themselves
//! and the end that they follow, so there is no list that could be wrong: together they tile the
//! log from its first record on. `FORMAT.md` draws the bytes.
//!
//! | to read about | open |
//! |---|---|
//! | the bytes around the blocks: header, index, footer | `archive/layout.rs` |
//! | the writer of a file: [`ArchiveWriter`] | `archive/writer.rs` |
//! | one file: [`ArchiveFile`] | `archive/file.rs` |
//! | checking all of a file | `archive/verify.rs` |
//! | the index from labels to blocks | `archive/labels.rs` |
//! | the files of a directory as one: [`Archive`] | `archive/set.rs` |
//! | which of the files count | `archive/tiles.rs` |
//! | reading frames in order | `archive/cursor.rs` |
//! | finding records by label and by time | `archive/find.rs` |
//! | blocks kept in memory | `block_cache.rs` |

mod cursor;
mod file;
mod find;
mod heal;
mod labels;
mod layout;
mod set;
mod tiles;
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

/// Makes the error of damaged bytes in the archive file at `path`, which has these records.
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
    // A name that cannot be parsed has the range 1..=0: then the end is not known.
    Damage { through: Some(last).filter(|last| *last >= first), ..damage }
}

#[cfg(test)]
pub(crate) mod tests;
