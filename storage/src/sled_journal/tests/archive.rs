//! A log of which the archive has the older part, through archiving, trimming, crashes and damage.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

mod gaps;

use super::damage::Random;
use super::*;
use crate::archive::tests::{ByPosition, customer, order};
use crate::label::holds;
use crate::{ArchiveWriter, ChainMark, Indexer, Label, ReadOnlyLog, StoredFrame};

/// Nothing where records are not those of these tests.
struct ByPositionIfAny;

impl Indexer for ByPositionIfAny {
    fn index(&self, record: &[u8], labels: &mut Vec<Label>) -> Option<i64> {
        record.starts_with(b"record ").then(|| ByPosition.index(record, labels)).flatten()
    }
}

/// Writes what comes after the archive, up to the frame that holds `through`, and does not seal.
fn written(journal: &SledJournal, through: Lsn) -> Option<ArchiveWriter> {
    let trimmer = journal.trimmer();
    let end = trimmer.archive().end();
    if end.lsn >= through {
        return None;
    }
    let mut writer = ArchiveWriter::create(trimmer.archive().dir(), end).unwrap();
    let reader = journal.reader();
    let _ = reader.frames(end.lsn.next()).map(Result::unwrap).try_for_each(|frame| {
        writer.push(&frame, &ByPositionIfAny).unwrap();
        if frame.last_lsn() < through { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    Some(writer)
}

fn archive(journal: &SledJournal, through: Lsn) {
    if let Some(writer) = written(journal, through) {
        journal.trimmer().archive().add(writer.seal().unwrap()).unwrap();
    }
}

/// Archives up to the frame that holds `through` and trims as far. Answers the first record left.
pub(in crate::sled_journal) fn archive_and_trim(journal: &SledJournal, through: Lsn) -> Lsn {
    archive(journal, through);
    journal.trimmer().trim(through).unwrap()
}

/// A log of 600 records in frames of ten, in four databases that start at 1, 201, 401 and 441,
/// archived in three files to 450 and trimmed to 400.
fn trimmed(dir: &Path, close: bool) -> Lsn {
    filled_in(dir, 30, &[10, 20, 22], true);
    let journal = open(dir).unwrap();
    for through in [150, 300, 450] {
        archive(&journal, Lsn(through));
    }
    assert_eq!(journal.trimmer().trim(Lsn(405)), Ok(Lsn(401)), "whole databases only");
    let end = journal.end();
    if close {
        Box::new(journal).close().unwrap();
    }
    end
}

fn archive_files(dir: &Path) -> Vec<PathBuf> {
    let dir = dir.join("archive");
    let mut all = if dir.exists() { files::entries(&dir).unwrap() } else { Vec::new() };
    all.sort();
    all
}

/// The frames that an opening after `after` hands over, as their first and last records.
fn replayed(
    dir: &Path,
    after: u64,
    anchors: &[ChainMark],
) -> Result<Vec<(u64, u64)>, JournalError> {
    let mut frames = Vec::new();
    let options = Options::default();
    SledJournal::open_replaying(dir, &options, Lsn(after), anchors, &mut |frame, _| {
        frames.push((frame.first_lsn().0, frame.last_lsn().0));
        Ok(())
    })?;
    Ok(frames)
}

fn damage_after(dir: &Path, after: u64, anchors: &[ChainMark]) -> Damage {
    match replayed(dir, after, anchors) {
        Err(JournalError::Damaged(damage)) => damage,
        other => panic!("not damage: {other:?}"),
    }
}

/// Where the chain stood after `lsn`, which ends a frame.
fn mark_at(dir: &Path, lsn: u64) -> ChainMark {
    let journal = open(dir).unwrap();
    let mark = journal.reader().frames(Lsn(lsn)).next().unwrap().unwrap().mark();
    assert_eq!(mark.lsn, Lsn(lsn));
    Box::new(journal).close().unwrap();
    mark
}

#[test]
fn log_and_archive_are_read_as_one() {
    for close in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let end = trimmed(dir.path(), close);
        let journal = open(dir.path()).unwrap();
        let reader = journal.reader();
        for from in [1, 2, 149, 150, 151, 395, 400, 401, 402, 449, 450, 451, 600] {
            let first = (from - 1) / 10 * 10 + 1;
            let expected: Vec<_> = (first..=end.0).collect();
            assert_eq!(read_all(&*reader, Lsn(from)), expected, "from {from}");
        }
        for lsn in (1..=end.0).map(Lsn) {
            let batch = reader.batch_at(lsn).unwrap().unwrap();
            assert_eq!(batch.get(lsn), Some(crate::conformance::record(lsn).as_bytes()));
        }
        assert_eq!(journal.trimmer().first(), Ok(Lsn(401)));
    }
}

fn assert_finds_what_a_scan_finds(reader: &dyn JournalReader) {
    let of = [0, 3, 14, 39, 40, 44, 45, 59, 70].map(order);
    for label in of.into_iter().chain([1, 4, 5, 9].map(customer)) {
        for from in [0, 1, 33, 395, 400, 401, 448, 500, 599, 700].map(Lsn) {
            let scanned = reader.frames(from).map(Result::unwrap);
            let expected: Vec<_> = scanned.filter(|it| holds(it, label, &ByPosition)).collect();
            let found: Result<Vec<StoredFrame>, _> =
                reader.frames_with(label, from, &ByPosition).collect();
            assert_eq!(found.unwrap(), expected, "{label:?} from {from}");
        }
    }
    for seconds in -1..=610 {
        let at_ms = seconds * 1_000;
        let all = reader.frames(Lsn(1));
        let expected = crate::journal::lsn_at(all, at_ms, Lsn(u64::MAX), &ByPosition).unwrap();
        let found = reader.lsn_at(at_ms, &ByPosition).unwrap();
        assert_eq!(found, expected.unwrap_or(Lsn::ZERO), "{seconds} s");
    }
}

#[test]
fn labels_and_times_find_in_log_and_archive_what_a_scan_finds() {
    let dir = tempfile::tempdir().unwrap();
    trimmed(dir.path(), true);
    let journal = open(dir.path()).unwrap();
    assert_finds_what_a_scan_finds(&*journal.reader());
    Box::new(journal).close().unwrap();
    assert_finds_what_a_scan_finds(&ReadOnlyLog::open(dir.path(), None).unwrap());
    let whole = tempfile::tempdir().unwrap();
    filled_in(whole.path(), 30, &[10], true);
    assert_finds_what_a_scan_finds(&ReadOnlyLog::open(whole.path(), None).unwrap());
}

#[test]
fn a_missing_file_is_named_before_what_is_found_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    trimmed(dir.path(), true);
    fs::remove_file(&archive_files(dir.path())[1]).unwrap();
    let log = ReadOnlyLog::open(dir.path(), None).unwrap();
    let found: Vec<_> = log.frames_with(customer(1), Lsn(1), &ByPosition).collect();
    let (last, before) = found.split_last().unwrap();
    assert!(!before.is_empty() && before.iter().all(Result::is_ok));
    assert!(
        matches!(last, Err(JournalError::Damaged(damage)) if damage.lsn == Lsn(151)),
        "{last:?}"
    );
}

#[test]
fn a_replay_hands_over_what_comes_after_wherever_it_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    trimmed(dir.path(), true);
    for (after, first) in [
        (0, 1),
        (1, 1),
        (9, 1),
        (10, 11),
        (150, 151),
        (399, 391),
        (400, 401),
        (455, 451),
        (600, 601),
    ] {
        let expected: Vec<_> = (first..600).step_by(10).map(|first| (first, first + 9)).collect();
        assert_eq!(replayed(dir.path(), after, &[]).unwrap(), expected, "after {after}");
    }
}

#[test]
fn nothing_is_trimmed_that_the_archive_does_not_have() {
    let dir = tempfile::tempdir().unwrap();
    filled_in(dir.path(), 10, &[1, 5, 10], true);
    let journal = open(dir.path()).unwrap();
    let trimmer = journal.trimmer();
    assert_eq!(trimmer.trim(Lsn(200)), Ok(Lsn(1)));
    archive(&journal, Lsn(100));
    assert_eq!(trimmer.trim(Lsn::ZERO), Ok(Lsn(1)));
    assert_eq!(trimmer.trim(Lsn(19)), Ok(Lsn(1)));
    assert_eq!(trimmer.trim(Lsn(20)), Ok(Lsn(21)));
    assert_eq!(trimmer.trim(Lsn(u64::MAX)), Ok(Lsn(101)));
    archive(&journal, Lsn(200));
    assert_eq!(trimmer.trim(Lsn(u64::MAX)), Ok(Lsn(201)), "the database that is written to stays");
    assert_eq!(databases::list(&dir.path().join("log")).unwrap().len(), 1);
    Box::new(journal).close().unwrap();
    assert_eq!(trimmer.trim(Lsn(u64::MAX)), Err(JournalError::Closed));
    assert_eq!(open(dir.path()).unwrap().end(), Lsn(200));
}

#[test]
fn what_is_trimmed_has_been_settled() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path()).unwrap();
    journal.append(&[batch(Lsn(1), 10)]).unwrap();
    journal.trimmer().begin_database(0).unwrap();
    journal.append(&(1..9).map(|at| batch(Lsn(at * 10 + 1), 10)).collect::<Vec<_>>()).unwrap();
    journal.trimmer().begin_database(0).unwrap();
    archive(&journal, Lsn(90));
    assert_eq!(journal.trimmer().trim(Lsn(90)), Ok(Lsn(91)));
    assert_eq!(journal.shared.settled(), Lsn(90));
    drop(journal);
    assert_eq!(read_all(&*open(dir.path()).unwrap().reader(), Lsn(1)).len(), 90);
}

#[test]
fn whatever_is_appended_archived_trimmed_and_cut_off_all_is_read_in_order() {
    let seed = std::env::var("KIRANA_SEED").map_or(7, |seed| seed.parse().unwrap());
    println!("KIRANA_SEED={seed}");
    let mut random = Random(seed | 1);
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path()).unwrap();
    let mut all = Vec::new();
    for step in 0..220 {
        match random.below(10) {
            0..4 => {
                let next = journal.end().next();
                let count = 1 + random.below(30);
                let group = [batch(next, count), batch(next.plus(count), 1 + random.below(9))];
                journal.append(&group).unwrap();
                all.extend(group.iter().flat_map(|it| it.records()).map(|(lsn, _)| lsn.0));
            }
            4 => archive(&journal, Lsn(random.below(journal.end().0 + 1))),
            5 | 6 => {
                let through = Lsn(random.below(journal.end().0 + 1));
                let first = journal.trimmer().trim(through).unwrap();
                assert!(first <= journal.trimmer().archive().end().lsn.next());
            }
            7 => assert!(journal.trimmer().begin_database(0).is_ok()),
            8 => {
                if random.below(2) == 0 {
                    std::mem::forget(written(&journal, journal.end()));
                }
                drop(journal);
                journal = open(dir.path()).unwrap();
            }
            _ => {
                Box::new(journal).close().unwrap();
                journal = open(dir.path()).unwrap();
            }
        }
        let from = random.below(all.len() as u64 + 1);
        let read = read_all(&*journal.reader(), Lsn(from));
        let after: Vec<_> = read.into_iter().filter(|lsn| *lsn >= from.max(1)).collect();
        assert_eq!(
            after,
            all[all.len().min(usize::try_from(from.max(1)).unwrap() - 1)..],
            "step {step}"
        );
    }
    assert!(journal.trimmer().first().unwrap() > Lsn(1), "it was trimmed");
}

#[test]
fn a_kill_between_any_two_steps_of_archiving_loses_and_doubles_nothing() {
    type Step = fn(&SledJournal);
    let steps: [(&str, Step); 6] = [
        ("while it is written", |journal| std::mem::forget(written(journal, Lsn(300)))),
        ("when it is sealed", |journal| drop(written(journal, Lsn(300)).unwrap().seal().unwrap())),
        ("when it is added", |journal| archive(journal, Lsn(300))),
        ("in the middle of the trim", |journal| {
            archive(journal, Lsn(300));
            let taken = journal.shared.change(|store| store.take_through(Lsn(300)));
            for (place, database) in taken.unwrap().unwrap() {
                database.stop().unwrap();
                fs::remove_file(databases::file_in(&place.dir)).unwrap();
            }
        }),
        ("while a database is begun", |journal| {
            let dir = journal.dir.log().join("new");
            databases::create_first(&dir, 1 << 20).unwrap();
            fs::remove_file(dir.join("conf")).unwrap();
        }),
        ("when it is trimmed", |journal| {
            assert_eq!(archive_and_trim(journal, Lsn(300)), Lsn(301));
        }),
    ];
    for (when, step) in steps {
        let dir = tempfile::tempdir().unwrap();
        let end = filled_in(dir.path(), 30, &[8, 15], true);
        let journal = open(dir.path()).unwrap();
        step(&journal);
        drop(journal);
        let journal = open(dir.path()).unwrap();
        let all: Vec<_> = (1..=end.0).collect();
        assert_eq!(read_all(&*journal.reader(), Lsn(1)), all, "{when}");
        assert!(archive_files(dir.path()).iter().all(|path| path.extension().unwrap() == "karc"));
        let log = files::entries(&dir.path().join("log")).unwrap();
        let is_whole = |path: &&PathBuf| path.is_dir() && !path.ends_with("blobs");
        let folders = log.iter().filter(is_whole);
        assert!(folders.clone().all(|it| it.join("conf").exists()), "{when}: {log:?}");
        // And it is done again to the end.
        assert_eq!(archive_and_trim(&journal, Lsn(300)), Lsn(301), "{when}");
        assert_eq!(read_all(&*journal.reader(), Lsn(1)), all, "{when}");
    }
}

#[test]
fn readers_go_on_while_the_log_is_trimmed_and_grows() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = open(dir.path()).unwrap();
    let group: Vec<_> = (0..1_500).map(|at| batch(Lsn(at * 2 + 1), 2)).collect();
    for group in group.chunks(500) {
        journal.append(group).unwrap();
        journal.trimmer().begin_database(0).unwrap();
    }
    let (trimmer, reader) = (journal.trimmer(), journal.reader());
    archive(&journal, Lsn(3_000));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    let read = read_all(&*reader, Lsn(1));
                    assert!(read.len() >= 3_000);
                    assert!(read.iter().zip(1..).all(|(lsn, expected)| *lsn == expected));
                }
                assert!((1..3_000).step_by(97).all(|lsn| reader.batch_at(Lsn(lsn)).is_ok()));
            });
        }
        scope.spawn(|| {
            let firsts = [1_000, 2_000, 3_000].map(|through| trimmer.trim(Lsn(through)));
            done.store(true, Ordering::Relaxed);
            assert_eq!(firsts, [1_001, 2_001, 3_001].map(|first| Ok(Lsn(first))));
        });
        for _ in 0..40 {
            let next = journal.end().next();
            journal.append(&[batch(next, 5)]).unwrap();
        }
    });
    assert_eq!(read_all(&*reader, Lsn(1)).len(), 3_200);
}
