use super::*;

fn leaves(count: u64) -> Vec<Hash> {
    (1..=count).map(|lsn| leaf(Lsn(lsn), &lsn.to_be_bytes())).collect()
}

fn tree(leaves: &[Hash]) -> Tree {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree
}

/// The greatest power of two that is less than `count`.
fn split(count: usize) -> usize {
    count.next_power_of_two() / 2
}

/// The definition of RFC 6962, word for word.
fn naive_root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => blake3::hash(b"").into(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node(&naive_root(left), &naive_root(right))
        }
    }
}

fn naive_path(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let middle = split(leaves.len());
    let (left, right) = leaves.split_at(middle);
    let (mut path, sibling) = if index < middle {
        (naive_path(left, index), naive_root(right))
    } else {
        (naive_path(right, index - middle), naive_root(left))
    };
    path.push(sibling);
    path
}

fn built_paths(leaves: &[Hash], targets: &[u64]) -> Vec<Path> {
    let mut builder = PathBuilder::new(targets);
    leaves.iter().for_each(|leaf| builder.push(*leaf));
    builder.finish(leaves.len() as u64)
}

#[test]
fn roots_and_paths_are_those_of_the_definition() {
    let all = leaves(130);
    for size in 0..=all.len() {
        let leaves = &all[..size];
        let root = naive_root(leaves);
        assert_eq!(tree(leaves).root(), root, "{size} leaves");
        let targets: Vec<u64> = (0..size as u64).collect();
        let paths = built_paths(leaves, &targets);
        for (index, path) in paths.iter().enumerate() {
            assert_eq!(path.siblings, naive_path(leaves, index), "leaf {index} of {size}");
            assert_eq!(path.index, index as u64);
            assert!(verify(leaves[index], path, size as u64, &root));
        }
    }
}

#[test]
fn paths_of_some_leaves_are_those_of_all() {
    let leaves = leaves(1_000);
    let all = built_paths(&leaves, &(0..1_000).collect::<Vec<_>>());
    for targets in [&[][..], &[0], &[999], &[3, 4, 511, 512, 998], &[700, 701]] {
        let expected: Vec<_> =
            targets.iter().map(|&at| all[usize::try_from(at).unwrap()].clone()).collect();
        assert_eq!(built_paths(&leaves, targets), expected);
        let start = targets.first().map_or(1_000, |&first| usize::try_from(first).unwrap());
        for known in [0, start.min(1), start / 2, start] {
            let mut builder = PathBuilder::after(&tree(&leaves[..known]), targets);
            leaves[known..].iter().for_each(|leaf| builder.push(*leaf));
            assert_eq!(builder.finish(1_000), expected, "the first {known} are known");
        }
    }
}

#[test]
fn nothing_else_is_proved() {
    for size in [1_u64, 2, 3, 7, 8, 13, 64, 65] {
        let leaves = leaves(size);
        let root = tree(&leaves).root();
        for path in built_paths(&leaves, &(0..size).collect::<Vec<_>>()) {
            let leaf = leaves[usize::try_from(path.index).unwrap()];
            assert!(verify(leaf, &path, size, &root));
            assert!(!verify([0; 32], &path, size, &root), "another leaf");
            assert!(!verify(leaf, &path, size, &[0; 32]), "another root");
            for index in (0..size + 70).filter(|index| *index != path.index) {
                let siblings = path.siblings.clone();
                assert!(!verify(leaf, &Path { index, siblings }, size, &root), "another place");
            }
            let mut longer = path.clone();
            longer.siblings.push([0; 32]);
            assert!(!verify(leaf, &longer, size, &root));
            for at in 0..path.siblings.len() {
                let mut other = path.clone();
                other.siblings[at][7] ^= 1;
                assert!(!verify(leaf, &other, size, &root));
                other.siblings.remove(at);
                assert!(!verify(leaf, &other, size, &root));
            }
        }
    }
    assert!(!verify([0; 32], &Path::default(), 0, &Tree::default().root()));
}

#[test]
fn a_record_is_bound_to_its_place_and_is_no_node() {
    let (one, other) = ([1; 32], [2; 32]);
    assert_ne!(leaf(Lsn(1), b"x"), leaf(Lsn(2), b"x"));
    let record = [one, other].concat();
    let as_leaf = leaf(Lsn(u64::from_le_bytes(record[..8].try_into().unwrap())), &record[8..]);
    assert_ne!(as_leaf, node(&one, &other));
}

#[test]
fn a_tree_goes_on_from_its_bytes() {
    let leaves = leaves(100);
    for size in 0..leaves.len() {
        let bytes = tree(&leaves[..size]).encode();
        let mut decoded = Tree::decode(&bytes).unwrap();
        assert_eq!(decoded, tree(&leaves[..size]));
        leaves[size..].iter().for_each(|leaf| decoded.push(*leaf));
        assert_eq!(decoded.root(), naive_root(&leaves));
        assert_eq!(Tree::decode(&bytes[..bytes.len() - 1]), None);
        assert_eq!(Tree::decode(&[&bytes[..], &[0; 32]].concat()), None);
    }
}

/// The definition of RFC 6962, section 2.1.2, word for word.
fn naive_consistency(leaves: &[Hash], size: usize, is_whole: bool) -> Vec<Hash> {
    if size == leaves.len() {
        return if is_whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut proof, sibling) = if size <= left.len() {
        (naive_consistency(left, size, is_whole), naive_root(right))
    } else {
        (naive_consistency(right, size - left.len(), false), naive_root(left))
    };
    proof.push(sibling);
    proof
}

fn consistency(leaves: &[Hash], size: usize) -> Vec<Hash> {
    let path = built_paths(leaves, &[size as u64 - 1]).remove(0);
    tree(&leaves[..size]).consistency(&path, leaves.len() as u64)
}

#[test]
fn a_log_that_has_grown_is_shown_to_begin_with_the_older_one() {
    let all = leaves(70);
    for size in 1..=all.len() {
        let (leaves, root) = (&all[..size], tree(&all[..size]).root());
        for older in 1..=size {
            let (proof, older_root) = (consistency(leaves, older), tree(&all[..older]).root());
            assert_eq!(proof, naive_consistency(leaves, older, true), "{older} of {size}");
            let from = (older as u64, &older_root);
            let holds = |from, to, proof: &[Hash]| verify_consistency(from, to, proof);
            assert!(holds(from, (size as u64, &root), &proof), "{older} of {size}");
            assert!(!holds((older as u64, &[7; 32]), (size as u64, &root), &proof));
            assert!(!holds(from, (size as u64, &[7; 32]), &proof));
            assert!(!holds((older as u64 + 1, &older_root), (size as u64, &root), &proof));
            assert!(!holds(from, (size as u64, &root), &[&proof[..], &[[0; 32]]].concat()));
            for at in 0..proof.len() {
                let mut other = proof.clone();
                other[at][3] ^= 1;
                assert!(!holds(from, (size as u64, &root), &other), "{older} of {size}");
                other.remove(at);
                assert!(!holds(from, (size as u64, &root), &other), "{older} of {size}");
            }
        }
    }
    assert!(!verify_consistency((0, &tree(&[]).root()), (2, &tree(&all[..2]).root()), &[]));
    assert!(!verify_consistency((3, &[0; 32]), (2, &[0; 32]), &[]));
}
