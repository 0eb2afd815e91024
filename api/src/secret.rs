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
/// The beginning of a secret that was made here and ends with a check of what is between. The whole
/// text is the secret. Earlier releases made 64 hexadecimal digits without either.
const CHECKED: &str = "kirana2.";
/// Characters between the beginning and the check: the digits of 32 bytes, and a point.
const BODY_CHARS: usize = 65;
/// Hexadecimal digits of the check.
const CHECK_CHARS: usize = 16;

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
    if !path.exists() {
        return Ok(None);
    }
    let secret = read(&path)?;
    if is_damaged(&secret.0) {
        return Err(format!(
            "the secret {} is damaged: put the file back; without it a new one is made, and tokens \
             that were signed are good no more",
            path.display()
        ));
    }
    Ok(Some(secret))
}

/// Returns whether a kept secret is not what was written. One that an earlier release made, or an
/// operator, has no check: it must be text.
fn is_damaged(text: &[u8]) -> bool {
    let (before, check) = text.split_at(text.len().saturating_sub(CHECK_CHARS));
    let body = &before[before.len().saturating_sub(BODY_CHARS)..];
    let is_checked = check_of(body).as_bytes() == check;
    let is_text = text.iter().all(u8::is_ascii_graphic);
    is_checked != text.starts_with(CHECKED.as_bytes()) || !is_text
}

fn check_of(text: &[u8]) -> String {
    blake3::hash(text).to_hex()[..CHECK_CHARS].to_owned()
}

/// Tells the operator of a log that is there without the secret that was kept beside it.
pub(crate) fn warn_of_loss(data: &Path) {
    if data.join("FORMAT").exists() {
        tracing::warn!(
            path = %data.join(FILE).display(),
            "there is no token-secret beside this log and none is configured: a new one is made, \
             and tokens that were signed with another are refused"
        );
    }
}

/// A new secret, in memory only.
///
/// # Errors
/// A sentence, when the system has no randomness.
pub(crate) fn random() -> Result<Secret, String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("no secret can be made: {error}"))?;
    let body = format!("{}.", blake3::Hash::from_bytes(bytes).to_hex());
    debug_assert_eq!(body.len(), BODY_CHARS, "`is_damaged` looks for it there");
    Secret::new(format!("{CHECKED}{body}{}", check_of(body.as_bytes())).into_bytes())
}

/// Keeps a new secret in a data directory. Only once the log is open: its lock keeps every other
/// server away, and a directory that is to become a log must be empty until then.
///
/// # Errors
/// A sentence that names the file.
pub(crate) fn keep(data: &Path, secret: &Secret) -> Result<(), String> {
    let path = data.join(FILE);
    replace(&path, &[secret.bytes(), b"\n"].concat())
        .map_err(|error| format!("the secret {} cannot be kept: {error}", path.display()))
}

/// Writes a file that is for its owner only, so that it is there whole or as it was.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = path.with_added_extension("new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
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
    fn a_kept_secret_that_is_not_what_was_written_is_named() {
        let (dir, secret) = (tempfile::tempdir().unwrap(), random().unwrap());
        let path = dir.path().join(FILE);
        let earlier = blake3::hash(b"as release 0.1.0 made one").to_hex().to_string();
        fs::write(&path, format!("{earlier}\n")).unwrap();
        assert_eq!(of_data_dir(dir.path()).unwrap().unwrap().bytes(), earlier.as_bytes());
        for bit in 0..secret.bytes().len() * 8 {
            let mut bytes = secret.bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &bytes).unwrap();
            assert!(of_data_dir(dir.path()).unwrap_err().contains("damaged"), "bit {bit}");
        }
        for cut in 0..secret.bytes().len() {
            fs::write(&path, &secret.bytes()[..cut]).unwrap();
            assert!(of_data_dir(dir.path()).is_err(), "cut to {cut}");
        }
        fs::write(&path, [0; 89]).unwrap();
        assert!(of_data_dir(dir.path()).is_err());
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_ever_printed() {
        assert!(Secret::new(b"short".to_vec()).is_err());
        let secret = Secret::new(vec![b'x'; 32]).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
