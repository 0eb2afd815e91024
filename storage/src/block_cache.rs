//! The blocks that were read last, decompressed, shared by the files of an archive or of a history.

use std::sync::Arc;

use parking_lot::Mutex;

/// At most so many blocks, each under an id of its own. Few enough that looking through all of them
/// costs less than a map.
pub(crate) struct BlockCache<Id, Block: ?Sized> {
    /// The one used last is the last.
    blocks: Mutex<Vec<(Id, Arc<Block>)>>,
    blocks_max: usize,
}

impl<Id: Copy + Eq, Block: ?Sized> BlockCache<Id, Block> {
    pub(crate) fn new(blocks_max: usize) -> Self {
        Self { blocks: Mutex::default(), blocks_max }
    }

    pub(crate) fn get(&self, id: Id) -> Option<Arc<Block>> {
        let mut blocks = self.blocks.lock();
        let at = blocks.iter().rposition(|(kept, _)| *kept == id)?;
        blocks[at..].rotate_left(1);
        blocks.last().map(|(_, block)| Arc::clone(block))
    }

    pub(crate) fn put(&self, id: Id, block: &Arc<Block>) {
        let mut blocks = self.blocks.lock();
        if blocks.iter().any(|(kept, _)| *kept == id) {
            return; // Another reader was faster.
        }
        if blocks.len() == self.blocks_max {
            blocks.remove(0);
        }
        blocks.push((id, Arc::clone(block)));
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
