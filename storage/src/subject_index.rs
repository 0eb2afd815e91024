//! The index of the subjects of a log: which records are about each of them, and that these are
//! all.
//!
//! A record may have a subject, which its owner names; an order, for one. The index is a Merkle
//! tree whose leaves are the subjects, each with the positions of all records about it. Its root
//! stands in a [`Head`](crate::Head). So a proof that leaves out a record about its subject is
//! found out: the positions are those under the root, or the index itself is wrong, which shows to
//! everybody who has the log.

use crate::Lsn;
use crate::frame::Hash;
use crate::merkle::{self, Path, PathBuilder, Tree};

/// The first byte under the hash of a subject, so that it can be mistaken for no record or node.
const SUBJECT: u8 = 2;
/// The first byte under the hash of the whole index.
const INDEX: u8 = 3;

/// A subject as its owner names it.
pub type SubjectId = [u8; 16];

/// The place of a subject in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectPlace {
    /// The number of subjects in the index.
    pub subjects: u64,
    /// The path of the subject in the tree of the index.
    pub path: Path,
}

/// Returns the rank of a subject. Subjects stand in the index by their rank, which spreads them
/// evenly whatever their ids are, and then by their id.
pub fn rank(id: &SubjectId) -> u64 {
    let hash = blake3::hash(id);
    let first = hash.as_bytes().first_chunk().expect("a hash has 32 bytes");
    u64::from_be_bytes(*first)
}

fn leaf(id: &SubjectId, lsns: impl IntoIterator<Item = Lsn>) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[SUBJECT]).update(id);
    for lsn in lsns {
        hasher.update(&lsn.0.to_le_bytes());
    }
    hasher.finalize().into()
}

fn root_of(subjects: u64, tree: &Hash) -> Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[INDEX]).update(&subjects.to_le_bytes()).update(tree);
    hasher.finalize().into()
}

/// An index that is made subject by subject, in their order.
#[derive(Clone, Debug, Default)]
pub struct SubjectIndex {
    tree: Tree,
    /// The way of the subject that is wanted, once it was met.
    wanted: Option<PathBuilder>,
    last: Option<(u64, SubjectId)>,
}

impl SubjectIndex {
    /// Adds the next subject, with the positions of all records about it, ascending; at least one.
    /// One may be wanted: its place is given by [`SubjectIndex::finish`].
    pub fn push(&mut self, id: &SubjectId, lsns: &[Lsn], is_wanted: bool) {
        assert!(!lsns.is_empty() && lsns.is_sorted_by(|one, next| one < next), "records ascend");
        let place = (rank(id), *id);
        assert!(self.last.is_none_or(|last| last < place), "a subject has one place");
        self.last = Some(place);
        if is_wanted {
            assert!(self.wanted.is_none(), "one subject is wanted");
            self.wanted = Some(PathBuilder::after(&self.tree, &[self.tree.size()]));
        }
        let leaf = leaf(id, lsns.iter().copied());
        self.tree.push(leaf);
        if let Some(wanted) = &mut self.wanted {
            wanted.push(leaf);
        }
    }

    /// Returns the hash of the whole index, and the place of the wanted subject.
    pub fn finish(self) -> (Hash, Option<SubjectPlace>) {
        let subjects = self.tree.size();
        let place = self.wanted.map(|builder| {
            let path =
                builder.finish(subjects).pop().expect("a builder has the path of its target");
            SubjectPlace { subjects, path }
        });
        (root_of(subjects, &self.tree.root()), place)
    }
}

/// Returns whether the records at `lsns` are all about the subject, by the index with that hash.
pub fn verify(
    id: &SubjectId,
    lsns: impl IntoIterator<Item = Lsn>,
    place: &SubjectPlace,
    index: &Hash,
) -> bool {
    let leaf = leaf(id, lsns);
    merkle::root_by(leaf, &place.path, place.subjects)
        .is_some_and(|root| root_of(place.subjects, &root) == *index)
}

#[cfg(test)]
mod tests;
