//! Checkpoints: the state as of a record, as opaque bytes.
//!
//! A checkpoint is written front to back, in compressed blocks with a checksum each, and gets its
//! name when it is whole and durable. The name tells the record and the file the rest, so there is
//! no list that could be wrong. `FORMAT.md` draws the bytes.

mod layout;
mod writer;

use std::fs::{self, File};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::block::{BlockKey, PREFIX_BYTES, Place};
use crate::files;
use crate::frame::Hash;
use crate::{ChainMark, DamageKind, JournalError, LogId, Lsn, sealed_file};
use layout::{Footer, HEADER_BYTES};

pub use writer::CheckpointWriter;

/// The description that a checkpoint carries of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointHead {
    /// The end of the log at that time.
    pub mark: ChainMark,
    /// The time at which it was taken, in milliseconds since 1970.
    pub at_ms: i64,
    /// The digest of the state, as its owner computes it.
    pub digest: [u8; 32],
    /// The version of the layout of the state's bytes, as the state's owner counts.
    pub schema: u16,
}

/// A checkpoint on disk, open for reading even after its name is gone.
#[derive(Debug)]
pub struct CheckpointFile {
    file: File,
    path: PathBuf,
    head: CheckpointHead,
    footer: Footer,
    file_bytes: u64,
}

/// A checkpoint that was found in a directory.
#[derive(Debug)]
pub enum ListedCheckpoint {
    /// Header and footer are what was written; the blocks are checked when they are read.
    Good(CheckpointFile),
    /// It cannot be used.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The record in its name.
        lsn: Lsn,
        /// The damage.
        why: JournalError,
    },
}

impl ListedCheckpoint {
    /// Removes the file, whole or not. Durable on return.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn remove(self) -> Result<(), JournalError> {
        match self {
            Self::Good(file) => file.remove(),
            Self::Damaged { path, .. } => remove(&path),
        }
    }
}

/// Lists the checkpoints in `dir`, newest first; none if there is no such directory.
///
/// # Errors
/// [`JournalError::Io`] if the directory cannot be listed.
pub fn list(dir: &Path, log_id: LogId) -> Result<Vec<ListedCheckpoint>, JournalError> {
    let mut named = files::entries_if_any(dir)?;
    named.retain(|path| lsn_of(path).is_some());
    // The digits of a name have a fixed width, so the order of names is that of records.
    named.sort_unstable();
    debug_assert!(named.is_sorted_by_key(|path| lsn_of(path)), "recovery takes the newest first");
    let look = |path: PathBuf| match CheckpointFile::open(&path, log_id) {
        Ok(file) => Some(ListedCheckpoint::Good(file)),
        // Its owner removed it after the directory was listed.
        Err(_) if !path.exists() => None,
        Err(why) => {
            Some(ListedCheckpoint::Damaged { lsn: lsn_of(&path).unwrap_or_default(), path, why })
        }
    };
    Ok(named.into_iter().rev().filter_map(look).collect())
}

/// Removes half-written files that a crash has left. Only the writer of the directory may call it.
///
/// # Errors
/// [`JournalError::Io`].
pub fn sweep(dir: &Path) -> Result<(), JournalError> {
    files::remove_unfinished(dir)
}

impl CheckpointFile {
    /// Opens the checkpoint at `path` and checks its header and footer.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] if it is not what was written or is of another log,
    /// [`JournalError::NewerFormat`], [`JournalError::Io`].
    pub fn open(path: &Path, log_id: LogId) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(|error| JournalError::file("opening", path, &error))?;
        let (head, footer, file_bytes) = layout::read(&file, path, log_id)?;
        Ok(Self { file, path: path.to_owned(), head, footer, file_bytes })
    }

    /// Returns the description that the checkpoint carries of itself.
    pub fn head(&self) -> &CheckpointHead {
        &self.head
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the bytes of the file.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Returns the bytes of the state.
    pub fn raw_bytes(&self) -> u64 {
        self.footer.raw_bytes
    }

    /// Hands the bytes of the state to `on_block`, a checked block at a time. Only if this returns
    /// `Ok`, they were all of the state.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] that names the first bytes that are not what was written,
    /// [`JournalError::Io`].
    pub fn read(&self, on_block: &mut dyn FnMut(&[u8])) -> Result<(), JournalError> {
        let header = self.read_at(0..HEADER_BYTES as u64)?;
        let header = header.first_chunk().expect("so many were read");
        let key = BlockKey::of(header);
        let mut whole = blake3::Hasher::new();
        whole.update(header);
        let (mut offset, mut raw_bytes) = (HEADER_BYTES as u64, 0);
        let end = layout::footer_offset(self.file_bytes);
        for number in 0..self.footer.blocks {
            let stored = self.stored_block(number, offset, end)?;
            let range = offset..offset + stored.len() as u64;
            let raw = key.open(Place { number, offset }, &stored).ok_or_else(|| {
                self.damaged(range.clone(), &format!("block {number} has a wrong checksum"))
            })?;
            whole.update(&stored);
            raw_bytes += raw.len() as u64;
            debug_assert!(range.end <= end, "`stored_block` refuses a block beyond the footer");
            offset = range.end;
            on_block(&raw);
        }
        let footer = self.read_at(end..self.file_bytes)?;
        // The file may have been overwritten since it was opened.
        let is_whole = offset == end
            && raw_bytes == self.footer.raw_bytes
            && Hash::from(whole.finalize()) == self.footer.whole
            && footer == self.footer.encode(header);
        let range = 0..self.file_bytes;
        if is_whole { Ok(()) } else { Err(self.damaged(range, "the whole has a wrong checksum")) }
    }

    /// Reads and checks everything.
    ///
    /// # Errors
    /// As [`CheckpointFile::read`].
    pub fn verify(&self) -> Result<(), JournalError> {
        self.read(&mut |_| ())
    }

    /// Removes the file. Durable on return.
    ///
    /// # Errors
    /// [`JournalError::Io`].
    pub fn remove(self) -> Result<(), JournalError> {
        remove(&self.path)
    }

    /// Reads the stored bytes of the block at `offset`; blocks end where the footer starts, at
    /// `end`.
    fn stored_block(&self, number: u32, offset: u64, end: u64) -> Result<Vec<u8>, JournalError> {
        let prefix = self.read_at(offset..offset + PREFIX_BYTES as u64)?;
        let stored_bytes = BlockKey::stored_bytes(prefix.first_chunk().expect("so many were read"));
        if stored_bytes as u64 > end.saturating_sub(offset) {
            let what = format!("block {number} goes on beyond the end");
            return Err(self.damaged(offset..end.max(offset), &what));
        }
        self.read_at(offset..offset + stored_bytes as u64)
    }

    fn read_at(&self, range: Range<u64>) -> Result<Vec<u8>, JournalError> {
        let bad = |range, what: &str| self.damaged(range, what);
        sealed_file::read(&self.file, &self.path, range, &bad)
    }

    fn damaged(&self, range: Range<u64>, what: &str) -> JournalError {
        damaged(&self.path, range, what)
    }
}

/// Returns the name of the checkpoint as of `lsn`.
fn file_name(lsn: Lsn) -> String {
    format!("{:020}.kcp", lsn.0)
}

/// Returns the record in the name of a checkpoint; `None` if no writer gives such a name.
fn lsn_of(path: &Path) -> Option<Lsn> {
    let name = path.file_name()?.to_str()?;
    let lsn = Lsn(name.strip_suffix(".kcp")?.parse().ok()?);
    (file_name(lsn) == name).then_some(lsn)
}

fn damaged(path: &Path, range: Range<u64>, what: &str) -> JournalError {
    let detail = format!("{}: bytes {}..{}: {what}", path.display(), range.start, range.end);
    JournalError::damaged(DamageKind::Checkpoint, lsn_of(path).unwrap_or_default(), detail)
}

fn remove(path: &Path) -> Result<(), JournalError> {
    fs::remove_file(path).map_err(|error| JournalError::file("removing", path, &error))?;
    files::sync_parent(path)
}

#[cfg(test)]
mod tests;
