//! The keys that a log needs, compared with its vault.
//!
//! Every sealed text tells which key it needs and proves that the key is right, so the log knows
//! what must be in the vault. A start compares what the state holds, `verify` every record.

use kirana_domain::sealed::Sealed;
use kirana_domain::{Lsn, Record, State};
use kirana_storage::{JournalError, Vault, VaultError};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use uuid::Uuid;

/// The keys that a vault should have and has not, as far as was looked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LostKeys {
    /// The persons and endpoints whose keys are not there.
    pub missing: BTreeSet<Uuid>,
    /// Those whose keys are there and do not open what was sealed for them.
    pub wrong: BTreeSet<Uuid>,
    /// The first record with a text that cannot be opened.
    pub first: Option<Lsn>,
    /// Sealed texts that were looked at.
    pub texts: u64,
}

impl LostKeys {
    /// Returns true when nothing is lost.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.wrong.is_empty()
    }

    /// Returns the number of persons and endpoints.
    pub fn count(&self) -> usize {
        self.missing.union(&self.wrong).count()
    }

    /// Tries to open the texts of a record; without a vault none can be.
    pub(crate) fn see(&mut self, vault: Option<&Vault>, lsn: Lsn, record: &Record) {
        record.for_sealed(&mut |sealed| {
            if !self.open(vault, &sealed) {
                self.first.get_or_insert(lsn);
            }
        });
    }

    /// Compares a vault with a state.
    pub(crate) fn of(vault: Option<&Vault>, state: &State) -> Self {
        let mut lost = Self::default();
        state.for_sealed(&mut |sealed| _ = lost.open(vault, &sealed));
        // The texts of ended orders are not in memory, but every customer had a key.
        let is_unknown = |id: &Uuid| !vault.is_some_and(|vault| vault.knows(id.into_bytes()));
        let customers = state.people.customers.iter().map(|(id, _)| id.0);
        lost.missing.extend(customers.filter(is_unknown));
        lost
    }

    /// Tries to open a text. Returns false when it should have been possible.
    fn open(&mut self, vault: Option<&Vault>, sealed: &Sealed<'_>) -> bool {
        self.texts += 1;
        let subject = sealed.subject.into_bytes();
        let opened =
            vault.map(|vault| (vault, vault.unseal(subject, sealed.belongs_to, sealed.text)));
        match opened {
            Some((_, Ok(_) | Err(VaultError::Forgotten))) => return true,
            Some((vault, Err(_))) if vault.has_tombstone(subject) => return true,
            None | Some((_, Err(VaultError::UnknownKey))) => self.missing.insert(sealed.subject),
            Some((_, Err(VaultError::Damaged | VaultError::File(_)))) => {
                self.wrong.insert(sealed.subject)
            }
        };
        false
    }
}

impl fmt::Display for LostKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (missing, wrong) = (self.missing.len(), self.wrong.len());
        write!(
            f,
            "it is not the vault of this log, or not all of it: it lacks the keys of {missing}"
        )?;
        write!(
            f,
            " persons or endpoints, and those of {wrong} do not open what was sealed for them"
        )
    }
}

/// The reason why the keys of a log cannot be used: a sentence that says what helps.
#[derive(Debug)]
pub enum KeysError {
    /// There is no file, and the log has texts that were sealed with keys of it.
    Missing(LostKeys),
    /// The file cannot be read.
    Vault(VaultError),
    /// The file lacks keys.
    Lacking(LostKeys),
}

/// The advice to an operator about a vault.
const HELP: &str = "put the right file back, or take the keys of a backup with kirana log repair \
                    --apply --into DIR --from-backup BACKUP; without a backup the same command \
                    gives the lost keys up, and the names and addresses with them";

impl fmt::Display for KeysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(lost) => write!(
                f,
                "the vault is missing: the log has personal data of {} persons or endpoints that \
                 only its keys can open; {HELP}",
                lost.count()
            ),
            // Not damage: another process, a later release, the disk.
            Self::Vault(VaultError::File(
                error @ (JournalError::Locked { .. }
                | JournalError::NewerFormat { .. }
                | JournalError::Full { .. }
                | JournalError::Io { .. }),
            )) => error.fmt(f),
            Self::Vault(error) => write!(f, "{error}; {HELP}"),
            Self::Lacking(lost) => write!(f, "the vault cannot be used: {lost}; {HELP}"),
        }
    }
}

impl std::error::Error for KeysError {}

/// Opens the vault at `path`, which must have the keys that `state` needs. It is made only for a
/// log that needs none yet.
pub(crate) fn open(path: &Path, state: &State) -> Result<Vault, KeysError> {
    if !path.exists() {
        let lost = LostKeys::of(None, state);
        if !lost.is_empty() {
            return Err(KeysError::Missing(lost));
        }
    }
    let vault = Vault::open(path).map_err(KeysError::Vault)?;
    let lost = LostKeys::of(Some(&vault), state);
    if lost.is_empty() { Ok(vault) } else { Err(KeysError::Lacking(lost)) }
}
