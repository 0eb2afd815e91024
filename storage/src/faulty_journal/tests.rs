use super::*;
use crate::conformance::{batch, journal_conformance};
use crate::{MemoryDisk, MemoryJournal};

journal_conformance!(conformance, {
    let disk = crate::MemoryDisk::new();
    move || crate::FaultyJournal::new(crate::MemoryJournal::open(&disk).unwrap(), [])
});

/// Appends groups of three batches until one fails; answers how many succeeded, the error, and
/// where the log ends after a restart.
fn run(faults: &[Fault]) -> (u64, JournalError, Lsn) {
    let disk = MemoryDisk::new();
    let mut journal = FaultyJournal::new(MemoryJournal::open(&disk).unwrap(), faults);
    for done in 0.. {
        let first = Lsn(done * 3 + 1);
        let group = [batch(first, 1), batch(first.plus(1), 1), batch(first.plus(2), 1)];
        if let Err(error) = journal.append(&group) {
            assert_eq!(journal.append(&[]), Err(JournalError::Poisoned));
            assert_eq!(Box::new(journal).close(), Err(JournalError::Poisoned));
            return (done, error, MemoryJournal::open(&disk).unwrap().end());
        }
    }
    unreachable!("a fault was due");
}

#[test]
fn the_nth_append_fails_and_leaves_nothing() {
    let (done, error, end) = run(&[Fault::FailAt(3)]);
    assert!(matches!(error, JournalError::Io { .. }));
    assert_eq!((done, end), (2, Lsn(6)));
}

#[test]
fn the_nth_append_finds_the_disk_full() {
    let (done, error, end) = run(&[Fault::FullAt(1)]);
    assert!(matches!(error, JournalError::Full { .. }));
    assert_eq!((done, end), (0, Lsn(0)));
}

#[test]
fn a_torn_append_leaves_a_prefix_of_whole_batches() {
    let ends: Vec<_> = (1..20).map(|at| run(&[Fault::TearAt(at)])).collect();
    for (done, error, end) in &ends {
        assert!(matches!(error, JournalError::Io { .. }));
        assert!((done * 3..done * 3 + 3).contains(&end.0));
    }
    assert!(ends.iter().any(|(done, _, end)| end.0 > done * 3), "some prefix is not empty");
}

#[test]
fn a_stalled_append_succeeds_late() {
    let stall = Duration::from_millis(20);
    let start = std::time::Instant::now();
    let (done, _, _) = run(&[Fault::StallAt(1, stall), Fault::FailAt(4)]);
    assert_eq!(done, 3);
    assert!(start.elapsed() >= stall);
}

#[test]
fn a_seed_always_gives_the_same_fault_in_range() {
    for seed in 0..500 {
        let fault = Fault::from_seed(seed, 10);
        assert_eq!(fault, Fault::from_seed(seed, 10));
        assert!((1..=10).contains(&fault.at()), "{fault:?}");
    }
}
