use std::fs;

use super::*;
use crate::Epoch;

const LOG: LogId = LogId([3; 16]);

fn mark(epoch: u32, end: u64) -> Mark {
    Mark { log_id: LOG, epoch: Epoch(epoch), end: Lsn(end), hash: [9; 32] }
}

fn damage_slot(path: &Path, slot: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[slot * SLOT_BYTES + 30] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_newest_mark_is_found_whichever_slot_it_is_in() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("high-water");
    HighWaterFile::create(&path, LOG).unwrap();
    for (epoch, end) in [(1, 0), (1, 5), (1, 9), (2, 9), (3, 9), (3, 12)] {
        let mut file = HighWaterFile::open(&path, LOG).unwrap();
        file.write(mark(epoch, end)).unwrap();
        assert_eq!(HighWaterFile::open(&path, LOG).unwrap().newest(), mark(epoch, end));
    }
}

#[test]
fn one_torn_slot_costs_one_mark_and_two_are_damage() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("high-water");
    HighWaterFile::create(&path, LOG).unwrap();
    let mut file = HighWaterFile::open(&path, LOG).unwrap();
    file.write(mark(1, 5)).unwrap();
    file.write(mark(1, 9)).unwrap();
    let newest_slot = (file.next_slot + 1) % SLOTS_COUNT;
    damage_slot(&path, newest_slot);
    let file = HighWaterFile::open(&path, LOG).unwrap();
    assert_eq!(file.newest(), mark(1, 5));
    assert_eq!(file.next_slot, newest_slot, "the bad slot is the one to overwrite");
    damage_slot(&path, file.next_slot ^ 1);
    let error = HighWaterFile::open(&path, LOG).unwrap_err();
    assert!(matches!(error, JournalError::Damaged(it) if it.kind == DamageKind::HighWater));
}

#[test]
fn a_missing_or_foreign_file_is_damage() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("high-water");
    assert!(matches!(HighWaterFile::open(&path, LOG), Err(JournalError::Damaged(_))));
    HighWaterFile::create(&path, LogId([4; 16])).unwrap();
    assert!(matches!(HighWaterFile::open(&path, LOG), Err(JournalError::Damaged(_))));
}
