//! Ids that follow from a seed and never repeat.

use serde::{Deserialize, Serialize};

/// Characters of ids, as Razorpay's are.
const SIGNS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Signs after the prefix.
const LENGTH: usize = 14;

/// The source of ids.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Ids {
    seed: u64,
    given: u64,
}

impl Ids {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, given: 0 }
    }

    /// The next id: `pay_` and 14 letters and digits.
    pub(super) fn next(&mut self, prefix: &str) -> String {
        self.given += 1;
        // The mixing is a bijection, so different counts have different ids.
        let mut rest = crate::razorpay::sim::luck::mixed(self.seed.wrapping_add(self.given));
        let mut id = prefix.to_owned();
        for _ in 0..LENGTH {
            let sign = usize::try_from(rest % 62).unwrap_or_default();
            id.push(char::from(SIGNS[sign]));
            rest /= 62;
        }
        id
    }
}
