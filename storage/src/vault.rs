//! A vault of keys that can be forgotten: without its key, every text sealed for a subject is
//! noise.
//!
//! Personal data in the log is sealed with a key of its subject, and the keys live here, outside
//! the log. The log is never rewritten; forgetting overwrites one slot of this file in place.
//!
//! The order is: seal, [`Vault::sync`], append. So no durable record needs a key that is not
//! durable.

mod entropy;
mod file;
mod slot;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use parking_lot::{Mutex, RwLock};

use crate::JournalError;
use entropy::Entropy;
use file::VaultFile;
use slot::{Key, Slot, SlotState, Subject};

/// The bytes that sealing adds: the number of the key, the nonce, the tag.
pub const SEAL_BYTES: usize = KEY_NUMBER_BYTES + NONCE_BYTES + TAG_BYTES;

const KEY_NUMBER_BYTES: usize = 4;
const NONCE_BYTES: usize = 12;
const NONCE_PREFIX_BYTES: usize = 6;
const NONCE_COUNTER_BYTES: usize = 6;
const TAG_BYTES: usize = 16;

// Subjects are spread over this many locks, so that sealing on two cores seldom waits.
const SHARDS_COUNT: usize = 16;

const _: () = assert!(NONCE_PREFIX_BYTES + NONCE_COUNTER_BYTES == NONCE_BYTES);
// The counter is taken from a u64, and a key's number from a u32.
const _: () = assert!(NONCE_COUNTER_BYTES <= size_of::<u64>());
const _: () = assert!(KEY_NUMBER_BYTES == size_of::<u32>());
// `shard` mixes bits by XOR, which spreads evenly over a power of two.
const _: () = assert!(SHARDS_COUNT.is_power_of_two());

/// The reason why a sealed text was not opened, or a key was not made durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VaultError {
    /// The subject's key has been destroyed on request, and the text with it.
    Forgotten,
    /// There is no key for this subject: the text is of another vault, or this one was replaced.
    UnknownKey,
    /// The bytes are not what was sealed, or not for this subject and context.
    Damaged,
    /// The vault's file failed, is damaged or is full.
    File(JournalError),
}

impl fmt::Display for VaultError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forgotten => write!(out, "the subject has been forgotten"),
            Self::UnknownKey => write!(
                out,
                "the vault has no such key for this subject; is it the vault of this log?"
            ),
            Self::Damaged => write!(out, "the sealed text is damaged or belongs elsewhere"),
            Self::File(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for VaultError {}

/// A vault that seals and opens texts with one key per subject. Any thread may call its methods.
///
/// The nonce of each text is 6 random bytes of this opening and a counter, so no two texts share
/// one: the counter rules it out within an opening, and two openings would have to draw the same 48
/// bits. Even then only texts with the same key and the same count would meet.
pub struct Vault {
    shards: [RwLock<Shard>; SHARDS_COUNT],
    /// The new keys that are not in the file yet, in the order of their numbers.
    fresh: Mutex<UnsyncedKeys>,
    /// `None` for a vault in memory.
    file: Option<Mutex<VaultFile>>,
    nonce_prefix: [u8; NONCE_PREFIX_BYTES],
    nonce_counter: AtomicU64,
    entropy: Entropy,
}

#[derive(Default)]
struct Shard {
    keys: HashMap<Subject, (u32, Key)>,
    /// The numbers of a subject's keys that are gone on purpose.
    forgotten: HashMap<Subject, Vec<u32>>,
}

#[derive(Default)]
struct UnsyncedKeys {
    next_number: u32,
    slots: Vec<Slot>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Vault").finish_non_exhaustive()
    }
}

impl Vault {
    /// Opens the vault in the file at `path`, or creates it there, readable by its owner only.
    ///
    /// Slots that were written and not synced before a power cut may be torn. No durable record can
    /// need them, so they are reported as a warning; whoever has the records checks that.
    ///
    /// # Errors
    /// [`VaultError::File`] with the system's error; with [`JournalError::NotALog`] or
    /// [`JournalError::NewerFormat`] for another file; with [`JournalError::Damaged`], naming the
    /// slot, if a synced one is not what was written.
    pub fn open(path: &Path) -> Result<Self, VaultError> {
        let (file, slots) = VaultFile::open(path).map_err(VaultError::File)?;
        Self::of(slots, file.slots_count(), Some(Mutex::new(file)))
    }

    /// Reads the vault in the file at `path`, to open texts with it. Nothing is written, and a key
    /// that is made later dies with it.
    ///
    /// # Errors
    /// As [`Vault::open`]; with [`JournalError::Io`] of the kind `NotFound` if there is no file.
    pub fn read(path: &Path) -> Result<Self, VaultError> {
        let (slots, count) = file::read(path).map_err(VaultError::File)?;
        Self::of(slots, count, None)
    }

    /// Makes the vault of these slots, of `count` in all.
    fn of(
        slots: Vec<Slot>,
        count: u32,
        file: Option<Mutex<VaultFile>>,
    ) -> Result<Self, VaultError> {
        let mut vault = Self::empty(Entropy::System)?;
        vault.fresh.get_mut().next_number = count;
        vault.file = file;
        for slot in slots {
            assert!(slot.number < count, "a new key never reuses a slot");
            let mut shard = vault.shard(&slot.subject).write();
            match slot.state {
                SlotState::Live => {
                    shard.keys.insert(slot.subject, (slot.number, slot.key));
                }
                SlotState::Forgotten => {
                    shard.forgotten.entry(slot.subject).or_default().push(slot.number);
                }
                SlotState::Void => (),
            }
        }
        Ok(vault)
    }

    /// Creates a vault without a file, for tests: its keys die with it.
    pub fn memory() -> Self {
        Self::empty(Entropy::System).expect("the system gives random bytes")
    }

    /// Creates a vault without a file whose keys and nonces follow from `seed`. For simulations,
    /// where one seed must give one run; it protects nothing.
    pub fn memory_seeded(seed: u64) -> Self {
        Self::empty(Entropy::Seed(seed)).expect("a seed always gives bytes")
    }

    fn empty(entropy: Entropy) -> Result<Self, VaultError> {
        let nonce_prefix = entropy.bytes("nonce prefix", 0)?;
        Ok(Self {
            shards: Default::default(),
            fresh: Mutex::default(),
            file: None,
            nonce_prefix,
            nonce_counter: AtomicU64::new(0),
            entropy,
        })
    }

    /// Seals `plain` for `subject`, making a key if it has none. `aad` is not hidden but bound: the
    /// text opens only with the same.
    ///
    /// The result is [`SEAL_BYTES`] longer than `plain`. A new key is in memory only until
    /// [`Vault::sync`].
    ///
    /// # Panics
    /// If the system gives no random bytes, or after 2^32 subjects.
    pub fn seal(&self, subject: [u8; 16], aad: &[u8], plain: &[u8]) -> Vec<u8> {
        let known = self.shard(&subject).read().keys.get(&subject).copied();
        let (number, key) = known.unwrap_or_else(|| self.key_for(subject));
        let nonce = self.next_nonce();
        let cipher = Aes256Gcm::new(&key.into());
        let hidden = cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plain, aad })
            .expect("a text in memory is shorter than the cipher's limit of 64 GiB");
        let mut sealed = Vec::with_capacity(plain.len() + SEAL_BYTES);
        sealed.extend_from_slice(&number.to_le_bytes());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&hidden);
        // Pairs with `unseal`, which takes the parts off in the same order.
        assert_eq!(sealed.len(), plain.len() + SEAL_BYTES, "a seal adds a fixed number of bytes");
        sealed
    }

    /// Opens a text that [`Vault::seal`] made for the same `subject` and `aad`.
    ///
    /// # Errors
    /// [`VaultError::Forgotten`], [`VaultError::UnknownKey`], [`VaultError::Damaged`].
    pub fn unseal(
        &self,
        subject: [u8; 16],
        aad: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, VaultError> {
        if sealed.len() < SEAL_BYTES {
            return Err(VaultError::Damaged);
        }
        let (number, rest) = sealed.split_first_chunk().ok_or(VaultError::Damaged)?;
        let (nonce, hidden) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(VaultError::Damaged)?;
        let key = self.key_of(subject, u32::from_le_bytes(*number))?;
        let plain = Aes256Gcm::new(&key.into())
            .decrypt(&Nonce::from(*nonce), Payload { msg: hidden, aad })
            .map_err(|_| VaultError::Damaged)?;
        debug_assert_eq!(plain.len() + SEAL_BYTES, sealed.len(), "pairs with `seal`");
        Ok(plain)
    }

    /// Makes every key durable that a finished [`Vault::seal`] has used; returns at once if all of
    /// them are. Call it before appending the records with the sealed texts.
    ///
    /// # Errors
    /// [`VaultError::File`]; from then on every sync that has something to write fails.
    pub fn sync(&self) -> Result<(), VaultError> {
        let Some(file) = &self.file else {
            self.fresh.lock().slots.clear();
            return Ok(());
        };
        // Another thread may be writing our keys right now: wait for its lock.
        let mut file = file.lock();
        let slots = std::mem::take(&mut self.fresh.lock().slots);
        file.append(&slots).map_err(VaultError::File)
    }

    /// Destroys the key of `subject`, durably, before it returns. Texts sealed with it stay
    /// unreadable; a later [`Vault::seal`] makes a new key. For an unknown subject nothing happens.
    ///
    /// The slot is overwritten in place. A disk that keeps old blocks, or a backup, may still hold
    /// it: keep the vault out of backups that outlive the right to be forgotten.
    ///
    /// # Errors
    /// [`VaultError::File`]: the key is gone from memory but may come back at the next opening, so
    /// forget again then.
    pub fn forget(&self, subject: [u8; 16]) -> Result<(), VaultError> {
        let Some((number, _)) = self.shard(&subject).read().keys.get(&subject).copied() else {
            return Ok(());
        };
        self.sync()?;
        {
            let mut shard = self.shard(&subject).write();
            // Another thread may have forgotten it first, and a third made a new key since.
            if shard.keys.get(&subject).is_some_and(|(current, _)| *current == number) {
                shard.keys.remove(&subject);
            }
            let gone = shard.forgotten.entry(subject).or_default();
            if !gone.contains(&number) {
                gone.push(number);
            }
        }
        match &self.file {
            Some(file) => file.lock().forget(number, subject).map_err(VaultError::File),
            None => Ok(()),
        }
    }

    /// Returns whether a key of `subject` was destroyed and no newer one was made.
    pub fn is_forgotten(&self, subject: [u8; 16]) -> bool {
        let shard = self.shard(&subject).read();
        !shard.keys.contains_key(&subject) && shard.forgotten.contains_key(&subject)
    }

    /// Returns whether `subject` ever had a key here.
    pub fn knows(&self, subject: [u8; 16]) -> bool {
        let shard = self.shard(&subject).read();
        shard.keys.contains_key(&subject) || shard.forgotten.contains_key(&subject)
    }

    /// Returns whether a key of `subject` is gone on purpose: forgotten, or given up.
    pub fn has_tombstone(&self, subject: [u8; 16]) -> bool {
        self.shard(&subject).read().forgotten.contains_key(&subject)
    }

    /// Notes, durably, that keys of these subjects are lost and no longer looked for. What can be
    /// opened can still be opened.
    ///
    /// # Errors
    /// As [`Vault::sync`].
    ///
    /// # Panics
    /// After 2^32 subjects.
    pub fn give_up(&self, subjects: &[[u8; 16]]) -> Result<(), VaultError> {
        for subject in subjects {
            let mut shard = self.shard(subject).write();
            let mut fresh = self.fresh.lock();
            let slot = Slot::forgotten(fresh.take_number(), *subject);
            shard.forgotten.entry(*subject).or_default().push(slot.number);
            fresh.slots.push(slot);
        }
        self.sync()
    }

    /// Returns the number of keys of `before` that are neither here nor forgotten here: a later
    /// copy of the same vault lacks none.
    pub fn count_lacking(&self, before: &Self) -> u64 {
        let mut count = 0;
        for shard in &before.shards {
            for (subject, (number, key)) in &shard.read().keys {
                let own = self.shard(subject).read();
                let is_here = own.keys.get(subject) == Some(&(*number, *key));
                let is_gone = own.forgotten.get(subject).is_some_and(|it| it.contains(number));
                count += u64::from(!is_here && !is_gone);
            }
        }
        count
    }

    /// Returns the key of `subject`, making it unless another thread was faster.
    fn key_for(&self, subject: Subject) -> (u32, Key) {
        let mut shard = self.shard(&subject).write();
        if let Some(known) = shard.keys.get(&subject) {
            return *known;
        }
        let mut fresh = self.fresh.lock();
        let number = fresh.take_number();
        let key: Key = self.entropy.bytes("key", number).expect("the system gives random bytes");
        // Pairs with `VaultFile::append`, which writes slots without a gap.
        assert!(fresh.slots.last().is_none_or(|last| last.number + 1 == number), "no number twice");
        assert_ne!(key, [0; 32], "zeros are the key of a forgotten slot");
        fresh.slots.push(Slot { number, subject, key, state: SlotState::Live });
        shard.keys.insert(subject, (number, key));
        (number, key)
    }

    /// Returns the key with a number, if it is the present one of `subject`.
    fn key_of(&self, subject: Subject, number: u32) -> Result<Key, VaultError> {
        let shard = self.shard(&subject).read();
        match shard.keys.get(&subject) {
            Some((current, key)) if *current == number => Ok(*key),
            _ if shard.forgotten.get(&subject).is_some_and(|gone| gone.contains(&number)) => {
                Err(VaultError::Forgotten)
            }
            _ => Err(VaultError::UnknownKey),
        }
    }

    /// Returns a nonce that this opening has not used.
    fn next_nonce(&self) -> [u8; NONCE_BYTES] {
        let count = self.nonce_counter.fetch_add(1, Ordering::Relaxed);
        assert!(count < 1 << (8 * NONCE_COUNTER_BYTES), "a nonce must not repeat");
        let mut nonce = [0; NONCE_BYTES];
        nonce[..NONCE_PREFIX_BYTES].copy_from_slice(&self.nonce_prefix);
        nonce[NONCE_PREFIX_BYTES..].copy_from_slice(&count.to_le_bytes()[..NONCE_COUNTER_BYTES]);
        nonce
    }

    /// Returns the shard with the keys of `subject`.
    fn shard(&self, subject: &Subject) -> &RwLock<Shard> {
        // Subjects are often time-ordered ids, whose last bytes differ the most.
        &self.shards[usize::from(subject[15] ^ subject[7]) % SHARDS_COUNT]
    }
}

impl UnsyncedKeys {
    /// Takes the number of the next slot.
    fn take_number(&mut self) -> u32 {
        let number = self.next_number;
        self.next_number = number.checked_add(1).expect("a vault holds fewer than 2^32 keys");
        number
    }
}

#[cfg(test)]
mod tests;
