//! The blocks that were read last, decompressed, shared by the files of an archive.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::Lsn;

/// A block: the first record of its file, and its number.
pub(super) type BlockId = (Lsn, u32);

/// How many blocks are kept: about 2 MiB.
const BLOCKS_MAX: usize = 8;

/// See the module. Few enough that looking through all of them costs less than a map.
#[derive(Default)]
pub(super) struct BlockCache {
    /// The one used last is the last.
    blocks: Mutex<Vec<(BlockId, Arc<Vec<u8>>)>>,
}

impl BlockCache {
    pub(super) fn get(&self, id: BlockId) -> Option<Arc<Vec<u8>>> {
        let mut blocks = self.blocks.lock();
        let at = blocks.iter().rposition(|(kept, _)| *kept == id)?;
        blocks[at..].rotate_left(1);
        blocks.last().map(|(_, raw)| Arc::clone(raw))
    }

    pub(super) fn put(&self, id: BlockId, raw: &Arc<Vec<u8>>) {
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
        for number in 0..8 {
            cache.put((Lsn(1), number), &Arc::default());
        }
        assert!(cache.get((Lsn(1), 0)).is_some());
        cache.put((Lsn(9), 0), &Arc::new(vec![1]));
        assert!(cache.get((Lsn(1), 1)).is_none());
        assert!(cache.get((Lsn(1), 0)).is_some());
        assert_eq!(cache.get((Lsn(9), 0)).as_deref(), Some(&vec![1]));
    }
}
