//! The shard of a map that an id belongs to.

/// Returns the shard, out of `count`, of a hash or of a UUID.
pub(crate) fn shard_of(id: &[u8; 16], count: usize) -> usize {
    // The last byte is random in hashes and in UUIDs of every version; more shards than it has
    // values would never be used.
    debug_assert!(count <= 256, "one byte finds at most 256 shards, not {count}");
    usize::from(id[15]) % count
}
