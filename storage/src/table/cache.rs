//! The blocks that were read last, raw, shared by the tables of a set.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::Lsn;

/// A block of a table: what the table is about, and the number of the block.
pub(super) type BlockId = (Lsn, Lsn, u32);

/// How many blocks are kept: about four MiB.
const BLOCKS_MAX: usize = 256;

/// See the module. Few enough that looking through all of them costs less than a map.
#[derive(Default)]
pub(super) struct BlockCache {
    /// The one used last is the last.
    blocks: Mutex<Vec<(BlockId, Arc<[u8]>)>>,
}

impl BlockCache {
    pub(super) fn get(&self, id: BlockId) -> Option<Arc<[u8]>> {
        let mut blocks = self.blocks.lock();
        let at = blocks.iter().rposition(|(kept, _)| *kept == id)?;
        blocks[at..].rotate_left(1);
        blocks.last().map(|(_, raw)| Arc::clone(raw))
    }

    pub(super) fn put(&self, id: BlockId, raw: &Arc<[u8]>) {
        let mut blocks = self.blocks.lock();
        if blocks.iter().any(|(kept, _)| *kept == id) {
            return; // Another reader was faster.
        }
        if blocks.len() == BLOCKS_MAX {
            blocks.remove(0);
        }
        blocks.push((id, Arc::clone(raw)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_that_was_not_used_longest_goes_first() {
        let cache = BlockCache::default();
        let id = |number| (Lsn(0), Lsn(9), number);
        for number in 0..256 {
            cache.put(id(number), &Arc::from([0; 3]));
        }
        assert!(cache.get(id(0)).is_some());
        cache.put(id(256), &Arc::from([1; 3]));
        assert!(cache.get(id(1)).is_none());
        assert!(cache.get(id(0)).is_some());
        assert_eq!(cache.get(id(256)).as_deref(), Some(&[1; 3][..]));
    }
}
