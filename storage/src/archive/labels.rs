//! The labels of an archive file: an index from labels to the blocks with their records.
//!
//! It consists of pairs of a print (the first 8 bytes of the label's blake3) and the number of a
//! block, sorted and cut into blocks of their own, so that a look-up reads one of them. Two labels
//! may share a print, so a look-up finds the blocks that may hold the label.

use crate::Label;
use crate::block::RAW_BYTES_MAX;

/// Bytes of a pair.
const PAIR_BYTES: usize = 8 + 4;

/// The most pairs of a block: 48 KiB.
const PAIRS_PER_BLOCK: usize = 4_096;

const _: () = assert!(PAIRS_PER_BLOCK * PAIR_BYTES <= RAW_BYTES_MAX);

/// Returns the print of a label, by which it is sorted and found.
pub(super) fn print(label: Label) -> u64 {
    let hash = blake3::hash(&label.0);
    u64::from_be_bytes(*hash.as_bytes().first_chunk().expect("a hash is longer"))
}

/// The pairs of a file that is being written.
#[derive(Default)]
pub(super) struct Pairs {
    pairs: Vec<(u64, u32)>,
    /// The prints of the block that is being filled.
    current: Vec<u64>,
}

impl Pairs {
    /// Adds a label of the block that is being filled.
    pub(super) fn add(&mut self, label: Label) {
        let print = print(label);
        // Records of one order tend to follow each other.
        if self.current.last() != Some(&print) {
            self.current.push(print);
        }
    }

    /// Ends a block: the labels that were added since the last call are in block `number`.
    pub(super) fn end_block(&mut self, number: u32) {
        debug_assert!(
            self.pairs.last().is_none_or(|(_, last)| *last < number),
            "blocks end in the order of their numbers"
        );
        self.current.sort_unstable();
        self.current.dedup();
        self.pairs.extend(self.current.drain(..).map(|print| (print, number)));
    }

    /// Returns the raw bytes of each block of pairs, with its first print.
    pub(super) fn into_blocks(mut self) -> impl Iterator<Item = (u64, Vec<u8>)> {
        assert!(self.current.is_empty(), "labels of a block that was not ended would be lost");
        self.pairs.sort_unstable();
        let pairs = self.pairs;
        // Pairs with `decode`, which refuses pairs that do not ascend.
        debug_assert!(pairs.is_sorted_by(|one, next| one < next), "a block has a label once");
        let blocks = pairs.len().div_ceil(PAIRS_PER_BLOCK);
        (0..blocks).map(move |number| {
            let start = number * PAIRS_PER_BLOCK;
            let pairs = &pairs[start..pairs.len().min(start + PAIRS_PER_BLOCK)];
            let mut raw = Vec::with_capacity(pairs.len() * PAIR_BYTES);
            for (print, block) in pairs {
                raw.extend_from_slice(&print.to_le_bytes());
                raw.extend_from_slice(&block.to_le_bytes());
            }
            (pairs[0].0, raw)
        })
    }
}

/// Returns the pairs in the raw bytes of a block; `None` if they are not whole, sorted pairs.
pub(super) fn decode(raw: &[u8]) -> Option<Vec<(u64, u32)>> {
    let (pairs, []) = raw.as_chunks::<PAIR_BYTES>() else { return None };
    let pair = |bytes: &[u8; PAIR_BYTES]| {
        let (print, block) = bytes.split_first_chunk()?;
        Some((u64::from_le_bytes(*print), u32::from_le_bytes(block.try_into().ok()?)))
    };
    let pairs: Vec<_> = pairs.iter().map(pair).collect::<Option<_>>()?;
    pairs.is_sorted_by(|one, next| one < next).then_some(pairs)
}
