//! The room for one more request key: a share for each caller, and reserves.
//!
//! A caller may use so much as leaves many times as much free. So shares become smaller as the book
//! fills, whoever fills it: a caller with few keys is served beside any number of others that have
//! used up theirs. The last sixteenths are for those without whom the shop stands still.

use super::{KeyBook, KnownKey};
use crate::principal::{Principal, Role};

/// Room that a refusal takes of the share of its caller: it costs nobody anything, so that a caller
/// could have any number of them. A result takes 1.
const REFUSAL_ROOM: u64 = 16;

/// The reason why a request with a new key is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRoom {
    /// The caller has used up their share.
    OfCaller,
    /// There is none for callers of this role.
    OfRole,
}

impl Role {
    /// Returns what callers of this role may fill of a bound that all callers share. The rest is
    /// for the staff, and the last sixteenth for other systems: above all the payment provider.
    pub fn part_of(self, bound: usize) -> usize {
        let reserved = match self {
            Self::Customer => 2,
            Self::Packer | Self::Rider | Self::Support | Self::Admin => 1,
            Self::Service | Self::System => 0,
        };
        bound - bound / 16 * reserved
    }

    /// Returns how many times the room that a caller uses must be free.
    fn free_for_each(self) -> u64 {
        match self {
            Self::Customer => 256,
            Self::Packer | Self::Rider | Self::Support | Self::Admin => 16,
            Self::Service | Self::System => 1,
        }
    }
}

impl KeyBook {
    /// Decides whether a request of a caller may bring a new key, where the book has room for
    /// `keys_max`.
    ///
    /// # Errors
    /// The reason why not.
    pub fn check_room(&self, by: &Principal, keys_max: usize) -> Result<(), NoRoom> {
        let free = by.role.part_of(keys_max).saturating_sub(self.len());
        if free == 0 {
            return Err(NoRoom::OfRole);
        }
        let used = self.used.get(&by.person_id).copied().unwrap_or_default();
        let wanted = used.saturating_mul(by.role.free_for_each());
        if wanted > free as u64 { Err(NoRoom::OfCaller) } else { Ok(()) }
    }

    /// Counts a key for its caller.
    pub(super) fn take_room(&mut self, key: &KnownKey) {
        if let Some(by) = key.by {
            *self.used.get_or_insert_with(by, || 0) += key.room();
        }
    }

    /// Counts a key no longer for its caller.
    pub(super) fn give_room_back(&mut self, key: &KnownKey) {
        let Some(by) = key.by else { return };
        let used = self.used.get_mut(&by).expect("the caller of a key is counted");
        assert!(*used >= key.room(), "what is given back was taken");
        *used -= key.room();
        if *used == 0 {
            self.used.remove(&by);
        }
    }
}

impl KnownKey {
    /// Returns the room that it takes of the share of its caller.
    fn room(&self) -> u64 {
        if self.is_refusal { REFUSAL_ROOM } else { 1 }
    }
}

#[cfg(test)]
mod tests;
