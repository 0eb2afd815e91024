//! The commit tail in the life of a log: what the databases lack is taken from it.

use super::*;
use crate::{Archive, ReadOnlyLog};

/// Puts the databases of `older` in the place of those in `dir`, as if nothing since had reached
/// the disk but the tail.
fn put_back(older: &Path, dir: &Path) {
    files::copy_dir_anew(older, &dir.join("log")).unwrap();
}

/// A log of 200 records, dropped or closed, whose databases end at record 100.
pub(super) fn behind(dir: &Path, close: bool) -> Lsn {
    filled(dir, 5, true);
    files::copy_dir_anew(&dir.join("log"), &dir.join("older")).unwrap();
    let end = filled(dir, 5, close);
    put_back(&dir.join("older"), dir);
    fs::remove_dir_all(dir.join("older")).unwrap();
    end
}

/// Changes the bytes of the tail.
fn harm(dir: &Path, change: impl FnOnce(&mut [u8])) {
    let mut bytes = fs::read(dir.join("tail")).unwrap();
    change(&mut bytes);
    fs::write(dir.join("tail"), bytes).unwrap();
}

/// The byte at which the group that holds `lsn` starts.
fn group_with(dir: &Path, lsn: u64) -> usize {
    let mut first = fs::read(dir.join("tail")).unwrap();
    for (number, page) in first.chunks_mut(4_096).enumerate() {
        let number_at = |page: &[u8], at| u64::from_le_bytes(page[at..at + 8].try_into().unwrap());
        let (end, after) = (number_at(page, 28), number_at(page, 100));
        if page.starts_with(b"KTAL") && after < lsn && lsn <= end {
            return number * 4_096;
        }
    }
    panic!("no group holds {lsn}");
}

#[test]
fn what_the_databases_lack_comes_from_the_tail_once_and_in_order() {
    for close in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let end = behind(dir.path(), close);
        let mut seen = Lsn::ZERO;
        let options = Options::default();
        let on_frame = &mut |frame: &StoredFrame, _: Progress| {
            assert_eq!(frame.first_lsn(), seen.next());
            seen = frame.last_lsn();
            Ok(())
        };
        let opened = SledJournal::open_replaying(dir.path(), &options, Lsn::ZERO, &[], on_frame);
        let mut journal = opened.unwrap();
        assert_eq!((journal.end(), journal.shared.settled(), seen), (end, end, end));
        assert_eq!(read_all(&*journal.reader(), Lsn(1)), (1..=end.0).collect::<Vec<_>>());
        journal.append(&[batch(end.next(), 1)]).unwrap();
        drop(journal);
        assert_eq!(open(dir.path()).unwrap().end(), end.next());
    }
}

#[test]
fn tools_read_what_only_the_tail_has_and_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let end = behind(dir.path(), false);
    let before = fs::read(dir.path().join("log/db")).unwrap();
    let log = ReadOnlyLog::open(dir.path(), None).unwrap();
    assert_eq!((log.problems(), log.end()), (&[][..], end));
    assert_eq!(read_all(&log, Lsn(1)), (1..=end.0).collect::<Vec<_>>());
    assert!(fs::read(dir.path().join("log/db")).unwrap() == before);
}

#[test]
fn a_group_that_is_needed_and_damaged_is_named_and_one_that_is_not_is_harmless() {
    let dir = tempfile::tempdir().unwrap();
    behind(dir.path(), false);
    let start = group_with(dir.path(), 130);
    harm(dir.path(), |bytes| bytes[start + 500] ^= 1);
    for _ in 0..2 {
        let damage = damage_of(dir.path());
        assert_eq!((damage.kind, damage.lsn), (DamageKind::Missing, Lsn(121)));
        assert_eq!(damage.through, Some(Lsn(140)));
        assert!(damage.detail.contains(&format!("bytes {start}..")), "{damage}");
    }
    let log = ReadOnlyLog::open(dir.path(), None).unwrap();
    assert_eq!((log.end(), log.problems().len()), (Lsn(120), 1));
    drop(log);

    let dir = tempfile::tempdir().unwrap();
    let end = filled(dir.path(), 5, false);
    let start = group_with(dir.path(), 30);
    harm(dir.path(), |bytes| bytes[start + 500] ^= 1);
    assert_eq!(open(dir.path()).unwrap().end(), end);
}

#[test]
fn a_group_that_was_never_finished_is_left_out() {
    let dir = tempfile::tempdir().unwrap();
    behind(dir.path(), false);
    let start = group_with(dir.path(), 200);
    harm(dir.path(), |bytes| bytes[start + 4_096..start + 8_192].fill(0));
    let mut journal = open(dir.path()).unwrap();
    assert_eq!(journal.end(), Lsn(180));
    journal.append(&[batch(Lsn(181), 7)]).unwrap();
    drop(journal);
    assert_eq!(read_all(&*open(dir.path()).unwrap().reader(), Lsn(1)).len(), 187);
}

#[test]
fn a_log_without_its_tail_or_with_that_of_another_is_refused() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path(), 5, true);
    filled(other.path(), 5, true);
    let tail = dir.path().join("tail");
    let whole = fs::read(&tail).unwrap();
    fs::copy(other.path().join("tail"), &tail).unwrap();
    assert_eq!(damage_of(dir.path()).kind, DamageKind::HighWater);
    fs::write(&tail, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(damage_of(dir.path()).kind, DamageKind::HighWater);
    fs::remove_file(&tail).unwrap();
    assert_eq!(damage_of(dir.path()).kind, DamageKind::HighWater);
    fs::write(&tail, &whole).unwrap();
    assert_eq!(open(dir.path()).unwrap().end(), Lsn(100));
}

#[test]
fn more_than_the_tail_holds_is_settled_on_the_way_and_a_group_may_be_larger_than_a_half() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path()).unwrap();
    let group = |end: Lsn| -> Vec<Batch> {
        let batches = (0..120).map(|number| {
            let mut batch = Batch::new(end.plus(number + 1));
            batch.try_push(&vec![7; 60_000]).unwrap();
            batch
        });
        batches.collect()
    };
    for number in 1..=4 {
        let group = group(journal.end());
        assert_eq!(journal.append(&group), Ok(Lsn(number * 120)));
    }
    let larger = [group(Lsn(480)), group(Lsn(600))].concat();
    assert_eq!(journal.append(&larger), Ok(Lsn(720)));
    assert_eq!(journal.reader().read(Lsn(1)).map(Result::unwrap).count(), 720);
    drop(journal);
    let journal = open(dir.path()).unwrap();
    assert_eq!(journal.reader().read(Lsn(1)).map(Result::unwrap).count(), 720);
}

#[test]
fn when_the_databases_fail_nothing_more_is_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path()).unwrap();
    journal.append(&[batch(Lsn(1), 3)]).unwrap();
    let failed = JournalError::Full { doing: "syncing the log".to_owned() };
    journal.shared.fail(failed.clone());
    assert_eq!(journal.append(&[batch(Lsn(4), 1)]), Err(failed));
    assert_eq!(journal.append(&[batch(Lsn(4), 1)]), Err(JournalError::Poisoned));
    assert_eq!(Box::new(journal).close(), Err(JournalError::Poisoned));
    assert_eq!(read_all(&*open(dir.path()).unwrap().reader(), Lsn(1)), [1, 2, 3]);
}

#[test]
fn an_empty_database_goes_on_where_the_tail_does() {
    let dir = tempfile::tempdir().unwrap();
    filled_in(dir.path(), 10, &[5], true);
    let mut journal = open(dir.path()).unwrap();
    archive::archive_and_trim(&journal, Lsn(200));
    journal.trimmer().begin_database(0).unwrap();
    assert_eq!(journal.trimmer().trim(Lsn(200)), Ok(Lsn(201)));
    files::copy_dir_anew(&dir.path().join("log"), &dir.path().join("older")).unwrap();
    journal.append(&[batch(Lsn(201), 5), batch(Lsn(206), 5)]).unwrap();
    drop(journal);
    put_back(&dir.path().join("older"), dir.path());
    let archive = Archive::scan(
        &dir.path().join("archive"),
        SledJournal::log_id_in(dir.path()).unwrap().unwrap(),
    );
    assert_eq!(archive.unwrap().end().lsn, Lsn(200));
    let log = ReadOnlyLog::open(dir.path(), None).unwrap();
    assert_eq!((log.problems(), log.end()), (&[][..], Lsn(210)));
    assert_eq!(read_all(&log, Lsn(1)).len(), 210);
    drop(log);
    let journal = open(dir.path()).unwrap();
    assert_eq!(read_all(&*journal.reader(), Lsn(1)).len(), 210);
    assert_eq!(journal.trimmer().first(), Ok(Lsn(201)));
}

#[test]
fn a_log_of_version_3_gets_a_tail_and_one_that_an_opening_has_left_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 5, true);
    let (tail, marks) = (dir.path().join("tail"), dir.path().join("high-water"));
    let newest = TailContent::read(&tail).unwrap().newest;
    let lower = |version| {
        let mut bytes = fs::read(dir.path().join("FORMAT")).unwrap();
        bytes[4] = version;
        let sum = blake3::hash(&bytes[..24]);
        bytes[24..].copy_from_slice(sum.as_bytes());
        fs::write(dir.path().join("FORMAT"), bytes).unwrap();
    };
    // The opening was cut off before the version was raised, and the release of before has gone on.
    lower(3);
    high_water::tests::write(&marks, [newest, newest]);
    let stray = Mark { end: Lsn(500), epoch: Epoch(77), ..newest };
    CommitTail::create(&tail, &stray).unwrap();
    let log = ReadOnlyLog::open(dir.path(), None).unwrap();
    assert_eq!((log.problems(), log.high_water().unwrap().lsn), (&[][..], Lsn(100)));
    drop(log);
    let journal = open(dir.path()).unwrap();
    assert_eq!((journal.end(), journal.epoch()), (Lsn(100), newest.epoch.next()));
    assert!(!marks.exists());
    drop(journal);
    // It was cut off after that: what is left of the marks goes.
    high_water::tests::write(&marks, [newest, newest]);
    assert_eq!(open(dir.path()).unwrap().epoch(), newest.epoch.next().next());
    assert!(!marks.exists());
}
