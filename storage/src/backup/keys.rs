//! The keys in a backup: never replaced by fewer.

use std::fs;
use std::io::Error;
use std::path::Path;

use super::KeyPolicy;
use crate::files::{self, UNFINISHED};
use crate::{DamageKind, JournalError, Lsn, Vault, VaultError};

/// Replaces the keys, and opens them to see that they are whole, and no fewer than before.
pub(super) fn put_keys(dir: &Path, keys: KeyPolicy<'_>) -> Result<(), JournalError> {
    let to = dir.join("vault");
    match keys {
        KeyPolicy::CopyFrom(from) if from.exists() || to.exists() => copy_vault(from, &to),
        KeyPolicy::CopyFrom(_) => Ok(()),
        KeyPolicy::LeaveOut => {
            files::remove_file(&to)?;
            files::sync_dir(dir)
        }
    }
}

/// Copies a vault, and opens the copy to check it: it must have every key of the file that it
/// replaces, or the tombstone of that key. Another process may be writing to the original: slots
/// change one by one, and no durable record needs a slot that is half written at the end.
pub(crate) fn copy_vault(from: &Path, to: &Path) -> Result<(), JournalError> {
    let bytes = fs::read(from).map_err(|error| JournalError::file("reading", from, &error))?;
    let unfinished = to.with_extension(UNFINISHED);
    files::write_private(&unfinished, &bytes)?;
    let checked = read_vault(&unfinished).and_then(|new| {
        if to.exists() { check_no_fewer(&new, from, &read_vault(to)?, to) } else { Ok(()) }
    });
    if checked.is_err() {
        files::remove_file(&unfinished)?;
        return checked;
    }
    files::rename_durably(&unfinished, to)
}

/// Reads a vault.
pub(crate) fn read_vault(path: &Path) -> Result<Vault, JournalError> {
    Vault::read(path).map_err(|error| match error {
        VaultError::File(error) => error,
        error => JournalError::file("opening", path, &Error::other(error.to_string())),
    })
}

/// Refuses a vault that lacks keys which another copy of it has and which nobody has forgotten.
pub(crate) fn check_no_fewer(
    new: &Vault,
    from: &Path,
    before: &Vault,
    of: &Path,
) -> Result<(), JournalError> {
    let lacking = new.count_lacking(before);
    if lacking == 0 {
        return Ok(());
    }
    let (from, of) = (from.display(), of.display());
    let detail = format!(
        "{from} lacks {lacking} keys that {of} has and that were never forgotten: it is empty, \
         older, or of another log; {of} is left as it is. If that is meant, back up into a new \
         directory"
    );
    Err(JournalError::damaged(DamageKind::Vault, Lsn::ZERO, detail))
}
