//! The file `clean`: there while the log is closed, gone while it is open.
//!
//! A log without it was not closed, so its database is copied before sled recovers it.

use std::fs;
use std::io::ErrorKind;

use super::data_dir::DataDir;
use super::files;
use super::mark::Mark;
use crate::JournalError;

const MAGIC: [u8; 4] = *b"KCLN";

/// Notes that the log has been closed at `mark`.
pub(super) fn write(dir: &DataDir, mark: &Mark) -> Result<(), JournalError> {
    files::write_durably(&dir.clean_marker(), &mark.encode(MAGIC))
}

/// Where the log was closed; nothing if it was not, or if the marker is unreadable, which costs a
/// recovery and nothing else.
pub(super) fn read(dir: &DataDir) -> Result<Option<Mark>, JournalError> {
    let path = dir.clean_marker();
    match fs::read(&path) {
        Ok(bytes) => Ok(bytes.as_slice().try_into().ok().and_then(|it| Mark::decode(MAGIC, it))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(JournalError::file("reading", &path, &error)),
    }
}

/// Notes that the log is open. Durable on return.
pub(super) fn remove(dir: &DataDir) -> Result<(), JournalError> {
    let path = dir.clean_marker();
    match fs::remove_file(&path) {
        Ok(()) => files::sync_parent(&path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(JournalError::file("removing", &path, &error)),
    }
}
