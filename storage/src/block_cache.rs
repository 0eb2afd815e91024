//! A cache of the blocks read last, decompressed, shared by the files of an archive or a history.

use std::sync::Arc;

use parking_lot::Mutex;

/// A few blocks, each under its own id, of which the least recently used is evicted. They are few
/// enough that a search through all of them costs less than a map.
pub(crate) struct BlockCache<Id, Block: ?Sized> {
    /// The least recently used first.
    blocks: Mutex<Vec<(Id, Arc<Block>)>>,
    blocks_max: usize,
}

impl<Id: Copy + Eq, Block: ?Sized> BlockCache<Id, Block> {
    /// Creates an empty cache for at most `blocks_max` blocks.
    pub(crate) fn new(blocks_max: usize) -> Self {
        assert!(blocks_max > 0, "`put` evicts one block to make room for another");
        Self { blocks: Mutex::default(), blocks_max }
    }

    /// Returns the block under `id`, which becomes the most recently used one.
    pub(crate) fn get(&self, id: Id) -> Option<Arc<Block>> {
        let mut blocks = self.blocks.lock();
        let at = blocks.iter().rposition(|(kept, _)| *kept == id)?;
        blocks[at..].rotate_left(1);
        debug_assert!(blocks.last().is_some_and(|(kept, _)| *kept == id), "it was used last");
        blocks.last().map(|(_, block)| Arc::clone(block))
    }

    /// Adds a block, unless there is one under `id` already.
    pub(crate) fn put(&self, id: Id, block: &Arc<Block>) {
        let mut blocks = self.blocks.lock();
        if blocks.iter().any(|(kept, _)| *kept == id) {
            return; // Another reader was faster.
        }
        if blocks.len() == self.blocks_max {
            blocks.remove(0);
        }
        blocks.push((id, Arc::clone(block)));
        debug_assert!(blocks.len() <= self.blocks_max, "the cache never outgrows its bound");
    }

    /// Drops all blocks: their ids may stand for others from now on.
    pub(crate) fn clear(&self) {
        self.blocks.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_that_was_not_used_longest_goes_first() {
        let cache = BlockCache::new(8);
        for number in 0..8 {
            cache.put((1, number), &Arc::default());
        }
        assert!(cache.get((1, 0)).is_some());
        cache.put((9, 0), &Arc::new(vec![1]));
        assert!(cache.get((1, 1)).is_none());
        assert!(cache.get((1, 0)).is_some());
        assert_eq!(cache.get((9, 0)).as_deref(), Some(&vec![1]));
    }
}
