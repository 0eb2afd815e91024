//! The source of keys and nonces: the system, or a seed.

use super::VaultError;
use crate::random;

/// The source of keys and nonces.
pub(super) enum Entropy {
    System,
    /// For simulations only: the same seed gives the same keys.
    Seed(u64),
}

impl Entropy {
    /// Returns bytes for `purpose`; those of a seed also depend on `number`.
    pub(super) fn bytes<const N: usize>(
        &self,
        purpose: &str,
        number: u32,
    ) -> Result<[u8; N], VaultError> {
        let Self::Seed(seed) = self else {
            return random::bytes(purpose).map_err(VaultError::File);
        };
        let mut hasher = blake3::Hasher::new_derive_key("kirana vault simulation");
        hasher.update(purpose.as_bytes());
        hasher.update(&seed.to_le_bytes());
        hasher.update(&number.to_le_bytes());
        let mut bytes = [0; N];
        hasher.finalize_xof().fill(&mut bytes);
        Ok(bytes)
    }
}
