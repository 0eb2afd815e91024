//! The secret that tokens are signed with: configured, or made once and kept beside the data.
//!
//! A made one lets `kirana serve` work at once and `kirana token --data DIR` work beside it. In
//! production the secret is the one of the sign-in service.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Bytes of a secret: RFC 7518 §3.2 wants the key as long as the hash.
pub(crate) const SECRET_BYTES_MIN: usize = 32;
/// The file in the data directory.
const FILE: &str = "token-secret";

/// Bytes that are never printed; at least [`SECRET_BYTES_MIN`] where they sign our own tokens.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// A secret of enough bytes.
    ///
    /// # Errors
    /// A sentence for one that is too short.
    pub(crate) fn new(bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.len() < SECRET_BYTES_MIN {
            return Err(format!(
                "the HS256 secret has {} bytes: it needs at least {SECRET_BYTES_MIN} (RFC 7518, 3.2)",
                bytes.len()
            ));
        }
        Ok(Self(bytes))
    }

    /// A secret that somebody else has chosen, of any length but none.
    ///
    /// # Errors
    /// A sentence for an empty one.
    pub fn short(bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.is_empty() {
            Err("a secret has at least one byte".to_owned())
        } else {
            Ok(Self(bytes))
        }
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Reads a secret from a file; a line break at its end is not part of it.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn read(path: &Path) -> Result<Secret, String> {
    let text = fs::read(path)
        .map_err(|error| format!("the secret {} cannot be read: {error}", path.display()))?;
    Secret::new(text.trim_ascii_end().to_vec())
        .map_err(|error| format!("{}: {error}", path.display()))
}

/// The secret in a data directory; `None` before the first start there.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn of_data_dir(data: &Path) -> Result<Option<Secret>, String> {
    let path = data.join(FILE);
    if path.exists() { read(&path).map(Some) } else { Ok(None) }
}

/// A new secret, in memory only.
///
/// # Errors
/// A sentence, when the system has no randomness.
pub(crate) fn random() -> Result<Secret, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("no secret can be made: {error}"))?;
    let hex = blake3::Hash::from_bytes(bytes).to_hex();
    Secret::new(hex.as_bytes().to_vec())
}

/// Keeps a new secret in a data directory. Only once the log is open: its lock keeps every other
/// server away, and a directory that is to become a log must be empty until then.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn keep(data: &Path, secret: &Secret) -> Result<(), String> {
    let path = data.join(FILE);
    write(data, &path, secret)
        .map_err(|error| format!("the secret {} cannot be kept: {error}", path.display()))
}

/// Writes the file so that it is there whole or not at all.
fn write(data: &Path, path: &Path, secret: &Secret) -> io::Result<()> {
    let draft = data.join(format!("{FILE}.new"));
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(secret.bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(data)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_secret_that_is_kept_stays_and_is_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        assert!(of_data_dir(dir.path()).unwrap().is_none());
        let secret = random().unwrap();
        keep(dir.path(), &secret).unwrap();
        assert_eq!(of_data_dir(dir.path()).unwrap().unwrap().bytes(), secret.bytes());
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_ever_printed() {
        assert!(Secret::new(b"short".to_vec()).is_err());
        let secret = Secret::new(vec![b'x'; 32]).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
