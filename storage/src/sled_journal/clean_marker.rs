//! The clean marker: the file `clean`, which is there only while the log is closed.
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

/// Writes the marker of a log that was closed at `mark`, with the present length of its databases.
pub(super) fn write(dir: &DataDir, mark: &Mark) -> Result<(), JournalError> {
    let mut bytes = mark.encode(MAGIC).to_vec();
    bytes.extend_from_slice(&databases::bytes(&dir.log())?.to_le_bytes());
    debug_assert_eq!(bytes.len(), MARK_BYTES + 8, "`is_as_closed` takes the length after the mark");
    files::write_durably(&dir.clean_marker(), &bytes)
}

/// Returns the end at which the log was closed; `None` if it was not, or the marker is bad, which
/// costs a recovery and nothing else.
pub(super) fn read(dir: &DataDir) -> Result<Option<Mark>, JournalError> {
    let bytes = bytes(dir)?;
    let mark = bytes.as_deref().and_then(|bytes| bytes.first_chunk());
    Ok(mark.and_then(|mark| Mark::decode(MAGIC, mark)))
}

/// Returns whether the databases are as long, together, as they were when the log was closed. If
/// not, another program has changed them, and they are copied like those of a log that was not
/// closed.
pub(super) fn is_as_closed(dir: &DataDir) -> Result<bool, JournalError> {
    let bytes = bytes(dir)?;
    let length = bytes.as_deref().and_then(|bytes| bytes.get(MARK_BYTES..)?.try_into().ok());
    Ok(length.map(u64::from_le_bytes) == Some(databases::bytes(&dir.log())?))
}

/// Reads the marker; `None` if there is none.
fn bytes(dir: &DataDir) -> Result<Option<Vec<u8>>, JournalError> {
    let path = dir.clean_marker();
    match fs::read(&path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(JournalError::file("reading", &path, &error)),
    }
}

/// Removes the marker, since the log is open. Durable on return.
pub(super) fn remove(dir: &DataDir) -> Result<(), JournalError> {
    let path = dir.clean_marker();
    if !path.exists() {
        return Ok(());
    }
    files::remove_file(&path)?;
    files::sync_parent(&path)
}
