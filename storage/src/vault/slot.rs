//! A slot of the vault: one key as 64 bytes. `FORMAT.md` draws them.
//!
//! 64 bytes divide a disk sector, so a slot is never half in one sector and half in the next.

/// The pseudonym of the person whom a key is for, such as a customer id.
pub(super) type Subject = [u8; 16];

/// A key of AES-256-GCM.
pub(super) type Key = [u8; 32];

/// Bytes of a slot, and of the header in front of the first.
pub(super) const SLOT_BYTES: usize = 64;

const SUM_BYTES: usize = 8;
const SIGNED_BYTES: usize = SLOT_BYTES - SUM_BYTES;

const _: () = assert!(512 % SLOT_BYTES == 0);
const _: () = assert!(SIGNED_BYTES == size_of::<Subject>() + size_of::<Key>() + 4 + 4);

/// The state of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum SlotState {
    /// Holds a key.
    Live = 1,
    /// Held a key that has been destroyed.
    Forgotten = 2,
    /// Was torn before its key could be used.
    Void = 3,
}

impl SlotState {
    fn from_stored(stored: u32) -> Option<Self> {
        [Self::Live, Self::Forgotten, Self::Void].into_iter().find(|state| *state as u32 == stored)
    }
}

/// One slot.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// The place in the file, counted from 0, which is also the number of the key.
    pub(super) number: u32,
    /// The subject of the key.
    pub(super) subject: Subject,
    /// The key; zeros unless live.
    pub(super) key: Key,
    /// The state.
    pub(super) state: SlotState,
}

impl Slot {
    /// Returns the tombstone of a key.
    pub(super) fn forgotten(number: u32, subject: Subject) -> Self {
        Self { number, subject, key: [0; 32], state: SlotState::Forgotten }
    }

    /// Returns the bytes of the slot, which also tell that the slots below `synced_below` were
    /// durable when it was written.
    pub(super) fn encode(&self, synced_below: u32) -> [u8; SLOT_BYTES] {
        assert!(self.state == SlotState::Live || self.key == [0; 32], "a forgotten key is gone");
        let mut bytes = [0; SLOT_BYTES];
        bytes[..16].copy_from_slice(&self.subject);
        bytes[16..48].copy_from_slice(&self.key);
        bytes[48..52].copy_from_slice(&(self.state as u32).to_le_bytes());
        bytes[52..56].copy_from_slice(&synced_below.to_le_bytes());
        let sum = sum(&bytes[..SIGNED_BYTES], self.number);
        bytes[SIGNED_BYTES..].copy_from_slice(&sum);
        debug_assert_eq!(
            Self::decode(self.number, &bytes).map(|it| it.1),
            Some(synced_below),
            "a slot is read back as it was written"
        );
        bytes
    }

    /// Returns the slot at place `number` and how many slots were durable when it was written;
    /// `None` if the bytes are not those of a slot at that place.
    pub(super) fn decode(number: u32, bytes: &[u8; SLOT_BYTES]) -> Option<(Self, u32)> {
        let (signed, stored_sum) = bytes.split_last_chunk::<SUM_BYTES>()?;
        if sum(signed, number) != *stored_sum {
            return None;
        }
        let (subject, rest) = signed.split_first_chunk()?;
        let (key, rest) = rest.split_first_chunk()?;
        let (state, rest) = rest.split_first_chunk()?;
        let (synced_below, _) = rest.split_first_chunk()?;
        let state = SlotState::from_stored(u32::from_le_bytes(*state))?;
        let slot = Self { number, subject: *subject, key: *key, state };
        Some((slot, u32::from_le_bytes(*synced_below)))
    }
}

/// Returns a checksum that also binds a slot to its place.
fn sum(signed: &[u8], number: u32) -> [u8; SUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(signed);
    hasher.update(&number.to_le_bytes());
    let mut sum = [0; SUM_BYTES];
    hasher.finalize_xof().fill(&mut sum);
    sum
}
