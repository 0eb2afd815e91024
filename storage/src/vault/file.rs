//! The file of a vault: a header and slots, written in place.
//!
//! New slots go behind the last; each tells how many slots were durable when it was written. So at
//! the next opening a bad slot is known to be damage, or to be torn before a record could need it.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::slot::{SLOT_BYTES, Slot, SlotState, Subject};
use crate::files::{self, UNFINISHED};
use crate::{DamageKind, JournalError, Lsn};

const MAGIC: [u8; 4] = *b"KVLT";
const VERSION: u32 = 1;
const SUM_BYTES: usize = 8;

const _: () = assert!(MAGIC.len() + size_of::<u32>() + SUM_BYTES <= SLOT_BYTES);

/// The open file of a vault.
pub(super) struct VaultFile {
    file: File,
    path: PathBuf,
    /// The number of slots in the file.
    slots_count: u32,
    /// Slots among them that are torn, until the next write gives them a meaning.
    torn: Vec<u32>,
    /// Whether a write or sync has failed. Then none is tried again: the bytes on disk are not
    /// known.
    poisoned: bool,
}

impl VaultFile {
    /// Opens or creates the file and reads its slots.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Slot>), JournalError> {
        if !path.exists() {
            create(path)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|error| JournalError::file("opening the vault", path, &error))?;
        file.try_lock().map_err(|_| JournalError::Locked { path: path.to_owned() })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| JournalError::file("reading the vault", path, &error))?;
        let (slots, torn) = decode(path, &bytes)?;
        for number in &torn {
            tracing::warn!(slot = number, "a vault slot was torn by a crash before it was in use");
        }
        let slots_count = count(&slots, &torn);
        let path = path.to_owned();
        Ok((Self { file, path, slots_count, torn, poisoned: false }, slots))
    }

    /// Returns the number of slots.
    pub(super) fn slots_count(&self) -> u32 {
        self.slots_count
    }

    /// Writes new slots behind the last and makes them durable.
    pub(super) fn append(&mut self, slots: &[Slot]) -> Result<(), JournalError> {
        if slots.is_empty() {
            return Ok(());
        }
        assert_eq!(slots[0].number, self.slots_count, "a gap would be read as damage");
        assert!(
            slots.is_sorted_by(|one, next| one.number + 1 == next.number),
            "the place of a slot is its number"
        );
        let bytes: Vec<u8> = slots.iter().flat_map(|slot| slot.encode(self.slots_count)).collect();
        self.void()?;
        self.write_and_sync(slots[0].number, &bytes)?;
        self.slots_count = slots[slots.len() - 1].number + 1;
        debug_assert!(slots.iter().all(|slot| slot.number < self.slots_count), "all are counted");
        Ok(())
    }

    /// Overwrites the key of a slot, durably.
    pub(super) fn forget(&mut self, number: u32, subject: Subject) -> Result<(), JournalError> {
        assert!(number < self.slots_count, "only a key in the file is forgotten there");
        self.void()?;
        self.write_and_sync(number, &Slot::forgotten(number, subject).encode(self.slots_count))
    }

    /// Gives torn slots a meaning, so that they are not taken for damage once others are durable.
    /// Not before something is written: until then the file stays as it was found.
    fn void(&mut self) -> Result<(), JournalError> {
        for number in std::mem::take(&mut self.torn) {
            let slot = Slot { number, subject: [0; 16], key: [0; 32], state: SlotState::Void };
            self.write_and_sync(number, &slot.encode(0))?;
        }
        Ok(())
    }

    /// Writes the bytes of slots from `number` on, and waits for the disk.
    fn write_and_sync(&mut self, number: u32, bytes: &[u8]) -> Result<(), JournalError> {
        if self.poisoned {
            return Err(JournalError::Poisoned);
        }
        assert_eq!(bytes.len() % SLOT_BYTES, 0, "slots are written whole");
        let written = self
            .file
            .write_all_at(bytes, slot_offset(number))
            .and_then(|()| self.file.sync_data())
            .map_err(|error| JournalError::file("writing the vault", &self.path, &error));
        self.poisoned = written.is_err();
        written
    }
}

/// Reads the slots of the vault at `path`, and their number with those that are torn. Writes
/// nothing.
pub(super) fn read(path: &Path) -> Result<(Vec<Slot>, u32), JournalError> {
    let bytes = std::fs::read(path);
    let bytes = bytes.map_err(|error| JournalError::file("reading the vault", path, &error))?;
    let (slots, torn) = decode(path, &bytes)?;
    let count = count(&slots, &torn);
    Ok((slots, count))
}

/// Returns the good slots of a file, and the numbers of the torn ones.
fn decode(path: &Path, bytes: &[u8]) -> Result<(Vec<Slot>, Vec<u32>), JournalError> {
    read_slots(path, check_header(path, bytes)?)
}

fn count(slots: &[Slot], torn: &[u32]) -> u32 {
    u32::try_from(slots.len() + torn.len()).expect("read_slots checks it")
}

/// Returns the offset of a slot in the file.
fn slot_offset(number: u32) -> u64 {
    // The header takes the room of one slot.
    (u64::from(number) + 1) * SLOT_BYTES as u64
}

/// Writes an empty vault beside `path` and moves it there, so that there is never half a header.
fn create(path: &Path) -> Result<(), JournalError> {
    let unfinished = path.with_extension(UNFINISHED);
    files::write_private(&unfinished, &header())?;
    files::rename_durably(&unfinished, path)
}

/// Returns the header of every vault.
fn header() -> [u8; SLOT_BYTES] {
    let mut bytes = [0; SLOT_BYTES];
    bytes[..4].copy_from_slice(&MAGIC);
    bytes[4..8].copy_from_slice(&VERSION.to_le_bytes());
    let sum = blake3::hash(&bytes[..SLOT_BYTES - SUM_BYTES]);
    bytes[SLOT_BYTES - SUM_BYTES..].copy_from_slice(&sum.as_bytes()[..SUM_BYTES]);
    bytes
}

/// Checks the header, and returns the bytes after it.
fn check_header<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a [u8], JournalError> {
    let Some((found, body)) = bytes.split_first_chunk::<SLOT_BYTES>() else {
        return Err(damaged(format!("bytes 0..{SLOT_BYTES}, its header, are missing")));
    };
    if *found == header() {
        return Ok(body);
    }
    if found[..4] != MAGIC {
        let reason = "the file is not a vault".to_owned();
        return Err(JournalError::NotALog { path: path.to_owned(), reason });
    }
    let (signed, sum) = found.split_at(SLOT_BYTES - SUM_BYTES);
    let version = u32::from_le_bytes([found[4], found[5], found[6], found[7]]);
    if blake3::hash(signed).as_bytes()[..SUM_BYTES] == *sum && version > VERSION {
        return Err(JournalError::NewerFormat { found: version, known: VERSION });
    }
    Err(damaged(format!("bytes 0..{SLOT_BYTES}, its header, are not what was written")))
}

/// Returns the good slots, and the numbers of those that were torn before a record could need them.
fn read_slots(path: &Path, body: &[u8]) -> Result<(Vec<Slot>, Vec<u32>), JournalError> {
    let mut slots = Vec::with_capacity(body.len() / SLOT_BYTES);
    let mut bad = Vec::new();
    let mut synced_below = 0;
    for (number, bytes) in body.chunks(SLOT_BYTES).enumerate() {
        let number = u32::try_from(number).map_err(|_| damaged("it has too many slots"))?;
        let decoded = bytes.try_into().ok().and_then(|bytes| Slot::decode(number, bytes));
        match decoded {
            Some((slot, synced)) => {
                synced_below = synced_below.max(synced);
                slots.push(slot);
            }
            None => bad.push(number),
        }
    }
    assert_eq!(slots.len() + bad.len(), body.len().div_ceil(SLOT_BYTES), "every slot is judged");
    if let Some(number) = bad.iter().find(|number| **number < synced_below) {
        let start = slot_offset(*number);
        let end = start + SLOT_BYTES as u64;
        let detail = format!("{}: slot {number}, bytes {start}..{end}", path.display());
        return Err(damaged(detail));
    }
    Ok((slots, bad))
}

fn damaged(detail: impl Into<String>) -> JournalError {
    JournalError::damaged(DamageKind::Vault, Lsn::ZERO, detail)
}
