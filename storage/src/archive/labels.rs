//! Which blocks of an archive file hold records with a label.
//!
//! Pairs of a print (the first 8 bytes of the label's blake3) and the number of a block, sorted and
//! cut into blocks of their own, so that a look-up reads one of them. Two labels may share a print,
//! so what is found is a block that may hold the label.

use crate::Label;

/// Bytes of a pair.
const PAIR_BYTES: usize = 8 + 4;

/// How many pairs go into a block: less than 48 KiB.
const PAIRS_PER_BLOCK: usize = 4_096;

/// What stands for a label.
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
    pub(super) fn add(&mut self, label: Label) {
        let print = print(label);
        // Records of one order tend to stand together.
        if self.current.last() != Some(&print) {
            self.current.push(print);
        }
    }

    /// Notes that what was added since the last call is in block `number`.
    pub(super) fn end_block(&mut self, number: u32) {
        self.current.sort_unstable();
        self.current.dedup();
        self.pairs.extend(self.current.drain(..).map(|print| (print, number)));
    }

    /// The raw bytes of each block of pairs, with its first print.
    pub(super) fn into_blocks(mut self) -> impl Iterator<Item = (u64, Vec<u8>)> {
        assert!(self.current.is_empty(), "the last block was ended");
        self.pairs.sort_unstable();
        let pairs = self.pairs;
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

/// The pairs in the raw bytes of a block; nothing if they are not whole, sorted pairs.
pub(super) fn decode(raw: &[u8]) -> Option<Vec<(u64, u32)>> {
    let (pairs, []) = raw.as_chunks::<PAIR_BYTES>() else { return None };
    let pair = |bytes: &[u8; PAIR_BYTES]| {
        let (print, block) = bytes.split_first_chunk()?;
        Some((u64::from_le_bytes(*print), u32::from_le_bytes(block.try_into().ok()?)))
    };
    let pairs: Vec<_> = pairs.iter().map(pair).collect::<Option<_>>()?;
    pairs.is_sorted_by(|one, next| one < next).then_some(pairs)
}
