//! Files that version 1 wrote are still read. They are never changed or removed.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

use kirana_storage::checkpoint::{self, ListedCheckpoint};
use kirana_storage::{
    Access, ChainMark, CheckpointHead, Epoch, LogId, Lsn, Proof, ProofBasis, TableSet,
};

const LOG: LogId = LogId(*b"golden log no. 1");

fn package_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The rows of the golden table: small ones, an empty value, and one that has a block of its own.
fn rows() -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows: Vec<_> = (0..300)
        .map(|number| (format!("order {number:05}").into_bytes(), vec![b'v'; number % 90]))
        .collect();
    rows.push((b"zone".to_vec(), b"1234567 ".repeat(5_000)));
    rows
}

fn mark() -> ChainMark {
    let (epoch, batch_number, hash) = (Epoch(7), 12, [0xab; 32]);
    ChainMark { log_id: LOG, epoch, batch_number, lsn: Lsn(43), hash }
}

fn state() -> Vec<u8> {
    b"the state as of record 43 ".repeat(25_000)
}

#[test]
fn the_golden_table_of_version_1_is_still_read() {
    let dir = package_file("golden/history-v1");
    let set = TableSet::open(&dir, LOG, Lsn(43), Access::Read).unwrap();
    set.verify().unwrap();
    let found: Vec<_> = set.iter_from(b"").unwrap().map(Result::unwrap).collect();
    assert_eq!(found, rows());
    assert_eq!(set.get(b"order 00017").unwrap(), Some(vec![b'v'; 17]));
}

#[test]
fn the_golden_checkpoint_of_version_1_is_still_read() {
    let found = checkpoint::list(&package_file("golden/checkpoints-v1"), LOG).unwrap();
    let [ListedCheckpoint::Good(file)] = &found[..] else { panic!("{found:?}") };
    let head =
        CheckpointHead { mark: mark(), at_ms: 1_750_000_000_123, digest: [3; 32], schema: 9 };
    assert_eq!(*file.head(), head);
    let mut read = Vec::new();
    file.read(&mut |block| read.extend_from_slice(block)).unwrap();
    assert!(read == state());
}

#[test]
fn the_golden_proof_of_version_1_is_still_accepted() {
    let text = fs::read_to_string(package_file("golden/proof-v1.txt")).unwrap();
    let proof = Proof::parse(&text).unwrap();
    assert_eq!(proof.encode(), text);
    let key = proof.head().signed_by().copied().unwrap();
    let verified = proof.verify(None, Some(&key)).unwrap();
    assert_eq!(verified.basis, ProofBasis { head: None, has_key: true });
    let records: Vec<_> = verified.records.iter().map(|it| (it.lsn.0, &it.record[..])).collect();
    assert_eq!(records, [(1, &b""[..]), (3, b"record 3"), (11, b"record 11")]);
}

#[test]
fn the_golden_proof_of_version_2_is_still_accepted() {
    let text = fs::read_to_string(package_file("golden/proof-v2.txt")).unwrap();
    let proof = Proof::parse(&text).unwrap();
    assert_eq!(proof.encode(), text);
    let key = proof.head().signed_by().copied().unwrap();
    let verified = proof.verify(None, Some(&key)).unwrap();
    assert!(verified.basis.has_key && verified.is_complete);
    assert_eq!(verified.subject, Some([8; 16]));
    assert_eq!(verified.older.map(|older| older.head().lsn), Some(Lsn(9)));
    let lsns: Vec<_> = verified.records.iter().map(|it| it.lsn.0).collect();
    assert_eq!(lsns, [1, 4, 5, 21]);
}

#[test]
fn the_drawings_in_format_md_are_of_these_sources() {
    let format = fs::read_to_string(package_file("FORMAT.md")).unwrap();
    for source in ["block.rs", "table/layout.rs", "table/rows.rs", "checkpoint/layout.rs"] {
        let hash = blake3::hash(&fs::read(package_file("src").join(source)).unwrap());
        let line = format!("{source}: blake3 {hash}");
        assert!(format.contains(&line), "revisit FORMAT.md, then put this line into it:\n{line}");
    }
}
