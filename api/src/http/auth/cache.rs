//! Tokens that were verified a moment ago: at eighty thousand requests a second, the same few
//! thousand tokens come again and again, and each would pay for a signature and two parses.
//!
//! Only good tokens get in, so strangers cannot fill it; its size is bounded all the same.

use super::Holder;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Parts, so that cores seldom meet at one lock.
const SHARDS: usize = 16;
/// Tokens in one part.
const SHARD_TOKENS_MAX: usize = 2_048;

#[derive(Default)]
pub(super) struct TokenCache {
    hasher: RandomState,
    shards: [RwLock<HashMap<Box<str>, Holder>>; SHARDS],
}

impl TokenCache {
    pub(super) fn get(&self, token: &str, now_s: i64) -> Option<Holder> {
        let known = *self.shard(token).read().get(token)?;
        (now_s < known.until_s).then_some(known)
    }

    pub(super) fn insert(&self, token: &str, holder: Holder, now_s: i64) {
        let mut shard = self.shard(token).write();
        if shard.len() >= SHARD_TOKENS_MAX {
            shard.retain(|_, known| now_s < known.until_s);
        }
        if shard.len() >= SHARD_TOKENS_MAX {
            // Starting over is cheap and rare; keeping an order of use would cost every request.
            shard.clear();
        }
        shard.insert(token.into(), holder);
    }

    fn shard(&self, token: &str) -> &RwLock<HashMap<Box<str>, Holder>> {
        // The signature at the end is as good as random: hashing all of it is not needed to spread.
        let tail = &token.as_bytes()[token.len().saturating_sub(8)..];
        let hash = self.hasher.hash_one(tail);
        &self.shards[usize::try_from(hash % SHARDS as u64).unwrap_or_default()]
    }
}
