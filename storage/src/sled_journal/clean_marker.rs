//! The file `clean`: there while the log is closed, gone while it is open.
//!
//! A log without it was not closed, so its databases are copied before sled recovers them.

use std::fs;
use std::io::ErrorKind;

use super::data_dir::DataDir;
use super::databases;
use super::mark::{MARK_BYTES, Mark};
use crate::JournalError;
use crate::files;

const MAGIC: [u8; 4] = *b"KCLN";

/// Notes that the log has been closed at `mark`, with databases as long as they are now.
pub(super) fn write(dir: &DataDir, mark: &Mark) -> Result<(), JournalError> {
    let mut bytes = mark.encode(MAGIC).to_vec();
    bytes.extend_from_slice(&databases::bytes(&dir.log())?.to_le_bytes());
    files::write_durably(&dir.clean_marker(), &bytes)
}

/// Returns where the log was closed; `None` if it was not, or if the marker is unreadable, which
/// costs a recovery and nothing else.
pub(super) fn read(dir: &DataDir) -> Result<Option<Mark>, JournalError> {
    let bytes = bytes(dir)?;
    let mark = bytes.as_deref().and_then(|bytes| bytes.first_chunk());
    Ok(mark.and_then(|mark| Mark::decode(MAGIC, mark)))
}

/// Returns whether the databases are as long, together, as they were when the log was closed. If
/// not, somebody else has been at them, and they are copied like those of a log that was not
/// closed.
pub(super) fn is_as_closed(dir: &DataDir) -> Result<bool, JournalError> {
    let bytes = bytes(dir)?;
    let length = bytes.as_deref().and_then(|bytes| bytes.get(MARK_BYTES..)?.try_into().ok());
    Ok(length.map(u64::from_le_bytes) == Some(databases::bytes(&dir.log())?))
}

fn bytes(dir: &DataDir) -> Result<Option<Vec<u8>>, JournalError> {
    let path = dir.clean_marker();
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(JournalError::file("reading", &path, &error)),
    }
}

/// Notes that the log is open. Durable on return.
pub(super) fn remove(dir: &DataDir) -> Result<(), JournalError> {
    let path = dir.clean_marker();
    if !path.exists() {
        return Ok(());
    }
    files::remove_file(&path)?;
    files::sync_parent(&path)
}
