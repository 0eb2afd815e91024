//! The head of a log: its end in one line that can be published or printed on a receipt.
//!
//! With a head it can be checked later that the log up to there has not changed: the hash binds the
//! chain of frames, the root every record on its own. A head may be signed, so that people who are
//! not trusted can hand it on.

mod key;

use std::fmt;
use std::str::FromStr;

use crate::frame::Hash;
use crate::{LogId, Lsn, hex};

pub use key::{KeyError, PublicKey, SigningKey};

const PREFIX: &str = "kirana-head:v1";
const SIGNATURE_KIND: &str = "ed25519";

/// The bytes before the signed line, so that no other signature of the key can be mistaken for one.
const DOMAIN: &[u8] = b"kirana signed head v1\n";

/// Bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

// No signed line can be mistaken for one without the prefix, and the prefix ends with its line.
const _: () = assert!(DOMAIN[DOMAIN.len() - 1] == b'\n');

/// The end that a log had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The log.
    pub log_id: LogId,
    /// The last record.
    pub lsn: Lsn,
    /// The hash of the frame that ends there.
    pub hash: Hash,
    /// The root of the [Merkle tree](crate::merkle) over the records 1 to `lsn`.
    pub root: Hash,
    /// The time at which the head was taken, in milliseconds since 1970.
    pub at_ms: i64,
}

impl Head {
    /// Returns this head with a signature.
    pub fn sign(self, key: &SigningKey) -> SignedHead {
        let signature = key.sign(&self.signed_bytes());
        debug_assert!(
            key.public_key().has_signed(&self.signed_bytes(), &signature),
            "a head is refused when it is parsed with another signature"
        );
        SignedHead { head: self, signature: Some((key.public_key(), signature)) }
    }

    fn signed_bytes(&self) -> Vec<u8> {
        [DOMAIN, self.to_string().as_bytes()].concat()
    }

    fn parse(fields: &[&str]) -> Result<Self, HeadError> {
        let [log_id, lsn, at_ms, hash, root] = fields else {
            return Err(HeadError::WrongFields { actual: 2 + fields.len() });
        };
        let wrong = |field| HeadError::WrongField { field };
        let hash_of = |digits, field| hex::decode_array(digits).ok_or_else(|| wrong(field));
        Ok(Self {
            log_id: LogId(hex::decode_array(log_id).ok_or_else(|| wrong("log id"))?),
            lsn: Lsn(number(lsn).ok_or_else(|| wrong("position"))?),
            at_ms: number(at_ms).ok_or_else(|| wrong("time"))?,
            hash: hash_of(hash, "hash")?,
            root: hash_of(root, "root")?,
        })
    }
}

/// The line without a signature.
impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log_id, lsn, hash, root, at_ms } = self;
        let (hash, root) = (hex::encode(hash), hex::encode(root));
        write!(out, "{PREFIX}:{log_id}:{lsn}:{at_ms}:{hash}:{root}")
    }
}

/// A head and its signature, if it has one. The signature has been checked, which
/// does not tell whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedHead {
    head: Head,
    signature: Option<(PublicKey, [u8; SIGNATURE_BYTES])>,
}

impl SignedHead {
    /// Returns the head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Returns the key that signed it, if any did.
    pub fn signed_by(&self) -> Option<&PublicKey> {
        self.signature.as_ref().map(|(key, _)| key)
    }
}

impl From<Head> for SignedHead {
    fn from(head: Head) -> Self {
        Self { head, signature: None }
    }
}

/// The whole line.
impl fmt::Display for SignedHead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head.fmt(out)?;
        match &self.signature {
            Some((key, signature)) => {
                write!(out, ":{SIGNATURE_KIND}:{key}:{}", hex::encode(signature))
            }
            None => Ok(()),
        }
    }
}

impl FromStr for SignedHead {
    type Err = HeadError;

    /// Parses exactly the printed line; a signature in it must be right.
    fn from_str(line: &str) -> Result<Self, HeadError> {
        let Some(fields) = line.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix(':')) else {
            return Err(HeadError::NotAHead);
        };
        let fields: Vec<&str> = fields.split(':').collect();
        let [head @ .., kind, key, signature] = &fields[..] else {
            return Ok(Head::parse(&fields)?.into());
        };
        if *kind != SIGNATURE_KIND {
            return Ok(Head::parse(&fields)?.into());
        }
        let head = Head::parse(head)?;
        let wrong = |field| HeadError::WrongField { field };
        let key: PublicKey = key.parse().map_err(|_| wrong("public key"))?;
        let signature = hex::decode_array(signature).ok_or_else(|| wrong("signature"))?;
        if !key.has_signed(&head.signed_bytes(), &signature) {
            return Err(HeadError::WrongSignature { key });
        }
        let signed = Self { head, signature: Some((key, signature)) };
        debug_assert_eq!(signed.to_string(), line, "a head has one spelling, so lines compare");
        Ok(signed)
    }
}

/// Parses a number as it is printed; any other spelling of it is refused.
fn number<N: FromStr + fmt::Display>(text: &str) -> Option<N> {
    text.parse::<N>().ok().filter(|number| number.to_string() == text)
}

/// The reason why a line is not a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadError {
    /// It does not start like one that this program knows.
    NotAHead,
    /// It has more or fewer fields than a head has, with or without a signature.
    WrongFields {
        /// The fields of the line, with the two at the start.
        actual: usize,
    },
    /// A field is not what it should be.
    WrongField {
        /// The name of the field.
        field: &'static str,
    },
    /// The signature is not that of this head by this key.
    WrongSignature {
        /// The key that the line names.
        key: PublicKey,
    },
}

impl fmt::Display for HeadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAHead => write!(out, "this is no head: a head starts with {PREFIX}:"),
            Self::WrongFields { actual } => {
                write!(
                    out,
                    "the head has {actual} fields and should have 7, or 10 with a signature"
                )
            }
            Self::WrongField { field } => write!(out, "the {field} in the head is not readable"),
            Self::WrongSignature { key } => {
                write!(out, "the signature is not that of this head by the key {key}")
            }
        }
    }
}

impl std::error::Error for HeadError {}

#[cfg(test)]
mod tests;
