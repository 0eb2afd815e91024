//! A growing file: written once, front to back, and named when it is whole.
//!
//! Until then its name ends in `.new`. It is synced as it grows: one sync of all of a large file
//! would make the log beside it on the same disk wait.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use crate::JournalError;
use crate::files::{self, UNFINISHED};

/// The bytes that may wait for a sync.
const SYNC_EVERY_BYTES: u64 = 8 << 20;

/// The bytes of small writes that are gathered into one.
const BUFFER_BYTES: usize = 256 * 1_024;

const _: () = assert!(BUFFER_BYTES as u64 <= SYNC_EVERY_BYTES);

/// A file that is being written. Dropped unfinished, it is removed.
#[derive(Debug)]
pub(crate) struct GrowingFile {
    file: File,
    unfinished: PathBuf,
    path: PathBuf,
    buffer: Vec<u8>,
    bytes: u64,
    unsynced_bytes: u64,
    is_finished: bool,
}

impl GrowingFile {
    /// Starts the file that will be at `path`. A leftover of an earlier attempt is overwritten.
    pub(crate) fn create(path: PathBuf) -> Result<Self, JournalError> {
        let unfinished = path.with_extension(UNFINISHED);
        assert_ne!(path, unfinished, "a finished file is told from an unfinished one by its name");
        let file = File::create(&unfinished)
            .map_err(|error| JournalError::file("creating", &unfinished, &error))?;
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        let (bytes, unsynced_bytes, is_finished) = (0, 0, false);
        Ok(Self { file, unfinished, path, buffer, bytes, unsynced_bytes, is_finished })
    }

    /// Returns the bytes written so far, which is the offset of the next ones.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Appends bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.buffer.extend_from_slice(bytes);
        self.bytes += bytes.len() as u64;
        if self.buffer.len() >= BUFFER_BYTES {
            self.hand_over()?;
        }
        debug_assert!(self.buffer.len() < BUFFER_BYTES, "memory stays bounded as the file grows");
        if self.unsynced_bytes >= SYNC_EVERY_BYTES {
            self.file.sync_data().map_err(|error| self.failed("syncing", &error))?;
            self.unsynced_bytes = 0;
        }
        Ok(())
    }

    /// Makes the file durable and gives it its name, durably.
    pub(crate) fn finish(mut self) -> Result<PathBuf, JournalError> {
        self.hand_over()?;
        assert!(self.buffer.is_empty(), "bytes that are still in the buffer would be lost");
        self.file.sync_all().map_err(|error| self.failed("syncing", &error))?;
        files::rename_durably(&self.unfinished, &self.path)?;
        self.is_finished = true;
        Ok(self.path.clone())
    }

    /// Finishes as [`GrowingFile::finish`], under a name in the same directory that is only now
    /// known.
    pub(crate) fn finish_as(mut self, path: PathBuf) -> Result<PathBuf, JournalError> {
        assert_eq!(path.parent(), self.path.parent(), "only this directory is synced");
        self.path = path;
        self.finish()
    }

    /// Hands the buffer to the system.
    fn hand_over(&mut self) -> Result<(), JournalError> {
        let written = self.file.write_all(&self.buffer);
        written.map_err(|error| self.failed("writing", &error))?;
        self.unsynced_bytes += self.buffer.len() as u64;
        self.buffer.clear();
        debug_assert!(self.unsynced_bytes <= self.bytes, "only written bytes wait for a sync");
        Ok(())
    }

    fn failed(&self, doing: &str, error: &std::io::Error) -> JournalError {
        JournalError::file(doing, &self.unfinished, error)
    }
}

impl Drop for GrowingFile {
    fn drop(&mut self) {
        if !self.is_finished {
            // If this fails, the next opening of the directory removes the file.
            let _ = fs::remove_file(&self.unfinished);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("7.kcp");
        let mut file = GrowingFile::create(path.clone()).unwrap();
        let piece = vec![5; 300_000];
        for _ in 0..40 {
            file.write(&piece).unwrap();
        }
        assert!(!path.exists());
        assert!(files::is_unfinished(&files::entries(dir.path()).unwrap()[0]));
        assert_eq!(file.bytes(), 12_000_000);
        file.finish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().len(), 12_000_000);
        assert_eq!(files::entries(dir.path()).unwrap(), [path]);
    }

    #[test]
    fn an_attempt_that_is_given_up_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = GrowingFile::create(dir.path().join("7.kcp")).unwrap();
        file.write(b"half").unwrap();
        drop(file);
        assert!(files::entries(dir.path()).unwrap().is_empty());
    }
}
