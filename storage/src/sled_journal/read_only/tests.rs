use std::collections::BTreeMap;
use std::time::SystemTime;

use super::*;
use crate::conformance::{batch, read_all};
use crate::sled_journal::tests::{archive, damage, golden, open};
use crate::{Journal, SledJournal};

fn look(dir: &Path) -> Result<ReadOnlyLog, JournalError> {
    ReadOnlyLog::open(dir, None)
}

/// A log of 600 records; of some the archive has 450 and the database only those after 400.
fn log(dir: &Path, is_trimmed: bool, close: bool) {
    let mut journal = open(dir).unwrap();
    for number in 0..60 {
        journal.append(&[batch(Lsn(number * 10 + 1), 10)]).unwrap();
        if is_trimmed && [9, 39, 49].contains(&number) {
            journal.trimmer().begin_database(0).unwrap();
        }
    }
    if is_trimmed {
        for through in [150, 300, 450] {
            archive::archive_and_trim(&journal, Lsn(through));
        }
    }
    if close {
        Box::new(journal).close().unwrap();
    }
}

/// Every file with its bytes and when it was changed.
fn all_files(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut all = BTreeMap::new();
    for path in files::entries(dir).unwrap() {
        if path.is_dir() {
            all.insert(
                path.clone(),
                (Vec::new(), fs::metadata(&path).unwrap().modified().unwrap()),
            );
            all.extend(all_files(&path));
        } else {
            let changed = fs::metadata(&path).unwrap().modified().unwrap();
            all.insert(path.clone(), (fs::read(&path).unwrap(), changed));
        }
    }
    all
}

fn reason(dir: &Path) -> String {
    match look(dir) {
        Err(JournalError::NotALog { path, reason }) if path == dir => reason,
        other => panic!("not named: {other:?}"),
    }
}

#[test]
fn a_log_is_read_as_it_is_and_not_a_byte_of_it_changes() {
    for (is_trimmed, close) in [(true, true), (true, false), (false, true), (false, false)] {
        let (dir, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        log(dir.path(), is_trimmed, close);
        let before = all_files(dir.path());
        let log = ReadOnlyLog::open(dir.path(), Some(scratch.path())).unwrap();
        assert_eq!(log.problems(), []);
        assert_eq!((log.first(), log.end()), (Lsn(1), Lsn(600)));
        assert_eq!(read_all(&log, Lsn(1)), (1..=600).collect::<Vec<_>>());
        assert!((1..=600).all(|lsn| log.batch_at(Lsn(lsn)).unwrap().is_some()));
        assert_eq!(log.batch_at(Lsn(601)), Ok(None));
        assert_eq!(log.frames(Lsn(601)).count(), 0);
        assert_eq!(log.high_water().unwrap().lsn, Lsn(600));
        assert_eq!(log.closed_at().map(|mark| mark.lsn), close.then_some(Lsn(600)));
        assert_eq!(Some(log.log_id()), SledJournal::log_id_in(dir.path()).unwrap());
        assert_eq!(files::entries(scratch.path()).unwrap().len(), 1);
        drop(log);
        assert!(files::entries(scratch.path()).unwrap().is_empty(), "the copy is gone");
        assert_eq!(all_files(dir.path()), before);
    }
}

#[test]
fn a_log_that_is_open_is_refused_and_two_tools_may_look_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let journal = open(dir.path()).unwrap();
    assert_eq!(look(dir.path()).unwrap_err(), JournalError::Locked { path: dir.path().into() });
    drop(journal);
    let (one, two) = (look(dir.path()).unwrap(), look(dir.path()).unwrap());
    assert_eq!((one.end(), two.end()), (Lsn(0), Lsn(0)));
    // Nor do they keep the shop from opening once they have their copies.
    open(dir.path()).unwrap();
}

#[test]
fn a_backup_is_read_to_the_end_of_its_archive() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), true, true);
    for gone in ["log", "LOCK", "tail", "clean"] {
        let path = dir.path().join(gone);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.unwrap();
    }
    fs::write(dir.path().join("head"), "something of others").unwrap();
    let log = look(dir.path()).unwrap();
    assert_eq!(log.problems(), []);
    assert_eq!((log.first(), log.end()), (Lsn(1), Lsn(450)));
    assert_eq!(read_all(&log, Lsn(1)), (1..=450).collect::<Vec<_>>());
    assert_eq!((log.high_water(), log.closed_at()), (None, None));
}

#[test]
fn whatever_is_no_log_is_told_for_what_it_is() {
    let temp = tempfile::tempdir().unwrap();
    let dir = temp.path().join("dir");
    assert_eq!(reason(&dir), "it does not exist");
    fs::write(&dir, "a file").unwrap();
    assert_eq!(reason(&dir), "it is a file");
    fs::remove_file(&dir).unwrap();
    fs::create_dir(&dir).unwrap();
    assert_eq!(reason(&dir), "it is empty");
    fs::write(dir.join("holiday.jpg"), "sun").unwrap();
    assert_eq!(reason(&dir), "it holds holiday.jpg and no file FORMAT");
    let other = temp.path().join("other");
    sled::open(&other).unwrap().insert("a", "b").unwrap();
    assert_eq!(reason(&other), "it holds a sled database that is not the log of a shop");
    fs::remove_file(dir.join("holiday.jpg")).unwrap();
    fs::write(dir.join("FORMAT.new"), "half").unwrap();
    assert_eq!(reason(&dir), "the creation of a log has been started here and not finished");
    assert_eq!(files::entries(&dir).unwrap().len(), 1, "nothing was made");
    fs::write(dir.join("FORMAT"), [7; 56]).unwrap();
    let Err(JournalError::Damaged(damage)) = look(&dir) else { panic!("not damage") };
    assert_eq!(damage.kind, DamageKind::Identity);
}

#[test]
fn a_log_of_release_0_1_0_is_read_and_stays_one() {
    let temp = tempfile::tempdir().unwrap();
    let dir = golden::of_release_0_1_0(temp.path());
    let before = all_files(&dir);
    let log = look(&dir).unwrap();
    assert_eq!((log.problems(), log.end()), (&[][..], Lsn(503)));
    assert_eq!(
        log.frames(Lsn(1)).flatten().map(|frame| frame.records().count()).sum::<usize>(),
        503
    );
    assert_eq!(all_files(&dir), before);
}

#[test]
fn a_damaged_archive_is_told_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), true, true);
    let mut paths = files::entries(&dir.path().join("archive")).unwrap();
    paths.sort();
    fs::remove_file(&paths[0]).unwrap();
    let log = look(dir.path()).unwrap();
    let found: Vec<_> = log.problems().iter().map(|it| (it.kind, it.lsn, it.through)).collect();
    assert_eq!(found, [(DamageKind::Archive, Lsn(1), Some(Lsn(150)))]);
    assert_eq!((log.first(), log.end()), (Lsn(151), Lsn(600)));
    assert_eq!(read_all(&log, Lsn(151)).len(), 450);
    assert!(log.frames(Lsn(1)).next().unwrap().is_err());

    fs::remove_file(&paths[2]).unwrap();
    let log = look(dir.path()).unwrap();
    let found: Vec<_> = log.problems().iter().map(|it| (it.kind, it.lsn, it.through)).collect();
    let gap = (DamageKind::Missing, Lsn(301), Some(Lsn(400)));
    assert_eq!(found, [(DamageKind::Archive, Lsn(1), Some(Lsn(150))), gap]);
    assert_eq!(read_all(&log, Lsn(401)).len(), 200);
}

#[test]
fn the_records_before_damage_are_read_and_the_damage_is_told() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), true, true);
    // A batch that says something else, as a program with a fault would write it.
    let store = Store::open(&dir.path().join("log"), 1 << 20).unwrap();
    store.newest().1.harm(Lsn(521));
    store.sync(Lsn(600)).unwrap();
    store.stop().unwrap();
    let log = look(dir.path()).unwrap();
    let found: Vec<_> = log.problems().iter().map(|it| (it.kind, it.lsn, it.through)).collect();
    assert_eq!(found, [(DamageKind::Frame, Lsn(521), Some(Lsn(530)))]);
    assert_eq!(log.end(), Lsn(520));
    assert_eq!(read_all(&log, Lsn(1)).len(), 520);
}

#[test]
fn a_database_that_is_gone_leaves_the_archive_and_a_word_about_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), true, true);
    fs::remove_dir_all(dir.path().join("log")).unwrap();
    let log = look(dir.path()).unwrap();
    let found: Vec<_> = log.problems().iter().map(|it| (it.kind, it.lsn, it.through)).collect();
    let high_water = log.high_water().unwrap().lsn;
    assert_eq!(found, [(DamageKind::Behind, Lsn(451), Some(high_water))]);
    assert_eq!(read_all(&log, Lsn(1)).len(), 450);
}

#[test]
fn marks_that_are_gone_or_of_another_log_are_told() {
    let dir = tempfile::tempdir().unwrap();
    log(dir.path(), true, true);
    fs::remove_file(dir.path().join("tail")).unwrap();
    let log = look(dir.path()).unwrap();
    assert_eq!(log.problems()[0].kind, DamageKind::HighWater);
    assert_eq!((log.high_water(), log.end()), (None, Lsn(600)));
    drop(log);

    let other = tempfile::tempdir().unwrap();
    drop(open(other.path()).unwrap());
    fs::copy(other.path().join("tail"), dir.path().join("tail")).unwrap();
    assert_eq!(look(dir.path()).unwrap().problems().len(), 1);

    fs::write(dir.path().join("FORMAT"), [7; 56]).unwrap();
    let refused = look(dir.path());
    assert!(refused.is_ok_and(|log| !log.problems().is_empty()), "the marks say which log it is");
}

#[test]
fn any_damage_is_told_or_harmless_and_nothing_wrong_is_read() {
    let seed = std::env::var("KIRANA_SEED").map_or(3, |seed| seed.parse().unwrap());
    println!("KIRANA_SEED={seed}");
    let whole = tempfile::tempdir().unwrap();
    log(whole.path(), true, true);
    for case in 0..40 {
        let mut random = damage::Random((seed + case * 7_919) | 1);
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("copy");
        files::copy_dir_anew(whole.path(), &dir).unwrap();
        let harm = damage::Harm::random(&mut random, &dir);
        harm.apply();
        let log = match look(&dir) {
            Ok(log) => log,
            Err(JournalError::Damaged(_) | JournalError::NotALog { .. }) => continue,
            Err(other) => panic!("case {case}, {harm:?}: {other}"),
        };
        // Whatever is read is what was written, checked by `record`; and it ends with an error or
        // where the log says that it ends.
        let mut next = log.first();
        let mut is_told = !log.problems().is_empty();
        for frame in log.frames(log.first()) {
            let Ok(frame) = frame else {
                is_told = true;
                break;
            };
            assert_eq!(frame.first_lsn(), next, "case {case}, {harm:?}");
            for (lsn, bytes) in frame.records() {
                assert_eq!(bytes, crate::conformance::record(lsn).as_bytes());
            }
            next = frame.last_lsn().next();
        }
        let is_whole = log.first() == Lsn(1) && next == Lsn(601);
        assert!(is_whole || is_told, "case {case}, {harm:?}: silent, to {next}");
    }
}
