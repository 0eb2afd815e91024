//! A proof of some records of a log: a text that is checked without the log.
//!
//! A proof holds a head, records, and for each record its path to the head's root. So it shows that
//! the records are in the log that has this head. It cannot show that the head is the right one:
//! that rests on a head from another source, or on a signature. `FORMAT.md` has the lines.

use std::fmt;

use crate::batch::RECORD_BYTES_MAX;
use crate::frame::HASH_BYTES;
use crate::head::HeadError;
use crate::merkle::{self, PATH_HASHES_MAX, Path};
use crate::{Head, Lsn, PublicKey, SignedHead, hex};

const FIRST_LINE: &str = "kirana-proof:v1";
const RECORD: &str = "record";

/// The sign for a field without bytes, so that every field can be seen.
const NOTHING: &str = "-";

/// A record and its way to the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvedRecord {
    /// The position of the record.
    pub lsn: Lsn,
    /// The bytes of the record, as they are in the log.
    pub record: Vec<u8>,
    /// The path of leaf `lsn - 1`.
    pub path: Path,
}

/// A head, and records that its maker claims to be in the log with that head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    head: SignedHead,
    records: Vec<ProvedRecord>,
}

/// The basis on which the head of a checked proof can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofBasis {
    /// The proof alone: its maker could have made up the log as well.
    Itself,
    /// The verifier gave the same head.
    GivenHead,
    /// The key that the verifier gave has signed the head.
    GivenKey,
    /// The verifier gave the same head and the key that has signed it.
    GivenHeadAndKey,
}

/// A proof that has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedProof<'a> {
    /// The head that the records are below.
    pub head: &'a SignedHead,
    /// The records, ascending.
    pub records: &'a [ProvedRecord],
    /// The basis on which the head can be trusted.
    pub basis: ProofBasis,
}

impl Proof {
    /// Creates a proof of these records, ascending; at least one.
    ///
    /// The paths must be those in the tree of the head's root, which [`Proof::verify`] checks.
    pub fn new(head: SignedHead, records: Vec<ProvedRecord>) -> Self {
        // Pairs with `parse`, which refuses what these rule out.
        assert!(!records.is_empty(), "a proof without a record proves nothing");
        assert!(records.is_sorted_by(|one, next| one.lsn < next.lsn), "records ascend in a proof");
        assert!(records[0].lsn >= Lsn::FIRST, "records are numbered from 1");
        Self { head, records }
    }

    /// Returns the head, which is not trusted before [`Proof::verify`].
    pub fn head(&self) -> &SignedHead {
        &self.head
    }

    /// Returns the text of the proof.
    pub fn encode(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n{}\n", self.head);
        for ProvedRecord { lsn, record, path } in &self.records {
            assert!(record.len() <= RECORD_BYTES_MAX, "`parse` refuses longer records");
            assert!(path.siblings.len() <= PATH_HASHES_MAX, "`parse` refuses longer paths");
            let (record, siblings) = (field(record), field(path.siblings.as_flattened()));
            text.push_str(&[RECORD, &lsn.to_string(), &record, &siblings].join(" "));
            text.push('\n');
        }
        text + &self.last_line() + "\n"
    }

    /// Returns the last line: the number of records, which shows whether a text was cut.
    fn last_line(&self) -> String {
        format!("end {}", self.records.len())
    }

    /// Parses a proof, which is not checked yet.
    ///
    /// # Errors
    /// A [`ProofError`] that names the line.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let mut lines = (1..).zip(text.lines());
        if lines.next().map(|(_, line)| line) != Some(FIRST_LINE) {
            return Err(ProofError::NotAProof);
        }
        let (_, head) = lines.next().ok_or(ProofError::Cut)?;
        let head = head.parse().map_err(ProofError::Head)?;
        let mut proof = Self { head, records: Vec::new() };
        for (line, text) in lines.by_ref() {
            if text == proof.last_line() {
                return match (lines.next(), proof.records.is_empty()) {
                    (Some((line, _)), _) => Err(ProofError::WrongLine { line }),
                    (None, true) => Err(ProofError::NoRecords),
                    (None, false) => Ok(proof),
                };
            }
            let record = parse_record(text).ok_or(ProofError::WrongLine { line })?;
            if proof.records.last().is_some_and(|last| last.lsn >= record.lsn) {
                return Err(ProofError::WrongLine { line });
            }
            proof.records.push(record);
        }
        Err(ProofError::Cut)
    }

    /// Checks that every record is in the log that has the head; that the head is `trusted`, if one
    /// is given; and that `trusted_key` has signed the head, if one is given.
    ///
    /// # Errors
    /// The [`ProofError`] of the first check that fails.
    pub fn verify(
        &self,
        trusted: Option<&Head>,
        trusted_key: Option<&PublicKey>,
    ) -> Result<VerifiedProof<'_>, ProofError> {
        let head = self.head.head();
        for ProvedRecord { lsn, record, path } in &self.records {
            assert!(*lsn >= Lsn::FIRST, "`parse` and `new` take no record before the first");
            let leaf = merkle::leaf(*lsn, record);
            if path.index != lsn.0 - 1 || !merkle::verify(leaf, path, head.lsn.0, &head.root) {
                return Err(ProofError::NotProved { lsn: *lsn });
            }
        }
        if let Some(trusted) = trusted.filter(|trusted| *trusted != head) {
            return Err(ProofError::OtherHead { expected: trusted.lsn, actual: head.lsn });
        }
        if let Some(expected) = trusted_key {
            match self.head.signed_by() {
                None => return Err(ProofError::NotSigned),
                Some(actual) if actual != expected => {
                    return Err(ProofError::OtherKey { expected: *expected, actual: *actual });
                }
                Some(_) => (),
            }
        }
        let basis = match (trusted, trusted_key) {
            (None, None) => ProofBasis::Itself,
            (Some(_), None) => ProofBasis::GivenHead,
            (None, Some(_)) => ProofBasis::GivenKey,
            (Some(_), Some(_)) => ProofBasis::GivenHeadAndKey,
        };
        Ok(VerifiedProof { head: &self.head, records: &self.records, basis })
    }
}

/// Returns bytes as the text of a field.
fn field(bytes: &[u8]) -> String {
    if bytes.is_empty() { NOTHING.to_owned() } else { hex::encode(bytes) }
}

/// Parses the bytes of a field.
fn bytes_of(field: &str) -> Option<Vec<u8>> {
    match field {
        "" => None,
        NOTHING => Some(Vec::new()),
        digits => hex::decode(digits),
    }
}

/// Parses the line of a record.
fn parse_record(line: &str) -> Option<ProvedRecord> {
    let [kind, number, record, siblings] = line.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let lsn = Lsn(number.parse().ok()?);
    let (record, siblings) = (bytes_of(record)?, bytes_of(siblings)?);
    let (siblings, rest) = siblings.as_chunks::<HASH_BYTES>();
    let is_within = kind == RECORD
        && lsn >= Lsn::FIRST
        && lsn.to_string() == number
        && record.len() <= RECORD_BYTES_MAX
        && rest.is_empty()
        && siblings.len() <= PATH_HASHES_MAX;
    let path = Path { index: lsn.0.checked_sub(1)?, siblings: siblings.to_vec() };
    is_within.then_some(ProvedRecord { lsn, record, path })
}

/// The reason why a proof is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// The first line is not that of a proof that this program knows.
    NotAProof,
    /// The second line is not a good head.
    Head(HeadError),
    /// There is no record to prove.
    NoRecords,
    /// The text ends before the line with the number of records.
    Cut,
    /// A line is not one of a record, or its record does not come after the one before.
    WrongLine {
        /// The line, counted from 1.
        line: usize,
    },
    /// The record is not at this place in the log that has the head.
    NotProved {
        /// The position.
        lsn: Lsn,
    },
    /// The head of the proof is not the one that was given.
    OtherHead {
        /// The last record of the given head.
        expected: Lsn,
        /// The last record of the head in the proof.
        actual: Lsn,
    },
    /// A key was given and the head has no signature.
    NotSigned,
    /// Another key than the given one has signed the head.
    OtherKey {
        /// The given one.
        expected: PublicKey,
        /// The one that signed.
        actual: PublicKey,
    },
}

impl fmt::Display for ProofError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAProof => write!(out, "line 1 should be {FIRST_LINE} and is not"),
            Self::Head(error) => write!(out, "line 2: {error}"),
            Self::NoRecords => write!(out, "it has no record to prove"),
            Self::Cut => write!(out, "it is cut: the last line is missing; get the whole proof"),
            Self::WrongLine { line } => {
                write!(out, "line {line} is not a record that comes after the one before")
            }
            Self::NotProved { lsn } => {
                write!(out, "record {lsn} is different in the log that has this head")
            }
            Self::OtherHead { expected, actual } if expected == actual => {
                write!(out, "its head is another than the given one, both at record {actual}")
            }
            Self::OtherHead { expected, actual } => write!(
                out,
                "its head is at record {actual} and the given one at {expected}; only the same \
                 head can be compared"
            ),
            Self::NotSigned => write!(out, "its head is not signed and a key was given"),
            Self::OtherKey { expected, actual } => {
                write!(out, "its head is signed by {actual} and the given key is {expected}")
            }
        }
    }
}

impl std::error::Error for ProofError {}

#[cfg(test)]
mod tests;
