//! Opening a log to look at: never the live directory, and never for writing.

use super::super::Failure;
use kirana_engine::tools::Log;
use kirana_storage::{JournalError, JournalReader, ReadOnlyLog};
use std::path::{Path, PathBuf};

/// A log that is open for looking at. What it takes on disk goes with it.
pub(super) struct OpenLog {
    log: ReadOnlyLog,
    /// Its directory.
    pub(super) dir: PathBuf,
    scratch: Option<PathBuf>,
}

impl OpenLog {
    pub(super) fn reader(&self) -> &dyn JournalReader {
        &self.log
    }

    /// For the tools, which have their temporary files where the copy is.
    pub(super) fn for_tools(&self) -> Log<'_> {
        Log::new(self.reader()).with_scratch(self.scratch.as_deref())
    }

    /// All of it.
    pub(super) fn log(&self) -> &ReadOnlyLog {
        &self.log
    }
}

/// Opens the log of a stopped server, or a backup. The newest part of it is copied to `scratch`.
pub(super) fn open_log(dir: &Path, scratch: Option<&Path>) -> Result<OpenLog, Failure> {
    let opened = ReadOnlyLog::open(dir, scratch);
    let log = opened.map_err(|error| Failure::Refused(said(dir, &error)))?;
    Ok(OpenLog { log, dir: dir.to_owned(), scratch: scratch.map(Path::to_owned) })
}

fn said(dir: &Path, error: &JournalError) -> String {
    match error {
        JournalError::Locked { .. } => format!(
            "a server has the log in {} open: stop it, or take a backup and look at that",
            dir.display()
        ),
        JournalError::Full { .. } => {
            format!(
                "the log is looked at in a copy: {error}; say with --scratch where there is room"
            )
        }
        JournalError::Io { .. } if dir.is_dir() => {
            format!(
                "the log is looked at in a copy: {error}; say with --scratch where one can be made"
            )
        }
        error => error.to_string(),
    }
}
