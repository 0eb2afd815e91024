use super::*;
use crate::{Epoch, LogId};

fn mark(epoch: u32, end: u64) -> Mark {
    Mark { log_id: LogId([3; 16]), epoch: Epoch(epoch), end: Lsn(end), hash: [9; 32] }
}

/// Writes the file as releases up to version 3 of the format did.
pub(in crate::sled_journal) fn write(path: &Path, marks: [Mark; 2]) {
    let mut bytes = vec![0; 8_192];
    for (slot, mark) in SLOTS.into_iter().zip(marks) {
        bytes[slot..slot + MARK_BYTES].copy_from_slice(&mark.encode(MAGIC));
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn the_newest_mark_is_found_whichever_slot_it_is_in_and_one_may_be_torn() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("high-water");
    for (one, other) in [((1, 9), (1, 5)), ((1, 5), (2, 5)), ((3, 12), (3, 9))] {
        let (one, other) = (mark(one.0, one.1), mark(other.0, other.1));
        let newest = if (one.epoch, one.end) > (other.epoch, other.end) { one } else { other };
        for slots in [[one, other], [other, one]] {
            write(&path, slots);
            assert_eq!(newest_in(&path), Ok(newest));
            let mut bytes = fs::read(&path).unwrap();
            bytes[30] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!(newest_in(&path), Ok(slots[1]));
            bytes[4_096 + 30] ^= 1;
            fs::write(&path, &bytes).unwrap();
            let torn = newest_in(&path).unwrap_err();
            assert!(matches!(torn, JournalError::Damaged(it) if it.kind == DamageKind::HighWater));
        }
    }
    fs::remove_file(&path).unwrap();
    assert!(matches!(newest_in(&path), Err(JournalError::Damaged(_))));
}
