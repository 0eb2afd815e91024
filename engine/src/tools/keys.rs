//! The keys that a log needs: which are lost, and giving them up.

use super::{Log, ToolError, Until};
use crate::checkpoints::keys::LostKeys;
use crate::tools::scan::decode;
use kirana_domain::Lsn;
use kirana_storage::{JournalError, Vault, VaultError};
use std::ops::ControlFlow;
use std::path::Path;

/// Compares a vault with every record of a log; without one, all keys are lost.
///
/// # Errors
/// As [`Log::records`]; [`ToolError::Unreadable`].
pub fn lost(log: &Log<'_>, vault: Option<&Vault>) -> Result<LostKeys, ToolError> {
    let mut lost = LostKeys::default();
    log.records(Lsn(1), Until::End, &mut |lsn, bytes| {
        lost.see(vault, lsn, &decode(lsn, bytes)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(lost)
}

/// Notes in the vault at `path`, which is made if it is not there, that the keys which the log
/// needs and it lacks are given up: their texts stay unreadable, and are no damage any more.
/// Returns the number of persons and endpoints.
///
/// # Errors
/// As [`lost`]; [`ToolError::Journal`] when the vault cannot be opened or written.
pub fn give_up(log: &Log<'_>, path: &Path) -> Result<usize, ToolError> {
    let failed = |error| match error {
        VaultError::File(error) => ToolError::Journal(error),
        error => ToolError::Journal(JournalError::Io {
            doing: format!("opening {}", path.display()),
            kind: std::io::ErrorKind::Other,
            detail: error.to_string(),
        }),
    };
    let vault = Vault::open(path).map_err(failed)?;
    let lost = lost(log, Some(&vault))?;
    let subjects: Vec<_> = lost.missing.union(&lost.wrong).map(|id| id.into_bytes()).collect();
    vault.give_up(&subjects).map_err(failed)?;
    Ok(subjects.len())
}
