use super::*;
use crate::conformance::{batch, journal_conformance, read_all};

journal_conformance!(conformance, {
    let disk = crate::MemoryDisk::new();
    move || crate::MemoryJournal::open(&disk).unwrap()
});

#[test]
fn a_crash_drops_what_was_not_synced() {
    let disk = MemoryDisk::new();
    let mut journal = MemoryJournal::open(&disk).unwrap();
    journal.append(&[batch(Lsn(1), 2)]).unwrap();
    disk.fail_syncs();
    let group = [batch(Lsn(3), 1), batch(Lsn(4), 1)];
    assert!(matches!(journal.append(&group), Err(JournalError::Io { .. })));
    assert_eq!(journal.append(&group), Err(JournalError::Poisoned));
    assert_eq!(journal.end(), Lsn(2));
    disk.crash();
    assert_eq!(MemoryJournal::open(&disk).unwrap().end(), Lsn(2));
}

#[test]
fn a_crash_may_keep_a_prefix_of_whole_batches() {
    for kept in 0..=2 {
        let disk = MemoryDisk::new();
        let mut journal = MemoryJournal::open(&disk).unwrap();
        disk.fail_syncs();
        journal.append(&[batch(Lsn(1), 3), batch(Lsn(4), 3)]).unwrap_err();
        disk.crash_keeping(kept);
        let journal = MemoryJournal::open(&disk).unwrap();
        let expected: Vec<_> = (1..=3 * kept as u64).collect();
        assert_eq!(read_all(&*journal.reader(), Lsn(1)), expected);
    }
}

#[test]
fn a_journal_from_before_the_crash_is_dead() {
    let disk = MemoryDisk::new();
    let mut before = MemoryJournal::open(&disk).unwrap();
    disk.crash();
    let mut after = MemoryJournal::open(&disk).unwrap();
    assert_eq!(before.append(&[batch(Lsn(1), 1)]), Err(JournalError::Poisoned));
    assert_eq!(after.append(&[batch(Lsn(1), 1)]), Ok(Lsn(1)));
    assert_eq!(before.reader().batch_at(Lsn(1)), Err(JournalError::Closed));
    assert_eq!(Box::new(before).close(), Err(JournalError::Poisoned));
}

#[test]
fn a_flipped_bit_is_damage_at_its_record() {
    let disk = MemoryDisk::new();
    let mut journal = MemoryJournal::open(&disk).unwrap();
    journal.append(&[batch(Lsn(1), 3), batch(Lsn(4), 3)]).unwrap();
    drop(journal);
    disk.flip_bit(1, 12_345);
    let error = MemoryJournal::open(&disk).unwrap_err();
    assert!(matches!(error, JournalError::Damaged(damage) if damage.lsn == Lsn(4)));
}
