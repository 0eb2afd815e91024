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

/// The first fields of a line without an index.
const PREFIX_V1: &str = "kirana-head:v1:";
/// The first fields of a line with an index, whose time is that of the last record.
const PREFIX_V2: &str = "kirana-head:v2:";
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
    /// The time of the last record, in milliseconds since 1970. Of a head without an index, the
    /// time at which the head was taken, which nothing in the log confirms.
    pub at_ms: i64,
    /// The [index of subjects](crate::subject_index), by which a proof shows that it is complete.
    pub index: Option<Hash>,
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

    fn parse(fields: &[&str], has_index: bool) -> Result<Self, HeadError> {
        let (log_id, lsn, at_ms, hash, root, index) = match (fields, has_index) {
            ([log_id, lsn, at_ms, hash, root], false) => (log_id, lsn, at_ms, hash, root, None),
            ([log_id, lsn, at_ms, hash, root, index], true) => {
                (log_id, lsn, at_ms, hash, root, Some(index))
            }
            _ => {
                let (actual, expected) = (2 + fields.len(), if has_index { 8 } else { 7 });
                return Err(HeadError::WrongFields { actual, expected });
            }
        };
        let wrong = |field| HeadError::WrongField { field };
        let hash_of = |digits, field| hex::decode_array(digits).ok_or_else(|| wrong(field));
        Ok(Self {
            log_id: LogId(hex::decode_array(log_id).ok_or_else(|| wrong("log id"))?),
            lsn: Lsn(number(lsn).ok_or_else(|| wrong("position"))?),
            at_ms: number(at_ms).ok_or_else(|| wrong("time"))?,
            hash: hash_of(hash, "hash")?,
            root: hash_of(root, "root")?,
            index: index.map(|digits| hash_of(digits, "index")).transpose()?,
        })
    }
}

/// The line without a signature.
impl fmt::Display for Head {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { log_id, lsn, hash, root, at_ms, index } = self;
        let (hash, root) = (hex::encode(hash), hex::encode(root));
        let prefix = if index.is_some() { PREFIX_V2 } else { PREFIX_V1 };
        write!(out, "{prefix}{log_id}:{lsn}:{at_ms}:{hash}:{root}")?;
        index.map_or(Ok(()), |index| write!(out, ":{}", hex::encode(&index)))
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
        let (has_index, fields) = match line.strip_prefix(PREFIX_V1) {
            Some(fields) => (false, fields),
            None => (true, line.strip_prefix(PREFIX_V2).ok_or(HeadError::NotAHead)?),
        };
        let fields: Vec<&str> = fields.split(':').collect();
        let [head @ .., kind, key, signature] = &fields[..] else {
            return Ok(Head::parse(&fields, has_index)?.into());
        };
        if *kind != SIGNATURE_KIND {
            return Ok(Head::parse(&fields, has_index)?.into());
        }
        let head = Head::parse(head, has_index)?;
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
        /// The fields that it has without a signature.
        expected: usize,
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
            Self::NotAHead => {
                write!(out, "this is no head: a head starts with {PREFIX_V1} or {PREFIX_V2}")
            }
            Self::WrongFields { actual, expected } => write!(
                out,
                "the head has {actual} fields and should have {expected}, or {} with a signature",
                expected + 3
            ),
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
