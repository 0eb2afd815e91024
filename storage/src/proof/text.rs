//! The lines of a proof.

use super::{Older, Proof, ProofError, ProvedRecord, Subject};
use crate::batch::RECORD_BYTES_MAX;
use crate::frame::{HASH_BYTES, Hash};
use crate::merkle::{PATH_HASHES_MAX, Path};
use crate::subject_index::SubjectPlace;
use crate::{Lsn, hex};

/// The first line of a proof without a subject and an older head.
pub(super) const FIRST_LINE_V1: &str = "kirana-proof:v1";
/// The first line of a proof with one of them.
pub(super) const FIRST_LINE: &str = "kirana-proof:v2";

const OLDER: &str = "older";
const SUBJECT: &str = "subject";
const RECORD: &str = "record";

/// The sign for a field without bytes, so that every field can be seen.
const NOTHING: &str = "-";

impl Proof {
    /// Returns the text of the proof.
    pub fn encode(&self) -> String {
        let is_v1 = self.older.is_none() && self.subject.is_none();
        let first_line = if is_v1 { FIRST_LINE_V1 } else { FIRST_LINE };
        let mut text = format!("{first_line}\n{}\n", self.head);
        let mut line = |fields: &[&str]| text.push_str(&(fields.join(" ") + "\n"));
        if let Some(Older { head, path }) = &self.older {
            line(&[OLDER, &head.to_string(), &field(path.as_flattened())]);
        }
        match &self.subject {
            Some(Subject { id, place: Some(SubjectPlace { subjects, path }) }) => line(&[
                SUBJECT,
                &hex::encode(id),
                &path.index.to_string(),
                &subjects.to_string(),
                &field(path.siblings.as_flattened()),
            ]),
            Some(Subject { id, place: None }) => line(&[SUBJECT, &hex::encode(id)]),
            None => (),
        }
        for ProvedRecord { lsn, record, path } in &self.records {
            assert!(record.len() <= RECORD_BYTES_MAX, "`parse` refuses longer records");
            assert!(path.siblings.len() <= PATH_HASHES_MAX, "`parse` refuses longer paths");
            let (record, siblings) = (field(record), field(path.siblings.as_flattened()));
            line(&[RECORD, &lsn.to_string(), &record, &siblings]);
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
        let is_v1 = match lines.next() {
            Some((_, FIRST_LINE_V1)) => true,
            Some((_, FIRST_LINE)) => false,
            _ => return Err(ProofError::NotAProof),
        };
        let (_, head) = lines.next().ok_or(ProofError::Cut)?;
        let head = head.parse().map_err(ProofError::Head)?;
        let mut proof = Self { head, older: None, subject: None, records: Vec::new() };
        for (line, text) in lines.by_ref() {
            if text == proof.last_line() {
                if let Some((line, _)) = lines.next() {
                    return Err(ProofError::WrongLine { line });
                }
                let says_nothing = proof.older.is_none() || proof.subject.is_some();
                if proof.records.is_empty() && says_nothing {
                    return Err(ProofError::NoRecords);
                }
                // A proof has one text, so the older form is kept for what it could say.
                let could_be_v1 = proof.older.is_none() && proof.subject.is_none();
                return if is_v1 == could_be_v1 { Ok(proof) } else { Err(ProofError::NotAProof) };
            }
            proof.take(text).ok_or(ProofError::WrongLine { line })?;
        }
        Err(ProofError::Cut)
    }

    /// Takes a line between the head and the end; returns `None` for one that may not stand there.
    fn take(&mut self, line: &str) -> Option<()> {
        let fields: Vec<&str> = line.split(' ').collect();
        let is_first = self.subject.is_none() && self.records.is_empty();
        match fields[..] {
            [OLDER, head, path] if is_first && self.older.is_none() => {
                self.older = Some(Older { head: head.parse().ok()?, path: hashes(path)? });
            }
            [SUBJECT, id] if is_first => {
                self.subject = Some(Subject { id: hex::decode_array(id)?, place: None });
            }
            [SUBJECT, id, index, subjects, path] if is_first => {
                let path = Path { index: number(index)?, siblings: hashes(path)? };
                let place = Some(SubjectPlace { subjects: number(subjects)?, path });
                self.subject = Some(Subject { id: hex::decode_array(id)?, place });
            }
            [RECORD, lsn, record, path] => {
                let lsn = Lsn(number(lsn)?);
                let path = Path { index: lsn.0.checked_sub(1)?, siblings: hashes(path)? };
                let record = bytes_of(record).filter(|it| it.len() <= RECORD_BYTES_MAX)?;
                if self.records.last().is_some_and(|last| last.lsn >= lsn) {
                    return None;
                }
                self.records.push(ProvedRecord { lsn, record, path });
            }
            _ => return None,
        }
        Some(())
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

/// Parses the hashes of a path.
fn hashes(field: &str) -> Option<Vec<Hash>> {
    let bytes = bytes_of(field)?;
    let (hashes, rest) = bytes.as_chunks::<HASH_BYTES>();
    (rest.is_empty() && hashes.len() <= PATH_HASHES_MAX).then(|| hashes.to_vec())
}

/// Parses a number as it is printed; any other spelling of it is refused.
fn number(field: &str) -> Option<u64> {
    field.parse().ok().filter(|number: &u64| number.to_string() == field)
}
