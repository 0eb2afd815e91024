//! A Merkle tree over the records of a log: it proves one record with a few hashes.
//!
//! The shape is that of RFC 6962, section 2.1, with blake3. Leaf `i`, counted from 0, is the record
//! with LSN `i + 1`. Only the peaks are stored, the roots of the largest whole subtrees from left
//! to right: a few dozen hashes, however long the log.

use std::ops::Range;

use crate::Lsn;
use crate::frame::{HASH_BYTES, Hash};

/// The first byte under the hash of a record, so that no record can be mistaken for a node.
const LEAF: u8 = 0;
/// The first byte under the hash of a node.
const NODE: u8 = 1;

const _: () = assert!(LEAF != NODE);

/// The most hashes in a path: a tree has fewer than 2^64 leaves.
pub const PATH_HASHES_MAX: usize = 64;

const _: () = assert!(PATH_HASHES_MAX == u64::BITS as usize);

/// Returns the leaf of a record, which also binds the record to its position.
pub fn leaf(lsn: Lsn, record: &[u8]) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[LEAF]).update(&lsn.0.to_le_bytes()).update(record);
    hasher.finalize().into()
}

/// Returns the node above two others.
fn node(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [NODE; 1 + 2 * HASH_BYTES];
    bytes[1..=HASH_BYTES].copy_from_slice(left);
    bytes[1 + HASH_BYTES..].copy_from_slice(right);
    blake3::hash(&bytes).into()
}

/// A tree that only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The largest first; there is one for each 1 in the binary form of `size`.
    peaks: Vec<Hash>,
}

impl Tree {
    /// Returns the number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Adds the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("there is a peak for each 1 of the size");
            hash = node(&left, &hash);
        }
        self.peaks.push(hash);
        self.size = self.size.checked_add(1).expect("a log holds fewer than 2^64 records");
        debug_assert_eq!(self.peaks.len(), self.size.count_ones() as usize, "a carry joins peaks");
    }

    /// Returns the hash over all leaves; of an empty tree, the hash of no bytes.
    pub fn root(&self) -> Hash {
        let whole = self.peaks.iter().rev().copied().reduce(|right, left| node(&left, &right));
        whole.unwrap_or_else(|| blake3::hash(b"").into())
    }

    /// Returns the proof that the tree of `size` leaves begins with this one, which has at least
    /// one: `path` is that of the last leaf of this tree in the other.
    ///
    /// The proof of RFC 6962, section 2.1.2: the last peak, unless it is the root, and the hashes
    /// beside the way from it up to the other root.
    pub fn consistency(&self, path: &Path, size: u64) -> Vec<Hash> {
        assert_eq!(path.index + 1, self.size, "the path is that of the last leaf");
        if size == self.size {
            return Vec::new();
        }
        let last = self.peaks.last().filter(|_| self.peaks.len() > 1);
        let above = path.siblings.iter().skip(self.size.trailing_zeros() as usize);
        last.into_iter().chain(above).copied().collect()
    }

    /// Returns the tree as bytes: the size, 8 bytes little-endian, and the peaks.
    pub fn encode(&self) -> Vec<u8> {
        assert_eq!(self.peaks.len(), self.size.count_ones() as usize, "one for each 1 of the size");
        [&self.size.to_le_bytes(), self.peaks.as_flattened()].concat()
    }

    /// Returns the tree in these bytes; `None` if they are not exactly one. They carry no checksum:
    /// the file that they are part of has one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (size, peaks) = bytes.split_first_chunk()?;
        let size = u64::from_le_bytes(*size);
        let (peaks, rest) = peaks.as_chunks::<HASH_BYTES>();
        let is_whole = rest.is_empty() && peaks.len() == size.count_ones() as usize;
        is_whole.then(|| Self { size, peaks: peaks.to_vec() })
    }
}

/// The path from one leaf to the root.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// The leaf, counted from 0.
    pub index: u64,
    /// The hashes beside the way, from the leaf up.
    pub siblings: Vec<Hash>,
}

/// A collector of the paths of some leaves, which is shown every leaf once.
#[derive(Clone, Debug)]
pub struct PathBuilder {
    size: u64,
    peaks: Vec<Peak>,
    /// Ascending by index.
    paths: Vec<Path>,
    /// The number of paths whose leaf was shown already.
    met: usize,
}

#[derive(Clone, Debug)]
struct Peak {
    hash: Hash,
    /// The paths that start below it.
    below: Range<usize>,
}

impl PathBuilder {
    /// Creates a builder for the leaves `targets`, counted from 0 and strictly ascending.
    pub fn new(targets: &[u64]) -> Self {
        Self::after(&Tree::default(), targets)
    }

    /// Creates a builder like [`PathBuilder::new`] that continues after `tree`; no target is a leaf
    /// of that tree.
    pub fn after(tree: &Tree, targets: &[u64]) -> Self {
        assert!(targets.is_sorted_by(|one, next| one < next), "`push` meets one at a time");
        assert!(
            targets.first().is_none_or(|first| *first >= tree.size),
            "a leaf in the tree cannot be shown again"
        );
        let paths = targets.iter().map(|&index| Path { index, siblings: Vec::new() }).collect();
        let peaks = tree.peaks.iter().map(|&hash| Peak { hash, below: 0..0 }).collect();
        Self { size: tree.size, peaks, paths, met: 0 }
    }

    /// Takes the next leaf, which may be a target.
    pub fn push(&mut self, leaf: Hash) {
        let is_target = self.paths.get(self.met).is_some_and(|path| path.index == self.size);
        let below = self.met..self.met + usize::from(is_target);
        self.met = below.end;
        let mut peak = Peak { hash: leaf, below };
        for _ in 0..self.size.trailing_ones() {
            let left = self.peaks.pop().expect("there is a peak for each 1 of the size");
            peak = self.join(left, peak);
        }
        self.peaks.push(peak);
        self.size += 1;
        debug_assert_eq!(self.peaks.len(), self.size.count_ones() as usize, "a carry joins peaks");
    }

    /// Returns whether every target was shown.
    pub fn has_met_all(&self) -> bool {
        self.met == self.paths.len()
    }

    /// Returns the paths in the tree of all `size` leaves that were shown, in the order of the
    /// targets.
    pub fn finish(mut self, size: u64) -> Vec<Path> {
        assert_eq!(self.size, size, "without every leaf the paths lead to another root");
        assert!(self.has_met_all(), "a target beyond the last leaf has no path");
        while let Some(right) = self.peaks.pop() {
            let Some(left) = self.peaks.pop() else { break };
            let joined = self.join(left, right);
            self.peaks.push(joined);
        }
        let is_within = |path: &Path| path.siblings.len() <= PATH_HASHES_MAX;
        debug_assert!(self.paths.iter().all(is_within), "a proof refuses longer paths");
        self.paths
    }

    /// Joins two peaks, each of which is the sibling on the paths below the other.
    fn join(&mut self, left: Peak, right: Peak) -> Peak {
        debug_assert!(
            left.below.end <= right.below.start || right.below.is_empty(),
            "targets ascend"
        );
        for path in &mut self.paths[left.below.clone()] {
            path.siblings.push(right.hash);
        }
        for path in &mut self.paths[right.below.clone()] {
            path.siblings.push(left.hash);
        }
        // Targets ascend, so the paths below both are one range; a side without targets adds none.
        let below = match (left.below.is_empty(), right.below.is_empty()) {
            (true, _) => right.below,
            (_, true) => left.below,
            _ => left.below.start..right.below.end,
        };
        Peak { hash: node(&left.hash, &right.hash), below }
    }
}

/// Returns whether `leaf` is leaf `path.index` of the tree of `size` leaves with root `root`.
///
/// The algorithm of RFC 9162, section 2.1.3.2.
pub fn verify(leaf: Hash, path: &Path, size: u64, root: &Hash) -> bool {
    root_by(leaf, path, size).is_some_and(|found| found == *root)
}

/// Returns the root to which `path` leads from `leaf` in a tree of `size` leaves, if it is a path
/// there.
pub(crate) fn root_by(leaf: Hash, path: &Path, size: u64) -> Option<Hash> {
    if path.index >= size {
        return None;
    }
    let (mut at, mut last) = (path.index, size - 1);
    let mut hash = leaf;
    for sibling in &path.siblings {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            hash = node(sibling, &hash);
            // Levels on which there is nothing beside us: the last leaf may be on its own for a
            // few.
            while at % 2 == 0 && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            hash = node(&hash, sibling);
        }
        at /= 2;
        last /= 2;
    }
    (last == 0).then_some(hash)
}

/// Returns whether the tree of `size` leaves with `root` begins with the tree of `older_size`
/// leaves with `older_root`, by the proof of [`Tree::consistency`].
///
/// The algorithm of RFC 9162, section 2.1.4.2.
pub fn verify_consistency(
    (older_size, older_root): (u64, &Hash),
    (size, root): (u64, &Hash),
    proof: &[Hash],
) -> bool {
    if older_size == 0 || older_size >= size {
        return older_size != 0 && older_size == size && older_root == root && proof.is_empty();
    }
    let (mut at, mut last) = (older_size - 1, size - 1);
    while at % 2 == 1 {
        at /= 2;
        last /= 2;
    }
    // The root of a tree whose size is a power of two is its last peak, and not in the proof.
    let is_peak = older_size.is_power_of_two();
    let (start, rest) = match (is_peak, proof.split_first()) {
        (true, _) => (older_root, proof),
        (false, Some((first, rest))) => (first, rest),
        (false, None) => return false,
    };
    let (mut older, mut newer) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            older = node(sibling, &older);
            newer = node(sibling, &newer);
            while at % 2 == 0 && at != 0 {
                at /= 2;
                last /= 2;
            }
        } else {
            newer = node(&newer, sibling);
        }
        at /= 2;
        last /= 2;
    }
    last == 0 && older == *older_root && newer == *root
}

#[cfg(test)]
mod tests;
