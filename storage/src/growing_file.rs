//! A file that is written once, front to back, and gets its name when it is whole.
//!
//! Until then its name ends in `.new`. It is synced as it grows: one sync of all of a large file
//! would make the log beside it on the same disk wait.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;

use crate::JournalError;
use crate::files::{self, UNFINISHED};

/// How many bytes may wait for a sync.
const SYNC_EVERY_BYTES: u64 = 8 << 20;

/// How many small writes are gathered.
const BUFFER_BYTES: usize = 256 * 1_024;

/// See the module. Dropped unfinished, it is removed.
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
    /// Starts the file that will be `path`. A leftover of an earlier attempt is overwritten.
    pub(crate) fn create(path: PathBuf) -> Result<Self, JournalError> {
        let unfinished = path.with_extension(UNFINISHED);
        let file = File::create(&unfinished)
            .map_err(|error| JournalError::file("creating", &unfinished, &error))?;
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        let (bytes, unsynced_bytes, is_finished) = (0, 0, false);
        Ok(Self { file, unfinished, path, buffer, bytes, unsynced_bytes, is_finished })
    }

    /// Returns how many bytes have been written: where the next ones go.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Writes on.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), JournalError> {
        self.buffer.extend_from_slice(bytes);
        self.bytes += bytes.len() as u64;
        if self.buffer.len() >= BUFFER_BYTES {
            self.hand_over()?;
        }
        if self.unsynced_bytes >= SYNC_EVERY_BYTES {
            self.file.sync_data().map_err(|error| self.failed("syncing", &error))?;
            self.unsynced_bytes = 0;
        }
        Ok(())
    }

    /// Makes the file durable and gives it its name, durably.
    pub(crate) fn finish(mut self) -> Result<PathBuf, JournalError> {
        self.hand_over()?;
        self.file.sync_all().map_err(|error| self.failed("syncing", &error))?;
        files::rename_durably(&self.unfinished, &self.path)?;
        self.is_finished = true;
        Ok(self.path.clone())
    }

    /// As [`GrowingFile::finish`], under a name in the same directory that only now is known.
    pub(crate) fn finish_as(mut self, path: PathBuf) -> Result<PathBuf, JournalError> {
        assert_eq!(path.parent(), self.path.parent(), "a name in the same directory");
        self.path = path;
        self.finish()
    }

    fn hand_over(&mut self) -> Result<(), JournalError> {
        let written = self.file.write_all(&self.buffer);
        written.map_err(|error| self.failed("writing", &error))?;
        self.unsynced_bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn failed(&self, doing: &str, error: &std::io::Error) -> JournalError {
        JournalError::file(doing, &self.unfinished, error)
    }
}

impl Drop for GrowingFile {
    fn drop(&mut self) {
        if !self.is_finished {
            // If this fails, whoever opens the directory next removes it.
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
