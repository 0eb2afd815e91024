//! A proof of some records of a log: a text that is checked without the log.
//!
//! A proof holds a head, records, and for each record its path to the head's root. So it shows that
//! the records are in the log that has this head. It names the subject of the records, and shows by
//! the index of the head that they are all there are about it. With an older head it shows that the
//! log has only grown since. It cannot show that the head is the right one: that rests on a head
//! from another source, or on a signature. `FORMAT.md` has the lines.

mod error;
mod text;

use crate::frame::Hash;
use crate::merkle::{self, Path};
use crate::subject_index::{self, SubjectId, SubjectPlace};
use crate::{Head, Lsn, PublicKey, SignedHead, SigningKey};

pub use error::ProofError;

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

/// The subject of the records of a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its id.
    pub id: SubjectId,
    /// Its place in the index of the head; `None` below a head without an index.
    pub place: Option<SubjectPlace>,
}

/// A head that the log had before, and the way from it to the head of the proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Older {
    /// The older head.
    pub head: SignedHead,
    /// The hashes of [`merkle::Tree::consistency`].
    pub path: Vec<Hash>,
}

/// A head, and what its maker claims of the log with that head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    head: SignedHead,
    older: Option<Older>,
    subject: Option<Subject>,
    records: Vec<ProvedRecord>,
}

/// The basis on which the head of a checked proof can be trusted. Without either, its maker could
/// have made up the log as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProofBasis {
    /// The relation of the head that the verifier gave to the proof.
    pub head: Option<GivenHead>,
    /// Whether the key that the verifier gave has signed the head of the proof.
    pub has_key: bool,
}

/// The relation of a given head to a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GivenHead {
    /// The head of the proof.
    Same,
    /// The older head: it vouches for the records up to it, and not for those after it.
    Older,
}

/// A proof that has been checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifiedProof<'a> {
    /// The head that the records are below.
    pub head: &'a SignedHead,
    /// The older head that the log has grown from, if the proof has one.
    pub older: Option<&'a SignedHead>,
    /// The subject of the records, if the proof names one. Nothing but its place in the index
    /// shows that they are about it.
    pub subject: Option<SubjectId>,
    /// Whether the records are all that the log had about the subject at the head.
    pub is_complete: bool,
    /// The records, ascending.
    pub records: &'a [ProvedRecord],
    /// The basis on which the head can be trusted.
    pub basis: ProofBasis,
}

impl Proof {
    /// Creates a proof of these records, ascending, with their subject, or of growth from an older
    /// head, or of both.
    ///
    /// The paths must be those in the trees of the heads, which [`Proof::verify`] checks.
    pub fn new(
        head: SignedHead,
        older: Option<Older>,
        subject: Option<Subject>,
        records: Vec<ProvedRecord>,
    ) -> Self {
        // Pairs with `parse`, which refuses what these rule out.
        let is_of_growth = older.is_some() && subject.is_none();
        assert!(!records.is_empty() || is_of_growth, "a proof without a record proves growth");
        assert!(records.is_sorted_by(|one, next| one.lsn < next.lsn), "records ascend in a proof");
        let first = records.first();
        assert!(first.is_none_or(|it| it.lsn >= Lsn::FIRST), "records are numbered from 1");
        Self { head, older, subject, records }
    }

    /// Returns the proof with its head signed by `key`.
    #[must_use]
    pub fn sign(self, key: &SigningKey) -> Self {
        Self { head: self.head.head().sign(key), ..self }
    }

    /// Returns the head, which is not trusted before [`Proof::verify`].
    pub fn head(&self) -> &SignedHead {
        &self.head
    }

    /// Checks that every record is in the log that has the head; that they are all there are about
    /// their subject, if the head has an index; that the log has grown from the older head, if the
    /// proof has one; that `trusted` is one of the two, if it is given; and that `trusted_key` has
    /// signed the head, if one is given.
    ///
    /// # Errors
    /// The [`ProofError`] of the first check that fails.
    pub fn verify(
        &self,
        trusted: Option<&Head>,
        trusted_key: Option<&PublicKey>,
    ) -> Result<VerifiedProof<'_>, ProofError> {
        self.verify_records()?;
        let is_complete = self.verify_subject()?;
        self.verify_older()?;
        let basis =
            ProofBasis { head: self.given(trusted)?, has_key: self.is_signed_by(trusted_key)? };
        Ok(VerifiedProof {
            head: &self.head,
            older: self.older.as_ref().map(|older| &older.head),
            subject: self.subject.as_ref().map(|subject| subject.id),
            is_complete,
            records: &self.records,
            basis,
        })
    }

    fn verify_records(&self) -> Result<(), ProofError> {
        let head = self.head.head();
        for ProvedRecord { lsn, record, path } in &self.records {
            assert!(*lsn >= Lsn::FIRST, "`parse` and `new` take no record before the first");
            let leaf = merkle::leaf(*lsn, record);
            if path.index != lsn.0 - 1 || !merkle::verify(leaf, path, head.lsn.0, &head.root) {
                return Err(ProofError::NotProved { lsn: *lsn });
            }
        }
        Ok(())
    }

    /// Returns whether the records are shown to be all there are about their subject. Where the
    /// head has an index they must be: otherwise whoever leaves one out would leave that out, too.
    fn verify_subject(&self) -> Result<bool, ProofError> {
        let (Some(index), false) = (&self.head.head().index, self.records.is_empty()) else {
            return Ok(false);
        };
        let Some(Subject { id, place: Some(place) }) = &self.subject else {
            return Err(ProofError::NotIndexed);
        };
        let lsns = self.records.iter().map(|it| it.lsn);
        if !subject_index::verify(id, lsns, place, index) {
            return Err(ProofError::NotComplete);
        }
        Ok(true)
    }

    fn verify_older(&self) -> Result<(), ProofError> {
        let (Some(Older { head: older, path }), head) = (&self.older, self.head.head()) else {
            return Ok(());
        };
        let older = older.head();
        let (from, to) = ((older.lsn.0, &older.root), (head.lsn.0, &head.root));
        if older.log_id != head.log_id || !merkle::verify_consistency(from, to, path) {
            return Err(ProofError::NotGrown { older: older.lsn });
        }
        Ok(())
    }

    fn given(&self, trusted: Option<&Head>) -> Result<Option<GivenHead>, ProofError> {
        let Some(trusted) = trusted else { return Ok(None) };
        if trusted == self.head.head() {
            return Ok(Some(GivenHead::Same));
        }
        if self.older.as_ref().is_some_and(|older| older.head.head() == trusted) {
            return Ok(Some(GivenHead::Older));
        }
        Err(ProofError::OtherHead { expected: trusted.lsn, actual: self.head.head().lsn })
    }

    fn is_signed_by(&self, trusted_key: Option<&PublicKey>) -> Result<bool, ProofError> {
        match (trusted_key, self.head.signed_by()) {
            (None, _) => Ok(false),
            (Some(_), None) => Err(ProofError::NotSigned),
            (Some(expected), Some(actual)) if actual != expected => {
                Err(ProofError::OtherKey { expected: *expected, actual: *actual })
            }
            (Some(_), Some(_)) => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests;
