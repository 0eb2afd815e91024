//! Ed25519 keys for heads: made here, stored in a file that only its owner may read.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use super::SIGNATURE_BYTES;
use crate::files;
use crate::{JournalError, hex};

/// The most bytes that are read of a key file; a whole one has far fewer.
const FILE_BYTES_MAX: u64 = 4_096;

/// A key that signs. Its file is in the form of ring: PKCS#8, version 2.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    /// Makes a key and writes it to a new file, durably, with mode 0600.
    ///
    /// # Errors
    /// [`KeyError::Exists`] if there is a file already; it is never overwritten.
    /// [`KeyError::File`] if the file cannot be written.
    pub fn generate(path: &Path) -> Result<Self, KeyError> {
        let bytes = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new())
            .map_err(|_| KeyError::NoRandomness)?;
        assert!((bytes.as_ref().len() as u64) < FILE_BYTES_MAX, "`load` reads the whole file");
        let key = Ed25519KeyPair::from_pkcs8(bytes.as_ref()).expect("ring reads what it makes");
        let mut options = OpenOptions::new();
        let mut file = match options.write(true).create_new(true).mode(0o600).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(KeyError::Exists { path: path.to_owned() });
            }
            Err(error) => return Err(JournalError::file("creating", path, &error).into()),
        };
        let written = file.write_all(bytes.as_ref()).and_then(|()| file.sync_all());
        written.map_err(|error| {
            // Half a key is useless, and would make the next attempt fail.
            let _ = fs::remove_file(path);
            JournalError::file("writing", path, &error)
        })?;
        files::sync_parent(path)?;
        Ok(Self(key))
    }

    /// Reads the key in `path`.
    ///
    /// # Errors
    /// [`KeyError::Open`] if others than its owner may read the file, [`KeyError::NotAKey`],
    /// [`KeyError::File`].
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let read = || {
            let file = File::open(path)?;
            let mode = file.metadata()?.mode();
            let mut bytes = Vec::new();
            file.take(FILE_BYTES_MAX).read_to_end(&mut bytes)?;
            Ok((mode, bytes))
        };
        let (mode, bytes) = read().map_err(|error| JournalError::file("reading", path, &error))?;
        if mode & 0o077 != 0 {
            return Err(KeyError::Open { path: path.to_owned(), mode: mode & 0o777 });
        }
        let key = Ed25519KeyPair::from_pkcs8(&bytes);
        key.map(Self).map_err(|_| KeyError::NotAKey { path: path.to_owned() })
    }

    /// Returns the key with which others check signatures.
    pub fn public_key(&self) -> PublicKey {
        let bytes = self.0.public_key().as_ref();
        PublicKey(bytes.try_into().expect("a public key of Ed25519 has 32 bytes"))
    }

    /// Signs a message.
    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_BYTES] {
        let signature = self.0.sign(message);
        signature.as_ref().try_into().expect("a signature of Ed25519 has 64 bytes")
    }
}

/// Shows the public key, and nothing of the secret.
impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey({})", self.public_key())
    }
}

/// A key that checks signatures: 64 hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// Returns whether the signature of the message is by this key.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey({self})")
    }
}

impl FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        hex::decode_array(text).map(Self).ok_or(KeyError::NotAPublicKey)
    }
}

/// The reason why there is no key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// There is a file already, and a key may be in it.
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Others than its owner may read the file: make a new key, or take their right to read it.
    Open {
        /// The file.
        path: PathBuf,
        /// The mode of the file.
        mode: u32,
    },
    /// The file holds something else.
    NotAKey {
        /// The file.
        path: PathBuf,
    },
    /// The text is not 64 lower-case hexadecimal digits.
    NotAPublicKey,
    /// The system gives no randomness.
    NoRandomness,
    /// The file cannot be read or written.
    File(JournalError),
}

impl From<JournalError> for KeyError {
    fn from(error: JournalError) -> Self {
        Self::File(error)
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exists { path } => {
                write!(out, "{} is there already; name a new file for the key", path.display())
            }
            Self::Open { path, mode } => write!(
                out,
                "{} has mode {mode:03o}, so others may use the key; set it to 600",
                path.display()
            ),
            Self::NotAKey { path } => {
                write!(out, "{} is not an Ed25519 key in PKCS#8, version 2", path.display())
            }
            Self::NotAPublicKey => {
                write!(out, "this is no public key, which is 64 lower-case hexadecimal digits")
            }
            Self::NoRandomness => write!(out, "the system gives no randomness for a key"),
            Self::File(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for KeyError {}
