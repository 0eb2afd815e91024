//! A temporary directory that only its owner may read.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::{JournalError, files, random};

/// A directory that only its owner may read, removed with all that is in it when this is dropped.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Creates one in `parent`, or where the system keeps temporary files.
    ///
    /// # Errors
    /// [`JournalError::Io`], [`JournalError::Full`].
    pub fn create(parent: Option<&Path>) -> Result<Self, JournalError> {
        let random = random::bytes("a name")?;
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let path = parent.join(format!("kirana-log-{:016x}", u64::from_le_bytes(random)));
        // A user who may not read the log may not read a copy of it either.
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| JournalError::file("creating", &path, &error))?;
        Ok(Self(path))
    }

    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = files::remove_dir(&self.0) {
            tracing::warn!(%error, "a temporary directory could not be removed; remove it by hand");
        }
    }
}
