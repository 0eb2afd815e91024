//! The shape that archive files, tables and checkpoints share: a header, blocks, and a footer with
//! a hash that seals it together with the header.
//!
//! Each of them lays out its own fields. Here are the steps that are the same for all: taking
//! fields from the front, sealing, and reading both ends of a file.

use std::fs::File;
use std::io::ErrorKind;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::JournalError;
use crate::frame::Hash;

/// The fixed-size fields of some bytes, taken from the front; `None` where bytes are missing.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    /// Takes the next `N` bytes.
    pub(crate) fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(field)
    }

    /// Takes a number of 4 bytes.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.take().map(|bytes| u32::from_le_bytes(*bytes))
    }

    /// Takes a number of 8 bytes.
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.take().map(|bytes| u64::from_le_bytes(*bytes))
    }

    /// Takes a number of 8 bytes with a sign.
    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.take().map(|bytes| i64::from_le_bytes(*bytes))
    }
}

/// Returns the hash that seals `parts`, one after the other.
pub(crate) fn seal(parts: &[&[u8]]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A maker of errors from the damaged bytes of a file and a description of the damage.
pub(crate) type Damaged<'a> = &'a dyn Fn(Range<u64>, &str) -> JournalError;

/// Reads a range of a file that should be there.
///
/// # Errors
/// As `damaged` says if the file ends earlier; [`JournalError::Io`].
pub(crate) fn read(
    file: &File,
    path: &Path,
    range: Range<u64>,
    damaged: Damaged<'_>,
) -> Result<Vec<u8>, JournalError> {
    assert!(range.start <= range.end, "a range of a file ascends, or its length would wrap");
    let bytes = usize::try_from(range.end - range.start).expect("memory holds 64-bit sizes");
    let mut read = vec![0; bytes];
    match file.read_exact_at(&mut read, range.start) {
        Ok(()) => Ok(read),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(damaged(range, "the file ends before them"))
        }
        Err(error) => Err(JournalError::file("reading", path, &error)),
    }
}

/// The two ends of a file as bytes, and its length.
pub(crate) struct RawEnds<const HEADER: usize, const FOOTER: usize> {
    pub(crate) header: [u8; HEADER],
    pub(crate) footer: [u8; FOOTER],
    pub(crate) file_bytes: u64,
}

impl<const HEADER: usize, const FOOTER: usize> RawEnds<HEADER, FOOTER> {
    /// Reads both ends of a file, which must be long enough for them.
    ///
    /// # Errors
    /// As `damaged` says if it is not; [`JournalError::Io`].
    pub(crate) fn read(
        file: &File,
        path: &Path,
        damaged: Damaged<'_>,
    ) -> Result<Self, JournalError> {
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| JournalError::file("looking at", path, &error))?;
        let file_bytes = metadata.len();
        if file_bytes < (HEADER + FOOTER) as u64 {
            return Err(damaged(0..file_bytes, "the file is cut"));
        }
        debug_assert!(HEADER as u64 <= file_bytes - FOOTER as u64, "the two ends do not overlap");
        let (mut header, mut footer) = ([0; HEADER], [0; FOOTER]);
        file.read_exact_at(&mut header, 0)
            .and_then(|()| file.read_exact_at(&mut footer, file_bytes - FOOTER as u64))
            .map_err(|error| JournalError::file("reading", path, &error))?;
        Ok(Self { header, footer, file_bytes })
    }

    /// Returns the range of the footer.
    pub(crate) const fn footer_range(&self) -> Range<u64> {
        self.file_bytes - FOOTER as u64..self.file_bytes
    }
}
