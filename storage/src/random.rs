//! Random bytes from the operating system.

use crate::JournalError;

/// Returns random bytes for `purpose`, which an error names.
///
/// # Errors
/// [`JournalError::Io`] if the system gives none.
pub(crate) fn bytes<const N: usize>(purpose: &str) -> Result<[u8; N], JournalError> {
    const { assert!(N >= 6, "fewer bytes would soon repeat") };
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        let error = std::io::Error::other(error.to_string());
        JournalError::io(format!("asking the system for {purpose}"), &error)
    })?;
    Ok(bytes)
}
